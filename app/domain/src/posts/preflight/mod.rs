//! The checks before saving: the same code in the browser, where it guides, and in the server, where it refuses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Content;
use crate::{
    accounts::Account,
    error::FieldErrors,
    ids::AccountId,
    media::MediaKind,
    platform::{Platform, PostFormat, PostRules},
    text,
};

mod media;
pub use media::{Medium, length};

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

/// Everything there is to say about `content` with `media` for `targets`, errors first.
pub fn check(content: &Content, media: &[Medium], targets: &[Target]) -> Vec<Finding> {
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
                check_text(content, *platform, rules, media.is_empty(), &mut findings);
                media::check(*platform, PostFormat::Feed, rules, media, &mut findings);
                check_link(content, *platform, rules, media.is_empty(), &mut findings);
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
    check_alt_text(media, &mut findings);
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

fn check_text(content: &Content, platform: Platform, rules: &PostRules, no_media: bool, findings: &mut Vec<Finding>) {
    let text = final_text(content, platform, !no_media);
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
    if text.is_empty() && no_media && !rules.media_required && content.link_for(platform).is_none() {
        findings.push(error(&field, platform, format!("{} needs a text or a picture.", platform.label())));
    }
}

fn check_link(content: &Content, platform: Platform, rules: &PostRules, no_media: bool, findings: &mut Vec<Finding>) {
    let beside = |link: &str| !content.text_for(platform).contains(link);
    if !no_media && !rules.link_with_images && content.link_for(platform).is_some_and(beside) {
        let label = platform.label();
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

fn check_alt_text(media: &[Medium], findings: &mut Vec<Finding>) {
    let bare = |medium: &Medium| medium.content_type.kind() == MediaKind::Image && medium.alt_chars == 0;
    for (index, _) in media.iter().enumerate().filter(|(_, medium)| bare(medium)) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{media::MediaType, platform::ImageType, posts::Override};
    use proptest::prelude::*;

    fn picture(kind: ImageType) -> Medium {
        Medium {
            content_type: MediaType::Image(kind),
            bytes: 10,
            width: 1_080,
            height: 1_080,
            see_through: false,
            video: None,
            pages: None,
            alt_chars: 3,
        }
    }

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
        let five = [picture(ImageType::Png); 5];
        assert!(check(&text("x"), &five, &[target(Platform::Twitter)])[0].message.contains("at most 4 pictures"));
        assert!(check(&text("x"), &five, &[target(Platform::Facebook)]).is_empty());
    }

    #[test]
    fn instagram_wants_a_picture_of_a_shape_and_few_hashtags() {
        let findings = check(&text("x"), &[], &[target(Platform::Instagram)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "Instagram needs a picture or a video.");
        let square = picture(ImageType::Jpeg);
        assert!(check(&text(&"#tag ".repeat(30)), &[square], &[target(Platform::Instagram)]).is_empty());
        let findings = check(&text(&"#tag ".repeat(31)), &[square], &[target(Platform::Instagram)]);
        assert_eq!(findings[0].message, "Instagram takes at most 30 hashtags; this has 31.");
        let findings = check(&text("x"), &[Medium { height: 2_000, ..square }], &[target(Platform::Instagram)]);
        assert!(findings[0].message.starts_with("Picture 1 is too tall for Instagram"), "{findings:?}");
        let small = Medium { width: 200, height: 200, ..square };
        let findings = check(&text("x"), &[small], &[target(Platform::Instagram)]);
        assert_eq!(findings[0].message, "Picture 1 is 200 pixels wide; Instagram takes 320 or more.");
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
        let bare = Medium { alt_chars: 0, ..picture(ImageType::Png) };
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
            let content = Content { body, link, ..Content::default() };
            let targets: Vec<_> = Platform::ALL.into_iter().map(target).collect();
            let _ = check(&content, &vec![picture(ImageType::Gif); n], &targets);
        }
    }
}
