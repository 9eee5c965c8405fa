//! What platforms say about how much may still be asked of them.

use chrono::{DateTime, Duration, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Serialize;
use serde_json::Value;

/// From this share of a Meta quota on, calls are better spread out (platforms.md 1).
const BUSY_PERCENT: f64 = 90.0;
/// No platform asks for more; a wild header must not park an account for years.
const LONGEST_PAUSE: Duration = Duration::days(2);

/// The state of a platform's limits for the account just called, as far as its answer told.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RateState {
    /// Calls allowed in the present window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Calls left in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// When it starts anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_at: Option<DateTime<Utc>>,
    /// Meta: the fullest of all quotas named, in percent; may exceed 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_percent: Option<f64>,
    /// Meta: when access comes back, if it is throttled already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regain_at: Option<DateTime<Utc>>,
    /// X: whether the window that is used up is the 24-hour one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub daily: bool,
    /// X: whether it is the whole app's window.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub of_app: bool,
}

impl RateState {
    /// Until when this account should be left alone, if the platform has said so or is about to.
    pub fn pause_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let busy = self.used_percent.is_some_and(|percent| percent >= BUSY_PERCENT);
        let until = match (self.regain_at, self.remaining) {
            (Some(regain_at), _) => Some(regain_at),
            (None, Some(0)) => self.reset_at,
            // Meta's windows slide by the hour: a few minutes without calls bring the share down again.
            (None, _) if busy => Some(now + Duration::minutes(5)),
            _ => None,
        };
        until.filter(|until| *until > now)
    }
}

/// `Retry-After`, as seconds or as a date (RFC 9110 10.2.3), never before `now` and never further than two days.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let at = match value.parse::<u32>() {
        Ok(seconds) => now + Duration::seconds(seconds.into()),
        Err(_) => DateTime::parse_from_rfc2822(value).ok()?.to_utc(),
    };
    Some(at.clamp(now, now + LONGEST_PAUSE))
}

/// X's `x-rate-limit-*`, and the `x-{user,app}-limit-24hour-*` family when one of those is used up.
pub(crate) fn x_headers(headers: &HeaderMap, now: DateTime<Utc>) -> RateState {
    let window = |prefix: &str| {
        let number = |name: &str| headers.get(format!("{prefix}-{name}"))?.to_str().ok()?.trim().parse::<i64>().ok();
        RateState {
            limit: number("limit").and_then(|n| u64::try_from(n).ok()),
            remaining: number("remaining").map(|n| u64::try_from(n).unwrap_or(0)),
            reset_at: number("reset")
                .and_then(|epoch| DateTime::from_timestamp(epoch, 0))
                .map(|at| at.clamp(now, now + LONGEST_PAUSE)),
            ..RateState::default()
        }
    };
    ["x-user-limit-24hour", "x-app-limit-24hour"]
        .into_iter()
        .map(|prefix| RateState { daily: true, of_app: prefix == "x-app-limit-24hour", ..window(prefix) })
        .find(|daily| daily.remaining == Some(0))
        .unwrap_or_else(|| window("x-rate-limit"))
}

/// Meta's usage headers: JSON with percentages, some by business object.
pub(crate) fn meta_headers(headers: &HeaderMap, now: DateTime<Utc>) -> RateState {
    let mut state = RateState::default();
    for name in ["x-app-usage", "x-page-usage", "x-ad-account-usage", "x-business-use-case-usage"] {
        let usage = headers.get(name).and_then(|value| serde_json::from_slice::<Value>(value.as_bytes()).ok());
        if let Some(usage) = usage {
            read_usage(&usage, now, &mut state);
        }
    }
    state
}

