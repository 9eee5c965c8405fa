//! Fulfils [`Accounts`] for web requests.
//!
//! Connecting takes two requests with the platform's consent page between them. [`authorize`](Accounts::authorize)
//! leaves a state behind; [`callback`](Accounts::callback) uses it up first, in a transaction of its own, and only then
//! talks to the platform, so that no second callback gets as far. Codes live seconds (X: 30), so they are exchanged in
//! the callback itself. The tokens are sealed here and written blindly: the web's role cannot read them back.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, Actor, ConnectionEventId, ErrorCode, OauthStateId, Page, Platform, ServiceError, ServiceResult,
    accounts::{
        Account, AccountCounts, AccountFilter, AccountQuota, AccountStatus, Accounts, AuthorizeOptions, Callback,
        Connected, ConnectionEvent, ConnectionEventFilter, ConnectionEventType, Creator, LeftOut, OauthProblem,
        PlatformOffer, Withheld,
    },
    audit::Action,
    clock::{Clock, Ids},
    identity::safe_next,
    notifications::WebhookEvent,
    page::Window,
    posts::schedule,
};
use platforms::{Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Grant};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::Connection;
use url::Url;
use uuid::Uuid;
use vault::Vault;

use super::{
    jobs::{AskCreator, AskQuota, RefreshToken, RevokeAccess},
    oauth::{self, Answer},
    policy,
    store::{self, CreatorRow, NewEvent, NewState, QuotaRow, WantedEvents},
    tokens::seal,
};
use crate::{
    database::{Database, Tx, failed},
    features::{
        audit::in_tx::{Entry, record},
        notifications, workspaces,
    },
    jobs::enqueue,
    search,
};

/// Where a browser goes when nothing else was asked for.
const HOME: &str = "/accounts";

/// What the service is made of.
pub struct AccountsSetup {
    pub db: Database,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    /// The adapters of the configured platforms; their redirect addresses are [`super::callback_url`].
    pub platforms: Arc<platforms::Registry>,
    pub vault: Arc<Vault>,
    /// Where this Arctiv is reached from outside.
    pub public_url: Url,
    /// At least 32 bytes that only this server knows. PKCE verifiers follow from it; a change of it ends the
    /// authorizations under way, no more.
    pub oauth_key: SecretString,
}

impl fmt::Debug for AccountsSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountsSetup").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

/// [`Accounts`] over PostgreSQL and the platforms.
#[derive(Debug)]
pub struct AccountsService {
    with: AccountsSetup,
}

impl AccountsService {
    pub const fn new(setup: AccountsSetup) -> Self {
        Self { with: setup }
    }

    /// The platform's adapter; without one, `account` cannot be reconnected.
    fn adapter(&self, platform: Platform, account: Option<AccountId>) -> ServiceResult<&Arc<dyn Adapter>> {
        let unset = || oauth::failure(OauthProblem::NotConfigured, platform, account, None);
        self.with.platforms.get(platform).ok_or_else(unset)
    }

