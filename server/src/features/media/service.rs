//! What happens to pictures.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use axum::body::Bytes;
use domain::{
    Actor, ErrorCode, MediaId, Page, PageRequest, ServiceError, ServiceResult,
    audit::Action,
    clock::{Clock, Ids},
    media::{MAX_ALT_TEXT, MAX_UPLOAD, Media, MediaAsset, MediaFile, MediaType, Signature, Upload, Variant, too_large},
    text::has_control_chars,
};
use serde_json::json;
use tokio::{sync::Semaphore, task};

use super::{
    files::{self, MediaFiles},
    in_tx::asset,
    jobs::RemoveFiles,
    links::{MediaLinks, Refused},
    name, picture, policy,
    store::{self, Facts, MediaRow, NewMedia},
};
use crate::{
    cursor::{TimeCursor, cut},
    database::{Database, Tx},
    features::{
        audit::in_tx::{Entry, record},
        posts,
    },
    jobs::enqueue,
};

/// How many pictures are decoded at once; each may take a quarter of a gigabyte at its worst.
const DECODED_AT_ONCE: usize = 2;

/// Fulfils [`Media`].
#[derive(Clone)]
pub struct MediaService {
    database: Database,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    files: MediaFiles,
    links: MediaLinks,
    decoding: Arc<Semaphore>,
}

impl fmt::Debug for MediaService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaService").field("files", &self.files).finish_non_exhaustive()
    }
}

impl MediaService {
    pub fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        files: MediaFiles,
        links: MediaLinks,
    ) -> Self {
        Self { database, clock, ids, files, links, decoding: Arc::new(Semaphore::new(DECODED_AT_ONCE)) }
    }

    /// [`picture::prepare`], away from the runtime's threads.
    async fn prepare(&self, bytes: Vec<u8>) -> ServiceResult<picture::Picture> {
        let permit = self.decoding.clone().acquire_owned().await.map_err(ServiceError::internal)?;
        let prepared = task::spawn_blocking(move || {
            let prepared = picture::prepare(&bytes);
            drop(permit);
            prepared
        });
        // A decoder that panics has met a file it cannot read.
        prepared.await.unwrap_or(Err(picture::Refusal::Damaged)).map_err(ServiceError::from)
    }

    /// The picture with these bytes, if the workspace has it; a new alt text replaces its own.
    async fn known(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        sha256: &[u8],
        alt_text: Option<&str>,
    ) -> ServiceResult<Option<MediaRow>> {
        let Some(mut row) = store::by_hash(tx, actor.workspace_id, sha256).await? else { return Ok(None) };
        if let Some(alt_text) = alt_text {
            store::set_alt_text(tx, actor.workspace_id, row.id, Some(alt_text)).await?;
            let before = row.alt_text.replace(alt_text.to_owned());
            self.described(tx, actor, &row, before);
        }
        Ok(Some(row))
    }

    /// A line for the record about a new alt text, if it is another one.
    fn described(&self, tx: &mut Tx, actor: &Actor, row: &MediaRow, before: Option<String>) {
        if before != row.alt_text {
            let entry = Entry::by(actor, Action::MediaDescribed, self.clock.now()).on(row.id, &row.file_name);
            record(tx, entry.was(json!({ "alt_text": before })).is(json!({ "alt_text": row.alt_text })));
        }
    }

    async fn save(&self, actor: &Actor, new: &NewMedia<'_>) -> ServiceResult<(MediaRow, bool)> {
        let mut tx = self.database.tenant(actor).await?;
        let inserted = store::insert(&mut tx, new).await?;
        let alt_text = new.alt_text.filter(|_| !inserted);
        let row = self.known(&mut tx, actor, new.sha256, alt_text).await?.ok_or_else(|| {
            // Somebody put it in and took it out again in between.
            ServiceError::conflict("This picture has just been removed by somebody else. Add it again.")
        })?;
        if inserted {
            let entry = Entry::by(actor, Action::MediaUploaded, new.at).on(row.id, &row.file_name);
            let sha256 = hex::encode(&row.sha256);
            record(&mut tx, entry.is(json!({ "sha256": sha256, "bytes": row.bytes, "alt_text": row.alt_text })));
        }
        tx.commit().await?;
        Ok((row, inserted))
    }

    /// Best effort: what stays behind takes up room and nothing else.
    async fn drop_files(&self, keys: [&str; 2]) {
        for key in keys {
            if let Err(error) = self.files.remove(key).await {
                tracing::warn!(key, cause = ?error.cause, "a file of a picture that was not saved stays behind");
            }
        }
    }
}

