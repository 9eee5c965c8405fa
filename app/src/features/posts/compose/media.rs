//! The pictures: taken by drag, paste or choice, sent one after the other, put in order, described.

use super::{model::reorder, save::store_descriptions, state::Composer};
use crate::{
    AppError,
    features::media::upload::{ACCEPT, Upload, refusal, send},
    layouts::use_refusal,
    shared::{media::thumbnail, words::size},
    ui::{Count, Field, FileDrop, Textarea, Thumb, Thumbnails, Toasts, UploadRow, grouped, use_toasts},
};
use domain::{
    MediaId,
    media::{MAX_ALT_TEXT, MAX_UPLOAD, MediaAsset},
    posts::MAX_MEDIA,
};
use leptos::{
    ev,
    prelude::*,
    task::spawn_local,
    web_sys::{self, File},
};
use std::{cell::RefCell, time::Duration};
use wasm_bindgen::JsCast as _;

/// A file that is not there yet.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sending {
    key: u32,
    progress: RwSignal<f64>,
    error: RwSignal<Option<String>>,
    name: StoredValue<String>,
}

/// The browser's own handles, which no other thread may touch and the server never has.
#[derive(Default)]
struct Outbox {
    waiting: Vec<(u32, File)>,
    current: Option<(u32, Upload)>,
    next: u32,
}

thread_local! {
    static OUTBOX: RefCell<Outbox> = RefCell::default();
}

impl Outbox {
    fn next_key() -> u32 {
        OUTBOX.with_borrow_mut(|outbox| {
            outbox.next = outbox.next.wrapping_add(1);
            outbox.next
        })
    }

    /// The upload under way, if it is one of `keys`. Aborting calls back at once, so nothing may be borrowed then.
    fn take_current(keys: impl Fn(u32) -> bool) -> Option<Upload> {
        OUTBOX.with_borrow_mut(|outbox| match &outbox.current {
            Some((key, _)) if keys(*key) => outbox.current.take().map(|(_, upload)| upload),
            _ => None,
        })
    }
}

/// The files of one composer on their way.
#[derive(Clone, Copy)]
struct Queue {
    pictures: RwSignal<Vec<MediaAsset>>,
    sending: RwSignal<Vec<Sending>>,
    selected: RwSignal<Option<String>>,
    toasts: Toasts,
}

impl Queue {
    /// Takes files in, as far as there is room and they are pictures.
    fn add(self, files: Vec<File>) {
        for file in files {
            let taken = self.pictures.read_untracked().len() + self.sending.read_untracked().len();
            if taken >= MAX_MEDIA {
                let why = format!("A post takes at most {MAX_MEDIA} pictures.");
                self.toasts.error(format!("{} was not added", file.name()), why);
                break;
            }
            let key = Outbox::next_key();
            let error = refusal(&file.type_(), file.size());
            let refused = error.is_some();
            let one = Sending {
                key,
                progress: RwSignal::new(0.0),
                error: RwSignal::new(error),
                name: StoredValue::new(file.name()),
            };
            self.sending.update(|list| list.push(one));
            if !refused {
                OUTBOX.with_borrow_mut(|outbox| outbox.waiting.push((key, file)));
            }
        }
        self.go_on();
    }

    /// Sends the next file, one at a time, so that pictures arrive in the order they were given.
    fn go_on(self) {
        let next = OUTBOX.with_borrow_mut(|outbox| {
            let free = outbox.current.is_none() && !outbox.waiting.is_empty();
            free.then(|| outbox.waiting.remove(0))
        });
        let Some((key, file)) = next else { return };
        let Some(one) = self.sending.read_untracked().iter().find(|one| one.key == key).copied() else {
            return self.go_on();
        };
        let progress = move |share| {
            let _page_gone = one.progress.try_set(share);
        };
        match send(&file, progress, move |answer| self.arrived(one, answer)) {
            Some(upload) => OUTBOX.with_borrow_mut(|outbox| outbox.current = Some((key, upload))),
            None => one.error.set(Some("This browser could not send the picture.".to_owned())),
        }
    }

