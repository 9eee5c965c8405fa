//! The connection log: what happened to an account's access, newest first; what narrows it, and the way to take it along.

use super::super::query::LogQuery;
use crate::ui::{
    Button, ButtonSize, ButtonVariant, Checkbox, Count, EmptyState, Glyph, Input, Popover, RelativeTime, Tone,
    button_class, cx, icon,
};
use chrono::NaiveDate;
use domain::{
    AccountId,
    accounts::{ConnectionEvent, ConnectionEventType},
};
use leptos::prelude::*;
use leptos_router::components::Form;

const fn tone(kind: ConnectionEventType) -> Tone {
    match kind {
        ConnectionEventType::AuthorizationSuccess | ConnectionEventType::TokenRefreshed => Tone::Success,
        ConnectionEventType::AuthorizationFailed => Tone::Danger,
        ConnectionEventType::TokenExpired
        | ConnectionEventType::RevocationDetected
        | ConnectionEventType::ReconnectionPrompted => Tone::Warning,
        ConnectionEventType::AuthorizationInitiated | ConnectionEventType::Disconnected => Tone::Neutral,
    }
}

const fn glyph(tone: Tone) -> (Glyph, &'static str) {
    match tone {
        Tone::Success => (Glyph::StConnected, "text-success-solid"),
        Tone::Danger => (Glyph::StFailed, "text-danger-solid"),
        Tone::Warning => (Glyph::StReconnect, "text-warning-solid"),
        Tone::Info => (Glyph::StInfo, "text-accent-strong"),
        Tone::Neutral => (Glyph::StPending, "text-neutral-solid"),
    }
}

/// What narrows the log, as a form that works by its address alone; and all that is left as a file.
pub fn log_actions(shown: &LogQuery, account: AccountId) -> AnyView {
    let narrowed = shown.narrowed_by();
    let trigger = move || {
        view! {
            "Filter"
            {(narrowed > 0).then(|| view! { <Count count=narrowed as u64 tone=Tone::Info/> })}
            {icon(Glyph::ChevronDown, "size-3.5 text-muted")}
        }
    };
    let kinds = ConnectionEventType::ALL
        .into_iter()
        .map(|kind| {
            view! {
                <Checkbox
                    id=format!("log-{}", kind.as_str().replace('_', "-"))
                    name="event_type"
                    value=kind.as_str()
                    label=kind.label()
                    initial=shown.kinds.as_slice().contains(&kind)
                />
            }
        })
        .collect_view();
    let text = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let (from, to) = (text(shown.from), text(shown.to));
    let page = format!("/accounts/{account}");
    let clear = (narrowed > 0).then(|| {
        view! {
            <Button size=ButtonSize::Small variant=ButtonVariant::Ghost href=page.clone()>
                "Clear"
            </Button>
        }
    });
    let csv = shown.csv(account);
    view! {
        <Popover
            id="log-filter"
            label="Filter the connection log"
            trigger=ViewFn::from(trigger)
            trigger_class=button_class(ButtonVariant::Secondary, ButtonSize::Small, "")
            class="w-64 p-3"
        >
            <Form method="GET" action=page noscroll=true>
                <fieldset>
                    <legend class="text-sm font-medium">"What happened"</legend>
                    <div class="mt-2 grid gap-1.5">{kinds}</div>
                </fieldset>
                <div class="mt-3 grid grid-cols-[3rem_minmax(0,1fr)] items-center gap-2">
                    <label class="text-sm font-medium" for="log-from">"From"</label>
                    <Input id="log-from" name="from" kind="date" initial=from/>
                    <label class="text-sm font-medium" for="log-to">"To"</label>
                    <Input id="log-to" name="to" kind="date" initial=to/>
                </div>
                <p class="mt-2 text-sm text-muted">"Days are those of the workspace’s time zone."</p>
                <div class="mt-3 flex justify-end gap-2">
                    {clear}
                    <Button submit=true size=ButtonSize::Small>"Show"</Button>
                </div>
            </Form>
        </Popover>
        // A file, not a page: the router lets go of it.
        <a
            href=csv
            rel="external"
            download="connection-log.csv"
            class=button_class(ButtonVariant::Secondary, ButtonSize::Small, "")
        >
            {icon(Glyph::Download, "size-4")}
            "Export CSV"
        </a>
    }
    .into_any()
}

/// Why there are no lines.
pub fn no_events(shown: &LogQuery, account: AccountId) -> AnyView {
    if shown.narrowed_by() == 0 && shown.offset == 0 {
        return view! {
            <EmptyState
                title="Nothing has happened to this connection"
                text="What becomes of its access is written here and kept for two years."
            />
        }
        .into_any();
    }
    let all = format!("/accounts/{account}");
    view! {
        <EmptyState
            title="Nothing happened under these filters"
            text="Choose other kinds or more days, or look at everything."
            action=move || view! { <Button size=ButtonSize::Small href=all.clone()>"Clear filters"</Button> }
        />
    }
    .into_any()
}

/// The lines of the log.
pub fn event_rows(events: Vec<ConnectionEvent>) -> AnyView {
    let rows = events
        .into_iter()
        .map(|event| {
            let (glyph, colour) = glyph(tone(event.event_type));
            let code = event.status_code.map(|code| {
                view! { <span class="ml-2 font-mono text-xs text-muted">{code}</span> }
            });
            view! {
                <li class="flex gap-3 border-t border-border px-3.5 py-2.5 first:border-t-0">
                    {icon(glyph, &cx(&["mt-0.5 size-4", colour]))}
                    <div class="min-w-0 flex-1">
                        <p class="font-medium">{event.event_type.label()} {code}</p>
                        {event.message.map(|message| view! { <p class="text-sm text-muted wrap-anywhere">{message}</p> })}
                    </div>
                    <RelativeTime at=event.created_at class="shrink-0 text-sm text-muted"/>
                </li>
            }
        })
        .collect_view();
    view! { <ol aria-label="Connection log" class="rounded-lg border border-border bg-surface">{rows}</ol> }.into_any()
}
