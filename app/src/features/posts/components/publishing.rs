//! A saved post on its way: the undo window, then a row per account until all are done. It goes on without the page;
//! the page only watches.

use crate::{
    features::{
        deliveries::actions::use_acting,
        posts::{
            components::time_words,
            compose::model::{countdown_words, seconds_left},
            server_fns::undo_post,
        },
    },
    layouts::use_refusal,
    session::use_session,
    shared::{
        delivery::DeliveryRow,
        follow::one_of,
        words::{counted, mark},
    },
    ui::{
        Banner, Button, ButtonSize, ButtonVariant, CopyButton, Glyph, MarkSize, PlatformMark, RelativeTime, Ring, Tone,
        cx,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    deliveries::{Delivery, DeliveryCounts, DeliveryStatus, Outcome},
    posts::{Approval, Post, PostStatus, Visibility},
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use std::time::Duration;

/// What the page shows above the post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Saved, still in our hands, for these seconds.
    Undo(u64),
    /// Waits for its time.
    Scheduled,
    /// Some deliveries are open.
    UnderWay,
    /// All deliveries are final.
    Done,
    /// Nothing goes out: private, or taken back.
    Kept,
}

fn phase(post: &Post, counts: &DeliveryCounts, left: u64) -> Phase {
    let open = counts.on_their_way();
    match post.status {
        PostStatus::Scheduled if post.visibility == Visibility::Scheduled => Phase::Scheduled,
        PostStatus::Scheduled | PostStatus::Publishing if left > 0 && counts.publishing + counts.success == 0 => {
            Phase::Undo(left)
        }
        // What lies with its creator may stay there for days: nothing more happens by itself.
        PostStatus::Publishing if open == 0 && counts.waiting_for_creator > 0 => Phase::Done,
        PostStatus::Scheduled | PostStatus::Publishing => Phase::UnderWay,
        PostStatus::Published | PostStatus::PartlyPublished | PostStatus::Failed if open > 0 => Phase::UnderWay,
        PostStatus::Published | PostStatus::PartlyPublished | PostStatus::Failed => Phase::Done,
        PostStatus::Draft | PostStatus::PendingApproval | PostStatus::Approved | PostStatus::Rejected => Phase::Kept,
    }
}

fn count(deliveries: &[Delivery]) -> DeliveryCounts {
    let mut counts = DeliveryCounts::default();
    for delivery in deliveries {
        counts.add(delivery.status, 1);
        counts.note(delivery.outcome, 1);
    }
    counts
}

/// "2 of 5 published".
fn progress_words(counts: &DeliveryCounts) -> String {
    format!("{} of {} published{}", counts.success, counts.total, with_creators(counts))
}

/// ", 1 waits for its creator"; nothing where none does.
fn with_creators(counts: &DeliveryCounts) -> String {
    match counts.waiting_for_creator {
        0 => String::new(),
        1 => ", 1 waits for its creator".to_owned(),
        n => format!(", {n} wait for their creators"),
    }
}

/// What a bar of the progress means, for those who do not see it.
fn spoken(counts: &DeliveryCounts) -> String {
    let part = |n: u32, word: &str| (n > 0).then(|| format!("{n} {word}"));
    [
        part(counts.success, "published"),
        part(under_way_of(counts), "publishing"),
        part(counts.processing, "being processed"),
        part(counts.waiting_for_creator, "waiting for creators"),
        part(retrying_of(counts), "retrying"),
        part(counts.pending, "pending"),
        part(counts.failed, "failed"),
        part(counts.canceled, "canceled"),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(", ")
}

/// Those that are sent at this moment, without those about which a platform is only asked.
const fn under_way_of(counts: &DeliveryCounts) -> u32 {
    let watched = counts.processing + counts.waiting_for_creator;
    counts.publishing.saturating_sub(watched.saturating_sub(counts.retried))
}

/// Those that wait for another attempt, without those about which a platform is asked.
const fn retrying_of(counts: &DeliveryCounts) -> u32 {
    counts.retried.saturating_sub(counts.processing + counts.waiting_for_creator)
}

/// What stands above the post's content, and the rows of its deliveries.
#[component]
pub fn Publishing(
    post: RwSignal<Post>,
    deliveries: RwSignal<Vec<Delivery>>,
    /// How many accounts it goes to, as far as that is known before the deliveries are there.
    expected: usize,
    /// The server's time when the page was made.
    now: DateTime<Utc>,
    /// Set while the undo window is open: nothing else can be done then.
    undoable: RwSignal<bool>,
    /// What clocks do on the day it is scheduled for.
    #[prop(into)]
    clock_note: Signal<Option<String>>,
) -> impl IntoView {
    let left = use_countdown(post, now);
    let counts = Memo::new(move |_| count(&current(&deliveries.read())));
    let phase = Memo::new(move |_| phase(&post.read(), &counts.read(), left.get()));
    Effect::new(move |_| undoable.set(matches!(phase.get(), Phase::Undo(_))));
    // Chosen accounts until the deliveries exist, which is a moment after saving.
    let accounts = Memo::new(move |_| match counts.read().total {
        0 => post.read().account_ids.as_ref().map_or(expected, Vec::len) as u64,
        n => u64::from(n),
    });
    let acting = use_acting(deliveries);
    let is_undo = Memo::new(move |_| matches!(phase.get(), Phase::Undo(_)));
    // What is kept says by whom it is held back, and why.
    let kind = Memo::new(move |_| {
        let phase = phase.get();
        let kept = (phase == Phase::Kept).then(|| {
            let post = post.read();
            (post.status, post.visibility, post.version, post.approval.clone())
        });
        (std::mem::discriminant(&phase), kept)
    });
    let head = move || {
        // Read, not only tracked: a memo that nobody reads is never worked out.
        kind.get();
        match phase.get_untracked() {
            Phase::Undo(_) => undo_window(post, left, accounts),
            Phase::Scheduled => scheduled(post, accounts, clock_note),
            Phase::UnderWay => under_way(counts),
            Phase::Done => done(counts, deliveries),
            Phase::Kept => kept(post),
        }
    };
    // Said once per change that matters, not once a second.
    let said = Memo::new(move |_| match phase.get() {
        Phase::Undo(_) => format!(
            "Saved. Publishing to {} in a few seconds. Undo is available.",
            counted(accounts.get(), "account", "accounts")
        ),
        Phase::UnderWay if counts.read().total > 0 => progress_words(&counts.read()),
        Phase::UnderWay => "Publishing".to_owned(),
        Phase::Done => format!("Done. {}", spoken(&counts.read())),
        Phase::Scheduled | Phase::Kept => String::new(),
    });
    let whole = RwSignal::new(false);
    let rows = Memo::new(move |_| by_account(&deliveries.read(), whole.get()));
    let has_rows = Memo::new(move |_| !deliveries.read().is_empty());
    let hidden = Memo::new(move |_| (counts.read().total as usize).saturating_sub(rows.read().len()));
    view! {
        <section aria-label="Publishing" class="empty:hidden">
            <p class="sr-only" role="status" aria-live="polite">{said}</p>
            {head}
            {move || {
                has_rows
                    .get()
                    .then(|| {
                        view! {
                            <ul
                                aria-label="Deliveries"
                                class="mt-4 divide-y divide-border rounded-lg border border-border bg-surface"
                            >
                                <For each=move || rows.get() key=|delivery| delivery.id let:delivery>
                                    {
                                        let delivery = one_of(deliveries, delivery, |one| one.id);
                                        move || if is_undo.get() {
                                            // The window's own button undoes all of them; one by one would confuse.
                                            view! { <DeliveryRow delivery/> }.into_any()
                                        } else {
                                            view! { <DeliveryRow delivery acting/> }.into_any()
                                        }
                                    }
                                </For>
                            </ul>
                        }
                    })
            }}
            {move || {
                let hidden = hidden.get();
                (hidden > 0)
                    .then(|| {
                        view! {
                            <p class="mt-3">
                                <Button variant=ButtonVariant::Link on_click=move |_| whole.set(true)>
                                    {format!("Show {hidden} more")}
                                </Button>
                            </p>
                        }
                    })
            }}
            {skipped(post)}
        </section>
    }
    .into_any()
}

/// Accounts that the post passed by when it went out, and why.
fn skipped(post: RwSignal<Post>) -> AnyView {
    let list = Memo::new(move |_| post.read().skipped.clone());
    let rows = move || {
        list.get()
            .into_iter()
            .map(|one| {
                view! {
                    <li class="flex items-start gap-3 px-3.5 py-2.5">
                        <PlatformMark mark=mark(one.platform) size=MarkSize::Small/>
                        <div class="min-w-0 flex-1">
                            <p class="truncate">
                                <a href=format!("/accounts/{}", one.social_account_id) class="font-medium hover:underline">
                                    {one.account_name.clone()}
                                </a>
                                <span class="sr-only">", " {one.platform.label()}</span>
                            </p>
                            <p class="text-sm text-muted wrap-anywhere">{one.reason}</p>
                        </div>
                    </li>
                }
            })
            .collect_view()
    };
    (move || {
        (!list.read().is_empty()).then(|| {
            view! {
                <h2 id="skipped-h" class="mt-6 mb-3 text-base font-semibold">"Left out"</h2>
                <ul aria-labelledby="skipped-h" class="divide-y divide-border rounded-lg border border-dashed border-border-strong">
                    {rows}
                </ul>
            }
        })
    })
    .into_any()
}

/// The newest delivery per account: one that was taken back with an earlier version is no part of this one.
fn current(deliveries: &[Delivery]) -> Vec<Delivery> {
    let mut seen = std::collections::HashSet::new();
    deliveries.iter().filter(|delivery| seen.insert(delivery.social_account_id)).cloned().collect()
}

/// Rows that are shown at first; of more, those that need somebody.
const ROWS: usize = 30;

/// By platform and name, so that rows keep their place while their states change. Where there are more than [`ROWS`] and
/// not the `whole` of them is asked for, those that failed or wait come first.
fn by_account(deliveries: &[Delivery], whole: bool) -> Vec<Delivery> {
    let mut sorted = current(deliveries);
    sorted.sort_by(|a, b| (a.platform, &a.account_name).cmp(&(b.platform, &b.account_name)));
    if !whole && sorted.len() > ROWS {
        sorted.sort_by_key(|delivery| match delivery.status {
            DeliveryStatus::Failed => 0,
            DeliveryStatus::Retried => 1,
            DeliveryStatus::Publishing => 2,
            DeliveryStatus::Pending => 3,
            DeliveryStatus::Success => 4,
            DeliveryStatus::Canceled => 5,
        });
        sorted.truncate(ROWS);
    }
    sorted
}

/// Seconds until the post leaves, counted by the server's clock.
fn use_countdown(post: RwSignal<Post>, now: DateTime<Utc>) -> Memo<u64> {
    let clock = RwSignal::new(now);
    Effect::new(move |_| {
        let ahead = now - browser_now();
        if let Ok(timer) = set_interval_with_handle(
            move || {
                let _page_gone = clock.try_set(browser_now() + ahead);
            },
            Duration::from_millis(250),
        ) {
            on_cleanup(move || timer.clear());
        }
    });
    Memo::new(move |_| {
        let at = post.read().publishes_at;
        at.map_or(0, |at| seconds_left(at, clock.get()))
    })
}

fn browser_now() -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit an i64 for 292 million years")]
    DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
}

/// Takes the post back, and leads to it in the composer.
fn use_undo(post: RwSignal<Post>) -> (RwSignal<bool>, Callback<()>) {
    let busy = RwSignal::new(false);
    let refusal = use_refusal();
    let navigate = use_navigate();
    let undo = Callback::new(move |()| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let navigate = navigate.clone();
        let id = post.with_untracked(|post| post.id);
        spawn_local(async move {
            let answer = undo_post(id).await;
            let _page_gone = busy.try_set(false);
            match answer {
                Ok(_) => navigate(&format!("/compose?post={id}"), NavigateOptions::default()),
                Err(error) => refusal("The post was not taken back", &error),
            }
        });
    });
    (busy, undo)
}

