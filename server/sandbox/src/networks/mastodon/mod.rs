//! A Mastodon instance: OAuth with an optional PKCE, accounts, media that are worked on, statuses under an idempotency
//! key. After docs.joinmastodon.org and mastodon/mastodon (see the adapter for which pages); written apart from it.
//!
//! As on a real instance:
//!
//! - A person allows everything that is asked for or nothing; scopes cannot be unticked. Tokens have no timer, and there
//!   are no refresh tokens.
//! - `Idempotency-Key` is remembered for an hour per account: the same key brings the same status, whatever else the
//!   request says.
//! - Pictures are ready with the answer (200), films and GIFs are worked on behind it (202, then 206 of
//!   `GET /api/v1/media/{id}` until 200). A status with unfinished files is refused.
//! - Texts come back as HTML. Mentions of reachable accounts lose their domains; here those of this instance are
//!   reachable, and whatever ends in `.social`.
//! - Limits are told with every answer, their end in ISO 8601.
//!
//! Where the documentation leaves something open: a form that names an unknown `visibility` or answers a status that is
//! not there is refused with 422 and 404. Polls, scheduled statuses, quotes and `client_credentials` are not simulated
//! and refused with 422.

mod errors;
mod login;
mod media;
mod statuses;
mod text;

use axum::http::{Method, StatusCode};

use self::errors::{Refusal, with_meter};
use super::{Caller, Look, Network};
use crate::{
    wire::{Body, Call, Reply},
    world::{Account, Fault, Kind, Meter, Operation, Post, Slug, Standing, TokenKind, World},
};

pub(super) struct Mastodon;

const SLUG: Slug = Slug("mastodon");

const MINUTE: i64 = 60;

impl Network for Mastodon {
    fn slug(&self) -> Slug {
        SLUG
    }

