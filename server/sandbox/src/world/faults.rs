//! Faults by rule: what is to go wrong, for whom, how often.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Slug;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    /// The authorization page.
    Authorize,
    /// A code for a token.
    Token,
    /// A new token for an old one.
    Refresh,
    /// Giving a token back.
    Revoke,
    /// Who am I, which pages, what was granted, what may I do, is this token alive.
    Identity,
    /// Media on its way in, also photos and containers that are not yet shown.
    Upload,
    /// The call that makes a post public.
    Publish,
    /// What is written under a post.
    Comment,
    /// Reading posts, media and uploads back, deleting them.
    Status,
    /// In a rule: every operation.
    Any,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// Refused with a status, before anything happens.
    Status,
    /// The API version in the request is no more.
    Sunset,
    /// No answer at all; nothing happens.
    Timeout,
    /// Done as asked, and no answer at all.
    TimeoutAfterAccept,
    /// The connection closes without an answer; nothing happens.
    Drop,
    /// Done as asked, and then the connection closes without an answer.
    DropAfterAccept,
    /// Done at once, answered late.
    Slow,
    /// Done as asked; what was uploaded takes longer to be ready.
    SlowProcessing,
    /// Done as asked; what was uploaded turns out to be of no use.
    FailedProcessing,
    /// The token (or code) in the request runs out just before it.
    Expired,
    /// The person takes the grant back just before the request.
    Revoked,
    /// The person takes some scopes back just before the request, or never gave them.
    WithoutScopes,
    /// Somebody else uses the same refresh token just before the request.
    Raced,
    /// Done as asked, and answered with something that is no answer.
    Malformed,
}

/// A rule, as `POST /control/faults` takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// What the caller calls it, for `struck`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Absent: every platform.
    #[serde(default)]
    pub(crate) platform: Option<Slug>,
    /// Id or handle of the account concerned. Absent: every account.
    #[serde(default)]
    pub(crate) account: Option<String>,
    pub(crate) operation: Operation,
    #[serde(rename = "fault")]
    pub(crate) kind: FaultKind,
    /// HTTP status of a `status` fault, 500 if absent.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// Seconds; sent as `Retry-After` and as the platform would send them.
    #[serde(default)]
    pub(crate) retry_after: Option<u64>,
    /// Seconds; sent in the platform's own headers alone, where it has such (X, Mastodon, Meta's).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reset_after: Option<u64>,
    /// How often it happens. Absent: once, or without end where a probability is given.
    #[serde(default)]
    pub(crate) times: Option<u32>,
    /// Requests that fit and pass unharmed before the first is struck.
    #[serde(default)]
    pub(crate) skip: u32,
    /// Chance, above 0 and up to 1, that a request which fits is struck. Absent: 1.
    #[serde(default)]
    pub(crate) probability: Option<f64>,
    /// Makes the same requests in the same order meet the same fate. Absent: chosen at random.
    #[serde(default)]
    pub(crate) seed: Option<u64>,
    /// Milliseconds that an answer or the processing is late, 3000 if absent.
    #[serde(default)]
    pub(crate) slow_ms: Option<u64>,
    /// What `without_scopes` takes away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// The platform's own error code (Meta's `code`, LinkedIn's `serviceErrorCode`), or its word for it (TikTok's
    /// `error.code`).
    #[serde(default)]
    pub(crate) code: Option<Value>,
    /// Meta's `error_subcode`.
    #[serde(default)]
    pub(crate) subcode: Option<i64>,
    /// Words in the error body.
    #[serde(default)]
    pub(crate) message: Option<String>,
    /// The whole error body, instead of the platform's.
    #[serde(default)]
    pub(crate) body: Option<Value>,
}

impl Fault {
    /// What is wrong with the rule itself.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let chance = self.probability.is_none_or(|chance| chance > 0.0 && chance <= 1.0);
        let renews = matches!(self.operation, Operation::Refresh | Operation::Token);
        match self.kind {
            _ if self.status.is_some_and(|status| !(400..600).contains(&status)) => {
                Some("status must be between 400 and 599")
            }
            _ if !chance => Some("probability must be above 0 and at most 1"),
            FaultKind::WithoutScopes if self.scopes.is_empty() => Some("scopes must name what is taken away"),
            FaultKind::Raced if !renews => Some("raced fits the operations refresh and token only"),
            _ => None,
        }
    }

    /// Seconds that the platform's own headers name.
    pub(crate) fn wait(&self) -> Option<u64> {
        self.retry_after.or(self.reset_after)
    }

    /// The platform's own error code, where it is a number.
    pub(crate) fn number(&self) -> Option<i64> {
        self.code.as_ref().and_then(Value::as_i64)
    }

    /// The platform's own error code, where it is a word.
    pub(crate) fn word(&self) -> Option<&str> {
        self.code.as_ref().and_then(Value::as_str)
    }
}

/// A rule in force.
#[derive(Clone, Debug)]
struct Rule {
    fault: Fault,
    /// Turns left; `None`: without end.
    left: Option<u32>,
    /// Requests that fitted.
    seen: u64,
    seed: u64,
}

