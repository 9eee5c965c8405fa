//! What was chosen beyond words and media, held against what each platform knows.

use super::{Finding, Medium, Severity, Target, error, final_text, grouped, length, many_cashtags, marked_words};
use crate::{
    platform::{Platform, PostFormat, PostOptions, PostRules, TiktokPrivacy},
    posts::Content,
    text,
};

/// The longest title of a TikTok photo post, UTF-16 units.
const TIKTOK_TITLE: usize = 90;

pub(super) fn check(
    content: &Content,
    platform: Platform,
    rules: &PostRules,
    media: &[Medium],
    accounts: &[&Target],
    findings: &mut Vec<Finding>,
) {
    let options = content.options_for(platform);
    check_format(content, platform, rules, media, options.format, findings);
    check_comment(platform, rules, &options, accounts, findings);
    check_cover(platform, &options, media, findings);
    if platform == Platform::Tiktok {
        check_tiktok(&options, media, accounts, findings);
    }
}

fn check_format(
    content: &Content,
    platform: Platform,
    rules: &PostRules,
    media: &[Medium],
    format: PostFormat,
    findings: &mut Vec<Finding>,
) {
    let (label, field) = (platform.label(), format!("options.{platform}.format"));
    if !rules.formats.contains(&format) {
        let forms = match format {
            PostFormat::Story => "stories",
            PostFormat::Reel => "reels",
            PostFormat::Feed => "posts",
        };
        findings.push(error(&field, platform, format!("{label} has no {forms}.")));
        return;
    }
    let has_words = !final_text(content, platform, !media.is_empty()).is_empty() || content.link.is_some();
    if format == PostFormat::Story && has_words {
        findings.push(Finding {
            severity: Severity::Hint,
            field,
            platform: Some(platform),
            message: format!("A story on {label} shows no text and no link: only the picture or video goes out."),
        });
    }
}

fn check_comment(
    platform: Platform,
    post: &PostRules,
    options: &PostOptions,
    accounts: &[&Target],
    findings: &mut Vec<Finding>,
) {
    let Some(comment) = options.first_comment.as_deref() else { return };
    let (label, field) = (platform.label(), format!("options.{platform}.first_comment"));
    let mut refuse = |message: String| findings.push(error(&field, platform, message));
    let Some(rules) = platform.comment_rules() else {
        return refuse(format!("{label} takes no comments from other programs. Take the first comment out."));
    };
    if options.format == PostFormat::Story {
        return refuse(format!("A story on {label} takes no comments. Take the first comment out."));
    }
    // LinkedIn escapes a post's text and not a comment's.
    let length = if platform == Platform::Linkedin { comment.chars().count() } else { platform.count(comment) };
    let longest = rules.text_max_of(accounts.iter().map(|target| target.text_max));
    if length > longest {
        let over = length - longest;
        refuse(format!("A comment on {label} takes {} characters; this is {over} too long.", grouped(longest)));
    }
    let hashtags = marked_words(comment, '#');
    if let Some(most) = rules.hashtags_max.filter(|most| hashtags > *most) {
        refuse(format!("A comment on {label} takes at most {most} hashtags; this has {hashtags}."));
    }
    // Where a comment is a post, it is read like one.
    if let Some(why) = many_cashtags(platform, post, comment) {
        refuse(why);
    }
    let links = text::find_urls(comment).len();
    if let Some(most) = rules.links_max.filter(|most| links > *most) {
        refuse(format!("A comment on {label} takes at most {most} link; this has {links}."));
    }
    let letters = || comment.chars().filter(|letter| letter.is_alphabetic());
    if !rules.shouting && letters().count() > 1 && letters().all(char::is_uppercase) {
        refuse(format!("{label} refuses a comment that is in capitals alone."));
    }
}

/// The moment of the cover lies in the video, where the platform takes one.
fn check_cover(platform: Platform, options: &PostOptions, media: &[Medium], findings: &mut Vec<Finding>) {
    let (Some(moment), [only]) = (options.cover_ms, media) else { return };
    let Some(video) = only.video.filter(|_| matches!(platform, Platform::Instagram | Platform::Tiktok)) else { return };
    if moment > video.duration_ms {
        let message = format!(
            "The cover of the video on {} lies at {}, and the video lasts {}.",
            platform.label(),
            length(moment),
            length(video.duration_ms)
        );
        findings.push(error(&format!("options.{platform}.cover_ms"), platform, message));
    }
}

