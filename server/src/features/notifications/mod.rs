//! What people are told: on open pages without a reload, and by letters.
//!
//! **Live.** Triggers in the database write a numbered row for each change and announce it; one listener per process passes
//! announcements on to the browsers of the workspace it concerns. A reader that lost its connection names the last
//! number it saw and gets what it missed from the table.
//!
//! **Letters.** Another feature writes one in its own transaction ([`in_tx::write`]), saying what is to be said and to whom.
//! A job words it (`letters`: one layout, HTML and text) and hands it to the mail server (`mailer`), three times at most.
//! Without a mail server letters go into a folder, which development shows at `/dev/mailbox`.
//!
//! **What happens in a workspace.** A feature says so in its own transaction (`in_tx`): a row waits to be told (`telling`), and one
//! letter a reader is made of what waits, unless they have switched such letters off (`preferences`); the link at the end of each
//! does that without signing in. Programs are told by [`webhooks`].

pub mod api;
mod happened;
pub mod in_tx;
pub mod jobs;
mod letters;
mod live;
pub mod mailbox;
mod mailer;
mod policy;
mod preferences;
mod store;
pub mod telling;
#[cfg(test)]
pub(crate) mod tests;
pub mod webhooks;

pub use api::router;
pub use jobs::Letters;
pub use letters::Writer;
pub use live::LiveEvents;
pub use mailer::{Folder, Mailer, Smtp};
pub use preferences::NotificationService;
