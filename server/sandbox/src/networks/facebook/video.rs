//! Films: uploads in offsets, reels and stories in three phases, and what becomes of them (platforms.md 1).

use axum::body::Bytes;
use serde_json::{Value, json};

use super::{
    Facebook, SLUG,
    publish::{may_post, message, post_number, timing},
};
use crate::{
    networks::{
        Caller, Network as _,
        meta::{Answer, GraphError, rupload},
    },
    wire::{Call, Fetched, Fields, Reply},
    world::{Attachment, MediaItem, MediaState, MediaStore, Post, Stage, StageState, Whole, World, fingerprint},
};

const MAX_BYTES: u64 = 10 << 30;
/// What is fetched from an address; larger films have to be sent.
const MAX_PULL: u64 = 1 << 30;
/// Bytes that the server asks for at a time.
const CHUNK: u64 = 8 << 20;

/// What a film becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Video,
    Reel,
    Story,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Reel => "reel",
            Self::Story => "story",
        }
    }

    fn of(stage: &Stage) -> Self {
        match stage.says("kind") {
            Some("reel") => Self::Reel,
            Some("story") => Self::Story,
            _ => Self::Video,
        }
    }

    /// Would Facebook show it? A reel lasts 3 to 90 seconds and stands upright, a story up to a minute.
    fn takes(self, item: &MediaItem) -> bool {
        let Ok(length) = item.length() else { return false };
        let upright = item.width == 0 || item.height > item.width;
        match self {
            Self::Video => length.is_none_or(|ms| ms <= 240 * 60_000),
            Self::Reel => length.is_none_or(|ms| (3_000..=90_000).contains(&ms)) && upright,
            Self::Story => length.is_none_or(|ms| (3_000..=60_000).contains(&ms)) && upright,
        }
    }
}

/// `POST /{page}/videos`: a file, an address, or one of the phases of a resumable upload.
pub(super) fn videos(world: &mut World, call: &Call, caller: &Caller, page: &str, params: &Fields) -> Answer {
    may_post(world, caller, page)?;
    match params.filled("upload_phase") {
        Some("start") => start(world, caller, page, params),
        Some("transfer") => transfer(world, call, page, params),
        Some("finish") => finish(world, page, params),
        Some("cancel") => {
            let id = session(world, page, params)?;
            if let Some(stage) = world.stages.get_mut(SLUG, &id) {
                stage.pieces.clear();
                stage.state = StageState::Failed(crate::world::Failure::new(0, "cancelled"));
            }
            Ok(json!({ "success": true }))
        }
        Some(other) => Err(GraphError::invalid(format!(
            "Param upload_phase must be one of start, transfer, finish, cancel: {other}"
        ))),
        None => at_once(world, call, caller, page, params),
    }
}

fn at_once(world: &mut World, call: &Call, caller: &Caller, page: &str, params: &Fields) -> Answer {
    let texts = texts(world, params)?;
    let id = new_stage(world, caller, page, Kind::Video, texts);
    match (call.part("source"), params.filled("file_url")) {
        (Some(part), _) => publish(world, &id, Whole::of(part.bytes.clone()))?,
        (None, Some(address)) => {
            let good = url::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !good {
                return Err(GraphError::invalid("Param file_url must be a valid URI"));
            }
            // Facebook answers first and fetches then.
            world.send_for(SLUG, &id, vec![address.to_owned()], MAX_PULL);
        }
        (None, None) => {
            return Err(GraphError::new(400, 389, "(#389) Unable to fetch video file from URL.")
                .for_people("Unable to Fetch Video", "A source, a file_url or an upload_phase is needed."));
        }
    }
    world.changed();
    Ok(json!({ "id": id }))
}

/// Texts and timing of a film, kept until it is there.
fn texts(world: &World, params: &Fields) -> Result<Value, GraphError> {
    let (hidden, publish_at) = timing(params, world.now())?;
    Ok(json!({
        "description": message(params, "description")?, "title": params.get("title"), "hidden": hidden,
        "publish_at": publish_at,
    }))
}

fn new_stage(world: &mut World, caller: &Caller, page: &str, kind: Kind, texts: Value) -> String {
    let id = format!("13{:014}", world.snowflake() % 100_000_000_000_000);
    let mut stage = Stage::new(SLUG, id.clone(), page, &caller.client, world.now());
    stage.what = json!({ "kind": kind.name(), "texts": texts });
    world.stages.put(stage);
    id
}

