//! Media in pieces: initialize, append, finalize, status, alt text.

use axum::body::Bytes;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Problem, SLUG, json_body};
use crate::{
    networks::Caller,
    wire::{Body, Call, Reply},
    world::{MediaItem, MediaState, MediaStore, Whole, World},
};

const MAX_IMAGE: u64 = 5 << 20;
const MAX_GIF: u64 = 15 << 20;
const MAX_VIDEO: u64 = 512 << 20;
const MAX_PIECE: usize = 5 << 20;
const MAX_PIECES: u64 = 999;
const MAX_ALT: usize = 1_000;
/// Milliseconds that a film may last; an account that pays for longer posts may upload hours.
const LENGTH: std::ops::RangeInclusive<u64> = 500..=140_000;
const LENGTH_PREMIUM: std::ops::RangeInclusive<u64> = 500..=4 * 3_600_000;

/// `POST /2/media/upload/initialize`.
pub(super) fn initialize(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Problem> {
    let body = json_body(call)?;
    let known = ["media_type", "total_bytes", "media_category", "shared", "additional_owners"];
    if let Some(unknown) = body.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(Problem::invalid(
            "",
            format!("$.{unknown}: is not defined in the schema and the schema does not allow additional properties"),
        ));
    }
    let media_type = body.get("media_type").and_then(Value::as_str).unwrap_or_default();
    let (category, most) = match media_type {
        "image/jpeg" | "image/png" | "image/webp" => ("tweet_image", MAX_IMAGE),
        "image/gif" => ("tweet_gif", MAX_GIF),
        "video/mp4" | "video/quicktime" => ("tweet_video", MAX_VIDEO),
        _ => return Err(wrong("media_type", "$.media_type: does not have a value in the enumeration")),
    };
    let total = body.get("total_bytes").and_then(Value::as_u64).filter(|total| *total > 0);
    let Some(total) = total else { return Err(wrong("total_bytes", "$.total_bytes: must be a positive integer")) };
    if let Some(given) = body.get("media_category").filter(|given| !given.is_null()) {
        let fits = given.as_str() == Some(category) || (media_type == "image/gif" && given == "tweet_image");
        if !fits {
            let message = format!("media_category {given} does not fit media_type {media_type}");
            return Err(Problem::invalid_value("media_category", given, message));
        }
    }
    if total > most {
        return Err(wrong("total_bytes", &format!("File size exceeds {most} bytes.")));
    }
    let life = world.config.lives.media;
    let expires = MediaStore::lives_until(world.now(), life);
    let id = world.snowflake().to_string();
    let mut item = MediaItem::announced(SLUG, id.clone(), caller.person.clone(), expires);
    media_type.clone_into(&mut item.declared);
    item.expected = total;
    world.media.put(item);
    world.changed();
    let data = json!({ "id": id, "media_key": format!("3_{id}"), "expires_after_secs": life });
    Ok(Reply::ok(&json!({ "data": data })))
}

/// `POST /2/media/upload/{id}/append`: multipart, or JSON with base64.
pub(super) fn append(world: &mut World, call: &Call, caller: &Caller, id: &str) -> Result<Reply, Problem> {
    let (index, bytes) = piece(call)?;
    let now = world.now();
    let item = own(world, caller, id, now)?;
    if item.state != MediaState::Waiting {
        return Err(wrong("id", "The upload is already finalized."));
    }
    if bytes.is_empty() || bytes.len() > MAX_PIECE {
        return Err(wrong("media", &format!("A segment holds 1 to {MAX_PIECE} bytes.")));
    }
    item.pieces.insert(index, bytes);
    if item.pieces.size() > item.expected {
        item.pieces.remove(index);
        return Err(wrong("media", "Segments hold more than total_bytes."));
    }
    let expires_at = item.expires_at.timestamp();
    Ok(Reply::ok(&json!({ "data": { "expires_at": expires_at } })))
}

fn piece(call: &Call) -> Result<(u64, Bytes), Problem> {
    let index_of = |text: &str| {
        let index = text.parse::<u64>().ok().filter(|index| *index <= MAX_PIECES);
        index.ok_or_else(|| wrong("segment_index", "segment_index must be an integer between 0 and 999"))
    };
    match &call.body {
        Body::Multipart(_) => {
            let index = call.part("segment_index").and_then(|part| part.text().map(str::to_owned));
            let index = index.ok_or_else(|| wrong("segment_index", "segment_index is required"))?;
            let media = call.part("media").ok_or_else(|| wrong("media", "media is required"))?;
            Ok((index_of(index.trim())?, media.bytes.clone()))
        }
        Body::Json(body) => {
            let index = body.get("segment_index").map(|index| index.as_str().map_or(index.to_string(), str::to_owned));
            let index = index.ok_or_else(|| wrong("segment_index", "segment_index is required"))?;
            let media = body.get("media").and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
            let media = media.ok_or_else(|| wrong("media", "media is required, in base64"))?;
            Ok((index_of(&index)?, Bytes::from(media)))
        }
        Body::Empty => Err(wrong("media", "media is required")),
        _ => Err(Problem::plain(
            415,
            "Unsupported Media Type",
            "The Content-Type of the request must be multipart/form-data or application/json",
        )),
    }
}

