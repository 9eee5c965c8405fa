//! How far, how full, which step.

use super::class::cx;
use super::icon::{Glyph, icon};
use leptos::prelude::*;

/// A bar: how far something is, or how much of a limit is used. Amber from nine tenths of a limit on, red beyond it.
#[component]
pub fn Progress(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] value: Signal<f64>,
    #[prop(into)] max: Signal<f64>,
    /// A limit: fullness is a warning.
    #[prop(optional)]
    limit: bool,
    /// 4 px instead of 6: below counters.
    #[prop(optional)]
    thin: bool,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let share = move || share(value.get(), max.get());
    view! {
        <div
            data-ui="progress"
            role="progressbar"
            aria-label=move || label.get()
            aria-valuenow=move || format!("{:.0}", share().min(1.0) * 100.0)
            aria-valuemin="0"
            aria-valuemax="100"
            class=cx(&["overflow-hidden rounded-full bg-neutral-bg forced-colors:outline", if thin { "h-1" } else { "h-1.5" }, &class])
        >
            <div
                class=move || cx(&["h-full rounded-full forced-colors:bg-[Highlight] forced-colors:forced-color-adjust-none", fill(share(), limit)])
                style:width=move || format!("{:.1}%", share().min(1.0) * 100.0)
            ></div>
        </div>
    }
    .into_any()
}

fn share(value: f64, max: f64) -> f64 {
    if max > 0.0 { (value / max).max(0.0) } else { 0.0 }
}

fn fill(share: f64, limit: bool) -> &'static str {
    if limit && share > 1.0 {
        "bg-danger-solid"
    } else if limit && share >= 0.9 {
        "bg-warning-solid"
    } else {
        "bg-accent"
    }
}

/// Characters used of a platform's limit: "133 / 280" over its bar.
#[component]
pub fn LimitMeter(
    /// Platform or field.
    #[prop(into)]
    label: String,
    #[prop(into)] used: Signal<u64>,
    #[prop(into)] max: Signal<u64>,
    /// Before the figures: a mark.
    #[prop(optional, into)]
    before: ViewFn,
) -> impl IntoView {
    let over = Memo::new(move |_| used.get() > max.get());
    #[expect(clippy::cast_precision_loss, reason = "lengths of posts are far below 2^52")]
    let (value, top) = (Signal::derive(move || used.get() as f64), Signal::derive(move || max.get() as f64));
    let spoken = label.clone();
    view! {
        <div data-ui="limit-meter" class="min-w-0">
            <p class="flex items-center gap-1.5 text-xs whitespace-nowrap text-muted tabular-nums">
                {before.run()}
                <span class=move || if over.get() { "font-medium text-danger" } else { "text-text" }>
                    {move || super::status::grouped(used.get())}
                </span>
                <span class="max-sm:hidden lg:max-xl:hidden">{move || format!("/ {}", super::status::grouped(max.get()))}</span>
                <span class="contents" hidden=move || !over.get()>
                    {icon(Glyph::StFailed, "size-3.5 text-danger-solid")}
                    <span class="sr-only">"too long"</span>
                </span>
            </p>
            <Progress
                label=Signal::derive(move || format!("{spoken}: {} of {} characters", used.get(), max.get()))
                value
                max=top
                limit=true
                thin=true
                class="mt-1.5"
            />
        </div>
    }
    .into_any()
}

/// One part of a [`ShareBar`]: how many, and the colour of its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    pub count: u64,
    pub tone: super::status::Tone,
}

/// How a whole falls apart by status, as one thin line below a summary that says the same in figures.
#[component]
pub fn ShareBar(#[prop(into)] shares: Signal<Vec<Share>>) -> impl IntoView {
    view! {
        <div data-ui="share-bar" class="mt-2 flex h-1 gap-0.5" aria-hidden="true">
            {move || {
                shares
                    .get()
                    .into_iter()
                    .filter(|share| share.count > 0)
                    .map(|share| {
                        view! {
                            <span class=cx(&["min-w-1 rounded-full", solid(share.tone)]) style:flex-grow=share.count.to_string()></span>
                        }
                    })
                    .collect_view()
            }}
        </div>
    }
    .into_any()
}

