//! Pictures, videos and documents: taken in, looked at, kept, shown, and handed to platforms as those take them.
//!
//! An upload is believed in nothing. `picture` looks at a picture's bytes (not at the declared type or name), refuses what
//! would not fit into memory before decoding it, decodes it for real, and makes the thumbnail. `inspect` looks at videos and
//! documents, which are never held whole, and says what is known of them. `metadata` and `inspect` take out what a file
//! tells about its maker, without touching a pixel or frame: a phone's photo names the place it was taken, and not every
//! network removes that. So the place is never stored; only the orientation and the colour profile stay.
//!
//! What is large comes in pieces (`uploads`), which the store holds until all have come; a job then puts them together
//! (`pieces`, `jobs`). A platform that takes no such picture gets a copy that it does take (`copies`), made once.
//!
//! Files lie in an object store ([`MediaFiles`]), each under a key that belongs to one row for good: removing an asset can
//! never take away another's bytes. What is removed can be brought back for thirty days. Files are shown through signed URLs
//! ([`MediaLinks`]) that need no session, so that a page's pictures cost no look-up of who asks, and that end after about an
//! hour.
//!
//! Avatars and logos ([`Portraits`]) take the same way in and out, and are nobody's media.

pub mod api;
mod copies;
pub mod files;
pub mod in_tx;
mod inspect;
pub mod jobs;
mod links;
mod metadata;
mod name;
mod picture;
mod pieces;
mod policy;
pub mod portraits;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod tus;
mod uploads;

#[cfg(test)]
pub use picture::samples;

pub use copies::{Copies, Original};
pub use files::{FileWriter, MediaFiles, Owner};
pub use links::{MediaLinks, PublicMedia, Refused as LinkRefused};
pub use portraits::{Portraits, read_portrait};
pub use service::MediaService;
