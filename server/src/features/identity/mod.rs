//! Who you are: registration, sign-in, sessions, and the links that prove an address or replace a password.
//!
//! | file | holds |
//! |---|---|
//! | `service` | the port [`domain::identity::Identity`] |
//! | `credentials` | the port [`domain::identity::Credentials`] |
//! | `joining` | taking an offered place in a workspace |
//! | `memberships` | the port [`domain::workspaces::Memberships`] |
//! | `own_data` | the port [`domain::identity::OwnData`] |
//! | `password` | argon2id, off the async threads |
//! | `profiles` | the port [`domain::identity::Profiles`] |
//! | `token` | the session cookie |
//! | `jobs` | the letter for a forgotten password; putting own data together |

mod api;
mod credentials;
pub mod jobs;
mod joining;
mod memberships;
mod own_data;
mod password;
mod policy;
mod profiles;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod token;

pub use api::router;
pub use own_data::OwnDataService;
pub use profiles::ProfileService;
pub use service::{IdentityService, PasswordCost};
