//! A request being put together.

use std::{borrow::Cow, ops::Range, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use reqwest::{
    Method,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::media::{MediaItem, MediaSource};

/// What a call is for. It decides what an answer, or none, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Code for tokens.
    Exchange,
    /// A new token for an old one.
    Refresh,
    /// Giving access back.
    Revoke,
    /// Who the token stands for, and which accounts it reaches.
    Identify,
    /// Whether the token is still good.
    Probe,
    /// Uploads, containers: whatever may be repeated.
    Stage,
    /// The one call that makes a post public. Never sent again without asking first.
    Commit,
    /// What an account has published lately.
    Find,
    /// What is left to do with a post that is out: its address, a first comment.
    FollowUp,
}

impl Operation {
    /// The word in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Refresh => "refresh",
            Self::Revoke => "revoke",
            Self::Identify => "identify",
            Self::Probe => "probe",
            Self::Stage => "stage",
            Self::Commit => "commit",
            Self::Find => "find",
            Self::FollowUp => "follow_up",
        }
    }
}

/// The body of a request.
pub(crate) enum Payload {
    Empty,
    Json(Value),
    Form(Vec<(Cow<'static, str>, String)>),
    /// A form as the `oauth2` crate has encoded it; its headers say so.
    Raw(Vec<u8>),
    Bytes {
        mime: String,
        bytes: Bytes,
    },
    /// A range of a file, read as it is sent: of a large one only some pieces are ever in memory.
    Stream {
        mime: String,
        source: Arc<dyn MediaSource>,
        range: Range<u64>,
    },
    Multipart(Vec<Part>),
}

/// A field of a multipart body. With a type it is a file, without one a text.
pub(crate) struct Part {
    pub name: Cow<'static, str>,
    pub mime: Option<String>,
    pub content: Content,
}

/// What a part holds.
pub(crate) enum Content {
    Bytes(Bytes),
    /// A whole file, read as it is sent.
    File {
        source: Arc<dyn MediaSource>,
        size: u64,
    },
}

impl Content {
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
        }
    }
}

/// A request.
pub(crate) struct Call {
    pub operation: Operation,
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub payload: Payload,
    /// Instead of the usual time limit.
    pub timeout: Option<Duration>,
    /// What must not show in a trace.
    pub secrets: Vec<SecretString>,
}

impl Call {
    pub fn new(operation: Operation, method: Method, url: Url) -> Self {
        Self {
            operation,
            method,
            url,
            headers: HeaderMap::new(),
            payload: Payload::Empty,
            timeout: None,
            secrets: Vec::new(),
        }
    }

    pub fn get(operation: Operation, url: Url) -> Self {
        Self::new(operation, Method::GET, url)
    }

    pub fn post(operation: Operation, url: Url) -> Self {
        Self::new(operation, Method::POST, url)
    }

    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// A secret query value, for platforms that want it there.
    pub fn secret_query(self, name: &str, value: &SecretString) -> Self {
        self.query(name, value.expose_secret()).hiding(value)
    }

    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub fn bearer(self, token: &SecretString) -> Self {
        let value = format!("Bearer {}", token.expose_secret());
        self.authorization(&value).hiding(token)
    }

    pub fn basic(self, user: &str, password: &SecretString) -> Self {
        self.authorization(&basic_value(user, password.expose_secret())).hiding(password)
    }

