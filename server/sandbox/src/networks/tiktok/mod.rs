//! TikTok (platforms.md 5): Login Kit with rotating tokens, what a creator allows, films in chunks or from an address,
//! photos, drafts that wait for the creator, and statuses that come late.

mod errors;
mod login;
mod publish;
mod read;
mod upload;

use axum::http::Method;
use serde_json::{Map, Value, json};

use self::errors::Trouble;
pub(crate) use self::upload::answer_inbox;
use super::{Caller, Look, Network};
use crate::{
    config::Client,
    push::{About, Message, mac},
    wire::{Body, Call, Fetched, Reply},
    world::{Account, Fault, Grant, Kind, Operation, Post, Slug, Standing, TokenKind, World},
};

pub(super) struct TikTok;

pub(super) const SLUG: Slug = Slug("tiktok");

impl Network for TikTok {
    fn slug(&self) -> Slug {
        SLUG
    }

    fn title(&self) -> &'static str {
        "TikTok"
    }

    fn mark(&self) -> &'static str {
        "T"
    }

    fn look(&self) -> Look {
        Look { light: "#0d5f68", dark: "#1b7680", corners: "50%" }
    }

    fn pages_word(&self) -> &'static str {
        "accounts"
    }

    fn seeds(&self) -> Vec<Account> {
        let creator = |id: &str, name, handle| Account::person(SLUG, &format!("-000{id}"), name, handle);
        vec![
            creator("nW4cOffeeRoasters01", "Northwind Coffee", "northwindcoffee").about("Small-batch roasters. Cork."),
            creator("hP7rivateAgency0002", "Harbour & Pine", "harbourpine")
                .about("A private account")
                .with(json!({ "private": true })),
            creator("jH2otelsBySea000003", "Juniper Hotels", "juniperhotels")
                .about("No comments, films up to a minute")
                .with(json!({ "comment_disabled": true, "max_seconds": 60 })),
            creator("kB9ikesBuiltSlow004", "Kestrel Bikes", "kestrelbikes")
                .about("Neither duets nor stitches")
                .with(json!({ "duet_disabled": true, "stitch_disabled": true })),
        ]
    }

    fn invent(&self, serial: u64, name: &str, _: Kind) -> Vec<Account> {
        vec![Account::person(SLUG, &format!("-000sb{serial:014}"), name, &format!("creator{serial}"))]
    }

    fn scopes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("user.info.basic", "Read your profile info (avatar, display name)"),
            ("user.info.profile", "Read your profile (bio, link, verification)"),
            ("user.info.stats", "Read your figures (likes, followers, videos)"),
            ("video.list", "Read your public videos"),
            ("video.publish", "Post content directly to your profile"),
            ("video.upload", "Share content to your inbox as a draft"),
        ]
    }

    fn fixed_scopes(&self) -> &'static [&'static str] {
        &["user.info.basic"]
    }

    fn offers_pages(&self, _: &[String]) -> bool {
        false
    }

    fn refusal_query(&self) -> &'static [(&'static str, &'static str)] {
        &[("error", "access_denied"), ("error_description", "User denied the authorization")]
    }

    fn code_prefix(&self) -> &'static str {
        ""
    }

    fn callback_query(&self, granted: &std::collections::BTreeSet<String>) -> Option<(&'static str, String)> {
        Some(("scopes", granted.iter().map(String::as_str).collect::<Vec<_>>().join(",")))
    }

    fn operation(&self, call: &Call) -> Operation {
        match call.segments().as_slice() {
            ["v2", "auth", "authorize"] => Operation::Authorize,
            ["v2", "oauth", "token"] => match call.form().and_then(|form| form.get("grant_type")) {
                Some("refresh_token") => Operation::Refresh,
                _ => Operation::Token,
            },
            ["v2", "oauth", "revoke"] => Operation::Revoke,
            ["v2", "user", "info"] | ["v2", "post", "publish", "creator_info", "query"] => Operation::Identity,
            ["video"] => Operation::Upload,
            // The call after which TikTok does the rest by itself.
            ["v2", "post", "publish", .., "init"] => Operation::Publish,
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

    /// No path and no body names an account; the upload address belongs to one.
    fn named_accounts(&self, _: &Call) -> Vec<String> {
        Vec::new()
    }

    fn meant_accounts(&self, world: &World, call: &Call) -> Vec<String> {
        let stage = call.query.get("upload_id").and_then(|id| world.stages.get(SLUG, id));
        stage.map(|stage| stage.owner.clone()).into_iter().collect()
    }

    fn fetched(&self, world: &mut World, stage: &str, media: Vec<Fetched>) {
        upload::fetched(world, stage, media);
    }

    fn public_post(&self, call: &Call) -> Option<String> {
        match call.segments().as_slice() {
            [handle, "video" | "photo", id] if handle.starts_with('@') => Some((*id).to_owned()),
            _ => None,
        }
    }

    fn permalink(&self, world: &World, base: &str, post: &Post) -> String {
        let handle = world.accounts.get(SLUG, &post.account).map_or("", |account| account.handle.as_str());
        let kind = if post.extra.get("kind").is_some_and(|kind| kind == "photo") { "photo" } else { "video" };
        format!("{base}/tiktok/@{handle}/{kind}/{}", post.id)
    }

    fn push(&self, world: &World, grant: &Grant, client: &Client, about: About) -> Option<Message> {
        (about == About::Removed).then(|| removed(world, grant, client))
    }

    fn handle(&self, world: &mut World, call: &Call) -> Reply {
        match (&call.method, call.segments().as_slice()) {
            (&Method::GET, ["v2", "auth", "authorize"]) => login::authorize(world, call),
            (&Method::POST, ["v2", "oauth", "token"]) => login::token(world, call),
            (&Method::POST, ["v2", "oauth", "revoke"]) => login::revoke(world, call),
            (&Method::PUT, ["video"]) => upload::chunk(world, call),
            (method, path) => api(world, call, method, path).unwrap_or_else(Reply::from),
        }
    }

    fn refuse(&self, _: &mut World, call: &Call, status: u16, fault: &Fault) -> Reply {
        let operation = self.operation(call);
        if matches!(operation, Operation::Token | Operation::Refresh | Operation::Revoke) {
            let (error, words) = match status {
                429 => ("rate_limit_exceeded", "Too many requests."),
                500.. => ("server_error", "Internal server error."),
                _ => ("invalid_grant", "Refresh token is invalid or expired."),
            };
            return errors::oauth(status, fault.word().unwrap_or(error), fault.message.as_deref().unwrap_or(words));
        }
        let mut trouble = match status {
            401 => Trouble::token(),
            403 => Trouble::new(403, "spam_risk_too_many_posts", "The daily post cap from the API is reached."),
            429 => Trouble::too_often(),
            500.. => Trouble::new(status, "internal_error", "Internal error. Please try again later."),
            _ => Trouble::param("The request is invalid."),
        };
        if let Some(code) = fault.word() {
            trouble = Trouble::new(status, code, code.replace('_', " "));
        }
        match &fault.message {
            Some(message) => trouble.saying(message).into(),
            None => trouble.into(),
        }
    }
}

/// A call limit of platforms.md 5, per token in a minute.
struct Limit(&'static str, u64);

/// Everything that needs a token.
fn api(world: &mut World, call: &Call, method: &Method, path: &[&str]) -> Result<Reply, Trouble> {
    type Handler = fn(&mut World, &Call, &Caller) -> Result<Reply, Trouble>;
    let (scopes, limit, handler): (&[&str], Limit, Handler) = match (method, path) {
        (&Method::GET, ["v2", "user", "info"]) => (&["user.info.basic"], Limit("user/info", 600), read::user),
        (&Method::POST, ["v2", "video", "list"]) => (&["video.list"], Limit("video/list", 600), read::videos),
        (&Method::POST, ["v2", "post", "publish", "creator_info", "query"]) => {
            (&["video.publish"], Limit("creator_info", 20), publish::creator_info)
        }
        (&Method::POST, ["v2", "post", "publish", "video", "init"]) => {
            (&["video.publish"], Limit("init", 6), publish::video)
        }
        (&Method::POST, ["v2", "post", "publish", "inbox", "video", "init"]) => {
            (&["video.upload"], Limit("init", 6), publish::draft)
        }
        (&Method::POST, ["v2", "post", "publish", "content", "init"]) => (&[], Limit("init", 6), publish::photos),
        (&Method::POST, ["v2", "post", "publish", "status", "fetch"]) => (&[], Limit("status", 30), read::status),
        _ => return Err(Trouble::new(404, "unsupported_path", "Unsupported path.")),
    };
    let caller = authenticate(world, call)?;
    if let Some(missing) = scopes.iter().find(|scope| !caller.may(scope)) {
        return Err(Trouble::scope(missing));
    }
    let meter = world.meter(format!("tiktok {} {}", caller.grant, limit.0), limit.1, 60);
    if meter.exceeded {
        return Err(Trouble::too_often());
    }
    handler(world, call, &caller)
}

fn authenticate(world: &World, call: &Call) -> Result<Caller, Trouble> {
    let token = call.bearer().ok_or_else(Trouble::token)?;
    match world.oauth.standing(SLUG, token, world.now()) {
        Standing::Live(token, grant) if token.kind == TokenKind::Access => Ok(Caller::new(token, grant)),
        _ => Err(Trouble::token()),
    }
}

/// The JSON object of a request.
fn json_body(call: &Call) -> Result<&Map<String, Value>, Trouble> {
    match &call.body {
        Body::Json(Value::Object(map)) => Ok(map),
        _ => Err(Trouble::param("The request body must be a JSON object, with the Content-Type application/json.")),
    }
}

/// What a creator allows, as the account was made.
struct Creator<'a>(&'a Account);

impl Creator<'_> {
    fn flag(&self, name: &str) -> bool {
        self.0.extra.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// Privacy levels to choose from. A private account has nobody but followers to show anything to.
    fn levels(&self) -> &'static [&'static str] {
        if self.flag("private") {
            &["FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
        } else {
            &["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
        }
    }

    fn max_seconds(&self) -> u64 {
        self.0.extra.get("max_seconds").and_then(Value::as_u64).unwrap_or(600)
    }
}

/// `authorization.removed`, signed by the header. TikTok has ended the access before it says so.
fn removed(world: &World, grant: &Grant, client: &Client) -> Message {
    let now = world.now().timestamp();
    let body = json!({
        "client_key": client.id, "event": "authorization.removed", "create_time": now, "user_openid": grant.person,
        "content": json!({ "reason": 1 }).to_string(),
    })
    .to_string();
    let signature = mac(&client.secret, &format!("{now}.{body}"));
    let hex = signature.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let headers = vec![("tiktok-signature", format!("t={now},s={hex}"))];
    Message { content_type: "application/json", headers, body }
}
