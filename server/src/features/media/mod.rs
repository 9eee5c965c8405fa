//! Pictures: taken in, kept, shown.
//!
//! An upload is believed in nothing. `picture` looks at the bytes (not at the declared type or name), refuses what
//! would not fit into memory before decoding it, decodes it for real, and makes the thumbnail. `metadata` takes out
//! what a picture tells about its maker, without touching a pixel: a phone's photo names the place it was taken, and
//! not every network removes that. So the place is never stored; only the orientation and the colour profile stay.
//!
//! Files lie in an object store ([`MediaFiles`]), each under a key that belongs to one row for good: removing a
//! picture can never take away another's bytes. They are shown through signed URLs ([`MediaLinks`]) that need no
//! session, so that a page's pictures cost no look-up of who asks, and that end after about an hour.

pub mod api;
pub mod files;
pub mod in_tx;
pub mod jobs;
mod links;
mod metadata;
mod name;
mod picture;
mod policy;
mod service;
mod store;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub use picture::samples;

pub use files::MediaFiles;
pub use links::{MediaLinks, PublicMedia};
pub use service::MediaService;
