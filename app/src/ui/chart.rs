//! Charts, drawn on the server as plain SVG and HTML: flat lines on a quiet grid, no library, no script.
//!
//! Each carries a sentence for those who cannot see it and a table of its figures. The lead series is ice blue,
//! exceptions amber, comparison dashed.

use super::class::cx;
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

fn figure(n: f64) -> String {
    if n.fract().abs() < f64::EPSILON && n >= 0.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole, positive tick")]
        grouped(n as u64)
    } else {
        format!("{n:.1}")
    }
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// A word of the time axis: where it stands (0 to 1), and whether narrow views leave it out.
struct AxisWord {
    word: String,
    at: f64,
    spare: bool,
}

/// Title, legend, plot, note, and the figures as a table.
///
/// The plot stretches to its frame, its lines keep their width, and the words around it are HTML: they stay 12 px on a
/// phone, where a scaled drawing would shrink them to five.
fn frame(chart: Chart, ticks: &[f64], marks: Vec<AxisWord>, plot: AnyView, over: AnyView) -> AnyView {
    let Chart { title, sentence, note, labels, series } = chart;
    let high = ticks.last().copied().unwrap_or(1.0);
    let legend = series
        .iter()
        .map(|one| {
            let dash = (one.role == SeriesRole::Comparison).then_some("4 3");
            view! {
                <li class="flex items-center gap-1.5">
                    <svg viewBox="0 0 16 8" class="h-2 w-4" aria-hidden="true">
                        <line
                            x1="1"
                            x2="15"
                            y1="4"
                            y2="4"
                            stroke=one.role.colour()
                            stroke-width="2.5"
                            stroke-dasharray=dash
                        ></line>
                    </svg>
                    {one.name.clone()}
                </li>
            }
        })
        .collect_view();
    let grid = ticks
        .iter()
        .map(|tick| {
            let top = percent(1.0 - tick / high);
            view! {
                <span class="absolute inset-x-0 h-px bg-chart-grid" style:top=top.clone()></span>
                <span class="absolute right-full mr-2 -translate-y-1/2" style:top=top>{figure(*tick)}</span>
            }
        })
        .collect_view();
    let words = marks
        .into_iter()
        .map(|mark| {
            // The outermost words end where the plot does.
            let place = if mark.at <= 0.0 {
                ""
            } else if mark.at >= 1.0 {
                "-translate-x-full"
            } else {
                "-translate-x-1/2"
            };
            let spare = if mark.spare { "max-sm:hidden" } else { "" };
            view! {
                <span class=cx(&["absolute top-full mt-1.5 whitespace-nowrap", place, spare]) style:left=percent(mark.at)>
                    {mark.word}
                </span>
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
            <figcaption class="mb-4 flex flex-wrap items-baseline justify-between gap-2">
                <span class="font-medium">{title}</span>
                <ul class="flex flex-wrap gap-x-4 gap-y-1 text-sm text-muted">{legend}</ul>
            </figcaption>
            <div role="img" aria-label=sentence class="pr-2 pb-7 pl-9 text-xs text-muted tabular-nums">
                <div class="relative h-45">
                    {grid}
                    <svg viewBox="0 0 100 100" preserveAspectRatio="none" class="absolute inset-0 size-full overflow-visible">
                        {plot}
                    </svg>
                    {over}
                    {words}
                </div>
            </div>
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

/// What every chart is given.
struct Chart {
    title: String,
    sentence: String,
    note: Option<String>,
    labels: Vec<String>,
    series: Vec<Series>,
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
    /// The lead is drawn above the others, comparison below.
    series: Vec<Series>,
) -> impl IntoView {
    let count = labels.len();
    let high = series.iter().flat_map(|one| one.points.iter()).fold(0.0_f64, |high, p| high.max(*p));
    let ticks = ticks(high);
    let top = ticks.last().copied().unwrap_or(1.0);
    let step = 1.0 / at(count.saturating_sub(1)).max(1.0);
    let place = |(i, p): (usize, &f64)| (at(i) * step, 1.0 - p / top);
    let every = count.div_ceil(7).max(1);
    let marks = labels
        .iter()
        .enumerate()
        .filter(|(i, _)| *i + 1 == count || (i % every == 0 && i + every < count))
        .map(|(i, label)| AxisWord {
            word: label.clone(),
            at: at(i) * step,
            spare: i + 1 != count && (i / every) % 2 == 1,
        })
        .collect();
    let mut order: Vec<&Series> = series.iter().collect();
    order.sort_by_key(|one| match one.role {
        SeriesRole::Comparison => 0,
        SeriesRole::Lead => 2,
        _ => 1,
    });
    let lines = order
        .iter()
        .map(|one| {
            let dash = (one.role == SeriesRole::Comparison).then_some("5 4");
            let line = polyline(one.points.iter().enumerate().map(place).map(|(x, y)| (x * 100.0, y * 100.0)));
            view! {
                <polyline
                    points=line
                    fill="none"
                    stroke=one.role.colour()
                    stroke-width="2"
                    stroke-linejoin="round"
                    stroke-linecap="round"
                    stroke-dasharray=dash
                    vector-effect="non-scaling-stroke"
                ></polyline>
            }
        })
        .collect_view();
    let ends = order
        .iter()
        .filter_map(|one| Some((one.role.colour(), one.points.iter().enumerate().next_back().map(place)?)))
        .map(|(colour, (x, y))| {
            view! {
                <span
                    class="absolute size-1.75 -translate-1/2 rounded-full ring-2 ring-surface"
                    style:left=percent(x)
                    style:top=percent(y)
                    style:background=colour
                ></span>
            }
        })
        .collect_view();
    let (lines, ends) = (lines.into_any(), ends.into_any());
    frame(Chart { title, sentence, note, labels, series }, &ticks, marks, lines, ends)
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
    let slot = 1.0 / at(labels.len()).max(1.0);
    let marks = labels
        .iter()
        .enumerate()
        .map(|(i, label)| AxisWord {
            word: label.clone(),
            at: slot * (at(i) + 0.5),
            spare: labels.len() > 7 && i % 2 == 1,
        })
        .collect();
    let bars = (0..labels.len())
        .map(|i| {
            let parts = series
                .iter()
                .filter_map(|one| one.points.get(i).map(|p| (one.role.colour(), *p)))
                .filter(|(_, p)| *p > 0.0)
                .map(|(colour, p)| {
                    view! {
                        <span class="min-h-0.5 rounded-xs" style:background=colour style:height=percent(p / top)></span>
                    }
                })
                .collect_view();
            view! {
                <span
                    class="absolute inset-y-0 flex flex-col-reverse gap-0.5"
                    style:left=percent(slot * (at(i) + 0.22))
                    style:width=percent(slot * 0.56)
                >
                    {parts}
                </span>
            }
        })
        .collect_view()
        .into_any();
    frame(Chart { title, sentence, note, labels, series }, &ticks, marks, ().into_any(), bars)
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
