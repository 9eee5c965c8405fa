//! Account cards, tables, tabs and pages of lists.

use super::{ago, s, section};
use crate::ui::{
    AccountCard, AvatarStack, Breadcrumbs, Button, ButtonSize, CalendarEvent, Checkbox, CopyButton, DescriptionList,
    Detail, Disclosure, Glyph, IconButton, Mark, MarkSize, Menu, MenuItem, MenuLink, MenuSeparator, NavTab, NavTabs,
    Pagination, PlatformMark, RelativeTime, SkeletonCards, Sort, Status, StatusBadge, Tab, TabPanel, Table, Tabs, Td,
    Th, Thead, TimeStyle, Tr, cx, platform_mark, relative_words,
};
use leptos::prelude::*;

#[derive(Clone, Copy)]
struct Sample {
    mark: Mark,
    client: &'static str,
    detail: &'static str,
    status: Status,
    minutes: i64,
    word: &'static str,
    people: &'static [&'static str],
    action: &'static str,
}

const CARDS: &[Sample] = &[
    Sample {
        mark: Mark::Instagram,
        client: "Fjord Outdoor",
        detail: "@fjord.outdoor",
        status: Status::Connected,
        minutes: 8,
        word: "connected",
        people: &["Tomás Okafor", "Aoife Byrne"],
        action: "",
    },
    Sample {
        mark: Mark::FacebookAds,
        client: "Acme Corp",
        detail: "Acme EMEA",
        status: Status::ReconnectRequired,
        minutes: 1500,
        word: "reconnect required",
        people: &[],
        action: "Reconnect",
    },
    Sample {
        mark: Mark::GoogleAds,
        client: "Meridian Dental",
        detail: "Meridian Dental, search",
        status: Status::Failed,
        minutes: 38,
        word: "failed",
        people: &[],
        action: "Retry now",
    },
    Sample {
        mark: Mark::Facebook,
        client: "Kestrel Bikes",
        detail: "Kestrel Bikes Dublin",
        status: Status::Disconnected,
        minutes: 4400,
        word: "disconnected",
        people: &[],
        action: "Connect again",
    },
    Sample {
        mark: Mark::TikTok,
        client: "Fjord Outdoor",
        detail: "@fjordoutdoor",
        status: Status::Connected,
        minutes: 12,
        word: "hover",
        people: &["Tomás Okafor", "Aoife Byrne"],
        action: "",
    },
    Sample {
        mark: Mark::GoogleAnalytics,
        client: "Hollingsworth, Ferris and Sons Estate Agents",
        detail: "hollingsworth-ferris-estate-agents.example, GA4",
        status: Status::Connected,
        minutes: 7300,
        word: "long names, whole on hover",
        people: &["Maya Lindqvist", "A B", "C D", "E F", "G H", "I J", "K L", "M N", "O P", "Q R", "S T", "U V", "W X"],
        action: "",
    },
    Sample {
        mark: Mark::X,
        client: "Kestrel Bikes",
        detail: "@kestrelbikes",
        status: Status::Connected,
        minutes: 4,
        word: "viewer role: read only",
        people: &[],
        action: "",
    },
];

