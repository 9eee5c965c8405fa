//! `[audit]`: how long the record is kept.

use serde::Deserialize;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSettings {
    /// Days; 90 at least, and the database itself deletes nothing younger than that.
    pub keep_days: u32,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self { keep_days: 730 }
    }
}

impl Section for AuditSettings {
    const NAME: &'static str = "audit";
    fn validate(&self, faults: &mut Faults) {
        if !(90..=36_500).contains(&self.keep_days) {
            faults.add("audit.keep_days", "must be between 90 and 36,500");
        }
    }
}
