//! The SQL of rate limits.

use chrono::{DateTime, Utc};
use domain::ServiceResult;
use sqlx::PgPool;

use crate::{database::failed, http::limits::Bucket};

/// What came of several that took one from each bucket.
#[derive(Debug)]
pub struct Taken {
    /// How many got one from every bucket.
    pub count: u32,
    /// What those are told who did.
    pub least: Option<Least>,
    /// What the others are told.
    pub refusal: Option<Refusal>,
}

/// The bucket with the least left.
#[derive(Debug)]
pub struct Least {
    pub place: usize,
    pub remaining: u32,
    /// When it is full again.
    pub full_again: DateTime<Utc>,
}

/// The bucket that refused.
#[derive(Debug)]
pub struct Refusal {
    pub place: usize,
    pub full_again: DateTime<Utc>,
    /// When there is one in it.
    pub next_at: DateTime<Utc>,
}

/// Takes one from every bucket, or from none, `times` times. The buckets are sorted by their keys.
pub async fn take(pool: &PgPool, buckets: &[Bucket], times: usize, at: DateTime<Utc>) -> ServiceResult<Taken> {
    let keys: Vec<String> = buckets.iter().map(|bucket| bucket.key.clone()).collect();
    let limits: Vec<i32> =
        buckets.iter().map(|bucket| i32::try_from(bucket.per_minute).unwrap_or(i32::MAX).max(1)).collect();
    let row = sqlx::query!(
        r#"select taken as "taken!", place, remaining, full_again, refused_by, refused_full_again, next_at
             from rate_limit_take($1, $2, $3, $4)"#,
        &keys,
        &limits,
        i32::try_from(times).unwrap_or(i32::MAX),
        at
    )
    .fetch_one(pool)
    .await
    .map_err(failed)?;
    let index = |place: i32| usize::try_from(place - 1).unwrap_or_default();
    let least = (row.place, row.remaining, row.full_again);
    let refusal = (row.refused_by, row.refused_full_again, row.next_at);
    Ok(Taken {
        count: row.taken.unsigned_abs(),
        least: match least {
            (Some(place), Some(remaining), Some(full_again)) => {
                Some(Least { place: index(place), remaining: remaining.unsigned_abs(), full_again })
            }
            _ => None,
        },
        refusal: match refusal {
            (Some(place), Some(full_again), Some(next_at)) => {
                Some(Refusal { place: index(place), full_again, next_at })
            }
            _ => None,
        },
    })
}
