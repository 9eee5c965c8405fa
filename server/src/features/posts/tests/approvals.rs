//! Posts that wait for somebody's word.

use domain::{
    media::MediaPatch,
    posts::{ApprovalStep, Approvals, MAX_NOTE},
};

use super::{studio::Waiting, *};

/// A workspace with two accounts: its admin, a member, an editor.
struct Desk {
    studio: Studio,
    admin: Actor,
    member: Actor,
    editor: Actor,
}

impl Desk {
    async fn new() -> Self {
        let studio = Studio::new().await;
        let admin = studio.workspace("Europe/Dublin").await;
        for platform in [Platform::Facebook, Platform::Linkedin] {
            studio.account(&admin, platform, "Harbour & Pine").await;
        }
        let member = studio.colleague(&admin, Role::Member).await;
        let editor = studio.colleague(&admin, Role::Editor).await;
        Self { studio, admin, member, editor }
    }

    fn approvals(&self) -> &dyn Approvals {
        &*self.studio.approvals
    }

    async fn four_eyes(&self, on: bool) {
        let sql = if on {
            "update workspaces set approval_policy = 'everybody'"
        } else {
            "update workspaces set approval_policy = 'members'"
        };
        self.studio.sql(sql).await;
    }

    /// A post of the member's that waits.
    async fn waiting(&self, body: &str) -> Post {
        let post = self.studio.save(&self.member, text(body)).await;
        assert_eq!(post.status, PostStatus::PendingApproval);
        post
    }

    /// What would send something out; letters about it are another matter.
    async fn sending(&self) -> Vec<Waiting> {
        self.studio.jobs().await.into_iter().filter(|job| job.task != "notifications_tell").collect()
    }

    async fn edit(&self, by: &Actor, id: PostId, body: &str) -> Post {
        self.studio.posts.update(by, id, words(body)).await.unwrap()
    }

    async fn steps(&self, id: PostId) -> Vec<(ApprovalStep, u32)> {
        let file = self.approvals().file(&self.admin, id).await.unwrap();
        file.approvals.iter().rev().map(|one| (one.step, one.version)).collect()
    }
}

fn words(body: &str) -> PostPatch {
    PostPatch { body: Some(body.to_owned()), ..PostPatch::default() }
}

fn scheduled(body: &str, at: DateTime<Utc>) -> NewPost {
    NewPost { visibility: Visibility::Scheduled, scheduled_at: Some(at), ..text(body) }
}

fn pending(platform: &str) -> (String, String) {
    (platform.to_owned(), "pending".to_owned())
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> String {
    result.unwrap_err().fault.message
}

// ---- asking and approving ---------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_members_post_goes_out_once_it_is_approved() {
    let desk = Desk::new().await;
    let post = desk.waiting("The Winter Roast is back").await;
    let asked = post.approval.clone().unwrap();
    assert_eq!((asked.step, asked.version, asked.by.id), (ApprovalStep::Requested, 1, desk.member.user_id));
    assert_eq!((post.visibility, post.publishes_at), (Visibility::Public, None));
    assert_eq!((desk.studio.deliveries(post.id).await, desk.sending().await), (vec![], vec![]), "nothing is planned");
    assert_eq!(desk.approvals().awaited(&desk.editor).await.unwrap(), 1);
    assert_eq!(desk.approvals().awaited(&desk.member).await.unwrap(), 0, "who may not decide is not waited for");

    let queue = desk.approvals().waiting(&desk.editor, PageRequest::default()).await.unwrap();
    let [review] = &queue.items[..] else { panic!("one waits: {queue:?}") };
    assert_eq!(
        (review.post.id, review.asked_by.id, review.asked_at),
        (post.id, desk.member.user_id, desk.studio.now())
    );
    assert_eq!((review.may_decide, review.approved_version, review.overdue), (true, None, false));
    let own = desk.approvals().waiting(&desk.member, PageRequest::default()).await.unwrap();
    assert!(!own.items[0].may_decide && own.items[0].why_not.as_deref().unwrap().contains("editor role"));

    desk.studio.clock.advance(Duration::minutes(10));
    let out = desk.approvals().approve(&desk.editor, post.id, Some(1)).await.unwrap();
    assert_eq!((out.status, out.version), (PostStatus::Publishing, 1));
    assert_eq!(out.publishes_at, Some(desk.studio.now() + Duration::seconds(5)), "the workspace's undo window");
    assert_eq!(desk.studio.deliveries(post.id).await, [pending("facebook"), pending("linkedin")]);
    let approved = out.approval.clone().unwrap();
    assert_eq!((approved.step, approved.by.id), (ApprovalStep::Approved, desk.editor.user_id));
    assert_eq!(desk.approvals().awaited(&desk.editor).await.unwrap(), 0);
    assert_eq!(desk.approvals().waiting(&desk.editor, PageRequest::default()).await.unwrap().total, 0);

    // Twice is no mistake: the same answer, and nothing twice.
    for version in [Some(1), None] {
        assert_eq!(desk.approvals().approve(&desk.admin, post.id, version).await.unwrap(), out);
    }
    assert_eq!(desk.studio.deliveries(post.id).await.len(), 2);
    let late = desk.approvals().reject(&desk.admin, post.id, Some(1), "No".into()).await;
    assert!(refusal(late).contains("has approved version 1 already"));
    for action in ["post.created", "post.approval_requested", "post.approved"] {
        let recorded = desk.studio.recorded(action).await;
        assert_eq!(recorded, 1, "{action}");
    }
}

