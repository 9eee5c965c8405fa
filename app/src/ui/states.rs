//! The states of a list besides full: loading, empty, error; and banners, for what holds for the whole page.

use super::button::{Button, ButtonSize, ButtonVariant, IconButton};
use super::class::cx;
use super::icon::{Glyph, icon};
use super::status::Tone;
use leptos::prelude::*;

const BONE: &str = "block animate-pulse rounded-md bg-neutral-bg";

/// One bar of a skeleton; the class gives it the size of what comes: "h-3.5 w-32".
#[component]
pub fn Skeleton(#[prop(into)] class: String) -> impl IntoView {
    bone(&class)
}

fn bone(class: &str) -> AnyView {
    view! { <span class=cx(&[BONE, class])></span> }.into_any()
}

/// Account cards on their way.
#[component]
pub fn SkeletonCards(
    /// What is loading: "Loading accounts".
    #[prop(into)]
    label: String,
    #[prop(default = 3)] count: usize,
    #[prop(default = "grid gap-3 sm:grid-cols-2 2xl:grid-cols-3")] class: &'static str,
) -> impl IntoView {
    let cards = (0..count)
        .map(|i| {
            // One is enough on a phone.
            let shown = if i == 0 { "" } else { "max-sm:hidden" };
            view! {
                <div class=cx(&["rounded-lg border border-border bg-surface p-4", shown])>
                    <div class="flex items-start gap-3">
                        {bone("size-9 rounded-lg")}
                        <div class="flex-1 pt-1">{bone("h-3.5 w-32")} {bone("mt-2 h-3 w-20")}</div>
                    </div>
                    {bone("mt-4 h-3 w-40")}
                    {bone("mt-2 h-3 w-28")}
                    {bone("mt-4 h-6 w-24")}
                </div>
            }
        })
        .collect_view();
    view! { <div data-ui="skeleton" class=class role="group" aria-busy="true" aria-label=label>{cards}</div> }
        .into_any()
}

/// Rows of a list on their way.
#[component]
pub fn SkeletonRows(#[prop(into)] label: String, #[prop(default = 3)] count: usize) -> impl IntoView {
    const WIDTHS: [&str; 3] = ["h-3.5 w-3/5", "h-3.5 w-2/5", "h-3.5 w-1/2"];
    let rows = WIDTHS
        .iter()
        .cycle()
        .take(count)
        .map(|width| {
            view! {
                <div class="flex h-13 items-center gap-4 border-t border-border px-3 first:border-t-0">
                    {bone("h-3.5 w-20")}
                    <div class="flex-1">{bone(width)} {bone("mt-1.5 h-3 w-1/4")}</div>
                    {bone("h-3.5 w-24 max-sm:hidden")}
                </div>
            }
        })
        .collect_view();
    view! {
        <div data-ui="skeleton" class="rounded-lg border border-border bg-surface" role="group" aria-busy="true" aria-label=label>
            {rows}
        </div>
    }
    .into_any()
}

/// One of the steps that an [`EmptyState`] teaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmptyStep {
    pub icon: Glyph,
    pub title: String,
    pub text: String,
}

impl EmptyStep {
    pub fn new(icon: Glyph, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { icon, title: title.into(), text: text.into() }
    }
}

/// A list with nothing in it: what it is for, how it comes about, and the first step.
#[component]
pub fn EmptyState(
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    /// Two or three, where the list does not explain itself.
    #[prop(optional)]
    steps: Vec<EmptyStep>,
    /// The first step, usually one large primary button.
    #[prop(optional, into)]
    action: ViewFn,
    /// Level of the heading: 3 below a section, 2 below the page's title.
    #[prop(default = 3)]
    level: u8,
    /// Without the frame.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let last = steps.len().saturating_sub(1);
    let has_steps = !steps.is_empty();
    let columns = if last == 1 { "sm:grid-cols-2" } else { "sm:grid-cols-3" };
    let steps = steps
        .into_iter()
        .enumerate()
        .map(|(i, step)| {
            view! {
                <li class="relative flex gap-3 py-2 sm:flex-col sm:items-center sm:text-center">
                    <span class="grid size-9 shrink-0 place-items-center rounded-full border border-border-strong bg-surface text-muted">
                        {icon(step.icon, "size-4")}
                    </span>
                    {(i < last)
                        .then(|| {
                            view! {
                                <span
                                    class="absolute top-6.5 left-[calc(50%+1.75rem)] h-px w-[calc(100%-3.5rem)] bg-border-strong max-sm:hidden"
                                    aria-hidden="true"
                                ></span>
                            }
                        })}
                    <span>
                        <span class="block font-medium">{format!("{}. {}", i + 1, step.title)}</span>
                        <span class="block text-sm text-muted">{step.text}</span>
                    </span>
                </li>
            }
        })
        .collect_view();
    let frame = if bare { "" } else { "rounded-lg border border-border bg-surface" };
    view! {
        <div data-ui="empty-state" class=cx(&["px-5 py-10 text-center sm:px-10", frame])>
            {heading(level, title, "text-md font-semibold")}
            <p class="mx-auto mt-1 max-w-sm text-muted">{text}</p>
            {has_steps
                .then(|| {
                    view! {
                        <ol class=cx(&["mx-auto mt-6 grid max-w-2xl gap-px text-left", columns])>{steps}</ol>
                    }
                })}
            <div class="mt-6 flex flex-wrap justify-center gap-2 empty:hidden">{action.run()}</div>
        </div>
    }
    .into_any()
}

