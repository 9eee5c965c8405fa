//! The database goes away for a while and comes back: whoever asks meanwhile is told so in a sentence, with the right code and
//! nothing of the inside; and nothing is lost or doubled. The database is reached over a wire that the test can cut.

#![expect(clippy::indexing_slicing, reason = "a walkthrough stops where it cannot go on")]

mod support;

use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use sandbox::driver::Visitor;
use serde_json::{Value, json};
use support::{Person, World, within};

/// What must not be told to anybody outside.
const INSIDE: [&str; 8] = ["postgres", "sqlx", "pool", "127.0.0.1", "connection", "arctiv_app", "io error", "os error"];

fn tells_nothing(text: &str) {
    let lower = text.to_lowercase();
    // A whole page names the address that pictures come from, and may speak of connections.
    let is_page = lower.contains("<html");
    for word in INSIDE.into_iter().filter(|word| !is_page || !["127.0.0.1", "connection"].contains(word)) {
        assert!(!lower.contains(word), "the answer tells of the inside ({word}): {text}");
    }
}

/// The worker has started, and works: one that starts without a database ends at once, as it should.
async fn warmed_up(person: &Person) {
    let answer = person.post("/api/content", json!({ "body": "All is well" })).await;
    for delivery in person.settled(answer["data"]["id"].as_str().unwrap_or_default()).await {
        assert_eq!(delivery["status"], "success", "{delivery:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_everybody_is_told_and_afterwards_all_is_there() {
    let world = World::behind_a_wire().await;
    let web = world.web().await;
    let _worker = world.worker(None);
    let person = Person::register(&web, "client").await;
    let landed = person.connect("twitter", &Visitor::anybody()).await;
    assert!(landed.contains("connected="), "{landed}");

    warmed_up(&person).await;

    world.wire().cut();
    let keyed = async |text: &str| {
        let request = person.request(Method::POST, "/api/content").header("Idempotency-Key", "during-the-outage");
        request.json(&json!({ "body": text })).send().await.unwrap()
    };
    for (method, path) in [
        (Method::GET, "/api/auth/me"),
        (Method::GET, "/api/social-accounts"),
        (Method::GET, "/api/content"),
        (Method::POST, "/api/deliveries/retry-failed"),
    ] {
        let answer = person.request(method.clone(), path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{method} {path}");
        assert!(answer.headers().contains_key(header::RETRY_AFTER), "{path} says when to come back");
        assert!(!answer.headers().contains_key(header::SET_COOKIE), "{path}: nobody is signed out by that");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["code"], "SERVICE_UNAVAILABLE", "{path}: {body}");
        tells_nothing(&body.to_string());
    }
    let refused = keyed("Written while it was away").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    // A person sees a page, not JSON; also one who is not signed in and wants to be.
    let page = person.request(Method::GET, "/posts").header(header::ACCEPT, "text/html").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    let page = page.text().await.unwrap();
    assert!(page.contains("Try again"), "{page}");
    tells_nothing(&page);
    let form = person.http.post(format!("{}/login", web.url)).header(header::ORIGIN, &web.url);
    let form =
        form.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body("email=a%40b.example&password=c");
    let form = form.send().await.unwrap();
    assert_eq!(form.status(), StatusCode::SERVICE_UNAVAILABLE);
    tells_nothing(&form.text().await.unwrap());
    // Operators are told as well, and the process itself is alive.
    let get = async |path: &str| person.http.get(format!("{}{path}", web.url)).send().await.unwrap();
    assert_eq!(get("/health").await.status(), StatusCode::OK);
    let ready = get("/health/ready").await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!((&ready["status"], &ready["database"]), (&json!("not_ready"), &json!(false)), "{ready}");
    assert!(get("/metrics").await.text().await.unwrap().contains("database_up 0"));

    world.wire().mend();
    within(Duration::from_secs(30), "the service to be back", async || {
        get("/health/ready").await.status().is_success()
            && person.request(Method::GET, "/api/auth/me").send().await.unwrap().status().is_success()
    })
    .await;
    // The same request again, as the client was told; more than once, since it may not trust the first answer either.
    let mut made = Vec::new();
    within(Duration::from_secs(30), "the post to be taken", async || {
        let answer = keyed("Written while it was away").await;
        let taken = answer.status() == StatusCode::CREATED;
        if taken {
            made.push(answer.json::<Value>().await.unwrap()["data"]["id"].as_str().unwrap().to_owned());
        }
        made.len() == 2
    })
    .await;
    assert_eq!(made[0], made[1]);
    let delivery = person.settled(&made[0]).await.remove(0);
    assert_eq!(delivery["status"], "success", "{delivery:#}");
    let posts = world.sandbox.control().unwrap().posts(Some("twitter")).await.unwrap();
    let shown = posts.iter().filter(|post| post["text"] == "Written while it was away").count();
    assert_eq!(shown, 1);
    assert!(get("/metrics").await.text().await.unwrap().contains("database_up 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_while_posts_go_out_costs_nothing() {
    let world = World::behind_a_wire().await;
    let web = world.web().await;
    let _worker = world.worker(None);
    let person = Person::register(&web, "client").await;
    for platform in ["twitter", "facebook"] {
        person.connect(platform, &Visitor::anybody()).await;
    }
    warmed_up(&person).await;
    let mut posts = Vec::new();
    for n in 0..6 {
        let text = format!("Sent into the storm {n}");
        let answer = person.post("/api/content", json!({ "body": text })).await;
        posts.push((answer["data"]["id"].as_str().unwrap().to_owned(), text));
    }
    // The wire is cut again and again while they go out.
    for _ in 0..4 {
        world.wire().cut();
        tokio::time::sleep(Duration::from_millis(400)).await;
        world.wire().mend();
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    let control = world.sandbox.control().unwrap();
    within(Duration::from_secs(30), "the web to be back", async || {
        person.request(Method::GET, "/api/content").send().await.unwrap().status().is_success()
    })
    .await;
    for (id, text) in &posts {
        within(Duration::from_mins(2), "the post to be settled", async || {
            let (status, body) = person.send(Method::GET, &format!("/api/content/{id}"), None).await;
            status.is_success() && body["data"]["status"] == "published"
        })
        .await;
        let deliveries = person.settled(id).await;
        for platform in ["twitter", "facebook"] {
            let shown = control.posts(Some(platform)).await.unwrap();
            let shown = shown.iter().filter(|post| post["text"].as_str().is_some_and(|shown| shown == text)).count();
            let of_platform = deliveries.iter().filter(|delivery| delivery["platform"] == platform).count();
            assert!(of_platform > 0 && shown == of_platform, "{platform}: {text}: {shown} of {of_platform}");
        }
    }
}
