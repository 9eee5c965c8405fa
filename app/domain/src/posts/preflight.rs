//! The checks before saving: the same code in the browser, where it guides, and in the server, where it refuses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Content;
use crate::{
    accounts::Account,
    error::FieldErrors,
    ids::AccountId,
    platform::{ImageType, Platform, PostRules},
    text,
};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a look; does not stop anything.
    Hint,
    /// The platform would refuse it; saving does too.
    Error,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    /// The form field it belongs to.
    pub field: String,
    pub platform: Option<Platform>,
    pub message: String,
}

/// What the checks need to know of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    pub kind: ImageType,
    pub bytes: u64,
    pub width: u32,
    pub height: u32,
    /// Characters of alt text; 0 when there is none.
    pub alt_chars: usize,
}

impl From<&crate::media::MediaAsset> for Picture {
    fn from(asset: &crate::media::MediaAsset) -> Self {
        Self {
            kind: asset.content_type,
            bytes: asset.bytes,
            width: asset.width,
            height: asset.height,
            alt_chars: asset.alt_text.as_deref().map_or(0, |alt| alt.trim().chars().count()),
        }
    }
}

/// An account that would get the post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub account_id: AccountId,
    pub platform: Platform,
    pub name: String,
}

impl From<&Account> for Target {
    fn from(account: &Account) -> Self {
        Self { account_id: account.id, platform: account.platform, name: account.display_name.clone() }
    }
}

/// Everything there is to say about `content` with `pictures` for `targets`, errors first.
pub fn check(content: &Content, pictures: &[Picture], targets: &[Target]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_platform: BTreeMap<Platform, Vec<&Target>> = BTreeMap::new();
    for target in targets {
        by_platform.entry(target.platform).or_default().push(target);
    }
    for (platform, accounts) in &by_platform {
        match platform.rules() {
            None => findings.push(error(
                "account_ids",
                *platform,
                format!("Arctiv does not publish to {} yet.", platform.label()),
            )),
            Some(rules) => {
                check_text(content, *platform, rules, pictures.is_empty(), &mut findings);
                check_pictures(content, *platform, rules, pictures, &mut findings);
                if accounts.len() > 1 && !rules.same_text_on_several_accounts {
                    let names = accounts.iter().map(|target| target.name.as_str()).collect::<Vec<_>>().join(", ");
                    findings.push(error(
                        "account_ids",
                        *platform,
                        format!("{} does not allow the same text on several accounts ({names}). Choose one, or write a variation as a post of its own.", platform.label()),
                    ));
                }
            }
        }
    }
    check_alt_text(pictures, &mut findings);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// The findings that stop saving, as field errors.
pub fn refusals(findings: &[Finding]) -> FieldErrors {
    let mut errors = FieldErrors::default();
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        errors.add(&finding.field, finding.message.clone());
    }
    errors
}

fn check_text(
    content: &Content,
    platform: Platform,
    rules: &PostRules,
    no_pictures: bool,
    findings: &mut Vec<Finding>,
) {
    let text = final_text(content, platform, !no_pictures);
    let field =
        if content.overrides.contains_key(&platform) { format!("overrides.{platform}") } else { "body".to_owned() };
    let length = platform.count(&text);
    if length > rules.text_max {
        let over = length - rules.text_max;
        findings.push(error(
            &field,
            platform,
            format!(
                "{} takes {} characters; this is {over} too long. Shorten it, or give {} its own text.",
                platform.label(),
                grouped(rules.text_max),
                platform.label()
            ),
        ));
    }
    let limits = [(rules.hashtags_max, '#', "hashtags"), (rules.mentions_max, '@', "mentions")];
    for (most, mark, what) in limits {
        let found = marked_words(&text, mark);
        if let Some(most) = most.filter(|most| found > *most) {
            let label = platform.label();
            findings.push(error(&field, platform, format!("{label} takes at most {most} {what}; this has {found}.")));
        }
    }
    if text.is_empty() && no_pictures && !rules.media_required && content.link_for(platform).is_none() {
        findings.push(error(&field, platform, format!("{} needs a text or a picture.", platform.label())));
    }
}

