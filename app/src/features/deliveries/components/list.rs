//! The activity's rows: what is on its way first, then what waits for its creators, then what is done, newest first, today's
//! apart from the rest. On phones each row is a small card.

use super::details::details;
use crate::{
    shared::{
        delivery::{Acting, DeliveryActions},
        follow::one_of,
        words::{delivery_badge, delivery_line, mark},
    },
    ui::{
        Button, ButtonSize, ButtonVariant, Glyph, MarkSize, PlatformMark, RelativeTime, StatusBadge, TimeStyle, cx,
        icon, use_clock,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    DeliveryId,
    deliveries::{Delivery, DeliveryStatus, Outcome},
};
use leptos::prelude::*;

/// A heading or a delivery.
#[derive(Clone, Debug, PartialEq)]
enum Entry {
    Group(&'static str, usize),
    Row(Box<Delivery>),
}

impl Entry {
    fn key(&self) -> (&'static str, Option<DeliveryId>) {
        match self {
            Self::Group(name, _) => (name, None),
            Self::Row(delivery) => ("", Some(delivery.id)),
        }
    }
}

/// When something last happened to it, or will.
fn moment(delivery: &Delivery) -> DateTime<Utc> {
    // When a platform is asked next says nothing to anybody.
    let next = delivery.next_attempt_at.filter(|_| !delivery.stage.is_watched());
    next.or(delivery.published_at).unwrap_or(delivery.updated_at)
}

/// The deliveries in their order, with what is on its way in front. No headings where all are of one sort.
fn entries(deliveries: &[Delivery], now: DateTime<Utc>) -> Vec<Entry> {
    let day = now - TimeDelta::hours(24);
    let (done, open): (Vec<_>, Vec<_>) = deliveries.iter().cloned().partition(|one| one.status.is_final());
    let (waiting, under_way): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|one| one.outcome == Some(Outcome::WaitingForCreator));
    let (lately, before): (Vec<_>, Vec<_>) = done.into_iter().partition(|one| moment(one) > day);
    let groups = [
        ("On their way", under_way),
        ("Waiting for creators", waiting),
        ("Last 24 hours", lately),
        ("Earlier", before),
    ];
    let several = groups.iter().filter(|(_, rows)| !rows.is_empty()).count() > 1;
    groups
        .into_iter()
        .filter(|(_, rows)| !rows.is_empty())
        .flat_map(|(name, rows)| {
            let head = several.then_some(Entry::Group(name, rows.len()));
            head.into_iter().chain(rows.into_iter().map(|one| Entry::Row(Box::new(one))))
        })
        .collect()
}

/// The deliveries of a page.
#[component]
pub fn DeliveryList(deliveries: RwSignal<Vec<Delivery>>, acting: Acting) -> impl IntoView {
    let now = use_clock().now();
    let head = |word: &'static str, class: &'static str| {
        view! { <th role="columnheader" scope="col" class=cx(&["h-9 px-3 font-medium", class])>{word}</th> }
    };
    view! {
        <div class="overflow-hidden rounded-lg border border-border bg-surface">
            <table role="table" class="w-full border-collapse max-lg:block" aria-label="Deliveries">
                <thead role="rowgroup" class="max-lg:sr-only">
                    <tr role="row" class="text-left text-xs text-muted">
                        {head("Status", "")}
                        {head("Post", "")}
                        {head("Account", "")}
                        {head("Attempt", "max-2xl:hidden")}
                        {head("Time", "text-right")}
                        <th role="columnheader" scope="col" class="h-9 px-3 font-medium">
                            <span class="sr-only">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                <tbody role="rowgroup" class="max-lg:block">
                    <For
                        each=move || entries(&deliveries.read(), now.get())
                        // A group's heading is drawn anew when its number changes.
                        key=|entry| (entry.key(), if let Entry::Group(_, n) = entry { *n } else { 0 })
                        let:entry
                    >
                        {match entry {
                            Entry::Group(name, count) => group(name, count),
                            Entry::Row(delivery) => row(one_of(deliveries, *delivery, |one| one.id), acting),
                        }}
                    </For>
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

fn group(name: &'static str, count: usize) -> AnyView {
    view! {
        <tr role="row" class="max-lg:block">
            <th
                role="rowheader"
                scope="rowgroup"
                colspan="6"
                class="border-t border-border bg-sunken px-3 py-1.5 text-left text-xs font-medium text-muted max-lg:block"
            >
                {name}
                <span class="ml-1 font-normal tabular-nums">{count}</span>
            </th>
        </tr>
    }
    .into_any()
}

const CELL: &str = "px-3 align-middle";

fn row(delivery: Memo<Delivery>, acting: Acting) -> AnyView {
    let first = delivery.get_untracked();
    let open = RwSignal::new(false);
    let status = Memo::new(move |_| delivery.read().status);
    let badge = Memo::new(move |_| delivery_badge(&delivery.read()));
    let line = Memo::new(move |_| delivery_line(&delivery.read()));
    let when = Memo::new(move |_| moment(&delivery.read()));
    let attempt = move || {
        let delivery = delivery.read();
        format!("{} of {}", delivery.attempts, delivery.max_attempts)
    };
    let url = Memo::new(move |_| delivery.read().external_url.clone());
    let panel = format!("delivery-{}", first.id);
    let panel_id = panel.clone();
    let place = format!("{} on {}", first.account_name, first.platform.label());
    let toggle_label = format!("Details of {}, {place}", first.content_excerpt);
    let view_label = format!("View the post of {place}, opens in a new tab");
    let failed = move || status.get() == DeliveryStatus::Failed;
    view! {
        <tr
            role="row"
            data-delivery=first.id.to_string()
            data-status=move || status.get().as_str()
            class=move || {
                cx(&[
                    "group relative border-t border-border max-lg:grid max-lg:grid-cols-[minmax(0,1fr)_auto] max-lg:gap-y-1 max-lg:py-3",
                    if failed() { "bg-danger-bg/40" } else { "hover:bg-hover" },
                ])
            }
        >
            <td role="cell" class=cx(&[CELL, "h-13 w-34 max-lg:col-start-1 max-lg:row-start-3 max-lg:h-auto max-lg:w-auto max-lg:self-center max-lg:[&_[data-ui=status]]:whitespace-normal"])>
                {move || view! { <StatusBadge status=badge.get() plain=true/> }}
            </td>
            <td role="cell" class=cx(&[CELL, "max-w-0 max-lg:col-span-2 max-lg:col-start-1 max-lg:row-start-1 max-lg:max-w-none max-lg:pr-20"])>
                <p class="truncate font-medium" title=first.content_excerpt.clone()>
                    <a
                        href=format!("/posts/{}", first.content_id)
                        // Under a finger the whole row leads to the post.
                        class="-my-1 inline-block max-w-full truncate py-1 align-bottom hover:underline touch:after:absolute touch:after:inset-0"
                    >
                        {first.content_excerpt.clone()}
                    </a>
                </p>
                <p class="truncate text-sm text-muted" title=line>{line}</p>
            </td>
            <td role="cell" class=cx(&[CELL, "w-56 max-2xl:w-44 max-lg:col-span-2 max-lg:col-start-1 max-lg:row-start-2 max-lg:w-auto"])>
                <span class="flex min-w-0 items-center gap-2">
                    <PlatformMark mark=mark(first.platform) size=MarkSize::Bare/>
                    <span class="sr-only">{first.platform.label()} ": "</span>
                    <a
                        href=format!("/accounts/{}", first.social_account_id)
                        class="relative z-10 -my-1 truncate py-1 hover:underline"
                        title=first.account_name.clone()
                    >
                        {first.account_name.clone()}
                    </a>
                </span>
            </td>
            <td role="cell" class=cx(&[CELL, "w-24 text-sm text-muted tabular-nums max-2xl:hidden"])>{attempt}</td>
            <td
                role="cell"
                class=cx(&[CELL, "w-32 text-right text-sm whitespace-nowrap tabular-nums max-2xl:w-20 max-lg:col-start-2 max-lg:row-start-1 max-lg:w-auto max-lg:self-start max-lg:leading-6"])
            >
                {move || view! { <RelativeTime at=when.get() style=TimeStyle::Short/> }}
            </td>
            <td
                role="cell"
                class=cx(&[CELL, "w-px text-right whitespace-nowrap lg:py-1 max-lg:col-start-2 max-lg:row-start-3 max-lg:w-auto max-lg:max-w-64"])
            >
                <span class="relative z-10 inline-flex items-center justify-end gap-2 max-lg:flex-wrap">
                    {move || {
                        url.get()
                            .map(|href| {
                                view! {
                                    <Button
                                        variant=ButtonVariant::Link
                                        size=ButtonSize::Small
                                        icon_after=Glyph::ArrowUpRight
                                        new_tab=true
                                        href
                                        label=view_label.clone()
                                    >
                                        "View"
                                    </Button>
                                }
                            })
                    }}
                    // Two long ones stand one above the other where the post would have no room beside them.
                    <span class="flex items-center justify-end gap-x-2 gap-y-1 empty:hidden max-lg:contents lg:max-2xl:max-w-48 lg:max-2xl:flex-wrap">
                        <DeliveryActions delivery acting/>
                    </span>
                    <button
                        data-ui="disclosure"
                        type="button"
                        aria-expanded=move || if open.get() { "true" } else { "false" }
                        aria-controls=panel
                        aria-label=toggle_label
                        class="inline-flex h-7 items-center gap-1 rounded-md px-1.5 text-sm font-medium text-muted hover:bg-hover hover:text-text touch:h-11 touch:px-3"
                        on:click=move |_| open.update(|open| *open = !*open)
                    >
                        "Details"
                        <span class="contents" hidden=move || open.get()>{icon(Glyph::ChevronDown, "size-4")}</span>
                        <span class="contents" hidden=move || !open.get()>{icon(Glyph::ChevronUp, "size-4")}</span>
                    </button>
                </span>
            </td>
        </tr>
        <tr role="row" id=panel_id hidden=move || !open.get() class="max-lg:block max-lg:[&[hidden]]:hidden">
            <td role="cell" colspan="6" class="px-3 pb-3 max-lg:block">
                {move || open.get().then(|| details(delivery, acting))}
            </td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{AccountId, Platform, PostId, deliveries::Stage};

    fn delivery(n: u128, status: DeliveryStatus) -> Delivery {
        let nil = uuid::Uuid::nil();
        Delivery {
            id: DeliveryId(uuid::Uuid::from_u128(n)),
            content_id: PostId(nil),
            version: 1,
            content_excerpt: String::new(),
            social_account_id: AccountId(nil),
            account_name: String::new(),
            platform: Platform::Twitter,
            status,
            stage: Stage::Staging,
            outcome: None,
            first_comment: None,
            attempts: 0,
            max_attempts: 5,
            last_error: None,
            error_class: None,
            advice: None,
            needs_person: false,
            external_post_id: None,
            external_url: None,
            next_attempt_at: None,
            published_at: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
            updated_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    /// As seen `hours` after the deliveries were made.
    fn shown(deliveries: &[Delivery], hours: i64) -> Vec<String> {
        entries(deliveries, DateTime::UNIX_EPOCH + TimeDelta::hours(hours))
            .iter()
            .map(|entry| match entry {
                Entry::Group(name, count) => format!("{name} {count}"),
                Entry::Row(delivery) => delivery.id.0.as_u128().to_string(),
            })
            .collect()
    }

    #[test]
    fn what_is_on_its_way_comes_first_and_each_sort_keeps_its_order() {
        let list = [
            delivery(1, DeliveryStatus::Success),
            delivery(2, DeliveryStatus::Retried),
            delivery(3, DeliveryStatus::Failed),
            delivery(4, DeliveryStatus::Pending),
            Delivery { outcome: Some(Outcome::WaitingForCreator), ..delivery(5, DeliveryStatus::Retried) },
        ];
        let open = ["On their way 2", "2", "4", "Waiting for creators 1", "5"];
        assert_eq!(shown(&list, 1), [&open[..], &["Last 24 hours 2", "1", "3"]].concat());
        assert_eq!(shown(&list, 25), [&open[..], &["Earlier 2", "1", "3"]].concat());
    }

    #[test]
    fn one_sort_needs_no_heading() {
        assert_eq!(shown(&[delivery(1, DeliveryStatus::Success)], 1), ["1"]);
        assert!(shown(&[], 1).is_empty());
    }
}
