//! The queue.

use domain::posts::queue::{MAX_SLOTS, NewSlot, Weekday};

use super::*;

/// Friday noon.
const NOW: &str = "2026-11-27T12:00:00Z";

fn slot(weekday: Weekday, time: &str) -> NewSlot {
    NewSlot { social_account_id: None, weekday, time: time.parse().unwrap(), time_zone: None }
}

fn queued(body: &str) -> NewPost {
    NewPost { visibility: Visibility::Scheduled, queue: true, ..text(body) }
}

#[expect(clippy::unnecessary_wraps, reason = "as posts have it")]
fn moment(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().unwrap())
}

async fn furnished() -> (Studio, Actor, AccountId) {
    let studio = Studio::new().await;
    studio.clock.set(NOW.parse().unwrap());
    let maeve = studio.workspace("Europe/Dublin").await;
    let shop = studio.account(&maeve, Platform::Facebook, "Shop").await;
    (studio, maeve, shop)
}

#[tokio::test]
async fn posts_take_one_free_slot_after_another() {
    let (studio, maeve, _) = furnished().await;
    let refused = studio.posts.create(&maeve, queued("Too early"), None).await;
    assert!(field(refused, "queue").contains("no slots yet"));
    for (weekday, time) in [(Weekday::Monday, "09:00"), (Weekday::Friday, "13:00"), (Weekday::Friday, "11:00")] {
        studio.queue.add(&maeve, slot(weekday, time)).await.unwrap();
    }
    // Somebody has picked Monday's by hand.
    studio.save(&maeve, at("2026-11-30T09:00:00Z".parse().unwrap())).await;
    let mut times = Vec::new();
    for body in ["One", "Two", "Three"] {
        let post = studio.save(&maeve, queued(body)).await;
        assert_eq!(
            (post.status, post.visibility, post.time_zone.as_deref()),
            (PostStatus::Scheduled, Visibility::Scheduled, Some("Europe/Dublin"))
        );
        times.push(post.scheduled_at);
    }
    assert_eq!(times, [moment("2026-11-27T13:00:00Z"), moment("2026-12-04T11:00:00Z"), moment("2026-12-04T13:00:00Z")]);
    let free = studio.queue.free(&maeve, None, 2).await.unwrap();
    assert_eq!(
        free.iter().map(|slot| Some(slot.at)).collect::<Vec<_>>(),
        [moment("2026-12-07T09:00:00Z"), moment("2026-12-11T11:00:00Z")]
    );
    assert_eq!(free[0].words(), "Mon 7 Dec 2026, 09:00, Europe/Dublin");
}

