//! What several features show alike: the product's states in the design system's words, the addresses of lists, rows of
//! deliveries, and how a list follows what happens elsewhere.

pub mod account;
pub mod delivery;
pub mod follow;
pub mod kept;
pub mod media;
#[cfg(feature = "ssr")]
pub mod pages;
pub mod query;
pub mod search;
pub mod settings;
pub mod words;
