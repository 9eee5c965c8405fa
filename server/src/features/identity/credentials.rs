//! Fulfils [`Credentials`]: links by mail that are good once, and changes that ask for the password.

use async_trait::async_trait;
use domain::{
    Actor, EmailConfirmationId, ErrorCode, ServiceError, ServiceResult, UserId, Visitor, WorkspaceId,
    audit::Action,
    identity::{
        ALREADY_CONFIRMED, CONFIRMATION_LIFE, ChangeEmail, ChangePassword, Confirmation, Confirmed, Credentials,
        EmailChange, ForgotPassword, LinkState, PASSWORD_WRONG, RESEND_WINDOW, Resends, ResetPassword,
        TOO_MANY_RESENDS, confirmation_words, normalize_email, reset_words,
    },
    notifications::{Letter, Mail},
};

use serde_json::json;

use super::{IdentityService, jobs::SendResetLink, password::Verdict, policy, store};
use crate::{
    database::Tx,
    features::{
        audit::in_tx::{Entry, record},
        notifications,
    },
    jobs::enqueue,
    one_time::{Purpose, hash, is_shaped},
};

/// What a confirmation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmationOf {
    /// The address of a fresh account.
    Registration,
    /// The same, asked for again.
    Again,
    /// A new address in place of the old one.
    Change,
    /// The same, asked for again.
    ChangeAgain,
}

impl ConfirmationOf {
    const fn is_change(self) -> bool {
        matches!(self, Self::Change | Self::ChangeAgain)
    }

    const fn is_resend(self) -> bool {
        matches!(self, Self::Again | Self::ChangeAgain)
    }
}

/// Why a link is not followed.
fn closed(state: LinkState, words: fn(LinkState) -> &'static str) -> ServiceError {
    // One that reads as open has lost against another click.
    let state = if state == LinkState::Open { LinkState::Used } else { state };
    let code = if state == LinkState::Unknown { ErrorCode::NotFound } else { ErrorCode::Gone };
    ServiceError::new(code, words(state))
}

impl IdentityService {
    /// A link and its letter, in the caller's transaction.
    pub(super) async fn send_confirmation(
        &self,
        tx: &mut Tx,
        user: UserId,
        person: &store::Contact,
        of: ConfirmationOf,
    ) -> ServiceResult<()> {
        let now = self.clock.now();
        let id = EmailConfirmationId(self.ids.next());
        let link = store::NewConfirmation {
            id,
            user,
            email: &person.email,
            is_change: of.is_change(),
            is_resend: of.is_resend(),
            token_hash: self.links.hash_of(Purpose::ConfirmEmail, id.0),
            at: now,
            expires_at: now + CONFIRMATION_LIFE,
        };
        store::insert_confirmation(tx, &link).await?;
        let name = person.full_name.clone();
        let letter = if of.is_change() {
            Letter::ConfirmNewEmail { name, link: id }
        } else {
            Letter::ConfirmEmail { name, link: id }
        };
        let mail = Mail { to: person.email.clone(), letter };
        notifications::in_tx::write(tx, self.ids.as_ref(), now, &mail).await
    }

    /// A transaction of somebody who is not signed in, in the workspace whose record tells of it: the first they belong
    /// to. Somebody without one is on nobody's record.
    async fn at_home(&self, user: UserId) -> ServiceResult<(Tx, Option<WorkspaceId>)> {
        let mut tx = self.database.public().await?;
        let home = store::home_of(&mut tx, user).await?;
        tx.commit().await?;
        let tx = match home {
            Some(workspace) => self.database.tenant_of(user, workspace).await?,
            None => self.database.person(user).await?,
        };
        Ok((tx, home))
    }

    /// One more letter, if the hour has room for it. Two presses at once count as two.
    async fn resend(
        &self,
        mut tx: Tx,
        user: UserId,
        person: store::Contact,
        of: ConfirmationOf,
    ) -> ServiceResult<Resends> {
        let now = self.clock.now();
        store::take_turns(&mut tx, user).await?;
        let (sent, first) = store::resends_since(&mut tx, user, now - RESEND_WINDOW).await?;
        let resends = Resends::of(sent, first);
        if resends.left == 0 {
            let error = ServiceError::new(ErrorCode::RateLimited, TOO_MANY_RESENDS);
            return Err(error.retry_after(resends.wait(now).unwrap_or(1)));
        }
        if of == ConfirmationOf::ChangeAgain {
            store::revoke_confirmations(&mut tx, user, now).await?;
        }
        self.send_confirmation(&mut tx, user, &person, of).await?;
        tx.commit().await?;
        tracing::info!(user_id = %user, "confirmation sent again");
        Ok(Resends::of(sent + 1, first.or(Some(now))))
    }

    /// The actor's password is right, or `field` is at fault.
    pub(super) async fn prove(&self, tx: &mut Tx, password: String) -> ServiceResult<String> {
        let stored = store::own_password_hash(tx).await?.ok_or_else(ServiceError::unauthorized)?;
        match self.passwords.verify(password, Some(stored.clone())).await? {
            Verdict::Wrong => Err(ServiceError::field("current_password", PASSWORD_WRONG)),
            Verdict::Right | Verdict::RightButOld(_) => Ok(stored),
        }
    }
}