#[tokio::test]
async fn what_is_private_waits_for_nobody_and_is_submitted_later() {
    let desk = Desk::new().await;
    let draft = desk.studio.save(&desk.member, private("Red plum")).await;
    assert_eq!((draft.status, draft.approval.clone()), (PostStatus::Draft, None));
    assert!(refusal(desk.approvals().approve(&desk.editor, draft.id, None).await).starts_with("Nobody has asked"));
    let asked = desk.approvals().submit(&desk.member, draft.id).await.unwrap();
    assert_eq!((asked.status, asked.version, asked.visibility), (PostStatus::PendingApproval, 2, Visibility::Public));
    assert_eq!(desk.approvals().submit(&desk.member, draft.id).await.unwrap(), asked, "twice is no mistake");
    // An editor who asks is taken at their word: it waits.
    let theirs = desk.studio.save(&desk.editor, private("Cocoa")).await;
    assert_eq!(desk.approvals().submit(&desk.editor, theirs.id).await.unwrap().status, PostStatus::PendingApproval);
    let out = desk.studio.save(&desk.editor, text("Out")).await;
    assert_eq!(code(desk.approvals().submit(&desk.editor, out.id).await), ErrorCode::Conflict);
}

#[tokio::test]
async fn a_scheduled_one_goes_out_at_its_time_or_at_once_where_that_has_passed() {
    let desk = Desk::new().await;
    let moment = desk.studio.now() + Duration::days(2);
    let post = desk.studio.save(&desk.member, scheduled("Later", moment)).await;
    assert_eq!((post.status, post.scheduled_at), (PostStatus::PendingApproval, Some(moment)));
    assert_eq!(desk.sending().await, []);
    let listed = desk.studio.posts.list(&desk.admin, PostFilter::default()).await.unwrap();
    assert_eq!((listed.items[0].at, listed.items[0].publishes_at), (moment, None), "the calendar shows it on its day");
    let in_time = desk.approvals().approve(&desk.editor, post.id, Some(1)).await.unwrap();
    assert_eq!((in_time.status, in_time.publishes_at), (PostStatus::Scheduled, Some(moment)));
    let [job] = &desk.sending().await[..] else { panic!("one job") };
    assert_eq!(job.run_at, moment);

    let late = desk.studio.save(&desk.member, scheduled("Too late", moment)).await;
    desk.studio.clock.advance(Duration::days(3));
    let file = desk.approvals().file(&desk.editor, late.id).await.unwrap();
    assert!(file.review.unwrap().overdue);
    let out = desk.approvals().approve(&desk.editor, late.id, Some(1)).await.unwrap();
    assert_eq!(
        (out.status, out.publishes_at),
        (PostStatus::Publishing, Some(desk.studio.now() + Duration::seconds(5)))
    );
    assert_eq!(desk.studio.deliveries(late.id).await.len(), 2);
}

