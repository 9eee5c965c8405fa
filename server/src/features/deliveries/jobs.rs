//! The selector: who gets a saved post.

use domain::{PostId, PostVersionId, ServiceResult, posts::PostStatus};
use serde::{Deserialize, Serialize};

use super::store;
use crate::jobs::{Job, JobContext};

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
    let publishing: Vec<String> = context.platforms.platforms().map(|platform| platform.as_str().to_owned()).collect();
    let targets = store::targets(&mut tx, job.post_id, &outgoing, &publishing).await?;
    let rows: Vec<_> = targets.into_iter().map(|(account, platform)| (context.ids.next(), account, platform)).collect();
    let due = outgoing.publishes_at.map_or(now, |at| at.max(now));
    let made = store::insert_deliveries(&mut tx, job.post_id, job.version_id, &outgoing, &rows, due, now).await?;
    if rows.is_empty() {
        store::set_post_status(&mut tx, job.post_id, PostStatus::Failed).await?;
    } else if made > 0 {
        store::set_post_status(&mut tx, job.post_id, PostStatus::Publishing).await?;
    }
    tx.commit().await?;
    tracing::info!(post_id = %job.post_id, accounts = rows.len(), made, "targets selected");
    Ok(())
}
