//! What is written: one text, a variant per platform, pictures, a link; when it goes out; and the checks before.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    deliveries::DeliveryCounts,
    error::FieldErrors,
    ids::{AccountId, MediaId, PostId},
    media::MediaAsset,
    platform::{Platform, PostOptions},
    text,
    workspaces::Person,
};

mod approvals;
pub mod best_times;
pub mod calendar;
mod filter;
mod port;
pub mod preflight;
pub mod queue;
pub mod schedule;
// The browser searches nothing by itself, and the tables of Unicode would be a good part of all that it loads.
#[cfg(not(target_arch = "wasm32"))]
pub mod search;
pub mod versions;
pub use approvals::{
    Approval, ApprovalFile, ApprovalPolicy, ApprovalStep, Approvals, MAX_NOTE, Review, WhyNot, check_note,
};
pub use filter::{AuthorCount, Bound, PostFacets, PostFilter, PostSort, PostStatuses, StatusCount};
pub use port::{IdempotencyKey, Posts};

pub const MAX_TITLE: usize = 200;
/// Above every platform's own limit; the platform limits are preflight's.
pub const MAX_BODY: usize = 70_000;
pub const MAX_LINK: usize = 2_000;
/// What the widest platform takes, which is TikTok; the platform limits are preflight's.
pub const MAX_MEDIA: usize = 35;
pub const MAX_ACCOUNTS: usize = 500;
pub const MAX_UNDO_SECONDS: u16 = 60;
/// What the widest platform takes as a first comment, which is X of accounts that pay for it; the platform limits are
/// preflight's.
pub const MAX_FIRST_COMMENT: usize = 25_000;
/// Above every platform's own limit of a title.
pub const MAX_OPTION_TITLE: usize = 255;
/// How far ahead a post may be scheduled.
pub const MAX_SCHEDULE_DAYS: i64 = 366;

/// Who sees it, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Goes out now.
    #[default]
    Public,
    /// Stays in the workspace.
    Private,
    /// Goes out at a time.
    Scheduled,
}

impl Visibility {
    pub const ALL: [Self; 3] = [Self::Public, Self::Private, Self::Scheduled];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Scheduled => "scheduled",
        }
    }
}

impl FromStr for Visibility {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|visibility| visibility.as_str() == text).ok_or(())
    }
}

/// Where a post stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PostStatus {
    Draft,
    PendingApproval,
    Approved,
    Rejected,
    Scheduled,
    Publishing,
    Published,
    PartlyPublished,
    Failed,
}

impl PostStatus {
    pub const ALL: [Self; 9] = [
        Self::Draft,
        Self::PendingApproval,
        Self::Approved,
        Self::Rejected,
        Self::Scheduled,
        Self::Publishing,
        Self::Published,
        Self::PartlyPublished,
        Self::Failed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::PendingApproval => "pending_approval",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Scheduled => "scheduled",
            Self::Publishing => "publishing",
            Self::Published => "published",
            Self::PartlyPublished => "partly_published",
            Self::Failed => "failed",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::PendingApproval => "Waiting for approval",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
            Self::Scheduled => "Scheduled",
            Self::Publishing => "Publishing",
            Self::Published => "Published",
            Self::PartlyPublished => "Partly published",
            Self::Failed => "Failed",
        }
    }

    /// Whether its content can still be changed: it has not been sent, or an account has refused it. An account that
    /// took it keeps what it took; a change goes to the others.
    pub const fn is_editable(self) -> bool {
        !matches!(self, Self::Publishing | Self::Published)
    }

    /// What the deliveries of a post that has been sent off make of it.
    pub const fn from_counts(counts: &DeliveryCounts) -> Self {
        let with_creator = counts.waiting_for_creator;
        if counts.total == 0 || counts.canceled == counts.total {
            Self::Draft
        } else if counts.on_their_way() > 0 || (counts.success == 0 && with_creator > 0) {
            Self::Publishing
        } else if counts.success == 0 {
            Self::Failed
        } else if counts.failed == 0 && with_creator == 0 {
            Self::Published
        } else {
            Self::PartlyPublished
        }
    }
}

impl fmt::Display for PostStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PostStatus {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(())
    }
}

