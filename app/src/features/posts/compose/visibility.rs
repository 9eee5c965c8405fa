//! Who sees the post, and when: now, nobody else, at a time in a zone, whose odd nights are explained, or in the next free slot of
//! the queue.

use super::{
    best_times,
    model::{QUEUE, local_time, publish_hint},
    questions::Questions,
    state::Composer,
};
use crate::{
    features::posts::server_fns::{explain_when, next_slot},
    session::use_session,
    ui::{Choice, DateTimePicker, Field, Glyph, Input, RadioCards, icon, use_clock},
};
use domain::posts::{ApprovalPolicy, Visibility, schedule};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;

/// How long the fields rest before the server is asked what they mean.
const PAUSE: Duration = Duration::from_millis(250);

/// The four ways.
#[component]
pub fn VisibilityChoice(composer: Composer) -> impl IntoView {
    explain(composer);
    let is_scheduled = Memo::new(move |_| {
        let draft = composer.draft.read();
        draft.visibility == Visibility::Scheduled && !draft.queue
    });
    let is_queued = Memo::new(move |_| composer.draft.read().queue);
    let slot = next_free(composer, is_queued);
    let count = Memo::new(move |_| composer.chosen.read().len() as u64);
    let session = use_session();
    let held_back = session.is_held_back();
    let at_once = if held_back { "Publish once approved" } else { "Publish now" };
    let goes_out = Memo::new(move |_| composer.draft.read().visibility != Visibility::Private);
    let cards = move || {
        view! {
            <RadioCards
                name="visibility"
                legend="Visibility"
                choices=vec![
                    Choice::new("public", at_once)
                        .hint(publish_hint(count.get(), composer.undo_seconds(), held_back))
                        .icon(Glyph::Send),
                    Choice::new("private", "Keep private").hint("Only your workspace sees it.").icon(Glyph::Lock),
                    Choice::new("scheduled", "Schedule").hint("Pick a day and a time.").icon(Glyph::Calendar),
                    Choice::new(QUEUE, "Add to queue").hint("The next free slot of your week.").icon(Glyph::Clock),
                ]
                value=composer.visibility
            />
        }
    };
    view! {
        <section aria-label="Visibility">
            {cards}
            {move || is_scheduled.get().then(|| schedule_fields(composer))}
            {move || is_queued.get().then(|| queue_note(slot))}
            {held_back
                .then(|| {
                    view! {
                        <p data-ui="held-back" class="mt-3 flex items-start gap-2 text-sm text-muted" role="status">
                            {move || goes_out.get().then(|| icon(Glyph::CheckCheck, "mt-0.5 size-4"))}
                            {move || goes_out.get().then(|| who_approves(session.approval_policy()))}
                        </p>
                    }
                })}
        </section>
    }
    .into_any()
}

/// Who has the last word, for somebody whose posts wait.
const fn who_approves(policy: ApprovalPolicy) -> &'static str {
    match policy {
        ApprovalPolicy::Members => {
            "An editor or admin of this workspace looks at it first. You see here what they decide."
        }
        ApprovalPolicy::Everybody => {
            "Another editor or admin of this workspace looks at it first: here, nobody’s own post goes out by their word alone."
        }
    }
}

/// The slot that the post would get now.
#[derive(Clone, PartialEq)]
enum Slot {
    Asking,
    Free(String),
    /// There is none.
    None,
    Unknown,
}

fn next_free(composer: Composer, is_queued: Memo<bool>) -> RwSignal<Slot> {
    let slot = RwSignal::new(Slot::Asking);
    let questions = Questions::new();
    let wanted =
        Memo::new(move |_| is_queued.get().then(|| composer.chosen.read().iter().copied().collect::<Vec<_>>()));
    Effect::new(move |_| {
        let own = questions.next();
        let Some(accounts) = wanted.get() else { return };
        spawn_local(async move {
            let answer = next_slot(Some(accounts)).await;
            if questions.is_last(own) {
                slot.set(match answer {
                    Ok(Some(free)) => Slot::Free(free.words()),
                    Ok(None) => Slot::None,
                    Err(_) => Slot::Unknown,
                });
            }
        });
    });
    slot
}

