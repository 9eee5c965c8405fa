//! The adapter against a server that expects exactly an instance's requests.

use domain::{Platform, deliveries::ErrorClass, platform::Audience};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, method, path, query_param},
};

use crate::{
    Account, AccountKind, AuthorizeRequest, ExchangeRequest, Finding, MediaItem, Pkce, Probe, Progress, PublishRequest,
    RevokeReach, SettingsError,
    testing::{
        ACCESS_TOKEN, CLIENT_SECRET, adapter, assert_no_secret, calls, form, http_with, noon, pairs, picture,
        picture_bytes, post, query, settings, video, video_bytes,
    },
};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

async fn on(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    let at = format!("/mastodon{at}");
    Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(server).await;
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

/// An account of this instance.
fn account(server: &MockServer) -> Account {
    let mut account = crate::testing::account(&format!("42@{}", server.address()), AccountKind::Profile);
    account.tokens.refresh_token = None;
    account
}

fn status(id: &str, content: &str) -> Value {
    json!({"id": id, "url": format!("https://m.example/@niamh/{id}"), "content": content, "visibility": "public",
        "created_at": "2026-11-20T12:00:03.000Z", "media_attachments": []})
}

fn me() -> Value {
    json!({"id": "42", "username": "niamh", "acct": "niamh", "display_name": "Niamh Doyle",
        "url": "https://m.example/@niamh", "avatar": "https://files.m.example/a.png"})
}

fn token(scope: &str) -> ResponseTemplate {
    ok(json!({"access_token": "new-access", "token_type": "Bearer", "scope": scope, "created_at": 1}))
}

fn key(request: &Request) -> &str {
    request.headers["idempotency-key"].to_str().unwrap()
}

#[tokio::test]
async fn the_consent_page_is_asked_with_pkce() {
    let server = MockServer::start().await;
    let pkce = Pkce::from_verifier(VERIFIER.into());
    let adapter = adapter(Platform::Mastodon, &server);
    let url = adapter.authorize_url(&AuthorizeRequest { state: "s&t", pkce: Some(&pkce), again: false });
    assert_eq!(url.path(), "/mastodon/oauth/authorize");
    assert_eq!(
        query(&url),
        pairs(&[
            ("response_type", "code"),
            ("client_id", "client-id"),
            ("redirect_uri", "https://arctiv.example/api/oauth/mastodon/callback"),
            ("scope", "profile read:statuses write:statuses write:media"),
            ("state", "s&t"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ])
    );
    assert!(adapter.traits().pkce && !adapter.traits().rotates);
    assert_eq!(adapter.traits().revokes, RevokeReach::Account);
}

#[tokio::test]
async fn a_code_becomes_an_account_of_its_instance() {
    let server = MockServer::start().await;
    on(&server, "POST", "/oauth/token", token("profile read:statuses write:statuses write:media")).await;
    Mock::given(method("GET"))
        .and(path("/mastodon/api/v1/accounts/verify_credentials"))
        .and(header("authorization", "Bearer new-access"))
        .respond_with(ok(me()))
        .mount(&server)
        .await;
    let pkce = Pkce::from_verifier(VERIFIER.into());
    let exchange = adapter(Platform::Mastodon, &server)
        .exchange(&ExchangeRequest { code: &"the-code".into(), pkce: Some(&pkce) })
        .await
        .unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(
        form(&requests[0]),
        pairs(&[
            ("client_id", "client-id"),
            ("client_secret", CLIENT_SECRET),
            ("grant_type", "authorization_code"),
            ("code", "the-code"),
            ("redirect_uri", "https://arctiv.example/api/oauth/mastodon/callback"),
            ("scope", "profile read:statuses write:statuses write:media"),
            ("code_verifier", VERIFIER),
        ])
    );
    let [grant] = exchange.grants.try_into().unwrap();
    assert_eq!(grant.profile.external_id, format!("42@{}", server.address()));
    assert_eq!(grant.profile.display_name, "Niamh Doyle");
    assert_eq!(grant.profile.handle.as_deref(), Some("@niamh@m.example"));
    assert_eq!(grant.profile.avatar_url.as_deref(), Some("https://files.m.example/a.png"));
    assert_eq!(grant.tokens.access_token.expose_secret(), "new-access");
    assert!(grant.tokens.refresh_token.is_none() && grant.tokens.expires_at.is_none());
    assert!(grant.missing_scopes.is_empty());
}

#[rstest]
#[case("read write", None)]
#[case("profile write:statuses write:media", Some(("read:statuses", false)))]
#[case("profile read:statuses write:media", Some(("write:statuses", true)))]
#[tokio::test]
async fn scopes_are_compared_with_what_covers_them(#[case] granted: &str, #[case] missed: Option<(&str, bool)>) {
    let server = MockServer::start().await;
    on(&server, "POST", "/oauth/token", token(granted)).await;
    on(&server, "GET", "/api/v1/accounts/verify_credentials", ok(me())).await;
    let exchange = adapter(Platform::Mastodon, &server)
        .exchange(&ExchangeRequest { code: &"the-code".into(), pkce: None })
        .await
        .unwrap();
    let missing = &exchange.grants[0].missing_scopes;
    assert_eq!(missing.first().map(|missing| (missing.scope.as_str(), missing.needed_to_publish)), missed);
    assert_eq!(missing.len(), usize::from(missed.is_some()));
}

#[rstest]
#[case(400, json!({"error": "invalid_grant"}), ErrorClass::Validation)]
#[case(401, json!({"error": "invalid_client"}), ErrorClass::Operator)]
#[case(400, json!({"error": "invalid_scope"}), ErrorClass::Operator)]
#[case(503, json!({}), ErrorClass::Transient)]
#[case(200, json!({"token_type": "Bearer"}), ErrorClass::Transient)]
#[tokio::test]
async fn a_code_that_is_not_taken(#[case] status: u16, #[case] body: Value, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    on(&server, "POST", "/oauth/token", ResponseTemplate::new(status).set_body_json(body)).await;
    let error = adapter(Platform::Mastodon, &server)
        .exchange(&ExchangeRequest { code: &"the-code".into(), pkce: None })
        .await
        .unwrap_err();
    assert_eq!(error.class, expected);
    let shown = format!("{error:?} {:?}", error.trace);
    assert_no_secret(&shown);
    assert!(!shown.contains("the-code"), "{shown}");
}

#[tokio::test]
async fn an_account_is_asked_whether_it_is_still_there() {
    let server = MockServer::start().await;
    on(&server, "GET", "/api/v1/accounts/verify_credentials", ok(me())).await;
    let (adapter, account) = (adapter(Platform::Mastodon, &server), account(&server));
    assert_eq!(adapter.probe(&account).await.unwrap(), Probe::Alive { scopes: None, expires_at: None });
    // There is nothing to renew with, and nobody is asked.
    assert_eq!(adapter.refresh(&account).await.unwrap_err().class, ErrorClass::AuthExpired);
    assert_eq!(calls(&server).await.len(), 1);
    server.reset().await;
    on(&server, "GET", "/api/v1/accounts/verify_credentials", ResponseTemplate::new(401)).await;
    let error = adapter.probe(&account).await.unwrap_err();
    assert!(error.is_about_access(), "{error:?}");
}

#[tokio::test]
async fn no_other_instance_gets_an_accounts_token() {
    let server = MockServer::start().await;
    let adapter = adapter(Platform::Mastodon, &server);
    for external_id in ["42@elsewhere.example", "42", "42@"] {
        let account = crate::testing::account(external_id, AccountKind::Profile);
        let request = post(account.clone(), "Hello", Vec::new());
        for error in [
            adapter.identify(&account).await.unwrap_err(),
            adapter.probe(&account).await.unwrap_err(),
            adapter.revoke(&account).await.unwrap_err(),
            adapter.stage(&request, None).await.unwrap_err(),
            adapter.commit(&request, &json!({})).await.unwrap_err(),
            adapter.find_published(&request, None, &[]).await.unwrap_err(),
            adapter.comment(&account, "7", "More").await.unwrap_err(),
        ] {
            assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Operator, Some("other_instance")));
        }
    }
    assert!(calls(&server).await.is_empty());
}

