//! `/api/auth/*` and `/api/users/*`.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    DataExportId, PasskeyId, ServiceError, SessionId,
    identity::{
        BeginPasskey, ChangeEmail, ChangePassword, ConfirmEmail, ConfirmTotp, Confirmed, Credentials, DataExport,
        DeleteAccount, EmailChange, EndedSessions, FORGOT_SENT, ForgotPassword, Identity, Leaving, Login, LoginStep,
        Me, NewPasskey, OwnData, OwnProfile, Passkey, PasskeyAnswer, PasskeyOptions, Passkeys, ProfilePatch, Profiles,
        ProvePassword, ProviderCallback, ProviderProblem, Providers, RecoveryCodes, Register, RenamePasskey, Resends,
        ResetPassword, SecondStep, SessionInfo, Sessions, SignedIn as Session, TotpSetup, TwoStep, TwoSteps, User,
        Waiting,
    },
    media::Signature,
    workspaces::{AcceptInvitation, Role, Workspace, WorkspaceKind},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    cookie::{self, CookiePolicy},
    envelope::{ApiError, ApiResult, Created, Failure, Ok200, Success},
    extract::{Anyone, Body, MaybeSignedIn, PathId, Query, SignedIn, parse_query},
    picture::{self, PictureBody},
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
    Arc<dyn Sessions>: axum::extract::FromRef<S>,
    Arc<dyn TwoSteps>: axum::extract::FromRef<S>,
    Arc<dyn Passkeys>: axum::extract::FromRef<S>,
    Arc<dyn Profiles>: axum::extract::FromRef<S>,
    Arc<dyn OwnData>: axum::extract::FromRef<S>,
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
        .routes(routes!(sessions, end_other_sessions))
        .routes(routes!(end_session))
        .routes(routes!(second_step))
        .routes(routes!(two_step, begin_two_step))
        .routes(routes!(confirm_two_step))
        .routes(routes!(renew_recovery_codes))
        .routes(routes!(disable_two_step))
        .routes(routes!(passkeys, add_passkey))
        .routes(routes!(begin_passkey))
        .routes(routes!(rename_passkey, remove_passkey))
        .routes(routes!(begin_passkey_sign_in))
        .routes(routes!(sign_in_with_passkey))
        .routes(routes!(exports, request_export))
        .routes(routes!(open_export))
        .routes(routes!(departure))
        .routes(routes!(delete_account))
        .routes(routes!(profile, change_profile))
        .merge(OpenApiRouter::new().routes(routes!(set_avatar, remove_avatar)).layer(picture::body_limit()))
}

/// What is still missing after the right password.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondStepNeeded {
    second_step: Waiting,
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
/// Answers alike, and as slowly, for an unknown email and a wrong password. Whoever guesses waits ever longer. With two-step
/// sign-in the answer is 202 and a cookie that opens nothing but the second step.
#[utoipa::path(post, path = "/api/auth/login", tag = "identity", security(()), request_body = Login, responses(
    (status = 200, description = "Signed in", body = Success<SessionData>),
    (status = 202, description = "The password is right; the second step is still missing", body = Success<SecondStepNeeded>),
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
    Ok(match identity.login(&visitor, form).await? {
        LoginStep::SignedIn(session) => {
            let cookie = cookie::set(cookies, &session.token);
            ([cookie], Ok200(SessionData::from(*session))).into_response()
        }
        LoginStep::SecondStep(pending) => {
            let cookie = cookie::keep_sign_in(cookies, &pending.token);
            let mut response = ([cookie], Ok200(SecondStepNeeded { second_step: pending.waiting })).into_response();
            *response.status_mut() = StatusCode::ACCEPTED;
            response
        }
    })
}

