//! The control API and the state file.

use serde_json::json;

use super::{facebook, instagram, linkedin, tiktok, twitter, *};

#[tokio::test]
async fn the_journal_masks_every_secret() {
    let net = Net::start().await;
    let (access, fresh) = twitter::connect(&net, "northwindcoffee").await;
    let page = facebook::connect(&net, "northwindcoffee").await;
    let member = linkedin::member(&net).await;
    let own = instagram::connect(&net, "northwindcoffee").await;
    let (creator, creator_fresh) = tiktok::connect(&net, "northwindcoffee").await;
    let upload = net.post("/instagram/ig-api-upload/v25.0/1").header("authorization", format!("OAuth {own}"));
    json(upload, 404).await;
    json(twitter::tweet(&net, &access, &json!({ "text": "Hello" })), 201).await;
    json(net.get(&format!("/facebook/v25.0/me?access_token={page}")), 200).await;
    let log = net.control.requests(None).await.unwrap();
    let text = serde_json::to_string(&log).unwrap();
    for secret in [&access, &fresh, &page, &member, &own, &creator, &creator_fresh] {
        assert!(!text.contains(secret.as_str()));
    }
    for secret in [sandbox::SECRET_MARK, DEMO_CLIENT_SECRET, VERIFIER] {
        assert!(!text.contains(secret), "{secret}");
    }
    let tweet = log.iter().find(|one| one["path"] == "/2/tweets").unwrap();
    assert_eq!((&tweet["method"], &tweet["status"]), (&json!("POST"), &json!(201)));
    assert_eq!((&tweet["body"]["text"], &tweet["operation"]), (&json!("Hello"), &json!("publish")));
    assert!(tweet["headers"]["authorization"].as_str().unwrap().starts_with("Bearer ***"));
    let token = log.iter().find(|one| one["path"] == "/2/oauth2/token").unwrap();
    assert_eq!(token["body"]["grant_type"], "authorization_code");
    assert_eq!(token["content_type"], "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn accounts_are_seeded_and_can_be_made() {
    let net = Net::start().await;
    let health = json(net.get("/health"), 200).await;
    let platforms: Vec<&str> =
        health["platforms"].as_array().unwrap().iter().map(|platform| platform.as_str().unwrap()).collect();
    assert!(platforms.len() >= 5, "{platforms:?}");
    for platform in platforms {
        let seeded = net.control.accounts(Some(platform)).await.unwrap();
        assert!(seeded.iter().filter(|account| account["publishes"] == true).count() >= 3, "{platform}");
        let made = net.control.add_accounts(platform, 50).await.unwrap();
        assert_eq!(made.len(), 50);
        assert!(made.iter().all(|account| account["publishes"] == true && account["posts"] == 0));
        assert!(net.control.accounts(Some(platform)).await.unwrap().len() >= seeded.len() + 50);
    }
    // Each can be signed in to by its id, whatever it is.
    let id = |accounts: Vec<Value>| accounts.last().unwrap()["id"].as_str().unwrap().to_owned();
    let page = id(net.control.add_accounts("facebook", 1).await.unwrap());
    let token = facebook::connect(&net, &page).await;
    json(facebook::feed(&net, &token, &page, &[("message", "New here")]), 200).await;
    let user = id(net.control.add_accounts("twitter", 1).await.unwrap());
    let (token, _) = twitter::connect(&net, &user).await;
    json(twitter::tweet(&net, &token, &json!({ "text": "New here" })), 201).await;
    let posts = json(net.get(&format!("/control/posts?platform=facebook&account={page}")), 200).await;
    assert_eq!(posts["posts"][0]["text"], "New here");
    json(net.post("/control/accounts").json(&json!({ "platform": "twitter", "count": 0 })), 400).await;
    json(net.get("/control/posts?platform=myspace"), 400).await;
}

#[tokio::test]
async fn expiry_and_revocation_meet_one_account() {
    let net = Net::start().await;
    let (one, one_fresh) = twitter::connect(&net, "northwindcoffee").await;
    let (two, _) = twitter::connect(&net, "harbourpine").await;
    let me = |token: &str| net.get("/twitter/2/users/me").bearer_auth(token);
    let body = json!({ "platform": "twitter", "account": "@northwindcoffee" });
    assert_eq!(net.control.post("expire-tokens", &body).await.unwrap()["expired"], 1);
    json(me(&one), 401).await;
    json(me(&two), 200).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", one_fresh.as_str())];
    let refresh =
        || net.post("/twitter/2/oauth2/token").basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET)).form(&form);
    let renewed = json(refresh(), 200).await;
    json(me(renewed["access_token"].as_str().unwrap()), 200).await;
    assert_eq!(net.control.post("revoke", &body).await.unwrap()["revoked"], 1);
    json(me(renewed["access_token"].as_str().unwrap()), 401).await;
    json(me(&two), 200).await;
    assert_eq!(net.control.post("revoke", &json!({ "platform": "twitter" })).await.unwrap()["revoked"], 1);
    json(me(&two), 401).await;
}

