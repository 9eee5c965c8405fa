//! X: PKCE, rotation, posts, media.

use sandbox::driver::Visitor;
use sandbox::samples::{film, film_of};
use serde_json::json;

use super::*;

pub(super) const SCOPES: &str = "tweet.read tweet.write users.read media.write offline.access";

pub(super) fn authorize_url(net: &Net, scopes: &str) -> String {
    address(
        net.url("/twitter/i/oauth2/authorize"),
        &[
            ("response_type", "code"),
            ("client_id", DEMO_CLIENT_ID),
            ("redirect_uri", REDIRECT),
            ("scope", scopes),
            ("state", "st&te 1"),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
        ],
    )
}

fn token_request(net: &Net, form: &[(&str, &str)]) -> RequestBuilder {
    net.post("/twitter/2/oauth2/token").basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET)).form(form)
}

fn exchange(net: &Net, code: &str, verifier: &str, redirect: &str) -> RequestBuilder {
    token_request(
        net,
        &[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ],
    )
}

fn refresh(net: &Net, token: &str) -> RequestBuilder {
    token_request(net, &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

async fn code(net: &Net, visitor: &Visitor, scopes: &str) -> String {
    let back = visitor.authorize(&authorize_url(net, scopes)).await.unwrap();
    assert_eq!(query(&back, "state").as_deref(), Some("st&te 1"));
    assert!(back.as_str().starts_with(REDIRECT), "{back}");
    query(&back, "code").unwrap()
}

/// Access and refresh token of an account.
pub(super) async fn connect(net: &Net, account: &str) -> (String, String) {
    let code = code(net, &somebody(account), SCOPES).await;
    let tokens = json(exchange(net, &code, VERIFIER, REDIRECT), 200).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

pub(super) fn tweet(net: &Net, token: &str, body: &Value) -> RequestBuilder {
    net.post("/twitter/2/tweets").bearer_auth(token).json(body)
}

async fn upload(net: &Net, token: &str, bytes: &[u8], mime: &str) -> Result<String, Value> {
    let body = json!({ "media_type": mime, "total_bytes": bytes.len(), "media_category": "tweet_image" });
    let started = net.post("/twitter/2/media/upload/initialize").bearer_auth(token).json(&body);
    let id = json(started, 200).await["data"]["id"].as_str().unwrap().to_owned();
    for (index, piece) in bytes.chunks(20).enumerate() {
        let form = reqwest::multipart::Form::new()
            .text("segment_index", index.to_string())
            .part("media", part(piece.to_vec(), "application/octet-stream"));
        let append = net.post(&format!("/twitter/2/media/upload/{id}/append")).bearer_auth(token).multipart(form);
        json(append, 200).await;
    }
    let end = net.post(&format!("/twitter/2/media/upload/{id}/finalize")).bearer_auth(token).send().await.unwrap();
    let (status, text) = read(end).await;
    if status == StatusCode::OK { Ok(id) } else { Err(serde_json::from_str(&text).unwrap()) }
}

#[tokio::test]
async fn from_consent_to_a_post_with_a_picture() {
    let net = Net::start().await;
    let code = code(&net, &somebody("northwindcoffee"), SCOPES).await;
    let tokens = json(exchange(&net, &code, VERIFIER, REDIRECT), 200).await;
    assert_eq!(tokens["expires_in"], 7200);
    assert_eq!(tokens["token_type"], "bearer");
    assert_eq!(tokens["scope"].as_str().unwrap().split(' ').count(), 5);
    let token = tokens["access_token"].as_str().unwrap();
    assert!(token.contains(sandbox::SECRET_MARK));

    let answer = net.get("/twitter/2/users/me").bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.headers()["x-rate-limit-limit"], "75");
    assert_eq!(answer.headers()["x-rate-limit-remaining"], "74");
    let me: Value = serde_json::from_str(&read(answer).await.1).unwrap();
    assert_eq!(me["data"]["username"], "northwindcoffee");

    let picture = upload(&net, token, &png(120, 80, 1), "image/png").await.unwrap();
    let alt = json!({ "id": picture, "metadata": { "alt_text": { "text": "A bag of beans" } } });
    json(net.post("/twitter/2/media/metadata").bearer_auth(token).json(&alt), 200).await;
    let status = format!("/twitter/2/media/upload?command=STATUS&media_id={picture}");
    assert_eq!(json(net.get(&status).bearer_auth(token), 200).await["data"]["size"], 30);

    let body =
        json!({ "text": "Winter roast & more: https://northwind.coffee/winter", "media": { "media_ids": [picture] } });
    let made = json(tweet(&net, token, &body), 201).await;
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    let shown = made["data"]["text"].as_str().unwrap();
    assert!(shown.starts_with("Winter roast &amp; more: https://t.co/"), "{shown}");
    assert_eq!(shown.matches("https://t.co/").count(), 2);

    let posts = net.control.posts(Some("twitter")).await.unwrap();
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0]["text"], body["text"]);
    assert_eq!(posts[0]["media"][0]["alt_text"], "A bag of beans");
    assert_eq!((&posts[0]["media"][0]["width"], &posts[0]["client"]), (&json!(120), &json!(DEMO_CLIENT_ID)));

    let user = me["data"]["id"].as_str().unwrap();
    let list = format!(
        "/twitter/2/users/{user}/tweets?max_results=5&tweet.fields=created_at,entities&expansions=attachments.media_keys"
    );
    let timeline = json(net.get(&list).bearer_auth(token), 200).await;
    assert_eq!(timeline["data"][0]["id"], id.as_str());
    assert_eq!(timeline["data"][0]["entities"]["urls"][0]["expanded_url"], "https://northwind.coffee/winter");
    let of_picture = &timeline["data"][0]["entities"]["urls"][1];
    assert_eq!(of_picture["media_key"], timeline["data"][0]["attachments"]["media_keys"][0]);
    assert!(shown.ends_with(of_picture["url"].as_str().unwrap()));
    assert_eq!(timeline["includes"]["media"][0]["alt_text"], "A bag of beans");
    assert_eq!(timeline["meta"]["result_count"], 1);

    let gone = json(net.delete(&format!("/twitter/2/tweets/{id}")).bearer_auth(token), 200).await;
    assert_eq!(gone["data"]["deleted"], true);
    assert!(net.texts("twitter").await.is_empty());
}

