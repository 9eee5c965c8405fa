//! The edge: everything between a socket and a port.

pub mod assets;
pub mod cookie;
pub mod csv;
pub mod envelope;
pub mod extract;
pub mod health;
pub mod keys;
pub mod limits;
pub mod middleware;
pub mod pages;
pub mod picture;
mod trace;
pub mod well_known;
