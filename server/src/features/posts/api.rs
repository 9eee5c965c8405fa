//! REST of posts: `/api/content`.

use std::sync::Arc;

use axum::{
    extract::{FromRef, State},
    http::HeaderMap,
};
use domain::{
    AccountId, PageRequest, Platform, PostId, QueueSlotId, ServiceError, ServiceResult,
    posts::{
        CheckedPost, IdempotencyKey, NewPost, Post, PostFacets, PostFilter, PostPatch, PostSort, PostSummary,
        PostToCheck, Posts, Visibility,
        best_times::BestTime,
        queue::{FreeSlot, NewSlot, Queue, QueueSlot},
        versions::{Comparison, PostVersion, VersionSummary},
    },
};
use serde::Deserialize;
use utoipa::TupleUnit;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    envelope::{ApiResult, Created, Failure, List, Ok200, Success, SuccessPage},
    extract::{Body, PathId, PathPart, Query, SignedIn},
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
        .routes(routes!(facets))
        .routes(routes!(get, update, delete))
        .routes(routes!(undo))
        .routes(routes!(versions))
        .routes(routes!(version))
        .routes(routes!(compare))
        .routes(routes!(restore))
}

/// The queue's routes. The state hands out the port.
pub fn queue_router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Queue>: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(slots, add_slot))
        .routes(routes!(free_slots))
        .routes(routes!(remove_slot))
        .routes(routes!(best_times))
}

