//! A post's history: who changed what and when, two versions held against each other, and the way back to an earlier one. Which
//! two are compared stands in the address.

use crate::{
    features::posts::server_fns::{restore_version, view_post},
    layouts::use_refusal,
    session::use_session,
    shared::{
        media::thumbnail,
        words::{counted, mark},
    },
    ui::{
        Badge, Button, ButtonSize, ButtonVariant, ConfirmDialog, Glyph, MarkSize, PlatformMark, RelativeTime, Select,
        SelectOption, Tag, Tone, icon, use_toasts,
    },
};
use domain::{
    PostId,
    media::MediaAsset,
    posts::{
        Post, PostStatus,
        versions::{Comparison, PartDiff, PieceKind, VersionPart, VersionSummary},
    },
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::Form;

/// What the page knows of a post's history. Copy it anywhere.
#[derive(Clone, Copy)]
pub struct History {
    versions: RwSignal<Vec<VersionSummary>>,
    comparison: RwSignal<Option<Comparison>>,
}

impl History {
    pub fn new(versions: Vec<VersionSummary>, comparison: Option<Comparison>) -> Self {
        Self { versions: RwSignal::new(versions), comparison: RwSignal::new(comparison) }
    }

    /// What it has become.
    pub fn set(self, versions: Vec<VersionSummary>, comparison: Option<Comparison>) {
        if *self.versions.read_untracked() != versions {
            self.versions.set(versions);
        }
        if *self.comparison.read_untracked() != comparison {
            self.comparison.set(comparison);
        }
    }

    /// Which two versions are held against each other. Untracked.
    pub fn compared(self) -> Option<(u32, u32)> {
        self.comparison.read_untracked().as_ref().map(|found| (found.from, found.to))
    }
}

/// The versions of a post, with what differs between two of them.
#[component]
pub fn Versions(post: RwSignal<Post>, history: History, may_edit: bool) -> impl IntoView {
    let id = post.read_untracked().id;
    let number = Memo::new(move |_| post.read().version);
    let restoring = RwSignal::new(None::<u32>);
    let fixed = Memo::new(move |_| !post.read().status.is_editable());
    view! {
        <section aria-labelledby="versions-h" class="min-w-0">
            <div class="mb-3 flex flex-wrap items-baseline gap-x-3 gap-y-1">
                <h2 id="versions-h" class="text-base font-semibold">"Versions"</h2>
                <p class="text-sm text-muted">{move || counted(u64::from(number.get()), "version", "versions")}</p>
            </div>
            {move || history.comparison.get().map(|found| compared(id, found, number.get_untracked()))}
            {move || rows(id, history.versions.get(), may_edit, fixed, restoring)}
        </section>
        <RestoreDialog post history restoring/>
    }
    .into_any()
}

fn rows(
    id: PostId,
    versions: Vec<VersionSummary>,
    may_edit: bool,
    fixed: Memo<bool>,
    restoring: RwSignal<Option<u32>>,
) -> AnyView {
    let newest = versions.first().map_or(1, |version| version.number);
    let more = versions.last().map_or(0, |version| version.number.saturating_sub(1));
    let rows = versions
        .into_iter()
        .map(|version| {
            let number = version.number;
            let what = what_words(&version);
            let parts = version.changes.clone().into_iter().map(|part| view! { <Tag>{part.label()}</Tag> }).collect_view();
            let compare = if version.current {
                (number > 1).then(|| (format!("/posts/{id}?from={}&to={number}", number - 1), "Changes".to_owned()))
            } else {
                Some((format!("/posts/{id}?from={number}&to={newest}"), "Compare".to_owned()))
            };
            let compare_label = if version.current {
                format!("Show what version {number} changed")
            } else {
                format!("Compare version {number} with the current one")
            };
            let restore = may_edit && !version.current;
            view! {
                <li data-version=number class="flex flex-wrap items-center gap-x-3 gap-y-1.5 px-3.5 py-2.5">
                    <div class="min-w-0 flex-1 basis-56">
                        <p class="flex flex-wrap items-center gap-x-2 gap-y-1">
                            <span class="font-medium tabular-nums">{format!("Version {number}")}</span>
                            {version.current.then(|| view! { <Badge tone=Tone::Info>"Current"</Badge> })}
                            <span class="text-sm text-muted">{what}</span>
                            {parts}
                        </p>
                        <p class="truncate text-sm text-muted">
                            {version.author.name.clone()} ", " <RelativeTime at=version.created_at/>
                        </p>
                    </div>
                    <div class="flex items-center gap-2">
                        {compare
                            .map(|(href, words)| {
                                view! {
                                    <Button size=ButtonSize::Small variant=ButtonVariant::Ghost href label=compare_label>
                                        {words}
                                    </Button>
                                }
                            })}
                        {restore
                            .then(|| {
                                view! {
                                    <Button
                                        size=ButtonSize::Small
                                        icon=Glyph::History
                                        label=format!("Restore version {number}")
                                        disabled=fixed
                                        on_click=move |_| restoring.set(Some(number))
                                    >
                                        "Restore"
                                    </Button>
                                }
                            })}
                    </div>
                </li>
            }
        })
        .collect_view();
    view! {
        <ol aria-label="Versions, newest first" class="divide-y divide-border rounded-lg border border-border bg-surface">
            {rows}
        </ol>
        {(more > 0)
            .then(|| {
                view! {
                    <p class="mt-2 text-sm text-muted">
                        {format!("{} earlier can be read over the API.", counted(u64::from(more), "version", "versions"))}
                    </p>
                }
            })}
        {move || {
            (may_edit && fixed.get())
                .then(|| {
                    view! {
                        <p class="mt-2 text-sm text-muted">
                            "What is out, or on its way out, cannot be changed, so no version can be restored now."
                        </p>
                    }
                })
        }}
    }
    .into_any()
}

fn what_words(version: &VersionSummary) -> String {
    match (version.restored_from, version.number) {
        (Some(from), _) => format!("Restored from version {from}"),
        (None, 1) => "Written".to_owned(),
        (None, _) if version.changes.is_empty() => "Saved again".to_owned(),
        (None, _) => "Changed".to_owned(),
    }
}

/// Two versions beside each other, and which two.
fn compared(id: PostId, found: Comparison, newest: u32) -> AnyView {
    let numbers = move |shown: u32| {
        let first = newest.saturating_sub(99).max(1);
        let mut numbers: Vec<u32> = (first..=newest).rev().collect();
        if !numbers.contains(&shown) {
            numbers.push(shown);
        }
        numbers.into_iter().map(|n| SelectOption::new(n.to_string(), format!("Version {n}"))).collect::<Vec<_>>()
    };
    let (from, to) = (found.from, found.to);
    view! {
        <div data-comparison class="mb-4 rounded-lg border border-border bg-surface">
            <div class="flex flex-wrap items-center justify-between gap-2 border-b border-border px-3.5 py-2">
                <h3 class="text-sm font-semibold">{format!("From version {from} to version {to}")}</h3>
                // Two by two on a phone, where they have no room beside each other.
                <div class="max-sm:w-full">
                    <Form method="GET" action=format!("/posts/{id}")>
                        <div class="grid grid-cols-2 gap-2 sm:flex sm:items-center">
                            <Select name="from" label="Earlier version" options=numbers(from) initial=from.to_string() small=true/>
                            <Select name="to" label="Later version" options=numbers(to) initial=to.to_string() small=true/>
                            <Button submit=true size=ButtonSize::Small>"Compare"</Button>
                            <Button size=ButtonSize::Small variant=ButtonVariant::Ghost href=format!("/posts/{id}")>
                                "Close"
                            </Button>
                        </div>
                    </Form>
                </div>
            </div>
            {differences(found)}
        </div>
    }
    .into_any()
}

/// In what two versions differ, part by part.
pub fn differences(found: Comparison) -> AnyView {
    let same = found.is_same();
    let parts = found.parts.into_iter().map(part).collect_view();
    let media = [("Removed", PieceKind::Removed, found.media_removed), ("Added", PieceKind::Added, found.media_added)]
        .into_iter()
        .filter(|(_, _, assets)| !assets.is_empty())
        .map(|(word, kind, assets)| pictures(word, kind, assets))
        .collect_view();
    view! {
        <div class="divide-y divide-border">
            {same.then(|| view! { <p class="p-3.5 text-muted">"These two versions say the same."</p> })}
            {parts}
            {media}
            {found
                .media_reordered
                .then(|| view! { <p class="p-3.5 text-sm text-muted">"The pictures stand in another order."</p> })}
        </div>
    }
    .into_any()
}

fn part(diff: PartDiff) -> AnyView {
    let heading = match diff.platform {
        Some(platform) => view! {
            <PlatformMark mark=mark(platform) size=MarkSize::Bare/>
            {format!("{} for {}", if diff.part == VersionPart::Options { "Options" } else { "Text" }, platform.label())}
        }
        .into_any(),
        None => diff.part.label().into_any(),
    };
    let pieces = diff
        .pieces
        .into_iter()
        .map(|piece| match piece.kind {
            PieceKind::Same => piece.text.into_any(),
            // Colour, line and a word for each: no one has to see the colours.
            PieceKind::Removed => view! {
                <del class="rounded-sm bg-danger-bg text-danger decoration-danger">
                    <span class="sr-only">" removed: "</span>
                    {piece.text}
                    <span class="sr-only">" end of removed "</span>
                </del>
            }
            .into_any(),
            PieceKind::Added => view! {
                <ins class="rounded-sm bg-success-bg text-success underline decoration-success">
                    <span class="sr-only">" added: "</span>
                    {piece.text}
                    <span class="sr-only">" end of added "</span>
                </ins>
            }
            .into_any(),
        })
        .collect_view();
    view! {
        <div class="p-3.5">
            <h4 class="mb-1 flex items-center gap-2 text-sm font-medium text-muted">{heading}</h4>
            <p class="max-w-prose whitespace-pre-wrap wrap-anywhere">{pieces}</p>
        </div>
    }
    .into_any()
}

fn pictures(word: &'static str, kind: PieceKind, assets: Vec<MediaAsset>) -> AnyView {
    let glyph = if kind == PieceKind::Added { Glyph::Plus } else { Glyph::Minus };
    let pictures = assets
        .into_iter()
        .map(|asset| {
            let alt = asset.alt_text.clone().unwrap_or_else(|| "A picture without a description".to_owned());
            view! {
                <li>
                    <img
                        src=thumbnail(&asset)
                        alt=alt
                        width="64"
                        height="80"
                        loading="lazy"
                        class="h-20 w-16 rounded-md bg-neutral-bg object-cover"
                    />
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="p-3.5">
            <h4 class="mb-2 flex items-center gap-1.5 text-sm font-medium text-muted">
                {icon(glyph, "size-4")}
                {format!("Pictures {}", word.to_lowercase())}
            </h4>
            <ul class="flex flex-wrap gap-2">{pictures}</ul>
        </div>
    }
    .into_any()
}

/// Asks before a version comes back, and says what happens then.
#[component]
fn RestoreDialog(post: RwSignal<Post>, history: History, restoring: RwSignal<Option<u32>>) -> impl IntoView {
    let id = post.read_untracked().id;
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let asked = StoredValue::new(0_u32);
    Effect::new(move |_| {
        if let Some(number) = restoring.get() {
            asked.set_value(number);
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            restoring.set(None);
        }
    });
    let held_back = use_session().is_held_back();
    let title = Signal::derive(move || {
        restoring.track();
        format!("Restore version {}?", asked.get_value())
    });
    let consequence = Signal::derive(move || {
        let post = post.read();
        let next = post.version + 1;
        let then = match post.status {
            _ if held_back && post.status != PostStatus::Draft && post.status != PostStatus::Rejected => {
                "It waits for approval before it goes out."
            }
            PostStatus::Scheduled => "It goes out at the time that is set now.",
            PostStatus::PendingApproval => "It waits for approval in the place of the one that waits now.",
            PostStatus::Failed | PostStatus::PartlyPublished => {
                "It is sent again, after the undo window, to the accounts that have not taken this post."
            }
            _ => "Nothing goes out.",
        };
        format!(
            "Its words, link and pictures become version {next}. What there is now stays in the list of versions. {then}"
        )
    });
    let refusal = use_refusal();
    let toasts = use_toasts();
    let confirm = move |()| {
        let number = asked.get_value();
        busy.set(true);
        spawn_local(async move {
            let answer = restore_version(id, number).await;
            let _page_gone = busy.try_set(false);
            let _page_gone = open.try_set(false);
            match answer {
                Ok(restored) => {
                    toasts.success(format!("Version {number} is back as version {}", restored.version));
                    let _page_gone = post.try_set(restored);
                    if let Ok(view) = view_post(id, None).await
                        && post.try_read_untracked().is_some()
                    {
                        history.set(view.versions, view.comparison);
                    }
                }
                Err(error) => refusal("The version was not restored", &error),
            }
        });
    };
    view! {
        <ConfirmDialog
            id="restore-version"
            open
            title
            consequence
            confirm="Restore version"
            cancel="Keep the current one"
            variant=ButtonVariant::Primary
            busy
            on_confirm=confirm
        />
    }
}
