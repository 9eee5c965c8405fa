//! What the server hands to the pages: the ports, who is acting, and how to answer. Server only.
//!
//! [`RequestContext::provide`] is the one place where a context is filled, for server functions and for pages alike.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use domain::{
    Actor, CookieToken, RequestId, ServiceError, Visitor,
    accounts::Accounts,
    audit::Audit,
    clock::Clock,
    deliveries::Deliveries,
    events::Events,
    identity::{Credentials, Identity, Me, OwnData, Passkeys, Profiles, Providers, SessionToken, Sessions, TwoSteps},
    media::Media,
    notifications::{Notifications, Webhooks},
    posts::{Approvals, Posts, queue::Queue},
    workspaces::{ApiKeys, Memberships, Team, WorkspaceSettings, Workspaces},
};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;

use crate::{
    error::{AppError, refuse},
    session::FormOutcome,
};

/// The ports, and what the pages need besides. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub identity: Arc<dyn Identity>,
    pub credentials: Arc<dyn Credentials>,
    pub sessions: Arc<dyn Sessions>,
    pub two_steps: Arc<dyn TwoSteps>,
    pub passkeys: Arc<dyn Passkeys>,
    pub memberships: Arc<dyn Memberships>,
    pub own_data: Arc<dyn OwnData>,
    pub profiles: Arc<dyn Profiles>,
    pub workspace_settings: Arc<dyn WorkspaceSettings>,
    pub providers: Arc<dyn Providers>,
    pub team: Arc<dyn Team>,
    pub api_keys: Arc<dyn ApiKeys>,
    pub accounts: Arc<dyn Accounts>,
    pub posts: Arc<dyn Posts>,
    pub approvals: Arc<dyn Approvals>,
    pub queue: Arc<dyn Queue>,
    pub deliveries: Arc<dyn Deliveries>,
    pub media: Arc<dyn Media>,
    pub workspaces: Arc<dyn Workspaces>,
    pub audit: Arc<dyn Audit>,
    pub notifications: Arc<dyn Notifications>,
    pub webhooks: Arc<dyn Webhooks>,
    pub events: Arc<dyn Events>,
    pub clock: Arc<dyn Clock>,
    pub settings: Arc<Settings>,
}

/// What the pages know of the server's settings.
pub struct Settings {
    /// Scheme, host and port under which browsers reach us, without a slash at the end.
    pub public_url: String,
    /// Shows `/dev/gallery`.
    pub development: bool,
    /// Another origin whose pictures pages may show over plain http: the sandbox's, where it plays the platforms.
    pub picture_origin: Option<String>,
    /// The whole `Set-Cookie` value that starts a session.
    pub session_cookie: SessionCookie,
    /// The same for a sign-in that waits for its second step.
    pub sign_in_cookie: SignInCookie,
}

/// Writes the `Set-Cookie` value of a sign-in that waits.
pub type SignInCookie = Box<dyn Fn(&CookieToken) -> String + Send + Sync>;

/// Writes the `Set-Cookie` value of a session.
pub type SessionCookie = Box<dyn Fn(&SessionToken) -> String + Send + Sync>;

/// Everything that one request provides.
#[derive(Clone)]
pub struct RequestContext {
    pub services: Services,
    /// The session's actor, found alive.
    pub actor: Option<Actor>,
    /// The person behind it, whose name pages show.
    pub me: Option<Me>,
    pub visitor: Visitor,
    /// A form that was just refused, to be shown again (a `POST` without JavaScript).
    pub form: Option<FormOutcome>,
}

impl RequestContext {
    /// Fills the Leptos context. Called by the server for every page and every server function, and nowhere else.
    pub fn provide(&self) {
        provide_context(self.clone());
    }

    fn current() -> Option<Self> {
        use_context()
    }
}

/// What [`crate::session`] sends along with a page; empty while routes are being listed.
pub(crate) fn request() -> Option<RequestContext> {
    RequestContext::current()
}

/// The ports.
pub fn services() -> Result<Services, AppError> {
    RequestContext::current()
        .map(|context| context.services)
        .ok_or_else(|| refuse(ServiceError::internal("no request context was provided")))
}

/// Who acts; `UNAUTHORIZED` for a visitor.
pub fn actor() -> Result<Actor, AppError> {
    RequestContext::current().and_then(|context| context.actor).ok_or_else(|| refuse(ServiceError::unauthorized()))
}

/// The first of a server function's three lines: the ports and who acts.
pub fn acting() -> Result<(Services, Actor), AppError> {
    Ok((services()?, actor()?))
}

/// Who asks, signed in or not: the caller of register and login.
pub fn visitor() -> Result<Visitor, AppError> {
    RequestContext::current()
        .map(|context| context.visitor)
        .ok_or_else(|| refuse(ServiceError::internal("no request context was provided")))
}

/// The time zone that the actor's workspace counts its days in.
pub fn workspace_zone() -> Result<chrono_tz::Tz, AppError> {
    let me =
        RequestContext::current().and_then(|context| context.me).ok_or_else(|| refuse(ServiceError::unauthorized()))?;
    Ok(domain::posts::schedule::zone(&me.workspace.time_zone).unwrap_or(chrono_tz::Tz::UTC))
}

pub(crate) fn request_id() -> Option<RequestId> {
    RequestContext::current().map(|context| context.visitor.request_id)
}

/// The path that is being answered.
pub(crate) fn request_path() -> Option<String> {
    use_context::<Parts>().map(|parts| parts.uri.path().to_owned())
}

/// Sets the status of a server function's response. Not of a page or a plain form's response, which accept
/// `text/html`: there it would override the redirect, or turn a page that shows one refusal into an error page.
pub(crate) fn set_status(status: u16) {
    let accepts_html = use_context::<Parts>().is_some_and(|parts| {
        parts
            .headers
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("text/html"))
    });
    if !accepts_html {
        set_page_status(status);
    }
}

/// Sets the status of the page that is being rendered, such as 404.
pub(crate) fn set_page_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}

/// Adds a `Set-Cookie` to the response and keeps it out of caches.
pub(crate) fn set_cookie(cookie: &str) {
    if let (Some(response), Ok(cookie)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(cookie)) {
        response.append_header(header::SET_COOKIE, cookie);
        response.insert_header(HeaderName::from_static("cache-control"), HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use domain::ErrorCode;
    use leptos::prelude::Owner;

    use super::*;

    /// The status that a refusal gives to the answer of a request with this `Accept`.
    fn status_for(accept: &str) -> Option<StatusCode> {
        let (parts, ()) = Request::builder().header(header::ACCEPT, accept).body(()).unwrap().into_parts();
        let response = ResponseOptions::default();
        Owner::new().with(|| {
            provide_context(parts);
            provide_context(response.clone());
            let error = refuse(ServiceError::not_found("account"));
            assert!(error.is_not_found());
        });
        response.0.read().unwrap().status
    }

    #[test]
    fn a_refusal_sets_the_status_of_a_call_and_not_of_a_page() {
        assert_eq!(status_for("application/json"), Some(StatusCode::NOT_FOUND));
        assert_eq!(status_for("text/html,application/xhtml+xml"), None);
    }

    #[test]
    fn without_a_request_nobody_acts() {
        Owner::new().with(|| {
            assert!(actor().is_err_and(|error| error.is_signed_out()));
            assert_eq!(services().err().and_then(|error| error.code()), Some(ErrorCode::InternalError));
        });
    }
}
