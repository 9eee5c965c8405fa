//! Changing a post: a new version, made of the one before and what a patch says.

use domain::{
    AccountId, Actor, MediaId, PostId, ServiceError, ServiceResult,
    audit::Action,
    posts::{ApprovalStep, NewPost, Post, PostPatch, PostStatus, Targets, Visibility},
};

use super::{
    PostService, called, locked,
    saving::{Known, Place},
    told,
};
use crate::features::{
    audit::in_tx::{Entry, record},
    deliveries,
    posts::{
        approvals::Noted,
        plan, policy, queue,
        store::{self, Advance, Meant, PostRow},
    },
};

/// What a change is beside its words.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::features::posts) struct Manner {
    /// The version that is brought back with it.
    pub restored_from: Option<u32>,
    /// Whether it asks for approval, whoever makes it.
    pub asks: bool,
}

impl PostService {
    /// Makes a new version with what a patch says. It waits for approval where it would go out and whoever makes it may not
    /// publish, or where the one before waits and nothing is said about when it goes out.
    pub(in crate::features::posts) async fn change(
        &self,
        actor: &Actor,
        id: PostId,
        patch: PostPatch,
        manner: Manner,
    ) -> ServiceResult<Post> {
        policy::draft(actor)?;
        let accounts = plan::connected(self.accounts.as_ref(), actor).await?;
        // What the post chose before may be the choice still, so nothing says that nobody need be asked.
        let creators = self.creators(actor, true).await?;
        let mut tx = self.database.tenant(actor).await?;
        let row = locked(&mut tx, actor, id).await?;
        policy::change(actor, row.author.id)?;
        if patch.autosave && !row.autosaved {
            return Err(ServiceError::conflict("This post has been saved meanwhile, so it no longer saves itself."));
        }
        if patch.version.is_some_and(|version| version != row.version) {
            return Err(ServiceError::conflict("Somebody else has changed this post meanwhile. Reload it first."));
        }
        if (PostPatch { version: None, ..patch.clone() }) == PostPatch::default() {
            return self.load(&mut tx, actor, id).await;
        }
        check_targets(&patch, row.chosen_accounts)?;
        let before = told(&self.load(&mut tx, actor, id).await?);
        let now = self.clock.now();
        match row.status {
            PostStatus::Publishing | PostStatus::Scheduled => {
                deliveries::in_tx::cancel_untouched(&mut tx, id).await?;
            }
            PostStatus::Failed | PostStatus::PartlyPublished => {
                deliveries::in_tx::replace_refused(&mut tx, id).await?;
            }
            PostStatus::Published => {
                return Err(ServiceError::conflict("This post is out, so it can no longer be changed."));
            }
            PostStatus::Draft | PostStatus::PendingApproval | PostStatus::Approved | PostStatus::Rejected => {}
        }
        let taken = deliveries::in_tx::taken(&mut tx, id).await?;
        if !taken.is_empty() && patch.visibility == Some(Visibility::Private) {
            return Err(ServiceError::field(
                "visibility",
                "A part of this post is public, so it cannot become private.",
            ));
        }
        let rules = store::approvals::policy(&mut tx, actor.workspace_id).await?;
        let waited = row.status == PostStatus::PendingApproval;
        let held_back = manner.asks || rules.holds_back(actor.role) || (waited && patch.visibility.is_none());
        let (fresh_choice, fresh_variations) = (patch.account_ids.is_some(), patch.variations.is_some());
        let kept_meaning = Meant::kept(&row).filter(|_| patch.visibility.is_none());
        let from = row.version;
        let place =
            if row.autosaved { Place::Rewritten(row.version_id, from) } else { Place::New(from.saturating_add(1)) };
        let (Place::New(number) | Place::Rewritten(_, number)) = place;
        let media = store::media_of(&mut tx, row.version_id).await?;
        let chosen = if row.chosen_accounts { Some(store::targets_of(&mut tx, id).await?) } else { None };
        let post = merge(row, media, chosen, patch);
        let known = Known { accounts: &accounts, taken: &taken, creators, fresh_variations, fresh_choice };
        let queued = post.queue;
        let mut plan = self.plan(&mut tx, actor, id, &post, known, now).await?;
        plan.restored_from = manner.restored_from;
        plan.awaits = held_back && plan.timing.goes_out();
        if !queued {
            queue::release_unless(&mut tx, actor.workspace_id, id, &plan.timing).await?;
        }
        let advance = Advance {
            from,
            version: number,
            title: plan.title.as_deref(),
            meant: kept_meaning.unwrap_or_else(|| Meant::of(&plan.timing)),
            status: plan.status(),
            publishes_at: plan.publishes_at(),
            chosen_accounts: plan.chosen.is_some(),
        };
        store::advance(&mut tx, actor.workspace_id, id, &advance).await?;
        self.write_version(&mut tx, actor, id, place, &plan, now).await?;
        let mut changed = self.load(&mut tx, actor, id).await?;
        let name = called(changed.title.as_deref(), &changed.body);
        // A draft that saves itself every few seconds is on the record when it is begun, and when somebody saves it.
        if !changed.autosaved {
            record(&mut tx, Entry::by(actor, Action::PostChanged, now).on(id, &name).changed(before, told(&changed)));
        }
        let step = match (plan.awaits, plan.timing.goes_out(), waited) {
            (true, ..) => Some((ApprovalStep::Requested, number)),
            // By somebody who may: saving is publishing.
            (false, true, true) => Some((ApprovalStep::Approved, number)),
            (false, false, true) => Some((ApprovalStep::Withdrawn, from)),
            (false, _, false) => None,
        };
        if let Some((step, version)) = step {
            self.note(&mut tx, actor, &Noted { post: id, name: &name, version, step, note: None }, now).await?;
            changed = self.load(&mut tx, actor, id).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }
}

/// A change says either who gets the post or that all do, and a choice has somebody in it.
fn check_targets(patch: &PostPatch, chosen_before: bool) -> ServiceResult<()> {
    match (patch.targets, &patch.account_ids) {
        (Some(Targets::AllActive), Some(_)) => {
            Err(ServiceError::field("targets", "Give either account_ids or targets: all_active, not both."))
        }
        (Some(Targets::Chosen), None) if !chosen_before => {
            Err(ServiceError::field("account_ids", "Choose at least one account."))
        }
        _ => Ok(()),
    }
}

/// The post as it would be written anew with the change. A draft stays one until it is said otherwise; a post that is
/// going out, or that accounts have refused, goes out again with the change; one that waits for approval is for what it was for.
fn merge(row: PostRow, media: Vec<MediaId>, chosen: Option<Vec<AccountId>>, patch: PostPatch) -> NewPost {
    let visibility = patch.visibility.unwrap_or(match row.status {
        PostStatus::Scheduled => Visibility::Scheduled,
        PostStatus::PendingApproval => row.visibility,
        PostStatus::Publishing | PostStatus::Failed | PostStatus::PartlyPublished => Visibility::Public,
        _ => Visibility::Private,
    });
    let queue = patch.queue.unwrap_or_default();
    let keeps_time = visibility == Visibility::Scheduled
        && !queue
        && patch.scheduled_at.is_none()
        && patch.scheduled_local.is_none();
    // In another zone the clock on the wall shows the same, and the moment moves.
    let (kept_at, kept_local) = match (keeps_time, &patch.time_zone) {
        (false, _) => (None, None),
        (true, None) => (row.scheduled_at, None),
        (true, Some(_)) => (None, row.scheduled_local),
    };
    NewPost {
        title: patch.title.or(row.title),
        body: patch.body.unwrap_or(row.content.body),
        link: patch.link.or(row.content.link),
        media_assets: patch.media_assets.unwrap_or(media),
        visibility,
        scheduled_at: patch.scheduled_at.or(kept_at),
        scheduled_local: patch.scheduled_local.or(kept_local),
        time_zone: patch.time_zone.or(row.time_zone),
        queue,
        account_ids: match patch.targets {
            Some(Targets::AllActive) => None,
            Some(Targets::Chosen) | None => patch.account_ids.or(chosen),
        },
        overrides: patch.overrides.unwrap_or(row.content.overrides),
        variations: patch.variations.unwrap_or(row.content.variations),
        options: patch.options.unwrap_or(row.content.options),
        undo_seconds: patch.undo_seconds,
        autosave: patch.autosave,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use domain::{PostVersionId, UserId, posts::Content, workspaces::Person};
    use uuid::Uuid;

    use super::*;

    fn row(status: PostStatus) -> PostRow {
        let at: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        let scheduled = status == PostStatus::Scheduled;
        PostRow {
            title: Some("Title".into()),
            visibility: Visibility::Public,
            status,
            version: 1,
            version_id: PostVersionId(Uuid::nil()),
            content: Content { body: "Body".into(), link: Some("https://a.example".into()), ..Content::default() },
            autosaved: false,
            chosen_accounts: false,
            scheduled_at: scheduled.then_some(at),
            scheduled_local: scheduled.then_some(at.naive_utc()),
            time_zone: scheduled.then(|| "UTC".to_owned()),
            publishes_at: None,
            author: Person { id: UserId(Uuid::nil()), name: String::new() },
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn left_out_means_unchanged() {
        let merged = merge(row(PostStatus::Scheduled), Vec::new(), None, PostPatch::default());
        assert_eq!(merged.body, "Body");
        assert_eq!(merged.title.as_deref(), Some("Title"));
        assert_eq!(merged.visibility, Visibility::Scheduled);
        assert_eq!((merged.scheduled_at.is_some(), merged.scheduled_local), (true, None));
    }

    #[test]
    fn empty_takes_away() {
        let patch = PostPatch { title: Some(String::new()), link: Some(String::new()), ..PostPatch::default() };
        let merged = merge(row(PostStatus::Draft), Vec::new(), None, patch);
        assert_eq!((merged.title.as_deref(), merged.content().link), (Some(""), None));
    }

    #[test]
    fn a_draft_stays_a_draft_and_what_is_under_way_goes_out_again() {
        let visibility = |status| merge(row(status), Vec::new(), None, PostPatch::default()).visibility;
        assert_eq!(visibility(PostStatus::Draft), Visibility::Private, "whatever it was before it was taken back");
        assert_eq!(visibility(PostStatus::Publishing), Visibility::Public);
        assert_eq!(visibility(PostStatus::Failed), Visibility::Public);
        assert_eq!(visibility(PostStatus::PartlyPublished), Visibility::Public);
    }

    #[test]
    fn a_choice_of_accounts_is_changed_kept_or_given_up() {
        let id = |n| AccountId(Uuid::from_u128(n));
        let merged = |patch: PostPatch| merge(row(PostStatus::Draft), Vec::new(), Some(vec![id(1)]), patch).account_ids;
        assert_eq!(merged(PostPatch::default()), Some(vec![id(1)]));
        let all = PostPatch { targets: Some(Targets::AllActive), ..PostPatch::default() };
        assert_eq!(merged(all.clone()), None);
        let other = PostPatch { account_ids: Some(vec![id(2)]), ..PostPatch::default() };
        assert_eq!(merged(other.clone()), Some(vec![id(2)]));
        let chosen = PostPatch { targets: Some(Targets::Chosen), ..PostPatch::default() };
        assert_eq!(merged(chosen.clone()), Some(vec![id(1)]));
        assert!(check_targets(&chosen, true).is_ok() && check_targets(&all, true).is_ok());
        assert!(check_targets(&chosen, false).unwrap_err().fault.fields.get("account_ids").is_some());
        let both = PostPatch { targets: Some(Targets::AllActive), ..other };
        assert!(check_targets(&both, true).unwrap_err().fault.fields.get("targets").is_some());
    }

    #[test]
    fn another_zone_keeps_the_clock_on_the_wall() {
        let patch = PostPatch { time_zone: Some("America/New_York".into()), ..PostPatch::default() };
        let merged = merge(row(PostStatus::Scheduled), Vec::new(), None, patch);
        assert_eq!(merged.scheduled_at, None);
        assert_eq!(merged.scheduled_local.unwrap().to_string(), "2026-11-20 12:00:00");
    }
}