#[tokio::test]
async fn approving_asks_again_what_saving_asks() {
    let desk = Desk::new().await;
    let post = desk.waiting("Hi").await;
    desk.studio.sql("update accounts set is_active = false").await;
    let refused = desk.approvals().approve(&desk.editor, post.id, Some(1)).await;
    assert!(field(refused, "account_ids").contains("No connected account"));
    let still = desk.studio.posts.get(&desk.admin, post.id).await.unwrap();
    assert_eq!(still.status, PostStatus::PendingApproval, "and it goes on waiting");
}

// ---- rejecting, changing, taking back ---------------------------------------------------------------------------------

#[tokio::test]
async fn rejected_changed_asked_again_and_out_as_it_was_approved() {
    let desk = Desk::new().await;
    let post = desk.waiting("The Winter Roast is bakc").await;
    for (note, message) in [("  ", "Say what has to change"), (&"a".repeat(MAX_NOTE + 1), "at most 1000")] {
        let refused = desk.approvals().reject(&desk.editor, post.id, Some(1), note.to_owned()).await;
        assert!(field(refused, "rejection_note").contains(message));
    }
    let rejected =
        desk.approvals().reject(&desk.editor, post.id, Some(1), " Mind the spelling \n".into()).await.unwrap();
    assert_eq!(rejected.status, PostStatus::Rejected);
    assert_eq!(rejected.approval.as_ref().unwrap().note.as_deref(), Some("Mind the spelling"));
    let again = desk.approvals().reject(&desk.admin, post.id, Some(1), "Mind the spelling".into()).await.unwrap();
    assert_eq!(again, rejected, "twice is no mistake");
    let other = desk.approvals().reject(&desk.admin, post.id, Some(1), "Something else".into()).await;
    assert!(refusal(other).contains("has rejected version 1 already"));
    assert_eq!(code(desk.approvals().approve(&desk.admin, post.id, Some(1)).await), ErrorCode::Conflict);

    let patch = PostPatch { visibility: Some(Visibility::Public), ..words("The Winter Roast is back") };
    let changed = desk.studio.posts.update(&desk.member, post.id, patch).await.unwrap();
    assert_eq!((changed.status, changed.version), (PostStatus::PendingApproval, 2));
    let stale = desk.approvals().approve(&desk.editor, post.id, Some(1)).await;
    assert!(refusal(stale).contains("version 2 waits now"));
    assert!(field(desk.approvals().approve(&desk.editor, post.id, Some(9)).await, "version").contains("no version 9"));
    desk.approvals().approve(&desk.editor, post.id, Some(2)).await.unwrap();
    assert_eq!(desk.studio.delivery_ids(post.id, 1).await, []);
    assert_eq!(desk.studio.delivery_ids(post.id, 2).await.len(), 2);
    assert_eq!(
        desk.steps(post.id).await,
        [
            (ApprovalStep::Requested, 1),
            (ApprovalStep::Rejected, 1),
            (ApprovalStep::Requested, 2),
            (ApprovalStep::Approved, 2)
        ]
    );
}

#[tokio::test]
async fn a_change_waits_in_the_place_of_what_waited() {
    let desk = Desk::new().await;
    let moment = desk.studio.now() + Duration::days(1);
    let post = desk.studio.save(&desk.member, scheduled("One", moment)).await.id;
    let second = desk.edit(&desk.member, post, "Two").await;
    assert_eq!((second.status, second.version, second.scheduled_at), (PostStatus::PendingApproval, 2, Some(moment)));
    // Also an editor's, who says nothing of when it goes out.
    assert_eq!(desk.edit(&desk.editor, post, "Three").await.status, PostStatus::PendingApproval);
    let moved = PostPatch { scheduled_at: Some(moment + Duration::days(1)), ..PostPatch::default() };
    let moved = desk.studio.posts.update(&desk.member, post, moved).await.unwrap();
    assert_eq!((moved.version, moved.scheduled_at), (4, Some(moment + Duration::days(1))));
    let restored = desk.studio.posts.restore(&desk.member, post, 1).await.unwrap();
    assert_eq!((restored.body.as_str(), restored.status), ("One", PostStatus::PendingApproval));
    // Kept private it waits no more.
    let kept = PostPatch { visibility: Some(Visibility::Private), ..PostPatch::default() };
    assert_eq!(desk.studio.posts.update(&desk.member, post, kept).await.unwrap().status, PostStatus::Draft);
    assert_eq!(desk.steps(post).await.last(), Some(&(ApprovalStep::Withdrawn, 5)));
    // An editor who says that it goes out publishes by saving, and the history says by whose word.
    let other = desk.waiting("Four").await.id;
    let now = PostPatch { visibility: Some(Visibility::Public), ..words("Four, corrected") };
    assert_eq!(desk.studio.posts.update(&desk.editor, other, now).await.unwrap().status, PostStatus::Publishing);
    assert_eq!(desk.steps(other).await, [(ApprovalStep::Requested, 1), (ApprovalStep::Approved, 2)]);
}

