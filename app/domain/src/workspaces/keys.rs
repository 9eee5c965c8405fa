//! Keys with which programs act in a workspace, over REST.
//!
//! A key acts as who made it, within its scopes and never beyond that person's role; it stops when they leave the workspace.

use std::{collections::BTreeSet, fmt, str::FromStr};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    error::FieldErrors,
    ids::{ApiKeyId, UserId},
};

/// What every key begins with, so that people and scanners know one when they see it.
pub const KEY_MARK: &str = "arc_";
/// Letters and digits behind the mark.
pub const KEY_LENGTH: usize = 48;
/// How much of a key, mark and all, lists show.
pub const KEY_SHOWN: usize = 12;
/// Keys of a workspace that are not revoked, at once.
pub const MAX_API_KEYS: i64 = 50;
/// The longest life that can be asked for: five years.
pub const MAX_KEY_DAYS: u32 = 1826;
/// When a key was last used is written at most this often.
pub const USED_EVERY: Duration = Duration::minutes(1);
pub const MAX_KEY_NAME: usize = 100;

/// What a key may do: read or write things of one kind. Neither includes the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Scope {
    #[serde(rename = "content:read")]
    ContentRead,
    #[serde(rename = "content:write")]
    ContentWrite,
    #[serde(rename = "deliveries:read")]
    DeliveriesRead,
    #[serde(rename = "deliveries:write")]
    DeliveriesWrite,
    #[serde(rename = "media:read")]
    MediaRead,
    #[serde(rename = "media:write")]
    MediaWrite,
    #[serde(rename = "accounts:read")]
    AccountsRead,
    #[serde(rename = "accounts:write")]
    AccountsWrite,
    #[serde(rename = "team:read")]
    TeamRead,
    #[serde(rename = "team:write")]
    TeamWrite,
    #[serde(rename = "audit:read")]
    AuditRead,
}

impl Scope {
    /// As they are listed for people.
    pub const ALL: [Self; 11] = [
        Self::ContentRead,
        Self::ContentWrite,
        Self::DeliveriesRead,
        Self::DeliveriesWrite,
        Self::MediaRead,
        Self::MediaWrite,
        Self::AccountsRead,
        Self::AccountsWrite,
        Self::TeamRead,
        Self::TeamWrite,
        Self::AuditRead,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ContentRead => "content:read",
            Self::ContentWrite => "content:write",
            Self::DeliveriesRead => "deliveries:read",
            Self::DeliveriesWrite => "deliveries:write",
            Self::MediaRead => "media:read",
            Self::MediaWrite => "media:write",
            Self::AccountsRead => "accounts:read",
            Self::AccountsWrite => "accounts:write",
            Self::TeamRead => "team:read",
            Self::TeamWrite => "team:write",
            Self::AuditRead => "audit:read",
        }
    }

    /// What it lets a program do, in a line.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ContentRead => "See posts, drafts, versions and the queue",
            Self::ContentWrite => "Write, schedule, change, approve and delete posts and the queue’s slots",
            Self::DeliveriesRead => "See what became of posts on each account",
            Self::DeliveriesWrite => "Retry and cancel deliveries",
            Self::MediaRead => "See the library",
            Self::MediaWrite => "Add, describe and remove files",
            Self::AccountsRead => "See accounts and their connection logs",
            Self::AccountsWrite => "Switch accounts on and off, renew and unlink them",
            Self::TeamRead => "See members and invitations",
            Self::TeamWrite => "Invite, change and remove members",
            Self::AuditRead => "Read, check and export the audit log",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(())
    }
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyState {
    Active,
    Expired,
    /// Who made it does not work here any more.
    Stopped,
}

/// A key as admins see it: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    /// How it begins, for telling keys apart: `arc_1a2B3c4D`.
    pub prefix: String,
    pub scopes: Vec<Scope>,
    pub state: ApiKeyState,
    /// Whom it acts as; `null` when they have deleted their account.
    pub created_by: Option<UserId>,
    pub created_by_name: Option<String>,
    pub created_at: DateTime<Utc>,
    /// `null` for one that does not expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// To the minute; `null` for one that was never used.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A key to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NewApiKey {
    /// What it is for: 1 to 100 characters.
    pub name: String,
    /// At least one.
    pub scopes: Vec<Scope>,
    /// Days until it expires, 1 to 1826; left out, it does not.
    pub expires_in_days: Option<u32>,
}

