//! Accounts: connecting them at their platforms, switching them on and off for posts, and what became of each.

pub mod actions;
mod components;
pub mod pages;
mod query;
pub mod server_fns;
