//! Who may do what with accounts. Reading needs no more than being in the workspace.

use domain::{
    Actor, ServiceError, ServiceResult,
    accounts::{Account, AccountStatus},
    workspaces::Role,
};

/// Connecting what is not connected.
pub(super) fn connect(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Admin, "Only an admin can connect accounts.")
}

/// Whether new accounts may come in with a reconnection, as when several pages are chosen at once.
pub(super) fn may_connect(actor: &Actor) -> bool {
    actor.role >= Role::Admin
}

/// Connecting again what was connected before. Taking back what an admin has unlinked is connecting.
pub(super) fn reconnect(actor: &Actor, account: &Account) -> ServiceResult<()> {
    if account.status == AccountStatus::Disconnected {
        return connect(actor);
    }
    require(actor, Role::Member, "Viewers cannot reconnect accounts. Ask a colleague with more rights.")
}

/// Ending an authorization: the role may have changed while the person was at the platform.
pub(super) fn finish(actor: &Actor, reconnects: bool) -> ServiceResult<()> {
    if reconnects {
        require(actor, Role::Member, "Viewers cannot reconnect accounts. Ask a colleague with more rights.")
    } else {
        connect(actor)
    }
}

/// Choosing which accounts take part in posts.
pub(super) fn toggle(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Editor, "Only editors and admins can choose which accounts take part in posts.")
}

/// Asking what a creator may choose, which only a writer of posts needs to know.
pub(super) fn creator(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Member, "Viewers write no posts, so they cannot ask what a creator may choose.")
}

/// Asking how much accounts may still publish, which whoever writes posts needs to know.
pub(super) fn quotas(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Member, "Viewers write no posts, so they cannot ask how much an account may still publish.")
}

/// Asking for a token refresh.
pub(super) fn refresh(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Member, "Viewers cannot renew an account's access. Ask a colleague with more rights.")
}

/// Unlinking.
pub(super) fn unlink(actor: &Actor) -> ServiceResult<()> {
    require(actor, Role::Admin, "Only an admin can unlink accounts.")
}

fn require(actor: &Actor, least: Role, otherwise: &str) -> ServiceResult<()> {
    if actor.role >= least { Ok(()) } else { Err(ServiceError::forbidden(otherwise)) }
}
