//! Authorization, tokens without a timer, revocation, and who one is.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Mastodon, Refusal, SLUG, field};
use crate::{
    config::Client,
    consent,
    networks::{Caller, Network as _, with_query},
    wire::{Call, Fields, Reply},
    world::{Account, Challenge, Ended, Standing, Token, TokenKind, World},
};

/// Ten minutes, Doorkeeper's default.
const CODE_LIFE: i64 = 10 * 60;

/// `GET /oauth/authorize`. A wrong client or redirect address stays on the page; all else goes back to the application.
pub(super) fn authorize(world: &mut World, call: &Call) -> Reply {
    let refusal = |words: &str| consent::fault_page(&Mastodon, "An error has occurred", words);
    let Some(client) = consent::client(world, &call.query) else {
        return refusal(
            "Client authentication failed due to unknown client, no client authentication included, or unsupported \
             authentication method.",
        );
    };
    let Some(redirect) = consent::redirect(&client, &call.query) else {
        return refusal("The redirect uri included is not valid.");
    };
    match asked(&call.query) {
        Ok((scopes, challenge)) => consent::open(world, call, &Mastodon, &client, redirect, scopes, challenge),
        Err((error, words)) => {
            let state = call.query.get("state").map(|state| ("state", state));
            let pairs = [("error", error), ("error_description", words)];
            Reply::redirect(&with_query(&redirect, pairs.into_iter().chain(state)))
        }
    }
}

/// An error as it goes back to the application: its word, and a sentence.
type Wrong = (&'static str, &'static str);

