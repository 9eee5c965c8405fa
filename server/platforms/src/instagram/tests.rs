//! The adapter against a server that expects exactly Instagram's requests, by either login.

use std::{sync::Arc, time::Duration};

use domain::{Platform, deliveries::ErrorClass, platform::PostFormat};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_string_contains, method, path, query_param},
};

use crate::{
    AccountKind, Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Finding, Login, MediaItem, PlatformError,
    PlatformSettings, Probe, Progress, PublishRequest, PublishingQuota, Registry, RevokeReach, Standing,
    testing::{
        ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, account, adapter, assert_no_secret, calls, fetched, form,
        http_with, noon, pairs, picture, post, query, video, video_bytes,
    },
};

const IMAGE_URL: &str = "https://arctiv.example/media/1/original?expires=1&signature=signed-for-pictures";
const VIDEO_URL: &str = "https://arctiv.example/media/2/original?expires=1&signature=signed-for-videos";

async fn on(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    let at = format!("/instagram{at}");
    Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(server).await;
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn own(server: &MockServer) -> Arc<dyn Adapter> {
    adapter(Platform::Instagram, server)
}

fn through_facebook(server: &MockServer) -> Arc<dyn Adapter> {
    let redirect_uri = "https://arctiv.example/api/oauth/instagram/callback".parse().unwrap();
    let settings = PlatformSettings::new(Platform::Instagram, "client-id", CLIENT_SECRET.into(), redirect_uri)
        .unwrap()
        .with_login(Login::Facebook)
        .unwrap()
        .in_sandbox(&server.uri().parse().unwrap());
    let registry = Registry::new([settings], &http_with(|_| ())).unwrap();
    Arc::clone(registry.get(Platform::Instagram).unwrap())
}

async fn exchange(adapter: &dyn Adapter, code: &str) -> Result<Exchange, PlatformError> {
    adapter.exchange(&ExchangeRequest { code: &code.into(), pkce: None }).await
}

fn request(text: &str, media: Vec<MediaItem>) -> PublishRequest {
    post(account("17", AccountKind::Professional), text, media)
}

fn jpeg() -> MediaItem {
    let item = picture(10, Some("A harbour"));
    fetched(MediaItem { mime: "image/jpeg".into(), ..item }, IMAGE_URL)
}

fn clip() -> MediaItem {
    fetched(video(10), VIDEO_URL)
}

/// Room in the quota.
async fn with_room(server: &MockServer) {
    let limit = json!({"data": [{"config": {"quota_total": 50, "quota_duration": 86_400}, "quota_usage": 49}]});
    on(server, "GET", "/v25.0/17/content_publishing_limit", ok(limit)).await;
}

async fn container_is(server: &MockServer, id: &str, status_code: &str) {
    on(server, "GET", &format!("/v25.0/{id}"), ok(json!({"status_code": status_code, "id": id}))).await;
}

/// Stages to the end, and says what there was to wait for.
async fn staged(adapter: &dyn Adapter, request: &PublishRequest) -> Result<(Value, Vec<Duration>), PlatformError> {
    let mut state = None;
    let mut waits = Vec::new();
    for _ in 0..30 {
        let staged = adapter.stage(request, state.as_ref()).await?;
        assert_no_secret(&staged.state.to_string());
        let traces = serde_json::to_string(&staged.traces).unwrap();
        assert_no_secret(&traces);
        assert!(!traces.contains("signed-for"), "an address that is a permission shows in {traces}");
        state = Some(staged.state);
        match staged.progress {
            Progress::Ready => return Ok((state.unwrap(), waits)),
            Progress::More => {}
            Progress::Wait { after } => waits.push(after),
        }
    }
    panic!("no end to staging: {state:?}")
}

/// The form of the nth request that made a container.
async fn container(server: &MockServer, index: usize) -> Vec<(String, String)> {
    let requests = server.received_requests().await.unwrap();
    let made: Vec<_> = requests
        .iter()
        .filter(|request| request.url.path() == "/instagram/v25.0/17/media" && request.method == "POST")
        .collect();
    form(made[index])
}

// ---- connecting -----------------------------------------------------------------------------------------------------

#[tokio::test]
async fn each_login_has_its_consent_page() {
    let server = MockServer::start().await;
    let ask = AuthorizeRequest { state: "s", pkce: None, again: false };
    let url = own(&server).authorize_url(&ask);
    assert_eq!(url.path(), "/instagram/oauth/authorize");
    let scopes = "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_comments,\
                  instagram_business_manage_insights";
    assert_eq!(
        query(&url),
        pairs(&[
            ("client_id", "client-id"),
            ("redirect_uri", "https://arctiv.example/api/oauth/instagram/callback"),
            ("response_type", "code"),
            ("scope", scopes),
            ("state", "s"),
        ])
    );
    let linked = through_facebook(&server);
    let url = linked.authorize_url(&ask);
    assert_eq!(url.path(), "/instagram/v25.0/dialog/oauth");
    let scopes = "instagram_basic,instagram_content_publish,instagram_manage_comments,instagram_manage_insights,\
                  pages_show_list,pages_read_engagement,business_management";
    assert!(query(&url).contains(&("scope".to_owned(), scopes.to_owned())), "{url}");
    assert_eq!(own(&server).traits().revokes, RevokeReach::Account);
    assert_eq!(linked.traits().revokes, RevokeReach::Grantor);
    assert!(linked.traits().pulls && linked.traits().comments);
}

#[test]
fn each_login_has_its_hosts() {
    let redirect_uri: url::Url = "https://arctiv.example/api/oauth/instagram/callback".parse().unwrap();
    let settings =
        |platform| PlatformSettings::new(platform, "client-id", CLIENT_SECRET.into(), redirect_uri.clone()).unwrap();
    let own = settings(Platform::Instagram).base_urls;
    assert_eq!(
        [own.web.as_str(), own.api.as_str(), own.token.as_str()],
        ["https://www.instagram.com/", "https://graph.instagram.com/", "https://api.instagram.com/"]
    );
    let linked = settings(Platform::Instagram).with_login(Login::Facebook).unwrap().base_urls;
    assert_eq!(
        [linked.web.as_str(), linked.api.as_str(), linked.token.as_str()],
        ["https://www.facebook.com/", "https://graph.facebook.com/", "https://graph.facebook.com/"]
    );
    assert!(settings(Platform::Twitter).with_login(Login::Facebook).is_err());
}

#[rstest]
#[case(json!({"access_token": "short-lived", "user_id": 17, "permissions": "instagram_business_basic,instagram_business_content_publish"}))]
#[case(json!({"data": [{"access_token": "short-lived", "user_id": "17",
    "permissions": ["instagram_business_content_publish", "instagram_business_basic"]}]}))]
