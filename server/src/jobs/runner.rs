//! Takes jobs and runs them, until told to stop.

use std::{sync::Arc, time::Duration};

use domain::clock::{Clock, Ids};
use graphile_worker::{Worker, WorkerOptions, WorkerRecoveryConfig};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{JobsError, Registry, schedule, store::SCHEMA};
use crate::{
    database::Database,
    features::{
        accounts::Tokens,
        deliveries::Selector,
        media::MediaFiles,
        notifications::{Letters, webhooks::WebhookSender},
    },
};

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct JobContext {
    pub db: Database,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    /// The adapters of the configured platforms.
    pub platforms: Arc<platforms::Registry>,
    /// The one way to an account's tokens.
    pub tokens: Tokens,
    /// The files behind pictures.
    pub files: MediaFiles,
    /// How long the audit log is kept.
    pub audit_keep_days: u32,
    /// What makes deliveries of a scheduled post.
    pub selector: Selector,
    /// How letters are worded and sent.
    pub letters: Letters,
    /// How webhooks are called.
    pub webhooks: WebhookSender,
}

impl std::fmt::Debug for JobContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobContext").finish_non_exhaustive()
    }
}

/// How the runner works.
#[derive(Clone, Copy, Debug)]
pub struct RunnerOptions {
    /// Jobs at once in this process, at least one; each may hold a database connection for a while.
    pub concurrency: usize,
    /// How often to look without having been woken: for jobs whose time has come, and for lost notices.
    pub poll_interval: Duration,
    /// How long running jobs may go on after [`Runner::stop`]; what is left then is handed back and runs again elsewhere.
    pub grace: Duration,
    /// Whether this process also starts what runs by the clock.
    pub schedules: bool,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        Self { concurrency: 4, poll_interval: Duration::from_secs(2), grace: Duration::from_secs(15), schedules: true }
    }
}

/// The longest pause between two tries to reach a database that is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Background work of this process. Several processes on one database share the jobs.
#[derive(Debug)]
pub struct Runner {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Runner {
    /// Starts taking jobs. [`super::prepare`] has run.
    ///
    /// Fails when the registry is faulty or the database cannot be reached now. If the database goes away later, the
    /// runner comes back when it does.
    pub async fn start(context: JobContext, registry: Registry, options: RunnerOptions) -> Result<Self, JobsError> {
        let stop = CancellationToken::new();
        let plan = Plan::new(context, registry, options, stop.clone())?;
        let worker = plan.worker().await?;
        let task = tokio::spawn(plan.keep_running(worker));
        Ok(Self { stop, task })
    }

    /// Takes no more jobs, lets running ones finish within the grace period, and hands the others back.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the job runner ended badly");
        }
    }
}

/// Runs every job that is due, and those that these enqueue, then returns: for tests and one-off commands. Failed jobs
/// are left for their next attempt, as ever.
pub async fn run_due(context: &JobContext, registry: Registry) -> Result<(), JobsError> {
    let options = RunnerOptions { schedules: false, ..RunnerOptions::default() };
    let plan = Plan::new(context.clone(), registry, options, CancellationToken::new())?;
    let worker = plan.worker().await?;
    // One round takes what is due when it looks; jobs that those enqueue need another. A bound, should one call itself.
    for _ in 0..100 {
        if let Err(error) = worker.run_once().await {
            tracing::warn!(%error, "not every due job was run");
        }
        if super::backlog(context.db.worker_pool()).await.map_or(true, |backlog| backlog.oldest_due.is_none()) {
            break;
        }
    }
    Ok(())
}

/// All that a worker of the library is made from, so that it can be made anew.
struct Plan {
    context: JobContext,
    definitions: Vec<graphile_worker::JobDefinition>,
    handlers: super::registry::Handlers,
    crontabs: Vec<graphile_worker::Crontab>,
    options: RunnerOptions,
    stop: CancellationToken,
}

impl Plan {
    fn new(
        context: JobContext,
        registry: Registry,
        options: RunnerOptions,
        stop: CancellationToken,
    ) -> Result<Self, JobsError> {
        let crontabs = if options.schedules { schedule::all()? } else { Vec::new() };
        if let Some(orphan) = crontabs.iter().find(|crontab| !registry.handles(crontab.task_identifier())) {
            return Err(JobsError::Unhandled(orphan.identifier().to_owned()));
        }
        let (definitions, handlers) = registry.into_parts()?;
        Ok(Self { context, definitions, handlers, crontabs, options, stop })
    }

    async fn worker(&self) -> Result<Worker, JobsError> {
        let stop = self.stop.clone();
        let worker = WorkerOptions::default()
            .schema(SCHEMA)
            .pg_pool(self.context.db.worker_pool().clone())
            .concurrency(self.options.concurrency.max(1))
            .poll_interval(self.options.poll_interval)
            // A process that dies leaves its jobs locked; the others notice by its silence.
            .worker_recovery(
                WorkerRecoveryConfig::default()
                    .heartbeat_interval(Duration::from_secs(5))
                    .sweep_interval(Duration::from_secs(10))
                    .sweep_threshold(Duration::from_secs(30))
                    .recovery_delay(Duration::ZERO),
            )
            .listen_os_shutdown_signals(false)
            .shutdown_signal(async move { stop.cancelled().await })
            .shutdown_grace_period(self.options.grace)
            .shutdown_interrupted_job_retry_delay(Duration::ZERO)
            .define_jobs(self.definitions.iter().cloned())
            .with_crons(self.crontabs.iter().cloned())
            .add_extension(self.handlers.clone())
            .add_extension(self.context.clone())
            .init()
            .await?;
        Ok(worker)
    }

    /// The library's worker ends when the database does; this makes a new one as soon as that is back.
    async fn keep_running(self, first: Worker) {
        let mut next = Some(first);
        let mut pause = Duration::from_secs(1);
        loop {
            match next.take() {
                Some(worker) => match worker.run().await {
                    Ok(()) if self.stop.is_cancelled() => return,
                    Ok(()) => tracing::warn!("the job runner ended by itself and is started again"),
                    Err(error) => tracing::warn!(%error, "the job runner lost its database"),
                },
                None => match self.worker().await {
                    Ok(worker) => {
                        tracing::info!("the job runner is back");
                        pause = Duration::from_secs(1);
                        next = Some(worker);
                        continue;
                    }
                    Err(error) => tracing::warn!(%error, "the job runner cannot reach its database"),
                },
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
