//! Fulfils [`Approvals`]: what waits, and what becomes of it.
//!
//! A post that waits has nothing that could send it out: no delivery, no job. Approving it makes them, as saving it would have
//! done, from the version that was looked at; so what is published is that version and no other. The row of the post is the lock
//! here too: of two people who decide at once one is first, and the other is told what the first has done. Changing a waiting
//! post makes a new version, which waits in its place.
//!
//! The state stands with the post; `approvals` only remembers, and nothing ever changes there.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use domain::{
    Actor, ApprovalId, Page, PageRequest, PostId, ServiceError, ServiceResult,
    audit::Action,
    notifications::NotificationEvent,
    posts::{
        Approval, ApprovalFile, ApprovalPolicy, ApprovalStep, Approvals, Post, PostPatch, PostStatus, Posts, Review,
        Visibility, check_note,
    },
    workspaces::Role,
};
use serde_json::json;

use super::{
    plan::{self, Timing},
    policy, queue,
    service::{Leaving, Manner, PostService, absent, called, locked},
    store::{
        self, PostRow,
        approvals::{NewApproval, WaitingRow},
    },
};
use crate::{
    database::Tx,
    features::{
        audit::in_tx::{Entry, record},
        deliveries,
        notifications::in_tx as notifications,
    },
};

/// Lines of a post's history that are shown.
const HISTORY: i64 = 100;

/// Something that is done about the approval of a post.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted<'a> {
    pub post: PostId,
    /// What the record calls the post.
    pub name: &'a str,
    pub version: u32,
    pub step: ApprovalStep,
    pub note: Option<&'a str>,
}

/// What there is left to do for somebody who decides.
enum Open {
    /// It waits at the version that was looked at.
    Waits,
    /// Somebody has decided just so: doing it twice changes nothing.
    Done,
}

impl PostService {
    /// Adds a step to a post's history and to the record, and has it told: a request to those who may approve, a decision to
    /// the author. Every step passes here, whoever takes it and on whatever way.
    pub(super) async fn note(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        step: &Noted<'_>,
        now: DateTime<Utc>,
    ) -> ServiceResult<()> {
        let new = NewApproval {
            id: ApprovalId(self.ids.next()),
            workspace: actor.workspace_id,
            post: step.post,
            version: step.version,
            step: step.step,
            by: actor.user_id,
            note: step.note,
            at: now,
        };
        store::approvals::insert(tx, &new).await?;
        let action = match step.step {
            ApprovalStep::Requested => Action::PostApprovalRequested,
            ApprovalStep::Withdrawn => Action::PostApprovalWithdrawn,
            ApprovalStep::Approved => Action::PostApproved,
            ApprovalStep::Rejected => Action::PostRejected,
        };
        let said = match step.note {
            Some(note) => json!({ "version": step.version, "note": note }),
            None => json!({ "version": step.version }),
        };
        record(tx, Entry::by(actor, action, now).on(step.post, step.name).is(said));
        let event = match step.step {
            ApprovalStep::Requested => NotificationEvent::ApprovalRequested,
            ApprovalStep::Approved | ApprovalStep::Rejected => NotificationEvent::PostDecided,
            ApprovalStep::Withdrawn => return Ok(()),
        };
        notifications::tell(tx, self.ids.as_ref(), now, event, &[(actor.workspace_id, step.post.0)]).await
    }

    /// Looks whether a decision is still to be made, by somebody who may make it.
    async fn open(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        row: &PostRow,
        id: PostId,
        decision: &Decision<'_>,
    ) -> ServiceResult<Open> {
        if row.status != PostStatus::PendingApproval {
            let last = store::approvals::of_post(tx, actor.workspace_id, id, 1).await?.pop();
            return match last {
                Some(last) if decision.is_done(row, &last) => Ok(Open::Done),
                last => Err(ServiceError::conflict(too_late(row.status, last.as_ref()))),
            };
        }
        if let Some(version) = decision.version.filter(|version| *version != row.version) {
            return Err(if version > row.version {
                ServiceError::field("version", format!("This post has no version {version}."))
            } else {
                ServiceError::conflict(format!(
                    "It has been changed since: version {} waits now. Look at it before you decide.",
                    row.version
                ))
            });
        }
        let waiting = store::approvals::waiting_for(tx, actor.workspace_id, &[id]).await?.remove(&id);
        let waiting = waiting.ok_or_else(absent)?;
        let rules = store::approvals::policy(tx, actor.workspace_id).await?;
        policy::decide(actor, rules, row.author.id, waiting.writer)?;
        Ok(Open::Waits)
    }

