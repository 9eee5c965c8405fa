//! `/api/workspaces/current/webhooks*`.

use std::sync::Arc;

use axum::extract::{FromRef, State};
use domain::{
    WebhookDeliveryId, WebhookId,
    notifications::{MadeWebhook, NewWebhook, RenewedSecret, Webhook, WebhookDelivery, WebhookPatch, Webhooks},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    envelope::{ApiResult, Created, Failure, Ok200, Success},
    extract::{Body, PathId, SignedIn},
};

type Port = State<Arc<dyn Webhooks>>;

/// The routes.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Webhooks>: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(get, change, remove))
        .routes(routes!(renew_secret))
        .routes(routes!(test))
        .routes(routes!(deliveries))
        .routes(routes!(resend))
}

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
struct Removed {
    removed: bool,
}

/// Webhooks
///
/// Addresses that are told what happens in the workspace, newest first. Never their secrets.
#[utoipa::path(get, path = "/api/workspaces/current/webhooks", tag = "webhooks", responses(
    (status = 200, description = "All of them", body = Success<Vec<Webhook>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
))]
async fn list(State(webhooks): Port, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Vec<Webhook>>> {
    Ok(Ok200(webhooks.list(&actor).await?))
}

/// Add a webhook
///
/// Requests are signed by the Standard Webhooks specification, with the secret in the answer; it is shown this once.
#[utoipa::path(post, path = "/api/workspaces/current/webhooks", tag = "webhooks", request_body = NewWebhook, responses(
    (status = 201, description = "Added", body = Success<MadeWebhook>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
    (status = 409, description = "`CONFLICT`: there are 10 already", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn add(
    State(webhooks): Port,
    SignedIn(actor): SignedIn,
    Body(form): Body<NewWebhook>,
) -> ApiResult<Created<MadeWebhook>> {
    Ok(Created(webhooks.add(&actor, form).await?))
}

/// One webhook
#[utoipa::path(get, path = "/api/workspaces/current/webhooks/{id}", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses(
        (status = 200, description = "The webhook", body = Success<Webhook>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
    ))]
async fn get(
    State(webhooks): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<WebhookId>,
) -> ApiResult<Ok200<Webhook>> {
    Ok(Ok200(webhooks.get(&actor, id).await?))
}

/// Change a webhook
///
/// What is left out stays. Switching it off gives up what waits for it; switching it on sends nothing of that.
#[utoipa::path(patch, path = "/api/workspaces/current/webhooks/{id}", tag = "webhooks", request_body = WebhookPatch,
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses(
        (status = 200, description = "As it is now", body = Success<Webhook>),
        (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
    ))]
async fn change(
    State(webhooks): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<WebhookId>,
    Body(patch): Body<WebhookPatch>,
) -> ApiResult<Ok200<Webhook>> {
    Ok(Ok200(webhooks.change(&actor, id, patch).await?))
}

/// Remove a webhook
///
/// With its secret and the log of what was sent.
#[utoipa::path(delete, path = "/api/workspaces/current/webhooks/{id}", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses(
        (status = 200, description = "Removed", body = Success<Removed>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
    ))]
async fn remove(
    State(webhooks): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<WebhookId>,
) -> ApiResult<Ok200<Removed>> {
    webhooks.remove(&actor, id).await?;
    Ok(Ok200(Removed { removed: true }))
}

/// Give a webhook a new secret
///
/// The one before signs as well for 24 hours, so that a receiver can change over. The answer holds the secret; it is shown this once.
#[utoipa::path(post, path = "/api/workspaces/current/webhooks/{id}/secret", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses(
        (status = 200, description = "The new secret", body = Success<RenewedSecret>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
    ))]
async fn renew_secret(
    State(webhooks): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<WebhookId>,
) -> ApiResult<Ok200<RenewedSecret>> {
    Ok(Ok200(webhooks.renew_secret(&actor, id).await?))
}

/// Send a test
///
/// An event `webhook.test`, which is signed and tried like any other.
#[utoipa::path(post, path = "/api/workspaces/current/webhooks/{id}/test", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses(
        (status = 200, description = "On its way", body = Success<WebhookDelivery>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 409, description = "`CONFLICT`: the webhook is off", body = Failure),
    ))]
async fn test(
    State(webhooks): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<WebhookId>,
) -> ApiResult<Ok200<WebhookDelivery>> {
    Ok(Ok200(webhooks.test(&actor, id).await?))
}

/// What was sent to a webhook
///
/// The latest 20 events, newest first, each with how its latest attempt ended. Kept for 30 days.
#[utoipa::path(get, path = "/api/workspaces/current/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses(
        (status = 200, description = "The latest", body = Success<Vec<WebhookDelivery>>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
    ))]
async fn deliveries(
    State(webhooks): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<WebhookId>,
) -> ApiResult<Ok200<Vec<WebhookDelivery>>> {
    Ok(Ok200(webhooks.deliveries(&actor, id).await?))
}

/// Send an event again
///
/// The same body under the same `webhook-id`, from the first attempt on.
#[utoipa::path(post, path = "/api/workspaces/current/webhook-deliveries/{id}/resend", tag = "webhooks",
    params(("id" = WebhookDeliveryId, Path, description = "The delivery")),
    responses(
        (status = 200, description = "On its way", body = Success<WebhookDelivery>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 409, description = "`CONFLICT`: it is on its way already, or the webhook is off", body = Failure),
    ))]
async fn resend(
    State(webhooks): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<WebhookDeliveryId>,
) -> ApiResult<Ok200<WebhookDelivery>> {
    Ok(Ok200(webhooks.resend(&actor, id).await?))
}
