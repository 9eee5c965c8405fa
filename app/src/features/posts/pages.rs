//! `/posts`, the list; `/posts/:id`, one post with what became of it.

use super::{
    components::{
        Filters, History, Previewed, Previews, Publishing, Versions, chosen, post_text, starts_undoable, summary_words,
    },
    query::{PAGE, PostsQuery},
    server_fns::{PostView, delete_post, list_posts, view_post},
};
use crate::{
    layouts::{PageFrame, load, load_page, use_refusal},
    live::use_live,
    session::use_session,
    shared::{
        follow::{follow, one_of},
        words::{mark, post_status},
    },
    ui::{
        Breadcrumbs, Button, ButtonVariant, ConfirmDialog, EmptyState, EmptyStep, Glyph, MarkSize, PageTitle,
        Pagination, PlatformMark, RelativeTime, SkeletonRows, StatusBadge, icon, use_toasts,
    },
};
use domain::{
    Page, PostId,
    accounts::Account,
    posts::{Content, Post, PostStatus, PostSummary, Visibility},
    workspaces::Role,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map, use_query_map},
};

/// The workspace's posts.
#[component]
pub fn PostsPage() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(|params| PostsQuery::read(|key| params.get(key))));
    let posts = Resource::new(move || query.read().filter(), list_posts);
    let may_write = use_session().may(Role::Editor);
    view! {
        <PageFrame
            title="Posts"
            actions=move || {
                may_write
                    .then(|| {
                        view! {
                            <Button
                                variant=ButtonVariant::Primary
                                icon=Glyph::PenLine
                                href="/compose"
                                class="md:hidden"
                            >
                                "New post"
                            </Button>
                        }
                    })
            }
        >
            <Filters query/>
            {load(
                posts,
                "your posts",
                move || view! { <SkeletonRows label="Loading posts" count=8/> },
                move |page| list(page, query, may_write),
            )}
        </PageFrame>
    }
    .into_any()
}

fn list(page: Page<PostSummary>, query: Memo<PostsQuery>, may_write: bool) -> AnyView {
    let offset = page.offset;
    let posts = RwSignal::new(page.items);
    let total = RwSignal::new(page.total);
    let shown = query.get_untracked();
    let filter = shown.filter();
    let live = use_live();
    follow(
        Signal::derive(move || live.posts().get().wrapping_add(live.deliveries().get())),
        Signal::derive(move || posts.read().iter().any(|post| post.status == PostStatus::Publishing)),
        move || list_posts(filter.clone()),
        move |page: Page<PostSummary>| {
            total.set(page.total);
            posts.set(page.items);
        },
    );
    let is_empty = Memo::new(move |_| posts.read().is_empty());
    let narrowed = shown.is_narrowed();
    let list = move || {
        if is_empty.get() {
            return if narrowed { none_found() } else { none_yet(may_write) };
        }
        view! {
            <ul aria-label="Posts" class="rounded-lg border border-border bg-surface">
                <For each=move || posts.get() key=|post| post.id let:post>
                    {row(one_of(posts, post, |one| one.id))}
                </For>
            </ul>
            <div class="mt-4">
                <Pagination
                    total=Signal::derive(move || u64::try_from(total.get()).unwrap_or(0))
                    limit=u64::from(PAGE)
                    offset=u64::from(offset)
                    noun="posts"
                    base=Signal::derive(move || query.read().href())
                />
            </div>
        }
        .into_any()
    };
    list.into_any()
}

