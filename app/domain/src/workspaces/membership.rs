//! The workspaces that one person belongs to, and which of them their browser is in.

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::{Role, WorkspaceKind};
use crate::{
    error::{FieldErrors, ServiceError},
    ids::WorkspaceId,
};

/// Workspaces that a person may belong to before they can make no more.
pub const MAX_WORKSPACES: usize = 50;
pub const MAX_WORKSPACE_NAME: usize = 255;

pub const WORKSPACE_NAME_REQUIRED: &str = "Give the workspace a name";
/// For a page that was opened before the browser went to another workspace.
pub const ELSEWHERE: &str = "This page belongs to another workspace than the one you are in now, so nothing was done. \
                             Load the page anew, or go back to that workspace first.";

/// The field that [`elsewhere`] names.
pub const WORKSPACE_FIELD: &str = "workspace";

/// What a request is told that names another workspace than the present one.
pub fn elsewhere() -> ServiceError {
    ServiceError::field_conflict(WORKSPACE_FIELD, ELSEWHERE)
}

/// A workspace as one of its members sees it in a list of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnWorkspace {
    pub id: WorkspaceId,
    pub name: String,
    pub slug: String,
    pub kind: WorkspaceKind,
    /// The person's own in it.
    pub role: Role,
    /// Signed, good for about an hour; `null` without a logo.
    pub logo_url: Option<String>,
    /// Whether the session is in it.
    pub current: bool,
}

/// A further workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NewWorkspace {
    /// 1 to 255 characters.
    #[garde(custom(check_workspace_name))]
    pub name: String,
    /// `client`, `manager` or `agency`.
    #[garde(custom(check_kind))]
    pub kind: String,
}

impl NewWorkspace {
    /// What is wrong, field by field; empty when all is well.
    pub fn check(&self) -> FieldErrors {
        self.validate().err().map(FieldErrors::from).unwrap_or_default()
    }

    /// The kind, once [`check`](Self::check) has passed.
    pub fn kind(&self) -> Option<WorkspaceKind> {
        self.kind.parse().ok()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands the context by reference")]
pub(crate) fn check_workspace_name(value: &str, _: &()) -> garde::Result {
    let value = value.trim();
    if value.is_empty() {
        Err(garde::Error::new(WORKSPACE_NAME_REQUIRED))
    } else if value.chars().count() > MAX_WORKSPACE_NAME {
        Err(garde::Error::new("The name must be at most 255 characters"))
    } else if value.chars().any(char::is_control) {
        Err(garde::Error::new("The name must not contain control characters"))
    } else {
        Ok(())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands the context by reference")]
fn check_kind(value: &str, _: &()) -> garde::Result {
    let known = value.parse::<WorkspaceKind>().map(drop);
    known.map_err(|()| garde::Error::new("Choose what it is for: client, manager or agency"))
}

/// A kind as a word in a list.
pub const fn kind_label(kind: WorkspaceKind) -> &'static str {
    match kind {
        WorkspaceKind::Client => "Client",
        WorkspaceKind::Manager => "Manager",
        WorkspaceKind::Agency => "Agency",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_workspace_names_what_is_wrong() {
        let form = NewWorkspace { name: " ".into(), kind: "shop".into() };
        assert_eq!(form.check().get("name"), Some(WORKSPACE_NAME_REQUIRED));
        assert!(form.check().get("kind").is_some());
        let form = NewWorkspace { name: "Harbour & Pine".into(), kind: "agency".into() };
        assert!(form.check().is_empty());
        assert_eq!(form.kind(), Some(WorkspaceKind::Agency));
        assert!(NewWorkspace { name: "ä".repeat(256), ..form.clone() }.check().get("name").is_some());
        assert!(NewWorkspace { name: "a\u{7}b".into(), ..form }.check().get("name").is_some());
    }
}