fn check_tiktok(options: &PostOptions, media: &[Medium], accounts: &[&Target], findings: &mut Vec<Finding>) {
    let platform = Platform::Tiktok;
    if let Some(title) = &options.title {
        let length = title.encode_utf16().count();
        if length > TIKTOK_TITLE {
            let over = length - TIKTOK_TITLE;
            let message = format!("A title on TikTok takes {TIKTOK_TITLE} characters; this is {over} too long.");
            findings.push(error("options.tiktok.title", platform, message));
        }
    }
    let Some(chosen) = options.tiktok else { return };
    if chosen.paid_partnership && chosen.privacy == TiktokPrivacy::SelfOnly {
        findings.push(error(
            "options.tiktok.tiktok.privacy",
            platform,
            "TikTok shows branded content to more than you alone. Choose another audience, or take the mark of a paid \
             partnership off."
                .to_owned(),
        ));
    }
    for target in accounts {
        let Some(creator) = &target.creator else { continue };
        if !creator.privacy.contains(&chosen.privacy) {
            let allowed = creator.privacy.iter().map(|privacy| privacy.label()).collect::<Vec<_>>().join(", ");
            findings.push(error(
                "options.tiktok.tiktok.privacy",
                platform,
                format!(
                    "{} cannot post for this audience (“{}”) on TikTok. It may choose: {allowed}.",
                    target.name,
                    chosen.privacy.label()
                ),
            ));
        }
        if let Some(longest) = creator.longest_video_seconds {
            let most = longest.saturating_mul(1_000);
            let videos = media.iter().enumerate().filter_map(|(at, medium)| Some((at + 1, medium.video?.duration_ms)));
            for (number, lasts) in videos.filter(|(_, lasts)| *lasts > most) {
                let message = format!(
                    "Video {number} lasts {}; {} may post {} at most on TikTok.",
                    length(lasts),
                    target.name,
                    length(most)
                );
                findings.push(error("media_assets", platform, message));
            }
        }
        let switched_off = [
            ("comments", chosen.allow_comments && !creator.comments, "allow_comments"),
            ("duets", chosen.allow_duet && !creator.duets, "allow_duet"),
            ("stitches", chosen.allow_stitch && !creator.stitches, "allow_stitch"),
        ];
        for (what, _, field) in switched_off.into_iter().filter(|(_, off, _)| *off) {
            findings.push(Finding {
                severity: Severity::Hint,
                field: format!("options.tiktok.tiktok.{field}"),
                platform: Some(platform),
                message: format!("{} has {what} switched off at TikTok, so the post goes out without.", target.name),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{check, refusals};
    use super::*;
    use crate::{
        AccountId,
        media::{MediaType, VideoCodec, VideoFacts},
        platform::{CreatorChoices, ImageType, TiktokOptions, VideoType},
        posts::Override,
    };

    fn target(platform: Platform) -> Target {
        Target {
            account_id: AccountId(uuid::Uuid::nil()),
            platform,
            name: "@northwind".into(),
            text_max: None,
            creator: None,
        }
    }

    fn with(platform: Platform, options: PostOptions) -> Content {
        Content { body: "Hello".into(), options: [(platform, options)].into(), ..Content::default() }
    }

    fn upright() -> Medium {
        Medium {
            content_type: MediaType::Image(ImageType::Jpeg),
            bytes: 10,
            width: 1_080,
            height: 1_920,
            see_through: false,
            video: None,
            pages: None,
            alt_chars: 3,
        }
    }

    fn messages(content: &Content, media: &[Medium], target: Target) -> Vec<String> {
        check(content, media, &[target]).into_iter().map(|finding| finding.message).collect()
    }

    fn comment(platform: Platform, comment: &str) -> Vec<String> {
        let options = PostOptions { first_comment: Some(comment.into()), ..PostOptions::default() };
        let square = Medium { height: 1_080, ..upright() };
        messages(&with(platform, options), &[square], target(platform))
    }

    #[test]
    fn a_story_is_one_picture_of_any_shape_without_words() {
        let story = PostOptions { format: PostFormat::Story, ..PostOptions::default() };
        let mut content = with(Platform::Instagram, story.clone());
        let said = messages(&content, &[upright()], target(Platform::Instagram));
        assert_eq!(said.len(), 1, "9:16 is no fault of a story: {said:?}");
        assert!(said[0].contains("shows no text"), "{said:?}");
        content.body = String::new();
        assert!(messages(&content, &[upright()], target(Platform::Instagram)).is_empty());
        let said = messages(&content, &[upright(); 2], target(Platform::Instagram));
        assert!(said[0].contains("a single picture or video"), "{said:?}");
        let said = messages(&with(Platform::Twitter, story), &[], target(Platform::Twitter));
        assert_eq!(said, ["X has no stories."]);
    }

    #[test]
    fn words_of_a_story_cannot_be_too_long() {
        let story = PostOptions { format: PostFormat::Story, ..PostOptions::default() };
        let content = Content { body: "a".repeat(3_000), ..with(Platform::Instagram, story) };
        assert!(refusals(&check(&content, &[upright()], &[target(Platform::Instagram)])).is_empty());
    }

    #[test]
    fn a_reel_is_a_video() {
        let reel = PostOptions { format: PostFormat::Reel, ..PostOptions::default() };
        let said = messages(&with(Platform::Facebook, reel), &[upright()], target(Platform::Facebook));
        assert!(said[0].contains("A reel on Facebook is a single video."), "{said:?}");
    }

    fn film(duration_ms: u32) -> Medium {
        let video = VideoFacts { duration_ms, codec: VideoCodec::H264, audio: None, frame_rate: Some(30.0) };
        Medium { content_type: MediaType::Video(VideoType::Mp4), video: Some(video), ..upright() }
    }

    #[test]
    fn a_cover_lies_in_its_video() {
        let cover = |cover_ms| PostOptions { cover_ms: Some(cover_ms), ..PostOptions::default() };
        let said = |ms, media: &[Medium]| {
            refusals(&check(&with(Platform::Instagram, cover(ms)), media, &[target(Platform::Instagram)]))
        };
        assert!(said(12_000, &[film(12_000)]).is_empty());
        assert_eq!(
            said(20_000, &[film(12_000)]).get("options.instagram.cover_ms"),
            Some("The cover of the video on Instagram lies at 20 s, and the video lasts 12 s.")
        );
        assert!(said(20_000, &[Medium { height: 1_080, ..upright() }]).is_empty(), "a picture has no moments");
        let elsewhere = with(Platform::Facebook, cover(20_000));
        assert!(refusals(&check(&elsewhere, &[film(12_000)], &[target(Platform::Facebook)])).is_empty());
    }

    #[test]
    fn comments_keep_to_each_platforms_rules() {
        for (platform, words, refused) in [
            (Platform::Instagram, "#a #b #c #d", None),
            (Platform::Instagram, "#a #b #c #d #e", Some("at most 4 hashtags; this has 5")),
            (Platform::Instagram, "https://a.example https://b.example", Some("at most 1 link; this has 2")),
            (Platform::Instagram, "BUY NOW", Some("capitals alone")),
            (Platform::Facebook, "BUY NOW", None),
            (Platform::Tiktok, "Hi", Some("takes no comments")),
        ] {
            let said = comment(platform, words);
            assert_eq!(
                said.first().map(String::as_str).unwrap_or_default().contains(refused.unwrap_or("\u{0}")),
                refused.is_some(),
                "{platform} {words}: {said:?}"
            );
            assert_eq!(said.is_empty(), refused.is_none(), "{platform} {words}: {said:?}");
        }
        assert!(comment(Platform::Twitter, &"a".repeat(281))[0].contains("1 too long"));
        assert!(comment(Platform::Linkedin, &"#".repeat(1_250)).is_empty(), "LinkedIn escapes no comments");
        let story =
            PostOptions { format: PostFormat::Story, first_comment: Some("Hi".into()), ..PostOptions::default() };
        let content = with(Platform::Facebook, story);
        assert!(
            refusals(&check(&content, &[upright()], &[target(Platform::Facebook)]))
                .get("options.facebook.first_comment")
                .is_some()
        );
    }

    #[test]
    fn a_reply_on_x_is_as_long_as_each_of_its_accounts_may_write() {
        let options = PostOptions { first_comment: Some("a".repeat(281)), ..PostOptions::default() };
        let mut content = with(Platform::Twitter, options);
        let account = |n: u128, text_max| Target {
            account_id: AccountId(uuid::Uuid::from_u128(n)),
            text_max,
            ..target(Platform::Twitter)
        };
        let pays = account(1, Some(25_000));
        let said = |content: &Content, targets: &[Target]| {
            refusals(&check(content, &[], targets)).get("options.twitter.first_comment").map(str::to_owned)
        };
        assert_eq!(said(&content, std::slice::from_ref(&pays)), None);
        // A variation has its own words, and the same comment below them.
        let other = account(2, None);
        content.variations.insert(other.account_id, Override { body: "Hello, too".into() });
        assert_eq!(
            said(&content, &[pays.clone(), other]).as_deref(),
            Some("A comment on X takes 280 characters; this is 1 too long.")
        );
        let options = PostOptions { first_comment: Some("a".repeat(25_002)), ..PostOptions::default() };
        content.options.insert(Platform::Twitter, options);
        assert_eq!(
            said(&content, &[pays]).as_deref(),
            Some("A comment on X takes 25,000 characters; this is 2 too long.")
        );
    }

    fn tiktok(privacy: TiktokPrivacy) -> TiktokOptions {
        TiktokOptions {
            privacy,
            allow_comments: false,
            allow_duet: false,
            allow_stitch: false,
            own_brand: false,
            paid_partnership: false,
            made_with_ai: false,
            auto_add_music: false,
        }
    }

    #[test]
    fn tiktok_takes_what_the_creator_may_choose() {
        let creator = CreatorChoices {
            nickname: "Northwind".into(),
            handle: None,
            avatar_url: None,
            privacy: vec![TiktokPrivacy::SelfOnly, TiktokPrivacy::FollowerOfCreator],
            comments: false,
            duets: true,
            stitches: true,
            longest_video_seconds: None,
        };
        let known = Target { creator: Some(creator), ..target(Platform::Tiktok) };
        let said = |chosen: TiktokOptions, target: Target| {
            let options = PostOptions { tiktok: Some(chosen), ..PostOptions::default() };
            check(&with(Platform::Tiktok, options), &[upright()], &[target])
        };
        let everyone = said(tiktok(TiktokPrivacy::PublicToEveryone), known.clone());
        assert!(everyone[0].message.contains("It may choose: Only you, Followers."), "{everyone:?}");
        assert!(said(tiktok(TiktokPrivacy::PublicToEveryone), target(Platform::Tiktok)).is_empty(), "nobody knows yet");
        let talk = TiktokOptions { allow_comments: true, ..tiktok(TiktokPrivacy::SelfOnly) };
        let talk = said(talk, known.clone());
        assert_eq!((talk.len(), talk[0].severity), (1, Severity::Hint));
        let paid = TiktokOptions { paid_partnership: true, ..tiktok(TiktokPrivacy::SelfOnly) };
        assert!(refusals(&said(paid, known.clone())).get("options.tiktok.tiktok.privacy").is_some());

        let film = film(90_000);
        let options = PostOptions { tiktok: Some(tiktok(TiktokPrivacy::SelfOnly)), ..PostOptions::default() };
        let minute = |seconds| {
            let creator =
                known.creator.clone().map(|creator| CreatorChoices { longest_video_seconds: seconds, ..creator });
            let target = Target { creator, ..known.clone() };
            refusals(&check(&with(Platform::Tiktok, options.clone()), &[film], &[target]))
        };
        let refused = minute(Some(60));
        assert_eq!(
            refused.get("media_assets"),
            Some("Video 1 lasts 1:30; @northwind may post 1:00 at most on TikTok.")
        );
        assert!(minute(Some(90)).is_empty() && minute(None).is_empty());
    }

    proptest! {
        #[test]
        fn never_panics(words in "\\PC{0,400}", title in "\\PC{0,120}", n in 0usize..3) {
            let options = PostOptions { first_comment: Some(words), title: Some(title), ..PostOptions::default() };
            for platform in Platform::ALL {
                let _ = check(&with(platform, options.clone()), &vec![upright(); n], &[target(platform)]);
            }
        }
    }
}
