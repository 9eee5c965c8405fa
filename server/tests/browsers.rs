//! What browsers are told and what is asked of them: headers on every kind of answer, policies with nonces, cookies, and
//! that nothing changes because another site made a browser send something.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a walkthrough stops where it cannot go on, and looks at the real clock"
)]

mod support;

use std::{collections::BTreeSet, time::Duration};

use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use support::{Person, Web, World, client};

fn text<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn page(web: &Web, path: &str) -> Response {
    client().get(format!("{}{path}", web.url)).header(header::ACCEPT, "text/html").send().await.unwrap()
}

/// The directives of a policy.
fn directives(policy: &str) -> Vec<(&str, Vec<&str>)> {
    let words = policy.split(';').map(|part| part.split_whitespace().collect::<Vec<_>>());
    words.filter_map(|words| words.split_first().map(|(name, values)| (*name, values.to_vec()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_answer_carries_the_headers() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    let mut answers = Vec::new();
    for path in [
        "/",
        "/login",
        "/nowhere",
        "/favicon.svg",
        "/api/docs/",
        "/api/openapi.json",
        "/health",
        "/api/auth/me",
        "/api/no/such",
    ] {
        answers.push((path, page(&web, path).await));
    }
    answers.push(("/dashboard/client", person.request(Method::GET, "/dashboard/client").send().await.unwrap()));
    answers.push((
        "POST /fn",
        person.request(Method::POST, "/fn/workspaces/latest").json(&json!({})).send().await.unwrap(),
    ));
    answers.push((
        "refused",
        client().post(format!("{}/login", web.url)).header("sec-fetch-site", "cross-site").send().await.unwrap(),
    ));
    for (place, answer) in &answers {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(text(answer, name), value, "{place}: {name}");
        }
        let permissions = text(answer, "permissions-policy");
        for feature in ["camera=()", "microphone=()", "geolocation=()", "payment=()", "usb=()"] {
            assert!(permissions.contains(feature), "{place}: {permissions}");
        }
        assert_eq!(text(answer, "strict-transport-security"), "", "{place}: not over http");
        assert!(!answer.headers().keys().any(|name| name.as_str().starts_with("access-control-")), "{place}: no CORS");
        let csp = text(answer, "content-security-policy");
        assert!(csp.contains("frame-ancestors 'none'"), "{place}: {csp:?}");
        for (name, values) in directives(csp) {
            assert!(!values.contains(&"'unsafe-eval'"), "{place}: {csp}");
            let inline = values.contains(&"'unsafe-inline'");
            assert!(!inline || name == "style-src-attr", "{place}: {name} in {csp}");
        }
    }
    // Another site that asks whether it may ask is told nothing that would let it.
    let preflight = client()
        .request(Method::OPTIONS, format!("{}/api/content", web.url))
        .header(header::ORIGIN, "https://evil.example")
        .header("access-control-request-method", "POST")
        .send()
        .await
        .unwrap();
    assert!(!preflight.headers().keys().any(|name| name.as_str().starts_with("access-control-")));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_has_a_nonce_of_its_own_and_all_its_scripts_and_styles_carry_it() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    let mut nonces = BTreeSet::new();
    for path in
        ["/", "/login", "/register", "/dashboard/client", "/accounts", "/compose", "/posts", "/activity", "/nowhere"]
    {
        let signed_in = !["/", "/login", "/register"].contains(&path);
        let answer = if signed_in {
            person.request(Method::GET, path).header(header::ACCEPT, "text/html").send().await.unwrap()
        } else {
            page(&web, path).await
        };
        let policy = text(&answer, "content-security-policy").to_owned();
        let all = directives(&policy);
        let of = |name: &str| all.iter().find(|(found, _)| *found == name).map(|(_, values)| values.clone()).unwrap();
        let scripts = of("script-src");
        let nonce = scripts.iter().find_map(|value| value.strip_prefix("'nonce-")?.strip_suffix('\'')).unwrap();
        assert!(nonce.len() >= 20, "{path}: {nonce}");
        assert_eq!(scripts.len(), 3, "{path}: only our own, by nonce, and WebAssembly: {scripts:?}");
        assert!(scripts.contains(&"'self'") && scripts.contains(&"'wasm-unsafe-eval'"), "{path}: {scripts:?}");
        assert_eq!(of("object-src"), ["'none'"]);
        assert_eq!(of("base-uri"), ["'none'"]);
        assert_eq!(of("form-action"), ["'self'"]);
        assert_eq!(of("connect-src"), ["'self'"]);
        assert!(nonces.insert(nonce.to_owned()), "{path}: a nonce was used twice");
        let html = answer.text().await.unwrap();
        let mark = format!("nonce=\"{nonce}\"");
        for tag in ["<script", "<style"] {
            for (_, rest) in html.match_indices(tag).map(|(at, _)| (at, &html[at..])) {
                let open = rest.split('>').next().unwrap();
                assert!(open.contains(&mark), "{path}: {open}> has not the nonce");
            }
        }
        assert!(!html.contains(" onclick=") && !html.contains("javascript:"), "{path}: a script in an attribute");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_the_browser_stays_there_and_the_cookie_too() {
    let world = World::new().await;
    let site = "https://arctiv.example";
    let web = world.web_with(&[("ARCTIV_PUBLIC_URL", site)]).await;
    let answer = page(&web, "/login").await;
    assert_eq!(text(&answer, "strict-transport-security"), "max-age=31536000; includeSubDomains");
    let form = json!({
        "email": "niamh@walk.example", "password": "correct horse", "role": "client", "full_name": "Niamh Doyle",
    });
    let answer = client()
        .post(format!("{}/api/auth/register", web.url))
        .header(header::ORIGIN, site)
        .json(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookie = text(&answer, "set-cookie");
    for part in ["__Host-arctiv_session=", "; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(part), "{part} in {}", cookie.split(';').skip(1).collect::<String>());
    }
    assert!(!cookie.to_lowercase().contains("domain"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_because_another_site_says_so() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    let document: Value =
        client().get(format!("{}/api/openapi.json", web.url)).send().await.unwrap().json().await.unwrap();
    let mut doors: Vec<(Method, String)> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        // Those that change nothing may come from anywhere; without CORS no other page sees the answer.
        for method in
            item.as_object().unwrap().keys().filter(|method| !["get", "head", "options"].contains(&method.as_str()))
        {
            doors.push((
                method.to_uppercase().parse().unwrap(),
                path.replace("{id}", "0199f2c4-8a31-7c5e-b1d0-4f6a00000009"),
            ));
        }
    }
    doors.extend(server::http::pages::server_function_list().into_iter().map(|(path, method)| (method, path)));
    doors.extend(["/login", "/register", "/logout"].map(|path| (Method::POST, path.to_owned())));
    assert!(doors.len() > 40, "{doors:?}");
    let cookie = person.request(Method::GET, "/").build().unwrap().headers()[header::COOKIE].clone();
    let foreign: [&[(&str, &str)]; 8] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1:1")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
        &[("sec-fetch-site", "nonsense")],
        // A browser never leaves both out.
        &[],
    ];
    for (method, path) in doors {
        for headers in foreign {
            let mut request =
                client().request(method.clone(), format!("{}{path}", web.url)).header(header::COOKIE, &cookie);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = request.header(header::CONTENT_TYPE, "text/plain").body("{}").send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path} with {headers:?}");
            assert_eq!(answer.json::<Value>().await.unwrap()["code"], "CSRF_REJECTED", "{method} {path}");
        }
    }
    // A form of another site that signs its visitor in under an account of its own has no cookie, and is refused too.
    let forged = client().post(format!("{}/login", web.url)).header(header::ORIGIN, "https://evil.example");
    assert_eq!(forged.form(&[("email", "a@b.example")]).send().await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_an_end() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    let large = format!(r#"{{"post":{{"body":"{}"}},"key":"k"}}"#, "a".repeat(1024 * 1024));
    for (path, body) in [("/fn/posts/create", large.clone()), ("/api/content", large)] {
        let request = person.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.unwrap();
        assert!(
            matches!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE | StatusCode::BAD_REQUEST),
            "{path}: {}",
            answer.status()
        );
    }
    assert_eq!(person.get("/api/content").await["page"]["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_a_hole_is_told_whom_to_tell() {
    let world = World::new().await;
    let web = world.web_with(&[("ARCTIV_SERVER__SECURITY_CONTACT", "mailto:security@arctiv.example")]).await;
    let answer = page(&web, "/.well-known/security.txt").await;
    assert_eq!((answer.status(), text(&answer, "content-type")), (StatusCode::OK, "text/plain; charset=utf-8"));
    let said = answer.text().await.unwrap();
    let field = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap();
    assert_eq!(field("Contact"), "mailto:security@arctiv.example");
    assert_eq!(field("Canonical"), format!("{}/.well-known/security.txt", web.url));
    let expires: chrono::DateTime<chrono::Utc> = field("Expires").parse().unwrap();
    let left = expires - chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
    assert!((30..366).contains(&left.num_days()), "RFC 9116: less than a year ahead: {said}");
    // Nobody has been named: where such letters go by custom.
    let plain = world.web().await;
    let said = page(&plain, "/.well-known/security.txt").await.text().await.unwrap();
    assert!(said.contains("Contact: mailto:security@127.0.0.1"), "{said}");
}

/// Two tabs share a session, and the session is in one workspace: what a page of another one sends does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_workspace_changes_nothing_in_this_one() {
    let world = World::new().await;
    let web = world.web().await;
    let person = Person::register(&web, "client").await;
    let workspace = async || person.get("/api/auth/me").await["data"]["workspace"]["id"].as_str().unwrap().to_owned();
    let form = async |fields: &[(&str, &str)]| {
        let answer = person.request(Method::POST, "/workspaces").form(fields).send().await.unwrap();
        (answer.status(), text(&answer, "location").to_owned(), answer.text().await.unwrap())
    };
    let first = workspace().await;
    let create = json!({ "post": { "body": "Of the first", "visibility": "private" }, "key": "a-key-of-a-tab" });
    let call = async |id: &str| {
        let path = format!("/in/{id}/fn/posts/create");
        let answer = person.request(Method::POST, &path).json(&create).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    // A further workspace, by a form without a script.
    let (status, _, shown) = form(&[("name", ""), ("kind", "agency")]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(shown.contains("Give the workspace a name"));
    let made = form(&[("name", "Harbour & Pine"), ("kind", "agency")]).await;
    assert_eq!((made.0, made.1.as_str()), (StatusCode::SEE_OTHER, "/dashboard/agency"));
    let second = workspace().await;
    assert_ne!(first, second);

    // The tab that stayed behind.
    let (status, refused) = call(&first).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("CONFLICT")));
    assert!(refused["details"]["fields"]["workspace"].is_string(), "{refused}");
    let sent = person.request(Method::POST, "/api/content").header("x-arctiv-workspace", &first);
    let sent = sent.json(&create["post"]).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::CONFLICT);
    assert_eq!(call("nonsense").await.0, StatusCode::CONFLICT);
    let news = person.request(Method::GET, &format!("/api/events?workspace={first}")).send().await.unwrap();
    assert_eq!(news.status(), StatusCode::CONFLICT);
    assert_eq!(person.get("/api/content").await["page"]["total"], 0);

    // The tab that went along, and the other one once it is back.
    assert_eq!(call(&second).await.0, StatusCode::OK);
    assert_eq!(person.get("/api/content").await["page"]["total"], 1);
    let back = form(&[("to", first.as_str())]).await;
    assert_eq!((back.0, back.1.as_str()), (StatusCode::SEE_OTHER, "/dashboard/client"));
    assert_eq!(workspace().await, first);
    assert_eq!(person.get("/api/content").await["page"]["total"], 0, "nothing of the other workspace is shown");
    // Nowhere, and somebody else's.
    let stranger = Person::register(&web, "client").await.get("/api/auth/me").await;
    for to in ["nonsense", stranger["data"]["workspace"]["id"].as_str().unwrap()] {
        assert_eq!(form(&[("to", to)]).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(workspace().await, first);
    let visitor = client().post(format!("{}/workspaces", web.url)).header(header::ORIGIN, &web.url);
    let visitor = visitor.form(&[("to", first.as_str())]).send().await.unwrap();
    assert_eq!(text(&visitor, "location"), "/login?next=/workspaces");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_under_a_session_ends_with_it() {
    let world = World::new().await;
    let web = world.web().await;
    let (leaving, staying) = (Person::register(&web, "client").await, Person::register(&web, "client").await);
    let open = async |person: &Person| {
        let answer = person.request(Method::GET, "/api/events").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer
    };
    let (mut ended, mut going_on) = (open(&leaving).await, open(&staying).await);
    assert!(ended.chunk().await.unwrap().is_some() && going_on.chunk().await.unwrap().is_some(), "both are greeted");
    let left = leaving.request(Method::POST, "/api/auth/logout").send().await.unwrap();
    assert_eq!(left.status(), StatusCode::SEE_OTHER);
    let rest = async { while ended.chunk().await.unwrap().is_some() {} };
    // Long before the stream would be kept alive by a comment.
    assert!(tokio::time::timeout(Duration::from_secs(10), rest).await.is_ok(), "the stream ends");
    let none = tokio::time::timeout(Duration::from_millis(500), going_on.chunk()).await;
    assert!(none.is_err(), "somebody else's goes on: {none:?}");
    assert_eq!(leaving.request(Method::GET, "/api/events").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
