//! Who works in a workspace: members, and places that are offered by mail.

use chrono::{DateTime, Duration, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::{Role, WorkspaceKind};
use crate::{
    error::FieldErrors,
    identity::{check_email, check_full_name, check_password},
    ids::{InvitationId, UserId},
};

/// An invitation is open this long.
pub const INVITATION_LIFE: Duration = Duration::days(7);
/// Open invitations of a workspace at once.
pub const MAX_INVITATIONS: i64 = 100;

pub const LAST_ADMIN: &str = "A workspace needs an admin. Make somebody else an admin first.";
pub const ALREADY_MEMBER: &str = "This person works here already";
pub const INVITE_UNCONFIRMED: &str = "Please confirm your email before you invite others.";

/// Somebody who works here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// The person.
    pub id: UserId,
    pub full_name: String,
    pub email: String,
    pub role: Role,
    /// Since when they cannot come in; `null` for who can.
    pub disabled_at: Option<DateTime<Utc>>,
    pub joined_at: DateTime<Utc>,
    /// When they were last here; `null` for somebody who has not been yet.
    pub last_seen_at: Option<DateTime<Utc>>,
}

/// What is to change about a member; what is left out stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct MemberPatch {
    pub role: Option<Role>,
    /// Keeps them out, at once, without forgetting them.
    pub disabled: Option<bool>,
}

/// How an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    Open,
    Accepted,
    Declined,
    Revoked,
    Expired,
}

impl InvitationState {
    pub const ALL: [Self; 5] = [Self::Open, Self::Accepted, Self::Declined, Self::Revoked, Self::Expired];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// Why its link does not work; empty for an open one.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Accepted => "This invitation has already been accepted. Sign in to continue",
            Self::Declined => "This invitation was declined. Ask for a new one if you have changed your mind",
            Self::Revoked => "This invitation was withdrawn or replaced by a newer one. Open the latest email",
            Self::Expired => "This invitation has expired. Ask for a new one",
        }
    }
}

impl std::str::FromStr for InvitationState {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// An offered place, as the team sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub state: InvitationState,
    /// Their name; `null` when they have left.
    pub invited_by: Option<String>,
    /// When it was sent, the last time.
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Whom to invite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NewInvitation {
    /// RFC 5322, at most 254 characters.
    #[garde(custom(check_email))]
    pub email: String,
    /// `viewer`, `member`, `editor` or `admin`.
    #[garde(custom(check_role))]
    pub role: String,
}

impl NewInvitation {
    /// What is wrong, field by field; empty when all is well.
    pub fn check(&self) -> FieldErrors {
        self.validate().err().map(FieldErrors::from).unwrap_or_default()
    }

    /// The role, once [`check`](Self::check) has passed.
    pub fn role(&self) -> Option<Role> {
        self.role.parse().ok()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands the context by reference")]
fn check_role(value: &str, _: &()) -> garde::Result {
    value.parse::<Role>().map(drop).map_err(|()| garde::Error::new("Choose a role: viewer, member, editor or admin"))
}

/// What the page of an invitation shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationOffer {
    pub state: InvitationState,
    pub workspace: String,
    pub kind: WorkspaceKind,
    /// Whom it was sent to.
    pub email: String,
    pub role: Role,
    pub invited_by: Option<String>,
    pub expires_at: DateTime<Utc>,
    /// Whether an account has this address: then its password is asked for, else a name and a new password.
    pub has_account: bool,
}

/// The yes to an invitation. For who is signed in with its address, the token is enough.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AcceptInvitation {
    /// From the link in the mail.
    pub token: String,
    /// For somebody without an account: 1 to 100 characters.
    pub full_name: String,
    /// Of the account with the address, or a new one of 8 to 256 characters.
    pub password: String,
}

impl AcceptInvitation {
    /// What is wrong for somebody who has no account yet.
    pub fn check_new(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if let Err(error) = check_full_name(&self.full_name, &()) {
            errors.add("full_name", error.message());
        }
        if let Err(error) = check_password(&self.password, &()) {
            errors.add("password", error.message());
        }
        errors
    }
}

impl std::fmt::Debug for AcceptInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AcceptInvitation(…)")
    }
}

/// The no to an invitation.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct DeclineInvitation {
    /// From the link in the mail.
    pub token: String,
}

impl std::fmt::Debug for DeclineInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeclineInvitation(…)")
    }
}

/// What a role may do, in a line.
pub const fn role_words(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Sees everything, changes nothing",
        Role::Member => "Writes drafts, reconnects accounts",
        Role::Editor => "Publishes and approves",
        Role::Admin => "Connects accounts, runs the team and the settings",
    }
}

/// A role as a word in a list.
pub const fn role_label(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Member => "Member",
        Role::Editor => "Editor",
        Role::Admin => "Admin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_names_what_is_wrong() {
        let form = NewInvitation { email: "nobody".into(), role: "owner".into() };
        assert!(form.check().get("email").is_some() && form.check().get("role").is_some());
        let form = NewInvitation { email: "orla@walk.example".into(), role: "editor".into() };
        assert!(form.check().is_empty());
        assert_eq!(form.role(), Some(Role::Editor));
    }

    #[test]
    fn states_are_named_and_say_why() {
        for state in InvitationState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(state.words().is_empty(), state == InvitationState::Open);
        }
    }

    #[test]
    fn a_new_person_needs_a_name_and_a_password() {
        let form = AcceptInvitation { token: "t".into(), full_name: " ".into(), password: "short".into() };
        assert!(form.check_new().get("full_name").is_some() && form.check_new().get("password").is_some());
        assert!(!format!("{form:?}").contains("short"));
    }
}
