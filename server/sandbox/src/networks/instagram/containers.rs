//! Containers: what a post is made of, before it is one. Pictures are ready at once, films are fetched or sent and then
//! worked on; nothing lives longer than a day.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{SLUG, Wish, is_account, may};
use crate::{
    networks::{
        Caller,
        meta::{Answer, GraphError, rupload},
    },
    wire::{Call, Fetched, Fields, PullError, Reply},
    world::{Failure, MediaItem, MediaStore, Stage, StageState, Whole, World},
};

/// Bytes of a picture.
pub(super) const MAX_IMAGE: u64 = 8 << 20;
const MAX_REEL: u64 = 300 << 20;
const MAX_STORY: u64 = 100 << 20;
const MAX_CAPTION: usize = 2_200;
const MAX_HASHTAGS: usize = 30;
const MAX_MENTIONS: usize = 20;
const MAX_ALT: usize = 1_000;

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    /// A film inside a carousel.
    Film,
    Reel,
    Story,
    Carousel,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Image => "IMAGE",
            Self::Film => "VIDEO",
            Self::Reel => "REELS",
            Self::Story => "STORIES",
            Self::Carousel => "CAROUSEL",
        }
    }

    pub(super) fn of(stage: &Stage) -> Self {
        match stage.says("kind") {
            Some("VIDEO") => Self::Film,
            Some("REELS") => Self::Reel,
            Some("STORIES") => Self::Story,
            Some("CAROUSEL") => Self::Carousel,
            _ => Self::Image,
        }
    }

    fn most(self) -> u64 {
        if self == Self::Story { MAX_STORY } else { MAX_REEL }
    }

    /// Seconds that a film of this kind may last.
    fn seconds(self) -> std::ops::RangeInclusive<u64> {
        if self == Self::Reel { 3..=900 } else { 3..=60 }
    }
}

/// `POST /{ig}/media`.
pub(super) fn create(world: &mut World, call: &Call, caller: &Caller, ig: &str, params: &Fields) -> Answer {
    may(world, caller, ig, Wish::Publish)?;
    let child = params.filled("is_carousel_item").is_some_and(|value| matches!(value, "true" | "1"));
    let kind = kind(params, child)?;
    let caption = caption(params)?;
    let mut what = json!({ "kind": kind.name(), "caption": caption, "child": child });
    options(world, caller, kind, params, &mut what)?;
    let now = world.now();
    let id = format!("179{:014}", world.snowflake() % 100_000_000_000_000);
    let mut stage = Stage::new(SLUG, id.clone(), ig, &caller.client, now);
    let resumable = params.filled("upload_type") == Some("resumable");
    match (kind, params.filled("image_url"), params.filled("video_url")) {
        (Kind::Carousel, ..) => {
            let children = children(world, ig, params, now)?;
            for id in &children {
                stage.media.extend(world.stages.get(SLUG, id).into_iter().flat_map(|child| child.media.clone()));
            }
            insert(&mut what, "children", json!(children));
            stage.state = ready(world);
        }
        (Kind::Image | Kind::Story, Some(_), None) => {
            let media = image(world, call, ig, &id, kind)?;
            if let Some(item) = world.media.get_mut(SLUG, &media) {
                item.alt_text = params.filled("alt_text").map(str::to_owned);
            }
            stage.media.push(media);
            stage.state = ready(world);
        }
        (Kind::Film | Kind::Reel | Kind::Story, None, Some(address)) => {
            let good = url::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !good {
                return Err(unfetched("The media could not be fetched from this URI."));
            }
            world.send_for(SLUG, &id, vec![address.to_owned()], kind.most());
        }
        (Kind::Film | Kind::Reel | Kind::Story, None, None) if resumable => {}
        (Kind::Image, ..) => return Err(GraphError::invalid("The parameter image_url is required")),
        (Kind::Film | Kind::Reel, ..) => return Err(GraphError::invalid("The parameter video_url is required")),
        (Kind::Story, ..) => {
            return Err(GraphError::invalid("One of the parameters image_url and video_url is required"));
        }
    }
    stage.what = what;
    world.stages.put(stage);
    world.changed();
    if resumable {
        let version = call.path.first().filter(|first| first.starts_with('v')).map_or("v25.0", String::as_str);
        return Ok(json!({ "id": id, "uri": format!("{}/instagram/ig-api-upload/{version}/{id}", call.base) }));
    }
    Ok(json!({ "id": id }))
}

