//! Writing: feed posts, photos staged or shown, deletion. The limits are those of platforms.md 1 and 11.

use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use url::Url;

use super::SLUG;
use crate::{
    networks::{
        Caller,
        meta::{Answer, GraphError, is_false, tasks},
    },
    wire::{Call, Fields},
    world::{Attachment, Comment, Kind, Link, MediaItem, MediaState, MediaStore, Post, StageState, World, fingerprint},
};

const MAX_MESSAGE: usize = 63_206;
const MAX_PHOTO: usize = 4 << 20;
const MAX_PHOTOS: usize = 10;
const MAX_COMMENT: usize = 8_000;
/// What Facebook fetches before it looks at a photo.
pub(super) const MAX_PULL: u64 = 32 << 20;

/// Words of the answer to anybody who may not post on a page.
const NOT_ALLOWED: &str = "If posting to a page, requires both pages_read_engagement and pages_manage_posts as an admin with sufficient \
     administrative permission";

/// `POST /{page}/feed`: text, link or staged photos.
pub(super) fn feed(world: &mut World, caller: &Caller, page: &str, params: &Fields) -> Answer {
    may_post(world, caller, page)?;
    let message = message(params, "message")?;
    let link = params.filled("link").map(link).transpose()?;
    let photos = attached(params)?;
    if message.is_empty() && link.is_none() && photos.is_empty() {
        return Err(GraphError::invalid("Requires one of the params: message, link, attached_media"));
    }
    if link.is_some() && !photos.is_empty() {
        return Err(GraphError::invalid("Only one of the params link and attached_media may be given"));
    }
    if photos.len() > MAX_PHOTOS {
        return Err(GraphError::invalid(format!("attached_media takes at most {MAX_PHOTOS} photos")));
    }
    let now = world.now();
    let (hidden, publish_at) = timing(params, now)?;
    let mut media = Vec::new();
    let mut hashes = Vec::new();
    for id in &photos {
        let item = staged(world, id, page, now)?;
        hashes.push(item.hash);
        media.push(Attachment { media: id.clone(), alt_text: item.alt_text.clone() });
    }
    let print = fingerprint(&message, link.as_ref().map(|link| link.url.as_str()), &hashes);
    if !hidden && publish_at.is_none() {
        refuse_repeat(world, page, print, now)?;
    }
    let id = format!("{page}_{}", post_number(world));
    for photo in &photos {
        world.media.mark_used(SLUG, photo, &id);
    }
    world.posts.add(Post {
        platform: SLUG,
        account: page.to_owned(),
        id: id.clone(),
        client: caller.client.clone(),
        text: message,
        media,
        link,
        created_at: now,
        publish_at,
        hidden,
        extra: Value::Null,
        fingerprint: print,
        comments: Vec::new(),
    });
    world.changed();
    Ok(json!({ "id": id }))
}

/// `POST /{page}/photos`: shown at once, or staged for a feed post with `published=false`.
pub(super) fn photo(world: &mut World, call: &Call, caller: &Caller, page: &str, params: &Fields) -> Answer {
    may_post(world, caller, page)?;
    let caption = match message(params, "message")? {
        text if text.is_empty() => message(params, "caption")?,
        text => text,
    };
    let bytes = photo_bytes(call)?;
    let now = world.now();
    let (hidden, publish_at) = timing(params, now)?;
    let staged = hidden || publish_at.is_some();
    let id = format!("12{:014}", world.snowflake() % 100_000_000_000_000);
    let expires = MediaStore::lives_until(now, world.config.lives.media);
    let mut item = MediaItem::announced(SLUG, id.clone(), page.to_owned(), expires);
    item.alt_text = params.filled("alt_text_custom").map(str::to_owned);
    let sniffed = item.fill(bytes);
    let good = sniffed.is_some_and(|it| matches!(it.mime, "image/jpeg" | "image/png") && it.pixels() > 0);
    if !good || item.size > MAX_PHOTO as u64 {
        return Err(GraphError::invalid("Invalid parameter").subcode(1_366_046).for_people(
            "Can't Read Files",
            "Your photos couldn't be uploaded. Photos should be less than 4 MB and saved as JPG or PNG files.",
        ));
    }
    let (hash, alt_text) = (item.hash, item.alt_text.clone());
    item.state = MediaState::Ready;
    if staged {
        world.media.put(item);
        world.changed();
        return Ok(json!({ "id": id }));
    }
    let post_id = format!("{page}_{}", post_number(world));
    item.used_in = Some(post_id.clone());
    world.media.put(item);
    // The same photo twice is no duplicate to Facebook; only the feed's text is compared.
    world.posts.add(Post {
        platform: SLUG,
        account: page.to_owned(),
        id: post_id.clone(),
        client: caller.client.clone(),
        fingerprint: fingerprint(&caption, None, &[hash]),
        text: caption,
        media: vec![Attachment { media: id.clone(), alt_text }],
        link: None,
        created_at: now,
        publish_at: None,
        hidden: false,
        extra: Value::Null,
        comments: Vec::new(),
    });
    world.changed();
    Ok(json!({ "id": id, "post_id": post_id }))
}

