//! What people change: starting over, canceling, marking; and a post's status, which follows from its deliveries.

use chrono::{DateTime, Utc};
use domain::{DeliveryId, PostId, ServiceResult, deliveries::DeliveryCounts, posts::PostStatus};
use sqlx::PgConnection;

use super::{Filter, standing};
use crate::database::failed;

/// Locks the posts of these deliveries, in order, so that their status can be derived anew without a race.
pub(super) async fn lock_posts(tx: &mut PgConnection, posts: &[uuid::Uuid]) -> ServiceResult<()> {
    sqlx::query!("select id from posts where id = any($1) order by id for update", posts)
        .fetch_all(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Locks the post of a delivery. Whoever changes deliveries by hand does it first: changing the post takes the same lock
/// and then its deliveries, and the other way round the two would wait for each other.
pub async fn lock_post_of(tx: &mut PgConnection, delivery: DeliveryId) -> ServiceResult<()> {
    sqlx::query!(
        "select p.id from posts p where p.id = (select post_id from deliveries where id = $1) for update",
        delivery.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The posts with failed deliveries under the filter, locked.
async fn lock_refused(tx: &mut PgConnection, filter: &Filter) -> ServiceResult<Vec<uuid::Uuid>> {
    sqlx::query_scalar!(
        "select p.id from posts p
          where p.deleted_at is null and ($1::uuid is null or p.id = $1)
            and exists (select from deliveries d
                         where d.post_id = p.id and d.status = 'failed' and not d.needs_person
                           and ($2::uuid is null or d.account_id = $2)
                           and ($3::text is null or d.platform = $3::text::platform)
                           and ($4::text is null or d.error_class = $4::text::error_class))
          order by p.id for update of p",
        filter.post,
        filter.account,
        filter.platform,
        filter.class
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// A failed delivery starts over; `None` when it is in no state for it.
pub async fn restart(tx: &mut PgConnection, delivery: DeliveryId, at: DateTime<Utc>) -> ServiceResult<Option<PostId>> {
    let row = sqlx::query!(
        "update deliveries d set status = 'pending', stage = 'staging', attempts = 0, next_attempt_at = $2, due_at = $2, last_error = null,
                error_class = null, needs_person = false, commit_started_at = null, reconciliations = 0, refreshed_version = null,
                -- What a person has looked for and not found is staged anew.
                remote_state = case when d.needs_person then '{}' else d.remote_state end
           from posts p
          where d.id = $1 and d.status = 'failed' and p.id = d.post_id and p.deleted_at is null
          returning d.post_id",
        delivery.0,
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| row.post_id.into()))
}

/// All failed deliveries under the filter start over, but those that only a person can judge; their posts. Those to one
/// account come one after the other, `spacing` seconds apart, oldest first.
pub async fn restart_all(
    tx: &mut PgConnection,
    filter: &Filter,
    at: DateTime<Utc>,
    spacing: f64,
) -> ServiceResult<Vec<PostId>> {
    let posts = lock_refused(&mut *tx, filter).await?;
    let rows = sqlx::query!(
        "with picked as (
            select d.id, $4::timestamptz + make_interval(secs => $6::float8 * (row_number() over (partition by d.account_id order by d.due_at, d.id) - 1))
                           as at
              from deliveries d
              join posts p on p.id = d.post_id
              join post_versions v on v.id = d.post_version_id
              join accounts a on a.id = d.account_id
             where d.status = 'failed' and not d.needs_person and p.id = any($1)
               and ($2::uuid is null or d.account_id = $2)
               and ($3::text is null or d.platform = $3::text::platform)
               and ($5::text is null or v.body ilike $5 or p.title ilike $5 or a.display_name ilike $5 or a.handle ilike $5
                    or d.last_error ilike $5 or d.external_post_id ilike $5)
               and ($7::text is null or d.error_class = $7::text::error_class)
         )
         update deliveries d set status = 'pending', stage = 'staging', attempts = 0, next_attempt_at = picked.at, due_at = picked.at,
                last_error = null, error_class = null, commit_started_at = null, reconciliations = 0, refreshed_version = null
           from picked where d.id = picked.id
          returning d.post_id",
        &posts,
        filter.account,
        filter.platform,
        at,
        filter.pattern.as_deref(),
        spacing,
        filter.class
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| row.post_id.into()).collect())
}

/// Stops what has not been sent and cannot have been, and waiting for a creator.
pub async fn cancel(tx: &mut PgConnection, delivery: DeliveryId) -> ServiceResult<Option<PostId>> {
    let row = sqlx::query!(
        "update deliveries set status = 'canceled', next_attempt_at = null
          where id = $1 and status in ('pending', 'retried') and stage in ('staging', 'waiting', 'with_creator') returning post_id",
        delivery.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| row.post_id.into()))
}

/// A person has seen it at the platform.
pub async fn mark_published(
    tx: &mut PgConnection,
    delivery: DeliveryId,
    at: DateTime<Utc>,
) -> ServiceResult<Option<PostId>> {
    let row = sqlx::query!(
        "update deliveries set status = 'success', stage = 'done', needs_person = false, published_at = coalesce(commit_started_at, $2),
                last_error = null, error_class = null
          where id = $1 and status = 'failed' and needs_person returning post_id",
        delivery.0,
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| row.post_id.into()))
}

/// Derives each post's status from its deliveries anew; those that have another one now, with it. The posts are locked
/// first: two deliveries that end at the same moment must not each see the other as unfinished.
pub async fn derive_post_status(tx: &mut PgConnection, posts: &[PostId]) -> ServiceResult<Vec<(PostId, PostStatus)>> {
    let mut ids: Vec<uuid::Uuid> = posts.iter().map(|post| post.0).collect();
    ids.sort_unstable();
    ids.dedup();
    lock_posts(&mut *tx, &ids).await?;
    let mut counts: std::collections::HashMap<PostId, DeliveryCounts> = std::collections::HashMap::new();
    let posts: Vec<PostId> = ids.into_iter().map(PostId).collect();
    for row in standing(&mut *tx, &posts).await? {
        let of_post = counts.entry(row.post_id).or_default();
        of_post.add(row.status, row.n);
        of_post.note(row.outcome, row.n);
    }
    let mut changed = Vec::new();
    for (post, counts) in counts {
        let status = PostStatus::from_counts(&counts);
        let done = sqlx::query!(
            "update posts set status = $2::text::post_status
              where id = $1 and status <> $2::text::post_status and status not in ('pending_approval', 'rejected')",
            post.0,
            status.as_str()
        )
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        if done.rows_affected() > 0 {
            changed.push((post, status));
        }
    }
    Ok(changed)
}

/// Puts every delivery that is under way or due before a person; the post of each.
pub async fn hold_due(tx: &mut PgConnection, now: DateTime<Utc>) -> ServiceResult<Vec<PostId>> {
    let rows = sqlx::query_scalar!(
        "update deliveries set status = 'failed', stage = 'outcome_unknown', needs_person = true, next_attempt_at = null,
                lease_owner = null, lease_until = null, error_class = 'outcome_unknown',
                last_error = 'Arctiv was restored from a backup, and this may have gone out since the backup was made. Look at the \
platform, then mark it as published or retry it.'
          where status in ('pending', 'retried', 'publishing') and (next_attempt_at is null or next_attempt_at <= $1)
          returning post_id",
        now
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Makes a draft of every post that is due and has no delivery yet; how many.
pub async fn take_back_due(tx: &mut PgConnection, now: DateTime<Utc>) -> ServiceResult<u64> {
    let done = sqlx::query!(
        "update posts p set status = 'draft'
          where p.status in ('publishing', 'scheduled') and p.deleted_at is null and p.publishes_at <= $1
            and not exists (select from deliveries d join post_versions v on v.id = d.post_version_id
                             where d.post_id = p.id and v.number = p.current_version)",
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected())
}
