//! Who may do what with an identity: everyone with their own, nobody with another's.

use domain::{Actor, ServiceError, ServiceResult, SessionId};

/// Ending a session is for the browser that holds it.
pub fn may_end_session(actor: &Actor) -> ServiceResult<SessionId> {
    actor.session_id().ok_or_else(ServiceError::unauthorized)
}

/// Passwords and addresses are changed by the person at a browser, never by a program in their name.
pub fn may_change_credentials(actor: &Actor) -> ServiceResult<SessionId> {
    actor.session_id().ok_or_else(|| ServiceError::forbidden("Sign in with a browser to change this."))
}

/// A session is in one workspace at a time; whatever else acts for a person belongs to one.
pub fn may_switch(actor: &Actor) -> ServiceResult<SessionId> {
    actor.session_id().ok_or_else(|| ServiceError::forbidden("Sign in with a browser to go to another workspace."))
}
