//! Who may do what with pictures.

use domain::{Actor, ServiceError, ServiceResult, workspaces::Role};

/// Everybody in the workspace sees its pictures.
pub fn read(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Viewer, "You have no access to this workspace's pictures.")
}

/// Whoever writes posts brings pictures for them, and says what they show.
pub fn add(actor: &Actor) -> ServiceResult<()> {
    require(
        actor,
        Role::Member,
        "Adding and describing pictures takes the member role. Ask an admin of this workspace.",
    )
}

/// Those who publish also keep the library.
pub fn keep(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Editor, "Removing pictures takes the editor role. Ask an admin of this workspace.")
}

fn require(actor: &Actor, role: Role, otherwise: &str) -> ServiceResult<()> {
    if actor.role >= role { Ok(()) } else { Err(ServiceError::forbidden(otherwise)) }
}
