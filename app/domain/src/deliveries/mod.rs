//! One post on its way to one account: states, error classes, and what happens next.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{AccountId, DeliveryAttemptId, DeliveryId, PostId},
    page::PageRequest,
    platform::Platform,
};

mod figures;
mod missed;
mod port;
mod retry;
mod watch;
pub use figures::{DeadLetterReason, DeliveryFigures, FigureStep};
pub use missed::{MissedPolicy, Timeliness};
pub use port::Deliveries;
pub use retry::{Failure, Next, RetryPolicy};
pub use watch::WatchPolicy;

/// Where a delivery stands; the words of seed M.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Due, or in its undo window, or scheduled.
    Pending,
    /// Leased by a worker.
    Publishing,
    /// Waits for its next attempt, or for the platform's next word: see [`Outcome`].
    Retried,
    /// Public at the platform.
    Success,
    /// Refused for good, out of attempts, or waiting for a person's decision.
    Failed,
    Canceled,
}

impl DeliveryStatus {
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Publishing, Self::Retried, Self::Success, Self::Failed, Self::Canceled];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Publishing => "publishing",
            Self::Retried => "retried",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Nothing more happens by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Canceled)
    }
}

impl fmt::Display for DeliveryStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeliveryStatus {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(())
    }
}

/// How far a delivery has come inside `publishing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing sent yet, or media on its way: safe to repeat.
    Staging,
    /// The platform is processing what was staged.
    Waiting,
    /// Everything is staged and saved; the one public call is next or under way.
    Committing,
    /// The one public call has no clear answer; the platform is asked before anything is sent again.
    OutcomeUnknown,
    /// The platform has taken the post and works on it; it is asked until the post is public or refused.
    Processing,
    /// It lies in the creator's inbox at the platform, who finishes it there; the platform is asked from time to time.
    WithCreator,
    Done,
}

impl Stage {
    pub const ALL: [Self; 7] = [
        Self::Staging,
        Self::Waiting,
        Self::Committing,
        Self::OutcomeUnknown,
        Self::Processing,
        Self::WithCreator,
        Self::Done,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Waiting => "waiting",
            Self::Committing => "committing",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Processing => "processing",
            Self::WithCreator => "with_creator",
            Self::Done => "done",
        }
    }

    /// Whether the public call has been made, or may have been: nothing is sent before the platform has been asked.
    pub const fn is_sent(self) -> bool {
        matches!(self, Self::Committing | Self::OutcomeUnknown | Self::Processing | Self::WithCreator)
    }

    /// Whether the platform has the post and its word is awaited.
    pub const fn is_watched(self) -> bool {
        matches!(self, Self::Processing | Self::WithCreator)
    }
}

impl FromStr for Stage {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or(())
    }
}

/// What has become of a delivery at the platform, where that is more than its status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Public.
    Published,
    /// The platform has taken it and works on it; it may yet be refused.
    Processing,
    /// It lies in the creator's inbox, who finishes it there: done as far as it is ours, and not public.
    WaitingForCreator,
    /// Refused, or given up; nothing is public.
    Refused,
    /// Nobody can tell but a person who looks.
    Unknown,
}

