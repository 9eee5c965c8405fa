//! One folder per noun. Each fulfils its port from `domain`: `service.rs` (what happens), `policy.rs` (who may),
//! `store.rs` (its only SQL), `api.rs` (REST), `jobs.rs` (background work).

pub mod accounts;
pub mod audit;
pub mod deliveries;
pub mod identity;
pub mod media;
pub mod notifications;
pub mod posts;
pub mod workspaces;
