//! Buttons, fields, choices.

use super::{column, sample, section};
use crate::ui::{
    Button, ButtonSize, ButtonVariant, Checkbox, Choice, CopyButton, Field, Glyph, IconButton, Input, PasswordInput,
    RadioCards, RadioGroup, SearchInput, SegmentedControl, Select, SelectOption, Switch, Textarea, use_toasts,
};
use leptos::prelude::*;

const FOCUS: &str = "outline-3 outline-offset-2 outline-ring";
const HEAD: &str = "pb-3 pr-4 font-medium";
const CELL: &str = "py-3 pr-4";

fn row(
    variant: ButtonVariant,
    name: &'static str,
    words: &'static str,
    busy: &'static str,
    hover: &'static str,
) -> AnyView {
    let button = move |class: &'static str| view! { <Button variant class=class>{words}</Button> }.into_any();
    let link = variant == ButtonVariant::Link;
    let loading = if link {
        ().into_any()
    } else {
        view! { <Button variant loading=true loading_label=busy>{words}</Button> }.into_any()
    };
    let disabled =
        if link { ().into_any() } else { view! { <Button variant disabled=true>{words}</Button> }.into_any() };
    let large =
        if link { ().into_any() } else { view! { <Button variant size=ButtonSize::Large>{words}</Button> }.into_any() };
    view! {
        <tr class="border-t border-border">
            <th scope="row" class="py-3 pr-4 text-sm font-normal text-muted">{name}</th>
            <td class=CELL>{button("")}</td>
            <td class=CELL>{button(hover)}</td>
            <td class=CELL>{button(FOCUS)}</td>
            <td class=CELL>{loading}</td>
            <td class=CELL>{disabled}</td>
            <td class=CELL><Button variant size=ButtonSize::Small>{words}</Button></td>
            <td class=CELL>{large}</td>
        </tr>
    }
    .into_any()
}

pub(super) fn buttons() -> AnyView {
    let pressed = RwSignal::new(false);
    section(
        "buttons",
        "One primary per view. Height 32, small 28, large 40; 48 on touch. Loading keeps the width’s meaning: it says what is happening.",
        view! {
            <div class="relative -m-1 overflow-x-auto p-1" tabindex="0" role="region" aria-label="Button variants and states">
                <table class="w-full min-w-[54rem] text-left">
                    <thead>
                        <tr class="text-xs text-muted">
                            {["Variant", "Default", "Hover", "Focus", "Loading", "Disabled", "Small", "Large"]
                                .map(|head| view! { <th scope="col" class=HEAD>{head}</th> })
                                .collect_view()}
                        </tr>
                    </thead>
                    <tbody>
                        {row(ButtonVariant::Primary, "primary", "Connect client", "Connecting…", "bg-primary-hover!")}
                        {row(ButtonVariant::Secondary, "secondary", "Copy link", "Saving…", "bg-hover!")}
                        {row(ButtonVariant::Ghost, "ghost", "Discard", "Saving…", "bg-hover! text-text!")}
                        {row(ButtonVariant::Danger, "danger", "Disconnect", "Removing…", "brightness-90")}
                        {row(ButtonVariant::DangerQuiet, "danger-quiet", "Revoke", "Saving…", "bg-danger-bg! border-danger-border!")}
                        {row(ButtonVariant::Link, "link", "Connection log", "", "underline")}
                    </tbody>
                </table>
            </div>
            <div class="mt-6 grid gap-6 sm:grid-cols-3">
                {column(
                    "With icons",
                    view! {
                        <div class="flex flex-wrap items-center gap-3">
                            <Button variant=ButtonVariant::Primary icon=Glyph::PenLine>"New post"</Button>
                            <Button icon=Glyph::Download>"Export CSV"</Button>
                            <Button variant=ButtonVariant::Link icon_after=Glyph::ArrowUpRight href="#buttons">"View on X"</Button>
                        </div>
                    }
                        .into_any(),
                )}
                {column(
                    "Icon only, always named",
                    view! {
                        <div class="flex flex-wrap items-center gap-3">
                            <IconButton icon=Glyph::Ellipsis label="Actions"/>
                            <CopyButton text="https://arctiv.example/connect/8f2c" label="Copy link"/>
                            <IconButton icon=Glyph::RefreshCw label="Refresh" variant=ButtonVariant::Secondary/>
                            <IconButton icon=Glyph::Bell label="Notifications"/>
                            <IconButton icon=Glyph::RefreshCw label="Refreshing" loading=true/>
                        </div>
                    }
                        .into_any(),
                )}
                {column(
                    "Try it",
                    view! {
                        <div class="flex flex-wrap items-center gap-3">
                            <Button
                                loading=pressed
                                loading_label="Connecting…"
                                on_click=move |_| {
                                    pressed.set(true);
                                    set_timeout(move || pressed.set(false), std::time::Duration::from_secs(2));
                                }
                            >
                                "Connect"
                            </Button>
                            <CopyButton text="req_01JD3YB8K2W7" label="Copy request id" words="Copy id"/>
                        </div>
                    }
                        .into_any(),
                )}
            </div>
        }
        .into_any(),
    )
}

