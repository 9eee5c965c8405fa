//! The SQL of rate limits.

use chrono::{DateTime, Utc};
use domain::ServiceResult;
use sqlx::PgPool;

use crate::{database::failed, http::limits::Bucket};

/// What came of taking one from each bucket.
#[derive(Debug)]
pub struct Taken {
    /// The bucket that refused, or the one with the least left.
    pub place: usize,
    pub allowed: bool,
    pub remaining: u32,
    /// When that bucket is full again.
    pub full_again: DateTime<Utc>,
    /// When there is one in it.
    pub next_at: DateTime<Utc>,
}

/// Takes one from every bucket, or from none. The buckets are sorted by their keys.
pub async fn take(pool: &PgPool, buckets: &[&Bucket], at: DateTime<Utc>) -> ServiceResult<Taken> {
    let keys: Vec<String> = buckets.iter().map(|bucket| bucket.key.clone()).collect();
    let limits: Vec<i32> =
        buckets.iter().map(|bucket| i32::try_from(bucket.per_minute).unwrap_or(i32::MAX).max(1)).collect();
    let row = sqlx::query!(
        r#"select place as "place!", allowed as "allowed!", remaining as "remaining!", full_again as "full_again!", next_at as "next_at!"
             from rate_limit_take($1, $2, $3)"#,
        &keys,
        &limits,
        at
    )
    .fetch_one(pool)
    .await
    .map_err(failed)?;
    Ok(Taken {
        place: usize::try_from(row.place - 1).unwrap_or_default(),
        allowed: row.allowed,
        remaining: u32::try_from(row.remaining).unwrap_or_default(),
        full_again: row.full_again,
        next_at: row.next_at,
    })
}
