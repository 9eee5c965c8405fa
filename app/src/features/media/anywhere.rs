//! Files that are pasted or dropped anywhere on a page that takes some. Without this the browser would leave the page for
//! a file that is dropped beside the field.

use leptos::{
    ev,
    prelude::*,
    web_sys::{self, File},
};
use wasm_bindgen::JsCast as _;

/// Takes what is pasted into a text, or dropped beside the field, for as long as the page shows.
pub fn take_from_anywhere(on_files: Callback<Vec<File>>) {
    Effect::new(move |_| {
        let pasted = window_event_listener(ev::paste, move |event| {
            let files = files(event.clipboard_data());
            if !files.is_empty() && !in_drop_field(&event) {
                event.prevent_default();
                on_files.run(files);
            }
        });
        let over = window_event_listener(ev::dragover, |event| {
            if has_files(event.data_transfer().as_ref()) {
                event.prevent_default();
            }
        });
        let dropped = window_event_listener(ev::drop, move |event| {
            let files = files(event.data_transfer());
            if !files.is_empty() && !in_drop_field(&event) {
                event.prevent_default();
                on_files.run(files);
            }
        });
        on_cleanup(move || {
            pasted.remove();
            over.remove();
            dropped.remove();
        });
    });
}

fn files(data: Option<web_sys::DataTransfer>) -> Vec<File> {
    let Some(list) = data.and_then(|data| data.files()) else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.item(i)).collect()
}

/// While something is dragged only its kind can be seen.
fn has_files(data: Option<&web_sys::DataTransfer>) -> bool {
    data.is_some_and(|data| data.types().iter().any(|kind| kind == "Files"))
}

/// The field takes its files itself.
fn in_drop_field(event: &web_sys::Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.and_then(|target| target.closest("[data-ui='file-drop']").ok().flatten()).is_some()
}
