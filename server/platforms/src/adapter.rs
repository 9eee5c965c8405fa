//! What every platform can be asked, in one trait.
//!
//! An adapter is handed opened tokens and hands back what is to be kept. It holds no state of its own, knows no
//! database and decides no policy: whether to retry, to disconnect or to ask a person is the caller's.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
pub use domain::accounts::VersionStatus;
pub use domain::platform::{CreatorChoices, PublishingQuota};
use domain::{Platform, accounts::MissingScope, deliveries::ErrorClass, platform::PostOptions};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::{
    error::PlatformError,
    http::{RateState, Trace},
    media::MediaItem,
    pkce::Pkce,
    push::{Push, PushMessage, PushRefusal},
};

/// One platform.
///
/// Publishing goes in three steps (platforms.md 0.4), and the caller saves between them:
///
/// 1. [`stage`](Adapter::stage), called at the start of *every* attempt with the state saved last, until it says
///    [`Progress::Ready`]. Safe to repeat: at worst an upload is left behind.
/// 2. The caller saves the state **and** that it is about to commit.
/// 3. [`commit`](Adapter::commit), once. If it ends in [`OutcomeUnknown`](domain::deliveries::ErrorClass::OutcomeUnknown),
///    or the process dies before its answer is saved, [`find_published`](Adapter::find_published) comes before anything
///    is sent again. So it does after [`Standing::Processing`]: the platform has taken the post and works on it.
///
/// What is left to do with a post that is out ([`permalink`](Adapter::permalink), [`comment`](Adapter::comment)) has no
/// bearing on whether it is.
#[async_trait]
pub trait Adapter: Send + Sync + fmt::Debug {
    /// Which platform this is.
    fn platform(&self) -> Platform;

    /// How the platform differs where callers must know.
    fn traits(&self) -> Traits;

    /// The version of the platform's API that is called, and when it ends.
    fn api_version(&self) -> ApiVersion;

    /// What is asked for at authorization; store it with the state, to compare.
    fn scopes(&self) -> Vec<String>;

    /// Those of [`scopes`](Adapter::scopes) that concern an account of this kind.
    fn scopes_of(&self, _kind: AccountKind) -> Vec<String> {
        self.scopes()
    }