fn insert(what: &mut Value, name: &str, value: Value) {
    if let Some(map) = what.as_object_mut() {
        map.insert(name.to_owned(), value);
    }
}

fn kind(params: &Fields, child: bool) -> Result<Kind, GraphError> {
    let kind = match params.filled("media_type") {
        None | Some("IMAGE") if params.filled("video_url").is_some() => {
            return Err(GraphError::media(352, 2_207_023, "The media type is missing: a video_url needs a media_type"));
        }
        None | Some("IMAGE") => Kind::Image,
        Some("REELS") => Kind::Reel,
        Some("STORIES") => Kind::Story,
        Some("CAROUSEL") => Kind::Carousel,
        Some("VIDEO") if child => Kind::Film,
        Some("VIDEO") => {
            return Err(GraphError::invalid(
                "The value VIDEO for the parameter media_type is no longer supported. Use REELS",
            ));
        }
        Some(other) => {
            return Err(GraphError::media(352, 2_207_023, format!("The media type {other} is unknown.")));
        }
    };
    if child && !matches!(kind, Kind::Image | Kind::Film) {
        return Err(carousel(format!("{} cannot be an item of a carousel", kind.name())));
    }
    Ok(kind)
}

fn caption(params: &Fields) -> Result<String, GraphError> {
    let text = params.get("caption").unwrap_or_default();
    if text.chars().count() > MAX_CAPTION {
        return Err(GraphError::media(
            36_004,
            2_207_010,
            format!(
                "The submitted caption was too long: {} characters, {MAX_CAPTION} are allowed.",
                text.chars().count()
            ),
        ));
    }
    for (mark, most, what) in [('#', MAX_HASHTAGS, "hashtags"), ('@', MAX_MENTIONS, "mentions")] {
        if marked_words(text, mark) > most {
            return Err(GraphError::media(100, 2_207_040, format!("Cannot use more than {most} {what}.")));
        }
    }
    Ok(text.to_owned())
}

/// Words that a mark begins, as Instagram links them.
pub(super) fn marked_words(text: &str, mark: char) -> usize {
    let mut before = None;
    let mut found = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let begins = before.is_none_or(|c: char| !c.is_alphanumeric() && c != '_');
        if c == mark && begins && rest.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_') {
            found += 1;
        }
        before = Some(c);
    }
    found
}

fn carousel(words: impl std::fmt::Display) -> GraphError {
    GraphError::media(100, 2_207_028, format!("Your post won't work as a carousel: {words}."))
}

fn unfetched(words: &str) -> GraphError {
    GraphError::media(9_004, 2_207_052, words)
}

