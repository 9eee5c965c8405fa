//! A post that lies with its creator is watched: often at first, ever more rarely, and not for ever.

use chrono::{DateTime, Duration, Utc};

/// How a platform is asked about what it has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchPolicy {
    /// The first pause.
    pub first: Duration,
    /// How long in all before a person is asked to look.
    pub patience: Duration,
}

impl Default for WatchPolicy {
    /// A minute at first; a week in all.
    fn default() -> Self {
        Self { first: Duration::minutes(1), patience: Duration::days(7) }
    }
}

impl WatchPolicy {
    /// The longest pause.
    const RARELY: Duration = Duration::hours(6);

    /// When to ask again about a post sent at `since`: after a quarter of the time it has been waiting. `None` when that has
    /// been long enough.
    pub fn next(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let age = now - since;
        (age < self.patience).then(|| now + (age / 4).min(Self::RARELY).max(self.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ever_more_rarely_and_not_for_ever() {
        let (policy, since) = (WatchPolicy::default(), DateTime::from_timestamp(1_790_000_000, 0).unwrap());
        let (mut now, mut looks, mut last) = (since, 0, Duration::zero());
        while let Some(next) = policy.next(since, now) {
            let pause = next - now;
            assert!(pause >= last && pause >= policy.first && pause <= WatchPolicy::RARELY, "{pause}");
            (now, last, looks) = (next, pause, looks + 1);
        }
        assert!(now - since >= policy.patience);
        assert!((20..80).contains(&looks), "{looks} looks in a week");
    }
}