/// `POST /2/media/upload/{id}/finalize`: all bytes must be there and be what was announced.
pub(super) fn finalize(world: &mut World, caller: &Caller, id: &str) -> Result<Reply, Problem> {
    let now = world.now();
    let premium = world.accounts.get(SLUG, &caller.person).is_some_and(|account| account.premium);
    let item = own(world, caller, id, now)?;
    if item.state == MediaState::Waiting {
        let whole = joined(item)?;
        let declared = item.declared.clone();
        let sniffed = crate::image::sniff(&whole.bytes);
        let too_large = sniffed.is_some_and(|it| it.mime == "image/gif" && (it.width > 1280 || it.height > 1080));
        if sniffed.is_none_or(|it| it.mime != declared || (it.is_image() && it.pixels() == 0)) || too_large {
            item.state = MediaState::Failed;
            item.pieces.clear();
            return Err(wrong("media", "Invalid or unsupported media, the content does not match media_type."));
        }
        if let Some(mut item) = world.media.take(SLUG, id) {
            item.take(whole);
            if !matches!(declared.as_str(), "image/jpeg" | "image/png" | "image/webp") {
                item.state = world.begin_work(!item.is_film() || plays(&item, premium));
            }
            world.media.put(item);
        }
        world.changed();
    }
    let item = own(world, caller, id, now)?;
    if item.state == MediaState::Failed {
        return Err(wrong("id", "The upload has failed."));
    }
    let mut data = described(item, now);
    // The answer to finalize comes before the work begins.
    if let Some(progress) = data.get_mut("processing_info").and_then(Value::as_object_mut)
        && progress.get("state").is_some_and(|state| state == "in_progress")
    {
        progress.insert("state".to_owned(), "pending".into());
        progress.remove("progress_percent");
    }
    Ok(Reply::ok(&json!({ "data": data })))
}

/// Would X show this film?
fn plays(item: &MediaItem, premium: bool) -> bool {
    let Ok(length) = item.length() else { return false };
    let lengths = if premium { LENGTH_PREMIUM } else { LENGTH };
    let (short, long) = (item.width.min(item.height), item.width.max(item.height));
    // What is not known cannot be judged: a large film's header may be out of sight.
    let sized = long == 0 || (short >= 32 && long <= 1_920 && short <= 1_200 && long <= short * 3);
    length.is_none_or(|ms| lengths.contains(&ms)) && sized
}

/// The pieces in order, if none is missing.
fn joined(item: &MediaItem) -> Result<Whole, Problem> {
    let held = item.pieces.size();
    if !item.pieces.in_a_row() || held != item.expected {
        return Err(wrong("id", &format!("Segments do not add up to total_bytes: {held} of {}.", item.expected)));
    }
    Ok(item.pieces.whole())
}

/// `GET /2/media/upload?command=STATUS&media_id=…`.
pub(super) fn status(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Problem> {
    if call.query.get("command") != Some("STATUS") {
        return Err(wrong("command", "The `command` query parameter must be STATUS"));
    }
    let id = call.query.filled("media_id").ok_or_else(|| wrong("media_id", "media_id is required"))?.to_owned();
    let now = world.now();
    let item = own(world, caller, &id, now)?;
    Ok(Reply::ok(&json!({ "data": described(item, now) })))
}

/// `POST /2/media/metadata`: alt text.
pub(super) fn metadata(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Problem> {
    let body = json_body(call)?;
    let id =
        body.get("id").and_then(Value::as_str).ok_or_else(|| wrong("id", "$.id: is missing but it is required"))?;
    let text = body.get("metadata").and_then(|meta| meta.get("alt_text")).and_then(|alt| alt.get("text"));
    let text = text.and_then(Value::as_str).ok_or_else(|| wrong("metadata", "$.metadata.alt_text.text is required"))?;
    if text.is_empty() || text.chars().count() > MAX_ALT {
        return Err(wrong("metadata.alt_text.text", &format!("Alt text holds 1 to {MAX_ALT} characters.")));
    }
    let now = world.now();
    let item = own(world, caller, id, now)?;
    item.alt_text = Some(text.to_owned());
    world.changed();
    let data = json!({ "id": id, "associated_metadata": { "alt_text": { "text": text } } });
    Ok(Reply::ok(&json!({ "data": data })))
}

fn own<'a>(world: &'a mut World, caller: &Caller, id: &str, now: DateTime<Utc>) -> Result<&'a mut MediaItem, Problem> {
    let item = world.media.get_mut(SLUG, id).filter(|item| item.owner == caller.person && item.expires_at > now);
    item.ok_or_else(|| Problem::plain(404, "Not Found", "Not Found"))
}

fn described(item: &MediaItem, now: DateTime<Utc>) -> Value {
    let mut data = json!({
        "id": item.id,
        "media_key": format!("3_{}", item.id),
        "size": item.size,
        "expires_after_secs": (item.expires_at - now).num_seconds(),
    });
    let progress = match (item.state, item.state(now)) {
        (
            MediaState::Processing(until) | MediaState::Doomed(until),
            MediaState::Processing(_) | MediaState::Doomed(_),
        ) => {
            let left = (until - now).num_seconds().max(1);
            Some(json!({ "state": "in_progress", "check_after_secs": left, "progress_percent": 50 }))
        }
        (MediaState::Processing(_), _) => Some(json!({ "state": "succeeded", "progress_percent": 100 })),
        (_, MediaState::Failed) => {
            let error = json!({ "code": 1, "name": "InvalidMedia", "message": "Unsupported media" });
            Some(json!({ "state": "failed", "error": error }))
        }
        _ => None,
    };
    if let (Some(progress), Some(map)) = (progress, data.as_object_mut()) {
        map.insert("processing_info".to_owned(), progress);
    }
    data
}

fn wrong(name: &str, message: &str) -> Problem {
    Problem::invalid(name, message)
}
