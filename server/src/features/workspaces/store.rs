//! The SQL of the team and of the settings.

pub mod keys;

use chrono::{DateTime, Utc};
use domain::{
    InvitationId, ServiceError, ServiceResult, UserId, WorkspaceId,
    posts::ApprovalPolicy,
    workspaces::{Invitation, InvitationOffer, InvitationState, LAST_ADMIN, Member, Role, SLUG_TAKEN},
};
use sqlx::PgConnection;

use crate::database::{failed, on_constraint, one_row, word};

struct MemberRow {
    id: uuid::Uuid,
    full_name: String,
    email: String,
    role: String,
    disabled_at: Option<DateTime<Utc>>,
    joined_at: DateTime<Utc>,
    last_seen_at: Option<DateTime<Utc>>,
}

impl TryFrom<MemberRow> for Member {
    type Error = ServiceError;
    fn try_from(row: MemberRow) -> ServiceResult<Self> {
        Ok(Self {
            id: row.id.into(),
            full_name: row.full_name,
            email: row.email,
            role: word("role", &row.role)?,
            disabled_at: row.disabled_at,
            joined_at: row.joined_at,
            last_seen_at: row.last_seen_at,
        })
    }
}

/// Of the present workspace, by name; one of them with `only`.
pub async fn members(tx: &mut PgConnection, only: Option<UserId>) -> ServiceResult<Vec<Member>> {
    let rows = sqlx::query_as!(
        MemberRow,
        r#"select u.id, u.full_name, u.email, m.role::text as "role!", m.disabled_at, m.created_at as joined_at,
                  member_last_seen(m.user_id) as last_seen_at
             from memberships m join users u on u.id = m.user_id
            where $1::uuid is null or m.user_id = $1
            order by lower(u.full_name), u.id"#,
        only.map(|id| id.0)
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// How many rows were changed: none, if there is no such member.
pub async fn set_role(tx: &mut PgConnection, member: UserId, role: Role) -> ServiceResult<u64> {
    let done =
        sqlx::query!("update memberships set role = $2::text::member_role where user_id = $1", member.0, role.as_str())
            .execute(tx)
            .await
            .map_err(on_constraint("memberships_last_admin", || ServiceError::conflict(LAST_ADMIN)))?;
    Ok(done.rows_affected())
}

pub async fn set_disabled(tx: &mut PgConnection, member: UserId, at: Option<DateTime<Utc>>) -> ServiceResult<u64> {
    let done = sqlx::query!(
        "update memberships set disabled_at = case when $2::timestamptz is null then null else coalesce(disabled_at, $2) end
          where user_id = $1",
        member.0,
        at
    )
    .execute(tx)
    .await
    .map_err(on_constraint("memberships_last_admin", || ServiceError::conflict(LAST_ADMIN)))?;
    Ok(done.rows_affected())
}

pub async fn delete_member(tx: &mut PgConnection, member: UserId) -> ServiceResult<u64> {
    let done = sqlx::query!("delete from memberships where user_id = $1", member.0)
        .execute(tx)
        .await
        .map_err(on_constraint("memberships_last_admin", || ServiceError::conflict(LAST_ADMIN)))?;
    Ok(done.rows_affected())
}

/// Takes somebody's sessions out of the present workspace: into another of theirs, or to their end.
pub async fn end_sessions(tx: &mut PgConnection, member: UserId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query_scalar!("select end_member_sessions($1, $2)", member.0, at).fetch_one(tx).await.map_err(failed)?;
    Ok(())
}

/// Whoever acts, and where: what a letter says of them.
#[derive(Debug)]
pub struct Inviter {
    pub full_name: String,
    pub confirmed: bool,
    pub workspace: String,
}

pub async fn inviter(tx: &mut PgConnection, user: UserId) -> ServiceResult<Option<Inviter>> {
    let row = sqlx::query!(
        r#"select u.full_name, u.email_confirmed_at is not null as "confirmed!", w.name
             from users u cross join workspaces w where u.id = $1"#,
        user.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| Inviter { full_name: row.full_name, confirmed: row.confirmed, workspace: row.name }))
}

/// Whether somebody with the address works here and is let in.
pub async fn is_member(tx: &mut PgConnection, email: &str) -> ServiceResult<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from memberships m join users u on u.id = m.user_id
                           where u.email = $1 and m.disabled_at is null) as "found!""#,
        email
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// Until the transaction ends, the workspace's invitations are counted and sent one at a time.
pub async fn take_turns(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('invitations/' || $1::uuid::text, 0))", workspace.0)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// How many invitations the workspace has open.
pub async fn count_open(tx: &mut PgConnection, now: DateTime<Utc>) -> ServiceResult<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "open!" from invitations
            where accepted_at is null and declined_at is null and revoked_at is null and expires_at > $1"#,
        now
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// How many were sent again since then, and when the first of those was.
pub async fn resends_since(tx: &mut PgConnection, since: DateTime<Utc>) -> ServiceResult<(u32, Option<DateTime<Utc>>)> {
    let row = sqlx::query!(
        r#"select count(*) as "sent!", min(created_at) as first from invitations where is_resend and created_at > $1"#,
        since
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok((u32::try_from(row.sent).unwrap_or(u32::MAX), row.first))
}

/// An invitation to be written.
#[derive(Debug)]
pub struct NewRow<'a> {
    pub id: InvitationId,
    pub workspace: WorkspaceId,
    pub email: &'a str,
    pub role: Role,
    pub invited_by: UserId,
    pub is_resend: bool,
    pub token_hash: [u8; 32],
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_invitation(tx: &mut PgConnection, row: &NewRow<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into invitations (id, workspace_id, email, role, invited_by, is_resend, token_hash, created_at, expires_at)
         values ($1, $2, $3, $4::text::member_role, $5, $6, $7, $8, $9)",
        row.id.0,
        row.workspace.0,
        row.email,
        row.role.as_str(),
        row.invited_by.0,
        row.is_resend,
        &row.token_hash,
        row.at,
        row.expires_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Those that wait for an answer, and those that have waited in vain; newest first. One of them with `only`.
pub async fn invitations(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    only: Option<InvitationId>,
) -> ServiceResult<Vec<Invitation>> {
    let rows = sqlx::query!(
        r#"select i.id, i.email, i.role::text as "role!", u.full_name as "invited_by?", i.created_at, i.expires_at
             from invitations i left join users u on u.id = i.invited_by
            where i.accepted_at is null and i.declined_at is null and i.revoked_at is null and ($1::uuid is null or i.id = $1)
            order by i.created_at desc, i.id desc limit 500"#,
        only.map(|id| id.0)
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(Invitation {
                id: row.id.into(),
                email: row.email,
                role: word("role", &row.role)?,
                state: if row.expires_at <= now { InvitationState::Expired } else { InvitationState::Open },
                invited_by: row.invited_by,
                created_at: row.created_at,
                expires_at: row.expires_at,
            })
        })
        .collect()
}

/// Withdraws what waits for an answer: by id, or by address. How many.
pub async fn revoke_invitations(
    tx: &mut PgConnection,
    id: Option<InvitationId>,
    email: Option<&str>,
    at: DateTime<Utc>,
) -> ServiceResult<u64> {
    let done = sqlx::query!(
        "update invitations set revoked_at = $3
          where (id = $1 or email = $2) and accepted_at is null and declined_at is null and revoked_at is null",
        id.map(|id| id.0),
        email,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected())
}

/// What a link offers, and to whom.
#[derive(Debug)]
pub struct OfferRow {
    pub workspace: WorkspaceId,
    /// The account with the address.
    pub user: Option<UserId>,
    pub offer: InvitationOffer,
}

pub async fn offer(tx: &mut PgConnection, hash: &[u8; 32], at: DateTime<Utc>) -> ServiceResult<Option<OfferRow>> {
    let row = sqlx::query!(
        r#"select state as "state!", workspace_id as "workspace_id!", workspace as "workspace!", kind::text as "kind!",
                  email as "email!", role::text as "role!", invited_by, expires_at as "expires_at!", user_id
             from invitation_state($1, $2)"#,
        hash.as_slice(),
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(OfferRow {
            workspace: row.workspace_id.into(),
            user: row.user_id.map(Into::into),
            offer: InvitationOffer {
                state: word("state of an invitation", &row.state)?,
                workspace: row.workspace,
                kind: word("workspace kind", &row.kind)?,
                email: row.email,
                role: word("role", &row.role)?,
                invited_by: row.invited_by,
                expires_at: row.expires_at,
                has_account: row.user_id.is_some(),
            },
        })
    })
    .transpose()
}