    async fn reviews(&self, tx: &mut Tx, actor: &Actor, ids: &[PostId]) -> ServiceResult<Vec<Review>> {
        let rules = store::approvals::policy_now(tx, actor.workspace_id).await?;
        let mut waiting = store::approvals::waiting_for(tx, actor.workspace_id, ids).await?;
        let now = self.clock.now();
        let mut reviews = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(row) = waiting.remove(id) else { continue };
            let post = self.load(tx, actor, *id).await?;
            reviews.push(review(post, row, rules, actor, now));
        }
        Ok(reviews)
    }
}

/// What somebody has decided.
struct Decision<'a> {
    step: ApprovalStep,
    version: Option<u32>,
    note: Option<&'a str>,
}

impl Decision<'_> {
    /// Whether the last step is just this decision about the version the post is at, and nothing has come between.
    fn is_done(&self, row: &PostRow, last: &Approval) -> bool {
        let stands = match self.step {
            ApprovalStep::Approved => row.status != PostStatus::Draft,
            _ => row.status == PostStatus::Rejected,
        };
        stands
            && last.step == self.step
            && last.version == row.version
            && self.version.is_none_or(|version| version == row.version)
            && last.note.as_deref() == self.note
    }
}

/// What has happened to a post that does not wait any more.
fn too_late(status: PostStatus, last: Option<&Approval>) -> String {
    match last {
        Some(last) => match last.step {
            ApprovalStep::Approved if status == PostStatus::Draft => {
                "It was taken back after it had been approved.".to_owned()
            }
            ApprovalStep::Approved => format!("{} has approved version {} already.", last.by.name, last.version),
            ApprovalStep::Rejected => format!("{} has rejected version {} already.", last.by.name, last.version),
            ApprovalStep::Withdrawn => format!("{} has taken the request back.", last.by.name),
            ApprovalStep::Requested => "This post does not wait for approval any more.".to_owned(),
        },
        None => "Nobody has asked for approval of this post.".to_owned(),
    }
}

fn review(post: Post, row: WaitingRow, rules: ApprovalPolicy, actor: &Actor, now: DateTime<Utc>) -> Review {
    let why_not = rules.why_not(actor.role, actor.user_id, post.author.id, row.writer);
    Review {
        overdue: post.visibility == Visibility::Scheduled && post.scheduled_at.is_some_and(|at| at <= now),
        asked_by: row.asked_by,
        asked_at: row.asked_at,
        approved_version: row.approved_version,
        may_decide: why_not.is_none(),
        why_not: why_not.map(|why| why.words().to_owned()),
        post,
    }
}

/// When an approved post goes out: at its time, or, where that has passed or it has none, when its undo window is over.
fn moment(row: &PostRow, undo_seconds: u16, now: DateTime<Utc>) -> Timing {
    match (row.visibility, row.scheduled_at, row.scheduled_local, &row.time_zone) {
        (Visibility::Scheduled, Some(at), Some(local), Some(zone)) if at > now => {
            Timing::Scheduled { at, local, zone: zone.clone() }
        }
        _ => Timing::At(now + Duration::seconds(i64::from(undo_seconds))),
    }
}

#[async_trait]
impl Approvals for PostService {
    async fn waiting(&self, actor: &Actor, page: PageRequest) -> ServiceResult<Page<Review>> {
        policy::read(actor)?;
        let window = page.window()?;
        if window.cursor.is_some() {
            // What is due first changes while one reads: there is no place behind the last one.
            return Err(ServiceError::field("cursor", "This list goes by offset."));
        }
        let mut tx = self.database.read(actor).await?;
        let (limit, offset) = (i64::from(window.limit), i64::from(window.offset));
        let ids = store::approvals::waiting(&mut tx, actor.workspace_id, limit, offset).await?;
        let total = store::approvals::count(&mut tx, actor.workspace_id, None).await?;
        let items = self.reviews(&mut tx, actor, &ids).await?;
        Ok(Page { items, total, limit: window.limit, offset: window.offset, next_cursor: None })
    }

    async fn awaited(&self, actor: &Actor) -> ServiceResult<u64> {
        policy::read(actor)?;
        if actor.role < Role::Editor {
            return Ok(0);
        }
        let mut tx = self.database.read(actor).await?;
        let but = match store::approvals::policy_now(&mut tx, actor.workspace_id).await? {
            ApprovalPolicy::Members => None,
            ApprovalPolicy::Everybody => Some(actor.user_id),
        };
        let waiting = store::approvals::count(&mut tx, actor.workspace_id, but).await?;
        Ok(u64::try_from(waiting).unwrap_or_default())
    }

