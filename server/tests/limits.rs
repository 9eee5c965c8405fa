//! Rate limits through real processes: two servers on one database count as one, every answer says how much is left, and
//! nobody chooses their own address.

#![expect(clippy::unwrap_used, reason = "a walkthrough stops where it cannot go on")]

mod support;

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use support::{Person, World, client};

async fn log_in(url: &str, forwarded_for: Option<&str>) -> reqwest::Response {
    // Each at another account: guessing at one is slowed by itself.
    static TRIES: AtomicU32 = AtomicU32::new(0);
    let email = format!("nobody.{}@walk.example", TRIES.fetch_add(1, Ordering::Relaxed));
    let body = json!({ "email": email, "password": "wrong horse" });
    let mut request = client().post(format!("{url}/api/auth/login")).header(header::ORIGIN, url).json(&body);
    if let Some(address) = forwarded_for {
        request = request.header("x-forwarded-for", address);
    }
    request.send().await.unwrap()
}

fn number(answer: &reqwest::Response, name: &str) -> u32 {
    let value = answer.headers().get(name).unwrap_or_else(|| panic!("no {name}: {answer:?}"));
    value.to_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_let_ten_sign_ins_a_minute_through() {
    let world = World::new().await;
    let limits = [("ARCTIV_LIMITS__VISITOR_PER_MINUTE", "10")];
    let (one, two) = (world.web_with(&limits).await, world.web_with(&limits).await);
    let tries = (0..60).map(|n| {
        let url = if n % 2 == 0 { one.url.clone() } else { two.url.clone() };
        tokio::spawn(async move { log_in(&url, None).await })
    });
    let (mut answered, mut refused) = (0, 0);
    for attempt in tries.collect::<Vec<_>>() {
        let answer = attempt.await.unwrap();
        assert_eq!(number(&answer, "x-ratelimit-limit"), 10);
        match answer.status() {
            StatusCode::UNAUTHORIZED => answered += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                refused += 1;
                assert_eq!(number(&answer, "x-ratelimit-remaining"), 0);
                let wait = number(&answer, "retry-after");
                assert!((1..=6).contains(&wait), "one of ten a minute is back within six seconds: {wait}");
                let body: Value = answer.json().await.unwrap();
                assert_eq!((&body["code"], &body["details"]["retry_after"]), (&json!("RATE_LIMITED"), &json!(wait)));
            }
            other => panic!("{other}"),
        }
    }
    // Hashing sixty passwords takes its time, and the limit fills up meanwhile: by one in six seconds.
    assert!((10..=14).contains(&answered) && answered + refused == 60, "{answered} answered, {refused} refused");

    // The form without JavaScript is refused with a page, and an address that anybody could have written changes nothing.
    let form = client().post(format!("{}/login", one.url)).header(header::ORIGIN, &one.url);
    let form = form.header(header::ACCEPT, "text/html").form(&[("email", "a@b.example"), ("password", "x")]);
    let page = form.send().await.unwrap();
    assert_eq!(page.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(page.text().await.unwrap().contains("<main"));
    assert_eq!(log_in(&one.url, Some("203.0.113.9")).await.status(), StatusCode::TOO_MANY_REQUESTS);
    // Pages are still there for whoever only looks.
    let look = client().get(format!("{}/login", one.url)).send().await.unwrap();
    assert_eq!(look.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_names_the_address_and_nobody_behind_it_invents_one() {
    let world = World::new().await;
    let web = world
        .web_with(&[
            ("ARCTIV_LIMITS__VISITOR_PER_MINUTE", "2"),
            ("ARCTIV_SERVER__TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8"),
        ])
        .await;
    for left in [1, 0] {
        assert_eq!(number(&log_in(&web.url, Some("203.0.113.9")).await, "x-ratelimit-remaining"), left);
    }
    assert_eq!(log_in(&web.url, Some("203.0.113.9")).await.status(), StatusCode::TOO_MANY_REQUESTS);
    // What stands in front of the last address was written by the client.
    assert_eq!(log_in(&web.url, Some("198.51.100.1, 203.0.113.9")).await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        log_in(&web.url, Some("198.51.100.1, 203.0.113.9, 10.1.1.1")).await.status(),
        StatusCode::TOO_MANY_REQUESTS
    );
    // Somebody else, and a neighbour in the same network of IPv6.
    assert_eq!(number(&log_in(&web.url, Some("203.0.113.10")).await, "x-ratelimit-remaining"), 1);
    assert_eq!(number(&log_in(&web.url, Some("2001:db8:0:1::1")).await, "x-ratelimit-remaining"), 1);
    assert_eq!(number(&log_in(&web.url, Some("2001:db8:0:1:2::2")).await, "x-ratelimit-remaining"), 0);
    assert_eq!(number(&log_in(&web.url, Some("2001:db8:0:2::1")).await, "x-ratelimit-remaining"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_and_a_workspace_have_limits_of_their_own_over_rest() {
    let world = World::new().await;
    let web =
        world.web_with(&[("ARCTIV_LIMITS__USER_PER_MINUTE", "5"), ("ARCTIV_LIMITS__WORKSPACE_PER_MINUTE", "8")]).await;
    let (owner, colleague) = (Person::register(&web, "client").await, Person::register(&web, "client").await);
    let me = async |person: &Person| person.request(Method::GET, "/api/auth/me").send().await.unwrap();
    let first = me(&owner).await;
    assert_eq!((number(&first, "x-ratelimit-limit"), number(&first, "x-ratelimit-remaining")), (5, 4));
    assert!(number(&first, "x-ratelimit-reset") >= 12);
    let workspace = first.json::<Value>().await.unwrap()["data"]["workspace"]["id"].as_str().unwrap().to_owned();
    let user = me(&colleague).await.json::<Value>().await.unwrap()["data"]["user"]["id"].as_str().unwrap().to_owned();
    let mut admin = world.database().admin().await.unwrap();
    let moved = format!(
        "update memberships set workspace_id = '{workspace}' where user_id = '{user}';
         update sessions set workspace_id = '{workspace}' where user_id = '{user}'"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(moved)).execute(&mut admin).await.unwrap();
    for _ in 0..4 {
        assert_eq!(me(&owner).await.status(), StatusCode::OK);
    }
    assert_eq!(me(&owner).await.status(), StatusCode::TOO_MANY_REQUESTS);
    // Five of eight are used up: the colleague finds three, though four of the own five are left.
    for left in [2, 1, 0] {
        let answer = me(&colleague).await;
        assert_eq!((answer.status(), number(&answer, "x-ratelimit-remaining")), (StatusCode::OK, left));
    }
    assert_eq!(me(&colleague).await.status(), StatusCode::TOO_MANY_REQUESTS);
    // Pages have a limit of their own: nobody is shut out of the interface by a program of theirs.
    let page =
        owner.request(Method::GET, "/dashboard/client").header(header::ACCEPT, "text/html").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(number(&page, "x-ratelimit-limit"), 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_share_the_limit_of_their_workspace_and_wrong_keys_are_counted_by_address() {
    let world = World::new().await;
    let limits = [
        ("ARCTIV_LIMITS__USER_PER_MINUTE", "3"),
        ("ARCTIV_LIMITS__WORKSPACE_PER_MINUTE", "8"),
        ("ARCTIV_LIMITS__VISITOR_PER_MINUTE", "2"),
    ];
    let web = world.web_with(&limits).await;
    let owner = Person::register(&web, "client").await;
    let (one, two) = (owner.program(&["content:read"]).await, owner.program(&["media:read"]).await);
    let get = async |who: &Person, path: &str| who.request(Method::GET, path).send().await.unwrap();
    for (left, program) in [(5, &one), (4, &two), (3, &one)] {
        let answer = get(program, "/api/auth/me").await;
        assert_eq!((number(&answer, "x-ratelimit-limit"), number(&answer, "x-ratelimit-remaining")), (8, left));
    }
    // A refusal counts as well.
    assert_eq!(number(&get(&one, "/api/media").await, "x-ratelimit-remaining"), 2);
    // None of it was the person's own.
    let own = get(&owner, "/api/auth/me").await;
    assert_eq!((number(&own, "x-ratelimit-limit"), number(&own, "x-ratelimit-remaining")), (3, 0));
    assert_eq!(get(&two, "/api/auth/me").await.status(), StatusCode::OK);
    assert_eq!(get(&two, "/api/auth/me").await.status(), StatusCode::TOO_MANY_REQUESTS);
    let nobody = Person::with_key(&web.url, &format!("arc_{}", "a".repeat(48)));
    assert_eq!(get(&nobody, "/api/auth/me").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(get(&nobody, "/api/auth/me").await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_counted() {
    let world = World::new().await;
    let limits = [
        ("ARCTIV_LIMITS__USER_PER_MINUTE", "1"),
        ("ARCTIV_LIMITS__UPLOADS_PER_MINUTE", "1"),
        ("ARCTIV_LIMITS__VISITOR_PER_MINUTE", "2"),
    ];
    let web = world.web_with(&limits).await;
    let person = Person::register(&web, "client").await;
    let document: Value =
        client().get(format!("{}/api/openapi.json", web.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!(person.request(Method::GET, "/api/auth/me").send().await.unwrap().status(), StatusCode::OK);
    // Pieces of files have a limit of their own.
    let piece = "/api/media/uploads/0199f2c4-8a31-7c5e-b1d0-4f6a00000009";
    let asked = person.request(Method::GET, piece).send().await.unwrap();
    assert_eq!((asked.status(), number(&asked, "x-ratelimit-limit")), (StatusCode::NOT_FOUND, 1));
    assert_eq!(log_in(&web.url, None).await.status(), StatusCode::UNAUTHORIZED);
    let mut counted = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            // Neither has a body; and what may be sent there is told to everybody.
            if ["head", "options"].contains(&method.as_str()) {
                continue;
            }
            let says = described["responses"]["429"].is_object();
            assert_eq!(says, path.starts_with("/api/"), "{method} {path}");
            if !says {
                continue;
            }
            counted += 1;
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = path.replace("{id}", "0199f2c4-8a31-7c5e-b1d0-4f6a00000009").replace("{platform}", "facebook");
            // Without the header that uploads want: whatever a request is like, it is counted before it is looked at.
            let signed_in = person.request(method.clone(), &path).send().await.unwrap();
            assert_eq!(signed_in.status(), StatusCode::TOO_MANY_REQUESTS, "{method} {path}");
            let visitor = client().request(method.clone(), format!("{}{path}", web.url));
            let visitor = visitor.send().await.unwrap();
            assert_eq!(visitor.status(), StatusCode::TOO_MANY_REQUESTS, "{method} {path} by a visitor");
            assert_eq!(visitor.json::<Value>().await.unwrap()["code"], "RATE_LIMITED");
        }
    }
    assert!(counted > 20, "{counted}");
}
