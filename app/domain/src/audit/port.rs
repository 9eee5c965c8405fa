//! What can be done about the record: looking at it. It is written by what it tells of.

use async_trait::async_trait;

use super::{AuditEvent, AuditFilter, AuditPerson, Standing};
use crate::{actor::Actor, error::ServiceResult, page::Page};

/// The record of the actor's workspace. For admins.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Newest first.
    async fn list(&self, actor: &Actor, filter: AuditFilter) -> ServiceResult<Page<AuditEvent>>;

    /// One portion of an export, newest first, from below `before` on (from the newest without one); an empty one is the
    /// end. The filter's page is not looked at.
    async fn portion(&self, actor: &Actor, filter: &AuditFilter, before: Option<i64>)
    -> ServiceResult<Vec<AuditEvent>>;

    /// Who has done anything that stands in it, by name.
    async fn people(&self, actor: &Actor) -> ServiceResult<Vec<AuditPerson>>;

    /// Makes every hash once more and compares.
    async fn verify(&self, actor: &Actor) -> ServiceResult<Standing>;
}
