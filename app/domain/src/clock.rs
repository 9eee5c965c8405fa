//! Time and ids come from outside, so that a test can hold the clock still and a service never reads it by itself.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The only source of "now".
pub trait Clock: Send + Sync {
    /// The present moment, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The only source of new ids.
pub trait Ids: Send + Sync {
    /// A fresh UUID v7: sorted by time, so that indexes grow at one end.
    fn next(&self) -> Uuid;
}
