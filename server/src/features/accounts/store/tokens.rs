//! Tokens, sealed: put in by the web, which cannot read them back, and read, renewed and given back by background work.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{AccountId, Platform, ServiceResult, WorkspaceId, accounts::AccountStatus};
use platforms::AccountKind;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::database::{failed, one_row, word};

/// Tokens, sealed.
#[derive(Clone, Debug)]
pub struct SealedTokens {
    pub access: Vec<u8>,
    pub refresh: Option<Vec<u8>>,
    pub obtained_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub refresh_expires_at: Option<DateTime<Utc>>,
}

/// Puts the tokens of an authorization in place of whatever there was: a refresh under way cannot write over them, and
/// one that was waiting to give the old ones back leaves these alone. Holds the account's row, so that two callbacks
/// take turns.
pub async fn put_tokens(
    tx: &mut PgConnection,
    account: AccountId,
    workspace: WorkspaceId,
    tokens: &SealedTokens,
) -> ServiceResult<()> {
    // Not one statement: `on conflict` would have to read what the web may not.
    let updated = sqlx::query!(
        "update account_credentials set
           access_token_sealed = $2, refresh_token_sealed = $3, extra_sealed = null, token_version = token_version + 1,
           obtained_at = $4, expires_at = $5, refresh_expires_at = $6,
           refresh_lease_owner = null, refresh_lease_until = null, refresh_started_at = null,
           refresh_failures = 0, refresh_retry_at = null, doubted_at = null, revoke_requested_at = null, updated_at = $4
         where account_id = $1",
        account.0,
        tokens.access,
        tokens.refresh,
        tokens.obtained_at,
        tokens.expires_at,
        tokens.refresh_expires_at,
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    if updated.rows_affected() == 0 {
        sqlx::query!(
            "insert into account_credentials
               (account_id, workspace_id, access_token_sealed, refresh_token_sealed, obtained_at, expires_at,
                refresh_expires_at, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $5, $5)",
            account.0,
            workspace.0,
            tokens.access,
            tokens.refresh,
            tokens.obtained_at,
            tokens.expires_at,
            tokens.refresh_expires_at,
        )
        .execute(tx)
        .await
        .map_err(failed)?;
    }
    Ok(())
}

/// The version of the tokens an account has, if any.
pub async fn token_version(tx: &mut PgConnection, account: AccountId) -> ServiceResult<Option<i64>> {
    sqlx::query_scalar!("select token_version from account_credentials where account_id = $1", account.0)
        .fetch_optional(tx)
        .await
        .map_err(failed)
}

/// Takes an account out of use and marks its tokens: from here on nothing opens them but the job that gives them back.
pub async fn disconnect(tx: &mut PgConnection, account: AccountId, now: DateTime<Utc>) -> ServiceResult<()> {
    let done = sqlx::query!(
        "update accounts set status = 'disconnected', status_reason = null, disconnected_at = $2, token_expires_at = null
          where id = $1 and status <> 'disconnected'",
        account.0,
        now
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "account")?;
    sqlx::query!("update account_credentials set revoke_requested_at = $2 where account_id = $1", account.0, now)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// An account with its tokens, sealed.
#[derive(Clone, Debug)]
pub struct Held {
    pub workspace: WorkspaceId,
    pub platform: Platform,
    pub kind: AccountKind,
    pub external_id: String,
    pub grantor: String,
    pub status: AccountStatus,
    pub status_reason: Option<String>,
    pub scopes: Vec<String>,
    pub tokens: SealedTokens,
    pub version: i64,
    pub lease_until: Option<DateTime<Utc>>,
    pub failures: i16,
    pub retry_at: Option<DateTime<Utc>>,
    pub revoke_requested_at: Option<DateTime<Utc>>,
}

pub async fn held_tokens(tx: &mut PgConnection, account: AccountId) -> ServiceResult<Option<Held>> {
    Ok(held_tokens_of(tx, &[account]).await?.remove(&account))
}

/// Those of several accounts; one that does not exist is left out.
pub async fn held_tokens_of(tx: &mut PgConnection, accounts: &[AccountId]) -> ServiceResult<HashMap<AccountId, Held>> {
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.0).collect();
    let rows = sqlx::query!(
        r#"select a.id, a.workspace_id, a.platform::text as "platform!", a.external_kind, a.external_account_id, a.grantor,
                  a.status::text as "status!", a.status_reason, a.scopes,
                  c.access_token_sealed, c.refresh_token_sealed, c.token_version, c.obtained_at, c.expires_at,
                  c.refresh_expires_at, c.refresh_lease_until, c.refresh_failures, c.refresh_retry_at,
                  c.revoke_requested_at
             from account_credentials c join accounts a on a.id = c.account_id
            where c.account_id = any($1)"#,
        &ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            let account = AccountId(row.id);
            Ok((
                account,
                Held {
                    workspace: row.workspace_id.into(),
                    platform: word("platform", &row.platform)?,
                    kind: word("account kind", &row.external_kind)?,
                    external_id: row.external_account_id,
                    grantor: row.grantor,
                    status: word("account status", &row.status)?,
                    status_reason: row.status_reason,
                    scopes: row.scopes,
                    tokens: SealedTokens {
                        access: row.access_token_sealed,
                        refresh: row.refresh_token_sealed,
                        obtained_at: row.obtained_at,
                        expires_at: row.expires_at,
                        refresh_expires_at: row.refresh_expires_at,
                    },
                    version: row.token_version,
                    lease_until: row.refresh_lease_until,
                    failures: row.refresh_failures,
                    retry_at: row.refresh_retry_at,
                    revoke_requested_at: row.revoke_requested_at,
                },
            ))
        })
        .collect()
}

