//! The SQL of signing in: sessions, tries at guessing, and known devices.

use std::{collections::HashMap, net::IpAddr};

use chrono::{DateTime, Utc};
use domain::{ServiceError, ServiceResult, SessionId, UserId, WorkspaceId, identity::Me};
use ipnet::IpNet;
use sqlx::{PgConnection, PgPool};

use super::people::MeRow;
use crate::{database::failed, features::media::MediaLinks};

/// Whether the session went: it is theirs and alive, and so is their membership there.
pub async fn move_own_session(tx: &mut PgConnection, session: SessionId, to: WorkspaceId) -> ServiceResult<bool> {
    let moved =
        sqlx::query_scalar!("select move_own_session($1, $2)", session.0, to.0).fetch_one(tx).await.map_err(failed)?;
    Ok(moved.unwrap_or_default())
}

/// A browser that has just signed in.
#[derive(Debug)]
pub struct NewSession<'a> {
    pub id: SessionId,
    pub user: UserId,
    pub workspace: WorkspaceId,
    pub token_hash: TokenHash,
    pub ip: Option<IpAddr>,
    pub user_agent: Option<&'a str>,
    /// The browser that it is known as; none for what keeps no cookies.
    pub device: Option<uuid::Uuid>,
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_session(tx: &mut PgConnection, session: &NewSession<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into sessions (id, user_id, workspace_id, token_hash, ip, user_agent, created_at, last_seen_at, expires_at, device_id)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)",
        session.id.0,
        session.user.0,
        session.workspace.0,
        &session.token_hash,
        session.ip.map(IpNet::from) as Option<IpNet>,
        session.user_agent,
        session.at,
        session.expires_at,
        session.device
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// What signing in needs to know of an email.
#[derive(Debug)]
pub struct LoginRow {
    pub user: UserId,
    pub password_hash: String,
    pub is_active: bool,
    pub workspace: Option<WorkspaceId>,
}

pub async fn login_lookup(tx: &mut PgConnection, email: &str) -> ServiceResult<Option<LoginRow>> {
    let row = sqlx::query!(
        r#"select user_id as "user_id!", password_hash as "password_hash!", is_active as "is_active!", workspace_id
             from login_lookup($1)"#,
        email
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| LoginRow {
        user: row.user_id.into(),
        password_hash: row.password_hash,
        is_active: row.is_active,
        workspace: row.workspace_id.map(Into::into),
    }))
}

/// A session found alive, and whose it is.
#[derive(Clone, Debug)]
pub struct SessionRow {
    pub session: SessionId,
    pub last_seen_at: DateTime<Utc>,
    pub me: Me,
}

/// The SHA-256 of a session's token.
pub type TokenHash = [u8; 32];

/// One statement, one round trip: it runs on every request. Those that are alive, by their hashes.
pub async fn session_lookup(
    pool: &PgPool,
    links: &MediaLinks,
    hashes: &[TokenHash],
    at: DateTime<Utc>,
) -> ServiceResult<HashMap<TokenHash, SessionRow>> {
    let hashes: Vec<&[u8]> = hashes.iter().map(<[u8; 32]>::as_slice).collect();
    let rows = sqlx::query!(
        r#"select token_hash as "token_hash!", session_id as "session_id!", last_seen_at as "last_seen_at!", user_id as "id!", email as "email!",
                  full_name as "full_name!", user_role::text as "user_role!", confirmed as "confirmed!", headline, bio,
                  specialties as "specialties!", availability, agency_name, team_size, listed as "listed!", avatar,
                  workspace_id as "workspace_id!", logo,
                  name as "name!", slug as "slug!", kind::text as "kind!", time_zone as "time_zone!",
                  undo_seconds as "undo_seconds!", new_accounts_active as "new_accounts_active!",
                  approval_policy::text as "approval_policy!", role::text as "role!"
             from session_lookup($1, $2)"#,
        &hashes as _,
        at
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            let hash = TokenHash::try_from(row.token_hash.as_slice()).map_err(ServiceError::internal)?;
            Ok((
                hash,
                SessionRow {
                    session: row.session_id.into(),
                    last_seen_at: row.last_seen_at,
                    me: MeRow {
                        id: row.id,
                        email: row.email,
                        full_name: row.full_name,
                        user_role: row.user_role,
                        confirmed: row.confirmed,
                        headline: row.headline,
                        bio: row.bio,
                        specialties: row.specialties,
                        availability: row.availability,
                        agency_name: row.agency_name,
                        team_size: row.team_size,
                        listed: row.listed,
                        avatar: row.avatar,
                        logo: row.logo,
                        workspace_id: row.workspace_id,
                        name: row.name,
                        slug: row.slug,
                        kind: row.kind,
                        time_zone: row.time_zone,
                        undo_seconds: row.undo_seconds,
                        new_accounts_active: row.new_accounts_active,
                        approval_policy: row.approval_policy,
                        role: row.role,
                    }
                    .me(links)?,
                },
            ))
        })
        .collect()
}

