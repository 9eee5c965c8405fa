//! Signing in by way of an OpenID Connect provider.

use std::fmt;

use async_trait::async_trait;
use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::SignedIn;
use crate::{actor::Visitor, error::ServiceResult, workspaces::WorkspaceKind};

/// How long a sign-in may take, from the button to the way back.
pub const PROVIDER_LIFE: Duration = Duration::minutes(10);

/// What the browser that began a sign-in keeps in a cookie, until it comes back. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserToken(pub String);

impl fmt::Debug for BrowserToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserToken(…)")
    }
}

/// A sign-in under way.
#[derive(Clone, Debug)]
pub struct ProviderStart {
    /// Where to send the browser.
    pub authorize_url: String,
    pub browser: BrowserToken,
}

/// What the provider sends the browser back with.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ProviderCallback {
    pub state: Option<String>,
    pub code: Option<String>,
    pub error: Option<String>,
    /// Of whom it comes (RFC 9207).
    pub iss: Option<String>,
}

impl fmt::Debug for ProviderCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderCallback").field("error", &self.error).finish_non_exhaustive()
    }
}

/// Somebody has come in.
#[derive(Clone, Debug)]
pub struct ProviderEntry {
    pub session: SignedIn,
    /// Where they were going, if it is one of our own paths.
    pub return_to: Option<String>,
}

/// Why somebody who went to the provider is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderProblem {
    /// They pressed "Cancel" there.
    Refused,
    /// The way back was used before, is too old, or belongs to another browser.
    Expired,
    /// The provider cannot be reached, or answers nonsense.
    Away,
    /// What it says is not to be trusted.
    Untrusted,
    NoEmail,
    /// There is an account with the address, and it is not confirmed on both sides.
    Unconfirmed,
    /// The account with the address belongs to somebody else at the provider.
    SomebodyElse,
    /// The account is closed, or belongs to no workspace any more.
    Closed,
}

impl ProviderProblem {
    pub const ALL: [Self; 8] = [
        Self::Refused,
        Self::Expired,
        Self::Away,
        Self::Untrusted,
        Self::NoEmail,
        Self::Unconfirmed,
        Self::SomebodyElse,
        Self::Closed,
    ];

    /// In the address of the login page.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Away => "away",
            Self::Untrusted => "untrusted",
            Self::NoEmail => "no_email",
            Self::Unconfirmed => "unconfirmed",
            Self::SomebodyElse => "somebody_else",
            Self::Closed => "closed",
        }
    }

    /// The problem behind a code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.code() == code)
    }

    /// What happened, and what to do.
    pub const fn sentences(self) -> (&'static str, &'static str) {
        match self {
            Self::Refused => ("You were not signed in", "Signing in was cancelled. Nothing has changed."),
            Self::Expired => (
                "This way back does not work any more",
                "It is good once, for 10 minutes, in the browser that began. Start again.",
            ),
            Self::Away => {
                ("The sign-in service cannot be reached", "Try again in a moment, or sign in with your password.")
            }
            Self::Untrusted => (
                "The sign-in service’s answer could not be trusted",
                "Nobody was signed in. Start again; if it happens once more, tell whoever runs this Arctiv.",
            ),
            Self::NoEmail => (
                "The sign-in service did not tell your email address",
                "Allow it to, or create an account with an address and a password.",
            ),
            Self::Unconfirmed => (
                "There is an account with this address already",
                "Sign in with its password and confirm its email; from then on the sign-in service opens it, once it has confirmed the address as well.",
            ),
            Self::SomebodyElse => (
                "The account with this address belongs to somebody else there",
                "Sign in with its password, or tell whoever runs this Arctiv.",
            ),
            Self::Closed => (
                "This account cannot sign in",
                "It is closed, or belongs to no workspace any more. Ask for an invitation to come back.",
            ),
        }
    }
}

/// The provider, if one is set up.
#[async_trait]
pub trait Providers: Send + Sync {
    /// What people know it by; `None` when there is none.
    fn name(&self) -> Option<String>;

    /// Begins a sign-in. `kind` is what the first workspace of somebody new is for. `NOT_FOUND` when there is no provider.
    async fn begin(
        &self,
        visitor: &Visitor,
        next: Option<String>,
        kind: WorkspaceKind,
    ) -> ServiceResult<Result<ProviderStart, ProviderProblem>>;

    /// Ends it, once: opens the account that the provider was linked to; or links the one with the same address, when it
    /// is confirmed on both sides; or registers somebody new.
    async fn finish(
        &self,
        visitor: &Visitor,
        browser: Option<&BrowserToken>,
        callback: ProviderCallback,
    ) -> ServiceResult<Result<ProviderEntry, ProviderProblem>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_a_code_of_its_own_and_says_what_to_do() {
        for problem in ProviderProblem::ALL {
            assert_eq!(ProviderProblem::of(problem.code()), Some(problem));
            assert!(!problem.sentences().0.is_empty() && problem.sentences().1.ends_with('.'));
        }
        assert_eq!(ProviderProblem::of("nonsense"), None);
    }
}
