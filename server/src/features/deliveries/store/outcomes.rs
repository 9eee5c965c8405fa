//! How attempts end: for the row, for the log, for the account.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{
    AccountId, DeliveryId, PostId, ServiceResult,
    deliveries::{ErrorClass, Stage},
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Claimed, Hold, Lease};
use crate::database::failed;

/// How an attempt ended that did not bring the post out, for the row; for the others see [`Out`].
#[derive(Debug)]
pub enum Ending<'a> {
    /// Tried again at `at`; `counts` says whether the attempt is used up.
    Again {
        at: DateTime<Utc>,
        stage: Stage,
        counts: bool,
        message: Option<&'a str>,
        class: Option<ErrorClass>,
        reconciliations: u32,
        refreshed_version: Option<i64>,
    },
    Failed {
        message: &'a str,
        class: ErrorClass,
        needs_person: bool,
    },
    Canceled,
}

/// Ends the hold on the row. False when it was no longer held: then whoever claimed it since decides.
pub async fn finish(tx: &mut PgConnection, claimed: &Claimed, ending: &Ending<'_>) -> ServiceResult<bool> {
    let done = match ending {
        Ending::Again { at, stage, counts, message, class, reconciliations, refreshed_version } => {
            sqlx::query!(
                "update deliveries set status = 'retried', stage = $3::text::delivery_stage, lease_owner = null, lease_until = null,
                        next_attempt_at = $4, attempts = attempts - $5, last_error = $6, error_class = $7::text::error_class,
                        reconciliations = $8, refreshed_version = $9,
                        commit_started_at = case when $3 in ('outcome_unknown', 'processing', 'with_creator') then commit_started_at
                                                 else $10 end
                  where id = $1 and status = 'publishing' and lease_owner = $2",
                claimed.id.0,
                claimed.lease.0,
                stage.as_str(),
                at,
                i32::from(!counts),
                *message,
                class.map(ErrorClass::as_str),
                i32::try_from(*reconciliations).unwrap_or(i32::MAX),
                *refreshed_version,
                // A clear answer to this attempt's call says nothing of an earlier one.
                claimed.in_doubt_since
            )
            .execute(tx)
            .await
        }
        Ending::Failed { message, class, needs_person } => {
            sqlx::query!(
                "update deliveries set status = 'failed', stage = case when $5 then 'outcome_unknown'::delivery_stage else 'staging' end,
                        lease_owner = null, lease_until = null, last_error = $3, error_class = $4::text::error_class, needs_person = $5
                  where id = $1 and status = 'publishing' and lease_owner = $2",
                claimed.id.0,
                claimed.lease.0,
                message,
                class.as_str(),
                needs_person
            )
            .execute(tx)
            .await
        }
        Ending::Canceled => {
            sqlx::query!(
                "update deliveries set status = 'canceled', lease_owner = null, lease_until = null
                  where id = $1 and status = 'publishing' and lease_owner = $2",
                claimed.id.0,
                claimed.lease.0
            )
            .execute(tx)
            .await
        }
    }
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// A delivery that is out, and the line of the attempt that brought it there.
#[derive(Debug)]
pub struct Out {
    pub hold: Hold,
    pub account: AccountId,
    pub external_id: String,
    pub url: Option<String>,
    pub at: DateTime<Utc>,
    /// Whether the platform was only asked about it: that is no attempt.
    pub asked: bool,
    /// The platform asks for a pause until then.
    pub pause: Option<DateTime<Utc>>,
    /// To be written below the post.
    pub comment: Option<String>,
    pub line: AttemptRow,
}

/// Ends the hold on rows that are out, with a line in the log for each; one statement. Those that still held: of the others
/// whoever claimed them since decides.
pub async fn finish_out(tx: &mut PgConnection, outs: &[Out]) -> ServiceResult<HashSet<Hold>> {
    let external_ids: Vec<&str> = outs.iter().map(|out| out.external_id.as_str()).collect();
    let urls: Vec<Option<&str>> = outs.iter().map(|out| out.url.as_deref()).collect();
    let ats: Vec<DateTime<Utc>> = outs.iter().map(|out| out.at).collect();
    let asked: Vec<bool> = outs.iter().map(|out| out.asked).collect();
    let leases: Vec<Uuid> = outs.iter().map(|out| out.hold.1.0).collect();
    let lines: Vec<&AttemptRow> = outs.iter().map(|out| &out.line).collect();
    let held = sqlx::query!(
        r#"with held as materialized (
              select id, lease from deliveries d join unnest($3::uuid[], $18::uuid[]) as h (id, lease) using (id)
               where d.status = 'publishing' and d.lease_owner = lease order by id for update of d
            ), done as (
              update deliveries d
                 set status = 'success', stage = 'done', lease_owner = null, lease_until = null, external_post_id = o.external_id,
                     external_url = o.url, published_at = o.at, last_error = null, error_class = null,
                     attempts = d.attempts - case when o.asked then 1 else 0 end
                from held
                join unnest($3::uuid[], $18::uuid[], $14::text[], $15::text[], $16::timestamptz[], $17::bool[])
                     as o (id, lease, external_id, url, at, asked) using (id, lease)
               where d.id = held.id
            ), lines as (
              insert into delivery_attempts (id, workspace_id, delivery_id, number, stage, outcome, message, http_status, platform_code,
                                             trace, worker, started_at, duration_ms, created_at)
              select l.id, l.workspace_id, l.delivery_id, l.number, l.stage::delivery_stage, l.outcome, l.message, l.http_status,
                     l.platform_code, l.trace, l.worker, l.started_at, l.duration_ms, l.started_at
                from unnest($1::uuid[], $2::uuid[], $3::uuid[], $18::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::smallint[],
                            $9::text[], $10::jsonb[], $11::uuid[], $12::timestamptz[], $13::int[])
                  as l (id, workspace_id, delivery_id, lease, number, stage, outcome, message, http_status, platform_code, trace, worker,
                        started_at, duration_ms)
                join held on (held.id, held.lease) = (l.delivery_id, l.lease)
            )
           select id, lease as "lease!" from held"#,
        &column(&lines, |line| line.id),
        &column(&lines, |line| line.workspace),
        &column(&lines, |line| line.delivery.0),
        &column(&lines, |line| i32::try_from(line.number).unwrap_or(i32::MAX)),
        &column(&lines, |line| line.stage.as_str()) as _,
        &column(&lines, |line| line.outcome) as _,
        &column(&lines, |line| line.message.as_deref()) as _,
        &column(&lines, |line| line.http_status.and_then(|status| i16::try_from(status).ok())) as _,
        &column(&lines, |line| line.platform_code.as_deref()) as _,
        &column(&lines, |line| line.trace.clone()),
        &column(&lines, |line| line.worker),
        &column(&lines, |line| line.started_at),
        &column(&lines, |line| line.duration_ms),
        &external_ids as _,
        &urls as _,
        &ats,
        &asked,
        &leases
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(held.into_iter().map(|row| (row.id.into(), Lease(row.lease))).collect())
}

/// Those of these posts of which nothing is on its way any more, as everybody has left them by now.
pub async fn over(pool: &PgPool, posts: &[PostId]) -> ServiceResult<Vec<PostId>> {
    let ids: Vec<Uuid> = posts.iter().map(|post| post.0).collect();
    let over = sqlx::query_scalar!(
        // Post by post: the planner, which takes the indexes of what is on its way for as empty as they mostly are, would otherwise
        // go through the whole of them.
        r#"select p.id as "id!" from unnest($1::uuid[]) as p (id)
            where not coalesce((select bool_or(d.status in ('pending', 'publishing') or d.status = 'retried' and d.stage <> 'with_creator')
                                  from deliveries d where d.post_id = p.id), false)"#,
        &ids
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    Ok(over.into_iter().map(PostId).collect())
}

/// Posts that have deliveries, none of them on its way, and still say that they are going out: whoever ended the last one died
/// before it said so.
pub async fn stranded(pool: &PgPool) -> ServiceResult<Vec<(PostId, Uuid)>> {
    let rows = sqlx::query!(
        "select p.id, p.workspace_id from posts p
          where p.status = 'publishing' and exists (select from deliveries d where d.post_id = p.id)
            and not exists (select from deliveries d
                             where d.post_id = p.id
                               and (d.status in ('pending', 'publishing') or d.status = 'retried' and d.stage <> 'with_creator'))
          limit 1000"
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.workspace_id)).collect())
}

