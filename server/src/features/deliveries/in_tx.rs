//! What other features may ask of deliveries inside their own transaction.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    AccountId, Platform, PostId, ServiceError, ServiceResult,
    deliveries::{Delivery, DeliveryCounts},
};
use sqlx::PgConnection;

use super::store;

/// Where the deliveries of some posts stand, and which platforms they go to.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    pub counts: DeliveryCounts,
    pub platforms: Vec<Platform>,
}

/// The standing of each post that has deliveries.
pub async fn standing(tx: &mut PgConnection, posts: &[PostId]) -> ServiceResult<HashMap<PostId, Standing>> {
    let mut standing: HashMap<PostId, Standing> = HashMap::new();
    for row in store::standing(tx, posts).await? {
        let entry = standing.entry(row.post_id).or_default();
        entry.counts.add(row.status, row.n);
        entry.counts.note(row.outcome, row.n);
        if !entry.platforms.contains(&row.platform) {
            entry.platforms.push(row.platform);
        }
    }
    Ok(standing)
}

/// Cancels all that has not been picked up of a post's current version. `CONFLICT` when anything of it has been, or is
/// public; then nothing is changed, as the caller rolls back.
pub async fn cancel_untouched(tx: &mut PgConnection, post: PostId) -> ServiceResult<u64> {
    let canceled = store::cancel_untouched(tx, post).await?;
    if store::any_touched(tx, post).await? {
        return Err(ServiceError::conflict("It is already going out, so it can no longer be taken back."));
    }
    Ok(canceled)
}

/// Makes room for a newer version of a post that has been sent: what accounts refused for certain is canceled, so that
/// nobody can start it over beside the newer one. `CONFLICT` when an account may have taken it, or may yet; then nothing
/// is changed, as the caller rolls back. The caller holds the post's lock.
pub async fn replace_refused(tx: &mut PgConnection, post: PostId) -> ServiceResult<()> {
    store::replace_refused(&mut *tx, post).await?;
    match store::any_open(tx, post).await? {
        None => Ok(()),
        Some(open) if open.needs_person => Err(ServiceError::conflict(format!(
            "Nobody knows yet whether {} has this post. Look there and mark the delivery as published, or retry it; then \
             change the post.",
            open.account_name
        ))),
        Some(open) if open.with_creator => Err(ServiceError::conflict(format!(
            "It lies in the inbox of {}, who can still publish it. Stop waiting for that first; then change the post.",
            open.account_name
        ))),
        Some(_) => {
            Err(ServiceError::conflict("It is going out at this moment. Wait until it is done, then change it."))
        }
    }
}

/// The accounts that have taken any version of a post: they get no other one.
pub async fn taken(tx: &mut PgConnection, post: PostId) -> ServiceResult<Vec<AccountId>> {
    store::taken(tx, post).await
}

/// What an overview shows of the newest deliveries. `max_attempts` is the retry policy's, for showing "2 of 5".
pub async fn latest(tx: &mut PgConnection, max_attempts: u32) -> ServiceResult<Vec<Delivery>> {
    store::latest(tx, max_attempts).await
}

/// How many of the workspace's deliveries stand where.
pub async fn counts(tx: &mut PgConnection) -> ServiceResult<DeliveryCounts> {
    store::counts(tx).await
}

/// What was under way when a backup was made, and waits for a person since it was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub deliveries: usize,
    pub posts: u64,
}

/// After a restore: what was due by now may have gone out since the backup was made, so nothing of it goes out by itself.
/// For background work, which sees all workspaces.
pub async fn hold_what_is_due(tx: &mut PgConnection, now: DateTime<Utc>) -> ServiceResult<Held> {
    let posts = store::hold_due(&mut *tx, now).await?;
    store::derive_post_status(&mut *tx, &posts).await?;
    store::hold_comments(&mut *tx).await?;
    Ok(Held { deliveries: posts.len(), posts: store::take_back_due(tx, now).await? })
}
