//! The platforms: what each is called, what a post may be there, how it counts and looks. Numbers come from the
//! platforms' documentation (2026-11); where sources disagree the safe value stands.
//!
//! A platform is one file beside this one, which says all of it in a [`Descriptor`], and two lines here: its module, and
//! its name in `platforms!`. `CONTRIBUTING.md` says what else a new platform brings.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

mod descriptor;
mod facebook;
mod facebook_ads;
mod files;
mod google_ads;
mod google_analytics;
mod instagram;
pub mod linkedin;
mod linkedin_ads;
pub mod mastodon;
mod options;
mod quota;
mod rules;
mod tiktok;
mod tiktok_ads;
pub mod x;

pub use descriptor::{AccountType, Button, Descriptor, Lively, Preview, Publishing};
pub use files::{DocumentType, ImageType, VideoType};
pub use options::{Audience, CommentRules, CreatorChoices, PostFormat, PostOptions, TiktokOptions, TiktokPrivacy};
pub use quota::PublishingQuota;
pub use rules::{DocumentRules, PostRules, Ratio, VideoRules};

/// The list of platforms: `Variant = module`, in the order people see them.
macro_rules! platforms {
    ($($(#[$doc:meta])* $variant:ident = $module:ident,)+) => {
        /// A platform, by the word used in the API and the database.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum Platform {
            $($(#[$doc])* $variant,)+
        }

        impl Platform {
            pub const ALL: [Self; [$(stringify!($variant)),+].len()] = [$(Self::$variant),+];

            /// What is said of it.
            pub const fn descriptor(self) -> &'static Descriptor {
                match self {
                    $(Self::$variant => &$module::PLATFORM,)+
                }
            }
        }
    };
}

platforms! {
    Facebook = facebook,
    Instagram = instagram,
    /// Shown as X.
    Twitter = x,
    Linkedin = linkedin,
    Tiktok = tiktok,
    Mastodon = mastodon,
    FacebookAds = facebook_ads,
    GoogleAds = google_ads,
    GoogleAnalytics = google_analytics,
    LinkedinAds = linkedin_ads,
    TiktokAds = tiktok_ads,
}

impl Platform {
    pub const fn as_str(self) -> &'static str {
        self.descriptor().word
    }

    /// The name people know.
    pub const fn label(self) -> &'static str {
        self.descriptor().label
    }

    pub const fn account_type(self) -> AccountType {
        self.descriptor().account_type
    }

    /// What a post may be, or `None` where Arctiv does not publish.
    pub const fn rules(self) -> Option<&'static PostRules> {
        match &self.descriptor().publishing {
            Some(publishing) => Some(publishing.rules),
            None => None,
        }
    }

    /// Length of `text` as this platform counts it.
    pub fn count(self, text: &str) -> usize {
        self.descriptor().publishing.as_ref().map_or(descriptor::characters as fn(&str) -> usize, |it| it.count)(text)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Platform {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for platform in Platform::ALL {
            assert_eq!(platform.as_str().parse(), Ok(platform));
            assert_eq!(serde_json::to_value(platform).unwrap(), platform.as_str());
        }
        assert_eq!("myspace".parse::<Platform>(), Err(()));
    }

    #[test]
    fn names_are_told_apart() {
        for one in Platform::ALL {
            let same = |other: &Platform| other.label() == one.label() || other.as_str() == one.as_str();
            assert_eq!(Platform::ALL.iter().filter(|other| same(other)).count(), 1, "{one}");
        }
    }

    #[test]
    fn social_media_is_published_to_and_nothing_else() {
        for platform in Platform::ALL {
            let social = platform.account_type() == AccountType::SocialMedia;
            assert_eq!(platform.rules().is_some(), social, "{platform}");
        }
    }

    #[test]
    fn marks_are_shared_by_megaphones_only() {
        for one in Platform::ALL {
            let (mark, megaphone) = (one.descriptor().mark, one.descriptor().megaphone);
            let sharing = Platform::ALL.into_iter().filter(|other| other.descriptor().mark == mark);
            assert_eq!(sharing.filter(|other| other.descriptor().megaphone == megaphone).count(), 1, "{one}");
        }
    }
}
