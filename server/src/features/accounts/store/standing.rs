//! How an account stands, as background work finds it: renewed, in trouble, in doubt, or soon to end.

use chrono::{DateTime, Utc};
use domain::{AccountId, Platform, ServiceResult, WorkspaceId, accounts::AccountStatus};
use sqlx::PgConnection;

use crate::database::{failed, word};

/// Shows a renewal on the account. One that was unlinked meanwhile stays so; one that failed for another reason than a
/// renewal (`unrenewed` begins the others' reasons) waits for a person; and what a connected one lacks, it still does.
pub async fn show_renewed(
    tx: &mut PgConnection,
    account: AccountId,
    scopes: &[String],
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    unrenewed: &str,
) -> ServiceResult<()> {
    sqlx::query!(
        "update accounts
            set status = case when status = 'failed' and not starts_with(coalesce(status_reason, ''), $5) then status
                              else 'connected' end,
                status_reason = case when status = 'connected'
                                       or status = 'failed' and not starts_with(coalesce(status_reason, ''), $5)
                                     then status_reason end,
                scopes = $2, token_expires_at = $3, last_synced_at = $4
          where id = $1 and status <> 'disconnected'",
        account.0,
        scopes,
        expires_at,
        now,
        unrenewed
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Shows what is granted and what is missing, and in words what a connected account lacks by that.
pub async fn show_scopes(
    tx: &mut PgConnection,
    account: AccountId,
    scopes: &[String],
    missing: &[String],
    lacks: Option<&str>,
) -> ServiceResult<()> {
    sqlx::query!(
        "update accounts
            set scopes = $2, missing_scopes = $3, status_reason = case when status = 'connected' then $4 else status_reason end
          where id = $1 and status <> 'disconnected'",
        account.0,
        scopes,
        missing,
        lacks
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Shows on a connected account what it lacks. False where something is shown already.
pub async fn show_lack(tx: &mut PgConnection, account: AccountId, lacks: &str) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update accounts set status_reason = $2 where id = $1 and status = 'connected' and status_reason is null",
        account.0,
        lacks
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Sets what is wrong with an account, if its tokens are still of `version` and it was not in that state before.
pub async fn set_trouble(
    tx: &mut PgConnection,
    account: AccountId,
    version: i64,
    status: AccountStatus,
    reason: &str,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update accounts set status = $3::text::account_status, status_reason = $4
          where id = $1 and status <> 'disconnected' and status <> $3::text::account_status
            and exists (select from account_credentials c
                         where c.account_id = $1 and c.token_version = $2 and c.revoke_requested_at is null)",
        account.0,
        version,
        status.as_str(),
        reason
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Begins doubting an account's access, unless that has begun already since `fresh_since`.
pub async fn begin_doubt(
    tx: &mut PgConnection,
    account: AccountId,
    version: i64,
    now: DateTime<Utc>,
    fresh_since: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update account_credentials set doubted_at = $3
          where account_id = $1 and token_version = $2 and revoke_requested_at is null
            and (doubted_at is null or doubted_at < $4)",
        account.0,
        version,
        now,
        fresh_since
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Access was seen to be there: the doubt ends, and the moment is shown. An account that failed for another reason than a
/// renewal, as [`show_renewed`] has it, waits for a person all the same. Whether the tokens are still of `version`.
pub async fn end_doubt(
    tx: &mut PgConnection,
    account: AccountId,
    version: i64,
    now: DateTime<Utc>,
    unrenewed: &str,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update account_credentials set doubted_at = null where account_id = $1 and token_version = $2",
        account.0,
        version
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    sqlx::query!(
        "update accounts
            set last_synced_at = $2,
                status = case when starts_with(coalesce(status_reason, ''), $3) then 'connected' else status end,
                status_reason = case when status = 'connected' or not starts_with(coalesce(status_reason, ''), $3)
                                     then status_reason end
          where id = $1 and status in ('connected', 'failed')",
        account.0,
        now,
        unrenewed
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Shows name, picture and the longest text as the platform has them now.
pub async fn show_profile(
    tx: &mut PgConnection,
    account: AccountId,
    display_name: &str,
    handle: Option<&str>,
    avatar_url: Option<&str>,
    text_max: Option<i32>,
) -> ServiceResult<()> {
    sqlx::query!(
        "update accounts set display_name = $2, handle = $3, avatar_url = $4, text_max = $5
          where id = $1 and status <> 'disconnected'",
        account.0,
        display_name,
        handle,
        avatar_url,
        text_max
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Accounts whose tokens should be renewed, with the version they have now. Those that end before `ends_before`, or have
/// less than a tenth of their life left; with a refresh token that has not ended, and not in the pause after a failure.
pub async fn due_for_renewal(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    ends_before: DateTime<Utc>,
    refresh_ends_before: Option<DateTime<Utc>>,
) -> ServiceResult<Vec<(AccountId, i64)>> {
    let rows = sqlx::query!(
        r#"select c.account_id, c.token_version
             from account_credentials c join accounts a on a.id = c.account_id
            where a.status in ('connected', 'failed') and c.revoke_requested_at is null
              and c.refresh_token_sealed is not null
              and (c.refresh_expires_at is null or c.refresh_expires_at > $1)
              and (c.refresh_retry_at is null or c.refresh_retry_at <= $1)
              and (c.refresh_lease_until is null or c.refresh_lease_until <= $1)
              and (c.expires_at <= $2 or c.expires_at - $1 <= (c.expires_at - c.obtained_at) / 10
                   or c.refresh_expires_at <= $3)
            order by coalesce(c.expires_at, c.refresh_expires_at)"#,
        now,
        ends_before,
        refresh_ends_before
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| (row.account_id.into(), row.token_version)).collect())
}

/// An account that cannot be renewed without a person.
#[derive(Debug)]
pub struct Ending {
    pub account: AccountId,
    pub workspace: WorkspaceId,
    pub platform: Platform,
    pub version: i64,
    pub expires_at: DateTime<Utc>,
}

/// Connected accounts without a way to renew whose access ends before `before`, and that nobody has been reminded of
/// since they were connected.
pub async fn ending_unreminded(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> ServiceResult<Vec<Ending>> {
    let rows = sqlx::query!(
        r#"select c.account_id, a.workspace_id, a.platform::text as "platform!", c.token_version, c.expires_at as "expires_at!"
             from account_credentials c join accounts a on a.id = c.account_id
            where a.status in ('connected', 'failed') and c.revoke_requested_at is null
              and (c.refresh_token_sealed is null or c.refresh_expires_at <= $1)
              and c.expires_at > $1 and c.expires_at <= $2
              and not exists (select from connection_events e
                               where e.account_id = a.id and e.event_type = 'reconnection_prompted'
                                 and e.created_at >= c.obtained_at)"#,
        now,
        before
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(Ending {
                account: row.account_id.into(),
                workspace: row.workspace_id.into(),
                platform: word("platform", &row.platform)?,
                version: row.token_version,
                expires_at: row.expires_at,
            })
        })
        .collect()
}

/// Connected accounts whose access has ended and cannot be renewed.
pub async fn ended(tx: &mut PgConnection, now: DateTime<Utc>) -> ServiceResult<Vec<Ending>> {
    let rows = sqlx::query!(
        r#"select c.account_id, a.workspace_id, a.platform::text as "platform!", c.token_version, c.expires_at as "expires_at!"
             from account_credentials c join accounts a on a.id = c.account_id
            where a.status in ('connected', 'failed') and c.revoke_requested_at is null
              and (c.refresh_token_sealed is null or c.refresh_expires_at <= $1) and c.expires_at <= $1"#,
        now
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(Ending {
                account: row.account_id.into(),
                workspace: row.workspace_id.into(),
                platform: word("platform", &row.platform)?,
                version: row.token_version,
                expires_at: row.expires_at,
            })
        })
        .collect()
}
