//! Working a post out, and writing it down with its version.

use chrono::{DateTime, Utc};
use domain::{
    AccountId, Actor, MediaId, PostId, PostVersionId, ServiceError, ServiceResult,
    accounts::{Account, Creator},
    audit::Action,
    media::MediaAsset,
    posts::{ApprovalStep, Content, IdempotencyKey, NewPost, Post, PostStatus, Visibility},
};
use sha2::{Digest, Sha256};

use super::{Leaving, PostService, called, checking::makes_tiktok_choices, told};
use crate::{
    database::Tx,
    features::{
        audit::in_tx::{Entry, record},
        media,
        posts::{
            approvals::Noted,
            plan::{self, Timing},
            policy, queue,
            store::{self, NewRow, NewVersion, Remembered},
        },
        workspaces,
    },
};

/// A post worked out and allowed, ready to be written.
pub(super) struct Plan {
    pub title: Option<String>,
    pub content: Content,
    pub media: Vec<MediaId>,
    pub timing: Timing,
    pub chosen: Option<Vec<AccountId>>,
    pub autosaved: bool,
    /// The version that is brought back with it.
    pub restored_from: Option<u32>,
    /// Whether it waits for somebody's word before it goes out.
    pub awaits: bool,
}

impl Plan {
    pub const fn status(&self) -> PostStatus {
        if self.awaits { PostStatus::PendingApproval } else { self.timing.status() }
    }

    /// While it waits, the time that is asked for.
    pub const fn publishes_at(&self) -> Option<DateTime<Utc>> {
        match self.timing {
            Timing::At(_) if self.awaits => None,
            _ => self.timing.publishes_at(),
        }
    }
}

/// Where a version is written.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Beside those before.
    New(u32),
    /// In the place of a draft that saved itself.
    Rewritten(PostVersionId, u32),
}

/// What there is to know about a post before it is worked out.
pub(super) struct Known<'a> {
    /// Those the workspace has connected.
    pub accounts: &'a [Account],
    /// Those that have an earlier version of it.
    pub taken: &'a [AccountId],
    /// What creators may choose, where it is known.
    pub creators: Vec<Creator>,
    /// Whether variations were written just now.
    pub fresh_variations: bool,
    /// Whether the accounts were chosen just now, and not long ago in a draft, where one may have been disconnected
    /// since.
    pub fresh_choice: bool,
}

impl PostService {
    pub(super) async fn create_post(
        &self,
        actor: &Actor,
        post: NewPost,
        key: Option<IdempotencyKey>,
    ) -> ServiceResult<Post> {
        policy::draft(actor)?;
        let hash = request_hash(&post)?;
        // First of all: what was right yesterday (a time that lay ahead) need not be right now.
        if let Some(key) = &key
            && let Some(made) = self.replay(actor, key, &hash).await?
        {
            return Ok(made);
        }
        let now = self.clock.now();
        post.check(now).into_result()?;
        let accounts = match (post.visibility, &post.account_ids) {
            (Visibility::Private, None) if post.variations.is_empty() => Vec::new(),
            _ => plan::connected(self.accounts.as_ref(), actor).await?,
        };
        let creators = self.creators(actor, makes_tiktok_choices(&post.options)).await?;

        let mut tx = self.database.tenant(actor).await?;
        let known = Known { accounts: &accounts, taken: &[], creators, fresh_variations: true, fresh_choice: true };
        let id = PostId(self.ids.next());
        let mut plan = self.plan(&mut tx, actor, id, &post, known, now).await?;
        let rules = store::approvals::policy(&mut tx, actor.workspace_id).await?;
        plan.awaits = plan.timing.goes_out() && rules.holds_back(actor.role);
        let row = NewRow {
            id,
            workspace: actor.workspace_id,
            author: actor.user_id,
            title: plan.title.as_deref(),
            timing: &plan.timing,
            status: plan.status(),
            publishes_at: plan.publishes_at(),
            chosen_accounts: plan.chosen.is_some(),
            at: now,
        };
        store::insert(&mut tx, &row).await?;
        if let Some(key) = &key {
            let remembered = Remembered { post: id, request_hash: hash.to_vec() };
            if !store::remember(&mut tx, actor.workspace_id, key.as_str(), &remembered, now).await? {
                // The same request came in twice at once; the other was first, and has committed.
                drop(tx);
                return self.replay(actor, key, &hash).await?.ok_or_else(|| {
                    ServiceError::conflict("Another request with this Idempotency-Key is under way. Try again.")
                });
            }
        }
        self.write_version(&mut tx, actor, id, Place::New(1), &plan, now).await?;
        let mut made = self.load(&mut tx, actor, id).await?;
        let name = called(made.title.as_deref(), &made.body);
        record(&mut tx, Entry::by(actor, Action::PostCreated, now).on(id, &name).is(told(&made)));
        if plan.awaits {
            let step = Noted { post: id, name: &name, version: 1, step: ApprovalStep::Requested, note: None };
            self.note(&mut tx, actor, &step, now).await?;
            made = self.load(&mut tx, actor, id).await?;
        }
        tx.commit().await?;
        Ok(made)
    }

