//! Accounts, from the pages.

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use crate::{error::refuse, services::acting};
use domain::{
    AccountId, OauthStateId, Page,
    accounts::{
        Account, AccountCounts, AccountFilter, ConnectionEvent, ConnectionEventFilter, PlatformOffer, Withheld,
    },
    deliveries::Delivery,
};
#[cfg(feature = "ssr")]
use domain::{PageRequest, deliveries::DeliveryFilter};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The list of accounts with what stands around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountsView {
    pub accounts: Page<Account>,
    pub counts: AccountCounts,
    /// Which platforms can be connected here.
    pub offers: Vec<PlatformOffer>,
}

/// Accounts under a filter, by name.
#[server(prefix = "/fn", endpoint = "accounts/list", input = Json)]
pub async fn view_accounts(filter: AccountFilter) -> Result<AccountsView, AppError> {
    let (services, actor) = acting()?;
    let accounts = services.accounts.list(&actor, filter).await.map_err(refuse)?;
    let counts = services.accounts.counts(&actor).await.map_err(refuse)?;
    let offers = services.accounts.offers(&actor).await.map_err(refuse)?;
    Ok(AccountsView { accounts, counts, offers })
}

/// How many accounts stand where: the figures above a list that is still on its way.
#[server(prefix = "/fn", endpoint = "accounts/counts", input = Json)]
pub async fn count_accounts() -> Result<AccountCounts, AppError> {
    let (services, actor) = acting()?;
    services.accounts.counts(&actor).await.map_err(refuse)
}

/// One account with its connection log and what was last sent to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountView {
    pub account: Account,
    /// Its platform, as it is spoken to here.
    pub offer: Option<PlatformOffer>,
    /// Newest first.
    pub log: Page<ConnectionEvent>,
    /// Newest first, a handful.
    pub deliveries: Vec<Delivery>,
}

/// One account; `log` says which part of its connection log.
#[server(prefix = "/fn", endpoint = "accounts/get", input = Json)]
pub async fn view_account(id: AccountId, log: ConnectionEventFilter) -> Result<AccountView, AppError> {
    let (services, actor) = acting()?;
    let account = services.accounts.get(&actor, id).await.map_err(refuse)?;
    let offers = services.accounts.offers(&actor).await.map_err(refuse)?;
    let offer = offers.into_iter().find(|offer| offer.platform == account.platform);
    let log = services.accounts.events(&actor, id, log).await.map_err(refuse)?;
    let latest =
        DeliveryFilter { social_account_id: Some(id), page: PageRequest::first(5), ..DeliveryFilter::default() };
    let deliveries = services.deliveries.list(&actor, latest).await.map_err(refuse)?.items;
    Ok(AccountView { account, offer, log, deliveries })
}

/// What was withheld in an authorisation that has just ended.
#[server(prefix = "/fn", endpoint = "accounts/withheld", input = Json)]
pub async fn view_withheld(id: OauthStateId) -> Result<Withheld, AppError> {
    let (services, actor) = acting()?;
    services.accounts.withheld(&actor, id).await.map_err(refuse)
}

/// Whether new posts go to the account.
#[server(prefix = "/fn", endpoint = "accounts/set-active", input = Json)]
pub async fn set_account_active(id: AccountId, active: bool) -> Result<Account, AppError> {
    let (services, actor) = acting()?;
    services.accounts.set_active(&actor, id, active).await.map_err(refuse)
}

/// Asks for fresh access in the background.
#[server(prefix = "/fn", endpoint = "accounts/refresh", input = Json)]
pub async fn refresh_account(id: AccountId) -> Result<Account, AppError> {
    let (services, actor) = acting()?;
    services.accounts.refresh(&actor, id).await.map_err(refuse)
}

/// Disconnects: tokens wiped, access given back.
#[server(prefix = "/fn", endpoint = "accounts/unlink", input = Json)]
pub async fn unlink_account(id: AccountId) -> Result<(), AppError> {
    let (services, actor) = acting()?;
    services.accounts.unlink(&actor, id).await.map_err(refuse)
}
