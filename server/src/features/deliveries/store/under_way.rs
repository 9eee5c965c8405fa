//! An attempt under way: what it works with, and what it saves before it calls a platform.

use chrono::{DateTime, Utc};
use domain::{
    AccountId, MediaId, ServiceError, ServiceResult, WorkspaceId,
    accounts::AccountStatus,
    deliveries::Stage,
    media::{MediaType, PictureFacts},
    posts::Content,
};
use sqlx::{PgConnection, PgPool};

use super::Claimed;
use crate::database::{failed, unknown_word, word};

/// All that a delivery needs to be published.
#[derive(Debug)]
pub struct Material {
    pub content: Content,
    pub account_status: AccountStatus,
    pub deleted: bool,
    pub media: Vec<MediaRow>,
}

/// A picture, video or document of the post.
#[derive(Debug)]
pub struct MediaRow {
    pub id: MediaId,
    pub workspace: WorkspaceId,
    pub kind: MediaType,
    pub bytes: u64,
    pub size: Option<(u32, u32)>,
    pub see_through: bool,
    pub alt_text: Option<String>,
    pub storage_key: String,
}

impl MediaRow {
    /// What decides how it goes out, if it is a picture.
    pub fn picture(&self) -> Option<PictureFacts> {
        let ((width, height), kind) = (self.size?, self.kind.image()?);
        Some(PictureFacts { kind, bytes: self.bytes, width, height, see_through: self.see_through })
    }
}

pub async fn material(tx: &mut PgConnection, claimed: &Claimed) -> ServiceResult<Material> {
    let row = sqlx::query!(
        r#"select v.body, v.link, v.overrides, v.options, v.variations, a.status::text as "status!",
                  p.deleted_at is not null as "deleted!"
             from deliveries d
             join post_versions v on v.id = d.post_version_id
             join posts p on p.id = d.post_id
             join accounts a on a.id = d.account_id
            where d.id = $1"#,
        claimed.id.0
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(failed)?;
    let media = sqlx::query!(
        r#"select m.id, m.workspace_id, m.content_type, m.bytes, m.width, m.height, m.alt_text, m.storage_key,
                  coalesce(m.thumbnail_key like '%.png', false) as "see_through!"
             from post_media pm join media m on m.id = pm.media_id where pm.post_version_id = $1 order by pm.position"#,
        claimed.version.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(Material {
        content: Content {
            body: row.body,
            link: row.link,
            overrides: serde_json::from_value(row.overrides).map_err(ServiceError::internal)?,
            variations: serde_json::from_value(row.variations).map_err(ServiceError::internal)?,
            options: serde_json::from_value(row.options).map_err(ServiceError::internal)?,
        },
        account_status: word("account status", &row.status)?,
        deleted: row.deleted,
        media: media
            .into_iter()
            .map(|row| {
                Ok(MediaRow {
                    id: row.id.into(),
                    workspace: row.workspace_id.into(),
                    kind: MediaType::from_mime(&row.content_type)
                        .ok_or_else(|| unknown_word("content type", &row.content_type))?,
                    bytes: row.bytes.unsigned_abs(),
                    size: row.width.zip(row.height).map(|(w, h)| (w.unsigned_abs(), h.unsigned_abs())),
                    see_through: row.see_through,
                    alt_text: row.alt_text,
                    storage_key: row.storage_key,
                })
            })
            .collect::<ServiceResult<_>>()?,
    })
}

/// Posts already known at the account, so that two with equal words are not confused.
pub async fn known_external_ids(tx: &mut PgConnection, account: AccountId) -> ServiceResult<Vec<String>> {
    sqlx::query_scalar!(
        r#"select external_post_id as "id!" from deliveries
            where account_id = $1 and external_post_id is not null order by created_at desc limit 200"#,
        account.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// Saves what has been staged; false when the row is no longer this worker's.
pub async fn save_state(
    pool: &PgPool,
    claimed: &Claimed,
    worker: uuid::Uuid,
    stage: Stage,
    saved: &serde_json::Value,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update deliveries set remote_state = $3, stage = $4::text::delivery_stage
          where id = $1 and status = 'publishing' and lease_owner = $2",
        claimed.id.0,
        worker,
        saved,
        stage.as_str()
    )
    .execute(pool)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// The last thing before the public call: from here on a worker that dies leaves an unknown outcome. False when the row
/// is no longer this worker's.
pub async fn begin_commit(
    pool: &PgPool,
    claimed: &Claimed,
    worker: uuid::Uuid,
    state: &serde_json::Value,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update deliveries set remote_state = $3, stage = 'committing', commit_started_at = coalesce(commit_started_at, $4), lease_until = $5
          where id = $1 and status = 'publishing' and lease_owner = $2 and lease_until > $4",
        claimed.id.0,
        worker,
        state,
        now,
        lease_until
    )
    .execute(pool)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}
