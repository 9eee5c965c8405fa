//! Webhooks: addresses that are told what happens in a workspace, as the Standard Webhooks specification has it
//! (<https://www.standardwebhooks.com>).

use std::{collections::BTreeSet, fmt, str::FromStr};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::UnknownEvent;
use crate::{
    error::FieldErrors,
    ids::{WebhookDeliveryId, WebhookId},
};

/// Webhooks of a workspace.
pub const MAX_WEBHOOKS: i64 = 10;
/// The longest address, characters.
pub const MAX_WEBHOOK_URL: usize = 2000;
/// The longest description, characters.
pub const MAX_DESCRIPTION: usize = 200;
/// What every secret begins with, so that people and scanners know one when they see it.
pub const SECRET_MARK: &str = "whsec_";
/// How long the secret before the present one signs as well, so that a receiver can change over.
pub const PREVIOUS_SECRET_LIFE: Duration = Duration::hours(24);
/// The event that a person sends to see whether it arrives. It cannot be chosen.
pub const TEST_EVENT: &str = "webhook.test";
/// How many of the latest deliveries are listed.
pub const SHOWN_DELIVERIES: i64 = 20;

macro_rules! webhook_events {
    // The word as a token: a literal would reach the derive in a group, and the OpenAPI document would not see it.
    ($($(#[$doc:meta])* $name:ident = $word:tt, $says:literal;)+) => {
        /// What a webhook can be told of. The words are those of the audit log, where it has one for it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum WebhookEvent {
            $($(#[$doc])* #[serde(rename = $word)] $name,)+
        }

        impl WebhookEvent {
            /// As they are listed for people.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// What happened, in a line.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $says,)+ }
            }
        }
    };
}

webhook_events! {
    PostPublished = "post.published", "A post is out on every account";
    PostPartlyPublished = "post.partly_published", "A post is out, but not on every account";
    PostFailed = "post.failed", "A post could not be published on any account";
    AccountConnected = "account.connected", "An account was connected, or reconnected";
    AccountLost = "account.lost", "Access to an account is gone and must be given again";
    AccountExpiring = "account.expiring", "Access to an account ends within ten days";
    AccountUnlinked = "account.unlinked", "An account was unlinked";
    MemberJoined = "member.joined", "Somebody has joined the team";
}

impl fmt::Display for WebhookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WebhookEvent {
    type Err = UnknownEvent;
    fn from_str(text: &str) -> Result<Self, UnknownEvent> {
        Self::ALL.iter().copied().find(|event| event.as_str() == text).ok_or(UnknownEvent)
    }
}

/// Why a webhook is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WebhookOff {
    /// A person has switched it off.
    Person,
    /// The address answered that it is gone (410).
    Gone,
    /// Nothing arrived there for days.
    Failing,
}

impl WebhookOff {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Person => "Switched off by a person.",
            Self::Gone => "Switched off because the address answered that it is gone (410).",
            Self::Failing => "Switched off because nothing has arrived there for days.",
        }
    }
}

impl FromStr for WebhookOff {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Person, Self::Gone, Self::Failing].into_iter().find(|why| why.as_str() == text).ok_or(())
    }
}

/// A webhook as admins see it: never its secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    pub id: WebhookId,
    pub url: String,
    /// What it is for; may be empty.
    pub description: String,
    /// What it is told of.
    pub events: Vec<WebhookEvent>,
    pub enabled: bool,
    /// `null` while it is on.
    pub off_because: Option<WebhookOff>,
    /// Since when every attempt has failed; `null` when the last one arrived.
    pub failing_since: Option<DateTime<Utc>>,
    /// Until when the secret before the present one signs as well.
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// Who added it; `null` when they have deleted their account.
    pub created_by_name: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// A webhook to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NewWebhook {
    /// `https`, on the public internet; at most 2000 characters.
    pub url: String,
    /// What it is for: at most 200 characters.
    pub description: String,
    /// At least one.
    pub events: Vec<WebhookEvent>,
}

impl NewWebhook {
    /// What is wrong, field by field; empty when all is well. Whether the address may be called, the server says.
    pub fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        check_url(&self.url, &mut errors);
        check_description(&self.description, &mut errors);
        check_events(&self.events, &mut errors);
        errors
    }
}

/// What is to change about a webhook; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct WebhookPatch {
    pub url: Option<String>,
    pub description: Option<String>,
    pub events: Option<Vec<WebhookEvent>>,
    pub enabled: Option<bool>,
}

impl WebhookPatch {
    /// What is wrong, field by field; empty when all is well.
    pub fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if let Some(url) = &self.url {
            check_url(url, &mut errors);
        }
        if let Some(description) = &self.description {
            check_description(description, &mut errors);
        }
        if let Some(events) = &self.events {
            check_events(events, &mut errors);
        }
        errors
    }
}

fn check_url(url: &str, errors: &mut FieldErrors) {
    let url = url.trim();
    if url.is_empty() {
        errors.add("url", "Enter the address that is to be called");
    } else if url.chars().count() > MAX_WEBHOOK_URL {
        errors.add("url", "The address must be at most 2000 characters");
    } else if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        errors.add("url", "The address must not contain spaces or control characters");
    } else if !["https://", "http://"].iter().any(|scheme| url.to_ascii_lowercase().starts_with(scheme)) {
        errors.add("url", "The address must begin with https://");
    }
}

