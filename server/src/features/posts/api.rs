//! REST of posts: `/api/content`.

use std::sync::Arc;

use axum::{
    extract::{FromRef, State},
    http::HeaderMap,
};
use domain::{
    Platform, PostId, ServiceError, ServiceResult,
    posts::{
        CheckedPost, IdempotencyKey, NewPost, Post, PostFilter, PostPatch, PostStatus, PostSummary, PostToCheck, Posts,
    },
};
use utoipa::TupleUnit;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    envelope::{ApiResult, Created, Failure, List, Ok200, Success, SuccessPage},
    extract::{Body, PathId, Query, SignedIn},
};

/// The header that names a request.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The routes. The state hands out the port.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Posts>: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(check))
        .routes(routes!(get, update, delete))
        .routes(routes!(undo))
}

/// Saves a post
///
/// Unless it is private, saving is publishing: to the chosen accounts, or to all that are connected and switched on.
/// The same `Idempotency-Key` within 24 hours gives the same post.
#[utoipa::path(
    post, path = "/api/content", tag = "content", operation_id = "create_content",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewPost,
    responses(
        (status = 201, description = "The post, on its way unless it is private", body = Success<Post>),
        (status = 400, description = "A field is wrong, or a platform would refuse it", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
        (status = 409, description = "The key was used for another post", body = Failure),
        (status = 413, description = "The request is too large", body = Failure),
    )
)]
async fn create(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
    Body(post): Body<NewPost>,
) -> ApiResult<Created<Post>> {
    let key = idempotency_key(&headers)?;
    Ok(Created(posts.create(&actor, post, key).await?))
}

/// Checks a post without saving it
///
/// What saving would refuse, for each platform, and what is worth a look: the same text on an account not long ago, many
/// posts within an hour, a network's daily limit. Also what X charges. A post that cannot be read at all is refused as
/// saving would refuse it.
#[utoipa::path(
    post, path = "/api/content/check", tag = "content", operation_id = "check_content",
    request_body = PostToCheck,
    responses(
        (status = 200, description = "What there is to say", body = Success<CheckedPost>),
        (status = 400, description = "A field is wrong", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
        (status = 404, description = "`content_id` is absent, or another workspace's", body = Failure),
        (status = 413, description = "The request is too large", body = Failure),
    )
)]
async fn check(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    Body(wanted): Body<PostToCheck>,
) -> ApiResult<Ok200<CheckedPost>> {
    Ok(Ok200(posts.check(&actor, wanted).await?))
}

/// Lists posts
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/content", tag = "content", operation_id = "list_content",
    params(
        ("status" = Option<PostStatus>, Query, description = "Only posts that stand there"),
        ("platform" = Option<Platform>, Query, description = "Only posts that go or went there"),
        ("q" = Option<String>, Query, description = "Part of the text or title; at most 100 characters"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 when left out"),
        ("offset" = Option<u32>, Query, description = "How many to skip; not together with `cursor`"),
        ("cursor" = Option<String>, Query, description = "The previous page's `next_cursor`"),
    ),
    responses(
        (status = 200, description = "A page of posts", body = SuccessPage<PostSummary>),
        (status = 400, description = "A wrong parameter", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
    )
)]
async fn list(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    Query(filter): Query<PostFilter>,
) -> ApiResult<List<PostSummary>> {
    Ok(List(posts.list(&actor, filter).await?))
}

/// Shows a post
#[utoipa::path(
    get, path = "/api/content/{id}", tag = "content", operation_id = "get_content",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The post with its current version", body = Success<Post>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
    )
)]
async fn get(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<PostId>,
) -> ApiResult<Ok200<Post>> {
    Ok(Ok200(posts.get(&actor, id).await?))
}

/// Changes a post
///
/// While nothing of it has been sent, or where accounts have refused it. What is left out (or null) stays. Each change is
/// a new version: with `visibility` set to `public` a draft goes out, a post inside its undo window goes out with the
/// change, and a failed or partly published one is sent again, to the accounts that have not taken it. `account_ids`
/// chooses accounts; `targets` set to `all_active` gives the choice up again.
#[utoipa::path(
    patch, path = "/api/content/{id}", tag = "content", operation_id = "update_content",
    params(("id" = Uuid, Path)),
    request_body = PostPatch,
    responses(
        (status = 200, description = "The changed post", body = Success<Post>),
        (status = 400, description = "A field is wrong, or a platform would refuse it", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 409, description = "It is going out or is out everywhere, an account may have taken it, or there is a newer \
            version", body = Failure),
        (status = 413, description = "The request is too large", body = Failure),
    )
)]
async fn update(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<PostId>,
    Body(patch): Body<PostPatch>,
) -> ApiResult<Ok200<Post>> {
    Ok(Ok200(posts.update(&actor, id, patch).await?))
}

/// Takes a post back
///
/// Inside its undo window or before its time. It becomes a draft, which keeps the visibility and the time that were chosen.
#[utoipa::path(
    post, path = "/api/content/{id}/undo", tag = "content", operation_id = "undo_content",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The post, a draft again", body = Success<Post>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 409, description = "It is going or has gone out", body = Failure),
    )
)]
async fn undo(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<PostId>,
) -> ApiResult<Ok200<Post>> {
    Ok(Ok200(posts.undo(&actor, id).await?))
}

/// Removes a post
///
/// From Arctiv; what is public stays public.
#[utoipa::path(
    delete, path = "/api/content/{id}", tag = "content", operation_id = "delete_content",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Removed; `data` is null", body = Success<TupleUnit>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
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

/// The request's name, if it has one. Two names are as good as none, so they are refused.
fn idempotency_key(headers: &HeaderMap) -> ServiceResult<Option<IdempotencyKey>> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => IdempotencyKey::parse(value.to_str().unwrap_or_default()).map(Some),
        (Some(_), Some(_)) => Err(ServiceError::field("Idempotency-Key", "Send one Idempotency-Key, not several.")),
    }
}
