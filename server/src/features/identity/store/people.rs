//! The SQL of people, the workspaces that begin with them, and their profiles.

use chrono::{DateTime, Utc};
use domain::{
    ServiceError, ServiceResult, UserId, WorkspaceId,
    identity::{Me, OwnProfile, Profile, User},
    workspaces::{OwnWorkspace, Role, Workspace, WorkspaceKind},
};
use sqlx::{PgConnection, PgPool};

use crate::{
    database::{failed, on_constraint, one_row, word},
    features::media::MediaLinks,
};

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

/// Of whoever the transaction acts for, by name; none is marked as the current one.
pub async fn own_workspaces(tx: &mut PgConnection, links: &MediaLinks) -> ServiceResult<Vec<OwnWorkspace>> {
    let rows = sqlx::query!(
        r#"select workspace_id as "id!", name as "name!", slug as "slug!", kind::text as "kind!", logo, role::text as "role!"
             from own_workspaces()"#
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(OwnWorkspace {
                id: row.id.into(),
                name: row.name,
                slug: row.slug,
                kind: word("workspace kind", &row.kind)?,
                role: word("role", &row.role)?,
                logo_url: row.logo.map(|name| links.portrait(&name)),
                current: false,
            })
        })
        .collect()
}

/// Where somebody was last, of what they may still come into.
pub async fn last_workspace(pool: &PgPool, user: UserId) -> ServiceResult<Option<WorkspaceId>> {
    let last = sqlx::query_scalar!("select last_workspace($1)", user.0).fetch_one(pool).await.map_err(failed)?;
    Ok(last.map(Into::into))
}

/// Whether `old` was still the one.
pub async fn replace_password_hash(tx: &mut PgConnection, user: UserId, old: &str, new: &str) -> ServiceResult<bool> {
    let done = sqlx::query_scalar!("select replace_password_hash($1, $2, $3)", user.0, old, new)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(done.unwrap_or_default())
}

/// The person, their profile, the present workspace and the role in it, as the database says it.
pub(super) struct MeRow {
    pub id: uuid::Uuid,
    pub email: String,
    pub full_name: String,
    pub user_role: String,
    pub confirmed: bool,
    pub headline: Option<String>,
    pub bio: Option<String>,
    pub specialties: Vec<String>,
    pub availability: Option<String>,
    pub agency_name: Option<String>,
    pub team_size: Option<i32>,
    pub listed: bool,
    pub avatar: Option<String>,
    pub logo: Option<String>,
    pub workspace_id: uuid::Uuid,
    pub name: String,
    pub slug: String,
    pub kind: String,
    pub time_zone: String,
    pub undo_seconds: i32,
    pub new_accounts_active: bool,
    pub approval_policy: String,
    pub role: String,
}

impl MeRow {
    pub fn me(self, links: &MediaLinks) -> ServiceResult<Me> {
        let row = self;
        let shown = |name: Option<String>| name.map(|name| links.portrait(&name));
        Ok(Me {
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
                listed: row.listed,
                avatar_url: shown(row.avatar),
            },
            workspace: Workspace {
                id: row.workspace_id.into(),
                name: row.name,
                slug: row.slug,
                kind: word("workspace kind", &row.kind)?,
                time_zone: row.time_zone,
                undo_seconds: u16::try_from(row.undo_seconds).unwrap_or_default(),
                new_accounts_active: row.new_accounts_active,
                approval_policy: word("approval policy", &row.approval_policy)?,
                logo_url: shown(row.logo),
            },
            role: word("role", &row.role)?,
        })
    }
}

/// The person behind an actor.
pub async fn me(tx: &mut PgConnection, links: &MediaLinks, user: UserId, workspace: WorkspaceId) -> ServiceResult<Me> {
    let row = sqlx::query_as!(
        MeRow,
        r#"select u.id, u.email, u.full_name, u.role::text as "user_role!", u.email_confirmed_at is not null as "confirmed!",
                  p.headline, p.bio, p.specialties, p.availability, p.agency_name, p.team_size, p.listed, p.avatar,
                  w.id as workspace_id, w.name, w.slug, w.kind::text as "kind!", w.time_zone, w.logo,
                  w.undo_seconds::integer as "undo_seconds!", w.new_accounts_active,
                  w.approval_policy::text as "approval_policy!", m.role::text as "role!"
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
    row.ok_or_else(ServiceError::unauthorized)?.me(links)
}

/// What is kept of somebody's profile.
#[derive(Clone, Debug)]
pub struct ProfileRow {
    pub profile: OwnProfile,
    /// The name of their picture.
    pub avatar: Option<String>,
}

/// Of whoever the transaction acts for. With `hold`, nobody else changes it until the transaction ends.
pub async fn profile(
    tx: &mut PgConnection,
    links: &MediaLinks,
    user: UserId,
    hold: bool,
) -> ServiceResult<Option<ProfileRow>> {
    if hold {
        sqlx::query_scalar!("select user_id from profiles where user_id = $1 for update", user.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(failed)?;
    }
    let row = sqlx::query!(
        r#"select u.full_name, u.role::text as "role!", p.headline, p.bio, p.specialties, p.availability, p.agency_name,
                  p.team_size, p.listed, p.avatar
             from users u join profiles p on p.user_id = u.id where u.id = $1"#,
        user.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        let profile = Profile {
            headline: row.headline,
            bio: row.bio,
            specialties: row.specialties,
            availability: row.availability,
            agency_name: row.agency_name,
            team_size: row.team_size,
            listed: row.listed,
            avatar_url: row.avatar.as_deref().map(|name| links.portrait(name)),
        };
        let role = word("workspace kind", &row.role)?;
        Ok(ProfileRow { profile: OwnProfile::new(row.full_name, role, profile), avatar: row.avatar })
    })
    .transpose()
}

/// Everything but the picture.
pub async fn set_profile(tx: &mut PgConnection, user: UserId, to: &OwnProfile) -> ServiceResult<()> {
    sqlx::query!("update users set full_name = $2 where id = $1 and full_name <> $2", user.0, to.full_name)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    let done = sqlx::query!(
        "update profiles set headline = $2, bio = $3, specialties = $4, availability = $5, agency_name = $6, team_size = $7,
                listed = $8
          where user_id = $1",
        user.0,
        to.headline,
        to.bio,
        &to.specialties,
        to.availability,
        to.agency_name,
        to.team_size,
        to.listed
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "profile")
}

pub async fn set_avatar(tx: &mut PgConnection, user: UserId, name: Option<&str>) -> ServiceResult<()> {
    let done = sqlx::query!("update profiles set avatar = $2 where user_id = $1", user.0, name)
        .execute(tx)
        .await
        .map_err(failed)?;
    one_row(done.rows_affected(), "profile")
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

/// The hash of whoever the transaction acts for.
pub async fn own_password_hash(tx: &mut PgConnection) -> ServiceResult<Option<String>> {
    sqlx::query_scalar!("select own_password_hash()").fetch_one(tx).await.map_err(failed)
}

/// The workspace whose record tells of somebody who is not signed in: the first they belong to.
pub async fn home_of(tx: &mut PgConnection, user: UserId) -> ServiceResult<Option<WorkspaceId>> {
    let home: Option<uuid::Uuid> =
        sqlx::query_scalar("select home_workspace($1)").bind(user.0).fetch_one(tx).await.map_err(failed)?;
    Ok(home.map(Into::into))
}
