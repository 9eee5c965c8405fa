//! Accounts at platforms: connected by their owners, kept usable, given back.
//!
//! | file | holds |
//! |---|---|
//! | `service` | the port [`domain::accounts::Accounts`], for web requests: may seal tokens, never open them |
//! | `oauth` | the single-use state, its PKCE pair, and the ways an authorization can fail |
//! | `push` | the port [`domain::accounts::PushEvents`]: what platforms send of their own accord |
//! | `tokens` | [`Tokens`]: opens, renews and gives back, for background work |
//! | [`in_tx`] | what other features ask inside their own transaction |
//! | [`jobs`] | renewing, confirming, giving back, sweeping |
//! | `policy` | who may |
//! | `store` | the SQL |
//! | [`api`] | REST |
//! | `csv` | the connection log as a file |
//!
//! A web transaction can put tokens in and mark them for deletion; reading them takes the worker's role. So everything
//! that needs an open token is a job, or publishing, and goes through [`Tokens`].

pub mod api;
mod csv;
pub mod in_tx;
pub mod jobs;
mod oauth;
mod policy;
mod push;
mod service;
mod store;
mod tokens;

#[cfg(test)]
mod tests;

pub use oauth::{OauthFailure, callback_url};
pub use push::{PushService, PushSetup};
pub use service::{AccountsService, AccountsSetup};
pub use tokens::{NOT_PERMITTED, OpenToken, Resealed, TokenError, Tokens, TokensSetup};
