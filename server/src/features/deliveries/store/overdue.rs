//! What became due while nobody worked.

use chrono::{DateTime, Utc};
use domain::{AccountId, DeliveryId, PostId, ServiceResult, WorkspaceId};
use sqlx::{PgConnection, PgPool};

use crate::database::failed;

/// Overdue deliveries that are looked at in one transaction.
pub const OVERDUE_AT_ONCE: i64 = 1000;

/// A delivery whose time has passed before anybody tried.
#[derive(Clone, Copy, Debug)]
pub struct Overdue {
    pub id: DeliveryId,
    pub workspace: WorkspaceId,
    pub post: PostId,
    pub account: AccountId,
    pub due_at: DateTime<Utc>,
}

/// Whether anybody has begun an attempt since then, or is at one now: one that uploads a film for long has nothing in the log yet.
pub async fn somebody_works(pool: &PgPool, since: DateTime<Utc>, now: DateTime<Utc>) -> ServiceResult<bool> {
    // Ids are in the order of time.
    sqlx::query_scalar!(
        r#"select coalesce((select started_at from delivery_attempts order by id desc limit 1) > $1, false)
               or exists (select from deliveries where status = 'publishing' and lease_until > $2) as "works!""#,
        since,
        now
    )
    .fetch_one(pool)
    .await
    .map_err(failed)
}

/// Deliveries due before then that were never tried, those of one account in their order. Their posts are locked first, as
/// whoever changes a post does, and then they.
pub async fn lock_overdue(tx: &mut PgConnection, before: DateTime<Utc>) -> ServiceResult<Vec<Overdue>> {
    let found = sqlx::query!(
        "select id, post_id from deliveries where status = 'pending' and attempts = 0 and next_attempt_at < $1
          order by next_attempt_at, id limit $2",
        before,
        OVERDUE_AT_ONCE
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;
    let mut posts: Vec<uuid::Uuid> = found.iter().map(|row| row.post_id).collect();
    posts.sort_unstable();
    posts.dedup();
    super::changes::lock_posts(&mut *tx, &posts).await?;
    let ids: Vec<uuid::Uuid> = found.iter().map(|row| row.id).collect();
    let rows = sqlx::query!(
        "select id, workspace_id, post_id, account_id, due_at from deliveries
          where id = any($1) and status = 'pending' and attempts = 0 and next_attempt_at < $2
          order by account_id, next_attempt_at, id for update",
        &ids,
        before
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let overdue = rows.into_iter().map(|row| Overdue {
        id: row.id.into(),
        workspace: row.workspace_id.into(),
        post: row.post_id.into(),
        account: row.account_id.into(),
        due_at: row.due_at,
    });
    Ok(overdue.collect())
}

/// Gives waiting deliveries another time.
pub async fn put_off(tx: &mut PgConnection, to: &[(DeliveryId, DateTime<Utc>)]) -> ServiceResult<()> {
    let ids: Vec<uuid::Uuid> = to.iter().map(|(id, _)| id.0).collect();
    let times: Vec<DateTime<Utc>> = to.iter().map(|(_, at)| *at).collect();
    sqlx::query!(
        "update deliveries d set next_attempt_at = t.at from unnest($1::uuid[], $2::timestamptz[]) as t (id, at)
          where d.id = t.id and d.status = 'pending'",
        &ids,
        &times
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
