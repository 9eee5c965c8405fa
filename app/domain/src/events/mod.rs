//! What changes on open pages without a reload.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    error::ServiceResult,
    ids::{AccountId, DeliveryId, PostId, UserId},
};

/// A change, as sent to browsers (`event:` is [`LiveEvent::name`], `data:` the JSON).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum LiveEvent {
    #[serde(rename = "account.status")]
    AccountStatus { account_id: AccountId, status: crate::accounts::AccountStatus },
    #[serde(rename = "delivery.updated")]
    DeliveryUpdated {
        delivery_id: DeliveryId,
        content_id: PostId,
        account_id: AccountId,
        status: crate::deliveries::DeliveryStatus,
    },
    #[serde(rename = "post.updated")]
    PostUpdated { content_id: PostId, status: crate::posts::PostStatus },
    /// Somebody joined, left, got another role or was kept out.
    #[serde(rename = "member.updated")]
    MemberUpdated {
        user_id: UserId,
        /// Whether they may come in now.
        active: bool,
    },
}

impl LiveEvent {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AccountStatus { .. } => "account.status",
            Self::DeliveryUpdated { .. } => "delivery.updated",
            Self::PostUpdated { .. } => "post.updated",
            Self::MemberUpdated { .. } => "member.updated",
        }
    }
}

/// A numbered change. Numbers grow; a reader that lost its connection names the last one it saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numbered {
    pub id: i64,
    pub event: LiveEvent,
}

/// Changes of the actor's workspace.
#[async_trait]
pub trait Events: Send + Sync {
    /// What happened after `last_seen` (at most the last hour), then everything that follows. Something may come
    /// twice after a reconnection, nothing is left out.
    async fn subscribe(&self, actor: &Actor, last_seen: Option<i64>) -> ServiceResult<Subscription>;
}

/// Past changes to replay, and a channel of those to come. The channel ends when the server stops or the reader is
/// too slow; the reader then reconnects with its last number.
pub struct Subscription {
    pub missed: Vec<Numbered>,
    pub live: Box<dyn LiveStream>,
}

/// The changes to come.
#[async_trait]
pub trait LiveStream: Send {
    /// `None` when the stream has ended.
    async fn next(&mut self) -> Option<Numbered>;
}
