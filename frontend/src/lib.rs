//! The browser's side: takes over the page that the server rendered. Nothing else happens here.

use leptos::{mount::hydrate_body, prelude::document, task};
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's script once the WASM is there.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    hydrate_body(app::App);
    task::spawn_local(async {
        // Effects run first: whoever waits for the mark may then click.
        task::tick().await;
        if let Some(html) = document().document_element() {
            let _read_only = html.set_attribute("data-hydrated", "true");
        }
    });
}
