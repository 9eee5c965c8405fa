//! Choosing from the library: a dialog with its newest, a search, and a mark on what is chosen.

use super::{server_fns::view_library, words::corner};
use crate::{
    AppError,
    shared::{media::thumbnail, query::search_words},
    ui::{
        Button, ButtonVariant, Dialog, DialogSize, EmptyState, ErrorState, FilterButton, Glyph, SearchInput,
        SkeletonCards, icon,
    },
};
use domain::{
    MediaId, Page, PageRequest,
    media::{MediaAsset, MediaFilter, MediaKind},
};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;

/// Shown at once; more come with a button.
const AT_ONCE: u32 = 24;
/// How long typing pauses before the list follows.
const PAUSE: Duration = Duration::from_millis(300);

/// What the dialog shows.
#[derive(Clone, Default, PartialEq)]
struct Shown {
    items: Vec<MediaAsset>,
    next: Option<String>,
    loading: bool,
    failed: Option<AppError>,
}

/// Chooses from the library. `room` is how many may be chosen; those in `taken` are there already.
#[component]
pub fn LibraryPicker(
    open: RwSignal<bool>,
    #[prop(into)] room: Signal<usize>,
    #[prop(into)] taken: Signal<Vec<MediaId>>,
    #[prop(into)] on_choose: Callback<Vec<MediaAsset>>,
) -> impl IntoView {
    let words = RwSignal::new(String::new());
    let kind = RwSignal::new(None::<MediaKind>);
    let chosen = RwSignal::new(Vec::<MediaAsset>::new());
    let shown = RwSignal::new(Shown::default());
    // Answers that come late, after another question was asked, are not shown.
    let asked = StoredValue::new(0_u32);
    let fetch = move |more: bool| {
        let question = asked.get_value().wrapping_add(1);
        asked.set_value(question);
        let cursor = if more { shown.read_untracked().next.clone() } else { None };
        shown.update(|shown| {
            shown.loading = true;
            shown.failed = None;
        });
        let filter = MediaFilter {
            q: search_words(Some(&words.get_untracked())),
            kind: kind.get_untracked(),
            page: PageRequest { cursor, ..PageRequest::first(AT_ONCE) },
            ..MediaFilter::default()
        };
        spawn_local(async move {
            let answer = view_library(filter).await;
            if asked.try_get_value() != Some(question) {
                return;
            }
            shown.update(|shown| {
                shown.loading = false;
                match answer {
                    Ok(view) => {
                        let Page { items, next_cursor, .. } = view.media;
                        if !more {
                            shown.items.clear();
                        }
                        shown.items.extend(items);
                        shown.next = next_cursor;
                    }
                    Err(error) => shown.failed = Some(error),
                }
            });
        });
    };
    Effect::new(move |_| {
        if open.get() {
            kind.track();
            chosen.set(Vec::new());
            fetch(false);
        }
    });
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let typed = move |_: String| {
        if let Some(earlier) = timer.try_get_value().flatten() {
            earlier.clear();
        }
        timer.set_value(set_timeout_with_handle(move || fetch(false), PAUSE).ok());
    };
    let full = Signal::derive(move || chosen.read().len() >= room.get());
    let toggle = move |asset: MediaAsset| {
        chosen.update(|chosen| match chosen.iter().position(|other| other.id == asset.id) {
            Some(at) => drop(chosen.remove(at)),
            None => chosen.push(asset),
        });
    };
    let tiles = move || {
        let there = taken.get();
        shown
            .read()
            .items
            .iter()
            .map(|asset| {
                let id = asset.id;
                let is_there = there.contains(&id);
                let is_chosen = Memo::new(move |_| chosen.read().iter().any(|other| other.id == id));
                choice(asset.clone(), is_there, is_chosen, full, toggle)
            })
            .collect_view()
    };
    let kinds = [
        ("All", None),
        ("Pictures", Some(MediaKind::Image)),
        ("Videos", Some(MediaKind::Video)),
        ("Documents", Some(MediaKind::Document)),
    ];
    let add = move |_| {
        on_choose.run(chosen.get_untracked());
        open.set(false);
    };
    let label = move || match chosen.read().len() {
        0 => "Add to post".to_owned(),
        1 => "Add 1 file".to_owned(),
        n => format!("Add {n} files"),
    };
    let footer = move || {
        view! {
            <p class="text-sm text-muted" aria-live="polite">
                {move || if full.get() { "The post has no room for more." } else { "" }}
            </p>
            <div class="flex gap-2">
                <Button on_click=move |_| open.set(false)>"Cancel"</Button>
                <Button
                    variant=ButtonVariant::Primary
                    disabled=Signal::derive(move || chosen.read().is_empty())
                    on_click=add
                >
                    {label}
                </Button>
            </div>
        }
    };
    view! {
        <Dialog id="library" open title="Choose from your library" size=DialogSize::Large footer>
            <div class="flex flex-wrap items-center gap-2">
                <div class="w-full sm:w-56">
                    <SearchInput label="Search media" placeholder="Name, alt text or tag" value=words on_input=typed/>
                </div>
                <div role="group" aria-label="Kind" class="flex flex-wrap gap-2">
                    {kinds
                        .map(|(label, wanted)| {
                            view! {
                                <FilterButton
                                    label
                                    active=Signal::derive(move || kind.get() == wanted)
                                    on_click=move |()| kind.set(wanted)
                                />
                            }
                        })
                        .into_iter()
                        .collect_view()}
                </div>
            </div>
            {move || {
                let now = shown.read();
                match (&now.failed, now.items.is_empty(), now.loading) {
                    (Some(error), _, _) => {
                        let text = error.message().to_owned();
                        view! {
                            <ErrorState title="We could not load your media" text on_retry=move |()| fetch(false)/>
                        }
                        .into_any()
                    }
                    (None, true, true) => view! { <SkeletonCards label="Loading media" count=4/> }.into_any(),
                    (None, true, false) => view! {
                        <EmptyState
                            title="Nothing here"
                            text="What you add to posts, or on the Media page, can be chosen here."
                            bare=true
                        />
                    }
                    .into_any(),
                    (None, false, _) => view! {
                        <ul aria-label="Media" class="grid grid-cols-2 gap-3 sm:grid-cols-4">{tiles()}</ul>
                    }
                    .into_any(),
                }
            }}
            {move || {
                (shown.read().next.is_some() && shown.read().failed.is_none())
                    .then(|| {
                        view! {
                            <div class="text-center">
                                <Button
                                    loading=Signal::derive(move || shown.read().loading)
                                    on_click=move |_| fetch(true)
                                >
                                    "Show more"
                                </Button>
                            </div>
                        }
                    })
            }}
        </Dialog>
    }
    .into_any()
}

