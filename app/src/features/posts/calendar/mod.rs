//! `/calendar`: posts by the day and the hour at which they go out, in the workspace's time zone.
//!
//! - `query` is the address: which view, which date.
//! - `sheet` (on the server) draws the days as they are in the zone, with the posts on them. The browser gets hours with their
//!   moments, so it needs no table of time zones, and an hour that comes twice can be told from the other.
//! - `place` says where on the sheet something is.
//! - `moving` is a post on its way to another place, by pointer or by keyboard.
//! - `grid` draws months and weeks, `agenda` the same as a list for narrow screens; `page` puts it all together.

mod agenda;
mod grid;
mod moving;
pub mod page;
mod place;
mod query;
#[cfg(feature = "ssr")]
pub mod sheet;
