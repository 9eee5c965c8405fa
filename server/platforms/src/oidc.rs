//! Signing in with an OpenID Connect provider: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, section 3.1;
//! Discovery 1.0; RFC 7636).
//!
//! Everything the provider says of itself is fetched over the shared client, with its rule of addresses. An ID token counts only if
//! it is signed with a key of the provider's key set, by RS256, ES256 or `EdDSA`, was issued by that provider for this program, is of
//! this time, and carries the nonce of this very sign-in.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    http::{Http, NoAnswer, Plain},
    pkce::Pkce,
};

/// What this program may ask of a provider, and how it calls itself there.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// As the provider writes it: compared letter by letter.
    pub issuer: String,
    /// Registered at the provider.
    pub client_id: String,
    /// Registered at the provider.
    pub client_secret: SecretString,
    /// Where the browser comes back to, exactly as registered.
    pub redirect_uri: Url,
}

/// Who the provider says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcPerson {
    /// The provider's own id of the person: never given to anybody else.
    pub subject: String,
    /// Their address, if it tells.
    pub email: Option<String>,
    /// Whether it has made sure that the address is theirs.
    pub email_verified: bool,
    /// Their name, if it tells.
    pub name: Option<String>,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// It is away, or answers nonsense.
    #[error("the provider cannot be used: {0}")]
    Away(String),
    /// It does not take the code, or this program.
    #[error("the provider refuses: {0}")]
    Refused(String),
    /// What it says of the person is not to be trusted.
    #[error("the ID token does not count: {0}")]
    Untrusted(&'static str),
}

/// How long what the provider says of itself is believed.
const FRESH: Duration = Duration::hours(1);
/// Keys are not asked for again sooner, whatever tokens name.
const KEYS_PAUSE: Duration = Duration::minutes(1);
/// By which clocks may differ.
const LEEWAY: Duration = Duration::minutes(1);
/// A token is of this sign-in, so it is minutes old at most.
const OLDEST: Duration = Duration::minutes(15);
/// The longest ID token that is looked at, bytes.
const LONGEST: usize = 16 * 1024;

/// One provider.
pub struct OidcProvider {
    settings: OidcSettings,
    http: Arc<Http>,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    endpoints: Arc<Endpoints>,
    keys: Arc<JwkSet>,
    at: DateTime<Utc>,
    keys_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
struct Endpoints {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// RFC 9207: whether callbacks carry `iss`.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Flag>,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Some providers write it as a text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Flag {
    Plain(bool),
    Text(String),
}

impl fmt::Debug for OidcProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcProvider").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}

impl From<NoAnswer> for OidcError {
    fn from(no: NoAnswer) -> Self {
        Self::Away(no.to_string())
    }
}

impl OidcProvider {
    /// Nothing is contacted yet.
    pub fn new(settings: OidcSettings, http: Arc<Http>) -> Self {
        Self { settings, http, known: Mutex::new(None) }
    }

    /// Where to send the browser.
    ///
    /// # Errors
    /// The provider is away.
    pub async fn authorize_url(&self, state: &str, nonce: &str, pkce: &Pkce) -> Result<Url, OidcError> {
        let known = self.known().await?;
        let mut url = known.endpoints.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.settings.redirect_uri.as_str())
            .append_pair("scope", "openid email profile")
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", pkce.challenge().as_str())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Takes the code to the provider, and reads who it is. `issuer` is what the callback says of whom it comes from.
    ///
    /// # Errors
    /// See [`OidcError`].
    pub async fn sign_in(
        &self,
        code: &SecretString,
        issuer: Option<&str>,
        nonce: &str,
        pkce: &Pkce,
    ) -> Result<OidcPerson, OidcError> {
        let known = self.known().await?;
        // RFC 9207: an answer that was meant for another provider is none of this one's.
        let silent = issuer.is_none() && known.endpoints.authorization_response_iss_parameter_supported;
        if silent || issuer.is_some_and(|issuer| issuer != self.settings.issuer) {
            return Err(OidcError::Untrusted("the answer comes from another provider"));
        }
        let token = self.exchange(&known.endpoints, code, pkce).await?;
        let key = self.key_of(&token, &known).await?;
        self.read(&token, &key, nonce, self.http.now())
    }