/// What one platform, or one account, gets instead of the common text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Override {
    pub body: String,
}

/// The words and pictures of one version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Content {
    pub body: String,
    #[serde(default)]
    pub link: Option<String>,
    #[serde(default)]
    pub overrides: BTreeMap<Platform, Override>,
    /// What one account gets instead of its platform's text.
    #[serde(default)]
    pub variations: BTreeMap<AccountId, Override>,
    /// What was chosen beyond words and media; nothing for a platform where all is as usual.
    #[serde(default)]
    pub options: BTreeMap<Platform, PostOptions>,
}

impl Content {
    /// The content as one account gets it: a variation stands in the place of its platform's text.
    pub fn for_account(&self, platform: Platform, account: AccountId) -> Cow<'_, Self> {
        match self.variations.get(&account) {
            None => Cow::Borrowed(self),
            Some(own) => {
                let mut content = self.clone();
                content.overrides.insert(platform, own.clone());
                Cow::Owned(content)
            }
        }
    }

    /// What was chosen for `platform`.
    pub fn options_for(&self, platform: Platform) -> PostOptions {
        self.options.get(&platform).cloned().unwrap_or_default()
    }

    /// The text that goes to `platform`: its own where it has one, with the link added where the platform has no
    /// field for it.
    pub fn text_for(&self, platform: Platform) -> String {
        let body = self.overrides.get(&platform).map_or(self.body.as_str(), |own| own.body.as_str()).trim();
        match (&self.link, platform.rules()) {
            (Some(link), Some(rules)) if rules.link_in_text && !body.contains(link.as_str()) => {
                if body.is_empty() {
                    link.clone()
                } else {
                    format!("{body}\n\n{link}")
                }
            }
            _ => body.to_owned(),
        }
    }

    /// The link that goes to `platform` as a field of its own.
    pub fn link_for(&self, platform: Platform) -> Option<&str> {
        self.link.as_deref().filter(|_| platform.rules().is_some_and(|rules| !rules.link_in_text))
    }
}

/// A new post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NewPost {
    /// For lists only; at most 200 characters.
    pub title: Option<String>,
    pub body: String,
    /// http or https, at most 2,000 characters.
    pub link: Option<String>,
    /// Ids of uploaded pictures, in order; at most 35.
    pub media_assets: Vec<MediaId>,
    pub visibility: Visibility,
    /// RFC 3339. With `visibility: scheduled`, either this or `scheduled_local`.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// A wall-clock time in `time_zone` (or the workspace's), e.g. `2026-11-26T07:00`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "2026-11-26T07:00:00"))]
    pub scheduled_local: Option<NaiveDateTime>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// With `visibility: scheduled` and no time: the next free slot of the queue.
    #[serde(skip_serializing_if = "is_false")]
    pub queue: bool,
    /// The accounts it goes to; all active, connected ones when left out.
    pub account_ids: Option<Vec<AccountId>>,
    pub overrides: BTreeMap<Platform, Override>,
    /// Texts for single accounts, by their ids; they come before those of `overrides`. X takes no text twice.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variations: BTreeMap<AccountId, Override>,
    /// What is chosen per platform: form, first comment, title, TikTok's own settings.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<Platform, PostOptions>,
    /// 0 to 60; 0 when left out.
    pub undo_seconds: Option<u16>,
    /// A draft that a program keeps while somebody writes: private, and rewritten in place by the next change.
    #[serde(skip_serializing_if = "is_false")]
    pub autosave: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Without what is empty, and without space around it.
fn tidied<K: Ord + Copy>(texts: &BTreeMap<K, Override>) -> BTreeMap<K, Override> {
    texts
        .iter()
        .filter(|(_, own)| !own.body.trim().is_empty())
        .map(|(key, own)| (*key, Override { body: own.body.trim().to_owned() }))
        .collect()
}

impl NewPost {
    pub fn content(&self) -> Content {
        Content {
            body: self.body.trim().to_owned(),
            link: self.link.as_deref().map(str::trim).filter(|link| !link.is_empty()).map(str::to_owned),
            overrides: tidied(&self.overrides),
            variations: tidied(&self.variations),
            options: self
                .options
                .iter()
                .map(|(platform, options)| (*platform, options.tidied()))
                .filter(|(_, options)| !options.is_plain())
                .collect(),
        }
    }

