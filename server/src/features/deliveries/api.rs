//! `/api/deliveries` and `/api/content/{id}/deliveries`.

use std::sync::Arc;

use axum::extract::State;
use domain::{
    DeliveryId, PostId,
    deliveries::{
        DeadLetterReason, Deliveries, Delivery, DeliveryAttempt, DeliveryFigures, DeliveryFilter, ErrorClass, Outcome,
    },
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    envelope::{ApiResult, Failure, List, Ok200, Success, SuccessPage},
    extract::{PathId, Query, SignedIn},
};

type Port = State<Arc<dyn Deliveries>>;

/// How many started over.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retried {
    retried: u32,
}

/// The routes.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Deliveries>: axum::extract::FromRef<S>,
    Arc<dyn domain::posts::Posts>: axum::extract::FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(of_content))
        .routes(routes!(figures))
        .routes(routes!(dead_letters))
        .routes(routes!(get))
        .routes(routes!(attempts))
        .routes(routes!(retry))
        .routes(routes!(retry_failed))
        .routes(routes!(cancel))
        .routes(routes!(mark_published))
        .routes(routes!(write_comment))
}

/// List deliveries
///
/// Newest first. Those that a newer version of their post has replaced are `canceled`.
#[utoipa::path(get, path = "/api/deliveries", tag = "deliveries",
    params(
        ("content_id" = Option<PostId>, Query, description = "Of this post"),
        ("social_account_id" = Option<domain::AccountId>, Query, description = "To this account"),
        ("status" = Option<String>, Query, description = "In one of these states: `pending,publishing`"),
        ("platform" = Option<domain::Platform>, Query, description = "To this platform"),
        ("q" = Option<String>, Query, description = "Part of the post's text or title, the account's name or handle, the error, or \
            the platform's id of the post; at most 100 characters"),
        ("error_class" = Option<ErrorClass>, Query, description = "Given up for this reason"),
        ("outcome" = Option<Outcome>, Query, description = "Of which the platform says this"),
        ("limit" = Option<u32>, Query, description = "1–100, 20"), ("offset" = Option<u32>, Query, description = "From here"),
        ("cursor" = Option<String>, Query, description = "The previous page's `next_cursor`"),
    ),
    responses(
        (status = 200, description = "A page", body = SuccessPage<Delivery>),
        (status = 400, description = "`VALIDATION_ERROR`", body = Failure),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    ))]
async fn list(
    State(port): Port,
    SignedIn(actor): SignedIn,
    Query(filter): Query<DeliveryFilter>,
) -> ApiResult<List<Delivery>> {
    Ok(List(port.list(&actor, filter).await?))
}

/// Deliveries of a post
#[utoipa::path(get, path = "/api/content/{id}/deliveries", tag = "deliveries",
    params(
        ("id" = PostId, Path, description = "The post"),
        ("social_account_id" = Option<domain::AccountId>, Query, description = "To this account"),
        ("status" = Option<String>, Query, description = "In one of these states: `pending,publishing`"),
        ("platform" = Option<domain::Platform>, Query, description = "To this platform"),
        ("q" = Option<String>, Query, description = "As in the list of all"),
        ("error_class" = Option<ErrorClass>, Query, description = "Given up for this reason"),
        ("outcome" = Option<Outcome>, Query, description = "Of which the platform says this"),
        ("limit" = Option<u32>, Query, description = "1–100, 20"), ("offset" = Option<u32>, Query, description = "From here"),
        ("cursor" = Option<String>, Query, description = "The previous page's `next_cursor`"),
    ),
    responses(
        (status = 200, description = "A page", body = SuccessPage<Delivery>),
        (status = 400, description = "`VALIDATION_ERROR`", body = Failure),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
    ))]
async fn of_content(
    State(port): Port,
    State(posts): State<Arc<dyn domain::posts::Posts>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<PostId>,
    Query(filter): Query<DeliveryFilter>,
) -> ApiResult<List<Delivery>> {
    posts.get(&actor, id).await?;
    Ok(List(port.list(&actor, DeliveryFilter { content_id: Some(id), ..filter }).await?))
}

/// The last 24 hours
///
/// What was published and given up, how long publishing took, and the same in steps of two hours.
#[utoipa::path(get, path = "/api/deliveries/figures", tag = "deliveries",
    responses(
        (status = 200, description = "The figures", body = Success<DeliveryFigures>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    ))]
async fn figures(State(port): Port, SignedIn(actor): SignedIn) -> ApiResult<Ok200<DeliveryFigures>> {
    Ok(Ok200(port.figures(&actor).await?))
}

/// Dead letters by reason
///
/// What was given up, by reason, the most frequent first. The letters of one reason: `GET /api/deliveries?status=failed&error_class=…`;
/// to start them all over: `POST /api/deliveries/retry-failed?error_class=…`.
#[utoipa::path(get, path = "/api/deliveries/dead-letters", tag = "deliveries",
    responses(
        (status = 200, description = "The reasons", body = Success<Vec<DeadLetterReason>>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    ))]
