//! `/activity`: every delivery of the workspace, live; the dead letters among them with reason and advice.

use super::{
    actions::use_acting,
    components::DeliveryList,
    query::{ActivityQuery, PAGE},
    server_fns::{ActivityView, retry_failed_deliveries, view_activity},
};
use crate::{
    layouts::{PageFrame, load, use_refusal},
    live::use_live,
    session::use_session,
    shared::{
        follow::follow,
        words::{counted, delivery_status},
    },
    ui::{
        Button, ButtonVariant, EmptyState, FilterChip, FilterOption, FilterSelect, Glyph, LiveMark, Pagination,
        SkeletonRows, Stat, StatStrip, Tone, use_toasts,
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
    let live = use_live();
    view! {
        <PageFrame title="Activity" beside=move || view! { <LiveMark connected=live.connected()/> }>
            {load(
                activity,
                "your activity",
                move || view! { <SkeletonRows label="Loading deliveries" count=8/> },
                move |view| full(view, query),
            )}
        </PageFrame>
    }
    .into_any()
}

fn full(view: ActivityView, query: Memo<ActivityQuery>) -> AnyView {
    let ActivityView { deliveries: page, counts } = view;
    let deliveries = RwSignal::new(page.items);
    let total = RwSignal::new(page.total);
    let counts = RwSignal::new(counts);
    let acting = use_acting(deliveries);
    let shown = query.get_untracked();
    let filter = shown.filter();
    let take = move |view: ActivityView| {
        total.set(view.deliveries.total);
        counts.set(view.counts);
        deliveries.set(view.deliveries.items);
    };
    let again = filter.clone();
    follow(
        use_live().deliveries(),
        Signal::derive(move || {
            let counts = counts.read();
            counts.pending + counts.publishing + counts.retried > 0
        }),
        move || view_activity(again.clone()),
        take,
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
    view! {
        <div class="mb-5">
            <StatStrip label="Deliveries" stats=Signal::derive(move || stats(&counts.read()))/>
        </div>
        <div class="mb-3 flex flex-wrap items-center gap-2">
            {filters(query, counts)}
            <div class="flex flex-wrap gap-2 sm:ml-auto">
                <FilterSelect id="activity-platform" label="Platform" options=platforms(query)/>
                {acting.allowed.then(|| view! { <RetryFailed filter counts taken=Callback::new(take)/> })}
            </div>
        </div>
        {list}
    }
    .into_any()
}

fn stats(counts: &DeliveryCounts) -> Vec<Stat> {
    let on_their_way = counts.pending + counts.publishing + counts.retried;
    let failed = Stat::new(counts.failed, "Dead letters").href("/activity?status=failed");
    vec![
        Stat::new(counts.success, "Published").href("/activity?status=success"),
        Stat::new(on_their_way, "On their way"),
        if counts.failed > 0 { failed.tone(Tone::Danger) } else { failed },
        Stat::new(counts.canceled, "Canceled").href("/activity?status=canceled"),
    ]
}

const fn count_of(counts: &DeliveryCounts, status: Option<DeliveryStatus>) -> u32 {
    match status {
        None => counts.total,
        Some(DeliveryStatus::Pending) => counts.pending,
        Some(DeliveryStatus::Publishing) => counts.publishing,
        Some(DeliveryStatus::Retried) => counts.retried,
        Some(DeliveryStatus::Success) => counts.success,
        Some(DeliveryStatus::Failed) => counts.failed,
        Some(DeliveryStatus::Canceled) => counts.canceled,
    }
}

fn filters(query: Memo<ActivityQuery>, counts: RwSignal<DeliveryCounts>) -> AnyView {
    let chip = move |status: Option<DeliveryStatus>| {
        let label = status.map_or("All", |status| delivery_status(status).word());
        view! {
            <FilterChip
                label
                href=Signal::derive(move || query.read().with_status(status).href())
                active=Signal::derive(move || query.read().status == status)
                count=Signal::derive(move || Some(u64::from(count_of(&counts.read(), status))))
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
            {chip(None)}
            {DeliveryStatus::ALL.map(|status| chip(Some(status))).collect_view()}
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
    filter: domain::deliveries::DeliveryFilter,
    counts: RwSignal<DeliveryCounts>,
    taken: Callback<ActivityView>,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let toasts = use_toasts();
    let refusal = use_refusal();
    let filter = StoredValue::new(filter);
    let retry = move |_| {
        busy.set(true);
        spawn_local(async move {
            let Some(filter) = filter.try_get_value() else { return };
            let answer = retry_failed_deliveries(filter.clone()).await;
            let _page_gone = busy.try_set(false);
            match answer {
                Ok(0) => {
                    toasts.info("Nothing to retry here: what failed needs somebody to look at it first");
                }
                Ok(n) => {
                    toasts.success(format!("{} over", counted(n.into(), "delivery starts", "deliveries start")));
                    if let Ok(view) = view_activity(filter).await {
                        let _page_gone = taken.try_run(view);
                    }
                }
                Err(error) => refusal("Nothing was retried", &error),
            }
        });
    };
    let failed = Memo::new(move |_| counts.read().failed);
    move || {
        (failed.get() > 0).then(|| {
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
            text="Try another status, or look at all of them."
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
                            <Button variant=ButtonVariant::Primary icon=Glyph::PenLine href="/compose">
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
        let shown: Vec<_> = DeliveryStatus::ALL.iter().map(|status| count_of(&counts, Some(*status))).collect();
        assert_eq!(shown, [1, 2, 3, 4, 5, 6]);
        assert_eq!(count_of(&counts, None), 21);
        assert_eq!(stats(&counts)[1].figure, "6");
    }
}
