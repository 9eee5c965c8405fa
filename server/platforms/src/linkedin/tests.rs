//! The adapter against a server that expects exactly LinkedIn's requests.

use bytes::Bytes;
use domain::{Platform, deliveries::ErrorClass};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path, query_param},
};

use crate::{
    AccountKind, Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Finding, Finds, MediaItem, PlatformError, Probe,
    Progress, Registry,
    testing::{
        ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, account, adapter, assert_no_secret, calls, form, http_with, noon,
        pairs, picture, post, query, settings, video, video_bytes,
    },
};

const ALL_SCOPES: &str =
    "email,openid,profile,r_organization_social,rw_organization_admin,w_member_social,w_organization_social";

async fn on(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    let at = format!("/linkedin{at}");
    Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(server).await;
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn assert_rest(request: &Request) {
    assert_eq!(request.headers["linkedin-version"], "202607");
    assert_eq!(request.headers["x-restli-protocol-version"], "2.0.0");
    assert_eq!(request.headers["authorization"], format!("Bearer {ACCESS_TOKEN}"));
}

async fn sign_in(server: &MockServer, scope: &str, roles: Value) {
    let tokens = json!({"access_token": ACCESS_TOKEN, "expires_in": 5_183_999, "scope": scope});
    on(server, "POST", "/oauth/v2/accessToken", ok(tokens)).await;
    let ada = json!({"sub": "abc", "name": "Ada Byron", "picture": "https://media.example/a.png", "locale": "en_GB"});
    on(server, "GET", "/v2/userinfo", ok(ada)).await;
    on(server, "GET", "/rest/organizationAcls", ok(json!({"elements": roles, "paging": {}}))).await;
    for (id, name) in [("10", "Northwind"), ("20", "Contoso")] {
        let organization = json!({"id": id, "localizedName": name, "vanityName": name.to_lowercase()});
        on(server, "GET", &format!("/rest/organizations/{id}"), ok(organization)).await;
    }
}

fn role(role: &str, id: &str) -> Value {
    json!({"role": role, "state": "APPROVED", "organization": format!("urn:li:organization:{id}"),
        "roleAssignee": "urn:li:person:abc"})
}

async fn exchange(server: &MockServer) -> Result<Exchange, PlatformError> {
    adapter(Platform::Linkedin, server).exchange(&ExchangeRequest { code: &"the-code".into(), pkce: None }).await
}

#[tokio::test]
async fn the_consent_page_is_asked_without_pkce_or_prompt() {
    let server = MockServer::start().await;
    let adapter = adapter(Platform::Linkedin, &server);
    let url = adapter.authorize_url(&AuthorizeRequest { state: "s", pkce: None, again: true });
    assert_eq!(url.path(), "/linkedin/oauth/v2/authorization");
    let scopes = "openid profile email w_member_social r_organization_social w_organization_social \
                  rw_organization_admin";
    assert_eq!(
        query(&url),
        pairs(&[
            ("response_type", "code"),
            ("client_id", "client-id"),
            ("redirect_uri", "https://arctiv.example/api/oauth/linkedin/callback"),
            ("state", "s"),
            ("scope", scopes),
        ])
    );
    assert!(!adapter.traits().pkce);
    assert_eq!(adapter.traits().finds, Finds::Sometimes);
}

#[tokio::test]
async fn a_code_becomes_the_member_and_their_organizations() {
    let server = MockServer::start().await;
    let roles = json!([role("ADMINISTRATOR", "10"), role("ANALYST", "20")]);
    sign_in(&server, ALL_SCOPES, roles).await;
    let exchange = exchange(&server).await.unwrap();
    let granted: Vec<_> = exchange
        .grants
        .iter()
        .map(|grant| (grant.profile.kind, grant.profile.external_id.as_str(), grant.profile.display_name.as_str()))
        .collect();
    assert_eq!(granted, [(AccountKind::Profile, "abc", "Ada Byron"), (AccountKind::Organization, "10", "Northwind")]);
    assert_eq!(exchange.left_out[0].name, "Contoso");
    for grant in &exchange.grants {
        assert_eq!(grant.grantor, "abc");
        assert!(grant.missing_scopes.is_empty());
        assert!(grant.tokens.refresh_token.is_none());
        assert_eq!(grant.tokens.expires_at, Some(noon() + chrono::Duration::seconds(5_183_999)));
        assert_eq!(grant.tokens.scopes.len(), 7);
    }
    let requests = server.received_requests().await.unwrap();
    assert_eq!(
        form(&requests[0]),
        pairs(&[
            ("grant_type", "authorization_code"),
            ("code", "the-code"),
            ("redirect_uri", "https://arctiv.example/api/oauth/linkedin/callback"),
            ("client_id", "client-id"),
            ("client_secret", CLIENT_SECRET),
        ])
    );
    let acls = requests.iter().find(|request| request.url.path().ends_with("/organizationAcls")).unwrap();
    assert_rest(acls);
    assert_eq!(query(&acls.url), pairs(&[("q", "roleAssignee"), ("state", "APPROVED"), ("count", "100")]));
}

#[tokio::test]
async fn scopes_are_missed_where_they_belong() {
    let server = MockServer::start().await;
    let scopes = "openid profile rw_organization_admin w_organization_social";
    sign_in(&server, scopes, json!([role("CONTENT_ADMINISTRATOR", "10")])).await;
    let exchange = exchange(&server).await.unwrap();
    let missing = |index: usize| -> Vec<(String, bool)> {
        let missing = &exchange.grants[index].missing_scopes;
        missing.iter().map(|missing| (missing.scope.clone(), missing.needed_to_publish)).collect()
    };
    assert_eq!(missing(0), [("email".to_owned(), false), ("w_member_social".to_owned(), true)]);
    assert_eq!(missing(1), [("r_organization_social".to_owned(), false)]);
}

#[tokio::test]
async fn an_app_for_organizations_alone_lists_no_member() {
    let server = MockServer::start().await;
    sign_in(&server, "rw_organization_admin,w_organization_social", json!([role("ADMINISTRATOR", "10")])).await;
    let mut settings = settings(Platform::Linkedin, &server);
    settings.scopes = Some(vec!["rw_organization_admin".into(), "w_organization_social".into()]);
    let registry = Registry::new([settings], &http_with(|_| ())).unwrap();
    let adapter = registry.get(Platform::Linkedin).unwrap();
    let exchange = adapter.exchange(&ExchangeRequest { code: &"the-code".into(), pkce: None }).await.unwrap();
    let [grant] = exchange.grants.try_into().unwrap();
    assert_eq!((grant.profile.kind, grant.grantor.as_str()), (AccountKind::Organization, "abc"));
    assert!(!calls(&server).await.contains(&"GET /v2/userinfo".to_owned()));
}

#[tokio::test]
async fn a_stranger_cannot_be_connected() {
    let server = MockServer::start().await;
    sign_in(&server, "w_member_social", json!([])).await;
    let error = exchange(&server).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Permission, Some("scope_missing")));
}

