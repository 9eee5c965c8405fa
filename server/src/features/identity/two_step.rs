//! Fulfils [`TwoStep`]: codes of an authenticator app and recovery codes, and the sign-in that waits for one.
//!
//! A sign-in that waits is no session: its cookie opens nothing but the second step, for ten minutes. Code, waiting sign-in and
//! session are one transaction, so that of many requests with one code one wins.

use std::fmt::Write as _;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::{
    Actor, CookieToken, ErrorCode, ServiceError, ServiceResult, UserId, Visitor, WorkspaceId,
    audit::Action,
    identity::{
        CODE_WRONG, ConfirmTotp, LoginStep, PENDING_LIFE, PendingSignIn, ProvePassword, RECOVERY_CODES, RecoveryCodes,
        SETUP_ENDED, SETUP_LIFE, SIGN_IN_AGAIN, SecondStep, SignedIn, StepMethod, TWO_STEP_OFF, TWO_STEP_ON, TotpSetup,
        TwoStep, TwoSteps, Typed, Waiting, read_code, recovery_code,
    },
    notifications::{Letter, Mail, SecurityChange},
};
use qrcodegen::{QrCode, QrCodeEcc};
use rand::Rng;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Totp};
use uuid::Uuid;
use vault::Context;
use zeroize::Zeroizing;

use super::{IdentityService, guessing::Guessed, policy, store};
use crate::{
    database::{Database, Tx},
    features::{
        audit::in_tx::{Entry, record},
        notifications,
    },
    one_time,
};

/// Bytes of a secret, as RFC 4226 recommends.
const SECRET_LENGTH: usize = 20;
const ISSUER: &str = "Arctiv";

/// Where a secret lives.
fn place(user: &Uuid) -> Context<'_> {
    Context::new("totp_secrets", user.as_bytes(), "secret_sealed")
}

pub(super) fn sealing_failed(error: vault::VaultError) -> ServiceError {
    ServiceError::new(ErrorCode::EncryptionError, "Something went wrong on our side. Please try again.").because(error)
}

fn wrong_code() -> ServiceError {
    ServiceError::field("code", CODE_WRONG)
}

fn start_again() -> ServiceError {
    ServiceError::new(ErrorCode::Unauthorized, SIGN_IN_AGAIN)
}

/// SHA-256 of a code, salted with whose it is. It has 80 random bits, so nothing slower is needed.
fn recovery_hash(user: UserId, code: &str) -> [u8; 32] {
    Sha256::new().chain_update(user.0.as_bytes()).chain_update(code).finalize().into()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// As RFC 6238 has it, and as every app understands it: SHA-1, six digits, 30 seconds; one step early or late is forgiven.
fn app(secret: &[u8], email: &str) -> ServiceResult<Totp> {
    Builder::new()
        .with_secret(secret.to_vec())
        // A colon would end the issuer's name in the address.
        .with_account_name(email.replace(':', "_"))
        .with_issuer(Some(ISSUER))
        .build()
        .map_err(|error| ServiceError::internal(error.to_string()))
}

/// The step whose code it is.
fn step(app: &Totp, code: &str, now: DateTime<Utc>) -> Option<i64> {
    let step = app.check(code, u64::try_from(now.timestamp()).ok()?)?;
    i64::try_from(step).ok()
}

/// Black on white in both themes: cameras want it so.
fn qr_svg(text: &str) -> ServiceResult<String> {
    const QUIET: i32 = 4;
    let code =
        QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|error| ServiceError::internal(error.to_string()))?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    let size = code.size() + 2 * QUIET;
    Ok(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges"><path fill="#fff" d="M0,0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>"##
    ))
}

/// Seals the secrets of all apps anew that are not under the present sealing key and cipher: how many, and how many could not
/// be opened. Safe while the program runs, and to break off.
pub async fn reseal_all(database: &Database, vault: &vault::Vault) -> ServiceResult<(u64, u64)> {
    const BATCH: i64 = 200;
    let prefix = vault.sealing_prefix();
    let (mut resealed, mut unreadable) = (0, 0);
    let mut after = Uuid::nil();
    loop {
        let mut tx = database.worker().await?;
        let batch = store::stale_secrets(&mut tx, &prefix, after, BATCH).await?;
        let Some((last, _)) = batch.last() else { return Ok((resealed, unreadable)) };
        after = *last;
        for (user, sealed) in batch {
            match vault.reseal(&sealed, &place(&user)) {
                Ok(Some(anew)) => {
                    store::save_resealed_secret(&mut tx, user, &sealed, &anew).await?;
                    resealed += 1;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(user_id = %user, %error, "the secret of an authenticator app cannot be sealed anew");
                    unreadable += 1;
                }
            }
        }
        tx.commit().await?;
    }
}

