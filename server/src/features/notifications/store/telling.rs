//! The SQL of what is told by letter: what waits to be told, to whom, and how it stands by then.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    AccountId, PostId, ServiceResult, UserId, WorkspaceId,
    accounts::AccountStatus,
    notifications::{
        DecidedPost, EndingAccount, FailedAccount, FailedPost, LostAccount, NotificationEvent, StoppedWebhook,
        WaitingPost,
    },
    workspaces::Role,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::database::{failed, word};

/// Of one post so many failures are read; no workspace has nearly as many accounts.
const MOST_FAILURES: i64 = 1000;

/// Something to be told.
#[derive(Clone, Copy, Debug)]
pub struct NewNotice {
    pub id: Uuid,
    pub workspace: WorkspaceId,
    pub subject: Uuid,
}

pub async fn insert_notices(
    tx: &mut PgConnection,
    event: NotificationEvent,
    notices: &[NewNotice],
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    let ids: Vec<Uuid> = notices.iter().map(|notice| notice.id).collect();
    let workspaces: Vec<Uuid> = notices.iter().map(|notice| notice.workspace.0).collect();
    let subjects: Vec<Uuid> = notices.iter().map(|notice| notice.subject).collect();
    sqlx::query!(
        "insert into notices_waiting (id, workspace_id, event, subject_id, created_at)
         select id, workspace, $4, subject, $5 from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as n (id, workspace, subject)",
        &ids,
        &workspaces,
        &subjects,
        event.as_str(),
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Takes all that waits, each subject once. Of two who take at the same time one gets it.
pub async fn take_notices(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    event: NotificationEvent,
) -> ServiceResult<Vec<Uuid>> {
    let mut subjects = sqlx::query_scalar!(
        "delete from notices_waiting where workspace_id = $1 and event = $2 returning subject_id",
        workspace.0,
        event.as_str()
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    // Ids grow with time: the oldest comes first.
    subjects.sort_unstable();
    subjects.dedup();
    Ok(subjects)
}

/// Somebody a letter may go to.
#[derive(Clone, Debug)]
pub struct Reader {
    pub user: UserId,
    pub email: String,
    pub name: String,
    pub role: Role,
}

/// The members of a workspace who read letters about an event: active, with a confirmed address, and not by their own choice
/// without. Nobody of a workspace that is closed.
pub async fn readers(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    event: NotificationEvent,
) -> ServiceResult<Vec<Reader>> {
    let rows = sqlx::query!(
        r#"select u.id, u.email, u.full_name, m.role::text as "role!"
             from memberships m
             join users u on u.id = m.user_id and u.is_active and u.email_confirmed_at is not null
             join workspaces w on w.id = m.workspace_id and w.closed_at is null
            where m.workspace_id = $1 and m.disabled_at is null
              and not exists (select from notification_preferences p
                               where p.workspace_id = m.workspace_id and p.user_id = m.user_id and p.event = $2 and not p.email)
            order by u.email"#,
        workspace.0,
        event.as_str()
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(Reader { user: row.id.into(), email: row.email, name: row.full_name, role: word("role", &row.role)? })
        })
        .collect()
}

pub async fn workspace_name(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<Option<String>> {
    sqlx::query_scalar!("select name from workspaces where id = $1", workspace.0)
        .fetch_optional(tx)
        .await
        .map_err(failed)
}

/// Of these posts those that have failed, also in part, as they stand now; with their authors, in the order of their ids.
pub async fn failed_posts(tx: &mut PgConnection, posts: &[Uuid]) -> ServiceResult<Vec<(Option<UserId>, FailedPost)>> {
    let rows = sqlx::query!(
        r#"select p.id, p.author_id, coalesce(nullif(p.title, ''), left(v.body, 200)) as "title!",
                  (select count(distinct d.account_id) from deliveries d where d.post_id = p.id and d.status = 'success') as "published!"
             from posts p join post_versions v on v.post_id = p.id and v.number = p.current_version
            where p.id = any($1) and p.deleted_at is null and p.status in ('failed', 'partly_published')
            order by p.id"#,
        posts
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;
    let mut accounts = failures(tx, posts).await?;
    let found = rows.into_iter().map(|row| {
        let id = PostId(row.id);
        let post = FailedPost {
            id,
            title: row.title,
            published: u32::try_from(row.published).unwrap_or(u32::MAX),
            accounts: accounts.remove(&id).unwrap_or_default(),
        };
        (row.author_id.map(UserId), post)
    });
    Ok(found.collect())
}

/// Of these posts those that wait for approval by now, with who asked last, in the order of their ids.
pub async fn waiting_posts(tx: &mut PgConnection, posts: &[Uuid]) -> ServiceResult<Vec<(Option<UserId>, WaitingPost)>> {
    let rows = sqlx::query!(
        r#"select p.id, coalesce(nullif(p.title, ''), left(v.body, 200)) as "title!", asked.actor_id as "asked_by?",
                  coalesce(u.full_name, '') as "name!"
             from posts p join post_versions v on v.post_id = p.id and v.number = p.current_version
             left join lateral (select a.actor_id from approvals a where a.post_id = p.id and a.step = 'requested'
                                 order by a.created_at desc, a.id desc limit 1) asked on true
             left join users u on u.id = asked.actor_id
            where p.id = any($1) and p.deleted_at is null and p.status = 'pending_approval'
            order by p.id"#,
        posts
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let found = rows.into_iter().map(|row| {
        (row.asked_by.map(UserId), WaitingPost { id: PostId(row.id), title: row.title, asked_by: row.name })
    });
    Ok(found.collect())
}

/// Somebody's word on a post: the author, who gave it, and what it was.
pub type Decided = (Option<UserId>, Option<UserId>, DecidedPost);

/// Of these posts those on which somebody decided last, in the order of their ids.
pub async fn decided_posts(tx: &mut PgConnection, posts: &[Uuid]) -> ServiceResult<Vec<Decided>> {
    let rows = sqlx::query!(
        r#"select p.id, p.author_id, coalesce(nullif(p.title, ''), left(v.body, 200)) as "title!", last.actor_id as "by?",
                  coalesce(u.full_name, '') as "name!", last.note as "note?"
             from posts p join post_versions v on v.post_id = p.id and v.number = p.current_version
             join lateral (select a.actor_id, a.step, a.note from approvals a where a.post_id = p.id
                            order by a.created_at desc, a.id desc limit 1) last on last.step in ('approved', 'rejected')
             left join users u on u.id = last.actor_id
            where p.id = any($1) and p.deleted_at is null
            order by p.id"#,
        posts
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let found = rows.into_iter().map(|row| {
        let post = DecidedPost { id: PostId(row.id), title: row.title, by: row.name, note: row.note };
        (row.author_id.map(UserId), row.by.map(UserId), post)
    });
    Ok(found.collect())
}

async fn failures(tx: &mut PgConnection, posts: &[Uuid]) -> ServiceResult<HashMap<PostId, Vec<FailedAccount>>> {
    let rows = sqlx::query!(
        r#"select d.post_id, a.display_name, d.platform::text as "platform!", coalesce(d.last_error, '') as "reason!", d.needs_person
             from deliveries d join accounts a on a.id = d.account_id
            where d.post_id = any($1) and d.status = 'failed'
            order by d.post_id, lower(a.display_name), d.id limit $2"#,
        posts,
        MOST_FAILURES
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let mut found: HashMap<PostId, Vec<FailedAccount>> = HashMap::new();
    for row in rows {
        found.entry(row.post_id.into()).or_default().push(FailedAccount {
            name: row.display_name,
            platform: word("platform", &row.platform)?,
            reason: row.reason,
            needs_person: row.needs_person,
        });
    }
    Ok(found)
}

/// An account as letters and webhooks tell of it.
#[derive(Clone, Debug)]
pub struct AccountRow {
    pub id: AccountId,
    pub name: String,
    pub handle: Option<String>,
    pub platform: domain::Platform,
    pub status: AccountStatus,
    pub reason: Option<String>,
    pub connected_by: Option<UserId>,
    pub ends_at: Option<DateTime<Utc>>,
}

impl AccountRow {
    /// If a person must reconnect it, or should because it is connected and not for everything.
    pub fn lost(&self) -> Option<LostAccount> {
        let limited = self.status == AccountStatus::Connected && self.reason.is_some();
        let gone = matches!(self.status, AccountStatus::ReconnectRequired | AccountStatus::Failed);
        (gone || limited).then(|| LostAccount {
            id: self.id,
            name: self.name.clone(),
            platform: self.platform,
            reason: self.reason.clone().unwrap_or_default(),
            limited,
        })
    }

    /// If access to it ends after this moment.
    pub fn ending(&self, now: DateTime<Utc>) -> Option<EndingAccount> {
        let ends_at = self.ends_at.filter(|at| *at > now)?;
        matches!(self.status, AccountStatus::Connected | AccountStatus::Failed).then(|| EndingAccount {
            id: self.id,
            name: self.name.clone(),
            platform: self.platform,
            ends_at,
        })
    }
}

/// These accounts, by name.
pub async fn accounts(tx: &mut PgConnection, accounts: &[Uuid]) -> ServiceResult<Vec<AccountRow>> {
    let rows = sqlx::query!(
        r#"select id, display_name, handle, platform::text as "platform!", status::text as "status!", status_reason, connected_by,
                  token_expires_at
             from accounts where id = any($1) order by lower(display_name), id"#,
        accounts
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(AccountRow {
                id: row.id.into(),
                name: row.display_name,
                handle: row.handle,
                platform: word("platform", &row.platform)?,
                status: word("account status", &row.status)?,
                reason: row.status_reason,
                connected_by: row.connected_by.map(UserId),
                ends_at: row.token_expires_at,
            })
        })
        .collect()
}

/// Members by their ids, whether or not they read letters; who has left meanwhile is not among them.
pub async fn members(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    users: &[Uuid],
) -> ServiceResult<Vec<(UserId, String, Role)>> {
    let rows = sqlx::query!(
        r#"select u.id, u.full_name, m.role::text as "role!" from memberships m join users u on u.id = m.user_id
            where m.workspace_id = $1 and m.user_id = any($2) order by lower(u.full_name), u.id"#,
        workspace.0,
        users
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter().map(|row| Ok((row.id.into(), row.full_name, word("role", &row.role)?))).collect()
}

/// Of these webhooks those that are off by themselves, as it stands now.
pub async fn stopped_webhooks(tx: &mut PgConnection, webhooks: &[Uuid]) -> ServiceResult<Vec<StoppedWebhook>> {
    let rows = sqlx::query!(
        r#"select id, url, off_because = 'gone' as "gone!" from webhooks
            where id = any($1) and off_because in ('gone', 'failing') order by url, id"#,
        webhooks
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| StoppedWebhook { id: row.id.into(), url: row.url, gone: row.gone }).collect())
}
