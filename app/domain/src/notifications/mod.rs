//! What people are told when they are not looking: letters, by email; and what programs are told: webhooks.
//!
//! A feature says *what* is to be said ([`Letter`]) and to whom; wording, layout and sending are the business of
//! notifications. A letter holds no secret: the links in it are made when it is sent. What happens in a workspace
//! ([`NotificationEvent`]) is told to those whom it concerns, unless they have switched that off.

mod events;
mod port;
mod webhooks;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use events::{
    DecidedPost, EndingAccount, FailedAccount, FailedPost, Happened, JoinedMember, LostAccount, NotificationEvent,
    NotificationPreference, PreferencesPatch, StoppedWebhook, Subscriber, Subscription, TOLD_AT_ONCE, UNSUBSCRIBE_PAGE,
    UnknownEvent, WaitingPost,
};
pub use port::{Notifications, Webhooks};
pub use webhooks::{
    MAX_DESCRIPTION, MAX_WEBHOOK_URL, MAX_WEBHOOKS, MadeWebhook, NewWebhook, PREVIOUS_SECRET_LIFE, RenewedSecret,
    SECRET_MARK, SHOWN_DELIVERIES, TEST_EVENT, Webhook, WebhookDelivery, WebhookDeliveryStatus, WebhookEvent,
    WebhookOff, WebhookPatch,
};

use crate::{
    ids::{EmailConfirmationId, InvitationId, PasswordResetId},
    workspaces::Role,
};

/// How often a letter is tried before it counts as failed.
pub const MAIL_ATTEMPTS: u16 = 3;

/// A letter and whom it goes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    /// A checked address.
    pub to: String,
    pub letter: Letter,
}

/// What is said. Kept in the database until it is sent, so variants are never renamed, only added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Letter {
    /// After registering, and on request.
    ConfirmEmail { name: String, link: EmailConfirmationId },
    /// To the new address of somebody who changes theirs.
    ConfirmNewEmail { name: String, link: EmailConfirmationId },
    /// To the old address, once the new one is confirmed.
    EmailChanged { name: String, new_email: String },
    /// A forgotten password.
    ResetPassword { name: String, link: PasswordResetId },
    /// However it came about.
    PasswordChanged { name: String, at: DateTime<Utc> },
    /// A sign-in with a browser that was not used before.
    NewDevice { name: String, device: String, ip: Option<String>, at: DateTime<Utc> },
    /// Somebody signs in differently from now on.
    SecurityChanged { name: String, change: SecurityChange, at: DateTime<Utc> },
    /// A place in a workspace is offered.
    Invitation { workspace: String, invited_by: String, role: Role, link: InvitationId },
    /// Something happened in a workspace. Whoever gets it can switch such letters off by a link in it.
    Event { name: String, workspace: String, to: Subscriber, what: Happened },
    /// Anything else: a heading, sentences and at most one way on, which is a path of ours.
    Notice { subject: String, heading: String, paragraphs: Vec<String>, action: Option<(String, String)> },
}

/// What changed about how somebody signs in. Kept like letters: only added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum SecurityChange {
    TwoStepEnabled,
    TwoStepDisabled,
    RecoveryCodesRenewed,
    RecoveryCodeUsed { left: u32 },
    PasskeyAdded { label: String },
    PasskeyRemoved { label: String },
}
