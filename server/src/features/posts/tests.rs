//! Posts on a real database, through the real selector.

mod approvals;
mod finding;
mod history;
mod slots;
pub mod studio;

use std::collections::{BTreeMap, HashSet};

use axum::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, Actor, ErrorCode, MediaId, PageRequest, Platform, PostId, RequestId, ServiceError, UserId, WorkspaceId,
    actor::Via,
    deliveries::DeliveryFilter,
    platform::{PostFormat, PostOptions, TiktokOptions, TiktokPrivacy},
    posts::{
        CheckedPost, IdempotencyKey, NewPost, Override, Post, PostFilter, PostPatch, PostStatus, PostToCheck,
        Visibility,
        preflight::{Severity, XPrice},
    },
    workspaces::{Role, WorkspaceKind},
};
use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;

use studio::{Studio, code, field, text};

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).unwrap()
}

fn private(body: &str) -> NewPost {
    NewPost { visibility: Visibility::Private, ..text(body) }
}

fn at(moment: DateTime<Utc>) -> NewPost {
    NewPost { visibility: Visibility::Scheduled, scheduled_at: Some(moment), ..text("Later") }
}

/// The next 28 March: the morning on which Dublin's clocks go forward in 2027; close enough to be scheduled for.
const BEFORE_THE_CHANGE: &str = "2027-03-20T12:00:00Z";

// ---- saving -----------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn saving_is_publishing() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("Europe/Dublin").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    studio.account(&maeve, Platform::Linkedin, "Harbour & Pine").await;
    let off = studio.account(&maeve, Platform::Twitter, "@harbourpine").await;
    studio.change_account(off, "is_active = false").await;
    let pictures = [studio.picture(&maeve, 30, 20).await, studio.picture(&maeve, 20, 30).await];

    let new = NewPost {
        title: Some("  Autumn roast  ".into()),
        link: Some(" https://harbourpine.example ".into()),
        media_assets: vec![pictures[1], pictures[0]],
        overrides: BTreeMap::from([
            (Platform::Linkedin, Override { body: " For LinkedIn ".into() }),
            (Platform::Facebook, Override { body: "   ".into() }),
        ]),
        undo_seconds: Some(5),
        ..text("  Plum and cocoa.\n")
    };
    let post = studio.save(&maeve, new).await;

    assert_eq!(post.status, PostStatus::Publishing);
    assert_eq!(post.publishes_at, Some(studio.now() + Duration::seconds(5)));
    assert_eq!((post.title.as_deref(), post.body.as_str()), (Some("Autumn roast"), "Plum and cocoa."));
    assert_eq!(post.link.as_deref(), Some("https://harbourpine.example"));
    assert_eq!(post.overrides, BTreeMap::from([(Platform::Linkedin, Override { body: "For LinkedIn".into() })]));
    assert_eq!(post.media.iter().map(|asset| asset.id).collect::<Vec<_>>(), [pictures[1], pictures[0]]);
    assert_eq!((post.version, post.account_ids.clone(), post.author.name.as_str()), (1, None, "Maeve Byrne"));
    assert_eq!(post, studio.posts.get(&maeve, post.id).await.unwrap(), "what is answered is what is kept");

    // Its deliveries are part of the post, and wait for the end of the undo window.
    let pending = |platform: &str| (platform.to_owned(), "pending".to_owned());
    assert_eq!(studio.deliveries(post.id).await, [pending("facebook"), pending("linkedin")]);
    assert_eq!((post.deliveries.total, post.deliveries.pending), (2, 2));
    assert_eq!(
        studio.count("deliveries d join posts p on p.id = d.post_id where d.next_attempt_at <> p.publishes_at").await,
        0
    );
    let jobs: Vec<String> = studio.jobs().await.into_iter().map(|job| job.task).collect();
    assert_eq!(jobs, ["deliveries.prepare_media"], "its pictures are made ready meanwhile, and nothing is left behind");
    studio.select().await;
    assert_eq!(studio.jobs().await, []);
}

#[tokio::test]
async fn it_goes_to_the_chosen_accounts_only() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let chosen = studio.account(&maeve, Platform::Facebook, "Chosen").await;
    studio.account(&maeve, Platform::Linkedin, "Not chosen").await;
    let post = studio.save(&maeve, NewPost { account_ids: Some(vec![chosen, chosen]), ..text("Hi") }).await;
    assert_eq!(post.account_ids, Some(vec![chosen]));
    studio.select().await;
    assert_eq!(studio.deliveries(post.id).await, [("facebook".to_owned(), "pending".to_owned())]);
}

#[tokio::test]
async fn a_private_post_stays() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    // Nothing is connected, and X would never take it: it is a draft.
    let post = studio.save(&maeve, private(&"a".repeat(5_000))).await;
    assert_eq!((post.status, post.publishes_at), (PostStatus::Draft, None));
    assert_eq!(studio.jobs().await, []);
}

#[tokio::test]
async fn a_scheduled_post_waits_for_its_time() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("Europe/Dublin").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let moment = studio.now() + Duration::days(3);
    let post = studio.save(&maeve, at(moment)).await;
    assert_eq!(
        (post.status, post.publishes_at, post.scheduled_at),
        (PostStatus::Scheduled, Some(moment), Some(moment))
    );
    assert_eq!(post.time_zone.as_deref(), Some("Europe/Dublin"), "the workspace's");
    studio.select().await;
    assert_eq!(studio.deliveries(post.id).await, [], "not before its time");
    let [job] = &studio.jobs().await[..] else { panic!("one job") };
    assert_eq!(job.run_at, moment);
}

#[tokio::test]
async fn a_wall_clock_time_means_the_same_on_both_sides_of_a_change() {
    let studio = Studio::new().await;
    studio.clock.set(BEFORE_THE_CHANGE.parse().unwrap());
    let maeve = studio.workspace("Europe/Dublin").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    for (local, zone, moment, kept) in [
        ("2027-03-27T07:00:00", None, "2027-03-27T07:00:00Z", "2027-03-27 07:00:00"),
        ("2027-03-28T07:00:00", None, "2027-03-28T06:00:00Z", "2027-03-28 07:00:00"),
        // It does not happen that night.
        ("2027-03-28T01:30:00", None, "2027-03-28T01:30:00Z", "2027-03-28 02:30:00"),
        ("2027-03-28T07:00:00", Some("America/New_York"), "2027-03-28T11:00:00Z", "2027-03-28 07:00:00"),
    ] {
        let new = NewPost {
            visibility: Visibility::Scheduled,
            scheduled_local: Some(local.parse().unwrap()),
            time_zone: zone.map(str::to_owned),
            ..text("Good morning")
        };
        let post = studio.save(&maeve, new).await;
        let moment: DateTime<Utc> = moment.parse().unwrap();
        assert_eq!((post.scheduled_at, post.publishes_at), (Some(moment), Some(moment)), "{local} {zone:?}");
        assert_eq!(post.scheduled_local.unwrap().to_string(), kept, "{local} {zone:?}");
        assert_eq!(studio.jobs().await.last().unwrap().run_at, moment);
    }
}

// ---- refusals ---------------------------------------------------------------------------------------------------------

