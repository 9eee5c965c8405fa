//! Ways around: breadcrumbs, pages of a list, entries of the rail and the sheet.

use super::button::{ButtonSize, ButtonVariant, button_class};
use super::class::cx;
use super::icon::{Glyph, icon};
use super::status::grouped;
use leptos::prelude::*;

/// The way here; the last entry is this page.
#[component]
pub fn Breadcrumbs(
    /// Address and words; the last one's address is not used.
    crumbs: Vec<(String, String)>,
) -> impl IntoView {
    let last = crumbs.len().saturating_sub(1);
    let items = crumbs
        .into_iter()
        .enumerate()
        .map(|(i, (href, label))| {
            if i == last {
                let whole = label.clone();
                view! { <li aria-current="page" class="min-w-0 truncate font-medium text-text" title=whole>{label}</li> }
                    .into_any()
            } else {
                view! {
                    <li class="shrink-0">
                        <a href=href class="hover:text-text touch:inline-flex touch:min-h-11 touch:items-center">{label}</a>
                    </li>
                    <li aria-hidden="true">"/"</li>
                }
                .into_any()
            }
        })
        .collect_view();
    view! {
        <nav data-ui="breadcrumbs" aria-label="Breadcrumb" class="min-w-0">
            <ol class="flex min-w-0 items-center gap-1.5 text-sm text-muted">{items}</ol>
        </nav>
    }
    .into_any()
}

/// What stands between Previous and Next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A page, counted from 1.
    Page(u64),
    Gap,
}

/// The pages to offer: the first, the last, the current one and its neighbours, seven at most.
fn window(current: u64, last: u64) -> Vec<Step> {
    if last <= 7 {
        return (1..=last).map(Step::Page).collect();
    }
    let (from, to) = if current <= 3 {
        (2, 3)
    } else if current + 2 >= last {
        (last - 2, last - 1)
    } else {
        (current - 1, current + 1)
    };
    let mut steps = vec![Step::Page(1)];
    // A gap of one page is that page.
    if from == 3 {
        steps.push(Step::Page(2));
    } else if from > 3 {
        steps.push(Step::Gap);
    }
    steps.extend((from..=to).map(Step::Page));
    if to + 2 == last {
        steps.push(Step::Page(last - 1));
    } else if to + 2 < last {
        steps.push(Step::Gap);
    }
    steps.push(Step::Page(last));
    steps
}

/// `base` with its `offset` set: the other parameters stay, the first page has none.
pub fn with_offset(base: &str, offset: u64) -> String {
    let (path, query) = base.split_once('?').unwrap_or((base, ""));
    let mut parts: Vec<String> =
        query.split('&').filter(|part| !part.is_empty() && !part.starts_with("offset=")).map(str::to_owned).collect();
    if offset > 0 {
        parts.push(format!("offset={offset}"));
    }
    if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
}

/// The pages of a list, as links: `offset` lives in the URL beside the filters.
#[component]
pub fn Pagination(
    #[prop(into)] total: Signal<u64>,
    /// Rows per page.
    #[prop(into)]
    limit: Signal<u64>,
    #[prop(into)] offset: Signal<u64>,
    /// What is counted, in the plural: "accounts".
    #[prop(into)]
    noun: String,
    /// The list's address with its filters: "/accounts?status=failed".
    #[prop(into)]
    base: Signal<String>,
) -> impl IntoView {
    let label = format!("Pages of {noun}");
    let content = move || {
        let (total, limit, offset) = (total.get(), limit.get().max(1), offset.get());
        let last = total.div_ceil(limit).max(1);
        let current = (offset / limit + 1).min(last);
        let (from, to) = (if total == 0 { 0 } else { (current - 1) * limit + 1 }, (current * limit).min(total));
        let base = base.get();
        let href = |page: u64| with_offset(&base, (page - 1) * limit);
        let pages = window(current, last)
            .into_iter()
            .map(|step| match step {
                Step::Gap => view! { <li class="px-1" aria-hidden="true">"…"</li> }.into_any(),
                Step::Page(page) => {
                    let here = page == current;
                    let look = if here { "bg-selected font-medium text-text" } else { "text-muted hover:bg-hover hover:text-text" };
                    view! {
                        <li>
                            <a
                                href=href(page)
                                aria-current=here.then_some("page")
                                aria-label=format!("Page {page}")
                                class=cx(&["grid h-7 min-w-7 place-items-center rounded-md px-1.5 tabular-nums touch:h-11 touch:min-w-11", look])
                            >
                                {page}
                            </a>
                        </li>
                    }
                    .into_any()
                }
            })
            .collect_view();
        view! {
            <p class="tabular-nums">
                <span class="text-text">{format!("{}–{}", grouped(from), grouped(to))}</span>
                " of "
                <span class="text-text">{grouped(total)}</span>
                {format!(" {noun}")}
            </p>
            <div class="flex items-center gap-1" hidden=last == 1>
                {turn("Previous", (current > 1).then(|| href(current - 1)))}
                <ol class="flex items-center gap-0.5 max-sm:hidden">{pages}</ol>
                {turn("Next", (current < last).then(|| href(current + 1)))}
            </div>
        }
        .into_any()
    };
    view! {
        <nav
            data-ui="pagination"
            aria-label=label
            class="flex flex-wrap items-center justify-between gap-3 text-sm text-muted"
        >
            {content}
        </nav>
    }
    .into_any()
}

