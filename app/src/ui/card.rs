//! Cards, sections and figures.

use super::class::cx;
use super::icon::{Mark, MarkSize, platform_mark};
use super::status::{Count, Status, StatusBadge, Tone};
use leptos::prelude::*;

/// A panel with an edge. Padding is the caller's: `p-4` for content, none for rows.
#[component]
pub fn Card(
    #[prop(optional, into)] class: String,
    /// Names the card as a region of its own.
    #[prop(optional, into)]
    label: Option<String>,
    children: Children,
) -> impl IntoView {
    let role = label.is_some().then_some("region");
    view! {
        <div data-ui="card" role=role aria-label=label class=cx(&["rounded-lg border border-border bg-surface", &class])>
            {children()}
        </div>
    }
    .into_any()
}

/// A page's heading with what stands at its right end.
#[component]
pub fn PageHeader(
    #[prop(into)] title: Signal<String>,
    /// Beside the title: a live mark, a status.
    #[prop(optional, into)]
    beside: ViewFn,
    /// Below the title, muted.
    #[prop(optional, into)]
    lead: Option<String>,
    /// At the right end. What says `data-fill` takes the whole width on a phone.
    #[prop(optional, into)]
    actions: ViewFn,
) -> impl IntoView {
    view! {
        <header data-ui="page-header" class="mb-6 flex flex-wrap items-center justify-between gap-x-4 gap-y-3">
            <div class="min-w-0">
                <div class="flex items-center gap-3">
                    <h1 class="truncate text-lg font-semibold max-sm:whitespace-normal">{move || title.get()}</h1>
                    {beside.run()}
                </div>
                {lead.map(|lead| view! { <p class="mt-0.5 text-sm text-muted">{lead}</p> })}
            </div>
            <div class="flex flex-wrap items-center gap-2 max-sm:has-data-fill:w-full">{actions.run()}</div>
        </header>
    }
    .into_any()
}

/// A titled part of a page: heading, count, and the way to all of it.
#[component]
pub fn Section(
    /// Id of the heading, which names the section.
    #[prop(into)]
    id: String,
    #[prop(into)] title: String,
    #[prop(optional, into)] count: MaybeProp<u64>,
    #[prop(optional)] count_tone: Tone,
    /// At the right end: a link to the whole, filters.
    #[prop(optional, into)]
    actions: ViewFn,
    #[prop(optional, into)] class: String,
    children: Children,
) -> impl IntoView {
    let heading_id = id.clone();
    view! {
        <section data-ui="section" aria-labelledby=id class=class>
            <div class="mb-3 flex min-h-7 flex-wrap items-center justify-between gap-x-4 gap-y-2">
                <div class="flex items-center gap-2">
                    <h2 id=heading_id class="text-base font-semibold">{title}</h2>
                    {move || count.get().map(|count| view! { <Count count tone=count_tone/> })}
                </div>
                <div class="flex flex-wrap items-center gap-2">{actions.run()}</div>
            </div>
            {children()}
        </section>
    }
    .into_any()
}

/// An account at a glance: whose, where, when last seen, status, and the one action the status calls for. The whole
/// card is one link; what stands in `menu` and `action` keeps its own clicks.
#[component]
pub fn AccountCard(
    mark: Mark,
    /// The client, or the account's own name.
    #[prop(into)]
    title: String,
    /// Where the card leads.
    #[prop(into)]
    href: String,
    /// The account's name or handle on the platform.
    #[prop(into)]
    detail: String,
    status: Status,
    /// In words for the label: "2 hours ago".
    #[prop(into)]
    synced_words: String,
    /// The same to be seen, usually a `RelativeTime`.
    #[prop(into)]
    synced: ViewFn,
    /// The one action the status calls for, or who has access.
    #[prop(optional, into)]
    action: ViewFn,
    /// Icon buttons in the corner.
    #[prop(optional, into)]
    menu: ViewFn,
    /// Icon buttons before `menu` that show on hover and focus (never on touch).
    #[prop(optional, into)]
    quick: ViewFn,
    /// Level of the heading: 3 below a section, 2 below the page's title.
    #[prop(default = 3)]
    level: u8,
) -> impl IntoView {
    let edge = match status.tone() {
        Tone::Warning => "border-warning-border",
        Tone::Danger => "border-danger-border",
        _ if matches!(status, Status::Disconnected) => "border-border-strong border-dashed",
        _ => "border-border",
    };
    let label = format!(
        "{} account for {title}, connection status {}, last synced {synced_words}",
        mark.name(),
        status.word().to_lowercase()
    );
    let (whole_title, whole_detail) = (title.clone(), detail.clone());
    let link = view! {
        <a
            href=href
            title=whole_title
            class="block truncate after:absolute after:inset-0 after:rounded-lg focus-visible:outline-none focus-visible:after:outline-3 focus-visible:after:outline-offset-2 focus-visible:after:outline-ring"
        >
            {title}
        </a>
    };
    let heading = if level == 2 {
        view! { <h2 class="text-base font-semibold">{link}</h2> }.into_any()
    } else {
        view! { <h3 class="text-base font-semibold">{link}</h3> }.into_any()
    };
    view! {
        <article
            data-ui="account-card"
            aria-label=label
            class=cx(&[
                "group relative flex h-full flex-col rounded-lg border bg-surface p-4 transition-colors duration-150 hover:border-border-strong hover:bg-hover",
                edge,
            ])
        >
            <div class="flex items-start gap-3">
                {platform_mark(mark, MarkSize::Medium)}
                <div class="min-w-0 flex-1">
                    {heading}
                    <p class="truncate text-sm text-muted">{mark.name()}</p>
                </div>
                <div class="relative z-10 -mt-1 -mr-1.5 flex">
                    <span class="absolute top-0 right-full flex rounded-md bg-hover opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 touch:hidden">
                        {quick.run()}
                    </span>
                    {menu.run()}
                </div>
            </div>
            <div class="mt-3 min-w-0">
                <p class="truncate text-sm" title=whole_detail>{detail}</p>
                <p class="text-xs text-muted">"Last synced " {synced.run()}</p>
            </div>
            <div class="mt-auto flex min-h-10 items-end pt-3 max-sm:-mb-1">
                <div class="flex min-h-7 w-full items-center justify-between gap-2">
                    <StatusBadge status/>
                    <div class="relative z-10 flex items-center">{action.run()}</div>
                </div>
            </div>
        </article>
    }
    .into_any()
}

