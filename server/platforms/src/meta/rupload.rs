//! Meta's upload host: whole files, sent as they are read, resumed where an upload broke off. Reels and stories of Pages
//! go there, and videos of Instagram's.
//!
//! The address is handed out by the API; the token goes along, so it must be Meta's. An upload continues from the number
//! of bytes that have arrived, which the platform knows better than we do after a crash.

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    error::PlatformError,
    http::{Call, Http, Operation},
    media::MediaItem,
    settings::BaseUrls,
};

/// Hosts of Meta's that take uploads.
const HOSTS: &[&str] = &[".facebook.com", ".instagram.com"];

/// Whether a token of Meta's may be sent there.
pub(crate) fn is_metas(bases: &BaseUrls, url: &Url) -> bool {
    let own = [&bases.api, &bases.web, &bases.token].into_iter().any(|base| base.origin() == url.origin());
    own || (url.scheme() == "https" && url.host_str().is_some_and(|host| HOSTS.iter().any(|end| host.ends_with(end))))
}

/// The request for everything from `offset` on.
pub(crate) fn upload(http: &Http, url: Url, token: &SecretString, item: &MediaItem, offset: u64) -> Call {
    let mut call = Call::post(Operation::Stage, url)
        .header(HeaderName::from_static("offset"), HeaderValue::from(offset))
        .header(HeaderName::from_static("file_size"), HeaderValue::from(item.size))
        .stream(item, offset..item.size)
        .timeout(http.timeout_for(item.size - offset))
        .hiding(token);
    // A token with a line break in it could not be sent at all; the platform then answers that it is missing.
    if let Ok(mut value) = HeaderValue::from_str(&format!("OAuth {}", token.expose_secret())) {
        value.set_sensitive(true);
        call = call.header(AUTHORIZATION, value);
    }
    call
}

/// The refusal of an address that is none of Meta's: nothing is sent there.
pub(crate) fn foreign(platform: domain::Platform) -> PlatformError {
    PlatformError::new(platform, domain::deliveries::ErrorClass::Operator)
        .with_code("address_refused")
        .saying(format!("{} named an address for the upload that is not its own.", platform.label()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://rupload.facebook.com/video-upload/v25.0/1", true)]
    #[case("https://rupload.instagram.com/1", true)]
    #[case("https://graph.facebook.com/1", true)]
    #[case("http://rupload.facebook.com/1", false)]
    #[case("https://facebook.com.example/1", false)]
    #[case("https://notfacebook.com/1", false)]
    #[case("http://127.0.0.1:9/facebook/up", true)]
    #[case("http://127.0.0.1:10/facebook/up", false)]
    fn tokens_go_to_meta_alone(#[case] url: Url, #[case] expected: bool) {
        let own: Url = "http://127.0.0.1:9/facebook".parse().unwrap();
        let bases = BaseUrls { web: own.clone(), api: own.clone(), token: own };
        assert_eq!(is_metas(&bases, &url), expected);
    }
}
