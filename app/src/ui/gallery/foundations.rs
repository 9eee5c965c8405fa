//! Colour, type, icons.

use super::{column, section};
use crate::ui::{Glyph, icon};
use leptos::prelude::*;

const GROUNDS: &[(&str, &str, &str)] = &[
    ("background", "page frame", "bg-background"),
    ("surface", "panels, cards", "bg-surface"),
    ("raised", "what floats", "bg-raised"),
    ("sunken", "wells, tracks", "bg-sunken"),
    ("hover", "row and ghost hover", "bg-hover"),
    ("selected", "chosen row, tab, chip", "bg-selected"),
    ("border", "hairline", "bg-border"),
    ("border-strong", "control outline", "bg-border-strong"),
    ("field", "form edge, 3:1", "bg-field"),
];
const TEXTS: &[(&str, &str, &str)] = &[
    ("text", "body and titles", "bg-text"),
    ("muted", "secondary", "bg-muted"),
    ("subtle", "placeholder, least", "bg-subtle"),
    ("brand", "navy ground", "bg-brand"),
    ("primary", "the one main action", "bg-primary"),
    ("accent", "marks, progress", "bg-accent"),
    ("accent-strong", "links, icons", "bg-accent-strong"),
    ("accent-bg", "info tint", "bg-accent-bg"),
    ("ring", "focus, 4:1", "bg-ring"),
];
const STATUS: &[(&str, &str, &str)] = &[
    ("success-solid", "glyph", "bg-success-solid"),
    ("success-bg", "tint", "bg-success-bg"),
    ("warning-solid", "glyph", "bg-warning-solid"),
    ("warning-bg", "tint", "bg-warning-bg"),
    ("danger-solid", "glyph, danger button", "bg-danger-solid"),
    ("danger-bg", "tint", "bg-danger-bg"),
    ("neutral-solid", "glyph", "bg-neutral-solid"),
    ("neutral-bg", "tint, track", "bg-neutral-bg"),
];
const CHARTS: &[(&str, &str, &str)] = &[
    ("chart-1", "first series", "bg-chart-1"),
    ("chart-2", "lead series", "bg-chart-2"),
    ("chart-3", "third", "bg-chart-3"),
    ("chart-4", "exceptions", "bg-chart-4"),
    ("chart-5", "comparison", "bg-chart-5"),
    ("chart-grid", "grid lines", "bg-chart-grid"),
];

fn swatches(title: &'static str, rows: &'static [(&str, &str, &str)]) -> AnyView {
    let items = rows
        .iter()
        .map(|(name, use_, class)| {
            view! {
                <li class="flex items-center gap-3">
                    <span class=format!("size-9 shrink-0 rounded-lg border border-border-strong {class}")></span>
                    <span class="min-w-0">
                        <span class="block truncate text-sm font-medium">{*name}</span>
                        <span class="block truncate text-xs text-muted">{*use_}</span>
                    </span>
                </li>
            }
        })
        .collect_view();
    column(title, view! { <ul class="grid gap-2.5">{items}</ul> }.into_any())
}

pub(super) fn colour() -> AnyView {
    section(
        "colour",
        "Semantic names only. A page never names a hue.",
        view! {
            <div class="grid gap-6 md:grid-cols-2 xl:grid-cols-4">
                {swatches("Grounds and lines", GROUNDS)} {swatches("Text and brand", TEXTS)}
                {swatches("Status", STATUS)} {swatches("Charts", CHARTS)}
            </div>
        }
        .into_any(),
    )
}

const SCALE: &[(&str, &str, &str, &str)] = &[
    ("text-3xl", "44/48", "text-3xl font-semibold", "Work on your clients’ accounts"),
    ("text-2xl", "32/40", "text-2xl font-semibold", "Who does what"),
    ("text-xl", "24/32", "text-xl font-semibold", "Figures and first screens"),
    ("text-lg", "20/28", "text-lg font-semibold", "Page title"),
    ("text-md", "16/24", "text-md", "Lead paragraph, dialog title"),
    ("text-base", "14/20", "text-base", "Body, controls, section title in semibold"),
    ("text-sm", "13/20", "text-sm", "Dense rows, help, secondary lines"),
    ("text-xs", "12/16", "text-xs", "Meta, badges, table heads"),
    ("font-mono text-xs", "12/16", "font-mono text-xs", "req_01JD3YB8K2W7"),
];

pub(super) fn type_scale() -> AnyView {
    let rows = SCALE
        .iter()
        .map(|(name, size, class, text)| {
            view! {
                <div class="grid items-baseline gap-x-6 sm:grid-cols-[11rem_minmax(0,1fr)]">
                    <dt class="text-xs text-muted">{*name} " " <span class="tabular-nums">{*size}</span></dt>
                    <dd class=format!("min-w-0 truncate {class}")>{*text}</dd>
                </div>
            }
        })
        .collect_view();
    section(
        "type",
        "Geist for text, Geist Mono for ids and technical detail. Figures are tabular wherever they can be compared.",
        view! { <dl class="grid gap-4">{rows}</dl> }.into_any(),
    )
}

pub(super) fn icons() -> AnyView {
    let items = Glyph::ALL
        .iter()
        .map(|glyph| {
            view! {
                <li class="grid size-8 place-items-center rounded-md text-muted hover:bg-hover hover:text-text" title=format!("{glyph:?}")>
                    {icon(*glyph, "size-4")}
                </li>
            }
        })
        .collect_view();
    section(
        "icons",
        "Painted by the stylesheet in the colour of the text around. Decorative: the word stands beside it or in the label.",
        view! { <ul class="flex flex-wrap gap-1">{items}</ul> }.into_any(),
    )
}
