//! Who you are: registration, sign-in, sign-out.

pub mod pages;
pub mod server_fns;