/// Saves a post
///
/// Unless it is private, saving is publishing: to the chosen accounts, or to all that are connected and switched on. Of whoever
/// may not publish (members, or everybody where the workspace's `approval_policy` says so) it waits for approval instead.
/// The same `Idempotency-Key` within 24 hours gives the same post.
#[utoipa::path(
    post, path = "/api/content", tag = "content", operation_id = "create_content",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewPost,
    responses(
        (status = 201, description = "The post, on its way unless it is private or waits for approval", body = Success<Post>),
        (status = 400, description = "A field is wrong, or a platform would refuse it", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role", body = Failure),
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
        (status = 403, description = "Below the member role", body = Failure),
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
/// Newest first, or by relevance to what is searched for.
#[utoipa::path(
    get, path = "/api/content", tag = "content", operation_id = "list_content",
    params(
        ("status" = Option<String>, Query, description = "Only posts that stand there: one of the states, or several with commas \
            between, such as `scheduled,publishing`"),
        ("visibility" = Option<Visibility>, Query, description = "Only posts that are meant so"),
        ("platform" = Option<Platform>, Query, description = "Only posts that go or went there"),
        ("social_account_id" = Option<AccountId>, Query, description = "Only posts that go or went to this account"),
        ("author_id" = Option<Uuid>, Query, description = "Only posts of this person"),
        ("from" = Option<String>, Query, description = "Only posts that go or went out (or were written, where they do not) from \
            then on: RFC 3339, or a day in the workspace's time zone"),
        ("to" = Option<String>, Query, description = "The end of that range: a moment is not in it, a day is"),
        ("q" = Option<String>, Query, description = "Words of the text, the title or the link, without regard to case and accents; \
            the last may be a beginning. `\"a phrase\"`, `or` and `-without` are understood; at most 100 characters"),
        ("sort" = Option<PostSort>, Query, description = "`newest` when left out; `relevance` goes by `offset` only"),
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

/// Counts posts
///
/// How many there are in each state under the same filter, and who has written any.
#[utoipa::path(
    get, path = "/api/content/facets", tag = "content", operation_id = "count_content",
    params(
        ("status" = Option<String>, Query, description = "Only posts that stand there: one of the states, or several with commas \
            between, such as `scheduled,publishing`"),
        ("visibility" = Option<Visibility>, Query, description = "Only posts that are meant so"),
        ("platform" = Option<Platform>, Query, description = "Only posts that go or went there"),
        ("social_account_id" = Option<AccountId>, Query, description = "Only posts that go or went to this account"),
        ("author_id" = Option<Uuid>, Query, description = "Only posts of this person"),
        ("from" = Option<String>, Query, description = "Only posts that go or went out (or were written, where they do not) from \
            then on: RFC 3339, or a day in the workspace's time zone"),
        ("to" = Option<String>, Query, description = "The end of that range: a moment is not in it, a day is"),
        ("q" = Option<String>, Query, description = "Words of the text, the title or the link, without regard to case and accents; \
            the last may be a beginning. `\"a phrase\"`, `or` and `-without` are understood; at most 100 characters"),
    ),
    responses(
        (status = 200, description = "What a list could be narrowed to", body = Success<PostFacets>),
        (status = 400, description = "A wrong parameter", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
    )
)]
async fn facets(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    Query(filter): Query<PostFilter>,
) -> ApiResult<Ok200<PostFacets>> {
    Ok(Ok200(posts.facets(&actor, filter).await?))
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
/// change, and a failed or partly published one is sent again, to the accounts that have not taken it. A post that waits for
/// approval goes on waiting, with its new version; one that was approved waits again when whoever changes it may not publish. `account_ids`
/// chooses accounts; `targets` set to `all_active` gives the choice up again.
#[utoipa::path(
    patch, path = "/api/content/{id}", tag = "content", operation_id = "update_content",
    params(("id" = Uuid, Path)),
    request_body = PostPatch,
    responses(
        (status = 200, description = "The changed post", body = Success<Post>),
        (status = 400, description = "A field is wrong, or a platform would refuse it", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role, or somebody else's post", body = Failure),
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
/// Inside its undo window, before its time, or while it waits for approval. It becomes a draft, which keeps the visibility and the time that were chosen.
#[utoipa::path(
    post, path = "/api/content/{id}/undo", tag = "content", operation_id = "undo_content",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The post, a draft again", body = Success<Post>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role, or somebody else's post", body = Failure),
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
        (status = 403, description = "Below the member role, or somebody else's post", body = Failure),
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

/// Lists a post's versions
///
/// Newest first: who changed what, and when.
#[utoipa::path(
    get, path = "/api/content/{id}/versions", tag = "content", operation_id = "list_content_versions",
    params(
        ("id" = Uuid, Path),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 when left out"),
        ("offset" = Option<u32>, Query, description = "How many to skip; not together with `cursor`"),
        ("cursor" = Option<String>, Query, description = "The previous page's `next_cursor`"),
    ),
    responses(
        (status = 200, description = "A page of versions", body = SuccessPage<VersionSummary>),
        (status = 400, description = "A wrong parameter", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
    )
)]
async fn versions(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<PostId>,
    Query(page): Query<PageRequest>,
) -> ApiResult<List<VersionSummary>> {
    Ok(List(posts.versions(&actor, id, page).await?))
}

/// Shows a version of a post
#[utoipa::path(
    get, path = "/api/content/{id}/versions/{number}", tag = "content", operation_id = "get_content_version",
    params(("id" = Uuid, Path), ("number" = u32, Path)),
    responses(
        (status = 200, description = "The version as it was saved", body = Success<PostVersion>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
    )
)]
async fn version(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    PathPart(id, number): PathPart<PostId>,
) -> ApiResult<Ok200<PostVersion>> {
    Ok(Ok200(posts.version(&actor, id, number).await?))
}

/// Which version another is held against.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Against {
    against: Option<u32>,
}

/// Compares two versions of a post
///
/// Word by word, and only the parts in which they differ: what became of `against` up to this version.
#[utoipa::path(
    get, path = "/api/content/{id}/versions/{number}/diff", tag = "content", operation_id = "compare_content_versions",
    params(
        ("id" = Uuid, Path),
        ("number" = u32, Path),
        ("against" = Option<u32>, Query, description = "The other version; the one before when left out"),
    ),
    responses(
        (status = 200, description = "In what they differ", body = Success<Comparison>),
        (status = 400, description = "A wrong parameter", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
    )
)]
async fn compare(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    PathPart(id, number): PathPart<PostId>,
    Query(other): Query<Against>,
) -> ApiResult<Ok200<Comparison>> {
    let against = other.against.unwrap_or_else(|| number.saturating_sub(1).max(1));
    Ok(Ok200(posts.compare(&actor, id, against, number).await?))
}

/// Brings a version back
///
/// As the newest version: its words, its link and its pictures; time and accounts stay as they are now. A draft stays a draft, a
/// scheduled post keeps its time, and a failed or partly published one is sent again to the accounts that have not taken it.
#[utoipa::path(
    post, path = "/api/content/{id}/versions/{number}/restore", tag = "content", operation_id = "restore_content_version",
    params(("id" = Uuid, Path), ("number" = u32, Path)),
    responses(
        (status = 200, description = "The post with its new version", body = Success<Post>),
        (status = 400, description = "A platform would refuse it", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the member role, or somebody else's post", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 409, description = "It is the current one, a picture of it is gone, or the post is going out or is out everywhere",
            body = Failure),
    )
)]
async fn restore(
    State(posts): State<Arc<dyn Posts>>,
    SignedIn(actor): SignedIn,
    PathPart(id, number): PathPart<PostId>,
) -> ApiResult<Ok200<Post>> {
    Ok(Ok200(posts.restore(&actor, id, number).await?))
}