#[tokio::test]
async fn a_refused_consent_comes_back_as_an_error() {
    let net = Net::start().await;
    let back = somebody("harbourpine").refuse(&authorize_url(&net, SCOPES)).await.unwrap();
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&back, "state").as_deref(), Some("st&te 1"));
    assert_eq!(query(&back, "code"), None);
}

#[tokio::test]
async fn a_wrong_authorization_stays_on_the_page() {
    let net = Net::start().await;
    let good = authorize_url(&net, SCOPES);
    for (what, url) in [
        ("client", good.replace(DEMO_CLIENT_ID, "nobody")),
        ("redirect", good.replace("localhost%3A3000", "example.com")),
        ("challenge", good.replace("code_challenge=", "other=")),
        ("short challenge", good.replace(&challenge(VERIFIER), "short")),
        ("state", good.replace("state=", "other=")),
        ("scope", good.replace("tweet.write", "tweet.everything")),
        ("response type", good.replace("response_type=code", "response_type=token")),
    ] {
        let answer = net.http.get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{what}");
        assert!(answer.headers().get("location").is_none(), "{what}");
    }
}

#[tokio::test]
async fn codes_are_checked_to_the_letter() {
    let net = Net::start().await;
    let visitor = somebody("northwindcoffee");
    let value = code(&net, &visitor, SCOPES).await;
    let words = |body: Value| body["error_description"].as_str().unwrap().to_owned();

    let wrong = json(exchange(&net, &value, "another-verifier-of-more-than-forty-three-chars", REDIRECT), 400).await;
    assert!(words(wrong).contains("code verifier"));
    let wrong = json(exchange(&net, &value, VERIFIER, "http://localhost:3000/other"), 400).await;
    assert!(words(wrong).contains("redirect uri"));
    let no_basic = net.post("/twitter/2/oauth2/token").form(&[("grant_type", "authorization_code"), ("code", &value)]);
    assert_eq!(json(no_basic, 401).await["error"], "unauthorized_client");
    let bad_secret = net
        .post("/twitter/2/oauth2/token")
        .basic_auth(DEMO_CLIENT_ID, Some("wrong"))
        .form(&[("grant_type", "authorization_code"), ("code", &value)]);
    json(bad_secret, 401).await;
    let as_json = net
        .post("/twitter/2/oauth2/token")
        .basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET))
        .json(&json!({ "grant_type": "authorization_code", "code": value }));
    json(as_json, 400).await;

    // All that did not use the code up; the exchange does.
    json(exchange(&net, &value, VERIFIER, REDIRECT), 200).await;
    assert!(words(json(exchange(&net, &value, VERIFIER, REDIRECT), 400).await).contains("authorization code"));

    let late = code(&net, &visitor, SCOPES).await;
    net.advance(31).await;
    assert!(words(json(exchange(&net, &late, VERIFIER, REDIRECT), 400).await).contains("authorization code"));
}

