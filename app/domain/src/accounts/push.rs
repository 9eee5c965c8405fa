//! What platforms send of their own accord about people who have connected accounts.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{actor::Visitor, error::ServiceResult, platform::Platform};

/// A message as it came, signature and all. Nothing in it is believed before that is checked.
#[derive(Clone, Debug, Default)]
pub struct PushMessage {
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// A request to be forgotten, by the code its person was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DataDeletion {
    pub code: String,
    pub platform: Platform,
    pub requested_at: DateTime<Utc>,
    /// `None` while it is being carried out, which takes minutes at the most.
    pub completed_at: Option<DateTime<Utc>>,
}

/// A request to be forgotten that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionTaken {
    pub deletion: DataDeletion,
    /// Where its person can see what became of it.
    pub status_url: String,
}

/// Messages of platforms. Whoever sends them proves with a signature that they are the platform; there is no actor.
///
/// `UNAUTHORIZED` for what is not signed with our app's secret, is for another app or not of this time; `NOT_FOUND` for
/// platforms that send nothing or are not set up here.
#[async_trait]
pub trait PushEvents: Send + Sync {
    /// Somebody has taken access back at a platform: their accounts show it within seconds. Other events are taken
    /// and left alone. The same message again changes nothing, and neither does one that is older than the access an
    /// account has by now.
    async fn receive(&self, visitor: &Visitor, platform: Platform, message: PushMessage) -> ServiceResult<()>;

    /// Somebody wants gone what is kept of them. The same request again is the same request.
    async fn forget(&self, visitor: &Visitor, platform: Platform, message: PushMessage)
    -> ServiceResult<DeletionTaken>;

    /// What became of such a request.
    async fn deletion(&self, visitor: &Visitor, code: &str) -> ServiceResult<DataDeletion>;
}