fn start(world: &mut World, caller: &Caller, page: &str, params: &Fields) -> Answer {
    let size = params.filled("file_size").and_then(|text| text.parse().ok()).filter(|size| *size > 0);
    let Some(size) = size else { return Err(GraphError::invalid("The parameter file_size is required")) };
    if size > MAX_BYTES {
        return Err(GraphError::new(400, 6_000, "(#6000) The video file is too large").subcode(1_363_022));
    }
    let id = new_stage(world, caller, page, Kind::Video, Value::Null);
    if let Some(stage) = world.stages.get_mut(SLUG, &id) {
        stage.expected = size;
    }
    world.changed();
    Ok(json!({
        "video_id": id, "upload_session_id": format!("7{id}"),
        "start_offset": "0", "end_offset": CHUNK.min(size).to_string(),
    }))
}

/// The film of an upload session that is still open.
fn session(world: &World, page: &str, params: &Fields) -> Result<String, GraphError> {
    let wanted = params.filled("upload_session_id");
    let wanted = wanted.ok_or_else(|| GraphError::invalid("The parameter upload_session_id is required"))?;
    let stage = wanted.strip_prefix('7').and_then(|id| world.stages.get(SLUG, id));
    let fresh = world.now() - chrono::TimeDelta::days(1);
    match stage.filter(|stage| stage.owner == page && stage.state == StageState::Waiting && stage.made_at > fresh) {
        Some(stage) => Ok(stage.id.clone()),
        None => Err(GraphError::new(400, 6_000, "(#6000) The upload session has expired").subcode(1_363_019)),
    }
}

fn transfer(world: &mut World, call: &Call, page: &str, params: &Fields) -> Answer {
    let id = session(world, page, params)?;
    let offset: u64 = params
        .filled("start_offset")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| GraphError::invalid("The parameter start_offset is required"))?;
    let chunk: Bytes = call
        .part("video_file_chunk")
        .map(|part| part.bytes.clone())
        .filter(|chunk| !chunk.is_empty())
        .ok_or_else(|| GraphError::invalid("The parameter video_file_chunk is required"))?;
    let Some(stage) = world.stages.get_mut(SLUG, &id) else { return Err(GraphError::missing_object(&id)) };
    let due = stage.pieces.size();
    let window = |from: u64, size: u64| json!({ "start_offset": from.to_string(), "end_offset": (from + CHUNK).min(size).to_string() });
    if offset != due {
        let mut error = GraphError::new(400, 6_000, "(#6000) There was a problem uploading your video file")
            .subcode(1_363_037)
            .for_people("Wrong Offset", "The start offset is not the one that was asked for.")
            .with_data(window(due, stage.expected));
        error.transient = true;
        return Err(error);
    }
    if chunk.len() as u64 > CHUNK || due + chunk.len() as u64 > stage.expected {
        return Err(GraphError::invalid("video_file_chunk is longer than was asked for"));
    }
    stage.pieces.insert(due, chunk);
    Ok(window(stage.pieces.size(), stage.expected))
}

fn finish(world: &mut World, page: &str, params: &Fields) -> Answer {
    let id = session(world, page, params)?;
    let texts = texts(world, params)?;
    let Some(stage) = world.stages.get_mut(SLUG, &id) else { return Err(GraphError::missing_object(&id)) };
    if stage.pieces.size() != stage.expected {
        return Err(GraphError::new(400, 6_000, "(#6000) The video file is not complete").subcode(1_363_033));
    }
    set_texts(stage, texts);
    let whole = stage.pieces.whole();
    publish(world, &id, whole)?;
    world.changed();
    Ok(json!({ "success": true }))
}

fn set_texts(stage: &mut Stage, texts: Value) {
    if let Some(map) = stage.what.as_object_mut() {
        map.insert("texts".to_owned(), texts);
    }
}

/// `POST /{page}/video_reels` and `/{page}/video_stories`: start, upload to the other host, finish.
pub(super) fn phases(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    page: &str,
    params: &Fields,
    kind: Kind,
) -> Answer {
    may_post(world, caller, page)?;
    match params.filled("upload_phase") {
        Some("start") => {
            let id = new_stage(world, caller, page, kind, Value::Null);
            world.changed();
            let version = call.path.first().map_or("v25.0", String::as_str);
            Ok(json!({
                "video_id": id, "upload_url": format!("{}/facebook/video-upload/{version}/{id}", call.base),
            }))
        }
        Some("finish") => finish_phases(world, page, params, kind),
        _ => Err(GraphError::invalid("Param upload_phase must be one of start, finish")),
    }
}

