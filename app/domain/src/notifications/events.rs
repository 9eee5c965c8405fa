//! What people are told of, who is told, and how each of them chooses.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    error::FieldErrors,
    ids::{AccountId, PostId, UserId, WebhookId, WorkspaceId},
    platform::Platform,
    workspaces::Role,
};

/// Where links that end letters lead.
pub const UNSUBSCRIBE_PAGE: &str = "/unsubscribe";

/// Of more things than this at once a letter gives the number.
pub const TOLD_AT_ONCE: usize = 10;

/// An event's word was not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no event that letters tell of")]
pub struct UnknownEvent;

/// What letters tell of. Words stay as they are: they stand in the database and in links of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotificationEvent {
    /// A post ended, and not every account has it.
    PostFailed,
    /// Somebody asks for approval of a post.
    ApprovalRequested,
    /// To the author of a post that was approved, or given back with a note.
    PostDecided,
    /// Access to an account is gone, or cannot be renewed.
    ConnectionLost,
    /// Access to an account will end, and only a person can renew it.
    ConnectionExpiring,
    /// Somebody has accepted an invitation.
    MemberJoined,
    /// To the person whose role it is.
    RoleChanged,
    /// A webhook was switched off because nobody answers there.
    WebhookDisabled,
}

impl NotificationEvent {
    /// As people read them.
    pub const ALL: [Self; 8] = [
        Self::PostFailed,
        Self::ApprovalRequested,
        Self::PostDecided,
        Self::ConnectionLost,
        Self::ConnectionExpiring,
        Self::MemberJoined,
        Self::RoleChanged,
        Self::WebhookDisabled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PostFailed => "post_failed",
            Self::ApprovalRequested => "approval_requested",
            Self::PostDecided => "post_decided",
            Self::ConnectionLost => "connection_lost",
            Self::ConnectionExpiring => "connection_expiring",
            Self::MemberJoined => "member_joined",
            Self::RoleChanged => "role_changed",
            Self::WebhookDisabled => "webhook_disabled",
        }
    }

    /// What it is called.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PostFailed => "A post was not published",
            Self::ApprovalRequested => "A post waits for approval",
            Self::PostDecided => "Your post was approved or rejected",
            Self::ConnectionLost => "An account must be reconnected",
            Self::ConnectionExpiring => "Access to an account will end",
            Self::MemberJoined => "Somebody joins the team",
            Self::RoleChanged => "Your role changes",
            Self::WebhookDisabled => "A webhook was switched off",
        }
    }

    /// When a letter comes, and to whom.
    pub const fn words(self) -> &'static str {
        match self {
            Self::PostFailed => {
                "When a post has ended and an account does not have it, or only a person can tell. For its author and admins."
            }
            Self::ApprovalRequested => "When somebody asks for approval of a post. For the other editors and admins.",
            Self::PostDecided => "When somebody else has decided on a post of yours.",
            Self::ConnectionLost => {
                "When a network has ended access to an account or taken a permission back, or access cannot be renewed. For whoever connected it and admins."
            }
            Self::ConnectionExpiring => {
                "Ten days before access ends that only a person can renew. For whoever connected the account and admins."
            }
            Self::MemberJoined => "When somebody accepts an invitation. For admins.",
            Self::RoleChanged => "When an admin gives you another role here.",
            Self::WebhookDisabled => "When the address of a webhook has not answered for days. For admins.",
        }
    }

    /// Whether somebody with this role can get such a letter.
    pub fn concerns(self, role: Role) -> bool {
        match self {
            Self::PostFailed | Self::ConnectionLost | Self::ConnectionExpiring | Self::RoleChanged => true,
            Self::PostDecided => role >= Role::Member,
            Self::ApprovalRequested => role >= Role::Editor,
            Self::MemberJoined | Self::WebhookDisabled => role >= Role::Admin,
        }
    }

    /// How long a letter waits for more of the same: an outage that hits fifty accounts is one letter, not fifty.
    pub fn gathered_for(self) -> Duration {
        match self {
            Self::PostFailed | Self::ApprovalRequested => Duration::minutes(1),
            Self::ConnectionLost => Duration::minutes(2),
            Self::PostDecided
            | Self::ConnectionExpiring
            | Self::MemberJoined
            | Self::RoleChanged
            | Self::WebhookDisabled => Duration::zero(),
        }
    }
}

impl fmt::Display for NotificationEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for NotificationEvent {
    type Err = UnknownEvent;
    fn from_str(text: &str) -> Result<Self, UnknownEvent> {
        Self::ALL.into_iter().find(|event| event.as_str() == text).ok_or(UnknownEvent)
    }
}

/// Whether somebody gets letters about an event, in the present workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotificationPreference {
    pub event: NotificationEvent,
    /// On unless it was switched off.
    pub email: bool,
}

/// What is to change; events that are left out stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PreferencesPatch {
    /// By event: whether a letter is to come.
    pub email: BTreeMap<NotificationEvent, bool>,
}

