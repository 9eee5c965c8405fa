//! LinkedIn (platforms.md 4): OAuth without PKCE, members and organisations, the versioned APIs for posts, images,
//! documents, films and comments.

mod comments;
mod errors;
mod images;
mod little_text;
mod login;
mod pages;
mod posts;
mod videos;

use axum::http::Method;
use chrono::{Datelike as _, NaiveDate};

use self::{errors::ApiError, images::Kind as Medium};
use super::{Caller, Look, Network};
use crate::{
    wire::{Body, Call, Reply, percent_encode},
    world::{Account, Fault, Kind, Operation, Post, Slug, Standing, TokenKind, World, random},
};

pub(super) struct LinkedIn;

pub(super) const SLUG: Slug = Slug("linkedin");

/// Posts that a member may make in a day, UTC. Nothing in an answer tells how many are left.
const POSTS_PER_DAY: u64 = 150;

impl Network for LinkedIn {
    fn slug(&self) -> Slug {
        SLUG
    }

    fn title(&self) -> &'static str {
        "LinkedIn"
    }

    fn mark(&self) -> &'static str {
        "in"
    }

    fn look(&self) -> Look {
        Look { light: "#0a5bab", dark: "#2670b3", corners: "8px" }
    }

    fn pages_word(&self) -> &'static str {
        "Organisations"
    }

    fn seeds(&self) -> Vec<Account> {
        let member = |id, name, handle| Account::person(SLUG, id, name, handle);
        let page = |id, name, handle, staff: &[_]| Account::page(SLUG, id, name, handle, staff);
        vec![
            member("nDoyle7Qx2", "Niamh Doyle", "niamh-doyle").about("Founder at Northwind Coffee"),
            member("mLindq8Vr4", "Maya Lindqvist", "maya-lindqvist").about("Account lead at Harbour & Pine"),
            member("pRaman3Kd9", "Priya Raman", "priya-raman").about("Communications at Juniper Hotels Group"),
            page(
                "71450021",
                "Northwind Coffee",
                "northwind-coffee",
                &[("nDoyle7Qx2", "ADMINISTRATOR"), ("mLindq8Vr4", "CONTENT_ADMINISTRATOR")],
            )
            .about("Food and beverage"),
            page("71450022", "Harbour & Pine", "harbour-and-pine", &[("mLindq8Vr4", "ADMINISTRATOR")])
                .about("Advertising services"),
            page(
                "71450023",
                "Juniper Hotels Group",
                "juniper-hotels-group",
                &[("pRaman3Kd9", "ADMINISTRATOR"), ("mLindq8Vr4", "ANALYST")],
            )
            .about("Hospitality"),
        ]
    }

    fn invent(&self, serial: u64, name: &str, kind: Kind) -> Vec<Account> {
        let id = format!("sb{serial:08}");
        let member = Account::person(SLUG, &id, name, &format!("member-{serial}"));
        match kind {
            Kind::Person => vec![member],
            Kind::Page => {
                let page = Account::page(
                    SLUG,
                    &format!("72{serial:06}"),
                    name,
                    &format!("company-{serial}"),
                    &[(id.as_str(), "ADMINISTRATOR")],
                );
                vec![Account { name: format!("{name} admin"), ..member }, page]
            }
        }
    }

    fn scopes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("openid", "Know who you are"),
            ("profile", "Use your name and photo"),
            ("email", "Use the primary email address of your LinkedIn account"),
            ("w_member_social", "Create, modify and delete posts on your behalf"),
            ("r_organization_social", "Retrieve posts of your organisations"),
            ("w_organization_social", "Create, modify and delete posts of your organisations"),
            ("rw_organization_admin", "Manage your organisations' pages and retrieve their figures"),
            ("r_ads", "Retrieve your advertising accounts"),
            ("r_ads_reporting", "Retrieve figures of your advertising accounts"),
            ("rw_ads", "Manage your advertising accounts"),
        ]
    }

    fn offers_pages(&self, scopes: &[String]) -> bool {
        scopes.iter().any(|scope| scope.contains("_organization_"))
    }

    fn refusal_query(&self) -> &'static [(&'static str, &'static str)] {
        &[("error", "user_cancelled_authorize"), ("error_description", "The user cancelled the authorization")]
    }

    fn code_prefix(&self) -> &'static str {
        "AQ"
    }

    fn operation(&self, call: &Call) -> Operation {
        match (&call.method, call.segments().as_slice()) {
            (_, ["oauth", "v2", "authorization"]) => Operation::Authorize,
            (_, ["oauth", "v2", "accessToken"]) => match call.form().and_then(|form| form.get("grant_type")) {
                Some("refresh_token") => Operation::Refresh,
                _ => Operation::Token,
            },
            (_, ["oauth", "v2", "revoke"]) => Operation::Revoke,
            (
                _,
                ["oauth", "v2", "introspectToken"]
                | ["v2", "userinfo"]
                | ["rest", "organizationAcls" | "organizations", ..],
            ) => Operation::Identity,
            (&Method::POST, ["rest", "images" | "documents" | "videos"]) | (_, ["dms-uploads", ..]) => {
                Operation::Upload
            }
            (&Method::POST, ["rest", "socialActions", ..]) => Operation::Comment,
            (&Method::POST, ["rest", "posts"]) => Operation::Publish,
            _ => Operation::Status,
        }
    }

    fn credential(&self, call: &Call) -> Option<String> {
        let form = call.form();
        ["refresh_token", "code", "token"]
            .iter()
            .find_map(|name| form.and_then(|form| form.filled(name)))
            .or_else(|| call.bearer())
            .map(str::to_owned)
    }

    fn named_accounts(&self, call: &Call) -> Vec<String> {
        let mut urns: Vec<&str> = call.query.get("author").into_iter().collect();
        if let Body::Json(body) = &call.body {
            let places = ["/author", "/actor", "/initializeUploadRequest/owner"];
            urns.extend(places.iter().filter_map(|at| body.pointer(at)).filter_map(|urn| urn.as_str()));
        }
        if let ["rest", "organizations", id] = call.segments().as_slice() {
            urns.push(id);
        }
        urns.into_iter().filter_map(|urn| urn.rsplit(':').next()).map(str::to_owned).collect()
    }

    fn meant_accounts(&self, world: &World, call: &Call) -> Vec<String> {
        let segments = call.segments();
        let ["dms-uploads", _, name, ..] = segments.as_slice() else { return Vec::new() };
        let kinds = ["image", "document", "video"];
        let item = kinds.iter().find_map(|kind| world.media.get(SLUG, &format!("urn:li:{kind}:{name}")));
        item.map(|item| item.owner.clone()).into_iter().collect()
    }

    fn public_post(&self, call: &Call) -> Option<String> {
        match call.segments().as_slice() {
            ["feed", "update", urn] => Some((*urn).to_owned()),
            _ => None,
        }
    }

    fn permalink(&self, _: &World, base: &str, post: &Post) -> String {
        format!("{base}/linkedin/feed/update/{}", post.id)
    }

    fn handle(&self, world: &mut World, call: &Call) -> Reply {
        let segments = call.segments();
        let answer = match (&call.method, segments.as_slice()) {
            (&Method::GET, ["oauth", "v2", "authorization"]) => return login::authorization(world, call),
            (&Method::POST, ["oauth", "v2", "accessToken"]) => return login::access_token(world, call),
            (&Method::POST, ["oauth", "v2", "revoke"]) => return login::revoke(world, call),
            (&Method::POST, ["oauth", "v2", "introspectToken"]) => return login::introspect(world, call),
            (&Method::PUT, ["dms-uploads", ticket, id]) => images::upload(world, call, ticket, id, Medium::Image),
            (&Method::PUT, ["dms-uploads", ticket, id, "uploadedDocument"]) => {
                images::upload(world, call, ticket, id, Medium::Document)
            }
            (&Method::PUT, ["dms-uploads", ticket, id, "uploadedVideo", part]) => {
                videos::upload(world, call, ticket, id, part)
            }
            (&Method::GET, ["v2", "userinfo"]) => pages::userinfo(world, call),
            (method, ["rest", rest @ ..]) => rest_api(world, call, method, rest),
            _ => Err(ApiError::no_resource(&call.path)),
        };
        let reply: Reply = answer.unwrap_or_else(Reply::from);
        reply.header("x-li-uuid", random(22)).header("x-li-fabric", "sandbox")
    }

    fn sunset(&self, world: &mut World, call: &Call, fault: &Fault) -> Reply {
        self.refuse(world, call, 426, fault)
    }

    fn refuse(&self, _: &mut World, call: &Call, status: u16, fault: &Fault) -> Reply {
        let oauth = matches!(call.segments().first(), Some(&"oauth"));
        if oauth && status < 500 && status != 429 {
            return login::oauth_error(status, "invalid_grant", login::BAD_GRANT);
        }
        let (service, code, message) = match status {
            401 => (Some(65_601), "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user"),
            403 => (Some(100), "ACCESS_DENIED", "Not enough permissions to access the resource"),
            422 => (None, "UNPROCESSABLE_ENTITY", "Unprocessable entity"),
            426 => (None, "NONEXISTENT_VERSION", "Requested version is not active"),
            429 => {
                let words = "Resource level throttle DAY limit for calls to this resource is reached.";
                (Some(101), "TOO_MANY_REQUESTS", words)
            }
            503 => (None, "SERVICE_UNAVAILABLE", "Service unavailable"),
            504 => (None, "GATEWAY_TIMEOUT", "The gateway timed out"),
            500.. => (None, "INTERNAL_SERVER_ERROR", "Internal Server Error"),
            _ => (None, "ILLEGAL_ARGUMENT", "Invalid argument"),
        };
        let mut error = ApiError::new(status, code, fault.message.as_deref().unwrap_or(message));
        error.service = fault.number().or(service);
        error.into()
    }
}