#[test]
fn the_instance_is_a_setting_of_platforms_that_have_some() {
    let at = |platform| {
        let redirect_uri = "https://arctiv.example/callback".parse().unwrap();
        let settings = crate::PlatformSettings::new(platform, "id", "secret".into(), redirect_uri).unwrap();
        settings.at_instance(&"https://fosstodon.example".parse().unwrap())
    };
    assert_eq!(at(Platform::Mastodon).unwrap().base_urls.api.as_str(), "https://fosstodon.example/");
    assert_eq!(at(Platform::Twitter).unwrap_err(), SettingsError::NoInstances(Platform::Twitter));
    assert!(crate::has_instances(Platform::Mastodon) && !crate::has_instances(Platform::Facebook));
}

#[tokio::test]
async fn access_is_given_back() {
    let server = MockServer::start().await;
    on(&server, "POST", "/oauth/revoke", ok(json!({}))).await;
    adapter(Platform::Mastodon, &server).revoke(&account(&server)).await.unwrap();
    let sent = form(&server.received_requests().await.unwrap()[0]);
    let expected = [("client_id", "client-id"), ("client_secret", CLIENT_SECRET), ("token", ACCESS_TOKEN)];
    assert_eq!(sent, pairs(&expected));
}

#[rstest]
#[case(None, "public")]
#[case(Some(Audience::Unlisted), "unlisted")]
#[case(Some(Audience::Followers), "private")]
#[tokio::test]
async fn a_text_goes_out_in_one_call(#[case] audience: Option<Audience>, #[case] visibility: &str) {
    let server = MockServer::start().await;
    let answer = ok(status("7", "<p>Hello</p>")).insert_header("x-ratelimit-remaining", "299");
    on(&server, "POST", "/api/v1/statuses", answer).await;
    let adapter = adapter(Platform::Mastodon, &server);
    let mut request = post(account(&server), "Hello https://arctiv.example", Vec::new());
    request.options.audience = audience;
    let staged = adapter.stage(&request, None).await.unwrap();
    assert_eq!((staged.progress, staged.traces.len()), (Progress::Ready, 0));
    let published = adapter.commit(&request, &staged.state).await.unwrap();
    assert_eq!((published.external_id.as_str(), published.rate.remaining), ("7", Some(299)));
    assert_eq!(published.url.as_deref(), Some("https://m.example/@niamh/7"));
    assert_no_secret(&serde_json::to_string(&published.trace).unwrap());
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1, "a commit is one request");
    assert_eq!(requests[0].headers["authorization"], format!("Bearer {ACCESS_TOKEN}"));
    let expected = [("visibility", visibility), ("status", "Hello https://arctiv.example")];
    assert_eq!(form(&requests[0]), pairs(&expected));
}

