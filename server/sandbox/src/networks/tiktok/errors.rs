//! Errors as TikTok writes them (platforms.md 5): a word in an envelope, and in another shape at the token endpoint.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{wire::Reply, world::random};

/// One error of the API.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    status: u16,
    code: String,
    message: String,
}

impl Trouble {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// A field that does not fit, in the publishing calls.
    pub(super) fn param(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_param", message)
    }

    /// The same in the older calls, which write it in the plural.
    pub(super) fn params(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_params", message)
    }

    pub(super) fn saying(self, message: &str) -> Self {
        Self { message: message.to_owned(), ..self }
    }

    pub(super) fn token() -> Self {
        let words = "The access token is invalid or not found in the request.";
        Self::new(401, "access_token_invalid", words)
    }

    pub(super) fn scope(scope: &str) -> Self {
        Self::new(401, "scope_not_authorized", format!("The user did not authorize the scope required: {scope}."))
    }

    pub(super) fn too_often() -> Self {
        Self::new(429, "rate_limit_exceeded", "The API rate limit was exceeded. Please try again later.")
    }
}

impl From<Trouble> for Reply {
    fn from(trouble: Trouble) -> Self {
        let status = StatusCode::from_u16(trouble.status).unwrap_or(StatusCode::BAD_REQUEST);
        let error = json!({ "code": trouble.code, "message": trouble.message, "log_id": log_id() });
        Self::json(status, &json!({ "data": {}, "error": error }))
    }
}

/// A good answer.
pub(super) fn fine(data: Value) -> Reply {
    let mut body = json!({ "error": { "code": "ok", "message": "", "log_id": log_id() } });
    if let Some(map) = body.as_object_mut() {
        map.insert("data".to_owned(), data);
    }
    Reply::ok(&body)
}

/// An error of the token endpoint. Its status says little: a dead grant comes with 200.
pub(super) fn oauth(status: u16, error: &str, description: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    Reply::json(status, &json!({ "error": error, "error_description": description, "log_id": log_id() }))
}

fn log_id() -> String {
    format!("2026{}", random(30))
}
