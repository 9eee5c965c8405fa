//! What people see. Compiled twice from the same source: into the server, which renders a page's first view with its
//! data (`ssr`), and to WASM, which takes that page over in the browser (`hydrate`).
//!
//! - [`shell()`] is the HTML document around everything, [`App`] the routes.
//! - [`ui`] is the design system and knows no feature; [`layouts`] holds the frames and the navigation; [`shared`] the
//!   words and addresses that several features use; [`features`] the pages, one folder per noun.
//! - Pages reach the product through server functions: three lines that take the [`services`] bundle and the actor from
//!   the context, call a port of `domain`, and map the refusal to an [`AppError`].
//! - [`session`] is what the server tells the browser with the first page; [`live`] what changes afterwards by itself.

#![recursion_limit = "512"]

pub mod app;
pub mod codec;
pub mod error;
pub mod features;
pub mod layouts;
pub mod live;
#[cfg(feature = "ssr")]
pub mod services;
pub mod session;
pub mod shared;
pub mod shell;
pub mod ui;

pub use app::App;
pub use error::AppError;
pub use shell::shell;
