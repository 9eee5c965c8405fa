//! How a token lives: opened just before use, renewed before it ends, given back when its account is unlinked. Besides
//! this folder only publishing sees an open token, and gets it here.
//!
//! **One renewal at a time.** X kills a refresh token by its first use, and the whole connection by its second. So
//! whoever wants to renew takes a lease in the account's row; the others wait for the winner's result. No transaction
//! is held over the call. The new pair and the lease's end are one write, which counts only if nobody has written since
//! (`token_version`): a person who reconnects in the meantime wins.
//!
//! **A process that dies in between** leaves the lease, which runs out, and the mark of the renewal's start. If the
//! platform then refuses the old token, the mark tells the true reason: its successor was lost on the way to us.
//!
//! **What disconnects.** Only the platform's word that access is gone: a refused refresh token, a revocation code, or a
//! 401 or 403 that is confirmed a minute later. Timeouts and 5xx never do; they are tried again after one minute, five,
//! fifteen and then every hour, and an account whose access has ended meanwhile is shown as failed until one succeeds. One
//! that has failed because its platform restricts it is kept fresh all the same, and comes back by a person's hand alone.
//!
//! **What limits.** Single permissions can be taken back while access stays. Where the platform names what it grants, in a
//! renewal or when asked, what is missing is shown on the account and told once. Where it does not, that it refuses to
//! publish is.

mod ending;
mod giving_back;
mod limits;
mod renewing;
mod sealing;

use std::{fmt, future::Future, sync::Arc, time::Duration as Wait};

use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, ConnectionEventId, Platform, ServiceError, ServiceResult, WorkspaceId,
    accounts::{AccountStatus, ConnectionEventType},
    clock::{Clock, Ids},
    deliveries::ErrorClass,
};
use futures::future::BoxFuture;
use platforms::{AccountKind, Adapter, CreatorChoices, PlatformError, PublishingQuota};
use tokio_util::task::TaskTracker;
use vault::Vault;

pub use limits::NOT_PERMITTED;
pub use sealing::Resealed;
pub(super) use sealing::seal;

use super::store::{self, Held, NewEvent};
use crate::{
    database::Database,
    gather::{Gather, together},
};

/// A token with less than this left is renewed before use; or with less than a tenth of its life, if that is more.
const LEAST_LEFT: Duration = Duration::minutes(5);
/// A token that could not be renewed is still used while it has this long.
const USABLE: Duration = Duration::seconds(30);
/// After this a call to renew is given up as unclear.
const CALL_LIMIT: Wait = Wait::from_secs(45);
/// Pauses after the first, second, third and every further failure in a row.
const PAUSES: [Duration; 4] = [Duration::minutes(1), Duration::minutes(5), Duration::minutes(15), Duration::hours(1)];
/// How long after a refused call the platform is asked once more.
pub(super) const CONFIRM_AFTER: Duration = Duration::minutes(1);
/// Begins what is shown where renewing failed. A failed account whose reason begins otherwise was stopped by its platform.
const NOT_RENEWED: &str = "Access could not be renewed: ";

/// What [`Tokens`] is made of.
pub struct TokensSetup {
    pub db: Database,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    /// The adapters of the configured platforms.
    pub platforms: Arc<platforms::Registry>,
    pub vault: Arc<Vault>,
}

impl fmt::Debug for TokensSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokensSetup").finish_non_exhaustive()
    }
}

/// The one way to an account's tokens. Cheap to clone; works under the worker's role.
#[derive(Clone, Debug)]
pub struct Tokens {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    with: TokensSetup,
    /// Renewals under way. They run to their end even if nobody waits for them any more.
    flights: TaskTracker,
    /// Rows that are being asked for.
    reads: Gather<AccountId, ServiceResult<Option<Held>>>,
}

/// An account ready to be used, for the one call it was opened for. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct OpenToken {
    pub account_id: AccountId,
    pub platform: Platform,
    /// Grows with every new pair; name it when the platform refuses the token.
    pub version: i64,
    /// The account's id at its platform.
    pub external_id: String,
    pub kind: AccountKind,
    pub tokens: platforms::Tokens,
    /// When the access token ends; `None`: not by time.
    pub expires_at: Option<DateTime<Utc>>,
}

impl OpenToken {
    /// As adapters take it.
    pub fn account(&self) -> platforms::Account {
        platforms::Account { external_id: self.external_id.clone(), kind: self.kind, tokens: self.tokens.clone() }
    }
}

/// Why there is no token to be had.
#[derive(Debug)]
pub enum TokenError {
    /// Access is gone and a person must reconnect; the message says why.
    Revoked { message: String },
    /// Not now: the platform cannot be reached, or is being asked whether access is still there.
    Retry { at: DateTime<Utc>, message: String },
    /// The account is unlinked or does not exist.
    Gone,
    /// Something of ours failed.
    Internal(ServiceError),
}

impl From<ServiceError> for TokenError {
    fn from(error: ServiceError) -> Self {
        Self::Internal(error)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked { message } | Self::Retry { message, .. } => f.write_str(message),
            Self::Gone => f.write_str("This account is no longer connected."),
            Self::Internal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TokenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Internal(error) => Some(error),
            _ => None,
        }
    }
}

