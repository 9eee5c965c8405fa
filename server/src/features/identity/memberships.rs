//! Fulfils [`Memberships`]: one person in several workspaces, one of them at a time.

use async_trait::async_trait;
use domain::{
    Actor, ServiceError, ServiceResult, WorkspaceId,
    audit::Action,
    workspaces::{MAX_WORKSPACES, Memberships, NewWorkspace, OwnWorkspace, Role},
};
use serde_json::json;

use super::{IdentityService, policy, store};
use crate::{
    database::Tx,
    features::{
        audit::in_tx::{Entry, record},
        media::MediaLinks,
    },
};

/// The actor as they are in another workspace, for its record.
fn there(actor: &Actor, workspace: WorkspaceId) -> Actor {
    Actor { workspace_id: workspace, ..actor.clone() }
}

async fn own(tx: &mut Tx, links: &MediaLinks, current: WorkspaceId) -> ServiceResult<Vec<OwnWorkspace>> {
    let mut all = store::own_workspaces(tx, links).await?;
    for one in &mut all {
        one.current = one.id == current;
    }
    Ok(all)
}

async fn this(tx: &mut Tx, links: &MediaLinks, id: WorkspaceId) -> ServiceResult<OwnWorkspace> {
    let found = own(tx, links, id).await?.into_iter().find(|one| one.current);
    found.ok_or_else(|| ServiceError::not_found("workspace"))
}

#[async_trait]
impl Memberships for IdentityService {
    async fn workspaces(&self, actor: &Actor) -> ServiceResult<Vec<OwnWorkspace>> {
        let mut tx = self.database.read(actor).await?;
        own(&mut tx, &self.media, actor.workspace_id).await
    }

    async fn switch(&self, actor: &Actor, to: WorkspaceId) -> ServiceResult<OwnWorkspace> {
        let session = policy::may_switch(actor)?;
        let mut tx = self.database.tenant_of(actor.user_id, to).await?;
        if !store::move_own_session(&mut tx, session, to).await? {
            return Err(ServiceError::not_found("workspace"));
        }
        let entered = this(&mut tx, &self.media, to).await?;
        if to != actor.workspace_id {
            let entry = Entry::by(&there(actor, to), Action::WorkspaceEntered, self.clock.now());
            record(&mut tx, entry.on(to, &entered.name));
        }
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, workspace_id = %to, "switched to another workspace");
        Ok(entered)
    }

    async fn create(&self, actor: &Actor, form: NewWorkspace) -> ServiceResult<OwnWorkspace> {
        let session = policy::may_switch(actor)?;
        form.check().into_result()?;
        let kind = form.kind().ok_or_else(|| ServiceError::internal("the kind passed its check and is none"))?;
        let (id, now, name) = (WorkspaceId(self.ids.next()), self.clock.now(), form.name.trim());
        let mut tx = self.database.tenant_of(actor.user_id, id).await?;
        store::take_turns(&mut tx, actor.user_id).await?;
        if store::own_workspaces(&mut tx, &self.media).await?.len() >= MAX_WORKSPACES {
            return Err(ServiceError::conflict(format!(
                "You belong to {MAX_WORKSPACES} workspaces already. Leave one before you make another."
            )));
        }
        self.insert_workspace(&mut tx, id, name, kind, now).await?;
        store::insert_membership(&mut tx, self.ids.next(), id, actor.user_id, Role::Admin, now).await?;
        let created = Entry::by(&there(actor, id), Action::WorkspaceCreated, now);
        record(&mut tx, created.on(id, name).is(json!({ "kind": kind })));
        if !store::move_own_session(&mut tx, session, id).await? {
            return Err(ServiceError::unauthorized());
        }
        let made = this(&mut tx, &self.media, id).await?;
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, workspace_id = %id, kind = %kind, "made a further workspace");
        Ok(made)
    }
}