#[rstest]
#[case(NewPost::default(), "body")]
#[case(NewPost { title: Some("a".repeat(201)), ..text("x") }, "title")]
#[case(text(&"a".repeat(70_001)), "body")]
#[case(text("a\0b"), "body")]
#[case(NewPost { link: Some("javascript:alert(1)".into()), ..text("x") }, "link")]
#[case(NewPost { link: Some("https://a.example/\0".into()), ..text("x") }, "link")]
#[case(NewPost { account_ids: Some(Vec::new()), ..text("x") }, "account_ids")]
#[case(NewPost { undo_seconds: Some(61), ..text("x") }, "undo_seconds")]
#[case(NewPost { time_zone: Some("Mars/Olympus".into()), ..text("x") }, "time_zone")]
#[case(NewPost { visibility: Visibility::Scheduled, ..text("x") }, "scheduled_at")]
#[case(at("2020-01-01T00:00:00Z".parse().unwrap()), "scheduled_at")]
#[case(at("2099-01-01T00:00:00Z".parse().unwrap()), "scheduled_at")]
#[case(NewPost { visibility: Visibility::Scheduled, scheduled_local: Some("-262143-01-01T00:00:00".parse().unwrap()), ..text("x") }, "scheduled_at")]
#[case(NewPost { visibility: Visibility::Public, ..at("2027-01-01T00:00:00Z".parse().unwrap()) }, "scheduled_at")]
#[case(NewPost { overrides: BTreeMap::from([(Platform::Facebook, Override { body: "\u{7}".into() })]), ..text("x") }, "overrides.facebook")]
// What a platform would refuse:
#[case(text(&"a".repeat(281)), "body")]
#[case(NewPost { overrides: BTreeMap::from([(Platform::Twitter, Override { body: "b".repeat(281) })]), ..text("x") }, "overrides.twitter")]
#[tokio::test]
async fn a_wrong_field_is_named_and_leaves_nothing_behind(#[case] new: NewPost, #[case] at_fault: &str) {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Twitter, "@harbourpine").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let result = studio.posts.create(&maeve, new, Some(key("k"))).await;
    assert_eq!(result.as_ref().unwrap_err().code(), ErrorCode::ValidationError);
    assert!(!field(result, at_fault).is_empty());
    for table in ["posts", "post_versions", "deliveries", "idempotency_keys", "graphile_worker._private_jobs"] {
        assert_eq!(studio.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn without_an_account_it_says_what_to_do() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let message = field(studio.posts.create(&maeve, text("Hi"), None).await, "account_ids");
    assert!(message.contains("Connect one under Accounts"), "{message}");

    let account = studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    studio.change_account(account, "status = 'reconnect_required'").await;
    let message = field(studio.posts.create(&maeve, text("Hi"), None).await, "account_ids");
    assert!(message.contains("reconnect one"), "{message}");
}

#[tokio::test]
async fn chosen_accounts_must_be_ours_and_able() {
    let studio = Studio::new().await;
    let (maeve, other) = (studio.workspace("UTC").await, studio.workspace("UTC").await);
    let ours = studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let theirs = studio.account(&other, Platform::Facebook, "Somebody else").await;
    let unknown = AccountId(studio.ids.next());
    for visibility in [Visibility::Public, Visibility::Private] {
        let with = |ids: &[AccountId]| NewPost { visibility, account_ids: Some(ids.to_vec()), ..text("Hi") };
        let foreign = field(studio.posts.create(&maeve, with(&[ours, theirs]), None).await, "account_ids");
        let absent = field(studio.posts.create(&maeve, with(&[ours, unknown]), None).await, "account_ids");
        assert_eq!(foreign, absent, "another workspace's cannot be told from none");
    }
    studio.change_account(ours, "is_active = false").await;
    let chosen = NewPost { account_ids: Some(vec![ours]), ..text("Hi") };
    assert_eq!(
        field(studio.posts.create(&maeve, chosen, None).await, "account_ids"),
        "Harbour & Pine: Switched off for posts."
    );
}

#[tokio::test]
async fn pictures_must_be_ours() {
    let studio = Studio::new().await;
    let (maeve, other) = (studio.workspace("UTC").await, studio.workspace("UTC").await);
    let ours = studio.picture(&maeve, 10, 10).await;
    let theirs = studio.picture(&other, 10, 10).await;
    for foreign in [theirs, MediaId(studio.ids.next())] {
        let new = NewPost { media_assets: vec![ours, foreign], ..private("Hi") };
        assert!(field(studio.posts.create(&maeve, new, None).await, "media_assets").starts_with("Picture 2 "));
    }
}

#[tokio::test]
async fn viewers_read_and_write_nothing() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = studio.save(&maeve, private("Hi")).await;
    let reader = studio.colleague(&maeve, Role::Viewer).await;
    assert_eq!(studio.posts.get(&reader, post.id).await.unwrap().id, post.id, "reading is for all");
    assert_eq!(studio.posts.list(&reader, PostFilter::default()).await.unwrap().total, 1);
    assert_eq!(code(studio.posts.create(&reader, private("Hi"), None).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.posts.update(&reader, post.id, PostPatch::default()).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.posts.undo(&reader, post.id).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.posts.delete(&reader, post.id).await), ErrorCode::Forbidden);

    let editor = studio.colleague(&maeve, Role::Editor).await;
    studio.posts.create(&editor, private("Hi"), None).await.unwrap();
}

#[tokio::test]
async fn another_workspace_finds_nothing() {
    let studio = Studio::new().await;
    let (maeve, other) = (studio.workspace("UTC").await, studio.workspace("UTC").await);
    let post = studio.save(&maeve, private("Secret plans")).await;
    // Nor does somebody who names a workspace that does not exist.
    let nobody = Actor {
        user_id: UserId(studio.ids.next()),
        workspace_id: WorkspaceId(studio.ids.next()),
        kind: WorkspaceKind::Client,
        role: Role::Admin,
        via: Via::System,
        request_id: RequestId::from_uuid(studio.ids.next()),
        peer: domain::Peer::default(),
    };
    for stranger in [&other, &nobody] {
        let patch = PostPatch { body: Some("Mine".into()), ..PostPatch::default() };
        assert_eq!(code(studio.posts.get(stranger, post.id).await), ErrorCode::NotFound);
        assert_eq!(code(studio.posts.update(stranger, post.id, patch).await), ErrorCode::NotFound);
        assert_eq!(code(studio.posts.undo(stranger, post.id).await), ErrorCode::NotFound);
        assert_eq!(code(studio.posts.delete(stranger, post.id).await), ErrorCode::NotFound);
        assert_eq!(studio.posts.list(stranger, PostFilter::default()).await.unwrap().total, 0);
        let search = PostFilter { q: Some("Secret".into()), ..PostFilter::default() };
        assert!(studio.posts.list(stranger, search).await.unwrap().items.is_empty());
    }
    assert_eq!(studio.posts.get(&maeve, post.id).await.unwrap(), post, "untouched");
}

// ---- the same request again -------------------------------------------------------------------------------------------

#[tokio::test]
async fn the_same_key_gives_the_same_post() {
    let studio = Studio::new().await;
    let (maeve, other) = (studio.workspace("UTC").await, studio.workspace("UTC").await);
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let moment = studio.now() + Duration::minutes(5);
    let first = studio.posts.create(&maeve, at(moment), Some(key("k"))).await.unwrap();
    assert_eq!(studio.posts.create(&maeve, at(moment), Some(key("k"))).await.unwrap(), first);
    studio.clock.advance(Duration::hours(23));
    let later = studio.posts.create(&maeve, at(moment), Some(key("k"))).await.unwrap();
    assert_eq!(later, first, "also when its time has passed");
    assert_eq!(code(studio.posts.create(&maeve, private("Other"), Some(key("k"))).await), ErrorCode::Conflict);
    assert_eq!(studio.count("posts").await, 1);
    assert_eq!(studio.jobs().await.len(), 1);

    let theirs = studio.posts.create(&other, private("Hi"), Some(key("k"))).await.unwrap();
    assert_ne!(theirs.id, first.id, "a key belongs to a workspace");

    studio.clock.advance(Duration::hours(2));
    let another = studio.posts.create(&maeve, private("Other"), Some(key("k"))).await.unwrap();
    assert_ne!(another.id, first.id, "a day later it may mean something else");
}

#[tokio::test]
async fn a_deleted_post_does_not_come_back_by_its_key() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = studio.posts.create(&maeve, private("Hi"), Some(key("k"))).await.unwrap();
    studio.posts.delete(&maeve, post.id).await.unwrap();
    assert_eq!(code(studio.posts.create(&maeve, private("Hi"), Some(key("k"))).await), ErrorCode::Conflict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_request_many_times_at_once_is_one_post() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    for round in 0..5 {
        let name = format!("round-{round}");
        let tasks = (0..8).map(|_| {
            let (posts, actor, key) = (studio.posts.clone(), maeve.clone(), Some(key(&name)));
            tokio::spawn(async move { posts.create(&actor, text("Once"), key).await })
        });
        let made: Vec<Post> = join_all(tasks).await.into_iter().map(|task| task.unwrap().unwrap()).collect();
        let ids: HashSet<PostId> = made.iter().map(|post| post.id).collect();
        assert_eq!(ids.len(), 1, "everybody is told of the same post");
        assert!(made.iter().all(|post| *post == made[0]));
    }
    assert_eq!(studio.count("posts").await, 5);
    assert_eq!(studio.count("post_versions").await, 5);
    assert_eq!(studio.count("deliveries").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_different_requests_under_one_key_one_wins() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let tasks = (0..8).map(|n| {
        let (posts, actor) = (studio.posts.clone(), maeve.clone());
        tokio::spawn(async move { posts.create(&actor, private(&format!("Body {n}")), Some(key("k"))).await })
    });
    let (made, refused): (Vec<_>, Vec<_>) =
        join_all(tasks).await.into_iter().map(Result::unwrap).partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 7));
    assert!(refused.into_iter().all(|result| code(result) == ErrorCode::Conflict));
    assert_eq!(studio.count("posts").await, 1);
}

// ---- taking back ------------------------------------------------------------------------------------------------------