fn turn(word: &'static str, href: Option<String>) -> AnyView {
    let back = word == "Previous";
    let (before, after, pad) = if back {
        (Some(icon(Glyph::ChevronLeft, "size-4")), None, "pl-1.5")
    } else {
        (None, Some(icon(Glyph::ChevronRight, "size-4")), "pr-1.5")
    };
    let class = button_class(ButtonVariant::Secondary, ButtonSize::Small, pad);
    match href {
        Some(href) => {
            view! { <a href=href rel=if back { "prev" } else { "next" } class=class>{before}{word}{after}</a> }
                .into_any()
        }
        None => view! { <button type="button" class=class disabled=true>{before}{word}{after}</button> }.into_any(),
    }
}

/// An entry of the side rail: drawing, name from 1280 px on, how many wait.
#[component]
pub fn RailLink(
    #[prop(into)] href: String,
    icon: Glyph,
    #[prop(into)] label: String,
    #[prop(into)] current: Signal<bool>,
    #[prop(optional, into)] count: MaybeProp<u64>,
) -> impl IntoView {
    let title = label.clone();
    view! {
        <a
            data-ui="rail-link"
            href=href
            title=title
            aria-current=move || current.get().then_some("page")
            class="group flex h-8 items-center gap-2.5 rounded-md px-2 text-sm font-medium text-muted hover:bg-sunken hover:text-text aria-[current=page]:bg-selected aria-[current=page]:text-text in-data-slim:max-[100rem]:justify-center max-xl:justify-center touch:h-12"
        >
            {self::icon(icon, "size-4 group-aria-[current=page]:text-accent-strong")}
            <span class="flex-1 truncate in-data-slim:max-[100rem]:sr-only max-xl:sr-only">{label}</span>
            {move || {
                count
                    .get()
                    .map(|n| {
                        view! {
                            <span class="text-xs text-muted tabular-nums in-data-slim:max-[100rem]:hidden max-xl:hidden">
                                <span class="sr-only">", "</span>
                                {grouped(n)}
                            </span>
                        }
                    })
            }}
        </a>
    }
    .into_any()
}

/// An entry of the phones' sheet, 48 px high.
#[component]
pub fn SheetLink(
    #[prop(into)] href: String,
    icon: Glyph,
    #[prop(into)] label: String,
    #[prop(into)] current: Signal<bool>,
    #[prop(optional, into)] count: MaybeProp<u64>,
) -> impl IntoView {
    view! {
        <a
            data-ui="sheet-link"
            href=href
            aria-current=move || current.get().then_some("page")
            class="group flex h-12 items-center gap-3 rounded-lg px-3 text-md font-medium text-muted aria-[current=page]:bg-selected aria-[current=page]:text-text"
        >
            {self::icon(icon, "size-5 group-aria-[current=page]:text-accent-strong")}
            <span class="flex-1 truncate">{label}</span>
            {move || count.get().map(|n| view! { <span class="text-sm tabular-nums">{grouped(n)}</span> })}
        </a>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(current: u64, last: u64) -> String {
        window(current, last)
            .into_iter()
            .map(|step| match step {
                Step::Page(page) if page == current => format!("[{page}]"),
                Step::Page(page) => page.to_string(),
                Step::Gap => "…".to_owned(),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn windows() {
        assert_eq!(drawn(1, 1), "[1]");
        assert_eq!(drawn(2, 5), "1 [2] 3 4 5");
        assert_eq!(drawn(4, 7), "1 2 3 [4] 5 6 7");
        assert_eq!(drawn(1, 13), "[1] 2 3 … 13");
        assert_eq!(drawn(3, 13), "1 2 [3] … 13");
        assert_eq!(drawn(4, 13), "1 2 3 [4] 5 … 13");
        assert_eq!(drawn(7, 13), "1 … 6 [7] 8 … 13");
        assert_eq!(drawn(10, 13), "1 … 9 [10] 11 12 13");
        assert_eq!(drawn(11, 13), "1 … [11] 12 13");
        assert_eq!(drawn(13, 13), "1 … 11 12 [13]");
    }

    #[test]
    fn every_window_holds_first_current_and_last_once_and_in_order() {
        for last in 1..40 {
            for current in 1..=last {
                let pages: Vec<_> = window(current, last)
                    .into_iter()
                    .filter_map(|step| match step {
                        Step::Page(page) => Some(page),
                        Step::Gap => None,
                    })
                    .collect();
                assert!(pages.windows(2).all(|pair| pair[0] < pair[1]), "{current}/{last}: {pages:?}");
                assert!(pages.contains(&1) && pages.contains(&current) && pages.contains(&last), "{current}/{last}");
                assert!(pages.len() <= 7, "{current}/{last}: {pages:?}");
            }
        }
    }

    #[test]
    fn offsets_replace_each_other_and_leave_filters_alone() {
        assert_eq!(with_offset("/accounts", 0), "/accounts");
        assert_eq!(with_offset("/accounts", 18), "/accounts?offset=18");
        assert_eq!(with_offset("/accounts?status=failed&offset=9", 18), "/accounts?status=failed&offset=18");
        assert_eq!(with_offset("/accounts?offset=9&q=a%26b", 0), "/accounts?q=a%26b");
    }
}
