//! Posting to a Page. Pictures are unpublished photos first, attached by one `POST /{page}/feed`. A video in the feed is
//! sent in pieces, each at the offset Facebook asks for next; a reel's or story's goes to Meta's upload host. What makes
//! each public is one small call at the end.

use chrono::{DateTime, Duration, Utc};
use domain::{deliveries::ErrorClass, platform::PostFormat};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{Facebook, List, PLATFORM, refused};
use crate::{
    adapter::{Account, Finding, Progress, PublishRequest, Published, Staged, Standing},
    error::PlatformError,
    http::{Call, Operation, Part, RateState, Trace},
    media::MediaItem,
    meta::{
        moment,
        rupload::{self, Phase},
    },
    reconcile::{Listed, Search, not_before},
    state,
};

/// The format of the saved state.
const FORMAT: &str = "facebook/1";
/// Unpublished photos and videos are kept about a day; well before that they are uploaded anew.
const PHOTO_LIFE: Duration = Duration::hours(20);
/// Pages of 100 of the Page's posts read when looking for one.
const PAGES: usize = 3;
/// How long Facebook may work on a video before a person is asked to look.
const PATIENCE: Duration = Duration::hours(24);
/// The most sent of a video at once, whatever Facebook would take.
const PIECE: u64 = 8 * 1024 * 1024;
/// A piece began elsewhere than where Facebook wanted it to.
const WRONG_OFFSET: &str = "6000/1363037";

/// What is saved between steps.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    photos: Vec<Photo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    video: Option<Video>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Photo {
    id: String,
    uploaded_at: DateTime<Utc>,
}

/// A video on its way, or there.
#[derive(Debug, Serialize, Deserialize)]
struct Video {
    id: String,
    began_at: DateTime<Utc>,
    way: Way,
    /// Once Facebook has taken it: the post, if the answer named one, or else the video itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taken_as: Option<String>,
}

/// How a video is sent, and how far it has come.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum Way {
    /// In pieces: Facebook wants `next..until`, and nothing once the two are equal.
    Session { session: String, next: u64, until: u64 },
    /// As a whole, to an address of its own.
    Whole { to: Url, arrived: bool },
}

/// What becomes of the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Words, a link, pictures.
    Post,
    Video,
    Reel,
    PhotoStory,
    VideoStory,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Session {
    video_id: String,
    upload_session_id: String,
    #[serde(flatten)]
    offsets: Offsets,
}

/// Numbers as texts, in most answers.
#[derive(Debug, Deserialize)]
struct Offsets {
    start_offset: Value,
    end_offset: Value,
}

#[derive(Debug, Deserialize)]
struct Begun {
    video_id: String,
    upload_url: Url,
}

#[derive(Debug, Deserialize)]
struct Finished {
    #[serde(default)]
    success: bool,
    post_id: Option<String>,
}

/// A video, as its own node shows it.
#[derive(Debug, Deserialize)]
struct VideoNode {
    published: Option<bool>,
    permalink_url: Option<String>,
    status: Option<VideoStatus>,
}

#[derive(Debug, Deserialize)]
struct VideoStatus {
    /// `uploading`, `upload_complete`, `processing`, `ready`, `error`, …
    #[serde(rename = "video_status")]
    word: Option<String>,
    uploading_phase: Option<Phase>,
    processing_phase: Option<Phase>,
    publishing_phase: Option<Phase>,
}

#[derive(Debug, Deserialize)]
struct Story {
    post_id: Option<String>,
    media_id: Option<String>,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Post {
    id: String,
    message: Option<String>,
    created_time: Option<String>,
    permalink_url: Option<String>,
    attachments: Option<List<Attachment>>,
}

#[derive(Debug, Deserialize)]
struct Attachment {
    media_type: Option<String>,
    subattachments: Option<List<Value>>,
}

impl Facebook {
    pub(super) async fn upload_next(
        &self,
        request: &PublishRequest,
        saved: Option<&Value>,
    ) -> Result<Staged, PlatformError> {
        let form = form(request)?;
        let now = self.http.now();
        let mut state = usable(saved, request, now);
        let mut traces = Vec::new();
        let mut rate = RateState::default();
        let progress = match form {
            Form::Post | Form::PhotoStory => {
                if let Some(item) = request.media.get(state.photos.len()) {
                    let (photo, reply) = self.upload_photo(&request.account, item, now).await?;
                    state.photos.push(photo);
                    rate = reply.rate;
                    traces.push(reply.trace);
                }
                if state.photos.len() < request.media.len() { Progress::More } else { Progress::Ready }
            }
            Form::Video | Form::Reel | Form::VideoStory => {
                let Some(item) = request.media.first() else { return Err(refused(ErrorClass::Validation, "no_media")) };
                match &mut state.video {
                    None => {
                        let (video, trace) = self.begin_video(form, &request.account, item, now).await?;
                        state.video = Some(video);
                        traces.push(trace);
                    }
                    Some(video) if !video.arrived() => {
                        traces.extend(self.send_video(form, &request.account, item, video).await?);
                    }
                    Some(_) => {}
                }
                if state.video.as_ref().is_some_and(Video::arrived) { Progress::Ready } else { Progress::More }
            }
        };
        Ok(Staged { state: state::save(FORMAT, &state), progress, traces, rate })
    }