/// The optional parameters, each where it belongs.
fn options(world: &World, caller: &Caller, kind: Kind, params: &Fields, what: &mut Value) -> Result<(), GraphError> {
    let parsed = |name: &str| match params.filled(name) {
        None => Ok(None),
        Some(text) => serde_json::from_str::<Value>(text)
            .map(Some)
            .map_err(|_| GraphError::invalid(format!("Param {name} must be JSON"))),
    };
    let only = |name: &str, kinds: &[Kind]| {
        if params.filled(name).is_some() && !kinds.contains(&kind) {
            return Err(GraphError::invalid(format!("The parameter {name} is not supported for {}", kind.name())));
        }
        Ok(())
    };
    only("alt_text", &[Kind::Image])?;
    only("thumb_offset", &[Kind::Reel, Kind::Film])?;
    only("cover_url", &[Kind::Reel])?;
    only("share_to_feed", &[Kind::Reel])?;
    only("trial_params", &[Kind::Reel])?;
    only("audio_configuration", &[Kind::Reel])?;
    only("children", &[Kind::Carousel])?;
    only("upload_type", &[Kind::Reel, Kind::Story, Kind::Film])?;
    only("collaborators", &[Kind::Image, Kind::Reel, Kind::Carousel])?;
    if params.filled("alt_text").is_some_and(|alt| alt.chars().count() > MAX_ALT) {
        return Err(GraphError::invalid(format!("Param alt_text must be at most {MAX_ALT} characters long")));
    }
    if params.filled("audio_configuration").is_some() && is_account(world, caller) {
        return Err(GraphError::invalid("The parameter audio_configuration needs Facebook Login"));
    }
    if let Some(text) = params.filled("thumb_offset") {
        let offset: u64 =
            text.parse().map_err(|_| GraphError::media(1, 2_207_057, "The thumbnail offset is invalid"))?;
        insert(what, "thumb_offset", offset.into());
    }
    if let Some(tags) = parsed("user_tags")? {
        let good = tags.as_array().is_some_and(|tags| {
            tags.len() <= MAX_MENTIONS && tags.iter().all(|tag| tag.get("username").is_some_and(Value::is_string))
        });
        if !good {
            return Err(GraphError::invalid("Param user_tags must be a list of at most 20 objects with a username"));
        }
        insert(what, "user_tags", tags);
    }
    if let Some(names) = parsed("collaborators")? {
        if !names.as_array().is_some_and(|names| names.len() <= 3 && names.iter().all(Value::is_string)) {
            return Err(GraphError::invalid("Param collaborators must be a list of at most 3 usernames"));
        }
        insert(what, "collaborators", names);
    }
    if parsed("trial_params")?.is_some_and(|trial| trial.get("graduation_strategy").is_none()) {
        return Err(GraphError::media(100, 2_207_081, "Trial reels are not allowed without a graduation_strategy"));
    }
    if let Some(share) = params.filled("share_to_feed") {
        insert(what, "share_to_feed", matches!(share, "true" | "1").into());
    }
    Ok(())
}

/// The items of a carousel: 2 to 10, the account's own, ready, not used before.
fn children(world: &World, ig: &str, params: &Fields, now: DateTime<Utc>) -> Result<Vec<String>, GraphError> {
    let list = params.filled("children").unwrap_or_default();
    // By form a list with commas, by JSON a list.
    let ids: Vec<String> = serde_json::from_str(list)
        .unwrap_or_else(|_| list.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect());
    if !(2..=10).contains(&ids.len()) {
        return Err(carousel("it needs 2 to 10 items"));
    }
    for (at, id) in ids.iter().enumerate() {
        let stage = world.stages.get(SLUG, id).filter(|stage| stage.owner == ig);
        let stage = stage.ok_or_else(|| missing(id))?;
        let item = stage.what.get("child").and_then(Value::as_bool).unwrap_or_default();
        if !item || ids.iter().take(at).any(|other| other == id) {
            return Err(carousel(format!("{id} is not an item, or is given twice")));
        }
        match standing(world, stage, now) {
            Standing::Finished => {}
            Standing::InProgress => return Err(not_ready()),
            Standing::Expired => return Err(expired()),
            Standing::Published | Standing::Error(_) => return Err(carousel(format!("{id} cannot be used"))),
        }
    }
    Ok(ids)
}

pub(super) fn missing(id: &str) -> GraphError {
    GraphError::media(24, 2_207_006, "The requested resource does not exist")
        .for_people("Media Not Found", format!("The media with {id} cannot be found."))
}

pub(super) fn not_ready() -> GraphError {
    GraphError::media(9_007, 2_207_027, "Media ID is not available")
        .for_people("Media ID Is Not Available", "The media is not ready for publishing, please wait for a moment.")
}

pub(super) fn expired() -> GraphError {
    GraphError::media(-2, 2_207_020, "The media you are trying to access has expired. Please try to upload again.")
}

