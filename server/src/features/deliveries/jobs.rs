//! The time of a scheduled post has come. And what comes after one that is out: its first comment.

use std::{
    sync::Arc,
    time::{Duration as StdDuration, Instant},
};

use chrono::{DateTime, Duration, Utc};
use domain::{
    DeliveryId, ErrorCode, Platform, PostId, PostVersionId, ServiceResult, WorkspaceId, deliveries::ErrorClass,
};
use platforms::PlatformError;
use serde::{Deserialize, Serialize};

use super::{
    selector::SendOff,
    store::{self, CommentEnding, CommentRow, Outgoing},
};
use crate::{
    features::{
        accounts::{self, TokenError},
        media::Copies,
    },
    jobs::{Job, JobContext, Lane, enqueue},
};

/// One delivery per account for this version of a post. Running it twice changes nothing.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SelectTargets {
    pub post_id: PostId,
    pub version_id: PostVersionId,
}

impl Job for SelectTargets {
    const TASK: &'static str = "deliveries.select_targets";
    const MAX_ATTEMPTS: i16 = 25;
    const LANE: Lane = Lane::Publishing;

    fn key(&self) -> Option<String> {
        Some(format!("select:{}", self.version_id))
    }
}

/// Makes the deliveries of a post that is still meant to go out in this version.
pub async fn select_targets(context: JobContext, job: SelectTargets) -> ServiceResult<()> {
    let now = context.clock.now();
    let mut tx = context.db.worker().await?;
    let Some(outgoing) = store::outgoing(&mut tx, job.post_id, job.version_id).await? else {
        // Taken back, deleted, or a newer version by now: that one has its own event.
        return Ok(());
    };
    let Outgoing { workspace, chosen_accounts, publishes_at, scheduled, variations } = outgoing;
    let chosen = if chosen_accounts { Some(store::chosen(&mut tx, job.post_id).await?) } else { None };
    let sent = SendOff {
        post: job.post_id,
        version: job.version_id,
        workspace,
        chosen: chosen.as_deref(),
        variations: &variations,
        at: publishes_at.unwrap_or(now),
        scheduled,
    };
    context.selector.send_off(&mut tx, &sent, now).await?;
    tx.commit().await
}

/// Makes the copies of a version's pictures that its accounts' platforms will need, before they need them. What cannot be made
/// here is made, or refused in words, when the post goes out.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PrepareMedia {
    pub workspace_id: WorkspaceId,
    pub version_id: PostVersionId,
}

impl Job for PrepareMedia {
    const TASK: &'static str = "deliveries.prepare_media";
    const MAX_ATTEMPTS: i16 = 3;

    fn key(&self) -> Option<String> {
        Some(format!("prepare:{}", self.version_id))
    }
}

/// Does it; having done it twice changes nothing.
pub async fn prepare_media(context: JobContext, job: PrepareMedia) -> ServiceResult<()> {
    let mut tx = context.db.worker().await?;
    let shown = store::media_of(&mut tx, &[job.version_id.0]).await?.remove(&job.version_id.0).unwrap_or_default();
    let mut platforms: Vec<Platform> = accounts::in_tx::of_workspace(&mut tx, job.workspace_id)
        .await?
        .iter()
        .filter(|account| account.is_active)
        .map(|account| account.platform)
        .collect();
    tx.commit().await?;
    platforms.sort_unstable();
    platforms.dedup();
    let copies = Copies::new(context.db.clone(), context.files.clone(), Arc::clone(&context.clock));
    for row in shown.iter() {
        for platform in &platforms {
            let Some((original, recipe)) = row.copy_for(*platform) else { continue };
            match copies.get(original, recipe).await {
                Err(error) if error.code() == ErrorCode::ValidationError => {
                    tracing::info!(media_id = %row.id, %recipe, reason = error.fault.message, "no copy can be made");
                }
                made => drop(made?),
            }
        }
    }
    Ok(())
}

/// Writes the first comment below a post that is out.
///
/// A comment is public at once and no platform takes an idempotency key for it, so it is written at most once by
/// itself: before the call the row says `writing`, and a row found in that state belongs to a process that died in the
/// middle. Nobody can ask a platform for a comment of ours, so then a person looks.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct WriteComment {
    pub delivery_id: DeliveryId,
}

impl Job for WriteComment {
    const TASK: &'static str = "deliveries.write_comment";

    fn key(&self) -> Option<String> {
        Some(format!("comment:{}", self.delivery_id))
    }
}

/// Pauses after the first, second and every further refusal that passes.
const COMMENT_PAUSES: [Duration; 4] =
    [Duration::seconds(10), Duration::minutes(1), Duration::minutes(5), Duration::minutes(30)];
/// Tries that a platform may refuse for the time being.
const COMMENT_TRIES: u32 = 5;
/// A call takes less than this.
const COMMENT_CALL: Duration = Duration::minutes(2);
/// The call is made only this soon after the comment was taken, so that it is over before somebody calls it interrupted.
const COMMENT_BEGINS: StdDuration = StdDuration::from_secs(30);

