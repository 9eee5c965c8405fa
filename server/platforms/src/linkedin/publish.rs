//! Posting: media to addresses `LinkedIn` hands out, then one `POST /rest/posts`.
//!
//! Whether a picture has been processed cannot be asked with a member's token, so an accepted upload counts as done;
//! `LinkedIn` refuses the post with `MEDIA_ASSET_WAITING_UPLOAD` where that was too early, and it is tried again. A
//! video goes up in the parts `LinkedIn` names, each to its own address and without our token; the `ETag`s of the parts,
//! in order, put it together, and it is asked until it is there.

use chrono::{DateTime, Duration, Utc};
use domain::{
    deliveries::ErrorClass,
    platform::linkedin::{escape_commentary, unescape_commentary},
};
use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{Linkedin, PLATFORM, refused, rest_get, urn};
use crate::{
    adapter::{Account, AccountKind, Finding, Progress, PublishRequest, Published, Staged, Standing},
    error::PlatformError,
    http::{Call, Operation, RateState, Trace},
    media::MediaItem,
    reconcile::{Listed, Search},
    state,
};

/// The format of the saved state.
const FORMAT: &str = "linkedin/1";
/// How long an upload that no post uses is relied upon.
const IMAGE_LIFE: Duration = Duration::hours(20);
/// Posts read at once, and how many times, when looking for one.
const FIND_COUNT: usize = 50;
const FIND_PAGES: usize = 4;

/// What is saved between steps.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// Pictures, or one document.
    images: Vec<Image>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    video: Option<Video>,
}

/// A video on its way, or there.
#[derive(Debug, Serialize, Deserialize)]
struct Video {
    urn: String,
    token: String,
    began_at: DateTime<Utc>,
    /// In the order of the file.
    parts: Vec<VideoPart>,
    /// Of the parts that have arrived, in order.
    etags: Vec<String>,
    finalized: bool,
    ready: bool,
}

/// A stretch of the file and where it goes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VideoPart {
    upload_url: Url,
    first_byte: u64,
    last_byte: u64,
}

#[derive(Debug, Deserialize)]
struct VideoInitialized {
    value: VideoUpload,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VideoUpload {
    video: String,
    #[serde(default)]
    upload_token: String,
    upload_instructions: Vec<VideoPart>,
}

#[derive(Debug, Deserialize)]
struct VideoStatus {
    status: String,
}

/// What becomes of the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Pictures,
    Document,
    Video,
}

#[derive(Debug, Serialize, Deserialize)]
struct Image {
    urn: String,
    uploaded_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
struct Initialized {
    value: Upload,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Upload {
    upload_url: Url,
    #[serde(alias = "document")]
    image: String,
}

#[derive(Debug, Deserialize)]
struct Posts {
    #[serde(default)]
    elements: Vec<Post>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post {
    id: String,
    commentary: Option<String>,
    /// Milliseconds since 1970.
    created_at: Option<i64>,
    published_at: Option<i64>,
    content: Option<Value>,
}

impl Linkedin {
    pub(super) async fn upload_next(
        &self,
        request: &PublishRequest,
        saved: Option<&Value>,
    ) -> Result<Staged, PlatformError> {
        let form = form(request)?;
        let now = self.http.now();
        let mut state = usable(saved, request, now);
        let mut traces = Vec::new();
        let progress = if let (Form::Video, Some(item)) = (form, request.media.first()) {
            if let Some(video) = &mut state.video {
                self.advance_video(&request.account, item, video, &mut traces).await?
            } else {
                let (video, trace) = self.begin_video(&request.account, item, now).await?;
                traces.push(trace);
                state.video = Some(video);
                Progress::More
            }
        } else {
            if let Some(item) = request.media.get(state.images.len()) {
                state.images.push(self.upload(form, &request.account, item, &mut traces).await?);
            }
            if state.images.len() < request.media.len() { Progress::More } else { Progress::Ready }
        };
        Ok(Staged { state: state::save(FORMAT, &state), progress, traces, rate: RateState::default() })
    }

    /// A call to one of the media services.
    fn media_call(&self, service: &str, action: &str, account: &Account, body: Value) -> Call {
        let mut url = self.rest_url(&[service]);
        url.query_pairs_mut().append_pair("action", action);
        self.rest(Call::post(Operation::Stage, url)).bearer(&account.tokens.access_token).json(body)
    }

