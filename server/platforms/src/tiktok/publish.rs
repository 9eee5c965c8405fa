//! Posting: the creator's settings, then a video in pieces, or pictures that TikTok fetches; then asking by the handle
//! what has become of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    deliveries::ErrorClass,
    platform::{TiktokOptions, TiktokPrivacy},
};
use reqwest::{
    Method,
    header::{CONTENT_RANGE, HeaderValue},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{Data, PLATFORM, Tiktok, dialect, refused};
use crate::{
    adapter::{Account, CreatorChoices, Finding, Progress, PublishRequest, Published, Staged, Standing},
    error::PlatformError,
    http::{Call, Operation, RateState, Reply, Trace},
    media::MediaItem,
    settings::VideoTransfer,
    state,
};

/// The format of the saved state.
const FORMAT: &str = "tiktok/1";
/// Bytes per piece: the least TikTok takes, so that as little as possible is in memory. The last one has what is left
/// over too, up to twice as much.
const PIECE: u64 = 5 * 1024 * 1024;
/// The most pieces of one video.
const PIECES: u64 = 1_000;
/// The most pictures of one post.
const PHOTOS: usize = 35;
/// Upload addresses are good for about an hour.
const ADDRESS_LIFE: chrono::Duration = chrono::Duration::minutes(50);
/// How long TikTok may work on a post before a person is asked to look.
const PATIENCE: chrono::Duration = chrono::Duration::hours(24);
/// How long an upload may seem unfinished after its last piece was sent without a clear answer.
const SETTLES: chrono::Duration = chrono::Duration::minutes(2);

/// What is saved between steps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct State {
    /// The creator, once asked.
    creator: Option<Creator>,
    /// A video on its way.
    upload: Option<Upload>,
    /// The handle of a post that TikTok fetches, once it has one.
    publish_id: Option<String>,
}

/// What of the creator's settings is needed later.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Creator {
    username: Option<String>,
    comments: bool,
    duets: bool,
    stitches: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Upload {
    publish_id: String,
    address: Url,
    began_at: DateTime<Utc>,
    /// Bytes per piece, the last one excepted.
    piece: u64,
    /// How many pieces.
    count: u64,
    /// How many have arrived.
    sent: u64,
}

/// The answer to `creator_info/query`.
#[derive(Debug, Deserialize)]
pub(super) struct CreatorInfo {
    creator_username: Option<String>,
    creator_nickname: Option<String>,
    creator_avatar_url: Option<String>,
    #[serde(default)]
    privacy_level_options: Vec<String>,
    #[serde(default)]
    comment_disabled: bool,
    #[serde(default)]
    duet_disabled: bool,
    #[serde(default)]
    stitch_disabled: bool,
    max_video_post_duration_sec: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Begun {
    publish_id: String,
    upload_url: Option<Url>,
}

#[derive(Debug, Deserialize)]
struct Status {
    #[serde(rename = "status")]
    word: String,
    fail_reason: Option<String>,
    /// TikTok's spelling. Ids come as numbers.
    #[serde(default)]
    publicaly_available_post_id: Vec<Value>,
    uploaded_bytes: Option<u64>,
}

impl From<CreatorInfo> for CreatorChoices {
    fn from(info: CreatorInfo) -> Self {
        let handle = info.creator_username.filter(|name| !name.is_empty()).map(|name| format!("@{name}"));
        Self {
            nickname: info.creator_nickname.or_else(|| handle.clone()).unwrap_or_else(|| "TikTok creator".to_owned()),
            handle,
            avatar_url: info.creator_avatar_url,
            privacy: info.privacy_level_options.iter().filter_map(|word| TiktokPrivacy::from_word(word)).collect(),
            comments: !info.comment_disabled,
            duets: !info.duet_disabled,
            stitches: !info.stitch_disabled,
            longest_video_seconds: info.max_video_post_duration_sec,
        }
    }
}

impl Tiktok {
    /// What the creator may choose just now.
    pub(super) async fn creator(&self, account: &Account) -> Result<(CreatorInfo, Trace), PlatformError> {
        let call = self.post(Operation::Stage, &["creator_info", "query"], account).json(json!({}));
        let reply = self.send(call).await?;
        Ok((reply.parse::<Data<CreatorInfo>>()?.data, reply.trace))
    }