/// What a platform is asked about an account; `None` where it has no such thing to say.
type Question<T> =
    for<'a> fn(&'a dyn Adapter, &'a platforms::Account) -> BoxFuture<'a, Result<Option<T>, PlatformError>>;

type TokenResult = Result<OpenToken, TokenError>;

/// Who is asking for a renewal, and how urgently.
#[derive(Clone, Copy, Debug)]
struct Wish {
    /// The version that will not do.
    stale: i64,
    /// The platform has refused the access token of that version.
    rejected: bool,
    /// Do not wait for the pause after a failure to end.
    at_once: bool,
}

impl Tokens {
    pub fn new(setup: TokensSetup) -> Self {
        Self { inner: Arc::new(Inner { with: setup, flights: TaskTracker::new(), reads: Gather::default() }) }
    }

    /// Opens an account for use. A token about to end is renewed first; if that fails for reasons that pass, the old one
    /// is handed out as long as it lasts.
    pub async fn open(&self, account: AccountId) -> TokenResult {
        let held = self.usable(account).await?;
        let now = self.now();
        if !held.is_due(now) {
            return self.unseal(account, held);
        }
        if !self.can_renew(&held, now) {
            return if held.lasts(now, Duration::zero()) {
                self.unseal(account, held)
            } else {
                Err(self.access_ended(account, &held).await?)
            };
        }
        match self.renew(account, Wish { stale: held.version, rejected: false, at_once: false }).await {
            Err(TokenError::Retry { .. }) if held.lasts(self.now(), USABLE) => self.unseal(account, held),
            other => other,
        }
    }

    /// After the platform's 401 to a token of `rejected_version`: a newer token if there is one by now, else a renewed
    /// one. Where there is no way to renew, a job asks the platform once more in a minute, and until it has,
    /// this is `Retry`.
    pub async fn refresh_rejected(&self, account: AccountId, rejected_version: i64) -> TokenResult {
        let held = self.usable(account).await?;
        if held.version > rejected_version {
            return self.unseal(account, held);
        }
        let now = self.now();
        if self.can_renew(&held, now) {
            return self.renew(account, Wish { stale: rejected_version, rejected: true, at_once: false }).await;
        }
        if !held.lasts(now, Duration::zero()) {
            return Err(self.access_ended(account, &held).await?);
        }
        self.doubt(account, held.version, None).await?;
        let message = format!("{} refused our access. We are asking once more to be sure.", held.platform.label());
        Err(TokenError::Retry { at: now + CONFIRM_AFTER + Duration::seconds(30), message })
    }

    /// Asks an account's platform what its creator may choose for a post.
    pub(super) async fn creator_choices(&self, account: AccountId) -> Result<CreatorChoices, TokenError> {
        self.ask(account, |adapter, account| adapter.creator_choices(account)).await
    }

    /// Asks an account's platform how much it may still publish.
    pub(super) async fn publishing_quota(&self, account: AccountId) -> Result<PublishingQuota, TokenError> {
        self.ask(account, |adapter, account| adapter.publishing_quota(account)).await
    }

