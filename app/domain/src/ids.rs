//! Typed ids. All are UUID v7, made by the server's generator ([`crate::clock::Ids`]), never by the database.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

ids! {
    /// A key with which a program acts.
    ApiKeyId,
    /// A line of a post's history of approvals.
    ApprovalId,
    /// A platform account that a client has connected.
    AccountId,
    /// A line of an account's connection log.
    ConnectionEventId,
    /// Somebody's own data, put together to be taken along.
    DataExportId,
    /// One post on its way to one account.
    DeliveryId,
    /// One try of a delivery.
    DeliveryAttemptId,
    /// A link that proves an email address.
    EmailConfirmationId,
    /// An offered place in a workspace.
    InvitationId,
    /// A letter to somebody.
    MailId,
    /// An uploaded picture, video or document.
    MediaId,
    /// A user's place in a workspace.
    MembershipId,
    /// A started authorisation, waiting for the platform's callback.
    OauthStateId,
    /// A credential that a browser, a phone or a security key holds.
    PasskeyId,
    /// A link with which a forgotten password is replaced.
    PasswordResetId,
    /// A post.
    PostId,
    /// One version of a post's content.
    PostVersionId,
    /// A weekly time of the queue.
    QueueSlotId,
    /// A signed-in browser.
    SessionId,
    /// A file that comes in pieces.
    UploadId,
    /// A person.
    UserId,
    /// One event on its way to one webhook.
    WebhookDeliveryId,
    /// An address that is told what happens.
    WebhookId,
    /// A tenant.
    WorkspaceId,
}
