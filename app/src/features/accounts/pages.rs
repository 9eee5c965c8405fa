//! `/accounts`, the list; `/accounts/:id`, one account with its grants, its log and what was sent to it.

use super::{
    actions::{AccountActions, use_account_actions},
    components::{
        AccountGrid, AccountTable, ConnectDialog, Outcome, Platforms, UnlinkDialog, WithheldOf, event_rows,
        log_actions, no_events, withheld,
    },
    query::{AccountsQuery, LOG_PAGE, Layout, LogQuery, PAGE},
    server_fns::{AccountView, AccountsView, count_accounts, view_account, view_accounts},
};
use crate::{
    layouts::{PageFrame, load, load_head, load_page},
    live::use_live,
    session::use_session,
    shared::{
        account::reconnect_link,
        delivery::DeliveryRow,
        follow::{follow, one_of},
        search::ListSearch,
        words::{account_status, mark},
    },
    ui::{
        Badge, Banner, Breadcrumbs, Button, ButtonSize, ButtonVariant, Choice, Count, DescriptionList, Detail,
        EmptyState, EmptyStep, FilterChip, FilterOption, FilterSelect, Glyph, MarkSize, Pagination, PlatformMark,
        RelativeTime, Section, SegmentedLinks, SkeletonCards, SkeletonRows, StatusBadge, Switch, Tag, Tone, grouped,
        use_clock,
    },
};
use domain::{
    AccountId, Page, Platform,
    accounts::{Account, AccountCounts, AccountStatus, PlatformOffer, VersionStatus},
    workspaces::Role,
};
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map, use_query_map},
};

/// The accounts of the workspace.
#[component]
pub fn AccountsPage() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(|params| AccountsQuery::read(|key| params.get(key))));
    let accounts = Resource::new(move || query.read().filter(), view_accounts);
    let first_counts = Resource::new(|| (), |()| count_accounts());
    let withheld = withheld(params);
    let counts = RwSignal::new(None::<AccountCounts>);
    let may_connect = use_session().may(Role::Admin);
    let connecting = RwSignal::new(false);
    // `/accounts?connect=true`, from other pages: the dialog opens by itself.
    Effect::new(move |_| {
        if may_connect && params.with(|params| params.get("connect").is_some()) {
            connecting.set(true);
        }
    });
    let here = Signal::derive(move || query.read().href());
    view! {
        <PageFrame
            title="Accounts"
            actions=move || {
                may_connect
                    .then(|| {
                        view! {
                            <Button
                                icon=Glyph::Plus
                                on_click=move |_| connecting.set(true)
                            >
                                "Connect account"
                            </Button>
                        }
                    })
            }
        >
            <Outcome query=params here withheld/>
            <Filters query first_counts counts/>
            {load(
                accounts,
                "your accounts",
                move || view! { <SkeletonCards
                        label="Loading accounts"
                        count=6
                        class="grid grid-cols-1 gap-3 sm:grid-cols-2 min-[90rem]:grid-cols-3 min-[112rem]:grid-cols-4"
                    /> },
                move |view| full(view, query, counts, may_connect, connecting),
            )}
        </PageFrame>
    }
    .into_any()
}

