//! Files for tests: as small as a network's checks allow, and with headers that say what the caller wants them to say.
//!
//! They are headers, not pictures: enough for every check that the simulated networks make, too little to look at.

/// A PNG of this size. The seed makes its content its own.
pub fn png(width: u32, height: u32, seed: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0, seed]);
    bytes
}

/// A JPEG of this size. The seed makes its content its own.
pub fn jpeg(width: u16, height: u16, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xFE, 0, 3, seed, 0xFF, 0xC0, 0, 17, 8];
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend([3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xFF, 0xD9]);
    bytes
}

/// An MP4 of this size and length. The seed makes its content its own.
pub fn film(width: u32, height: u32, duration_ms: u32, seed: u8) -> Vec<u8> {
    let mut header = vec![0; 100];
    // Thousandths of a second, and how many of them.
    put(&mut header, 12, 1_000);
    put(&mut header, 16, duration_ms);
    let mut track = vec![0; 84];
    put(&mut track, 76, width << 16);
    put(&mut track, 80, height << 16);
    let movie = [boxed(*b"mvhd", &header), boxed(*b"trak", &boxed(*b"tkhd", &track))].concat();
    [boxed(*b"ftyp", b"isom\0\0\x02\0isommp41"), boxed(*b"moov", &movie), boxed(*b"mdat", &[seed; 64])].concat()
}

/// An MP4 as [`film`] makes it, filled up to `size` bytes.
pub fn film_of(width: u32, height: u32, duration_ms: u32, seed: u8, size: usize) -> Vec<u8> {
    let mut bytes = film(width, height, duration_ms, seed);
    if let Some(missing) = size.checked_sub(bytes.len() + 8) {
        bytes.extend(boxed(*b"free", &vec![seed; missing]));
    }
    bytes
}

/// A PDF by its first and last lines.
pub fn pdf(seed: u8) -> Vec<u8> {
    format!("%PDF-1.7\n%{seed}\n%%EOF\n").into_bytes()
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(four) = bytes.get_mut(at..at + 4) {
        four.copy_from_slice(&value.to_be_bytes());
    }
}

fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &kind[..], content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::sniff;

    #[test]
    fn samples_are_what_they_say() {
        let facts = |bytes: &[u8]| sniff(bytes).map(|it| (it.mime, it.width, it.height, it.duration_ms));
        assert_eq!(facts(&png(30, 20, 1)), Some(("image/png", 30, 20, 0)));
        assert_eq!(facts(&jpeg(1080, 1350, 1)), Some(("image/jpeg", 1080, 1350, 0)));
        assert_eq!(facts(&film(720, 1280, 15_000, 1)), Some(("video/mp4", 720, 1280, 15_000)));
        assert_eq!(facts(&pdf(1)), Some(("application/pdf", 0, 0, 0)));
        assert_eq!(film_of(720, 1280, 15_000, 1, 5_000).len(), 5_000);
        assert_eq!(facts(&film_of(720, 1280, 15_000, 1, 5_000)), facts(&film(720, 1280, 15_000, 1)));
    }
}
