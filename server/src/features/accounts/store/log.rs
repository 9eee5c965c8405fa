//! The connection log, which can be added to and never changed.

use chrono::{DateTime, Utc};
use domain::{
    AccountId, ConnectionEventId, Platform, ServiceResult, UserId, WorkspaceId,
    accounts::{ConnectionEvent, ConnectionEventType},
    page::Window,
};
use sqlx::PgConnection;

use crate::database::{failed, word};

/// One page of an account's log and the number in all. `after` is the last line of the page before.
pub async fn events(
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
