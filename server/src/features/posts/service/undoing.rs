//! Taking a post back, and removing it.

use domain::{
    Actor, PostId, ServiceError, ServiceResult,
    audit::Action,
    posts::{ApprovalStep, Post, PostStatus},
};
use serde_json::json;

use super::{PostService, called, locked};
use crate::features::{
    audit::in_tx::{Entry, record},
    deliveries,
    posts::{approvals::Noted, plan::Timing, policy, queue, store},
};

impl PostService {
    pub(super) async fn undo_post(&self, actor: &Actor, id: PostId) -> ServiceResult<Post> {
        policy::draft(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let row = locked(&mut tx, actor, id).await?;
        policy::change(actor, row.author.id)?;
        let now = self.clock.now();
        match row.status {
            // Taken back already: a second click is no mistake.
            PostStatus::Draft => {}
            PostStatus::Publishing | PostStatus::Scheduled | PostStatus::PendingApproval => {
                if row.status != PostStatus::PendingApproval {
                    deliveries::in_tx::cancel_untouched(&mut tx, id).await?;
                }
                // What some accounts have can be taken back from the others only.
                let is_out = !deliveries::in_tx::taken(&mut tx, id).await?.is_empty();
                queue::release_unless(&mut tx, actor.workspace_id, id, &Timing::Never).await?;
                let status = if is_out { PostStatus::PartlyPublished } else { PostStatus::Draft };
                store::take_back(&mut tx, actor.workspace_id, id, status).await?;
            }
            PostStatus::Published | PostStatus::PartlyPublished | PostStatus::Failed => {
                return Err(ServiceError::conflict("It has already gone out, so it can no longer be taken back."));
            }
            PostStatus::Approved | PostStatus::Rejected => {
                return Err(ServiceError::conflict("This post is not on its way, so there is nothing to take back."));
            }
        }
        if row.status == PostStatus::PendingApproval {
            let name = called(row.title.as_deref(), &row.content.body);
            let step = ApprovalStep::Withdrawn;
            let step = Noted { post: id, name: &name, version: row.version, step, note: None };
            self.note(&mut tx, actor, &step, now).await?;
        }
        let post = self.load(&mut tx, actor, id).await?;
        if post.status != row.status && row.status != PostStatus::PendingApproval {
            let entry = Entry::by(actor, Action::PostTakenBack, now);
            let entry = entry.on(id, &called(post.title.as_deref(), &post.body));
            record(&mut tx, entry.was(json!({ "status": row.status })).is(json!({ "status": post.status })));
        }
        tx.commit().await?;
        Ok(post)
    }

    pub(super) async fn delete_post(&self, actor: &Actor, id: PostId) -> ServiceResult<()> {
        policy::draft(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let row = locked(&mut tx, actor, id).await?;
        policy::remove(actor, row.author.id, row.status)?;
        if row.status == PostStatus::Publishing {
            return Err(ServiceError::conflict("This post is going out right now. Undo it, or wait until it is out."));
        }
        let now = self.clock.now();
        queue::release_unless(&mut tx, actor.workspace_id, id, &Timing::Never).await?;
        store::mark_deleted(&mut tx, actor.workspace_id, id, now).await?;
        let name = called(row.title.as_deref(), &row.content.body);
        record(&mut tx, Entry::by(actor, Action::PostDeleted, now).on(id, &name).was(json!({ "status": row.status })));
        tx.commit().await
    }
}
