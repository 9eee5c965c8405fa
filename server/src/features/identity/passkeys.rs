//! Fulfils [`Passkeys`]: registering and using credentials of browsers, phones and security keys (`WebAuthn`).
//!
//! A challenge is good once, for five minutes, and only where it was begun: it is kept sealed under the hash of the session (for
//! registering) or of the browser's sign-in cookie. Every use asks the device to make sure of its owner, so that a passkey is
//! both steps of a sign-in at once.

use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use domain::{
    Actor, CookieToken, ErrorCode, PasskeyId, ServiceError, ServiceResult, SessionId, Visitor,
    audit::Action,
    identity::{
        MAX_PASSKEYS, NO_PASSKEYS, NO_WORKSPACE, NewPasskey, PASSKEY_ENDED, PASSKEY_REFUSED, Passkey, PasskeyAnswer,
        PasskeyChallenge, PasskeyOptions, PasskeyStep, Passkeys, ProvePassword, RenamePasskey, SIGN_IN_AGAIN, SignedIn,
        TOO_MANY_PASSKEYS,
    },
    notifications::SecurityChange,
};
use rand::Rng;
use secrecy::ExposeSecret;
use serde::Serialize;
use url::{Host, Url};
use vault::Context;
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration, RegistrationServerState,
    bin::{Decode, Encode},
    request::{
        AsciiDomain, PublicKeyCredentialDescriptor, RpId,
        auth::AuthenticationVerificationOptions,
        register::{
            CredProtect, Nickname, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle16,
            Username,
        },
    },
    response::{
        AuthTransports, CredentialId,
        error::CredentialIdErr,
        register::{CompressedPubKey, DynamicState, StaticState},
    },
};

use super::{IdentityService, policy, store, two_step::sealing_failed};
use crate::{
    features::audit::in_tx::{Entry, record},
    one_time,
};

/// How long a device may ask its owner: what the options tell the browser, too.
const CEREMONY: Duration = Duration::minutes(5);
/// What a browser sends is some hundred bytes.
const LARGEST_ANSWER: usize = 64 * 1024;

type StoredState = StaticState<CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>>;

/// The site, as browsers know it.
#[derive(Clone)]
pub struct RelyingParty {
    id: Arc<RpId>,
    origin: Arc<str>,
}

impl std::fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RelyingParty({})", self.origin)
    }
}

impl RelyingParty {
    /// From the public address; none where browsers make no passkeys: without a name, or over plain HTTP on another machine.
    pub fn of(public_url: &Url) -> Option<Self> {
        let Some(Host::Domain(name)) = public_url.host() else { return None };
        let local = name == "localhost" || name.ends_with(".localhost");
        if public_url.scheme() != "https" && !local {
            return None;
        }
        let id = AsciiDomain::try_from(name.to_owned()).ok()?;
        Some(Self { id: Arc::new(RpId::Domain(id)), origin: public_url.origin().ascii_serialization().into() })
    }
}

/// What a ceremony is bound to.
fn bound_to_session(session: SessionId) -> [u8; 32] {
    one_time::hash(&format!("session {session}"))
}

fn place(bound_to: &[u8; 32]) -> Context<'_> {
    Context::new("passkey_ceremonies", bound_to, "state_sealed")
}

const fn purpose(step: PasskeyStep) -> &'static str {
    match step {
        PasskeyStep::First => "first",
        PasskeyStep::Second => "second",
    }
}

fn refused(why: &'static str) -> impl FnOnce(String) -> ServiceError {
    move |cause| ServiceError::new(ErrorCode::Unauthorized, why).because(cause)
}

fn ended() -> ServiceError {
    ServiceError::new(ErrorCode::Gone, PASSKEY_ENDED)
}

fn options(state: &impl Serialize) -> ServiceResult<PasskeyOptions> {
    Ok(PasskeyOptions { options: serde_json::to_value(state).map_err(ServiceError::internal)? })
}

fn bytes(answer: &serde_json::Value) -> ServiceResult<Vec<u8>> {
    let bytes = serde_json::to_vec(answer).map_err(ServiceError::internal)?;
    if bytes.len() > LARGEST_ANSWER {
        return Err(ServiceError::field("credential", "This is no answer of a browser"));
    }
    Ok(bytes)
}