fn row(post: Memo<PostSummary>) -> AnyView {
    let first = post.get_untracked();
    let href = format!("/posts/{}", first.id);
    let head = Memo::new(move |_| {
        let post = post.read();
        let words = post.title.clone().filter(|title| !title.trim().is_empty()).unwrap_or_else(|| post.excerpt.clone());
        if words.is_empty() { "Post without words".to_owned() } else { words }
    });
    let status = Memo::new(move |_| post_status(post.read().status, post.read().visibility));
    let summary = Memo::new(move |_| summary_words(&post.read().deliveries));
    let picture = Memo::new(move |_| (post.read().thumbnail_url.clone(), post.read().media_count));
    let platforms = Memo::new(move |_| post.read().platforms.clone());
    let when = Memo::new(move |_| {
        let post = post.read();
        post.at
    });
    view! {
        <li
            data-post=first.id.to_string()
            class="group relative flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-border px-3.5 py-3 first:rounded-t-lg first:border-t-0 last:rounded-b-lg hover:bg-hover lg:grid lg:grid-cols-[auto_minmax(0,1fr)_11rem_6.5rem_9rem_7rem]"
        >
            {move || thumbnail(picture.get())}
            <div class="min-w-0 flex-1 basis-48">
                <p class="truncate font-medium" title=head>
                    <a
                        href=href
                        class="cover"
                    >
                        {head}
                    </a>
                </p>
                <p class="truncate text-sm text-muted">
                    {first.author.name.clone()}
                    <span class="lg:hidden">", " {move || view! { <RelativeTime at=when.get()/> }}</span>
                    {move || {
                        let words = summary.get();
                        (!words.is_empty())
                            .then(|| view! { <span class="tabular-nums lg:hidden">{format!(", {words}")}</span> })
                    }}
                </p>
            </div>
            <span class="truncate text-sm text-muted tabular-nums max-lg:hidden">{summary}</span>
            <span class="flex shrink-0 items-center gap-1.5 max-sm:order-last max-sm:ml-auto">
                {move || {
                    platforms
                        .get()
                        .into_iter()
                        .map(|platform| {
                            view! {
                                <PlatformMark mark=mark(platform) size=MarkSize::Bare/>
                                <span class="sr-only">{platform.label()}</span>
                            }
                        })
                        .collect_view()
                }}
            </span>
            <span class="shrink-0 max-sm:pl-16 sm:w-40 lg:w-auto">
                {move || view! { <StatusBadge status=status.get() plain=true/> }}
            </span>
            <span class="truncate text-right text-sm text-muted tabular-nums max-lg:hidden">
                {move || view! { <RelativeTime at=when.get()/> }}
            </span>
        </li>
    }
    .into_any()
}

fn thumbnail((src, count): (Option<String>, u32)) -> AnyView {
    match src {
        Some(src) => view! {
            <span class="relative size-12 shrink-0 overflow-hidden rounded-md bg-neutral-bg">
                <img src=src alt="" class="size-full object-cover" width="48" height="48" loading="lazy"/>
                {(count > 1)
                    .then(|| {
                        view! {
                            <span class="absolute right-0.5 bottom-0.5 rounded-sm bg-surface px-1 text-xs font-medium tabular-nums">
                                {count}
                                <span class="sr-only">" pictures"</span>
                            </span>
                        }
                    })}
            </span>
        }
        .into_any(),
        None => view! {
            <span class="grid size-12 shrink-0 place-items-center rounded-md border border-border bg-sunken text-muted">
                {icon(Glyph::FileText, "size-4")}
            </span>
        }
        .into_any(),
    }
}

fn none_found() -> AnyView {
    view! {
        <EmptyState
            title="No post fits these filters"
            text="Try other words, or look at all posts."
            level=2
            action=move || view! { <Button href="/posts">"Clear filters"</Button> }
        />
    }
    .into_any()
}

fn none_yet(may_write: bool) -> AnyView {
    if !may_write {
        return view! {
            <EmptyState title="No posts yet" text="Posts that your team writes appear here." level=2/>
        }
        .into_any();
    }
    let steps = vec![
        EmptyStep::new(Glyph::PenLine, "Write once", "One text for all, and an own one where a platform needs it."),
        EmptyStep::new(Glyph::Undo2, "Save", "A few seconds to undo, then it goes out."),
        EmptyStep::new(Glyph::Activity, "Watch", "Each account reports back here, live."),
    ];
    view! {
        <EmptyState
            title="Write your first post"
            text="What you save here goes out to every account that is switched on."
            steps
            level=2
            action=move || {
                view! {
                    <Button
                        size=crate::ui::ButtonSize::Large
                        icon=Glyph::PenLine
                        href="/compose"
                    >
                        "Write a post"
                    </Button>
                }
            }
        />
    }
    .into_any()
}

/// One post.
#[component]
pub fn PostPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse::<PostId>().ok()));
    let query = use_query_map();
    // Which two versions are compared.
    let compared = Memo::new(move |_| {
        let number = |key| query.read().get(key).and_then(|text| text.parse::<u32>().ok());
        number("from").zip(number("to"))
    });
    let post = Resource::new(
        move || (id.get(), compared.get()),
        |(id, compared)| async move {
            match id {
                Some(id) => view_post(id, compared).await,
                None => Err(crate::AppError::new(
                    domain::ErrorCode::NotFound,
                    "This post does not exist, or you have no access to it.",
                )),
            }
        },
    );
    load_page(post, "Post", "this post", move || view! { <SkeletonRows label="Loading the post" count=5/> }, one)
}