async fn under_way(studio: &Studio, actor: &Actor) -> Post {
    studio.account(actor, Platform::Facebook, "Harbour & Pine").await;
    studio.account(actor, Platform::Linkedin, "Harbour & Pine").await;
    studio.save(actor, NewPost { undo_seconds: Some(10), ..text("Plum and cocoa.") }).await
}

#[tokio::test]
async fn undo_before_the_deliveries_are_made() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let post = studio.save(&maeve, at(studio.now() + Duration::hours(1))).await;
    let draft = studio.posts.undo(&maeve, post.id).await.unwrap();
    assert_eq!((draft.status, draft.publishes_at), (PostStatus::Draft, None));
    assert_eq!(draft.visibility, Visibility::Scheduled, "what was chosen stays");
    studio.clock.advance(Duration::hours(1));
    studio.run_scheduled().await;
    assert_eq!(studio.deliveries(post.id).await, [], "its time comes too late");
}

#[tokio::test]
async fn undo_cancels_the_deliveries() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = under_way(&studio, &maeve).await;
    studio.select().await;
    let draft = studio.posts.undo(&maeve, post.id).await.unwrap();
    assert_eq!((draft.status, draft.publishes_at), (PostStatus::Draft, None));
    assert_eq!(
        (draft.visibility, draft.body.as_str()),
        (Visibility::Public, "Plum and cocoa."),
        "what was chosen stays"
    );
    assert_eq!((draft.deliveries.total, draft.deliveries.canceled), (2, 2));
    assert_eq!(studio.posts.undo(&maeve, post.id).await.unwrap(), draft, "a second click changes nothing");
}

#[tokio::test]
async fn undo_comes_too_late_once_one_is_picked_up() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = under_way(&studio, &maeve).await;
    studio.select().await;
    studio.pick_one_up(post.id).await;
    assert_eq!(code(studio.posts.undo(&maeve, post.id).await), ErrorCode::Conflict);
    let statuses: Vec<_> = studio.deliveries(post.id).await.into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, ["publishing", "pending"], "nothing is half taken back");
    assert_eq!(studio.posts.get(&maeve, post.id).await.unwrap().status, PostStatus::Publishing);

    studio.publish(post.id, "published").await;
    assert_eq!(code(studio.posts.undo(&maeve, post.id).await), ErrorCode::Conflict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undo_waits_for_a_worker_that_is_picking_up() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = under_way(&studio, &maeve).await;
    studio.select().await;

    let mut worker = studio.db.worker().await.unwrap();
    sqlx::query("select id from posts where id = $1 for update").bind(post.id.0).execute(&mut *worker).await.unwrap();
    let undo = {
        let (posts, actor) = (studio.posts.clone(), maeve.clone());
        tokio::spawn(async move { posts.undo(&actor, post.id).await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!undo.is_finished(), "the row of the post is the lock");
    sqlx::query(
        "update deliveries set status = 'publishing', attempts = 1, next_attempt_at = null, lease_owner = $1, lease_until = now()
          where post_id = $2",
    )
    .bind(uuid::Uuid::nil())
    .bind(post.id.0)
    .execute(&mut *worker)
    .await
    .unwrap();
    worker.commit().await.unwrap();
    assert_eq!(code(undo.await.unwrap()), ErrorCode::Conflict);
}

#[tokio::test]
async fn undo_before_its_time() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let post = studio.save(&maeve, at(studio.now() + Duration::days(1))).await;
    let draft = studio.posts.undo(&maeve, post.id).await.unwrap();
    assert_eq!((draft.status, draft.publishes_at), (PostStatus::Draft, None));
    assert_eq!(draft.visibility, Visibility::Scheduled);
    assert_eq!(
        (draft.scheduled_at, draft.scheduled_local, draft.time_zone),
        (post.scheduled_at, post.scheduled_local, post.time_zone),
        "what was chosen stays"
    );
}

#[tokio::test]
async fn what_was_taken_back_goes_out_only_when_told_to() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = under_way(&studio, &maeve).await;
    studio.posts.undo(&maeve, post.id).await.unwrap();
    let draft = studio.posts.update(&maeve, post.id, body("Better")).await.unwrap();
    assert_eq!((draft.version, draft.status, draft.visibility), (2, PostStatus::Draft, Visibility::Public));
    studio.select().await;
    let canceled = [of("facebook", "canceled"), of("linkedin", "canceled")];
    assert_eq!(studio.deliveries(post.id).await, canceled, "a change of words sends nothing");

    let again = PostPatch { visibility: Some(Visibility::Public), ..PostPatch::default() };
    let sent = studio.posts.update(&maeve, post.id, again).await.unwrap();
    assert_eq!((sent.version, sent.status), (3, PostStatus::Publishing));
    let pending = [of("facebook", "pending"), of("linkedin", "pending")];
    assert_eq!(studio.deliveries(post.id).await, [canceled, pending].concat());

    // The time that was chosen is taken up again, unless it has passed.
    let later = studio.save(&maeve, at(studio.now() + Duration::days(2))).await;
    studio.posts.undo(&maeve, later.id).await.unwrap();
    let again = PostPatch { visibility: Some(Visibility::Scheduled), ..PostPatch::default() };
    let scheduled = studio.posts.update(&maeve, later.id, again.clone()).await.unwrap();
    assert_eq!((scheduled.status, scheduled.scheduled_at), (PostStatus::Scheduled, later.scheduled_at));
    studio.posts.undo(&maeve, later.id).await.unwrap();
    studio.clock.advance(Duration::days(3));
    assert!(!field(studio.posts.update(&maeve, later.id, again).await, "scheduled_at").is_empty());
}

// ---- changing ---------------------------------------------------------------------------------------------------------

fn body(body: &str) -> PostPatch {
    PostPatch { body: Some(body.to_owned()), ..PostPatch::default() }
}

#[tokio::test]
async fn a_draft_becomes_public() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let picture = studio.picture(&maeve, 10, 10).await;
    let draft = studio.save(&maeve, NewPost { media_assets: vec![picture], ..private("Draft") }).await;
    let draft = studio.posts.update(&maeve, draft.id, body("Better")).await.unwrap();
    assert_eq!((draft.version, draft.status, draft.body.as_str()), (2, PostStatus::Draft, "Better"));
    assert_eq!(draft.media.len(), 1, "what is left out stays");

    let publish = PostPatch { visibility: Some(Visibility::Public), undo_seconds: Some(5), ..PostPatch::default() };
    let refused = studio.posts.update(&maeve, draft.id, publish.clone()).await;
    assert!(!field(refused, "account_ids").is_empty(), "it is checked like a new one");
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let post = studio.posts.update(&maeve, draft.id, publish).await.unwrap();
    assert_eq!((post.version, post.status), (3, PostStatus::Publishing));
    assert_eq!(post.publishes_at, Some(studio.now() + Duration::seconds(5)));
    studio.select().await;
    assert_eq!(studio.deliveries(post.id).await, [("facebook".to_owned(), "pending".to_owned())]);
    assert_eq!(studio.count("post_versions").await, 3, "every version is kept");
}

#[tokio::test]
async fn a_change_within_the_undo_window_goes_out_instead() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = under_way(&studio, &maeve).await;
    studio.select().await;
    let changed = studio.posts.update(&maeve, post.id, body("Plum, cocoa and rye.")).await.unwrap();
    assert_eq!((changed.version, changed.status), (2, PostStatus::Publishing));
    studio.select().await;
    let statuses: Vec<_> = studio.deliveries(post.id).await.into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, ["canceled", "canceled", "pending", "pending"]);
    assert_eq!(
        studio.count("deliveries d join post_versions v on v.id = d.post_version_id where d.status = 'pending' and v.number = 2").await,
        2
    );
}

#[tokio::test]
async fn a_change_comes_too_late_once_one_is_picked_up() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = under_way(&studio, &maeve).await;
    studio.select().await;
    studio.pick_one_up(post.id).await;
    assert_eq!(code(studio.posts.update(&maeve, post.id, body("Late")).await), ErrorCode::Conflict);
    let kept = studio.posts.get(&maeve, post.id).await.unwrap();
    assert_eq!((kept.version, kept.body.as_str(), kept.deliveries.canceled), (1, "Plum and cocoa.", 0));
    studio.publish(post.id, "published").await;
    assert_eq!(code(studio.posts.update(&maeve, post.id, body("Late")).await), ErrorCode::Conflict);
}

