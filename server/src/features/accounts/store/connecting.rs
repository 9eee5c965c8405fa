//! From the start of an authorization to the account it brings.

use chrono::{DateTime, Utc};
use domain::{AccountId, OauthStateId, Platform, ServiceResult, SessionId, UserId, WorkspaceId, accounts::Withheld};
use platforms::AccountKind;
use sqlx::{PgConnection, types::Json};

use crate::database::failed;

/// A started authorization.
#[derive(Debug)]
pub struct NewState<'a> {
    pub id: OauthStateId,
    pub workspace: WorkspaceId,
    pub user: UserId,
    pub session: SessionId,
    pub platform: Platform,
    /// SHA-256 of the state in the URL.
    pub hash: &'a [u8],
    pub redirect_uri: &'a str,
    pub account: Option<AccountId>,
    pub return_to: &'a str,
    pub scopes: &'a [String],
    pub expires_at: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

pub async fn insert_state(tx: &mut PgConnection, state: &NewState<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into oauth_states
           (id, workspace_id, user_id, session_id, platform, state_hash, redirect_uri, account_id, return_to, scopes,
            expires_at, created_at)
         values ($1, $2, $3, $4, $5::text::platform, $6, $7, $8, $9, $10, $11, $12)",
        state.id.0,
        state.workspace.0,
        state.user.0,
        state.session.0,
        state.platform.as_str(),
        state.hash,
        state.redirect_uri,
        state.account.map(|id| id.0),
        state.return_to,
        state.scopes,
        state.expires_at,
        state.now,
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// What a consumed state said.
#[derive(Debug)]
pub struct State {
    pub id: OauthStateId,
    pub account: Option<AccountId>,
    pub return_to: String,
}

/// Uses up a state. Of two callbacks with one state, one gets it. `None` if it is none of ours, or not any more, or not
/// this session's: [`state_standing`] tells which.
pub async fn consume_state(
    tx: &mut PgConnection,
    hash: &[u8],
    platform: Platform,
    session: SessionId,
    now: DateTime<Utc>,
) -> ServiceResult<Option<State>> {
    let row = sqlx::query!(
        "update oauth_states set consumed_at = $4
          where state_hash = $1 and platform = $2::text::platform and session_id = $3
            and consumed_at is null and expires_at > $4
          returning id, account_id, return_to",
        hash,
        platform.as_str(),
        session.0,
        now,
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| State { id: row.id.into(), account: row.account_id.map(AccountId), return_to: row.return_to }))
}

/// Keeps what was withheld in an authorization.
pub async fn put_withheld(tx: &mut PgConnection, id: OauthStateId, withheld: &Withheld) -> ServiceResult<()> {
    sqlx::query!("update oauth_states set withheld = $2 where id = $1", id.0, Json(withheld) as _)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// What was withheld in an authorization of this person's.
pub async fn withheld(tx: &mut PgConnection, id: OauthStateId) -> ServiceResult<Option<Withheld>> {
    let found = sqlx::query_scalar!(
        r#"select withheld as "withheld!: Json<Withheld>" from oauth_states where id = $1 and withheld is not null"#,
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(found.map(|Json(withheld)| withheld))
}

/// Why a state could not be consumed.
#[derive(Debug)]
pub struct StateStanding {
    pub session: SessionId,
    pub consumed: bool,
    pub expires_at: DateTime<Utc>,
    pub account: Option<AccountId>,
}

/// `None` for a state of another person, workspace or platform, too.
pub async fn state_standing(
    tx: &mut PgConnection,
    hash: &[u8],
    platform: Platform,
) -> ServiceResult<Option<StateStanding>> {
    let row = sqlx::query!(
        r#"select session_id, consumed_at is not null as "consumed!", expires_at, account_id
             from oauth_states where state_hash = $1 and platform = $2::text::platform"#,
        hash,
        platform.as_str()
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| StateStanding {
        session: row.session_id.into(),
        consumed: row.consumed,
        expires_at: row.expires_at,
        account: row.account_id.map(AccountId),
    }))
}

pub async fn new_accounts_active(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<bool> {
    sqlx::query_scalar!("select new_accounts_active from workspaces where id = $1", workspace.0)
        .fetch_one(tx)
        .await
        .map_err(failed)
}

/// Which of these accounts of a platform the workspace holds and has not unlinked.
pub async fn held(
    tx: &mut PgConnection,
    platform: Platform,
    external_ids: &[String],
) -> ServiceResult<Vec<(String, AccountId)>> {
    let rows = sqlx::query!(
        "select external_account_id, id from accounts
          where platform = $1::text::platform and external_account_id = any($2) and status <> 'disconnected'",
        platform.as_str(),
        external_ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| (row.external_account_id, row.id.into())).collect())
}

/// An account as an authorization brought it.
#[derive(Debug)]
pub struct Granted<'a> {
    /// For an account that is new here.
    pub id: AccountId,
    pub workspace: WorkspaceId,
    pub platform: Platform,
    pub kind: AccountKind,
    pub external_id: &'a str,
    pub display_name: &'a str,
    pub handle: Option<&'a str>,
    pub avatar_url: Option<&'a str>,
    pub text_max: Option<i32>,
    pub grantor: &'a str,
    pub scopes: &'a [String],
    pub missing_scopes: &'a [String],
    pub token_expires_at: Option<DateTime<Utc>>,
    /// Whether an account that is new here takes part in posts.
    pub active: bool,
    pub user: UserId,
    pub now: DateTime<Utc>,
}

/// Connects an account, or connects it anew. Violates `accounts_connected_once` when another workspace holds it.
pub async fn upsert(tx: &mut PgConnection, account: &Granted<'_>) -> Result<AccountId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "insert into accounts
           (id, workspace_id, platform, external_kind, external_account_id, display_name, handle, avatar_url, grantor,
            scopes, missing_scopes, token_expires_at, is_active, status, connected_by, connected_at, last_synced_at,
            created_at, updated_at, text_max)
         values ($1, $2, $3::text::platform, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'connected', $14, $15, $15, $15,
                 $15, $16)
         on conflict on constraint accounts_workspace_external_key do update set
           external_kind = excluded.external_kind,
           display_name = excluded.display_name,
           handle = excluded.handle,
           avatar_url = excluded.avatar_url,
           text_max = excluded.text_max,
           grantor = excluded.grantor,
           scopes = excluded.scopes,
           missing_scopes = excluded.missing_scopes,
           token_expires_at = excluded.token_expires_at,
           -- one that was unlinked comes back like a new one; the others stay as people have set them
           is_active = case when accounts.status = 'disconnected' then excluded.is_active else accounts.is_active end,
           connected_at = case when accounts.status = 'disconnected' then excluded.connected_at else accounts.connected_at end,
           status = 'connected',
           status_reason = null,
           disconnected_at = null,
           paused_until = null,
           connected_by = excluded.connected_by,
           last_synced_at = excluded.last_synced_at,
           updated_at = excluded.updated_at
         returning id",
        account.id.0,
        account.workspace.0,
        account.platform.as_str(),
        account.kind.as_str(),
        account.external_id,
        account.display_name,
        account.handle,
        account.avatar_url,
        account.grantor,
        account.scopes,
        account.missing_scopes,
        account.token_expires_at,
        account.active,
        account.user.0,
        account.now,
        account.text_max,
    )
    .fetch_one(tx)
    .await?;
    Ok(id.into())
}