impl NewApiKey {
    /// What is wrong, field by field; empty when all is well.
    pub fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let name = self.name.trim();
        if name.is_empty() {
            errors.add("name", "Say what the key is for");
        } else if name.chars().count() > MAX_KEY_NAME {
            errors.add("name", "The name must be at most 100 characters");
        } else if name.chars().any(char::is_control) {
            errors.add("name", "The name must not contain control characters");
        }
        if self.scopes.is_empty() {
            errors.add("scopes", "Choose at least one thing that the key may do");
        } else if self.scopes.len() > Scope::ALL.len() {
            errors.add("scopes", "Name each scope once");
        }
        if self.expires_in_days.is_some_and(|days| !(1..=MAX_KEY_DAYS).contains(&days)) {
            errors.add("expires_in_days", "Choose 1 to 1826 days");
        }
        errors
    }

    /// Each scope once, in their order.
    pub fn scopes(&self) -> BTreeSet<Scope> {
        self.scopes.iter().copied().collect()
    }
}

/// A key that has just been made. It is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeApiKey {
    /// The key itself: `arc_` and 48 letters and digits. It is kept nowhere.
    pub key: String,
    pub api_key: ApiKey,
}

impl fmt::Debug for MadeApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeApiKey").field("api_key", &self.api_key).finish_non_exhaustive()
    }
}

/// Whether a text can be a key at all.
pub fn is_key_shaped(text: &str) -> bool {
    text.strip_prefix(KEY_MARK)
        .is_some_and(|rest| rest.len() == KEY_LENGTH && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_named_and_read_back() {
        let words: BTreeSet<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        assert_eq!(words.len(), Scope::ALL.len());
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
            assert!(!scope.words().is_empty());
        }
        assert!(serde_json::from_str::<Scope>("\"content\"").is_err());
    }

    #[test]
    fn a_new_key_names_what_is_wrong() {
        let form = NewApiKey { name: " ".into(), scopes: Vec::new(), expires_in_days: Some(0) };
        let errors = form.check();
        assert!(["name", "scopes", "expires_in_days"].iter().all(|field| errors.get(field).is_some()), "{errors:?}");
        let form = NewApiKey {
            name: "Feed".into(),
            scopes: vec![Scope::ContentWrite, Scope::ContentRead, Scope::ContentWrite],
            expires_in_days: Some(MAX_KEY_DAYS),
        };
        assert!(form.check().is_empty());
        assert_eq!(form.scopes().into_iter().collect::<Vec<_>>(), [Scope::ContentRead, Scope::ContentWrite]);
        assert!(NewApiKey { expires_in_days: Some(MAX_KEY_DAYS + 1), ..form }.check().get("expires_in_days").is_some());
    }

    #[test]
    fn nonsense_is_not_shaped_like_a_key() {
        let good = format!("{KEY_MARK}{}", "aB3".repeat(16));
        assert!(is_key_shaped(&good));
        for text in ["", "arc_", &good[1..], &format!("{good}x"), &good.replace('B', "-"), &good.replace("aB", "ü")] {
            assert!(!is_key_shaped(text), "{text}");
        }
    }

    #[test]
    fn a_made_key_is_not_printed() {
        let at = DateTime::UNIX_EPOCH;
        let api_key = ApiKey {
            id: ApiKeyId(uuid::Uuid::nil()),
            name: "Feed".into(),
            prefix: "arc_abcdefgh".into(),
            scopes: Vec::new(),
            state: ApiKeyState::Active,
            created_by: None,
            created_by_name: None,
            created_at: at,
            expires_at: None,
            last_used_at: None,
        };
        assert!(!format!("{:?}", MadeApiKey { key: "arc_secret".into(), api_key }).contains("secret"));
    }
}
