//! `/media`, the library; `/media/:id`, one of it with where it is used.

use super::{
    anywhere::take_from_anywhere,
    limits::{Limits, publishing},
    query::{LibraryQuery, PAGE},
    queue::{UploadList, Uploads},
    server_fns::{
        LibraryView, MediaView, remove_media, restore_media, set_alt_text, set_tags, view_library, view_media,
    },
    upload::ACCEPT,
    words::{corner, encoding, pages_words, summary},
};
use crate::{
    layouts::{PageFrame, load, load_page, use_refusal},
    session::use_session,
    shared::{
        media::thumbnail,
        search::ListSearch,
        words::{mark, post_status, size},
    },
    ui::{
        Breadcrumbs, Button, ButtonVariant, ConfirmDialog, DescriptionList, Detail, EmptyState, EmptyStep, Field,
        FileDrop, FilterChip, FilterOption, FilterSelect, Glyph, Input, MarkSize, PageTitle, Pagination, PlatformMark,
        RelativeTime, SkeletonCards, SkeletonRows, StatusBadge, Tag, Textarea, Toast, Tone, grouped, icon, use_toasts,
    },
};
use domain::{
    MediaId, Platform,
    media::{KEPT_DAYS, MAX_ALT_TEXT, MediaAsset, MediaKind, MediaUse, TagCount, Uploaded},
    posts::{
        Content, Visibility,
        preflight::{self, Finding, Medium, Severity, Target},
    },
    workspaces::Role,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map, use_query_map},
};

/// Files added to the library at once.
const AT_ONCE: usize = 50;

/// The workspace's media.
#[component]
pub fn LibraryPage() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(|params| LibraryQuery::read(|key| params.get(key))));
    let library = Resource::new(move || query.read().filter(), view_library);
    let (may_add, may_change) = (use_session().may(Role::Member), use_session().may(Role::Editor));
    view! {
        <PageFrame title="Media" lead="Pictures, videos and documents for posts.">
            {may_add.then(|| view! { <Add on_added=move |()| library.refetch()/> })}
            {load(
                library,
                "your media",
                move || view! { <SkeletonCards label="Loading media" count=8/> },
                move |view| list(view, query, may_change, library),
            )}
        </PageFrame>
    }
    .into_any()
}

/// Where files come in.
#[component]
fn Add(#[prop(into)] on_added: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let added = RwSignal::new(Vec::<String>::new());
    let uploads = Uploads::new(move |uploaded: Uploaded| {
        let name = uploaded.asset.file_name;
        if uploaded.duplicate {
            toasts.info(format!("{name} is already in your library"));
        } else {
            added.update(|added| added.push(name));
        }
        on_added.run(());
    });
    // Said once, when all are there.
    Effect::new(move |_| {
        if uploads.under_way() > 0 || added.read().is_empty() {
            return;
        }
        match &added.get()[..] {
            [one] => toasts.success(format!("{one} added")),
            all => toasts.success(format!("{} files added", all.len())),
        };
        added.set(Vec::new());
    });
    let add = Callback::new(move |files| {
        uploads.add(files, AT_ONCE, "Fifty files at a time are enough. Add it again in a moment.");
    });
    take_from_anywhere(add);
    view! {
        <div class="mb-6">
            <FileDrop
                id="library-files"
                label="Add files"
                accept=ACCEPT
                multiple=true
                hint="Pictures up to 20 MB, videos up to 4 GB, documents up to 100 MB. What is interrupted goes on where it stopped."
                on_files=add
            />
            <Limits platforms=Signal::derive(publishing)/>
            <div class="mt-3"><UploadList uploads/></div>
        </div>
    }
    .into_any()
}