#[tokio::test]
async fn every_try_of_a_delivery_brings_the_same_key_and_no_other_delivery_does() {
    let server = MockServer::start().await;
    on(&server, "POST", "/api/v1/statuses", ResponseTemplate::new(503)).await;
    let adapter = adapter(Platform::Mastodon, &server);
    let first = post(account(&server), "Hello", Vec::new());
    let state = adapter.stage(&first, None).await.unwrap().state;
    let unknown = adapter.commit(&first, &state).await.unwrap_err();
    assert_eq!(unknown.class, ErrorClass::OutcomeUnknown);
    // A later try knows when the first one reached for the commit, and stages from what was saved.
    let later = PublishRequest { started_at: noon() + chrono::Duration::minutes(3), ..first.clone() };
    let again = adapter.stage(&later, Some(&state)).await.unwrap().state;
    assert_eq!(again, state);
    adapter.commit(&later, &again).await.unwrap_err();
    // The same words later on, and other words.
    for other in [later, post(account(&server), "Hello!", Vec::new())] {
        let state = adapter.stage(&other, None).await.unwrap().state;
        adapter.commit(&other, &state).await.unwrap_err();
    }
    let requests = server.received_requests().await.unwrap();
    let keys: Vec<&str> = requests.iter().map(key).collect();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0].len(), 64);
    let mut others = keys[1..].to_vec();
    others.sort_unstable();
    others.dedup();
    assert_eq!(others.len(), 3, "{keys:?}");
}

