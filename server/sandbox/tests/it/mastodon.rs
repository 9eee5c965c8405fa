//! Mastodon: OAuth, files that are worked on, statuses under a key.

use sandbox::samples::{film, film_of};
use serde_json::json;

use super::*;

const SCOPES: &str = "profile read:statuses write:statuses write:media";

fn authorize_url(net: &Net, scopes: &str) -> String {
    address(
        net.url("/mastodon/oauth/authorize"),
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

fn exchange(net: &Net, code: &str, more: &[(&str, &str)]) -> RequestBuilder {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", DEMO_CLIENT_ID),
        ("client_secret", DEMO_CLIENT_SECRET),
        ("code", code),
        ("redirect_uri", REDIRECT),
    ];
    form.extend(more);
    net.post("/mastodon/oauth/token").form(&form)
}

async fn code(net: &Net, account: &str, scopes: &str) -> String {
    let back = somebody(account).authorize(&authorize_url(net, scopes)).await.unwrap();
    assert_eq!(query(&back, "state").as_deref(), Some("st&te 1"));
    query(&back, "code").unwrap()
}

/// The access token of an account, for these scopes.
async fn connect_for(net: &Net, account: &str, scopes: &str) -> String {
    let code = code(net, account, scopes).await;
    let tokens = json(exchange(net, &code, &[("code_verifier", VERIFIER)]), 200).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn connect(net: &Net, account: &str) -> String {
    connect_for(net, account, SCOPES).await
}

fn toot(net: &Net, token: &str, form: &[(&str, &str)]) -> RequestBuilder {
    net.post("/mastodon/api/v1/statuses").bearer_auth(token).form(form)
}

fn upload(net: &Net, token: &str, bytes: Vec<u8>, mime: &str, description: &str) -> RequestBuilder {
    let form =
        reqwest::multipart::Form::new().part("file", part(bytes, mime)).text("description", description.to_owned());
    net.post("/mastodon/api/v2/media").bearer_auth(token).multipart(form)
}

#[tokio::test]
async fn from_consent_to_a_status_with_a_picture() {
    let net = Net::start().await;
    let code = code(&net, "northwindcoffee", SCOPES).await;
    let tokens = json(exchange(&net, &code, &[("code_verifier", VERIFIER), ("scope", SCOPES)]), 200).await;
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &Value::Null));
    assert!(tokens["refresh_token"].is_null() && tokens["created_at"].is_i64());
    assert_eq!(tokens["scope"], "profile read:statuses write:media write:statuses");
    let token = tokens["access_token"].as_str().unwrap();
    assert!(token.contains(sandbox::SECRET_MARK));

    let answer = net.get("/mastodon/api/v1/accounts/verify_credentials").bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.headers()["x-ratelimit-limit"], "300");
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "299");
    let reset = answer.headers()["x-ratelimit-reset"].to_str().unwrap();
    assert!(reset.contains('T') && reset.ends_with('Z'), "{reset}");
    let me: Value = serde_json::from_str(&read(answer).await.1).unwrap();
    assert_eq!((&me["username"], &me["acct"]), (&json!("northwindcoffee"), &json!("northwindcoffee")));

    let picture = json(upload(&net, token, png(120, 80, 1), "image/png", "A bag of beans"), 200).await;
    assert_eq!((&picture["type"], &picture["description"]), (&json!("image"), &json!("A bag of beans")));
    let id = picture["id"].as_str().unwrap();
    let text =
        "Winter roast & more: https://northwind.coffee/winter\n\nwith @harbourpine and @niamh@roasters.social #coffee";
    let made = json(toot(&net, token, &[("status", text), ("media_ids[]", id)]), 200).await;
    let html = made["content"].as_str().unwrap();
    assert!(html.starts_with("<p>Winter roast &amp; more: <a href=\"https://northwind.coffee/winter\""), "{html}");
    assert!(
        html.contains("</p><p>with") && html.contains("@<span>niamh</span>") && !html.contains("@roasters"),
        "{html}"
    );
    assert_eq!((&made["visibility"], made["media_attachments"].as_array().unwrap().len()), (&json!("public"), 1));

    let posts = net.control.posts(Some("mastodon")).await.unwrap();
    assert_eq!((posts.len(), &posts[0]["text"]), (1, &json!(text)));
    assert_eq!(
        (&posts[0]["media"][0]["alt_text"], &posts[0]["client"]),
        (&json!("A bag of beans"), &json!(DEMO_CLIENT_ID))
    );
    let page = net.http.get(made["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(page.status(), 200);

    let list = format!("/mastodon/api/v1/accounts/{}/statuses?limit=5", me["id"].as_str().unwrap());
    assert_eq!(json(net.get(&list).bearer_auth(token), 200).await[0]["id"], made["id"]);
    // A file belongs to one status.
    json(toot(&net, token, &[("status", "Again"), ("media_ids[]", id)]), 422).await;
    let one = format!("/mastodon/api/v1/statuses/{}", made["id"].as_str().unwrap());
    assert_eq!(json(net.delete(&one).bearer_auth(token), 200).await["text"], text);
    json(net.get(&one).bearer_auth(token), 404).await;
    assert!(net.texts("mastodon").await.is_empty());
}

#[tokio::test]
async fn a_wrong_authorization_stays_or_comes_back_as_an_error() {
    let net = Net::start().await;
    let good = authorize_url(&net, SCOPES);
    for (what, url) in [
        ("client", good.replace(DEMO_CLIENT_ID, "nobody")),
        ("redirect", good.replace("localhost%3A3000", "example.com")),
    ] {
        let answer = net.http.get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{what}");
        assert!(answer.headers().get("location").is_none(), "{what}");
    }
    for (error, url) in [
        ("invalid_scope", good.replace("write%3Amedia", "write%3Aeverything")),
        ("unsupported_response_type", good.replace("response_type=code", "response_type=token")),
        ("invalid_code_challenge_method", good.replace("=S256", "=plain")),
        ("invalid_code_challenge_method", good.replace(&challenge(VERIFIER), "short")),
    ] {
        let answer = net.http.get(&url).send().await.unwrap();
        assert!(answer.status().is_redirection(), "{error}");
        let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert_eq!(query(&back, "error").as_deref(), Some(error));
        assert_eq!(query(&back, "state").as_deref(), Some("st&te 1"));
    }
    let back = somebody("harbourpine").refuse(&good).await.unwrap();
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    // All or nothing: a scope cannot be unticked.
    let back = Visitor::called("harbourpine").without_scope("write:media").authorize(&good).await.unwrap();
    let tokens = json(exchange(&net, &query(&back, "code").unwrap(), &[("code_verifier", VERIFIER)]), 200).await;
    assert!(tokens["scope"].as_str().unwrap().contains("write:media"));
}

#[tokio::test]
async fn a_code_is_good_once_for_ten_minutes_for_who_asked() {
    let net = Net::start().await;
    let verifier = [("code_verifier", VERIFIER)];
    for (what, more) in [
        ("no verifier", vec![]),
        ("another verifier", vec![("code_verifier", "another-verifier-of-more-than-forty-three-chars")]),
        ("other scopes", vec![("code_verifier", VERIFIER), ("scope", "read write")]),
    ] {
        let code = code(&net, "northwindcoffee", SCOPES).await;
        let refused = json(exchange(&net, &code, &more), 400).await;
        assert!(["invalid_grant", "invalid_scope"].contains(&refused["error"].as_str().unwrap()), "{what}");
    }
    let code_ = code(&net, "northwindcoffee", SCOPES).await;
    let wrong = [
        ("grant_type", "authorization_code"),
        ("client_id", DEMO_CLIENT_ID),
        ("client_secret", "not-the-secret"),
        ("code", code_.as_str()),
        ("redirect_uri", REDIRECT),
    ];
    assert_eq!(json(net.post("/mastodon/oauth/token").form(&wrong), 401).await["error"], "invalid_client");
    json(exchange(&net, &code_, &verifier), 200).await;
    assert_eq!(json(exchange(&net, &code_, &verifier), 400).await["error"], "invalid_grant");
    let late = code(&net, "northwindcoffee", SCOPES).await;
    net.advance(601).await;
    assert_eq!(json(exchange(&net, &late, &verifier), 400).await["error"], "invalid_grant");
}

#[tokio::test]
async fn scopes_are_held_to_and_revoked_tokens_say_so() {
    let net = Net::start().await;
    let token = connect_for(&net, "northwindcoffee", "profile").await;
    json(net.get("/mastodon/api/v1/accounts/verify_credentials").bearer_auth(&token), 200).await;
    let answer = toot(&net, &token, &[("status", "Hello")]).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.headers()["www-authenticate"].to_str().unwrap().contains("error=\"insufficient_scope\""));
    let broad = connect_for(&net, "northwindcoffee", "read write").await;
    json(toot(&net, &broad, &[("status", "Hello")]), 200).await;

    let revoke = |token: &str, secret: &str| {
        let form = [("client_id", DEMO_CLIENT_ID), ("client_secret", secret), ("token", token)];
        net.post("/mastodon/oauth/revoke").form(&form)
    };
    json(revoke(&broad, "not-the-secret"), 401).await;
    json(revoke("", DEMO_CLIENT_SECRET), 403).await;
    let partner = [
        ("client_id", sandbox::PARTNER_CLIENT_ID),
        ("client_secret", sandbox::PARTNER_CLIENT_SECRET),
        ("token", broad.as_str()),
    ];
    json(net.post("/mastodon/oauth/revoke").form(&partner), 403).await;
    for _ in 0..2 {
        json(revoke(&broad, DEMO_CLIENT_SECRET), 200).await;
    }
    let answer = toot(&net, &broad, &[("status", "Hello again")]).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    // The other grant is another matter.
    json(net.get("/mastodon/api/v1/accounts/verify_credentials").bearer_auth(&token), 200).await;
}

