//! Documents: how many pages a PDF has.

use domain::media::MediaKind;
use lopdf::{Document, Error};

use super::Refusal;

/// Follows the file's own table of contents to its count of pages; no page is looked at. What the library unpacks on the
/// way is bounded by itself.
pub fn pdf_pages(file: &[u8]) -> Result<u32, Refusal> {
    let damaged = Refusal::Damaged(MediaKind::Document);
    match Document::load_metadata_mem(file) {
        Ok(found) if found.page_count > 0 && i32::try_from(found.page_count).is_ok() => Ok(found.page_count),
        Err(Error::Decryption(_) | Error::InvalidPassword) => Err(Refusal::Locked(MediaKind::Document)),
        Ok(_) | Err(_) => Err(damaged),
    }
}
