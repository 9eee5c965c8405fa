//! What other features may ask of posts inside their own transaction.

use domain::{
    MediaId, ServiceResult, WorkspaceId,
    media::MediaUse,
    posts::{PostSort, PostStatus, PostSummary, preflight::excerpt},
};
use sqlx::PgConnection;

use super::{
    service::summaries,
    store::{self, Wanted},
};
use crate::features::media::MediaLinks;

/// The first words of a post that still needs the picture: its current version shows it, and not all of it is out.
/// Failed deliveries count, since they can be retried. `None` when no post needs it.
pub async fn needing_picture(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    picture: MediaId,
) -> ServiceResult<Option<String>> {
    let post = store::needing_picture(tx, workspace, picture).await?;
    Ok(post.map(|(title, body)| excerpt(title.as_deref(), &body)))
}

/// The posts whose current version shows the asset, newest first.
pub async fn uses(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    asset: MediaId,
    limit: i64,
) -> ServiceResult<Vec<MediaUse>> {
    let rows = store::uses(tx, workspace, asset, limit).await?;
    Ok(rows
        .into_iter()
        .map(|row| MediaUse {
            post_id: row.post,
            words: excerpt(row.title.as_deref(), &row.body),
            status: row.status,
            needed: row.status != PostStatus::Published,
        })
        .collect())
}

/// The newest posts, as a list shows them.
pub async fn latest(
    tx: &mut PgConnection,
    links: &MediaLinks,
    workspace: WorkspaceId,
    limit: u32,
) -> ServiceResult<Vec<PostSummary>> {
    let rows = store::list(tx, &Wanted::all(workspace), PostSort::Newest, None, i64::from(limit), 0).await?;
    summaries(tx, links, workspace, rows).await
}
