//! One row's way: stage → wait → commit, or, after an unclear answer, asking the platform first.
//!
//! The rule that nothing is published twice rests on three facts. Before the public call the row says `committing`, in
//! a transaction of its own. Whoever holds a row that says `committing` or `outcome_unknown` without knowing how the
//! call ended asks the platform, and sends again only after two answers that it is not there; so does whoever holds one that
//! the platform has taken and is working on, or that lies with its creator. And a worker makes the
//! call only while its lease is young enough that nobody else can hold the row before the call's own time limit ends.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use chrono::{DateTime, Duration, Utc};
use domain::{
    Platform, ServiceError, ServiceResult,
    accounts::AccountStatus,
    audit::Action,
    clock::{Clock, Ids},
    deliveries::{ErrorClass, Failure, Next, RetryPolicy, Stage, WatchPolicy},
    media::{Fit, Variant, fit},
    posts::{PostStatus, preflight},
};
use platforms::{Adapter, Finding, MediaItem, PlatformError, Progress, PublishRequest, Published, Registry, Standing};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    jobs::WriteComment,
    store::{self, AttemptRow, Claimed, Ending, Material, MediaRow},
};
use crate::{
    database::Database,
    features::{
        accounts::{OpenToken, TokenError, Tokens},
        audit::in_tx::{Entry, record},
        media::{Copies, MediaFiles, Original, PublicMedia},
    },
    jobs::enqueue,
};

/// How long a platform's list may lag behind what it shows: a second look comes after this.
const SECOND_LOOK: Duration = Duration::seconds(6);
/// Answers of "not there" before a post is sent again.
const LOOKS: u32 = 2;
/// How long a post that is out waits to be recorded for its address, with platforms that tell it only when asked.
const ADDRESS_WAIT: std::time::Duration = std::time::Duration::from_secs(5);

/// Steps at which a development build can be told to die (`publishing.crash_at`) or to fall asleep
/// (`publishing.stall_at`), so that tests can prove what happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Claimed,
    Staged,
    Committing,
    Committed,
    Finished,
}

impl Step {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Staged => "staged",
            Self::Committing => "committing",
            Self::Committed => "committed",
            Self::Finished => "finished",
        }
    }
}

/// What every delivery needs; one per worker.
pub struct Pipeline {
    pub database: Database,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub adapters: Arc<Registry>,
    pub tokens: Arc<Tokens>,
    pub files: MediaFiles,
    pub copies: Copies,
    pub public_media: Option<PublicMedia>,
    pub policy: RetryPolicy,
    pub watch: WatchPolicy,
    pub worker: Uuid,
    pub lease: Duration,
    pub stop: CancellationToken,
    pub crash_at: Option<String>,
    pub stall_at: Option<String>,
    /// Whether it has slept: once is enough.
    pub has_stalled: AtomicBool,
}

/// What an attempt came to.
enum Outcome {
    Published(Box<Published>),
    /// It had been published before: found at the platform.
    Found {
        external_id: String,
        url: Option<String>,
        at: DateTime<Utc>,
    },
    /// The platform is processing; look again then.
    Waiting(DateTime<Utc>),
    /// The platform has taken the post and works on it; what becomes of it is asked then. Nothing is sent again before
    /// that has an answer.
    Taken {
        at: DateTime<Utc>,
        trace: Option<serde_json::Value>,
    },
    /// It lies in the creator's inbox, who finishes it there; what becomes of it is asked from time to time.
    WaitingForCreator {
        trace: Option<serde_json::Value>,
    },
    /// Not there at the first look; the second comes then.
    LookAgain(DateTime<Utc>),
    /// Not there at two looks: it may be sent again.
    NeverArrived,
    Refused {
        stage: Stage,
        error: Box<PlatformError>,
    },
    /// Neither we nor the platform can tell.
    Unclear(String),
    NoAccess {
        class: ErrorClass,
        message: String,
    },
    Later {
        at: DateTime<Utc>,
        message: String,
    },
    /// Ours: the database, a file. The attempt is repeated and not counted.
    Broken(ServiceError),
    /// The process stops and nothing has been sent: somebody else takes it at once.
    HandedBack,
    Canceled,
    /// Another worker holds the row by now.
    Lost,
}