/// A line of the attempt log.
#[derive(Debug)]
pub struct AttemptRow {
    pub id: Uuid,
    pub workspace: Uuid,
    pub delivery: DeliveryId,
    pub number: u32,
    pub stage: Stage,
    pub outcome: &'static str,
    pub message: Option<String>,
    pub http_status: Option<u16>,
    pub platform_code: Option<String>,
    pub trace: serde_json::Value,
    pub worker: Uuid,
    pub started_at: DateTime<Utc>,
    pub duration_ms: i32,
}

fn column<'a, T>(lines: &[&'a AttemptRow], value: impl Fn(&'a AttemptRow) -> T) -> Vec<T> {
    lines.iter().map(|line| value(line)).collect()
}

pub async fn insert_attempt(tx: &mut PgConnection, line: &AttemptRow) -> ServiceResult<()> {
    sqlx::query!(
        "insert into delivery_attempts (id, workspace_id, delivery_id, number, stage, outcome, message, http_status, platform_code, trace,
                                        worker, started_at, duration_ms, created_at)
         values ($1, $2, $3, $4, $5::text::delivery_stage, $6, $7, $8, $9, $10, $11, $12, $13, $12)",
        line.id,
        line.workspace,
        line.delivery.0,
        i32::try_from(line.number).unwrap_or(i32::MAX),
        line.stage.as_str(),
        line.outcome,
        line.message,
        line.http_status.and_then(|status| i16::try_from(status).ok()),
        line.platform_code,
        line.trace,
        line.worker,
        line.started_at,
        line.duration_ms
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The platform asked for a pause: nothing of this account is due before its end.
pub async fn pause_account(tx: &mut PgConnection, account: AccountId, until: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update deliveries set next_attempt_at = $2
          where account_id = $1 and status in ('pending', 'retried') and next_attempt_at < $2",
        account.0,
        until
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Spam and policy refusals stop the account, not only the post, until a person reconnects it: renewals leave it so, by its
/// reason. Whether it was in use.
pub async fn stop_account(tx: &mut PgConnection, account: AccountId, reason: &str) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update accounts set status = 'failed', status_reason = $2 where id = $1 and status = 'connected'",
        account.0,
        reason
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() > 0)
}

/// These accounts have just taken a post. Of a connected one it is no longer shown that it may not; `not_permitted` begins
/// those words.
pub async fn accounts_answered(
    tx: &mut PgConnection,
    accounts: &[AccountId],
    at: DateTime<Utc>,
    not_permitted: &str,
) -> ServiceResult<()> {
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.0).collect();
    sqlx::query!(
        "update accounts
            set last_synced_at = $2,
                status_reason = case when status <> 'connected' or not starts_with(status_reason, $3) then status_reason end
          where id in (select id from accounts
                        where id = any($1) and (last_synced_at is null or last_synced_at < $2::timestamptz - interval '1 minute')
                        order by id for update)",
        &ids,
        at,
        not_permitted
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
