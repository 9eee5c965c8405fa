//! How attempts end: for the row, for the log, for the account.

use chrono::{DateTime, Utc};
use domain::{
    AccountId, ServiceResult,
    deliveries::{ErrorClass, Stage},
};
use sqlx::PgConnection;

use super::Claimed;
use crate::database::failed;

/// How an attempt ended, for the row.
#[derive(Debug)]
pub enum Ending<'a> {
    Success {
        external_id: &'a str,
        url: Option<&'a str>,
        at: DateTime<Utc>,
    },
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

/// Ends this worker's hold on the row. False when the row was no longer its own: then another worker decides.
pub async fn finish(
    tx: &mut PgConnection,
    claimed: &Claimed,
    worker: uuid::Uuid,
    ending: &Ending<'_>,
) -> ServiceResult<bool> {
    // Having been asked about is no attempt.
    let asked = i32::from(claimed.stage.is_watched());
    let done = match ending {
        Ending::Success { external_id, url, at } => {
            sqlx::query!(
                "update deliveries set status = 'success', stage = 'done', lease_owner = null, lease_until = null, external_post_id = $3,
                        external_url = $4, published_at = $5, last_error = null, error_class = null,
                        attempts = attempts - $6
                  where id = $1 and status = 'publishing' and lease_owner = $2",
                claimed.id.0,
                worker,
                external_id,
                *url,
                at,
                asked
            )
            .execute(tx)
            .await
        }
        Ending::Again { at, stage, counts, message, class, reconciliations, refreshed_version } => {
            sqlx::query!(
                "update deliveries set status = 'retried', stage = $3::text::delivery_stage, lease_owner = null, lease_until = null,
                        next_attempt_at = $4, attempts = attempts - $5, last_error = $6, error_class = $7::text::error_class,
                        reconciliations = $8, refreshed_version = $9,
                        commit_started_at = case when $3 in ('outcome_unknown', 'processing', 'with_creator') then commit_started_at end
                  where id = $1 and status = 'publishing' and lease_owner = $2",
                claimed.id.0,
                worker,
                stage.as_str(),
                at,
                i32::from(!counts),
                *message,
                class.map(ErrorClass::as_str),
                i32::try_from(*reconciliations).unwrap_or(i32::MAX),
                *refreshed_version
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
                worker,
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
                worker
            )
            .execute(tx)
            .await
        }
    }
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// A line of the attempt log.
#[derive(Debug)]
pub struct AttemptRow<'a> {
    pub id: uuid::Uuid,
    pub stage: Stage,
    pub outcome: &'a str,
    pub message: Option<&'a str>,
    pub http_status: Option<u16>,
    pub platform_code: Option<&'a str>,
    pub trace: serde_json::Value,
    pub worker: uuid::Uuid,
    pub started_at: DateTime<Utc>,
    pub duration_ms: i32,
}

pub async fn insert_attempt(tx: &mut PgConnection, claimed: &Claimed, attempt: &AttemptRow<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into delivery_attempts (id, workspace_id, delivery_id, number, stage, outcome, message, http_status, platform_code, trace, worker,
                                        started_at, duration_ms, created_at)
         values ($1, $2, $3, $4, $5::text::delivery_stage, $6, $7, $8, $9, $10, $11, $12, $13, $12)",
        attempt.id,
        claimed.workspace,
        claimed.id.0,
        i32::try_from(claimed.attempt).unwrap_or(i32::MAX),
        attempt.stage.as_str(),
        attempt.outcome,
        attempt.message,
        attempt.http_status.and_then(|status| i16::try_from(status).ok()),
        attempt.platform_code,
        attempt.trace,
        attempt.worker,
        attempt.started_at,
        attempt.duration_ms
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

/// Spam and policy refusals stop the account, not only the post. Whether it was in use.
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

/// The account has just answered.
pub async fn account_answered(tx: &mut PgConnection, account: AccountId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update accounts set last_synced_at = $2 where id = $1 and (last_synced_at is null or last_synced_at < $2::timestamptz - interval '1 minute')",
        account.0,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
