//! The SQL of the queue.

use std::collections::HashSet;

use chrono::{DateTime, NaiveTime, Utc};
use domain::{
    AccountId, PostId, QueueSlotId, ServiceError, ServiceResult, WorkspaceId,
    posts::queue::{QueueSlot, SlotTime, Weekday},
};
use sqlx::PgConnection;

use crate::database::{failed, on_constraint, one_row};

/// The workspace's own first, then by account; in the order of the week.
pub async fn slots(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<Vec<QueueSlot>> {
    let rows = sqlx::query!(
        "select id, account_id, weekday, time_of_day, time_zone, created_at from queue_slots
          where workspace_id = $1 order by account_id nulls first, weekday, time_of_day, time_zone",
        workspace.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            let weekday = u8::try_from(row.weekday).ok().and_then(Weekday::of_number);
            Ok(QueueSlot {
                id: row.id.into(),
                social_account_id: row.account_id.map(AccountId),
                weekday: weekday.ok_or_else(|| ServiceError::internal(format!("weekday {}", row.weekday)))?,
                time: SlotTime::new(row.time_of_day),
                time_zone: row.time_zone,
                created_at: row.created_at,
            })
        })
        .collect()
}

pub async fn count(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from queue_slots where workspace_id = $1"#, workspace.0)
        .fetch_one(tx)
        .await
        .map_err(failed)
}

pub async fn insert(tx: &mut PgConnection, workspace: WorkspaceId, slot: &QueueSlot) -> ServiceResult<()> {
    let time: NaiveTime = slot.time.time();
    sqlx::query!(
        "insert into queue_slots (id, workspace_id, account_id, weekday, time_of_day, time_zone, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        slot.id.0,
        workspace.0,
        slot.social_account_id.map(|id| id.0),
        i16::from(slot.weekday.number()),
        time,
        slot.time_zone,
        slot.created_at
    )
    .execute(tx)
    .await
    .map_err(on_constraint("queue_slots_once", || {
        ServiceError::field_conflict("time", "There is this slot already.")
    }))?;
    Ok(())
}

pub async fn delete(tx: &mut PgConnection, workspace: WorkspaceId, id: QueueSlotId) -> ServiceResult<()> {
    let done = sqlx::query!("delete from queue_slots where workspace_id = $1 and id = $2", workspace.0, id.0)
        .execute(tx)
        .await
        .map_err(failed)?;
    one_row(done.rows_affected(), "queue slot")
}

/// The moments that posts other than `of` have taken in a scope: from the queue, or because somebody picked just that time.
pub async fn taken(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    scope: Option<AccountId>,
    after: DateTime<Utc>,
    of: Option<PostId>,
) -> ServiceResult<HashSet<DateTime<Utc>>> {
    let moments = sqlx::query_scalar!(
        r#"select b.at as "at!" from queue_bookings b
            where b.workspace_id = $1 and b.account_id is not distinct from $2 and b.at > $3
           union
           select p.scheduled_at from posts p
            where p.workspace_id = $1 and p.status in ('scheduled', 'pending_approval') and p.visibility = 'scheduled'
              and p.deleted_at is null and p.scheduled_at > $3
              and not exists (select from queue_bookings b where b.post_id = p.id) and p.id is distinct from $4"#,
        workspace.0,
        scope.map(|id| id.0),
        after,
        of.map(|id| id.0)
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(moments.into_iter().collect())
}

/// Takes a moment for a post, which may be written later in the transaction; false when another has it. Whoever is about to take
/// it is waited for.
pub async fn book(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    scope: Option<AccountId>,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "insert into queue_bookings (post_id, workspace_id, account_id, at, created_at) values ($1, $2, $3, $4, $5)
         on conflict on constraint queue_bookings_once do nothing",
        post.0,
        workspace.0,
        scope.map(|id| id.0),
        at,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Gives back what a post has taken, unless it goes out then.
pub async fn release(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    unless_at: Option<DateTime<Utc>>,
) -> ServiceResult<()> {
    sqlx::query!(
        "delete from queue_bookings b where b.workspace_id = $1 and b.post_id = $2 and b.at is distinct from $3",
        workspace.0,
        post.0,
        unless_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
