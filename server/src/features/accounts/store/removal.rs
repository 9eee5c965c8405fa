//! What a platform's message takes away: access that a person has taken back, and what is kept of somebody who wants it
//! gone.

use chrono::{DateTime, Utc};
use domain::{AccountId, Platform, ServiceResult, WorkspaceId};
use sqlx::PgConnection;

use crate::database::{failed, word};

/// An account that hangs on a person's grant.
#[derive(Debug)]
pub struct GrantedBy {
    pub account: AccountId,
    pub workspace: WorkspaceId,
    pub platform: Platform,
    /// Of its tokens; none if it is unlinked and they are gone.
    pub version: Option<i64>,
    /// Since when its present access is there; since when it was connected, if there is none.
    pub since: DateTime<Utc>,
}

/// Every account of these platforms that a person has granted, in whatever workspace, unlinked ones too. Holds their
/// rows.
pub async fn granted_by(tx: &mut PgConnection, platforms: &[String], grantor: &str) -> ServiceResult<Vec<GrantedBy>> {
    let rows = sqlx::query!(
        r#"select a.id, a.workspace_id, a.platform::text as "platform!", c.token_version as "token_version?",
                  coalesce(c.obtained_at, a.connected_at) as "since!"
             from accounts a left join account_credentials c on c.account_id = a.id
            where a.platform = any($1::text[]::platform[]) and a.grantor = $2 and a.grantor <> ''
            order by a.id
              for update of a"#,
        platforms,
        grantor
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(GrantedBy {
                account: row.id.into(),
                workspace: row.workspace_id.into(),
                platform: word("platform", &row.platform)?,
                version: row.token_version,
                since: row.since,
            })
        })
        .collect()
}

/// Unlinks an account and keeps nothing of the person: no token, name, picture or id of the platform's. What was
/// published with it stays in the workspace's own record.
pub async fn forget(tx: &mut PgConnection, account: AccountId, now: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!("delete from account_credentials where account_id = $1", account.0)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    sqlx::query!(
        "update creator_choices set choices = null, choices_at = null, problem = null where account_id = $1",
        account.0
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    sqlx::query!(
        "update accounts set
           status = 'disconnected', status_reason = null, disconnected_at = coalesce(disconnected_at, $2),
           external_account_id = 'deleted:' || id::text, display_name = 'Deleted account', handle = null,
           avatar_url = null, text_max = null, grantor = '', scopes = '{}', missing_scopes = '{}', token_expires_at = null
         where id = $1",
        account.0,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Writes down that somebody wants to be forgotten, once; the code under which they can ask what became of it.
pub async fn put_deletion(
    tx: &mut PgConnection,
    code: &str,
    platform: Platform,
    person_hash: &[u8],
    requested_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> ServiceResult<String> {
    sqlx::query_scalar!(
        r#"with new as (
             insert into data_deletions (code, platform, person_hash, requested_at, created_at)
             values ($1, $2::text::platform, $3, $4, $5)
             on conflict on constraint data_deletions_request_key do nothing
             returning code
           )
           select code as "code!" from new
           union all
           select code from data_deletions
            where platform = $2::text::platform and person_hash = $3 and requested_at = $4
            limit 1"#,
        code,
        platform.as_str(),
        person_hash,
        requested_at,
        now
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// What became of a request: when it came, and when it was carried out.
pub async fn deletion(
    tx: &mut PgConnection,
    code: &str,
) -> ServiceResult<Option<(Platform, DateTime<Utc>, Option<DateTime<Utc>>)>> {
    let row = sqlx::query!(
        r#"select platform::text as "platform!", created_at, completed_at from data_deletions where code = $1"#,
        code
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| Ok((word("platform", &row.platform)?, row.created_at, row.completed_at))).transpose()
}

pub async fn complete_deletion(tx: &mut PgConnection, code: &str, now: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!("update data_deletions set completed_at = $2 where code = $1 and completed_at is null", code, now)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}
