//! What Meta's networks have in common (platforms.md 1 and 2): Facebook Login, versions, the way Graph takes parameters
//! and answers, its errors and usage headers, and the host that films are uploaded to.

mod businesses;
mod errors;
mod fields;
pub(crate) mod login;
mod permissions;
mod push;
pub(crate) mod rupload;

use chrono::NaiveDate;
use serde_json::{Value, json};

pub(crate) use self::{
    businesses::{businesses, is_unlisted, pages_of},
    errors::GraphError,
    fields::{inner_fields, moment, paged, select, window},
    permissions::{forget, only_oneself, permissions},
    push::signed_request,
};
use super::Caller;
use crate::{
    wire::{Body, Call, Fields, Reply},
    world::{Fault, Meter, Slug, Standing, World, random},
};

/// Year, month, day.
type Day = (i32, u32, u32);

/// Versions of the Graph API and the day on which each ends (platforms.md 0). `None`: not announced.
const VERSIONS: &[(&str, Option<Day>)] = &[
    ("v19.0", Some((2026, 5, 21))),
    ("v20.0", Some((2026, 9, 24))),
    ("v21.0", Some((2027, 1, 21))),
    ("v22.0", Some((2027, 5, 20))),
    ("v23.0", Some((2027, 10, 8))),
    ("v24.0", Some((2028, 2, 18))),
    ("v25.0", Some((2028, 7, 29))),
    ("v26.0", None),
];

/// 200 × daily active users, per hour.
const APP_CALLS_PER_HOUR: u64 = 200 * 1_000;
/// 4 800 × engaged users, per day.
const PAGE_CALLS_PER_DAY: u64 = 4_800 * 100;

/// An answer or an error body; both end as an HTTP answer.
pub(crate) type Answer = Result<Value, GraphError>;

/// Counts a call of the application.
fn app_usage(world: &mut World, slug: Slug) -> Meter {
    world.meter(format!("{slug} app"), APP_CALLS_PER_HOUR, 3_600)
}

/// Counts a call in a page's name. Over the limit it is refused; otherwise the answer says where the page stands.
pub(crate) fn with_page_usage(world: &mut World, slug: Slug, page: &str, reply: Reply) -> Result<Reply, GraphError> {
    let meter = world.meter(format!("{slug} page {page}"), PAGE_CALLS_PER_DAY, 86_400);
    if meter.exceeded {
        return Err(GraphError::page_limit());
    }
    let mut one = usage_json(&meter);
    if let Some(map) = one.as_object_mut() {
        map.insert("type".to_owned(), usage_type(slug).into());
        map.insert("estimated_time_to_regain_access".to_owned(), 0.into());
    }
    Ok(reply.header("x-business-use-case-usage", json!({ page: [one] }).to_string()))
}

fn usage_type(slug: Slug) -> &'static str {
    if slug.0 == "instagram" { "instagram" } else { "pages" }
}

/// What every answer of Graph carries, once the call is counted.
pub(crate) fn finished(world: &mut World, slug: Slug, version: &str, reply: Reply) -> Reply {
    let app = app_usage(world, slug);
    let reply = if app.exceeded { GraphError::app_limit().into() } else { reply };
    reply
        .header("facebook-api-version", version)
        .header("x-app-usage", usage_json(&app).to_string())
        .header("x-fb-trace-id", random(11))
        .header("cache-control", "private, no-cache, no-store, must-revalidate")
}

/// The answer of a `status` fault. `page`: whose limits a wait is told of.
pub(crate) fn refuse(world: &mut World, slug: Slug, page: &str, status: u16, fault: &Fault) -> Reply {
    let (code, subcode, message, transient) = match status {
        401 => (190, Some(460), "Error validating access token: The session has been invalidated.", false),
        403 => (200, None, "(#200) Permissions error", false),
        // Of one account. The whole app's is number 4.
        429 if slug.0 == "instagram" => (
            80_002,
            None,
            "(#80002) There have been too many calls to this Instagram account. Wait a bit and try again.",
            true,
        ),
        429 => (32, None, "(#32) Page request limit reached", true),
        500.. => (2, None, "An unexpected error has occurred. Please retry your request later.", true),
        _ => (100, None, "(#100) Invalid parameter", false),
    };
    let mut error =
        GraphError::new(status, fault.number().unwrap_or(code), fault.message.as_deref().unwrap_or(message));
    error.subcode = fault.subcode.or(subcode);
    error.transient = transient;
    let app = app_usage(world, slug);
    let reply = Reply::from(error).header("x-app-usage", usage_json(&app).to_string());
    match fault.wait() {
        None => reply,
        Some(seconds) => {
            let usage = json!({ page: [{ "type": usage_type(slug), "call_count": 100, "total_cputime": 25,
                "total_time": 25, "estimated_time_to_regain_access": seconds.div_ceil(60) }] });
            reply.header("x-business-use-case-usage", usage.to_string())
        }
    }
}