impl Pipeline {
    /// Runs one attempt of a claimed row and writes how it ended.
    pub async fn run(&self, mut claimed: Claimed) {
        let started_at = self.clock.now();
        let timer = Instant::now();
        self.step(Step::Claimed);
        let mut attempt = Attempt::default();
        let outcome = if claimed.stage.is_sent() {
            self.reconcile(&mut claimed, &mut attempt).await
        } else {
            self.publish(&mut claimed, &mut attempt).await
        };
        let written = self.write(&claimed, &attempt, outcome, started_at, timer).await;
        match written {
            Ok(true) => self.step(Step::Finished),
            Ok(false) => tracing::warn!(delivery_id = %claimed.id, "another worker has taken this delivery over"),
            // The lease runs out and somebody finishes it by its stage.
            Err(error) => {
                tracing::error!(delivery_id = %claimed.id, cause = ?error.cause, "the end of an attempt could not be saved");
            }
        }
    }

    fn step(&self, step: Step) {
        if !cfg!(debug_assertions) {
            return;
        }
        if self.crash_at.as_deref() == Some(step.as_str()) {
            tracing::warn!(step = step.as_str(), "dying here, as told");
            std::process::abort();
        }
        if self.stall_at.as_deref() == Some(step.as_str()) && !self.has_stalled.swap(true, Ordering::SeqCst) {
            tracing::warn!(step = step.as_str(), "falling asleep here, as told");
            if let Err(error) = nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP) {
                tracing::error!(%error, "sleeping is not possible");
            }
        }
    }

    async fn material(&self, claimed: &Claimed) -> ServiceResult<(Material, Vec<String>)> {
        // No transaction: what is read of a version never changes.
        let mut connection = self.database.worker_connection().await?;
        let material = store::material(&mut connection, claimed).await?;
        let known = if claimed.stage.is_sent() {
            store::known_external_ids(&mut connection, claimed.account).await?
        } else {
            Vec::new()
        };
        Ok((material, known))
    }

    async fn request(
        &self,
        claimed: &Claimed,
        material: &Material,
        open: &OpenToken,
    ) -> Result<PublishRequest, Outcome> {
        let has_pictures = !material.media.is_empty();
        let content = material.content.for_account(claimed.platform, claimed.account);
        let mut media = Vec::with_capacity(material.media.len());
        for row in &material.media {
            media.push(self.medium(claimed.platform, row).await.map_err(Outcome::Broken)?);
        }
        Ok(PublishRequest {
            account: open.account().clone(),
            text: preflight::final_text(&content, claimed.platform, has_pictures),
            link: preflight::final_link(&content, claimed.platform, has_pictures).map(str::to_owned),
            media,
            options: content.options_for(claimed.platform),
            started_at: claimed.commit_started_at.unwrap_or_else(|| self.clock.now()),
        })
    }

    /// A picture, video or document as the platform gets it: where it takes no such picture, the copy that it takes.
    async fn medium(&self, platform: Platform, row: &MediaRow) -> ServiceResult<MediaItem> {
        let (mut kind, mut bytes, mut storage_key) = (row.kind.mime(), row.bytes, row.storage_key.clone());
        let mut variant = Variant::Original;
        if let (Some(picture), Some(rules)) = (row.picture(), platform.rules())
            && let Fit::Copy(recipe) = fit(rules, &picture)
        {
            let original =
                Original { id: row.id, workspace: row.workspace, kind: picture.kind, storage_key: &row.storage_key };
            let copy = self.copies.get(original, recipe).await?;
            (kind, bytes, storage_key, variant) =
                (copy.kind.mime(), copy.bytes, copy.storage_key, Variant::Copy(recipe));
        }
        Ok(MediaItem {
            mime: kind.to_owned(),
            size: bytes,
            alt_text: row.alt_text.clone(),
            public_url: self.public_media.as_ref().map(|public| public.url(row.id, variant)),
            source: self.files.source(&storage_key)?,
        })
    }

    fn adapter(&self, claimed: &Claimed) -> Result<&Arc<dyn Adapter>, Outcome> {
        self.adapters.get(claimed.platform).ok_or_else(|| Outcome::NoAccess {
            class: ErrorClass::Operator,
            message: format!("{} is not set up on this Arctiv.", claimed.platform.label()),
        })
    }

    async fn open(&self, claimed: &Claimed) -> Result<OpenToken, Outcome> {
        self.tokens.open(claimed.account).await.map_err(no_token)
    }

    // ---- publishing ---------------------------------------------------------------------------------------------------

    async fn publish(&self, claimed: &mut Claimed, attempt: &mut Attempt) -> Outcome {
        match self.try_publish(claimed, attempt).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }

    async fn try_publish(&self, claimed: &mut Claimed, attempt: &mut Attempt) -> Result<Outcome, Outcome> {
        let (material, _) = self.material(claimed).await.map_err(Outcome::Broken)?;
        attempt.first_comment = comment_of(&material, claimed);
        if material.deleted {
            return Ok(Outcome::Canceled);
        }
        if material.account_status != AccountStatus::Connected {
            return Ok(Outcome::NoAccess {
                class: ErrorClass::AuthRevoked,
                message: format!("The account is not connected any more ({}).", material.account_status.label()),
            });
        }
        let adapter = Arc::clone(self.adapter(claimed)?);
        let mut open = self.open(claimed).await?;
        loop {
            let request = self.request(claimed, &material, &open).await?;
            match self.stage_and_commit(adapter.as_ref(), claimed, &request, attempt).await? {
                // A 401 is a clear refusal: nothing is public. Renewed once per token, then it is the platform's word.
                Outcome::Refused { stage, error }
                    if error.class == ErrorClass::AuthExpired && claimed.refreshed_version != Some(open.version) =>
                {
                    attempt.note(stage, &error);
                    claimed.refreshed_version = Some(open.version);
                    open = self.tokens.refresh_rejected(claimed.account, open.version).await.map_err(no_token)?;
                    claimed.refreshed_version = Some(open.version);
                }
                outcome => {
                    self.report(&open, &outcome).await;
                    return Ok(outcome);
                }
            }
        }
    }

    /// Tells the keeper of tokens when the platform says that access is gone.
    async fn report(&self, open: &OpenToken, outcome: &Outcome) {
        let Outcome::Refused { error, .. } = outcome else { return };
        let confirmed = match error.class {
            ErrorClass::AuthRevoked => true,
            // Refused again right after a renewal: not yet proof, but worth a question in a minute.
            ErrorClass::AuthExpired => false,
            _ => return,
        };
        if let Err(failed) = self.tokens.revoked(open, &error.message, error.http_status, confirmed).await {
            tracing::error!(account_id = %open.account_id, cause = ?failed.cause, "a revocation could not be recorded");
        }
    }

    async fn stage_and_commit(
        &self,
        adapter: &dyn Adapter,
        claimed: &mut Claimed,
        request: &PublishRequest,
        attempt: &mut Attempt,
    ) -> Result<Outcome, Outcome> {
        loop {
            if self.stop.is_cancelled() {
                return Ok(Outcome::HandedBack);
            }
            attempt.stage = Stage::Staging;
            let saved = Some(&claimed.state).filter(|state| state.as_object().is_none_or(|map| !map.is_empty()));
            let staged = match adapter.stage(request, saved).await {
                Ok(staged) => staged,
                Err(error) => {
                    if error.stale {
                        claimed.state = serde_json::json!({});
                        self.save(claimed, Stage::Staging).await?;
                    }
                    return Ok(Outcome::Refused { stage: Stage::Staging, error: Box::new(error) });
                }
            };
            attempt.traces.extend(staged.traces.iter().filter_map(|trace| serde_json::to_value(trace).ok()));
            attempt.pause_until = staged.rate.pause_until(self.clock.now());
            claimed.state = staged.state;
            match staged.progress {
                Progress::Ready => break,
                Progress::More => self.save(claimed, Stage::Staging).await?,
                Progress::Wait { after } => {
                    self.save(claimed, Stage::Waiting).await?;
                    attempt.stage = Stage::Waiting;
                    return Ok(Outcome::Waiting(self.after(after)));
                }
            }
        }
        self.step(Step::Staged);
        if self.stop.is_cancelled() {
            self.save(claimed, Stage::Staging).await?;
            return Ok(Outcome::HandedBack);
        }
        let now = self.clock.now();
        let marked = Instant::now();
        let held = store::begin_commit(
            self.database.worker_pool(),
            claimed,
            self.worker,
            &claimed.state,
            now,
            now + self.lease,
        )
        .await
        .map_err(Outcome::Broken)?;
        if !held {
            return Ok(Outcome::Lost);
        }
        claimed.commit_started_at.get_or_insert(now);
        claimed.stage = Stage::Committing;
        attempt.stage = Stage::Committing;
        self.step(Step::Committing);
        // Had this process slept since the mark, another could be looking for the post by now: then it is not sent.
        if Duration::from_std(marked.elapsed()).is_ok_and(|slept| slept > self.lease / 4) {
            return Ok(Outcome::Lost);
        }
        match adapter.commit(request, &claimed.state).await {
            Ok(published) => {
                self.step(Step::Committed);
                self.taken(adapter, claimed, request, published).await
            }
            Err(error) => {
                if error.class != ErrorClass::OutcomeUnknown {
                    // A clear refusal: the row is no longer in doubt.
                    claimed.stage = Stage::Staging;
                }
                Ok(Outcome::Refused { stage: Stage::Committing, error: Box::new(error) })
            }
        }
    }

    /// What an accepted post comes to: public, in work, or the creator's to finish.
    async fn taken(
        &self,
        adapter: &dyn Adapter,
        claimed: &mut Claimed,
        request: &PublishRequest,
        mut published: Published,
    ) -> Result<Outcome, Outcome> {
        match std::mem::replace(&mut published.standing, Standing::Public) {
            Standing::Public => {
                if published.url.is_none() {
                    let asked = adapter.permalink(&request.account, &published.external_id);
                    // The post is out; its address is worth a moment and no more.
                    published.url = tokio::time::timeout(ADDRESS_WAIT, asked).await.ok().and_then(Result::ok).flatten();
                }
                Ok(Outcome::Published(Box::new(published)))
            }
            Standing::Processing { state, after } => {
                claimed.state = state;
                self.save(claimed, Stage::Processing).await?;
                let trace = serde_json::to_value(&published.trace).ok();
                Ok(Outcome::Taken { at: self.after(after), trace })
            }
            Standing::WaitingForCreator => {
                Ok(Outcome::WaitingForCreator { trace: serde_json::to_value(&published.trace).ok() })
            }
        }
    }

    fn after(&self, pause: std::time::Duration) -> DateTime<Utc> {
        self.clock.now() + Duration::from_std(pause).unwrap_or_else(|_| Duration::seconds(5))
    }

    async fn save(&self, claimed: &Claimed, stage: Stage) -> Result<(), Outcome> {
        let held = store::save_state(self.database.worker_pool(), claimed, self.worker, stage, &claimed.state)
            .await
            .map_err(Outcome::Broken)?;
        if held { Ok(()) } else { Err(Outcome::Lost) }
    }

    // ---- reconciling --------------------------------------------------------------------------------------------------

    async fn reconcile(&self, claimed: &mut Claimed, attempt: &mut Attempt) -> Outcome {
        attempt.stage = if claimed.stage.is_watched() { claimed.stage } else { Stage::OutcomeUnknown };
        match self.try_reconcile(claimed, attempt).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }

    async fn try_reconcile(&self, claimed: &mut Claimed, attempt: &mut Attempt) -> Result<Outcome, Outcome> {
        let (material, known) = self.material(claimed).await.map_err(Outcome::Broken)?;
        attempt.first_comment = comment_of(&material, claimed);
        let adapter = Arc::clone(self.adapter(claimed)?);
        let mut open = match self.tokens.open(claimed.account).await {
            Ok(open) => open,
            Err(TokenError::Revoked { message }) => {
                return Ok(Outcome::Unclear(format!("{message} {}", unasked(claimed.stage))));
            }
            Err(other) => return Err(no_token(other)),
        };
        loop {
            let request = self.request(claimed, &material, &open).await?;
            let outcome = match adapter.find_published(&request, Some(&claimed.state), &known).await {
                Ok(Finding::Found { external_id, url, published_at }) => Outcome::Found {
                    external_id,
                    url,
                    at: published_at.or(claimed.commit_started_at).unwrap_or_else(|| self.clock.now()),
                },
                Ok(Finding::NotFound) if claimed.reconciliations + 1 < LOOKS => {
                    claimed.reconciliations += 1;
                    Outcome::LookAgain(self.clock.now() + SECOND_LOOK)
                }
                Ok(Finding::NotFound) => Outcome::NeverArrived,
                Ok(Finding::Processing { after }) => Outcome::Taken { at: self.after(after), trace: None },
                Ok(Finding::WaitingForCreator { .. }) => Outcome::WaitingForCreator { trace: None },
                Ok(Finding::Refused { class, reason, code }) => {
                    // A clear answer at last: nothing is public, and another try begins from the start.
                    claimed.stage = Stage::Staging;
                    claimed.state = serde_json::json!({});
                    self.save(claimed, Stage::Staging).await?;
                    let mut error = PlatformError::new(claimed.platform, class).saying(reason);
                    error.code = code;
                    Outcome::Refused { stage: Stage::Staging, error: Box::new(error) }
                }
                Ok(Finding::CannotTell { reason }) => Outcome::Unclear(reason),
                Err(error)
                    if error.class == ErrorClass::AuthExpired && claimed.refreshed_version != Some(open.version) =>
                {
                    attempt.note(attempt.stage, &error);
                    open = self.tokens.refresh_rejected(claimed.account, open.version).await.map_err(no_token)?;
                    claimed.refreshed_version = Some(open.version);
                    continue;
                }
                Err(error) => Outcome::Refused { stage: attempt.stage, error: Box::new(error) },
            };
            self.report(&open, &outcome).await;
            return Ok(outcome);
        }
    }

    // ---- writing down how it ended ------------------------------------------------------------------------------------

    async fn write(
        &self,
        claimed: &Claimed,
        attempt: &Attempt,
        outcome: Outcome,
        started_at: DateTime<Utc>,
        timer: Instant,
    ) -> ServiceResult<bool> {
        let now = self.clock.now();
        let mut entry = Line { outcome: "", message: None, status: None, code: None, traces: attempt.traces.clone() };
        let mut stop_account = None;
        let comment = match outcome {
            Outcome::Published(_) | Outcome::Found { .. } => attempt.first_comment.as_deref(),
            _ => None,
        };
        let mut pause = attempt.pause_until;
        // Sending uses up an attempt; asking what has become of it does not.
        let sent_now = attempt.stage == Stage::Committing;
        let (message, external_id, url);
        let ending = match outcome {
            Outcome::Lost => return Ok(false),
            Outcome::Published(published) => {
                entry.outcome = "success";
                entry.trace(serde_json::to_value(&published.trace).ok());
                pause = pause.max(published.rate.pause_until(now));
                let published = *published;
                (external_id, url) = (published.external_id, published.url);
                Ending::Success { external_id: &external_id, url: url.as_deref(), at: now }
            }
            Outcome::Found { external_id: id, url: address, at } => {
                entry.outcome = "success";
                entry.message = Some(found_message(claimed.stage).to_owned());
                (external_id, url) = (id, address);
                Ending::Success { external_id: &external_id, url: url.as_deref(), at }
            }
            Outcome::Waiting(at) => {
                entry.outcome = "waiting";
                again(claimed, at, Stage::Waiting, false, None, None)
            }
            Outcome::Taken { at, trace } => {
                entry.outcome = "waiting";
                entry.message = Some("The platform has taken the post and is still processing it.".to_owned());
                entry.trace(trace);
                again(claimed, at, Stage::Processing, sent_now, None, None)
            }
            Outcome::WaitingForCreator { trace } => {
                entry.outcome = "waiting_for_creator";
                entry.trace(trace);
                message = match self.watch.next(claimed.commit_started_at.unwrap_or(now), now) {
                    Some(_) => "It lies in the creator's inbox at the platform, who finishes it there.".to_owned(),
                    None => "The creator has not finished it at the platform, which is not asked any more.".to_owned(),
                };
                entry.message = Some(message.clone());
                match self.watched(claimed, Stage::WithCreator, None, &message, ErrorClass::OutcomeUnknown, now) {
                    Ending::Again { at, stage, .. } => again(claimed, at, stage, sent_now, None, None),
                    ending => ending,
                }
            }
            Outcome::LookAgain(at) => {
                entry.outcome = "outcome_unknown";
                message = "The platform does not show it yet; it is asked once more before anything is sent again."
                    .to_owned();
                entry.message = Some(message.clone());
                again(claimed, at, Stage::OutcomeUnknown, false, Some(&message), Some(ErrorClass::OutcomeUnknown))
            }
            Outcome::NeverArrived if claimed.attempt >= self.policy.max_attempts() => {
                entry.outcome = "outcome_unknown";
                message = "It did not arrive at the platform, and all attempts are used up.".to_owned();
                entry.message = Some(message.clone());
                Ending::Failed { message: &message, class: ErrorClass::Transient, needs_person: false }
            }
            Outcome::NeverArrived => {
                entry.outcome = "outcome_unknown";
                message = "It did not arrive at the platform, so it is sent again.".to_owned();
                entry.message = Some(message.clone());
                Ending::Again {
                    at: now,
                    stage: Stage::Staging,
                    counts: true,
                    message: Some(&message),
                    class: None,
                    reconciliations: 0,
                    refreshed_version: claimed.refreshed_version,
                }
            }
            Outcome::Refused { stage, error } => {
                entry.outcome = error.class.as_str();
                entry.message = Some(error.message.to_string());
                entry.status = error.http_status;
                entry.code.clone_from(&error.code);
                entry.trace(error.trace.as_ref().and_then(|trace| serde_json::to_value(trace).ok()));
                message = error.message.to_string();
                if error.class == ErrorClass::Policy {
                    stop_account = Some(message.clone());
                }
                if error.class == ErrorClass::RateLimited {
                    pause = pause.max(error.retry_at);
                }
                self.after_refusal(claimed, stage, &error, &message, now)
            }
            Outcome::Unclear(reason) => {
                entry.outcome = "outcome_unknown";
                entry.message = Some(reason.clone());
                message = reason;
                Ending::Failed { message: &message, class: ErrorClass::OutcomeUnknown, needs_person: true }
            }
            Outcome::NoAccess { class, message: why } => {
                entry.outcome = class.as_str();
                entry.message = Some(why.clone());
                message = why;
                Ending::Failed { message: &message, class, needs_person: claimed.stage.is_sent() }
            }
            Outcome::Later { at, message: why } => {
                entry.outcome = "transient";
                entry.message = Some(why.clone());
                message = why;
                again(claimed, at, resting_stage(claimed), false, Some(&message), Some(ErrorClass::Transient))
            }
            Outcome::Broken(error) => {
                tracing::error!(delivery_id = %claimed.id, cause = ?error.cause, message = %error.fault.message, "an attempt broke on our side");
                entry.outcome = "transient";
                message = "Something went wrong on our side; it is tried again.".to_owned();
                entry.message = Some(message.clone());
                let pause = Duration::seconds(i64::from(claimed.attempt.min(6)) * 5);
                if claimed.attempt >= self.policy.max_attempts() * 2 {
                    Ending::Failed {
                        message: &message,
                        class: ErrorClass::Operator,
                        needs_person: claimed.stage.is_sent(),
                    }
                } else {
                    again(
                        claimed,
                        now + pause,
                        resting_stage(claimed),
                        true,
                        Some(&message),
                        Some(ErrorClass::Transient),
                    )
                }
            }
            Outcome::HandedBack => {
                entry.outcome = "waiting";
                entry.message = Some("Handed to another worker.".to_owned());
                again(claimed, now, resting_stage(claimed), false, None, None)
            }
            Outcome::Canceled => {
                entry.outcome = "canceled";
                Ending::Canceled
            }
        };
        let succeeded = matches!(ending, Ending::Success { .. });
        metrics::counter!("deliveries_attempts_total", "platform" => claimed.platform.as_str(), "outcome" => entry.outcome.to_owned()).increment(1);
        metrics::histogram!("deliveries_attempt_seconds", "platform" => claimed.platform.as_str())
            .record(timer.elapsed().as_secs_f64());
        // How long a creator takes is not the queue's doing.
        if succeeded && claimed.stage != Stage::WithCreator {
            let waited = (now - claimed.due_at).to_std().unwrap_or_default();
            metrics::histogram!("deliveries_accepted_seconds", "platform" => claimed.platform.as_str())
                .record(waited.as_secs_f64());
        }
        let mut tx = self.database.worker().await?;
        if !store::finish(&mut tx, claimed, self.worker, &ending).await? {
            return Ok(false);
        }
        let row = AttemptRow {
            id: self.ids.next(),
            stage: attempt.stage,
            outcome: entry.outcome,
            message: entry.message.as_deref(),
            http_status: entry.status,
            platform_code: entry.code.as_deref(),
            trace: serde_json::Value::Array(entry.traces),
            worker: self.worker,
            started_at,
            duration_ms: i32::try_from(timer.elapsed().as_millis()).unwrap_or(i32::MAX),
        };
        // Asked again about what it has, with the same answer: nothing for the log.
        let still_the_same = claimed.stage.is_watched()
            && matches!(&ending, Ending::Again { stage, message: None, .. } if *stage == claimed.stage);
        if !still_the_same {
            store::insert_attempt(&mut tx, claimed, &row).await?;
        }
        if let Some(until) = pause.filter(|until| *until > now) {
            store::pause_account(&mut tx, claimed.account, until).await?;
        }
        if let Some(reason) = stop_account
            && store::stop_account(&mut tx, claimed.account, &reason).await?
        {
            let entry = Entry::by_itself(claimed.workspace.into(), Action::AccountLost, now).on(claimed.account, "");
            let status = AccountStatus::Failed;
            record(&mut tx, entry.is(json!({ "platform": claimed.platform, "status": status, "reason": reason })));
        }
        if succeeded {
            store::account_answered(&mut tx, claimed.account, now).await?;
        }
        if let Some(comment) = comment
            && store::begin_comment(&mut tx, claimed, comment, now).await?
        {
            enqueue(&mut tx, &WriteComment { delivery_id: claimed.id }, None).await?;
        }
        // A post that lies with a creator is no longer on its way by itself.
        let still_open = matches!(ending, Ending::Again { stage, .. } if stage != Stage::WithCreator);
        if !still_open || claimed.stage == Stage::WithCreator {
            for (post, status) in store::derive_post_status(&mut tx, &[claimed.post]).await? {
                if let Some(action) = ended(status) {
                    record(&mut tx, Entry::by_itself(claimed.workspace.into(), action, now).on(post, ""));
                }
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Asked again later, as long as there is patience; then a person looks.
    fn watched<'a>(
        &self,
        claimed: &Claimed,
        stage: Stage,
        not_before: Option<DateTime<Utc>>,
        message: &'a str,
        class: ErrorClass,
        now: DateTime<Utc>,
    ) -> Ending<'a> {
        match self.watch.next(claimed.commit_started_at.unwrap_or(now), now) {
            Some(at) => {
                let reason = (class != ErrorClass::OutcomeUnknown).then_some((message, class)).unzip();
                again(claimed, at.max(not_before.unwrap_or(at)), stage, false, reason.0, reason.1)
            }
            None => Ending::Failed { message, class: ErrorClass::OutcomeUnknown, needs_person: true },
        }
    }

    fn after_refusal<'a>(
        &self,
        claimed: &Claimed,
        stage: Stage,
        error: &PlatformError,
        message: &'a str,
        now: DateTime<Utc>,
    ) -> Ending<'a> {
        if stage.is_watched() && passes(error.class) {
            // The platform has the post: that it cannot say just now what has become of it uses up no attempt.
            return self.watched(claimed, stage, error.retry_at, message, error.class, now);
        }
        let in_doubt = (stage.is_sent() && stage != Stage::Committing) || error.class == ErrorClass::OutcomeUnknown;
        // "You have posted this already", said to a repeated call, is evidence that the first one arrived: look again.
        let echo = error.class == ErrorClass::Duplicate && claimed.attempt > 1;
        if echo && claimed.reconciliations < LOOKS * 2 {
            return Ending::Again {
                at: now + Duration::seconds(2),
                stage: Stage::OutcomeUnknown,
                counts: false,
                message: Some(message),
                class: Some(ErrorClass::OutcomeUnknown),
                reconciliations: claimed.reconciliations + 1,
                refreshed_version: claimed.refreshed_version,
            };
        }
        let class = if in_doubt && stage == Stage::OutcomeUnknown && error.class == ErrorClass::OutcomeUnknown {
            ErrorClass::Transient
        } else {
            error.class
        };
        let failure = Failure {
            class,
            attempts: claimed.attempt.max(1),
            now,
            retry_at: error.retry_at,
            due_since: claimed.due_at,
            refreshed: true,
            random: rand::random(),
        };
        let rest = if in_doubt { Stage::OutcomeUnknown } else { Stage::Staging };
        match self.policy.next(&failure) {
            Next::Retry(at) => again(claimed, at, rest, true, Some(message), Some(error.class)),
            Next::Wait(at) => again(claimed, at, rest, false, Some(message), Some(error.class)),
            Next::Reconcile(at) => {
                again(claimed, at, Stage::OutcomeUnknown, true, Some(message), Some(ErrorClass::OutcomeUnknown))
            }
            Next::Refresh | Next::Fail => Ending::Failed { message, class: error.class, needs_person: in_doubt },
        }
    }
}

