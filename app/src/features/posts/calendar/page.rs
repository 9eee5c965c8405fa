//! The calendar's page.

use super::{
    agenda::agenda,
    grid::{HELP, grid},
    moving::Moving,
    place::Sheet,
    query::{CalendarQuery, heading},
};
use crate::{
    features::posts::server_fns::{CalendarPost, CalendarSheet, view_calendar},
    layouts::{PageFrame, load},
    live::use_live,
    session::use_session,
    shared::follow::follow,
    ui::{
        Banner, Button, ButtonSize, Choice, Glyph, IconButton, SegmentedLinks, SkeletonRows, Status, Tone, status_glyph,
    },
};
use domain::{
    posts::{PostStatus, calendar::CalendarView},
    workspaces::Role,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// When posts go out, by the day and the hour.
#[component]
pub fn CalendarPage() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(|params| CalendarQuery::read(|key| params.get(key))));
    let sheet = Resource::new(move || query.get(), |query| async move { view_calendar(query.view, query.date).await });
    let may_write = use_session().may(Role::Member);
    view! {
        <PageFrame
            title="Calendar"
            actions=move || {
                view! { <Button icon=Glyph::Clock href="/settings/queue">"Queue slots"</Button> }
            }
        >
            {load(
                sheet,
                "the calendar",
                move || view! { <SkeletonRows label="Loading the calendar" count=8/> },
                move |drawn| calendar(drawn, may_write),
            )}
        </PageFrame>
    }
    .into_any()
}

const LEGEND: [Status; 6] = [
    Status::WaitingForApproval,
    Status::Scheduled,
    Status::Publishing,
    Status::Published,
    Status::PartlyPublished,
    Status::Failed,
];

fn calendar(drawn: CalendarSheet, may_write: bool) -> AnyView {
    let (view, date) = (drawn.view, drawn.date);
    let posts: RwSignal<Vec<CalendarPost>> = RwSignal::new(drawn.posts.clone());
    let cut = RwSignal::new(drawn.cut);
    let sheet = Sheet::of(&drawn);
    let reloads = RwSignal::new(0_u32);
    let moving = Moving::new(sheet.clone(), posts, move || reloads.update(|n| *n = n.wrapping_add(1)));
    let live = use_live();
    follow(
        Signal::derive(move || live.posts().get().wrapping_add(live.deliveries().get()).wrapping_add(reloads.get())),
        Signal::derive(move || posts.read().iter().any(|one| one.post.status == PostStatus::Publishing)),
        move || view_calendar(view, Some(date)),
        move |fresh: CalendarSheet| {
            // What is being moved stays in hand; its own answer comes.
            if moving.held.get_untracked().is_none() && moving.busy.read_untracked().is_empty() {
                posts.set(fresh.posts);
                cut.set(fresh.cut);
            }
        },
    );
    let notes = drawn
        .days
        .iter()
        .filter_map(|day| Some((day.date.format("%A %-d %B").to_string(), day.note()?)))
        .map(|(day, note)| {
            view! { <div class="mb-3"><Banner tone=Tone::Warning title=format!("{day}:") text=note/></div> }
        })
        .collect_view();
    let empty = Memo::new(move |_| posts.read().is_empty());
    let legend = LEGEND
        .map(|status| {
            view! {
                <li class="flex items-center gap-1.5">{status_glyph(status, "size-3.5")} {status.word()}</li>
            }
        })
        .collect_view();
    view! {
        {toolbar(&drawn)}
        {notes}
        {move || {
            cut.get()
                .then(|| {
                    view! {
                        <div class="mb-3">
                            <Banner
                                tone=Tone::Neutral
                                title="Not all posts are shown."
                                text="There are more than 1,000 here. Look at a week or a day."
                            />
                        </div>
                    }
                })
        }}
        <p class="sr-only" role="status" aria-live="assertive">{move || moving.said.get()}</p>
        <p id=HELP class="sr-only">
            "Press Space to pick this post up. Arrow keys move it by day and hour, Enter puts it down, Escape leaves it where it was."
        </p>
        {grid(&drawn, &sheet, posts, moving, may_write)}
        {agenda(&drawn, &sheet, posts, may_write)}
        <div class="mt-3 flex flex-wrap items-center justify-between gap-x-6 gap-y-2 text-sm text-muted">
            <ul aria-label="What the signs mean" class="flex flex-wrap gap-x-4 gap-y-1">{legend}</ul>
            <p>
                {move || {
                    if empty.get() {
                        if may_write {
                            "Nothing goes out in this time. Press a free place to write a post for it. ".to_owned()
                        } else {
                            "Nothing goes out in this time. ".to_owned()
                        }
                    } else {
                        String::new()
                    }
                }}
                {format!("Times in {}", drawn.zone)}
            </p>
        </div>
    }
    .into_any()
}

fn toolbar(drawn: &CalendarSheet) -> AnyView {
    let (view, date) = (drawn.view, drawn.date);
    let noun = match view {
        CalendarView::Month => "month",
        CalendarView::Week => "week",
        CalendarView::Day => "day",
    };
    let words = heading(view, date);
    let views = CalendarView::ALL
        .map(|choice| {
            let label = match choice {
                CalendarView::Month => "Month",
                CalendarView::Week => "Week",
                CalendarView::Day => "Day",
            };
            Choice::new(CalendarQuery::at(choice, date), label)
        })
        .to_vec();
    let today = drawn.today;
    view! {
        <div class="mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">
            <div class="flex items-center gap-1">
                <IconButton
                    icon=Glyph::ChevronLeft
                    label=format!("Previous {noun}")
                    href=CalendarQuery::at(view, view.turned(date, false))
                />
                <IconButton
                    icon=Glyph::ChevronRight
                    label=format!("Next {noun}")
                    href=CalendarQuery::at(view, view.turned(date, true))
                />
                <Button size=ButtonSize::Small href=CalendarQuery { view, date: None }.href() label=format!("Today, {}", today.format("%A %-d %B"))>
                    "Today"
                </Button>
            </div>
            <h2 class="text-md font-semibold" aria-live="polite">{words}</h2>
            <div class="ml-auto">
                <SegmentedLinks label="View" choices=views current=CalendarQuery::at(view, date)/>
            </div>
        </div>
    }
    .into_any()
}
