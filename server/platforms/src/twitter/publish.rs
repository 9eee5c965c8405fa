//! Posting: media first (initialize, append, finalize, alt text), then one `POST /2/tweets`.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::deliveries::ErrorClass;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::{Data, PLATFORM, Twitter, refused};
use crate::{
    adapter::{Account, Finding, Progress, PublishRequest, Published, Staged, Standing},
    error::PlatformError,
    http::{Call, Operation, Part, RateState, Trace},
    media::MediaItem,
    oauth::after,
    reconcile::{Listed, Search, not_before},
    state,
};

/// Bytes per piece; products use 1 to 4 MB.
const PIECE: u64 = 1024 * 1024;
const VIDEO_PIECE: u64 = 4 * 1024 * 1024;
/// Bytes sent in one step, after which the state is saved. Any picture fits into one.
const STEP: u64 = 16 * 1024 * 1024;
/// Media that ends sooner than this is uploaded anew.
const MARGIN: chrono::Duration = chrono::Duration::minutes(10);
/// The format of the saved state.
const FORMAT: &str = "twitter/1";
/// Pages of the account's posts read when looking for one: 300 posts since the delivery's start.
const PAGES: usize = 3;

/// What is saved between steps.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    media: Vec<Uploaded>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Uploaded {
    id: String,
    /// Whether X has finished with it, alt text included.
    ready: bool,
    expires_at: Option<DateTime<Utc>>,
    /// Bytes sent so far; `None` once all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent: Option<u64>,
}

/// The answer to initialize, finalize and status.
#[derive(Debug, Deserialize)]
struct Media {
    id: String,
    expires_after_secs: Option<u32>,
    processing_info: Option<Processing>,
}