#[async_trait]
impl Credentials for IdentityService {
    async fn confirmation(&self, token: &str) -> ServiceResult<Confirmation> {
        let unknown = Confirmation { state: LinkState::Unknown, email: None, resends: None };
        if !is_shaped(token) {
            return Ok(unknown);
        }
        let now = self.clock.now();
        let mut tx = self.database.public().await?;
        let Some(link) = store::confirmation_state(&mut tx, &hash(token), now).await? else { return Ok(unknown) };
        tx.commit().await?;
        // Of a change that was replaced or done, there is nothing to ask for again.
        let can_resend = !link.is_change || link.state == LinkState::Expired;
        let resends = if link.state != LinkState::Open && can_resend {
            let mut tx = self.database.person(link.user).await?;
            let (sent, first) = store::resends_since(&mut tx, link.user, now - RESEND_WINDOW).await?;
            tx.commit().await?;
            Some(Resends::of(sent, first))
        } else {
            None
        };
        Ok(Confirmation { state: link.state, email: Some(link.email), resends })
    }

    async fn confirm_email(&self, visitor: &Visitor, token: &str) -> ServiceResult<Confirmed> {
        if !is_shaped(token) {
            return Err(closed(LinkState::Unknown, confirmation_words));
        }
        let (now, hash) = (self.clock.now(), hash(token));
        let mut tx = self.database.public().await?;
        let Some(link) = store::confirmation_state(&mut tx, &hash, now).await? else {
            return Err(closed(LinkState::Unknown, confirmation_words));
        };
        tx.commit().await?;
        let (mut tx, home) = self.at_home(link.user).await?;
        let Some(done) = store::confirm_email(&mut tx, &hash, now).await? else {
            let state = store::confirmation_state(&mut tx, &hash, now).await?;
            return Err(closed(state.map_or(LinkState::Unknown, |link| link.state), confirmation_words));
        };
        if let Some(home) = home {
            let entry = Entry::at_the_door(visitor, home, done.user, Action::UserEmailConfirmed, now);
            let entry = entry.on(done.user, &done.full_name);
            record(&mut tx, entry.changed(json!({ "email": done.old_email }), json!({ "email": done.email })));
        }
        if done.old_email != done.email {
            let letter = Letter::EmailChanged { name: done.full_name, new_email: done.email.clone() };
            let mail = Mail { to: done.old_email, letter };
            notifications::in_tx::write(&mut tx, self.ids.as_ref(), now, &mail).await?;
        }
        tx.commit().await?;
        tracing::info!(user_id = %done.user, "email confirmed");
        Ok(Confirmed { email: done.email })
    }

    async fn resends(&self, actor: &Actor) -> ServiceResult<Resends> {
        let mut tx = self.database.read(actor).await?;
        let since = self.clock.now() - RESEND_WINDOW;
        let (sent, first) = store::resends_since(&mut tx, actor.user_id, since).await?;
        Ok(Resends::of(sent, first))
    }

