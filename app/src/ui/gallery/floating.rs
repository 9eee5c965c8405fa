//! Dialogs, menus, toasts, navigation: what floats, shown in its place and to be tried.

use super::{column, s, section};
use crate::ui::dialog::{Question, confirm_body, dialog_body};
use crate::ui::{
    Avatar, Button, ButtonSize, ButtonVariant, Checkbox, ConfirmDialog, Dialog, Field, Glyph, IconButton, Input, Logo,
    Menu, MenuItem, MenuLink, MenuSeparator, OrgMark, Popover, RailLink, SheetLink, Status, StatusBadge, Toast,
    ToastCard, Tone, Tooltip, TooltipBubble, icon, use_toasts,
};
use leptos::prelude::*;

fn connect_form(prefix: &'static str) -> AnyView {
    view! {
        <Field id=format!("{prefix}-name") label="Client name">
            <Input name="name" initial="Northwind Coffee"/>
        </Field>
        <Field id=format!("{prefix}-email") label="Client email" error="Please enter a valid email address">
            <Input name="email" kind="email" initial="niamh@northwind" autocomplete="off"/>
        </Field>
        <fieldset>
            <legend class="mb-2 text-sm font-medium">"Platforms"</legend>
            <div class="grid gap-x-4 gap-y-2 sm:grid-cols-2">
                <Checkbox id=format!("{prefix}-i") label="Instagram" initial=true/>
                <Checkbox id=format!("{prefix}-f") label="Facebook" initial=true/>
                <Checkbox id=format!("{prefix}-t") label="TikTok" initial=true/>
                <Checkbox id=format!("{prefix}-g") label="Google Analytics"/>
            </div>
        </fieldset>
    }
    .into_any()
}

fn connect_footer() -> AnyView {
    view! {
        <p class="text-sm text-muted">"Ends in 7 days, works once"</p>
        <Button variant=ButtonVariant::Primary class="max-sm:w-full">"Create link"</Button>
    }
    .into_any()
}

pub(super) fn dialogs() -> AnyView {
    let (asking, connecting) = (RwSignal::new(false), RwSignal::new(false));
    let toasts = use_toasts();
    let shown = RwSignal::new(true);
    let ask = confirm_body(Question {
        title_id: s("shown-ask-title"),
        text_id: s("shown-ask-text"),
        title: "Disconnect @northwind.coffee from Instagram?".into(),
        consequence: "Arctiv gives the key back to Instagram and wipes it here. Harbour & Pine loses access at once."
            .into(),
        warning: "2 scheduled posts will not go out on this account.".into(),
        confirm: s("Disconnect account"),
        cancel: s("Keep connected"),
        variant: ButtonVariant::Danger,
        busy: false.into(),
        focused: false,
        on_cancel: Callback::new(|()| ()),
        on_confirm: Callback::new(|()| ()),
    });
    let form = dialog_body(
        s("shown-connect-title"),
        "Connect client".into(),
        shown,
        false,
        Some(ViewFn::from(connect_footer)),
        connect_form("shown"),
    );
    section(
        "dialog",
        "Names the thing and its consequence. Focus starts on the safe choice, Escape leaves, focus goes back.",
        view! {
            <div class="grid gap-4 xl:grid-cols-2">
                <div class="grid place-items-center rounded-lg bg-overlay p-4 sm:p-8">
                    <div class="w-full max-w-md rounded-xl bg-raised shadow-raised">{ask}</div>
                </div>
                <div class="grid place-items-center rounded-lg bg-overlay p-4 sm:p-8">
                    <div class="w-full max-w-md rounded-xl bg-raised shadow-raised">{form}</div>
                </div>
            </div>
            <div class="mt-4 flex flex-wrap gap-3">
                <Button variant=ButtonVariant::DangerQuiet on_click=move |_| asking.set(true)>"Disconnect…"</Button>
                <Button on_click=move |_| connecting.set(true)>"Connect client…"</Button>
            </div>
            <ConfirmDialog
                id="g-ask"
                open=asking
                title="Disconnect @northwind.coffee from Instagram?"
                consequence="Arctiv gives the key back to Instagram and wipes it here. Harbour & Pine loses access at once."
                warning="2 scheduled posts will not go out on this account."
                confirm="Disconnect account"
                cancel="Keep connected"
                on_confirm=move |()| {
                    asking.set(false);
                    toasts.push(Toast::new(Tone::Success, "Account disconnected").action("Undo", || ()));
                }
            />
            <Dialog id="g-connect" open=connecting title="Connect client" footer=connect_footer>
                {connect_form("g-connect")}
            </Dialog>
        }
        .into_any(),
    )
}

