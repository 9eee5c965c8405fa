//! Nothing lost, nothing doubled: workers die at every step of the pipeline, answers get lost after the platform has
//! accepted, workers sleep longer than their leases and wake up beside those who took over, and each delivery still ends
//! up at the sandbox exactly once. Real processes, a real database.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a walkthrough stops where it cannot go on")]

mod support;

use std::time::Duration;

use sandbox::driver::Visitor;
use serde_json::{Value, json};
use support::{Person, Web, World, within};

async fn connected(world: &World, platforms: &[&str]) -> (Web, Person) {
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    for platform in platforms {
        let landed = person.connect(platform, &Visitor::anybody()).await;
        assert!(landed.contains("connected="), "{platform}: {landed}");
    }
    (web, person)
}

/// How often the sandbox shows `text`, per platform.
async fn shown(world: &World, platform: &str, text: &str) -> usize {
    let posts = world.sandbox.control().unwrap().posts(Some(platform)).await.unwrap();
    posts.iter().filter(|post| post["text"].as_str().is_some_and(|shown| shown.contains(text))).count()
}

async fn post(person: &Person, text: &str) -> String {
    let answer = person.post("/api/content", json!({ "body": text })).await;
    answer["data"]["id"].as_str().unwrap().to_owned()
}

async fn all_went_out_once(world: &World, person: &Person, post: &str, text: &str) {
    let deliveries = person.settled(post).await;
    for delivery in &deliveries {
        assert_eq!(delivery["status"], "success", "{delivery:#}");
        let platform = delivery["platform"].as_str().unwrap();
        let of_platform = deliveries.iter().filter(|other| other["platform"] == *platform).count();
        assert_eq!(shown(world, platform, text).await, of_platform, "{platform}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_any_step_loses_and_doubles_nothing() {
    let world = World::new().await;
    // X and Facebook can be asked what became of a post; so can LinkedIn's organisations.
    let (_web, person) = connected(&world, &["twitter", "facebook"]).await;
    for step in ["claimed", "staged", "committing", "committed", "ended", "finished"] {
        let text = format!("Killed when {step}");
        let id = post(&person, &text).await;
        let mut doomed = world.worker(Some(step));
        doomed.died().await;
        let mut heir = world.worker(None);
        all_went_out_once(&world, &person, &id, &text).await;
        person.comes_to(&id, "published").await;
        heir.kill();
    }
}

/// How often the deliveries of a post have been taken up, the most of any.
async fn most_attempts(person: &Person, post: &str) -> u64 {
    let list = person.get(&format!("/api/content/{post}/deliveries")).await;
    list["data"].as_array().unwrap().iter().map(|one| one["attempts"].as_u64().unwrap()).max().unwrap_or_default()
}

/// Whether somebody has asked a platform in vain what became of a post.
async fn looked_once(person: &Person, post: &str) -> bool {
    let list = person.get(&format!("/api/content/{post}/deliveries")).await;
    list["data"].as_array().unwrap().iter().any(|one| one["status"] == "retried" && one["stage"] == "outcome_unknown")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_sleeps_past_its_lease_doubles_nothing_when_it_wakes() {
    let world = World::new().await;
    let (_web, person) = connected(&world, &["twitter", "facebook"]).await;
    for step in ["claimed", "staged", "committing", "committed"] {
        let text = format!("Asleep when {step}");
        let id = post(&person, &text).await;
        let mut sleeper = world.stalling_worker(step);
        sleeper.stopped().await;
        let mut heir = world.worker(None);
        // It wakes at the worst moment: its row has another holder, who has not finished.
        match step {
            // The heir has asked the platform once, in vain, and will ask again before it sends.
            "committing" => {
                within(Duration::from_secs(30), "the first look", async || looked_once(&person, &id).await).await;
            }
            _ => {
                within(Duration::from_secs(30), "the take-over", async || most_attempts(&person, &id).await > 1).await;
            }
        }
        sleeper.wake();
        all_went_out_once(&world, &person, &id, &text).await;
        // Whatever the sleeper still does, it does now; and it works on.
        heir.kill();
        let after = format!("After {step}");
        let next = post(&person, &after).await;
        all_went_out_once(&world, &person, &next, &after).await;
        all_went_out_once(&world, &person, &id, &text).await;
        sleeper.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_slept_before_the_public_call_leaves_it_to_be_asked() {
    let world = World::new().await;
    let (_web, person) = connected(&world, &["twitter"]).await;
    let id = post(&person, "Nobody else was there").await;
    let sleeper = world.stalling_worker("committing");
    sleeper.stopped().await;
    // Longer than its lease, and nobody takes over: it must not trust what it knew.
    tokio::time::sleep(Duration::from_secs(4)).await;
    sleeper.wake();
    all_went_out_once(&world, &person, &id, "Nobody else was there").await;
    let delivery = person.settled(&id).await.remove(0);
    let attempts = person.get(&format!("/api/deliveries/{}/attempts", delivery["id"].as_str().unwrap())).await;
    let outcomes: Vec<&str> =
        attempts["data"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert!(outcomes.contains(&"outcome_unknown"), "the platform was asked first: {outcomes:?}");
}

/// A claim is not written through at once, so a crash of the database may undo it while the worker that made it lives on.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_the_database_forgot_is_good_for_nothing_when_its_worker_claims_anew() {
    let world = World::new().await;
    let (_web, person) = connected(&world, &["twitter"]).await;
    let picture = person.upload_picture().await;
    let control = world.sandbox.control().unwrap();
    // X would not show it twice, and must be seen to be asked once.
    control.post("settings", &json!({ "reject_duplicates": false })).await.unwrap();
    // Both claims are at work on it at the same time.
    for operation in ["upload", "publish"] {
        let slow =
            json!({ "platform": "twitter", "operation": operation, "fault": "slow", "slow_ms": 800, "times": 20 });
        control.fault(&slow).await.unwrap();
    }
    let body = json!({ "body": "Claimed twice by one", "media_assets": [picture] });
    let id = person.post("/api/content", body).await["data"]["id"].as_str().unwrap().to_owned();
    let sleeper = world.stalling_worker("claimed");
    sleeper.stopped().await;
    let undone = sqlx::query(
        "update deliveries set status = 'pending', attempts = 0, lease_owner = null, lease_until = null, next_attempt_at = now()
          where status = 'publishing'",
    );
    let mut admin = world.database().admin().await.unwrap();
    assert_eq!(undone.execute(&mut admin).await.unwrap().rows_affected(), 1);
    // So that it looks at once.
    sqlx::query("select pg_notify('arctiv_deliveries', '')").execute(&mut admin).await.unwrap();
    sleeper.wake();
    all_went_out_once(&world, &person, &id, "Claimed twice by one").await;
    // Nor does whichever of the two comes late change anything.
    tokio::time::sleep(Duration::from_secs(3)).await;
    all_went_out_once(&world, &person, &id, "Claimed twice by one").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_acceptance_is_reconciled_not_repeated() {
    let world = World::new().await;
    let (_web, person) = connected(&world, &["twitter", "facebook"]).await;
    let control = world.sandbox.control().unwrap();
    for platform in ["twitter", "facebook"] {
        let rule = json!({ "platform": platform, "operation": "publish", "fault": "drop_after_accept", "times": 1 });
        control.fault(&rule).await.unwrap();
    }
    let _worker = world.worker(None);
    let id = post(&person, "Accepted, then silence").await;
    all_went_out_once(&world, &person, &id, "Accepted, then silence").await;
    let mut in_doubt = Vec::new();
    for delivery in person.settled(&id).await {
        let attempts = person.get(&format!("/api/deliveries/{}/attempts", delivery["id"].as_str().unwrap())).await;
        if attempts["data"].as_array().unwrap().iter().any(|attempt| attempt["outcome"] == "outcome_unknown") {
            in_doubt.push(delivery["platform"].as_str().unwrap().to_owned());
        }
    }
    in_doubt.sort();
    assert_eq!(in_doubt, ["facebook", "twitter"], "each network dropped one answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_platform_cannot_tell_a_person_decides() {
    let world = World::new().await;
    let (_web, person) = connected(&world, &["linkedin"]).await;
    let accounts = person.get("/api/social-accounts").await;
    let member = accounts["data"].as_array().unwrap().iter().find(|account| {
        account["scopes"].as_array().is_some_and(|scopes| scopes.iter().any(|scope| scope == "w_member_social"))
            && account["external_account_id"].as_str().is_some_and(|id| !id.chars().all(|c| c.is_ascii_digit()))
    });
    let Some(member) = member else { panic!("the sandbox's first LinkedIn person has a member account: {accounts:#}") };
    let rule = json!({ "platform": "linkedin", "operation": "publish", "fault": "drop_after_accept", "times": 1 });
    world.sandbox.control().unwrap().fault(&rule).await.unwrap();
    let _worker = world.worker(None);
    let body = json!({ "body": "Only a person can tell", "account_ids": [member["id"]] });
    let id = person.post("/api/content", body).await["data"]["id"].as_str().unwrap().to_owned();
    let delivery: Value = person.settled(&id).await.remove(0);
    assert_eq!(delivery["status"], "failed", "{delivery:#}");
    assert_eq!(delivery["needs_person"], true, "{delivery:#}");
    assert_eq!(shown(&world, "linkedin", "Only a person can tell").await, 1, "it is never sent again by itself");
    let path = format!("/api/deliveries/{}/mark-published", delivery["id"].as_str().unwrap());
    assert_eq!(person.post(&path, json!({})).await["data"]["status"], "success");
    person.comes_to(&id, "published").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_out_waits_for_a_person_whatever_is_said_of_a_later_call() {
    let world = World::new().await;
    let (_web, person) = connected(&world, &["twitter"]).await;
    let control = world.sandbox.control().unwrap();
    let _worker = world.worker(None);
    // X says 403 without a word of why to what it has already, and to other things.
    for (text, lost, status, expected, looks) in [
        ("Refused at once", false, 400, ("validation", false), 0),
        ("Lost, then refused", true, 400, ("validation", true), 3),
        ("Lost, then perhaps there", true, 403, ("outcome_unknown", true), 6),
    ] {
        if lost {
            let drop = json!({ "platform": "twitter", "operation": "publish", "fault": "drop", "times": 1 });
            control.fault(&drop).await.unwrap();
        }
        let refusal =
            json!({ "platform": "twitter", "operation": "publish", "fault": "status", "status": status, "times": 1 });
        control.fault(&refusal).await.unwrap();
        let id = post(&person, text).await;
        let delivery = person.settled(&id).await.remove(0);
        let (class, needs_person) = expected;
        assert_eq!(delivery["status"], "failed", "{delivery:#}");
        assert_eq!(
            (&delivery["error_class"], &delivery["needs_person"]),
            (&json!(class), &json!(needs_person)),
            "{text}"
        );
        let attempts = person.get(&format!("/api/deliveries/{}/attempts", delivery["id"].as_str().unwrap())).await;
        let looked = attempts["data"].as_array().unwrap().iter().filter(|one| one["stage"] == "outcome_unknown");
        assert_eq!(looked.count(), looks, "{text}: {attempts:#}");
        assert_eq!(shown(&world, "twitter", text).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_stops_whoever_works_on_it_is_given_up() {
    let world = World::new().await;
    let (_web, person) = connected(&world, &["twitter"]).await;
    let id = post(&person, "Never finished").await;
    let mut admin = world.database().admin().await.unwrap();
    sqlx::query("update deliveries set attempts = 15").execute(&mut admin).await.unwrap();
    let _worker = world.worker(None);
    let delivery = person.settled(&id).await.remove(0);
    assert_eq!((&delivery["status"], &delivery["error_class"]), (&json!("failed"), &json!("operator")), "{delivery:#}");
    assert_eq!(delivery["needs_person"], false, "nothing was ever sent");
    assert_eq!(shown(&world, "twitter", "Never finished").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_workers_share_the_work_and_stop_in_time() {
    let world = World::new().await;
    let (mut web, person) = connected(&world, &["twitter", "facebook"]).await;
    let mut workers: Vec<_> = (0..3).map(|_| world.worker(None)).collect();
    let mut posts = Vec::new();
    for n in 0..20 {
        posts.push((post(&person, &format!("Shared work number {n:02}")).await, format!("Shared work number {n:02}")));
    }
    for (id, text) in &posts {
        all_went_out_once(&world, &person, id, text).await;
    }
    for worker in &mut workers {
        let (took, code) = worker.terminate().await;
        assert!(took < Duration::from_secs(20), "a worker took {took:?} to stop");
        assert_eq!(code, Some(0));
    }
    let (took, code) = web.process.terminate().await;
    assert!(took < Duration::from_secs(20), "the web took {took:?} to stop");
    assert_eq!(code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_told_to_stop_hands_back_what_it_has_not_sent() {
    let world = World::new().await;
    let (_web, person) = connected(&world, &["twitter"]).await;
    let control = world.sandbox.control().unwrap();
    control
        .fault(&json!({ "platform": "twitter", "operation": "publish", "fault": "slow", "times": 1 }))
        .await
        .unwrap();
    let mut first = world.worker(None);
    let id = post(&person, "Sent slowly").await;
    within(Duration::from_secs(20), "the delivery to be under way", async || {
        person.get(&format!("/api/content/{id}/deliveries")).await["data"][0]["status"] == "publishing"
    })
    .await;
    let (took, code) = first.terminate().await;
    assert!(took < Duration::from_secs(20) && code == Some(0), "{took:?} {code:?}");
    let _second = world.worker(None);
    all_went_out_once(&world, &person, &id, "Sent slowly").await;
}