impl Rule {
    /// Is this request, which fits, struck? Counts it either way.
    fn strikes(&mut self) -> bool {
        let at = self.seen;
        self.seen += 1;
        if at < u64::from(self.fault.skip) {
            return false;
        }
        let Some(chance) = self.fault.probability else { return true };
        let mut hasher = DefaultHasher::new();
        (self.seed, at).hash(&mut hasher);
        // 32 bits are more than any run of requests can tell from a true chance.
        let drawn = u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX);
        f64::from(drawn) < chance * f64::from(u32::MAX)
    }
}

/// How often something went wrong on a platform.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Struck {
    platform: Slug,
    operation: Operation,
    fault: FaultKind,
    /// Of the rules that did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    times: u64,
}

/// The rules in force, first come first served.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    struck: BTreeMap<(Slug, Operation, FaultKind, Option<String>), u64>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        let left = fault.times.or_else(|| fault.probability.is_none().then_some(1));
        if left != Some(0) {
            let seed = fault.seed.unwrap_or_else(rand::random);
            self.rules.push(Rule { left, seen: 0, seed, fault });
        }
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
        self.struck.clear();
    }

    /// The rules with their turns left.
    pub(crate) fn list(&self) -> Vec<Fault> {
        self.rules.iter().map(|rule| Fault { times: rule.left, ..rule.fault.clone() }).collect()
    }

    pub(crate) fn struck(&self) -> Vec<Struck> {
        let counted = self.struck.iter();
        let counted = counted.map(|(&(platform, operation, fault, ref name), &times)| Struck {
            platform,
            operation,
            fault,
            name: name.clone(),
            times,
        });
        counted.collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Uses up one turn of the first rule that fits and strikes. `concerns` says whether the request is about an account.
    pub(crate) fn strike(
        &mut self,
        platform: Slug,
        operation: Operation,
        concerns: impl Fn(&str) -> bool,
    ) -> Option<Fault> {
        let fits = |fault: &Fault| {
            fault.platform.is_none_or(|wanted| wanted == platform)
                && (fault.operation == Operation::Any || fault.operation == operation)
                && fault.account.as_deref().is_none_or(&concerns)
        };
        let at = self.rules.iter_mut().position(|rule| fits(&rule.fault) && rule.strikes())?;
        let rule = self.rules.get_mut(at)?;
        rule.left = rule.left.map(|left| left.saturating_sub(1));
        let fault = rule.fault.clone();
        if rule.left == Some(0) {
            self.rules.remove(at);
        }
        *self.struck.entry((platform, operation, fault.kind, fault.name.clone())).or_default() += 1;
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(rule: Value) -> Faults {
        let mut faults = Faults::default();
        faults.add(serde_json::from_value(rule).unwrap());
        faults
    }

    fn fates(faults: &mut Faults, count: usize) -> Vec<bool> {
        let mut one = || faults.strike(Slug("twitter"), Operation::Publish, |_| true).is_some();
        (0..count).map(|_| one()).collect()
    }

    #[test]
    fn a_rule_waits_strikes_and_is_used_up() {
        let mut faults = faults(json!({ "operation": "publish", "fault": "status", "skip": 2, "times": 2 }));
        assert_eq!(fates(&mut faults, 6), [false, false, true, true, false, false]);
        assert!(faults.is_empty());
        assert_eq!(json!(faults.struck()).pointer("/0/times"), Some(&json!(2)));
    }

    #[test]
    fn rules_are_counted_by_their_names() {
        let mut faults = faults(json!({ "name": "first", "operation": "publish", "fault": "drop", "times": 2 }));
        for rule in [
            json!({ "name": "second", "operation": "publish", "fault": "drop" }),
            json!({ "operation": "publish", "fault": "drop" }),
        ] {
            faults.add(serde_json::from_value(rule).unwrap());
        }
        assert_eq!(fates(&mut faults, 5), [true, true, true, true, false]);
        let counted = json!(faults.struck());
        let one = |at: usize| (counted[at].get("name").cloned(), counted[at]["times"].clone());
        assert_eq!(one(0), (None, json!(1)));
        assert_eq!(one(1), (Some(json!("first")), json!(2)));
        assert_eq!(one(2), (Some(json!("second")), json!(1)));
    }

    #[test]
    fn chance_is_fair_endless_and_can_be_repeated() {
        let rule = json!({ "operation": "any", "fault": "drop", "probability": 0.25, "seed": 7 });
        let first = fates(&mut faults(rule.clone()), 4_000);
        let hits = first.iter().filter(|hit| **hit).count();
        assert!((900..1_100).contains(&hits), "{hits}");
        assert_eq!(fates(&mut faults(rule), 4_000), first);
        let other = json!({ "operation": "any", "fault": "drop", "probability": 0.25, "seed": 8 });
        assert_ne!(fates(&mut faults(other), 4_000), first);
    }
}
