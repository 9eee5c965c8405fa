//! The checks before saving: the same code in the browser, where it guides, and in the server, where it refuses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Content;
use crate::{
    accounts::Account,
    error::FieldErrors,
    ids::AccountId,
    media::MediaKind,
    platform::{CreatorChoices, Platform, PostFormat, PostRules, x},
    text,
};

mod advice;
mod media;
mod options;

pub use advice::{Advice, Neighbour, REMEMBERED_DAYS, advise};
pub use media::{Medium, length};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a look; does not stop anything.
    Hint,
    /// The platform would refuse it; saving does too.
    Error,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    /// Longest text it takes, where that is not the platform's own limit ([`Account::text_max`]).
    pub text_max: Option<u32>,
    /// What its creator may choose, where that is known.
    pub creator: Option<CreatorChoices>,
}

impl From<&Account> for Target {
    fn from(account: &Account) -> Self {
        Self {
            account_id: account.id,
            platform: account.platform,
            name: account.display_name.clone(),
            text_max: account.text_max,
            creator: None,
        }
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
                let format = content.options_for(*platform).format;
                check_texts(content, *platform, rules, media, accounts, &mut findings);
                if rules.formats.contains(&format) {
                    media::check(*platform, format, rules, media, &mut findings);
                }
                check_link(content, *platform, rules, media.is_empty(), &mut findings);
                options::check(content, *platform, rules, media, accounts, &mut findings);
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

/// The platform's text, where an account gets it, each account's variation, and that no two accounts get the same where
/// that is forbidden.
fn check_texts(
    content: &Content,
    platform: Platform,
    rules: &PostRules,
    media: &[Medium],
    accounts: &[&Target],
    findings: &mut Vec<Finding>,
) {
    let plain: Vec<&Target> =
        accounts.iter().copied().filter(|target| !content.variations.contains_key(&target.account_id)).collect();
    let longest = Longest { rules, media, accounts };
    if !plain.is_empty() {
        let field =
            if content.overrides.contains_key(&platform) { format!("overrides.{platform}") } else { "body".to_owned() };
        check_text(content, &field, platform, &longest, &plain, findings);
    }
    let mut same: BTreeMap<String, Vec<&Target>> = BTreeMap::new();
    for target in accounts {
        let own = content.for_account(platform, target.account_id);
        if content.variations.contains_key(&target.account_id) {
            let field = format!("variations.{}", target.account_id);
            check_text(&own, &field, platform, &longest, &[*target], findings);
        }
        same.entry(final_text(&own, platform, !media.is_empty())).or_default().push(target);
    }
    if rules.same_text_on_several_accounts {
        return;
    }
    for alike in same.values().filter(|alike| alike.len() > 1) {
        let names = alike.iter().map(|target| target.name.as_str()).collect::<Vec<_>>().join(", ");
        findings.push(error(
            "account_ids",
            platform,
            format!(
                "{} does not allow the same text on several accounts ({names}). Choose one, or write a variation for each \
                 of the others.",
                platform.label()
            ),
        ));
    }
}

/// How long a text may be on one platform, beside the post's media.
struct Longest<'a> {
    rules: &'a PostRules,
    media: &'a [Medium],
    /// All that get the post there, in whatever words.
    accounts: &'a [&'a Target],
}

