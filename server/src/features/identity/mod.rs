//! Who you are: registration, sign-in, sessions.

mod api;
mod password;
mod policy;
mod service;
mod store;
mod token;

pub use api::router;
pub use service::{IdentityService, PasswordCost};
