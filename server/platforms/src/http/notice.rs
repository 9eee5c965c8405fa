//! Calls to addresses that people enter (webhooks): the same client, the same rule of addresses and the same limits. The answer is
//! its status; what it says besides is read to its end, within the limits, and kept nowhere.

use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use url::Url;

use super::{Http, Silence};

/// A notice: JSON that is posted.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// As it was entered.
    pub url: &'a str,
    /// Sent as it is, byte for byte, since it is signed.
    pub body: &'a str,
    /// Beside what every call has.
    pub headers: &'a [(&'a str, &'a str)],
}

/// Why there is no answer. The texts complete "Not called: …" and "No answer: …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeFailed {
    /// Our own rule against the address, or against what its name leads to; nothing was sent.
    Refused(String),
    /// Nobody is there, or whoever is says nothing.
    Silent(&'static str),
}

impl Http {
    /// Why an address may not be called, as far as that can be said without asking DNS. Calls go by the same rule, and by what names
    /// lead to at that moment.
    pub fn refusal(&self, url: &str) -> Option<String> {
        match url.parse::<Url>() {
            Ok(url) => self.guard.check_url(&url).err().map(|blocked| blocked.to_string()),
            Err(_) => Some("it is no address".to_owned()),
        }
    }

    /// Sends a notice, once; the status of its answer. A redirect is an answer like any other.
    pub async fn notify(&self, notice: Notice<'_>) -> Result<u16, NoticeFailed> {
        if let Some(why) = self.refusal(notice.url) {
            return Err(NoticeFailed::Refused(why));
        }
        let mut request = self
            .client
            .request(Method::POST, notice.url)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(notice.body.to_owned());
        for (name, value) in notice.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(*value)) {
                request = request.header(name, value);
            }
        }
        let mut response = request.send().await.map_err(|error| match Silence::of(&error) {
            Silence::Blocked(blocked) => NoticeFailed::Refused(blocked.to_string()),
            Silence::BeforeSending => NoticeFailed::Silent("the address cannot be reached"),
            Silence::AfterSending if error.is_timeout() => NoticeFailed::Silent("it took too long"),
            Silence::AfterSending => NoticeFailed::Silent("the connection broke off"),
        })?;
        let status = response.status().as_u16();
        // To its end, so that the connection can be used again; but the answer is there already.
        let mut read = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            read += chunk.len();
            if read > self.settings.max_response_bytes {
                break;
            }
        }
        Ok(status)
    }
}
