//! From what has happened to the letters that tell of it.
//!
//! What happened stands in `notices_waiting`, written with it. A job takes what waits for one event in one workspace, looks how things
//! stand by now (what was mended meanwhile is not told), and writes each reader one letter, in one transaction: a job that runs
//! twice finds nothing the second time.

use chrono::{DateTime, Utc};
use domain::{
    ServiceResult, UserId, WorkspaceId,
    notifications::{Happened, JoinedMember, Letter, Mail, NotificationEvent, Subscriber, TOLD_AT_ONCE},
    workspaces::Role,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    in_tx,
    store::telling::{self as store, Reader},
};
use crate::jobs::{Job, JobContext};

/// Something waits to be told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Tell {
    pub workspace: WorkspaceId,
    pub event: NotificationEvent,
    /// The end of the time in which it is gathered, seconds since 1970: jobs for one end are one. Another one's would put this off.
    pub until: i64,
}

impl Tell {
    /// The job for what happens now, and when it runs; `None` for at once.
    pub(super) fn soon(
        workspace: WorkspaceId,
        event: NotificationEvent,
        now: DateTime<Utc>,
    ) -> (Self, Option<DateTime<Utc>>) {
        let span = event.gathered_for().num_seconds();
        if span <= 0 {
            return (Self { workspace, event, until: now.timestamp() }, None);
        }
        // Spans begin where the clock says, so that what happens all the time does not wait for ever.
        let until = (now.timestamp().div_euclid(span) + 1) * span;
        (Self { workspace, event, until }, DateTime::from_timestamp(until, 0))
    }
}

impl Job for Tell {
    const TASK: &'static str = "notifications_tell";

    fn key(&self) -> Option<String> {
        Some(format!("tell:{}:{}:{}", self.workspace, self.event, self.until))
    }
}

/// Writes the letters.
pub async fn tell(context: JobContext, job: Tell) -> ServiceResult<()> {
    let now = context.clock.now();
    let mut tx = context.db.worker().await?;
    let subjects = store::take_notices(&mut tx, job.workspace, job.event).await?;
    if subjects.is_empty() {
        return Ok(());
    }
    let readers = store::readers(&mut tx, job.workspace, job.event).await?;
    let Some(workspace) = store::workspace_name(&mut tx, job.workspace).await? else { return tx.commit().await };
    let news = News::gather(&mut tx, job.workspace, job.event, &subjects, now).await?;
    for reader in readers {
        let Some(what) = news.for_reader(&reader) else { continue };
        let to = Subscriber { user: reader.user, workspace: job.workspace };
        let letter = Letter::Event { name: reader.name, workspace: workspace.clone(), to, what };
        in_tx::write(&mut tx, context.ids.as_ref(), now, &Mail { to: reader.email, letter }).await?;
    }
    tx.commit().await
}

/// A thing and the person whom it concerns beside the admins.
type Concerning<T> = Vec<(Option<UserId>, T)>;

/// What happened, as it stands by now.
enum News {
    Posts(Concerning<domain::notifications::FailedPost>),
    Waiting(Concerning<domain::notifications::WaitingPost>),
    Decided(Vec<store::Decided>),
    Lost(Concerning<domain::notifications::LostAccount>),
    Ending(Concerning<domain::notifications::EndingAccount>),
    Joined(Vec<(UserId, JoinedMember)>),
    Roles(Vec<(UserId, Role)>),
    Webhooks(Vec<domain::notifications::StoppedWebhook>),
}

impl News {
    async fn gather(
        tx: &mut PgConnection,
        workspace: WorkspaceId,
        event: NotificationEvent,
        subjects: &[Uuid],
        now: DateTime<Utc>,
    ) -> ServiceResult<Self> {
        Ok(match event {
            NotificationEvent::PostFailed => Self::Posts(store::failed_posts(tx, subjects).await?),
            NotificationEvent::ApprovalRequested => Self::Waiting(store::waiting_posts(tx, subjects).await?),
            NotificationEvent::PostDecided => Self::Decided(store::decided_posts(tx, subjects).await?),
            NotificationEvent::ConnectionLost => {
                let rows = store::accounts(tx, subjects).await?;
                Self::Lost(rows.into_iter().filter_map(|row| Some((row.connected_by, row.lost()?))).collect())
            }
            NotificationEvent::ConnectionExpiring => {
                let rows = store::accounts(tx, subjects).await?;
                Self::Ending(rows.into_iter().filter_map(|row| Some((row.connected_by, row.ending(now)?))).collect())
            }
            NotificationEvent::MemberJoined => {
                let rows = store::members(tx, workspace, subjects).await?;
                Self::Joined(rows.into_iter().map(|(id, name, role)| (id, JoinedMember { name, role })).collect())
            }
            NotificationEvent::RoleChanged => {
                let rows = store::members(tx, workspace, subjects).await?;
                Self::Roles(rows.into_iter().map(|(id, _, role)| (id, role)).collect())
            }
            NotificationEvent::WebhookDisabled => Self::Webhooks(store::stopped_webhooks(tx, subjects).await?),
        })
    }

