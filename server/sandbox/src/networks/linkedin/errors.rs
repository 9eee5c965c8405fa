//! Errors as LinkedIn's REST API writes them (platforms.md 4).

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::wire::Reply;

/// One error body.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: u16,
    code: &'static str,
    message: String,
    /// `serviceErrorCode`, where LinkedIn sends one.
    pub(super) service: Option<i64>,
    details: Option<Value>,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), service: None, details: None }
    }

    /// 401 with the number that says what is wrong with the token.
    pub(super) fn token(service: i64, code: &'static str, message: &str) -> Self {
        Self { service: Some(service), ..Self::new(401, code, message) }
    }

    /// 403: a scope or a role is missing.
    pub(super) fn denied(resource: &str) -> Self {
        let message = format!("Not enough permissions to access: {resource}");
        Self { service: Some(100), ..Self::new(403, "ACCESS_DENIED", message) }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(404, "NOT_FOUND", format!("{what} could not be found"))
    }

    pub(super) fn no_resource(path: &[String]) -> Self {
        let message = format!("No virtual resource found for /{}", path.join("/"));
        Self { service: Some(0), ..Self::new(404, "RESOURCE_NOT_FOUND", message) }
    }

    pub(super) fn too_many() -> Self {
        let words = "Resource level throttle MEMBER DAY limit for calls to this resource is reached.";
        Self { service: Some(101), ..Self::new(429, "TOO_MANY_REQUESTS", words) }
    }

    /// 422: the entity does not fit its schema.
    pub(super) fn schema(path: &str, problem: &str) -> Self {
        Self::new(422, "UNPROCESSABLE_ENTITY", format!("ERROR :: {path} :: {problem}\n"))
    }

    pub(super) fn missing_field(path: &str) -> Self {
        Self::schema(path, "field is required but not found and has no default value")
    }

    pub(super) fn unknown_field(path: &str) -> Self {
        Self::schema(path, "unrecognized field found but not allowed")
    }

    pub(super) fn field_value(path: &str, value: &str) -> Self {
        let message = format!("Invalid value for field {path}: {value}");
        Self::new(400, "INVALID_VALUE_FOR_FIELD", message).input(path)
    }

    /// Names the field at fault, as `errorDetails` does.
    pub(super) fn input(mut self, path: &str) -> Self {
        let field = path.trim_start_matches('/');
        self.details = Some(json!({ "inputErrors": [{
            "description": self.message, "code": self.code, "input": { "inputPath": { "fieldPath": field } } }] }));
        self
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        let mut body = json!({ "status": error.status, "code": error.code, "message": error.message });
        if let Some(map) = body.as_object_mut() {
            if let Some(service) = error.service {
                map.insert("serviceErrorCode".to_owned(), service.into());
            }
            if let Some(details) = error.details {
                map.insert("errorDetailType".to_owned(), "com.linkedin.common.error.BadRequest".into());
                map.insert("errorDetails".to_owned(), details);
            }
        }
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        Self::json(status, &body).header("x-restli-error-response", "true")
    }
}