    /// Where to send the browser.
    fn authorize_url(&self, request: &AuthorizeRequest<'_>) -> Url;

    /// Turns the callback's code into accounts that can be connected.
    ///
    /// Codes live seconds (X: 30): call it inside the callback, once. An error of class `Validation` means that the
    /// code was expired, used or refused and the person must start again; `Permission` that something was granted but
    /// nothing in it can publish.
    async fn exchange(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError>;

    /// New tokens for an account. Where tokens rotate ([`Traits::rotates`]) the old ones are dead when this returns:
    /// hold the account's lease, and save the result before anything else.
    ///
    /// `AuthRevoked` means that the platform refused for good; `Transient` says nothing about the account.
    async fn refresh(&self, account: &Account) -> Result<Tokens, PlatformError>;

    /// Who the account is by now: name and picture change, and how long its texts may be.
    async fn identify(&self, account: &Account) -> Result<Profile, PlatformError>;

    /// The platform's cheapest way to learn whether access is still there (platforms.md 10).
    async fn probe(&self, account: &Account) -> Result<Probe, PlatformError>;

    /// Gives access back. Look at [`Traits::revokes`] first: it may take other accounts with it.
    async fn revoke(&self, account: &Account) -> Result<(), PlatformError>;

    /// Uploads media and makes containers, one step per call. `saved` is the state of the last call, if any; state of
    /// another adapter version is set aside and staging starts anew. Set it aside yourself after an error that is
    /// [`stale`](PlatformError::stale).
    async fn stage(&self, request: &PublishRequest, saved: Option<&Value>) -> Result<Staged, PlatformError>;

    /// Makes the post public: exactly one request. `state` is what the last [`stage`](Adapter::stage) returned.
    async fn commit(&self, request: &PublishRequest, state: &Value) -> Result<Published, PlatformError>;

    /// Looks for the post among the account's newest. `known` are the ids of posts already accounted for: of two posts
    /// with the same words, the other one is not taken for this.
    async fn find_published(
        &self,
        request: &PublishRequest,
        state: Option<&Value>,
        known: &[String],
    ) -> Result<Finding, PlatformError>;

    /// What the creator may choose for a post just now, for the composer to show. `None` where the platform asks for
    /// no such choices. Ask before every post: TikTok's answer changes with the creator's settings.
    async fn creator_choices(&self, _account: &Account) -> Result<Option<CreatorChoices>, PlatformError> {
        Ok(None)
    }

    /// How much of what the account may publish is used up. `None` where the platform does not tell ([`Traits::quotas`]).
    async fn publishing_quota(&self, _account: &Account) -> Result<Option<PublishingQuota>, PlatformError> {
        Ok(None)
    }

    /// Where people see a post, for platforms whose [`commit`](Adapter::commit) does not tell ([`Published::url`]).
    async fn permalink(&self, _account: &Account, _external_id: &str) -> Result<Option<String>, PlatformError> {
        Ok(None)
    }

    /// Reads a message that the platform sent of its own accord, if it is the platform's and for this app.
    ///
    /// # Errors
    /// [`PushRefusal::NotHere`] where the platform sends none.
    fn hear(&self, _message: &PushMessage) -> Result<Push, PushRefusal> {
        Err(PushRefusal::NotHere)
    }

    /// Writes a comment below a post of the account's own: exactly one request, with the same rules for an answer that
    /// is not clear as a commit. The comment's id.
    ///
    /// `Operator` where [`Traits::comments`] says that this cannot be.
    async fn comment(&self, _account: &Account, _external_id: &str, _text: &str) -> Result<String, PlatformError> {
        Err(PlatformError::new(self.platform(), ErrorClass::Operator).with_code("no_comments"))
    }
}

/// Where a platform differs in what callers must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate fact of the platform's")]
pub struct Traits {
    /// Whether [`AuthorizeRequest::pkce`] and [`ExchangeRequest::pkce`] are used.
    pub pkce: bool,
    /// Whether a refresh kills the tokens it was made with.
    pub rotates: bool,
    /// How old a token must be before the platform renews it; a younger one is refused, which says nothing about it.
    pub renews_after: chrono::Duration,
    /// What [`Adapter::revoke`] takes away.
    pub revokes: RevokeReach,
    /// Whether a post that went out can be found again; where it cannot, a person decides after an unknown outcome.
    pub finds: Finds,
    /// Whether [`Adapter::comment`] can write.
    pub comments: bool,
    /// Whether the platform fetches pictures itself, so that each needs a [`MediaItem::public_url`].
    pub pulls: bool,
    /// Whether [`Adapter::publishing_quota`] is told.
    pub quotas: bool,
}

/// What giving access back takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeReach {
    /// This account only.
    Account,
    /// Every account connected by the same person ([`Grant::grantor`]): revoke only when the last of them goes.
    Grantor,
}

/// Whether [`Adapter::find_published`] can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finds {
    /// For every account.
    Always,
    /// For some kinds of account only.
    Sometimes,
}

/// A version of a platform's API (platforms.md 0.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiVersion {
    /// As it stands in paths or headers: `v25.0`, `202607`.
    pub version: String,
    /// The last day it answers, if the platform has named one.
    pub ends_on: Option<NaiveDate>,
    /// Whether it stands in the calendar this program was built with. An unknown one is the operator's choice.
    pub known: bool,
}

impl ApiVersion {
    /// How the version stands on `today`.
    pub fn status(&self, today: NaiveDate) -> VersionStatus {
        VersionStatus::of(self.ends_on, today)
    }
}

/// The start of an authorization.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizeRequest<'a> {
    /// Single-use and unguessable; comes back in the callback. At most 500 characters (X).
    pub state: &'a str,
    /// The PKCE pair to keep for the exchange; required where [`Traits::pkce`] is set, unused elsewhere.
    pub pkce: Option<&'a Pkce>,
    /// Whether the person comes back to grant what was declined before.
    pub again: bool,
}

/// The end of an authorization.
#[derive(Debug, Clone, Copy)]
pub struct ExchangeRequest<'a> {
    /// From the callback.
    pub code: &'a SecretString,
    /// The pair of the [`AuthorizeRequest`].
    pub pkce: Option<&'a Pkce>,
}

