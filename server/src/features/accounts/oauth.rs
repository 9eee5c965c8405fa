//! What an authorization hangs on: a `state` that is worth one callback, and the ways it can go wrong.
//!
//! The state is 256 random bits in the URL and their SHA-256 in the database, bound to the session that began. The PKCE
//! verifier is not kept anywhere: it follows from the state and a key of the server's, so that neither the table alone
//! nor the URL alone is of use to anybody.

use std::{error::Error as StdError, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use domain::{
    AccountId, ErrorCode, Platform, ServiceError,
    accounts::{Callback, OauthProblem},
    deliveries::ErrorClass,
};
use hmac::{Hmac, KeyInit, Mac};
use platforms::{Pkce, PlatformError};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

/// How long an authorization may take.
pub(super) const STATE_LIFE: Duration = Duration::minutes(10);
/// The longest state that is looked up; ours has 43 characters.
const STATE_MAX: usize = 64;
/// Keeps this use of the key apart from every other.
const PKCE_LABEL: &[u8] = b"arctiv.oauth.pkce.v1:";

/// Our callback for a platform, exactly as it must be registered there.
pub fn callback_url(public_url: &Url, platform: Platform) -> Url {
    let mut url = public_url.clone();
    let path = format!("{}/api/oauth/{platform}/callback", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// A fresh state.
pub(super) fn new_state() -> SecretString {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()).into()
}

/// What the database keeps of a state.
pub(super) fn hash(state: &SecretString) -> [u8; 32] {
    Sha256::digest(state.expose_secret().as_bytes()).into()
}

/// The PKCE pair of a state.
pub(super) fn pkce(key: &SecretString, state: &SecretString) -> Result<Pkce, ServiceError> {
    let mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).map_err(ServiceError::internal)?;
    let verifier = mac.chain_update(PKCE_LABEL).chain_update(state.expose_secret().as_bytes()).finalize().into_bytes();
    // 43 characters, the least that RFC 7636 allows.
    Ok(Pkce::from_verifier(URL_SAFE_NO_PAD.encode(verifier).into()))
}

/// The callback's parts, taken apart.
pub(super) enum Answer {
    /// Consent: what to exchange.
    Code(SecretString),
    /// Anything else, and the platform's own word for it.
    Problem(OauthProblem, Option<String>),
}

/// The state of a callback, if it can be one of ours.
pub(super) fn state_of(callback: &Callback) -> Option<SecretString> {
    callback.state.as_deref().filter(|state| !state.is_empty() && state.len() <= STATE_MAX).map(SecretString::from)
}

/// What the platform answered.
pub(super) fn answer_of(callback: &Callback) -> Answer {
    let Some(error) = callback.error.as_deref().filter(|error| !error.is_empty()) else {
        let code = callback.code.as_deref().filter(|code| !code.is_empty() && code.len() <= 4096);
        return match code {
            Some(code) => Answer::Code(code.into()),
            None => Answer::Problem(OauthProblem::ExchangeFailed, None),
        };
    };
    let problem = match error {
        // RFC 6749 4.1.2.1; LinkedIn has two words of its own.
        "access_denied" | "user_denied" | "user_cancelled_login" | "user_cancelled_authorize" => OauthProblem::Refused,
        "server_error" | "temporarily_unavailable" => OauthProblem::PlatformDown,
        _ => OauthProblem::ExchangeFailed,
    };
    Answer::Problem(problem, Some(word_of(error)))
}

/// The platform's word, safe for a log line: it came through a browser.
fn word_of(error: &str) -> String {
    error.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(60).collect()
}

/// An authorization that did not end in a connected account; the cause of the port's `OAUTH_ERROR`.
#[derive(Debug)]
pub struct OauthFailure {
    /// What people are told.
    pub problem: OauthProblem,
    /// The account that was to be reconnected, if it was one that is connected already.
    pub account: Option<AccountId>,
    source: Option<PlatformError>,
}

impl OauthFailure {
    /// The failure behind an error of the accounts port, if it is one.
    pub fn behind(error: &ServiceError) -> Option<&Self> {
        error.cause.as_deref()?.downcast_ref()
    }
}

impl fmt::Display for OauthFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "authorization failed: {}", self.problem.code())?;
        if let Some(code) = self.source.as_ref().and_then(|error| error.code.as_deref()) {
            write!(f, " ({code})")?;
        }
        Ok(())
    }
}