    /// A line for the log of something this actor did.
    fn event<'a>(
        &self,
        actor: &Actor,
        platform: Platform,
        account: Option<AccountId>,
        kind: ConnectionEventType,
        message: Option<&'a str>,
    ) -> NewEvent<'a> {
        NewEvent {
            id: ConnectionEventId(self.with.ids.next()),
            workspace: actor.workspace_id,
            account,
            platform,
            kind,
            message,
            status_code: None,
            user: Some(actor.user_id),
            at: self.with.clock.now(),
        }
    }

    /// Logs why an authorization failed; the error to return.
    async fn log_failure(
        &self,
        actor: &Actor,
        platform: Platform,
        account: Option<AccountId>,
        failed: Failed,
    ) -> ServiceResult<ServiceError> {
        let mut message = failed.problem.sentence(platform);
        if let Some(detail) = &failed.detail {
            message = format!("{message} ({detail})");
        }
        let mut event = self.event(actor, platform, account, ConnectionEventType::AuthorizationFailed, Some(&message));
        event.status_code = failed.source.as_ref().and_then(|error| error.http_status);
        let mut tx = self.with.db.tenant(actor).await?;
        store::add_event(&mut tx, &event).await?;
        let mut entry = Entry::by(actor, Action::AccountAuthorizationFailed, event.at);
        if let Some(account) = account {
            entry = entry.on(account, "");
        }
        record(&mut tx, entry.is(json!({ "platform": platform, "reason": message })));
        tx.commit().await?;
        Ok(oauth::failure(failed.problem, platform, account, failed.source))
    }

    /// Uses up the state of a callback, or says why it cannot be.
    async fn consume(
        &self,
        actor: &Actor,
        platform: Platform,
        state: Option<&SecretString>,
    ) -> ServiceResult<Result<store::State, (Option<AccountId>, OauthProblem)>> {
        let (Some(state), Some(session)) = (state, actor.session_id()) else {
            return Ok(Err((None, OauthProblem::StateUnknown)));
        };
        let hash = oauth::hash(state);
        let mut tx = self.with.db.tenant(actor).await?;
        if let Some(state) = store::consume_state(&mut tx, &hash, platform, session, self.with.clock.now()).await? {
            tx.commit().await?;
            return Ok(Ok(state));
        }
        let standing = store::state_standing(&mut tx, &hash, platform).await?;
        tx.commit().await?;
        Ok(Err(match standing {
            None => (None, OauthProblem::StateUnknown),
            Some(standing) if standing.consumed => (standing.account, OauthProblem::StateUsed),
            Some(standing) if standing.session != session => (standing.account, OauthProblem::OtherSession),
            Some(standing) if standing.expires_at <= self.with.clock.now() => {
                (standing.account, OauthProblem::StateExpired)
            }
            // Neither used, nor another's, nor too old, and yet not taken: it was used up between the two statements.
            Some(standing) => (standing.account, OauthProblem::StateUsed),
        }))
    }

    /// Takes the code to the platform.
    async fn exchange(
        &self,
        platform: Platform,
        state: &SecretString,
        callback: &Callback,
    ) -> ServiceResult<Result<Exchange, Failed>> {
        let code = match oauth::answer_of(callback) {
            Answer::Code(code) => code,
            Answer::Problem(problem, detail) => return Ok(Err(Failed { problem, detail, source: None })),
        };
        let Some(adapter) = self.with.platforms.get(platform) else {
            return Ok(Err(OauthProblem::NotConfigured.into()));
        };
        let pkce = adapter.traits().pkce.then(|| oauth::pkce(&self.with.oauth_key, state)).transpose()?;
        let request = ExchangeRequest { code: &code, pkce: pkce.as_ref() };
        Ok(adapter.exchange(&request).await.map_err(|error| Failed {
            problem: oauth::problem_of(&error),
            detail: Some(error.message.to_string()),
            source: Some(error),
        }))
    }

    /// Writes what was granted: each account, its sealed tokens and its line in the log.
    async fn keep(
        &self,
        actor: &Actor,
        platform: Platform,
        state: &store::State,
        exchange: Exchange,
    ) -> ServiceResult<Result<(Vec<Account>, Withheld), Failed>> {
        let mut tx = self.with.db.tenant(actor).await?;
        let ids: Vec<String> = exchange.grants.iter().map(|grant| grant.profile.external_id.clone()).collect();
        let held = store::held(&mut tx, platform, &ids).await?;
        let mut grants = exchange.grants;
        if let Some(wanted) = state.account {
            let wanted = require(store::find(&mut tx, wanted).await?)?;
            policy::reconnect(actor, &wanted)?;
            if !ids.contains(&wanted.external_account_id) {
                let detail = format!("{} was to be reconnected", wanted.display_name);
                return Ok(Err(Failed { detail: Some(detail), ..OauthProblem::OtherAccount.into() }));
            }
            // Who may only reconnect brings nothing new in, whatever was ticked at the platform.
            if !policy::may_connect(actor) {
                grants.retain(|grant| held.iter().any(|(id, _)| *id == grant.profile.external_id));
            }
        }
        let active = store::new_accounts_active(&mut tx, actor.workspace_id).await?;
        let mut connected = Vec::with_capacity(grants.len());
        let mut elsewhere = Vec::new();
        let mut withheld = Withheld::nothing(platform);
        for grant in &grants {
            let name = tidy(&grant.profile.display_name);
            match self.keep_one(&mut tx, actor, platform, grant, active).await? {
                Some(id) => {
                    withheld.lacks(&name, &grant.missing_scopes);
                    connected.push(id);
                }
                None => elsewhere.push(name),
            }
        }
        if connected.is_empty() {
            let detail = Some(elsewhere.join(", ")).filter(|names| !names.is_empty());
            return Ok(Err(Failed { detail, ..OauthProblem::ConnectedElsewhere.into() }));
        }
        for name in elsewhere {
            let message = format!("{} ({name})", OauthProblem::ConnectedElsewhere.sentence(platform));
            let event = self.event(actor, platform, None, ConnectionEventType::AuthorizationFailed, Some(&message));
            store::add_event(&mut tx, &event).await?;
            withheld.left_out.push(LeftOut { name, reason: OauthProblem::ConnectedElsewhere.sentence(platform) });
        }
        for left_out in exchange.left_out {
            let left_out = LeftOut { name: tidy(&left_out.name), reason: left_out.reason };
            let message = format!("{}: {}", left_out.name, left_out.reason);
            withheld.left_out.push(left_out);
            let event = self.event(actor, platform, None, ConnectionEventType::AuthorizationFailed, Some(&message));
            store::add_event(&mut tx, &event).await?;
        }
        let mut accounts = Vec::with_capacity(connected.len());
        for id in connected {
            accounts.push(require(store::find(&mut tx, id).await?)?);
        }
        if !withheld.is_empty() {
            store::put_withheld(&mut tx, state.id, &withheld).await?;
        }
        tx.commit().await?;
        Ok(Ok((accounts, withheld)))
    }

    /// `None` when another workspace holds the account; the others of the same authorization are not touched by that.
    async fn keep_one(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        platform: Platform,
        grant: &Grant,
        active: bool,
    ) -> ServiceResult<Option<AccountId>> {
        let now = self.with.clock.now();
        let display_name = tidy(&grant.profile.display_name);
        let handle = grant.profile.handle.as_deref().map(tidy);
        let avatar_url = grant.profile.avatar_url.as_deref().filter(|url| is_picture(url));
        let missing: Vec<String> = grant.missing_scopes.iter().map(|missing| missing.scope.clone()).collect();
        let row = store::Granted {
            id: AccountId(self.with.ids.next()),
            workspace: actor.workspace_id,
            platform,
            kind: grant.profile.kind,
            external_id: &grant.profile.external_id,
            display_name: &display_name,
            handle: handle.as_deref(),
            avatar_url,
            text_max: text_max(&grant.profile),
            grantor: &grant.grantor,
            scopes: &grant.tokens.scopes,
            missing_scopes: &missing,
            token_expires_at: grant.tokens.expires_at,
            active,
            user: actor.user_id,
            now,
        };
        let mut savepoint = tx.begin().await.map_err(failed)?;
        let id = match store::upsert(&mut savepoint, &row).await {
            Ok(id) => id,
            Err(sqlx::Error::Database(error)) if error.constraint() == Some("accounts_connected_once") => {
                savepoint.rollback().await.map_err(failed)?;
                return Ok(None);
            }
            Err(error) => return Err(failed(error)),
        };
        savepoint.commit().await.map_err(failed)?;
        let sealed = seal(&self.with.vault, id, &grant.tokens, now)?;
        store::put_tokens(tx, id, actor.workspace_id, &sealed).await?;
        let message = match grant.missing_scopes.as_slice() {
            [] => format!("Connected as {display_name}."),
            missing => {
                let costs: Vec<&str> = missing.iter().map(|missing| missing.costs.as_str()).collect();
                format!("Connected as {display_name}, not with every permission. {}", costs.join(" "))
            }
        };
        let event = self.event(actor, platform, Some(id), ConnectionEventType::AuthorizationSuccess, Some(&message));
        store::add_event(tx, &event).await?;
        let entry = Entry::by(actor, Action::AccountConnected, now).on(id, &display_name);
        record(tx, entry.is(json!({ "platform": platform, "scopes": grant.tokens.scopes, "missing_scopes": missing })));
        let (ids, event) = (self.with.ids.as_ref(), WebhookEvent::AccountConnected);
        notifications::in_tx::account_changed(tx, ids, now, actor.workspace_id, id, event).await?;
        Ok(Some(id))
    }
}

