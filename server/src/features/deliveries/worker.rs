//! Claims due rows and runs them, as many at once as the settings allow, and none more than it can finish.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration as StdDuration,
};

use chrono::Duration;
use domain::{
    AccountId, DeliveryId, Platform, ServiceError, ServiceResult,
    clock::{Clock, Ids},
};
use platforms::Registry;
use sqlx::postgres::PgListener;
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    pipeline::Pipeline,
    store::{self, Allowance, Claimed, Hold, Lease, Place, Room, Versions, Waiting},
};
use crate::{
    config::PublishingSettings,
    database::Database,
    features::{
        accounts::Tokens,
        media::{Copies, MediaFiles, PublicMedia},
    },
    gather::Gather,
};

const CHANNEL: &str = "arctiv_deliveries";
/// Between two looks when something is due that cannot be taken yet (an account at its limit).
const BUSY_PAUSE: StdDuration = StdDuration::from_millis(100);
/// Under load, what has ended within this time is replaced by one claim: claiming sixteen rows costs the database twice as
/// much as claiming one.
const GATHER: StdDuration = StdDuration::from_millis(4);
/// How long it is remembered which accounts have waiting rows, unless there is news. Looks for those that are free cost about half.
const REMEMBERED: StdDuration = StdDuration::from_millis(100);
/// Between two looks for workers that have gone silent. Leases last much longer.
const TAKE_OVER: StdDuration = StdDuration::from_millis(500);
/// Between two comparisons of this machine's clock with the database's.
const CLOCKS: StdDuration = StdDuration::from_secs(30);
/// Between two looks for posts whose end a worker that died has not said.
const STRANDED: StdDuration = StdDuration::from_secs(30);

/// What a worker is made of.
pub struct WorkerParts {
    pub database: Database,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub adapters: Arc<Registry>,
    pub tokens: Arc<Tokens>,
    pub files: MediaFiles,
    /// Where platforms fetch media, if they can reach this installation at all.
    pub public_media: Option<PublicMedia>,
    pub settings: PublishingSettings,
}

/// One process's share of the deliveries. Any number of them work on one database.
pub struct Worker {
    pipeline: Arc<Pipeline>,
    settings: PublishingSettings,
    wake: Arc<Notify>,
    /// Whether rows have been made or put off since the last look through all accounts.
    news: Arc<AtomicBool>,
    running: Running,
}

/// What is under way here, for renewing leases.
type Running = Arc<Mutex<HashMap<Hold, (AccountId, Platform)>>>;

impl Worker {
    /// `stop` ends claiming at once and the rest within the grace that [`run`](Self::run) is given.
    pub fn new(parts: WorkerParts, stop: CancellationToken) -> Self {
        let lease = Duration::seconds(i64::try_from(parts.settings.lease_seconds).unwrap_or(60));
        let worker: Uuid = parts.ids.next();
        let copies = Copies::new(parts.database.clone(), parts.files.clone(), Arc::clone(&parts.clock));
        let pipeline = Pipeline {
            database: parts.database,
            clock: parts.clock,
            ids: parts.ids,
            adapters: parts.adapters,
            tokens: parts.tokens,
            files: parts.files,
            copies,
            public_media: parts.public_media,
            policy: parts.settings.policy(),
            watch: parts.settings.watch(),
            worker,
            lease,
            stop,
            crash_at: parts.settings.crash_at.clone(),
            stall_at: parts.settings.stall_at.clone(),
            has_stalled: AtomicBool::new(false),
            materials: Gather::default(),
            versions: Versions::default(),
            marks: Gather::default(),
            // One batch at a time: two cost the database a tenth more, as each is smaller, and bring no more deliveries a second.
            outs: Gather::default(),
            settling: Gather::default(),
            answered: Mutex::default(),
            limits: Mutex::default(),
        };
        Self {
            pipeline: Arc::new(pipeline),
            settings: parts.settings,
            wake: Arc::new(Notify::new()),
            news: Arc::default(),
            running: Arc::default(),
        }
    }

