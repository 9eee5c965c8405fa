//! The SQL of deliveries.

use domain::{Platform, PostId, ServiceResult, deliveries::DeliveryStatus};
use sqlx::PgConnection;

use crate::database::{failed, word};

/// How many deliveries of a post stand where, per platform.
#[derive(Clone, Copy, Debug)]
pub struct StandingRow {
    pub post_id: PostId,
    pub platform: Platform,
    pub status: DeliveryStatus,
    pub n: u32,
}

pub async fn standing(tx: &mut PgConnection, posts: &[PostId]) -> ServiceResult<Vec<StandingRow>> {
    let ids: Vec<uuid::Uuid> = posts.iter().map(|post| post.0).collect();
    let rows = sqlx::query!(
        r#"select post_id, platform::text as "platform!", status::text as "status!", count(*) as "n!"
             from deliveries where post_id = any($1) group by 1, 2, 3 order by 1, 2"#,
        &ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(StandingRow {
                post_id: row.post_id.into(),
                platform: word("platform", &row.platform)?,
                status: word("delivery status", &row.status)?,
                n: u32::try_from(row.n).unwrap_or(u32::MAX),
            })
        })
        .collect()
}

pub async fn cancel_untouched(tx: &mut PgConnection, post: PostId) -> ServiceResult<u64> {
    let done = sqlx::query!(
        "update deliveries set status = 'canceled', next_attempt_at = null
          where post_id = $1 and status = 'pending' and attempts = 0",
        post.0
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected())
}

pub async fn any_touched(tx: &mut PgConnection, post: PostId) -> ServiceResult<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from deliveries where post_id = $1 and status not in ('canceled')) as "touched!""#,
        post.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok(found)
}
