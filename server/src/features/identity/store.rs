//! The SQL of identity.
//!
//! | file | serves |
//! |---|---|
//! | `people` | people, the workspaces that begin with them, their profiles |
//! | `sessions` | signing in: sessions, tries at guessing, known devices |
//! | `links` | the links that letters bring |
//! | `two_step` | authenticator apps, recovery codes, sign-ins that wait for either |
//! | `passkeys` | passkeys and their ceremonies |
//! | `providers` | signing in by way of a provider |
//! | `own_data` | what a person takes along, and leaving |

mod links;
mod own_data;
mod passkeys;
mod people;
pub mod providers;
mod sessions;
mod two_step;

pub use links::*;
pub use own_data::*;
pub use passkeys::*;
pub use people::*;
pub use sessions::*;
pub use two_step::*;
