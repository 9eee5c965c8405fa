//! What can be asked about a workspace.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{
    ApiKey, Connections, Invitation, InvitationOffer, Latest, MadeApiKey, Member, MemberPatch, NewApiKey,
    NewInvitation, NewWorkspace, Overview, OwnWorkspace, Scope, Workspace, WorkspacePatch,
};
use crate::{
    actor::{Actor, Visitor},
    error::ServiceResult,
    ids::{ApiKeyId, InvitationId, UserId, WorkspaceId},
};

/// The actor's workspace as a whole. Reading: viewer.
#[async_trait]
pub trait Workspaces: Send + Sync {
    /// Both parts, as of one moment.
    async fn overview(&self, actor: &Actor) -> ServiceResult<Overview>;

    async fn connections(&self, actor: &Actor) -> ServiceResult<Connections>;

    async fn latest(&self, actor: &Actor) -> ServiceResult<Latest>;
}

/// Who works in the actor's workspace. Seeing the members: viewer. Everything else: admin, but that everybody may leave.
///
/// `CONFLICT` when the last admin would go; the database keeps that too, when two go at once.
#[async_trait]
pub trait Team: Send + Sync {
    /// By name.
    async fn members(&self, actor: &Actor) -> ServiceResult<Vec<Member>>;

    /// Another role, or kept out and let in again. Whoever is kept out loses this workspace at once, mid-work.
    async fn change_member(&self, actor: &Actor, member: UserId, patch: MemberPatch) -> ServiceResult<Member>;

    /// Takes somebody off the team; what they wrote stays. Oneself: leaves.
    async fn remove_member(&self, actor: &Actor, member: UserId) -> ServiceResult<()>;

    /// Open and expired ones, newest first.
    async fn invitations(&self, actor: &Actor) -> ServiceResult<Vec<Invitation>>;

    /// Sends an invitation, in place of an open one to the same address. `EMAIL_UNCONFIRMED` for who has not confirmed
    /// their own; `CONFLICT` on `email` for who works here already.
    async fn invite(&self, actor: &Actor, form: NewInvitation) -> ServiceResult<Invitation>;

    /// Sends it again with a new link; the old one stops working. `RATE_LIMITED` after three within an hour.
    async fn resend_invitation(&self, actor: &Actor, id: InvitationId) -> ServiceResult<Invitation>;

    /// Withdraws it.
    async fn revoke_invitation(&self, actor: &Actor, id: InvitationId) -> ServiceResult<()>;

    /// What a link offers. Looking consumes nothing. `NOT_FOUND` for what never was a link.
    async fn offer(&self, token: &str) -> ServiceResult<InvitationOffer>;

    /// Says no. `GONE` when it is not open any more.
    async fn decline(&self, visitor: &Visitor, token: &str) -> ServiceResult<()>;
}

/// Whoever holds a key.
#[derive(Clone, Debug)]
pub struct KeyHolder {
    /// As who made the key, with the role they have now.
    pub actor: Actor,
    pub scopes: BTreeSet<Scope>,
}

/// Keys with which programs act in the actor's workspace. Admins only, and never by a key itself.
#[async_trait]
pub trait ApiKeys: Send + Sync {
    /// Those that are not revoked, newest first.
    async fn list(&self, actor: &Actor) -> ServiceResult<Vec<ApiKey>>;

    /// Makes a key. What is answered holds it; nothing else ever does.
    async fn create(&self, actor: &Actor, form: NewApiKey) -> ServiceResult<MadeApiKey>;

    /// Ends a key at once.
    async fn revoke(&self, actor: &Actor, id: ApiKeyId) -> ServiceResult<()>;

    /// Who acts with a key, or `None` for one that was never made, is revoked or expired, or whose maker has left.
    async fn authenticate(&self, key: &str, visitor: &Visitor) -> ServiceResult<Option<KeyHolder>>;
}

/// The workspaces that the actor belongs to. Everybody's own business; changing it takes a browser's session, which is
/// in one workspace at a time.
#[async_trait]
pub trait Memberships: Send + Sync {
    /// By name; without those that keep the actor out.
    async fn workspaces(&self, actor: &Actor) -> ServiceResult<Vec<OwnWorkspace>>;

    /// Takes the session to another of them. `NOT_FOUND` for one that the actor does not belong to.
    async fn switch(&self, actor: &Actor, to: WorkspaceId) -> ServiceResult<OwnWorkspace>;

    /// Makes a further one, with the actor as its admin, and takes the session there. `CONFLICT` for who belongs to too
    /// many.
    async fn create(&self, actor: &Actor, form: NewWorkspace) -> ServiceResult<OwnWorkspace>;
}

/// What is set for the actor's workspace. Seeing it: viewer. Changing it: admin.
#[async_trait]
pub trait WorkspaceSettings: Send + Sync {
    async fn settings(&self, actor: &Actor) -> ServiceResult<Workspace>;

    /// `VALIDATION_ERROR` with fields; `CONFLICT` on `slug` when another workspace has it.
    async fn change(&self, actor: &Actor, patch: WorkspacePatch) -> ServiceResult<Workspace>;

    /// The bytes of a picture (JPG, PNG, WebP, GIF), which is kept small. `VALIDATION_ERROR` on `file` for what is none.
    async fn set_logo(&self, actor: &Actor, picture: Vec<u8>) -> ServiceResult<Workspace>;

    /// No logo any more; without one this does nothing.
    async fn remove_logo(&self, actor: &Actor) -> ServiceResult<Workspace>;
}
