//! Takes jobs and runs them, until told to stop.
//!
//! Each lane has a worker of the library to itself, which takes the tasks of that lane and no others. So a platform that does
//! not answer may hold every general slot for as long as its time limit, and scheduled posts are selected all the same.

use std::{sync::Arc, time::Duration};

use domain::clock::{Clock, Ids};
use graphile_worker::{Worker, WorkerOptions, WorkerRecoveryConfig};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{JobsError, Lane, Registry, schedule, store::SCHEMA, wakeups::Wakeups};
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
    /// General jobs at once in this process, at least one; each may hold a database connection for a while.
    pub concurrency: usize,
    /// The same of what publishing waits for.
    pub publishing_concurrency: usize,
    /// How often to look without having been woken: for jobs whose time has come, and for lost notices.
    pub poll_interval: Duration,
    /// The same for what publishing waits for. Scheduled posts are late by half of it on average.
    pub publishing_poll_interval: Duration,
    /// How long running jobs may go on after [`Runner::stop`]; what is left then is handed back and runs again elsewhere.
    pub grace: Duration,
    /// Whether this process also starts what runs by the clock.
    pub schedules: bool,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        Self {
            concurrency: 4,
            publishing_concurrency: 4,
            poll_interval: Duration::from_secs(2),
            publishing_poll_interval: Duration::from_millis(500),
            grace: Duration::from_secs(15),
            schedules: true,
        }
    }
}

/// The longest pause between two tries to reach a database that is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Background work of this process. Several processes on one database share the jobs.
#[derive(Debug)]
pub struct Runner {
    stop: CancellationToken,
    /// One for each lane that has tasks.
    tasks: Vec<JoinHandle<()>>,
}

impl Runner {
    /// Starts taking jobs. [`super::prepare`] has run.
    ///
    /// Fails when the registry is faulty or the database cannot be reached now. If the database goes away later, the
    /// runner comes back when it does.
    pub async fn start(context: JobContext, registry: Registry, options: RunnerOptions) -> Result<Self, JobsError> {
        let stop = CancellationToken::new();
        let mut ready = Vec::new();
        for plan in Plan::per_lane(&context, registry, options, &stop)? {
            let worker = plan.worker().await?;
            ready.push((plan, worker));
        }
        let tasks = ready.into_iter().map(|(plan, worker)| tokio::spawn(plan.keep_running(worker))).collect();
        Ok(Self { stop, tasks })
    }

    /// Takes no more jobs, lets running ones finish within the grace period, and hands the others back.
    pub async fn stop(self) {
        self.stop.cancel();
        for ended in futures::future::join_all(self.tasks).await {
            if let Err(error) = ended {
                tracing::error!(%error, "a job runner ended badly");
            }
        }
    }
}

/// Runs every job that is due, and those that these enqueue, then returns: for tests and one-off commands. Failed jobs
/// are left for their next attempt, as ever.
pub async fn run_due(context: &JobContext, registry: Registry) -> Result<(), JobsError> {
    let worker = Plan::of_all(context, registry, RunnerOptions::default())?.worker().await?;
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
    lane: Lane,
    definitions: Vec<graphile_worker::JobDefinition>,
    handlers: super::registry::Handlers,
    crontabs: Vec<graphile_worker::Crontab>,
    options: RunnerOptions,
    stop: CancellationToken,
}

impl Plan {
    /// A plan for each lane that has tasks. Schedules belong to the general one: each moment makes a job, for whichever lane.
    fn per_lane(
        context: &JobContext,
        registry: Registry,
        options: RunnerOptions,
        stop: &CancellationToken,
    ) -> Result<Vec<Self>, JobsError> {
        let mut crontabs = if options.schedules { schedule::all()? } else { Vec::new() };
        if let Some(orphan) = crontabs.iter().find(|crontab| !registry.handles(crontab.task_identifier())) {
            return Err(JobsError::Unhandled(orphan.identifier().to_owned()));
        }
        let (mut definitions, handlers) = registry.into_parts()?;
        let mut plans = Vec::new();
        for lane in Lane::ALL {
            let (own, others): (Vec<_>, Vec<_>) = definitions.into_iter().partition(|(of, _)| *of == lane);
            definitions = others;
            if own.is_empty() {
                continue;
            }
            plans.push(Self {
                context: context.clone(),
                lane,
                definitions: own.into_iter().map(|(_, definition)| definition).collect(),
                handlers: handlers.clone(),
                crontabs: std::mem::take(&mut crontabs),
                options,
                stop: stop.clone(),
            });
        }
        Ok(plans)
    }

    /// One plan for every task, without schedules.
    fn of_all(context: &JobContext, registry: Registry, options: RunnerOptions) -> Result<Self, JobsError> {
        let (definitions, handlers) = registry.into_parts()?;
        Ok(Self {
            context: context.clone(),
            lane: Lane::General,
            definitions: definitions.into_iter().map(|(_, definition)| definition).collect(),
            handlers,
            crontabs: Vec::new(),
            options,
            stop: CancellationToken::new(),
        })
    }

    async fn worker(&self) -> Result<Worker, JobsError> {
        let stop = self.stop.clone();
        let wakeups = Wakeups::default();
        let pool = self.context.db.worker_pool();
        // Scheduled posts are enqueued long before their time: a notice of that finds nothing due.
        let (concurrency, poll, database) = match self.lane {
            Lane::General => (self.options.concurrency, self.options.poll_interval, wakeups.beside_notices(pool)),
            Lane::Publishing => {
                (self.options.publishing_concurrency, self.options.publishing_poll_interval, wakeups.alone(pool))
            }
        };
        let worker = WorkerOptions::default()
            .schema(SCHEMA)
            .database(database)
            .concurrency(concurrency.max(1))
            .poll_interval(poll)
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
            .add_extension(wakeups)
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
                    Ok(()) => tracing::warn!(lane = ?self.lane, "the job runner ended by itself and is started again"),
                    Err(error) => tracing::warn!(lane = ?self.lane, %error, "the job runner lost its database"),
                },
                None => match self.worker().await {
                    Ok(worker) => {
                        tracing::info!(lane = ?self.lane, "the job runner is back");
                        pause = Duration::from_secs(1);
                        next = Some(worker);
                        continue;
                    }
                    Err(error) => {
                        tracing::warn!(lane = ?self.lane, %error, "the job runner cannot reach its database");
                    }
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