#[tokio::test]
async fn a_code_becomes_an_account(#[case] first: Value) {
    let server = MockServer::start().await;
    on(&server, "POST", "/oauth/access_token", ok(first)).await;
    let long = json!({"access_token": "long-lived", "token_type": "bearer", "expires_in": 5_183_944});
    on(&server, "GET", "/access_token", ok(long)).await;
    let me = json!({"user_id": "17", "id": "9", "username": "northwind.coffee", "account_type": "BUSINESS"});
    on(&server, "GET", "/v25.0/me", ok(me)).await;
    let exchange = exchange(own(&server).as_ref(), "the-code#_").await.unwrap();
    let [grant] = exchange.grants.try_into().unwrap();
    assert_eq!((grant.profile.external_id.as_str(), grant.profile.kind), ("17", AccountKind::Professional));
    assert_eq!(grant.profile.display_name, "@northwind.coffee");
    assert_eq!(grant.grantor, "17");
    assert_eq!(grant.tokens.access_token.expose_secret(), "long-lived");
    assert_eq!(grant.tokens.refresh_token.unwrap().expose_secret(), "long-lived");
    assert_eq!(grant.tokens.expires_at, Some(noon() + chrono::Duration::seconds(5_183_944)));
    assert_eq!(grant.tokens.refresh_expires_at, grant.tokens.expires_at);
    let missing: Vec<_> = grant.missing_scopes.iter().map(|missing| missing.scope.as_str()).collect();
    assert_eq!(missing, ["instagram_business_manage_comments", "instagram_business_manage_insights"]);

    let requests = server.received_requests().await.unwrap();
    assert_eq!(
        form(&requests[0]),
        pairs(&[
            ("client_id", "client-id"),
            ("client_secret", CLIENT_SECRET),
            ("grant_type", "authorization_code"),
            ("redirect_uri", "https://arctiv.example/api/oauth/instagram/callback"),
            ("code", "the-code"),
        ])
    );
    assert_eq!(
        query(&requests[1].url),
        pairs(&[
            ("grant_type", "ig_exchange_token"),
            ("client_secret", CLIENT_SECRET),
            ("access_token", "short-lived"),
        ])
    );
}

#[tokio::test]
async fn a_personal_account_cannot_be_connected() {
    let server = MockServer::start().await;
    on(&server, "POST", "/oauth/access_token", ok(json!({"access_token": "short-lived", "user_id": 17}))).await;
    on(&server, "GET", "/access_token", ok(json!({"access_token": "long-lived", "expires_in": 60}))).await;
    on(&server, "GET", "/v25.0/me", ok(json!({"user_id": "17", "account_type": "PERSONAL"}))).await;
    let error = exchange(own(&server).as_ref(), "the-code").await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Permission, Some("not_professional")));
}

#[tokio::test]
async fn a_used_code_asks_to_start_again() {
    let server = MockServer::start().await;
    let used =
        json!({"error_type": "OAuthException", "code": 400, "error_message": "This authorization code has been used"});
    on(&server, "POST", "/oauth/access_token", ResponseTemplate::new(400).set_body_json(used)).await;
    let error = exchange(own(&server).as_ref(), "the-code").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Validation);
    assert_no_secret(&format!("{error:?} {:?}", error.trace));
}

fn linked_page(id: &str, tasks: &[&str], account: Option<&str>) -> Value {
    let mut page =
        json!({"id": id, "name": format!("Page {id}"), "access_token": format!("page-token-{id}"), "tasks": tasks});
    if let Some(account) = account {
        page["instagram_business_account"] =
            json!({"id": account, "username": format!("shop{account}"), "name": "Shop"});
    }
    page
}

