//! Sending a picture to `POST /api/media`, the one request that the browser makes by hand: a server function could not
//! say how far it is.

use crate::AppError;
use domain::{
    ErrorCode,
    media::{MAX_UPLOAD, MediaAsset},
    platform::ImageType,
};
use leptos::{
    prelude::FromServerFnError as _,
    web_sys::{File, FormData, ProgressEvent, XmlHttpRequest},
};
use serde::Deserialize;
use wasm_bindgen::{JsCast as _, closure::Closure};

const URL: &str = "/api/media";

/// What the file dialog offers.
pub const ACCEPT: &str = "image/jpeg,image/png,image/webp,image/gif";

/// Why a file is not worth sending, if so; the server looks at the bytes and decides.
pub fn refusal(mime: &str, bytes: f64) -> Option<String> {
    if ImageType::from_mime(mime).is_none() {
        Some("This is not a picture that Arctiv takes. Choose a JPG, PNG, WebP or GIF.".to_owned())
    } else if bytes > max_bytes() {
        Some(format!("This picture is larger than {}.", crate::shared::words::size(MAX_UPLOAD)))
    } else if bytes < 1.0 {
        Some("This file is empty.".to_owned())
    } else {
        None
    }
}

#[expect(clippy::cast_precision_loss, reason = "20 MiB are exact in a double")]
const fn max_bytes() -> f64 {
    MAX_UPLOAD as f64
}

/// An upload under way.
pub struct Upload {
    request: XmlHttpRequest,
}

impl Upload {
    /// Stops it; `done` is called with [`AppError::Offline`].
    pub fn cancel(&self) {
        // Fails only for a request that was never sent.
        let _sent = self.request.abort();
    }
}

/// Sends a file. `progress` is called with 0 to 1 as it leaves, `done` once.
pub fn send(
    file: &File,
    progress: impl Fn(f64) + 'static,
    done: impl FnOnce(Result<MediaAsset, AppError>) + 'static,
) -> Option<Upload> {
    let request = XmlHttpRequest::new().ok()?;
    let form = FormData::new().ok()?;
    form.append_with_blob_and_filename("file", file, &file.name()).ok()?;
    request.open("POST", URL).ok()?;
    let on_progress = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| {
        if event.length_computable() && event.total() > 0.0 {
            progress(event.loaded() / event.total());
        }
    });
    let upload = request.upload().ok()?;
    upload.set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
    let finished = request.clone();
    // Fires exactly once, whatever happens; it takes the other closure with it.
    let on_end = Closure::once_into_js(move || {
        upload.set_onprogress(None);
        drop(on_progress);
        let status = finished.status().unwrap_or(0);
        let body = finished.response_text().ok().flatten().unwrap_or_default();
        done(answer(status, &body));
    });
    request.set_onloadend(Some(on_end.unchecked_ref()));
    request.send_with_opt_form_data(Some(&form)).ok()?;
    Some(Upload { request })
}

/// The envelope of a success.
#[derive(Deserialize)]
struct Envelope {
    data: MediaAsset,
}

fn answer(status: u16, body: &str) -> Result<MediaAsset, AppError> {
    match status {
        0 => Err(AppError::Offline),
        200..=299 => serde_json::from_str::<Envelope>(body).map(|envelope| envelope.data).map_err(|_| {
            AppError::new(ErrorCode::InternalError, "Something went wrong on our side. Please try again.")
        }),
        _ => Err(AppError::de(body.to_owned().into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_not_sent() {
        assert!(refusal("image/svg+xml", 10.0).is_some());
        assert!(refusal("application/pdf", 10.0).is_some());
        assert!(refusal("image/png", 0.0).is_some());
        assert_eq!(refusal("image/png", 10.0), None);
        assert_eq!(
            refusal("image/jpeg", 21.0 * 1024.0 * 1024.0).as_deref(),
            Some("This picture is larger than 20.0 MB.")
        );
    }

    #[test]
    fn answers_are_understood() {
        assert_eq!(answer(0, ""), Err(AppError::Offline));
        let refused = r#"{"success":false,"error":"This is not an image.","code":"VALIDATION_ERROR","details":{"fields":{"file":"This is not an image."}},"request_id":"req_1"}"#;
        let error = answer(400, refused).unwrap_err();
        assert_eq!((error.message(), error.request_id()), ("This is not an image.", Some("req_1")));
        let stored = r#"{"success":true,"data":{"id":"0199f2c4-8a31-7c5e-b1d0-4f6a00000001","kind":"image","file_name":"bag.png","content_type":"image/png","bytes":10,"width":1,"height":1,"sha256":"","alt_text":null,"url":"/m/1","thumbnail_url":"/m/1t","created_at":"2026-11-20T10:00:00Z"},"request_id":"req_2"}"#;
        assert_eq!(answer(201, stored).unwrap().file_name, "bag.png");
        assert!(answer(201, "<html>").is_err() && answer(502, "<html>").is_err());
    }
}