/// Why an authorization failed, with what only the log says.
struct Failed {
    problem: OauthProblem,
    detail: Option<String>,
    source: Option<platforms::PlatformError>,
}

impl From<OauthProblem> for Failed {
    fn from(problem: OauthProblem) -> Self {
        Self { problem, detail: None, source: None }
    }
}

#[async_trait]
impl Accounts for AccountsService {
    async fn offers(&self, _: &Actor) -> ServiceResult<Vec<PlatformOffer>> {
        let offer = |platform| {
            let spoken = self.with.platforms.get(platform).map(|adapter| adapter.api_version());
            PlatformOffer {
                platform,
                configured: spoken.is_some(),
                api_version_ends_on: spoken.as_ref().and_then(|version| version.ends_on),
                api_version: spoken.map(|version| version.version),
            }
        };
        Ok(platforms::supported().map(offer).collect())
    }

    async fn list(&self, actor: &Actor, filter: AccountFilter) -> ServiceResult<Page<Account>> {
        let window = filter.page.window()?;
        let pattern = filter.q.as_deref().map(search::pattern).transpose()?.flatten();
        let after = after(&window)?.map(AccountId);
        let mut tx = self.with.db.read(actor).await?;
        let (items, total) = store::list(&mut tx, &filter, pattern.as_deref(), &window, after).await?;
        let last = items.last().map(|account| account.id.0);
        Ok(page(items, total, &window, last))
    }