#[tokio::test]
async fn a_post_is_moved_to_another_time_and_back_to_the_drafts() {
    let studio = Studio::new().await;
    studio.clock.set(BEFORE_THE_CHANGE.parse().unwrap());
    let maeve = studio.workspace("Europe/Dublin").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let new = NewPost {
        visibility: Visibility::Scheduled,
        scheduled_local: Some("2027-03-27T07:00:00".parse().unwrap()),
        ..text("Good morning")
    };
    let post = studio.save(&maeve, new).await;

    let same = studio.posts.update(&maeve, post.id, body("Morning!")).await.unwrap();
    assert_eq!((same.scheduled_at, same.version), (post.scheduled_at, 2), "the time stays");

    let local = Some("2027-03-28T07:00:00".parse().unwrap());
    let moved = PostPatch { scheduled_local: local, ..PostPatch::default() };
    let moved = studio.posts.update(&maeve, post.id, moved).await.unwrap();
    assert_eq!(moved.scheduled_at, Some("2027-03-28T06:00:00Z".parse().unwrap()), "the day the clocks change");

    let zone = PostPatch { time_zone: Some("America/New_York".into()), ..PostPatch::default() };
    let moved = studio.posts.update(&maeve, post.id, zone).await.unwrap();
    assert_eq!(moved.scheduled_local, local, "the wall clock stays");
    assert_eq!(moved.scheduled_at, Some("2027-03-28T11:00:00Z".parse().unwrap()));
    assert_eq!(studio.jobs().await.last().unwrap().run_at, moved.scheduled_at.unwrap());

    let kept = PostPatch { visibility: Some(Visibility::Private), ..PostPatch::default() };
    let draft = studio.posts.update(&maeve, post.id, kept).await.unwrap();
    assert_eq!((draft.status, draft.scheduled_at, draft.publishes_at), (PostStatus::Draft, None, None));
}

#[tokio::test]
async fn an_older_version_is_not_written_over_a_newer_one() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let draft = studio.save(&maeve, private("One")).await;
    let from = |version, words: &str| PostPatch { version: Some(version), ..body(words) };
    studio.posts.update(&maeve, draft.id, from(1, "Two")).await.unwrap();
    assert_eq!(code(studio.posts.update(&maeve, draft.id, from(1, "Also two")).await), ErrorCode::Conflict);
    studio.posts.update(&maeve, draft.id, from(2, "Three")).await.unwrap();
    let unchanged = studio.posts.update(&maeve, draft.id, PostPatch::default()).await.unwrap();
    assert_eq!((unchanged.version, unchanged.body.as_str()), (3, "Three"), "no change, no version");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_at_once_are_versions_in_a_row() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let draft = studio.save(&maeve, private("One")).await;
    let tasks = (0..6).map(|n| {
        let (posts, actor) = (studio.posts.clone(), maeve.clone());
        tokio::spawn(async move { posts.update(&actor, draft.id, body(&format!("Change {n}"))).await })
    });
    let mut versions: Vec<u32> = join_all(tasks).await.into_iter().map(|task| task.unwrap().unwrap().version).collect();
    versions.sort_unstable();
    assert_eq!(versions, [2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn the_choice_of_accounts_can_change() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let (a, b) =
        (studio.account(&maeve, Platform::Facebook, "A").await, studio.account(&maeve, Platform::Linkedin, "B").await);
    let draft = studio.save(&maeve, NewPost { account_ids: Some(vec![a]), ..private("Hi") }).await;
    let choose = PostPatch { account_ids: Some(vec![b]), ..PostPatch::default() };
    assert_eq!(studio.posts.update(&maeve, draft.id, choose).await.unwrap().account_ids, Some(vec![b]));
    // One that is disconnected later does not keep a draft from being written on, only from going out.
    studio.change_account(b, "status = 'disconnected'").await;
    studio.posts.update(&maeve, draft.id, body("Hello")).await.unwrap();
    let publish = PostPatch { visibility: Some(Visibility::Public), ..PostPatch::default() };
    assert!(!field(studio.posts.update(&maeve, draft.id, publish).await, "account_ids").is_empty());
}

#[tokio::test]
async fn a_choice_is_given_up_again() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let a = studio.account(&maeve, Platform::Facebook, "A").await;
    studio.account(&maeve, Platform::Linkedin, "B").await;
    let draft = studio.save(&maeve, NewPost { account_ids: Some(vec![a]), ..private("Hi") }).await;
    let server = studio.server(Some(&maeve));
    let patch = async |change: Value| {
        let answer: Value = server.patch(&format!("/api/content/{}", draft.id)).json(&change).await.json();
        answer
    };
    let kept = patch(json!({"body": "Hello", "account_ids": null, "targets": null})).await;
    assert_eq!(kept["data"]["account_ids"], json!([a]), "null means unchanged, as everywhere: {kept}");
    let both = patch(json!({"targets": "all_active", "account_ids": [a]})).await;
    assert!(both["details"]["fields"]["targets"].is_string(), "{both}");
    let all = patch(json!({"targets": "all_active"})).await;
    assert_eq!(all["data"]["account_ids"], Value::Null, "{all}");
    let nobody = patch(json!({"targets": "chosen"})).await;
    assert!(nobody["details"]["fields"]["account_ids"].is_string(), "{nobody}");
    patch(json!({"visibility": "public"})).await;
    studio.select().await;
    assert_eq!(studio.deliveries(draft.id).await.len(), 2);
}

// ---- sent, and refused ------------------------------------------------------------------------------------------------

/// Two accounts have got a post: what Facebook and LinkedIn said.
async fn sent(studio: &Studio, actor: &Actor, facebook: &str, linkedin: &str) -> Post {
    let post = under_way(studio, actor).await;
    studio.select().await;
    studio.settle(post.id, Platform::Facebook, facebook).await;
    studio.settle(post.id, Platform::Linkedin, linkedin).await;
    studio.posts.get(actor, post.id).await.unwrap()
}

fn of(platform: &str, status: &str) -> (String, String) {
    (platform.to_owned(), status.to_owned())
}

#[tokio::test]
async fn a_failed_post_is_changed_and_sent_again() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = sent(&studio, &maeve, "failed", "failed").await;
    assert_eq!((post.status, post.deliveries.failed), (PostStatus::Failed, 2));

    let changed = studio.posts.update(&maeve, post.id, body("Shorter")).await.unwrap();
    assert_eq!((changed.version, changed.status), (2, PostStatus::Publishing));
    let (total, pending) = (changed.deliveries.total, changed.deliveries.pending);
    assert_eq!((total, pending), (2, 2), "what is replaced is not counted");
    studio.select().await;
    assert_eq!(
        studio.deliveries(post.id).await,
        [of("facebook", "canceled"), of("linkedin", "canceled"), of("facebook", "pending"), of("linkedin", "pending")]
    );
    let counts = studio.posts.get(&maeve, post.id).await.unwrap().deliveries;
    assert_eq!((counts.total, counts.pending, counts.canceled), (2, 2, 0));
    let line = &studio.posts.list(&maeve, PostFilter::default()).await.unwrap().items[0];
    assert_eq!(line.deliveries, counts, "the list counts alike");

    // The replaced ones cannot be started over beside the new ones.
    let old = studio.delivery_ids(post.id, 1).await;
    for id in old {
        assert_eq!(code(studio.deliveries.retry(&maeve, id).await), ErrorCode::Conflict);
    }
    assert_eq!(studio.deliveries.retry_failed(&maeve, DeliveryFilter::default()).await.unwrap(), 0);
    studio.settle(post.id, Platform::Facebook, "success").await;
    studio.settle(post.id, Platform::Linkedin, "success").await;
    let out = studio.posts.get(&maeve, post.id).await.unwrap();
    assert_eq!((out.status, out.deliveries.total, out.deliveries.success), (PostStatus::Published, 2, 2));
}

#[tokio::test]
async fn an_account_that_took_a_post_gets_no_other_version_of_it() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = sent(&studio, &maeve, "success", "failed").await;
    assert_eq!(post.status, PostStatus::PartlyPublished);

    let hide = PostPatch { visibility: Some(Visibility::Private), ..PostPatch::default() };
    assert!(!field(studio.posts.update(&maeve, post.id, hide).await, "visibility").is_empty());
    let changed = studio.posts.update(&maeve, post.id, body("For LinkedIn")).await.unwrap();
    assert_eq!((changed.deliveries.total, changed.deliveries.success), (2, 1), "it is still out on Facebook");
    studio.select().await;
    assert_eq!(
        studio.deliveries(post.id).await,
        [of("facebook", "success"), of("linkedin", "canceled"), of("linkedin", "pending")]
    );
    studio.settle(post.id, Platform::Linkedin, "failed").await;

    // Also when it is named.
    let (facebook, linkedin) = studio.accounts_of(post.id).await;
    let both = PostPatch { account_ids: Some(vec![facebook, linkedin]), ..body("Third") };
    studio.posts.update(&maeve, post.id, both).await.unwrap();
    studio.select().await;
    assert_eq!(studio.deliveries(post.id).await.last(), Some(&of("linkedin", "pending")));
    assert_eq!(studio.deliveries(post.id).await.len(), 4, "one more, for LinkedIn");
    studio.settle(post.id, Platform::Linkedin, "failed").await;
    let taken = PostPatch { account_ids: Some(vec![facebook]), ..body("Fourth") };
    assert!(field(studio.posts.update(&maeve, post.id, taken).await, "account_ids").contains("already"));
    assert_eq!(studio.posts.get(&maeve, post.id).await.unwrap().version, 3, "nothing is changed by that");
}

