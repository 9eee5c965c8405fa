//! X, API v2 (platforms.md 3): OAuth 2 with PKCE and single-use rotating refresh tokens, posts, media, timelines.

mod errors;
mod login;
mod media;
mod text;
mod tweets;

use axum::http::Method;

use self::errors::Problem;
use super::{Caller, Look, Network};
use crate::{
    wire::{Body, Call, Reply},
    world::{Account, Fault, Kind, Meter, Operation, Post, Slug, Standing, World},
};

pub(super) struct Twitter;

pub(super) const SLUG: Slug = Slug("twitter");

const QUARTER_HOUR: i64 = 15 * 60;

impl Network for Twitter {
    fn slug(&self) -> Slug {
        SLUG
    }

    fn title(&self) -> &'static str {
        "X"
    }

    fn mark(&self) -> &'static str {
        "X"
    }

    fn look(&self) -> Look {
        Look { light: "#1c1f24", dark: "#3d444f", corners: "50%" }
    }

    fn pages_word(&self) -> &'static str {
        "accounts"
    }

    fn seeds(&self) -> Vec<Account> {
        let user = |id, name, handle| Account::person(SLUG, id, name, handle);
        vec![
            user("1450000000000000001", "Northwind Coffee", "northwindcoffee").about("Small-batch roasters. Cork."),
            user("1450000000000000002", "Northwind Ireland", "northwind_ie").about("News from our Irish shops."),
            user("1450000000000000003", "Harbour & Pine", "harbourpine").about("We look after brands you like."),
            user("1450000000000000004", "Juniper Hotels", "juniperhotels").about("Nine houses by the sea."),
            Account { premium: true, ..user("1450000000000000005", "Kestrel Bikes", "kestrelbikes") }
                .about("Bicycles, built slowly."),
        ]
    }

    fn invent(&self, serial: u64, name: &str, _: Kind) -> Vec<Account> {
        vec![Account::person(SLUG, &format!("146{serial:016}"), name, &format!("user_{serial}"))]
    }

    fn scopes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("tweet.read", "See posts from your timeline"),
            ("tweet.write", "Post and delete posts for you"),
            ("users.read", "See your profile information"),
            ("media.write", "Upload media for you"),
            ("offline.access", "Stay connected until you revoke access"),
            ("users.email", "See your email address"),
            ("like.read", "See posts you liked"),
            ("like.write", "Like posts for you"),
            ("follows.read", "See whom you follow"),
            ("follows.write", "Follow people for you"),
        ]
    }

    fn offers_pages(&self, _: &[String]) -> bool {
        false
    }

    fn refusal_query(&self) -> &'static [(&'static str, &'static str)] {
        &[("error", "access_denied")]
    }

    fn code_prefix(&self) -> &'static str {
        ""
    }

    fn operation(&self, call: &Call) -> Operation {
        match (&call.method, call.segments().as_slice()) {
            (_, ["i", "oauth2", "authorize"]) => Operation::Authorize,
            (_, ["2", "oauth2", "token"]) => match call.form().and_then(|form| form.get("grant_type")) {
                Some("refresh_token") => Operation::Refresh,
                _ => Operation::Token,
            },
            (_, ["2", "oauth2", "revoke"]) => Operation::Revoke,
            (_, ["2", "users", "me"]) => Operation::Identity,
            (&Method::POST, ["2", "media", ..]) => Operation::Upload,
            (&Method::POST, ["2", "tweets"]) => Operation::Publish,
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
        match call.segments().as_slice() {
            ["2", "users", id, ..] if *id != "me" => vec![(*id).to_owned()],
            _ => Vec::new(),
        }
    }

    fn public_post(&self, call: &Call) -> Option<String> {
        match call.segments().as_slice() {
            [_, "status", id] | ["i", "web", "status", id] => Some((*id).to_owned()),
            _ => None,
        }
    }

    fn permalink(&self, world: &World, base: &str, post: &Post) -> String {
        let handle = world.accounts.get(SLUG, &post.account).map_or("i/web", |account| account.handle.as_str());
        format!("{base}/twitter/{handle}/status/{}", post.id)
    }

    fn handle(&self, world: &mut World, call: &Call) -> Reply {
        let segments = call.segments();
        match (&call.method, segments.as_slice()) {
            (&Method::GET, ["i", "oauth2", "authorize"]) => login::authorize(world, call),
            (&Method::POST, ["2", "oauth2", "token"]) => login::token(world, call),
            (&Method::POST, ["2", "oauth2", "revoke"]) => login::revoke(world, call),
            (method, path) => {
                api(world, call, method, path).unwrap_or_else(Reply::from).header("x-access-level", "read-write")
            }
        }
    }

    fn refuse(&self, world: &mut World, call: &Call, status: u16, fault: &Fault) -> Reply {
        let mut problem = match (status, self.operation(call)) {
            (400, Operation::Token | Operation::Refresh | Operation::Revoke) => {
                return login::invalid_request("Value passed for the token was invalid.");
            }
            (429, _) => {
                let wait = i64::try_from(fault.wait().unwrap_or(900)).unwrap_or(900);
                let reset = world.now() + chrono::TimeDelta::seconds(wait);
                let meter = Meter { limit: 100, used: 100, reset, exceeded: true };
                return errors::with_meter(Problem::too_many().into(), &meter);
            }
            (401, _) => Problem::unauthorized(),
            (410, _) => Problem::plain(410, "Gone", "This version of the API is no longer available."),
            (403, _) => Problem::forbidden("You are not permitted to perform this action."),
            (503, _) => Problem::plain(503, "Service Unavailable", "Service Unavailable"),
            (500.., _) => Problem::plain(status, "Internal Server Error", "Internal Server Error"),
            _ => Problem::plain(status, "Bad Request", "Bad Request"),
        };
        if let Some(message) = &fault.message {
            problem = problem.detail(message);
        }
        problem.into()
    }
}