#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_ends_the_family() {
    let net = Net::start().await;
    let (access, first) = connect(&net, "northwindcoffee").await;
    let second = json(refresh(&net, &first), 200).await;
    let (newer, second) =
        (second["access_token"].as_str().unwrap().to_owned(), second["refresh_token"].as_str().unwrap().to_owned());
    assert_ne!(first, second);
    json(net.get("/twitter/2/users/me").bearer_auth(&newer), 200).await;

    // An access token is no refresh token, nor the other way about.
    json(refresh(&net, &newer), 400).await;
    json(net.get("/twitter/2/users/me").bearer_auth(&second), 401).await;

    let reused = json(refresh(&net, &first), 400).await;
    assert_eq!(reused["error"], "invalid_request");
    assert_eq!(reused["error_description"], "Value passed for the token was invalid.");
    for token in [&access, &newer] {
        assert_eq!(json(net.get("/twitter/2/users/me").bearer_auth(token), 401).await["title"], "Unauthorized");
    }
    json(refresh(&net, &second), 400).await;
}

#[tokio::test]
async fn access_tokens_end_after_two_hours_and_by_revocation() {
    let net = Net::start().await;
    let (access, fresh) = connect(&net, "northwindcoffee").await;
    net.advance(7_201).await;
    json(net.get("/twitter/2/users/me").bearer_auth(&access), 401).await;
    let tokens = json(refresh(&net, &fresh), 200).await;
    let (access, fresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    json(net.get("/twitter/2/users/me").bearer_auth(access), 200).await;
    let revoke = net
        .post("/twitter/2/oauth2/revoke")
        .basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET))
        .form(&[("token", fresh)]);
    assert_eq!(json(revoke, 200).await["revoked"], true);
    json(net.get("/twitter/2/users/me").bearer_auth(access), 401).await;
    json(refresh(&net, fresh), 400).await;
}

#[tokio::test]
async fn what_was_not_granted_is_refused() {
    let net = Net::start().await;
    let visitor = somebody("juniperhotels").without_scope("tweet.write").without_scope("offline.access");
    let value = code(&net, &visitor, SCOPES).await;
    let tokens = json(exchange(&net, &value, VERIFIER, REDIRECT), 200).await;
    assert!(!tokens["scope"].as_str().unwrap().contains("tweet.write"));
    assert!(tokens.get("refresh_token").is_none());
    let token = tokens["access_token"].as_str().unwrap();
    json(net.get("/twitter/2/users/me").bearer_auth(token), 200).await;
    assert_eq!(json(tweet(&net, token, &json!({ "text": "no" })), 403).await["status"], 403);
    assert!(net.texts("twitter").await.is_empty());
}

