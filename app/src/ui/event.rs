//! An event of a calendar: what, when, and how it stands, in a line or two.

use super::class::cx;
use super::status::{Status, status_glyph};
use leptos::prelude::*;

/// A line in a cell of a calendar. Its status is a glyph of its own shape, a word for whoever hovers or listens, and a colour.
#[component]
pub fn CalendarEvent(
    #[prop(into)] href: String,
    status: Status,
    /// "07:00".
    #[prop(into)]
    time: String,
    #[prop(into)] words: String,
    /// The whole of it, for screen readers: "07:00, Autumn roast, Scheduled, Facebook".
    #[prop(into)]
    label: String,
    /// Picked up, to be put down elsewhere.
    #[prop(optional, into)]
    held: Signal<bool>,
    /// Its change is on its way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Whether it can be picked up.
    #[prop(optional)]
    movable: bool,
    /// Id of the words that say how.
    #[prop(optional, into)]
    described_by: Option<String>,
    /// Below the words, where there is room: the platforms' marks.
    #[prop(optional, into)]
    more: ViewFn,
) -> impl IntoView {
    let tone = status.tone().tint();
    let described_by = described_by.filter(|id| !id.is_empty());
    let title = format!("{words}\n{}", status.word());
    view! {
        <a
            data-ui="event"
            href=href
            draggable="false"
            title=title
            aria-label=label
            aria-describedby=described_by
            class=move || {
                let state = if held.get() {
                    "outline-3 outline-offset-1 outline-ring"
                } else if busy.get() {
                    "border-dashed"
                } else {
                    ""
                };
                let grip = if movable { "cursor-grab active:cursor-grabbing" } else { "" };
                cx(&[
                    "block min-w-0 rounded-md border px-1.5 py-1 text-xs select-none hover:brightness-95 dark:hover:brightness-115",
                    tone,
                    grip,
                    state,
                ])
            }
            aria-busy=move || busy.get().then_some("true")
        >
            <span class="flex min-w-0 items-center gap-1">
                {status_glyph(status, "size-3 shrink-0")}
                <span class="shrink-0 font-medium tabular-nums">{time}</span>
                <span class="truncate text-text">{words}</span>
            </span>
            {more.run()}
        </a>
    }
    .into_any()
}
