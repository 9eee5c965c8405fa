//! LinkedIn Ads: access only (platforms.md 8).

use super::{AccountType, Descriptor};

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "linkedin_ads",
    label: "LinkedIn Ads",
    account_type: AccountType::AdAccount,
    purpose: "Give access to an ad account",
    mark: "linkedin",
    megaphone: true,
    handles: false,
    nothing_to_connect: None,
    publishing: None,
};