#[tokio::test]
async fn posts_that_x_refuses() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "northwindcoffee").await;
    let detail = |body: Value| body["detail"].as_str().unwrap().to_owned();

    json(tweet(&net, &token, &json!({ "text": "x".repeat(280) })), 201).await;
    json(tweet(&net, &token, &json!({ "text": "日".repeat(140) })), 201).await;
    let long = format!("https://example.com/{} {}", "a".repeat(200), "x".repeat(256));
    json(tweet(&net, &token, &json!({ "text": long })), 201).await;
    for text in ["x".repeat(281), "日".repeat(141), format!("{long}x")] {
        assert!(detail(json(tweet(&net, &token, &json!({ "text": text })), 400).await).contains("too long"));
    }
    json(tweet(&net, &token, &json!({ "text": "Same words" })), 201).await;
    let again = json(tweet(&net, &token, &json!({ "text": "Same words" })), 403).await;
    assert_eq!(detail(again), "You are not allowed to create a Tweet with duplicate content.");

    for body in [
        json!({}),
        json!({ "text": "" }),
        json!({ "text": "x", "colour": "red" }),
        json!({ "text": "x", "media": { "media_ids": [] } }),
        json!({ "text": "x", "media": { "media_ids": ["1", "2", "3", "4", "5"] } }),
        json!({ "text": "x", "media": { "media_ids": ["1450000000000000009"] } }),
        json!({ "text": "x", "reply_settings": "nobody" }),
        json!({ "text": "x", "reply": { "in_reply_to_tweet_id": "1" } }),
    ] {
        let refused = json(tweet(&net, &token, &body), 400).await;
        assert_eq!(refused["title"], "Invalid Request", "{body}");
        assert!(refused["errors"][0]["message"].is_string(), "{body}");
    }
    json(net.post("/twitter/2/tweets").bearer_auth(&token).body("text=x"), 415).await;
    json(net.post("/twitter/2/tweets").json(&json!({ "text": "x" })), 401).await;
    assert_eq!(net.texts("twitter").await.len(), 4);
}

#[tokio::test]
async fn an_account_that_pays_may_write_more() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "kestrelbikes").await;
    for text in ["x".repeat(25_000), "日".repeat(12_500)] {
        json(tweet(&net, &token, &json!({ "text": text })), 201).await;
    }
    for text in ["y".repeat(25_001), "日".repeat(12_501)] {
        let refused = json(tweet(&net, &token, &json!({ "text": text })), 400).await;
        assert!(refused["detail"].as_str().unwrap().contains("too long"), "{refused}");
    }
}

#[tokio::test]
async fn what_an_account_pays_for_is_told_when_asked_and_can_change() {
    let net = Net::start().await;
    let (paying, _) = connect(&net, "kestrelbikes").await;
    let (other, _) = connect(&net, "northwindcoffee").await;
    let subscription = async |token: &str| {
        let asked = net.get("/twitter/2/users/me?user.fields=name,subscription_type").bearer_auth(token);
        json(asked, 200).await["data"]["subscription_type"].clone()
    };
    assert_eq!(subscription(&paying).await, "Premium");
    assert_eq!(subscription(&other).await, "None");
    let unasked = json(net.get("/twitter/2/users/me?user.fields=name").bearer_auth(&paying), 200).await;
    assert!(unasked["data"].get("subscription_type").is_none(), "{unasked}");

    let set = |account: &str, premium: bool| json!({ "platform": "twitter", "account": account, "premium": premium });
    assert_eq!(net.control.post("premium", &set("@kestrelbikes", false)).await.unwrap()["changed"], 1);
    net.control.post("premium", &set("northwindcoffee", true)).await.unwrap();
    assert_eq!(subscription(&paying).await, "None");
    assert_eq!(subscription(&other).await, "Premium");
    json(tweet(&net, &paying, &json!({ "text": "x".repeat(281) })), 400).await;
    json(tweet(&net, &other, &json!({ "text": "x".repeat(281) })), 201).await;
    assert!(net.control.post("premium", &set("nobody", true)).await.is_err());
}

#[tokio::test]
async fn a_long_text_is_cut_short_where_the_whole_is_not_asked_for() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "kestrelbikes").await;
    let many = "word ".repeat(80);
    let text = format!("First https://northwind.coffee/1 & {many}then https://northwind.coffee/2 last");
    let made = json(tweet(&net, &token, &json!({ "text": text })), 201).await;
    let id = made["data"]["id"].as_str().unwrap();
    let shown = made["data"]["text"].as_str().unwrap();
    assert!(shown.starts_with("First https://t.co/") && shown.ends_with("word"), "{shown}");
    let path = format!("/twitter/2/tweets/{id}?tweet.fields=entities");
    let short = json(net.get(&path).bearer_auth(&token), 200).await;
    assert_eq!(short["data"]["text"], shown);
    assert_eq!(short["data"]["entities"]["urls"].as_array().unwrap().len(), 1);
    assert!(short["data"].get("note_tweet").is_none());
    let whole = json(net.get(&format!("{path},note_tweet")).bearer_auth(&token), 200).await;
    let note = &whole["data"]["note_tweet"];
    let said = note["text"].as_str().unwrap();
    assert!(said.starts_with(shown.trim_end_matches("word")) && said.ends_with(" last"), "{said}");
    let urls = note["entities"]["urls"].as_array().unwrap();
    assert_eq!((urls.len(), &urls[1]["expanded_url"]), (2, &json!("https://northwind.coffee/2")));
    assert_eq!(urls[0], whole["data"]["entities"]["urls"][0]);
    assert_eq!(net.texts("twitter").await, [text], "what was written");
}

