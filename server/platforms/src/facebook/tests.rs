//! The adapter against a server that expects exactly the Graph API's requests.

use domain::{Platform, deliveries::ErrorClass};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_string_contains, method, path, query_param, query_param_is_missing},
};

use crate::{
    AccountKind, AuthorizeRequest, Exchange, ExchangeRequest, Finding, PlatformError, Probe, Progress, RevokeReach,
    testing::{
        ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, account, adapter, assert_no_secret, calls, form, noon, pairs,
        picture, picture_bytes, post, query,
    },
};

async fn on(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    let at = format!("/facebook/v25.0{at}");
    Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(server).await;
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn page(id: &str, tasks: &[&str]) -> Value {
    json!({
        "id": id, "name": format!("Page {id}"), "username": format!("page{id}"), "tasks": tasks,
        "access_token": format!("page-token-{id}"),
        "picture": {"data": {"url": format!("https://cdn.example/{id}.png"), "is_silhouette": false}},
    })
}

/// A sign-in whose person is `7`, with these Pages in the first list and these permissions.
async fn sign_in(server: &MockServer, accounts: Value, permissions: &[(&str, &str)]) {
    Mock::given(method("POST"))
        .and(path("/facebook/v25.0/oauth/access_token"))
        .and(body_string_contains("code=the-code"))
        .respond_with(ok(json!({"access_token": "short-lived", "token_type": "bearer", "expires_in": 3600})))
        .mount(server)
        .await;
    Mock::given(method("POST"))
        .and(path("/facebook/v25.0/oauth/access_token"))
        .and(body_string_contains("grant_type=fb_exchange_token"))
        .respond_with(ok(json!({"access_token": "long-lived", "token_type": "bearer", "expires_in": 5_183_944})))
        .mount(server)
        .await;
    on(server, "GET", "/me", ok(json!({"id": "7", "name": "Ada"}))).await;
    let permissions: Vec<Value> =
        permissions.iter().map(|(name, status)| json!({"permission": name, "status": status})).collect();
    on(server, "GET", "/me/permissions", ok(json!({ "data": permissions }))).await;
    on(server, "GET", "/me/accounts", ok(accounts)).await;
}

const ALL: &[(&str, &str)] = &[
    ("pages_show_list", "granted"),
    ("business_management", "granted"),
    ("pages_manage_posts", "granted"),
    ("pages_read_engagement", "granted"),
    ("pages_manage_engagement", "granted"),
    ("read_insights", "granted"),
];

async fn exchange(server: &MockServer) -> Result<Exchange, PlatformError> {
    adapter(Platform::Facebook, server).exchange(&ExchangeRequest { code: &"the-code".into(), pkce: None }).await
}

#[tokio::test]
async fn the_consent_page_is_asked() {
    let server = MockServer::start().await;
    let adapter = adapter(Platform::Facebook, &server);
    let url = adapter.authorize_url(&AuthorizeRequest { state: "s", pkce: None, again: false });
    assert_eq!(url.path(), "/facebook/v25.0/dialog/oauth");
    let scopes = "pages_show_list,business_management,pages_manage_posts,pages_read_engagement,\
                  pages_manage_engagement,read_insights";
    let mut expected = pairs(&[
        ("client_id", "client-id"),
        ("redirect_uri", "https://arctiv.example/api/oauth/facebook/callback"),
        ("state", "s"),
        ("response_type", "code"),
        ("scope", scopes),
    ]);
    assert_eq!(query(&url), expected);
    let again = adapter.authorize_url(&AuthorizeRequest { state: "s", pkce: None, again: true });
    expected.push(("auth_type".into(), "rerequest".into()));
    assert_eq!(query(&again), expected);
    assert!(!adapter.traits().pkce && !adapter.traits().rotates);
    assert_eq!(adapter.traits().revokes, RevokeReach::Grantor);
}

#[tokio::test]
async fn a_code_becomes_the_pages_that_can_be_posted_to() {
    let server = MockServer::start().await;
    let accounts = json!({"data": [page("1", &["CREATE_CONTENT", "ANALYZE"]), page("2", &["ANALYZE"])]});
    sign_in(&server, accounts, ALL).await;
    on(&server, "GET", "/me/businesses", ok(json!({"data": [{"id": "b1"}]}))).await;
    // The first list showed Page 2 without the role that the business gives.
    let owned = json!({"data": [page("2", &["MANAGE"]), page("3", &["MANAGE"]), page("1", &["MANAGE"])]});
    on(&server, "GET", "/b1/owned_pages", ok(owned)).await;
    let mut locked = page("4", &["MANAGE"]);
    locked.as_object_mut().unwrap().remove("access_token");
    on(&server, "GET", "/b1/client_pages", ok(json!({"data": [locked]}))).await;

    let exchange = exchange(&server).await.unwrap();
    let ids: Vec<_> = exchange.grants.iter().map(|grant| grant.profile.external_id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    let [left_out] = exchange.left_out.try_into().unwrap();
    assert_eq!(left_out.name, "Page 4");
    let first = &exchange.grants[0];
    assert_eq!(first.profile.kind, AccountKind::Page);
    assert_eq!(first.profile.handle.as_deref(), Some("@page1"));
    assert_eq!(first.profile.avatar_url.as_deref(), Some("https://cdn.example/1.png"));
    assert_eq!(first.grantor, "7");
    assert_eq!(first.tokens.access_token.expose_secret(), "page-token-1");
    assert_eq!(first.tokens.refresh_token.as_ref().unwrap().expose_secret(), "long-lived");
    assert_eq!(first.tokens.expires_at, None);
    assert_eq!(first.tokens.refresh_expires_at, Some(noon() + chrono::Duration::seconds(5_183_944)));
    assert!(first.missing_scopes.is_empty());

    let requests = server.received_requests().await.unwrap();
    assert_eq!(
        form(&requests[0]),
        pairs(&[
            ("client_id", "client-id"),
            ("client_secret", CLIENT_SECRET),
            ("redirect_uri", "https://arctiv.example/api/oauth/facebook/callback"),
            ("code", "the-code"),
        ])
    );
    assert_eq!(
        form(&requests[1]),
        pairs(&[
            ("client_id", "client-id"),
            ("client_secret", CLIENT_SECRET),
            ("grant_type", "fb_exchange_token"),
            ("fb_exchange_token", "short-lived"),
        ])
    );
    let listed = requests.iter().find(|request| request.url.path().ends_with("/me/accounts")).unwrap();
    assert_eq!(
        query(&listed.url),
        pairs(&[
            ("access_token", "long-lived"),
            ("fields", "id,name,username,picture,access_token,tasks"),
            ("limit", "100"),
        ])
    );
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/facebook/v25.0/me/accounts"))
        .and(query_param("after", "c1"))
        .respond_with(ok(json!({"data": [page("2", &["MANAGE"])], "paging": {"cursors": {"after": "c2"}}})))
        .mount(&server)
        .await;
    let first = json!({
        "data": [page("1", &["MANAGE"])],
        "paging": {"cursors": {"before": "c0", "after": "c1"}, "next": "https://graph.facebook.com/next"},
    });
    sign_in(&server, first, &[("pages_show_list", "granted")]).await;
    assert_eq!(exchange(&server).await.unwrap().grants.len(), 2);
}

#[tokio::test]
async fn declined_permissions_are_named_with_their_cost() {
    let server = MockServer::start().await;
    let permissions =
        [("pages_show_list", "granted"), ("pages_manage_posts", "declined"), ("read_insights", "expired")];
    sign_in(&server, json!({"data": [page("1", &["CREATE_CONTENT"])]}), &permissions).await;
    let exchange = exchange(&server).await.unwrap();
    let grant = &exchange.grants[0];
    assert_eq!(grant.tokens.scopes, ["pages_show_list"]);
    let missing: Vec<_> =
        grant.missing_scopes.iter().map(|missing| (missing.scope.as_str(), missing.needed_to_publish)).collect();
    assert_eq!(
        missing,
        [
            ("business_management", false),
            ("pages_manage_posts", true),
            ("pages_read_engagement", true),
            ("pages_manage_engagement", false),
            ("read_insights", false),
        ]
    );
    // Without the permission no business is asked for its Pages.
    assert!(!calls(&server).await.contains(&"GET /v25.0/me/businesses".to_owned()));
}

#[rstest]
#[case(json!({"data": []}), &[("pages_show_list", "declined")], "scope_missing")]
#[case(json!({"data": []}), &[("pages_show_list", "granted")], "no_pages")]
#[case(json!({"data": [page("1", &["ANALYZE"])]}), &[("pages_show_list", "granted")], "no_role")]
#[tokio::test]
async fn nothing_to_connect_is_told(
    #[case] accounts: Value,
    #[case] permissions: &[(&str, &str)],
    #[case] expected: &str,
) {
    let server = MockServer::start().await;
    sign_in(&server, accounts, permissions).await;
    let error = exchange(&server).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Permission, Some(expected)));
}