/// A sign-in at Facebook with these Pages.
async fn sign_in(server: &MockServer, pages: Value) {
    Mock::given(method("POST"))
        .and(path("/instagram/v25.0/oauth/access_token"))
        .and(body_string_contains("code=the-code"))
        .respond_with(ok(json!({"access_token": "short-lived", "expires_in": 3600})))
        .mount(server)
        .await;
    let long = json!({"access_token": "long-lived", "expires_in": 5_184_000});
    on(server, "POST", "/v25.0/oauth/access_token", ok(long)).await;
    on(server, "GET", "/v25.0/me", ok(json!({"id": "7", "name": "Ada"}))).await;
    let granted: Vec<Value> = [
        "instagram_basic",
        "instagram_content_publish",
        "instagram_manage_comments",
        "instagram_manage_insights",
        "pages_show_list",
        "pages_read_engagement",
        "business_management",
    ]
    .iter()
    .map(|scope| json!({"permission": scope, "status": "granted"}))
    .collect();
    on(server, "GET", "/v25.0/me/permissions", ok(json!({ "data": granted }))).await;
    on(server, "GET", "/v25.0/me/accounts", ok(json!({ "data": pages }))).await;
}

#[tokio::test]
async fn a_sign_in_at_facebook_brings_the_linked_accounts() {
    let server = MockServer::start().await;
    let pages = json!([
        linked_page("1", &["CREATE_CONTENT"], Some("17")),
        linked_page("2", &["MANAGE"], None),
        linked_page("3", &["ANALYZE"], Some("18")),
    ]);
    sign_in(&server, pages).await;
    let exchange = exchange(through_facebook(&server).as_ref(), "the-code").await.unwrap();
    let [grant] = exchange.grants.try_into().unwrap();
    assert_eq!((grant.profile.external_id.as_str(), grant.profile.kind), ("17", AccountKind::LinkedProfessional));
    assert_eq!((grant.profile.display_name.as_str(), grant.profile.handle.as_deref()), ("Shop", Some("@shop17")));
    assert_eq!(grant.grantor, "7");
    assert_eq!(grant.tokens.access_token.expose_secret(), "page-token-1");
    assert_eq!(grant.tokens.refresh_token.unwrap().expose_secret(), "long-lived");
    assert_eq!((grant.tokens.expires_at, grant.missing_scopes), (None, Vec::new()));
    let [left_out] = exchange.left_out.try_into().unwrap();
    assert_eq!(left_out.name, "@shop18");
}

#[tokio::test]
async fn accounts_are_found_through_businesses_too() {
    let server = MockServer::start().await;
    // The first list shows Page 3 without the role that the business gives, and Page 4 not at all.
    let pages = json!([linked_page("1", &["MANAGE"], Some("17")), linked_page("3", &["ANALYZE"], Some("18"))]);
    sign_in(&server, pages).await;
    on(&server, "GET", "/v25.0/me/businesses", ok(json!({"data": [{"id": "b1"}]}))).await;
    let owned = json!({"data": [linked_page("3", &["MANAGE"], Some("18")), linked_page("1", &["MANAGE"], Some("17"))]});
    on(&server, "GET", "/v25.0/b1/owned_pages", ok(owned)).await;
    let client = json!({"data": [linked_page("4", &["CREATE_CONTENT"], Some("19"))]});
    on(&server, "GET", "/v25.0/b1/client_pages", ok(client)).await;
    let adapter = through_facebook(&server);
    let exchange = exchange(adapter.as_ref(), "the-code").await.unwrap();
    let ids: Vec<_> = exchange.grants.iter().map(|grant| grant.profile.external_id.as_str()).collect();
    assert_eq!(ids, ["17", "18", "19"]);
    assert!(exchange.left_out.is_empty());

    let tokens = adapter.refresh(&account("19", AccountKind::LinkedProfessional)).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "page-token-4");
    // One that the first list shows is looked for no further.
    let before = calls(&server).await.len();
    adapter.refresh(&account("17", AccountKind::LinkedProfessional)).await.unwrap();
    assert!(!calls(&server).await[before..].contains(&"GET /v25.0/me/businesses".to_owned()));
}

#[tokio::test]
async fn an_account_missing_because_a_list_failed_is_not_lost() {
    let server = MockServer::start().await;
    sign_in(&server, json!([])).await;
    on(&server, "GET", "/v25.0/me/businesses", ok(json!({"data": [{"id": "b1"}]}))).await;
    on(&server, "GET", "/v25.0/b1/owned_pages", ok(json!({"data": []}))).await;
    on(&server, "GET", "/v25.0/b1/client_pages", ResponseTemplate::new(503)).await;
    let adapter = through_facebook(&server);
    let error = adapter.refresh(&account("19", AccountKind::LinkedProfessional)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Transient);
}

#[rstest]
#[case(json!([]), "no_accounts")]
#[case(json!([linked_page("2", &["MANAGE"], None)]), "no_accounts")]
#[case(json!([linked_page("3", &["ANALYZE"], Some("18"))]), "no_role")]
#[tokio::test]
async fn nothing_to_connect_is_told(#[case] pages: Value, #[case] expected: &str) {
    let server = MockServer::start().await;
    sign_in(&server, pages).await;
    let error = exchange(through_facebook(&server).as_ref(), "the-code").await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Permission, Some(expected)));
}

#[tokio::test]
async fn an_own_token_is_renewed_by_itself() {
    let server = MockServer::start().await;
    on(&server, "GET", "/refresh_access_token", ok(json!({"access_token": "newer", "expires_in": 5_184_000}))).await;
    let tokens = own(&server).refresh(&account("17", AccountKind::Professional)).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "newer");
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "newer");
    assert_eq!(tokens.expires_at, Some(noon() + chrono::Duration::days(60)));
    assert_eq!(tokens.scopes, ["a", "b"]);
    assert_eq!(
        query(&server.received_requests().await.unwrap()[0].url),
        pairs(&[("grant_type", "ig_refresh_token"), ("access_token", ACCESS_TOKEN)])
    );
}

