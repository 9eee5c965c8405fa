//! What people say of themselves, and what each kind of person may say.

use serde::{Deserialize, Serialize};

use super::{MAX_AGENCY_NAME, Profile, check_full_name};
use crate::{error::FieldErrors, text::has_control_chars, workspaces::WorkspaceKind};

pub const MAX_HEADLINE: usize = 120;
pub const MAX_BIO: usize = 2_000;
pub const MAX_SPECIALTIES: usize = 20;
pub const MAX_SPECIALTY: usize = 40;
pub const MAX_AVAILABILITY: usize = 100;
pub const MAX_TEAM_SIZE: u32 = 100_000;

/// Somebody's profile, to themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnProfile {
    pub full_name: String,
    /// Chosen at registration; decides which of the fields below there are.
    pub role: WorkspaceKind,
    pub headline: Option<String>,
    pub bio: Option<String>,
    /// Managers and agencies.
    pub specialties: Vec<String>,
    /// Managers and agencies.
    pub availability: Option<String>,
    /// Agencies.
    pub agency_name: Option<String>,
    /// Agencies.
    pub team_size: Option<i32>,
    /// Managers and agencies: whether they are found in the directory.
    pub listed: bool,
    /// Signed, good for about an hour; `null` without a picture.
    pub avatar_url: Option<String>,
}

impl OwnProfile {
    pub fn new(full_name: String, role: WorkspaceKind, profile: Profile) -> Self {
        let Profile { headline, bio, specialties, availability, agency_name, team_size, listed, avatar_url } = profile;
        Self { full_name, role, headline, bio, specialties, availability, agency_name, team_size, listed, avatar_url }
    }
}

/// What is to change about a profile; what is left out stays, and an empty text or 0 takes a field's value away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ProfilePatch {
    /// 1 to 100 characters.
    pub full_name: Option<String>,
    /// At most 120 characters, on one line.
    pub headline: Option<String>,
    /// At most 2,000 characters.
    pub bio: Option<String>,
    /// At most 20 of at most 40 characters. Managers and agencies.
    pub specialties: Option<Vec<String>>,
    /// At most 100 characters, on one line. Managers and agencies.
    pub availability: Option<String>,
    /// At most 255 characters. Agencies.
    pub agency_name: Option<String>,
    /// Up to 100,000. Agencies.
    pub team_size: Option<u32>,
    /// Whether to be found in the directory. Managers and agencies.
    pub listed: Option<bool>,
}

/// Whether people of this kind present themselves to others.
pub const fn presents_itself(role: WorkspaceKind) -> bool {
    matches!(role, WorkspaceKind::Manager | WorkspaceKind::Agency)
}

impl ProfilePatch {
    /// What is wrong for somebody of this kind, field by field; empty when all is well.
    pub fn check(&self, role: WorkspaceKind) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if let Some(Err(error)) = self.full_name.as_deref().map(|name| check_full_name(name, &())) {
            errors.add("full_name", error.message());
        }
        let mut text = |field: &str, value: Option<&String>, max: usize, lines: bool| {
            let Some(value) = value.map(|value| value.trim()) else { return };
            if value.chars().count() > max {
                errors.add(field, format!("Use at most {max} characters"));
            } else if has_control_chars(value) || (!lines && value.contains(['\n', '\r', '\t'])) {
                errors.add(field, "This holds characters that cannot be shown");
            }
        };
        text("headline", self.headline.as_ref(), MAX_HEADLINE, false);
        text("bio", self.bio.as_ref(), MAX_BIO, true);
        text("availability", self.availability.as_ref(), MAX_AVAILABILITY, false);
        text("agency_name", self.agency_name.as_ref(), MAX_AGENCY_NAME, false);
        if let Some(specialties) = &self.specialties {
            if specialties.len() > MAX_SPECIALTIES {
                errors.add("specialties", format!("Name at most {MAX_SPECIALTIES}"));
            }
            for one in specialties {
                if one.trim().chars().count() > MAX_SPECIALTY {
                    errors.add("specialties", format!("Use at most {MAX_SPECIALTY} characters for each"));
                } else if one.chars().any(char::is_control) {
                    errors.add("specialties", "One of them holds characters that cannot be shown");
                }
            }
        }
        if self.team_size.is_some_and(|size| size > MAX_TEAM_SIZE) {
            errors.add("team_size", "A team has at most 100,000 people here");
        }
        if !presents_itself(role) {
            for (field, set) in [
                ("specialties", self.specialties.is_some()),
                ("availability", self.availability.is_some()),
                ("listed", self.listed.is_some()),
            ] {
                if set {
                    errors.add(field, "Only managers and agencies have this");
                }
            }
        }
        if role != WorkspaceKind::Agency {
            for (field, set) in [("agency_name", self.agency_name.is_some()), ("team_size", self.team_size.is_some())] {
                if set {
                    errors.add(field, "Only agencies have this");
                }
            }
        }
        if role == WorkspaceKind::Agency && self.agency_name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            errors.add("agency_name", super::AGENCY_NAME_REQUIRED);
        }
        errors
    }

    /// The profile with the change. To be called once [`check`](Self::check) has passed.
    pub fn apply(self, mut to: OwnProfile) -> OwnProfile {
        let text = |value: String| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        if let Some(name) = self.full_name {
            name.trim().clone_into(&mut to.full_name);
        }
        if let Some(headline) = self.headline {
            to.headline = text(headline);
        }
        if let Some(bio) = self.bio {
            to.bio = text(bio);
        }
        if let Some(specialties) = self.specialties {
            to.specialties = tidy_specialties(specialties);
        }
        if let Some(availability) = self.availability {
            to.availability = text(availability);
        }
        if let Some(agency_name) = self.agency_name {
            to.agency_name = text(agency_name);
        }
        if let Some(size) = self.team_size {
            to.team_size = i32::try_from(size).ok().filter(|size| *size > 0);
        }
        if let Some(listed) = self.listed {
            to.listed = listed;
        }
        to
    }
}

