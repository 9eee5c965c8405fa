//! Who may do what with an identity: everyone with their own, nobody with another's.

use domain::{Actor, ServiceError, ServiceResult, SessionId};

/// Ending a session is for the browser that holds it.
pub fn may_end_session(actor: &Actor) -> ServiceResult<SessionId> {
    actor.session_id().ok_or_else(ServiceError::unauthorized)
}
