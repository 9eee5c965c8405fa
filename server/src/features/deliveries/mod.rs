//! Every saved post to every active account: never lost, never doubled.

pub mod in_tx;
pub mod jobs;
mod store;
