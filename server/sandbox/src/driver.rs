//! Plays the people and the operator of the simulated networks in tests: gives or refuses a consent as a browser would,
//! and calls the control API.
//!
//! ```no_run
//! # async fn example(authorize_url: &str) -> Result<(), sandbox::driver::DriverError> {
//! use sandbox::driver::Visitor;
//!
//! let back = Visitor::called("northwindcoffee").authorize(authorize_url).await?;
//! assert!(back.query_pairs().any(|(name, _)| name == "code"));
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use reqwest::{Method, StatusCode, header, redirect};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// Why a consent or a control call did not work out.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The sandbox could not be reached.
    #[error("the sandbox did not answer: {0}")]
    Http(#[from] reqwest::Error),
    /// The sandbox answered with something else than was asked for: status and text.
    #[error("the sandbox answered {0}: {1}")]
    Refused(StatusCode, String),
    /// Nobody of that name, page or scope is offered.
    #[error("the consent page does not offer {0:?}")]
    NotOffered(String),
    /// The address that the browser was sent to cannot be read.
    #[error("no usable redirect: {0}")]
    Redirect(String),
}

/// An HTTP client that follows no redirects.
pub(crate) fn http_client() -> reqwest::Result<reqwest::Client> {
    // Somebody else may have been first; any provider will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(redirect::Policy::none()).connect_timeout(Duration::from_secs(5)).build()
}

#[derive(Deserialize)]
struct Offer {
    action: String,
    scopes: Vec<OfferedScope>,
    accounts: Vec<OfferedAccount>,
}

#[derive(Deserialize)]
struct OfferedScope {
    name: String,
}

#[derive(Deserialize)]
struct OfferedAccount {
    id: String,
    name: String,
    handle: String,
    #[serde(default)]
    assets: Vec<OfferedAccount>,
}

impl OfferedAccount {
    fn is_called(&self, wanted: &str) -> bool {
        let wanted = wanted.trim_start_matches('@');
        self.id == wanted || self.handle.eq_ignore_ascii_case(wanted) || self.name.eq_ignore_ascii_case(wanted)
    }
}

/// A simulated person in front of a consent page. Ticks everything unless told otherwise.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    account: Option<String>,
    declined: Vec<String>,
    pages: Option<Vec<String>>,
}

impl Visitor {
    /// The first person that the page offers.
    pub fn anybody() -> Self {
        Self::default()
    }

    /// The account of this id, handle or name. A page's name signs in whoever runs it, with that page alone.
    pub fn called(account: impl Into<String>) -> Self {
        Self { account: Some(account.into()), ..Self::default() }
    }

    /// Unticks a scope.
    #[must_use]
    pub fn without_scope(mut self, scope: impl Into<String>) -> Self {
        self.declined.push(scope.into());
        self
    }

    /// Ticks these pages or organisations only (ids, handles or names).
    #[must_use]
    pub fn only_pages<S: Into<String>>(mut self, pages: impl IntoIterator<Item = S>) -> Self {
        self.pages = Some(pages.into_iter().map(Into::into).collect());
        self
    }

