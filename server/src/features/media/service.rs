//! What happens to pictures, videos and documents.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use axum::body::Bytes;
use chrono::Duration;
use domain::{
    Actor, ErrorCode, MediaId, Page, ServiceError, ServiceResult, UploadId,
    audit::Action,
    clock::{Clock, Ids},
    media::{
        Incoming, KEPT_DAYS, MAX_ALT_TEXT, MAX_UPLOAD, Media, MediaAsset, MediaFile, MediaFilter, MediaKind,
        MediaPatch, MediaType, MediaUse, NewUpload, Signature, TagCount, Upload, UploadState, Uploaded, Variant,
        clean_tags, too_large,
    },
    platform::ImageType,
    text::has_control_chars,
};
use serde_json::json;

use super::{
    files::{self, MediaFiles},
    in_tx::asset,
    inspect::{self, Unfit},
    links::{MediaLinks, Refused},
    name,
    picture::{self, Thumbnail},
    policy,
    store::{self, Facts, MediaRow, NewMedia, Wanted},
};
use crate::{
    cursor::{TimeCursor, cut},
    database::{Database, Tx},
    features::{
        audit::in_tx::{Entry, record},
        posts,
    },
    search,
};

/// How many posts are named of those that use an asset.
const USES: i64 = 50;
/// How many tags are listed.
const TAGS: i64 = 200;

/// Fulfils [`Media`].
#[derive(Clone)]
pub struct MediaService {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) files: MediaFiles,
    pub(super) links: MediaLinks,
    /// What one workspace may keep, bytes.
    room: u64,
}

impl fmt::Debug for MediaService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaService").field("files", &self.files).finish_non_exhaustive()
    }
}