    /// What is wrong whatever the platform; empty when all is well. `now` bounds the schedule.
    pub fn check(&self, now: DateTime<Utc>) -> FieldErrors {
        let mut errors = FieldErrors::default();
        check_title(self.title.as_deref(), &mut errors);
        check_body(&self.body, "body", &mut errors);
        for (platform, own) in &self.overrides {
            check_body(&own.body, &format!("overrides.{platform}"), &mut errors);
        }
        if self.variations.len() > MAX_ACCOUNTS {
            errors.add("variations", format!("Write at most {MAX_ACCOUNTS} variations."));
        }
        for (account, own) in &self.variations {
            check_body(&own.body, &format!("variations.{account}"), &mut errors);
        }
        for (platform, options) in &self.options {
            check_options(*platform, options, &mut errors);
        }
        if self.autosave && self.visibility != Visibility::Private {
            errors.add("autosave", "Only a private post is saved by itself. Set visibility to private.");
        }
        check_link(self.link.as_deref(), &mut errors);
        check_media(&self.media_assets, &mut errors);
        if self.body.trim().is_empty()
            && self.media_assets.is_empty()
            && self.link.as_deref().unwrap_or_default().trim().is_empty()
        {
            errors.add("body", "Write something, or add a picture or a link.");
        }
        if let Some(accounts) = &self.account_ids {
            if accounts.is_empty() && self.visibility != Visibility::Private {
                errors.add("account_ids", "Choose at least one account.");
            } else if accounts.len() > MAX_ACCOUNTS {
                errors.add("account_ids", format!("Choose at most {MAX_ACCOUNTS} accounts."));
            }
        }
        if self.undo_seconds.is_some_and(|seconds| seconds > MAX_UNDO_SECONDS) {
            errors.add("undo_seconds", format!("The undo window is at most {MAX_UNDO_SECONDS} seconds."));
        }
        if self.time_zone.as_deref().is_some_and(|zone| schedule::zone(zone).is_none()) {
            errors.add("time_zone", schedule::UNKNOWN_ZONE);
        }
        if self.queue && self.visibility != Visibility::Scheduled {
            errors.add("queue", "Only a scheduled post takes a slot of the queue. Set visibility to scheduled.");
        }
        match (self.visibility, self.scheduled_at, self.scheduled_local) {
            (Visibility::Scheduled, None, None) if self.queue => {}
            (Visibility::Scheduled, _, _) if self.queue => {
                errors.add("queue", "Give either a time or queue, not both.");
            }
            (Visibility::Scheduled, None, None) => errors.add("scheduled_at", "Pick a date and time."),
            (Visibility::Scheduled, Some(_), Some(_)) => {
                errors.add("scheduled_at", "Give either scheduled_at or scheduled_local, not both.");
            }
            (Visibility::Scheduled, Some(at), None) => schedule::check(at, now, &mut errors),
            (Visibility::Public | Visibility::Private, Some(_), _)
            | (Visibility::Public | Visibility::Private, _, Some(_)) => {
                errors.add("scheduled_at", "Only a scheduled post has a time. Set visibility to scheduled.");
            }
            _ => {}
        }
        errors
    }
}

fn check_title(title: Option<&str>, errors: &mut FieldErrors) {
    let Some(title) = title else { return };
    if title.chars().count() > MAX_TITLE {
        errors.add("title", format!("The title is at most {MAX_TITLE} characters."));
    } else if title.chars().any(char::is_control) {
        errors.add("title", "The title must not contain line breaks or control characters.");
    }
}

fn check_body(body: &str, field: &str, errors: &mut FieldErrors) {
    if body.chars().count() > MAX_BODY {
        errors.add(field, format!("The text is at most {MAX_BODY} characters."));
    } else if text::has_control_chars(body) {
        errors.add(field, "The text contains control characters that no platform shows.");
    }
}

