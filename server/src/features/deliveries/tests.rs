//! Deliveries on a real database: how they are made, in which order they are taken, what was missed, and the dead letters.

use std::collections::HashSet;

use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, Actor, ErrorCode, Platform, PostId,
    deliveries::{DeliveryFigures, DeliveryFilter, DeliveryStatus, ErrorClass, MissedPolicy, Outcome, Stage, Statuses},
    posts::{NewPost, PostPatch, PostStatus, Visibility},
    workspaces::Role,
};
use uuid::Uuid;

use super::store::{self, Allowance, AttemptRow, Claimed, CommentEnding, Ending, Lease, Mark, Out, Place, Room};
use crate::features::{
    accounts::NOT_PERMITTED,
    posts::tests::studio::{Studio, code, text},
};

static ROOM: Room = Room { platforms: Vec::new(), left: Vec::new(), otherwise: 16 };

fn allowance(studio: &Studio, now: DateTime<Utc>) -> Allowance<'static> {
    Allowance {
        lease: Lease(studio.ids.next()),
        now,
        lease_until: now + Duration::minutes(1),
        limit: 16,
        per_account: 1,
        room: &ROOM,
    }
}

async fn claim(studio: &Studio) -> Vec<Claimed> {
    let look = store::claim(studio.db.worker_pool(), &allowance(studio, studio.now()), &mut Place::default()).await;
    look.unwrap().claimed
}

