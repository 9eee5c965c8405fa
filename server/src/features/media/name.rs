//! File names as people may see them again: shown in lists, used for nothing else, and never as a path.

use domain::{
    media::{MAX_FILE_NAME, MediaType},
    platform::ImageType,
    text::truncate_chars,
};

/// The name without folders, control and invisible characters, with the extension of what it really is.
/// 1 to [`MAX_FILE_NAME`] characters.
pub fn sanitise(name: &str, kind: MediaType) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = base.chars().filter(|c| !invisible(*c)).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let (stem, fits) = match line.rsplit_once('.') {
        Some((stem, extension)) => match of_extension(extension) {
            Some(claimed) => (stem, (claimed == kind).then_some(extension)),
            None => (line.as_str(), None),
        },
        None => (line.as_str(), None),
    };
    let extension = fits.unwrap_or(kind.extension());
    let room = MAX_FILE_NAME - extension.len() - 1;
    let stem = truncate_chars(stem.trim_matches(['.', ' ']), room).trim_end();
    // When nothing of its name is left.
    let stem = if stem.is_empty() { kind.kind().noun() } else { stem };
    format!("{stem}.{extension}")
}

fn of_extension(extension: &str) -> Option<MediaType> {
    if extension.eq_ignore_ascii_case("jpeg") || extension.eq_ignore_ascii_case("jpe") {
        return Some(MediaType::Image(ImageType::Jpeg));
    }
    MediaType::all().find(|kind| extension.eq_ignore_ascii_case(kind.extension()))
}

/// Control characters, and the format characters that turn a name around or hide part of it.
fn invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("roast bag.png", ImageType::Png, "roast bag.png")]
    #[case("Holiday.JPEG", ImageType::Jpeg, "Holiday.JPEG")]
    #[case("a.jpg", ImageType::Png, "a.png")]
    #[case("archive.tar.gz", ImageType::Gif, "archive.tar.gz.gif")]
    #[case("../../etc/passwd", ImageType::Png, "passwd.png")]
    #[case("C:\\Users\\me\\x.webp", ImageType::Webp, "x.webp")]
    #[case("gpj.\u{202E}exe", ImageType::Jpeg, "gpj.exe.jpg")]
    #[case("a\0\r\nb.png", ImageType::Png, "a b.png")]
    #[case(".png", ImageType::Png, "picture.png")]
    #[case("", ImageType::Webp, "picture.webp")]
    fn names(#[case] given: &str, #[case] kind: ImageType, #[case] kept: &str) {
        assert_eq!(sanitise(given, MediaType::Image(kind)), kept);
    }

    #[rstest]
    #[case("walk.MOV", "video/quicktime", "walk.MOV")]
    #[case("walk.mp4", "video/quicktime", "walk.mov")]
    #[case("", "video/mp4", "video.mp4")]
    #[case("menu.pdf.exe", "application/pdf", "menu.pdf.exe.pdf")]
    fn names_of_others(#[case] given: &str, #[case] mime: &str, #[case] kept: &str) {
        assert_eq!(sanitise(given, MediaType::from_mime(mime).unwrap()), kept);
    }

    proptest! {
        #[test]
        fn always_a_plain_name(name in "\\PC{0,400}|[\\x00-\\x7f]{0,60}", index in 0usize..4) {
            let kind = MediaType::Image(ImageType::ALL[index]);
            let kept = sanitise(&name, kind);
            let length = kept.chars().count();
            prop_assert!((1..=MAX_FILE_NAME).contains(&length), "{length}");
            prop_assert!(!kept.contains(['/', '\\']) && !kept.chars().any(char::is_control), "{kept:?}");
            prop_assert_eq!(&sanitise(&kept, kind), &kept);
        }
    }
}