#[tokio::test]
async fn pictures_go_up_one_after_the_other_with_their_alt_texts() {
    let server = MockServer::start().await;
    let bearer = format!("Bearer {ACCESS_TOKEN}");
    for id in ["m1", "m2"] {
        Mock::given(method("POST"))
            .and(path("/mastodon/api/v2/media"))
            .and(header("authorization", bearer.as_str()))
            .respond_with(ok(json!({"id": id, "type": "image", "url": "https://files.m.example/x.png"})))
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    on(&server, "POST", "/api/v1/statuses", ok(status("7", ""))).await;
    let adapter = adapter(Platform::Mastodon, &server);
    let media = vec![picture(1_500, Some("A harbour")), picture(10, Some("  "))];
    let request = post(account(&server), "", media);
    let first = adapter.stage(&request, None).await.unwrap();
    assert_eq!((first.progress, first.traces.len()), (Progress::More, 1));
    assert_no_secret(&serde_json::to_string(&first.traces).unwrap());
    let second = adapter.stage(&request, Some(&first.state)).await.unwrap();
    assert_eq!(second.progress, Progress::Ready);
    let again = adapter.stage(&request, Some(&second.state)).await.unwrap();
    assert_eq!((again.progress, again.traces.len()), (Progress::Ready, 0));
    adapter.commit(&request, &second.state).await.unwrap();

    let requests = server.received_requests().await.unwrap();
    for (request, size, alt) in [(&requests[0], 1_500, Some("A harbour")), (&requests[1], 10, None)] {
        let body = String::from_utf8_lossy(&request.body);
        assert!(body.contains("name=\"file\"; filename=\"media.png\"\r\nContent-Type: image/png"), "{body}");
        assert_eq!(picture_bytes(&request.body), size);
        assert_eq!(body.contains("name=\"description\""), alt.is_some());
        assert!(alt.is_none_or(|alt| body.contains(alt)));
    }
    assert_eq!(form(&requests[2]), pairs(&[("visibility", "public"), ("media_ids[]", "m1"), ("media_ids[]", "m2")]));
}

#[tokio::test]
async fn a_video_is_streamed_and_waited_for() {
    let server = MockServer::start().await;
    let size = 700_000;
    let taken = ResponseTemplate::new(202).set_body_json(json!({"id": "m1", "type": "video", "url": null}));
    on(&server, "POST", "/api/v2/media", taken).await;
    Mock::given(method("GET"))
        .and(path("/mastodon/api/v1/media/m1"))
        .respond_with(ResponseTemplate::new(206).set_body_json(json!({"id": "m1", "url": null})))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    on(&server, "GET", "/api/v1/media/m1", ok(json!({"id": "m1", "url": "https://files.m.example/v.mp4"}))).await;
    let adapter = adapter(Platform::Mastodon, &server);
    let request = post(account(&server), "Hello", vec![video(size)]);
    let mut state = None;
    let mut steps = Vec::new();
    while steps.last() != Some(&Progress::Ready) {
        let staged = adapter.stage(&request, state.as_ref()).await.unwrap();
        if staged.progress != Progress::Ready {
            let early = adapter.commit(&request, &staged.state).await.unwrap_err();
            assert_eq!((early.class, early.code.as_deref()), (ErrorClass::Operator, Some("not_staged")));
        }
        steps.push(staged.progress);
        state = Some(staged.state);
    }
    let wait = Progress::Wait { after: std::time::Duration::from_secs(2) };
    assert_eq!(steps, [wait, wait, Progress::Ready]);
    assert_eq!(calls(&server).await, ["POST /api/v2/media", "GET /api/v1/media/m1", "GET /api/v1/media/m1"]);
    let requests = server.received_requests().await.unwrap();
    let bytes = video_bytes(0..size);
    assert!(requests[0].body.windows(size).any(|window| window == bytes), "other bytes");
}

#[rstest]
#[case(422, ErrorClass::MediaInvalid)]
#[case(404, ErrorClass::Transient)]
#[tokio::test]
async fn a_video_that_is_lost_is_staged_anew(#[case] status: u16, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    on(&server, "GET", "/api/v1/media/m1", ResponseTemplate::new(status).set_body_json(json!({"error": "…"}))).await;
    let saved = json!({"format": "mastodon/1", "key": "k", "staged_at": "2026-11-20T11:59:00Z",
        "media": [{"id": "m1", "ready": false}]});
    let request = post(account(&server), "Hello", vec![video(10)]);
    let error = adapter(Platform::Mastodon, &server).stage(&request, Some(&saved)).await.unwrap_err();
    assert_eq!((error.class, error.stale), (expected, true));
}

#[tokio::test]
async fn files_about_to_be_swept_away_are_sent_anew_under_the_same_key() {
    let server = MockServer::start().await;
    on(&server, "POST", "/api/v2/media", ok(json!({"id": "m2"}))).await;
    let saved = json!({"format": "mastodon/1", "key": "k", "staged_at": "2026-11-19T15:00:00Z",
        "media": [{"id": "m1", "ready": true}]});
    let request = post(account(&server), "Hello", vec![picture(10, None)]);
    let staged = adapter(Platform::Mastodon, &server).stage(&request, Some(&saved)).await.unwrap();
    assert_eq!((&staged.state["media"][0]["id"], &staged.state["key"]), (&json!("m2"), &json!("k")));
}

#[tokio::test]
async fn a_post_is_found_again_over_several_pages() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/mastodon/api/v1/accounts/42/statuses"))
        .and(query_param("max_id", "9"))
        .respond_with(ok(json!([status("8", "<p>Fish &amp; chips<br />@tomas</p>")])))
        .mount(&server)
        .await;
    on(&server, "GET", "/api/v1/accounts/42/statuses", ok(json!([status("9", "<p>Something else</p>")]))).await;
    let adapter = adapter(Platform::Mastodon, &server);
    let request = post(account(&server), "Fish & chips\n@tomas@kestrel.example", Vec::new());
    let finding = adapter.find_published(&request, None, &[]).await.unwrap();
    let Finding::Found { external_id, url, published_at } = finding else { panic!("{finding:?}") };
    assert_eq!((external_id.as_str(), url.as_deref()), ("8", Some("https://m.example/@niamh/8")));
    assert_eq!(published_at, Some(noon() + chrono::Duration::seconds(3)));
    let requests = server.received_requests().await.unwrap();
    assert_eq!(query(&requests[0].url), pairs(&[("limit", "40"), ("exclude_reblogs", "true")]));
    // Accounted for already, it is not this one; and the list never ends, which proves nothing.
    let endless = adapter.find_published(&request, None, &["8".into()]).await.unwrap();
    assert!(matches!(endless, Finding::CannotTell { .. }), "{endless:?}");
}

