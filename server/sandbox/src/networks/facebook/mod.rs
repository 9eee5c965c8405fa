//! Facebook Pages on the Graph API (platforms.md 1): dialog, short and long user tokens, page tokens without a timer,
//! permissions, feed, photos and the page's posts.

mod errors;
mod graph;
mod login;
mod publish;

use axum::http::Method;
use chrono::NaiveDate;
use serde_json::{Value, json};

use self::errors::GraphError;
use super::{Caller, Network};
use crate::{
    wire::{Body, Call, Fields, Reply},
    world::{Account, Fault, Kind, Meter, Operation, Post, Slug, Standing, World, random},
};

pub(super) struct Facebook;

pub(super) const SLUG: Slug = Slug("facebook");

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

impl Network for Facebook {
    fn slug(&self) -> Slug {
        SLUG
    }

    fn title(&self) -> &'static str {
        "Facebook"
    }

    fn mark(&self) -> &'static str {
        "f"
    }

    fn pages_word(&self) -> &'static str {
        "Pages"
    }

    fn seeds(&self) -> Vec<Account> {
        let person = |id, name, handle| Account::person(SLUG, id, name, handle).silent();
        let page = |id, name, handle, staff: &[_]| Account::page(SLUG, id, name, handle, staff);
        vec![
            person("10158230011223344", "Niamh Doyle", "niamh.doyle").about("Runs a coffee roastery"),
            person("10158230055667788", "Maya Lindqvist", "maya.lindqvist")
                .about("Works for the agency Harbour & Pine"),
            person("10158230099001122", "Tomás Okafor", "tomas.okafor").about("Reads figures, publishes for one page"),
            page(
                "102938475610293",
                "Northwind Coffee Roasters",
                "northwindcoffee",
                &[("10158230011223344", "ADMIN"), ("10158230055667788", "EDITOR")],
            )
            .about("Coffee shop"),
            page("102938475620394", "Northwind Cafés Cork", "northwindcork", &[("10158230011223344", "ADMIN")])
                .about("Café"),
            page("102938475630495", "Harbour & Pine", "harbourandpine", &[("10158230055667788", "ADMIN")])
                .about("Marketing agency"),
            page("102938475640596", "Juniper Hotels Group", "juniperhotels", &[("10158230055667788", "EDITOR")])
                .about("Hotel"),
            page(
                "102938475650697",
                "Kestrel Bikes",
                "kestrelbikes",
                &[("10158230055667788", "EDITOR"), ("10158230099001122", "ADMIN")],
            )
            .about("Bicycle shop"),
            page("102938475660798", "Meridian Dental", "meridiandental", &[("10158230099001122", "ANALYST")])
                .about("Dentist"),
        ]
    }

    fn invent(&self, serial: u64, name: &str, kind: Kind) -> Vec<Account> {
        let person_id = format!("1015900{serial:010}");
        let person = Account::person(SLUG, &person_id, &format!("{name} owner"), &format!("owner.{serial}")).silent();
        let page = Account::page(
            SLUG,
            &format!("1030{serial:011}"),
            name,
            &format!("page.{serial}"),
            &[(person_id.as_str(), "ADMIN")],
        );
        match kind {
            Kind::Person => vec![person],
            Kind::Page => vec![person, page],
        }
    }

    fn default_kind(&self) -> Kind {
        Kind::Page
    }

    fn scopes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("public_profile", "Receive your name and profile picture"),
            ("email", "Receive your email address"),
            ("business_management", "Manage your businesses"),
            ("pages_show_list", "See a list of the Pages you manage"),
            ("pages_manage_posts", "Create and manage posts on your Pages"),
            ("pages_read_engagement", "Read content posted on your Pages"),
            ("pages_manage_engagement", "Create and manage comments on your Pages"),
            ("pages_read_user_content", "Read what people post on your Pages"),
            ("pages_manage_metadata", "Manage settings of your Pages"),
            ("pages_messaging", "Manage conversations of your Pages"),
            ("read_insights", "Read figures of your Pages"),
            ("publish_video", "Publish live video"),
        ]
    }

    fn fixed_scopes(&self) -> &'static [&'static str] {
        &["public_profile"]
    }

    fn offers_pages(&self, scopes: &[String]) -> bool {
        scopes.iter().any(|scope| scope.starts_with("pages_"))
    }

    fn refusal_query(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("error", "access_denied"),
            ("error_code", "200"),
            ("error_description", "Permissions error"),
            ("error_reason", "user_denied"),
        ]
    }

    fn code_prefix(&self) -> &'static str {
        "AQ"
    }

    /// Facebook does this so that no fragment of an earlier address is carried over.
    fn redirect_tail(&self) -> &'static str {
        "#_=_"
    }

    fn operation(&self, call: &Call) -> Operation {
        let segments = call.segments();
        let (_, path) = split_version(&segments);
        match (&call.method, path) {
            (_, ["dialog", "oauth"]) => Operation::Authorize,
            (_, ["oauth", "access_token"]) => {
                if params(call).get("grant_type") == Some("fb_exchange_token") {
                    Operation::Refresh
                } else {
                    Operation::Token
                }
            }
            (&Method::DELETE, [_, "permissions", ..]) => Operation::Revoke,
            (&Method::POST, [_, "photos"]) if params(call).get("published").is_some_and(is_false) => Operation::Upload,
            (&Method::POST, [_, "feed" | "photos"]) => Operation::Publish,
            (&Method::GET, ["debug_token" | "me"] | [_, "accounts" | "permissions" | "businesses"]) => {
                Operation::Identity
            }
            _ => Operation::Status,
        }
    }

    fn credential(&self, call: &Call) -> Option<String> {
        let params = params(call);
        ["fb_exchange_token", "code", "input_token", "access_token"]
            .iter()
            .find_map(|name| params.filled(name))
            .or_else(|| call.bearer())
            .map(str::to_owned)
    }

    fn named_accounts(&self, call: &Call) -> Vec<String> {
        let segments = call.segments();
        let (_, path) = split_version(&segments);
        path.first().and_then(|id| id.split('_').next()).map(str::to_owned).into_iter().collect()
    }

    fn pulls(&self, call: &Call) -> Option<String> {
        let segments = call.segments();
        let (_, path) = split_version(&segments);
        match (&call.method, path) {
            (&Method::POST, [_, "photos"]) => params(call).filled("url").map(str::to_owned),
            _ => None,
        }
    }

    fn public_post(&self, call: &Call) -> Option<String> {
        match call.segments().as_slice() {
            [page, "posts", post] => Some(format!("{page}_{post}")),
            // The short form, which Facebook sends on to the long one. No Graph path looks like it.
            [id] if id.contains('_') && id.bytes().all(|b| b.is_ascii_digit() || b == b'_') => Some((*id).to_owned()),
            _ => None,
        }
    }

    fn permalink(&self, _: &World, base: &str, post: &Post) -> String {
        let (page, own) = post.id.split_once('_').unwrap_or((post.account.as_str(), post.id.as_str()));
        format!("{base}/facebook/{page}/posts/{own}")
    }

    fn handle(&self, world: &mut World, call: &Call) -> Reply {
        let segments = call.segments();
        let (version, path) = split_version(&segments);
        let version = match check_version(world, version, path) {
            Ok(version) => version,
            Err(error) => return error.into(),
        };
        let reply = match (&call.method, path) {
            (&Method::GET, ["dialog", "oauth"]) => return login::dialog(world, call),
            (&Method::GET | &Method::POST, ["oauth", "access_token"]) => login::access_token(world, call),
            (&Method::GET, ["debug_token"]) => login::debug_token(world, call),
            _ => api(world, call, path),
        };
        let app = usage(world, "app".to_owned(), APP_CALLS_PER_HOUR, 3_600);
        let reply: Reply = if app.exceeded { GraphError::app_limit().into() } else { reply.into() };
        reply
            .header("facebook-api-version", version)
            .header("x-app-usage", usage_json(&app).to_string())
            .header("x-fb-trace-id", random(11))
            .header("cache-control", "private, no-cache, no-store, must-revalidate")
    }

    fn refuse(&self, world: &mut World, call: &Call, status: u16, fault: &Fault) -> Reply {
        let (code, subcode, kind, message, transient) = match status {
            401 => (
                190,
                Some(460),
                "OAuthException",
                "Error validating access token: The session has been invalidated.",
                false,
            ),
            403 => (200, None, "OAuthException", "(#200) Permissions error", false),
            429 => (4, None, "OAuthException", "(#4) Application request limit reached", true),
            500.. => {
                (2, None, "OAuthException", "An unexpected error has occurred. Please retry your request later.", true)
            }
            _ => (100, None, "OAuthException", "(#100) Invalid parameter", false),
        };
        let mut error =
            GraphError::new(status, fault.code.unwrap_or(code), fault.message.as_deref().unwrap_or(message));
        error.subcode = fault.subcode.or(subcode);
        error.kind = kind;
        error.transient = transient;
        let mut reply: Reply = error.into();
        let app = usage(world, "app".to_owned(), APP_CALLS_PER_HOUR, 3_600);
        reply = reply.header("x-app-usage", usage_json(&app).to_string());
        if let Some(seconds) = fault.retry_after {
            let page = self.named_accounts(call).pop().unwrap_or_default();
            let minutes = seconds.div_ceil(60);
            let usage = json!({ page: [{ "type": "pages", "call_count": 100, "total_cputime": 25, "total_time": 25,
                "estimated_time_to_regain_access": minutes }] });
            reply = reply.header("x-business-use-case-usage", usage.to_string());
        }
        reply
    }
}

