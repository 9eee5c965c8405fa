//! Around every page of the app: top bar, rail on wide screens, sheet behind a hamburger on narrow ones.
//!
//! It stays while pages change inside it. Only sections that exist are shown. Without JavaScript there is no sheet: the
//! rail then stands above the page on narrow screens.

use domain::{events::LiveEvent, identity::Me, workspaces::Role};
use leptos::{ev::KeyboardEvent, prelude::*, web_sys};
use leptos_router::{
    NavigateOptions,
    components::Outlet,
    hooks::{use_location, use_navigate, use_query_map},
};
use wasm_bindgen::JsCast as _;

use super::{navigation::leave_for, page::PrimaryAction, palette::Palette};
use crate::{
    live::use_live,
    session::use_session,
    shared::query::{Href, search_words},
    ui::{
        Avatar, Dialog, DialogSize, Glyph, IconButton, Logo, Menu, MenuItem, MenuLink, MenuSeparator, RailLink,
        SearchInput, SheetLink, SkipLink, ThemePicker, ThemeToggle, icon,
    },
};

const SEARCH: &str = "frame-search";
const LOGOUT: &str = "logout";

/// The place where posts wait for a word, and how many of them wait for this person's is said.
const APPROVALS: &str = "/approvals";

/// A place of the app.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) href: &'static str,
    pub(super) icon: Glyph,
    pub(super) label: &'static str,
}

impl Place {
    /// What stands beside its name.
    fn count(self, awaited: Signal<u64>) -> Signal<Option<u64>> {
        Signal::derive(move || Some(awaited.get()).filter(|n| self.href == APPROVALS && *n > 0))
    }
}

/// The places that exist, in groups; the first without a name.
pub(super) fn places(dashboard: &'static str) -> [(&'static str, Vec<Place>); 3] {
    let place = |href, icon, label| Place { href, icon, label };
    [
        ("", vec![place(dashboard, Glyph::LayoutDashboard, "Overview"), place("/accounts", Glyph::Plug, "Accounts")]),
        (
            "Publish",
            vec![
                place("/calendar", Glyph::Calendar, "Calendar"),
                place("/posts", Glyph::FileText, "Posts"),
                place(APPROVALS, Glyph::CheckCheck, "Approvals"),
                place("/activity", Glyph::Activity, "Activity"),
                place("/media", Glyph::Image, "Media"),
            ],
        ),
        ("Workspace", vec![place("/team", Glyph::Users, "Team")]),
    ]
}

