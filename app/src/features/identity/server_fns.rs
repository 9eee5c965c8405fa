//! Registration and sign-in from the browser. A refusal is a value, for the form to show; see `pages` for the same
//! without JavaScript.

use domain::{
    FieldErrors, PasskeyId, SessionId,
    identity::{
        ChangeEmail, ChangePassword, Confirmation, DataExport, EmailChange, EndedSessions, ForgotPassword, Leaving,
        LinkState, Login, NewPasskey, Passkey, PasskeyAnswer, PasskeyForm, PasskeyOptions, PasskeyStep, Register,
        RenamePasskey, Resends, ResetPassword, SecondStep, SessionInfo, TotpSetup, TwoStep, Waiting,
    },
    workspaces::{AcceptInvitation, InvitationOffer},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use domain::identity::{LoginStep, ProvePassword};

#[cfg(feature = "ssr")]
use crate::{
    error::refuse,
    services::{acting, services, visitor},
};

/// What became of a form that opens a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// The cookie is set: load this path.
    Welcome { to: String },
    /// What the person can mend.
    Refused { fields: FieldErrors, message: Option<String> },
}

/// Signs in. `next` is where to go afterwards, if it is one of our own paths.
#[server(prefix = "/fn", endpoint = "identity/login", input = Json, output = Json)]
pub async fn sign_in(form: Login, next: Option<String>) -> Result<Entry, AppError> {
    let (services, visitor) = (services()?, visitor()?);
    match services.identity.login(&visitor, form).await {
        Ok(LoginStep::SignedIn(session)) => enter(&services, Ok(*session), next.as_deref()),
        Ok(LoginStep::SecondStep(pending)) => {
            crate::services::set_cookie(&(services.settings.sign_in_cookie)(&pending.token));
            let next = domain::identity::safe_next(next.as_deref()).map(str::to_owned);
            Ok(Entry::Welcome { to: crate::shared::query::Href::new("/login/verify").with("next", next).build() })
        }
        Err(error) => enter(&services, Err(error), None),
    }
}

/// What the browser's sign-in waits for.
#[server(prefix = "/fn", endpoint = "identity/waiting", input = Json)]
pub async fn view_waiting() -> Result<Option<Waiting>, AppError> {
    let (services, visitor) = (services()?, visitor()?);
    services.two_steps.waiting(&visitor).await.map_err(refuse)
}

/// The second step.
#[server(prefix = "/fn", endpoint = "identity/second-step", input = Json, output = Json)]
pub async fn verify_sign_in(form: SecondStep, next: Option<String>) -> Result<Entry, AppError> {
    let (services, visitor) = (services()?, visitor()?);
    let outcome = services.two_steps.second_step(&visitor, form).await;
    enter(&services, outcome, next.as_deref())
}

/// Registers and signs in.
#[server(prefix = "/fn", endpoint = "identity/register", input = Json, output = Json)]
pub async fn sign_up(form: Register, next: Option<String>) -> Result<Entry, AppError> {
    let (services, visitor) = (services()?, visitor()?);
    let outcome = services.identity.register(&visitor, form).await;
    enter(&services, outcome, next.as_deref())
}

#[cfg(feature = "ssr")]
fn enter(
    services: &crate::services::Services,
    outcome: domain::ServiceResult<domain::identity::SignedIn>,
    next: Option<&str>,
) -> Result<Entry, AppError> {
    match outcome {
        Ok(signed_in) => {
            crate::services::set_cookie(&(services.settings.session_cookie)(&signed_in.token));
            let to = domain::identity::safe_next(next).unwrap_or(signed_in.workspace.kind.dashboard());
            Ok(Entry::Welcome { to: to.to_owned() })
        }
        // An error, for its countdown.
        Err(error) if error.code() == domain::ErrorCode::RateLimited => Err(refuse(error)),
        Err(error) => refused(error),
    }
}

/// What the person can mend is a value; everything else an error.
#[cfg(feature = "ssr")]
fn refused(error: domain::ServiceError) -> Result<Entry, AppError> {
    use domain::ErrorCode::{Conflict, Gone, NotFound, RateLimited, Unauthorized, ValidationError};

    if !matches!(error.code(), ValidationError | Unauthorized | Conflict | Gone | NotFound | RateLimited) {
        return Err(refuse(error));
    }
    let fault = error.fault;
    let message = fault.fields.is_empty().then_some(fault.message);
    Ok(Entry::Refused { fields: fault.fields, message })
}