/// What a worker does that claims what it may, until nothing is due: the order in which the accounts got their posts.
async fn work(studio: &Studio) -> Vec<(AccountId, PostId)> {
    let mut got = Vec::new();
    loop {
        let claimed = claim(studio).await;
        if claimed.is_empty() {
            let left = studio.count("deliveries where status in ('pending', 'publishing')").await;
            if left == 0 {
                return got;
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        for row in claimed {
            // A little later for some, so that several workers get out of step.
            tokio::time::sleep(std::time::Duration::from_millis(u64::from(row.id.0.as_bytes()[15] % 4))).await;
            got.push((row.account, row.post));
            goes_out(studio, &row).await;
        }
    }
}

async fn finish(studio: &Studio, row: &Claimed, ending: &Ending<'_>) {
    let mut tx = studio.db.worker().await.unwrap();
    assert!(store::finish(&mut tx, row, ending).await.unwrap());
    store::derive_post_status(&mut tx, &[row.post]).await.unwrap();
    tx.commit().await.unwrap();
}

/// A claimed row as it is when its post is out.
fn out(studio: &Studio, row: &Claimed) -> Out {
    let line = AttemptRow {
        id: studio.ids.next(),
        workspace: row.workspace,
        delivery: row.id,
        number: row.attempt,
        stage: Stage::Committing,
        outcome: "success",
        message: None,
        http_status: Some(200),
        platform_code: None,
        trace: serde_json::json!([]),
        worker: Uuid::nil(),
        started_at: studio.now(),
        duration_ms: 3,
    };
    Out {
        hold: row.hold(),
        account: row.account,
        external_id: "1".to_owned(),
        url: None,
        at: studio.now(),
        asked: false,
        pause: None,
        comment: None,
        line,
    }
}

async fn goes_out(studio: &Studio, row: &Claimed) {
    let mut tx = studio.db.worker().await.unwrap();
    let out = out(studio, row);
    let held = store::finish_out(&mut tx, &[out]).await.unwrap();
    assert!(held.contains(&row.hold()));
    store::derive_post_status(&mut tx, &[row.post]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn claim_one(studio: &Studio) -> Claimed {
    let claimed = claim(studio).await;
    let [row] = &claimed[..] else { panic!("one is due: {claimed:?}") };
    row.clone()
}

async fn two_accounts(studio: &Studio, actor: &Actor) -> [AccountId; 2] {
    [
        studio.account(actor, Platform::Facebook, "Harbour & Pine").await,
        studio.account(actor, Platform::Linkedin, "Harbour & Pine").await,
    ]
}

// ---- several at once --------------------------------------------------------------------------------------------------

#[tokio::test]
async fn what_is_written_together_touches_only_rows_that_are_still_held() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    two_accounts(&studio, &maeve).await;
    studio.save(&maeve, text("Hi")).await;
    let claimed = claim(&studio).await;
    let [kept, lost] = &claimed[..] else { panic!("two are due: {claimed:?}") };
    // The database forgets the claim of one, and the same worker claims it once more.
    sqlx::query(
        "update deliveries set status = 'pending', attempts = 0, lease_owner = null, lease_until = null, next_attempt_at = $2
          where id = $1",
    )
    .bind(lost.id.0)
    .bind(studio.now())
    .execute(&studio.admin)
    .await
    .unwrap();
    let again = claim_one(&studio).await;
    assert_eq!((again.id, again.attempt), (lost.id, lost.attempt), "nothing but the lease tells them apart");

    let mark = |row: &Claimed, word: &str| Mark {
        hold: row.hold(),
        state: serde_json::json!({ "of": word }),
        now: studio.now(),
        lease_until: studio.now() + Duration::minutes(2),
    };
    let marks = [mark(kept, "kept"), mark(lost, "lost")];
    let held = store::begin_commits(studio.db.worker_pool(), &marks).await.unwrap();
    assert_eq!(held, HashSet::from([kept.hold()]));
    let stage = async |id: domain::DeliveryId| {
        sqlx::query_as::<_, (String, serde_json::Value)>(
            "select stage::text, remote_state from deliveries where id = $1",
        )
        .bind(id.0)
        .fetch_one(&studio.admin)
        .await
        .unwrap()
    };
    assert_eq!(stage(kept.id).await, ("committing".to_owned(), serde_json::json!({ "of": "kept" })));
    assert_eq!(stage(lost.id).await.0, "staging");
    let saved = serde_json::json!({ "of": "the first claim" });
    let stale = Claimed { state: saved.clone(), ..lost.clone() };
    assert!(!store::save_state(studio.db.worker_pool(), &stale, Stage::Waiting, &saved).await.unwrap());
    let mut tx = studio.db.worker().await.unwrap();
    assert!(!store::finish(&mut tx, lost, &Ending::Canceled).await.unwrap());
    tx.commit().await.unwrap();
    let until = studio.now() + Duration::minutes(5);
    let holds = [kept.hold(), lost.hold(), again.hold()];
    let renewed = store::renew(studio.db.worker_pool(), &holds, until).await.unwrap();
    assert_eq!(renewed, 2, "each by the hold that counts");
    // Both holds of one row in one batch.
    let marks = [mark(lost, "lost"), mark(&again, "again")];
    let held = store::begin_commits(studio.db.worker_pool(), &marks).await.unwrap();
    assert_eq!(held, HashSet::from([again.hold()]));
    assert_eq!(stage(lost.id).await, ("committing".to_owned(), serde_json::json!({ "of": "again" })));

    let outs: Vec<Out> = claimed.iter().map(|row| out(&studio, row)).collect();
    let mut tx = studio.db.worker().await.unwrap();
    let held = store::finish_out(&mut tx, &outs).await.unwrap();
    assert_eq!(held, HashSet::from([kept.hold()]));
    tx.commit().await.unwrap();
    let over = async || store::over(studio.db.worker_pool(), &[kept.post]).await.unwrap();
    assert_eq!(over().await, [], "the other one is still under way");
    assert_eq!(studio.count("deliveries where status = 'success' and external_post_id = '1'").await, 1);
    assert_eq!(studio.count("delivery_attempts").await, 1, "and so does the log");

    // A lease that has run out is nobody's, whatever the row still says.
    let late = [Mark {
        hold: again.hold(),
        state: serde_json::json!({}),
        now: studio.now() + Duration::hours(1),
        lease_until: studio.now(),
    }];
    assert!(store::begin_commits(studio.db.worker_pool(), &late).await.unwrap().is_empty());

    let mut tx = studio.db.worker().await.unwrap();
    let held = store::finish_out(&mut tx, &[out(&studio, lost), out(&studio, &again)]).await.unwrap();
    assert_eq!(held, HashSet::from([again.hold()]));
    tx.commit().await.unwrap();
    assert_eq!(studio.count("delivery_attempts").await, 2, "a line for each that is out");
}

#[tokio::test]
async fn a_post_whose_end_nobody_said_is_found() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    two_accounts(&studio, &maeve).await;
    studio.save(&maeve, text("Hi")).await;
    let claimed = claim(&studio).await;
    let post = claimed[0].post;
    let stranded = async || store::stranded(studio.db.worker_pool()).await.unwrap();
    let end = async |row: &Claimed| {
        let mut connection = studio.db.worker_connection().await.unwrap();
        let out = out(&studio, row);
        assert_eq!(store::finish_out(&mut connection, &[out]).await.unwrap().len(), 1);
    };
    end(&claimed[0]).await;
    assert_eq!(stranded().await, [], "one is still under way");
    end(&claimed[1]).await;
    assert_eq!(stranded().await, [(post, maeve.workspace_id.0)]);

    let mut tx = studio.db.worker().await.unwrap();
    let changed = store::derive_post_status(&mut tx, &[post]).await.unwrap();
    assert_eq!(changed, [(post, PostStatus::Published)]);
    tx.commit().await.unwrap();
    assert_eq!(stranded().await, []);
}

#[tokio::test]
async fn a_first_comment_is_ended_by_its_own_try_alone_and_held_after_a_restore() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    studio.save(&maeve, text("Hi")).await;
    let row = claim_one(&studio).await;
    goes_out(&studio, &row).await;
    let (now, later) = (studio.now(), studio.now() + Duration::minutes(3));
    let mut tx = studio.db.worker().await.unwrap();
    assert!(store::begin_comment(&mut tx, (row.id, row.workspace), "First!", now).await.unwrap());
    let first = store::take_comment(&mut tx, row.id, now).await.unwrap().unwrap().started_at;
    let unclear = CommentEnding::Unclear { message: "Interrupted." };
    store::end_comment(&mut tx, row.id, first, &unclear, later).await.unwrap();
    assert!(store::restart_comment(&mut tx, row.id).await.unwrap(), "a person lets it be written again");
    let second = store::take_comment(&mut tx, row.id, later).await.unwrap().unwrap().started_at;
    // The first wakes up.
    let again = CommentEnding::Again { message: "Held up.", counts: false };
    store::end_comment(&mut tx, row.id, first, &again, later).await.unwrap();
    assert_eq!(store::comment_begun(&mut tx, row.id).await.unwrap(), Some(second), "the second is still at it");
    tx.commit().await.unwrap();

    let mut tx = studio.db.worker().await.unwrap();
    super::in_tx::hold_what_is_due(&mut tx, later).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        studio.count("first_comments where status = 'unclear' and last_error like '%restored from a backup%'").await,
        1
    );
}

