//! What can be done with an account in a list: switch, refresh, disconnect. The list shows the wished state at once and
//! falls back to the real one when the server says no.

use crate::{
    features::accounts::server_fns::{refresh_account, set_account_active},
    layouts::use_refusal,
    session::use_session,
    ui::use_toasts,
};
use domain::{
    AccountId,
    accounts::{Account, AccountStatus},
    workspaces::Role,
};
use leptos::{prelude::*, task::spawn_local};
use std::collections::BTreeMap;

/// What the person may do with the accounts of a page, and what is under way.
#[derive(Clone, Copy)]
pub struct AccountActions {
    pub(super) accounts: RwSignal<Vec<Account>>,
    /// What was wished and not yet answered.
    wished: RwSignal<BTreeMap<AccountId, bool>>,
    /// The account that the dialog asks about.
    pub unlinking: RwSignal<Option<Account>>,
    pub may_toggle: bool,
    pub may_reconnect: bool,
    pub may_unlink: bool,
    pub(super) refusal: Callback<(String, crate::AppError)>,
    pub(super) toasts: crate::ui::Toasts,
}

/// The actions on `accounts`, which show their results.
pub fn use_account_actions(accounts: RwSignal<Vec<Account>>) -> AccountActions {
    let session = use_session();
    let refusal = use_refusal();
    AccountActions {
        accounts,
        wished: RwSignal::new(BTreeMap::new()),
        unlinking: RwSignal::new(None),
        may_toggle: session.may(Role::Editor),
        may_reconnect: session.may(Role::Member),
        may_unlink: session.may(Role::Admin),
        refusal: Callback::new(move |(title, error): (String, crate::AppError)| refusal(&title, &error)),
        toasts: use_toasts(),
    }
}

impl AccountActions {
    /// Whether new posts go to the account, as the person sees it: the wish first, the truth once it is known.
    pub fn active(self, account: Memo<Account>) -> Signal<bool> {
        Signal::derive(move || {
            let account = account.read();
            self.wished.read().get(&account.id).copied().unwrap_or(account.is_active)
        })
    }

    /// Whether an answer is on its way.
    pub fn is_busy(self, id: AccountId) -> Signal<bool> {
        Signal::derive(move || self.wished.read().contains_key(&id))
    }

    /// Switches an account on or off. While an answer is on its way only the last wish counts, so that two quick
    /// presses cannot overtake each other.
    pub fn toggle(self, id: AccountId, on: bool) {
        let under_way = self.wished.with_untracked(|wished| wished.contains_key(&id));
        self.wished.update(|wished| {
            wished.insert(id, on);
        });
        if !under_way {
            spawn_local(self.send_wish(id));
        }
    }

    async fn send_wish(self, id: AccountId) {
        while let Some(on) = self.wished.try_get_untracked().and_then(|wished| wished.get(&id).copied()) {
            let answer = set_account_active(id, on).await;
            let changed_mind =
                self.wished.try_get_untracked().is_some_and(|wished| wished.get(&id).is_some_and(|wish| *wish != on));
            match answer {
                Ok(account) => self.take(account),
                Err(error) => {
                    let name = self.name_of(id);
                    let word = if on { "on" } else { "off" };
                    self.refusal.run((format!("{name} was not switched {word}"), error));
                    self.forget(id);
                    return;
                }
            }
            if !changed_mind {
                self.forget(id);
            }
        }
    }

    fn forget(self, id: AccountId) {
        let _page_gone = self.wished.try_update(|wished| wished.remove(&id));
    }

    fn name_of(self, id: AccountId) -> String {
        let accounts = self.accounts.try_get_untracked().unwrap_or_default();
        accounts
            .into_iter()
            .find(|account| account.id == id)
            .map_or_else(|| "The account".to_owned(), |one| one.display_name)
    }

    /// Puts a newer state of an account into the list.
    fn take(self, account: Account) {
        let _page_gone = self.accounts.try_update(|accounts| {
            if let Some(old) = accounts.iter_mut().find(|old| old.id == account.id) {
                *old = account;
            }
        });
    }

    /// Asks the platform for fresh access, in the background.
    pub fn refresh(self, id: AccountId) {
        spawn_local(async move {
            let name = self.name_of(id);
            match refresh_account(id).await {
                Ok(account) => {
                    self.toasts.info(format!("Checking {name} with {}", account.platform.label()));
                    self.take(account);
                }
                Err(error) => self.refusal.run((format!("{name} was not refreshed"), error)),
            }
        });
    }
}

/// Whether the account needs a person to authorise it again.
pub const fn needs_reconnecting(status: AccountStatus) -> bool {
    matches!(status, AccountStatus::ReconnectRequired | AccountStatus::Failed | AccountStatus::Disconnected)
}
