//! `/activity`: every delivery of the workspace, live; the dead letters among them with reason and advice.

use super::{
    actions::use_acting,
    components::{DeliveryList, Reasons},
    query::{ActivityQuery, PAGE, Sort, View},
    server_fns::{ActivityHead, ActivityView, retry_failed_deliveries, view_activity, view_activity_head},
};
use crate::{
    layouts::{PageFrame, load, load_head, use_refusal},
    live::use_live,
    session::use_session,
    shared::{
        follow::follow,
        search::ListSearch,
        words::{counted, delivery_status, duration},
    },
    ui::{
        Button, ButtonVariant, EmptyState, FilterChip, FilterOption, FilterSelect, Glyph, LiveMark, NavTab, NavTabs,
        Pagination, SkeletonRows, Stat, StatStrip, Tone, cx, grouped, use_toasts,
    },
};
use domain::{
    Platform,
    deliveries::{DeliveryCounts, DeliveryFigures, DeliveryFilter, DeliveryStatus, FigureStep},
    workspaces::Role,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;

type Head = RwSignal<Option<ActivityHead>>;

/// What goes out, and what became of it.
#[component]
pub fn ActivityPage() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(|params| ActivityQuery::read(|key| params.get(key))));
    let activity = Resource::new(move || query.read().filter(), view_activity);
    let first_head = Resource::new(|| (), |()| view_activity_head());
    let head: Head = RwSignal::new(None);
    // Rises when a button here has changed what the list shows.
    let again = RwSignal::new(0_u32);
    let live = use_live();
    view! {
        <PageFrame
            title="Activity"
            beside=move || view! { <LiveMark connected=live.connected()/> }
            actions=move || use_session().may(Role::Editor).then(|| view! { <RetryFailed query head again/> })
        >
            {load_head(first_head, head, move || above(query, head, again))}
            {load(
                activity,
                "your activity",
                move || view! { <SkeletonRows label="Loading deliveries" count=8/> },
                move |view| full(view, query, head, again),
            )}
        </PageFrame>
    }
    .into_any()
}

/// The figures, the two views, and what narrows the list.
fn above(query: Memo<ActivityQuery>, head: Head, again: RwSignal<u32>) -> AnyView {
    let counts = Memo::new(move |_| head.read().as_ref().map(|head| head.counts));
    // Before anything has gone out there is nothing to count and nothing to find.
    let nothing = Memo::new(move |_| {
        let query = query.read();
        counts.get().is_some_and(|counts| counts.total == 0) && *query == ActivityQuery::default()
    });
    let dead = Memo::new(move |_| query.read().view == View::DeadLetters);
    let tabs = Signal::derive(move || {
        let tab = |view: View, label: &str, count: Option<u32>| NavTab {
            href: ActivityQuery::of(view).href(),
            label: label.to_owned(),
            count: count.filter(|count| *count > 0).map(u64::from),
            current: query.read().view == view,
        };
        vec![
            tab(View::Deliveries, "Deliveries", None),
            tab(View::DeadLetters, "Dead letters", counts.get().map(|counts| counts.failed)),
        ]
    });
    view! {
        <div hidden=nothing>
            <StatStrip label="Last 24 hours" stats=Signal::derive(move || stats(head.read().as_ref()))/>
            <div class="mt-5 mb-3"><NavTabs label="Activity" tabs/></div>
        </div>
        {move || dead.get().then(|| view! { <Reasons query head again/> })}
        <div class=move || cx(&["mb-3 flex-wrap items-center gap-2", if nothing.get() { "hidden" } else { "flex" }])>
            <ListSearch
                label="Search deliveries"
                placeholder="Post, account or id"
                action="/activity"
                current=Signal::derive(move || query.read().q.clone())
                keep=Signal::derive(move || query.read().keep())
                to=move |q| query.read_untracked().with_q(q).href()
            />
            {filters(query, counts)}
            <div class="flex flex-wrap gap-2 sm:ml-auto">
                <FilterSelect id="activity-platform" label="Platform" options=platforms(query)/>
            </div>
        </div>
    }
    .into_any()
}