#[tokio::test]
async fn what_was_approved_and_is_changed_by_a_member_does_not_go_out_meanwhile() {
    let desk = Desk::new().await;
    let moment = desk.studio.now() + Duration::hours(1);
    let later = desk.studio.save(&desk.member, scheduled("Approved", moment)).await.id;
    desk.approvals().approve(&desk.editor, later, Some(1)).await.unwrap();
    assert_eq!(desk.edit(&desk.member, later, "Changed").await.status, PostStatus::PendingApproval);
    desk.studio.clock.advance(Duration::hours(2));
    desk.studio.run_scheduled().await;
    assert_eq!(desk.studio.deliveries(later).await, [], "the job of the version before finds nothing to do");
    let file = desk.approvals().file(&desk.editor, later).await.unwrap();
    assert_eq!(file.review.unwrap().approved_version, Some(1), "what is new is shown against what was approved");

    let soon = desk.waiting("Approved").await.id;
    desk.approvals().approve(&desk.editor, soon, Some(1)).await.unwrap();
    assert_eq!(desk.edit(&desk.member, soon, "Changed in the undo window").await.status, PostStatus::PendingApproval);
    let canceled = |platform: &str| (platform.to_owned(), "canceled".to_owned());
    assert_eq!(desk.studio.deliveries(soon).await, [canceled("facebook"), canceled("linkedin")]);
    desk.approvals().approve(&desk.editor, soon, Some(2)).await.unwrap();
    assert_eq!(desk.studio.delivery_ids(soon, 2).await.len(), 2);
}

#[tokio::test]
async fn what_an_account_refused_is_sent_again_with_approval() {
    let desk = Desk::new().await;
    let post = desk.waiting("Hi").await.id;
    desk.approvals().approve(&desk.editor, post, Some(1)).await.unwrap();
    desk.studio.settle(post, Platform::Facebook, "success").await;
    desk.studio.settle(post, Platform::Linkedin, "failed").await;
    assert_eq!(desk.edit(&desk.member, post, "Hi there").await.status, PostStatus::PendingApproval);
    let file = desk.approvals().file(&desk.editor, post).await.unwrap();
    assert_eq!(file.review.unwrap().approved_version, Some(1));
    desk.approvals().approve(&desk.editor, post, Some(2)).await.unwrap();
    assert_eq!(desk.studio.delivery_ids(post, 2).await.len(), 1, "who has it does not get it again");
    // Taken back while it waits, it is again what it was: out in part.
    desk.studio.settle(post, Platform::Linkedin, "failed").await;
    desk.edit(&desk.member, post, "Hi again").await;
    let back = desk.approvals().withdraw(&desk.member, post).await.unwrap();
    assert_eq!(back.status, PostStatus::PartlyPublished);
}

