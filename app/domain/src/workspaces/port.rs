//! What can be asked about a workspace.

use async_trait::async_trait;

use super::{Connections, Latest, Overview};
use crate::{actor::Actor, error::ServiceResult};

/// The actor's workspace as a whole. Reading: viewer.
#[async_trait]
pub trait Workspaces: Send + Sync {
    /// Both parts, as of one moment.
    async fn overview(&self, actor: &Actor) -> ServiceResult<Overview>;

    async fn connections(&self, actor: &Actor) -> ServiceResult<Connections>;

    async fn latest(&self, actor: &Actor) -> ServiceResult<Latest>;
}
