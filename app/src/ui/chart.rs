//! Charts, drawn on the server as plain SVG: flat lines on a quiet grid, no library, no script.
//!
//! Each carries a sentence for those who cannot see it and a table of its figures. The lead series is ice blue,
//! exceptions amber, comparison dashed.

use super::status::{Tone, grouped};
use leptos::prelude::*;
use std::fmt::Write as _;

/// A figure's course, as a line of 96 × 32 px. Decorative: the figure and its change stand beside it.
#[component]
pub fn Sparkline(points: Vec<f64>, #[prop(default = Tone::Info)] tone: Tone) -> impl IntoView {
    let colour = match tone {
        Tone::Info => "var(--chart-2)",
        Tone::Success => "var(--success-solid)",
        Tone::Warning => "var(--warning-solid)",
        Tone::Danger => "var(--danger-solid)",
        Tone::Neutral => "var(--chart-5)",
    };
    let (line, end) = spark(&points);
    view! {
        <svg data-ui="sparkline" viewBox="0 0 96 32" class="h-8 w-24 shrink-0" aria-hidden="true">
            <polyline
                points=line
                fill="none"
                stroke=colour
                stroke-width="1.5"
                stroke-linecap="round"
                stroke-linejoin="round"
            ></polyline>
            {end.map(|(x, y)| view! { <circle cx=px(x) cy=px(y) r="2.2" fill=colour></circle> })}
        </svg>
    }
    .into_any()
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// Count as a coordinate.
#[expect(clippy::cast_precision_loss, reason = "a chart holds a few hundred points")]
fn at(i: usize) -> f64 {
    i as f64
}

fn polyline(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut line = String::new();
    for (x, y) in points {
        let gap = if line.is_empty() { "" } else { " " };
        let _infallible = write!(line, "{gap}{x:.1},{y:.1}");
    }
    line
}

fn spark(points: &[f64]) -> (String, Option<(f64, f64)>) {
    let (low, high) = points.iter().fold((f64::MAX, f64::MIN), |(low, high), p| (low.min(*p), high.max(*p)));
    let span = if high > low { high - low } else { 1.0 };
    let step = 90.0 / at(points.len().saturating_sub(1)).max(1.0);
    let place =
        |(i, p): (usize, &f64)| (3.0 + at(i) * step, if high > low { 29.0 - (p - low) / span * 26.0 } else { 16.0 });
    (polyline(points.iter().enumerate().map(place)), points.iter().enumerate().next_back().map(place))
}

/// Which part a series plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesRole {
    Lead,
    Second,
    Third,
    /// What needs a look.
    Exception,
    /// Dashed, behind the others.
    Comparison,
}

impl SeriesRole {
    const fn colour(self) -> &'static str {
        match self {
            Self::Lead => "var(--chart-2)",
            Self::Second => "var(--chart-1)",
            Self::Third => "var(--chart-3)",
            Self::Exception => "var(--chart-4)",
            Self::Comparison => "var(--chart-5)",
        }
    }
}

/// One line, or one part of each bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub name: String,
    pub role: SeriesRole,
    /// One per label, in order.
    pub points: Vec<f64>,
}

/// The axis' ticks from 0: four to five round steps that hold the highest value.
fn ticks(high: f64) -> Vec<f64> {
    if high <= 0.0 {
        return vec![0.0, 1.0];
    }
    let raw = high / 4.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|n| n * power).find(|step| *step >= raw).unwrap_or(10.0 * power);
    let mut ticks = vec![0.0];
    while ticks.last().is_some_and(|last| *last < high) {
        ticks.push(step * at(ticks.len()));
    }
    ticks
}

const LEFT: f64 = 36.0;
const RIGHT: f64 = 632.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 196.0;

fn figure(n: f64) -> String {
    if n.fract().abs() < f64::EPSILON && n >= 0.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole, positive tick")]
        grouped(n as u64)
    } else {
        format!("{n:.1}")
    }
}