pub(super) fn menus() -> AnyView {
    let toasts = use_toasts();
    let toast = |toast: Toast| view! { <ToastCard toast on_dismiss=|()| ()/> };
    section(
        "menus",
        "Floating things are the only ones with a shadow.",
        view! {
            <div class="grid items-start gap-8 md:grid-cols-2 xl:grid-cols-[14rem_minmax(0,1fr)_minmax(0,23rem)]">
                <div class="grid gap-8">
                    {column(
                        "Menu",
                        view! {
                            <div role="menu" aria-label="Actions" class="w-56 rounded-xl bg-raised p-1 shadow-raised">
                                {menu_items()}
                            </div>
                        }
                            .into_any(),
                    )}
                    {column(
                        "To be tried",
                        view! {
                            <div class="flex flex-wrap items-center gap-3">
                                <Menu id="g-menu" label="Actions for Acme Corp">{menu_items()}</Menu>
                                <Menu
                                    id="g-account"
                                    label="Account menu, Maya Lindqvist"
                                    trigger=|| view! { <Avatar name="Maya Lindqvist" decorative=true/> }
                                    trigger_class="grid size-8 place-items-center rounded-full touch:size-12"
                                    head=|| {
                                        view! {
                                            <p class="truncate font-medium">"Maya Lindqvist"</p>
                                            <p class="truncate text-xs text-muted">"maya@harbour-pine.example"</p>
                                        }
                                    }
                                >
                                    <MenuLink label="Harbour & Pine" detail="Agency, Admin" href="#menus" current=true/>
                                    <MenuLink label="Northwind Coffee" detail="Client, Editor" href="#menus"/>
                                    <MenuSeparator/>
                                    <MenuItem label="Log out" icon=Glyph::LogOut/>
                                </Menu>
                                <Popover id="g-popover" label="About this connection" trigger=|| "About…" class="w-72 p-3.5">
                                    <p class="font-medium">"@northwind.coffee"</p>
                                    <p class="mt-1 text-sm text-muted">"Connected on 3 March by Niamh Doyle. May publish and read figures."</p>
                                </Popover>
                            </div>
                        }
                            .into_any(),
                    )}
                    {column(
                        "Tooltip",
                        view! {
                            <div class="grid justify-items-start gap-4">
                                <div class="grid justify-items-start gap-1.5">
                                    <TooltipBubble text="Google Ads answered 500 five times. Retries ran out at 09:42."/>
                                    <StatusBadge status=Status::Failed/>
                                </div>
                                <Tooltip id="g-tip" text="Checks the connection now">
                                    <Button size=ButtonSize::Small icon=Glyph::RefreshCw attr:aria-describedby="g-tip">"Refresh"</Button>
                                </Tooltip>
                            </div>
                        }
                            .into_any(),
                    )}
                </div>
                {column(
                    "Toast",
                    view! {
                        <div class="grid gap-3">
                            {toast(Toast::new(Tone::Success, "Link copied").detail("Ends Fri 27 Nov, 10:21"))}
                            {toast(Toast::new(Tone::Info, "Connecting to Facebook…").under_way())}
                            {toast(
                                Toast::new(Tone::Danger, "TikTok could not be switched off")
                                    .detail("Put back as it was. Try again in a minute.")
                                    .action("Retry", || ()),
                            )}
                            {toast(Toast::new(Tone::Info, "Draft moved to the archive").action("Undo", || ()))}
                            {toast(Toast::new(Tone::Warning, "Instagram could not be switched off").detail("Too many requests. Please wait a moment.").wait(3600))}
                            <div class="flex flex-wrap gap-2">
                                <Button size=ButtonSize::Small on_click=move |_| { toasts.success("Link copied"); }>"Success"</Button>
                                <Button
                                    size=ButtonSize::Small
                                    on_click=move |_| {
                                        toasts.push(Toast::new(Tone::Info, "Draft moved to the archive").action("Undo", || ()));
                                    }
                                >
                                    "With undo"
                                </Button>
                                <Button
                                    size=ButtonSize::Small
                                    on_click=move |_| {
                                        toasts.error("Connection lost. Please try again", "What you typed is kept. Nothing was sent.");
                                    }
                                >
                                    "Failure"
                                </Button>
                            </div>
                        </div>
                    }
                        .into_any(),
                )}
                {column("Notifications", notifications())}
            </div>
        }
        .into_any(),
    )
}

