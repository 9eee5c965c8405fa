//! What can be chosen for a post beyond its words and media, where a platform has something to choose.

use serde::{Deserialize, Serialize};

use super::Platform;

/// In which form a post appears at its platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PostFormat {
    /// In the feed or timeline. A single video of Instagram's is a reel there in any case.
    #[default]
    Feed,
    /// A short upright video.
    Reel,
    /// Gone after a day.
    Story,
}

impl PostFormat {
    pub const ALL: [Self; 3] = [Self::Feed, Self::Reel, Self::Story];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Reel => "reel",
            Self::Story => "story",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Feed => "Post",
            Self::Reel => "Reel",
            Self::Story => "Story",
        }
    }
}

/// Who may see a post, where that can be chosen for each ([`super::PostRules::audiences`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    Public,
    /// Everybody who has the address; not in public timelines.
    Unlisted,
    Followers,
}

impl Audience {
    pub const ALL: [Self; 3] = [Self::Public, Self::Unlisted, Self::Followers];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Followers => "followers",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Public => "Everyone",
            Self::Unlisted => "Everyone, but not in public timelines",
            Self::Followers => "Followers",
        }
    }
}

/// The choices for one account's post. What a platform does not know of is left aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct PostOptions {
    pub format: PostFormat,
    /// Written below the post once it is public, where [`super::PostRules::first_comment`] says that this is possible.
    pub first_comment: Option<String>,
    /// The name shown above a document, or beside a Facebook video.
    pub title: Option<String>,
    /// The moment of a video whose picture is shown before it plays, milliseconds.
    pub cover_ms: Option<u32>,
    /// Who may see it; `None` is everyone.
    pub audience: Option<Audience>,
    /// Instagram: whether a reel also appears among the account's posts; `None` leaves it to Instagram.
    pub share_to_feed: Option<bool>,
    /// TikTok's own choices. Without them a post goes to the creator's inbox, and they choose there.
    pub tiktok: Option<TiktokOptions>,
}

impl PostOptions {
    /// Whether nothing was chosen.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// As it is kept: texts without space around them, and none where nothing was written.
    #[must_use]
    pub fn tidied(&self) -> Self {
        let text =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        Self { first_comment: text(&self.first_comment), title: text(&self.title), ..self.clone() }
    }
}

/// What a first comment may be.
#[derive(Debug, PartialEq, Eq)]
pub struct CommentRules {
    /// Longest text, counted by [`Platform::count`].
    pub(super) text_max: usize,
    /// Whether it is a post, and so as long as the account's posts may be.
    pub(super) is_post: bool,
    pub hashtags_max: Option<usize>,
    pub links_max: Option<usize>,
    /// Whether one in capitals alone is taken.
    pub shouting: bool,
}

impl CommentRules {
    /// A length, and no other rule.
    pub(super) const fn of_length(text_max: usize) -> Self {
        Self { text_max, is_post: false, hashtags_max: None, links_max: None, shouting: true }
    }

    /// The same where a comment is a post.
    pub(super) const fn of_a_post(text_max: usize) -> Self {
        Self { is_post: true, ..Self::of_length(text_max) }
    }

    /// The longest that all of these accounts can write, `own` as in [`PostRules::text_max_beside`].
    ///
    /// [`PostRules::text_max_beside`]: super::PostRules::text_max_beside
    pub fn text_max_of(&self, own: impl IntoIterator<Item = Option<u32>>) -> usize {
        shortest(self.text_max, own.into_iter().map(|own| own.filter(|_| self.is_post)))
    }
}

/// What all accounts of a platform take whose own limits are `own`: the least of those, with the platform's limit for
/// whoever has none, or where there are no accounts.
pub(super) fn shortest(of_platform: usize, own: impl IntoIterator<Item = Option<u32>>) -> usize {
    own.into_iter().map(|own| own.map_or(of_platform, |most| most as usize)).min().unwrap_or(of_platform)
}

impl Platform {
    /// What a first comment may be, or `None` where none can be written ([`super::PostRules::first_comment`]).
    pub fn comment_rules(self) -> Option<&'static CommentRules> {
        self.descriptor().publishing.as_ref()?.comment.as_ref()
    }
}

/// What a creator may choose for a post just now (platforms.md 5). It is shown beside the choices, and none is preset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatorChoices {
    /// As the post will be signed; must be shown beside the choices.
    pub nickname: String,
    /// `@name`.
    pub handle: Option<String>,
    /// A picture at the platform's, not checked.
    pub avatar_url: Option<String>,
    /// Who may be allowed to see a post.
    pub privacy: Vec<TiktokPrivacy>,
    /// Whether comments can be allowed at all.
    pub comments: bool,
    /// Whether duets can be.
    pub duets: bool,
    /// Whether stitches can be.
    pub stitches: bool,
    /// The longest video, seconds.
    pub longest_video_seconds: Option<u32>,
}

