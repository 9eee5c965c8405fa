//! Small parts: tooltip, keyboard key, text for screen readers, skip link, the page's title.

use super::class::cx;
use leptos::{ev::KeyboardEvent, prelude::*, web_sys};
use leptos_meta::Title;
use wasm_bindgen::JsCast as _;

/// A word about the control it wraps, on hover and focus; Escape hides it. Never the only place of what one must know.
/// Tie the two: `<Tooltip id="t" text="…"><Button attr:aria-describedby="t">…</Button></Tooltip>`.
#[component]
pub fn Tooltip(
    /// Id of the words.
    #[prop(into)]
    id: String,
    #[prop(into)] text: Signal<String>,
    /// Below instead of above.
    #[prop(optional)]
    below: bool,
    children: Children,
) -> impl IntoView {
    let place = if below { "top-full mt-1.5" } else { "bottom-full mb-1.5" };
    let dismissed = RwSignal::new(false);
    view! {
        <span
            class="group/tip relative inline-flex"
            on:keydown=move |event: KeyboardEvent| {
                if event.key() == "Escape" {
                    dismissed.set(true);
                }
            }
            on:pointerleave=move |_| dismissed.set(false)
            on:focusout=move |_| dismissed.set(false)
        >
            {children()}
            <span
                data-ui="tooltip"
                role="tooltip"
                id=id
                hidden=move || dismissed.get()
                class=cx(&[
                    "invisible absolute left-1/2 z-40 w-max max-w-60 -translate-x-1/2 rounded-md bg-text px-2 py-1 text-xs text-surface group-focus-within/tip:visible group-hover/tip:visible",
                    place,
                ])
            >
                {move || text.get()}
            </span>
        </span>
    }
    .into_any()
}

/// The tooltip's look alone, for the gallery.
#[component]
pub fn TooltipBubble(#[prop(into)] text: String) -> impl IntoView {
    view! {
        <span data-ui="tooltip" class="inline-block max-w-60 rounded-md bg-text px-2 py-1 text-xs text-surface">
            {text}
        </span>
    }
}

/// A key on the keyboard.
#[component]
pub fn Kbd(key: &'static str) -> impl IntoView {
    kbd(key)
}

pub(super) fn kbd(key: &'static str) -> AnyView {
    view! {
        <kbd class="inline-flex h-5 min-w-5 items-center justify-center rounded-sm border border-border-strong bg-surface px-1 font-mono text-xs text-muted">
            {key}
        </kbd>
    }
    .into_any()
}

/// For screen readers only.
#[component]
pub fn VisuallyHidden(children: Children) -> impl IntoView {
    view! { <span class="sr-only">{children()}</span> }.into_any()
}

/// The first stop of the keyboard: past the navigation, to `<main id="main" tabindex="-1">`.
#[component]
pub fn SkipLink() -> impl IntoView {
    view! {
        <a
            href="#main"
            class="sr-only focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-50 focus:rounded-lg focus:bg-primary focus:px-4 focus:py-2 focus:text-on-primary"
            on:click=move |event| {
                // The router would take the fragment for a page; the focus is what matters.
                let main = document().get_element_by_id("main").and_then(|main| main.dyn_into::<web_sys::HtmlElement>().ok());
                if let Some(main) = main {
                    event.prevent_default();
                    let _detached = main.focus();
                }
            }
        >
            "Skip to main content"
        </a>
    }
    .into_any()
}

/// The document's title: "Accounts · Arctiv". The only place that may use leptos_meta's `Title`, which does not escape
/// on the server.
#[component]
pub fn PageTitle(#[prop(into)] text: Signal<String>) -> impl IntoView {
    // On the server the title is asked for when the page is done, and its signal may be gone with a part that was rendered
    // again.
    let first = text.get_untracked();
    let title = move || {
        let text = text.try_get().unwrap_or_else(|| first.clone());
        let whole = if text.is_empty() { "Arctiv".to_owned() } else { format!("{text} · Arctiv") };
        if cfg!(feature = "ssr") { super::field::escape(&whole) } else { whole }
    };
    view! { <Title text=title/> }
}

/// The mark of a page that changes by itself.
#[component]
pub fn LiveMark(
    /// Whether the connection stands; without it the page says that it is catching up.
    #[prop(into)]
    connected: Signal<bool>,
) -> impl IntoView {
    view! {
        <span data-ui="live" role="status" class="inline-flex items-center gap-1.5 text-sm text-muted">
            <span
                class=move || {
                    cx(&["size-2 rounded-full", if connected.get() { "bg-success-solid" } else { "bg-warning-solid" }])
                }
                aria-hidden="true"
            ></span>
            {move || if connected.get() { "Live" } else { "Reconnecting…" }}
        </span>
    }
    .into_any()
}
