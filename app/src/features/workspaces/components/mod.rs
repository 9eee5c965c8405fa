//! Parts of the overviews and of the start page, and the switcher in the frame.

mod account_rows;
mod attention;
mod board;
mod first_run;
mod landing;
mod latest;
mod switcher;
mod waiting;

pub use account_rows::{AccountCards, AccountRows};
pub use attention::{AttentionBanner, AttentionRows};
pub use board::{Board, use_board};
pub use first_run::FirstRun;
pub use landing::{Facts, Hero, Roles};
pub use latest::{LatestDeliveries, LatestPosts};
pub use switcher::Switcher;
pub use waiting::WaitingPosts;
