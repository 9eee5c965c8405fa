//! One row's way: stage → wait → commit, or, after an unclear answer, asking the platform first.
//!
//! The rule that nothing is published twice rests on three facts. Before the public call the row says `committing`, in
//! a transaction of its own. Whoever holds a row that says `committing` or `outcome_unknown` without knowing how the
//! call ended asks the platform, and sends again only after three answers that it is not there; so does whoever holds one that
//! the platform has taken and is working on, or that lies with its creator. A post that a platform has not shown at several looks is sent
//! again, but remembered as one that may be out: what then fails for good waits for a person. And a worker makes the
//! call only while its lease is young enough that nobody else can hold the row before the call's own time limit ends.

mod ending;
mod outage;
mod publishing;
mod reconciling;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, DeliveryId, ErrorCode, Platform, PostId, PostVersionId, ServiceError, ServiceResult,
    clock::{Clock, Ids},
    deliveries::{ErrorClass, RetryPolicy, Stage, WatchPolicy},
    media::Variant,
    posts::preflight,
};
use platforms::{Adapter, MediaItem, PlatformError, PublishRequest, Published, Registry};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, field::Empty};
use uuid::Uuid;

use super::store::{self, Claimed, Mark, Material, MediaRow, Out, Versions};
use crate::{
    database::Database,
    features::{
        accounts::{OpenToken, TokenError, Tokens},
        media::{Copies, MediaFiles, PublicMedia},
    },
    gather::{Gather, together},
};

/// Answers of "not there" before a post is sent again. Where the platform has said that it has it already, as many again, and then a
/// person looks.
const LOOKS: u32 = 3;
/// Times that a row may be taken up, for each attempt that it has. Those beyond the attempts were interrupted: something about it stops
/// whoever works on it.
const TAKEN_UP: u32 = 3;
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
    /// The delivery's end is written, its post's is not.
    Ended,
    Finished,
}

impl Step {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Staged => "staged",
            Self::Committing => "committing",
            Self::Committed => "committed",
            Self::Ended => "ended",
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
    /// What deliveries under way ask of the database at the same moment.
    pub materials: Gather<(DeliveryId, PostVersionId), ServiceResult<Option<Material>>>,
    pub versions: Versions,
    pub marks: Gather<Mark, ServiceResult<bool>>,
    pub outs: Gather<Out, ServiceResult<bool>>,
    /// Posts of which something has just come out.
    pub settling: Gather<(PostId, Uuid), ()>,
    /// Accounts of whose answers this worker has written down that they came.
    pub answered: Mutex<HashMap<AccountId, DateTime<Utc>>>,
    /// Until when platforms want nothing more of the whole app. In this process only: another one hears it by its own next call.
    pub limits: Mutex<HashMap<Platform, DateTime<Utc>>>,
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
    /// Not there at this look; the next comes then.
    LookAgain(DateTime<Utc>),
    /// Not there at any look: it may be sent again.
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
    /// The row has been claimed by somebody else since, or once more by this worker.
    Lost,
}

impl Pipeline {
    /// Runs one attempt of a claimed row and writes how it ended.
    pub async fn run(&self, claimed: Claimed) {
        let span = tracing::info_span!(
            "delivery",
            delivery_id = %claimed.id,
            platform = claimed.platform.as_str(),
            attempt = claimed.attempt,
            outcome = Empty
        );
        self.attempt(claimed).instrument(span).await;
    }