impl Outcome {
    pub const ALL: [Self; 5] =
        [Self::Published, Self::Processing, Self::WaitingForCreator, Self::Refused, Self::Unknown];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Processing => "processing",
            Self::WaitingForCreator => "waiting_for_creator",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }

    /// The states it can be in.
    pub const fn statuses(self) -> &'static [DeliveryStatus] {
        match self {
            Self::Published => &[DeliveryStatus::Success],
            Self::Processing | Self::WaitingForCreator => &[DeliveryStatus::Publishing, DeliveryStatus::Retried],
            Self::Refused | Self::Unknown => &[DeliveryStatus::Failed],
        }
    }

    /// The stage it must be in, where one tells it apart.
    pub const fn stage(self) -> Option<Stage> {
        match self {
            Self::Processing => Some(Stage::Processing),
            Self::WaitingForCreator => Some(Stage::WithCreator),
            Self::Published | Self::Refused | Self::Unknown => None,
        }
    }

    /// Whether it must need a person, where that tells it apart.
    pub const fn needs_person(self) -> Option<bool> {
        match self {
            Self::Unknown => Some(true),
            Self::Refused => Some(false),
            Self::Published | Self::Processing | Self::WaitingForCreator => None,
        }
    }

    /// What a row's columns come to; `None` while the platform has said nothing, or was never asked.
    pub const fn of(status: DeliveryStatus, stage: Stage, needs_person: bool) -> Option<Self> {
        match (status, stage) {
            (DeliveryStatus::Success, _) => Some(Self::Published),
            (DeliveryStatus::Failed, _) if needs_person => Some(Self::Unknown),
            (DeliveryStatus::Failed, _) => Some(Self::Refused),
            (DeliveryStatus::Publishing | DeliveryStatus::Retried, Stage::Processing) => Some(Self::Processing),
            (DeliveryStatus::Publishing | DeliveryStatus::Retried, Stage::WithCreator) => Some(Self::WaitingForCreator),
            _ => None,
        }
    }
}

/// What kind of refusal it was; every platform's errors are mapped onto these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Refresh the token and try once more.
    AuthExpired,
    /// Access is gone: stop, disconnect, tell.
    AuthRevoked,
    /// A scope or role is missing.
    Permission,
    /// The content is refused; a person must change it.
    Validation,
    /// The platform has the same post already.
    Duplicate,
    RateLimited,
    /// A daily quota is used up.
    QuotaDaily,
    /// Staged media is not ready yet.
    MediaProcessing,
    MediaInvalid,
    /// Spam or policy: the account is stopped, not only the post.
    Policy,
    /// Paid access ran out.
    Billing,
    Transient,
    /// The public call has no clear answer.
    OutcomeUnknown,
    /// Ours to mend: app settings, a sunset API version.
    Operator,
    /// Its time passed while Arctiv was not running, and it is held for a person ([`MissedPolicy`]).
    Missed,
}

