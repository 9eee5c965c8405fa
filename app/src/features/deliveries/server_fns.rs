//! Deliveries, from the pages.

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use crate::{error::refuse, services::acting};
use domain::{
    DeliveryId, Page,
    deliveries::{Delivery, DeliveryAttempt, DeliveryCounts, DeliveryFilter},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A part of the activity, and how much there is of each sort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityView {
    /// Newest first.
    pub deliveries: Page<Delivery>,
    /// Of the whole workspace, whatever the filter.
    pub counts: DeliveryCounts,
}

/// Deliveries under a filter.
#[server(prefix = "/fn", endpoint = "deliveries/list", input = Json)]
pub async fn view_activity(filter: DeliveryFilter) -> Result<ActivityView, AppError> {
    let (services, actor) = acting()?;
    let deliveries = services.deliveries.list(&actor, filter).await.map_err(refuse)?;
    let counts = services.deliveries.counts(&actor).await.map_err(refuse)?;
    Ok(ActivityView { deliveries, counts })
}

/// How many of the workspace's deliveries stand where: the figures above a list that is still on its way.
#[server(prefix = "/fn", endpoint = "deliveries/counts", input = Json)]
pub async fn count_deliveries() -> Result<DeliveryCounts, AppError> {
    let (services, actor) = acting()?;
    services.deliveries.counts(&actor).await.map_err(refuse)
}

/// Every try of one delivery, oldest first.
#[server(prefix = "/fn", endpoint = "deliveries/attempts", input = Json)]
pub async fn delivery_attempts(id: DeliveryId) -> Result<Vec<DeliveryAttempt>, AppError> {
    let (services, actor) = acting()?;
    services.deliveries.attempts(&actor, id).await.map_err(refuse)
}

/// Starts a failed delivery over.
#[server(prefix = "/fn", endpoint = "deliveries/retry", input = Json)]
pub async fn retry_delivery(id: DeliveryId) -> Result<Delivery, AppError> {
    let (services, actor) = acting()?;
    services.deliveries.retry(&actor, id).await.map_err(refuse)
}

/// Starts all failed deliveries under a filter over; how many.
#[server(prefix = "/fn", endpoint = "deliveries/retry-failed", input = Json)]
pub async fn retry_failed_deliveries(filter: DeliveryFilter) -> Result<u32, AppError> {
    let (services, actor) = acting()?;
    services.deliveries.retry_failed(&actor, filter).await.map_err(refuse)
}

/// Stops what has not been sent.
#[server(prefix = "/fn", endpoint = "deliveries/cancel", input = Json)]
pub async fn cancel_delivery(id: DeliveryId) -> Result<Delivery, AppError> {
    let (services, actor) = acting()?;
    services.deliveries.cancel(&actor, id).await.map_err(refuse)
}

/// A person has looked: it did go out.
#[server(prefix = "/fn", endpoint = "deliveries/mark-published", input = Json)]
pub async fn mark_delivery_published(id: DeliveryId) -> Result<Delivery, AppError> {
    let (services, actor) = acting()?;
    services.deliveries.mark_published(&actor, id).await.map_err(refuse)
}

/// Writes the first comment once more.
#[server(prefix = "/fn", endpoint = "deliveries/first-comment", input = Json)]
pub async fn write_first_comment(id: DeliveryId) -> Result<Delivery, AppError> {
    let (services, actor) = acting()?;
    services.deliveries.write_comment(&actor, id).await.map_err(refuse)
}
