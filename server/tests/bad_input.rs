//! Nonsense at the doors that the REST document does not describe: server functions, forms, cookies, what platforms answer. The
//! right code, a sentence, nothing of the inside, and nothing left behind. (REST: `openapi.rs`. The database: `outage.rs`.)

mod support;

use reqwest::{Method, StatusCode, header};
use sandbox::driver::Visitor;
use serde_json::{Value, json};
use support::{Person, World};

#[tokio::test(flavor = "multi_thread")]
async fn server_functions_and_forms_refuse_nonsense_as_such() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    for path in ["posts/create", "posts/view", "posts/update", "deliveries/list", "accounts/list"] {
        for body in ["", "{", "null", "[]", "7", r#"{"id":"zzz"}"#, r#"{"post":{"body":1},"key":"k"}"#, "\u{0}"] {
            let request = person.request(Method::POST, &format!("/fn/{path}"));
            let request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_owned());
            let answer = request.send().await.unwrap();
            let status = answer.status();
            let text = answer.text().await.unwrap();
            // What lists everything may be asked without arguments.
            let fine = status == StatusCode::OK && path.ends_with("/list");
            assert!(fine || status == StatusCode::BAD_REQUEST, "{path} with {body:?}: {status} {text}");
            assert!(
                !text.contains("expected") && !text.contains("line 1"),
                "{path} with {body:?} tells of the inside: {text}"
            );
        }
    }
    let nowhere = person.request(Method::POST, "/fn/no/such").send().await.unwrap();
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
    assert_eq!(nowhere.json::<Value>().await.unwrap()["code"], "NOT_FOUND");

    let form = async |path: &str, body: &[u8]| {
        let request = person.http.post(format!("{}{path}", web.url)).header(header::ORIGIN, &web.url);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body(body.to_vec()).send().await.unwrap()
    };
    for body in [&b"email=%00&password=%00"[..], b"", b"\xff\xfe=%ff", b"email=a%40b.example", b"&&&===%%%"] {
        let answer = form("/login", body).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body:?}");
        assert!(answer.text().await.unwrap().contains("<form"), "the form is shown again: {body:?}");
    }
    let refused = form("/register", b"email=bad&password=short&role=nobody&full_name=%07").await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let refused = refused.text().await.unwrap();
    assert!(refused.contains("value=\"bad\""), "what was typed is kept");
    assert!(!refused.contains("short"), "but for the password");
    for (path, body, status) in [
        ("/forgot", &b"email=%00"[..], StatusCode::BAD_REQUEST),
        ("/forgot", b"\xff\xfe=%ff", StatusCode::BAD_REQUEST),
        ("/reset", b"token=%00&password=long+enough", StatusCode::NOT_FOUND),
        ("/reset", b"token=x&password=short", StatusCode::BAD_REQUEST),
        // Their pages say why.
        ("/confirm", b"token=%22%3E%3Cscript%3E", StatusCode::SEE_OTHER),
        ("/confirm", b"&&&===%%%", StatusCode::SEE_OTHER),
        ("/confirm", b"resend=true&token=%00", StatusCode::NOT_FOUND),
        ("/confirm", b"resend=true", StatusCode::SEE_OTHER),
        ("/invite/nonsense", b"full_name=%07&password=x", StatusCode::NOT_FOUND),
        ("/invite/%00", b"", StatusCode::NOT_FOUND),
        ("/invite/nonsense/decline", b"", StatusCode::SEE_OTHER),
    ] {
        let answer = form(path, body).await;
        assert_eq!(answer.status(), status, "{path} with {body:?}");
        let location = answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        assert!(location.is_none_or(|to| to.starts_with('/') && !to.contains('<')), "{path} with {body:?}");
        assert!(!answer.text().await.unwrap().contains("\"><script>"), "{path} with {body:?}");
    }
    let large = form("/login", &vec![b'a'; 65 * 1024]).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);

    for cookie in ["garbage", "a.b.c", "%00", &"a".repeat(7_000)] {
        let request = person.http.get(format!("{}/api/auth/me", web.url));
        let answer = request.header(header::COOKIE, format!("arctiv_session={cookie}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{cookie:.20}");
    }
    for path in [
        "/posts/not-an-id",
        "/posts?offset=-5&status=zzz&q=%00",
        "/activity?status=,,x&q=%00",
        "/%ff%fe",
        "/compose?post=%00",
        "/confirm?token=%00",
        "/reset?token=%22%3E",
        "/invite/nonsense",
        "/forgot?sent=%00",
    ] {
        let answer = person.request(Method::GET, path).header(header::ACCEPT, "text/html").send().await.unwrap();
        let status = answer.status();
        assert!([StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND].contains(&status), "{path}: {status}");
        assert!(answer.text().await.unwrap().contains("<main"), "{path}: a page, whatever is wrong");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_platforms_that_mean_nothing_lose_nothing() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    let control = world.sandbox.control().unwrap();
    // While connecting: nothing is kept, and the person is told.
    for operation in ["token", "identity"] {
        let rule = json!({ "platform": "twitter", "operation": operation, "fault": "malformed", "times": 1 });
        control.fault(&rule).await.unwrap();
        let landed = person.connect("twitter", &Visitor::anybody()).await;
        assert!(landed.starts_with("/accounts?oauth_error="), "{operation}: {landed}");
        assert_eq!(person.get("/api/social-accounts").await["page"]["total"], 0, "{operation}");
    }
    control.clear_faults().await.unwrap();
    person.connect("twitter", &Visitor::anybody()).await;
    // While publishing: whether it was accepted is asked before anything is sent again.
    let _worker = world.worker(None);
    let rule = json!({ "platform": "twitter", "operation": "publish", "fault": "malformed", "times": 1 });
    control.fault(&rule).await.unwrap();
    let answer = person.post("/api/content", json!({ "body": "Answered with noise" })).await;
    let delivery = person.settled(answer["data"]["id"].as_str().unwrap()).await.remove(0);
    assert_eq!(delivery["status"], "success", "{delivery:#}");
    let posts = control.posts(Some("twitter")).await.unwrap();
    assert_eq!(posts.iter().filter(|post| post["text"] == "Answered with noise").count(), 1);
}
