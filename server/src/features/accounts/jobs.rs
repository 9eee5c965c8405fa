//! Background work on accounts. Each job names an account and, where it matters, the token version it is about: if
//! there are newer tokens by the time it runs, it has nothing to do.

use chrono::{DateTime, Duration, Utc};
use domain::{AccountId, Platform, ServiceResult};
use serde::{Deserialize, Serialize};

use super::{store, tokens::TokenError};
use crate::jobs::{Job, JobContext, enqueue};

/// Renews an account's tokens, or asks whether they still hold where they cannot be renewed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RefreshToken {
    pub account_id: AccountId,
    /// The version to replace.
    pub version: i64,
    /// A person asked for it: at once, and with a look at name, picture and the longest text.
    pub forced: bool,
}

impl Job for RefreshToken {
    const TASK: &'static str = "accounts_refresh_token";

    fn key(&self) -> Option<String> {
        Some(format!("refresh:{}", self.account_id))
    }
}

pub async fn refresh_token(context: JobContext, job: RefreshToken) -> ServiceResult<()> {
    match context.tokens.refresh_version(job.account_id, job.version, job.forced).await {
        Ok(token) if job.forced => context.tokens.update_profile(&token).await,
        Ok(_) | Err(TokenError::Revoked { .. } | TokenError::Gone) => Ok(()),
        Err(TokenError::Retry { at, .. }) => {
            let mut tx = context.db.worker().await?;
            enqueue(&mut tx, &RefreshToken { forced: false, ..job }, Some(at)).await?;
            tx.commit().await
        }
        Err(TokenError::Internal(error)) => Err(error),
    }
}

/// Asks once more whether access is gone, a minute after a platform refused a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmAccess {
    pub account_id: AccountId,
    /// The version that was refused.
    pub version: i64,
    /// What the platform said, if what it refused was a post, for lack of a permission.
    #[serde(default)]
    pub not_permitted: Option<String>,
}

impl Job for ConfirmAccess {
    const TASK: &'static str = "accounts_confirm_access";

    fn key(&self) -> Option<String> {
        Some(format!("confirm:{}", self.account_id))
    }
}

pub async fn confirm_access(context: JobContext, job: ConfirmAccess) -> ServiceResult<()> {
    match context.tokens.confirm(job.account_id, job.version, job.not_permitted.as_deref()).await {
        Ok(_) | Err(TokenError::Revoked { .. } | TokenError::Gone) => Ok(()),
        Err(TokenError::Retry { at, .. }) => {
            let mut tx = context.db.worker().await?;
            enqueue(&mut tx, &job, Some(at)).await?;
            tx.commit().await
        }
        Err(TokenError::Internal(error)) => Err(error),
    }
}

/// Gives an unlinked account's access back at the platform and deletes its tokens.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RevokeAccess {
    pub account_id: AccountId,
}

impl Job for RevokeAccess {
    const TASK: &'static str = "accounts_revoke_access";
    const MAX_ATTEMPTS: i16 = 10;

    fn key(&self) -> Option<String> {
        Some(format!("revoke:{}", self.account_id))
    }
}