/// An answer or an error body; both end as an HTTP answer.
pub(super) type Answer = Result<Value, GraphError>;

/// Everything that needs a token.
fn api(world: &mut World, call: &Call, path: &[&str]) -> Result<Reply, GraphError> {
    let caller = authenticate(world, call)?;
    // `me` is whoever the token speaks for.
    let me = caller.page.clone().unwrap_or_else(|| caller.person.clone());
    let own = |id: &str| if id == "me" { me.clone() } else { id.to_owned() };
    let params = params(call);
    let value = match (&call.method, path) {
        (&Method::GET, [id]) => graph::node(world, call, &caller, &own(id), &params),
        (&Method::DELETE, [id]) => publish::delete(world, &caller, id),
        (&Method::GET, [id, "accounts"]) => graph::accounts(world, call, &caller, &own(id), &params),
        (&Method::GET, [id, "permissions"]) => graph::permissions(world, &caller, &own(id)),
        (&Method::DELETE, [id, "permissions"]) => graph::forget(world, &caller, &own(id), None),
        (&Method::DELETE, [id, "permissions", scope]) => graph::forget(world, &caller, &own(id), Some(scope)),
        (&Method::GET, [id, "businesses"]) => graph::businesses(&caller, &own(id)),
        (&Method::GET, [id, "feed" | "posts" | "published_posts"]) => {
            graph::posts(world, call, &caller, &own(id), &params)
        }
        (&Method::POST, [id, "feed"]) => publish::feed(world, &caller, &own(id), &params),
        (&Method::POST, [id, "photos"]) => publish::photo(world, call, &caller, &own(id), &params),
        _ => Err(GraphError::unknown_path(path)),
    }?;
    let mut reply = Reply::ok(&value);
    if let Some(page) = &caller.page {
        let meter = usage(world, format!("page {page}"), PAGE_CALLS_PER_DAY, 86_400);
        if meter.exceeded {
            return Err(GraphError::page_limit());
        }
        let mut one = usage_json(&meter);
        if let Some(map) = one.as_object_mut() {
            map.insert("type".to_owned(), "pages".into());
            map.insert("estimated_time_to_regain_access".to_owned(), 0.into());
        }
        reply = reply.header("x-business-use-case-usage", json!({ page: [one] }).to_string());
    }
    Ok(reply)
}

