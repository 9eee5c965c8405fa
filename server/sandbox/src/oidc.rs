//! A sign-in provider: OpenID Connect's code flow, as strict as the documents are, for trying out signing in by way of one.
//!
//! Its page asks who you want to be: anybody, with an address that is confirmed or not. `POST /control/oidc` makes it go wrong, and
//! chooses how tokens are signed. Its keys lie in this repository, so nobody else should ever trust them.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    Sandbox,
    html::{escape, page},
    networks::with_query,
    world::random,
};

/// Seconds that a page waits for its answer, and a code for its exchange.
const LIFE: i64 = 300;

/// How the provider goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OidcFault {
    WrongNonce,
    WrongAudience,
    WrongIssuer,
    Expired,
    /// Signed by a key that is in no key set.
    WrongKey,
    /// Not signed at all.
    Unsigned,
    NoToken,
    NoEmail,
    /// The token endpoint answers 503.
    Down,
    /// So does everything.
    AllDown,
}

/// An open page.
#[derive(Clone)]
struct Asked {
    redirect_uri: String,
    state: Option<String>,
    nonce: Option<String>,
    challenge: String,
    client: String,
    at: DateTime<Utc>,
}

/// A code, with who has signed in.
struct Code {
    asked: Asked,
    name: String,
    email: String,
    verified: bool,
    used: bool,
}

/// What the provider keeps.
#[derive(Default)]
pub(crate) struct Oidc {
    asked: BTreeMap<String, Asked>,
    codes: BTreeMap<String, Code>,
    faults: Vec<OidcFault>,
    algorithm: Option<Algorithm>,
}

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/oidc/.well-known/openid-configuration", get(configuration))
        .route("/oidc/jwks", get(keys))
        .route("/oidc/authorize", get(authorize))
        .route("/oidc/sign-in/{id}", post(answer))
        .route("/oidc/token", post(token))
        .route("/control/oidc", post(control).delete(forget))
}

impl Oidc {
    /// Uses up a fault, if it is the next.
    fn takes(&mut self, fault: OidcFault) -> bool {
        let due = self.faults.first() == Some(&fault);
        if due {
            self.faults.remove(0);
        }
        due
    }

    fn is_down(&self) -> bool {
        self.faults.first() == Some(&OidcFault::AllDown)
    }
}

fn issuer(sandbox: &Sandbox, headers: &HeaderMap) -> String {
    format!("{}/oidc", sandbox.base_for(headers))
}

fn down() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "out of order").into_response()
}

async fn configuration(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    if sandbox.oidc().is_down() {
        return down();
    }
    let issuer = issuer(&sandbox, &headers);
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "scopes_supported": ["openid", "email", "profile"],
        "claims_supported": ["sub", "email", "email_verified", "name"],
    }))
    .into_response()
}

fn key(algorithm: Algorithm) -> Option<EncodingKey> {
    match algorithm {
        Algorithm::RS256 => EncodingKey::from_rsa_pem(include_bytes!("../keys/oidc-rs256.pem")).ok(),
        Algorithm::ES256 => EncodingKey::from_ec_pem(include_bytes!("../keys/oidc-es256.pem")).ok(),
        Algorithm::EdDSA => EncodingKey::from_ed_pem(include_bytes!("../keys/oidc-eddsa.pem")).ok(),
        _ => None,
    }
}

const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

async fn keys(State(sandbox): State<Sandbox>) -> Response {
    if sandbox.oidc().is_down() {
        return down();
    }
    let published: Vec<Value> = ALGORITHMS
        .into_iter()
        .filter_map(|algorithm| {
            let mut jwk = Jwk::from_encoding_key(&key(algorithm)?, algorithm).ok()?;
            jwk.common.key_id = Some(format!("{algorithm:?}"));
            jwk.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
            serde_json::to_value(jwk).ok()
        })
        .collect();
    Json(json!({ "keys": published })).into_response()
}

type Pairs = Vec<(String, String)>;

fn of<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// Something is wrong with the request itself: the browser stays here.
fn fault(words: &str) -> Response {
    let body = format!(
        "<main class=\"card\"><h1>This cannot be answered</h1><p>{}</p>\
         <p class=\"muted small\">Nobody was signed in.</p></main>",
        escape(words)
    );
    (StatusCode::BAD_REQUEST, Html(page("Simulated sign-in", "consent", &body))).into_response()
}

