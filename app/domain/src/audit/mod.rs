//! The record of who changed what: actions, events, filters.

mod port;

use std::{fmt, str::FromStr};

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

pub use port::Audit;

use crate::{
    ids::{SessionId, UserId},
    page::PageRequest,
};

/// An action's word was not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an action that is recorded")]
pub struct UnknownAction;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $says:literal;)+) => {
        /// What is recorded. Words stay as they are, since they stand in chains of hashes; new ones may come.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)+
        }

        impl Action {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// `noun.done`, as the database and programs know it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// For people: what somebody did, to be read behind a name.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $says,)+ }
            }
        }

        impl FromStr for Action {
            type Err = UnknownAction;
            fn from_str(text: &str) -> Result<Self, UnknownAction> {
                match text { $($word => Ok(Self::$name),)+ _ => Err(UnknownAction) }
            }
        }
    };
}

actions! {
    WorkspaceCreated = "workspace.created", "created the workspace";
    /// By somebody who was signed in elsewhere.
    WorkspaceEntered = "workspace.entered", "came from another workspace";
    WorkspaceChanged = "workspace.changed", "changed the workspace’s settings";
    SessionOpened = "session.opened", "signed in";
    SessionClosed = "session.closed", "signed out";
    /// A known email with a wrong password, or of a disabled account.
    SessionRefused = "session.refused", "failed to sign in";
    /// By its owner, from another browser or the same.
    SessionRevoked = "session.revoked", "ended a session";
    SessionOthersRevoked = "session.others_revoked", "ended all their other sessions";
    UserEmailConfirmed = "user.email_confirmed", "confirmed an email address";
    UserConfirmationResent = "user.confirmation_resent", "asked for the confirmation email again";
    UserEmailChangeRequested = "user.email_change_requested", "asked for another email address";
    UserPasswordChanged = "user.password_changed", "changed their password";
    /// By the link for a forgotten one.
    UserPasswordReset = "user.password_reset", "replaced a forgotten password";
    UserTwoStepBegun = "user.two_step_begun", "started to set up two-step sign-in";
    UserTwoStepEnabled = "user.two_step_enabled", "switched on two-step sign-in";
    UserTwoStepDisabled = "user.two_step_disabled", "switched off two-step sign-in";
    UserRecoveryCodesRenewed = "user.recovery_codes_renewed", "made new recovery codes";
    UserRecoveryCodeUsed = "user.recovery_code_used", "signed in with a recovery code";
    PasskeyAdded = "passkey.added", "added a passkey";
    PasskeyRenamed = "passkey.renamed", "renamed a passkey";
    PasskeyRemoved = "passkey.removed", "removed a passkey";
    UserDataRequested = "user.data_requested", "asked for their own data";
    /// By themselves; who it was, nobody can say any more.
    UserDeleted = "user.deleted", "deleted their account";
    UserProfileChanged = "user.profile_changed", "changed their profile";
    UserProviderLinked = "user.provider_linked", "linked a sign-in provider";
    InvitationSent = "invitation.sent", "invited somebody";
    InvitationResent = "invitation.resent", "sent an invitation again";
    InvitationRevoked = "invitation.revoked", "withdrew an invitation";
    InvitationAccepted = "invitation.accepted", "accepted an invitation";
    InvitationDeclined = "invitation.declined", "declined an invitation";
    MemberChanged = "member.changed", "changed a member";
    /// By an admin, or by themselves.
    MemberRemoved = "member.removed", "removed a member";
    ApiKeyCreated = "api_key.created", "made an API key";
    ApiKeyRevoked = "api_key.revoked", "revoked an API key";
    /// By themselves, on their page or by the link in a letter.
    NotificationsChanged = "notification.preferences_changed", "changed which letters they get";
    WebhookAdded = "webhook.added", "added a webhook";
    WebhookChanged = "webhook.changed", "changed a webhook";
    WebhookSecretRenewed = "webhook.secret_renewed", "gave a webhook a new secret";
    WebhookRemoved = "webhook.removed", "removed a webhook";
    WebhookTested = "webhook.tested", "sent a test to a webhook";
    WebhookResent = "webhook.resent", "sent an event to a webhook again";
    /// Nobody answers there.
    WebhookStopped = "webhook.stopped", "stopped calling a webhook";
    AccountAuthorizationStarted = "account.authorization_started", "started to connect an account";
    AccountAuthorizationFailed = "account.authorization_failed", "failed to connect an account";
    /// For the first time, or again.
    AccountConnected = "account.connected", "connected an account";
    AccountActivated = "account.activated", "switched an account on";
    AccountPaused = "account.paused", "switched an account off";
    AccountRefreshRequested = "account.refresh_requested", "asked for an account’s access to be renewed";
    AccountUnlinked = "account.unlinked", "unlinked an account";
    /// The platform ended the access, or it ran out.
    AccountLost = "account.lost", "lost access to an account";
    /// A person has taken single permissions back at the platform, or given them again.
    AccountPermissionsChanged = "account.permissions_changed", "found an account with other permissions";
    PostCreated = "post.created", "wrote a post";
    PostChanged = "post.changed", "changed a post";
    PostTakenBack = "post.taken_back", "took a post back";
    PostDeleted = "post.deleted", "deleted a post";
    PostApprovalRequested = "post.approval_requested", "asked for approval of a post";
    PostApprovalWithdrawn = "post.approval_withdrawn", "withdrew a post from approval";
    PostApproved = "post.approved", "approved a post";
    PostRejected = "post.rejected", "rejected a post";
    /// Every account has it.
    PostPublished = "post.published", "published a post";
    PostPartlyPublished = "post.partly_published", "published a post in part";
    PostFailed = "post.failed", "could not publish a post";
    QueueSlotAdded = "queue_slot.added", "added a slot to the queue";
    QueueSlotRemoved = "queue_slot.removed", "removed a slot from the queue";
    DeliveryRetried = "delivery.retried", "retried a delivery";
    DeliveriesRetried = "delivery.all_retried", "retried failed deliveries";
    DeliveryCanceled = "delivery.canceled", "cancelled a delivery";
    DeliveryCommentRetried = "delivery.comment_retried", "retried a first comment";
    DeliveryMarkedPublished = "delivery.marked_published", "marked a delivery as published";
    MediaUploaded = "media.uploaded", "added a file to the library";
    MediaDescribed = "media.described", "changed a file’s alt text or tags";
    MediaPosterChanged = "media.poster_changed", "gave a video another poster";
    MediaDeleted = "media.deleted", "removed a file from the library";
    MediaRestored = "media.restored", "brought a removed file back";
}

