//! What went out last: deliveries, and for a manager the posts behind them.

use domain::{deliveries::Delivery, posts::PostSummary};
use leptos::prelude::*;

use super::board::Board;
use crate::{
    shared::{
        follow::one_of,
        words::{delivery_status, mark, post_status},
    },
    ui::{
        Button, ButtonSize, ButtonVariant, EmptyState, MarkSize, PlatformMark, RelativeTime, Section, StatusBadge,
        TimeStyle, status_glyph,
    },
};

/// The latest deliveries, a line each, changing as they go.
#[component]
pub fn LatestDeliveries(board: Board) -> impl IntoView {
    let none = Memo::new(move |_| board.deliveries.read().is_empty());
    view! {
        <Section
            id="latest"
            title="Latest deliveries"
            actions=move || {
                view! {
                    <Button variant=ButtonVariant::Link size=ButtonSize::Small href="/activity">"Activity"</Button>
                }
            }
        >
            {move || {
                if none.get() {
                    return view! {
                        <p class="text-muted">"Nothing has gone out yet. Each post shows here, account by account, as it goes."</p>
                    }
                        .into_any();
                }
                view! {
                    <ul class="-mt-2">
                        <For each=move || board.deliveries.get() key=|delivery| delivery.id let:delivery>
                            {line(one_of(board.deliveries, delivery, |one| one.id))}
                        </For>
                    </ul>
                }
                    .into_any()
            }}
        </Section>
    }
    .into_any()
}

fn line(delivery: Memo<Delivery>) -> AnyView {
    let first = delivery.get_untracked();
    let platform = first.platform;
    let account = first.account_name.clone();
    let status = Memo::new(move |_| delivery_status(delivery.read().status));
    let when = Memo::new(move |_| {
        let delivery = delivery.read();
        delivery.next_attempt_at.or(delivery.published_at).unwrap_or(delivery.updated_at)
    });
    view! {
        <li
            data-delivery=first.id.to_string()
            data-status=move || delivery.read().status.as_str()
            class="delivery-row"
        >
            {move || status_glyph(status.get(), "size-3.5 shrink-0")}
            <span class="sr-only">{move || format!("{}: ", status.get().word())}</span>
            <a
                href=format!("/posts/{}", first.content_id)
                title=first.content_excerpt.clone()
                class="cover min-w-0 flex-1 truncate"
            >
                {first.content_excerpt.clone()}
            </a>
            <span class="contents" title=account.clone()>
                <PlatformMark mark=mark(platform) size=MarkSize::Bare/>
                <span class="sr-only">{format!("{account} on {}", platform.label())}</span>
            </span>
            <span class="w-14 shrink-0 text-right text-xs text-muted tabular-nums">
                {move || view! { <RelativeTime at=when.get() style=TimeStyle::Short/> }}
            </span>
        </li>
    }
    .into_any()
}

/// A manager's latest posts with where they stand.
#[component]
pub fn LatestPosts(board: Board) -> impl IntoView {
    let none = Memo::new(move |_| board.posts.read().is_empty());
    view! {
        <Section
            id="posts"
            title="Latest posts"
            actions=move || {
                view! { <Button variant=ButtonVariant::Link size=ButtonSize::Small href="/posts">"All posts"</Button> }
            }
        >
            {move || {
                if none.get() {
                    return view! {
                        <EmptyState
                            title="No posts yet"
                            text="Write one text, see it as each network will show it, and save: saving publishes."
                            action=move || view! { <Button href="/compose">"Write the first one"</Button> }
                        />
                    }
                        .into_any();
                }
                view! {
                    <ul class="divide-y divide-border rounded-lg border border-border">
                        <For each=move || board.posts.get() key=|post| post.id let:post>
                            {post_row(one_of(board.posts, post, |one| one.id))}
                        </For>
                    </ul>
                }
                    .into_any()
            }}
        </Section>
    }
    .into_any()
}

fn post_row(post: Memo<PostSummary>) -> AnyView {
    let id = post.read_untracked().id;
    view! {
        <li class="relative flex flex-wrap items-center gap-x-4 gap-y-1.5 px-3 py-3 hover:bg-hover sm:px-4">
            <div class="min-w-0 flex-1 basis-60">
                <h3 class="truncate font-medium">
                    <a
                        href=format!("/posts/{id}")
                        class="cover"
                    >
                        {move || {
                            let post = post.read();
                            post.title.clone().unwrap_or_else(|| post.excerpt.clone())
                        }}
                    </a>
                </h3>
                <p class="text-sm text-muted">
                    {move || post.read().author.name.clone()}
                    ", "
                    {move || view! { <RelativeTime at=post.read().created_at/> }}
                </p>
            </div>
            <span class="flex items-center gap-1.5">
                {move || {
                    post.read()
                        .platforms
                        .iter()
                        .map(|platform| {
                            view! {
                                <PlatformMark mark=mark(*platform) size=MarkSize::Bare/>
                                <span class="sr-only">{platform.label()}</span>
                            }
                        })
                        .collect_view()
                }}
            </span>
            {move || {
                let post = post.read();
                view! { <StatusBadge status=post_status(post.status, post.visibility)/> }
            }}
        </li>
    }
    .into_any()
}
