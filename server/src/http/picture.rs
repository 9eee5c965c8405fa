//! Pictures of people and workspaces as they are sent: a body, or a part of a form.

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Request},
    http::StatusCode,
};
use domain::{ErrorCode, FieldErrors, ServiceError, workspaces::MAX_PORTRAIT};

use super::envelope::ApiError;

/// Above what is taken, so that a browser which sends somewhat too much is still listened to.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// What routes that take a picture read of a request.
pub fn body_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(MAX_BODY)
}

/// What a picture that is too large is told.
pub fn too_large() -> ServiceError {
    let message = format!("This picture is larger than {} MB.", MAX_PORTRAIT / (1024 * 1024));
    let mut error = ServiceError::new(ErrorCode::PayloadTooLarge, message.clone());
    error.fault.fields = FieldErrors::one("file", message);
    error
}

/// A whole picture as the body of a request.
#[derive(Debug)]
pub struct PictureBody(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for PictureBody {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                too_large().because(rejection)
            } else {
                ServiceError::field("file", "The picture could not be read.").because(rejection)
            }
        })?;
        Ok(Self(bytes.into()))
    }
}