    /// Asks an account's platform for what people want to know before they write. A refused token is renewed once.
    async fn ask<T>(&self, account: AccountId, question: Question<T>) -> Result<T, TokenError> {
        let mut open = self.open(account).await?;
        let mut renewed = false;
        loop {
            let error = match question(self.adapter(open.platform)?.as_ref(), &open.account()).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => return Err(TokenError::Gone),
                Err(error) => error,
            };
            match error.class {
                ErrorClass::AuthExpired if !renewed => {
                    renewed = true;
                    open = self.refresh_rejected(account, open.version).await?;
                }
                ErrorClass::AuthRevoked | ErrorClass::AuthExpired => {
                    let confirmed = error.class == ErrorClass::AuthRevoked;
                    self.revoked(&open, &error.message, error.http_status, confirmed).await?;
                    return Err(TokenError::Revoked { message: error.message.into_owned() });
                }
                _ => {
                    let at = error.retry_at.unwrap_or_else(|| self.now());
                    return Err(TokenError::Retry { at, message: error.message.into_owned() });
                }
            }
        }
    }

    /// Renews now, however long the token would last; where it cannot be renewed, asks the platform whether it still
    /// holds.
    pub async fn refresh_now(&self, account: AccountId) -> TokenResult {
        let held = self.held(account).await?;
        self.refresh_version(account, held.version, true).await
    }

    /// The same, unless there are newer tokens than `version` already.
    pub(super) async fn refresh_version(&self, account: AccountId, version: i64, at_once: bool) -> TokenResult {
        let held = self.held(account).await?;
        if held.version > version {
            return self.unseal(account, held);
        }
        if self.can_renew(&held, self.now()) {
            self.renew(account, Wish { stale: version, rejected: false, at_once }).await
        } else {
            self.confirm(account, held.version, None).await
        }
    }

    /// Waits for renewals under way: their answers may be the only working tokens there are. At shutdown, after the
    /// workers have stopped.
    pub async fn close(&self) {
        self.inner.flights.close();
        self.inner.flights.wait().await;
    }

    fn now(&self) -> DateTime<Utc> {
        self.inner.with.clock.now()
    }

    fn adapter(&self, platform: Platform) -> Result<&Arc<dyn Adapter>, TokenError> {
        self.inner.with.platforms.get(platform).ok_or_else(|| {
            let error = ServiceError::unavailable(format!("no adapter is configured for {platform}"));
            TokenError::Internal(error)
        })
    }

    /// Whether there is something to renew the token with, and it is old enough for the platform to take it. (Instagram
    /// refuses those of the first day.)
    fn can_renew(&self, held: &Held, now: DateTime<Utc>) -> bool {
        let adapter = self.inner.with.platforms.get(held.platform);
        let least = adapter.map_or_else(Duration::zero, |adapter| adapter.traits().renews_after);
        held.is_renewable(now) && now - held.tokens.obtained_at >= least
    }

    /// The row as it is now or becomes while this waits; together with others who ask for theirs.
    async fn read(&self, account: AccountId) -> ServiceResult<Option<Held>> {
        match self.inner.reads.with(account, |accounts| self.read_all(accounts)).await {
            Some(read) => read,
            // Whoever asked for this one has been given up.
            None => self.read_all(vec![account]).await.pop().unwrap_or(Ok(None)),
        }
    }

    /// One statement, no transaction.
    async fn read_all(&self, accounts: Vec<AccountId>) -> Vec<ServiceResult<Option<Held>>> {
        together(&accounts, |accounts| async move {
            let mut connection = self.inner.with.db.worker_connection().await?;
            let held = store::held_tokens_of(&mut connection, accounts).await?;
            // Cloned, as two may ask for one account.
            Ok(accounts.iter().map(|account| held.get(account).cloned()).collect())
        })
        .await
    }

    /// The account's row, if it is not unlinked.
    async fn held(&self, account: AccountId) -> Result<Held, TokenError> {
        let held = self.read(account).await?.ok_or(TokenError::Gone)?;
        if held.revoke_requested_at.is_some() || held.status == AccountStatus::Disconnected {
            return Err(TokenError::Gone);
        }
        Ok(held)
    }

    /// The account's row, if access is not known to be gone.
    async fn usable(&self, account: AccountId) -> Result<Held, TokenError> {
        let held = self.held(account).await?;
        if held.status == AccountStatus::ReconnectRequired {
            return Err(TokenError::Revoked { message: held.reason() });
        }
        Ok(held)
    }

    /// Name, picture and the longest text as they are now; a platform that does not say is no trouble.
    pub(super) async fn update_profile(&self, token: &OpenToken) -> ServiceResult<()> {
        let Some(adapter) = self.inner.with.platforms.get(token.platform) else { return Ok(()) };
        let Ok(profile) = limited(token.platform, adapter.identify(&token.account())).await else { return Ok(()) };
        let mut connection = self.inner.with.db.worker_connection().await?;
        store::show_profile(
            &mut connection,
            token.account_id,
            &super::service::tidy(&profile.display_name),
            profile.handle.as_deref().map(super::service::tidy).as_deref(),
            profile.avatar_url.as_deref().filter(|url| super::service::is_picture(url)),
            super::service::text_max(&profile),
        )
        .await
    }

    fn event<'a>(
        &self,
        account: AccountId,
        workspace: WorkspaceId,
        platform: Platform,
        kind: ConnectionEventType,
        message: Option<&'a str>,
        status_code: Option<u16>,
    ) -> NewEvent<'a> {
        NewEvent {
            id: ConnectionEventId(self.inner.with.ids.next()),
            workspace,
            account: Some(account),
            platform,
            kind,
            message,
            status_code,
            user: None,
            at: self.now(),
        }
    }
}

impl Held {
    /// Whether the token should be renewed before it is used.
    fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.tokens.expires_at.is_some_and(|ends| {
            let life = ends - self.tokens.obtained_at;
            ends - now < LEAST_LEFT.max(life / 10)
        })
    }

    /// Whether there is something to renew it with.
    fn is_renewable(&self, now: DateTime<Utc>) -> bool {
        self.tokens.refresh.is_some() && self.tokens.refresh_expires_at.is_none_or(|ends| ends > now)
    }

    /// Whether the access token has at least `margin` left.
    fn lasts(&self, now: DateTime<Utc>, margin: Duration) -> bool {
        self.tokens.expires_at.is_none_or(|ends| ends - now > margin)
    }

    /// Why the account must be reconnected.
    fn reason(&self) -> String {
        self.status_reason.clone().unwrap_or_else(|| "Please reconnect the account.".to_owned())
    }
}

/// A call that ends: the lease does, too.
async fn limited<T>(
    platform: Platform,
    call: impl Future<Output = Result<T, PlatformError>>,
) -> Result<T, PlatformError> {
    match tokio::time::timeout(CALL_LIMIT, call).await {
        Ok(result) => result,
        Err(_) => Err(PlatformError::new(platform, ErrorClass::Transient).with_code("timeout")),
    }
}
