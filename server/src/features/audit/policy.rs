//! Who may look at the record.

use domain::{Actor, ServiceError, ServiceResult, workspaces::Role};

/// It tells where colleagues were and what they did.
pub(super) fn read(actor: &Actor) -> ServiceResult<()> {
    if actor.role >= Role::Admin {
        Ok(())
    } else {
        Err(ServiceError::forbidden("Only an admin can look at the audit log."))
    }
}
