//! What comes after a failed attempt. Pure, so that the whole schedule can be tested by properties.

use chrono::{DateTime, Duration, Utc};

use super::ErrorClass;

/// When to try again, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Pauses after the first, second, … failed attempt. One fewer than attempts.
    pub pauses: Vec<Duration>,
    /// Share of the pause by which it is moved up or down, 0 to 1.
    pub jitter: f64,
    /// How long a delivery waits for rates and quotas in all before it is given up.
    pub max_wait: Duration,
}

impl Default for RetryPolicy {
    /// Five attempts: 10 s, 1 min, 5 min, 30 min, each ±20 %; at most 24 h of waiting for quotas.
    fn default() -> Self {
        Self {
            pauses: vec![Duration::seconds(10), Duration::minutes(1), Duration::minutes(5), Duration::minutes(30)],
            jitter: 0.2,
            max_wait: Duration::hours(24),
        }
    }
}

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try at this moment; the attempt counts.
    Retry(DateTime<Utc>),
    /// Wait until this moment; the attempt does not count.
    Wait(DateTime<Utc>),
    /// Refresh the token first, then try at once; only once per delivery and token.
    Refresh,
    /// Ask the platform what became of it before anything is sent again, at this moment.
    Reconcile(DateTime<Utc>),
    /// Give up: a dead letter.
    Fail,
}

/// What is known at the moment of the decision.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    pub class: ErrorClass,
    /// Attempts used, this one included, at least 1.
    pub attempts: u32,
    pub now: DateTime<Utc>,
    /// What the platform asked for, by header or body.
    pub retry_at: Option<DateTime<Utc>>,
    /// When the delivery first became due; bounds waiting.
    pub due_since: DateTime<Utc>,
    /// Whether the token was already refreshed for this attempt.
    pub refreshed: bool,
    /// Uniform in 0..1.
    pub random: f64,
}

impl RetryPolicy {
    /// Attempts in all.
    pub fn max_attempts(&self) -> u32 {
        u32::try_from(self.pauses.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// What comes after `failure`.
    pub fn next(&self, failure: &Failure) -> Next {
        match failure.class {
            ErrorClass::AuthExpired if !failure.refreshed => Next::Refresh,
            ErrorClass::RateLimited | ErrorClass::QuotaDaily | ErrorClass::MediaProcessing => self.wait(failure),
            ErrorClass::Transient => self.retry(failure),
            ErrorClass::OutcomeUnknown => Next::Reconcile(failure.now + Duration::seconds(2)),
            ErrorClass::AuthExpired
            | ErrorClass::AuthRevoked
            | ErrorClass::Permission
            | ErrorClass::Validation
            | ErrorClass::Duplicate
            | ErrorClass::MediaInvalid
            | ErrorClass::Policy
            | ErrorClass::Billing
            | ErrorClass::Operator
            | ErrorClass::Missed => Next::Fail,
        }
    }

    fn retry(&self, failure: &Failure) -> Next {
        let index = usize::try_from(failure.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(pause) = self.pauses.get(index) else { return Next::Fail };
        let at = failure.now + self.jittered(*pause, failure.random);
        Next::Retry(failure.retry_at.map_or(at, |asked| asked.max(at)).min(failure.now + self.max_wait))
    }

    fn wait(&self, failure: &Failure) -> Next {
        let give_up = failure.due_since + self.max_wait;
        let fallback = match failure.class {
            ErrorClass::QuotaDaily => next_utc_midnight(failure.now),
            ErrorClass::MediaProcessing => failure.now + Duration::seconds(5),
            _ => failure.now + self.jittered(Duration::minutes(1), failure.random),
        };
        let at = failure.retry_at.unwrap_or(fallback).max(failure.now + Duration::seconds(1));
        if at > give_up { Next::Fail } else { Next::Wait(at) }
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds of minutes fit")]
    fn jittered(&self, pause: Duration, random: f64) -> Duration {
        let factor = 1.0 + self.jitter * (random.clamp(0.0, 1.0) * 2.0 - 1.0);
        Duration::milliseconds((pause.num_milliseconds() as f64 * factor) as i64)
    }
}

/// LinkedIn's quotas and most others end at midnight UTC.
fn next_utc_midnight(now: DateTime<Utc>) -> DateTime<Utc> {
    now.date_naive()
        .succ_opt()
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .map_or(now + Duration::hours(24), |t| t.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn failure(class: ErrorClass, attempts: u32, random: f64) -> Failure {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        Failure { class, attempts, now, retry_at: None, due_since: now, refreshed: false, random }
    }

    #[test]
    fn five_attempts_in_all() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.max_attempts(), 5);
        for attempts in 1..=4 {
            assert!(matches!(policy.next(&failure(ErrorClass::Transient, attempts, 0.5)), Next::Retry(_)));
        }
        assert_eq!(policy.next(&failure(ErrorClass::Transient, 5, 0.5)), Next::Fail);
    }

    #[test]
    fn an_expired_token_is_refreshed_once() {
        let policy = RetryPolicy::default();
        let first = failure(ErrorClass::AuthExpired, 1, 0.5);
        assert_eq!(policy.next(&first), Next::Refresh);
        assert_eq!(policy.next(&Failure { refreshed: true, ..first }), Next::Fail);
    }

    #[test]
    fn waiting_ends() {
        let policy = RetryPolicy::default();
        let mut late = failure(ErrorClass::RateLimited, 1, 0.5);
        late.due_since = late.now - Duration::hours(24);
        assert_eq!(policy.next(&late), Next::Fail);
    }

    #[test]
    fn an_unknown_outcome_is_never_sent_again_blindly() {
        for attempts in 1..9 {
            let next = RetryPolicy::default().next(&failure(ErrorClass::OutcomeUnknown, attempts, 0.1));
            assert!(matches!(next, Next::Reconcile(_)));
        }
    }

    proptest! {
        #[test]
        fn pauses_stay_within_their_jitter(attempt in 1u32..5, random in 0.0f64..1.0) {
            let policy = RetryPolicy::default();
            let failure = failure(ErrorClass::Transient, attempt, random);
            let Next::Retry(at) = policy.next(&failure) else { panic!("retries") };
            let pause = policy.pauses[attempt as usize - 1].num_milliseconds();
            let got = (at - failure.now).num_milliseconds();
            prop_assert!(got * 10 >= pause * 8 - 10 && got * 10 <= pause * 12 + 10);
        }

        #[test]
        fn retry_after_is_obeyed(seconds in 1i64..80_000, random in 0.0f64..1.0) {
            let policy = RetryPolicy::default();
            for class in [ErrorClass::Transient, ErrorClass::RateLimited, ErrorClass::QuotaDaily] {
                let mut failure = failure(class, 1, random);
                let asked = failure.now + Duration::seconds(seconds);
                failure.retry_at = Some(asked);
                match policy.next(&failure) {
                    Next::Retry(at) | Next::Wait(at) => prop_assert!(at >= asked),
                    other => prop_assert!(false, "{other:?}"),
                }
            }
        }

        #[test]
        fn only_counting_retries_use_up_attempts(class in 0usize..ErrorClass::ALL.len(), attempts in 1u32..20, random in 0.0f64..1.0) {
            let class = ErrorClass::ALL[class];
            if let Next::Retry(_) = RetryPolicy::default().next(&failure(class, attempts, random)) {
                prop_assert_eq!(class, ErrorClass::Transient);
                prop_assert!(attempts < 5);
            }
        }
    }
}