/// What narrows the list: words, status, platform, whether posts go there; and how it is shown.
#[component]
fn Filters(
    query: Memo<AccountsQuery>,
    first_counts: Resource<Result<AccountCounts, crate::AppError>>,
    counts: RwSignal<Option<AccountCounts>>,
) -> impl IntoView {
    let chip = move |label: &'static str, status: Option<AccountStatus>| {
        view! {
            <FilterChip
                label
                href=Signal::derive(move || query.read().with_status(status).href())
                active=Signal::derive(move || query.with(|query| query.status == status && !query.attention))
                count=Signal::derive(move || counts.read().as_ref().and_then(|counts| count_of(counts, status)))
            />
        }
        .into_any()
    };
    let chips = move || {
        view! {
            {chip("All", None)}
            <FilterChip
                label="Needs attention"
                href=Signal::derive(move || query.read().with_attention().href())
                active=Signal::derive(move || query.read().attention)
                count=Signal::derive(move || counts.read().as_ref().map(|counts| u64::from(counts.attention)))
            />
            {AccountStatus::ALL.map(|status| chip(status.label(), Some(status))).collect_view()}
        }
        .into_any()
    };
    let platforms = Signal::derive(move || {
        let query = query.read();
        let option = |platform: Option<Platform>| FilterOption {
            href: query.with_platform(platform).href(),
            label: platform.map_or("All", Platform::label).to_owned(),
            active: query.platform == platform,
        };
        std::iter::once(None).chain(Platform::ALL.map(Some)).map(option).collect::<Vec<_>>()
    });
    let gets_posts = Signal::derive(move || {
        let query = query.read();
        let option = |label: &str, active: Option<bool>| FilterOption {
            href: query.with_active(active).href(),
            label: label.to_owned(),
            active: query.active == active,
        };
        vec![option("All", None), option("Yes", Some(true)), option("No", Some(false))]
    });
    let keep = Signal::derive(move || {
        let query = query.read();
        [
            ("platform", query.platform.map(|platform| platform.to_string())),
            ("status", query.status.map(|status| status.to_string())),
            ("active", query.active.map(|active| active.to_string())),
            ("attention", query.attention.then(|| "true".to_owned())),
            ("view", (query.layout == Layout::List).then(|| "list".to_owned())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect::<Vec<_>>()
    });
    let layouts = move || {
        let (grid, list) = query.with(|query| (query.with_layout(Layout::Grid), query.with_layout(Layout::List)));
        view! {
            <SegmentedLinks
                label="Layout"
                choices=vec![
                    Choice::new(grid.href(), "Grid").icon(Glyph::LayoutGrid),
                    Choice::new(list.href(), "List").icon(Glyph::List),
                ]
                current=Signal::derive(move || query.read().href())
                icons_only=true
            />
        }
    };
    view! {
        <div class="mb-4 flex flex-wrap items-center gap-2">
            <ListSearch
                label="Search accounts"
                placeholder="Name, handle or id"
                action="/accounts"
                current=Signal::derive(move || query.read().q.clone())
                keep
                to=move |q| query.read_untracked().with_q(q).href()
            />
            <div role="group" aria-label="Status" class="relative flex gap-2 overflow-x-auto max-sm:-mx-4 max-sm:w-screen max-sm:px-4 max-sm:py-1">
                {load_head(first_counts, counts, chips)}
            </div>
            <div class="flex flex-wrap gap-2 sm:ml-auto">
                <FilterSelect id="accounts-platform" label="Platform" options=platforms/>
                <FilterSelect id="accounts-active" label="Gets posts" options=gets_posts/>
                // Cards are what a phone has room for.
                <span class="contents max-sm:hidden">{layouts}</span>
            </div>
        </div>
    }
    .into_any()
}

/// Those of one status, or all but the disconnected, as the list shows them. Nobody counts the disconnected.
fn count_of(counts: &AccountCounts, status: Option<AccountStatus>) -> Option<u64> {
    let count = match status {
        None => counts.connected + counts.reconnect_required + counts.failed,
        Some(AccountStatus::Connected) => counts.connected,
        Some(AccountStatus::ReconnectRequired) => counts.reconnect_required,
        Some(AccountStatus::Failed) => counts.failed,
        Some(AccountStatus::Disconnected) => return None,
    };
    Some(count.into())
}

fn full(
    view: AccountsView,
    query: Memo<AccountsQuery>,
    shown_counts: RwSignal<Option<AccountCounts>>,
    may_connect: bool,
    connecting: RwSignal<bool>,
) -> AnyView {
    let AccountsView { accounts: Page { items, total, offset, .. }, counts, offers } = view;
    // Not while the page is first built: the figures above have their own way then.
    let latest = counts;
    Effect::new(move |_| shown_counts.set(Some(latest)));
    let dialog_offers = offers.clone();
    let dialog = may_connect.then(|| {
        view! { <ConnectDialog open=connecting offers=dialog_offers return_to="/accounts"/> }
    });
    let accounts = RwSignal::new(items);
    let total = RwSignal::new(total);
    let counts = RwSignal::new(counts);
    let actions = use_account_actions(accounts);
    let filter = query.read_untracked().filter();
    follow(
        use_live().accounts(),
        Signal::stored(false),
        move || view_accounts(filter.clone()),
        move |view: AccountsView| {
            total.set(view.accounts.total);
            accounts.set(view.accounts.items);
            counts.set(view.counts);
            shown_counts.set(Some(view.counts));
        },
    );
    let narrowed = query.read_untracked().is_narrowed();
    // The layout changes without fetching anything.
    let layout = Memo::new(move |_| query.read().layout);
    // Decided once more when the first account appears or the last one leaves, and not before.
    let is_empty = Memo::new(move |_| accounts.read().is_empty());
    let list = move || {
        if is_empty.get() {
            return if narrowed { none_found() } else { none_yet(&offers, may_connect) };
        }
        let rows = match layout.get() {
            Layout::Grid => view! { <AccountGrid accounts actions/> }.into_any(),
            Layout::List => view! { <AccountTable accounts actions/> }.into_any(),
        };
        view! {
            {rows}
            <div class="mt-4">
                <Pagination
                    total=Signal::derive(move || u64::try_from(total.get()).unwrap_or(0))
                    limit=u64::from(PAGE)
                    offset=u64::from(offset)
                    noun="accounts"
                    base=Signal::derive(move || query.read().href())
                />
            </div>
        }
        .into_any()
    };
    view! {
        {attention(counts, accounts)}
        {list}
        {dialog}
        <UnlinkDialog actions/>
    }
    .into_any()
}

/// Persistent, but in nobody's way: which connections wait for a person.
fn attention(counts: RwSignal<AccountCounts>, accounts: RwSignal<Vec<Account>>) -> AnyView {
    let waiting = Memo::new(move |_| counts.read().attention);
    // The one that waits is named when it is on this page.
    let named = Memo::new(move |_| {
        let accounts = accounts.read();
        accounts
            .iter()
            .find(|account| account.needs_attention())
            .map(|account| (account.display_name.clone(), account.status_reason.clone()))
    });
    let banner = move || {
        let (title, text) = match (waiting.get(), named.get()) {
            (0, _) => return None,
            (1, Some((name, reason))) => (format!("{name} needs updating."), reason),
            (1, None) => ("1 connection needs updating.".to_owned(), None),
            (n, _) => {
                let text = "Posts may not reach them until somebody reconnects them.".to_owned();
                (format!("{n} connections need updating."), Some(text))
            }
        };
        let text = text.unwrap_or_else(|| "Posts skip it until somebody reconnects it.".to_owned());
        Some(view! { <div class="mb-4"><Banner tone=Tone::Warning title text/></div> })
    };
    banner.into_any()
}

fn none_found() -> AnyView {
    view! {
        <EmptyState
            title="No account fits these filters"
            text="Try fewer filters, or look at all accounts."
            level=2
            action=move || view! { <Button href="/accounts">"Clear filters"</Button> }
        />
    }
    .into_any()
}

/// The list's first state: what it is for, how it works, and the first step.
fn none_yet(offers: &[PlatformOffer], may_connect: bool) -> AnyView {
    if !may_connect {
        return view! {
            <EmptyState
                title="No accounts yet"
                text="An admin of this workspace can connect the first one."
                level=2
            />
        }
        .into_any();
    }
    let steps = vec![
        EmptyStep::new(Glyph::Plug, "Choose a platform", "Arctiv takes you to its own sign-in page."),
        EmptyStep::new(
            Glyph::ShieldCheck,
            "Authorise there",
            "You choose what Arctiv may do. Your password stays with you.",
        ),
        EmptyStep::new(Glyph::Send, "Publish", "New posts go to every account that is switched on."),
    ];
    let offers = offers.to_vec();
    view! {
        <EmptyState
            title="Connect your first account"
            text="Every account you connect here can receive the posts you write once."
            steps
            level=2
            action=move || {
                view! {
                    <div class="w-full max-w-md text-left">
                        <Platforms offers=offers.clone() return_to="/accounts"/>
                    </div>
                }
            }
        />
    }
    .into_any()
}

/// One account.
#[component]
pub fn AccountPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse::<AccountId>().ok()));
    let log = Memo::new(move |_| query.with(|query| LogQuery::read(|name| query.get_all(name).unwrap_or_default())));
    let account = Resource::new(
        move || (id.get(), log.get()),
        |(id, log)| async move {
            match id {
                Some(id) => view_account(id, log.filter()).await,
                None => Err(crate::AppError::new(
                    domain::ErrorCode::NotFound,
                    "This account does not exist, or you have no access to it.",
                )),
            }
        },
    );
    let withheld = withheld(query);
    load_page(
        account,
        "Account",
        "this account",
        move || view! { <SkeletonRows label="Loading the account" count=4/> },
        move |view| one(view, query, log, withheld),
    )
}