#[tokio::test]
async fn one_key_is_one_status_for_an_hour() {
    let net = Net::start().await;
    let token = connect(&net, "northwindcoffee").await;
    let under = |key: &str, text: &str| toot(&net, &token, &[("status", text)]).header("idempotency-key", key);
    let first = json(under("k1", "Once"), 200).await;
    // Whatever the request says.
    assert_eq!(json(under("k1", "Once more"), 200).await["id"], first["id"]);
    assert_ne!(json(under("k2", "Once"), 200).await["id"], first["id"]);
    let other = connect(&net, "harbourpine").await;
    let theirs = toot(&net, &other, &[("status", "Once")]).header("idempotency-key", "k1");
    assert_ne!(json(theirs, 200).await["id"], first["id"]);
    assert_eq!(net.texts("mastodon").await, ["Once", "Once", "Once"]);
    net.advance(3_601).await;
    assert_ne!(json(under("k1", "Once"), 200).await["id"], first["id"]);
}

#[tokio::test]
async fn a_status_is_checked() {
    let net = Net::start().await;
    let token = connect(&net, "northwindcoffee").await;
    for (what, form, status) in [
        ("nothing", vec![("visibility", "public")], 422),
        ("too long", vec![("status", "a".repeat(501).leak() as &str)], 422),
        ("a visibility", vec![("status", "x"), ("visibility", "everybody")], 422),
        ("a file", vec![("status", "x"), ("media_ids[]", "17")], 422),
        ("a parent", vec![("status", "x"), ("in_reply_to_id", "17")], 404),
        ("a date", vec![("status", "x"), ("scheduled_at", "2027-01-01T00:00:00Z")], 422),
    ] {
        let refused = json(toot(&net, &token, &form), status).await;
        assert!(refused["error"].as_str().is_some_and(|error| !error.is_empty()), "{what}");
    }
    let long = format!("{} https://arctiv.example/{}", "a".repeat(476), "b".repeat(300));
    json(toot(&net, &token, &[("status", &long)]), 200).await;
    // JSON is as good as a form.
    let body = json!({ "status": "As JSON", "visibility": "private" });
    let made = json(net.post("/mastodon/api/v1/statuses").bearer_auth(&token).json(&body), 200).await;
    assert_eq!(made["visibility"], "private");
    assert_eq!(net.texts("mastodon").await.len(), 1, "followers' posts are not shown to everybody");
    // Their author sees them, and nobody else does.
    let one = format!("/mastodon/api/v1/statuses/{}", made["id"].as_str().unwrap());
    json(net.get(&one).bearer_auth(&token), 200).await;
    let other = connect(&net, "harbourpine").await;
    json(net.get(&one).bearer_auth(&other), 404).await;
    json(net.delete(&one).bearer_auth(&other), 404).await;
    let reply =
        json(toot(&net, &token, &[("status", "More"), ("in_reply_to_id", made["id"].as_str().unwrap())]), 200).await;
    assert_eq!(reply["in_reply_to_id"], made["id"]);
    json(toot(&net, "nobody", &[("status", "x")]), 401).await;
}

