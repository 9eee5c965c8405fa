//! Files on their way in: drop, paste or choose; how far they are; and in which order they stand.

use super::button::{ButtonSize, ButtonVariant, IconButton, icon_button_class};
use super::class::cx;
use super::icon::{Glyph, icon};
use super::progress::Progress;
use leptos::{
    ev::{ClipboardEvent, DragEvent, KeyboardEvent},
    prelude::*,
    web_sys::{self, File, FileList, HtmlInputElement},
};
use tailwind_rs_macros::classes;
use wasm_bindgen::JsCast as _;

const DROP: &str = classes! {
    base: "relative cursor-pointer rounded-lg border border-dashed border-field bg-surface text-muted hover:bg-hover hover:text-text",
    state: "has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-ring has-disabled:cursor-not-allowed has-disabled:bg-sunken has-disabled:text-subtle",
};

/// Takes files by dragging, pasting (with the focus on it) or choosing; one stop for the keyboard.
#[component]
pub fn FileDrop(
    #[prop(into)] id: String,
    /// "Add images".
    #[prop(into)]
    label: String,
    /// What is taken and how much: "JPEG, PNG or WebP, up to 8 MB each".
    #[prop(optional, into)]
    hint: Option<String>,
    /// As the input's `accept`.
    #[prop(optional, into)]
    accept: Option<String>,
    #[prop(optional)] multiple: bool,
    #[prop(optional, into)] name: Option<String>,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// A tile the size of a thumbnail, at the end of a row of them.
    #[prop(optional)]
    tile: bool,
    #[prop(into)] on_files: Callback<Vec<File>>,
) -> impl IntoView {
    let over = RwSignal::new(false);
    let take = move |list: Option<FileList>| {
        let files = files(list);
        if !files.is_empty() && !disabled.get_untracked() {
            on_files.run(files);
        }
    };
    let hint_id = format!("{id}-hint");
    let described_by = hint.as_ref().map(|_| hint_id.clone());
    let content = if tile {
        view! {
            <span class="grid justify-items-center gap-1 text-xs font-medium">
                {icon(Glyph::Plus, "size-4")}
                {label}
            </span>
        }
        .into_any()
    } else {
        view! {
            <span class="grid justify-items-center gap-1">
                {icon(Glyph::ImagePlus, "size-5")}
                <span class="text-base font-medium text-text">{label}</span>
                <span class="text-sm touch:hidden">"Drag them here, paste, or choose"</span>
            </span>
        }
        .into_any()
    };
    let shape = if tile {
        "grid h-24 w-19 shrink-0 place-items-center"
    } else {
        "grid place-items-center px-4 py-6 text-center"
    };
    view! {
        <div data-ui="file-drop" class=if tile { "contents" } else { "" }>
            <label
                class=move || cx(&[DROP, shape, if over.get() { "border-accent-strong bg-selected text-text" } else { "" }])
                on:dragover=move |event: DragEvent| {
                    event.prevent_default();
                    over.set(true);
                }
                on:dragleave=move |_| over.set(false)
                on:drop=move |event: DragEvent| {
                    event.prevent_default();
                    over.set(false);
                    take(event.data_transfer().and_then(|data| data.files()));
                }
                on:paste=move |event: ClipboardEvent| take(event.clipboard_data().and_then(|data| data.files()))
            >
                {content}
                <input
                    id=id
                    type="file"
                    name=name
                    accept=accept
                    multiple=multiple
                    class="absolute inset-0 cursor-pointer opacity-0 file:cursor-pointer"
                    disabled=move || disabled.get()
                    aria-describedby=described_by
                    on:change=move |event| {
                        let input = event_target::<HtmlInputElement>(&event);
                        take(input.files());
                        // So that the same file can be chosen again after it was removed.
                        input.set_value("");
                    }
                />
            </label>
            {hint.map(|hint| view! { <p id=hint_id class="mt-1.5 text-sm text-muted">{hint}</p> })}
        </div>
    }
    .into_any()
}

fn files(list: Option<FileList>) -> Vec<File> {
    let Some(list) = list else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.item(i)).collect()
}

