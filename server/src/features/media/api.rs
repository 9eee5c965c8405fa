//! REST of media, the signed URLs they are seen at, and uploads in pieces after the tus protocol.

use std::{ops::Range, sync::Arc};

use axum::{
    body::{Body as HttpBody, Bytes},
    extract::{
        DefaultBodyLimit, FromRef, FromRequest, Multipart, Path, RawQuery, Request, State,
        multipart::{Field, MultipartError},
        rejection::PathRejection,
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    MediaId, ServiceError, ServiceResult,
    media::{
        FileSource, MAX_ALT_TEXT, MAX_UPLOAD, Media, MediaAsset, MediaFile, MediaFilter, MediaKind, MediaPatch,
        MediaType, MediaUse, Signature, TagCount, Upload, Uploaded, Variant, too_large,
    },
};
use futures::stream;
use utoipa::{ToSchema, TupleUnit};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::tus;
use crate::http::{
    envelope::{ApiError, ApiResult, Created, Failure, List, Ok200, Success, SuccessPage},
    extract::{Body, PathId, Query, SignedIn, parse_query},
};

/// What is read of a request at all. Above [`MAX_UPLOAD`], so that a browser which sends somewhat too much is still
/// listened to, and hears why it was refused instead of losing its connection.
const MAX_BODY: usize = 48 * 1024 * 1024;
/// What a file is read and sent in, bytes.
const STEP: u64 = 512 * 1024;
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
        .routes(routes!(set_poster))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .routes(routes!(tags))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(uses))
        .routes(routes!(open))
        .merge(tus::router())
}

/// A file to take in.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the multipart form; `Form` reads it as a stream")]
struct UploadForm {
    /// A picture (JPG, PNG, WebP, GIF), or a short video (MP4, MOV, `WebM`) or document (PDF, PPT, PPTX, DOC, DOCX), at most
    /// 20 MB. What it is follows from its bytes. What is larger comes in pieces: see `POST /api/media/uploads`.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// What it shows, for those who cannot see it; at most 1,000 characters.
    alt_text: Option<String>,
}

/// Takes a file
///
/// The same bytes again give the same asset, and 200 says that it was there; an alt text sent with them replaces the old
/// one. Metadata such as the place a photo or film was taken is removed.
#[utoipa::path(
    post, path = "/api/media", tag = "media", operation_id = "upload_media",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The asset, which was in the library already", body = Success<MediaAsset>),
        (status = 201, description = "The new asset", body = Success<MediaAsset>),
        (status = 400, description = "No picture, video or document, damaged, too many pixels; or a wrong form field", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role, or the workspace's room for media is used up", body = Failure),
        (status = 413, description = "Larger than 20 MB", body = Failure),
    )
)]
async fn upload(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    Form(upload): Form,
) -> ApiResult<Response> {
    let Uploaded { asset, duplicate } = media.upload(&actor, upload).await?;
    Ok(if duplicate { Ok200(asset).into_response() } else { Created(asset).into_response() })
}

/// Lists media
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/media", tag = "media", operation_id = "list_media",
    params(
        ("q" = Option<String>, Query, description = "Part of the name, the alt text or a tag; at most 100 characters"),
        ("kind" = Option<MediaKind>, Query),
        ("tag" = Option<String>, Query, description = "A whole tag"),
        ("removed" = Option<bool>, Query, description = "`true` for those that were removed and can still be brought back"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 when left out"),
        ("offset" = Option<u32>, Query, description = "How many to skip; not together with `cursor`"),
        ("cursor" = Option<String>, Query, description = "The previous page's `next_cursor`"),
    ),
    responses(
        (status = 200, description = "A page of media", body = SuccessPage<MediaAsset>),
        (status = 400, description = "A wrong parameter", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
    )
)]
async fn list(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    Query(filter): Query<MediaFilter>,
) -> ApiResult<List<MediaAsset>> {
    Ok(List(media.list(&actor, filter).await?))
}

/// Lists tags
///
/// By how often they are used, then by name; the first two hundred.
#[utoipa::path(
    get, path = "/api/media/tags", tag = "media", operation_id = "list_media_tags",
    responses(
        (status = 200, description = "Tags in use", body = Success<Vec<TagCount>>),
        (status = 401, description = "Not signed in", body = Failure),
    )
)]
async fn tags(State(media): State<Arc<dyn Media>>, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Vec<TagCount>>> {
    Ok(Ok200(media.tags(&actor).await?))
}

/// Shows an asset
#[utoipa::path(
    get, path = "/api/media/{id}", tag = "media", operation_id = "get_media",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The asset", body = Success<MediaAsset>),
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

/// Lists the posts that show an asset
///
/// Those whose current version shows it, newest first; at most fifty.
#[utoipa::path(
    get, path = "/api/media/{id}/posts", tag = "media", operation_id = "list_media_uses",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The posts", body = Success<Vec<MediaUse>>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
    )
)]
async fn uses(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<MediaId>,
) -> ApiResult<Ok200<Vec<MediaUse>>> {
    Ok(Ok200(media.uses(&actor, id).await?))
}

