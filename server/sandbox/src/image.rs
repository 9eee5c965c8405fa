//! What a file truly is: type, size in pixels and length, read from its own headers. Declared types are never believed.

use crate::film;

/// Facts read from the file itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sniffed {
    pub(crate) mime: &'static str,
    /// Zero where the format has none, or its header is cut off.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Of a film. Zero where no movie header was found.
    pub(crate) duration_ms: u64,
}

impl Sniffed {
    pub(crate) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    pub(crate) fn is_image(self) -> bool {
        self.mime.starts_with("image/")
    }

    fn image(mime: &'static str, (width, height): (u32, u32)) -> Self {
        Self { mime, width, height, duration_ms: 0 }
    }

    fn plain(mime: &'static str) -> Self {
        Self::image(mime, (0, 0))
    }
}

/// Recognises the pictures, films and documents that some network takes.
pub(crate) fn sniff(bytes: &[u8]) -> Option<Sniffed> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Some(Sniffed::image("image/jpeg", jpeg_size(bytes).unwrap_or_default()));
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let size = |at| be32(bytes, at).unwrap_or_default();
        return Some(Sniffed::image("image/png", (size(16), size(20))));
    }
    if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        let size = |at| le16(bytes, at).unwrap_or_default();
        return Some(Sniffed::image("image/gif", (size(6), size(8))));
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some(Sniffed::image("image/webp", webp_size(bytes).unwrap_or_default()));
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        let mime = match bytes.get(8..12) {
            Some(b"heic" | b"heix" | b"mif1") => return Some(Sniffed::plain("image/heic")),
            Some(b"avif") => return Some(Sniffed::plain("image/avif")),
            Some(b"qt  ") => "video/quicktime",
            _ => "video/mp4",
        };
        let film = film::read(bytes).unwrap_or_default();
        return Some(Sniffed { mime, width: film.width, height: film.height, duration_ms: film.duration_ms });
    }
    if bytes.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
        return Some(Sniffed::plain("video/webm"));
    }
    if bytes.starts_with(b"%PDF-") {
        return Some(Sniffed::plain("application/pdf"));
    }
    // The office formats of before and after 2007. Which of them it is stands deeper than any network looks at once.
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        return Some(Sniffed::plain("application/msword"));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(Sniffed::plain("application/vnd.openxmlformats-officedocument"));
    }
    None
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    let two = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u32::from(u16::from_be_bytes(two)))
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    let two = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u32::from(u16::from_le_bytes(two)))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Walks the segments up to the frame header, which alone knows the size.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xFF {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            // Fill bytes and markers without a length.
            0xFF => at += 1,
            0x01 | 0xD0..=0xD8 => at += 2,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Some((be16(bytes, at + 7)?, be16(bytes, at + 5)?));
            }
            _ => at += 2 + usize::try_from(be16(bytes, at + 2)?).ok()?,
        }
    }
}

/// The three WebP layouts keep their size in three places.
fn webp_size(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8 " => Some((le16(bytes, 26)? & 0x3FFF, le16(bytes, 28)? & 0x3FFF)),
        b"VP8L" => {
            let bits = u32::from_le_bytes(bytes.get(21..25)?.try_into().ok()?);
            Some(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
        }
        b"VP8X" => {
            let low = |at: usize| Some(le16(bytes, at)? | (u32::from(*bytes.get(at + 2)?) << 16));
            Some((low(24)? + 1, low(27)? + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_from_the_header_that_holds_them() {
        let size = |bytes: &[u8]| sniff(bytes).map(|it| (it.mime, it.width, it.height));
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend([0, 0, 1, 0, 0, 0, 0, 64]);
        assert_eq!(size(&png), Some(("image/png", 256, 64)));

        // APP0 of 4 bytes stands before the frame header.
        let jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0, 0, 0xFF, 0xC0, 0, 17, 8, 0, 30, 0, 40, 3];
        assert_eq!(size(&jpeg), Some(("image/jpeg", 40, 30)));

        assert_eq!(size(b"GIF89a\x0a\0\x05\0"), Some(("image/gif", 10, 5)));

        let mut webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
        webp.extend([99, 0, 0, 49, 0, 0]);
        assert_eq!(size(&webp), Some(("image/webp", 100, 50)));

        assert_eq!(size(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), Some(("image/heic", 0, 0)));
        assert_eq!(size(b"\0\0\0\x14ftypqt  \0\0\0\0qt  "), Some(("video/quicktime", 0, 0)));
        assert_eq!(size(b"\x1a\x45\xdf\xa3"), Some(("video/webm", 0, 0)));

        assert_eq!(sniff(b"<svg xmlns"), None);
        assert_eq!(sniff(b""), None);
        assert_eq!(sniff(&[0xFF, 0xD8, 0xFF]).map(Sniffed::pixels), Some(0));
    }
}