pub(super) fn fields() -> AnyView {
    let note = RwSignal::new("Please name the growers, and use the second photo first.".to_owned());
    section(
        "fields",
        "The label stands above. Help below, an error takes its place, and both are tied to the field.",
        view! {
            <div class="grid gap-6 md:grid-cols-2 xl:grid-cols-3">
                <Field id="f-name" label="Client name">
                    <Input name="name" placeholder="Northwind Coffee"/>
                </Field>
                <Field id="f-email" label="Client email" hint="We send the link to this address.">
                    <Input name="email" kind="email" initial="niamh@northwind.example" autocomplete="off"/>
                </Field>
                <Field id="f-bad-email" label="Client email" error="Please enter a valid email address">
                    <Input name="bad-email" kind="email" initial="niamh@northwind" autocomplete="off"/>
                </Field>
                <Field id="f-agency" label="Agency name" error="Agency name is required">
                    <Input name="agency"/>
                </Field>
                <Field id="f-slug" label="Workspace slug" hint="Set when the workspace was made.">
                    <Input name="slug" initial="harbour-pine" disabled=true/>
                </Field>
                <Field id="f-find" label="Find">
                    <Input name="find" kind="search" icon=Glyph::Search placeholder="Post, account or id"/>
                </Field>
                <Field id="f-role" label="Role" hint="Members write drafts that need approval.">
                    <Select
                        name="role"
                        options=vec![
                            SelectOption::new("viewer", "Viewer"),
                            SelectOption::new("member", "Member"),
                            SelectOption::new("editor", "Editor"),
                            SelectOption::new("admin", "Admin"),
                        ]
                    />
                </Field>
                <Field id="f-zone" label="Time zone">
                    <Select name="zone" options=vec![SelectOption::new("dublin", "Europe/Dublin (GMT+0)")] disabled=true/>
                </Field>
                <Field id="f-password" label="Password" error="Password must be at least 8 characters">
                    <PasswordInput name="password" autocomplete="new-password" value=RwSignal::new("123456".to_owned())/>
                </Field>
                <div class="md:col-span-2">
                    <Field
                        id="f-note"
                        label="Note to the author"
                        hint="The author sees this with your decision."
                        aside=move || {
                            view! {
                                <span class="text-xs text-muted tabular-nums">
                                    {move || format!("{} / 500", note.read().chars().count())}
                                </span>
                            }
                        }
                    >
                        <Textarea name="note" value=note/>
                    </Field>
                </div>
                <div>
                    <p class="mb-1.5 text-sm font-medium" aria-hidden="true">"Search, with its key"</p>
                    <SearchInput id="f-search" label="Search accounts, clients, posts" placeholder="Search accounts, clients, posts" shortcut="/"/>
                </div>
            </div>
        }
        .into_any(),
    )
}