    fn title(&self) -> &'static str {
        "Mastodon"
    }

    fn mark(&self) -> &'static str {
        "M"
    }

    fn look(&self) -> Look {
        Look { light: "#5a4fcf", dark: "#6d62dd", corners: "14px" }
    }

    fn pages_word(&self) -> &'static str {
        "accounts"
    }

    fn seeds(&self) -> Vec<Account> {
        let user = |id, name, handle| Account::person(SLUG, id, name, handle);
        vec![
            user("109302436954721901", "Northwind Coffee", "northwindcoffee").about("Small-batch roasters. Cork."),
            user("109302436954721902", "Harbour & Pine", "harbourpine").about("We look after brands you like."),
            user("109302436954721903", "Kestrel Bikes", "kestrelbikes").about("Bicycles, built slowly."),
            user("109302436954721904", "Juniper Hotels", "juniperhotels").about("Nine houses by the sea."),
        ]
    }

    fn invent(&self, serial: u64, name: &str, _: Kind) -> Vec<Account> {
        vec![Account::person(SLUG, &format!("110{serial:015}"), name, &format!("user_{serial}"))]
    }

    fn scopes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("profile", "Read only your account's profile information"),
            ("read", "Read all your account's data"),
            ("read:accounts", "See account information"),
            ("read:statuses", "See all posts"),
            ("write", "Modify all your account's data"),
            ("write:media", "Upload media files"),
            ("write:statuses", "Publish posts"),
            ("push", "Receive your push notifications"),
        ]
    }

    fn fixed_scopes(&self) -> &'static [&'static str] {
        &["profile", "read", "read:accounts", "read:statuses", "write", "write:media", "write:statuses", "push"]
    }

    fn offers_pages(&self, _: &[String]) -> bool {
        false
    }

    fn refusal_query(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("error", "access_denied"),
            ("error_description", "The resource owner or authorization server denied the request."),
        ]
    }

    fn code_prefix(&self) -> &'static str {
        ""
    }

    fn operation(&self, call: &Call) -> Operation {
        match (&call.method, call.segments().as_slice()) {
            (_, ["oauth", "authorize"]) => Operation::Authorize,
            (_, ["oauth", "token"]) => Operation::Token,
            (_, ["oauth", "revoke"]) => Operation::Revoke,
            (_, ["api", "v1", "accounts", "verify_credentials"]) => Operation::Identity,
            (&Method::POST, ["api", _, "media"]) => Operation::Upload,
            (&Method::POST, ["api", "v1", "statuses"]) => {
                if field(call, "in_reply_to_id").is_some() {
                    Operation::Comment
                } else {
                    Operation::Publish
                }
            }
            _ => Operation::Status,
        }
    }

    fn credential(&self, call: &Call) -> Option<String> {
        let form = call.form();
        ["code", "token"]
            .iter()
            .find_map(|name| form.and_then(|form| form.filled(name)))
            .or_else(|| call.bearer())
            .map(str::to_owned)
    }

    fn named_accounts(&self, call: &Call) -> Vec<String> {
        match call.segments().as_slice() {
            ["api", "v1", "accounts", id, "statuses"] => vec![(*id).to_owned()],
            _ => Vec::new(),
        }
    }

    fn public_post(&self, call: &Call) -> Option<String> {
        match call.segments().as_slice() {
            [handle, id] if handle.starts_with('@') => Some((*id).to_owned()),
            _ => None,
        }
    }

    fn permalink(&self, world: &World, base: &str, post: &Post) -> String {
        let handle = world.accounts.get(SLUG, &post.account).map_or("nobody", |account| account.handle.as_str());
        format!("{base}/mastodon/@{handle}/{}", post.id)
    }

    fn handle(&self, world: &mut World, call: &Call) -> Reply {
        match (&call.method, call.segments().as_slice()) {
            (&Method::GET, ["oauth", "authorize"]) => login::authorize(world, call),
            (&Method::POST, ["oauth", "token"]) => login::token(world, call),
            (&Method::POST, ["oauth", "revoke"]) => login::revoke(world, call),
            (method, path) => api(world, call, method, path).unwrap_or_else(Reply::from),
        }
    }

    fn refuse(&self, world: &mut World, call: &Call, status: u16, fault: &Fault) -> Reply {
        let words = fault.message.clone();
        match (status, self.operation(call)) {
            (400 | 401, Operation::Token | Operation::Revoke) => login::invalid_grant(),
            (401, _) => Refusal::token("The access token is invalid").into(),
            (403, _) => {
                Refusal::new(403, words.unwrap_or_else(|| "Your login is currently disabled".to_owned())).into()
            }
            (429, _) => {
                let wait = i64::try_from(fault.wait().unwrap_or(300)).unwrap_or(300);
                let reset = world.now() + chrono::TimeDelta::seconds(wait);
                let meter = Meter { limit: 300, used: 301, reset, exceeded: true };
                with_meter(Refusal::too_many().into(), &meter)
            }
            (422, _) => Refusal::invalid(&words.unwrap_or_else(|| "Text is invalid".to_owned())).into(),
            (503, _) => {
                Refusal::new(503, "There was a temporary problem serving your request, please try again").into()
            }
            (500.., _) => Reply::typed(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/html; charset=utf-8",
                "<!doctype html><title>We're sorry, but something went wrong</title>",
            ),
            _ => Refusal::new(status, words.unwrap_or_else(|| "Bad request".to_owned())).into(),
        }
    }
}