/// `POST /{page}/photo_stories`: a staged photo becomes a story.
pub(super) fn photo_story(world: &mut World, caller: &Caller, page: &str, params: &Fields) -> Answer {
    may_post(world, caller, page)?;
    let photo = params.filled("photo_id").ok_or_else(|| GraphError::invalid("The parameter photo_id is required"))?;
    let now = world.now();
    let item = staged(world, photo, page, now)?;
    let (print, alt_text) = (fingerprint("", None, &[item.hash]), item.alt_text.clone());
    let id = format!("{page}_{}", post_number(world));
    world.media.mark_used(SLUG, photo, &id);
    world.posts.add(Post {
        platform: SLUG,
        account: page.to_owned(),
        id: id.clone(),
        client: caller.client.clone(),
        text: String::new(),
        media: vec![Attachment { media: photo.to_owned(), alt_text }],
        link: None,
        created_at: now,
        publish_at: None,
        hidden: false,
        extra: json!({ "kind": "story" }),
        fingerprint: print,
        comments: Vec::new(),
    });
    world.changed();
    Ok(json!({ "success": true, "post_id": id }))
}

/// `POST /{post or film}/comments`, in the page's name.
pub(super) fn comment(world: &mut World, caller: &Caller, id: &str, params: &Fields) -> Answer {
    let post_id = match world.stages.get(SLUG, id).map(|stage| &stage.state) {
        Some(StageState::Published(post)) => post.clone(),
        _ => id.to_owned(),
    };
    let post = world.posts.get(SLUG, &post_id).ok_or_else(|| GraphError::missing_object(id))?;
    let page = post.account.clone();
    may_post(world, caller, &page)?;
    if !caller.may("pages_manage_engagement") {
        return Err(GraphError::permission("Requires pages_manage_engagement permission to manage the object"));
    }
    let text =
        params.filled("message").ok_or_else(|| GraphError::invalid("Param message must be a non-empty string"))?;
    if text.chars().count() > MAX_COMMENT {
        return Err(GraphError::invalid(format!("Param message must be at most {MAX_COMMENT} characters long")));
    }
    let own = post_id.split_once('_').map_or(post_id.as_str(), |(_, own)| own);
    let comment = Comment {
        id: format!("{own}_{}", post_number(world)),
        author: page,
        text: text.to_owned(),
        created_at: world.now(),
    };
    let answer = json!({ "id": comment.id });
    if let Some(post) = world.posts.get_mut(SLUG, &post_id) {
        post.comments.push(comment);
    }
    world.changed();
    Ok(answer)
}

/// `DELETE /{post or photo}`.
pub(super) fn delete(world: &mut World, caller: &Caller, id: &str) -> Answer {
    let owner = world
        .posts
        .get(SLUG, id)
        .map(|post| post.account.clone())
        .or_else(|| world.media.get(SLUG, id).map(|photo| photo.owner.clone()))
        .ok_or_else(|| GraphError::missing_object(id))?;
    may_post(world, caller, &owner)?;
    if world.posts.remove(SLUG, id).is_none() {
        world.media.take(SLUG, id);
    }
    world.changed();
    Ok(json!({ "success": true }))
}

/// A page's own token, both scopes, and a role that may write.
pub(super) fn may_post(world: &World, caller: &Caller, page: &str) -> Result<(), GraphError> {
    let Some(account) = world.accounts.get(SLUG, page) else { return Err(GraphError::missing_object(page)) };
    let writes = account.role_of(&caller.person).is_some_and(|role| tasks(role).contains(&"CREATE_CONTENT"));
    let allowed = account.kind == Kind::Page
        && caller.page.as_deref() == Some(page)
        && caller.assets.iter().any(|asset| asset == page)
        && caller.may("pages_manage_posts")
        && caller.may("pages_read_engagement")
        && writes;
    if allowed { Ok(()) } else { Err(GraphError::permission(NOT_ALLOWED)) }
}