#[derive(Debug, Deserialize)]
struct Processing {
    state: String,
    check_after_secs: Option<u32>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Created {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Timeline {
    #[serde(default)]
    data: Vec<Tweet>,
    meta: Option<Meta>,
}

#[derive(Debug, Deserialize)]
struct Meta {
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Tweet {
    id: String,
    text: String,
    created_at: Option<DateTime<Utc>>,
    attachments: Option<Attachments>,
    entities: Option<Entities>,
    /// The whole of a text that is longer than most accounts may write; `text` then is its beginning.
    #[serde(rename = "note_tweet")]
    note: Option<Note>,
}

#[derive(Debug, Deserialize)]
struct Note {
    text: String,
    entities: Option<Entities>,
}

#[derive(Debug, Deserialize)]
struct Attachments {
    #[serde(default)]
    media_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Entities {
    #[serde(default)]
    urls: Vec<UrlEntity>,
}

#[derive(Debug, Deserialize)]
struct UrlEntity {
    /// The t.co address that stands in the text.
    url: String,
    expanded_url: Option<String>,
    /// Present when it is the link X adds for attached media.
    media_key: Option<String>,
}

/// The calls of one step.
#[derive(Default)]
struct Log {
    traces: Vec<Trace>,
    rate: RateState,
}

impl Twitter {
    pub(super) async fn upload_next(
        &self,
        request: &PublishRequest,
        saved: Option<&Value>,
    ) -> Result<Staged, PlatformError> {
        check(request)?;
        let now = self.http.now();
        let mut state = usable(saved, request, now);
        let mut log = Log::default();
        let mut progress = Progress::Ready;
        // Only the last one can be unfinished: no upload starts before the one before it is ready.
        let unfinished = state.media.pop_if(|uploaded| !uploaded.ready);
        if let Some(item) = request.media.get(state.media.len()) {
            let (mut uploaded, mut media) = match unfinished {
                Some(uploaded) if uploaded.sent.is_some() => (uploaded, None),
                Some(uploaded) => match self.status(request, &uploaded.id, &mut log).await? {
                    Some(media) => (uploaded, Some(media)),
                    None => (self.initialize(request, item, &mut log).await?, None),
                },
                None => (self.initialize(request, item, &mut log).await?, None),
            };
            if media.is_none() {
                self.append(request, item, &mut uploaded, &mut log).await?;
                if uploaded.sent.is_none() {
                    media = Some(self.finalize(request, &uploaded.id, &mut log).await?);
                }
            }
            progress = match media {
                Some(media) => self.settle(request, item, &media, &mut uploaded, &mut log).await?,
                None => Progress::More,
            };
            state.media.push(uploaded);
        }
        if progress == Progress::Ready && state.media.len() < request.media.len() {
            progress = Progress::More;
        }
        Ok(Staged { state: state::save(FORMAT, &state), progress, traces: log.traces, rate: log.rate })
    }

    async fn initialize(
        &self,
        request: &PublishRequest,
        item: &MediaItem,
        log: &mut Log,
    ) -> Result<Uploaded, PlatformError> {
        let now = self.http.now();
        let category = match item.mime.as_str() {
            "image/gif" => "tweet_gif",
            _ if item.is_video() => "tweet_video",
            _ => "tweet_image",
        };
        let initialize = Call::post(Operation::Stage, self.api(&["media", "upload", "initialize"]))
            .bearer(&request.account.tokens.access_token)
            .json(json!({"media_type": item.mime, "total_bytes": item.size, "media_category": category}));
        let media: Media = self.staged(initialize, log).await?;
        let expires_at = after(now, media.expires_after_secs);
        Ok(Uploaded { id: media.id, ready: false, expires_at, sent: Some(0) })
    }

    /// Sends pieces until the file, or the step, is at its end. A piece that arrived without our learning of it is sent
    /// again under the same number.
    async fn append(
        &self,
        request: &PublishRequest,
        item: &MediaItem,
        uploaded: &mut Uploaded,
        log: &mut Log,
    ) -> Result<(), PlatformError> {
        let piece = if item.is_video() { VIDEO_PIECE } else { PIECE };
        let mut start = uploaded.sent.unwrap_or(0);
        let stop = start + STEP;
        while start < item.size && start < stop {
            let end = (start + piece).min(item.size);
            let bytes = item.read(PLATFORM, start..end).await?;
            let append = Call::post(Operation::Stage, self.api(&["media", "upload", &uploaded.id, "append"]))
                .bearer(&request.account.tokens.access_token)
                .multipart(vec![
                    Part::text("segment_index", (start / piece).to_string()),
                    Part::file("media", item.mime.clone(), bytes),
                ])
                .timeout(self.http.timeout_for(end - start));
            match self.send(append).await {
                Ok(reply) => log.note(reply),
                // X has forgotten the upload.
                Err(error) if error.http_status == Some(404) => return Err(error.staging_anew()),
                Err(error) => return Err(error),
            }
            start = end;
        }
        uploaded.sent = (start < item.size).then_some(start);
        Ok(())
    }

    async fn finalize(&self, request: &PublishRequest, id: &str, log: &mut Log) -> Result<Media, PlatformError> {
        let finalize = Call::post(Operation::Stage, self.api(&["media", "upload", id, "finalize"]))
            .bearer(&request.account.tokens.access_token);
        self.staged(finalize, log).await
    }

    /// How the processing of an upload goes; `None` if X has forgotten it, so that it must be uploaded anew.
    async fn status(&self, request: &PublishRequest, id: &str, log: &mut Log) -> Result<Option<Media>, PlatformError> {
        let call = Call::get(Operation::Stage, self.api(&["media", "upload"]))
            .query("command", "STATUS")
            .query("media_id", id)
            .bearer(&request.account.tokens.access_token);
        match self.staged(call, log).await {
            Ok(media) => Ok(Some(media)),
            Err(error) if error.http_status == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether X has finished with an upload; if so, its alt text is added.
    async fn settle(
        &self,
        request: &PublishRequest,
        item: &MediaItem,
        media: &Media,
        uploaded: &mut Uploaded,
        log: &mut Log,
    ) -> Result<Progress, PlatformError> {
        match &media.processing_info {
            Some(processing) if processing.state == "failed" => {
                let name = processing.error.as_ref().and_then(|error| error.get("name")).and_then(Value::as_str);
                let mut error = PlatformError::new(PLATFORM, ErrorClass::MediaInvalid)
                    .with_code(name.unwrap_or("processing_failed"))
                    .staging_anew();
                error.trace = log.traces.pop().map(Box::new);
                Err(error)
            }
            Some(processing) if processing.state != "succeeded" => {
                let seconds = processing.check_after_secs.unwrap_or(1).clamp(1, 60);
                Ok(Progress::Wait { after: Duration::from_secs(seconds.into()) })
            }
            _ => {
                if let Some(alt) = item.alt() {
                    let call = Call::post(Operation::Stage, self.api(&["media", "metadata"]))
                        .bearer(&request.account.tokens.access_token)
                        .json(json!({"id": uploaded.id, "metadata": {"alt_text": {"text": alt}}}));
                    log.note(self.send(call).await?);
                }
                uploaded.ready = true;
                Ok(Progress::Ready)
            }
        }
    }

    async fn staged(&self, call: Call, log: &mut Log) -> Result<Media, PlatformError> {
        let reply = self.send(call).await?;
        let media = reply.parse::<Data<Media>>()?.data;
        log.note(reply);
        Ok(media)
    }

    pub(super) async fn create_post(
        &self,
        request: &PublishRequest,
        state: &Value,
    ) -> Result<Published, PlatformError> {
        let state = state::load::<State>(FORMAT, state)
            .filter(|state| state.media.len() == request.media.len())
            .filter(|state| state.media.iter().all(|uploaded| uploaded.ready));
        let state = state.ok_or_else(|| refused(ErrorClass::Operator, "not_staged"))?;
        let mut body = serde_json::Map::new();
        if !request.text.is_empty() {
            // X counts, and compares, composed characters.
            body.insert("text".to_owned(), request.text.nfc().collect::<String>().into());
        }
        if !state.media.is_empty() {
            let ids: Vec<&str> = state.media.iter().map(|uploaded| uploaded.id.as_str()).collect();
            body.insert("media".to_owned(), json!({"media_ids": ids}));
        }
        let call = Call::post(Operation::Commit, self.api(&["tweets"]))
            .bearer(&request.account.tokens.access_token)
            .json(Value::Object(body));
        let reply = self.send(call).await?;
        let Created { id } = reply.parse::<Data<Created>>()?.data;
        Ok(Published {
            url: Some(self.post_url(&id)),
            external_id: id,
            standing: Standing::Public,
            trace: Box::new(reply.trace),
            rate: reply.rate,
        })
    }

    /// A comment is an answer to the post.
    pub(super) async fn reply_to(&self, account: &Account, post: &str, text: &str) -> Result<String, PlatformError> {
        let call = Call::post(Operation::Commit, self.api(&["tweets"]))
            .bearer(&account.tokens.access_token)
            .json(json!({"text": text.nfc().collect::<String>(), "reply": {"in_reply_to_tweet_id": post}}));
        Ok(self.send(call).await?.parse::<Data<Created>>()?.data.id)
    }

    pub(super) async fn find(&self, request: &PublishRequest, known: &[String]) -> Result<Finding, PlatformError> {
        let mut search = Search::new(request, known);
        let since = not_before(request).to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut next_token: Option<String> = None;
        for _ in 0..PAGES {
            let mut call = Call::get(Operation::Find, self.api(&["users", &request.account.external_id, "tweets"]))
                .query("max_results", "100")
                .query("start_time", &since)
                .query("tweet.fields", "attachments,created_at,entities,note_tweet,text")
                .bearer(&request.account.tokens.access_token);
            if let Some(token) = &next_token {
                call = call.query("pagination_token", token);
            }
            let timeline: Timeline = self.send(call).await?.parse()?;
            next_token = timeline.meta.and_then(|meta| meta.next_token);
            search.take(timeline.data.into_iter().map(|tweet| self.listed(tweet, &request.text)));
            if next_token.is_none() {
                break;
            }
        }
        // `start_time` ends the list at the delivery's start.
        Ok(search.finish(next_token.is_none()))
    }

    fn listed(&self, tweet: Tweet, written: &str) -> Listed {
        let url = self.post_url(&tweet.id);
        Listed {
            texts: vec![as_written(&tweet, written)],
            pictures: Some(tweet.attachments.map_or(0, |attachments| attachments.media_keys.len())),
            published_at: tweet.created_at,
            url: Some(url),
            id: tweet.id,
        }
    }

    /// The address that needs no user name.
    fn post_url(&self, id: &str) -> String {
        format!("{}/i/web/status/{id}", self.settings.base_urls.web.as_str().trim_end_matches('/'))
    }
}

impl Log {
    fn note(&mut self, reply: crate::http::Reply) {
        self.rate = reply.rate;
        self.traces.push(reply.trace);
    }
}

/// What X would refuse whatever it holds.
fn check(request: &PublishRequest) -> Result<(), PlatformError> {
    let refusal = |message: &'static str| Err(refused(ErrorClass::Validation, "media_rules").saying(message));
    if request.media.iter().any(MediaItem::is_document) {
        return refusal("X takes pictures and videos only.");
    }
    if request.media.len() > 1 && request.media.iter().any(MediaItem::is_video) {
        return refusal("X takes one video alone, or up to four pictures.");
    }
    Ok(())
}

/// The saved uploads, unless they belong to something else or are about to expire.
fn usable(saved: Option<&Value>, request: &PublishRequest, now: DateTime<Utc>) -> State {
    saved
        .and_then(|saved| state::load::<State>(FORMAT, saved))
        .filter(|state| state.media.len() <= request.media.len())
        .filter(|state| {
            state.media.iter().all(|uploaded| uploaded.expires_at.is_none_or(|expires_at| expires_at > now + MARGIN))
        })
        .unwrap_or_default()
}

/// The text as it was sent: X shortens links, adds one for attached media, and escapes three characters. What a link was
/// is told with a scheme, whether `written` had one or not.
fn as_written(tweet: &Tweet, written: &str) -> String {
    let note = tweet.note.as_ref();
    let mut text = note.map_or(&tweet.text, |note| &note.text).clone();
    let entities = [note.and_then(|note| note.entities.as_ref()), tweet.entities.as_ref()];
    for entity in entities.into_iter().flatten().flat_map(|entities| &entities.urls) {
        let original = match (&entity.media_key, &entity.expanded_url) {
            (Some(_), _) => "",
            (None, Some(expanded)) => {
                let bare = expanded.split_once("://").map_or(expanded.as_str(), |(_, bare)| bare);
                let spellings = [expanded, expanded.trim_end_matches('/'), bare, bare.trim_end_matches('/')];
                spellings.into_iter().find(|spelling| written.contains(spelling)).unwrap_or(expanded)
            }
            (None, None) => continue,
        };
        text = text.replace(&entity.url, original);
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn tweet(text: &str, urls: Value) -> Tweet {
        serde_json::from_value(json!({"id": "1", "text": text, "entities": {"urls": urls}})).unwrap()
    }

    #[test]
    fn links_and_escapes_come_back_as_they_were_written() {
        let tweet = tweet(
            "a &lt;b&gt; &amp;amp; https://t.co/1 https://t.co/2",
            json!([
                {"url": "https://t.co/1", "expanded_url": "https://arctiv.example/x?a=1&b=2"},
                {"url": "https://t.co/2", "expanded_url": "https://x.com/a/status/1/photo/1", "media_key": "3_1"},
            ]),
        );
        assert_eq!(as_written(&tweet, ""), "a <b> &amp; https://arctiv.example/x?a=1&b=2 ");
    }

    #[test]
    fn a_long_text_is_read_where_it_is_whole() {
        let media = "https://x.com/a/status/1/photo/1";
        let tweet: Tweet = serde_json::from_value(json!({
            "id": "1", "text": "It begins &amp; https://t.co/2",
            "entities": {"urls": [{"url": "https://t.co/2", "expanded_url": media, "media_key": "3_1"}]},
            "note_tweet": {
                "text": "It begins &amp; ends at https://t.co/1",
                "entities": {"urls": [{"url": "https://t.co/1", "expanded_url": "https://arctiv.example/x"}]},
            },
        }))
        .unwrap();
        assert_eq!(as_written(&tweet, ""), "It begins & ends at https://arctiv.example/x");
    }

    #[rstest]
    #[case("see arctiv.example now", "http://arctiv.example")]
    #[case("see arctiv.example now", "http://arctiv.example/")]
    #[case("see https://arctiv.example now", "https://arctiv.example/")]
    #[case("see https://arctiv.example/ now", "https://arctiv.example/")]
    fn links_come_back_in_the_spelling_they_were_written_in(#[case] written: &str, #[case] expanded: &str) {
        let tweet = tweet("see https://t.co/1 now", json!([{"url": "https://t.co/1", "expanded_url": expanded}]));
        assert_eq!(as_written(&tweet, written), written);
    }
}