#[tokio::test]
async fn no_more_of_a_platform_than_there_is_room() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    for name in ["Harbour", "Pine", "Quay"] {
        studio.account(&maeve, Platform::Facebook, name).await;
        studio.account(&maeve, Platform::Linkedin, name).await;
    }
    studio.save(&maeve, text("Hi")).await;
    let room = Room { platforms: vec!["facebook".to_owned(), "twitter".to_owned()], left: vec![1, 0], otherwise: 2 };
    let of = |claimed: &[Claimed]| {
        let count = |platform| claimed.iter().filter(|row| row.platform == platform).count();
        (count(Platform::Facebook), count(Platform::Linkedin))
    };
    let allowed = Allowance { room: &room, ..allowance(&studio, studio.now()) };
    let claimed = store::claim(studio.db.worker_pool(), &allowed, &mut Place::default()).await.unwrap().claimed;
    assert_eq!(of(&claimed), (1, 2));
    let rest = store::claim(studio.db.worker_pool(), &allowance(&studio, studio.now()), &mut Place::default()).await;
    assert_eq!(of(&rest.unwrap().claimed), (2, 1));

    // Nor more than that of what a silent worker has left.
    let later = Allowance { room: &room, ..allowance(&studio, studio.now() + Duration::hours(1)) };
    let in_hand: Vec<_> = claimed.iter().map(|row| row.id).collect();
    let taken = store::take_over(studio.db.worker_pool(), &later, &in_hand).await.unwrap();
    assert!(taken.iter().all(|row| !in_hand.contains(&row.id)), "what it has in hand it has not left");
    let taken = store::take_over(studio.db.worker_pool(), &later, &[]).await.unwrap();
    assert_eq!(of(&taken), (1, 2));
}