pub(super) fn message(params: &Fields, name: &str) -> Result<String, GraphError> {
    let text = params.get(name).unwrap_or_default();
    if text.chars().count() > MAX_MESSAGE {
        return Err(GraphError::invalid(format!("Param {name} must be at most {MAX_MESSAGE} characters long")));
    }
    Ok(text.to_owned())
}

fn link(text: &str) -> Result<Link, GraphError> {
    let good = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    if !good {
        return Err(GraphError::invalid("The link you tried to share is not a valid URL").subcode(1_609_005));
    }
    Ok(Link { url: text.to_owned(), title: None, description: None })
}

/// Ids of `attached_media`: one JSON list, or `attached_media[0]`, `attached_media[1]`, …
fn attached(params: &Fields) -> Result<Vec<String>, GraphError> {
    let wrong = || GraphError::invalid("Param attached_media must be a list of objects with a media_fbid");
    let parse = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| wrong());
    let mut items = Vec::new();
    if let Some(text) = params.filled("attached_media") {
        let Value::Array(list) = parse(text)? else { return Err(wrong()) };
        items = list;
    } else {
        let mut numbered = Vec::new();
        for (name, value) in params.iter() {
            let Some(index) = name.strip_prefix("attached_media[").and_then(|rest| rest.strip_suffix(']')) else {
                continue;
            };
            numbered.push((index.parse::<usize>().map_err(|_| wrong())?, parse(value)?));
        }
        numbered.sort_by_key(|(index, _)| *index);
        items.extend(numbered.into_iter().map(|(_, item)| item));
    }
    let id = |item: &Value| item.get("media_fbid").and_then(Value::as_str).map(str::to_owned).ok_or_else(wrong);
    items.iter().map(id).collect()
}

/// `(hidden, publish_at)`. Facebook schedules between ten minutes and thirty days ahead.
pub(super) fn timing(params: &Fields, now: DateTime<Utc>) -> Result<(bool, Option<DateTime<Utc>>), GraphError> {
    let unpublished = params.filled("published").is_some_and(is_false);
    let Some(text) = params.filled("scheduled_publish_time") else { return Ok((unpublished, None)) };
    if !unpublished {
        return Err(GraphError::invalid("You cannot specify a scheduled publish time on a published post"));
    }
    let at = text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    match at.filter(|at| (now + TimeDelta::minutes(10)..=now + TimeDelta::days(30)).contains(at)) {
        Some(at) => Ok((false, Some(at))),
        None => Err(GraphError::invalid("The specified scheduled publish time is invalid")),
    }
}

fn staged<'a>(world: &'a World, id: &str, page: &str, now: DateTime<Utc>) -> Result<&'a MediaItem, GraphError> {
    let item = world.media.get(SLUG, id).filter(|item| item.owner == page && item.expires_at > now);
    let Some(item) = item else { return Err(GraphError::missing_object(id)) };
    if item.used_in.is_some() {
        return Err(GraphError::invalid("Invalid parameter")
            .subcode(1_366_051)
            .for_people("Already Posted", "These photos were already posted."));
    }
    Ok(item)
}

/// Facebook compares with the page's last post.
fn refuse_repeat(world: &World, page: &str, print: u64, now: DateTime<Utc>) -> Result<(), GraphError> {
    let last = world.posts.newest(SLUG, page).find(|post| post.is_public(now));
    let same = last.is_some_and(|post| post.fingerprint == print && post.created_at > now - TimeDelta::days(1));
    if same && world.settings.reject_duplicates {
        return Err(GraphError::new(400, 506, "(#506) Duplicate status message").subcode(1_455_006).for_people(
            "Duplicate Status Update",
            "This status update is identical to the last one you posted. Try posting something different, or delete \
             your previous update.",
        ));
    }
    Ok(())
}

fn photo_bytes(call: &Call) -> Result<Bytes, GraphError> {
    let unreadable = || GraphError::new(400, 324, "(#324) Missing or invalid image file").subcode(2_069_019);
    if let Some(part) = call.part("source") {
        return Ok(part.bytes.clone());
    }
    match &call.fetched {
        Some(Ok(bytes)) => Ok(bytes.clone()),
        Some(Err(_)) | None => Err(unreadable()),
    }
}

pub(super) fn post_number(world: &mut World) -> String {
    format!("{:015}", world.snowflake() % 1_000_000_000_000_000)
}
