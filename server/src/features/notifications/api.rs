//! `/api/events`: server-sent events.

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
    workspaces::elsewhere,
};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    envelope::{ApiResult, Failure},
    extract::{Query, SignedIn},
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
