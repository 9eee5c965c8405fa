//! Authorization, tokens (refresh tokens for partners only), revocation and introspection.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::json;

use super::SLUG;
use crate::{
    config::Client,
    consent,
    networks::{Network as _, with_query},
    wire::{Call, Fields, Reply},
    world::{Ended, Grant, Standing, Token, TokenKind, World},
};

/// One sentence for everything that a code can lack; LinkedIn does not say which.
const BAD_CODE: &str = "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization \
                        code. Or authorization code expired. Or external member binding exists";
pub(super) const BAD_GRANT: &str = "The provided authorization grant or refresh token is invalid, expired or revoked.";

/// `GET /oauth/v2/authorization`.
pub(super) fn authorization(world: &mut World, call: &Call) -> Reply {
    let query = &call.query;
    let sorry = |words: &str| consent::fault_page(&super::LinkedIn, "Bummer, something went wrong.", words);
    let Some(client) = consent::client(world, query) else { return sorry("The passed in client_id is invalid.") };
    let Some(redirect) = consent::redirect(&client, query) else {
        return sorry("The redirect_uri does not match the registered value.");
    };
    let back = |error: &str, description: &str| {
        let pairs = [("error", error), ("error_description", description)];
        let state = query.get("state").map(|state| ("state", state));
        Reply::redirect(&with_query(&redirect, pairs.into_iter().chain(state)))
    };
    if query.get("response_type") != Some("code") {
        return back("unsupported_response_type", "The response type is not supported");
    }
    if query.get("prompt") == Some("none") {
        return back("login_required", "The member is not logged in");
    }
    let mut scopes: Vec<String> = Vec::new();
    for scope in query.get("scope").unwrap_or_default().split([' ', ',']).filter(|scope| !scope.is_empty()) {
        if !super::LinkedIn.scopes().iter().any(|(known, _)| *known == scope) {
            return back(
                "unauthorized_scope_error",
                &format!("Scope \"{scope}\" is not authorized for your application"),
            );
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    if scopes.is_empty() {
        return back("invalid_scope", "The scope parameter is missing");
    }
    consent::open(world, call, &super::LinkedIn, &client, redirect, scopes, None)
}

/// `POST /oauth/v2/accessToken`.
pub(super) fn access_token(world: &mut World, call: &Call) -> Reply {
    let answer = (|| {
        let form = form(call)?;
        let kind = form.filled("grant_type").ok_or_else(|| missing("grant_type"))?;
        let client = client(world, form)?;
        match kind {
            "authorization_code" => exchange_code(world, &client, form),
            "refresh_token" => refresh(world, &client, form),
            _ => Err(oauth_error(400, "unsupported_grant_type", "The grant type is not supported")),
        }
    })();
    answer.unwrap_or_else(|refusal| refusal)
}

/// `POST /oauth/v2/revoke`.
pub(super) fn revoke(world: &mut World, call: &Call) -> Reply {
    let answer = (|| {
        let (client, token) = client_and_token(world, call)?;
        let grant = match world.oauth.standing(SLUG, token, world.now()) {
            Standing::Live(_, grant) | Standing::Expired(_, grant) | Standing::Revoked(_, grant)
                if grant.client == client.id =>
            {
                grant.id
            }
            _ => return Err(oauth_error(400, "invalid_request", "The token is invalid")),
        };
        world.oauth.end(grant, Ended::ByClient);
        world.changed();
        Ok(Reply::empty(StatusCode::OK))
    })();
    answer.unwrap_or_else(|refusal: Reply| refusal)
}

/// `POST /oauth/v2/introspectToken`.
pub(super) fn introspect(world: &mut World, call: &Call) -> Reply {
    let answer = (|| {
        let (client, token) = client_and_token(world, call)?;
        let (status, token, grant) = match world.oauth.standing(SLUG, token, world.now()) {
            Standing::Live(token, grant) => ("active", token, grant),
            Standing::Expired(token, grant) => ("expired", token, grant),
            Standing::Revoked(token, grant) | Standing::Spent(token, grant) => ("revoked", token, grant),
            Standing::Unknown => return Ok(Reply::ok(&json!({ "active": false }))),
        };
        if grant.client != client.id {
            return Ok(Reply::ok(&json!({ "active": false })));
        }
        Ok(Reply::ok(&json!({
            "active": status == "active",
            "status": status,
            "client_id": grant.client,
            "authorized_at": grant.granted_at.timestamp(),
            "created_at": token.issued_at.timestamp(),
            "expires_at": token.expires_at.map_or(0, |at| at.timestamp()),
            "scope": scope_list(grant),
            "auth_type": "3L",
        })))
    })();
    answer.unwrap_or_else(|refusal: Reply| refusal)
}

fn form(call: &Call) -> Result<&Fields, Reply> {
    call.form().ok_or_else(|| missing("grant_type"))
}

/// Client id and secret stand in the form; LinkedIn does not take them from a header.
fn client(world: &World, form: &Fields) -> Result<Client, Reply> {
    let id = form.filled("client_id").ok_or_else(|| missing("client_id"))?;
    let secret = form.filled("client_secret").ok_or_else(|| missing("client_secret"))?;
    let known = world.config.client(id).filter(|client| client.secret == secret);
    known.cloned().ok_or_else(|| oauth_error(401, "invalid_client", "Client authentication failed"))
}

fn client_and_token<'a>(world: &World, call: &'a Call) -> Result<(Client, &'a str), Reply> {
    let form = call.form().ok_or_else(|| missing("client_id"))?;
    let client = client(world, form)?;
    let token = form.filled("token").ok_or_else(|| missing("token"))?;
    Ok((client, token))
}

fn exchange_code(world: &mut World, client: &Client, form: &Fields) -> Result<Reply, Reply> {
    let now = world.now();
    let value = form.filled("code").ok_or_else(|| missing("code"))?;
    let redirect = form.filled("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
    // Web applications have no PKCE here, and a verifier makes LinkedIn take the call for a native one.
    if form.get("code_verifier").is_some() {
        return Err(oauth_error(401, "invalid_client", "Client authentication failed"));
    }
    let refusal = || oauth_error(400, "invalid_request", BAD_CODE);
    let life = TimeDelta::seconds(world.config.lives.linkedin_code);
    let code = world.oauth.code(SLUG, value).filter(|code| code.client == client.id).ok_or_else(refusal)?;
    if code.used {
        let words = "Unable to retrieve access token: authorization code not found";
        return Err(oauth_error(400, "invalid_request", words));
    }
    if code.redirect_uri != redirect || code.issued_at + life <= now {
        return Err(refusal());
    }
    let id = world.serial();
    let grant = world.oauth.redeem(value, id, now).ok_or_else(refusal)?;
    let refresh = client.partner.then(|| {
        let end = now + TimeDelta::seconds(world.config.lives.linkedin_refresh);
        let token = Token {
            grant: grant.id,
            kind: TokenKind::Refresh,
            page: None,
            issued_at: now,
            expires_at: Some(end),
            spent: false,
            long: false,
        };
        (world.oauth.issue("AQ", 120, token), (end - now).num_seconds())
    });
    Ok(issue(world, &grant, refresh))
}

/// The refresh token stays the same and keeps its end.
fn refresh(world: &mut World, client: &Client, form: &Fields) -> Result<Reply, Reply> {
    let value = form.filled("refresh_token").ok_or_else(|| missing("refresh_token"))?;
    let now = world.now();
    let (grant, left) = match world.oauth.standing(SLUG, value, now) {
        Standing::Live(token, grant) if token.kind == TokenKind::Refresh && grant.client == client.id => {
            (grant.clone(), token.expires_at.map_or(0, |end| (end - now).num_seconds()))
        }
        _ => return Err(oauth_error(400, "invalid_grant", BAD_GRANT)),
    };
    Ok(issue(world, &grant, Some((value.to_owned(), left))))
}

fn issue(world: &mut World, grant: &Grant, refresh: Option<(String, i64)>) -> Reply {
    let now = world.now();
    let life = world.config.lives.linkedin_access;
    let token = Token {
        grant: grant.id,
        kind: TokenKind::Access,
        page: None,
        issued_at: now,
        expires_at: Some(now + TimeDelta::seconds(life)),
        spent: false,
        long: false,
    };
    let access = world.oauth.issue("AQ", 220, token);
    world.changed();
    let mut body = json!({
        "access_token": access,
        "expires_in": life,
        "scope": scope_list(grant),
        "token_type": "Bearer",
    });
    if let (Some((token, left)), Some(map)) = (refresh, body.as_object_mut()) {
        map.insert("refresh_token".to_owned(), token.into());
        map.insert("refresh_token_expires_in".to_owned(), left.into());
    }
    Reply::ok(&body)
}

/// LinkedIn asks for scopes with spaces between and answers with commas.
fn scope_list(grant: &Grant) -> String {
    grant.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

fn missing(name: &str) -> Reply {
    oauth_error(400, "invalid_request", &format!("A required parameter \"{name}\" is missing"))
}

pub(super) fn oauth_error(status: u16, error: &str, description: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    Reply::json(status, &json!({ "error": error, "error_description": description }))
}