/// What is to be written below the post once it is out.
fn comment_of(material: &Material, claimed: &Claimed) -> Option<String> {
    claimed.platform.comment_rules()?;
    material.content.options.get(&claimed.platform)?.first_comment.clone()
}

/// What the record says of a post whose last delivery has ended.
const fn ended(status: PostStatus) -> Option<Action> {
    match status {
        PostStatus::Published => Some(Action::PostPublished),
        PostStatus::PartlyPublished => Some(Action::PostPartlyPublished),
        PostStatus::Failed => Some(Action::PostFailed),
        PostStatus::Draft
        | PostStatus::PendingApproval
        | PostStatus::Approved
        | PostStatus::Rejected
        | PostStatus::Scheduled
        | PostStatus::Publishing => None,
    }
}

/// Whether the platform may answer the same question another time.
const fn passes(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Transient
            | ErrorClass::RateLimited
            | ErrorClass::QuotaDaily
            | ErrorClass::MediaProcessing
            | ErrorClass::OutcomeUnknown
    )
}

/// How a post turned out to be public.
const fn found_message(stage: Stage) -> &'static str {
    match stage {
        Stage::Processing => "The platform has finished it.",
        Stage::WithCreator => "The creator has published it.",
        _ => "Found at the platform after an unclear answer.",
    }
}