#[tokio::test]
async fn many_at_once_never_share_a_slot() {
    let (studio, maeve, _) = furnished().await;
    studio.queue.add(&maeve, slot(Weekday::Monday, "09:00")).await.unwrap();
    studio.queue.add(&maeve, slot(Weekday::Tuesday, "09:00")).await.unwrap();
    let bodies: Vec<String> = (0..12).map(|n| format!("Post {n}")).collect();
    let saved = join_all(bodies.iter().map(|body| studio.posts.create(&maeve, queued(body), None))).await;
    let mut times: Vec<_> = saved.into_iter().map(|post| post.unwrap().scheduled_at.unwrap()).collect();
    times.sort_unstable();
    let expected: Vec<DateTime<Utc>> = (0..6)
        .flat_map(|week| {
            [0, 1].map(|day| "2026-11-30T09:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::days(7 * week + day))
        })
        .collect();
    assert_eq!(times, expected, "each its own, and none left out");
    assert_eq!(studio.count("queue_bookings").await, 12);
}

#[tokio::test]
async fn a_slot_that_is_not_used_is_free_again() {
    let (studio, maeve, _) = furnished().await;
    studio.queue.add(&maeve, slot(Weekday::Monday, "09:00")).await.unwrap();
    let (first, second) = (moment("2026-11-30T09:00:00Z"), moment("2026-12-07T09:00:00Z"));
    let one = studio.save(&maeve, queued("One")).await;
    assert_eq!(one.scheduled_at, first);
    // Other words keep the slot, and so does asking for the next free one.
    let words = PostPatch { body: Some("Other".into()), ..PostPatch::default() };
    assert_eq!(studio.posts.update(&maeve, one.id, words).await.unwrap().scheduled_at, first);
    let again = PostPatch { queue: Some(true), ..PostPatch::default() };
    assert_eq!(studio.posts.update(&maeve, one.id, again.clone()).await.unwrap().scheduled_at, first);
    assert_eq!(studio.save(&maeve, queued("Two")).await.scheduled_at, second);

    // At another time, taken back, removed: each gives it back.
    let moved = PostPatch { scheduled_at: moment("2026-12-01T10:00:00Z"), ..PostPatch::default() };
    studio.posts.update(&maeve, one.id, moved).await.unwrap();
    let three = studio.save(&maeve, queued("Three")).await;
    assert_eq!(three.scheduled_at, first);
    studio.posts.undo(&maeve, three.id).await.unwrap();
    let four = studio.save(&maeve, queued("Four")).await;
    assert_eq!(four.scheduled_at, first);
    studio.posts.delete(&maeve, four.id).await.unwrap();
    // A draft joins the queue.
    let draft = studio.save(&maeve, private("Five")).await;
    let join = PostPatch { visibility: Some(Visibility::Scheduled), ..again.clone() };
    assert_eq!(studio.posts.update(&maeve, draft.id, join).await.unwrap().scheduled_at, first);
    let still_private = studio.save(&maeve, private("Six")).await;
    assert!(field(studio.posts.update(&maeve, still_private.id, again).await, "queue").contains("visibility"));
    assert_eq!(studio.count("queue_bookings").await, 2);
}

#[tokio::test]
async fn one_account_may_have_slots_of_its_own() {
    let (studio, maeve, shop) = furnished().await;
    let page = studio.account(&maeve, Platform::Facebook, "Page").await;
    studio.queue.add(&maeve, slot(Weekday::Monday, "09:00")).await.unwrap();
    let own = NewSlot {
        social_account_id: Some(shop),
        time_zone: Some("America/New_York".into()),
        ..slot(Weekday::Sunday, "18:00")
    };
    studio.queue.add(&maeve, own).await.unwrap();
    let to = |accounts: &[AccountId]| NewPost { account_ids: Some(accounts.to_vec()), ..queued("Hi") };
    let for_shop = studio.save(&maeve, to(&[shop])).await;
    assert_eq!(
        (for_shop.scheduled_at, for_shop.time_zone.as_deref()),
        (moment("2026-11-29T23:00:00Z"), Some("America/New_York"))
    );
    assert_eq!(studio.save(&maeve, to(&[page])).await.scheduled_at, moment("2026-11-30T09:00:00Z"));
    assert_eq!(studio.save(&maeve, to(&[shop, page])).await.scheduled_at, moment("2026-12-07T09:00:00Z"));
    assert_eq!(
        studio.queue.free(&maeve, Some(vec![shop]), 1).await.unwrap()[0].at,
        moment("2026-12-06T23:00:00Z").unwrap()
    );
}

#[tokio::test]
async fn slots_are_the_workspaces_and_editors_change_them() {
    let (studio, maeve, _) = furnished().await;
    let reader = studio.colleague(&maeve, Role::Viewer).await;
    let stranger = studio.workspace("UTC").await;
    let theirs = studio.account(&stranger, Platform::Facebook, "Theirs").await;
    let ads = studio.account(&maeve, Platform::GoogleAds, "Ads").await;
    let made = studio.queue.add(&maeve, slot(Weekday::Monday, "09:00")).await.unwrap();
    assert_eq!(made.time_zone, "Europe/Dublin", "the workspace's");
    assert_eq!(studio.queue.slots(&reader).await.unwrap(), std::slice::from_ref(&made));
    assert_eq!(studio.queue.slots(&stranger).await.unwrap(), []);
    assert_eq!(code(studio.queue.add(&reader, slot(Weekday::Monday, "10:00")).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.queue.remove(&reader, made.id).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.queue.remove(&stranger, made.id).await), ErrorCode::NotFound);
    studio.queue.remove(&maeve, made.id).await.unwrap();
    assert_eq!(code(studio.queue.remove(&maeve, made.id).await), ErrorCode::NotFound, "gone");
    for account in [theirs, ads] {
        let of = NewSlot { social_account_id: Some(account), ..slot(Weekday::Monday, "10:00") };
        field(studio.queue.add(&maeve, of).await, "social_account_id");
    }
    let nowhere = NewSlot { time_zone: Some("Mars/Olympus".into()), ..slot(Weekday::Monday, "10:00") };
    field(studio.queue.add(&maeve, nowhere).await, "time_zone");
    studio.queue.add(&maeve, slot(Weekday::Monday, "10:00")).await.unwrap();
    assert!(field(studio.queue.add(&maeve, slot(Weekday::Monday, "10:00")).await, "time").contains("already"));
    for limit in [0, 21] {
        field(studio.queue.free(&maeve, None, limit).await, "limit");
    }
}

#[tokio::test]
async fn there_is_an_end_to_slots() {
    let (studio, maeve, _) = furnished().await;
    sqlx::query(
        "insert into queue_slots (id, workspace_id, weekday, time_of_day, time_zone, created_at)
         select gen_random_uuid(), $1, 1, time '00:00' + n * interval '1 minute', 'UTC', now() from generate_series(1, $2) n",
    )
    .bind(maeve.workspace_id.0)
    .bind(i32::try_from(MAX_SLOTS).unwrap())
    .execute(&studio.admin)
    .await
    .unwrap();
    assert_eq!(code(studio.queue.add(&maeve, slot(Weekday::Sunday, "09:00")).await), ErrorCode::Conflict);
    assert_eq!(studio.save(&maeve, queued("One of many")).await.scheduled_at, moment("2026-11-30T00:01:00Z"));
}

#[tokio::test]
async fn a_workspaces_posts_of_one_moment_leave_room_between_them_for_others() {
    let (studio, maeve, _) = furnished().await;
    let other = studio.workspace("UTC").await;
    studio.account(&other, Platform::Facebook, "Elsewhere").await;
    let nine: DateTime<Utc> = "2026-11-30T09:00:00Z".parse().unwrap();
    let mut first = None;
    for _ in 0..4 {
        let post = studio.save(&maeve, at(nine)).await;
        first.get_or_insert(post.id);
    }
    studio.save(&other, at(nine)).await;
    studio.save(&maeve, at(nine + Duration::hours(1))).await;
    // Moved, and no longer in the way of those at nine.
    let patch = PostPatch { scheduled_at: Some(nine + Duration::hours(2)), ..PostPatch::default() };
    studio.posts.update(&maeve, first.unwrap(), patch).await.unwrap();
    studio.save(&maeve, at(nine + Duration::seconds(30))).await;
    let ranks: Vec<i16> = sqlx::query_scalar("select priority from graphile_worker._private_jobs order by id")
        .fetch_all(&studio.admin)
        .await
        .unwrap();
    assert_eq!(ranks, [0, 1, 2, 3, 0, 0, 0, 3]);
}