    /// Opens the authorization address and presses "Authorise".
    ///
    /// Answers with the address that the browser is sent to: the application's callback with `code` and `state`, or
    /// with an error where the network redirects instead of showing the page.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn authorize(&self, authorize_url: &str) -> Result<Url, DriverError> {
        self.answer(authorize_url, "authorize").await
    }

    /// Opens the authorization address and presses "Cancel".
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn refuse(&self, authorize_url: &str) -> Result<Url, DriverError> {
        self.answer(authorize_url, "cancel").await
    }

    async fn answer(&self, authorize_url: &str, decision: &str) -> Result<Url, DriverError> {
        let http = http_client()?;
        let answer = http.get(authorize_url).header(header::ACCEPT, "application/json").send().await?;
        if answer.status().is_redirection() {
            return location(&answer);
        }
        if !answer.status().is_success() {
            return Err(DriverError::Refused(answer.status(), answer.text().await?));
        }
        let offer: Offer = answer.json().await?;
        let form = self.fill(&offer, decision)?;
        let answer = http.post(&offer.action).form(&form).send().await?;
        if answer.status().is_redirection() {
            return location(&answer);
        }
        Err(DriverError::Refused(answer.status(), answer.text().await?))
    }

    fn fill(&self, offer: &Offer, decision: &str) -> Result<Vec<(&'static str, String)>, DriverError> {
        let mut form = vec![("decision", decision.to_owned())];
        for scope in &self.declined {
            if !offer.scopes.iter().any(|offered| offered.name == *scope) {
                return Err(DriverError::NotOffered(scope.clone()));
            }
        }
        let granted = offer.scopes.iter().filter(|scope| !self.declined.contains(&scope.name));
        form.extend(granted.map(|scope| ("scope", scope.name.clone())));
        let person = match &self.account {
            None => offer.accounts.first(),
            Some(wanted) => offer.accounts.iter().find(|person| person.is_called(wanted)),
        };
        if let Some(person) = person {
            form.push(("account", person.id.clone()));
            form.extend(self.ticked(person)?.map(|page| ("asset", page.id.clone())));
            return Ok(form);
        }
        // The name of a page: the sandbox knows who runs it.
        let wanted = self.account.clone().unwrap_or_default();
        let is_page = offer.accounts.iter().flat_map(|person| &person.assets).any(|page| page.is_called(&wanted));
        if !is_page {
            return Err(DriverError::NotOffered(wanted));
        }
        form.push(("account", wanted));
        Ok(form)
    }

    fn ticked<'a>(
        &'a self,
        person: &'a OfferedAccount,
    ) -> Result<impl Iterator<Item = &'a OfferedAccount>, DriverError> {
        for wanted in self.pages.iter().flatten() {
            if !person.assets.iter().any(|page| page.is_called(wanted)) {
                return Err(DriverError::NotOffered(wanted.clone()));
            }
        }
        let ticked = |page: &&OfferedAccount| {
            self.pages.as_ref().is_none_or(|pages| pages.iter().any(|wanted| page.is_called(wanted)))
        };
        Ok(person.assets.iter().filter(ticked))
    }
}

fn location(answer: &reqwest::Response) -> Result<Url, DriverError> {
    let text = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Url::parse(text).map_err(|_| DriverError::Redirect(text.to_owned()))
}

/// A client of the control API. Answers are the JSON that the README describes.
#[derive(Clone, Debug)]
pub struct Control {
    base: String,
    http: reqwest::Client,
}

