//! TikTok Ads: access only (platforms.md 9).

use super::{AccountType, Descriptor};

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "tiktok_ads",
    label: "TikTok Ads",
    account_type: AccountType::AdAccount,
    purpose: "Give access to an ad account",
    mark: "tiktok",
    megaphone: true,
    handles: false,
    nothing_to_connect: None,
    publishing: None,
};
