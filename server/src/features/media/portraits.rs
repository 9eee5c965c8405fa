//! Small pictures that stand for somebody: avatars of people, logos of workspaces.
//!
//! They are no media of a workspace: nobody posts them, nobody finds them in the library, and they take up little room. What
//! is sent is looked at like any picture, and kept at most as large as a thumbnail, under a name of its own that says nothing
//! of whom it shows. A new picture is a new name; so browsers may keep what they have.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{FromRef, Path, RawQuery, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    ErrorCode, ServiceError, ServiceResult, clock::Ids, media::Signature, platform::ImageType, workspaces::MAX_PORTRAIT,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    files::MediaFiles,
    links::{MediaLinks, Refused},
    picture::{self, Refusal},
};
use crate::http::{
    envelope::{ApiResult, Failure},
    extract::parse_query,
    picture::too_large,
};

const CACHE: &str = "private, max-age=3600, immutable";

/// Keeps and shows them. Cheap to clone.
#[derive(Clone)]
pub struct Portraits {
    files: MediaFiles,
    links: MediaLinks,
    ids: Arc<dyn Ids>,
}

/// The bytes of one.
pub async fn read_portrait(files: &MediaFiles, name: &str) -> ServiceResult<Bytes> {
    files.read(&key(name)).await
}

impl std::fmt::Debug for Portraits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Portraits")
    }
}

impl Portraits {
    pub fn new(files: MediaFiles, links: MediaLinks, ids: Arc<dyn Ids>) -> Self {
        Self { files, links, ids }
    }

    /// Looks at a picture and keeps it small; its name. Nobody needs it before that name stands in a row.
    pub async fn keep(&self, file: Vec<u8>) -> ServiceResult<String> {
        if file.len() > MAX_PORTRAIT {
            return Err(too_large());
        }
        let picture = picture::aside(move || picture::prepare(&file)).await.map_err(|refusal| match refusal {
            Refusal::Empty | Refusal::Format(_) => {
                ServiceError::field("file", "Choose a picture: JPG, PNG, WebP or GIF.")
            }
            other => other.into(),
        })?;
        let name = format!("{}.{}", self.ids.next(), extension(picture.thumbnail.kind));
        self.files.write(&key(&name), picture.thumbnail.bytes.into()).await?;
        Ok(name)
    }

    /// Forgets one. What stays behind takes up little room and nothing else.
    pub async fn forget(&self, name: Option<String>) {
        if let Some(name) = name
            && let Err(error) = self.files.remove(&key(&name)).await
        {
            tracing::warn!(name, cause = ?error.cause, "a picture that nobody needs stays behind");
        }
    }
}

fn key(name: &str) -> String {
    format!("portraits/{name}")
}

const fn extension(kind: ImageType) -> &'static str {
    match kind {
        ImageType::Png => "png",
        _ => "jpg",
    }
}

/// The name as it stands in rows, or nothing: whatever else comes in a path is no key.
fn sound(name: &str) -> Option<&'static str> {
    let (id, extension) = name.rsplit_once('.')?;
    let id = Uuid::try_parse(id).ok().filter(|parsed| parsed.hyphenated().to_string() == id);
    match (id, extension) {
        (Some(_), "png") => Some("image/png"),
        (Some(_), "jpg") => Some("image/jpeg"),
        _ => None,
    }
}

/// The routes. The state hands out the portraits.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Portraits: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(open))
}

/// An avatar or a logo
///
/// At the URLs that profiles and workspaces carry (`avatar_url`, `logo_url`): signed, without a session, valid for about an
/// hour.
#[utoipa::path(
    get, path = "/portraits/{name}", tag = "media", operation_id = "open_portrait",
    params(
        ("name" = String, Path),
        ("expires" = i64, Query, description = "Unix seconds"),
        ("signature" = String, Query),
    ),
    responses(
        (status = 200, description = "The picture", content((Vec<u8> = "image/*"))),
        (status = 404, description = "Absent, or the signature is not ours", body = Failure),
        (status = 410, description = "The URL has expired", body = Failure),
    ),
    security(())
)]
async fn open(
    State(portraits): State<Portraits>,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> ApiResult<Response> {
    let absent = || ServiceError::not_found("picture");
    let Ok(Path(name)) = path else { return Err(absent().into()) };
    let content_type = sound(&name).ok_or_else(absent)?;
    let signature: Signature = parse_query(query.as_deref().unwrap_or_default()).map_err(|_| absent())?;
    portraits.links.verify_portrait(&name, &signature).map_err(|refused| match refused {
        Refused::NotOurs => absent(),
        Refused::Expired => {
            ServiceError::new(ErrorCode::Gone, "This link to a picture has expired. Reload the page for a new one.")
        }
    })?;
    let bytes = read_portrait(&portraits.files, &name).await.map_err(|_| absent())?;
    let mut response = (StatusCode::OK, bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_ours_are_keys() {
        assert_eq!(sound("0199f2c4-8a31-7c5e-b1d0-4f6a00000001.png"), Some("image/png"));
        assert_eq!(sound("0199f2c4-8a31-7c5e-b1d0-4f6a00000001.jpg"), Some("image/jpeg"));
        for name in [
            "",
            ".png",
            "../../etc/passwd",
            "0199f2c4-8a31-7c5e-b1d0-4f6a00000001",
            "0199f2c4-8a31-7c5e-b1d0-4f6a00000001.svg",
            "0199F2C4-8A31-7C5E-B1D0-4F6A00000001.png",
            "{0199f2c4-8a31-7c5e-b1d0-4f6a00000001}.png",
            "a/0199f2c4-8a31-7c5e-b1d0-4f6a00000001.png",
        ] {
            assert_eq!(sound(name), None, "{name}");
        }
    }
}
