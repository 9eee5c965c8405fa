//! The SQL of identity.

pub mod providers;

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use domain::{
    EmailConfirmationId, PasswordResetId, ServiceError, ServiceResult, SessionId, UserId, WorkspaceId,
    identity::{LinkState, Me, Profile, User},
    workspaces::{Role, Workspace, WorkspaceKind},
};
use ipnet::IpNet;
use sqlx::{PgConnection, PgPool};

use crate::database::{failed, on_constraint, word};

/// A new user, with all that belongs to one.
#[derive(Debug)]
pub struct NewUser<'a> {
    pub id: UserId,
    pub email: &'a str,
    pub password_hash: &'a str,
    pub full_name: &'a str,
    pub kind: WorkspaceKind,
    pub agency_name: Option<&'a str>,
    pub at: DateTime<Utc>,
}

pub async fn insert_user(tx: &mut PgConnection, user: &NewUser<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into users (id, email, password_hash, full_name, role, created_at, updated_at)
         values ($1, $2, $3, $4, $5::text::workspace_kind, $6, $6)",
        user.id.0,
        user.email,
        user.password_hash,
        user.full_name,
        user.kind.as_str(),
        user.at
    )
    .execute(&mut *tx)
    .await
    .map_err(on_constraint("users_email_key", || {
        ServiceError::field_conflict("email", domain::identity::EMAIL_TAKEN)
    }))?;
    sqlx::query!(
        "insert into profiles (user_id, agency_name, created_at, updated_at) values ($1, $2, $3, $3)",
        user.id.0,
        user.agency_name,
        user.at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// `None` when the slug is taken: the caller picks another.
pub async fn insert_workspace(
    tx: &mut PgConnection,
    id: WorkspaceId,
    name: &str,
    slug: &str,
    kind: WorkspaceKind,
    at: DateTime<Utc>,
) -> ServiceResult<Option<()>> {
    let done = sqlx::query!(
        "insert into workspaces (id, name, slug, kind, created_at, updated_at)
         values ($1, $2, $3, $4::text::workspace_kind, $5, $5) on conflict on constraint workspaces_slug_key do nothing",
        id.0,
        name,
        slug,
        kind.as_str(),
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok((done.rows_affected() == 1).then_some(()))
}

pub async fn insert_membership(
    tx: &mut PgConnection,
    id: uuid::Uuid,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "insert into memberships (id, workspace_id, user_id, role, created_at, updated_at)
         values ($1, $2, $3, $4::text::member_role, $5, $5)",
        id,
        workspace.0,
        user.0,
        role.as_str(),
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A browser that has just signed in.
#[derive(Debug)]
pub struct NewSession<'a> {
    pub id: SessionId,
    pub user: UserId,
    pub workspace: WorkspaceId,
    pub token_hash: [u8; 32],
    pub ip: Option<IpAddr>,
    pub user_agent: Option<&'a str>,
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_session(tx: &mut PgConnection, session: &NewSession<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into sessions (id, user_id, workspace_id, token_hash, ip, user_agent, created_at, last_seen_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
        session.id.0,
        session.user.0,
        session.workspace.0,
        &session.token_hash,
        session.ip.map(IpNet::from) as Option<IpNet>,
        session.user_agent,
        session.at,
        session.expires_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// What signing in needs to know of an email.
#[derive(Debug)]
pub struct LoginRow {
    pub user: UserId,
    pub password_hash: String,
    pub is_active: bool,
    pub workspace: Option<WorkspaceId>,
}

pub async fn login_lookup(tx: &mut PgConnection, email: &str) -> ServiceResult<Option<LoginRow>> {
    let row = sqlx::query!(
        r#"select user_id as "user_id!", password_hash as "password_hash!", is_active as "is_active!", workspace_id
             from login_lookup($1)"#,
        email
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| LoginRow {
        user: row.user_id.into(),
        password_hash: row.password_hash,
        is_active: row.is_active,
        workspace: row.workspace_id.map(Into::into),
    }))
}

/// Whether `old` was still the one.
pub async fn replace_password_hash(tx: &mut PgConnection, user: UserId, old: &str, new: &str) -> ServiceResult<bool> {
    let done = sqlx::query_scalar!("select replace_password_hash($1, $2, $3)", user.0, old, new)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(done.unwrap_or_default())
}

/// A session found alive, and whose it is.
#[derive(Debug)]
pub struct SessionRow {
    pub session: SessionId,
    pub last_seen_at: DateTime<Utc>,
    pub me: Me,
}

/// One statement, one round trip: it runs on every request.
pub async fn session_lookup(pool: &PgPool, hash: &[u8; 32], at: DateTime<Utc>) -> ServiceResult<Option<SessionRow>> {
    let row = sqlx::query!(
        r#"select session_id as "session_id!", last_seen_at as "last_seen_at!", user_id as "id!", email as "email!",
                  full_name as "full_name!", user_role::text as "user_role!", confirmed as "confirmed!", headline, bio,
                  specialties as "specialties!", availability, agency_name, team_size, workspace_id as "workspace_id!",
                  name as "name!", slug as "slug!", kind::text as "kind!", time_zone as "time_zone!",
                  undo_seconds as "undo_seconds!", new_accounts_active as "new_accounts_active!", role::text as "role!"
             from session_lookup($1, $2)"#,
        hash.as_slice(),
        at
    )
    .fetch_optional(pool)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(SessionRow {
            session: row.session_id.into(),
            last_seen_at: row.last_seen_at,
            me: MeRow {
                id: row.id,
                email: row.email,
                full_name: row.full_name,
                user_role: row.user_role,
                confirmed: row.confirmed,
                headline: row.headline,
                bio: row.bio,
                specialties: row.specialties,
                availability: row.availability,
                agency_name: row.agency_name,
                team_size: row.team_size,
                workspace_id: row.workspace_id,
                name: row.name,
                slug: row.slug,
                kind: row.kind,
                time_zone: row.time_zone,
                undo_seconds: row.undo_seconds,
                new_accounts_active: row.new_accounts_active,
                role: row.role,
            }
            .try_into()?,
        })
    })
    .transpose()
}

pub async fn touch_session(tx: &mut PgConnection, session: SessionId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!("update sessions set last_seen_at = greatest(last_seen_at, $2) where id = $1", session.0, at)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

pub async fn revoke_session(tx: &mut PgConnection, session: SessionId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!("update sessions set revoked_at = coalesce(revoked_at, $2) where id = $1", session.0, at)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The person, their profile, the present workspace and the role in it, as the database says it.
struct MeRow {
    id: uuid::Uuid,
    email: String,
    full_name: String,
    user_role: String,
    confirmed: bool,
    headline: Option<String>,
    bio: Option<String>,
    specialties: Vec<String>,
    availability: Option<String>,
    agency_name: Option<String>,
    team_size: Option<i32>,
    workspace_id: uuid::Uuid,
    name: String,
    slug: String,
    kind: String,
    time_zone: String,
    undo_seconds: i32,
    new_accounts_active: bool,
    role: String,
}

impl TryFrom<MeRow> for Me {
    type Error = ServiceError;

    fn try_from(row: MeRow) -> ServiceResult<Self> {
        Ok(Self {
            user: User {
                id: row.id.into(),
                email: row.email,
                full_name: row.full_name,
                role: word("workspace kind", &row.user_role)?,
                email_confirmed: row.confirmed,
            },
            profile: Profile {
                headline: row.headline,
                bio: row.bio,
                specialties: row.specialties,
                availability: row.availability,
                agency_name: row.agency_name,
                team_size: row.team_size,
            },
            workspace: Workspace {
                id: row.workspace_id.into(),
                name: row.name,
                slug: row.slug,
                kind: word("workspace kind", &row.kind)?,
                time_zone: row.time_zone,
                undo_seconds: u16::try_from(row.undo_seconds).unwrap_or_default(),
                new_accounts_active: row.new_accounts_active,
            },
            role: word("role", &row.role)?,
        })
    }
}

/// The person behind an actor.
pub async fn me(tx: &mut PgConnection, user: UserId, workspace: WorkspaceId) -> ServiceResult<Me> {
    let row = sqlx::query_as!(
        MeRow,
        r#"select u.id, u.email, u.full_name, u.role::text as "user_role!", u.email_confirmed_at is not null as "confirmed!",
                  p.headline, p.bio, p.specialties, p.availability, p.agency_name, p.team_size,
                  w.id as workspace_id, w.name, w.slug, w.kind::text as "kind!", w.time_zone,
                  w.undo_seconds::integer as "undo_seconds!", w.new_accounts_active, m.role::text as "role!"
             from users u
             join profiles p on p.user_id = u.id
             join memberships m on m.user_id = u.id and m.workspace_id = $2
             join workspaces w on w.id = m.workspace_id
            where u.id = $1"#,
        user.0,
        workspace.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.ok_or_else(ServiceError::unauthorized)?.try_into()
}

/// An address that somebody else signs in with.
pub const EMAIL_IN_USE: &str = "This email is already in use";

/// Where somebody is written to.
#[derive(Clone, Debug)]
pub struct Contact {
    pub email: String,
    pub full_name: String,
    pub confirmed: bool,
}

/// The person that the transaction acts for, or one they work with.
pub async fn contact(tx: &mut PgConnection, user: UserId) -> ServiceResult<Option<Contact>> {
    let row = sqlx::query!(
        r#"select email, full_name, email_confirmed_at is not null as "confirmed!" from users where id = $1 and is_active"#,
        user.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| Contact { email: row.email, full_name: row.full_name, confirmed: row.confirmed }))
}

/// Until the transaction ends, what counts this person's letters does it one at a time.
pub async fn take_turns(tx: &mut PgConnection, user: UserId) -> ServiceResult<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('letters/' || $1::uuid::text, 0))", user.0)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// A link that proves an address.
#[derive(Debug)]
pub struct NewConfirmation<'a> {
    pub id: EmailConfirmationId,
    pub user: UserId,
    pub email: &'a str,
    pub is_change: bool,
    pub is_resend: bool,
    pub token_hash: [u8; 32],
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_confirmation(tx: &mut PgConnection, link: &NewConfirmation<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into email_confirmations (id, user_id, email, is_change, is_resend, token_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        link.id.0,
        link.user.0,
        link.email,
        link.is_change,
        link.is_resend,
        &link.token_hash,
        link.at,
        link.expires_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// How many letters somebody has asked for again since then, and when the first of those was.
pub async fn resends_since(
    tx: &mut PgConnection,
    user: UserId,
    since: DateTime<Utc>,
) -> ServiceResult<(u32, Option<DateTime<Utc>>)> {
    let row = sqlx::query!(
        r#"select count(*) as "sent!", min(created_at) as first from email_confirmations
            where user_id = $1 and is_resend and created_at > $2"#,
        user.0,
        since
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok((u32::try_from(row.sent).unwrap_or(u32::MAX), row.first))
}

/// How many changes of address somebody has asked for since then, and when the first of those was.
pub async fn changes_since(
    tx: &mut PgConnection,
    user: UserId,
    since: DateTime<Utc>,
) -> ServiceResult<(u32, Option<DateTime<Utc>>)> {
    let row = sqlx::query!(
        r#"select count(*) as "sent!", min(created_at) as first from email_confirmations
            where user_id = $1 and is_change and not is_resend and created_at > $2"#,
        user.0,
        since
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok((u32::try_from(row.sent).unwrap_or(u32::MAX), row.first))
}

/// Closes the open links of somebody: a newer one takes their place.
pub async fn revoke_confirmations(tx: &mut PgConnection, user: UserId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update email_confirmations set revoked_at = $2 where user_id = $1 and confirmed_at is null and revoked_at is null",
        user.0,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A link, by its token.
#[derive(Debug)]
pub struct ConfirmationRow {
    pub state: LinkState,
    pub user: UserId,
    pub email: String,
    pub is_change: bool,
}

pub async fn confirmation_state(
    tx: &mut PgConnection,
    hash: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<Option<ConfirmationRow>> {
    let row = sqlx::query!(
        r#"select state as "state!", user_id as "user_id!", email as "email!", is_change as "is_change!"
             from email_confirmation_state($1, $2)"#,
        hash.as_slice(),
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(ConfirmationRow {
            state: word("state of a link", &row.state)?,
            user: row.user_id.into(),
            email: row.email,
            is_change: row.is_change,
        })
    })
    .transpose()
}

/// What a followed link changed.
#[derive(Debug)]
pub struct ConfirmedRow {
    pub user: UserId,
    pub email: String,
    pub old_email: String,
    pub full_name: String,
}

/// `None` when the link is not open any more.
pub async fn confirm_email(
    tx: &mut PgConnection,
    hash: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<Option<ConfirmedRow>> {
    let row = sqlx::query!(
        r#"select user_id as "user_id!", email as "email!", old_email as "old_email!", full_name as "full_name!"
             from confirm_email($1, $2)"#,
        hash.as_slice(),
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(on_constraint("users_email_key", || ServiceError::conflict(format!("{EMAIL_IN_USE}."))))?;
    Ok(row.map(|row| ConfirmedRow {
        user: row.user_id.into(),
        email: row.email,
        old_email: row.old_email,
        full_name: row.full_name,
    }))
}

/// Somebody who can sign in.
#[derive(Debug)]
pub struct PersonRow {
    pub user: UserId,
    pub full_name: String,
}

pub async fn active_person(tx: &mut PgConnection, email: &str) -> ServiceResult<Option<PersonRow>> {
    let row = sqlx::query!("select id, full_name from users where email = $1 and is_active", email)
        .fetch_optional(tx)
        .await
        .map_err(failed)?;
    Ok(row.map(|row| PersonRow { user: row.id.into(), full_name: row.full_name }))
}

pub async fn resets_since(tx: &mut PgConnection, user: UserId, since: DateTime<Utc>) -> ServiceResult<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "sent!" from password_resets where user_id = $1 and created_at > $2"#,
        user.0,
        since
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

pub async fn revoke_resets(tx: &mut PgConnection, user: UserId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update password_resets set revoked_at = $2 where user_id = $1 and used_at is null and revoked_at is null",
        user.0,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

pub async fn insert_reset(
    tx: &mut PgConnection,
    id: PasswordResetId,
    user: UserId,
    token_hash: &[u8; 32],
    at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "insert into password_resets (id, user_id, token_hash, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        id.0,
        user.0,
        token_hash.as_slice(),
        at,
        expires_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// `None` for a link that never was.
pub async fn reset_state(
    tx: &mut PgConnection,
    hash: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<Option<LinkState>> {
    let state = sqlx::query_scalar!("select password_reset_state($1, $2)", hash.as_slice(), at)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    state.map(|state| word("state of a link", &state)).transpose()
}

/// Whose password was reset.
#[derive(Debug)]
pub struct ResetRow {
    pub user: UserId,
    pub email: String,
    pub full_name: String,
}

/// `None` when the link is not open any more.
pub async fn reset_password(
    tx: &mut PgConnection,
    hash: &[u8; 32],
    new_hash: &str,
    at: DateTime<Utc>,
) -> ServiceResult<Option<ResetRow>> {
    let row = sqlx::query!(
        r#"select user_id as "user_id!", email as "email!", full_name as "full_name!" from reset_password($1, $2, $3)"#,
        hash.as_slice(),
        new_hash,
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| ResetRow { user: row.user_id.into(), email: row.email, full_name: row.full_name }))
}

/// The hash of whoever the transaction acts for.
pub async fn own_password_hash(tx: &mut PgConnection) -> ServiceResult<Option<String>> {
    sqlx::query_scalar!("select own_password_hash()").fetch_one(tx).await.map_err(failed)
}

/// Ends one session of whoever the transaction acts for, in whichever workspace it is; whether there was one.
pub async fn end_own_session(tx: &mut PgConnection, session: SessionId, at: DateTime<Utc>) -> ServiceResult<bool> {
    let done =
        sqlx::query_scalar!("select end_own_session($1, $2)", session.0, at).fetch_one(tx).await.map_err(failed)?;
    Ok(done.unwrap_or_default())
}

/// Ends the sessions of whoever the transaction acts for, but for `keep`.
pub async fn end_own_sessions(tx: &mut PgConnection, keep: Option<SessionId>, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query_scalar!("select end_own_sessions($1, $2)", keep.map(|id| id.0), at)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The workspace whose record tells of somebody who is not signed in: the first they belong to.
pub async fn home_of(tx: &mut PgConnection, user: UserId) -> ServiceResult<Option<WorkspaceId>> {
    let home: Option<uuid::Uuid> =
        sqlx::query_scalar("select home_workspace($1)").bind(user.0).fetch_one(tx).await.map_err(failed)?;
    Ok(home.map(Into::into))
}

/// Whose password a link is for.
pub async fn reset_owner(tx: &mut PgConnection, hash: &[u8; 32]) -> ServiceResult<Option<UserId>> {
    let owner: Option<uuid::Uuid> = sqlx::query_scalar("select password_reset_owner($1)")
        .bind(hash.as_slice())
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(owner.map(Into::into))
}
