//! Statuses: creation with every check that an instance makes, reading back, deletion, an account's list.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Refusal, SLUG, field, list, login, media, text};
use crate::{
    networks::{Caller, Network as _},
    wire::{Call, Reply},
    world::{Attachment, Comment, MediaState, Post, World, fingerprint},
};

const MAX_TEXT: usize = 500;
const MAX_FILES: usize = 4;
/// How long an idempotency key is remembered, hours.
const KEY_LIFE: i64 = 1;
/// Parameters that exist and are not simulated.
const NOT_HERE: &[&str] = &["scheduled_at", "poll", "quoted_status_id"];

/// `POST /api/v1/statuses`.
pub(super) fn create(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Refusal> {
    let now = world.now();
    let key = call.header("idempotency-key").map(str::to_owned);
    if let Some(earlier) = key.as_deref().and_then(|key| under(world, caller, key, now)) {
        return Ok(Reply::ok(&shown(world, earlier, &call.base)));
    }
    if let Some(name) = NOT_HERE.iter().find(|name| field(call, name).is_some()) {
        return Err(Refusal::new(422, format!("{name} is not simulated")));
    }
    let written = field(call, "status").unwrap_or_default();
    let files = list(call, "media_ids");
    if written.trim().is_empty() && files.is_empty() {
        return Err(Refusal::invalid("Text can't be blank"));
    }
    let warning = field(call, "spoiler_text").unwrap_or_default();
    if text::length(&written) + text::length(&warning) > MAX_TEXT {
        return Err(Refusal::invalid(&format!("Text character limit of {MAX_TEXT} exceeded")));
    }
    let visibility = field(call, "visibility").unwrap_or_else(|| "public".to_owned());
    if !["public", "unlisted", "private", "direct"].contains(&visibility.as_str()) {
        return Err(Refusal::invalid("Visibility is not included in the list"));
    }
    let reply_to = field(call, "in_reply_to_id");
    if reply_to.as_ref().is_some_and(|id| world.posts.get(SLUG, id).is_none()) {
        return Err(Refusal::new(404, "The post you are trying to reply to does not appear to exist."));
    }
    let (media, hashes) = usable(world, caller, &files, now)?;
    let id = world.snowflake().to_string();
    for one in &media {
        world.media.mark_used(SLUG, &one.media, &id);
    }
    if let Some(parent) = reply_to.as_ref().and_then(|parent| world.posts.get_mut(SLUG, parent)) {
        let comment = Comment { id: id.clone(), author: caller.person.clone(), text: written.clone(), created_at: now };
        parent.comments.push(comment);
    }
    let html = text::formatted(&written, &format!("{}/mastodon", call.base), |name, domain| match domain {
        None => world.accounts.of(SLUG).any(|account| account.handle.eq_ignore_ascii_case(name)),
        Some(domain) => domain.ends_with(".social"),
    });
    world.posts.add(Post {
        platform: SLUG,
        account: caller.person.clone(),
        id: id.clone(),
        client: caller.client.clone(),
        fingerprint: fingerprint(&written, None, &hashes),
        text: written,
        media,
        link: None,
        created_at: now,
        publish_at: None,
        // Followers see it; the showcase shows what everybody does.
        hidden: matches!(visibility.as_str(), "private" | "direct"),
        extra: json!({ "content": html, "visibility": visibility, "reply_to": reply_to, "idempotency_key": key }),
        comments: Vec::new(),
    });
    world.changed();
    let post = world.posts.get(SLUG, &id).ok_or_else(Refusal::not_found)?;
    Ok(Reply::ok(&shown(world, post, &call.base)))
}

/// The status this account made under the key within the last hour.
fn under<'a>(world: &'a World, caller: &Caller, key: &str, now: DateTime<Utc>) -> Option<&'a Post> {
    let since = now - TimeDelta::hours(KEY_LIFE);
    let mut recent = world.posts.newest(SLUG, &caller.person).take_while(|post| post.created_at > since);
    recent.find(|post| post.extra.get("idempotency_key").and_then(Value::as_str) == Some(key))
}