#[tokio::test]
async fn access_is_renewed_where_the_app_may() {
    let server = MockServer::start().await;
    let tokens = json!({"access_token": "new-access", "expires_in": 5_184_000});
    on(&server, "POST", "/oauth/v2/accessToken", ok(tokens)).await;
    let adapter = adapter(Platform::Linkedin, &server);
    let mut account = account("abc", AccountKind::Profile);
    account.tokens.refresh_expires_at = Some(noon() + chrono::Duration::days(300));
    let tokens = adapter.refresh(&account).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "new-access");
    assert_eq!(tokens.expires_at, Some(noon() + chrono::Duration::days(60)));
    // What the answer does not repeat stays as it was.
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), REFRESH_TOKEN);
    assert_eq!(tokens.refresh_expires_at, account.tokens.refresh_expires_at);
    assert_eq!(tokens.scopes, ["a", "b"]);
    assert_eq!(
        form(&server.received_requests().await.unwrap()[0]),
        pairs(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", REFRESH_TOKEN),
            ("client_id", "client-id"),
            ("client_secret", CLIENT_SECRET),
        ])
    );
    account.tokens.refresh_token = None;
    let error = adapter.refresh(&account).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::AuthExpired, Some("no_refresh_token")));
}

#[rstest]
#[case(json!({"active": true, "status": "active", "expires_at": 1_800_000_000, "scope": "b,a"}), None)]
#[case(json!({"active": false, "status": "revoked"}), Some("revoked"))]
#[case(json!({"active": false, "status": "expired"}), Some("expired"))]
#[tokio::test]
async fn a_token_is_probed_by_introspection(#[case] body: Value, #[case] gone: Option<&str>) {
    let server = MockServer::start().await;
    on(&server, "POST", "/oauth/v2/introspectToken", ok(body)).await;
    let probe = adapter(Platform::Linkedin, &server).probe(&account("abc", AccountKind::Profile)).await.unwrap();
    match (probe, gone) {
        (Probe::Alive { scopes, expires_at }, None) => {
            assert_eq!(scopes.unwrap(), ["a", "b"]);
            assert_eq!(expires_at.unwrap().timestamp(), 1_800_000_000);
        }
        (Probe::Gone { code, .. }, Some(expected)) => assert_eq!(code.as_deref(), Some(expected)),
        (probe, _) => panic!("{probe:?}"),
    }
    assert_eq!(
        form(&server.received_requests().await.unwrap()[0]),
        pairs(&[("client_id", "client-id"), ("client_secret", CLIENT_SECRET), ("token", ACCESS_TOKEN)])
    );
}

