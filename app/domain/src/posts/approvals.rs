//! Posts that wait for somebody's word: whose do, who may give it, and what is kept of it.
//!
//! What is decided on is always a version. Whoever approves names the one they have looked at; a newer one is looked at first.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Post;
use crate::{
    actor::Actor,
    error::{ServiceError, ServiceResult},
    ids::{PostId, UserId},
    page::{Page, PageRequest},
    text,
    workspaces::{Person, Role},
};

/// The longest note of a rejection, characters.
pub const MAX_NOTE: usize = 1_000;

/// Whose posts wait for approval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApprovalPolicy {
    /// Members'. Editors and admins publish by saving.
    #[default]
    Members,
    /// Everybody's: each post takes another editor or admin than whoever wrote it.
    Everybody,
}

impl ApprovalPolicy {
    pub const ALL: [Self; 2] = [Self::Members, Self::Everybody];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Everybody => "everybody",
        }
    }

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Members => "Members’ posts",
            Self::Everybody => "Everybody’s posts",
        }
    }

    /// Whether what somebody in this role saves waits before it goes out.
    pub fn holds_back(self, role: Role) -> bool {
        match self {
            Self::Members => role < Role::Editor,
            Self::Everybody => true,
        }
    }

    /// Why somebody may not decide on a version, or `None` if they may. `author` began the post, `writer` wrote the version.
    pub fn why_not(self, role: Role, who: UserId, author: UserId, writer: UserId) -> Option<WhyNot> {
        if role < Role::Editor {
            return Some(WhyNot::Role);
        }
        match self {
            Self::Everybody if who == author => Some(WhyNot::OwnPost),
            Self::Everybody if who == writer => Some(WhyNot::OwnVersion),
            Self::Members | Self::Everybody => None,
        }
    }
}

impl fmt::Display for ApprovalPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ApprovalPolicy {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text).ok_or(())
    }
}

/// Why somebody may not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNot {
    Role,
    OwnPost,
    OwnVersion,
}

impl WhyNot {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Role => "Approving posts takes the editor role.",
            Self::OwnPost => "This is your own post, so another editor or admin decides on it.",
            Self::OwnVersion => "You wrote this version, so another editor or admin decides on it.",
        }
    }
}

/// What was done about the approval of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStep {
    Requested,
    Withdrawn,
    /// By somebody's word, or by saving as somebody whose posts do not wait.
    Approved,
    Rejected,
}

impl ApprovalStep {
    pub const ALL: [Self; 4] = [Self::Requested, Self::Withdrawn, Self::Approved, Self::Rejected];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Withdrawn => "withdrawn",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// To be read behind a name and before a version.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Requested => "asked for approval of",
            Self::Withdrawn => "took back the request for",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

impl FromStr for ApprovalStep {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|step| step.as_str() == text).ok_or(())
    }
}

/// A line of a post's history of approvals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Approval {
    pub step: ApprovalStep,
    /// The version that was asked for or decided on.
    pub version: u32,
    pub by: Person,
    /// Why it was rejected.
    pub note: Option<String>,
    pub at: DateTime<Utc>,
}

/// A post that waits, as somebody who may have to decide sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Review {
    pub post: Post,
    /// Who asked, for the version that waits.
    pub asked_by: Person,
    pub asked_at: DateTime<Utc>,
    /// The version that was approved or went out last, which the one that waits is compared with.
    pub approved_version: Option<u32>,
    /// Whether its time has passed: then approving it sends it out at once.
    pub overdue: bool,
    pub may_decide: bool,
    /// Why not, in plain words.
    pub why_not: Option<String>,
}

/// How a post stands with those who approve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalFile {
    pub post: Post,
    /// Newest first.
    pub approvals: Vec<Approval>,
    /// While it waits.
    pub review: Option<Review>,
}

/// The note of a rejection: required, so that its author knows what to change.
pub fn check_note(note: &str) -> ServiceResult<String> {
    let note = note.trim();
    let wrong = if note.is_empty() {
        Some("Say what has to change, so that the author can ask again.".to_owned())
    } else if note.chars().count() > MAX_NOTE {
        Some(format!("The note is at most {MAX_NOTE} characters."))
    } else if text::has_control_chars(note) {
        Some("The note contains control characters.".to_owned())
    } else {
        None
    };
    match wrong {
        Some(message) => Err(ServiceError::field("rejection_note", message)),
        None => Ok(note.to_owned()),
    }
}

