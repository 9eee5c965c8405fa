//! Images and documents: announce, PUT the bytes, look.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{ApiError, Author, Caller, SLUG, json_body, may_read, may_write};
use crate::{
    wire::{Body, Call, Reply},
    world::{MediaItem, MediaState, MediaStore, World, random},
};

const MAX_BYTES: u64 = 5 << 20;
const MAX_PIXELS: u64 = 36_152_320;
const MAX_DOCUMENT: u64 = 100 << 20;

/// What is sent in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    Document,
}

impl Kind {
    /// Its word in URNs.
    fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Document => "document",
        }
    }

    fn resource(self) -> &'static str {
        match self {
            Self::Image => "partnerApiImages",
            Self::Document => "partnerApiDocuments",
        }
    }

    /// Can LinkedIn use these bytes?
    fn takes(self, item: &MediaItem, declared: Option<&str>) -> bool {
        match self {
            Self::Image => {
                let pixels = u64::from(item.width) * u64::from(item.height);
                matches!(item.mime.as_str(), "image/jpeg" | "image/png" | "image/gif")
                    && declared.is_none_or(|declared| declared == item.mime)
                    && (1..=MAX_PIXELS).contains(&pixels)
                    && item.size <= MAX_BYTES
            }
            // PDF, or one of the office formats.
            Self::Document => item.mime.starts_with("application/") && item.size <= MAX_DOCUMENT,
        }
    }
}

/// The one record of an action's body, with no field but these.
pub(super) fn request<'a>(body: &'a Value, name: &str, known: &[&str]) -> Result<&'a Map<String, Value>, ApiError> {
    let request = body.get(name).and_then(Value::as_object);
    let request = request.ok_or_else(|| ApiError::missing_field(&format!("/{name}")))?;
    match request.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => Err(ApiError::unknown_field(&format!("/{name}/{unknown}"))),
        None => Ok(request),
    }
}

/// `POST /rest/images?action=initializeUpload`, and the same for documents.
pub(super) fn initialize(world: &mut World, call: &Call, caller: &Caller, kind: Kind) -> Result<Reply, ApiError> {
    if call.query.get("action") != Some("initializeUpload") {
        return Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Param action must be initializeUpload"));
    }
    let request = request(json_body(call)?, "initializeUploadRequest", &["owner", "mediaLibraryMetadata"])?;
    let owner = request.get("owner").and_then(Value::as_str);
    let owner = owner.ok_or_else(|| ApiError::missing_field("/initializeUploadRequest/owner"))?;
    let resource = format!("{}.ACTION-initializeUpload", kind.resource());
    let account = may_write(world, caller, owner, &resource)?.id.clone();
    let now = world.now();
    let expires = MediaStore::lives_until(now, world.config.lives.media);
    let id = format!("urn:li:{}:C4E{}", kind.word(), random(19));
    // The upload address itself is the permission to write; its ticket is kept as what was declared.
    let ticket = random(40);
    let mut item = MediaItem::announced(SLUG, id.clone(), account, expires);
    item.declared.clone_from(&ticket);
    world.media.put(item);
    world.changed();
    let name = id.rsplit(':').next().unwrap_or_default();
    let address = match kind {
        Kind::Image => format!("{}/linkedin/dms-uploads/{ticket}/{name}", call.base),
        Kind::Document => format!("{}/linkedin/dms-uploads/{ticket}/{name}/uploadedDocument", call.base),
    };
    Ok(Reply::ok(&json!({ "value": {
        "uploadUrlExpiresAt": expires.timestamp_millis(), "uploadUrl": address, kind.word(): id,
    } })))
}

/// `PUT` to the upload address. LinkedIn takes any bytes; whether it can use them shows when the post is made.
pub(super) fn upload(world: &mut World, call: &Call, ticket: &str, id: &str, kind: Kind) -> Result<Reply, ApiError> {
    let urn = format!("urn:li:{}:{id}", kind.word());
    let now = world.now();
    let bytes = match &call.body {
        Body::Raw(bytes) => bytes.clone(),
        Body::Empty => return Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Empty entity body")),
        _ => {
            return Err(ApiError::new(415, "UNSUPPORTED_MEDIA_TYPE", "The bytes of the file themselves are expected"));
        }
    };
    let open = world
        .media
        .get(SLUG, &urn)
        .is_some_and(|item| item.declared == ticket && item.state == MediaState::Waiting && item.expires_at > now);
    let Some(mut item) = world.media.take(SLUG, &urn).filter(|_| open) else {
        return Err(ApiError::new(403, "EXPIRED_UPLOAD_URL", "The upload URL is expired"));
    };
    let declared = call.content_type.as_deref().filter(|kind| kind.starts_with("image/"));
    item.fill(bytes);
    item.state = match (kind.takes(&item, declared), world.twist.late_ms > 0 || world.twist.fails) {
        (false, _) => MediaState::Failed,
        (true, true) => world.begin_work(true),
        (true, false) => MediaState::Ready,
    };
    world.media.put(item);
    world.changed();
    Ok(Reply::empty(StatusCode::CREATED))
}

/// `GET /rest/images/{urn}`, and the same for documents. With a member's scopes they cannot be read.
pub(super) fn one(world: &World, call: &Call, caller: &Caller, urn: &str, kind: Kind) -> Result<Reply, ApiError> {
    let item = world.media.get(SLUG, urn).filter(|_| urn.starts_with(&format!("urn:li:{}:", kind.word())));
    let item = item.ok_or_else(|| ApiError::not_found(urn))?;
    may_read(world, caller, &item.owner, &format!("{}.GET", kind.resource()))?;
    let stands = item.state(world.now());
    let status = match stands {
        MediaState::Waiting => "WAITING_UPLOAD",
        MediaState::Processing(_) | MediaState::Doomed(_) => "PROCESSING",
        MediaState::Ready => "AVAILABLE",
        MediaState::Failed => "PROCESSING_FAILED",
    };
    let mut body = json!({ "id": urn, "owner": format!("urn:li:organization:{}", item.owner), "status": status });
    if stands == MediaState::Ready
        && let Some(map) = body.as_object_mut()
    {
        map.insert("downloadUrl".to_owned(), format!("{}/media/linkedin/{urn}", call.base).into());
        map.insert("downloadUrlExpiresAt".to_owned(), item.expires_at.timestamp_millis().into());
    }
    Ok(Reply::ok(&body))
}

/// What a post by this author may show.
pub(super) fn for_post<'w>(
    world: &'w World,
    author: &Author<'_>,
    urn: &str,
    kinds: &[&str],
    path: &str,
) -> Result<&'w MediaItem, ApiError> {
    if !kinds.iter().any(|kind| urn.strip_prefix("urn:li:").is_some_and(|rest| rest.starts_with(&format!("{kind}:")))) {
        return Err(
            ApiError::new(400, "INVALID_URN_TYPE", format!("{urn} is not one of: {}", kinds.join(", "))).input(path)
        );
    }
    let now = world.now();
    let item = world.media.get(SLUG, urn).filter(|item| item.owner == author.id() && item.expires_at > now);
    let item =
        item.ok_or_else(|| ApiError::new(400, "INVALID_URN_ID", format!("{urn} is not a valid medium")).input(path))?;
    match item.state(now) {
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
