//! Fulfils [`Providers`]: signing in by way of an OpenID Connect provider.
//!
//! A sign-in is a row with two hashes: of the `state` in the URL, and of what the browser keeps in a cookie; one conditional update
//! uses it up. Nonce and PKCE verifier are kept nowhere: they follow from the state and a key of the server's, so that neither the
//! table nor the URL alone is of use to anybody.

use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    ErrorCode, ServiceError, ServiceResult, UserId, Visitor, WorkspaceId,
    audit::Action,
    identity::{
        BrowserToken, MAX_NAME, PROVIDER_LIFE, ProviderCallback, ProviderEntry, ProviderProblem, ProviderStart,
        Providers, Register, SignedIn, normalize_email, safe_next,
    },
    workspaces::WorkspaceKind,
};
use hmac::{Hmac, KeyInit, Mac};
use platforms::{OidcError, OidcPerson, OidcProvider, Pkce};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::Sha256;

use super::{
    IdentityService,
    credentials::ConfirmationOf,
    store::{
        self,
        providers::{self as links, Tie},
    },
};
use crate::{
    features::audit::in_tx::{Entry, record},
    one_time::{hash, is_shaped},
};

/// What the service is made of.
#[derive(Debug)]
pub struct ProviderSetup {
    pub provider: OidcProvider,
    /// What people know it by.
    pub name: String,
    pub issuer: String,
    /// Nonces and verifiers follow from it.
    pub key: SecretString,
}

/// Signing in by way of a provider, if one is set up.
#[derive(Clone)]
pub struct ProviderService {
    identity: IdentityService,
    with: Option<Arc<ProviderSetup>>,
}

impl std::fmt::Debug for ProviderService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProviderService")
    }
}

/// 256 random bits that can stand in an address.
fn random() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

impl ProviderSetup {
    /// What follows from a state, for one use.
    fn derived(&self, label: &[u8], state: &str) -> ServiceResult<String> {
        let mac =
            Hmac::<Sha256>::new_from_slice(self.key.expose_secret().as_bytes()).map_err(ServiceError::internal)?;
        let bytes = mac.chain_update(label).chain_update(state.as_bytes()).finalize().into_bytes();
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn nonce(&self, state: &str) -> ServiceResult<String> {
        self.derived(b"arctiv.oidc.nonce.v1:", state)
    }

    fn pkce(&self, state: &str) -> ServiceResult<Pkce> {
        Ok(Pkce::from_verifier(self.derived(b"arctiv.oidc.pkce.v1:", state)?.into()))
    }
}

/// What people are told; what only operators can mend goes into the log.
fn problem_of(error: &OidcError) -> ProviderProblem {
    tracing::warn!(%error, "nobody was signed in by way of the provider");
    match error {
        OidcError::Away(_) => ProviderProblem::Away,
        OidcError::Refused(_) | OidcError::Untrusted(_) => ProviderProblem::Untrusted,
    }
}

/// The person's name as the provider tells it, as far as it can be one here.
fn name_of(person: &OidcPerson, email: &str) -> String {
    let clean = |text: &str| -> String {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        text.trim().chars().take(MAX_NAME).collect()
    };
    let told = person.name.as_deref().map(clean).filter(|name| !name.is_empty());
    told.unwrap_or_else(|| clean(email.split('@').next().unwrap_or(email)))
}

impl ProviderService {
    /// Without a setup there is no provider.
    pub fn new(identity: IdentityService, with: Option<ProviderSetup>) -> Self {
        Self { identity, with: with.map(Arc::new) }
    }

    /// Opens an account that is there.
    async fn enter(
        &self,
        with: &ProviderSetup,
        visitor: &Visitor,
        person: &OidcPerson,
        meant: &links::Meant,
    ) -> ServiceResult<Result<SignedIn, ProviderProblem>> {
        let refuse = |why: &'static str, problem| {
            if let Some(workspace) = meant.workspace {
                self.identity.note_refusal(visitor, meant.user, workspace, why);
            }
            Ok(Err(problem))
        };
        if !meant.is_active {
            return refuse("disabled", ProviderProblem::Closed);
        }
        if meant.tie != Tie::This {
            if !(person.email_verified && meant.confirmed) {
                return refuse("address not confirmed on both sides", ProviderProblem::Unconfirmed);
            }
            if meant.tie == Tie::Another {
                return refuse("linked to somebody else of the provider", ProviderProblem::SomebodyElse);
            }
        }
        let Some(workspace) = meant.workspace else { return Ok(Err(ProviderProblem::Closed)) };
        let now = self.identity.clock.now();
        let mut tx = self.identity.database.tenant_of(meant.user, workspace).await?;
        if meant.tie == Tie::This {
            links::touch(&mut tx, &with.issuer, &person.subject, now).await?;
        } else {
            links::link(&mut tx, self.identity.ids.next(), meant.user, &with.issuer, &person.subject, now).await?;
            let entry = Entry::at_the_door(visitor, workspace, meant.user, Action::UserProviderLinked, now);
            record(&mut tx, entry.is(json!({ "provider": with.name, "issuer": with.issuer })));
        }
        let me = store::me(&mut tx, meant.user, workspace).await?;
        let token = self.identity.open_session(&mut tx, visitor, meant.user, workspace, me.workspace.kind).await?;
        tx.commit().await?;
        tracing::info!(user_id = %meant.user, workspace_id = %workspace, "signed in by way of the provider");
        Ok(Ok(SignedIn { user: me.user, workspace: me.workspace, role: me.role, token }))
    }