    async fn upload_photo(
        &self,
        account: &Account,
        item: &MediaItem,
        now: DateTime<Utc>,
    ) -> Result<(Photo, crate::http::Reply), PlatformError> {
        let bytes = item.read_all(PLATFORM).await?;
        let mut parts = vec![
            Part::text("published", "false"),
            Part::secret("access_token", &account.tokens.access_token),
            Part::file("source", item.mime.clone(), bytes),
        ];
        if let Some(alt) = item.alt() {
            parts.push(Part::text("alt_text_custom", alt));
        }
        let call = Call::post(Operation::Stage, self.graph(&[&account.external_id, "photos"]))
            .multipart(parts)
            .hiding(&account.tokens.access_token)
            .timeout(self.http.upload_timeout());
        let reply = self.send(call).await?;
        let Id { id } = reply.parse()?;
        Ok((Photo { id, uploaded_at: now }, reply))
    }

    /// A call to the edge that takes this form's videos.
    fn video_call(&self, operation: Operation, form: Form, account: &Account) -> Call {
        let edge = match form {
            Form::Reel => "video_reels",
            Form::VideoStory => "video_stories",
            Form::PhotoStory => "photo_stories",
            Form::Post | Form::Video => "videos",
        };
        Call::post(operation, self.graph(&[&account.external_id, edge]))
    }

    async fn begin_video(
        &self,
        form: Form,
        account: &Account,
        item: &MediaItem,
        began_at: DateTime<Utc>,
    ) -> Result<(Video, Trace), PlatformError> {
        let mut call = self
            .video_call(Operation::Stage, form, account)
            .secret_field("access_token", &account.tokens.access_token)
            .field("upload_phase", "start");
        if form == Form::Video {
            call = call.field("file_size", item.size.to_string());
            let reply = self.send(call).await?;
            let Session { video_id, upload_session_id, offsets } = reply.parse()?;
            let (next, until) = offsets.read().ok_or_else(|| reply.unreadable("an upload without offsets"))?;
            let way = Way::Session { session: upload_session_id, next, until };
            return Ok((Video { id: video_id, began_at, way, taken_as: None }, reply.trace));
        }
        let reply = self.send(call).await?;
        let Begun { video_id, upload_url } = reply.parse()?;
        if !rupload::is_metas(&self.settings.base_urls, &upload_url) {
            return Err(rupload::foreign(PLATFORM));
        }
        let way = Way::Whole { to: upload_url, arrived: false };
        Ok((Video { id: video_id, began_at, way, taken_as: None }, reply.trace))
    }