async fn authorize(State(sandbox): State<Sandbox>, headers: HeaderMap, Query(query): Query<Pairs>) -> Response {
    if sandbox.oidc().is_down() {
        return down();
    }
    let (client, now) = {
        let world = sandbox.world();
        (of(&query, "client_id").and_then(|id| world.config.client(id)).cloned(), world.now())
    };
    let Some(client) = client else { return fault("No application of that id is registered here.") };
    let Some(redirect_uri) = of(&query, "redirect_uri").filter(|uri| client.allows_redirect(uri)) else {
        return fault("The address to come back to is not registered.");
    };
    let scopes: Vec<&str> = of(&query, "scope").unwrap_or_default().split(' ').collect();
    let back = |error: &str| {
        let mut pairs = vec![("error", error)];
        pairs.extend(of(&query, "state").map(|state| ("state", state)));
        Redirect::to(&with_query(redirect_uri, pairs)).into_response()
    };
    if of(&query, "response_type") != Some("code") {
        return back("unsupported_response_type");
    }
    if !scopes.contains(&"openid") {
        return back("invalid_scope");
    }
    let challenge = of(&query, "code_challenge").filter(|_| of(&query, "code_challenge_method") == Some("S256"));
    let Some(challenge) = challenge.filter(|challenge| challenge.len() == 43) else { return back("invalid_request") };
    let id = random(24);
    let asked = Asked {
        redirect_uri: redirect_uri.to_owned(),
        state: of(&query, "state").map(str::to_owned),
        nonce: of(&query, "nonce").map(str::to_owned),
        challenge: challenge.to_owned(),
        client: client.id.clone(),
        at: now,
    };
    sandbox.oidc().asked.insert(id.clone(), asked);
    let action = format!("/oidc/sign-in/{id}");
    let wants_json = headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes() == b"application/json");
    if wants_json {
        return Json(json!({ "action": format!("{}{action}", sandbox.base_for(&headers)) })).into_response();
    }
    let mut answer = Html(sign_in_page(&client.name, &action)).into_response();
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    answer
}

fn sign_in_page(app: &str, action: &str) -> String {
    let field = |id: &str, label: &str, kind: &str, value: &str| {
        format!(
            "<p><label for=\"{id}\"><strong>{label}</strong></label><br><input id=\"{id}\" name=\"{id}\" type=\"{kind}\" \
             value=\"{value}\" required style=\"font:inherit;width:100%;padding:.6rem;box-sizing:border-box\"></p>"
        )
    };
    let body = format!(
        "<header class=\"ribbon\"><strong>Simulated sign-in</strong><span>Be whoever you like. Nothing leaves this \
         machine.</span></header><main><form class=\"card\" method=\"post\" action=\"{action}\">\
         <h1>Sign in to {app}</h1>{}{}\
         <label class=\"choice\" for=\"email_verified\"><input type=\"checkbox\" id=\"email_verified\" name=\"email_verified\" \
         value=\"true\" checked><span><strong>The address is confirmed</strong></span></label>\
         <div class=\"actions\"><button type=\"submit\" name=\"decision\" value=\"cancel\" formnovalidate>Cancel</button>\
         <button type=\"submit\" name=\"decision\" value=\"authorize\" class=\"primary\">Sign in</button></div></form></main>",
        field("name", "Name", "text", "Niamh Doyle"),
        field("email", "Email", "email", "niamh@northwind.example"),
        app = escape(app),
    );
    page("Simulated sign-in", "consent", &body)
}

async fn answer(State(sandbox): State<Sandbox>, headers: HeaderMap, Path(id): Path<String>, body: Bytes) -> Response {
    let form: Pairs = url::form_urlencoded::parse(&body).into_owned().collect();
    let now = sandbox.world().now();
    let issuer = issuer(&sandbox, &headers);
    let mut oidc = sandbox.oidc();
    let asked = oidc.asked.remove(&id).filter(|asked| asked.at + TimeDelta::seconds(LIFE) > now);
    let Some(asked) = asked else { return fault("This page has expired. Go back to the application and start again.") };
    let state = asked.state.clone();
    let redirect = asked.redirect_uri.clone();
    let back = |name: &str, value: &str| {
        let mut pairs = vec![(name, value), ("iss", issuer.as_str())];
        pairs.extend(state.as_deref().map(|state| ("state", state)));
        Redirect::to(&with_query(&redirect, pairs)).into_response()
    };
    match of(&form, "decision") {
        Some("cancel") => back("error", "access_denied"),
        Some("authorize") => {
            let (Some(name), Some(email)) = (of(&form, "name"), of(&form, "email")) else {
                return fault("A name and an address are needed.");
            };
            let code = random(40);
            let verified = of(&form, "email_verified") == Some("true");
            let (name, email) = (name.to_owned(), email.to_owned());
            oidc.codes.insert(code.clone(), Code { asked, name, email, verified, used: false });
            back("code", &code)
        }
        _ => fault("The form came without a decision."),
    }
}

fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

/// Id and secret of the application, by HTTP Basic or in the form.
fn credentials(headers: &HeaderMap, form: &Pairs) -> Option<(String, String)> {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    if let Some(basic) = basic {
        let text = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        let decoded = |text: &str| {
            url::form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
        };
        return Some((decoded(id), decoded(secret)));
    }
    Some((of(form, "client_id")?.to_owned(), of(form, "client_secret")?.to_owned()))
}

