#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod adapter;
mod error;
mod http;
mod media;
mod meta;
mod oauth;
mod oidc;
mod pkce;
mod push;
mod reconcile;
mod registry;
mod settings;
mod state;
#[cfg(test)]
mod testing;

// The platforms. To add one: its folder, its module here, and its entry in the list below.
mod facebook;
mod instagram;
mod linkedin;
mod mastodon;
mod tiktok;
mod twitter;

/// The platforms Arctiv can connect to, in the order people see them.
const ENTRIES: &[registry::Entry] =
    &[facebook::ENTRY, instagram::ENTRY, twitter::ENTRY, linkedin::ENTRY, tiktok::ENTRY, mastodon::ENTRY];

pub use adapter::{
    Account, AccountKind, Adapter, ApiVersion, AuthorizeRequest, CreatorChoices, Exchange, ExchangeRequest, Finding,
    Finds, Grant, LeftOut, Probe, Profile, Progress, PublishRequest, Published, PublishingQuota, RevokeReach, Staged,
    Standing, Tokens, Traits, UnknownKind, VersionStatus,
};
pub use error::PlatformError;
pub use http::{Http, HttpSettings, HttpSetupError, Notice, NoticeFailed, Operation, RateState, Trace};
pub use media::{MediaItem, MediaSource};
pub use oidc::{OidcError, OidcPerson, OidcProvider, OidcSettings};
pub use pkce::Pkce;
pub use push::{Push, PushMessage, PushRefusal, Removed};
pub use registry::{Registry, VersionWarning, has_instances, missing_scopes, supported};
pub use settings::{BaseUrls, Login, PlatformSettings, SettingsError, VideoTransfer};
