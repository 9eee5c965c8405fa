//! The public start page: what it is, for whom, and what it keeps to. Figures and names in the pictures are invented.

use domain::Platform;
use leptos::prelude::*;

use crate::{
    shared::words::mark,
    ui::{
        AccountCard, AvatarSize, Button, ButtonSize, ButtonVariant, Glyph, LimitMeter, Logo, Mark, MarkSize, OrgMark,
        PlatformMark, Stat, StatStrip, Status, StatusBadge, Tone, icon, status_glyph,
    },
};

/// The claim, the way in, and the product at work.
#[component]
pub fn Hero() -> impl IntoView {
    let networks = Platform::ALL.into_iter().filter(|platform| platform.rules().is_some());
    let names: Vec<_> = networks.clone().map(Platform::label).collect();
    let marks = networks
        .map(|platform| view! { <li><PlatformMark mark=mark(platform) size=MarkSize::Small/></li> })
        .collect_view();
    view! {
        <section class="overflow-hidden border-b border-border">
            <div class="mx-auto grid max-w-[90rem] grid-cols-1 gap-10 px-4 pt-10 lg:h-[calc(100dvh-4rem-1px)] lg:max-h-[58rem] lg:min-h-[44rem] lg:grid-cols-[27rem_minmax(0,1fr)] lg:gap-14 lg:px-10 lg:pt-0">
                <div class="lg:self-center lg:pb-10">
                    <h1 class="text-2xl font-semibold text-balance sm:text-3xl">
                        "Work on your clients’ accounts without their passwords"
                    </h1>
                    <p class="mt-5 text-md text-pretty text-muted">
                        "Each account is authorised on the platform’s own page. You see every connection’s health in one place, publish to all of them by saving once, and access can be taken back at any time."
                    </p>
                    <div class="mt-7 flex flex-wrap gap-2.5">
                        <Button variant=ButtonVariant::Primary size=ButtonSize::Large href="/register" class="max-sm:w-full">
                            "Start with one account"
                        </Button>
                        <Button size=ButtonSize::Large href="/login" class="max-sm:w-full">"Sign in"</Button>
                    </div>
                    <div class="mt-9 border-t border-border pt-5">
                        <p class="text-sm text-muted">{format!("Publishes to {}", and(&names))}</p>
                        <ul class="mt-3 flex flex-wrap gap-x-2 gap-y-3 sm:gap-x-3" aria-hidden="true">{marks}</ul>
                    </div>
                </div>
                <figure class="relative min-h-[34rem] min-w-0 lg:min-h-0" aria-hidden="true" inert>
                    <div class="absolute top-0 left-10 isolate sm:left-24 lg:top-12 lg:left-28">{window()}</div>
                    <div class="absolute top-16 left-0 w-72 lg:top-auto lg:bottom-6 lg:left-0">{phone()}</div>
                </figure>
            </div>
        </section>
    }
    .into_any()
}

