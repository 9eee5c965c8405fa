//! What other features ask about the deliveries of a post, and what changing a post does to them.

use domain::{
    AccountId, Platform, PostId, ServiceResult,
    deliveries::{DeliveryStatus, Outcome, Stage},
};
use sqlx::PgConnection;

use crate::database::{failed, word};

/// How many deliveries of a post stand where, per platform; without those that a newer version has replaced.
#[derive(Clone, Copy, Debug)]
pub struct StandingRow {
    pub post_id: PostId,
    pub platform: Platform,
    pub status: DeliveryStatus,
    pub outcome: Option<Outcome>,
    pub n: u32,
}

pub async fn standing(tx: &mut PgConnection, posts: &[PostId]) -> ServiceResult<Vec<StandingRow>> {
    let ids: Vec<uuid::Uuid> = posts.iter().map(|post| post.0).collect();
    let rows = sqlx::query!(
        r#"select d.post_id, d.platform::text as "platform!", d.status::text as "status!", d.stage::text as "stage!", count(*) as "n!"
             from deliveries d
            where d.post_id = any($1)
              and (d.status <> 'canceled' or exists (select from posts p join post_versions v on v.post_id = p.id and v.number = p.current_version
                                                      where p.id = d.post_id and v.id = d.post_version_id))
            group by 1, 2, 3, 4 order by 1, 2"#,
        &ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            let status = word("delivery status", &row.status)?;
            let stage: Stage = word("stage", &row.stage)?;
            Ok(StandingRow {
                post_id: row.post_id.into(),
                platform: word("platform", &row.platform)?,
                status,
                outcome: Outcome::of(status, stage, false),
                n: u32::try_from(row.n).unwrap_or(u32::MAX),
            })
        })
        .collect()
}

/// Of the current version.
pub async fn cancel_untouched(tx: &mut PgConnection, post: PostId) -> ServiceResult<u64> {
    let done = sqlx::query!(
        "update deliveries d set status = 'canceled', next_attempt_at = null
           from posts p join post_versions v on v.post_id = p.id and v.number = p.current_version
          where p.id = $1 and d.post_version_id = v.id and d.status = 'pending' and d.attempts = 0",
        post.0
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected())
}

pub async fn any_touched(tx: &mut PgConnection, post: PostId) -> ServiceResult<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from deliveries d
                            join posts p on p.id = d.post_id
                            join post_versions v on v.id = d.post_version_id and v.number = p.current_version
                           where d.post_id = $1 and d.status <> 'canceled') as "touched!""#,
        post.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok(found)
}

/// Takes away what accounts have refused for certain, so that a newer version can be sent instead.
pub async fn replace_refused(tx: &mut PgConnection, post: PostId) -> ServiceResult<()> {
    sqlx::query!(
        "update deliveries set status = 'canceled' where post_id = $1 and status = 'failed' and not needs_person",
        post.0
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A delivery that may still be accepted, or may have been.
#[derive(Debug)]
pub struct OpenRow {
    pub account_name: String,
    pub needs_person: bool,
    pub with_creator: bool,
}

/// One of a post's open deliveries; those that wait for a person first.
pub async fn any_open(tx: &mut PgConnection, post: PostId) -> ServiceResult<Option<OpenRow>> {
    sqlx::query_as!(
        OpenRow,
        r#"select a.display_name as account_name, d.needs_person, d.stage = 'with_creator' as "with_creator!"
           from deliveries d join accounts a on a.id = d.account_id
          where d.post_id = $1 and d.status not in ('success', 'canceled')
          order by d.needs_person desc, d.stage = 'with_creator', d.id limit 1"#,
        post.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)
}

/// The accounts that have taken any version of a post.
pub async fn taken(tx: &mut PgConnection, post: PostId) -> ServiceResult<Vec<AccountId>> {
    let ids = sqlx::query_scalar!(
        "select distinct account_id from deliveries where post_id = $1 and status = 'success'",
        post.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(ids.into_iter().map(AccountId).collect())
}
