//! The SQL of approvals.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    ApprovalId, PostId, ServiceError, ServiceResult, UserId, WorkspaceId,
    posts::{Approval, ApprovalPolicy, ApprovalStep, PostStatus},
    workspaces::Person,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::person;
use crate::database::{failed, one_row, word};

/// Whose posts wait. Held until the transaction ends: whoever changes it waits for what is saved under it.
pub async fn policy(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<ApprovalPolicy> {
    let found = sqlx::query_scalar!(
        r#"select approval_policy::text as "policy!" from workspaces where id = $1 for key share"#,
        workspace.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?
    .ok_or_else(|| ServiceError::not_found("workspace"))?;
    word("approval policy", &found)
}

/// The same, for looking only.
pub async fn policy_now(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<ApprovalPolicy> {
    let found =
        sqlx::query_scalar!(r#"select approval_policy::text as "policy!" from workspaces where id = $1"#, workspace.0)
            .fetch_optional(tx)
            .await
            .map_err(failed)?
            .ok_or_else(|| ServiceError::not_found("workspace"))?;
    word("approval policy", &found)
}

/// A line to add to a post's history.
#[derive(Clone, Copy, Debug)]
pub struct NewApproval<'a> {
    pub id: ApprovalId,
    pub workspace: WorkspaceId,
    pub post: PostId,
    pub version: u32,
    pub step: ApprovalStep,
    pub by: UserId,
    pub note: Option<&'a str>,
    pub at: DateTime<Utc>,
}

pub async fn insert(tx: &mut PgConnection, new: &NewApproval<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into approvals (id, workspace_id, post_id, version, step, actor_id, note, created_at)
         values ($1, $2, $3, $4, $5::text::approval_step, $6, $7, $8)",
        new.id.0,
        new.workspace.0,
        new.post.0,
        i32::try_from(new.version).map_err(ServiceError::internal)?,
        new.step.as_str(),
        new.by.0,
        new.note,
        new.at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The newest lines of a post's history, newest first.
pub async fn of_post(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    limit: i64,
) -> ServiceResult<Vec<Approval>> {
    let rows = sqlx::query!(
        r#"select a.version, a.step::text as "step!", a.actor_id, u.full_name as "name?", a.note, a.created_at
             from approvals a left join users u on u.id = a.actor_id
            where a.workspace_id = $1 and a.post_id = $2
            order by a.created_at desc, a.id desc limit $3"#,
        workspace.0,
        post.0,
        limit
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(Approval {
                step: word("approval step", &row.step)?,
                version: row.version.unsigned_abs(),
                by: person(row.actor_id, row.name),
                note: row.note,
                at: row.created_at,
            })
        })
        .collect()
}

/// What there is to know of a post that waits, beside the post.
#[derive(Clone, Debug)]
pub struct WaitingRow {
    pub asked_by: Person,
    pub asked_at: DateTime<Utc>,
    /// Who wrote the version that waits.
    pub writer: UserId,
    pub approved_version: Option<u32>,
}

/// How these posts wait; those that do not are left out. The version to compare with is the last that was approved, or that any
/// account has taken.
pub async fn waiting_for(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    posts: &[PostId],
) -> ServiceResult<HashMap<PostId, WaitingRow>> {
    let ids: Vec<Uuid> = posts.iter().map(|post| post.0).collect();
    let rows = sqlx::query!(
        r#"select p.id as "id!", v.created_by as "writer?", coalesce(r.actor_id, p.author_id) as "asked_by?",
                  u.full_name as "name?", coalesce(r.created_at, p.updated_at) as "asked_at!",
                  greatest((select max(a.version) from approvals a
                             where a.post_id = p.id and a.step = 'approved' and a.version < p.current_version),
                           (select max(o.number) from deliveries d join post_versions o on o.id = d.post_version_id
                             where d.post_id = p.id and d.status = 'success' and o.number < p.current_version)) as approved_version
             from posts p
             join post_versions v on v.post_id = p.id and v.number = p.current_version
             left join lateral (select a.actor_id, a.created_at from approvals a
                                 where a.post_id = p.id and a.step = 'requested'
                                 order by a.created_at desc, a.id desc limit 1) r on true
             left join users u on u.id = coalesce(r.actor_id, p.author_id)
            where p.workspace_id = $1 and p.id = any($2) and p.status = 'pending_approval' and p.deleted_at is null"#,
        workspace.0,
        &ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let waiting = WaitingRow {
                asked_by: person(row.asked_by, row.name),
                asked_at: row.asked_at,
                writer: UserId(row.writer.unwrap_or_default()),
                approved_version: row.approved_version.map(i32::unsigned_abs),
            };
            (PostId(row.id), waiting)
        })
        .collect())
}

/// Posts that wait, due first: by their time, or by when they were asked for where they are to go out at once.
pub async fn waiting(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    limit: i64,
    offset: i64,
) -> ServiceResult<Vec<PostId>> {
    let ids = sqlx::query_scalar!(
        "select p.id
           from posts p
           left join lateral (select a.created_at from approvals a where a.post_id = p.id and a.step = 'requested'
                               order by a.created_at desc, a.id desc limit 1) r on true
          where p.workspace_id = $1 and p.status = 'pending_approval' and p.deleted_at is null
          order by coalesce(p.publishes_at, r.created_at, p.created_at), p.id limit $2 offset $3",
        workspace.0,
        limit,
        offset
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(ids.into_iter().map(PostId).collect())
}

/// How many wait; with `but`, of those that neither were begun by this person nor stand at a version of theirs.
pub async fn count(tx: &mut PgConnection, workspace: WorkspaceId, but: Option<UserId>) -> ServiceResult<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "waiting!"
             from posts p join post_versions v on v.post_id = p.id and v.number = p.current_version
            where p.workspace_id = $1 and p.status = 'pending_approval' and p.deleted_at is null
              and ($2::uuid is null or (p.author_id is distinct from $2 and v.created_by is distinct from $2))"#,
        workspace.0,
        but.map(|user| user.0)
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// Ends the waiting of a post that is at this version, in a state and with the moment at which it goes out.
pub async fn decide(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    version: u32,
    status: PostStatus,
    publishes_at: Option<DateTime<Utc>>,
) -> ServiceResult<()> {
    let done = sqlx::query!(
        "update posts set status = $4::text::post_status, publishes_at = $5
          where workspace_id = $1 and id = $2 and current_version = $3 and status = 'pending_approval' and deleted_at is null",
        workspace.0,
        id.0,
        i32::try_from(version).map_err(ServiceError::internal)?,
        status.as_str(),
        publishes_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "post")
}
