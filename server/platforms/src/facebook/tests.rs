//! The adapter against a server that expects exactly the Graph API's requests.

use domain::{Platform, deliveries::ErrorClass, platform::PostFormat};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_string_contains, method, path, query_param, query_param_is_missing},
};

use crate::{
    AccountKind, Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Finding, MediaItem, PlatformError, Probe,
    Progress, PublishRequest, RevokeReach, Standing,
    testing::{
        ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, account, adapter, assert_no_secret, calls, form, noon, pairs,
        picture, picture_bytes, post, query, video, video_bytes,
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

// ---- videos, reels, stories -----------------------------------------------------------------------------------------

async fn staged(adapter: &dyn Adapter, request: &PublishRequest) -> Result<Value, PlatformError> {
    let mut state = None;
    for _ in 0..20 {
        let staged = adapter.stage(request, state.as_ref()).await?;
        assert_no_secret(&staged.state.to_string());
        assert_no_secret(&serde_json::to_string(&staged.traces).unwrap());
        state = Some(staged.state);
        if staged.progress == Progress::Ready {
            return Ok(state.unwrap());
        }
    }
    panic!("no end to staging: {state:?}")
}

fn moving(format: PostFormat, item: MediaItem) -> PublishRequest {
    let mut request = post(account("1", AccountKind::Page), "Hello", vec![item]);
    request.options.format = format;
    request
}

fn holds(request: &wiremock::Request, text: &str) -> bool {
    String::from_utf8_lossy(&request.body).contains(text)
}

#[tokio::test]
async fn a_video_is_sent_piece_by_piece_as_facebook_asks() {
    let server = MockServer::start().await;
    // Bodies with bytes in them are no strings.
    let phase = |texts: Vec<String>, answer: Value| {
        let says = move |request: &wiremock::Request| texts.iter().all(|text| holds(request, text));
        let mock = Mock::given(method("POST")).and(path("/facebook/v25.0/1/videos")).and(says);
        mock.respond_with(ok(answer)).mount(&server)
    };
    let from = |offset: &str| {
        vec![
            "name=\"upload_phase\"\r\n\r\ntransfer\r\n".to_owned(),
            format!("name=\"start_offset\"\r\n\r\n{offset}\r\n"),
        ]
    };
    let begun = json!({"video_id": "v1", "upload_session_id": "s1", "start_offset": "0", "end_offset": "600"});
    phase(vec!["upload_phase=start".to_owned()], begun).await;
    phase(from("0"), json!({"start_offset": "600", "end_offset": "1000"})).await;
    phase(from("600"), json!({"start_offset": 1000, "end_offset": 1000})).await;
    phase(vec!["upload_phase=finish".to_owned()], json!({"success": true})).await;
    let adapter = adapter(Platform::Facebook, &server);
    let mut request = moving(PostFormat::Feed, video(1_000));
    request.options.title = Some("Opening day".into());
    let state = staged(adapter.as_ref(), &request).await.unwrap();
    let published = adapter.commit(&request, &state).await.unwrap();
    assert_eq!(published.external_id, "v1");
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 4);
    assert_eq!(
        form(&requests[0]),
        pairs(&[("access_token", ACCESS_TOKEN), ("upload_phase", "start"), ("file_size", "1000")])
    );
    for (request, range) in [(&requests[1], 0..600), (&requests[2], 600..1_000)] {
        assert!(holds(request, "name=\"upload_session_id\"\r\n\r\ns1\r\n"));
        let bytes = video_bytes(range);
        assert!(request.body.windows(bytes.len()).any(|window| window == bytes), "other bytes");
    }
    assert_eq!(
        form(&requests[3]),
        pairs(&[
            ("access_token", ACCESS_TOKEN),
            ("upload_phase", "finish"),
            ("upload_session_id", "s1"),
            ("description", "Hello"),
            ("title", "Opening day"),
        ])
    );
}

#[tokio::test]
async fn a_video_goes_on_at_the_saved_offset() {
    let server = MockServer::start().await;
    on(&server, "POST", "/1/videos", ok(json!({"start_offset": "1000", "end_offset": "1000"}))).await;
    let saved = json!({"format": "facebook/1", "photos": [], "video": {"id": "v1", "began_at": "2026-11-20T11:00:00Z",
        "way": {"kind": "session", "session": "s1", "next": 600, "until": 1_000}}});
    let request = moving(PostFormat::Feed, video(1_000));
    let staged = adapter(Platform::Facebook, &server).stage(&request, Some(&saved)).await.unwrap();
    assert_eq!(staged.progress, Progress::Ready);
    assert!(holds(&server.received_requests().await.unwrap()[0], "name=\"start_offset\"\r\n\r\n600\r\n"));
}

#[rstest]
#[case(PostFormat::Reel, "video_reels", Some("Hello"))]
#[case(PostFormat::Story, "video_stories", None)]
#[tokio::test]
async fn reels_and_stories_go_to_the_upload_host(
    #[case] format: PostFormat,
    #[case] edge: &str,
    #[case] description: Option<&str>,
) {
    let server = MockServer::start().await;
    let upload_url = format!("{}/facebook/video-upload/v1", server.uri());
    Mock::given(method("POST"))
        .and(path(format!("/facebook/v25.0/1/{edge}")))
        .and(body_string_contains("upload_phase=start"))
        .respond_with(ok(json!({"video_id": "v1", "upload_url": upload_url})))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/facebook/video-upload/v1"))
        .respond_with(ok(json!({"success": true})))
        .mount(&server)
        .await;
    on(&server, "GET", "/v1", ok(json!({"id": "v1", "status": {"uploading_phase": {"status": "not_started"}}}))).await;
    on(&server, "POST", &format!("/1/{edge}"), ok(json!({"success": true, "post_id": "1_9"}))).await;
    let adapter = adapter(Platform::Facebook, &server);
    let request = moving(format, video(300_000));
    let state = staged(adapter.as_ref(), &request).await.unwrap();
    let published = adapter.commit(&request, &state).await.unwrap();
    assert_eq!(published.external_id, "1_9");
    let requests = server.received_requests().await.unwrap();
    assert_eq!(query(&requests[1].url), pairs(&[("access_token", ACCESS_TOKEN), ("fields", "status")]));
    let sent = &requests[2];
    assert_eq!(sent.headers["authorization"], format!("OAuth {ACCESS_TOKEN}"));
    assert_eq!(
        (&sent.headers["offset"], &sent.headers["file_size"]),
        (&"0".parse().unwrap(), &"300000".parse().unwrap())
    );
    assert_eq!(sent.body, video_bytes(0..300_000));
    let mut expected = pairs(&[
        ("access_token", ACCESS_TOKEN),
        ("upload_phase", "finish"),
        ("video_id", "v1"),
        ("video_state", "PUBLISHED"),
    ]);
    expected.extend(description.map(|text| ("description".to_owned(), text.to_owned())));
    assert_eq!(form(&requests[3]), expected);
}

/// A reel that may have been sent, and nobody knows.
fn sending(server: &MockServer) -> Value {
    json!({"format": "facebook/1", "photos": [], "video": {"id": "v1", "began_at": "2026-11-20T11:00:00Z",
        "way": {"kind": "whole", "to": format!("{}/facebook/video-upload/v1", server.uri()), "arrived": false}}})
}

#[rstest]
#[case(PostFormat::Reel, 9 * 1024 * 1024)]
#[case(PostFormat::Reel, 300_000)]
#[case(PostFormat::Story, 300_000)]
#[tokio::test]
async fn a_reel_or_story_goes_on_where_facebook_says(#[case] format: PostFormat, #[case] size: usize) {
    let server = MockServer::start().await;
    let there =
        json!({"id": "v1", "status": {"uploading_phase": {"status": "in_progress", "bytes_transfered": size - 1_000}}});
    on(&server, "GET", "/v1", ok(there)).await;
    Mock::given(method("POST")).respond_with(ok(json!({"success": true}))).mount(&server).await;
    let request = moving(format, video(size));
    let staged = adapter(Platform::Facebook, &server).stage(&request, Some(&sending(&server))).await.unwrap();
    assert_eq!(staged.progress, Progress::Ready);
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[1].headers["offset"], (size - 1_000).to_string());
    assert_eq!(requests[1].body, video_bytes(size - 1_000..size));
}