    fn arrived(self, one: Sending, answer: Result<MediaAsset, AppError>) {
        drop(Outbox::take_current(|key| key == one.key));
        // The page may be gone, or the file taken off the list; the picture is stored all the same.
        let listed = self.sending.try_with_untracked(|list| list.iter().any(|other| other.key == one.key));
        match (listed, answer) {
            (None, _) => return,
            (Some(false), _) => {}
            (Some(true), Ok(asset)) => {
                self.sending.update(|list| list.retain(|other| other.key != one.key));
                let there = self.pictures.read_untracked().iter().any(|other| other.id == asset.id);
                if there {
                    self.toasts.info(format!("{} is in the post already", asset.file_name));
                } else {
                    self.selected.set(Some(asset.id.to_string()));
                    self.pictures.update(|pictures| pictures.push(asset));
                }
            }
            (Some(true), Err(error)) => one.error.set(Some(error.message().to_owned())),
        }
        self.go_on();
    }

    /// Stops a file, or takes a refused one off the list.
    fn drop_one(self, key: u32) {
        self.sending.update(|list| list.retain(|one| one.key != key));
        OUTBOX.with_borrow_mut(|outbox| outbox.waiting.retain(|(other, _)| *other != key));
        if let Some(upload) = Outbox::take_current(|other| other == key) {
            upload.cancel();
        }
    }

    /// The page leaves: what was not sent stays here.
    fn close() {
        OUTBOX.with_borrow_mut(|outbox| outbox.waiting.clear());
        if let Some(upload) = Outbox::take_current(|_| true) {
            upload.cancel();
        }
    }
}

/// The post's pictures.
#[component]
pub fn Pictures(composer: Composer) -> impl IntoView {
    let selected = RwSignal::new(None::<String>);
    let queue =
        Queue { pictures: composer.pictures, sending: RwSignal::new(Vec::new()), selected, toasts: use_toasts() };
    on_cleanup(Queue::close);
    let pictures = composer.pictures;
    let thumbs = Signal::derive(move || {
        let described = composer.pictures_described();
        described
            .into_iter()
            .map(|asset| Thumb { key: asset.id.to_string(), src: thumbnail(&asset), has_alt: asset.alt_text.is_some() })
            .collect::<Vec<_>>()
    });
    let remove = move |key: String| {
        pictures.update(|pictures| pictures.retain(|asset| asset.id.to_string() != key));
        if selected.read_untracked().as_ref() == Some(&key) {
            selected.set(pictures.read_untracked().first().map(|asset| asset.id.to_string()));
        }
    };
    take_from_anywhere(queue);
    let is_empty = Memo::new(move |_| pictures.read().is_empty());
    let is_full = Signal::derive(move || pictures.read().len() >= MAX_MEDIA);
    let hint = format!("JPG, PNG, WebP or GIF, up to {} each", size(MAX_UPLOAD));
    let drop = move || {
        if is_empty.get() {
            view! {
                <FileDrop
                    id="post-media"
                    label="Add images"
                    accept=ACCEPT
                    multiple=true
                    hint=hint.clone()
                    on_files=move |files| queue.add(files)
                />
            }
            .into_any()
        } else {
            view! {
                <Thumbnails
                    items=thumbs
                    selected
                    on_move=move |(from, to)| pictures.update(|pictures| reorder(pictures, from, to))
                    on_remove=remove
                    after=move || {
                        view! {
                            <FileDrop
                                id="post-media"
                                label="Add"
                                accept=ACCEPT
                                multiple=true
                                tile=true
                                disabled=is_full
                                on_files=move |files| queue.add(files)
                            />
                        }
                    }
                />
            }
            .into_any()
        }
    };
    let chosen = Memo::new(move |_| {
        let key = selected.get();
        let pictures = pictures.read();
        let at = pictures.iter().position(|asset| Some(asset.id.to_string()) == key);
        at.or((!pictures.is_empty()).then_some(0)).and_then(|at| pictures.get(at).map(|asset| (at, asset.id)))
    });
    // The one whose description shows is marked, also when nobody has chosen.
    Effect::new(move |_| {
        if let Some((_, id)) = chosen.get() {
            let key = Some(id.to_string());
            if *selected.read_untracked() != key {
                selected.set(key);
            }
        }
    });
    view! {
        <section aria-labelledby="media-h">
            <div class="mb-3 flex min-h-7 flex-wrap items-center justify-between gap-x-4 gap-y-2">
                <div class="flex items-center gap-2">
                    <h2 id="media-h" class="text-base font-semibold">"Media"</h2>
                    {move || (!is_empty.get()).then(|| view! { <Count count=Signal::derive(move || pictures.read().len() as u64)/> })}
                </div>
                {move || {
                    (pictures.read().len() > 1)
                        .then(|| view! { <span class="text-xs text-muted">"Drag to reorder. First image leads."</span> })
                }}
            </div>
            {drop}
            <div class="mt-3 grid gap-2 empty:hidden">
                <For each=move || queue.sending.get() key=|one| one.key let:one>
                    <UploadRow
                        name=one.name.get_value()
                        progress=one.progress
                        error=one.error
                        on_cancel=move |()| queue.drop_one(one.key)
                    />
                </For>
            </div>
            // A field of its own for each: one that stayed would take the words of the last for those of the next.
            <For each=move || chosen.get() key=|chosen| *chosen let:chosen>
                {description(composer, chosen.0, chosen.1)}
            </For>
        </section>
    }
    .into_any()
}

