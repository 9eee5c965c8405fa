//! The SQL of pictures, videos and documents.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{
    MediaId, ServiceError, ServiceResult, UploadId, UserId, WorkspaceId,
    media::{AudioCodec, MediaKind, MediaType, UploadStatus, VideoCodec, VideoFacts},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{copies::StoredCopy, pieces::Piece};
use crate::{
    cursor::TimeCursor,
    database::{failed, on_constraint, one_row, unknown_word},
};

/// A file as it is kept.
#[derive(Clone, Debug)]
pub struct MediaRow {
    pub id: MediaId,
    pub file_name: String,
    pub kind: MediaType,
    pub bytes: u64,
    pub facts: Facts,
    pub sha256: Vec<u8>,
    pub alt_text: Option<String>,
    pub tags: Vec<String>,
    pub thumbnail_key: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub video: Option<VideoFacts>,
    pub pages: Option<u32>,
}

/// A file to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewMedia<'a> {
    pub id: MediaId,
    pub workspace: WorkspaceId,
    pub sha256: &'a [u8],
    pub file_name: &'a str,
    pub kind: MediaType,
    pub bytes: u64,
    pub facts: Facts,
    pub alt_text: Option<&'a str>,
    pub storage_key: &'a str,
    pub thumbnail_key: Option<&'a str>,
    /// `None` once they are gone.
    pub created_by: Option<UserId>,
    pub at: DateTime<Utc>,
}

/// Where the files of an asset lie.
#[derive(Clone, Debug)]
pub struct Location {
    pub kind: MediaType,
    pub storage_key: String,
    pub thumbnail_key: Option<String>,
}