impl IdentityService {
    fn relying_party(&self) -> ServiceResult<&RelyingParty> {
        self.relying_party.as_ref().ok_or_else(|| ServiceError::conflict(NO_PASSKEYS))
    }

    /// Keeps what has to be known when the answer comes.
    async fn begin_ceremony(&self, bound_to: &[u8; 32], purpose: &str, state: &[u8]) -> ServiceResult<()> {
        let sealed = self.vault.seal_bytes(state, &place(bound_to)).map_err(sealing_failed)?;
        let mut tx = self.database.public().await?;
        store::begin_ceremony(&mut tx, bound_to, purpose, &sealed, self.clock.now() + CEREMONY).await?;
        tx.commit().await
    }

    /// Takes it: whatever comes of the answer, there is no second one.
    async fn take_ceremony(&self, bound_to: &[u8; 32], purpose: &str) -> ServiceResult<Vec<u8>> {
        let mut tx = self.database.public().await?;
        let sealed = store::take_ceremony(&mut tx, bound_to, purpose, self.clock.now()).await?;
        tx.commit().await?;
        let sealed = sealed.ok_or_else(ended)?;
        let state = self.vault.open_bytes(&sealed, &place(bound_to)).map_err(sealing_failed)?;
        Ok(state.expose_secret().to_vec())
    }

    /// Holds the answer of a device against its challenge: whose passkey it is, and its state after this use.
    fn verify(
        site: &RelyingParty,
        state: &[u8],
        answer: &DiscoverableAuthentication16,
        row: &store::PasskeyRow,
    ) -> Result<Option<[u8; 7]>, String> {
        let state = DiscoverableAuthenticationServerState::decode(state).map_err(|error| error.to_string())?;
        let owner = UserHandle16::decode(*row.user.0.as_bytes()).map_err(|error| error.to_string())?;
        if *answer.response().user_handle() != owner {
            return Err("the passkey names somebody else".to_owned());
        }
        let fixed = StoredState::decode(row.static_state.as_slice()).map_err(|error| error.to_string())?;
        let moving: [u8; 7] = row.dynamic_state.as_slice().try_into().map_err(|_| "a state of another length")?;
        let moving = DynamicState::decode(moving).map_err(|error| error.to_string())?;
        let mut credential =
            AuthenticatedCredential::new(answer.raw_id(), &owner, fixed, moving).map_err(|error| error.to_string())?;
        let wanted = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &[&site.origin],
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::default()
        };
        let changed = state.verify(&site.id, answer, &mut credential, &wanted).map_err(|error| error.to_string())?;
        if !changed {
            return Ok(None);
        }
        credential.dynamic_state().encode().map(Some).map_err(|error| error.to_string())
    }
}

fn shown(row: store::PasskeyInfo) -> Passkey {
    Passkey { id: row.id, name: row.name, created_at: row.created_at, last_used_at: row.last_used_at }
}

#[async_trait]
impl Passkeys for IdentityService {
    fn available(&self) -> bool {
        self.relying_party.is_some()
    }

    async fn passkeys(&self, actor: &Actor) -> ServiceResult<Vec<Passkey>> {
        let mut tx = self.database.read(actor).await?;
        Ok(store::passkeys(&mut tx, actor.user_id).await?.into_iter().map(shown).collect())
    }

