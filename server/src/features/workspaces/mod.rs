//! The workspace as a whole: its overview.
//!
//! | file | holds |
//! |---|---|
//! | `service` | the port [`domain::workspaces::Workspaces`] |
//! | `policy` | who may |

mod policy;
mod service;

pub use service::WorkspaceService;
