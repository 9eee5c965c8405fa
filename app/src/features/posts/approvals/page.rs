//! `/approvals`: what waits for somebody's word, due first.

use super::{
    card::{card, card_id},
    decide::focus,
};
use crate::{
    features::posts::server_fns::{WaitingPost, list_waiting},
    layouts::{PageFrame, load},
    live::use_live,
    session::use_session,
    shared::{follow::follow, query::offset, words::counted},
    ui::{Button, EmptyState, EmptyStep, Glyph, Pagination, SkeletonCards},
};
use domain::{
    Page,
    posts::{ApprovalPolicy, Post},
    workspaces::Role,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// Posts on a page: few, since each is read.
pub const PAGE: u32 = 10;

/// The id of the line that says how many wait.
const COUNT: &str = "approvals-count";

/// The queue.
#[component]
pub fn ApprovalsPage() -> impl IntoView {
    let params = use_query_map();
    let from = Memo::new(move |_| params.with(|params| offset(params.get("offset").as_deref())));
    let waiting = Resource::new(move || from.get(), list_waiting);
    view! {
        <PageFrame title="Approvals" narrow=true>
            {load(
                waiting,
                "what waits for approval",
                move || view! { <SkeletonCards label="Loading what waits for approval" count=2/> },
                queue,
            )}
        </PageFrame>
    }
    .into_any()
}

fn queue(page: Page<WaitingPost>) -> AnyView {
    let from = page.offset;
    let posts = RwSignal::new(page.items);
    let total = RwSignal::new(page.total);
    follow(
        use_live().posts(),
        Signal::stored(false),
        move || list_waiting(from),
        move |page: Page<WaitingPost>| {
            total.set(page.total);
            // What has not changed is not built anew: somebody may be writing a note.
            if *posts.read_untracked() != page.items {
                posts.set(page.items);
            }
        },
    );
    let decided = Callback::new(move |post: Post| {
        let place = posts.with_untracked(|posts| posts.iter().position(|one| one.review.post.id == post.id));
        posts.update(|posts| posts.retain(|one| one.review.post.id != post.id));
        total.update(|total| *total = (*total - 1).max(0));
        // The keyboard goes on with the next one, or with what is said where none is left.
        let next = posts.with_untracked(|posts| {
            let next = place.and_then(|place| posts.get(place).or_else(|| posts.last()));
            next.map(|next| card_id(&next.review.post))
        });
        focus(next.as_deref().unwrap_or(COUNT));
    });
    let is_empty = Memo::new(move |_| posts.read().is_empty());
    let words = move || match u64::try_from(total.get()).unwrap_or_default() {
        0 => "Nothing waits.".to_owned(),
        n => format!("{}, those that are due first on top.", counted(n, "post waits", "posts wait")),
    };
    let list = move || {
        if is_empty.get() {
            return none();
        }
        view! {
            <ul aria-label="Posts that wait for approval" class="grid grid-cols-1 gap-4">
                <For
                    each=move || posts.get()
                    key=|one| (one.review.post.id, one.review.post.version, one.review.may_decide)
                    let:one
                >
                    {card(one, decided)}
                </For>
            </ul>
            <div class="mt-4">
                <Pagination
                    total=Signal::derive(move || u64::try_from(total.get()).unwrap_or(0))
                    limit=u64::from(PAGE)
                    offset=u64::from(from)
                    noun="posts"
                    base="/approvals".to_owned()
                />
            </div>
        }
        .into_any()
    };
    view! {
        <p id=COUNT tabindex="-1" role="status" class="-mt-4 mb-4 text-sm text-muted outline-none">{words}</p>
        {list}
    }
    .into_any()
}

fn none() -> AnyView {
    let session = use_session();
    let everybody = session.approval_policy() == ApprovalPolicy::Everybody;
    let who = if everybody { "Everybody" } else { "A member" };
    let steps = vec![
        EmptyStep::new(
            Glyph::PenLine,
            format!("{who} writes"),
            "Saving a post asks for approval. Nothing goes out by that.",
        ),
        EmptyStep::new(
            Glyph::CheckCheck,
            if everybody { "Somebody else decides" } else { "An editor decides" },
            "With what changed since it was last approved. A rejection says what to change.",
        ),
        EmptyStep::new(Glyph::Send, "It goes out", "Exactly the version that was approved, now or at its time."),
    ];
    let writes = session.may(Role::Member);
    view! {
        <EmptyState
            title="Nothing waits for approval"
            text="Posts that need somebody’s word before they go out wait here."
            steps
            level=2
            action=move || writes.then(|| view! { <Button icon=Glyph::PenLine href="/compose">"Write a post"</Button> })
        />
    }
    .into_any()
}
