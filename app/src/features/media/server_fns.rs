//! Media, from the pages. Uploads go to `/api/media` and `/api/media/uploads`, which can report progress.

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use crate::{error::refuse, services::acting};
use domain::{
    MediaId, Page,
    media::{MediaAsset, MediaFilter, MediaUse, TagCount},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A part of the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LibraryView {
    /// Newest first.
    pub media: Page<MediaAsset>,
    /// Of the whole workspace, whatever the filter.
    pub tags: Vec<TagCount>,
}

/// One asset and where it is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaView {
    pub asset: MediaAsset,
    pub uses: Vec<MediaUse>,
}

/// Media under a filter.
#[server(prefix = "/fn", endpoint = "media/list", input = Json)]
pub async fn view_library(filter: MediaFilter) -> Result<LibraryView, AppError> {
    let (services, actor) = acting()?;
    let media = services.media.list(&actor, filter).await.map_err(refuse)?;
    let tags = services.media.tags(&actor).await.map_err(refuse)?;
    Ok(LibraryView { media, tags })
}

/// One asset.
#[server(prefix = "/fn", endpoint = "media/view", input = Json)]
pub async fn view_media(id: MediaId) -> Result<MediaView, AppError> {
    let (services, actor) = acting()?;
    let asset = services.media.get(&actor, id).await.map_err(refuse)?;
    let uses = services.media.uses(&actor, id).await.map_err(refuse)?;
    Ok(MediaView { asset, uses })
}

/// Those that still exist, in the order asked for; twenty at most.
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

/// Describes something for those who do not see it; empty takes the description away.
#[server(prefix = "/fn", endpoint = "media/alt-text", input = Json)]
pub async fn set_alt_text(id: MediaId, alt_text: String) -> Result<MediaAsset, AppError> {
    let (services, actor) = acting()?;
    let patch = domain::media::MediaPatch { alt_text: Some(alt_text), tags: None };
    services.media.update(&actor, id, patch).await.map_err(refuse)
}

/// Gives it these tags and no others.
#[server(prefix = "/fn", endpoint = "media/tags", input = Json)]
pub async fn set_tags(id: MediaId, tags: Vec<String>) -> Result<MediaAsset, AppError> {
    let (services, actor) = acting()?;
    let patch = domain::media::MediaPatch { alt_text: None, tags: Some(tags) };
    services.media.update(&actor, id, patch).await.map_err(refuse)
}

/// Takes it out of the library, for thirty days in a way that can be undone.
#[server(prefix = "/fn", endpoint = "media/remove", input = Json)]
pub async fn remove_media(id: MediaId) -> Result<(), AppError> {
    let (services, actor) = acting()?;
    services.media.delete(&actor, id).await.map_err(refuse)
}

/// Brings it back.
#[server(prefix = "/fn", endpoint = "media/restore", input = Json)]
pub async fn restore_media(id: MediaId) -> Result<MediaAsset, AppError> {
    let (services, actor) = acting()?;
    services.media.restore(&actor, id).await.map_err(refuse)
}
