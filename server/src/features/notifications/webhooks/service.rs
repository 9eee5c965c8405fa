//! Fulfils [`Webhooks`].

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    Actor, ServiceError, ServiceResult, WebhookDeliveryId, WebhookId,
    audit::Action,
    clock::{Clock, Ids},
    notifications::{
        MAX_WEBHOOKS, MadeWebhook, NewWebhook, PREVIOUS_SECRET_LIFE, RenewedSecret, Webhook, WebhookDelivery,
        WebhookOff, WebhookPatch, Webhooks,
    },
};
use platforms::Http;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use vault::Vault;

use super::{
    events,
    sending::{SendWebhook, place},
    signature::new_secret,
};
use crate::{
    database::{Database, Tx, one_row},
    features::{
        audit::in_tx::{Entry, record},
        notifications::{policy, store::webhooks as store},
    },
    jobs::enqueue,
};

/// What [`WebhookService`] is made of.
pub struct WebhookSetup {
    pub db: Database,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub vault: Arc<Vault>,
    /// By whose rule of addresses calls go.
    pub http: Arc<Http>,
}

impl fmt::Debug for WebhookSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSetup").finish_non_exhaustive()
    }
}

/// Webhooks, as admins see and change them.
#[derive(Debug)]
pub struct WebhookService {
    with: WebhookSetup,
}

fn facts(webhook: &Webhook) -> Value {
    json!({
        "url": webhook.url, "description": webhook.description, "events": webhook.events, "enabled": webhook.enabled,
    })
}

fn sealing_failed(error: vault::VaultError) -> ServiceError {
    let message = "The webhook’s secret could not be encrypted. Please try again.";
    ServiceError::new(domain::ErrorCode::EncryptionError, message).because(error)
}

impl WebhookService {
    pub fn new(setup: WebhookSetup) -> Self {
        Self { with: setup }
    }

    fn may_be_called(&self, url: Option<&str>) -> ServiceResult<()> {
        match url.and_then(|url| self.with.http.refusal(url.trim())) {
            Some(why) => Err(ServiceError::field("url", format!("This address cannot be called: {why}"))),
            None => Ok(()),
        }
    }

    async fn find(tx: &mut Tx, id: WebhookId, now: DateTime<Utc>) -> ServiceResult<Webhook> {
        store::list(tx, now, Some(id)).await?.pop().ok_or_else(|| ServiceError::not_found("webhook"))
    }

    async fn find_delivery(tx: &mut Tx, id: WebhookDeliveryId) -> ServiceResult<WebhookDelivery> {
        store::deliveries(tx, None, Some(id)).await?.pop().ok_or_else(|| ServiceError::not_found("delivery"))
    }

    async fn put_secret(&self, tx: &mut Tx, actor: &Actor, webhook: WebhookId) -> ServiceResult<SecretString> {
        let (id, secret) = (self.with.ids.next(), new_secret());
        let sealed = self.with.vault.seal(&secret, &place(&id)).map_err(sealing_failed)?;
        store::insert_secret(tx, id, webhook, actor.workspace_id, &sealed, self.with.clock.now()).await?;
        Ok(secret)
    }
}

fn must_be_on(webhook: &Webhook) -> ServiceResult<()> {
    if webhook.enabled {
        return Ok(());
    }
    Err(ServiceError::conflict("This webhook is off. Switch it on first."))
}

#[async_trait]
impl Webhooks for WebhookService {
    async fn list(&self, actor: &Actor) -> ServiceResult<Vec<Webhook>> {
        policy::may_manage_webhooks(actor)?;
        let mut tx = self.with.db.read(actor).await?;
        store::list(&mut tx, self.with.clock.now(), None).await
    }

    async fn get(&self, actor: &Actor, id: WebhookId) -> ServiceResult<Webhook> {
        policy::may_manage_webhooks(actor)?;
        let mut tx = self.with.db.read(actor).await?;
        Self::find(&mut tx, id, self.with.clock.now()).await
    }