    async fn get(&self, actor: &Actor, id: AccountId) -> ServiceResult<Account> {
        let mut tx = self.with.db.read(actor).await?;
        let account = store::find(&mut tx, id).await?;
        require(account)
    }

    async fn counts(&self, actor: &Actor) -> ServiceResult<AccountCounts> {
        let mut tx = self.with.db.read(actor).await?;
        let counts = store::counts(&mut tx).await?;
        Ok(counts)
    }

    async fn events(
        &self,
        actor: &Actor,
        id: AccountId,
        filter: ConnectionEventFilter,
    ) -> ServiceResult<Page<ConnectionEvent>> {
        let window = filter.page.window()?;
        let after = after(&window)?.map(ConnectionEventId);
        let mut tx = self.with.db.read(actor).await?;
        require(store::find(&mut tx, id).await?)?;
        let wanted = wanted_events(&mut tx, actor, &filter).await?;
        let (limit, offset) = (i64::from(window.limit), i64::from(window.offset));
        let items = store::events(&mut tx, id, &wanted, after, limit, offset).await?;
        let total = store::count_events(&mut tx, id, &wanted).await?;
        let last = items.last().map(|event| event.id.0);
        Ok(page(items, total, &window, last))
    }

    async fn events_portion(
        &self,
        actor: &Actor,
        id: AccountId,
        filter: &ConnectionEventFilter,
        after: Option<ConnectionEventId>,
    ) -> ServiceResult<Vec<ConnectionEvent>> {
        let mut tx = self.with.db.read(actor).await?;
        require(store::find(&mut tx, id).await?)?;
        let wanted = wanted_events(&mut tx, actor, filter).await?;
        store::events(&mut tx, id, &wanted, after, LOG_PORTION, 0).await
    }