impl IdentityService {
    /// Whoever has proven the first step: a session, or what is still missing. In the caller's transaction.
    pub(super) async fn admit(
        &self,
        tx: &mut Tx,
        visitor: &Visitor,
        user: UserId,
        workspace: WorkspaceId,
    ) -> ServiceResult<LoginStep> {
        if store::totp(tx, user).await?.is_none_or(|totp| totp.confirmed_at.is_none()) {
            return Ok(LoginStep::SignedIn(Box::new(self.enter_workspace(tx, visitor, user, workspace).await?)));
        }
        let now = self.clock.now();
        let token = CookieToken(URL_SAFE_NO_PAD.encode(random::<32>()));
        let expires_at = now + PENDING_LIFE;
        store::insert_pending(tx, self.ids.next(), user, &one_time::hash(&token.0), now, expires_at).await?;
        let waiting = Waiting { methods: methods(tx, user, self.relying_party.is_some()).await?, expires_at };
        Ok(LoginStep::SecondStep(PendingSignIn { token, waiting }))
    }

    /// A session and what its owner is told, in the caller's transaction.
    pub(super) async fn enter_workspace(
        &self,
        tx: &mut Tx,
        visitor: &Visitor,
        user: UserId,
        workspace: WorkspaceId,
    ) -> ServiceResult<SignedIn> {
        let me = store::me(tx, &self.media, user, workspace).await?;
        let token = self.open_session(tx, visitor, user, workspace, me.workspace.kind).await?;
        tracing::info!(user_id = %user, workspace_id = %workspace, "signed in");
        Ok(SignedIn { user: me.user, workspace: me.workspace, role: me.role, token })
    }

    /// Whether somebody has switched it on.
    pub(super) async fn asks_for_more(&self, tx: &mut Tx, user: UserId) -> ServiceResult<bool> {
        Ok(store::totp(tx, user).await?.is_some_and(|totp| totp.confirmed_at.is_some()))
    }

    /// The sign-in that waits for this browser's second step.
    pub(super) async fn pending(&self, visitor: &Visitor) -> ServiceResult<Option<store::Pending>> {
        let Some(token) = visitor.browser.sign_in.as_ref().filter(|token| one_time::is_shaped(&token.0)) else {
            return Ok(None);
        };
        let mut tx = self.database.public().await?;
        let pending = store::pending(&mut tx, &one_time::hash(&token.0), self.clock.now()).await?;
        tx.commit().await?;
        Ok(pending)
    }

    fn open_secret(&self, user: UserId, sealed: &[u8]) -> ServiceResult<Zeroizing<Vec<u8>>> {
        let secret = self.vault.open_bytes(sealed, &place(&user.0)).map_err(sealing_failed)?;
        Ok(Zeroizing::new(secret.expose_secret().to_vec()))
    }

    /// Uses a code up; whether it was one. What it was is left to the caller to record.
    async fn use_code(&self, tx: &mut Tx, user: UserId, email: &str, code: &Typed) -> ServiceResult<bool> {
        let now = self.clock.now();
        match code {
            Typed::Totp(code) => {
                let Some(totp) = store::totp(tx, user).await?.filter(|totp| totp.confirmed_at.is_some()) else {
                    return Ok(false);
                };
                let app = app(&self.open_secret(user, &totp.secret_sealed)?, email)?;
                match step(&app, code, now) {
                    Some(step) => store::use_step(tx, user, step).await,
                    None => Ok(false),
                }
            }
            Typed::Recovery(code) => store::use_recovery_code(tx, user, &recovery_hash(user, code), now).await,
            Typed::Nonsense => Ok(false),
        }
    }

