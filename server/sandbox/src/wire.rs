//! Requests and answers as the simulated networks see them: read and parsed once, before the state is locked.

use std::fmt::Write as _;

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Multipart},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

/// Ordered name and value pairs of a query or a form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The first value of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of this name, unless it is empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// All values of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub(crate) fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }
}

/// One part of a multipart body.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) content_type: Option<String>,
    pub(crate) is_file: bool,
    pub(crate) bytes: Bytes,
}

/// A request body, parsed by its declared type.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Form(Fields),
    Multipart(Vec<Part>),
    /// Declared as JSON or multipart, but is not.
    Broken,
    /// Anything else.
    Raw(Bytes),
}

/// One request to a simulated network.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Segments below the platform's prefix, percent-decoded.
    pub(crate) path: Vec<String>,
    pub(crate) query: Fields,
    pub(crate) headers: HeaderMap,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Body,
    pub(crate) body_len: usize,
    /// The sandbox's public address without a slash at its end.
    pub(crate) base: String,
    /// What a media address in the request answered, for networks that pull.
    pub(crate) fetched: Option<Fetched>,
}

/// What became of fetching a medium.
pub(crate) type Fetched = Result<Bytes, PullError>;

/// Why a network could not fetch a medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PullError {
    /// Not reached, not allowed, or not a medium.
    Failed(String),
    /// Not done in time.
    Slow,
    TooLarge,
}

impl Call {
    /// The path as a slice of `&str`, for matching.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token of `Authorization: Bearer …`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
    }

    /// The token of `Authorization: OAuth …`, as upload hosts want it.
    pub(crate) fn oauth_token(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("oauth").then(|| token.trim()).filter(|token| !token.is_empty())
    }

    /// A header that holds a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.header(name).and_then(|text| text.trim().parse().ok())
    }

    /// The bytes of a body that is nothing but a file, whatever it calls itself.
    pub(crate) fn raw(&self) -> Option<&Bytes> {
        match &self.body {
            Body::Raw(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The form body, if it is one.
    pub(crate) fn form(&self) -> Option<&Fields> {
        match &self.body {
            Body::Form(fields) => Some(fields),
            _ => None,
        }
    }

    /// Text of a multipart field.
    pub(crate) fn part(&self, name: &str) -> Option<&Part> {
        match &self.body {
            Body::Multipart(parts) => parts.iter().find(|part| part.name == name),
            _ => None,
        }
    }
}

/// Reads a body by its declared type. What does not parse is kept as [`Body::Broken`]: each network has its own words
/// for that.
pub(crate) async fn parse_body(content_type: Option<&str>, declared: Option<HeaderValue>, bytes: Bytes) -> Body {
    if bytes.is_empty() {
        return Body::Empty;
    }
    match content_type {
        Some("application/json") => match serde_json::from_slice(&bytes) {
            Ok(value) => Body::Json(value),
            Err(_) => Body::Broken,
        },
        Some("application/x-www-form-urlencoded") => Body::Form(Fields::parse(&bytes)),
        Some("multipart/form-data") => match parse_multipart(declared, bytes).await {
            Some(parts) => Body::Multipart(parts),
            None => Body::Broken,
        },
        _ => Body::Raw(bytes),
    }
}

async fn parse_multipart(declared: Option<HeaderValue>, bytes: Bytes) -> Option<Vec<Part>> {
    let mut request = Request::new(axum::body::Body::from(bytes));
    if let Some(value) = declared {
        request.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    // The whole body was read under a limit already.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut multipart = Multipart::from_request(request, &()).await.ok()?;
    let mut parts = Vec::new();
    while let Some(field) = multipart.next_field().await.ok()? {
        let name = field.name().unwrap_or_default().to_owned();
        let content_type = field.content_type().map(str::to_owned);
        let is_file = field.file_name().is_some();
        let bytes = field.bytes().await.ok()?;
        parts.push(Part { name, content_type, is_file, bytes });
    }
    Some(parts)
}

impl Part {
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// Decodes `%XX`; a broken escape stays as it is.
pub(crate) fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escape = (byte == b'%').then(|| tail.get(..2).and_then(|two| std::str::from_utf8(two).ok())).flatten();
        if let Some(decoded) = escape.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            out.push(decoded);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Encodes all but unreserved characters, so that the result is one path segment or one query value.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A time as the Graph API writes it: `2026-11-20T10:00:00+0000`.
pub(crate) fn graph_time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// An answer of a simulated network.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        Self::typed(status, "application/json; charset=utf-8", value.to_string())
    }

    pub(crate) fn ok(value: &Value) -> Self {
        Self::json(StatusCode::OK, value)
    }

    pub(crate) fn html(status: StatusCode, page: String) -> Self {
        Self::typed(status, "text/html; charset=utf-8", page)
    }

    pub(crate) fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(content_type))];
        Self { status, headers, body: body.into() }
    }

    /// Sends the browser on. A consent form is answered with GET on the other side, hence 302 as the networks do.
    pub(crate) fn redirect(location: &str) -> Self {
        Self::empty(StatusCode::FOUND).with(header::LOCATION, location)
    }

    /// Adds a header; a value that no header may hold is left out.
    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.push((name, value));
        }
        self
    }

    /// Adds a header by its lower-case name.
    #[must_use]
    pub(crate) fn header(self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.with(HeaderName::from_static(name), value)
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::from(self.body));
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_coding_goes_both_ways() {
        assert_eq!(percent_encode("urn:li:share:1 é"), "urn%3Ali%3Ashare%3A1%20%C3%A9");
        assert_eq!(percent_decode("urn%3Ali%3ashare%3A1%20%C3%A9"), "urn:li:share:1 é");
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%4"), "%zz%4");
    }

    #[tokio::test]
    async fn a_broken_body_is_told_from_an_empty_one() {
        assert!(matches!(parse_body(Some("application/json"), None, Bytes::from_static(b"{")).await, Body::Broken));
        assert!(matches!(parse_body(Some("application/json"), None, Bytes::new()).await, Body::Empty));
        assert!(matches!(parse_body(None, None, Bytes::from_static(b"{}")).await, Body::Raw(_)));
    }
}