/// When that is, or where slots are made.
fn queue_note(slot: RwSignal<Slot>) -> AnyView {
    view! {
        <p class="mt-3 text-sm text-muted" role="status">
            {move || match slot.get() {
                Slot::Asking => "Looking for the next free slot…".into_any(),
                Slot::Unknown => "The next free slot is taken when you save.".into_any(),
                Slot::Free(words) => {
                    view! {
                        "Next free slot: "
                        <span class="font-medium text-text">{words}</span>
                        ". It is yours once you have saved."
                    }
                        .into_any()
                }
                Slot::None => {
                    view! {
                        "The queue has no free slot. "
                        <a href="/settings/queue" class="font-medium text-accent-strong underline-offset-4 hover:underline">
                            "Set up the queue"
                        </a>
                    }
                        .into_any()
                }
            }}
        </p>
    }
    .into_any()
}

fn schedule_fields(composer: Composer) -> AnyView {
    let clock = use_clock();
    // Half a day back, so that no zone's own today is out of reach; the server refuses what has gone.
    let today =
        Signal::derive(move || (clock.now().get() - chrono::TimeDelta::hours(12)).format("%Y-%m-%d").to_string());
    let words = Signal::derive(move || {
        composer.when().read().as_ref().map_or_else(|| composer.zone.get(), |when| when.words.clone())
    });
    let doubt = Signal::derive(move || {
        composer.when().read().as_ref().filter(|when| !when.refused).and_then(|when| when.warning.clone())
    });
    let refused = Signal::derive(move || {
        composer.when().read().as_ref().filter(|when| when.refused).and_then(|when| when.warning.clone())
    });
    let missing = composer.error_of("scheduled_at");
    let error = Signal::derive(move || refused.get().or_else(|| missing.get()));
    let zone_error = Signal::derive(move || {
        schedule::zone(&composer.zone.read()).is_none().then(|| schedule::UNKNOWN_ZONE.to_owned())
    });
    view! {
        <div class="mt-4 grid gap-4 sm:grid-cols-2">
            <DateTimePicker
                id="post-when"
                label="Goes out"
                date=composer.date
                time=composer.time
                zone=words
                today
                error
                warning=doubt
            />
            <Field id="post-zone" label="Time zone" error=zone_error>
                <Input name="time_zone" value=composer.zone autocomplete="off" attr:list="post-zones"/>
            </Field>
            <datalist id="post-zones">
                {chrono_tz::TZ_VARIANTS
                    .iter()
                    .map(|zone| zone.name())
                    .filter(|name| name.contains('/') && !name.starts_with("Etc/"))
                    .map(|name| view! { <option value=name></option> })
                    .collect_view()}
            </datalist>
        </div>
        {best_times::suggestions(composer)}
    }
    .into_any()
}

/// Asks the server what date, time and zone mean, whenever they change; the last answer counts.
fn explain(composer: Composer) {
    let when = composer.when();
    let questions = Questions::new();
    let wanted = Memo::new(move |_| {
        let draft = composer.draft.read();
        let local = (draft.visibility == Visibility::Scheduled && !draft.queue)
            .then(|| local_time(&draft.date, &draft.time))
            .flatten();
        local.filter(|_| schedule::zone(&draft.zone).is_some()).map(|local| (local, draft.zone.clone()))
    });
    Effect::new(move |_| {
        let wanted = wanted.get();
        let own = questions.next();
        let Some((local, zone)) = wanted else {
            when.set(None);
            return;
        };
        let ask = move || {
            spawn_local(async move {
                // Without an answer nothing is explained; saving asks again.
                let answer = explain_when(local, zone).await.ok().flatten();
                if questions.is_last(own) {
                    when.set(answer);
                }
            });
        };
        questions.after(PAUSE, ask);
    });
}