#[component]
fn Filters(query: Memo<LibraryQuery>, tags: Vec<TagCount>, may_change: bool) -> impl IntoView {
    let chip = move |label: &'static str, kind: Option<MediaKind>| {
        view! {
            <FilterChip
                label
                href=Signal::derive(move || query.read().with_kind(kind).href())
                active=Signal::derive(move || !query.read().removed && query.read().kind == kind)
            />
        }
        .into_any()
    };
    let has_tags = !tags.is_empty();
    let options = Signal::derive(move || {
        let query = query.read();
        let option = |tag: Option<&TagCount>| FilterOption {
            href: query.with_tag(tag.map(|tag| tag.tag.clone())).href(),
            label: tag.map_or("All".to_owned(), |tag| format!("{} ({})", tag.tag, tag.count)),
            active: query.tag.as_ref() == tag.map(|tag| &tag.tag),
        };
        std::iter::once(None).chain(tags.iter().map(Some)).map(option).collect::<Vec<_>>()
    });
    let keep = Signal::derive(move || {
        let query = query.read();
        [
            ("kind", query.kind.map(|kind| kind.as_str().to_owned())),
            ("tag", query.tag.clone()),
            ("removed", query.removed.then(|| "true".to_owned())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect::<Vec<_>>()
    });
    view! {
        <div class="mb-4 flex flex-wrap items-center gap-2">
            <ListSearch
                label="Search media"
                placeholder="Name, alt text or tag"
                action="/media"
                current=Signal::derive(move || query.read().q.clone())
                keep
                to=move |q| query.read_untracked().with_q(q).href()
            />
            <div role="group" aria-label="Kind" class="relative flex gap-2 overflow-x-auto max-sm:-mx-4 max-sm:w-screen max-sm:px-4 max-sm:py-1">
                {chip("All", None)}
                {chip("Pictures", Some(MediaKind::Image))}
                {chip("Videos", Some(MediaKind::Video))}
                {chip("Documents", Some(MediaKind::Document))}
                {may_change
                    .then(|| {
                        view! {
                            <FilterChip
                                label="Removed"
                                href=Signal::derive(move || query.read().of_removed().href())
                                active=Signal::derive(move || query.read().removed)
                            />
                        }
                    })}
            </div>
            {has_tags
                .then(|| {
                    view! {
                        <div class="sm:ml-auto">
                            <FilterSelect id="library-tags" label="Tag" options/>
                        </div>
                    }
                })}
        </div>
    }
    .into_any()
}

fn list(
    view: LibraryView,
    query: Memo<LibraryQuery>,
    may_change: bool,
    library: Resource<Result<LibraryView, crate::AppError>>,
) -> AnyView {
    let LibraryView { media, tags } = view;
    let shown = query.get_untracked();
    let (offset, total) = (media.offset, media.total);
    let content = if media.items.is_empty() {
        if shown.is_narrowed() { none_found(shown.removed) } else { none_yet(use_session().may(Role::Member)) }
    } else {
        let tiles = media
            .items
            .into_iter()
            .map(|asset| if shown.removed { removed_tile(asset, library) } else { tile(asset) })
            .collect_view();
        view! {
            <ul
                aria-label="Media"
                class="grid grid-cols-2 gap-4 sm:grid-cols-3 lg:grid-cols-4 2xl:grid-cols-6"
            >
                {tiles}
            </ul>
            <div class="mt-4">
                <Pagination
                    total=Signal::derive(move || u64::try_from(total).unwrap_or(0))
                    limit=u64::from(PAGE)
                    offset=u64::from(offset)
                    noun="files"
                    base=Signal::derive(move || query.read().href())
                />
            </div>
        }
        .into_any()
    };
    view! {
        <Filters query tags may_change/>
        {content}
    }
    .into_any()
}

/// The picture of a tile, with what its corner says.
pub(super) fn face(asset: &MediaAsset) -> AnyView {
    let src = thumbnail(asset);
    let alt = asset.alt_text.clone().unwrap_or_default();
    let corner = corner(asset);
    let bare = asset.kind == MediaKind::Image && asset.alt_text.is_none();
    view! {
        <span class="relative block aspect-square overflow-hidden bg-neutral-bg">
            <img src=src alt=alt class="size-full object-cover" width="240" height="240" loading="lazy"/>
            {corner
                .map(|words| {
                    view! {
                        <span class="absolute right-1.5 bottom-1.5 inline-flex h-5 items-center gap-1 rounded-sm bg-surface px-1.5 text-xs font-medium text-text tabular-nums">
                            {words}
                        </span>
                    }
                })}
            {bare
                .then(|| {
                    view! {
                        <span class="absolute bottom-1.5 left-1.5 inline-flex h-5 items-center gap-1 rounded-sm bg-surface px-1.5 text-xs font-medium text-warning">
                            {icon(Glyph::StReconnect, "size-3 text-warning-solid")}
                            "No alt text"
                        </span>
                    }
                })}
        </span>
    }
    .into_any()
}

const TILE: &str = "group relative overflow-hidden rounded-lg border border-border bg-surface";

fn tile(asset: MediaAsset) -> AnyView {
    let href = format!("/media/{}", asset.id);
    let (name, title) = (asset.file_name.clone(), asset.file_name.clone());
    let tags = asset.tags.join(", ");
    let (words, id) = (summary(&asset), asset.id.to_string());
    view! {
        <li data-media=id class=format!("{TILE} hover:bg-hover")>
            {face(&asset)}
            <div class="px-3 py-2.5">
                <p class="truncate text-sm font-medium" title=title>
                    <a
                        href=href
                        class="after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-3 focus-visible:after:-outline-offset-3 focus-visible:after:outline-ring"
                    >
                        {name}
                    </a>
                </p>
                <p class="truncate text-xs text-muted tabular-nums">{words}</p>
                <p class="mt-0.5 truncate text-xs text-subtle empty:hidden">{tags}</p>
            </div>
        </li>
    }
    .into_any()
}

/// What can still be brought back. Its files are not shown any more, only what it was.
fn removed_tile(asset: MediaAsset, library: Resource<Result<LibraryView, crate::AppError>>) -> AnyView {
    let (name, title, label) =
        (asset.file_name.clone(), asset.file_name.clone(), format!("Bring {} back", asset.file_name));
    let (words, id) = (summary(&asset), asset.id);
    let (toasts, refusal) = (use_toasts(), use_refusal());
    let busy = RwSignal::new(false);
    let restore = move |_| {
        busy.set(true);
        spawn_local(async move {
            match restore_media(id).await {
                Ok(asset) => {
                    toasts.success(format!("{} is back in your library", asset.file_name));
                    library.refetch();
                }
                Err(error) => refusal("It was not brought back", &error),
            }
            let _page_gone = busy.try_set(false);
        });
    };
    view! {
        <li data-media=id.to_string() class=TILE>
            <span class="grid aspect-square place-items-center bg-sunken text-muted">{icon(Glyph::Trash2, "size-5")}</span>
            <div class="px-3 py-2.5">
                <p class="truncate text-sm font-medium" title=title>{name}</p>
                <p class="truncate text-xs text-muted tabular-nums">{words}</p>
                <div class="mt-2">
                    <Button icon=Glyph::Undo2 loading=busy on_click=restore>
                        "Bring back"
                        <span class="sr-only">{format!(": {label}")}</span>
                    </Button>
                </div>
            </div>
        </li>
    }
    .into_any()
}

fn none_found(removed: bool) -> AnyView {
    if removed {
        let text = format!("What is removed can be brought back from here for {KEPT_DAYS} days.");
        return view! {
            <EmptyState
                title="Nothing was removed"
                text
                level=2
                action=move || view! { <Button href="/media">"Back to the library"</Button> }
            />
        }
        .into_any();
    }
    view! {
        <EmptyState
            title="Nothing fits these filters"
            text="Try other words, or look at everything."
            level=2
            action=move || view! { <Button href="/media">"Clear filters"</Button> }
        />
    }
    .into_any()
}

fn none_yet(may_add: bool) -> AnyView {
    if !may_add {
        return view! {
            <EmptyState title="No media yet" text="What your team adds appears here." level=2/>
        }
        .into_any();
    }
    let steps = vec![
        EmptyStep::new(Glyph::Upload, "Add", "Drag files anywhere onto this page, or paste them."),
        EmptyStep::new(Glyph::PenLine, "Describe", "Alt text once, for every post that shows it."),
        EmptyStep::new(Glyph::Send, "Use", "Choose it in the composer; each network gets it in a form it takes."),
    ];
    view! {
        <EmptyState
            title="Your library is empty"
            text="Everything you add to a post is kept here too."
            steps
            level=2
        />
    }
    .into_any()
}

// ---- one asset --------------------------------------------------------------------------------------------------------

/// One asset.
#[component]
pub fn MediaPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse::<MediaId>().ok()));
    let media = Resource::new(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => view_media(id).await,
                None => Err(crate::AppError::new(domain::ErrorCode::NotFound, "There is no such file.")),
            }
        },
    );
    load_page(media, "Media", "this file", move || view! { <SkeletonRows label="Loading the file" count=6/> }, one)
}