    /// Sends the next piece, or everything that has not arrived.
    async fn send_video(
        &self,
        form: Form,
        account: &Account,
        item: &MediaItem,
        video: &mut Video,
    ) -> Result<Vec<Trace>, PlatformError> {
        let token = &account.tokens.access_token;
        match &mut video.way {
            Way::Session { session, next, until } => {
                let end = (*until).min(*next + PIECE).min(item.size);
                let bytes = item.read(PLATFORM, *next..end).await?;
                let call = self
                    .video_call(Operation::Stage, form, account)
                    .multipart(vec![
                        Part::secret("access_token", token),
                        Part::text("upload_phase", "transfer"),
                        Part::text("upload_session_id", session.as_str()),
                        Part::text("start_offset", next.to_string()),
                        Part::file("video_file_chunk", item.mime.clone(), bytes),
                    ])
                    .hiding(token)
                    .timeout(self.http.timeout_for(end - *next));
                let reply = match self.send(call).await {
                    Ok(reply) => reply,
                    // The piece of an earlier attempt arrived, and its answer did not.
                    Err(error) if error.code.as_deref() == Some(WRONG_OFFSET) => {
                        let (told, trace) = self.bytes_arrived(account, &video.id, item.size).await?;
                        let Some(arrived) = told.filter(|arrived| *arrived != *next) else {
                            return Err(rupload::lost(PLATFORM));
                        };
                        (*next, *until) = (arrived, item.size);
                        return Ok(error.trace.map(|trace| *trace).into_iter().chain(trace).collect());
                    }
                    Err(error) => return Err(error),
                };
                let offsets = reply.parse::<Offsets>()?.read();
                (*next, *until) = offsets
                    .filter(|(next, until)| next <= until && *until <= item.size)
                    .ok_or_else(|| reply.unreadable("a piece answered without offsets"))?;
                Ok(vec![reply.trace])
            }
            Way::Whole { to, arrived } => {
                let (told, trace) = self.bytes_arrived(account, &video.id, item.size).await?;
                let mut traces: Vec<Trace> = trace.into_iter().collect();
                let offset = told.unwrap_or(0);
                if offset < item.size {
                    let call = rupload::upload(&self.http, to.clone(), token, item, offset);
                    let sent = self.send(call).await.map_err(|error| rupload::refused(error, told.is_some()))?;
                    traces.push(sent.trace);
                }
                *arrived = true;
                Ok(traces)
            }
        }
    }

    /// How much of a video has arrived; `None` where Facebook does not say.
    async fn bytes_arrived(
        &self,
        account: &Account,
        id: &str,
        size: u64,
    ) -> Result<(Option<u64>, Option<Trace>), PlatformError> {
        let call = self.read(Operation::Stage, &[id], &account.tokens.access_token).query("fields", "status");
        let reply = match self.send(call).await {
            Ok(reply) => reply,
            Err(error) if matches!(error.class, ErrorClass::Validation | ErrorClass::Permission) => {
                return Ok((None, None));
            }
            Err(error) => return Err(error),
        };
        let Some(status) = reply.parse::<VideoNode>()?.status else { return Ok((None, Some(reply.trace))) };
        let over = matches!(status.word.as_deref(), Some("expired" | "upload_failed"));
        if over || status.uploading_phase.as_ref().is_some_and(Phase::failed) {
            return Err(rupload::lost(PLATFORM));
        }
        Ok((status.uploading_phase.map(|phase| phase.arrived(size)), Some(reply.trace)))
    }

    pub(super) async fn create_post(
        &self,
        request: &PublishRequest,
        state: &Value,
    ) -> Result<Published, PlatformError> {
        let form = form(request)?;
        let not_staged = || refused(ErrorClass::Operator, "not_staged");
        let state = state::load::<State>(FORMAT, state).ok_or_else(not_staged)?;
        let token = &request.account.tokens.access_token;
        if matches!(form, Form::Post | Form::PhotoStory) && state.photos.len() != request.media.len() {
            return Err(not_staged());
        }
        if form == Form::Post {
            return self.create_feed_post(request, &state).await;
        }
        let mut state = state;
        let call = self.video_call(Operation::Commit, form, &request.account).secret_field("access_token", token);
        let (call, staged_id) = match (&state.video, state.photos.first()) {
            (_, Some(photo)) if form == Form::PhotoStory => {
                (call.field("photo_id", photo.id.as_str()), photo.id.clone())
            }
            (Some(video), _) if form != Form::PhotoStory && video.arrived() => {
                (finish(call, form, request, video), video.id.clone())
            }
            _ => return Err(not_staged()),
        };
        let reply = self.send(call).await?;
        let Finished { success, post_id } = reply.parse()?;
        if !success && post_id.is_none() {
            return Err(reply.unreadable("neither success nor a post"));
        }
        let url = match form {
            Form::Reel => format!("{}/reel/{staged_id}", self.web()),
            Form::PhotoStory | Form::VideoStory => self.post_url(post_id.as_deref().unwrap_or(&staged_id)),
            Form::Post | Form::Video => self.post_url(&staged_id),
        };
        let external_id = post_id.unwrap_or(staged_id);
        // Facebook works on a video before it shows it, and may yet find that it cannot.
        let standing = match &mut state.video {
            Some(video) => {
                video.taken_as = Some(external_id.clone());
                Standing::Processing { state: state::save(FORMAT, &state), after: std::time::Duration::from_secs(5) }
            }
            None => Standing::Public,
        };
        Ok(Published { external_id, url: Some(url), standing, trace: Box::new(reply.trace), rate: reply.rate })
    }

