//! `/posts`, the list; `/posts/:id`, one post with what became of it.

use super::{
    approvals::{ApprovalLog, Decide},
    components::{
        Filters, History, Previewed, Previews, Publishing, Versions, name_of, post_content, starts_undoable,
        summary_words,
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
        Banner, Breadcrumbs, Button, ButtonVariant, ConfirmDialog, EmptyState, EmptyStep, Glyph, MarkSize, PageTitle,
        Pagination, PlatformMark, RelativeTime, SkeletonRows, StatusBadge, Tone, icon, use_toasts,
    },
};
use domain::{
    Page, PostId,
    accounts::Account,
    deliveries::{Delivery, Outcome},
    posts::{Content, Post, PostStatus, PostSummary, Review, Visibility},
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
    let may_write = use_session().may(Role::Member);
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
    let held_back = use_session().is_held_back();
    if !may_write {
        return view! {
            <EmptyState title="No posts yet" text="Posts that your team writes appear here." level=2/>
        }
        .into_any();
    }
    let steps = vec![
        EmptyStep::new(Glyph::PenLine, "Write once", "One text for all, and an own one where a platform needs it."),
        if held_back {
            EmptyStep::new(Glyph::CheckCheck, "Save", "An editor or admin approves it, then it goes out.")
        } else {
            EmptyStep::new(Glyph::Undo2, "Save", "A few seconds to undo, then it goes out.")
        },
        EmptyStep::new(Glyph::Activity, "Watch", "Each account reports back here, live."),
    ];
    view! {
        <EmptyState
            title="Write your first post"
            text=if held_back {
                "What you save here goes out to every account that is switched on, once it is approved."
            } else {
                "What you save here goes out to every account that is switched on."
            }
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

fn one(view: PostView) -> AnyView {
    let PostView { post, deliveries, accounts, clock_note, approvals, review, versions, comparison, now } = view;
    let (approvals, review) = (RwSignal::new(approvals), RwSignal::new(review));
    let clock_note = RwSignal::new(clock_note);
    let history = History::new(versions, comparison);
    let id = post.id;
    let title = name_of(&post);
    let session = use_session();
    let may_edit = session.may_change(post.author.id);
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
            approvals.set(view.approvals);
            if *review.read_untracked() != view.review {
                review.set(view.review);
            }
            history.set(view.versions, view.comparison);
        },
    );
    let deleting = RwSignal::new(false);
    let status = Memo::new(move |_| post_status(post.read().status, post.read().visibility));
    // What an account may have, or may yet take, is not replaced: the server would refuse it.
    let in_doubt = Memo::new(move |_| {
        let is_open = |one: &Delivery| matches!(one.outcome, Some(Outcome::Unknown | Outcome::WaitingForCreator));
        deliveries.read().iter().any(is_open)
    });
    let editable = Memo::new(move |_| post.read().status.is_editable() && !in_doubt.get());
    let refused = Memo::new(move |_| matches!(post.read().status, PostStatus::Failed | PostStatus::PartlyPublished));
    // What is public somewhere can be said again as a post of its own.
    let gone = Memo::new(move |_| {
        matches!(post.read().status, PostStatus::Publishing | PostStatus::Published | PostStatus::PartlyPublished)
    });
    let busy_publishing = Memo::new(move |_| post.read().status == PostStatus::Publishing);
    // What has gone out is the workspace's memory: members do not clear it.
    let may_delete = Memo::new(move |_| {
        let out =
            matches!(post.read().status, PostStatus::Published | PostStatus::PartlyPublished | PostStatus::Failed);
        session.may(Role::Editor) || !out
    });
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
                {may_delete
                    .get()
                    .then(|| {
                        view! {
                            <Button
                                variant=ButtonVariant::DangerQuiet
                                disabled=busy_publishing
                                on_click=move |_| deleting.set(true)
                            >
                                "Delete"
                            </Button>
                        }
                    })}
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
                <div class="grid grid-cols-1 gap-3">
                    <Publishing post deliveries expected now undoable clock_note/>
                    {decision(post, review, title.clone())}
                </div>
                {content_section(post, content, named)}
                <ApprovalLog approvals/>
                <Versions post history may_edit/>
            </div>
            <Previews previewed/>
        </div>
        <DeleteDialog id name=title open=deleting/>
    }
    .into_any()
}

/// While it waits: what is known of the request, and what can be decided.
fn decision(post: RwSignal<Post>, review: RwSignal<Option<Review>>, name: String) -> AnyView {
    let decided = Callback::new(move |now: Post| {
        review.set(None);
        post.set(now);
    });
    (move || {
        let name = name.clone();
        review.get().map(|review| {
            let overdue = review.overdue.then(|| {
                view! {
                    <Banner
                        tone=Tone::Warning
                        title="Its time has passed."
                        text="Approving it sends it out at once."
                    />
                }
            });
            view! {
                {overdue}
                <Decide review name on_decided=decided/>
            }
        })
    })
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
        post_content(&content, media, &accounts)
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
