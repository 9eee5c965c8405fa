//! The SQL of identity.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use domain::{
    ServiceError, ServiceResult, SessionId, UserId, WorkspaceId,
    identity::{Me, Profile, User},
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

pub async fn replace_password_hash(tx: &mut PgConnection, user: UserId, old: &str, new: &str) -> ServiceResult<()> {
    sqlx::query_scalar!("select replace_password_hash($1, $2, $3)", user.0, old, new)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(())
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
