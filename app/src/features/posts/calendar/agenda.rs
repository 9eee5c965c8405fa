//! The calendar as a list of days, for screens too narrow for a grid.

use super::{
    grid::{change_mark, compose_href},
    place::{Place, Sheet},
};
use crate::{
    features::posts::server_fns::{CalendarPost, CalendarSheet},
    shared::words::{mark, post_status},
    ui::{Glyph, IconButton, MarkSize, PlatformMark, StatusBadge, use_clock},
};
use chrono::NaiveDate;
use leptos::prelude::*;

/// Days with posts, and today.
pub fn agenda(drawn: &CalendarSheet, sheet: &Sheet, posts: RwSignal<Vec<CalendarPost>>, may_write: bool) -> AnyView {
    let kept = StoredValue::new(sheet.clone());
    let today = drawn.today;
    let dates: Vec<NaiveDate> = drawn.days.iter().map(|day| day.date).collect();
    let changes = drawn.days.iter().filter(|day| day.change.is_some()).map(|day| day.date).collect::<Vec<_>>();
    let shown = Memo::new(move |_| {
        let posts = posts.read();
        dates
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, date)| *date == today || changes.contains(date) || posts.iter().any(|post| post.day == *date))
            .collect::<Vec<_>>()
    });
    let now = use_clock().now();
    let day = move |(index, date): (usize, NaiveDate)| {
        let here = Memo::new(move |_| posts.read().iter().filter(|post| post.day == date).cloned().collect::<Vec<_>>());
        let change = kept.with_value(|sheet| sheet.days.get(index).map(change_mark));
        let write = kept.with_value(|sheet| {
            let row = (!sheet.rows.is_empty()).then(|| sheet.rows.iter().position(|row| *row == (9, false))).flatten();
            let place = Place { day: index, row: row.or((!sheet.rows.is_empty()).then_some(0)) };
            let present = now.get_untracked();
            (may_write && !sheet.is_past(place, present)).then(|| sheet.writing_time(place, present)).flatten()
        });
        let name = date.format("%A %-d %B").to_string();
        let add = format!("Write a post for {name}");
        let heading = format!("agenda-{date}");
        let labelled_by = heading.clone();
        view! {
            <section aria-labelledby=labelled_by class="min-w-0">
                <div class="flex min-h-12 items-center justify-between gap-2">
                    <h3 id=heading class="flex min-w-0 flex-wrap items-center gap-x-2 text-sm font-semibold">
                        {name}
                        {(date == today).then(|| view! { <span class="font-normal text-muted">"Today"</span> })}
                        {change}
                    </h3>
                    {write.map(|local| view! { <IconButton icon=Glyph::Plus label=add href=compose_href(local)/> })}
                </div>
                <ul class="rounded-lg border border-border bg-surface empty:hidden">
                    <For
                        each=move || here.get()
                        key=|one| (one.post.id, one.time.clone(), one.post.status.as_str(), one.post.version)
                        let:one
                    >
                        {row(&one)}
                    </For>
                </ul>
                {move || here.read().is_empty().then(|| view! { <p class="text-sm text-muted">"Nothing goes out."</p> })}
            </section>
        }
        .into_any()
    };
    view! {
        <div data-agenda class="grid grid-cols-1 gap-3 md:hidden">
            <For each=move || shown.get() key=|(_, date)| *date let:one>
                {day(one)}
            </For>
        </div>
    }
    .into_any()
}

fn row(one: &CalendarPost) -> AnyView {
    let words =
        one.post.title.clone().filter(|title| !title.trim().is_empty()).unwrap_or_else(|| one.post.excerpt.clone());
    let words = if words.is_empty() { "Post without words".to_owned() } else { words };
    let status = post_status(one.post.status, one.post.visibility);
    let marks = one
        .post
        .platforms
        .iter()
        .map(|platform| {
            view! {
                <PlatformMark mark=mark(*platform) size=MarkSize::Bare/>
                <span class="sr-only">{platform.label()}</span>
            }
        })
        .collect_view();
    view! {
        <li class="relative border-t border-border px-3.5 py-3 first:border-t-0">
            <div class="flex items-baseline gap-3">
                <span class="text-sm font-medium tabular-nums">{one.time.clone()}</span>
                <a
                    href=format!("/posts/{}", one.post.id)
                    class="min-w-0 flex-1 truncate font-medium after:absolute after:inset-0"
                >
                    {words}
                </a>
            </div>
            <div class="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 pl-12">
                <StatusBadge status plain=true/>
                <span class="ml-auto flex flex-wrap items-center justify-end gap-1.5">{marks}</span>
            </div>
        </li>
    }
    .into_any()
}