fn grid(ticks: &[f64]) -> AnyView {
    let high = ticks.last().copied().unwrap_or(1.0);
    ticks
        .iter()
        .map(|tick| {
            let y = BOTTOM - tick / high * (BOTTOM - TOP);
            view! {
                <line x1=LEFT x2=RIGHT y1=px(y) y2=px(y) stroke="var(--chart-grid)"></line>
                <text x="28" y=px(y + 4.0) text-anchor="end">{figure(*tick)}</text>
            }
        })
        .collect_view()
        .into_any()
}

fn frame(
    title: String,
    sentence: String,
    note: Option<String>,
    labels: Vec<String>,
    series: Vec<Series>,
    plot: AnyView,
) -> AnyView {
    let legend = series
        .iter()
        .map(|one| {
            let dash = (one.role == SeriesRole::Comparison).then_some("4 3");
            view! {
                <li class="flex items-center gap-1.5">
                    <svg viewBox="0 0 16 8" class="h-2 w-4" aria-hidden="true">
                        <line x1="1" x2="15" y1="4" y2="4" stroke=one.role.colour() stroke-width="2.5" stroke-dasharray=dash></line>
                    </svg>
                    {one.name.clone()}
                </li>
            }
        })
        .collect_view();
    let heads = series.iter().map(|one| view! { <th scope="col">{one.name.clone()}</th> }).collect_view();
    let rows = labels
        .into_iter()
        .enumerate()
        .map(|(i, label)| {
            let cells =
                series.iter().map(|one| view! { <td>{one.points.get(i).map(|p| figure(*p))}</td> }).collect_view();
            view! { <tr><th scope="row">{label}</th>{cells}</tr> }
        })
        .collect_view();
    let caption = title.clone();
    view! {
        <figure data-ui="chart" class="relative rounded-lg border border-border bg-surface p-4">
            <figcaption class="mb-3 flex flex-wrap items-baseline justify-between gap-2">
                <span class="font-medium">{title}</span>
                <ul class="flex flex-wrap gap-x-4 gap-y-1 text-sm text-muted">{legend}</ul>
            </figcaption>
            <svg
                viewBox="0 0 640 220"
                class="w-full fill-[var(--muted)] font-sans text-xs tabular-nums"
                role="img"
                aria-label=sentence
            >
                {plot}
            </svg>
            {note.map(|note| view! { <p class="mt-2 text-xs text-subtle">{note}</p> })}
            <table class="sr-only">
                <caption>{caption}</caption>
                <thead><tr><th scope="col">"When"</th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </figure>
    }
    .into_any()
}

/// How figures move over time.
#[component]
pub fn LineChart(
    #[prop(into)] title: String,
    /// What it shows, in a sentence, for those who cannot see it.
    #[prop(into)]
    sentence: String,
    /// Below: the unit, where the figures come from.
    #[prop(optional, into)]
    note: Option<String>,
    /// One per point; every third or so is written.
    labels: Vec<String>,
    /// Later ones are drawn above earlier ones.
    series: Vec<Series>,
) -> impl IntoView {
    let count = labels.len();
    let high = series.iter().flat_map(|one| one.points.iter()).fold(0.0_f64, |high, p| high.max(*p));
    let ticks = ticks(high);
    let top = ticks.last().copied().unwrap_or(1.0);
    let step = (RIGHT - LEFT) / at(count.saturating_sub(1)).max(1.0);
    let place = move |i: usize, p: f64| (LEFT + at(i) * step, BOTTOM - p / top * (BOTTOM - TOP));
    let every = count.div_ceil(7).max(1);
    let words = labels
        .iter()
        .enumerate()
        .filter(|(i, _)| *i + 1 == count || (i % every == 0 && i + every < count))
        .map(|(i, label)| {
            let anchor = if i == 0 {
                "start"
            } else if i + 1 == count {
                "end"
            } else {
                "middle"
            };
            view! { <text x=px(LEFT + at(i) * step) y="214" text-anchor=anchor>{label.clone()}</text> }
        })
        .collect_view();
    let mut order: Vec<&Series> = series.iter().collect();
    order.sort_by_key(|one| match one.role {
        SeriesRole::Comparison => 0,
        SeriesRole::Lead => 2,
        _ => 1,
    });
    let lines = order
        .into_iter()
        .map(|one| {
            let colour = one.role.colour();
            let dash = (one.role == SeriesRole::Comparison).then_some("5 4");
            let line = polyline(one.points.iter().enumerate().map(|(i, p)| place(i, *p)));
            let end = one.points.iter().enumerate().next_back().map(|(i, p)| place(i, *p));
            view! {
                <polyline
                    points=line
                    fill="none"
                    stroke=colour
                    stroke-width="2"
                    stroke-linejoin="round"
                    stroke-linecap="round"
                    stroke-dasharray=dash
                ></polyline>
                {end
                    .map(|(x, y)| {
                        view! {
                            <circle cx=px(x) cy=px(y) r="3.5" fill=colour stroke="var(--surface)" stroke-width="2"></circle>
                        }
                    })}
            }
        })
        .collect_view();
    let plot = view! {
        {grid(&ticks)}
        {words}
        {lines}
    }
    .into_any();
    frame(title, sentence, note, labels, series, plot)
}

