//! The only places where time and ids are made.

use chrono::{DateTime, SubsecRound, Utc};
use domain::clock::{Clock, Ids};
use uuid::Uuid;

/// The machine's clock, in PostgreSQL's precision (microseconds), so that what was written compares equal when read.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// UUID v7.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is the generator")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}
