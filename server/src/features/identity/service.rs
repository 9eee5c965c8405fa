//! Fulfils [`Identity`].

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    Actor, ErrorCode, ServiceError, ServiceResult, SessionId, UserId, Via, Visitor, WorkspaceId,
    audit::Action,
    clock::{Clock, Ids},
    identity::{
        ABSOLUTE, Authenticated, INACTIVITY, Identity, LOGIN_REFUSED, Login, LoginStep, Me, NO_WORKSPACE,
        REISSUE_AFTER, Register, SessionToken, SignedIn, normalize_email,
    },
    workspaces::{AcceptInvitation, Role, WorkspaceKind, slugify},
};
use secrecy::SecretString;
use serde_json::json;
use vault::Vault;

pub use super::password::PasswordCost;
use super::{
    credentials::ConfirmationOf,
    guessing::Guessed,
    passkeys::RelyingParty,
    password::{Passwords, Verdict},
    policy,
    store::{self, SessionRow, TokenHash},
    token::{Claims, Tokens},
};
use crate::{
    database::{Database, Tx},
    features::{
        audit::in_tx::{Entry, record},
        media::MediaLinks,
    },
    gather::{Gather, together},
    one_time::OneTimeTokens,
};

/// Registration, sign-in and sessions.
#[derive(Clone)]
pub struct IdentityService {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) passwords: Passwords,
    tokens: Tokens,
    pub(super) links: OneTimeTokens,
    pub(super) vault: Arc<Vault>,
    /// None where browsers make no passkeys.
    pub(super) relying_party: Option<RelyingParty>,
    /// To pictures of people and workspaces.
    pub(super) media: MediaLinks,
    /// Sessions that are being looked up.
    lookups: Arc<Gather<TokenHash, ServiceResult<Option<SessionRow>>>>,
}

