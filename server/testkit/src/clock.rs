//! Time and ids that a test holds in its hand.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Duration, SubsecRound, TimeZone, Utc};
use domain::clock::{Clock, Ids};
use uuid::Uuid;

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct FrozenClock {
    now: Mutex<DateTime<Utc>>,
}

impl FrozenClock {
    /// Stands at `now`, in PostgreSQL's precision.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self { now: Mutex::new(now.trunc_subsecs(6)) }
    }

    /// Stands at the machine's present time: for tests whose other half, such as the sandbox, has a clock of its own.
    #[expect(clippy::disallowed_methods, reason = "where a frozen clock starts is the one thing it takes from outside")]
    pub fn at_present() -> Self {
        Self::at(Utc::now())
    }

    /// Moves on, or back.
    pub fn advance(&self, by: Duration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Stands elsewhere.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now.trunc_subsecs(6);
    }
}

impl Default for FrozenClock {
    /// Friday, 20 November 2026, noon.
    fn default() -> Self {
        Self::at(Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).single().unwrap_or_default())
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ids in order: each is a valid UUID v7 and greater than the one before, and a second generator makes the same ones.
#[derive(Debug, Default)]
pub struct SeqIds {
    last: AtomicU64,
}

impl SeqIds {
    /// Starts behind `first`, so that two generators in one test do not meet.
    pub fn after(first: u64) -> Self {
        Self { last: AtomicU64::new(first) }
    }
}

impl Ids for SeqIds {
    fn next(&self) -> Uuid {
        let n = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        // The same millisecond for all, the number in the random part.
        let mut random = [0; 10];
        if let Some(tail) = random.get_mut(2..) {
            tail.copy_from_slice(&n.to_be_bytes());
        }
        uuid::Builder::from_unix_timestamp_millis(1_795_176_000_000, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_and_of_version_7() {
        let ids = SeqIds::default();
        let made: Vec<Uuid> = (0..1000).map(|_| ids.next()).collect();
        assert!(made.is_sorted() && made.iter().all(|id| id.get_version_num() == 7));
        assert_eq!(SeqIds::default().next(), made[0]);
    }

    #[test]
    fn the_clock_moves_when_told() {
        let clock = FrozenClock::default();
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance(Duration::minutes(10));
        assert_eq!(clock.now() - start, Duration::minutes(10));
    }
}
