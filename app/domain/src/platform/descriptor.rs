//! What is said of a platform, in one place: everything the rest of the program asks of a [`Platform`](super::Platform)
//! is answered from here. One descriptor per platform, in the platform's own file.

use chrono::{Datelike as _, NaiveDateTime, Timelike as _, Weekday};
use serde::{Deserialize, Serialize};

use super::{options::CommentRules, rules::PostRules};

/// What an account of a platform is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccountType {
    SocialMedia,
    AdAccount,
    Analytics,
}

impl AccountType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SocialMedia => "social_media",
            Self::AdAccount => "ad_account",
            Self::Analytics => "analytics",
        }
    }
}

/// A platform.
#[derive(Debug)]
pub struct Descriptor {
    /// In the API, the database, settings and addresses. Never changes.
    pub word: &'static str,
    /// The name people know.
    pub label: &'static str,
    pub account_type: AccountType,
    /// What connecting is good for, in a line.
    pub purpose: &'static str,
    /// The drawing of its mark, `style/icons/m-<mark>.svg`.
    pub mark: &'static str,
    /// It shares its network's mark, and wears a megaphone to be told apart.
    pub megaphone: bool,
    /// Whether people call an account by its `@name` rather than by its name.
    pub handles: bool,
    /// What to say when an authorisation brought no account, where there is more to say than that.
    pub nothing_to_connect: Option<&'static str>,
    /// `None` where Arctiv does not publish.
    pub publishing: Option<Publishing>,
}

/// What a post is, there.
#[derive(Debug)]
pub struct Publishing {
    pub rules: &'static PostRules,
    /// Length of a text as the platform counts it.
    pub count: fn(&str) -> usize,
    /// What a first comment may be; `None` where none can be written ([`PostRules::first_comment`]).
    pub comment: Option<CommentRules>,
    /// How its posts look.
    pub preview: Preview,
    /// When most people look, in their own time.
    pub lively: &'static [Lively],
}

impl Publishing {
    /// Whether most people look at this time of the week.
    pub fn is_lively(&self, local: NaiveDateTime) -> bool {
        self.lively.iter().any(|lively| lively.holds(local))
    }
}

/// Days of the week and full hours, the first and the last, in the local time of those who read.
#[derive(Clone, Copy, Debug)]
pub struct Lively {
    pub days: &'static [Weekday],
    pub from: u32,
    pub to: u32,
}

impl Lively {
    fn holds(&self, local: NaiveDateTime) -> bool {
        self.days.contains(&local.weekday()) && (self.from..=self.to).contains(&local.hour())
    }
}

/// Looks that networks share. A preview draws the family, with the network's own buttons where those differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preview {
    /// A line of posts, the name and `@name` on one line: X, Mastodon.
    Timeline(&'static [Button]),
    /// A page's post with a link card below: Facebook.
    Page,
    /// The same for people at work, long texts folded: LinkedIn.
    Professional,
    /// The picture leads, the words stand below: Instagram.
    Picture,
    /// Upright, full of picture: TikTok.
    Upright,
}

/// What people can do with a post, as its timeline draws it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    Reply,
    Repost,
    Like,
    Favourite,
    Views,
    Bookmark,
}

/// Every character, as Unicode has them: how most platforms count.
pub(super) fn characters(text: &str) -> usize {
    text.chars().count()
}
