//! Films: announced with their size, sent in parts of four megabytes, each to an address of its own, then put together
//! by the tags that the parts were answered with.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{ApiError, Caller, SLUG, images, json_body, may_read, may_write};
use crate::{
    wire::{Body, Call, Reply},
    world::{Failure, MediaItem, MediaState, MediaStore, Stage, StageState, World, random},
};

const MAX_BYTES: u64 = 500 << 20;
/// LinkedIn says more for some, but never less.
const MIN_BYTES: u64 = 1;
pub(super) const PART: u64 = 4 << 20;
const RESOURCE: &str = "partnerApiVideos";

/// `POST /rest/videos?action=…`.
pub(super) fn action(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    match call.query.get("action") {
        Some("initializeUpload") => initialize(world, call, caller),
        Some("finalizeUpload") => finalize(world, call, caller),
        _ => Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Param action must be initializeUpload or finalizeUpload")),
    }
}

fn initialize(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let request = images::request(
        json_body(call)?,
        "initializeUploadRequest",
        &["owner", "fileSizeBytes", "uploadCaptions", "uploadThumbnail", "purpose"],
    )?;
    let owner = request.get("owner").and_then(Value::as_str);
    let owner = owner.ok_or_else(|| ApiError::missing_field("/initializeUploadRequest/owner"))?;
    let size = request
        .get("fileSizeBytes")
        .ok_or_else(|| ApiError::missing_field("/initializeUploadRequest/fileSizeBytes"))?;
    let size = size.as_u64().filter(|size| (MIN_BYTES..=MAX_BYTES).contains(size));
    let size =
        size.ok_or_else(|| ApiError::field_value("/initializeUploadRequest/fileSizeBytes", "1 byte to 500 MB"))?;
    for flag in ["uploadCaptions", "uploadThumbnail"] {
        match request.get(flag) {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => {
                return Err(ApiError::field_value(&format!("/initializeUploadRequest/{flag}"), "not simulated here"));
            }
            Some(_) => {
                let at = format!("/initializeUploadRequest/{flag}");
                return Err(ApiError::schema(&at, "is not backed by a Boolean"));
            }
        }
    }
    let account = may_write(world, caller, owner, &format!("{RESOURCE}.ACTION-initializeUpload"))?.id.clone();
    let now = world.now();
    let expires = MediaStore::lives_until(now, world.config.lives.media);
    let id = format!("urn:li:video:C5F{}", random(19));
    let (ticket, token) = (random(40), random(48));
    let mut item = MediaItem::announced(SLUG, id.clone(), account.clone(), expires);
    item.expected = size;
    item.declared.clone_from(&ticket);
    world.media.put(item);
    let mut stage = Stage::new(SLUG, id.clone(), &account, &caller.client, now);
    stage.what = json!({ "kind": "video", "token": token, "tags": {} });
    world.stages.put(stage);
    world.changed();
    let name = id.rsplit(':').next().unwrap_or_default();
    let parts: Vec<Value> = (0..size.div_ceil(PART))
        .map(|part| {
            let first = part * PART;
            json!({
                "uploadUrl": format!("{}/linkedin/dms-uploads/{ticket}/{name}/uploadedVideo/{part}", call.base),
                "firstByte": first, "lastByte": (first + PART).min(size) - 1,
            })
        })
        .collect();
    Ok(Reply::ok(&json!({ "value": {
        "uploadUrlsExpireAt": expires.timestamp_millis(), "video": id, "uploadInstructions": parts,
        "uploadToken": token,
    } })))
}

/// `PUT` to the address of one part: exactly its bytes. The `ETag` of the answer proves that they arrived.
pub(super) fn upload(world: &mut World, call: &Call, ticket: &str, name: &str, part: &str) -> Result<Reply, ApiError> {
    let id = format!("urn:li:video:{name}");
    let now = world.now();
    let bytes = match &call.body {
        Body::Raw(bytes) => bytes.clone(),
        Body::Empty => return Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Empty entity body")),
        _ => return Err(ApiError::new(415, "UNSUPPORTED_MEDIA_TYPE", "The bytes of the part themselves are expected")),
    };
    let item = world.media.get_mut(SLUG, &id);
    let item =
        item.filter(|item| item.declared == ticket && item.state == MediaState::Waiting && item.expires_at > now);
    let item = item.ok_or_else(|| ApiError::new(403, "EXPIRED_UPLOAD_URL", "The Video upload URL is expired"))?;
    let number = part.parse::<u64>().ok().filter(|part| part * PART < item.expected);
    let number = number.ok_or_else(|| ApiError::new(400, "ILLEGAL_ARGUMENT", "There is no such part"))?;
    let due = (item.expected - number * PART).min(PART);
    if bytes.len() as u64 != due {
        let words = format!("Part {number} must have {due} bytes, {} were sent", bytes.len());
        return Err(ApiError::new(400, "ILLEGAL_ARGUMENT", words));
    }
    item.pieces.insert(number, bytes);
    let tag = random(32).to_lowercase();
    // A part that is sent again gets another tag, and the old one is worth nothing.
    if let Some(tags) = world.stages.get_mut(SLUG, &id).and_then(|stage| stage.what.get_mut("tags"))
        && let Some(tags) = tags.as_object_mut()
    {
        tags.insert(number.to_string(), tag.as_str().into());
    }
    world.changed();
    Ok(Reply::empty(StatusCode::OK).header("etag", format!("\"{tag}\"")))
}