/// How many, per day or per thing, parts stacked.
#[component]
pub fn BarChart(
    #[prop(into)] title: String,
    #[prop(into)] sentence: String,
    #[prop(optional, into)] note: Option<String>,
    labels: Vec<String>,
    /// From the bottom up.
    series: Vec<Series>,
) -> impl IntoView {
    let sum = |i: usize| series.iter().filter_map(|one| one.points.get(i)).sum::<f64>();
    let high = (0..labels.len()).map(sum).fold(0.0_f64, f64::max);
    let ticks = ticks(high);
    let top = ticks.last().copied().unwrap_or(1.0);
    let slot = (RIGHT - LEFT) / at(labels.len()).max(1.0);
    let width = slot * 0.56;
    let bars = labels
        .iter()
        .enumerate()
        .map(|(i, label)| {
            let middle = LEFT + slot * (at(i) + 0.5);
            let mut floor = BOTTOM;
            let parts = series
                .iter()
                .filter_map(|one| one.points.get(i).map(|p| (one.role.colour(), *p)))
                .map(|(colour, p)| {
                    let gap = if floor < BOTTOM { 2.0 } else { 0.0 };
                    let height = p / top * (BOTTOM - TOP);
                    let y = floor - gap - height;
                    floor = y;
                    view! {
                        <rect x=px(middle - width / 2.0) y=px(y) width=px(width) height=px(height) rx="2" fill=colour></rect>
                    }
                })
                .collect_view();
            view! {
                {parts}
                <text x=px(middle) y="214" text-anchor="middle">{label.clone()}</text>
            }
        })
        .collect_view();
    let plot = view! {
        {grid(&ticks)}
        {bars}
    }
    .into_any();
    frame(title, sentence, note, labels, series, plot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_the_highest() {
        assert_eq!(ticks(341.0), [0.0, 100.0, 200.0, 300.0, 400.0]);
        assert_eq!(ticks(178.0), [0.0, 50.0, 100.0, 150.0, 200.0]);
        assert_eq!(ticks(0.0), [0.0, 1.0]);
        for high in [1.0, 3.0, 7.0, 12.0, 99.0, 101.0, 4_321.0, 98_765.0] {
            let ticks = ticks(high);
            assert!(ticks.last().is_some_and(|last| *last >= high), "{high}: {ticks:?}");
            assert!((4..=6).contains(&ticks.len()), "{high}: {ticks:?}");
        }
    }

    #[test]
    fn a_spark_of_nothing_and_of_one_value() {
        assert_eq!(spark(&[]), (String::new(), None));
        assert_eq!(spark(&[5.0, 5.0]).0, "3.0,16.0 93.0,16.0");
        assert_eq!(spark(&[0.0, 10.0]).0, "3.0,29.0 93.0,3.0");
    }
}
