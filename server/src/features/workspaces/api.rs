//! `/api/workspaces/*` and `/api/invitations/*`.

use std::sync::Arc;

use axum::extract::{Path, State};
use domain::{
    ApiKeyId, InvitationId, UserId, WorkspaceId,
    workspaces::{
        ApiKey, ApiKeys, DeclineInvitation, Invitation, InvitationOffer, MadeApiKey, Member, MemberPatch, Memberships,
        NewApiKey, NewInvitation, NewWorkspace, OwnWorkspace, Team, Workspace, WorkspacePatch, WorkspaceSettings,
    },
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    envelope::{ApiResult, Created, Failure, Ok200, Success},
    extract::{Anyone, Body, PathId, SignedIn},
    picture::{self, PictureBody},
};

/// The routes.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Team>: axum::extract::FromRef<S>,
    Arc<dyn Memberships>: axum::extract::FromRef<S>,
    Arc<dyn WorkspaceSettings>: axum::extract::FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(workspaces, create))
        .routes(routes!(switch))
        .routes(routes!(settings, change_settings))
        .merge(OpenApiRouter::new().routes(routes!(set_logo, remove_logo)).layer(picture::body_limit()))
        .routes(routes!(members))
        .routes(routes!(change_member, remove_member))
        .routes(routes!(invitations, invite))
        .routes(routes!(revoke_invitation))
        .routes(routes!(resend_invitation))
        .routes(routes!(decline_invitation))
        .routes(routes!(offer))
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    done: bool,
}

const DONE: Ok200<Done> = Ok200(Done { done: true });

/// Your workspaces
///
/// All that you belong to, by name; `current` is the one that the session is in.
#[utoipa::path(get, path = "/api/workspaces", tag = "workspaces", responses(
    (status = 200, description = "All of them", body = Success<Vec<OwnWorkspace>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn workspaces(
    State(memberships): State<Arc<dyn Memberships>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Ok200<Vec<OwnWorkspace>>> {
    Ok(Ok200(memberships.workspaces(&actor).await?))
}

/// Make a workspace
///
/// A further one, with you as its admin; the session goes there. For a browser's session only.
#[utoipa::path(post, path = "/api/workspaces", tag = "workspaces", request_body = NewWorkspace, responses(
    (status = 201, description = "Made, and the session is in it", body = Success<OwnWorkspace>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 409, description = "`CONFLICT`: you belong to 50 already", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn create(
    State(memberships): State<Arc<dyn Memberships>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<NewWorkspace>,
) -> ApiResult<Created<OwnWorkspace>> {
    Ok(Created(memberships.create(&actor, form).await?))
}

/// Go to another workspace
///
/// Takes the session there, in every tab that shares its cookie. For a browser's session only.
#[utoipa::path(post, path = "/api/workspaces/{id}/switch", tag = "workspaces",
    params(("id" = WorkspaceId, Path, description = "One that you belong to")),
    responses(
        (status = 200, description = "The session is in it", body = Success<OwnWorkspace>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 404, description = "`NOT_FOUND`: absent, or you do not belong to it", body = Failure),
    ))]
async fn switch(
    State(memberships): State<Arc<dyn Memberships>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<WorkspaceId>,
) -> ApiResult<Ok200<OwnWorkspace>> {
    Ok(Ok200(memberships.switch(&actor, id).await?))
}

/// Settings
///
/// Of the present workspace.
#[utoipa::path(get, path = "/api/workspaces/current", tag = "workspaces", responses(
    (status = 200, description = "The workspace", body = Success<Workspace>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn settings(
    State(settings): State<Arc<dyn WorkspaceSettings>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Ok200<Workspace>> {
    Ok(Ok200(settings.settings(&actor).await?))
}

/// Change the settings
///
/// Of the present workspace; what is left out stays.
#[utoipa::path(patch, path = "/api/workspaces/current", tag = "workspaces", request_body = WorkspacePatch, responses(
    (status = 200, description = "As it is now", body = Success<Workspace>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
    (status = 409, description = "`CONFLICT`: another workspace has this slug", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn change_settings(
    State(settings): State<Arc<dyn WorkspaceSettings>>,
    SignedIn(actor): SignedIn,
    Body(patch): Body<WorkspacePatch>,
) -> ApiResult<Ok200<Workspace>> {
    Ok(Ok200(settings.change(&actor, patch).await?))
}

/// Set the logo
///
/// The bytes of a JPG, PNG, WebP or GIF, at most 5 MB. It is kept small, without what it tells about its maker.
#[utoipa::path(put, path = "/api/workspaces/current/logo", tag = "workspaces",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "The workspace, with its new logo", body = Success<Workspace>),
        (status = 400, description = "`VALIDATION_ERROR`: no picture, or damaged", body = Failure),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 413, description = "`PAYLOAD_TOO_LARGE`: more than 5 MB", body = Failure),
    ))]
async fn set_logo(
    State(settings): State<Arc<dyn WorkspaceSettings>>,
    SignedIn(actor): SignedIn,
    PictureBody(bytes): PictureBody,
) -> ApiResult<Ok200<Workspace>> {
    Ok(Ok200(settings.set_logo(&actor, bytes).await?))
}

/// Remove the logo
#[utoipa::path(delete, path = "/api/workspaces/current/logo", tag = "workspaces", responses(
    (status = 200, description = "The workspace, without a logo", body = Success<Workspace>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
))]
async fn remove_logo(
    State(settings): State<Arc<dyn WorkspaceSettings>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Ok200<Workspace>> {
    Ok(Ok200(settings.remove_logo(&actor).await?))
}

/// Members
///
/// Of the present workspace, by name.
#[utoipa::path(get, path = "/api/workspaces/current/members", tag = "workspaces", responses(
    (status = 200, description = "All members", body = Success<Vec<Member>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
))]
async fn members(State(team): State<Arc<dyn Team>>, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Vec<Member>>> {
    Ok(Ok200(team.members(&actor).await?))
}

/// Change a member
///
/// Another role, or kept out (`disabled`), which takes them out of this workspace at once: their sessions go on in another of
/// theirs, or end.
#[utoipa::path(patch, path = "/api/workspaces/current/members/{id}", tag = "workspaces", request_body = MemberPatch,
    params(("id" = UserId, Path, description = "The person")),
    responses(
        (status = 200, description = "As they are now", body = Success<Member>),
        (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 409, description = "`CONFLICT`: the last admin", body = Failure),
        (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
    ))]