fn one(view: MediaView) -> AnyView {
    let (may_describe, may_remove) = (use_session().may(Role::Member), use_session().may(Role::Editor));
    let id = view.asset.id;
    let crumbs = vec![("/media".to_owned(), "Media".to_owned()), (String::new(), view.asset.file_name.clone())];
    let asset = RwSignal::new(view.asset);
    let needed = view.uses.iter().any(|one| one.needed);
    let name = Signal::derive(move || asset.read().file_name.clone());
    view! {
        <PageTitle text=name/>
        <div class="mx-auto max-w-6xl px-4 py-6 lg:px-6">
            <Breadcrumbs crumbs/>
            <h1 class="mt-2 mb-5 text-xl font-semibold wrap-anywhere">{name}</h1>
            <div class="grid gap-8 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
                <div class="min-w-0">{preview(asset)}</div>
                <div class="grid min-w-0 content-start gap-8">
                    {facts(asset)}
                    {if may_describe { edit(id, asset) } else { read_only(asset) }}
                    {where_it_fits(asset)}
                    {uses(view.uses)}
                    {may_remove.then(|| removal(id, name, needed))}
                </div>
            </div>
        </div>
    }
    .into_any()
}

fn preview(asset: RwSignal<MediaAsset>) -> AnyView {
    let shown = asset.get_untracked();
    let alt = move || asset.read().alt_text.clone().unwrap_or_default();
    let frame = "max-h-[70dvh] w-full rounded-lg border border-border bg-sunken object-contain";
    match shown.kind {
        MediaKind::Image => view! { <img src=shown.url alt=alt class=frame/> }.into_any(),
        MediaKind::Video => {
            let label = format!("Video {}", shown.file_name);
            view! {
                <video
                    src=shown.url
                    poster=shown.thumbnail_url
                    controls=true
                    preload="metadata"
                    playsinline=true
                    class=frame
                    aria-label=label
                ></video>
            }
            .into_any()
        }
        MediaKind::Document => view! {
            <div class="grid min-h-80 place-content-center justify-items-center gap-3 rounded-lg border border-border bg-sunken p-6 text-center">
                {icon(Glyph::FileText, "size-8 text-muted")}
                <p class="text-muted">"A document opens in its own program."</p>
                <Button icon=Glyph::Download href=shown.url>"Download"</Button>
            </div>
        }
        .into_any(),
    }
}

