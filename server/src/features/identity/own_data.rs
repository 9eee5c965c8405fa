//! Fulfils [`OwnData`]: taking one's data along, and deleting one's account.
//!
//! What is taken along is put together by a job and lies in the database for a week. Deleting is done at once. First what hangs
//! on workspaces that nobody else is in, through the same doors as by hand and on their record: accounts are unlinked, posts
//! that have not gone out are taken back. Then, in one transaction, the person, their sessions and all that is theirs alone;
//! the database refuses it while somebody else would be left without an admin. Whoever loses the connection in between does it
//! once more.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Actor, DataExportId, ErrorCode, ServiceError, ServiceResult, WorkspaceId,
    accounts::{AccountFilter, Accounts},
    audit::Action,
    identity::{
        DataExport, DeleteAccount, Departure, EXPORT_LIFE, EXPORT_WINDOW, Leaving, MAX_EXPORTS, OwnData,
        TOO_MANY_EXPORTS, sole_admin,
    },
    media::Signature,
    notifications::{Letter, Mail},
    page::PageRequest,
    posts::{PostFilter, PostStatus, Posts},
    workspaces::Role,
};

use super::{IdentityService, jobs::BuildExport, policy, store};
use crate::{
    features::{
        audit::in_tx::{Entry, record},
        media::{LinkRefused, MediaLinks, Portraits},
        notifications,
    },
    jobs::enqueue,
};

/// One's own data.
#[derive(Clone)]
pub struct OwnDataService {
    identity: IdentityService,
    accounts: Arc<dyn Accounts>,
    posts: Arc<dyn Posts>,
    portraits: Portraits,
}

impl std::fmt::Debug for OwnDataService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnDataService")
    }
}

impl OwnDataService {
    pub fn new(
        identity: IdentityService,
        accounts: Arc<dyn Accounts>,
        posts: Arc<dyn Posts>,
        portraits: Portraits,
    ) -> Self {
        Self { identity, accounts, posts, portraits }
    }

    fn links(&self) -> &MediaLinks {
        &self.identity.media
    }

    /// Takes back what has not gone out, and unlinks every account, of a workspace that nobody else is in.
    async fn wind_up(&self, actor: &Actor, workspace: WorkspaceId) -> ServiceResult<()> {
        let there = Actor { workspace_id: workspace, role: Role::Admin, ..actor.clone() };
        let page = || PageRequest::first(100);
        for status in [PostStatus::Scheduled, PostStatus::Publishing] {
            let filter = || PostFilter { status: status.into(), page: page(), ..PostFilter::default() };
            loop {
                let list = self.posts.list(&there, filter()).await?.items;
                let mut gone = 0;
                for post in &list {
                    match self.posts.undo(&there, post.id).await {
                        Ok(_) => gone += 1,
                        // On its way out at this very moment: it cannot be held any more.
                        Err(error) if matches!(error.code(), ErrorCode::Conflict | ErrorCode::NotFound) => {}
                        Err(error) => return Err(error),
                    }
                }
                if gone == 0 || list.len() < 100 {
                    break;
                }
            }
        }
        loop {
            let list = self.accounts.list(&there, AccountFilter { page: page(), ..AccountFilter::default() }).await?;
            for account in &list.items {
                match self.accounts.unlink(&there, account.id).await {
                    Err(error) if error.code() != ErrorCode::NotFound => return Err(error),
                    _ => {}
                }
            }
            if list.items.len() < 100 {
                return Ok(());
            }
        }
    }
}

#[async_trait]
impl OwnData for OwnDataService {
    async fn exports(&self, actor: &Actor) -> ServiceResult<Vec<DataExport>> {
        policy::may_change_credentials(actor)?;
        let mut tx = self.identity.database.read(actor).await?;
        store::exports(&mut tx, self.links(), self.identity.clock.now()).await
    }