/// The answer to a version that has ended: the one in the request.
pub(crate) fn sunset(call: &Call) -> Reply {
    GraphError::retired_version(split_version(&call.segments()).0.unwrap_or("v21.0")).into()
}

/// Percentages, as Meta gives them.
fn usage_json(meter: &Meter) -> Value {
    let percent = (meter.used * 100 / meter.limit.max(1)).min(100);
    json!({ "call_count": percent, "total_cputime": percent / 4, "total_time": percent / 4 })
}

/// Who calls, by the token in the query, the body or the header.
pub(crate) fn authenticate(world: &World, call: &Call, slug: Slug) -> Result<Caller, GraphError> {
    let params = params(call);
    let Some(token) = params.filled("access_token").or_else(|| call.bearer()) else {
        return Err(GraphError::new(400, 104, "An access token is required to request this resource."));
    };
    let now = world.now();
    match world.oauth.standing(slug, token, now) {
        Standing::Live(token, grant) => Ok(Caller::new(token, grant)),
        Standing::Expired(token, _) => Err(GraphError::expired(token.expires_at, now)),
        Standing::Revoked(_, grant) | Standing::Spent(_, grant) => Err(GraphError::not_authorized(&grant.client)),
        Standing::Unknown => Err(GraphError::new(400, 190, "Invalid OAuth access token - Cannot parse access token")),
    }
}

/// `v25.0` apart from the rest of the path.
pub(crate) fn split_version<'a, 'b>(segments: &'b [&'a str]) -> (Option<&'a str>, &'b [&'a str]) {
    match segments.split_first() {
        Some((first, rest)) if is_version(first) => (Some(first), rest),
        _ => (None, segments),
    }
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|number| {
        number.split_once('.').is_some_and(|(major, minor)| {
            !major.is_empty() && !minor.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        })
    })
}

/// Retired and unknown versions are refused; two paths may go without one.
pub(crate) fn check_version(world: &World, version: Option<&str>, path: &[&str]) -> Result<&'static str, GraphError> {
    let today = world.version_day();
    let Some(version) = version else {
        return match path {
            ["debug_token"] | ["oauth", "access_token"] => Ok("v21.0"),
            _ => Err(GraphError::unknown_path(path)),
        };
    };
    let Some((name, end)) = VERSIONS.iter().find(|(name, _)| *name == version) else {
        let mut whole = vec![version];
        whole.extend(path);
        return Err(GraphError::unknown_path(&whole));
    };
    let over = end.and_then(|(y, m, d)| NaiveDate::from_ymd_opt(y, m, d)).is_some_and(|end| end <= today);
    if over { Err(GraphError::retired_version(name)) } else { Ok(name) }
}

/// Graph takes each parameter from the query or from any kind of body; the body wins.
pub(crate) fn params(call: &Call) -> Fields {
    let mut fields = Fields::default();
    match &call.body {
        Body::Form(form) => form.iter().for_each(|(name, value)| fields.push(name, value)),
        Body::Multipart(parts) => {
            for part in parts.iter().filter(|part| !part.is_file) {
                if let Some(text) = part.text() {
                    fields.push(part.name.clone(), text);
                }
            }
        }
        Body::Json(Value::Object(map)) => {
            for (name, value) in map {
                match value {
                    Value::String(text) => fields.push(name.clone(), text.clone()),
                    other => fields.push(name.clone(), other.to_string()),
                }
            }
        }
        _ => {}
    }
    call.query.iter().for_each(|(name, value)| fields.push(name, value));
    fields
}

/// The Facebook Page that an account is, or that stands behind it.
pub(crate) fn page_of(world: &World, slug: Slug, account: &str) -> String {
    let page = world.accounts.get(slug, account).and_then(|account| account.extra.get("page")).and_then(Value::as_str);
    page.unwrap_or(account).to_owned()
}

pub(crate) fn is_false(value: &str) -> bool {
    matches!(value, "false" | "0")
}

/// What a role lets a person do on a page.
pub(crate) fn tasks(role: &str) -> &'static [&'static str] {
    match role {
        "ADMIN" => &["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"],
        "EDITOR" => &["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE"],
        _ => &["ANALYZE"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_stand_before_a_path() {
        assert_eq!(split_version(&["v25.0", "me"]), (Some("v25.0"), &["me"][..]));
        assert_eq!(split_version(&["me"]), (None, &["me"][..]));
        assert!(!is_version("videos") && !is_version("v25") && !is_version("v.") && !is_version("v1.x"));
    }
}