/// A picture that came with the request.
fn image(world: &mut World, call: &Call, ig: &str, id: &str, kind: Kind) -> Result<String, GraphError> {
    let bytes = match &call.fetched {
        Some(Ok(bytes)) => bytes.clone(),
        Some(Err(PullError::Slow)) => {
            return Err(GraphError::media(-2, 2_207_003, "It takes too long to download the media."));
        }
        Some(Err(PullError::TooLarge)) => return Err(too_large()),
        Some(Err(PullError::Failed(_))) | None => {
            return Err(unfetched("The media could not be fetched from this URI."));
        }
    };
    let expires = MediaStore::lives_until(world.now(), world.config.lives.instagram_container);
    let media = format!("{id}m");
    let mut item = MediaItem::announced(SLUG, media.clone(), ig.to_owned(), expires);
    let sniffed = item.fill(bytes).filter(|it| it.mime == "image/jpeg" && it.pixels() > 0);
    let Some(sniffed) = sniffed else {
        return Err(GraphError::media(
            36_001,
            2_207_005,
            "The image format is not supported. Please check our developer \
                                                       documentation for supported formats.",
        ));
    };
    if item.size > MAX_IMAGE {
        return Err(too_large());
    }
    let (width, height) = (u64::from(sniffed.width), u64::from(sniffed.height));
    // 4:5 to 1.91:1. Stories stand upright.
    if kind != Kind::Story && (width * 5 < height * 4 || width * 100 > height * 191) {
        return Err(GraphError::media(
            36_003,
            2_207_009,
            format!(
                "The submitted image with aspect ratio \
            ({width}/{height}) cannot be published. Please submit an image with a valid aspect ratio."
            ),
        )
        .for_people("Invalid Aspect Ratio", "The image's aspect ratio must be between 4:5 and 1.91:1."));
    }
    world.media.put(item);
    Ok(media)
}

fn too_large() -> GraphError {
    GraphError::media(36_000, 2_207_004, "The image is too large to download. It should be less than 8 MiB.")
}

/// Pictures need no work, unless a fault says so.
fn ready(world: &World) -> StageState {
    match (world.twist.late_ms, world.twist.fails) {
        (0, false) => StageState::Ready,
        (_, fails) => StageState::Working(world.done_at(), fails.then(unexpected)),
    }
}

fn unexpected() -> Failure {
    Failure::new(2_207_053, "Unknown upload error")
}

/// `/ig-api-upload/{version}/{container}`.
pub(super) fn upload(world: &mut World, call: &Call, id: &str) -> Reply {
    match rupload::receive(world, call, SLUG, id) {
        Ok(rupload::Upload::Whole(whole)) => {
            work_on(world, id, whole);
            rupload::success()
        }
        Ok(rupload::Upload::Address(address)) => {
            let most = world.stages.get(SLUG, id).map_or(MAX_REEL, |stage| Kind::of(stage).most());
            world.send_for(SLUG, id, vec![address], most);
            rupload::success()
        }
        Err(reply) => reply,
    }
}

/// A film is there, or not.
pub(super) fn fetched(world: &mut World, id: &str, mut media: Vec<Fetched>) {
    let failure = match media.pop() {
        Some(Ok(bytes)) => return work_on(world, id, Whole::of(bytes)),
        Some(Err(PullError::Slow)) => Failure::new(2_207_003, "It takes too long to download the media."),
        Some(Err(PullError::TooLarge)) => unsupported("the file is too large"),
        Some(Err(PullError::Failed(_))) | None => {
            Failure::new(2_207_052, "The media could not be fetched from this URI.")
        }
    };
    if let Some(stage) = world.stages.get_mut(SLUG, id) {
        stage.state = StageState::Failed(failure);
    }
}

fn unsupported(words: &str) -> Failure {
    Failure::new(2_207_026, format!("Unsupported video format: {words}"))
}

