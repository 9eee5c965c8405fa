//! Call limits: fixed windows, counted per key.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

/// Where a caller stands after this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meter {
    pub(crate) limit: u64,
    pub(crate) used: u64,
    pub(crate) reset: DateTime<Utc>,
    pub(crate) exceeded: bool,
}

impl Meter {
    pub(crate) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Limits(HashMap<String, (DateTime<Utc>, u64)>);

impl Limits {
    pub(crate) fn hit(&mut self, key: String, limit: u64, window_secs: i64, now: DateTime<Utc>) -> Meter {
        let window = TimeDelta::seconds(window_secs);
        if self.0.len() > 100_000 {
            self.0.retain(|_, (end, _)| *end > now);
        }
        let (end, used) = self.0.entry(key).or_insert((now + window, 0));
        if *end <= now {
            (*end, *used) = (now + window, 0);
        }
        *used += 1;
        Meter { limit, used: *used, reset: *end, exceeded: *used > limit }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_again() {
        let mut limits = Limits::default();
        let start = DateTime::from_timestamp(1_000, 0).unwrap();
        assert_eq!(limits.hit("a".into(), 2, 60, start).remaining(), 1);
        assert!(!limits.hit("a".into(), 2, 60, start).exceeded);
        assert!(limits.hit("a".into(), 2, 60, start).exceeded);
        assert!(!limits.hit("b".into(), 2, 60, start).exceeded);
        let later = start + TimeDelta::seconds(60);
        let meter = limits.hit("a".into(), 2, 60, later);
        assert_eq!((meter.used, meter.reset), (1, later + TimeDelta::seconds(60)));
    }
}
