//! One post on its way to one account: states, error classes, and what happens next.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{AccountId, DeliveryAttemptId, DeliveryId, PostId},
    page::PageRequest,
    platform::Platform,
};

mod port;
mod retry;
pub use port::Deliveries;
pub use retry::{Failure, Next, RetryPolicy};

/// Where a delivery stands; the words of seed M.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Due, or in its undo window, or scheduled.
    Pending,
    /// Leased by a worker.
    Publishing,
    /// Waits for its next attempt.
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
    Done,
}

impl Stage {
    pub const ALL: [Self; 5] = [Self::Staging, Self::Waiting, Self::Committing, Self::OutcomeUnknown, Self::Done];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Waiting => "waiting",
            Self::Committing => "committing",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Done => "done",
        }
    }
}

impl FromStr for Stage {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or(())
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
}

impl ErrorClass {
    pub const ALL: [Self; 14] = [
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
        }
    }

    /// What a person can do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::AuthExpired | Self::AuthRevoked => "Reconnect the account, then retry.",
            Self::Permission => {
                "Reconnect the account and allow publishing, or ask for the missing role on the platform."
            }
            Self::Validation => "Change the post, then retry.",
            Self::Duplicate => "The platform already has this text. Change it if it should go out again.",
            Self::RateLimited => "Nothing to do: it goes out as soon as the platform allows.",
            Self::QuotaDaily => "Nothing to do: it goes out when the platform's daily limit resets.",
            Self::MediaProcessing => "Nothing to do: the platform is still processing the media.",
            Self::MediaInvalid => "Replace the picture with one the platform accepts, then retry.",
            Self::Policy => "Open the platform, resolve what it asks for, then retry.",
            Self::Billing => "The platform's paid access has run out. Ask whoever runs this Arctiv.",
            Self::Transient => "The platform had trouble. Retry when it has recovered.",
            Self::OutcomeUnknown => "Look at the account: if the post is there, mark it as published, otherwise retry.",
            Self::Operator => "This needs whoever runs this Arctiv: the platform refuses the app itself.",
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
