//! Times worth a thought for a post that is scheduled: when many look at the networks of the chosen accounts.

use super::{questions::Questions, state::Composer};
use crate::{
    features::posts::server_fns::best_times,
    ui::{Button, ButtonSize, Glyph},
};
use domain::{
    AccountId,
    posts::{best_times::BestTime, schedule},
};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;

/// How long accounts and zone rest before the server is asked.
const PAUSE: Duration = Duration::from_millis(250);

/// The suggestions, each a button that fills in day and time. Nothing where there are none.
pub fn suggestions(composer: Composer) -> AnyView {
    let times = known(composer);
    let any = Memo::new(move |_| !times.read().is_empty());
    let shown = move || {
        view! {
            <div class="mt-3 grid grid-cols-1 gap-2">
                <p id="best-times" class="text-sm text-muted">
                    "Often good times, by studies of when people look, and clear of what else these accounts publish:"
                </p>
                <ul aria-labelledby="best-times" class="flex flex-wrap gap-2">
                    {move || times.get().iter().map(|time| suggestion(composer, time)).collect_view()}
                </ul>
            </div>
        }
    };
    (move || any.get().then(shown)).into_any()
}

fn suggestion(composer: Composer, time: &BestTime) -> AnyView {
    let local = time.local;
    let words = local.format("%a %-d %b, %H:%M").to_string();
    let platforms = time.platforms.iter().map(|one| one.label()).collect::<Vec<_>>().join(", ");
    let label = format!("{words}, many look at {platforms}");
    let pick = move |_| {
        composer.date.set(local.format("%Y-%m-%d").to_string());
        composer.time.set(local.format("%H:%M").to_string());
    };
    view! {
        <li title=format!("Many look at {platforms}")>
            <Button size=ButtonSize::Small icon=Glyph::Clock label on_click=pick>
                {words}
            </Button>
        </li>
    }
    .into_any()
}

/// What the server suggests for the accounts and the zone as they are now.
fn known(composer: Composer) -> RwSignal<Vec<BestTime>> {
    let times = RwSignal::new(Vec::new());
    let questions = Questions::new();
    let wanted = Memo::new(move |_| {
        let accounts: Vec<AccountId> = composer.chosen.read().iter().copied().collect();
        let zone = composer.draft.read().zone.clone();
        (!accounts.is_empty() && schedule::zone(&zone).is_some()).then_some((accounts, zone))
    });
    Effect::new(move |_| {
        let own = questions.next();
        let Some((accounts, zone)) = wanted.get() else {
            times.set(Vec::new());
            return;
        };
        questions.after(PAUSE, move || {
            spawn_local(async move {
                // It is a hint: without an answer there is none.
                let answer = best_times(accounts, zone).await.unwrap_or_default();
                if questions.is_last(own) {
                    times.set(answer);
                }
            });
        });
    });
    times
}
