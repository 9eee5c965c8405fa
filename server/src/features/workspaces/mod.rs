//! The workspace as a whole: its overview, its team, and what is set for it.
//!
//! | file | holds |
//! |---|---|
//! | `service` | the port [`domain::workspaces::Workspaces`] |
//! | `team` | the port [`domain::workspaces::Team`] |
//! | `settings` | the port [`domain::workspaces::WorkspaceSettings`] |
//! | `keys` | the port [`domain::workspaces::ApiKeys`] |
//! | [`in_tx`] | what identity asks of invitations |
//! | `policy` | who may |

mod api;
pub mod in_tx;
mod keys;
mod policy;
mod service;
mod settings;
mod store;
mod team;
#[cfg(test)]
mod tests;

pub use api::{keys_router, router};
pub use keys::ApiKeyService;
pub use service::WorkspaceService;
pub use settings::SettingsService;
pub use team::TeamService;