fn finish_phases(world: &mut World, page: &str, params: &Fields, kind: Kind) -> Answer {
    let id = params.filled("video_id").ok_or_else(|| GraphError::invalid("The parameter video_id is required"))?;
    let mut texts = texts(world, params)?;
    if kind == Kind::Reel {
        match params.filled("video_state") {
            Some("PUBLISHED") => {}
            Some("DRAFT") => drop(texts.as_object_mut().map(|map| map.insert("hidden".to_owned(), true.into()))),
            Some("SCHEDULED") if texts.get("publish_at").is_some_and(|at| !at.is_null()) => {}
            _ => return Err(GraphError::invalid("Param video_state must be one of DRAFT, PUBLISHED, SCHEDULED")),
        }
    }
    let stage = world.stages.get_mut(SLUG, id).filter(|stage| stage.owner == page && Kind::of(stage) == kind);
    let Some(stage) = stage else { return Err(GraphError::missing_object(id)) };
    match &stage.state {
        StageState::Ready => {}
        StageState::Published(_) => {
            return Err(GraphError::invalid("Invalid parameter")
                .subcode(1_366_051)
                .for_people("Already Posted", "This video was already posted."));
        }
        StageState::Waiting | StageState::Working(..) => {
            return Err(GraphError::new(400, 6_000, "(#6000) The video file is not complete").subcode(1_363_033));
        }
        StageState::Failed(failure) => return Err(GraphError::new(400, 6_000, format!("(#6000) {}", failure.words))),
    }
    set_texts(stage, texts);
    let post = show(world, id);
    world.changed();
    Ok(json!({ "success": true, "post_id": post }))
}

/// The other host: `/video-upload/{version}/{video}`.
pub(super) fn upload(world: &mut World, call: &Call, id: &str) -> Reply {
    match rupload::receive(world, call, SLUG, id) {
        Ok(rupload::Upload::Whole(whole)) => match keep(world, id, whole) {
            Ok(()) => rupload::success(),
            Err(error) => error.into(),
        },
        Ok(rupload::Upload::Address(address)) => {
            world.send_for(SLUG, id, vec![address], MAX_PULL);
            rupload::success()
        }
        Err(reply) => reply,
    }
}

/// A film that was to be fetched is there, or not.
pub(super) fn fetched(world: &mut World, id: &str, mut media: Vec<Fetched>) {
    let direct = world.stages.get(SLUG, id).is_some_and(|stage| Kind::of(stage) == Kind::Video);
    let done = match media.pop() {
        Some(Ok(bytes)) if direct => publish(world, id, Whole::of(bytes)),
        Some(Ok(bytes)) => keep(world, id, Whole::of(bytes)),
        _ => Err(GraphError::new(400, 389, "Unable to fetch video file from URL.")),
    };
    if let (Err(error), Some(stage)) = (done, world.stages.get_mut(SLUG, id)) {
        stage.state = StageState::Failed(crate::world::Failure::new(389, error.message()));
    }
}

/// Puts the bytes of a film into the media store.
fn keep(world: &mut World, id: &str, whole: Whole) -> Result<(), GraphError> {
    let Some(stage) = world.stages.get(SLUG, id) else { return Err(GraphError::missing_object(id)) };
    let kind = Kind::of(stage);
    let owner = stage.owner.clone();
    let expires = MediaStore::lives_until(world.now(), world.config.lives.media);
    let mut item = MediaItem::announced(SLUG, id.to_owned(), owner, expires);
    if !item.take(whole).is_some_and(|it| matches!(it.mime, "video/mp4" | "video/quicktime")) {
        return Err(GraphError::new(
            400,
            352,
            "(#352) The video file you selected is in a format that we don't support.",
        )
        .subcode(1_363_024));
    }
    item.state = world.begin_work(kind.takes(&item));
    world.media.put(item);
    if let Some(stage) = world.stages.get_mut(SLUG, id) {
        stage.state = StageState::Ready;
        stage.pieces.clear();
    }
    Ok(())
}

fn publish(world: &mut World, id: &str, whole: Whole) -> Result<(), GraphError> {
    keep(world, id, whole)?;
    show(world, id);
    Ok(())
}

