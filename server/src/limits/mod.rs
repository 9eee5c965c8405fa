//! Rate limits that are exact across processes: each request takes from its limits by one statement in PostgreSQL.
//!
//! A limiter must never be what takes a site down. If the database does not answer soon, requests pass, and a counter
//! says how many. Whoever has been refused is remembered here until there is something left for them, so that a flood
//! costs the database nothing: until that moment every answer would be the same, whatever other processes do.

mod store;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::Clock;

use crate::{
    database::Database,
    http::limits::{Bucket, Limiter, Verdict},
};

/// How long a request waits for its turn to be counted.
const PATIENCE: Duration = Duration::from_millis(500);
/// Refusals that are remembered at most; beyond that the database is asked again.
const REMEMBERED: usize = 10_000;

/// Fulfils [`Limiter`].
#[derive(Clone)]
pub struct PostgresLimiter {
    database: Database,
    clock: Arc<dyn Clock>,
    refused: Arc<Mutex<HashMap<String, Refused>>>,
}

#[derive(Clone, Copy)]
struct Refused {
    until: DateTime<Utc>,
    full_at: DateTime<Utc>,
    limit: u32,
}

impl fmt::Debug for PostgresLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresLimiter")
    }
}

impl PostgresLimiter {
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock, refused: Arc::default() }
    }

    fn known_refusal(&self, buckets: &[Bucket], now: DateTime<Utc>) -> Option<Verdict> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let known = buckets.iter().find_map(|bucket| Some((bucket, *refused.get(&bucket.key)?)));
        let (bucket, known) = known?;
        if known.until <= now || known.limit != bucket.per_minute {
            refused.remove(&bucket.key);
            return None;
        }
        Some(verdict(known, now))
    }

    fn remember(&self, key: &str, what: Refused, now: DateTime<Utc>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() >= REMEMBERED {
            refused.retain(|_, refused| refused.until > now);
        }
        if refused.len() < REMEMBERED {
            refused.insert(key.to_owned(), what);
        }
    }
}

fn verdict(refused: Refused, now: DateTime<Utc>) -> Verdict {
    Verdict {
        allowed: false,
        limit: refused.limit,
        remaining: 0,
        reset: seconds(refused.full_at - now),
        retry_after: seconds(refused.until - now).max(1),
    }
}

/// Whole seconds, rounded up: who waits that long is not a moment early.
fn seconds(delta: TimeDelta) -> u32 {
    let micros = u64::try_from(delta.num_microseconds().unwrap_or(i64::MAX)).unwrap_or_default();
    u32::try_from(micros.div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

#[async_trait]
impl Limiter for PostgresLimiter {
    async fn take(&self, buckets: &[Bucket]) -> Option<Verdict> {
        let now = self.clock.now();
        if let Some(refusal) = self.known_refusal(buckets, now) {
            return Some(refusal);
        }
        let mut buckets: Vec<&Bucket> = buckets.iter().collect();
        buckets.sort_by(|a, b| a.key.cmp(&b.key));
        let taking = store::take(self.database.public_pool(), &buckets, now);
        let taken = match tokio::time::timeout(PATIENCE, taking).await {
            Ok(Ok(taken)) => taken,
            Ok(Err(error)) => {
                metrics::counter!("rate_limits_unavailable_total").increment(1);
                tracing::warn!(cause = ?error.cause, "requests are not being counted: the limiter failed");
                return None;
            }
            Err(_) => {
                metrics::counter!("rate_limits_unavailable_total").increment(1);
                tracing::warn!("requests are not being counted: the limiter did not answer in time");
                return None;
            }
        };
        // It may have waited for its turn: whoever was counted before it came in before this moment, and so it is never told
        // to wait longer than the limit makes anybody wait.
        let now = self.clock.now();
        let bucket = buckets.get(taken.place)?;
        if taken.allowed {
            let reset = seconds(taken.full_again - now);
            let (limit, remaining) = (bucket.per_minute, taken.remaining);
            return Some(Verdict { allowed: true, limit, remaining, reset, retry_after: 0 });
        }
        metrics::counter!("rate_limits_refused_total", "limit" => bucket.name).increment(1);
        let refused = Refused { until: taken.next_at, full_at: taken.full_again, limit: bucket.per_minute };
        self.remember(&bucket.key, refused, now);
        Some(verdict(refused, now))
    }
}
