//! What goes wrong in the storm: rules for the sandbox. Each has a name, by which the sandbox counts how often it struck, and
//! a network, so that what was planned can be held against what was played.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::{Account, Size};

type Networks = &'static [&'static str];

pub const ALL: Networks = &["facebook", "instagram", "linkedin", "tiktok", "twitter"];
/// Whose tokens end and are renewed after that. LinkedIn renews for approved partners, which the storm's app is. A Page's
/// token has no timer. Instagram's ends, and cannot be renewed once it has: there it costs an account, see [`fates`].
const RENEWED: Networks = &["linkedin", "tiktok", "twitter"];
/// Of these, whose refresh tokens are good for one use, so that somebody else's costs the account.
const ROTATING: Networks = &["tiktok", "twitter"];
/// Where pictures are sent before the post. TikTok fetches them by itself.
const UPLOADED: Networks = &["facebook", "instagram", "linkedin", "twitter"];
/// Where posts can be read back. LinkedIn shows apps no posts of members.
const READ: Networks = &["facebook", "instagram", "tiktok", "twitter"];
/// Who is asked before a post what the account may do: Instagram's quota, TikTok's creator.
const ASKED: Networks = &["instagram", "tiktok"];
/// Whose versions of their API end. X and TikTok name no date.
const VERSIONED: Networks = &["facebook", "instagram", "linkedin"];

/// Something that goes wrong, for whatever account it meets.
struct Kind {
    operation: &'static str,
    /// Its name is made of the operation and this.
    word: &'static str,
    fault: &'static str,
    on: Networks,
    /// Of a request, in the long storm.
    chance: f64,
    more: Value,
    /// Strikes a chosen account for sure, see [`fates`], and others by chance only.
    by_chance: bool,
    /// The account that it strikes waits a minute, for which only the long storm has time, and not often.
    slow: bool,
}

impl Kind {
    fn by_chance(self) -> Self {
        Self { by_chance: true, ..self }
    }

    fn slow(self) -> Self {
        Self { slow: true, ..self }
    }

    fn rule(&self, platform: &str, more: &Value) -> Value {
        extended(extended(rule(platform, self.operation, self.word, self.fault), &self.more), more)
    }
}

fn rule(platform: &str, operation: &str, word: &str, fault: &str) -> Value {
    json!({ "name": format!("{operation} {word}"), "platform": platform, "operation": operation, "fault": fault })
}