fn work_on(world: &mut World, id: &str, whole: Whole) {
    let Some(stage) = world.stages.get(SLUG, id) else { return };
    let (kind, owner) = (Kind::of(stage), stage.owner.clone());
    let thumb = stage.what.get("thumb_offset").and_then(Value::as_u64);
    let expires = MediaStore::lives_until(world.now(), world.config.lives.instagram_container);
    let media = format!("{id}m");
    let mut item = MediaItem::announced(SLUG, media.clone(), owner, expires);
    item.take(whole);
    let failure = judge(&item, kind, thumb).or_else(|| world.twist.fails.then(unexpected));
    let work = StageState::Working(world.done_at(), failure);
    world.media.put(item);
    if let Some(stage) = world.stages.get_mut(SLUG, id) {
        stage.media = vec![media];
        stage.state = work;
        stage.pieces.clear();
    }
    world.changed();
}

/// What is wrong with a film.
fn judge(item: &MediaItem, kind: Kind, thumb: Option<u64>) -> Option<Failure> {
    if !matches!(item.mime.as_str(), "video/mp4" | "video/quicktime") {
        return Some(unsupported("MP4 or MOV is needed"));
    }
    if item.size > kind.most() {
        return Some(unsupported("the file is too large"));
    }
    let Ok(length) = item.length() else { return Some(unsupported("there is no movie header")) };
    if length.is_some_and(|ms| !kind.seconds().contains(&(ms / 1_000))) {
        return Some(unsupported("the duration is out of bounds"));
    }
    if item.width > 1_920 {
        return Some(unsupported("it is more than 1920 pixels wide"));
    }
    if thumb.zip(length).is_some_and(|(thumb, length)| thumb > length) {
        return Some(Failure::new(2_207_057, "The thumbnail offset is beyond the end of the video"));
    }
    None
}

/// Where a container stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    InProgress,
    Finished,
    Error(Failure),
    Expired,
    Published,
}

pub(super) fn standing(world: &World, stage: &Stage, now: DateTime<Utc>) -> Standing {
    let life = TimeDelta::seconds(world.config.lives.instagram_container);
    match stage.state(now) {
        StageState::Published(_) => Standing::Published,
        _ if stage.made_at + life <= now => Standing::Expired,
        StageState::Waiting | StageState::Working(..) => Standing::InProgress,
        StageState::Failed(failure) => Standing::Error(failure),
        StageState::Ready => Standing::Finished,
    }
}

/// A field of a container's node.
pub(super) fn field(world: &World, stage: &Stage, field: &str) -> Option<Value> {
    let stands = standing(world, stage, world.now());
    Some(match field {
        "id" => stage.id.as_str().into(),
        "status_code" => match &stands {
            Standing::InProgress => "IN_PROGRESS",
            Standing::Finished => "FINISHED",
            Standing::Error(_) => "ERROR",
            Standing::Expired => "EXPIRED",
            Standing::Published => "PUBLISHED",
        }
        .into(),
        "status" => match &stands {
            Standing::InProgress => "In Progress: Media is still being processed.".into(),
            Standing::Finished => "Finished: Media has been uploaded and it is ready to be published.".into(),
            Standing::Error(failure) => {
                format!("Error: Media upload has failed with error code {}", failure.code).into()
            }
            Standing::Expired => "Expired: The container was not published within 24 hours and has expired.".into(),
            Standing::Published => "Published: The container's media object has been published.".into(),
        },
        "video_status" => {
            let arrived = stage.media.first().and_then(|id| world.media.get(SLUG, id)).map(|item| item.size);
            let bytes = arrived.unwrap_or_else(|| stage.pieces.size());
            json!({
                "uploading_phase": {
                    "status": if arrived.is_some() { "complete" } else { "in_progress" }, "bytes_transferred": bytes,
                },
                "processing_phase": { "status": match &stands {
                    Standing::InProgress if arrived.is_some() => "in_progress",
                    Standing::InProgress => "not_started",
                    Standing::Error(_) => "error",
                    _ => "complete",
                } },
            })
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marks_that_begin_a_word_count() {
        assert_eq!(marked_words("#one #two, mail@home @me # 3#4 (#five)", '#'), 3);
        assert_eq!(marked_words("#one #two, mail@home @me # 3#4 (#five)", '@'), 1);
    }
}
