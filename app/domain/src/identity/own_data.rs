//! A person's own data: taking it along, and taking it away.

use chrono::{DateTime, Duration, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::check_present;
use crate::{
    error::FieldErrors,
    ids::{DataExportId, WorkspaceId},
    workspaces::WorkspaceKind,
};

/// What was put together can be fetched this long.
pub const EXPORT_LIFE: Duration = Duration::days(7);
/// How often somebody may ask for it within [`EXPORT_WINDOW`].
pub const MAX_EXPORTS: u32 = 3;
pub const EXPORT_WINDOW: Duration = Duration::days(1);
pub const TOO_MANY_EXPORTS: &str = "You have asked three times today. Use one of those, or ask again tomorrow.";

/// One's own data, on its way or ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DataExport {
    pub id: DataExportId,
    pub created_at: DateTime<Utc>,
    /// `null` while it is put together.
    pub ready_at: Option<DateTime<Utc>>,
    /// Until when it can be fetched.
    pub expires_at: DateTime<Utc>,
    /// Of the JSON file.
    pub bytes: Option<i64>,
    /// Signed, good for about an hour; `null` while it is put together.
    pub url: Option<String>,
}

/// What becomes of a workspace when one of its members deletes their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// It goes on without them.
    Left,
    /// Nobody else is in it.
    Closed,
    /// Others are in it and none of them is an admin: the account cannot be deleted yet.
    Blocks,
}

impl Departure {
    pub const ALL: [Self; 3] = [Self::Left, Self::Closed, Self::Blocks];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Closed => "closed",
            Self::Blocks => "blocks",
        }
    }

    /// What is said of it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Left => "You leave it. What you wrote there stays, without your name.",
            Self::Closed => {
                "Nobody else is in it, so it is closed: its accounts are unlinked and their access is given back, and what \
                 has not gone out is cancelled."
            }
            Self::Blocks => {
                "You are its only admin, and others work there. Make one of them an admin, or remove them, first."
            }
        }
    }
}

impl std::str::FromStr for Departure {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}

/// A workspace of somebody who would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Leaving {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub kind: WorkspaceKind,
    pub outcome: Departure,
}

/// The wish to delete one's account.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct DeleteAccount {
    /// The person's password.
    #[garde(custom(check_present))]
    pub current_password: String,
}

impl std::fmt::Debug for DeleteAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeleteAccount(…)")
    }
}

impl DeleteAccount {
    /// What is wrong, field by field; empty when all is well.
    pub fn check(&self) -> FieldErrors {
        self.validate().err().map(FieldErrors::from).unwrap_or_default()
    }
}

/// Why somebody cannot go yet.
pub fn sole_admin(workspaces: &[&str]) -> String {
    format!(
        "You are the only admin of {}, where others work too. Make one of them an admin, or remove them; then delete your \
         account.",
        workspaces.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn departures_are_named_and_explained() {
        for one in Departure::ALL {
            assert_eq!(one.as_str().parse(), Ok(one));
            assert!(one.words().ends_with('.'));
        }
        assert!(DeleteAccount::default().check().get("current_password").is_some());
        let form = DeleteAccount { current_password: "hunter22".into() };
        assert!(form.check().is_empty() && !format!("{form:?}").contains("hunter22"));
    }
}