impl PreferencesPatch {
    /// What is wrong, field by field; empty when all is well.
    pub fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.email.is_empty() {
            errors.add("email", "Name at least one event");
        }
        errors
    }
}

/// Whom a link at the end of a letter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    pub user: UserId,
    pub workspace: WorkspaceId,
}

/// What such a link switches off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub event: NotificationEvent,
    /// The workspace's name.
    pub workspace: String,
    /// Whether such letters still come.
    pub subscribed: bool,
}

/// What happened, as a letter says it. Kept in the database until it is sent, so variants are never renamed, only added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happened {
    /// The first [`TOLD_AT_ONCE`], and how many more.
    PostsFailed {
        posts: Vec<FailedPost>,
        more: u32,
    },
    ApprovalsRequested {
        posts: Vec<WaitingPost>,
        more: u32,
    },
    PostsDecided {
        posts: Vec<DecidedPost>,
        more: u32,
    },
    ConnectionsLost {
        accounts: Vec<LostAccount>,
        more: u32,
    },
    ConnectionsExpiring {
        accounts: Vec<EndingAccount>,
        more: u32,
    },
    MembersJoined {
        members: Vec<JoinedMember>,
        more: u32,
    },
    RoleChanged {
        role: Role,
    },
    WebhooksDisabled {
        webhooks: Vec<StoppedWebhook>,
    },
}

impl Happened {
    /// What it is switched off by.
    pub const fn event(&self) -> NotificationEvent {
        match self {
            Self::PostsFailed { .. } => NotificationEvent::PostFailed,
            Self::ApprovalsRequested { .. } => NotificationEvent::ApprovalRequested,
            Self::PostsDecided { .. } => NotificationEvent::PostDecided,
            Self::ConnectionsLost { .. } => NotificationEvent::ConnectionLost,
            Self::ConnectionsExpiring { .. } => NotificationEvent::ConnectionExpiring,
            Self::MembersJoined { .. } => NotificationEvent::MemberJoined,
            Self::RoleChanged { .. } => NotificationEvent::RoleChanged,
            Self::WebhooksDisabled { .. } => NotificationEvent::WebhookDisabled,
        }
    }
}

/// A post that not every account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedPost {
    pub id: PostId,
    /// Its title, or how it begins.
    pub title: String,
    /// How many accounts have it.
    pub published: u32,
    /// Those that do not; none when there was no account left to send it to.
    pub accounts: Vec<FailedAccount>,
}

/// A post that waits for approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingPost {
    pub id: PostId,
    /// Its title, or how it begins.
    pub title: String,
    /// Who asked.
    pub asked_by: String,
}

/// A post on which somebody has decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedPost {
    pub id: PostId,
    /// Its title, or how it begins.
    pub title: String,
    /// Who decided.
    pub by: String,
    /// Why it was rejected; `None` when it was approved.
    pub note: Option<String>,
}

/// An account that does not have a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedAccount {
    pub name: String,
    pub platform: Platform,
    pub reason: String,
    /// Only a person can tell whether it has the post.
    pub needs_person: bool,
}

/// An account that must be reconnected, or should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostAccount {
    pub id: AccountId,
    pub name: String,
    pub platform: Platform,
    pub reason: String,
    /// Access is there, and not for everything.
    #[serde(default)]
    pub limited: bool,
}

/// An account to which access will end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndingAccount {
    pub id: AccountId,
    pub name: String,
    pub platform: Platform,
    pub ends_at: DateTime<Utc>,
}

/// Somebody new on the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinedMember {
    pub name: String,
    pub role: Role,
}

/// A webhook that nobody answers at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedWebhook {
    pub id: WebhookId,
    pub url: String,
    /// The address itself said that it is gone for good (410).
    pub gone: bool,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_unique_and_read_back() {
        let words: BTreeSet<&str> = NotificationEvent::ALL.iter().map(|event| event.as_str()).collect();
        assert_eq!(words.len(), NotificationEvent::ALL.len());
        for event in NotificationEvent::ALL {
            assert_eq!(event.as_str().parse(), Ok(event));
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
            assert!(event.words().ends_with('.') && !event.label().ends_with('.'), "{event}");
            assert!(event.concerns(Role::Admin), "{event}");
        }
    }

    #[test]
    fn a_change_names_events_that_exist() {
        let patch: PreferencesPatch = serde_json::from_str(r#"{"email":{"post_failed":false}}"#).unwrap();
        assert_eq!(patch.email, BTreeMap::from([(NotificationEvent::PostFailed, false)]));
        assert!(patch.check().is_empty());
        assert!(PreferencesPatch::default().check().get("email").is_some());
        for wrong in [r#"{"email":{"tea":false}}"#, r#"{"email":{"post_failed":"no"}}"#, r#"{"sms":{}}"#] {
            assert!(serde_json::from_str::<PreferencesPatch>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_as_an_event_is_one_or_refused(text in "[a-z_]{0,24}") {
            if let Ok(event) = text.parse::<NotificationEvent>() {
                prop_assert_eq!(event.as_str(), text);
            }
        }
    }
}
