//! Errors as the Graph API writes them (platforms.md 1 and 2).

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{wire::Reply, world::random};

/// One error body.
#[derive(Clone, Debug)]
pub(crate) struct GraphError {
    status: u16,
    code: i64,
    pub(crate) subcode: Option<i64>,
    pub(crate) kind: &'static str,
    message: String,
    pub(crate) transient: bool,
    /// Title and sentence that an application may show to people.
    user: Option<Box<(&'static str, String)>>,
    /// What a program may want to know beside.
    data: Option<Box<Value>>,
}

impl GraphError {
    pub(crate) fn new(status: u16, code: i64, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            subcode: None,
            kind: "OAuthException",
            message: message.into(),
            transient: false,
            user: None,
            data: None,
        }
    }

    /// Code 100: a parameter is missing or wrong.
    pub(crate) fn invalid(message: impl std::fmt::Display) -> Self {
        Self::new(400, 100, format!("(#100) {message}"))
    }

    /// Code 200: the person or the application may not do this.
    pub(crate) fn permission(message: impl std::fmt::Display) -> Self {
        Self::new(403, 200, format!("(#200) {message}"))
    }

    /// Code 10: a permission is missing for reading.
    pub(crate) fn needs(scope: &str) -> Self {
        Self::new(403, 10, format!("(#10) This endpoint requires the '{scope}' permission or feature."))
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn subcode(mut self, subcode: i64) -> Self {
        self.subcode = Some(subcode);
        self
    }

    pub(crate) fn for_people(mut self, title: &'static str, sentence: impl Into<String>) -> Self {
        self.user = Some(Box::new((title, sentence.into())));
        self
    }

    pub(crate) fn with_data(mut self, data: Value) -> Self {
        self.data = Some(Box::new(data));
        self
    }

    pub(crate) fn missing_object(id: &str) -> Self {
        let mut error = Self::new(
            400,
            100,
            format!(
                "Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
                 permissions, or does not support this operation. Please read the Graph API documentation at \
                 https://developers.facebook.com/docs/graph-api"
            ),
        )
        .subcode(33);
        error.kind = "GraphMethodException";
        error
    }

    pub(crate) fn unknown_path(path: &[&str]) -> Self {
        Self::new(400, 2500, format!("Unknown path components: /{}", path.join("/")))
    }

    pub(crate) fn retired_version(version: &str) -> Self {
        Self::new(
            400,
            2635,
            format!("(#2635) You are calling a deprecated version of the API ({version}). Please update to v26.0."),
        )
    }

    pub(crate) fn expired(end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let day = |at: DateTime<Utc>| at.format("%A, %d-%b-%y %H:%M:%S UTC").to_string();
        let end = end.map(day).unwrap_or_default();
        Self::new(
            400,
            190,
            format!("Error validating access token: Session has expired on {end}. The current time is {}.", day(now)),
        )
        .subcode(463)
    }

    pub(crate) fn not_authorized(client: &str) -> Self {
        Self::new(400, 190, format!("Error validating access token: The user has not authorized application {client}."))
            .subcode(458)
    }

    /// An error of an upload or a container, by Instagram's numbers.
    pub(crate) fn media(code: i64, subcode: i64, message: impl Into<String>) -> Self {
        Self::new(400, code, message).subcode(subcode)
    }

    pub(crate) fn app_limit() -> Self {
        let mut error = Self::new(403, 4, "(#4) Application request limit reached");
        error.transient = true;
        error
    }

    pub(crate) fn page_limit() -> Self {
        let mut error = Self::new(403, 32, "(#32) Page request limit reached");
        error.transient = true;
        error
    }
}

impl From<GraphError> for Reply {
    fn from(error: GraphError) -> Self {
        let mut body = json!({
            "message": error.message,
            "type": error.kind,
            "code": error.code,
            "fbtrace_id": format!("A{}", random(22)),
        });
        if let Some(map) = body.as_object_mut() {
            if let Some(subcode) = error.subcode {
                map.insert("error_subcode".to_owned(), subcode.into());
            }
            if error.transient || error.user.is_some() {
                map.insert("is_transient".to_owned(), error.transient.into());
            }
            if let Some(data) = error.data {
                map.insert("error_data".to_owned(), *data);
            }
            if let Some((title, sentence)) = error.user.map(|user| *user) {
                map.insert("error_user_title".to_owned(), title.into());
                map.insert("error_user_msg".to_owned(), sentence.into());
            }
        }
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        let reply = Self::json(status, &json!({ "error": body }));
        if error.code == 190 {
            let words = format!("OAuth \"Facebook Platform\" \"invalid_token\" \"{}\"", error.message);
            return reply.header("www-authenticate", words);
        }
        reply
    }
}

impl From<Result<Reply, GraphError>> for Reply {
    fn from(answer: Result<Reply, GraphError>) -> Self {
        answer.unwrap_or_else(Self::from)
    }
}