#[tokio::test]
async fn a_linked_accounts_tokens_are_renewed_through_its_page() {
    let server = MockServer::start().await;
    let pages = json!([linked_page("2", &["MANAGE"], Some("16")), linked_page("1", &["MANAGE"], Some("17"))]);
    sign_in(&server, pages).await;
    let adapter = through_facebook(&server);
    let tokens = adapter.refresh(&account("17", AccountKind::LinkedProfessional)).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "page-token-1");
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "long-lived");
    let sent = form(&server.received_requests().await.unwrap()[0]);
    assert!(sent.contains(&("fb_exchange_token".into(), REFRESH_TOKEN.into())));
    // Unlinked from its Page meanwhile.
    let error = adapter.refresh(&account("99", AccountKind::LinkedProfessional)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permission);
}

#[tokio::test]
async fn an_account_of_the_other_login_must_be_reconnected() {
    let server = MockServer::start().await;
    let linked = account("17", AccountKind::LinkedProfessional);
    let error = own(&server).refresh(&linked).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::AuthRevoked, Some("other_login")));
    let error = own(&server).stage(&post(linked, "Hello", vec![jpeg()]), None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::AuthRevoked);
    assert!(calls(&server).await.is_empty(), "its token went to the wrong host");
}

#[tokio::test]
async fn an_own_token_is_probed_by_the_account_itself() {
    let server = MockServer::start().await;
    on(&server, "GET", "/v25.0/me", ok(json!({"user_id": "17", "id": "9"}))).await;
    let account = account("17", AccountKind::Professional);
    let alive = own(&server).probe(&account).await.unwrap();
    assert_eq!(alive, Probe::Alive { scopes: None, expires_at: None });
    let server = MockServer::start().await;
    let gone = json!({"error": {"code": 190, "error_subcode": 460, "message": "…"}});
    on(&server, "GET", "/v25.0/me", ResponseTemplate::new(400).set_body_json(gone)).await;
    let gone = own(&server).probe(&account).await.unwrap();
    assert!(matches!(&gone, Probe::Gone { code: Some(code), .. } if code == "190/460"), "{gone:?}");
}

#[tokio::test]
async fn access_is_given_back_where_there_is_a_call_for_it() {
    let server = MockServer::start().await;
    on(&server, "DELETE", "/v25.0/me/permissions", ok(json!({"success": true}))).await;
    through_facebook(&server).revoke(&account("17", AccountKind::LinkedProfessional)).await.unwrap();
    assert_eq!(query(&server.received_requests().await.unwrap()[0].url), pairs(&[("access_token", REFRESH_TOKEN)]));
    own(&server).revoke(&account("17", AccountKind::Professional)).await.unwrap();
    assert_eq!(calls(&server).await.len(), 1);
}

// ---- publishing -----------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_picture_is_fetched_looked_at_and_published() {
    let server = MockServer::start().await;
    with_room(&server).await;
    on(&server, "POST", "/v25.0/17/media", ok(json!({"id": "c1"}))).await;
    container_is(&server, "c1", "FINISHED").await;
    on(&server, "POST", "/v25.0/17/media_publish", ok(json!({"id": "m1"}))).await;
    on(&server, "GET", "/v25.0/m1", ok(json!({"permalink": "https://www.instagram.com/p/x/", "shortcode": "x"}))).await;
    let adapter = own(&server);
    let request = request("Hello #coffee", vec![jpeg()]);
    let (state, waits) = staged(adapter.as_ref(), &request).await.unwrap();
    assert!(waits.is_empty());
    let published = adapter.commit(&request, &state).await.unwrap();
    assert_eq!((published.external_id.as_str(), &published.url, published.standing), ("m1", &None, Standing::Public));
    assert_no_secret(&serde_json::to_string(&published.trace).unwrap());
    assert_eq!(
        calls(&server).await,
        [
            "GET /v25.0/17/content_publishing_limit",
            "POST /v25.0/17/media",
            "GET /v25.0/c1",
            "POST /v25.0/17/media_publish",
        ]
    );
    let requests = server.received_requests().await.unwrap();
    assert_eq!(query(&requests[0].url), pairs(&[("access_token", ACCESS_TOKEN), ("fields", "config,quota_usage")]));
    assert_eq!(
        form(&requests[1]),
        pairs(&[
            ("access_token", ACCESS_TOKEN),
            ("image_url", IMAGE_URL),
            ("alt_text", "A harbour"),
            ("caption", "Hello #coffee"),
        ])
    );
    assert_eq!(query(&requests[2].url), pairs(&[("access_token", ACCESS_TOKEN), ("fields", "status_code,status")]));
    assert_eq!(form(&requests[3]), pairs(&[("access_token", ACCESS_TOKEN), ("creation_id", "c1")]));
    let url = adapter.permalink(&request.account, "m1").await.unwrap();
    assert_eq!(url.as_deref(), Some("https://www.instagram.com/p/x/"));
}

