//! Fulfils [`ApiKeys`].

use std::sync::Arc;

use async_trait::async_trait;
use chrono::Duration;
use domain::{
    Actor, ApiKeyId, ServiceError, ServiceResult, Via, Visitor,
    audit::Action,
    clock::{Clock, Ids},
    workspaces::{
        ApiKey, ApiKeys, KEY_LENGTH, KEY_MARK, KEY_SHOWN, KeyHolder, MAX_API_KEYS, MadeApiKey, NewApiKey, USED_EVERY,
        is_key_shaped,
    },
};
use rand::distr::{Alphanumeric, SampleString};
use serde_json::json;
use subtle::ConstantTimeEq;

use super::{policy, store::keys as store};
use crate::{
    database::{Database, one_row},
    features::audit::in_tx::{Entry, record},
    one_time::hash,
};

/// Keys of programs.
#[derive(Clone)]
pub struct ApiKeyService {
    database: Database,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl std::fmt::Debug for ApiKeyService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKeyService")
    }
}

impl ApiKeyService {
    pub fn new(database: Database, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { database, clock, ids }
    }
}

#[async_trait]
impl ApiKeys for ApiKeyService {
    async fn list(&self, actor: &Actor) -> ServiceResult<Vec<ApiKey>> {
        policy::may_manage_keys(actor)?;
        let mut tx = self.database.read(actor).await?;
        store::list(&mut tx, self.clock.now(), None).await
    }

    async fn create(&self, actor: &Actor, form: NewApiKey) -> ServiceResult<MadeApiKey> {
        policy::may_manage_keys(actor)?;
        form.check().into_result()?;
        let now = self.clock.now();
        let secret = Alphanumeric.sample_string(&mut rand::rng(), KEY_LENGTH);
        let key = format!("{KEY_MARK}{secret}");
        let prefix = key.get(..KEY_SHOWN).unwrap_or_default();
        let scopes: Vec<String> = form.scopes().into_iter().map(|scope| scope.as_str().to_owned()).collect();
        let id = ApiKeyId(self.ids.next());
        let row = store::NewKey {
            id,
            workspace: actor.workspace_id,
            created_by: actor.user_id,
            name: form.name.trim(),
            prefix,
            token_hash: hash(&key),
            scopes: &scopes,
            at: now,
            expires_at: form.expires_in_days.map(|days| now + Duration::days(i64::from(days))),
        };
        let mut tx = self.database.tenant(actor).await?;
        store::take_turns(&mut tx, actor.workspace_id).await?;
        if store::count(&mut tx).await? >= MAX_API_KEYS {
            return Err(ServiceError::conflict(format!(
                "There are {MAX_API_KEYS} keys already. Revoke those that nothing uses any more."
            )));
        }
        store::insert(&mut tx, &row).await?;
        let made = store::list(&mut tx, now, Some(id)).await?.pop();
        let api_key = made.ok_or_else(|| ServiceError::internal("a key that was just made is not there"))?;
        let entry = Entry::by(actor, Action::ApiKeyCreated, now).on(id, row.name);
        record(&mut tx, entry.is(json!({ "prefix": prefix, "scopes": scopes, "expires_at": row.expires_at })));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, api_key = %id, "API key made");
        Ok(MadeApiKey { key, api_key })
    }

    async fn revoke(&self, actor: &Actor, id: ApiKeyId) -> ServiceResult<()> {
        policy::may_manage_keys(actor)?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        let before = store::list(&mut tx, now, Some(id)).await?.pop();
        one_row(store::revoke(&mut tx, id, now).await?, "API key")?;
        let name = before.map(|key| key.name).unwrap_or_default();
        record(&mut tx, Entry::by(actor, Action::ApiKeyRevoked, now).on(id, &name));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, api_key = %id, "API key revoked");
        Ok(())
    }

    async fn authenticate(&self, key: &str, visitor: &Visitor) -> ServiceResult<Option<KeyHolder>> {
        let Some(prefix) = key.get(..KEY_SHOWN).filter(|_| is_key_shaped(key)) else { return Ok(None) };
        let now = self.clock.now();
        let pool = self.database.public_pool();
        let Some(found) = store::lookup(pool, prefix, now).await? else { return Ok(None) };
        if !bool::from(found.token_hash.ct_eq(&hash(key))) {
            return Ok(None);
        }
        if found.last_used_at.is_none_or(|used| used + USED_EVERY <= now) {
            store::used(pool, found.id, now, USED_EVERY).await?;
        }
        let actor = Actor {
            user_id: found.user,
            workspace_id: found.workspace,
            kind: found.kind,
            role: found.role,
            via: Via::ApiKey(found.id),
            request_id: visitor.request_id.clone(),
            peer: visitor.peer(),
        };
        Ok(Some(KeyHolder { actor, scopes: found.scopes.into_iter().collect() }))
    }
}
