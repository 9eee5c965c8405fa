//! What people and programs are told: which letters somebody gets, the link that ends them, and webhooks.

pub mod preferences;
pub mod server_fns;
pub mod unsubscribe;
pub mod webhooks;
