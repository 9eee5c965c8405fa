//! Connected platform accounts: their state, how they are connected, and the log of it.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{AccountId, ConnectionEventId},
    page::PageRequest,
    platform::{AccountType, CreatorChoices, Platform, PublishingQuota},
};

mod log;
mod port;
mod problems;
mod push;
mod versions;
mod withheld;
pub use log::{ConnectionEventFilter, ConnectionEventTypes, NoEventType};
pub use port::{Accounts, AuthorizeOptions, Callback, Connected};
pub use problems::OauthProblem;
pub use push::{DataDeletion, DeletionTaken, PushEvents, PushMessage};
pub use versions::VersionStatus;
pub use withheld::{LeftOut, Withheld, WithheldPermission};

/// How a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    Connected,
    /// Expired or revoked at the platform.
    ReconnectRequired,
    /// The platform errs and retries ran out; or it has restricted the account, which only reconnecting ends.
    Failed,
    /// Unlinked here; tokens wiped.
    Disconnected,
}

impl AccountStatus {
    pub const ALL: [Self; 4] = [Self::Connected, Self::ReconnectRequired, Self::Failed, Self::Disconnected];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::ReconnectRequired => "reconnect_required",
            Self::Failed => "failed",
            Self::Disconnected => "disconnected",
        }
    }

    /// The badge's words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Connected => "Connected",
            Self::ReconnectRequired => "Reconnect Required",
            Self::Failed => "Failed",
            Self::Disconnected => "Disconnected",
        }
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AccountStatus {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(())
    }
}

/// An account as people and programs see it. Never a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    pub id: AccountId,
    pub platform: Platform,
    pub account_type: AccountType,
    /// The platform's own id.
    pub external_account_id: String,
    pub display_name: String,
    /// `@name` where the platform has one.
    pub handle: Option<String>,
    pub avatar_url: Option<String>,
    /// Longest text the account takes, where its platform allows it another than most; counted as the platform counts.
    /// `None`: the platform's own limit.
    pub text_max: Option<u32>,
    pub status: AccountStatus,
    /// Why the status is what it is, in plain words. While connected: what does not work although access is there; `None`
    /// if nothing is wrong.
    pub status_reason: Option<String>,
    /// Whether new posts go to it.
    pub is_active: bool,
    /// An agency's client record; none yet.
    pub client: Option<String>,
    /// What was granted.
    pub scopes: Vec<String>,
    /// What was asked for and not granted, with what it costs.
    pub missing_scopes: Vec<MissingScope>,
    /// `None`: the token has no end of its own.
    pub token_expires_at: Option<DateTime<Utc>>,
    pub last_synced_at: Option<DateTime<Utc>>,
    pub connected_at: DateTime<Utc>,
}

impl Account {
    /// Whether the connection waits for a person: access is gone, or there and not for everything.
    pub const fn needs_attention(&self) -> bool {
        match self.status {
            AccountStatus::Connected => self.status_reason.is_some(),
            AccountStatus::ReconnectRequired | AccountStatus::Failed => true,
            AccountStatus::Disconnected => false,
        }
    }

    /// Why a post cannot go to this account now, if so.
    pub fn cannot_take_part(&self) -> Option<String> {
        if self.platform.rules().is_none() {
            return Some(format!("Arctiv does not publish to {} accounts yet.", self.platform.label()));
        }
        match self.status {
            AccountStatus::Connected => {}
            AccountStatus::ReconnectRequired => return Some("Reconnect this account first.".to_owned()),
            AccountStatus::Failed => return Some("This connection has failed.".to_owned()),
            AccountStatus::Disconnected => return Some("This account is disconnected.".to_owned()),
        }
        if let Some(missing) = self.missing_scopes.iter().find(|missing| missing.needed_to_publish) {
            return Some(missing.costs.clone());
        }
        (!self.is_active).then(|| "Switched off for posts.".to_owned())
    }
}

/// A scope that was asked for and not granted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MissingScope {
    pub scope: String,
    /// In plain words, what does not work without it.
    pub costs: String,
    pub needed_to_publish: bool,
}