/// Changes an asset's alt text or tags
#[utoipa::path(
    patch, path = "/api/media/{id}", tag = "media", operation_id = "update_media",
    params(("id" = Uuid, Path)),
    request_body = MediaPatch,
    responses(
        (status = 200, description = "The asset", body = Success<MediaAsset>),
        (status = 400, description = "Too long, too many, or not JSON", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 409, description = "A post on its way shows it, and what is said of it was approved with that", body = Failure),
        (status = 413, description = "The request is too large", body = Failure),
    )
)]
async fn update(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<MediaId>,
    Body(patch): Body<MediaPatch>,
) -> ApiResult<Ok200<MediaAsset>> {
    Ok(Ok200(media.update(&actor, id, patch).await?))
}

/// Gives a video its poster
///
/// The picture that stands for the video in lists: the bytes of a JPG, PNG, WebP or GIF, at most 20 MB. It is made smaller
/// here, and not sent to any platform.
#[utoipa::path(
    put, path = "/api/media/{id}/poster", tag = "media", operation_id = "set_media_poster",
    params(("id" = Uuid, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "The asset", body = Success<MediaAsset>),
        (status = 400, description = "No picture, or the asset is no video", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 413, description = "Larger than 20 MB", body = Failure),
    )
)]
async fn set_poster(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<MediaId>,
    Whole(picture): Whole,
) -> ApiResult<Ok200<MediaAsset>> {
    Ok(Ok200(media.set_poster(&actor, id, picture.into()).await?))
}

/// Removes an asset
///
/// It can be brought back for thirty days; then its files go. Posts that are out keep their text and lose it here, not at
/// the platforms.
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

/// Brings a removed asset back
#[utoipa::path(
    post, path = "/api/media/{id}/restore", tag = "media", operation_id = "restore_media",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The asset", body = Success<MediaAsset>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
        (status = 404, description = "Absent, not removed, or another workspace's", body = Failure),
        (status = 409, description = "The same file has been added again", body = Failure),
        (status = 410, description = "Removed more than thirty days ago", body = Failure),
    )
)]
async fn restore(
    State(media): State<Arc<dyn Media>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<MediaId>,
) -> ApiResult<Ok200<MediaAsset>> {
    Ok(Ok200(media.restore(&actor, id).await?))
}

/// The bytes of a file
///
/// At the URLs that assets carry (`url`, `thumbnail_url`): signed, without a session, valid for about an hour. A part of it
/// with `Range`.
#[utoipa::path(
    get, path = "/media/{id}/{variant}", tag = "media", operation_id = "open_media",
    params(
        ("id" = Uuid, Path),
        ("variant" = String, Path, description = "`original`, `thumbnail`, or the name of a copy made for a platform"),
        ("expires" = i64, Query, description = "Unix seconds"),
        ("signature" = String, Query),
    ),
    responses(
        (status = 200, description = "The file", content((Vec<u8> = "image/*"), (Vec<u8> = "video/*"), (Vec<u8> = "application/*"))),
        (status = 206, description = "The part that was asked for", content((Vec<u8> = "image/*"), (Vec<u8> = "video/*"), (Vec<u8> = "application/*"))),
        (status = 304, description = "What you have is still right"),
        (status = 404, description = "Absent, or the signature is not ours", body = Failure),
        (status = 410, description = "The URL has expired", body = Failure),
        (status = 416, description = "The file has no such part"),
    ),
    security(())
)]
async fn open(
    State(media): State<Arc<dyn Media>>,
    path: Result<Path<(Uuid, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let not_ours = || ServiceError::not_found("file");
    let Ok(Path((id, word))) = path else { return Err(not_ours().into()) };
    let variant = Variant::from_word(&word).ok_or_else(not_ours)?;
    let signature: Signature = parse_query(query.as_deref().unwrap_or_default()).map_err(|_| not_ours())?;
    let file = media.open(id.into(), variant, signature).await?;

    let etag = format!("\"{id}-{word}\"");
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let known = text(header::IF_NONE_MATCH)
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    // A part of another file than the one that was begun with is of no use.
    let part = text(header::RANGE).filter(|_| text(header::IF_RANGE).is_none_or(|tag| tag == etag));
    let kind = MediaType::from_mime(file.content_type);
    let content_type = file.content_type;
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { send(file, part).await? };
    let extension = kind.map_or("bin", MediaType::extension);
    // A browser shows pictures and plays videos; a document is for its own program.
    let shown = if kind.is_some_and(|kind| kind.kind() == MediaKind::Document) { "attachment" } else { "inline" };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    for (name, value) in [
        (header::ETAG, etag),
        // The name given at upload stays inside the workspace; a URL may travel further.
        (header::CONTENT_DISPOSITION, format!("{shown}; filename=\"{id}.{extension}\"")),
    ] {
        headers.insert(name, HeaderValue::from_str(&value).map_err(ServiceError::internal)?);
    }
    Ok(response)
}

/// The file, or the part of it that was asked for; never more of it in memory than a step.
async fn send(file: MediaFile, part: Option<&str>) -> ServiceResult<Response> {
    let MediaFile { length, source, .. } = file;
    let (status, range) = match part.map_or(Asked::All, |part| asked(part, length)) {
        Asked::All => (StatusCode::OK, 0..length),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Nothing => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            let whole = HeaderValue::from_str(&format!("bytes */{length}")).map_err(ServiceError::internal)?;
            response.headers_mut().insert(header::CONTENT_RANGE, whole);
            return Ok(response);
        }
    };
    let size = range.end - range.start;
    // Read before the answer begins: a file that is not there is an error, not a picture that breaks off.
    let first = source.read(range.start..range.end.min(range.start + STEP)).await?;
    let body = if first.len() as u64 == size {
        HttpBody::from(first)
    } else {
        let rest = (range.start + first.len() as u64, range.end);
        let steps = stream::try_unfold((Some(first), source, rest), next_step);
        HttpBody::from_stream(steps)
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    if status == StatusCode::PARTIAL_CONTENT {
        let part = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&part).map_err(ServiceError::internal)?);
    }
    Ok(response)
}