fn full(view: ActivityView, query: Memo<ActivityQuery>, head: Head, again: RwSignal<u32>) -> AnyView {
    let ActivityView { deliveries: page, head: latest } = view;
    let deliveries = RwSignal::new(page.items);
    let total = RwSignal::new(page.total);
    // Not while the page is first built: the figures above have their own way then.
    let latest = StoredValue::new(Some(latest));
    Effect::new(move |_| {
        if let Some(latest) = latest.try_update_value(Option::take).flatten() {
            head.set(Some(latest));
        }
    });
    let acting = use_acting(deliveries);
    let shown = query.get_untracked();
    let filter = shown.filter();
    let changed = use_live().deliveries();
    follow(
        Signal::derive(move || changed.get().wrapping_add(again.get())),
        Signal::derive(move || head.read().as_ref().is_some_and(|head| on_their_way(&head.counts) > 0)),
        move || view_activity(filter.clone()),
        move |view: ActivityView| {
            total.set(view.deliveries.total);
            head.set(Some(view.head));
            deliveries.set(view.deliveries.items);
        },
    );
    let is_empty = Memo::new(move |_| deliveries.read().is_empty());
    let list = move || {
        if is_empty.get() {
            return match (shown.is_narrowed(), shown.view) {
                (true, _) => none_found(shown.view),
                (false, View::Deliveries) => none_yet(),
                (false, View::DeadLetters) => no_dead_letters(),
            };
        }
        view! {
            <DeliveryList deliveries acting/>
            <div class="mt-4">
                <Pagination
                    total=Signal::derive(move || u64::try_from(total.get()).unwrap_or(0))
                    limit=u64::from(PAGE)
                    offset=u64::from(page.offset)
                    noun="deliveries"
                    base=Signal::derive(move || query.read().href())
                />
            </div>
        }
        .into_any()
    };
    list.into_any()
}

const fn on_their_way(counts: &DeliveryCounts) -> u32 {
    counts.pending + counts.publishing + counts.retried
}

/// The figures; dashes until they are there.
fn stats(head: Option<&ActivityHead>) -> Vec<Stat> {
    let figures = head.map(|head| &head.figures);
    let of = |sort: Sort| ActivityQuery::default().with_sort(sort).href();
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let count = |n: fn(&DeliveryCounts) -> u32| or_dash(head.map(|head| grouped(n(&head.counts).into())));
    let published = Stat::new(or_dash(figures.map(|figures| grouped(figures.published.into()))), "Published, 24 hours")
        .href(of(Sort::One(DeliveryStatus::Success)));
    let success = Stat::new(or_dash(figures.and_then(DeliveryFigures::success_rate).map(percent)), "Success, 24 hours");
    let median =
        Stat::new(or_dash(figures.and_then(|figures| figures.median_seconds).map(seconds)), "Median to publish");
    let failed =
        Stat::new(count(|counts| counts.failed), "Dead letters").href(ActivityQuery::of(View::DeadLetters).href());
    vec![
        with_course(published, figures, |step| Some(f64::from(step.published)), Tone::Info),
        with_course(success, figures, FigureStep::success_rate, Tone::Success),
        with_course(median, figures, |step| step.median_seconds, Tone::Info),
        Stat::new(count(on_their_way), "On their way").href(of(Sort::OnTheirWay)),
        if head.is_some_and(|head| head.counts.failed > 0) { failed.tone(Tone::Danger) } else { failed },
    ]
}

/// A figure with the line of its course, where there is more than one point to draw and something happened.
fn with_course(
    stat: Stat,
    figures: Option<&DeliveryFigures>,
    point: impl Fn(&FigureStep) -> Option<f64>,
    tone: Tone,
) -> Stat {
    let points: Vec<f64> = figures.into_iter().flat_map(|figures| figures.steps.iter().filter_map(&point)).collect();
    if points.len() > 1 && points.iter().any(|point| *point > 0.0) { stat.spark(points, tone) } else { stat }
}

/// "98.5%"; never rounded up to a hundred.
fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).floor() / 10.0;
    if tenths.fract() == 0.0 { format!("{tenths:.0}%") } else { format!("{tenths:.1}%") }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "never negative, and days at most")]
