//! Posting: containers, waiting for them, and one `POST /{account}/media_publish`.
//!
//! A container dies after a day, so it is made when the post is due and never before. Pictures are always fetched from
//! our address; a video is too, where it has one, and is sent to Meta's upload host where it has none.
//!
//! Before anything is made the account's quota is read: it slides over 24 hours, and sources disagree on its size.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    deliveries::ErrorClass,
    platform::{PostFormat, PublishingQuota},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{Instagram, PLATFORM, dialect, refused};
use crate::{
    adapter::{Account, Finding, Progress, PublishRequest, Published, Staged, Standing},
    error::PlatformError,
    http::{Call, Operation, RateState, Reply, Trace},
    media::MediaItem,
    meta::{List, rupload},
    reconcile::{Listed, Search, not_before},
    state,
};

/// The format of the saved state.
const FORMAT: &str = "instagram/1";
/// Containers live 24 hours; well before that they are made anew.
const CONTAINER_LIFE: chrono::Duration = chrono::Duration::hours(20);
/// What the quota is counted over where Instagram leaves it out, seconds.
const DAY: u32 = 24 * 3_600;
/// The most pictures and videos of one carousel.
const CAROUSEL: usize = 10;
/// Posts read at once, and how many times, when looking for one.
const FIND_COUNT: &str = "50";
const PAGES: usize = 3;

/// What is saved between steps.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// Whether there was room in the quota.
    counted: bool,
    /// The parts of a carousel, in order; empty for a single picture or video.
    parts: Vec<Container>,
    /// What is published.
    whole: Option<Container>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Container {
    id: String,
    made_at: DateTime<Utc>,
    /// Where the video is to be sent, until it has been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    send_to: Option<Url>,
    /// Whether Instagram has finished with it.
    ready: bool,
}

#[derive(Debug, Deserialize)]
struct Made {
    id: String,
    /// With `upload_type=resumable`.
    uri: Option<Url>,
}

#[derive(Debug, Deserialize)]
struct Checked {
    status_code: Option<String>,
    status: Option<String>,
    /// Where it was asked for, of a video that is sent.
    video_status: Option<VideoStatus>,
}

#[derive(Debug, Deserialize)]
struct VideoStatus {
    uploading_phase: Option<rupload::Phase>,
}

#[derive(Debug, Deserialize)]
struct Limit {
    quota_usage: Option<u32>,
    config: Option<LimitConfig>,
}

#[derive(Debug, Deserialize)]
struct LimitConfig {
    quota_total: Option<u32>,
    /// Seconds.
    quota_duration: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Address {
    permalink: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Medium {
    id: String,
    caption: Option<String>,
    permalink: Option<String>,
    timestamp: Option<String>,
    children: Option<List<Value>>,
}

/// What a container is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Part,
    Single,
}

/// How a container stands.
enum Stands {
    Finished,
    Waiting,
    Published,
    /// It is of no use any more.
    Gone,
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

    fn staged(self, state: &State, progress: Progress) -> Staged {
        Staged { state: state::save(FORMAT, state), progress, traces: self.traces, rate: self.rate }
    }
}

impl Instagram {
    pub(super) async fn prepare_next(
        &self,
        request: &PublishRequest,
        saved: Option<&Value>,
    ) -> Result<Staged, PlatformError> {
        check(request)?;
        let now = self.http.now();
        let mut log = Log::default();
        let mut state = saved.and_then(|saved| state::load::<State>(FORMAT, saved)).unwrap_or_default();
        if let Some(stuck) = state.oldest_unready().filter(|made_at| now - *made_at >= CONTAINER_LIFE) {
            tracing::debug!(%stuck, "a container has not been finished in its life");
            return Err(refused(ErrorClass::MediaInvalid, "processing_timeout")
                .saying("Instagram has not finished processing the media in most of a day.")
                .staging_anew());
        }
        if state.is_other(request, now) {
            state = State::default();
        }
        // An earlier attempt has come to the end of this: is the container still there?
        if let Some(whole) = state.whole.as_ref().filter(|whole| whole.ready) {
            match self.look_at(&request.account, &whole.id, &mut log).await? {
                Stands::Finished => return Ok(log.staged(&state, Progress::Ready)),
                Stands::Waiting => return Ok(log.staged(&state, Progress::Wait { after: Duration::from_secs(5) })),
                // Never made again: this is the post itself.
                Stands::Published => return Err(published_already()),
                Stands::Gone => state = State::default(),
            }
        }
        if !state.counted {
            self.count(&request.account, &mut log).await?;
            state.counted = true;
        }
        let progress = self.advance(request, &mut state, &mut log).await?;
        Ok(log.staged(&state, progress))
    }

