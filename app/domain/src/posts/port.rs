//! What can be done about posts.

use async_trait::async_trait;

use super::{
    CheckedPost, NewPost, Post, PostFacets, PostFilter, PostPatch, PostSummary, PostToCheck,
    versions::{Comparison, PostVersion, VersionSummary},
};
use crate::{
    actor::Actor,
    error::{ServiceError, ServiceResult},
    ids::PostId,
    page::{Page, PageRequest},
};

/// The client's own name for a request: the same one within 24 hours gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// 1 to 255 printable ASCII characters.
    pub fn parse(text: &str) -> ServiceResult<Self> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|byte| (0x21..=0x7E).contains(&byte)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ServiceError::field("Idempotency-Key", "An idempotency key has 1 to 255 visible ASCII characters."))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Posts of the actor's workspace. Reading: viewer. Writing: member, who changes their own; editors change all.
///
/// Whoever may not publish saves what they may write all the same: it waits for approval ([`super::Approvals`]) where it would
/// have gone out. So does everybody, where the workspace wants four eyes on each post.
#[async_trait]
pub trait Posts: Send + Sync {
    /// Saves a post; unless it is private, saving is publishing, or asking for approval. `VALIDATION_ERROR` with fields when a platform
    /// would refuse it; `CONFLICT` when the key was used for something else.
    async fn create(&self, actor: &Actor, post: NewPost, key: Option<IdempotencyKey>) -> ServiceResult<Post>;

    /// Newest first, or what fits the search best.
    async fn list(&self, actor: &Actor, filter: PostFilter) -> ServiceResult<Page<PostSummary>>;

    /// What a list could be narrowed to, with how many posts there would be. The page of the filter is not looked at.
    async fn facets(&self, actor: &Actor, filter: PostFilter) -> ServiceResult<PostFacets>;

    async fn get(&self, actor: &Actor, id: PostId) -> ServiceResult<Post>;

    /// What the person was writing last and has not saved: a draft that saves itself, of whichever device.
    async fn left(&self, actor: &Actor) -> ServiceResult<Option<Post>>;

    /// A post's history, newest first.
    async fn versions(&self, actor: &Actor, id: PostId, page: PageRequest) -> ServiceResult<Page<VersionSummary>>;

    /// One version as it was saved.
    async fn version(&self, actor: &Actor, id: PostId, number: u32) -> ServiceResult<PostVersion>;

    /// What became of version `from` up to version `to`.
    async fn compare(&self, actor: &Actor, id: PostId, from: u32, to: u32) -> ServiceResult<Comparison>;

    /// Makes an earlier version's words, link and pictures the newest version; time and accounts stay as they are. What
    /// holds for [`update`](Self::update) holds here: a draft stays one, a scheduled post keeps its time, and one that
    /// accounts have refused is sent to them again, after the workspace's undo window. `CONFLICT` while it is going out,
    /// when it is out everywhere, and when a picture of that version is not there any more.
    async fn restore(&self, actor: &Actor, id: PostId, number: u32) -> ServiceResult<Post>;

    /// Makes a new version of a post that has not been sent, or that accounts have refused: the new version takes the
    /// place of what they refused, and goes to no account that took an earlier one. `CONFLICT` while it is going out,
    /// when it is out everywhere, and while only a person can tell whether an account took it.
    async fn update(&self, actor: &Actor, id: PostId, patch: PostPatch) -> ServiceResult<Post>;

    /// Looks at a post without saving it: what would be refused, and what is worth a look: the same text on an account
    /// not long ago, many posts within an hour, a network's daily limit, X's price.
    async fn check(&self, actor: &Actor, post: PostToCheck) -> ServiceResult<CheckedPost>;

    /// Takes a post back inside its undo window, before its time, or while it waits for approval: it becomes a draft again, its deliveries are
    /// canceled. The visibility and time that were chosen stay with it. `CONFLICT` once any delivery has been picked up.
    async fn undo(&self, actor: &Actor, id: PostId) -> ServiceResult<Post>;

    /// Takes a post out of Arctiv. `CONFLICT` while it is being published. What is public stays public.
    async fn delete(&self, actor: &Actor, id: PostId) -> ServiceResult<()>;
}