fn card(i: usize, sample: Sample) -> AnyView {
    let Sample { mark, client, detail, status, minutes, word, people, action } = sample;
    let at = ago(minutes);
    let read_only = word.starts_with("viewer");
    let name = format!("{client} {}", mark.name());
    let (menu_name, quick_name) = (name.clone(), name);
    let action = move || {
        if action.is_empty() {
            if people.is_empty() {
                ().into_any()
            } else {
                let shown = if people.len() > 7 { 1 } else { 3 };
                let names = people.iter().map(|name| s(name)).collect();
                view! { <AvatarStack names shown/> }.into_any()
            }
        } else {
            view! { <Button size=ButtonSize::Small>{action}</Button> }.into_any()
        }
    };
    let menu = move || {
        if read_only {
            return ().into_any();
        }
        let name = menu_name.clone();
        view! {
            <Menu id=format!("card-menu-{i}") label=format!("Actions for {name}") size=ButtonSize::Small>
                <MenuLink label="Open account" href="#cards" icon=Glyph::ArrowUpRight/>
                <MenuItem label="Refresh now" icon=Glyph::RefreshCw shortcut="R"/>
                <MenuSeparator/>
                <MenuItem label="Disconnect" icon=Glyph::Unplug danger=true/>
            </Menu>
        }
        .into_any()
    };
    let quick = move || {
        if read_only || status != Status::Connected {
            return ().into_any();
        }
        view! { <IconButton icon=Glyph::RefreshCw label=format!("Refresh {quick_name}") size=ButtonSize::Small/> }
            .into_any()
    };
    let hover = if word == "hover" {
        "[&>article]:border-border-strong [&>article]:bg-hover [&_.opacity-0]:opacity-100 [&_.ring-2]:ring-hover"
    } else {
        ""
    };
    view! {
        <li class=cx(&["grid grid-cols-1 grid-rows-[1fr_auto] gap-2", hover])>
            <AccountCard
                mark
                title=client
                href="#cards"
                detail
                status
                synced_words=relative_words(at, super::noon(), TimeStyle::default())
                synced=move || view! { <RelativeTime at/> }
                action
                menu
                quick
            />
            <span class="text-xs text-subtle">{word}</span>
        </li>
    }
    .into_any()
}

pub(super) fn cards() -> AnyView {
    let items = CARDS.iter().enumerate().map(|(i, sample)| card(i, *sample)).collect_view();
    section(
        "cards",
        "Client, platform, account, when last seen, status, and the one action the status calls for. Actions show on hover and focus, and are always there on touch.",
        view! {
            <ul class="grid gap-3 sm:grid-cols-2 xl:grid-cols-4">
                {items} <li class="grid grid-cols-1 grid-rows-[1fr_auto] gap-2">
                    <SkeletonCards label="Loading accounts" count=1 class="grid"/>
                    <span class="text-xs text-subtle">"loading"</span>
                </li>
            </ul>
        }
        .into_any(),
    )
}

const EVENTS: &[(&str, Status, bool, bool)] = &[
    ("scheduled", Status::Scheduled, false, false),
    ("picked up", Status::Scheduled, true, false),
    ("being saved", Status::Scheduled, false, true),
    ("publishing", Status::Publishing, false, false),
    ("published", Status::Published, false, false),
    ("partly published", Status::PartlyPublished, false, false),
    ("failed", Status::Failed, false, false),
];

pub(super) fn events() -> AnyView {
    let items = EVENTS
        .iter()
        .map(|(word, status, held, busy)| {
            view! {
                <li class="grid gap-2">
                    <CalendarEvent
                        href="#events"
                        status=*status
                        time="09:30"
                        words="Cupping on Saturday at ten"
                        label=format!("09:30, Cupping on Saturday at ten, {}", status.word())
                        held=*held
                        busy=*busy
                        movable=*status == Status::Scheduled
                    />
                    <span class="text-xs text-subtle">{*word}</span>
                </li>
            }
        })
        .collect_view();
    section(
        "events",
        "Posts in a calendar: when, what, and how it stands, by a sign, a word for whoever hovers or listens, and a colour.",
        view! { <ul class="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">{items}</ul> }.into_any(),
    )
}

const ROWS: &[(Mark, &str, &str, Status, i64, &str, u32)] = &[
    (Mark::FacebookAds, "Acme Corp", "Acme EMEA", Status::ReconnectRequired, 1500, "Priya Raman", 3),
    (Mark::Instagram, "Fjord Outdoor", "@fjord.outdoor", Status::Connected, 8, "Tomás Okafor", 41),
    (Mark::LinkedIn, "Juniper Hotels Group", "Juniper Hotels Group", Status::Connected, 130, "Maya Lindqvist", 12),
    (Mark::Facebook, "Kestrel Bikes", "Kestrel Bikes Dublin", Status::Disconnected, 4400, "Aoife Byrne", 0),
    (Mark::GoogleAds, "Meridian Dental", "Meridian Dental, search", Status::Failed, 38, "Priya Raman", 7),
];

