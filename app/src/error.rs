//! The one error that crosses between server and browser.
//!
//! Three sources end in it: a port's refusal ([`refuse`]), a refusal by the server's edge before any server function
//! ran (rate limits, a foreign origin), which speaks the REST envelope, and a network that is not there.
//!
//! What a form can mend is no error: server functions of forms answer with a value that holds the field messages.

use domain::{ErrorCode, Fault, FieldErrors, workspaces::WORKSPACE_FIELD};
use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::Decodes,
};
use serde::{Deserialize, Serialize};

use crate::codec::JsonText;

/// Shown where the network is gone; seed K's words.
pub const CONNECTION_LOST: &str = "Connection lost. Please try again";

/// Why a server function has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AppError {
    /// The server refused, or broke.
    Refused(Fault),
    /// The server was not reached; nothing is known to have happened.
    Offline,
}

impl AppError {
    /// A refusal that is decided in this crate.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused(Fault {
            code,
            message: message.into(),
            fields: FieldErrors::default(),
            retry_after: None,
            request_id: None,
        })
    }

    /// `None` when the server was not reached.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(fault) => Some(fault.code),
            Self::Offline => None,
        }
    }

    /// A sentence for people.
    pub fn message(&self) -> &str {
        match self {
            Self::Refused(fault) => &fault.message,
            Self::Offline => CONNECTION_LOST,
        }
    }

    /// Seconds until another try makes sense, if the server says so.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Refused(fault) => fault.retry_after,
            Self::Offline => None,
        }
    }

    /// Too much was asked in too short a time.
    pub fn is_rate_limited(&self) -> bool {
        self.code() == Some(ErrorCode::RateLimited)
    }

    /// Names the request in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused(fault) => fault.request_id.as_deref(),
            Self::Offline => None,
        }
    }

    /// The session has ended: the way on is to sign in again.
    pub fn is_signed_out(&self) -> bool {
        self.code() == Some(ErrorCode::Unauthorized)
    }

    /// The page belongs to another workspace than the one that the session has gone to.
    pub fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Refused(fault) if fault.code == ErrorCode::Conflict && fault.fields.get(WORKSPACE_FIELD).is_some())
    }

    /// The thing is absent, or another workspace's.
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(ErrorCode::NotFound)
    }

    fn internal() -> Self {
        Self::new(ErrorCode::InternalError, "Something went wrong on our side. Please try again.")
    }
}

impl std::fmt::Display for AppError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for AppError {}

impl FromServerFnError for AppError {
    type Encoder = JsonText;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        match value {
            ServerFnErrorErr::Request(_) => Self::Offline,
            // Here only what was sent to us is read.
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_)
                if cfg!(feature = "ssr") =>
            {
                let error = Self::new(ErrorCode::ValidationError, "This request was not understood.");
                #[cfg(feature = "ssr")]
                crate::services::set_status(ErrorCode::ValidationError.status());
                error
            }
            _ => Self::internal(),
        }
    }

    fn de(data: leptos::server_fn::Bytes) -> Self {
        JsonText::decode(data.clone())
            .or_else(|_| <JsonText as Decodes<Envelope>>::decode(data).map(Self::from))
            // Neither ours nor the edge's: a proxy in between, whose pages mean nothing to people.
            .unwrap_or_else(|_| Self::internal())
    }
}

/// How the REST edge refuses.
#[derive(Deserialize)]
struct Envelope {
    error: String,
    code: ErrorCode,
    #[serde(default)]
    details: Details,
    #[serde(default)]
    request_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    fields: FieldErrors,
    retry_after: Option<u32>,
}

impl From<Envelope> for AppError {
    fn from(envelope: Envelope) -> Self {
        Self::Refused(Fault {
            code: envelope.code,
            message: envelope.error,
            fields: envelope.details.fields,
            retry_after: envelope.details.retry_after,
            request_id: envelope.request_id,
        })
    }
}

/// A port's refusal on its way to the browser: the cause of what is our fault goes to the log, never further; the
/// status of the response follows the code.
#[cfg(feature = "ssr")]
pub fn refuse(error: domain::ServiceError) -> AppError {
    let domain::ServiceError { mut fault, cause } = error;
    if fault.request_id.is_none() {
        fault.request_id = crate::services::request_id().map(|id| id.to_string());
    }
    if fault.code.status() >= 500 {
        let cause = cause.as_deref().map(Causes);
        tracing::error!(
            code = ?fault.code,
            request_id = fault.request_id.as_deref(),
            cause = cause.as_ref().map(tracing::field::display),
            "server function failed: {}",
            fault.message,
        );
    }
    crate::services::set_status(fault.code.status());
    AppError::Refused(fault)
}

/// An error with all that lies behind it, in one line.
#[cfg(feature = "ssr")]
struct Causes<'a>(&'a (dyn std::error::Error + Send + Sync + 'static));

#[cfg(feature = "ssr")]
impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_wire() {
        let mut error = AppError::new(ErrorCode::NotFound, "This account does not exist.");
        if let AppError::Refused(fault) = &mut error {
            fault.request_id = Some("req_1".into());
        }
        assert_eq!(AppError::de(error.ser()), error);
        assert_eq!(AppError::de(AppError::Offline.ser()), AppError::Offline);
    }

    #[test]
    fn understands_a_refusal_of_the_edge() {
        let body = r#"{"success":false,"error":"Too many attempts.","code":"RATE_LIMITED","details":{"retry_after":30},"request_id":"req_9"}"#;
        let AppError::Refused(fault) = AppError::de(body.into()) else { panic!("not a refusal") };
        assert_eq!(fault.code, ErrorCode::RateLimited);
        assert_eq!(fault.message, "Too many attempts.");
        assert_eq!(fault.retry_after, Some(30));
        assert_eq!(fault.request_id.as_deref(), Some("req_9"));
    }

    #[test]
    fn never_shows_a_strangers_page() {
        let error = AppError::de("<html>502 Bad Gateway</html>".into());
        assert_eq!(error, AppError::internal());
    }
}