struct Raw {
    id: Uuid,
    file_name: String,
    content_type: String,
    bytes: i64,
    width: Option<i32>,
    height: Option<i32>,
    duration_ms: Option<i32>,
    video_codec: Option<String>,
    audio_codec: Option<String>,
    frame_rate: Option<f64>,
    pages: Option<i32>,
    sha256: Vec<u8>,
    alt_text: Option<String>,
    tags: Vec<String>,
    thumbnail_key: Option<String>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Raw> for MediaRow {
    type Error = ServiceError;
    fn try_from(raw: Raw) -> ServiceResult<Self> {
        Ok(Self {
            id: raw.id.into(),
            file_name: raw.file_name,
            kind: kind(&raw.content_type)?,
            bytes: raw.bytes.unsigned_abs(),
            facts: Facts {
                width: raw.width.map(i32::unsigned_abs),
                height: raw.height.map(i32::unsigned_abs),
                video: video(raw.duration_ms, raw.video_codec.as_deref(), raw.audio_codec.as_deref(), raw.frame_rate)?,
                pages: raw.pages.map(i32::unsigned_abs),
            },
            sha256: raw.sha256,
            alt_text: raw.alt_text,
            tags: raw.tags,
            thumbnail_key: raw.thumbnail_key,
            created_at: raw.created_at,
        })
    }
}

fn kind(mime: &str) -> ServiceResult<MediaType> {
    MediaType::from_mime(mime).ok_or_else(|| unknown_word("content type", mime))
}

fn video(
    duration_ms: Option<i32>,
    codec: Option<&str>,
    audio: Option<&str>,
    frame_rate: Option<f64>,
) -> ServiceResult<Option<VideoFacts>> {
    let (Some(duration_ms), Some(codec)) = (duration_ms, codec) else { return Ok(None) };
    Ok(Some(VideoFacts {
        duration_ms: duration_ms.unsigned_abs(),
        codec: VideoCodec::from_word(codec).ok_or_else(|| unknown_word("video codec", codec))?,
        audio: audio
            .map(|word| AudioCodec::from_word(word).ok_or_else(|| unknown_word("audio codec", word)))
            .transpose()?,
        frame_rate,
    }))
}

/// Saves a new picture; false when the workspace has these bytes already.
pub async fn insert(tx: &mut PgConnection, new: &NewMedia<'_>) -> ServiceResult<bool> {
    let number = |n: Option<u32>| n.map(i32::try_from).transpose().map_err(ServiceError::internal);
    let video = new.facts.video;
    let done = sqlx::query!(
        "insert into media (id, workspace_id, sha256, file_name, content_type, bytes, width, height, alt_text,
                            storage_key, thumbnail_key, created_by, created_at, updated_at,
                            duration_ms, video_codec, audio_codec, frame_rate, pages)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15, $16, $17, $18)
         on conflict (workspace_id, sha256) where deleted_at is null do nothing",
        new.id.0,
        new.workspace.0,
        new.sha256,
        new.file_name,
        new.kind.mime(),
        i64::try_from(new.bytes).map_err(ServiceError::internal)?,
        number(new.facts.width)?,
        number(new.facts.height)?,
        new.alt_text,
        new.storage_key,
        new.thumbnail_key,
        new.created_by.map(|user| user.0),
        new.at,
        number(video.map(|video| video.duration_ms))?,
        video.map(|video| video.codec.as_str()),
        video.and_then(|video| video.audio).map(AudioCodec::as_str),
        video.and_then(|video| video.frame_rate),
        number(new.facts.pages)?
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

pub async fn by_hash(tx: &mut PgConnection, workspace: WorkspaceId, sha256: &[u8]) -> ServiceResult<Option<MediaRow>> {
    sqlx::query_as!(
        Raw,
        "select id, file_name, content_type, bytes, width, height, duration_ms, video_codec, audio_codec, frame_rate, pages,
                sha256, alt_text, tags, thumbnail_key, created_at
           from media where workspace_id = $1 and sha256 = $2 and deleted_at is null",
        workspace.0,
        sha256
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?
    .map(MediaRow::try_from)
    .transpose()
}

pub async fn get(tx: &mut PgConnection, workspace: WorkspaceId, id: MediaId) -> ServiceResult<Option<MediaRow>> {
    Ok(get_many(tx, workspace, &[id]).await?.pop())
}

/// Those of `ids` that the workspace has, in no particular order.
pub async fn get_many(tx: &mut PgConnection, workspace: WorkspaceId, ids: &[MediaId]) -> ServiceResult<Vec<MediaRow>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query_as!(
        Raw,
        "select id, file_name, content_type, bytes, width, height, duration_ms, video_codec, audio_codec, frame_rate, pages,
                sha256, alt_text, tags, thumbnail_key, created_at
           from media where workspace_id = $1 and id = any($2) and deleted_at is null",
        workspace.0,
        &ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?
    .into_iter()
    .map(MediaRow::try_from)
    .collect()
}

/// The same, and nobody can remove them before the transaction has ended. In one order, so that two never wait for
/// each other.
pub async fn hold_many(tx: &mut PgConnection, workspace: WorkspaceId, ids: &[MediaId]) -> ServiceResult<Vec<MediaRow>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query_as!(
        Raw,
        "select id, file_name, content_type, bytes, width, height, duration_ms, video_codec, audio_codec, frame_rate, pages,
                sha256, alt_text, tags, thumbnail_key, created_at
           from media where workspace_id = $1 and id = any($2) and deleted_at is null order by id for share",
        workspace.0,
        &ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?
    .into_iter()
    .map(MediaRow::try_from)
    .collect()
}

/// Locks a picture for removal; false when it is not there.
pub async fn lock(tx: &mut PgConnection, workspace: WorkspaceId, id: MediaId) -> ServiceResult<bool> {
    let found = sqlx::query_scalar!(
        "select id from media where workspace_id = $1 and id = $2 and deleted_at is null for update",
        workspace.0,
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(found.is_some())
}

pub async fn set_alt_text(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: MediaId,
    alt_text: Option<&str>,
) -> ServiceResult<()> {
    let done = sqlx::query!(
        "update media set alt_text = $3 where workspace_id = $1 and id = $2 and deleted_at is null",
        workspace.0,
        id.0,
        alt_text
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "file")
}

pub async fn mark_deleted(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: MediaId,
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    let done = sqlx::query!(
        "update media set deleted_at = $3 where workspace_id = $1 and id = $2 and deleted_at is null",
        workspace.0,
        id.0,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "file")
}

/// For the holder of a signed URL, whatever the workspace.
pub async fn locate(tx: &mut PgConnection, id: MediaId) -> ServiceResult<Option<Location>> {
    let row = sqlx::query!(
        r#"select content_type as "content_type!", storage_key as "storage_key!", thumbnail_key
             from media_location($1)"#,
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(Location { kind: kind(&row.content_type)?, storage_key: row.storage_key, thumbnail_key: row.thumbnail_key })
    })
    .transpose()
}

/// Those of `ids` that exist and were not removed before `gone`, under the worker's role.
pub async fn alive(tx: &mut PgConnection, ids: &[MediaId], gone: DateTime<Utc>) -> ServiceResult<HashSet<MediaId>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let alive = sqlx::query_scalar!(
        "select id from media where id = any($1) and (deleted_at is null or deleted_at >= $2)",
        &ids,
        gone
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(alive.into_iter().map(MediaId).collect())
}

/// The files of an asset that was removed before `gone`, under the worker's role.
pub async fn removed_files(tx: &mut PgConnection, id: MediaId, gone: DateTime<Utc>) -> ServiceResult<Vec<String>> {
    let row =
        sqlx::query!("select storage_key, thumbnail_key from media where id = $1 and deleted_at < $2", id.0, gone)
            .fetch_optional(tx)
            .await
            .map_err(failed)?;
    Ok(row.map(|row| [Some(row.storage_key), row.thumbnail_key].into_iter().flatten().collect()).unwrap_or_default())
}

// ---- the library ------------------------------------------------------------------------------------------------------

/// Which assets of a workspace a list shows.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub workspace: WorkspaceId,
    /// For `ilike`, in name, alt text and tags.
    pub pattern: Option<&'a str>,
    pub kind: Option<MediaKind>,
    pub tag: Option<&'a str>,
    /// Removed ones after this moment, in place of those that are there.
    pub removed_after: Option<DateTime<Utc>>,
}

/// Newest first, behind `after`.
pub async fn list(
    tx: &mut PgConnection,
    wanted: Wanted<'_>,
    after: Option<TimeCursor>,
    limit: i64,
    offset: i64,
) -> ServiceResult<Vec<MediaRow>> {
    sqlx::query_as!(
        Raw,
        "select id, file_name, content_type, bytes, width, height, duration_ms, video_codec, audio_codec, frame_rate, pages,
                sha256, alt_text, tags, thumbnail_key, created_at
           from media
          where workspace_id = $1
            and case when $2::timestamptz is null then deleted_at is null else deleted_at > $2 end
            and ($3::text is null or file_name ilike $3 or alt_text ilike $3
                 or exists (select 1 from unnest(tags) tag where tag ilike $3))
            and ($4::text is null or content_type like $4)
            and ($5::text is null or tags @> array[$5])
            and ($6::timestamptz is null or (created_at, id) < ($6, $7::uuid))
          order by created_at desc, id desc limit $8 offset $9",
        wanted.workspace.0,
        wanted.removed_after,
        wanted.pattern,
        wanted.kind.map(types_of),
        wanted.tag,
        after.map(|cursor| cursor.at),
        after.map(|cursor| cursor.id),
        limit,
        offset
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?
    .into_iter()
    .map(MediaRow::try_from)
    .collect()
}

pub async fn count(tx: &mut PgConnection, wanted: Wanted<'_>) -> ServiceResult<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from media
            where workspace_id = $1
              and case when $2::timestamptz is null then deleted_at is null else deleted_at > $2 end
              and ($3::text is null or file_name ilike $3 or alt_text ilike $3
                   or exists (select 1 from unnest(tags) tag where tag ilike $3))
              and ($4::text is null or content_type like $4)
              and ($5::text is null or tags @> array[$5])"#,
        wanted.workspace.0,
        wanted.removed_after,
        wanted.pattern,
        wanted.kind.map(types_of),
        wanted.tag
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// The content types of a kind, for `like`.
const fn types_of(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image/%",
        MediaKind::Video => "video/%",
        MediaKind::Document => "application/%",
    }
}

/// Tags by how often they are used.
pub async fn tags(tx: &mut PgConnection, workspace: WorkspaceId, limit: i64) -> ServiceResult<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select tag as "tag!", count(*) as "n!" from media, unnest(tags) tag
            where workspace_id = $1 and deleted_at is null group by tag order by count(*) desc, tag limit $2"#,
        workspace.0,
        limit
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| (row.tag, row.n)).collect())
}