#[tokio::test]
async fn access_is_given_back() {
    let server = MockServer::start().await;
    on(&server, "POST", "/oauth/v2/revoke", ResponseTemplate::new(200)).await;
    adapter(Platform::Linkedin, &server).revoke(&account("abc", AccountKind::Profile)).await.unwrap();
    assert_eq!(
        form(&server.received_requests().await.unwrap()[0]),
        pairs(&[("client_id", "client-id"), ("client_secret", CLIENT_SECRET), ("token", ACCESS_TOKEN)])
    );
}

async fn publish(adapter: &dyn Adapter, request: &crate::PublishRequest) -> Result<crate::Published, PlatformError> {
    let mut state = None;
    loop {
        let staged = adapter.stage(request, state.as_ref()).await?;
        assert_no_secret(&staged.state.to_string());
        state = Some(staged.state);
        match staged.progress {
            Progress::More => {}
            Progress::Ready => break,
            Progress::Wait { .. } => panic!("LinkedIn's pictures are not waited for"),
        }
    }
    adapter.commit(request, &state.unwrap()).await
}

fn created() -> ResponseTemplate {
    ResponseTemplate::new(201).insert_header("x-restli-id", "urn:li:share:7")
}

fn sent_post(request: &Request) -> Value {
    assert_rest(request);
    assert_eq!(request.url.path(), "/linkedin/rest/posts");
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test]
async fn a_text_goes_out_escaped() {
    let server = MockServer::start().await;
    on(&server, "POST", "/rest/posts", created()).await;
    let adapter = adapter(Platform::Linkedin, &server);
    let request = post(account("abc", AccountKind::Profile), "We (really) mean it #now", Vec::new());
    let published = publish(adapter.as_ref(), &request).await.unwrap();
    assert_eq!(published.external_id, "urn:li:share:7");
    assert_eq!(published.url, Some(format!("{}/linkedin/feed/update/urn:li:share:7", server.uri())));
    assert_no_secret(&serde_json::to_string(&published.trace).unwrap());
    assert_eq!(
        sent_post(&server.received_requests().await.unwrap()[0]),
        json!({
            "author": "urn:li:person:abc",
            "commentary": "We \\(really\\) mean it {hashtag|\\#|now}",
            "visibility": "PUBLIC",
            "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": false,
        })
    );
}

#[tokio::test]
async fn a_link_becomes_an_article() {
    let server = MockServer::start().await;
    on(&server, "POST", "/rest/posts", created()).await;
    let mut request = post(account("10", AccountKind::Organization), "Read this", Vec::new());
    request.link = Some("https://www.arctiv.example/a".into());
    publish(adapter(Platform::Linkedin, &server).as_ref(), &request).await.unwrap();
    let body = sent_post(&server.received_requests().await.unwrap()[0]);
    assert_eq!(body["author"], "urn:li:organization:10");
    let article = json!({"article": {"source": "https://www.arctiv.example/a", "title": "arctiv.example"}});
    assert_eq!(body["content"], article);
}

