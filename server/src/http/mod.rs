//! The edge: everything between a socket and a port.

pub mod envelope;
pub mod extract;