impl MediaService {
    /// `room` is what one workspace may keep, bytes.
    pub fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        files: MediaFiles,
        links: MediaLinks,
        room: u64,
    ) -> Self {
        Self { database, clock, ids, files, links, room }
    }

    /// Refuses what would not fit beside what the workspace has.
    pub(super) async fn has_room(&self, tx: &mut Tx, actor: &Actor, bytes: u64) -> ServiceResult<()> {
        let taken = store::room_taken(tx, actor.workspace_id).await?;
        if taken.saturating_add(bytes) <= self.room {
            return Ok(());
        }
        Err(ServiceError::new(
            ErrorCode::PlanLimitReached,
            format!(
                "This workspace may keep {} of media, and this file does not fit any more. Remove what nobody needs.",
                gigabytes(self.room)
            ),
        ))
    }

    /// The asset with these bytes, if the workspace has it; a new alt text replaces its own.
    async fn known(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        sha256: &[u8],
        alt_text: Option<&str>,
    ) -> ServiceResult<Option<MediaRow>> {
        let Some(mut row) = store::by_hash(tx, actor.workspace_id, sha256).await? else { return Ok(None) };
        // The file is what was wanted; other words for it can wait.
        let settled = alt_text.is_some() && posts::in_tx::settled_for(tx, actor, row.id).await?;
        if let Some(alt_text) = alt_text.filter(|_| !settled) {
            store::set_alt_text(tx, actor.workspace_id, row.id, Some(alt_text)).await?;
            let before = row.clone();
            row.alt_text = Some(alt_text.to_owned());
            self.described(tx, actor, &row, &before);
        }
        Ok(Some(row))
    }

    /// A line for the record about a new alt text or other tags.
    fn described(&self, tx: &mut Tx, actor: &Actor, row: &MediaRow, before: &MediaRow) {
        if before.alt_text != row.alt_text || before.tags != row.tags {
            let told = |row: &MediaRow| json!({ "alt_text": row.alt_text, "tags": row.tags });
            let entry = Entry::by(actor, Action::MediaDescribed, self.clock.now()).on(row.id, &row.file_name);
            record(tx, entry.changed(told(before), told(row)));
        }
    }

    async fn save(&self, actor: &Actor, new: &NewMedia<'_>) -> ServiceResult<(MediaRow, bool)> {
        let mut tx = self.database.tenant(actor).await?;
        let inserted = store::insert(&mut tx, new).await?;
        let alt_text = new.alt_text.filter(|_| !inserted);
        let row = self.known(&mut tx, actor, new.sha256, alt_text).await?.ok_or_else(|| {
            // Somebody put it in and took it out again in between.
            ServiceError::conflict("This file has just been removed by somebody else. Add it again.")
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
    pub(super) async fn drop_file(&self, key: &str) {
        if let Err(error) = self.files.remove(key).await {
            tracing::warn!(key, cause = ?error.cause, "a file that nobody needs stays behind for now");
        }
    }

    /// Looks at a whole file in memory.
    async fn prepare(&self, bytes: Vec<u8>) -> ServiceResult<Prepared> {
        let length = bytes.len() as u64;
        // The refusals of pictures know more about pictures.
        let claim = match inspect::sniff(bytes.get(..bytes.len().min(HEAD)).unwrap_or_default(), length) {
            Ok(claim) => claim,
            Err(inspect::Refusal::Format(None) | inspect::Refusal::Empty) => MediaType::Image(ImageType::Jpeg),
            Err(refusal) => return Err(refusal.into()),
        };
        if claim.kind() == MediaKind::Image {
            let picture = picture::aside(move || picture::prepare(&bytes)).await?;
            return Ok(Prepared {
                kind: MediaType::Image(picture.kind),
                facts: Facts { width: Some(picture.width), height: Some(picture.height), ..Facts::default() },
                bytes: picture.bytes.into(),
                sha256: picture.sha256,
                thumbnail: Some(picture.thumbnail),
            });
        }
        let file = Held(bytes.into());
        let found = inspect::inspect(&file, length).await.map_err(|unfit| match unfit {
            Unfit::Refused(refusal) => refusal.into(),
            Unfit::Broken(error) => error,
        })?;
        let mut bytes = file.0.to_vec();
        for patch in &found.patches {
            patch.apply(0, &mut bytes);
        }
        let bytes = Bytes::from(bytes);
        let sha256 = super::pieces::hash(&Held(bytes.clone()), length, &[]).await?;
        Ok(Prepared { kind: found.kind, facts: found.facts, bytes, sha256, thumbnail: None })
    }
}

/// As much of a file as says what it is: [`inspect::HEAD`].
const HEAD: usize = 16 * 1024;

/// A file that has been looked at and is to be kept.
struct Prepared {
    kind: MediaType,
    facts: Facts,
    bytes: Bytes,
    sha256: [u8; 32],
    thumbnail: Option<Thumbnail>,
}

/// A file in memory.
struct Held(Bytes);

#[async_trait]
impl domain::media::FileSource for Held {
    async fn read(&self, range: std::ops::Range<u64>) -> ServiceResult<Bytes> {
        let at = |n: u64| usize::try_from(n).map_err(ServiceError::internal);
        let (start, end) = (at(range.start)?, at(range.end)?);
        if start <= end && end <= self.0.len() {
            Ok(self.0.slice(start..end))
        } else {
            Err(ServiceError::internal("read beyond the end of a file"))
        }
    }
}

#[async_trait]
impl Media for MediaService {
    async fn upload(&self, actor: &Actor, upload: Upload) -> ServiceResult<Uploaded> {
        policy::add(actor)?;
        if upload.bytes.len() as u64 > MAX_UPLOAD {
            return Err(too_large(MediaKind::Image));
        }
        let alt_text = upload.alt_text.as_deref().map(alt_text).transpose()?.flatten();
        let prepared = self.prepare(upload.bytes).await?;

        let mut tx = self.database.tenant(actor).await?;
        let known = self.known(&mut tx, actor, &prepared.sha256, alt_text).await?;
        if known.is_none() {
            self.has_room(&mut tx, actor, prepared.bytes.len() as u64).await?;
        }
        tx.commit().await?;
        if let Some(row) = known {
            return Ok(Uploaded { asset: asset(&self.links, row), duplicate: true });
        }

        let id = MediaId(self.ids.next());
        let folder = files::folder(actor.workspace_id, &prepared.sha256, id);
        let storage_key = format!("{folder}/original.{}", prepared.kind.extension());
        let thumbnail_key =
            prepared.thumbnail.as_ref().map(|small| format!("{folder}/thumbnail.{}", small.kind.extension()));
        let new = NewMedia {
            id,
            workspace: actor.workspace_id,
            sha256: &prepared.sha256,
            file_name: &name::sanitise(&upload.file_name, prepared.kind),
            kind: prepared.kind,
            bytes: prepared.bytes.len() as u64,
            facts: prepared.facts,
            alt_text,
            storage_key: &storage_key,
            thumbnail_key: thumbnail_key.as_deref(),
            created_by: Some(actor.user_id),
            at: self.clock.now(),
        };
        // Files first: a row is never without its files. No transaction is open while they are written.
        let small = async {
            match (&thumbnail_key, prepared.thumbnail) {
                (Some(key), Some(small)) => self.files.write(key, small.bytes.into()).await,
                _ => Ok(()),
            }
        };
        let written = tokio::try_join!(self.files.write(&storage_key, prepared.bytes), small);
        let saved = match written {
            Ok(((), ())) => self.save(actor, &new).await,
            Err(error) => Err(error),
        };
        let keys = [Some(storage_key.as_str()), thumbnail_key.as_deref()].into_iter().flatten();
        match saved {
            Ok((row, true)) => Ok(Uploaded { asset: asset(&self.links, row), duplicate: false }),
            Ok((row, false)) => {
                // The same bytes came in twice at once; the other was first.
                for key in keys {
                    self.drop_file(key).await;
                }
                Ok(Uploaded { asset: asset(&self.links, row), duplicate: true })
            }
            Err(error) => {
                // A commit whose answer was lost may have happened: then the files are in use, and stay.
                if !matches!(error.code(), ErrorCode::ServiceUnavailable) {
                    for key in keys {
                        self.drop_file(key).await;
                    }
                }
                Err(error)
            }
        }
    }

    async fn list(&self, actor: &Actor, filter: MediaFilter) -> ServiceResult<Page<MediaAsset>> {
        policy::read(actor)?;
        let window = filter.page.window()?;
        let after = window.cursor.as_deref().map(TimeCursor::parse).transpose()?;
        let pattern = search::pattern(filter.q.as_deref().unwrap_or_default())?;
        let tag = clean_tags(&filter.tag.into_iter().collect::<Vec<_>>())
            .map_err(|_| ServiceError::field("tag", "This is no tag."))?;
        let removed_after = filter.removed.unwrap_or(false).then(|| self.clock.now() - Duration::days(KEPT_DAYS));
        let wanted = Wanted {
            workspace: actor.workspace_id,
            pattern: pattern.as_deref(),
            kind: filter.kind,
            tag: tag.first().map(String::as_str),
            removed_after,
        };
        let mut tx = self.database.read(actor).await?;
        let limit = i64::from(window.limit) + 1;
        let mut rows = store::list(&mut tx, wanted, after, limit, i64::from(window.offset)).await?;
        let total = store::count(&mut tx, wanted).await?;
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

    async fn uses(&self, actor: &Actor, id: MediaId) -> ServiceResult<Vec<MediaUse>> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        posts::in_tx::uses(&mut tx, actor.workspace_id, id, USES).await
    }

    async fn tags(&self, actor: &Actor) -> ServiceResult<Vec<TagCount>> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let tags = store::tags(&mut tx, actor.workspace_id, TAGS).await?;
        Ok(tags
            .into_iter()
            .map(|(tag, count)| TagCount { tag, count: u32::try_from(count).unwrap_or(u32::MAX) })
            .collect())
    }

    async fn update(&self, actor: &Actor, id: MediaId, patch: MediaPatch) -> ServiceResult<MediaAsset> {
        policy::add(actor)?;
        let text = patch.alt_text.as_deref().map(alt_text).transpose()?;
        let tags = patch.tags.as_deref().map(clean_tags).transpose()?;
        let mut tx = self.database.tenant(actor).await?;
        let before = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        if let Some(text) = text.filter(|text| *text != before.alt_text.as_deref()) {
            if posts::in_tx::settled_for(&mut tx, actor, id).await? {
                return Err(ServiceError::conflict(
                    "A post that is on its way shows this, and its alt text was approved with it. Take the post back first, \
                     or wait until it is out.",
                ));
            }
            store::set_alt_text(&mut tx, actor.workspace_id, id, text).await?;
        }
        if let Some(tags) = &tags {
            store::set_tags(&mut tx, actor.workspace_id, id, tags).await?;
        }
        let row = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        self.described(&mut tx, actor, &row, &before);
        tx.commit().await?;
        Ok(asset(&self.links, row))
    }

    async fn set_poster(&self, actor: &Actor, id: MediaId, picture: Vec<u8>) -> ServiceResult<MediaAsset> {
        policy::add(actor)?;
        if picture.len() as u64 > MAX_UPLOAD {
            return Err(too_large(MediaKind::Image));
        }
        let mut tx = self.database.read(actor).await?;
        let found = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        drop(tx);
        if found.kind.kind() != MediaKind::Video {
            return Err(ServiceError::field("file", "Only videos have a poster."));
        }
        let picture = picture::aside(move || picture::prepare(&picture)).await?;
        let mut tx = self.database.tenant(actor).await?;
        let location = store::location(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        let folder = location.storage_key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let key = format!("{folder}/poster-{}.{}", self.ids.next(), picture.thumbnail.kind.extension());
        self.files.write(&key, picture.thumbnail.bytes.into()).await?;
        store::set_thumbnail(&mut tx, actor.workspace_id, id, &key).await?;
        let row = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        record(&mut tx, Entry::by(actor, Action::MediaPosterChanged, self.clock.now()).on(id, &row.file_name));
        tx.commit().await?;
        if let Some(old) = location.thumbnail_key {
            self.drop_file(&old).await;
        }
        Ok(asset(&self.links, row))
    }

    async fn delete(&self, actor: &Actor, id: MediaId) -> ServiceResult<()> {
        policy::keep(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        // Whoever is about to use it holds it; from here on nobody can.
        if !store::lock(&mut tx, actor.workspace_id, id).await? {
            return Err(absent());
        }
        if let Some(words) = posts::in_tx::needing_picture(&mut tx, actor.workspace_id, id).await? {
            let which = if words.is_empty() { String::new() } else { format!(": “{words}”") };
            return Err(ServiceError::conflict(format!(
                "A post that has not gone out needs this file{which}. Take it out of the post first."
            )));
        }
        let now = self.clock.now();
        let row = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        store::mark_deleted(&mut tx, actor.workspace_id, id, now).await?;
        record(&mut tx, Entry::by(actor, Action::MediaDeleted, now).on(id, &row.file_name));
        tx.commit().await
    }

    async fn restore(&self, actor: &Actor, id: MediaId) -> ServiceResult<MediaAsset> {
        policy::keep(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let (at, sha256) = store::removed(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        if at <= self.clock.now() - Duration::days(KEPT_DAYS) {
            return Err(ServiceError::new(
                ErrorCode::Gone,
                format!("This file was removed more than {KEPT_DAYS} days ago and is gone."),
            ));
        }
        if store::by_hash(&mut tx, actor.workspace_id, &sha256).await?.is_some() {
            return Err(store::there_again());
        }
        store::bring_back(&mut tx, actor.workspace_id, id).await?;
        let row = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        record(&mut tx, Entry::by(actor, Action::MediaRestored, self.clock.now()).on(id, &row.file_name));
        tx.commit().await?;
        Ok(asset(&self.links, row))
    }

    async fn open(&self, id: MediaId, variant: Variant, signature: Signature) -> ServiceResult<MediaFile> {
        self.links.verify(id, variant, &signature).map_err(|refused| match refused {
            Refused::NotOurs => absent(),
            Refused::Expired => {
                ServiceError::new(ErrorCode::Gone, "This link to a file has expired. Reload the page for a new one.")
            }
        })?;
        let mut tx = self.database.public().await?;
        let (key, content_type, length) = if let Variant::Copy(recipe) = variant {
            let copy = store::locate_copy(&mut tx, id, &recipe.to_string()).await?.ok_or_else(absent)?;
            (copy.storage_key, copy.kind.mime(), Some(copy.bytes))
        } else {
            let location = store::locate(&mut tx, id).await?.ok_or_else(absent)?;
            if variant == Variant::Thumbnail {
                let key = location.thumbnail_key.ok_or_else(absent)?;
                let kind = if has_extension(&key, "png") { "image/png" } else { "image/jpeg" };
                (key, kind, None)
            } else {
                (location.storage_key, location.kind.mime(), None)
            }
        };
        tx.commit().await?;
        let length = match length {
            Some(length) => length,
            None => self.files.length(&key).await?,
        };
        Ok(MediaFile { content_type, length, source: self.files.file(&key)? })
    }

    async fn begin_upload(&self, actor: &Actor, new: NewUpload) -> ServiceResult<UploadState> {
        self.begin(actor, new).await
    }

    async fn upload_state(&self, actor: &Actor, id: UploadId) -> ServiceResult<UploadState> {
        self.state(actor, id).await
    }

    async fn append(
        &self,
        actor: &Actor,
        id: UploadId,
        offset: u64,
        body: Box<dyn Incoming>,
    ) -> ServiceResult<UploadState> {
        self.take(actor, id, offset, body).await
    }

    async fn abandon_upload(&self, actor: &Actor, id: UploadId) -> ServiceResult<()> {
        self.abandon(actor, id).await
    }
}

fn has_extension(key: &str, extension: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

fn absent() -> ServiceError {
    ServiceError::not_found("file")
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1_073_741_824.0)
}

/// A checked alt text; `None` when nothing is left of it.
pub(super) fn alt_text(text: &str) -> ServiceResult<Option<&str>> {
    let text = text.trim();
    if text.chars().count() > MAX_ALT_TEXT {
        Err(ServiceError::field("alt_text", format!("The alt text is at most {MAX_ALT_TEXT} characters.")))
    } else if has_control_chars(text) {
        Err(ServiceError::field("alt_text", "The alt text contains control characters."))
    } else {
        Ok((!text.is_empty()).then_some(text))
    }
}