/// A limit: what it counts, how often, and in how many minutes.
struct Limit(&'static str, u64, i64);

/// Everything under `/api`.
fn api(world: &mut World, call: &Call, method: &Method, path: &[&str]) -> Result<Reply, Refusal> {
    type Handler = fn(&mut World, &Call, &Caller, &[&str]) -> Result<Reply, Refusal>;
    const ACCESS: Limit = Limit("api", 300, 5);
    let (scopes, limit, handler): (&[&str], Limit, Handler) = match (method, path) {
        (&Method::GET, ["api", "v1", "accounts", "verify_credentials"]) => {
            (&["profile", "read", "read:accounts"], ACCESS, |world, call, caller, _| login::me(world, call, caller))
        }
        (&Method::GET, ["api", "v1", "accounts", _, "statuses"]) => {
            (&["read", "read:statuses"], ACCESS, |world, call, caller, path| {
                statuses::of_account(world, call, caller, path.get(3).copied().unwrap_or_default())
            })
        }
        (&Method::POST, ["api", "v2", "media"]) => {
            (&["write", "write:media"], Limit("media", 30, 30), |world, call, caller, _| {
                media::upload(world, call, caller)
            })
        }
        (&Method::GET, ["api", "v1", "media", _]) => {
            (&["write", "write:media"], ACCESS, |world, call, caller, path| {
                media::status(world, call, caller, path.last().copied().unwrap_or_default())
            })
        }
        (&Method::POST, ["api", "v1", "statuses"]) => {
            (&["write", "write:statuses"], Limit("statuses", 300, 180), |world, call, caller, _| {
                statuses::create(world, call, caller)
            })
        }
        (&Method::GET, ["api", "v1", "statuses", _]) => {
            (&["read", "read:statuses"], ACCESS, |world, call, caller, path| {
                statuses::one(world, call, caller, path.last().copied().unwrap_or_default())
            })
        }
        (&Method::DELETE, ["api", "v1", "statuses", _]) => {
            (&["write", "write:statuses"], Limit("deletion", 30, 30), |world, call, caller, path| {
                statuses::delete(world, call, caller, path.last().copied().unwrap_or_default())
            })
        }
        _ => return Err(Refusal::not_found()),
    };
    let caller = authenticate(world, call)?;
    if !scopes.iter().any(|scope| caller.may(scope)) {
        return Err(Refusal::scope());
    }
    let meter = world.meter(format!("mastodon {} {}", caller.person, limit.0), limit.1, limit.2 * MINUTE);
    if meter.exceeded {
        return Ok(with_meter(Refusal::too_many().into(), &meter));
    }
    let reply = handler(world, call, &caller, path).unwrap_or_else(Reply::from);
    Ok(with_meter(reply, &meter))
}

fn authenticate(world: &World, call: &Call) -> Result<Caller, Refusal> {
    let invalid = || Refusal::token("The access token is invalid");
    let token = call.bearer().ok_or_else(invalid)?;
    match world.oauth.standing(SLUG, token, world.now()) {
        Standing::Live(token, grant) if token.kind == TokenKind::Access => Ok(Caller::new(token, grant)),
        Standing::Revoked(..) => Err(Refusal::token("The access token was revoked")),
        Standing::Expired(..) => Err(Refusal::token("The access token expired")),
        _ => Err(invalid()),
    }
}

/// A parameter, from a form, a multipart body or JSON, as Rails takes them all. Empty counts as absent.
fn field(call: &Call, name: &str) -> Option<String> {
    let found = match &call.body {
        Body::Form(form) => form.get(name).map(str::to_owned),
        Body::Multipart(_) => call.part(name).and_then(|part| part.text().map(str::to_owned)),
        Body::Json(json) => json.get(name).and_then(|value| match value {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Null => None,
            other => Some(other.to_string()),
        }),
        _ => None,
    };
    found.filter(|text| !text.is_empty())
}

/// A list: `name[]` of a form, or an array of JSON.
fn list(call: &Call, name: &str) -> Vec<String> {
    let brackets = format!("{name}[]");
    match &call.body {
        Body::Form(form) => form.all(&brackets).map(str::to_owned).collect(),
        Body::Multipart(parts) => parts
            .iter()
            .filter(|part| part.name == brackets)
            .filter_map(|part| part.text().map(str::to_owned))
            .collect(),
        Body::Json(json) => {
            let items = json.get(name).and_then(serde_json::Value::as_array);
            items.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}
