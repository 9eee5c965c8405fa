//! The SQL of passkeys, and of the ceremonies in which they are made and used.

use chrono::{DateTime, Utc};
use domain::{PasskeyId, ServiceError, ServiceResult, UserId, WorkspaceId, identity::PASSKEY_TAKEN};
use sqlx::PgConnection;

use crate::database::{failed, on_constraint};

/// Keeps what has to be known when a browser's answer comes.
pub async fn begin_ceremony(
    tx: &mut PgConnection,
    bound_to: &[u8; 32],
    purpose: &str,
    sealed: &[u8],
    until: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!("select begin_passkey_ceremony($1, $2, $3, $4)", bound_to.as_slice(), purpose, sealed, until)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Takes it; of two at once one gets it.
pub async fn take_ceremony(
    tx: &mut PgConnection,
    bound_to: &[u8; 32],
    purpose: &str,
    at: DateTime<Utc>,
) -> ServiceResult<Option<Vec<u8>>> {
    sqlx::query_scalar!("select take_passkey_ceremony($1, $2, $3)", bound_to.as_slice(), purpose, at)
        .fetch_one(tx)
        .await
        .map_err(failed)
}

/// A passkey as its owner sees it.
#[derive(Debug)]
pub struct PasskeyInfo {
    pub id: PasskeyId,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

pub async fn passkeys(tx: &mut PgConnection, user: UserId) -> ServiceResult<Vec<PasskeyInfo>> {
    let rows = sqlx::query!(
        "select id, name, created_at, last_used_at from passkeys where user_id = $1 order by created_at, id",
        user.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let passkeys = rows.into_iter().map(|row| PasskeyInfo {
        id: row.id.into(),
        name: row.name,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    });
    Ok(passkeys.collect())
}

pub async fn passkey(tx: &mut PgConnection, user: UserId, id: PasskeyId) -> ServiceResult<Option<PasskeyInfo>> {
    Ok(passkeys(tx, user).await?.into_iter().find(|passkey| passkey.id == id))
}

/// What the person's devices must not make a second time.
pub async fn credentials(tx: &mut PgConnection, user: UserId) -> ServiceResult<Vec<Vec<u8>>> {
    sqlx::query_scalar!("select credential_id from passkeys where user_id = $1", user.0)
        .fetch_all(tx)
        .await
        .map_err(failed)
}

/// A passkey that was just made.
#[derive(Debug)]
pub struct NewPasskey<'a> {
    pub id: PasskeyId,
    pub user: UserId,
    pub credential_id: &'a [u8],
    pub name: &'a str,
    pub static_state: &'a [u8],
    pub dynamic_state: &'a [u8],
    pub at: DateTime<Utc>,
}

pub async fn insert_passkey(tx: &mut PgConnection, passkey: &NewPasskey<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into passkeys (id, user_id, credential_id, name, static_state, dynamic_state, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        passkey.id.0,
        passkey.user.0,
        passkey.credential_id,
        passkey.name,
        passkey.static_state,
        passkey.dynamic_state,
        passkey.at
    )
    .execute(tx)
    .await
    .map_err(on_constraint("passkeys_credential_key", || ServiceError::conflict(PASSKEY_TAKEN)))?;
    Ok(())
}

pub async fn rename_passkey(tx: &mut PgConnection, user: UserId, id: PasskeyId, name: &str) -> ServiceResult<()> {
    sqlx::query!("update passkeys set name = $3 where id = $1 and user_id = $2", id.0, user.0, name)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Its name, if there was one.
pub async fn remove_passkey(tx: &mut PgConnection, user: UserId, id: PasskeyId) -> ServiceResult<Option<String>> {
    sqlx::query_scalar!("delete from passkeys where id = $1 and user_id = $2 returning name", id.0, user.0)
        .fetch_optional(tx)
        .await
        .map_err(failed)
}

/// What signing in needs to know of a credential.
#[derive(Debug)]
pub struct PasskeyRow {
    pub id: PasskeyId,
    pub user: UserId,
    /// Where its owner will be; none for somebody who belongs nowhere any more.
    pub workspace: Option<WorkspaceId>,
    pub static_state: Vec<u8>,
    pub dynamic_state: Vec<u8>,
}

pub async fn passkey_lookup(tx: &mut PgConnection, credential: &[u8]) -> ServiceResult<Option<PasskeyRow>> {
    let row = sqlx::query!(
        r#"select id as "id!", user_id as "user_id!", workspace_id, static_state as "static_state!",
                  dynamic_state as "dynamic_state!"
             from passkey_lookup($1)"#,
        credential
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| PasskeyRow {
        id: row.id.into(),
        user: row.user_id.into(),
        workspace: row.workspace_id.map(Into::into),
        static_state: row.static_state,
        dynamic_state: row.dynamic_state,
    }))
}

/// Whether it was still as it was when its answer was looked at.
pub async fn passkey_used(
    tx: &mut PgConnection,
    id: PasskeyId,
    before: &[u8],
    after: &[u8],
    at: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update passkeys set dynamic_state = $3, last_used_at = $4 where id = $1 and dynamic_state = $2",
        id.0,
        before,
        after,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}
