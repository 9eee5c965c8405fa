//! The workspace's own pages: the public start page and an overview for each kind of workspace.

pub mod api_keys;
pub mod components;
pub mod memberships;
pub mod pages;
pub mod server_fns;
pub mod settings;
pub mod team;