fn choice(
    asset: MediaAsset,
    is_there: bool,
    is_chosen: Memo<bool>,
    full: Signal<bool>,
    toggle: impl Fn(MediaAsset) + Copy + Send + Sync + 'static,
) -> AnyView {
    let (src, corner, name) = (thumbnail(&asset), corner(&asset), asset.file_name.clone());
    let what = asset.alt_text.clone().unwrap_or_else(|| name.clone());
    let label = if is_there { format!("{what}, in the post already") } else { what };
    let title = name.clone();
    view! {
        <li class="min-w-0">
            <button
                type="button"
                class="relative block aspect-square w-full overflow-hidden rounded-lg bg-neutral-bg aria-pressed:outline-3 aria-pressed:outline-offset-2 aria-pressed:outline-accent-strong disabled:opacity-50"
                aria-pressed=move || if is_chosen.get() { "true" } else { "false" }
                aria-label=label
                disabled=move || is_there || (full.get() && !is_chosen.get())
                on:click=move |_| toggle(asset.clone())
            >
                <img src=src alt="" class="size-full object-cover" width="140" height="140" loading="lazy"/>
                {corner
                    .map(|words| {
                        view! {
                            <span class="absolute right-1 bottom-1 rounded-sm bg-surface px-1 text-xs font-medium text-text tabular-nums">
                                {words}
                            </span>
                        }
                    })}
                {move || {
                    (is_chosen.get() || is_there)
                        .then(|| {
                            view! {
                                <span class="absolute top-1 left-1 grid size-5 place-items-center rounded-full bg-surface text-accent-strong">
                                    {icon(Glyph::CheckBold, "size-3")}
                                </span>
                            }
                        })
                }}
            </button>
            <p class="mt-1 truncate text-xs text-muted" title=title>{name}</p>
        </li>
    }
    .into_any()
}
