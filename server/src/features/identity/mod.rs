//! Who you are: registration, sign-in, sessions, and the links that prove an address or replace a password.
//!
//! | file | holds |
//! |---|---|
//! | `service` | the port [`domain::identity::Identity`] |
//! | `credentials` | the port [`domain::identity::Credentials`] |
//! | `joining` | taking an offered place in a workspace |
//! | `providers` | the port [`domain::identity::Providers`]: signing in by way of OpenID Connect |
//! | `password` | argon2id, off the async threads |
//! | `token` | the session cookie |
//! | `jobs` | the letter for a forgotten password |

mod api;
mod credentials;
pub mod jobs;
mod joining;
mod password;
mod policy;
mod providers;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod token;

pub use api::{providers_router, router};
pub use providers::{ProviderService, ProviderSetup};
pub use service::{IdentityService, PasswordCost};
