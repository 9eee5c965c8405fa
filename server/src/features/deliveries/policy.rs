//! Who may do what with deliveries.

use domain::{Actor, ServiceError, ServiceResult, workspaces::Role};

/// Every member sees them.
pub fn may_read(actor: &Actor) -> ServiceResult<()> {
    need(actor, Role::Viewer)
}

/// Retrying and canceling is publishing: from editor on.
pub fn may_publish(actor: &Actor) -> ServiceResult<()> {
    need(actor, Role::Editor)
}

fn need(actor: &Actor, role: Role) -> ServiceResult<()> {
    if actor.role >= role {
        Ok(())
    } else {
        Err(ServiceError::forbidden(format!("Your role here is {}. This needs {role} or higher.", actor.role)))
    }
}
