//! Facebook Login: dialog, code exchange, long-lived tokens, introspection. Pages and, behind them, Instagram accounts
//! are reached by it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Answer, GraphError, page_of, params};
use crate::{
    config::Client,
    consent,
    networks::{Caller, Network},
    wire::{Call, Fields, Reply},
    world::{Challenge, Code, Slug, Standing, Token, TokenKind, World},
};

/// `GET /{version}/dialog/oauth`: a page in any case. What is wrong with the application is shown, never redirected.
pub(crate) fn dialog(world: &mut World, call: &Call, network: &dyn Network) -> Reply {
    let query = &call.query;
    let Some(client) = consent::client(world, query) else {
        let words = "The provided app ID does not look like a valid app ID.";
        return consent::fault_page(network, "Invalid App ID", words);
    };
    let Some(redirect_uri) = consent::redirect(&client, query) else {
        return consent::fault_page(
            network,
            "URL blocked",
            "This redirect failed because the redirect URI is not white-listed in the app's client OAuth settings.",
        );
    };
    if let Some(other) = query.filled("response_type").filter(|wanted| *wanted != "code") {
        let words = format!("This app asks for the response type {other}, which is not enabled for it.");
        return consent::fault_page(network, "Invalid response type", &words);
    }
    let mut scopes = vec!["public_profile".to_owned()];
    for scope in query.get("scope").unwrap_or_default().split([',', ' ']).filter(|scope| !scope.is_empty()) {
        if !network.scopes().iter().any(|(known, _)| *known == scope) {
            let words = format!("Invalid Scopes: {scope}. This message is only shown to developers.");
            return consent::fault_page(network, "Invalid Scopes", &words);
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    let challenge = query.filled("code_challenge").map(|value| match query.get("code_challenge_method") {
        Some("S256") => Challenge::S256(value.to_owned()),
        _ => Challenge::Plain(value.to_owned()),
    });
    consent::open(world, call, network, &client, redirect_uri, scopes, challenge)
}

/// `GET|POST /oauth/access_token`: code, long-lived exchange, or application token.
pub(crate) fn access_token(world: &mut World, call: &Call, slug: Slug) -> Result<Reply, GraphError> {
    let params = params(call);
    let client = credentials(world, &params)?;
    let value = match params.get("grant_type") {
        None | Some("" | "authorization_code") => exchange_code(world, &client, &params, slug),
        Some("fb_exchange_token") => exchange_token(world, &client, &params, slug),
        Some("client_credentials") => {
            Ok(json!({ "access_token": format!("{}|{}", client.id, client.secret), "token_type": "bearer" }))
        }
        Some(other) => Err(GraphError::invalid(format!("Invalid grant_type: {other}"))),
    }?;
    Ok(Reply::ok(&value))
}

fn credentials(world: &World, params: &Fields) -> Result<Client, GraphError> {
    let Some(id) = params.filled("client_id") else {
        return Err(GraphError::new(400, 101, "Missing client_id parameter."));
    };
    let Some(client) = world.config.client(id) else {
        return Err(GraphError::new(
            400,
            101,
            "Error validating application. Cannot get application info due to a system error.",
        ));
    };
    match params.filled("client_secret") {
        None => Err(GraphError::new(400, 1, "Missing client_secret parameter.")),
        Some(secret) if secret != client.secret => Err(GraphError::new(400, 1, "Error validating client secret.")),
        Some(_) => Ok(client.clone()),
    }
}

fn exchange_code(world: &mut World, client: &Client, params: &Fields, slug: Slug) -> Answer {
    let now = world.now();
    let verification = |message: &str| GraphError::new(400, 100, message);
    let Some(value) = params.filled("code") else {
        return Err(GraphError::invalid("Missing authorization code"));
    };
    let Some(redirect_uri) = params.filled("redirect_uri") else {
        return Err(GraphError::new(400, 191, "Missing redirect_uri parameter."));
    };
    let Some(code) = world.oauth.code(slug, value) else {
        return Err(verification("Invalid verification code format."));
    };
    if code.client != client.id {
        return Err(verification("Error validating verification code. The code was issued to another app."));
    }
    if code.used {
        return Err(verification("This authorization code has been used.").subcode(36009));
    }
    if code.issued_at + TimeDelta::seconds(world.config.lives.facebook_code) <= now {
        return Err(verification("This authorization code has expired.").subcode(36007));
    }
    if code.redirect_uri != redirect_uri {
        return Err(verification(
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used \
             in the OAuth dialog request",
        )
        .subcode(36008));
    }
    check_verifier(code, params)?;
    let life = world.config.lives.facebook_short;
    let id = world.serial();
    let Some(grant) = world.oauth.redeem(value, id, now) else {
        return Err(verification("Invalid verification code format."));
    };
    Ok(user_token(world, grant.id, life, false))
}

fn check_verifier(code: &Code, params: &Fields) -> Result<(), GraphError> {
    match (&code.challenge, params.filled("code_verifier")) {
        (None, _) => Ok(()),
        (Some(challenge), Some(verifier)) if challenge.accepts(verifier) => Ok(()),
        (Some(_), _) => Err(GraphError::new(400, 100, "Invalid code_verifier parameter")),
    }
}

/// A valid user token becomes a long-lived one; an expired one cannot be exchanged.
fn exchange_token(world: &mut World, client: &Client, params: &Fields, slug: Slug) -> Answer {
    let now = world.now();
    let Some(value) = params.filled("fb_exchange_token") else {
        return Err(GraphError::invalid("The parameter fb_exchange_token is required"));
    };
    let grant = match world.oauth.standing(slug, value, now) {
        Standing::Unknown => {
            return Err(GraphError::new(400, 190, "Invalid OAuth access token - Cannot parse access token"));
        }
        Standing::Expired(token, _) => return Err(GraphError::expired(token.expires_at, now)),
        Standing::Revoked(_, grant) | Standing::Spent(_, grant) => {
            return Err(GraphError::not_authorized(&grant.client));
        }
        Standing::Live(_, grant) if grant.client != client.id => {
            return Err(GraphError::new(400, 190, "Error validating access token: The token belongs to another app."));
        }
        Standing::Live(token, _) if token.page.is_some() => {
            return Err(GraphError::invalid("A page access token cannot be exchanged"));
        }
        Standing::Live(_, grant) => grant.id,
    };
    let life = world.config.lives.facebook_long;
    Ok(user_token(world, grant, life, true))
}

fn user_token(world: &mut World, grant: u64, life: i64, long: bool) -> Value {
    let now = world.now();
    let token = Token {
        grant,
        kind: TokenKind::Access,
        page: None,
        issued_at: now,
        expires_at: Some(now + TimeDelta::seconds(life)),
        spent: false,
        long,
    };
    let value = world.oauth.issue("EAA", 150, token);
    world.changed();
    json!({ "access_token": value, "token_type": "bearer", "expires_in": life })
}

/// The token of a page within a grant. From a long-lived user token it has no timer, else the user token's.
pub(crate) fn page_token(world: &mut World, caller: &Caller, page: &str) -> String {
    let now = world.now();
    if let Some(known) = world.oauth.page_token(caller.grant, page, caller.long, now) {
        return known;
    }
    let token = Token {
        grant: caller.grant,
        kind: TokenKind::Access,
        page: Some(page.to_owned()),
        issued_at: now,
        expires_at: if caller.long { None } else { caller.expires_at },
        spent: false,
        long: caller.long,
    };
    let value = world.oauth.issue("EAA", 150, token);
    world.changed();
    value
}

/// `GET /debug_token?input_token=…&access_token={app id}|{app secret}`.
pub(crate) fn debug_token(world: &mut World, call: &Call, slug: Slug) -> Result<Reply, GraphError> {
    let params = params(call);
    let Some(own) = params.filled("access_token").or_else(|| call.bearer()) else {
        return Err(GraphError::new(400, 104, "An access token is required to request this resource."));
    };
    let asks = match own.split_once('|') {
        Some((id, secret)) => world.config.client(id).filter(|client| client.secret == secret).map(|c| c.id.clone()),
        None => match world.oauth.standing(slug, own, world.now()) {
            Standing::Live(_, grant) => Some(grant.client.clone()),
            _ => None,
        },
    };
    let Some(asks) = asks else { return Err(GraphError::new(400, 190, "Invalid OAuth access token signature.")) };
    let Some(input) = params.filled("input_token") else {
        return Err(GraphError::invalid("The parameter input_token is required."));
    };
    let now = world.now();
    let standing = world.oauth.standing(slug, input, now);
    let (token, grant, problem) = match standing {
        Standing::Unknown => {
            let data = json!({ "data": {
                "error": { "code": 190, "message": "Invalid OAuth access token - Cannot parse access token" },
                "is_valid": false, "scopes": [] } });
            return Ok(Reply::ok(&data));
        }
        Standing::Live(token, grant) => (token, grant, None),
        Standing::Expired(token, grant) => {
            (token, grant, Some((463, "Error validating access token: Session has expired.")))
        }
        Standing::Revoked(token, grant) | Standing::Spent(token, grant) => {
            (token, grant, Some((458, "Error validating access token: The user has not authorized application.")))
        }
    };
    if grant.client != asks {
        return Err(GraphError::new(
            400,
            100,
            "(#100) You must provide an app access token, or a user access token that is an owner or developer of the app",
        ));
    }
    let client = world.config.client(&grant.client).map_or("", |client| client.name.as_str());
    let granular: Vec<Value> = grant
        .scopes
        .iter()
        .map(|scope| {
            if scope.starts_with("pages_") {
                let pages: Vec<String> = grant.assets.iter().map(|asset| page_of(world, slug, asset)).collect();
                json!({ "scope": scope, "target_ids": pages })
            } else if scope.starts_with("instagram_") {
                json!({ "scope": scope, "target_ids": grant.assets })
            } else {
                json!({ "scope": scope })
            }
        })
        .collect();
    let mut data = json!({
        "app_id": grant.client,
        "type": if token.page.is_some() { "PAGE" } else { "USER" },
        "application": client,
        "data_access_expires_at": (grant.granted_at + TimeDelta::days(90)).timestamp(),
        "expires_at": token.expires_at.map_or(0, |at| at.timestamp()),
        "is_valid": problem.is_none(),
        "issued_at": token.issued_at.timestamp(),
        "scopes": grant.scopes,
        "granular_scopes": granular,
        "user_id": grant.person,
    });
    if let Some(map) = data.as_object_mut() {
        if let Some(page) = &token.page {
            map.insert("profile_id".to_owned(), page_of(world, slug, page).into());
        }
        if let Some((subcode, message)) = problem {
            map.insert("error".to_owned(), json!({ "code": 190, "subcode": subcode, "message": message }));
        }
    }
    Ok(Reply::ok(&json!({ "data": data })))
}
