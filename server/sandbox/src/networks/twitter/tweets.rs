//! Posts: creation with every check that X makes, reading back, deletion, timelines.

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{Problem, SLUG, json_body, text};
use crate::{
    networks::Caller,
    wire::{Call, Reply},
    world::{Account, Attachment, MediaState, Post, World, fingerprint, random},
};

const MAX_WEIGHT: u32 = 280;
/// Of an account that pays for longer posts.
const MAX_WEIGHT_PREMIUM: u32 = 25_000;
const MAX_IMAGES: usize = 4;

/// Fields of `POST /2/tweets`; X refuses any other.
const FIELDS: &[&str] = &[
    "card_uri",
    "community_id",
    "direct_message_deep_link",
    "edit_options",
    "for_super_followers_only",
    "geo",
    "made_with_ai",
    "media",
    "nullcast",
    "paid_partnership",
    "poll",
    "quote_tweet_id",
    "reply",
    "reply_settings",
    "share_with_followers",
    "text",
];

/// `GET /2/users/me`.
pub(super) fn me(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Problem> {
    let account = world.accounts.get(SLUG, &caller.person).ok_or_else(Problem::unauthorized)?;
    let mut data = json!({ "id": account.id, "name": account.name, "username": account.handle });
    if let (Some(wanted), Some(map)) = (call.query.filled("user.fields"), data.as_object_mut()) {
        for field in wanted.split(',') {
            if let Some(value) = user_field(account, field, &call.base) {
                map.insert(field.to_owned(), value);
            } else {
                return Err(not_one_of("user.fields", field));
            }
        }
    }
    Ok(Reply::ok(&json!({ "data": data })))
}

fn user_field(account: &Account, field: &str, base: &str) -> Option<Value> {
    Some(match field {
        "id" => account.id.as_str().into(),
        "name" => account.name.as_str().into(),
        "username" => account.handle.as_str().into(),
        "description" => account.about.as_str().into(),
        "profile_image_url" => format!("{base}/avatar/twitter/{}", account.id).into(),
        "verified" => account.premium.into(),
        "verified_type" => if account.premium { "blue" } else { "none" }.into(),
        "subscription_type" => if account.premium { "Premium" } else { "None" }.into(),
        "protected" => false.into(),
        "created_at" => "2021-10-19T09:00:00.000Z".into(),
        "url" => "".into(),
        "public_metrics" => {
            json!({ "followers_count": 1204, "following_count": 180, "tweet_count": 912, "listed_count": 7 })
        }
        _ => return None,
    })
}

fn not_one_of(name: &str, value: &str) -> Problem {
    Problem::invalid_value(name, &value.into(), format!("The `{name}` query parameter value [{value}] is not valid"))
}

/// `POST /2/tweets`.
pub(super) fn create(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Problem> {
    let body = json_body(call)?;
    if let Some(unknown) = body.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(Problem::invalid(
            "",
            format!("$.{unknown}: is not defined in the schema and the schema does not allow additional properties"),
        ));
    }
    let now = world.now();
    let account = world.accounts.get(SLUG, &caller.person).cloned().ok_or_else(Problem::unauthorized)?;
    let written = match body.get("text") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text.as_str(),
        Some(other) => return Err(Problem::invalid_value("text", other, "$.text: must be a string")),
    };
    let media_ids = media_ids(body)?;
    let poll = body.get("poll").is_some_and(|poll| !poll.is_null());
    if written.trim().is_empty() && media_ids.is_empty() && !poll {
        return Err(Problem::invalid("text", "Either text or media must be given."));
    }
    check_poll(body, !media_ids.is_empty())?;
    check_relations(world, body)?;
    let most = if account.premium { MAX_WEIGHT_PREMIUM } else { MAX_WEIGHT };
    let weight = text::weighted_length(written);
    if weight > most {
        return Err(Problem::plain(
            400,
            "Bad Request",
            "Your Tweet text is too long. For more information on how Twitter determines text length see \
             https://github.com/twitter/twitter-text.",
        ));
    }
    if text::cashtags(written) > 1 {
        return Err(Problem::forbidden("You may not use more than one cashtag in a post."));
    }
    let (media, hashes) = usable_media(world, caller, &media_ids, now)?;
    let print = fingerprint(written, None, &hashes);
    let same = world.posts.same_as(SLUG, &account.id, print, now - TimeDelta::days(1));
    if same.is_some() && world.settings.reject_duplicates {
        return Err(Problem::forbidden("You are not allowed to create a Tweet with duplicate content."));
    }
    let id = world.snowflake().to_string();
    let (mut shown, links) = text::shown(written, || format!("https://t.co/{}", random(10)));
    let mut urls: Vec<Value> = links
        .iter()
        .map(|link| {
            json!({
                "start": link.span.start, "end": link.span.end, "url": link.url, "expanded_url": link.expanded,
                "display_url": link.expanded.trim_start_matches("https://").trim_start_matches("http://"),
            })
        })
        .collect();
    let mut note = Value::Null;
    if weight > MAX_WEIGHT {
        // `text` holds the beginning, as of an ordinary post; the whole has a field of its own.
        note = json!({ "text": shown, "entities": { "urls": urls } });
        let mut known = links.iter().map(|link| link.url.clone());
        let (start, kept) = text::shown(text::beginning(written, MAX_WEIGHT), || known.next().unwrap_or_default());
        urls.truncate(kept.len());
        shown = start;
    }
    if !media.is_empty() {
        // Media stand at the end of the text as one address, with an entity for each.
        let short = random(10);
        let gap = if shown.is_empty() { "" } else { " " };
        let start = shown.chars().count() + gap.len();
        shown = format!("{shown}{gap}https://t.co/{short}");
        let end = shown.chars().count();
        urls.extend(media.iter().enumerate().map(|(at, one)| {
            json!({
                "start": start, "end": end, "url": format!("https://t.co/{short}"),
                "expanded_url": format!("https://x.com/{}/status/{id}/photo/{}", account.handle, at + 1),
                "display_url": format!("pic.x.com/{short}"), "media_key": format!("3_{}", one.media),
            })
        }));
    }
    for one in &media {
        world.media.mark_used(SLUG, &one.media, &id);
    }
    let reply_to = body.get("reply").and_then(|reply| reply.get("in_reply_to_tweet_id")).cloned();
    world.posts.add(Post {
        platform: SLUG,
        account: account.id,
        id: id.clone(),
        client: caller.client.clone(),
        text: written.to_owned(),
        media,
        link: None,
        created_at: now,
        publish_at: None,
        hidden: false,
        extra: json!({
            "shown": shown, "urls": urls, "note": note, "reply_to": reply_to, "poll": body.get("poll"),
        }),
        fingerprint: print,
        comments: Vec::new(),
    });
    world.changed();
    let data = json!({ "data": { "id": id, "text": shown, "edit_history_tweet_ids": [id] } });
    Ok(Reply::json(StatusCode::CREATED, &data))
}