impl Control {
    /// `base` is the sandbox's address without a slash at its end.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(base: &str) -> Result<Self, DriverError> {
        Ok(Self { base: base.trim_end_matches('/').to_owned(), http: http_client()? })
    }

    /// Published posts, oldest first, of one platform or all.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn posts(&self, platform: Option<&str>) -> Result<Vec<Value>, DriverError> {
        self.list("posts", platform).await
    }

    /// The last requests, oldest first, of one platform or all. Secrets are masked.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn requests(&self, platform: Option<&str>) -> Result<Vec<Value>, DriverError> {
        self.list("requests", platform).await
    }

    /// Publications in the making, oldest first, of one platform or all: containers, publish ids, upload sessions.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn stages(&self, platform: Option<&str>) -> Result<Vec<Value>, DriverError> {
        self.list("stages", platform).await
    }

    /// The simulated accounts of one platform or all.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn accounts(&self, platform: Option<&str>) -> Result<Vec<Value>, DriverError> {
        self.list("accounts", platform).await
    }

    /// The messages that the networks have sent to applications, oldest first.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn webhooks(&self) -> Result<Vec<Value>, DriverError> {
        self.list("webhooks", None).await
    }

    /// Makes more accounts; answers with those that publish.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn add_accounts(&self, platform: &str, count: u32) -> Result<Vec<Value>, DriverError> {
        let body = serde_json::json!({ "platform": platform, "count": count });
        Ok(taken(self.call(Method::POST, "accounts", Some(&body)).await?, "accounts"))
    }

    /// Adds a rule, for example `{"platform":"twitter","operation":"publish","fault":"drop_after_accept"}`.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn fault(&self, rule: &Value) -> Result<(), DriverError> {
        self.call(Method::POST, "faults", Some(rule)).await.map(drop)
    }

    /// How often what went wrong, by platform, operation, fault and the rule's name:
    /// `[{platform, operation, fault, name?, times}]`.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn struck(&self) -> Result<Vec<Value>, DriverError> {
        Ok(taken(self.call(Method::GET, "faults", None).await?, "struck"))
    }

    /// Lets TikTok's creators post what waits in their inboxes, or throw it away; answers with how many drafts there
    /// were. `account` is an id, a handle or a name; `None`: all creators.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn answer_inbox(&self, account: Option<&str>, post: bool) -> Result<u64, DriverError> {
        let decision = if post { "post" } else { "cancel" };
        let body = serde_json::json!({ "account": account, "decision": decision });
        let answer = self.call(Method::POST, "inbox", Some(&body)).await?;
        Ok(answer.get("answered").and_then(Value::as_u64).unwrap_or_default())
    }

    /// Takes all rules away.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn clear_faults(&self) -> Result<(), DriverError> {
        self.call(Method::DELETE, "faults", None).await.map(drop)
    }

    /// Any `POST /control/…`: `expire-tokens`, `revoke`, `premium`, `reset`, `settings`, `advance`.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn post(&self, what: &str, body: &Value) -> Result<Value, DriverError> {
        self.call(Method::POST, what, Some(body)).await
    }

    async fn list(&self, what: &str, platform: Option<&str>) -> Result<Vec<Value>, DriverError> {
        let path = platform.map_or_else(|| what.to_owned(), |platform| format!("{what}?platform={platform}"));
        Ok(taken(self.call(Method::GET, &path, None).await?, what))
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, DriverError> {
        let mut request = self.http.request(method, format!("{}/control/{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        if !answer.status().is_success() {
            return Err(DriverError::Refused(answer.status(), answer.text().await?));
        }
        Ok(answer.json().await?)
    }
}

fn taken(mut value: Value, name: &str) -> Vec<Value> {
    match value.get_mut(name).map(Value::take) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

/// Whoever answers the page of the simulated sign-in provider.
#[derive(Clone, Debug)]
pub struct Identified {
    /// As the page is told.
    pub name: String,
    /// As the page is told; the provider's own id of the person follows from it.
    pub email: String,
    /// Whether the provider vouches for the address.
    pub verified: bool,
}

impl Identified {
    /// Somebody whose address the provider vouches for.
    pub fn with(email: impl Into<String>) -> Self {
        Self { name: "Saoirse Byrne".to_owned(), email: email.into(), verified: true }
    }

    /// Opens the provider's page and presses "Sign in"; the address that the browser is sent to.
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn sign_in(&self, authorize_url: &str) -> Result<Url, DriverError> {
        self.answer(authorize_url, "authorize").await
    }

    /// Opens the page and presses "Cancel".
    ///
    /// # Errors
    /// See [`DriverError`].
    pub async fn refuse(&self, authorize_url: &str) -> Result<Url, DriverError> {
        self.answer(authorize_url, "cancel").await
    }

    async fn answer(&self, authorize_url: &str, decision: &str) -> Result<Url, DriverError> {
        #[derive(Deserialize)]
        struct Page {
            action: String,
        }
        let http = http_client()?;
        let answer = http.get(authorize_url).header(header::ACCEPT, "application/json").send().await?;
        if answer.status().is_redirection() {
            return location(&answer);
        }
        if !answer.status().is_success() {
            return Err(DriverError::Refused(answer.status(), answer.text().await?));
        }
        let page: Page = answer.json().await?;
        let mut form = vec![("decision", decision), ("name", &self.name), ("email", &self.email)];
        if self.verified {
            form.push(("email_verified", "true"));
        }
        let answer = http.post(&page.action).form(&form).send().await?;
        if answer.status().is_redirection() {
            return location(&answer);
        }
        Err(DriverError::Refused(answer.status(), answer.text().await?))
    }
}