fn usage(world: &mut World, key: String, limit: u64, window: i64) -> Meter {
    world.meter(format!("facebook {key}"), limit, window)
}

/// Percentages, as Meta gives them.
fn usage_json(meter: &Meter) -> Value {
    let percent = (meter.used * 100 / meter.limit.max(1)).min(100);
    json!({ "call_count": percent, "total_cputime": percent / 4, "total_time": percent / 4 })
}

fn authenticate(world: &World, call: &Call) -> Result<Caller, GraphError> {
    let params = params(call);
    let Some(token) = params.filled("access_token").or_else(|| call.bearer()) else {
        return Err(GraphError::new(400, 104, "An access token is required to request this resource."));
    };
    let now = world.now();
    match world.oauth.standing(SLUG, token, now) {
        Standing::Live(token, grant) => Ok(Caller::new(token, grant)),
        Standing::Expired(token, _) => Err(GraphError::expired(token.expires_at, now)),
        Standing::Revoked(_, grant) | Standing::Spent(_, grant) => Err(GraphError::not_authorized(&grant.client)),
        Standing::Unknown => Err(GraphError::new(400, 190, "Invalid OAuth access token - Cannot parse access token")),
    }
}

/// `v25.0` apart from the rest of the path.
fn split_version<'a, 'b>(segments: &'b [&'a str]) -> (Option<&'a str>, &'b [&'a str]) {
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
fn check_version(world: &World, version: Option<&str>, path: &[&str]) -> Result<&'static str, GraphError> {
    let today = world.config.versions_as_of.day(world.now());
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
fn params(call: &Call) -> Fields {
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

fn is_false(value: &str) -> bool {
    matches!(value, "false" | "0")
}

/// What a role lets a person do on a page.
fn tasks(role: &str) -> &'static [&'static str] {
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
