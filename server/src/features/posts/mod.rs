//! Posts: written, sent off, taken back.
//!
//! There is no submit button: saving a post that is not private is publishing it, or, for whom that is not to do, asking for
//! approval (`approvals`). One transaction saves the post, its
//! first version, its pictures and chosen accounts, and the job that makes a delivery per account; so a saved post is
//! never forgotten, and one that was refused has left nothing behind.
//!
//! | visibility | status | goes out |
//! |---|---|---|
//! | public | publishing | when the undo window has passed |
//! | scheduled | scheduled | at its time |
//! | private | draft | not |
//! | public or scheduled, held back | `pending_approval` | once that version is approved, as if it were saved then |
//!
//! What goes out is always a version, and every change makes a new one: a delivery belongs to a version and an account,
//! and can exist only once, so sending a changed post again can never repeat an old delivery. The row of the post is
//! the lock: changing, undoing and removing take it, as do the selector and the worker, so a post is either taken back
//! or picked up, never both.
//!
//! A scheduled post has a time, or takes the next free slot of the queue (`queue`): weekly times of the workspace or of one
//! account. Every version is kept and can be compared and brought back (`store::versions`).

pub mod api;
mod approvals;
pub mod drafts;
pub mod in_tx;
mod plan;
mod policy;
mod queue;
mod service;
mod store;
#[cfg(test)]
pub(super) mod tests;

pub use queue::QueueService;
pub use service::PostService;
