//! The connection log, which can be added to and never changed.

use chrono::{DateTime, Utc};
use domain::{
    AccountId, ConnectionEventId, Platform, ServiceResult, UserId, WorkspaceId,
    accounts::{ConnectionEvent, ConnectionEventType},
};
use sqlx::PgConnection;

use crate::database::{failed, word};

/// A filter as the queries take it.
#[derive(Debug)]
pub struct WantedEvents {
    /// `None`: of any kind.
    pub kinds: Option<Vec<String>>,
    pub from: Option<DateTime<Utc>>,
    /// The first moment that is not wanted any more.
    pub behind: Option<DateTime<Utc>>,
}

/// Lines of an account's log, newest first, from below `after` on.
pub async fn events(
    tx: &mut PgConnection,
    account: AccountId,
    wanted: &WantedEvents,
    after: Option<ConnectionEventId>,
    limit: i64,
    offset: i64,
) -> ServiceResult<Vec<ConnectionEvent>> {
    let rows = sqlx::query!(
        r#"select id, account_id, platform::text as "platform!", event_type::text as "event_type!", message, status_code,
                  created_at
             from connection_events
            where account_id = $1
              and ($2::text[] is null or event_type::text = any($2))
              and ($3::timestamptz is null or created_at >= $3) and ($4::timestamptz is null or created_at < $4)
              and ($5::uuid is null or (created_at, id) < (select created_at, id from connection_events where id = $5))
            order by created_at desc, id desc
            limit $6 offset $7"#,
        account.0,
        wanted.kinds.as_deref(),
        wanted.from,
        wanted.behind,
        after.map(|id| id.0),
        limit,
        offset,
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
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
        .collect()
}

/// How many lines of an account's log there are in all.
pub async fn count_events(tx: &mut PgConnection, account: AccountId, wanted: &WantedEvents) -> ServiceResult<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "total!" from connection_events
            where account_id = $1
              and ($2::text[] is null or event_type::text = any($2))
              and ($3::timestamptz is null or created_at >= $3) and ($4::timestamptz is null or created_at < $4)"#,
        account.0,
        wanted.kinds.as_deref(),
        wanted.from,
        wanted.behind,
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// A line for the connection log, which can be added to and never changed.
#[derive(Debug)]
pub struct NewEvent<'a> {
    pub id: ConnectionEventId,
    pub workspace: WorkspaceId,
    pub account: Option<AccountId>,
    pub platform: Platform,
    pub kind: ConnectionEventType,
    pub message: Option<&'a str>,
    pub status_code: Option<u16>,
    /// Who did it; none for what happens by itself.
    pub user: Option<UserId>,
    pub at: DateTime<Utc>,
}

pub async fn add_event(tx: &mut PgConnection, event: &NewEvent<'_>) -> ServiceResult<()> {
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
