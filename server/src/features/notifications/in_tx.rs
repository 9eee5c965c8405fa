//! What other features may do inside their own transaction: write a letter to somebody, or say that something has happened.
//!
//! What has happened becomes letters to whoever reads such letters, and requests to webhooks that are told of it. Neither costs the
//! transaction more than a few rows, and nothing of it can fail what it tells of.

use chrono::{DateTime, Utc};
use domain::{
    AccountId, MailId, PostId, ServiceResult, UserId, WorkspaceId,
    clock::Ids,
    notifications::{Mail, NotificationEvent, WebhookEvent},
    posts::PostStatus,
};
use sqlx::PgConnection;
use uuid::Uuid;

pub use super::webhooks::events::{News, Subject, publish};
use super::{
    jobs::SendMail,
    store::{
        self,
        telling::{NewNotice, insert_notices},
    },
    telling::Tell,
};
use crate::jobs::enqueue;

/// Writes a letter in the caller's transaction: it is sent once that has committed, and exists only if it has. That it
/// cannot be sent later fails nothing.
pub async fn write(tx: &mut PgConnection, ids: &dyn Ids, now: DateTime<Utc>, mail: &Mail) -> ServiceResult<()> {
    let id = MailId(ids.next());
    store::insert_mail(tx, id, mail, now).await?;
    enqueue(tx, &SendMail { mail: id }, None).await
}

/// Has something told to whoever reads letters about it: of each workspace, what it happened to. Several within a short time are
/// told together.
pub async fn tell(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    event: NotificationEvent,
    subjects: &[(WorkspaceId, Uuid)],
) -> ServiceResult<()> {
    if subjects.is_empty() {
        return Ok(());
    }
    let notices: Vec<NewNotice> = subjects
        .iter()
        .map(|(workspace, subject)| NewNotice { id: ids.next(), workspace: *workspace, subject: *subject })
        .collect();
    insert_notices(&mut *tx, event, &notices, now).await?;
    let mut workspaces: Vec<WorkspaceId> = subjects.iter().map(|(workspace, _)| *workspace).collect();
    workspaces.sort_unstable();
    workspaces.dedup();
    for workspace in workspaces {
        let (job, at) = Tell::soon(workspace, event, now);
        enqueue(&mut *tx, &job, at).await?;
    }
    Ok(())
}

/// Posts have come to an end, or to another one, without a person's doing.
pub async fn posts_ended(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    posts: &[(WorkspaceId, PostId, PostStatus)],
) -> ServiceResult<()> {
    let bad: Vec<(WorkspaceId, Uuid)> = posts
        .iter()
        .filter(|(_, _, status)| matches!(status, PostStatus::Failed | PostStatus::PartlyPublished))
        .map(|(workspace, post, _)| (*workspace, post.0))
        .collect();
    tell(&mut *tx, ids, now, NotificationEvent::PostFailed, &bad).await?;
    posts_published(tx, ids, now, posts).await
}

/// The same where a person has seen to it, who needs no letter.
pub async fn posts_published(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    posts: &[(WorkspaceId, PostId, PostStatus)],
) -> ServiceResult<()> {
    let news: Vec<News> = posts
        .iter()
        .filter_map(|(workspace, post, status)| {
            let event = match status {
                PostStatus::Published => WebhookEvent::PostPublished,
                PostStatus::PartlyPublished => WebhookEvent::PostPartlyPublished,
                PostStatus::Failed => WebhookEvent::PostFailed,
                PostStatus::Draft
                | PostStatus::PendingApproval
                | PostStatus::Approved
                | PostStatus::Rejected
                | PostStatus::Scheduled
                | PostStatus::Publishing => return None,
            };
            Some(News { workspace: *workspace, event, subject: Subject::Post(*post) })
        })
        .collect();
    publish(tx, ids, now, &news).await
}

/// Access to an account is gone, or cannot be renewed.
pub async fn account_lost(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    workspace: WorkspaceId,
    account: AccountId,
) -> ServiceResult<()> {
    tell(&mut *tx, ids, now, NotificationEvent::ConnectionLost, &[(workspace, account.0)]).await?;
    account_changed(tx, ids, now, workspace, account, WebhookEvent::AccountLost).await
}

/// Access to an account is there, and not for everything. A letter alone: no webhook's event says it.
pub async fn account_limited(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    workspace: WorkspaceId,
    account: AccountId,
) -> ServiceResult<()> {
    tell(tx, ids, now, NotificationEvent::ConnectionLost, &[(workspace, account.0)]).await
}

/// Access to an account will end, and only a person can renew it.
pub async fn account_expiring(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    workspace: WorkspaceId,
    account: AccountId,
) -> ServiceResult<()> {
    tell(&mut *tx, ids, now, NotificationEvent::ConnectionExpiring, &[(workspace, account.0)]).await?;
    account_changed(tx, ids, now, workspace, account, WebhookEvent::AccountExpiring).await
}

/// Something else about an account, which a person has done: for webhooks alone.
pub async fn account_changed(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    workspace: WorkspaceId,
    account: AccountId,
    event: WebhookEvent,
) -> ServiceResult<()> {
    publish(tx, ids, now, &[News { workspace, event, subject: Subject::Account(account) }]).await
}

/// Somebody has taken an offered place.
pub async fn member_joined(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    workspace: WorkspaceId,
    member: UserId,
) -> ServiceResult<()> {
    tell(&mut *tx, ids, now, NotificationEvent::MemberJoined, &[(workspace, member.0)]).await?;
    publish(tx, ids, now, &[News { workspace, event: WebhookEvent::MemberJoined, subject: Subject::Member(member) }])
        .await
}

/// Somebody has another role.
pub async fn role_changed(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    workspace: WorkspaceId,
    member: UserId,
) -> ServiceResult<()> {
    tell(tx, ids, now, NotificationEvent::RoleChanged, &[(workspace, member.0)]).await
}
