//! The SQL of webhooks: under the web's role what admins see and change, under the worker's what is sent.

use chrono::{DateTime, Utc};
use domain::{
    PostId, ServiceResult, UserId, WebhookDeliveryId, WebhookId, WorkspaceId,
    notifications::{
        SHOWN_DELIVERIES, Webhook, WebhookDelivery, WebhookDeliveryStatus, WebhookEvent, WebhookOff, WebhookPatch,
    },
};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::database::{failed, word};

/// The transaction's workspace's, newest first; one of them with `only`.
pub async fn list(tx: &mut PgConnection, now: DateTime<Utc>, only: Option<WebhookId>) -> ServiceResult<Vec<Webhook>> {
    let rows = sqlx::query!(
        r#"select w.id, w.url, w.description, w.events, w.off_because, w.failing_since, u.full_name as "full_name?", w.created_at,
                  (select max(s.expires_at) from webhook_secrets s where s.webhook_id = w.id and s.expires_at > $1) as previous_until
             from webhooks w left join users u on u.id = w.created_by
            where ($2::uuid is null or w.id = $2)
            order by w.created_at desc, w.id desc"#,
        now,
        only.map(|id| id.0)
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(Webhook {
                id: row.id.into(),
                url: row.url,
                description: row.description,
                // One of another version is told by that version.
                events: row.events.iter().filter_map(|event| event.parse().ok()).collect(),
                enabled: row.off_because.is_none(),
                off_because: row.off_because.as_deref().map(|why| word("reason", why)).transpose()?,
                failing_since: row.failing_since,
                previous_secret_until: row.previous_until,
                created_by_name: row.full_name,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// Until the transaction ends, the workspace's webhooks are counted and made one at a time.
pub async fn take_turns(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('webhooks/' || $1::uuid::text, 0))", workspace.0)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

pub async fn count(tx: &mut PgConnection) -> ServiceResult<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from webhooks"#).fetch_one(tx).await.map_err(failed)
}

/// A webhook to be written.
#[derive(Debug)]
pub struct NewRow<'a> {
    pub id: WebhookId,
    pub workspace: WorkspaceId,
    pub created_by: UserId,
    pub url: &'a str,
    pub description: &'a str,
    pub events: &'a [String],
    pub at: DateTime<Utc>,
}

pub async fn insert(tx: &mut PgConnection, row: &NewRow<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into webhooks (id, workspace_id, created_by, url, description, events, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        row.id.0,
        row.workspace.0,
        row.created_by.0,
        row.url,
        row.description,
        row.events,
        row.at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Switching on forgets how long nothing has arrived. How many rows were changed: none, if there is no such webhook.
pub async fn change(
    tx: &mut PgConnection,
    id: WebhookId,
    patch: &WebhookPatch,
    at: DateTime<Utc>,
) -> ServiceResult<u64> {
    let events: Option<Vec<String>> =
        patch.events.as_ref().map(|events| events.iter().map(|event| event.as_str().to_owned()).collect());
    let done = sqlx::query!(
        "update webhooks
            set url = coalesce($2, url), description = coalesce($3, description), events = coalesce($4::text[], events),
                disabled_at = case $5::boolean when true then null when false then coalesce(disabled_at, $6) else disabled_at end,
                off_because = case $5::boolean when true then null when false then coalesce(off_because, 'person') else off_because end,
                failing_since = case when $5::boolean then null else failing_since end
          where id = $1",
        id.0,
        patch.url.as_deref().map(str::trim),
        patch.description.as_deref().map(str::trim),
        events.as_deref(),
        patch.enabled,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected())
}

pub async fn remove(tx: &mut PgConnection, id: WebhookId) -> ServiceResult<u64> {
    let done = sqlx::query!("delete from webhooks where id = $1", id.0).execute(tx).await.map_err(failed)?;
    Ok(done.rows_affected())
}

/// The present secret ends at `until`, unless it does sooner.
pub async fn end_secrets(tx: &mut PgConnection, webhook: WebhookId, until: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update webhook_secrets set expires_at = $2 where webhook_id = $1 and expires_at is null",
        webhook.0,
        until
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

pub async fn insert_secret(
    tx: &mut PgConnection,
    id: Uuid,
    webhook: WebhookId,
    workspace: WorkspaceId,
    sealed: &[u8],
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "insert into webhook_secrets (id, webhook_id, workspace_id, sealed, created_at) values ($1, $2, $3, $4, $5)",
        id,
        webhook.0,
        workspace.0,
        sealed,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Which webhooks of these workspaces are on and told of one of these events. One look at an index; for most there is none.
pub async fn interested(
    tx: &mut PgConnection,
    workspaces: &[WorkspaceId],
    events: &[WebhookEvent],
) -> ServiceResult<Vec<(WorkspaceId, WebhookId, Vec<String>)>> {
    let workspaces: Vec<Uuid> = workspaces.iter().map(|workspace| workspace.0).collect();
    let events: Vec<String> = events.iter().map(|event| event.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        "select workspace_id, id, events from webhooks
          where workspace_id = any($1) and disabled_at is null and events && $2::text[] order by id",
        &workspaces,
        &events
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| (row.workspace_id.into(), row.id.into(), row.events)).collect())
}

/// One event for one webhook.
#[derive(Debug)]
pub struct NewDelivery<'a> {
    pub id: WebhookDeliveryId,
    pub webhook: WebhookId,
    pub workspace: WorkspaceId,
    pub event: &'a str,
    pub body: &'a str,
    pub at: DateTime<Utc>,
}

pub async fn insert_delivery(tx: &mut PgConnection, row: &NewDelivery<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into webhook_deliveries (id, webhook_id, workspace_id, event, body, next_attempt_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $6)",
        row.id.0,
        row.webhook.0,
        row.workspace.0,
        row.event,
        row.body,
        row.at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The latest of the transaction's workspace's, newest first: of one webhook, or one by itself.
pub async fn deliveries(
    tx: &mut PgConnection,
    webhook: Option<WebhookId>,
    only: Option<WebhookDeliveryId>,
) -> ServiceResult<Vec<WebhookDelivery>> {
    let rows = sqlx::query!(
        r#"select id, webhook_id, event, status::text as "status!", attempts, next_attempt_at, tried_at, response_status, error,
                  took_ms, created_at
             from webhook_deliveries
            where ($1::uuid is null or webhook_id = $1) and ($2::uuid is null or id = $2)
            order by created_at desc, id desc limit $3"#,
        webhook.map(|id| id.0),
        only.map(|id| id.0),
        SHOWN_DELIVERIES
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(WebhookDelivery {
                id: row.id.into(),
                webhook_id: row.webhook_id.into(),
                event: row.event,
                status: word("webhook delivery status", &row.status)?,
                attempts: u16::try_from(row.attempts).unwrap_or_default(),
                next_attempt_at: row.next_attempt_at,
                tried_at: row.tried_at,
                response_status: row.response_status.and_then(|status| u16::try_from(status).ok()),
                error: row.error,
                took_ms: row.took_ms.and_then(|took| u32::try_from(took).ok()),
                created_at: row.created_at,
            })
        })
        .collect()
}

/// Starts a finished one over; `false` when it is under way.
pub async fn restart(tx: &mut PgConnection, id: WebhookDeliveryId, at: DateTime<Utc>) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update webhook_deliveries set status = 'waiting', attempts = 0, next_attempt_at = $2, finished_at = null
          where id = $1 and status <> 'waiting'",
        id.0,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Gives up what waits for a webhook that is off.
pub async fn give_up(tx: &mut PgConnection, webhook: WebhookId, why: &str, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update webhook_deliveries set status = 'failed', next_attempt_at = null, error = $2, finished_at = $3
          where webhook_id = $1 and status = 'waiting'",
        webhook.0,
        why,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// An attempt that somebody has taken on.
#[derive(Debug)]
pub struct Claimed {
    pub id: WebhookDeliveryId,
    pub workspace: WorkspaceId,
    pub url: String,
    pub body: String,
    /// This one counted.
    pub attempt: u16,
}

/// Takes on the next attempt that is due, of a webhook that is on; until `lease` it is nobody else's. The moment stands in the row, so
/// that of two workers one gets it, and one that dies in the middle loses it.
pub async fn claim(
    tx: &mut PgConnection,
    webhook: WebhookId,
    now: DateTime<Utc>,
    lease: DateTime<Utc>,
) -> ServiceResult<Option<Claimed>> {
    let row = sqlx::query!(
        r#"update webhook_deliveries d set attempts = d.attempts + 1, tried_at = $2, next_attempt_at = $3
             from webhooks w
            where w.id = $1 and w.disabled_at is null
              and d.id = (select id from webhook_deliveries
                           where webhook_id = $1 and status = 'waiting' and next_attempt_at <= $2
                           order by next_attempt_at, id limit 1 for update skip locked)
            returning d.id, d.workspace_id, w.url, d.body, d.attempts"#,
        webhook.0,
        now,
        lease
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| Claimed {
        id: row.id.into(),
        workspace: row.workspace_id.into(),
        url: row.url,
        body: row.body,
        attempt: u16::try_from(row.attempts).unwrap_or(u16::MAX),
    }))
}

/// The secrets that sign now, the present one first.
pub async fn secrets(
    tx: &mut PgConnection,
    webhook: WebhookId,
    now: DateTime<Utc>,
) -> ServiceResult<Vec<(Uuid, Vec<u8>)>> {
    let rows = sqlx::query!(
        "select id, sealed from webhook_secrets where webhook_id = $1 and (expires_at is null or expires_at > $2)
          order by expires_at desc nulls first, created_at desc",
        webhook.0,
        now
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| (row.id, row.sealed)).collect())
}

/// How an attempt ended.
#[derive(Debug)]
pub struct Ended<'a> {
    pub status: WebhookDeliveryStatus,
    /// For one that waits on.
    pub next: Option<DateTime<Utc>>,
    pub response_status: Option<u16>,
    pub error: Option<&'a str>,
    pub took_ms: u32,
    pub at: DateTime<Utc>,
}

/// Writes it down, if the attempt is still this one's.
pub async fn attempt_ended(tx: &mut PgConnection, claimed: &Claimed, ended: &Ended<'_>) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update webhook_deliveries
            set status = $3::text::webhook_delivery_status, next_attempt_at = $4, response_status = $5, error = $6, took_ms = $7,
                finished_at = case when $3 = 'waiting' then null else $8::timestamptz end
          where id = $1 and status = 'waiting' and attempts = $2::integer",
        claimed.id.0,
        i32::from(claimed.attempt),
        ended.status.as_str(),
        ended.next,
        ended.response_status.and_then(|status| i16::try_from(status).ok()),
        ended.error,
        i32::try_from(ended.took_ms).unwrap_or(i32::MAX),
        ended.at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Something has arrived.
pub async fn arrives(tx: &mut PgConnection, webhook: WebhookId) -> ServiceResult<()> {
    sqlx::query!("update webhooks set failing_since = null where id = $1 and failing_since is not null", webhook.0)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Nothing has arrived; since when that is so.
pub async fn fails(
    tx: &mut PgConnection,
    webhook: WebhookId,
    at: DateTime<Utc>,
) -> ServiceResult<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "update webhooks set failing_since = coalesce(failing_since, $2) where id = $1 returning failing_since",
        webhook.0,
        at
    )
    .fetch_optional(tx)
    .await
    .map(Option::flatten)
    .map_err(failed)
}

/// Switches a webhook off that is on; its address, if it was.
pub async fn stop(
    tx: &mut PgConnection,
    webhook: WebhookId,
    because: WebhookOff,
    at: DateTime<Utc>,
) -> ServiceResult<Option<String>> {
    sqlx::query_scalar!(
        "update webhooks set disabled_at = $2, off_because = $3 where id = $1 and disabled_at is null returning url",
        webhook.0,
        at,
        because.as_str()
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)
}

/// When the next attempt of what waits is due. Holds the webhook, so that of several who ask the last one sees all.
pub async fn next_due(tx: &mut PgConnection, webhook: WebhookId) -> ServiceResult<Option<DateTime<Utc>>> {
    sqlx::query!("select id from webhooks where id = $1 for update", webhook.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed)?;
    sqlx::query_scalar!(
        "select min(next_attempt_at) from webhook_deliveries where webhook_id = $1 and status = 'waiting'",
        webhook.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// Secrets that are not under the present sealing key, in the order of their ids.
pub async fn stale_secrets(
    tx: &mut PgConnection,
    prefix: &[u8],
    after: Uuid,
    limit: i64,
) -> ServiceResult<Vec<(Uuid, Vec<u8>)>> {
    let rows = sqlx::query!(
        "select id, sealed from webhook_secrets
          where id > $2 and substring(sealed from 1 for octet_length($1::bytea)) <> $1::bytea order by id limit $3",
        prefix,
        after,
        limit
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| (row.id, row.sealed)).collect())
}

pub async fn save_resealed(tx: &mut PgConnection, id: Uuid, sealed: &[u8]) -> ServiceResult<()> {
    sqlx::query!("update webhook_secrets set sealed = $2 where id = $1", id, sealed)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// A post as webhooks tell of it.
pub async fn post(tx: &mut PgConnection, post: PostId) -> ServiceResult<Option<Value>> {
    sqlx::query_scalar!(
        r#"select jsonb_build_object('id', p.id, 'title', p.title, 'body', left(v.body, 1000), 'version', v.number,
                    'scheduled_at', p.scheduled_at, 'status', p.status,
                    'deliveries', (select coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'social_account_id', d.account_id,
                          'account_name', a.display_name, 'platform', d.platform, 'status', d.status, 'external_post_id', d.external_post_id,
                          'external_url', d.external_url, 'published_at', d.published_at, 'needs_person', d.needs_person,
                          'last_error', left(d.last_error, 500)) order by d.id), '[]')
                        from (select * from deliveries where post_id = p.id and status <> 'canceled' order by id limit 200) d
                        join accounts a on a.id = d.account_id)) as "post!"
             from posts p join post_versions v on v.post_id = p.id and v.number = p.current_version
            where p.id = $1"#,
        post.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)
}