    async fn create_feed_post(&self, request: &PublishRequest, state: &State) -> Result<Published, PlatformError> {
        let mut call = Call::post(Operation::Commit, self.graph(&[&request.account.external_id, "feed"]))
            .secret_field("access_token", &request.account.tokens.access_token);
        if !request.text.is_empty() {
            call = call.field("message", request.text.as_str());
        }
        if !state.photos.is_empty() {
            let photos: Vec<Value> = state.photos.iter().map(|photo| json!({"media_fbid": photo.id})).collect();
            call = call.field("attached_media", Value::Array(photos).to_string());
        } else if let Some(link) = &request.link {
            call = call.field("link", link.as_str());
        }
        let reply = self.send(call).await?;
        let Id { id } = reply.parse()?;
        Ok(Published {
            url: Some(self.post_url(&id)),
            external_id: id,
            standing: Standing::Public,
            trace: Box::new(reply.trace),
            rate: reply.rate,
        })
    }

    pub(super) async fn find(
        &self,
        request: &PublishRequest,
        state: Option<&Value>,
        known: &[String],
    ) -> Result<Finding, PlatformError> {
        let form = form(request)?;
        let state = state.and_then(|state| state::load::<State>(FORMAT, state)).unwrap_or_default();
        if let Some(video) = &state.video
            && let Some(finding) = self.find_video(form, request, video).await?
        {
            return Ok(finding);
        }
        if matches!(form, Form::PhotoStory | Form::VideoStory) {
            let staged = state.video.map(|video| video.id).or(state.photos.into_iter().next().map(|photo| photo.id));
            return self.find_story(request, staged.as_deref()).await;
        }
        self.find_listed(request, known).await
    }

    /// What a video's own node says, if it says anything: it knows whether it was published, and before that, whether it
    /// was asked to be. `None`: only the Page's list can tell.
    async fn find_video(
        &self,
        form: Form,
        request: &PublishRequest,
        video: &Video,
    ) -> Result<Option<Finding>, PlatformError> {
        let call = self
            .read(Operation::Find, &[&video.id], &request.account.tokens.access_token)
            .query("fields", "status,published,permalink_url");
        let node: Option<VideoNode> = match self.send(call).await {
            Ok(reply) => Some(reply.parse()?),
            Err(error) if matches!(error.class, ErrorClass::Validation | ErrorClass::Permission) => None,
            Err(error) => return Err(error),
        };
        let stands = node.as_ref().map_or(VideoStands::Unknown, VideoNode::stands);
        let permalink = node.and_then(|node| node.permalink_url).map(|url| match url.strip_prefix('/') {
            Some(path) => format!("{}/{path}", self.web()),
            None => url,
        });
        let age = self.http.now() - request.started_at;
        Ok(match (stands, &video.taken_as) {
            (VideoStands::Public, taken_as) => {
                let id = taken_as.as_ref().unwrap_or(&video.id);
                let otherwise =
                    if form == Form::Reel { format!("{}/reel/{}", self.web(), video.id) } else { self.post_url(id) };
                Some(Finding::Found {
                    external_id: id.clone(),
                    url: Some(permalink.unwrap_or(otherwise)),
                    published_at: None,
                })
            }
            (VideoStands::Failed, _) => Some(Finding::Refused {
                class: ErrorClass::MediaInvalid,
                reason: "Facebook could not process this video.".to_owned(),
                code: Some("video_error".to_owned()),
            }),
            (VideoStands::InWork, _) | (_, Some(_)) if age > PATIENCE => Some(Finding::CannotTell {
                reason: "Facebook has been working on this video for more than a day.".to_owned(),
            }),
            // Taken, whatever its node says by now: it is not to be sent again.
            (VideoStands::InWork, _) | (_, Some(_)) => Some(Finding::Processing { after: pause(age) }),
            (VideoStands::Staged, None) => Some(Finding::NotFound),
            (VideoStands::Unknown, None) => None,
        })
    }