impl ErrorClass {
    pub const ALL: [Self; 15] = [
        Self::AuthExpired,
        Self::AuthRevoked,
        Self::Permission,
        Self::Validation,
        Self::Duplicate,
        Self::RateLimited,
        Self::QuotaDaily,
        Self::MediaProcessing,
        Self::MediaInvalid,
        Self::Policy,
        Self::Billing,
        Self::Transient,
        Self::OutcomeUnknown,
        Self::Operator,
        Self::Missed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthExpired => "auth_expired",
            Self::AuthRevoked => "auth_revoked",
            Self::Permission => "permission",
            Self::Validation => "validation",
            Self::Duplicate => "duplicate",
            Self::RateLimited => "rate_limited",
            Self::QuotaDaily => "quota_daily",
            Self::MediaProcessing => "media_processing",
            Self::MediaInvalid => "media_invalid",
            Self::Policy => "policy",
            Self::Billing => "billing",
            Self::Transient => "transient",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Operator => "operator",
            Self::Missed => "missed",
        }
    }

    /// The class as a heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::AuthExpired => "Access expired",
            Self::AuthRevoked => "Access is gone",
            Self::Permission => "Permission missing",
            Self::Validation => "Post refused",
            Self::Duplicate => "Published before",
            Self::RateLimited => "Too many at once",
            Self::QuotaDaily => "Daily limit used up",
            Self::MediaProcessing => "Media not ready",
            Self::MediaInvalid => "Media refused",
            Self::Policy => "Account restricted",
            Self::Billing => "Paid access used up",
            Self::Transient => "Platform in trouble",
            Self::OutcomeUnknown => "Outcome unknown",
            Self::Operator => "App refused",
            Self::Missed => "Time missed",
        }
    }

    /// What happened, in a sentence that fits any platform; a delivery's own [`Delivery::last_error`] says more.
    pub const fn what_happened(self) -> &'static str {
        match self {
            Self::AuthExpired => "Our access to the account has expired and could not be renewed.",
            Self::AuthRevoked => "The platform no longer accepts our access to the account.",
            Self::Permission => "A permission or a role is missing that publishing needs.",
            Self::Validation => "The platform refused the post as it is.",
            Self::Duplicate => "The platform says that it has this post already.",
            Self::RateLimited => "The platform asked us to slow down for longer than a delivery waits.",
            Self::QuotaDaily => {
                "The platform's daily limit for the account was used up for longer than a delivery waits."
            }
            Self::MediaProcessing => "The platform did not finish processing the media.",
            Self::MediaInvalid => "The platform refused a picture, a video or a document of the post.",
            Self::Policy => "The platform has restricted the account, so nothing more is sent to it.",
            Self::Billing => "The paid access to the platform is used up.",
            Self::Transient => "The platform had trouble at every attempt.",
            Self::OutcomeUnknown => "The platform gave no clear answer and cannot be asked whether the post is there.",
            Self::Operator => "The platform refuses this Arctiv's app itself.",
            Self::Missed => "Its time passed while Arctiv was not running, so it was held instead of sent late.",
        }
    }

    /// What a person can do about it as the delivery stands; `None` where nothing is left to do. Of what may be public
    /// already nobody is told to send it again before they have looked.
    pub const fn advice(self, status: DeliveryStatus, needs_person: bool) -> Option<&'static str> {
        match status {
            DeliveryStatus::Success | DeliveryStatus::Canceled => None,
            DeliveryStatus::Failed if needs_person => Some(LOOK_FIRST),
            DeliveryStatus::Failed => Some(self.advice_once_failed()),
            DeliveryStatus::Pending | DeliveryStatus::Publishing | DeliveryStatus::Retried => {
                Some(self.advice_on_the_way())
            }
        }
    }

    /// It goes on by itself: some classes end before a person could do anything.
    const fn advice_on_the_way(self) -> &'static str {
        match self {
            Self::RateLimited => "Nothing to do: it goes out as soon as the platform allows.",
            Self::QuotaDaily => "Nothing to do: it goes out when the platform's daily limit resets.",
            Self::MediaProcessing => "Nothing to do: the platform is still processing the media.",
            Self::Transient => "Nothing to do: it is tried again by itself.",
            Self::OutcomeUnknown => "Nothing to do: the platform is asked before anything is sent again.",
            other => other.advice_once_failed(),
        }
    }

    /// It was given up, or is held: nothing more happens by itself.
    const fn advice_once_failed(self) -> &'static str {
        match self {
            Self::AuthExpired | Self::AuthRevoked => "Reconnect the account, then retry.",
            Self::Permission => {
                "Reconnect the account and allow publishing, or ask for the missing role on the platform."
            }
            Self::Validation => "Change the post, then retry.",
            Self::Duplicate => "The platform already has this text. Change it if it should go out again.",
            Self::RateLimited => "It was given up. Retry in a while, with fewer posts at once.",
            Self::QuotaDaily => "It was given up. Retry when the platform's daily limit has reset.",
            Self::MediaProcessing => "It was given up. Retry, or replace the media if that happens again.",
            Self::MediaInvalid => "Replace the media with what the platform accepts, then retry.",
            Self::Policy => "Open the platform, resolve what it asks for, reconnect the account here, then retry.",
            Self::Billing => "The platform's paid access has run out. Ask whoever runs this Arctiv.",
            Self::Transient => "The platform had trouble. Retry when it has recovered.",
            Self::OutcomeUnknown => LOOK_FIRST,
            Self::Operator => "This needs whoever runs this Arctiv: the platform refuses the app itself.",
            Self::Missed => "Retry to send it now, or change the post and its time.",
        }
    }
}

/// For what may be public already, whatever it ended with.
const LOOK_FIRST: &str =
    "Look at the account on the platform first: if the post is there, mark it as published, otherwise retry.";

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Outcome {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text).ok_or(())
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorClass {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|class| class.as_str() == text).ok_or(())
    }
}

