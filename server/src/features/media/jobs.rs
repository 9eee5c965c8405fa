//! The background work of media: looking at what has arrived, and clearing away what nobody needs.

use std::{pin::pin, time::Duration as StdDuration};

use axum::body::Bytes;
use chrono::{DateTime, Duration, Utc};
use domain::{
    ErrorCode, MediaId, ServiceError, ServiceResult, UploadId,
    audit::Action,
    media::{FileSource as _, KEPT_DAYS, MediaKind, MediaType, max_bytes, too_large},
};
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    files::{self, MediaFiles, Owner},
    inspect::{self, Unfit},
    name, picture,
    pieces::{self, Pieces},
    store::{self, Arrived, Facts, NewMedia},
};
use crate::{
    database::Database,
    features::{
        audit::in_tx::{Entry, record},
        posts,
    },
    jobs::{Job, JobContext},
};

/// Makes an asset of an upload that has arrived whole. Running it twice gives one asset: the asset has the upload's id.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FinishUpload {
    pub upload_id: UploadId,
}

impl Job for FinishUpload {
    const TASK: &'static str = "media.finish_upload";

    fn key(&self) -> Option<String> {
        Some(format!("finish:{}", self.upload_id))
    }
}

/// Does it.
pub async fn finish_upload(context: JobContext, job: FinishUpload) -> ServiceResult<()> {
    let mut tx = context.db.worker().await?;
    let arrived = store::arrived(&mut tx, job.upload_id).await?;
    tx.commit().await?;
    let Some(arrived) = arrived else { return Ok(()) };
    let settled = match keep(&context, &arrived).await {
        Ok(kept) => Ok(kept),
        // What the file is to blame for is said to whoever sent it; all else is tried again.
        Err(error) if matches!(error.code(), ErrorCode::ValidationError | ErrorCode::PayloadTooLarge) => {
            Err(error.fault.message)
        }
        Err(error) => return Err(error),
    };
    let mut tx = context.db.worker().await?;
    store::settle_upload(&mut tx, arrived.id, &settled).await?;
    let keys = store::take_pieces(&mut tx, arrived.id).await?;
    tx.commit().await?;
    for key in keys {
        context.files.remove(&key).await?;
    }
    Ok(())
}

/// An asset, and whether it was there already.
type Kept = (MediaId, bool);

async fn keep(context: &JobContext, arrived: &Arrived) -> ServiceResult<Kept> {
    let file = Pieces::new(&context.files, &arrived.pieces);
    let head = file.read(0..arrived.length.min(inspect::HEAD)).await?;
    match inspect::sniff(&head, arrived.length)? {
        MediaType::Image(_) => keep_picture(context, arrived, &file).await,
        _ => keep_film(context, arrived, &file).await,
    }
}

async fn keep_picture(context: &JobContext, arrived: &Arrived, file: &Pieces<'_>) -> ServiceResult<Kept> {
    if arrived.length > max_bytes(MediaKind::Image) {
        return Err(too_large(MediaKind::Image));
    }
    let bytes = file.read(0..arrived.length).await?;
    let picture = picture::aside(move || picture::prepare(&bytes)).await?;
    let id = MediaId(arrived.id.0);
    let folder = files::folder(arrived.workspace, &picture.sha256, id);
    let storage_key = format!("{folder}/original.{}", picture.kind.extension());
    let thumbnail_key = format!("{folder}/thumbnail.{}", picture.thumbnail.kind.extension());
    let new = NewMedia {
        id,
        workspace: arrived.workspace,
        sha256: &picture.sha256,
        file_name: &name::sanitise(&arrived.file_name, MediaType::Image(picture.kind)),
        kind: MediaType::Image(picture.kind),
        bytes: picture.bytes.len() as u64,
        facts: Facts { width: Some(picture.width), height: Some(picture.height), ..Facts::default() },
        alt_text: arrived.alt_text.as_deref(),
        storage_key: &storage_key,
        thumbnail_key: Some(&thumbnail_key),
        created_by: arrived.created_by,
        at: context.clock.now(),
    };
    let known = known(context, &new).await?;
    if let Some(known) = known {
        return Ok((known, known != id));
    }
    tokio::try_join!(
        context.files.write(&storage_key, Bytes::from(picture.bytes)),
        context.files.write(&thumbnail_key, Bytes::from(picture.thumbnail.bytes))
    )?;
    save(context, &new).await
}

/// A video or a document: never held whole, but for small documents.
async fn keep_film(context: &JobContext, arrived: &Arrived, file: &Pieces<'_>) -> ServiceResult<Kept> {
    let found = inspect::inspect(file, arrived.length).await.map_err(|unfit| match unfit {
        Unfit::Refused(refusal) => refusal.into(),
        Unfit::Broken(error) => error,
    })?;
    // Twice through the file: what it is called in the store, and whether it is there already, follows from all of it.
    let sha256 = pieces::hash(file, arrived.length, &found.patches).await?;
    let id = MediaId(arrived.id.0);
    let storage_key = format!("{}/original.{}", files::folder(arrived.workspace, &sha256, id), found.kind.extension());
    let new = NewMedia {
        id,
        workspace: arrived.workspace,
        sha256: &sha256,
        file_name: &name::sanitise(&arrived.file_name, found.kind),
        kind: found.kind,
        bytes: arrived.length,
        facts: found.facts,
        alt_text: arrived.alt_text.as_deref(),
        storage_key: &storage_key,
        thumbnail_key: None,
        created_by: arrived.created_by,
        at: context.clock.now(),
    };
    if let Some(known) = known(context, &new).await? {
        return Ok((known, known != id));
    }
    pieces::copy(file, arrived.length, &found.patches, context.files.writer(&storage_key).await?).await?;
    save(context, &new).await
}

