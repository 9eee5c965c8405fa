mod card;
mod connect;
mod log;
mod outcome;
mod table;
mod unlink;

pub use card::AccountGrid;
pub use connect::{ConnectDialog, Platforms};
pub use log::{LOG_PAGE, event_rows};
pub use outcome::Outcome;
pub use table::AccountTable;
pub use unlink::UnlinkDialog;
