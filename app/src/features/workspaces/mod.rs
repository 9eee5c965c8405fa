//! The workspace's own pages: the public start page and an overview for each kind of workspace.

pub mod api_keys;
mod components;
pub mod pages;
pub mod server_fns;
pub mod team;
