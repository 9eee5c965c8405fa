//! Faults by rule, down to what the socket shows.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{facebook, instagram, linkedin, tiktok, twitter, *};

async fn fault(net: &Net, rule: Value) {
    net.control.fault(&rule).await.unwrap();
}

/// Sends a raw request and reads until the connection ends.
async fn raw(net: &Net, token: &str, body: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(net.run.address()).await.unwrap();
    let request = format!(
        "POST /twitter/2/tweets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    // A reset is as good an end as a close.
    let _ = read.expect("the connection ends");
    answer
}

#[tokio::test]
async fn drop_after_accept_keeps_the_post_and_says_nothing() {
    let net = Net::start().await;
    let (token, _) = twitter::connect(&net, "northwindcoffee").await;
    let rule = json!({ "platform": "twitter", "operation": "publish", "fault": "drop_after_accept" });
    fault(&net, rule.clone()).await;
    assert_eq!(raw(&net, &token, r#"{"text":"Into the dark"}"#).await, b"");
    assert_eq!(net.texts("twitter").await, ["Into the dark"]);
    // Used up: the next one is answered.
    let again = String::from_utf8(raw_one(&net, &token, r#"{"text":"Into the dark"}"#).await).unwrap();
    assert!(again.starts_with("HTTP/1.1 403") && again.contains("duplicate"), "{again}");

    fault(&net, rule).await;
    let error = twitter::tweet(&net, &token, &json!({ "text": "Again" })).send().await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout() && error.status().is_none(), "{error:?}");
    assert_eq!(net.texts("twitter").await, ["Into the dark", "Again"]);
    let log = net.control.requests(Some("twitter")).await.unwrap();
    let last = log.last().unwrap();
    assert_eq!((&last["fault"], &last["status"]), (&json!("drop_after_accept"), &Value::Null));
}

/// One answer on a connection that stays open.
async fn raw_one(net: &Net, token: &str, body: &str) -> Vec<u8> {
    let answer = twitter::tweet(net, token, &serde_json::from_str(body).unwrap()).send().await.unwrap();
    let head = format!("HTTP/1.1 {}\r\n\r\n", answer.status());
    [head.into_bytes(), answer.bytes().await.unwrap().to_vec()].concat()
}

#[tokio::test]
async fn statuses_come_in_the_platforms_words() {
    let net = Net::start().await;
    let (x, _) = twitter::connect(&net, "northwindcoffee").await;
    let page = facebook::connect(&net, "northwindcoffee").await;
    let member = linkedin::member(&net).await;
    for platform in ["twitter", "facebook", "linkedin"] {
        let rule = json!({ "platform": platform, "operation": "publish", "fault": "status", "status": 429, "retry_after": 90 });
        fault(&net, rule).await;
    }
    let answer = twitter::tweet(&net, &x, &json!({ "text": "a" })).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "90");
    assert!(answer.headers().contains_key("x-rate-limit-reset"));
    let answer = facebook::feed(&net, &page, "102938475610293", &[("message", "a")]).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    let usage: Value = serde_json::from_str(answer.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
    assert_eq!(usage["102938475610293"][0]["estimated_time_to_regain_access"], 2);
    let error: Value = serde_json::from_str(&read(answer).await.1).unwrap();
    assert_eq!(error["error"]["code"], 32);
    let refused = json(linkedin::post(&net, &member, &linkedin::body(linkedin::NIAMH, "a")), 429).await;
    assert_eq!(refused["code"], "TOO_MANY_REQUESTS");
    // In the networks' own headers alone.
    for platform in ["twitter", "facebook"] {
        let rule = json!({ "platform": platform, "operation": "publish", "fault": "status", "status": 429, "reset_after": 90 });
        fault(&net, rule).await;
    }
    let answer = twitter::tweet(&net, &x, &json!({ "text": "a" })).send().await.unwrap();
    let reset: i64 = answer.headers()["x-rate-limit-reset"].to_str().unwrap().parse().unwrap();
    assert!((60..=90).contains(&(reset - chrono::Utc::now().timestamp())), "{reset}");
    assert!(!answer.headers().contains_key("retry-after"));
    let answer = facebook::feed(&net, &page, "102938475610293", &[("message", "a")]).send().await.unwrap();
    let usage: Value = serde_json::from_str(answer.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
    assert_eq!(usage["102938475610293"][0]["estimated_time_to_regain_access"], 2);
    assert!(!answer.headers().contains_key("retry-after"));
    assert!(net.control.posts(None).await.unwrap().is_empty());

    fault(
        &net,
        json!({ "platform": "facebook", "operation": "any", "fault": "status", "status": 400, "code": 368,
        "subcode": 1_404_006, "message": "Blocked" }),
    )
    .await;
    let blocked = json(facebook::feed(&net, &page, "102938475610293", &[("message", "a")]), 400).await;
    assert_eq!((&blocked["error"]["code"], &blocked["error"]["error_subcode"]), (&json!(368), &json!(1_404_006)));
    // All rules are used up.
    json(facebook::feed(&net, &page, "102938475610293", &[("message", "a")]), 200).await;
}

#[tokio::test]
async fn a_fault_meets_only_the_account_it_names() {
    let net = Net::start().await;
    let (one, _) = twitter::connect(&net, "northwindcoffee").await;
    let (two, _) = twitter::connect(&net, "harbourpine").await;
    let page = facebook::connect(&net, "northwindcoffee").await;
    fault(
        &net,
        json!([
            { "platform": "twitter", "account": "harbourpine", "operation": "publish", "fault": "status", "times": 2 },
            { "platform": "facebook", "account": "102938475620394", "operation": "any", "fault": "status" },
        ]),
    )
    .await;
    json(twitter::tweet(&net, &one, &json!({ "text": "a" })), 201).await;
    json(twitter::tweet(&net, &two, &json!({ "text": "a" })), 500).await;
    json(twitter::tweet(&net, &two, &json!({ "text": "a" })), 500).await;
    json(twitter::tweet(&net, &two, &json!({ "text": "a" })), 201).await;
    json(facebook::feed(&net, &page, "102938475610293", &[("message", "a")]), 200).await;
    let left: Value = json(net.get("/control/faults"), 200).await;
    assert_eq!(left["faults"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn slow_answers_late_and_timeout_never() {
    let net = Net::start().await;
    let (token, _) = twitter::connect(&net, "northwindcoffee").await;
    fault(
        &net,
        json!([
            { "platform": "twitter", "operation": "publish", "fault": "slow", "slow_ms": 300 },
            { "platform": "twitter", "operation": "publish", "fault": "timeout" },
        ]),
    )
    .await;
    let begun = Instant::now();
    json(twitter::tweet(&net, &token, &json!({ "text": "Late" })), 201).await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
    let silent = twitter::tweet(&net, &token, &json!({ "text": "Never" })).timeout(Duration::from_millis(300));
    assert!(silent.send().await.unwrap_err().is_timeout());
    assert_eq!(net.texts("twitter").await, ["Late"]);

    // A caller that waits does not keep the sandbox from stopping.
    fault(&net, json!({ "operation": "publish", "fault": "timeout" })).await;
    let waiting = tokio::spawn(twitter::tweet(&net, &token, &json!({ "text": "Never" })).send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    tokio::time::timeout(Duration::from_secs(5), net.run.stop()).await.expect("it stops").unwrap();
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn revoked_and_malformed_in_mid_flight() {
    let net = Net::start().await;
    let (token, fresh) = twitter::connect(&net, "northwindcoffee").await;
    fault(&net, json!({ "platform": "twitter", "operation": "publish", "fault": "malformed" })).await;
    let (status, text) = read(twitter::tweet(&net, &token, &json!({ "text": "Garbled" })).send().await.unwrap()).await;
    assert_eq!(status, 200);
    assert!(serde_json::from_str::<Value>(&text).is_err());
    assert_eq!(net.texts("twitter").await, ["Garbled"]);

    fault(&net, json!({ "platform": "twitter", "operation": "publish", "fault": "revoked" })).await;
    json(twitter::tweet(&net, &token, &json!({ "text": "Too late" })), 401).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", fresh.as_str())];
    let refresh = net.post("/twitter/2/oauth2/token").basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET)).form(&form);
    json(refresh, 400).await;
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused() {
    let net = Net::start().await;
    for rule in [
        json!({ "platform": "myspace", "operation": "publish", "fault": "status" }),
        json!({ "platform": "twitter", "operation": "shout", "fault": "status" }),
        json!({ "platform": "twitter", "operation": "publish", "fault": "status", "status": 200 }),
        json!({ "platform": "twitter", "operation": "publish", "fault": "status", "tmes": 2 }),
    ] {
        assert!(json(net.post("/control/faults").json(&rule), 400).await["error"].is_string(), "{rule}");
    }
    let nobody = json!({ "platform": "twitter", "account": "nobody", "operation": "publish", "fault": "status" });
    json(net.post("/control/faults").json(&nobody), 404).await;
}

#[tokio::test]
async fn drop_and_timeout_before_and_after() {
    let net = Net::start().await;
    let (token, _) = twitter::connect(&net, "northwindcoffee").await;
    for (number, (kind, posted)) in
        [("drop", false), ("drop_after_accept", true), ("timeout", false), ("timeout_after_accept", true)]
            .into_iter()
            .enumerate()
    {
        fault(&net, json!({ "platform": "twitter", "operation": "publish", "fault": kind })).await;
        let text = format!("Number {number}");
        let call = twitter::tweet(&net, &token, &json!({ "text": text })).timeout(Duration::from_millis(400));
        let error = call.send().await.unwrap_err();
        assert_eq!(error.is_timeout(), kind.starts_with("timeout"), "{kind}: {error:?}");
        assert_eq!(net.texts("twitter").await.contains(&text), posted, "{kind}");
    }
}

#[tokio::test]
async fn rules_count_skip_and_draw_lots() {
    let net = Net::with(Config { enforce_limits: false, ..Config::default() }).await;
    let (token, _) = twitter::connect(&net, "northwindcoffee").await;
    let mut number = 0;
    let mut send = async |count: usize| {
        let mut seen = Vec::new();
        for _ in 0..count {
            number += 1;
            let post = json!({ "text": format!("Post {number}") });
            seen.push(twitter::tweet(&net, &token, &post).send().await.unwrap().status().as_u16());
        }
        seen
    };
    fault(&net, json!({ "operation": "publish", "fault": "status", "status": 503, "skip": 1, "times": 2 })).await;
    assert_eq!(send(5).await, [201, 503, 503, 201, 201]);

    let rule =
        json!({ "platform": "twitter", "operation": "publish", "fault": "status", "probability": 0.5, "seed": 1 });
    fault(&net, rule.clone()).await;
    let first = send(60).await;
    let hit = first.iter().filter(|status| **status == 500).count();
    assert!((15..=45).contains(&hit), "{hit}");
    let state = json(net.get("/control/faults"), 200).await;
    assert_eq!(state["faults"].as_array().unwrap().len(), 1, "a chance is not used up");
    let struck = net.control.struck().await.unwrap();
    assert_eq!(struck.len(), 1);
    assert_eq!(
        (&struck[0]["platform"], &struck[0]["operation"], &struck[0]["fault"]),
        (&json!("twitter"), &json!("publish"), &json!("status"))
    );
    assert_eq!(struck[0]["times"], hit + 2);
    net.control.clear_faults().await.unwrap();
    fault(&net, rule).await;
    assert_eq!(send(60).await, first, "the same seed, the same fate");
    for wrong in [json!({ "probability": 0 }), json!({ "probability": 1.5 })] {
        let mut rule = json!({ "operation": "publish", "fault": "drop" });
        rule["probability"] = wrong["probability"].clone();
        json(net.post("/control/faults").json(&rule), 400).await;
    }
}

#[tokio::test]
async fn tokens_run_out_in_mid_flight() {
    let net = Net::start().await;
    let (x, x_fresh) = twitter::connect(&net, "northwindcoffee").await;
    let page = facebook::connect(&net, "northwindcoffee").await;
    let own = instagram::connect(&net, "northwindcoffee").await;
    let member = linkedin::member(&net).await;
    let (creator, _) = tiktok::connect(&net, "northwindcoffee").await;
    fault(&net, json!({ "operation": "any", "fault": "expired", "times": 5 })).await;
    json(twitter::tweet(&net, &x, &json!({ "text": "late" })), 401).await;
    let error = json(facebook::feed(&net, &page, "102938475610293", &[("message", "late")]), 400).await;
    assert_eq!((&error["error"]["code"], &error["error"]["error_subcode"]), (&json!(190), &json!(463)));
    let error = json(net.get("/instagram/me").bearer_auth(&own), 400).await;
    assert_eq!(error["error"]["error_subcode"], 463);
    let error = json(linkedin::post(&net, &member, &linkedin::body(linkedin::NIAMH, "late")), 401).await;
    assert_eq!(error["serviceErrorCode"], 65_602);
    let call = net.post("/tiktok/v2/post/publish/creator_info/query/").bearer_auth(&creator).json(&json!({}));
    assert_eq!(json(call, 401).await["error"]["code"], "access_token_invalid");
    // The refresh token is as good as before.
    let form = [("grant_type", "refresh_token"), ("refresh_token", x_fresh.as_str())];
    let refresh = net.post("/twitter/2/oauth2/token").basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET)).form(&form);
    json(refresh, 200).await;
}

#[tokio::test]
async fn a_race_for_a_refresh_token_is_lost() {
    let net = Net::start().await;
    let (x, x_fresh) = twitter::connect(&net, "northwindcoffee").await;
    let (creator, creator_fresh) = tiktok::connect(&net, "northwindcoffee").await;
    fault(&net, json!({ "operation": "refresh", "fault": "raced", "times": 2 })).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", x_fresh.as_str())];
    let refresh = net.post("/twitter/2/oauth2/token").basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET)).form(&form);
    assert_eq!(json(refresh, 400).await["error"], "invalid_request");
    // X takes it for theft: the whole family is dead.
    json(net.get("/twitter/2/users/me").bearer_auth(&x), 401).await;
    let form = [
        ("client_key", DEMO_CLIENT_ID),
        ("client_secret", DEMO_CLIENT_SECRET),
        ("grant_type", "refresh_token"),
        ("refresh_token", creator_fresh.as_str()),
    ];
    assert_eq!(json(net.post("/tiktok/v2/oauth/token/").form(&form), 200).await["error"], "invalid_grant");
    json(net.get("/tiktok/v2/user/info/?fields=open_id").bearer_auth(&creator), 200).await;
    json(net.post("/control/faults").json(&json!({ "operation": "publish", "fault": "raced" })), 400).await;
}

#[tokio::test]
async fn scopes_are_missing_from_the_start_or_go_in_mid_flight() {
    let net = Net::start().await;
    let rule = |operation: &str| json!({ "platform": "twitter", "operation": operation, "fault": "without_scopes", "scopes": ["tweet.write"] });
    let (token, _) = twitter::connect(&net, "northwindcoffee").await;
    fault(&net, rule("publish")).await;
    json(twitter::tweet(&net, &token, &json!({ "text": "no more" })), 403).await;
    json(net.get("/twitter/2/users/me").bearer_auth(&token), 200).await;
    fault(&net, rule("token")).await;
    let (token, _) = twitter::connect(&net, "harbourpine").await;
    json(twitter::tweet(&net, &token, &json!({ "text": "never" })), 403).await;
    let without = json!({ "operation": "token", "fault": "without_scopes" });
    json(net.post("/control/faults").json(&without), 400).await;
}

#[tokio::test]
async fn versions_end_by_fault_and_by_date() {
    let net = Net::start().await;
    let (x, _) = twitter::connect(&net, "northwindcoffee").await;
    let page = facebook::connect(&net, "northwindcoffee").await;
    let own = instagram::connect(&net, "northwindcoffee").await;
    let member = linkedin::member(&net).await;
    fault(&net, json!({ "operation": "any", "fault": "sunset", "times": 4 })).await;
    let feed = || facebook::feed(&net, &page, "102938475610293", &[("message", "new")]);
    let share = || linkedin::post(&net, &member, &linkedin::body(linkedin::NIAMH, "new"));
    assert_eq!(json(feed(), 400).await["error"]["code"], 2635);
    assert_eq!(json(net.get("/instagram/v25.0/me").bearer_auth(&own), 400).await["error"]["code"], 2635);
    assert_eq!(json(share(), 426).await["code"], "NONEXISTENT_VERSION");
    assert_eq!(json(twitter::tweet(&net, &x, &json!({ "text": "new" })), 410).await["title"], "Gone");
    json(feed(), 200).await;

    net.control.post("settings", &json!({ "versions_as_of": "2028-08-01" })).await.unwrap();
    assert_eq!(json(feed(), 400).await["error"]["code"], 2635);
    assert_eq!(json(net.get("/instagram/v25.0/me").bearer_auth(&own), 400).await["error"]["code"], 2635);
    json(share(), 426).await;
    json(net.post("/control/settings").json(&json!({ "versions_as_of": "someday" })), 400).await;
}

#[tokio::test]
async fn processing_is_slow_or_fails() {
    let net = Net::start().await;
    let token = instagram::connect(&net, "northwindcoffee").await;
    let files = instagram::shelf(vec![
        ("/feed.jpg", "image/jpeg", sandbox::samples::jpeg(1080, 1080, 1)),
        ("/reel.mp4", "video/mp4", sandbox::samples::film(1080, 1920, 15_000, 1)),
    ])
    .await;
    let make = async |form: &[(&str, &str)]| {
        let call = net.post("/instagram/v25.0/17841400000000011/media").bearer_auth(&token).form(form);
        json(call, 200).await["id"].as_str().unwrap().to_owned()
    };
    let state = async |id: &str| {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let path = format!("/instagram/v25.0/{id}?fields=status_code,status");
        json(net.get(&path).bearer_auth(&token), 200).await["status_code"].as_str().unwrap().to_owned()
    };
    let (picture, film) = (format!("{files}/feed.jpg"), format!("{files}/reel.mp4"));
    let reel = [("media_type", "REELS"), ("video_url", film.as_str())];
    fault(&net, json!({ "operation": "upload", "fault": "slow_processing", "slow_ms": 60_000, "times": 2 })).await;
    let (slow_picture, slow_film) = (make(&[("image_url", &picture)]).await, make(&reel).await);
    let film = make(&reel).await;
    state(&film).await;
    net.advance(5).await;
    assert_eq!(state(&film).await, "FINISHED");
    for id in [&slow_picture, &slow_film] {
        assert_eq!(state(id).await, "IN_PROGRESS");
    }
    net.advance(60).await;
    for id in [&slow_picture, &slow_film] {
        assert_eq!(state(id).await, "FINISHED");
    }
    fault(&net, json!({ "operation": "upload", "fault": "failed_processing" })).await;
    let failed = make(&reel).await;
    state(&failed).await;
    net.advance(5).await;
    assert_eq!(state(&failed).await, "ERROR");
}

#[tokio::test]
async fn tiktok_speaks_in_words() {
    let net = Net::start().await;
    let (token, fresh) = tiktok::connect(&net, "northwindcoffee").await;
    let call = || {
        let body = json!({ "post_info": { "privacy_level": "SELF_ONLY" }, "source_info": {
            "source": "FILE_UPLOAD", "video_size": 9, "chunk_size": 9, "total_chunk_count": 1 } });
        net.post("/tiktok/v2/post/publish/video/init/").bearer_auth(&token).json(&body)
    };
    for (rule, status, code) in [
        (json!({ "status": 429 }), 429, "rate_limit_exceeded"),
        (json!({ "status": 500 }), 500, "internal_error"),
        (json!({ "status": 403 }), 403, "spam_risk_too_many_posts"),
        (
            json!({ "status": 403, "code": "spam_risk_user_banned_from_posting" }),
            403,
            "spam_risk_user_banned_from_posting",
        ),
    ] {
        let mut whole =
            json!({ "platform": "tiktok", "account": "northwindcoffee", "operation": "publish", "fault": "status" });
        whole.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
        fault(&net, whole).await;
        assert_eq!(json(call(), status).await["error"]["code"], code);
    }
    fault(&net, json!({ "platform": "tiktok", "operation": "refresh", "fault": "status", "status": 500 })).await;
    let form = [
        ("client_key", DEMO_CLIENT_ID),
        ("client_secret", DEMO_CLIENT_SECRET),
        ("grant_type", "refresh_token"),
        ("refresh_token", fresh.as_str()),
    ];
    assert_eq!(json(net.post("/tiktok/v2/oauth/token/").form(&form), 500).await["error"], "server_error");
    // A fault for the account finds its upload address too.
    let begin = json(call(), 200).await;
    fault(&net, json!({ "platform": "tiktok", "account": "northwindcoffee", "operation": "upload", "fault": "status", "status": 503 })).await;
    let put = net.http.put(begin["data"]["upload_url"].as_str().unwrap()).header("content-type", "video/mp4");
    json(put.header("content-range", "bytes 0-8/9").body(vec![0; 9]), 503).await;
}