#[tokio::test]
async fn media_must_be_what_they_say() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "northwindcoffee").await;
    let (other, _) = connect(&net, "harbourpine").await;
    assert!(upload(&net, &token, &png(10, 10, 1), "image/jpeg").await.is_err());
    assert!(upload(&net, &token, b"not a picture at all", "image/png").await.is_err());

    let good = upload(&net, &token, &png(10, 10, 2), "image/png").await.unwrap();
    let with = |text: &str| json!({ "text": text, "media": { "media_ids": [good] } });
    // Somebody else's, used, and too old.
    json(tweet(&net, &other, &with("theirs")), 400).await;
    json(tweet(&net, &token, &with("mine")), 201).await;
    json(tweet(&net, &token, &with("twice")), 400).await;
    let old = upload(&net, &token, &png(10, 10, 3), "image/png").await.unwrap();
    net.advance(86_401).await;
    let (token, _) = connect(&net, "northwindcoffee").await;
    json(tweet(&net, &token, &json!({ "text": "old", "media": { "media_ids": [old] } })), 400).await;

    let huge = json!({ "media_type": "image/png", "total_bytes": 5_242_881 });
    json(net.post("/twitter/2/media/upload/initialize").bearer_auth(&token).json(&huge), 400).await;
    // Bytes that never came.
    let body = json!({ "media_type": "image/png", "total_bytes": 34 });
    let started = json(net.post("/twitter/2/media/upload/initialize").bearer_auth(&token).json(&body), 200).await;
    let id = started["data"]["id"].as_str().unwrap();
    json(tweet(&net, &token, &json!({ "text": "early", "media": { "media_ids": [id] } })), 400).await;
    json(net.post(&format!("/twitter/2/media/upload/{id}/finalize")).bearer_auth(&token), 400).await;
    let nothing = "/twitter/2/media/upload?command=STATUS&media_id=1";
    json(net.get(nothing).bearer_auth(&token), 404).await;
}

#[tokio::test]
async fn a_film_is_worked_on_first() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "northwindcoffee").await;
    let film = film(1280, 720, 30_000, 1);
    let body = json!({ "media_type": "video/mp4", "total_bytes": film.len(), "media_category": "tweet_video" });
    let started = json(net.post("/twitter/2/media/upload/initialize").bearer_auth(&token).json(&body), 200).await;
    let id = started["data"]["id"].as_str().unwrap().to_owned();
    let form = reqwest::multipart::Form::new().text("segment_index", "0").part("media", part(film, "video/mp4"));
    json(net.post(&format!("/twitter/2/media/upload/{id}/append")).bearer_auth(&token).multipart(form), 200).await;
    let end = json(net.post(&format!("/twitter/2/media/upload/{id}/finalize")).bearer_auth(&token), 200).await;
    assert_eq!(end["data"]["processing_info"]["state"], "pending");
    let post = json!({ "text": "Film", "media": { "media_ids": [id] } });
    json(tweet(&net, &token, &post), 400).await;
    net.advance(3).await;
    let status = format!("/twitter/2/media/upload?command=STATUS&media_id={id}");
    assert_eq!(json(net.get(&status).bearer_auth(&token), 200).await["data"]["processing_info"]["state"], "succeeded");
    json(tweet(&net, &token, &post), 201).await;
}

