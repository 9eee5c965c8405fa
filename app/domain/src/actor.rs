//! Who is acting. An [`Actor`] is the first argument of every service method; the transaction the service opens
//! carries it to PostgreSQL, where row-level security holds even if the code forgets.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ApiKeyId, SessionId, UserId, WorkspaceId},
    workspaces::{Role, WorkspaceKind},
};

/// `req_` and 1 to 64 characters of `[A-Za-z0-9_-]`; stands in every response and log line.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(String);

impl RequestId {
    /// Accepts an incoming id when it is well formed: 1 to 64 characters of `[A-Za-z0-9_-]`.
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        sound.then(|| Self(text.to_owned()))
    }

    /// A fresh id from 128 random or time-ordered bits.
    pub fn from_uuid(id: uuid::Uuid) -> Self {
        Self(format!("req_{}", id.simple()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the actor came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A signed-in browser.
    Session(SessionId),
    /// A program with a key of the workspace, as the person who made it.
    ApiKey(ApiKeyId),
    /// Background work that the system does for the workspace.
    System,
}

/// Where a request came from, for the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The peer's address, or the one a trusted proxy names.
    pub ip: Option<IpAddr>,
    /// At most 400 characters are kept.
    pub user_agent: Option<String>,
}

/// Who acts, in which workspace, with which role, and in which request.
#[derive(Clone, Debug)]
pub struct Actor {
    pub user_id: UserId,
    pub workspace_id: WorkspaceId,
    /// The kind of the present workspace: decides which dashboard is the person's own.
    pub kind: WorkspaceKind,
    pub role: Role,
    pub via: Via,
    pub request_id: RequestId,
    pub peer: Peer,
}

impl Actor {
    /// The session behind this actor, if it is a browser.
    pub fn session_id(&self) -> Option<SessionId> {
        match self.via {
            Via::Session(id) => Some(id),
            Via::ApiKey(_) | Via::System => None,
        }
    }
}

/// What a browser keeps for us in a cookie of its own. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct CookieToken(pub String);

impl fmt::Debug for CookieToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieToken(…)")
    }
}

/// What a browser is known by before anybody signs in with it.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// By which it is known again for more than a year; none for what is no browser.
    pub device: Option<CookieToken>,
    /// A sign-in that waits for its second step.
    pub sign_in: Option<CookieToken>,
}

/// Somebody who has not said who they are: the caller of register and login.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The peer's address, or the one a trusted proxy names.
    pub ip: Option<IpAddr>,
    /// At most 400 characters are kept.
    pub user_agent: Option<String>,
    pub request_id: RequestId,
    pub browser: Browser,
}

impl Visitor {
    /// Where they are, for the record.
    pub fn peer(&self) -> Peer {
        Peer { ip: self.ip, user_agent: self.user_agent.clone() }
    }
}
