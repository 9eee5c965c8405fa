//! An overview before there is anything to see: the first step, large, and what follows from it.

use domain::accounts::PlatformOffer;
use leptos::prelude::*;

use crate::{
    layouts::PrimaryAction,
    shared::{account::authorize_href, words::mark},
    ui::{
        Button, ButtonSize, ButtonVariant, Glyph, Mark, MarkSize, PageTitle, PlatformMark, Status, StatusBadge, Switch,
        icon,
    },
};

/// "Connect your first account", in three steps.
#[component]
pub fn FirstRun(
    offers: Vec<PlatformOffer>,
    /// Whether the person may connect accounts.
    may_connect: bool,
    /// Where the platform sends the person back to.
    return_to: &'static str,
) -> impl IntoView {
    let (ready, missing): (Vec<_>, Vec<_>) = offers.into_iter().partition(|offer| offer.configured);
    let none_ready = ready.is_empty();
    let tiles = ready
        .into_iter()
        .map(|offer| {
            view! {
                <li>
                    <a
                        href=authorize_href(offer.platform, None, return_to)
                        rel="external"
                        class="flex h-16 items-center gap-3 rounded-lg border border-border-strong bg-surface px-3.5 hover:border-field hover:bg-hover lg:h-auto lg:flex-col lg:items-start lg:gap-4 lg:py-4"
                    >
                        <PlatformMark mark=mark(offer.platform) size=MarkSize::Medium/>
                        <span class="flex flex-1 items-center justify-between gap-2 font-medium lg:w-full">
                            {format!("Connect {}", offer.platform.label())}
                            {icon(Glyph::ArrowRight, "size-4 text-muted lg:hidden")}
                        </span>
                    </a>
                </li>
            }
        })
        .collect_view();
    let rest = missing.iter().map(|offer| offer.platform.label()).collect::<Vec<_>>().join(", ");
    let note = match (none_ready, rest.is_empty()) {
        (true, _) => {
            "No platform is set up on this Arctiv yet. Ask whoever runs it to add the platforms’ apps.".to_owned()
        }
        (false, true) => String::new(),
        (false, false) => format!("Not set up on this Arctiv: {rest}."),
    };
    let first_step = if may_connect {
        view! {
            <ul class="mt-6 grid gap-2 sm:grid-cols-2 lg:grid-cols-3" aria-label="Platforms">{tiles}</ul>
            {(!note.is_empty()).then(|| view! { <p class="mt-3 text-sm text-muted">{note}</p> })}
        }
        .into_any()
    } else {
        view! { <p class="mt-6 text-muted">"An admin of this workspace can connect the first one."</p> }.into_any()
    };
    view! {
        <PageTitle text="Welcome"/>
        <div class="mx-auto max-w-5xl px-4 py-8 lg:px-6 lg:py-14">
            <h1 class="text-xl font-semibold text-balance">"Connect your first account"</h1>
            <p class="mt-2 max-w-prose text-md text-pretty text-muted">
                "You sign in on the platform’s own page. Arctiv gets a key you can take back, never your password."
            </p>
            {first_step}
            <section aria-label="How it works" class="mt-12">
                <ol class="grid divide-border rounded-lg border border-border max-lg:divide-y lg:grid-cols-3 lg:divide-x">
                    {step(
                        1,
                        "Connect an account",
                        "It appears here with its status. You are told before anything breaks.",
                        account_example(),
                    )}
                    {step(
                        2,
                        "Choose where posts go",
                        "Each account has a switch. What is off stays connected and gets nothing.",
                        switch_example(),
                    )}
                    {step(
                        3,
                        "Write once, save",
                        "Saving publishes to every account that is on, with a few seconds to take it back.",
                        post_example(),
                    )}
                </ol>
            </section>
            <p class="mt-6 text-sm text-muted">
                "You can write before you connect: a private post waits here until you choose where it goes."
            </p>
            <div class="mt-3 md:hidden"><PrimaryAction class="w-full"/></div>
        </div>
    }
    .into_any()
}

fn step(number: u8, title: &'static str, text: &'static str, example: AnyView) -> AnyView {
    let look = if number == 1 { "bg-primary text-on-primary" } else { "border border-border-strong text-muted" };
    view! {
        <li class="flex min-w-0 flex-col gap-3 p-5 sm:p-6">
            <div class="flex items-center gap-2.5">
                <span class=format!("grid size-6 place-items-center rounded-full text-xs font-semibold {look}")>{number}</span>
                <h2 class="font-semibold">{title}</h2>
            </div>
            <p class="text-muted">{text}</p>
            <div class="mt-auto pt-2">
                <div class="min-h-21 rounded-lg border border-border bg-surface p-3" inert aria-hidden="true">{example}</div>
            </div>
        </li>
    }
    .into_any()
}

fn account_example() -> AnyView {
    view! {
        <div class="flex items-center gap-2.5">
            <PlatformMark mark=Mark::Facebook size=MarkSize::Small/>
            <p class="min-w-0 flex-1 truncate font-medium">"Northwind Coffee"</p>
        </div>
        <div class="mt-2 flex items-center justify-between gap-2">
            <StatusBadge status=Status::Connected/>
            <span class="text-xs text-muted">"synced just now"</span>
        </div>
    }
    .into_any()
}

fn switch_example() -> AnyView {
    let line = |mark: Mark, name: &'static str, on: bool| {
        view! {
            <div class="flex h-7 items-center gap-2.5">
                <PlatformMark mark size=MarkSize::Bare/>
                <p class="min-w-0 flex-1 truncate">{name}</p>
                <Switch label=format!("Example: posts go to {name}") checked=on/>
            </div>
        }
    };
    view! { {line(Mark::X, "@northwindcoffee", true)} {line(Mark::LinkedIn, "Northwind Coffee", false)} }.into_any()
}

fn post_example() -> AnyView {
    view! {
        <p class="truncate font-medium">"Two cups, one kettle"</p>
        <div class="mt-2.5 flex items-center justify-between gap-2">
            <span class="inline-flex items-center gap-1.5 text-xs text-muted">
                {icon(Glyph::StPending, "size-3.5")}
                "Publishing in 5 s"
            </span>
            <Button variant=ButtonVariant::Secondary size=ButtonSize::Small>"Undo"</Button>
        </div>
    }
    .into_any()
}
