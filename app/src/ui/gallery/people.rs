//! Badges, marks, people.

use super::{column, s, section};
use crate::ui::{
    AccountChip, Avatar, AvatarSize, AvatarStack, Badge, Count, FilterButton, FilterOption, FilterSelect, Mark,
    MarkSize, OrgMark, PlatformMark, Status, StatusBadge, Tag, Tone,
};
use leptos::prelude::*;

fn statuses(all: &[Status], plain: bool) -> AnyView {
    all.iter().map(|status| view! { <StatusBadge status=*status plain/> }).collect_view().into_any()
}

const CONNECTION: &[Status] = &[Status::Connected, Status::ReconnectRequired, Status::Failed, Status::Disconnected];
const DELIVERY: &[Status] =
    &[Status::Pending, Status::Publishing, Status::Retrying, Status::Published, Status::Failed, Status::Canceled];
const POST: &[Status] = &[
    Status::Draft,
    Status::WaitingForApproval,
    Status::Approved,
    Status::Rejected,
    Status::Scheduled,
    Status::Private,
    Status::Publishing,
    Status::Published,
    Status::PartlyPublished,
    Status::Failed,
];

pub(super) fn badges() -> AnyView {
    let filter = RwSignal::new("all");
    let (first, second) = (RwSignal::new(true), RwSignal::new(false));
    let option = |label: &str, active| FilterOption { href: s("#badges"), label: s(label), active };
    section(
        "badges",
        "Icon, word and colour together, never colour alone. Badges on cards and in lists that mix things; the plain form inside tables.",
        view! {
            <div class="grid gap-6 md:grid-cols-2 xl:grid-cols-4">
                {column("Connection", view! { <div class="grid justify-items-start gap-2">{statuses(CONNECTION, false)}</div> }.into_any())}
                {column(
                    "Connection, in tables",
                    view! { <div class="grid justify-items-start gap-3">{statuses(CONNECTION, true)}</div> }.into_any(),
                )}
                {column("Delivery", view! { <div class="grid justify-items-start gap-3">{statuses(DELIVERY, true)}</div> }.into_any())}
                {column(
                    "Post",
                    view! { <div class="grid grid-cols-1 justify-items-start gap-3">{statuses(POST, true)}</div> }.into_any(),
                )}
            </div>
            <div class="mt-6 grid gap-6 md:grid-cols-2">
                {column(
                    "Tag, count, tinted words",
                    view! {
                        <div class="flex flex-wrap items-center gap-3">
                            <Tag>"View"</Tag>
                            <Tag>"Draft"</Tag>
                            <Tag>"Publish"</Tag>
                            <Count count=42_u64/>
                            <Count count=4_u64 tone=Tone::Warning/>
                            <Count count=3_u64 tone=Tone::Info/>
                            <Badge tone=Tone::Info>"New"</Badge>
                            <Badge tone=Tone::Warning with_glyph=true>"Ends in 2 days"</Badge>
                        </div>
                    }
                        .into_any(),
                )}
                {column(
                    "Filter",
                    view! {
                        <div class="flex flex-wrap items-center gap-3">
                            <FilterButton
                                label="All"
                                count=142_u64
                                active=Signal::derive(move || filter.get() == "all")
                                on_click=move |()| filter.set("all")
                            />
                            <FilterButton
                                label="Failed"
                                count=2_u64
                                active=Signal::derive(move || filter.get() == "failed")
                                on_click=move |()| filter.set("failed")
                            />
                            <FilterSelect
                                id="filter-platform"
                                label="Platform"
                                options=vec![option("All", true), option("Facebook", false), option("X", false), option("LinkedIn", false)]
                            />
                        </div>
                    }
                        .into_any(),
                )}
                <div class="min-w-0 md:col-span-2">
                    <h3 class="mb-2.5 text-xs font-medium text-muted">"Account chip: taking part, not, out of reach with the reason"</h3>
                    <ul class="flex flex-wrap gap-2 max-sm:grid max-sm:grid-cols-2">
                        <li>
                            <AccountChip mark=Mark::X name="@northwindcoffee" checked=first on_toggle=move |on| first.set(on)/>
                        </li>
                        <li>
                            <AccountChip mark=Mark::Facebook name="Northwind Coffee" checked=second on_toggle=move |on| second.set(on)/>
                        </li>
                        <li>
                            <AccountChip mark=Mark::X name="@northwind_ie" checked=false on_toggle=|_| () reason="left out"/>
                        </li>
                        <li>
                            <AccountChip mark=Mark::X name="@harbourpine" checked=true on_toggle=|_| () limit=Signal::stored(280) over=Signal::stored(12)/>
                        </li>
                    </ul>
                </div>
            </div>
        }
        .into_any(),
    )
}

pub(super) fn marks() -> AnyView {
    let items = Mark::ALL
        .iter()
        .map(|mark| {
            view! {
                <li class="grid gap-2.5">
                    <span class="flex items-center gap-4">
                        <PlatformMark mark=*mark size=MarkSize::Large/>
                        <PlatformMark mark=*mark/>
                        <PlatformMark mark=*mark size=MarkSize::Small/>
                    </span>
                    <span class="text-sm">{mark.name()}</span>
                </li>
            }
        })
        .collect_view();
    section(
        "marks",
        "Official marks, one colour each; Google’s keep their own. A small megaphone tells an ads account from the network it shares a mark with. The name is always beside it or in the label.",
        view! { <ul class="grid grid-cols-2 gap-x-6 gap-y-6 lg:grid-cols-3 xl:grid-cols-5">{items}</ul> }.into_any(),
    )
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| s(name)).collect()
}

pub(super) fn avatars() -> AnyView {
    let seven = names(&[
        "Maya Lindqvist",
        "Tomás Okafor",
        "Aoife Byrne",
        "Priya Raman",
        "Jonas Weber",
        "Niamh Doyle",
        "Ed Ó Sé",
    ]);
    let many: Vec<_> = seven.iter().cycle().take(15).cloned().collect();
    section(
        "people",
        "Initials until there is a picture. People are round, organisations square.",
        view! {
            <div class="grid gap-6 sm:grid-cols-3">
                {column(
                    "Sizes",
                    view! {
                        <div class="flex flex-wrap items-center gap-3">
                            <Avatar name="Maya Lindqvist" size=AvatarSize::Tiny/>
                            <Avatar name="Tomás Okafor" size=AvatarSize::Small/>
                            <Avatar name="Priya Raman"/>
                            <Avatar name="Aoife Byrne" size=AvatarSize::Large/>
                        </div>
                    }
                        .into_any(),
                )}
                {column(
                    "Stack",
                    view! {
                        <div class="flex flex-wrap items-center gap-3">
                            <AvatarStack names=names(&["Maya Lindqvist", "Tomás Okafor", "Priya Raman"])/>
                            <AvatarStack names=seven/>
                            <AvatarStack names=many size=AvatarSize::Medium/>
                        </div>
                    }
                        .into_any(),
                )}
                {column(
                    "Organisation",
                    view! {
                        <div class="flex flex-wrap items-center gap-3">
                            <OrgMark name="Harbour & Pine" own=true size=AvatarSize::Small/>
                            <OrgMark name="Harbour & Pine" own=true/>
                            <OrgMark name="Acme Corp"/>
                        </div>
                    }
                        .into_any(),
                )}
            </div>
        }
        .into_any(),
    )
}
