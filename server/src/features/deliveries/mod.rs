//! Every saved post to every active account: never lost, never doubled.
//!
//! ```text
//! post saved ──(same transaction)──▶ SelectTargets ──▶ one row per account, `pending`
//!                                                         │ claim: SKIP LOCKED, lease, fair by workspace
//!                                                         ▼
//!    ┌────────────── stage (repeatable; state saved) ── wait (row released) ──┐
//!    │                                                                       ▼
//!    │                          `committing` saved ──▶ commit, the one public call ──▶ `success`
//!    │                                                   │ timeout, 5xx, worker died
//!    │                                                   ▼
//!    └──(not there, twice)──── ask the platform ◀── `outcome_unknown`
//!                                 │ cannot tell ──▶ a person decides
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `service` | what people and programs ask ([`domain::deliveries::Deliveries`]) |
//! | `worker` | claims rows and runs the pipeline; `pipeline` is one row's way through it |
//! | [`jobs`] | the selector, `selection` is its decision; the first comment below what is out |
//! | [`in_tx`] | what other features ask inside their own transaction |
//! | `store` | the SQL |

mod api;
pub mod in_tx;
pub mod jobs;
mod pipeline;
mod policy;
mod selection;
mod service;
mod store;
mod worker;

pub use api::router;
pub use service::DeliveryService;
pub use store::queue_lag;
pub use worker::{Worker, WorkerParts};
