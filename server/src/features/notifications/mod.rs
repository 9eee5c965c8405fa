//! What open pages are told without a reload: the live part of notifications.
//!
//! Triggers in the database write a numbered row for each change and announce it; one listener per process passes
//! announcements on to the browsers of the workspace it concerns. A reader that lost its connection names the last
//! number it saw and gets what it missed from the table.

mod api;
mod live;
mod store;

pub use api::router;
pub use live::LiveEvents;