    async fn begin_passkey(&self, actor: &Actor, form: ProvePassword) -> ServiceResult<PasskeyOptions> {
        let session = policy::may_change_credentials(actor)?;
        let site = self.relying_party()?;
        form.check().into_result()?;
        self.prove(actor, form.current_password).await?;
        let mut tx = self.database.read(actor).await?;
        let person = store::contact(&mut tx, actor.user_id).await?.ok_or_else(ServiceError::unauthorized)?;
        let known = store::credentials(&mut tx, actor.user_id).await?;
        drop(tx);
        if known.len() >= MAX_PASSKEYS {
            return Err(ServiceError::conflict(TOO_MANY_PASSKEYS));
        }
        let transports = AuthTransports::decode(0).map_err(|error| ServiceError::internal(error.to_string()))?;
        let exclude = known
            .into_iter()
            .map(|id| Ok(PublicKeyCredentialDescriptor { id: CredentialId::decode(id)?, transports }))
            .collect::<Result<Vec<_>, CredentialIdErr>>()
            .map_err(|error| ServiceError::internal(error.to_string()))?;
        let internal = |error: String| ServiceError::internal(error);
        let owner = UserHandle16::decode(*actor.user_id.0.as_bytes()).map_err(|error| internal(error.to_string()))?;
        let user = PublicKeyCredentialUserEntity {
            // Some addresses are no names in the strict sense of its profile.
            name: Username::try_from(person.email.as_str())
                .or_else(|_| Username::try_from("Arctiv"))
                .map_err(|error| internal(error.to_string()))?,
            id: &owner,
            display_name: Nickname::try_from(person.full_name.as_str()).ok(),
        };
        let mut wanted = PublicKeyCredentialCreationOptions::passkey(&site.id, user, exclude);
        // Some platforms refuse what they are told to enforce.
        wanted.extensions.cred_protect = CredProtect::None;
        let (server, client) = wanted.start_ceremony().map_err(|error| internal(error.to_string()))?;
        let state = server.encode().map_err(|error| internal(error.to_string()))?;
        let mut options = options(&client)?;
        if let Some(site) = options.options.get_mut("rp").and_then(|rp| rp.as_object_mut()) {
            site.insert("name".to_owned(), "Arctiv".into());
        }
        self.begin_ceremony(&bound_to_session(session), "register", &state).await?;
        Ok(options)
    }

