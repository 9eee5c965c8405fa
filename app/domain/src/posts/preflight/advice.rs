//! What only the server can know before saving: what else the accounts have had, or are about to get.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Finding, Severity, Target, final_text};
use crate::{
    accounts::AccountQuota,
    ids::AccountId,
    platform::{Platform, PublishingQuota},
    posts::Content,
};

/// How far back the same text is looked for: networks compare with what is recent.
pub const REMEMBERED_DAYS: i64 = 14;
/// More posts than this within an hour of one account look like spam to networks.
const AN_HOUR: usize = 4;
/// TikTok's limits for one creator within a day, posts sent directly and posts left in the inbox. Its documents say that
/// they may vary.
const TIKTOK_DIRECT: usize = 15;
const TIKTOK_INBOX: usize = 5;
/// From so few posts left on a platform's quota is told.
const FEW_LEFT: u32 = 5;

/// Another post of an account, out or on its way.
#[derive(Clone, Debug)]
pub struct Neighbour {
    pub account_id: AccountId,
    pub at: DateTime<Utc>,
    pub content: Content,
    pub has_media: bool,
}

/// What the advice is about.
#[derive(Clone, Copy, Debug)]
pub struct Advice<'a> {
    pub content: &'a Content,
    pub has_media: bool,
    pub targets: &'a [Target],
    /// When it would go out.
    pub at: DateTime<Utc>,
    pub now: DateTime<Utc>,
    /// What is known of the targets' quotas.
    pub quotas: &'a [AccountQuota],
}

/// Warns of the same text again, of many posts at once, and of a network's daily limit. Hints only: the networks decide.
pub fn advise(advice: &Advice<'_>, neighbours: &[Neighbour]) -> Vec<Finding> {
    let mut of: BTreeMap<AccountId, Vec<&Neighbour>> = BTreeMap::new();
    for neighbour in neighbours {
        of.entry(neighbour.account_id).or_default().push(neighbour);
    }
    let mut findings = Vec::new();
    for target in advice.targets {
        let others = of.get(&target.account_id).map(Vec::as_slice).unwrap_or_default();
        same_text(advice, target, others, &mut findings);
        burst(advice, target, others, &mut findings);
        if target.platform == Platform::Tiktok {
            tiktok_day(advice, target, others, &mut findings);
        }
        let known = advice.quotas.iter().find(|known| known.account_id == target.account_id);
        if let Some(quota) = known.and_then(|known| known.quota) {
            quota_left(advice, target, quota, &mut findings);
        }
    }
    findings
}

fn hint(target: &Target, field: &str, message: String) -> Finding {
    Finding { severity: Severity::Hint, field: field.to_owned(), platform: Some(target.platform), message }
}

/// One line, in lower case: what networks see as the same.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn same_text(advice: &Advice<'_>, target: &Target, others: &[&Neighbour], findings: &mut Vec<Finding>) {
    let text_of = |content: &Content, has_media| {
        normal(&final_text(&content.for_account(target.platform, target.account_id), target.platform, has_media))
    };
    let text = text_of(advice.content, advice.has_media);
    if text.is_empty() {
        return;
    }
    let Some(same) =
        others.iter().filter(|other| text_of(&other.content, other.has_media) == text).max_by_key(|one| one.at)
    else {
        return;
    };
    let (name, label) = (&target.name, target.platform.label());
    let had = if same.at <= advice.now {
        format!("had this text on {}", day(same.at))
    } else {
        format!("gets this text on {} already", day(same.at))
    };
    let but = if target.platform.rules().is_some_and(|rules| rules.same_text_again) {
        "Followers see it twice.".to_owned()
    } else {
        format!("{label} refuses the same text again soon after: change a few words.")
    };
    findings.push(hint(target, "body", format!("{name} {had}. {but}")));
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %B").to_string()
}

fn burst(advice: &Advice<'_>, target: &Target, others: &[&Neighbour], findings: &mut Vec<Finding>) {
    let near = others.iter().filter(|other| (other.at - advice.at).abs() < TimeDelta::hours(1)).count();
    if near >= AN_HOUR {
        findings.push(hint(
            target,
            "visibility",
            format!(
                "{} gets {near} other posts within an hour of this one. {} may take so many at once for spam: spread them.",
                target.name,
                target.platform.label()
            ),
        ));
    }
}

fn tiktok_day(advice: &Advice<'_>, target: &Target, others: &[&Neighbour], findings: &mut Vec<Finding>) {
    let is_direct = |content: &Content| content.options_for(Platform::Tiktok).tiktok.is_some();
    let direct = is_direct(advice.content);
    let day = others.iter().filter(|other| {
        let before = advice.at - other.at;
        is_direct(&other.content) == direct && before >= TimeDelta::zero() && before < TimeDelta::days(1)
    });
    let (had, most, what) = (
        day.count(),
        if direct { TIKTOK_DIRECT } else { TIKTOK_INBOX },
        if direct { "posts" } else { "posts left in the inbox" },
    );
    if had >= most {
        findings.push(hint(
            target,
            "visibility",
            format!(
                "TikTok takes about {most} {what} a day; {} has had {had} in the day before this one.",
                target.name
            ),
        ));
    }
}

