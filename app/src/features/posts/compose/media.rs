//! The media: taken by drag, paste or choice, or from the library; sent one after the other, put in order, described.

use super::{model::reorder, save::store_descriptions, state::Composer};
use crate::{
    features::media::{
        anywhere::take_from_anywhere,
        limits::{Limits, publishing},
        picker::LibraryPicker,
        queue::{UploadList, Uploads},
        upload::ACCEPT,
    },
    layouts::use_refusal,
    shared::media::thumbnail,
    ui::{Button, ButtonSize, Count, Field, FileDrop, Glyph, Textarea, Thumb, Thumbnails, Toasts, grouped, use_toasts},
};
use domain::{
    MediaId,
    media::{MAX_ALT_TEXT, MediaAsset, MediaKind, Uploaded},
    posts::{MAX_MEDIA, preflight::length},
};
use leptos::{
    prelude::*,
    task::spawn_local,
    web_sys::{self, File},
};
use std::time::Duration;
use wasm_bindgen::JsCast as _;

/// The media of one composer: what is there, what is on its way.
#[derive(Clone, Copy)]
struct Tray {
    pictures: RwSignal<Vec<MediaAsset>>,
    selected: RwSignal<Option<String>>,
    uploads: Uploads,
    toasts: Toasts,
}

impl Tray {
    fn new(pictures: RwSignal<Vec<MediaAsset>>, selected: RwSignal<Option<String>>) -> Self {
        let toasts = use_toasts();
        let uploads = Uploads::new(move |uploaded: Uploaded| {
            let Uploaded { asset, duplicate } = uploaded;
            let name = asset.file_name.clone();
            match put(pictures, selected, asset) {
                Some(false) => {
                    toasts.info(format!("{name} is in the post already"));
                }
                Some(true) if duplicate => {
                    toasts.info(format!("{name} was in your library already"));
                }
                Some(true) | None => {}
            }
        });
        Self { pictures, selected, uploads, toasts }
    }

    /// How many more the post takes.
    fn room(self) -> usize {
        MAX_MEDIA.saturating_sub(self.pictures.read().len())
    }

    fn add(self, files: Vec<File>) {
        let over = format!("A post takes at most {MAX_MEDIA} pictures.");
        self.uploads.add(files, untrack(|| self.room()), &over);
    }

    fn take(self, assets: Vec<MediaAsset>) {
        for asset in assets {
            if untrack(|| self.room()) == 0 {
                let why = format!("A post takes at most {MAX_MEDIA} pictures.");
                self.toasts.error(format!("{} was not added", asset.file_name), why);
                break;
            }
            let _page_gone = put(self.pictures, self.selected, asset);
        }
    }
}

/// Puts an asset at the end; false when it is there already, `None` when the page is gone.
fn put(pictures: RwSignal<Vec<MediaAsset>>, selected: RwSignal<Option<String>>, asset: MediaAsset) -> Option<bool> {
    let there = pictures.try_with_untracked(|pictures| pictures.iter().any(|other| other.id == asset.id))?;
    if there {
        return Some(false);
    }
    selected.try_set(Some(asset.id.to_string())).is_none().then_some(())?;
    pictures.try_update(|pictures| pictures.push(asset))?;
    Some(true)
}

/// The post's media.
#[component]
pub fn Pictures(composer: Composer) -> impl IntoView {
    let selected = RwSignal::new(None::<String>);
    let tray = Tray::new(composer.pictures, selected);
    let choosing = RwSignal::new(false);
    let pictures = composer.pictures;
    let thumbs = Signal::derive(move || {
        let described = composer.pictures_described();
        described
            .into_iter()
            .map(|asset| Thumb {
                key: asset.id.to_string(),
                src: thumbnail(&asset),
                has_alt: match asset.kind {
                    MediaKind::Image => Some(asset.alt_text.is_some()),
                    MediaKind::Video | MediaKind::Document => None,
                },
                noun: asset.kind.noun(),
                corner: asset
                    .video
                    .map(|video| length(video.duration_ms))
                    .or_else(|| (asset.kind == MediaKind::Document).then(|| asset.content_type.label().to_owned())),
            })
            .collect::<Vec<_>>()
    });
    let remove = move |key: String| {
        pictures.update(|pictures| pictures.retain(|asset| asset.id.to_string() != key));
        if selected.read_untracked().as_ref() == Some(&key) {
            selected.set(pictures.read_untracked().first().map(|asset| asset.id.to_string()));
        }
    };
    take_from_anywhere(Callback::new(move |files| tray.add(files)));
    let is_empty = Memo::new(move |_| pictures.read().is_empty());
    let is_full = Signal::derive(move || pictures.read().len() >= MAX_MEDIA);
    let hint = "Pictures up to 20 MB, videos up to 4 GB, documents up to 100 MB";
    let drop = move || {
        if is_empty.get() {
            view! {
                <FileDrop
                    id="post-media"
                    label="Add images, videos or a document"
                    accept=ACCEPT
                    multiple=true
                    hint
                    on_files=move |files| tray.add(files)
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
                                on_files=move |files| tray.add(files)
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
    // The networks it goes to, or all while nobody is chosen.
    let networks = Signal::derive(move || {
        let mut chosen: Vec<_> = composer.targets().into_iter().map(|account| account.platform).collect();
        chosen.sort_unstable();
        chosen.dedup();
        if chosen.is_empty() { publishing() } else { chosen }
    });
    view! {
        <section aria-labelledby="media-h">
            <div class="mb-3 flex min-h-7 flex-wrap items-center justify-between gap-x-4 gap-y-2">
                <div class="flex items-center gap-2">
                    <h2 id="media-h" class="text-base font-semibold">"Media"</h2>
                    {move || (!is_empty.get()).then(|| view! { <Count count=Signal::derive(move || pictures.read().len() as u64)/> })}
                </div>
                <div class="flex flex-wrap items-center gap-x-4 gap-y-2">
                    {move || {
                        (pictures.read().len() > 1)
                            .then(|| view! { <span class="text-xs text-muted">"Drag to reorder. The first leads."</span> })
                    }}
                    <Button
                        size=ButtonSize::Small
                        icon=Glyph::LayoutGrid
                        disabled=is_full
                        on_click=move |_| choosing.set(true)
                    >
                        "Choose from library"
                    </Button>
                </div>
            </div>
            {drop}
            <Limits platforms=networks/>
            <div class="mt-3 empty:hidden"><UploadList uploads=tray.uploads/></div>
            // A field of its own for each: one that stayed would take the words of the last for those of the next.
            <For each=move || chosen.get() key=|chosen| *chosen let:chosen>
                {description(composer, chosen.0, chosen.1)}
            </For>
            <LibraryPicker
                open=choosing
                room=Signal::derive(move || tray.room())
                taken=Signal::derive(move || pictures.read().iter().map(|asset| asset.id).collect::<Vec<_>>())
                on_choose=move |assets| tray.take(assets)
            />
        </section>
    }
    .into_any()
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
    let noun = pictures
        .read_untracked()
        .iter()
        .find(|asset| asset.id == id)
        .map_or("image", |asset| if asset.kind == MediaKind::Image { "image" } else { asset.kind.noun() });
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
                label=format!("Alt text for {noun} {}", at + 1)
                hint="Says what it shows, for those who do not see it."
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