fn one(
    view: AccountView,
    query: Memo<leptos_router::params::ParamsMap>,
    shown_log: Memo<LogQuery>,
    withheld: WithheldOf,
) -> AnyView {
    let AccountView { account, offer, log, deliveries } = view;
    let id = account.id;
    let here = format!("/accounts/{id}");
    let title = account.display_name.clone();
    let accounts = RwSignal::new(vec![account.clone()]);
    let actions = use_account_actions(accounts);
    let account = one_of(accounts, account, |one| one.id);
    let shown_log = shown_log.get_untracked();
    let log_filter = shown_log.filter();
    let log = RwSignal::new(log);
    let deliveries = RwSignal::new(deliveries);
    let live = use_live();
    follow(
        Signal::derive(move || live.accounts().get().wrapping_add(live.deliveries().get())),
        Signal::derive(move || deliveries.read().iter().any(|delivery| !delivery.status.is_final())),
        move || view_account(id, log_filter.clone()),
        move |view: AccountView| {
            accounts.set(vec![view.account]);
            log.set(view.log);
            deliveries.set(view.deliveries);
        },
    );
    let navigate = use_navigate();
    let gone =
        Callback::new(move |()| navigate("/accounts", NavigateOptions { replace: true, ..NavigateOptions::default() }));
    let shape = Memo::new(move |_| Account { is_active: true, ..account.get() });
    let reconnect_to = here.clone();
    let header_actions = move || {
        let shown = shape.get();
        let connected = shown.status == AccountStatus::Connected;
        let well = connected && !shown.needs_attention();
        let variant = if well { ButtonVariant::Secondary } else { ButtonVariant::Primary };
        let (asked, reconnect_to) = (shown.clone(), reconnect_to.clone());
        view! {
            <div data-fill="" class="grid w-full grid-cols-2 gap-2 empty:hidden sm:flex sm:w-auto max-sm:[&>:last-child:nth-child(odd)]:col-span-2">
            {actions
                .may_reconnect
                .then(|| {
                    view! {
                        {connected
                            .then(|| {
                                view! {
                                    <Button icon=Glyph::RefreshCw on_click=move |_| actions.refresh(id)>
                                        "Refresh now"
                                    </Button>
                                }
                            })}
                        {reconnect_link(&shown, &reconnect_to, variant, ButtonSize::Medium)}
                    }
                })}
            {actions
                .may_unlink
                .then(|| {
                    view! {
                        <Button
                            variant=ButtonVariant::DangerQuiet
                            icon=Glyph::Unplug
                            on_click=move |_| actions.unlinking.set(Some(asked.clone()))
                        >
                            "Disconnect"
                        </Button>
                    }
                })}
            </div>
        }
        .into_any()
    };
    let base = shown_log.href(id);
    let log_head = shown_log.clone();
    let crumbs = vec![("/accounts".to_owned(), "Accounts".to_owned()), (String::new(), title.clone())];
    view! {
        <div class="-mb-2 px-4 pt-2 sm:pt-4 lg:px-6"><Breadcrumbs crumbs/></div>
        <PageFrame
            title
            beside=move || view! { {move || view! { <StatusBadge status=account_status(shape.read().status)/> }} }
            // Drawn anew when the status changes what can be done.
            actions=move || header_actions.clone().into_any()
        >
            <Outcome query here withheld account=id/>
            {move || {
                let shown = shape.get();
                (shown.status != AccountStatus::Connected || shown.needs_attention())
                    .then(|| {
                        let title = if shown.status == AccountStatus::Disconnected {
                            "This account is disconnected."
                        } else {
                            "This connection needs updating."
                        };
                        let text = shown.status_reason.clone().unwrap_or_else(|| "Posts skip it until somebody reconnects it.".into());
                        view! { <div class="mb-6"><Banner tone=Tone::Warning title text/></div> }
                    })
            }}
            // One column, two, and on wide screens three: what it is, what was sent there, what became of its access.
            <div class="grid grid-cols-1 gap-8 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)] lg:grid-rows-[auto_1fr] min-[96rem]:grid-cols-[minmax(0,26rem)_minmax(0,1fr)_minmax(0,22rem)]">
                <div class="min-w-0">{details(account, shape, actions, offer)}</div>
                <div class="min-w-0 lg:col-start-1 lg:row-start-2 min-[96rem]:col-start-2 min-[96rem]:row-span-2 min-[96rem]:row-start-1">
                    <Section
                        id="sent-h"
                        title="Latest deliveries"
                        actions=move || {
                            view! {
                                <Button variant=ButtonVariant::Link size=ButtonSize::Small href=format!("/activity?account={id}")>
                                    "All deliveries"
                                </Button>
                            }
                        }
                    >
                        {latest(deliveries)}
                    </Section>
                </div>
                <div class="min-w-0 min-[96rem]:col-start-1 min-[96rem]:row-start-2">{grants(shape)}</div>
                <div class="min-w-0 min-[96rem]:col-start-3 min-[96rem]:row-span-2 min-[96rem]:row-start-1">
                    <Section id="log-h" title="Connection log" actions=move || log_actions(&log_head, id)>
                        {move || {
                            let Page { items, total, offset, .. } = log.get();
                            let total = u64::try_from(total).unwrap_or(0);
                            let rows = if items.is_empty() { no_events(&shown_log, id) } else { event_rows(items) };
                            view! {
                                {rows}
                                <div class="mt-3" hidden=total <= u64::from(LOG_PAGE)>
                                    <Pagination
                                        total
                                        limit=u64::from(LOG_PAGE)
                                        offset=u64::from(offset)
                                        noun="entries"
                                        base=base.clone()
                                    />
                                </div>
                            }
                        }}
                    </Section>
                </div>
            </div>
            <UnlinkDialog actions on_done=gone/>
        </PageFrame>
    }
    .into_any()
}