/// Hands out upload addresses one after the other.
async fn uploads(server: &MockServer, addresses: &[(&str, &str)]) {
    for (index, (urn, address)) in addresses.iter().enumerate().rev() {
        let answer = json!({"value": {"uploadUrl": address, "image": urn, "uploadUrlExpiresAt": 1}});
        Mock::given(method("POST"))
            .and(path("/linkedin/rest/images"))
            .and(query_param("action", "initializeUpload"))
            .respond_with(ok(answer))
            .up_to_n_times(1)
            .with_priority(u8::try_from(index).unwrap() + 1)
            .mount(server)
            .await;
    }
}

#[tokio::test]
async fn pictures_go_to_the_addresses_handed_out() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    let own = format!("{}/linkedin/dms-uploads/1", server.uri());
    let foreign = format!("{}/uploads/2?sig=x", elsewhere.uri());
    uploads(&server, &[("urn:li:image:1", &own), ("urn:li:image:2", &foreign)]).await;
    on(&server, "PUT", "/dms-uploads/1", ResponseTemplate::new(201)).await;
    Mock::given(method("PUT")).respond_with(ResponseTemplate::new(201)).mount(&elsewhere).await;
    on(&server, "POST", "/rest/posts", created()).await;

    let media = vec![picture(100, Some("A harbour")), picture(10, None)];
    let request = post(account("10", AccountKind::Organization), "Hello", media);
    publish(adapter(Platform::Linkedin, &server).as_ref(), &request).await.unwrap();

    assert_eq!(
        calls(&server).await,
        ["POST /rest/images", "PUT /dms-uploads/1", "POST /rest/images", "POST /rest/posts"]
    );
    let requests = server.received_requests().await.unwrap();
    assert_rest(&requests[0]);
    let initialize: Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(initialize, json!({"initializeUploadRequest": {"owner": "urn:li:organization:10"}}));
    assert_eq!(requests[1].body, Bytes::from(vec![7; 100]));
    assert_eq!(requests[1].headers["content-type"], "image/png");
    assert_eq!(requests[1].headers["authorization"], format!("Bearer {ACCESS_TOKEN}"));
    // The token stays at home.
    let foreign = &elsewhere.received_requests().await.unwrap()[0];
    assert!(!foreign.headers.contains_key("authorization"));
    let body = sent_post(&requests[3]);
    let images = json!([{"id": "urn:li:image:1", "altText": "A harbour"}, {"id": "urn:li:image:2"}]);
    assert_eq!(body["content"], json!({"multiImage": {"images": images}}));
}

#[tokio::test]
async fn a_single_picture_is_a_medium_and_wins_over_a_link() {
    let server = MockServer::start().await;
    uploads(&server, &[("urn:li:image:1", &format!("{}/linkedin/up", server.uri()))]).await;
    on(&server, "PUT", "/up", ResponseTemplate::new(201)).await;
    on(&server, "POST", "/rest/posts", created()).await;
    let mut request = post(account("abc", AccountKind::Profile), "Hello", vec![picture(10, Some("A harbour"))]);
    request.link = Some("https://arctiv.example".into());
    publish(adapter(Platform::Linkedin, &server).as_ref(), &request).await.unwrap();
    let body = sent_post(server.received_requests().await.unwrap().last().unwrap());
    assert_eq!(body["content"], json!({"media": {"id": "urn:li:image:1", "altText": "A harbour"}}));
}

#[tokio::test]
async fn an_upload_address_in_our_own_network_is_not_called() {
    let server = MockServer::start().await;
    uploads(&server, &[("urn:li:image:1", "http://169.254.169.254/latest/meta-data")]).await;
    let request = post(account("abc", AccountKind::Profile), "Hello", vec![picture(10, None)]);
    let error = publish(adapter(Platform::Linkedin, &server).as_ref(), &request).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Operator, Some("address_refused")));
}