/// A post's name: its title, else its first line as far as it goes, in whole words.
fn name_of(post: &Post) -> String {
    let title = post.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    let first_line = post.body.lines().map(str::trim).find(|line| !line.is_empty());
    title
        .or(first_line)
        .or(post.link.as_deref())
        .map_or_else(|| "Post without words".to_owned(), |words| shorten(words, 70))
}

/// At most `max` characters, cut between words where there are any.
fn shorten(words: &str, max: usize) -> String {
    let cut = domain::text::truncate_chars(words, max);
    if cut.len() == words.len() {
        return words.to_owned();
    }
    let whole = cut.rsplit_once(char::is_whitespace).map_or(cut, |(whole, _)| whole);
    format!("{}…", whole.trim_end_matches([' ', ',', ';', ':', '.', '-', '–']))
}

fn one(view: PostView) -> AnyView {
    let PostView { post, deliveries, accounts, clock_note, versions, comparison, now } = view;
    let clock_note = RwSignal::new(clock_note);
    let history = History::new(versions, comparison);
    let id = post.id;
    let title = name_of(&post);
    let may_edit = use_session().may(Role::Editor);
    let undoable = RwSignal::new(starts_undoable(&post, now));
    let post = RwSignal::new(post);
    let deliveries = RwSignal::new(deliveries);
    let live = use_live();
    follow(
        Signal::derive(move || live.posts().get().wrapping_add(live.deliveries().get())),
        Signal::derive(move || {
            post.read().status == PostStatus::Publishing || deliveries.read().iter().any(|one| !one.status.is_final())
        }),
        move || view_post(id, history.compared()),
        move |view: PostView| {
            post.set(view.post);
            deliveries.set(view.deliveries);
            clock_note.set(view.clock_note);
            history.set(view.versions, view.comparison);
        },
    );
    let deleting = RwSignal::new(false);
    let status = Memo::new(move |_| post_status(post.read().status, post.read().visibility));
    let editable = Memo::new(move |_| post.read().status.is_editable());
    let refused = Memo::new(move |_| matches!(post.read().status, PostStatus::Failed | PostStatus::PartlyPublished));
    // What is public somewhere can be said again as a post of its own.
    let gone = Memo::new(move |_| {
        matches!(post.read().status, PostStatus::Publishing | PostStatus::Published | PostStatus::PartlyPublished)
    });
    let busy_publishing = Memo::new(move |_| post.read().status == PostStatus::Publishing);
    let actions = move || {
        (may_edit && !undoable.get()).then(|| {
            view! {
                {editable
                    .get()
                    .then(|| {
                        let words = if refused.get() { "Edit and send again" } else { "Edit" };
                        view! { <Button icon=Glyph::PenLine href=format!("/compose?post={id}")>{words}</Button> }
                    })}
                {gone
                    .get()
                    .then(|| {
                        view! { <Button icon=Glyph::Copy href=format!("/compose?from={id}")>"Use as a new post"</Button> }
                    })}
                <Button
                    variant=ButtonVariant::DangerQuiet
                    disabled=busy_publishing
                    on_click=move |_| deleting.set(true)
                >
                    "Delete"
                </Button>
            }
        })
    };
    let content = Memo::new(move |_| {
        let post = post.read();
        (post.content(), post.media.clone())
    });
    let crumbs = vec![("/posts".to_owned(), "Posts".to_owned()), (String::new(), title.clone())];
    let expected = accounts.len();
    let named = accounts.clone();
    let previewed = Signal::derive(move || {
        let (content, pictures) = content.get();
        Previewed { content, pictures, accounts: accounts.clone() }
    });
    view! {
        <PageTitle text=title.clone()/>
        <div class="z-20 border-b border-border bg-surface sm:sticky sm:top-14">
            <div class="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2 lg:px-6">
                <div class="flex min-w-0 flex-1 basis-64 items-center gap-3">
                    <Breadcrumbs crumbs/>
                    <span class="shrink-0">{move || view! { <StatusBadge status=status.get()/> }}</span>
                </div>
                <div class="flex flex-wrap items-center gap-2 empty:hidden">{actions}</div>
            </div>
        </div>
        <div class="grid grid-cols-1 lg:min-h-[calc(100dvh-6.5rem)] lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)] xl:grid-cols-[37.5rem_minmax(0,1fr)]">
            <div class="grid min-w-0 grid-cols-1 content-start gap-6 px-4 py-6 lg:px-6">
                <h1 class="sr-only">{title.clone()}</h1>
                <Publishing post deliveries expected now undoable clock_note/>
                {content_section(post, content, named)}
                <Versions post history may_edit/>
            </div>
            <Previews previewed/>
        </div>
        <DeleteDialog id name=title open=deleting/>
    }
    .into_any()
}