    /// One step on: make the next container, send the next video, or look whether what is there has been finished.
    async fn advance(
        &self,
        request: &PublishRequest,
        state: &mut State,
        log: &mut Log,
    ) -> Result<Progress, PlatformError> {
        let carousel = request.media.len() > 1;
        if carousel && state.whole.is_none() {
            if let Some((container, item)) =
                state.parts.iter_mut().zip(&request.media).find(|(container, _)| container.send_to.is_some())
            {
                self.send_video(&request.account, container, item, log).await?;
                return Ok(Progress::More);
            }
            if let Some(item) = request.media.get(state.parts.len()) {
                state.parts.push(self.make(request, item, Role::Part, log).await?);
                return Ok(Progress::More);
            }
            if let Some(wait) = self.settle(&request.account, &mut state.parts, log).await? {
                return Ok(wait);
            }
            let parts: Vec<&str> = state.parts.iter().map(|part| part.id.as_str()).collect();
            let call = self
                .new_container(&request.account)
                .field("media_type", "CAROUSEL")
                .field("children", parts.join(","))
                .field("caption", request.text.as_str());
            state.whole = Some(self.made(call, false, log).await?);
            return Ok(Progress::More);
        }
        let Some(whole) = &mut state.whole else {
            let Some(item) = request.media.first() else { return Err(refused(ErrorClass::Validation, "no_media")) };
            state.whole = Some(self.make(request, item, Role::Single, log).await?);
            return Ok(Progress::More);
        };
        if let (Some(_), Some(item)) = (&whole.send_to, request.media.first()) {
            self.send_video(&request.account, whole, item, log).await?;
            return Ok(Progress::More);
        }
        let wait = self.settle(&request.account, std::slice::from_mut(whole), log).await?;
        Ok(wait.unwrap_or(Progress::Ready))
    }

    /// Reads the account's quota (platforms.md 2, Limits). The window slides, so room comes back little by little: the
    /// next look is after an hour, not after the whole of it.
    async fn count(&self, account: &Account, log: &mut Log) -> Result<(), PlatformError> {
        let (reply, quota) = self.limit(account).await?;
        match quota.filter(|quota| quota.left() == 0) {
            None => {
                log.note(reply);
                Ok(())
            }
            Some(quota) => {
                let mut error = refused(ErrorClass::QuotaDaily, "content_publishing_limit");
                let next_look = chrono::Duration::seconds(i64::from(quota.window / 24).clamp(60, 3_600));
                error.http_status = Some(reply.answer.status.as_u16());
                error.retry_at = Some(self.http.now() + next_look);
                error.trace = Some(Box::new(reply.trace));
                Err(error)
            }
        }
    }

    /// What Instagram says of the account's quota, and `None` where it leaves the numbers out.
    pub(super) async fn limit(&self, account: &Account) -> Result<(Reply, Option<PublishingQuota>), PlatformError> {
        let call = self
            .read(Operation::Stage, &[&account.external_id, "content_publishing_limit"], account)
            .query("fields", "config,quota_usage");
        let reply = self.send(call).await?;
        let limits: List<Limit> = reply.parse()?;
        let quota = limits.data.iter().find_map(|limit| {
            let config = limit.config.as_ref()?;
            Some(PublishingQuota {
                used: limit.quota_usage?,
                total: config.quota_total?,
                window: config.quota_duration.unwrap_or(DAY),
            })
        });
        Ok((reply, quota))
    }

    fn new_container(&self, account: &Account) -> Call {
        Call::post(Operation::Stage, self.graph(&[&account.external_id, "media"]))
            .secret_field("access_token", &account.tokens.access_token)
    }

    async fn make(
        &self,
        request: &PublishRequest,
        item: &MediaItem,
        role: Role,
        log: &mut Log,
    ) -> Result<Container, PlatformError> {
        let mut call = self.new_container(&request.account);
        let story = request.options.format == PostFormat::Story;
        let mut sends = false;
        if item.is_video() {
            call = call.field(
                "media_type",
                match role {
                    Role::Part => "VIDEO",
                    Role::Single if story => "STORIES",
                    Role::Single => "REELS",
                },
            );
            if let Some(url) = &item.public_url {
                call = call.field("video_url", url.as_str()).hiding_text(url);
            } else {
                call = call.field("upload_type", "resumable");
                sends = true;
            }
        } else {
            let url = item.public_url.as_deref().ok_or_else(no_address)?;
            call = call.field("image_url", url).hiding_text(url);
            if story {
                call = call.field("media_type", "STORIES");
            } else if let Some(alt) = item.alt() {
                call = call.field("alt_text", alt);
            }
        }
        match role {
            Role::Part => call = call.field("is_carousel_item", "true"),
            // A story shows no caption.
            Role::Single if story => {}
            Role::Single => {
                call = call.field("caption", request.text.as_str());
                if item.is_video() {
                    if let Some(moment) = request.options.cover_ms {
                        call = call.field("thumb_offset", moment.to_string());
                    }
                    if let Some(share) = request.options.share_to_feed {
                        call = call.field("share_to_feed", share.to_string());
                    }
                }
            }
        }
        self.made(call, sends, log).await
    }

