//! Fulfils [`WorkspaceSettings`].

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Actor, ServiceError, ServiceResult,
    audit::Action,
    clock::Clock,
    workspaces::{Workspace, WorkspacePatch, WorkspaceSettings},
};
use serde_json::{Value, json};

use super::{
    policy,
    store::{self, SettingsRow},
};
use crate::{
    database::{Database, Tx},
    features::{
        audit::in_tx::{Entry, record},
        media::{MediaLinks, Portraits},
    },
};

/// What an admin sets.
#[derive(Clone)]
pub struct SettingsService {
    database: Database,
    clock: Arc<dyn Clock>,
    links: MediaLinks,
    portraits: Portraits,
}

fn facts(row: &SettingsRow) -> Value {
    json!({
        "name": row.name, "slug": row.slug, "time_zone": row.time_zone, "undo_seconds": row.undo_seconds,
        "new_accounts_active": row.new_accounts_active, "approval_policy": row.approval_policy,
    })
}

impl std::fmt::Debug for SettingsService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SettingsService")
    }
}

impl SettingsService {
    pub fn new(database: Database, clock: Arc<dyn Clock>, links: MediaLinks, portraits: Portraits) -> Self {
        Self { database, clock, links, portraits }
    }

    async fn read(tx: &mut Tx, actor: &Actor, hold: bool) -> ServiceResult<SettingsRow> {
        let found = store::settings(tx, actor.workspace_id, hold).await?;
        found.ok_or_else(|| ServiceError::not_found("workspace"))
    }

    fn shown(&self, actor: &Actor, row: SettingsRow) -> Workspace {
        Workspace {
            id: actor.workspace_id,
            kind: actor.kind,
            name: row.name,
            slug: row.slug,
            time_zone: row.time_zone,
            undo_seconds: row.undo_seconds,
            new_accounts_active: row.new_accounts_active,
            approval_policy: row.approval_policy,
            logo_url: row.logo.map(|name| self.links.portrait(&name)),
        }
    }

    async fn logo(&self, actor: &Actor, name: Option<String>) -> ServiceResult<Workspace> {
        let mut tx = self.database.tenant(actor).await?;
        let before = Self::read(&mut tx, actor, true).await?;
        store::set_logo(&mut tx, actor.workspace_id, name.as_deref()).await?;
        let entry = Entry::by(actor, Action::WorkspaceChanged, self.clock.now()).on(actor.workspace_id, &before.name);
        record(&mut tx, entry.was(json!({ "logo": before.logo })).is(json!({ "logo": name })));
        tx.commit().await?;
        let old = before.logo.clone();
        self.portraits.forget(old).await;
        Ok(self.shown(actor, SettingsRow { logo: name, ..before }))
    }
}

#[async_trait]
impl WorkspaceSettings for SettingsService {
    async fn settings(&self, actor: &Actor) -> ServiceResult<Workspace> {
        policy::may_read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let row = Self::read(&mut tx, actor, false).await?;
        Ok(self.shown(actor, row))
    }

    async fn change(&self, actor: &Actor, patch: WorkspacePatch) -> ServiceResult<Workspace> {
        policy::may_manage(actor)?;
        patch.check().into_result()?;
        let mut tx = self.database.tenant(actor).await?;
        let before = Self::read(&mut tx, actor, true).await?;
        let after = SettingsRow {
            name: patch.name.map_or_else(|| before.name.clone(), |name| name.trim().to_owned()),
            slug: patch.slug.unwrap_or_else(|| before.slug.clone()),
            time_zone: patch.time_zone.unwrap_or_else(|| before.time_zone.clone()),
            undo_seconds: patch.undo_seconds.unwrap_or(before.undo_seconds),
            new_accounts_active: patch.new_accounts_active.unwrap_or(before.new_accounts_active),
            approval_policy: patch.approval_policy.unwrap_or(before.approval_policy),
            logo: before.logo.clone(),
        };
        if after == before {
            return Ok(self.shown(actor, after));
        }
        store::set_settings(&mut tx, actor.workspace_id, &after).await?;
        let entry = Entry::by(actor, Action::WorkspaceChanged, self.clock.now()).on(actor.workspace_id, &after.name);
        record(&mut tx, entry.changed(facts(&before), facts(&after)));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, workspace_id = %actor.workspace_id, "settings changed");
        Ok(self.shown(actor, after))
    }

    async fn set_logo(&self, actor: &Actor, picture: Vec<u8>) -> ServiceResult<Workspace> {
        // Before anything is decoded for somebody who may not.
        policy::may_manage(actor)?;
        let name = self.portraits.keep(picture).await?;
        match self.logo(actor, Some(name.clone())).await {
            Ok(workspace) => Ok(workspace),
            Err(error) => {
                self.portraits.forget(Some(name)).await;
                Err(error)
            }
        }
    }

    async fn remove_logo(&self, actor: &Actor) -> ServiceResult<Workspace> {
        policy::may_manage(actor)?;
        let workspace = self.settings(actor).await?;
        if workspace.logo_url.is_none() {
            return Ok(workspace);
        }
        self.logo(actor, None).await
    }
}