#[tokio::test]
async fn what_is_partly_out_is_taken_back_from_the_others() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = sent(&studio, &maeve, "success", "failed").await;
    let later = PostPatch { undo_seconds: Some(30), ..body("For LinkedIn") };
    studio.posts.update(&maeve, post.id, later).await.unwrap();
    studio.select().await;
    let back = studio.posts.undo(&maeve, post.id).await.unwrap();
    assert_eq!((back.status, back.publishes_at), (PostStatus::PartlyPublished, None), "no draft: Facebook has it");
    assert_eq!(studio.deliveries(post.id).await.last(), Some(&of("linkedin", "canceled")));
    studio.posts.update(&maeve, post.id, body("Again")).await.unwrap();
    studio.select().await;
    assert_eq!(studio.deliveries(post.id).await.last(), Some(&of("linkedin", "pending")));
}

#[tokio::test]
async fn nothing_replaces_what_may_be_out() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = sent(&studio, &maeve, "failed", "unknown").await;
    let refused = studio.posts.update(&maeve, post.id, body("Changed")).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Conflict);
    assert!(refused.fault.message.contains("Harbour & Pine"), "{}", refused.fault.message);
    assert_eq!(studio.deliveries(post.id).await, [of("facebook", "failed"), of("linkedin", "failed")]);
    // A person has looked.
    let unknown = studio.delivery_ids(post.id, 1).await[1];
    studio.deliveries.mark_published(&maeve, unknown).await.unwrap();
    studio.posts.update(&maeve, post.id, body("Changed")).await.unwrap();
    studio.select().await;
    assert_eq!(studio.deliveries(post.id).await.last(), Some(&of("facebook", "pending")));
    assert_eq!(studio.deliveries(post.id).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changing_and_retrying_at_once_sends_one_of_them() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    for round in 0..8 {
        let post = if round == 0 {
            sent(&studio, &maeve, "failed", "failed").await
        } else {
            let post = studio.save(&maeve, text(&format!("Round {round}"))).await;
            studio.select().await;
            studio.settle(post.id, Platform::Facebook, "failed").await;
            studio.settle(post.id, Platform::Linkedin, "failed").await;
            post
        };
        let old = studio.delivery_ids(post.id, 1).await;
        let (posts, deliveries, actor) = (studio.posts.clone(), studio.deliveries.clone(), maeve.clone());
        let change = tokio::spawn(async move { posts.update(&actor, post.id, body("Changed")).await });
        let actor = maeve.clone();
        let retry = tokio::spawn(async move { deliveries.retry(&actor, old[0]).await });
        let (change, retry) = (change.await.unwrap(), retry.await.unwrap());
        for error in [change.as_ref().err().map(ServiceError::code), retry.as_ref().err().map(ServiceError::code)] {
            assert!(error.is_none_or(|code| code == ErrorCode::Conflict), "{change:?} {retry:?}");
        }
        assert_ne!(change.is_ok(), retry.is_ok(), "exactly one: {change:?} {retry:?}");
        studio.select().await;
        let open = studio
            .count(
                "(select from deliveries where status in ('pending', 'retried', 'publishing')
                   group by account_id, post_id having count(*) > 1) twice",
            )
            .await;
        assert_eq!(open, 0, "no account gets two versions");
        studio.finish_all().await;
    }
}

// ---- who can take part ------------------------------------------------------------------------------------------------

#[tokio::test]
async fn accounts_that_cannot_take_part_are_left_out_and_named() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let scopes = studio.account(&maeve, Platform::Linkedin, "No scope").await;
    studio.change_account(scopes, "missing_scopes = '{w_organization_social}'").await;
    let ended = studio.account(&maeve, Platform::Facebook, "Ended").await;
    studio.change_account(ended, "status = 'reconnect_required'").await;
    let off = studio.account(&maeve, Platform::Linkedin, "Switched off").await;
    studio.change_account(off, "is_active = false").await;
    let moment = studio.now() + Duration::days(1);
    let post = studio.save(&maeve, at(moment)).await;
    // Two at X: saving would have refused it, so one of them has come since.
    studio.account(&maeve, Platform::Twitter, "@harbourpine").await;
    let second = studio.account(&maeve, Platform::Twitter, "@second").await;
    assert_eq!(post.skipped, [], "it is decided when it goes out");

    studio.clock.set(moment);
    studio.run_scheduled().await;
    assert_eq!(studio.deliveries(post.id).await, [of("facebook", "pending"), of("twitter", "pending")]);
    let skipped = studio.posts.get(&maeve, post.id).await.unwrap().skipped;
    let named: Vec<_> = skipped.iter().map(|one| (one.social_account_id, one.account_name.as_str())).collect();
    assert_eq!(named, [(second, "@second"), (ended, "Ended"), (scopes, "No scope")]);
    assert!(skipped[0].reason.contains("@harbourpine"), "{skipped:?}");
    assert_eq!(skipped[1].reason, "Reconnect this account first.");
    assert!(skipped[2].reason.contains("publish"), "{skipped:?}");
}

#[tokio::test]
async fn a_post_that_nobody_can_take_has_failed_and_can_be_sent_again() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let only = studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let moment = studio.now() + Duration::hours(1);
    let post = studio.save(&maeve, at(moment)).await;
    studio.change_account(only, "status = 'failed'").await;
    studio.clock.set(moment);
    studio.run_scheduled().await;
    let failed = studio.posts.get(&maeve, post.id).await.unwrap();
    assert_eq!((failed.status, failed.deliveries.total, failed.skipped.len()), (PostStatus::Failed, 0, 1));
    studio.change_account(only, "status = 'connected'").await;
    let again = PostPatch { visibility: Some(Visibility::Public), ..PostPatch::default() };
    let sent = studio.posts.update(&maeve, post.id, again).await.unwrap();
    assert_eq!((sent.version, sent.skipped.len()), (2, 0), "a new version, a new decision");
    studio.select().await;
    assert_eq!(studio.deliveries(post.id).await, [of("facebook", "pending")]);
}

// ---- removing ---------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn removing() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let post = under_way(&studio, &maeve).await;
    assert_eq!(code(studio.posts.delete(&maeve, post.id).await), ErrorCode::Conflict, "it is going out");
    studio.posts.undo(&maeve, post.id).await.unwrap();
    studio.posts.delete(&maeve, post.id).await.unwrap();
    assert_eq!(code(studio.posts.get(&maeve, post.id).await), ErrorCode::NotFound);
    assert_eq!(code(studio.posts.delete(&maeve, post.id).await), ErrorCode::NotFound);
    assert_eq!(studio.posts.list(&maeve, PostFilter::default()).await.unwrap().total, 0);

    let scheduled = studio.save(&maeve, at(studio.now() + Duration::days(1))).await;
    studio.posts.delete(&maeve, scheduled.id).await.unwrap();
}

// ---- lists ------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_list_is_walked_by_cursor_without_loss_or_repetition() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let mut made = Vec::new();
    for n in 0..7 {
        // Three at the same moment, then another.
        if n % 3 == 0 {
            studio.clock.advance(Duration::seconds(1));
        }
        made.push(studio.save(&maeve, private(&format!("Post {n}"))).await.id);
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { limit: Some(2), cursor, ..PageRequest::default() };
        let found = studio.posts.list(&maeve, PostFilter { page, ..PostFilter::default() }).await.unwrap();
        assert_eq!(found.total, 7);
        seen.extend(found.items.iter().map(|post| post.id));
        // One that comes in meanwhile moves nothing.
        if seen.len() == 2 {
            studio.save(&maeve, private("New")).await;
            sqlx::query("update posts set deleted_at = now() where id = (select id from posts order by created_at desc, id desc limit 1)")
                .execute(&studio.admin)
                .await
                .unwrap();
        }
        cursor = found.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, made, "newest first");

    let page = PageRequest { limit: Some(3), offset: Some(5), ..PageRequest::default() };
    let found = studio.posts.list(&maeve, PostFilter { page, ..PostFilter::default() }).await.unwrap();
    assert_eq!(found.items.iter().map(|post| post.id).collect::<Vec<_>>(), made[5..]);
    assert_eq!(found.next_cursor, None);
    for (page, at_fault) in [
        (PageRequest { cursor: Some("nonsense".into()), ..PageRequest::default() }, "cursor"),
        (PageRequest { limit: Some(0), ..PageRequest::default() }, "limit"),
    ] {
        let result = studio.posts.list(&maeve, PostFilter { page, ..PostFilter::default() }).await;
        assert!(!field(result, at_fault).is_empty());
    }
}