fn check_options(platform: Platform, options: &PostOptions, errors: &mut FieldErrors) {
    let field = |name: &str| format!("options.{platform}.{name}");
    if platform.rules().is_none() {
        errors.add(&format!("options.{platform}"), format!("Arctiv does not publish to {} yet.", platform.label()));
    }
    let texts = [
        ("first_comment", "first comment", &options.first_comment, MAX_FIRST_COMMENT),
        ("title", "title", &options.title, MAX_OPTION_TITLE),
    ];
    for (name, word, text, most) in texts {
        let Some(text) = text else { continue };
        if text.chars().count() > most {
            errors.add(&field(name), format!("The {word} is at most {most} characters."));
        } else if text::has_control_chars(text) {
            errors.add(&field(name), format!("The {word} contains control characters that no platform shows."));
        }
    }
}

fn check_link(link: Option<&str>, errors: &mut FieldErrors) {
    let Some(link) = link.map(str::trim).filter(|link| !link.is_empty()) else { return };
    let whole = text::find_urls(link).first().is_some_and(|(start, end)| *start == 0 && *end == link.len());
    if link.len() > MAX_LINK {
        errors.add("link", format!("The link is at most {MAX_LINK} characters."));
    } else if !whole || link.chars().any(char::is_control) {
        errors.add("link", "Enter a whole link that begins with https:// or http://.");
    }
}

fn check_media(media: &[MediaId], errors: &mut FieldErrors) {
    let mut seen = std::collections::HashSet::new();
    if media.len() > MAX_MEDIA {
        errors.add("media_assets", format!("Add at most {MAX_MEDIA} pictures."));
    } else if !media.iter().all(|id| seen.insert(*id)) {
        errors.add("media_assets", "The same picture is listed twice.");
    }
}

/// Who gets a post. A word of its own, because `account_ids: null` must go on meaning "unchanged": programs that write
/// out every field would otherwise send a post to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    /// Whoever can take part at the time of going out.
    AllActive,
    /// The accounts in `account_ids`, or those chosen before.
    Chosen,
}

/// A change to a post that has not gone out, or that accounts have refused. Left out means unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct PostPatch {
    pub title: Option<String>,
    pub body: Option<String>,
    /// Empty removes it.
    pub link: Option<String>,
    pub media_assets: Option<Vec<MediaId>>,
    pub visibility: Option<Visibility>,
    pub scheduled_at: Option<DateTime<Utc>>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "2026-11-26T07:00:00"))]
    pub scheduled_local: Option<NaiveDateTime>,
    pub time_zone: Option<String>,
    /// With `visibility: scheduled`, or for a post that is scheduled: the next free slot of the queue instead of its time.
    pub queue: Option<bool>,
    /// Chooses accounts.
    pub account_ids: Option<Vec<AccountId>>,
    /// `all_active` gives the choice of accounts up again.
    pub targets: Option<Targets>,
    pub overrides: Option<BTreeMap<Platform, Override>>,
    /// All of them, in place of those before.
    pub variations: Option<BTreeMap<AccountId, Override>>,
    /// All of them, in place of those before.
    pub options: Option<BTreeMap<Platform, PostOptions>>,
    pub undo_seconds: Option<u16>,
    /// Rewrites a draft that was saved by itself. `CONFLICT` when somebody has saved it meanwhile.
    pub autosave: bool,
    /// The version this change was made from; `CONFLICT` when there is a newer one. Unchecked when left out.
    pub version: Option<u32>,
}

/// An account that would have got a post sent to all active ones, but could not take part when it went out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Skipped {
    pub social_account_id: AccountId,
    pub account_name: String,
    pub platform: Platform,
    /// In plain words.
    pub reason: String,
}