/// `None` when it is not open any more, or was sent to another address.
pub async fn accept(
    tx: &mut PgConnection,
    hash: &[u8; 32],
    user: UserId,
    membership: uuid::Uuid,
    at: DateTime<Utc>,
) -> ServiceResult<Option<WorkspaceId>> {
    let workspace =
        sqlx::query_scalar!("select accept_invitation($1, $2, $3, $4)", hash.as_slice(), user.0, membership, at)
            .fetch_one(tx)
            .await
            .map_err(failed)?;
    Ok(workspace.map(Into::into))
}

/// Whether it was open.
pub async fn decline(tx: &mut PgConnection, hash: &[u8; 32], at: DateTime<Utc>) -> ServiceResult<bool> {
    let done = sqlx::query_scalar!("select decline_invitation($1, $2)", hash.as_slice(), at)
        .fetch_one(tx)
        .await
        .map_err(failed)?;
    Ok(done.unwrap_or_default())
}

/// What is set for a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsRow {
    pub name: String,
    pub slug: String,
    pub time_zone: String,
    pub undo_seconds: u16,
    pub new_accounts_active: bool,
    pub approval_policy: ApprovalPolicy,
    /// The name of its picture.
    pub logo: Option<String>,
}

/// With `hold`, nobody else changes it until the transaction ends.
pub async fn settings(tx: &mut PgConnection, workspace: WorkspaceId, hold: bool) -> ServiceResult<Option<SettingsRow>> {
    if hold {
        sqlx::query_scalar!("select id from workspaces where id = $1 for update", workspace.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(failed)?;
    }
    let row = sqlx::query!(
        r#"select name, slug, time_zone, undo_seconds, new_accounts_active, approval_policy::text as "approval_policy!", logo
             from workspaces where id = $1"#,
        workspace.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(SettingsRow {
            name: row.name,
            slug: row.slug,
            time_zone: row.time_zone,
            undo_seconds: u16::try_from(row.undo_seconds).unwrap_or_default(),
            new_accounts_active: row.new_accounts_active,
            approval_policy: word("approval policy", &row.approval_policy)?,
            logo: row.logo,
        })
    })
    .transpose()
}