#[tokio::test]
async fn films_are_worked_on_and_stand_alone() {
    let net = Net::with(Config { processing_ms: 60_000, ..Config::default() }).await;
    let token = connect(&net, "northwindcoffee").await;
    let taken = json(upload(&net, &token, film(720, 1_280, 9_000, 1), "video/mp4", ""), 202).await;
    assert!(taken["url"].is_null() && taken["type"] == "video");
    let id = taken["id"].as_str().unwrap().to_owned();
    let film = format!("/mastodon/api/v1/media/{id}");
    json(net.get(&film).bearer_auth(&token), 206).await;
    json(toot(&net, &token, &[("status", "Early"), ("media_ids[]", &id)]), 422).await;
    let other = connect(&net, "harbourpine").await;
    json(net.get(&film).bearer_auth(&other), 404).await;
    let picture = json(upload(&net, &token, png(60, 40, 1), "image/png", ""), 200).await;
    net.advance(61).await;
    assert!(json(net.get(&film).bearer_auth(&token), 200).await["url"].is_string());
    let both = [("status", "Both"), ("media_ids[]", id.as_str()), ("media_ids[]", picture["id"].as_str().unwrap())];
    json(toot(&net, &token, &both), 422).await;
    json(toot(&net, &token, &[("media_ids[]", &id)]), 200).await;
    // A film without a movie header is found out while it is worked on.
    let broken =
        json(upload(&net, &token, b"\0\0\0\x18ftypisom\0\0\x02\0isommp41".to_vec(), "video/mp4", ""), 202).await;
    net.advance(61).await;
    json(net.get(&format!("/mastodon/api/v1/media/{}", broken["id"].as_str().unwrap())).bearer_auth(&token), 422).await;
}

