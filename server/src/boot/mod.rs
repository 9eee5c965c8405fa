//! Bringing the program up and down.

pub mod postgres;