impl Longest<'_> {
    /// The longest text that all of these take.
    fn of(&self, targets: &[&Target]) -> usize {
        let own = targets.iter().map(|target| target.text_max);
        self.rules.text_max_beside(own, self.media.iter().map(Medium::kind))
    }

    /// Why a text of this length is too long for those who get it, if it is. Only the platform is named, unless its
    /// accounts take texts of different lengths.
    fn refusal(&self, content: &Content, platform: Platform, readers: &[&Target], length: usize) -> Option<String> {
        let longest = self.of(readers);
        let over = length.checked_sub(longest).filter(|over| *over > 0)?;
        let label = platform.label();
        if self.accounts.iter().all(|target| self.of(&[*target]) == longest) {
            let most = grouped(longest);
            return Some(format!(
                "{label} takes {most} characters; this is {over} too long. Shorten it, or give {label} its own text."
            ));
        }
        let mut limits: Vec<_> = readers.iter().map(|target| (self.of(&[*target]), *target)).collect();
        limits.sort_by_key(|(most, _)| *most);
        let said = limits.iter().enumerate().map(|(at, (most, target))| {
            let unit = if at == 0 { format!(" characters on {label}") } else { String::new() };
            format!("{} takes {}{unit}", target.name, grouped(*most))
        });
        let said = said.collect::<Vec<_>>().join(", ");
        let has_own = |target: &Target| content.variations.contains_key(&target.account_id);
        let short = limits.iter().filter(|(most, target)| *most < length && !has_own(target));
        let short: Vec<_> = short.map(|(_, target)| target.name.as_str()).collect();
        let instead = match short.as_slice() {
            [] => String::new(),
            [name] => format!(", or give {name} its own text"),
            names => format!(", or give {} their own texts", names.join(", ")),
        };
        Some(format!("{said}; this is {over} too long. Shorten it{instead}."))
    }
}