    /// What a letter to somebody says, if it says anything.
    fn for_reader(&self, reader: &Reader) -> Option<Happened> {
        match self {
            Self::Posts(posts) => some(concerning(posts, reader), |posts, more| Happened::PostsFailed { posts, more }),
            Self::Waiting(posts) => {
                // Whoever asked knows.
                let others =
                    posts.iter().filter(|(asker, _)| reader.role >= Role::Editor && *asker != Some(reader.user));
                let others = others.map(|(_, post)| post.clone()).collect();
                some(others, |posts, more| Happened::ApprovalsRequested { posts, more })
            }
            Self::Decided(posts) => {
                let theirs = posts.iter().filter(|(author, by, _)| *author == Some(reader.user) && by != author);
                let theirs = theirs.map(|(_, _, post)| post.clone()).collect();
                some(theirs, |posts, more| Happened::PostsDecided { posts, more })
            }
            Self::Lost(lost) => {
                some(concerning(lost, reader), |accounts, more| Happened::ConnectionsLost { accounts, more })
            }
            Self::Ending(ending) => {
                some(concerning(ending, reader), |accounts, more| Happened::ConnectionsExpiring { accounts, more })
            }
            Self::Joined(members) => {
                let others = members.iter().filter(|(id, _)| is_admin(reader) && *id != reader.user);
                let others = others.map(|(_, member)| member.clone()).collect();
                some(others, |members, more| Happened::MembersJoined { members, more })
            }
            Self::Roles(roles) => {
                let own = roles.iter().find(|(id, _)| *id == reader.user);
                own.map(|(_, role)| Happened::RoleChanged { role: *role })
            }
            Self::Webhooks(webhooks) => {
                let told = is_admin(reader) && !webhooks.is_empty();
                told.then(|| Happened::WebhooksDisabled { webhooks: webhooks.clone() })
            }
        }
    }
}

fn is_admin(reader: &Reader) -> bool {
    reader.role >= Role::Admin
}

/// Everything for an admin; for others what they have written or connected.
fn concerning<T: Clone>(things: &Concerning<T>, reader: &Reader) -> Vec<T> {
    let theirs = things.iter().filter(|(whose, _)| is_admin(reader) || *whose == Some(reader.user));
    theirs.map(|(_, thing)| thing.clone()).collect()
}

/// The first of them and the number of the others; nothing of none.
fn some<T>(mut things: Vec<T>, happened: impl FnOnce(Vec<T>, u32) -> Happened) -> Option<Happened> {
    if things.is_empty() {
        return None;
    }
    let more = things.len().saturating_sub(TOLD_AT_ONCE);
    things.truncate(TOLD_AT_ONCE);
    Some(happened(things, u32::try_from(more).unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What happens within a span is told at its end, and never later than the span is long.
        #[test]
        fn nothing_waits_longer_than_it_is_gathered(seconds in 0_i64..4_000_000_000, event in 0..NotificationEvent::ALL.len()) {
            let event = NotificationEvent::ALL[event];
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            let (job, at) = Tell::soon(WorkspaceId(Uuid::nil()), event, now);
            match at {
                None => prop_assert!(event.gathered_for().is_zero()),
                Some(at) => {
                    prop_assert!(now < at && at <= now + event.gathered_for());
                    let (last, _) = Tell::soon(WorkspaceId(Uuid::nil()), event, at - chrono::Duration::seconds(1));
                    prop_assert_eq!(last.key(), job.key());
                }
            }
        }
    }

    #[test]
    fn a_letter_tells_of_ten_and_counts_the_others() {
        let told = |n: usize| {
            some((0..n).collect(), |things, more| {
                assert_eq!(things.len(), n.min(TOLD_AT_ONCE));
                Happened::MembersJoined { members: Vec::new(), more }
            })
        };
        assert_eq!(told(0), None);
        assert_eq!(told(10), Some(Happened::MembersJoined { members: Vec::new(), more: 0 }));
        assert_eq!(told(13), Some(Happened::MembersJoined { members: Vec::new(), more: 3 }));
    }
}