    /// Stories stand in a list of their own, with the photo or video they were made of.
    async fn find_story(&self, request: &PublishRequest, staged: Option<&str>) -> Result<Finding, PlatformError> {
        let unknown =
            || Finding::CannotTell { reason: "Facebook does not say which stories this Page has.".to_owned() };
        let Some(staged) = staged else { return Ok(unknown()) };
        let call = self
            .read(Operation::Find, &[&request.account.external_id, "stories"], &request.account.tokens.access_token)
            .query("fields", "post_id,media_id,status,creation_time,url")
            .query("limit", "100");
        let stories: List<Story> = match self.send(call).await {
            Ok(reply) => reply.parse()?,
            Err(error) if matches!(error.class, ErrorClass::Validation | ErrorClass::Permission) => {
                return Ok(unknown());
            }
            Err(error) => return Err(error),
        };
        let ours = stories.data.into_iter().find(|story| story.media_id.as_deref() == Some(staged));
        Ok(match ours {
            Some(Story { post_id, url, .. }) => {
                Finding::Found { external_id: post_id.unwrap_or_else(|| staged.to_owned()), url, published_at: None }
            }
            None => Finding::NotFound,
        })
    }

    async fn find_listed(&self, request: &PublishRequest, known: &[String]) -> Result<Finding, PlatformError> {
        let mut search = Search::new(request, known);
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let mut call = self
                .read(
                    Operation::Find,
                    &[&request.account.external_id, "published_posts"],
                    &request.account.tokens.access_token,
                )
                .query(
                    "fields",
                    "id,message,created_time,permalink_url,attachments{media_type,subattachments{media_type}}",
                )
                .query("since", &not_before(request).timestamp().to_string())
                .query("limit", "100");
            if let Some(after) = &after {
                call = call.query("after", after);
            }
            let list: List<Post> = self.send(call).await?.parse()?;
            after = list.next();
            search.take(list.data.into_iter().map(|post| self.listed(post)));
            if after.is_none() {
                break;
            }
        }
        // `since` ends the list at the delivery's start.
        Ok(search.finish(after.is_none()))
    }

    fn listed(&self, post: Post) -> Listed {
        Listed {
            pictures: post.attachments.map(|attachments| pictures(&attachments.data)),
            published_at: post.created_time.as_deref().and_then(moment),
            texts: vec![post.message.unwrap_or_default()],
            url: post.permalink_url.or_else(|| Some(self.post_url(&post.id))),
            id: post.id,
        }
    }

    /// Facebook sends `/{page}_{post}` on to the post's own address. Asking for that one (`permalink_url`) would be a
    /// second call between a post going out and its being recorded.
    fn post_url(&self, id: &str) -> String {
        format!("{}/{id}", self.web())
    }

    fn web(&self) -> &str {
        self.settings.base_urls.web.as_str().trim_end_matches('/')
    }

    pub(super) async fn write_comment(
        &self,
        account: &Account,
        post: &str,
        text: &str,
    ) -> Result<String, PlatformError> {
        let call = Call::post(Operation::Commit, self.graph(&[post, "comments"]))
            .secret_field("access_token", &account.tokens.access_token)
            .field("message", text);
        Ok(self.send(call).await?.parse::<Id>()?.id)
    }
}

/// Asks for an uploaded video to be made public.
fn finish(call: Call, form: Form, request: &PublishRequest, video: &Video) -> Call {
    let mut call = call.field("upload_phase", "finish");
    call = match &video.way {
        Way::Session { session, .. } => call.field("upload_session_id", session.as_str()),
        Way::Whole { .. } => call.field("video_id", video.id.as_str()).field("video_state", "PUBLISHED"),
    };
    // A story shows no words.
    if form != Form::VideoStory {
        if !request.text.is_empty() {
            call = call.field("description", request.text.as_str());
        }
        if let Some(title) = &request.options.title {
            call = call.field("title", title.as_str());
        }
    }
    call
}

/// How a video stands, as far as its node tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VideoStands {
    /// Uploaded, or about to be; nobody has asked for it to be public.
    Staged,
    /// Being worked on: what comes of it shows later.
    InWork,
    Public,
    Failed,
    Unknown,
}

