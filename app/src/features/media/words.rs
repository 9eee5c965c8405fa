//! What is known of an asset, in words.

use crate::shared::words::size;
use domain::{
    media::{AudioCodec, MediaAsset, MediaKind},
    posts::preflight::length,
};

/// "0:42", "12 pages", or nothing: what a tile says in its corner.
pub fn corner(asset: &MediaAsset) -> Option<String> {
    match asset.kind {
        MediaKind::Image => None,
        MediaKind::Video => asset.video.map(|video| length(video.duration_ms)),
        MediaKind::Document => Some(asset.content_type.label().to_owned()),
    }
}

/// "JPG, 1,080 × 1,350, 2.4 MB".
pub fn summary(asset: &MediaAsset) -> String {
    let mut words = vec![asset.content_type.label().to_owned()];
    if let (Some(width), Some(height)) = (asset.width, asset.height) {
        words.push(format!("{width} × {height}"));
    }
    if let Some(video) = asset.video {
        words.push(length(video.duration_ms));
    }
    if let Some(pages) = asset.pages {
        words.push(pages_words(pages));
    }
    words.push(size(asset.bytes));
    words.join(", ")
}

/// "1 page", "12 pages".
pub fn pages_words(pages: u32) -> String {
    if pages == 1 { "1 page".to_owned() } else { format!("{pages} pages") }
}

/// "H.264 with AAC sound, 29.97 frames a second".
pub fn encoding(asset: &MediaAsset) -> Option<String> {
    let video = asset.video?;
    let sound =
        video.audio.map_or("without sound".to_owned(), |audio: AudioCodec| format!("with {} sound", audio.label()));
    let rate = video.frame_rate.map(|rate| format!(", {} frames a second", rounded(rate))).unwrap_or_default();
    Some(format!("{} {sound}{rate}", video.codec.label()))
}

/// At most two decimals, none for whole numbers.
fn rounded(rate: f64) -> String {
    let text = format!("{rate:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_as_people_write_them() {
        assert_eq!(rounded(30.0), "30");
        assert_eq!(rounded(29.97), "29.97");
        assert_eq!(rounded(23.976), "23.98");
        assert_eq!((pages_words(1), pages_words(3)), ("1 page".to_owned(), "3 pages".to_owned()));
    }
}