/// Complete a sign-in
///
/// With a code of the authenticator app or a recovery code, after `/api/auth/login` has answered 202. Each code works once.
#[utoipa::path(post, path = "/api/auth/login/second-step", tag = "identity", security(()), request_body = SecondStep, responses(
    (status = 200, description = "Signed in", body = Success<SessionData>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`: a wrong or used code", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`: no sign-in waits, or not any more", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn second_step(
    State(two_steps): State<Arc<dyn TwoSteps>>,
    State(cookies): State<CookiePolicy>,
    Anyone(visitor): Anyone,
    Body(form): Body<SecondStep>,
) -> ApiResult<Response> {
    let session = two_steps.second_step(&visitor, form).await?;
    let cookie = cookie::set(cookies, &session.token);
    Ok(([cookie], Ok200(SessionData::from(session))).into_response())
}

/// Two-step sign-in
#[utoipa::path(get, path = "/api/auth/two-step", tag = "identity", responses(
    (status = 200, description = "Whether it is switched on", body = Success<TwoStep>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn two_step(State(two_steps): State<Arc<dyn TwoSteps>>, SignedIn(actor): SignedIn) -> ApiResult<Ok200<TwoStep>> {
    Ok(Ok200(two_steps.two_step(&actor).await?))
}

/// Set up an authenticator app
///
/// Makes a new key, which counts once a code confirms it, within 15 minutes. For a browser's session only.
#[utoipa::path(post, path = "/api/auth/two-step", tag = "identity", request_body = ProvePassword, responses(
    (status = 200, description = "What the app is given", body = Success<TotpSetup>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`: also a wrong password", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 409, description = "`CONFLICT`: it is switched on already", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn begin_two_step(
    State(two_steps): State<Arc<dyn TwoSteps>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<ProvePassword>,
) -> ApiResult<Ok200<TotpSetup>> {
    Ok(Ok200(two_steps.begin_totp(&actor, form).await?))
}

/// Switch two-step sign-in on
///
/// By the first code of the app. Ends every other session of the person; the recovery codes are in this answer only.
#[utoipa::path(post, path = "/api/auth/two-step/confirm", tag = "identity", request_body = ConfirmTotp, responses(
    (status = 200, description = "Switched on", body = Success<RecoveryCodes>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`: also a wrong code", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 409, description = "`CONFLICT`: nothing is being set up here, or it is switched on already", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn confirm_two_step(
    State(two_steps): State<Arc<dyn TwoSteps>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<ConfirmTotp>,
) -> ApiResult<Ok200<RecoveryCodes>> {
    Ok(Ok200(two_steps.confirm_totp(&actor, form).await?))
}

/// New recovery codes
///
/// In place of all earlier ones; they are in this answer only.
#[utoipa::path(post, path = "/api/auth/two-step/recovery-codes", tag = "identity", request_body = ProvePassword, responses(
    (status = 200, description = "The new ones", body = Success<RecoveryCodes>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`: also a wrong password", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 409, description = "`CONFLICT`: two-step sign-in is not switched on", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn renew_recovery_codes(
    State(two_steps): State<Arc<dyn TwoSteps>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<ProvePassword>,
) -> ApiResult<Ok200<RecoveryCodes>> {
    Ok(Ok200(two_steps.renew_recovery_codes(&actor, form).await?))
}

/// Switch two-step sign-in off
#[utoipa::path(post, path = "/api/auth/two-step/disable", tag = "identity", request_body = ProvePassword, responses(
    (status = 200, description = "Switched off", body = Success<Told>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`: also a wrong password", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 409, description = "`CONFLICT`: it is not switched on", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn disable_two_step(
    State(two_steps): State<Arc<dyn TwoSteps>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<ProvePassword>,
) -> ApiResult<Ok200<Told>> {
    two_steps.disable_two_step(&actor, form).await?;
    Ok(Ok200(Told { message: "Two-step sign-in is switched off." }))
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

/// Where one is signed in
///
/// One's own sessions in all workspaces, the one used last first.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "identity", responses(
    (status = 200, description = "All living sessions", body = Success<Vec<SessionInfo>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn sessions(
    State(sessions): State<Arc<dyn Sessions>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Ok200<Vec<SessionInfo>>> {
    Ok(Ok200(sessions.sessions(&actor).await?))
}

/// End a session
///
/// One of one's own. Its browser is forgotten: should it sign in again, that is told by a letter.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "identity",
    params(("id" = SessionId, Path, description = "The session")),
    responses(
        (status = 200, description = "Ended", body = Success<Told>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 404, description = "`NOT_FOUND`: not one's own, or it has ended", body = Failure),
    ))]
async fn end_session(
    State(sessions): State<Arc<dyn Sessions>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<SessionId>,
) -> ApiResult<Ok200<Told>> {
    sessions.end_session(&actor, id).await?;
    Ok(Ok200(Told { message: "The session has ended." }))
}

/// End all other sessions
///
/// All but the one that asks.
#[utoipa::path(delete, path = "/api/auth/sessions", tag = "identity", responses(
    (status = 200, description = "How many have ended", body = Success<EndedSessions>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn end_other_sessions(
    State(sessions): State<Arc<dyn Sessions>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Ok200<EndedSessions>> {
    Ok(Ok200(sessions.end_other_sessions(&actor).await?))
}

/// Passkeys
///
/// One's own, oldest first.
#[utoipa::path(get, path = "/api/auth/passkeys", tag = "identity", responses(
    (status = 200, description = "All of them", body = Success<Vec<Passkey>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn passkeys(
    State(passkeys): State<Arc<dyn Passkeys>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Ok200<Vec<Passkey>>> {
    Ok(Ok200(passkeys.passkeys(&actor).await?))
}

/// Begin to add a passkey
///
/// What `navigator.credentials.create` is to be called with, good for five minutes in this session.
#[utoipa::path(post, path = "/api/auth/passkeys/begin", tag = "identity", request_body = ProvePassword, responses(
    (status = 200, description = "What the browser is asked for", body = Success<PasskeyOptions>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`: also a wrong password", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 409, description = "`CONFLICT`: as many as one may have, or a site without a name and HTTPS", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn begin_passkey(
    State(passkeys): State<Arc<dyn Passkeys>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<ProvePassword>,
) -> ApiResult<Ok200<PasskeyOptions>> {
    Ok(Ok200(passkeys.begin_passkey(&actor, form).await?))
}

/// Add a passkey
///
/// With the browser's answer (`RegistrationResponseJSON`).
#[utoipa::path(post, path = "/api/auth/passkeys", tag = "identity", request_body = NewPasskey, responses(
    (status = 201, description = "Added", body = Success<Passkey>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 409, description = "`CONFLICT`: added already, or a site without a name and HTTPS", body = Failure),
    (status = 410, description = "`GONE`: begun too long ago, elsewhere, or answered already", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn add_passkey(
    State(passkeys): State<Arc<dyn Passkeys>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<NewPasskey>,
) -> ApiResult<Created<Passkey>> {
    Ok(Created(passkeys.add_passkey(&actor, form).await?))
}

/// Rename a passkey
#[utoipa::path(patch, path = "/api/auth/passkeys/{id}", tag = "identity", request_body = RenamePasskey,
    params(("id" = PasskeyId, Path, description = "The passkey")),
    responses(
        (status = 200, description = "As it is called now", body = Success<Passkey>),
        (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
    ))]
async fn rename_passkey(
    State(passkeys): State<Arc<dyn Passkeys>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<PasskeyId>,
    Body(form): Body<RenamePasskey>,
) -> ApiResult<Ok200<Passkey>> {
    Ok(Ok200(passkeys.rename_passkey(&actor, id, form).await?))
}

/// Remove a passkey
///
/// It opens nothing any more.
#[utoipa::path(delete, path = "/api/auth/passkeys/{id}", tag = "identity",
    params(("id" = PasskeyId, Path, description = "The passkey")),
    responses(
        (status = 200, description = "Removed", body = Success<Told>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
    ))]
async fn remove_passkey(
    State(passkeys): State<Arc<dyn Passkeys>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<PasskeyId>,
) -> ApiResult<Ok200<Told>> {
    passkeys.remove_passkey(&actor, id).await?;
    Ok(Ok200(Told { message: "The passkey is removed." }))
}

/// Begin to sign in with a passkey
///
/// What `navigator.credentials.get` is to be called with, good for five minutes in this browser (cookie).
#[utoipa::path(post, path = "/api/auth/login/passkey/begin", tag = "identity", security(()), request_body = BeginPasskey, responses(
    (status = 200, description = "What the browser is asked for", body = Success<PasskeyOptions>),
    (status = 400, description = "`VALIDATION_ERROR`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`: no sign-in waits for a second step", body = Failure),
    (status = 409, description = "`CONFLICT`: a site without a name and HTTPS", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn begin_passkey_sign_in(
    State(passkeys): State<Arc<dyn Passkeys>>,
    State(cookies): State<CookiePolicy>,
    Anyone(visitor): Anyone,
    Body(form): Body<BeginPasskey>,
) -> ApiResult<Response> {
    let challenge = passkeys.begin_passkey_sign_in(&visitor, form.step).await?;
    let mut response = Ok200(challenge.options).into_response();
    if let Some(token) = challenge.token {
        let (name, value) = cookie::keep_sign_in(cookies, &token);
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// Sign in with a passkey
///
/// With the browser's answer (`AuthenticationResponseJSON`). A passkey makes sure of its owner, so nothing else is asked.
#[utoipa::path(post, path = "/api/auth/login/passkey", tag = "identity", security(()), request_body = PasskeyAnswer, responses(
    (status = 200, description = "Signed in", body = Success<SessionData>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`: it opens nothing here", body = Failure),
    (status = 409, description = "`CONFLICT`: a site without a name and HTTPS", body = Failure),
    (status = 410, description = "`GONE`: begun too long ago, elsewhere, or answered already", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn sign_in_with_passkey(
    State(passkeys): State<Arc<dyn Passkeys>>,
    State(cookies): State<CookiePolicy>,
    Anyone(visitor): Anyone,
    Body(form): Body<PasskeyAnswer>,
) -> ApiResult<Response> {
    let session = passkeys.sign_in_with_passkey(&visitor, form).await?;
    let cookie = cookie::set(cookies, &session.token);
    Ok(([cookie], Ok200(SessionData::from(session))).into_response())
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
            let (to, kept) = match &entry.step {
                LoginStep::SignedIn(session) => {
                    let home = || session.workspace.kind.dashboard().to_owned();
                    (entry.return_to.unwrap_or_else(home), cookie::set(cookies, &session.token))
                }
                LoginStep::SecondStep(pending) => {
                    let next = entry.return_to.map(|next| {
                        url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish()
                    });
                    let verify =
                        next.map_or_else(|| "/login/verify".to_owned(), |next| format!("/login/verify?{next}"));
                    (verify, cookie::keep_sign_in(cookies, &pending.token))
                }
            };
            let mut response = Redirect::to(&to).into_response();
            for (name, value) in [gone, kept] {
                response.headers_mut().append(name, value);
            }
            response
        }
        Err(problem) => ([gone], to_problem(problem)).into_response(),
    })
}

/// Your profile
#[utoipa::path(get, path = "/api/users/profile", tag = "identity", responses(
    (status = 200, description = "What you say of yourself", body = Success<OwnProfile>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn profile(State(profiles): State<Arc<dyn Profiles>>, SignedIn(actor): SignedIn) -> ApiResult<Ok200<OwnProfile>> {
    Ok(Ok200(profiles.profile(&actor).await?))
}

/// Change your profile
///
/// What is left out stays; an empty text or 0 takes a value away. Specialties, availability and `listed` are for managers and
/// agencies, name and size of the agency for agencies.
#[utoipa::path(patch, path = "/api/users/profile", tag = "identity", request_body = ProfilePatch, responses(
    (status = 200, description = "As it is now", body = Success<OwnProfile>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn change_profile(
    State(profiles): State<Arc<dyn Profiles>>,
    SignedIn(actor): SignedIn,
    Body(patch): Body<ProfilePatch>,
) -> ApiResult<Ok200<OwnProfile>> {
    Ok(Ok200(profiles.change_profile(&actor, patch).await?))
}

/// Set your picture
///
/// The bytes of a JPG, PNG, WebP or GIF, at most 5 MB. It is kept small, without what it tells about its maker.
#[utoipa::path(put, path = "/api/users/profile/avatar", tag = "identity",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "The profile, with its new picture", body = Success<OwnProfile>),
        (status = 400, description = "`VALIDATION_ERROR`: no picture, or damaged", body = Failure),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 413, description = "`PAYLOAD_TOO_LARGE`: more than 5 MB", body = Failure),
    ))]
async fn set_avatar(
    State(profiles): State<Arc<dyn Profiles>>,
    SignedIn(actor): SignedIn,
    PictureBody(bytes): PictureBody,
) -> ApiResult<Ok200<OwnProfile>> {
    Ok(Ok200(profiles.set_avatar(&actor, bytes).await?))
}

/// Remove your picture
#[utoipa::path(delete, path = "/api/users/profile/avatar", tag = "identity", responses(
    (status = 200, description = "The profile, without a picture", body = Success<OwnProfile>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn remove_avatar(
    State(profiles): State<Arc<dyn Profiles>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Ok200<OwnProfile>> {
    Ok(Ok200(profiles.remove_avatar(&actor).await?))
}

/// Your data
///
/// What was put together for you to take along, newest first. For a browser's session only.
#[utoipa::path(get, path = "/api/users/exports", tag = "identity", responses(
    (status = 200, description = "Those that can be fetched, and what is under way", body = Success<Vec<DataExport>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn exports(State(data): State<Arc<dyn OwnData>>, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Vec<DataExport>>> {
    Ok(Ok200(data.exports(&actor).await?))
}

/// Ask for your data
///
/// Everything that Arctiv keeps of you, in one JSON file; a letter tells when it is ready. Three times a day. For a browser's
/// session only.
#[utoipa::path(post, path = "/api/users/exports", tag = "identity", responses(
    (status = 201, description = "On its way, or the one that is already", body = Success<DataExport>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 429, description = "`RATE_LIMITED`: `details.retry_after` says for how long", body = Failure),
))]
async fn request_export(
    State(data): State<Arc<dyn OwnData>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Created<DataExport>> {
    Ok(Created(data.request_export(&actor).await?))
}

/// A file with somebody's data
///
/// At the URL that it carries: signed, valid for about an hour.
#[utoipa::path(get, path = "/exports/{id}", tag = "identity",
    params(
        ("id" = DataExportId, Path),
        ("expires" = i64, Query, description = "Unix seconds"),
        ("signature" = String, Query),
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, description = "Absent, or the signature is not ours", body = Failure),
        (status = 410, description = "The URL has expired", body = Failure),
    ),
    security(()))]
async fn open_export(
    State(data): State<Arc<dyn OwnData>>,
    PathId(id): PathId<DataExportId>,
    RawQuery(query): RawQuery,
) -> ApiResult<Response> {
    let signature: Signature =
        parse_query(query.as_deref().unwrap_or_default()).map_err(|_| ServiceError::not_found("file"))?;
    let content = data.open_export(id, signature).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"arctiv-my-data.json\""),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, content).into_response())
}

/// What deleting your account would do
///
/// To each workspace that you belong to. For a browser's session only.
#[utoipa::path(get, path = "/api/users/departure", tag = "identity", responses(
    (status = 200, description = "By name", body = Success<Vec<Leaving>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn departure(State(data): State<Arc<dyn OwnData>>, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Vec<Leaving>>> {
    Ok(Ok200(data.departure(&actor).await?))
}

/// Delete your account
///
/// For good, at once. What you wrote in workspaces with other people stays there without your name; workspaces in which
/// nobody else is are closed. For a browser's session only.
#[utoipa::path(post, path = "/api/users/delete-account", tag = "identity", request_body = DeleteAccount, responses(
    (status = 200, description = "Deleted, and the cookie with it", body = Success<Told>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`: also a wrong password", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 409, description = "`CONFLICT`: the only admin of a workspace in which others are", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn delete_account(
    State(data): State<Arc<dyn OwnData>>,
    State(cookies): State<CookiePolicy>,
    SignedIn(actor): SignedIn,
    Body(form): Body<DeleteAccount>,
) -> ApiResult<Response> {
    data.delete_account(&actor, form).await?;
    Ok(([cookie::clear(cookies)], Ok200(Told { message: "Your account is deleted." })).into_response())
}