    /// Ten new codes in place of all earlier ones.
    async fn replace_codes(&self, tx: &mut Tx, user: UserId) -> ServiceResult<RecoveryCodes> {
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code(random())).collect();
        let rows: Vec<(Uuid, [u8; 32])> =
            codes.iter().map(|code| (self.ids.next(), recovery_hash(user, &code.replace('-', "")))).collect();
        store::replace_recovery_codes(tx, user, &rows, self.clock.now()).await?;
        Ok(RecoveryCodes { codes })
    }

    /// A letter about a change of how somebody signs in, in the caller's transaction.
    pub(super) async fn tell_of(&self, tx: &mut Tx, user: UserId, change: SecurityChange) -> ServiceResult<()> {
        let now = self.clock.now();
        let person = store::contact(tx, user).await?.ok_or_else(ServiceError::unauthorized)?;
        let letter = Letter::SecurityChanged { name: person.full_name, change, at: now };
        notifications::in_tx::write(tx, self.ids.as_ref(), now, &Mail { to: person.email, letter }).await
    }

    fn shown(&self, user: UserId, email: &str, totp: &store::TotpRow) -> ServiceResult<TotpSetup> {
        let secret = self.open_secret(user, &totp.secret_sealed)?;
        let app = app(&secret, email)?;
        let uri = app.to_url().map_err(|error| ServiceError::internal(error.to_string()))?;
        Ok(TotpSetup {
            secret: totp_rs::Secret::from(secret.to_vec()).to_base32(),
            qr_svg: qr_svg(&uri)?,
            uri,
            expires_at: totp.created_at + SETUP_LIFE,
        })
    }
}

/// With what somebody can complete a sign-in.
async fn methods(tx: &mut Tx, user: UserId, passkeys: bool) -> ServiceResult<Vec<StepMethod>> {
    let mut methods = vec![StepMethod::Totp];
    if store::recovery_codes_left(tx, user).await? > 0 {
        methods.push(StepMethod::RecoveryCode);
    }
    if passkeys && !store::credentials(tx, user).await?.is_empty() {
        methods.push(StepMethod::Passkey);
    }
    Ok(methods)
}

#[async_trait]
impl TwoSteps for IdentityService {
    async fn waiting(&self, visitor: &Visitor) -> ServiceResult<Option<Waiting>> {
        let Some(pending) = self.pending(visitor).await? else { return Ok(None) };
        let mut tx = self.database.person(pending.user).await?;
        let methods = methods(&mut tx, pending.user, self.relying_party.is_some()).await?;
        tx.commit().await?;
        Ok(Some(Waiting { methods, expires_at: pending.expires_at }))
    }

    async fn second_step(&self, visitor: &Visitor, form: SecondStep) -> ServiceResult<SignedIn> {
        form.check().into_result()?;
        let pending = self.pending(visitor).await?.ok_or_else(start_again)?;
        let workspace = pending.workspace.ok_or_else(start_again)?;
        let mut tx = self.database.public().await?;
        let guess = self.guess_at(&mut tx, visitor, Guessed::Code, &pending.email).await?;
        tx.commit().await?;
        let now = self.clock.now();
        let code = read_code(&form.code);
        let mut tx = self.database.tenant_of(pending.user, workspace).await?;
        // First the sign-in, whose row makes others with the same cookie wait.
        if !store::consume_pending(&mut tx, pending.id, now).await? {
            return Err(start_again());
        }
        if !self.use_code(&mut tx, pending.user, &pending.email, &code).await? {
            drop(tx);
            self.note_refusal(visitor, pending.user, workspace, "wrong code");
            return Err(wrong_code());
        }
        guess.forgive(&mut tx).await?;
        let session = self.enter_workspace(&mut tx, visitor, pending.user, workspace).await?;
        if matches!(code, Typed::Recovery(_)) {
            let entry = Entry::at_the_door(visitor, workspace, pending.user, Action::UserRecoveryCodeUsed, now);
            record(&mut tx, entry.on(pending.user, &session.user.full_name));
            let left = store::recovery_codes_left(&mut tx, pending.user).await?;
            self.tell_of(&mut tx, pending.user, SecurityChange::RecoveryCodeUsed { left }).await?;
        }
        tx.commit().await?;
        Ok(session)
    }

    async fn two_step(&self, actor: &Actor) -> ServiceResult<TwoStep> {
        let mut tx = self.database.read(actor).await?;
        let totp = store::totp(&mut tx, actor.user_id).await?;
        let enabled_at = totp.and_then(|totp| totp.confirmed_at);
        let recovery_codes_left =
            if enabled_at.is_some() { store::recovery_codes_left(&mut tx, actor.user_id).await? } else { 0 };
        Ok(TwoStep { enabled_at, recovery_codes_left })
    }

    async fn begun_totp(&self, actor: &Actor) -> ServiceResult<Option<TotpSetup>> {
        let session = policy::may_change_credentials(actor)?;
        let mut tx = self.database.read(actor).await?;
        let totp = store::totp(&mut tx, actor.user_id).await?;
        let oldest = self.clock.now() - SETUP_LIFE;
        let Some(totp) = totp.filter(|totp| totp.is_being_set_up(session, oldest)) else { return Ok(None) };
        let person = store::contact(&mut tx, actor.user_id).await?.ok_or_else(ServiceError::unauthorized)?;
        self.shown(actor.user_id, &person.email, &totp).map(Some)
    }

