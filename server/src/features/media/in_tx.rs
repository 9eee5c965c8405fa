//! What other features may ask of pictures inside their own transaction.

use std::collections::HashMap;

use domain::{
    MediaId, ServiceResult, WorkspaceId,
    media::{MediaAsset, Variant},
};
use sqlx::PgConnection;

use super::{
    links::MediaLinks,
    store::{self, MediaRow},
};

/// Those of `ids` that the workspace has, with fresh URLs.
pub async fn assets(
    tx: &mut PgConnection,
    links: &MediaLinks,
    workspace: WorkspaceId,
    ids: &[MediaId],
) -> ServiceResult<HashMap<MediaId, MediaAsset>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(by_id(links, store::get_many(tx, workspace, ids).await?))
}

/// The same, and none of them can be removed before the caller's transaction has ended: for whoever is about to use
/// them.
pub async fn hold(
    tx: &mut PgConnection,
    links: &MediaLinks,
    workspace: WorkspaceId,
    ids: &[MediaId],
) -> ServiceResult<HashMap<MediaId, MediaAsset>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(by_id(links, store::hold_many(tx, workspace, ids).await?))
}

fn by_id(links: &MediaLinks, rows: Vec<MediaRow>) -> HashMap<MediaId, MediaAsset> {
    rows.into_iter().map(|row| (row.id, asset(links, row))).collect()
}

/// A row as people and programs see it.
pub(super) fn asset(links: &MediaLinks, row: MediaRow) -> MediaAsset {
    // A picture's thumbnail is a PNG exactly when something shows through it.
    let see_through = row.kind.image().is_some()
        && row.thumbnail_key.as_deref().and_then(|key| key.rsplit_once('.')).is_some_and(|(_, kind)| kind == "png");
    MediaAsset {
        url: links.url(row.id, Variant::Original),
        thumbnail_url: row.thumbnail_key.map(|_| links.url(row.id, Variant::Thumbnail)),
        id: row.id,
        kind: row.kind.kind(),
        file_name: row.file_name,
        content_type: row.kind,
        bytes: row.bytes,
        width: row.facts.width,
        height: row.facts.height,
        video: row.facts.video,
        pages: row.facts.pages,
        see_through,
        sha256: hex::encode(row.sha256),
        alt_text: row.alt_text,
        tags: row.tags,
        created_at: row.created_at,
    }
}