fn read_usage(usage: &Value, now: DateTime<Utc>, state: &mut RateState) {
    match usage {
        Value::Array(entries) => entries.iter().for_each(|entry| read_usage(entry, now, state)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value.as_f64()) {
                    ("call_count" | "total_time" | "total_cputime" | "acc_id_util_pct", Some(percent)) => {
                        state.used_percent = Some(state.used_percent.map_or(percent, |known| known.max(percent)));
                    }
                    ("estimated_time_to_regain_access", Some(_)) => {
                        let minutes = value.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
                        if minutes > 0 {
                            let at = now + Duration::minutes(minutes.into()).min(LONGEST_PAUSE);
                            state.regain_at = Some(state.regain_at.map_or(at, |known| known.max(at)));
                        }
                    }
                    // In the business header the keys are object ids, the values lists of usages.
                    _ => read_usage(value, now, state),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};
    use rstest::rstest;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[rstest]
    #[case("120", Some("2026-11-20T12:02:00Z"))]
    #[case(" 0 ", Some("2026-11-20T12:00:00Z"))]
    #[case("Fri, 20 Nov 2026 12:30:00 GMT", Some("2026-11-20T12:30:00Z"))]
    #[case("Wed, 21 Oct 2015 07:28:00 GMT", Some("2026-11-20T12:00:00Z"))]
    #[case("4294967295", Some("2026-11-22T12:00:00Z"))]
    #[case("99999999999999999999", None)]
    #[case("-5", None)]
    #[case("soon", None)]
    fn retry_after_in_both_forms(#[case] value: &str, #[case] expected: Option<&str>) {
        let expected = expected.map(|at| at.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(retry_after(&headers(&[("retry-after", value)]), now()), expected);
    }

    #[test]
    fn x_counts_calls() {
        let state = x_headers(
            &headers(&[
                ("x-rate-limit-limit", "100"),
                ("x-rate-limit-remaining", "0"),
                ("x-rate-limit-reset", "1795176600"),
            ]),
            now(),
        );
        assert_eq!((state.limit, state.remaining, state.daily), (Some(100), Some(0), false));
        assert_eq!(state.reset_at, Some("2026-11-20T12:10:00Z".parse().unwrap()));
        assert_eq!(state.pause_until(now()), state.reset_at);
        assert_eq!(state.pause_until(now() + Duration::minutes(11)), None);
    }

    #[test]
    fn a_used_up_day_outweighs_the_short_window() {
        let state = x_headers(
            &headers(&[
                ("x-rate-limit-remaining", "99"),
                ("x-rate-limit-reset", "1795176600"),
                ("x-user-limit-24hour-limit", "10000"),
                ("x-user-limit-24hour-remaining", "0"),
                ("x-user-limit-24hour-reset", "1795219200"),
            ]),
            now(),
        );
        assert!(state.daily && !state.of_app);
        assert_eq!(state.pause_until(now()), Some("2026-11-21T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn the_day_of_the_app_is_told_apart() {
        let state = x_headers(
            &headers(&[
                ("x-user-limit-24hour-remaining", "12"),
                ("x-app-limit-24hour-remaining", "0"),
                ("x-app-limit-24hour-reset", "1795219200"),
            ]),
            now(),
        );
        assert!(state.daily && state.of_app);
    }

    #[test]
    fn calls_that_are_left_ask_for_no_pause() {
        let state =
            x_headers(&headers(&[("x-rate-limit-remaining", "3"), ("x-rate-limit-reset", "1795176600")]), now());
        assert_eq!(state.pause_until(now()), None);
        assert_eq!(RateState::default().pause_until(now()), None);
    }

    #[test]
    fn meta_names_the_fullest_quota_and_the_way_back() {
        let business = r#"{"123":[{"type":"pages","call_count":95,"total_cputime":20,"total_time":10,
            "estimated_time_to_regain_access":12}],"456":[{"type":"pages","call_count":1,"total_cputime":1,
            "total_time":1,"estimated_time_to_regain_access":0}]}"#
            .replace('\n', "");
        let state = meta_headers(
            &headers(&[
                ("x-app-usage", r#"{"call_count":28,"total_time":25,"total_cputime":30.5}"#),
                ("x-business-use-case-usage", &business),
            ]),
            now(),
        );
        assert_eq!(state.used_percent, Some(95.0));
        assert_eq!(state.regain_at, Some(now() + Duration::minutes(12)));
        assert_eq!(state.pause_until(now()), state.regain_at);
    }

    #[test]
    fn meta_slows_down_from_ninety_percent() {
        let at = |percent: u32| {
            let usage = format!(r#"{{"call_count":{percent},"total_time":1,"total_cputime":1}}"#);
            meta_headers(&headers(&[("x-page-usage", &usage)]), now()).pause_until(now())
        };
        assert_eq!(at(89), None);
        assert_eq!(at(90), Some(now() + Duration::minutes(5)));
    }

    #[rstest]
    #[case("not json")]
    #[case("[]")]
    #[case("{\"call_count\":\"many\"}")]
    #[case("{\"estimated_time_to_regain_access\":-1}")]
    fn broken_usage_is_no_usage(#[case] value: &str) {
        assert_eq!(meta_headers(&headers(&[("x-app-usage", value)]), now()), RateState::default());
    }
}