#[tokio::test]
async fn a_list_is_filtered() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let facebook = studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    studio.account(&maeve, Platform::Linkedin, "Harbour & Pine").await;
    let percent =
        studio.save(&maeve, NewPost { title: Some("Only today".into()), ..private("100% plum_cocoa") }).await.id;
    let sent = studio.save(&maeve, NewPost { account_ids: Some(vec![facebook]), ..text("Out now") }).await.id;
    let later = studio.save(&maeve, at(studio.now() + Duration::days(1))).await.id;
    studio.select().await;
    studio.publish(sent, "published").await;

    let find = async |filter: PostFilter| {
        let page = studio.posts.list(&maeve, filter).await.unwrap();
        assert_eq!(page.total, i64::try_from(page.items.len()).unwrap());
        page.items.iter().map(|post| post.id).collect::<Vec<_>>()
    };
    let search = |q: &str| PostFilter { q: Some(q.to_owned()), ..PostFilter::default() };
    assert_eq!(find(search("100% PLUM_")).await, [percent], "in the text, whatever the case");
    assert_eq!(find(search("only TODAY")).await, [percent], "in the title");
    assert_eq!(find(search("%")).await, [percent], "a per cent sign is one");
    let status = |status: PostStatus| PostFilter { status: status.into(), ..PostFilter::default() };
    assert_eq!(find(status(PostStatus::Scheduled)).await, [later]);
    assert_eq!(find(status(PostStatus::Published)).await, [sent]);
    let platform = |platform| PostFilter { platform: Some(platform), ..PostFilter::default() };
    assert_eq!(find(platform(Platform::Facebook)).await, [later, sent, percent]);
    assert_eq!(find(platform(Platform::Linkedin)).await, [later, percent], "one went to Facebook only");
    assert_eq!(find(platform(Platform::Twitter)).await, []);
    assert_eq!(find(platform(Platform::GoogleAds)).await, []);
}

#[tokio::test]
async fn a_line_of_the_list_says_what_one_needs() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let pictures = vec![studio.picture(&maeve, 10, 10).await, studio.picture(&maeve, 11, 11).await];
    let new = NewPost { media_assets: pictures.clone(), undo_seconds: Some(5), ..text("Plum\nand cocoa.") };
    let post = studio.save(&maeve, new).await;
    studio.select().await;
    let page = studio.posts.list(&maeve, PostFilter::default()).await.unwrap();
    let [line] = &page.items[..] else { panic!("one post") };
    assert_eq!((line.id, line.excerpt.as_str(), line.media_count), (post.id, "Plum and cocoa.", 2));
    assert_eq!((line.author.name.as_str(), &line.platforms[..]), ("Maeve Byrne", &[Platform::Facebook][..]));
    assert_eq!((line.publishes_at, line.deliveries.pending), (post.publishes_at, 1));
    assert!(line.thumbnail_url.as_ref().unwrap().starts_with(&format!("/media/{}/thumbnail?", pictures[0])));
}

#[tokio::test]
async fn a_post_outlives_its_author() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let editor = studio.colleague(&maeve, Role::Editor).await;
    let post = studio.save(&editor, private("Hi")).await;
    sqlx::query("delete from memberships where user_id = $1")
        .bind(editor.user_id.0)
        .execute(&studio.admin)
        .await
        .unwrap();
    assert_eq!(studio.posts.get(&maeve, post.id).await.unwrap().author.name, "Former member");
    sqlx::query("delete from users where id = $1").bind(editor.user_id.0).execute(&studio.admin).await.unwrap();
    assert_eq!(studio.posts.list(&maeve, PostFilter::default()).await.unwrap().items[0].author.name, "Former member");
}

// ---- REST -------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn over_rest() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let server = studio.server(Some(&maeve));

    let made = server
        .post("/api/content")
        .add_header("idempotency-key", "k")
        .json(&json!({"body": "Hi", "undo_seconds": 5}))
        .await;
    made.assert_status(StatusCode::CREATED);
    let made: Value = made.json();
    assert_eq!((&made["success"], &made["data"]["status"]), (&json!(true), &json!("publishing")));
    let id = made["data"]["id"].as_str().unwrap();
    let again: Value = server
        .post("/api/content")
        .add_header("idempotency-key", "k")
        .json(&json!({"body": "Hi", "undo_seconds": 5}))
        .await
        .json();
    assert_eq!(again["data"], made["data"]);

    let list: Value = server.get("/api/content?status=publishing&platform=&limit=5").await.json();
    assert_eq!(list["data"][0]["id"], json!(id));
    assert_eq!((&list["page"]["total"], &list["page"]["next_cursor"]), (&json!(1), &Value::Null));

    let undone: Value = server.post(&format!("/api/content/{id}/undo")).await.json();
    assert_eq!(undone["data"]["status"], json!("draft"));
    let changed: Value = server.patch(&format!("/api/content/{id}")).json(&json!({"body": "Hello"})).await.json();
    assert_eq!((&changed["data"]["body"], &changed["data"]["version"]), (&json!("Hello"), &json!(2)));
    let shown: Value = server.get(&format!("/api/content/{id}")).await.json();
    assert_eq!(shown["data"], changed["data"]);
    let gone: Value = server.delete(&format!("/api/content/{id}")).await.json();
    assert_eq!((&gone["success"], gone.get("data")), (&json!(true), Some(&Value::Null)));
    server.get(&format!("/api/content/{id}")).await.assert_status_not_found();
}

#[rstest]
#[case(json!({"body": 1}), "body")]
#[case(json!({"body": "x", "media_assets": ["nonsense"]}), "media_assets[0]")]
#[case(json!({"body": "x", "visibility": "secret"}), "visibility")]
#[case(json!({"body": "x", "scheduled_at": "tomorrow"}), "scheduled_at")]
#[case(json!({"body": "x", "undo_seconds": -1}), "undo_seconds")]
#[case(json!({"body": "x", "account_ids": []}), "account_ids")]
#[tokio::test]
async fn over_rest_a_wrong_field_is_named(#[case] request: Value, #[case] at_fault: &str) {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let refused = studio.server(Some(&maeve)).post("/api/content").json(&request).await;
    refused.assert_status_bad_request();
    let refused: Value = refused.json();
    assert_eq!(refused["code"], json!("VALIDATION_ERROR"));
    assert!(refused["details"]["fields"][at_fault].is_string(), "{refused}");
}

#[tokio::test]
async fn over_rest_what_is_not_for_you() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.save(&maeve, private("Hi")).await.id;
    let viewer = studio.colleague(&maeve, Role::Viewer).await;
    let (nobody, viewer) = (studio.server(None), studio.server(Some(&viewer)));
    for (server, reading, writing) in
        [(nobody, StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED), (viewer, StatusCode::OK, StatusCode::FORBIDDEN)]
    {
        server.get("/api/content").await.assert_status(reading);
        server.get(&format!("/api/content/{id}")).await.assert_status(reading);
        server.post("/api/content").json(&json!({"body": "x"})).await.assert_status(writing);
        server.patch(&format!("/api/content/{id}")).json(&json!({"body": "x"})).await.assert_status(writing);
        server.post(&format!("/api/content/{id}/undo")).await.assert_status(writing);
        server.delete(&format!("/api/content/{id}")).await.assert_status(writing);
    }
    let server = studio.server(Some(&maeve));
    server.get("/api/content/not-an-id").await.assert_status_not_found();
    server.get("/api/content?limit=1000").await.assert_status_bad_request();
    for wrong in ["", "with space", "ü", &"k".repeat(256)] {
        let value = axum::http::HeaderValue::from_bytes(wrong.as_bytes()).unwrap();
        let refused =
            server.post("/api/content").add_header("idempotency-key", value).json(&json!({"body": "x"})).await;
        refused.assert_status_bad_request();
        assert!(refused.json::<Value>()["details"]["fields"]["Idempotency-Key"].is_string(), "{wrong:?}");
    }
}

