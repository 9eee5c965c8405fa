//! The accounts of a workspace as people see them: lists, one account, how many stand where, and its switch.

use chrono::{DateTime, Utc};
use domain::{
    AccountId, Platform, ServiceError, ServiceResult, WorkspaceId,
    accounts::{Account, AccountCounts, AccountFilter, AccountStatus},
    page::Window,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::database::{failed, word};

struct AccountRow {
    id: Uuid,
    platform: String,
    external_account_id: String,
    display_name: String,
    handle: Option<String>,
    avatar_url: Option<String>,
    text_max: Option<i32>,
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
            text_max: row.text_max.and_then(|most| u32::try_from(most).ok()),
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
pub async fn list(
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
                and ($8::boolean is null
                     or $8 = (status in ('reconnect_required', 'failed') or status = 'connected' and status_reason is not null))
           )
           select id, platform::text as "platform!", external_account_id, display_name, handle, avatar_url, text_max,
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
        filter.attention,
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
                text_max: row.text_max,
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
        r#"select id, platform::text as "platform!", external_account_id, display_name, handle, avatar_url, text_max,
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
              and ($4::text is null or display_name ilike $4 or handle ilike $4 or external_account_id ilike $4)
              and ($5::boolean is null
                   or $5 = (status in ('reconnect_required', 'failed') or status = 'connected' and status_reason is not null))"#,
        platform,
        status,
        filter.active,
        pattern,
        filter.attention,
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// Every account of a workspace, oldest first; under the worker's role.
pub async fn of_workspace(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<Vec<Account>> {
    let rows = sqlx::query_as!(
        AccountRow,
        r#"select id, platform::text as "platform!", external_account_id, display_name, handle, avatar_url, text_max,
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

pub async fn find(tx: &mut PgConnection, id: AccountId) -> ServiceResult<Option<Account>> {
    let row = sqlx::query_as!(
        AccountRow,
        r#"select id, platform::text as "platform!", external_account_id, display_name, handle, avatar_url, text_max,
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

pub async fn counts(tx: &mut PgConnection) -> ServiceResult<AccountCounts> {
    let row = sqlx::query!(
        r#"select count(*) filter (where status = 'connected') as "connected!",
                  count(*) filter (where status = 'reconnect_required') as "reconnect_required!",
                  count(*) filter (where status = 'failed') as "failed!",
                  count(*) filter (where is_active and status <> 'disconnected') as "active!",
                  count(*) filter (where status in ('reconnect_required', 'failed')
                                      or status = 'connected' and status_reason is not null) as "attention!"
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
        attention: number(row.attention),
    })
}

/// Switches an account that is not unlinked; whether it was the other way before.
pub async fn set_active(tx: &mut PgConnection, account: AccountId, active: bool) -> ServiceResult<bool> {
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