    async fn exchange(
        &self,
        endpoints: &Endpoints,
        code: &SecretString,
        pkce: &Pkce,
    ) -> Result<SecretString, OidcError> {
        let verifier = pkce.verifier();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", self.settings.redirect_uri.as_str()),
            ("code_verifier", verifier.expose_secret()),
        ];
        let methods = &endpoints.token_endpoint_auth_methods_supported;
        // Basic is the default where the provider names none.
        let by_form = !methods.is_empty()
            && !methods.iter().any(|method| method == "client_secret_basic")
            && methods.iter().any(|method| method == "client_secret_post");
        let encoded = (
            form_encoded(&self.settings.client_id),
            SecretString::from(form_encoded(self.settings.client_secret.expose_secret())),
        );
        if by_form {
            form.push(("client_id", &self.settings.client_id));
            form.push(("client_secret", self.settings.client_secret.expose_secret()));
        }
        let basic = (!by_form).then_some((encoded.0.as_str(), &encoded.1));
        let url = endpoints.token_endpoint.clone();
        let (status, answer) = self.http.plain(Plain { url, form: Some(form), basic }).await?;
        if !status.is_success() {
            let word: String = answer
                .get("error")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .chars()
                .filter(|c| is_word(*c))
                .collect();
            return Err(OidcError::Refused(format!("{} {}", status.as_u16(), word)));
        }
        let token = answer.get("id_token").and_then(Value::as_str).filter(|token| token.len() <= LONGEST);
        token.map(SecretString::from).ok_or_else(|| OidcError::Away("it gives no ID token".to_owned()))
    }

    /// What the provider says of itself, asked for once an hour.
    async fn known(&self) -> Result<Known, OidcError> {
        let now = self.http.now();
        if let Some(known) = self.remembered().filter(|known| known.at + FRESH > now && known.at <= now) {
            return Ok(known);
        }
        let place = format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let url = Url::parse(&place).map_err(|_| OidcError::Away("the issuer is no address".to_owned()))?;
        let answer = self.fetch(url).await?;
        let endpoints: Endpoints = serde_json::from_value(answer)
            .map_err(|_| OidcError::Away("its configuration lacks something".to_owned()))?;
        if endpoints.issuer != self.settings.issuer {
            return Err(OidcError::Away("it calls itself by another name than the issuer that is set".to_owned()));
        }
        let keys = self.keys(&endpoints).await?;
        let known = Known { endpoints: Arc::new(endpoints), keys: Arc::new(keys), at: now, keys_at: now };
        self.remember(known.clone());
        Ok(known)
    }