#[rstest]
#[case(ResponseTemplate::new(201), ErrorClass::OutcomeUnknown)]
#[case(ResponseTemplate::new(422).set_body_json(json!({"message": "Content is a duplicate of urn:li:share:7"})), ErrorClass::Duplicate)]
#[case(ResponseTemplate::new(400).set_body_json(json!({"code": "MEDIA_ASSET_WAITING_UPLOAD"})), ErrorClass::MediaProcessing)]
#[case(ResponseTemplate::new(426).set_body_json(json!({"code": "NONEXISTENT_VERSION"})), ErrorClass::Operator)]
#[case(ResponseTemplate::new(401).set_body_json(json!({"serviceErrorCode": 65601})), ErrorClass::AuthRevoked)]
#[case(ResponseTemplate::new(500), ErrorClass::OutcomeUnknown)]
#[tokio::test]
async fn a_commit_that_ends_otherwise(#[case] answer: ResponseTemplate, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    on(&server, "POST", "/rest/posts", answer).await;
    let request = post(account("abc", AccountKind::Profile), "Hello", Vec::new());
    let error = publish(adapter(Platform::Linkedin, &server).as_ref(), &request).await.unwrap_err();
    assert_eq!(error.class, expected);
    assert_eq!(calls(&server).await.len(), 1, "a commit is one request");
}

#[tokio::test]
async fn an_organizations_post_is_found_again() {
    let server = MockServer::start().await;
    let posts = json!({"elements": [
        {"id": "urn:li:share:9", "commentary": "We \\(really\\) mean it {hashtag|\\#|now}", "createdAt": noon().timestamp_millis() + 4_000,
         "lifecycleState": "PUBLISHED"},
        {"id": "urn:li:share:8", "commentary": "We \\(really\\) mean it {hashtag|\\#|now}", "createdAt": noon().timestamp_millis() - 900_000},
    ]});
    on(&server, "GET", "/rest/posts", ok(posts)).await;
    let adapter = adapter(Platform::Linkedin, &server);
    let request = post(account("10", AccountKind::Organization), "We (really) mean it #now", Vec::new());
    let finding = adapter.find_published(&request, None, &[]).await.unwrap();
    assert!(matches!(&finding, Finding::Found { external_id, .. } if external_id == "urn:li:share:9"), "{finding:?}");
    let known = ["urn:li:share:9".to_owned()];
    assert_eq!(adapter.find_published(&request, None, &known).await.unwrap(), Finding::NotFound);
    let requests = server.received_requests().await.unwrap();
    assert_rest(&requests[0]);
    assert_eq!(requests[0].headers["x-restli-method"], "FINDER");
    assert_eq!(
        query(&requests[0].url),
        pairs(&[
            ("q", "author"),
            ("author", "urn:li:organization:10"),
            ("count", "50"),
            ("start", "0"),
            ("sortBy", "CREATED"),
        ])
    );
}

#[tokio::test]
async fn a_members_posts_cannot_be_asked_for() {
    let server = MockServer::start().await;
    let adapter = adapter(Platform::Linkedin, &server);
    let member = post(account("abc", AccountKind::Profile), "Hello", Vec::new());
    let finding = adapter.find_published(&member, None, &[]).await.unwrap();
    assert!(matches!(finding, Finding::CannotTell { .. }));
    assert!(calls(&server).await.is_empty());
    // Nor an organization's without the permission.
    let denied = ResponseTemplate::new(403).set_body_json(json!({"code": "ACCESS_DENIED", "serviceErrorCode": 100}));
    on(&server, "GET", "/rest/posts", denied).await;
    let organization = post(account("10", AccountKind::Organization), "Hello", Vec::new());
    let finding = adapter.find_published(&organization, None, &[]).await.unwrap();
    assert!(matches!(finding, Finding::CannotTell { .. }));
}

// ---- videos and documents -------------------------------------------------------------------------------------------

/// A video of 1,000 bytes in three parts, each at an address of its own on another host.
async fn video_in_parts(server: &MockServer, elsewhere: &MockServer) {
    let parts: Vec<Value> = [(0, 399), (400, 799), (800, 999)]
        .iter()
        .enumerate()
        .map(|(part, (first, last))| {
            let url = format!("{}/part/{part}?sig=very-secret-signature", elsewhere.uri());
            json!({"uploadUrl": url, "firstByte": first, "lastByte": last})
        })
        .collect();
    let value = json!({"video": "urn:li:video:1", "uploadToken": "very-secret-token", "uploadInstructions": parts});
    Mock::given(method("POST"))
        .and(path("/linkedin/rest/videos"))
        .and(query_param("action", "initializeUpload"))
        .respond_with(ok(json!({ "value": value })))
        .mount(server)
        .await;
    Mock::given(method("POST"))
        .and(path("/linkedin/rest/videos"))
        .and(query_param("action", "finalizeUpload"))
        .respond_with(ResponseTemplate::new(200))
        .mount(server)
        .await;
    for part in 0..3 {
        Mock::given(method("PUT"))
            .and(path(format!("/part/{part}")))
            .respond_with(ResponseTemplate::new(200).insert_header("etag", format!("\"tag-{part}\"").as_str()))
            .mount(elsewhere)
            .await;
    }
}