/// The post itself, as it was saved.
fn content_section(
    post: RwSignal<Post>,
    content: Memo<(Content, Vec<domain::media::MediaAsset>)>,
    accounts: Vec<Account>,
) -> AnyView {
    let heading = "content-h";
    let meta = move || {
        let post = post.read();
        let visibility = match post.visibility {
            Visibility::Public => "public",
            Visibility::Private => "private",
            Visibility::Scheduled => "scheduled",
        };
        let version = post.version;
        let author = post.author.name.clone();
        let at = post.created_at;
        view! {
            <p class="text-sm text-muted">
                {format!("Version {version}, {visibility}, by {author}, ")}
                <RelativeTime at/>
            </p>
        }
    };
    let body = move || {
        let (content, media) = content.get();
        let own = content
            .overrides
            .iter()
            .map(|(platform, own)| {
                view! {
                    <div class="border-t border-border p-4">
                        <h3 class="mb-2 flex items-center gap-2 text-sm font-medium">
                            <PlatformMark mark=mark(*platform) size=MarkSize::Bare/>
                            {format!("Text for {}", platform.label())}
                        </h3>
                        <div class="max-w-prose">{post_text(&own.body)}</div>
                    </div>
                }
            })
            .collect_view();
        let pictures = media
            .into_iter()
            .map(|asset| {
                let alt = asset.alt_text.clone().unwrap_or_default();
                view! {
                    <li>
                        <img
                            src=crate::shared::media::thumbnail(&asset)
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
        let link = content.link.clone();
        view! {
            <div class="rounded-lg border border-border bg-surface">
                <div class="grid gap-4 p-4">
                    {(!content.body.is_empty()).then(|| view! { <div class="max-w-prose">{post_text(&content.body)}</div> })}
                    {link
                        .map(|link| {
                            view! {
                                <p class="flex min-w-0 items-center gap-2 text-sm">
                                    {icon(Glyph::Link2, "size-4 text-muted")}
                                    <span class="truncate text-accent-strong" title=link.clone()>{link.clone()}</span>
                                </p>
                            }
                        })}
                    <ul class="flex flex-wrap gap-2 empty:hidden" aria-label="Pictures">{pictures}</ul>
                </div>
                {own}
                {chosen(&content, &accounts)}
            </div>
        }
    };
    view! {
        <section aria-labelledby=heading>
            <div class="mb-3 flex flex-wrap items-baseline gap-x-3 gap-y-1">
                <h2 id=heading class="text-base font-semibold">"Post"</h2>
                {meta}
            </div>
            {body}
        </section>
    }
    .into_any()
}

/// Asks before a post leaves Arctiv.
#[component]
fn DeleteDialog(id: PostId, name: String, open: RwSignal<bool>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let refusal = use_refusal();
    let toasts = use_toasts();
    let navigate = use_navigate();
    let confirm = move |()| {
        busy.set(true);
        let navigate = navigate.clone();
        spawn_local(async move {
            let answer = delete_post(id).await;
            let _page_gone = busy.try_set(false);
            let _page_gone = open.try_set(false);
            match answer {
                Ok(()) => {
                    toasts.success("The post was deleted");
                    navigate("/posts", NavigateOptions { replace: true, ..NavigateOptions::default() });
                }
                Err(error) => refusal("The post was not deleted", &error),
            }
        });
    };
    view! {
        <ConfirmDialog
            id="delete-post"
            open
            title=format!("Delete “{name}”?")
            consequence="The post and its versions leave Arctiv. What is public on the platforms stays there."
            confirm="Delete post"
            cancel="Keep post"
            busy
            on_confirm=confirm
        />
    }
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn names_are_cut_between_words() {
        assert_eq!(shorten("The Winter Roast is back", 70), "The Winter Roast is back");
        assert_eq!(shorten("Red plum, cocoa and a long finish", 16), "Red plum, cocoa…");
        assert_eq!(shorten("Red plum, cocoa and a long finish", 11), "Red plum…");
        assert_eq!(shorten("Donaudampfschiffahrt", 5), "Donau…");
    }
}