/// A lease that was taken.
#[derive(Debug)]
pub struct Lease {
    /// When the renewal began that has not been seen to end: before now, if somebody died in the middle of one.
    pub started_at: DateTime<Utc>,
}

/// Takes the right to work on an account's tokens of this version, until `until`. `None` if another has it, or the
/// version has changed. `unlinked`: whether the row must be marked for giving back, or must not be.
pub async fn take_lease(
    tx: &mut PgConnection,
    account: AccountId,
    version: i64,
    owner: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    unlinked: bool,
) -> ServiceResult<Option<Lease>> {
    let started_at = sqlx::query_scalar!(
        r#"update account_credentials
              set refresh_lease_owner = $3, refresh_lease_until = $5, refresh_started_at = coalesce(refresh_started_at, $4)
            where account_id = $1 and token_version = $2 and (revoke_requested_at is not null) = $6
              and (refresh_lease_until is null or refresh_lease_until <= $4)
            returning refresh_started_at as "started_at!""#,
        account.0,
        version,
        owner,
        now,
        until,
        unlinked,
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(started_at.map(|started_at| Lease { started_at }))
}

/// Ends a lease without new tokens. `clear_mark`: the renewal's end is known, so the mark of its start goes too.
pub async fn end_lease(
    tx: &mut PgConnection,
    account: AccountId,
    version: i64,
    owner: Uuid,
    clear_mark: bool,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update account_credentials
            set refresh_lease_owner = null, refresh_lease_until = null,
                refresh_started_at = case when $4 then null else refresh_started_at end
          where account_id = $1 and token_version = $2 and refresh_lease_owner = $3",
        account.0,
        version,
        owner,
        clear_mark,
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// The new pair, the lease's end and the clean record in one write, if nobody has written since `version`. Not the
/// lease decides but the version: an answer that comes late is still the one the platform holds to.
pub async fn save_renewed(
    tx: &mut PgConnection,
    account: AccountId,
    version: i64,
    tokens: &SealedTokens,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update account_credentials set
           access_token_sealed = $3, refresh_token_sealed = $4, token_version = token_version + 1, obtained_at = $5,
           expires_at = $6, refresh_expires_at = $7, refresh_lease_owner = null, refresh_lease_until = null,
           refresh_started_at = null, refresh_failures = 0, refresh_retry_at = null, doubted_at = null
         where account_id = $1 and token_version = $2",
        account.0,
        version,
        tokens.access,
        tokens.refresh,
        tokens.obtained_at,
        tokens.expires_at,
        tokens.refresh_expires_at,
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Ends a lease after a failure that says nothing about the account, and sets when the next try makes sense.
pub async fn save_failure(
    tx: &mut PgConnection,
    account: AccountId,
    version: i64,
    owner: Uuid,
    retry_at: DateTime<Utc>,
    clear_mark: bool,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update account_credentials
            set refresh_lease_owner = null, refresh_lease_until = null, refresh_failures = refresh_failures + 1,
                refresh_retry_at = $4, refresh_started_at = case when $5 then null else refresh_started_at end
          where account_id = $1 and token_version = $2 and refresh_lease_owner = $3",
        account.0,
        version,
        owner,
        retry_at,
        clear_mark,
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Whether the person behind an account has others connected, in whatever workspace.
pub async fn grantor_has_others(
    tx: &mut PgConnection,
    account: AccountId,
    platform: Platform,
    grantor: &str,
) -> ServiceResult<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from accounts
                           where platform = $1::text::platform and grantor = $2 and id <> $3
                             and status <> 'disconnected') as "exists!""#,
        platform.as_str(),
        grantor,
        account.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// Deletes the tokens of an unlinked account. One that was connected again keeps its new ones.
pub async fn delete_unlinked(tx: &mut PgConnection, account: AccountId) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "delete from account_credentials where account_id = $1 and revoke_requested_at is not null",
        account.0
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Deletes tokens that have waited too long to be given back.
pub async fn delete_unlinked_before(tx: &mut PgConnection, before: DateTime<Utc>) -> ServiceResult<Vec<AccountId>> {
    let ids = sqlx::query_scalar!(
        "delete from account_credentials where revoke_requested_at < $1 returning account_id",
        before
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(ids.into_iter().map(AccountId).collect())
}
