//! Reading: the person, their public videos, and how far a publication has come.

use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value, json};

use super::{SLUG, TikTok, Trouble, errors::fine, json_body};
use crate::{
    networks::{Caller, Network as _},
    wire::{Call, Reply},
    world::{Post, StageState, World},
};

/// Seconds until a post that is out has passed moderation, and its id is told.
const MODERATION: TimeDelta = TimeDelta::seconds(2);

/// `GET /v2/user/info/?fields=…`.
pub(super) fn user(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Trouble> {
    let account = world.accounts.get(SLUG, &caller.person).ok_or_else(Trouble::token)?;
    let wanted = call.query.filled("fields").ok_or_else(|| Trouble::params("The parameter fields is required."))?;
    let avatar = format!("{}/avatar/tiktok/{}", call.base, account.id);
    let mut user = Map::new();
    for field in wanted.split(',').map(str::trim) {
        let (scope, value): (&str, Value) = match field {
            "open_id" => ("user.info.basic", account.id.as_str().into()),
            "union_id" => ("user.info.basic", format!("u{}", account.id).into()),
            "avatar_url" | "avatar_url_100" | "avatar_large_url" => ("user.info.basic", avatar.as_str().into()),
            "display_name" => ("user.info.basic", account.name.as_str().into()),
            "username" => ("user.info.profile", account.handle.as_str().into()),
            "bio_description" => ("user.info.profile", account.about.as_str().into()),
            "profile_deep_link" => ("user.info.profile", format!("{}/tiktok/@{}", call.base, account.handle).into()),
            "is_verified" => ("user.info.profile", false.into()),
            "follower_count" => ("user.info.stats", 1_204.into()),
            "following_count" => ("user.info.stats", 180.into()),
            "likes_count" => ("user.info.stats", 9_120.into()),
            "video_count" => ("user.info.stats", world.posts.count(SLUG, &account.id).into()),
            other => return Err(Trouble::params(format!("The field {other} does not exist."))),
        };
        if !caller.may(scope) {
            return Err(Trouble::scope(scope));
        }
        user.insert(field.to_owned(), value);
    }
    Ok(fine(json!({ "user": user })))
}

/// `POST /v2/video/list/?fields=…`: what everybody sees, newest first.
pub(super) fn videos(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Trouble> {
    let empty = Map::new();
    let body = if matches!(call.body, crate::wire::Body::Empty) { &empty } else { json_body(call)? };
    let wanted = call.query.filled("fields").ok_or_else(|| Trouble::params("The parameter fields is required."))?;
    let most = match body.get("max_count") {
        None => 10,
        Some(count) => count
            .as_u64()
            .filter(|count| (1..=20).contains(count))
            .and_then(|count| usize::try_from(count).ok())
            .ok_or_else(|| Trouble::params("max_count must be between 1 and 20."))?,
    };
    let before = match body.get("cursor") {
        None => None,
        Some(cursor) => Some(
            cursor
                .as_i64()
                .and_then(DateTime::from_timestamp_millis)
                .ok_or_else(|| Trouble::params("cursor must be a time in milliseconds."))?,
        ),
    };
    let now = world.now();
    let mut found: Vec<&Post> = world
        .posts
        .newest(SLUG, &caller.person)
        .filter(|post| level(post) == "PUBLIC_TO_EVERYONE" && post.is_public(now))
        .filter(|post| before.is_none_or(|before| post.created_at < before))
        .take(most + 1)
        .collect();
    let more = found.len() > most;
    found.truncate(most);
    let cursor = found.last().map(|post| post.created_at.timestamp_millis());
    let fields: Vec<&str> = wanted.split(',').map(str::trim).collect();
    let list = found
        .iter()
        .map(|post| {
            let mut out = Map::new();
            for field in &fields {
                let value = video_field(world, post, field, &call.base);
                let words = || Trouble::params(format!("The field {field} does not exist."));
                out.insert((*field).to_owned(), value.ok_or_else(words)?);
            }
            Ok(Value::Object(out))
        })
        .collect::<Result<Vec<Value>, Trouble>>()?;
    Ok(fine(json!({ "videos": list, "cursor": cursor, "has_more": more })))
}

fn level(post: &Post) -> &str {
    post.extra.pointer("/settings/privacy_level").and_then(Value::as_str).unwrap_or("PUBLIC_TO_EVERYONE")
}

fn video_field(world: &World, post: &Post, field: &str, base: &str) -> Option<Value> {
    let item = post.media.first().and_then(|one| world.media.get(SLUG, &one.media));
    Some(match field {
        "id" => post.id.as_str().into(),
        "create_time" => post.created_at.timestamp().into(),
        "title" => post.extra.get("title").cloned().unwrap_or_default(),
        "video_description" => post.text.as_str().into(),
        "share_url" | "embed_link" => TikTok.permalink(world, base, post).into(),
        "cover_image_url" => item.map(|item| format!("{base}/media/tiktok/{}", item.id)).into(),
        "duration" => item.map_or(0, |item| item.duration_ms / 1_000).into(),
        "width" => item.map_or(0, |item| item.width).into(),
        "height" => item.map_or(0, |item| item.height).into(),
        "like_count" | "comment_count" | "share_count" | "view_count" => 0.into(),
        "embed_html" => "".into(),
        _ => return None,
    })
}

/// `POST /v2/post/publish/status/fetch/`.
pub(super) fn status(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Trouble> {
    if !caller.may("video.publish") && !caller.may("video.upload") {
        return Err(Trouble::scope("video.publish"));
    }
    let id = json_body(call)?.get("publish_id").and_then(Value::as_str).unwrap_or_default();
    let stage = world.stages.get(SLUG, id);
    let stage = stage.filter(|stage| stage.owner == caller.person && stage.client == caller.client);
    let words = "The publish_id does not exist.";
    let stage = stage.ok_or_else(|| Trouble::new(400, "invalid_publish_id", words))?;
    let now = world.now();
    let by_file = stage.says("from") == Some("file");
    let arrived: u64 = stage.media.iter().filter_map(|one| world.media.get(SLUG, one)).map(|item| item.size).sum();
    let arrived = arrived.max(stage.pieces.size());
    let mut data = json!({
        "uploaded_bytes": if by_file { arrived } else { 0 },
        "downloaded_bytes": if by_file { 0 } else { arrived },
    });
    let mut say = |name: &str, value: Value| {
        if let Some(map) = data.as_object_mut() {
            map.insert(name.to_owned(), value);
        }
    };
    let work = if by_file { "PROCESSING_UPLOAD" } else { "PROCESSING_DOWNLOAD" };
    let stands = match stage.state(now) {
        StageState::Waiting | StageState::Working(..) => work,
        StageState::Failed(failure) => {
            say("fail_reason", failure.words.into());
            "FAILED"
        }
        StageState::Ready | StageState::Published(_) => match stage.says("post_id") {
            // A draft that lies in the inbox.
            None => "SEND_TO_USER_INBOX",
            Some(post) => {
                let public = world.posts.get(SLUG, post).filter(|post| level(post) == "PUBLIC_TO_EVERYONE");
                if public.is_some_and(|post| post.created_at + MODERATION <= now) {
                    // The field's name has been misspelt from the beginning, and the ids are numbers.
                    let number: u64 = post.parse().unwrap_or_default();
                    say("publicaly_available_post_id", json!([number]));
                }
                "PUBLISH_COMPLETE"
            }
        },
    };
    say("status", stands.into());
    Ok(fine(data))
}
