//! Uploads in pieces after the tus protocol 1.0 (tus.io): its core, and the extensions creation, expiration and termination.
//! Any client of the protocol can send files here; ours is in `app`.
//!
//! A file is announced (`POST`), sent from wherever it stands (`PATCH`), asked about after a lost connection (`HEAD`), and
//! given up (`DELETE`). What the protocol has no word for, what has become of the file, is told as JSON (`GET`).

use std::{convert::Infallible, sync::Arc};

use async_trait::async_trait;
use axum::{
    body::{BodyDataStream, Bytes},
    extract::{FromRef, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use domain::{
    ErrorCode, FieldErrors, ServiceError, ServiceResult, UploadId,
    media::{BrokenOff, Incoming, MAX_VIDEO, Media, NewUpload, UploadState, UploadStatus},
};
use futures::StreamExt;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    envelope::{ApiError, Created, Failure, Ok200, Success, failure, log},
    extract::{PathId, SignedIn},
};

/// The one version of the protocol there is.
const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const EXTENSIONS: HeaderValue = HeaderValue::from_static("creation,expiration,termination");
const PIECE_TYPE: &str = "application/offset+octet-stream";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// The routes. The state hands out the port.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Media>: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(begin, options)).routes(routes!(state, append, abandon))
}

/// An answer, with the headers that every one carries.
struct Tus(Response);

impl IntoResponse for Tus {
    fn into_response(self) -> Response {
        let mut response = self.0;
        response.headers_mut().insert(TUS_RESUMABLE, VERSION);
        response
    }
}

/// A refusal, where the protocol has a status of its own for it.
struct Refused(Option<StatusCode>, ServiceError);

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        Self(None, error)
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(None, error.0)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        log(&self.1);
        let mut response = failure(self.1.fault);
        if let Some(status) = self.0 {
            *response.status_mut() = status;
        }
        if self.0 == Some(StatusCode::PRECONDITION_FAILED) {
            response.headers_mut().insert(TUS_VERSION, VERSION);
        }
        Tus(response).into_response()
    }
}

type TusResult = Result<Tus, Refused>;

/// The client speaks the version we speak; 412 otherwise.
struct Spoken;

impl<S: Sync> FromRequestParts<S> for Spoken {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        if parts.headers.get(TUS_RESUMABLE) == Some(&VERSION) {
            return Ok(Self);
        }
        let error = ServiceError::field("tus-resumable", "Send Tus-Resumable: 1.0.0, the version spoken here.");
        Err(Refused(Some(StatusCode::PRECONDITION_FAILED), error))
    }
}

/// Says what is spoken here
#[utoipa::path(
    options, path = "/api/media/uploads", tag = "media", operation_id = "describe_uploads",
    responses((status = 204, description = "Version, extensions and the largest file, in headers")),
    security(())
)]
async fn options() -> Result<Tus, Infallible> {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(TUS_VERSION, VERSION);
    headers.insert(TUS_EXTENSION, EXTENSIONS);
    headers.insert(TUS_MAX_SIZE, HeaderValue::from(MAX_VIDEO));
    Ok(Tus(response))
}

/// Announces a file
///
/// After the tus protocol 1.0, so that any of its clients can be used. `Location` is where the pieces go. Give the name as
/// `filename`, and `alt_text` if you like, in `Upload-Metadata`. Unfinished uploads are kept for a day after their last
/// piece.
#[utoipa::path(
    post, path = "/api/media/uploads", tag = "media", operation_id = "begin_upload",
    params(
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Length" = u64, Header, description = "Bytes of the whole file, at most 4 GB"),
        ("Upload-Metadata" = Option<String>, Header, description = "`filename` and `alt_text`, each with its value in base64"),
    ),
    responses(
        (status = 201, description = "Send the pieces to `Location`", body = Success<UploadState>),
        (status = 400, description = "A wrong header", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role, or the workspace's room for media is used up", body = Failure),
        (status = 409, description = "Too many uploads under way", body = Failure),
        (status = 412, description = "Another version of the protocol", body = Failure),
        (status = 413, description = "Larger than anything we take", body = Failure),
    )
)]
async fn begin(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    _: Spoken,
    headers: HeaderMap,
) -> TusResult {
    let state = media.begin_upload(&actor, announced(&headers)?).await?;
    let location = text(format!("/api/media/uploads/{}", state.id))?;
    let expires = expires(state.expires_at)?;
    let mut response = Created(state).into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(UPLOAD_EXPIRES, expires);
    Ok(Tus(response))
}

/// Says where an upload stands, and what has become of it
///
/// `Upload-Offset` is where the next piece begins; `HEAD` says the same without the body, as the protocol wants it. Once all
/// has come it is looked at in the background: `inspecting`, then `ready` with the asset, or `refused` with the reason.
#[utoipa::path(
    get, path = "/api/media/uploads/{id}", tag = "media", operation_id = "get_upload",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The upload", body = Success<UploadState>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, given up, or another workspace's", body = Failure),
    )
)]
async fn state(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<UploadId>,
) -> TusResult {
    let state = media.upload_state(&actor, id).await?;
    let mut response = Ok200(state.clone()).into_response();
    response.headers_mut().insert(UPLOAD_LENGTH, HeaderValue::from(state.length));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    standing(&mut response, &state)?;
    Ok(Tus(response))
}