#[tokio::test]
async fn a_list_back_to_the_start_means_that_nothing_went_out() {
    let server = MockServer::start().await;
    let mut old = status("3", "<p>Hello</p>");
    old["created_at"] = "2026-11-19T12:00:00Z".into();
    on(&server, "GET", "/api/v1/accounts/42/statuses", ok(json!([old]))).await;
    let request = post(account(&server), "Hello", Vec::new());
    let adapter = adapter(Platform::Mastodon, &server);
    assert_eq!(adapter.find_published(&request, None, &[]).await.unwrap(), Finding::NotFound);
    assert_eq!(calls(&server).await.len(), 1);
}

#[rstest]
#[case(Vec::new(), "  ")]
#[case(vec![video(1), picture(1, None)], "Hello")]
#[case(vec![MediaItem::from_bytes("image/gif", vec![1].into(), None), picture(1, None)], "Hello")]
#[case(vec![MediaItem::from_bytes("application/pdf", vec![1].into(), None)], "Hello")]
#[case(vec![picture(1, None), picture(2, None), picture(3, None), picture(4, None), picture(5, None)], "Hello")]
#[tokio::test]
async fn what_cannot_be_a_post_is_refused_before_anything_is_sent(#[case] media: Vec<MediaItem>, #[case] text: &str) {
    let server = MockServer::start().await;
    let request = post(account(&server), text, media);
    let error = adapter(Platform::Mastodon, &server).stage(&request, None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Validation);
    assert!(calls(&server).await.is_empty());
}

#[rstest]
#[case("public")]
#[case("private")]
#[tokio::test]
async fn a_first_comment_is_an_answer_to_those_who_see_the_post(#[case] visibility: &str) {
    let server = MockServer::start().await;
    let mut parent = status("7", "<p>Hello</p>");
    parent["visibility"] = visibility.into();
    on(&server, "GET", "/api/v1/statuses/7", ok(parent)).await;
    on(&server, "POST", "/api/v1/statuses", ok(status("8", ""))).await;
    let adapter = adapter(Platform::Mastodon, &server);
    let account = account(&server);
    assert_eq!(adapter.comment(&account, "7", "More below").await.unwrap(), "8");
    assert_eq!(adapter.comment(&account, "7", "More below").await.unwrap(), "8");
    let requests = server.received_requests().await.unwrap();
    let expected = [("visibility", visibility), ("in_reply_to_id", "7"), ("status", "More below")];
    assert_eq!(form(&requests[1]), pairs(&expected));
    assert_eq!(key(&requests[1]), key(&requests[3]), "a comment sent again is the same comment");
}

#[tokio::test]
async fn a_file_that_breaks_off_is_no_half_upload() {
    /// Storage that has less than it says.
    struct Short;

    #[async_trait::async_trait]
    impl crate::MediaSource for Short {
        async fn read(&self, _: std::ops::Range<u64>) -> std::io::Result<bytes::Bytes> {
            Ok(bytes::Bytes::from_static(b"abc"))
        }
    }

    let server = MockServer::start().await;
    on(&server, "POST", "/api/v2/media", ok(json!({"id": "m1"}))).await;
    let item = MediaItem { size: 10, source: std::sync::Arc::new(Short), ..picture(10, None) };
    let http = http_with(|_| ());
    let registry = crate::Registry::new([settings(Platform::Mastodon, &server)], &http).unwrap();
    let request = post(account(&server), "Hello", vec![item]);
    let error = registry.get(Platform::Mastodon).unwrap().stage(&request, None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Transient);
}
