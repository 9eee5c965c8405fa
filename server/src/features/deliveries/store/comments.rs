//! The first comment below a post that is out.

use chrono::{DateTime, Utc};
use domain::{AccountId, DeliveryId, Platform, ServiceResult};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::database::{failed, word};

/// Notes that a comment is to be written below what has just succeeded; false when that was noted before.
pub async fn begin_comment(
    tx: &mut PgConnection,
    (delivery, workspace): (DeliveryId, Uuid),
    comment: &str,
    now: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "insert into first_comments (delivery_id, workspace_id, body, created_at, updated_at) values ($1, $2, $3, $4, $4)
         on conflict (delivery_id) do nothing",
        delivery.0,
        workspace,
        comment,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// A comment to be written.
#[derive(Debug)]
pub struct CommentRow {
    pub account: AccountId,
    pub platform: Platform,
    /// Below which post.
    pub external_id: Option<String>,
    pub text: String,
    /// This attempt's number, from 1.
    pub attempt: u32,
    /// By which this try is told from a later one.
    pub started_at: DateTime<Utc>,
}

/// Takes a comment that waits, and notes that the call is about to be made: whoever dies from here on leaves a row that
/// nobody takes again. `None` when there is nothing to write.
pub async fn take_comment(
    tx: &mut PgConnection,
    delivery: DeliveryId,
    now: DateTime<Utc>,
) -> ServiceResult<Option<CommentRow>> {
    let row = sqlx::query!(
        r#"update first_comments c set status = 'writing', started_at = $2, attempts = c.attempts + 1
             from deliveries d
            where c.delivery_id = $1 and c.status = 'pending' and d.id = c.delivery_id
            returning d.account_id, d.platform::text as "platform!", d.external_post_id, c.body, c.attempts,
                      c.started_at as "started_at!""#,
        delivery.0,
        now
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(CommentRow {
            account: row.account_id.into(),
            platform: word("platform", &row.platform)?,
            external_id: row.external_post_id,
            text: row.body,
            attempt: u32::try_from(row.attempts).unwrap_or_default(),
            started_at: row.started_at,
        })
    })
    .transpose()
}

/// How a try to write a comment ended.
#[derive(Debug)]
pub enum CommentEnding<'a> {
    Written {
        external_id: &'a str,
    },
    /// Refused for now, and surely not written.
    Again {
        message: &'a str,
        counts: bool,
    },
    Failed {
        message: &'a str,
    },
    Unclear {
        message: &'a str,
    },
}

/// Of the try that was started then: what a later one has come to is not touched.
pub async fn end_comment(
    tx: &mut PgConnection,
    delivery: DeliveryId,
    started_at: DateTime<Utc>,
    ending: &CommentEnding<'_>,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    let (status, message, external_id, given_back) = match ending {
        CommentEnding::Written { external_id } => ("written", None, Some(*external_id), 0),
        CommentEnding::Again { message, counts } => ("pending", Some(*message), None, i32::from(!counts)),
        CommentEnding::Failed { message } => ("failed", Some(*message), None, 0),
        CommentEnding::Unclear { message } => ("unclear", Some(*message), None, 0),
    };
    // One that was given up as unclear may still have its answer come in.
    sqlx::query!(
        "update first_comments
            set status = $2::text::comment_status, last_error = $3, external_id = $4, attempts = attempts - $5,
                written_at = case when $2 = 'written' then $6::timestamptz end
          where delivery_id = $1 and status in ('writing', 'unclear') and started_at = $7",
        delivery.0,
        status,
        message,
        external_id,
        given_back,
        now,
        started_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Since when a comment is being written, by whoever has taken it.
pub async fn comment_begun(tx: &mut PgConnection, delivery: DeliveryId) -> ServiceResult<Option<DateTime<Utc>>> {
    let begun = sqlx::query_scalar!(
        "select started_at from first_comments where delivery_id = $1 and status = 'writing'",
        delivery.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(begun.flatten())
}

/// Lets a comment be written once more; false when it is in no state for it.
pub async fn restart_comment(tx: &mut PgConnection, delivery: DeliveryId) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update first_comments set status = 'pending', attempts = 0, started_at = null, last_error = null
          where delivery_id = $1 and status in ('failed', 'unclear')",
        delivery.0
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// After a restore: what was to be written then may have been since.
pub async fn hold_comments(tx: &mut PgConnection) -> ServiceResult<()> {
    sqlx::query!(
        "update first_comments set status = 'unclear',
                last_error = 'Arctiv was restored from a backup, and this comment may have been written since the backup was made. Look at \
the post: if it is not there, write it again.'
          where status in ('pending', 'writing')"
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