#[tokio::test]
async fn a_reel_is_waited_for() {
    let server = MockServer::start().await;
    with_room(&server).await;
    on(&server, "POST", "/v25.0/17/media", ok(json!({"id": "c1"}))).await;
    Mock::given(method("GET"))
        .and(path("/instagram/v25.0/c1"))
        .respond_with(ok(json!({"status_code": "IN_PROGRESS"})))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    container_is(&server, "c1", "FINISHED").await;
    let mut request = request("Hello", vec![clip()]);
    request.options.cover_ms = Some(1_500);
    request.options.share_to_feed = Some(false);
    let (_, waits) = staged(own(&server).as_ref(), &request).await.unwrap();
    assert_eq!(waits, [Duration::from_secs(5); 2]);
    assert_eq!(
        container(&server, 0).await,
        pairs(&[
            ("access_token", ACCESS_TOKEN),
            ("media_type", "REELS"),
            ("video_url", VIDEO_URL),
            ("caption", "Hello"),
            ("thumb_offset", "1500"),
            ("share_to_feed", "false"),
        ])
    );
}

#[tokio::test]
async fn a_carousel_is_put_together_of_its_parts() {
    let server = MockServer::start().await;
    with_room(&server).await;
    for (id, part) in [("c1", "image_url"), ("c2", "video_url"), ("c3", "children")] {
        Mock::given(method("POST"))
            .and(path("/instagram/v25.0/17/media"))
            .and(body_string_contains(part))
            .respond_with(ok(json!({ "id": id })))
            .mount(&server)
            .await;
        container_is(&server, id, "FINISHED").await;
    }
    let request = request("Hello", vec![jpeg(), clip()]);
    staged(own(&server).as_ref(), &request).await.unwrap();
    assert_eq!(
        container(&server, 0).await,
        pairs(&[
            ("access_token", ACCESS_TOKEN),
            ("image_url", IMAGE_URL),
            ("alt_text", "A harbour"),
            ("is_carousel_item", "true"),
        ])
    );
    assert_eq!(
        container(&server, 1).await,
        pairs(&[
            ("access_token", ACCESS_TOKEN),
            ("media_type", "VIDEO"),
            ("video_url", VIDEO_URL),
            ("is_carousel_item", "true"),
        ])
    );
    assert_eq!(
        container(&server, 2).await,
        pairs(&[
            ("access_token", ACCESS_TOKEN),
            ("media_type", "CAROUSEL"),
            ("children", "c1,c2"),
            ("caption", "Hello"),
        ])
    );
}

#[rstest]
#[case(jpeg(), "image_url", IMAGE_URL)]
#[case(clip(), "video_url", VIDEO_URL)]
#[tokio::test]
async fn a_story_has_no_caption(#[case] item: MediaItem, #[case] field: &str, #[case] url: &str) {
    let server = MockServer::start().await;
    with_room(&server).await;
    on(&server, "POST", "/v25.0/17/media", ok(json!({"id": "c1"}))).await;
    container_is(&server, "c1", "FINISHED").await;
    let mut request = request("Hello", vec![item]);
    request.options.format = PostFormat::Story;
    staged(own(&server).as_ref(), &request).await.unwrap();
    let mut sent = container(&server, 0).await;
    sent.sort();
    let mut expected = pairs(&[("access_token", ACCESS_TOKEN), (field, url), ("media_type", "STORIES")]);
    expected.sort();
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_video_without_an_address_is_sent() {
    let server = MockServer::start().await;
    with_room(&server).await;
    let uri = format!("{}/instagram/ig-api-upload/v25.0/c1", server.uri());
    on(&server, "POST", "/v25.0/17/media", ok(json!({"id": "c1", "uri": uri}))).await;
    on(&server, "POST", "/ig-api-upload/v25.0/c1", ok(json!({"success": true}))).await;
    arrived(&server, json!({"status": "not_started"})).await;
    container_is(&server, "c1", "FINISHED").await;
    let request = request("Hello", vec![video(700_000)]);
    staged(own(&server).as_ref(), &request).await.unwrap();
    assert!(container(&server, 0).await.contains(&("upload_type".into(), "resumable".into())));
    let requests = server.received_requests().await.unwrap();
    let sent = requests.iter().find(|request| request.url.path().contains("ig-api-upload")).unwrap();
    assert_eq!(sent.headers["authorization"], format!("OAuth {ACCESS_TOKEN}"));
    assert_eq!(
        (&sent.headers["offset"], &sent.headers["file_size"]),
        (&"0".parse().unwrap(), &"700000".parse().unwrap())
    );
    assert_eq!(sent.headers["content-length"], "700000");
    assert_eq!(sent.body, video_bytes(0..700_000));
}

/// How much of its video the container says has arrived.
async fn arrived(server: &MockServer, phase: Value) {
    Mock::given(method("GET"))
        .and(path("/instagram/v25.0/c1"))
        .and(query_param("fields", "status_code,status,video_status"))
        .respond_with(ok(json!({"status_code": "IN_PROGRESS", "video_status": {"uploading_phase": phase}})))
        .mount(server)
        .await;
}

/// A container whose video may have been sent, and nobody knows.
fn sending(server: &MockServer) -> Value {
    let address = format!("{}/instagram/ig-api-upload/v25.0/c1", server.uri());
    json!({"format": "instagram/1", "counted": true, "parts": [],
        "whole": {"id": "c1", "made_at": "2026-11-20T11:00:00Z", "send_to": address, "ready": false}})
}

async fn uploads(server: &MockServer) -> Vec<wiremock::Request> {
    let requests = server.received_requests().await.unwrap();
    requests.into_iter().filter(|request| request.url.path().contains("ig-api-upload")).collect()
}

#[tokio::test]
async fn an_upload_goes_on_where_instagram_says() {
    let server = MockServer::start().await;
    arrived(&server, json!({"status": "in_progress", "bytes_transferred": 600_000})).await;
    on(&server, "POST", "/ig-api-upload/v25.0/c1", ok(json!({"success": true}))).await;
    let request = request("Hello", vec![video(700_000)]);
    let staged = own(&server).stage(&request, Some(&sending(&server))).await.unwrap();
    assert_eq!((staged.progress, &staged.state["whole"]["send_to"]), (Progress::More, &Value::Null));
    let [sent] = uploads(&server).await.try_into().unwrap();
    assert_eq!(
        (&sent.headers["offset"], &sent.headers["file_size"]),
        (&"600000".parse().unwrap(), &"700000".parse().unwrap())
    );
    assert_eq!(sent.body, video_bytes(600_000..700_000));
}

#[rstest]
#[case(json!({"status_code": "IN_PROGRESS", "video_status": {"uploading_phase": {"status": "complete"}}}))]
#[case(json!({"status_code": "IN_PROGRESS", "video_status": {"uploading_phase": {"bytes_transferred": 700_000}}}))]
#[case(json!({"status_code": "FINISHED"}))]
#[tokio::test]
async fn what_has_arrived_is_not_sent_again(#[case] container: Value) {
    let server = MockServer::start().await;
    on(&server, "GET", "/v25.0/c1", ok(container)).await;
    let request = request("Hello", vec![video(700_000)]);
    let staged = own(&server).stage(&request, Some(&sending(&server))).await.unwrap();
    assert_eq!((staged.progress, &staged.state["whole"]["send_to"]), (Progress::More, &Value::Null));
    assert!(uploads(&server).await.is_empty());
}

#[rstest]
#[case(json!({"status_code": "EXPIRED"}), "container_expired")]
#[case(json!({"status_code": "ERROR", "video_status": {"uploading_phase": {"status": "error"}}}), "upload_lost")]
#[case(json!({"status_code": "ERROR", "status": "Error: 2207053"}), "2207053")]
#[tokio::test]
async fn an_upload_that_cannot_go_on_is_begun_anew(#[case] container: Value, #[case] code: &str) {
    let server = MockServer::start().await;
    on(&server, "GET", "/v25.0/c1", ok(container)).await;
    let request = request("Hello", vec![video(700_000)]);
    let error = own(&server).stage(&request, Some(&sending(&server))).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref(), error.stale), (ErrorClass::Transient, Some(code), true));
    assert!(uploads(&server).await.is_empty());
}