/// Whether `path` is `href` or below it.
fn is_at(path: &str, href: &str) -> bool {
    path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Pages of two halves, which need the width more than the names of the sections: the rail is slim there on all but
/// the widest screens.
fn needs_width(path: &str) -> bool {
    is_composer(path) || path.strip_prefix("/posts/").is_some_and(|id| !id.is_empty())
}

/// There, saving is the one primary action.
fn is_composer(path: &str) -> bool {
    is_at(path, "/compose")
}

/// The frame with the present page inside.
#[component]
pub fn Frame(
    /// Above every page: what holds for the person wherever they are.
    #[prop(optional, into)]
    above: ViewFn,
    /// In the top bar: which workspace this is, and the way to another.
    #[prop(into)]
    switcher: ViewFn,
    /// How many posts wait for the person's approval.
    #[prop(into)]
    awaited: Signal<u64>,
) -> impl IntoView {
    let session = use_session();
    let sheet = RwSignal::new(false);
    let path = use_location().pathname;
    // Who has lost this workspace leaves it at once, whatever they were doing; the server refuses them already.
    let me = session.me().map(|me| me.user.id);
    use_live().on_event(move |event| {
        if let LiveEvent::MemberUpdated { user_id, active: false } = event
            && Some(*user_id) == me
        {
            leave_for("/workspaces?lost=true");
        }
    });
    // A chosen page takes the place of the sheet.
    Effect::new(move |_| {
        path.track();
        sheet.set(false);
    });
    let dashboard = session.kind().map_or("/", |kind| kind.dashboard());
    view! {
        <SkipLink/>
        {session.me().map(|me| top_bar(&me, sheet, &switcher))}
        <div class="flex max-lg:noscript:flex-col">
            {rail(dashboard, awaited)}
            <main id="main" tabindex="-1" class="min-h-[calc(100dvh-3.5rem)] min-w-0 flex-1 bg-surface outline-none">
                {above.run()}
                <Outlet/>
            </main>
        </div>
        <Dialog id="sheet" open=sheet title="Arctiv" size=DialogSize::Sheet bare=true>
            {sheet_content(dashboard, awaited)}
        </Dialog>
        <Palette/>
        <form id=LOGOUT method="post" action="/logout"></form>
    }
    .into_any()
}

fn top_bar(me: &Me, sheet: RwSignal<bool>, switcher: &ViewFn) -> AnyView {
    let path = use_location().pathname;
    let composing = Memo::new(move |_| path.with(|path| is_composer(path)));
    view! {
        <header class="sticky top-0 z-30 border-b border-border bg-background">
            <div class="flex h-14 items-center gap-1 px-2 lg:gap-2 lg:px-3">
                <span class="contents lg:hidden noscript:hidden">
                    <IconButton icon=Glyph::Menu label="Open navigation" haspopup="dialog" on_click=move |_| sheet.set(true)/>
                </span>
                <a
                    href=me.workspace.kind.dashboard()
                    class="grid size-8 shrink-0 place-items-center rounded-md max-lg:hidden"
                    aria-label="Arctiv, overview"
                >
                    <Logo compact=true/>
                </a>
                <div class="flex min-w-0 items-center max-sm:flex-1 sm:max-w-64">{switcher.run()}</div>
                <div class="hidden min-w-0 flex-1 justify-center px-4 md:flex">{search()}</div>
                <span class="contents md:hidden">
                    <IconButton icon=Glyph::Search label="Search posts" href="/posts"/>
                </span>
                <div class="flex shrink-0 items-center gap-1 lg:gap-2">
                    // Hidden, not left out: a link may be clicked before this is built over what the server drew, and then the address is
                    // another one already.
                    <span class="contents" hidden=move || composing.get()>
                        <PrimaryAction class="max-md:hidden"/>
                    </span>
                    {account_menu(me)}
                </div>
            </div>
        </header>
    }
    .into_any()
}

/// `/` brings the focus here from anywhere but another field.
fn search() -> AnyView {
    let query = use_query_map();
    let path = use_location().pathname;
    let navigate = use_navigate();
    let words = RwSignal::new(String::new());
    Effect::new(move |_| {
        let shown = path.with(|path| is_at(path, "/posts"));
        words.set(if shown { query.with(|query| query.get("q")).unwrap_or_default() } else { String::new() });
    });
    Effect::new(move |_| {
        let keys = window_event_listener(leptos::ev::keydown, slash_to_search);
        on_cleanup(move || keys.remove());
    });
    view! {
        <div role="search" class="w-full max-w-88">
            <form
                method="get"
                action="/posts"
                on:submit=move |event| {
                    event.prevent_default();
                    let wanted = search_words(Some(&words.read_untracked()));
                    navigate(&Href::new("/posts").with("q", wanted).build(), NavigateOptions::default());
                }
            >
                <SearchInput id=SEARCH label="Search posts" placeholder="Search posts" value=words shortcut="/"/>
            </form>
        </div>
    }
    .into_any()
}

fn slash_to_search(event: KeyboardEvent) {
    let typing =
        event.target().and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok()).is_some_and(|element| {
            element.is_content_editable() || element.matches("input, textarea, select").unwrap_or(false)
        });
    if event.key() != "/" || event.ctrl_key() || event.meta_key() || event.alt_key() || typing {
        return;
    }
    let search =
        document().get_element_by_id(SEARCH).and_then(|element| element.dyn_into::<web_sys::HtmlInputElement>().ok());
    // Hidden on narrow screens.
    if let Some(search) = search.filter(|search| search.offset_parent().is_some()) {
        event.prevent_default();
        let _detached = search.focus();
        search.select();
    }
}

fn account_menu(me: &Me) -> AnyView {
    let (name, email) = (me.user.full_name.clone(), me.user.email.clone());
    let (avatar, picture) = (name.clone(), me.profile.avatar_url.clone());
    let head_name = name.clone();
    view! {
        <Menu
            id="account-menu"
            label=format!("Account menu, {name}")
            trigger_class="grid size-8 place-items-center rounded-full touch:size-12"
            trigger=ViewFn::from(move || view! { <Avatar name=avatar.clone() decorative=true nostrip:src=picture.clone()/> })
            head=ViewFn::from(move || {
                view! {
                    <p class="truncate font-medium">{head_name.clone()}</p>
                    <p class="truncate text-sm text-muted">{email.clone()}</p>
                    <div class="mt-3 mb-1"><ThemePicker/></div>
                }
            })
        >
            <MenuLink label="Profile" href="/settings/profile" icon=Glyph::CircleUser/>
            <MenuLink label="Security" href="/settings/security" icon=Glyph::ShieldCheck/>
            <MenuLink label="Notifications" href="/settings/notifications" icon=Glyph::Bell/>
            <MenuLink label="Your data" href="/settings/data" icon=Glyph::Download/>
            <MenuSeparator/>
            <MenuLink label="Workspace" href="/settings/workspace" icon=Glyph::Settings/>
            <MenuLink label="Team" href="/team" icon=Glyph::Users/>
            {use_session().may(Role::Admin).then(|| view! { <MenuLink label="API keys" href="/settings/api-keys" icon=Glyph::KeyRound/> })}
            {use_session().may(Role::Admin).then(|| view! { <MenuLink label="Webhooks" href="/settings/webhooks" icon=Glyph::RadioTower/> })}
            {use_session().may(Role::Admin).then(|| view! { <MenuLink label="Audit log" href="/settings/audit" icon=Glyph::ScrollText/> })}
            <MenuSeparator/>
            <MenuItem label="Log out" icon=Glyph::LogOut form=LOGOUT/>
        </Menu>
    }
    .into_any()
}

