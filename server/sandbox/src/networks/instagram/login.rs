//! Instagram Login: an account signs in itself. Short tokens become long ones, and long ones are made longer.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Instagram, SLUG};
use crate::{
    consent,
    networks::{
        Network as _,
        meta::{GraphError, params},
    },
    wire::{Call, Reply},
    world::{Grant, Standing, Token, TokenKind, World},
};

/// `GET /oauth/authorize`.
pub(super) fn authorize(world: &mut World, call: &Call) -> Reply {
    let query = &call.query;
    let sorry = |words: &str| consent::fault_page(&Instagram, "Invalid request", words);
    let Some(client) = consent::client(world, query) else {
        return sorry("Request parameters are invalid: Invalid platform app");
    };
    let Some(redirect) = consent::redirect(&client, query) else {
        return sorry("Request parameters are invalid: Invalid redirect_uri");
    };
    if query.get("response_type") != Some("code") {
        return sorry("Request parameters are invalid: Invalid response_type");
    }
    let mut scopes: Vec<String> = Vec::new();
    for scope in query.get("scope").unwrap_or_default().split([',', ' ']).filter(|scope| !scope.is_empty()) {
        let known =
            scope.starts_with("instagram_business_") && Instagram.scopes().iter().any(|(known, _)| *known == scope);
        if !known {
            return sorry(&format!("Request parameters are invalid: Invalid scope {scope}"));
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    if !scopes.iter().any(|scope| scope == "instagram_business_basic") {
        return sorry("Request parameters are invalid: instagram_business_basic is required");
    }
    consent::open(world, call, &Instagram, &client, redirect, scopes, None)
}

/// `POST /oauth/access_token`: a code for a token of an hour.
pub(super) fn exchange(world: &mut World, call: &Call) -> Reply {
    exchange_code(world, call).unwrap_or_else(|words| refusal(400, &words))
}

fn exchange_code(world: &mut World, call: &Call) -> Result<Reply, String> {
    let form = call.form().ok_or("Missing required field client_id")?;
    let field = |name: &str| form.filled(name).ok_or_else(|| format!("Missing required field {name}"));
    let (id, secret) = (field("client_id")?, field("client_secret")?);
    let client = world.config.client(id).cloned().ok_or("Invalid platform app")?;
    if client.secret != secret {
        return Err("Error validating client secret".to_owned());
    }
    if field("grant_type")? != "authorization_code" {
        return Err("Invalid grant_type".to_owned());
    }
    let (value, redirect) = (field("code")?, field("redirect_uri")?);
    let gone = "Matching code was not found or was already used";
    let fresh = world.now() - TimeDelta::seconds(world.config.lives.instagram_code);
    let code = world.oauth.code(SLUG, value);
    let code = code.filter(|code| code.client == client.id && !code.used && code.issued_at > fresh).ok_or(gone)?;
    // A code of the other door is of no use here.
    if !super::is_own_login(&code.scopes.iter().cloned().collect::<Vec<_>>()) {
        return Err(gone.to_owned());
    }
    if code.redirect_uri != redirect {
        return Err("Error validating verification code. Please make sure your redirect_uri is identical to the one \
                    you used in the OAuth dialog request"
            .to_owned());
    }
    let (serial, now) = (world.serial(), world.now());
    let grant = world.oauth.redeem(value, serial, now).ok_or(gone)?;
    let life = world.config.lives.instagram_short;
    let token = issue(world, &grant, life, false);
    let permissions: Vec<&str> = grant.scopes.iter().map(String::as_str).collect();
    let user: u64 = grant.person.parse().unwrap_or_default();
    Ok(Reply::ok(&json!({ "access_token": token, "user_id": user, "permissions": permissions })))
}

/// What `api.instagram.com` says to a call that it does not take.
pub(super) fn refusal(status: u16, words: &str) -> Reply {
    let body = json!({ "error_type": "OAuthException", "code": status, "error_message": words });
    Reply::json(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), &body)
}

fn issue(world: &mut World, grant: &Grant, life: i64, long: bool) -> String {
    let now = world.now();
    let expires_at = Some(now + TimeDelta::seconds(life));
    let kind = TokenKind::Access;
    let token = Token { grant: grant.id, kind, page: None, issued_at: now, expires_at, spent: false, long };
    let value = world.oauth.issue("IGAA", 150, token);
    world.changed();
    value
}

/// `GET /access_token?grant_type=ig_exchange_token`: a short token for a long one.
pub(super) fn lengthen(world: &mut World, call: &Call) -> Result<Reply, GraphError> {
    let params = params(call);
    if params.get("grant_type") != Some("ig_exchange_token") {
        return Err(GraphError::invalid("Param grant_type must be ig_exchange_token"));
    }
    let (token, grant) = presented(world, params.filled("access_token"))?;
    let secret = params.filled("client_secret");
    let fits = world.config.client(&grant.client).is_some_and(|client| Some(client.secret.as_str()) == secret);
    if !fits {
        return Err(GraphError::new(400, 101, "Error validating client secret."));
    }
    if token.long {
        return Err(GraphError::new(
            400,
            452,
            "Session key invalid. This could be because the session key has an \
                                              incorrect format, or because the user has revoked this session",
        ));
    }
    let life = world.config.lives.instagram_long;
    let value = issue(world, &grant, life, true);
    Ok(Reply::ok(&answer(&value, life)))
}

/// `GET /refresh_access_token?grant_type=ig_refresh_token`: the same token with a new end. It must be a day old and
/// alive.
pub(super) fn refresh(world: &mut World, call: &Call) -> Result<Reply, GraphError> {
    let params = params(call);
    if params.get("grant_type") != Some("ig_refresh_token") {
        return Err(GraphError::invalid("Param grant_type must be ig_refresh_token"));
    }
    let value = params.filled("access_token").unwrap_or_default();
    let (token, _) = presented(world, Some(value))?;
    let now = world.now();
    if !token.long || token.issued_at + TimeDelta::days(1) > now {
        return Err(GraphError::invalid(
            "The access token cannot be refreshed: it must be long-lived and at least 24 \
                                        hours old",
        ));
    }
    let life = world.config.lives.instagram_long;
    world.oauth.prolong(value, now + TimeDelta::seconds(life));
    world.changed();
    Ok(Reply::ok(&answer(value, life)))
}

fn answer(token: &str, life: i64) -> Value {
    json!({ "access_token": token, "token_type": "bearer", "expires_in": life })
}

/// A token that an account got by signing in itself.
fn presented(world: &World, value: Option<&str>) -> Result<(Token, Grant), GraphError> {
    let value = value.ok_or_else(|| GraphError::new(400, 104, "An access token is required"))?;
    let now = world.now();
    match world.oauth.standing(SLUG, value, now) {
        Standing::Live(token, grant) if value.starts_with("IGAA") => Ok((token.clone(), grant.clone())),
        Standing::Expired(token, _) => Err(GraphError::expired(token.expires_at, now)),
        Standing::Revoked(_, grant) | Standing::Spent(_, grant) => Err(GraphError::not_authorized(&grant.client)),
        Standing::Live(..) | Standing::Unknown => {
            Err(GraphError::new(400, 190, "Invalid OAuth access token - Cannot parse access token"))
        }
    }
}

/// What `GET /me` says of the account that signed in.
pub(super) fn me_field(person: &crate::world::Account, field: &str) -> Option<Value> {
    Some(match field {
        // The id that only this application knows it by; paths take `user_id`.
        "id" => format!("2{}", person.id).into(),
        "user_id" => person.id.as_str().into(),
        "account_type" => "BUSINESS".into(),
        _ => return None,
    })
}