/// What the platform says itself. Of a post that is further away than the window it says nothing.
fn quota_left(advice: &Advice<'_>, target: &Target, quota: PublishingQuota, findings: &mut Vec<Finding>) {
    let left = quota.left();
    if left > FEW_LEFT || advice.at - advice.now >= TimeDelta::seconds(quota.window.into()) {
        return;
    }
    let (label, name, total) = (target.platform.label(), &target.name, quota.total);
    let hours = quota.window.div_ceil(3_600);
    let rest = match left {
        0 => "None is left: this one waits until there is room".to_owned(),
        1 => "One is left".to_owned(),
        left => format!("{left} are left"),
    };
    findings.push(hint(
        target,
        "visibility",
        format!("{label} takes {total} posts of {name} in {hours} hours. {rest}."),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posts::Override;

    fn now() -> DateTime<Utc> {
        "2026-11-27T10:00:00Z".parse().unwrap()
    }

    fn target(n: u128, platform: Platform) -> Target {
        Target {
            account_id: AccountId(uuid::Uuid::from_u128(n)),
            platform,
            name: format!("@a{n}"),
            text_max: None,
            creator: None,
        }
    }

    fn text(body: &str) -> Content {
        Content { body: body.into(), ..Content::default() }
    }

    fn other(n: u128, minutes: i64, body: &str) -> Neighbour {
        Neighbour {
            account_id: AccountId(uuid::Uuid::from_u128(n)),
            at: now() + TimeDelta::minutes(minutes),
            content: text(body),
            has_media: false,
        }
    }

    fn said(content: &Content, targets: &[Target], others: &[Neighbour]) -> Vec<String> {
        let advice = Advice { content, has_media: false, targets, at: now(), now: now(), quotas: &[] };
        advise(&advice, others).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn the_same_text_is_noticed_where_it_was() {
        let others = [other(1, -3_000, "Hello  WORLD"), other(2, -3_000, "Something else")];
        let targets = [target(1, Platform::Twitter), target(2, Platform::Twitter), target(3, Platform::Twitter)];
        let found = said(&text("hello world"), &targets, &others);
        assert_eq!(
            found,
            ["@a1 had this text on 25 November. X refuses the same text again soon after: change a few words."]
        );
        let mut varied = text("hello world");
        varied.variations.insert(targets[0].account_id, Override { body: "Other words".into() });
        assert!(said(&varied, &targets, &others).is_empty());
        assert!(said(&text(""), &targets, &[other(1, -9, "")]).is_empty(), "no words are not the same words");
        let later = said(&text("soon"), &targets[..1], &[other(1, 3_000, "Soon")]);
        assert!(later[0].starts_with("@a1 gets this text on 29 November already."), "{later:?}");
    }

    #[test]
    fn many_posts_within_an_hour_are_a_burst() {
        let four: Vec<_> = [-59, -10, 10, 59].into_iter().map(|minutes| other(1, minutes, "x")).collect();
        let found = said(&text("y"), &[target(1, Platform::Facebook)], &four);
        assert!(found[0].contains("gets 4 other posts within an hour"), "{found:?}");
        assert!(said(&text("y"), &[target(1, Platform::Facebook)], &four[1..]).is_empty());
        let far: Vec<_> = [-61, -10, 10, 61].into_iter().map(|minutes| other(1, minutes, "x")).collect();
        assert!(said(&text("y"), &[target(1, Platform::Facebook)], &far).is_empty());
    }

    #[test]
    fn tiktoks_inbox_is_small() {
        let five: Vec<_> = (1..=5).map(|n| other(1, -n * 120, "x")).collect();
        let found = said(&text("y"), &[target(1, Platform::Tiktok)], &five);
        assert!(found[0].contains("about 5 posts left in the inbox a day; @a1 has had 5"), "{found:?}");
        assert!(said(&text("y"), &[target(1, Platform::Tiktok)], &five[1..]).is_empty());
    }

    #[test]
    fn what_is_left_of_a_quota_is_told_when_it_is_little() {
        let targets = [target(1, Platform::Instagram), target(2, Platform::Instagram)];
        let content = text("y");
        let told = |used, hours| {
            let quota = Some(PublishingQuota { used, total: 50, window: 86_400 });
            let quotas = [AccountQuota { account_id: targets[0].account_id, quota, pending: false }];
            let at = now() + TimeDelta::hours(hours);
            let advice =
                Advice { content: &content, has_media: true, targets: &targets, at, now: now(), quotas: &quotas };
            advise(&advice, &[]).into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert!(told(44, 0).is_empty());
        assert_eq!(told(45, 0), ["Instagram takes 50 posts of @a1 in 24 hours. 5 are left."]);
        assert_eq!(told(49, 23), ["Instagram takes 50 posts of @a1 in 24 hours. One is left."]);
        let full = "Instagram takes 50 posts of @a1 in 24 hours. None is left: this one waits until there is room.";
        assert_eq!(told(50, 0), [full]);
        assert_eq!(told(51, 0), [full], "one more than is allowed is no wonder: other apps publish as well");
        assert!(told(50, 24).is_empty(), "by then it starts anew");
    }
}