async fn change_member(
    State(team): State<Arc<dyn Team>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<UserId>,
    Body(patch): Body<MemberPatch>,
) -> ApiResult<Ok200<Member>> {
    Ok(Ok200(team.change_member(&actor, id, patch).await?))
}

/// Remove a member
///
/// Takes them out of this workspace at once: their sessions go on in another of theirs, or end. What they wrote stays.
/// Everybody may remove themselves.
#[utoipa::path(delete, path = "/api/workspaces/current/members/{id}", tag = "workspaces",
    params(("id" = UserId, Path, description = "The person")),
    responses(
        (status = 200, description = "Removed", body = Success<Done>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 409, description = "`CONFLICT`: the last admin", body = Failure),
    ))]
async fn remove_member(
    State(team): State<Arc<dyn Team>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<UserId>,
) -> ApiResult<Ok200<Done>> {
    team.remove_member(&actor, id).await?;
    Ok(DONE)
}

/// Invitations
///
/// That wait for an answer or have waited in vain, newest first.
#[utoipa::path(get, path = "/api/workspaces/current/invitations", tag = "workspaces", responses(
    (status = 200, description = "All of them", body = Success<Vec<Invitation>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
))]
async fn invitations(
    State(team): State<Arc<dyn Team>>,
    SignedIn(actor): SignedIn,
) -> ApiResult<Ok200<Vec<Invitation>>> {
    Ok(Ok200(team.invitations(&actor).await?))
}

/// Invite
///
/// By email; open for 7 days. Takes the place of an open invitation to the same address.
#[utoipa::path(post, path = "/api/workspaces/current/invitations", tag = "workspaces", request_body = NewInvitation, responses(
    (status = 201, description = "On its way", body = Success<Invitation>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 403, description = "`FORBIDDEN`: takes an admin; `EMAIL_UNCONFIRMED`: one whose email is confirmed", body = Failure),
    (status = 409, description = "`CONFLICT`: works here already, or too many are open", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn invite(
    State(team): State<Arc<dyn Team>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<NewInvitation>,
) -> ApiResult<Created<Invitation>> {
    Ok(Created(team.invite(&actor, form).await?))
}

/// Send an invitation again
///
/// With a new link, three times an hour and workspace; the old link stops working.
#[utoipa::path(post, path = "/api/workspaces/current/invitations/{id}/resend", tag = "workspaces",
    params(("id" = InvitationId, Path, description = "The invitation")),
    responses(
        (status = 200, description = "The one that takes its place", body = Success<Invitation>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`", body = Failure),
        (status = 429, description = "`RATE_LIMITED`: `details.retry_after` says for how long", body = Failure),
    ))]
async fn resend_invitation(
    State(team): State<Arc<dyn Team>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<InvitationId>,
) -> ApiResult<Ok200<Invitation>> {
    Ok(Ok200(team.resend_invitation(&actor, id).await?))
}

/// Withdraw an invitation
#[utoipa::path(delete, path = "/api/workspaces/current/invitations/{id}", tag = "workspaces",
    params(("id" = InvitationId, Path, description = "The invitation")),
    responses(
        (status = 200, description = "Withdrawn", body = Success<Done>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`: also one that has been answered", body = Failure),
    ))]
