//! Posts: creation against the schema, reading back, deletion.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use url::Url;

use super::{
    ApiError, Author, Caller, POSTS_PER_DAY, SLUG, images, json_body, little_text, may_read, may_write, paging, urn_of,
    window,
};
use crate::{
    wire::{Call, Reply, percent_encode},
    world::{Attachment, Link, Post, StageState, World, fingerprint},
};

/// Counted on the escaped text (platforms.md 4).
const MAX_COMMENTARY: usize = 3_000;
const MAX_ALT: usize = 4_086;
const CREATE: &str = "partnerApiPostsExternal.CREATE";

const FIELDS: &[&str] = &[
    "adContext",
    "author",
    "commentary",
    "container",
    "content",
    "contentCallToActionLabel",
    "contentLandingPage",
    "distribution",
    "isReshareDisabledByAuthor",
    "lifecycleState",
    "reshareContext",
    "visibility",
];

/// `POST /rest/posts`: 201 without a body; the id is in `x-restli-id`.
pub(super) fn create(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let body = json_body(call)?.as_object().cloned().unwrap_or_default();
    only(&body, "", FIELDS)?;
    let author_urn = text(&body, "", "author")?;
    let commentary = text(&body, "", "commentary")?;
    let visibility = one_of(&body, "", "visibility", &["PUBLIC", "CONNECTIONS", "LOGGED_IN"])?;
    one_of(&body, "", "lifecycleState", &["PUBLISHED"])?;
    check_distribution(&body)?;
    if let Some(flag) = body.get("isReshareDisabledByAuthor").filter(|flag| !flag.is_boolean()) {
        let problem = format!("{flag} is not backed by a Boolean");
        return Err(ApiError::schema("/isReshareDisabledByAuthor", &problem));
    }
    let account = may_write(world, caller, author_urn, CREATE)?.clone();
    let author = Author::parse(author_urn).ok_or_else(|| ApiError::field_value("/author", author_urn))?;
    if commentary.chars().count() > MAX_COMMENTARY {
        let length = commentary.chars().count();
        let message = format!("Field commentary has {length} characters, {MAX_COMMENTARY} are allowed");
        return Err(ApiError::new(400, "FIELD_LENGTH_TOO_LONG", message).input("/commentary"));
    }
    let content = content(world, &body, &author)?;
    let understood = little_text::read(commentary);
    if understood.plain.trim().is_empty() && content.media.is_empty() && content.link.is_none() {
        return Err(ApiError::new(400, "MISSING_FIELD", "A post needs a commentary or content").input("/commentary"));
    }
    let meter = world.meter(format!("linkedin posts {}", caller.person), POSTS_PER_DAY, 86_400);
    if meter.exceeded {
        return Err(ApiError::too_many());
    }
    let now = world.now();
    let url = content.link.as_ref().map(|link| link.url.as_str());
    let print = fingerprint(&understood.plain, url, &content.hashes);
    let same = world.posts.same_as(SLUG, &account.id, print, now - TimeDelta::days(1));
    if let Some(same) = same.filter(|_| world.settings.reject_duplicates) {
        let message = format!("Content is a duplicate of {}", same.id);
        return Err(ApiError::new(422, "DUPLICATE_POST", message).input("/commentary"));
    }
    let document = content.media.first().is_some_and(|one| one.media.starts_with("urn:li:document:"));
    let kind = document.then_some("document");
    // A film makes a post of the older kind, and its id says so.
    let film = content.media.first().is_some_and(|one| one.media.starts_with("urn:li:video:"));
    let id = format!("urn:li:{}:{}", if film { "ugcPost" } else { "share" }, world.snowflake());
    for one in &content.media {
        world.media.mark_used(SLUG, &one.media, &id);
        if let Some(stage) = world.stages.get_mut(SLUG, &one.media) {
            stage.state = StageState::Published(id.clone());
        }
        if let Some(item) = world.media.get_mut(SLUG, &one.media) {
            item.alt_text.clone_from(&one.alt_text);
        }
    }
    world.posts.add(Post {
        platform: SLUG,
        account: account.id.clone(),
        id: id.clone(),
        client: caller.client.clone(),
        text: understood.plain,
        media: content.media,
        link: content.link,
        created_at: now,
        publish_at: None,
        hidden: false,
        extra: json!({
            "author": urn_of(&account), "commentary": understood.kept, "visibility": visibility,
            "distribution": body.get("distribution"), "content": body.get("content"), "kind": kind,
        }),
        fingerprint: print,
        comments: Vec::new(),
    });
    world.changed();
    let location = format!("/linkedin/rest/posts/{}", percent_encode(&id));
    Ok(Reply::empty(StatusCode::CREATED).header("x-restli-id", &id).header("location", location))
}

