//! How access is found gone, and shown on its account: a refusal that is confirmed, a token that has run out, or a
//! platform's word.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, Platform, ServiceResult, WorkspaceId,
    accounts::{AccountStatus, ConnectionEventType},
    audit::Action,
    deliveries::ErrorClass,
};
use platforms::{PlatformError, Probe};
use serde_json::json;

use super::{
    CONFIRM_AFTER, NOT_RENEWED, OpenToken, PAUSES, TokenError, TokenResult, Tokens, Wish, giving_back::GIVE_BACK_FOR,
    limited,
};
use crate::{
    database::Tx,
    features::{
        accounts::{
            jobs::{AccessRemoved, ConfirmAccess, RefreshToken},
            store::{self, Ending, GrantedBy, Held},
        },
        audit::in_tx::{Entry, record},
        notifications,
    },
    jobs::enqueue,
};

/// A doubt older than this is a new one: the job that was to end it is lost.
const DOUBT_LIFE: Duration = Duration::minutes(30);
/// How far a platform's clock may be behind ours when it says that access was taken back.
const CLOCKS_APART: Duration = Duration::minutes(10);

/// What becomes of an account, and what the log says about it.
pub(super) struct Trouble<'a> {
    pub status: AccountStatus,
    pub kind: ConnectionEventType,
    pub message: &'a str,
    pub status_code: Option<u16>,
}

impl Tokens {
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

    /// The access token has ended and nothing renews it: says so once.
    pub(super) async fn access_ended(&self, account: AccountId, held: &Held) -> ServiceResult<TokenError> {
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
    pub(super) async fn show_trouble(
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

    pub(super) async fn tell_lost(&self, tx: &mut Tx, workspace: WorkspaceId, account: AccountId) -> ServiceResult<()> {
        notifications::in_tx::account_lost(tx, self.inner.with.ids.as_ref(), self.now(), workspace, account).await
    }

    /// One refusal is not proof. A job asks once more in a minute. `not_permitted`: what the platform said, where it refused
    /// a post for lack of a permission.
    pub(super) async fn doubt(
        &self,
        account: AccountId,
        version: i64,
        not_permitted: Option<&str>,
    ) -> ServiceResult<()> {
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
    pub(in crate::features::accounts) async fn confirm(
        &self,
        account: AccountId,
        version: i64,
        not_permitted: Option<&str>,
    ) -> TokenResult {
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

    /// A platform says that a person has taken access back, or wants to be forgotten.
    ///
    /// It counts at once for access that is older than the news. An account that has newer access is left alone: the
    /// news is about what it had before, and comes late or again. Where the two are too close for two clocks to tell,
    /// the platform is asked.
    pub(in crate::features::accounts) async fn access_removed(&self, news: &AccessRemoved) -> ServiceResult<()> {
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
    pub(in crate::features::accounts) async fn sweep(&self, ends_within: Duration, reminds: bool) -> ServiceResult<()> {
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
}

/// The access token has run out.
fn ended_message(platform: Platform) -> String {
    format!("Access to this {} account has ended. Please reconnect it.", platform.label())
}

/// Whether a second refusal confirms the first.
fn is_evidence(error: &PlatformError) -> bool {
    error.is_about_access() || (error.class == ErrorClass::Permission && matches!(error.http_status, Some(401 | 403)))
}

/// For the record: access to an account is gone, or cannot be renewed.
pub(super) fn lost(
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