fn rail(dashboard: &'static str, awaited: Signal<u64>) -> AnyView {
    let path = use_location().pathname;
    let slim = Memo::new(move |_| path.with(|path| needs_width(path)));
    let groups = places(dashboard)
        .into_iter()
        .map(|(title, places)| {
            let links = places
                .into_iter()
                .map(|place| {
                    let current = Signal::derive(move || path.with(|path| is_at(path, place.href)));
                    let count = place.count(awaited);
                    view! { <li><RailLink href=place.href icon=place.icon label=place.label current count/></li> }
                })
                .collect_view();
            view! {
                <div>
                    {(!title.is_empty()).then(|| view! { <p class="mb-1 px-2 text-xs text-subtle in-data-slim:max-[100rem]:sr-only max-xl:sr-only">{title}</p> })}
                    <ul class="grid gap-px">{links}</ul>
                </div>
            }
        })
        .collect_view();
    view! {
        <div
            data-slim=move || slim.get().then_some("")
            class="hidden w-13 shrink-0 border-r border-border bg-background lg:block xl:w-48 data-slim:max-[100rem]:w-13 max-lg:noscript:block max-lg:noscript:w-full"
        >
            <nav
                aria-label="Sections"
                class="sticky top-14 flex h-[calc(100dvh-3.5rem)] flex-col gap-4 overflow-y-auto px-2 py-3 max-lg:noscript:static max-lg:noscript:h-auto max-lg:noscript:[&_a]:justify-start max-lg:noscript:[&_a>span.flex-1]:not-sr-only"
            >
                {groups}
                <div class="mt-auto noscript:hidden">
                    <ThemeToggle
                        words=true
                        class="flex h-8 w-full items-center gap-3 rounded-lg px-2 text-sm font-medium text-muted hover:bg-hover hover:text-text in-data-slim:max-[100rem]:justify-center max-xl:justify-center in-data-slim:max-[100rem]:[&>span:last-child]:sr-only max-xl:[&>span:last-child]:sr-only"
                    />
                </div>
            </nav>
        </div>
    }
    .into_any()
}

fn sheet_content(dashboard: &'static str, awaited: Signal<u64>) -> AnyView {
    let path = use_location().pathname;
    let groups = places(dashboard)
        .into_iter()
        .map(|(title, places)| {
            let links = places
                .into_iter()
                .map(|place| {
                    let current = Signal::derive(move || path.with(|path| is_at(path, place.href)));
                    let count = place.count(awaited);
                    view! { <li><SheetLink href=place.href icon=place.icon label=place.label current count/></li> }
                })
                .collect_view();
            view! {
                <div>
                    {(!title.is_empty()).then(|| view! { <p class="mb-1 px-3 text-xs text-subtle">{title}</p> })}
                    <ul class="grid gap-px">{links}</ul>
                </div>
            }
        })
        .collect_view();
    view! {
        <nav aria-label="Sections" class="grid gap-4 px-2 py-3">
            {groups}
            <ul class="border-t border-border pt-3">
                <li>
                    <button
                        type="submit"
                        form=LOGOUT
                        class="flex h-12 w-full items-center gap-3 rounded-lg px-3 text-md font-medium text-muted"
                    >
                        {icon(Glyph::LogOut, "size-5")}
                        "Log out"
                    </button>
                </li>
            </ul>
        </nav>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{is_at, is_composer, needs_width};

    #[test]
    fn pages_of_two_halves_get_the_width() {
        assert!(needs_width("/compose") && needs_width("/posts/7"));
        assert!(!needs_width("/posts") && !needs_width("/posts/") && !needs_width("/accounts/7"));
        assert!(is_composer("/compose") && !is_composer("/posts/7"));
    }

    #[test]
    fn a_place_is_current_for_what_lies_below_it() {
        assert!(is_at("/accounts", "/accounts"));
        assert!(is_at("/accounts/1", "/accounts"));
        assert!(!is_at("/accounts-old", "/accounts"));
        assert!(!is_at("/", "/accounts"));
    }
}