#[tokio::test]
async fn a_used_code_asks_to_start_again() {
    let server = MockServer::start().await;
    let used = json!({"error": {"message": "This authorization code has been used.", "type": "OAuthException",
        "code": 100, "error_subcode": 36009, "fbtrace_id": "A"}});
    on(&server, "POST", "/oauth/access_token", ResponseTemplate::new(400).set_body_json(used)).await;
    let error = exchange(&server).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Validation, Some("100/36009")));
    let shown = format!("{error:?} {:?}", error.trace);
    assert_no_secret(&shown);
    assert!(!shown.contains("the-code"), "{shown}");
}

#[tokio::test]
async fn a_refresh_renews_both_tokens() {
    let server = MockServer::start().await;
    on(&server, "POST", "/oauth/access_token", ok(json!({"access_token": "longer-lived", "expires_in": 5_184_000})))
        .await;
    Mock::given(method("GET"))
        .and(path("/facebook/v25.0/1"))
        .and(query_param("access_token", "longer-lived"))
        .and(query_param("fields", "access_token"))
        .respond_with(ok(json!({"access_token": "new-page-token", "id": "1"})))
        .mount(&server)
        .await;
    let granted = json!({"data": [{"permission": "pages_manage_posts", "status": "granted"}]});
    on(&server, "GET", "/me/permissions", ok(granted)).await;
    let tokens = adapter(Platform::Facebook, &server).refresh(&account("1", AccountKind::Page)).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert!(form(&requests[0]).contains(&("fb_exchange_token".into(), REFRESH_TOKEN.into())));
    assert_eq!(tokens.access_token.expose_secret(), "new-page-token");
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "longer-lived");
    assert_eq!(tokens.refresh_expires_at, Some(noon() + chrono::Duration::days(60)));
    assert_eq!(tokens.scopes, ["pages_manage_posts"]);
}

