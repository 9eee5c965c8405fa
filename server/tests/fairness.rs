//! Nobody waits for somebody else's work: not for another workspace's ten thousand deliveries, not for a platform that does
//! not answer. An account's own posts come in their order, also where the first of them fails for a moment. Real processes, a
//! real database.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a walkthrough stops where it cannot go on")]

mod support;

use std::time::{Duration, Instant};

use sandbox::driver::Visitor;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use support::{Person, Web, World, within};

/// What another one's load may add.
const DELAY: Duration = Duration::from_secs(2);

/// Somebody with `n` accounts of their own at X.
async fn somebody(world: &World, web: &Web, n: u32) -> Person {
    let person = Person::register(web, "client").await;
    for account in world.sandbox.control().unwrap().add_accounts("twitter", n).await.unwrap() {
        let visitor = Visitor::called(account["id"].as_str().unwrap());
        let landed = person.connect("twitter", &visitor).await;
        assert!(landed.contains("connected=1"), "{landed}");
    }
    person
}

async fn accounts(person: &Person, platform: &str) -> Vec<Value> {
    let all = person.get(&format!("/api/social-accounts?platform={platform}&limit=100")).await;
    all["data"].as_array().unwrap().iter().map(|account| account["id"].clone()).collect()
}

/// From saving until the platform has accepted.
async fn round_trip(person: &Person, text: &str, account: &Value) -> Duration {
    let started = Instant::now();
    let answer = person.post("/api/content", json!({ "body": text, "account_ids": [account] })).await;
    let delivery = person.settled(answer["data"]["id"].as_str().unwrap()).await.remove(0);
    assert_eq!(delivery["status"], "success", "{delivery:#}");
    started.elapsed()
}

/// The middle one of some: single ones are delayed by whatever else this machine does.
async fn typical(person: &Person, what: &str, account: &Value) -> Duration {
    let mut all = Vec::new();
    for n in 0..5 {
        all.push(round_trip(person, &format!("{what}, number {n}"), account).await);
    }
    all.sort();
    all[2]
}