/// How the first comment below a post stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CommentStatus {
    /// Waits to be written, for the first time or once more.
    Pending,
    /// Being written at this moment.
    Writing,
    Written,
    /// Refused for certain, or given up.
    Failed,
    /// The platform gave no clear answer: a person has to look.
    Unclear,
}

impl CommentStatus {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Writing, Self::Written, Self::Failed, Self::Unclear];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Writing => "writing",
            Self::Written => "written",
            Self::Failed => "failed",
            Self::Unclear => "unclear",
        }
    }
}

impl FromStr for CommentStatus {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(())
    }
}

/// The first comment below a post. It has no bearing on whether the post is out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FirstComment {
    pub text: String,
    pub status: CommentStatus,
    /// In plain words: what happened.
    pub error: Option<String>,
    /// The platform's id of it.
    pub external_id: Option<String>,
}

/// One post on its way to one account, as people and programs see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    pub id: DeliveryId,
    /// The post.
    pub content_id: PostId,
    /// The post's version that it carries, from 1.
    pub version: u32,
    /// The first words of the post, or its title.
    pub content_excerpt: String,
    pub social_account_id: AccountId,
    pub account_name: String,
    pub platform: Platform,
    pub status: DeliveryStatus,
    pub stage: Stage,
    /// What has become of it at the platform; `None` while that has said nothing.
    pub outcome: Option<Outcome>,
    /// Attempts used so far; waiting for a quota uses up none.
    pub attempts: u32,
    pub max_attempts: u32,
    /// In plain words: what happened.
    pub last_error: Option<String>,
    pub error_class: Option<ErrorClass>,
    /// In plain words: what to do.
    pub advice: Option<String>,
    /// Whether only a person can tell how it went.
    pub needs_person: bool,
    pub external_post_id: Option<String>,
    pub external_url: Option<String>,
    /// Once the post is out, where one is to be written.
    #[serde(default)]
    pub first_comment: Option<FirstComment>,
    /// When it goes out or is tried next; `None` once final.
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub published_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// One try: what was called and what came back, without secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryAttempt {
    pub id: DeliveryAttemptId,
    pub number: u32,
    pub stage: Stage,
    /// `success`, or the class of the error.
    pub outcome: String,
    pub message: Option<String>,
    pub http_status: Option<u16>,
    /// The platform's own error code.
    pub platform_code: Option<String>,
    /// Requests and answers with tokens masked.
    pub trace: serde_json::Value,
    pub started_at: DateTime<Utc>,
    pub duration_ms: u32,
}

/// Some states, each once; none named means any. Written with commas: `pending,publishing`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Statuses(Vec<DeliveryStatus>);

impl Statuses {
    /// Whether every state will do.
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_slice(&self) -> &[DeliveryStatus] {
        &self.0
    }
}

impl FromIterator<DeliveryStatus> for Statuses {
    fn from_iter<I: IntoIterator<Item = DeliveryStatus>>(statuses: I) -> Self {
        let mut named: Vec<DeliveryStatus> = Vec::new();
        for status in statuses {
            if !named.contains(&status) {
                named.push(status);
            }
        }
        Self(named)
    }
}

impl From<DeliveryStatus> for Statuses {
    fn from(status: DeliveryStatus) -> Self {
        Self(vec![status])
    }
}

impl From<Option<DeliveryStatus>> for Statuses {
    fn from(status: Option<DeliveryStatus>) -> Self {
        status.into_iter().collect()
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, status) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            f.write_str(status.as_str())?;
        }
        Ok(())
    }
}

/// A word that is no state of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoStatus;

impl fmt::Display for NoStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status is one or more, with commas between them, of ")?;
        let all: Statuses = DeliveryStatus::ALL.into_iter().collect();
        f.write_str(&all.to_string().replace(',', ", "))
    }
}

impl std::error::Error for NoStatus {}