fn usable(
    world: &World,
    caller: &Caller,
    ids: &[String],
    now: DateTime<Utc>,
) -> Result<(Vec<Attachment>, Vec<u64>), Refusal> {
    if ids.len() > MAX_FILES {
        return Err(Refusal::invalid("Cannot attach more than 4 files"));
    }
    let mut media = Vec::new();
    let mut hashes = Vec::new();
    for id in ids {
        let item = world.media.usable(SLUG, id, &caller.person, now);
        let item =
            item.ok_or_else(|| Refusal::invalid(&format!("Media {id} not found or already attached to another post")))?;
        let moves = item.is_film() || item.mime == "image/gif";
        if moves && ids.len() > 1 {
            return Err(Refusal::invalid("Cannot attach a video to a post that already contains images"));
        }
        if item.state(now) != MediaState::Ready {
            return Err(Refusal::invalid(
                "Cannot attach files that have not finished processing. Try again in a moment!",
            ));
        }
        hashes.push(item.hash);
        media.push(Attachment { media: id.clone(), alt_text: item.alt_text.clone() });
    }
    Ok((media, hashes))
}

/// `GET /api/v1/statuses/{id}`.
pub(super) fn one(world: &World, call: &Call, caller: &Caller, id: &str) -> Result<Reply, Refusal> {
    let post = world.posts.get(SLUG, id).filter(|post| may_see(post, caller)).ok_or_else(Refusal::not_found)?;
    Ok(Reply::ok(&shown(world, post, &call.base)))
}

/// `DELETE /api/v1/statuses/{id}`: answers with what it was, for writing it anew.
pub(super) fn delete(world: &mut World, call: &Call, caller: &Caller, id: &str) -> Result<Reply, Refusal> {
    let post = world.posts.get(SLUG, id).filter(|post| post.account == caller.person);
    let post = post.ok_or_else(Refusal::not_found)?;
    let mut body = shown(world, post, &call.base);
    if let Some(map) = body.as_object_mut() {
        map.insert("text".to_owned(), post.text.as_str().into());
    }
    world.posts.remove(SLUG, id);
    world.changed();
    Ok(Reply::ok(&body))
}

/// `GET /api/v1/accounts/{id}/statuses`: newest first.
pub(super) fn of_account(world: &World, call: &Call, caller: &Caller, account: &str) -> Result<Reply, Refusal> {
    if world.accounts.get(SLUG, account).is_none() {
        return Err(Refusal::not_found());
    }
    let query = &call.query;
    let is_on = |name: &str| query.get(name).is_some_and(|value| matches!(value, "true" | "1" | "on"));
    let number = |id: &str| id.parse::<u64>().unwrap_or_default();
    let before = query.filled("max_id").map(number);
    let since = query.filled("since_id").map(number);
    // More than twice the usual number is that.
    let most = query.filled("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20_usize).clamp(1, 40);
    let found: Vec<Value> = world
        .posts
        .newest(SLUG, account)
        .filter(|post| may_see(post, caller))
        .filter(|post| before.is_none_or(|before| number(&post.id) < before))
        .filter(|post| since.is_none_or(|since| number(&post.id) > since))
        .filter(|post| !is_on("exclude_replies") || post.extra.get("reply_to").is_none_or(Value::is_null))
        .filter(|post| !is_on("only_media") || !post.media.is_empty())
        .take(most)
        .map(|post| shown(world, post, &call.base))
        .collect();
    Ok(Reply::ok(&found.into()))
}

fn may_see(post: &Post, caller: &Caller) -> bool {
    !post.hidden || post.account == caller.person
}

/// A `Status`.
fn shown(world: &World, post: &Post, base: &str) -> Value {
    let files: Vec<Value> = post
        .media
        .iter()
        .filter_map(|one| world.media.get(SLUG, &one.media))
        .map(|item| media::shown(item, base, false))
        .collect();
    let extra = |name: &str| post.extra.get(name).cloned().unwrap_or_default();
    json!({
        "id": post.id, "created_at": post.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "in_reply_to_id": extra("reply_to"), "sensitive": false, "spoiler_text": "", "visibility": extra("visibility"),
        "language": "en", "uri": format!("{base}/mastodon/users/{}/statuses/{}", post.account, post.id),
        "url": super::Mastodon.permalink(world, base, post), "content": extra("content"), "reblog": null,
        "account": world.accounts.get(SLUG, &post.account).map(|account| login::shown(account, base)),
        "media_attachments": files, "mentions": [], "tags": [], "emojis": [], "card": null, "poll": null,
        "replies_count": post.comments.len(), "reblogs_count": 0, "favourites_count": 0,
    })
}
