//! Posting: each file on its own (`POST /api/v2/media`, and a question until a film is ready), then one
//! `POST /api/v1/statuses` under the delivery's idempotency key.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    deliveries::ErrorClass,
    platform::{Audience, mastodon::without_domains},
};
use reqwest::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Mastodon, html, refused};
use crate::{
    adapter::{Account, Finding, Progress, PublishRequest, Published, Staged, Standing},
    error::PlatformError,
    http::{Call, Operation, Part, RateState, Reply, Trace},
    media::MediaItem,
    reconcile::{Listed, Search},
    state,
};

/// The format of the saved state.
const FORMAT: &str = "mastodon/1";
/// Files of one post.
const FILES: usize = 4;
/// Files that no post uses are swept away by the instance after a day; this much older than staged, they are sent anew.
const MARGIN: chrono::Duration = chrono::Duration::hours(20);
/// Posts of one page, the most there is.
const PAGE: &str = "40";
/// Pages of the account's posts read when looking for one.
const PAGES: usize = 5;

/// What is saved between steps.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// The same with every try of the delivery.
    key: String,
    staged_at: DateTime<Utc>,
    media: Vec<Uploaded>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Uploaded {
    id: String,
    /// Whether the instance has finished with it.
    ready: bool,
}

#[derive(Debug, Deserialize)]
struct Attachment {
    id: String,
}

/// A `Status`, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Status {
    id: String,
    url: Option<String>,
    content: String,
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    media_attachments: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Seen {
    visibility: String,
}

/// The calls of one step.
#[derive(Default)]
struct Log {
    traces: Vec<Trace>,
    rate: RateState,
}

impl Log {
    fn note(&mut self, reply: Reply) {
        self.rate = reply.rate;
        self.traces.push(reply.trace);
    }
}

impl Mastodon {
    pub(super) async fn upload_next(
        &self,
        request: &PublishRequest,
        saved: Option<&Value>,
    ) -> Result<Staged, PlatformError> {
        self.local_id(&request.account)?;
        check(request)?;
        let now = self.http.now();
        let mut state = usable(saved, request, now);
        let mut log = Log::default();
        let mut progress = Progress::Ready;
        // Only the last one can be unfinished: no upload starts before the one before it is ready.
        let unfinished = state.media.pop_if(|uploaded| !uploaded.ready);
        if let Some(item) = request.media.get(state.media.len()) {
            let uploaded = match unfinished {
                Some(uploaded) => self.ask(request, uploaded, &mut log).await?,
                None => self.upload(request, item, &mut log).await?,
            };
            if !uploaded.ready {
                progress = Progress::Wait { after: Duration::from_secs(2) };
            }
            state.media.push(uploaded);
        }
        if progress == Progress::Ready && state.media.len() < request.media.len() {
            progress = Progress::More;
        }
        Ok(Staged { state: state::save(FORMAT, &state), progress, traces: log.traces, rate: log.rate })
    }

    /// The whole file in one request; the instance takes no pieces. A picture is ready with the answer, a film is worked
    /// on behind it (202).
    async fn upload(
        &self,
        request: &PublishRequest,
        item: &MediaItem,
        log: &mut Log,
    ) -> Result<Uploaded, PlatformError> {
        let mut parts = vec![Part::streamed("file", item)];
        if let Some(alt) = item.alt() {
            parts.push(Part::text("description", alt));
        }
        let call = Call::post(Operation::Stage, self.api("v2", &["media"]))
            .bearer(&request.account.tokens.access_token)
            .multipart(parts)
            .timeout(self.http.timeout_for(item.size));
        let reply = self.send(call).await?;
        let Attachment { id } = reply.parse()?;
        let ready = reply.answer.status != StatusCode::ACCEPTED;
        log.note(reply);
        Ok(Uploaded { id, ready })
    }