    async fn authorize(&self, actor: &Actor, platform: Platform, options: AuthorizeOptions) -> ServiceResult<String> {
        let Some(session) = actor.session_id() else {
            return Err(ServiceError::forbidden("Accounts are connected in a browser, by the person who owns them."));
        };
        if options.account_id.is_none() {
            policy::connect(actor)?;
        }
        let mut tx = self.with.db.tenant(actor).await?;
        let mut again = false;
        if let Some(id) = options.account_id {
            let account = require(store::find(&mut tx, id).await?)?;
            policy::reconnect(actor, &account)?;
            if account.platform != platform {
                let message = format!("This is a {} account.", account.platform.label());
                return Err(ServiceError::field("account_id", message));
            }
            again = !account.missing_scopes.is_empty();
        }
        let adapter = self.adapter(platform, options.account_id)?;
        let state = oauth::new_state();
        let pkce = adapter.traits().pkce.then(|| oauth::pkce(&self.with.oauth_key, &state)).transpose()?;
        let now = self.with.clock.now();
        let redirect_uri = super::callback_url(&self.with.public_url, platform);
        let row = NewState {
            id: self.with.ids.next().into(),
            workspace: actor.workspace_id,
            user: actor.user_id,
            session,
            platform,
            hash: &oauth::hash(&state),
            redirect_uri: redirect_uri.as_str(),
            account: options.account_id,
            return_to: safe_next(options.return_to.as_deref()).unwrap_or(HOME),
            scopes: &adapter.scopes(),
            expires_at: now + oauth::STATE_LIFE,
            now,
        };
        store::insert_state(&mut tx, &row).await?;
        let kind = ConnectionEventType::AuthorizationInitiated;
        store::add_event(&mut tx, &self.event(actor, platform, options.account_id, kind, None)).await?;
        let mut entry = Entry::by(actor, Action::AccountAuthorizationStarted, now);
        if let Some(account) = options.account_id {
            entry = entry.on(account, "");
        }
        record(&mut tx, entry.is(json!({ "platform": platform })));
        tx.commit().await?;
        let request = AuthorizeRequest { state: state.expose_secret(), pkce: pkce.as_ref(), again };
        Ok(adapter.authorize_url(&request).into())
    }

    async fn callback(&self, actor: &Actor, platform: Platform, callback: Callback) -> ServiceResult<Connected> {
        let presented = oauth::state_of(&callback);
        let state = match self.consume(actor, platform, presented.as_ref()).await? {
            Ok(state) => state,
            Err((account, problem)) => {
                return Err(self.log_failure(actor, platform, account, problem.into()).await?);
            }
        };
        policy::finish(actor, state.account.is_some())?;
        // A state was consumed, so one was presented.
        let presented = presented.unwrap_or_default();
        let kept = match self.exchange(platform, &presented, &callback).await? {
            Ok(exchange) => self.keep(actor, platform, &state, exchange).await?,
            Err(failed) => Err(failed),
        };
        match kept {
            Ok((accounts, withheld)) => Ok(Connected {
                accounts,
                return_to: state.return_to,
                withheld: (!withheld.is_empty()).then_some(state.id),
            }),
            Err(failed) => Err(self.log_failure(actor, platform, state.account, failed).await?),
        }
    }

    async fn withheld(&self, actor: &Actor, id: OauthStateId) -> ServiceResult<Withheld> {
        let mut tx = self.with.db.read(actor).await?;
        store::withheld(&mut tx, id).await?.ok_or_else(|| ServiceError::not_found("authorization"))
    }