    pub(super) async fn prepare_next(
        &self,
        request: &PublishRequest,
        saved: Option<&Value>,
    ) -> Result<Staged, PlatformError> {
        let post = Post::of(request, self.settings.video_transfer)?;
        let now = self.http.now();
        let mut state = saved.and_then(|saved| state::load::<State>(FORMAT, saved)).unwrap_or_default();
        // A handle that a post goes by already is never staged over.
        if state.publish_id.is_some() {
            return Err(refused(ErrorClass::OutcomeUnknown, "already_taken"));
        }
        let mut traces = Vec::new();
        if let (Some(options), None) = (&request.options.tiktok, &state.creator) {
            let (info, trace) = self.creator(&request.account).await?;
            traces.push(trace);
            if !info.privacy_level_options.iter().any(|word| word == options.privacy.as_str()) {
                return Err(refused(ErrorClass::Validation, "privacy_level_option_mismatch").saying(format!(
                    "This creator cannot choose “{}” for who may see a post. Choose again, then retry.",
                    options.privacy.label()
                )));
            }
            state.creator = Some(Creator {
                username: info.creator_username.filter(|name| !name.is_empty()),
                comments: !info.comment_disabled,
                duets: !info.duet_disabled,
                stitches: !info.stitch_disabled,
            });
        }
        let progress = match post {
            Post::Photos | Post::Pulled => Progress::Ready,
            Post::Sent(video) => {
                state.upload = state
                    .upload
                    .filter(|upload| now - upload.began_at < ADDRESS_LIFE && upload.piece * upload.count <= video.size);
                match &mut state.upload {
                    None => {
                        let (upload, reply) = self.begin(request, video, state.creator.as_ref()).await?;
                        traces.push(reply.trace);
                        state.upload = Some(upload);
                    }
                    Some(upload) if upload.sent + 1 < upload.count => {
                        traces.extend(self.send_piece(upload, video).await?);
                    }
                    Some(_) => {}
                }
                let ready = state.upload.as_ref().is_some_and(|upload| upload.sent + 1 >= upload.count);
                if ready { Progress::Ready } else { Progress::More }
            }
        };
        Ok(Staged { state: state::save(FORMAT, &state), progress, traces, rate: RateState::default() })
    }

    fn post(&self, operation: Operation, segments: &[&str], account: &Account) -> Call {
        let all: Vec<&str> = ["post", "publish"].into_iter().chain(segments.iter().copied()).collect();
        Call::post(operation, self.api(&all)).bearer(&account.tokens.access_token)
    }

    /// Announces a video that is to be sent in pieces. Nothing is public before the last of them has arrived.
    async fn begin(
        &self,
        request: &PublishRequest,
        video: &MediaItem,
        creator: Option<&Creator>,
    ) -> Result<(Upload, Reply), PlatformError> {
        let began_at = self.http.now();
        let (piece, count) = pieces(video.size);
        let source = json!({
            "source": "FILE_UPLOAD", "video_size": video.size, "chunk_size": piece, "total_chunk_count": count,
        });
        let reply = self.send(self.video_init(Operation::Stage, request, creator, &source)).await?;
        let Begun { publish_id, upload_url } = reply.parse::<Data<Begun>>()?.data;
        let address = upload_url.ok_or_else(|| reply.unreadable("an upload without its address"))?;
        Ok((Upload { publish_id, address, began_at, piece, count, sent: 0 }, reply))
    }

    fn video_init(
        &self,
        operation: Operation,
        request: &PublishRequest,
        creator: Option<&Creator>,
        source: &Value,
    ) -> Call {
        match &request.options.tiktok {
            Some(options) => {
                let mut info = json!({
                    "title": request.text,
                    "privacy_level": options.privacy.as_str(),
                    "disable_comment": !(options.allow_comments && creator.is_none_or(|creator| creator.comments)),
                    "disable_duet": !(options.allow_duet && creator.is_none_or(|creator| creator.duets)),
                    "disable_stitch": !(options.allow_stitch && creator.is_none_or(|creator| creator.stitches)),
                    "brand_content_toggle": options.paid_partnership,
                    "brand_organic_toggle": options.own_brand,
                    "is_aigc": options.made_with_ai,
                });
                if let (Some(moment), Some(fields)) = (request.options.cover_ms, info.as_object_mut()) {
                    fields.insert("video_cover_timestamp_ms".to_owned(), moment.into());
                }
                self.post(operation, &["video", "init"], &request.account)
                    .json(json!({"post_info": info, "source_info": source}))
            }
            // The words are the creator's to write there.
            None => self
                .post(operation, &["inbox", "video", "init"], &request.account)
                .json(json!({ "source_info": source })),
        }
    }