/// `field` is where the text was written, `readers` are the accounts that get it.
fn check_text(
    content: &Content,
    field: &str,
    platform: Platform,
    longest: &Longest<'_>,
    readers: &[&Target],
    findings: &mut Vec<Finding>,
) {
    // A story shows no words, so none can be too long.
    if content.options_for(platform).format == PostFormat::Story {
        return;
    }
    let Longest { rules, media, .. } = *longest;
    let no_media = media.is_empty();
    let text = final_text(content, platform, !no_media);
    let too_long = longest.refusal(content, platform, readers, platform.count(&text));
    findings.extend(too_long.map(|message| error(field, platform, message)));
    let limits = [(rules.hashtags_max, '#', "hashtags"), (rules.mentions_max, '@', "mentions")];
    for (most, mark, what) in limits {
        let found = marked_words(&text, mark);
        if let Some(most) = most.filter(|most| found > *most) {
            let label = platform.label();
            findings.push(error(field, platform, format!("{label} takes at most {most} {what}; this has {found}.")));
        }
    }
    findings.extend(many_cashtags(platform, rules, &text).map(|message| error(field, platform, message)));
    if text.is_empty() && no_media && !rules.media_required && content.link_for(platform).is_none() {
        findings.push(error(field, platform, format!("{} needs a text or a picture.", platform.label())));
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

/// What X charges for a post, first comments included: they are posts too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct XPrice {
    /// Thousandths of a US dollar.
    pub total: u32,
    /// What of it is for links.
    pub for_links: u32,
    /// What of it is for alt texts.
    pub for_alt_texts: u32,
    /// How many posts X counts.
    pub posts: u32,
}

/// What X charges for `content` sent to `targets`; `None` where it does not go there.
pub fn x_price(content: &Content, media: &[Medium], targets: &[Target]) -> Option<XPrice> {
    let mut price = XPrice { total: 0, for_links: 0, for_alt_texts: 0, posts: 0 };
    let described = media.iter().filter(|medium| medium.alt_chars > 0);
    let for_alt_texts: u32 = described.map(|_| x::ALT_TEXT_PRICE).sum();
    let comment = content.options.get(&Platform::Twitter).and_then(|options| options.first_comment.as_deref());
    for target in targets.iter().filter(|target| target.platform == Platform::Twitter) {
        let own = content.for_account(Platform::Twitter, target.account_id);
        let text = final_text(&own, Platform::Twitter, !media.is_empty());
        for text in std::iter::once(text.as_str()).chain(comment) {
            let one = x::price(text);
            price.total += one;
            price.for_links += one - x::POST_PRICE;
            price.posts += 1;
        }
        // Each account uploads the media anew.
        price.total += for_alt_texts;
        price.for_alt_texts += for_alt_texts;
    }
    (price.posts > 0).then_some(price)
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

/// Why a text has more `$ABC` than the platform takes.
fn many_cashtags(platform: Platform, rules: &PostRules, text: &str) -> Option<String> {
    let found = text::cashtags(text);
    let most = rules.cashtags_max.filter(|most| found > *most)?;
    let label = platform.label();
    Some(format!(
        "{label} takes at most {most} cashtag, such as $ABC; this has {found}. Write the others without the $."
    ))
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
    use crate::{
        media::MediaType,
        platform::{ImageType, PostOptions, VideoType},
        posts::Override,
    };
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
        Target {
            account_id: AccountId(uuid::Uuid::nil()),
            platform,
            name: "@northwind".into(),
            text_max: None,
            creator: None,
        }
    }

    /// An account of X that pays for it.
    fn premium(n: u128, name: &str) -> Target {
        let account_id = AccountId(uuid::Uuid::from_u128(n));
        Target { account_id, name: name.into(), text_max: Some(x::PREMIUM_TEXT_MAX), ..target(Platform::Twitter) }
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
    fn an_account_that_pays_writes_more_on_x() {
        let said = |length: usize, targets: &[Target]| {
            refusals(&check(&text(&"a".repeat(length)), &[], targets)).get("body").map(str::to_owned)
        };
        let pays = [premium(1, "@kestrel")];
        assert_eq!(said(281, &pays), None);
        assert_eq!(said(25_000, &pays), None);
        assert_eq!(
            said(25_001, &pays).as_deref(),
            Some("X takes 25,000 characters; this is 1 too long. Shorten it, or give X its own text.")
        );
        let film = Medium { content_type: MediaType::Video(VideoType::Mp4), ..picture(ImageType::Png) };
        let beside = check(&text(&"a".repeat(25_001)), &[film], &pays);
        assert!(refusals(&beside).get("body").unwrap().starts_with("X takes 25,000 characters;"), "{beside:?}");
    }

    #[test]
    fn where_accounts_take_different_lengths_each_is_named() {
        let kestrel = premium(2, "@kestrel");
        let both = [target(Platform::Twitter), kestrel.clone()];
        let mut content = text(&"a".repeat(1_000));
        assert_eq!(
            refusals(&check(&content, &[], &both)).get("body"),
            Some(
                "@northwind takes 280 characters on X, @kestrel takes 25,000; this is 720 too long. Shorten it, or give \
                 @northwind its own text."
            )
        );
        let and_more = [&both[..], &[Target { name: "@harbour".into(), ..target(Platform::Twitter) }]].concat();
        let said = refusals(&check(&content, &[], &and_more));
        assert_eq!(
            said.get("body"),
            Some(
                "@northwind takes 280 characters on X, @harbour takes 280, @kestrel takes 25,000; this is 720 too long. \
                 Shorten it, or give @northwind, @harbour their own texts."
            )
        );

        // Whoever has words of its own does not hold the others to its limit.
        content.variations.insert(both[0].account_id, Override { body: "short".into() });
        assert!(check(&content, &[], &both).is_empty());
        content.variations.insert(both[0].account_id, Override { body: "b".repeat(281) });
        let field = format!("variations.{}", both[0].account_id);
        let said = refusals(&check(&content, &[], &both));
        assert_eq!(said.get("body"), None);
        assert_eq!(said.get(&field), Some("@northwind takes 280 characters on X; this is 1 too long. Shorten it."));
        // And the other way about.
        let content = Content {
            variations: [(kestrel.account_id, Override { body: "c".repeat(25_001) })].into(),
            ..text(&"a".repeat(281))
        };
        let said = refusals(&check(&content, &[], &both));
        assert_eq!(
            said.get("body"),
            Some(
                "@northwind takes 280 characters on X; this is 1 too long. Shorten it, or give @northwind its own text."
            )
        );
        assert_eq!(
            said.get(&format!("variations.{}", kestrel.account_id)),
            Some("@kestrel takes 25,000 characters on X; this is 1 too long. Shorten it.")
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
    fn variations_let_several_x_accounts_have_it() {
        let account = |n: u128| Target { account_id: AccountId(uuid::Uuid::from_u128(n)), ..target(Platform::Twitter) };
        let targets = [account(1), account(2)];
        let mut content = text("x");
        content.variations.insert(targets[1].account_id, Override { body: "y".into() });
        assert!(check(&content, &[], &targets).is_empty());
        content.variations.insert(targets[1].account_id, Override { body: "x".into() });
        assert!(refusals(&check(&content, &[], &targets)).get("account_ids").is_some(), "a variation varies");
        content.variations.insert(targets[1].account_id, Override { body: "y".repeat(281) });
        let field = format!("variations.{}", targets[1].account_id);
        assert!(refusals(&check(&content, &[], &targets)).get(&field).is_some());
        assert!(check(&content, &[], &targets[..1]).is_empty(), "one that does not get it says nothing");
    }

    #[test]
    fn x_charges_more_for_links_and_for_comments() {
        let price = |body: &str, comment: Option<&str>, targets: &[Target]| {
            let mut content = text(body);
            let options = PostOptions { first_comment: comment.map(str::to_owned), ..PostOptions::default() };
            content.options.insert(Platform::Twitter, options);
            x_price(&content, &[], targets)
        };
        let x = [target(Platform::Twitter), target(Platform::Facebook)];
        assert_eq!(price("Hi", None, &x), Some(XPrice { total: 15, for_links: 0, for_alt_texts: 0, posts: 1 }));
        let with_link = price("Hi https://a.example", None, &x);
        assert_eq!(with_link, Some(XPrice { total: 200, for_links: 185, for_alt_texts: 0, posts: 1 }));
        let below = price("Hi", Some("https://a.example"), &x);
        assert_eq!(below, Some(XPrice { total: 215, for_links: 185, for_alt_texts: 0, posts: 2 }));
        assert_eq!(price("Hi", None, &x[1..]), None);
        assert_eq!(price("Hi, see northwind.com/winter", None, &x), with_link, "a link needs no https://");
        assert_eq!(price("Write to hi@northwind.com", None, &x).map(|price| price.for_links), Some(0));
    }

    #[test]
    fn x_charges_for_each_alt_text_of_each_account() {
        let x = [target(Platform::Twitter), target(Platform::Twitter)];
        let bare = Medium { alt_chars: 0, ..picture(ImageType::Png) };
        let media = [picture(ImageType::Png), bare, picture(ImageType::Png)];
        let price = |targets| x_price(&text("Hi"), &media, targets);
        assert_eq!(price(&x[..1]), Some(XPrice { total: 25, for_links: 0, for_alt_texts: 10, posts: 1 }));
        assert_eq!(price(&x), Some(XPrice { total: 50, for_links: 0, for_alt_texts: 20, posts: 2 }));
    }

    #[test]
    fn x_takes_one_cashtag() {
        let said = |body: &str, platform| {
            check(&text(body), &[], &[target(platform)]).into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert!(said("$ABC is up, and costs $5", Platform::Twitter).is_empty());
        assert_eq!(
            said("$ABC and $DEF are up", Platform::Twitter),
            ["X takes at most 1 cashtag, such as $ABC; this has 2. Write the others without the $."]
        );
        assert!(said("$ABC and $DEF are up", Platform::Linkedin).is_empty());
        let options = PostOptions { first_comment: Some("$ABC $DEF".into()), ..PostOptions::default() };
        let content = Content { options: [(Platform::Twitter, options)].into(), ..text("Hi") };
        let refused = refusals(&check(&content, &[], &[target(Platform::Twitter)]));
        assert!(refused.get("options.twitter.first_comment").is_some(), "a reply is a post");
    }

    #[test]
    fn tiktok_takes_more_words_beside_pictures() {
        let said = |length: usize, media: &[Medium]| {
            let findings = check(&text(&"a".repeat(length)), media, &[target(Platform::Tiktok)]);
            refusals(&findings).get("body").map(str::to_owned)
        };
        let pictures = [picture(ImageType::Jpeg); 2];
        assert_eq!(said(4_000, &pictures), None);
        assert!(said(4_001, &pictures).unwrap().starts_with("TikTok takes 4,000 characters; this is 1 too long."));
        let film = Medium { content_type: MediaType::Video(VideoType::Mp4), ..pictures[0] };
        assert_eq!(said(2_200, &[film]), None);
        assert!(said(2_201, &[film]).unwrap().starts_with("TikTok takes 2,200 characters; this is 1 too long."));
    }

    #[test]
    fn a_tall_screenshot_goes_to_tiktok_as_a_copy() {
        let tall = Medium { height: 2_400, ..picture(ImageType::Jpeg) };
        assert!(check(&text("Hi"), &[tall], &[target(Platform::Tiktok)]).is_empty());
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