    async fn made(&self, call: Call, sends: bool, log: &mut Log) -> Result<Container, PlatformError> {
        let made_at = self.http.now();
        let reply = self.send(call).await?;
        let Made { id, uri } = reply.parse()?;
        if sends && uri.is_none() {
            return Err(reply.unreadable("a container without the address to send its video to"));
        }
        log.note(reply);
        Ok(Container { id, made_at, send_to: uri.filter(|_| sends), ready: false })
    }

    /// Sends what has not arrived of a video.
    async fn send_video(
        &self,
        account: &Account,
        container: &mut Container,
        item: &MediaItem,
        log: &mut Log,
    ) -> Result<(), PlatformError> {
        let Some(url) = container.send_to.clone() else { return Ok(()) };
        if !rupload::is_metas(&self.settings.base_urls, &url) {
            return Err(rupload::foreign(PLATFORM));
        }
        let told = self.bytes_arrived(account, &container.id, item.size, log).await?;
        let offset = told.unwrap_or(0);
        if offset < item.size {
            let call = rupload::upload(&self.http, url, &account.tokens.access_token, item, offset);
            log.note(self.send(call).await.map_err(|error| rupload::refused(error, told.is_some()))?);
        }
        container.send_to = None;
        Ok(())
    }

    /// How much of a video has arrived; `None` where Instagram does not say.
    async fn bytes_arrived(
        &self,
        account: &Account,
        id: &str,
        size: u64,
        log: &mut Log,
    ) -> Result<Option<u64>, PlatformError> {
        let call = self.read(Operation::Stage, &[id], account).query("fields", "status_code,status,video_status");
        let reply = match self.send(call).await {
            Ok(reply) => reply,
            Err(error) if matches!(error.class, ErrorClass::Validation | ErrorClass::Permission) => return Ok(None),
            Err(error) => return Err(error),
        };
        let checked: Checked = reply.parse()?;
        let phase = checked.video_status.as_ref().and_then(|status| status.uploading_phase.as_ref());
        let arrived = match checked.status_code.as_deref() {
            Some("FINISHED") => Some(size),
            Some("PUBLISHED") => return Err(published_already()),
            Some("EXPIRED") => return Err(expired()),
            _ if phase.is_some_and(rupload::Phase::failed) => return Err(rupload::lost(PLATFORM)),
            Some("ERROR") => return Err(failed(&checked, reply)),
            _ => phase.map(|phase| phase.arrived(size)),
        };
        log.note(reply);
        Ok(arrived)
    }

    /// Whether Instagram has finished with all of these; if not, when to look again.
    async fn settle(
        &self,
        account: &Account,
        containers: &mut [Container],
        log: &mut Log,
    ) -> Result<Option<Progress>, PlatformError> {
        for container in containers.iter_mut().filter(|container| !container.ready) {
            match self.look_at(account, &container.id, log).await? {
                Stands::Finished => container.ready = true,
                Stands::Published => return Err(published_already()),
                Stands::Waiting => {
                    return Ok(Some(Progress::Wait { after: pause(self.http.now() - container.made_at) }));
                }
                Stands::Gone => return Err(expired()),
            }
        }
        Ok(None)
    }

    async fn look_at(&self, account: &Account, id: &str, log: &mut Log) -> Result<Stands, PlatformError> {
        let call = self.read(Operation::Stage, &[id], account).query("fields", "status_code,status");
        let reply = self.send(call).await?;
        let checked: Checked = reply.parse()?;
        match checked.status_code.as_deref() {
            Some("FINISHED") => {
                log.note(reply);
                Ok(Stands::Finished)
            }
            Some("PUBLISHED") => {
                log.note(reply);
                Ok(Stands::Published)
            }
            Some("EXPIRED") => {
                log.note(reply);
                Ok(Stands::Gone)
            }
            Some("ERROR") => Err(failed(&checked, reply)),
            Some("IN_PROGRESS") => {
                log.note(reply);
                Ok(Stands::Waiting)
            }
            _ => Err(reply.unreadable("a container in an unknown state")),
        }
    }