async fn dead_letters(State(port): Port, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Vec<DeadLetterReason>>> {
    Ok(Ok200(port.dead_letters(&actor).await?))
}

/// One delivery
#[utoipa::path(get, path = "/api/deliveries/{id}", tag = "deliveries", params(("id" = DeliveryId, Path, description = "The delivery")),
    responses(
        (status = 200, description = "The delivery", body = Success<Delivery>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
    ))]
async fn get(
    State(port): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<DeliveryId>,
) -> ApiResult<Ok200<Delivery>> {
    Ok(Ok200(port.get(&actor, id).await?))
}

/// Attempts of a delivery
///
/// Oldest first, each with what was called and answered, tokens masked.
#[utoipa::path(get, path = "/api/deliveries/{id}/attempts", tag = "deliveries", params(("id" = DeliveryId, Path, description = "The delivery")),
    responses(
        (status = 200, description = "The attempts", body = Success<Vec<DeliveryAttempt>>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
    ))]
async fn attempts(
    State(port): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<DeliveryId>,
) -> ApiResult<Ok200<Vec<DeliveryAttempt>>> {
    Ok(Ok200(port.attempts(&actor, id).await?))
}

/// Retry
///
/// A failed delivery starts over with all its attempts.
#[utoipa::path(post, path = "/api/deliveries/{id}/retry", tag = "deliveries", params(("id" = DeliveryId, Path, description = "The delivery")),
    responses(
        (status = 200, description = "Due again", body = Success<Delivery>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 409, description = "`CONFLICT`: it has not failed", body = Failure),
    ))]
async fn retry(
    State(port): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<DeliveryId>,
) -> ApiResult<Ok200<Delivery>> {
    Ok(Ok200(port.retry(&actor, id).await?))
}

/// Retry all failed
///
/// Those under the filter, except where only a person can tell whether they went out. Those to one account follow each other
/// with a pause, oldest first.
#[utoipa::path(post, path = "/api/deliveries/retry-failed", tag = "deliveries",
    params(
        ("content_id" = Option<PostId>, Query, description = "Of this post"),
        ("social_account_id" = Option<domain::AccountId>, Query, description = "To this account"),
        ("platform" = Option<domain::Platform>, Query, description = "To this platform"),
        ("q" = Option<String>, Query, description = "As in the list"),
        ("error_class" = Option<ErrorClass>, Query, description = "Given up for this reason"),
    ),
    responses(
        (status = 200, description = "How many", body = Success<Retried>),
        (status = 400, description = "`VALIDATION_ERROR`", body = Failure),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`", body = Failure),
    ))]
async fn retry_failed(
    State(port): Port,
    SignedIn(actor): SignedIn,
    Query(filter): Query<DeliveryFilter>,
) -> ApiResult<Ok200<Retried>> {
    Ok(Ok200(Retried { retried: port.retry_failed(&actor, filter).await? }))
}

/// Cancel
///
/// Stops what has not been sent and cannot have been, or stops waiting for a creator, whose draft stays at the platform.
#[utoipa::path(post, path = "/api/deliveries/{id}/cancel", tag = "deliveries", params(("id" = DeliveryId, Path, description = "The delivery")),
    responses(
        (status = 200, description = "Canceled", body = Success<Delivery>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 409, description = "`CONFLICT`: too late, or final", body = Failure),
    ))]
async fn cancel(
    State(port): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<DeliveryId>,
) -> ApiResult<Ok200<Delivery>> {
    Ok(Ok200(port.cancel(&actor, id).await?))
}

/// Mark as published
///
/// A person has looked: a delivery of unknown outcome did go out.
#[utoipa::path(post, path = "/api/deliveries/{id}/mark-published", tag = "deliveries", params(("id" = DeliveryId, Path, description = "The delivery")),
    responses(
        (status = 200, description = "Published", body = Success<Delivery>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 409, description = "`CONFLICT`: its outcome is known", body = Failure),
    ))]
async fn mark_published(
    State(port): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<DeliveryId>,
) -> ApiResult<Ok200<Delivery>> {
    Ok(Ok200(port.mark_published(&actor, id).await?))
}

/// Write the first comment again
///
/// One that was refused, or of which nobody can tell whether it is there: then this is a person's word that it is not.
#[utoipa::path(post, path = "/api/deliveries/{id}/first-comment", tag = "deliveries", params(("id" = DeliveryId, Path, description = "The delivery")),
    responses(
        (status = 200, description = "It is about to be written", body = Success<Delivery>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 409, description = "`CONFLICT`: there is none, or it is written or being written", body = Failure),
    ))]
async fn write_comment(
    State(port): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<DeliveryId>,
) -> ApiResult<Ok200<Delivery>> {
    Ok(Ok200(port.write_comment(&actor, id).await?))
}
