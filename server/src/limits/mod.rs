//! Rate limits that are exact across processes: each request takes from its limits by one statement in PostgreSQL.
//!
//! A limiter must never be what takes a site down. If the database does not answer soon, requests pass, and a counter
//! says how many. Requests that take from the same limits at the same moment do so together, or each would wait for the
//! other's turn at rows that all of them want. Whoever has been refused is remembered here until there is something left for
//! them, so that a flood costs the database nothing: until that moment every answer would be the same, whatever other
//! processes do.

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
    gather::Gather,
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
    /// By the buckets that are taken from at this moment.
    turns: Arc<Mutex<HashMap<Vec<Bucket>, Arc<Turn>>>>,
}

/// A request to the same buckets as others of the same moment, and the answer to each.
type Turn = Gather<(), Option<Verdict>>;

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
        Self { database, clock, refused: Arc::default(), turns: Arc::default() }
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
        if let Some(refusal) = self.known_refusal(buckets, self.clock.now()) {
            return Some(refusal);
        }
        let mut buckets = buckets.to_vec();
        buckets.sort_by(|a, b| a.key.cmp(&b.key));
        let turn = self.turn(buckets.clone());
        let verdict = turn.gather.with((), |all| self.take_for(&buckets, all.len())).await;
        match verdict {
            Some(verdict) => verdict,
            // Whoever asked for this one has hung up.
            None => self.take_for(&buckets, 1).await.pop().flatten(),
        }
    }
}

impl PostgresLimiter {
    fn turn(&self, buckets: Vec<Bucket>) -> Waiting {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let gather = Arc::clone(turns.entry(buckets.clone()).or_default());
        Waiting { gather, buckets, turns: Arc::clone(&self.turns) }
    }

    /// One answer for each of `count` requests that take from these buckets.
    async fn take_for(&self, buckets: &[Bucket], count: usize) -> Vec<Option<Verdict>> {
        let taking = store::take(self.database.public_pool(), buckets, count, self.clock.now());
        let taken = match tokio::time::timeout(PATIENCE, taking).await {
            Ok(Ok(taken)) => taken,
            Ok(Err(error)) => {
                metrics::counter!("rate_limits_unavailable_total").increment(count as u64);
                tracing::warn!(cause = ?error.cause, count, "requests are not being counted: the limiter failed");
                return vec![None; count];
            }
            Err(_) => {
                metrics::counter!("rate_limits_unavailable_total").increment(count as u64);
                tracing::warn!(count, "requests are not being counted: the limiter did not answer in time");
                return vec![None; count];
            }
        };
        // It may have waited for its turn: whoever was counted before it came in before this moment, and so it is never told
        // to wait longer than the limit makes anybody wait.
        let now = self.clock.now();
        let allowed = taken.least.and_then(|least| {
            let limit = buckets.get(least.place)?.per_minute;
            let reset = seconds(least.full_again - now);
            Some(Verdict { allowed: true, limit, remaining: least.remaining, reset, retry_after: 0 })
        });
        let refused = taken.refusal.and_then(|refusal| {
            let bucket = buckets.get(refusal.place)?;
            let refused = Refused { until: refusal.next_at, full_at: refusal.full_again, limit: bucket.per_minute };
            self.remember(&bucket.key, refused, now);
            let refusals = count.saturating_sub(taken.count as usize);
            metrics::counter!("rate_limits_refused_total", "limit" => bucket.name).increment(refusals as u64);
            Some(verdict(refused, now))
        });
        (0..count).map(|n| if n < taken.count as usize { allowed } else { refused }).collect()
    }
}

/// A place among those who take from the same buckets. The last one to leave takes the turn away.
struct Waiting {
    gather: Arc<Turn>,
    buckets: Vec<Bucket>,
    turns: Arc<Mutex<HashMap<Vec<Bucket>, Arc<Turn>>>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's, and this one. Nobody gets another while the map is locked.
        if Arc::strong_count(&self.gather) == 2 {
            turns.remove(&self.buckets);
        }
    }
}