/// "Facebook, X and LinkedIn".
fn and(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// An agency's overview, cut off at the edge.
fn window() -> AnyView {
    let stats = vec![
        Stat::new(36, "Connected").tone(Tone::Success),
        Stat::new(3, "Need attention").tone(Tone::Warning),
        Stat::new(1, "Failed").tone(Tone::Danger),
    ];
    let needy = |mark: Mark, who, network, status, why, cost, since| {
        view! {
            <li class="grid grid-cols-[auto_minmax(0,1fr)_10.5rem_8rem] items-center gap-x-3 px-4 py-3">
                <PlatformMark mark size=MarkSize::Medium/>
                <div class="min-w-0">
                    <p class="flex flex-wrap items-center gap-x-2 gap-y-1">
                        <span class="font-semibold">{who}</span>
                        <span class="text-muted">{network}</span>
                        <StatusBadge status/>
                    </p>
                    <p class="mt-0.5 text-sm text-muted">{why}</p>
                </div>
                <p class="text-sm">{cost}<br/><span class="text-muted">{since}</span></p>
                <span class="flex justify-end"><Button size=ButtonSize::Small>"Reconnect"</Button></span>
            </li>
        }
    };
    let card = |mark: Mark, who: &'static str, handle: &'static str, synced: &'static str| {
        view! {
            <li class="min-w-0">
                <AccountCard
                    mark
                    title=who
                    href="/"
                    detail=handle
                    status=Status::Connected
                    synced_words=synced
                    synced=move || synced
                />
            </li>
        }
    };
    view! {
        <div class="w-[62rem] overflow-hidden rounded-xl border border-border-strong bg-surface shadow-raised min-[104rem]:w-[84rem]">
            <div class="flex h-12 items-center gap-2 border-b border-border bg-background px-4">
                <OrgMark name="Harbour & Pine" size=AvatarSize::Small own=true/>
                <span class="font-medium">"Harbour & Pine"</span>
            </div>
            <div class="p-5">
                <StatStrip label="Connections" stats/>
                <p class="mt-5 mb-2.5 font-semibold">"Needs attention"</p>
                <ul class="divide-y divide-border rounded-lg border border-border">
                    {needy(
                        Mark::X,
                        "Meridian Dental",
                        "X",
                        Status::Failed,
                        "X answered with errors. Retries ran out at 09:42.",
                        "2 posts wait for it",
                        "38 minutes ago",
                    )}
                    {needy(
                        Mark::Facebook,
                        "Acme Corp",
                        "Facebook",
                        Status::ReconnectRequired,
                        "The Facebook password changed, which ended this connection.",
                        "New posts skip it",
                        "Yesterday",
                    )}
                </ul>
                <p class="mt-5 mb-2.5 font-semibold">"Accounts"</p>
                <ul class="grid grid-cols-3 gap-3">
                    {card(Mark::LinkedIn, "Fjord Outdoor", "Fjord Outdoor", "8 minutes ago")}
                    {card(Mark::Facebook, "Northwind Coffee", "Northwind Coffee Roasters", "just now")}
                    {card(Mark::LinkedIn, "Juniper Hotels", "Juniper Hotels Group", "today")}
                    {card(Mark::Facebook, "Kestrel Bikes", "Kestrel Bikes Dublin", "2 hours ago")}
                    {card(Mark::X, "Kestrel Bikes", "@kestrelbikes", "4 minutes ago")}
                    {card(Mark::X, "Fjord Outdoor", "@fjordoutdoor", "12 minutes ago")}
                </ul>
            </div>
        </div>
    }
    .into_any()
}

/// One post on its way, on a phone.
fn phone() -> AnyView {
    let line = |mark: Mark, name, status: Status, words| {
        view! {
            <li class="flex items-center gap-3 px-3 py-2.5">
                <PlatformMark mark size=MarkSize::Small/>
                <span class="min-w-0 flex-1">
                    <span class="block truncate font-medium">{name}</span>
                    <span class="block truncate text-xs text-muted">{words}</span>
                </span>
                {status_glyph(status, "size-4")}
            </li>
        }
    };
    view! {
        <div class="overflow-hidden rounded-[1.75rem] border border-border-strong bg-background shadow-raised">
            <div class="flex h-12 items-center justify-between border-b border-border px-4">
                <Logo/>
                <span class="flex items-center gap-1.5 text-sm text-muted">
                    <span class="size-2 rounded-full bg-success-solid"></span>
                    "Live"
                </span>
            </div>
            <div class="bg-surface p-4">
                <p class="text-md font-semibold text-balance">"Publishing to 3 accounts"</p>
                <p class="mt-2 rounded-lg border border-border p-3 text-pretty">
                    "The Winter Roast is back: plum, cocoa, and a long finish. In the shop from Saturday."
                </p>
                <ul class="mt-3 divide-y divide-border rounded-lg border border-border">
                    {line(Mark::Facebook, "Northwind Coffee Roasters", Status::Published, "Published on Facebook")}
                    {line(Mark::X, "@northwindcoffee", Status::Publishing, "Publishing on X, step 3 of 3")}
                    {line(Mark::LinkedIn, "Northwind Coffee", Status::Retrying, "LinkedIn asked to wait 48 s")}
                </ul>
                <p class="mt-3 text-xs text-muted">"Each account goes its own way: one that waits holds up no other."</p>
            </div>
        </div>
    }
    .into_any()
}