    /// Works a post out, and refuses what cannot be.
    pub(super) async fn plan(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: PostId,
        post: &NewPost,
        known: Known<'_>,
        now: DateTime<Utc>,
    ) -> ServiceResult<Plan> {
        post.check(now).into_result()?;
        let chosen = plan::chosen(post.account_ids.as_deref());
        let timing = if post.queue {
            queue::take(tx, actor.workspace_id, id, chosen.as_deref(), now).await?
        } else {
            let zone = match (post.visibility, &post.time_zone) {
                (Visibility::Scheduled, None) => workspaces::in_tx::time_zone(tx, actor.workspace_id).await?,
                _ => String::new(),
            };
            Timing::of(post, &zone, now)?
        };
        let content = post.content();
        let pictures = self.pictures(tx, actor, &post.media_assets).await?;
        if known.fresh_variations {
            plan::known_variations(&content, known.accounts)?;
        }
        if timing.goes_out() {
            let mut targets = plan::targets(chosen.as_deref(), known.accounts, known.taken)?;
            plan::with_creators(&mut targets, known.creators);
            plan::preflight(&content, &pictures, &targets)?;
        } else if let (Some(chosen), true) = (&chosen, known.fresh_choice) {
            // A draft may be unfinished, so no platform is asked; but it names only what is ours.
            plan::known(chosen, known.accounts)?;
        }
        let title = post.title.as_deref().map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned);
        let (media, autosaved) = (post.media_assets.clone(), post.autosave);
        Ok(Plan { title, content, media, timing, chosen, autosaved, restored_from: None, awaits: false })
    }

    /// The pictures in order, held until the transaction ends.
    pub(in crate::features::posts) async fn pictures(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        ids: &[MediaId],
    ) -> ServiceResult<Vec<MediaAsset>> {
        let mut found = media::in_tx::hold(tx, &self.links, actor.workspace_id, ids).await?;
        ids.iter()
            .enumerate()
            .map(|(index, id)| {
                found.remove(id).ok_or_else(|| {
                    let message = format!("Picture {} is not in this workspace. Upload it again.", index + 1);
                    ServiceError::field("media_assets", message)
                })
            })
            .collect()
    }

    /// Saves a version with what hangs on it, and what sends it out, unless it waits for approval.
    pub(super) async fn write_version(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        post: PostId,
        place: Place,
        plan: &Plan,
        now: DateTime<Utc>,
    ) -> ServiceResult<()> {
        let (id, number) = match place {
            Place::New(number) => (PostVersionId(self.ids.next()), number),
            Place::Rewritten(id, number) => (id, number),
        };
        let version = NewVersion {
            id,
            workspace: actor.workspace_id,
            post,
            number,
            content: &plan.content,
            media: &plan.media,
            author: actor.user_id,
            autosaved: plan.autosaved,
            restored_from: plan.restored_from,
            at: now,
        };
        store::set_targets(tx, actor.workspace_id, post, plan.chosen.as_deref().unwrap_or_default(), now).await?;
        match place {
            Place::New(_) => store::insert_version(tx, &version).await?,
            Place::Rewritten(..) => store::rewrite_version(tx, &version).await?,
        }
        if plan.awaits {
            return Ok(());
        }
        let chosen = plan.chosen.as_deref();
        let (content, has_media) = (&plan.content, !plan.media.is_empty());
        let leaving = Leaving { post, version: id, chosen, content, has_media, timing: &plan.timing };
        self.send(tx, actor, &leaving, now).await
    }

    /// The post made under `key` before, if there is one.
    async fn replay(&self, actor: &Actor, key: &IdempotencyKey, hash: &[u8]) -> ServiceResult<Option<Post>> {
        let mut tx = self.database.tenant(actor).await?;
        let now = self.clock.now();
        let Some(known) = store::remembered(&mut tx, actor.workspace_id, key.as_str(), now).await? else {
            return Ok(None);
        };
        if known.request_hash != hash {
            return Err(ServiceError::conflict(
                "This Idempotency-Key was used for another post. Use a new key for each post.",
            ));
        }
        let post = self.load(&mut tx, actor, known.post).await.map_err(|error| match error.code() {
            domain::ErrorCode::NotFound => {
                ServiceError::conflict("The post made with this Idempotency-Key was deleted.")
            }
            _ => error,
        })?;
        tx.commit().await?;
        Ok(Some(post))
    }
}

/// What a request says, whatever its spelling: the same post gives the same hash.
fn request_hash(post: &NewPost) -> ServiceResult<[u8; 32]> {
    let canonical = serde_json::to_vec(post).map_err(ServiceError::internal)?;
    Ok(Sha256::digest(canonical).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_has_the_same_hash() {
        let spelt = |json: &str| request_hash(&serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!(spelt(r#"{"body":"a","title":null}"#), spelt(r#"{ "body": "a", "unknown": 1 }"#));
        assert_ne!(spelt(r#"{"body":"a"}"#), spelt(r#"{"body":"b"}"#));
    }
}