/// The window in which nothing has left yet.
fn undo_window(post: RwSignal<Post>, left: Memo<u64>, accounts: Memo<u64>) -> AnyView {
    let (busy, undo) = use_undo(post);
    // The whole of the window, for the ring: what was left when the page came is enough.
    let whole = left.get_untracked().max(1);
    #[expect(clippy::cast_precision_loss, reason = "an undo window has sixty seconds at most")]
    let share = Signal::derive(move || left.get() as f64 / whole as f64);
    let may_undo = use_session().may_change(post.read_untracked().author.id);
    view! {
        <div data-ui="undo-window" class="rounded-lg border border-accent-border bg-accent-bg p-4">
            <div class="flex flex-wrap items-center gap-x-4 gap-y-3">
                <Ring share figure=Signal::derive(move || Some(left.get().to_string()))/>
                <div class="min-w-0 flex-1 basis-48">
                    <h2 class="text-md font-semibold">{move || countdown_words(accounts.get(), left.get())}</h2>
                    <p class="text-sm text-muted">"Nothing has left Arctiv yet. Undo keeps the text as a draft."</p>
                </div>
                {may_undo
                    .then(|| {
                        view! {
                            <Button
                                size=ButtonSize::Large
                                icon=Glyph::Undo2
                                loading=busy
                                class="max-sm:w-full"
                                on_click=move |_| undo.run(())
                            >
                                "Undo"
                            </Button>
                        }
                    })}
            </div>
        </div>
    }
    .into_any()
}

