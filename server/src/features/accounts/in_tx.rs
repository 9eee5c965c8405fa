//! What other features may ask of accounts inside their own transaction.

use domain::{
    ServiceResult,
    accounts::{Account, AccountCounts, AccountFilter},
    page::Window,
};
use sqlx::PgConnection;

use super::store;

/// The first accounts by name, without disconnected ones, and how many there are in all.
pub async fn first(tx: &mut PgConnection, limit: u32) -> ServiceResult<(Vec<Account>, i64)> {
    store::list(tx, &AccountFilter::default(), &Window { limit, offset: 0, cursor: None }, None).await
}

/// How many accounts stand where.
pub async fn counts(tx: &mut PgConnection) -> ServiceResult<AccountCounts> {
    store::counts(tx).await
}