/// What an authorization brought.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The accounts that can be connected; at least one.
    pub grants: Vec<Grant>,
    /// The ones seen that cannot, for the page that follows.
    pub left_out: Vec<LeftOut>,
}

/// An account that was granted.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Who the account is.
    pub profile: Profile,
    /// What opens it: seal these.
    pub tokens: Tokens,
    /// The platform's id of the person who granted it. Keep it: several accounts may hang on one person's grant.
    pub grantor: String,
    /// What was asked for and not granted, with what it costs; empty when all was granted.
    pub missing_scopes: Vec<MissingScope>,
}

/// An account that was seen but cannot be connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name at the platform.
    pub name: String,
    /// Why, in a sentence for people.
    pub reason: String,
}

/// An account as the platform shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The platform's id. Unique together with platform and kind.
    pub external_id: String,
    /// What it is; some platforms address kinds differently.
    pub kind: AccountKind,
    /// Its name.
    pub display_name: String,
    /// `@name`, where the platform has such.
    pub handle: Option<String>,
    /// A picture at the platform's, not checked.
    pub avatar_url: Option<String>,
    /// Longest text it takes, as the platform counts, where that is not the same for all accounts; `None`: the
    /// platform's own limit.
    pub text_max: Option<u32>,
}

/// What an account is at its platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// A Facebook Page.
    Page,
    /// A person's own account: X, a `LinkedIn` member, a TikTok creator.
    Profile,
    /// A `LinkedIn` organization page.
    Organization,
    /// An Instagram professional account, connected by its own login.
    Professional,
    /// An Instagram professional account, connected through the Facebook Page it is linked to.
    LinkedProfessional,
}

impl AccountKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Page, Self::Profile, Self::Organization, Self::Professional, Self::LinkedProfessional];

    /// The word to store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Profile => "profile",
            Self::Organization => "organization",
            Self::Professional => "professional",
            Self::LinkedProfessional => "linked_professional",
        }
    }
}

impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is none of [`AccountKind::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of account")]
pub struct UnknownKind;

impl FromStr for AccountKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownKind)
    }
}

/// What opens an account. Opened only for the call it is needed for; never logged, never sent to a browser.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// What calls are made with.
    pub access_token: SecretString,
    /// What a new access token is made from: a refresh token, or with Facebook, which has none, the long-lived user
    /// token behind a Page's token. `None`: the person must come back when the access token ends.
    pub refresh_token: Option<SecretString>,
    /// When the access token ends; `None`: not by time.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the refresh token ends; `None`: not by time, or not told.
    pub refresh_expires_at: Option<DateTime<Utc>>,
    /// What was granted, in the platform's words, sorted.
    pub scopes: Vec<String>,
}

/// An account to be used.
#[derive(Debug, Clone)]
pub struct Account {
    /// [`Profile::external_id`].
    pub external_id: String,
    /// [`Profile::kind`].
    pub kind: AccountKind,
    /// Opened for this call.
    pub tokens: Tokens,
}

/// Whether access is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It is. `scopes` and `expires_at` where the platform tells.
    Alive {
        /// What the token may do by now, sorted.
        scopes: Option<Vec<String>>,
        /// When the token ends.
        expires_at: Option<DateTime<Utc>>,
    },
    /// It is not, for good: the platform says so in as many words.
    Gone {
        /// In a sentence for people.
        reason: String,
        /// The platform's code.
        code: Option<String>,
    },
    /// The platform has no free way to ask; the next refresh will tell.
    AskByRefresh,
}

/// A post for one account.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// Where to.
    pub account: Account,
    /// The words as this platform gets them (`domain::posts::preflight::final_text`): a link that belongs into the text
    /// is in it already.
    pub text: String,
    /// The link card, where the platform has one (`domain::posts::preflight::final_link`).
    pub link: Option<String>,
    /// Pictures and videos, in order; or one document.
    pub media: Vec<MediaItem>,
    /// What was chosen for this account's post beyond its words and media.
    pub options: PostOptions,
    /// When the delivery first reached for the commit; a post older than this is not ours.
    pub started_at: DateTime<Utc>,
}

/// How far staging has come.
#[derive(Debug, Clone)]
pub struct Staged {
    /// Save it before anything else. Holds handles of the platform: ids, and the addresses that parts of an upload go
    /// to, each good for some hours and for that part alone. No tokens.
    pub state: Value,
    /// What comes next.
    pub progress: Progress,
    /// The calls made.
    pub traces: Vec<Trace>,
    /// What the platform said of its limits.
    pub rate: RateState,
}

/// What comes after a step of staging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Everything is in place: commit.
    Ready,
    /// Save, and call [`Adapter::stage`] again at once: there is more to upload.
    More,
    /// The platform is processing: save, and call [`Adapter::stage`] again after this time.
    Wait {
        /// As the platform suggests, at least a second.
        after: std::time::Duration,
    },
}

/// A post the platform has taken.
#[derive(Debug, Clone)]
pub struct Published {
    /// The platform's id of the post; of its handle while the post has none yet ([`Published::standing`]).
    pub external_id: String,
    /// Where people see it; `None` if the answer does not tell: see [`Adapter::permalink`].
    pub url: Option<String>,
    /// Whether people see it already.
    pub standing: Standing,
    /// The call that did it.
    pub trace: Box<Trace>,
    /// What the platform said of its limits.
    pub rate: RateState,
}

/// How a post stands that the platform has taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// It is public.
    Public,
    /// It is being processed, and may yet be refused. Save `state`, and call [`Adapter::find_published`] with it after
    /// this time, until that says what has become of the post.
    Processing {
        /// In place of the one handed to the commit.
        state: Value,
        /// As the platform suggests, at least a second.
        after: std::time::Duration,
    },
    /// It lies in the creator's inbox, who must finish it there: done as far as we are concerned, but not public.
    WaitingForCreator,
}

/// Whether a post with an unknown outcome went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It did.
    Found {
        /// The platform's id of the post.
        external_id: String,
        /// Where people see it.
        url: Option<String>,
        /// When the platform says it was published.
        published_at: Option<DateTime<Utc>>,
    },
    /// It arrived and lies in the creator's inbox, who must finish it there.
    WaitingForCreator {
        /// The platform's id of the handle; the post has none yet.
        external_id: String,
    },
    /// It arrived and is being processed: ask again after this time. Nothing is to be sent.
    Processing {
        /// As the platform suggests, at least a second.
        after: std::time::Duration,
    },
    /// It arrived and was refused afterwards: nothing is public, and what was staged is of no more use. Where the class
    /// allows another try, it begins with staging anew.
    Refused {
        /// What comes next.
        class: ErrorClass,
        /// In a sentence for people.
        reason: String,
        /// The platform's code.
        code: Option<String>,
    },
    /// It did not: the list reaches back beyond the delivery's start, and nothing in it matches. Lists may lag some
    /// seconds behind; ask twice before sending again.
    NotFound,
    /// The platform does not say; a person must look.
    CannotTell {
        /// Why, in a sentence for people.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_survive_storage() {
        for kind in AccountKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("group".parse::<AccountKind>(), Err(UnknownKind));
    }

    #[test]
    fn versions_are_warned_of_sixty_days_before_their_end() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let version = ApiVersion { version: "v25.0".into(), ends_on: Some(day("2028-07-29")), known: true };
        assert_eq!(version.status(day("2028-05-29")), VersionStatus::Fine);
        assert_eq!(version.status(day("2028-05-30")), VersionStatus::EndsIn { days: 60 });
        assert_eq!(version.status(day("2028-07-29")), VersionStatus::EndsIn { days: 0 });
        assert_eq!(version.status(day("2028-07-30")), VersionStatus::Ended);
        let endless = ApiVersion { ends_on: None, ..version };
        assert_eq!(endless.status(day("2099-01-01")), VersionStatus::Fine);
    }

    #[test]
    fn debug_shows_no_token() {
        let tokens = Tokens {
            access_token: "very-secret-access".into(),
            refresh_token: Some("very-secret-refresh".into()),
            expires_at: None,
            refresh_expires_at: None,
            scopes: vec!["tweet.read".into()],
        };
        let account = Account { external_id: "1".into(), kind: AccountKind::Profile, tokens };
        let shown = format!("{account:?} {account:#?}");
        assert!(shown.contains("tweet.read") && !shown.contains("very-secret"), "{shown}");
    }
}
