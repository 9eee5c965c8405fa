//! The workspace's own pages: the public start page and the three overviews.

pub mod pages;
