//! Images: announce, PUT the bytes, look.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{ApiError, Author, Caller, SLUG, json_body, may_read, may_write};
use crate::{
    wire::{Body, Call, Reply},
    world::{MediaItem, MediaState, MediaStore, World, random},
};

const MAX_BYTES: u64 = 5 << 20;
const MAX_PIXELS: u64 = 36_152_320;

/// `POST /rest/images?action=initializeUpload`.
pub(super) fn initialize(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    if call.query.get("action") != Some("initializeUpload") {
        return Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Param action must be initializeUpload"));
    }
    let body = json_body(call)?;
    let request = body.get("initializeUploadRequest").and_then(Value::as_object);
    let request = request.ok_or_else(|| ApiError::missing_field("/initializeUploadRequest"))?;
    if let Some(unknown) = request.keys().find(|key| !matches!(key.as_str(), "owner" | "mediaLibraryMetadata")) {
        return Err(ApiError::unknown_field(&format!("/initializeUploadRequest/{unknown}")));
    }
    let owner = request.get("owner").and_then(Value::as_str);
    let owner = owner.ok_or_else(|| ApiError::missing_field("/initializeUploadRequest/owner"))?;
    let account = may_write(world, caller, owner, "partnerApiImages.ACTION-initializeUpload")?.id.clone();
    let now = world.now();
    let expires = MediaStore::lives_until(now, world.config.lives.media);
    let id = format!("urn:li:image:C4E{}", random(19));
    // The upload address itself is the permission to write; its ticket is kept as what was declared.
    let ticket = random(40);
    let mut item = MediaItem::announced(SLUG, id.clone(), account, expires);
    item.declared.clone_from(&ticket);
    world.media.put(item);
    world.changed();
    Ok(Reply::ok(&json!({ "value": {
        "uploadUrlExpiresAt": expires.timestamp_millis(),
        "uploadUrl": format!("{}/linkedin/dms-uploads/{ticket}/{}", call.base, id.rsplit(':').next().unwrap_or_default()),
        "image": id,
    } })))
}

/// `PUT` to the upload address. LinkedIn takes any bytes; whether they are an image shows when the post is made.
pub(super) fn upload(world: &mut World, call: &Call, ticket: &str, id: &str) -> Result<Reply, ApiError> {
    let urn = format!("urn:li:image:{id}");
    let now = world.now();
    let bytes = match &call.body {
        Body::Raw(bytes) => bytes.clone(),
        Body::Empty => return Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Empty entity body")),
        _ => {
            return Err(ApiError::new(415, "UNSUPPORTED_MEDIA_TYPE", "The bytes of the image themselves are expected"));
        }
    };
    let open = world
        .media
        .get(SLUG, &urn)
        .is_some_and(|item| item.declared == ticket && item.state == MediaState::Waiting && item.expires_at > now);
    let Some(mut item) = world.media.take(SLUG, &urn).filter(|_| open) else {
        return Err(ApiError::new(403, "EXPIRED_UPLOAD_URL", "The Image upload URL is expired"));
    };
    let declared = call.content_type.as_deref().filter(|kind| kind.starts_with("image/"));
    let sniffed = item.fill(bytes);
    let good = sniffed.is_some_and(|it| {
        matches!(it.mime, "image/jpeg" | "image/png" | "image/gif")
            && declared.is_none_or(|declared| declared == it.mime)
            && (1..=MAX_PIXELS).contains(&it.pixels())
    });
    if !good || item.size > MAX_BYTES {
        item.state = MediaState::Failed;
    }
    world.media.put(item);
    world.changed();
    Ok(Reply::empty(StatusCode::CREATED))
}

/// `GET /rest/images/{urn}`. With a member's scopes an image cannot be read.
pub(super) fn one(world: &World, call: &Call, caller: &Caller, urn: &str) -> Result<Reply, ApiError> {
    let item = world.media.get(SLUG, urn).ok_or_else(|| ApiError::not_found(urn))?;
    may_read(world, caller, &item.owner, "partnerApiImages.GET")?;
    let status = match item.state {
        MediaState::Waiting => "WAITING_UPLOAD",
        MediaState::Processing(_) | MediaState::Doomed(_) => "PROCESSING",
        MediaState::Ready => "AVAILABLE",
        MediaState::Failed => "PROCESSING_FAILED",
    };
    let mut body = json!({ "id": urn, "owner": format!("urn:li:organization:{}", item.owner), "status": status });
    if item.state == MediaState::Ready
        && let Some(map) = body.as_object_mut()
    {
        map.insert("downloadUrl".to_owned(), format!("{}/media/linkedin/{urn}", call.base).into());
        map.insert("downloadUrlExpiresAt".to_owned(), item.expires_at.timestamp_millis().into());
    }
    Ok(Reply::ok(&body))
}

/// An image that a post by this author may show.
pub(super) fn for_post<'w>(
    world: &'w World,
    author: &Author<'_>,
    urn: &str,
    path: &str,
) -> Result<&'w MediaItem, ApiError> {
    if !urn.starts_with("urn:li:image:") {
        return Err(ApiError::new(400, "INVALID_URN_TYPE", format!("{urn} is not an image")).input(path));
    }
    let now = world.now();
    let item = world.media.get(SLUG, urn).filter(|item| item.owner == author.id() && item.expires_at > now);
    let item =
        item.ok_or_else(|| ApiError::new(400, "INVALID_URN_ID", format!("{urn} is not a valid image")).input(path))?;
    match item.state {
        MediaState::Waiting | MediaState::Processing(_) | MediaState::Doomed(_) => {
            Err(ApiError::new(400, "MEDIA_ASSET_WAITING_UPLOAD", "Media asset is waiting upload").input(path))
        }
        MediaState::Failed => {
            Err(ApiError::new(400, "MEDIA_ASSET_PROCESSING_FAILED", "Media asset failed processing").input(path))
        }
        MediaState::Ready if item.used_in.is_some() => {
            Err(ApiError::field_value(path, &format!("{urn} is part of another post")))
        }
        MediaState::Ready => Ok(item),
    }
}