    async fn add_passkey(&self, actor: &Actor, form: NewPasskey) -> ServiceResult<Passkey> {
        let session = policy::may_change_credentials(actor)?;
        form.check().into_result()?;
        let answer = bytes(&form.credential)?;
        let answer = Registration::from_json_relaxed(&answer).map_err(|error| {
            ServiceError::field("credential", "This is no answer of a browser").because(error.to_string())
        })?;
        let site = self.relying_party()?;
        let state = self.take_ceremony(&bound_to_session(session), "register").await?;
        let state =
            RegistrationServerState::<16>::decode(&state).map_err(|error| ServiceError::internal(error.to_string()))?;
        let wanted = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &[&site.origin],
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let made = state.verify(&site.id, &answer, &wanted).map_err(|error| {
            ServiceError::field("credential", "This passkey was not made for this site").because(error.to_string())
        })?;
        let fixed = made.static_state().encode().map_err(|error| ServiceError::internal(error.to_string()))?;
        let moving = made.dynamic_state().encode().map_err(|error| ServiceError::internal(error.to_string()))?;
        let now = self.clock.now();
        let credential = made.id();
        let row = store::NewPasskey {
            id: PasskeyId(self.ids.next()),
            user: actor.user_id,
            credential_id: credential.as_ref(),
            name: form.name.trim(),
            static_state: &fixed,
            dynamic_state: &moving,
            at: now,
        };
        let mut tx = self.database.tenant(actor).await?;
        store::insert_passkey(&mut tx, &row).await?;
        if store::credentials(&mut tx, actor.user_id).await?.len() > MAX_PASSKEYS {
            return Err(ServiceError::conflict(TOO_MANY_PASSKEYS));
        }
        record(&mut tx, Entry::by(actor, Action::PasskeyAdded, now).on(row.id, row.name));
        self.tell_of(&mut tx, actor.user_id, SecurityChange::PasskeyAdded { label: row.name.to_owned() }).await?;
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, "passkey added");
        Ok(Passkey { id: row.id, name: row.name.to_owned(), created_at: now, last_used_at: None })
    }

    async fn rename_passkey(&self, actor: &Actor, id: PasskeyId, form: RenamePasskey) -> ServiceResult<Passkey> {
        policy::may_change_credentials(actor)?;
        form.check().into_result()?;
        let mut tx = self.database.tenant(actor).await?;
        let before =
            store::passkey(&mut tx, actor.user_id, id).await?.ok_or_else(|| ServiceError::not_found("passkey"))?;
        let name = form.name.trim();
        store::rename_passkey(&mut tx, actor.user_id, id, name).await?;
        let entry = Entry::by(actor, Action::PasskeyRenamed, self.clock.now()).on(id, name);
        record(&mut tx, entry.changed(serde_json::json!({ "name": before.name }), serde_json::json!({ "name": name })));
        tx.commit().await?;
        Ok(Passkey { name: name.to_owned(), ..shown(before) })
    }

    async fn remove_passkey(&self, actor: &Actor, id: PasskeyId) -> ServiceResult<()> {
        policy::may_change_credentials(actor)?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        let removed = store::remove_passkey(&mut tx, actor.user_id, id).await?;
        let Some(name) = removed else { return Err(ServiceError::not_found("passkey")) };
        record(&mut tx, Entry::by(actor, Action::PasskeyRemoved, now).on(id, &name));
        self.tell_of(&mut tx, actor.user_id, SecurityChange::PasskeyRemoved { label: name }).await?;
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, "passkey removed");
        Ok(())
    }

    async fn begin_passkey_sign_in(&self, visitor: &Visitor, step: PasskeyStep) -> ServiceResult<PasskeyChallenge> {
        let site = self.relying_party()?;
        let token = match step {
            PasskeyStep::First => {
                let mut random = [0_u8; 32];
                rand::rng().fill_bytes(&mut random);
                CookieToken(URL_SAFE_NO_PAD.encode(random))
            }
            PasskeyStep::Second => {
                let waits = self.pending(visitor).await?.is_some();
                let token = visitor.browser.sign_in.clone().filter(|_| waits);
                token.ok_or_else(|| ServiceError::new(ErrorCode::Unauthorized, SIGN_IN_AGAIN))?
            }
        };
        let (server, client) = DiscoverableCredentialRequestOptions::passkey(&site.id)
            .start_ceremony()
            .map_err(|error| ServiceError::internal(error.to_string()))?;
        let state = server.encode().map_err(|error| ServiceError::internal(error.to_string()))?;
        self.begin_ceremony(&one_time::hash(&token.0), purpose(step), &state).await?;
        Ok(PasskeyChallenge { token: (step == PasskeyStep::First).then_some(token), options: options(&client)? })
    }

    async fn sign_in_with_passkey(&self, visitor: &Visitor, form: PasskeyAnswer) -> ServiceResult<SignedIn> {
        let answer = bytes(&form.credential)?;
        let answer = DiscoverableAuthentication16::from_json_relaxed(&answer).map_err(|error| {
            ServiceError::field("credential", "This is no answer of a browser").because(error.to_string())
        })?;
        let site = self.relying_party()?;
        let token = visitor.browser.sign_in.as_ref().filter(|token| one_time::is_shaped(&token.0)).ok_or_else(ended)?;
        let pending = match form.step {
            PasskeyStep::First => None,
            PasskeyStep::Second => Some(
                self.pending(visitor)
                    .await?
                    .ok_or_else(|| ServiceError::new(ErrorCode::Unauthorized, SIGN_IN_AGAIN))?,
            ),
        };
        let state = self.take_ceremony(&one_time::hash(&token.0), purpose(form.step)).await?;
        let mut tx = self.database.public().await?;
        let row = store::passkey_lookup(&mut tx, answer.raw_id().as_ref()).await?;
        tx.commit().await?;
        let row = row.ok_or_else(|| refused(PASSKEY_REFUSED)("no such passkey".to_owned()))?;
        if pending.as_ref().is_some_and(|pending| pending.user != row.user) {
            return Err(refused(PASSKEY_REFUSED)("the passkey of somebody else".to_owned()));
        }
        let workspace = row.workspace.ok_or_else(|| ServiceError::new(ErrorCode::Unauthorized, NO_WORKSPACE))?;
        let moved = match Self::verify(site, &state, &answer, &row) {
            Ok(moved) => moved,
            Err(why) => {
                self.note_refusal(visitor, row.user, workspace, "passkey");
                return Err(refused(PASSKEY_REFUSED)(why));
            }
        };
        let now: DateTime<Utc> = self.clock.now();
        let mut tx = self.database.tenant_of(row.user, workspace).await?;
        if let Some(pending) = pending
            && !store::consume_pending(&mut tx, pending.id, now).await?
        {
            return Err(ServiceError::new(ErrorCode::Unauthorized, SIGN_IN_AGAIN));
        }
        // Removed meanwhile, or used by a copy at the same moment.
        let before = row.dynamic_state.as_slice();
        if !store::passkey_used(&mut tx, row.id, before, moved.as_ref().map_or(before, <[u8; 7]>::as_slice), now)
            .await?
        {
            return Err(refused(PASSKEY_REFUSED)("used twice at once, or removed".to_owned()));
        }
        let session = self.enter_workspace(&mut tx, visitor, row.user, workspace).await?;
        tx.commit().await?;
        Ok(session)
    }
}