fn check_pictures(
    content: &Content,
    platform: Platform,
    rules: &PostRules,
    pictures: &[Picture],
    findings: &mut Vec<Finding>,
) {
    let label = platform.label();
    if rules.media_required && pictures.is_empty() {
        findings.push(error("media_assets", platform, format!("{label} needs at least one picture.")));
    }
    if pictures.len() > rules.images_max {
        findings.push(error("media_assets", platform, format!("{label} takes at most {} pictures.", rules.images_max)));
    }
    if rules.gif_alone && pictures.len() > 1 && pictures.iter().any(|picture| picture.kind == ImageType::Gif) {
        findings.push(error("media_assets", platform, format!("{label} takes a GIF only on its own.")));
    }
    for (index, picture) in pictures.iter().enumerate() {
        let number = index + 1;
        if !rules.image_types.contains(&picture.kind) {
            let takes = rules.image_types.iter().map(|kind| kind.label()).collect::<Vec<_>>().join(", ");
            findings.push(error(
                "media_assets",
                platform,
                format!("Picture {number} is a {}; {label} takes {takes}.", picture.kind.label()),
            ));
        } else if picture.bytes > rules.image_bytes(picture.kind) {
            findings.push(error(
                "media_assets",
                platform,
                format!(
                    "Picture {number} is {}; {label} takes at most {}.",
                    size(picture.bytes),
                    size(rules.image_bytes(picture.kind))
                ),
            ));
        }
        if rules.image_ratio.is_some_and(|ratio| !ratio.fits(picture.width, picture.height)) {
            let shape = if picture.width < picture.height { "tall" } else { "wide" };
            findings.push(error("media_assets", platform, format!("Picture {number} is too {shape} for {label}.")));
        }
        if let Some(least) = rules.image_width_min.filter(|least| picture.width < *least) {
            findings.push(error(
                "media_assets",
                platform,
                format!("Picture {number} is {} pixels wide; {label} takes {least} or more.", picture.width),
            ));
        }
        if rules.image_pixels_max.is_some_and(|max| u64::from(picture.width) * u64::from(picture.height) > max) {
            findings.push(error(
                "media_assets",
                platform,
                format!("Picture {number} has more pixels than {label} takes."),
            ));
        }
    }
    if !pictures.is_empty()
        && !rules.link_with_images
        && content.link_for(platform).is_some_and(|link| !content.text_for(platform).contains(link))
    {
        findings.push(Finding {
            severity: Severity::Hint,
            field: "link".to_owned(),
            platform: Some(platform),
            message: format!("{label} shows either pictures or a link card: the link is added to the text there."),
        });
    }
}

/// How many words begin with `mark`: `#coffee`, not `C#` and not a `#` alone.
fn marked_words(text: &str, mark: char) -> usize {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    let mut count = 0;
    while let Some(letter) = letters.next() {
        if letter == mark && !is_part(before) && letters.peek().copied().is_some_and(is_part) {
            count += 1;
        }
        before = letter;
    }
    count
}

fn check_alt_text(pictures: &[Picture], findings: &mut Vec<Finding>) {
    for (index, _) in pictures.iter().enumerate().filter(|(_, picture)| picture.alt_chars == 0) {
        findings.push(Finding {
            severity: Severity::Hint,
            field: format!("media_assets.{index}.alt_text"),
            platform: None,
            message: format!("Image {} has no alt text.", index + 1),
        });
    }
}

/// The words as `platform` gets them, pictures considered: where a link card and pictures exclude each other, the
/// link goes into the text.
pub fn final_text(content: &Content, platform: Platform, has_pictures: bool) -> String {
    let body = content.text_for(platform);
    match (content.link_for(platform), platform.rules()) {
        (Some(link), Some(rules)) if has_pictures && !rules.link_with_images && !body.contains(link) => {
            if body.is_empty() { link.to_owned() } else { format!("{body}\n\n{link}") }
        }
        _ => body,
    }
}

/// The link card, where the platform has one and no pictures take its place.
pub fn final_link(content: &Content, platform: Platform, has_pictures: bool) -> Option<&str> {
    content.link_for(platform).filter(|_| !has_pictures || platform.rules().is_some_and(|rules| rules.link_with_images))
}

/// The first words for lists.
pub fn excerpt(title: Option<&str>, body: &str) -> String {
    text::excerpt(title.filter(|title| !title.trim().is_empty()).unwrap_or(body), 140)
}

fn error(field: &str, platform: Platform, message: String) -> Finding {
    Finding { severity: Severity::Error, field: field.to_owned(), platform: Some(platform), message }
}

fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "a picture's size fits a float")]
fn size(bytes: u64) -> String {
    if bytes >= 1024 * 1024 {
        format!("{:.1} MB", bytes as f64 / 1_048_576.0)
    } else {
        format!("{} KB", bytes.div_ceil(1024))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posts::Override;
    use proptest::prelude::*;

    fn target(platform: Platform) -> Target {
        Target { account_id: AccountId(uuid::Uuid::nil()), platform, name: "@northwind".into() }
    }

    fn text(body: &str) -> Content {
        Content { body: body.into(), ..Content::default() }
    }

    #[test]
    fn too_long_for_x_but_not_for_linkedin() {
        let findings = check(&text(&"a".repeat(281)), &[], &[target(Platform::Twitter), target(Platform::Linkedin)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(
            findings[0].message,
            "X takes 280 characters; this is 1 too long. Shorten it, or give X its own text."
        );
    }

    #[test]
    fn an_own_text_mends_it_and_owns_its_errors() {
        let mut content = text(&"a".repeat(400));
        content.overrides.insert(Platform::Twitter, Override { body: "short".into() });
        assert!(check(&content, &[], &[target(Platform::Twitter)]).is_empty());
        content.overrides.insert(Platform::Twitter, Override { body: "b".repeat(300) });
        assert!(refusals(&check(&content, &[], &[target(Platform::Twitter)])).get("overrides.twitter").is_some());
    }

    #[test]
    fn linkedin_counts_after_escaping() {
        let findings = check(&text(&"#".repeat(1_501)), &[], &[target(Platform::Linkedin)]);
        assert!(findings[0].message.contains("2 too long"), "{findings:?}");
    }

    #[test]
    fn pictures_per_platform() {
        let webp = Picture { kind: ImageType::Webp, bytes: 10, width: 1, height: 1, alt_chars: 3 };
        let findings = check(&text("x"), &[webp], &[target(Platform::Facebook), target(Platform::Twitter)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "Picture 1 is a WebP; Facebook takes JPG, PNG.");
        let five = [Picture { kind: ImageType::Png, ..webp }; 5];
        assert!(check(&text("x"), &five, &[target(Platform::Twitter)])[0].message.contains("at most 4 pictures"));
    }

    #[test]
    fn instagram_wants_a_picture_of_a_shape_and_few_hashtags() {
        let findings = check(&text("x"), &[], &[target(Platform::Instagram)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "Instagram needs at least one picture.");
        let square = Picture { kind: ImageType::Jpeg, bytes: 10, width: 1_080, height: 1_080, alt_chars: 3 };
        assert!(check(&text(&"#tag ".repeat(30)), &[square], &[target(Platform::Instagram)]).is_empty());
        let findings = check(&text(&"#tag ".repeat(31)), &[square], &[target(Platform::Instagram)]);
        assert_eq!(findings[0].message, "Instagram takes at most 30 hashtags; this has 31.");
        let findings = check(&text("x"), &[Picture { height: 2_000, ..square }], &[target(Platform::Instagram)]);
        assert_eq!(findings[0].message, "Picture 1 is too tall for Instagram.");
        let small = Picture { width: 200, height: 200, ..square };
        let findings = check(&text("x"), &[small], &[target(Platform::Instagram)]);
        assert_eq!(findings[0].message, "Picture 1 is 200 pixels wide; Instagram takes 320 or more.");
        let png = Picture { kind: ImageType::Png, ..square };
        assert_eq!(check(&text("x"), &[png], &[target(Platform::Tiktok)]).len(), 1);
    }

    #[test]
    fn words_with_a_mark() {
        for (words, count) in [("#a b#c #", 1), ("C# #1 (#b)", 2), ("##a", 1), ("a@b.example @c", 1), ("#é,#ü", 2)] {
            let mark = if words.contains('@') { '@' } else { '#' };
            assert_eq!(marked_words(words, mark), count, "{words}");
        }
    }

    #[test]
    fn one_text_on_two_x_accounts_is_refused() {
        let findings = check(&text("x"), &[], &[target(Platform::Twitter), target(Platform::Twitter)]);
        assert!(refusals(&findings).get("account_ids").is_some());
    }

    #[test]
    fn missing_alt_text_is_a_hint() {
        let bare = Picture { kind: ImageType::Png, bytes: 10, width: 1, height: 1, alt_chars: 0 };
        let findings = check(&text("x"), &[bare], &[target(Platform::Facebook)]);
        assert_eq!(findings[0].severity, Severity::Hint);
        assert!(refusals(&findings).is_empty());
    }

    #[test]
    fn a_link_beside_pictures_goes_into_the_text() {
        let content = Content { body: "Hi".into(), link: Some("https://a.example".into()), ..Content::default() };
        assert_eq!(final_text(&content, Platform::Linkedin, true), "Hi\n\nhttps://a.example");
        assert_eq!(final_link(&content, Platform::Linkedin, true), None);
        assert_eq!(final_link(&content, Platform::Linkedin, false), Some("https://a.example"));
    }

    proptest! {
        #[test]
        fn never_panics(body in "\\PC{0,300}", link in proptest::option::of("\\PC{0,60}"), n in 0usize..25) {
            let picture = Picture { kind: ImageType::Gif, bytes: 9_999_999, width: 20_000, height: 20_000, alt_chars: 0 };
            let content = Content { body, link, ..Content::default() };
            let targets: Vec<_> = Platform::ALL.into_iter().map(target).collect();
            let _ = check(&content, &vec![picture; n], &targets);
        }
    }
}