#[rstest]
#[case(412, true, "OffsetInvalidError", false)]
#[case(400, false, "ProcessingFailedError", false)]
#[case(404, false, "NotFoundError", true)]
#[tokio::test]
async fn a_refused_upload_is_asked_about_or_begun_anew(
    #[case] status: u16,
    #[case] retriable: bool,
    #[case] kind: &str,
    #[case] anew: bool,
) {
    let server = MockServer::start().await;
    arrived(&server, json!({"status": "in_progress", "bytes_transferred": 5})).await;
    let refusal = json!({"debug_info": {"retriable": retriable, "type": kind, "message": "…"}});
    on(&server, "POST", "/ig-api-upload/v25.0/c1", ResponseTemplate::new(status).set_body_json(refusal)).await;
    let request = request("Hello", vec![video(10)]);
    let error = own(&server).stage(&request, Some(&sending(&server))).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref(), error.stale), (ErrorClass::Transient, Some(kind), anew));
}

/// Were it only asked again, that would go on for ever.
#[tokio::test]
async fn an_offset_that_nobody_tells_is_no_reason_to_try_the_same_again() {
    let server = MockServer::start().await;
    let unknown = json!({"error": {"code": 100, "message": "(#100) Tried accessing nonexisting field (video_status)"}});
    on(&server, "GET", "/v25.0/c1", ResponseTemplate::new(400).set_body_json(unknown)).await;
    let refusal = json!({"debug_info": {"retriable": true, "type": "OffsetInvalidError", "message": "…"}});
    on(&server, "POST", "/ig-api-upload/v25.0/c1", ResponseTemplate::new(412).set_body_json(refusal)).await;
    let request = request("Hello", vec![video(10)]);
    let error = own(&server).stage(&request, Some(&sending(&server))).await.unwrap_err();
    assert_eq!((error.class, error.stale), (ErrorClass::Transient, true));
    assert_eq!(uploads(&server).await.len(), 1);
}

#[tokio::test]
async fn a_token_is_not_sent_to_a_strange_host() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    with_room(&server).await;
    let uri = format!("{}/ig-api-upload/c1", elsewhere.uri());
    on(&server, "POST", "/v25.0/17/media", ok(json!({"id": "c1", "uri": uri}))).await;
    let error = staged(own(&server).as_ref(), &request("Hello", vec![video(10)])).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Operator, Some("address_refused")));
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[rstest]
#[case(vec![], PostFormat::Feed)]
#[case(vec![jpeg(); 11], PostFormat::Feed)]
#[case(vec![jpeg()], PostFormat::Reel)]
#[case(vec![jpeg(), jpeg()], PostFormat::Story)]
#[case(vec![MediaItem::from_bytes("application/pdf", vec![1].into(), None)], PostFormat::Feed)]
#[tokio::test]
async fn what_cannot_be_a_post_is_refused_before_anything_is_sent(
    #[case] media: Vec<MediaItem>,
    #[case] format: PostFormat,
) {
    let server = MockServer::start().await;
    let mut request = request("Hello", media);
    request.options.format = format;
    let error = own(&server).stage(&request, None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Validation);
    assert!(calls(&server).await.is_empty());
}