// ---- order ------------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_account_gets_posts_in_the_order_in_which_they_were_saved() {
    let studio = std::sync::Arc::new(Studio::new().await);
    let maeve = studio.workspace("UTC").await;
    let accounts = two_accounts(&studio, &maeve).await;
    // Back to back, all at one moment of the clock.
    let mut saved = Vec::new();
    for n in 0..40 {
        saved.push(studio.save(&maeve, text(&format!("Post {n}"))).await.id);
    }
    let order = std::sync::Arc::new(tokio::sync::Mutex::new(Vec::new()));
    let workers = (0..3).map(|_| {
        let (studio, order) = (studio.clone(), order.clone());
        tokio::spawn(async move {
            loop {
                let claimed = claim(&studio).await;
                if claimed.is_empty() {
                    if studio.count("deliveries where status in ('pending', 'publishing')").await == 0 {
                        return;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
                for row in claimed {
                    tokio::time::sleep(std::time::Duration::from_millis(u64::from(row.id.0.as_bytes()[15] % 4))).await;
                    order.lock().await.push((row.account, row.post));
                    goes_out(&studio, &row).await;
                }
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    let order = order.lock().await;
    for account in accounts {
        let got: Vec<PostId> = order.iter().filter(|(to, _)| *to == account).map(|(_, post)| *post).collect();
        assert_eq!(got, saved, "{account}");
    }
}

#[tokio::test]
async fn a_look_that_saw_all_accounts_names_them_for_the_next() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let [facebook, linkedin] = two_accounts(&studio, &maeve).await;
    for n in 0..3 {
        studio.save(&maeve, text(&format!("Post {n}"))).await;
    }
    let pool = studio.db.worker_pool();
    let look = store::claim(pool, &allowance(&studio, studio.now()), &mut Place::default()).await.unwrap();
    let all = look.all.unwrap();
    let of = |account| all.iter().copied().filter(|one| one.account == account).collect::<Vec<_>>();
    assert_eq!((all.len(), of(facebook).len(), of(linkedin).len()), (2, 1, 1));
    let of_facebook = async || store::claim_of(pool, &allowance(&studio, studio.now()), &of(facebook)).await.unwrap();
    assert!(of_facebook().await.is_empty(), "it has one under way");
    for row in &look.claimed {
        goes_out(&studio, row).await;
    }
    let claimed = of_facebook().await;
    assert_eq!(
        claimed.iter().map(|row| row.account).collect::<Vec<_>>(),
        [facebook],
        "the next, and no other account's"
    );
    assert!(store::claim_of(pool, &allowance(&studio, studio.now()), &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn looks_go_around_however_many_accounts_wait() {
    let studio = Studio::new().await;
    let accounts = i64::from(store::ACCOUNTS_AT_ONCE) * 7 / 2;
    let (busy, quiet) = (studio.workspace("UTC").await, studio.workspace("UTC").await);
    studio.account(&busy, Platform::Facebook, "One of many").await;
    let post = studio.save(&busy, text("Hi")).await;
    // As many accounts as that, each with three posts waiting.
    for sql in [
        "insert into accounts (id, workspace_id, platform, external_kind, external_account_id, display_name, connected_at, created_at, updated_at)
         select gen_random_uuid(), workspace_id, 'facebook', 'page', 'n' || n, 'N', now(), now(), now()
           from posts, generate_series(1, $2 - 1) n where id = $1",
        "insert into post_versions (id, workspace_id, post_id, number, body, created_at)
         select gen_random_uuid(), workspace_id, id, n, 'Hi', now() from posts, generate_series(2, least($2, 3)) n where id = $1",
        "insert into deliveries (id, workspace_id, post_id, post_version_id, account_id, platform, next_attempt_at, due_at, created_at, updated_at)
         select gen_random_uuid(), a.workspace_id, v.post_id, v.id, a.id, a.platform, d.due_at, d.due_at, now(), now()
           from post_versions v, deliveries d, accounts a
          where v.post_id = $1 and d.post_id = $1 and a.workspace_id = d.workspace_id and not (a.id = d.account_id and v.number = 1)
            and $2 > 0",
    ] {
        sqlx::query(sql).bind(post.id.0).bind(accounts).execute(&studio.admin).await.unwrap();
    }
    studio.account(&quiet, Platform::Facebook, "Quiet").await;
    let own = studio.save(&quiet, text("Me too")).await.id;

    let mut place = Place::default();
    let (mut seen, mut looks, mut quiet_at) = (HashSet::new(), 0, None);
    loop {
        let allowance = allowance(&studio, studio.now());
        let claimed = store::claim(studio.db.worker_pool(), &allowance, &mut place).await.unwrap().claimed;
        if claimed.is_empty() {
            break;
        }
        looks += 1;
        if claimed.iter().any(|row| row.post == own) {
            quiet_at.get_or_insert(looks);
        }
        for row in claimed {
            assert!(seen.insert(row.account), "one at a time to an account");
        }
    }
    assert_eq!(i64::try_from(seen.len()).unwrap(), accounts + 1, "every account got its first");
    assert!(quiet_at.unwrap() <= 4, "once around brings everybody's turn: {quiet_at:?} of {looks}");
    assert_eq!(claim(&studio).await.len(), 0, "what has begun keeps the rest of its account back");
}

#[tokio::test]
async fn the_deliveries_of_a_post_are_part_of_its_transaction() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    two_accounts(&studio, &maeve).await;
    let post = studio.save(&maeve, text("Hi")).await;
    assert_eq!((post.status, post.deliveries.pending), (PostStatus::Publishing, 2));
    assert_eq!(studio.jobs().await, [], "nothing has to run first");
    // What could not be written leaves nothing behind.
    let refused = NewPost { account_ids: Some(vec![AccountId(Uuid::nil())]), ..text("Hi") };
    assert_eq!(code(studio.posts.create(&maeve, refused, None).await), ErrorCode::ValidationError);
    assert_eq!(studio.count("deliveries").await, 2);
    assert_eq!(work(&studio).await.len(), 2);
    assert_eq!(studio.posts.get(&maeve, post.id).await.unwrap().status, PostStatus::Published);
}

#[tokio::test]
async fn the_web_makes_rows_that_wait_and_no_others() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    two_accounts(&studio, &maeve).await;
    let post = studio.save(&maeve, text("Hi")).await;
    let mut tx = studio.db.tenant(&maeve).await.unwrap();
    let forged = sqlx::query(
        "insert into deliveries (id, workspace_id, post_id, post_version_id, account_id, platform, status, published_at,
                                 due_at, created_at, updated_at)
         select gen_random_uuid(), workspace_id, post_id, post_version_id, account_id, platform, 'success', now(), now(), now(), now()
           from deliveries where post_id = $1 limit 1",
    )
    .bind(post.id.0)
    .execute(&mut *tx)
    .await;
    assert_eq!(
        forged.unwrap_err().as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref(),
        Some("42501")
    );
}

#[tokio::test]
async fn the_pictures_of_a_scheduled_post_are_made_ready_before_its_time() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Instagram, "Harbour").await;
    studio.account(&maeve, Platform::Facebook, "Harbour").await;
    // Instagram takes JPEGs of 1,440 pixels, Facebook this as it is.
    let picture = studio.picture(&maeve, 1_800, 1_800).await;
    let tomorrow = studio.now() + Duration::days(1);
    studio.save(&maeve, NewPost { media_assets: vec![picture], ..at(tomorrow, "Opening day") }).await;
    studio.select().await;
    assert_eq!(studio.count("deliveries").await, 0, "its time has not come");
    assert_eq!(studio.count("media_copies").await, 1);
    assert_eq!(studio.count("media_copies where content_type = 'image/jpeg' and width = 1440").await, 1);
}

// ---- what was missed --------------------------------------------------------------------------------------------------

/// A post scheduled for then.
fn at(moment: DateTime<Utc>, body: &str) -> NewPost {
    NewPost { visibility: Visibility::Scheduled, scheduled_at: Some(moment), ..text(body) }
}

async fn dues(studio: &Studio, account: AccountId) -> Vec<DateTime<Utc>> {
    sqlx::query_scalar("select next_attempt_at from deliveries where account_id = $1 and status = 'pending' order by 1")
        .bind(account.0)
        .fetch_all(&studio.admin)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_was_missed_by_little_goes_out_late_and_never_in_a_burst() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let accounts = two_accounts(&studio, &maeve).await;
    let first = studio.now() + Duration::hours(1);
    for n in 0..8 {
        studio.save(&maeve, at(first + Duration::minutes(n), &format!("Post {n}"))).await;
    }
    // Nothing ran for a while.
    studio.clock.set(first + Duration::minutes(40));
    studio.run_scheduled().await;
    let spacing = MissedPolicy::default().spacing;
    for account in accounts {
        let dues = dues(&studio, account).await;
        assert_eq!(dues.len(), 8);
        assert!(dues[0] >= studio.now() && dues[0] <= studio.now() + spacing, "the first soon: {dues:?}");
        assert!(dues.windows(2).all(|pair| pair[1] - pair[0] >= spacing), "then one after the other: {dues:?}");
    }
    let early = allowance(&studio, studio.now() - Duration::seconds(1));
    assert!(store::claim(studio.db.worker_pool(), &early, &mut Place::default()).await.unwrap().claimed.is_empty());
    studio.clock.advance(spacing);
    let now = claim(&studio).await;
    let accounts: HashSet<AccountId> = now.iter().map(|row| row.account).collect();
    assert_eq!((now.len(), accounts.len()), (2, 2), "one to each account");
}

#[tokio::test]
async fn what_was_missed_by_much_is_held_for_a_person() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let [facebook, _] = two_accounts(&studio, &maeve).await;
    let moment = studio.now() + Duration::hours(1);
    let post = studio.save(&maeve, at(moment, "Good morning")).await;
    studio.clock.set(moment + Duration::minutes(61));
    studio.run_scheduled().await;
    let held = studio.posts.get(&maeve, post.id).await.unwrap();
    assert_eq!((held.status, held.deliveries.failed), (PostStatus::Failed, 2));
    let reasons = studio.deliveries.dead_letters(&maeve).await.unwrap();
    assert_eq!((reasons[0].error_class, reasons[0].count, reasons[0].needing_person), (ErrorClass::Missed, 2, 0));
    let missed = DeliveryFilter { error_class: Some(ErrorClass::Missed), ..DeliveryFilter::default() };
    let list = studio.deliveries.list(&maeve, missed.clone()).await.unwrap();
    assert_eq!(list.total, 2);
    let error = list.items[0].last_error.clone().unwrap();
    assert!(error.contains(&moment.format("%H:%M").to_string()) && error.contains("held"), "{error}");
    assert_eq!((list.items[0].attempts, list.items[0].outcome), (0, Some(Outcome::Refused)), "nothing was sent");

    // It is sent once somebody says so, or with another time.
    assert_eq!(studio.deliveries.retry_failed(&maeve, missed).await.unwrap(), 2);
    assert_eq!(dues(&studio, facebook).await, [studio.now()]);
    assert_eq!(studio.posts.get(&maeve, post.id).await.unwrap().status, PostStatus::Publishing);
    studio.posts.undo(&maeve, post.id).await.unwrap();
    let later = studio.now() + Duration::days(1);
    let again =
        PostPatch { visibility: Some(Visibility::Scheduled), scheduled_at: Some(later), ..PostPatch::default() };
    assert_eq!(studio.posts.update(&maeve, post.id, again).await.unwrap().status, PostStatus::Scheduled);
}

#[tokio::test]
async fn a_worker_that_is_busy_for_long_is_no_outage() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    studio.save(&maeve, text("Hi")).await;
    let somebody = async |since, now| store::somebody_works(studio.db.worker_pool(), since, now).await.unwrap();
    let began = studio.now();
    let before = began - Duration::minutes(2);
    assert!(!somebody(before, began).await, "nobody has begun");
    let row = claim_one(&studio).await;
    assert!(somebody(before, began).await, "one is at it, though the log has nothing yet");
    assert!(!somebody(began, began + Duration::minutes(5)).await, "its lease has run out: it is gone");
    let mut connection = studio.db.worker_connection().await.unwrap();
    store::finish_out(&mut connection, &[out(&studio, &row)]).await.unwrap();
    assert!(somebody(before, began).await, "the log tells of it");
    assert!(!somebody(began, began + Duration::minutes(5)).await, "long ago");
}

#[tokio::test]
async fn on_time_is_at_once() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let [facebook, _] = two_accounts(&studio, &maeve).await;
    let moment = studio.now() + Duration::hours(1);
    for n in 0..3 {
        studio.save(&maeve, at(moment, &format!("Post {n}"))).await;
    }
    // The queue itself may take a moment.
    studio.clock.set(moment + Duration::seconds(90));
    studio.run_scheduled().await;
    assert_eq!(dues(&studio, facebook).await, [studio.now(); 3]);
}