#[tokio::test]
async fn a_request_is_taken_back() {
    let desk = Desk::new().await;
    let post = desk.studio.save(&desk.member, scheduled("Hi", desk.studio.now() + Duration::days(1))).await;
    let back = desk.approvals().withdraw(&desk.member, post.id).await.unwrap();
    assert_eq!(
        (back.status, back.visibility, back.scheduled_at),
        (PostStatus::Draft, Visibility::Scheduled, post.scheduled_at)
    );
    assert_eq!(desk.approvals().withdraw(&desk.member, post.id).await.unwrap(), back, "twice is no mistake");
    assert!(refusal(desk.approvals().approve(&desk.editor, post.id, Some(1)).await).contains("taken the request back"));
    assert_eq!(desk.steps(post.id).await, [(ApprovalStep::Requested, 1), (ApprovalStep::Withdrawn, 1)]);
    // Asked again it is for the same time.
    let again = desk.approvals().submit(&desk.member, post.id).await.unwrap();
    assert_eq!((again.status, again.scheduled_at), (PostStatus::PendingApproval, post.scheduled_at));
    desk.approvals().approve(&desk.editor, post.id, Some(again.version)).await.unwrap();
    // Approved and taken back before its time, it takes a new request.
    desk.studio.posts.undo(&desk.editor, post.id).await.unwrap();
    let over = desk.approvals().approve(&desk.editor, post.id, Some(again.version)).await;
    assert!(refusal(over).contains("taken back after it had been approved"));
}

#[tokio::test]
async fn a_slot_of_the_queue_is_kept_while_it_waits() {
    use domain::posts::queue::{NewSlot, Weekday};
    let desk = Desk::new().await;
    let slot =
        NewSlot { social_account_id: None, weekday: Weekday::Monday, time: "09:00".parse().unwrap(), time_zone: None };
    desk.studio.queue.add(&desk.admin, slot).await.unwrap();
    let queued = |body: &str| NewPost { visibility: Visibility::Scheduled, queue: true, ..text(body) };
    let first = desk.studio.save(&desk.member, queued("One")).await;
    let second = desk.studio.save(&desk.editor, queued("Two")).await;
    assert_eq!(second.scheduled_at, first.scheduled_at.map(|at| at + Duration::weeks(1)), "its turn is spoken for");
    desk.approvals().reject(&desk.editor, first.id, Some(1), "No".into()).await.unwrap();
    let third = desk.studio.save(&desk.editor, queued("Three")).await;
    assert_eq!(third.scheduled_at, first.scheduled_at, "and free again");
}

// ---- who may ----------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn members_change_what_they_began_and_decide_nothing() {
    let desk = Desk::new().await;
    let theirs = desk.studio.save(&desk.editor, private("Theirs")).await.id;
    let other = desk.studio.colleague(&desk.admin, Role::Member).await;
    let own = desk.waiting("Own").await.id;
    for (actor, post) in [(&desk.member, theirs), (&other, own)] {
        assert_eq!(code(desk.studio.posts.update(actor, post, words("Mine")).await), ErrorCode::Forbidden);
        assert_eq!(code(desk.studio.posts.undo(actor, post).await), ErrorCode::Forbidden);
        assert_eq!(code(desk.studio.posts.delete(actor, post).await), ErrorCode::Forbidden);
        assert_eq!(code(desk.studio.posts.restore(actor, post, 1).await), ErrorCode::Forbidden);
        assert_eq!(code(desk.approvals().submit(actor, post).await), ErrorCode::Forbidden);
        assert_eq!(code(desk.approvals().withdraw(actor, post).await), ErrorCode::Forbidden);
        assert_eq!(code(desk.approvals().approve(actor, post, None).await), ErrorCode::Forbidden);
        assert_eq!(code(desk.approvals().reject(actor, post, None, "No".into()).await), ErrorCode::Forbidden);
    }
    let viewer = desk.studio.colleague(&desk.admin, Role::Viewer).await;
    assert_eq!(code(desk.studio.posts.create(&viewer, private("Hi"), None).await), ErrorCode::Forbidden);
    assert_eq!(desk.approvals().waiting(&viewer, PageRequest::default()).await.unwrap().total, 1);
    // What has gone out is not a member's to clear.
    desk.approvals().approve(&desk.editor, own, Some(1)).await.unwrap();
    desk.studio.publish(own, "published").await;
    assert_eq!(code(desk.studio.posts.delete(&desk.member, own).await), ErrorCode::Forbidden);
    let draft = desk.studio.save(&desk.member, private("Draft")).await.id;
    desk.studio.posts.delete(&desk.member, draft).await.unwrap();
}

