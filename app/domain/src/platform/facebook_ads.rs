//! Facebook Ads: access only (platforms.md 7).

use super::{AccountType, Descriptor};

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "facebook_ads",
    label: "Facebook Ads",
    account_type: AccountType::AdAccount,
    purpose: "Give access to an ad account",
    mark: "facebook",
    megaphone: true,
    handles: false,
    nothing_to_connect: None,
    publishing: None,
};