    async fn attempt(&self, mut claimed: Claimed) {
        let started_at = self.clock.now();
        let timer = Instant::now();
        self.step(Step::Claimed);
        let mut attempt = Attempt::default();
        let outcome = if claimed.attempt > self.policy.max_attempts() * TAKEN_UP {
            let message = "Arctiv was interrupted each time it worked on this post.".to_owned();
            Outcome::NoAccess { class: ErrorClass::Operator, message }
        } else if claimed.stage.is_sent() {
            self.reconcile(&mut claimed, &mut attempt).await
        } else {
            self.publish(&mut claimed, &mut attempt).await
        };
        let written = self.write(&claimed, &attempt, outcome, started_at, timer).await;
        match written {
            Ok(true) => self.step(Step::Finished),
            Ok(false) => tracing::warn!(delivery_id = %claimed.id, "this delivery has been claimed anew since"),
            // The lease runs out and somebody finishes it by its stage.
            Err(error) => {
                tracing::error!(delivery_id = %claimed.id, cause = ?error.cause, "the end of an attempt could not be saved");
            }
        }
    }

    /// A platform wants nothing more of the whole app until then.
    fn limit(&self, platform: Platform, until: DateTime<Utc>) {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let known = limits.entry(platform).or_insert(until);
        if *known <= until {
            *known = until;
            tracing::warn!(%platform, %until, "the platform limits the whole app; no account of it gets anything until then");
        }
    }

    /// Platforms that want nothing of the app at present.
    pub fn limited(&self) -> Vec<Platform> {
        let now = self.clock.now();
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.retain(|_, until| *until > now);
        limits.keys().copied().collect()
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

    /// What a delivery works with, and, where it may have been sent already, which posts of its account are known.
    async fn material(&self, claimed: &Claimed) -> ServiceResult<(Material, Vec<String>)> {
        let wanted = (claimed.id, claimed.version);
        let material = self.materials.with(wanted, |wanted| self.read_materials(wanted)).await;
        let material = material.unwrap_or_else(|| Err(ServiceError::internal("the task that read it was dropped")))?;
        let material = material.ok_or_else(|| ServiceError::internal("a claimed delivery is gone"))?;
        let known = if claimed.stage.is_sent() {
            let mut connection = self.database.worker_connection().await?;
            store::known_external_ids(&mut connection, claimed.account).await?
        } else {
            Vec::new()
        };
        Ok((material, known))
    }

    async fn read_materials(&self, wanted: Vec<(DeliveryId, PostVersionId)>) -> Vec<ServiceResult<Option<Material>>> {
        together(&wanted, |wanted| async move {
            // No transaction: what is read of a version never changes.
            let mut connection = self.database.worker_connection().await?;
            let read = store::materials(&mut connection, &self.versions, wanted).await?;
            // Two may ask for one: an earlier claim of it that does not count any more.
            Ok(wanted.iter().map(|(id, _)| read.get(id).cloned()).collect())
        })
        .await
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
        for row in material.media.iter() {
            media.push(self.medium(claimed.platform, row).await.map_err(|error| unfit(claimed.platform, error))?);
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
        if let Some((original, recipe)) = row.copy_for(platform) {
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

    fn after(&self, pause: std::time::Duration) -> DateTime<Utc> {
        self.clock.now() + Duration::from_std(pause).unwrap_or_else(|_| Duration::seconds(5))
    }

    async fn save(&self, claimed: &Claimed, stage: Stage) -> Result<(), Outcome> {
        let held = store::save_state(self.database.worker_pool(), claimed, stage, &claimed.state)
            .await
            .map_err(Outcome::Broken)?;
        if held { Ok(()) } else { Err(Outcome::Lost) }
    }
}

/// What is to be written below the post once it is out.
fn comment_of(material: &Material, claimed: &Claimed) -> Option<String> {
    claimed.platform.comment_rules()?;
    material.content.options.get(&claimed.platform)?.first_comment.clone()
}

/// A picture of which no copy can be made is to blame itself: sent again, it would be no better.
fn unfit(platform: Platform, error: ServiceError) -> Outcome {
    if error.code() != ErrorCode::ValidationError {
        return Outcome::Broken(error);
    }
    let message = error.fault.message;
    let error = PlatformError::new(platform, ErrorClass::MediaInvalid).saying(message);
    Outcome::Refused { stage: Stage::Staging, error: Box::new(error) }
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