fn scheduled(post: RwSignal<Post>, accounts: Memo<u64>, clock_note: Signal<Option<String>>) -> AnyView {
    let (busy, undo) = use_undo(post);
    let may_undo = use_session().may_change(post.read_untracked().author.id);
    let words = move || time_words(&post.read());
    let at = move || post.read().publishes_at.or(post.read().scheduled_at);
    view! {
        <div class="rounded-lg border border-border bg-surface p-4">
            <div class="flex flex-wrap items-center gap-x-4 gap-y-3">
                <div class="min-w-0 flex-1 basis-48">
                    <h2 class="text-md font-semibold">"Goes out " {words}</h2>
                    <p class="text-sm text-muted">
                        {move || at().map(|at| view! { <RelativeTime at/> ", " })}
                        {move || match accounts.get() {
                            0 => "to every account that is switched on then".to_owned(),
                            n => format!("to {}", counted(n, "account", "accounts")),
                        }}
                    </p>
                    {move || clock_note.get().map(|note| view! { <p class="mt-1 text-sm text-warning">{note}</p> })}
                </div>
                {may_undo
                    .then(|| {
                        view! {
                            <Button icon=Glyph::Undo2 loading=busy on_click=move |_| undo.run(())>
                                "Take back"
                            </Button>
                        }
                    })}
            </div>
        </div>
    }
    .into_any()
}

