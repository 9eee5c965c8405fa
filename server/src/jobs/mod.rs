//! Background work other than deliveries, through the job library (its own schema in the same database, so that a
//! job is enqueued in the transaction that makes it necessary).

use chrono::{DateTime, Utc};
use domain::ServiceResult;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgConnection;

use crate::database::failed;

/// A piece of background work: ids only, so that it stays true while it waits.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The task's name; never reused for something else, since old rows may still wait under it.
    const TASK: &'static str;
    /// Tries in all, with the library's growing pauses.
    const MAX_ATTEMPTS: i16 = 5;

    /// Jobs with the same key are one: a later one replaces an earlier one that has not begun.
    fn key(&self) -> Option<String> {
        None
    }
}

/// Enqueues `job` in the caller's transaction; it runs once that has committed, or at `run_at`.
pub async fn enqueue<J: Job>(tx: &mut PgConnection, job: &J, run_at: Option<DateTime<Utc>>) -> ServiceResult<()> {
    let payload = serde_json::to_value(job).map_err(domain::ServiceError::internal)?;
    sqlx::query("select arctiv_jobs.enqueue($1, $2, $3, $4, $5)")
        .bind(J::TASK)
        .bind(payload)
        .bind(run_at)
        .bind(job.key())
        .bind(J::MAX_ATTEMPTS)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}