fn media_ids(body: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    let Some(media) = body.get("media").filter(|media| !media.is_null()) else { return Ok(Vec::new()) };
    let wrong = |message: &str| Problem::invalid("media", message);
    let media = media.as_object().ok_or_else(|| wrong("$.media: must be an object"))?;
    if let Some(unknown) = media.keys().find(|key| !matches!(key.as_str(), "media_ids" | "tagged_user_ids")) {
        return Err(wrong(&format!(
            "$.media.{unknown}: is not defined in the schema and the schema does not allow additional properties"
        )));
    }
    let ids = media.get("media_ids").and_then(Value::as_array).filter(|ids| !ids.is_empty());
    let ids = ids.ok_or_else(|| wrong("$.media.media_ids: there must be a minimum of 1 items in the array"))?;
    if ids.len() > MAX_IMAGES {
        return Err(wrong("$.media.media_ids: there must be a maximum of 4 items in the array"));
    }
    let text = |id: &Value| {
        let digits = id.as_str().filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
        digits.map(str::to_owned).ok_or_else(|| {
            Problem::invalid_value("media.media_ids", id, "$.media.media_ids: does not match the pattern ^[0-9]{1,19}$")
        })
    };
    let ids = ids.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let repeated = ids.iter().enumerate().any(|(at, id)| ids.iter().take(at).any(|other| other == id));
    if repeated { Err(wrong("$.media.media_ids: the items in the array must be unique")) } else { Ok(ids) }
}