fn menu_items() -> AnyView {
    view! {
        <MenuLink label="Open account" href="#menus" icon=Glyph::ArrowUpRight/>
        <MenuItem label="Refresh now" icon=Glyph::RefreshCw shortcut="R"/>
        <MenuItem label="Connection log" icon=Glyph::ScrollText/>
        <MenuItem label="Pause publishing" icon=Glyph::Pause disabled=true/>
        <MenuSeparator/>
        <MenuItem label="Disconnect" icon=Glyph::Unplug danger=true/>
    }
    .into_any()
}

fn notifications() -> AnyView {
    let row = |glyph: AnyView, title: &'static str, text: &'static str, when: &'static str, unread: bool| {
        let dot = if unread { "bg-accent" } else { "bg-transparent" };
        view! {
            <li class="flex gap-3 px-4 py-3">
                {glyph}
                <div class="min-w-0 flex-1">
                    <p class=if unread { "font-medium" } else { "" }>{title}</p>
                    <p class="text-sm text-muted">{text}</p>
                </div>
                <span class="flex shrink-0 items-start gap-2 text-xs leading-5 text-muted">
                    {when}
                    <span class=format!("mt-1.5 size-2 rounded-full {dot}")>
                        {unread.then(|| view! { <span class="sr-only">"Unread"</span> })}
                    </span>
                </span>
            </li>
        }
    };
    view! {
        <div class="w-full max-w-92 rounded-xl bg-raised shadow-raised">
            <div class="flex h-11 items-center justify-between border-b border-border pr-2 pl-4">
                <h4 class="font-semibold">"Notifications"</h4>
                <Button variant=ButtonVariant::Link size=ButtonSize::Small class="px-2">"Mark all read"</Button>
            </div>
            <ul class="divide-y divide-border">
                {row(
                    icon(Glyph::StFailed, "mt-0.5 size-4 text-danger-solid"),
                    "Meridian Dental, Google Ads failed",
                    "Retries ran out at 09:42",
                    "38 min",
                    true,
                )}
                {row(
                    icon(Glyph::UserCheck, "mt-0.5 size-4 text-success"),
                    "Niamh Doyle approved your draft",
                    "The Winter Roast is back, version 3",
                    "1 h",
                    true,
                )}
                {row(
                    icon(Glyph::KeyRound, "mt-0.5 size-4 text-muted"),
                    "Northwind Coffee granted access",
                    "TikTok: view, draft, publish",
                    "Thu",
                    false,
                )}
            </ul>
        </div>
    }
    .into_any()
}

pub(super) fn navigation() -> AnyView {
    let workspace = |name: &'static str, role: &'static str, own: bool| {
        view! {
            <MenuLinkRow name role own/>
        }
    };
    section(
        "navigation",
        "The rail shows names from 1280 px, icons with tooltips from 1024, and becomes a sheet behind the menu button below that. The client switcher narrows every page and is remembered.",
        view! {
            <div class="grid items-start gap-8 md:grid-cols-2 xl:grid-cols-4">
                {column(
                    "Workspace switcher",
                    view! {
                        <div class="w-full max-w-76 rounded-xl bg-raised p-1 shadow-raised">
                            <ul aria-label="Workspaces">
                                {workspace("Harbour & Pine", "Agency, Admin", true)} {workspace("Maya Lindqvist", "Manager, Admin", false)}
                                {workspace("Northwind Coffee", "Client, Editor", false)}
                            </ul>
                            <div class="mt-1 border-t border-border pt-1">
                                <Button variant=ButtonVariant::Ghost icon=Glyph::Plus class="w-full justify-start!">"New workspace"</Button>
                            </div>
                        </div>
                    }
                        .into_any(),
                )}
                {column("Client switcher", client_switcher())}
                {column(
                    "Rail",
                    view! {
                        <nav aria-label="Sections, rail" class="w-48 rounded-lg border border-border bg-background px-2 py-3">
                            <ul class="grid gap-px">
                                <li><RailLink href="#navigation" icon=Glyph::LayoutDashboard label="Overview" current=true/></li>
                                <li><RailLink href="#navigation" icon=Glyph::Plug label="Accounts" current=false/></li>
                                <li><RailLink href="#navigation" icon=Glyph::Link label="Access links" current=false count=4_u64/></li>
                                <li><RailLink href="#navigation" icon=Glyph::FileText label="Posts" current=false/></li>
                                <li><RailLink href="#navigation" icon=Glyph::Activity label="Activity" current=false/></li>
                            </ul>
                        </nav>
                    }
                        .into_any(),
                )}
                {column("Sheet on phones", sheet())}
            </div>
        }
        .into_any(),
    )
}

