//! What the pages for visitors share, and what stands above all pages until an address is confirmed.

mod auth_frame;
mod confirm;
mod entry_form;
mod provider;

pub use auth_frame::AuthFrame;
pub use confirm::{ConfirmBanner, ResendForm};
pub use entry_form::{EntryForm, EntryNotes, Values, next_of};
pub use provider::{ProviderButton, ProviderNote};