/// Trimmed, without empty ones and repetitions.
fn tidy_specialties(typed: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for one in typed {
        let one = one.split_whitespace().collect::<Vec<_>>().join(" ");
        if !one.is_empty() && !kept.iter().any(|other| other.to_lowercase() == one.to_lowercase()) {
            kept.push(one);
        }
    }
    kept
}

/// Specialties as a form holds them: with commas between them.
pub fn split_specialties(typed: &str) -> Vec<String> {
    tidy_specialties(typed.split(',').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn profile() -> OwnProfile {
        OwnProfile::new("Niamh Doyle".into(), WorkspaceKind::Agency, Profile::default())
    }

    #[test]
    fn a_change_leaves_the_rest_and_an_empty_text_takes_away() {
        let before = OwnProfile { headline: Some("Cafés".into()), bio: Some("Since 2009".into()), ..profile() };
        let patch = ProfilePatch {
            headline: Some(" ".into()),
            specialties: Some(split_specialties("Food,  food , Small  shops,,")),
            team_size: Some(7),
            listed: Some(true),
            ..ProfilePatch::default()
        };
        assert!(patch.check(WorkspaceKind::Agency).is_empty());
        let after = patch.apply(before.clone());
        assert_eq!((after.headline, after.bio), (None, before.bio));
        assert_eq!(after.specialties, ["Food", "Small shops"]);
        assert_eq!((after.team_size, after.listed), (Some(7), true));
    }

    #[rstest]
    #[case(WorkspaceKind::Client, &["agency_name", "availability", "listed", "specialties", "team_size"])]
    #[case(WorkspaceKind::Manager, &["agency_name", "team_size"])]
    #[case(WorkspaceKind::Agency, &[])]
    fn each_kind_has_its_fields(#[case] role: WorkspaceKind, #[case] not_theirs: &[&str]) {
        let patch = ProfilePatch {
            full_name: Some("Orla".into()),
            headline: Some("Hello".into()),
            bio: Some("One\nTwo".into()),
            specialties: Some(vec!["Food".into()]),
            availability: Some("From March".into()),
            agency_name: Some("Harbour & Pine".into()),
            team_size: Some(3),
            listed: Some(false),
        };
        assert_eq!(patch.check(role).0.into_keys().collect::<Vec<_>>(), not_theirs);
    }

    #[test]
    fn limits_are_named_by_their_field() {
        let patch = ProfilePatch {
            full_name: Some("x".repeat(101)),
            headline: Some("x".repeat(121)),
            bio: Some("x".repeat(2_001)),
            specialties: Some(vec!["x".repeat(41)]),
            availability: Some("two\nlines".into()),
            agency_name: Some(" ".into()),
            team_size: Some(100_001),
            listed: None,
        };
        let wrong = patch.check(WorkspaceKind::Agency);
        let named: Vec<_> = wrong.0.into_keys().collect();
        assert_eq!(named, ["agency_name", "availability", "bio", "full_name", "headline", "specialties", "team_size"]);
        let many =
            ProfilePatch { specialties: Some((0..21).map(|n| n.to_string()).collect()), ..ProfilePatch::default() };
        assert!(many.check(WorkspaceKind::Manager).get("specialties").is_some());
    }
}
