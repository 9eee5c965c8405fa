//! The SQL of identity.

pub mod providers;

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use domain::{
    DataExportId, EmailConfirmationId, PasskeyId, PasswordResetId, ServiceError, ServiceResult, SessionId, UserId,
    WorkspaceId,
    identity::{DataExport, Leaving, LinkState, Me, OwnProfile, PASSKEY_TAKEN, Profile, User},
    workspaces::{LAST_ADMIN, OwnWorkspace, Role, Workspace, WorkspaceKind},
};
use ipnet::IpNet;
use sqlx::{PgConnection, PgPool};

use crate::{
    database::{failed, on_constraint, one_row, word},
    features::{
        audit::in_tx::{self as audit, Entry},
        media::MediaLinks,
    },
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

/// Whether the session went: it is theirs and alive, and so is their membership there.
pub async fn move_own_session(tx: &mut PgConnection, session: SessionId, to: WorkspaceId) -> ServiceResult<bool> {
    let moved =
        sqlx::query_scalar!("select move_own_session($1, $2)", session.0, to.0).fetch_one(tx).await.map_err(failed)?;
    Ok(moved.unwrap_or_default())
}

/// Where somebody was last, of what they may still come into.
pub async fn last_workspace(pool: &PgPool, user: UserId) -> ServiceResult<Option<WorkspaceId>> {
    let last = sqlx::query_scalar!("select last_workspace($1)", user.0).fetch_one(pool).await.map_err(failed)?;
    Ok(last.map(Into::into))
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
    /// The browser that it is known as; none for what keeps no cookies.
    pub device: Option<uuid::Uuid>,
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_session(tx: &mut PgConnection, session: &NewSession<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into sessions (id, user_id, workspace_id, token_hash, ip, user_agent, created_at, last_seen_at, expires_at, device_id)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)",
        session.id.0,
        session.user.0,
        session.workspace.0,
        &session.token_hash,
        session.ip.map(IpNet::from) as Option<IpNet>,
        session.user_agent,
        session.at,
        session.expires_at,
        session.device
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
pub async fn session_lookup(
    pool: &PgPool,
    links: &MediaLinks,
    hash: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<Option<SessionRow>> {
    let row = sqlx::query!(
        r#"select session_id as "session_id!", last_seen_at as "last_seen_at!", user_id as "id!", email as "email!",
                  full_name as "full_name!", user_role::text as "user_role!", confirmed as "confirmed!", headline, bio,
                  specialties as "specialties!", availability, agency_name, team_size, listed as "listed!", avatar,
                  workspace_id as "workspace_id!", logo,
                  name as "name!", slug as "slug!", kind::text as "kind!", time_zone as "time_zone!",
                  undo_seconds as "undo_seconds!", new_accounts_active as "new_accounts_active!",
                  approval_policy::text as "approval_policy!", role::text as "role!"
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
                listed: row.listed,
                avatar: row.avatar,
                logo: row.logo,
                workspace_id: row.workspace_id,
                name: row.name,
                slug: row.slug,
                kind: row.kind,
                time_zone: row.time_zone,
                undo_seconds: row.undo_seconds,
                new_accounts_active: row.new_accounts_active,
                approval_policy: row.approval_policy,
                role: row.role,
            }
            .me(links)?,
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
    listed: bool,
    avatar: Option<String>,
    logo: Option<String>,
    workspace_id: uuid::Uuid,
    name: String,
    slug: String,
    kind: String,
    time_zone: String,
    undo_seconds: i32,
    new_accounts_active: bool,
    approval_policy: String,
    role: String,
}

impl MeRow {
    fn me(self, links: &MediaLinks) -> ServiceResult<Me> {
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

/// Of whoever the transaction acts for, newest first; without those whose time is over.
pub async fn exports(tx: &mut PgConnection, links: &MediaLinks, now: DateTime<Utc>) -> ServiceResult<Vec<DataExport>> {
    let rows = sqlx::query!(
        r#"select id, created_at, ready_at, expires_at, data_export_bytes(id) as bytes
             from data_exports where expires_at > $1 order by created_at desc, id desc limit 50"#,
        now
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let export = rows.into_iter().map(|row| DataExport {
        id: row.id.into(),
        created_at: row.created_at,
        ready_at: row.ready_at,
        expires_at: row.expires_at,
        bytes: row.bytes,
        url: row.ready_at.map(|_| links.export(row.id.into())),
    });
    Ok(export.collect())
}

pub async fn insert_export(tx: &mut PgConnection, user: UserId, export: &DataExport) -> ServiceResult<()> {
    sqlx::query!(
        "insert into data_exports (id, user_id, created_at, expires_at) values ($1, $2, $3, $4)",
        export.id.0,
        user.0,
        export.created_at,
        export.expires_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// For whoever holds a link that we have signed.
pub async fn export_content(
    tx: &mut PgConnection,
    id: DataExportId,
    now: DateTime<Utc>,
) -> ServiceResult<Option<Vec<u8>>> {
    sqlx::query_scalar!("select data_export_content($1, $2)", id.0, now).fetch_one(tx).await.map_err(failed)
}

/// Whose data is to be put together; none when it is there already, or nobody is.
#[derive(Debug)]
pub struct ExportRow {
    pub user: UserId,
    pub email: String,
    pub full_name: String,
    pub avatar: Option<String>,
}

pub async fn export_to_build(tx: &mut PgConnection, id: DataExportId) -> ServiceResult<Option<ExportRow>> {
    let row = sqlx::query!(
        "select u.id, u.email, u.full_name, p.avatar
           from data_exports e join users u on u.id = e.user_id join profiles p on p.user_id = u.id
          where e.id = $1 and e.ready_at is null and u.is_active",
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| ExportRow { user: row.id.into(), email: row.email, full_name: row.full_name, avatar: row.avatar }))
}

pub async fn finish_export(
    tx: &mut PgConnection,
    id: DataExportId,
    content: &[u8],
    now: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update data_exports set content = $2, ready_at = $3 where id = $1 and ready_at is null",
        id.0,
        content,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Everything that is this person's: never a secret, and of other people not even a name. Under the worker's role.
pub async fn gather(tx: &mut PgConnection, user: UserId) -> ServiceResult<serde_json::Value> {
    let found = sqlx::query_scalar!(
        r#"select jsonb_build_object(
             'account', (select jsonb_build_object('id', u.id, 'email', u.email, 'email_confirmed_at', u.email_confirmed_at,
                                'full_name', u.full_name, 'role', u.role, 'created_at', u.created_at)
                           from users u where u.id = $1),
             'profile', (select jsonb_build_object('headline', p.headline, 'bio', p.bio, 'specialties', p.specialties,
                                'availability', p.availability, 'agency_name', p.agency_name, 'team_size', p.team_size,
                                'listed', p.listed)
                           from profiles p where p.user_id = $1),
             'workspaces', (select coalesce(jsonb_agg(jsonb_build_object('name', w.name, 'kind', w.kind, 'role', m.role,
                                'since', m.created_at, 'disabled_at', m.disabled_at) order by m.created_at), '[]')
                              from memberships m join workspaces w on w.id = m.workspace_id where m.user_id = $1),
             'sessions', (select coalesce(jsonb_agg(jsonb_build_object('signed_in_at', s.created_at, 'last_seen_at', s.last_seen_at,
                                'ended_at', s.revoked_at, 'expires_at', s.expires_at, 'ip', host(s.ip), 'user_agent', s.user_agent)
                                order by s.created_at), '[]')
                            from sessions s where s.user_id = $1),
             'posts', (select coalesce(jsonb_agg(jsonb_build_object('workspace', w.name, 'post', v.post_id, 'version', v.number,
                                'title', v.title, 'body', v.body, 'link', v.link, 'overrides', v.overrides,
                                'written_at', v.created_at) order by v.created_at, v.id), '[]')
                         from post_versions v join workspaces w on w.id = v.workspace_id
                         join memberships m on m.workspace_id = v.workspace_id and m.user_id = $1
                        where v.created_by = $1),
             'approvals', (select coalesce(jsonb_agg(jsonb_build_object('workspace', w.name, 'post', a.post_id, 'version', a.version,
                                'step', a.step, 'note', a.note, 'at', a.created_at) order by a.created_at, a.id), '[]')
                             from approvals a join workspaces w on w.id = a.workspace_id
                             join memberships m on m.workspace_id = a.workspace_id and m.user_id = $1
                            where a.actor_id = $1),
             'media', (select coalesce(jsonb_agg(jsonb_build_object('workspace', w.name, 'file_name', f.file_name,
                                'alt_text', f.alt_text, 'added_at', f.created_at) order by f.created_at, f.id), '[]')
                         from media f join workspaces w on w.id = f.workspace_id
                         join memberships m on m.workspace_id = f.workspace_id and m.user_id = $1
                        where f.created_by = $1),
             'record', (select coalesce(jsonb_agg(jsonb_build_object('workspace', w.name, 'at', e.created_at, 'action', e.action,
                                'via', e.via, 'ip', host(e.ip), 'user_agent', e.user_agent, 'subject_kind', e.subject_kind)
                                order by e.created_at, e.seq), '[]')
                          from audit_events e join workspaces w on w.id = e.workspace_id where e.user_id = $1),
             'letters', (select coalesce(jsonb_agg(jsonb_build_object('about', l.letter->>'about', 'status', l.status,
                                'written_at', l.created_at) order by l.created_at), '[]')
                           from mails l join users u on u.email = l.recipient where u.id = $1)
           ) as "found!""#,
        user.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok(found)
}

/// What would become of each workspace of whoever the transaction acts for.
pub async fn departure(tx: &mut PgConnection) -> ServiceResult<Vec<Leaving>> {
    let rows = sqlx::query!(
        r#"select workspace_id as "id!", name as "name!", kind::text as "kind!", outcome as "outcome!" from own_departure()"#
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(Leaving {
                workspace_id: row.id.into(),
                name: row.name,
                kind: word("workspace kind", &row.kind)?,
                outcome: word("departure", &row.outcome)?,
            })
        })
        .collect()
}

/// Deletes whoever the transaction acts for. `CONFLICT` while somebody would be left without an admin.
pub async fn delete_own_account(tx: &mut PgConnection, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!("select delete_own_account($1)", at)
        .execute(tx)
        .await
        .map_err(on_constraint("memberships_last_admin", || ServiceError::conflict(LAST_ADMIN)))?;
    Ok(())
}

/// Writes a line into the record of another workspace than the transaction's.
pub async fn record_in(tx: &mut PgConnection, workspace: WorkspaceId, entry: Entry) -> ServiceResult<()> {
    sqlx::query_scalar!("select set_config('app.workspace_id', $1, true)", workspace.to_string())
        .fetch_one(&mut *tx)
        .await
        .map_err(failed)?;
    audit::write(tx, vec![entry]).await
}

/// Counts one try at something; when the next one may be, if this one comes too soon.
pub async fn guess(
    tx: &mut PgConnection,
    key: &[u8; 32],
    free: i32,
    at: DateTime<Utc>,
) -> ServiceResult<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select guess($1, $2, $3)", key.as_slice(), free, at).fetch_one(tx).await.map_err(failed)
}

/// Forgives the tries so far.
pub async fn guessed_right(tx: &mut PgConnection, key: &[u8; 32]) -> ServiceResult<()> {
    sqlx::query!("select guessed_right($1)", key.as_slice()).fetch_one(tx).await.map_err(failed)?;
    Ok(())
}

/// Whether the owner of an address has signed in with this browser before.
pub async fn device_is_known(tx: &mut PgConnection, email: &str, device: &[u8; 32]) -> ServiceResult<bool> {
    let known = sqlx::query_scalar!("select device_is_known($1, $2)", email, device.as_slice())
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(known.unwrap_or_default())
}

/// A browser that somebody signs in with.
#[derive(Debug)]
pub struct MetDevice {
    pub id: uuid::Uuid,
    /// Whether this is the first time.
    pub fresh: bool,
    /// How many others are remembered.
    pub others: i64,
    /// How many were new within the last hour.
    pub new_lately: i64,
}

pub async fn meet_device(
    tx: &mut PgConnection,
    new_id: uuid::Uuid,
    device: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<MetDevice> {
    sqlx::query_as!(
        MetDevice,
        r#"select id as "id!", fresh as "fresh!", others as "others!", new_lately as "new_lately!" from meet_device($1, $2, $3)"#,
        new_id,
        device.as_slice(),
        at
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// A living session of whoever the transaction acts for.
#[derive(Debug)]
pub struct OwnSession {
    pub id: SessionId,
    pub workspace: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// In whichever workspace they are.
pub async fn own_sessions(
    tx: &mut PgConnection,
    at: DateTime<Utc>,
    seen_after: DateTime<Utc>,
) -> ServiceResult<Vec<OwnSession>> {
    let rows = sqlx::query!(
        r#"select id as "id!", workspace as "workspace!", ip, user_agent, created_at as "created_at!",
                  last_seen_at as "last_seen_at!", expires_at as "expires_at!"
             from own_sessions($1, $2)"#,
        at,
        seen_after
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let sessions = rows.into_iter().map(|row| OwnSession {
        id: SessionId(row.id),
        workspace: row.workspace,
        ip: row.ip,
        user_agent: row.user_agent,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
    });
    Ok(sessions.collect())
}

/// Ends a session of whoever the transaction acts for and forgets its browser; what the session said of itself.
pub async fn revoke_own_session(
    tx: &mut PgConnection,
    session: SessionId,
    at: DateTime<Utc>,
) -> ServiceResult<Option<Option<String>>> {
    sqlx::query_scalar!("select user_agent from revoke_own_session($1, $2)", session.0, at)
        .fetch_optional(tx)
        .await
        .map_err(failed)
}

/// The same for all but one; how many were alive.
pub async fn revoke_other_sessions(
    tx: &mut PgConnection,
    keep: SessionId,
    at: DateTime<Utc>,
    seen_after: DateTime<Utc>,
) -> ServiceResult<u32> {
    let ended = sqlx::query_scalar!("select revoke_other_sessions($1, $2, $3)", keep.0, at, seen_after)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(u32::try_from(ended.unwrap_or_default()).unwrap_or(u32::MAX))
}

/// What an authenticator app shares with us.
#[derive(Debug)]
pub struct TotpRow {
    pub secret_sealed: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The session that set it up.
    pub session: Option<SessionId>,
}

impl TotpRow {
    /// Whether it waits for its first code, from this session, and has not for too long.
    pub fn is_being_set_up(&self, session: SessionId, oldest: DateTime<Utc>) -> bool {
        self.confirmed_at.is_none() && self.session == Some(session) && self.created_at > oldest
    }
}

pub async fn totp(tx: &mut PgConnection, user: UserId) -> ServiceResult<Option<TotpRow>> {
    let row = sqlx::query!(
        "select secret_sealed, created_at, confirmed_at, session_id from totp_secrets where user_id = $1",
        user.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| TotpRow {
        secret_sealed: row.secret_sealed,
        created_at: row.created_at,
        confirmed_at: row.confirmed_at,
        session: row.session_id.map(SessionId),
    }))
}

/// Whether a secret could be put there: not in place of one that counts.
pub async fn begin_totp(
    tx: &mut PgConnection,
    user: UserId,
    session: SessionId,
    sealed: &[u8],
    at: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "insert into totp_secrets (user_id, secret_sealed, created_at, session_id) values ($1, $2, $3, $4)
         on conflict on constraint totp_secrets_pkey do update
           set secret_sealed = excluded.secret_sealed, created_at = excluded.created_at, session_id = excluded.session_id, last_step = 0
         where totp_secrets.confirmed_at is null",
        user.0,
        sealed,
        at,
        session.0
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Whether it was still that secret, and unconfirmed.
pub async fn confirm_totp(
    tx: &mut PgConnection,
    user: UserId,
    sealed: &[u8],
    step: i64,
    at: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update totp_secrets set confirmed_at = $4, last_step = $3
          where user_id = $1 and secret_sealed = $2 and confirmed_at is null",
        user.0,
        sealed,
        step,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Uses up a time step, and all before it; whether it was unused.
pub async fn use_step(tx: &mut PgConnection, user: UserId, step: i64) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update totp_secrets set last_step = $2 where user_id = $1 and confirmed_at is not null and last_step < $2",
        user.0,
        step
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Removes the secret, the recovery codes and the sign-ins that wait; whether two-step sign-in was switched on.
pub async fn remove_totp(tx: &mut PgConnection, user: UserId, at: DateTime<Utc>) -> ServiceResult<bool> {
    let done = sqlx::query!("delete from totp_secrets where user_id = $1 and confirmed_at is not null", user.0)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    sqlx::query!("delete from recovery_codes where user_id = $1", user.0).execute(&mut *tx).await.map_err(failed)?;
    sqlx::query!("update pending_sign_ins set consumed_at = $2 where user_id = $1 and consumed_at is null", user.0, at)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

pub async fn replace_recovery_codes(
    tx: &mut PgConnection,
    user: UserId,
    codes: &[(uuid::Uuid, [u8; 32])],
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!("delete from recovery_codes where user_id = $1", user.0).execute(&mut *tx).await.map_err(failed)?;
    let ids: Vec<uuid::Uuid> = codes.iter().map(|(id, _)| *id).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|(_, hash)| hash.to_vec()).collect();
    sqlx::query!(
        "insert into recovery_codes (id, user_id, code_hash, created_at)
         select id, $1, hash, $4 from unnest($2::uuid[], $3::bytea[]) as made (id, hash)",
        user.0,
        &ids,
        &hashes,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

pub async fn recovery_codes_left(tx: &mut PgConnection, user: UserId) -> ServiceResult<u32> {
    let left = sqlx::query_scalar!(
        r#"select count(*) as "left!" from recovery_codes where user_id = $1 and used_at is null"#,
        user.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok(u32::try_from(left).unwrap_or(u32::MAX))
}

/// Whether it was one that had not been used.
pub async fn use_recovery_code(
    tx: &mut PgConnection,
    user: UserId,
    hash: &[u8; 32],
    at: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update recovery_codes set used_at = $3 where user_id = $1 and code_hash = $2 and used_at is null",
        user.0,
        hash.as_slice(),
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

pub async fn insert_pending(
    tx: &mut PgConnection,
    id: uuid::Uuid,
    user: UserId,
    token_hash: &[u8; 32],
    at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "insert into pending_sign_ins (id, user_id, token_hash, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        id,
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

/// A sign-in that waits for its second step.
#[derive(Debug)]
pub struct Pending {
    pub id: uuid::Uuid,
    pub user: UserId,
    pub email: String,
    /// Where it will be; none for somebody who belongs nowhere any more.
    pub workspace: Option<WorkspaceId>,
    pub expires_at: DateTime<Utc>,
}

pub async fn pending(tx: &mut PgConnection, hash: &[u8; 32], at: DateTime<Utc>) -> ServiceResult<Option<Pending>> {
    let row = sqlx::query!(
        r#"select id as "id!", user_id as "user_id!", email as "email!", workspace_id, expires_at as "expires_at!"
             from pending_sign_in($1, $2)"#,
        hash.as_slice(),
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| Pending {
        id: row.id,
        user: row.user_id.into(),
        email: row.email,
        workspace: row.workspace_id.map(Into::into),
        expires_at: row.expires_at,
    }))
}

/// Whether it was still waiting.
pub async fn consume_pending(tx: &mut PgConnection, id: uuid::Uuid, at: DateTime<Utc>) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update pending_sign_ins set consumed_at = $2 where id = $1 and consumed_at is null and expires_at > $2",
        id,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Secrets that are not under the present sealing key, in the order of their owners.
pub async fn stale_secrets(
    tx: &mut PgConnection,
    prefix: &[u8],
    after: uuid::Uuid,
    limit: i64,
) -> ServiceResult<Vec<(uuid::Uuid, Vec<u8>)>> {
    let rows = sqlx::query!(
        "select user_id, secret_sealed from totp_secrets
          where user_id > $2 and substring(secret_sealed from 1 for octet_length($1::bytea)) <> $1::bytea order by user_id limit $3",
        prefix,
        after,
        limit
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.secret_sealed)).collect())
}

/// Unless it was replaced meanwhile.
pub async fn save_resealed_secret(
    tx: &mut PgConnection,
    user: uuid::Uuid,
    before: &[u8],
    sealed: &[u8],
) -> ServiceResult<()> {
    sqlx::query!(
        "update totp_secrets set secret_sealed = $3 where user_id = $1 and secret_sealed = $2",
        user,
        before,
        sealed
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Keeps what has to be known when a browser's answer comes.
pub async fn begin_ceremony(
    tx: &mut PgConnection,
    bound_to: &[u8; 32],
    purpose: &str,
    sealed: &[u8],
    until: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!("select begin_passkey_ceremony($1, $2, $3, $4)", bound_to.as_slice(), purpose, sealed, until)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Takes it; of two at once one gets it.
pub async fn take_ceremony(
    tx: &mut PgConnection,
    bound_to: &[u8; 32],
    purpose: &str,
    at: DateTime<Utc>,
) -> ServiceResult<Option<Vec<u8>>> {
    sqlx::query_scalar!("select take_passkey_ceremony($1, $2, $3)", bound_to.as_slice(), purpose, at)
        .fetch_one(tx)
        .await
        .map_err(failed)
}

/// A passkey as its owner sees it.
#[derive(Debug)]
pub struct PasskeyInfo {
    pub id: PasskeyId,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

pub async fn passkeys(tx: &mut PgConnection, user: UserId) -> ServiceResult<Vec<PasskeyInfo>> {
    let rows = sqlx::query!(
        "select id, name, created_at, last_used_at from passkeys where user_id = $1 order by created_at, id",
        user.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let passkeys = rows.into_iter().map(|row| PasskeyInfo {
        id: row.id.into(),
        name: row.name,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    });
    Ok(passkeys.collect())
}

pub async fn passkey(tx: &mut PgConnection, user: UserId, id: PasskeyId) -> ServiceResult<Option<PasskeyInfo>> {
    Ok(passkeys(tx, user).await?.into_iter().find(|passkey| passkey.id == id))
}

/// What the person's devices must not make a second time.
pub async fn credentials(tx: &mut PgConnection, user: UserId) -> ServiceResult<Vec<Vec<u8>>> {
    sqlx::query_scalar!("select credential_id from passkeys where user_id = $1", user.0)
        .fetch_all(tx)
        .await
        .map_err(failed)
}

/// A passkey that was just made.
#[derive(Debug)]
pub struct NewPasskey<'a> {
    pub id: PasskeyId,
    pub user: UserId,
    pub credential_id: &'a [u8],
    pub name: &'a str,
    pub static_state: &'a [u8],
    pub dynamic_state: &'a [u8],
    pub at: DateTime<Utc>,
}

pub async fn insert_passkey(tx: &mut PgConnection, passkey: &NewPasskey<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into passkeys (id, user_id, credential_id, name, static_state, dynamic_state, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        passkey.id.0,
        passkey.user.0,
        passkey.credential_id,
        passkey.name,
        passkey.static_state,
        passkey.dynamic_state,
        passkey.at
    )
    .execute(tx)
    .await
    .map_err(on_constraint("passkeys_credential_key", || ServiceError::conflict(PASSKEY_TAKEN)))?;
    Ok(())
}

pub async fn rename_passkey(tx: &mut PgConnection, user: UserId, id: PasskeyId, name: &str) -> ServiceResult<()> {
    sqlx::query!("update passkeys set name = $3 where id = $1 and user_id = $2", id.0, user.0, name)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Its name, if there was one.
pub async fn remove_passkey(tx: &mut PgConnection, user: UserId, id: PasskeyId) -> ServiceResult<Option<String>> {
    sqlx::query_scalar!("delete from passkeys where id = $1 and user_id = $2 returning name", id.0, user.0)
        .fetch_optional(tx)
        .await
        .map_err(failed)
}

/// What signing in needs to know of a credential.
#[derive(Debug)]
pub struct PasskeyRow {
    pub id: PasskeyId,
    pub user: UserId,
    /// Where its owner will be; none for somebody who belongs nowhere any more.
    pub workspace: Option<WorkspaceId>,
    pub static_state: Vec<u8>,
    pub dynamic_state: Vec<u8>,
}

pub async fn passkey_lookup(tx: &mut PgConnection, credential: &[u8]) -> ServiceResult<Option<PasskeyRow>> {
    let row = sqlx::query!(
        r#"select id as "id!", user_id as "user_id!", workspace_id, static_state as "static_state!",
                  dynamic_state as "dynamic_state!"
             from passkey_lookup($1)"#,
        credential
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| PasskeyRow {
        id: row.id.into(),
        user: row.user_id.into(),
        workspace: row.workspace_id.map(Into::into),
        static_state: row.static_state,
        dynamic_state: row.dynamic_state,
    }))
}

/// Whether it was still as it was when its answer was looked at.
pub async fn passkey_used(
    tx: &mut PgConnection,
    id: PasskeyId,
    before: &[u8],
    after: &[u8],
    at: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update passkeys set dynamic_state = $3, last_used_at = $4 where id = $1 and dynamic_state = $2",
        id.0,
        before,
        after,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}
