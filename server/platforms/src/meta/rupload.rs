//! Meta's upload host: whole files, sent as they are read, resumed where an upload broke off. Reels and stories of Pages
//! go there, and videos of Instagram's.
//!
//! The address is handed out by the API; the token goes along, so it must be Meta's. An upload continues from the number
//! of bytes that have arrived, which the platform knows better than we do after a crash: it is asked before anything is
//! sent, because an earlier attempt may have sent something and never learnt of it.

use domain::{Platform, deliveries::ErrorClass};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
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

/// How one phase of a video stands, as the video's or container's node tells.
#[derive(Debug, Deserialize)]
pub(crate) struct Phase {
    pub status: Option<String>,
    pub publish_status: Option<String>,
    /// Facebook's spelling, in some versions.
    #[serde(alias = "bytes_transfered")]
    bytes_transferred: Option<u64>,
}

impl Phase {
    /// Of the uploading phase, how many of `size` bytes have arrived.
    pub fn arrived(&self, size: u64) -> u64 {
        match self.status.as_deref() {
            // In both spellings.
            Some("complete" | "completed") => size,
            _ => self.bytes_transferred.unwrap_or(0).min(size),
        }
    }

    pub fn failed(&self) -> bool {
        self.status.as_deref() == Some("error")
    }
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

/// The host's refusal of an upload. What has arrived is asked again at the next try; an upload that the host no longer
/// knows, or of which nobody says how much has arrived (not `told`), is begun anew.
pub(crate) fn refused(error: PlatformError, told: bool) -> PlatformError {
    let unknown = matches!(error.http_status, Some(404 | 410));
    let miscounted = error.code.as_deref() == Some("OffsetInvalidError");
    if unknown || (miscounted && !told) { begun_anew(error.platform, error) } else { error }
}

/// An upload that broke off for good at the platform's side.
pub(crate) fn lost(platform: Platform) -> PlatformError {
    begun_anew(platform, PlatformError::new(platform, ErrorClass::Transient).with_code("upload_lost"))
}

fn begun_anew(platform: Platform, error: PlatformError) -> PlatformError {
    PlatformError { class: ErrorClass::Transient, ..error }
        .saying(format!("{} no longer takes this upload; it is begun anew.", platform.label()))
        .staging_anew()
}

/// The refusal of an address that is none of Meta's: nothing is sent there.
pub(crate) fn foreign(platform: Platform) -> PlatformError {
    PlatformError::new(platform, ErrorClass::Operator)
        .with_code("address_refused")
        .saying(format!("{} named an address for the upload that is not its own.", platform.label()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case(json!({"status": "not_started"}), 0)]
    #[case(json!({"status": "in_progress", "bytes_transferred": 40}), 40)]
    #[case(json!({"status": "in_progress", "bytes_transfered": 40}), 40)]
    #[case(json!({"bytes_transferred": 400}), 100)]
    #[case(json!({"status": "complete"}), 100)]
    #[case(json!({"status": "completed", "bytes_transferred": 40}), 100)]
    fn what_has_arrived(#[case] phase: Value, #[case] expected: u64) {
        let phase: Phase = serde_json::from_value(phase).unwrap();
        assert_eq!(phase.arrived(100), expected);
    }

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