/// More than these, and bars of single accounts would be too thin to see.
const BARS: u32 = 40;

/// One bar per account, in the colour of its state; of very many one per state, as long as its share.
fn bars(counts: Memo<DeliveryCounts>) -> AnyView {
    let segments = move || {
        let counts = counts.read();
        [
            (counts.success, "bg-success-solid"),
            (under_way_of(&counts) + counts.processing, "bg-accent"),
            (retrying_of(&counts) + counts.waiting_for_creator, "bg-warning-solid"),
            (counts.failed, "bg-danger-solid"),
            (counts.pending, "bg-neutral-bg"),
            (counts.canceled, "bg-border-strong"),
        ]
        .into_iter()
        .flat_map(|(n, colour)| if counts.total > BARS { vec![(n, colour)] } else { vec![(1, colour); n as usize] })
        .filter(|(share, _)| *share > 0)
        .map(|(share, colour)| {
            view! { <span class=cx(&["h-1.5 min-w-1 basis-0 rounded-full", colour]) style:flex-grow=share.to_string()></span> }
        })
        .collect_view()
    };
    view! {
        <div class="mt-3 flex gap-1" role="img" aria-label=move || spoken(&counts.read())>{segments}</div>
    }
    .into_any()
}

fn under_way(counts: Memo<DeliveryCounts>) -> AnyView {
    view! {
        <div class="rounded-lg border border-border bg-surface p-4">
            <h2 class="text-md font-semibold">
                {move || {
                    let counts = counts.read();
                    if counts.total == 0 { "Publishing…".to_owned() } else { progress_words(&counts) }
                }}
            </h2>
            {bars(counts)}
            <p class="mt-3 text-sm text-muted">
                "You can leave this page. It goes on without you, and the Activity page shows whatever fails."
            </p>
        </div>
    }
    .into_any()
}

