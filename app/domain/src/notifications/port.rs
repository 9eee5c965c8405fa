//! What can be done about letters and webhooks.

use async_trait::async_trait;

use super::{
    MadeWebhook, NewWebhook, NotificationPreference, PreferencesPatch, RenewedSecret, Subscription, Webhook,
    WebhookDelivery, WebhookPatch,
};
use crate::{
    actor::{Actor, Visitor},
    error::ServiceResult,
    ids::{WebhookDeliveryId, WebhookId},
};

/// Which letters somebody gets. A person's own business, in the workspace they are in.
#[async_trait]
pub trait Notifications: Send + Sync {
    /// Those that the actor's role can get, in their order.
    async fn preferences(&self, actor: &Actor) -> ServiceResult<Vec<NotificationPreference>>;

    /// `VALIDATION_ERROR` with fields.
    async fn set_preferences(
        &self,
        actor: &Actor,
        patch: PreferencesPatch,
    ) -> ServiceResult<Vec<NotificationPreference>>;

    /// What the link at the end of a letter would switch off. Looking changes nothing. `NOT_FOUND` for what never was one.
    async fn subscription(&self, token: &str) -> ServiceResult<Subscription>;

    /// Switches it off, for whoever holds the link. Doing it twice changes nothing.
    async fn unsubscribe(&self, visitor: &Visitor, token: &str) -> ServiceResult<Subscription>;
}

/// Addresses of programs that are told what happens in the actor's workspace. Admins only, and never with an API key.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Newest first.
    async fn list(&self, actor: &Actor) -> ServiceResult<Vec<Webhook>>;

    async fn get(&self, actor: &Actor, id: WebhookId) -> ServiceResult<Webhook>;

    /// Adds one. What is answered holds its secret; nothing else ever does. `CONFLICT` when there are too many.
    async fn add(&self, actor: &Actor, form: NewWebhook) -> ServiceResult<MadeWebhook>;

    /// Another address, description or choice of events; off, or on again. What waits when it is switched off is given up.
    async fn change(&self, actor: &Actor, id: WebhookId, patch: WebhookPatch) -> ServiceResult<Webhook>;

    /// A new secret. The one before signs as well, for 24 hours.
    async fn renew_secret(&self, actor: &Actor, id: WebhookId) -> ServiceResult<RenewedSecret>;

    /// With all that was sent.
    async fn remove(&self, actor: &Actor, id: WebhookId) -> ServiceResult<()>;

    /// Sends an event of its own, to see whether it arrives. `CONFLICT` while the webhook is off.
    async fn test(&self, actor: &Actor, id: WebhookId) -> ServiceResult<WebhookDelivery>;

    /// What was sent lately, newest first.
    async fn deliveries(&self, actor: &Actor, id: WebhookId) -> ServiceResult<Vec<WebhookDelivery>>;

    /// Sends the same event once more, from the first attempt on. `CONFLICT` while it is under way or the webhook is off.
    async fn resend(&self, actor: &Actor, id: WebhookDeliveryId) -> ServiceResult<WebhookDelivery>;
}
