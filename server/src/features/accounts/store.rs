//! The SQL of accounts. The first half runs in a tenant's transaction under the web's role, the second under the
//! worker's, which alone may read what is sealed.

use chrono::{DateTime, Utc};
use domain::{
    AccountId, ConnectionEventId, OauthStateId, Platform, ServiceError, ServiceResult, SessionId, UserId, WorkspaceId,
    accounts::{Account, AccountCounts, AccountFilter, AccountStatus, ConnectionEvent, ConnectionEventType},
    page::Window,
    platform::CreatorChoices,
};
use platforms::AccountKind;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::database::{failed, one_row, word};

// ---------------------------------------------------------------------------------------------------- the web's part

struct AccountRow {
    id: Uuid,
    platform: String,
    external_account_id: String,
    display_name: String,
    handle: Option<String>,
    avatar_url: Option<String>,
    status: String,
    status_reason: Option<String>,
    is_active: bool,
    scopes: Vec<String>,
    missing_scopes: Vec<String>,
    token_expires_at: Option<DateTime<Utc>>,
    last_synced_at: Option<DateTime<Utc>>,
    connected_at: DateTime<Utc>,
}

impl TryFrom<AccountRow> for Account {
    type Error = ServiceError;

    fn try_from(row: AccountRow) -> ServiceResult<Self> {
        let platform: Platform = word("platform", &row.platform)?;
        Ok(Self {
            id: row.id.into(),
            platform,
            account_type: platform.account_type(),
            external_account_id: row.external_account_id,
            display_name: row.display_name,
            handle: row.handle,
            avatar_url: row.avatar_url,
            status: word("account status", &row.status)?,
            status_reason: row.status_reason,
            is_active: row.is_active,
            client: None,
            scopes: row.scopes,
            missing_scopes: platforms::missing_scopes(platform, &row.missing_scopes),
            token_expires_at: row.token_expires_at,
            last_synced_at: row.last_synced_at,
            connected_at: row.connected_at,
        })
    }
}

/// One page and the number in all. `pattern` is what `filter.q` looks for, `after` the last account of the page before.
pub(super) async fn list(
    tx: &mut PgConnection,
    filter: &AccountFilter,
    pattern: Option<&str>,
    window: &Window,
    after: Option<AccountId>,
) -> ServiceResult<(Vec<Account>, i64)> {
    if after.is_none() && *filter == (AccountFilter { page: filter.page.clone(), ..AccountFilter::default() }) {
        return by_name(tx, window).await;
    }
    let platform = filter.platform.map(Platform::as_str);
    let status = filter.status.map(AccountStatus::as_str);
    let rows = sqlx::query!(
        r#"with hits as (
             select * from accounts
              where ($1::text is null or platform = $1::text::platform)
                and case when $2::text is null then status <> 'disconnected' else status = $2::text::account_status end
                and ($3::boolean is null or is_active = $3)
                and ($4::text is null or display_name ilike $4 or handle ilike $4 or external_account_id ilike $4)
           )
           select id, platform::text as "platform!", external_account_id, display_name, handle, avatar_url,
                  status::text as "status!", status_reason, is_active, scopes, missing_scopes, token_expires_at,
                  last_synced_at, connected_at, (select count(*) from hits) as "total!"
             from hits
            where $5::uuid is null
               or (lower(display_name), id) > (select lower(display_name), id from accounts where id = $5)
            order by lower(display_name), id
            limit $6 offset $7"#,
        platform,
        status,
        filter.active,
        pattern,
        after.map(|id| id.0),
        i64::from(window.limit),
        i64::from(window.offset),
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;
    let Some(total) = rows.first().map(|row| row.total) else {
        return Ok((
            Vec::new(),
            if after.is_none() && window.offset == 0 { 0 } else { count(tx, filter, pattern).await? },
        ));
    };
    let accounts = rows
        .into_iter()
        .map(|row| {
            AccountRow {
                id: row.id,
                platform: row.platform,
                external_account_id: row.external_account_id,
                display_name: row.display_name,
                handle: row.handle,
                avatar_url: row.avatar_url,
                status: row.status,
                status_reason: row.status_reason,
                is_active: row.is_active,
                scopes: row.scopes,
                missing_scopes: row.missing_scopes,
                token_expires_at: row.token_expires_at,
                last_synced_at: row.last_synced_at,
                connected_at: row.connected_at,
            }
            .try_into()
        })
        .collect::<ServiceResult<_>>()?;
    Ok((accounts, total))
}