/// Who may see a post on TikTok. Which of them a creator may choose is theirs to say, before every post, and none may
/// be chosen for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TiktokPrivacy {
    PublicToEveryone,
    MutualFollowFriends,
    FollowerOfCreator,
    SelfOnly,
}

impl TiktokPrivacy {
    pub const ALL: [Self; 4] =
        [Self::PublicToEveryone, Self::MutualFollowFriends, Self::FollowerOfCreator, Self::SelfOnly];

    /// TikTok's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PublicToEveryone => "PUBLIC_TO_EVERYONE",
            Self::MutualFollowFriends => "MUTUAL_FOLLOW_FRIENDS",
            Self::FollowerOfCreator => "FOLLOWER_OF_CREATOR",
            Self::SelfOnly => "SELF_ONLY",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::PublicToEveryone => "Everyone",
            Self::MutualFollowFriends => "Friends",
            Self::FollowerOfCreator => "Followers",
            Self::SelfOnly => "Only you",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|privacy| privacy.as_str() == word)
    }
}

/// How a post goes out on TikTok. Everything is off unless the person has switched it on: TikTok allows no presets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in TikTok's form")]
pub struct TiktokOptions {
    pub privacy: TiktokPrivacy,
    #[serde(default)]
    pub allow_comments: bool,
    /// Videos only.
    #[serde(default)]
    pub allow_duet: bool,
    /// Videos only.
    #[serde(default)]
    pub allow_stitch: bool,
    /// "Your brand": it promotes the creator's own business.
    #[serde(default)]
    pub own_brand: bool,
    /// "Branded content": a paid partnership.
    #[serde(default)]
    pub paid_partnership: bool,
    #[serde(default)]
    pub made_with_ai: bool,
    /// Photos only: TikTok adds music by itself.
    #[serde(default)]
    pub auto_add_music: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_tiktoks() {
        for privacy in TiktokPrivacy::ALL {
            assert_eq!(serde_json::to_value(privacy).unwrap(), privacy.as_str());
            assert_eq!(TiktokPrivacy::from_word(privacy.as_str()), Some(privacy));
        }
        assert_eq!(TiktokPrivacy::from_word("public"), None);
    }

    #[test]
    fn nothing_is_preset() {
        let options: PostOptions = serde_json::from_value(json!({})).unwrap();
        assert_eq!(options, PostOptions::default());
        assert!(serde_json::from_value::<TiktokOptions>(json!({})).is_err());
        let options: TiktokOptions = serde_json::from_value(json!({"privacy": "SELF_ONLY"})).unwrap();
        assert!(!options.allow_comments && !options.allow_duet && !options.allow_stitch && !options.auto_add_music);
    }

    #[test]
    fn comments_are_ruled_where_they_can_be_written() {
        for platform in Platform::ALL {
            let possible = platform.rules().is_some_and(|rules| rules.first_comment);
            assert_eq!(platform.comment_rules().is_some(), possible, "{platform}");
        }
    }

    #[test]
    fn a_comment_that_is_a_post_is_as_long_as_one() {
        let most = |platform: Platform, own: &[Option<u32>]| {
            platform.comment_rules().unwrap().text_max_of(own.iter().copied())
        };
        assert_eq!(most(Platform::Twitter, &[]), 280);
        assert_eq!(most(Platform::Twitter, &[Some(25_000)]), 25_000);
        assert_eq!(most(Platform::Twitter, &[Some(25_000), None]), 280);
        assert_eq!(most(Platform::Instagram, &[Some(25_000)]), 300);
    }

    #[test]
    fn what_is_kept_has_no_space_around_it() {
        let options = PostOptions { first_comment: Some("  ".into()), title: Some(" A ".into()), ..Default::default() };
        let tidy = options.tidied();
        assert_eq!((tidy.first_comment.as_deref(), tidy.title.as_deref()), (None, Some("A")));
        assert!(!tidy.is_plain() && PostOptions::default().is_plain());
    }

    #[test]
    fn formats_by_their_words() {
        for format in PostFormat::ALL {
            assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
        }
        for audience in Audience::ALL {
            assert_eq!(serde_json::to_value(audience).unwrap(), audience.as_str());
        }
    }
}