impl FromStr for Statuses {
    type Err = NoStatus;
    fn from_str(text: &str) -> Result<Self, NoStatus> {
        text.split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(|word| word.parse().map_err(|()| NoStatus))
            .collect()
    }
}

impl Serialize for Statuses {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The longest search, characters.
pub const MAX_SEARCH: usize = 100;

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeliveryFilter {
    pub content_id: Option<PostId>,
    pub status: Statuses,
    /// Part of the post's text or title, the account's name or handle, the error, or the platform's id of the post; at
    /// most [`MAX_SEARCH`] characters.
    pub q: Option<String>,
    pub platform: Option<Platform>,
    pub social_account_id: Option<AccountId>,
    /// For this reason: the dead letters of one kind.
    pub error_class: Option<ErrorClass>,
    /// Of which the platform says this.
    pub outcome: Option<Outcome>,
    #[serde(flatten)]
    pub page: PageRequest,
}

/// How many deliveries stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryCounts {
    pub total: u32,
    pub pending: u32,
    pub publishing: u32,
    pub retried: u32,
    pub success: u32,
    pub failed: u32,
    pub canceled: u32,
    /// Of those publishing or retried: taken by the platform, which works on them.
    #[serde(default)]
    pub processing: u32,
    /// Of those publishing or retried: with the creator, who finishes them at the platform.
    #[serde(default)]
    pub waiting_for_creator: u32,
}

impl DeliveryCounts {
    /// Counts `n` more.
    pub fn add(&mut self, status: DeliveryStatus, n: u32) {
        self.total += n;
        match status {
            DeliveryStatus::Pending => self.pending += n,
            DeliveryStatus::Publishing => self.publishing += n,
            DeliveryStatus::Retried => self.retried += n,
            DeliveryStatus::Success => self.success += n,
            DeliveryStatus::Failed => self.failed += n,
            DeliveryStatus::Canceled => self.canceled += n,
        }
    }

    /// Says of `n` that are counted what the platform has said of them.
    pub fn note(&mut self, outcome: Option<Outcome>, n: u32) {
        match outcome {
            Some(Outcome::Processing) => self.processing += n,
            Some(Outcome::WaitingForCreator) => self.waiting_for_creator += n,
            Some(Outcome::Published | Outcome::Refused | Outcome::Unknown) | None => {}
        }
    }

