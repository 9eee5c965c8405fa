//! `[limits]`: how many requests a minute are answered, each limit on its own.

use serde::Deserialize;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSettings {
    /// From one address (of IPv6: one network of 64 bits) by whoever is not signed in: signing in, registering, the REST
    /// API. Looking at pages is not counted.
    pub visitor_per_minute: u32,
    /// Over REST, by one person.
    pub user_per_minute: u32,
    /// Over REST, in one workspace, by all its people and keys together.
    pub workspace_per_minute: u32,
    /// Pieces of files that come in pieces, in one workspace.
    pub uploads_per_minute: u32,
    /// Pages, and what they ask by themselves, by one person.
    pub interface_per_minute: u32,
}

impl Default for LimitsSettings {
    fn default() -> Self {
        Self {
            visitor_per_minute: 10,
            user_per_minute: 100,
            workspace_per_minute: 100,
            uploads_per_minute: 1200,
            interface_per_minute: 600,
        }
    }
}

impl Section for LimitsSettings {
    const NAME: &'static str = "limits";
    fn validate(&self, faults: &mut Faults) {
        for (key, value) in [
            ("limits.visitor_per_minute", self.visitor_per_minute),
            ("limits.user_per_minute", self.user_per_minute),
            ("limits.workspace_per_minute", self.workspace_per_minute),
            ("limits.uploads_per_minute", self.uploads_per_minute),
            ("limits.interface_per_minute", self.interface_per_minute),
        ] {
            if !(1..=1_000_000).contains(&value) {
                faults.add(key, "must be between 1 and 1,000,000");
            }
        }
    }
}