fn check_description(description: &str, errors: &mut FieldErrors) {
    if description.trim().chars().count() > MAX_DESCRIPTION {
        errors.add("description", "The description must be at most 200 characters");
    } else if description.chars().any(char::is_control) {
        errors.add("description", "The description must not contain control characters");
    }
}

fn check_events(events: &[WebhookEvent], errors: &mut FieldErrors) {
    if events.is_empty() {
        errors.add("events", "Choose at least one event");
    } else if events.iter().collect::<BTreeSet<_>>().len() < events.len() {
        errors.add("events", "Name each event once");
    }
}

/// A webhook that has just been added, with its secret, this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeWebhook {
    /// `whsec_` and the base64 of 32 bytes. It is shown in no other answer.
    pub secret: String,
    pub webhook: Webhook,
}

impl fmt::Debug for MadeWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeWebhook").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

/// A new secret, this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenewedSecret {
    /// `whsec_` and the base64 of 32 bytes.
    pub secret: String,
    /// Until then the one before signs as well.
    pub previous_until: DateTime<Utc>,
}

impl fmt::Debug for RenewedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenewedSecret").field("previous_until", &self.previous_until).finish_non_exhaustive()
    }
}

/// How the delivery of an event to a webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WebhookDeliveryStatus {
    /// For its first or next attempt.
    Waiting,
    /// Answered with 2xx.
    Delivered,
    /// All attempts are used up, or the webhook is off.
    Failed,
}

impl WebhookDeliveryStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for WebhookDeliveryStatus {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Waiting, Self::Delivered, Self::Failed].into_iter().find(|status| status.as_str() == text).ok_or(())
    }
}

/// One event on its way to one webhook, with how the latest attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookDelivery {
    pub id: WebhookDeliveryId,
    pub webhook_id: WebhookId,
    /// Such as `post.published`, or `webhook.test`.
    pub event: String,
    pub status: WebhookDeliveryStatus,
    /// How often it was tried.
    pub attempts: u16,
    /// When it is tried next; `null` when it is not.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was tried last.
    pub tried_at: Option<DateTime<Utc>>,
    /// What the address answered; `null` without an answer.
    pub response_status: Option<u16>,
    /// Why the latest attempt does not count as arrived.
    pub error: Option<String>,
    /// How long the latest attempt took, milliseconds.
    pub took_ms: Option<u32>,
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn events_are_named_and_read_back() {
        let words: BTreeSet<&str> = WebhookEvent::ALL.iter().map(|event| event.as_str()).collect();
        assert_eq!(words.len(), WebhookEvent::ALL.len());
        assert!(!words.contains(TEST_EVENT));
        for event in WebhookEvent::ALL {
            assert_eq!(event.as_str().parse(), Ok(*event));
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
        }
    }

    #[test]
    fn where_the_audit_log_has_a_word_it_is_the_same() {
        use crate::audit::Action;
        for (event, action) in [
            (WebhookEvent::PostPublished, Action::PostPublished),
            (WebhookEvent::PostPartlyPublished, Action::PostPartlyPublished),
            (WebhookEvent::PostFailed, Action::PostFailed),
            (WebhookEvent::AccountConnected, Action::AccountConnected),
            (WebhookEvent::AccountLost, Action::AccountLost),
            (WebhookEvent::AccountUnlinked, Action::AccountUnlinked),
        ] {
            assert_eq!(event.as_str(), action.as_str());
        }
    }

    #[test]
    fn a_new_webhook_names_what_is_wrong() {
        let errors = NewWebhook::default().check();
        assert!(["url", "events"].iter().all(|field| errors.get(field).is_some()), "{errors:?}");
        let good = NewWebhook {
            url: " https://hooks.example/arctiv?x=1 ".into(),
            description: "Reports".into(),
            events: vec![WebhookEvent::PostFailed],
        };
        assert!(good.check().is_empty());
        for url in [
            "hooks.example",
            "ftp://hooks.example",
            "https://a b",
            "https://a\u{7}b",
            &format!("https://{}", "a".repeat(2000)),
        ] {
            let form = NewWebhook { url: url.into(), ..good.clone() };
            assert!(form.check().get("url").is_some(), "{url}");
        }
        let twice = NewWebhook { events: vec![WebhookEvent::PostFailed; 2], ..good.clone() };
        assert!(twice.check().get("events").is_some());
        let long = NewWebhook { description: "a".repeat(201), ..good };
        assert!(long.check().get("description").is_some());
        let patch = WebhookPatch { events: Some(Vec::new()), url: Some(String::new()), ..WebhookPatch::default() };
        assert_eq!(patch.check().0.len(), 2);
    }

    #[test]
    fn a_secret_is_not_printed() {
        let renewed = RenewedSecret { secret: "whsec_abc".into(), previous_until: DateTime::UNIX_EPOCH };
        assert!(!format!("{renewed:?}").contains("whsec_"));
    }

    proptest! {
        #[test]
        fn any_text_as_an_event_is_one_or_refused(text in "[a-z_.]{0,24}") {
            if let Ok(event) = text.parse::<WebhookEvent>() {
                prop_assert_eq!(event.as_str(), text);
            }
        }

        #[test]
        fn any_text_as_an_address_is_checked_without_a_panic(text in "\\PC{0,60}") {
            let form = NewWebhook { url: text.clone(), events: vec![WebhookEvent::PostFailed], ..NewWebhook::default() };
            if form.check().get("url").is_none() {
                prop_assert!(text.trim().to_ascii_lowercase().starts_with("http"));
            }
        }
    }
}
