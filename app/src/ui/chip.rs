//! Chips: filters of a list, and accounts that a post goes to.

use super::class::cx;
use super::icon::{Glyph, Mark, MarkSize, icon, platform_mark};
use super::menu::close_around;
use super::status::grouped;
use leptos::prelude::*;

const FILTER: &str = "inline-flex h-7 items-center gap-1.5 rounded-md border px-2.5 text-sm font-medium whitespace-nowrap transition-colors touch:h-11 touch:px-3.5";
const ON: &str = "border-accent-border bg-selected text-text";
const OFF: &str = "border-border-strong bg-surface text-muted hover:bg-hover hover:text-text";

/// A filter that is an address: lists keep their filters in the URL and work without script.
#[component]
pub fn FilterChip(
    #[prop(into)] label: String,
    #[prop(into)] href: Signal<String>,
    /// Whether this filter is the one in force.
    #[prop(into)]
    active: Signal<bool>,
    #[prop(optional, into)] count: MaybeProp<u64>,
) -> impl IntoView {
    view! {
        <a
            data-ui="filter-chip"
            href=move || href.get()
            class=move || cx(&[FILTER, if active.get() { ON } else { OFF }])
            aria-current=move || active.get().then_some("true")
        >
            {label}
            {move || count.get().map(|n| view! { <span class="font-normal text-muted tabular-nums">{grouped(n)}</span> })}
        </a>
    }
    .into_any()
}

/// A filter that acts in the page.
#[component]
pub fn FilterButton(
    #[prop(into)] label: String,
    #[prop(into)] active: Signal<bool>,
    #[prop(optional, into)] count: MaybeProp<u64>,
    #[prop(into)] on_click: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            data-ui="filter-chip"
            type="button"
            class=move || cx(&[FILTER, if active.get() { ON } else { OFF }])
            aria-pressed=move || if active.get() { "true" } else { "false" }
            on:click=move |_| on_click.run(())
        >
            {label}
            {move || count.get().map(|n| view! { <span class="font-normal text-muted tabular-nums">{grouped(n)}</span> })}
        </button>
    }
    .into_any()
}

/// One choice of a [`FilterSelect`]: an address, its words, and whether it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterOption {
    pub href: String,
    pub label: String,
    pub active: bool,
}

/// A filter with more than a handful of choices: "Platform All ⌄", opening a list of links.
#[component]
pub fn FilterSelect(
    #[prop(into)] id: String,
    #[prop(into)] label: String,
    #[prop(into)] options: Signal<Vec<FilterOption>>,
) -> impl IntoView {
    let current = move || {
        options.read().iter().find(|option| option.active).map_or_else(String::new, |option| option.label.clone())
    };
    let name = label.clone();
    view! {
        <button
            data-ui="filter"
            type="button"
            popovertarget=id.clone()
            class="inline-flex h-7 items-center gap-1.5 rounded-md border border-border-strong bg-surface px-2.5 text-sm whitespace-nowrap text-muted hover:bg-hover touch:h-11 touch:px-3.5"
        >
            {label}
            <span class="font-medium text-text">{current}</span>
            {icon(Glyph::ChevronDown, "size-3.5")}
        </button>
        <div id=id popover="auto" class=cx(&[super::menu::PANEL, "min-w-40 p-1"])>
            <ul aria-label=name>
                {move || {
                    options
                        .get()
                        .into_iter()
                        .map(|option| {
                            view! {
                                <li>
                                    <a
                                        href=option.href
                                        class="flex h-8 items-center gap-2.5 rounded-lg px-2.5 text-base text-text hover:bg-hover touch:h-12"
                                        aria-current=option.active.then_some("true")
                                        on:click=move |event| close_around(&event)
                                    >
                                        <span class="flex-1 truncate">{option.label}</span>
                                        {option.active.then(|| icon(Glyph::Check, "size-4 text-accent-strong"))}
                                    </a>
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
        </div>
    }
    .into_any()
}

const CHIP: &str = "inline-flex h-8 max-w-full items-center gap-2 rounded-lg border px-2.5 text-sm font-medium whitespace-nowrap transition-colors duration-150 max-sm:w-full max-sm:gap-1.5 max-sm:px-2 max-sm:text-xs touch:h-12";

/// An account that a post may go to. Out of reach, it says why in `reason` (shown, and read with the name).
#[component]
pub fn AccountChip(
    mark: Mark,
    #[prop(into)] name: String,
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] on_toggle: Callback<bool>,
    /// Why it cannot take part ("left out", "Reconnect required").
    #[prop(optional, into)]
    reason: MaybeProp<String>,
    /// The longest text it takes, in the way its platform counts.
    #[prop(optional, into)]
    limit: Signal<u64>,
    /// How far the post's text is beyond that.
    #[prop(optional, into)]
    over: Signal<u64>,
) -> impl IntoView {
    let whole = format!("{}, {name}", mark.name());
    let title = move || match limit.get() {
        0 => whole.clone(),
        most => format!("{whole}: up to {} characters", grouped(most)),
    };
    let too_long = Memo::new(move |_| if checked.get() && reason.read().is_none() { over.get() } else { 0 });
    view! {
        <button
            data-ui="account-chip"
            type="button"
            aria-pressed=move || if checked.get() && reason.read().is_none() { "true" } else { "false" }
            aria-disabled=move || reason.read().is_some().then_some("true")
            title=title
            class=move || {
                let look = if reason.read().is_some() {
                    "cursor-not-allowed border-dashed border-border-strong text-subtle"
                } else if too_long.get() > 0 {
                    "border-danger-solid bg-selected text-text"
                } else if checked.get() {
                    "border-accent-border bg-selected text-text"
                } else {
                    "border-border-strong bg-surface text-muted hover:bg-hover hover:text-text"
                };
                cx(&[CHIP, look])
            }
            on:click=move |_| {
                if reason.read_untracked().is_none() {
                    on_toggle.run(!checked.get_untracked());
                }
            }
        >
            {move || {
                if reason.read().is_some() {
                    icon(Glyph::StBlocked, "size-3.5 text-warning-solid")
                } else {
                    platform_mark(mark, MarkSize::Tiny)
                }
            }}
            <span class="sr-only">{mark.name()} " "</span>
            <span class="min-w-0 flex-1 truncate text-left">{name}</span>
            {move || {
                reason.get().map(|reason| view! { <span class="truncate font-normal max-sm:sr-only">{reason}</span> })
            }}
            {move || {
                (too_long.get() > 0)
                    .then(|| {
                        view! {
                            <span class="font-normal whitespace-nowrap text-danger tabular-nums">
                                {grouped(too_long.get())} " over"
                            </span>
                        }
                    })
            }}
            <span class="contents" hidden=move || !checked.get() || reason.read().is_some() || too_long.get() != 0>
                {icon(Glyph::CheckMedium, "size-3.5 text-accent-strong max-sm:size-3")}
            </span>
        </button>
    }
    .into_any()
}