/// Lists the queue's slots
#[utoipa::path(
    get, path = "/api/queue-slots", tag = "content", operation_id = "list_queue_slots",
    responses(
        (status = 200, description = "All of them: the workspace's, then by account, from Monday to Sunday", body = Success<Vec<QueueSlot>>),
        (status = 401, description = "Not signed in", body = Failure),
    )
)]
async fn slots(State(queue): State<Arc<dyn Queue>>, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Vec<QueueSlot>>> {
    Ok(Ok200(queue.slots(&actor).await?))
}

/// Adds a slot to the queue
///
/// A weekly time of the workspace, or of one account. Posts with `queue: true` take the next free one.
#[utoipa::path(
    post, path = "/api/queue-slots", tag = "content", operation_id = "add_queue_slot",
    request_body = NewSlot,
    responses(
        (status = 201, description = "The slot", body = Success<QueueSlot>),
        (status = 400, description = "A field is wrong", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
        (status = 409, description = "There is the same one, or there are too many", body = Failure),
        (status = 413, description = "The request is too large", body = Failure),
    )
)]
async fn add_slot(
    State(queue): State<Arc<dyn Queue>>,
    SignedIn(actor): SignedIn,
    Body(slot): Body<NewSlot>,
) -> ApiResult<Created<QueueSlot>> {
    Ok(Created(queue.add(&actor, slot).await?))
}

/// Removes a slot from the queue
///
/// Posts that have taken it keep their time.
#[utoipa::path(
    delete, path = "/api/queue-slots/{id}", tag = "content", operation_id = "remove_queue_slot",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Removed; `data` is null", body = Success<TupleUnit>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Below the editor role", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
    )
)]
async fn remove_slot(
    State(queue): State<Arc<dyn Queue>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<QueueSlotId>,
) -> ApiResult<Ok200<()>> {
    queue.remove(&actor, id).await?;
    Ok(Ok200(()))
}

/// For which post free slots are looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ForPost {
    social_account_id: Option<AccountId>,
    limit: Option<u32>,
}

/// Lists the next free slots
///
/// Those that posts would take which are saved now, soonest first.
#[utoipa::path(
    get, path = "/api/queue-slots/free", tag = "content", operation_id = "list_free_queue_slots",
    params(
        ("social_account_id" = Option<AccountId>, Query, description = "For a post to this account only"),
        ("limit" = Option<u32>, Query, description = "1 to 20, 5 when left out"),
    ),
    responses(
        (status = 200, description = "Free slots; none where the queue has none", body = Success<Vec<FreeSlot>>),
        (status = 400, description = "A wrong parameter", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
    )
)]
async fn free_slots(
    State(queue): State<Arc<dyn Queue>>,
    SignedIn(actor): SignedIn,
    Query(wanted): Query<ForPost>,
) -> ApiResult<Ok200<Vec<FreeSlot>>> {
    let accounts = wanted.social_account_id.map(|id| vec![id]);
    Ok(Ok200(queue.free(&actor, accounts, wanted.limit.unwrap_or(5)).await?))
}

/// For which post good times are looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ForReaders {
    social_account_id: Option<AccountId>,
    time_zone: Option<String>,
}

/// Suggests times to publish
///
/// At most three full hours of the week to come, each on another day, in which many people look at the platforms of the
/// accounts, by public studies, and at which none of these accounts publishes something else; soonest first.
#[utoipa::path(
    get, path = "/api/best-times", tag = "content", operation_id = "list_best_times",
    params(
        ("social_account_id" = Option<AccountId>, Query, description = "For a post to this account only"),
        ("time_zone" = Option<String>, Query, description = "Where the readers are, as an IANA name; the workspace's when left out"),
    ),
    responses(
        (status = 200, description = "Times; none where no account takes part in posts", body = Success<Vec<BestTime>>),
        (status = 400, description = "A wrong parameter", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
    )
)]
async fn best_times(
    State(queue): State<Arc<dyn Queue>>,
    SignedIn(actor): SignedIn,
    Query(wanted): Query<ForReaders>,
) -> ApiResult<Ok200<Vec<BestTime>>> {
    let accounts = wanted.social_account_id.map(|id| vec![id]);
    Ok(Ok200(queue.best_times(&actor, accounts, wanted.time_zone).await?))
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