/// What the page of a confirmation link shows; without a token, what is left of the signed-in person's letters.
#[server(prefix = "/fn", endpoint = "identity/confirmation", input = Json)]
pub async fn view_confirmation(token: Option<String>) -> Result<Confirmation, AppError> {
    let services = services()?;
    if let Some(token) = token {
        return services.credentials.confirmation(&token).await.map_err(refuse);
    }
    let (_, actor) = acting()?;
    let resends = services.credentials.resends(&actor).await.map_err(refuse)?;
    Ok(Confirmation { state: LinkState::Open, email: None, resends: Some(resends) })
}

/// Another confirmation mail, from the banner.
#[server(prefix = "/fn", endpoint = "identity/resend-confirmation", input = Json)]
pub async fn resend_confirmation() -> Result<Resends, AppError> {
    let (services, actor) = acting()?;
    services.credentials.resend_confirmation(&actor).await.map_err(refuse)
}

/// Asks for a new password.
#[server(prefix = "/fn", endpoint = "identity/forgot-password", input = Json, output = Json)]
pub async fn send_reset_link(form: ForgotPassword) -> Result<Entry, AppError> {
    let (services, visitor) = (services()?, visitor()?);
    match services.credentials.forgot_password(&visitor, form).await {
        Ok(()) => Ok(Entry::Welcome { to: "/forgot?sent=true".to_owned() }),
        Err(error) => refused(error),
    }
}

/// How a link for a new password stands.
#[server(prefix = "/fn", endpoint = "identity/reset-state", input = Json)]
pub async fn view_reset(token: String) -> Result<LinkState, AppError> {
    services()?.credentials.reset_state(&token).await.map_err(refuse)
}

/// Chooses a new password.
#[server(prefix = "/fn", endpoint = "identity/reset-password", input = Json, output = Json)]
pub async fn choose_password(form: ResetPassword) -> Result<Entry, AppError> {
    let (services, visitor) = (services()?, visitor()?);
    match services.credentials.reset_password(&visitor, form).await {
        Ok(()) => Ok(Entry::Welcome { to: "/login?notice=reset".to_owned() }),
        Err(error) => refused(error),
    }
}

/// What became of a form in the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Changed<T> {
    Done {
        value: T,
    },
    /// What the person can mend.
    Refused {
        fields: FieldErrors,
        message: Option<String>,
    },
}

#[cfg(feature = "ssr")]
fn changed<T>(outcome: domain::ServiceResult<T>) -> Result<Changed<T>, AppError> {
    match outcome {
        Ok(value) => Ok(Changed::Done { value }),
        Err(error) => match refused(error)? {
            Entry::Refused { fields, message } => Ok(Changed::Refused { fields, message }),
            Entry::Welcome { .. } => Err(refuse(domain::ServiceError::internal("a refusal is no welcome"))),
        },
    }
}

/// A new password for who knows the present one.
#[server(prefix = "/fn", endpoint = "identity/change-password", input = Json, output = Json)]
pub async fn replace_password(form: ChangePassword) -> Result<Changed<()>, AppError> {
    let (services, actor) = acting()?;
    changed(services.credentials.change_password(&actor, form).await)
}

/// A new address, once it is confirmed.
#[server(prefix = "/fn", endpoint = "identity/change-email", input = Json, output = Json)]
pub async fn replace_email(form: ChangeEmail) -> Result<Changed<EmailChange>, AppError> {
    let (services, actor) = acting()?;
    changed(services.credentials.change_email(&actor, form).await)
}

/// One's passkeys.
#[server(prefix = "/fn", endpoint = "identity/passkeys", input = Json)]
pub async fn view_passkeys() -> Result<Vec<Passkey>, AppError> {
    let (services, actor) = acting()?;
    services.passkeys.passkeys(&actor).await.map_err(refuse)
}

/// What the browser is asked for.
#[server(prefix = "/fn", endpoint = "identity/passkey/begin", input = Json, output = Json)]
pub async fn begin_passkey(form: PasskeyForm) -> Result<Changed<PasskeyOptions>, AppError> {
    let (services, actor) = acting()?;
    let fields = form.check();
    if !fields.is_empty() {
        return Ok(Changed::Refused { fields, message: None });
    }
    let form = ProvePassword { current_password: form.current_password };
    changed(services.passkeys.begin_passkey(&actor, form).await)
}

/// The browser's answer.
#[server(prefix = "/fn", endpoint = "identity/passkey/add", input = Json, output = Json)]
pub async fn add_passkey(form: NewPasskey) -> Result<Changed<Passkey>, AppError> {
    let (services, actor) = acting()?;
    changed(services.passkeys.add_passkey(&actor, form).await)
}

/// Another name.
#[server(prefix = "/fn", endpoint = "identity/passkey/rename", input = Json, output = Json)]
pub async fn name_passkey(id: PasskeyId, form: RenamePasskey) -> Result<Changed<Passkey>, AppError> {
    let (services, actor) = acting()?;
    match services.passkeys.rename_passkey(&actor, id, form).await {
        // No form can mend that.
        Err(error) if error.code() == domain::ErrorCode::NotFound => Err(refuse(error)),
        outcome => changed(outcome),
    }
}