/// A heading whose level the page decides.
pub(super) fn heading(level: u8, text: String, class: &'static str) -> AnyView {
    match level {
        1 => view! { <h1 class=class>{text}</h1> }.into_any(),
        2 => view! { <h2 class=class>{text}</h2> }.into_any(),
        _ => view! { <h3 class=class>{text}</h3> }.into_any(),
    }
}

/// Something went wrong: what happened, what became of the work, the way on, and the id to quote.
#[component]
pub fn ErrorState(
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    #[prop(optional, into)] request_id: Option<String>,
    /// Tries again. Without it and `retry_href` there is nothing to press.
    #[prop(optional, into)]
    on_retry: Option<Callback<()>>,
    /// Tries again by loading this address: works without script.
    #[prop(optional, into)]
    retry_href: Option<String>,
    /// Another way on: back to the list.
    #[prop(optional, into)]
    action: ViewFn,
    #[prop(default = 3)] level: u8,
    #[prop(optional)] bare: bool,
) -> impl IntoView {
    let retry = match (on_retry, retry_href) {
        (Some(on_retry), _) => {
            view! { <Button icon=Glyph::RotateCw on_click=move |_| on_retry.run(())>"Try again"</Button> }.into_any()
        }
        (None, Some(href)) => view! { <Button icon=Glyph::RotateCw href>"Try again"</Button> }.into_any(),
        (None, None) => ().into_any(),
    };
    let frame = if bare { "" } else { "rounded-lg border border-border bg-surface" };
    view! {
        <div
            data-ui="error-state"
            role="alert"
            class=cx(&["grid content-center justify-items-center px-5 py-10 text-center", frame])
        >
            {icon(Glyph::StFailed, "size-5 text-danger-solid")}
            {heading(level, title, "mt-3 text-md font-semibold")}
            <p class="mt-1 max-w-xs text-muted">{text}</p>
            {request_id.map(|id| view! { <p class="mt-3 font-mono text-xs text-subtle">{id}</p> })}
            <div class="mt-4 flex flex-wrap justify-center gap-2 empty:hidden">{retry} {action.run()}</div>
        </div>
    }
    .into_any()
}

/// What holds for the whole page. It pushes the content down and never covers it.
#[component]
pub fn Banner(
    #[prop(default = Tone::Info)] tone: Tone,
    /// What is so, in one sentence.
    #[prop(into)]
    title: String,
    /// What it costs.
    #[prop(optional, into)]
    text: Option<String>,
    /// The one action.
    #[prop(optional, into)]
    action: ViewFn,
    #[prop(optional, into)] on_dismiss: Option<Callback<()>>,
    /// Stays at the top of the view while the page scrolls.
    #[prop(optional)]
    sticky: bool,
) -> impl IntoView {
    let colours = match tone {
        Tone::Neutral => "border-neutral-border bg-neutral-bg",
        Tone::Info => "border-accent-border bg-accent-bg",
        Tone::Success => "border-success-border bg-success-bg",
        Tone::Warning => "border-warning-border bg-warning-bg",
        Tone::Danger => "border-danger-border bg-danger-bg",
    };
    let glyph = if tone == Tone::Neutral { Glyph::StInfo } else { tone.glyph() };
    view! {
        <div
            data-ui="banner"
            role="status"
            class=cx(&[
                "flex flex-wrap items-start gap-x-3 gap-y-2.5 rounded-lg border px-3.5 py-2 text-text sm:items-center",
                colours,
                if sticky { "sticky top-0 z-20" } else { "" },
            ])
        >
            {icon(glyph, &cx(&["mt-0.5 size-4 sm:mt-0", tone.glyph_class()]))}
            // On phones the words share their line with the ✕ alone, and the action takes the next one.
            <div class="min-w-0 flex-1 sm:basis-60">
                <p class="py-1 text-base max-sm:py-0">
                    <strong class="font-semibold">{title}</strong>
                    {text.map(|text| view! { " " <span class="text-muted">{text}</span> })}
                </p>
            </div>
            <div class="flex shrink-0 items-center gap-2 empty:hidden max-sm:order-last max-sm:w-full max-sm:*:flex-1">
                {action.run()}
            </div>
            {on_dismiss
                .map(|on_dismiss| {
                    view! {
                        <IconButton
                            icon=Glyph::X
                            label="Dismiss"
                            size=ButtonSize::Small
                            variant=ButtonVariant::Ghost
                            class="max-sm:-my-2.5 max-sm:-mr-2.5"
                            on_click=move |_| on_dismiss.run(())
                        />
                    }
                })}
        </div>
    }
    .into_any()
}