/// A file on its way: how far, how long still, a way to stop it, or why it did not arrive.
#[component]
pub fn UploadRow(
    #[prop(into)] name: String,
    /// From 0 to 1.
    #[prop(into)]
    progress: Signal<f64>,
    /// "2.4 of 3.9 MB, 3 seconds left".
    #[prop(optional, into)]
    detail: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    /// Whether it is held just now, where it can be.
    #[prop(optional, into)]
    held: MaybeProp<bool>,
    /// Holds it, or lets it go on.
    #[prop(optional, into)]
    on_hold: Option<Callback<()>>,
    #[prop(into)] on_cancel: Callback<()>,
) -> impl IntoView {
    let title = name.clone();
    let (bar, stop) = (format!("Uploading {name}"), format!("Cancel upload of {name}"));
    let (pause, resume) = (format!("Pause upload of {name}"), format!("Resume upload of {name}"));
    let can_hold = Memo::new(move |_| held.get().is_some());
    let is_held = Memo::new(move |_| held.get() == Some(true));
    view! {
        <div data-ui="upload-row" class="flex items-center gap-3 rounded-lg border border-border bg-surface p-3">
            <span class="grid size-10 shrink-0 place-items-center rounded-md border border-border bg-sunken text-muted">
                {icon(Glyph::Image, "size-4")}
            </span>
            <div class="min-w-0 flex-1">
                <p class="flex justify-between gap-3 text-sm">
                    <span class="truncate font-medium" title=title>{name}</span>
                    <span class="text-muted tabular-nums">{move || format!("{:.0}%", progress.get() * 100.0)}</span>
                </p>
                <Progress label=bar value=progress max=1.0 class="mt-2"/>
                <p class="mt-1.5 text-xs text-muted" aria-live="polite">
                    {move || match error.get().filter(|text| !text.is_empty()) {
                        Some(error) => view! {
                            <span class="flex items-start gap-1.5 text-danger">
                                {icon(Glyph::StFailed, "mt-px size-3.5 text-danger-solid")}
                                <span>{error}</span>
                            </span>
                        }
                        .into_any(),
                        None => detail.get().into_any(),
                    }}
                </p>
            </div>
            {move || {
                let (glyph, label) =
                    if is_held.get() { (Glyph::Play, resume.clone()) } else { (Glyph::Pause, pause.clone()) };
                on_hold
                    .filter(|_| can_hold.get())
                    .map(|on_hold| {
                        view! {
                            <IconButton icon=glyph label size=ButtonSize::Small on_click=move |_| on_hold.run(())/>
                        }
                    })
            }}
            <IconButton icon=Glyph::X label=stop size=ButtonSize::Small on_click=move |_| on_cancel.run(())/>
        </div>
    }
    .into_any()
}

/// One picture of [`Thumbnails`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumb {
    pub key: String,
    pub src: String,
    /// Whether somebody has described it: its mark says so. `None` where nobody needs to.
    pub has_alt: Option<bool>,
    /// "picture", "video", "document".
    pub noun: &'static str,
    /// In its corner: how long a video is.
    pub corner: Option<String>,
}

/// Pictures of a post, in order. Dragging moves them; so do Alt with the arrow keys, and Delete removes.
#[component]
pub fn Thumbnails(
    #[prop(into)] items: Signal<Vec<Thumb>>,
    /// The one whose details show.
    selected: RwSignal<Option<String>>,
    /// From where to where, counted from 0.
    #[prop(into)]
    on_move: Callback<(usize, usize)>,
    #[prop(into)] on_remove: Callback<String>,
    /// After the last: a [`FileDrop`] tile.
    #[prop(optional, into)]
    after: ViewFn,
) -> impl IntoView {
    let dragged = RwSignal::new(None::<usize>);
    let rows = move || {
        let items = items.get();
        let count = items.len();
        items
            .into_iter()
            .enumerate()
            .map(|(i, thumb)| thumbnail(i, count, thumb, selected, dragged, on_move, on_remove))
            .collect_view()
    };
    view! {
        <div data-ui="thumbnails">
            <p id="thumbnails-keys" class="sr-only">
                "Alt with the left or right arrow moves an image, Delete removes it."
            </p>
            <ul class="relative -m-1 flex gap-3 overflow-x-auto p-1">
                {rows}
                <li class="empty:hidden">{after.run()}</li>
            </ul>
        </div>
    }
    .into_any()
}

