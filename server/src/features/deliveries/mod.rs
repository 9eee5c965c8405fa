//! Every saved post to every active account: never lost, never doubled.
//!
//! ```text
//! post saved ──(same transaction; scheduled: when its time has come)──▶ one row per account, `pending`
//!                                                         │ claim: SKIP LOCKED, lease, fair by workspace
//!                                                         ▼
//!    ┌────────────── stage (repeatable; state saved) ── wait (row released) ──┐
//!    │                                                                       ▼
//!    │                          `committing` saved ──▶ commit, the one public call ──▶ `success`
//!    │                                                   │ timeout, 5xx, worker died
//!    │                                                   ▼
//!    └──(not there, 3 times)── ask the platform ◀── `outcome_unknown`
//!                               ▲ │ cannot tell ──▶ a person decides
//!                               │ └──(taken, not public yet)──▶ `processing`, `with_creator` ──(later)──┐
//!                               └──────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `service` | what people and programs ask ([`domain::deliveries::Deliveries`]) |
//! | `worker` | claims rows and runs the pipeline; `pipeline` is one row's way through it |
//! | `selector` | makes the rows of a post; `selection` is its decision |
//! | [`jobs`] | the time of a scheduled post has come; the first comment below what is out |
//! | [`in_tx`] | what other features ask inside their own transaction |
//! | `store` | the SQL |

mod api;
pub mod in_tx;
pub mod jobs;
mod pipeline;
mod policy;
mod selection;
mod selector;
mod service;
mod store;
mod worker;

#[cfg(test)]
mod tests;

pub use api::router;
pub use selector::{Selector, SendOff};
pub use service::DeliveryService;
pub use store::queue_lag;
pub use worker::{Worker, WorkerParts};