#[test]
fn every_path_is_documented() {
    #[derive(Clone)]
    struct Never;
    impl axum::extract::FromRef<Never> for std::sync::Arc<dyn domain::posts::Posts> {
        fn from_ref(_: &Never) -> Self {
            unreachable!("the document is made without a request")
        }
    }
    let (_, document) = OpenApiRouter::<Never>::new().merge(super::api::router()).split_for_parts();
    let document = serde_json::to_value(document).unwrap();
    for (path, methods) in [
        ("/api/content", &["get", "post"][..]),
        ("/api/content/{id}", &["get", "patch", "delete"]),
        ("/api/content/{id}/undo", &["post"]),
    ] {
        for method in methods {
            let answers = &document["paths"][path][method]["responses"];
            assert!(answers["401"].is_object(), "{method} {path}: {answers}");
        }
    }
}

// ---- options and variations ---------------------------------------------------------------------------------------------

fn own(body: &str) -> Override {
    Override { body: body.to_owned() }
}

fn comment(text: &str) -> PostOptions {
    PostOptions { first_comment: Some(text.to_owned()), ..PostOptions::default() }
}

fn only_you() -> PostOptions {
    let tiktok: TiktokOptions = serde_json::from_value(json!({ "privacy": "SELF_ONLY" })).unwrap();
    PostOptions { tiktok: Some(tiktok), ..PostOptions::default() }
}

#[tokio::test]
async fn options_and_variations_belong_to_a_version() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let page = studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let new = NewPost {
        options: BTreeMap::from([
            (Platform::Facebook, comment("  More below.  ")),
            (Platform::Linkedin, comment("   ")),
            (Platform::Tiktok, only_you()),
        ]),
        variations: BTreeMap::from([(page, own(" For the page "))]),
        ..private("Hi")
    };
    let post = studio.save(&maeve, new).await;
    assert_eq!(post.options[&Platform::Facebook].first_comment.as_deref(), Some("More below."));
    assert_eq!(post.options.keys().copied().collect::<Vec<_>>(), [Platform::Facebook, Platform::Tiktok]);
    assert_eq!(post.variations, BTreeMap::from([(page, own("For the page"))]));

    let patched = studio.posts.update(&maeve, post.id, PostPatch { body: Some("Ho".into()), ..PostPatch::default() });
    let kept = patched.await.unwrap();
    assert_eq!((kept.version, &kept.options, &kept.variations), (2, &post.options, &post.variations), "left out stays");
    let patch = PostPatch {
        options: Some(BTreeMap::from([(
            Platform::Instagram,
            PostOptions { format: PostFormat::Story, ..PostOptions::default() },
        )])),
        variations: Some(BTreeMap::new()),
        ..PostPatch::default()
    };
    let changed = studio.posts.update(&maeve, post.id, patch).await.unwrap();
    assert_eq!(changed.options.keys().copied().collect::<Vec<_>>(), [Platform::Instagram]);
    assert!(changed.variations.is_empty());
    assert_eq!(
        studio.count("post_versions where options ? 'facebook' and number in (1, 2)").await,
        2,
        "what was stays"
    );
}

#[tokio::test]
async fn what_a_platform_has_no_room_for_is_refused_by_its_field() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let story = PostOptions { format: PostFormat::Story, ..comment("Hello") };
    let with =
        |platform, options: PostOptions| NewPost { options: BTreeMap::from([(platform, options)]), ..text("Hi") };
    let refused = field(
        studio.posts.create(&maeve, with(Platform::Facebook, story), None).await,
        "options.facebook.first_comment",
    );
    assert_eq!(refused, "A story on Facebook takes no comments. Take the first comment out.");
    // Where nothing goes, nothing is in the way; where Arctiv never publishes, there is nothing to choose.
    studio.save(&maeve, with(Platform::Twitter, comment(&"a".repeat(400)))).await;
    field(studio.posts.create(&maeve, with(Platform::GoogleAds, comment("Hi")), None).await, "options.google_ads");
    let stranger = studio.workspace("UTC").await;
    let theirs = studio.account(&stranger, Platform::Facebook, "Another's").await;
    let foreign = NewPost { variations: BTreeMap::from([(theirs, own("Hi"))]), ..private("Hi") };
    let refused = field(studio.posts.create(&maeve, foreign, None).await, &format!("variations.{theirs}"));
    assert_eq!(refused, "This account is not connected to this workspace.");
}

#[tokio::test]
async fn a_creators_choice_is_held_against_what_is_known_of_them() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let creator = studio.account(&maeve, Platform::Tiktok, "@harbourpine").await;
    let jpeg = studio.upload(&maeve, "cups.jpg", crate::features::media::samples::jpeg(90, 90)).await.id;
    let new = || NewPost {
        media_assets: vec![jpeg],
        options: BTreeMap::from([(Platform::Tiktok, only_you())]),
        ..text("Hi")
    };
    studio.save(&maeve, new()).await;
    studio.creator(&maeve, creator, &[TiktokPrivacy::PublicToEveryone]).await;
    let refused = field(studio.posts.create(&maeve, new(), None).await, "options.tiktok.tiktok.privacy");
    assert!(refused.contains("It may choose: Everyone."), "{refused}");
    studio.clock.advance(Duration::hours(2));
    studio.save(&maeve, new()).await;
}

#[tokio::test]
async fn several_x_accounts_each_with_words_of_their_own() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let one = studio.account(&maeve, Platform::Twitter, "@one").await;
    let two = studio.account(&maeve, Platform::Twitter, "@two").await;
    let refused = field(studio.posts.create(&maeve, text("Hi"), None).await, "account_ids");
    assert!(refused.contains("@one, @two") && refused.contains("variation"), "{refused}");
    let varied = NewPost { variations: BTreeMap::from([(two, own("Hello"))]), ..text("Hi") };
    let post = studio.save(&maeve, varied).await;
    studio.select().await;
    assert_eq!(studio.deliveries(post.id).await.len(), 2);
    let same = NewPost { variations: BTreeMap::from([(one, own("Hi"))]), ..text("Hi") };
    field(studio.posts.create(&maeve, same, None).await, "account_ids");
}

#[tokio::test]
async fn an_account_that_pays_x_gets_a_longer_post() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let pays = studio.account(&maeve, Platform::Twitter, "@pays").await;
    let other = studio.account(&maeve, Platform::Twitter, "@other").await;
    studio.change_account(pays, "text_max = 25000").await;
    let long = "a".repeat(1_000);
    let to = |accounts: &[AccountId]| NewPost { account_ids: Some(accounts.to_vec()), ..text(&long) };
    let longer = PostOptions { first_comment: Some("b".repeat(9_000)), ..PostOptions::default() };
    let with_reply = NewPost { options: BTreeMap::from([(Platform::Twitter, longer)]), ..to(&[pays]) };
    let post = studio.save(&maeve, with_reply).await;
    studio.select().await;
    assert_eq!(studio.deliveries(post.id).await.len(), 1);

    let refused = field(studio.posts.create(&maeve, to(&[other]), None).await, "body");
    assert_eq!(refused, "X takes 280 characters; this is 720 too long. Shorten it, or give X its own text.");
    let refused = field(studio.posts.create(&maeve, to(&[pays, other]), None).await, "body");
    assert_eq!(
        refused,
        "@other takes 280 characters on X, @pays takes 25,000; this is 720 too long. Shorten it, or give @other its own \
         text."
    );
    let varied = NewPost { variations: BTreeMap::from([(other, own("In short"))]), ..to(&[pays, other]) };
    studio.save(&maeve, varied).await;
}

// ---- drafts that save themselves ------------------------------------------------------------------------------------------

fn autosave(body: &str) -> PostPatch {
    PostPatch { body: Some(body.into()), autosave: true, visibility: Some(Visibility::Private), ..PostPatch::default() }
}

#[tokio::test]
async fn a_draft_that_saves_itself_is_one_version_until_somebody_saves_it() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let pictures = [studio.picture(&maeve, 30, 20).await, studio.picture(&maeve, 20, 30).await];
    let draft = NewPost { autosave: true, media_assets: vec![pictures[0]], ..private("H") };
    let post = studio.save(&maeve, draft).await;
    assert!(post.autosaved && post.status == PostStatus::Draft);
    for body in ["He", "Hel"] {
        let patch = PostPatch { media_assets: Some(pictures.to_vec()), ..autosave(body) };
        let kept = studio.posts.update(&maeve, post.id, patch).await.unwrap();
        assert_eq!((kept.version, kept.body.as_str(), kept.autosaved), (1, body, true));
        assert_eq!(kept.media.len(), 2);
    }
    assert_eq!(studio.count("post_versions").await, 1);
    let save = PostPatch { body: Some("Hello".into()), visibility: Some(Visibility::Public), ..PostPatch::default() };
    let saved = studio.posts.update(&maeve, post.id, save.clone()).await.unwrap();
    assert_eq!((saved.version, saved.body.as_str(), saved.autosaved), (1, "Hello", false));
    assert_eq!(saved.status, PostStatus::Publishing);
    studio.select().await;
    assert_eq!(studio.deliveries(post.id).await, [("facebook".to_owned(), "pending".to_owned())], "once");

    // The browser that did not hear of it must not take the post back.
    assert_eq!(code(studio.posts.update(&maeve, post.id, autosave("Hell")).await), ErrorCode::Conflict);
    studio.posts.undo(&maeve, post.id).await.unwrap();
    let again = studio.posts.update(&maeve, post.id, save).await.unwrap();
    assert_eq!(again.version, 2, "what a person has saved stays beside the next");
}

