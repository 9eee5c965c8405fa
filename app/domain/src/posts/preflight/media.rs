//! The checks of pictures, videos and documents: what a platform takes in which form of post, and what it would get in
//! place of what it does not take.

use super::{Finding, Severity, error, grouped};
use crate::{
    media::{Fit, MediaAsset, MediaKind, MediaType, PictureFacts, VideoCodec, VideoFacts, fit},
    platform::{DocumentType, ImageType, Platform, PostFormat, PostRules, Ratio, VideoRules, VideoType},
};

/// The field of the form that media stand in.
const FIELD: &str = "media_assets";

/// What the checks need to know of a picture, video or document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Medium {
    pub content_type: MediaType,
    pub bytes: u64,
    /// Pixels, as it is seen; 0 where there are none.
    pub width: u32,
    pub height: u32,
    pub see_through: bool,
    pub video: Option<VideoFacts>,
    pub pages: Option<u32>,
    /// Characters of alt text; 0 when there is none.
    pub alt_chars: usize,
}

impl From<&MediaAsset> for Medium {
    fn from(asset: &MediaAsset) -> Self {
        Self {
            content_type: asset.content_type,
            bytes: asset.bytes,
            width: asset.width.unwrap_or(0),
            height: asset.height.unwrap_or(0),
            see_through: asset.see_through,
            video: asset.video,
            pages: asset.pages,
            alt_chars: asset.alt_text.as_deref().map_or(0, |alt| alt.trim().chars().count()),
        }
    }
}

impl Medium {
    pub(super) const fn kind(&self) -> MediaKind {
        self.content_type.kind()
    }
}

/// One thing to say about media at one platform.
struct Report<'a> {
    platform: Platform,
    findings: &'a mut Vec<Finding>,
}

impl Report<'_> {
    fn error(&mut self, message: String) {
        self.findings.push(error(FIELD, self.platform, message));
    }

    fn hint(&mut self, message: String) {
        self.findings.push(Finding {
            severity: Severity::Hint,
            field: FIELD.to_owned(),
            platform: Some(self.platform),
            message,
        });
    }
}

/// Everything there is to say about `media` in a post of this form.
pub(super) fn check(
    platform: Platform,
    format: PostFormat,
    rules: &PostRules,
    media: &[Medium],
    findings: &mut Vec<Finding>,
) {
    let label = platform.label();
    let mut report = Report { platform, findings };
    let count = |kind: MediaKind| media.iter().filter(|medium| medium.kind() == kind).count();
    let (pictures, videos, documents) = (count(MediaKind::Image), count(MediaKind::Video), count(MediaKind::Document));
    if media.is_empty() {
        if format != PostFormat::Feed {
            let needs = if format == PostFormat::Reel { "a video" } else { "a picture or a video" };
            report.error(format!("A {} on {label} needs {needs}.", word(format)));
        } else if rules.media_required {
            report.error(format!("{label} needs a picture or a video."));
        }
        return;
    }
    if documents > 0 {
        match rules.document {
            None => report.error(format!("{label} takes no documents.")),
            Some(_) if media.len() > 1 => report.error(format!("{label} takes a document only on its own.")),
            Some(_) => {}
        }
    }
    if videos > 0 {
        if rules.video_as(format).is_none() {
            report.error(format!("{label} takes no videos{}.", as_a(format)));
        } else if media.len() > 1 && (!rules.mixed_media || format == PostFormat::Reel) {
            report.error(format!("{label} takes a video only on its own."));
        }
    }
    if format == PostFormat::Reel && pictures > 0 {
        report.error(format!("A reel on {label} is a single video. Take the pictures out, or post it to the feed."));
    }
    if format == PostFormat::Story && media.len() > 1 {
        report.error(format!("A story on {label} is a single picture or video."));
    } else if rules.mixed_media && media.len() > rules.images_max {
        report.error(format!("{label} takes at most {} pictures and videos.", rules.images_max));
    } else if pictures > rules.images_max {
        report.error(format!("{label} takes at most {} pictures.", rules.images_max));
    }
    let gif = |medium: &Medium| medium.content_type == MediaType::Image(ImageType::Gif);
    if rules.gif_alone && media.len() > 1 && media.iter().any(gif) {
        report.error(format!("{label} takes a GIF only on its own."));
    }
    for (index, medium) in media.iter().enumerate() {
        let name = format!("{} {}", medium.kind().label(), index + 1);
        match medium.content_type {
            MediaType::Image(kind) => check_picture(&name, kind, medium, format, rules, &mut report),
            MediaType::Video(kind) => {
                if let Some(limits) = rules.video_as(format) {
                    check_video(&name, kind, medium, limits, &mut report);
                }
            }
            MediaType::Document(kind) => check_document(&name, kind, medium, rules, &mut report),
        }
    }
}

