//! Taking an offered place: for who is signed in, who has an account, and who is new.

use domain::{
    Actor, ServiceError, ServiceResult, UserId, Visitor,
    audit::Action,
    identity::{JOIN_SIGNED_IN, SignedIn},
    workspaces::{AcceptInvitation, InvitationState},
};

use super::{IdentityService, guessing::Guessed, password::Verdict, store};
use crate::{
    database::Tx,
    features::{
        audit::in_tx::{Entry, record},
        notifications,
        workspaces::in_tx::{self as invitations, OfferRow},
    },
};

impl IdentityService {
    pub(super) async fn join(
        &self,
        visitor: &Visitor,
        actor: Option<&Actor>,
        form: AcceptInvitation,
    ) -> ServiceResult<SignedIn> {
        let mut tx = self.database.public().await?;
        let found = invitations::offer(&mut tx, &form.token, self.clock.now()).await?;
        tx.commit().await?;
        if found.offer.state != InvitationState::Open {
            return Err(invitations::closed(found.offer.state));
        }
        match (actor, found.user) {
            (Some(actor), _) => self.join_as(visitor, actor, &form.token, &found).await,
            (None, Some(user)) => self.join_with_password(visitor, user, form, &found).await,
            (None, None) => self.join_as_somebody_new(visitor, form, &found).await,
        }
    }

    async fn join_as(
        &self,
        visitor: &Visitor,
        actor: &Actor,
        token: &str,
        found: &OfferRow,
    ) -> ServiceResult<SignedIn> {
        if found.user != Some(actor.user_id) {
            return Err(ServiceError::conflict(format!(
                "This invitation is for {}. You are signed in with another address: sign out, then open the link again.",
                found.offer.email
            )));
        }
        let mut tx = self.database.tenant_of(actor.user_id, found.workspace).await?;
        // The browser gets a session in the new workspace, in place of the one it has.
        if let Some(session) = actor.session_id() {
            store::end_own_session(&mut tx, session, self.clock.now()).await?;
        }
        self.enter(tx, visitor, actor.user_id, token, found).await
    }

    async fn join_with_password(
        &self,
        visitor: &Visitor,
        user: UserId,
        form: AcceptInvitation,
        found: &OfferRow,
    ) -> ServiceResult<SignedIn> {
        let mut tx = self.database.public().await?;
        let guess = self.guess_at(&mut tx, visitor, Guessed::Password, &found.offer.email).await?;
        let row = store::login_lookup(&mut tx, &found.offer.email).await?;
        tx.commit().await?;
        let stored = row.filter(|row| row.is_active && row.user == user).map(|row| row.password_hash);
        if self.passwords.verify(form.password, stored).await? == Verdict::Wrong {
            let message = format!("This is not the password of {}", found.offer.email);
            return Err(ServiceError::field("password", message));
        }
        let mut tx = self.database.tenant_of(user, found.workspace).await?;
        guess.forgive(&mut tx).await?;
        // The password alone does not open it.
        if self.asks_for_more(&mut tx, user).await? {
            tx.commit().await?;
            return Err(ServiceError::conflict(JOIN_SIGNED_IN));
        }
        self.enter(tx, visitor, user, &form.token, found).await
    }

    async fn join_as_somebody_new(
        &self,
        visitor: &Visitor,
        form: AcceptInvitation,
        found: &OfferRow,
    ) -> ServiceResult<SignedIn> {
        form.check_new().into_result()?;
        let password_hash = self.passwords.hash(form.password).await?;
        let user = UserId(self.ids.next());
        let mut tx = self.database.tenant_of(user, found.workspace).await?;
        let new_user = store::NewUser {
            id: user,
            email: &found.offer.email,
            password_hash: &password_hash,
            full_name: form.full_name.trim(),
            kind: found.offer.kind,
            agency_name: None,
            at: self.clock.now(),
        };
        store::insert_user(&mut tx, &new_user).await?;
        self.enter(tx, visitor, user, &form.token, found).await
    }

    /// Consumes the link and opens a session, in one transaction.
    async fn enter(
        &self,
        mut tx: Tx,
        visitor: &Visitor,
        user: UserId,
        token: &str,
        found: &OfferRow,
    ) -> ServiceResult<SignedIn> {
        let now = self.clock.now();
        let workspace = invitations::accept(&mut tx, token, user, self.ids.next(), now).await?;
        let entry = Entry::at_the_door(visitor, workspace, user, Action::InvitationAccepted, now);
        record(&mut tx, entry.is(serde_json::json!({ "email": found.offer.email, "role": found.offer.role })));
        notifications::in_tx::member_joined(&mut tx, self.ids.as_ref(), now, workspace, user).await?;
        let cookie = self.open_session(&mut tx, visitor, user, workspace, found.offer.kind).await?;
        let me = store::me(&mut tx, &self.media, user, workspace).await?;
        tx.commit().await?;
        tracing::info!(user_id = %user, workspace_id = %workspace, "joined");
        Ok(SignedIn { user: me.user, workspace: me.workspace, role: me.role, token: cookie })
    }
}