// ---- dead letters -----------------------------------------------------------------------------------------------------

/// Some failed deliveries: each for its reason, and whether only a person can tell.
async fn fail(studio: &Studio, actor: &Actor, reasons: &[(ErrorClass, bool)]) {
    for (n, (class, needs_person)) in reasons.iter().enumerate() {
        studio.save(actor, text(&format!("Letter {n}"))).await;
        let row = claim_one(studio).await;
        let ending = Ending::Failed { message: "It said no.", class: *class, needs_person: *needs_person };
        finish(studio, &row, &ending).await;
    }
}

#[tokio::test]
async fn dead_letters_are_counted_and_started_over_by_reason() {
    let studio = Studio::new().await;
    let (maeve, other) = (studio.workspace("UTC").await, studio.workspace("UTC").await);
    let page = studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let (invalid, policy, unknown) = (ErrorClass::Validation, ErrorClass::Policy, ErrorClass::OutcomeUnknown);
    fail(&studio, &maeve, &[(invalid, false), (policy, false), (invalid, false), (unknown, true), (invalid, true)])
        .await;

    let reasons = studio.deliveries.dead_letters(&maeve).await.unwrap();
    let counted: Vec<_> = reasons.iter().map(|one| (one.error_class, one.count, one.needing_person)).collect();
    assert_eq!(counted, [(invalid, 3, 1), (unknown, 1, 1), (policy, 1, 0)]);
    assert_eq!((reasons[0].title.as_str(), &reasons[0].platforms[..]), (invalid.title(), &[Platform::Facebook][..]));
    assert_eq!(studio.deliveries.dead_letters(&other).await.unwrap(), []);

    let of = |class| DeliveryFilter { error_class: Some(class), ..DeliveryFilter::default() };
    assert_eq!(studio.deliveries.list(&maeve, of(invalid)).await.unwrap().total, 3);
    let looking = DeliveryFilter { outcome: Some(Outcome::Unknown), ..DeliveryFilter::default() };
    let doubtful = studio.deliveries.list(&maeve, looking).await.unwrap();
    assert_eq!(doubtful.total, 2);
    let advice = unknown.advice(DeliveryStatus::Failed, true);
    assert!(doubtful.items.iter().all(|one| one.advice.as_deref() == advice), "{doubtful:?}");
    let told: Vec<_> = reasons.iter().map(|one| Some(one.what_to_do.as_str()) == advice).collect();
    assert_eq!(told, [false, true, false], "the rest of a reason can be retried");
    let refused = DeliveryFilter { outcome: Some(Outcome::Refused), ..of(invalid) };
    assert_eq!(studio.deliveries.list(&maeve, refused).await.unwrap().total, 2);
    let never = DeliveryFilter { status: DeliveryStatus::Success.into(), ..of(invalid) };
    assert_eq!(studio.deliveries.list(&maeve, never).await.unwrap().total, 0);

    let viewer = studio.colleague(&maeve, Role::Viewer).await;
    assert_eq!(code(studio.deliveries.retry_failed(&viewer, of(invalid)).await), ErrorCode::Forbidden);
    assert_eq!(studio.deliveries.retry_failed(&other, of(invalid)).await.unwrap(), 0, "another workspace's");
    assert_eq!(studio.deliveries.retry_failed(&maeve, of(invalid)).await.unwrap(), 2, "but what a person must judge");
    let spacing = MissedPolicy::default().spacing;
    assert_eq!(dues(&studio, page).await, [studio.now(), studio.now() + spacing], "not in a burst");
    let counts = studio.deliveries.counts(&maeve).await.unwrap();
    assert_eq!((counts.pending, counts.failed), (2, 3), "the other reasons stay");
}

