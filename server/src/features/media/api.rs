//! REST of pictures, and the signed URLs they are seen at.

use std::sync::Arc;

use axum::{
    extract::{
        DefaultBodyLimit, FromRef, FromRequest, Multipart, Path, RawQuery, Request, State,
        multipart::{Field, MultipartError},
        rejection::PathRejection,
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    MediaId, PageRequest, ServiceError,
    media::{MAX_ALT_TEXT, MAX_UPLOAD, Media, MediaAsset, MediaType, Signature, Upload, Variant, too_large},
};
use serde::Deserialize;
use utoipa::{ToSchema, TupleUnit};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::http::{
    envelope::{ApiError, ApiResult, Created, Failure, List, Ok200, Success, SuccessPage},
    extract::{Body, PathId, Query, SignedIn, parse_query},
};

/// What is read of a request at all. Above [`MAX_UPLOAD`], so that a browser which sends somewhat too much is still
/// listened to, and hears why it was refused instead of losing its connection.
const MAX_BODY: usize = 48 * 1024 * 1024;
/// Browsers may keep what they were shown for as long as its URL lives; the bytes behind an id never change.
const CACHE: &str = "private, max-age=3600, immutable";

/// The routes. The state hands out the port.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Media>: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(upload, list))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .routes(routes!(get, set_alt_text, delete))
        .routes(routes!(open))
}

/// A picture to take in.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the multipart form; `Form` reads it as a stream")]
struct UploadForm {
    /// JPG, PNG, WebP or GIF, at most 20 MB. What it is follows from its bytes.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// What it shows, for those who cannot see it; at most 1,000 characters.
    alt_text: Option<String>,
}

/// Takes a picture
///
/// The same bytes again give the same picture; an alt text sent with them replaces the old one. Metadata such as the
/// place a photo was taken is removed.
#[utoipa::path(
    post, path = "/api/media", tag = "media", operation_id = "upload_media",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The picture", body = Success<MediaAsset>),
        (status = 400, description = "Not a picture, damaged, too many pixels; or a wrong form field", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
        (status = 413, description = "Larger than 20 MB", body = Failure),
    )
)]
async fn upload(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    Form(upload): Form,
) -> ApiResult<Created<MediaAsset>> {
    Ok(Created(media.upload(&actor, upload).await?))
}

/// Lists pictures
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/media", tag = "media", operation_id = "list_media",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 when left out"),
        ("offset" = Option<u32>, Query, description = "How many to skip; not together with `cursor`"),
        ("cursor" = Option<String>, Query, description = "The previous page's `next_cursor`"),
    ),
    responses(
        (status = 200, description = "A page of pictures", body = SuccessPage<MediaAsset>),
        (status = 400, description = "A wrong parameter", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
    )
)]
async fn list(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    Query(page): Query<PageRequest>,
) -> ApiResult<List<MediaAsset>> {
    Ok(List(media.list(&actor, page).await?))
}

/// Shows a picture
#[utoipa::path(
    get, path = "/api/media/{id}", tag = "media", operation_id = "get_media",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The picture", body = Success<MediaAsset>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
    )
)]
async fn get(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<MediaId>,
) -> ApiResult<Ok200<MediaAsset>> {
    Ok(Ok200(media.get(&actor, id).await?))
}

/// A change to a picture.
#[derive(Debug, Deserialize, ToSchema)]
struct MediaPatch {
    /// At most 1,000 characters; empty removes it.
    alt_text: String,
}

/// Changes a picture's alt text
#[utoipa::path(
    patch, path = "/api/media/{id}", tag = "media", operation_id = "update_media",
    params(("id" = Uuid, Path)),
    request_body = MediaPatch,
    responses(
        (status = 200, description = "The picture", body = Success<MediaAsset>),
        (status = 400, description = "Too long, or not JSON", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 413, description = "The request is too large", body = Failure),
    )
)]
async fn set_alt_text(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<MediaId>,
    Body(patch): Body<MediaPatch>,
) -> ApiResult<Ok200<MediaAsset>> {
    Ok(Ok200(media.set_alt_text(&actor, id, patch.alt_text).await?))
}

/// Removes a picture
///
/// From the library and from storage. Posts that are out keep their text and lose the picture here, not at the
/// platforms.
#[utoipa::path(
    delete, path = "/api/media/{id}", tag = "media", operation_id = "delete_media",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Removed; `data` is null", body = Success<TupleUnit>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 409, description = "A post that has not gone out needs it", body = Failure),
    )
)]
async fn delete(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<MediaId>,
) -> ApiResult<Ok200<()>> {
    media.delete(&actor, id).await?;
    Ok(Ok200(()))
}

