//! The dead letters by reason: what happened, what to do, and all of one reason started over at once.

use crate::{
    features::deliveries::{pages::use_retry_all, query::ActivityQuery, server_fns::ActivityHead},
    session::use_session,
    shared::words::{counted, mark},
    ui::{Button, ButtonSize, ButtonVariant, Count, Glyph, MarkSize, PlatformMark, RelativeTime, TimeStyle, Tone, cx},
};
use domain::{
    deliveries::{DeadLetterReason, DeliveryFilter, DeliveryStatus, ErrorClass},
    workspaces::Role,
};
use leptos::prelude::*;

/// Above the dead letters, one row per reason.
#[component]
pub fn Reasons(
    query: Memo<ActivityQuery>,
    head: RwSignal<Option<ActivityHead>>,
    /// Rises when some have been started over.
    again: RwSignal<u32>,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let retry_all = use_retry_all(busy, again);
    let reasons = Memo::new(move |_| head.read().as_ref().map(|head| head.reasons.clone()).unwrap_or_default());
    move || {
        let reasons = reasons.get();
        if reasons.is_empty() {
            return ().into_any();
        }
        view! {
            <section aria-label="Reasons" class="mb-5">
                <ul class="overflow-hidden rounded-lg border border-border bg-surface">
                    {reasons.into_iter().map(|reason| row(reason, query, busy, retry_all)).collect_view()}
                </ul>
            </section>
        }
        .into_any()
    }
}

/// Where something can be done about all of a reason at once.
const fn remedy(class: ErrorClass) -> Option<(&'static str, &'static str)> {
    match class {
        ErrorClass::AuthExpired | ErrorClass::AuthRevoked => {
            Some(("Reconnect accounts", "/accounts?status=reconnect_required"))
        }
        // They are connected still, and lack something.
        ErrorClass::Permission => Some(("Reconnect accounts", "/accounts?attention=true")),
        ErrorClass::Policy => Some(("Open accounts", "/accounts?status=failed")),
        _ => None,
    }
}

fn row(
    reason: DeadLetterReason,
    query: Memo<ActivityQuery>,
    busy: RwSignal<bool>,
    retry_all: Callback<DeliveryFilter>,
) -> AnyView {
    let class = reason.error_class;
    let chosen = Memo::new(move |_| query.read().reason == Some(class));
    // A second click shows all of them again.
    let href = move || query.read().with_reason((!chosen.get()).then_some(class)).href();
    let ready = reason.count.saturating_sub(reason.needing_person);
    let person = (reason.needing_person > 0).then(|| {
        let n = counted(reason.needing_person.into(), "needs", "need");
        view! { <p class="text-sm font-medium">{format!("{n} somebody to look: open it below and say whether the post is there.")}</p> }
    });
    let title = reason.title.clone();
    let retry = (use_session().may(Role::Editor) && ready > 0).then(|| {
        let words = if class == ErrorClass::Missed { format!("Send {ready} now") } else { format!("Retry {ready}") };
        let label = format!("{words}: {title}");
        let all = DeliveryFilter {
            status: DeliveryStatus::Failed.into(),
            error_class: Some(class),
            ..DeliveryFilter::default()
        };
        view! {
            <Button
                size=ButtonSize::Small
                icon=Glyph::RotateCw
                label
                loading=busy
                on_click=move |_| retry_all.run(all.clone())
            >
                {words}
            </Button>
        }
    });
    view! {
        <li
            data-reason=class.as_str()
            class=move || {
                cx(&[
                    "flex flex-wrap items-start gap-x-4 gap-y-2 border-t border-border px-4 py-3 first:border-0",
                    if chosen.get() { "bg-selected" } else { "" },
                ])
            }
        >
            <div class="min-w-0 flex-1 basis-72">
                <p class="flex flex-wrap items-center gap-2">
                    <a
                        href=href
                        aria-current=move || chosen.get().then_some("true")
                        class="font-medium hover:underline touch:py-2"
                    >
                        {reason.title.clone()}
                    </a>
                    <Count count=u64::from(reason.count) tone=Tone::Danger/>
                    <span class="inline-flex items-center gap-1">
                        {reason
                            .platforms
                            .iter()
                            .map(|platform| {
                                view! {
                                    <PlatformMark mark=mark(*platform) size=MarkSize::Bare/>
                                    <span class="sr-only">{platform.label()}</span>
                                }
                            })
                            .collect_view()}
                    </span>
                </p>
                <p class="mt-0.5 text-sm text-muted">{reason.what_happened.clone()} " " {reason.what_to_do.clone()}</p>
                {person}
            </div>
            <div class="flex flex-wrap items-center gap-2">
                <span class="text-sm text-muted tabular-nums">
                    <span class="sr-only">"Last "</span>
                    <RelativeTime at=reason.latest_at style=TimeStyle::Short/>
                </span>
                {remedy(class)
                    .map(|(words, href)| {
                        view! { <Button size=ButtonSize::Small variant=ButtonVariant::Secondary href>{words}</Button> }
                    })}
                {retry}
            </div>
        </li>
    }
    .into_any()
}
