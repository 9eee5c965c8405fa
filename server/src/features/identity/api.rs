//! `/api/auth/*`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    identity::{
        ChangeEmail, ChangePassword, ConfirmEmail, Confirmed, Credentials, EmailChange, FORGOT_SENT, ForgotPassword,
        Identity, Login, Me, ProviderCallback, ProviderProblem, Providers, Register, Resends, ResetPassword,
        SignedIn as Session, User,
    },
    workspaces::{AcceptInvitation, Role, Workspace, WorkspaceKind},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    cookie::{self, CookiePolicy},
    envelope::{ApiError, ApiResult, Created, Failure, Ok200, Success},
    extract::{Anyone, Body, MaybeSignedIn, Query, SignedIn},
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
    Arc<dyn Credentials>: axum::extract::FromRef<S>,
    CookiePolicy: axum::extract::FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(me))
        .routes(routes!(confirm_email))
        .routes(routes!(resend_confirmation))
        .routes(routes!(forgot_password))
        .routes(routes!(reset_password))
        .routes(routes!(change_password))
        .routes(routes!(change_email))
        .routes(routes!(accept_invitation))
}

/// A sentence about what happens next.
#[derive(Debug, Serialize, ToSchema)]
pub struct Told {
    message: &'static str,
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

/// Confirm an email address
///
/// With the token of the link in the mail; good once, for 24 hours.
#[utoipa::path(post, path = "/api/auth/confirm-email", tag = "identity", security(()), request_body = ConfirmEmail, responses(
    (status = 200, description = "Confirmed", body = Success<Confirmed>),
    (status = 400, description = "`VALIDATION_ERROR`", body = Failure),
    (status = 404, description = "`NOT_FOUND`: never a link of ours", body = Failure),
    (status = 409, description = "`CONFLICT`: the new address has come to belong to somebody else", body = Failure),
    (status = 410, description = "`GONE`: expired, used or replaced", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn confirm_email(
    State(credentials): State<Arc<dyn Credentials>>,
    Anyone(visitor): Anyone,
    Body(form): Body<ConfirmEmail>,
) -> ApiResult<Ok200<Confirmed>> {
    Ok(Ok200(credentials.confirm_email(&visitor, &form.token).await?))
}

/// Send the confirmation mail again
///
/// Three times an hour.
#[utoipa::path(post, path = "/api/auth/resend-confirmation", tag = "identity", responses(
    (status = 200, description = "On its way; what is left of the three", body = Success<Resends>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 409, description = "`CONFLICT`: confirmed already", body = Failure),
    (status = 429, description = "`RATE_LIMITED`: `details.retry_after` says for how long", body = Failure),
))]
async fn resend_confirmation(
    State(credentials): State<Arc<dyn Credentials>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Ok200<Resends>> {
    Ok(Ok200(credentials.resend_confirmation(&actor).await?))
}

/// Ask for a new password
///
/// Sends a link if an account has the address. The answer and its time are the same if none has.
#[utoipa::path(post, path = "/api/auth/forgot-password", tag = "identity", security(()), request_body = ForgotPassword, responses(
    (status = 200, description = "Understood", body = Success<Told>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn forgot_password(
    State(credentials): State<Arc<dyn Credentials>>,
    Anyone(visitor): Anyone,
    Body(form): Body<ForgotPassword>,
) -> ApiResult<Ok200<Told>> {
    credentials.forgot_password(&visitor, form).await?;
    Ok(Ok200(Told { message: FORGOT_SENT }))
}

/// Choose a new password
///
/// With the token of the link in the mail; good once, for an hour. Ends every session of the person.
#[utoipa::path(post, path = "/api/auth/reset-password", tag = "identity", security(()), request_body = ResetPassword, responses(
    (status = 200, description = "Changed: sign in with it", body = Success<Told>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 404, description = "`NOT_FOUND`: never a link of ours", body = Failure),
    (status = 410, description = "`GONE`: expired, used or replaced", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn reset_password(
    State(credentials): State<Arc<dyn Credentials>>,
    Anyone(visitor): Anyone,
    Body(form): Body<ResetPassword>,
) -> ApiResult<Ok200<Told>> {
    credentials.reset_password(&visitor, form).await?;
    Ok(Ok200(Told { message: "Your password is changed. Sign in with the new one." }))
}

/// Change the password
///
/// For a browser's session only. Ends every other session of the person.
#[utoipa::path(post, path = "/api/auth/change-password", tag = "identity", request_body = ChangePassword, responses(
    (status = 200, description = "Changed", body = Success<Told>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`: also a wrong present password", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn change_password(
    State(credentials): State<Arc<dyn Credentials>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<ChangePassword>,
) -> ApiResult<Ok200<Told>> {
    credentials.change_password(&actor, form).await?;
    Ok(Ok200(Told { message: "Your password is changed. All your other sessions have ended." }))
}

/// Change the email address
///
/// Sends a link to the new address; the old one stays until that is followed, and is told. Three times an hour.
#[utoipa::path(post, path = "/api/auth/change-email", tag = "identity", request_body = ChangeEmail, responses(
    (status = 200, description = "A link is on its way to the new address", body = Success<EmailChange>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`: also a wrong present password", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 409, description = "`CONFLICT`: the email is in use", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
    (status = 429, description = "`RATE_LIMITED`: `details.retry_after` says for how long", body = Failure),
))]
async fn change_email(
    State(credentials): State<Arc<dyn Credentials>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<ChangeEmail>,
) -> ApiResult<Ok200<EmailChange>> {
    Ok(Ok200(credentials.change_email(&actor, form).await?))
}

/// Accept an invitation
///
/// Signed in with its address, the token is enough. Otherwise the password of the account with that address, or a name and
/// a new password where there is none. Opens a session in the workspace (cookie).
#[utoipa::path(post, path = "/api/invitations/accept", tag = "workspaces", security(()), request_body = AcceptInvitation, responses(
    (status = 200, description = "A session in the workspace", body = Success<SessionData>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`: also a wrong password", body = Failure),
    (status = 404, description = "`NOT_FOUND`: never a link of ours", body = Failure),
    (status = 409, description = "`CONFLICT`: signed in with another address", body = Failure),
    (status = 410, description = "`GONE`: expired, answered or withdrawn", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn accept_invitation(
    State(identity): State<Arc<dyn Identity>>,
    State(cookies): State<CookiePolicy>,
    Anyone(visitor): Anyone,
    MaybeSignedIn(actor): MaybeSignedIn,
    Body(form): Body<AcceptInvitation>,
) -> ApiResult<Response> {
    let session = identity.accept_invitation(&visitor, actor.as_ref(), form).await?;
    let cookie = cookie::set(cookies, &session.token);
    Ok(([cookie], Ok200(SessionData::from(session))).into_response())
}

/// The routes of the sign-in provider.
pub fn providers_router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Providers>: axum::extract::FromRef<S>,
    CookiePolicy: axum::extract::FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(begin_at_provider)).routes(routes!(back_from_provider))
}

/// Where to end up, and what for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StartQuery {
    next: Option<String>,
    role: Option<WorkspaceKind>,
}

fn to_problem(problem: ProviderProblem) -> Redirect {
    Redirect::to(&format!("/login?problem={}", problem.code()))
}

/// Sign in by way of the provider
///
/// Sends the browser to the OpenID Connect provider that this Arctiv is set up with.
#[utoipa::path(get, path = "/api/auth/oidc/start", tag = "identity", security(()),
    params(
        ("next" = Option<String>, Query, description = "A path of this site to go to afterwards"),
        ("role" = Option<WorkspaceKind>, Query, description = "What the first workspace of somebody new is for; `client` if left out"),
    ),
    responses(
        (status = 303, description = "To the provider; if that is away, to `/login` with `problem`"),
        (status = 400, description = "`VALIDATION_ERROR`: no such role", body = Failure),
        (status = 404, description = "`NOT_FOUND`: no provider is set up", body = Failure),
    ))]
async fn begin_at_provider(
    State(providers): State<Arc<dyn Providers>>,
    State(cookies): State<CookiePolicy>,
    Anyone(visitor): Anyone,
    Query(query): Query<StartQuery>,
) -> ApiResult<Response> {
    let kind = query.role.unwrap_or(WorkspaceKind::Client);
    Ok(match providers.begin(&visitor, query.next, kind).await? {
        Ok(start) => {
            ([cookie::set_browser(cookies, &start.browser)], Redirect::to(&start.authorize_url)).into_response()
        }
        Err(problem) => to_problem(problem).into_response(),
    })
}

/// Where the provider sends the browser back to
///
/// Good once, for 10 minutes, in the browser that began.
#[utoipa::path(get, path = "/api/auth/oidc/callback", tag = "identity", security(()),
    params(
        ("state" = Option<String>, Query, description = "Ours, from the provider's address"),
        ("code" = Option<String>, Query, description = "The provider's, when the person has signed in"),
        ("error" = Option<String>, Query, description = "The provider's, when not"),
        ("iss" = Option<String>, Query, description = "The provider's name of itself"),
    ),
    responses(
        (status = 303, description = "Into the app, with a session (cookie); or to `/login` with `problem`"),
        (status = 404, description = "`NOT_FOUND`: no provider is set up", body = Failure),
    ))]
async fn back_from_provider(
    State(providers): State<Arc<dyn Providers>>,
    State(cookies): State<CookiePolicy>,
    Anyone(visitor): Anyone,
    headers: HeaderMap,
    callback: Result<Query<ProviderCallback>, ApiError>,
) -> ApiResult<Response> {
    // What cannot be read is no answer of the provider's: the person gets the page that says so, and not our JSON.
    let callback = callback.map(|Query(callback)| callback).unwrap_or_default();
    let browser = cookie::read_browser(cookies, &headers);
    let gone = cookie::clear_browser(cookies);
    Ok(match providers.finish(&visitor, browser.as_ref(), callback).await? {
        Ok(entry) => {
            let to = entry.return_to.as_deref().unwrap_or(entry.session.workspace.kind.dashboard());
            let mut response = Redirect::to(to).into_response();
            for (name, value) in [gone, cookie::set(cookies, &entry.session.token)] {
                response.headers_mut().append(name, value);
            }
            response
        }
        Err(problem) => ([gone], to_problem(problem)).into_response(),
    })
}