    /// A picture or document, whole.
    async fn upload(
        &self,
        form: Form,
        account: &Account,
        item: &MediaItem,
        traces: &mut Vec<Trace>,
    ) -> Result<Image, PlatformError> {
        let uploaded_at = self.http.now();
        let service = if form == Form::Document { "documents" } else { "images" };
        let body = json!({"initializeUploadRequest": {"owner": urn(account)}});
        let reply = self.send(self.media_call(service, "initializeUpload", account, body)).await?;
        let Upload { upload_url, image } = reply.parse::<Initialized>()?.value;
        traces.push(reply.trace);

        let own_host = self.is_own(&upload_url);
        let put = Call::new(Operation::Stage, reqwest::Method::PUT, upload_url).hiding_query();
        let mut put = match form {
            // Up to 100 MB.
            Form::Document => put.stream(item, 0..item.size).timeout(self.http.timeout_for(item.size)),
            _ => put.bytes(item.mime.clone(), item.read_all(PLATFORM).await?).timeout(self.http.upload_timeout()),
        };
        if own_host {
            put = put.bearer(&account.tokens.access_token);
        }
        traces.push(self.send(put).await?.trace);
        Ok(Image { urn: image, uploaded_at })
    }

    async fn begin_video(
        &self,
        account: &Account,
        item: &MediaItem,
        began_at: DateTime<Utc>,
    ) -> Result<(Video, Trace), PlatformError> {
        let body = json!({"initializeUploadRequest": {
            "owner": urn(account), "fileSizeBytes": item.size, "uploadCaptions": false, "uploadThumbnail": false,
        }});
        let reply = self.send(self.media_call("videos", "initializeUpload", account, body)).await?;
        let VideoUpload { video, upload_token, mut upload_instructions } = reply.parse::<VideoInitialized>()?.value;
        upload_instructions.sort_by_key(|part| part.first_byte);
        if !covers(&upload_instructions, item.size) {
            return Err(reply.unreadable("parts that do not make up the file"));
        }
        let video = Video {
            urn: video,
            token: upload_token,
            began_at,
            parts: upload_instructions,
            etags: Vec::new(),
            finalized: false,
            ready: false,
        };
        Ok((video, reply.trace))
    }

    /// The next part; or, once all have arrived, putting them together; or asking whether that is done.
    async fn advance_video(
        &self,
        account: &Account,
        item: &MediaItem,
        video: &mut Video,
        traces: &mut Vec<Trace>,
    ) -> Result<Progress, PlatformError> {
        if video.ready {
            return Ok(Progress::Ready);
        }
        if let Some(part) = video.parts.get(video.etags.len()) {
            let (etag, trace) = self.send_part(item, part).await?;
            video.etags.push(etag);
            traces.push(trace);
            return Ok(Progress::More);
        }
        if !video.finalized {
            let body = json!({"finalizeUploadRequest": {
                "video": video.urn, "uploadToken": video.token, "uploadedPartIds": video.etags,
            }});
            let reply = self.send(self.media_call("videos", "finalizeUpload", account, body)).await?;
            traces.push(reply.trace);
            video.finalized = true;
            return Ok(Progress::More);
        }
        let call = rest_get(self, Operation::Stage, &["videos", &video.urn]).bearer(&account.tokens.access_token);
        let reply = match self.send(call).await {
            Ok(reply) => reply,
            // Members' media cannot be read; if it is too early, the post is refused for that reason and tried again.
            Err(error) if error.class == ErrorClass::Permission => {
                traces.extend(error.trace.map(|trace| *trace));
                video.ready = true;
                return Ok(Progress::Ready);
            }
            Err(error) => return Err(error),
        };
        let status = reply.parse::<VideoStatus>()?.status;
        if status == "PROCESSING_FAILED" {
            let mut error = refused(ErrorClass::MediaInvalid, "PROCESSING_FAILED")
                .saying("LinkedIn could not process this video.")
                .staging_anew();
            error.trace = Some(Box::new(reply.trace));
            return Err(error);
        }
        traces.push(reply.trace);
        video.ready = status == "AVAILABLE";
        Ok(if video.ready {
            Progress::Ready
        } else {
            Progress::Wait { after: pause(self.http.now() - video.began_at) }
        })
    }

