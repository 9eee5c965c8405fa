//! What sends a version out.

use chrono::{DateTime, Utc};
use domain::{AccountId, Actor, PostId, PostVersionId, ServiceResult, posts::Content};

use super::PostService;
use crate::{
    database::Tx,
    features::{
        deliveries::{
            SendOff,
            jobs::{PrepareMedia, SelectTargets},
        },
        posts::{plan::Timing, store},
    },
    jobs::{enqueue, enqueue_ranked},
};

/// A version that leaves for its accounts.
#[derive(Clone, Copy, Debug)]
pub(in crate::features::posts) struct Leaving<'a> {
    pub post: PostId,
    pub version: PostVersionId,
    pub chosen: Option<&'a [AccountId]>,
    pub content: &'a Content,
    pub has_media: bool,
    pub timing: &'a Timing,
}

impl PostService {
    /// What sends a version out: its deliveries at once, or a job that makes them when its time has come.
    pub(in crate::features::posts) async fn send(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        leaving: &Leaving<'_>,
        now: DateTime<Utc>,
    ) -> ServiceResult<()> {
        if leaving.has_media && !matches!(leaving.timing, Timing::Never) {
            let prepare = PrepareMedia { workspace_id: actor.workspace_id, version_id: leaving.version };
            enqueue(tx, &prepare, None).await?;
        }
        match leaving.timing {
            Timing::Never => Ok(()),
            // They wait for the end of the undo window by themselves.
            Timing::At(at) => {
                let sent = SendOff {
                    post: leaving.post,
                    version: leaving.version,
                    workspace: actor.workspace_id,
                    chosen: leaving.chosen,
                    variations: &leaving.content.variations,
                    at: *at,
                    scheduled: false,
                };
                self.selector.send_off(tx, &sent, now).await
            }
            Timing::Scheduled { at, .. } => {
                let select = SelectTargets { post_id: leaving.post, version_id: leaving.version };
                // A workspace's hundredth post of nine o'clock comes after the first ones of all others.
                let rank = store::rank(tx, actor.workspace_id, leaving.post, *at).await?;
                enqueue_ranked(tx, &select, Some(*at), rank).await
            }
        }
    }
}