fn facts(asset: RwSignal<MediaAsset>) -> AnyView {
    let shown = asset.get_untracked();
    let pixels = shown
        .width
        .zip(shown.height)
        .map(|(width, height)| format!("{} × {} pixels", grouped(u64::from(width)), grouped(u64::from(height))));
    let length = shown.video.map(|video| preflight::length(video.duration_ms));
    let at = shown.created_at;
    view! {
        <section aria-labelledby="facts-h">
            <h2 id="facts-h" class="mb-3 text-base font-semibold">"About"</h2>
            <DescriptionList>
                <Detail label="Type">{shown.content_type.label()}</Detail>
                <Detail label="Size">{size(shown.bytes)}</Detail>
                {pixels.map(|words| view! { <Detail label="Dimensions">{words}</Detail> })}
                {length.map(|words| view! { <Detail label="Length">{words}</Detail> })}
                {encoding(&shown).map(|words| view! { <Detail label="Encoding">{words}</Detail> })}
                {shown.pages.map(|pages| view! { <Detail label="Pages">{pages_words(pages)}</Detail> })}
                <Detail label="Added"><RelativeTime at/></Detail>
                <Detail label="SHA-256" mono=true>{shown.sha256.clone()}</Detail>
            </DescriptionList>
        </section>
    }
    .into_any()
}

fn read_only(asset: RwSignal<MediaAsset>) -> AnyView {
    let shown = asset.get_untracked();
    let alt = shown.alt_text.unwrap_or_else(|| "None yet".to_owned());
    let tags = shown.tags.into_iter().map(|tag| view! { <Tag>{tag}</Tag> }).collect_view();
    view! {
        <section aria-labelledby="alt-h">
            <h2 id="alt-h" class="mb-2 text-base font-semibold">"Alt text"</h2>
            <p class="text-muted wrap-anywhere">{alt}</p>
            <div class="mt-3 flex flex-wrap gap-1.5 empty:hidden">{tags}</div>
        </section>
    }
    .into_any()
}

