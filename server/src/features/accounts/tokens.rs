//! How a token lives: opened just before use, renewed before it ends, given back when its account is unlinked. Besides
//! this file only publishing sees an open token, and gets it here.
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

use std::{fmt, future::Future, sync::Arc, time::Duration as Wait};

use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, ConnectionEventId, Platform, ServiceError, ServiceResult, WorkspaceId,
    accounts::{AccountStatus, ConnectionEventType, MissingScope},
    audit::Action,
    clock::{Clock, Ids},
    deliveries::ErrorClass,
};
use futures::future::BoxFuture;
use platforms::{AccountKind, Adapter, CreatorChoices, PlatformError, Probe, PublishingQuota, RevokeReach};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use vault::{Context, Vault};

use super::{
    jobs::{AccessRemoved, ConfirmAccess, RefreshToken},
    service::sealing_failed,
    store::{self, Ending, GrantedBy, Held, NewEvent, SealedTokens},
};
use crate::{
    database::{Database, Tx},
    features::{
        audit::in_tx::{Entry, record},
        notifications,
    },
    gather::{Gather, together},
    jobs::enqueue,
};

const TABLE: &str = "account_credentials";
const ACCESS: &str = "access_token_sealed";
const REFRESH: &str = "refresh_token_sealed";
const EXTRA: &str = "extra_sealed";

/// A token with less than this left is renewed before use; or with less than a tenth of its life, if that is more.
const LEAST_LEFT: Duration = Duration::minutes(5);
/// A token that could not be renewed is still used while it has this long.
const USABLE: Duration = Duration::seconds(30);
/// After this a call to renew is given up as unclear.
const CALL_LIMIT: Wait = Wait::from_secs(45);
/// Longer than the call and the write after it may take.
const LEASE: Duration = Duration::seconds(75);
/// How long the others wait for the winner.
const PATIENCE: Wait = Wait::from_secs(20);
/// Pauses after the first, second, third and every further failure in a row.
const PAUSES: [Duration; 4] = [Duration::minutes(1), Duration::minutes(5), Duration::minutes(15), Duration::hours(1)];
/// With this many failures in a row and an ended token, an account is shown as failed.
const TRIES: i16 = 3;
/// How long after a refused call the platform is asked once more.
pub(super) const CONFIRM_AFTER: Duration = Duration::minutes(1);
/// A doubt older than this is a new one: the job that was to end it is lost.
const DOUBT_LIFE: Duration = Duration::minutes(30);
/// How far a platform's clock may be behind ours when it says that access was taken back.
const CLOCKS_APART: Duration = Duration::minutes(10);
/// Begins what is shown where renewing failed. A failed account whose reason begins otherwise was stopped by its platform.
const NOT_RENEWED: &str = "Access could not be renewed: ";
/// Begins what is shown where a platform refuses to publish and does not name what is missing; a post that goes out ends it.
pub const NOT_PERMITTED: &str = "Publishing was refused for lack of a permission: ";
/// How long giving back may be tried before the tokens are deleted all the same.
const GIVE_BACK_FOR: Duration = Duration::minutes(5);

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

/// What a key rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Accounts whose tokens are now under the sealing key.
    pub resealed: u64,
    /// Accounts whose tokens no key of the ring opens. While there are any, no key should be taken out of the ring.
    pub unreadable: u64,
}