/// [`list`] of everything: what overviews show and programs ask for. Without conditions that come and go with the filter, the
/// database keeps one plan for it; and where all fit on the page, nobody has to count them.
async fn by_name(tx: &mut PgConnection, window: &Window) -> ServiceResult<(Vec<Account>, i64)> {
    let rows = sqlx::query_as!(
        AccountRow,
        r#"select id, platform::text as "platform!", external_account_id, display_name, handle, avatar_url,
                  status::text as "status!", status_reason, is_active, scopes, missing_scopes, token_expires_at,
                  last_synced_at, connected_at
             from accounts where status <> 'disconnected'
            order by lower(display_name), id limit $1 offset $2"#,
        i64::from(window.limit),
        i64::from(window.offset),
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;
    let seen = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let total = if seen < window.limit && (seen > 0 || window.offset == 0) {
        i64::from(window.offset) + i64::from(seen)
    } else {
        count(tx, &AccountFilter::default(), None).await?
    };
    let accounts = rows.into_iter().map(Account::try_from).collect::<ServiceResult<_>>()?;
    Ok((accounts, total))
}

/// The number of hits, for a page beyond the last.
async fn count(tx: &mut PgConnection, filter: &AccountFilter, pattern: Option<&str>) -> ServiceResult<i64> {
    let platform = filter.platform.map(Platform::as_str);
    let status = filter.status.map(AccountStatus::as_str);
    sqlx::query_scalar!(
        r#"select count(*) as "total!" from accounts
            where ($1::text is null or platform = $1::text::platform)
              and case when $2::text is null then status <> 'disconnected' else status = $2::text::account_status end
              and ($3::boolean is null or is_active = $3)
              and ($4::text is null or display_name ilike $4 or handle ilike $4 or external_account_id ilike $4)"#,
        platform,
        status,
        filter.active,
        pattern,
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// Every account of a workspace, oldest first; under the worker's role.
pub(super) async fn of_workspace(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<Vec<Account>> {
    let rows = sqlx::query_as!(
        AccountRow,
        r#"select id, platform::text as "platform!", external_account_id, display_name, handle, avatar_url,
                  status::text as "status!", status_reason, is_active, scopes, missing_scopes, token_expires_at,
                  last_synced_at, connected_at
             from accounts where workspace_id = $1 order by id"#,
        workspace.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter().map(Account::try_from).collect()
}

pub(super) async fn find(tx: &mut PgConnection, id: AccountId) -> ServiceResult<Option<Account>> {
    let row = sqlx::query_as!(
        AccountRow,
        r#"select id, platform::text as "platform!", external_account_id, display_name, handle, avatar_url,
                  status::text as "status!", status_reason, is_active, scopes, missing_scopes, token_expires_at,
                  last_synced_at, connected_at
             from accounts where id = $1"#,
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(Account::try_from).transpose()
}

/// What is known of a creator's choices.
#[derive(Debug)]
pub(super) struct CreatorRow {
    pub account_id: Uuid,
    pub asked_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub choices: Option<Json<CreatorChoices>>,
    pub choices_at: Option<DateTime<Utc>>,
    pub problem: Option<String>,
}

pub(super) async fn creator(tx: &mut PgConnection, account: AccountId) -> ServiceResult<Option<CreatorRow>> {
    sqlx::query_as!(
        CreatorRow,
        r#"select account_id, asked_at, answered_at, choices as "choices: Json<CreatorChoices>", choices_at, problem
             from creator_choices where account_id = $1"#,
        account.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)
}

/// Of the whole workspace, as answered since.
pub(super) async fn creators(tx: &mut PgConnection, since: DateTime<Utc>) -> ServiceResult<Vec<CreatorRow>> {
    sqlx::query_as!(
        CreatorRow,
        r#"select account_id, asked_at, answered_at, choices as "choices: Json<CreatorChoices>", choices_at, problem
             from creator_choices where choices_at > $1"#,
        since
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// Notes that somebody wants to know.
pub(super) async fn ask_creator(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "insert into creator_choices (account_id, workspace_id, asked_at, created_at, updated_at) values ($1, $2, $3, $3, $3)
         on conflict (account_id) do update set asked_at = excluded.asked_at",
        account.0,
        workspace.0,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(super) async fn counts(tx: &mut PgConnection) -> ServiceResult<AccountCounts> {
    let row = sqlx::query!(
        r#"select count(*) filter (where status = 'connected') as "connected!",
                  count(*) filter (where status = 'reconnect_required') as "reconnect_required!",
                  count(*) filter (where status = 'failed') as "failed!",
                  count(*) filter (where is_active and status <> 'disconnected') as "active!"
             from accounts"#
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(AccountCounts {
        connected: number(row.connected),
        reconnect_required: number(row.reconnect_required),
        failed: number(row.failed),
        active: number(row.active),
    })
}

/// One page of an account's log and the number in all. `after` is the last line of the page before.
pub(super) async fn events(
    tx: &mut PgConnection,
    account: AccountId,
    window: &Window,
    after: Option<ConnectionEventId>,
) -> ServiceResult<(Vec<ConnectionEvent>, i64)> {
    let rows = sqlx::query!(
        r#"select id, account_id, platform::text as "platform!", event_type::text as "event_type!", message, status_code,
                  created_at
             from connection_events
            where account_id = $1
              and ($2::uuid is null or (created_at, id) < (select created_at, id from connection_events where id = $2))
            order by created_at desc, id desc
            limit $3 offset $4"#,
        account.0,
        after.map(|id| id.0),
        i64::from(window.limit),
        i64::from(window.offset),
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;
    let total =
        sqlx::query_scalar!(r#"select count(*) as "total!" from connection_events where account_id = $1"#, account.0)
            .fetch_one(tx)
            .await
            .map_err(failed)?;
    let events = rows
        .into_iter()
        .map(|row| {
            Ok(ConnectionEvent {
                id: row.id.into(),
                account_id: row.account_id.map(AccountId),
                platform: word("platform", &row.platform)?,
                event_type: word("connection event", &row.event_type)?,
                message: row.message,
                status_code: row.status_code.and_then(|code| u16::try_from(code).ok()),
                created_at: row.created_at,
            })
        })
        .collect::<ServiceResult<_>>()?;
    Ok((events, total))
}

/// A line for the connection log, which can be added to and never changed.
#[derive(Debug)]
pub(super) struct NewEvent<'a> {
    pub(super) id: ConnectionEventId,
    pub(super) workspace: WorkspaceId,
    pub(super) account: Option<AccountId>,
    pub(super) platform: Platform,
    pub(super) kind: ConnectionEventType,
    pub(super) message: Option<&'a str>,
    pub(super) status_code: Option<u16>,
    /// Who did it; none for what happens by itself.
    pub(super) user: Option<UserId>,
    pub(super) at: DateTime<Utc>,
}

pub(super) async fn add_event(tx: &mut PgConnection, event: &NewEvent<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into connection_events
           (id, workspace_id, account_id, platform, event_type, message, status_code, user_id, created_at)
         values ($1, $2, $3, $4::text::platform, $5::text::connection_event_type, $6, $7, $8, $9)",
        event.id.0,
        event.workspace.0,
        event.account.map(|id| id.0),
        event.platform.as_str(),
        event.kind.as_str(),
        event.message,
        event.status_code.and_then(|code| i16::try_from(code).ok()),
        event.user.map(|id| id.0),
        event.at,
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A started authorization.
#[derive(Debug)]
pub(super) struct NewState<'a> {
    pub(super) id: OauthStateId,
    pub(super) workspace: WorkspaceId,
    pub(super) user: UserId,
    pub(super) session: SessionId,
    pub(super) platform: Platform,
    /// SHA-256 of the state in the URL.
    pub(super) hash: &'a [u8],
    pub(super) redirect_uri: &'a str,
    pub(super) account: Option<AccountId>,
    pub(super) return_to: &'a str,
    pub(super) scopes: &'a [String],
    pub(super) expires_at: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
}

pub(super) async fn insert_state(tx: &mut PgConnection, state: &NewState<'_>) -> ServiceResult<()> {
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
pub(super) struct State {
    pub(super) account: Option<AccountId>,
    pub(super) return_to: String,
}

/// Uses up a state. Of two callbacks with one state, one gets it. `None` if it is none of ours, or not any more, or not
/// this session's: [`state_standing`] tells which.
pub(super) async fn consume_state(
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
          returning account_id, return_to",
        hash,
        platform.as_str(),
        session.0,
        now,
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| State { account: row.account_id.map(AccountId), return_to: row.return_to }))
}

/// Why a state could not be consumed.
#[derive(Debug)]
pub(super) struct StateStanding {
    pub(super) session: SessionId,
    pub(super) consumed: bool,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) account: Option<AccountId>,
}

/// `None` for a state of another person, workspace or platform, too.
pub(super) async fn state_standing(
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

pub(super) async fn new_accounts_active(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<bool> {
    sqlx::query_scalar!("select new_accounts_active from workspaces where id = $1", workspace.0)
        .fetch_one(tx)
        .await
        .map_err(failed)
}

/// Which of these accounts of a platform the workspace holds and has not unlinked.
pub(super) async fn held(
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
pub(super) struct Granted<'a> {
    /// For an account that is new here.
    pub(super) id: AccountId,
    pub(super) workspace: WorkspaceId,
    pub(super) platform: Platform,
    pub(super) kind: AccountKind,
    pub(super) external_id: &'a str,
    pub(super) display_name: &'a str,
    pub(super) handle: Option<&'a str>,
    pub(super) avatar_url: Option<&'a str>,
    pub(super) grantor: &'a str,
    pub(super) scopes: &'a [String],
    pub(super) missing_scopes: &'a [String],
    pub(super) token_expires_at: Option<DateTime<Utc>>,
    /// Whether an account that is new here takes part in posts.
    pub(super) active: bool,
    pub(super) user: UserId,
    pub(super) now: DateTime<Utc>,
}

/// Connects an account, or connects it anew. Violates `accounts_connected_once` when another workspace holds it.
pub(super) async fn upsert(tx: &mut PgConnection, account: &Granted<'_>) -> Result<AccountId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "insert into accounts
           (id, workspace_id, platform, external_kind, external_account_id, display_name, handle, avatar_url, grantor,
            scopes, missing_scopes, token_expires_at, is_active, status, connected_by, connected_at, last_synced_at,
            created_at, updated_at)
         values ($1, $2, $3::text::platform, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'connected', $14, $15, $15, $15, $15)
         on conflict on constraint accounts_workspace_external_key do update set
           external_kind = excluded.external_kind,
           display_name = excluded.display_name,
           handle = excluded.handle,
           avatar_url = excluded.avatar_url,
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
    )
    .fetch_one(tx)
    .await?;
    Ok(id.into())
}

/// Tokens, sealed.
#[derive(Clone, Debug)]
pub(super) struct SealedTokens {
    pub(super) access: Vec<u8>,
    pub(super) refresh: Option<Vec<u8>>,
    pub(super) obtained_at: DateTime<Utc>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) refresh_expires_at: Option<DateTime<Utc>>,
}

/// Puts the tokens of an authorization in place of whatever there was: a refresh under way cannot write over them, and
/// one that was waiting to give the old ones back leaves these alone. Holds the account's row, so that two callbacks
/// take turns.
pub(super) async fn put_tokens(
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
pub(super) async fn token_version(tx: &mut PgConnection, account: AccountId) -> ServiceResult<Option<i64>> {
    sqlx::query_scalar!("select token_version from account_credentials where account_id = $1", account.0)
        .fetch_optional(tx)
        .await
        .map_err(failed)
}

/// Switches an account that is not unlinked; whether it was the other way before.
pub(super) async fn set_active(tx: &mut PgConnection, account: AccountId, active: bool) -> ServiceResult<bool> {
    let changed = sqlx::query_scalar!(
        r#"with before as (select id, is_active from accounts where id = $1 and status <> 'disconnected' for update)
           update accounts a set is_active = $2 from before where a.id = before.id
           returning before.is_active <> $2 as "changed!""#,
        account.0,
        active
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    changed.ok_or_else(|| ServiceError::not_found("account"))
}

/// Takes an account out of use and marks its tokens: from here on nothing opens them but the job that gives them back.
pub(super) async fn disconnect(tx: &mut PgConnection, account: AccountId, now: DateTime<Utc>) -> ServiceResult<()> {
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

// ------------------------------------------------------------------------------------------------- the worker's part

/// An account with its tokens, sealed.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) workspace: WorkspaceId,
    pub(super) platform: Platform,
    pub(super) kind: AccountKind,
    pub(super) external_id: String,
    pub(super) grantor: String,
    pub(super) status: AccountStatus,
    pub(super) status_reason: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) tokens: SealedTokens,
    pub(super) version: i64,
    pub(super) lease_until: Option<DateTime<Utc>>,
    pub(super) failures: i16,
    pub(super) retry_at: Option<DateTime<Utc>>,
    pub(super) revoke_requested_at: Option<DateTime<Utc>>,
}

pub(super) async fn held_tokens(tx: &mut PgConnection, account: AccountId) -> ServiceResult<Option<Held>> {
    let row = sqlx::query!(
        r#"select a.workspace_id, a.platform::text as "platform!", a.external_kind, a.external_account_id, a.grantor,
                  a.status::text as "status!", a.status_reason, a.scopes,
                  c.access_token_sealed, c.refresh_token_sealed, c.token_version, c.obtained_at, c.expires_at,
                  c.refresh_expires_at, c.refresh_lease_until, c.refresh_failures, c.refresh_retry_at,
                  c.revoke_requested_at
             from account_credentials c join accounts a on a.id = c.account_id
            where c.account_id = $1"#,
        account.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(Held {
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
        })
    })
    .transpose()
}

/// A lease that was taken.
#[derive(Debug)]
pub(super) struct Lease {
    /// When the renewal began that has not been seen to end: before now, if somebody died in the middle of one.
    pub(super) started_at: DateTime<Utc>,
}

/// Takes the right to work on an account's tokens of this version, until `until`. `None` if another has it, or the
/// version has changed. `unlinked`: whether the row must be marked for giving back, or must not be.
pub(super) async fn take_lease(
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
pub(super) async fn end_lease(
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
pub(super) async fn save_renewed(
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

/// Shows a renewal on the account. One that was unlinked meanwhile stays so.
pub(super) async fn show_renewed(
    tx: &mut PgConnection,
    account: AccountId,
    scopes: &[String],
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "update accounts set status = 'connected', status_reason = null, scopes = $2, token_expires_at = $3,
                last_synced_at = $4
          where id = $1 and status <> 'disconnected'",
        account.0,
        scopes,
        expires_at,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Ends a lease after a failure that says nothing about the account, and sets when the next try makes sense.
pub(super) async fn save_failure(
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

/// Sets what is wrong with an account, if its tokens are still of `version` and it was not in that state before.
pub(super) async fn set_trouble(
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
pub(super) async fn begin_doubt(
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

/// Access was seen to be there: the doubt ends, and the moment is shown.
pub(super) async fn end_doubt(
    tx: &mut PgConnection,
    account: AccountId,
    version: i64,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "update account_credentials set doubted_at = null where account_id = $1 and token_version = $2",
        account.0,
        version
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    sqlx::query!(
        "update accounts set last_synced_at = $2, status = 'connected', status_reason = null
          where id = $1 and status in ('connected', 'failed')",
        account.0,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Shows name and picture as the platform has them now.
pub(super) async fn show_profile(
    tx: &mut PgConnection,
    account: AccountId,
    display_name: &str,
    handle: Option<&str>,
    avatar_url: Option<&str>,
) -> ServiceResult<()> {
    sqlx::query!(
        "update accounts set display_name = $2, handle = $3, avatar_url = $4 where id = $1 and status <> 'disconnected'",
        account.0,
        display_name,
        handle,
        avatar_url
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Accounts whose tokens should be renewed, with the version they have now. Those that end before `ends_before`, or have
/// less than a tenth of their life left; with a refresh token that has not ended, and not in the pause after a failure.
pub(super) async fn due_for_renewal(
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
pub(super) struct Ending {
    pub(super) account: AccountId,
    pub(super) workspace: WorkspaceId,
    pub(super) platform: Platform,
    pub(super) version: i64,
    pub(super) expires_at: DateTime<Utc>,
}

/// Connected accounts without a way to renew whose access ends before `before`, and that nobody has been reminded of
/// since they were connected.
pub(super) async fn ending_unreminded(
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
pub(super) async fn ended(tx: &mut PgConnection, now: DateTime<Utc>) -> ServiceResult<Vec<Ending>> {
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

/// Whether the person behind an account has others connected, in whatever workspace.
pub(super) async fn grantor_has_others(
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
pub(super) async fn delete_unlinked(tx: &mut PgConnection, account: AccountId) -> ServiceResult<bool> {
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
pub(super) async fn delete_unlinked_before(
    tx: &mut PgConnection,
    before: DateTime<Utc>,
) -> ServiceResult<Vec<AccountId>> {
    let ids = sqlx::query_scalar!(
        "delete from account_credentials where revoke_requested_at < $1 returning account_id",
        before
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(ids.into_iter().map(AccountId).collect())
}

/// A row that was sealed under another key, or with another cipher.
#[derive(Debug)]
pub(super) struct Stale {
    pub(super) account: AccountId,
    pub(super) version: i64,
    pub(super) access: Vec<u8>,
    pub(super) refresh: Option<Vec<u8>>,
    pub(super) extra: Option<Vec<u8>>,
}

/// Rows with an envelope that does not begin with `prefix`, in the order of their ids.
pub(super) async fn stale(
    tx: &mut PgConnection,
    prefix: &[u8],
    after: AccountId,
    limit: i64,
) -> ServiceResult<Vec<Stale>> {
    let rows = sqlx::query!(
        "select account_id, token_version, access_token_sealed, refresh_token_sealed, extra_sealed
           from account_credentials
          where account_id > $2
            and (substring(access_token_sealed from 1 for length($1::bytea)) <> $1::bytea
                 or substring(refresh_token_sealed from 1 for length($1::bytea)) <> $1::bytea
                 or substring(extra_sealed from 1 for length($1::bytea)) <> $1::bytea)
          order by account_id limit $3",
        prefix,
        after.0,
        limit
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows
        .into_iter()
        .map(|row| Stale {
            account: row.account_id.into(),
            version: row.token_version,
            access: row.access_token_sealed,
            refresh: row.refresh_token_sealed,
            extra: row.extra_sealed,
        })
        .collect())
}

/// Writes a row sealed anew; false if its tokens have been replaced meanwhile, and thereby sealed anew as well. The
/// version stays: the tokens are the same, and a renewal under way must still find it.
pub(super) async fn save_resealed(tx: &mut PgConnection, row: &Stale) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update account_credentials set access_token_sealed = $3, refresh_token_sealed = $4, extra_sealed = $5
          where account_id = $1 and token_version = $2",
        row.account.0,
        row.version,
        row.access,
        row.refresh,
        row.extra
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Writes down what the platform said of a creator's choices. What it said before stands until it says something else.
pub(super) async fn answer_creator(
    tx: &mut PgConnection,
    account: AccountId,
    answer: Result<&CreatorChoices, &str>,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "update creator_choices
            set answered_at = $2, problem = $4, choices = coalesce($3, choices),
                choices_at = case when $3::jsonb is null then choices_at else $2 end
          where account_id = $1",
        account.0,
        now,
        answer.ok().map(Json) as _,
        answer.err().map(|problem| domain::text::truncate_chars(problem, 1_000))
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