#[tokio::test]
async fn a_reel_that_has_arrived_is_not_sent_again() {
    let server = MockServer::start().await;
    let there =
        json!({"id": "v1", "status": {"video_status": "processing", "uploading_phase": {"status": "complete"}}});
    on(&server, "GET", "/v1", ok(there)).await;
    let request = moving(PostFormat::Reel, video(300_000));
    let staged = adapter(Platform::Facebook, &server).stage(&request, Some(&sending(&server))).await.unwrap();
    assert_eq!(staged.progress, Progress::Ready);
    assert_eq!(calls(&server).await, ["GET /v25.0/v1"]);
}

#[rstest]
#[case(json!({"video_status": "expired"}))]
#[case(json!({"video_status": "upload_failed"}))]
#[case(json!({"video_status": "error", "uploading_phase": {"status": "error"}}))]
#[tokio::test]
async fn a_reel_whose_upload_failed_is_begun_anew(#[case] status: Value) {
    let server = MockServer::start().await;
    on(&server, "GET", "/v1", ok(json!({"id": "v1", "status": status}))).await;
    let request = moving(PostFormat::Reel, video(10));
    let error = adapter(Platform::Facebook, &server).stage(&request, Some(&sending(&server))).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref(), error.stale), (ErrorClass::Transient, Some("upload_lost"), true));
}

