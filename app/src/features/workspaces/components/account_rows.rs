//! The accounts of an overview: rows with switches, or cards.

use chrono::{DateTime, Utc};
use domain::accounts::Account;
use leptos::prelude::*;

use super::board::{Board, is_needy};
use crate::{
    features::accounts::actions::AccountActions,
    shared::{
        account::reconnect_link,
        follow::one_of,
        kept::{Facts, kept},
        words::{account_status, account_title, mark},
    },
    ui::{
        AccountCard, ButtonSize, ButtonVariant, MarkSize, PlatformMark, RelativeTime, StatusBadge, Switch, TimeStyle,
        relative_words, use_clock,
    },
};

const COLUMNS: &str = "md:grid-cols-[auto_minmax(0,1fr)_11rem_6.5rem_4.5rem]";

/// Rows: name, status, the one action that it calls for, and whether it gets posts.
#[component]
pub fn AccountRows(board: Board, return_to: &'static str) -> impl IntoView {
    view! {
        <div class="rounded-lg border border-border">
            <div
                class=format!("grid h-9 {COLUMNS} items-center gap-x-3 border-b border-border px-4 text-xs font-medium text-muted max-md:hidden")
                aria-hidden="true"
            >
                <span class="w-9"></span>
                <span>"Account"</span>
                <span>"Status"</span>
                <span></span>
                <span class="text-right">"Gets posts"</span>
            </div>
            <ul class="divide-y divide-border">
                <For each=move || board.accounts.get() key=|account| account.id let:account>
                    {kept(
                        account,
                        |account| shown(account, "account row", board.actions, return_to),
                        move |account| row(one_of(board.accounts, account, |one| one.id), board.actions, return_to),
                    )}
                </For>
            </ul>
        </div>
    }
    .into_any()
}

/// All that a row or a card shows.
fn shown(account: &Account, row: &'static str, actions: AccountActions, return_to: &str) -> Facts {
    let synced = relative_words(synced(account), use_clock().now().get_untracked(), TimeStyle::Long);
    Facts::of(row, (account, synced, actions.may_toggle, actions.may_reconnect, return_to))
}

fn synced(account: &Account) -> DateTime<Utc> {
    account.last_synced_at.unwrap_or(account.connected_at)
}

/// Everything but the switch: it minds its own business, and must not build the row anew.
fn shape(account: Memo<Account>) -> Memo<Account> {
    Memo::new(move |_| Account { is_active: true, ..account.get() })
}

fn row(account: Memo<Account>, actions: AccountActions, return_to: &'static str) -> AnyView {
    let shape = shape(account);
    view! {
        <li class="account-row">
            {move || facts(&shape.read(), actions, return_to)}
            {post_switch(account, actions, "takes")}
        </li>
    }
    .into_any()
}

/// Whose it is, how its connection stands, and what that calls for.
fn facts(account: &Account, actions: AccountActions, return_to: &'static str) -> AnyView {
    let clock = use_clock();
    let platform = account.platform.label();
    let synced = synced(account);
    let (name, status) = (account.display_name.clone(), account.status);
    let label = move || {
        let synced = relative_words(synced, clock.now().get(), TimeStyle::Long);
        format!("{platform} account {name}, connection status {}, last synced {synced}", status.label().to_lowercase())
    };
    // Beside the status on phones, in a column of its own elsewhere.
    let beside = reconnect(account, actions, return_to).map(|link| view! { <span class="md:hidden">{link}</span> });
    let apart = reconnect(account, actions, return_to)
        .map(|link| view! { <div class="relative z-10 flex justify-end max-md:hidden">{link}</div> });
    view! {
        <PlatformMark mark=mark(account.platform) size=MarkSize::Medium/>
        <div class="min-w-0">
            <h3 class="truncate font-medium">
                <a href=format!("/accounts/{}", account.id) aria-label=label title=account.display_name.clone() class="cover">
                    {account_title(account)}
                </a>
            </h3>
            <p class="text-sm text-muted sm:truncate">{platform} ", synced " <RelativeTime at=synced/></p>
        </div>
        <div class="state"><StatusBadge status=account_status(status)/> {beside}</div>
        {apart}
    }
    .into_any()
}

fn reconnect(account: &Account, actions: AccountActions, return_to: &str) -> Option<AnyView> {
    (is_needy(account.status) && actions.may_reconnect)
        .then(|| view! { <span class="relative z-10">{reconnect_link(account, return_to, ButtonVariant::Secondary, ButtonSize::Small)}</span> }.into_any())
}

/// Whether new posts go to an account; nothing where Arctiv does not publish.
fn post_switch(account: Memo<Account>, actions: AccountActions, class: &'static str) -> AnyView {
    let (id, platform, label) = account.with_untracked(|shown| {
        (shown.id, shown.platform, format!("New posts go to {}, {}", shown.display_name, shown.platform.label()))
    });
    if platform.rules().is_none() {
        return ().into_any();
    }
    let active = actions.active(account);
    view! {
        <span class=class>
            // A switch that cannot answer would lie: without a script there is a word.
            <Switch
                class="noscript:hidden"
                label
                checked=active
                busy=actions.is_busy(id)
                disabled=!actions.may_toggle
                on_toggle=move |on| actions.toggle(id, on)
            />
            <span class="hidden text-sm text-muted noscript:inline">{move || if active.get() { "Yes" } else { "No" }}</span>
        </span>
    }
    .into_any()
}

/// Cards, for the workspaces that have many.
#[component]
pub fn AccountCards(board: Board, return_to: &'static str) -> impl IntoView {
    view! {
        <ul class="grid grid-cols-1 gap-3 sm:grid-cols-2 min-[90rem]:grid-cols-3 min-[112rem]:grid-cols-4">
            <For each=move || board.accounts.get() key=|account| account.id let:account>
                {kept(
                    account,
                    |account| shown(account, "account card", board.actions, return_to),
                    move |account| card(one_of(board.accounts, account, |one| one.id), board.actions, return_to),
                )}
            </For>
        </ul>
    }
    .into_any()
}

fn card(account: Memo<Account>, actions: AccountActions, return_to: &'static str) -> AnyView {
    let shape = shape(account);
    let clock = use_clock();
    let content = move || {
        let shown = shape.get();
        let synced = synced(&shown);
        let for_action = shown.clone();
        let action = move || {
            if is_needy(for_action.status) {
                reconnect(&for_action, actions, return_to).into_any()
            } else {
                post_switch(account, actions, "contents")
            }
        };
        view! {
            <AccountCard
                mark=mark(shown.platform)
                title=shown.display_name.clone()
                href=format!("/accounts/{}", shown.id)
                detail=shown.handle.clone().unwrap_or_else(|| shown.external_account_id.clone())
                status=account_status(shown.status)
                synced_words=relative_words(synced, clock.now().get_untracked(), TimeStyle::Long)
                synced=move || view! { <RelativeTime at=synced/> }
                action
            />
        }
    };
    view! { <li class="min-w-0">{content}</li> }.into_any()
}