/// What the account is, how its access stands, and whether posts go there.
fn details(
    account: Memo<Account>,
    shape: Memo<Account>,
    actions: AccountActions,
    offer: Option<PlatformOffer>,
) -> AnyView {
    let first = account.get_untracked();
    let id = first.id;
    let publishes = first.platform.rules().is_some();
    let expiry = move || match shape.read().token_expires_at {
        Some(at) => view! { "Ends " <RelativeTime at/> ", renewed by itself before" }.into_any(),
        None => "Does not expire".into_any(),
    };
    let synced = move || {
        shape.read().last_synced_at.map_or_else(|| "Not yet".into_any(), |at| view! { <RelativeTime at/> }.into_any())
    };
    // Said where it is not what everyone on the platform may write.
    let longest = Memo::new(move |_| shape.read().text_max.map(|most| format!("{} characters", grouped(most.into()))));
    view! {
        <Section id="details-h" title="Account">
            <div class="rounded-lg border border-border bg-surface">
                <div class="flex flex-wrap items-center gap-x-3 gap-y-2 p-4">
                    <PlatformMark mark=mark(first.platform) size=MarkSize::Large/>
                    <div class="min-w-0 flex-1">
                        <p class="truncate font-semibold">{move || shape.read().display_name.clone()}</p>
                        <p class="truncate text-sm text-muted">
                            {first.platform.label()}
                            {move || shape.read().handle.clone().map(|handle| format!(", {handle}"))}
                        </p>
                    </div>
                    {publishes
                        .then(|| {
                            view! {
                                <span class="flex items-center gap-3 text-sm text-muted max-sm:w-full max-sm:justify-between">
                                    <span aria-hidden="true">"Gets posts"</span>
                                    <Switch
                                        label=format!("New posts go to {}, {}", first.display_name, first.platform.label())
                                        checked=actions.active(account)
                                        busy=actions.is_busy(id)
                                        disabled=!actions.may_toggle
                                        on_toggle=move |on| actions.toggle(id, on)
                                    />
                                </span>
                            }
                        })}
                </div>
                <div class="border-t border-border p-4">
                    <DescriptionList columns="grid-cols-[8rem_minmax(0,1fr)]">
                        <Detail label="Account id" mono=true>{move || shape.read().external_account_id.clone()}</Detail>
                        <Detail label="Connected">{move || view! { <RelativeTime at=shape.read().connected_at/> }}</Detail>
                        <Detail label="Last synced">{synced}</Detail>
                        <Detail label="Access">{expiry}</Detail>
                        {move || longest.get().map(|words| view! { <Detail label="Longest text">{words}</Detail> })}
                        {offer.and_then(|offer| api_version(&offer))}
                    </DescriptionList>
                </div>
            </div>
        </Section>
    }
    .into_any()
}

