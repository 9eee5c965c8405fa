//! Who may do what with pictures.

use domain::{Actor, ServiceError, ServiceResult, workspaces::Role};

/// Everybody in the workspace sees its pictures.
pub fn read(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Viewer, "You have no access to this workspace's pictures.")
}

/// Those who publish also keep the library.
pub fn change(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Editor, "Adding and changing pictures takes the editor role. Ask an admin of this workspace.")
}

fn require(actor: &Actor, role: Role, otherwise: &str) -> ServiceResult<()> {
    if actor.role >= role { Ok(()) } else { Err(ServiceError::forbidden(otherwise)) }
}
