//! What a film's own header says: MP4 and QuickTime, read from the movie box (ISO/IEC 14496-12).

/// Facts of a movie header. A file without one cannot be played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Film {
    pub(crate) duration_ms: u64,
    /// Zero where no track shows a picture.
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Reads the movie header, wherever it stands in the file.
pub(crate) fn read(bytes: &[u8]) -> Option<Film> {
    let movie = find(bytes, *b"moov")?;
    let (scale, length) = duration(find(movie, *b"mvhd")?)?;
    let duration_ms = length.saturating_mul(1_000).checked_div(scale)?;
    let picture = boxes(movie)
        .filter(|(kind, _)| kind == b"trak")
        .filter_map(|(_, track)| size(find(track, *b"tkhd")?))
        .find(|(width, height)| *width > 0 && *height > 0);
    let (width, height) = picture.unwrap_or_default();
    Some(Film { duration_ms, width, height })
}

/// The boxes that follow one another in `bytes`. Ends at the first that is cut off.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let short = be32(bytes, 0)?;
        let kind: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
        let (head, length) = match short {
            // To the end of the file.
            0 => (8, bytes.len()),
            1 => (16, usize::try_from(be64(bytes, 8)?).ok()?),
            length => (8, usize::try_from(length).ok()?),
        };
        let content = bytes.get(head..length)?;
        bytes = bytes.get(length..)?;
        Some((kind, content))
    })
}

fn find(bytes: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    boxes(bytes).find(|(kind, _)| *kind == wanted).map(|(_, content)| content)
}

/// Units per second, and length in units. Version 1 has wide times.
fn duration(header: &[u8]) -> Option<(u64, u64)> {
    if *header.first()? == 1 {
        Some((u64::from(be32(header, 20)?), be64(header, 24)?))
    } else {
        Some((u64::from(be32(header, 12)?), u64::from(be32(header, 16)?)))
    }
}

/// Width and height of a track, kept as 16.16 fixed point numbers at its header's end.
fn size(header: &[u8]) -> Option<(u32, u32)> {
    let at = if *header.first()? == 1 { 88 } else { 76 };
    Some((be32(header, at)? >> 16, be32(header, at + 4)? >> 16))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_movie_header_is_found_before_and_after_the_pictures() {
        let film = samples::film(1080, 1920, 12_500, 7);
        let facts = Film { duration_ms: 12_500, width: 1080, height: 1920 };
        assert_eq!(read(&film), Some(facts));
        // The file type box stays in front, the movie box moves to the end.
        let (kind, rest) = film.split_at(24);
        let movie = usize::try_from(be32(rest, 0).unwrap()).unwrap();
        let late = [kind, rest.get(movie..).unwrap(), rest.get(..movie).unwrap()].concat();
        assert_eq!(read(&late), Some(facts));
    }

    #[test]
    fn a_header_that_is_cut_off_is_none() {
        let film = samples::film(640, 360, 4_000, 1);
        assert_eq!(read(film.get(..100).unwrap()), None);
        assert_eq!(read(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"), None);
        assert_eq!(read(&[0; 64]), None);
    }
}