#[tokio::test]
async fn a_role_lost_meanwhile_is_a_permission() {
    let server = MockServer::start().await;
    on(&server, "POST", "/oauth/access_token", ok(json!({"access_token": "longer-lived"}))).await;
    on(&server, "GET", "/1", ok(json!({"id": "1"}))).await;
    let account = account("1", AccountKind::Page);
    let error = adapter(Platform::Facebook, &server).refresh(&account).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permission);
}

#[tokio::test]
async fn a_token_is_probed_with_the_apps_own() {
    let server = MockServer::start().await;
    let alive = json!({"data": {"is_valid": true, "expires_at": 0, "scopes": ["b", "a"], "type": "PAGE"}});
    on(&server, "GET", "/debug_token", ok(alive)).await;
    let account = account("1", AccountKind::Page);
    let probe = adapter(Platform::Facebook, &server).probe(&account).await.unwrap();
    assert_eq!(probe, Probe::Alive { scopes: Some(vec!["a".into(), "b".into()]), expires_at: None });
    assert_eq!(
        query(&server.received_requests().await.unwrap()[0].url),
        pairs(&[("input_token", ACCESS_TOKEN), ("access_token", &format!("client-id|{CLIENT_SECRET}"))])
    );
    let server = MockServer::start().await;
    let gone = json!({"data": {"is_valid": false, "error": {"code": 190, "subcode": 458, "message": "…"}}});
    on(&server, "GET", "/debug_token", ok(gone)).await;
    let probe = adapter(Platform::Facebook, &server).probe(&account).await.unwrap();
    assert!(matches!(&probe, Probe::Gone { code: Some(code), .. } if code == "190/458"), "{probe:?}");
}

