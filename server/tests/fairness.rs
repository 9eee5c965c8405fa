//! Nobody waits for somebody else's work: not for another workspace's ten thousand deliveries, not for a platform that does
//! not answer. Real processes, a real database.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a walkthrough stops where it cannot go on")]

mod support;

use std::time::{Duration, Instant};

use sandbox::driver::Visitor;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use support::{Person, Web, World};

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
