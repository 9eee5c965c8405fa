//! Authorization with PKCE, tokens that rotate, revocation.

use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::SLUG;
use crate::{
    config::Client,
    consent,
    networks::Network as _,
    wire::{Call, Fields, Reply},
    world::{Challenge, Ended, Grant, Standing, Token, TokenKind, World},
};

const MAX_STATE: usize = 500;

/// `GET /i/oauth2/authorize`. X shows one page for whatever is wrong and keeps the reason to itself; ours names it.
pub(super) fn authorize(world: &mut World, call: &Call) -> Reply {
    match asked(world, &call.query) {
        Ok((client, redirect, scopes, challenge)) => {
            consent::open(world, call, &super::Twitter, &client, redirect, scopes, Some(challenge))
        }
        Err(reason) => {
            let words =
                format!("You weren't able to give access to the App. Go back and try logging in again. ({reason})");
            consent::fault_page(&super::Twitter, "Something went wrong", &words)
        }
    }
}

type Asked = (Client, String, Vec<String>, Challenge);

fn asked(world: &World, query: &Fields) -> Result<Asked, String> {
    let client = consent::client(world, query).ok_or("client_id is not known")?;
    let redirect = consent::redirect(&client, query).ok_or("redirect_uri is not registered")?;
    if query.get("response_type") != Some("code") {
        return Err("response_type must be code".to_owned());
    }
    match query.filled("state") {
        None => return Err("state is missing".to_owned()),
        Some(state) if state.chars().count() > MAX_STATE => {
            return Err(format!("state is longer than {MAX_STATE} characters"));
        }
        Some(_) => {}
    }
    let value = query.filled("code_challenge").ok_or("code_challenge is missing")?;
    let challenge = match query.get("code_challenge_method") {
        // 32 bytes of SHA-256 in base64url without padding.
        Some("S256") if value.len() == 43 => Challenge::S256(value.to_owned()),
        Some("S256") => return Err("code_challenge is not the base64url of a SHA-256".to_owned()),
        None | Some("plain") => Challenge::Plain(value.to_owned()),
        Some(other) => return Err(format!("code_challenge_method {other} is not supported")),
    };
    let mut scopes: Vec<String> = Vec::new();
    for scope in query.get("scope").unwrap_or_default().split(' ').filter(|scope| !scope.is_empty()) {
        if !super::Twitter.scopes().iter().any(|(known, _)| *known == scope) {
            return Err(format!("scope {scope} does not exist"));
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    if scopes.is_empty() {
        return Err("scope is missing".to_owned());
    }
    Ok((client, redirect, scopes, challenge))
}

/// `POST /2/oauth2/token`.
pub(super) fn token(world: &mut World, call: &Call) -> Reply {
    exchange(world, call).unwrap_or_else(|refusal| refusal)
}

fn exchange(world: &mut World, call: &Call) -> Result<Reply, Reply> {
    let form = form(call)?;
    let client = client(world, call)?;
    match form.filled("grant_type") {
        Some("authorization_code") => exchange_code(world, &client, form),
        Some("refresh_token") => refresh(world, &client, form),
        Some(_) => Err(oauth_error(400, "unsupported_grant_type", "The grant type is not supported.")),
        None => Err(missing("grant_type")),
    }
}

/// `POST /2/oauth2/revoke`: ends the whole consent.
pub(super) fn revoke(world: &mut World, call: &Call) -> Reply {
    let done = (|| {
        let form = form(call)?;
        let client = client(world, call)?;
        let token = form.filled("token").ok_or_else(|| missing("token"))?;
        let family = match world.oauth.standing(SLUG, token, world.now()) {
            Standing::Unknown => None,
            Standing::Live(_, grant)
            | Standing::Expired(_, grant)
            | Standing::Revoked(_, grant)
            | Standing::Spent(_, grant) => Some(grant).filter(|grant| grant.client == client.id).map(|grant| grant.id),
        };
        let family = family.ok_or_else(|| invalid_request("Value passed for the token was invalid."))?;
        world.oauth.end(family, Ended::ByClient);
        world.changed();
        Ok(Reply::ok(&json!({ "revoked": true })))
    })();
    done.unwrap_or_else(|refusal: Reply| refusal)
}

fn form(call: &Call) -> Result<&Fields, Reply> {
    call.form().ok_or_else(|| {
        oauth_error(
            400,
            "invalid_request",
            "Content-Type must be application/x-www-form-urlencoded and the body filled.",
        )
    })
}

/// A confidential client shows itself by HTTP Basic, never in the body.
fn client(world: &World, call: &Call) -> Result<Client, Reply> {
    let refusal = || oauth_error(401, "unauthorized_client", "Missing valid authorization header");
    let (scheme, value) = call.header("authorization").and_then(|value| value.split_once(' ')).ok_or_else(refusal)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(refusal());
    }
    let decoded = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = decoded.as_deref().and_then(|pair| pair.split_once(':')).ok_or_else(refusal)?;
    // RFC 6749 2.3.1: both halves are form-encoded before they are joined.
    let plain = |half: &str| {
        url::form_urlencoded::parse(format!("v={half}").as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    let (id, secret) = (plain(id).unwrap_or_default(), plain(secret).unwrap_or_default());
    world.config.client(&id).filter(|client| client.secret == secret).cloned().ok_or_else(refusal)
}

fn exchange_code(world: &mut World, client: &Client, form: &Fields) -> Result<Reply, Reply> {
    let now = world.now();
    let value = form.filled("code").ok_or_else(|| missing("code"))?;
    let redirect = form.filled("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
    let verifier = form.filled("code_verifier").ok_or_else(|| missing("code_verifier"))?;
    let code = world
        .oauth
        .code(SLUG, value)
        .filter(|code| code.client == client.id && !code.used)
        .filter(|code| code.issued_at + TimeDelta::seconds(world.config.lives.twitter_code) > now)
        .ok_or_else(|| invalid_request("Value passed for the authorization code was invalid."))?;
    if code.redirect_uri != redirect {
        return Err(invalid_request(
            "Value passed for the redirect uri did not match the uri of the authorization code.",
        ));
    }
    if !code.challenge.as_ref().is_some_and(|challenge| challenge.accepts(verifier)) {
        return Err(invalid_request("Value passed for the code verifier did not match the code challenge."));
    }
    let id = world.serial();
    let grant = world
        .oauth
        .redeem(value, id, now)
        .ok_or_else(|| invalid_request("Value passed for the authorization code was invalid."))?;
    Ok(pair(world, &grant))
}

/// A refresh token is good once. A second use is taken for theft, and the whole family dies.
fn refresh(world: &mut World, client: &Client, form: &Fields) -> Result<Reply, Reply> {
    let value = form.filled("refresh_token").ok_or_else(|| missing("refresh_token"))?;
    let invalid = || invalid_request("Value passed for the token was invalid.");
    let grant = match world.oauth.standing(SLUG, value, world.now()) {
        Standing::Live(token, grant) if token.kind == TokenKind::Refresh && grant.client == client.id => grant.clone(),
        Standing::Spent(_, grant) if grant.client == client.id => {
            let family = grant.id;
            world.oauth.end(family, Ended::Reuse);
            world.changed();
            return Err(invalid());
        }
        _ => return Err(invalid()),
    };
    world.oauth.spend(value);
    Ok(pair(world, &grant))
}

/// An access token, and a refresh token where `offline.access` was granted.
fn pair(world: &mut World, grant: &Grant) -> Reply {
    let now = world.now();
    let lives = world.config.lives;
    let mut issue = |kind, seconds| {
        let expires_at = Some(now + TimeDelta::seconds(seconds));
        let token = Token { grant: grant.id, kind, page: None, issued_at: now, expires_at, spent: false, long: false };
        world.oauth.issue("", 86, token)
    };
    let access = issue(TokenKind::Access, lives.twitter_access);
    let scopes: Vec<&str> = grant.scopes.iter().map(String::as_str).collect();
    let mut body = json!({
        "token_type": "bearer",
        "expires_in": lives.twitter_access,
        "access_token": access,
        "scope": scopes.join(" "),
    });
    if grant.scopes.contains("offline.access") {
        let refresh = issue(TokenKind::Refresh, lives.twitter_refresh);
        if let Some(map) = body.as_object_mut() {
            map.insert("refresh_token".to_owned(), Value::String(refresh));
        }
    }
    world.changed();
    Reply::ok(&body)
}

fn missing(name: &str) -> Reply {
    invalid_request(&format!("Missing required parameter [{name}]."))
}

pub(super) fn invalid_request(description: &str) -> Reply {
    oauth_error(400, "invalid_request", description)
}

fn oauth_error(status: u16, error: &str, description: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    Reply::json(status, &json!({ "error": error, "error_description": description }))
}