async fn revoke_invitation(
    State(team): State<Arc<dyn Team>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<InvitationId>,
) -> ApiResult<Ok200<Done>> {
    team.revoke_invitation(&actor, id).await?;
    Ok(DONE)
}

/// What an invitation offers
///
/// For whoever holds its link. Looking consumes nothing.
#[utoipa::path(get, path = "/api/invitations/{token}", tag = "workspaces", security(()),
    params(("token" = String, Path, description = "From the link in the mail")),
    responses(
        (status = 200, description = "Open or not, with its state", body = Success<InvitationOffer>),
        (status = 404, description = "`NOT_FOUND`: never a link of ours", body = Failure),
    ))]
async fn offer(State(team): State<Arc<dyn Team>>, Path(token): Path<String>) -> ApiResult<Ok200<InvitationOffer>> {
    Ok(Ok200(team.offer(&token).await?))
}

/// Decline an invitation
#[utoipa::path(post, path = "/api/invitations/decline", tag = "workspaces", security(()), request_body = DeclineInvitation, responses(
    (status = 200, description = "Declined", body = Success<Done>),
    (status = 400, description = "`VALIDATION_ERROR`", body = Failure),
    (status = 404, description = "`NOT_FOUND`: never a link of ours", body = Failure),
    (status = 410, description = "`GONE`: expired, answered or withdrawn", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn decline_invitation(
    State(team): State<Arc<dyn Team>>,
    Anyone(visitor): Anyone,
    Body(form): Body<DeclineInvitation>,
) -> ApiResult<Ok200<Done>> {
    team.decline(&visitor, &form.token).await?;
    Ok(DONE)
}

/// The routes of keys.
pub fn keys_router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn ApiKeys>: axum::extract::FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(api_keys, make_api_key)).routes(routes!(revoke_api_key))
}

/// API keys
///
/// That are not revoked, newest first. Never the keys themselves.
#[utoipa::path(get, path = "/api/workspaces/current/api-keys", tag = "workspaces", responses(
    (status = 200, description = "All of them", body = Success<Vec<ApiKey>>),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
))]
async fn api_keys(State(keys): State<Arc<dyn ApiKeys>>, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Vec<ApiKey>>> {
    Ok(Ok200(keys.list(&actor).await?))
}

/// Make an API key
///
/// It acts as whoever makes it, within its scopes and never beyond their role, and stops when they leave. The answer holds the
/// key; it is shown this once.
#[utoipa::path(post, path = "/api/workspaces/current/api-keys", tag = "workspaces", request_body = NewApiKey, responses(
    (status = 201, description = "Made", body = Success<MadeApiKey>),
    (status = 400, description = "`VALIDATION_ERROR`, with `details.fields`", body = Failure),
    (status = 401, description = "`UNAUTHORIZED`", body = Failure),
    (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
    (status = 409, description = "`CONFLICT`: there are 50 already", body = Failure),
    (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = Failure),
))]
async fn make_api_key(
    State(keys): State<Arc<dyn ApiKeys>>,
    SignedIn(actor): SignedIn,
    Body(form): Body<NewApiKey>,
) -> ApiResult<Created<MadeApiKey>> {
    Ok(Created(keys.create(&actor, form).await?))
}

/// Revoke an API key
///
/// It stops working at once.
#[utoipa::path(delete, path = "/api/workspaces/current/api-keys/{id}", tag = "workspaces",
    params(("id" = ApiKeyId, Path, description = "The key")),
    responses(
        (status = 200, description = "Revoked", body = Success<Done>),
        (status = 401, description = "`UNAUTHORIZED`", body = Failure),
        (status = 403, description = "`FORBIDDEN`: takes an admin", body = Failure),
        (status = 404, description = "`NOT_FOUND`: also one that is revoked already", body = Failure),
    ))]
async fn revoke_api_key(
    State(keys): State<Arc<dyn ApiKeys>>,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<ApiKeyId>,
) -> ApiResult<Ok200<Done>> {
    keys.revoke(&actor, id).await?;
    Ok(DONE)
}