#[tokio::test]
async fn a_hundred_posts_in_a_quarter_of_an_hour() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "northwindcoffee").await;
    for number in 0..100 {
        json(tweet(&net, &token, &json!({ "text": format!("Post {number}") })), 201).await;
    }
    let answer = tweet(&net, &token, &json!({ "text": "One more" })).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["x-rate-limit-remaining"], "0");
    assert!(answer.headers().get("retry-after").is_none());
    let reset: i64 = answer.headers()["x-rate-limit-reset"].to_str().unwrap().parse().unwrap();
    let now: Value = net.control.post("advance", &json!({ "seconds": 0 })).await.unwrap();
    let now = chrono::DateTime::parse_from_rfc3339(now["now"].as_str().unwrap()).unwrap().timestamp();
    assert!((1..=900).contains(&(reset - now)), "{reset} {now}");
    net.advance(901).await;
    json(tweet(&net, &token, &json!({ "text": "One more" })), 201).await;
}

#[tokio::test]
async fn timelines_have_pages() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "northwindcoffee").await;
    for number in 0..12 {
        json(tweet(&net, &token, &json!({ "text": format!("Post {number}") })), 201).await;
    }
    let first = "/twitter/2/users/1450000000000000001/tweets?max_results=10";
    let page = json(net.get(first).bearer_auth(&token), 200).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 10);
    assert_eq!(page["data"][0]["text"], "Post 11");
    let following = format!("{first}&pagination_token={}", page["meta"]["next_token"].as_str().unwrap());
    let page = json(net.get(&following).bearer_auth(&token), 200).await;
    assert_eq!(page["data"][1]["text"], "Post 0");
    assert!(page["meta"].get("next_token").is_none());
    json(net.get("/twitter/2/users/1450000000000000001/tweets?max_results=1").bearer_auth(&token), 400).await;
    json(net.get("/twitter/2/users/me?user.fields=shoe_size").bearer_auth(&token), 400).await;
}

async fn send_film(net: &Net, token: &str, film: &[u8]) -> Value {
    let body = json!({ "media_type": "video/mp4", "total_bytes": film.len(), "media_category": "tweet_video" });
    let started = json(net.post("/twitter/2/media/upload/initialize").bearer_auth(token).json(&body), 200).await;
    let id = started["data"]["id"].as_str().unwrap().to_owned();
    // Out of order, as parallel uploads are.
    let pieces: Vec<&[u8]> = film.chunks(1 << 20).collect();
    for (index, piece) in pieces.iter().enumerate().rev() {
        let form = reqwest::multipart::Form::new()
            .text("segment_index", index.to_string())
            .part("media", part(piece.to_vec(), "application/octet-stream"));
        json(net.post(&format!("/twitter/2/media/upload/{id}/append")).bearer_auth(token).multipart(form), 200).await;
    }
    json(net.post(&format!("/twitter/2/media/upload/{id}/finalize")).bearer_auth(token), 200).await["data"].clone()
}

#[tokio::test]
async fn films_come_in_segments_and_may_fail() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "northwindcoffee").await;
    let (paying, _) = connect(&net, "kestrelbikes").await;
    let status = |token: &str, id: &str| {
        let path = format!("/twitter/2/media/upload?command=STATUS&media_id={id}");
        json(net.get(&path).bearer_auth(token), 200)
    };
    for (token, film, state) in [
        (&token, film_of(1280, 720, 30_000, 1, 3_500_000), "succeeded"),
        (&token, film(1280, 720, 141_000, 1), "failed"),
        (&paying, film(1280, 720, 141_000, 1), "succeeded"),
        (&token, film(1280, 720, 400, 1), "failed"),
        (&token, film(1600, 400, 30_000, 1), "failed"),
        (&token, b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec(), "failed"),
    ] {
        let end = send_film(&net, token, &film).await;
        let id = end["id"].as_str().unwrap();
        assert_eq!(end["processing_info"]["state"], "pending");
        assert!(end["processing_info"]["check_after_secs"].as_u64().unwrap() >= 1);
        assert_eq!(status(token, id).await["data"]["processing_info"]["state"], "in_progress");
        net.advance(3).await;
        assert_eq!(status(token, id).await["data"]["processing_info"]["state"], state);
        let post = json!({ "text": format!("Film {id}"), "media": { "media_ids": [id] } });
        json(tweet(&net, token, &post), if state == "succeeded" { 201 } else { 400 }).await;
    }
}