#[tokio::test]
async fn reset_forgets_everything() {
    let net = Net::start().await;
    let (token, _) = twitter::connect(&net, "northwindcoffee").await;
    json(twitter::tweet(&net, &token, &json!({ "text": "Hello" })), 201).await;
    net.control.add_accounts("twitter", 1).await.unwrap();
    net.control.fault(&json!({ "operation": "any", "fault": "timeout", "times": 100 })).await.unwrap();
    let seeded = net.control.accounts(None).await.unwrap().len() - 1;
    net.control.post("reset", &json!({})).await.unwrap();
    assert!(net.control.posts(None).await.unwrap().is_empty());
    assert!(net.control.requests(None).await.unwrap().is_empty());
    assert_eq!(net.control.accounts(None).await.unwrap().len(), seeded);
    json(net.get("/twitter/2/users/me").bearer_auth(&token), 401).await;
}

#[tokio::test]
async fn the_state_file_carries_accounts_tokens_and_posts_over_a_restart() {
    let file = std::env::temp_dir().join(format!("sandbox-state-{}.json", std::process::id()));
    let config = || Config { state_file: Some(file.clone()), ..Config::default() };
    let first = Net::with(config()).await;
    let (token, fresh) = twitter::connect(&first, "northwindcoffee").await;
    json(twitter::tweet(&first, &token, &json!({ "text": "Kept" })), 201).await;
    let page = facebook::connect(&first, "northwindcoffee").await;
    let form = reqwest::multipart::Form::new().text("message", "Cup").part("source", part(png(8, 8, 8), "image/png"));
    let photo = first.post("/facebook/v25.0/102938475610293/photos").bearer_auth(&page).multipart(form);
    let photo = json(photo, 200).await["id"].as_str().unwrap().to_owned();
    // What is in the making is kept too.
    let files = instagram::shelf(vec![("/feed.jpg", "image/jpeg", sandbox::samples::jpeg(1080, 1080, 1))]).await;
    let own = instagram::connect(&first, "northwindcoffee").await;
    let picture = format!("{files}/feed.jpg");
    let form = [("image_url", picture.as_str()), ("caption", "Begun before")];
    let container = json(first.post("/instagram/v25.0/me/media").bearer_auth(&own).form(&form), 200).await;
    first.run.stop().await.unwrap();

    let second = Net::with(config()).await;
    assert_eq!(second.texts("twitter").await, ["Kept"]);
    json(second.get("/twitter/2/users/me").bearer_auth(&token), 200).await;
    let again = json(twitter::tweet(&second, &token, &json!({ "text": "Kept" })), 403).await;
    assert!(again["detail"].as_str().unwrap().contains("duplicate"));
    let form = [("grant_type", "refresh_token"), ("refresh_token", fresh.as_str())];
    let refresh =
        second.post("/twitter/2/oauth2/token").basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET)).form(&form);
    json(refresh, 200).await;
    let picture = second.get(&format!("/media/facebook/{photo}")).send().await.unwrap();
    assert_eq!(picture.bytes().await.unwrap(), png(8, 8, 8));
    json(facebook::feed(&second, &page, "102938475610293", &[("message", "After")]), 200).await;
    let form = [("creation_id", container["id"].as_str().unwrap())];
    json(second.post("/instagram/v25.0/me/media_publish").bearer_auth(&own).form(&form), 200).await;
    assert_eq!(second.texts("instagram").await, ["Begun before"]);
    second.run.stop().await.unwrap();

    std::fs::write(&file, "{ not json").unwrap();
    assert!(Sandbox::new(config()).is_err(), "a broken file is not taken for an empty one");
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn settings_change_while_it_runs() {
    let net = Net::with(Config::default().fast()).await;
    let before = json(net.get("/control/settings"), 200).await;
    assert_eq!(
        before,
        json!({
            "enforce_limits": false, "reject_duplicates": true, "journal": "lines", "processing_ms": 0, "audited": true,
            "local_media": true, "verified_prefixes": [], "versions_as_of": "2026-11-20",
            "webhooks": null,
        })
    );
    let (token, _) = twitter::connect(&net, "northwindcoffee").await;
    net.control.post("settings", &json!({ "reject_duplicates": false })).await.unwrap();
    for _ in 0..120 {
        json(twitter::tweet(&net, &token, &json!({ "text": "Same" })), 201).await;
    }
    let log = net.control.requests(Some("twitter")).await.unwrap();
    assert_eq!((&log[0]["body"], &log[0]["headers"]), (&Value::Null, &Value::Null));
    json(net.post("/control/settings").json(&json!({ "speed": 9 })), 400).await;
}
