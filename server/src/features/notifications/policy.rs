//! Who may see and change what.

use domain::{Actor, ServiceError, ServiceResult, Via, workspaces::Role};

/// Which letters somebody gets is their own business.
pub fn may_choose(actor: &Actor) -> ServiceResult<()> {
    if actor.role >= Role::Viewer {
        Ok(())
    } else {
        Err(ServiceError::forbidden("Your role here does not include this."))
    }
}

/// Where a workspace's news go is decided by an admin, and never by a program: it could have them sent to itself.
pub fn may_manage_webhooks(actor: &Actor) -> ServiceResult<()> {
    match actor.via {
        Via::ApiKey(_) => Err(ServiceError::forbidden("Sign in with a browser to manage webhooks.")),
        Via::Session(_) | Via::System if actor.role >= Role::Admin => Ok(()),
        Via::Session(_) | Via::System => Err(ServiceError::forbidden("Only an admin can do this.")),
    }
}
