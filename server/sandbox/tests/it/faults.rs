//! Faults by rule, down to what the socket shows.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{facebook, linkedin, twitter, *};

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
    assert_eq!(error["error"]["code"], 4);
    let refused = json(linkedin::post(&net, &member, &linkedin::body(linkedin::NIAMH, "a")), 429).await;
    assert_eq!(refused["code"], "TOO_MANY_REQUESTS");
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