/// Approvals in the actor's workspace. Reading: viewer. Asking: member, for their own posts. Deciding: editor.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// What waits, due first: by its time, or by when it was asked for where it is to go out at once.
    async fn waiting(&self, actor: &Actor, page: PageRequest) -> ServiceResult<Page<Review>>;

    /// How many of them wait for the actor, who may decide on them.
    async fn awaited(&self, actor: &Actor) -> ServiceResult<u64>;

    /// How one post stands.
    async fn file(&self, actor: &Actor, id: PostId) -> ServiceResult<ApprovalFile>;

    /// Asks for approval of a draft as it is, for the time it is meant for. Asking again while it waits changes nothing.
    /// It is checked as saving it would be.
    async fn submit(&self, actor: &Actor, id: PostId) -> ServiceResult<Post>;

    /// Takes a request back: the post is a draft again. Of one that does not wait, as [`undo`](super::Posts::undo) does.
    async fn withdraw(&self, actor: &Actor, id: PostId) -> ServiceResult<Post>;

    /// Lets a version go out, now or at its time, exactly as it is; one whose time has passed goes out now. Doing it twice
    /// changes nothing. `CONFLICT` when it does not wait any more, or there is a newer version than `version` (the current
    /// one, when left out); `VALIDATION_ERROR` when no account can take it by now.
    async fn approve(&self, actor: &Actor, id: PostId, version: Option<u32>) -> ServiceResult<Post>;

    /// Gives a version back to its author with a note. Conflicts are as with [`approve`](Self::approve).
    async fn reject(&self, actor: &Actor, id: PostId, version: Option<u32>, note: String) -> ServiceResult<Post>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn policies() -> impl Strategy<Value = ApprovalPolicy> {
        proptest::sample::select(ApprovalPolicy::ALL.to_vec())
    }

    fn roles() -> impl Strategy<Value = Role> {
        proptest::sample::select(Role::ALL.to_vec())
    }

    #[test]
    fn words_round_trip() {
        for policy in ApprovalPolicy::ALL {
            assert_eq!(policy.as_str().parse(), Ok(policy));
            assert_eq!(serde_json::to_value(policy).unwrap(), policy.as_str());
        }
        for step in ApprovalStep::ALL {
            assert_eq!(step.as_str().parse(), Ok(step));
            assert_eq!(serde_json::to_value(step).unwrap(), step.as_str());
        }
        assert!("all".parse::<ApprovalPolicy>().is_err() && "".parse::<ApprovalStep>().is_err());
    }

    #[test]
    fn members_wait_and_editors_publish_by_saving() {
        use ApprovalPolicy::{Everybody, Members};
        let held = |policy: ApprovalPolicy| Role::ALL.map(|role| policy.holds_back(role));
        assert_eq!(held(Members), [true, true, false, false]);
        assert_eq!(held(Everybody), [true; 4]);
    }

    proptest! {
        /// Nobody below an editor decides; with four eyes nobody decides on what they wrote; and whoever waits for approval
        /// could never give it to themselves.
        #[test]
        fn nobody_approves_what_they_may_not_publish(
            policy in policies(), role in roles(), who in 1u128..4, author in 1u128..4, writer in 1u128..4,
        ) {
            let refused = policy.why_not(role, user(who), user(author), user(writer));
            if role < Role::Editor {
                prop_assert_eq!(refused, Some(WhyNot::Role));
            }
            if refused.is_none() && policy.holds_back(role) {
                prop_assert!(who != author && who != writer);
            }
            // A third editor can always decide, so nothing is stuck where there is one.
            prop_assert_eq!(policy.why_not(Role::Editor, user(9), user(author), user(writer)), None);
        }

        #[test]
        fn a_note_is_kept_without_space_around_it_or_refused(note in "[ a-z\n\u{7}]{0,1100}") {
            match check_note(&note) {
                Ok(kept) => prop_assert_eq!(kept.as_str(), note.trim()),
                Err(error) => prop_assert!(error.fault.fields.get("rejection_note").is_some()),
            }
        }
    }

    #[test]
    fn a_note_has_words_and_an_end() {
        let said = |note: &str| check_note(note).unwrap_err().fault.message;
        assert!(said("  \n").starts_with("Say what has to change"));
        assert!(said(&"ä".repeat(MAX_NOTE + 1)).contains("1000"));
        assert_eq!(check_note(&"ä".repeat(MAX_NOTE)).unwrap().chars().count(), MAX_NOTE);
    }
}
