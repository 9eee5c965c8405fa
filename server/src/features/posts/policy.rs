//! Who may do what with posts.

use domain::{Actor, ServiceError, ServiceResult, workspaces::Role};

/// Everybody in the workspace sees its posts.
pub fn read(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Viewer, "You have no access to this workspace's posts.")
}

/// Saving is publishing, so writing takes the right to publish.
pub fn write(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Editor, "Writing and publishing posts takes the editor role. Ask an admin of this workspace.")
}

fn require(actor: &Actor, role: Role, otherwise: &str) -> ServiceResult<()> {
    if actor.role >= role { Ok(()) } else { Err(ServiceError::forbidden(otherwise)) }
}