fn usable_media(
    world: &World,
    caller: &Caller,
    ids: &[String],
    now: DateTime<Utc>,
) -> Result<(Vec<Attachment>, Vec<u64>), Problem> {
    let wrong = || Problem::invalid_value("media.media_ids", &json!(ids), "Your media IDs are invalid.");
    let mut media = Vec::new();
    let mut hashes = Vec::new();
    let mut alone = false;
    for id in ids {
        let item = world.media.usable(SLUG, id, &caller.person, now).ok_or_else(wrong)?;
        if item.state(now) != MediaState::Ready {
            return Err(wrong());
        }
        // A film or an animated picture stands alone.
        alone |= item.mime == "image/gif" || item.mime.starts_with("video/");
        hashes.push(item.hash);
        media.push(Attachment { media: id.clone(), alt_text: item.alt_text.clone() });
    }
    if alone && ids.len() > 1 {
        return Err(Problem::invalid_value(
            "media.media_ids",
            &json!(ids),
            "A post may hold up to 4 photos, or 1 animated GIF, or 1 video.",
        ));
    }
    Ok((media, hashes))
}

fn check_poll(body: &Map<String, Value>, media: bool) -> Result<(), Problem> {
    let Some(poll) = body.get("poll").filter(|poll| !poll.is_null()) else { return Ok(()) };
    if media {
        return Err(Problem::invalid("poll", "A post may hold either media or a poll."));
    }
    let options = poll.get("options").and_then(Value::as_array);
    let options_fine = options.is_some_and(|options| {
        (2..=4).contains(&options.len())
            && options.iter().all(|o| o.as_str().is_some_and(|o| (1..=25).contains(&o.chars().count())))
    });
    let minutes = poll.get("duration_minutes").and_then(Value::as_u64);
    if options_fine && minutes.is_some_and(|minutes| (5..=10_080).contains(&minutes)) {
        return Ok(());
    }
    Err(Problem::invalid("poll", "$.poll: 2 to 4 options of 1 to 25 characters and 5 to 10080 minutes are required"))
}

fn check_relations(world: &World, body: &Map<String, Value>) -> Result<(), Problem> {
    if let Some(setting) = body.get("reply_settings").filter(|setting| !setting.is_null()) {
        let known = ["following", "mentionedUsers", "subscribers", "verified"];
        if !setting.as_str().is_some_and(|setting| known.contains(&setting)) {
            return Err(Problem::invalid_value(
                "reply_settings",
                setting,
                "$.reply_settings: does not have a value in the enumeration",
            ));
        }
    }
    let quoted = body.get("quote_tweet_id").filter(|id| !id.is_null());
    let replied = body.get("reply").filter(|reply| !reply.is_null());
    let replied =
        match replied {
            None => None,
            Some(reply) => Some(reply.get("in_reply_to_tweet_id").ok_or_else(|| {
                Problem::invalid("reply", "$.reply.in_reply_to_tweet_id: is missing but it is required")
            })?),
        };
    for (name, id) in [("quote_tweet_id", quoted), ("reply.in_reply_to_tweet_id", replied)] {
        let Some(id) = id else { continue };
        if id.as_str().and_then(|id| world.posts.get(SLUG, id)).is_none() {
            return Err(Problem::invalid_value(name, id, format!("{name}: the post does not exist or is not visible")));
        }
    }
    Ok(())
}

/// `DELETE /2/tweets/{id}`.
pub(super) fn delete(world: &mut World, caller: &Caller, id: &str) -> Result<Reply, Problem> {
    let id = numeric_id(id)?;
    match world.posts.get(SLUG, id) {
        Some(post) if post.account != caller.person => {
            Err(Problem::forbidden("You are not authorized to delete this Tweet."))
        }
        found => {
            let deleted = found.is_some();
            world.posts.remove(SLUG, id);
            world.changed();
            Ok(Reply::ok(&json!({ "data": { "deleted": deleted } })))
        }
    }
}

