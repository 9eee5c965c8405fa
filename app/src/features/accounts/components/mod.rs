mod card;
mod connect;
mod log;
mod outcome;
mod table;
mod unlink;

pub use card::AccountGrid;
pub use connect::{ConnectDialog, Platforms};
pub use log::{event_rows, log_actions, no_events};
pub use outcome::{Outcome, WithheldOf, withheld};
pub use table::AccountTable;
pub use unlink::UnlinkDialog;