pub(super) fn table() -> AnyView {
    let chosen: Vec<_> = ROWS.iter().enumerate().map(|(i, _)| RwSignal::new(i == 2)).collect();
    let (all, signals) = (RwSignal::new(false), chosen.clone());
    let mixed = {
        let signals = signals.clone();
        Signal::derive(move || {
            let count = signals.iter().filter(|one| one.get()).count();
            count > 0 && count < signals.len()
        })
    };
    let rows = ROWS
        .iter()
        .zip(chosen)
        .enumerate()
        .map(|(i, ((mark, client, account, status, minutes, owner, posts), chosen))| {
            let (mark, at, status) = (*mark, ago(*minutes), *status);
            let hover = if i == 1 { "bg-hover" } else { "" };
            view! {
                <Tr selected=chosen class=hover>
                    <Td class="w-10 pr-0 touch:w-14">
                        <Checkbox id=format!("row-{i}") label=format!("Select {client}, {}", mark.name()) label_hidden=true checked=chosen/>
                    </Td>
                    <Td class="font-medium">{*client}</Td>
                    <Td>
                        <span class="flex items-center gap-2">
                            <PlatformMark mark size=MarkSize::Bare/>
                            <span class="sr-only">{mark.name()} ": "</span>
                            {*account}
                        </span>
                    </Td>
                    <Td><StatusBadge status plain=true/></Td>
                    <Td muted=true><RelativeTime at/></Td>
                    <Td muted=true>{*owner}</Td>
                    <Td numeric=true>{*posts}</Td>
                    <Td class="w-12 px-0 pr-2">
                        <Menu id=format!("row-menu-{i}") label=format!("Actions for {client}") size=ButtonSize::Small>
                            <MenuLink label="Open account" href="#table" icon=Glyph::ArrowUpRight/>
                            <MenuItem label="Refresh now" icon=Glyph::RefreshCw/>
                        </Menu>
                    </Td>
                </Tr>
            }
        })
        .collect_view();
    section(
        "table",
        "Sort in the head, numbers to the right, 44-px rows. On phones a list takes its place.",
        view! {
            <Table label="Accounts table" min_width="min-w-[56rem]">
                <Thead>
                    <th scope="col" class="h-9 w-10 pl-3">
                        <Checkbox
                            id="row-all"
                            label="Select all accounts"
                            label_hidden=true
                            checked=all
                            indeterminate=mixed
                            on_change=move |on| signals.iter().for_each(|one| one.set(on))
                        />
                    </th>
                    <Th label="Client" href="#table" sort=Sort::Ascending/>
                    <Th label="Account" href="#table"/>
                    <Th label="Status" href="#table"/>
                    <Th label="Last synced" href="#table"/>
                    <Th label="Owner"/>
                    <Th label="Posts, 30 days" numeric=true href="#table"/>
                    <Th label="Actions" hidden=true/>
                </Thead>
                <tbody>{rows}</tbody>
            </Table>
            <p class="mt-2 text-xs text-subtle">"Row 2 shows hover, row 3 selection."</p>
            <div class="mt-6 max-w-md">
                <h3 class="mb-2.5 text-xs font-medium text-muted">"Details"</h3>
                <DescriptionList>
                    <Detail label="Delivery" mono=true>
                        <span class="flex items-center justify-between gap-2">
                            <span class="truncate" title="0199f2c4-8a31-7c5e-b1d0-4f6a9e2c7d18">"0199f2c4-8a31-7c5e-b1d0-4f6a9e2c7d18"</span>
                            <CopyButton text="0199f2c4-8a31-7c5e-b1d0-4f6a9e2c7d18" label="Copy delivery id" size=ButtonSize::Small/>
                        </span>
                    </Detail>
                    <Detail label="Post version">"v3, approved by Niamh Doyle"</Detail>
                    <Detail label="Last answer" mono=true>"500 INTERNAL_SERVER_ERROR"</Detail>
                </DescriptionList>
            </div>
        }
        .into_any(),
    )
}

