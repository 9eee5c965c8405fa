//! `/activity`: every delivery of the workspace, live; the dead letters among them with reason and advice.

use super::{
    actions::use_acting,
    components::DeliveryList,
    query::{ActivityQuery, PAGE, Sort},
    server_fns::{ActivityView, count_deliveries, retry_failed_deliveries, view_activity},
};
use crate::{
    layouts::{PageFrame, load, load_head, use_refusal},
    live::use_live,
    session::use_session,
    shared::{
        follow::follow,
        search::ListSearch,
        words::{counted, delivery_status},
    },
    ui::{
        Button, ButtonVariant, EmptyState, FilterChip, FilterOption, FilterSelect, Glyph, LiveMark, Pagination,
        SkeletonRows, Stat, StatStrip, Tone, cx, grouped, use_toasts,
    },
};
use domain::{
    Platform,
    deliveries::{DeliveryCounts, DeliveryStatus},
    workspaces::Role,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;

/// What goes out, and what became of it.
#[component]
pub fn ActivityPage() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(|params| ActivityQuery::read(|key| params.get(key))));
    let activity = Resource::new(move || query.read().filter(), view_activity);
    let first_counts = Resource::new(|| (), |()| count_deliveries());
    let counts = RwSignal::new(None::<DeliveryCounts>);
    // Rises when a button here has changed what the list shows.
    let again = RwSignal::new(0_u32);
    let live = use_live();
    view! {
        <PageFrame
            title="Activity"
            beside=move || view! { <LiveMark connected=live.connected()/> }
            actions=move || use_session().may(Role::Editor).then(|| view! { <RetryFailed query counts again/> })
        >
            {load_head(first_counts, counts, move || head(query, counts))}
            {load(
                activity,
                "your activity",
                move || view! { <SkeletonRows label="Loading deliveries" count=8/> },
                move |view| full(view, query, counts, again),
            )}
        </PageFrame>
    }
    .into_any()
}

