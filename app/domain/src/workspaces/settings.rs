//! What an admin sets for a workspace.

use serde::{Deserialize, Serialize};

use super::membership::check_workspace_name;
use crate::{
    error::FieldErrors,
    posts::{ApprovalPolicy, MAX_UNDO_SECONDS, schedule},
};

pub const MAX_SLUG: usize = 60;
/// A logo or an avatar, bytes as they are sent.
pub const MAX_PORTRAIT: usize = 5 * 1024 * 1024;

pub const SLUG_TAKEN: &str = "Another workspace has this short name. Choose a different one";
pub const SLUG_FORM: &str = "Use lower-case letters, digits and single hyphens between them, at most 60 characters";
pub const ZONE_UNKNOWN: &str = "Choose a time zone by its name, such as Europe/Dublin";

/// What is to change about a workspace; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct WorkspacePatch {
    /// 1 to 255 characters.
    pub name: Option<String>,
    /// Lower-case letters, digits and single hyphens between them, at most 60; unique.
    pub slug: Option<String>,
    /// IANA name. What is scheduled already keeps the moment at which it goes out.
    pub time_zone: Option<String>,
    /// 0 to 60.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 60))]
    pub undo_seconds: Option<u16>,
    /// For accounts that are connected from now on.
    pub new_accounts_active: Option<bool>,
    /// For what is saved from now on: what is scheduled already goes out, and what waits goes on waiting. With `everybody`,
    /// it takes two editors or admins for anything to go out.
    pub approval_policy: Option<ApprovalPolicy>,
}

impl WorkspacePatch {
    /// What is wrong, field by field; empty when all is well.
    pub fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if let Some(Err(error)) = self.name.as_deref().map(|name| check_workspace_name(name, &())) {
            errors.add("name", error.message());
        }
        if self.slug.as_deref().is_some_and(|slug| !is_slug(slug)) {
            errors.add("slug", SLUG_FORM);
        }
        if self.time_zone.as_deref().is_some_and(|zone| schedule::zone(zone).is_none()) {
            errors.add("time_zone", ZONE_UNKNOWN);
        }
        if self.undo_seconds.is_some_and(|seconds| seconds > MAX_UNDO_SECONDS) {
            errors.add("undo_seconds", format!("The undo window is at most {MAX_UNDO_SECONDS} seconds"));
        }
        errors
    }
}

fn is_slug(text: &str) -> bool {
    let sound =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.len() <= MAX_SLUG && text.split('-').all(sound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        let patch = WorkspacePatch {
            name: Some(" ".into()),
            slug: Some("Harbour".into()),
            time_zone: Some("Dublin".into()),
            undo_seconds: Some(61),
            new_accounts_active: None,
            approval_policy: None,
        };
        let errors = patch.check();
        for field in ["name", "slug", "time_zone", "undo_seconds"] {
            assert!(errors.get(field).is_some(), "{field}");
        }
        assert!(WorkspacePatch::default().check().is_empty());
    }

    #[test]
    fn slugs_are_words_with_hyphens() {
        for slug in ["a", "harbour-pine", "7", "a-1-b"] {
            assert!(is_slug(slug), "{slug}");
        }
        for slug in ["", "-a", "a-", "a--b", "A", "ä", "a b", "a_b", "a/b"] {
            assert!(!is_slug(slug), "{slug}");
        }
    }

    proptest! {
        #[test]
        fn what_is_made_from_a_name_is_one(name in "\\PC{0,80}") {
            let slug = super::super::slugify(&name);
            prop_assert!(slug.is_empty() || is_slug(&slug));
        }
    }
}