    fn authorization(mut self, value: &str) -> Self {
        // A token with a line break in it could not be sent at all; the platform then answers that it is missing.
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(AUTHORIZATION, value);
        }
        self
    }

    pub fn json(mut self, body: Value) -> Self {
        self.payload = Payload::Json(body);
        self
    }

    /// Adds a form field; the first one makes the body a form.
    pub fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        match &mut self.payload {
            Payload::Form(fields) => fields.push((name.into(), value.into())),
            _ => self.payload = Payload::Form(vec![(name.into(), value.into())]),
        }
        self
    }

    pub fn secret_field(self, name: &'static str, value: &SecretString) -> Self {
        self.field(name, value.expose_secret()).hiding(value)
    }

    pub fn bytes(mut self, mime: impl Into<String>, bytes: Bytes) -> Self {
        self.payload = Payload::Bytes { mime: mime.into(), bytes };
        self
    }

    /// A range of a file, streamed.
    pub fn stream(self, item: &MediaItem, range: Range<u64>) -> Self {
        self.stream_as(item.mime.clone(), item, range)
    }

    /// The same under another type, for parts that are none by themselves.
    pub fn stream_as(mut self, mime: impl Into<String>, item: &MediaItem, range: Range<u64>) -> Self {
        self.payload = Payload::Stream { mime: mime.into(), source: Arc::clone(&item.source), range };
        self
    }

    pub fn multipart(mut self, parts: Vec<Part>) -> Self {
        self.payload = Payload::Multipart(parts);
        self
    }

    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Keeps the query of the call's own address out of the trace: it signs what may be done there.
    pub fn hiding_query(self) -> Self {
        match self.url.query().map(SecretString::from) {
            Some(query) => self.hiding(&query),
            None => self,
        }
    }

    /// Keeps an address that is itself a permission out of the trace.
    pub fn hiding_text(self, text: &str) -> Self {
        self.hiding(&SecretString::from(text))
    }

    /// Keeps `secret` out of the trace, wherever it turns up.
    pub fn hiding(mut self, secret: &SecretString) -> Self {
        self.secrets.push(secret.clone());
        self
    }
}

impl Part {
    pub fn text(name: &'static str, value: impl Into<String>) -> Self {
        Self { name: name.into(), mime: None, content: Content::Bytes(value.into().into()) }
    }

    /// A text whose name makes the trace mask it.
    pub fn secret(name: &'static str, value: &SecretString) -> Self {
        Self::text(name, value.expose_secret())
    }

    pub fn file(name: &'static str, mime: impl Into<String>, bytes: Bytes) -> Self {
        Self { name: name.into(), mime: Some(mime.into()), content: Content::Bytes(bytes) }
    }

    /// A whole file of whatever size, of which only some pieces are ever in memory.
    pub fn streamed(name: &'static str, item: &MediaItem) -> Self {
        let content = Content::File { source: Arc::clone(&item.source), size: item.size };
        Self { name: name.into(), mime: Some(item.mime.clone()), content }
    }
}

/// The header of HTTP Basic.
pub(super) fn basic_value(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// `base` with `segments` behind its own path, each percent-encoded as one segment.
pub(crate) fn endpoint(base: &Url, segments: &[&str]) -> Url {
    let mut path = base.path().trim_end_matches('/').to_owned();
    for segment in segments {
        path.push('/');
        push_encoded(&mut path, segment);
    }
    let mut url = base.clone();
    // `set_path` leaves what is percent-encoded already as it is.
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// Stricter than a URL asks for: `LinkedIn` wants the colons of a URN encoded.
fn push_encoded(path: &mut String, segment: &str) {
    use std::fmt::Write as _;
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://api.x.com", &["2", "tweets"], "https://api.x.com/2/tweets")]
    #[case("https://api.x.com/", &["2", "tweets"], "https://api.x.com/2/tweets")]
    #[case("http://127.0.0.1:8090/twitter", &["2", "tweets"], "http://127.0.0.1:8090/twitter/2/tweets")]
    #[case("http://127.0.0.1:8090/linkedin/", &["rest", "posts", "urn:li:share:1"],
        "http://127.0.0.1:8090/linkedin/rest/posts/urn%3Ali%3Ashare%3A1")]
    #[case("https://a.example", &["a/b?c#d e"], "https://a.example/a%2Fb%3Fc%23d%20e")]
    fn endpoints(#[case] base: Url, #[case] segments: &[&str], #[case] expected: &str) {
        assert_eq!(endpoint(&base, segments).as_str(), expected);
    }
}
