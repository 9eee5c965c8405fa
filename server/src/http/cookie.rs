//! The cookies: the session's, the browser's by which it is known again, and that of a sign-in which waits for its second
//! step. All are `HttpOnly`, `SameSite=Lax`, and over HTTPS `Secure` with the `__Host-` prefix.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    Browser, CookieToken,
    identity::{ABSOLUTE, BrowserToken, PENDING_LIFE, PROVIDER_LIFE, SessionToken},
};
use rand::Rng;

use crate::one_time;

/// How long a browser is known again: the longest that browsers keep a cookie.
const DEVICE_SECONDS: i64 = 400 * 24 * 60 * 60;

/// Over HTTPS or not; follows from the public address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookiePolicy {
    pub https: bool,
}

impl CookiePolicy {
    /// The session cookie's name.
    pub const fn name(self) -> &'static str {
        if self.https { "__Host-arctiv_session" } else { "arctiv_session" }
    }

    const fn device_name(self) -> &'static str {
        if self.https { "__Host-arctiv_device" } else { "arctiv_device" }
    }

    /// Of a browser that has gone to a sign-in provider.
    const fn provider_name(self) -> &'static str {
        if self.https { "__Host-arctiv_provider" } else { "arctiv_provider" }
    }

    const fn sign_in_name(self) -> &'static str {
        if self.https { "__Host-arctiv_sign_in" } else { "arctiv_sign_in" }
    }
}

/// `set-cookie` for a session. The browser may keep it for the absolute limit; its value ends much earlier.
pub fn set(policy: CookiePolicy, token: &SessionToken) -> (HeaderName, HeaderValue) {
    build(policy, policy.name(), &token.0, ABSOLUTE.num_seconds())
}

/// `set-cookie` that takes it back.
pub fn clear(policy: CookiePolicy) -> (HeaderName, HeaderValue) {
    build(policy, policy.name(), "", 0)
}

/// `set-cookie` for a browser that goes to a sign-in provider and is to come back as the same.
pub fn set_browser(policy: CookiePolicy, token: &BrowserToken) -> (HeaderName, HeaderValue) {
    build(policy, policy.provider_name(), &token.0, PROVIDER_LIFE.num_seconds())
}

/// `set-cookie` that takes that back.
pub fn clear_browser(policy: CookiePolicy) -> (HeaderName, HeaderValue) {
    build(policy, policy.provider_name(), "", 0)
}

/// What [`set_browser`] gave to a browser.
pub fn read_browser(policy: CookiePolicy, headers: &HeaderMap) -> Option<BrowserToken> {
    find(headers, policy.provider_name()).map(|value| BrowserToken(value.to_owned()))
}

/// `set-cookie` by which a browser is known again.
pub fn keep_device(policy: CookiePolicy, token: &CookieToken) -> (HeaderName, HeaderValue) {
    build(policy, policy.device_name(), &token.0, DEVICE_SECONDS)
}

/// `set-cookie` of a sign-in that waits for its second step.
pub fn keep_sign_in(policy: CookiePolicy, token: &CookieToken) -> (HeaderName, HeaderValue) {
    build(policy, policy.sign_in_name(), &token.0, PENDING_LIFE.num_seconds())
}

/// Whether an answer starts a session, or goes on with one.
pub fn starts_session(policy: CookiePolicy, headers: &HeaderMap) -> bool {
    headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.split_once('='))
        .any(|(name, rest)| name == policy.name() && !rest.starts_with(';'))
}

/// What is known of a browser. One that brings nothing, or nothing of ours, gets a new name, which it keeps once somebody
/// signs in with it.
pub fn browser(policy: CookiePolicy, headers: &HeaderMap) -> Browser {
    let device = find(headers, policy.device_name()).filter(|token| one_time::is_shaped(token)).map(str::to_owned);
    let sign_in = find(headers, policy.sign_in_name()).map(|token| CookieToken(token.to_owned()));
    Browser { device: Some(CookieToken(device.unwrap_or_else(random_token))), sign_in }
}

/// 256 random bits that can stand in a cookie.
fn random_token() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn build(policy: CookiePolicy, name: &str, value: &str, max_age: i64) -> (HeaderName, HeaderValue) {
    let secure = if policy.https { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}");
    // A token is visible ASCII; anything else would be no cookie, and the browser stays signed out.
    let mut value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    (header::SET_COOKIE, value)
}

/// The session cookie of a request.
pub fn read(policy: CookiePolicy, headers: &HeaderMap) -> Option<SessionToken> {
    find(headers, policy.name()).map(|value| SessionToken(value.to_owned()))
}

/// A cookie of a request, if it says anything.
fn find<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_a_browser_sends_it_never_panics_and_a_value_holds_no_separator(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            https in any::<bool>(),
        ) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.append(header::COOKIE, value);
            }
            if let Some(token) = read(CookiePolicy { https }, &headers) {
                prop_assert!(!token.0.is_empty() && !token.0.contains(';'));
            }
        }

        #[test]
        fn what_was_set_is_read_back_whatever_stands_beside_it(
            token in "[A-Za-z0-9_.-]{1,200}",
            before in "[ -:<-~]{0,40}",
            https in any::<bool>(),
        ) {
            let policy = CookiePolicy { https };
            prop_assume!(!before.contains(policy.name()));
            let (_, value) = set(policy, &SessionToken(token.clone()));
            let pair = value.to_str().unwrap().split(';').next().unwrap().to_owned();
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::try_from(format!("{before}; {pair}; z=1")).unwrap());
            prop_assert_eq!(read(policy, &headers), Some(SessionToken(token)));
        }
    }

    #[test]
    fn over_https_it_is_bound_to_the_host() {
        let (_, value) = set(CookiePolicy { https: true }, &SessionToken("abc".into()));
        let text = value.to_str().unwrap();
        assert!(
            text.starts_with("__Host-arctiv_session=abc; Path=/; HttpOnly; SameSite=Lax;")
                && text.ends_with("; Secure")
        );
    }

    #[test]
    fn a_browser_keeps_its_name_and_an_invented_one_does_not_count() {
        let policy = CookiePolicy { https: false };
        let mut headers = HeaderMap::new();
        let first = browser(policy, &headers).device.unwrap();
        assert!(one_time::is_shaped(&first.0));
        headers.insert(header::COOKIE, HeaderValue::try_from(format!("arctiv_device={}; a=b", first.0)).unwrap());
        assert_eq!(browser(policy, &headers).device, Some(first));
        headers.insert(header::COOKIE, HeaderValue::from_static("arctiv_device=me"));
        assert_ne!(browser(policy, &headers).device, Some(CookieToken("me".into())));
    }

    #[test]
    fn what_starts_a_session_is_told_from_what_ends_one() {
        let policy = CookiePolicy { https: true };
        let headers = |(name, value): (HeaderName, HeaderValue)| HeaderMap::from_iter([(name, value)]);
        assert!(starts_session(policy, &headers(set(policy, &SessionToken("abc".into())))));
        assert!(!starts_session(policy, &headers(clear(policy))));
        assert!(!starts_session(policy, &headers(keep_device(policy, &CookieToken("abc".into())))));
    }

    #[test]
    fn it_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; arctiv_session=tok; b=2"));
        assert_eq!(read(CookiePolicy { https: false }, &headers), Some(SessionToken("tok".into())));
        assert_eq!(read(CookiePolicy { https: true }, &headers), None);
    }
}
