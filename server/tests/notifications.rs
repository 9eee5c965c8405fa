//! From a post that a network refuses to the letter and the webhook that tell of it, through real processes; and the two ways out of
//! such letters: the button on a page, and the one click of a mail program, which has no cookie and comes from nowhere.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a walkthrough stops where it cannot go on")]

mod support;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, http::HeaderMap, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{StatusCode, header};
use sandbox::driver::Visitor;
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::Executor;
use support::{Person, Web, World, client, within};

/// What a webhook got: headers and body.
type Got = Arc<Mutex<Vec<(HeaderMap, String)>>>;

async fn receiver() -> (String, Got) {
    let got = Got::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let take = async |State(got): State<Got>, headers: HeaderMap, body: String| {
        got.lock().unwrap().push((headers, body));
        StatusCode::NO_CONTENT.as_u16().to_string()
    };
    let app = Router::new().route("/hook", post(take)).with_state(got.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, got)
}

/// As docs/webhooks.md tells receivers to check it.
fn is_signed(headers: &HeaderMap, body: &str, secret: &str) -> bool {
    let header = |name: &str| headers[name].to_str().unwrap();
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(signed).finalize();
    let expected = format!("v1,{}", STANDARD.encode(mac.into_bytes()));
    header("webhook-signature").split(' ').any(|signature| signature == expected)
}

/// The letters to somebody whose subject holds some words.
fn letters(world: &World, to: &str, words: &str) -> Vec<Value> {
    let folder = std::fs::read_dir(world.folder.join("mailbox"));
    let paths = folder.into_iter().flatten().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap())
        .filter(|letter| letter["to"] == to && letter["subject"].as_str().unwrap().contains(words))
        .collect()
}

async fn fails(world: &World, person: &Person, body: &str) {
    let faults = json!({ "platform": "twitter", "operation": "publish", "fault": "status", "status": 400, "times": 1 });
    let control = client().post(format!("{}/control/faults", world.sandbox.url())).json(&faults);
    assert!(control.send().await.unwrap().status().is_success());
    let sent = person.post("/api/content", json!({ "body": body, "undo_seconds": 0 })).await;
    person.settled(sent["data"]["id"].as_str().unwrap()).await;
}

/// A page as a browser without a session gets it.
async fn page(web: &Web, path: &str) -> (StatusCode, String) {
    let answer = client().get(format!("{}{path}", web.url)).header(header::ACCEPT, "text/html").send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_post_is_told_by_letter_and_webhook_and_the_letters_can_be_ended() {
    let world = World::new().await;
    let private = [("ARCTIV_WEBHOOKS__ALLOW_PRIVATE_NETWORKS", "true")];
    let web = world.web_with(&private).await;
    let _worker = world.worker_with(&private);
    let person = Person::register(&web, "client").await;
    let mut admin = world.database().admin().await.unwrap();
    admin.execute("update users set email_confirmed_at = now()").await.unwrap();
    let email = person.get("/api/auth/me").await["data"]["user"]["email"].as_str().unwrap().to_owned();
    let (url, got) = receiver().await;
    let hook = json!({ "url": url, "events": ["post.failed", "account.connected"] });
    let made = person.post("/api/workspaces/current/webhooks", hook).await;
    let secret = made["data"]["secret"].as_str().unwrap();
    person.connect("twitter", &Visitor::anybody()).await;
    fails(&world, &person, "Fresh from the roaster").await;

    within(Duration::from_secs(20), "two events at the webhook", async || got.lock().unwrap().len() == 2).await;
    let arrived = got.lock().unwrap().clone();
    let mut types = Vec::new();
    for (headers, body) in &arrived {
        assert!(is_signed(headers, body, secret), "{body}");
        assert!(!is_signed(headers, &format!("{body} "), secret));
        types.push(serde_json::from_str::<Value>(body).unwrap()["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(types, ["account.connected", "post.failed"]);
    let id = made["data"]["webhook"]["id"].as_str().unwrap();
    let sent = person.get(&format!("/api/workspaces/current/webhooks/{id}/deliveries")).await;
    assert_eq!(sent["data"][0]["status"], "delivered", "{sent}");

    // Failures of a minute are told together.
    let said = "“Fresh from the roaster” was not published";
    within(Duration::from_secs(90), "the letter", async || !letters(&world, &email, said).is_empty()).await;
    let letter = letters(&world, &email, said).remove(0);
    let link = letter["unsubscribe"].as_str().unwrap();
    assert!(letter["text"].as_str().unwrap().contains(link));
    let path = &link[link.find("/unsubscribe").unwrap()..];
    let choices = async || {
        let all = person.get("/api/notifications/preferences").await;
        all["data"][0]["email"].as_bool().unwrap()
    };
    // Whoever opens it, scanner or person, changes nothing.
    let (status, shown) = page(&web, path).await;
    assert!(status.is_success() && shown.contains("Stop these letters"), "{shown}");
    assert!(choices().await);
    // A mail program's one click: a form with one field, no cookie, no Origin.
    for _ in 0..2 {
        let click = client().post(format!("{}{path}", web.url)).form(&[("List-Unsubscribe", "One-Click")]);
        let answer = click.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.text().await.unwrap().contains("You get no more of these letters."));
    }
    assert!(!choices().await);
    // Another site cannot click for a person who is signed in here, nor anybody with a browser.
    let forged = client().post(format!("{}{path}", web.url)).header(header::ORIGIN, "https://evil.example");
    assert_eq!(forged.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    // Nor does a link that is none do anything, or say that it did.
    let wrong = client().post(format!("{}{path}A", web.url)).header(header::ACCEPT, "text/html").send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::NOT_FOUND);
    assert!(wrong.text().await.unwrap().contains("This link is not one of ours"));
}
