//! The SQL of live events and letters.

pub mod preferences;
pub mod telling;
pub mod webhooks;

use chrono::{DateTime, Utc};
use domain::{
    MailId, ServiceError, ServiceResult,
    events::Numbered,
    notifications::{Letter, Mail},
};
use sqlx::PgConnection;

use crate::database::failed;

/// Numbers are given before commit, so a lower number may become visible after a higher one. Reading again a little
/// below the last seen number catches those; a change told twice does no harm.
const OVERLAP: i64 = 200;

/// At most `limit` changes after `last_seen`, oldest first.
pub async fn missed(tx: &mut PgConnection, last_seen: i64, limit: i64) -> ServiceResult<Vec<Numbered>> {
    let rows = sqlx::query!(
        r#"select id, event from live_events
            where id > $1::bigint - $3::bigint and (id > $1 or created_at > now() - interval '1 minute') order by id desc limit $2"#,
        last_seen,
        limit,
        OVERLAP
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .rev()
        .map(|row| {
            Ok(Numbered { id: row.id, event: serde_json::from_value(row.event).map_err(ServiceError::internal)? })
        })
        .collect()
}

pub async fn insert_mail(tx: &mut PgConnection, id: MailId, mail: &Mail, at: DateTime<Utc>) -> ServiceResult<()> {
    let letter = serde_json::to_value(&mail.letter).map_err(ServiceError::internal)?;
    sqlx::query!(
        "insert into mails (id, recipient, letter, created_at) values ($1, $2, $3, $4)",
        id.0,
        mail.to,
        letter,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A letter that has not left yet.
#[derive(Debug)]
pub struct WaitingMail {
    pub to: String,
    pub letter: Letter,
    /// How often it was tried.
    pub attempts: u16,
}

/// `None` when it has been sent or given up already.
pub async fn waiting_mail(tx: &mut PgConnection, id: MailId) -> ServiceResult<Option<WaitingMail>> {
    let row = sqlx::query!("select recipient, letter, attempts from mails where id = $1 and status = 'waiting'", id.0)
        .fetch_optional(tx)
        .await
        .map_err(failed)?;
    row.map(|row| {
        Ok(WaitingMail {
            to: row.recipient,
            letter: serde_json::from_value(row.letter).map_err(ServiceError::internal)?,
            attempts: u16::try_from(row.attempts).unwrap_or_default(),
        })
    })
    .transpose()
}

pub async fn mail_sent(tx: &mut PgConnection, id: MailId, attempts: u16, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update mails set status = 'sent', attempts = $2::integer, last_error = null, finished_at = $3
          where id = $1 and status = 'waiting'",
        id.0,
        i32::from(attempts),
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

pub async fn mail_delayed(tx: &mut PgConnection, id: MailId, attempts: u16, error: &str) -> ServiceResult<()> {
    sqlx::query!(
        "update mails set attempts = $2::integer, last_error = $3 where id = $1 and status = 'waiting'",
        id.0,
        i32::from(attempts),
        error
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

pub async fn mail_failed(
    tx: &mut PgConnection,
    id: MailId,
    attempts: u16,
    error: &str,
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "update mails set status = 'failed', attempts = $2::integer, last_error = $3, finished_at = $4
          where id = $1 and status = 'waiting'",
        id.0,
        i32::from(attempts),
        error,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
