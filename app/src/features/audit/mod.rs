//! The audit log: who changed what, for admins.

mod components;
pub mod pages;
mod query;
mod server_fns;
