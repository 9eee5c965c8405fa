//! Pictures, videos and documents: bringing them in, the library, one of them in depth.

pub mod anywhere;
pub mod limits;
pub mod pages;
pub mod picker;
mod poster;
mod query;
pub mod queue;
pub mod server_fns;
pub mod upload;
mod words;
