//! Frames and navigation: what stands around a page.
//!
//! - [`Frame`] surrounds every page of the app: top bar, rail, sheet, `<main>`. [`PublicFrame`] surrounds the pages for
//!   visitors.
//! - [`PageFrame`] is a page inside the frame: its title in the document and as its one `<h1>`.
//! - [`load()`] shows what a resource holds: skeleton, error with a way on, content.
//! - [`Navigation`] keeps the rules of moving about: who may go where, where the focus lands.

mod frame;
mod load;
mod navigation;
mod not_found;
mod page;
mod palette;
mod public;
#[cfg(feature = "ssr")]
mod settled;

pub use frame::Frame;
pub use load::{load, load_head, load_page, use_refusal};
pub use navigation::{Navigation, going, leave_for};
pub use not_found::{GalleryPage, NotFoundPage};
pub use page::{PageFrame, PrimaryAction};
pub use public::PublicFrame;
