//! Fulfils [`Team`].

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Actor, ErrorCode, InvitationId, ServiceError, ServiceResult, UserId, Visitor,
    audit::Action,
    clock::{Clock, Ids},
    identity::{RESEND_WINDOW, Resends, TOO_MANY_RESENDS, normalize_email},
    notifications::{Letter, Mail},
    workspaces::{
        ALREADY_MEMBER, INVITATION_LIFE, INVITE_UNCONFIRMED, Invitation, InvitationOffer, InvitationState,
        MAX_INVITATIONS, Member, MemberPatch, NewInvitation, Role, Team,
    },
};
use secrecy::SecretString;
use serde_json::json;

use super::{in_tx, policy, store};
use crate::{
    database::{Database, Tx, one_row},
    features::{
        audit::in_tx::{Entry, record},
        notifications,
    },
    one_time::{OneTimeTokens, Purpose, hash},
};

/// Members and invitations.
#[derive(Clone)]
pub struct TeamService {
    database: Database,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    links: OneTimeTokens,
}

impl std::fmt::Debug for TeamService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TeamService")
    }
}

impl TeamService {
    /// `secret` is what links are derived from.
    pub fn new(database: Database, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, secret: &SecretString) -> Self {
        Self { database, clock, ids, links: OneTimeTokens::new(secret) }
    }

    /// A row, its link and its letter, in the caller's transaction. What was open for the address is withdrawn.
    async fn send(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        email: &str,
        role: Role,
        is_resend: bool,
    ) -> ServiceResult<Invitation> {
        let now = self.clock.now();
        let inviter = store::inviter(tx, actor.user_id).await?.ok_or_else(ServiceError::unauthorized)?;
        if !inviter.confirmed {
            return Err(ServiceError::new(ErrorCode::EmailUnconfirmed, INVITE_UNCONFIRMED));
        }
        if store::is_member(tx, email).await? {
            return Err(ServiceError::field_conflict("email", ALREADY_MEMBER));
        }
        store::revoke_invitations(tx, None, Some(email), now).await?;
        let id = InvitationId(self.ids.next());
        let row = store::NewRow {
            id,
            workspace: actor.workspace_id,
            email,
            role,
            invited_by: actor.user_id,
            is_resend,
            token_hash: self.links.hash_of(Purpose::Invitation, id.0),
            at: now,
            expires_at: now + INVITATION_LIFE,
        };
        store::insert_invitation(tx, &row).await?;
        let letter =
            Letter::Invitation { workspace: inviter.workspace, invited_by: inviter.full_name.clone(), role, link: id };
        let mail = Mail { to: email.to_owned(), letter };
        notifications::in_tx::write(tx, self.ids.as_ref(), now, &mail).await?;
        Ok(Invitation {
            id,
            email: email.to_owned(),
            role,
            state: InvitationState::Open,
            invited_by: Some(inviter.full_name),
            created_at: now,
            expires_at: row.expires_at,
        })
    }
}

#[async_trait]
impl Team for TeamService {
    async fn members(&self, actor: &Actor) -> ServiceResult<Vec<Member>> {
        policy::may_read(actor)?;
        let mut tx = self.database.read(actor).await?;
        store::members(&mut tx, None).await
    }