async fn token(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let form: Pairs = url::form_urlencoded::parse(&body).into_owned().collect();
    let issuer = issuer(&sandbox, &headers);
    let (client, now) = {
        let world = sandbox.world();
        let given = credentials(&headers, &form);
        let known =
            given.and_then(|(id, secret)| world.config.client(&id).filter(|client| client.secret == secret).cloned());
        (known, world.now())
    };
    let mut oidc = sandbox.oidc();
    if oidc.is_down() || oidc.takes(OidcFault::Down) {
        return down();
    }
    let Some(client) = client else { return refusal(StatusCode::UNAUTHORIZED, "invalid_client") };
    if of(&form, "grant_type") != Some("authorization_code") {
        return refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let verifier = of(&form, "code_verifier").unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let good = of(&form, "code").and_then(|code| oidc.codes.get_mut(code)).filter(|code| {
        !code.used
            && code.asked.at + TimeDelta::seconds(LIFE) > now
            && code.asked.client == client.id
            && code.asked.challenge == challenge
            && Some(code.asked.redirect_uri.as_str()) == of(&form, "redirect_uri")
    });
    let Some(code) = good else { return refusal(StatusCode::BAD_REQUEST, "invalid_grant") };
    code.used = true;
    let subject = hex(&Sha256::digest(code.email.to_lowercase().as_bytes()));
    let mut claims = json!({
        "iss": issuer,
        "sub": subject,
        "aud": client.id,
        "iat": now.timestamp(),
        "exp": (now + TimeDelta::minutes(5)).timestamp(),
        "nonce": code.asked.nonce,
        "email": code.email,
        "email_verified": code.verified,
        "name": code.name,
    });
    let mut set = |name: &str, value: Value| {
        if let Some(claims) = claims.as_object_mut() {
            claims.insert(name.to_owned(), value);
        }
    };
    match oidc.faults.first().copied() {
        Some(OidcFault::WrongNonce) => set("nonce", json!("of another sign-in")),
        Some(OidcFault::WrongAudience) => set("aud", json!("another-program")),
        Some(OidcFault::WrongIssuer) => set("iss", json!("https://provider.example")),
        Some(OidcFault::Expired) => {
            set("iat", json!((now - TimeDelta::minutes(10)).timestamp()));
            set("exp", json!((now - TimeDelta::minutes(5)).timestamp()));
        }
        Some(OidcFault::NoEmail) => set("email", Value::Null),
        _ => {}
    }
    let algorithm = oidc.algorithm.unwrap_or(Algorithm::RS256);
    let wrong = (!oidc.faults.is_empty()).then(|| oidc.faults.remove(0));
    let token = match wrong {
        Some(OidcFault::NoToken) => None,
        Some(OidcFault::Unsigned) => Some(unsigned(&claims)),
        Some(OidcFault::WrongKey) => signed(
            &claims,
            Algorithm::EdDSA,
            EncodingKey::from_ed_pem(include_bytes!("../keys/oidc-stranger.pem")).ok(),
        ),
        _ => signed(&claims, algorithm, key(algorithm)),
    };
    Json(json!({ "access_token": random(32), "token_type": "Bearer", "expires_in": LIFE, "id_token": token }))
        .into_response()
}

fn signed(claims: &Value, algorithm: Algorithm, key: Option<EncodingKey>) -> Option<String> {
    let header = Header { kid: Some(format!("{algorithm:?}")), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, &key?).ok()
}

fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(claims))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    fault: Option<OidcFault>,
    #[serde(default = "once")]
    times: usize,
    algorithm: Option<Algorithm>,
}

fn once() -> usize {
    1
}

/// The next sign-ins go wrong so, or their tokens are signed so.
async fn control(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let wanted: Wanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => return (StatusCode::BAD_REQUEST, Json(json!({ "error": error.to_string() }))).into_response(),
    };
    let mut oidc = sandbox.oidc();
    if let Some(fault) = wanted.fault {
        oidc.faults.extend(std::iter::repeat_n(fault, wanted.times));
    }
    if let Some(algorithm) = wanted.algorithm {
        if !ALGORITHMS.contains(&algorithm) {
            return (StatusCode::BAD_REQUEST, Json(json!({ "error": "RS256, ES256 or EdDSA" }))).into_response();
        }
        oidc.algorithm = Some(algorithm);
    }
    Json(json!({ "faults": oidc.faults.len() })).into_response()
}

/// All is well again.
async fn forget(State(sandbox): State<Sandbox>) -> Response {
    let mut oidc = sandbox.oidc();
    oidc.faults.clear();
    oidc.algorithm = None;
    Json(json!({})).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_can_be_read_and_published() {
        for algorithm in ALGORITHMS {
            let key = key(algorithm).unwrap();
            assert!(Jwk::from_encoding_key(&key, algorithm).is_ok(), "{algorithm:?}");
            assert!(signed(&json!({ "sub": "x" }), algorithm, Some(key)).is_some());
        }
    }
}