#[tokio::test]
async fn the_last_day_in_figures() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let none = studio.deliveries.figures(&maeve).await.unwrap();
    assert_eq!((none.published, none.failed, none.median_seconds, none.steps.len()), (0, 0, None, 12));

    let send = async |seconds: i64, fails: bool| {
        studio.save(&maeve, text(&format!("After {seconds} {fails} {}", studio.now()))).await;
        studio.clock.advance(Duration::seconds(seconds));
        let row = claim_one(&studio).await;
        if fails {
            let ending = Ending::Failed { message: "No.", class: ErrorClass::Validation, needs_person: false };
            finish(&studio, &row, &ending).await;
        } else {
            goes_out(&studio, &row).await;
        }
        // Failures are timed by the database's own clock, which a test cannot move.
        sqlx::query("alter table deliveries disable trigger deliveries_updated_at")
            .execute(&studio.admin)
            .await
            .unwrap();
        sqlx::query("update deliveries set updated_at = $2 where id = $1")
            .bind(row.id.0)
            .bind(studio.now())
            .execute(&studio.admin)
            .await
            .unwrap();
    };
    send(100, false).await;
    studio.clock.advance(Duration::hours(25));
    for (seconds, fails) in [(2, false), (4, false), (9, false), (1, true)] {
        send(seconds, fails).await;
    }
    studio.clock.advance(Duration::hours(3));
    send(6, false).await;

    let figures = studio.deliveries.figures(&maeve).await.unwrap();
    assert_eq!((figures.published, figures.failed, figures.median_seconds), (4, 1, Some(5.0)), "not yesterday's");
    assert_eq!(figures.success_rate(), Some(0.8));
    assert_eq!(figures.steps[0].from, studio.now() - DeliveryFigures::SPAN);
    let filled: Vec<_> =
        figures.steps.iter().enumerate().filter(|(_, step)| step.published + step.failed > 0).collect();
    let shown: Vec<_> = filled.iter().map(|(n, step)| (*n, step.published, step.failed, step.median_seconds)).collect();
    assert_eq!(shown, [(10, 3, 1, Some(4.0)), (11, 1, 0, Some(6.0))]);
}

