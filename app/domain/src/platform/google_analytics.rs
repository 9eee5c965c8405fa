//! Google Analytics: access only (platforms.md 6).

use super::{AccountType, Descriptor};

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "google_analytics",
    label: "Google Analytics",
    account_type: AccountType::Analytics,
    purpose: "Give access to a property",
    mark: "google-analytics",
    megaphone: false,
    handles: false,
    nothing_to_connect: None,
    publishing: None,
};