/// The asset with the same bytes, if there is one; an alt text that came with these replaces its own.
async fn known(context: &JobContext, new: &NewMedia<'_>) -> ServiceResult<Option<MediaId>> {
    let mut tx = context.db.worker().await?;
    let known = store::by_hash(&mut tx, new.workspace, new.sha256).await?.map(|row| row.id);
    // Whoever sent it may have been a member; what a post on its way says of the file stays as it was approved.
    if let (Some(known), Some(text)) = (known, new.alt_text)
        && !posts::in_tx::settled_with(&mut tx, new.workspace, known).await?
    {
        store::set_alt_text(&mut tx, new.workspace, known, Some(text)).await?;
    }
    tx.commit().await?;
    Ok(known)
}

async fn save(context: &JobContext, new: &NewMedia<'_>) -> ServiceResult<Kept> {
    let mut tx = context.db.worker().await?;
    let inserted = store::insert(&mut tx, new).await?;
    if inserted {
        let entry = Entry::by_itself(new.workspace, Action::MediaUploaded, new.at).on(new.id, new.file_name);
        let told = json!({ "sha256": hex::encode(new.sha256), "bytes": new.bytes, "uploaded_by": new.created_by });
        record(&mut tx, entry.is(told));
    }
    tx.commit().await?;
    if inserted {
        return Ok((new.id, false));
    }
    // The same bytes came in twice at once; the other was first.
    for key in [Some(new.storage_key), new.thumbnail_key].into_iter().flatten() {
        context.files.remove(key).await?;
    }
    known(context, new)
        .await?
        .map(|known| (known, true))
        .ok_or_else(|| ServiceError::internal("the same file was removed while it was saved again"))
}

/// Gives up uploads whose time has passed, with what has arrived of them.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct ExpireUploads {}

impl Job for ExpireUploads {
    const TASK: &'static str = "media.expire_uploads";

    fn key(&self) -> Option<String> {
        Some(Self::TASK.to_owned())
    }
}

/// Does it: rows first, so that nobody adds to an upload whose pieces are going.
pub async fn expire_uploads(context: JobContext, _: ExpireUploads) -> ServiceResult<()> {
    loop {
        let mut tx = context.db.worker().await?;
        let (uploads, keys) = store::expire_uploads(&mut tx, context.clock.now()).await?;
        tx.commit().await?;
        for key in keys {
            context.files.remove(&key).await?;
        }
        if uploads == 0 {
            return Ok(());
        }
        tracing::info!(uploads, "uploads were given up after their time");
    }
}

/// Takes the files of an asset off the store whose time in the bin is over. Running it twice changes nothing. Nobody
/// enqueues it any more ([`SweepFiles`] finds them); jobs of an earlier version may still wait.
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

/// Does it. Nothing happens for an asset that is still there, or can still be brought back.
pub async fn remove_files(context: JobContext, job: RemoveFiles) -> ServiceResult<()> {
    let mut tx = context.db.worker().await?;
    let keys = store::removed_files(&mut tx, job.media_id, gone_before(context.clock.now())).await?;
    tx.commit().await?;
    for key in keys {
        context.files.remove(&key).await?;
    }
    Ok(())
}

/// What was removed before this moment cannot be brought back any more. A day later than is promised, so that clocks
/// that differ hurt nobody.
fn gone_before(now: DateTime<Utc>) -> DateTime<Utc> {
    now - Duration::days(KEPT_DAYS + 1)
}

/// How old a file must be before anybody asks whose it is: an upload writes its files first, and its row moments later.
const GRACE_HOURS: u32 = 24;
/// Files looked up at once.
const BATCH: usize = 500;

/// Takes files off the store that nobody needs: of an asset whose time in the bin is over, of an upload that died before its
/// row was saved. Looks at the whole store; running it twice changes nothing.
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
    let now = context.clock.now();
    let before = now - Duration::hours(i64::from(GRACE_HOURS));
    let files = sweep(&context.db, &context.files, before, gone_before(now)).await?;
    let half_written = context.files.remove_half_written(StdDuration::from_hours(u64::from(GRACE_HOURS))).await?;
    if files + half_written > 0 {
        tracing::info!(files, half_written, "files that nobody needs were removed");
    }
    Ok(())
}

/// Removes files written before `before` whose asset does not exist, or was removed before `gone`; how many.
async fn sweep(
    database: &Database,
    files: &MediaFiles,
    before: DateTime<Utc>,
    gone: DateTime<Utc>,
) -> ServiceResult<u64> {
    let mut removed = 0;
    let mut batches = pin!(files.older_than(before).try_chunks(BATCH));
    while let Some(batch) = batches.next().await {
        // What was read before the error is looked at in the next run.
        let batch = batch.map_err(|error| error.1)?;
        let (mut assets, mut uploads) = (Vec::new(), Vec::new());
        for (_, owner) in &batch {
            match owner {
                Owner::Asset(id) => assets.push(*id),
                Owner::Upload(id) => uploads.push(*id),
            }
        }
        let mut tx = database.worker().await?;
        let assets = store::alive(&mut tx, &assets, gone).await?;
        let uploads = store::uploads_alive(&mut tx, &uploads).await?;
        tx.commit().await?;
        let needed = |owner: &Owner| match owner {
            Owner::Asset(id) => assets.contains(id),
            Owner::Upload(id) => uploads.contains(id),
        };
        for (key, _) in batch.iter().filter(|(_, owner)| !needed(owner)) {
            files.remove(key).await?;
            removed += 1;
        }
    }
    Ok(removed)
}
