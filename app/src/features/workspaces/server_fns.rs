//! What the overviews show. Small pieces, so that a change on an open page fetches only what changed.

#[cfg(feature = "ssr")]
use domain::{
    PageRequest, accounts::AccountFilter, deliveries::DeliveryFilter, posts::PostFilter, workspaces::WorkspaceKind,
};
use domain::{
    accounts::{Account, AccountCounts, PlatformOffer},
    deliveries::{Delivery, DeliveryCounts},
    posts::PostSummary,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{error::refuse, services::acting};

/// How many accounts an overview shows; the rest is a link away.
pub const ACCOUNTS_SHOWN: u32 = 50;
/// How many deliveries and posts an overview shows.
pub const LATEST: u32 = 6;

/// The accounts and how they stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// By name; at most [`ACCOUNTS_SHOWN`].
    pub accounts: Vec<Account>,
    /// How many there are in all.
    pub total: u64,
    pub counts: AccountCounts,
}

/// What went out last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latest {
    /// Newest first.
    pub deliveries: Vec<Delivery>,
    /// For a manager, whose work they are; none for the others.
    pub posts: Vec<PostSummary>,
    /// For a manager.
    pub counts: DeliveryCounts,
}

/// All of an overview, for its first view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    pub connections: Connections,
    pub latest: Latest,
    /// Which platforms can be connected here; asked for only while there is no account.
    pub offers: Vec<PlatformOffer>,
}

/// The first view.
#[server(prefix = "/fn", endpoint = "workspaces/overview", input = Json, output = Json)]
pub async fn view_overview() -> Result<Overview, AppError> {
    let (services, actor) = acting()?;
    let connections = read_connections(&services, &actor).await?;
    let latest = read_latest(&services, &actor).await?;
    let offers =
        if connections.total == 0 { services.accounts.offers(&actor).await.map_err(refuse)? } else { Vec::new() };
    Ok(Overview { connections, latest, offers })
}

/// The accounts again, after one of them changed.
#[server(prefix = "/fn", endpoint = "workspaces/connections", input = Json, output = Json)]
pub async fn view_connections() -> Result<Connections, AppError> {
    let (services, actor) = acting()?;
    read_connections(&services, &actor).await
}

/// What went out, again, after a delivery changed.
#[server(prefix = "/fn", endpoint = "workspaces/latest", input = Json, output = Json)]
pub async fn view_latest() -> Result<Latest, AppError> {
    let (services, actor) = acting()?;
    read_latest(&services, &actor).await
}

#[cfg(feature = "ssr")]
async fn read_connections(
    services: &crate::services::Services,
    actor: &domain::Actor,
) -> Result<Connections, AppError> {
    let filter = AccountFilter { page: PageRequest::first(ACCOUNTS_SHOWN), ..AccountFilter::default() };
    let page = services.accounts.list(actor, filter).await.map_err(refuse)?;
    let counts = services.accounts.counts(actor).await.map_err(refuse)?;
    Ok(Connections { accounts: page.items, total: u64::try_from(page.total).unwrap_or_default(), counts })
}

#[cfg(feature = "ssr")]
async fn read_latest(services: &crate::services::Services, actor: &domain::Actor) -> Result<Latest, AppError> {
    let first = || PageRequest::first(LATEST);
    let filter = DeliveryFilter { page: first(), ..DeliveryFilter::default() };
    let deliveries = services.deliveries.list(actor, filter).await.map_err(refuse)?.items;
    if actor.kind != WorkspaceKind::Manager {
        return Ok(Latest { deliveries, posts: Vec::new(), counts: DeliveryCounts::default() });
    }
    let filter = PostFilter { page: first(), ..PostFilter::default() };
    let posts = services.posts.list(actor, filter).await.map_err(refuse)?.items;
    let counts = services.deliveries.counts(actor).await.map_err(refuse)?;
    Ok(Latest { deliveries, posts, counts })
}