fn finalize(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let at = "/finalizeUploadRequest";
    let request =
        images::request(json_body(call)?, "finalizeUploadRequest", &["video", "uploadToken", "uploadedPartIds"])?;
    let text = |name: &str| {
        let text = request.get(name).and_then(Value::as_str);
        text.ok_or_else(|| ApiError::missing_field(&format!("{at}/{name}")))
    };
    let (id, token) = (text("video")?, text("uploadToken")?);
    let parts = request.get("uploadedPartIds").and_then(Value::as_array);
    let parts = parts.ok_or_else(|| ApiError::missing_field(&format!("{at}/uploadedPartIds")))?;
    let owner = owner_urn(world, id)?;
    may_write(world, caller, &owner, &format!("{RESOURCE}.ACTION-finalizeUpload"))?;
    let now = world.now();
    let tags = world.stages.get(SLUG, id).filter(|stage| stage.says("token") == Some(token));
    let tags = tags.and_then(|stage| stage.what.get("tags")).and_then(Value::as_object).cloned();
    let tags = tags.ok_or_else(|| ApiError::field_value(&format!("{at}/uploadToken"), token))?;
    let item = world.media.get(SLUG, id).filter(|item| item.state == MediaState::Waiting && item.expires_at > now);
    let item = item.ok_or_else(|| ApiError::new(400, "MEDIA_ASSET_PROCESSING", "The upload is already finalized"))?;
    let count = item.expected.div_ceil(PART);
    // All of them, in order, without the quotes that the header has around each.
    let fits = (0..count).all(|part| {
        let given = usize::try_from(part).ok().and_then(|at| parts.get(at));
        given.is_some() && given == tags.get(&part.to_string())
    });
    if !fits || parts.len() as u64 != count {
        let words = "the ETag of each part, in order and without quotes";
        return Err(ApiError::field_value(&format!("{at}/uploadedPartIds"), words));
    }
    if let Some(mut item) = world.media.take(SLUG, id) {
        let whole = item.pieces.whole();
        item.take(whole);
        item.state = world.begin_work(plays(&item));
        let outcome = match item.state {
            MediaState::Doomed(until) => StageState::Working(until, Some(Failure::new(0, "PROCESSING_FAILED"))),
            MediaState::Processing(until) => StageState::Working(until, None),
            _ => StageState::Ready,
        };
        world.media.put(item);
        if let Some(stage) = world.stages.get_mut(SLUG, id) {
            stage.state = outcome;
        }
    }
    world.changed();
    Ok(Reply::empty(StatusCode::OK))
}

/// Would LinkedIn show this film? MP4, 3 seconds to 30 minutes, ratio 1:2.4 to 2.4:1.
fn plays(item: &MediaItem) -> bool {
    let Ok(length) = item.length() else { return false };
    let (short, long) = (u64::from(item.width.min(item.height)), u64::from(item.width.max(item.height)));
    item.mime == "video/mp4" && length.is_none_or(|ms| (3_000..=1_800_000).contains(&ms)) && long * 10 <= short * 24
}

fn owner_urn(world: &World, id: &str) -> Result<String, ApiError> {
    let item = world.media.get(SLUG, id).ok_or_else(|| ApiError::not_found(id))?;
    world.accounts.get(SLUG, &item.owner).map(super::urn_of).ok_or_else(|| ApiError::not_found(id))
}

/// `GET /rest/videos/{urn}`: for organisations, and for the member who sent it.
pub(super) fn one(world: &World, call: &Call, caller: &Caller, urn: &str) -> Result<Reply, ApiError> {
    let item = world.media.get(SLUG, urn).ok_or_else(|| ApiError::not_found(urn))?;
    if item.owner != caller.person || !caller.may("w_member_social") {
        may_read(world, caller, &item.owner, &format!("{RESOURCE}.GET"))?;
    }
    let status = match item.state(world.now()) {
        MediaState::Waiting => "WAITING_UPLOAD",
        MediaState::Processing(_) | MediaState::Doomed(_) => "PROCESSING",
        MediaState::Ready => "AVAILABLE",
        MediaState::Failed => "PROCESSING_FAILED",
    };
    let mut body = json!({
        "id": urn, "owner": owner_urn(world, urn)?, "status": status, "duration": item.duration_ms,
        "aspectRatioWidth": item.width, "aspectRatioHeight": item.height,
    });
    if let Some(map) = body.as_object_mut() {
        match status {
            "AVAILABLE" => {
                map.insert("downloadUrl".to_owned(), format!("{}/media/linkedin/{urn}", call.base).into());
                map.insert("downloadUrlExpiresAt".to_owned(), item.expires_at.timestamp_millis().into());
            }
            "PROCESSING_FAILED" => {
                map.insert("processingFailureReason".to_owned(), "The video could not be transcoded".into());
            }
            _ => {}
        }
    }
    Ok(Reply::ok(&body))
}
