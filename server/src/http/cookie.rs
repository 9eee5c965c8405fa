//! The session cookie: `HttpOnly`, `SameSite=Lax`, and over HTTPS `Secure` with the `__Host-` prefix.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use domain::identity::{ABSOLUTE, SessionToken};

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
}

/// `set-cookie` for a session. The browser may keep it for the absolute limit; its value ends much earlier.
pub fn set(policy: CookiePolicy, token: &SessionToken) -> (HeaderName, HeaderValue) {
    build(policy, &token.0, ABSOLUTE.num_seconds())
}

/// `set-cookie` that takes it back.
pub fn clear(policy: CookiePolicy) -> (HeaderName, HeaderValue) {
    build(policy, "", 0)
}

fn build(policy: CookiePolicy, value: &str, max_age: i64) -> (HeaderName, HeaderValue) {
    let secure = if policy.https { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}", policy.name());
    // A JWT is visible ASCII; anything else would be no cookie, and the browser stays signed out.
    let mut value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    (header::SET_COOKIE, value)
}

/// The session cookie of a request.
pub fn read(policy: CookiePolicy, headers: &HeaderMap) -> Option<SessionToken> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == policy.name())
        .map(|(_, value)| SessionToken(value.to_owned()))
        .filter(|token| !token.0.is_empty())
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