fn seconds(seconds: f64) -> String {
    duration((seconds * 1000.0).max(0.0) as u64)
}

const fn count_of(counts: &DeliveryCounts, sort: Sort) -> u32 {
    match sort {
        Sort::All => counts.total,
        Sort::OnTheirWay => on_their_way(counts),
        Sort::WithCreators => counts.waiting_for_creator,
        Sort::One(DeliveryStatus::Pending) => counts.pending,
        Sort::One(DeliveryStatus::Publishing) => counts.publishing,
        Sort::One(DeliveryStatus::Retried) => counts.retried,
        Sort::One(DeliveryStatus::Success) => counts.success,
        Sort::One(DeliveryStatus::Failed) => counts.failed,
        Sort::One(DeliveryStatus::Canceled) => counts.canceled,
    }
}

fn filters(query: Memo<ActivityQuery>, counts: Memo<Option<DeliveryCounts>>) -> AnyView {
    // Counts are of the whole workspace: beside other filters they would promise what is not there.
    let only_sorted = Memo::new(move |_| !query.read().is_narrowed_beyond_sort());
    let dead = Memo::new(move |_| query.read().view == View::DeadLetters);
    let chip = move |sort: Sort| {
        let label = match sort {
            Sort::All => "All",
            Sort::OnTheirWay => "On their way",
            Sort::WithCreators => "Waiting for creator",
            Sort::One(status) => delivery_status(status).word(),
        };
        let count = move || counts.get().map(|counts| u64::from(count_of(&counts, sort)));
        let active = Memo::new(move |_| query.read().is_sorted_by(sort));
        // Few networks have creators that finish a post themselves.
        let offered = move || sort != Sort::WithCreators || active.get() || count().is_some_and(|count| count > 0);
        view! {
            <div class="contents" hidden=move || !offered()>
                <FilterChip
                    label
                    href=Signal::derive(move || query.read().with_sort(sort).href())
                    active=Signal::derive(move || active.get())
                    count=Signal::derive(move || count().filter(|_| only_sorted.get()))
                />
            </div>
        }
    };
    let one_thing = move || {
        let query = query.read();
        let what = match (query.account, query.post) {
            (Some(_), _) => "One account only",
            (None, Some(_)) => "One post only",
            (None, None) => return None,
        };
        let href = query.of_all().href();
        Some(view! { <Button href icon_after=Glyph::X label=format!("{what}, show all")>{what}</Button> })
    };
    view! {
        {one_thing}
        <div
            role="group"
            aria-label="Status"
            hidden=dead
            class="relative flex gap-2 overflow-x-auto [&[hidden]]:hidden max-sm:-mx-4 max-sm:w-screen max-sm:px-4 max-sm:py-1"
        >
            {Sort::OFFERED.map(chip).collect_view()}
        </div>
    }
    .into_any()
}

fn platforms(query: Memo<ActivityQuery>) -> Signal<Vec<FilterOption>> {
    Signal::derive(move || {
        let query = query.read();
        let option = |platform: Option<Platform>| FilterOption {
            href: query.with_platform(platform).href(),
            label: platform.map_or("All", Platform::label).to_owned(),
            active: query.platform == platform,
        };
        let publishing = Platform::ALL.into_iter().filter(|platform| platform.rules().is_some());
        std::iter::once(None).chain(publishing.map(Some)).map(option).collect()
    })
}

/// Starts all dead letters under the filter over; those that need a person's decision stay.
#[component]
fn RetryFailed(query: Memo<ActivityQuery>, head: Head, again: RwSignal<u32>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let retry_all = use_retry_all(busy, again);
    let retry = move |_| retry_all.run(query.read_untracked().filter());
    let failed = Memo::new(move |_| head.read().as_ref().map_or(0, |head| head.counts.failed));
    // Only once the page is alive: the figures come after this place was drawn, and without a script it does nothing.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    move || {
        (alive.get() && failed.get() > 0).then(|| {
            view! {
                <Button variant=ButtonVariant::Secondary icon=Glyph::RotateCw loading=busy on_click=retry>
                    "Retry failed"
                </Button>
            }
        })
    }
}