    pub(super) async fn publish_container(
        &self,
        request: &PublishRequest,
        state: &Value,
    ) -> Result<Published, PlatformError> {
        let state = state::load::<State>(FORMAT, state);
        let whole = state.and_then(|state| state.whole).filter(|whole| whole.ready);
        let whole = whole.ok_or_else(|| refused(ErrorClass::Operator, "not_staged"))?;
        let call = Call::post(Operation::Commit, self.graph(&[&request.account.external_id, "media_publish"]))
            .secret_field("access_token", &request.account.tokens.access_token)
            .field("creation_id", whole.id);
        let reply = self.send(call).await?;
        let Id { id } = reply.parse()?;
        Ok(Published {
            external_id: id,
            url: None,
            standing: Standing::Public,
            trace: Box::new(reply.trace),
            rate: reply.rate,
        })
    }

    /// The container says definitively whether it was published; which post it became, the account's list.
    pub(super) async fn find(
        &self,
        request: &PublishRequest,
        state: Option<&Value>,
        known: &[String],
    ) -> Result<Finding, PlatformError> {
        let whole = state.and_then(|state| state::load::<State>(FORMAT, state)).and_then(|state| state.whole);
        let published = match &whole {
            Some(whole) => self.was_published(&request.account, &whole.id).await?,
            None => None,
        };
        if published == Some(false) {
            return Ok(Finding::NotFound);
        }
        let listed = if request.options.format == PostFormat::Story {
            self.newest_story(request, known).await?
        } else {
            self.among_posts(request, known).await?
        };
        Ok(match (published, whole, listed) {
            (_, _, found @ Finding::Found { .. }) => found,
            // It is public, whatever the list says; the container's id keeps it apart from all others.
            (Some(true), Some(whole), _) => Finding::Found { external_id: whole.id, url: None, published_at: None },
            (_, _, otherwise) => otherwise,
        })
    }