    fn photo_init(&self, request: &PublishRequest, creator: Option<&Creator>) -> Result<Call, PlatformError> {
        let urls: Vec<&str> = request
            .media
            .iter()
            .map(|item| item.public_url.as_deref().ok_or_else(no_address))
            .collect::<Result<_, _>>()?;
        let mut info = json!({ "description": request.text });
        if let Some(fields) = info.as_object_mut() {
            if let Some(title) = &request.options.title {
                fields.insert("title".to_owned(), title.as_str().into());
            }
            if let Some(options) = request.options.tiktok {
                fields.extend(photo_choices(options, creator));
            }
        }
        let mode = if request.options.tiktok.is_some() { "DIRECT_POST" } else { "MEDIA_UPLOAD" };
        let call = self.post(Operation::Commit, &["content", "init"], &request.account).json(json!({
            "media_type": "PHOTO",
            "post_mode": mode,
            "post_info": info,
            "source_info": {"source": "PULL_FROM_URL", "photo_images": urls, "photo_cover_index": 0},
        }));
        Ok(urls.into_iter().fold(call, Call::hiding_text))
    }

    /// Sends the next piece. If the platform has it already, because we died before we knew, that counts as sent.
    async fn send_piece(&self, upload: &mut Upload, video: &MediaItem) -> Result<Option<Trace>, PlatformError> {
        let call = self.piece(Operation::Stage, upload, video).await?;
        match self.send(call).await {
            Ok(reply) => {
                upload.sent += 1;
                Ok(Some(reply.trace))
            }
            Err(error) => {
                let arrived = arrived(&error);
                let next = (upload.sent + 1) * upload.piece;
                if error.http_status == Some(416) && arrived.is_some_and(|arrived| arrived >= next) {
                    upload.sent += 1;
                    return Ok(error.trace.map(|trace| *trace));
                }
                Err(as_upload_error(error))
            }
        }
    }

    async fn piece(&self, operation: Operation, upload: &Upload, video: &MediaItem) -> Result<Call, PlatformError> {
        let start = upload.sent * upload.piece;
        let end = if upload.sent + 1 >= upload.count { video.size } else { start + upload.piece };
        let bytes = video.read(PLATFORM, start..end).await?;
        let range = format!("bytes {start}-{}/{}", end.saturating_sub(1), video.size);
        let mut call = Call::new(operation, Method::PUT, upload.address.clone())
            .bytes(video.mime.clone(), bytes)
            .hiding_text(upload.address.as_str());
        if let Ok(range) = HeaderValue::from_str(&range) {
            call = call.header(CONTENT_RANGE, range);
        }
        // The commit keeps to the usual limit: a worker's lease is measured by it.
        if operation == Operation::Commit { Ok(call) } else { Ok(call.timeout(self.http.timeout_for(end - start))) }
    }

    pub(super) async fn set_going(&self, request: &PublishRequest, state: &Value) -> Result<Published, PlatformError> {
        let not_staged = || refused(ErrorClass::Operator, "not_staged");
        let mut state = state::load::<State>(FORMAT, state).ok_or_else(not_staged)?;
        let (call, handle) = match Post::of(request, self.settings.video_transfer)? {
            Post::Photos => (self.photo_init(request, state.creator.as_ref())?, None),
            Post::Pulled => {
                let video = request.media.first().ok_or_else(not_staged)?;
                let url = video.public_url.as_deref().ok_or_else(no_address)?;
                let source = json!({"source": "PULL_FROM_URL", "video_url": url});
                let call = self.video_init(Operation::Commit, request, state.creator.as_ref(), &source);
                (call.hiding_text(url), None)
            }
            Post::Sent(video) => {
                let upload = state.upload.as_ref().filter(|upload| upload.sent + 1 >= upload.count);
                let upload = upload.ok_or_else(not_staged)?;
                (self.piece(Operation::Commit, upload, video).await?, Some(upload.publish_id.clone()))
            }
        };
        let reply = self.send(call).await?;
        let handle = if let Some(handle) = handle {
            handle
        } else {
            let handle = reply.parse::<Data<Begun>>()?.data.publish_id;
            state.publish_id = Some(handle.clone());
            handle
        };
        Ok(Published {
            external_id: handle,
            url: None,
            standing: Standing::Processing { state: state::save(FORMAT, &state), after: Duration::from_secs(3) },
            trace: Box::new(reply.trace),
            rate: reply.rate,
        })
    }

