//! What can be done about identity.

use async_trait::async_trait;

use super::{Login, Me, Register, User};
use crate::{
    actor::{Actor, Visitor},
    error::ServiceResult,
    workspaces::{Role, Workspace},
};

/// The signed cookie value. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(pub String);

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// A fresh session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user: User,
    pub workspace: Workspace,
    pub role: Role,
    pub token: SessionToken,
}

/// A request's session, found alive.
#[derive(Clone, Debug)]
pub struct Authenticated {
    pub actor: Actor,
    /// Who that is, for pages.
    pub me: Me,
    /// A newer cookie, when the present one has aged.
    pub reissued: Option<SessionToken>,
}

/// Registration, sign-in and the session.
#[async_trait]
pub trait Identity: Send + Sync {
    /// Makes the user, their profile, their first workspace and a session, in one transaction.
    /// `VALIDATION_ERROR` with fields; `CONFLICT` on `email` when it is taken.
    async fn register(&self, visitor: &Visitor, form: Register) -> ServiceResult<SignedIn>;

    /// `UNAUTHORIZED` with one message, after the same work, for an unknown email, a wrong password and a disabled
    /// account.
    async fn login(&self, visitor: &Visitor, form: Login) -> ServiceResult<SignedIn>;

    /// Ends the session for good; a second call is no error.
    async fn logout(&self, actor: &Actor) -> ServiceResult<()>;

    /// The session behind a cookie, or `None` for a forged, expired, revoked or idle one.
    async fn authenticate(&self, token: &SessionToken, visitor: &Visitor) -> ServiceResult<Option<Authenticated>>;

    /// The person and the present workspace.
    async fn me(&self, actor: &Actor) -> ServiceResult<Me>;
}