const fn word(format: PostFormat) -> &'static str {
    match format {
        PostFormat::Feed => "post",
        PostFormat::Reel => "reel",
        PostFormat::Story => "story",
    }
}

const fn as_a(format: PostFormat) -> &'static str {
    match format {
        PostFormat::Feed => "",
        PostFormat::Reel => " as reels",
        PostFormat::Story => " in stories",
    }
}

fn check_picture(
    name: &str,
    kind: ImageType,
    medium: &Medium,
    format: PostFormat,
    rules: &PostRules,
    report: &mut Report<'_>,
) {
    let label = report.platform.label();
    let facts = PictureFacts {
        kind,
        bytes: medium.bytes,
        width: medium.width,
        height: medium.height,
        see_through: medium.see_through,
    };
    match fit(rules, &facts) {
        Fit::Never if rules.image_types.contains(&kind) => report.error(format!(
            "{name} is {}; {label} takes at most {} of a {}.",
            size(medium.bytes),
            size(rules.image_bytes(kind)),
            kind.label()
        )),
        Fit::Never => {
            let takes = rules.image_types.iter().map(|kind| kind.label()).collect::<Vec<_>>().join(", ");
            report.error(format!("{name} is a {}; {label} takes {takes}.", kind.label()));
        }
        // What a copy loses is said; that there is one is not worth a line, where it looks the same.
        Fit::Copy(_) if kind == ImageType::Gif => {
            report.hint(format!("{label} shows no GIFs: {name} goes there as a picture that does not move."));
        }
        Fit::Copy(recipe) if medium.see_through && recipe.kind == ImageType::Jpeg => {
            report.hint(format!("{label} takes {name} as a JPG: what shows through it becomes white."));
        }
        Fit::AsIs | Fit::Copy(_) => {}
    }
    // Stories fill the rest of the screen by themselves.
    if let Some(ratio) = rules.image_ratio.filter(|_| format == PostFormat::Feed) {
        check_shape(name, medium, ratio, "", report);
    }
    if let Some(least) = rules.image_width_min.filter(|least| medium.width < *least) {
        report.error(format!("{name} is {} pixels wide; {label} takes {least} or more.", medium.width));
    }
}

/// Refuses a shape that does not fit, and says what it would cost to make it fit.
fn check_shape(name: &str, medium: &Medium, ratio: Ratio, form: &str, report: &mut Report<'_>) {
    let (width, height) = (medium.width, medium.height);
    if ratio.fits(width, height) || width == 0 || height == 0 {
        return;
    }
    let label = report.platform.label();
    let narrow = u64::from(width) * u64::from(ratio.narrowest.1) < u64::from(ratio.narrowest.0) * u64::from(height);
    let (shape, side, bound) =
        if narrow { ("tall", "height", ratio.narrowest) } else { ("wide", "width", ratio.widest) };
    let kept = if narrow {
        f64::from(width) * f64::from(bound.1) / (f64::from(bound.0) * f64::from(height))
    } else {
        f64::from(height) * f64::from(bound.0) / (f64::from(bound.1) * f64::from(width))
    };
    let lost = ((1.0 - kept) * 100.0).ceil().clamp(1.0, 99.0);
    report.error(format!(
        "{name} is too {shape} for {label}{form}, which takes {} at most. Crop it first: that takes away {lost:.0} % of its {side}.",
        ratio_words(bound)
    ));
}

/// "4:5", "1.91:1".
fn ratio_words((width, height): (u32, u32)) -> String {
    match height {
        100 => format!("{}.{:02}:1", width / 100, width % 100),
        _ => format!("{width}:{height}"),
    }
}