    async fn change_member(&self, actor: &Actor, member: UserId, patch: MemberPatch) -> ServiceResult<Member> {
        policy::may_manage(actor)?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        let before = store::members(&mut tx, Some(member)).await?.pop();
        if let Some(disabled) = patch.disabled {
            one_row(store::set_disabled(&mut tx, member, disabled.then_some(now)).await?, "member")?;
            if disabled {
                store::end_sessions(&mut tx, member, now).await?;
            }
        }
        if let Some(role) = patch.role {
            one_row(store::set_role(&mut tx, member, role).await?, "member")?;
        }
        let found = store::members(&mut tx, Some(member)).await?.pop();
        let found = found.ok_or_else(|| ServiceError::not_found("member"))?;
        let facts = |member: &Member| json!({ "role": member.role, "disabled": member.disabled_at.is_some() });
        let entry = Entry::by(actor, Action::MemberChanged, now).on(member, &found.full_name);
        record(&mut tx, entry.changed(before.as_ref().map(facts).unwrap_or_default(), facts(&found)));
        // Whoever changes their own knows.
        if member != actor.user_id && before.is_some_and(|before| before.role != found.role) {
            notifications::in_tx::role_changed(&mut tx, self.ids.as_ref(), now, actor.workspace_id, member).await?;
        }
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, member = %member, role = ?patch.role, disabled = ?patch.disabled, "member changed");
        Ok(found)
    }

    async fn remove_member(&self, actor: &Actor, member: UserId) -> ServiceResult<()> {
        if member != actor.user_id {
            policy::may_manage(actor)?;
        }
        let mut tx = self.database.tenant(actor).await?;
        let now = self.clock.now();
        // While they still belong here: afterwards nothing shows whose sessions these are.
        let before = store::members(&mut tx, Some(member)).await?.pop();
        store::end_sessions(&mut tx, member, now).await?;
        one_row(store::delete_member(&mut tx, member).await?, "member")?;
        let (name, role) = before.map_or_else(Default::default, |one| (one.full_name, Some(one.role)));
        let entry = Entry::by(actor, Action::MemberRemoved, now).on(member, &name);
        record(&mut tx, entry.was(json!({ "role": role })));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, member = %member, "member removed");
        Ok(())
    }

    async fn invitations(&self, actor: &Actor) -> ServiceResult<Vec<Invitation>> {
        policy::may_manage(actor)?;
        let mut tx = self.database.read(actor).await?;
        store::invitations(&mut tx, self.clock.now(), None).await
    }

    async fn invite(&self, actor: &Actor, form: NewInvitation) -> ServiceResult<Invitation> {
        policy::may_manage(actor)?;
        form.check().into_result()?;
        let role = form.role().ok_or_else(|| ServiceError::internal("the role passed its check and is none"))?;
        let mut tx = self.database.tenant(actor).await?;
        store::take_turns(&mut tx, actor.workspace_id).await?;
        if store::count_open(&mut tx, self.clock.now()).await? >= MAX_INVITATIONS {
            return Err(ServiceError::conflict(format!(
                "There are {MAX_INVITATIONS} open invitations already. Withdraw some, or wait for an answer."
            )));
        }
        let invitation = self.send(&mut tx, actor, &normalize_email(&form.email), role, false).await?;
        let entry = Entry::by(actor, Action::InvitationSent, self.clock.now()).on(invitation.id, &invitation.email);
        record(&mut tx, entry.is(json!({ "role": role })));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, invitation = %invitation.id, role = %role, "invited");
        Ok(invitation)
    }

    async fn resend_invitation(&self, actor: &Actor, id: InvitationId) -> ServiceResult<Invitation> {
        policy::may_manage(actor)?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        store::take_turns(&mut tx, actor.workspace_id).await?;
        let before = store::invitations(&mut tx, now, Some(id)).await?.pop();
        let before = before.ok_or_else(|| ServiceError::not_found("invitation"))?;
        let (sent, first) = store::resends_since(&mut tx, now - RESEND_WINDOW).await?;
        let resends = Resends::of(sent, first);
        if resends.left == 0 {
            let error = ServiceError::new(ErrorCode::RateLimited, TOO_MANY_RESENDS);
            return Err(error.retry_after(resends.wait(now).unwrap_or(1)));
        }
        let invitation = self.send(&mut tx, actor, &before.email, before.role, true).await?;
        record(&mut tx, Entry::by(actor, Action::InvitationResent, now).on(invitation.id, &invitation.email));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, invitation = %invitation.id, "invitation sent again");
        Ok(invitation)
    }

    async fn revoke_invitation(&self, actor: &Actor, id: InvitationId) -> ServiceResult<()> {
        policy::may_manage(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let now = self.clock.now();
        let before = store::invitations(&mut tx, now, Some(id)).await?.pop();
        one_row(store::revoke_invitations(&mut tx, Some(id), None, now).await?, "invitation")?;
        let email = before.map(|one| one.email).unwrap_or_default();
        record(&mut tx, Entry::by(actor, Action::InvitationRevoked, now).on(id, &email));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, invitation = %id, "invitation withdrawn");
        Ok(())
    }

    async fn offer(&self, token: &str) -> ServiceResult<InvitationOffer> {
        let mut tx = self.database.public().await?;
        let found = in_tx::offer(&mut tx, token, self.clock.now()).await?;
        tx.commit().await?;
        Ok(found.offer)
    }

    async fn decline(&self, visitor: &Visitor, token: &str) -> ServiceResult<()> {
        let now = self.clock.now();
        let mut tx = self.database.public().await?;
        let found = in_tx::offer(&mut tx, token, now).await?;
        tx.commit().await?;
        // In the workspace, whose record says it.
        let mut tx = self.database.tenant_of(found.user.unwrap_or(UserId(uuid::Uuid::nil())), found.workspace).await?;
        if !store::decline(&mut tx, &hash(token), now).await? {
            return Err(in_tx::closed(found.offer.state));
        }
        let entry = Entry::by_a_visitor(visitor, found.workspace, Action::InvitationDeclined, now);
        record(&mut tx, entry.is(json!({ "email": found.offer.email })));
        tx.commit().await?;
        tracing::info!(workspace_id = %found.workspace, "invitation declined");
        Ok(())
    }
}
