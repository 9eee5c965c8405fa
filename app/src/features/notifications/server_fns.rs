//! What the pages of letters and webhooks show and do.

use domain::{
    FieldErrors, WebhookDeliveryId, WebhookId,
    notifications::{
        MadeWebhook, NewWebhook, NotificationPreference, RenewedSecret, Subscription, Webhook, WebhookDelivery,
        WebhookPatch,
    },
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use crate::{
    error::refuse,
    services::{acting, services},
};

/// Which letters one gets.
#[server(prefix = "/fn", endpoint = "notifications/preferences", input = Json, output = Json)]
pub async fn view_preferences() -> Result<Vec<NotificationPreference>, AppError> {
    let (services, actor) = acting()?;
    services.notifications.preferences(&actor).await.map_err(refuse)
}

/// What the link at the end of a letter stands for; `None` for what is no such link.
#[server(prefix = "/fn", endpoint = "notifications/subscription", input = Json, output = Json)]
pub async fn view_subscription(token: String) -> Result<Option<Subscription>, AppError> {
    use domain::ErrorCode::NotFound;

    match services()?.notifications.subscription(&token).await {
        Ok(subscription) => Ok(Some(subscription)),
        Err(error) if error.code() == NotFound => Ok(None),
        Err(error) => Err(refuse(error)),
    }
}

/// A webhook, and what was sent to it lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookView {
    pub webhook: Webhook,
    pub deliveries: Vec<WebhookDelivery>,
}

/// All webhooks.
#[server(prefix = "/fn", endpoint = "notifications/webhooks", input = Json, output = Json)]
pub async fn view_webhooks() -> Result<Vec<WebhookView>, AppError> {
    let (services, actor) = acting()?;
    let mut views = Vec::new();
    for webhook in services.webhooks.list(&actor).await.map_err(refuse)? {
        let deliveries = services.webhooks.deliveries(&actor, webhook.id).await.map_err(refuse)?;
        views.push(WebhookView { webhook, deliveries });
    }
    Ok(views)
}

/// What became of a form about a webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WebhookSaved {
    /// With its secret, this once.
    Added {
        made: Box<MadeWebhook>,
    },
    Changed,
    /// What the person can mend.
    Refused {
        fields: FieldErrors,
        message: Option<String>,
    },
}

#[cfg(feature = "ssr")]
fn mendable(error: domain::ServiceError) -> Result<WebhookSaved, AppError> {
    use domain::ErrorCode::{Conflict, ValidationError};

    if !matches!(error.code(), ValidationError | Conflict) {
        return Err(refuse(error));
    }
    let message = error.fault.fields.is_empty().then_some(error.fault.message);
    Ok(WebhookSaved::Refused { fields: error.fault.fields, message })
}

/// Adds one.
#[server(prefix = "/fn", endpoint = "notifications/webhook/add", input = Json, output = Json)]
pub async fn add_webhook(form: NewWebhook) -> Result<WebhookSaved, AppError> {
    let (services, actor) = acting()?;
    let made = services.webhooks.add(&actor, form).await;
    made.map(|made| WebhookSaved::Added { made: Box::new(made) }).or_else(mendable)
}

/// Another address, description or choice of events.
#[server(prefix = "/fn", endpoint = "notifications/webhook/change", input = Json, output = Json)]
pub async fn change_webhook(id: WebhookId, patch: WebhookPatch) -> Result<WebhookSaved, AppError> {
    let (services, actor) = acting()?;
    services.webhooks.change(&actor, id, patch).await.map(|_| WebhookSaved::Changed).or_else(mendable)
}

/// Gives it a new secret.
#[server(prefix = "/fn", endpoint = "notifications/webhook/renew-secret", input = Json, output = Json)]
pub async fn renew_secret(id: WebhookId) -> Result<RenewedSecret, AppError> {
    let (services, actor) = acting()?;
    services.webhooks.renew_secret(&actor, id).await.map_err(refuse)
}

/// Removes one.
#[server(prefix = "/fn", endpoint = "notifications/webhook/remove", input = Json, output = Json)]
pub async fn remove_webhook(id: WebhookId) -> Result<(), AppError> {
    let (services, actor) = acting()?;
    services.webhooks.remove(&actor, id).await.map_err(refuse)
}

/// Sends a test.
#[server(prefix = "/fn", endpoint = "notifications/webhook/test", input = Json, output = Json)]
pub async fn test_webhook(id: WebhookId) -> Result<WebhookDelivery, AppError> {
    let (services, actor) = acting()?;
    services.webhooks.test(&actor, id).await.map_err(refuse)
}

/// Sends an event again.
#[server(prefix = "/fn", endpoint = "notifications/webhook/resend", input = Json, output = Json)]
pub async fn resend_event(id: WebhookDeliveryId) -> Result<WebhookDelivery, AppError> {
    let (services, actor) = acting()?;
    services.webhooks.resend(&actor, id).await.map_err(refuse)
}