fn with_video() -> crate::PublishRequest {
    post(account("10", AccountKind::Organization), "Hello", vec![video(1_000)])
}

#[tokio::test]
async fn each_part_of_a_video_goes_to_its_own_address() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    video_in_parts(&server, &elsewhere).await;
    let at = "/rest/videos/urn%3Ali%3Avideo%3A1";
    Mock::given(method("GET"))
        .and(path(format!("/linkedin{at}")))
        .respond_with(ok(json!({"id": "urn:li:video:1", "status": "PROCESSING"})))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    on(&server, "GET", at, ok(json!({"id": "urn:li:video:1", "status": "AVAILABLE"}))).await;
    on(&server, "POST", "/rest/posts", created()).await;
    let adapter = adapter(Platform::Linkedin, &server);
    let mut request = with_video();
    request.options.title = Some("Opening day".into());
    let mut state: Option<Value> = None;
    let mut waits = 0;
    loop {
        let staged = adapter.stage(&request, state.as_ref()).await.unwrap();
        let traces = serde_json::to_string(&staged.traces).unwrap();
        assert!(!traces.contains("very-secret"), "{traces}");
        state = Some(staged.state);
        match staged.progress {
            Progress::Ready => break,
            Progress::More => {}
            Progress::Wait { .. } => waits += 1,
        }
    }
    assert_eq!(waits, 1);
    adapter.commit(&request, &state.unwrap()).await.unwrap();

    let parts = elsewhere.received_requests().await.unwrap();
    assert_eq!(parts.len(), 3);
    for (part, range) in parts.iter().zip([0..400, 400..800, 800..1_000]) {
        assert_eq!(part.body, video_bytes(range));
        assert_eq!(part.headers["content-type"], "application/octet-stream");
        assert!(!part.headers.contains_key("authorization"), "the address is the permission");
    }
    let requests = server.received_requests().await.unwrap();
    let initialize: Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(
        initialize,
        json!({"initializeUploadRequest": {"owner": "urn:li:organization:10", "fileSizeBytes": 1_000,
            "uploadCaptions": false, "uploadThumbnail": false}})
    );
    assert_rest(&requests[1]);
    let finalize: Value = serde_json::from_slice(&requests[1].body).unwrap();
    assert_eq!(
        finalize,
        json!({"finalizeUploadRequest": {"video": "urn:li:video:1", "uploadToken": "very-secret-token",
            "uploadedPartIds": ["tag-0", "tag-1", "tag-2"]}})
    );
    let body = sent_post(requests.last().unwrap());
    assert_eq!(body["content"], json!({"media": {"id": "urn:li:video:1", "title": "Opening day"}}));
}

#[tokio::test]
async fn a_video_goes_on_with_the_part_that_is_missing() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    video_in_parts(&server, &elsewhere).await;
    let adapter = adapter(Platform::Linkedin, &server);
    let mut state = None;
    // Begun, and one part sent; then the process dies.
    for _ in 0..2 {
        state = Some(adapter.stage(&with_video(), state.as_ref()).await.unwrap().state);
    }
    let staged = adapter.stage(&with_video(), state.as_ref()).await.unwrap();
    assert_eq!(staged.state["video"]["etags"], json!(["tag-0", "tag-1"]));
    assert_eq!(elsewhere.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn addresses_that_have_ended_are_asked_for_anew() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    Mock::given(method("PUT")).respond_with(ResponseTemplate::new(403)).mount(&elsewhere).await;
    video_in_parts(&server, &elsewhere).await;
    let adapter = adapter(Platform::Linkedin, &server);
    let begun = adapter.stage(&with_video(), None).await.unwrap();
    let error = adapter.stage(&with_video(), Some(&begun.state)).await.unwrap_err();
    assert_eq!((error.class, error.stale), (ErrorClass::Transient, true));
}

fn finalized(server_time: &str) -> Value {
    json!({"format": "linkedin/1", "images": [], "video": {"urn": "urn:li:video:1", "token": "", "began_at": server_time,
        "parts": [], "etags": [], "finalized": true, "ready": false}})
}