fn check_video(name: &str, kind: VideoType, medium: &Medium, limits: &VideoRules, report: &mut Report<'_>) {
    let label = report.platform.label();
    if !limits.types.contains(&kind) {
        let takes = limits.types.iter().map(|kind| kind.label()).collect::<Vec<_>>().join(", ");
        report.error(format!("{name} is in a {} file; {label} takes {takes}.", kind.label()));
    }
    if medium.bytes > limits.bytes_max {
        report.error(format!("{name} is {}; {label} takes at most {}.", size(medium.bytes), size(limits.bytes_max)));
    }
    let (shorter, longer) = (medium.width.min(medium.height), medium.width.max(medium.height));
    if let Some(least) = limits.side_min.filter(|least| shorter < *least) {
        report.error(format!(
            "{name} has {} × {} pixels; {label} takes {least} or more on the shorter side.",
            medium.width, medium.height
        ));
    }
    // Networks make large videos smaller by themselves; people should know, and need do nothing.
    if let Some(most) = limits.side_max.filter(|most| longer > *most) {
        report.hint(format!(
            "{name} has {} × {} pixels; {label} shows at most {} and makes it smaller.",
            medium.width,
            medium.height,
            grouped(usize::try_from(most).unwrap_or(usize::MAX))
        ));
    }
    if let Some(ratio) = limits.ratio {
        check_shape(name, medium, ratio, "", report);
    }
    let Some(video) = &medium.video else { return };
    if !limits.codecs.contains(&video.codec) {
        let takes = limits.codecs.iter().map(|codec| codec.label()).collect::<Vec<_>>().join(" or ");
        let has = if video.codec == VideoCodec::Other { "a codec of its own" } else { video.codec.label() };
        report.error(format!("{name} is encoded with {has}; {label} takes {takes}."));
    }
    if video.duration_ms < limits.duration_min {
        report.error(format!(
            "{name} lasts {}; {label} takes {} or more.",
            length(video.duration_ms),
            length(limits.duration_min)
        ));
    } else if video.duration_ms > limits.duration_max {
        report.error(format!(
            "{name} lasts {}; {label} takes at most {}.",
            length(video.duration_ms),
            length(limits.duration_max)
        ));
    }
    if let (Some(rate), Some((least, most))) = (video.frame_rate, limits.frame_rate) {
        // 23.976 is what is meant by 24, and 59.94 by 60.
        if rate < f64::from(least) - 0.05 || rate > f64::from(most) + 0.5 {
            report.error(format!("{name} has {rate:.0} frames a second; {label} takes {least} to {most}."));
        }
    }
}

fn check_document(name: &str, kind: DocumentType, medium: &Medium, rules: &PostRules, report: &mut Report<'_>) {
    let label = report.platform.label();
    let Some(limits) = rules.document else { return };
    if !limits.types.contains(&kind) {
        let takes = limits.types.iter().map(|kind| kind.label()).collect::<Vec<_>>().join(", ");
        report.error(format!("{name} is a {}; {label} takes {takes}.", kind.label()));
    }
    if medium.bytes > limits.bytes_max {
        report.error(format!("{name} is {}; {label} takes at most {}.", size(medium.bytes), size(limits.bytes_max)));
    }
    match medium.pages {
        Some(pages) if pages > limits.pages_max => {
            report.error(format!("{name} has {pages} pages; {label} takes at most {}.", limits.pages_max));
        }
        Some(_) => {}
        None => report
            .hint(format!("The pages of {name} could not be counted; {label} takes at most {}.", limits.pages_max)),
    }
}