    async fn file(&self, actor: &Actor, id: PostId) -> ServiceResult<ApprovalFile> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let post = self.load(&mut tx, actor, id).await?;
        let approvals = store::approvals::of_post(&mut tx, actor.workspace_id, id, HISTORY).await?;
        let review = self.reviews(&mut tx, actor, &[id]).await?.pop();
        Ok(ApprovalFile { post, approvals, review })
    }

    async fn submit(&self, actor: &Actor, id: PostId) -> ServiceResult<Post> {
        policy::draft(actor)?;
        let mut tx = self.database.read(actor).await?;
        let row = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        policy::change(actor, row.author.id)?;
        let visibility = match row.status {
            // Twice is no mistake.
            PostStatus::PendingApproval => return self.load(&mut tx, actor, id).await,
            PostStatus::Draft | PostStatus::Rejected if row.visibility == Visibility::Scheduled => row.visibility,
            PostStatus::Draft | PostStatus::Rejected | PostStatus::Failed | PostStatus::PartlyPublished => {
                Visibility::Public
            }
            PostStatus::Approved | PostStatus::Scheduled | PostStatus::Publishing | PostStatus::Published => {
                return Err(ServiceError::conflict("This post is on its way or out, so it needs no approval."));
            }
        };
        drop(tx);
        let patch = PostPatch { visibility: Some(visibility), version: Some(row.version), ..PostPatch::default() };
        self.change(actor, id, patch, Manner { asks: true, ..Manner::default() }).await
    }

    async fn withdraw(&self, actor: &Actor, id: PostId) -> ServiceResult<Post> {
        self.undo(actor, id).await
    }

    async fn approve(&self, actor: &Actor, id: PostId, version: Option<u32>) -> ServiceResult<Post> {
        policy::review(actor)?;
        let accounts = plan::connected(self.accounts.as_ref(), actor).await?;
        let creators = self.creators(actor, true).await?;
        let mut tx = self.database.tenant(actor).await?;
        let row = locked(&mut tx, actor, id).await?;
        let decision = Decision { step: ApprovalStep::Approved, version, note: None };
        if let Open::Done = self.open(&mut tx, actor, &row, id, &decision).await? {
            return self.load(&mut tx, actor, id).await;
        }
        let now = self.clock.now();
        let timing = moment(&row, store::undo_seconds(&mut tx, actor.workspace_id).await?, now);
        // What saving asks is asked again: accounts and media may have changed since.
        let media = store::media_of(&mut tx, row.version_id).await?;
        let pictures = self.pictures(&mut tx, actor, &media).await?;
        let chosen = if row.chosen_accounts { Some(store::targets_of(&mut tx, id).await?) } else { None };
        let taken = deliveries::in_tx::taken(&mut tx, id).await?;
        let mut targets = plan::targets(chosen.as_deref(), &accounts, &taken)?;
        plan::with_creators(&mut targets, creators);
        plan::preflight(&row.content, &pictures, &targets)?;

        queue::release_unless(&mut tx, actor.workspace_id, id, &timing).await?;
        let (status, at) = (timing.status(), timing.publishes_at());
        store::approvals::decide(&mut tx, actor.workspace_id, id, row.version, status, at).await?;
        let chosen = chosen.as_deref();
        let (version, content, has_media) = (row.version_id, &row.content, !media.is_empty());
        let leaving = Leaving { post: id, version, chosen, content, has_media, timing: &timing };
        self.send(&mut tx, actor, &leaving, now).await?;
        let name = called(row.title.as_deref(), &row.content.body);
        let step = Noted { post: id, name: &name, version: row.version, step: decision.step, note: None };
        self.note(&mut tx, actor, &step, now).await?;
        let post = self.load(&mut tx, actor, id).await?;
        tx.commit().await?;
        Ok(post)
    }

    async fn reject(&self, actor: &Actor, id: PostId, version: Option<u32>, note: String) -> ServiceResult<Post> {
        policy::review(actor)?;
        let note = check_note(&note)?;
        let mut tx = self.database.tenant(actor).await?;
        let row = locked(&mut tx, actor, id).await?;
        let decision = Decision { step: ApprovalStep::Rejected, version, note: Some(&note) };
        if let Open::Done = self.open(&mut tx, actor, &row, id, &decision).await? {
            return self.load(&mut tx, actor, id).await;
        }
        let now = self.clock.now();
        queue::release_unless(&mut tx, actor.workspace_id, id, &Timing::Never).await?;
        let status = PostStatus::Rejected;
        store::approvals::decide(&mut tx, actor.workspace_id, id, row.version, status, None).await?;
        let name = called(row.title.as_deref(), &row.content.body);
        let step = Noted { post: id, name: &name, version: row.version, step: decision.step, note: decision.note };
        self.note(&mut tx, actor, &step, now).await?;
        let post = self.load(&mut tx, actor, id).await?;
        tx.commit().await?;
        Ok(post)
    }
}
