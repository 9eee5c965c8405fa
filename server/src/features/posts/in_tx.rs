//! What other features may ask of posts inside their own transaction.

use domain::{MediaId, ServiceResult, WorkspaceId, posts::preflight::excerpt};
use sqlx::PgConnection;

use super::store;

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