#[tokio::test]
async fn access_is_given_back_with_the_persons_token() {
    let server = MockServer::start().await;
    on(&server, "DELETE", "/me/permissions", ok(json!({"success": true}))).await;
    adapter(Platform::Facebook, &server).revoke(&account("1", AccountKind::Page)).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(query(&requests[0].url), pairs(&[("access_token", REFRESH_TOKEN)]));
}

#[tokio::test]
async fn text_and_link_go_out_in_one_call() {
    let server = MockServer::start().await;
    let usage = r#"{"call_count":95,"total_cputime":1,"total_time":1}"#;
    on(&server, "POST", "/1/feed", ok(json!({"id": "1_9"})).insert_header("x-page-usage", usage)).await;
    let adapter = adapter(Platform::Facebook, &server);
    let mut request = post(account("1", AccountKind::Page), "Hello", Vec::new());
    request.link = Some("https://arctiv.example/a?b=1".into());
    let staged = adapter.stage(&request, None).await.unwrap();
    assert_eq!(staged.progress, Progress::Ready);
    let published = adapter.commit(&request, &staged.state).await.unwrap();
    assert_eq!(published.external_id, "1_9");
    assert_eq!(published.url, Some(format!("{}/facebook/1_9", server.uri())));
    assert!(published.rate.pause_until(noon()).is_some());
    assert_no_secret(&serde_json::to_string(&published.trace).unwrap());
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        form(&requests[0]),
        pairs(&[("access_token", ACCESS_TOKEN), ("message", "Hello"), ("link", "https://arctiv.example/a?b=1")])
    );
}

#[tokio::test]
async fn pictures_are_staged_unpublished_and_attached() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/facebook/v25.0/1/photos"))
        .and(body_string_contains("A harbour"))
        .respond_with(ok(json!({"id": "p1"})))
        .mount(&server)
        .await;
    on(&server, "POST", "/1/photos", ok(json!({"id": "p2"}))).await;
    on(&server, "POST", "/1/feed", ok(json!({"id": "1_9"}))).await;
    let adapter = adapter(Platform::Facebook, &server);
    let media = vec![picture(1_000, Some("A harbour")), picture(10, None)];
    let request = post(account("1", AccountKind::Page), "Hello", media);
    let first = adapter.stage(&request, None).await.unwrap();
    assert_eq!(first.progress, Progress::More);
    let second = adapter.stage(&request, Some(&first.state)).await.unwrap();
    assert_eq!(second.progress, Progress::Ready);
    let again = adapter.stage(&request, Some(&second.state)).await.unwrap();
    assert!(again.traces.is_empty() && again.state == second.state);
    assert_no_secret(&second.state.to_string());
    adapter.commit(&request, &second.state).await.unwrap();

    let requests = server.received_requests().await.unwrap();
    let photo = String::from_utf8_lossy(&requests[0].body).into_owned();
    for part in [
        "name=\"published\"\r\n\r\nfalse\r\n".to_owned(),
        format!("name=\"access_token\"\r\n\r\n{ACCESS_TOKEN}\r\n"),
        "name=\"alt_text_custom\"\r\n\r\nA harbour\r\n".to_owned(),
        "name=\"source\"; filename=\"media.png\"\r\n".to_owned(),
    ] {
        assert!(photo.contains(&part), "{part} is not in {photo}");
    }
    assert_eq!(picture_bytes(&requests[0].body), 1_000);
    assert!(!String::from_utf8_lossy(&requests[1].body).contains("alt_text_custom"));
    assert_eq!(
        form(&requests[2]),
        pairs(&[
            ("access_token", ACCESS_TOKEN),
            ("message", "Hello"),
            ("attached_media", r#"[{"media_fbid":"p1"},{"media_fbid":"p2"}]"#),
        ])
    );
}

