//! Pictures, from the pages. Uploads go to `POST /api/media`, which can report progress.

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use crate::{error::refuse, services::acting};
use domain::{MediaId, media::MediaAsset};
use leptos::prelude::*;

/// The pictures that still exist, in the order asked for; twenty at most.
#[server(prefix = "/fn", endpoint = "media/get", input = Json)]
pub async fn get_media(ids: Vec<MediaId>) -> Result<Vec<MediaAsset>, AppError> {
    let (services, actor) = acting()?;
    let mut found = Vec::new();
    for id in ids.into_iter().take(domain::posts::MAX_MEDIA) {
        match services.media.get(&actor, id).await {
            Ok(asset) => found.push(asset),
            Err(error) if error.code() == domain::ErrorCode::NotFound => {}
            Err(error) => return Err(refuse(error)),
        }
    }
    Ok(found)
}

/// Describes a picture for those who do not see it; empty takes the description away.
#[server(prefix = "/fn", endpoint = "media/alt-text", input = Json)]
pub async fn set_alt_text(id: MediaId, alt_text: String) -> Result<MediaAsset, AppError> {
    let (services, actor) = acting()?;
    services.media.set_alt_text(&actor, id, alt_text).await.map_err(refuse)
}