#[async_trait]
impl Media for MediaService {
    async fn upload(&self, actor: &Actor, upload: Upload) -> ServiceResult<MediaAsset> {
        policy::change(actor)?;
        if upload.bytes.len() as u64 > MAX_UPLOAD {
            return Err(too_large());
        }
        let alt_text = upload.alt_text.as_deref().map(alt_text).transpose()?.flatten();
        let picture = self.prepare(upload.bytes).await?;

        let mut tx = self.database.tenant(actor).await?;
        let known = self.known(&mut tx, actor, &picture.sha256, alt_text).await?;
        tx.commit().await?;
        if let Some(row) = known {
            return Ok(asset(&self.links, row));
        }

        let id = MediaId(self.ids.next());
        let folder = files::folder(actor.workspace_id, &picture.sha256, id);
        let storage_key = format!("{folder}/original.{}", picture.kind.extension());
        let thumbnail_key = format!("{folder}/thumbnail.{}", picture.thumbnail.kind.extension());
        let bytes = Bytes::from(picture.bytes);
        let new = NewMedia {
            id,
            workspace: actor.workspace_id,
            sha256: &picture.sha256,
            file_name: &name::sanitise(&upload.file_name, picture.kind),
            kind: MediaType::Image(picture.kind),
            bytes: bytes.len() as u64,
            facts: Facts { width: Some(picture.width), height: Some(picture.height), ..Facts::default() },
            alt_text,
            storage_key: &storage_key,
            thumbnail_key: Some(&thumbnail_key),
            created_by: actor.user_id,
            at: self.clock.now(),
        };
        // Files first: a row is never without its files. No transaction is open while they are written.
        let written = tokio::try_join!(
            self.files.write(&storage_key, bytes),
            self.files.write(&thumbnail_key, picture.thumbnail.bytes.into())
        );
        let saved = match written {
            Ok(((), ())) => self.save(actor, &new).await,
            Err(error) => Err(error),
        };
        match saved {
            Ok((row, true)) => Ok(asset(&self.links, row)),
            Ok((row, false)) => {
                // The same bytes came in twice at once; the other was first.
                self.drop_files([&storage_key, &thumbnail_key]).await;
                Ok(asset(&self.links, row))
            }
            Err(error) => {
                // A commit whose answer was lost may have happened: then the files are in use, and stay.
                if !matches!(error.code(), ErrorCode::ServiceUnavailable) {
                    self.drop_files([&storage_key, &thumbnail_key]).await;
                }
                Err(error)
            }
        }
    }

    async fn list(&self, actor: &Actor, page: PageRequest) -> ServiceResult<Page<MediaAsset>> {
        policy::read(actor)?;
        let window = page.window()?;
        let after = window.cursor.as_deref().map(TimeCursor::parse).transpose()?;
        let mut tx = self.database.read(actor).await?;
        let limit = i64::from(window.limit) + 1;
        let mut rows = store::list(&mut tx, actor.workspace_id, after, limit, i64::from(window.offset)).await?;
        let total = store::count(&mut tx, actor.workspace_id).await?;
        let next_cursor = if cut(&mut rows, window.limit) {
            rows.last().map(|row| TimeCursor { at: row.created_at, id: row.id.0 }.encode())
        } else {
            None
        };
        let items = rows.into_iter().map(|row| asset(&self.links, row)).collect();
        Ok(Page { items, total, limit: window.limit, offset: window.offset, next_cursor })
    }

    async fn get(&self, actor: &Actor, id: MediaId) -> ServiceResult<MediaAsset> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let row = store::get(&mut tx, actor.workspace_id, id).await?;
        row.map(|row| asset(&self.links, row)).ok_or_else(absent)
    }

    async fn set_alt_text(&self, actor: &Actor, id: MediaId, text: String) -> ServiceResult<MediaAsset> {
        policy::change(actor)?;
        let text = alt_text(&text)?;
        let mut tx = self.database.tenant(actor).await?;
        let before = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        store::set_alt_text(&mut tx, actor.workspace_id, id, text).await?;
        let row = MediaRow { alt_text: text.map(str::to_owned), ..before.clone() };
        self.described(&mut tx, actor, &row, before.alt_text);
        tx.commit().await?;
        Ok(asset(&self.links, row))
    }

    async fn delete(&self, actor: &Actor, id: MediaId) -> ServiceResult<()> {
        policy::change(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        // Whoever is about to use it holds it; from here on nobody can.
        if !store::lock(&mut tx, actor.workspace_id, id).await? {
            return Err(absent());
        }
        if let Some(words) = posts::in_tx::needing_picture(&mut tx, actor.workspace_id, id).await? {
            let which = if words.is_empty() { String::new() } else { format!(": “{words}”") };
            return Err(ServiceError::conflict(format!(
                "A post that has not gone out needs this picture{which}. Take it out of the post first."
            )));
        }
        let now = self.clock.now();
        let row = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        store::mark_deleted(&mut tx, actor.workspace_id, id, now).await?;
        record(&mut tx, Entry::by(actor, Action::MediaDeleted, now).on(id, &row.file_name));
        enqueue(&mut tx, &RemoveFiles { media_id: id }, None).await?;
        tx.commit().await
    }

    async fn open(&self, id: MediaId, variant: Variant, signature: Signature) -> ServiceResult<MediaFile> {
        self.links.verify(id, variant, &signature).map_err(|refused| match refused {
            Refused::NotOurs => absent(),
            Refused::Expired => {
                ServiceError::new(ErrorCode::Gone, "This link to a picture has expired. Reload the page for a new one.")
            }
        })?;
        let mut tx = self.database.public().await?;
        let location = store::locate(&mut tx, id).await?.ok_or_else(absent)?;
        tx.commit().await?;
        let (key, kind) = match variant {
            Variant::Original => (location.storage_key, location.kind.mime()),
            Variant::Thumbnail => {
                let key = location.thumbnail_key.ok_or_else(absent)?;
                let kind = if has_extension(&key, "png") { "image/png" } else { "image/jpeg" };
                (key, kind)
            }
        };
        Ok(MediaFile { content_type: kind, bytes: self.files.read(&key).await?.into() })
    }
}

fn has_extension(key: &str, extension: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

fn absent() -> ServiceError {
    ServiceError::not_found("picture")
}

/// A checked alt text; `None` when nothing is left of it.
fn alt_text(text: &str) -> ServiceResult<Option<&str>> {
    let text = text.trim();
    if text.chars().count() > MAX_ALT_TEXT {
        Err(ServiceError::field("alt_text", format!("The alt text is at most {MAX_ALT_TEXT} characters.")))
    } else if has_control_chars(text) {
        Err(ServiceError::field("alt_text", "The alt text contains control characters."))
    } else {
        Ok((!text.is_empty()).then_some(text))
    }
}