impl Action {
    /// What kind of thing it was done to.
    pub fn noun(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How whoever acted came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditVia {
    /// A signed-in browser.
    Session,
    /// A program with a key of the workspace.
    ApiKey,
    /// Somebody at the door, before there is a session.
    SignIn,
    /// Arctiv itself.
    System,
}

impl AuditVia {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::ApiKey => "api_key",
            Self::SignIn => "sign_in",
            Self::System => "system",
        }
    }
}

impl FromStr for AuditVia {
    type Err = UnknownAction;
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        [Self::Session, Self::ApiKey, Self::SignIn, Self::System]
            .into_iter()
            .find(|via| via.as_str() == text)
            .ok_or(UnknownAction)
    }
}

/// Somebody who stands in the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPerson {
    pub id: UserId,
    /// `null` when they have deleted their data since.
    pub name: Option<String>,
    pub email: Option<String>,
}

/// What it was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditSubject {
    /// Such as `account` or `post`.
    pub kind: String,
    pub id: Option<Uuid>,
    /// As it was called at that time.
    pub name: Option<String>,
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEvent {
    /// Its number in the workspace's chain, from 1, in the order in which things took effect.
    pub seq: i64,
    pub at: DateTime<Utc>,
    /// Such as `post.created`.
    pub action: String,
    /// Who; `null` when nobody did.
    pub actor: Option<AuditPerson>,
    pub via: AuditVia,
    pub session_id: Option<SessionId>,
    pub api_key_id: Option<Uuid>,
    /// What the key is called.
    pub api_key_name: Option<String>,
    pub request_id: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub subject: AuditSubject,
    /// What changed, as it was. Never a secret.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub before: Option<Value>,
    /// What changed, as it is since.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub after: Option<Value>,
    /// SHA-256 over the event and the hash of the one before, hex.
    pub hash: String,
}

impl AuditEvent {
    /// What was done, in words; an action of a newer version of the program by its word.
    pub fn label(&self) -> &str {
        self.action.parse::<Action>().map_or(self.action.as_str(), |action| action.label())
    }
}

/// An action (`post.created`) or all of a kind (`post`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionFilter {
    One(Action),
    Kind(&'static str),
}

