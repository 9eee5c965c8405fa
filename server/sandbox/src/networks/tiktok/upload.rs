//! Chunks on their way in, media fetched from addresses, and the posts that come of them.

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Creator, SLUG};
use crate::{
    wire::{Call, Fetched, Reply, percent_encode},
    world::{Attachment, Failure, MediaItem, MediaStore, Post, Stage, StageState, Whole, World, fingerprint},
};

/// Address for the chunks of one publication.
pub(super) fn address(base: &str, id: &str, ticket: &str) -> String {
    format!("{base}/tiktok/video/?upload_id={}&upload_token={ticket}", percent_encode(id))
}

/// `PUT {upload_url}`: one chunk, in order. 206 as long as something is missing, 201 at the end.
pub(super) fn chunk(world: &mut World, call: &Call) -> Reply {
    let now = world.now();
    let life = TimeDelta::seconds(world.config.lives.tiktok_upload);
    let id = call.query.get("upload_id").unwrap_or_default().to_owned();
    let stage = world.stages.get_mut(SLUG, &id);
    let stage = stage.filter(|stage| stage.says("ticket").is_some_and(|t| call.query.get("upload_token") == Some(t)));
    let Some(stage) = stage.filter(|stage| stage.made_at + life > now) else {
        return refusal(StatusCode::FORBIDDEN, "The upload address is wrong or has expired", None);
    };
    let size = stage.expected;
    let arrived = stage.pieces.size();
    if stage.state != StageState::Waiting {
        return refusal(StatusCode::RANGE_NOT_SATISFIABLE, "The upload is complete", Some((size, size)));
    }
    let number = |name: &str| stage.what.get(name).and_then(Value::as_u64).unwrap_or_default();
    let (chunk, chunks) = (number("chunk"), number("chunks"));
    if !matches!(call.content_type.as_deref(), Some("video/mp4" | "video/quicktime" | "video/webm")) {
        return refusal(StatusCode::BAD_REQUEST, "Content-Type must be video/mp4, video/quicktime or video/webm", None);
    }
    let Some(bytes) = call.raw().cloned() else {
        return refusal(StatusCode::BAD_REQUEST, "The body must be the chunk", None);
    };
    let Some((first, last, total)) = call.header("content-range").and_then(range) else {
        return refusal(StatusCode::BAD_REQUEST, "Content-Range must be bytes {first}-{last}/{total}", None);
    };
    if total != size || first != arrived {
        return refusal(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "Content-Range is not what comes next",
            Some((arrived, size)),
        );
    }
    let length = bytes.len() as u64;
    if last < first || last - first + 1 != length {
        return refusal(StatusCode::BAD_REQUEST, "Content-Range and Content-Length differ", None);
    }
    // Every chunk but the last has the announced size; the last one takes what is left.
    let at = first / chunk.max(1);
    let due = if at + 1 == chunks { size - first } else { chunk };
    if length != due {
        return refusal(StatusCode::BAD_REQUEST, &format!("The chunk must have {due} bytes"), None);
    }
    stage.pieces.insert(first, bytes);
    let arrived = stage.pieces.size();
    if arrived < size {
        return progress(Reply::empty(StatusCode::PARTIAL_CONTENT), arrived, size);
    }
    let whole = stage.pieces.whole();
    stage.pieces.clear();
    arrive(world, &id, vec![whole]);
    progress(Reply::empty(StatusCode::CREATED), size, size)
}

/// `bytes 0-9/20`.
fn range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, total.parse().ok()?))
}

fn progress(reply: Reply, arrived: u64, size: u64) -> Reply {
    match arrived.checked_sub(1) {
        Some(last) => reply.header("content-range", format!("bytes 0-{last}/{size}")),
        None => reply.header("content-range", format!("bytes */{size}")),
    }
}

fn refusal(status: StatusCode, words: &str, so_far: Option<(u64, u64)>) -> Reply {
    let reply = Reply::json(status, &json!({ "error": { "code": status.as_u16().to_string(), "message": words } }));
    match so_far {
        Some((arrived, size)) => progress(reply, arrived, size),
        None => reply,
    }
}

/// What was to be fetched is there, or not.
pub(super) fn fetched(world: &mut World, id: &str, media: Vec<Fetched>) {
    let photo = world.stages.get(SLUG, id).is_some_and(|stage| stage.says("kind") == Some("photo"));
    let fetched: Result<Vec<_>, _> = media.into_iter().collect();
    match fetched {
        Ok(files) => arrive(world, id, files.into_iter().map(Whole::of).collect()),
        Err(crate::wire::PullError::TooLarge) => fail(world, id, "file_format_check_failed"),
        Err(_) => fail(world, id, if photo { "photo_pull_failed" } else { "video_pull_failed" }),
    }
}

fn fail(world: &mut World, id: &str, reason: &str) {
    if let Some(stage) = world.stages.get_mut(SLUG, id) {
        stage.state = StageState::Failed(Failure::new(0, reason));
    }
    world.changed();
}