    /// Works until told to stop; then lets what is being sent finish for at most `grace`, while everything else hands
    /// itself back. What even then is not done is found by its stage once its lease has run out.
    pub async fn run(self, grace: StdDuration) {
        let stop = self.pipeline.stop.clone();
        tracing::info!(worker = %self.pipeline.worker, concurrency = self.settings.concurrency, "publishing");
        let helpers = CancellationToken::new();
        let listener = tokio::spawn(listen(
            self.pipeline.database.clone(),
            Arc::clone(&self.wake),
            Arc::clone(&self.news),
            helpers.clone(),
        ));
        let renewer = tokio::spawn(renew(
            Arc::clone(&self.pipeline),
            Arc::clone(&self.running),
            StdDuration::from_secs(self.settings.lease_seconds) / 4,
            helpers.clone(),
        ));
        let settler = tokio::spawn(settle_stranded(Arc::clone(&self.pipeline), helpers.clone()));
        if let Err(error) = self.pipeline.after_an_outage(&self.settings.missed()).await {
            tracing::warn!(cause = ?error.cause, "what became due while nobody worked could not be looked through");
        }
        let mut tasks = JoinSet::new();
        let mut looks = Looks::default();
        while !stop.is_cancelled() {
            while tasks.try_join_next().is_some() {}
            let free = self.settings.concurrency.saturating_sub(tasks.len());
            let early = if tasks.is_empty() { None } else { looks.too_early() };
            let pause = if free == 0 {
                StdDuration::from_secs(self.settings.poll_seconds)
            } else if let Some(until) = early {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep_until(until) => {}
                }
                continue;
            } else {
                match self.claim(free, &mut looks).await {
                    Ok(Found::Rows(claimed)) => {
                        for row in claimed {
                            self.spawn(&mut tasks, row);
                        }
                        continue;
                    }
                    Ok(Found::AllBusy(pause)) => pause,
                    // Perhaps elsewhere.
                    Ok(Found::Nothing) if looks.known.take().is_some() => continue,
                    Ok(Found::Nothing) => self.until_next_due().await,
                    Err(error) => {
                        tracing::warn!(cause = ?error.cause, "claiming failed; trying again shortly");
                        StdDuration::from_secs(1)
                    }
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.notified() => {}
                Some(_) = tasks.join_next() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let deadline = Instant::now() + grace;
        while tokio::time::timeout_at(deadline, tasks.join_next()).await.is_ok_and(|joined| joined.is_some()) {}
        if !tasks.is_empty() {
            tracing::warn!(
                left = tasks.len(),
                "stopping with deliveries under way; they are reconciled when their leases end"
            );
        }
        helpers.cancel();
        let _ = tokio::join!(listener, renewer, settler);
        tracing::info!(worker = %self.pipeline.worker, "publishing has stopped");
    }

    fn spawn(&self, tasks: &mut JoinSet<()>, row: Claimed) {
        let (pipeline, running, wake) = (Arc::clone(&self.pipeline), Arc::clone(&self.running), Arc::clone(&self.wake));
        let hold = row.hold();
        running.lock().unwrap_or_else(PoisonError::into_inner).insert(hold, (row.account, row.platform));
        tasks.spawn(async move {
            let guard = UnderWay { hold, running };
            pipeline.run(row).await;
            drop(guard);
            wake.notify_one();
        });
    }

    async fn claim(&self, free: usize, looks: &mut Looks) -> ServiceResult<Found> {
        let pool = self.pipeline.database.worker_pool();
        if looks.compared.is_none_or(|last| last.elapsed() >= CLOCKS) {
            self.compare_clocks(pool).await?;
            looks.compared = Some(Instant::now());
        }
        let now = self.pipeline.clock.now();
        let room = self.room();
        let allowance = Allowance {
            lease: Lease(self.pipeline.ids.next()),
            now,
            lease_until: now + self.pipeline.lease,
            limit: i64::try_from(free.min(self.settings.per_platform)).unwrap_or(1),
            per_account: i64::try_from(self.settings.per_account).unwrap_or(1),
            room: &room,
        };
        looks.claimed = Some(Instant::now());
        if looks.taken_over.is_none_or(|last| last.elapsed() >= TAKE_OVER) {
            let in_hand: Vec<DeliveryId> = self.running().keys().map(|(id, _)| *id).collect();
            let claimed = store::take_over(pool, &allowance, &in_hand).await?;
            if !claimed.is_empty() {
                return Ok(Found::Rows(claimed));
            }
            // Only now: where one batch was silent there may be more.
            looks.taken_over = Some(Instant::now());
        }
        if self.news.swap(false, Ordering::AcqRel) {
            looks.known = None;
        }
        if let Some(known) = &looks.known
            && let Some(left) = REMEMBERED.checked_sub(known.at.elapsed())
        {
            let free = self.free_of(&known.accounts, &room);
            if free.is_empty() {
                return Ok(Found::AllBusy(left));
            }
            return Ok(Found::of(store::claim_of(pool, &allowance, &free).await?));
        }
        let look = store::claim(pool, &allowance, &mut looks.place).await?;
        looks.known = look.all.map(|accounts| Known { accounts, at: Instant::now() });
        Ok(Found::of(look.claimed))
    }

    /// Leases end by the clocks of those who look at them. Where this machine's is wrong by much, it would take rows from others that
    /// are at work, and others from it: then it claims nothing.
    async fn compare_clocks(&self, pool: &sqlx::PgPool) -> ServiceResult<()> {
        let before = self.pipeline.clock.now();
        let there = store::time(pool).await?;
        let after = self.pipeline.clock.now();
        let apart = (before - there).max(there - after);
        if apart > self.pipeline.lease / 8 {
            tracing::error!(
                seconds = apart.num_seconds(),
                "this machine's clock and the database's are apart; nothing is published from here until they agree"
            );
            return Err(ServiceError::unavailable("the clocks of this machine and of the database disagree"));
        }
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Hold, (AccountId, Platform)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that may get another one here.
    fn free_of(&self, accounts: &[Waiting], room: &Room) -> Vec<Waiting> {
        let mut counts: HashMap<AccountId, usize> = HashMap::new();
        for (account, _) in self.running().values() {
            *counts.entry(*account).or_default() += 1;
        }
        let is_free = |one: &&Waiting| {
            counts.get(&one.account).is_none_or(|n| *n < self.settings.per_account) && room.of(one.platform) > 0
        };
        accounts.iter().filter(is_free).copied().collect()
    }

    /// How many more of each platform may run here, so that a silent one never has all places, and one that limits the app has none.
    fn room(&self) -> Room {
        let mut counts: HashMap<Platform, usize> = HashMap::new();
        for (_, platform) in self.running().values() {
            *counts.entry(*platform).or_default() += 1;
        }
        for platform in self.pipeline.limited() {
            counts.insert(platform, self.settings.per_platform);
        }
        let left = |running| i64::try_from(self.settings.per_platform.saturating_sub(running)).unwrap_or(0);
        let (platforms, left_of) =
            counts.into_iter().map(|(platform, running)| (platform.as_str().to_owned(), left(running))).unzip();
        Room { platforms, left: left_of, otherwise: left(0) }
    }

    async fn until_next_due(&self) -> StdDuration {
        let poll = StdDuration::from_secs(self.settings.poll_seconds);
        match store::next_due(self.pipeline.database.worker_pool()).await {
            Ok(Some(due)) => (due - self.pipeline.clock.now()).to_std().unwrap_or_default().clamp(BUSY_PAUSE, poll),
            Ok(None) | Err(_) => poll,
        }
    }
}

/// When a worker last looked for what, and where it goes on.
#[derive(Default)]
struct Looks {
    place: Place,
    known: Option<Known>,
    claimed: Option<Instant>,
    compared: Option<Instant>,
    taken_over: Option<Instant>,
}

/// What a look came to.
enum Found {
    Rows(Vec<Claimed>),
    /// Whoever has waiting rows has one under way. Until then that is taken for the whole truth, unless one ends or there is news.
    AllBusy(StdDuration),
    Nothing,
}

impl Found {
    fn of(claimed: Vec<Claimed>) -> Self {
        if claimed.is_empty() { Self::Nothing } else { Self::Rows(claimed) }
    }
}

/// All accounts that had waiting rows then.
struct Known {
    accounts: Vec<Waiting>,
    at: Instant,
}

impl Looks {
    /// Until when it is too early for another claim.
    fn too_early(&self) -> Option<Instant> {
        self.claimed.map(|last| last + GATHER).filter(|until| *until > Instant::now())
    }
}

struct UnderWay {
    hold: Hold,
    running: Running,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.hold);
    }
}

/// A notice says that something may be due; looking by ourselves is what makes sure.
async fn listen(database: Database, wake: Arc<Notify>, news: Arc<AtomicBool>, stop: CancellationToken) {
    let pass_on = || {
        news.store(true, Ordering::Release);
        wake.notify_one();
    };
    let passing_on = async {
        loop {
            if let Ok(mut listener) = PgListener::connect_with(database.worker_pool()).await
                && listener.listen(CHANNEL).await.is_ok()
            {
                pass_on();
                while let Ok(Some(_)) = listener.try_recv().await {
                    pass_on();
                }
            }
            tokio::time::sleep(StdDuration::from_secs(1)).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = passing_on => {}
    }
}

/// Keeps the leases of what runs here young.
async fn renew(pipeline: Arc<Pipeline>, running: Running, every: StdDuration, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        let holds: Vec<_> = running.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        if holds.is_empty() {
            continue;
        }
        let until = pipeline.clock.now() + pipeline.lease;
        if let Err(error) = store::renew(pipeline.database.worker_pool(), &holds, until).await {
            tracing::warn!(cause = ?error.cause, "leases could not be renewed");
        }
    }
}

/// Ends posts that a worker has left without a word, from the start on.
async fn settle_stranded(pipeline: Arc<Pipeline>, stop: CancellationToken) {
    loop {
        if let Err(error) = pipeline.settle_stranded().await {
            tracing::warn!(cause = ?error.cause, "posts left by other workers could not be ended");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(STRANDED) => {}
        }
    }
}