/// `GET /2/tweets/{id}`. What is not there is a problem inside a 200.
pub(super) fn one(world: &mut World, call: &Call, id: &str) -> Result<Reply, Problem> {
    let id = numeric_id(id)?;
    let wanted = Wanted::read(call)?;
    let Some(post) = world.posts.get(SLUG, id) else {
        return Ok(Reply::ok(&json!({ "errors": [{
            "value": id, "detail": format!("Could not find tweet with id: [{id}]."), "title": "Not Found Error",
            "resource_type": "tweet", "parameter": "id", "resource_id": id,
            "type": "https://api.twitter.com/2/problems/resource-not-found" }] })));
    };
    let mut out = json!({ "data": wanted.tweet(post) });
    wanted.includes(world, &[post], call, &mut out);
    Ok(Reply::ok(&out))
}

/// `GET /2/users/{id}/tweets`: newest first.
pub(super) fn timeline(world: &mut World, call: &Call, user: &str) -> Result<Reply, Problem> {
    let user = numeric_id(user)?;
    let query = &call.query;
    let wanted = Wanted::read(call)?;
    let most = match query.filled("max_results") {
        None => 10,
        Some(text) => text.parse::<usize>().ok().filter(|most| (5..=100).contains(most)).ok_or_else(|| {
            let message = format!("The `max_results` query parameter value [{text}] is not between 5 and 100");
            Problem::invalid_value("max_results", &text.into(), message)
        })?,
    };
    let time = |name: &str| match query.filled(name) {
        None => Ok(None),
        Some(text) => DateTime::parse_from_rfc3339(text).map(|at| Some(at.with_timezone(&Utc))).map_err(|_| {
            let message = format!("The `{name}` query parameter value [{text}] is not a valid RFC3339 date-time");
            Problem::invalid_value(name, &text.into(), message)
        }),
    };
    let (start, end) = (time("start_time")?, time("end_time")?);
    let since: Option<u64> = query.filled("since_id").and_then(|id| id.parse().ok());
    let before: Option<u64> = match query.filled("pagination_token") {
        None => None,
        Some(text) => Some(text.strip_prefix("7140").and_then(|id| id.parse().ok()).ok_or_else(|| {
            Problem::invalid_value(
                "pagination_token",
                &text.into(),
                "The `pagination_token` query parameter is invalid",
            )
        })?),
    };
    let no_replies = query.get("exclude").is_some_and(|exclude| exclude.split(',').any(|what| what == "replies"));
    let number = |post: &Post| post.id.parse::<u64>().unwrap_or_default();
    let mut found: Vec<&Post> = world
        .posts
        .newest(SLUG, user)
        .filter(|post| before.is_none_or(|before| number(post) < before))
        .filter(|post| since.is_none_or(|since| number(post) > since))
        .filter(|post| start.is_none_or(|start| post.created_at >= start))
        .filter(|post| end.is_none_or(|end| post.created_at < end))
        .filter(|post| !no_replies || post.extra.get("reply_to").is_none_or(Value::is_null))
        .take(most + 1)
        .collect();
    let more = found.len() > most;
    found.truncate(most);
    let mut meta = json!({ "result_count": found.len() });
    let (Some(newest), Some(oldest)) = (found.first(), found.last()) else {
        return Ok(Reply::ok(&json!({ "meta": meta })));
    };
    if let Some(map) = meta.as_object_mut() {
        map.insert("newest_id".to_owned(), newest.id.as_str().into());
        map.insert("oldest_id".to_owned(), oldest.id.as_str().into());
        if more {
            map.insert("next_token".to_owned(), format!("7140{}", oldest.id).into());
        }
    }
    let data: Vec<Value> = found.iter().map(|post| wanted.tweet(post)).collect();
    let mut out = json!({ "data": data, "meta": meta });
    wanted.includes(world, &found, call, &mut out);
    Ok(Reply::ok(&out))
}