/// The figures, and what narrows the list.
fn head(query: Memo<ActivityQuery>, counts: RwSignal<Option<DeliveryCounts>>) -> AnyView {
    let keep = Signal::derive(move || {
        let query = query.read();
        [
            ("status", query.named().map(ToString::to_string)),
            ("platform", query.platform.map(|platform| platform.to_string())),
            ("account", query.account.map(|account| account.to_string())),
            ("post", query.post.map(|post| post.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect::<Vec<_>>()
    });
    // Before anything has gone out there is nothing to count and nothing to find.
    let nothing = Memo::new(move |_| {
        counts.read().as_ref().is_some_and(|counts| counts.total == 0) && !query.read().is_narrowed()
    });
    view! {
        <div class="mb-5" hidden=nothing>
            <StatStrip label="Deliveries" stats=Signal::derive(move || stats(counts.read().as_ref()))/>
        </div>
        <div class=move || cx(&["mb-3 flex-wrap items-center gap-2", if nothing.get() { "hidden" } else { "flex" }])>
            <ListSearch
                label="Search deliveries"
                placeholder="Post, account or id"
                action="/activity"
                current=Signal::derive(move || query.read().q.clone())
                keep
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

fn full(
    view: ActivityView,
    query: Memo<ActivityQuery>,
    counts: RwSignal<Option<DeliveryCounts>>,
    again: RwSignal<u32>,
) -> AnyView {
    let ActivityView { deliveries: page, counts: latest } = view;
    let deliveries = RwSignal::new(page.items);
    let total = RwSignal::new(page.total);
    // Not while the page is first built: the figures above have their own way then.
    Effect::new(move |_| counts.set(Some(latest)));
    let acting = use_acting(deliveries);
    let shown = query.get_untracked();
    let filter = shown.filter();
    let changed = use_live().deliveries();
    follow(
        Signal::derive(move || changed.get().wrapping_add(again.get())),
        Signal::derive(move || counts.read().as_ref().is_some_and(|counts| on_their_way(counts) > 0)),
        move || view_activity(filter.clone()),
        move |view: ActivityView| {
            total.set(view.deliveries.total);
            counts.set(Some(view.counts));
            deliveries.set(view.deliveries.items);
        },
    );
    let is_empty = Memo::new(move |_| deliveries.read().is_empty());
    let narrowed = shown.is_narrowed();
    let list = move || {
        if is_empty.get() {
            return if narrowed { none_found() } else { none_yet() };
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
fn stats(counts: Option<&DeliveryCounts>) -> Vec<Stat> {
    let figure =
        |n: fn(&DeliveryCounts) -> u32| counts.map_or_else(|| "–".to_owned(), |counts| grouped(n(counts).into()));
    let of = |sort: Sort| ActivityQuery::default().with_status(sort.statuses()).href();
    let failed = Stat::new(figure(|counts| counts.failed), "Dead letters").href(of(Sort::One(DeliveryStatus::Failed)));
    vec![
        Stat::new(figure(|counts| counts.success), "Published").href(of(Sort::One(DeliveryStatus::Success))),
        Stat::new(figure(on_their_way), "On their way").href(of(Sort::OnTheirWay)),
        if counts.is_some_and(|counts| counts.failed > 0) { failed.tone(Tone::Danger) } else { failed },
        Stat::new(figure(|counts| counts.canceled), "Canceled").href(of(Sort::One(DeliveryStatus::Canceled))),
    ]
}

const fn count_of(counts: &DeliveryCounts, sort: Sort) -> u32 {
    match sort {
        Sort::All => counts.total,
        Sort::OnTheirWay => on_their_way(counts),
        Sort::One(DeliveryStatus::Pending) => counts.pending,
        Sort::One(DeliveryStatus::Publishing) => counts.publishing,
        Sort::One(DeliveryStatus::Retried) => counts.retried,
        Sort::One(DeliveryStatus::Success) => counts.success,
        Sort::One(DeliveryStatus::Failed) => counts.failed,
        Sort::One(DeliveryStatus::Canceled) => counts.canceled,
    }
}

fn filters(query: Memo<ActivityQuery>, counts: RwSignal<Option<DeliveryCounts>>) -> AnyView {
    // Counts are of the whole workspace: beside other filters they would promise what is not there.
    let only_sorted = Memo::new(move |_| {
        let query = query.read();
        query.q.is_none() && query.platform.is_none() && query.account.is_none() && query.post.is_none()
    });
    let chip = move |sort: Sort| {
        let label = match sort {
            Sort::All => "All",
            Sort::OnTheirWay => "On their way",
            Sort::One(status) => delivery_status(status).word(),
        };
        let count = move || counts.read().as_ref().map(|counts| u64::from(count_of(counts, sort)));
        view! {
            <FilterChip
                label
                href=Signal::derive(move || query.read().with_status(sort.statuses()).href())
                active=Signal::derive(move || query.read().status == sort.statuses())
                count=Signal::derive(move || count().filter(|_| only_sorted.get()))
            />
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
        <div role="group" aria-label="Status" class="relative flex gap-2 overflow-x-auto max-sm:-mx-4 max-sm:w-screen max-sm:px-4 max-sm:py-1">
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
fn RetryFailed(
    query: Memo<ActivityQuery>,
    counts: RwSignal<Option<DeliveryCounts>>,
    again: RwSignal<u32>,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let toasts = use_toasts();
    let refusal = use_refusal();
    let retry = move |_| {
        let filter = query.read_untracked().filter();
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
    };
    let failed = Memo::new(move |_| counts.read().as_ref().map_or(0, |counts| counts.failed));
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

fn none_found() -> AnyView {
    view! {
        <EmptyState
            title="No delivery fits these filters"
            text="Try other words or another status, or look at all of them."
            level=2
            action=move || view! { <Button href="/activity">"Clear filters"</Button> }
        />
    }
    .into_any()
}

fn none_yet() -> AnyView {
    let may_write = use_session().may(Role::Editor);
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
        let counts =
            DeliveryCounts { total: 21, pending: 1, publishing: 2, retried: 3, success: 4, failed: 5, canceled: 6 };
        let shown: Vec<_> = DeliveryStatus::ALL.iter().map(|status| count_of(&counts, Sort::One(*status))).collect();
        assert_eq!(shown, [1, 2, 3, 4, 5, 6]);
        assert_eq!(Sort::OFFERED.map(|sort| count_of(&counts, sort)), [21, 6, 4, 5, 6]);
        let figures: Vec<_> = stats(Some(&counts)).into_iter().map(|stat| stat.figure).collect();
        assert_eq!(figures, ["4", "6", "5", "6"]);
        assert_eq!(stats(None)[0].figure, "–");
    }
}
