//! A post becomes deliveries.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::{
    AccountId, DeliveryId, Platform, PostId, PostVersionId, ServiceError, ServiceResult, WorkspaceId,
    posts::{Override, PostStatus},
    text::truncate_chars,
};
use sqlx::PgConnection;

use crate::database::failed;

/// A post that is about to go out.
#[derive(Debug)]
pub struct Outgoing {
    pub workspace: WorkspaceId,
    pub chosen_accounts: bool,
    pub publishes_at: Option<DateTime<Utc>>,
    /// Whether somebody chose that moment.
    pub scheduled: bool,
    /// Accounts with a text of their own.
    pub variations: BTreeMap<AccountId, Override>,
}

/// The post, locked, if this version of it is still meant to go out.
pub async fn outgoing(tx: &mut PgConnection, post: PostId, version: PostVersionId) -> ServiceResult<Option<Outgoing>> {
    let row = sqlx::query!(
        r#"select p.workspace_id, p.chosen_accounts, p.publishes_at, p.visibility = 'scheduled' as "scheduled!", v.variations
           from posts p join post_versions v on v.id = $2 and v.post_id = p.id and v.number = p.current_version
          where p.id = $1 and p.deleted_at is null and p.visibility <> 'private' and p.status in ('publishing', 'scheduled')
            for update of p"#,
        post.0,
        version.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(Outgoing {
            workspace: row.workspace_id.into(),
            chosen_accounts: row.chosen_accounts,
            publishes_at: row.publishes_at,
            scheduled: row.scheduled,
            variations: serde_json::from_value(row.variations).map_err(ServiceError::internal)?,
        })
    })
    .transpose()
}

/// The chosen accounts of a post.
pub async fn chosen(tx: &mut PgConnection, post: PostId) -> ServiceResult<Vec<AccountId>> {
    let ids = sqlx::query_scalar!("select account_id from post_targets where post_id = $1", post.0)
        .fetch_all(tx)
        .await
        .map_err(failed)?;
    Ok(ids.into_iter().map(AccountId).collect())
}

/// Writes down who was left out of a version, and why; once.
pub async fn insert_skipped(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    version: PostVersionId,
    skipped: &[(AccountId, String)],
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    let accounts: Vec<uuid::Uuid> = skipped.iter().map(|(account, _)| account.0).collect();
    let reasons: Vec<String> = skipped.iter().map(|(_, reason)| truncate_chars(reason, 500).to_owned()).collect();
    sqlx::query!(
        "insert into post_skipped (post_version_id, account_id, workspace_id, reason, created_at)
         select $1, s.account_id, $2, s.reason, $5 from unnest($3::uuid[], $4::text[]) as s (account_id, reason)
         on conflict (post_version_id, account_id) do nothing",
        version.0,
        workspace.0,
        &accounts,
        &reasons,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A delivery to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewDelivery {
    pub id: DeliveryId,
    pub account: AccountId,
    pub platform: Platform,
    pub due: DateTime<Utc>,
}

/// One row per account; one that exists stays as it is.
pub async fn insert_deliveries(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    version: PostVersionId,
    rows: &[NewDelivery],
    now: DateTime<Utc>,
) -> ServiceResult<u64> {
    let ids: Vec<uuid::Uuid> = rows.iter().map(|row| row.id.0).collect();
    let accounts: Vec<uuid::Uuid> = rows.iter().map(|row| row.account.0).collect();
    let platforms: Vec<String> = rows.iter().map(|row| row.platform.as_str().to_owned()).collect();
    let due: Vec<DateTime<Utc>> = rows.iter().map(|row| row.due).collect();
    let done = sqlx::query!(
        "insert into deliveries (id, workspace_id, post_id, post_version_id, account_id, platform, next_attempt_at, due_at, created_at, updated_at)
         select r.id, $1, $2, $3, r.account_id, r.platform::platform, r.due, r.due, $8, $8
           from unnest($4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[]) as r (id, account_id, platform, due)
         on conflict on constraint deliveries_version_account_key do nothing",
        workspace.0,
        post.0,
        version.0,
        &ids,
        &accounts,
        &platforms,
        &due,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected())
}

/// Holds deliveries just made for a person to decide: dead letters that were never sent.
pub async fn hold(tx: &mut PgConnection, ids: &[DeliveryId], message: &str) -> ServiceResult<()> {
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query!(
        "update deliveries set status = 'failed', next_attempt_at = null, last_error = $2, error_class = 'missed'
          where id = any($1) and status = 'pending' and attempts = 0",
        &ids,
        message
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// When each of these accounts last got something, or will: the latest moment, where that is after `since`. The accounts are
/// locked in order until the transaction ends, so that two posts never take the same place.
pub async fn latest_by_account(
    tx: &mut PgConnection,
    accounts: &[AccountId],
    since: DateTime<Utc>,
) -> ServiceResult<HashMap<AccountId, DateTime<Utc>>> {
    let ids: Vec<uuid::Uuid> = accounts.iter().map(|account| account.0).collect();
    sqlx::query!("select id from accounts where id = any($1) order by id for no key update", &ids)
        .fetch_all(&mut *tx)
        .await
        .map_err(failed)?;
    let rows = sqlx::query!(
        r#"select a.id, greatest((select max(d.next_attempt_at) from deliveries d
                                   where d.account_id = a.id and d.status in ('pending', 'retried')
                                     -- What is asked about, and not sent, takes no place.
                                     and d.stage in ('staging', 'waiting')),
                                 (select max(d.published_at) from deliveries d
                                   where d.account_id = a.id and d.status = 'success' and d.created_at > $2::timestamptz - interval '1 day')) as at
             from unnest($1::uuid[]) as a (id)"#,
        &ids,
        since
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().filter_map(|row| Some((AccountId(row.id?), row.at.filter(|at| *at > since)?))).collect())
}

pub async fn set_post_status(tx: &mut PgConnection, post: PostId, status: PostStatus) -> ServiceResult<()> {
    sqlx::query!(
        "update posts set status = $2::text::post_status where id = $1 and status <> $2::text::post_status",
        post.0,
        status.as_str()
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