#[rstest]
#[case(400, "OffsetInvalidError", false)]
#[case(400, "ProcessingFailedError", false)]
#[case(404, "NotFoundError", true)]
#[tokio::test]
async fn a_refused_upload_is_asked_about_or_begun_anew(#[case] status: u16, #[case] kind: &str, #[case] anew: bool) {
    let server = MockServer::start().await;
    on(&server, "GET", "/v1", ok(json!({"id": "v1", "status": {"uploading_phase": {"status": "in_progress"}}}))).await;
    let refusal = json!({"debug_info": {"retriable": false, "type": kind, "message": "…"}});
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(status).set_body_json(refusal)).mount(&server).await;
    let request = moving(PostFormat::Reel, video(10));
    let error = adapter(Platform::Facebook, &server).stage(&request, Some(&sending(&server))).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref(), error.stale), (ErrorClass::Transient, Some(kind), anew));
}

#[rstest]
#[case(700, Some(700))]
#[case(1_000, Some(1_000))]
// Facebook wants what it has just refused.
#[case(600, None)]
#[tokio::test]
async fn a_piece_at_the_wrong_offset_goes_where_facebook_says(#[case] arrived: u64, #[case] next: Option<u64>) {
    let server = MockServer::start().await;
    let wrong = json!({"error": {"code": 6000, "error_subcode": 1_363_037, "message": "…", "is_transient": true}});
    on(&server, "POST", "/1/videos", ResponseTemplate::new(400).set_body_json(wrong)).await;
    let phase = json!({"status": "in_progress", "bytes_transferred": arrived});
    on(&server, "GET", "/v1", ok(json!({"id": "v1", "status": {"uploading_phase": phase}}))).await;
    let saved = json!({"format": "facebook/1", "photos": [], "video": {"id": "v1", "began_at": "2026-11-20T11:00:00Z",
        "way": {"kind": "session", "session": "s1", "next": 600, "until": 1_000}}});
    let request = moving(PostFormat::Feed, video(1_000));
    let staged = adapter(Platform::Facebook, &server).stage(&request, Some(&saved)).await;
    match next {
        Some(next) => assert_eq!(staged.unwrap().state["video"]["way"]["next"], next),
        None => assert!(staged.unwrap_err().stale),
    }
}

#[tokio::test]
async fn an_upload_to_a_strange_host_is_refused() {
    let server = MockServer::start().await;
    let begun = json!({"video_id": "v1", "upload_url": "https://rupload.example/v1"});
    on(&server, "POST", "/1/video_reels", ok(begun)).await;
    let request = moving(PostFormat::Reel, video(10));
    let error = staged(adapter(Platform::Facebook, &server).as_ref(), &request).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Operator, Some("address_refused")));
}

#[tokio::test]
async fn a_picture_becomes_a_story() {
    let server = MockServer::start().await;
    on(&server, "POST", "/1/photos", ok(json!({"id": "p1"}))).await;
    on(&server, "POST", "/1/photo_stories", ok(json!({"success": true, "post_id": "99"}))).await;
    on(&server, "GET", "/1/stories", ok(json!({"data": [{"post_id": "99", "media_id": "p1", "status": "PUBLISHED"}]})))
        .await;
    let adapter = adapter(Platform::Facebook, &server);
    let request = moving(PostFormat::Story, picture(10, None));
    let state = staged(adapter.as_ref(), &request).await.unwrap();
    assert_eq!(adapter.commit(&request, &state).await.unwrap().external_id, "99");
    let requests = server.received_requests().await.unwrap();
    assert_eq!(form(&requests[1]), pairs(&[("access_token", ACCESS_TOKEN), ("photo_id", "p1")]));
    let finding = adapter.find_published(&request, Some(&state), &[]).await.unwrap();
    assert!(matches!(&finding, Finding::Found { external_id, .. } if external_id == "99"), "{finding:?}");
}

