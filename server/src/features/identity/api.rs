//! `/api/auth/*`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    identity::{Identity, Login, Me, Register, SignedIn as Session, User},
    workspaces::{Role, Workspace},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    cookie::{self, CookiePolicy},
    envelope::{ApiResult, Created, Failure, Ok200, Success},
    extract::{Anyone, Body, SignedIn},
};

/// A person and their present workspace, right after signing in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionData {
    user: User,
    workspace: Workspace,
    role: Role,
}

impl From<Session> for SessionData {
    fn from(session: Session) -> Self {
        Self { user: session.user, workspace: session.workspace, role: session.role }
    }
}

/// The routes.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Identity>: axum::extract::FromRef<S>,
    CookiePolicy: axum::extract::FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(register)).routes(routes!(login)).routes(routes!(logout)).routes(routes!(me))
}

/// Register
///
/// Makes a user, their first workspace of the chosen kind, and a session (cookie).
#[utoipa::path(post, path = "/api/auth/register", tag = "identity", security(()), request_body = Register, responses(
    (status = 201, description = "Registered and signed in", body = Success<SessionData>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 409, description = "`CONFLICT`: the email is in use", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
    (status = 503, description = "`SERVICE_UNAVAILABLE`", body = Failure),
))]
async fn register(
    State(identity): State<Arc<dyn Identity>>,
    State(cookies): State<CookiePolicy>,
    Anyone(visitor): Anyone,
    Body(form): Body<Register>,
) -> ApiResult<Response> {
    let session = identity.register(&visitor, form).await?;
    let cookie = cookie::set(cookies, &session.token);
    Ok(([cookie], Created(SessionData::from(session))).into_response())
}

/// Log in
///
/// Answers alike, and as slowly, for an unknown email and a wrong password.
#[utoipa::path(post, path = "/api/auth/login", tag = "identity", security(()), request_body = Login, responses(
    (status = 200, description = "Signed in", body = Success<SessionData>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`: email or password is incorrect", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
    (status = 503, description = "`SERVICE_UNAVAILABLE`", body = Failure),
))]
async fn login(
    State(identity): State<Arc<dyn Identity>>,
    State(cookies): State<CookiePolicy>,
    Anyone(visitor): Anyone,
    Body(form): Body<Login>,
) -> ApiResult<Response> {
    let session = identity.login(&visitor, form).await?;
    let cookie = cookie::set(cookies, &session.token);
    Ok(([cookie], Ok200(SessionData::from(session))).into_response())
}

/// Log out
///
/// Ends the session and expires the cookie; the browser goes to `/login`.
#[utoipa::path(post, path = "/api/auth/logout", tag = "identity", responses(
    (status = 303, description = "To `/login`, with the cookie expired"),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn logout(
    State(identity): State<Arc<dyn Identity>>,
    State(cookies): State<CookiePolicy>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Response> {
    identity.logout(&actor).await?;
    Ok((StatusCode::SEE_OTHER, [cookie::clear(cookies)], Redirect::to("/login")).into_response())
}

/// Who am I
#[utoipa::path(get, path = "/api/auth/me", tag = "identity", responses(
    (status = 200, description = "The person, their profile, the present workspace and role", body = Success<Me>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn me(State(identity): State<Arc<dyn Identity>>, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Me>> {
    Ok(Ok200(identity.me(&actor).await?))
}