    async fn request_export(&self, actor: &Actor) -> ServiceResult<DataExport> {
        policy::may_change_credentials(actor)?;
        let now = self.identity.clock.now();
        let mut tx = self.identity.database.tenant(actor).await?;
        store::take_turns(&mut tx, actor.user_id).await?;
        let all = store::exports(&mut tx, self.links(), now).await?;
        // Asked for twice, it is put together once.
        if let Some(waiting) = all.iter().find(|one| one.ready_at.is_none()) {
            return Ok(waiting.clone());
        }
        let since = now - EXPORT_WINDOW;
        let recent: Vec<_> = all.iter().map(|one| one.created_at).filter(|at| *at > since).collect();
        if recent.len() >= MAX_EXPORTS as usize {
            let first = recent.iter().min().copied().unwrap_or(now);
            let wait = u32::try_from((first + EXPORT_WINDOW - now).num_seconds()).unwrap_or(1).max(1);
            return Err(ServiceError::new(ErrorCode::RateLimited, TOO_MANY_EXPORTS).retry_after(wait));
        }
        let id = DataExportId(self.identity.ids.next());
        let export =
            DataExport { id, created_at: now, ready_at: None, expires_at: now + EXPORT_LIFE, bytes: None, url: None };
        store::insert_export(&mut tx, actor.user_id, &export).await?;
        enqueue(&mut tx, &BuildExport { export_id: id }, None).await?;
        record(&mut tx, Entry::by(actor, Action::UserDataRequested, now).on(actor.user_id, ""));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, export = %id, "own data asked for");
        Ok(export)
    }

    async fn open_export(&self, id: DataExportId, signature: Signature) -> ServiceResult<Vec<u8>> {
        self.links().verify_export(id, &signature).map_err(|refused| match refused {
            LinkRefused::NotOurs => ServiceError::not_found("file"),
            LinkRefused::Expired => {
                ServiceError::new(ErrorCode::Gone, "This link has expired. Load the page of your data for a new one.")
            }
        })?;
        let mut tx = self.identity.database.public().await?;
        let content = store::export_content(&mut tx, id, self.identity.clock.now()).await?;
        tx.commit().await?;
        content.ok_or_else(|| ServiceError::not_found("file"))
    }

    async fn departure(&self, actor: &Actor) -> ServiceResult<Vec<Leaving>> {
        policy::may_change_credentials(actor)?;
        let mut tx = self.identity.database.read(actor).await?;
        store::departure(&mut tx).await
    }

    async fn delete_account(&self, actor: &Actor, form: DeleteAccount) -> ServiceResult<()> {
        policy::may_change_credentials(actor)?;
        form.check().into_result()?;
        let now = self.identity.clock.now();
        self.identity.prove(actor, form.current_password).await?;
        let mut tx = self.identity.database.tenant(actor).await?;
        let leaving = store::departure(&mut tx).await?;
        let person = store::contact(&mut tx, actor.user_id).await?.ok_or_else(ServiceError::unauthorized)?;
        let picture = store::profile(&mut tx, self.links(), actor.user_id, false).await?.and_then(|row| row.avatar);
        tx.commit().await?;
        let blocking: Vec<_> =
            leaving.iter().filter(|one| one.outcome == Departure::Blocks).map(|one| one.name.as_str()).collect();
        if !blocking.is_empty() {
            return Err(ServiceError::conflict(sole_admin(&blocking)));
        }
        for one in leaving.iter().filter(|one| one.outcome == Departure::Closed) {
            self.wind_up(actor, one.workspace_id).await?;
        }

        let mut tx = self.identity.database.tenant(actor).await?;
        let letter = Letter::Notice {
            subject: "Your account is deleted".to_owned(),
            heading: "Your account is deleted".to_owned(),
            paragraphs: vec![
                format!(
                    "Hello {}, your Arctiv account and everything that was yours alone is deleted.",
                    person.full_name
                ),
                "It was not you? Then somebody knew your password. Tell whoever runs this Arctiv at once.".to_owned(),
            ],
            action: None,
        };
        let mail = Mail { to: person.email, letter };
        notifications::in_tx::write(&mut tx, self.identity.ids.as_ref(), now, &mail).await?;
        store::delete_own_account(&mut tx, now).await?;
        // On the record of each workspace, by an id that nobody has any more. In the order of their chains.
        let mut told: Vec<_> = leaving.iter().map(|one| (one.workspace_id, one.outcome)).collect();
        told.sort_unstable_by_key(|(workspace, _)| *workspace);
        for (workspace, outcome) in told {
            let there = Actor { workspace_id: workspace, ..actor.clone() };
            let entry = Entry::by(&there, Action::UserDeleted, now).on(actor.user_id, "");
            let closed = outcome == Departure::Closed;
            store::record_in(&mut tx, workspace, entry.is(serde_json::json!({ "workspace_closed": closed }))).await?;
        }
        tx.commit().await?;
        self.portraits.forget(picture).await;
        tracing::info!(user_id = %actor.user_id, "account deleted by its owner");
        Ok(())
    }
}