pub async fn touch_session(tx: &mut PgConnection, session: SessionId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!("update sessions set last_seen_at = greatest(last_seen_at, $2) where id = $1", session.0, at)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

pub async fn revoke_session(tx: &mut PgConnection, session: SessionId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!("update sessions set revoked_at = coalesce(revoked_at, $2) where id = $1", session.0, at)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Ends one session of whoever the transaction acts for, in whichever workspace it is; whether there was one.
pub async fn end_own_session(tx: &mut PgConnection, session: SessionId, at: DateTime<Utc>) -> ServiceResult<bool> {
    let done =
        sqlx::query_scalar!("select end_own_session($1, $2)", session.0, at).fetch_one(tx).await.map_err(failed)?;
    Ok(done.unwrap_or_default())
}

/// Ends the sessions of whoever the transaction acts for, but for `keep`.
pub async fn end_own_sessions(tx: &mut PgConnection, keep: Option<SessionId>, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query_scalar!("select end_own_sessions($1, $2)", keep.map(|id| id.0), at)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Counts one try at something; when the next one may be, if this one comes too soon.
pub async fn guess(
    tx: &mut PgConnection,
    key: &[u8; 32],
    free: i32,
    at: DateTime<Utc>,
) -> ServiceResult<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select guess($1, $2, $3)", key.as_slice(), free, at).fetch_one(tx).await.map_err(failed)
}

/// Forgives the tries so far.
pub async fn guessed_right(tx: &mut PgConnection, key: &[u8; 32]) -> ServiceResult<()> {
    sqlx::query!("select guessed_right($1)", key.as_slice()).fetch_one(tx).await.map_err(failed)?;
    Ok(())
}

/// Whether the owner of an address has signed in with this browser before.
pub async fn device_is_known(tx: &mut PgConnection, email: &str, device: &[u8; 32]) -> ServiceResult<bool> {
    let known = sqlx::query_scalar!("select device_is_known($1, $2)", email, device.as_slice())
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(known.unwrap_or_default())
}

/// A browser that somebody signs in with.
#[derive(Debug)]
pub struct MetDevice {
    pub id: uuid::Uuid,
    /// Whether this is the first time.
    pub fresh: bool,
    /// How many others are remembered.
    pub others: i64,
    /// How many were new within the last hour.
    pub new_lately: i64,
}

pub async fn meet_device(
    tx: &mut PgConnection,
    new_id: uuid::Uuid,
    device: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<MetDevice> {
    sqlx::query_as!(
        MetDevice,
        r#"select id as "id!", fresh as "fresh!", others as "others!", new_lately as "new_lately!" from meet_device($1, $2, $3)"#,
        new_id,
        device.as_slice(),
        at
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// A living session of whoever the transaction acts for.
#[derive(Debug)]
pub struct OwnSession {
    pub id: SessionId,
    pub workspace: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// In whichever workspace they are.
pub async fn own_sessions(
    tx: &mut PgConnection,
    at: DateTime<Utc>,
    seen_after: DateTime<Utc>,
) -> ServiceResult<Vec<OwnSession>> {
    let rows = sqlx::query!(
        r#"select id as "id!", workspace as "workspace!", ip, user_agent, created_at as "created_at!",
                  last_seen_at as "last_seen_at!", expires_at as "expires_at!"
             from own_sessions($1, $2)"#,
        at,
        seen_after
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let sessions = rows.into_iter().map(|row| OwnSession {
        id: SessionId(row.id),
        workspace: row.workspace,
        ip: row.ip,
        user_agent: row.user_agent,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
    });
    Ok(sessions.collect())
}

/// Ends a session of whoever the transaction acts for and forgets its browser; what the session said of itself.
pub async fn revoke_own_session(
    tx: &mut PgConnection,
    session: SessionId,
    at: DateTime<Utc>,
) -> ServiceResult<Option<Option<String>>> {
    sqlx::query_scalar!("select user_agent from revoke_own_session($1, $2)", session.0, at)
        .fetch_optional(tx)
        .await
        .map_err(failed)
}

/// The same for all but one; how many were alive.
pub async fn revoke_other_sessions(
    tx: &mut PgConnection,
    keep: SessionId,
    at: DateTime<Utc>,
    seen_after: DateTime<Utc>,
) -> ServiceResult<u32> {
    let ended = sqlx::query_scalar!("select revoke_other_sessions($1, $2, $3)", keep.0, at, seen_after)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(u32::try_from(ended.unwrap_or_default()).unwrap_or(u32::MAX))
}