pub async fn set_tags(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: MediaId,
    tags: &[String],
) -> ServiceResult<()> {
    let done = sqlx::query!(
        "update media set tags = $3 where workspace_id = $1 and id = $2 and deleted_at is null",
        workspace.0,
        id.0,
        tags
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "file")
}

/// Where an asset's files lie, for whoever is about to add one.
pub async fn location(tx: &mut PgConnection, workspace: WorkspaceId, id: MediaId) -> ServiceResult<Option<Location>> {
    let row = sqlx::query!(
        "select content_type, storage_key, thumbnail_key from media
          where workspace_id = $1 and id = $2 and deleted_at is null for update",
        workspace.0,
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(Location { kind: kind(&row.content_type)?, storage_key: row.storage_key, thumbnail_key: row.thumbnail_key })
    })
    .transpose()
}

pub async fn set_thumbnail(tx: &mut PgConnection, workspace: WorkspaceId, id: MediaId, key: &str) -> ServiceResult<()> {
    let done = sqlx::query!(
        "update media set thumbnail_key = $3 where workspace_id = $1 and id = $2 and deleted_at is null",
        workspace.0,
        id.0,
        key
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "file")
}

/// When an asset was removed, and the hash of its bytes; locked.
pub async fn removed(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: MediaId,
) -> ServiceResult<Option<(DateTime<Utc>, Vec<u8>)>> {
    let row = sqlx::query!(
        r#"select deleted_at as "deleted_at!", sha256 from media
            where workspace_id = $1 and id = $2 and deleted_at is not null for update"#,
        workspace.0,
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| (row.deleted_at, row.sha256)))
}