/// A post with its current version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Post {
    pub id: PostId,
    pub title: Option<String>,
    pub body: String,
    pub link: Option<String>,
    pub overrides: BTreeMap<Platform, Override>,
    /// Texts for single accounts, by their ids.
    #[serde(default)]
    pub variations: BTreeMap<AccountId, Override>,
    /// What was chosen per platform.
    #[serde(default)]
    pub options: BTreeMap<Platform, PostOptions>,
    /// Whether the current version was saved by itself while somebody wrote, and is rewritten by the next change.
    #[serde(default)]
    pub autosaved: bool,
    pub media: Vec<MediaAsset>,
    pub visibility: Visibility,
    pub status: PostStatus,
    /// From 1.
    pub version: u32,
    pub author: Person,
    /// The chosen accounts; `None`: all active ones at the time of going out.
    pub account_ids: Option<Vec<AccountId>>,
    /// When it goes out, for scheduled posts and inside the undo window.
    pub publishes_at: Option<DateTime<Utc>>,
    pub scheduled_at: Option<DateTime<Utc>>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "2026-11-26T07:00:00"))]
    pub scheduled_local: Option<NaiveDateTime>,
    pub time_zone: Option<String>,
    /// Without those that a newer version has replaced.
    pub deliveries: DeliveryCounts,
    /// Accounts that were left out of the current version when it went out, by name.
    #[serde(default)]
    pub skipped: Vec<Skipped>,
    /// What was last done about its approval; `null` where nobody ever asked.
    #[serde(default)]
    pub approval: Option<Approval>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Post {
    /// The words and choices of the current version.
    pub fn content(&self) -> Content {
        Content {
            body: self.body.clone(),
            link: self.link.clone(),
            overrides: self.overrides.clone(),
            variations: self.variations.clone(),
            options: self.options.clone(),
        }
    }
}

/// A post to be looked at before it is saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct PostToCheck {
    pub post: NewPost,
    /// The saved post that it would change; it is no duplicate of itself.
    pub content_id: Option<PostId>,
}

/// What there is to say about a post before it is saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckedPost {
    /// What would be refused first, then what is worth a look.
    pub findings: Vec<preflight::Finding>,
    /// What X would charge, where the post goes there.
    pub x_price: Option<preflight::XPrice>,
    /// Whether a platform is just being asked how much its account may still publish: look again in a second.
    pub pending: bool,
}