#[rstest]
#[case(ok(json!({"status": "PROCESSING_FAILED"})), Err((ErrorClass::MediaInvalid, true)))]
#[case(ResponseTemplate::new(403).set_body_json(json!({"code": "ACCESS_DENIED"})), Ok(Progress::Ready))]
#[case(ok(json!({"status": "WAITING_UPLOAD"})), Ok(Progress::Wait { after: std::time::Duration::from_secs(3) }))]
#[tokio::test]
async fn what_becomes_of_a_video(
    #[case] answer: ResponseTemplate,
    #[case] expected: Result<Progress, (ErrorClass, bool)>,
) {
    let server = MockServer::start().await;
    on(&server, "GET", "/rest/videos/urn%3Ali%3Avideo%3A1", answer).await;
    let saved = finalized("2026-11-20T12:00:00Z");
    let staged = adapter(Platform::Linkedin, &server).stage(&with_video(), Some(&saved)).await;
    assert_eq!(staged.map(|staged| staged.progress).map_err(|error| (error.class, error.stale)), expected);
}

#[tokio::test]
async fn parts_that_do_not_make_up_the_file_are_refused() {
    let server = MockServer::start().await;
    let parts = json!([{"uploadUrl": "https://a.example/1", "firstByte": 0, "lastByte": 998}]);
    let value = json!({"video": "urn:li:video:1", "uploadToken": "", "uploadInstructions": parts});
    on(&server, "POST", "/rest/videos", ok(json!({ "value": value }))).await;
    let error = adapter(Platform::Linkedin, &server).stage(&with_video(), None).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Transient, Some("unreadable")));
}

#[tokio::test]
async fn a_document_is_streamed_and_has_a_title() {
    let server = MockServer::start().await;
    let upload = format!("{}/linkedin/up", server.uri());
    let value = json!({"uploadUrl": upload, "document": "urn:li:document:1", "uploadUrlExpiresAt": 1});
    on(&server, "POST", "/rest/documents", ok(json!({ "value": value }))).await;
    on(&server, "PUT", "/up", ResponseTemplate::new(201)).await;
    on(&server, "POST", "/rest/posts", created()).await;
    let document = MediaItem { mime: "application/pdf".into(), ..video(600_000) };
    let request = post(account("abc", AccountKind::Profile), "Hello", vec![document]);
    publish(adapter(Platform::Linkedin, &server).as_ref(), &request).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[1].body, video_bytes(0..600_000));
    assert_eq!(
        (&requests[1].headers["content-type"], &requests[1].headers["content-length"]),
        (&"application/pdf".parse().unwrap(), &"600000".parse().unwrap())
    );
    let body = sent_post(&requests[2]);
    assert_eq!(body["content"], json!({"media": {"id": "urn:li:document:1", "title": "Document"}}));
}

#[rstest]
#[case(vec![video(1), picture(1, None)])]
#[case(vec![MediaItem::from_bytes("application/pdf", vec![1].into(), None), picture(1, None)])]
#[tokio::test]
async fn what_cannot_be_a_post_is_refused_before_anything_is_sent(#[case] media: Vec<MediaItem>) {
    let server = MockServer::start().await;
    let request = post(account("abc", AccountKind::Profile), "Hello", media);
    let error = adapter(Platform::Linkedin, &server).stage(&request, None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Validation);
    assert!(calls(&server).await.is_empty());
}

#[tokio::test]
async fn a_first_comment_is_written_below() {
    let server = MockServer::start().await;
    let commented = ResponseTemplate::new(201).insert_header("x-restli-id", "6636062862760562688");
    on(&server, "POST", "/rest/socialActions/urn%3Ali%3Ashare%3A7/comments", commented).await;
    let account = account("10", AccountKind::Organization);
    let id = adapter(Platform::Linkedin, &server).comment(&account, "urn:li:share:7", "More (below)").await.unwrap();
    assert_eq!(id, "6636062862760562688");
    let requests = server.received_requests().await.unwrap();
    assert_rest(&requests[0]);
    let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(
        body,
        json!({"actor": "urn:li:organization:10", "object": "urn:li:share:7", "message": {"text": "More (below)"}})
    );
}