    /// Whether a container has been published; `None` if Instagram does not know it any more.
    async fn was_published(&self, account: &Account, id: &str) -> Result<Option<bool>, PlatformError> {
        let call = self.read(Operation::Find, &[id], account).query("fields", "status_code,status");
        match self.send(call).await {
            Ok(reply) => Ok(Some(reply.parse::<Checked>()?.status_code.as_deref() == Some("PUBLISHED"))),
            // The object is gone, or was never this account's.
            Err(error) if error.code.as_deref() == Some("100/33") => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn among_posts(&self, request: &PublishRequest, known: &[String]) -> Result<Finding, PlatformError> {
        let mut search = Search::new(request, known);
        let mut after: Option<String> = None;
        let mut whole = false;
        for _ in 0..PAGES {
            let mut call = self
                .read(Operation::Find, &[&request.account.external_id, "media"], &request.account)
                .query("fields", "id,caption,permalink,timestamp,media_type,children")
                .query("limit", FIND_COUNT);
            if let Some(after) = &after {
                call = call.query("after", after);
            }
            let list: List<Medium> = self.send(call).await?.parse()?;
            after = list.next();
            let older = search.take(list.data.into_iter().map(listed));
            whole = older || after.is_none();
            if whole {
                break;
            }
        }
        Ok(search.finish(whole))
    }

    /// Stories have no words to tell them by: the newest one since the delivery's start, if it is the only one.
    async fn newest_story(&self, request: &PublishRequest, known: &[String]) -> Result<Finding, PlatformError> {
        let call = self
            .read(Operation::Find, &[&request.account.external_id, "stories"], &request.account)
            .query("fields", "id,permalink,timestamp");
        let list: List<Medium> = match self.send(call).await {
            Ok(reply) => reply.parse()?,
            Err(error) if matches!(error.class, ErrorClass::Validation | ErrorClass::Permission) => {
                return Ok(Finding::CannotTell {
                    reason: "Instagram does not say which stories this account has.".to_owned(),
                });
            }
            Err(error) => return Err(error),
        };
        let start = not_before(request);
        let mut ours = list
            .data
            .into_iter()
            .map(listed)
            .filter(|story| story.published_at.is_some_and(|at| at >= start) && !known.contains(&story.id));
        Ok(match (ours.next(), ours.next()) {
            (Some(Listed { id, url, published_at, .. }), None) => Finding::Found { external_id: id, url, published_at },
            (None, _) => Finding::NotFound,
            (Some(_), Some(_)) => Finding::CannotTell {
                reason: "Several stories of this account are as new as this one would be.".to_owned(),
            },
        })
    }

    pub(super) async fn address_of(&self, account: &Account, id: &str) -> Result<Option<String>, PlatformError> {
        let call = self.read(Operation::FollowUp, &[id], account).query("fields", "permalink,shortcode");
        Ok(self.send(call).await?.parse::<Address>()?.permalink)
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

impl State {
    fn containers(&self) -> impl Iterator<Item = &Container> {
        self.parts.iter().chain(&self.whole)
    }

    fn oldest_unready(&self) -> Option<DateTime<Utc>> {
        self.containers().filter(|container| !container.ready).map(|container| container.made_at).min()
    }

    /// Whether it belongs to something else, or is about to expire.
    fn is_other(&self, request: &PublishRequest, now: DateTime<Utc>) -> bool {
        let parts = if request.media.len() > 1 { request.media.len() } else { 0 };
        let too_many = self.parts.len() > parts || (self.whole.is_some() && self.parts.len() != parts);
        too_many || self.containers().any(|container| now - container.made_at >= CONTAINER_LIFE)
    }
}

/// What Instagram would refuse whatever it holds.
fn check(request: &PublishRequest) -> Result<(), PlatformError> {
    let refusal = |message: &'static str| Err(refused(ErrorClass::Validation, "media_rules").saying(message));
    if request.media.is_empty() {
        return refusal("Instagram needs a picture or a video.");
    }
    if request.media.len() > CAROUSEL {
        return refusal("Instagram takes at most 10 pictures and videos in one post.");
    }
    if request.media.iter().any(MediaItem::is_document) {
        return refusal("Instagram takes pictures and videos only.");
    }
    match request.options.format {
        PostFormat::Feed => Ok(()),
        PostFormat::Reel if request.media.iter().all(MediaItem::is_video) && request.media.len() == 1 => Ok(()),
        PostFormat::Reel => refusal("A reel is a single video."),
        PostFormat::Story if request.media.len() == 1 => Ok(()),
        PostFormat::Story => refusal("A story is a single picture or video."),
    }
}

/// Products ask every 5 to 20 seconds, for up to half an hour; Meta advises once a minute.
fn pause(age: chrono::Duration) -> Duration {
    Duration::from_secs(match age.num_seconds() {
        ..20 => 5,
        20..120 => 10,
        120..600 => 30,
        600..1_800 => 60,
        _ => 300,
    })
}

fn published_already() -> PlatformError {
    refused(ErrorClass::OutcomeUnknown, "already_published").saying("Instagram says that this post has been published.")
}

fn expired() -> PlatformError {
    refused(ErrorClass::Transient, "container_expired")
        .saying("What Instagram had prepared has expired and is prepared anew.")
        .staging_anew()
}

fn no_address() -> PlatformError {
    refused(ErrorClass::Operator, "no_public_address").saying(
        "Instagram fetches pictures from Arctiv, which has no address it can reach. Whoever runs this Arctiv must give \
         it a public one.",
    )
}

/// A container that failed, and stays so: its `status` names the same numbers as an error would.
fn failed(checked: &Checked, reply: Reply) -> PlatformError {
    let number = checked.status.as_deref().and_then(dialect::number_in);
    let verdict = number.and_then(|number| dialect::by_subcode(Operation::Stage, None, number));
    let class = verdict.as_ref().map_or(ErrorClass::MediaInvalid, |verdict| verdict.class);
    let code = number.map_or_else(|| "container_error".to_owned(), |number| number.to_string());
    let mut error = PlatformError::new(PLATFORM, class).with_code(code).staging_anew();
    if let Some(message) = verdict.and_then(|verdict| verdict.message) {
        error = error.saying(message);
    }
    error.http_status = Some(reply.answer.status.as_u16());
    error.trace = Some(Box::new(reply.trace));
    error
}

fn listed(medium: Medium) -> Listed {
    Listed {
        pictures: Some(medium.children.map_or(1, |children| children.data.len())),
        published_at: medium.timestamp.as_deref().and_then(crate::meta::moment),
        texts: vec![medium.caption.unwrap_or_default()],
        url: medium.permalink,
        id: medium.id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rarer() {
        let mut last = Duration::ZERO;
        for seconds in [0, 19, 20, 119, 120, 600, 1_800, 80_000] {
            let next = pause(chrono::Duration::seconds(seconds));
            assert!(next >= last && next >= Duration::from_secs(5) && next <= Duration::from_mins(5));
            last = next;
        }
    }
}