/// It opens nothing any more.
#[server(prefix = "/fn", endpoint = "identity/passkey/remove", input = Json)]
pub async fn remove_passkey(id: PasskeyId) -> Result<(), AppError> {
    let (services, actor) = acting()?;
    services.passkeys.remove_passkey(&actor, id).await.map_err(refuse)
}

/// What the browser is asked for, to sign in.
#[server(prefix = "/fn", endpoint = "identity/login/passkey/begin", input = Json)]
pub async fn begin_passkey_sign_in(step: PasskeyStep) -> Result<PasskeyOptions, AppError> {
    let (services, visitor) = (services()?, visitor()?);
    let challenge = services.passkeys.begin_passkey_sign_in(&visitor, step).await.map_err(refuse)?;
    if let Some(token) = &challenge.token {
        crate::services::set_cookie(&(services.settings.sign_in_cookie)(token));
    }
    Ok(challenge.options)
}

/// The browser's answer.
#[server(prefix = "/fn", endpoint = "identity/login/passkey", input = Json, output = Json)]
pub async fn sign_in_with_passkey(form: PasskeyAnswer, next: Option<String>) -> Result<Entry, AppError> {
    let (services, visitor) = (services()?, visitor()?);
    let outcome = services.passkeys.sign_in_with_passkey(&visitor, form).await;
    enter(&services, outcome, next.as_deref())
}

/// Two-step sign-in, and what an app is given while it is being set up here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoStepView {
    pub state: TwoStep,
    pub setup: Option<TotpSetup>,
}

/// How two-step sign-in stands.
#[server(prefix = "/fn", endpoint = "identity/two-step", input = Json)]
pub async fn view_two_step() -> Result<TwoStepView, AppError> {
    let (services, actor) = acting()?;
    let state = services.two_steps.two_step(&actor).await.map_err(refuse)?;
    let setup =
        if state.enabled_at.is_none() { services.two_steps.begun_totp(&actor).await.map_err(refuse)? } else { None };
    Ok(TwoStepView { state, setup })
}

/// Where somebody is signed in.
#[server(prefix = "/fn", endpoint = "identity/sessions", input = Json)]
pub async fn view_sessions() -> Result<Vec<SessionInfo>, AppError> {
    let (services, actor) = acting()?;
    services.sessions.sessions(&actor).await.map_err(refuse)
}

/// Ends one session.
#[server(prefix = "/fn", endpoint = "identity/end-session", input = Json)]
pub async fn end_session(id: SessionId) -> Result<(), AppError> {
    let (services, actor) = acting()?;
    services.sessions.end_session(&actor, id).await.map_err(refuse)
}

/// Ends all sessions but this one.
#[server(prefix = "/fn", endpoint = "identity/end-other-sessions", input = Json)]
pub async fn end_other_sessions() -> Result<EndedSessions, AppError> {
    let (services, actor) = acting()?;
    services.sessions.end_other_sessions(&actor).await.map_err(refuse)
}

/// What an invitation offers; none for a link that never was one.
#[server(prefix = "/fn", endpoint = "identity/invitation", input = Json)]
pub async fn view_invitation(token: String) -> Result<Option<InvitationOffer>, AppError> {
    match services()?.team.offer(&token).await {
        Ok(offer) => Ok(Some(offer)),
        Err(error) if error.code() == domain::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(refuse(error)),
    }
}

/// Joins a workspace.
#[server(prefix = "/fn", endpoint = "identity/join", input = Json, output = Json)]
pub async fn join_workspace(form: AcceptInvitation) -> Result<Entry, AppError> {
    let (services, visitor) = (services()?, visitor()?);
    // Not `actor()`: that refuses the whole answer to who is not signed in.
    let actor = crate::services::request().and_then(|context| context.actor);
    let outcome = services.identity.accept_invitation(&visitor, actor.as_ref(), form).await;
    enter(&services, outcome, None)
}

/// One's own data: what was put together, and what would become of one's workspaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDataView {
    pub exports: Vec<DataExport>,
    pub leaving: Vec<Leaving>,
}

/// The page of one's own data.
#[server(prefix = "/fn", endpoint = "identity/own-data", input = Json, output = Json)]
pub async fn view_own_data() -> Result<OwnDataView, AppError> {
    let (services, actor) = acting()?;
    let exports = services.own_data.exports(&actor).await.map_err(refuse)?;
    let leaving = services.own_data.departure(&actor).await.map_err(refuse)?;
    Ok(OwnDataView { exports, leaving })
}