/// Starts the dead letters under a filter over; `busy` meanwhile, and `again` rises when any did.
pub(super) fn use_retry_all(busy: RwSignal<bool>, again: RwSignal<u32>) -> Callback<DeliveryFilter> {
    let toasts = use_toasts();
    let refusal = use_refusal();
    Callback::new(move |filter: DeliveryFilter| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = retry_failed_deliveries(filter).await;
            let _page_gone = busy.try_set(false);
            match answer {
                Ok(0) => {
                    toasts.info("Nothing to retry here: what failed needs somebody to look at it first");
                }
                Ok(n) => {
                    toasts.success(format!("{} over", counted(n.into(), "delivery starts", "deliveries start")));
                    let _page_gone = again.try_update(|n| *n = n.wrapping_add(1));
                }
                Err(error) => refusal("Nothing was retried", &error),
            }
        });
    })
}

fn none_found(view: View) -> AnyView {
    let href = ActivityQuery::of(view).href();
    view! {
        <EmptyState
            title="No delivery fits these filters"
            text="Try other words or another status, or look at all of them."
            level=2
            action=move || view! { <Button href=href.clone()>"Clear filters"</Button> }
        />
    }
    .into_any()
}

fn no_dead_letters() -> AnyView {
    view! {
        <EmptyState
            title="No dead letters"
            text="What a platform refuses for good, or keeps refusing until all attempts are used up, waits here with its reason and what to do about it. Nothing does."
            level=2
        />
    }
    .into_any()
}

fn none_yet() -> AnyView {
    let may_write = use_session().may(Role::Member);
    view! {
        <EmptyState
            title="Nothing has gone out yet"
            text="Each post you save becomes one delivery per account. Here you see each of them go out, and what to do when a platform says no."
            level=2
            action=move || {
                may_write
                    .then(|| {
                        view! {
                            <Button icon=Glyph::PenLine href="/compose">
                                "Write a post"
                            </Button>
                        }
                    })
            }
        />
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_shown_where_it_belongs() {
        let counts = DeliveryCounts {
            total: 21,
            pending: 1,
            publishing: 2,
            retried: 3,
            success: 4,
            failed: 5,
            canceled: 6,
            processing: 0,
            waiting_for_creator: 2,
        };
        let shown: Vec<_> = DeliveryStatus::ALL.iter().map(|status| count_of(&counts, Sort::One(*status))).collect();
        assert_eq!(shown, [1, 2, 3, 4, 5, 6]);
        assert_eq!(Sort::OFFERED.map(|sort| count_of(&counts, sort)), [21, 6, 2, 4, 5, 6]);
        let head = ActivityHead {
            counts,
            figures: DeliveryFigures {
                published: 199,
                failed: 1,
                median_seconds: Some(3.12),
                ..DeliveryFigures::default()
            },
            reasons: Vec::new(),
        };
        let figures: Vec<_> = stats(Some(&head)).into_iter().map(|stat| stat.figure).collect();
        assert_eq!(figures, ["199", "99.5%", "3.1 s", "6", "5"]);
        assert!(stats(None).iter().all(|stat| stat.figure == "–"));
    }

    #[test]
    fn a_share_is_never_made_better_than_it_is() {
        assert_eq!([0.0, 0.5, 0.985, 0.99999, 1.0].map(percent), ["0%", "50%", "98.5%", "99.9%", "100%"]);
    }

    #[test]
    fn a_course_needs_points_and_something_that_happened() {
        let step = |published| FigureStep {
            from: chrono::DateTime::UNIX_EPOCH,
            published,
            failed: 0,
            median_seconds: (published > 0).then_some(1.5),
        };
        let course = |steps: &[u32]| {
            let figures =
                DeliveryFigures { steps: steps.iter().map(|n| step(*n)).collect(), ..DeliveryFigures::default() };
            let point = |step: &FigureStep| Some(f64::from(step.published));
            with_course(Stat::new("", ""), Some(&figures), point, Tone::Info).spark.map(|(points, _)| points)
        };
        assert_eq!(course(&[1, 0, 2]), Some(vec![1.0, 0.0, 2.0]));
        assert_eq!((course(&[0, 0]), course(&[4])), (None, None));
    }
}
