#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod adapter;
mod error;
mod facebook;
mod http;
mod instagram;
mod linkedin;
mod media;
mod oauth;
mod pkce;
mod reconcile;
mod registry;
mod settings;
mod state;
#[cfg(test)]
mod testing;
mod tiktok;
mod twitter;

pub use adapter::{
    Account, AccountKind, Adapter, ApiVersion, AuthorizeRequest, CreatorChoices, Exchange, ExchangeRequest, Finding,
    Finds, Grant, LeftOut, Probe, Profile, Progress, PublishRequest, Published, RevokeReach, Staged, Standing, Tokens,
    Traits, UnknownKind, VersionStatus,
};
pub use error::PlatformError;
pub use http::{Http, HttpSettings, HttpSetupError, Operation, RateState, Trace};
pub use media::{MediaItem, MediaSource};
pub use pkce::Pkce;
pub use registry::{Registry, missing_scopes, supported, version_calendar};
pub use settings::{BaseUrls, Login, PlatformSettings, SettingsError, VideoTransfer};
