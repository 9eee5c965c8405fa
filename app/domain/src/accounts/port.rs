//! What can be done about accounts.

use async_trait::async_trait;

use super::{
    Account, AccountCounts, AccountFilter, AccountQuota, ConnectionEvent, ConnectionEventFilter, Creator,
    PlatformOffer, Withheld,
};
use crate::{
    actor::Actor,
    error::ServiceResult,
    ids::{AccountId, ConnectionEventId, OauthStateId},
    page::Page,
    platform::Platform,
};

/// How an authorisation is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizeOptions {
    /// The account to reconnect; none for a new one.
    pub account_id: Option<AccountId>,
    /// Where in the app the browser ends up; checked with [`crate::identity::safe_next`].
    pub return_to: Option<String>,
}

/// What the platform's redirect carried.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Callback {
    pub code: Option<String>,
    pub state: Option<String>,
    pub error: Option<String>,
    pub error_description: Option<String>,
    /// Facebook's word for why (`user_denied`).
    pub error_reason: Option<String>,
}

/// The end of an authorisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Connected {
    pub accounts: Vec<Account>,
    pub return_to: String,
    /// Where something was withheld: the name under which [`Accounts::withheld`] says what.
    pub withheld: Option<OauthStateId>,
}

/// Accounts of the actor's workspace. Reading: viewer. Toggling, asking what a creator may choose: editor. Connecting, unlinking: admin.
/// Reconnecting, refreshing: member.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Which platforms can be connected here, and the version of its API that each is spoken to in.
    async fn offers(&self, actor: &Actor) -> ServiceResult<Vec<PlatformOffer>>;

    /// By name; disconnected ones only when asked for by status.
    async fn list(&self, actor: &Actor, filter: AccountFilter) -> ServiceResult<Page<Account>>;

    async fn get(&self, actor: &Actor, id: AccountId) -> ServiceResult<Account>;

    async fn counts(&self, actor: &Actor) -> ServiceResult<AccountCounts>;

    /// The connection log of one account, newest first.
    async fn events(
        &self,
        actor: &Actor,
        id: AccountId,
        filter: ConnectionEventFilter,
    ) -> ServiceResult<Page<ConnectionEvent>>;

    /// One portion of an export of that log, newest first, from below `after` on (from the newest without one); an empty
    /// one is the end. The filter's page is not looked at.
    async fn events_portion(
        &self,
        actor: &Actor,
        id: AccountId,
        filter: &ConnectionEventFilter,
        after: Option<ConnectionEventId>,
    ) -> ServiceResult<Vec<ConnectionEvent>>;

    /// Starts an authorisation: a single-use state, valid for 10 minutes and only in this session.
    /// The platform's URL to send the browser to.
    async fn authorize(&self, actor: &Actor, platform: Platform, options: AuthorizeOptions) -> ServiceResult<String>;

    /// Ends an authorisation. `OAUTH_ERROR` with a sentence that says what went wrong and what to do.
    async fn callback(&self, actor: &Actor, platform: Platform, callback: Callback) -> ServiceResult<Connected>;

    /// What was withheld in an authorisation of this actor's, and what it costs. For a day; `NOT_FOUND` after that, and
    /// if nothing was.
    async fn withheld(&self, actor: &Actor, id: OauthStateId) -> ServiceResult<Withheld>;

    /// Whether new posts go to the account.
    async fn set_active(&self, actor: &Actor, id: AccountId, active: bool) -> ServiceResult<Account>;

    /// Asks for a token refresh in the background.
    async fn refresh(&self, actor: &Actor, id: AccountId) -> ServiceResult<Account>;

    /// What the account's creator may choose for a post. Asks the platform in the background unless it has just said so:
    /// call again while it is pending. `CONFLICT` where the platform has no such choices, or access is gone.
    async fn creator(&self, actor: &Actor, id: AccountId) -> ServiceResult<Creator>;

    /// What is known of the workspace's creators without asking, no older than an hour.
    async fn creators(&self, actor: &Actor) -> ServiceResult<Vec<Creator>>;

    /// How much these accounts may still publish, for those whose platform tells. Asks it in the background unless it has
    /// said so in the last minutes: call again while one is pending.
    async fn quotas(&self, actor: &Actor, accounts: &[AccountId]) -> ServiceResult<Vec<AccountQuota>>;

    /// Wipes the tokens and takes the account out of every list; the platform is told in the background.
    async fn unlink(&self, actor: &Actor, id: AccountId) -> ServiceResult<()>;
}
