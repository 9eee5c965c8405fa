//! The background work of pictures.

use std::{pin::pin, time::Duration as StdDuration};

use chrono::{DateTime, Duration, Utc};
use domain::{MediaId, ServiceResult};
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::{files::MediaFiles, store};
use crate::{
    database::Database,
    jobs::{Job, JobContext},
};

/// Takes the files of a removed picture off the store. Running it twice changes nothing.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RemoveFiles {
    pub media_id: MediaId,
}

impl Job for RemoveFiles {
    const TASK: &'static str = "media.remove_files";
    const MAX_ATTEMPTS: i16 = 25;

    fn key(&self) -> Option<String> {
        Some(format!("remove:{}", self.media_id))
    }
}

/// Does it. Nothing happens for a picture that is still there.
pub async fn remove_files(context: JobContext, job: RemoveFiles) -> ServiceResult<()> {
    remove(&context.db, &context.files, job.media_id).await
}

pub(super) async fn remove(database: &Database, files: &MediaFiles, picture: MediaId) -> ServiceResult<()> {
    let mut tx = database.worker().await?;
    let keys = store::removed_files(&mut tx, picture).await?;
    tx.commit().await?;
    for key in keys {
        files.remove(&key).await?;
    }
    Ok(())
}

/// How old a file must be before anybody asks whose it is: an upload writes its files first, and its row moments later.
const GRACE_HOURS: u32 = 24;
/// Files looked up at once.
const BATCH: usize = 500;

/// Takes files off the store that belong to no picture: their upload died before its row was saved, or the removal of
/// their picture did not get through. Looks at the whole store; running it twice changes nothing.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct SweepFiles {}

impl Job for SweepFiles {
    const TASK: &'static str = "media.sweep_files";

    fn key(&self) -> Option<String> {
        Some(Self::TASK.to_owned())
    }
}

/// Does it.
pub async fn sweep_files(context: JobContext, _: SweepFiles) -> ServiceResult<()> {
    let before = context.clock.now() - Duration::hours(i64::from(GRACE_HOURS));
    let files = sweep(&context.db, &context.files, before).await?;
    let half_written = context.files.remove_half_written(StdDuration::from_hours(u64::from(GRACE_HOURS))).await?;
    if files + half_written > 0 {
        tracing::info!(files, half_written, "files that belong to no picture were removed");
    }
    Ok(())
}

/// Removes files written before `before` whose picture does not exist; how many.
pub(super) async fn sweep(database: &Database, files: &MediaFiles, before: DateTime<Utc>) -> ServiceResult<u64> {
    let mut removed = 0;
    let mut batches = pin!(files.older_than(before).try_chunks(BATCH));
    while let Some(batch) = batches.next().await {
        // What was read before the error is looked at in the next run.
        let batch = batch.map_err(|error| error.1)?;
        let ids: Vec<MediaId> = batch.iter().map(|(_, id)| *id).collect();
        let mut tx = database.worker().await?;
        let alive = store::alive(&mut tx, &ids).await?;
        tx.commit().await?;
        for (key, _) in batch.iter().filter(|(_, id)| !alive.contains(id)) {
            files.remove(key).await?;
            removed += 1;
        }
    }
    Ok(removed)
}