pub(super) fn choices() -> AnyView {
    let live = RwSignal::new(true);
    let saving = RwSignal::new(false);
    let toasts = use_toasts();
    // As a page does it: the new state at once, the old one and a toast if the server says no.
    let refuse = move |on: bool| {
        live.set(on);
        saving.set(true);
        set_timeout(
            move || {
                live.set(!on);
                saving.set(false);
                toasts.error("TikTok could not be switched off", "Put back as it was. Try again in a minute.");
            },
            std::time::Duration::from_millis(1500),
        );
    };
    let visibility = || {
        vec![
            Choice::new("now", "Publish now")
                .hint("Goes out to 5 accounts, 5 seconds after you save.")
                .icon(Glyph::Send),
            Choice::new("private", "Keep private").hint("Only your workspace sees it.").icon(Glyph::Lock),
            Choice::new("schedule", "Schedule")
                .hint("Thu 26 Nov 2026, 07:00, Europe/Dublin (GMT+0)")
                .icon(Glyph::Calendar),
        ]
    };
    let segments =
        || vec![Choice::new("now", "Now"), Choice::new("private", "Private"), Choice::new("schedule", "Schedule")];
    let layouts =
        || vec![Choice::new("grid", "Grid").icon(Glyph::LayoutGrid), Choice::new("list", "List").icon(Glyph::List)];
    section(
        "choices",
        "A checkbox waits for a button. A switch acts at once, shows the new state immediately and goes back with a toast if the server says no.",
        view! {
            <div class="grid gap-8 md:grid-cols-2 xl:grid-cols-4">
                {column(
                    "Checkbox",
                    view! {
                        <div class="grid gap-2.5">
                            <Checkbox id="c-draft" label="Draft"/>
                            <Checkbox id="c-publish" label="Publish" hint="Without asking you each time" initial=true/>
                            <Checkbox id="c-all" label="All accounts" indeterminate=true/>
                            <Checkbox id="c-analytics" label="Analytics" disabled=true/>
                            <Checkbox id="c-view" label="View" initial=true disabled=true/>
                        </div>
                    }
                        .into_any(),
                )}
                {column(
                    "Radio",
                    view! {
                        <RadioGroup
                            name="approval"
                            legend="Approval"
                            legend_hidden=true
                            initial="every"
                            choices=vec![
                                Choice::new("every", "Every draft").hint("You approve each one"),
                                Choice::new("new", "Only from new people"),
                                Choice::new("none", "None").disabled(),
                            ]
                        />
                    }
                        .into_any(),
                )}
                {column(
                    "Switch",
                    view! {
                        <div class="grid grid-cols-2 gap-4">
                            {sample("on", view! { <Switch label="Publish to Instagram" checked=true/> }.into_any())}
                            {sample("off", view! { <Switch label="Publish to X" checked=false/> }.into_any())}
                            <div class="pl-6">
                                {sample("saving", view! { <Switch label="Publish to Facebook" checked=true busy=true/> }.into_any())}
                            </div>
                            {sample("disabled", view! { <Switch label="Publish to LinkedIn" checked=false disabled=true/> }.into_any())}
                            <div class="pl-6">
                                {sample(
                                    "try it",
                                    view! { <Switch label="Publish to TikTok" checked=live busy=saving on_toggle=refuse/> }.into_any(),
                                )}
                            </div>
                        </div>
                    }
                        .into_any(),
                )}
                {column(
                    "Segmented control",
                    view! {
                        <div class="grid justify-items-start gap-3">
                            <SegmentedControl name="seg-when" legend="Visibility" choices=segments() initial="now"/>
                            <SegmentedControl name="seg-layout" legend="Layout" choices=layouts() initial="list" small=true/>
                            <SegmentedControl name="seg-icons" legend="Layout, drawings only" choices=layouts() initial="grid" icons_only=true/>
                        </div>
                    }
                        .into_any(),
                )}
                <div class="min-w-0 md:col-span-2">
                    <h3 class="mb-2.5 text-xs font-medium text-muted">"Radio cards"</h3>
                    <RadioCards name="visibility" legend="Visibility" legend_hidden=true choices=visibility() initial="now"/>
                </div>
            </div>
        }
        .into_any(),
    )
}