    fn remembered(&self) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }

    async fn fetch(&self, url: Url) -> Result<Value, OidcError> {
        let (status, answer) = self.http.plain(Plain { url, form: None, basic: None }).await?;
        if status.is_success() { Ok(answer) } else { Err(OidcError::Away(format!("it answers {}", status.as_u16()))) }
    }

    async fn keys(&self, endpoints: &Endpoints) -> Result<JwkSet, OidcError> {
        let answer = self.fetch(endpoints.jwks_uri.clone()).await?;
        let keys = answer.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
        // A key of a kind that is not known here is none of ours to trip over.
        Ok(JwkSet { keys: keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect() })
    }

    /// The key that a token names. A provider may have changed its keys since they were asked for.
    async fn key_of(&self, token: &SecretString, known: &Known) -> Result<Jwk, OidcError> {
        let header = jsonwebtoken::decode_header(token.expose_secret())
            .map_err(|_| OidcError::Untrusted("it is no signed token"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(OidcError::Untrusted("it is not signed in a way that is taken here"));
        }
        if let Some(key) = pick(&known.keys, header.kid.as_deref(), header.alg) {
            return Ok(key.clone());
        }
        let now = self.http.now();
        if known.keys_at + KEYS_PAUSE <= now {
            let keys = Arc::new(self.keys(&known.endpoints).await?);
            self.remember(Known { keys: Arc::clone(&keys), keys_at: now, ..known.clone() });
            if let Some(key) = pick(&keys, header.kid.as_deref(), header.alg) {
                return Ok(key.clone());
            }
        }
        Err(OidcError::Untrusted("the provider has no such key"))
    }

    fn read(&self, token: &SecretString, key: &Jwk, nonce: &str, now: DateTime<Utc>) -> Result<OidcPerson, OidcError> {
        let algorithm = jsonwebtoken::decode_header(token.expose_secret())
            .map_err(|_| OidcError::Untrusted("it is no signed token"))?
            .alg;
        let decoding = DecodingKey::from_jwk(key).map_err(|_| OidcError::Untrusted("the key cannot be read"))?;
        let mut validation = Validation::new(algorithm);
        // By our own clock, below; and whom it is for by our own reading.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Claims>(token.expose_secret(), &decoding, &validation)
            .map_err(|_| OidcError::Untrusted("its signature or its form is wrong"))?
            .claims;
        let client = &self.settings.client_id;
        if claims.iss != self.settings.issuer {
            return Err(OidcError::Untrusted("another issuer"));
        }
        let (ours, alone) = match &claims.aud {
            Audience::One(one) => (one == client, true),
            Audience::Many(many) => (many.contains(client), many.len() == 1),
        };
        if !ours || claims.azp.as_ref().map_or(!alone, |azp| azp != client) {
            return Err(OidcError::Untrusted("it is for another program"));
        }
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::UNIX_EPOCH);
        if at(claims.exp) + LEEWAY <= now {
            return Err(OidcError::Untrusted("it has expired"));
        }
        if at(claims.iat) > now + LEEWAY || at(claims.iat) + OLDEST < now {
            return Err(OidcError::Untrusted("it is not of this time"));
        }
        if claims.nbf.is_some_and(|nbf| at(nbf) > now + LEEWAY) {
            return Err(OidcError::Untrusted("it is not good yet"));
        }
        if claims.nonce.as_deref() != Some(nonce) {
            return Err(OidcError::Untrusted("another nonce"));
        }
        if claims.sub.is_empty() || claims.sub.len() > 255 {
            return Err(OidcError::Untrusted("it names nobody"));
        }
        let verified = match claims.email_verified {
            Some(Flag::Plain(verified)) => verified,
            Some(Flag::Text(text)) => text == "true",
            None => false,
        };
        Ok(OidcPerson {
            subject: claims.sub,
            email: claims.email.filter(|email| !email.is_empty()),
            email_verified: verified,
            name: claims.name,
        })
    }
}

/// What may have signed an ID token.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// The key by its name; where neither has one, the only one of its kind.
fn pick<'a>(keys: &'a JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Option<&'a Jwk> {
    let fits = |key: &&Jwk| {
        let named = key.common.key_algorithm.is_none_or(|named| named == algorithm.into());
        let signs = key.common.public_key_use.as_ref().is_none_or(|what| *what == PublicKeyUse::Signature);
        named && signs && is_of(key, algorithm)
    };
    let mut fitting = keys.keys.iter().filter(fits);
    match kid {
        Some(kid) => fitting.find(|key| key.common.key_id.as_deref() == Some(kid)),
        None => fitting.next().filter(|_| fitting.next().is_none()),
    }
}

fn is_of(key: &Jwk, algorithm: Algorithm) -> bool {
    use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve};
    match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256) => true,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    }
}

/// RFC 6749 2.3.1: id and secret are encoded as a form would, before they are joined.
fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
