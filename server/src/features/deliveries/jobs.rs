//! The selector: who gets a saved post.

use domain::{DeliveryId, PostId, PostVersionId, ServiceResult, posts::PostStatus};
use serde::{Deserialize, Serialize};

use super::{selection::select, store};
use crate::{
    features::accounts,
    jobs::{Job, JobContext},
};

/// `ContentCreated`: one delivery per account for this version of a post. Running it twice changes nothing.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SelectTargets {
    pub post_id: PostId,
    pub version_id: PostVersionId,
}

impl Job for SelectTargets {
    const TASK: &'static str = "deliveries.select_targets";
    const MAX_ATTEMPTS: i16 = 25;

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
    let chosen = if outgoing.chosen_accounts { Some(store::chosen(&mut tx, job.post_id).await?) } else { None };
    let taken = store::taken(&mut tx, job.post_id).await?;
    let all = accounts::in_tx::of_workspace(&mut tx, outgoing.workspace).await?;
    let selection = select(&all, chosen.as_deref(), &taken, |platform| context.platforms.get(platform).is_some());
    let rows: Vec<_> = selection
        .targets
        .iter()
        .map(|(account, platform)| (DeliveryId(context.ids.next()), *account, *platform))
        .collect();
    let due = outgoing.publishes_at.map_or(now, |at| at.max(now));
    let made = store::insert_deliveries(&mut tx, job.post_id, job.version_id, &outgoing, &rows, due, now).await?;
    store::insert_skipped(&mut tx, &outgoing, job.version_id, &selection.skipped, now).await?;
    if rows.is_empty() {
        // Nobody is left who could take it: it can be changed and sent once somebody can.
        let status = if taken.is_empty() { PostStatus::Failed } else { PostStatus::PartlyPublished };
        store::set_post_status(&mut tx, job.post_id, status).await?;
    } else if made > 0 {
        store::set_post_status(&mut tx, job.post_id, PostStatus::Publishing).await?;
    }
    tx.commit().await?;
    let skipped = selection.skipped.len();
    tracing::info!(post_id = %job.post_id, accounts = rows.len(), skipped, made, "targets selected");
    Ok(())
}
