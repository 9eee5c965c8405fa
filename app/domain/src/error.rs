//! One vocabulary of errors. [`Fault`] is what people and programs see; [`ServiceError`] adds the cause, which only
//! the log sees. They are different types, so that the inside cannot be shown by accident.

use std::{collections::BTreeMap, error::Error as StdError, fmt};

use serde::{Deserialize, Serialize};

/// The codes of the REST contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    ValidationError,
    Unauthorized,
    Forbidden,
    CsrfRejected,
    SubscriptionInactive,
    PlanLimitReached,
    EmailUnconfirmed,
    NotFound,
    Conflict,
    Gone,
    PayloadTooLarge,
    RateLimited,
    InternalError,
    DatabaseError,
    EncryptionError,
    ExternalApiError,
    OauthError,
    ServiceUnavailable,
    Timeout,
}

impl ErrorCode {
    /// The HTTP status that goes with the code.
    pub const fn status(self) -> u16 {
        match self {
            Self::ValidationError => 400,
            Self::Unauthorized => 401,
            Self::Forbidden
            | Self::CsrfRejected
            | Self::SubscriptionInactive
            | Self::PlanLimitReached
            | Self::EmailUnconfirmed => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::PayloadTooLarge => 413,
            Self::RateLimited => 429,
            Self::InternalError | Self::DatabaseError | Self::EncryptionError => 500,
            Self::ExternalApiError | Self::OauthError => 502,
            Self::ServiceUnavailable => 503,
            Self::Timeout => 504,
        }
    }
}

/// Field name → what is wrong with it, in a sentence for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct FieldErrors(pub BTreeMap<String, String>);

impl FieldErrors {
    pub fn one(field: &str, message: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, message);
        errors
    }

    /// Keeps the first message of a field.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.entry(field.to_owned()).or_insert_with(|| message.into());
    }

    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when nothing is wrong, else a validation error.
    pub fn into_result(self) -> ServiceResult<()> {
        if self.is_empty() { Ok(()) } else { Err(ServiceError::validation(self)) }
    }
}

impl From<garde::Report> for FieldErrors {
    fn from(report: garde::Report) -> Self {
        let mut errors = Self::default();
        for (path, error) in report.iter() {
            errors.add(&path.to_string(), error.message());
        }
        errors
    }
}

/// What went wrong, as the caller may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub code: ErrorCode,
    /// A sentence for people.
    pub message: String,
    #[serde(default, skip_serializing_if = "FieldErrors::is_empty")]
    pub fields: FieldErrors,
    /// Seconds until another try makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Filled in where the request's edge is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Fault {}

/// A [`Fault`] and, for the log only, its cause.
#[derive(Debug)]
pub struct ServiceError {
    pub fault: Fault,
    pub cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// What every port method returns.
pub type ServiceResult<T> = Result<T, ServiceError>;

impl ServiceError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            fault: Fault {
                code,
                message: message.into(),
                fields: FieldErrors::default(),
                retry_after: None,
                request_id: None,
            },
            cause: None,
        }
    }

    pub fn validation(fields: FieldErrors) -> Self {
        let message = match fields.0.len() {
            1 => fields.0.values().next().cloned().unwrap_or_default(),
            n => format!("{n} fields need another look."),
        };
        let mut error = Self::new(ErrorCode::ValidationError, message);
        error.fault.fields = fields;
        error
    }

    /// A validation error of one field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::validation(FieldErrors::one(field, message))
    }

    /// A conflict that belongs to a field of a form (409 with `details.fields`).
    pub fn field_conflict(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut error = Self::new(ErrorCode::Conflict, message.clone());
        error.fault.fields = FieldErrors::one(field, message);
        error
    }

    pub fn unauthorized() -> Self {
        Self::new(ErrorCode::Unauthorized, "Please sign in to continue.")
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    /// Absent, or another workspace's: the two cannot be told apart. `what` is a noun such as "account".
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("This {what} does not exist, or you have no access to it."))
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorCode::InternalError, "Something went wrong on our side. Please try again.").because(cause)
    }

    pub fn unavailable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorCode::ServiceUnavailable, "The service is briefly unavailable. Please try again in a moment.")
            .because(cause)
    }

    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.fault.retry_after = Some(seconds);
        self
    }

    pub fn code(&self) -> ErrorCode {
        self.fault.code
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl StdError for ServiceError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}