    /// How a film is coming along: 206 while it is worked on, 422 if it cannot be used, 404 if it was swept away.
    async fn ask(
        &self,
        request: &PublishRequest,
        uploaded: Uploaded,
        log: &mut Log,
    ) -> Result<Uploaded, PlatformError> {
        let call = self.read(Operation::Stage, &["media", &uploaded.id], &request.account)?;
        match self.send(call).await {
            Ok(reply) => {
                let ready = reply.answer.status != StatusCode::PARTIAL_CONTENT;
                log.note(reply);
                Ok(Uploaded { ready, ..uploaded })
            }
            Err(error) if matches!(error.http_status, Some(404 | 422)) => Err(error.staging_anew()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn create_status(
        &self,
        request: &PublishRequest,
        state: &Value,
    ) -> Result<Published, PlatformError> {
        self.local_id(&request.account)?;
        let state = state::load::<State>(FORMAT, state)
            .filter(|state| state.media.len() == request.media.len())
            .filter(|state| state.media.iter().all(|uploaded| uploaded.ready));
        let state = state.ok_or_else(|| refused(ErrorClass::Operator, "not_staged"))?;
        let visibility = visibility(request.options.audience.unwrap_or(Audience::Public));
        let mut call = self.status_call(&request.account, &state.key).field("visibility", visibility);
        if !request.text.is_empty() {
            call = call.field("status", request.text.as_str());
        }
        for uploaded in &state.media {
            call = call.field("media_ids[]", uploaded.id.as_str());
        }
        let reply = self.send(call).await?;
        let status: Status = reply.parse()?;
        Ok(Published {
            external_id: status.id,
            url: status.url,
            standing: Standing::Public,
            trace: Box::new(reply.trace),
            rate: reply.rate,
        })
    }

    /// A comment is an answer to the post, for those who may see the post.
    pub(super) async fn reply_to(&self, account: &Account, post: &str, text: &str) -> Result<String, PlatformError> {
        let call = self.read(Operation::FollowUp, &["statuses", post], account)?;
        let Seen { visibility } = self.send(call).await?.parse()?;
        let key = key_of(&[post, text]);
        let call = self
            .status_call(account, &key)
            .field("visibility", visibility)
            .field("in_reply_to_id", post)
            .field("status", text);
        Ok(self.send(call).await?.parse::<Status>()?.id)
    }

    fn status_call(&self, account: &Account, key: &str) -> Call {
        let call = Call::post(Operation::Commit, self.api("v1", &["statuses"])).bearer(&account.tokens.access_token);
        match HeaderValue::from_str(key) {
            Ok(key) => call.header(HeaderName::from_static("idempotency-key"), key),
            // Hexadecimal digits always are a header's value.
            Err(_) => call,
        }
    }

    pub(super) async fn find(&self, request: &PublishRequest, known: &[String]) -> Result<Finding, PlatformError> {
        let id = self.local_id(&request.account)?;
        let mut search = Search::new(request, known);
        let mut older_than: Option<String> = None;
        for _ in 0..PAGES {
            let mut call = self
                .read(Operation::Find, &["accounts", id, "statuses"], &request.account)?
                .query("limit", PAGE)
                .query("exclude_reblogs", "true");
            if let Some(oldest) = &older_than {
                call = call.query("max_id", oldest);
            }
            let page: Vec<Status> = self.send(call).await?.parse()?;
            older_than = page.last().map(|status| status.id.clone());
            let all_older = search.take(page.into_iter().map(|status| listed(status, &request.text)));
            if all_older || older_than.is_none() {
                return Ok(search.finish(true));
            }
        }
        Ok(search.finish(false))
    }
}

fn listed(status: Status, written: &str) -> Listed {
    let shown = html::words(&status.content);
    // Mentions lose their domains on the way; the text that reads the same without them is the one that was written.
    let same = shown.split_whitespace().eq(without_domains(written).split_whitespace());
    Listed {
        texts: vec![if same { written.to_owned() } else { shown }],
        pictures: Some(status.media_attachments.len()),
        published_at: status.created_at,
        url: status.url,
        id: status.id,
    }
}

const fn visibility(audience: Audience) -> &'static str {
    match audience {
        Audience::Public => "public",
        Audience::Unlisted => "unlisted",
        Audience::Followers => "private",
    }
}

/// What an instance would refuse whatever it holds.
fn check(request: &PublishRequest) -> Result<(), PlatformError> {
    let refusal = |message: &'static str| Err(refused(ErrorClass::Validation, "media_rules").saying(message));
    let alone = |item: &MediaItem| item.is_video() || item.mime == "image/gif";
    match request.media.as_slice() {
        [] if request.text.trim().is_empty() => refusal("Mastodon needs a text, a picture or a video."),
        many if many.iter().any(MediaItem::is_document) => refusal("Mastodon takes pictures and videos only."),
        many if many.len() > 1 && many.iter().any(alone) => {
            refusal("Mastodon takes one video or GIF alone, or up to four pictures.")
        }
        many if many.len() > FILES => refusal("Mastodon takes at most four pictures in one post."),
        _ => Ok(()),
    }
}

/// The saved state, unless it belongs to something else. Files that are about to be swept away are sent anew; the key
/// stays, for as long as the delivery lasts.
fn usable(saved: Option<&Value>, request: &PublishRequest, now: DateTime<Utc>) -> State {
    match saved.and_then(|saved| state::load::<State>(FORMAT, saved)) {
        Some(state) if state.media.len() > request.media.len() || state.staged_at < now - MARGIN => {
            State { key: state.key, staged_at: now, media: Vec::new() }
        }
        Some(state) => state,
        None => {
            let started = request.started_at.to_rfc3339();
            let key = key_of(&[&request.account.external_id, &started, &request.text]);
            State { key, staged_at: now, media: Vec::new() }
        }
    }
}

/// A key that follows from what it is for, so that it needs no generator.
fn key_of(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().fold(String::with_capacity(64), |hex, byte| format!("{hex}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_parts_apart() {
        assert_eq!(key_of(&["a", "b"]), key_of(&["a", "b"]));
        assert_ne!(key_of(&["ab", ""]), key_of(&["a", "b"]));
        assert_eq!(key_of(&[]).len(), 64);
    }

    #[test]
    fn a_text_that_lost_its_domains_is_known_again() {
        let status = |content: &str| Status {
            id: "1".into(),
            url: None,
            content: content.into(),
            created_at: None,
            media_attachments: Vec::new(),
        };
        let written = "Thanks @niamh@example.social!\n\nSee you";
        let content =
            "<p>Thanks <span class=\"h-card\"><a href=\"…\">@<span>niamh</span></a></span>!</p><p>See you</p>";
        assert_eq!(listed(status(content), written).texts, [written]);
        assert_eq!(listed(status("<p>Thanks @niamh!</p>"), written).texts, ["Thanks @niamh!"]);
    }
}