    /// Registers somebody new.
    async fn register(
        &self,
        with: &ProviderSetup,
        visitor: &Visitor,
        person: &OidcPerson,
        email: &str,
        kind: WorkspaceKind,
    ) -> ServiceResult<Result<SignedIn, ProviderProblem>> {
        let full_name = name_of(person, email);
        let form = Register {
            email: email.to_owned(),
            // Nobody knows it. Whoever wants a password asks for a new one.
            password: random(),
            role: kind.as_str().to_owned(),
            full_name: full_name.clone(),
            agency_name: (kind == WorkspaceKind::Agency).then(|| full_name.clone()),
        };
        if !form.check().is_empty() {
            return Ok(Err(ProviderProblem::NoEmail));
        }
        let password_hash = self.identity.passwords.hash(form.password.clone()).await?;
        let now = self.identity.clock.now();
        let (user, workspace) = (UserId(self.identity.ids.next()), WorkspaceId(self.identity.ids.next()));
        let new_user = store::NewUser {
            id: user,
            email,
            password_hash: &password_hash,
            full_name: &full_name,
            kind,
            agency_name: form.agency_name.as_deref(),
            at: now,
        };
        let mut tx = self.identity.database.tenant_of(user, workspace).await?;
        self.identity.insert_person(&mut tx, visitor, &new_user, workspace, &form.workspace_name()).await?;
        links::link(&mut tx, self.identity.ids.next(), user, &with.issuer, &person.subject, now).await?;
        let entry = Entry::at_the_door(visitor, workspace, user, Action::UserProviderLinked, now);
        record(&mut tx, entry.is(json!({ "provider": with.name, "issuer": with.issuer })));
        if person.email_verified {
            links::confirm(&mut tx, now).await?;
        } else {
            let contact = store::Contact { email: email.to_owned(), full_name, confirmed: false };
            self.identity.send_confirmation(&mut tx, user, &contact, ConfirmationOf::Registration).await?;
        }
        let token = self.identity.open_session(&mut tx, visitor, user, workspace, kind).await?;
        let me = store::me(&mut tx, user, workspace).await?;
        tx.commit().await?;
        tracing::info!(user_id = %user, workspace_id = %workspace, kind = %kind, "registered by way of the provider");
        Ok(Ok(SignedIn { user: me.user, workspace: me.workspace, role: me.role, token }))
    }
}

#[async_trait]
impl Providers for ProviderService {
    fn name(&self) -> Option<String> {
        self.with.as_ref().map(|with| with.name.clone())
    }

    async fn begin(
        &self,
        _: &Visitor,
        next: Option<String>,
        kind: WorkspaceKind,
    ) -> ServiceResult<Result<ProviderStart, ProviderProblem>> {
        let with = self.with.as_ref().ok_or_else(|| ServiceError::not_found("sign-in service"))?;
        let (state, browser) = (random(), random());
        let url = match with.provider.authorize_url(&state, &with.nonce(&state)?, &with.pkce(&state)?).await {
            Ok(url) => url,
            Err(error) => return Ok(Err(problem_of(&error))),
        };
        let now = self.identity.clock.now();
        let mut tx = self.identity.database.public().await?;
        let row = links::NewState {
            id: self.identity.ids.next(),
            state_hash: hash(&state),
            browser_hash: hash(&browser),
            return_to: safe_next(next.as_deref()),
            kind,
            at: now,
            expires_at: now + PROVIDER_LIFE,
        };
        links::insert_state(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(Ok(ProviderStart { authorize_url: url.into(), browser: BrowserToken(browser) }))
    }

    async fn finish(
        &self,
        visitor: &Visitor,
        browser: Option<&BrowserToken>,
        callback: ProviderCallback,
    ) -> ServiceResult<Result<ProviderEntry, ProviderProblem>> {
        let with = self.with.as_ref().ok_or_else(|| ServiceError::not_found("sign-in service"))?;
        let state = callback.state.as_deref().filter(|state| is_shaped(state));
        let browser = browser.map(|browser| browser.0.as_str()).filter(|browser| is_shaped(browser));
        let (Some(state), Some(browser)) = (state, browser) else { return Ok(Err(ProviderProblem::Expired)) };
        let mut tx = self.identity.database.public().await?;
        let begun = links::consume(&mut tx, &hash(state), &hash(browser), self.identity.clock.now()).await?;
        tx.commit().await?;
        let Some((return_to, kind)) = begun else { return Ok(Err(ProviderProblem::Expired)) };
        if let Some(error) = callback.error.as_deref() {
            let refused =
                matches!(error, "access_denied" | "login_required" | "consent_required" | "interaction_required");
            return Ok(Err(if refused { ProviderProblem::Refused } else { ProviderProblem::Away }));
        }
        let code = callback.code.as_deref().filter(|code| !code.is_empty() && code.len() <= 4096);
        let Some(code) = code else { return Ok(Err(ProviderProblem::Away)) };
        let (nonce, pkce) = (with.nonce(state)?, with.pkce(state)?);
        let answer = with.provider.sign_in(&code.into(), callback.iss.as_deref(), &nonce, &pkce).await;
        let person = match answer {
            Ok(person) => person,
            Err(error) => return Ok(Err(problem_of(&error))),
        };
        let email = person.email.as_deref().map(normalize_email);
        let mut tx = self.identity.database.public().await?;
        let meant = links::meant(&mut tx, &with.issuer, &person.subject, email.as_deref()).await?;
        tx.commit().await?;
        let outcome = match (&meant, &email) {
            (Some(meant), _) => self.enter(with, visitor, &person, meant).await?,
            (None, Some(email)) => match self.register(with, visitor, &person, email, kind).await {
                // Somebody has taken the address in this very moment.
                Err(error) if error.code() == ErrorCode::Conflict => Err(ProviderProblem::Unconfirmed),
                other => other?,
            },
            (None, None) => Err(ProviderProblem::NoEmail),
        };
        Ok(outcome.map(|session| ProviderEntry { session, return_to }))
    }
}
