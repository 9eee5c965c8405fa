//! The networks that have their own ways, from upload to the sandbox: pictures fetched from our own signed
//! addresses, a container waited for, a post that is taken, worked on, and left to its creator. Real processes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a walkthrough stops where it cannot go on")]

mod support;

use std::{collections::BTreeMap, io::Cursor, time::Duration};

use reqwest::{Method, StatusCode, multipart};
use sandbox::driver::Visitor;
use serde_json::{Value, json};
use support::{Person, World, within};
use testkit::films::{FILM, Film, film};

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
    let picture = person.upload_picture().await;
    let _worker = world.worker_beside(&web);
    let body = json!({ "body": "Opening day #coffee", "media_assets": [picture] });
    let post = person.post("/api/content", body).await["data"]["id"].as_str().unwrap().to_owned();

    // Instagram's is public; TikTok's lies with its creator, which is neither public nor refused.
    let path = format!("/api/content/{post}");
    within(Duration::from_mins(1), "the draft to lie in the creator's inbox", async || {
        let counts = &person.get(&path).await["data"]["deliveries"];
        counts["success"] == 1 && counts["waiting_for_creator"] == 1
    })
    .await;
    person.comes_to(&post, "partly_published").await;
    let listed = person.get("/api/deliveries?outcome=waiting_for_creator").await;
    assert_eq!((&listed["page"]["total"], &listed["data"][0]["platform"]), (&json!(1), &json!("tiktok")), "{listed:#}");
    let draft = &listed["data"][0];
    assert_eq!((&draft["outcome"], &draft["published_at"]), (&json!("waiting_for_creator"), &json!(null)), "{draft:#}");
    assert_eq!(draft["attempts"], 1, "asking uses up no attempt");
    let control = world.sandbox.control().unwrap();
    assert!(control.posts(Some("tiktok")).await.unwrap().is_empty());

    assert_eq!(control.answer_inbox(None, true).await.unwrap(), 1);
    let deliveries = person.settled(&post).await;
    let platforms: Vec<&str> = deliveries.iter().map(|delivery| delivery["platform"].as_str().unwrap()).collect();
    assert!(platforms.contains(&"instagram") && platforms.contains(&"tiktok"), "{platforms:?}");
    person.comes_to(&post, "published").await;
    for delivery in &deliveries {
        assert_eq!(
            (&delivery["status"], &delivery["outcome"]),
            (&json!("success"), &json!("published")),
            "{delivery:#}"
        );
        let attempts = attempts(&person, delivery).await;
        if delivery["platform"] == "instagram" {
            // Its address is asked for once the post is out.
            assert!(delivery["external_url"].as_str().is_some_and(|url| url.starts_with("http")), "{delivery:#}");
            let posts = control.posts(Some("instagram")).await.unwrap();
            assert!(posts.iter().any(|post| post["id"] == delivery["external_post_id"]), "{posts:?}");
        } else {
            let outcomes: Vec<&str> = attempts.iter().map(|attempt| attempt["outcome"].as_str().unwrap()).collect();
            assert!(outcomes.contains(&"waiting"), "it was taken, and worked on: {outcomes:?}");
            assert!(outcomes.contains(&"waiting_for_creator"), "{outcomes:?}");
            assert_eq!(outcomes.last(), Some(&"success"), "{outcomes:?}");
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

/// The first comments of a post, once all of them have come to an end, by platform.
async fn comments(person: &Person, post: &str) -> BTreeMap<String, Value> {
    let path = format!("/api/content/{post}/deliveries?limit=100");
    let mut found = BTreeMap::new();
    within(Duration::from_mins(1), "the first comments", async || {
        let list = person.get(&path).await["data"].as_array().unwrap().clone();
        found = list
            .iter()
            .map(|one| (one["platform"].as_str().unwrap().to_owned(), one["first_comment"].clone()))
            .filter(|(_, comment)| !comment.is_null())
            .collect();
        !found.is_empty()
            && found.values().all(|comment| !["pending", "writing"].contains(&comment["status"].as_str().unwrap()))
    })
    .await;
    found
}

/// How often a path that ends like this was called with `POST`.
async fn posted(world: &World, platform: &str, end: &str) -> Vec<Value> {
    let requests = world.sandbox.control().unwrap().requests(Some(platform)).await.unwrap();
    let wanted = |request: &Value| {
        request["method"] == "POST" && request["path"].as_str().is_some_and(|path| path.ends_with(end))
    };
    requests.into_iter().filter(wanted).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn options_reach_every_network_and_the_first_comment_follows() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    let networks = [
        ("facebook", None),
        ("instagram", None),
        ("tiktok", Some("northwindcoffee")),
        ("twitter", None),
        ("linkedin", None),
    ];
    for (platform, name) in networks {
        let visitor = name.map_or_else(Visitor::anybody, Visitor::called);
        let landed = person.connect(platform, &visitor).await;
        assert!(landed.contains("connected="), "{platform}: {landed}");
    }
    let picture = person.upload_picture().await;
    let _worker = world.worker_beside(&web);
    let below = "The menu: https://harbourpine.example/menu";
    let body = json!({
        "body": "Opening day", "media_assets": [picture],
        "options": {
            "facebook": { "first_comment": below },
            "instagram": { "format": "story" },
            "tiktok": { "tiktok": { "privacy": "SELF_ONLY", "allow_comments": true } },
            "twitter": { "first_comment": below },
            "linkedin": { "first_comment": below },
        },
    });
    let post = person.post("/api/content", body).await["data"]["id"].as_str().unwrap().to_owned();
    let deliveries = person.settled(&post).await;
    for delivery in &deliveries {
        assert_eq!(delivery["status"], "success", "{delivery:#}");
    }
    let comments = comments(&person, &post).await;
    assert_eq!(comments.keys().map(String::as_str).collect::<Vec<_>>(), ["facebook", "linkedin", "twitter"]);
    for (platform, comment) in &comments {
        assert_eq!((&comment["status"], &comment["text"]), (&json!("written"), &json!(below)), "{platform}: {comment}");
        assert!(comment["external_id"].is_string(), "{platform}: {comment}");
    }
    let of = |platform: &str| deliveries.iter().filter(|delivery| delivery["platform"] == platform).count();
    for platform in ["facebook", "linkedin"] {
        assert_eq!(posted(&world, platform, "/comments").await.len(), of(platform), "{platform}: once each");
    }
    assert_eq!(posted(&world, "twitter", "/tweets").await.len(), 2 * of("twitter"), "the post and a reply below it");
    let stories = posted(&world, "instagram", "/media").await;
    assert!(
        !stories.is_empty() && stories.iter().all(|request| request["body"]["media_type"] == "STORIES"),
        "{stories:#?}"
    );
    let direct = posted(&world, "tiktok", "/content/init/").await;
    assert_eq!(direct.len(), of("tiktok"));
    assert_eq!(direct[0]["body"]["post_mode"], "DIRECT_POST");
    let info = &direct[0]["body"]["post_info"];
    assert_eq!((&info["privacy_level"], &info["disable_comment"]), (&json!("SELF_ONLY"), &json!(false)), "{info}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_whose_answer_is_lost_is_not_written_twice() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    person.connect("linkedin", &Visitor::anybody()).await;
    let accounts = person.get("/api/social-accounts").await;
    let account = accounts["data"][0]["id"].clone();
    let control = world.sandbox.control().unwrap();
    control
        .fault(&json!({ "platform": "linkedin", "operation": "comment", "fault": "drop_after_accept", "times": 1 }))
        .await
        .unwrap();
    let _worker = world.worker(None);
    let body = json!({
        "body": "Opening day", "account_ids": [account], "options": { "linkedin": { "first_comment": "Come in" } },
    });
    let post = person.post("/api/content", body).await["data"]["id"].as_str().unwrap().to_owned();
    let delivery = person.settled(&post).await.remove(0);
    assert_eq!(delivery["status"], "success", "whatever becomes of the comment: {delivery:#}");
    let unclear = comments(&person, &post).await.remove("linkedin").unwrap();
    assert_eq!(unclear["status"], "unclear", "{unclear}");
    assert!(unclear["error"].as_str().unwrap().contains("Look at the post"), "{unclear}");
    assert_eq!(posted(&world, "linkedin", "/comments").await.len(), 1);

    // A process that died between the call and its answer: whoever finds its row does not call again.
    let id = delivery["id"].as_str().unwrap();
    let mut admin = world.database().admin().await.unwrap();
    for sql in [
        format!(
            "update first_comments set status = 'writing', started_at = now() - interval '1 hour' where delivery_id = '{id}'"
        ),
        format!(r#"select graphile_worker.add_job('deliveries.write_comment', '{{"delivery_id":"{id}"}}'::json)"#),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }
    let found = comments(&person, &post).await.remove("linkedin").unwrap();
    assert!(found["status"] == "unclear" && found["error"].as_str().unwrap().contains("interrupted"), "{found}");
    assert_eq!(posted(&world, "linkedin", "/comments").await.len(), 1);

    // Only a person's word lets it be written once more.
    person.post(&format!("/api/deliveries/{id}/first-comment"), json!({})).await;
    let written = comments(&person, &post).await.remove("linkedin").unwrap();
    assert_eq!((&written["status"], &written["error"]), (&json!("written"), &Value::Null), "{written}");
    assert_eq!(posted(&world, "linkedin", "/comments").await.len(), 2);
    let (again, _) = person.send(Method::POST, &format!("/api/deliveries/{id}/first-comment"), None).await;
    assert_eq!(again, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_its_creator_throws_away_fails_and_one_nobody_waits_for_is_canceled() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    let landed = person.connect("tiktok", &Visitor::anybody()).await;
    assert!(landed.contains("connected="), "{landed}");
    let picture = person.upload_picture().await;
    let _worker = world.worker_beside(&web);
    let send = async |text: &str| {
        let body = json!({ "body": text, "media_assets": [picture] });
        let post = person.post("/api/content", body).await["data"]["id"].as_str().unwrap().to_owned();
        let listed = format!("/api/deliveries?outcome=waiting_for_creator&content_id={post}");
        within(Duration::from_mins(1), "the draft to lie in the creator's inbox", async || {
            person.get(&listed).await["page"]["total"] == 1
        })
        .await;
        post
    };
    let thrown = send("To be thrown away").await;
    let change = person.send(Method::PATCH, &format!("/api/content/{thrown}"), Some(json!({ "body": "Other" }))).await;
    assert_eq!(change.0, StatusCode::CONFLICT, "{}", change.1);
    let control = world.sandbox.control().unwrap();
    assert_eq!(control.answer_inbox(None, false).await.unwrap(), 1);
    let delivery = person.settled(&thrown).await.remove(0);
    assert_eq!(
        (&delivery["status"], &delivery["error_class"], &delivery["outcome"]),
        (&json!("failed"), &json!("validation"), &json!("refused")),
        "{delivery:#}"
    );
    assert!(delivery["last_error"].as_str().is_some_and(|error| error.contains("cancelled")), "{delivery:#}");
    let reasons = person.get("/api/deliveries/dead-letters").await;
    assert_eq!((&reasons["data"][0]["error_class"], &reasons["data"][0]["count"]), (&json!("validation"), &json!(1)));

    let kept = send("Not waited for").await;
    // While the platform is asked, the row is a worker's.
    let cancel = async || {
        let list = person.get(&format!("/api/content/{kept}/deliveries")).await;
        let path = format!("/api/deliveries/{}/cancel", list["data"][0]["id"].as_str().unwrap());
        person.send(Method::POST, &path, Some(json!({}))).await.0 == StatusCode::OK
    };
    within(Duration::from_secs(30), "waiting to be stopped", cancel).await;
    assert_eq!(person.settled(&kept).await.remove(0)["status"], "canceled");
    assert_eq!(person.get(&format!("/api/content/{kept}")).await["data"]["status"], "draft");
}

/// Sends a file in two pieces, and waits until it has become an asset; its id.
async fn in_pieces(person: &Person, bytes: &[u8]) -> String {
    let tus = |request: reqwest::RequestBuilder| request.header("tus-resumable", "1.0.0");
    let begun = tus(person.request(Method::POST, "/api/media/uploads"))
        .header("upload-length", bytes.len())
        .header("upload-metadata", "filename d2Fsay5tcDQ=")
        .send()
        .await
        .unwrap();
    let place = begun.headers()["location"].to_str().unwrap().to_owned();
    let half = bytes.len() / 2;
    for (offset, piece) in [(0, &bytes[..half]), (half, &bytes[half..])] {
        let sent = tus(person.request(Method::PATCH, &place))
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .body(piece.to_vec())
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 204, "{}", sent.text().await.unwrap());
    }
    within(Duration::from_secs(30), "the film to be kept", async || {
        let state = person.get(&place).await;
        assert_ne!(state["data"]["status"], "refused", "{state}");
        state["data"]["status"] == "ready"
    })
    .await;
    person.get(&place).await["data"]["media"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_comes_in_pieces_and_goes_out() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    person.connect("facebook", &Visitor::anybody()).await;
    let _worker = world.worker_beside(&web);
    let film = in_pieces(&person, &film(&Film { frames: 3_000_000, ..FILM })).await;
    let body = json!({ "body": "A walk along the harbour", "media_assets": [film] });
    let post = person.post("/api/content", body).await["data"]["id"].as_str().unwrap().to_owned();
    for delivery in &person.settled(&post).await {
        assert_eq!(delivery["status"], "success", "{delivery:#}");
    }
}

/// Instagram takes JPEGs only, 1,440 pixels wide at most: what is another thing goes there as a copy, and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_goes_to_each_network_in_a_form_it_takes() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    for platform in ["instagram", "facebook"] {
        person.connect(platform, &Visitor::anybody()).await;
    }
    let mut bytes = Vec::new();
    let pixels = image::RgbImage::from_fn(1_800, 1_800, |x, y| image::Rgb([(x % 251) as u8, (y % 241) as u8, 90]));
    pixels.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    let file = multipart::Part::bytes(bytes).file_name("poster.png");
    let form = multipart::Form::new().part("file", file).text("alt_text", "A poster");
    let answer = person.request(Method::POST, "/api/media").multipart(form).send().await.unwrap();
    let picture = answer.json::<Value>().await.unwrap()["data"]["id"].clone();
    let _worker = world.worker_beside(&web);
    let post = person.post("/api/content", json!({ "body": "Opening day", "media_assets": [picture] })).await;
    let post = post["data"]["id"].as_str().unwrap_or_else(|| panic!("{post}")).to_owned();
    let deliveries = person.settled(&post).await;
    assert!(deliveries.len() >= 2 && deliveries.iter().all(|one| one["status"] == "success"), "{deliveries:#?}");
    let mut admin = world.database().admin().await.unwrap();
    let copies: Vec<(String, String, i32)> =
        sqlx::query_as("select recipe, content_type, width from media_copies").fetch_all(&mut admin).await.unwrap();
    assert_eq!(copies, [("jpg-w1440-p0-b8388608".to_owned(), "image/jpeg".to_owned(), 1_440)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_goes_to_a_mastodon_instance_once_though_its_answer_is_lost() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    let landed = person.connect("mastodon", &Visitor::called("northwindcoffee")).await;
    assert!(landed.contains("connected="), "{landed}");
    let picture = person.upload_picture().await;
    let control = world.sandbox.control().unwrap();
    let fault = json!({ "platform": "mastodon", "operation": "publish", "fault": "drop_after_accept", "times": 1 });
    control.fault(&fault).await.unwrap();
    let _worker = world.worker_beside(&web);
    let options = json!({ "mastodon": { "audience": "unlisted", "first_comment": "Come in" } });
    let body = json!({ "body": "Opening day #coffee", "media_assets": [picture], "options": options });
    let post = person.post("/api/content", body).await["data"]["id"].as_str().unwrap().to_owned();

    let deliveries = person.settled(&post).await;
    let [delivery] = deliveries.as_slice() else { panic!("{deliveries:#?}") };
    assert_eq!((&delivery["platform"], &delivery["status"]), (&json!("mastodon"), &json!("success")), "{delivery:#}");
    assert_eq!(control.struck().await.unwrap().len(), 1, "the answer was lost");
    let comments = comments(&person, &post).await;
    assert_eq!(comments["mastodon"]["status"], "written", "{comments:#?}");
    let (replies, posts): (Vec<_>, Vec<_>) = control
        .posts(Some("mastodon"))
        .await
        .unwrap()
        .into_iter()
        .partition(|post| post["extra"]["reply_to"].is_string());
    assert_eq!((posts.len(), replies.len()), (1, 1), "{posts:#?} {replies:#?}");
    assert_eq!((&replies[0]["text"], &replies[0]["extra"]["reply_to"]), (&json!("Come in"), &posts[0]["id"]));
    assert_eq!(
        (&posts[0]["extra"]["visibility"], &replies[0]["extra"]["visibility"]),
        (&json!("unlisted"), &json!("unlisted"))
    );
    assert_eq!((&posts[0]["id"], &posts[0]["url"]), (&delivery["external_post_id"], &delivery["external_url"]));
    assert_eq!(posts[0]["text"], "Opening day #coffee");
    assert_eq!(posts[0]["media"][0]["alt_text"], "A harbour");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_post_goes_to_an_account_that_pays_x_and_to_no_other() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    for name in ["kestrelbikes", "northwindcoffee"] {
        let landed = person.connect("twitter", &Visitor::called(name)).await;
        assert!(landed.contains("connected="), "{landed}");
    }
    let accounts = person.get("/api/social-accounts").await["data"].as_array().unwrap().clone();
    let account = |handle: &str| accounts.iter().find(|account| account["handle"] == handle).unwrap();
    let (pays, other) = (account("@kestrelbikes"), account("@northwindcoffee"));
    assert_eq!((&pays["text_max"], &other["text_max"]), (&json!(25_000), &Value::Null), "{accounts:#?}");
    let _worker = world.worker_beside(&web);
    let text = "slow".repeat(250);
    let below = "More of it. ".repeat(50).trim_end().to_owned();
    let to = |account: &Value| {
        json!({
            "body": text, "account_ids": [account["id"]], "options": { "twitter": { "first_comment": below } },
        })
    };
    let (status, refused) = person.send(Method::POST, "/api/content", Some(to(other))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    let fields = &refused["details"]["fields"];
    assert_eq!(fields["body"], "X takes 280 characters; this is 720 too long. Shorten it, or give X its own text.");
    let comment = fields["options.twitter.first_comment"].as_str().unwrap_or_default();
    assert!(comment.starts_with("A comment on X takes 280 characters;"), "{refused}");

    let post = person.post("/api/content", to(pays)).await["data"]["id"].as_str().unwrap().to_owned();
    let delivery = person.settled(&post).await.remove(0);
    assert_eq!(delivery["status"], "success", "{delivery:#}");
    let comments = comments(&person, &post).await;
    assert_eq!(comments["twitter"]["status"], "written", "{comments:#?}");
    let posts = world.sandbox.control().unwrap().posts(Some("twitter")).await.unwrap();
    let texts: Vec<&str> = posts.iter().map(|post| post["text"].as_str().unwrap()).collect();
    assert_eq!(texts, [text.as_str(), below.as_str()]);
}

/// A person takes access back at the network, and asks it to have everything deleted; Arctiv hears of both.
#[tokio::test(flavor = "multi_thread")]
async fn access_taken_back_at_the_network_shows_here_at_once() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    let control = world.sandbox.control().unwrap();
    let webhooks = json!({ "webhooks": format!("{}/api/webhooks", web.url) });
    control.post("settings", &webhooks).await.unwrap();
    for (platform, who) in [("facebook", Visitor::called("niamh.doyle")), ("tiktok", Visitor::anybody())] {
        person.connect(platform, &who).await;
    }
    let _worker = world.worker_beside(&web);
    for platform in ["facebook", "tiktok"] {
        let path = format!("/api/social-accounts?platform={platform}");
        let before = person.get(&path).await;
        assert_eq!(before["data"][0]["status"], "connected", "{before:#}");
        control.post("revoke", &json!({ "platform": platform })).await.unwrap();
        within(Duration::from_secs(30), "the account to be known as disconnected", async || {
            let accounts = person.get(&path).await;
            accounts["data"].as_array().unwrap().iter().all(|account| account["status"] == "reconnect_required")
        })
        .await;
    }

    person.connect("facebook", &Visitor::called("niamh.doyle")).await;
    let account = person.get("/api/social-accounts?platform=facebook").await["data"][0].clone();
    assert_eq!(account["status"], "connected");
    let forget = json!({ "platform": "facebook", "account": "niamh.doyle" });
    let taken = control.post("delete-data", &forget).await.unwrap();
    let code = taken["answers"][0]["confirmation_code"].as_str().unwrap_or_else(|| panic!("{taken}"));
    assert!(taken["answers"][0]["url"].as_str().unwrap().ends_with(code), "{taken}");
    let status = format!("{}/api/data-deletions/{code}", web.url);
    within(Duration::from_secs(30), "what is kept to be gone", async || {
        let answer: Value = person.http.get(&status).send().await.unwrap().json().await.unwrap();
        answer["data"]["completed_at"].is_string()
    })
    .await;
    let kept = person.get("/api/social-accounts?platform=facebook").await;
    assert_eq!(kept["data"], json!([]), "{kept:#}");
    let sent = control.webhooks().await.unwrap();
    assert!(sent.iter().all(|message| message["status"] == 200 && message["attempt"] == 1), "{sent:#?}");
}