    /// Those that are not final, and not with their creators: something still happens by itself, and soon.
    pub const fn on_their_way(&self) -> u32 {
        (self.pending + self.publishing + self.retried).saturating_sub(self.waiting_for_creator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_become_of_it_follows_from_status_and_stage() {
        use DeliveryStatus::{Canceled, Failed, Pending, Publishing, Retried, Success};
        for (status, stage, needs_person, expected) in [
            (Success, Stage::Done, false, Some(Outcome::Published)),
            (Failed, Stage::Staging, false, Some(Outcome::Refused)),
            (Failed, Stage::OutcomeUnknown, true, Some(Outcome::Unknown)),
            (Retried, Stage::Processing, false, Some(Outcome::Processing)),
            (Publishing, Stage::WithCreator, false, Some(Outcome::WaitingForCreator)),
            (Retried, Stage::OutcomeUnknown, false, None),
            (Pending, Stage::Staging, false, None),
            (Canceled, Stage::WithCreator, false, None),
        ] {
            let outcome = Outcome::of(status, stage, needs_person);
            assert_eq!(outcome, expected, "{status} {stage:?}");
            // The filter finds what the row shows.
            if let Some(outcome) = outcome {
                assert!(outcome.statuses().contains(&status), "{outcome}");
                assert!(outcome.stage().is_none_or(|wanted| wanted == stage), "{outcome}");
                assert!(outcome.needs_person().is_none_or(|wanted| wanted == needs_person), "{outcome}");
            }
        }
    }

    #[test]
    fn words_survive_storage() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(stage));
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.as_str());
        }
        for class in ErrorClass::ALL {
            assert_eq!(class.as_str().parse(), Ok(class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        }
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }

    #[test]
    fn each_reason_has_a_heading_a_sentence_and_advice_of_its_own() {
        let mut said: Vec<&str> = Vec::new();
        for class in ErrorClass::ALL {
            let advice = class.advice(DeliveryStatus::Failed, false).unwrap();
            assert!(class.what_happened().ends_with('.') && advice.ends_with('.'), "{class}");
            said.extend([class.title(), class.what_happened()]);
        }
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), ErrorClass::ALL.len() * 2, "two reasons share their words");
    }

    #[test]
    fn nobody_is_told_to_retry_what_may_be_public() {
        use DeliveryStatus::{Canceled, Failed, Pending, Publishing, Retried, Success};
        for class in ErrorClass::ALL {
            let in_doubt = class.advice(Failed, true).unwrap();
            assert!(in_doubt.starts_with("Look at the account on the platform first"), "{class}: {in_doubt}");
            assert!(in_doubt.contains("mark it as published, otherwise retry"), "{class}: {in_doubt}");
            // What has been given up does not go out by itself.
            let failed = class.advice(Failed, false).unwrap();
            assert!(!failed.contains("Nothing to do") && !failed.contains("it goes out"), "{class}: {failed}");
            for status in [Success, Canceled] {
                assert_eq!([class.advice(status, false), class.advice(status, true)], [None, None], "{class} {status}");
            }
        }
        for (class, status, words) in [
            (ErrorClass::RateLimited, Retried, "Nothing to do: it goes out as soon as the platform allows."),
            (ErrorClass::QuotaDaily, Pending, "Nothing to do: it goes out when the platform's daily limit resets."),
            (ErrorClass::MediaProcessing, Retried, "Nothing to do: the platform is still processing the media."),
            (
                ErrorClass::OutcomeUnknown,
                Publishing,
                "Nothing to do: the platform is asked before anything is sent again.",
            ),
            (ErrorClass::Transient, Retried, "Nothing to do: it is tried again by itself."),
            (ErrorClass::AuthRevoked, Failed, "Reconnect the account, then retry."),
            (ErrorClass::RateLimited, Failed, "It was given up. Retry in a while, with fewer posts at once."),
            (ErrorClass::QuotaDaily, Failed, "It was given up. Retry when the platform's daily limit has reset."),
            (
                ErrorClass::MediaProcessing,
                Failed,
                "It was given up. Retry, or replace the media if that happens again.",
            ),
        ] {
            assert_eq!(class.advice(status, false), Some(words), "{class} {status}");
        }
        assert_eq!(ErrorClass::OutcomeUnknown.advice(Failed, false), ErrorClass::Validation.advice(Failed, true));
    }

    #[test]
    fn what_lies_with_a_creator_is_not_on_its_way() {
        let mut counts = DeliveryCounts::default();
        for (status, stage) in [
            (DeliveryStatus::Retried, Stage::WithCreator),
            (DeliveryStatus::Retried, Stage::Processing),
            (DeliveryStatus::Success, Stage::Done),
        ] {
            counts.add(status, 1);
            counts.note(Outcome::of(status, stage, false), 1);
        }
        assert_eq!((counts.total, counts.retried, counts.processing, counts.waiting_for_creator), (3, 2, 1, 1));
        assert_eq!(counts.on_their_way(), 1);
    }

    #[test]
    fn several_states_in_one_word() {
        let some: Statuses = "pending, publishing,pending,".parse().unwrap();
        assert_eq!(some.as_slice(), [DeliveryStatus::Pending, DeliveryStatus::Publishing]);
        assert_eq!(some.to_string(), "pending,publishing");
        assert_eq!(serde_json::to_value(&some).unwrap(), "pending,publishing");
        assert_eq!(serde_json::from_str::<Statuses>("\"\"").unwrap(), Statuses::default());
        assert!(Statuses::default().is_any() && !some.is_any());
        let refused = "pending,done".parse::<Statuses>().unwrap_err().to_string();
        assert!(refused.contains("pending, publishing, retried"), "{refused}");
    }
}