/// Alt text and tags, saved with one button.
fn edit(id: MediaId, asset: RwSignal<MediaAsset>) -> AnyView {
    let alt = RwSignal::new(asset.read_untracked().alt_text.clone().unwrap_or_default());
    let tags = RwSignal::new(asset.read_untracked().tags.join(", "));
    let (toasts, refusal) = (use_toasts(), use_refusal());
    let busy = RwSignal::new(false);
    let wrong = RwSignal::new(None::<crate::AppError>);
    let changed = move || {
        let asset = asset.read();
        alt.read().trim() != asset.alt_text.as_deref().unwrap_or_default() || split(&tags.read()) != asset.tags
    };
    let error_of = move |field: &'static str| {
        Signal::derive(move || wrong.read().as_ref().and_then(|error| said_of(error, field)))
    };
    let save = move || {
        busy.set(true);
        wrong.set(None);
        let (new_alt, new_tags) = (alt.get_untracked(), split(&tags.get_untracked()));
        spawn_local(async move {
            let saved = match set_alt_text(id, new_alt).await {
                Ok(_) => set_tags(id, new_tags).await,
                Err(error) => Err(error),
            };
            match saved {
                Ok(now) => {
                    let _page_gone = tags.try_set(now.tags.join(", "));
                    let _page_gone = asset.try_set(now);
                    toasts.success("Saved");
                }
                Err(error) if said_of(&error, "alt_text").or(said_of(&error, "tags")).is_some() => {
                    let _page_gone = wrong.try_set(Some(error));
                }
                Err(error) => refusal("It was not saved", &error),
            }
            let _page_gone = busy.try_set(false);
        });
    };
    let length = move || format!("{} / {}", alt.read().chars().count(), grouped(MAX_ALT_TEXT as u64));
    view! {
        <section aria-labelledby="describe-h">
            <h2 id="describe-h" class="mb-3 text-base font-semibold">"Description"</h2>
            <form
                class="grid gap-4"
                on:submit=move |event| {
                    event.prevent_default();
                    save();
                }
            >
                <Field
                    id="media-alt"
                    label="Alt text"
                    hint="Says what it shows, for those who do not see it. Every post that shows it uses it."
                    error=error_of("alt_text")
                    aside=move || view! { <span class="text-xs text-muted tabular-nums">{length}</span> }
                >
                    <Textarea name="alt_text" value=alt rows=3/>
                </Field>
                <Field
                    id="media-tags"
                    label="Tags"
                    hint="Separated by commas."
                    error=error_of("tags")
                >
                    <Input name="tags" value=tags placeholder="winter, roast, studio" autocomplete="off"/>
                </Field>
                <div>
                    <Button submit=true loading=busy disabled=Signal::derive(move || !changed())>"Save description"</Button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

/// Why a field was refused.
fn said_of(error: &crate::AppError, field: &str) -> Option<String> {
    match error {
        crate::AppError::Refused(fault) => fault.fields.get(field).map(str::to_owned),
        crate::AppError::Offline => None,
    }
}

fn split(tags: &str) -> Vec<String> {
    let given: Vec<String> = tags.split(',').map(str::to_owned).collect();
    // What is wrong with them is for the server to say.
    domain::media::clean_tags(&given).unwrap_or(given)
}

/// What preflight would say of a post with this alone, network by network.
fn where_it_fits(asset: RwSignal<MediaAsset>) -> AnyView {
    let rows = move || {
        let medium = Medium::from(&*asset.read());
        publishing().into_iter().map(|platform| fits(platform, &medium)).collect_view()
    };
    view! {
        <section aria-labelledby="fits-h">
            <h2 id="fits-h" class="mb-3 text-base font-semibold">"Where it can go"</h2>
            <ul class="grid gap-2.5 text-sm">{rows}</ul>
        </section>
    }
    .into_any()
}

fn fits(platform: Platform, medium: &Medium) -> AnyView {
    let target = Target {
        account_id: domain::AccountId(uuid::Uuid::nil()),
        platform,
        name: String::new(),
        text_max: None,
        creator: None,
    };
    let content = Content { body: "x".to_owned(), ..Content::default() };
    let said: Vec<Finding> = preflight::check(&content, std::slice::from_ref(medium), &[target])
        .into_iter()
        .filter(|finding| finding.field == "media_assets")
        .collect();
    let refused = said.iter().any(|finding| finding.severity == Severity::Error);
    let glyph = if refused {
        icon(Glyph::StFailed, "mt-0.5 size-4 text-danger-solid")
    } else if said.is_empty() {
        icon(Glyph::StConnected, "mt-0.5 size-4 text-success-solid")
    } else {
        icon(Glyph::StReconnect, "mt-0.5 size-4 text-warning-solid")
    };
    let words = if refused { "cannot go there" } else { "can go there" };
    let lines = said.into_iter().map(|finding| view! { <p class="text-muted">{finding.message}</p> }).collect_view();
    view! {
        <li class="flex gap-2.5">
            {glyph}
            <div class="min-w-0">
                <p class="flex items-center gap-1.5">
                    <PlatformMark mark=mark(platform) size=MarkSize::Bare/>
                    <span class="font-medium">{platform.label()}</span>
                    <span class="text-muted">{words}</span>
                </p>
                {lines}
            </div>
        </li>
    }
    .into_any()
}

fn uses(uses: Vec<MediaUse>) -> AnyView {
    let content = if uses.is_empty() {
        view! { <p class="text-sm text-muted">"No post shows it yet."</p> }.into_any()
    } else {
        let rows = uses
            .into_iter()
            .map(|one| {
                let words = if one.words.is_empty() { "Post without words".to_owned() } else { one.words };
                view! {
                    <li class="flex items-center justify-between gap-3 border-t border-border px-3 py-2 first:border-t-0">
                        <a
                            href=format!("/posts/{}", one.post_id)
                            class="min-w-0 truncate text-sm font-medium hover:underline"
                            title=words.clone()
                        >
                            {words.clone()}
                        </a>
                        <StatusBadge status=post_status(one.status, Visibility::Public) plain=true/>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="rounded-lg border border-border bg-surface">{rows}</ul> }.into_any()
    };
    view! {
        <section aria-labelledby="uses-h">
            <h2 id="uses-h" class="mb-3 text-base font-semibold">"Used in"</h2>
            {content}
        </section>
    }
    .into_any()
}

fn removal(id: MediaId, name: Signal<String>, needed: bool) -> AnyView {
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let (toasts, refusal) = (use_toasts(), use_refusal());
    let navigate = use_navigate();
    let remove = Callback::new(move |()| {
        busy.set(true);
        let navigate = navigate.clone();
        spawn_local(async move {
            match remove_media(id).await {
                Ok(()) => {
                    let name = name.try_get_untracked().unwrap_or_default();
                    let toast = Toast::new(Tone::Success, format!("{name} removed")).action("Undo", move || {
                        spawn_local(async move {
                            match restore_media(id).await {
                                Ok(asset) => {
                                    toasts.success(format!("{} is back in your library", asset.file_name));
                                }
                                Err(error) => refusal("It was not brought back", &error),
                            }
                        });
                    });
                    toasts.push(toast);
                    navigate("/media", NavigateOptions::default());
                }
                Err(error) => {
                    let _page_gone = open.try_set(false);
                    refusal("It was not removed", &error);
                }
            }
            let _page_gone = busy.try_set(false);
        });
    });
    let why = if needed {
        "A post that has not gone out shows it, so it stays. Take it out of the post first."
    } else {
        "It leaves the library. What is out at the networks stays there."
    };
    view! {
        <section aria-labelledby="remove-h" class="border-t border-border pt-6">
            <h2 id="remove-h" class="text-base font-semibold">"Remove"</h2>
            <p class="mt-1 mb-3 text-sm text-muted">{why}</p>
            <Button variant=ButtonVariant::Danger icon=Glyph::Trash2 disabled=needed on_click=move |_| open.set(true)>
                "Remove from library"
            </Button>
            <ConfirmDialog
                id="remove-media"
                open
                title=Signal::derive(move || format!("Remove {}?", name.get()))
                consequence=Signal::derive(|| {
                    format!("It can be brought back for {KEPT_DAYS} days, under Removed. Posts that are out show it no more here, but keep it at the networks.")
                })
                confirm="Remove from library"
                cancel="Keep it"
                busy
                on_confirm=remove
            />
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_from_one_line() {
        assert_eq!(split(" Roast, #winter menu,, roast "), ["roast", "winter menu"]);
        assert!(split("").is_empty());
    }
}