pub(super) fn tabs() -> AnyView {
    let view = RwSignal::new(s("overview"));
    let (open, closed) = (RwSignal::new(true), RwSignal::new(false));
    let text = RwSignal::new(s("all"));
    let views = vec![
        Tab::new("overview", "Overview"),
        Tab::new("log", "Connection log"),
        Tab::new("grants", "Grants"),
        Tab::new("deliveries", "Deliveries"),
    ];
    let platforms = vec![
        Tab::new("all", "All platforms"),
        Tab::new("x", "X").mark(Mark::X).dot("has its own text"),
        Tab::new("linkedin", "LinkedIn").mark(Mark::LinkedIn),
        Tab::new("facebook", "Facebook").mark(Mark::Facebook),
    ];
    let panel = |id: &'static str, selected: RwSignal<String>, key: &'static str, words: &'static str| {
        view! { <TabPanel id key selected class="px-3 py-3 text-sm text-muted -outline-offset-3">{words}</TabPanel> }
            .into_any()
    };
    let nav =
        |label: &str, count: Option<u64>, current: bool| NavTab { href: s("#tabs"), label: s(label), count, current };
    section(
        "tabs",
        "Tabs that change the address are links; tabs within a panel are tabs. A part that opens says in its head what is in it.",
        view! {
            <div class="grid grid-cols-1 gap-6">
                <div class="divide-y divide-border rounded-lg border border-border">
                    <Disclosure
                        id="g-x"
                        label="X"
                        before=|| platform_mark(Mark::X, MarkSize::Bare)
                        summary=s("First comment")
                        open
                    >
                        <p class="text-sm text-muted">"What was typed here stays when it closes."</p>
                    </Disclosure>
                    <Disclosure
                        id="g-linkedin"
                        label="LinkedIn"
                        before=|| platform_mark(Mark::LinkedIn, MarkSize::Bare)
                        summary=s("No first comment")
                        open=closed
                    >
                        <p class="text-sm text-muted">"Closed until its head is pressed."</p>
                    </Disclosure>
                </div>
                <div>
                    <Tabs id="g-views" label="Views" tabs=views selected=view/>
                    {panel("g-views", view, "overview", "Arrow keys move and choose; Tab goes into the panel.")}
                    {panel("g-views", view, "log", "What the platform and people did to this connection.")}
                    {panel("g-views", view, "grants", "Who may do what with it, and since when.")}
                    {panel("g-views", view, "deliveries", "What was sent to it, newest first.")}
                </div>
                <div class="overflow-hidden rounded-lg border border-field">
                    <Tabs id="g-text" label="Text per platform" tabs=platforms selected=text framed=true/>
                    {panel("g-text", text, "all", "One text for all platforms.")} {panel("g-text", text, "x", "X has its own text.")}
                    {panel("g-text", text, "linkedin", "As for all platforms.")}
                    {panel("g-text", text, "facebook", "As for all platforms.")}
                </div>
                <NavTabs
                    label="Example"
                    tabs=vec![nav("Deliveries", None, false), nav("Dead letters", Some(2), true), nav("Connection log", None, false)]
                />
                <Breadcrumbs crumbs=vec![
                    (s("#tabs"), s("Clients")),
                    (s("#tabs"), s("Northwind Coffee")),
                    (String::new(), s("@northwind.coffee")),
                ]/>
                <Pagination total=42_u64 limit=9_u64 offset=0_u64 noun="accounts" base="?"/>
                <Pagination total=142_u64 limit=11_u64 offset=66_u64 noun="deliveries" base="?"/>
            </div>
        }
        .into_any(),
    )
}
