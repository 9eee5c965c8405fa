//! Renewing: one at a time under a lease in the account's row, and what becomes of the platform's answer.

use std::{sync::Arc, time::Duration as Wait};

use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, Platform, ServiceError, ServiceResult,
    accounts::{AccountStatus, ConnectionEventType},
    deliveries::ErrorClass,
};
use platforms::{Adapter, PlatformError};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    NOT_RENEWED, OpenToken, PAUSES, TokenError, TokenResult, Tokens, Wish,
    ending::{Trouble, lost},
    limited,
    sealing::seal,
};
use crate::features::{
    accounts::store::{self, Held, SealedTokens},
    audit::in_tx::record,
};

/// Longer than the call and the write after it may take.
const LEASE: Duration = Duration::seconds(75);
/// How long the others wait for the winner.
const PATIENCE: Wait = Wait::from_secs(20);
/// With this many failures in a row and an ended token, an account is shown as failed.
const TRIES: i16 = 3;

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

impl Tokens {
    /// A token newer than the wish's, by renewing it or by waiting for whoever does.
    pub(super) async fn renew(&self, account: AccountId, wish: Wish) -> TokenResult {
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

    pub(super) async fn take_lease(
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
}

/// Counts what platforms answered to renewals.
fn count_refresh(platform: Platform, outcome: &'static str) {
    metrics::counter!("accounts_token_refreshes_total", "platform" => platform.as_str(), "outcome" => outcome)
        .increment(1);
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
