//! The SQL of signing in by way of a provider.

use chrono::{DateTime, Utc};
use domain::{ServiceResult, UserId, WorkspaceId, workspaces::WorkspaceKind};
use sqlx::PgConnection;

use crate::database::{failed, word};

/// A sign-in that begins.
#[derive(Debug)]
pub struct NewState<'a> {
    pub id: uuid::Uuid,
    pub state_hash: [u8; 32],
    pub browser_hash: [u8; 32],
    pub return_to: Option<&'a str>,
    pub kind: WorkspaceKind,
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_state(tx: &mut PgConnection, state: &NewState<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into oidc_states (id, state_hash, browser_hash, return_to, kind, created_at, expires_at)
         values ($1, $2, $3, $4, $5::text::workspace_kind, $6, $7)",
        state.id,
        &state.state_hash,
        &state.browser_hash,
        state.return_to,
        state.kind.as_str(),
        state.at,
        state.expires_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Uses up a sign-in; where the person was going, and what for. `None` if it is used, too old, or another browser's.
pub async fn consume(
    tx: &mut PgConnection,
    state: &[u8; 32],
    browser: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<Option<(Option<String>, WorkspaceKind)>> {
    let row = sqlx::query!(
        r#"select return_to, kind::text as "kind!" from oidc_consume($1, $2, $3)"#,
        state.as_slice(),
        browser.as_slice(),
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| Ok((row.return_to, word("workspace kind", &row.kind)?))).transpose()
}

/// How an account is tied to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// To this very person there, by an earlier sign-in.
    This,
    /// To somebody else there.
    Another,
    None,
}

/// Whom a provider means.
#[derive(Debug)]
pub struct Meant {
    pub user: UserId,
    pub tie: Tie,
    pub is_active: bool,
    /// The address is.
    pub confirmed: bool,
    pub workspace: Option<WorkspaceId>,
}

pub async fn meant(
    tx: &mut PgConnection,
    issuer: &str,
    subject: &str,
    email: Option<&str>,
) -> ServiceResult<Option<Meant>> {
    let row = sqlx::query!(
        r#"select user_id as "user_id!", linked as "linked!", elsewhere as "elsewhere!", is_active as "is_active!",
                  confirmed as "confirmed!", workspace_id
             from oidc_person($1, $2, $3)"#,
        issuer,
        subject,
        email
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| Meant {
        user: row.user_id.into(),
        tie: match (row.linked, row.elsewhere) {
            (true, _) => Tie::This,
            (false, true) => Tie::Another,
            (false, false) => Tie::None,
        },
        is_active: row.is_active,
        confirmed: row.confirmed,
        workspace: row.workspace_id.map(Into::into),
    }))
}

/// Links the person that the transaction acts for.
pub async fn link(
    tx: &mut PgConnection,
    id: uuid::Uuid,
    user: UserId,
    issuer: &str,
    subject: &str,
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "insert into user_identities (id, user_id, issuer, subject, created_at, last_used_at) values ($1, $2, $3, $4, $5, $5)",
        id,
        user.0,
        issuer,
        subject,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

pub async fn touch(tx: &mut PgConnection, issuer: &str, subject: &str, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update user_identities set last_used_at = greatest(last_used_at, $3) where issuer = $1 and subject = $2",
        issuer,
        subject,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The address of the person that the transaction acts for is theirs: the provider has made sure.
pub async fn confirm(tx: &mut PgConnection, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!("select oidc_confirm($1)", at).execute(tx).await.map_err(failed)?;
    Ok(())
}