#[tokio::test]
async fn programs_hear_of_what_a_person_has_settled() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    two_accounts(&studio, &maeve).await;
    let webhook = "insert into webhooks (id, workspace_id, url, description, events, created_at, updated_at)
                   values (gen_random_uuid(), $1, 'http://127.0.0.1:9/', '', '{post.published,post.partly_published}', now(), now())";
    sqlx::query(webhook).bind(maeve.workspace_id.0).execute(&studio.admin).await.unwrap();
    studio.save(&maeve, text("Hi")).await;
    let rows = claim(&studio).await;
    for row in &rows {
        let message = "Look at the platform.";
        let unclear = Ending::Failed { message, class: ErrorClass::OutcomeUnknown, needs_person: true };
        finish(&studio, row, &unclear).await;
    }
    let told = async || -> Vec<String> {
        sqlx::query_scalar("select event from webhook_deliveries order by created_at, id")
            .fetch_all(&studio.admin)
            .await
            .unwrap()
    };
    studio.deliveries.mark_published(&maeve, rows[0].id).await.unwrap();
    assert_eq!(told().await, ["post.partly_published"], "the other has failed");
    studio.deliveries.mark_published(&maeve, rows[1].id).await.unwrap();
    assert_eq!(told().await, ["post.partly_published", "post.published"]);
}