#[tokio::test]
async fn old_photos_are_uploaded_anew() {
    let server = MockServer::start().await;
    on(&server, "POST", "/1/photos", ok(json!({"id": "p2"}))).await;
    let adapter = adapter(Platform::Facebook, &server);
    let request = post(account("1", AccountKind::Page), "Hello", vec![picture(10, None)]);
    let photo = |at: &str| json!({"format": "facebook/1", "photos": [{"id": "p1", "uploaded_at": at}]});
    let fresh = adapter.stage(&request, Some(&photo("2026-11-19T16:01:00Z"))).await.unwrap();
    assert_eq!(fresh.state["photos"][0]["id"], "p1");
    let old = adapter.stage(&request, Some(&photo("2026-11-19T16:00:00Z"))).await.unwrap();
    assert_eq!(old.state["photos"][0]["id"], "p2");
}

#[rstest]
#[case(400, json!({"error": {"code": 506, "message": "Duplicate status message"}}), ErrorClass::Duplicate)]
#[case(400, json!({"error": {"code": 190, "error_subcode": 460}}), ErrorClass::AuthRevoked)]
#[case(400, json!({"error": {"code": 2, "is_transient": true}}), ErrorClass::OutcomeUnknown)]
#[case(500, json!({"error": {"code": 1}}), ErrorClass::OutcomeUnknown)]
#[case(200, json!({"success": true}), ErrorClass::OutcomeUnknown)]
#[tokio::test]
async fn a_commit_that_ends_otherwise(#[case] status: u16, #[case] body: Value, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    on(&server, "POST", "/1/feed", ResponseTemplate::new(status).set_body_json(body)).await;
    let adapter = adapter(Platform::Facebook, &server);
    let request = post(account("1", AccountKind::Page), "Hello", Vec::new());
    let state = adapter.stage(&request, None).await.unwrap().state;
    let error = adapter.commit(&request, &state).await.unwrap_err();
    assert_eq!(error.class, expected);
    assert_eq!(calls(&server).await.len(), 1, "a commit is one request");
}

#[tokio::test]
async fn a_post_is_found_again() {
    let server = MockServer::start().await;
    let posts = json!({"data": [
        {"id": "1_3", "message": "Hello", "created_time": "2026-11-20T12:00:09+0000",
         "attachments": {"data": [{"media_type": "photo"}]}},
        {"id": "1_2", "message": "Hello", "created_time": "2026-11-20T12:00:05+0000",
         "permalink_url": "https://www.facebook.com/1/posts/2"},
        {"id": "1_1", "message": "Hello", "created_time": "2026-11-20T11:00:00+0000"},
    ]});
    Mock::given(method("GET"))
        .and(path("/facebook/v25.0/1/published_posts"))
        .and(query_param("since", (noon().timestamp() - 120).to_string()))
        .and(query_param_is_missing("after"))
        .respond_with(ok(posts))
        .mount(&server)
        .await;
    let adapter = adapter(Platform::Facebook, &server);
    let request = post(account("1", AccountKind::Page), "Hello", Vec::new());
    let finding = adapter.find_published(&request, None, &[]).await.unwrap();
    let Finding::Found { external_id, url, .. } = finding else { panic!("{finding:?}") };
    assert_eq!(external_id, "1_2");
    assert_eq!(url.as_deref(), Some("https://www.facebook.com/1/posts/2"));
    let known = ["1_2".to_owned()];
    assert_eq!(adapter.find_published(&request, None, &known).await.unwrap(), Finding::NotFound);
    let with_picture = post(account("1", AccountKind::Page), "Hello", vec![picture(10, None)]);
    let finding = adapter.find_published(&with_picture, None, &known).await.unwrap();
    assert!(matches!(&finding, Finding::Found { external_id, .. } if external_id == "1_3"), "{finding:?}");
}

#[tokio::test]
async fn the_pages_name_is_read_with_its_own_token() {
    let server = MockServer::start().await;
    on(&server, "GET", "/me", ok(page("1", &[]))).await;
    let profile = adapter(Platform::Facebook, &server).identify(&account("1", AccountKind::Page)).await.unwrap();
    assert_eq!((profile.display_name.as_str(), profile.kind), ("Page 1", AccountKind::Page));
    assert_eq!(
        query(&server.received_requests().await.unwrap()[0].url),
        pairs(&[("access_token", ACCESS_TOKEN), ("fields", "id,name,username,picture")])
    );
}
