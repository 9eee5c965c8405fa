//! What waits for approval, for whoever may approve. Deciding takes reading, which is done in the queue.

use super::board::Board;
use crate::{
    shared::{follow::one_of, words::mark},
    ui::{
        Avatar, AvatarSize, Button, ButtonSize, ButtonVariant, Glyph, MarkSize, PlatformMark, RelativeTime, Section,
        Tone, icon,
    },
};
use domain::posts::{PostSummary, Visibility};
use leptos::prelude::*;

/// The newest requests; nothing while there are none.
#[component]
pub fn WaitingPosts(board: Board) -> impl IntoView {
    let any = Memo::new(move |_| board.waiting_total.get() > 0);
    let count = Signal::derive(move || Some(board.waiting_total.get()));
    move || {
        any.get().then(|| {
            view! {
                <Section
                    id="waiting"
                    title="Waiting for approval"
                    count
                    count_tone=Tone::Warning
                    class="mb-8"
                    actions=move || {
                        view! {
                            <Button variant=ButtonVariant::Link size=ButtonSize::Small href="/approvals">
                                "All that wait"
                            </Button>
                        }
                    }
                >
                    <ul class="grid grid-cols-1 gap-3 md:grid-cols-2">
                        <For each=move || board.waiting.get() key=|post| (post.id, post.version) let:post>
                            {card(one_of(board.waiting, post, |one| one.id))}
                        </For>
                    </ul>
                </Section>
            }
        })
    }
}

fn card(post: Memo<PostSummary>) -> AnyView {
    let first = post.get_untracked();
    let author = first.author.name.clone();
    let head = first.title.clone().filter(|title| !title.trim().is_empty()).unwrap_or_else(|| first.excerpt.clone());
    let head = if head.is_empty() { "Post without words".to_owned() } else { head };
    let when = match (first.visibility, first.scheduled_local) {
        (Visibility::Scheduled, Some(local)) => local.format("%a %-d %b, %H:%M").to_string(),
        _ => "As soon as approved".to_owned(),
    };
    let marks = first
        .platforms
        .iter()
        .map(|platform| {
            view! {
                <PlatformMark mark=mark(*platform) size=MarkSize::Bare/>
                <span class="sr-only">{platform.label()}</span>
            }
        })
        .collect_view();
    view! {
        <li class="relative flex min-w-0 flex-col gap-3 rounded-lg border border-border p-4 hover:bg-hover">
            <div class="flex items-center gap-2.5">
                <Avatar name=author.clone() size=AvatarSize::Small decorative=true/>
                <p class="min-w-0 flex-1 truncate text-sm">
                    <span class="font-medium">{author}</span>
                    <span class="text-muted">", " <RelativeTime at=first.created_at/></span>
                </p>
                <span class="flex shrink-0 gap-1.5">{marks}</span>
            </div>
            <h3 class="line-clamp-2 font-medium wrap-anywhere">
                <a href=format!("/posts/{}", first.id) class="cover">{head}</a>
            </h3>
            <p class="mt-auto flex items-center gap-1.5 text-sm text-muted">
                {icon(Glyph::Calendar, "size-4")}
                {when}
            </p>
        </li>
    }
    .into_any()
}