#[tokio::test]
async fn a_picture_without_an_address_is_the_operators() {
    let server = MockServer::start().await;
    with_room(&server).await;
    let error = staged(own(&server).as_ref(), &request("Hello", vec![picture(10, None)])).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Operator, Some("no_public_address")));
}

#[tokio::test]
async fn a_used_up_quota_stops_before_anything_is_made() {
    let server = MockServer::start().await;
    let limit = json!({"data": [{"config": {"quota_total": 50, "quota_duration": 86_400}, "quota_usage": 50}]});
    on(&server, "GET", "/v25.0/17/content_publishing_limit", ok(limit)).await;
    let error = own(&server).stage(&request("Hello", vec![jpeg()]), None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::QuotaDaily);
    assert_eq!(error.retry_at, Some(noon() + chrono::Duration::hours(1)));
    assert_eq!(calls(&server).await.len(), 1);
}

#[tokio::test]
async fn the_quota_can_be_asked_for() {
    let server = MockServer::start().await;
    with_room(&server).await;
    let known = account("17", AccountKind::Professional);
    let quota = own(&server).publishing_quota(&known).await.unwrap();
    assert_eq!(quota, Some(PublishingQuota { used: 49, total: 50, window: 86_400 }));
    let silent = MockServer::start().await;
    on(&silent, "GET", "/v25.0/17/content_publishing_limit", ok(json!({"data": [{"quota_usage": 3}]}))).await;
    assert_eq!(own(&silent).publishing_quota(&known).await.unwrap(), None, "half of it is not made up");
}

#[rstest]
#[case("Error: Media upload has failed with error code 2207026", ErrorClass::MediaInvalid, "2207026")]
#[case("Error: Media upload has failed with error code 2207003", ErrorClass::Transient, "2207003")]
#[case("Error: something new", ErrorClass::MediaInvalid, "container_error")]
#[tokio::test]
async fn a_container_that_failed_is_of_no_more_use(
    #[case] status: &str,
    #[case] expected: ErrorClass,
    #[case] code: &str,
) {
    let server = MockServer::start().await;
    with_room(&server).await;
    on(&server, "POST", "/v25.0/17/media", ok(json!({"id": "c1"}))).await;
    on(&server, "GET", "/v25.0/c1", ok(json!({"status_code": "ERROR", "status": status}))).await;
    let error = staged(own(&server).as_ref(), &request("Hello", vec![clip()])).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref(), error.stale), (expected, Some(code), true));
}

fn ready(id: &str, made_at: &str) -> Value {
    json!({"format": "instagram/1", "counted": true, "parts": [],
        "whole": {"id": id, "made_at": made_at, "ready": true}})
}

#[rstest]
#[case("EXPIRED", "2026-11-20T11:00:00Z")]
#[case("FINISHED", "2026-11-19T16:00:00Z")]
#[tokio::test]
async fn containers_that_expired_or_are_about_to_are_made_anew(#[case] status_code: &str, #[case] made_at: &str) {
    let server = MockServer::start().await;
    with_room(&server).await;
    container_is(&server, "c1", status_code).await;
    on(&server, "POST", "/v25.0/17/media", ok(json!({"id": "c2"}))).await;
    let staged = own(&server).stage(&request("Hello", vec![jpeg()]), Some(&ready("c1", made_at))).await.unwrap();
    assert_eq!(staged.state["whole"]["id"], "c2");
}

#[tokio::test]
async fn a_container_that_is_the_post_already_is_never_made_again() {
    let server = MockServer::start().await;
    container_is(&server, "c1", "PUBLISHED").await;
    let saved = ready("c1", "2026-11-20T11:00:00Z");
    let error = own(&server).stage(&request("Hello", vec![jpeg()]), Some(&saved)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::OutcomeUnknown);
    assert_eq!(calls(&server).await, ["GET /v25.0/c1"]);
}

#[rstest]
#[case(400, json!({"error": {"code": 9, "error_subcode": 2_207_042}}), ErrorClass::QuotaDaily)]
#[case(400, json!({"error": {"code": 9007, "error_subcode": 2_207_027}}), ErrorClass::MediaProcessing)]
#[case(400, json!({"error": {"code": 10, "error_subcode": 2_207_051}}), ErrorClass::OutcomeUnknown)]
#[case(400, json!({"error": {"code": 190, "error_subcode": 460}}), ErrorClass::AuthRevoked)]
#[case(500, json!({"error": {"code": 1}}), ErrorClass::OutcomeUnknown)]
#[case(200, json!({}), ErrorClass::OutcomeUnknown)]
#[tokio::test]
async fn a_commit_that_ends_otherwise(#[case] status: u16, #[case] body: Value, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    on(&server, "POST", "/v25.0/17/media_publish", ResponseTemplate::new(status).set_body_json(body)).await;
    let state = ready("c1", "2026-11-20T11:00:00Z");
    let error = own(&server).commit(&request("Hello", vec![jpeg()]), &state).await.unwrap_err();
    assert_eq!(error.class, expected);
    assert_eq!(calls(&server).await.len(), 1, "a commit is one request");
}