/// Pictures that are pasted into the text, or dropped beside the field, land here as well. Without this the browser
/// would leave the page for a dropped file.
fn take_from_anywhere(queue: Queue) {
    Effect::new(move |_| {
        let pasted = window_event_listener(ev::paste, move |event| {
            let files = files(event.clipboard_data());
            if !files.is_empty() && !in_drop_field(&event) {
                event.prevent_default();
                queue.add(files);
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
                queue.add(files);
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

/// The id of the description's field, which the checks lead to.
pub const ALT_FIELD: &str = "post-alt";

/// How long typing a description pauses before it is stored.
const PAUSE: Duration = Duration::from_secs(1);

/// The description of one picture, stored after a pause and when the field is left.
fn description(composer: Composer, at: usize, id: MediaId) -> AnyView {
    let (described, pictures) = (composer.described(), composer.pictures);
    let stored = move || {
        pictures
            .read_untracked()
            .iter()
            .find(|asset| asset.id == id)
            .and_then(|asset| asset.alt_text.clone())
            .unwrap_or_default()
    };
    let typed = described.with_untracked(|described| described.get(&id).cloned());
    let text = RwSignal::new(typed.unwrap_or_else(stored));
    let refusal = use_refusal();
    let store = move || {
        let waits = described.try_with_untracked(|described| described.contains_key(&id));
        if waits == Some(true) {
            spawn_local(async move {
                if let Err(error) = store_descriptions(described, pictures).await {
                    refusal("The alt text was not stored", &error);
                }
            });
        }
    };
    let timer = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |before: Option<String>| {
        let now = text.get();
        if before.as_ref().is_some_and(|before| *before != now) {
            described.update(|described| {
                described.insert(id, now.clone());
            });
            if let Some(earlier) = timer.try_get_value().flatten() {
                earlier.clear();
            }
            timer.set_value(set_timeout_with_handle(store, PAUSE).ok());
        }
        now
    });
    let length = move || format!("{} / {}", text.read().chars().count(), grouped(MAX_ALT_TEXT as u64));
    let too_long = move || {
        (text.read().chars().count() > MAX_ALT_TEXT)
            .then(|| format!("The alt text is at most {} characters.", grouped(MAX_ALT_TEXT as u64)))
    };
    view! {
        <div class="mt-4">
            <Field
                id=ALT_FIELD
                label=format!("Alt text for image {}", at + 1)
                hint="Says what the picture shows, for those who do not see it."
                error=Signal::derive(too_long)
                aside=move || view! { <span class="text-xs text-muted tabular-nums">{length}</span> }
            >
                <Textarea name="alt_text" value=text rows=2 on_blur=move |_| store()/>
            </Field>
        </div>
    }
    .into_any()
}

/// Brings the keyboard to a picture's description.
pub fn focus_description() {
    let field = document().get_element_by_id(ALT_FIELD);
    if let Some(field) = field.and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _detached = field.focus();
    }
}
