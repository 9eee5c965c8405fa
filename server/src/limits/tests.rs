//! Limits on a real PostgreSQL.

use std::{sync::Arc, time::Instant};

use chrono::Duration;
use rstest::rstest;
use testkit::{FrozenClock, TestDatabase};

use super::*;
use crate::{
    database::{DatabaseUrls, PoolSizes},
    jobs,
};

struct Bench {
    _database: TestDatabase,
    clock: Arc<FrozenClock>,
    db: Database,
}

impl Bench {
    async fn new() -> Self {
        let database = jobs::tests::database().await;
        let urls = DatabaseUrls {
            owner: database.owner_url.clone().into(),
            app: database.app_url.clone().into(),
            worker: database.worker_url.clone().into(),
        };
        let db = Database::connect(&urls, PoolSizes { app: 8, worker: 2, ..PoolSizes::default() }).unwrap();
        Self { _database: database, clock: Arc::new(FrozenClock::default()), db }
    }

    /// As another process has it.
    fn limiter(&self) -> PostgresLimiter {
        PostgresLimiter::new(self.db.clone(), self.clock.clone())
    }
}

fn bucket(key: &str, per_minute: u32) -> Bucket {
    Bucket { name: "test", key: key.to_owned(), per_minute }
}

#[rstest]
#[case(1)]
#[case(7)]
#[case(10)]
#[case(100)]
#[tokio::test]
async fn as_many_as_the_limit_says_and_then_one_by_one(#[case] limit: u32) {
    let bench = Bench::new().await;
    let limiter = bench.limiter();
    let take = async || limiter.take(&[bucket("k", limit)]).await.unwrap();
    for n in 1..=limit {
        let taken = take().await;
        assert!(taken.allowed, "{n} of {limit}");
        assert_eq!((taken.limit, taken.remaining), (limit, limit - n));
    }
    let refused = take().await;
    let share = 60_u32.div_ceil(limit);
    assert_eq!((refused.allowed, refused.remaining), (false, 0));
    assert_eq!((refused.retry_after, refused.reset), (share.max(1), 60));
    // Refusals cost nothing: one share of a minute later there is one again, and no more.
    for _ in 0..50 {
        assert!(!take().await.allowed);
    }
    bench.clock.advance(Duration::microseconds(i64::from(60_000_000_u32.div_ceil(limit))));
    assert!(take().await.allowed);
    assert!(!take().await.allowed);
    bench.clock.advance(Duration::minutes(10));
    assert_eq!(take().await.remaining, limit - 1, "nobody saves up");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_count_as_one() {
    let bench = Bench::new().await;
    let processes = [bench.limiter(), bench.limiter(), bench.limiter()];
    let takes = (0..150).map(|n| {
        let limiter = processes[n % 3].clone();
        tokio::spawn(async move { limiter.take(&[bucket("k", 40)]).await.unwrap().allowed })
    });
    let mut allowed = 0;
    for take in takes.collect::<Vec<_>>() {
        allowed += u32::from(take.await.unwrap());
    }
    assert_eq!(allowed, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_limits_or_none() {
    let bench = Bench::new().await;
    let limiter = bench.limiter();
    let both = |user: &str| [bucket(user, 5), bucket("workspace", 8)];
    for left in [4, 3, 2, 1, 0] {
        let taken = limiter.take(&both("a")).await.unwrap();
        assert_eq!(
            (taken.allowed, taken.limit, taken.remaining),
            (true, 5, left),
            "the one with the least left is told"
        );
    }
    assert!(!limiter.take(&both("a")).await.unwrap().allowed);
    for left in [2, 1, 0] {
        let taken = limiter.take(&both("b")).await.unwrap();
        assert_eq!((taken.limit, taken.remaining), (8, left), "what was refused took nothing from the workspace");
    }
    let refused = bench.limiter().take(&both("c")).await.unwrap();
    assert_eq!((refused.allowed, refused.limit), (false, 8));
    // Nor from the person, whichever comes first in the order of keys.
    assert_eq!(limiter.take(&[bucket("c", 5)]).await.unwrap().remaining, 4);
    // In both orders at once, nobody waits for anybody.
    let started = Instant::now();
    let takes = (0..100).map(|n| {
        let limiter = bench.limiter();
        let mut buckets = vec![bucket("x", 100_000), bucket("y", 100_000)];
        if n % 2 == 0 {
            buckets.reverse();
        }
        tokio::spawn(async move { limiter.take(&buckets).await.unwrap().allowed })
    });
    for take in takes.collect::<Vec<_>>() {
        assert!(take.await.unwrap());
    }
    assert!(started.elapsed().as_secs() < 20);
}

#[tokio::test]
async fn a_limiter_that_fails_refuses_nobody() {
    let bench = Bench::new().await;
    let limiter = bench.limiter();
    assert!(limiter.take(&[bucket("k", 1)]).await.unwrap().allowed);
    bench.db.close().await;
    assert_eq!(limiter.take(&[bucket("k", 1)]).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_at_one_moment_is_counted_one_by_one_all_the_same() {
    let bench = Bench::new().await;
    let pool = bench.db.public_pool();
    let at = bench.clock.now();
    let both = [bucket("a", 5), bucket("workspace", 8)];
    let taken = store::take(pool, &both, 3, at).await.unwrap();
    assert_eq!((taken.count, taken.least.unwrap().remaining), (3, 2));
    assert!(taken.refusal.is_none());
    // Two of four fit in the first, and the others take nothing from the second.
    let taken = store::take(pool, &both, 4, at).await.unwrap();
    let (least, refusal) = (taken.least.unwrap(), taken.refusal.unwrap());
    assert_eq!((taken.count, least.place, least.remaining), (2, 0, 0));
    assert_eq!((refusal.place, refusal.full_again), (0, at + Duration::minutes(1)));
    assert_eq!(refusal.next_at, at + Duration::seconds(12));
    // Three of four fit in the second, and what the fourth took from the first is given back.
    let taken = store::take(pool, &[bucket("b", 5), bucket("workspace", 8)], 4, at).await.unwrap();
    assert_eq!((taken.count, taken.refusal.unwrap().place, taken.least.unwrap().place), (3, 1, 1));
    assert_eq!(store::take(pool, &[bucket("b", 5)], 9, at).await.unwrap().count, 2);
    // A row that is not there yet has room for a minute's worth and no more.
    let taken = store::take(pool, &[bucket("new", 5)], 9, at).await.unwrap();
    assert_eq!((taken.count, taken.least.unwrap().full_again), (5, at + Duration::minutes(1)));
    assert_eq!(store::take(pool, &[bucket("new", 5)], 1, at).await.unwrap().count, 0);
    let nothing = store::take(pool, &[bucket("x", 5), bucket("y", 5), bucket("new", 5)], 2, at).await.unwrap();
    assert_eq!((nothing.count, nothing.refusal.unwrap().place), (0, 2));
    assert_eq!(store::take(pool, &[bucket("x", 5), bucket("y", 5)], 9, at).await.unwrap().count, 5);
}
