//! `/api/events`: server-sent events. `/api/notifications/*`: which letters somebody gets.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::{
    WorkspaceId,
    events::{Events, Numbered},
    notifications::{NotificationPreference, Notifications, PreferencesPatch},
    workspaces::elsewhere,
};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    envelope::{ApiResult, Failure, Ok200, Success},
    extract::{Body, Query, SignedIn},
};

/// The routes.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Events>: axum::extract::FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(events))
}

/// What a stream is asked for with.
#[derive(Debug, Deserialize)]
struct Wanted {
    workspace: Option<WorkspaceId>,
}

/// Live events
///
/// Server-sent events of the present workspace: `account.status`, `delivery.updated`, `post.updated`, `member.updated`. Resumes from
/// `Last-Event-ID`; after a resumption something may come twice, nothing is left out.
#[utoipa::path(get, path = "/api/events", tag = "events",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "The last number seen"),
        ("workspace" = Option<WorkspaceId>, Query, description = "The workspace that is meant: refused when it is not the present one"),
    ),
    responses(
        (status = 200, description = "A stream of events", content_type = "text/event-stream", body = String),
        (status = 400, description = "`VALIDATION_ERROR`", body = Failure),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 409, description = "`CONFLICT`: the session is in another workspace", body = Failure),
    ))]
async fn events(
    State(events): State<Arc<dyn Events>>,
    SignedIn(actor): SignedIn,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    if wanted.workspace.is_some_and(|workspace| workspace != actor.workspace_id) {
        return Err(elsewhere().into());
    }
    let last_seen =
        headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|value| value.parse().ok());
    let subscription = events.subscribe(&actor, last_seen).await?;
    let missed = stream::iter(subscription.missed);
    let live =
        stream::unfold(subscription.live, |mut live| async move { live.next().await.map(|event| (event, live)) });
    let hello = stream::once(async { Ok(Event::default().retry(Duration::from_secs(2)).comment("connected")) });
    let stream = hello.chain(frames(missed.chain(live)));
    let mut response = Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response();
    // Proxies that buffer would hold events back.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}

fn frames(events: impl Stream<Item = Numbered>) -> impl Stream<Item = Result<Event, Infallible>> {
    events.filter_map(|numbered| async move {
        let event = Event::default().id(numbered.id.to_string()).event(numbered.event.name());
        event.json_data(&numbered.event).ok().map(Ok)
    })
}

/// The routes of preferences.
pub fn preferences_router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Notifications>: axum::extract::FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(preferences, set_preferences))
}

/// Your letters
///
/// About what happens in the present workspace you get a letter; those that your role can get.
#[utoipa::path(get, path = "/api/notifications/preferences", tag = "notifications", responses(
    (status = 200, description = "All of them", body = Success<Vec<NotificationPreference>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn preferences(
    State(notifications): State<Arc<dyn Notifications>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Ok200<Vec<NotificationPreference>>> {
    Ok(Ok200(notifications.preferences(&actor).await?))
}

/// Choose your letters
///
/// In the present workspace; events that are left out stay as they are.
#[utoipa::path(patch, path = "/api/notifications/preferences", tag = "notifications", request_body = PreferencesPatch, responses(
    (status = 200, description = "As it is now", body = Success<Vec<NotificationPreference>>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn set_preferences(
    State(notifications): State<Arc<dyn Notifications>>,
    SignedIn(actor): SignedIn,
    Body(patch): Body<PreferencesPatch>,
) -> ApiResult<Ok200<Vec<NotificationPreference>>> {
    Ok(Ok200(notifications.set_preferences(&actor, patch).await?))
}
