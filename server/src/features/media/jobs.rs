//! The background work of pictures.

use domain::{MediaId, ServiceResult};
use serde::{Deserialize, Serialize};

use super::{files::MediaFiles, store};
use crate::{database::Database, jobs::Job};

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

impl RemoveFiles {
    /// Does it. Nothing happens for a picture that is still there.
    pub async fn run(&self, database: &Database, files: &MediaFiles) -> ServiceResult<()> {
        let mut tx = database.worker().await?;
        let keys = store::removed_files(&mut tx, self.media_id).await?;
        tx.commit().await?;
        for key in keys.into_iter().flatten() {
            files.remove(&key).await?;
        }
        Ok(())
    }
}
