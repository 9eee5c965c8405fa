//! Google Ads: access only (platforms.md 6).

use super::{AccountType, Descriptor};

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "google_ads",
    label: "Google Ads",
    account_type: AccountType::AdAccount,
    purpose: "Give access to an ad account",
    mark: "google-ads",
    megaphone: false,
    handles: false,
    nothing_to_connect: None,
    publishing: None,
};