#[tokio::test]
async fn files_are_checked() {
    let net = Net::start().await;
    let token = connect(&net, "northwindcoffee").await;
    for (what, bytes, mime) in [
        ("no picture", b"hello".to_vec(), "image/png"),
        ("another type than declared", png(60, 40, 1), "image/jpeg"),
        ("too many pixels", png(6_000, 6_000, 1), "image/png"),
        ("too large", film_of(720, 1_280, 9_000, 1, (99 << 20) + 1), "video/mp4"),
        ("a document", sandbox::samples::pdf(1), "application/pdf"),
    ] {
        let refused = json(upload(&net, &token, bytes, mime, ""), 422).await;
        assert!(refused["error"].is_string(), "{what}");
    }
    json(upload(&net, &token, png(60, 40, 1), "image/png", &"a".repeat(1_501)), 422).await;
    json(net.post("/mastodon/api/v2/media").bearer_auth(&token), 422).await;
    // Thirty uploads in half an hour, refused ones included.
    for seed in 0..23 {
        json(upload(&net, &token, png(60, 40, seed), "image/png", ""), 200).await;
    }
    let answer = upload(&net, &token, png(60, 40, 99), "image/png", "").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["x-ratelimit-remaining"]), (429, &"0".parse().unwrap()));
}

#[tokio::test]
async fn faults_speak_as_an_instance_does() {
    let net = Net::start().await;
    let token = connect(&net, "northwindcoffee").await;
    for (status, header) in
        [(401, Some("www-authenticate")), (403, None), (422, None), (429, Some("x-ratelimit-reset")), (503, None)]
    {
        let rule = json!({ "platform": "mastodon", "operation": "publish", "fault": "status", "status": status });
        net.control.fault(&rule).await.unwrap();
        let answer = toot(&net, &token, &[("status", "Hello")]).send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(header.is_none_or(|header| answer.headers().contains_key(header)), "{status}");
        let body: Value = serde_json::from_str(&read(answer).await.1).unwrap();
        assert!(body["error"].is_string(), "{status} {body}");
    }
    // An answer is a comment of its own kind.
    let made = json(toot(&net, &token, &[("status", "Hello")]), 200).await;
    let rule =
        json!({ "platform": "mastodon", "account": "northwindcoffee", "operation": "comment", "fault": "status" });
    net.control.fault(&rule).await.unwrap();
    let reply = [("status", "More"), ("in_reply_to_id", made["id"].as_str().unwrap())];
    toot(&net, &token, &reply).send().await.unwrap().error_for_status().unwrap_err();
    json(toot(&net, &token, &reply), 200).await;
    let posts = net.control.posts(Some("mastodon")).await.unwrap();
    assert_eq!(posts[0]["comments"][0]["text"], "More");
}