impl StdError for OauthFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|error| error as &(dyn StdError + 'static))
    }
}

/// The port's error for a problem; `account` is the one that was to be reconnected.
pub(super) fn failure(
    problem: OauthProblem,
    platform: Platform,
    account: Option<AccountId>,
    source: Option<PlatformError>,
) -> ServiceError {
    let failure = OauthFailure { problem, account, source };
    ServiceError::new(ErrorCode::OauthError, problem.sentence(platform)).because(failure)
}

/// What a refused exchange means.
pub(super) fn problem_of(error: &PlatformError) -> OauthProblem {
    match error.class {
        ErrorClass::Permission if error.code.as_deref() == Some("scope_missing") => OauthProblem::MissingScopes,
        ErrorClass::Permission => OauthProblem::NothingToConnect,
        ErrorClass::Transient | ErrorClass::OutcomeUnknown | ErrorClass::RateLimited | ErrorClass::QuotaDaily => {
            OauthProblem::PlatformDown
        }
        _ => OauthProblem::ExchangeFailed,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://arctiv.example", "https://arctiv.example/api/oauth/twitter/callback")]
    #[case("https://arctiv.example/", "https://arctiv.example/api/oauth/twitter/callback")]
    #[case("http://127.0.0.1:8080/tools/arctiv/?x#y", "http://127.0.0.1:8080/tools/arctiv/api/oauth/twitter/callback")]
    fn the_callback_is_under_the_public_address(#[case] public: &str, #[case] expected: &str) {
        assert_eq!(callback_url(&public.parse().unwrap(), Platform::Twitter).as_str(), expected);
    }

    #[test]
    fn the_verifier_follows_from_key_and_state() {
        let key = SecretString::from("k".repeat(32));
        let state = new_state();
        let verifier =
            |key: &SecretString, state: &SecretString| pkce(key, state).unwrap().verifier().expose_secret().to_owned();
        assert_eq!(state.expose_secret().len(), 43);
        assert_eq!(verifier(&key, &state), verifier(&key, &state));
        assert_eq!(verifier(&key, &state).len(), 43);
        assert_ne!(verifier(&key, &state), verifier(&key, &new_state()));
        assert_ne!(verifier(&key, &state), verifier(&SecretString::from("l".repeat(32)), &state));
        assert!(!verifier(&key, &state).contains(state.expose_secret()));
    }

    #[rstest]
    #[case("access_denied", OauthProblem::Refused)]
    #[case("user_cancelled_authorize", OauthProblem::Refused)]
    #[case("temporarily_unavailable", OauthProblem::PlatformDown)]
    #[case("invalid_scope", OauthProblem::ExchangeFailed)]
    #[case("<script>", OauthProblem::ExchangeFailed)]
    fn refusals_on_the_platforms_page(#[case] error: &str, #[case] expected: OauthProblem) {
        // An error counts even when a code came with it.
        let callback = Callback { error: Some(error.into()), code: Some("code".into()), ..Callback::default() };
        let Answer::Problem(problem, word) = answer_of(&callback) else { panic!("a code came out of an error") };
        assert_eq!(problem, expected);
        assert!(!word.unwrap().contains('<'));
    }

    #[test]
    fn a_callback_without_code_or_with_an_endless_state_is_none() {
        assert!(matches!(answer_of(&Callback::default()), Answer::Problem(OauthProblem::ExchangeFailed, None)));
        let endless = Callback { state: Some("x".repeat(100_000)), ..Callback::default() };
        assert!(state_of(&endless).is_none());
    }
}
