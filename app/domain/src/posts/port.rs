//! What can be done about posts.

use async_trait::async_trait;

use super::{CheckedPost, NewPost, Post, PostFilter, PostPatch, PostSummary, PostToCheck};
use crate::{
    actor::Actor,
    error::{ServiceError, ServiceResult},
    ids::PostId,
    page::Page,
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

/// Posts of the actor's workspace. Reading: viewer. Writing: editor.
#[async_trait]
pub trait Posts: Send + Sync {
    /// Saves a post; unless it is private, saving is publishing. `VALIDATION_ERROR` with fields when a platform
    /// would refuse it; `CONFLICT` when the key was used for something else.
    async fn create(&self, actor: &Actor, post: NewPost, key: Option<IdempotencyKey>) -> ServiceResult<Post>;

    /// Newest first.
    async fn list(&self, actor: &Actor, filter: PostFilter) -> ServiceResult<Page<PostSummary>>;

    async fn get(&self, actor: &Actor, id: PostId) -> ServiceResult<Post>;

    /// Makes a new version of a post that has not been sent, or that accounts have refused: the new version takes the
    /// place of what they refused, and goes to no account that took an earlier one. `CONFLICT` while it is going out,
    /// when it is out everywhere, and while only a person can tell whether an account took it.
    async fn update(&self, actor: &Actor, id: PostId, patch: PostPatch) -> ServiceResult<Post>;

    /// Looks at a post without saving it: what would be refused, and what is worth a look: the same text on an account
    /// not long ago, many posts within an hour, a network's daily limit, X's price.
    async fn check(&self, actor: &Actor, post: PostToCheck) -> ServiceResult<CheckedPost>;

    /// Takes a post back inside its undo window, or before its time: it becomes a draft again, its deliveries are
    /// canceled. The visibility and time that were chosen stay with it. `CONFLICT` once any delivery has been picked up.
    async fn undo(&self, actor: &Actor, id: PostId) -> ServiceResult<Post>;

    /// Takes a post out of Arctiv. `CONFLICT` while it is being published. What is public stays public.
    async fn delete(&self, actor: &Actor, id: PostId) -> ServiceResult<()>;
}
