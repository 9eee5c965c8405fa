//! What tests stand on: a database of their own, a clock and ids that they hold in their hand. For development only.

pub mod clock;
pub mod database;
pub mod films;

pub use clock::{FrozenClock, SeqIds};
pub use database::{TestDatabase, TestDatabaseError};