fn extended(mut rule: Value, more: &Value) -> Value {
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

fn kinds() -> Vec<Kind> {
    const SILENT: &str = "429 without Retry-After";
    let kind = |operation, word, fault, on: Networks, chance, more: Value| Kind {
        operation,
        word,
        fault,
        on,
        chance,
        more,
        by_chance: false,
        slow: false,
    };
    let plain = |operation, fault, on: Networks, chance| kind(operation, fault, fault, on, chance, json!({}));
    let minute = "Resource level throttle APPLICATION MINUTE limit for calls to this resource is reached.";
    vec![
        kind("publish", "429", "status", ALL, 0.02, json!({ "status": 429, "retry_after": 1 })),
        // X names the end of its window in a header of its own.
        kind("publish", SILENT, "status", &["twitter"], 0.02, json!({ "status": 429, "reset_after": 1 })),
        kind("publish", SILENT, "status", &["facebook", "instagram", "tiktok"], 0.002, json!({ "status": 429 })).slow(),
        // The limit of a minute: that of a day, LinkedIn's usual one, ends at midnight.
        kind("publish", SILENT, "status", &["linkedin"], 0.002, json!({ "status": 429, "message": minute })).slow(),
        kind("publish", "500", "status", ALL, 0.02, json!({ "status": 500 })),
        kind("publish", "503", "status", ALL, 0.01, json!({ "status": 503, "retry_after": 1 })),
        plain("publish", "drop", ALL, 0.02),
        plain("publish", "drop_after_accept", ALL, 0.02),
        plain("publish", "timeout", ALL, 0.002),
        plain("publish", "timeout_after_accept", ALL, 0.004),
        kind("publish", "slow", "slow", ALL, 0.02, json!({ "slow_ms": 700 })),
        plain("publish", "malformed", ALL, 0.005),
        // Now and then a network retires what we speak.
        plain("publish", "sunset", VERSIONED, 0.001),
        plain("publish", "expired", RENEWED, 0.03).by_chance(),
        // Instagram works on containers, TikTok on what it has been told to fetch; pictures are ready at once elsewhere.
        kind("upload", "slow_processing", "slow_processing", &["instagram"], 0.05, json!({ "slow_ms": 800 })),
        kind("publish", "slow_processing", "slow_processing", &["tiktok"], 0.05, json!({ "slow_ms": 800 })),
        plain("upload", "failed_processing", &["instagram"], 0.005),
        plain("publish", "failed_processing", &["tiktok"], 0.005),
        kind("upload", "500", "status", UPLOADED, 0.02, json!({ "status": 500 })),
        plain("upload", "drop", UPLOADED, 0.01),
        plain("upload", "timeout", UPLOADED, 0.002),
        kind("status", "502", "status", READ, 0.02, json!({ "status": 502 })),
        plain("status", "drop", READ, 0.01),
        kind("identity", "500", "status", ASKED, 0.02, json!({ "status": 500 })),
        kind("refresh", "503", "status", RENEWED, 0.02, json!({ "status": 503 })).by_chance(),
        plain("refresh", "drop_after_accept", RENEWED, 0.02).by_chance(),
    ]
}

/// What goes wrong for whatever account it meets: each kind once on each of its networks, and in the long storm by chance all
/// the time. The seed chooses which requests are struck.
pub fn storm(size: &Size) -> Vec<Value> {
    let mut kinds: Vec<Kind> = kinds().into_iter().filter(|kind| size.is_long() || !kind.slow).collect();
    let first = usize::try_from(size.seed).unwrap() % kinds.len();
    kinds.rotate_left(first);
    let mut rules = Vec::new();
    // One after the other, with requests between that pass.
    let mut skips: HashMap<(&str, &str), u32> = HashMap::new();
    for kind in kinds.iter().filter(|kind| !kind.by_chance) {
        for &platform in kind.on {
            let skip = skips.entry((platform, kind.operation)).or_default();
            rules.push(kind.rule(platform, &json!({ "skip": *skip })));
            *skip += 2;
        }
    }
    if size.is_long() {
        for kind in &kinds {
            for &platform in kind.on {
                let seed = size.seed.wrapping_mul(1000).wrapping_add(u64::try_from(rules.len()).unwrap());
                rules.push(kind.rule(platform, &json!({ "probability": kind.chance, "seed": seed })));
            }
        }
    }
    rules
}

/// What becomes of chosen accounts of each network while posts are on their way: one loses its access, another what lets it
/// publish, a third's token ends, a fourth is renewed by somebody else first, and of two the renewal fails. The ids of these
/// two are the second answer: they must be asked to be renewed, as a delivery that waited for them would wait a minute.
pub fn fates(accounts: &[Account]) -> (Vec<Value>, Vec<&str>) {
    let (mut rules, mut renewed) = (Vec::new(), Vec::new());
    for &platform in ALL {
        let scopes = match platform {
            "facebook" => json!(["pages_manage_posts"]),
            "instagram" => json!(["instagram_business_content_publish"]),
            "linkedin" => json!(["w_member_social", "w_organization_social"]),
            "tiktok" => json!(["video.publish", "video.upload"]),
            _ => json!(["tweet.write"]),
        };
        let of_network: Vec<&Account> = accounts.iter().filter(|account| account.platform == platform).collect();
        let [gone, partial, ended, raced, lost, refused, ..] = of_network[..] else {
            panic!("{platform} has too few accounts")
        };
        let mut fate = |account: &Account, operation: &str, word: &str, fault: &str, more: Value| {
            let rule = extended(rule(platform, operation, word, fault), &json!({ "account": account.external }));
            rules.push(extended(rule, &more));
        };
        let second = || json!({ "skip": 1 });
        fate(gone, "publish", "revoked", "revoked", second());
        fate(partial, "publish", "without_scopes", "without_scopes", json!({ "skip": 1, "scopes": scopes }));
        // A Page's token has no timer.
        if platform != "facebook" {
            fate(ended, "publish", "expired", "expired", second());
        }
        if ROTATING.contains(&platform) {
            fate(raced, "publish", "expired", "expired", second());
            fate(raced, "refresh", "raced", "raced", json!({}));
        }
        if RENEWED.contains(&platform) {
            fate(lost, "refresh", "drop_after_accept", "drop_after_accept", json!({}));
            fate(refused, "refresh", "503", "status", json!({ "status": 503 }));
            renewed.extend([lost.id.as_str(), refused.id.as_str()]);
        }
    }
    (rules, renewed)
}

/// How often each kind struck, by its name and network; with 0 where it was planned and did not.
pub struct Played(BTreeMap<String, BTreeMap<String, u64>>);

impl Played {
    /// `struck` is the sandbox's own count.
    pub fn new(rules: &[Value], struck: &[Value]) -> Self {
        let mut times: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        for rule in rules {
            times.entry(text(rule, "name")).or_default().entry(text(rule, "platform")).or_default();
        }
        for one in struck {
            let of_kind = times.entry(text(one, "name")).or_default();
            *of_kind.entry(text(one, "platform")).or_default() += one["times"].as_u64().unwrap();
        }
        Self(times)
    }

    pub fn print(&self) {
        println!("\n  {:<32} {}", "faults that struck", row(|platform| format!("{platform:>9}")));
        for (name, times) in &self.0 {
            let one = |platform: &str| times.get(platform).map_or_else(|| "-".to_owned(), u64::to_string);
            println!("  {name:<32} {}", row(|platform| format!("{:>9}", one(platform))));
        }
    }

    /// What should have struck and did not: in the long storm a kind on one of its networks, in the short one a kind at all.
    pub fn missing(&self, size: &Size) -> BTreeSet<String> {
        let mut missing = BTreeSet::new();
        for (name, times) in &self.0 {
            if times.values().all(|times| *times == 0) {
                missing.insert(name.clone());
            } else if size.is_long() {
                let never = times.iter().filter(|(_, times)| **times == 0);
                missing.extend(never.map(|(platform, _)| format!("{name} on {platform}")));
            }
        }
        missing
    }
}

/// One cell for each network.
fn row(cell: impl Fn(&str) -> String) -> String {
    ALL.iter().map(|platform| cell(platform)).collect::<Vec<_>>().join("  ")
}

#[test]
fn what_was_planned_and_did_not_strike_is_missing() {
    let rules = ["twitter", "tiktok"].map(|platform| rule(platform, "publish", "drop", "drop"));
    let struck = [json!({ "name": "publish drop", "platform": "twitter", "times": 2 })];
    let missing = |struck: &[Value], deliveries| Played::new(&rules, struck).missing(&Size { deliveries, seed: 0 });
    assert_eq!(missing(&struck, 300), BTreeSet::new());
    assert_eq!(missing(&struck, 5_000), BTreeSet::from(["publish drop on tiktok".to_owned()]));
    assert_eq!(missing(&[], 300), BTreeSet::from(["publish drop".to_owned()]));
}
