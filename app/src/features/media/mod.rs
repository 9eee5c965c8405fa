//! Pictures: uploading them, describing them.

pub mod server_fns;
pub mod upload;
