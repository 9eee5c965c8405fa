//! `/compose`: a post being written.
//!
//! - `model` is what is written, apart from any view.
//! - `state` holds it in signals, with everything that follows from it: who gets it, what the platforms would say.
//! - `keep` keeps it in the browser and, as a draft, on the server, until it is saved; `save` saves it.
//! - `choices` are what is chosen per platform beyond the words; `advise` asks the server what only it can know.
//! - The rest are the parts of the page, from top to bottom.

mod advise;
mod best_times;
mod checks;
mod choices;
mod editor;
mod keep;
mod media;
pub mod model;
mod options;
pub mod page;
mod questions;
mod save;
mod state;
mod to;
mod visibility;
