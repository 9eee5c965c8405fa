//! The way to a platform's consent page. Authorising is a real navigation: the platform's page takes over the tab and
//! sends it back.

use super::query::Href;
use crate::ui::{Button, ButtonSize, ButtonVariant, Toast, Tone, use_toasts};
use domain::{AccountId, Platform, accounts::Account};
use leptos::prelude::*;
use std::time::Duration;

/// Where the browser goes to authorise at `platform`; `account` for one that is connected already.
pub fn authorize_href(platform: Platform, account: Option<AccountId>, return_to: &str) -> String {
    Href::new(&format!("/api/oauth/{platform}/authorize"))
        .with("account_id", account)
        .with("return_to", Some(return_to))
        .build()
}

/// Says where the tab is going while it goes, to the eye and to screen readers.
pub fn use_leaving() -> impl Fn(Platform) + Copy + Send + Sync + 'static {
    let toasts = use_toasts();
    move |platform| {
        let id = toasts.push(Toast::new(Tone::Info, format!("Connecting to {}…", platform.label())).under_way());
        // Coming "back" from the platform's page finds this page as it was left.
        set_timeout(move || toasts.dismiss(id), Duration::from_secs(15));
    }
}

/// The one action of an account that needs a person: "Reconnect".
pub fn reconnect_link(account: &Account, return_to: &str, variant: ButtonVariant, size: ButtonSize) -> AnyView {
    let leaving = use_leaving();
    let platform = account.platform;
    let label = format!("Reconnect {} to {}", account.display_name, platform.label());
    view! {
        <Button
            variant
            size
            href=authorize_href(platform, Some(account.id), return_to)
            label
            attr:rel="external"
            on:click=move |_| leaving(platform)
        >
            "Reconnect"
        </Button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_names_the_account_and_the_way_back() {
        let id = AccountId(uuid::Uuid::nil());
        assert_eq!(
            authorize_href(Platform::Twitter, None, "/accounts?view=list"),
            "/api/oauth/twitter/authorize?return_to=/accounts%3Fview%3Dlist"
        );
        assert_eq!(
            authorize_href(Platform::Facebook, Some(id), "/accounts"),
            "/api/oauth/facebook/authorize?account_id=00000000-0000-0000-0000-000000000000&return_to=/accounts"
        );
    }
}
