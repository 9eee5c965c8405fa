//! Webhooks: addresses of programs that are told what happens in a workspace.
//!
//! What happened is written down for each webhook that is told of it, in the transaction of what happened (`events`); a job signs it
//! (`signature`) and sends it until it has arrived or is given up (`sending`). Addresses come from people, so the shared layer of
//! HTTP keeps them out of our own networks. `docs/webhooks.md` is for those who receive.

pub mod api;
pub(super) mod events;
pub mod sending;
mod service;
mod signature;
#[cfg(test)]
mod tests;

pub use sending::{SenderSetup, WebhookSender, reseal_all};
pub use service::{WebhookService, WebhookSetup};