/// What was removed cannot be brought back beside itself.
pub fn there_again() -> ServiceError {
    ServiceError::conflict("The same file is in your library again already.")
}

pub async fn bring_back(tx: &mut PgConnection, workspace: WorkspaceId, id: MediaId) -> ServiceResult<()> {
    let done =
        sqlx::query!("update media set deleted_at = null where workspace_id = $1 and id = $2", workspace.0, id.0)
            .execute(tx)
            .await
            .map_err(on_constraint("media_workspace_sha256_key", there_again))?;
    one_row(done.rows_affected(), "file")
}

/// What the workspace's files take up, with those that are announced; under a lock, so that two do not count past each
/// other.
pub async fn room_taken(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<u64> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('media ' || $1::text, 0))", workspace.0.to_string())
        .fetch_one(&mut *tx)
        .await
        .map_err(failed)?;
    let taken = sqlx::query_scalar!(
        r#"select ((select coalesce(sum(bytes), 0) from media where workspace_id = $1 and deleted_at is null)
                 + (select coalesce(sum(bytes), 0) from media_uploads
                     where workspace_id = $1 and status in ('receiving', 'inspecting')))::bigint as "n!""#,
        workspace.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok(taken.unsigned_abs())
}

// ---- uploads in pieces ------------------------------------------------------------------------------------------------

/// An upload to begin.
#[derive(Clone, Copy, Debug)]
pub struct NewUploadRow<'a> {
    pub id: UploadId,
    pub workspace: WorkspaceId,
    pub file_name: &'a str,
    pub alt_text: Option<&'a str>,
    pub length: u64,
    pub created_by: UserId,
    pub expires_at: DateTime<Utc>,
    pub at: DateTime<Utc>,
}