    pub(super) async fn find(&self, request: &PublishRequest, state: Option<&Value>) -> Result<Finding, PlatformError> {
        let state = state.and_then(|state| state::load::<State>(FORMAT, state)).unwrap_or_default();
        let upload = state.upload.as_ref();
        let Some(handle) = state.publish_id.as_deref().or(upload.map(|upload| upload.publish_id.as_str())) else {
            return Ok(Finding::CannotTell {
                reason: "TikTok gave no clear answer when it was asked to publish, and so nothing to ask by later."
                    .to_owned(),
            });
        };
        let call =
            self.post(Operation::Find, &["status", "fetch"], &request.account).json(json!({ "publish_id": handle }));
        let status = self.send(call).await?.parse::<Data<Status>>()?.data;
        let age = self.http.now() - request.started_at;
        Ok(match status.word.as_str() {
            "PUBLISH_COMPLETE" => {
                let public = status.publicaly_available_post_id.iter().find_map(id_of);
                let username = state.creator.and_then(|creator| creator.username);
                let url = public.as_ref().zip(username).map(|(id, name)| self.post_url(request, &name, id));
                // TikTok names the post only once it has been moderated.
                Finding::Found { external_id: public.unwrap_or_else(|| handle.to_owned()), url, published_at: None }
            }
            "SEND_TO_USER_INBOX" => Finding::WaitingForCreator { external_id: handle.to_owned() },
            "FAILED" => failed(status.fail_reason.as_deref()),
            // The last piece has not arrived. Sending it again is safe: one handle is one post.
            "PROCESSING_UPLOAD" if upload_incomplete(&status, request, age) => Finding::NotFound,
            _ if age > PATIENCE => {
                Finding::CannotTell { reason: "TikTok has been working on this post for more than a day.".to_owned() }
            }
            _ => Finding::Processing { after: pause(age) },
        })
    }

