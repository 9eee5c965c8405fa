//! Who may see what of a workspace.

use domain::{Actor, ServiceError, ServiceResult, workspaces::Role};

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
