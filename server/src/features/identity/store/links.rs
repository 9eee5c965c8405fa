//! The SQL of the links that letters bring: confirming an address, choosing a new password.

use chrono::{DateTime, Utc};
use domain::{EmailConfirmationId, PasswordResetId, ServiceError, ServiceResult, UserId, identity::LinkState};
use sqlx::PgConnection;

use crate::database::{failed, on_constraint, word};

/// An address that somebody else signs in with.
pub const EMAIL_IN_USE: &str = "This email is already in use";

/// Where somebody is written to.
#[derive(Clone, Debug)]
pub struct Contact {
    pub email: String,
    pub full_name: String,
    pub confirmed: bool,
}

/// The person that the transaction acts for, or one they work with.
pub async fn contact(tx: &mut PgConnection, user: UserId) -> ServiceResult<Option<Contact>> {
    let row = sqlx::query!(
        r#"select email, full_name, email_confirmed_at is not null as "confirmed!" from users where id = $1 and is_active"#,
        user.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| Contact { email: row.email, full_name: row.full_name, confirmed: row.confirmed }))
}

/// Until the transaction ends, what counts this person's letters does it one at a time.
pub async fn take_turns(tx: &mut PgConnection, user: UserId) -> ServiceResult<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('letters/' || $1::uuid::text, 0))", user.0)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// A link that proves an address.
#[derive(Debug)]
pub struct NewConfirmation<'a> {
    pub id: EmailConfirmationId,
    pub user: UserId,
    pub email: &'a str,
    pub is_change: bool,
    pub is_resend: bool,
    pub token_hash: [u8; 32],
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_confirmation(tx: &mut PgConnection, link: &NewConfirmation<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into email_confirmations (id, user_id, email, is_change, is_resend, token_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        link.id.0,
        link.user.0,
        link.email,
        link.is_change,
        link.is_resend,
        &link.token_hash,
        link.at,
        link.expires_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// How many letters somebody has asked for again since then, and when the first of those was.
pub async fn resends_since(
    tx: &mut PgConnection,
    user: UserId,
    since: DateTime<Utc>,
) -> ServiceResult<(u32, Option<DateTime<Utc>>)> {
    let row = sqlx::query!(
        r#"select count(*) as "sent!", min(created_at) as first from email_confirmations
            where user_id = $1 and is_resend and created_at > $2"#,
        user.0,
        since
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok((u32::try_from(row.sent).unwrap_or(u32::MAX), row.first))
}

/// How many changes of address somebody has asked for since then, and when the first of those was.
pub async fn changes_since(
    tx: &mut PgConnection,
    user: UserId,
    since: DateTime<Utc>,
) -> ServiceResult<(u32, Option<DateTime<Utc>>)> {
    let row = sqlx::query!(
        r#"select count(*) as "sent!", min(created_at) as first from email_confirmations
            where user_id = $1 and is_change and not is_resend and created_at > $2"#,
        user.0,
        since
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok((u32::try_from(row.sent).unwrap_or(u32::MAX), row.first))
}

/// Closes the open links of somebody: a newer one takes their place.
pub async fn revoke_confirmations(tx: &mut PgConnection, user: UserId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update email_confirmations set revoked_at = $2 where user_id = $1 and confirmed_at is null and revoked_at is null",
        user.0,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A link, by its token.
#[derive(Debug)]
pub struct ConfirmationRow {
    pub state: LinkState,
    pub user: UserId,
    pub email: String,
    pub is_change: bool,
}

pub async fn confirmation_state(
    tx: &mut PgConnection,
    hash: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<Option<ConfirmationRow>> {
    let row = sqlx::query!(
        r#"select state as "state!", user_id as "user_id!", email as "email!", is_change as "is_change!"
             from email_confirmation_state($1, $2)"#,
        hash.as_slice(),
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(ConfirmationRow {
            state: word("state of a link", &row.state)?,
            user: row.user_id.into(),
            email: row.email,
            is_change: row.is_change,
        })
    })
    .transpose()
}

/// What a followed link changed.
#[derive(Debug)]
pub struct ConfirmedRow {
    pub user: UserId,
    pub email: String,
    pub old_email: String,
    pub full_name: String,
}

/// `None` when the link is not open any more.
pub async fn confirm_email(
    tx: &mut PgConnection,
    hash: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<Option<ConfirmedRow>> {
    let row = sqlx::query!(
        r#"select user_id as "user_id!", email as "email!", old_email as "old_email!", full_name as "full_name!"
             from confirm_email($1, $2)"#,
        hash.as_slice(),
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(on_constraint("users_email_key", || ServiceError::conflict(format!("{EMAIL_IN_USE}."))))?;
    Ok(row.map(|row| ConfirmedRow {
        user: row.user_id.into(),
        email: row.email,
        old_email: row.old_email,
        full_name: row.full_name,
    }))
}

pub async fn resets_since(tx: &mut PgConnection, user: UserId, since: DateTime<Utc>) -> ServiceResult<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "sent!" from password_resets where user_id = $1 and created_at > $2"#,
        user.0,
        since
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

pub async fn revoke_resets(tx: &mut PgConnection, user: UserId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update password_resets set revoked_at = $2 where user_id = $1 and used_at is null and revoked_at is null",
        user.0,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

pub async fn insert_reset(
    tx: &mut PgConnection,
    id: PasswordResetId,
    user: UserId,
    token_hash: &[u8; 32],
    at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "insert into password_resets (id, user_id, token_hash, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        id.0,
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

/// `None` for a link that never was.
pub async fn reset_state(
    tx: &mut PgConnection,
    hash: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<Option<LinkState>> {
    let state = sqlx::query_scalar!("select password_reset_state($1, $2)", hash.as_slice(), at)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    state.map(|state| word("state of a link", &state)).transpose()
}

/// Whose password was reset.
#[derive(Debug)]
pub struct ResetRow {
    pub user: UserId,
    pub email: String,
    pub full_name: String,
}

/// `None` when the link is not open any more.
pub async fn reset_password(
    tx: &mut PgConnection,
    hash: &[u8; 32],
    new_hash: &str,
    at: DateTime<Utc>,
) -> ServiceResult<Option<ResetRow>> {
    let row = sqlx::query!(
        r#"select user_id as "user_id!", email as "email!", full_name as "full_name!" from reset_password($1, $2, $3)"#,
        hash.as_slice(),
        new_hash,
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| ResetRow { user: row.user_id.into(), email: row.email, full_name: row.full_name }))
}

/// Whose password a link is for.
pub async fn reset_owner(tx: &mut PgConnection, hash: &[u8; 32]) -> ServiceResult<Option<UserId>> {
    let owner: Option<uuid::Uuid> = sqlx::query_scalar("select password_reset_owner($1)")
        .bind(hash.as_slice())
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(owner.map(Into::into))
}
