//! Disconnecting asks first.

use super::super::actions::AccountActions;
use crate::{features::accounts::server_fns::unlink_account, ui::ConfirmDialog};
use domain::accounts::Account;
use leptos::{prelude::*, task::spawn_local};

/// Asks before an account is disconnected, names it, and says what that costs. Once per page.
#[component]
pub fn UnlinkDialog(
    actions: AccountActions,
    /// After it is done: the account's own page has to leave.
    #[prop(optional, into)]
    on_done: Option<Callback<()>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    Effect::new(move |_| {
        if actions.unlinking.read().is_some() {
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            actions.unlinking.set(None);
        }
    });
    let words = move |say: fn(&Account) -> String| actions.unlinking.read().as_ref().map(say).unwrap_or_default();
    let confirm = move |()| {
        let Some(account) = actions.unlinking.get_untracked() else { return };
        busy.set(true);
        spawn_local(async move {
            let answer = unlink_account(account.id).await;
            let _page_gone = busy.try_set(false);
            let _page_gone = open.try_set(false);
            match answer {
                Ok(()) => {
                    actions.toasts.success(format!("{} was disconnected", account.display_name));
                    let _page_gone = actions.accounts.try_update(|list| list.retain(|one| one.id != account.id));
                    if let Some(on_done) = on_done {
                        let _page_gone = on_done.try_run(());
                    }
                }
                Err(error) => {
                    actions.refusal.run((format!("{} was not disconnected", account.display_name), error));
                }
            }
        });
    };
    view! {
        <ConfirmDialog
            id="unlink"
            open
            title=Signal::derive(move || words(|account| {
                format!("Disconnect {} from {}?", account.display_name, account.platform.label())
            }))
            consequence=Signal::derive(move || words(|account| {
                let name = account.platform.label();
                format!("Arctiv deletes its access and asks {name} to withdraw it. What is published on {name} stays.")
            }))
            warning=Signal::derive(move || {
                let name = words(|account| account.display_name.clone());
                Some(format!("Posts that are still to go out to {name} will not be sent."))
            })
            confirm="Disconnect account"
            cancel="Keep connected"
            busy
            on_confirm=confirm
        />
    }
}
