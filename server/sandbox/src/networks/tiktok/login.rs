//! Login Kit: authorization, tokens that rotate, revocation.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::json;

use super::{SLUG, TikTok, errors::oauth};
use crate::{
    config::Client,
    consent,
    networks::{Network as _, with_query},
    wire::{Call, Fields, Reply},
    world::{Challenge, Ended, Grant, Standing, Token, TokenKind, World},
};

/// `GET /v2/auth/authorize/`. A wrong application or address is shown; anything else goes back to the application.
pub(super) fn authorize(world: &mut World, call: &Call) -> Reply {
    let query = &call.query;
    let sorry = |words: &str| consent::fault_page(&TikTok, "Something went wrong", words);
    let Some(client) = query.get("client_key").and_then(|key| world.config.client(key)).cloned() else {
        return sorry("We couldn't log in with TikTok. This may be due to specific app settings. (client_key)");
    };
    let Some(redirect) = consent::redirect(&client, query) else {
        return sorry("We couldn't log in with TikTok. This may be due to specific app settings. (redirect_uri)");
    };
    let back = |error: &str, description: &str| {
        let pairs = [("error", error), ("error_description", description)];
        let state = query.get("state").map(|state| ("state", state));
        Reply::redirect(&with_query(&redirect, pairs.into_iter().chain(state)))
    };
    if query.get("response_type") != Some("code") {
        return back("unsupported_response_type", "response_type must be code");
    }
    let mut scopes: Vec<String> = Vec::new();
    for scope in query.get("scope").unwrap_or_default().split(',').map(str::trim).filter(|scope| !scope.is_empty()) {
        if !TikTok.scopes().iter().any(|(known, _)| *known == scope) {
            return back("invalid_scope", &format!("The scope {scope} is invalid"));
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    if scopes.is_empty() {
        return back("invalid_scope", "The scope is missing");
    }
    let challenge = match (query.filled("code_challenge"), query.get("code_challenge_method")) {
        (None, _) => None,
        // Hexadecimal digits, where everybody else has base64url.
        (Some(value), Some("S256")) if value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Some(Challenge::Hex(value.to_owned()))
        }
        (Some(_), Some("S256")) => {
            return back("invalid_request", "code_challenge must be the hex encoding of a SHA-256");
        }
        (Some(_), _) => return back("invalid_request", "code_challenge_method must be S256"),
    };
    consent::open(world, call, &TikTok, &client, redirect, scopes, challenge)
}

/// `POST /v2/oauth/token/`.
pub(super) fn token(world: &mut World, call: &Call) -> Reply {
    let answer = (|| {
        let form = form(call)?;
        let client = client(world, form)?;
        match form.filled("grant_type") {
            Some("authorization_code") => exchange_code(world, &client, form),
            Some("refresh_token") => refresh(world, &client, form),
            _ => Err(oauth(400, "unsupported_grant_type", "The grant type is not supported.")),
        }
    })();
    answer.unwrap_or_else(|refusal| refusal)
}

/// `POST /v2/oauth/revoke/`: nothing in the body when it is done.
pub(super) fn revoke(world: &mut World, call: &Call) -> Reply {
    let answer = (|| {
        let form = form(call)?;
        let client = client(world, form)?;
        let value = form.filled("token").ok_or_else(|| missing("token"))?;
        let grant = match world.oauth.standing(SLUG, value, world.now()) {
            Standing::Live(_, grant) | Standing::Expired(_, grant) if grant.client == client.id => grant.id,
            _ => return Err(oauth(200, "invalid_request", "The token is invalid or was revoked already.")),
        };
        world.oauth.end(grant, Ended::ByClient);
        world.changed();
        Ok(Reply::empty(StatusCode::OK))
    })();
    answer.unwrap_or_else(|refusal: Reply| refusal)
}

fn form(call: &Call) -> Result<&Fields, Reply> {
    let words = "The Content-Type must be application/x-www-form-urlencoded.";
    call.form().ok_or_else(|| oauth(400, "invalid_request", words))
}

fn client(world: &World, form: &Fields) -> Result<Client, Reply> {
    let key = form.filled("client_key").ok_or_else(|| missing("client_key"))?;
    let secret = form.filled("client_secret").ok_or_else(|| missing("client_secret"))?;
    let known = world.config.client(key).filter(|client| client.secret == secret);
    known.cloned().ok_or_else(|| oauth(401, "invalid_client", "Client key or secret is incorrect."))
}

fn missing(name: &str) -> Reply {
    oauth(400, "invalid_request", &format!("The request parameter {name} is missing."))
}

fn exchange_code(world: &mut World, client: &Client, form: &Fields) -> Result<Reply, Reply> {
    let value = form.filled("code").ok_or_else(|| missing("code"))?;
    let redirect = form.filled("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
    let refusal = |words: &str| oauth(200, "invalid_grant", words);
    let now = world.now();
    let fresh = now - TimeDelta::seconds(world.config.lives.tiktok_code);
    let code = world.oauth.code(SLUG, value);
    let code = code
        .filter(|code| code.client == client.id && !code.used && code.issued_at > fresh)
        .ok_or_else(|| refusal("Authorization code is expired."))?;
    if code.redirect_uri != redirect {
        return Err(refusal("Redirect_uri is not matched with the uri when requesting code."));
    }
    if let Some(challenge) = &code.challenge
        && !form.filled("code_verifier").is_some_and(|verifier| challenge.accepts(verifier))
    {
        return Err(refusal("Code verifier or code challenge is invalid."));
    }
    let id = world.serial();
    let grant = world.oauth.redeem(value, id, now).ok_or_else(|| refusal("Authorization code is expired."))?;
    Ok(pair(world, &grant))
}

/// Each refresh token is good once: the next one comes with the answer. Access tokens live on.
fn refresh(world: &mut World, client: &Client, form: &Fields) -> Result<Reply, Reply> {
    let value = form.filled("refresh_token").ok_or_else(|| missing("refresh_token"))?;
    let grant = match world.oauth.standing(SLUG, value, world.now()) {
        Standing::Live(token, grant) if token.kind == TokenKind::Refresh && grant.client == client.id => grant.clone(),
        _ => return Err(oauth(200, "invalid_grant", "Refresh token is invalid or expired.")),
    };
    world.oauth.spend(value);
    Ok(pair(world, &grant))
}

fn pair(world: &mut World, grant: &Grant) -> Reply {
    let now = world.now();
    let lives = world.config.lives;
    let mut issue = |prefix, kind, seconds| {
        let expires_at = Some(now + TimeDelta::seconds(seconds));
        let token = Token { grant: grant.id, kind, page: None, issued_at: now, expires_at, spent: false, long: false };
        world.oauth.issue(prefix, 64, token)
    };
    let access = issue("act.", TokenKind::Access, lives.tiktok_access);
    let refresh = issue("rft.", TokenKind::Refresh, lives.tiktok_refresh);
    world.changed();
    let scopes: Vec<&str> = grant.scopes.iter().map(String::as_str).collect();
    Reply::ok(&json!({
        "access_token": access, "expires_in": lives.tiktok_access, "open_id": grant.person,
        "refresh_token": refresh, "refresh_expires_in": lives.tiktok_refresh, "scope": scopes.join(","),
        "token_type": "Bearer",
    }))
}
