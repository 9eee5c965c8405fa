//! A post whose time passed while nothing ran: it goes out late, or is held for a person, and never in a burst. Pure, so
//! that it can be tested by properties.

use chrono::{DateTime, Duration, Utc};

/// When late is too late, and how what is late is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissedPolicy {
    /// Found later than this after its time, a post is held; until then it goes out late.
    pub after: Duration,
    /// Between two posts to one account that do not go out at the time they were meant for.
    pub spacing: Duration,
}

impl Default for MissedPolicy {
    /// Held after an hour; half a minute between two.
    fn default() -> Self {
        Self { after: Duration::hours(1), spacing: Duration::seconds(30) }
    }
}

/// How a post meets its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeliness {
    OnTime,
    /// Sent, spread out.
    Late,
    /// Held.
    Missed,
}

impl MissedPolicy {
    /// Nobody calls this late: the queue itself may have kept a post for so long.
    pub const GRACE: Duration = Duration::minutes(2);

    /// How a post that was meant for `planned` stands when it is found at `now`.
    pub fn judge(&self, planned: DateTime<Utc>, now: DateTime<Utc>) -> Timeliness {
        let late = now - planned;
        if late <= Self::GRACE {
            Timeliness::OnTime
        } else if late > self.after {
            Timeliness::Missed
        } else {
            Timeliness::Late
        }
    }

    /// When a late post goes to an account: a while after the `last` one there, if that is lately or still to come; else
    /// somewhere within the first while, so that the accounts do not all begin at one moment. `random` is uniform in 0..1.
    pub fn slot(&self, now: DateTime<Utc>, last: Option<DateTime<Utc>>, random: f64) -> DateTime<Utc> {
        match last.map(|last| last + self.spacing) {
            Some(free) if free > now => free,
            _ => now + self.share(random),
        }
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds of minutes fit")]
    fn share(&self, random: f64) -> Duration {
        Duration::milliseconds((self.spacing.num_milliseconds() as f64 * random.clamp(0.0, 1.0)) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    #[test]
    fn late_until_it_is_too_late() {
        let policy = MissedPolicy::default();
        let found = |minutes| policy.judge(now() - Duration::minutes(minutes), now());
        assert_eq!([found(-5), found(0), found(2)], [Timeliness::OnTime; 3]);
        assert_eq!([found(3), found(60)], [Timeliness::Late; 2]);
        assert_eq!([found(61), found(10_000)], [Timeliness::Missed; 2]);
    }

    #[test]
    fn zero_holds_whatever_is_late_at_all() {
        let policy = MissedPolicy { after: Duration::zero(), ..MissedPolicy::default() };
        assert_eq!(policy.judge(now() - Duration::minutes(2), now()), Timeliness::OnTime);
        assert_eq!(policy.judge(now() - Duration::minutes(3), now()), Timeliness::Missed);
    }

    proptest! {
        #[test]
        fn two_to_one_account_are_never_close(seconds in 1i64..600, randoms in proptest::collection::vec(0.0f64..1.0, 2..40)) {
            let policy = MissedPolicy { spacing: Duration::seconds(seconds), ..MissedPolicy::default() };
            let mut last = None;
            for random in randoms {
                let slot = policy.slot(now(), last, random);
                prop_assert!(slot >= now());
                match last {
                    None => prop_assert!(slot <= now() + policy.spacing),
                    Some(last) => prop_assert!(slot - last >= policy.spacing),
                }
                last = Some(slot);
            }
        }

        #[test]
        fn what_went_out_long_ago_holds_nothing_up(ago in 600i64..100_000, random in 0.0f64..1.0) {
            let policy = MissedPolicy::default();
            let slot = policy.slot(now(), Some(now() - Duration::seconds(ago)), random);
            prop_assert!(slot <= now() + policy.spacing);
        }
    }
}
