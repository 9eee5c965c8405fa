//! The pages, one folder per noun: `pages.rs`, `components/`, `server_fns.rs`. A feature uses `ui`, `layouts`, `domain`
//! and the services; never another feature's components.

pub mod accounts;
pub mod audit;
pub mod deliveries;
pub mod identity;
pub mod media;
pub mod notifications;
pub mod posts;
pub mod workspaces;
