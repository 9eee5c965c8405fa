//! Refusals as an instance writes them, and its rate headers.

use axum::http::StatusCode;
use serde_json::json;

use crate::{wire::Reply, world::Meter};

/// One refusal: a status and a sentence.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: u16,
    words: String,
    /// The error of `WWW-Authenticate` (RFC 6750), where the token or its scopes are at fault.
    challenge: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: u16, words: impl Into<String>) -> Self {
        Self { status, words: words.into(), challenge: None }
    }

    pub(super) fn token(words: &str) -> Self {
        Self { challenge: Some("invalid_token"), ..Self::new(401, words) }
    }

    pub(super) fn scope() -> Self {
        let refusal = Self::new(403, "This action is outside the authorized scopes");
        Self { challenge: Some("insufficient_scope"), ..refusal }
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "Record not found")
    }

    pub(super) fn too_many() -> Self {
        Self::new(429, "Too many requests")
    }

    /// What a model's validation says.
    pub(super) fn invalid(words: &str) -> Self {
        Self::new(422, format!("Validation failed: {words}"))
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        let reply = Self::json(status, &json!({ "error": refusal.words }));
        match refusal.challenge {
            Some(error) => {
                let words = refusal.words;
                let value = format!("Bearer realm=\"Doorkeeper\", error=\"{error}\", error_description=\"{words}\"");
                reply.header("www-authenticate", value)
            }
            None => reply,
        }
    }
}

/// `X-RateLimit-*`; the end of the window in ISO 8601 with microseconds.
pub(super) fn with_meter(reply: Reply, meter: &Meter) -> Reply {
    reply
        .header("x-ratelimit-limit", meter.limit.to_string())
        .header("x-ratelimit-remaining", meter.remaining().to_string())
        .header("x-ratelimit-reset", meter.reset.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}
