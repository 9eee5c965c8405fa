//! Attachments: the whole file in one request, pictures ready at once, films and GIFs worked on.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Refusal, SLUG};
use crate::{
    networks::Caller,
    wire::{Call, Reply},
    world::{MediaItem, MediaState, MediaStore, World},
};

const MAX_PICTURE: u64 = 16 << 20;
const MAX_FILM: u64 = 99 << 20;
/// Pixels of a picture, and of a GIF.
const MAX_PIXELS: u64 = 33_177_600;
const MAX_GIF_PIXELS: u64 = 1_280 * 720;
const MAX_DESCRIPTION: usize = 1_500;
/// Files that no post uses are swept away after a day.
const LIFE: i64 = 24 * 60 * 60;

/// `POST /api/v2/media`.
pub(super) fn upload(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Refusal> {
    let file = call.part("file").filter(|part| part.is_file);
    let file = file.ok_or_else(|| Refusal::invalid("File can't be blank"))?;
    let declared = file.content_type.clone().unwrap_or_default();
    let description = call.part("description").and_then(|part| part.text()).map(str::to_owned);
    if description.as_ref().is_some_and(|text| text.chars().count() > MAX_DESCRIPTION) {
        return Err(Refusal::invalid("Description is too long (maximum is 1500 characters)"));
    }
    let now = world.now();
    let id = world.snowflake().to_string();
    let lives_until = MediaStore::lives_until(now, LIFE);
    let mut item = MediaItem::announced(SLUG, id.clone(), caller.person.clone(), lives_until);
    item.declared.clone_from(&declared);
    item.alt_text = description.filter(|text| !text.trim().is_empty());
    let wrong = || Refusal::invalid("File content type is invalid, File is invalid");
    let sniffed = item.fill(file.bytes.clone()).ok_or_else(wrong)?;
    let moves = sniffed.mime.starts_with("video/");
    let is_gif = sniffed.mime == "image/gif";
    if declared != sniffed.mime || !(moves || sniffed.is_image()) {
        return Err(wrong());
    }
    let most = if moves { MAX_FILM } else { MAX_PICTURE };
    if item.size > most {
        return Err(Refusal::invalid(&format!("File file size must be less than {} MB", most >> 20)));
    }
    if sniffed.is_image() && sniffed.pixels() == 0 {
        return Err(wrong());
    }
    let pixels = if is_gif { MAX_GIF_PIXELS } else { MAX_PIXELS };
    if sniffed.is_image() && sniffed.pixels() > pixels {
        let (width, height) = (sniffed.width, sniffed.height);
        return Err(Refusal::new(422, format!("{width}x{height} images are not supported")));
    }
    let worked_on = moves || is_gif;
    if worked_on {
        item.state = world.begin_work(is_gif || item.length().is_ok());
    }
    let shown = shown(&item, &call.base, worked_on);
    world.media.put(item);
    world.changed();
    Ok(if worked_on { Reply::json(StatusCode::ACCEPTED, &shown) } else { Reply::ok(&shown) })
}

/// `GET /api/v1/media/{id}`: 206 while it is worked on.
pub(super) fn status(world: &World, call: &Call, caller: &Caller, id: &str) -> Result<Reply, Refusal> {
    let now = world.now();
    let item = world.media.usable(SLUG, id, &caller.person, now).ok_or_else(Refusal::not_found)?;
    match item.state(now) {
        MediaState::Ready => Ok(Reply::ok(&shown(item, &call.base, false))),
        MediaState::Failed => Err(Refusal::new(422, "Error processing thumbnail for uploaded media")),
        _ => Ok(Reply::json(StatusCode::PARTIAL_CONTENT, &shown(item, &call.base, true))),
    }
}

/// A `MediaAttachment`; without an address while it is worked on.
pub(super) fn shown(item: &MediaItem, base: &str, unfinished: bool) -> Value {
    let kind = match item.mime.as_str() {
        "image/gif" => "gifv",
        mime if mime.starts_with("video/") => "video",
        _ => "image",
    };
    let address = format!("{base}/media/mastodon/{}", item.id);
    json!({
        "id": item.id, "type": kind, "url": if unfinished { Value::Null } else { address.as_str().into() },
        "preview_url": address, "remote_url": null, "description": item.alt_text,
        "meta": { "original": { "width": item.width, "height": item.height } }, "blurhash": null,
    })
}