#[component]
fn MenuLinkRow(name: &'static str, role: &'static str, own: bool) -> impl IntoView {
    let ground = if own { "bg-hover" } else { "hover:bg-hover" };
    view! {
        <li>
            <a
                href="#navigation"
                class=format!("flex min-h-12 items-center gap-3 rounded-lg px-2.5 {ground}")
                aria-current=own.then_some("true")
            >
                <OrgMark name own/>
                <span class="min-w-0 flex-1">
                    <span class="block truncate font-medium">{name}</span>
                    <span class="block truncate text-xs text-muted">{role}</span>
                </span>
                {own.then(|| icon(Glyph::Check, "size-4 text-accent-strong"))}
            </a>
        </li>
    }
    .into_any()
}

fn client_switcher() -> AnyView {
    let row = |name: &'static str, count: &'static str, status: Option<Status>, here: bool| {
        let (ground, weight) = if here { ("bg-hover", "font-medium") } else { ("hover:bg-hover", "") };
        view! {
            <li>
                <a
                    href="#navigation"
                    class=format!("flex h-9 items-center gap-2 rounded-lg px-2.5 touch:h-12 {ground}")
                    aria-current=here.then_some("true")
                >
                    <span class=format!("min-w-0 flex-1 truncate {weight}")>{name}</span>
                    {status
                        .map(|status| {
                            view! {
                                {crate::ui::status_glyph(status, "size-3.5")}
                                <span class="sr-only">{status.word()}</span>
                            }
                        })}
                    <span class="text-xs text-muted tabular-nums">{count}</span>
                    {here.then(|| icon(Glyph::Check, "size-4 text-accent-strong"))}
                </a>
            </li>
        }
    };
    view! {
        <div class="w-full max-w-76 rounded-xl bg-raised shadow-raised">
            <div class="flex h-10 items-center gap-2.5 border-b border-border px-3.5 has-[input:focus-visible]:border-ring has-[input:focus-visible]:shadow-[0_2px_0_0_var(--ring)] touch:h-12">
                {icon(Glyph::Search, "size-4 text-muted")}
                <input
                    aria-label="Find a client"
                    placeholder="Find a client"
                    class="h-full min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-subtle touch:text-md"
                />
            </div>
            <ul aria-label="Clients" class="p-1">
                {row("All clients", "42 accounts", None, true)} {row("Acme Corp", "6", Some(Status::ReconnectRequired), false)}
                {row("Fjord Outdoor", "4", None, false)} {row("Meridian Dental", "3", Some(Status::Failed), false)}
                {row("Northwind Coffee", "5", None, false)}
            </ul>
        </div>
    }
    .into_any()
}

fn sheet() -> AnyView {
    let entry = |glyph: Glyph, label: &'static str, current: bool, count: Option<u64>| {
        view! { <li><SheetLink href="#navigation" icon=glyph label current count=MaybeProp::from(count)/></li> }
    };
    view! {
        <div class="rounded-lg bg-overlay">
            <div class="w-72 max-w-[86%] rounded-l-lg bg-background">
                <div class="flex h-14 items-center justify-between border-b border-border pr-1 pl-4">
                    <Logo/>
                    <IconButton icon=Glyph::X label="Close navigation" size=ButtonSize::Large/>
                </div>
                <nav aria-label="Sections, phone">
                    <ul class="p-2">
                        {entry(Glyph::LayoutDashboard, "Overview", true, None)} {entry(Glyph::Plug, "Accounts", false, None)}
                        {entry(Glyph::Building2, "Clients", false, None)} {entry(Glyph::Link, "Access links", false, Some(4))}
                        {entry(Glyph::FileText, "Posts", false, None)} {entry(Glyph::CheckCheck, "Approvals", false, Some(3))}
                        {entry(Glyph::Activity, "Activity", false, None)}
                    </ul>
                </nav>
                <div class="flex items-center gap-3 border-t border-border p-4">
                    <Avatar name="Maya Lindqvist" decorative=true/>
                    <span class="min-w-0">
                        <span class="block truncate font-medium">"Maya Lindqvist"</span>
                        <span class="block truncate text-xs text-muted">"Admin of Harbour & Pine"</span>
                    </span>
                </div>
            </div>
        </div>
    }
    .into_any()
}
