//! What platforms send of their own accord: over a socket from the sandbox, signed as the networks sign, and forged.

use domain::{Visitor as Caller, accounts::PushEvents};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::net::TcpListener;

use super::{super::PushService, super::PushSetup, *};

/// The program's door for messages, on a socket.
struct Door {
    port: Arc<dyn PushEvents>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn router(port: &Arc<dyn PushEvents>) -> Router {
    let (router, _) = api::push_router::<Arc<dyn PushEvents>>().split_for_parts();
    router.with_state(Arc::clone(port)).layer(from_fn(|mut request: Request, next: Next| async move {
        let request_id = RequestId::parse("req_test").unwrap();
        request.extensions_mut().insert(Caller {
            ip: None,
            user_agent: None,
            request_id,
            browser: domain::Browser::default(),
        });
        next.run(request).await
    }))
}

impl Door {
    /// Opens it, and lets the networks know.
    async fn of(bench: &Bench) -> Self {
        let port: Arc<dyn PushEvents> = Arc::new(PushService::new(PushSetup {
            db: bench.db.clone(),
            clock: bench.clock.clone(),
            platforms: Arc::clone(&bench.platforms),
            public_url: public_url(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/api/webhooks", listener.local_addr().unwrap());
        let served = router(&port);
        let task = tokio::spawn(async move { axum::serve(listener, served).await.unwrap() });
        bench.control.post("settings", &json!({ "webhooks": address })).await.unwrap();
        Self { port, task }
    }

    async fn send(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut request = Request::builder().method("POST").uri(format!("/api/webhooks/{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router(&self.port).oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
    }
}

impl Bench {
    /// What the networks have sent so far.
    async fn sent(&self) -> Vec<Value> {
        self.control.webhooks().await.unwrap()
    }

    /// A person takes access back in a network's settings; waits until the network has been heard.
    async fn take_back(&self, platform: Platform, account: &str) {
        let before = self.sent().await.len();
        let body = json!({"platform": platform.as_str(), "account": account});
        self.control.post("revoke", &body).await.unwrap();
        for _ in 0..100 {
            if self.sent().await.len() > before {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let sent = self.sent().await;
        assert_eq!(sent.last().unwrap()["status"], 200, "{sent:#?}");
        self.run_jobs().await;
    }
}

fn mac(secret: &str, text: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

/// As Meta signs.
fn signed_request(secret: &str, person: &str, at: DateTime<Utc>) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = json!({"algorithm": "HMAC-SHA256", "issued_at": at.timestamp(), "user_id": person}).to_string();
    let payload = URL_SAFE_NO_PAD.encode(payload);
    format!("signed_request={}.{payload}", URL_SAFE_NO_PAD.encode(mac(secret, &payload)))
}

/// As TikTok signs.
fn removed(client: &str, secret: &str, creator: &str, at: DateTime<Utc>) -> (String, String) {
    let body = json!({"client_key": client, "event": "authorization.removed", "create_time": at.timestamp(),
        "user_openid": creator, "content": "{\"reason\":1}"});
    let body = body.to_string();
    let signature = hex::encode(mac(secret, &format!("{}.{body}", at.timestamp())));
    (format!("t={},s={signature}", at.timestamp()), body)
}

async fn grantor(bench: &Bench, id: AccountId) -> String {
    let row = sqlx::query("select grantor from accounts where id = $1").bind(id.0);
    row.fetch_one(&mut bench.database.admin().await.unwrap()).await.unwrap().get(0)
}

#[tokio::test]
async fn access_taken_back_at_a_network_shows_at_once_on_all_it_carried() {
    let bench = Bench::new().await;
    let _door = Door::of(&bench).await;
    let pages =
        bench.connect_as(&bench.admin, Platform::Facebook, Visitor::called("Niamh Doyle")).await.unwrap().accounts;
    let others =
        bench.connect_as(&bench.admin, Platform::Facebook, Visitor::called("Tomás Okafor")).await.unwrap().accounts;
    let instagram = bench.connect(Platform::Instagram, Visitor::called("northwindcoffee")).await;
    let tiktok = bench.connect(Platform::Tiktok, Visitor::called("northwindcoffee")).await;
    assert!(pages.len() == 2 && !others.is_empty());
    let asked = bench.calls("refresh").await;

    bench.take_back(Platform::Facebook, "Niamh Doyle").await;
    for page in &pages {
        let shown = bench.get(page.id).await;
        assert_eq!(shown.status, AccountStatus::ReconnectRequired, "{}", page.display_name);
        assert!(shown.status_reason.unwrap().contains("removed Arctiv"));
        let log = bench.log(page.id).await;
        assert_eq!(log.last().unwrap().0, ConnectionEventType::RevocationDetected);
        revoked(bench.tokens.open(page.id).await);
    }
    for untouched in others.iter().chain([&instagram, &tiktok]) {
        assert_eq!(bench.get(untouched.id).await.status, AccountStatus::Connected, "{untouched:?}");
    }
    bench.take_back(Platform::Instagram, "northwindcoffee").await;
    assert_eq!(bench.get(instagram.id).await.status, AccountStatus::ReconnectRequired);
    bench.take_back(Platform::Tiktok, "northwindcoffee").await;
    let shown = bench.get(tiktok.id).await;
    assert_eq!(shown.status, AccountStatus::ReconnectRequired);
    assert!(shown.status_reason.unwrap().contains("TikTok settings"));
    // Nobody was asked anything: the networks' word is enough.
    assert_eq!(bench.calls("refresh").await, asked);
}

#[tokio::test]
async fn a_message_sent_again_changes_nothing() {
    let bench = Bench::new().await;
    let door = Door::of(&bench).await;
    let visitor = || Visitor::called("northwindcoffee");
    let account = bench.connect(Platform::Tiktok, visitor()).await;
    let creator = grantor(&bench, account.id).await;
    let at = bench.clock.now();
    let (signature, body) = removed(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, &creator, at);
    let send = async || {
        let answer = door.send("tiktok", &[("TikTok-Signature", &signature)], &body).await;
        assert_eq!(answer.status(), StatusCode::OK);
        bench.run_jobs().await;
    };
    for _ in 0..3 {
        send().await;
    }
    assert_eq!(bench.get(account.id).await.status, AccountStatus::ReconnectRequired);
    let lines = |log: &[(ConnectionEventType, Option<String>, Option<u16>)]| {
        log.iter().filter(|line| line.0 == ConnectionEventType::RevocationDetected).count()
    };
    assert_eq!(lines(&bench.log(account.id).await), 1, "said once");

    // Connected again a little later, TikTok sends it once more: two clocks might differ by that much, so it is asked.
    bench.clock.advance(Duration::minutes(2));
    assert_eq!(bench.connect(Platform::Tiktok, visitor()).await.id, account.id);
    let asked = bench.calls("identity").await;
    send().await;
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected);
    assert_eq!(bench.calls("identity").await, asked + 1);
    // And much later it is old news.
    bench.clock.advance(Duration::hours(1));
    bench.connect(Platform::Tiktok, visitor()).await;
    let asked = bench.calls("identity").await;
    send().await;
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected);
    assert_eq!((bench.calls("identity").await, lines(&bench.log(account.id).await)), (asked, 1));
    // Days old, it is not taken at all.
    bench.clock.advance(Duration::days(4));
    let late = door.send("tiktok", &[("TikTok-Signature", &signature)], &body).await;
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn forged_and_foreign_messages_do_nothing() {
    let bench = Bench::new().await;
    let door = Door::of(&bench).await;
    let facebook = bench
        .connect(Platform::Facebook, Visitor::called("Niamh Doyle").only_pages(["Northwind Coffee Roasters"]))
        .await;
    let tiktok = bench.connect(Platform::Tiktok, Visitor::called("northwindcoffee")).await;
    let (person, creator) = (grantor(&bench, facebook.id).await, grantor(&bench, tiktok.id).await);
    let now = bench.clock.now();
    let good = signed_request(DEMO_CLIENT_SECRET, &person, now);
    for body in [
        signed_request("another app's secret", &person, now),
        signed_request(PARTNER_CLIENT_SECRET, &person, now),
        good.replace("signed_request=", "signed_request=A"),
        good.replace("signed_request=", "other="),
        good.split('.').next().unwrap().to_owned(),
        format!("signed_request=.{}", good.split('.').nth(1).unwrap()),
        String::new(),
        signed_request(DEMO_CLIENT_SECRET, &person, now - Duration::days(30)),
        signed_request(DEMO_CLIENT_SECRET, &person, now + Duration::hours(1)),
    ] {
        for path in ["facebook", "facebook/data-deletion"] {
            let refused = door.send(path, &[], &body).await;
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{path} {body}");
            assert_eq!(json_of(refused).await["code"], "UNAUTHORIZED");
        }
    }
    for (client, secret) in [
        (DEMO_CLIENT_ID, "another app's secret"),
        (PARTNER_CLIENT_ID, PARTNER_CLIENT_SECRET),
        // Signed with our secret, and still for somebody else.
        (PARTNER_CLIENT_ID, DEMO_CLIENT_SECRET),
    ] {
        let (signature, body) = removed(client, secret, &creator, now);
        let refused = door.send("tiktok", &[("TikTok-Signature", &signature)], &body).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{client}");
    }
    let (signature, body) = removed(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, &creator, now);
    let other = body.replace(&creator, "somebody else");
    for (headers, body) in [
        (vec![], body.as_str()),
        (vec![("TikTok-Signature", signature.as_str())], other.as_str()),
        (vec![("Cookie", signature.as_str())], body.as_str()),
    ] {
        assert_eq!(door.send("tiktok", &headers, body).await.status(), StatusCode::UNAUTHORIZED);
    }
    // Signed, and nothing that is documented.
    let nonsense = "[]";
    let signature = hex::encode(mac(DEMO_CLIENT_SECRET, &format!("{}.{nonsense}", now.timestamp())));
    let header = format!("t={},s={signature}", now.timestamp());
    let unreadable = door.send("tiktok", &[("TikTok-Signature", &header)], nonsense).await;
    assert_eq!(unreadable.status(), StatusCode::BAD_REQUEST);
    assert!(json_of(unreadable).await["details"]["fields"]["body"].is_string());
    // Networks that send nothing, and none at all.
    for path in ["twitter", "mastodon", "google_ads", "myspace", "twitter/data-deletion", "tiktok/data-deletion"] {
        let absent = door.send(path, &[], &good).await.status();
        assert!(matches!(absent, StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED), "{path}: {absent}");
    }
    // Of somebody we do not know.
    let stranger = door.send("facebook", &[], &signed_request(DEMO_CLIENT_SECRET, "17", now)).await;
    assert_eq!(stranger.status(), StatusCode::OK);
    bench.run_jobs().await;
    for id in [facebook.id, tiktok.id] {
        assert_eq!(bench.get(id).await.status, AccountStatus::Connected);
    }
    assert!(bench.waiting().await.is_empty());
    assert_eq!(door.send("facebook", &[], &good).await.status(), StatusCode::OK);
    bench.run_jobs().await;
    assert_eq!(bench.get(facebook.id).await.status, AccountStatus::ReconnectRequired);
}

#[tokio::test]
async fn whoever_wants_to_be_forgotten_is() {
    let bench = Bench::new().await;
    let door = Door::of(&bench).await;
    let connect = async || {
        bench.connect_as(&bench.admin, Platform::Facebook, Visitor::called("Niamh Doyle")).await.unwrap().accounts
    };
    let pages = connect().await;
    bench.accounts.unlink(&bench.admin, pages[0].id).await.unwrap();
    let person = grantor(&bench, pages[1].id).await;

    // As Meta asks it, and answered as Meta wants it answered.
    let wish = json!({"platform": "facebook", "account": "Niamh Doyle"});
    let asked = bench.control.post("delete-data", &wish).await.unwrap();
    let answer = &asked["answers"][0];
    let code = answer["confirmation_code"].as_str().unwrap().to_owned();
    let url = answer["url"].as_str().unwrap();
    assert!(url.starts_with(public_url().as_str()) && url.ends_with(&code), "{url}");
    let ask = async |code: &str| {
        let request = Request::builder().uri(format!("/api/data-deletions/{code}")).body(Body::empty()).unwrap();
        router(&door.port).oneshot(request).await.unwrap()
    };
    assert_eq!(json_of(ask(&code).await).await["data"]["completed_at"], Value::Null);
    bench.run_jobs().await;
    let done = json_of(ask(&code).await).await;
    assert!(done["data"]["completed_at"].is_string() && done["data"]["platform"] == "facebook", "{done}");
    for nobodys in ["", "x", "%00", "no-such-code-at-all-here", &"a".repeat(100)] {
        assert_eq!(ask(nobodys).await.status(), StatusCode::NOT_FOUND, "{nobodys}");
    }

    // Nothing of them is left, of the unlinked page either; what the workspace wrote itself stays.
    for page in &pages {
        assert!(!bench.has_tokens(page.id).await);
        let shown = bench.get(page.id).await;
        assert_eq!((shown.status, shown.handle, shown.avatar_url), (AccountStatus::Disconnected, None, None));
        assert_eq!(shown.display_name, "Deleted account");
        assert!(!shown.external_account_id.contains(&page.external_account_id) && shown.scopes.is_empty());
        assert_eq!(grantor(&bench, page.id).await, "");
        let last = bench.log(page.id).await.pop().unwrap();
        assert!(last.1.unwrap().contains("at the request of the person"));
    }
    let kept: i64 =
        sqlx::query_scalar("select count(*) from data_deletions where person_hash = convert_to($1, 'UTF8')")
            .bind(&person)
            .fetch_one(&mut bench.database.admin().await.unwrap())
            .await
            .unwrap();
    assert_eq!(kept, 0, "the person's id is kept as it is");

    // The same request again is the same request; one that connects anew afterwards is somebody new.
    let at = bench.clock.now() - Duration::minutes(1);
    let request = signed_request(DEMO_CLIENT_SECRET, &person, at);
    let mut codes = Vec::new();
    for _ in 0..2 {
        let answer = json_of(door.send("facebook/data-deletion", &[], &request).await).await;
        codes.push(answer["confirmation_code"].as_str().unwrap().to_owned());
    }
    assert!(codes[0] == codes[1] && codes[0] != code, "{codes:?}");
    bench.run_jobs().await;
    bench.clock.advance(Duration::hours(1));
    let anew = connect().await;
    assert!(anew.iter().all(|account| pages.iter().all(|page| page.id != account.id)));
    door.send("facebook/data-deletion", &[], &request).await;
    bench.run_jobs().await;
    for account in anew {
        assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected, "an old wish takes nothing new away");
    }
}
