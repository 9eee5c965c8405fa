//! What the two entry pages share.

mod auth_frame;
mod entry_form;

pub use auth_frame::AuthFrame;
pub use entry_form::{EntryForm, EntryNotes, Values, next_of};
