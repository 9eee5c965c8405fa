//! How what waits for a webhook is sent: signed, to an address that may be called, again after pauses, until it has arrived or is
//! given up.
//!
//! One job works off what is due for one webhook, an event after the other, and stops at the first that does not arrive: an address
//! that answers nobody holds up its own events and a moment of one job, never those of others. An attempt is claimed in the row
//! before the call, so that of two workers one makes it. A process that dies in the middle leaves an attempt that counts and is
//! made again: an event may in rare cases arrive twice, under the same id.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Duration, Utc};
use domain::{
    ServiceError, ServiceResult, WebhookId, WorkspaceId,
    audit::Action,
    notifications::{NotificationEvent, WebhookDeliveryStatus, WebhookOff},
    text::truncate_chars,
};
use platforms::{Http, Notice, NoticeFailed};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;
use vault::{Context, Vault};

use super::signature;
use crate::{
    database::Database,
    features::{
        audit::in_tx::{Entry, record},
        notifications::{in_tx, store::webhooks as store},
    },
    jobs::{Job, JobContext, enqueue},
};

/// Calls at once in this process: jobs of other kinds, on which posts wait, always find a place.
const AT_ONCE: usize = 2;
/// Events that one job sends before others have their turn.
const IN_A_ROW: usize = 25;
/// How soon a job comes back that found no place.
const NO_PLACE: Duration = Duration::seconds(2);
/// How long a webhook rests after an event that did not arrive, before the next one is tried.
const REST: Duration = Duration::seconds(10);
/// By at most this part of itself a pause is longer, at random.
const JITTER: i64 = 10;
/// What the call's own limit is exceeded by when its worker has died.
const LEASE_MARGIN: Duration = Duration::seconds(45);

/// What sending needs. Cheap to clone.
#[derive(Clone)]
pub struct WebhookSender {
    with: Arc<SenderSetup>,
    places: Arc<Semaphore>,
}

/// What a [`WebhookSender`] is made of.
pub struct SenderSetup {
    pub http: Arc<Http>,
    pub vault: Arc<Vault>,
    /// After the first, second … attempt; one more attempt than pauses.
    pub pauses: Vec<Duration>,
    /// The longest call.
    pub timeout: std::time::Duration,
    /// With nothing but failures for so long a webhook is switched off.
    pub off_after: Duration,
}

impl fmt::Debug for WebhookSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSender")
    }
}

impl fmt::Debug for SenderSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderSetup").finish_non_exhaustive()
    }
}

/// Where a secret is sealed.
pub(super) fn place(id: &Uuid) -> Context<'_> {
    Context::new("webhook_secrets", id.as_bytes(), "sealed")
}

impl WebhookSender {
    pub fn new(setup: SenderSetup) -> Self {
        Self { with: Arc::new(setup), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The pause after this attempt; `None` when it was the last.
    fn pause(&self, attempt: u16) -> Option<Duration> {
        let pause = usize::from(attempt).checked_sub(1).and_then(|at| self.with.pauses.get(at))?;
        // What failed together is not sent together again.
        Some(*pause + Duration::milliseconds(rand::random_range(0..=pause.num_milliseconds() / JITTER)))
    }
}

/// Something waits for a webhook.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SendWebhook {
    pub webhook: WebhookId,
    /// The next attempt of something that did not arrive. Such a job has a key of its own: put off, it must not put off what has
    /// just happened.
    pub later: bool,
}

impl Job for SendWebhook {
    const TASK: &'static str = "notifications_send_webhook";