fn only(map: &Map<String, Value>, at: &str, known: &[&str]) -> Result<(), ApiError> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => Err(ApiError::unknown_field(&format!("{at}/{unknown}"))),
        None => Ok(()),
    }
}

fn text<'a>(map: &'a Map<String, Value>, at: &str, name: &str) -> Result<&'a str, ApiError> {
    match map.get(name) {
        None => Err(ApiError::missing_field(&format!("{at}/{name}"))),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(ApiError::schema(&format!("{at}/{name}"), &format!("{other} is not backed by a String"))),
    }
}

fn one_of<'a>(map: &'a Map<String, Value>, at: &str, name: &str, known: &[&str]) -> Result<&'a str, ApiError> {
    let value = text(map, at, name)?;
    if known.contains(&value) {
        return Ok(value);
    }
    Err(ApiError::schema(&format!("{at}/{name}"), &format!("\"{value}\" is not an enum symbol")))
}

fn check_distribution(body: &Map<String, Value>) -> Result<(), ApiError> {
    let at = "/distribution";
    let map = body.get("distribution").ok_or_else(|| ApiError::missing_field(at))?;
    let map = map.as_object().ok_or_else(|| ApiError::schema(at, "is not backed by a record"))?;
    only(map, at, &["feedDistribution", "targetEntities", "thirdPartyDistributionChannels"])?;
    one_of(map, at, "feedDistribution", &["MAIN_FEED", "NONE"])?;
    for list in ["targetEntities", "thirdPartyDistributionChannels"] {
        if map.get(list).is_some_and(|value| !value.is_array()) {
            return Err(ApiError::schema(&format!("{at}/{list}"), "is not backed by an array"));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Content {
    media: Vec<Attachment>,
    hashes: Vec<u64>,
    link: Option<Link>,
}

fn content(world: &World, body: &Map<String, Value>, author: &Author<'_>) -> Result<Content, ApiError> {
    let mut out = Content::default();
    let Some(content) = body.get("content").filter(|content| !content.is_null()) else { return Ok(out) };
    let content = content.as_object().ok_or_else(|| ApiError::schema("/content", "is not backed by a union"))?;
    only(content, "/content", &["article", "media", "multiImage"])?;
    let mut kinds = content.iter();
    let (Some((kind, value)), None) = (kinds.next(), kinds.next()) else {
        return Err(ApiError::schema("/content", "union value must have exactly one member"));
    };
    let at = format!("/content/{kind}");
    let map = value.as_object().ok_or_else(|| ApiError::schema(&at, "is not backed by a record"))?;
    match kind.as_str() {
        "media" => {
            only(map, &at, &["altText", "id", "title"])?;
            medium(world, author, map, &["image", "video", "document"], &at, &mut out)?;
        }
        "multiImage" => {
            only(map, &at, &["images"])?;
            let images = map.get("images").ok_or_else(|| ApiError::missing_field(&format!("{at}/images")))?;
            let images = images.as_array().ok_or_else(|| ApiError::schema(&at, "images is not backed by an array"))?;
            if !(2..=20).contains(&images.len()) {
                return Err(ApiError::field_value("/content/multiImage/images", "2 to 20 images are allowed"));
            }
            for (index, one) in images.iter().enumerate() {
                let at = format!("{at}/images/{index}");
                let map = one.as_object().ok_or_else(|| ApiError::schema(&at, "is not backed by a record"))?;
                only(map, &at, &["altText", "id"])?;
                medium(world, author, map, &["image"], &at, &mut out)?;
            }
        }
        _ => {
            only(map, &at, &["description", "source", "thumbnail", "thumbnailAltText", "title"])?;
            out.link = Some(article(world, author, map, &at)?);
        }
    }
    Ok(out)
}

fn medium(
    world: &World,
    author: &Author<'_>,
    map: &Map<String, Value>,
    kinds: &[&str],
    at: &str,
    out: &mut Content,
) -> Result<(), ApiError> {
    let id = text(map, at, "id")?;
    let item = images::for_post(world, author, id, kinds, &format!("{at}/id"))?;
    let alt_text = match map.get("altText").filter(|alt| !alt.is_null()) {
        None => None,
        Some(_) => Some(text(map, at, "altText")?),
    };
    if alt_text.is_some_and(|alt| alt.chars().count() > MAX_ALT) {
        let message = format!("Field altText is longer than {MAX_ALT} characters");
        return Err(ApiError::new(400, "FIELD_LENGTH_TOO_LONG", message).input(&format!("{at}/altText")));
    }
    if out.media.iter().any(|other| other.media == id) {
        return Err(ApiError::field_value(&format!("{at}/id"), "the medium is given twice"));
    }
    out.hashes.push(item.hash);
    out.media.push(Attachment { media: id.to_owned(), alt_text: alt_text.map(str::to_owned) });
    Ok(())
}

fn article(world: &World, author: &Author<'_>, map: &Map<String, Value>, at: &str) -> Result<Link, ApiError> {
    let url = text(map, at, "source")?;
    // LinkedIn makes no preview of its own here: title and picture are the application's business.
    let title = text(map, at, "title")?;
    let good = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    if !good {
        return Err(ApiError::field_value(&format!("{at}/source"), url));
    }
    if let Some(thumbnail) = map.get("thumbnail").and_then(Value::as_str) {
        images::for_post(world, author, thumbnail, &["image"], &format!("{at}/thumbnail"))?;
    }
    let description = map.get("description").and_then(Value::as_str).map(str::to_owned);
    Ok(Link { url: url.to_owned(), title: Some(title.to_owned()), description })
}

/// `GET /rest/posts?q=author&author={urn}`: newest first.
pub(super) fn by_author(world: &World, call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    if call.query.get("q") != Some("author") {
        return Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Param q must be author"));
    }
    let urn = call.query.filled("author");
    let urn = urn.ok_or_else(|| ApiError::new(400, "PARAM_INVALID", "Param author is required"))?;
    let author = Author::parse(urn).ok_or_else(|| ApiError::field_value("/author", urn))?;
    may_read(world, caller, author.id(), "partnerApiPostsExternal.FINDER-author")?;
    if let Some(order) = call.query.filled("sortBy")
        && !["LAST_MODIFIED", "CREATED"].contains(&order)
    {
        return Err(ApiError::new(400, "PARAM_INVALID", format!("Invalid value for param sortBy: {order}")));
    }
    let (start, count) = window(call, 100)?;
    let total = world.posts.count(SLUG, author.id());
    let elements: Vec<Value> = world.posts.newest(SLUG, author.id()).skip(start).take(count).map(shown).collect();
    Ok(Reply::ok(&json!({ "paging": paging(call, start, count, total), "elements": elements })))
}

/// `GET /rest/posts/{urn}`.
pub(super) fn one(world: &World, _: &Call, caller: &Caller, urn: &str) -> Result<Reply, ApiError> {
    let post = world.posts.get(SLUG, urn).ok_or_else(|| ApiError::not_found(urn))?;
    may_read(world, caller, &post.account, "partnerApiPostsExternal.GET")?;
    Ok(Reply::ok(&shown(post)))
}

fn shown(post: &Post) -> Value {
    let mut out = json!({
        "id": post.id,
        "author": post.extra.get("author"),
        "commentary": post.extra.get("commentary"),
        "visibility": post.extra.get("visibility"),
        "distribution": post.extra.get("distribution"),
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": false,
        "createdAt": post.created_at.timestamp_millis(),
        "publishedAt": post.created_at.timestamp_millis(),
        "lastModifiedAt": post.created_at.timestamp_millis(),
    });
    let content = post.extra.get("content").filter(|content| !content.is_null());
    if let (Some(content), Some(map)) = (content, out.as_object_mut()) {
        map.insert("content".to_owned(), content.clone());
    }
    out
}

/// `DELETE /rest/posts/{urn}`: 204, also the second time.
pub(super) fn delete(world: &mut World, caller: &Caller, urn: &str) -> Result<Reply, ApiError> {
    if let Some(post) = world.posts.get(SLUG, urn) {
        let author = post.extra.get("author").and_then(Value::as_str).unwrap_or_default().to_owned();
        may_write(world, caller, &author, "partnerApiPostsExternal.DELETE")?;
        world.posts.remove(SLUG, urn);
        world.changed();
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