fn done(counts: Memo<DeliveryCounts>, deliveries: RwSignal<Vec<Delivery>>) -> AnyView {
    let links = Memo::new(move |_| {
        let deliveries = deliveries.read();
        let links: Vec<_> = deliveries
            .iter()
            .filter(|delivery| delivery.status == DeliveryStatus::Success)
            .filter_map(|delivery| delivery.external_url.clone())
            .collect();
        links.join("\n")
    });
    let in_doubt = Memo::new(move |_| deliveries.read().iter().any(|one| one.outcome == Some(Outcome::Unknown)));
    let words = move || {
        let counts = counts.read();
        let waiting = with_creators(&counts);
        match (counts.success, counts.failed) {
            (0, 0) if counts.waiting_for_creator > 0 => {
                format!("Nothing is public yet{waiting}")
            }
            (0, 0) => "Nothing was published".to_owned(),
            (n, 0) => format!("Published to {}{waiting}", counted(n.into(), "account", "accounts")),
            (0, n) => format!("{} failed{waiting}", counted(n.into(), "delivery", "deliveries")),
            (n, failed) => {
                format!("Published to {}{waiting}, {failed} failed", counted(n.into(), "account", "accounts"))
            }
        }
    };
    view! {
        <div class="rounded-lg border border-border bg-surface p-4">
            <div class="flex flex-wrap items-center justify-between gap-3">
                <h2 class="text-md font-semibold">{words}</h2>
                {move || {
                    (!links.read().is_empty())
                        .then(|| {
                            view! {
                                <CopyButton
                                    text=links
                                    label="Copy the links of the published posts"
                                    words="Copy links"
                                    size=ButtonSize::Small
                                />
                            }
                        })
                }}
            </div>
            {bars(counts)}
            {move || {
                (counts.read().waiting_for_creator > 0)
                    .then(|| {
                        view! {
                            <p class="mt-3 text-sm text-muted">
                                "What waits for its creator lies in their inbox at the platform: they open the app there and publish it. This page learns of it by itself."
                            </p>
                        }
                    })
            }}
            {move || {
                let words = match (counts.read().failed, in_doubt.get()) {
                    (0, _) => return None,
                    (_, false) => {
                        "What failed waits here and under Activity. Retry it as it is, or edit the post: the change goes to the accounts that have not got it."
                    }
                    (_, true) => {
                        "What failed waits here and under Activity. Look at the platform first where nobody can say what became of it; once that is settled, the post can be changed and sent again."
                    }
                };
                Some(view! { <p class="mt-3 text-sm text-muted">{words}</p> })
            }}
        </div>
    }
    .into_any()
}

fn kept(post: RwSignal<Post>) -> AnyView {
    let shown = post.get_untracked();
    let may_edit = use_session().may_change(shown.author.id);
    let (title, text, tone) = kept_words(&shown);
    let href = format!("/compose?post={}", shown.id);
    view! {
        <Banner
            tone
            title
            text
            action=move || {
                may_edit
                    .then(|| {
                        view! {
                            <Button size=ButtonSize::Small variant=ButtonVariant::Secondary href=href.clone()>
                                "Edit post"
                            </Button>
                        }
                    })
            }
        />
    }
    .into_any()
}

/// Why nothing goes out, and what would change that.
fn kept_words(post: &Post) -> (String, String, Tone) {
    let words = |title: &str, text: &str, tone| (title.to_owned(), text.to_owned(), tone);
    match (post.status, post.visibility) {
        (PostStatus::Draft, Visibility::Private) => words(
            "This post is private.",
            "Only this workspace sees it. Edit it to publish or schedule it.",
            Tone::Neutral,
        ),
        (PostStatus::Draft, _) => words(
            "This post is a draft.",
            "It was taken back before it left, and goes nowhere until it is saved again.",
            Tone::Neutral,
        ),
        (PostStatus::PendingApproval, visibility) => {
            let when = match visibility {
                Visibility::Scheduled => format!("It is meant for {}.", time_words(post)),
                _ => "It goes out as soon as an editor or admin approves it.".to_owned(),
            };
            (format!("Version {} waits for approval.", post.version), when, Tone::Info)
        }
        (PostStatus::Rejected, _) => match &post.approval {
            Some(Approval { by, note: Some(note), version, .. }) => {
                (format!("{} rejected version {version}.", by.name), format!("“{note}”"), Tone::Warning)
            }
            _ => words("This post was rejected.", "Change it and ask for approval again.", Tone::Warning),
        },
        _ => words("This post is approved.", "It is about to go out.", Tone::Info),
    }
}

/// Whether the post leaves within the undo window at `now`: what the page knows before it counts.
pub fn starts_undoable(post: &Post, now: DateTime<Utc>) -> bool {
    post.visibility == Visibility::Public
        && matches!(post.status, PostStatus::Scheduled | PostStatus::Publishing)
        && post.publishes_at.is_some_and(|at| at > now && at < now + TimeDelta::minutes(2))
}