    async fn set_active(&self, actor: &Actor, id: AccountId, active: bool) -> ServiceResult<Account> {
        policy::toggle(actor)?;
        let mut tx = self.with.db.tenant(actor).await?;
        let changed = store::set_active(&mut tx, id, active).await?;
        let account = require(store::find(&mut tx, id).await?)?;
        if changed {
            let action = if active { Action::AccountActivated } else { Action::AccountPaused };
            let entry = Entry::by(actor, action, self.with.clock.now()).on(id, &account.display_name);
            record(&mut tx, entry.was(json!({ "is_active": !active })).is(json!({ "is_active": active })));
        }
        tx.commit().await?;
        Ok(account)
    }

    async fn refresh(&self, actor: &Actor, id: AccountId) -> ServiceResult<Account> {
        policy::refresh(actor)?;
        let mut tx = self.with.db.tenant(actor).await?;
        let account = require(store::find(&mut tx, id).await?)?;
        if !matches!(account.status, AccountStatus::Connected | AccountStatus::Failed) {
            return Err(ServiceError::conflict("There is no access to renew. Reconnect this account."));
        }
        let version = store::token_version(&mut tx, id).await?;
        let version =
            version.ok_or_else(|| ServiceError::conflict("There is no access to renew. Reconnect this account."))?;
        enqueue(&mut tx, &RefreshToken { account_id: id, version, forced: true }, None).await?;
        let entry = Entry::by(actor, Action::AccountRefreshRequested, self.with.clock.now());
        record(&mut tx, entry.on(id, &account.display_name));
        tx.commit().await?;
        Ok(account)
    }

    async fn creator(&self, actor: &Actor, id: AccountId) -> ServiceResult<Creator> {
        policy::creator(actor)?;
        let now = self.with.clock.now();
        let mut tx = self.with.db.tenant(actor).await?;
        let account = require(store::find(&mut tx, id).await?)?;
        if account.platform != Platform::Tiktok {
            let label = account.platform.label();
            return Err(ServiceError::conflict(format!("{label} has no choices that only the creator can tell.")));
        }
        if account.status != AccountStatus::Connected {
            return Err(ServiceError::conflict("There is no access to ask with. Reconnect this account."));
        }
        let known = store::creator(&mut tx, id).await?;
        let ask = known.as_ref().is_none_or(|row| {
            let answered = row.answered_at.filter(|at| *at >= row.asked_at);
            match answered {
                // A question without an answer for long is lost, with the process that had it.
                None => now - row.asked_at > CREATOR_PATIENCE,
                Some(at) if row.problem.is_some() => now - at > CREATOR_PAUSE,
                Some(at) => now - at > CREATOR_FRESH,
            }
        });
        if !ask {
            return Ok(known.map_or_else(|| asked(id), |row| creator(row, now)));
        }
        store::ask_creator(&mut tx, actor.workspace_id, id, now).await?;
        enqueue(&mut tx, &AskCreator { account_id: id }, None).await?;
        tx.commit().await?;
        Ok(match known {
            Some(row) => Creator { pending: true, problem: None, ..creator(row, now) },
            None => asked(id),
        })
    }

    async fn creators(&self, actor: &Actor) -> ServiceResult<Vec<Creator>> {
        let now = self.with.clock.now();
        let mut tx = self.with.db.read(actor).await?;
        let rows = store::creators(&mut tx, now - CREATOR_KNOWN).await?;
        Ok(rows.into_iter().map(|row| creator(row, now)).collect())
    }

    async fn quotas(&self, actor: &Actor, accounts: &[AccountId]) -> ServiceResult<Vec<AccountQuota>> {
        policy::quotas(actor)?;
        let now = self.with.clock.now();
        let mut tx = self.with.db.tenant(actor).await?;
        let mut rows = store::quotas(&mut tx, accounts).await?;
        let tells = |row: &QuotaRow| {
            let platform = row.platform.parse().ok();
            platform.and_then(|one| self.with.platforms.get(one)).is_some_and(|adapter| adapter.traits().quotas)
        };
        rows.retain(tells);
        let known: Vec<_> = rows.into_iter().map(|row| quota(row, now)).collect();
        let to_ask: Vec<_> = known.iter().filter(|(_, ask)| *ask).map(|(quota, _)| quota.account_id).collect();
        if !to_ask.is_empty() {
            store::ask_quotas(&mut tx, actor.workspace_id, &to_ask, now).await?;
            for account_id in to_ask {
                enqueue(&mut tx, &AskQuota { account_id }, None).await?;
            }
            tx.commit().await?;
        }
        Ok(known.into_iter().map(|(quota, _)| quota).collect())
    }

