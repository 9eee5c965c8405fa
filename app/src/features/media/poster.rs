//! The picture that stands for a video, taken from it by the browser: a server would need a decoder for every codec, and
//! whoever adds a video usually has one that plays it.

use js_sys::{Function, Promise, Reflect};
use leptos::{
    prelude::{document, window},
    web_sys::{Blob, File},
};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::ui::{preview_url, revoke_preview};

/// The longer side of the picture, pixels.
const SIDE: f64 = 960.0;
/// How long the browser may take to show a frame, milliseconds.
const PATIENCE: i32 = 8_000;
/// The first moments are often black.
const MOMENT: f64 = 1.0;

/// A frame of the video as a JPEG, or `None` where this browser cannot play it.
pub async fn of(file: &File) -> Option<Blob> {
    let url = preview_url(file)?;
    let picture = frame(&url).await.ok().flatten();
    revoke_preview(&url);
    picture
}

/// The elements' own methods by name: their types would be modules of the bindings that nothing else here needs.
async fn frame(url: &str) -> Result<Option<Blob>, JsValue> {
    let video: JsValue = document().create_element("video")?.into();
    set(&video, "muted", &true.into())?;
    set(&video, "playsInline", &true.into())?;
    set(&video, "preload", &"auto".into())?;
    let loaded = event(&video, "onloadeddata")?;
    set(&video, "src", &url.into())?;
    if !in_time(loaded).await {
        return Ok(None);
    }
    let length = number(&video, "duration").filter(|length| length.is_finite()).unwrap_or(0.0);
    let shown = event(&video, "onseeked")?;
    set(&video, "currentTime", &MOMENT.min(length / 3.0).into())?;
    if !in_time(shown).await {
        return Ok(None);
    }
    let (width, height) = (number(&video, "videoWidth").unwrap_or(0.0), number(&video, "videoHeight").unwrap_or(0.0));
    if width < 1.0 || height < 1.0 {
        return Ok(None);
    }
    let share = (SIDE / width.max(height)).min(1.0);
    let (width, height) = ((width * share).round().max(1.0), (height * share).round().max(1.0));
    let canvas: JsValue = document().create_element("canvas")?.into();
    set(&canvas, "width", &width.into())?;
    set(&canvas, "height", &height.into())?;
    let context = call(&canvas, "getContext", &["2d".into()])?;
    call(&context, "drawImage", &[video, 0.into(), 0.into(), width.into(), height.into()])?;
    let made = Promise::new(&mut |resolve, reject| {
        if call(&canvas, "toBlob", &[resolve.into(), "image/jpeg".into(), 0.85.into()]).is_err() {
            let _rejected = reject.call0(&JsValue::NULL);
        }
    });
    Ok(JsFuture::from(made).await?.dyn_into::<Blob>().ok())
}

fn set(target: &JsValue, name: &str, value: &JsValue) -> Result<(), JsValue> {
    Reflect::set(target, &name.into(), value).map(drop)
}

fn number(target: &JsValue, name: &str) -> Option<f64> {
    Reflect::get(target, &name.into()).ok()?.as_f64()
}

fn call(target: &JsValue, name: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = Reflect::get(target, &name.into())?.dyn_into()?;
    method.apply(target, &arguments.iter().collect::<js_sys::Array>())
}

/// Comes true when the event fires.
fn event(target: &JsValue, handler: &str) -> Result<Promise, JsValue> {
    let mut outcome = Ok(());
    let promise = Promise::new(&mut |resolve, _| outcome = set(target, handler, &resolve));
    outcome.map(|()| promise)
}

/// Whether it came true before patience ran out.
async fn in_time(promise: Promise) -> bool {
    let late = JsValue::from_str("late");
    let clock = Promise::new(&mut |resolve, _| {
        let _timer = window().set_timeout_with_callback_and_timeout_and_arguments_1(&resolve, PATIENCE, &late);
    });
    let race = js_sys::Array::of2(&promise, &clock);
    matches!(JsFuture::from(Promise::race(&race)).await, Ok(first) if first != late)
}