impl ActionFilter {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One(action) => action.as_str(),
            Self::Kind(noun) => noun,
        }
    }
}

impl FromStr for ActionFilter {
    type Err = UnknownAction;
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        text.parse().map(Self::One).or_else(|_| {
            let noun = Action::ALL.iter().map(|action| action.noun()).find(|noun| *noun == text);
            noun.map(Self::Kind).ok_or(UnknownAction)
        })
    }
}

impl Serialize for ActionFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ActionFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| serde::de::Error::custom("this is not an action that is recorded, such as post.created"))
    }
}

/// A moment in a filter: a time as RFC 3339 has it, or a day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Time(DateTime<Utc>),
    Day(NaiveDate),
}

impl Moment {
    /// Where it begins.
    pub fn begins(self) -> DateTime<Utc> {
        match self {
            Self::Time(at) => at,
            Self::Day(day) => day.and_time(chrono::NaiveTime::MIN).and_utc(),
        }
    }

    /// Where it ends; what is at this moment lies behind it.
    pub fn ends(self) -> DateTime<Utc> {
        match self {
            Self::Time(at) => at,
            Self::Day(day) => {
                day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(chrono::NaiveTime::MIN).and_utc()
            }
        }
    }
}

impl FromStr for Moment {
    type Err = chrono::ParseError;
    fn from_str(text: &str) -> Result<Self, chrono::ParseError> {
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Ok(Self::Day(day));
        }
        DateTime::parse_from_rfc3339(text).map(|at| Self::Time(at.to_utc()))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(at) => f.write_str(&at.to_rfc3339()),
            Self::Day(day) => day.fmt(f),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment: Option<Self> = text.parse().ok();
        // Within what the database can hold.
        moment
            .filter(|moment| (1..=9998).contains(&chrono::Datelike::year(&moment.begins())))
            .ok_or_else(|| serde::de::Error::custom("give a day (2026-11-27) or a time (2026-11-27T09:30:00Z)"))
    }
}

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// Done by this person.
    pub actor: Option<UserId>,
    pub action: Option<ActionFilter>,
    /// Done to this thing.
    pub subject: Option<Uuid>,
    pub from: Option<Moment>,
    /// Up to here; a day counts to its end.
    pub to: Option<Moment>,
    #[serde(flatten)]
    pub page: PageRequest,
}

/// How a workspace's chain stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Standing {
    /// Every hash was right, and nothing is missing.
    pub intact: bool,
    /// Events that were looked at.
    pub events: i64,
    /// The first number that is kept; those before have outlived their keeping time.
    pub first: i64,
    /// The last number given.
    pub last: i64,
    /// Where and how the chain is broken, in a sentence.
    pub broken: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_unique_and_read_back() {
        let words: BTreeSet<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(words.len(), Action::ALL.len());
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
            let (noun, done) = action.as_str().split_once('.').unwrap();
            let sound = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(sound(noun) && sound(done) && action.as_str().len() <= 60, "{action}");
            assert_eq!(action.noun().parse(), Ok(ActionFilter::Kind(action.noun())));
        }
    }

    #[test]
    fn a_day_counts_to_its_end() {
        let day: Moment = "2026-11-27".parse().unwrap();
        assert_eq!(day.begins().to_rfc3339(), "2026-11-27T00:00:00+00:00");
        assert_eq!(day.ends().to_rfc3339(), "2026-11-28T00:00:00+00:00");
        let time: Moment = "2026-11-27T10:30:00+01:00".parse().unwrap();
        assert_eq!((time.begins(), time.ends()), (time.begins(), time.begins()));
        assert_eq!(time.begins().to_rfc3339(), "2026-11-27T09:30:00+00:00");
    }

    proptest! {
        #[test]
        fn any_text_as_a_moment_is_one_or_refused(text in "\\PC{0,40}") {
            let json = serde_json::to_string(&text).unwrap();
            if let Ok(moment) = serde_json::from_str::<Moment>(&json) {
                prop_assert!(moment.begins() <= moment.ends());
                prop_assert_eq!(moment.to_string().parse::<Moment>().unwrap(), moment);
            }
        }

        #[test]
        fn any_text_as_an_action_is_one_or_refused(text in "[a-z_.]{0,30}") {
            if let Ok(filter) = text.parse::<ActionFilter>() {
                prop_assert_eq!(filter.as_str(), text);
            }
        }
    }
}