/// Who does what, each with a glimpse of it.
#[component]
pub fn Roles() -> impl IntoView {
    let column = |glyph: Glyph, title, text, glimpse: AnyView| {
        view! {
            <li class="flex flex-col border-border py-8 max-lg:border-t lg:border-l lg:px-8 lg:first:border-l-0 lg:first:pl-0 lg:last:pr-0">
                <h3 class="flex items-center gap-2 text-md font-semibold">
                    {icon(glyph, "size-4 text-accent-strong")}
                    {title}
                </h3>
                <p class="mt-1.5 mb-4 text-pretty text-muted">{text}</p>
                <div class="mt-auto flex min-h-20 flex-col justify-center rounded-lg border border-border bg-surface p-3.5" inert aria-hidden="true">
                    {glimpse}
                </div>
            </li>
        }
    };
    view! {
        <section id="how" aria-labelledby="how-title" class="bg-surface">
            <div class="mx-auto max-w-[90rem] px-4 pt-14 lg:px-10">
                <h2 id="how-title" class="text-2xl font-semibold">"Who does what"</h2>
                <ul class="mt-4 grid grid-cols-1 lg:grid-cols-3">
                    {column(
                        Glyph::KeyRound,
                        "The client owns",
                        "Connects accounts on the platform’s own page, says which of them get posts, and disconnects with one press.",
                        view! {
                            <div class="flex flex-wrap items-center gap-x-3 gap-y-2">
                                <PlatformMark mark=Mark::Facebook size=MarkSize::Medium/>
                                <p class="min-w-0 flex-1 basis-40">
                                    <span class="block truncate font-medium">"Northwind Coffee Roasters"</span>
                                    <span class="block text-sm text-muted">"Facebook, synced 8 minutes ago"</span>
                                </p>
                                <StatusBadge status=Status::Connected/>
                            </div>
                        }
                        .into_any(),
                    )}
                    {column(
                        Glyph::PenLine,
                        "The manager writes",
                        "One text, a variation where a network needs it. What would be refused shows before saving.",
                        view! {
                            <p class="truncate font-medium">"Two cups, one kettle: the easiest filter recipe we know."</p>
                            <div class="mt-2.5 grid grid-cols-2 gap-4">
                                <LimitMeter
                                    label="X"
                                    used=212_u64
                                    max=280_u64
                                    before=|| view! { <PlatformMark mark=Mark::X size=MarkSize::Tiny/> }
                                />
                                <LimitMeter
                                    label="LinkedIn"
                                    used=486_u64
                                    max=3_000_u64
                                    before=|| view! { <PlatformMark mark=Mark::LinkedIn size=MarkSize::Tiny/> }
                                />
                            </div>
                        }
                        .into_any(),
                    )}
                    {column(
                        Glyph::Building2,
                        "The agency oversees",
                        "Sees what broke, for whom and since when, before the client calls, and what became of every single post.",
                        view! {
                            <div class="flex flex-wrap items-center gap-x-3 gap-y-2">
                                <PlatformMark mark=Mark::LinkedIn size=MarkSize::Medium/>
                                <p class="min-w-0 flex-1 basis-40">
                                    <span class="block truncate font-medium">"Lumen Studio"</span>
                                    <span class="block truncate text-sm text-muted">"LinkedIn’s 60 days are over."</span>
                                </p>
                                <StatusBadge status=Status::ReconnectRequired/>
                            </div>
                        }
                        .into_any(),
                    )}
                </ul>
            </div>
        </section>
    }
    .into_any()
}

const FACTS: [(&str, &str); 6] = [
    ("Passwords", "None of a platform’s. Access is OAuth, granted on the platform’s own page."),
    ("Keys", "Encrypted with XChaCha20-Poly1305, bound to one row, never sent to a browser or a log."),
    ("Workspaces", "Kept apart by the database itself, on every query."),
    ("Revocation", "Shown on every open page within seconds."),
    ("Publishing", "Five attempts. After an unclear answer the platform is asked before anything is sent again."),
    ("Record", "Each account keeps a log: authorised, renewed, refused, revoked, and when."),
];

/// What the product keeps to.
#[component]
pub fn Facts() -> impl IntoView {
    let facts = FACTS
        .into_iter()
        .map(|(name, fact)| {
            view! {
                <div class="grid grid-cols-1 gap-x-6 gap-y-1 border-t border-border py-4 sm:grid-cols-[8rem_minmax(0,1fr)]">
                    <dt class="font-medium">{name}</dt>
                    <dd class="text-pretty text-muted">{fact}</dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <section id="facts" aria-labelledby="facts-title" class="bg-surface">
            <div class="mx-auto grid max-w-[90rem] grid-cols-1 gap-x-16 gap-y-6 px-4 py-14 lg:grid-cols-[19rem_minmax(0,1fr)] lg:px-10">
                <div>
                    <h2 id="facts-title" class="text-2xl font-semibold text-balance">"What we hold ourselves to"</h2>
                    <p class="mt-2 text-muted">"Each line is tested on every change."</p>
                </div>
                <dl class="grid grid-cols-1 gap-x-10 xl:grid-cols-2">{facts}</dl>
            </div>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::and;

    #[test]
    fn networks_are_named_as_people_do() {
        assert_eq!(and(&["Facebook", "X", "LinkedIn"]), "Facebook, X and LinkedIn");
        assert_eq!(and(&["X"]), "X");
    }
}
