//! The selector: who gets a saved post.

use domain::{PostId, PostVersionId};
use serde::{Deserialize, Serialize};

use crate::jobs::Job;

/// `ContentCreated`: one delivery per account for this version of a post. Running it twice changes nothing.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SelectTargets {
    pub post_id: PostId,
    pub version_id: PostVersionId,
}

impl Job for SelectTargets {
    const TASK: &'static str = "deliveries.select_targets";
    const MAX_ATTEMPTS: i16 = 25;

    fn key(&self) -> Option<String> {
        Some(format!("select:{}", self.version_id))
    }
}