/// A line of the list of posts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PostSummary {
    pub id: PostId,
    pub title: Option<String>,
    /// One line of at most 140 characters.
    pub excerpt: String,
    pub visibility: Visibility,
    pub status: PostStatus,
    pub author: Person,
    /// The platforms it goes or went to.
    pub platforms: Vec<Platform>,
    pub thumbnail_url: Option<String>,
    pub media_count: u32,
    pub publishes_at: Option<DateTime<Utc>>,
    /// When it goes or went out, also while it waits for approval of that; of a post that does not go out, when it was written.
    /// Ranges of time go by this.
    pub at: DateTime<Utc>,
    /// The wall-clock time of a scheduled post, in `time_zone`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "2026-11-26T07:00:00"))]
    pub scheduled_local: Option<NaiveDateTime>,
    pub time_zone: Option<String>,
    /// From 1.
    pub version: u32,
    pub deliveries: DeliveryCounts,
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    #[test]
    fn an_empty_post_says_what_is_missing() {
        assert_eq!(NewPost::default().check(now()).get("body"), Some("Write something, or add a picture or a link."));
    }

    #[test]
    fn a_post_takes_as_many_media_as_the_widest_platform() {
        let widest = Platform::ALL.into_iter().filter_map(Platform::rules).map(|rules| rules.images_max).max();
        assert_eq!(widest, Some(MAX_MEDIA));
        let with = |n: usize| NewPost {
            media_assets: (0..n).map(|n| MediaId(uuid::Uuid::from_u128(n as u128))).collect(),
            ..NewPost::default()
        };
        assert!(with(35).check(now()).get("media_assets").is_none());
        assert_eq!(with(36).check(now()).get("media_assets"), Some("Add at most 35 pictures."));
    }

    #[test]
    fn a_post_of_the_queue_has_no_time_of_its_own() {
        let queued = NewPost { body: "x".into(), visibility: Visibility::Scheduled, queue: true, ..NewPost::default() };
        assert!(queued.check(now()).is_empty());
        let both = NewPost { scheduled_at: Some(now() + chrono::TimeDelta::days(1)), ..queued.clone() };
        assert!(both.check(now()).get("queue").is_some());
        let at_once = NewPost { visibility: Visibility::Public, ..queued };
        assert!(at_once.check(now()).get("queue").is_some());
    }

    #[rstest]
    #[case("javascript:alert(1)")]
    #[case("https://")]
    #[case("see https://a.example")]
    #[case("ftp://a.example")]
    fn links_that_are_none(#[case] link: &str) {
        let post = NewPost { body: "x".into(), link: Some(link.into()), ..NewPost::default() };
        assert!(post.check(now()).get("link").is_some());
    }

    #[test]
    fn a_link_becomes_text_on_x_and_a_field_elsewhere() {
        let content = Content { body: "Hi".into(), link: Some("https://a.example".into()), ..Content::default() };
        assert_eq!(content.text_for(Platform::Twitter), "Hi\n\nhttps://a.example");
        assert_eq!(content.link_for(Platform::Twitter), None);
        assert_eq!(content.text_for(Platform::Linkedin), "Hi");
        assert_eq!(content.link_for(Platform::Linkedin), Some("https://a.example"));
    }

    #[test]
    fn a_variation_stands_in_the_place_of_the_platforms_text() {
        let account = |n| AccountId(uuid::Uuid::from_u128(n));
        let own = |body: &str| Override { body: body.into() };
        let content = Content {
            body: "All".into(),
            overrides: BTreeMap::from([(Platform::Twitter, own("X"))]),
            variations: BTreeMap::from([(account(2), own("Two"))]),
            ..Content::default()
        };
        let text = |n| content.for_account(Platform::Twitter, account(n)).text_for(Platform::Twitter);
        assert_eq!((text(1), text(2)), ("X".to_owned(), "Two".to_owned()));
    }

    #[test]
    fn options_are_bounded_and_only_where_posts_go() {
        let post = NewPost {
            body: "x".into(),
            options: BTreeMap::from([
                (Platform::GoogleAds, PostOptions::default()),
                (
                    Platform::Facebook,
                    PostOptions {
                        first_comment: Some("a".repeat(MAX_FIRST_COMMENT + 1)),
                        title: Some("a\u{7}".into()),
                        ..PostOptions::default()
                    },
                ),
            ]),
            ..NewPost::default()
        };
        let errors = post.check(now());
        for field in ["options.google_ads", "options.facebook.first_comment", "options.facebook.title"] {
            assert!(errors.get(field).is_some(), "{field}: {errors:?}");
        }
        assert_eq!(post.content().options.len(), 1, "what is as usual is not kept");
    }

    #[test]
    fn only_what_is_private_saves_itself() {
        let post = NewPost { body: "x".into(), autosave: true, ..NewPost::default() };
        assert!(post.check(now()).get("autosave").is_some());
        let kept = NewPost { visibility: Visibility::Private, ..post };
        assert!(kept.check(now()).is_empty());
        let plain = serde_json::to_value(NewPost::default()).unwrap();
        assert!(plain.get("variations").is_none() && plain.get("autosave").is_none(), "old requests hash as before");
    }

    #[test]
    fn a_status_follows_from_its_deliveries() {
        let counts = |success, failed, pending, canceled| DeliveryCounts {
            total: success + failed + pending + canceled,
            success,
            failed,
            pending,
            canceled,
            ..DeliveryCounts::default()
        };
        assert_eq!(PostStatus::from_counts(&counts(0, 0, 0, 2)), PostStatus::Draft);
        assert_eq!(PostStatus::from_counts(&counts(1, 0, 1, 0)), PostStatus::Publishing);
        assert_eq!(PostStatus::from_counts(&counts(2, 0, 0, 1)), PostStatus::Published);
        assert_eq!(PostStatus::from_counts(&counts(1, 1, 0, 0)), PostStatus::PartlyPublished);
        assert_eq!(PostStatus::from_counts(&counts(0, 2, 0, 0)), PostStatus::Failed);
        // What lies with a creator is not public, and may stay there for days.
        let waiting = |success, failed| DeliveryCounts {
            total: success + failed + 1,
            retried: 1,
            waiting_for_creator: 1,
            ..counts(success, failed, 0, 0)
        };
        assert_eq!(PostStatus::from_counts(&waiting(0, 0)), PostStatus::Publishing);
        assert_eq!(PostStatus::from_counts(&waiting(0, 1)), PostStatus::Publishing);
        assert_eq!(PostStatus::from_counts(&waiting(2, 0)), PostStatus::PartlyPublished);
        assert_eq!(PostStatus::from_counts(&waiting(2, 1)), PostStatus::PartlyPublished);
    }
}