    async fn begin_totp(&self, actor: &Actor, form: ProvePassword) -> ServiceResult<TotpSetup> {
        let session = policy::may_change_credentials(actor)?;
        form.check().into_result()?;
        self.prove(actor, form.current_password).await?;
        let now = self.clock.now();
        let secret = Zeroizing::new(random::<SECRET_LENGTH>());
        let sealed = self.vault.seal_bytes(secret.as_slice(), &place(&actor.user_id.0)).map_err(sealing_failed)?;
        let mut tx = self.database.tenant(actor).await?;
        if !store::begin_totp(&mut tx, actor.user_id, session, &sealed, now).await? {
            return Err(ServiceError::conflict(TWO_STEP_ON));
        }
        let person = store::contact(&mut tx, actor.user_id).await?.ok_or_else(ServiceError::unauthorized)?;
        record(&mut tx, Entry::by(actor, Action::UserTwoStepBegun, now).on(actor.user_id, &person.full_name));
        tx.commit().await?;
        let totp =
            store::TotpRow { secret_sealed: sealed, created_at: now, confirmed_at: None, session: Some(session) };
        self.shown(actor.user_id, &person.email, &totp)
    }

    async fn confirm_totp(&self, actor: &Actor, form: ConfirmTotp) -> ServiceResult<RecoveryCodes> {
        let session = policy::may_change_credentials(actor)?;
        form.check().into_result()?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        let guess = self.guess_as(&mut tx, actor, Guessed::Code).await?;
        tx.commit().await?;
        let mut tx = self.database.tenant(actor).await?;
        let totp = store::totp(&mut tx, actor.user_id).await?;
        if totp.as_ref().is_some_and(|totp| totp.confirmed_at.is_some()) {
            return Err(ServiceError::conflict(TWO_STEP_ON));
        }
        let Some(totp) = totp.filter(|totp| totp.is_being_set_up(session, now - SETUP_LIFE)) else {
            return Err(ServiceError::conflict(SETUP_ENDED));
        };
        let person = store::contact(&mut tx, actor.user_id).await?.ok_or_else(ServiceError::unauthorized)?;
        let Typed::Totp(code) = read_code(&form.code) else { return Err(wrong_code()) };
        let app = app(&self.open_secret(actor.user_id, &totp.secret_sealed)?, &person.email)?;
        let step = step(&app, &code, now).ok_or_else(wrong_code)?;
        if !store::confirm_totp(&mut tx, actor.user_id, &totp.secret_sealed, step, now).await? {
            return Err(ServiceError::conflict(SETUP_ENDED));
        }
        guess.forgive(&mut tx).await?;
        let codes = self.replace_codes(&mut tx, actor.user_id).await?;
        // They were opened by less than is asked for now.
        store::end_own_sessions(&mut tx, Some(session), now).await?;
        record(&mut tx, Entry::by(actor, Action::UserTwoStepEnabled, now).on(actor.user_id, &person.full_name));
        self.tell_of(&mut tx, actor.user_id, SecurityChange::TwoStepEnabled).await?;
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, "two-step sign-in switched on");
        Ok(codes)
    }

    async fn renew_recovery_codes(&self, actor: &Actor, form: ProvePassword) -> ServiceResult<RecoveryCodes> {
        policy::may_change_credentials(actor)?;
        form.check().into_result()?;
        self.prove(actor, form.current_password).await?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        if !self.asks_for_more(&mut tx, actor.user_id).await? {
            return Err(ServiceError::conflict(TWO_STEP_OFF));
        }
        let codes = self.replace_codes(&mut tx, actor.user_id).await?;
        record(&mut tx, Entry::by(actor, Action::UserRecoveryCodesRenewed, now).on(actor.user_id, ""));
        self.tell_of(&mut tx, actor.user_id, SecurityChange::RecoveryCodesRenewed).await?;
        tx.commit().await?;
        Ok(codes)
    }

    async fn disable_two_step(&self, actor: &Actor, form: ProvePassword) -> ServiceResult<()> {
        policy::may_change_credentials(actor)?;
        form.check().into_result()?;
        self.prove(actor, form.current_password).await?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        if !store::remove_totp(&mut tx, actor.user_id, now).await? {
            return Err(ServiceError::conflict(TWO_STEP_OFF));
        }
        record(&mut tx, Entry::by(actor, Action::UserTwoStepDisabled, now).on(actor.user_id, ""));
        self.tell_of(&mut tx, actor.user_id, SecurityChange::TwoStepDisabled).await?;
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, "two-step sign-in switched off");
        Ok(())
    }
}