/// "3:07", "1:02:00"; below ten seconds "2.5 s".
pub fn length(ms: u32) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..10 if ms.is_multiple_of(1_000) => format!("{seconds} s"),
        0..10 => format!("{seconds}.{} s", (ms % 1_000) / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a file's size fits a float")]
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KB", bytes.div_ceil(1024)),
        0x10_0000..0x4000_0000 => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GB", bytes as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Target, *};
    use crate::{ids::AccountId, posts::Content};
    use proptest::prelude::*;

    const PICTURE: Medium = Medium {
        content_type: MediaType::Image(ImageType::Jpeg),
        bytes: 10_000,
        width: 1_080,
        height: 1_080,
        see_through: false,
        video: None,
        pages: None,
        alt_chars: 3,
    };
    const VIDEO: Medium = Medium {
        content_type: MediaType::Video(VideoType::Mp4),
        bytes: 5_000_000,
        width: 1_080,
        height: 1_920,
        video: Some(VideoFacts { duration_ms: 20_000, codec: VideoCodec::H264, audio: None, frame_rate: Some(29.97) }),
        ..PICTURE
    };
    const DOCUMENT: Medium = Medium {
        content_type: MediaType::Document(DocumentType::Pdf),
        width: 0,
        height: 0,
        pages: Some(12),
        ..PICTURE
    };

    fn said(platform: Platform, format: PostFormat, media: &[Medium]) -> Vec<(Severity, String)> {
        let mut findings = Vec::new();
        check(platform, format, platform.rules().unwrap(), media, &mut findings);
        assert!(findings.iter().all(|finding| finding.field == FIELD && finding.platform == Some(platform)));
        findings.into_iter().map(|finding| (finding.severity, finding.message)).collect()
    }

    fn only(platform: Platform, format: PostFormat, media: &[Medium]) -> String {
        let said = said(platform, format, media);
        assert_eq!(said.len(), 1, "{said:?}");
        said.into_iter().next().unwrap().1
    }

    fn with(change: impl FnOnce(&mut VideoFacts)) -> Medium {
        let mut video = VIDEO.video.unwrap();
        change(&mut video);
        Medium { video: Some(video), ..VIDEO }
    }

    #[test]
    fn what_every_network_takes_is_not_spoken_of() {
        for platform in Platform::ALL {
            let Some(rules) = platform.rules() else { continue };
            for format in rules.formats {
                // X says that it makes a large video smaller.
                let video = Medium { width: 720, height: 1_280, ..VIDEO };
                assert_eq!(said(platform, *format, &[video]), [], "{platform} {format:?}");
            }
            assert_eq!(said(platform, PostFormat::Feed, &[PICTURE]), [], "{platform}");
        }
        assert_eq!(said(Platform::Linkedin, PostFormat::Feed, &[DOCUMENT]), []);
    }

    #[test]
    fn pictures_that_can_be_converted_go_out() {
        let webp = Medium { content_type: MediaType::Image(ImageType::Webp), bytes: 19_000_000, ..PICTURE };
        for platform in [Platform::Facebook, Platform::Instagram, Platform::Linkedin, Platform::Twitter] {
            assert_eq!(said(platform, PostFormat::Feed, &[webp]), [], "{platform}");
        }
        let gif = Medium { content_type: MediaType::Image(ImageType::Gif), ..PICTURE };
        let hint = only(Platform::Instagram, PostFormat::Feed, &[gif]);
        assert_eq!(hint, "Instagram shows no GIFs: Picture 1 goes there as a picture that does not move.");
        let clear = Medium { see_through: true, content_type: MediaType::Image(ImageType::Png), ..PICTURE };
        assert!(only(Platform::Tiktok, PostFormat::Feed, &[clear]).ends_with("what shows through it becomes white."));
        assert_eq!(said(Platform::Facebook, PostFormat::Feed, &[clear]), []);
        let heavy = Medium { bytes: 16 * 1024 * 1024, ..gif };
        assert_eq!(
            only(Platform::Twitter, PostFormat::Feed, &[heavy]),
            "Picture 1 is 16.0 MB; X takes at most 15.0 MB of a GIF."
        );
    }

    #[test]
    fn a_shape_is_never_changed_in_silence() {
        let tall = Medium { width: 1_000, height: 2_000, ..PICTURE };
        assert_eq!(
            only(Platform::Instagram, PostFormat::Feed, &[tall]),
            "Picture 1 is too tall for Instagram, which takes 4:5 at most. Crop it first: that takes away 38 % of its height."
        );
        let wide = Medium { width: 3_000, height: 1_000, ..PICTURE };
        let message = only(Platform::Instagram, PostFormat::Feed, &[wide]);
        assert!(message.contains("1.91:1") && message.contains("37 % of its width"), "{message}");
        assert_eq!(said(Platform::Instagram, PostFormat::Story, &[tall]), [], "a story fills the screen around it");
    }

    #[test]
    fn a_video_has_its_limits() {
        let long = with(|video| video.duration_ms = 200_000);
        let on_x = |medium: Medium| {
            only(Platform::Twitter, PostFormat::Feed, &[Medium { width: 720, height: 1_280, ..medium }])
        };
        assert_eq!(on_x(long), "Video 1 lasts 3:20; X takes at most 2:20.");
        assert_eq!(on_x(with(|video| video.duration_ms = 400)), "Video 1 lasts 0.4 s; X takes 0.5 s or more.");
        assert_eq!(on_x(with(|video| video.codec = VideoCodec::Av1)), "Video 1 is encoded with AV1; X takes H.264.");
        assert_eq!(
            on_x(with(|video| video.frame_rate = Some(119.8))),
            "Video 1 has 120 frames a second; X takes 1 to 60."
        );
        let webm = Medium { content_type: MediaType::Video(VideoType::Webm), ..VIDEO };
        assert_eq!(on_x(webm), "Video 1 is in a WebM file; X takes MP4.");
        let heavy = Medium { bytes: 3 * 1024 * 1024 * 1024, ..VIDEO };
        assert_eq!(on_x(heavy), "Video 1 is 3.0 GB; X takes at most 512.0 MB.");
        let large = said(Platform::Twitter, PostFormat::Feed, &[VIDEO]);
        assert!(matches!(&large[..], [(Severity::Hint, words)] if words.contains("makes it smaller")), "{large:?}");
        let flat = Medium { width: 1_920, height: 1_080, ..VIDEO };
        assert!(only(Platform::Facebook, PostFormat::Reel, &[flat]).contains("too wide for Facebook"));
        assert_eq!(said(Platform::Facebook, PostFormat::Feed, &[flat]), []);
        assert_eq!(said(Platform::Instagram, PostFormat::Feed, &[with(|video| video.frame_rate = Some(23.976))]), []);
        assert_eq!(said(Platform::Instagram, PostFormat::Feed, &[with(|video| video.frame_rate = None)]), []);
    }

    #[test]
    fn what_goes_with_what() {
        let feed = PostFormat::Feed;
        assert_eq!(said(Platform::Instagram, feed, &[PICTURE, VIDEO]), []);
        assert_eq!(only(Platform::Facebook, feed, &[PICTURE, VIDEO]), "Facebook takes a video only on its own.");
        assert_eq!(only(Platform::Facebook, feed, &[VIDEO, VIDEO]), "Facebook takes a video only on its own.");
        assert_eq!(only(Platform::Linkedin, feed, &[DOCUMENT, PICTURE]), "LinkedIn takes a document only on its own.");
        assert_eq!(only(Platform::Facebook, feed, &[DOCUMENT]), "Facebook takes no documents.");
        assert_eq!(only(Platform::Instagram, feed, &[PICTURE; 11]), "Instagram takes at most 10 pictures and videos.");
        assert!(only(Platform::Instagram, PostFormat::Reel, &[PICTURE]).contains("is a single video"));
        assert_eq!(
            only(Platform::Facebook, PostFormat::Story, &[PICTURE, PICTURE]),
            "A story on Facebook is a single picture or video."
        );
        assert_eq!(only(Platform::Facebook, PostFormat::Reel, &[]), "A reel on Facebook needs a video.");
        assert_eq!(only(Platform::Twitter, PostFormat::Story, &[VIDEO]), "X takes no videos in stories.");
    }

    #[test]
    fn pages_are_counted_or_spoken_of() {
        let feed = PostFormat::Feed;
        let many = Medium { pages: Some(301), ..DOCUMENT };
        assert_eq!(only(Platform::Linkedin, feed, &[many]), "Document 1 has 301 pages; LinkedIn takes at most 300.");
        let unknown = said(Platform::Linkedin, feed, &[Medium { pages: None, ..DOCUMENT }]);
        assert!(matches!(&unknown[..], [(Severity::Hint, _)]), "{unknown:?}");
    }

    #[test]
    fn lengths_in_words() {
        let all: Vec<_> = [500, 3_000, 12_900, 140_000, 3_723_000].into_iter().map(length).collect();
        assert_eq!(all, ["0.5 s", "3 s", "12 s", "2:20", "1:02:03"]);
    }

    fn any_medium() -> impl Strategy<Value = Medium> {
        let kinds: Vec<_> = MediaType::all().collect();
        (
            0..kinds.len(),
            any::<u64>(),
            any::<u32>(),
            any::<u32>(),
            any::<bool>(),
            any::<u32>(),
            proptest::option::of(any::<f64>()),
        )
            .prop_map(move |(index, bytes, width, height, flag, number, frame_rate)| Medium {
                content_type: kinds[index],
                bytes,
                width,
                height,
                see_through: flag,
                video: flag.then_some(VideoFacts {
                    duration_ms: number,
                    codec: VideoCodec::Other,
                    audio: None,
                    frame_rate,
                }),
                pages: flag.then_some(number),
                alt_chars: 0,
            })
    }

    proptest! {
        #[test]
        fn never_panics(media in proptest::collection::vec(any_medium(), 0..25)) {
            for platform in Platform::ALL {
                let Some(rules) = platform.rules() else { continue };
                for format in PostFormat::ALL {
                    check(platform, format, rules, &media, &mut Vec::new());
                }
            }
            let target = |platform| Target {
                account_id: AccountId(uuid::Uuid::nil()),
                platform,
                name: "x".into(),
                text_max: None,
                creator: None,
            };
            let targets: Vec<_> = Platform::ALL.into_iter().map(target).collect();
            let _ = super::super::check(&Content::default(), &media, &targets);
        }
    }
}
