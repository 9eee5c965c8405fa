//! Tables of dense rows, and lists of named details.

use super::class::cx;
use super::icon::{Glyph, icon};
use leptos::prelude::*;

/// A table in its frame, which scrolls sideways by touch or keyboard when the view is too narrow. Rows come as
/// children: `<thead>` of [`Th`], `<tbody>` of [`Tr`] with [`Td`] or plain cells.
#[component]
pub fn Table(
    /// Names the region: "Accounts".
    #[prop(into)]
    label: String,
    /// Least width before it scrolls, as a class: `min-w-[52rem]`.
    #[prop(default = "min-w-[44rem]")]
    min_width: &'static str,
    /// Without the frame, inside a card of the page's own.
    #[prop(optional)]
    bare: bool,
    children: Children,
) -> impl IntoView {
    let frame = if bare { "" } else { "rounded-lg border border-border bg-surface" };
    view! {
        <div class=cx(&["relative overflow-x-auto", frame]) tabindex="0" role="region" aria-label=label>
            <table data-ui="table" class=cx(&["w-full text-left", min_width])>{children()}</table>
        </div>
    }
    .into_any()
}

/// Which way a column is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    None,
    Ascending,
    Descending,
}

/// A column's head. With `href` it sorts: the order lives in the URL.
#[component]
pub fn Th(
    #[prop(into)] label: String,
    /// For screen readers only (the columns of checkboxes and actions).
    #[prop(optional)]
    hidden: bool,
    /// Numbers stand at the right.
    #[prop(optional)]
    numeric: bool,
    #[prop(optional, into)] href: Option<String>,
    #[prop(default = Sort::None)] sort: Sort,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let class = cx(&[
        "h-9 px-3 text-xs font-medium whitespace-nowrap text-muted",
        if numeric { "text-right" } else { "" },
        &class,
    ]);
    if hidden {
        return view! { <th scope="col" class=class><span class="sr-only">{label}</span></th> }.into_any();
    }
    let Some(href) = href else {
        return view! { <th scope="col" class=class>{label}</th> }.into_any();
    };
    let (aria, glyph, strong) = match sort {
        Sort::None => ("none", Glyph::ChevronsUpDown, ""),
        Sort::Ascending => ("ascending", Glyph::ArrowUp, "text-text"),
        Sort::Descending => ("descending", Glyph::ArrowDown, "text-text"),
    };
    view! {
        <th scope="col" class=class aria-sort=aria>
            <a
                href=href
                class=cx(&["inline-flex items-center gap-1 font-medium hover:text-text touch:min-h-11", strong])
            >
                {label}
                {icon(glyph, "size-3.5")}
            </a>
        </th>
    }
    .into_any()
}

/// The head's row.
#[component]
pub fn Thead(children: Children) -> impl IntoView {
    view! { <thead class="border-b border-border"><tr>{children()}</tr></thead> }.into_any()
}

/// A row, 44 px high at least.
#[component]
pub fn Tr(
    #[prop(optional, into)] selected: Signal<bool>,
    #[prop(optional, into)] class: String,
    children: Children,
) -> impl IntoView {
    view! {
        <tr
            class=move || {
                let ground = if selected.get() { "bg-selected" } else { "hover:bg-hover" };
                cx(&["border-t border-border first:border-t-0", ground, &class])
            }
            aria-selected=move || selected.get().then_some("true")
        >
            {children()}
        </tr>
    }
    .into_any()
}

/// A cell. `muted` for what is secondary, `numeric` for figures.
#[component]
pub fn Td(
    #[prop(optional)] numeric: bool,
    #[prop(optional)] muted: bool,
    #[prop(optional, into)] class: String,
    children: Children,
) -> impl IntoView {
    let class = cx(&[
        "h-11 px-3",
        if numeric { "text-right tabular-nums" } else { "" },
        if muted { "text-sm text-muted" } else { "" },
        &class,
    ]);
    view! { <td class=class>{children()}</td> }.into_any()
}

/// Named details, names at the left. Children are [`Detail`]s.
#[component]
pub fn DescriptionList(
    /// Width of the names, as a grid class.
    #[prop(default = "grid-cols-[7rem_minmax(0,1fr)]")]
    columns: &'static str,
    children: Children,
) -> impl IntoView {
    view! { <dl data-ui="description-list" class=cx(&["grid items-baseline gap-x-4 gap-y-1.5 text-sm", columns])>{children()}</dl> }
        .into_any()
}

/// One detail: `mono` for ids and codes.
#[component]
pub fn Detail(#[prop(into)] label: String, #[prop(optional)] mono: bool, children: Children) -> impl IntoView {
    let class = if mono { "min-w-0 truncate font-mono text-xs leading-5" } else { "min-w-0" };
    view! {
        <dt class="text-muted">{label}</dt>
        <dd class=class>{children()}</dd>
    }
    .into_any()
}