impl fmt::Display for Resealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accounts = |n: u64| if n == 1 { "1 account".to_owned() } else { format!("{n} accounts") };
        write!(f, "The tokens of {} were sealed anew.", accounts(self.resealed))?;
        match self.unreadable {
            0 => f.write_str(" Nothing is left under another key."),
            n => write!(f, " Those of {} could not be opened: keep the old keys, and see the log.", accounts(n)),
        }
    }
}

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

    /// Says that the platform refused `token`. `confirmed`: the platform said in as many words that access is gone, and
    /// the account is disconnected now. Else a job asks once more in a minute. Nothing happens if the account has newer
    /// tokens already.
    pub async fn revoked(
        &self,
        token: &OpenToken,
        message: &str,
        status_code: Option<u16>,
        confirmed: bool,
    ) -> ServiceResult<()> {
        if !confirmed {
            return self.doubt(token.account_id, token.version, None).await;
        }
        let mut tx = self.inner.with.db.worker().await?;
        let Some(held) = store::held_tokens(&mut tx, token.account_id).await? else { return Ok(()) };
        let trouble = Trouble {
            status: AccountStatus::ReconnectRequired,
            kind: ConnectionEventType::RevocationDetected,
            message,
            status_code,
        };
        self.show_trouble(&mut tx, token.account_id, held.workspace, held.platform, token.version, &trouble).await?;
        tx.commit().await
    }

    /// Says that the platform refused to publish for lack of a permission or a role. A job asks in a minute what is missing,
    /// unless the account shows something already.
    pub async fn not_permitted(&self, token: &OpenToken, message: &str) -> ServiceResult<()> {
        let Some(held) = self.read(token.account_id).await? else { return Ok(()) };
        if held.status != AccountStatus::Connected || held.status_reason.is_some() {
            return Ok(());
        }
        self.doubt(token.account_id, token.version, Some(message)).await
    }

    /// Waits for renewals under way: their answers may be the only working tokens there are. At shutdown, after the
    /// workers have stopped.
    pub async fn close(&self) {
        self.inner.flights.close();
        self.inner.flights.wait().await;
    }

    /// Seals everything anew that is not under the present sealing key and cipher. Safe while the program runs, and to
    /// break off.
    pub async fn reseal_all(&self) -> ServiceResult<Resealed> {
        const BATCH: i64 = 200;
        let vault = &self.inner.with.vault;
        let prefix = vault.sealing_prefix();
        let mut done = Resealed::default();
        let mut after = AccountId(Uuid::nil());
        loop {
            let mut tx = self.inner.with.db.worker().await?;
            let batch = store::stale(&mut tx, &prefix, after, BATCH).await?;
            let Some(last) = batch.last() else { return Ok(done) };
            after = last.account;
            for mut row in batch {
                let id = row.account;
                match reseal(vault, &mut row) {
                    Ok(()) => {
                        store::save_resealed(&mut tx, &row).await?;
                        done.resealed += 1;
                    }
                    Err(error) => {
                        tracing::error!(account = %id, %error, "tokens cannot be sealed anew");
                        done.unreadable += 1;
                    }
                }
            }
            tx.commit().await?;
            tracing::info!(done.resealed, done.unreadable, "sealing tokens anew");
        }
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

    fn unseal(&self, account: AccountId, held: Held) -> TokenResult {
        let vault = &self.inner.with.vault;
        let open = |sealed: &[u8], column| vault.open(sealed, &place(&account, column)).map_err(sealing_failed);
        let tokens = platforms::Tokens {
            access_token: open(&held.tokens.access, ACCESS)?,
            refresh_token: held.tokens.refresh.as_deref().map(|sealed| open(sealed, REFRESH)).transpose()?,
            expires_at: held.tokens.expires_at,
            refresh_expires_at: held.tokens.refresh_expires_at,
            scopes: held.scopes,
        };
        Ok(OpenToken {
            account_id: account,
            platform: held.platform,
            version: held.version,
            external_id: held.external_id,
            kind: held.kind,
            expires_at: tokens.expires_at,
            tokens,
        })
    }

    /// A token newer than the wish's, by renewing it or by waiting for whoever does.
    async fn renew(&self, account: AccountId, wish: Wish) -> TokenResult {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = Wait::from_millis(25);
        loop {
            let held = self.held(account).await?;
            if held.version > wish.stale {
                return self.unseal(account, held);
            }
            let now = self.now();
            if let Some(lease_until) = held.lease_until.filter(|until| *until > now) {
                if Instant::now() >= deadline {
                    let message = format!("{} is being asked for new access.", held.platform.label());
                    return Err(TokenError::Retry { at: lease_until.min(now + Duration::seconds(30)), message });
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Wait::from_secs(1));
                continue;
            }
            // The winner, if there was one, has found out that nothing can be done.
            if held.status == AccountStatus::ReconnectRequired && !wish.at_once {
                return Err(TokenError::Revoked { message: held.reason() });
            }
            if let Some(at) = held.retry_at.filter(|at| *at > now && !wish.at_once) {
                let message = format!("{} could not give us new access. We will try again.", held.platform.label());
                return Err(TokenError::Retry { at, message });
            }
            let adapter = Arc::clone(self.adapter(held.platform)?);
            if let Some(result) = self.take_off(account, held, wish, adapter).await {
                return result;
            }
        }
    }

    /// Takes the lease and renews, in a task of its own: a caller that gives up must not take the answer with it. `None`
    /// if somebody else was faster.
    async fn take_off(
        &self,
        account: AccountId,
        held: Held,
        wish: Wish,
        adapter: Arc<dyn Adapter>,
    ) -> Option<TokenResult> {
        let tokens = self.clone();
        let task = self.inner.flights.spawn(async move {
            let (now, owner) = (tokens.now(), tokens.inner.with.ids.next());
            let lease = match tokens.take_lease(account, held.version, owner, now, false).await {
                Ok(lease) => lease?,
                Err(error) => return Some(Err(error.into())),
            };
            let flight = Flight { account, held, owner, began: now, interrupted: lease.started_at < now, wish };
            Some(tokens.fly(flight, adapter).await)
        });
        task.await.unwrap_or_else(|error| Some(Err(TokenError::Internal(ServiceError::internal(error)))))
    }

    async fn take_lease(
        &self,
        account: AccountId,
        version: i64,
        owner: Uuid,
        now: DateTime<Utc>,
        unlinked: bool,
    ) -> ServiceResult<Option<store::Lease>> {
        let mut connection = self.inner.with.db.worker_connection().await?;
        store::take_lease(&mut connection, account, version, owner, now, now + LEASE, unlinked).await
    }

    async fn fly(&self, flight: Flight, adapter: Arc<dyn Adapter>) -> TokenResult {
        let account = flight.account;
        let version = flight.held.version;
        let rotates = adapter.traits().rotates;
        let old = match self.unseal(account, flight.held.clone()) {
            Ok(old) => old,
            Err(error) => {
                let mut tx = self.inner.with.db.worker().await?;
                store::end_lease(&mut tx, account, version, flight.owner, true).await?;
                tx.commit().await?;
                return Err(error);
            }
        };
        let platform = adapter.platform();
        match limited(platform, adapter.refresh(&old.account())).await {
            Ok(tokens) => {
                count_refresh(platform, "renewed");
                self.renewed(&flight, tokens).await
            }
            Err(error) if is_final(&error, &flight, self.now()) => {
                count_refresh(platform, "refused");
                self.refused(&flight, rotates, error).await
            }
            Err(error) => {
                count_refresh(platform, "failed");
                self.failed(&flight, rotates, error).await
            }
        }
    }

    /// Keeps new tokens. The old ones may be dead, so a database that is away is waited for.
    async fn renewed(&self, flight: &Flight, tokens: platforms::Tokens) -> TokenResult {
        let now = self.now();
        let sealed = seal(&self.inner.with.vault, flight.account, &tokens, flight.began)?;
        let deadline = Instant::now() + PATIENCE;
        let mut pause = Wait::from_millis(100);
        let saved = loop {
            match self.save_renewed(flight, &sealed, &tokens, now).await {
                Ok(saved) => break saved,
                Err(error) if Instant::now() < deadline => {
                    tracing::warn!(account = %flight.account, %error, "new tokens could not be saved yet");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Wait::from_secs(2));
                }
                Err(error) => {
                    tracing::error!(account = %flight.account, "new tokens could not be saved and are lost");
                    return Err(error.into());
                }
            }
        };
        if !saved {
            // Reconnected, or renewed by somebody else, while the platform was being asked: theirs count.
            let held = self.usable(flight.account).await?;
            return self.unseal(flight.account, held);
        }
        Ok(OpenToken {
            account_id: flight.account,
            platform: flight.held.platform,
            version: flight.held.version + 1,
            external_id: flight.held.external_id.clone(),
            kind: flight.held.kind,
            expires_at: tokens.expires_at,
            tokens,
        })
    }

    async fn save_renewed(
        &self,
        flight: &Flight,
        sealed: &SealedTokens,
        tokens: &platforms::Tokens,
        now: DateTime<Utc>,
    ) -> ServiceResult<bool> {
        let mut tx = self.inner.with.db.worker().await?;
        let saved = store::save_renewed(&mut tx, flight.account, flight.held.version, sealed).await?;
        if saved {
            let (account, scopes) = (flight.account, &tokens.scopes);
            store::show_renewed(&mut tx, account, scopes, tokens.expires_at, now, NOT_RENEWED).await?;
            let event = self.event(
                flight.account,
                flight.held.workspace,
                flight.held.platform,
                ConnectionEventType::TokenRefreshed,
                None,
                None,
            );
            store::add_event(&mut tx, &event).await?;
            self.scopes_told(&mut tx, account, flight.held.workspace, flight.held.kind, scopes).await?;
        }
        tx.commit().await?;
        Ok(saved)
    }

    /// The platform will not renew, for good.
    async fn refused(&self, flight: &Flight, rotates: bool, error: PlatformError) -> TokenResult {
        let label = flight.held.platform.label();
        let message = if flight.interrupted && rotates {
            format!(
                "Renewing access to this {label} account was interrupted before we could save {label}'s answer, so our \
                 access is lost. Please reconnect the account."
            )
        } else {
            format!("{} Please reconnect the account.", error.message)
        };
        let mut tx = self.inner.with.db.worker().await?;
        let ours = store::end_lease(&mut tx, flight.account, flight.held.version, flight.owner, true).await?;
        if !ours {
            drop(tx);
            // Somebody else has written since. What they wrote is the truth.
            let held = self.usable(flight.account).await?;
            return if held.version > flight.held.version {
                self.unseal(flight.account, held)
            } else {
                Err(TokenError::Retry { at: self.now() + PAUSES[0], message })
            };
        }
        let kind = match error.class {
            ErrorClass::AuthExpired => ConnectionEventType::TokenExpired,
            _ => ConnectionEventType::RevocationDetected,
        };
        let trouble = Trouble {
            status: AccountStatus::ReconnectRequired,
            kind,
            message: &message,
            status_code: error.http_status,
        };
        let held = &flight.held;
        self.show_trouble(&mut tx, flight.account, held.workspace, held.platform, held.version, &trouble).await?;
        tx.commit().await?;
        tracing::info!(account = %flight.account, platform = %held.platform, code = error.code, "access is gone");
        Err(TokenError::Revoked { message })
    }

    /// The platform could not be asked, or would not answer: that says nothing about the account.
    async fn failed(&self, flight: &Flight, rotates: bool, error: PlatformError) -> TokenResult {
        let held = &flight.held;
        let now = self.now();
        let failures = held.failures.saturating_add(1);
        let pause =
            usize::try_from(held.failures).ok().and_then(|n| PAUSES.get(n)).copied().unwrap_or(Duration::hours(1));
        let at = error.retry_at.map_or(now + pause, |retry_at| retry_at.max(now + pause));
        // A rotating platform may have taken the old token although we saw no answer. The mark stays then.
        let clear_mark = !rotates || error.http_status.is_some_and(|status| status < 500);
        let message = format!("{NOT_RENEWED}{}", error.message);
        let mut tx = self.inner.with.db.worker().await?;
        if store::save_failure(&mut tx, flight.account, held.version, flight.owner, at, clear_mark).await? {
            let event = self.event(
                flight.account,
                held.workspace,
                held.platform,
                ConnectionEventType::AuthorizationFailed,
                Some(&message),
                error.http_status,
            );
            store::add_event(&mut tx, &event).await?;
            if failures >= TRIES && !held.lasts(now, Duration::zero()) {
                let status = AccountStatus::Failed;
                if store::set_trouble(&mut tx, flight.account, held.version, status, &message).await? {
                    record(&mut tx, lost(held.workspace, flight.account, held.platform, status, &message, now));
                    self.tell_lost(&mut tx, held.workspace, flight.account).await?;
                }
            }
        }
        tx.commit().await?;
        if error.class == ErrorClass::Operator {
            tracing::error!(platform = %held.platform, code = error.code, status = error.http_status,
                "the platform refused the app itself, so no account of it can be renewed");
        } else {
            tracing::warn!(account = %flight.account, platform = %held.platform, code = error.code,
                status = error.http_status, failures, "access could not be renewed");
        }
        Err(TokenError::Retry { at, message })
    }

    /// The access token has ended and nothing renews it: says so once.
    async fn access_ended(&self, account: AccountId, held: &Held) -> ServiceResult<TokenError> {
        let mut tx = self.inner.with.db.worker().await?;
        let message = ended_message(held.platform);
        self.show_ended(&mut tx, account, held.workspace, held.platform, held.version, &message).await?;
        tx.commit().await?;
        Ok(TokenError::Revoked { message })
    }

    async fn show_ended(
        &self,
        tx: &mut Tx,
        account: AccountId,
        workspace: WorkspaceId,
        platform: Platform,
        version: i64,
        message: &str,
    ) -> ServiceResult<()> {
        let trouble = Trouble {
            status: AccountStatus::ReconnectRequired,
            kind: ConnectionEventType::TokenExpired,
            message,
            status_code: None,
        };
        self.show_trouble(tx, account, workspace, platform, version, &trouble).await
    }

    /// Shows on the account what is wrong with it, and logs it the first time.
    async fn show_trouble(
        &self,
        tx: &mut Tx,
        account: AccountId,
        workspace: WorkspaceId,
        platform: Platform,
        version: i64,
        trouble: &Trouble<'_>,
    ) -> ServiceResult<()> {
        if store::set_trouble(tx, account, version, trouble.status, trouble.message).await? {
            let event =
                self.event(account, workspace, platform, trouble.kind, Some(trouble.message), trouble.status_code);
            store::add_event(tx, &event).await?;
            record(tx, lost(workspace, account, platform, trouble.status, trouble.message, event.at));
            self.tell_lost(tx, workspace, account).await?;
        }
        Ok(())
    }

    async fn tell_lost(&self, tx: &mut Tx, workspace: WorkspaceId, account: AccountId) -> ServiceResult<()> {
        notifications::in_tx::account_lost(tx, self.inner.with.ids.as_ref(), self.now(), workspace, account).await
    }

    /// Compares what a platform says it grants with what it is asked for. What is taken back is shown, logged and told once;
    /// what is given again is no longer missing.
    async fn scopes_told(
        &self,
        tx: &mut Tx,
        id: AccountId,
        workspace: WorkspaceId,
        kind: AccountKind,
        scopes: &[String],
    ) -> ServiceResult<()> {
        let Some(account) = store::find(tx, id).await? else { return Ok(()) };
        let platform = account.platform;
        // Every account is granted something: a list of nothing tells nothing.
        let Some(adapter) = self.inner.with.platforms.get(platform).filter(|_| !scopes.is_empty()) else {
            return Ok(());
        };
        let mut names = adapter.scopes_of(kind);
        names.retain(|scope| !scopes.contains(scope));
        let missing = platforms::missing_scopes(platform, &names);
        let before = &account.missing_scopes;
        let taken = |one: &&MissingScope| !before.contains(one);
        let given: Vec<&str> =
            before.iter().filter(|one| !missing.contains(one)).map(|one| one.scope.as_str()).collect();
        let any_taken = missing.iter().any(|one| taken(&one));
        if !any_taken && given.is_empty() {
            return Ok(());
        }
        // What was unticked on purpose when the account was connected is no news, and stays out of the words.
        let shown = account.status_reason.as_deref().unwrap_or_default();
        let news: Vec<&MissingScope> = missing.iter().filter(|one| taken(one) || shown.contains(&one.costs)).collect();
        let lacks = (!news.is_empty()).then(|| taken_back(platform, &news));
        store::show_scopes(tx, id, scopes, &names, lacks.as_deref()).await?;
        let now = self.now();
        let (was, is) = (before.iter().map(|one| &one.scope).collect::<Vec<_>>(), &names);
        let entry = Entry::by_itself(workspace, Action::AccountPermissionsChanged, now).on(id, "");
        let entry = entry.was(json!({ "missing_scopes": was }));
        record(tx, entry.is(json!({ "platform": platform, "missing_scopes": is })));
        if !given.is_empty() {
            let message = format!("{} gives us permission again: {}.", platform.label(), given.join(", "));
            let kind = ConnectionEventType::TokenRefreshed;
            store::add_event(tx, &self.event(id, workspace, platform, kind, Some(&message), None)).await?;
        }
        if any_taken {
            let kind = ConnectionEventType::RevocationDetected;
            store::add_event(tx, &self.event(id, workspace, platform, kind, lacks.as_deref(), None)).await?;
            // Of one that has failed they know, and reconnecting it tells the rest.
            if account.status == AccountStatus::Connected {
                self.tell_limited(tx, workspace, id).await?;
            }
        }
        Ok(())
    }

    /// Shows, where nothing says more, that an account's platform refused to publish for lack of a permission.
    async fn show_not_permitted(
        &self,
        id: AccountId,
        workspace: WorkspaceId,
        platform: Platform,
        message: &str,
    ) -> ServiceResult<()> {
        let mut tx = self.inner.with.db.worker().await?;
        let account = store::find(&mut tx, id).await?;
        // That it cannot publish is named already.
        if account.is_none_or(|account| account.missing_scopes.iter().any(|missing| missing.needed_to_publish)) {
            return Ok(());
        }
        let lacks = format!(
            "{NOT_PERMITTED}{message} Please reconnect the account and allow everything on the list, or ask for the \
             missing role there."
        );
        if store::show_lack(&mut tx, id, &lacks).await? {
            let kind = ConnectionEventType::AuthorizationFailed;
            store::add_event(&mut tx, &self.event(id, workspace, platform, kind, Some(&lacks), None)).await?;
            self.tell_limited(&mut tx, workspace, id).await?;
        }
        tx.commit().await
    }

    async fn tell_limited(&self, tx: &mut Tx, workspace: WorkspaceId, account: AccountId) -> ServiceResult<()> {
        notifications::in_tx::account_limited(tx, self.inner.with.ids.as_ref(), self.now(), workspace, account).await
    }

    /// One refusal is not proof. A job asks once more in a minute. `not_permitted`: what the platform said, where it refused
    /// a post for lack of a permission.
    async fn doubt(&self, account: AccountId, version: i64, not_permitted: Option<&str>) -> ServiceResult<()> {
        let now = self.now();
        let mut tx = self.inner.with.db.worker().await?;
        if store::begin_doubt(&mut tx, account, version, now, now - DOUBT_LIFE).await? {
            let not_permitted = not_permitted.map(str::to_owned);
            let job = ConfirmAccess { account_id: account, version, not_permitted };
            enqueue(&mut tx, &job, Some(now + CONFIRM_AFTER)).await?;
        }
        tx.commit().await
    }

    /// Asks the platform whether access of this version is still there, and disconnects if it is not. `not_permitted` as in
    /// [`doubt`](Self::doubt).
    pub(super) async fn confirm(&self, account: AccountId, version: i64, not_permitted: Option<&str>) -> TokenResult {
        let held = self.held(account).await?;
        if held.version > version {
            return self.unseal(account, held);
        }
        let (workspace, platform) = (held.workspace, held.platform);
        let open = self.ask_whether_there(account, held, not_permitted.is_none()).await?;
        if let Some(message) = not_permitted {
            self.show_not_permitted(account, workspace, platform, message).await?;
        }
        Ok(open)
    }

    /// `rejected`: the token itself was refused.
    async fn ask_whether_there(&self, account: AccountId, held: Held, rejected: bool) -> TokenResult {
        let (version, kind) = (held.version, held.kind);
        let adapter = Arc::clone(self.adapter(held.platform)?);
        let workspace = held.workspace;
        let can_renew = self.can_renew(&held, self.now());
        let token = self.unseal(account, held)?;
        let mut told = None;
        let evidence = match limited(token.platform, adapter.probe(&token.account())).await {
            Ok(Probe::Alive { scopes, .. }) => {
                told = scopes;
                None
            }
            Ok(Probe::Gone { reason, .. }) => Some((reason, None)),
            Ok(Probe::AskByRefresh) if can_renew => {
                let wish = Wish { stale: version, rejected, at_once: true };
                return self.renew(account, wish).await;
            }
            // No free way to ask, and nothing to renew with: the account itself is asked for its name.
            Ok(Probe::AskByRefresh) => match limited(token.platform, adapter.identify(&token.account())).await {
                Ok(_) => None,
                Err(error) if is_evidence(&error) => Some((error.message.to_string(), error.http_status)),
                Err(error) => return Err(self.ask_later(error)),
            },
            Err(error) if is_evidence(&error) => Some((error.message.to_string(), error.http_status)),
            Err(error) => return Err(self.ask_later(error)),
        };
        let mut tx = self.inner.with.db.worker().await?;
        let Some((reason, status_code)) = evidence else {
            let current = store::end_doubt(&mut tx, account, version, self.now(), NOT_RENEWED).await?;
            if let Some(scopes) = told.filter(|_| current) {
                self.scopes_told(&mut tx, account, workspace, kind, &scopes).await?;
            }
            tx.commit().await?;
            return Ok(token);
        };
        let message = format!("{reason} Please reconnect the account.");
        let trouble = Trouble {
            status: AccountStatus::ReconnectRequired,
            kind: ConnectionEventType::RevocationDetected,
            message: &message,
            status_code,
        };
        self.show_trouble(&mut tx, account, workspace, token.platform, version, &trouble).await?;
        tx.commit().await?;
        Err(TokenError::Revoked { message })
    }

    fn ask_later(&self, error: PlatformError) -> TokenError {
        let soon = self.now() + PAUSES[1];
        TokenError::Retry { at: error.retry_at.map_or(soon, |at| at.max(soon)), message: error.message.into_owned() }
    }

    /// Name and picture as they are now; a platform that does not say is no trouble.
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
        )
        .await
    }

    /// Gives an unlinked account's access back to the platform as well as it can, and deletes the tokens. The moment to
    /// come back, if the platform could not be reached and there is still time.
    pub(super) async fn give_back(&self, account: AccountId) -> ServiceResult<Option<DateTime<Utc>>> {
        let Some(held) = self.read(account).await? else { return Ok(None) };
        // Connected again in the meantime.
        let Some(requested_at) = held.revoke_requested_at else { return Ok(None) };
        let now = self.now();
        let owner = self.inner.with.ids.next();
        // A renewal under way would put new tokens into the place of those that are given back.
        if self.take_lease(account, held.version, owner, now, true).await?.is_none() {
            return Ok(Some(held.lease_until.unwrap_or(now).max(now) + Duration::seconds(1)));
        }
        let (platform, version) = (held.platform, held.version);
        if let Err(error) = self.revoke_at_platform(account, held).await {
            let at = error.retry_at.unwrap_or(now).max(now + PAUSES[0]);
            if at < requested_at + GIVE_BACK_FOR {
                let mut tx = self.inner.with.db.worker().await?;
                store::end_lease(&mut tx, account, version, owner, true).await?;
                tx.commit().await?;
                return Ok(Some(at));
            }
            tracing::warn!(%account, %platform, code = error.code, status = error.http_status,
                "access could not be given back at the platform; its tokens are deleted here");
        }
        let mut tx = self.inner.with.db.worker().await?;
        store::delete_unlinked(&mut tx, account).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// Tells the platform, unless that would take other accounts with it. What cannot be opened or asked is let go.
    async fn revoke_at_platform(&self, account: AccountId, held: Held) -> Result<(), PlatformError> {
        let platform = held.platform;
        let Some(adapter) = self.inner.with.platforms.get(platform) else { return Ok(()) };
        if adapter.traits().revokes == RevokeReach::Grantor {
            let others = async {
                let mut connection = self.inner.with.db.worker_connection().await?;
                store::grantor_has_others(&mut connection, account, platform, &held.grantor).await
            };
            // If that cannot be learned, the others are not put at risk.
            if others.await.unwrap_or(true) {
                return Ok(());
            }
        }
        match self.unseal(account, held) {
            Ok(token) => match limited(platform, adapter.revoke(&token.account())).await {
                // It was gone already.
                Err(error) if error.is_about_access() => Ok(()),
                other => other,
            },
            Err(error) => {
                tracing::error!(%account, %error, "the tokens of an unlinked account cannot be opened");
                Ok(())
            }
        }
    }

    /// A platform says that a person has taken access back, or wants to be forgotten.
    ///
    /// It counts at once for access that is older than the news. An account that has newer access is left alone: the
    /// news is about what it had before, and comes late or again. Where the two are too close for two clocks to tell,
    /// the platform is asked.
    pub(super) async fn access_removed(&self, news: &AccessRemoved) -> ServiceResult<()> {
        let now = self.now();
        // Platforms tell the second.
        let until = news.at + Duration::seconds(1);
        let platforms: Vec<String> = news.platforms.iter().map(ToString::to_string).collect();
        let message = format!("{} Please reconnect the account.", news.reason);
        let mut tx = self.inner.with.db.worker().await?;
        for granted in store::granted_by(&mut tx, &platforms, &news.grantor).await? {
            let GrantedBy { account, workspace, platform, version, since } = granted;
            if since > until + CLOCKS_APART {
                continue;
            }
            let unsure = since > until;
            match (version, &news.deletion) {
                // A person who asks to be forgotten is, unless they have connected again since.
                (_, Some(_)) => {
                    store::forget(&mut tx, account, now).await?;
                    let kind = ConnectionEventType::Disconnected;
                    let words = "Removed at the request of the person who connected it, as the platform told us.";
                    let event = self.event(account, workspace, platform, kind, Some(words), None);
                    store::add_event(&mut tx, &event).await?;
                    record(&mut tx, lost(workspace, account, platform, AccountStatus::Disconnected, words, now));
                    self.tell_lost(&mut tx, workspace, account).await?;
                }
                (Some(version), None) if unsure => {
                    if store::begin_doubt(&mut tx, account, version, now, now - DOUBT_LIFE).await? {
                        let job = ConfirmAccess { account_id: account, version, not_permitted: None };
                        enqueue(&mut tx, &job, None).await?;
                    }
                }
                (Some(version), None) => {
                    let trouble = Trouble {
                        status: AccountStatus::ReconnectRequired,
                        kind: ConnectionEventType::RevocationDetected,
                        message: &message,
                        status_code: None,
                    };
                    self.show_trouble(&mut tx, account, workspace, platform, version, &trouble).await?;
                }
                // Unlinked, and its tokens are gone already.
                (None, None) => {}
            }
        }
        if let Some(code) = &news.deletion {
            store::complete_deletion(&mut tx, code, now).await?;
        }
        tx.commit().await?;
        tracing::info!(platform = %platforms.join(", "), deletion = news.deletion.is_some(), "access was taken back");
        Ok(())
    }

    /// Starts what is due: a job per token to renew, a word to accounts that will end, the end of those that have, and
    /// the deletion of tokens that should be gone.
    pub(super) async fn sweep(&self, ends_within: Duration, reminds: bool) -> ServiceResult<()> {
        let now = self.now();
        let mut tx = self.inner.with.db.worker().await?;
        for ending in store::ended(&mut tx, now).await? {
            let Ending { account, workspace, platform, version, .. } = ending;
            self.show_ended(&mut tx, account, workspace, platform, version, &ended_message(platform)).await?;
        }
        for account in store::delete_unlinked_before(&mut tx, now - GIVE_BACK_FOR * 2).await? {
            tracing::warn!(%account, "tokens of an unlinked account were still there and have been deleted");
        }
        if reminds {
            for ending in store::ending_unreminded(&mut tx, now, now + Duration::days(10)).await? {
                let label = ending.platform.label();
                let message = format!(
                    "Access ends on {}, and {label} gives us no way to renew it. Please reconnect the account before then.",
                    ending.expires_at.format("%-d %B %Y")
                );
                let kind = ConnectionEventType::ReconnectionPrompted;
                let event = self.event(ending.account, ending.workspace, ending.platform, kind, Some(&message), None);
                store::add_event(&mut tx, &event).await?;
                let ids = self.inner.with.ids.as_ref();
                notifications::in_tx::account_expiring(&mut tx, ids, now, ending.workspace, ending.account).await?;
            }
        }
        let refresh_ends_before = reminds.then(|| now + ends_within);
        for (account_id, version) in
            store::due_for_renewal(&mut tx, now, now + ends_within, refresh_ends_before).await?
        {
            enqueue(&mut tx, &RefreshToken { account_id, version, forced: false }, None).await?;
        }
        tx.commit().await
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

/// A renewal under its lease.
struct Flight {
    account: AccountId,
    /// As it was when the lease was taken.
    held: Held,
    owner: Uuid,
    began: DateTime<Utc>,
    /// Somebody began a renewal before and was not seen to end it.
    interrupted: bool,
    wish: Wish,
}

/// What becomes of an account, and what the log says about it.
struct Trouble<'a> {
    status: AccountStatus,
    kind: ConnectionEventType,
    message: &'a str,
    status_code: Option<u16>,
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

/// What a connected account lacks by what was taken back at its platform.
fn taken_back(platform: Platform, missing: &[&MissingScope]) -> String {
    let names: Vec<&str> = missing.iter().map(|one| one.scope.as_str()).collect();
    let mut costs: Vec<&str> = missing.iter().map(|one| one.costs.as_str()).collect();
    costs.dedup();
    format!(
        "{} no longer gives us every permission ({}). {} Please reconnect the account and allow everything on the list.",
        platform.label(),
        names.join(", "),
        costs.join(" ")
    )
}

/// Counts what platforms answered to renewals.
fn count_refresh(platform: Platform, outcome: &'static str) {
    metrics::counter!("accounts_token_refreshes_total", "platform" => platform.as_str(), "outcome" => outcome)
        .increment(1);
}

/// The access token has run out.
fn ended_message(platform: Platform) -> String {
    format!("Access to this {} account has ended. Please reconnect it.", platform.label())
}

/// Whether a refused renewal means that access is gone. A refresh token that has run out does not yet, while the access
/// token beside it still works: a Facebook Page's token outlives the sign-in behind it.
fn is_final(error: &PlatformError, flight: &Flight, now: DateTime<Utc>) -> bool {
    match error.class {
        ErrorClass::AuthRevoked => true,
        ErrorClass::AuthExpired => flight.wish.rejected || !flight.held.lasts(now, Duration::zero()),
        _ => false,
    }
}

/// Whether a second refusal confirms the first.
fn is_evidence(error: &PlatformError) -> bool {
    error.is_about_access() || (error.class == ErrorClass::Permission && matches!(error.http_status, Some(401 | 403)))
}

/// For the record: access to an account is gone, or cannot be renewed.
fn lost(
    workspace: WorkspaceId,
    account: AccountId,
    platform: Platform,
    status: AccountStatus,
    reason: &str,
    at: DateTime<Utc>,
) -> Entry {
    let entry = Entry::by_itself(workspace, Action::AccountLost, at).on(account, "");
    entry.is(json!({ "platform": platform, "status": status, "reason": reason }))
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

fn place<'a>(account: &'a AccountId, column: &'static str) -> Context<'a> {
    Context::new(TABLE, account.0.as_bytes(), column)
}

/// Seals what an authorization or a renewal brought, for the account's row.
pub(super) fn seal(
    vault: &Vault,
    account: AccountId,
    tokens: &platforms::Tokens,
    obtained_at: DateTime<Utc>,
) -> ServiceResult<SealedTokens> {
    let seal = |secret, column| vault.seal(secret, &place(&account, column)).map_err(sealing_failed);
    Ok(SealedTokens {
        access: seal(&tokens.access_token, ACCESS)?,
        refresh: tokens.refresh_token.as_ref().map(|token| seal(token, REFRESH)).transpose()?,
        obtained_at,
        expires_at: tokens.expires_at,
        refresh_expires_at: tokens.refresh_expires_at,
    })
}

fn reseal(vault: &Vault, row: &mut store::Stale) -> Result<(), vault::VaultError> {
    let account = row.account;
    let columns = [(Some(&mut row.access), ACCESS), (row.refresh.as_mut(), REFRESH), (row.extra.as_mut(), EXTRA)];
    for (sealed, column) in columns {
        let Some(sealed) = sealed else { continue };
        if let Some(anew) = vault.reseal(sealed, &place(&account, column))? {
            *sealed = anew;
        }
    }
    Ok(())
}