/// Everything under `/rest`: version, protocol and token are checked before the path is.
fn rest_api(world: &mut World, call: &Call, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    let caller = authenticate(world, call)?;
    check_version(world, call)?;
    match call.header("x-restli-protocol-version") {
        Some("2.0.0") => {}
        Some(other) => {
            return Err(ApiError::new(
                400,
                "ILLEGAL_ARGUMENT",
                format!("Unsupported Rest.li protocol version: {other}"),
            ));
        }
        None => {
            return Err(ApiError::new(
                400,
                "ILLEGAL_ARGUMENT",
                "X-Restli-Protocol-Version header with value 2.0.0 is required",
            ));
        }
    }
    let reply = match (method, path) {
        (&Method::GET, ["organizationAcls"]) => pages::acls(world, call, &caller),
        (&Method::GET, ["organizations", id]) => pages::organization(world, call, &caller, id),
        (&Method::POST, ["posts"]) => posts::create(world, call, &caller),
        (&Method::GET, ["posts"]) => posts::by_author(world, call, &caller),
        (&Method::GET, ["posts", urn]) => posts::one(world, call, &caller, urn),
        (&Method::DELETE, ["posts", urn]) => posts::delete(world, &caller, urn),
        (&Method::POST, ["images"]) => images::initialize(world, call, &caller, Medium::Image),
        (&Method::GET, ["images", urn]) => images::one(world, call, &caller, urn, Medium::Image),
        (&Method::POST, ["documents"]) => images::initialize(world, call, &caller, Medium::Document),
        (&Method::GET, ["documents", urn]) => images::one(world, call, &caller, urn, Medium::Document),
        (&Method::POST, ["videos"]) => videos::action(world, call, &caller),
        (&Method::GET, ["videos", urn]) => videos::one(world, call, &caller, urn),
        (&Method::POST, ["socialActions", urn, "comments"]) => comments::create(world, call, &caller, urn),
        (&Method::GET, ["socialActions", urn, "comments"]) => comments::list(world, call, &caller, urn),
        _ => Err(ApiError::no_resource(&call.path)),
    }?;
    Ok(reply.header("x-restli-protocol-version", "2.0.0"))
}