    /// The address is the permission: the token stays at home.
    async fn send_part(&self, item: &MediaItem, part: &VideoPart) -> Result<(String, Trace), PlatformError> {
        let range = part.first_byte..part.last_byte + 1;
        let length = range.end - range.start;
        let call = Call::new(Operation::Stage, reqwest::Method::PUT, part.upload_url.clone())
            .stream_as("application/octet-stream", item, range)
            .hiding_query()
            .timeout(self.http.timeout_for(length));
        match self.send(call).await {
            Ok(reply) => {
                let etag =
                    reply.header("etag").map(|etag| etag.trim().trim_start_matches("W/").trim_matches('"').to_owned());
                match etag.filter(|etag| !etag.is_empty()) {
                    Some(etag) => Ok((etag, reply.trace)),
                    None => Err(reply.unreadable("a part accepted without its ETag")),
                }
            }
            // Addresses end after some hours; then all parts get new ones.
            Err(error) if matches!(error.http_status, Some(401 | 403 | 404 | 410)) => {
                Err(PlatformError { class: ErrorClass::Transient, ..error }.staging_anew())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether an address handed out is `LinkedIn`'s own. The address itself is the permission to upload; the token
    /// goes along only where it belongs.
    fn is_own(&self, url: &Url) -> bool {
        let bases = &self.settings.base_urls;
        [&bases.web, &bases.api].into_iter().any(|base| base.origin() == url.origin())
    }

    pub(super) async fn create_post(
        &self,
        request: &PublishRequest,
        state: &Value,
    ) -> Result<Published, PlatformError> {
        let form = form(request)?;
        let state = state::load::<State>(FORMAT, state).filter(|state| match form {
            Form::Video => state.video.as_ref().is_some_and(|video| video.ready),
            Form::Pictures | Form::Document => state.images.len() == request.media.len(),
        });
        let state = state.ok_or_else(|| refused(ErrorClass::Operator, "not_staged"))?;
        let mut body = json!({
            "author": urn(&request.account),
            "commentary": escape_commentary(&request.text),
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": false,
        });
        if let (Some(content), Some(fields)) = (content(form, request, &state), body.as_object_mut()) {
            fields.insert("content".to_owned(), content);
        }
        let call = self
            .rest(Call::post(Operation::Commit, self.rest_url(&["posts"])))
            .bearer(&request.account.tokens.access_token)
            .json(body);
        let reply = self.send(call).await?;
        let Some(id) = reply.header("x-restli-id").filter(|id| !id.is_empty()).map(str::to_owned) else {
            return Err(reply.unreadable("an accepted post without its id"));
        };
        Ok(Published {
            url: Some(self.post_url(&id)),
            external_id: id,
            standing: Standing::Public,
            trace: Box::new(reply.trace),
            rate: reply.rate,
        })
    }

    pub(super) async fn write_comment(
        &self,
        account: &Account,
        post: &str,
        text: &str,
    ) -> Result<String, PlatformError> {
        let call = self
            .rest(Call::post(Operation::Commit, self.rest_url(&["socialActions", post, "comments"])))
            .bearer(&account.tokens.access_token)
            .json(json!({"actor": urn(account), "object": post, "message": {"text": text}}));
        let reply = self.send(call).await?;
        let named = reply.header("x-restli-id").filter(|id| !id.is_empty()).map(str::to_owned);
        let in_body = || reply.answer.json.as_ref()?.get("id")?.as_str().map(str::to_owned);
        named.or_else(in_body).ok_or_else(|| reply.unreadable("an accepted comment without its id"))
    }

    pub(super) async fn find(&self, request: &PublishRequest, known: &[String]) -> Result<Finding, PlatformError> {
        if request.account.kind == AccountKind::Profile {
            return Ok(Finding::CannotTell { reason: "LinkedIn does not let apps read a member's posts.".to_owned() });
        }
        let mut search = Search::new(request, known);
        let mut whole = false;
        for page in 0..FIND_PAGES {
            let call = rest_get(self, Operation::Find, &["posts"])
                .query("q", "author")
                .query("author", &urn(&request.account))
                .query("count", &FIND_COUNT.to_string())
                .query("start", &(page * FIND_COUNT).to_string())
                .query("sortBy", "CREATED")
                .header(HeaderName::from_static("x-restli-method"), HeaderValue::from_static("FINDER"))
                .bearer(&request.account.tokens.access_token);
            let posts = match self.send(call).await {
                Ok(reply) => reply.parse::<Posts>()?.elements,
                Err(error) if error.class == ErrorClass::Permission => {
                    return Ok(Finding::CannotTell {
                        reason: "LinkedIn has not given us permission to read this organization's posts.".to_owned(),
                    });
                }
                Err(error) => return Err(error),
            };
            let last = posts.len() < FIND_COUNT;
            let older = search.take(posts.into_iter().map(|post| self.listed(post)));
            whole = last || older;
            if whole {
                break;
            }
        }
        Ok(search.finish(whole))
    }

    fn listed(&self, post: Post) -> Listed {
        let commentary = post.commentary.unwrap_or_default();
        Listed {
            url: Some(self.post_url(&post.id)),
            texts: vec![unescape_commentary(&commentary), commentary],
            pictures: Some(pictures(post.content.as_ref())),
            published_at: post.published_at.or(post.created_at).and_then(DateTime::from_timestamp_millis),
            id: post.id,
        }
    }

    fn post_url(&self, id: &str) -> String {
        format!("{}/feed/update/{id}", self.settings.base_urls.web.as_str().trim_end_matches('/'))
    }
}

/// What the media of a post become. What `LinkedIn` would refuse whatever it holds is refused here.
fn form(request: &PublishRequest) -> Result<Form, PlatformError> {
    let refusal = |message: &'static str| Err(refused(ErrorClass::Validation, "media_rules").saying(message));
    match request.media.as_slice() {
        [video] if video.is_video() => Ok(Form::Video),
        [document] if document.is_document() => Ok(Form::Document),
        many if many.iter().any(MediaItem::is_video) => refusal("LinkedIn takes one video alone, or pictures."),
        many if many.iter().any(MediaItem::is_document) => refusal("LinkedIn takes one document alone, or pictures."),
        _ => Ok(Form::Pictures),
    }
}

/// Whether the parts, in order, are the whole file and nothing else.
fn covers(parts: &[VideoPart], size: u64) -> bool {
    let end = parts.iter().try_fold(0, |start, part| {
        (part.first_byte == start && part.last_byte >= part.first_byte).then_some(part.last_byte.saturating_add(1))
    });
    end == Some(size)
}

fn pause(age: Duration) -> std::time::Duration {
    std::time::Duration::from_secs(match age.num_seconds() {
        ..60 => 3,
        60..300 => 10,
        _ => 60,
    })
}

/// The saved pictures or video, unless they belong to something else or may be gone.
fn usable(saved: Option<&Value>, request: &PublishRequest, now: DateTime<Utc>) -> State {
    saved
        .and_then(|saved| state::load::<State>(FORMAT, saved))
        .filter(|state| state.images.len() <= request.media.len())
        .filter(|state| state.images.iter().all(|image| now - image.uploaded_at < IMAGE_LIFE))
        .filter(|state| state.video.as_ref().is_none_or(|video| now - video.began_at < IMAGE_LIFE))
        .unwrap_or_default()
}

/// One picture, several, a video, a document, or a link card. Media win; `final_text` has put the link into the text
/// then.
fn content(form: Form, request: &PublishRequest, state: &State) -> Option<Value> {
    let title = request.options.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    if let (Form::Video, Some(video)) = (form, &state.video) {
        return Some(match title {
            Some(title) => json!({"media": {"id": video.urn, "title": title}}),
            None => json!({"media": {"id": video.urn}}),
        });
    }
    if let (Form::Document, Some(document)) = (form, state.images.first()) {
        // LinkedIn wants a title for every document.
        return Some(json!({"media": {"id": document.urn, "title": title.unwrap_or("Document")}}));
    }
    let images: Vec<Value> = state
        .images
        .iter()
        .zip(&request.media)
        .map(|(image, item)| match item.alt() {
            Some(alt) => json!({"id": image.urn, "altText": alt}),
            None => json!({"id": image.urn}),
        })
        .collect();
    match (images.as_slice(), &request.link) {
        ([], None) => None,
        ([], Some(link)) => Some(json!({"article": {"source": link, "title": card_title(link)}})),
        ([image], _) => Some(json!({ "media": image })),
        (_, _) => Some(json!({"multiImage": {"images": images}})),
    }
}

/// `LinkedIn` reads no page by itself and wants a title; the host says where the link leads.
fn card_title(link: &str) -> String {
    let host = Url::parse(link).ok().and_then(|url| url.host_str().map(str::to_owned));
    let title = host.as_deref().map_or(link, |host| host.strip_prefix("www.").unwrap_or(host));
    title.to_owned()
}

fn pictures(content: Option<&Value>) -> usize {
    let several = content.and_then(|content| content.pointer("/multiImage/images")).and_then(Value::as_array);
    match several {
        Some(images) => images.len(),
        None => usize::from(content.is_some_and(|content| content.get("media").is_some())),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://www.arctiv.example/a/b", "arctiv.example")]
    #[case("https://blog.arctiv.example", "blog.arctiv.example")]
    #[case("not a link", "not a link")]
    fn cards_are_named_by_their_host(#[case] link: &str, #[case] expected: &str) {
        assert_eq!(card_title(link), expected);
    }

    #[rstest]
    #[case(json!(null), 0)]
    #[case(json!({"article": {"source": "https://a.example"}}), 0)]
    #[case(json!({"media": {"id": "urn:li:image:1"}}), 1)]
    #[case(json!({"multiImage": {"images": [{}, {}, {}]}}), 3)]
    fn pictures_are_counted(#[case] content: Value, #[case] expected: usize) {
        assert_eq!(pictures(Some(&content)), expected);
    }
}