impl IdentityService {
    pub fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        jwt_secret: &SecretString,
        cost: PasswordCost,
        vault: Arc<Vault>,
    ) -> ServiceResult<Self> {
        let (tokens, links) = (Tokens::new(jwt_secret), OneTimeTokens::new(jwt_secret));
        let media = MediaLinks::new(jwt_secret, Arc::clone(&clock));
        let passwords = Passwords::new(cost)?;
        Ok(Self {
            database,
            clock,
            ids,
            passwords,
            tokens,
            links,
            vault,
            relying_party: None,
            media,
            lookups: Arc::default(),
        })
    }

    /// The site that passkeys are made for.
    #[must_use]
    pub fn with_passkeys_of(mut self, site: Option<RelyingParty>) -> Self {
        self.relying_party = site;
        self
    }

    /// A session row and its cookie, in the caller's transaction.
    pub(super) async fn open_session(
        &self,
        tx: &mut Tx,
        visitor: &Visitor,
        user: UserId,
        workspace: WorkspaceId,
        kind: WorkspaceKind,
    ) -> ServiceResult<SessionToken> {
        let now = self.clock.now();
        let claims = Claims::new(user, kind, now);
        let device = match &visitor.browser.device {
            Some(token) => Some(self.meet_device(tx, visitor, token, user).await?),
            None => None,
        };
        let session = store::NewSession {
            id: SessionId(self.ids.next()),
            user,
            workspace,
            token_hash: claims.token_hash(),
            ip: visitor.ip,
            user_agent: visitor.user_agent.as_deref(),
            device,
            at: now,
            expires_at: now + ABSOLUTE,
        };
        store::insert_session(tx, &session).await?;
        let entry = Entry::at_the_door(visitor, workspace, user, Action::SessionOpened, now);
        record(tx, entry.on(session.id, ""));
        self.tokens.sign(&claims)
    }

    /// Puts a refused sign-in on the record, behind the answer's back: it must take no longer for a known email than for
    /// an unknown one, which is on nobody's record.
    pub(super) fn note_refusal(&self, visitor: &Visitor, user: UserId, workspace: WorkspaceId, why: &'static str) {
        let entry = Entry::at_the_door(visitor, workspace, user, Action::SessionRefused, self.clock.now());
        let (database, entry) = (self.database.clone(), entry.is(json!({ "reason": why })));
        tokio::spawn(async move {
            let noted = async {
                let mut tx = database.tenant_of(user, workspace).await?;
                record(&mut tx, entry);
                tx.commit().await
            };
            if let Err(error) = noted.await {
                tracing::warn!(cause = ?error.cause, "a refused sign-in is not on the record");
            }
        });
    }

    async fn look_up(&self, hashes: Vec<TokenHash>) -> Vec<ServiceResult<Option<SessionRow>>> {
        together(&hashes, |hashes| async move {
            let rows =
                store::session_lookup(self.database.public_pool(), &self.media, hashes, self.clock.now()).await?;
            // Cloned, as several requests may come in one session.
            Ok(hashes.iter().map(|hash| rows.get(hash).cloned()).collect())
        })
        .await
    }

    /// Somebody new, and the workspace that is theirs, in the caller's transaction.
    pub(super) async fn insert_person(
        &self,
        tx: &mut Tx,
        visitor: &Visitor,
        user: &store::NewUser<'_>,
        workspace: WorkspaceId,
        name: &str,
    ) -> ServiceResult<()> {
        store::insert_user(tx, user).await?;
        self.insert_workspace(tx, workspace, name, user.kind, user.at).await?;
        let created = Entry::at_the_door(visitor, workspace, user.id, Action::WorkspaceCreated, user.at);
        record(tx, created.on(workspace, name).is(json!({ "kind": user.kind })));
        store::insert_membership(tx, self.ids.next(), workspace, user.id, Role::Admin, user.at).await
    }

    /// The workspace's slug from its name; with a random end where the plain one is taken.
    pub(super) async fn insert_workspace(
        &self,
        tx: &mut Tx,
        id: WorkspaceId,
        name: &str,
        kind: WorkspaceKind,
        now: DateTime<Utc>,
    ) -> ServiceResult<()> {
        let plain = match slugify(name) {
            slug if slug.is_empty() => "workspace".to_owned(),
            slug => slug,
        };
        if store::insert_workspace(tx, id, name, &plain, kind, now).await?.is_some() {
            return Ok(());
        }
        let end: String = self.ids.next().simple().to_string().chars().rev().take(8).collect();
        store::insert_workspace(tx, id, name, &format!("{plain}-{end}"), kind, now)
            .await?
            .ok_or_else(|| ServiceError::internal("two workspaces drew the same random slug"))
    }
}

#[async_trait]
impl Identity for IdentityService {
    async fn register(&self, visitor: &Visitor, form: Register) -> ServiceResult<SignedIn> {
        form.check().into_result()?;
        let kind = form.kind().ok_or_else(|| ServiceError::internal("the role passed its check but has no kind"))?;
        let password_hash = self.passwords.hash(form.password.clone()).await?;
        let now = self.clock.now();
        let user = UserId(self.ids.next());
        let workspace = WorkspaceId(self.ids.next());
        let new_user = store::NewUser {
            id: user,
            email: &normalize_email(&form.email),
            password_hash: &password_hash,
            full_name: form.full_name.trim(),
            kind,
            agency_name: form
                .agency_name
                .as_deref()
                .map(str::trim)
                .filter(|name| !name.is_empty() && kind == WorkspaceKind::Agency),
            at: now,
        };
        let mut tx = self.database.tenant_of(user, workspace).await?;
        self.insert_person(&mut tx, visitor, &new_user, workspace, &form.workspace_name()).await?;
        let token = self.open_session(&mut tx, visitor, user, workspace, kind).await?;
        let person = store::Contact {
            email: new_user.email.to_owned(),
            full_name: new_user.full_name.to_owned(),
            confirmed: false,
        };
        self.send_confirmation(&mut tx, user, &person, ConfirmationOf::Registration).await?;
        let me = store::me(&mut tx, &self.media, user, workspace).await?;
        tx.commit().await?;
        tracing::info!(user_id = %user, workspace_id = %workspace, kind = %kind, "registered");
        Ok(SignedIn { user: me.user, workspace: me.workspace, role: me.role, token })
    }

