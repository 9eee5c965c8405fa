//! The connection log: what happened to an account's access, newest first.

use crate::ui::{Glyph, RelativeTime, Tone, cx, icon};
use domain::accounts::{ConnectionEvent, ConnectionEventType};
use leptos::prelude::*;

/// Lines on a page of the log.
pub const LOG_PAGE: u32 = 10;

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
