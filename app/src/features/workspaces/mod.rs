//! The workspace's own pages: the public start page and an overview for each kind of workspace.

mod components;
pub mod pages;
pub mod server_fns;
pub mod team;