/// Everything but the logo.
pub async fn set_settings(tx: &mut PgConnection, workspace: WorkspaceId, to: &SettingsRow) -> ServiceResult<()> {
    let done = sqlx::query!(
        "update workspaces set name = $2, slug = $3, time_zone = $4, undo_seconds = $5, new_accounts_active = $6,
                approval_policy = $7::text::approval_policy
          where id = $1",
        workspace.0,
        to.name,
        to.slug,
        to.time_zone,
        i16::try_from(to.undo_seconds).unwrap_or_default(),
        to.new_accounts_active,
        to.approval_policy.as_str()
    )
    .execute(tx)
    .await
    .map_err(on_constraint("workspaces_slug_key", || ServiceError::field_conflict("slug", SLUG_TAKEN)))?;
    one_row(done.rows_affected(), "workspace")
}

pub async fn set_logo(tx: &mut PgConnection, workspace: WorkspaceId, name: Option<&str>) -> ServiceResult<()> {
    let done = sqlx::query!("update workspaces set logo = $2 where id = $1", workspace.0, name)
        .execute(tx)
        .await
        .map_err(failed)?;
    one_row(done.rows_affected(), "workspace")
}

/// The zone that a workspace's days and scheduled times are meant in.
pub async fn time_zone(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<String> {
    sqlx::query_scalar!("select time_zone from workspaces where id = $1", workspace.0)
        .fetch_optional(tx)
        .await
        .map_err(failed)?
        .ok_or_else(|| ServiceError::not_found("workspace"))
}
