//! Writing down how an attempt ended.

use std::{
    collections::{HashMap, HashSet},
    sync::PoisonError,
    time::Instant,
};

use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, PostId, ServiceError, ServiceResult,
    accounts::AccountStatus,
    audit::Action,
    deliveries::{ErrorClass, Failure, Next, Stage},
    posts::PostStatus,
};
use platforms::PlatformError;
use serde_json::json;
use uuid::Uuid;

use super::{Attempt, LOOKS, Outcome, Pipeline, Step};
use crate::{
    database::Tx,
    features::{
        accounts::NOT_PERMITTED,
        audit::in_tx::{Entry, record},
        deliveries::{
            jobs::WriteComment,
            store::{self, AttemptRow, Claimed, Ending, Hold, Out},
        },
        notifications,
    },
    gather::together,
    jobs::enqueue,
};

/// How long an account's posts wait for one that is tried again.
const ORDER_KEPT: Duration = Duration::minutes(2);
/// How long a platform gets nothing that limits the whole app and does not say for how long.
const OF_APP: Duration = Duration::minutes(1);
/// How often an account's last answer is written down.
const ANSWERED_EVERY: Duration = Duration::minutes(1);

impl Pipeline {
    pub(super) async fn write(
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
        let mut pause = attempt.pause_until;
        // Sending uses up an attempt; asking what has become of it does not.
        let sent_now = attempt.stage == Stage::Committing;
        let message;
        let ending = match outcome {
            Outcome::Lost => return Ok(false),
            Outcome::Published(published) => {
                entry.outcome = "success";
                entry.trace(serde_json::to_value(&published.trace).ok());
                let rate_until = published.rate.pause_until(now);
                pause = pause.max(rate_until);
                if let Some(until) = rate_until.filter(|_| published.rate.of_app) {
                    self.limit(claimed.platform, until);
                }
                let line = self.line(claimed, attempt, entry, started_at, timer);
                let (id, url) = (published.external_id, published.url);
                return self.out(claimed, Out { pause, ..out(claimed, attempt, id, url, now, line) }).await;
            }
            Outcome::Found { external_id, url, at } => {
                entry.outcome = "success";
                entry.message = Some(found_message(claimed.stage).to_owned());
                let line = self.line(claimed, attempt, entry, started_at, timer);
                return self.out(claimed, Out { pause, ..out(claimed, attempt, external_id, url, at, line) }).await;
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
                // Sent more than once, and one of them may still arrive.
                Ending::Failed { message: &message, class: ErrorClass::OutcomeUnknown, needs_person: true }
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
                if error.of_app {
                    self.limit(claimed.platform, error.retry_at.unwrap_or(now + OF_APP));
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
                Ending::Failed { message: &message, class, needs_person: may_be_out(claimed) }
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
                    Ending::Failed { message: &message, class: ErrorClass::Operator, needs_person: may_be_out(claimed) }
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
        let pause = pause.max(pause_of(&ending, now));
        let line = self.line(claimed, attempt, entry, started_at, timer);
        let mut tx = self.database.worker().await?;
        if !store::finish(&mut tx, claimed, &ending).await? {
            return Ok(false);
        }
        // Asked again about what it has, with the same answer: nothing for the log.
        let still_the_same = claimed.stage.is_watched()
            && matches!(&ending, Ending::Again { stage, message: None, .. } if *stage == claimed.stage);
        if !still_the_same {
            store::insert_attempt(&mut tx, &line).await?;
        }
        if let Some(until) = pause.filter(|until| *until >= now) {
            store::pause_account(&mut tx, claimed.account, until).await?;
        }
        if let Some(reason) = stop_account
            && store::stop_account(&mut tx, claimed.account, &reason).await?
        {
            let entry = Entry::by_itself(claimed.workspace.into(), Action::AccountLost, now).on(claimed.account, "");
            let status = AccountStatus::Failed;
            record(&mut tx, entry.is(json!({ "platform": claimed.platform, "status": status, "reason": reason })));
            let workspace = claimed.workspace.into();
            notifications::in_tx::account_lost(&mut tx, self.ids.as_ref(), now, workspace, claimed.account).await?;
        }
        // A post that lies with a creator is no longer on its way by itself.
        let on_its_way = matches!(ending, Ending::Again { stage, .. } if stage != Stage::WithCreator);
        if on_its_way && claimed.stage == Stage::WithCreator {
            self.derive(&mut tx, &[(claimed.post, claimed.workspace)], now).await?;
        }
        tx.commit().await?;
        if !on_its_way {
            self.ended(claimed).await;
        }
        Ok(true)
    }

    /// Writes that a post is out, together with others that came out meanwhile.
    async fn out(&self, claimed: &Claimed, out: Out) -> ServiceResult<bool> {
        // How long a creator takes is not the queue's doing.
        if claimed.stage != Stage::WithCreator {
            let waited = (self.clock.now() - claimed.due_at).to_std().unwrap_or_default();
            metrics::histogram!("deliveries_accepted_seconds", "platform" => claimed.platform.as_str())
                .record(waited.as_secs_f64());
        }
        let written = self.outs.with(out, |outs| self.write_outs(outs)).await;
        let held = written.unwrap_or_else(|| Err(ServiceError::internal("the task that wrote it was dropped")))?;
        if held {
            self.ended(claimed).await;
        }
        Ok(held)
    }

    /// After the end of a delivery stands.
    async fn ended(&self, claimed: &Claimed) {
        self.step(Step::Ended);
        self.settling.with((claimed.post, claimed.workspace), |posts| self.settle(posts)).await;
    }

    /// One transaction for all.
    async fn write_outs(&self, outs: Vec<Out>) -> Vec<ServiceResult<bool>> {
        together(&outs, |outs| async move {
            let held = self.write_together(outs).await?;
            Ok(outs.iter().map(|out| held.contains(&out.hold)).collect())
        })
        .await
    }

    async fn write_together(&self, outs: &[Out]) -> ServiceResult<HashSet<Hold>> {
        let now = self.clock.now();
        let mut sorted: Vec<&Out> = outs.iter().collect();
        sorted.sort_by_key(|out| out.account);
        let accounts = self.to_be_noted(&sorted, now);
        let asks_more = |out: &Out| out.comment.is_some() || out.pause.is_some_and(|until| until > now);
        if accounts.is_empty() && !outs.iter().any(asks_more) {
            let mut connection = self.database.worker_connection().await?;
            return store::finish_out(&mut connection, outs).await;
        }
        let mut tx = self.database.worker().await?;
        let held = store::finish_out(&mut tx, outs).await?;
        sorted.retain(|out| held.contains(&out.hold));
        if !accounts.is_empty() {
            store::accounts_answered(&mut tx, &accounts, now, NOT_PERMITTED).await?;
        }
        for out in sorted {
            if let Some(until) = out.pause.filter(|until| *until > now) {
                store::pause_account(&mut tx, out.account, until).await?;
            }
            let line = &out.line;
            if let Some(comment) = &out.comment
                && store::begin_comment(&mut tx, (line.delivery, line.workspace), comment, now).await?
            {
                enqueue(&mut tx, &WriteComment { delivery_id: line.delivery }, None).await?;
            }
        }
        tx.commit().await?;
        self.noted(&accounts, now);
        Ok(held)
    }

    /// Ends the posts of which nothing is on its way any more. Looked at only once the ends of their deliveries stand, so that two
    /// workers that end the last two need not wait for each other: whoever is later sees both. Where a worker dies in between, the
    /// next [`settle_stranded`](Self::settle_stranded) finds the post.
    async fn settle(&self, mut posts: Vec<(PostId, Uuid)>) -> Vec<()> {
        let asked = posts.len();
        posts.sort_unstable();
        posts.dedup();
        let settled = async {
            let ids: Vec<PostId> = posts.iter().map(|(post, _)| *post).collect();
            let over = store::over(self.database.worker_pool(), &ids).await?;
            posts.retain(|(post, _)| over.contains(post));
            self.end_posts(&posts).await
        };
        if let Err(error) = settled.await {
            tracing::warn!(cause = ?error.cause, "posts could not be ended; the next sweep does it");
        }
        vec![(); asked]
    }

    /// Ends posts whose last delivery was ended by a worker that died before it could say so.
    pub async fn settle_stranded(&self) -> ServiceResult<()> {
        self.end_posts(&store::stranded(self.database.worker_pool()).await?).await
    }

    async fn end_posts(&self, posts: &[(PostId, Uuid)]) -> ServiceResult<()> {
        if posts.is_empty() {
            return Ok(());
        }
        let mut tx = self.database.worker().await?;
        self.derive(&mut tx, posts, self.clock.now()).await?;
        tx.commit().await
    }

    /// Accounts of which it is to be written down that they have answered: once in a while is enough.
    fn to_be_noted(&self, outs: &[&Out], now: DateTime<Utc>) -> Vec<AccountId> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let mut accounts: Vec<AccountId> = outs.iter().map(|out| out.account).collect();
        accounts.dedup();
        accounts.retain(|account| answered.get(account).is_none_or(|at| now - *at >= ANSWERED_EVERY));
        accounts
    }

    fn noted(&self, accounts: &[AccountId], now: DateTime<Utc>) {
        if accounts.is_empty() {
            return;
        }
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.retain(|_, at| now - *at < ANSWERED_EVERY);
        answered.extend(accounts.iter().map(|account| (*account, now)));
    }

    /// What these posts' deliveries make of them; the record of those that have ended, and the word to whom it concerns.
    pub(super) async fn derive(&self, tx: &mut Tx, posts: &[(PostId, Uuid)], now: DateTime<Utc>) -> ServiceResult<()> {
        let workspaces: HashMap<PostId, Uuid> = posts.iter().copied().collect();
        let ids: Vec<PostId> = workspaces.keys().copied().collect();
        let mut over = Vec::new();
        for (post, status) in store::derive_post_status(tx, &ids).await? {
            if let (Some(action), Some(workspace)) = (ended(status), workspaces.get(&post)) {
                record(tx, Entry::by_itself((*workspace).into(), action, now).on(post, ""));
                over.push(((*workspace).into(), post, status));
            }
        }
        notifications::in_tx::posts_ended(tx, self.ids.as_ref(), now, &over).await
    }

    /// The attempt's line in the log; counts it too.
    fn line(
        &self,
        claimed: &Claimed,
        attempt: &Attempt,
        line: Line,
        started_at: DateTime<Utc>,
        timer: Instant,
    ) -> AttemptRow {
        let took = timer.elapsed();
        tracing::Span::current().record("outcome", line.outcome);
        metrics::counter!("deliveries_attempts_total", "platform" => claimed.platform.as_str(), "outcome" => line.outcome)
            .increment(1);
        metrics::histogram!("deliveries_attempt_seconds", "platform" => claimed.platform.as_str())
            .record(took.as_secs_f64());
        AttemptRow {
            id: self.ids.next(),
            workspace: claimed.workspace,
            delivery: claimed.id,
            number: claimed.attempt,
            stage: attempt.stage,
            outcome: line.outcome,
            message: line.message,
            http_status: line.status,
            // A text of the database takes no such character.
            platform_code: line.code.map(|code| code.replace('\0', "")),
            trace: serde_json::Value::Array(line.traces),
            worker: self.worker,
            started_at,
            duration_ms: i32::try_from(took.as_millis()).unwrap_or(i32::MAX),
        }
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
        // "You have posted this already", said to a repeated call, is evidence that the first one arrived: look again, and send it no more.
        if error.class == ErrorClass::Duplicate && claimed.in_doubt_since.is_some() {
            return Ending::Again {
                at: now + Duration::seconds(2),
                stage: Stage::OutcomeUnknown,
                counts: true,
                message: Some(message),
                class: Some(ErrorClass::OutcomeUnknown),
                reconciliations: LOOKS,
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
            Next::Refresh | Next::Fail => {
                Ending::Failed { message, class: error.class, needs_person: in_doubt || may_be_out(claimed) }
            }
        }
    }
}

/// A post that is out.
fn out(
    claimed: &Claimed,
    attempt: &Attempt,
    external_id: String,
    url: Option<String>,
    at: DateTime<Utc>,
    line: AttemptRow,
) -> Out {
    Out {
        hold: claimed.hold(),
        account: claimed.account,
        external_id,
        url,
        at,
        asked: claimed.stage.is_watched(),
        pause: None,
        comment: attempt.first_comment.clone(),
        line,
    }
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

/// Whether an earlier call may have brought it out after all.
const fn may_be_out(claimed: &Claimed) -> bool {
    claimed.stage.is_sent() || claimed.in_doubt_since.is_some()
}

/// How a post turned out to be public.
const fn found_message(stage: Stage) -> &'static str {
    match stage {
        Stage::Processing => "The platform has finished it.",
        Stage::WithCreator => "The creator has published it.",
        _ => "Found at the platform after an unclear answer.",
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

/// Until when the account's other posts wait with this one. What the account or its platform is to blame for would meet them too,
/// and a person expects posts to come out in the order in which they were meant to; but one that fails again and again does not
/// hold up the others for long.
fn pause_of(ending: &Ending<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let Ending::Again { at, stage, class, .. } = ending else { return None };
    let limited = matches!(class, Some(ErrorClass::RateLimited | ErrorClass::QuotaDaily));
    // What a platform works on, or a creator, is out of the others' way.
    let in_the_way =
        matches!(stage, Stage::Staging | Stage::OutcomeUnknown) && *class != Some(ErrorClass::MediaProcessing);
    (limited || in_the_way && *at - now <= ORDER_KEPT).then_some(*at)
}

/// Where a row rests between attempts: in doubt if a public call may have been made, else safe to repeat.
const fn resting_stage(claimed: &Claimed) -> Stage {
    match claimed.stage {
        Stage::Committing | Stage::OutcomeUnknown => Stage::OutcomeUnknown,
        stage @ (Stage::Waiting | Stage::Processing | Stage::WithCreator) => stage,
        Stage::Staging | Stage::Done => Stage::Staging,
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