/// What nobody can learn any more once access is gone.
const fn unasked(stage: Stage) -> &'static str {
    match stage {
        Stage::Processing => "What the platform made of this post cannot be asked any more.",
        Stage::WithCreator => "Whether the creator has published this post cannot be asked any more.",
        _ => "Whether this post went out before that cannot be asked any more.",
    }
}

fn again<'a>(
    claimed: &Claimed,
    at: DateTime<Utc>,
    stage: Stage,
    counts: bool,
    message: Option<&'a str>,
    class: Option<ErrorClass>,
) -> Ending<'a> {
    Ending::Again {
        at,
        stage,
        counts,
        message,
        class,
        reconciliations: claimed.reconciliations,
        refreshed_version: claimed.refreshed_version,
    }
}

/// Where a row rests between attempts: in doubt if a public call may have been made, else safe to repeat.
const fn resting_stage(claimed: &Claimed) -> Stage {
    match claimed.stage {
        Stage::Committing | Stage::OutcomeUnknown => Stage::OutcomeUnknown,
        stage @ (Stage::Waiting | Stage::Processing | Stage::WithCreator) => stage,
        Stage::Staging | Stage::Done => Stage::Staging,
    }
}

fn no_token(error: TokenError) -> Outcome {
    match error {
        TokenError::Revoked { message } => Outcome::NoAccess { class: ErrorClass::AuthRevoked, message },
        TokenError::Retry { at, message } => Outcome::Later { at, message },
        TokenError::Gone => Outcome::NoAccess {
            class: ErrorClass::AuthRevoked,
            message: "The account has been disconnected.".to_owned(),
        },
        TokenError::Internal(error) => Outcome::Broken(error),
    }
}

/// What an attempt has collected on its way.
struct Attempt {
    stage: Stage,
    traces: Vec<serde_json::Value>,
    pause_until: Option<DateTime<Utc>>,
    /// To be written below the post if it comes out.
    first_comment: Option<String>,
}

impl Default for Attempt {
    fn default() -> Self {
        Self { stage: Stage::Staging, traces: Vec::new(), pause_until: None, first_comment: None }
    }
}

impl Attempt {
    /// A refusal that was overcome within the attempt.
    fn note(&mut self, stage: Stage, error: &PlatformError) {
        self.stage = stage;
        self.traces.extend(error.trace.as_ref().and_then(|trace| serde_json::to_value(trace).ok()));
    }
}

/// The attempt's line in the log.
struct Line {
    outcome: &'static str,
    message: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    traces: Vec<serde_json::Value>,
}

impl Line {
    fn trace(&mut self, trace: Option<serde_json::Value>) {
        self.traces.extend(trace);
    }
}