/// The bytes of a picture
///
/// At the URLs that pictures carry (`url`, `thumbnail_url`): signed, without a session, valid for about an hour.
#[utoipa::path(
    get, path = "/media/{id}/{variant}", tag = "media", operation_id = "open_media",
    params(
        ("id" = Uuid, Path),
        ("variant" = String, Path, description = "`original` or `thumbnail`"),
        ("expires" = i64, Query, description = "Unix seconds"),
        ("signature" = String, Query),
    ),
    responses(
        (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/*"),
        (status = 304, description = "What you have is still right"),
        (status = 404, description = "Absent, or the signature is not ours", body = Failure),
        (status = 410, description = "The URL has expired", body = Failure),
    ),
    security(())
)]
async fn open(
    State(media): State<Arc<dyn Media>>,
    path: Result<Path<(Uuid, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let not_ours = || ServiceError::not_found("picture");
    let Ok(Path((id, variant))) = path else { return Err(not_ours().into()) };
    let variant = [Variant::Original, Variant::Thumbnail]
        .into_iter()
        .find(|known| known.as_str() == variant)
        .ok_or_else(not_ours)?;
    let signature: Signature = parse_query(query.as_deref().unwrap_or_default()).map_err(|_| not_ours())?;
    let file = media.open(id.into(), variant, signature).await?;

    let etag = format!("\"{id}-{}\"", variant.as_str());
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    let extension = MediaType::from_mime(file.content_type).map_or("bin", MediaType::extension);
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { file.bytes.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    for (name, value) in [
        (header::ETAG, etag),
        // The name given at upload stays inside the workspace; a URL may travel further.
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{id}.{extension}\"")),
    ] {
        headers.insert(name, HeaderValue::from_str(&value).map_err(ServiceError::internal)?);
    }
    Ok(response)
}

/// The multipart form of an upload, read as it comes: `file` once, `alt_text` at most once, nothing else.
struct Form(Upload);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let announced =
            request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > MAX_BODY as u64) {
            return Err(too_large().into());
        }
        let form = Multipart::from_request(request, state).await.map_err(|rejection| {
            ServiceError::field("content-type", "Send a form, with content-type: multipart/form-data.")
                .because(rejection)
        })?;
        read(form).await.map(Self).map_err(ApiError)
    }
}

async fn read(mut form: Multipart) -> Result<Upload, ServiceError> {
    let mut file: Option<(String, Vec<u8>)> = None;
    let mut alt_text: Option<String> = None;
    while let Some(field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("file") if file.is_none() => {
                let name = field.file_name().unwrap_or_default().to_owned();
                file = Some((name, bytes(field, MAX_UPLOAD, too_large).await?));
            }
            Some("alt_text") if alt_text.is_none() => {
                // Four bytes are the most that a character takes.
                let text = bytes(field, MAX_ALT_TEXT as u64 * 4, alt_text_too_long).await?;
                let text = String::from_utf8(text)
                    .map_err(|error| ServiceError::field("alt_text", "The alt text is not UTF-8.").because(error))?;
                alt_text = Some(text);
            }
            Some(name @ ("file" | "alt_text")) => {
                return Err(ServiceError::field(name, format!("Send {name} only once.")));
            }
            Some(name) => {
                let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
                return Err(ServiceError::field(&name, "This form takes file and alt_text, nothing else."));
            }
            None => return Err(ServiceError::field("body", "A part of the form has no name.")),
        }
    }
    let (file_name, bytes) = file.ok_or_else(|| ServiceError::field("file", "Choose a picture to upload."))?;
    Ok(Upload { file_name, alt_text, bytes })
}

/// The bytes of a field, at most `max`. What is too much is read and forgotten, so that the answer can be heard.
async fn bytes(mut field: Field<'_>, max: u64, over: fn() -> ServiceError) -> Result<Vec<u8>, ServiceError> {
    let mut bytes = Vec::new();
    let mut length = 0u64;
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        length += chunk.len() as u64;
        if length <= max {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
    }
    if length <= max { Ok(bytes) } else { Err(over()) }
}

fn alt_text_too_long() -> ServiceError {
    ServiceError::field("alt_text", format!("The alt text is at most {MAX_ALT_TEXT} characters."))
}

fn broken(error: MultipartError) -> ServiceError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        too_large().because(error)
    } else {
        ServiceError::field("body", "The form broke off or is not well formed.").because(error)
    }
}

const _: () = assert!(MAX_BODY as u64 > MAX_UPLOAD, "a picture of the largest size must fit into a request");
