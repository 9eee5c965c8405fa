//! One post of the queue: who asks, for when and for whom, what is new in it, and the whole of it.

use super::decide::Decide;
use crate::{
    features::posts::{
        components::{differences, name_of, post_content, time_words},
        server_fns::WaitingPost,
    },
    shared::words::{counted, mark},
    ui::{
        Avatar, Button, ButtonSize, ButtonVariant, Card, Disclosure, Glyph, MarkSize, PlatformMark, RelativeTime, icon,
    },
};
use domain::{accounts::Account, posts::Post};
use leptos::prelude::*;

/// Names of accounts in a line; of more, how many.
const NAMED: usize = 3;

/// The card. It belongs to one version: a newer one is another card.
pub fn card(waiting: WaitingPost, on_decided: Callback<Post>) -> AnyView {
    let WaitingPost { review, comparison, accounts } = waiting;
    let post = &review.post;
    let (id, version) = (post.id, post.version);
    let name = name_of(post);
    let heading = card_id(post);
    let labelled_by = heading.clone();
    let whole = post_content(&post.content(), post.media.clone(), &accounts);
    let body = match (comparison, review.approved_version) {
        (Some(found), Some(approved)) => {
            let open = RwSignal::new(false);
            let same = found.is_same();
            view! {
                <div class="rounded-lg border border-border bg-surface">
                    <h3 class="border-b border-border px-3.5 py-2 text-sm font-semibold">
                        {if same {
                            format!("The same as version {approved}, which was approved")
                        } else {
                            format!("What changed since version {approved}, which was approved")
                        }}
                    </h3>
                    {differences(found)}
                </div>
                <div class="rounded-lg border border-border">
                    <Disclosure
                        id=format!("whole-{id}")
                        label=format!("The whole of version {version}")
                        summary=Signal::stored(String::new())
                        open
                    >
                        {whole}
                    </Disclosure>
                </div>
            }
            .into_any()
        }
        _ => whole,
    };
    let asked_by = review.asked_by.name.clone();
    let (asked_at, author) = (review.asked_at, post.author.clone());
    let facts = view! {
        {when(post, review.overdue)}
        {whom(&accounts, post.account_ids.is_some())}
    }
    .into_any();
    let by_another = (author.id != review.asked_by.id).then(|| format!(", begun by {}", author.name));
    view! {
        <li data-post=id.to_string() data-version=version>
            <article aria-labelledby=labelled_by>
                <Card class="grid grid-cols-1 gap-4 p-4 sm:p-5">
                    <div class="flex flex-wrap items-center gap-x-3 gap-y-2">
                        <Avatar name=asked_by.clone() decorative=true/>
                        <div class="min-w-0 flex-1 basis-48">
                            <h2 id=heading tabindex="-1" class="truncate font-semibold outline-none" title=name.clone()>
                                <a href=format!("/posts/{id}") class="hover:underline">{name.clone()}</a>
                            </h2>
                            <p class="text-sm text-muted">
                                {format!("{asked_by} asks for version {version}, ")}
                                <RelativeTime at=asked_at/>
                                {by_another}
                            </p>
                        </div>
                        <Button
                            size=ButtonSize::Small
                            variant=ButtonVariant::Ghost
                            href=format!("/posts/{id}")
                            label=format!("Previews and versions of {name}")
                            class="max-sm:hidden"
                        >
                            "Previews"
                        </Button>
                    </div>
                    <ul class="grid gap-1.5 text-sm">
                        {facts}
                    </ul>
                    {body}
                    <Decide review name on_decided/>
                </Card>
            </article>
        </li>
    }
    .into_any()
}

/// The id of a card's heading, which takes the focus when the one above it has gone.
pub fn card_id(post: &Post) -> String {
    format!("waiting-{}", post.id)
}

/// When it goes out once it is approved.
fn when(post: &Post, overdue: bool) -> AnyView {
    let words = time_words(post);
    if overdue {
        return view! {
            <li class="flex items-start gap-2 text-warning">
                {icon(Glyph::TriangleAlert, "mt-0.5 size-4")}
                <span>{format!("It was meant for {words}. That has passed: approving it sends it out at once.")}</span>
            </li>
        }
        .into_any();
    }
    let words = if words.is_empty() { "As soon as it is approved".to_owned() } else { format!("Goes out {words}") };
    view! { <li class="flex items-start gap-2">{icon(Glyph::Calendar, "mt-0.5 size-4 text-muted")} <span>{words}</span></li> }
        .into_any()
}

/// Who gets it.
fn whom(accounts: &[Account], chosen: bool) -> AnyView {
    let names: Vec<&str> = accounts.iter().take(NAMED).map(|account| account.display_name.as_str()).collect();
    let rest = accounts.len().saturating_sub(NAMED);
    let words = match (accounts.is_empty(), rest) {
        (true, _) => "No account can take it now".to_owned(),
        (false, 0) => names.join(", "),
        (false, rest) => format!("{} and {}", names.join(", "), counted(rest as u64, "more", "more")),
    };
    let words = if chosen || accounts.is_empty() { words } else { format!("All that are switched on: {words}") };
    let mut platforms: Vec<_> = accounts.iter().map(|account| account.platform).collect();
    platforms.dedup();
    let marks = platforms
        .into_iter()
        .map(|platform| {
            view! {
                <PlatformMark mark=mark(platform) size=MarkSize::Bare/>
                <span class="sr-only">{platform.label()} " "</span>
            }
        })
        .collect_view();
    view! {
        <li class="flex items-start gap-2">
            {icon(Glyph::Send, "mt-0.5 size-4 text-muted")}
            <span class="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1 wrap-anywhere">
                <span class="sr-only">"For "</span>
                {marks}
                {words}
            </span>
        </li>
    }
    .into_any()
}