#[tokio::test]
async fn an_unready_container_is_not_published() {
    let server = MockServer::start().await;
    let mut state = ready("c1", "2026-11-20T11:00:00Z");
    state["whole"]["ready"] = false.into();
    let error = own(&server).commit(&request("Hello", vec![jpeg()]), &state).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Operator, Some("not_staged")));
    assert!(calls(&server).await.is_empty());
}

async fn listed(server: &MockServer, posts: Value) {
    on(server, "GET", "/v25.0/17/media", ok(json!({ "data": posts }))).await;
}

#[rstest]
#[case("FINISHED", false)]
#[case("IN_PROGRESS", false)]
#[case("EXPIRED", false)]
#[case("PUBLISHED", true)]
#[tokio::test]
async fn the_container_tells_whether_it_went_out(#[case] status_code: &str, #[case] out: bool) {
    let server = MockServer::start().await;
    container_is(&server, "c1", status_code).await;
    // A list that lags behind.
    listed(&server, json!([])).await;
    let state = ready("c1", "2026-11-20T11:00:00Z");
    let finding = own(&server).find_published(&request("Hello", vec![jpeg()]), Some(&state), &[]).await.unwrap();
    if out {
        assert_eq!(finding, Finding::Found { external_id: "c1".into(), url: None, published_at: None });
    } else {
        assert_eq!(finding, Finding::NotFound);
    }
}

#[tokio::test]
async fn the_list_tells_which_post_it_became() {
    let server = MockServer::start().await;
    container_is(&server, "c1", "PUBLISHED").await;
    listed(
        &server,
        json!([
            {"id": "m2", "caption": "Hello", "timestamp": "2026-11-20T12:00:09+0000", "media_type": "CAROUSEL_ALBUM",
             "children": {"data": [{"id": "a"}, {"id": "b"}]}},
            {"id": "m1", "caption": "Hello", "timestamp": "2026-11-20T12:00:05+0000", "media_type": "IMAGE",
             "permalink": "https://www.instagram.com/p/x/"},
        ]),
    )
    .await;
    let state = ready("c1", "2026-11-20T11:00:00Z");
    let adapter = own(&server);
    let finding = adapter.find_published(&request("Hello", vec![jpeg()]), Some(&state), &[]).await.unwrap();
    let Finding::Found { external_id, url, published_at } = finding else { panic!("{finding:?}") };
    assert_eq!((external_id.as_str(), url.as_deref()), ("m1", Some("https://www.instagram.com/p/x/")));
    assert_eq!(published_at, Some(noon() + chrono::Duration::seconds(5)));
}

#[tokio::test]
async fn a_container_nobody_knows_leaves_it_to_the_list() {
    let server = MockServer::start().await;
    let unknown = json!({"error": {"code": 100, "error_subcode": 33, "message": "…"}});
    on(&server, "GET", "/v25.0/c1", ResponseTemplate::new(400).set_body_json(unknown)).await;
    listed(&server, json!([{"id": "m1", "caption": "Other", "timestamp": "2026-11-20T12:00:05+0000"}])).await;
    let state = ready("c1", "2026-11-20T11:00:00Z");
    let finding = own(&server).find_published(&request("Hello", vec![jpeg()]), Some(&state), &[]).await.unwrap();
    assert_eq!(finding, Finding::NotFound);
}

#[tokio::test]
async fn a_story_is_found_among_stories() {
    let server = MockServer::start().await;
    container_is(&server, "c1", "PUBLISHED").await;
    let stories = json!({"data": [
        {"id": "s2", "permalink": "https://www.instagram.com/stories/x/", "timestamp": "2026-11-20T12:00:04+0000"},
        {"id": "s1", "timestamp": "2026-11-20T10:00:00+0000"},
    ]});
    on(&server, "GET", "/v25.0/17/stories", ok(stories)).await;
    let mut request = request("", vec![jpeg()]);
    request.options.format = PostFormat::Story;
    let state = ready("c1", "2026-11-20T11:00:00Z");
    let finding = own(&server).find_published(&request, Some(&state), &[]).await.unwrap();
    assert!(matches!(&finding, Finding::Found { external_id, .. } if external_id == "s2"), "{finding:?}");
}

#[tokio::test]
async fn a_first_comment_is_written_below() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/instagram/v25.0/m1/comments"))
        .respond_with(ok(json!({"id": "k1"})))
        .mount(&server)
        .await;
    let account = account("17", AccountKind::Professional);
    assert_eq!(own(&server).comment(&account, "m1", "#coffee").await.unwrap(), "k1");
    assert_eq!(
        form(&server.received_requests().await.unwrap()[0]),
        pairs(&[("access_token", ACCESS_TOKEN), ("message", "#coffee")])
    );
    let lost = MockServer::start().await;
    on(&lost, "POST", "/v25.0/m1/comments", ResponseTemplate::new(500)).await;
    let error = own(&lost).comment(&account, "m1", "#coffee").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::OutcomeUnknown);
}

#[tokio::test]
async fn a_linked_account_is_asked_by_its_id() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/instagram/v25.0/17"))
        .and(query_param("fields", "id,username,name,profile_picture_url"))
        .respond_with(ok(json!({"id": "17", "username": "shop", "name": "Shop"})))
        .mount(&server)
        .await;
    let profile = through_facebook(&server).identify(&account("17", AccountKind::LinkedProfessional)).await.unwrap();
    assert_eq!((profile.display_name.as_str(), profile.handle.as_deref()), ("Shop", Some("@shop")));
}