/// Makes the post of a film. It shows once the film has been worked on, and never if that fails.
fn show(world: &mut World, id: &str) -> Option<String> {
    let now = world.now();
    let stage = world.stages.get(SLUG, id)?.clone();
    let item = world.media.get(SLUG, id)?;
    let (ready_at, fails) = match item.state {
        MediaState::Processing(until) => (until, false),
        MediaState::Doomed(until) => (until, true),
        _ => (now, item.state == MediaState::Failed),
    };
    let texts = stage.what.get("texts").cloned().unwrap_or_default();
    let said = |name: &str| texts.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let scheduled = texts.get("publish_at").and_then(|at| serde_json::from_value(at.clone()).ok());
    let print = fingerprint(&said("description"), None, &[item.hash]);
    let post = format!("{}_{}", stage.owner, post_number(world));
    world.media.mark_used(SLUG, id, &post);
    world.posts.add(Post {
        platform: SLUG,
        account: stage.owner.clone(),
        id: post.clone(),
        client: stage.client.clone(),
        text: said("description"),
        media: vec![Attachment { media: id.to_owned(), alt_text: None }],
        link: None,
        created_at: now,
        publish_at: Some(scheduled.unwrap_or(ready_at)),
        hidden: fails || texts.get("hidden").and_then(Value::as_bool).unwrap_or_default(),
        extra: json!({ "kind": Kind::of(&stage).name(), "title": said("title") }),
        fingerprint: print,
        comments: Vec::new(),
    });
    if let Some(stage) = world.stages.get_mut(SLUG, id) {
        stage.state = StageState::Published(post.clone());
    }
    Some(post)
}

/// A field of a film's node.
pub(super) fn field(world: &World, stage: &Stage, field: &str, base: &str) -> Option<Value> {
    let item = world.media.get(SLUG, &stage.id);
    let post = match &stage.state {
        StageState::Published(post) => world.posts.get(SLUG, post),
        _ => None,
    };
    Some(match field {
        "id" => stage.id.as_str().into(),
        "status" => status(world, stage),
        "post_id" => post.map(|post| post.id.as_str()).into(),
        "permalink_url" => post.map(|post| Facebook.permalink(world, base, post)).into(),
        "description" => post.map(|post| post.text.as_str()).into(),
        "title" => post.and_then(|post| post.extra.get("title")).cloned().unwrap_or_default(),
        "created_time" | "updated_time" => crate::wire::graph_time(stage.made_at).into(),
        "length" => item.and_then(|item| u32::try_from(item.duration_ms).ok()).map(|ms| f64::from(ms) / 1_000.0).into(),
        "published" => post.is_some_and(|post| post.is_public(world.now())).into(),
        "source" => format!("{base}/media/facebook/{}", stage.id).into(),
        _ => return None,
    })
}

fn status(world: &World, stage: &Stage) -> Value {
    let now = world.now();
    let item = world.media.get(SLUG, &stage.id);
    let work = item.map(|item| item.state(now));
    let failure = match &stage.state {
        StageState::Failed(failure) => Some(failure.words.clone()),
        _ if work == Some(MediaState::Failed) => Some("The video could not be processed".to_owned()),
        _ => None,
    };
    let uploaded = item.map_or(stage.pieces.size(), |item| item.size);
    let post = match &stage.state {
        StageState::Published(post) => world.posts.get(SLUG, post),
        _ => None,
    };
    let (overall, processing) = match (&failure, work) {
        (Some(_), _) => ("error", "error"),
        (None, None) => ("uploading", "not_started"),
        (None, Some(MediaState::Ready)) => ("ready", "complete"),
        (None, Some(_)) => ("processing", "in_progress"),
    };
    let uploading = match (item, uploaded) {
        (Some(_), _) => "complete",
        (None, 0) => "not_started",
        (None, _) => "in_progress",
    };
    let mut processing = json!({ "status": processing });
    if let (Some(words), Some(map)) = (failure, processing.as_object_mut()) {
        map.insert("error".to_owned(), json!({ "message": words }));
    }
    // Accepted by the last phase, and shown once the work is done.
    let publishing = match post {
        Some(post) if post.is_public(now) => json!({ "status": "complete", "publish_status": "published" }),
        Some(_) if overall == "error" => json!({ "status": "error" }),
        Some(_) => json!({ "status": "in_progress" }),
        None => json!({ "status": "not_started" }),
    };
    json!({
        "video_status": overall,
        "uploading_phase": { "status": uploading, "bytes_transferred": uploaded },
        "processing_phase": processing,
        "publishing_phase": publishing,
    })
}