/// Sends a piece
///
/// From `Upload-Offset` on, as much as there is; what arrives is kept also when the connection is lost on the way. What can
/// be no picture, video or document is refused with its first piece.
#[utoipa::path(
    patch, path = "/api/media/uploads/{id}", tag = "media", operation_id = "append_to_upload",
    params(
        ("id" = Uuid, Path),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Offset" = u64, Header, description = "Where the piece begins: where the upload stands"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "`Upload-Offset` is where the next piece begins"),
        (status = 400, description = "A wrong header, or no file we take", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role", body = Failure),
        (status = 404, description = "Absent, given up, or another workspace's", body = Failure),
        (status = 409, description = "The upload stands elsewhere, or takes no more", body = Failure),
        (status = 412, description = "Another version of the protocol", body = Failure),
        (status = 413, description = "More than was announced, or too large for what it is", body = Failure),
        (status = 415, description = "Not `application/offset+octet-stream`", body = Failure),
    )
)]
async fn append(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<UploadId>,
    _: Spoken,
    request: Request,
) -> TusResult {
    let headers = request.headers();
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != PIECE_TYPE) {
        let error = ServiceError::field("content-type", format!("Send the piece as {PIECE_TYPE}."));
        return Err(Refused(Some(StatusCode::UNSUPPORTED_MEDIA_TYPE), error));
    }
    let offset = number(headers, &UPLOAD_OFFSET)?;
    let body = Box::new(Piece(request.into_body().into_data_stream()));
    let state = media.append(&actor, id, offset, body).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    standing(&mut response, &state)?;
    Ok(Tus(response))
}

/// Gives an upload up
///
/// What has arrived of it goes. An asset that it has become already stays.
#[utoipa::path(
    delete, path = "/api/media/uploads/{id}", tag = "media", operation_id = "abandon_upload",
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses(
        (status = 204, description = "Given up"),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role", body = Failure),
        (status = 404, description = "Absent, given up, or another workspace's", body = Failure),
        (status = 412, description = "Another version of the protocol", body = Failure),
    )
)]
async fn abandon(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<UploadId>,
    _: Spoken,
) -> TusResult {
    media.abandon_upload(&actor, id).await?;
    Ok(Tus(StatusCode::NO_CONTENT.into_response()))
}

/// Where the next piece begins, and until when it may come.
fn standing(response: &mut Response, state: &UploadState) -> ServiceResult<()> {
    let headers = response.headers_mut();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(state.offset));
    if state.status == UploadStatus::Receiving {
        headers.insert(UPLOAD_EXPIRES, expires(state.expires_at)?);
    }
    Ok(())
}

fn expires(at: DateTime<Utc>) -> ServiceResult<HeaderValue> {
    text(at.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

fn text(value: String) -> ServiceResult<HeaderValue> {
    HeaderValue::try_from(value).map_err(ServiceError::internal)
}

fn number(headers: &HeaderMap, name: &HeaderName) -> ServiceResult<u64> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .ok_or_else(|| ServiceError::field(name.as_str(), format!("Send {name} as a whole number of bytes.")))
}

/// What is announced in headers.
fn announced(headers: &HeaderMap) -> ServiceResult<NewUpload> {
    if headers.contains_key(UPLOAD_DEFER_LENGTH) {
        return Err(ServiceError::field("upload-length", "The length must be known from the start."));
    }
    let length = number(headers, &UPLOAD_LENGTH)?;
    let mut new = NewUpload { file_name: String::new(), alt_text: None, length };
    let Some(metadata) = headers.get(UPLOAD_METADATA) else { return Ok(new) };
    let wrong = || {
        let mut error = ServiceError::new(ErrorCode::ValidationError, "The metadata is not as the protocol wants it.");
        error.fault.fields = FieldErrors::one(
            "upload-metadata",
            "Send pairs of a key and a value in base64, with a space between them and commas between pairs.",
        );
        error
    };
    let pairs = metadata.to_str().map_err(|_| wrong())?;
    for pair in pairs.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value =
            STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
        match key {
            "filename" | "name" if new.file_name.is_empty() => new.file_name = value,
            "alt_text" => new.alt_text = Some(value),
            // Clients add what they like: the type (which is not believed), a fingerprint.
            _ => {}
        }
    }
    Ok(new)
}

/// A request's body, as it comes.
struct Piece(BodyDataStream);

#[async_trait]
impl Incoming for Piece {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        Some(self.0.next().await?.map_err(|_| BrokenOff))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn a_file_is_announced_in_headers() {
        let new = announced(&headers(&[
            ("upload-length", "100"),
            ("upload-metadata", "filename d2Fsay5tcDQ=, filetype dmlkZW8vbXA0,alt_text w5xiZXI=,empty"),
        ]));
        assert_eq!(
            new.unwrap(),
            NewUpload { file_name: "walk.mp4".into(), alt_text: Some("Über".into()), length: 100 }
        );
        let refused = |pairs: &[(&'static str, &str)]| {
            announced(&headers(pairs)).unwrap_err().fault.fields.0.into_keys().next().unwrap()
        };
        assert_eq!(refused(&[]), "upload-length");
        assert_eq!(refused(&[("upload-length", "-1")]), "upload-length");
        assert_eq!(refused(&[("upload-length", "1"), ("upload-defer-length", "1")]), "upload-length");
        assert_eq!(refused(&[("upload-length", "1"), ("upload-metadata", "filename %%%")]), "upload-metadata");
        assert_eq!(refused(&[("upload-length", "1"), ("upload-metadata", "filename gICA")]), "upload-metadata");
    }

    proptest! {
        #[test]
        fn whatever_stands_in_the_metadata(value in "[ -~]{0,200}") {
            let _ = announced(&headers(&[("upload-length", "1"), ("upload-metadata", &value)]));
        }
    }
}