/// What a creator may choose for a post, as far as it is known here. It is asked for before every post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Creator {
    pub account_id: AccountId,
    /// As the platform said at `choices_at`; `None` until it has.
    pub choices: Option<CreatorChoices>,
    pub choices_at: Option<DateTime<Utc>>,
    /// Whether the platform is being asked at this moment: look again in a second.
    pub pending: bool,
    /// Why the last question had no answer, in plain words.
    pub problem: Option<String>,
}

/// How much an account may still publish, as far as it is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountQuota {
    pub account_id: AccountId,
    /// As the platform said within the last hour; `None` until it has.
    pub quota: Option<PublishingQuota>,
    /// Whether the platform is being asked at this moment: look again in a second.
    pub pending: bool,
}

/// Which accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountFilter {
    pub platform: Option<Platform>,
    pub status: Option<AccountStatus>,
    /// Part of a name, handle or platform id; at most 100 characters.
    pub q: Option<String>,
    pub active: Option<bool>,
    /// [`Account::needs_attention`].
    pub attention: Option<bool>,
    #[serde(flatten)]
    pub page: PageRequest,
}

/// How many accounts stand where; disconnected ones are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountCounts {
    pub connected: u32,
    pub reconnect_required: u32,
    pub failed: u32,
    pub active: u32,
    /// Those that wait for a person: reconnection required, failed, or connected and not for everything.
    pub attention: u32,
}

impl AccountCounts {
    /// Of these accounts.
    pub fn of(accounts: &[Account]) -> Self {
        let mut counts = Self::default();
        for account in accounts {
            match account.status {
                AccountStatus::Connected => counts.connected += 1,
                AccountStatus::ReconnectRequired => counts.reconnect_required += 1,
                AccountStatus::Failed => counts.failed += 1,
                AccountStatus::Disconnected => continue,
            }
            counts.active += u32::from(account.is_active);
            counts.attention += u32::from(account.needs_attention());
        }
        counts
    }
}

/// What happened to a connection; seed K's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConnectionEventType {
    AuthorizationInitiated,
    AuthorizationSuccess,
    AuthorizationFailed,
    TokenRefreshed,
    TokenExpired,
    RevocationDetected,
    ReconnectionPrompted,
    /// Unlinked here.
    Disconnected,
}

impl ConnectionEventType {
    pub const ALL: [Self; 8] = [
        Self::AuthorizationInitiated,
        Self::AuthorizationSuccess,
        Self::AuthorizationFailed,
        Self::TokenRefreshed,
        Self::TokenExpired,
        Self::RevocationDetected,
        Self::ReconnectionPrompted,
        Self::Disconnected,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationInitiated => "authorization_initiated",
            Self::AuthorizationSuccess => "authorization_success",
            Self::AuthorizationFailed => "authorization_failed",
            Self::TokenRefreshed => "token_refreshed",
            Self::TokenExpired => "token_expired",
            Self::RevocationDetected => "revocation_detected",
            Self::ReconnectionPrompted => "reconnection_prompted",
            Self::Disconnected => "disconnected",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::AuthorizationInitiated => "Authorisation started",
            Self::AuthorizationSuccess => "Authorised",
            Self::AuthorizationFailed => "Authorisation failed",
            Self::TokenRefreshed => "Access renewed",
            Self::TokenExpired => "Access expired",
            Self::RevocationDetected => "Revoked at the platform",
            Self::ReconnectionPrompted => "Reconnection asked for",
            Self::Disconnected => "Disconnected",
        }
    }
}

impl FromStr for ConnectionEventType {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// A line of the connection log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionEvent {
    pub id: ConnectionEventId,
    pub account_id: Option<AccountId>,
    pub platform: Platform,
    pub event_type: ConnectionEventType,
    pub message: Option<String>,
    pub status_code: Option<u16>,
    pub created_at: DateTime<Utc>,
}

/// A platform that this Arctiv can connect to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformOffer {
    pub platform: Platform,
    /// Whether client id and secret are set.
    pub configured: bool,
    /// The version of its API that is spoken here, as it stands in paths or headers: `v25.0`, `202607`. `None` while it is
    /// not configured.
    pub api_version: Option<String>,
    /// The last day that version answers; `None` where the platform has named none.
    pub api_version_ends_on: Option<NaiveDate>,
}