    async fn login(&self, visitor: &Visitor, form: Login) -> ServiceResult<LoginStep> {
        form.check().into_result()?;
        let refused = || ServiceError::new(ErrorCode::Unauthorized, LOGIN_REFUSED);
        let email = normalize_email(&form.email);
        let mut tx = self.database.public().await?;
        let guess = self.guess_at(&mut tx, visitor, Guessed::Password, &email).await?;
        let row = store::login_lookup(&mut tx, &email).await?;
        tx.commit().await?;
        let stored = row.as_ref().map(|row| row.password_hash.clone());
        let verdict = self.passwords.verify(form.password, stored).await?;
        let Some(row) = row else { return Err(refused()) };
        // Somebody without a workspace is on nobody's record.
        let note = |why| {
            if let Some(workspace) = row.workspace {
                self.note_refusal(visitor, row.user, workspace, why);
            }
        };
        if !row.is_active {
            note("disabled");
            return Err(refused());
        }
        if verdict == Verdict::Wrong {
            note("wrong password");
            return Err(refused());
        }
        // Said only to who knows the password.
        let Some(workspace) = row.workspace else {
            return Err(ServiceError::new(ErrorCode::Unauthorized, NO_WORKSPACE));
        };
        let workspace = store::last_workspace(self.database.public_pool(), row.user).await?.unwrap_or(workspace);
        let mut tx = self.database.tenant_of(row.user, workspace).await?;
        guess.forgive(&mut tx).await?;
        if let Verdict::RightButOld(new) = &verdict {
            store::replace_password_hash(&mut tx, row.user, &row.password_hash, new).await?;
        }
        let step = self.admit(&mut tx, visitor, row.user, workspace).await?;
        tx.commit().await?;
        Ok(step)
    }

    async fn logout(&self, actor: &Actor) -> ServiceResult<()> {
        let session = policy::may_end_session(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let now = self.clock.now();
        store::revoke_session(&mut tx, session, now).await?;
        record(&mut tx, Entry::by(actor, Action::SessionClosed, now).on(session, ""));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, "signed out");
        Ok(())
    }

    async fn authenticate(&self, token: &SessionToken, visitor: &Visitor) -> ServiceResult<Option<Authenticated>> {
        let now = self.clock.now();
        let Some(claims) = self.tokens.read(token, now) else { return Ok(None) };
        let hash = claims.token_hash();
        let row = match self.lookups.with(hash, |hashes| self.look_up(hashes)).await {
            Some(row) => row?,
            // Whoever asked for this one has hung up.
            None => self.look_up(vec![hash]).await.pop().transpose()?.flatten(),
        };
        // The cookie's own end is the inactivity limit; the row's mark catches a cookie that was copied and kept.
        let Some(row) =
            row.filter(|row| row.me.user.id == claims.sub && row.last_seen_at + INACTIVITY + REISSUE_AFTER > now)
        else {
            return Ok(None);
        };
        let actor = Actor {
            user_id: row.me.user.id,
            workspace_id: row.me.workspace.id,
            kind: row.me.workspace.kind,
            role: row.me.role,
            via: Via::Session(row.session),
            request_id: visitor.request_id.clone(),
            peer: visitor.peer(),
        };
        let aged = now.timestamp() - claims.iat >= REISSUE_AFTER.num_seconds();
        let reissued = if aged {
            let mut tx = self.database.tenant(&actor).await?;
            store::touch_session(&mut tx, row.session, now).await?;
            tx.commit().await?;
            Some(self.tokens.sign(&claims.renewed(now))?)
        } else {
            None
        };
        Ok(Some(Authenticated { actor, me: row.me, reissued }))
    }

    async fn me(&self, actor: &Actor) -> ServiceResult<Me> {
        let mut tx = self.database.read(actor).await?;
        let me = store::me(&mut tx, &self.media, actor.user_id, actor.workspace_id).await?;
        Ok(me)
    }

    async fn accept_invitation(
        &self,
        visitor: &Visitor,
        actor: Option<&Actor>,
        form: AcceptInvitation,
    ) -> ServiceResult<SignedIn> {
        self.join(visitor, actor, form).await
    }
}