fn thumbnail(
    i: usize,
    count: usize,
    thumb: Thumb,
    selected: RwSignal<Option<String>>,
    dragged: RwSignal<Option<usize>>,
    on_move: Callback<(usize, usize)>,
    on_remove: Callback<String>,
) -> AnyView {
    let (key, click_key, keyed, removed) = (thumb.key.clone(), thumb.key.clone(), thumb.key.clone(), thumb.key);
    let is_selected = Memo::new(move |_| selected.read().as_ref() == Some(&key));
    let state = match thumb.has_alt {
        Some(true) => ", has alt text",
        Some(false) => ", alt text missing",
        None => "",
    };
    let mark = thumb.has_alt.map(|has_alt| {
        let (glyph, word) = if has_alt {
            (icon(Glyph::CheckBold, "size-3 text-success-solid"), "text-text")
        } else {
            (icon(Glyph::StReconnect, "size-3 text-warning-solid"), "text-warning")
        };
        view! {
            <span
                class=cx(&["absolute bottom-1 left-1 inline-flex h-5 items-center gap-1 rounded-sm bg-surface px-1 text-xs font-medium", word])
                aria-hidden="true"
            >
                {glyph}
                "Alt"
            </span>
        }
    });
    let corner = thumb.corner.map(|words| {
        view! {
            <span
                class="absolute top-1 left-1 inline-flex h-5 items-center rounded-sm bg-surface px-1 text-xs font-medium text-text tabular-nums"
                aria-hidden="true"
            >
                {words}
            </span>
        }
    });
    let noun = if thumb.noun == "picture" { "Image".to_owned() } else { capital(thumb.noun) };
    let keys = move |event: KeyboardEvent| {
        let to = match (event.key().as_str(), event.alt_key()) {
            ("ArrowLeft", true) if i > 0 => i - 1,
            ("ArrowRight", true) if i + 1 < count => i + 1,
            ("Delete" | "Backspace", false) => {
                event.prevent_default();
                on_remove.run(keyed.clone());
                focus_thumbnail(&event, i.min(count.saturating_sub(2)));
                return;
            }
            _ => return,
        };
        event.prevent_default();
        on_move.run((i, to));
        focus_thumbnail(&event, to);
    };
    view! {
        <li
            class="group relative shrink-0"
            on:dragover=move |event: DragEvent| event.prevent_default()
            on:drop=move |event: DragEvent| {
                if let Some(from) = dragged.get_untracked() {
                    event.prevent_default();
                    dragged.set(None);
                    if from != i {
                        on_move.run((from, i));
                    }
                }
            }
        >
            <button
                type="button"
                draggable="true"
                aria-pressed=move || if is_selected.get() { "true" } else { "false" }
                aria-label=format!("{noun} {} of {count}{state}", i + 1)
                aria-describedby="thumbnails-keys"
                class="relative block h-24 w-19 overflow-hidden rounded-lg bg-sunken aria-pressed:outline-3 aria-pressed:outline-offset-2 aria-pressed:outline-accent-strong"
                on:click=move |_| selected.set(Some(click_key.clone()))
                on:keydown=keys
                on:dragstart=move |_| dragged.set(Some(i))
                on:dragend=move |_| dragged.set(None)
            >
                <img src=thumb.src alt="" class="size-full object-cover" width="76" height="96"/>
                {corner}
                {mark}
            </button>
            <button
                type="button"
                aria-label=format!("Remove image {}", i + 1)
                class=icon_button_class(
                    ButtonVariant::Secondary,
                    ButtonSize::Small,
                    "absolute -top-1.5 -right-1.5 size-6! rounded-full! opacity-0 group-hover:opacity-100 group-focus-within:opacity-100 touch:size-8! touch:opacity-100",
                )
                on:click=move |_| on_remove.run(removed.clone())
            >
                {icon(Glyph::X, "size-3.5")}
            </button>
        </li>
    }
    .into_any()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Lets the focus follow a picture to its new place, once the row is drawn anew.
fn focus_thumbnail(event: &KeyboardEvent, to: usize) {
    let row = event
        .current_target()
        .and_then(|button| button.dyn_into::<web_sys::Element>().ok())
        .and_then(|button| button.closest("ul").ok().flatten());
    let Some(row) = row else { return };
    request_animation_frame(move || {
        let button = row.query_selector(&format!("li:nth-child({}) > button", to + 1)).ok().flatten();
        if let Some(button) = button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _detached = button.focus();
        }
    });
}

/// An address under which the browser can show a file that has not been sent yet. Give it back with [`revoke_preview`].
pub fn preview_url(file: &File) -> Option<String> {
    web_sys::Url::create_object_url_with_blob(file).ok()
}

/// Lets go of an address from [`preview_url`].
pub fn revoke_preview(url: &str) {
    let _unknown = web_sys::Url::revoke_object_url(url);
}