/// All bytes are there: look at them, and begin to work on them.
fn arrive(world: &mut World, id: &str, files: Vec<Whole>) {
    let Some(stage) = world.stages.get(SLUG, id) else { return };
    let photo = stage.says("kind") == Some("photo");
    let owner = stage.owner.clone();
    let limit = world.accounts.get(SLUG, &owner).map_or(600, |account| Creator(account).max_seconds());
    let expires = MediaStore::lives_until(world.now(), world.config.lives.media);
    let mut media = Vec::new();
    let mut reason = None;
    for (at, file) in files.into_iter().enumerate() {
        let name = format!("{}-{at}", id.rsplit('.').next().unwrap_or_default());
        let mut item = MediaItem::announced(SLUG, name.clone(), owner.clone(), expires);
        item.take(file);
        reason = reason.or_else(|| if photo { judge_photo(&item) } else { judge_film(&item, limit) });
        world.media.put(item);
        media.push(name);
    }
    let reason = reason.or_else(|| world.twist.fails.then_some("internal"));
    let until = world.done_at();
    // A direct post is settled now, and shows once the work is done.
    let direct = world.stages.get(SLUG, id).is_some_and(is_direct) && reason.is_none();
    if let Some(stage) = world.stages.get_mut(SLUG, id) {
        stage.media = media;
        stage.state = StageState::Working(until, reason.map(|reason| Failure::new(0, reason)));
    }
    if direct {
        post(world, id, until);
    }
    world.changed();
}

fn judge_film(item: &MediaItem, limit: u64) -> Option<&'static str> {
    if !matches!(item.mime.as_str(), "video/mp4" | "video/quicktime" | "video/webm") {
        return Some("file_format_check_failed");
    }
    let Ok(length) = item.length() else { return Some("file_format_check_failed") };
    if length.is_some_and(|ms| ms < 3_000 || ms > limit * 1_000) {
        return Some("duration_check_failed");
    }
    let sized = item.width == 0 || [item.width, item.height].iter().all(|side| (360..=4_096).contains(side));
    (!sized).then_some("picture_size_check_failed")
}

/// JPEG or WebP, within 1080p either way round.
fn judge_photo(item: &MediaItem) -> Option<&'static str> {
    if !matches!(item.mime.as_str(), "image/jpeg" | "image/webp") || item.width == 0 {
        return Some("file_format_check_failed");
    }
    let (short, long) = (item.width.min(item.height), item.width.max(item.height));
    (short > 1_080 || long > 1_920).then_some("picture_size_check_failed")
}

/// Makes the post of a publication. It shows from then on.
fn post(world: &mut World, stage: &str, at: DateTime<Utc>) {
    let Some(stage) = world.stages.get(SLUG, stage).cloned() else { return };
    let info = stage.what.get("post").cloned().unwrap_or_default();
    let said = |name: &str| info.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let photo = stage.says("kind") == Some("photo");
    let id = (7_000_000_000_000_000_000 + world.snowflake() % 400_000_000_000_000_000).to_string();
    let hashes: Vec<u64> =
        stage.media.iter().filter_map(|one| world.media.get(SLUG, one)).map(|item| item.hash).collect();
    let text = match (said("title"), said("description")) {
        (title, text) if title.is_empty() => text,
        (title, text) if text.is_empty() => title,
        (title, text) => format!("{title}\n\n{text}"),
    };
    for one in &stage.media {
        world.media.mark_used(SLUG, one, &id);
    }
    world.posts.add(Post {
        platform: SLUG,
        account: stage.owner.clone(),
        id: id.clone(),
        client: stage.client.clone(),
        fingerprint: fingerprint(&text, None, &hashes),
        text,
        media: stage.media.iter().map(|one| Attachment { media: one.clone(), alt_text: None }).collect(),
        link: None,
        created_at: at,
        publish_at: Some(at),
        hidden: false,
        extra: json!({
            "kind": if photo { "photo" } else { "video" }, "publish_id": stage.id, "settings": info,
            "title": said("title"),
        }),
        comments: Vec::new(),
    });
    let made = world.stages.get_mut(SLUG, &stage.id).and_then(|stage| stage.what.as_object_mut());
    if let Some(what) = made {
        what.insert("post_id".to_owned(), id.into());
    }
    world.changed();
}

/// Does it go to the profile, or to the creator's inbox?
pub(super) fn is_direct(stage: &Stage) -> bool {
    stage.what.get("direct").and_then(Value::as_bool).unwrap_or_default()
}

/// The creator opens the inbox and posts what waits there, or throws it away. Answers with how many there were.
pub(crate) fn answer_inbox(world: &mut World, creator: Option<&[String]>, post_it: bool) -> usize {
    let now = world.now();
    let waiting: Vec<String> = world
        .stages
        .of(SLUG)
        .filter(|stage| creator.is_none_or(|ids| ids.contains(&stage.owner)))
        .filter(|stage| !is_direct(stage) && stage.says("post_id").is_none())
        .filter(|stage| stage.state(now) == StageState::Ready)
        .map(|stage| stage.id.clone())
        .collect();
    for stage in &waiting {
        if post_it {
            post(world, stage, now);
        } else {
            fail(world, stage, "publish_cancelled");
        }
    }
    waiting.len()
}
