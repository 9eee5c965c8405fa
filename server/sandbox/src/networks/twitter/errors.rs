//! Problems as X's API v2 writes them (platforms.md 3), and its rate headers.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{wire::Reply, world::Meter};

/// One problem body.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: u16,
    title: &'static str,
    detail: String,
    kind: &'static str,
    errors: Option<Value>,
}

impl Problem {
    pub(super) fn plain(status: u16, title: &'static str, detail: &str) -> Self {
        Self { status, title, detail: detail.to_owned(), kind: "about:blank", errors: None }
    }

    pub(super) fn unauthorized() -> Self {
        Self::plain(401, "Unauthorized", "Unauthorized")
    }

    pub(super) fn forbidden(detail: &str) -> Self {
        Self::plain(403, "Forbidden", detail)
    }

    pub(super) fn too_many() -> Self {
        Self::plain(429, "Too Many Requests", "Too Many Requests")
    }

    /// A parameter that does not fit. `name` may be empty.
    pub(super) fn invalid(name: &str, message: impl Into<String>) -> Self {
        Self::invalid_value(name, &Value::Null, message)
    }

    pub(super) fn invalid_value(name: &str, value: &Value, message: impl Into<String>) -> Self {
        let mut parameters = serde_json::Map::new();
        if !name.is_empty() {
            let values = match value {
                Value::Null => json!([]),
                Value::Array(_) => value.clone(),
                other => json!([other]),
            };
            parameters.insert(name.to_owned(), values);
        }
        Self {
            status: 400,
            title: "Invalid Request",
            detail: "One or more parameters to your request was invalid.".to_owned(),
            kind: "https://api.twitter.com/2/problems/invalid-request",
            errors: Some(json!([{ "parameters": parameters, "message": message.into() }])),
        }
    }

    pub(super) fn detail(mut self, detail: &str) -> Self {
        detail.clone_into(&mut self.detail);
        self
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let mut body = json!({ "title": problem.title, "detail": problem.detail, "type": problem.kind });
        if let Some(map) = body.as_object_mut() {
            match problem.errors {
                Some(errors) => drop(map.insert("errors".to_owned(), errors)),
                None => drop(map.insert("status".to_owned(), problem.status.into())),
            }
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        let reply = Self::json(status, &body);
        // X names problem bodies by their own type.
        Self { headers: Vec::new(), ..reply }.header("content-type", "application/problem+json")
    }
}

/// `x-rate-limit-*`; the reset is in seconds since 1970, and there is no `Retry-After`.
pub(super) fn with_meter(reply: Reply, meter: &Meter) -> Reply {
    reply
        .header("x-rate-limit-limit", meter.limit.to_string())
        .header("x-rate-limit-remaining", meter.remaining().to_string())
        .header("x-rate-limit-reset", meter.reset.timestamp().to_string())
}
