//! Sending files from the browser: a small picture in one request, everything else in pieces that go on where they stopped
//! (`/api/media/uploads`, after the tus protocol). These are the requests that the browser makes by hand: a server function
//! could not say how far it is.
//!
//! What a piece has brought stays, whatever happens then. A lost connection is waited for; a page that was closed finds its
//! upload again by the file's name, size and date, kept in the browser.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use crate::{AppError, session::page_workspace};
use domain::{
    ErrorCode,
    media::{MAX_VIDEO, MediaAsset, MediaKind, MediaType, PIECE, UploadState, UploadStatus, Uploaded, max_bytes},
    workspaces::ELSEWHERE,
};
use leptos::{
    prelude::{FromServerFnError as _, window},
    task::spawn_local,
    web_sys::{Blob, File, FormData, ProgressEvent, Storage, XmlHttpRequest},
};
use serde::{Deserialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use super::poster;

const WHOLE: &str = "/api/media";
const PIECES: &str = "/api/media/uploads";
/// Pictures up to this size go in one request, bytes: a lost connection costs little then.
const SMALL: f64 = 4.0 * 1024.0 * 1024.0;
/// How long to wait after the first failure, and at most, milliseconds.
const FIRST_PAUSE: i32 = 1_000;
const LONGEST_PAUSE: i32 = 10_000;
/// Between the first two looks at what becomes of a file that has arrived, and at most, milliseconds.
const LOOK: i32 = 300;
const LONGEST_LOOK: i32 = 3_000;

/// What the file dialog offers.
pub const ACCEPT: &str = "image/jpeg,image/png,image/webp,image/gif,video/mp4,video/quicktime,video/webm,application/pdf,\
                          .ppt,.pptx,.doc,.docx";

/// Why a file is not worth sending, if so; the server looks at the bytes and decides. A type that the browser does not know
/// is for the server to say.
pub fn refusal(mime: &str, bytes: f64) -> Option<String> {
    let kind = MediaType::from_mime(mime).map(MediaType::kind);
    if kind.is_none() && ["image/", "video/", "audio/", "text/"].iter().any(|family| mime.starts_with(family)) {
        return Some(
            "Arctiv does not take this kind of file. Choose a picture (JPG, PNG, WebP, GIF), a video (MP4, MOV, WebM) or \
             a document (PDF, PPT, DOC)."
                .to_owned(),
        );
    }
    let most = kind.map_or(MAX_VIDEO, max_bytes);
    if bytes > exact(most) {
        let noun = kind.map_or("file", MediaKind::noun);
        Some(format!("This {noun} is larger than {}.", crate::shared::words::size(most)))
    } else if bytes < 1.0 {
        Some("This file is empty.".to_owned())
    } else {
        None
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files are exact in a double")]
const fn exact(bytes: u64) -> f64 {
    bytes as f64
}

/// What happens to a file on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// This share has arrived, 0 to 1.
    Arrived(f64),
    /// The connection is lost; tried again by itself.
    Lost,
    /// All of it is there and is being looked at.
    Inspecting,
}

/// An upload under way.
#[derive(Clone)]
pub struct Transfer(Rc<Shared>);

#[derive(Default)]
struct Shared {
    canceled: Cell<bool>,
    paused: Cell<bool>,
    request: RefCell<Option<XmlHttpRequest>>,
    /// Where the pieces go.
    place: RefCell<Option<String>>,
    /// Wakes whoever waits for the connection, or for the pause to end.
    wake: RefCell<Option<js_sys::Function>>,
}

impl Transfer {
    /// Stops it for good; what has arrived is thrown away. `done` is not called.
    pub fn cancel(&self) {
        self.0.canceled.set(true);
        self.abort();
        if let Some(place) = self.0.place.borrow_mut().take() {
            spawn_local(async move {
                // Whatever the answer: an upload that nobody goes on with ends by itself.
                let _given_up = call("DELETE", &place, &[TUS], None, None).await;
            });
        }
    }

    /// Holds it; what has arrived stays.
    pub fn pause(&self) {
        self.0.paused.set(true);
        self.abort();
    }

    pub fn resume(&self) {
        self.0.paused.set(false);
        self.wake();
    }

    pub fn is_paused(&self) -> bool {
        self.0.paused.get()
    }

    /// Leaves the page: the sending stops, what has arrived stays and is found again.
    pub fn leave(&self) {
        self.0.canceled.set(true);
        self.abort();
    }

    fn abort(&self) {
        if let Some(request) = self.0.request.borrow_mut().take() {
            // Fails only for a request that was never sent.
            let _sent = request.abort();
        }
        self.wake();
    }

    fn wake(&self) {
        if let Some(wake) = self.0.wake.borrow_mut().take() {
            let _ended = wake.call0(&JsValue::NULL);
        }
    }

    /// Waits this long, or until somebody wakes us.
    async fn wait(&self, ms: i32) {
        let promise = js_sys::Promise::new(&mut |resolve, _| {
            let _timer = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
            *self.0.wake.borrow_mut() = Some(resolve);
        });
        let _woken = JsFuture::from(promise).await;
        self.0.wake.borrow_mut().take();
    }
}

/// Sends a file. `events` tells how far it is; `done` is called once, unless it is canceled.
pub fn send(
    file: File,
    events: impl Fn(Event) + Clone + 'static,
    done: impl FnOnce(Result<Uploaded, AppError>) + 'static,
) -> Transfer {
    let transfer = Transfer(Rc::default());
    let own = transfer.clone();
    spawn_local(async move {
        let answer = own.run(&file, &events).await;
        if !own.0.canceled.get() {
            done(answer);
        }
    });
    transfer
}

/// Why sending stopped in between.
enum Stop {
    /// Nobody wants it any more.
    Canceled,
    Refused(AppError),
    /// The connection; or somebody holds it.
    Again,
    /// The server does not know this upload (any more).
    Unknown,
}

type Step<T> = Result<T, Stop>;

impl Transfer {
    async fn run(&self, file: &File, events: &(impl Fn(Event) + Clone + 'static)) -> Result<Uploaded, AppError> {
        let is_picture = MediaType::from_mime(&file.type_()).is_some_and(|kind| kind.kind() == MediaKind::Image);
        let small = is_picture && file.size() <= SMALL;
        let mut pause = FIRST_PAUSE;
        loop {
            let tried = if small { self.whole(file, events).await } else { self.pieces(file, events).await };
            match tried {
                Ok(uploaded) => return Ok(self.with_poster(file, uploaded).await),
                Err(Stop::Canceled) => return Err(AppError::Offline),
                Err(Stop::Refused(error)) => return Err(error),
                Err(Stop::Unknown) => forget(file),
                Err(Stop::Again) => {
                    if self.0.paused.get() {
                        while self.0.paused.get() && !self.0.canceled.get() {
                            self.wait(LONGEST_PAUSE).await;
                        }
                        pause = FIRST_PAUSE;
                    } else {
                        events(Event::Lost);
                        self.wait(pause).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                    if self.0.canceled.get() {
                        return Err(AppError::Offline);
                    }
                }
            }
        }
    }

    /// In one request.
    async fn whole(&self, file: &File, events: &(impl Fn(Event) + Clone + 'static)) -> Step<Uploaded> {
        let broken = |_| Stop::Refused(unsendable());
        let form = FormData::new().map_err(broken)?;
        form.append_with_blob_and_filename("file", file, &file.name()).map_err(broken)?;
        let events = events.clone();
        let answer = self.call("POST", WHOLE, &[], Some(Load::Form(form)), move |loaded, total| {
            events(Event::Arrived(loaded / total.max(1.0)));
        });
        let answer = answer.await?;
        // 201 for what is new, 200 for what was there.
        Ok(Uploaded { asset: Self::read(&answer)?, duplicate: answer.status == 200 })
    }

    /// In pieces, from wherever it stands.
    async fn pieces(&self, file: &File, events: &(impl Fn(Event) + Clone + 'static)) -> Step<Uploaded> {
        let (place, mut offset) = self.place(file).await?;
        let size = file.size();
        while offset < size {
            let end = (offset + exact(PIECE)).min(size);
            let piece = file.slice_with_f64_and_f64(offset, end).map_err(|_| Stop::Refused(unsendable()))?;
            let (tell, from) = (events.clone(), offset);
            let here = offset.to_string();
            let headers = [TUS, ("Content-Type", "application/offset+octet-stream"), ("Upload-Offset", &here)];
            let answer = self
                .call("PATCH", &place, &headers, Some(Load::Bytes(piece)), move |loaded, _| {
                    tell(Event::Arrived(((from + loaded) / size).min(1.0)));
                })
                .await?;
            match answer.status {
                204 => offset = answer.offset.filter(|at| *at > offset).ok_or(Stop::Again)?,
                // Another request was faster, or this one arrived after all: look where it stands.
                409 => return Err(Stop::Again),
                404 | 410 => return Err(Stop::Unknown),
                _ => return Err(Self::refused(&answer)),
            }
            events(Event::Arrived(offset / size));
        }
        events(Event::Inspecting);
        let mut look = LOOK;
        loop {
            let answer = self.call("GET", &place, &[], None, |_, _| {}).await?;
            if answer.status == 404 {
                return Err(Stop::Unknown);
            }
            let state: UploadState = Self::read(&answer)?;
            match (state.status, state.media) {
                (UploadStatus::Ready, Some(asset)) => {
                    forget(file);
                    self.0.place.borrow_mut().take();
                    return Ok(Uploaded { asset, duplicate: state.duplicate });
                }
                (UploadStatus::Refused, _) => {
                    forget(file);
                    let why = state.error.unwrap_or_else(|| "This file was not taken.".to_owned());
                    return Err(Stop::Refused(AppError::new(ErrorCode::ValidationError, why)));
                }
                // It has become an asset that somebody removed meanwhile.
                (UploadStatus::Ready, None) => return Err(Stop::Unknown),
                (UploadStatus::Receiving | UploadStatus::Inspecting, _) => {
                    self.wait(look).await;
                    look = (look * 3 / 2).min(LONGEST_LOOK);
                }
            }
            if self.0.canceled.get() {
                return Err(Stop::Canceled);
            }
        }
    }

    /// Where the pieces of this file go, and where the next begins: of an upload that was begun before, or of a new one.
    async fn place(&self, file: &File) -> Step<(String, f64)> {
        if let Some(place) = known(file) {
            let answer = self.call("HEAD", &place, &[TUS], None, |_, _| {}).await?;
            match (answer.status, answer.offset) {
                (200, Some(offset)) => {
                    *self.0.place.borrow_mut() = Some(place.clone());
                    return Ok((place, offset));
                }
                (404 | 410, _) => forget(file),
                // The session has gone to another workspace; an answer to `HEAD` has no words of its own.
                (409, _) => return Err(Stop::Refused(AppError::new(ErrorCode::Conflict, ELSEWHERE))),
                _ => return Err(Self::refused(&answer)),
            }
        }
        let metadata = format!("filename {}", base64(&file.name()));
        let length = file.size().to_string();
        let headers = [TUS, ("Upload-Length", &length), ("Upload-Metadata", &metadata)];
        let answer = self.call("POST", PIECES, &headers, None, |_, _| {}).await?;
        let state: UploadState = Self::read(&answer)?;
        let place = format!("{PIECES}/{}", state.id);
        remember(file, &place);
        *self.0.place.borrow_mut() = Some(place.clone());
        Ok((place, exact(state.offset)))
    }

    /// A video that the server knows no picture of gets one from this browser, if it can play it.
    async fn with_poster(&self, file: &File, uploaded: Uploaded) -> Uploaded {
        if uploaded.asset.kind != MediaKind::Video || uploaded.asset.thumbnail_url.is_some() {
            return uploaded;
        }
        let Some(picture) = poster::of(file).await else { return uploaded };
        let place = format!("{WHOLE}/{}/poster", uploaded.asset.id);
        let headers = [("Content-Type", "application/octet-stream")];
        // Without one it is shown as a sign: no reason to fail.
        let Ok(answer) = call("PUT", &place, &headers, Some(Load::Bytes(picture)), None).await else { return uploaded };
        match parse::<MediaAsset>(answer.status, &answer.body) {
            Ok(asset) => Uploaded { asset, ..uploaded },
            Err(_) => uploaded,
        }
    }

    async fn call(
        &self,
        method: &'static str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Load>,
        progress: impl Fn(f64, f64) + 'static,
    ) -> Step<Answer> {
        if self.0.canceled.get() {
            return Err(Stop::Canceled);
        }
        if self.0.paused.get() {
            return Err(Stop::Again);
        }
        let tracked = (&self.0.request, Box::new(progress) as Box<dyn Fn(f64, f64)>);
        let answer = call(method, url, headers, body, Some(tracked)).await.map_err(Stop::Refused)?;
        self.0.request.borrow_mut().take();
        if self.0.canceled.get() {
            return Err(Stop::Canceled);
        }
        // Out of reach, or too busy for now: the file is not to blame.
        if answer.status == 0 || answer.status == 429 || answer.status >= 500 { Err(Stop::Again) } else { Ok(answer) }
    }

    fn read<T: DeserializeOwned>(answer: &Answer) -> Step<T> {
        parse(answer.status, &answer.body).map_err(Stop::Refused)
    }

    fn refused(answer: &Answer) -> Stop {
        match parse::<serde_json::Value>(answer.status.max(400), &answer.body) {
            Err(error) => Stop::Refused(error),
            Ok(_) => Stop::Refused(unsendable()),
        }
    }
}

const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");

fn unsendable() -> AppError {
    AppError::new(ErrorCode::InternalError, "This browser could not send the file.")
}

/// What is sent.
enum Load {
    Form(FormData),
    Bytes(Blob),
}

/// What came back.
struct Answer {
    /// 0 when nothing did.
    status: u16,
    offset: Option<f64>,
    body: String,
}

type Tracked<'a> = (&'a RefCell<Option<XmlHttpRequest>>, Box<dyn Fn(f64, f64)>);

/// One request. With `tracked` it can be stopped, and says how far it is.
async fn call(
    method: &'static str,
    url: &str,
    headers: &[(&str, &str)],
    body: Option<Load>,
    tracked: Option<Tracked<'_>>,
) -> Result<Answer, AppError> {
    let prepared = || -> Result<XmlHttpRequest, JsValue> {
        let request = XmlHttpRequest::new()?;
        request.open(method, url)?;
        for (name, value) in headers {
            request.set_request_header(name, value)?;
        }
        // In a session that has gone to another workspace meanwhile, this file would be another workspace's.
        if let Some(workspace) = page_workspace() {
            request.set_request_header("x-arctiv-workspace", workspace)?;
        }
        Ok(request)
    };
    let request = prepared().map_err(|_| unsendable())?;
    let mut listener = None;
    if let Some((place, progress)) = tracked {
        let told = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
            if event.length_computable() {
                progress(event.loaded(), event.total());
            }
        });
        if let Ok(upload) = request.upload() {
            upload.set_onprogress(Some(told.as_ref().unchecked_ref()));
        }
        listener = Some(told);
        *place.borrow_mut() = Some(request.clone());
    }
    // Fires exactly once, whatever happens.
    let ended = js_sys::Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
    let sent = match &body {
        None => request.send(),
        Some(Load::Form(form)) => request.send_with_opt_form_data(Some(form)),
        Some(Load::Bytes(bytes)) => request.send_with_opt_blob(Some(bytes)),
    };
    sent.map_err(|_| unsendable())?;
    let _event = JsFuture::from(ended).await;
    if let Ok(upload) = request.upload() {
        upload.set_onprogress(None);
    }
    drop(listener);
    Ok(Answer {
        status: request.status().unwrap_or(0),
        offset: request.get_response_header("Upload-Offset").ok().flatten().and_then(|text| text.parse().ok()),
        body: request.response_text().ok().flatten().unwrap_or_default(),
    })
}

/// The envelope of a success.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

fn parse<T: DeserializeOwned>(status: u16, body: &str) -> Result<T, AppError> {
    match status {
        0 => Err(AppError::Offline),
        200..=299 => serde_json::from_str::<Envelope<T>>(body).map(|envelope| envelope.data).map_err(|_| {
            AppError::new(ErrorCode::InternalError, "Something went wrong on our side. Please try again.")
        }),
        _ => Err(AppError::de(body.to_owned().into())),
    }
}

// ---- finding an upload again ------------------------------------------------------------------------------------------

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// The same file again, as far as a page can tell.
fn fingerprint(file: &File) -> String {
    format!("arctiv-upload:{}|{}|{}", file.name(), file.size(), file.last_modified())
}

fn known(file: &File) -> Option<String> {
    storage()?.get_item(&fingerprint(file)).ok().flatten().filter(|place| place.starts_with(PIECES))
}

fn remember(file: &File, place: &str) {
    if let Some(storage) = storage() {
        // A full or forbidden storage only means that a closed page starts anew.
        let _kept = storage.set_item(&fingerprint(file), place);
    }
}

fn forget(file: &File) {
    if let Some(storage) = storage() {
        let _gone = storage.remove_item(&fingerprint(file));
    }
}

/// Text as the protocol's metadata wants it.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits = three.iter().chain([&0, &0]).take(3).fold(0u32, |bits, byte| (bits << 8) | u32::from(*byte));
        for place in 0..4 {
            let six = usize::try_from((bits >> (18 - 6 * place)) & 63).unwrap_or_default();
            let letter = LETTERS.get(six).copied().map_or('A', char::from);
            out.push(if place > three.len() { '=' } else { letter });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_media_is_not_sent() {
        assert!(refusal("image/svg+xml", 10.0).is_some());
        assert!(refusal("video/x-msvideo", 10.0).is_some() && refusal("audio/mpeg", 10.0).is_some());
        assert!(refusal("image/png", 0.0).is_some());
        assert_eq!(refusal("image/png", 10.0), None);
        assert_eq!(refusal("", 10.0), None, "the server knows better than a browser that does not");
        assert_eq!(refusal("video/mp4", 3e9), None);
        assert_eq!(refusal("application/pdf", 10.0), None);
        let too_large = refusal("image/jpeg", 21.0 * 1024.0 * 1024.0);
        assert_eq!(too_large.as_deref(), Some("This picture is larger than 20.0 MB."));
        assert!(refusal("application/pdf", 101.0 * 1024.0 * 1024.0).is_some_and(|why| why.contains("document")));
        assert!(refusal("", 5e9).is_some());
    }

    #[test]
    fn answers_are_understood() {
        assert_eq!(parse::<MediaAsset>(0, ""), Err(AppError::Offline));
        let refused = r#"{"success":false,"error":"This is not an image.","code":"VALIDATION_ERROR","details":{"fields":{"file":"This is not an image."}},"request_id":"req_1"}"#;
        let error = parse::<MediaAsset>(400, refused).unwrap_err();
        assert_eq!((error.message(), error.request_id()), ("This is not an image.", Some("req_1")));
        let stored = r#"{"success":true,"data":{"id":"0199f2c4-8a31-7c5e-b1d0-4f6a00000001","kind":"image","file_name":"bag.png","content_type":"image/png","bytes":10,"width":1,"height":1,"sha256":"","alt_text":null,"url":"/m/1","thumbnail_url":"/m/1t","created_at":"2026-11-20T10:00:00Z"},"request_id":"req_2"}"#;
        assert_eq!(parse::<MediaAsset>(201, stored).unwrap().file_name, "bag.png");
        assert!(parse::<MediaAsset>(201, "<html>").is_err() && parse::<MediaAsset>(502, "<html>").is_err());
    }

    #[test]
    fn names_travel_in_base64() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("walk.mp4", "d2Fsay5tcDQ="),
            ("Über", "w5xiZXI="),
        ] {
            assert_eq!(base64(text), encoded, "{text}");
        }
    }
}