fn numeric_id(id: &str) -> Result<&str, Problem> {
    if !id.is_empty() && id.len() <= 19 && id.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(id);
    }
    let message = format!("The `id` query parameter value [{id}] is not valid");
    Err(Problem::invalid_value("id", &id.into(), message))
}

/// Fields and expansions that a reader asks for.
struct Wanted {
    fields: Vec<String>,
    media: bool,
}

impl Wanted {
    fn read(call: &Call) -> Result<Self, Problem> {
        const KNOWN: &[&str] = &[
            "attachments",
            "author_id",
            "conversation_id",
            "created_at",
            "edit_history_tweet_ids",
            "entities",
            "id",
            "in_reply_to_user_id",
            "lang",
            "note_tweet",
            "possibly_sensitive",
            "public_metrics",
            "referenced_tweets",
            "reply_settings",
            "source",
            "text",
        ];
        let list = |name: &str| {
            let text = call.query.filled(name).unwrap_or_default();
            text.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let fields = list("tweet.fields");
        if let Some(unknown) = fields.iter().find(|field| !KNOWN.contains(&field.as_str())) {
            return Err(not_one_of("tweet.fields", unknown));
        }
        let expansions = list("expansions");
        let known = ["attachments.media_keys", "author_id", "referenced_tweets.id", "in_reply_to_user_id"];
        if let Some(unknown) = expansions.iter().find(|one| !known.contains(&one.as_str())) {
            return Err(not_one_of("expansions", unknown));
        }
        Ok(Self { media: expansions.iter().any(|one| one == "attachments.media_keys"), fields })
    }

    fn tweet(&self, post: &Post) -> Value {
        let mut out = json!({
            "id": post.id,
            "text": post.extra.get("shown").cloned().unwrap_or_else(|| post.text.as_str().into()),
            "edit_history_tweet_ids": [post.id],
        });
        let Some(map) = out.as_object_mut() else { return out };
        for field in &self.fields {
            let value = match field.as_str() {
                "created_at" => post.created_at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into(),
                "author_id" => post.account.as_str().into(),
                "conversation_id" => post.id.as_str().into(),
                "lang" => "en".into(),
                "possibly_sensitive" => false.into(),
                "reply_settings" => "everyone".into(),
                "public_metrics" => json!({ "retweet_count": 0, "reply_count": 0, "like_count": 0, "quote_count": 0,
                    "bookmark_count": 0, "impression_count": 0 }),
                "entities" => match post.extra.get("urls").and_then(Value::as_array) {
                    Some(urls) if !urls.is_empty() => json!({ "urls": urls }),
                    _ => continue,
                },
                "note_tweet" => match post.extra.get("note").filter(|note| !note.is_null()) {
                    Some(note) => note.clone(),
                    None => continue,
                },
                "referenced_tweets" => match post.extra.get("reply_to").filter(|id| !id.is_null()) {
                    Some(id) => json!([{ "type": "replied_to", "id": id }]),
                    None => continue,
                },
                _ => continue,
            };
            map.insert(field.clone(), value);
        }
        if (self.media || self.fields.iter().any(|field| field == "attachments")) && !post.media.is_empty() {
            let keys: Vec<String> = post.media.iter().map(|one| format!("3_{}", one.media)).collect();
            map.insert("attachments".to_owned(), json!({ "media_keys": keys }));
        }
        out
    }

    fn includes(&self, world: &World, posts: &[&Post], call: &Call, out: &mut Value) {
        if !self.media {
            return;
        }
        let media: Vec<Value> = posts
            .iter()
            .flat_map(|post| &post.media)
            .filter_map(|one| world.media.get(SLUG, &one.media))
            .map(|item| {
                json!({
                    "media_key": format!("3_{}", item.id),
                    "type": if item.mime.starts_with("video/") { "video" } else { "photo" },
                    "url": format!("{}/media/twitter/{}", call.base, item.id),
                    "alt_text": item.alt_text, "width": item.width, "height": item.height,
                })
            })
            .collect();
        if let (false, Some(map)) = (media.is_empty(), out.as_object_mut()) {
            map.insert("includes".to_owned(), json!({ "media": media }));
        }
    }
}
