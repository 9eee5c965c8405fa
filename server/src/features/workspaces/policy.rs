//! Who may see what of a workspace.

use domain::{Actor, ServiceError, ServiceResult, Via, workspaces::Role};

/// Every member sees how it stands.
pub fn may_read(actor: &Actor) -> ServiceResult<()> {
    if actor.role >= Role::Viewer {
        Ok(())
    } else {
        Err(ServiceError::forbidden("Your role here does not include this."))
    }
}

/// Team and settings are an admin's business.
pub fn may_manage(actor: &Actor) -> ServiceResult<()> {
    if actor.role >= Role::Admin { Ok(()) } else { Err(ServiceError::forbidden("Only an admin can do this.")) }
}

/// A key that could make keys would outlive its own end.
pub fn may_manage_keys(actor: &Actor) -> ServiceResult<()> {
    match actor.via {
        Via::ApiKey(_) => Err(ServiceError::forbidden("Sign in with a browser to manage API keys.")),
        Via::Session(_) | Via::System => may_manage(actor),
    }
}
