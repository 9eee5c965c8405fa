//! Deliveries: what went out where, what waits, what did not work and what to do about it.

pub mod actions;
mod components;
pub mod pages;
mod query;
pub mod server_fns;