/// How far a post has come, for its line in the list; empty before anything of it is to go out. What was taken back is
/// no part of it.
pub fn summary_words(counts: &DeliveryCounts) -> String {
    let total = counts.total.saturating_sub(counts.canceled);
    if total == 0 {
        return String::new();
    }
    let failed = if counts.failed > 0 { format!(", {} failed", counts.failed) } else { String::new() };
    format!("{} of {total} published{}{failed}", counts.success, with_creators(counts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{PostId, UserId, workspaces::Person};

    fn post(status: PostStatus, visibility: Visibility) -> Post {
        let nil = uuid::Uuid::nil();
        Post {
            id: PostId(nil),
            title: None,
            body: "a".into(),
            link: None,
            overrides: std::collections::BTreeMap::new(),
            variations: std::collections::BTreeMap::new(),
            options: std::collections::BTreeMap::new(),
            autosaved: false,
            media: vec![],
            visibility,
            status,
            version: 1,
            author: Person { id: UserId(nil), name: "Niamh Doyle".into() },
            account_ids: None,
            publishes_at: None,
            scheduled_at: None,
            scheduled_local: None,
            time_zone: None,
            deliveries: DeliveryCounts::default(),
            skipped: Vec::new(),
            approval: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn counts(pending: u32, publishing: u32, success: u32, failed: u32) -> DeliveryCounts {
        let total = pending + publishing + success + failed;
        DeliveryCounts { total, pending, publishing, success, failed, ..DeliveryCounts::default() }
    }

    #[test]
    fn the_window_is_open_until_time_is_up_or_something_left() {
        let publishing = post(PostStatus::Publishing, Visibility::Public);
        assert_eq!(phase(&publishing, &counts(2, 0, 0, 0), 4), Phase::Undo(4));
        assert_eq!(phase(&publishing, &counts(0, 0, 0, 0), 4), Phase::Undo(4), "before the deliveries exist");
        assert_eq!(phase(&publishing, &counts(2, 0, 0, 0), 0), Phase::UnderWay);
        assert_eq!(phase(&publishing, &counts(1, 1, 0, 0), 1), Phase::UnderWay);
    }

    #[test]
    fn what_is_final_is_done_unless_something_was_started_over() {
        let partly = post(PostStatus::PartlyPublished, Visibility::Public);
        assert_eq!(phase(&partly, &counts(0, 0, 1, 1), 0), Phase::Done);
        assert_eq!(phase(&partly, &counts(1, 0, 1, 0), 0), Phase::UnderWay);
        assert_eq!(
            phase(&post(PostStatus::Scheduled, Visibility::Scheduled), &counts(0, 0, 0, 0), 9),
            Phase::Scheduled
        );
        assert_eq!(phase(&post(PostStatus::Draft, Visibility::Private), &counts(0, 0, 0, 0), 0), Phase::Kept);
    }

    #[test]
    fn words() {
        assert_eq!(progress_words(&counts(1, 1, 2, 1)), "2 of 5 published");
        assert_eq!(spoken(&counts(1, 0, 2, 1)), "2 published, 1 pending, 1 failed");
        assert_eq!(summary_words(&counts(0, 0, 2, 1)), "2 of 3 published, 1 failed");
        assert_eq!(summary_words(&counts(0, 0, 0, 0)), "");
        let taken_back = DeliveryCounts { total: 10, success: 5, canceled: 5, ..DeliveryCounts::default() };
        assert_eq!(summary_words(&taken_back), "5 of 5 published");
    }

    #[test]
    fn what_is_held_back_says_by_whom_and_why() {
        let waiting = post(PostStatus::PendingApproval, Visibility::Public);
        assert_eq!(kept_words(&waiting).0, "Version 1 waits for approval.");
        let by = Person { id: UserId(uuid::Uuid::nil()), name: "Niamh Doyle".into() };
        let note = Some("Shorter, please".to_owned());
        let step = domain::posts::ApprovalStep::Rejected;
        let approval = Some(Approval { step, version: 2, by, note, at: DateTime::UNIX_EPOCH });
        let rejected = Post { approval, ..post(PostStatus::Rejected, Visibility::Public) };
        let (title, text, _) = kept_words(&rejected);
        assert_eq!((title.as_str(), text.as_str()), ("Niamh Doyle rejected version 2.", "“Shorter, please”"));
    }

    #[test]
    fn only_what_leaves_in_a_moment_starts_with_undo() {
        let mut one = post(PostStatus::Publishing, Visibility::Public);
        let now = DateTime::UNIX_EPOCH;
        assert!(!starts_undoable(&one, now));
        one.publishes_at = Some(now + TimeDelta::seconds(5));
        assert!(starts_undoable(&one, now));
        assert!(!starts_undoable(&one, now + TimeDelta::seconds(5)));
        one.visibility = Visibility::Scheduled;
        assert!(!starts_undoable(&one, now));
    }
}