#[rstest]
#[case(json!({"published": true, "permalink_url": "/1/videos/v1/"}), "found")]
#[case(json!({"status": {"publishing_phase": {"status": "complete", "publish_status": "published"}}}), "found")]
#[case(json!({"status": {"video_status": "upload_complete", "publishing_phase": {"status": "not_started"}}}), "not found")]
// Perhaps asked for already: the answer to that was lost, and it must not be sent again.
#[case(json!({"status": {"video_status": "processing", "publishing_phase": {"status": "not_started"}}}), "in work")]
#[case(json!({"published": false, "status": {"video_status": "ready", "publishing_phase": {"status": "in_progress"}}}), "in work")]
#[case(json!({"published": false, "status": {"video_status": "ready", "publishing_phase": {"status": "not_started"}}}), "not found")]
#[case(json!({"status": {"processing_phase": {"status": "in_progress"}}}), "in work")]
#[case(json!({"status": {"video_status": "processing", "processing_phase": {"status": "error"}}}), "refused")]
#[case(json!({"status": {"video_status": "error"}}), "refused")]
// It does not say: the Page's list does.
#[case(json!({"id": "v1", "published": false}), "listed")]
#[tokio::test]
async fn a_video_says_itself_whether_it_is_out(#[case] node: Value, #[case] expected: &str) {
    let server = MockServer::start().await;
    on(&server, "GET", "/v1", ok(node)).await;
    let listed = json!({"data": [{"id": "1_5", "message": "Hello", "created_time": "2026-11-20T12:00:05+0000",
        "attachments": {"data": [{"media_type": "video"}]}}]});
    on(&server, "GET", "/1/published_posts", ok(listed)).await;
    let saved = json!({"format": "facebook/1", "photos": [], "video": {"id": "v1", "began_at": "2026-11-20T11:00:00Z",
        "way": {"kind": "session", "session": "s1", "next": 10, "until": 10}}});
    let request = moving(PostFormat::Feed, video(10));
    let finding = adapter(Platform::Facebook, &server).find_published(&request, Some(&saved), &[]).await.unwrap();
    let shown = match &finding {
        Finding::Found { external_id, url: Some(_), .. } if external_id == "v1" => "found",
        Finding::Found { external_id, .. } if external_id == "1_5" => "listed",
        Finding::NotFound => "not found",
        Finding::Processing { .. } => "in work",
        Finding::Refused { class: ErrorClass::MediaInvalid, .. } => "refused",
        _ => "something else",
    };
    assert_eq!(shown, expected, "{finding:?}");
}

#[rstest]
#[case(json!({"id": "v1", "published": false}))]
#[case(json!({"status": {"video_status": "upload_complete"}}))]
#[tokio::test]
async fn a_video_facebook_has_taken_is_never_not_found(#[case] node: Value) {
    let server = MockServer::start().await;
    on(&server, "GET", "/v1", ok(node)).await;
    on(&server, "GET", "/1/published_posts", ok(json!({"data": []}))).await;
    on(&server, "POST", "/1/videos", ok(json!({"success": true}))).await;
    let saved = json!({"format": "facebook/1", "photos": [], "video": {"id": "v1", "began_at": "2026-11-20T11:00:00Z",
        "way": {"kind": "session", "session": "s1", "next": 10, "until": 10}}});
    let adapter = adapter(Platform::Facebook, &server);
    let mut request = moving(PostFormat::Feed, video(10));
    let Standing::Processing { state, .. } = adapter.commit(&request, &saved).await.unwrap().standing else { panic!() };
    let finding = adapter.find_published(&request, Some(&state), &[]).await.unwrap();
    assert!(matches!(finding, Finding::Processing { .. }), "{finding:?}");
    request.started_at = noon() - chrono::Duration::hours(25);
    let finding = adapter.find_published(&request, Some(&state), &[]).await.unwrap();
    assert!(matches!(finding, Finding::CannotTell { .. }), "{finding:?}");
}

#[rstest]
#[case(PostFormat::Feed, vec![video(1), picture(1, None)])]
#[case(PostFormat::Reel, vec![picture(1, None)])]
#[case(PostFormat::Story, vec![])]
#[case(PostFormat::Feed, vec![MediaItem::from_bytes("application/pdf", vec![1].into(), None)])]
#[tokio::test]
async fn what_cannot_be_a_post_is_refused_before_anything_is_sent(
    #[case] format: PostFormat,
    #[case] media: Vec<MediaItem>,
) {
    let server = MockServer::start().await;
    let mut request = post(account("1", AccountKind::Page), "Hello", media);
    request.options.format = format;
    let error = adapter(Platform::Facebook, &server).stage(&request, None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Validation);
    assert!(calls(&server).await.is_empty());
}

#[tokio::test]
async fn a_first_comment_is_written_below() {
    let server = MockServer::start().await;
    on(&server, "POST", "/1_9/comments", ok(json!({"id": "9_1"}))).await;
    let account = account("1", AccountKind::Page);
    let id = adapter(Platform::Facebook, &server).comment(&account, "1_9", "More below").await.unwrap();
    assert_eq!(id, "9_1");
    let requests = server.received_requests().await.unwrap();
    assert_eq!(form(&requests[0]), pairs(&[("access_token", ACCESS_TOKEN), ("message", "More below")]));
}