    async fn add(&self, actor: &Actor, form: NewWebhook) -> ServiceResult<MadeWebhook> {
        policy::may_manage_webhooks(actor)?;
        form.check().into_result()?;
        self.may_be_called(Some(&form.url))?;
        let now = self.with.clock.now();
        let id = WebhookId(self.with.ids.next());
        let events: Vec<String> = form.events.iter().map(|event| event.as_str().to_owned()).collect();
        let mut tx = self.with.db.tenant(actor).await?;
        store::take_turns(&mut tx, actor.workspace_id).await?;
        if store::count(&mut tx).await? >= MAX_WEBHOOKS {
            return Err(ServiceError::conflict(format!(
                "There are {MAX_WEBHOOKS} webhooks already. Remove one that nobody uses any more."
            )));
        }
        let row = store::NewRow {
            id,
            workspace: actor.workspace_id,
            created_by: actor.user_id,
            url: form.url.trim(),
            description: form.description.trim(),
            events: &events,
            at: now,
        };
        store::insert(&mut tx, &row).await?;
        let secret = self.put_secret(&mut tx, actor, id).await?;
        let webhook = Self::find(&mut tx, id, now).await?;
        record(&mut tx, Entry::by(actor, Action::WebhookAdded, now).on(id, &webhook.url).is(facts(&webhook)));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, webhook = %id, "webhook added");
        Ok(MadeWebhook { secret: secret.expose_secret().to_owned(), webhook })
    }

    async fn change(&self, actor: &Actor, id: WebhookId, patch: WebhookPatch) -> ServiceResult<Webhook> {
        policy::may_manage_webhooks(actor)?;
        patch.check().into_result()?;
        self.may_be_called(patch.url.as_deref())?;
        let now = self.with.clock.now();
        let mut tx = self.with.db.tenant(actor).await?;
        let before = Self::find(&mut tx, id, now).await?;
        one_row(store::change(&mut tx, id, &patch, now).await?, "webhook")?;
        if patch.enabled == Some(false) {
            store::give_up(&mut tx, id, WebhookOff::Person.words(), now).await?;
        }
        let after = Self::find(&mut tx, id, now).await?;
        let entry = Entry::by(actor, Action::WebhookChanged, now).on(id, &after.url);
        record(&mut tx, entry.changed(facts(&before), facts(&after)));
        tx.commit().await?;
        Ok(after)
    }

    async fn renew_secret(&self, actor: &Actor, id: WebhookId) -> ServiceResult<RenewedSecret> {
        policy::may_manage_webhooks(actor)?;
        let now = self.with.clock.now();
        let previous_until = now + PREVIOUS_SECRET_LIFE;
        let mut tx = self.with.db.tenant(actor).await?;
        // Two at once would both end the same secret, and the second could not add another that is without an end.
        store::take_turns(&mut tx, actor.workspace_id).await?;
        let webhook = Self::find(&mut tx, id, now).await?;
        store::end_secrets(&mut tx, id, previous_until).await?;
        let secret = self.put_secret(&mut tx, actor, id).await?;
        record(&mut tx, Entry::by(actor, Action::WebhookSecretRenewed, now).on(id, &webhook.url));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, webhook = %id, "webhook secret renewed");
        Ok(RenewedSecret { secret: secret.expose_secret().to_owned(), previous_until })
    }

    async fn remove(&self, actor: &Actor, id: WebhookId) -> ServiceResult<()> {
        policy::may_manage_webhooks(actor)?;
        let now = self.with.clock.now();
        let mut tx = self.with.db.tenant(actor).await?;
        let before = Self::find(&mut tx, id, now).await?;
        one_row(store::remove(&mut tx, id).await?, "webhook")?;
        record(&mut tx, Entry::by(actor, Action::WebhookRemoved, now).on(id, &before.url).was(facts(&before)));
        tx.commit().await
    }

    async fn test(&self, actor: &Actor, id: WebhookId) -> ServiceResult<WebhookDelivery> {
        policy::may_manage_webhooks(actor)?;
        let now = self.with.clock.now();
        let mut tx = self.with.db.tenant(actor).await?;
        let webhook = Self::find(&mut tx, id, now).await?;
        must_be_on(&webhook)?;
        let sent = events::test(&mut tx, self.with.ids.as_ref(), now, id, actor.workspace_id).await?;
        let delivery = Self::find_delivery(&mut tx, sent).await?;
        record(&mut tx, Entry::by(actor, Action::WebhookTested, now).on(id, &webhook.url));
        tx.commit().await?;
        Ok(delivery)
    }

    async fn deliveries(&self, actor: &Actor, id: WebhookId) -> ServiceResult<Vec<WebhookDelivery>> {
        policy::may_manage_webhooks(actor)?;
        let mut tx = self.with.db.read(actor).await?;
        Self::find(&mut tx, id, self.with.clock.now()).await?;
        store::deliveries(&mut tx, Some(id), None).await
    }

    async fn resend(&self, actor: &Actor, id: WebhookDeliveryId) -> ServiceResult<WebhookDelivery> {
        policy::may_manage_webhooks(actor)?;
        let now = self.with.clock.now();
        let mut tx = self.with.db.tenant(actor).await?;
        let before = Self::find_delivery(&mut tx, id).await?;
        let webhook = Self::find(&mut tx, before.webhook_id, now).await?;
        must_be_on(&webhook)?;
        if !store::restart(&mut tx, id, now).await? {
            return Err(ServiceError::conflict("This is on its way already."));
        }
        enqueue(&mut tx, &SendWebhook { webhook: webhook.id, later: false }, None).await?;
        let delivery = Self::find_delivery(&mut tx, id).await?;
        let entry = Entry::by(actor, Action::WebhookResent, now).on(webhook.id, &webhook.url);
        record(&mut tx, entry.is(json!({ "event": delivery.event, "delivery": id })));
        tx.commit().await?;
        Ok(delivery)
    }
}
