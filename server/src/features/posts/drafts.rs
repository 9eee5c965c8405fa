//! REST of posts that wait for somebody's word: `/api/content-drafts`.
//!
//! A draft is a post like any other, of the same id, and can be written and changed at `/api/content` with all that a post has.
//! Here is what is about its approval, and the short form of writing one for a single account.

use std::sync::Arc;

use axum::extract::{FromRef, State};
use domain::{
    AccountId, MediaId, PageRequest, PostId, ServiceError, ServiceResult,
    posts::{ApprovalFile, Approvals, NewPost, Post, PostPatch, Posts, Review, Visibility},
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, TupleUnit};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    envelope::{ApiResult, Created, Failure, List, Ok200, Success, SuccessPage},
    extract::{Body, PathId, Query, SignedIn},
};

/// The routes. The state hands out the ports.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Posts>: FromRef<S>,
    Arc<dyn Approvals>: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(waiting, create)).routes(routes!(show, change, delete))
}

/// A draft for one account. `POST /api/content` takes all that a post can have.
#[derive(Debug, Deserialize, ToSchema)]
struct NewDraft {
    /// The account it is for.
    social_account_id: AccountId,
    /// For lists only; at most 200 characters.
    #[serde(default)]
    title: Option<String>,
    body: String,
    /// Ids of uploaded pictures, in order; at most 35.
    #[serde(default)]
    media_assets: Vec<MediaId>,
}

/// What is to become of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DraftAction {
    /// Asks for approval.
    Submit,
    /// Takes the request back.
    Withdraw,
    Approved,
    /// With a `rejection_note`.
    Rejected,
}

/// Either an action, or a change of the words; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct DraftPatch {
    action: Option<DraftAction>,
    /// The version that was looked at, or that the change was made from; `CONFLICT` when there is a newer one. Left out, the
    /// current one.
    version: Option<u32>,
    /// Why it is rejected, 1 to 1,000 characters: what has to change, for its author.
    rejection_note: Option<String>,
    title: Option<String>,
    body: Option<String>,
    media_assets: Option<Vec<MediaId>>,
    social_account_id: Option<AccountId>,
}

impl DraftPatch {
    fn changes_words(&self) -> bool {
        self.title.is_some() || self.body.is_some() || self.media_assets.is_some() || self.social_account_id.is_some()
    }
}

/// Lists what waits for approval
///
/// Due first: by its time, or by when it was asked for where it is to go out at once. `approved_version` is what to compare it
/// with (`GET /api/content/{id}/versions/{number}/diff?against=`). Drafts in other states are found by
/// `GET /api/content?status=draft,rejected`.
#[utoipa::path(
    get, path = "/api/content-drafts", tag = "content", operation_id = "list_content_drafts",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 when left out"),
        ("offset" = Option<u32>, Query, description = "How many to skip"),
    ),
    responses(
        (status = 200, description = "A page of posts that wait", body = SuccessPage<Review>),
        (status = 400, description = "A wrong parameter", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
    )
)]
async fn waiting(
    State(approvals): State<Arc<dyn Approvals>>,
    SignedIn(actor): SignedIn,
    Query(page): Query<PageRequest>,
) -> ApiResult<List<Review>> {
    Ok(List(approvals.waiting(&actor, page).await?))
}

/// Writes a draft for one account
///
/// It stays in the workspace until its approval is asked for.
#[utoipa::path(
    post, path = "/api/content-drafts", tag = "content", operation_id = "create_content_draft",
    request_body = NewDraft,
    responses(
        (status = 201, description = "The draft", body = Success<Post>),
        (status = 400, description = "A field is wrong", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role", body = Failure),
        (status = 413, description = "The request is too large", body = Failure),
    )
)]
async fn create(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    Body(draft): Body<NewDraft>,
) -> ApiResult<Created<Post>> {
    let post = NewPost {
        title: draft.title,
        body: draft.body,
        media_assets: draft.media_assets,
        account_ids: Some(vec![draft.social_account_id]),
        visibility: Visibility::Private,
        ..NewPost::default()
    };
    Ok(Created(posts.create(&actor, post, None).await?))
}

/// Shows how a post stands with those who approve
///
/// The post, who asked and decided so far, and, while it waits, whether whoever asks here may decide.
#[utoipa::path(
    get, path = "/api/content-drafts/{id}", tag = "content", operation_id = "get_content_draft",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The post and its approvals, newest first", body = Success<ApprovalFile>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
    )
)]
async fn show(
    State(approvals): State<Arc<dyn Approvals>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<PostId>,
) -> ApiResult<Ok200<ApprovalFile>> {
    Ok(Ok200(approvals.file(&actor, id).await?))
}

/// Changes a draft, asks for its approval, or decides on it
///
/// Members change, submit and withdraw their own; `approved` and `rejected` take the editor role and, where the workspace wants
/// four eyes on each post, somebody else than its author. `approved` lets just that version go out, at once (after the
/// workspace's undo window) or at its time; where that has passed, at once. The same decision sent twice is answered twice and
/// carried out once; of two different ones the second is a `CONFLICT`, which says what the first was.
#[utoipa::path(
    patch, path = "/api/content-drafts/{id}", tag = "content", operation_id = "update_content_draft",
    params(("id" = Uuid, Path)),
    request_body = DraftPatch,
    responses(
        (status = 200, description = "The post as it stands now", body = Success<Post>),
        (status = 400, description = "A field is wrong, a note is missing, or a platform would refuse the post", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "The role does not allow it, or it is the actor's own post", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 409, description = "It does not wait any more, or there is a newer version", body = Failure),
        (status = 413, description = "The request is too large", body = Failure),
    )
)]
async fn change(
    State(posts): State<Arc<dyn Posts>>,
    State(approvals): State<Arc<dyn Approvals>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<PostId>,
    Body(patch): Body<DraftPatch>,
) -> ApiResult<Ok200<Post>> {
    let action = alone(&patch)?;
    let post = match action {
        Some(DraftAction::Submit) => approvals.submit(&actor, id).await?,
        Some(DraftAction::Withdraw) => approvals.withdraw(&actor, id).await?,
        Some(DraftAction::Approved) => approvals.approve(&actor, id, patch.version).await?,
        Some(DraftAction::Rejected) => {
            approvals.reject(&actor, id, patch.version, patch.rejection_note.unwrap_or_default()).await?
        }
        None => {
            let change = PostPatch {
                title: patch.title,
                body: patch.body,
                media_assets: patch.media_assets,
                account_ids: patch.social_account_id.map(|account| vec![account]),
                version: patch.version,
                ..PostPatch::default()
            };
            posts.update(&actor, id, change).await?
        }
    };
    Ok(Ok200(post))
}

/// What is decided on is what was looked at, so nothing changes with the decision.
fn alone(patch: &DraftPatch) -> ServiceResult<Option<DraftAction>> {
    if patch.action.is_some() && patch.changes_words() {
        return Err(ServiceError::field("action", "Change the draft first, and send the action by itself."));
    }
    if patch.action != Some(DraftAction::Rejected) && patch.rejection_note.is_some() {
        return Err(ServiceError::field("rejection_note", "Only a rejection has a note."));
    }
    Ok(patch.action)
}

/// Removes a draft
#[utoipa::path(
    delete, path = "/api/content-drafts/{id}", tag = "content", operation_id = "delete_content_draft",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Removed; `data` is null", body = Success<TupleUnit>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role, or somebody else's", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 409, description = "It is going out right now", body = Failure),
    )
)]
async fn delete(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<PostId>,
) -> ApiResult<Ok200<()>> {
    posts.delete(&actor, id).await?;
    Ok(Ok200(()))
}
