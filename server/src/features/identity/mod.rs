//! Who you are: registration, sign-in, sessions, and the links that prove an address or replace a password.
//!
//! | file | holds |
//! |---|---|
//! | `service` | the port [`domain::identity::Identity`] |
//! | `credentials` | the port [`domain::identity::Credentials`] |
//! | `sessions` | the port [`domain::identity::Sessions`], and the letter about a new browser |
//! | `guessing` | slows whoever guesses, and nobody else |
//! | `two_step` | the port [`domain::identity::TwoSteps`]: codes of an app, recovery codes |
//! | `passkeys` | the port [`domain::identity::Passkeys`] |
//! | `joining` | taking an offered place in a workspace |
//! | `memberships` | the port [`domain::workspaces::Memberships`] |
//! | `own_data` | the port [`domain::identity::OwnData`] |
//! | `providers` | the port [`domain::identity::Providers`]: signing in by way of OpenID Connect |
//! | `password` | argon2id, off the async threads |
//! | `profiles` | the port [`domain::identity::Profiles`] |
//! | `token` | the session cookie |
//! | `jobs` | the letter for a forgotten password; putting own data together |

mod api;
mod credentials;
mod guessing;
pub mod jobs;
mod joining;
mod memberships;
mod own_data;
mod passkeys;
mod password;
mod policy;
mod profiles;
mod providers;
mod service;
mod sessions;
mod store;
#[cfg(test)]
mod tests;
mod token;
mod two_step;

pub use api::{providers_router, router};
pub use own_data::OwnDataService;
pub use passkeys::RelyingParty;
pub use profiles::ProfileService;
pub use providers::{ProviderService, ProviderSetup};
pub use service::{IdentityService, PasswordCost};
pub use two_step::reseal_all;