async fn pending(admin: &mut PgConnection, of: &str) -> i64 {
    let sql = format!("select count(*) from deliveries where status in ('pending', 'retried') and post_id = '{of}'");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(admin).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_deliveries_of_one_workspace_do_not_hold_up_another() {
    let world = World::new().await;
    let web = world.web().await;
    // More accounts than one process serves of one platform at once.
    let busy = somebody(&world, &web, 20).await;
    let quiet = somebody(&world, &web, 1).await;
    let own = accounts(&quiet, "twitter").await.remove(0);
    let _worker = world.worker(None);
    let alone = typical(&quiet, "Alone", &own).await;

    let flood = busy.post("/api/content", json!({ "body": "One of many", "visibility": "private" })).await;
    let flood = flood["data"]["id"].as_str().unwrap().to_owned();
    let mut admin = world.database().admin().await.unwrap();
    let insert = format!(
        "insert into post_versions (id, workspace_id, post_id, number, body, created_at)
         select gen_random_uuid(), workspace_id, id, n, 'One of many', now() from posts, generate_series(2, 500) n where id = '{flood}';
         insert into deliveries (id, workspace_id, post_id, post_version_id, account_id, platform, next_attempt_at, due_at, created_at,
                                 updated_at)
         select gen_random_uuid(), p.workspace_id, p.id, v.id, a.id, a.platform, now(), now(), now(), now()
           from posts p join post_versions v on v.post_id = p.id join accounts a on a.workspace_id = p.workspace_id
          where p.id = '{flood}'"
    );
    sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut admin).await.unwrap();
    let before = pending(&mut admin, &flood).await;
    assert!(before > 9_900, "{before}");
    let crowded = typical(&quiet, "In a crowd", &own).await;
    let left = pending(&mut admin, &flood).await;
    assert!(left > 0 && left < before, "the crowd was served meanwhile, and was still there: {left} of {before}");
    assert!(crowded < alone + DELAY, "{crowded:?} in a crowd, {alone:?} alone; {left} of {before} were left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_does_not_answer_does_not_slow_the_others() {
    let world = World::new().await;
    let web = world.web().await;
    let person = somebody(&world, &web, 1).await;
    person.connect("facebook", &Visitor::anybody()).await;
    let (x, facebook) = (accounts(&person, "twitter").await.remove(0), accounts(&person, "facebook").await);
    let _worker = world.worker(None);
    let before = typical(&person, "All is well", &x).await;
    let silent = json!({ "platform": "facebook", "operation": "any", "fault": "timeout", "times": 100_000 });
    world.sandbox.control().unwrap().fault(&silent).await.unwrap();
    for n in 0..40 {
        person.post("/api/content", json!({ "body": format!("Into the void {n}"), "account_ids": facebook })).await;
    }
    let during = typical(&person, "Elsewhere it is silent", &x).await;
    assert!(during < before + DELAY, "{during:?} beside a dead platform, {before:?} before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_platform_never_has_all_places() {
    let world = World::new().await;
    let web = world.web().await;
    // Enough accounts of the silent platform for every place that there is.
    let person = somebody(&world, &web, 6).await;
    person.connect("facebook", &Visitor::anybody()).await;
    let (x, facebook) = (accounts(&person, "twitter").await, accounts(&person, "facebook").await.remove(0));
    let _worker =
        world.worker_with(&[("ARCTIV_PUBLISHING__CONCURRENCY", "6"), ("ARCTIV_PUBLISHING__PER_PLATFORM", "4")]);
    let before = typical(&person, "All is well", &facebook).await;
    let silent = json!({ "platform": "twitter", "operation": "any", "fault": "timeout", "times": 100_000 });
    world.sandbox.control().unwrap().fault(&silent).await.unwrap();
    // Three at first, so that one place of the platform is left when the others come.
    for some in [&x[..3], &x[3..]] {
        for account in some {
            let text = format!("Into the void of {account}");
            person.post("/api/content", json!({ "body": text, "account_ids": [account] })).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let during = typical(&person, "Elsewhere it is silent", &facebook).await;
    assert!(during < before + DELAY, "{during:?} beside a dead platform, {before:?} before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_the_whole_app_is_met_once() {
    let world = World::new().await;
    let web = world.web().await;
    let person = somebody(&world, &web, 1).await;
    let control = world.sandbox.control().unwrap();
    for account in control.add_accounts("facebook", 2).await.unwrap() {
        person.connect("facebook", &Visitor::called(account["id"].as_str().unwrap())).await;
    }
    let (x, facebook) = (accounts(&person, "twitter").await.remove(0), accounts(&person, "facebook").await);
    assert!(facebook.len() >= 2, "{facebook:?}");
    let limit = json!({ "platform": "facebook", "operation": "publish", "fault": "status", "status": 429, "code": 4, "retry_after": 4, "times": 1 });
    control.fault(&limit).await.unwrap();
    let _worker = world.worker(None);
    let post = async |text: &str, account: &Value| {
        let answer = person.post("/api/content", json!({ "body": text, "account_ids": [account] })).await;
        answer["data"]["id"].as_str().unwrap().to_owned()
    };
    let started = Instant::now();
    let first = post("Refused at first", &facebook[0]).await;
    within(Duration::from_secs(10), "the limit to be met", async || {
        control.struck().await.unwrap().iter().any(|fault| fault["times"].as_u64() > Some(0))
    })
    .await;
    let others = [post("Not even tried", &facebook[1]).await, post("Not concerned", &x).await];
    assert_eq!(person.settled(&others[1]).await[0]["status"], "success");
    assert!(started.elapsed() < Duration::from_secs(4), "X goes on");
    for (post, attempts) in [(&first, 2), (&others[0], 1)] {
        let delivery = person.settled(post).await.remove(0);
        assert_eq!(delivery["status"], "success", "{delivery:#}");
        let log = person.get(&format!("/api/deliveries/{}/attempts", delivery["id"].as_str().unwrap())).await;
        assert_eq!(log["data"].as_array().unwrap().len(), attempts, "{log:#}");
    }
    assert!(started.elapsed() > Duration::from_secs(4), "nothing before the time is up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_fails_for_a_moment_keeps_its_place() {
    let world = World::new().await;
    let web = world.web().await;
    let person = somebody(&world, &web, 1).await;
    let x = accounts(&person, "twitter").await.remove(0);
    let control = world.sandbox.control().unwrap();
    let down = json!({ "platform": "twitter", "operation": "publish", "fault": "status", "status": 503, "times": 1 });
    control.fault(&down).await.unwrap();
    let mut posts = Vec::new();
    for n in 1..=4 {
        let answer = person.post("/api/content", json!({ "body": format!("Part {n} of 4"), "account_ids": [x] })).await;
        posts.push(answer["data"]["id"].as_str().unwrap().to_owned());
    }
    let _worker = world.worker(None);
    let mut attempts = Vec::new();
    for post in &posts {
        let delivery = person.settled(post).await.remove(0);
        assert_eq!(delivery["status"], "success", "{delivery:#}");
        attempts.push(delivery["attempts"].as_u64().unwrap());
    }
    assert!(attempts[0] > 1, "the first one was refused: {attempts:?}");
    assert_eq!(attempts[1..], [1, 1, 1]);
    let mut shown = control.posts(Some("twitter")).await.unwrap();
    shown.sort_by_key(|post| post["created_at"].as_str().unwrap().to_owned());
    let order: Vec<&str> = shown.iter().map(|post| post["text"].as_str().unwrap()).collect();
    assert_eq!(order, ["Part 1 of 4", "Part 2 of 4", "Part 3 of 4", "Part 4 of 4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_due_while_no_worker_ran_comes_late_one_by_one_or_is_held() {
    let world = World::new().await;
    let web = world.web().await;
    let person = somebody(&world, &web, 1).await;
    let x = accounts(&person, "twitter").await.remove(0);
    let mut posts = Vec::new();
    for n in 1..=4 {
        let answer = person.post("/api/content", json!({ "body": format!("Part {n} of 4"), "account_ids": [x] })).await;
        posts.push(answer["data"]["id"].as_str().unwrap().to_owned());
    }
    // The first was meant for long ago, the others for a little while ago.
    let mut admin = world.database().admin().await.unwrap();
    for (post, ago) in posts.iter().zip(["3 hours", "12 minutes", "11 minutes", "10 minutes"]) {
        let age = format!(
            "update deliveries set due_at = now() - interval '{ago}', next_attempt_at = now() - interval '{ago}' where post_id = '{post}'"
        );
        sqlx::raw_sql(AssertSqlSafe(age)).execute(&mut admin).await.unwrap();
    }
    let started = Instant::now();
    let _worker = world.worker_with(&[("ARCTIV_PUBLISHING__SPACING_SECONDS", "3")]);
    let held = person.settled(&posts[0]).await.remove(0);
    assert_eq!((held["status"].as_str(), held["error_class"].as_str()), (Some("failed"), Some("missed")), "{held:#}");
    assert_eq!(person.get(&format!("/api/content/{}", posts[0])).await["data"]["status"], "failed");
    let mut moments = Vec::new();
    for post in &posts[1..] {
        let delivery = person.settled(post).await.remove(0);
        assert_eq!(delivery["status"], "success", "{delivery:#}");
        moments.push(chrono::DateTime::parse_from_rfc3339(delivery["published_at"].as_str().unwrap()).unwrap());
    }
    for pair in moments.windows(2) {
        assert!(pair[1] - pair[0] > chrono::Duration::milliseconds(2500), "no burst: {moments:?}");
    }
    assert!(started.elapsed() > Duration::from_secs(5));
}

/// How long before its moment a post is saved that is to go out with a crowd.
const AHEAD: Duration = Duration::from_secs(10);

/// The moment after [`AHEAD`], as REST takes it.
async fn moment(admin: &mut PgConnection) -> (Instant, String) {
    let text = "select to_char(now() at time zone 'UTC' + interval '10 seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";
    (Instant::now() + AHEAD, sqlx::query_scalar(text).fetch_one(admin).await.unwrap())
}

fn scheduled(text: &str, at: &str, account: &Value) -> Value {
    json!({ "body": text, "visibility": "scheduled", "scheduled_at": at, "account_ids": [account] })
}

/// From its moment until the platform has accepted.
async fn lateness(person: &Person, post: &Value, moment: Instant) -> Duration {
    let delivery = person.settled(post["data"]["id"].as_str().unwrap()).await.remove(0);
    assert_eq!(delivery["status"], "success", "{delivery:#}");
    moment.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_scheduled_posts_of_one_workspace_do_not_hold_up_anothers() {
    let world = World::new().await;
    let web = world.web().await;
    let busy = somebody(&world, &web, 1).await;
    let quiet = somebody(&world, &web, 1).await;
    let (crowded, own) = (accounts(&busy, "twitter").await.remove(0), accounts(&quiet, "twitter").await.remove(0));
    let mut admin = world.database().admin().await.unwrap();
    let _worker = world.worker(None);

    let (due, at) = moment(&mut admin).await;
    let alone = quiet.post("/api/content", scheduled("Alone", &at, &own)).await;
    let alone = lateness(&quiet, &alone, due).await;

    let (due, at) = moment(&mut admin).await;
    let first = busy.post("/api/content", scheduled("One of many", &at, &crowded)).await;
    let first = first["data"]["id"].as_str().unwrap();
    // As if each had been saved like the first one, which has rank 0.
    let insert = format!(
        "with fresh as materialized (select n, gen_random_uuid() as post, gen_random_uuid() as version from generate_series(1, 1999) n),
              made as (insert into posts (id, workspace_id, author_id, visibility, status, current_version, chosen_accounts, scheduled_at,
                                          scheduled_local, time_zone, publishes_at, created_at, updated_at)
                       select f.post, p.workspace_id, p.author_id, p.visibility, p.status, 1, false, p.scheduled_at,
                              p.scheduled_local, p.time_zone, p.publishes_at, now(), now()
                         from posts p, fresh f where p.id = '{first}'),
              written as (insert into post_versions (id, workspace_id, post_id, number, body, created_at)
                       select f.version, p.workspace_id, f.post, 1, 'One of many', now() from posts p, fresh f where p.id = '{first}')
         select count(arctiv_jobs.enqueue_ranked('deliveries.select_targets',
                        jsonb_build_object('post_id', f.post, 'version_id', f.version), '{at}', null, 25::smallint, f.n::smallint))
           from fresh f"
    );
    sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut admin).await.unwrap();
    let own = quiet.post("/api/content", scheduled("In a crowd", &at, &own)).await;
    assert!(due.elapsed().is_zero(), "this machine took too long to save them");
    let crowded = lateness(&quiet, &own, due).await;
    let waiting = "select count(*) from posts where status = 'scheduled'";
    let left: i64 = sqlx::query_scalar(waiting).fetch_one(&mut admin).await.unwrap();
    assert!(left > 0, "the crowd was gone before");
    assert!(crowded < alone + DELAY, "{crowded:?} in a crowd, {alone:?} alone; {left} were left");
}