// ---- with the creator -------------------------------------------------------------------------------------------------

#[tokio::test]
async fn what_lies_with_a_creator_is_neither_public_nor_under_way() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let post = studio.save(&maeve, text("Hi")).await;
    let row = claim_one(&studio).await;
    let later = studio.now() + Duration::hours(1);
    let waiting = Ending::Again {
        at: later,
        stage: Stage::WithCreator,
        counts: false,
        message: None,
        class: None,
        reconciliations: 0,
        refreshed_version: None,
    };
    finish(&studio, &row, &waiting).await;
    let counts = studio.deliveries.counts(&maeve).await.unwrap();
    assert_eq!((counts.retried, counts.waiting_for_creator, counts.on_their_way()), (1, 1, 0));
    let all = studio.deliveries.list(&maeve, DeliveryFilter::default()).await.unwrap();
    assert_eq!((all.items[0].outcome, all.items[0].attempts), (Some(Outcome::WaitingForCreator), 0));
    let shown = studio.posts.get(&maeve, post.id).await.unwrap();
    assert_eq!((shown.status, shown.deliveries.waiting_for_creator), (PostStatus::Publishing, 1));
    let refused =
        studio.posts.update(&maeve, post.id, PostPatch { body: Some("Other".into()), ..PostPatch::default() });
    assert_eq!(code(refused.await), ErrorCode::Conflict);

    // Asked about, it still lies there; stopped, it is nobody's concern any more, and the post can be changed.
    studio.clock.set(later);
    let again = claim_one(&studio).await;
    assert_eq!((again.stage, again.attempt), (Stage::WithCreator, 1));
    let asked = studio.deliveries.counts(&maeve).await.unwrap();
    assert_eq!((asked.publishing, asked.waiting_for_creator), (1, 1));
    finish(&studio, &again, &waiting).await;
    let stopped = studio.deliveries.cancel(&maeve, row.id).await.unwrap();
    assert_eq!((stopped.status, stopped.outcome), (DeliveryStatus::Canceled, None));
    let none = DeliveryFilter {
        outcome: Some(Outcome::WaitingForCreator),
        status: Statuses::default(),
        ..DeliveryFilter::default()
    };
    assert_eq!(studio.deliveries.list(&maeve, none).await.unwrap().total, 0);
    assert_eq!(studio.posts.get(&maeve, post.id).await.unwrap().status, PostStatus::Draft);
}

#[tokio::test]
async fn a_post_that_goes_out_ends_the_word_that_it_may_not() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let refused = studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let limited = studio.account(&maeve, Platform::Twitter, "@harbourpine").await;
    studio.change_account(refused, "status_reason = 'Publishing was refused for lack of a permission: No.'").await;
    studio.change_account(limited, "status_reason = 'X no longer gives us every permission.'").await;
    let mut tx = studio.db.worker().await.unwrap();
    store::accounts_answered(&mut tx, &[refused, limited], studio.now(), NOT_PERMITTED).await.unwrap();
    tx.commit().await.unwrap();
    let reasons: Vec<(Option<String>, bool)> =
        sqlx::query_as("select status_reason, last_synced_at is not null from accounts where id = any($1) order by id")
            .bind([refused.0, limited.0])
            .fetch_all(&studio.admin)
            .await
            .unwrap();
    // That text goes out says nothing about pictures.
    assert_eq!(reasons, [(None, true), (Some("X no longer gives us every permission.".to_owned()), true)]);
}
