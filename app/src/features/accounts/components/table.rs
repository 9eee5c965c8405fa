//! Accounts as rows.

use super::{
    super::actions::{AccountActions, needs_reconnecting},
    card::{menu, post_switch},
};
use crate::{
    shared::{
        account::reconnect_link,
        follow::one_of,
        words::{account_status, mark},
    },
    ui::{ButtonSize, ButtonVariant, MarkSize, PlatformMark, RelativeTime, StatusBadge, Table, Td, Th, Thead, Tr},
};
use domain::accounts::Account;
use leptos::prelude::*;

/// The rows of a page of accounts.
#[component]
pub fn AccountTable(accounts: RwSignal<Vec<Account>>, actions: AccountActions) -> impl IntoView {
    view! {
        <Table label="Accounts" min_width="min-w-[46rem]">
            <Thead>
                <Th label="Account"/>
                <Th label="Status"/>
                <Th label="Last synced"/>
                <Th label="Gets posts"/>
                <Th label="Actions" hidden=true/>
            </Thead>
            <tbody>
                <For each=move || accounts.get() key=|account| account.id let:account>
                    {row(one_of(accounts, account, |one| one.id), actions)}
                </For>
            </tbody>
        </Table>
    }
}

fn row(account: Memo<Account>, actions: AccountActions) -> AnyView {
    let shape = Memo::new(move |_| Account { is_active: true, ..account.get() });
    let first = account.get_untracked();
    view! {
        <Tr>
            <Td>
                <div class="flex min-w-0 items-center gap-3 py-2">
                    <PlatformMark mark=mark(first.platform) size=MarkSize::Medium/>
                    <div class="min-w-0">
                        <p class="truncate font-medium">
                            <a href=format!("/accounts/{}", first.id) class="hover:underline touch:inline-flex touch:min-h-11 touch:items-center">
                                {move || shape.read().display_name.clone()}
                            </a>
                        </p>
                        <p class="truncate text-sm text-muted">
                            {first.platform.label()}
                            {move || shape.read().handle.clone().map(|handle| format!(", {handle}"))}
                        </p>
                    </div>
                </div>
            </Td>
            <Td>
                {move || {
                    let shown = shape.get();
                    let reason = shown.status_reason.clone();
                    view! { <span title=reason><StatusBadge status=account_status(shown.status)/></span> }
                }}
            </Td>
            <Td muted=true>
                {move || {
                    let shown = shape.read();
                    view! { <RelativeTime at=shown.last_synced_at.unwrap_or(shown.connected_at)/> }
                }}
            </Td>
            <Td><span class="flex items-center">{post_switch(account, actions)}</span></Td>
            <Td>
                <div class="flex items-center justify-end gap-1">
                    {move || {
                        let shown = shape.get();
                        ((needs_reconnecting(shown.status) || shown.needs_attention()) && actions.may_reconnect)
                            .then(|| reconnect_link(&shown, "/accounts", ButtonVariant::Secondary, ButtonSize::Small))
                    }}
                    {move || menu(&shape.get(), "row", actions)}
                </div>
            </Td>
        </Tr>
    }
    .into_any()
}