/// One figure of a [`StatStrip`].
#[derive(Clone, Debug, PartialEq)]
pub struct Stat {
    pub figure: String,
    pub label: String,
    /// Gives the figure a glyph of this tone.
    pub tone: Option<Tone>,
    /// Makes the cell a link.
    pub href: Option<String>,
    /// How it went, drawn at the right.
    pub spark: Option<(Vec<f64>, Tone)>,
}

impl Stat {
    pub fn new(figure: impl ToString, label: impl Into<String>) -> Self {
        Self { figure: figure.to_string(), label: label.into(), tone: None, href: None, spark: None }
    }

    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = Some(tone);
        self
    }

    #[must_use]
    pub fn href(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }

    #[must_use]
    pub fn spark(mut self, points: Vec<f64>, tone: Tone) -> Self {
        self.spark = Some((points, tone));
        self
    }
}

/// A page's summary: figures side by side in one frame.
#[component]
pub fn StatStrip(
    #[prop(into)] label: String,
    #[prop(into)] stats: Signal<Vec<Stat>>,
    /// After the figures: a plan's meter.
    #[prop(optional, into)]
    after: ViewFn,
) -> impl IntoView {
    view! {
        <ul
            data-ui="stat-strip"
            aria-label=label
            class=move || {
                // More than three are pairs on a phone, an odd one out the whole width.
                let phone = if stats.read().len() > 3 {
                    "max-sm:grid-cols-2 max-sm:[&>li:nth-last-child(2):nth-child(odd)]:col-span-2"
                } else {
                    "max-sm:grid-cols-[repeat(auto-fit,minmax(6.5rem,1fr))]"
                };
                cx(&[
                    "grid auto-cols-fr overflow-hidden rounded-lg border border-border bg-surface sm:max-xl:grid-cols-[repeat(auto-fit,minmax(6.5rem,1fr))] xl:grid-flow-col",
                    phone,
                ])
            }
        >
            {move || stats.get().into_iter().map(stat_cell).collect_view()}
            <li class="min-w-0 border-border px-3 py-3 empty:hidden max-xl:col-span-full max-xl:border-t sm:px-4 xl:border-l">
                {after.run()}
            </li>
        </ul>
    }
    .into_any()
}

fn stat_cell(stat: Stat) -> AnyView {
    const CELL: &str = "flex h-full items-end px-3 py-3 -outline-offset-3 sm:px-4";
    let glyph = stat.tone.map(|tone| super::icon::icon(tone.glyph(), &cx(&["size-4", tone.glyph_class()])));
    let course = stat.spark.map(|(points, tone)| {
        view! {
            <span class="max-sm:hidden lg:max-xl:hidden">
                <super::chart::Sparkline points tone/>
            </span>
        }
    });
    let content = view! {
        <span class="grid w-full min-w-0 gap-0.5">
            <span class="flex items-end justify-between gap-2">
                <span class="flex items-center gap-2">
                    {glyph}
                    <span class="text-xl font-semibold tabular-nums">{stat.figure}</span>
                </span>
                {course}
            </span>
            <span class="truncate text-xs text-muted sm:text-sm">{stat.label}</span>
        </span>
    };
    let cell = match stat.href {
        Some(href) => view! { <a href=href class=cx(&[CELL, "hover:bg-hover"])>{content}</a> }.into_any(),
        None => view! { <div class=CELL>{content}</div> }.into_any(),
    };
    view! { <li class="-mt-px -ml-px min-w-0 border-t border-l border-border">{cell}</li> }.into_any()
}

/// A figure with its course and how it changed. Where a page has a strip, use that.
#[component]
pub fn StatTile(
    #[prop(into)] label: String,
    #[prop(into)] figure: String,
    /// Beside the figure: a sparkline, a glyph.
    #[prop(optional, into)]
    chart: ViewFn,
    /// Below: what changed.
    #[prop(optional, into)]
    change: Option<String>,
    #[prop(optional)] change_tone: Tone,
    #[prop(optional, into)] change_icon: Option<super::icon::Glyph>,
) -> impl IntoView {
    view! {
        <div data-ui="stat-tile" class="rounded-lg border border-border bg-surface p-4">
            <p class="text-sm text-muted">{label}</p>
            <div class="mt-1 flex items-end justify-between gap-3">
                <p class="text-xl font-semibold tabular-nums">{figure}</p>
                {chart.run()}
            </div>
            {change
                .map(|change| {
                    view! {
                        <p class=cx(&["mt-1.5 flex items-center gap-1 text-xs", change_tone.text()])>
                            {change_icon.map(|glyph| super::icon::icon(glyph, "size-3.5"))}
                            {change}
                        </p>
                    }
                })}
        </div>
    }
    .into_any()
}
