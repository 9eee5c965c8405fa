//! The ten platforms and the rules of those that publish. Numbers come from the platforms' documentation
//! (2026-11); where sources disagree the safe value stands.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub mod linkedin;
pub mod x;

/// A platform, by the word used in the API and the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    Facebook,
    Instagram,
    /// Shown as X.
    Twitter,
    Linkedin,
    Tiktok,
    FacebookAds,
    GoogleAds,
    GoogleAnalytics,
    LinkedinAds,
    TiktokAds,
}

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

impl Platform {
    pub const ALL: [Self; 10] = [
        Self::Facebook,
        Self::Instagram,
        Self::Twitter,
        Self::Linkedin,
        Self::Tiktok,
        Self::FacebookAds,
        Self::GoogleAds,
        Self::GoogleAnalytics,
        Self::LinkedinAds,
        Self::TiktokAds,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Twitter => "twitter",
            Self::Linkedin => "linkedin",
            Self::Tiktok => "tiktok",
            Self::FacebookAds => "facebook_ads",
            Self::GoogleAds => "google_ads",
            Self::GoogleAnalytics => "google_analytics",
            Self::LinkedinAds => "linkedin_ads",
            Self::TiktokAds => "tiktok_ads",
        }
    }

    /// The name people know.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Facebook => "Facebook",
            Self::Instagram => "Instagram",
            Self::Twitter => "X",
            Self::Linkedin => "LinkedIn",
            Self::Tiktok => "TikTok",
            Self::FacebookAds => "Facebook Ads",
            Self::GoogleAds => "Google Ads",
            Self::GoogleAnalytics => "Google Analytics",
            Self::LinkedinAds => "LinkedIn Ads",
            Self::TiktokAds => "TikTok Ads",
        }
    }

    pub const fn account_type(self) -> AccountType {
        match self {
            Self::Facebook | Self::Instagram | Self::Twitter | Self::Linkedin | Self::Tiktok => {
                AccountType::SocialMedia
            }
            Self::FacebookAds | Self::GoogleAds | Self::LinkedinAds | Self::TiktokAds => AccountType::AdAccount,
            Self::GoogleAnalytics => AccountType::Analytics,
        }
    }

    /// What a post may be, or `None` where Arctiv does not publish.
    pub const fn rules(self) -> Option<&'static PostRules> {
        match self {
            Self::Facebook => Some(&FACEBOOK),
            Self::Twitter => Some(&X),
            Self::Linkedin => Some(&LINKEDIN),
            _ => None,
        }
    }

    /// Length of `text` as this platform counts it.
    pub fn count(self, text: &str) -> usize {
        match self {
            Self::Twitter => x::weighted_length(text),
            Self::Linkedin => linkedin::escape_commentary(text).chars().count(),
            Self::Tiktok => text.encode_utf16().count(),
            _ => text.chars().count(),
        }
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

/// A picture format we accept from people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ImageType {
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/webp")]
    Webp,
    #[serde(rename = "image/gif")]
    Gif,
}

impl ImageType {
    pub const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::Webp, Self::Gif];

    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Jpeg => "JPG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Gif => "GIF",
        }
    }

    pub fn from_mime(mime: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.mime() == mime)
    }
}

/// The limits of one platform's post.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate fact from the platform's documentation")]
pub struct PostRules {
    /// Longest text, counted by [`Platform::count`].
    pub text_max: usize,
    pub media_required: bool,
    pub images_max: usize,
    pub image_types: &'static [ImageType],
    /// Bytes, per type where it differs ([`PostRules::image_bytes`]).
    pub image_bytes_max: u64,
    pub gif_bytes_max: Option<u64>,
    /// A GIF must be alone.
    pub gif_alone: bool,
    pub image_pixels_max: Option<u64>,
    pub alt_text_max: usize,
    /// Whether a link is a field of its own beside the text, or part of the text.
    pub link_in_text: bool,
    /// Whether a link and pictures can go out together.
    pub link_with_images: bool,
    /// Whether one text may go to several accounts of the platform.
    pub same_text_on_several_accounts: bool,
}

impl PostRules {
    /// The size limit for one type, bytes.
    pub fn image_bytes(&self, kind: ImageType) -> u64 {
        match (kind, self.gif_bytes_max) {
            (ImageType::Gif, Some(max)) => max,
            _ => self.image_bytes_max,
        }
    }
}

const MIB: u64 = 1024 * 1024;

static FACEBOOK: PostRules = PostRules {
    text_max: 63_206,
    media_required: false,
    images_max: 10,
    image_types: &[ImageType::Jpeg, ImageType::Png],
    image_bytes_max: 4 * MIB,
    gif_bytes_max: None,
    gif_alone: false,
    image_pixels_max: None,
    alt_text_max: 1_000,
    link_in_text: false,
    link_with_images: false,
    same_text_on_several_accounts: true,
};

static X: PostRules = PostRules {
    text_max: 280,
    media_required: false,
    images_max: 4,
    image_types: &[ImageType::Jpeg, ImageType::Png, ImageType::Webp, ImageType::Gif],
    image_bytes_max: 5 * MIB,
    gif_bytes_max: Some(15 * MIB),
    gif_alone: true,
    image_pixels_max: None,
    alt_text_max: 1_000,
    link_in_text: true,
    link_with_images: true,
    same_text_on_several_accounts: false,
};

static LINKEDIN: PostRules = PostRules {
    text_max: 3_000,
    media_required: false,
    images_max: 20,
    image_types: &[ImageType::Jpeg, ImageType::Png, ImageType::Gif],
    image_bytes_max: 5 * MIB,
    gif_bytes_max: None,
    gif_alone: false,
    image_pixels_max: Some(36_152_320),
    alt_text_max: 4_086,
    link_in_text: false,
    link_with_images: false,
    same_text_on_several_accounts: true,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for platform in Platform::ALL {
            assert_eq!(platform.as_str().parse(), Ok(platform));
            assert_eq!(serde_json::to_value(platform).unwrap(), platform.as_str());
        }
    }
}
