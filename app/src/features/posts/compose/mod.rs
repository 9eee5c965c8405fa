//! `/compose`: a post being written.
//!
//! - `model` is what is written, apart from any view.
//! - `state` holds it in signals, with everything that follows from it: who gets it, what the platforms would say.
//! - `keep` keeps it in the browser until it is saved; `save` saves it.
//! - The rest are the parts of the page, from top to bottom.

mod checks;
mod editor;
mod keep;
mod media;
pub mod model;
pub mod page;
mod save;
mod state;
mod to;
mod visibility;