#[tokio::test]
async fn with_four_eyes_nobodys_own_post_goes_out() {
    let desk = Desk::new().await;
    let before = desk.studio.save(&desk.editor, scheduled("Before", desk.studio.now() + Duration::hours(1))).await;
    desk.four_eyes(true).await;
    let kept = desk.studio.posts.get(&desk.editor, before.id).await.unwrap();
    assert_eq!(kept.status, PostStatus::Scheduled, "what was saved before stays as it was decided then");

    let own = desk.studio.save(&desk.editor, text("My own")).await;
    assert_eq!(own.status, PostStatus::PendingApproval);
    assert!(refusal(desk.approvals().approve(&desk.editor, own.id, Some(1)).await).contains("your own post"));
    let note = "No".to_owned();
    assert!(refusal(desk.approvals().reject(&desk.editor, own.id, Some(1), note).await).contains("your own post"));
    assert_eq!(desk.approvals().awaited(&desk.editor).await.unwrap(), 0);
    assert_eq!(desk.approvals().awaited(&desk.admin).await.unwrap(), 1);
    // Nor does a version go out by the word of whoever wrote it into somebody else's post.
    desk.edit(&desk.admin, own.id, "Your own, my words").await;
    assert!(refusal(desk.approvals().approve(&desk.admin, own.id, Some(2)).await).contains("You wrote this version"));
    let third = desk.studio.colleague(&desk.admin, Role::Editor).await;
    assert_eq!(desk.approvals().awaited(&third).await.unwrap(), 1);
    desk.approvals().approve(&third, own.id, Some(2)).await.unwrap();

    // Moving what is scheduled already is saving.
    let moved =
        PostPatch { scheduled_at: before.scheduled_at.map(|at| at + Duration::hours(1)), ..PostPatch::default() };
    let moved = desk.studio.posts.update(&desk.editor, before.id, moved).await.unwrap();
    assert_eq!(moved.status, PostStatus::PendingApproval);
    // Switched off, what waits can be approved by any editor, its author too.
    desk.four_eyes(false).await;
    let file = desk.approvals().file(&desk.editor, before.id).await.unwrap();
    assert!(file.review.unwrap().may_decide);
    desk.approvals().approve(&desk.editor, before.id, Some(2)).await.unwrap();
    assert_eq!(desk.studio.save(&desk.editor, text("By saving")).await.status, PostStatus::Publishing);
}

#[tokio::test]
async fn another_workspace_sees_and_decides_nothing() {
    let desk = Desk::new().await;
    let stranger = desk.studio.workspace("UTC").await;
    let post = desk.waiting("Ours").await.id;
    assert_eq!(desk.approvals().waiting(&stranger, PageRequest::default()).await.unwrap().total, 0);
    assert_eq!(desk.approvals().awaited(&stranger).await.unwrap(), 0);
    assert_eq!(code(desk.approvals().file(&stranger, post).await), ErrorCode::NotFound);
    assert_eq!(code(desk.approvals().submit(&stranger, post).await), ErrorCode::NotFound);
    assert_eq!(code(desk.approvals().withdraw(&stranger, post).await), ErrorCode::NotFound);
    assert_eq!(code(desk.approvals().approve(&stranger, post, Some(1)).await), ErrorCode::NotFound);
    assert_eq!(code(desk.approvals().reject(&stranger, post, Some(1), "No".into()).await), ErrorCode::NotFound);
    // The table keeps it by itself, and forgets nothing.
    let mut tx = desk.studio.db.tenant(&stranger).await.unwrap();
    let seen: i64 = sqlx::query_scalar("select count(*) from approvals").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(seen, 0);
    drop(tx);
    for sql in ["update approvals set note = 'x'", "delete from approvals"] {
        let mut tx = desk.studio.db.tenant(&desk.admin).await.unwrap();
        let refused = sqlx::query(sql).execute(&mut *tx).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{sql}: {refused}");
    }
}

