//! The tenant: a workspace of kind client, manager or agency, and its members' roles.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

mod keys;

mod membership;
mod overview;
mod port;
mod settings;
mod team;

pub use keys::{
    ApiKey, ApiKeyState, KEY_LENGTH, KEY_MARK, KEY_SHOWN, MAX_API_KEYS, MAX_KEY_DAYS, MadeApiKey, NewApiKey, Scope,
    USED_EVERY, is_key_shaped,
};

pub use membership::{
    ELSEWHERE, MAX_WORKSPACE_NAME, MAX_WORKSPACES, NewWorkspace, OwnWorkspace, WORKSPACE_FIELD,
    WORKSPACE_NAME_REQUIRED, elsewhere, kind_label,
};
pub use overview::{ACCOUNTS_SHOWN, Connections, LATEST, Latest, Overview, WAITING};
pub use port::{ApiKeys, KeyHolder, Memberships, Team, WorkspaceSettings, Workspaces};
pub use settings::{MAX_PORTRAIT, MAX_SLUG, SLUG_FORM, SLUG_TAKEN, WorkspacePatch, ZONE_UNKNOWN};
pub use team::{
    ALREADY_MEMBER, AcceptInvitation, DeclineInvitation, INVITATION_LIFE, INVITE_UNCONFIRMED, Invitation,
    InvitationOffer, InvitationState, LAST_ADMIN, MAX_INVITATIONS, Member, MemberPatch, NewInvitation, role_label,
    role_words,
};

use crate::{
    ids::{UserId, WorkspaceId},
    posts::ApprovalPolicy,
};

/// What a workspace is for; chosen as "role" at registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WorkspaceKind {
    /// Owns accounts, grants and revokes access, approves what goes out.
    Client,
    /// Hired by clients; drafts for the accounts they were given.
    Manager,
    /// Oversees many clients with a team.
    Agency,
}

impl WorkspaceKind {
    pub const ALL: [Self; 3] = [Self::Client, Self::Manager, Self::Agency];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Manager => "manager",
            Self::Agency => "agency",
        }
    }

    /// The dashboard a person of this kind lands on.
    pub const fn dashboard(self) -> &'static str {
        match self {
            Self::Client => "/dashboard/client",
            Self::Manager => "/dashboard/manager",
            Self::Agency => "/dashboard/agency",
        }
    }
}

impl fmt::Display for WorkspaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WorkspaceKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// What a member may do; ordered, each includes the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Starts reconnections, writes drafts that need approval.
    Member,
    /// Publishes, approves, runs campaigns.
    Editor,
    /// Connects, disconnects, manages links, grants, team, billing, settings.
    Admin,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Editor, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

/// A workspace as its members see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Workspace {
    pub id: WorkspaceId,
    pub name: String,
    /// Lower-case letters, digits and hyphens; unique.
    pub slug: String,
    pub kind: WorkspaceKind,
    /// IANA name, such as `Europe/Dublin`; scheduled times are meant in it.
    pub time_zone: String,
    /// Seconds between saving a post and its going out, 0 to 60; 5 by default.
    pub undo_seconds: u16,
    /// Whether a newly connected account takes part in posts at once.
    pub new_accounts_active: bool,
    /// Whose posts wait for somebody else's approval before they go out.
    #[serde(default)]
    pub approval_policy: ApprovalPolicy,
    /// Signed, good for about an hour; `null` without a logo.
    pub logo_url: Option<String>,
}

/// A person as others in the workspace see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    pub id: UserId,
    pub name: String,
}

/// A URL-safe name made from what people call their workspace: `Harbour & Pine` → `harbour-pine`.
/// At most 40 characters; empty when nothing is left (the caller then picks another).
pub fn slugify(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if slug.len() >= 40 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_named() {
        assert!(Role::Viewer < Role::Member && Role::Member < Role::Editor && Role::Editor < Role::Admin);
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
    }

    #[test]
    fn slugs() {
        assert_eq!(slugify("Harbour & Pine"), "harbour-pine");
        assert_eq!(slugify("  Ünïted!! "), "n-ted");
        assert_eq!(slugify("☕"), "");
    }
}
