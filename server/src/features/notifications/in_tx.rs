//! What other features may do inside their own transaction: write a letter.

use chrono::{DateTime, Utc};
use domain::{MailId, ServiceResult, clock::Ids, notifications::Mail};
use sqlx::PgConnection;

use super::{jobs::SendMail, store};
use crate::jobs::enqueue;

/// Writes a letter in the caller's transaction: it is sent once that has committed, and exists only if it has. That it
/// cannot be sent later fails nothing.
pub async fn write(tx: &mut PgConnection, ids: &dyn Ids, now: DateTime<Utc>, mail: &Mail) -> ServiceResult<()> {
    let id = MailId(ids.next());
    store::insert_mail(tx, id, mail, now).await?;
    enqueue(tx, &SendMail { mail: id }, None).await
}