/// What becomes of a comment.
enum Comment {
    Written { external_id: String },
    Later { at: DateTime<Utc>, message: String, counts: bool },
    Failed { message: String },
    Unclear { message: String },
}

pub async fn write_comment(context: JobContext, job: WriteComment) -> ServiceResult<()> {
    let now = context.clock.now();
    let mut tx = context.db.worker().await?;
    let Some(row) = store::take_comment(&mut tx, job.delivery_id, now).await? else {
        // Written or given up; or somebody has it in hand, who may have died with it.
        let Some(begun) = store::comment_begun(&mut tx, job.delivery_id).await? else { return Ok(()) };
        if begun + COMMENT_CALL > now {
            enqueue(&mut tx, &job, Some(begun + COMMENT_CALL)).await?;
        } else {
            let message = "Arctiv was interrupted while it wrote this comment. Look at the post: if it is not there, \
                           write it again.";
            store::end_comment(&mut tx, job.delivery_id, begun, &CommentEnding::Unclear { message }, now).await?;
        }
        return tx.commit().await;
    };
    let taken = Instant::now();
    tx.commit().await?;
    let end = comment(&context, &row, taken).await;
    let now = context.clock.now();
    let mut tx = context.db.worker().await?;
    let ending = match &end {
        Comment::Written { external_id } => CommentEnding::Written { external_id },
        Comment::Later { message, counts, .. } => CommentEnding::Again { message, counts: *counts },
        Comment::Failed { message } => CommentEnding::Failed { message },
        Comment::Unclear { message } => CommentEnding::Unclear { message },
    };
    store::end_comment(&mut tx, job.delivery_id, row.started_at, &ending, now).await?;
    if let Comment::Later { at, .. } = end {
        enqueue(&mut tx, &job, Some(at)).await?;
    }
    tx.commit().await
}

async fn comment(context: &JobContext, row: &CommentRow, taken: Instant) -> Comment {
    let failed = |message: &str| Comment::Failed { message: message.to_owned() };
    let Some(post) = row.external_id.as_deref() else {
        return failed("Nobody knows the post's address at the platform, so the comment was not written.");
    };
    let Some(adapter) = context.platforms.get(row.platform) else {
        return failed("This platform is no longer set up on this Arctiv.");
    };
    let mut open = match context.tokens.open(row.account).await {
        Ok(open) => open,
        Err(error) => return without_token(context, error),
    };
    let mut renewed = false;
    loop {
        if taken.elapsed() > COMMENT_BEGINS {
            let message = "Arctiv was held up before it wrote this comment; it is tried again.".to_owned();
            return Comment::Later { at: context.clock.now(), message, counts: false };
        }
        let error = match adapter.comment(&open.account(), post, &row.text).await {
            Ok(external_id) => return Comment::Written { external_id },
            Err(error) => error,
        };
        if error.class == ErrorClass::AuthExpired && !renewed {
            // A clear refusal: nothing was written.
            renewed = true;
            open = match context.tokens.refresh_rejected(row.account, open.version).await {
                Ok(open) => open,
                Err(error) => return without_token(context, error),
            };
            continue;
        }
        return after_refusal(context, row, &error);
    }
}

fn after_refusal(context: &JobContext, row: &CommentRow, error: &PlatformError) -> Comment {
    let message = error.message.to_string();
    let passing = matches!(
        error.class,
        ErrorClass::RateLimited | ErrorClass::QuotaDaily | ErrorClass::Transient | ErrorClass::MediaProcessing
    );
    match error.class {
        ErrorClass::OutcomeUnknown => Comment::Unclear {
            message: format!(
                "{} gave no clear answer. Look at the post: if the comment is not there, write it again.",
                row.platform.label()
            ),
        },
        _ if passing && row.attempt < COMMENT_TRIES => {
            let pause = COMMENT_PAUSES.get(row.attempt.saturating_sub(1) as usize).copied();
            let pause = pause.unwrap_or_else(|| Duration::minutes(30));
            let at = error.retry_at.unwrap_or_default().max(context.clock.now() + pause);
            Comment::Later { at, message, counts: true }
        }
        _ => Comment::Failed { message },
    }
}

fn without_token(context: &JobContext, error: TokenError) -> Comment {
    match error {
        TokenError::Retry { at, message } => Comment::Later { at, message, counts: false },
        TokenError::Revoked { message } => Comment::Failed { message },
        TokenError::Gone => Comment::Failed { message: "The account has been disconnected.".to_owned() },
        TokenError::Internal(error) => {
            tracing::error!(cause = ?error.cause, "a token for a first comment could not be opened");
            let message = "Something went wrong on our side; it is tried again.".to_owned();
            Comment::Later { at: context.clock.now() + Duration::minutes(1), message, counts: true }
        }
    }
}
