//! The session cookie: `HttpOnly`, `SameSite=Lax`, and over HTTPS `Secure` with the `__Host-` prefix.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use domain::identity::{ABSOLUTE, BrowserToken, PROVIDER_LIFE, SessionToken};

/// Over HTTPS or not; follows from the public address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookiePolicy {
    pub https: bool,
}

impl CookiePolicy {
    /// The cookie's name.
    pub const fn name(self) -> &'static str {
        if self.https { "__Host-arctiv_session" } else { "arctiv_session" }
    }

    const fn browser_name(self) -> &'static str {
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
    build(policy, policy.browser_name(), &token.0, PROVIDER_LIFE.num_seconds())
}

/// `set-cookie` that takes that back.
pub fn clear_browser(policy: CookiePolicy) -> (HeaderName, HeaderValue) {
    build(policy, policy.browser_name(), "", 0)
}

/// What [`set_browser`] gave to a browser.
pub fn read_browser(policy: CookiePolicy, headers: &HeaderMap) -> Option<BrowserToken> {
    value(policy.browser_name(), headers).map(BrowserToken)
}

fn build(policy: CookiePolicy, name: &str, value: &str, max_age: i64) -> (HeaderName, HeaderValue) {
    let secure = if policy.https { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}");
    // A JWT is visible ASCII; anything else would be no cookie, and the browser stays signed out.
    let mut value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    (header::SET_COOKIE, value)
}

/// The session cookie of a request.
pub fn read(policy: CookiePolicy, headers: &HeaderMap) -> Option<SessionToken> {
    value(policy.name(), headers).map(SessionToken)
}

fn value(wanted: &str, headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value.to_owned())
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
    fn it_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; arctiv_session=tok; b=2"));
        assert_eq!(read(CookiePolicy { https: false }, &headers), Some(SessionToken("tok".into())));
        assert_eq!(read(CookiePolicy { https: true }, &headers), None);
    }
}