/// How several things stand, one equal part for each: the accounts that a post goes to. The words stand beside it.
#[component]
pub fn SegmentBar(#[prop(into)] segments: Signal<Vec<super::status::Tone>>) -> impl IntoView {
    view! {
        <div data-ui="segment-bar" class="flex h-1.5 gap-1" aria-hidden="true">
            {move || {
                segments
                    .get()
                    .into_iter()
                    .map(|tone| view! { <span class=cx(&["flex-1 rounded-full", solid(tone)])></span> })
                    .collect_view()
            }}
        </div>
    }
    .into_any()
}

fn solid(tone: super::status::Tone) -> &'static str {
    match tone {
        super::status::Tone::Success => "bg-success-solid",
        super::status::Tone::Warning => "bg-warning-solid",
        super::status::Tone::Danger => "bg-danger-solid",
        super::status::Tone::Info => "bg-accent",
        super::status::Tone::Neutral => "bg-border-strong",
    }
}

/// What is left of a countdown, as a ring: the undo window. Decorative; the words say the same.
#[component]
pub fn Ring(
    /// From 0 to 1.
    #[prop(into)]
    share: Signal<f64>,
    /// Inside: the seconds left.
    #[prop(optional, into)]
    figure: MaybeProp<String>,
    /// 32 px instead of 44.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    const ROUND: f64 = 94.2;
    view! {
        <span
            data-ui="ring"
            class=cx(&["relative inline-grid place-items-center", if small { "size-8" } else { "size-11" }])
            aria-hidden="true"
        >
            <svg viewBox="0 0 36 36" class="absolute inset-0 size-full -rotate-90">
                <circle cx="18" cy="18" r="15" fill="none" stroke="var(--border)" stroke-width="3"></circle>
                <circle
                    cx="18"
                    cy="18"
                    r="15"
                    fill="none"
                    stroke="var(--accent)"
                    stroke-width="3"
                    stroke-linecap="round"
                    stroke-dasharray=move || format!("{:.1} {ROUND}", share.get().clamp(0.0, 1.0) * ROUND)
                ></circle>
            </svg>
            {move || figure.get().map(|text| view! { <span class="text-sm font-semibold tabular-nums">{text}</span> })}
        </span>
    }
    .into_any()
}

/// Steps of a way with an end, the current one named.
#[component]
pub fn Stepper(
    steps: Vec<String>,
    /// The step one is at, counted from 0.
    #[prop(into)]
    current: Signal<usize>,
) -> impl IntoView {
    let last = steps.len().saturating_sub(1);
    view! {
        <ol data-ui="stepper" class="flex items-center gap-2">
            {move || {
                let current = current.get();
                steps.iter().enumerate().map(|(i, step)| stepper_step(i, step, current, last)).collect_view()
            }}
        </ol>
    }
    .into_any()
}

fn stepper_step(i: usize, step: &str, current: usize, last: usize) -> AnyView {
    let (done, here) = (i < current, i == current);
    let (dot, word) = if done {
        ("bg-success-bg text-success", "text-muted max-sm:sr-only")
    } else if here {
        ("bg-primary text-on-primary", "font-medium text-text")
    } else {
        ("border border-border-strong text-muted", "text-muted max-sm:sr-only")
    };
    let mark = if done {
        view! {
            {icon(Glyph::CheckMedium, "size-3.5")}
            <span class="sr-only">"Done: "</span>
        }
        .into_any()
    } else {
        (i + 1).into_any()
    };
    view! {
        <li
            class=cx(&["flex min-w-0 items-center gap-2", if i < last { "flex-auto" } else { "" }])
            aria-current=here.then_some("step")
        >
            <span class=cx(&["grid size-6 shrink-0 place-items-center rounded-full text-xs font-semibold tabular-nums", dot])>
                {mark}
            </span>
            <span class=cx(&["truncate text-sm", word])>{step.to_owned()}</span>
            {(i < last).then(|| view! { <span class="h-px min-w-3 flex-1 bg-border-strong" aria-hidden="true"></span> })}
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_warns_and_then_refuses() {
        assert_eq!(fill(share(133.0, 280.0), true), "bg-accent");
        assert_eq!(fill(share(252.0, 280.0), true), "bg-warning-solid");
        assert_eq!(fill(share(280.0, 280.0), true), "bg-warning-solid");
        assert_eq!(fill(share(281.0, 280.0), true), "bg-danger-solid");
        assert_eq!(fill(share(281.0, 280.0), false), "bg-accent");
        assert!(share(1.0, 0.0).abs() < f64::EPSILON);
    }
}