    fn post_url(&self, request: &PublishRequest, username: &str, id: &str) -> String {
        let kind = if request.media.iter().any(MediaItem::is_video) { "video" } else { "photo" };
        format!("{}/@{username}/{kind}/{id}", self.settings.base_urls.web.as_str().trim_end_matches('/'))
    }
}

/// How a post reaches TikTok.
enum Post<'a> {
    /// Pictures, always fetched.
    Photos,
    /// A video, fetched.
    Pulled,
    /// A video, sent in pieces.
    Sent(&'a MediaItem),
}

impl<'a> Post<'a> {
    /// What TikTok would refuse whatever it holds is refused here.
    fn of(request: &'a PublishRequest, transfer: VideoTransfer) -> Result<Self, PlatformError> {
        let refusal = |message: &'static str| Err(refused(ErrorClass::Validation, "media_rules").saying(message));
        match request.media.as_slice() {
            [] => refusal("TikTok needs a video or a picture."),
            [video] if video.is_video() => Ok(match transfer {
                VideoTransfer::Pull => Self::Pulled,
                VideoTransfer::Upload => Self::Sent(video),
            }),
            many if many.iter().any(|item| item.is_video() || item.is_document()) => {
                refusal("TikTok takes one video, or pictures alone.")
            }
            many if many.len() > PHOTOS => refusal("TikTok takes at most 35 pictures in one post."),
            many if many.iter().any(|item| item.public_url.is_none()) => Err(no_address()),
            _ => Ok(Self::Photos),
        }
    }
}

fn photo_choices(options: TiktokOptions, creator: Option<&Creator>) -> Vec<(String, Value)> {
    let comments = options.allow_comments && creator.is_none_or(|creator| creator.comments);
    [
        ("privacy_level", Value::from(options.privacy.as_str())),
        ("disable_comment", Value::from(!comments)),
        ("auto_add_music", Value::from(options.auto_add_music)),
        ("brand_content_toggle", Value::from(options.paid_partnership)),
        ("brand_organic_toggle", Value::from(options.own_brand)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Bytes per piece and how many (platforms.md 5): `floor(size / piece)`, at most 1,000; what is left over goes with the
/// last one. Below 10 MB a single piece takes it all.
fn pieces(size: u64) -> (u64, u64) {
    let piece = PIECE.max(size.div_ceil(PIECES));
    match size / piece {
        0 | 1 => (size, 1),
        count => (piece, count),
    }
}

/// How many bytes have arrived, by the `Content-Range` of an answer: `bytes 0-5242879/9000000`.
fn arrived(error: &PlatformError) -> Option<u64> {
    let range = error.trace.as_ref()?.response_headers.get("content-range")?;
    let (_, last) = range.strip_prefix("bytes ")?.split_once('/')?.0.split_once('-')?;
    last.parse::<u64>().ok().map(|last| last + 1)
}

/// The upload host speaks in statuses alone. One that no longer knows the upload, or counts otherwise, gets a new one.
fn as_upload_error(mut error: PlatformError) -> PlatformError {
    if matches!(error.http_status, Some(400 | 403 | 404 | 410 | 416)) && error.class != ErrorClass::RateLimited {
        error = PlatformError {
            class: ErrorClass::Transient,
            message: "TikTok no longer takes this upload; it is begun anew.".into(),
            ..error
        }
        .staging_anew();
    }
    error
}

/// Whether an upload lacks its last piece, by its count of bytes, or, where none is told, by the time that has passed.
fn upload_incomplete(status: &Status, request: &PublishRequest, age: chrono::Duration) -> bool {
    let size = request.media.first().map_or(0, |item| item.size);
    match status.uploaded_bytes {
        Some(arrived) => arrived < size,
        None => age > SETTLES,
    }
}

fn failed(reason: Option<&str>) -> Finding {
    let verdict = reason.and_then(dialect::by_word);
    let class = match verdict.as_ref().map(|verdict| verdict.class) {
        // Of a post that was taken, words about access mean that it was withdrawn meanwhile.
        Some(ErrorClass::AuthExpired) => ErrorClass::AuthRevoked,
        Some(class) => class,
        None => ErrorClass::Validation,
    };
    let ours = PlatformError::new(PLATFORM, class).message;
    Finding::Refused {
        class,
        reason: verdict.and_then(|verdict| verdict.message).unwrap_or(ours).into_owned(),
        code: reason.map(str::to_owned),
    }
}

/// Ids are numbers beyond what a JavaScript reader holds; some answers write them as texts.
fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// 30 questions a minute are allowed per creator.
fn pause(age: chrono::Duration) -> Duration {
    Duration::from_secs(match age.num_seconds() {
        ..30 => 3,
        30..120 => 10,
        120..900 => 30,
        _ => 300,
    })
}

fn no_address() -> PlatformError {
    refused(ErrorClass::Operator, "no_public_address").saying(
        "TikTok fetches this from Arctiv, which has no address it can reach. Whoever runs this Arctiv must give it a \
         public one, and verify it at TikTok.",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[rstest]
    #[case(1, (1, 1))]
    #[case(5 * MIB - 1, (5 * MIB - 1, 1))]
    #[case(5 * MIB, (5 * MIB, 1))]
    #[case(10 * MIB - 1, (10 * MIB - 1, 1))]
    #[case(10 * MIB, (5 * MIB, 2))]
    #[case(50 * MIB + 123, (5 * MIB, 10))]
    #[case(4 * 1024 * MIB, (5 * MIB, 819))]
    fn videos_in_pieces(#[case] size: u64, #[case] expected: (u64, u64)) {
        assert_eq!(pieces(size), expected);
    }

    proptest! {
        #[test]
        fn pieces_keep_to_the_rules(size in 1..=4 * 1024 * MIB) {
            let (piece, count) = pieces(size);
            prop_assert!((1..=PIECES).contains(&count));
            prop_assert_eq!(size / piece, count);
            let last = size - piece * (count - 1);
            prop_assert!(last < 2 * piece.max(PIECE) && last <= 128 * MIB);
            prop_assert!(count == 1 || (PIECE..=64 * MIB).contains(&piece));
        }
    }

    #[rstest]
    #[case(Some("duration_check_failed"), ErrorClass::MediaInvalid)]
    #[case(Some("photo_pull_failed"), ErrorClass::Transient)]
    #[case(Some("auth_removed"), ErrorClass::AuthRevoked)]
    #[case(Some("access_token_invalid"), ErrorClass::AuthRevoked)]
    #[case(Some("never_heard_of"), ErrorClass::Validation)]
    #[case(None, ErrorClass::Validation)]
    fn reasons(#[case] word: Option<&str>, #[case] expected: ErrorClass) {
        let Finding::Refused { class, code, reason } = failed(word) else { panic!("{word:?}") };
        assert_eq!((class, code.as_deref()), (expected, word));
        assert!(!reason.is_empty());
    }
}
