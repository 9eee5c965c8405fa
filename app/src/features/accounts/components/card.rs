//! Accounts as cards.

use super::super::actions::{AccountActions, needs_reconnecting};
use crate::{
    shared::{
        account::reconnect_link,
        follow::one_of,
        words::{account_detail, account_status, mark},
    },
    ui::{
        AccountCard, ButtonSize, ButtonVariant, Glyph, Menu, MenuItem, MenuLink, MenuSeparator, RelativeTime, Switch,
        TimeStyle, relative_words, use_clock,
    },
};
use domain::accounts::Account;
use leptos::prelude::*;

/// The cards of a page of accounts.
#[component]
pub fn AccountGrid(accounts: RwSignal<Vec<Account>>, actions: AccountActions) -> impl IntoView {
    view! {
        <ul aria-label="Accounts" class="grid grid-cols-1 gap-3 sm:grid-cols-2 min-[90rem]:grid-cols-3 min-[112rem]:grid-cols-4">
            <For each=move || accounts.get() key=|account| account.id let:account>
                <li class="min-w-0">{card(one_of(accounts, account, |one| one.id), actions)}</li>
            </For>
        </ul>
    }
}

fn card(account: Memo<Account>, actions: AccountActions) -> AnyView {
    // Whether posts go to it is the switch's own business and must not build the card anew.
    let shape = Memo::new(move |_| Account { is_active: true, ..account.get() });
    let clock = use_clock();
    let view = move || {
        let shown = shape.get();
        let synced = shown.last_synced_at.unwrap_or(shown.connected_at);
        let synced_words = relative_words(synced, clock.now().get_untracked(), TimeStyle::Long);
        let (title, detail) = match &shown.client {
            Some(client) => (client.clone(), account_detail(&shown)),
            None => {
                (shown.display_name.clone(), shown.handle.clone().unwrap_or_else(|| shown.external_account_id.clone()))
            }
        };
        let (for_action, for_menu) = (shown.clone(), shown.clone());
        view! {
            <AccountCard
                mark=mark(shown.platform)
                title
                href=format!("/accounts/{}", shown.id)
                detail
                status=account_status(shown.status)
                synced_words
                synced=move || view! { <RelativeTime at=synced/> }
                action=move || action(&for_action, account, actions)
                menu=move || menu(&for_menu, "card", actions)
                level=2
            />
        }
    };
    view.into_any()
}

/// What the status calls for: reconnecting, or else the switch.
fn action(shown: &Account, account: Memo<Account>, actions: AccountActions) -> AnyView {
    let unusable = needs_reconnecting(shown.status);
    if actions.may_reconnect && (unusable || shown.needs_attention()) {
        return reconnect_link(shown, "/accounts", ButtonVariant::Secondary, ButtonSize::Small);
    }
    if unusable { ().into_any() } else { post_switch(account, actions) }
}

/// Whether new posts go to an account; nothing where Arctiv does not publish.
pub(super) fn post_switch(account: Memo<Account>, actions: AccountActions) -> AnyView {
    let shown = account.get_untracked();
    if shown.platform.rules().is_none() {
        return ().into_any();
    }
    let id = shown.id;
    let label = format!("New posts go to {}, {}", shown.display_name, shown.platform.label());
    view! {
        <Switch
            label
            checked=actions.active(account)
            busy=actions.is_busy(id)
            disabled=!actions.may_toggle
            on_toggle=move |on| actions.toggle(id, on)
        />
    }
    .into_any()
}

/// Everything that can be done with an account. `place` keeps the ids of two menus for one account apart.
pub(super) fn menu(account: &Account, place: &str, actions: AccountActions) -> AnyView {
    let id = account.id;
    let asked = account.clone();
    let connected = !needs_reconnecting(account.status);
    view! {
        <Menu
            id=format!("{place}-menu-{id}")
            label=format!("Actions for {}, {}", account.display_name, account.platform.label())
            size=ButtonSize::Small
        >
            <MenuLink label="Open account" href=format!("/accounts/{id}") icon=Glyph::ArrowRight/>
            <MenuLink label="Deliveries" href=format!("/activity?account={id}") icon=Glyph::Activity/>
            {(connected && actions.may_reconnect)
                .then(|| {
                    view! { <MenuItem label="Refresh now" icon=Glyph::RefreshCw on_click=move |_| actions.refresh(id)/> }
                })}
            {actions
                .may_unlink
                .then(|| {
                    view! {
                        <MenuSeparator/>
                        <MenuItem
                            label="Disconnect"
                            icon=Glyph::Unplug
                            danger=true
                            on_click=move |_| actions.unlinking.set(Some(asked.clone()))
                        />
                    }
                })}
        </Menu>
    }
    .into_any()
}