#[tokio::test]
async fn the_words_of_a_picture_are_approved_with_the_post() {
    let desk = Desk::new().await;
    let picture = desk.studio.picture(&desk.member, 30, 20).await;
    let say = |text: &str| MediaPatch { alt_text: Some(text.to_owned()), ..MediaPatch::default() };
    desk.studio.media.update(&desk.member, picture, say("Two cups")).await.unwrap();
    let moment = desk.studio.now() + Duration::hours(1);
    let post = NewPost { media_assets: vec![picture], ..scheduled("Cups", moment) };
    let post = desk.studio.save(&desk.member, post).await.id;
    desk.approvals().approve(&desk.editor, post, Some(1)).await.unwrap();
    let refused = desk.studio.media.update(&desk.member, picture, say("Something else")).await;
    assert_eq!(code(refused), ErrorCode::Conflict);
    desk.studio.media.update(&desk.member, picture, say("Two cups")).await.unwrap();
    desk.studio.media.update(&desk.editor, picture, say("Two cups and a kettle")).await.unwrap();
    assert_eq!(code(desk.studio.media.delete(&desk.member, picture).await), ErrorCode::Forbidden);
}

// ---- several at once --------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_decide_at_once_one_wins() {
    let desk = Desk::new().await;
    let mut won = (0, 0);
    for round in 0..8 {
        let post = desk.waiting(&format!("Round {round}")).await.id;
        let approvals = || desk.studio.approvals.clone();
        let (one, other) = (desk.editor.clone(), desk.admin.clone());
        let (first, second) = (approvals(), approvals());
        let approve = tokio::spawn(async move { first.approve(&one, post, Some(1)).await });
        let reject = tokio::spawn(async move { second.reject(&other, post, Some(1), "No".into()).await });
        let (approved, rejected) = (approve.await.unwrap(), reject.await.unwrap());
        let deliveries = desk.studio.deliveries(post).await.len();
        let now = desk.studio.posts.get(&desk.admin, post).await.unwrap().status;
        match (&approved, &rejected) {
            (Ok(_), Err(late)) => {
                won.0 += 1;
                assert_eq!((deliveries, now, late.code()), (2, PostStatus::Publishing, ErrorCode::Conflict));
                assert!(late.fault.message.contains("has approved"), "{late:?}");
            }
            (Err(late), Ok(_)) => {
                won.1 += 1;
                assert_eq!((deliveries, now, late.code()), (0, PostStatus::Rejected, ErrorCode::Conflict));
                assert!(late.fault.message.contains("has rejected"), "{late:?}");
            }
            both => panic!("round {round}: {both:?}"),
        }
        assert_eq!(desk.steps(post).await.len(), 2, "asked, and decided once");
    }
    assert_eq!(won.0 + won.1, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn approved_by_many_at_once_it_goes_out_once() {
    let desk = Desk::new().await;
    let post = desk.waiting("Once").await.id;
    let approve = |actor: Actor| {
        let approvals = desk.studio.approvals.clone();
        tokio::spawn(async move { approvals.approve(&actor, post, Some(1)).await.map(|post| post.status) })
    };
    let all =
        join_all((0..6).map(|n| approve(if n % 2 == 0 { desk.editor.clone() } else { desk.admin.clone() }))).await;
    for answer in all {
        assert_eq!(answer.unwrap().unwrap(), PostStatus::Publishing);
    }
    assert_eq!(desk.studio.deliveries(post).await, [pending("facebook"), pending("linkedin")]);
    assert_eq!(desk.steps(post).await, [(ApprovalStep::Requested, 1), (ApprovalStep::Approved, 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_at_the_same_moment_is_never_sent_unseen() {
    let desk = Desk::new().await;
    for round in 0..8 {
        let post = desk.waiting("Looked at").await.id;
        let (approvals, posts) = (desk.studio.approvals.clone(), desk.studio.posts.clone());
        let (editor, member) = (desk.editor.clone(), desk.member.clone());
        let approve = tokio::spawn(async move { approvals.approve(&editor, post, Some(1)).await });
        let change = tokio::spawn(async move { posts.update(&member, post, words("Not looked at")).await });
        let (approved, changed) = (approve.await.unwrap(), change.await.unwrap());
        assert_eq!(desk.studio.delivery_ids(post, 2).await, [], "round {round}: {approved:?} {changed:?}");
        let open = desk.studio.deliveries(post).await.iter().filter(|(_, status)| status == "pending").count();
        assert_eq!(open, if changed.is_ok() { 0 } else { 2 }, "round {round}: {approved:?} {changed:?}");
    }
}