/// An upload as it stands.
#[derive(Clone, Debug)]
pub struct UploadRow {
    pub id: UploadId,
    pub file_name: String,
    pub length: u64,
    pub received: u64,
    pub status: UploadStatus,
    pub media: Option<MediaId>,
    pub duplicate: bool,
    pub refusal: Option<String>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_upload(tx: &mut PgConnection, new: &NewUploadRow<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into media_uploads (id, workspace_id, file_name, alt_text, bytes, created_by, expires_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        new.id.0,
        new.workspace.0,
        new.file_name,
        new.alt_text,
        i64::try_from(new.length).map_err(ServiceError::internal)?,
        new.created_by.0,
        new.expires_at,
        new.at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

pub async fn open_uploads(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from media_uploads where workspace_id = $1 and status in ('receiving', 'inspecting')"#,
        workspace.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

pub async fn upload(tx: &mut PgConnection, workspace: WorkspaceId, id: UploadId) -> ServiceResult<Option<UploadRow>> {
    let row = sqlx::query!(
        "select file_name, bytes, received, status, media_id, duplicate, refusal, expires_at
           from media_uploads where workspace_id = $1 and id = $2",
        workspace.0,
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(UploadRow {
            id,
            file_name: row.file_name,
            length: row.bytes.unsigned_abs(),
            received: row.received.unsigned_abs(),
            status: UploadStatus::from_word(&row.status).ok_or_else(|| unknown_word("upload status", &row.status))?,
            media: row.media_id.map(MediaId),
            duplicate: row.duplicate,
            refusal: row.refusal,
            expires_at: row.expires_at,
        })
    })
    .transpose()
}

/// Moves an upload past a piece, if it stands where the piece begins; false when it does not.
pub async fn advance_upload(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: UploadId,
    piece: &Piece,
    expires_at: DateTime<Utc>,
    at: DateTime<Utc>,
) -> ServiceResult<bool> {
    let number = |n: u64| i64::try_from(n).map_err(ServiceError::internal);
    let (start, bytes) = (number(piece.start)?, number(piece.bytes)?);
    let done = sqlx::query!(
        "update media_uploads
            set received = received + $4, expires_at = $5,
                status = case when received + $4 = bytes then 'inspecting' else status end
          where workspace_id = $1 and id = $2 and received = $3 and status = 'receiving'",
        workspace.0,
        id.0,
        start,
        bytes,
        expires_at
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    if done.rows_affected() != 1 {
        return Ok(false);
    }
    sqlx::query!(
        "insert into media_upload_parts (upload_id, start, workspace_id, bytes, storage_key, created_at)
         values ($1, $2, $3, $4, $5, $6)",
        id.0,
        start,
        workspace.0,
        bytes,
        piece.storage_key,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(true)
}

pub async fn refuse_upload(tx: &mut PgConnection, id: UploadId, why: &str) -> ServiceResult<()> {
    let done = sqlx::query!("update media_uploads set status = 'refused', refusal = $2 where id = $1", id.0, why)
        .execute(tx)
        .await
        .map_err(failed)?;
    one_row(done.rows_affected(), "upload")
}

/// Forgets the pieces of an upload; their keys.
pub async fn take_pieces(tx: &mut PgConnection, id: UploadId) -> ServiceResult<Vec<String>> {
    sqlx::query_scalar!("delete from media_upload_parts where upload_id = $1 returning storage_key", id.0)
        .fetch_all(tx)
        .await
        .map_err(failed)
}

/// Forgets an upload; the keys of its pieces, or `None` when there is no such upload.
pub async fn delete_upload(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: UploadId,
) -> ServiceResult<Option<Vec<String>>> {
    let found = sqlx::query_scalar!(
        "select id from media_uploads where workspace_id = $1 and id = $2 for update",
        workspace.0,
        id.0
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(failed)?;
    if found.is_none() {
        return Ok(None);
    }
    let keys = take_pieces(&mut *tx, id).await?;
    sqlx::query!("delete from media_uploads where workspace_id = $1 and id = $2", workspace.0, id.0)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(Some(keys))
}

/// An upload that has arrived whole.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub id: UploadId,
    pub workspace: WorkspaceId,
    pub file_name: String,
    pub alt_text: Option<String>,
    pub length: u64,
    pub created_by: Option<UserId>,
    pub pieces: Vec<Piece>,
}

/// The upload, if it waits to be looked at; under the worker's role.
pub async fn arrived(tx: &mut PgConnection, id: UploadId) -> ServiceResult<Option<Arrived>> {
    let row = sqlx::query!(
        "select workspace_id, file_name, alt_text, bytes, created_by from media_uploads where id = $1 and status = 'inspecting'",
        id.0
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let pieces = sqlx::query!(
        "select start, bytes, storage_key from media_upload_parts where upload_id = $1 order by start",
        id.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(Some(Arrived {
        id,
        workspace: row.workspace_id.into(),
        file_name: row.file_name,
        alt_text: row.alt_text,
        length: row.bytes.unsigned_abs(),
        created_by: row.created_by.map(UserId),
        pieces: pieces
            .into_iter()
            .map(|row| Piece {
                start: row.start.unsigned_abs(),
                bytes: row.bytes.unsigned_abs(),
                storage_key: row.storage_key,
            })
            .collect(),
    }))
}

/// Writes down what has become of an upload: an asset and whether it was there before, or why not. One that has been given
/// up meanwhile has nobody to tell.
pub async fn settle_upload(
    tx: &mut PgConnection,
    id: UploadId,
    settled: &Result<(MediaId, bool), String>,
) -> ServiceResult<()> {
    let (status, media, duplicate, refusal) = match settled {
        Ok((media, duplicate)) => ("ready", Some(media.0), *duplicate, None),
        Err(why) => ("refused", None, false, Some(why.as_str())),
    };
    sqlx::query!(
        "update media_uploads set status = $2, media_id = $3, duplicate = $4, refusal = $5 where id = $1 and status = 'inspecting'",
        id.0,
        status,
        media,
        duplicate,
        refusal
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Forgets a batch of uploads whose time has passed: how many, and the keys of their pieces.
pub async fn expire_uploads(tx: &mut PgConnection, now: DateTime<Utc>) -> ServiceResult<(usize, Vec<String>)> {
    let ids = sqlx::query_scalar!(
        "select id from media_uploads where expires_at <= $1 order by expires_at limit 100 for update skip locked",
        now
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;
    let keys =
        sqlx::query_scalar!("delete from media_upload_parts where upload_id = any($1) returning storage_key", &ids)
            .fetch_all(&mut *tx)
            .await
            .map_err(failed)?;
    sqlx::query!("delete from media_uploads where id = any($1)", &ids).execute(tx).await.map_err(failed)?;
    Ok((ids.len(), keys))
}

/// Those of `ids` that are uploads, under the worker's role.
pub async fn uploads_alive(tx: &mut PgConnection, ids: &[UploadId]) -> ServiceResult<HashSet<UploadId>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let alive = sqlx::query_scalar!("select id from media_uploads where id = any($1)", &ids)
        .fetch_all(tx)
        .await
        .map_err(failed)?;
    Ok(alive.into_iter().map(UploadId).collect())
}

// ---- copies -----------------------------------------------------------------------------------------------------------

fn stored_copy(content_type: &str, bytes: i64, storage_key: String) -> ServiceResult<StoredCopy> {
    let kind = kind(content_type)?.image().ok_or_else(|| unknown_word("type of a copy", content_type))?;
    Ok(StoredCopy { kind, bytes: bytes.unsigned_abs(), storage_key })
}

/// A copy that has been made, under the worker's role.
pub async fn copy(tx: &mut PgConnection, id: MediaId, recipe: &str) -> ServiceResult<Option<StoredCopy>> {
    let row = sqlx::query!(
        "select content_type, bytes, storage_key from media_copies where media_id = $1 and recipe = $2",
        id.0,
        recipe
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| stored_copy(&row.content_type, row.bytes, row.storage_key)).transpose()
}

/// For the holder of a signed URL, whatever the workspace.
pub async fn locate_copy(tx: &mut PgConnection, id: MediaId, recipe: &str) -> ServiceResult<Option<StoredCopy>> {
    let row = sqlx::query!(
        r#"select content_type as "content_type!", storage_key as "storage_key!", bytes as "bytes!"
             from media_copy_location($1, $2)"#,
        id.0,
        recipe
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| stored_copy(&row.content_type, row.bytes, row.storage_key)).transpose()
}

/// Writes down a copy; another that was made meanwhile stays.
pub async fn insert_copy(
    tx: &mut PgConnection,
    id: MediaId,
    workspace: WorkspaceId,
    recipe: &str,
    copy: &StoredCopy,
    (width, height): (u32, u32),
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    let side = |n: u32| i32::try_from(n).map_err(ServiceError::internal);
    sqlx::query!(
        "insert into media_copies (media_id, recipe, workspace_id, content_type, bytes, width, height, storage_key, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict on constraint media_copies_pkey do nothing",
        id.0,
        recipe,
        workspace.0,
        copy.kind.mime(),
        i64::try_from(copy.bytes).map_err(ServiceError::internal)?,
        side(width)?,
        side(height)?,
        copy.storage_key,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
