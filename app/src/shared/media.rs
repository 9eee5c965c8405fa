//! How pictures, videos and documents are shown, wherever they are.

use domain::media::{MediaAsset, MediaKind};

/// The address of what stands for an asset in a list: its thumbnail, or a sign of its kind where it has none.
pub fn thumbnail(asset: &MediaAsset) -> String {
    asset.thumbnail_url.clone().unwrap_or_else(|| placeholder(asset.kind).to_owned())
}

/// The sign of a kind.
pub const fn placeholder(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "/placeholder/picture.svg",
        MediaKind::Video => "/placeholder/video.svg",
        MediaKind::Document => "/placeholder/document.svg",
    }
}