    fn key(&self) -> Option<String> {
        let when = if self.later { "later" } else { "now" };
        Some(format!("webhook:{}:{when}", self.webhook))
    }
}

/// Sends what is due.
pub async fn send_webhook(context: JobContext, job: SendWebhook) -> ServiceResult<()> {
    let sender = &context.webhooks;
    let Ok(_place) = sender.places.try_acquire() else {
        let mut tx = context.db.worker().await?;
        enqueue(&mut tx, &SendWebhook { later: true, ..job }, Some(context.clock.now() + NO_PLACE)).await?;
        return tx.commit().await;
    };
    let mut rest = None;
    for _ in 0..IN_A_ROW {
        match attempt(&context, job.webhook).await? {
            Attempted::Nothing => break,
            Attempted::Arrived => {}
            Attempted::Failed => {
                rest = Some(context.clock.now() + REST);
                break;
            }
        }
    }
    let mut tx = context.db.worker().await?;
    if let Some(at) = store::next_due(&mut tx, job.webhook).await? {
        let at = rest.map_or(at, |rest| at.max(rest));
        enqueue(&mut tx, &SendWebhook { later: true, ..job }, Some(at)).await?;
    }
    tx.commit().await
}

enum Attempted {
    /// Nothing is due, or the webhook is off.
    Nothing,
    Arrived,
    Failed,
}

async fn attempt(context: &JobContext, webhook: WebhookId) -> ServiceResult<Attempted> {
    let sender = &context.webhooks;
    let now = context.clock.now();
    let mut tx = context.db.worker().await?;
    let lease = now + sender.with.timeout + LEASE_MARGIN;
    let Some(claimed) = store::claim(&mut tx, webhook, now, lease).await? else { return Ok(Attempted::Nothing) };
    let secrets = open(&sender.with.vault, store::secrets(&mut tx, webhook, now).await?)?;
    tx.commit().await?;
    let id = format!("msg_{}", claimed.id.0.simple());
    let signature = signature::sign(&secrets, &id, now, &claimed.body)
        .ok_or_else(|| ServiceError::internal("a webhook has no secret that signs"))?;
    let notice = Notice {
        url: &claimed.url,
        body: &claimed.body,
        headers: &[
            ("webhook-id", id.as_str()),
            ("webhook-timestamp", &now.timestamp().to_string()),
            ("webhook-signature", &signature),
        ],
    };
    let timer = std::time::Instant::now();
    let answer = sender.with.http.notify(notice).await;
    let took_ms = u32::try_from(timer.elapsed().as_millis()).unwrap_or(u32::MAX);
    let (response_status, error) = match answer {
        Ok(status) if (200..300).contains(&status) => (Some(status), None),
        Ok(status) => (Some(status), Some(refusal(status))),
        Err(NoticeFailed::Refused(why)) => (None, Some(format!("Not called: {why}."))),
        Err(NoticeFailed::Silent(why)) => (None, Some(format!("No answer: {why}."))),
    };
    let at = context.clock.now();
    let next = sender.pause(claimed.attempt).map(|pause| at + pause).filter(|_| error.is_some());
    let status = match (&error, next) {
        (None, _) => WebhookDeliveryStatus::Delivered,
        (Some(_), Some(_)) => WebhookDeliveryStatus::Waiting,
        (Some(_), None) => WebhookDeliveryStatus::Failed,
    };
    let ended = store::Ended {
        status,
        next,
        response_status,
        error: error.as_deref().map(|error| truncate_chars(error, 500)),
        took_ms,
        at,
    };
    let outcome = if error.is_none() { "delivered" } else { "failed" };
    metrics::counter!("webhook_attempts_total", "outcome" => outcome).increment(1);
    let mut tx = context.db.worker().await?;
    // Whether or not the row is still this attempt's: the address has answered.
    store::attempt_ended(&mut tx, &claimed, &ended).await?;
    let attempted = if error.is_none() {
        store::arrives(&mut tx, webhook).await?;
        Attempted::Arrived
    } else {
        let since = store::fails(&mut tx, webhook, at).await?;
        let because = match response_status {
            Some(410) => Some(WebhookOff::Gone),
            _ => since.filter(|since| *since + sender.with.off_after <= at).map(|_| WebhookOff::Failing),
        };
        if let Some(because) = because {
            stop(context, &mut tx, webhook, claimed.workspace, because, at).await?;
        }
        Attempted::Failed
    };
    tx.commit().await?;
    Ok(attempted)
}

/// What an answer means that is no success.
fn refusal(status: u16) -> String {
    match status {
        300..400 => format!("Answered {status}: redirects are not followed. Enter the address it leads to."),
        410 => "Answered 410: the address is gone.".to_owned(),
        status => format!("Answered {status}."),
    }
}

/// Switches a webhook off, gives up what waits for it, and tells the admins.
async fn stop(
    context: &JobContext,
    tx: &mut crate::database::Tx,
    webhook: WebhookId,
    workspace: WorkspaceId,
    because: WebhookOff,
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    let Some(url) = store::stop(tx, webhook, because, at).await? else { return Ok(()) };
    store::give_up(tx, webhook, because.words(), at).await?;
    let event = NotificationEvent::WebhookDisabled;
    in_tx::tell(tx, context.ids.as_ref(), at, event, &[(workspace, webhook.0)]).await?;
    let entry = Entry::by_itself(workspace, Action::WebhookStopped, at).on(webhook, &url);
    record(tx, entry.is(json!({ "because": because })));
    tracing::info!(%webhook, because = because.as_str(), "a webhook was switched off");
    Ok(())
}

fn open(vault: &Vault, sealed: Vec<(Uuid, Vec<u8>)>) -> ServiceResult<Vec<SecretString>> {
    sealed.into_iter().map(|(id, sealed)| vault.open(&sealed, &place(&id)).map_err(ServiceError::internal)).collect()
}

/// Seals all secrets anew that are not under the present sealing key and cipher: how many, and how many could not be opened. Safe
/// while the program runs, and to break off.
pub async fn reseal_all(database: &Database, vault: &Vault) -> ServiceResult<(u64, u64)> {
    const BATCH: i64 = 200;
    let prefix = vault.sealing_prefix();
    let (mut resealed, mut unreadable) = (0, 0);
    let mut after = Uuid::nil();
    loop {
        let mut tx = database.worker().await?;
        let batch = store::stale_secrets(&mut tx, &prefix, after, BATCH).await?;
        let Some((last, _)) = batch.last() else { return Ok((resealed, unreadable)) };
        after = *last;
        for (id, sealed) in batch {
            match vault.reseal(&sealed, &place(&id)) {
                Ok(Some(anew)) => {
                    store::save_resealed(&mut tx, id, &anew).await?;
                    resealed += 1;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(secret = %id, %error, "the secret of a webhook cannot be sealed anew");
                    unreadable += 1;
                }
            }
        }
        tx.commit().await?;
    }
}
