//! The networks that publish nothing but media, from upload to the sandbox: pictures fetched from our own signed
//! addresses, a container waited for, a post that is taken, worked on, and left to its creator. Real processes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a walkthrough stops where it cannot go on")]

mod support;

use std::io::Cursor;

use reqwest::{Method, multipart};
use sandbox::driver::Visitor;
use serde_json::{Value, json};
use support::{Person, World};

/// A real JPEG, uploaded; its id.
async fn picture(person: &Person) -> String {
    let mut bytes = Vec::new();
    let pixels = image::RgbImage::from_pixel(1_080, 1_080, image::Rgb([40, 90, 120]));
    pixels.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Jpeg).unwrap();
    let file = multipart::Part::bytes(bytes).file_name("harbour.jpg").mime_str("image/jpeg").unwrap();
    let form = multipart::Form::new().part("file", file).text("alt_text", "A harbour");
    let answer = person.request(Method::POST, "/api/media").multipart(form).send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert!(status.is_success(), "{status} {body}");
    body["data"]["id"].as_str().unwrap().to_owned()
}

async fn attempts(person: &Person, delivery: &Value) -> Vec<Value> {
    let path = format!("/api/deliveries/{}/attempts", delivery["id"].as_str().unwrap());
    person.get(&path).await["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_goes_to_instagram_and_to_a_creators_inbox() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    for platform in ["instagram", "tiktok"] {
        let landed = person.connect(platform, &Visitor::anybody()).await;
        assert!(landed.contains("connected="), "{platform}: {landed}");
    }
    let picture = picture(&person).await;
    let _worker = world.worker_beside(&web);
    let body = json!({ "body": "Opening day #coffee", "media_assets": [picture] });
    let post = person.post("/api/content", body).await["data"]["id"].as_str().unwrap().to_owned();

    let deliveries = person.settled(&post).await;
    let platforms: Vec<&str> = deliveries.iter().map(|delivery| delivery["platform"].as_str().unwrap()).collect();
    assert!(platforms.contains(&"instagram") && platforms.contains(&"tiktok"), "{platforms:?}");
    let control = world.sandbox.control().unwrap();
    for delivery in &deliveries {
        assert_eq!(delivery["status"], "success", "{delivery:#}");
        let attempts = attempts(&person, delivery).await;
        if delivery["platform"] == "instagram" {
            // Its address is asked for once the post is out.
            assert!(delivery["external_url"].as_str().is_some_and(|url| url.starts_with("http")), "{delivery:#}");
            let posts = control.posts(Some("instagram")).await.unwrap();
            assert!(posts.iter().any(|post| post["id"] == delivery["external_post_id"]), "{posts:?}");
        } else {
            let outcomes: Vec<&str> = attempts.iter().map(|attempt| attempt["outcome"].as_str().unwrap()).collect();
            assert!(outcomes.contains(&"waiting"), "it was taken, and worked on: {outcomes:?}");
            let told = attempts
                .iter()
                .any(|attempt| attempt["message"].as_str().is_some_and(|message| message.contains("creator's inbox")));
            assert!(told, "{attempts:#?}");
        }
        let traces = serde_json::to_string(&attempts).unwrap();
        assert!(!traces.contains("signature="), "a signed address shows in {traces}");
    }
    // Each picture was fetched, and each post sent once.
    for (platform, path) in [("instagram", "/media_publish"), ("tiktok", "/post/publish/content/init/")] {
        let requests = control.requests(Some(platform)).await.unwrap();
        let sent = requests.iter().filter(|request| request["path"].as_str().is_some_and(|at| at.ends_with(path)));
        let accounts = platforms.iter().filter(|named| **named == platform).count();
        assert_eq!(sent.count(), accounts, "{platform}");
    }
}