    async fn unlink(&self, actor: &Actor, id: AccountId) -> ServiceResult<()> {
        policy::unlink(actor)?;
        let mut tx = self.with.db.tenant(actor).await?;
        let account = require(store::find(&mut tx, id).await?)?;
        let now = self.with.clock.now();
        store::disconnect(&mut tx, id, now).await?;
        let message = format!("{} was unlinked. Its tokens are being given back and deleted.", account.display_name);
        let kind = ConnectionEventType::Disconnected;
        store::add_event(&mut tx, &self.event(actor, account.platform, Some(id), kind, Some(&message))).await?;
        enqueue(&mut tx, &RevokeAccess { account_id: id }, None).await?;
        let entry = Entry::by(actor, Action::AccountUnlinked, now).on(id, &account.display_name);
        let (before, after) = (json!({ "status": account.status }), json!({ "status": AccountStatus::Disconnected }));
        record(&mut tx, entry.was(before).is(after));
        let (ids, event) = (self.with.ids.as_ref(), WebhookEvent::AccountUnlinked);
        notifications::in_tx::account_changed(&mut tx, ids, now, actor.workspace_id, id, event).await?;
        tx.commit().await
    }
}

/// Choices as old as this are asked for again: TikTok wants them fresh for every post.
const CREATOR_FRESH: Duration = Duration::minutes(1);
/// How long a question may stay without an answer before it is asked again.
const CREATOR_PATIENCE: Duration = Duration::seconds(30);
/// How long after a question that failed it is asked again.
const CREATOR_PAUSE: Duration = Duration::seconds(10);
/// Choices older than this are not held against anybody.
const CREATOR_KNOWN: Duration = Duration::hours(1);

/// A quota as old as this is asked for again.
const QUOTA_FRESH: Duration = Duration::minutes(5);
/// A quota older than this says nothing any more.
const QUOTA_KNOWN: Duration = Duration::hours(1);

/// A creator who has just been asked for the first time.
const fn asked(account_id: AccountId) -> Creator {
    Creator { account_id, choices: None, choices_at: None, pending: true, problem: None }
}

fn creator(row: CreatorRow, now: DateTime<Utc>) -> Creator {
    let pending = row.answered_at.is_none_or(|at| at < row.asked_at) && now - row.asked_at <= CREATOR_PATIENCE;
    Creator {
        account_id: row.account_id.into(),
        choices: row.choices.map(|choices| choices.0),
        choices_at: row.choices_at,
        pending,
        problem: row.problem.filter(|_| !pending),
    }
}

/// What is known, and whether the platform is to be asked now.
fn quota(row: QuotaRow, now: DateTime<Utc>) -> (AccountQuota, bool) {
    let waiting = row.asked_at.is_some_and(|asked| row.answered_at.is_none_or(|answered| answered < asked));
    // A question without an answer for long is lost, with the process that had it.
    let lost = row.asked_at.is_none_or(|asked| now - asked > CREATOR_PATIENCE);
    let stale = row.answered_at.is_none_or(|answered| now - answered > QUOTA_FRESH);
    let ask = if waiting { lost } else { stale };
    let known = row.quota.zip(row.quota_at).filter(|(_, at)| now - *at <= QUOTA_KNOWN);
    let quota = AccountQuota {
        account_id: row.account_id.into(),
        quota: known.map(|(quota, _)| quota.0),
        pending: ask || waiting,
    };
    (quota, ask)
}