    async fn resend_confirmation(&self, actor: &Actor) -> ServiceResult<Resends> {
        policy::may_change_credentials(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let person = store::contact(&mut tx, actor.user_id).await?.ok_or_else(ServiceError::unauthorized)?;
        if person.confirmed {
            return Err(ServiceError::conflict(ALREADY_CONFIRMED));
        }
        let entry = Entry::by(actor, Action::UserConfirmationResent, self.clock.now());
        record(&mut tx, entry.on(actor.user_id, &person.full_name));
        self.resend(tx, actor.user_id, person, ConfirmationOf::Again).await
    }

    async fn resend_for_link(&self, _: &Visitor, token: &str) -> ServiceResult<Resends> {
        let now = self.clock.now();
        let mut tx = self.database.public().await?;
        let link = if is_shaped(token) { store::confirmation_state(&mut tx, &hash(token), now).await? } else { None };
        tx.commit().await?;
        let Some(link) = link else { return Err(closed(LinkState::Unknown, confirmation_words)) };
        let mut tx = self.database.person(link.user).await?;
        let person = store::contact(&mut tx, link.user).await?.ok_or_else(ServiceError::unauthorized)?;
        if !link.is_change {
            if person.confirmed {
                return Err(ServiceError::conflict(ALREADY_CONFIRMED));
            }
            return self.resend(tx, link.user, person, ConfirmationOf::Again).await;
        }
        if link.state != LinkState::Expired {
            return Err(closed(link.state, confirmation_words));
        }
        let person = store::Contact { email: link.email, ..person };
        self.resend(tx, link.user, person, ConfirmationOf::ChangeAgain).await
    }

    async fn forgot_password(&self, _: &Visitor, form: ForgotPassword) -> ServiceResult<()> {
        form.check().into_result()?;
        // The whole work is a job's, so that the answer takes as long for an address that nobody has.
        let mut tx = self.database.public().await?;
        enqueue(&mut tx, &SendResetLink { email: normalize_email(&form.email) }, None).await?;
        tx.commit().await
    }

    async fn reset_state(&self, token: &str) -> ServiceResult<LinkState> {
        if !is_shaped(token) {
            return Ok(LinkState::Unknown);
        }
        let mut tx = self.database.public().await?;
        let state = store::reset_state(&mut tx, &hash(token), self.clock.now()).await?;
        tx.commit().await?;
        Ok(state.unwrap_or(LinkState::Unknown))
    }

    async fn reset_password(&self, visitor: &Visitor, form: ResetPassword) -> ServiceResult<()> {
        form.check().into_result()?;
        // Hashing is dear: not for whoever sends nonsense.
        let state = self.reset_state(&form.token).await?;
        if state != LinkState::Open {
            return Err(closed(state, reset_words));
        }
        let new_hash = self.passwords.hash(form.password).await?;
        let (now, hash) = (self.clock.now(), hash(&form.token));
        let mut tx = self.database.public().await?;
        let owner = store::reset_owner(&mut tx, &hash).await?;
        tx.commit().await?;
        let Some(owner) = owner else { return Err(closed(LinkState::Unknown, reset_words)) };
        let (mut tx, home) = self.at_home(owner).await?;
        let Some(done) = store::reset_password(&mut tx, &hash, &new_hash, now).await? else {
            let state = store::reset_state(&mut tx, &hash, now).await?;
            return Err(closed(state.unwrap_or(LinkState::Unknown), reset_words));
        };
        if let Some(home) = home {
            let entry = Entry::at_the_door(visitor, home, done.user, Action::UserPasswordReset, now);
            record(&mut tx, entry.on(done.user, &done.full_name));
        }
        let mail = Mail { to: done.email, letter: Letter::PasswordChanged { name: done.full_name, at: now } };
        notifications::in_tx::write(&mut tx, self.ids.as_ref(), now, &mail).await?;
        tx.commit().await?;
        tracing::info!(user_id = %done.user, "password reset");
        Ok(())
    }

    async fn change_password(&self, actor: &Actor, form: ChangePassword) -> ServiceResult<()> {
        let session = policy::may_change_credentials(actor)?;
        form.check().into_result()?;
        let mut tx = self.database.tenant(actor).await?;
        let old_hash = self.prove(&mut tx, form.current_password).await?;
        tx.commit().await?;
        // No connection is held while hashing.
        let new_hash = self.passwords.hash(form.new_password).await?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        if !store::replace_password_hash(&mut tx, actor.user_id, &old_hash, &new_hash).await? {
            return Err(ServiceError::conflict("Your password was changed a moment ago. Please try again."));
        }
        store::end_own_sessions(&mut tx, Some(session), now).await?;
        let person = store::contact(&mut tx, actor.user_id).await?.ok_or_else(ServiceError::unauthorized)?;
        record(&mut tx, Entry::by(actor, Action::UserPasswordChanged, now).on(actor.user_id, &person.full_name));
        let mail = Mail { to: person.email, letter: Letter::PasswordChanged { name: person.full_name, at: now } };
        notifications::in_tx::write(&mut tx, self.ids.as_ref(), now, &mail).await?;
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, "password changed");
        Ok(())
    }

    async fn change_email(&self, actor: &Actor, form: ChangeEmail) -> ServiceResult<EmailChange> {
        policy::may_change_credentials(actor)?;
        form.check().into_result()?;
        let email = normalize_email(&form.email);
        let mut tx = self.database.tenant(actor).await?;
        self.prove(&mut tx, form.current_password).await?;
        let person = store::contact(&mut tx, actor.user_id).await?.ok_or_else(ServiceError::unauthorized)?;
        if person.email == email {
            return Err(ServiceError::field("email", "This is your address already"));
        }
        if store::login_lookup(&mut tx, &email).await?.is_some() {
            return Err(ServiceError::field_conflict("email", store::EMAIL_IN_USE));
        }
        let now = self.clock.now();
        // Three an hour too: these letters go to an address that has asked for nothing.
        store::take_turns(&mut tx, actor.user_id).await?;
        let (sent, first) = store::changes_since(&mut tx, actor.user_id, now - RESEND_WINDOW).await?;
        let room = Resends::of(sent, first);
        if room.left == 0 {
            let error = ServiceError::new(ErrorCode::RateLimited, TOO_MANY_RESENDS);
            return Err(error.retry_after(room.wait(now).unwrap_or(1)));
        }
        if person.confirmed {
            store::revoke_confirmations(&mut tx, actor.user_id, now).await?;
        }
        let to = store::Contact { email: email.clone(), ..person };
        self.send_confirmation(&mut tx, actor.user_id, &to, ConfirmationOf::Change).await?;
        let entry = Entry::by(actor, Action::UserEmailChangeRequested, now).on(actor.user_id, &to.full_name);
        record(&mut tx, entry.is(json!({ "email": email })));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, "change of email asked for");
        Ok(EmailChange { email, expires_at: now + CONFIRMATION_LIFE })
    }
}