fn authenticate(world: &World, call: &Call) -> Result<Caller, ApiError> {
    let Some(token) = call.bearer() else {
        return Err(ApiError::token(65_604, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token"));
    };
    match world.oauth.standing(SLUG, token, world.now()) {
        Standing::Live(token, grant) if token.kind == TokenKind::Access => Ok(Caller::new(token, grant)),
        Standing::Expired(..) => {
            Err(ApiError::token(65_602, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired"))
        }
        Standing::Revoked(..) => Err(ApiError::token(
            65_601,
            "REVOKED_ACCESS_TOKEN",
            "The token used in the request has been revoked by the user",
        )),
        _ => Err(ApiError::token(65_600, "INVALID_ACCESS_TOKEN", "Invalid access token")),
    }
}

/// A version is named by its month, cannot lie in the future, and ends a year later on the 15th.
fn check_version(world: &World, call: &Call) -> Result<(), ApiError> {
    let Some(version) = call.header("linkedin-version") else {
        return Err(ApiError::new(
            400,
            "VERSION_MISSING",
            "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
        ));
    };
    let today = world.version_day();
    let first =
        (version.len() == 6).then(|| NaiveDate::parse_from_str(&format!("{version}01"), "%Y%m%d").ok()).flatten();
    let Some(first) = first else {
        return Err(ApiError::new(400, "ILLEGAL_ARGUMENT", format!("Invalid version format: {version}. Use YYYYMM.")));
    };
    let last = first.with_day(15).and_then(|day| day.with_year(first.year() + 1));
    if first <= today && last.is_some_and(|last| today <= last) {
        return Ok(());
    }
    Err(ApiError::new(426, "NONEXISTENT_VERSION", format!("Requested version {version} is not active")))
}

/// What an author or owner may be, taken from its URN.
enum Author<'a> {
    Person(&'a str),
    Organization(&'a str),
}

impl<'a> Author<'a> {
    fn parse(urn: &'a str) -> Option<Self> {
        urn.strip_prefix("urn:li:person:")
            .map(Self::Person)
            .or_else(|| urn.strip_prefix("urn:li:organization:").map(Self::Organization))
    }

    fn id(&self) -> &'a str {
        match self {
            Self::Person(id) | Self::Organization(id) => id,
        }
    }
}

fn urn_of(account: &Account) -> String {
    match account.kind {
        Kind::Person => format!("urn:li:person:{}", account.id),
        Kind::Page => format!("urn:li:organization:{}", account.id),
    }
}

/// May the caller write in this author's name? Members for themselves, organisations through a role.
fn may_write<'w>(world: &'w World, caller: &Caller, urn: &str, resource: &str) -> Result<&'w Account, ApiError> {
    let denied = || ApiError::denied(resource);
    let author = Author::parse(urn).ok_or_else(|| ApiError::field_value("/author", urn))?;
    let account = world.accounts.get(SLUG, author.id()).ok_or_else(denied)?;
    let allowed = match author {
        Author::Person(id) => account.kind == Kind::Person && id == caller.person && caller.may("w_member_social"),
        Author::Organization(id) => {
            account.kind == Kind::Page
                && caller.may("w_organization_social")
                && caller.assets.iter().any(|asset| asset == id)
                && matches!(account.role_of(&caller.person), Some("ADMINISTRATOR" | "CONTENT_ADMINISTRATOR"))
        }
    };
    if allowed { Ok(account) } else { Err(denied()) }
}

/// May the caller read what an organisation posted? Members' posts need a scope that LinkedIn gives to nobody.
fn may_read(world: &World, caller: &Caller, account: &str, resource: &str) -> Result<(), ApiError> {
    let page = world.accounts.get(SLUG, account).filter(|account| account.kind == Kind::Page);
    let allowed = page.is_some_and(|page| {
        caller.may("r_organization_social")
            && caller.assets.contains(&page.id)
            && page.role_of(&caller.person).is_some()
    });
    if allowed { Ok(()) } else { Err(ApiError::denied(resource)) }
}

/// The JSON object of a request.
fn json_body(call: &Call) -> Result<&serde_json::Value, ApiError> {
    match &call.body {
        Body::Json(value) if value.is_object() => Ok(value),
        Body::Json(_) => Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Cannot parse request entity: not an object")),
        Body::Empty => Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Empty entity body")),
        _ if call.content_type.as_deref() == Some("application/json") => {
            Err(ApiError::new(400, "ILLEGAL_ARGUMENT", "Cannot parse request entity"))
        }
        _ => Err(ApiError::new(415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported content type in request entity")),
    }
}

/// `start` and `count` of a finder.
fn window(call: &Call, most: usize) -> Result<(usize, usize), ApiError> {
    let number = |name: &str, default: usize| match call.query.filled(name) {
        None => Ok(default),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| ApiError::new(400, "PARAM_INVALID", format!("Invalid value for param {name}: {text}"))),
    };
    let count = number("count", 10)?;
    if count == 0 || count > most {
        return Err(ApiError::new(400, "PARAM_INVALID", format!("Param count must be between 1 and {most}")));
    }
    Ok((number("start", 0)?, count))
}

/// `paging` with links to the neighbours on our own address.
fn paging(call: &Call, start: usize, count: usize, total: usize) -> serde_json::Value {
    let link = |rel: &str, at: usize| {
        let mut query: Vec<String> = call
            .query
            .iter()
            .filter(|(name, _)| !matches!(*name, "start" | "count"))
            .map(|(name, value)| format!("{name}={}", percent_encode(value)))
            .collect();
        query.push(format!("start={at}&count={count}"));
        let href = format!("{}/linkedin/{}?{}", call.base, call.path.join("/"), query.join("&"));
        serde_json::json!({ "type": "application/json", "rel": rel, "href": href })
    };
    let mut links = Vec::new();
    if start > 0 {
        links.push(link("prev", start.saturating_sub(count)));
    }
    if start + count < total {
        links.push(link("next", start + count));
    }
    serde_json::json!({ "start": start, "count": count, "links": links, "total": total })
}
