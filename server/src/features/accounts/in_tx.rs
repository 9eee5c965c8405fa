//! What other features may ask of accounts inside their own transaction.

use domain::{
    ServiceResult, WorkspaceId,
    accounts::{Account, AccountCounts, AccountFilter},
    page::Window,
};
use sqlx::PgConnection;

use super::store;

/// The first accounts by name, without disconnected ones, and how many there are in all.
pub async fn first(tx: &mut PgConnection, limit: u32) -> ServiceResult<(Vec<Account>, i64)> {
    store::list(tx, &AccountFilter::default(), None, &Window { limit, offset: 0, cursor: None }, None).await
}

/// How many accounts stand where.
pub async fn counts(tx: &mut PgConnection) -> ServiceResult<AccountCounts> {
    store::counts(tx).await
}

/// Every account of a workspace, disconnected ones too, oldest first. For background work, which sees all workspaces.
pub async fn of_workspace(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<Vec<Account>> {
    store::of_workspace(tx, workspace).await
}
