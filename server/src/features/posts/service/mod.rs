//! What happens to posts.

mod changing;
mod checking;
mod listing;
mod saving;
mod sending;
mod undoing;
mod versions;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    Actor, Page, PageRequest, PostId, ServiceError, ServiceResult,
    accounts::{Accounts, Creator},
    clock::{Clock, Ids},
    posts::{
        CheckedPost, IdempotencyKey, NewPost, Post, PostFacets, PostFilter, PostPatch, PostStatus, PostSummary,
        PostToCheck, Posts,
        preflight::excerpt,
        versions::{Comparison, PostVersion, VersionSummary},
    },
};
use serde_json::{Value, json};

pub(super) use changing::Manner;
pub(super) use listing::summaries;
pub(super) use sending::Leaving;

use super::{
    policy,
    store::{self, PostRow},
};
use crate::{
    database::{Database, Tx},
    features::{
        deliveries::{self, Selector},
        media::{self, MediaLinks},
    },
};

/// Fulfils [`Posts`].
#[derive(Clone)]
pub struct PostService {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) accounts: Arc<dyn Accounts>,
    links: MediaLinks,
    selector: Selector,
}

impl fmt::Debug for PostService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostService")
    }
}

impl PostService {
    pub fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        accounts: Arc<dyn Accounts>,
        links: MediaLinks,
        selector: Selector,
    ) -> Self {
        Self { database, clock, ids, accounts, links, selector }
    }

    /// What TikTok's creators may choose, if the post makes such choices. Asked before a transaction is opened, like the
    /// accounts.
    pub(super) async fn creators(&self, actor: &Actor, wanted: bool) -> ServiceResult<Vec<Creator>> {
        if wanted { self.accounts.creators(actor).await } else { Ok(Vec::new()) }
    }

    pub(super) async fn load(&self, tx: &mut Tx, actor: &Actor, id: PostId) -> ServiceResult<Post> {
        let row = store::get(tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        let ids = store::media_of(tx, row.version_id).await?;
        let mut assets = media::in_tx::assets(tx, &self.links, actor.workspace_id, &ids).await?;
        let account_ids = if row.chosen_accounts { Some(store::targets_of(tx, id).await?) } else { None };
        let standing = deliveries::in_tx::standing(tx, &[id]).await?.remove(&id).unwrap_or_default();
        let skipped = store::skipped(tx, row.version_id).await?;
        let approval = store::approvals::of_post(tx, actor.workspace_id, id, 1).await?.pop();
        Ok(Post {
            id,
            title: row.title,
            body: row.content.body,
            link: row.content.link,
            overrides: row.content.overrides,
            variations: row.content.variations,
            options: row.content.options,
            autosaved: row.autosaved,
            // A picture removed after the post went out is shown nowhere any more.
            media: ids.iter().filter_map(|id| assets.remove(id)).collect(),
            visibility: row.visibility,
            status: row.status,
            version: row.version,
            author: row.author,
            account_ids,
            publishes_at: still_to_come(row.status, row.publishes_at),
            scheduled_at: row.scheduled_at,
            scheduled_local: row.scheduled_local,
            time_zone: row.time_zone,
            deliveries: standing.counts,
            skipped,
            approval,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

#[async_trait]
impl Posts for PostService {
    async fn create(&self, actor: &Actor, post: NewPost, key: Option<IdempotencyKey>) -> ServiceResult<Post> {
        self.create_post(actor, post, key).await
    }

    async fn list(&self, actor: &Actor, filter: PostFilter) -> ServiceResult<Page<PostSummary>> {
        self.list_posts(actor, filter).await
    }

    async fn facets(&self, actor: &Actor, filter: PostFilter) -> ServiceResult<PostFacets> {
        self.count_facets(actor, filter).await
    }

    async fn get(&self, actor: &Actor, id: PostId) -> ServiceResult<Post> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let post = self.load(&mut tx, actor, id).await?;
        Ok(post)
    }

    async fn left(&self, actor: &Actor) -> ServiceResult<Option<Post>> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        match store::left(&mut tx, actor.workspace_id, actor.user_id).await? {
            Some(id) => Ok(Some(self.load(&mut tx, actor, id).await?)),
            None => Ok(None),
        }
    }

    async fn update(&self, actor: &Actor, id: PostId, patch: PostPatch) -> ServiceResult<Post> {
        self.change(actor, id, patch, Manner::default()).await
    }

    async fn versions(&self, actor: &Actor, id: PostId, page: PageRequest) -> ServiceResult<Page<VersionSummary>> {
        self.list_versions(actor, id, page).await
    }

    async fn version(&self, actor: &Actor, id: PostId, number: u32) -> ServiceResult<PostVersion> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        Ok(self.load_version(&mut tx, actor, id, number).await?.0)
    }

    async fn compare(&self, actor: &Actor, id: PostId, from: u32, to: u32) -> ServiceResult<Comparison> {
        self.compare_versions(actor, id, from, to).await
    }

    async fn restore(&self, actor: &Actor, id: PostId, number: u32) -> ServiceResult<Post> {
        self.restore_version(actor, id, number).await
    }

    async fn check(&self, actor: &Actor, wanted: PostToCheck) -> ServiceResult<CheckedPost> {
        self.check_post(actor, wanted).await
    }

    async fn undo(&self, actor: &Actor, id: PostId) -> ServiceResult<Post> {
        self.undo_post(actor, id).await
    }

    async fn delete(&self, actor: &Actor, id: PostId) -> ServiceResult<()> {
        self.delete_post(actor, id).await
    }
}

/// What the record calls a post.
pub(super) fn called(title: Option<&str>, body: &str) -> String {
    excerpt(title, body)
}

/// A post as the record tells it: the beginnings of its texts, and who it is for.
fn told(post: &Post) -> Value {
    json!({
        "version": post.version,
        "title": post.title,
        "body": post.body,
        "link": post.link,
        "overrides": post.overrides,
        "variations": post.variations,
        "options": post.options,
        "media": post.media.iter().map(|asset| asset.id).collect::<Vec<_>>(),
        "visibility": post.visibility,
        "status": post.status,
        "account_ids": post.account_ids,
        "scheduled_at": post.scheduled_at,
    })
}

/// The post, locked until the transaction ends.
pub(super) async fn locked(tx: &mut Tx, actor: &Actor, id: PostId) -> ServiceResult<PostRow> {
    if !store::lock(tx, actor.workspace_id, id).await? {
        return Err(absent());
    }
    store::get(tx, actor.workspace_id, id).await?.ok_or_else(absent)
}

pub(super) fn absent() -> ServiceError {
    ServiceError::not_found("post")
}

fn still_to_come(status: PostStatus, at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    at.filter(|_| matches!(status, PostStatus::Scheduled | PostStatus::Publishing))
}