/// Lines in one portion of an export of the connection log.
const LOG_PORTION: i64 = 500;

/// What a filter asks of the connection log; its days are the workspace's.
async fn wanted_events(tx: &mut Tx, actor: &Actor, filter: &ConnectionEventFilter) -> ServiceResult<WantedEvents> {
    let zone =
        if filter.needs_zone() { workspaces::in_tx::time_zone(tx, actor.workspace_id).await? } else { String::new() };
    let (from, behind) = filter.span(schedule::zone(&zone).unwrap_or(chrono_tz::Tz::UTC))?;
    let kinds: Vec<String> = filter.event_type.as_slice().iter().map(|kind| kind.as_str().to_owned()).collect();
    Ok(WantedEvents { kinds: (!kinds.is_empty()).then_some(kinds), from, behind })
}

fn require(account: Option<Account>) -> ServiceResult<Account> {
    account.ok_or_else(|| ServiceError::not_found("account"))
}

/// The id that a cursor names: the last of the page before.
fn after(window: &Window) -> ServiceResult<Option<Uuid>> {
    let Some(cursor) = &window.cursor else { return Ok(None) };
    let id = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok());
    id.map(Some).ok_or_else(|| ServiceError::field("cursor", "This cursor is not one of ours."))
}

fn page<T>(items: Vec<T>, total: i64, window: &Window, last: Option<Uuid>) -> Page<T> {
    let full = items.len() == window.limit as usize;
    // By offset the end is known; by cursor a full page may be the last, which the next one then shows by being empty.
    let reached = i64::from(window.offset) + i64::try_from(items.len()).unwrap_or(i64::MAX);
    let more = full && (window.cursor.is_some() || reached < total);
    let next_cursor = last.filter(|_| more).map(|id| URL_SAFE_NO_PAD.encode(id.as_bytes()));
    Page { items, total, limit: window.limit, offset: window.offset, next_cursor }
}

/// A name as the platform gave it, without control characters, and of a length that fits a line.
pub(super) fn tidy(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    let name = name.trim();
    if name.is_empty() { "(no name)".to_owned() } else { name.to_owned() }
}

/// Whether an address may stand in a page as a picture's.
pub(super) fn is_picture(url: &str) -> bool {
    url.len() <= 2000
        && Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.host().is_some())
}

/// The longest text of an account, as it is stored.
pub(super) fn text_max(profile: &platforms::Profile) -> Option<i32> {
    profile.text_max.and_then(|most| i32::try_from(most).ok()).filter(|most| *most > 0)
}

/// Something of the vault's failed; what, the log says.
pub(super) fn sealing_failed(error: vault::VaultError) -> ServiceError {
    ServiceError::new(ErrorCode::EncryptionError, "Something went wrong on our side. Please try again.").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_are_tidied() {
        assert_eq!(tidy("  Harbour\u{0} & \u{1b}[31mPine\n "), "Harbour & [31mPine");
        assert_eq!(tidy("\u{7}"), "(no name)");
        assert_eq!(tidy(&"x".repeat(1000)).len(), 200);
    }

    #[test]
    fn only_web_addresses_are_pictures() {
        assert!(is_picture("https://cdn.example/a.png"));
        for bad in ["javascript:alert(1)", "data:text/html,x", "//cdn.example/a.png", "https:", ""] {
            assert!(!is_picture(bad), "{bad}");
        }
    }

    #[test]
    fn cursors_are_ours_or_refused() {
        let id = Uuid::from_u128(7);
        let window = |cursor: String| Window { limit: 1, offset: 0, cursor: Some(cursor) };
        assert_eq!(after(&window(URL_SAFE_NO_PAD.encode(id.as_bytes()))).unwrap(), Some(id));
        for bad in ["", "x", "' or 1=1 --", "AAAA"] {
            assert_eq!(after(&window(bad.to_owned())).unwrap_err().code(), ErrorCode::ValidationError);
        }
    }
}