/// A call limit of platforms.md 3, per user in a quarter of an hour.
struct Limit(&'static str, u64);

/// Everything under `/2` that needs a user's token.
fn api(world: &mut World, call: &Call, method: &Method, path: &[&str]) -> Result<Reply, Problem> {
    type Handler = fn(&mut World, &Call, &Caller, &[&str]) -> Result<Reply, Problem>;
    let (scopes, limit, handler): (&[&str], Limit, Handler) = match (method, path) {
        (&Method::GET, ["2", "users", "me"]) => {
            (&["users.read", "tweet.read"], Limit("users/me", 75), |world, call, caller, _| {
                tweets::me(world, call, caller)
            })
        }
        (&Method::POST, ["2", "tweets"]) => {
            (&["tweet.read", "tweet.write", "users.read"], Limit("tweets", 100), |world, call, caller, _| {
                tweets::create(world, call, caller)
            })
        }
        (&Method::GET, ["2", "tweets", _]) => {
            (&["tweet.read", "users.read"], Limit("tweets/:id", 900), |world, call, _, path| {
                tweets::one(world, call, path.last().copied().unwrap_or_default())
            })
        }
        (&Method::DELETE, ["2", "tweets", _]) => {
            (&["tweet.read", "tweet.write", "users.read"], Limit("tweets/delete", 50), |world, _, caller, path| {
                tweets::delete(world, caller, path.last().copied().unwrap_or_default())
            })
        }
        (&Method::GET, ["2", "users", _, "tweets"]) => {
            (&["tweet.read", "users.read"], Limit("users/:id/tweets", 900), |world, call, _, path| {
                tweets::timeline(world, call, path.get(2).copied().unwrap_or_default())
            })
        }
        (&Method::POST, ["2", "media", "upload", "initialize"]) => {
            (&["media.write"], Limit("media/initialize", 1_875), |world, call, caller, _| {
                media::initialize(world, call, caller)
            })
        }
        (&Method::POST, ["2", "media", "upload", _, "append"]) => {
            (&["media.write"], Limit("media/append", 1_875), |world, call, caller, path| {
                media::append(world, call, caller, path.get(3).copied().unwrap_or_default())
            })
        }
        (&Method::POST, ["2", "media", "upload", _, "finalize"]) => {
            (&["media.write"], Limit("media/finalize", 1_875), |world, _, caller, path| {
                media::finalize(world, caller, path.get(3).copied().unwrap_or_default())
            })
        }
        (&Method::GET, ["2", "media", "upload"]) => {
            (&["media.write"], Limit("media/status", 1_000), |world, call, caller, _| {
                media::status(world, call, caller)
            })
        }
        (&Method::POST, ["2", "media", "metadata"]) => {
            (&["media.write"], Limit("media/metadata", 500), |world, call, caller, _| {
                media::metadata(world, call, caller)
            })
        }
        _ => return Err(Problem::plain(404, "Not Found", "Not Found")),
    };
    let caller = authenticate(world, call)?;
    if !scopes.iter().all(|scope| caller.may(scope)) {
        return Err(Problem::forbidden("Forbidden"));
    }
    let meter = world.meter(format!("twitter {} {}", caller.person, limit.0), limit.1, QUARTER_HOUR);
    if meter.exceeded {
        return Ok(errors::with_meter(Problem::too_many().into(), &meter));
    }
    let reply = handler(world, call, &caller, path).unwrap_or_else(Reply::from);
    Ok(errors::with_meter(reply, &meter))
}

fn authenticate(world: &World, call: &Call) -> Result<Caller, Problem> {
    let token = call.bearer().ok_or_else(Problem::unauthorized)?;
    match world.oauth.standing(SLUG, token, world.now()) {
        Standing::Live(token, grant) if token.kind == crate::world::TokenKind::Access => Ok(Caller::new(token, grant)),
        _ => Err(Problem::unauthorized()),
    }
}

/// The JSON object of a request, or X's refusal of anything else.
fn json_body(call: &Call) -> Result<&serde_json::Map<String, serde_json::Value>, Problem> {
    match &call.body {
        Body::Json(serde_json::Value::Object(map)) => Ok(map),
        Body::Json(_) => Err(Problem::invalid("", "$: must be an object")),
        Body::Empty => Err(Problem::invalid("", "Request body is missing")),
        _ if call.content_type.as_deref() == Some("application/json") => {
            Err(Problem::invalid("", "The request body is not valid JSON"))
        }
        _ => Err(Problem::plain(
            415,
            "Unsupported Media Type",
            "The Content-Type of the request must be application/json",
        )),
    }
}