pub async fn revoke_access(context: JobContext, job: RevokeAccess) -> ServiceResult<()> {
    if let Some(at) = context.tokens.give_back(job.account_id).await? {
        let mut tx = context.db.worker().await?;
        enqueue(&mut tx, &job, Some(at)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Asks a platform what an account's creator may choose for a post.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AskCreator {
    pub account_id: AccountId,
}

impl Job for AskCreator {
    const TASK: &'static str = "accounts_ask_creator";
    // Somebody waits for the answer; who still wants it later asks again.
    const MAX_ATTEMPTS: i16 = 1;

    fn key(&self) -> Option<String> {
        Some(format!("creator:{}", self.account_id))
    }
}

pub async fn ask_creator(context: JobContext, job: AskCreator) -> ServiceResult<()> {
    let answer = context.tokens.creator_choices(job.account_id).await;
    let mut tx = context.db.worker().await?;
    let now = context.clock.now();
    match answer {
        Ok(choices) => store::answer_creator(&mut tx, job.account_id, Ok(&choices), now).await?,
        Err(TokenError::Internal(error)) => {
            let message = "Something went wrong on our side. Please try again.";
            store::answer_creator(&mut tx, job.account_id, Err(message), now).await?;
            tx.commit().await?;
            return Err(error);
        }
        Err(error @ (TokenError::Revoked { .. } | TokenError::Retry { .. } | TokenError::Gone)) => {
            store::answer_creator(&mut tx, job.account_id, Err(&error.to_string()), now).await?;
        }
    }
    tx.commit().await
}

/// Asks a platform how much an account may still publish.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AskQuota {
    pub account_id: AccountId,
}

impl Job for AskQuota {
    const TASK: &'static str = "accounts_ask_quota";
    // It is a hint: who still wants it later asks again.
    const MAX_ATTEMPTS: i16 = 1;

    fn key(&self) -> Option<String> {
        Some(format!("quota:{}", self.account_id))
    }
}

pub async fn ask_quota(context: JobContext, job: AskQuota) -> ServiceResult<()> {
    let (answer, problem) = match context.tokens.publishing_quota(job.account_id).await {
        Ok(quota) => (Some(quota), None),
        Err(TokenError::Internal(error)) => (None, Some(error)),
        Err(TokenError::Revoked { .. } | TokenError::Retry { .. } | TokenError::Gone) => (None, None),
    };
    let mut tx = context.db.worker().await?;
    store::answer_quota(&mut tx, job.account_id, answer, context.clock.now()).await?;
    tx.commit().await?;
    problem.map_or(Ok(()), Err)
}

/// A platform says that a person has taken access back, or wants gone what is kept of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessRemoved {
    pub platforms: Vec<Platform>,
    /// The platform's id of the person.
    pub grantor: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// In a sentence for people.
    pub reason: String,
    /// The code of the request to be forgotten, if it is one.
    pub deletion: Option<String>,
}

impl AccessRemoved {
    pub(super) fn new(removed: platforms::Removed, deletion: Option<String>) -> Self {
        Self {
            platforms: removed.platforms.to_vec(),
            grantor: removed.grantor,
            at: removed.at,
            reason: removed.reason.to_owned(),
            deletion,
        }
    }
}

impl Job for AccessRemoved {
    const TASK: &'static str = "accounts_access_removed";
    const MAX_ATTEMPTS: i16 = 15;

    fn key(&self) -> Option<String> {
        let kind = self.deletion.as_deref().unwrap_or("removed");
        Some(format!("{kind}:{}:{}:{}", self.platforms.first()?, self.grantor, self.at.timestamp()))
    }
}

pub async fn access_removed(context: JobContext, job: AccessRemoved) -> ServiceResult<()> {
    context.tokens.access_removed(&job).await
}

/// How far ahead a sweep looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenReach {
    /// Tokens that are to be renewed before their next use anyway; every five minutes.
    Lead,
    /// Tokens that end within a week, and people to be reminded; daily.
    Week,
}

/// Looks for tokens to be renewed, reminded of or deleted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SweepTokens {
    pub reach: TokenReach,
}

impl Job for SweepTokens {
    const TASK: &'static str = "accounts_sweep_tokens";

    fn key(&self) -> Option<String> {
        Some(match self.reach {
            TokenReach::Lead => "sweep_tokens:lead".to_owned(),
            TokenReach::Week => "sweep_tokens:week".to_owned(),
        })
    }
}

pub async fn sweep_tokens(context: JobContext, job: SweepTokens) -> ServiceResult<()> {
    match job.reach {
        // The next sweep is five minutes away: whatever would be due by then is due now.
        TokenReach::Lead => context.tokens.sweep(Duration::minutes(10), false).await,
        TokenReach::Week => {
            context.platforms.warn_of_versions(context.clock.now().date_naive());
            context.tokens.sweep(Duration::days(7), true).await
        }
    }
}