#[tokio::test]
async fn what_is_not_saved_yet_is_left_for_whoever_writes_it() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    assert_eq!(studio.posts.left(&maeve).await.unwrap(), None);
    studio.save(&maeve, private("Kept by hand")).await;
    let first = studio.save(&maeve, NewPost { autosave: true, ..private("One") }).await;
    let second = studio.save(&maeve, NewPost { autosave: true, ..private("Two") }).await;
    assert_eq!(studio.posts.left(&maeve).await.unwrap().map(|post| post.id), Some(second.id));
    let written = studio.posts.update(&maeve, first.id, autosave("One more")).await.unwrap();
    let left = studio.posts.left(&maeve).await.unwrap();
    assert_eq!(left.as_ref(), Some(&written), "by when it was written last, as it was answered");
    assert!(written.updated_at > second.updated_at);

    let colleague = Actor { user_id: UserId(uuid::Uuid::from_u128(7)), ..maeve.clone() };
    assert_eq!(studio.posts.left(&colleague).await.unwrap(), None, "a draft is its writer's");
    let elsewhere = Actor { user_id: maeve.user_id, ..studio.workspace("UTC").await };
    assert_eq!(studio.posts.left(&elsewhere).await.unwrap(), None, "and its workspace's");

    studio.posts.delete(&maeve, first.id).await.unwrap();
    let save = PostPatch { body: Some("Two".into()), ..PostPatch::default() };
    studio.posts.update(&maeve, second.id, save).await.unwrap();
    assert_eq!(studio.posts.left(&maeve).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_saved_never_changes_whatever_the_code_tries() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let picture = studio.picture(&maeve, 30, 20).await;
    studio.save(&maeve, NewPost { media_assets: vec![picture], ..private("Kept") }).await;
    studio.save(&maeve, NewPost { media_assets: vec![picture], autosave: true, ..private("Being written") }).await;
    let mut tx = studio.db.tenant(&maeve).await.unwrap();
    let changed = sqlx::query("update post_versions set body = 'Forged'").execute(&mut *tx).await.unwrap();
    assert_eq!(changed.rows_affected(), 1, "the one that is being written");
    let gone = sqlx::query("delete from post_media").execute(&mut *tx).await.unwrap();
    assert_eq!(gone.rows_affected(), 1);
    tx.commit().await.unwrap();
    assert_eq!(studio.count("post_versions where body = 'Kept'").await, 1);
}

#[tokio::test]
async fn only_a_private_post_saves_itself() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    field(studio.posts.create(&maeve, NewPost { autosave: true, ..text("Hi") }, None).await, "autosave");
    let post = studio.save(&maeve, NewPost { autosave: true, ..private("Hi") }).await;
    let patch = PostPatch { visibility: Some(Visibility::Public), ..autosave("Ho") };
    field(studio.posts.update(&maeve, post.id, patch).await, "autosave");
}

// ---- a look before saving -------------------------------------------------------------------------------------------------

async fn look(studio: &Studio, actor: &Actor, post: NewPost) -> CheckedPost {
    studio.posts.check(actor, PostToCheck { post, content_id: None }).await.unwrap()
}

fn hints(checked: &CheckedPost) -> Vec<&str> {
    let hint = |finding: &&domain::posts::preflight::Finding| finding.severity == Severity::Hint;
    checked.findings.iter().filter(hint).map(|finding| finding.message.as_str()).collect()
}

#[tokio::test]
async fn the_same_text_again_and_many_at_once_are_warned_of() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Twitter, "@harbourpine").await;
    let first = studio.save(&maeve, text("The roast is back")).await;
    studio.select().await;
    let checked = look(&studio, &maeve, text("The ROAST  is back")).await;
    assert_eq!(hints(&checked).len(), 1, "{checked:?}");
    assert!(hints(&checked)[0].contains("@harbourpine had this text"), "{checked:?}");
    assert_eq!(checked.x_price, Some(XPrice { total: 15, for_links: 0, for_alt_texts: 0, posts: 1 }));
    let itself = PostToCheck { post: text("The roast is back"), content_id: Some(first.id) };
    assert!(hints(&studio.posts.check(&maeve, itself).await.unwrap()).is_empty(), "a post is no duplicate of itself");

    for n in 0..3 {
        studio.save(&maeve, text(&format!("Number {n}"))).await;
    }
    studio.select().await;
    let later = studio.now() + Duration::minutes(50);
    let checked = look(&studio, &maeve, NewPost { body: "Another".into(), ..at(later) }).await;
    assert!(hints(&checked)[0].contains("4 other posts within an hour"), "{checked:?}");
    let much_later = studio.now() + Duration::hours(3);
    assert!(hints(&look(&studio, &maeve, NewPost { body: "Another".into(), ..at(much_later) }).await).is_empty());
    studio.save(&maeve, NewPost { body: "Another".into(), ..at(much_later) }).await;
    let waits = look(&studio, &maeve, NewPost { body: "another".into(), ..at(later + Duration::hours(9)) }).await;
    assert!(hints(&waits)[0].contains("gets this text"), "one that is scheduled counts too: {waits:?}");
}

#[tokio::test]
async fn what_is_left_of_a_quota_is_asked_for_and_told() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let instagram = studio.account(&maeve, Platform::Instagram, "@harbourpine").await;
    studio.account(&maeve, Platform::Twitter, "@harbourpine").await;
    let told = |checked: &CheckedPost| {
        hints(checked).into_iter().filter(|hint| hint.contains("in 24 hours")).map(str::to_owned).collect::<Vec<_>>()
    };
    let picture = studio.upload(&maeve, "cups.jpg", crate::features::media::samples::jpeg(1_080, 1_080)).await.id;
    let post = || NewPost { media_assets: vec![picture], ..text("The roast is back") };
    let asked = async || studio.jobs().await.iter().filter(|job| job.task == "accounts_ask_quota").count();

    let first = look(&studio, &maeve, post()).await;
    assert!(first.pending && told(&first).is_empty(), "{first:?}");
    assert_eq!(asked().await, 1, "only who tells is asked");
    assert!(look(&studio, &maeve, post()).await.pending);
    assert_eq!(asked().await, 1, "an open question is not asked again");

    studio.quota(instagram, 49, 50).await;
    let known = look(&studio, &maeve, post()).await;
    assert!(!known.pending, "{known:?}");
    assert_eq!(told(&known), ["Instagram takes 50 posts of @harbourpine in 24 hours. One is left."]);
    studio.clock.advance(Duration::minutes(6));
    let older = look(&studio, &maeve, post()).await;
    assert!(
        older.pending && told(&older).len() == 1,
        "it is asked for again, and what it said before stands: {older:?}"
    );
    studio.clock.advance(Duration::minutes(60));
    assert!(told(&look(&studio, &maeve, post()).await).is_empty(), "what is as old as this says nothing");

    let stranger = studio.workspace("UTC").await;
    assert!(studio.accounts.quotas(&stranger, &[instagram]).await.unwrap().is_empty());
    let viewer = studio.colleague(&maeve, Role::Viewer).await;
    assert_eq!(code(studio.accounts.quotas(&viewer, &[instagram]).await), ErrorCode::Forbidden);
}

#[tokio::test]
async fn looking_says_what_saving_would_refuse_and_saves_nothing() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Twitter, "@harbourpine").await;
    let checked = look(&studio, &maeve, text(&"a".repeat(281))).await;
    assert_eq!(checked.findings[0].severity, Severity::Error);
    assert_eq!(studio.count("posts").await, 0);
    let stranger = studio.workspace("UTC").await;
    studio.account(&stranger, Platform::Facebook, "Another's").await;
    let post = studio.save(&stranger, private("Theirs")).await;
    let foreign = PostToCheck { post: text("Hi"), content_id: Some(post.id) };
    assert_eq!(code(studio.posts.check(&maeve, foreign).await), ErrorCode::NotFound);
    let viewer = studio.colleague(&maeve, Role::Viewer).await;
    assert_eq!(code(studio.posts.check(&viewer, PostToCheck::default()).await), ErrorCode::Forbidden);
}