fn asked(query: &Fields) -> Result<(Vec<String>, Option<Challenge>), Wrong> {
    if query.get("response_type") != Some("code") {
        return Err(("unsupported_response_type", "The authorization server does not support this response type."));
    }
    let mut scopes: Vec<String> = Vec::new();
    for scope in query.filled("scope").unwrap_or("read").split(' ').filter(|scope| !scope.is_empty()) {
        if !Mastodon.scopes().iter().any(|(known, _)| *known == scope) {
            return Err(("invalid_scope", "The requested scope is invalid, unknown, or malformed."));
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    let challenge = match (query.filled("code_challenge"), query.get("code_challenge_method")) {
        (None, None) => None,
        // 32 bytes of SHA-256 in base64url without padding; `plain` is switched off.
        (Some(value), Some("S256")) if value.len() == 43 => Some(Challenge::S256(value.to_owned())),
        _ => return Err(("invalid_code_challenge_method", "The code challenge method must be S256.")),
    };
    Ok((scopes, challenge))
}

/// `POST /oauth/token`.
pub(super) fn token(world: &mut World, call: &Call) -> Reply {
    exchange(world, call).unwrap_or_else(|refusal| refusal)
}

fn exchange(world: &mut World, call: &Call) -> Result<Reply, Reply> {
    let client = client(world, call)?;
    match field(call, "grant_type").as_deref() {
        Some("authorization_code") => {}
        None => return Err(oauth_error(400, "invalid_request", "Missing required parameter: grant_type.")),
        Some(_) => {
            return Err(oauth_error(
                400,
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server.",
            ));
        }
    }
    let needed = |name: &str| {
        field(call, name)
            .ok_or_else(|| oauth_error(400, "invalid_request", &format!("Missing required parameter: {name}.")))
    };
    let (value, redirect) = (needed("code")?, needed("redirect_uri")?);
    let now = world.now();
    let code = world
        .oauth
        .code(SLUG, &value)
        .filter(|code| code.client == client.id && !code.used && code.redirect_uri == redirect)
        .filter(|code| code.issued_at + TimeDelta::seconds(CODE_LIFE) > now)
        .ok_or_else(invalid_grant)?;
    let verifier = field(call, "code_verifier");
    let proven = match (&code.challenge, &verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => challenge.accepts(verifier),
        _ => false,
    };
    if !proven {
        return Err(invalid_grant());
    }
    if let Some(scope) = field(call, "scope") {
        let named: BTreeSet<&str> = scope.split(' ').filter(|scope| !scope.is_empty()).collect();
        if !named.iter().copied().eq(code
            .scopes
            .iter()
            .chain(&code.declined)
            .map(String::as_str)
            .collect::<BTreeSet<_>>())
        {
            return Err(oauth_error(400, "invalid_scope", "The requested scope is invalid, unknown, or malformed."));
        }
    }
    let id = world.serial();
    let grant = world.oauth.redeem(&value, id, now).ok_or_else(invalid_grant)?;
    let token = Token {
        grant: grant.id,
        kind: TokenKind::Access,
        page: None,
        issued_at: now,
        expires_at: None,
        spent: false,
        long: true,
    };
    let access = world.oauth.issue("", 37, token);
    world.changed();
    let scopes: Vec<&str> = grant.scopes.iter().map(String::as_str).collect();
    Ok(Reply::ok(&json!({
        "access_token": access, "token_type": "Bearer", "scope": scopes.join(" "), "created_at": now.timestamp(),
    })))
}

/// `POST /oauth/revoke`: ends this token's grant, and says the same of one that has ended or never was.
pub(super) fn revoke(world: &mut World, call: &Call) -> Reply {
    let done = (|| {
        let client = client(world, call)?;
        let foreign = || oauth_error(403, "unauthorized_client", "You are not authorized to revoke this token");
        let token = field(call, "token").ok_or_else(foreign)?;
        let family = match world.oauth.standing(SLUG, &token, world.now()) {
            Standing::Unknown => return Ok(Reply::ok(&json!({}))),
            Standing::Live(_, grant)
            | Standing::Expired(_, grant)
            | Standing::Revoked(_, grant)
            | Standing::Spent(_, grant) => Some(grant).filter(|grant| grant.client == client.id).map(|grant| grant.id),
        };
        world.oauth.end(family.ok_or_else(foreign)?, Ended::ByClient);
        world.changed();
        Ok(Reply::ok(&json!({})))
    })();
    done.unwrap_or_else(|refusal: Reply| refusal)
}

/// In the body, as documented, or by HTTP Basic.
fn client(world: &World, call: &Call) -> Result<Client, Reply> {
    let basic = call.header("authorization").and_then(|value| value.split_once(' ')).and_then(|(scheme, value)| {
        let decoded = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
        let (id, secret) = decoded.split_once(':')?;
        scheme.eq_ignore_ascii_case("basic").then(|| (id.to_owned(), secret.to_owned()))
    });
    let (id, secret) = match (field(call, "client_id"), field(call, "client_secret")) {
        (Some(id), Some(secret)) => Some((id, secret)),
        _ => basic,
    }
    .ok_or_else(invalid_client)?;
    world.config.client(&id).filter(|client| client.secret == secret).cloned().ok_or_else(invalid_client)
}

/// `GET /api/v1/accounts/verify_credentials`.
pub(super) fn me(world: &World, call: &Call, caller: &Caller) -> Result<Reply, Refusal> {
    let account = world.accounts.get(SLUG, &caller.person).ok_or_else(Refusal::not_found)?;
    let mut shown = shown(account, &call.base);
    if let Some(map) = shown.as_object_mut() {
        let source = json!({ "privacy": "public", "sensitive": false, "language": null, "note": account.about });
        map.insert("source".to_owned(), source);
    }
    Ok(Reply::ok(&shown))
}

/// An `Account`.
pub(super) fn shown(account: &Account, base: &str) -> Value {
    let avatar = format!("{base}/avatar/mastodon/{}", account.id);
    json!({
        "id": account.id, "username": account.handle, "acct": account.handle, "display_name": account.name,
        "locked": false, "bot": false, "note": format!("<p>{}</p>", account.about),
        "url": format!("{base}/mastodon/@{}", account.handle), "avatar": avatar, "avatar_static": avatar,
        "followers_count": 412, "following_count": 180, "statuses_count": 912, "emojis": [], "fields": [],
    })
}

fn invalid_client() -> Reply {
    oauth_error(
        401,
        "invalid_client",
        "Client authentication failed due to unknown client, no client authentication included, or unsupported \
         authentication method.",
    )
}

pub(super) fn invalid_grant() -> Reply {
    oauth_error(
        400,
        "invalid_grant",
        "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the \
         authorization request, or was issued to another client.",
    )
}

fn oauth_error(status: u16, error: &str, description: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    Reply::json(status, &json!({ "error": error, "error_description": description }))
}
