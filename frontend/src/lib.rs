//! The browser's side: takes over the page that the server rendered. Nothing else happens here.

use leptos::{mount::hydrate_from_async, prelude::document, task};
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's script once the WASM is there. The page shown is a module of its own, and is waited for.
#[wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    let Some(body) = document().body() else { return };
    Box::pin(hydrate_from_async(body, app::App)).await.forget();
    // Effects run first: whoever waits for the mark may then click.
    task::tick().await;
    if let Some(html) = document().document_element() {
        let _read_only = html.set_attribute("data-hydrated", "true");
    }
}
