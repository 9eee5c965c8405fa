//! How much a platform lets an account publish.

use serde::{Deserialize, Serialize};

/// How much of what a platform lets an account publish is used up, as it last said. The window slides: room comes back
/// little by little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishingQuota {
    /// Posts within the window just past; may exceed `total`.
    pub used: u32,
    /// Posts that are allowed within any window.
    pub total: u32,
    /// Seconds.
    pub window: u32,
}

impl PublishingQuota {
    /// How many posts more are taken now.
    pub const fn left(self) -> u32 {
        self.total.saturating_sub(self.used)
    }
}