impl VideoNode {
    fn stands(&self) -> VideoStands {
        let Some(status) = &self.status else {
            return if self.published == Some(true) { VideoStands::Public } else { VideoStands::Unknown };
        };
        let says = |phase: &Option<Phase>, word: &str| {
            phase.as_ref().is_some_and(|phase| {
                phase.status.as_deref() == Some(word) || phase.publish_status.as_deref() == Some(word)
            })
        };
        let publishing = &status.publishing_phase;
        let failed = [&status.uploading_phase, &status.processing_phase, publishing]
            .into_iter()
            .any(|phase| says(phase, "error"));
        match status.word.as_deref() {
            Some("error" | "expired" | "upload_failed") => VideoStands::Failed,
            _ if failed => VideoStands::Failed,
            _ if self.published == Some(true) || says(publishing, "complete") || says(publishing, "published") => {
                VideoStands::Public
            }
            // A reel is worked on before anybody asks for it to be public, and so says nothing until it is ready; one
            // that is, and is not being published, was not asked for.
            Some("processing") => VideoStands::InWork,
            Some("uploading" | "upload_complete" | "ready") if !says(publishing, "in_progress") => VideoStands::Staged,
            _ if says(publishing, "in_progress") || says(&status.processing_phase, "in_progress") => {
                VideoStands::InWork
            }
            _ => VideoStands::Unknown,
        }
    }
}

/// How long after a video was taken Facebook is asked how it stands.
fn pause(age: Duration) -> std::time::Duration {
    std::time::Duration::from_secs(match age.num_seconds() {
        ..60 => 5,
        60..600 => 15,
        _ => 60,
    })
}

impl Video {
    const fn arrived(&self) -> bool {
        match &self.way {
            Way::Session { next, until, .. } => *next == *until,
            Way::Whole { arrived, .. } => *arrived,
        }
    }
}

impl Offsets {
    fn read(&self) -> Option<(u64, u64)> {
        let number = |value: &Value| match value {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        };
        Some((number(&self.start_offset)?, number(&self.end_offset)?))
    }
}

/// What a request is to become. What Facebook would refuse whatever it holds is refused here.
fn form(request: &PublishRequest) -> Result<Form, PlatformError> {
    let refusal = |message: &'static str| Err(refused(ErrorClass::Validation, "media_rules").saying(message));
    if request.media.iter().any(MediaItem::is_document) {
        return refusal("Facebook takes pictures and videos only.");
    }
    match (request.options.format, request.media.as_slice()) {
        (PostFormat::Feed, [video]) if video.is_video() => Ok(Form::Video),
        (PostFormat::Feed, pictures) if !pictures.iter().any(MediaItem::is_video) => Ok(Form::Post),
        (PostFormat::Feed, _) => refusal("Facebook takes one video alone, or pictures."),
        (PostFormat::Reel, [video]) if video.is_video() => Ok(Form::Reel),
        (PostFormat::Reel, _) => refusal("A reel is a single video."),
        (PostFormat::Story, [video]) if video.is_video() => Ok(Form::VideoStory),
        (PostFormat::Story, [_]) => Ok(Form::PhotoStory),
        (PostFormat::Story, _) => refusal("A story is a single picture or video."),
    }
}

/// The saved photos or video, unless they belong to something else or are about to expire.
fn usable(saved: Option<&Value>, request: &PublishRequest, now: DateTime<Utc>) -> State {
    saved
        .and_then(|saved| state::load::<State>(FORMAT, saved))
        .filter(|state| state.photos.len() <= request.media.len())
        .filter(|state| state.photos.iter().all(|photo| now - photo.uploaded_at < PHOTO_LIFE))
        .filter(|state| state.video.as_ref().is_none_or(|video| now - video.began_at < PHOTO_LIFE))
        .unwrap_or_default()
}

/// Several pictures are one attachment, an album, with parts; a link card is an attachment without a picture of ours. A
/// video counts as one.
fn pictures(attachments: &[Attachment]) -> usize {
    attachments
        .iter()
        .map(|attachment| match (&attachment.subattachments, attachment.media_type.as_deref()) {
            (Some(parts), _) if !parts.data.is_empty() => parts.data.len(),
            (_, Some("photo" | "video" | "video_inline" | "reel")) => 1,
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(json!([]), 0)]
    #[case(json!([{"media_type": "photo"}]), 1)]
    #[case(json!([{"media_type": "video"}]), 1)]
    #[case(json!([{"media_type": "link"}]), 0)]
    #[case(json!([{"media_type": "album", "subattachments": {"data": [{}, {}, {}]}}]), 3)]
    fn pictures_are_counted(#[case] attachments: Value, #[case] expected: usize) {
        let attachments: Vec<Attachment> = serde_json::from_value(attachments).unwrap();
        assert_eq!(pictures(&attachments), expected);
    }
}
