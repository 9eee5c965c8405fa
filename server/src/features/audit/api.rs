//! `/api/audit`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use domain::audit::{Audit, AuditEvent, AuditFilter, AuditPerson, Standing};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::csv::{head, line};
use crate::http::{
    csv,
    envelope::{ApiResult, Failure, List, Ok200, Success, SuccessPage},
    extract::{Query, SignedIn},
};

type Port = State<Arc<dyn Audit>>;

/// The routes.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Audit>: axum::extract::FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(people)).routes(routes!(verify))
}

#[derive(Debug, Deserialize)]
struct Wanted {
    format: Option<csv::Format>,
    #[serde(flatten)]
    filter: AuditFilter,
}

/// The audit log
///
/// Who changed what, newest first. For admins. With `format=csv`, or `Accept: text/csv`, everything under the filter as one
/// CSV file (`limit`, `offset` and `cursor` are not looked at then).
#[utoipa::path(get, path = "/api/audit", tag = "audit",
    params(
        ("actor" = Option<domain::UserId>, Query, description = "Done by this person"),
        ("action" = Option<String>, Query, description = "An action (`post.created`), or all of a kind (`post`)"),
        ("subject" = Option<uuid::Uuid>, Query, description = "Done to this thing"),
        ("from" = Option<String>, Query, description = "From this day (UTC) or time on"),
        ("to" = Option<String>, Query, description = "Up to the end of this day (UTC), or up to this time"),
        ("format" = Option<String>, Query, description = "`json` or `csv`"),
        ("limit" = Option<u32>, Query, description = "1–100, 20"), ("offset" = Option<u32>, Query, description = "From here"),
        ("cursor" = Option<String>, Query, description = "The previous page's `next_cursor`"),
    ),
    responses(
        (status = 200, description = "A page, or the file", content(
            (SuccessPage<AuditEvent> = "application/json"),
            (String = "text/csv"),
        )),
        (status = 400, description = "`VALIDATION_ERROR`", body = Failure),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: admins only", body = Failure),
    ))]
async fn list(
    State(port): Port,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Response> {
    if !csv::is_asked(wanted.format, &headers) {
        return Ok(List(port.list(&actor, wanted.filter).await?).into_response());
    }
    // What can be refused is refused before the file begins.
    let first = port.portion(&actor, &wanted.filter, None).await?;
    Ok(csv::file("attachment; filename=\"audit-log.csv\"", head(), line, first, move |last: &AuditEvent| {
        let (port, actor, filter, last) = (Arc::clone(&port), actor.clone(), wanted.filter.clone(), last.seq);
        async move { port.portion(&actor, &filter, Some(last)).await }
    }))
}

/// People in the audit log
///
/// Everybody who has done anything that stands in it, also those who have left. For admins.
#[utoipa::path(get, path = "/api/audit/people", tag = "audit", responses(
    (status = 200, description = "By name", body = Success<Vec<AuditPerson>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 403, description = "`FORBIDDEN`: admins only", body = Failure),
))]
async fn people(State(port): Port, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Vec<AuditPerson>>> {
    Ok(Ok200(port.people(&actor).await?))
}

/// Verify the audit log
///
/// Each event carries a SHA-256 over itself and the hash of the event before it. This makes every hash once more and says
/// whether any event was changed, removed or moved. For admins.
#[utoipa::path(get, path = "/api/audit/verification", tag = "audit", responses(
    (status = 200, description = "How the chain stands", body = Success<Standing>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 403, description = "`FORBIDDEN`: admins only", body = Failure),
))]
async fn verify(State(port): Port, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Standing>> {
    Ok(Ok200(port.verify(&actor).await?))
}
