//! Signing in by way of an OpenID Connect provider, through a real server and the sandbox's provider: who comes in, who does not,
//! and whatever can be wrong with what the provider says.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a walkthrough stops where it cannot go on")]

mod support;

use reqwest::{Method, StatusCode, header};
use sandbox::driver::Identified;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use support::{Person, Web, World, client};

/// A browser, with the cookies it has been given.
#[derive(Clone, Default)]
struct Browser {
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Where it is led to.
    async fn open(&mut self, url: &str) -> String {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = client().get(url).header(header::COOKIE, cookies.join("; ")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{url}");
        for given in answer.headers().get_all(header::SET_COOKIE) {
            let (name, rest) = given.to_str().unwrap().split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap();
            assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"), "{attributes}");
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// Presses the button.
    async fn start(&mut self, web: &Web, query: &str) -> String {
        self.open(&format!("{}/api/auth/oidc/start{query}", web.url)).await
    }

    /// All the way; where it ends up.
    async fn sign_in(&mut self, web: &Web, who: &Identified) -> String {
        let there = self.start(web, "").await;
        let back = who.sign_in(&there).await.unwrap();
        self.open(back.as_str()).await
    }

    fn person(&self, web: &Web) -> Person {
        Person::with(web, &format!("arctiv_session={}", self.cookie("arctiv_session").unwrap()))
    }
}

async fn me(browser: &Browser, web: &Web) -> Value {
    browser.person(web).get("/api/auth/me").await["data"].clone()
}

async fn sql(admin: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(admin).await.unwrap();
}

/// Somebody with a password; their email.
async fn registered(web: &Web) -> (Person, String) {
    let person = Person::register(web, "client").await;
    let email = person.get("/api/auth/me").await["data"]["user"]["email"].as_str().unwrap().to_owned();
    (person, email)
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_new_is_registered_and_comes_back_as_the_same() {
    let world = World::new().await;
    let web = world.web().await;
    let who = Identified::with("Saoirse@Walk.example");
    let mut browser = Browser::default();
    let there = browser.start(&web, "?role=agency&next=/posts%3Fq%3Da").await;
    for part in ["response_type=code", "scope=openid", "state=", "nonce=", "code_challenge_method=S256"] {
        assert!(there.contains(part), "{part} missing in {there}");
    }
    let back = who.sign_in(&there).await.unwrap();
    assert_eq!(browser.open(back.as_str()).await, "/posts?q=a");
    assert_eq!(browser.cookie("arctiv_sign_in"), None, "used up");
    let first = me(&browser, &web).await;
    assert_eq!(first["user"]["email"], "saoirse@walk.example");
    assert_eq!((&first["user"]["full_name"], &first["role"]), (&json!("Saoirse Byrne"), &json!("admin")));
    assert_eq!((&first["workspace"]["kind"], &first["user"]["email_confirmed"]), (&json!("agency"), &json!(true)));

    let mut again = Browser::default();
    assert_eq!(again.sign_in(&web, &who).await, "/dashboard/agency");
    assert_eq!(me(&again, &web).await["user"]["id"], first["user"]["id"]);
    let audit = browser.person(&web).get("/api/audit?action=user.provider_linked").await;
    assert_eq!(audit["page"]["total"], 1, "{audit}");

    // An address that the provider does not vouch for is confirmed by our own letter.
    let mut other = Browser::default();
    let unsure = Identified { verified: false, ..Identified::with("unsure@walk.example") };
    assert_eq!(other.sign_in(&web, &unsure).await, "/dashboard/client");
    assert_eq!(me(&other, &web).await["user"]["email_confirmed"], false);
    let mut admin = world.database().admin().await.unwrap();
    let letters: i64 = sqlx::query_scalar("select count(*) from mails where recipient = 'unsure@walk.example'")
        .fetch_one(&mut admin)
        .await
        .unwrap();
    assert_eq!(letters, 1);
    // Nothing kept opens anything.
    let kept: String =
        sqlx::query_scalar("select string_agg(s::text, '') from oidc_states s").fetch_one(&mut admin).await.unwrap();
    let state = url::Url::parse(&there).unwrap();
    let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    assert!(!kept.contains(&state));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_linked_only_when_its_address_is_confirmed_on_both_sides() {
    let world = World::new().await;
    let web = world.web().await;
    let mut admin = world.database().admin().await.unwrap();
    let (person, email) = registered(&web).await;
    let own = person.get("/api/auth/me").await["data"]["user"]["id"].clone();
    let (sure, unsure) = (Identified::with(&email), Identified { verified: false, ..Identified::with(&email) });
    // Confirmed by the provider alone.
    assert_eq!(Browser::default().sign_in(&web, &sure).await, "/login?problem=unconfirmed");
    sql(&mut admin, &format!("update users set email_confirmed_at = now() where email = '{email}'")).await;
    // Confirmed by us alone.
    assert_eq!(Browser::default().sign_in(&web, &unsure).await, "/login?problem=unconfirmed");
    let mut browser = Browser::default();
    assert_eq!(browser.sign_in(&web, &sure).await, "/dashboard/client");
    assert_eq!(me(&browser, &web).await["user"]["id"], own);
    // From then on it is the provider's id that counts, whatever the address.
    assert_eq!(Browser::default().sign_in(&web, &unsure).await, "/dashboard/client");
    let record = person.get("/api/audit?action=session.refused").await;
    assert_eq!(record["page"]["total"], 2, "{record}");

    // The address has come to belong to somebody else there.
    sql(&mut admin, "update user_identities set subject = 'somebody else'").await;
    assert_eq!(Browser::default().sign_in(&web, &sure).await, "/login?problem=somebody_else");
    sql(
        &mut admin,
        &format!("delete from user_identities; update users set is_active = false where email = '{email}'"),
    )
    .await;
    assert_eq!(Browser::default().sign_in(&web, &sure).await, "/login?problem=closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_is_good_once_for_ten_minutes_in_the_browser_that_began() {
    let world = World::new().await;
    let web = world.web().await;
    let mut admin = world.database().admin().await.unwrap();
    let who = Identified::with("saoirse@walk.example");
    let mut browser = Browser::default();
    let there = browser.start(&web, "").await;
    let back = who.sign_in(&there).await.unwrap();
    // Another browser, one without a cookie, and one that has begun a sign-in of its own.
    let mut other = Browser::default();
    assert_eq!(other.open(back.as_str()).await, "/login?problem=expired");
    other.start(&web, "").await;
    assert_eq!(other.open(back.as_str()).await, "/login?problem=expired");
    let before = browser.clone();
    assert_eq!(browser.open(back.as_str()).await, "/dashboard/client");
    assert_eq!(before.clone().open(back.as_str()).await, "/login?problem=expired", "used before");

    // Two at once: one gets in.
    let mut browser = Browser::default();
    let back = who.sign_in(&browser.start(&web, "").await).await.unwrap();
    let tries = (0..6).map(|_| {
        let (mut browser, back) = (browser.clone(), back.clone());
        tokio::spawn(async move { browser.open(back.as_str()).await })
    });
    let mut ended = Vec::new();
    for attempt in tries.collect::<Vec<_>>() {
        ended.push(attempt.await.unwrap());
    }
    assert_eq!(ended.iter().filter(|to| *to == "/dashboard/client").count(), 1, "{ended:?}");

    let mut late = Browser::default();
    let back = who.sign_in(&late.start(&web, "").await).await.unwrap();
    let lives: bool =
        sqlx::query_scalar("select bool_and(expires_at - created_at = interval '10 minutes') from oidc_states")
            .fetch_one(&mut admin)
            .await
            .unwrap();
    assert!(lives);
    sql(&mut admin, "update oidc_states set expires_at = now() - interval '1 second'").await;
    assert_eq!(late.open(back.as_str()).await, "/login?problem=expired");

    // A code of another sign-in: its challenge is not this browser's.
    let (mut one, mut two) = (Browser::default(), Browser::default());
    let stolen = who.sign_in(&one.start(&web, "").await).await.unwrap();
    let mut mine = who.sign_in(&two.start(&web, "").await).await.unwrap();
    let code = stolen.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let pairs: Vec<(String, String)> = mine
        .query_pairs()
        .into_owned()
        .map(|(name, value)| if name == "code" { (name, code.clone()) } else { (name, value) })
        .collect();
    mine.query_pairs_mut().clear().extend_pairs(pairs);
    assert_eq!(two.open(mine.as_str()).await, "/login?problem=untrusted");

    let mut browser = Browser::default();
    let there = browser.start(&web, "").await;
    let back = who.refuse(&there).await.unwrap();
    assert_eq!(browser.open(back.as_str()).await, "/login?problem=refused");
    // Foreign places are not led to.
    let mut browser = Browser::default();
    let back = who.sign_in(&browser.start(&web, "?next=//evil.example").await).await.unwrap();
    assert_eq!(browser.open(back.as_str()).await, "/dashboard/client");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_says_wrongly_opens_nothing() {
    let world = World::new().await;
    let web = world.web().await;
    let control = world.sandbox.control().unwrap();
    let who = Identified::with("saoirse@walk.example");
    for (fault, problem) in [
        ("wrong_nonce", "untrusted"),
        ("wrong_audience", "untrusted"),
        ("wrong_issuer", "untrusted"),
        ("expired", "untrusted"),
        ("wrong_key", "untrusted"),
        ("unsigned", "untrusted"),
        ("no_token", "away"),
        ("no_email", "no_email"),
        ("down", "away"),
    ] {
        let mut browser = Browser::default();
        let there = browser.start(&web, "").await;
        control.post("oidc", &json!({ "fault": fault })).await.unwrap();
        let back = who.sign_in(&there).await.unwrap();
        assert_eq!(browser.open(back.as_str()).await, format!("/login?problem={problem}"), "{fault}");
        assert_eq!(browser.cookie("arctiv_session"), None, "{fault}");
    }
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        control.post("oidc", &json!({ "algorithm": algorithm })).await.unwrap();
        assert_eq!(Browser::default().sign_in(&web, &who).await, "/dashboard/client", "{algorithm}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_is_said_and_without_one_there_is_no_button() {
    let world = World::new().await;
    let web = world.web().await;
    world.sandbox.control().unwrap().post("oidc", &json!({ "fault": "all_down" })).await.unwrap();
    assert_eq!(Browser::default().start(&web, "").await, "/login?problem=away");
    let page = async |web: &Web, path: &str| {
        let page = client().get(format!("{}{path}", web.url)).header(header::ACCEPT, "text/html").send().await.unwrap();
        page.text().await.unwrap()
    };
    assert!(page(&web, "/login").await.contains("/api/auth/oidc/start"));
    assert!(page(&web, "/register").await.contains("/api/auth/oidc/start?role=client"));
    assert!(page(&web, "/login?problem=away").await.contains("The sign-in service cannot be reached"));
    // A provider in a private network is not called unless that is allowed.
    let strict = world.web_with(&[
        ("ARCTIV_OIDC__ALLOW_PRIVATE_NETWORKS", "false"),
        ("ARCTIV_OIDC__ISSUER", "https://127.0.0.1/oidc"),
    ]);
    assert_eq!(Browser::default().start(&strict.await, "").await, "/login?problem=away");

    let unset = [("ARCTIV_OIDC__ISSUER", ""), ("ARCTIV_OIDC__CLIENT_ID", ""), ("ARCTIV_OIDC__CLIENT_SECRET", "")];
    let web = world.web_with(&unset).await;
    for path in ["start", "callback"] {
        let answer = client().request(Method::GET, format!("{}/api/auth/oidc/{path}", web.url)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert!(!page(&web, "/login").await.contains("/api/auth/oidc"));
}
