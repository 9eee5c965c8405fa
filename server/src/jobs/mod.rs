//! Background work other than deliveries, through the job library `graphile_worker` in the same database, so that a job
//! is enqueued in the transaction that makes it necessary and exists exactly if that transaction commits.
//!
//! | file | holds |
//! |---|---|
//! | [`registry`] | every task and its handler, one list |
//! | [`schedule`] | every task that runs by the clock, one list |
//! | `runner` | takes jobs, runs them, stops in good order; several processes share one database |
//! | `wakeups` | lets a slot that is free again look for the next job at once |
//! | `retention` | deletes what is past its keeping time |
//! | `store` | the SQL |
//!
//! The library's tables live in the schema `graphile_worker` and belong to the worker's role, whose login also migrates
//! them ([`prepare`]). The web's role has no privilege there; it enqueues through one function, `arctiv_jobs.enqueue`.

pub mod registry;
pub mod retention;
mod runner;
pub mod schedule;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod wakeups;

use chrono::{DateTime, Utc};
use domain::{ServiceError, ServiceResult};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgConnection;

pub use registry::Registry;
pub use runner::{JobContext, Runner, RunnerOptions, run_due};
pub use store::{Backlog, backlog, prepare};

/// For the log filter: the library repeats every job error that the registry has logged already, and every success.
pub const LOG_DIRECTIVES: &str = "graphile_worker::runner=warn,graphile_worker::runner::release::failure=off,\
                                  graphile_worker_migrations=warn";

/// A piece of background work: ids only, so that it stays true while it waits.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The task's name; never reused for something else, since old rows may still wait under it.
    const TASK: &'static str;
    /// Tries in all, with the library's growing pauses (from 3 seconds to 6 hours).
    const MAX_ATTEMPTS: i16 = 5;
    /// Whose slots it takes.
    const LANE: Lane = Lane::General;

    /// Jobs with the same key are one: a later one replaces an earlier one that has not begun.
    fn key(&self) -> Option<String> {
        None
    }
}

/// Jobs of one lane never wait for those of another: each has slots of its own in every process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// May call somebody who does not answer.
    #[default]
    General,
    /// What a post waits for to go out. Such a job asks the database and nobody else.
    Publishing,
}

impl Lane {
    const ALL: [Self; 2] = [Self::General, Self::Publishing];
}

/// Why background work cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// The library's own tables could not be made or brought up to date.
    #[error("the tables of the job library could not be prepared: {0}")]
    Prepare(#[from] graphile_worker::WorkerBuildError),
    /// The door through which the web enqueues could not be made.
    #[error("the way into the job queue could not be prepared: {0}")]
    Database(#[from] sqlx::Error),
    /// Two handlers under one name: one of them would never run.
    #[error("the task {0} is registered twice")]
    Twice(&'static str),
    /// A schedule names a task that no handler runs.
    #[error("the schedule {0} has no handler")]
    Unhandled(String),
    /// A schedule that names no moment.
    #[error("a schedule is impossible: {0}")]
    Schedule(#[from] graphile_worker::CrontabTimerError),
}

/// Enqueues `job` in the caller's transaction; it runs once that has committed, or at `run_at`.
pub async fn enqueue<J: Job>(tx: &mut PgConnection, job: &J, run_at: Option<DateTime<Utc>>) -> ServiceResult<()> {
    enqueue_ranked(tx, job, run_at, 0).await
}

/// The same for one of many: of jobs that are due, those with a lower rank are taken first. Whoever ranks a workspace's own
/// jobs from 0 lets another workspace's come in between.
pub async fn enqueue_ranked<J: Job>(
    tx: &mut PgConnection,
    job: &J,
    run_at: Option<DateTime<Utc>>,
    rank: i16,
) -> ServiceResult<()> {
    let payload = serde_json::to_value(job).map_err(ServiceError::internal)?;
    let terms = store::Terms { run_at, key: job.key(), max_attempts: J::MAX_ATTEMPTS, rank };
    store::enqueue(tx, J::TASK, payload, terms).await
}
