//! What the overviews show. Small pieces, so that a change on an open page fetches only what changed.

use domain::{
    accounts::PlatformOffer,
    workspaces::{Connections, Latest, Overview},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use crate::{error::refuse, services::acting};

/// The first view of an overview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstView {
    pub overview: Overview,
    /// Which platforms can be connected here; asked for only while there is no account.
    pub offers: Vec<PlatformOffer>,
}

/// The first view.
#[server(prefix = "/fn", endpoint = "workspaces/overview", input = Json, output = Json)]
pub async fn view_overview() -> Result<FirstView, AppError> {
    let (services, actor) = acting()?;
    let overview = services.workspaces.overview(&actor).await.map_err(refuse)?;
    let offers = if overview.connections.total == 0 {
        services.accounts.offers(&actor).await.map_err(refuse)?
    } else {
        Vec::new()
    };
    Ok(FirstView { overview, offers })
}

/// The accounts again, after one of them changed.
#[server(prefix = "/fn", endpoint = "workspaces/connections", input = Json, output = Json)]
pub async fn view_connections() -> Result<Connections, AppError> {
    let (services, actor) = acting()?;
    services.workspaces.connections(&actor).await.map_err(refuse)
}

/// What went out, again, after a delivery changed.
#[server(prefix = "/fn", endpoint = "workspaces/latest", input = Json, output = Json)]
pub async fn view_latest() -> Result<Latest, AppError> {
    let (services, actor) = acting()?;
    services.workspaces.latest(&actor).await.map_err(refuse)
}