/// The version of the platform's API that is spoken here; and, when it ends soon or has ended, what is to be done.
fn api_version(offer: &PlatformOffer) -> Option<AnyView> {
    let words = offer.version_words()?;
    let ends_on = offer.api_version_ends_on;
    let now = use_clock().now();
    let status = Memo::new(move |_| VersionStatus::of(ends_on, now.get().date_naive()));
    let warning = move || {
        let status = status.get();
        let (label, advice) = status.label().zip(status.advice())?;
        let tone = if status == VersionStatus::Ended { Tone::Danger } else { Tone::Warning };
        Some(view! {
            <span class="mt-1 block"><Badge tone with_glyph=true>{label}</Badge></span>
            <span class="mt-1 block text-muted">{advice}</span>
        })
    };
    Some(view! { <Detail label="API version">{words} {warning}</Detail> }.into_any())
}

/// What was granted, and what is missing with what it costs.
fn grants(shape: Memo<Account>) -> AnyView {
    let granted = Memo::new(move |_| shape.read().scopes.clone());
    let missing = Memo::new(move |_| shape.read().missing_scopes.clone());
    view! {
        <Section id="grants-h" title="Permissions">
            <div class="grid gap-4 rounded-lg border border-border bg-surface p-4">
                {move || {
                    let missing = missing.get();
                    (!missing.is_empty())
                        .then(|| {
                            view! {
                                <div>
                                    <h3 class="flex items-center gap-2 text-sm font-medium">
                                        "Not granted" <Count count=missing.len() as u64 tone=Tone::Warning/>
                                    </h3>
                                    <ul class="mt-2 grid gap-2">
                                        {missing
                                            .iter()
                                            .map(|missing| {
                                                view! {
                                                    <li class="text-sm">
                                                        <p>{missing.costs.clone()}</p>
                                                        <p class="font-mono text-xs text-muted">{missing.scope.clone()}</p>
                                                    </li>
                                                }
                                            })
                                            .collect_view()}
                                    </ul>
                                    <p class="mt-2 text-sm text-muted">
                                        "Reconnect and leave these permissions ticked to use what is missing."
                                    </p>
                                </div>
                            }
                        })
                }}
                <div>
                    <h3 class="text-sm font-medium">"Granted"</h3>
                    <ul class="mt-2 flex flex-wrap gap-1.5">
                        {move || {
                            let granted = granted.get();
                            if granted.is_empty() {
                                view! { <li class="text-sm text-muted">"Nothing at present"</li> }.into_any()
                            } else {
                                granted
                                    .into_iter()
                                    .map(|scope| view! { <li class="max-w-full"><Tag>{scope}</Tag></li> })
                                    .collect_view()
                                    .into_any()
                            }
                        }}
                    </ul>
                </div>
            </div>
        </Section>
    }
    .into_any()
}

/// What was last sent there, as it goes.
fn latest(items: RwSignal<Vec<domain::deliveries::Delivery>>) -> AnyView {
    let is_empty = Memo::new(move |_| items.read().is_empty());
    let list = move || {
        if is_empty.get() {
            return view! {
                <EmptyState
                    title="Nothing was sent here yet"
                    text="The next post you save goes to this account while it is switched on."
                    action=move || view! { <Button href="/compose">"Write a post"</Button> }
                />
            }
            .into_any();
        }
        view! {
            <ul aria-label="Latest deliveries" class="divide-y divide-border rounded-lg border border-border bg-surface">
                <For each=move || items.get() key=|delivery| delivery.id let:delivery>
                    <DeliveryRow delivery=one_of(items, delivery, |one| one.id) by_post=true/>
                </For>
            </ul>
        }
        .into_any()
    };
    list.into_any()
}