type Steps = (Option<Bytes>, Arc<dyn FileSource>, (u64, u64));

async fn next_step((first, source, (at, end)): Steps) -> Result<Option<(Bytes, Steps)>, axum::Error> {
    if let Some(first) = first {
        return Ok(Some((first, (None, source, (at, end)))));
    }
    if at >= end {
        return Ok(None);
    }
    let upto = end.min(at + STEP);
    let bytes = source.read(at..upto).await.map_err(|error| {
        tracing::error!(cause = ?error.cause, "a file broke off while it was sent");
        axum::Error::new(error)
    })?;
    Ok(Some((bytes, (None, source, (upto, end)))))
}

/// What a `Range` asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Everything: what is asked is not understood, and may be left aside.
    All,
    Part(Range<u64>),
    /// A part that the file does not have.
    Nothing,
}

/// One range of `bytes=…`; several at once are left aside.
fn asked(header: &str, length: u64) -> Asked {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let range = || {
        let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
        Some(match (first.trim(), last.trim()) {
            // The last so many.
            ("", last) => length.saturating_sub(number(last)?)..length,
            (first, "") => number(first)?..length,
            (first, last) => number(first)?..number(last)?.saturating_add(1).min(length),
        })
    };
    match range() {
        None => Asked::All,
        Some(range) if range.start < range.end => Asked::Part(range),
        Some(_) => Asked::Nothing,
    }
}

/// A whole body in memory, at most [`MAX_UPLOAD`].
struct Whole(Bytes);

impl<S: Send + Sync> FromRequest<S> for Whole {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                too_large(MediaKind::Image).because(rejection)
            } else {
                ServiceError::field("body", "The request's body could not be read.").because(rejection)
            }
        })?;
        Ok(Self(bytes))
    }
}

/// The multipart form of an upload, read as it comes: `file` once, `alt_text` at most once, nothing else.
struct Form(Upload);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let announced =
            request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > MAX_BODY as u64) {
            return Err(too_large(MediaKind::Image).into());
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
                file = Some((name, bytes(field, MAX_UPLOAD, || too_large(MediaKind::Image)).await?));
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
    let (file_name, bytes) = file.ok_or_else(|| ServiceError::field("file", "Choose a file to upload."))?;
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
        too_large(MediaKind::Image).because(error)
    } else {
        ServiceError::field("body", "The form broke off or is not well formed.").because(error)
    }
}

const _: () = assert!(MAX_BODY as u64 > MAX_UPLOAD, "a picture of the largest size must fit into a request");

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("bytes=0-99", Asked::Part(0..100))]
    #[case("bytes=900-", Asked::Part(900..1_000))]
    #[case("bytes=-10", Asked::Part(990..1_000))]
    #[case("bytes=-5000", Asked::Part(0..1_000))]
    #[case("bytes=990-5000", Asked::Part(990..1_000))]
    #[case("bytes=1000-", Asked::Nothing)]
    #[case("bytes=5-4", Asked::Nothing)]
    #[case("bytes=-0", Asked::Nothing)]
    #[case("bytes=0-1,5-6", Asked::All)]
    #[case("lines=1-2", Asked::All)]
    #[case("bytes=a-b", Asked::All)]
    #[case("bytes=18446744073709551615-", Asked::Nothing)]
    fn ranges(#[case] header: &str, #[case] wanted: Asked) {
        assert_eq!(asked(header, 1_000), wanted);
    }
}
