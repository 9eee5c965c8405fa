//! What the server tells the browser with the first page: who is signed in, what time it is, and a form that was
//! just refused. It travels inside the page, so that both sides render the same words at once, without waiting.
//!
//! Signing in and out are real navigations, which load a new page: within a page's life the session does not change.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    FieldErrors, UserId,
    identity::Me,
    posts::ApprovalPolicy,
    workspaces::{Role, WorkspaceKind},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A form that the server refused, on its way back into the page: without JavaScript, a refusal is a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormOutcome {
    /// What was typed, field by field; never a password.
    pub values: BTreeMap<String, String>,
    /// What is wrong, field by field.
    pub fields: FieldErrors,
    /// What is wrong with the whole.
    pub message: Option<String>,
}

impl FormOutcome {
    /// A refusal, with the values to show again. Passwords are left out by name.
    pub fn new(values: impl IntoIterator<Item = (String, String)>, fault: domain::Fault) -> Self {
        let message = fault.fields.is_empty().then_some(fault.message);
        let values = values.into_iter().filter(|(name, _)| !name.ends_with("password")).collect();
        Self { values, fields: fault.fields, message }
    }

    /// What was typed into a field.
    pub fn value(&self, field: &str) -> String {
        self.values.get(field).cloned().unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Told {
    me: Option<Me>,
    form: Option<FormOutcome>,
    /// The address of the form.
    form_path: String,
    now: Option<DateTime<Utc>>,
    development: bool,
    passkeys: bool,
    picture_origin: Option<String>,
    /// Told to visitors.
    sign_in_provider: Option<String>,
}

/// What the first page brought along. Copy it anywhere.
#[derive(Clone, Copy)]
pub struct Session {
    told: StoredValue<Told>,
}

impl Session {
    /// The signed-in person and their workspace.
    pub fn me(self) -> Option<Me> {
        self.told.with_value(|told| told.me.clone())
    }

    pub fn is_signed_in(self) -> bool {
        self.told.with_value(|told| told.me.is_some())
    }

    /// The kind of the present workspace.
    pub fn kind(self) -> Option<WorkspaceKind> {
        self.told.with_value(|told| told.me.as_ref().map(|me| me.workspace.kind))
    }

    /// Whether the person may do what needs `role`. The server decides; this only keeps buttons away that would be
    /// refused.
    pub fn may(self, role: Role) -> bool {
        self.told.with_value(|told| told.me.as_ref().is_some_and(|me| me.role >= role))
    }

    /// Whether the person may change a post that `author` has begun: members change their own.
    pub fn may_change(self, author: UserId) -> bool {
        let own = self.told.with_value(|told| told.me.as_ref().is_some_and(|me| me.user.id == author));
        self.may(Role::Editor) || (own && self.may(Role::Member))
    }

    /// Whose posts wait for approval here.
    pub fn approval_policy(self) -> ApprovalPolicy {
        self.told.with_value(|told| told.me.as_ref().map(|me| me.workspace.approval_policy)).unwrap_or_default()
    }

    /// Whether what the person saves waits for approval before it goes out.
    pub fn is_held_back(self) -> bool {
        self.told.with_value(|told| told.me.as_ref().is_some_and(|me| me.workspace.approval_policy.holds_back(me.role)))
    }

    /// What became of the form that posts to `path`, if it was just refused and this page shows it again.
    pub fn refused_form(self, path: &str) -> Option<FormOutcome> {
        self.told.with_value(|told| told.form.clone().filter(|_| told.form_path == path))
    }

    /// The token of the link that the page at `path` is about, where the page answers its own form: such a page has the form's address,
    /// which has no token.
    pub fn token_sent(self, path: &str) -> Option<String> {
        self.refused_form(path)?.values.get("token").filter(|token| !token.is_empty()).cloned()
    }

    /// Whether development pages are shown.
    pub fn development(self) -> bool {
        self.told.with_value(|told| told.development)
    }

    /// Whether browsers make passkeys for this site.
    pub fn passkeys(self) -> bool {
        self.told.with_value(|told| told.passkeys)
    }

    /// The address of somebody else's picture, if this page may show it: over https from anywhere, over http only from
    /// where the networks are simulated. The page's content security policy says the same.
    pub fn picture(self, url: Option<&str>) -> Option<String> {
        self.told.with_value(|told| url.filter(|url| may_show(url, told.picture_origin.as_deref())).map(str::to_owned))
    }

    /// What people know the sign-in provider by, if one is set up.
    pub fn sign_in_provider(self) -> Option<String> {
        self.told.with_value(|told| told.sign_in_provider.clone())
    }

    pub(crate) fn now(self) -> Option<DateTime<Utc>> {
        self.told.with_value(|told| told.now)
    }
}

fn may_show(url: &str, origin: Option<&str>) -> bool {
    url.starts_with("https://")
        || origin.is_some_and(|origin| url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/')))
}

/// Once, at the top of the app: on the server from the request, in the browser from the page.
pub(crate) fn provide_session() -> Session {
    let told = SharedValue::new(tell).into_inner();
    #[cfg(target_arch = "wasm32")]
    if let Some(me) = &told.me {
        call_in(me.workspace.id);
    }
    let session = Session { told: StoredValue::new(told) };
    provide_context(session);
    session
}

/// From now on server functions are called at an address that names the page's workspace: the session, which all tabs share,
/// may be in another one by then, where nothing of this page must count.
#[cfg(target_arch = "wasm32")]
fn call_in(workspace: domain::WorkspaceId) {
    let prefix: &'static str = Box::leak(format!("/in/{workspace}").into_boxed_str());
    // Once in a page's life; a second time it is the same.
    let _set = leptos::server_fn::client::try_set_server_url(prefix);
}

/// The workspace of the page in this browser, for requests made by hand: they name it in a header.
pub(crate) fn page_workspace() -> Option<&'static str> {
    leptos::server_fn::client::get_server_url().strip_prefix("/in/")
}

#[cfg(feature = "ssr")]
fn tell() -> Told {
    let Some(request) = crate::services::request() else { return Told::default() };
    Told {
        sign_in_provider: request.services.providers.name().filter(|_| request.me.is_none()),
        me: request.me,
        form_path: request.form.as_ref().and(crate::services::request_path()).unwrap_or_default(),
        form: request.form,
        now: Some(request.services.clock.now()),
        development: request.services.settings.development,
        passkeys: request.services.passkeys.available(),
        picture_origin: request.services.settings.picture_origin.clone(),
    }
}

/// Reached only when the page brought nothing along, which the shell never does.
#[cfg(not(feature = "ssr"))]
fn tell() -> Told {
    Told::default()
}

/// The session of this page.
pub fn use_session() -> Session {
    use_context().unwrap_or_else(|| Session { told: StoredValue::new(Told::default()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ServiceError;

    #[test]
    fn pictures_come_over_https_or_from_the_simulated_networks() {
        let sandbox = Some("http://127.0.0.1:8081");
        assert!(may_show("https://pbs.example/a.png", None));
        assert!(may_show("http://127.0.0.1:8081/avatar/twitter/1", sandbox));
        assert!(!may_show("http://127.0.0.1:80810/avatar/twitter/1", sandbox));
        assert!(!may_show("http://127.0.0.1:8081/avatar/twitter/1", None));
        assert!(!may_show("http://pbs.example/a.png", sandbox) && !may_show("javascript:1", sandbox));
    }

    #[test]
    fn a_refused_form_never_brings_a_password_back() {
        let typed =
            ["password", "current_password", "new_password"].map(|name| (name.to_owned(), "hunter22".to_owned()));
        let typed = typed.into_iter().chain([("email".to_owned(), "a@b.example".to_owned())]);
        let outcome = FormOutcome::new(typed, ServiceError::field("email", "taken").fault);
        assert_eq!(outcome.value("email"), "a@b.example");
        assert!(!outcome.values.values().any(|value| value.contains("hunter")));
        assert_eq!(outcome.message, None);
        assert_eq!(outcome.fields.get("email"), Some("taken"));
    }
}
