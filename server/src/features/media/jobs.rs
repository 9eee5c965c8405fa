//! The background work of pictures.

use domain::{MediaId, ServiceResult};
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
    for key in keys.into_iter().flatten() {
        files.remove(&key).await?;
    }
    Ok(())
}
