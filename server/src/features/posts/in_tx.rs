//! What other features may ask of posts inside their own transaction.

use domain::{
    Actor, MediaId, ServiceResult, WorkspaceId,
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

/// Whether other words for the asset (its alt text) would go out with a post that is decided on, unseen by whoever approves what
/// this person says.
pub async fn settled_for(tx: &mut PgConnection, actor: &Actor, asset: MediaId) -> ServiceResult<bool> {
    let rules = store::approvals::policy_now(&mut *tx, actor.workspace_id).await?;
    Ok(rules.holds_back(actor.role) && store::settled_with(tx, actor.workspace_id, asset).await?)
}

/// Whether what is said of the asset goes out with a post that is decided on already.
pub async fn settled_with(tx: &mut PgConnection, workspace: WorkspaceId, asset: MediaId) -> ServiceResult<bool> {
    store::settled_with(tx, workspace, asset).await
}

/// The newest posts that wait for approval, and how many do.
pub async fn waiting(
    tx: &mut PgConnection,
    links: &MediaLinks,
    workspace: WorkspaceId,
    limit: u32,
) -> ServiceResult<(Vec<PostSummary>, u64)> {
    let total = store::approvals::count(&mut *tx, workspace, None).await?;
    if total == 0 {
        return Ok((Vec::new(), 0));
    }
    let status = PostStatus::PendingApproval.as_str().to_owned();
    let wanted = Wanted { statuses: Some(vec![status]), ..Wanted::all(workspace) };
    let rows = store::list(&mut *tx, &wanted, PostSort::Newest, None, i64::from(limit), 0).await?;
    Ok((summaries(tx, links, workspace, rows).await?, u64::try_from(total).unwrap_or_default()))
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
