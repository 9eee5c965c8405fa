//! The SQL of the second step: authenticator apps, recovery codes, and sign-ins that wait for either.

use chrono::{DateTime, Utc};
use domain::{ServiceResult, SessionId, UserId, WorkspaceId};
use sqlx::PgConnection;

use crate::database::failed;

/// What an authenticator app shares with us.
#[derive(Debug)]
pub struct TotpRow {
    pub secret_sealed: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The session that set it up.
    pub session: Option<SessionId>,
}

impl TotpRow {
    /// Whether it waits for its first code, from this session, and has not for too long.
    pub fn is_being_set_up(&self, session: SessionId, oldest: DateTime<Utc>) -> bool {
        self.confirmed_at.is_none() && self.session == Some(session) && self.created_at > oldest
    }
}

pub async fn totp(tx: &mut PgConnection, user: UserId) -> ServiceResult<Option<TotpRow>> {
    let row = sqlx::query!(
        "select secret_sealed, created_at, confirmed_at, session_id from totp_secrets where user_id = $1",
        user.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| TotpRow {
        secret_sealed: row.secret_sealed,
        created_at: row.created_at,
        confirmed_at: row.confirmed_at,
        session: row.session_id.map(SessionId),
    }))
}

/// Whether a secret could be put there: not in place of one that counts.
pub async fn begin_totp(
    tx: &mut PgConnection,
    user: UserId,
    session: SessionId,
    sealed: &[u8],
    at: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "insert into totp_secrets (user_id, secret_sealed, created_at, session_id) values ($1, $2, $3, $4)
         on conflict on constraint totp_secrets_pkey do update
           set secret_sealed = excluded.secret_sealed, created_at = excluded.created_at, session_id = excluded.session_id, last_step = 0
         where totp_secrets.confirmed_at is null",
        user.0,
        sealed,
        at,
        session.0
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Whether it was still that secret, and unconfirmed.
pub async fn confirm_totp(
    tx: &mut PgConnection,
    user: UserId,
    sealed: &[u8],
    step: i64,
    at: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update totp_secrets set confirmed_at = $4, last_step = $3
          where user_id = $1 and secret_sealed = $2 and confirmed_at is null",
        user.0,
        sealed,
        step,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Uses up a time step, and all before it; whether it was unused.
pub async fn use_step(tx: &mut PgConnection, user: UserId, step: i64) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update totp_secrets set last_step = $2 where user_id = $1 and confirmed_at is not null and last_step < $2",
        user.0,
        step
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Removes the secret, the recovery codes and the sign-ins that wait; whether two-step sign-in was switched on.
pub async fn remove_totp(tx: &mut PgConnection, user: UserId, at: DateTime<Utc>) -> ServiceResult<bool> {
    let done = sqlx::query!("delete from totp_secrets where user_id = $1 and confirmed_at is not null", user.0)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    sqlx::query!("delete from recovery_codes where user_id = $1", user.0).execute(&mut *tx).await.map_err(failed)?;
    sqlx::query!("update pending_sign_ins set consumed_at = $2 where user_id = $1 and consumed_at is null", user.0, at)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

pub async fn replace_recovery_codes(
    tx: &mut PgConnection,
    user: UserId,
    codes: &[(uuid::Uuid, [u8; 32])],
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!("delete from recovery_codes where user_id = $1", user.0).execute(&mut *tx).await.map_err(failed)?;
    let ids: Vec<uuid::Uuid> = codes.iter().map(|(id, _)| *id).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|(_, hash)| hash.to_vec()).collect();
    sqlx::query!(
        "insert into recovery_codes (id, user_id, code_hash, created_at)
         select id, $1, hash, $4 from unnest($2::uuid[], $3::bytea[]) as made (id, hash)",
        user.0,
        &ids,
        &hashes,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

pub async fn recovery_codes_left(tx: &mut PgConnection, user: UserId) -> ServiceResult<u32> {
    let left = sqlx::query_scalar!(
        r#"select count(*) as "left!" from recovery_codes where user_id = $1 and used_at is null"#,
        user.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok(u32::try_from(left).unwrap_or(u32::MAX))
}

/// Whether it was one that had not been used.
pub async fn use_recovery_code(
    tx: &mut PgConnection,
    user: UserId,
    hash: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update recovery_codes set used_at = $3 where user_id = $1 and code_hash = $2 and used_at is null",
        user.0,
        hash.as_slice(),
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

pub async fn insert_pending(
    tx: &mut PgConnection,
    id: uuid::Uuid,
    user: UserId,
    token_hash: &[u8; 32],
    at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "insert into pending_sign_ins (id, user_id, token_hash, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        id,
        user.0,
        token_hash.as_slice(),
        at,
        expires_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A sign-in that waits for its second step.
#[derive(Debug)]
pub struct Pending {
    pub id: uuid::Uuid,
    pub user: UserId,
    pub email: String,
    /// Where it will be; none for somebody who belongs nowhere any more.
    pub workspace: Option<WorkspaceId>,
    pub expires_at: DateTime<Utc>,
}

pub async fn pending(tx: &mut PgConnection, hash: &[u8; 32], at: DateTime<Utc>) -> ServiceResult<Option<Pending>> {
    let row = sqlx::query!(
        r#"select id as "id!", user_id as "user_id!", email as "email!", workspace_id, expires_at as "expires_at!"
             from pending_sign_in($1, $2)"#,
        hash.as_slice(),
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| Pending {
        id: row.id,
        user: row.user_id.into(),
        email: row.email,
        workspace: row.workspace_id.map(Into::into),
        expires_at: row.expires_at,
    }))
}

/// Whether it was still waiting.
pub async fn consume_pending(tx: &mut PgConnection, id: uuid::Uuid, at: DateTime<Utc>) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update pending_sign_ins set consumed_at = $2 where id = $1 and consumed_at is null and expires_at > $2",
        id,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Secrets that are not under the present sealing key, in the order of their owners.
pub async fn stale_secrets(
    tx: &mut PgConnection,
    prefix: &[u8],
    after: uuid::Uuid,
    limit: i64,
) -> ServiceResult<Vec<(uuid::Uuid, Vec<u8>)>> {
    let rows = sqlx::query!(
        "select user_id, secret_sealed from totp_secrets
          where user_id > $2 and substring(secret_sealed from 1 for octet_length($1::bytea)) <> $1::bytea order by user_id limit $3",
        prefix,
        after,
        limit
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.secret_sealed)).collect())
}

/// Unless it was replaced meanwhile.
pub async fn save_resealed_secret(
    tx: &mut PgConnection,
    user: uuid::Uuid,
    before: &[u8],
    sealed: &[u8],
) -> ServiceResult<()> {
    sqlx::query!(
        "update totp_secrets set secret_sealed = $3 where user_id = $1 and secret_sealed = $2",
        user,
        before,
        sealed
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
