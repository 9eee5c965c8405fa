//! The SQL of pictures, videos and documents.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{
    MediaId, ServiceError, ServiceResult, UserId, WorkspaceId,
    media::{AudioCodec, MediaType, VideoCodec, VideoFacts},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    cursor::TimeCursor,
    database::{failed, one_row, unknown_word},
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
    pub created_by: UserId,
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
        new.created_by.0,
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

/// Newest first, behind `after`.
pub async fn list(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    after: Option<TimeCursor>,
    limit: i64,
    offset: i64,
) -> ServiceResult<Vec<MediaRow>> {
    sqlx::query_as!(
        Raw,
        "select id, file_name, content_type, bytes, width, height, duration_ms, video_codec, audio_codec, frame_rate, pages,
                sha256, alt_text, tags, thumbnail_key, created_at
           from media
          where workspace_id = $1 and deleted_at is null
            and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
          order by created_at desc, id desc limit $4 offset $5",
        workspace.0,
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

pub async fn count(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from media where workspace_id = $1 and deleted_at is null"#,
        workspace.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
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
    one_row(done.rows_affected(), "picture")
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
    one_row(done.rows_affected(), "picture")
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

/// Those of `ids` that are pictures and have not been removed, under the worker's role.
pub async fn alive(tx: &mut PgConnection, ids: &[MediaId]) -> ServiceResult<HashSet<MediaId>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let alive = sqlx::query_scalar!("select id from media where id = any($1) and deleted_at is null", &ids)
        .fetch_all(tx)
        .await
        .map_err(failed)?;
    Ok(alive.into_iter().map(MediaId).collect())
}

/// The files of a picture that has been removed, under the worker's role.
pub async fn removed_files(tx: &mut PgConnection, id: MediaId) -> ServiceResult<Vec<String>> {
    let row =
        sqlx::query!("select storage_key, thumbnail_key from media where id = $1 and deleted_at is not null", id.0)
            .fetch_optional(tx)
            .await
            .map_err(failed)?;
    Ok(row.map(|row| [Some(row.storage_key), row.thumbnail_key].into_iter().flatten().collect()).unwrap_or_default())
}
