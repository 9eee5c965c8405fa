//! The adapter against a server that expects exactly X's requests.

use domain::{Platform, deliveries::ErrorClass};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, header, method, path, query_param},
};

use crate::{
    AccountKind, AuthorizeRequest, ExchangeRequest, Finding, MediaItem, Pkce, Probe, Progress, RevokeReach,
    testing::{
        ACCESS_TOKEN, REFRESH_TOKEN, account, adapter, assert_no_secret, calls, form, noon, pairs, picture,
        picture_bytes, post, query, video, video_bytes,
    },
};

const BASIC: &str = "Basic Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQtMDEyMzQ1Njc4OQ==";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

async fn on(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    let at = format!("/twitter{at}");
    Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(server).await;
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn tokens(scope: &str) -> ResponseTemplate {
    ok(json!({
        "token_type": "bearer", "expires_in": 7200, "access_token": "new-access", "refresh_token": "new-refresh",
        "scope": scope,
    }))
}

#[tokio::test]
async fn the_consent_page_is_asked_with_pkce() {
    let server = MockServer::start().await;
    let pkce = Pkce::from_verifier(VERIFIER.into());
    let adapter = adapter(Platform::Twitter, &server);
    let url = adapter.authorize_url(&AuthorizeRequest { state: "s&t", pkce: Some(&pkce), again: false });
    assert_eq!(url.path(), "/twitter/i/oauth2/authorize");
    let mut asked = query(&url);
    asked.sort();
    assert_eq!(
        asked,
        pairs(&[
            ("client_id", "client-id"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("redirect_uri", "https://arctiv.example/api/oauth/twitter/callback"),
            ("response_type", "code"),
            ("scope", "tweet.read tweet.write users.read media.write offline.access"),
            ("state", "s&t"),
        ])
    );
    assert!(adapter.traits().pkce && adapter.traits().rotates);
    assert_eq!(adapter.traits().revokes, RevokeReach::Account);
}

#[tokio::test]
async fn a_code_becomes_an_account() {
    let server = MockServer::start().await;
    on(&server, "POST", "/2/oauth2/token", tokens("users.read tweet.read tweet.write offline.access")).await;
    Mock::given(method("GET"))
        .and(path("/twitter/2/users/me"))
        .and(header("authorization", "Bearer new-access"))
        .respond_with(ok(json!({"data": {
            "id": "42", "name": "Northwind", "username": "northwind", "profile_image_url": "https://pbs.example/a.png",
        }})))
        .mount(&server)
        .await;
    let pkce = Pkce::from_verifier(VERIFIER.into());
    let exchange = adapter(Platform::Twitter, &server)
        .exchange(&ExchangeRequest { code: &"the-code".into(), pkce: Some(&pkce) })
        .await
        .unwrap();

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["authorization"], BASIC);
    let mut sent = form(&requests[0]);
    sent.sort();
    assert_eq!(
        sent,
        pairs(&[
            ("code", "the-code"),
            ("code_verifier", VERIFIER),
            ("grant_type", "authorization_code"),
            ("redirect_uri", "https://arctiv.example/api/oauth/twitter/callback"),
        ])
    );
    let [grant] = exchange.grants.try_into().unwrap();
    assert_eq!(grant.profile.external_id, "42");
    assert_eq!(grant.profile.kind, AccountKind::Profile);
    assert_eq!(grant.profile.display_name, "Northwind");
    assert_eq!(grant.profile.handle.as_deref(), Some("@northwind"));
    assert_eq!(grant.profile.avatar_url.as_deref(), Some("https://pbs.example/a.png"));
    assert_eq!(grant.profile.text_max, None, "X said nothing of a subscription");
    assert_eq!(grant.tokens.access_token.expose_secret(), "new-access");
    assert_eq!(grant.tokens.refresh_token.unwrap().expose_secret(), "new-refresh");
    assert_eq!(grant.tokens.expires_at, Some(noon() + chrono::Duration::hours(2)));
    assert_eq!(grant.tokens.scopes, ["offline.access", "tweet.read", "tweet.write", "users.read"]);
    // `media.write` was unticked: the account still takes posts without pictures.
    let [missing] = grant.missing_scopes.try_into().unwrap();
    assert_eq!((missing.scope.as_str(), missing.needed_to_publish), ("media.write", false));
}

#[rstest]
#[case(json!("None"), None)]
#[case(json!("Basic"), Some(25_000))]
#[case(json!("Premium"), Some(25_000))]
#[case(json!("PremiumPlus"), Some(25_000))]
#[case(json!("Platinum"), None)]
#[case(Value::Null, None)]
#[tokio::test]
async fn what_an_account_pays_for_says_how_much_it_may_write(
    #[case] subscription: Value,
    #[case] expected: Option<u32>,
) {
    let server = MockServer::start().await;
    let user = json!({"id": "42", "name": "Northwind", "username": "northwind", "subscription_type": subscription});
    on(&server, "GET", "/2/users/me", ok(json!({ "data": user }))).await;
    let profile = adapter(Platform::Twitter, &server).identify(&account("42", AccountKind::Profile)).await.unwrap();
    assert_eq!(profile.text_max, expected);
    let requests = server.received_requests().await.unwrap();
    let fields = "name,username,profile_image_url,subscription_type";
    assert_eq!(query(&requests[0].url), pairs(&[("user.fields", fields)]));
}

#[tokio::test]
async fn without_the_profile_there_is_nothing_to_connect() {
    let server = MockServer::start().await;
    on(&server, "POST", "/2/oauth2/token", tokens("tweet.read tweet.write")).await;
    let error = adapter(Platform::Twitter, &server)
        .exchange(&ExchangeRequest { code: &"the-code".into(), pkce: None })
        .await
        .unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Permission, Some("scope_missing")));
}

#[rstest]
#[case(400, json!({"error": "invalid_request", "error_description": "Value passed for the authorization code was invalid."}), ErrorClass::Validation)]
#[case(401, json!({"error": "unauthorized_client"}), ErrorClass::Operator)]
#[case(503, json!({}), ErrorClass::Transient)]
#[case(200, json!({"token_type": "bearer"}), ErrorClass::Transient)]
#[tokio::test]
async fn a_code_that_is_not_taken(#[case] status: u16, #[case] body: Value, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    on(&server, "POST", "/2/oauth2/token", ResponseTemplate::new(status).set_body_json(body)).await;
    let error = adapter(Platform::Twitter, &server)
        .exchange(&ExchangeRequest { code: &"the-code".into(), pkce: None })
        .await
        .unwrap_err();
    assert_eq!(error.class, expected);
    let shown = format!("{error:?} {:?}", error.trace);
    assert_no_secret(&shown);
    assert!(!shown.contains("the-code"), "{shown}");
}

#[tokio::test]
async fn a_refresh_brings_a_new_pair() {
    let server = MockServer::start().await;
    on(&server, "POST", "/2/oauth2/token", tokens("tweet.read users.read")).await;
    let tokens = adapter(Platform::Twitter, &server).refresh(&account("42", AccountKind::Profile)).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["authorization"], BASIC);
    let mut sent = form(&requests[0]);
    sent.sort();
    assert_eq!(sent, pairs(&[("grant_type", "refresh_token"), ("refresh_token", REFRESH_TOKEN)]));
    assert_eq!(tokens.access_token.expose_secret(), "new-access");
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "new-refresh");
    assert_eq!(tokens.scopes, ["tweet.read", "users.read"]);
}

#[rstest]
#[case(400, "invalid_request", ErrorClass::AuthRevoked)]
#[case(401, "unauthorized_client", ErrorClass::Operator)]
#[case(500, "", ErrorClass::Transient)]
#[tokio::test]
async fn a_refresh_that_is_refused(#[case] status: u16, #[case] word: &str, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_json(json!({"error": word, "error_description": "…"}));
    on(&server, "POST", "/2/oauth2/token", answer).await;
    let account = account("42", AccountKind::Profile);
    let error = adapter(Platform::Twitter, &server).refresh(&account).await.unwrap_err();
    assert_eq!(error.class, expected);
    assert_no_secret(&format!("{error:?} {:?}", error.trace));
}

#[tokio::test]
async fn access_is_given_back_with_both_tokens() {
    let server = MockServer::start().await;
    on(&server, "POST", "/2/oauth2/revoke", ok(json!({"revoked": true}))).await;
    let account = account("42", AccountKind::Profile);
    adapter(Platform::Twitter, &server).revoke(&account).await.unwrap();
    let sent: Vec<_> = server.received_requests().await.unwrap().iter().map(form).collect();
    assert_eq!(
        sent,
        [
            pairs(&[("token", REFRESH_TOKEN), ("token_type_hint", "refresh_token")]),
            pairs(&[("token", ACCESS_TOKEN), ("token_type_hint", "access_token")]),
        ]
    );
}

#[tokio::test]
async fn giving_back_what_is_gone_is_fine() {
    let server = MockServer::start().await;
    let gone = ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_request"}));
    on(&server, "POST", "/2/oauth2/revoke", gone).await;
    let account = account("42", AccountKind::Profile);
    adapter(Platform::Twitter, &server).revoke(&account).await.unwrap();
}

#[tokio::test]
async fn nothing_billed_is_asked_to_probe() {
    let server = MockServer::start().await;
    let account = account("42", AccountKind::Profile);
    assert_eq!(adapter(Platform::Twitter, &server).probe(&account).await.unwrap(), Probe::AskByRefresh);
    assert!(calls(&server).await.is_empty());
}

#[tokio::test]
async fn a_text_goes_out_in_one_call() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/twitter/2/tweets"))
        .and(header("authorization", format!("Bearer {ACCESS_TOKEN}")))
        // composed, as X counts and compares it
        .and(body_json(json!({"text": "caf\u{e9} https://arctiv.example"})))
        .respond_with(
            ResponseTemplate::new(201)
                .insert_header("x-rate-limit-remaining", "99")
                .set_body_json(json!({"data": {"id": "7", "text": "…"}})),
        )
        .mount(&server)
        .await;
    let adapter = adapter(Platform::Twitter, &server);
    let request = post(account("42", AccountKind::Profile), "cafe\u{301} https://arctiv.example", Vec::new());
    let staged = adapter.stage(&request, None).await.unwrap();
    assert_eq!(staged.progress, Progress::Ready);
    let published = adapter.commit(&request, &staged.state).await.unwrap();
    assert_eq!(published.external_id, "7");
    assert_eq!(published.url, Some(format!("{}/twitter/i/web/status/7", server.uri())));
    assert_eq!(published.rate.remaining, Some(99));
    assert_no_secret(&serde_json::to_string(&published.trace).unwrap());
    assert_eq!(calls(&server).await, ["POST /2/tweets"]);
}

#[tokio::test]
async fn pictures_are_uploaded_in_pieces_one_after_the_other() {
    let server = MockServer::start().await;
    let bearer = format!("Bearer {ACCESS_TOKEN}");
    for (id, size) in [("m1", 1_500_000), ("m2", 10)] {
        Mock::given(method("POST"))
            .and(path("/twitter/2/media/upload/initialize"))
            .and(header("authorization", bearer.as_str()))
            .and(body_json(json!({"media_type": "image/png", "total_bytes": size, "media_category": "tweet_image"})))
            .respond_with(ok(json!({"data": {"id": id, "media_key": format!("3_{id}"), "expires_after_secs": 86400}})))
            .mount(&server)
            .await;
        on(&server, "POST", &format!("/2/media/upload/{id}/append"), ok(json!({"data": {"expires_at": 1}}))).await;
        on(&server, "POST", &format!("/2/media/upload/{id}/finalize"), ok(json!({"data": {"id": id}}))).await;
    }
    Mock::given(method("POST"))
        .and(path("/twitter/2/media/metadata"))
        .and(body_json(json!({"id": "m1", "metadata": {"alt_text": {"text": "A harbour"}}})))
        .respond_with(ok(json!({"data": {"id": "m1"}})))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/twitter/2/tweets"))
        .and(body_json(json!({"text": "Hello", "media": {"media_ids": ["m1", "m2"]}})))
        .respond_with(ResponseTemplate::new(201).set_body_json(json!({"data": {"id": "7"}})))
        .mount(&server)
        .await;

    let adapter = adapter(Platform::Twitter, &server);
    let media = vec![picture(1_500_000, Some("A harbour")), picture(10, Some("  "))];
    let request = post(account("42", AccountKind::Profile), "Hello", media);
    let first = adapter.stage(&request, None).await.unwrap();
    assert_eq!(first.progress, Progress::More);
    assert_eq!(first.traces.len(), 5);
    let second = adapter.stage(&request, Some(&first.state)).await.unwrap();
    assert_eq!(second.progress, Progress::Ready);
    assert_no_secret(&second.state.to_string());
    // A later attempt finds everything in place.
    let again = adapter.stage(&request, Some(&second.state)).await.unwrap();
    assert_eq!((again.progress, again.traces.len()), (Progress::Ready, 0));
    assert_eq!(again.state, second.state);
    adapter.commit(&request, &second.state).await.unwrap();

    assert_eq!(
        calls(&server).await,
        [
            "POST /2/media/upload/initialize",
            "POST /2/media/upload/m1/append",
            "POST /2/media/upload/m1/append",
            "POST /2/media/upload/m1/finalize",
            "POST /2/media/metadata",
            "POST /2/media/upload/initialize",
            "POST /2/media/upload/m2/append",
            "POST /2/media/upload/m2/finalize",
            "POST /2/tweets",
        ]
    );
    let requests = server.received_requests().await.unwrap();
    for (request, segment, length) in [(&requests[1], "0", 1_048_576), (&requests[2], "1", 451_424)] {
        let kind = request.headers["content-type"].to_str().unwrap();
        assert!(kind.starts_with("multipart/form-data; boundary="), "{kind}");
        let text = String::from_utf8_lossy(&request.body);
        assert!(text.contains(&format!("name=\"segment_index\"\r\n\r\n{segment}\r\n")), "segment {segment}");
        assert_eq!(picture_bytes(&request.body), length);
    }
}

#[tokio::test]
async fn a_picture_in_processing_is_waited_for() {
    let server = MockServer::start().await;
    on(&server, "POST", "/2/media/upload/initialize", ok(json!({"data": {"id": "m1"}}))).await;
    on(&server, "POST", "/2/media/upload/m1/append", ok(json!({}))).await;
    let pending = json!({"data": {"id": "m1", "processing_info": {"state": "pending", "check_after_secs": 3}}});
    on(&server, "POST", "/2/media/upload/m1/finalize", ok(pending)).await;
    let status = Mock::given(method("GET"))
        .and(path("/twitter/2/media/upload"))
        .and(query_param("command", "STATUS"))
        .and(query_param("media_id", "m1"));
    let done = json!({"data": {"id": "m1", "processing_info": {"state": "succeeded"}}});
    status.respond_with(ok(done)).mount(&server).await;
    on(&server, "POST", "/2/media/metadata", ok(json!({}))).await;

    let adapter = adapter(Platform::Twitter, &server);
    let mut gif = picture(10, Some("A cat"));
    gif.mime = "image/gif".into();
    let request = post(account("42", AccountKind::Profile), "Hello", vec![gif]);
    let waiting = adapter.stage(&request, None).await.unwrap();
    assert_eq!(waiting.progress, Progress::Wait { after: std::time::Duration::from_secs(3) });
    let error = adapter.commit(&request, &json!({})).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    let ready = adapter.stage(&request, Some(&waiting.state)).await.unwrap();
    assert_eq!(ready.progress, Progress::Ready);
    let body: Value = serde_json::from_slice(&server.received_requests().await.unwrap()[0].body).unwrap();
    assert_eq!(body["media_category"], "tweet_gif");
    assert_eq!(calls(&server).await.last().unwrap(), "POST /2/media/metadata");
}

#[tokio::test]
async fn a_picture_that_fails_in_processing_is_the_pictures_fault() {
    let server = MockServer::start().await;
    on(&server, "POST", "/2/media/upload/initialize", ok(json!({"data": {"id": "m1"}}))).await;
    on(&server, "POST", "/2/media/upload/m1/append", ok(json!({}))).await;
    let failed = json!({"data": {"id": "m1", "processing_info": {
        "state": "failed", "error": {"code": 1, "name": "InvalidMedia", "message": "Unsupported frame rate"}}}});
    on(&server, "POST", "/2/media/upload/m1/finalize", ok(failed)).await;
    let request = post(account("42", AccountKind::Profile), "Hello", vec![picture(10, None)]);
    let error = adapter(Platform::Twitter, &server).stage(&request, None).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::MediaInvalid, Some("InvalidMedia")));
}

#[tokio::test]
async fn uploads_that_are_forgotten_or_about_to_expire_are_made_anew() {
    let server = MockServer::start().await;
    on(&server, "POST", "/2/media/upload/initialize", ok(json!({"data": {"id": "m2"}}))).await;
    on(&server, "POST", "/2/media/upload/m2/append", ok(json!({}))).await;
    on(&server, "POST", "/2/media/upload/m2/finalize", ok(json!({"data": {"id": "m2"}}))).await;
    on(&server, "GET", "/2/media/upload", ResponseTemplate::new(404)).await;
    let adapter = adapter(Platform::Twitter, &server);
    let request = post(account("42", AccountKind::Profile), "Hello", vec![picture(10, None)]);
    for (ready, expires_at) in [(true, "2026-11-20T12:05:00Z"), (false, "2026-11-21T12:00:00Z")] {
        let old = json!({"format": "twitter/1", "media": [{"id": "m1", "ready": ready, "expires_at": expires_at}]});
        let staged = adapter.stage(&request, Some(&old)).await.unwrap();
        assert_eq!(staged.state["media"][0]["id"], "m2");
        assert_eq!(staged.progress, Progress::Ready);
    }
}

#[rstest]
#[case(403, json!({"detail": "You are not allowed to create a Tweet with duplicate content.", "status": 403}), ErrorClass::Duplicate)]
#[case(401, json!({"title": "Unauthorized"}), ErrorClass::AuthExpired)]
#[case(503, json!({"title": "Service Unavailable"}), ErrorClass::OutcomeUnknown)]
#[case(201, json!({"data": {}}), ErrorClass::OutcomeUnknown)]
#[tokio::test]
async fn a_commit_that_ends_otherwise(#[case] status: u16, #[case] body: Value, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    on(&server, "POST", "/2/tweets", ResponseTemplate::new(status).set_body_json(body)).await;
    let adapter = adapter(Platform::Twitter, &server);
    let request = post(account("42", AccountKind::Profile), "Hello", Vec::new());
    let state = adapter.stage(&request, None).await.unwrap().state;
    let error = adapter.commit(&request, &state).await.unwrap_err();
    assert_eq!((error.class, error.http_status), (expected, Some(status)));
    assert_eq!(calls(&server).await.len(), 1, "a commit is one request");
}

#[tokio::test]
async fn a_post_is_found_again_over_several_pages() {
    let server = MockServer::start().await;
    let page = |token: Option<&str>, id: &str, text: &str| {
        let meta = token.map_or_else(|| json!({}), |token| json!({"next_token": token}));
        json!({"data": [{"id": id, "text": text, "created_at": "2026-11-20T12:00:03.000Z"}], "meta": meta})
    };
    Mock::given(method("GET"))
        .and(path("/twitter/2/users/42/tweets"))
        .and(query_param("pagination_token", "p2"))
        .respond_with(ok(page(None, "8", "Fish &amp; chips https://t.co/a")))
        .mount(&server)
        .await;
    on(&server, "GET", "/2/users/42/tweets", ok(page(Some("p2"), "9", "Something else"))).await;
    let adapter = adapter(Platform::Twitter, &server);
    let request = post(account("42", AccountKind::Profile), "Fish & chips https://t.co/a", Vec::new());
    let finding = adapter.find_published(&request, None, &[]).await.unwrap();
    let Finding::Found { external_id, url, published_at } = finding else { panic!("{finding:?}") };
    assert_eq!(external_id, "8");
    assert!(url.unwrap().ends_with("/i/web/status/8"));
    assert_eq!(published_at, Some(noon() + chrono::Duration::seconds(3)));
    let requests = server.received_requests().await.unwrap();
    assert!(query(&requests[0].url).contains(&("start_time".into(), "2026-11-20T11:58:00Z".into())));
    let fields = "attachments,created_at,entities,note_tweet,text";
    assert!(query(&requests[0].url).contains(&("tweet.fields".into(), fields.into())));
    // Accounted for already: then it is not this one.
    assert_eq!(adapter.find_published(&request, None, &["8".into()]).await.unwrap(), Finding::NotFound);
}

#[tokio::test]
async fn an_empty_timeline_means_that_nothing_went_out() {
    let server = MockServer::start().await;
    on(&server, "GET", "/2/users/42/tweets", ok(json!({"meta": {"result_count": 0}}))).await;
    let request = post(account("42", AccountKind::Profile), "Hello", Vec::new());
    let finding = adapter(Platform::Twitter, &server).find_published(&request, None, &[]).await.unwrap();
    assert_eq!(finding, Finding::NotFound);
    let endless = json!({"data": [], "meta": {"next_token": "more"}});
    let server = MockServer::start().await;
    on(&server, "GET", "/2/users/42/tweets", ok(endless)).await;
    let finding = adapter(Platform::Twitter, &server).find_published(&request, None, &[]).await.unwrap();
    assert!(matches!(finding, Finding::CannotTell { .. }), "{finding:?}");
}

/// The number and the bytes of each piece sent.
fn pieces(requests: &[wiremock::Request]) -> Vec<(String, Vec<u8>)> {
    let sent = requests.iter().filter(|request| request.url.path().ends_with("/append"));
    sent.map(|request| {
        let text = String::from_utf8_lossy(&request.body);
        let number = text.split("name=\"segment_index\"\r\n\r\n").nth(1).unwrap().split("\r\n").next().unwrap();
        let head = request.body.windows(11).position(|window| window == b"filename=\"m").unwrap();
        let start = head + request.body[head..].windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let tail = request.body[start..].windows(4).rposition(|window| window == b"\r\n--").unwrap();
        (number.to_owned(), request.body[start..start + tail].to_vec())
    })
    .collect()
}

#[tokio::test]
async fn a_video_goes_up_in_saved_steps_and_is_waited_for() {
    let server = MockServer::start().await;
    let mib = 1024 * 1024;
    let size = 17 * mib;
    Mock::given(method("POST"))
        .and(path("/twitter/2/media/upload/initialize"))
        .and(body_json(json!({"media_type": "video/mp4", "total_bytes": size, "media_category": "tweet_video"})))
        .respond_with(ok(json!({"data": {"id": "m1", "expires_after_secs": 86_400}})))
        .mount(&server)
        .await;
    on(&server, "POST", "/2/media/upload/m1/append", ok(json!({}))).await;
    let pending = json!({"data": {"id": "m1", "processing_info": {"state": "pending", "check_after_secs": 5}}});
    on(&server, "POST", "/2/media/upload/m1/finalize", ok(pending)).await;
    let done = json!({"data": {"id": "m1", "processing_info": {"state": "succeeded"}}});
    on(&server, "GET", "/2/media/upload", ok(done)).await;
    let adapter = adapter(Platform::Twitter, &server);
    let request = post(account("42", AccountKind::Profile), "Hello", vec![video(size)]);
    let first = adapter.stage(&request, None).await.unwrap();
    assert_eq!((first.progress, &first.state["media"][0]["sent"]), (Progress::More, &json!(16 * mib)));
    // The process dies here; the next one goes on behind the last saved piece.
    let second = adapter.stage(&request, Some(&first.state)).await.unwrap();
    assert_eq!(second.progress, Progress::Wait { after: std::time::Duration::from_secs(5) });
    let third = adapter.stage(&request, Some(&second.state)).await.unwrap();
    assert_eq!(third.progress, Progress::Ready);
    let requests = server.received_requests().await.unwrap();
    let sent = pieces(&requests);
    let numbers: Vec<&str> = sent.iter().map(|(number, _)| number.as_str()).collect();
    assert_eq!(numbers, ["0", "1", "2", "3", "4"]);
    let whole: Vec<u8> = sent.into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert!(whole == video_bytes(0..size), "other bytes");
}

#[tokio::test]
async fn an_unfinished_upload_x_has_forgotten_is_begun_anew() {
    let server = MockServer::start().await;
    on(&server, "POST", "/2/media/upload/m1/append", ResponseTemplate::new(404)).await;
    let saved = json!({"format": "twitter/1", "media": [{"id": "m1", "ready": false, "sent": 5,
        "expires_at": "2026-11-21T12:00:00Z"}]});
    let request = post(account("42", AccountKind::Profile), "Hello", vec![video(10)]);
    let error = adapter(Platform::Twitter, &server).stage(&request, Some(&saved)).await.unwrap_err();
    assert_eq!((error.class, error.stale), (ErrorClass::Transient, true));
    assert_eq!(calls(&server).await, ["POST /2/media/upload/m1/append"]);
}

#[rstest]
#[case(vec![video(1), picture(1, None)])]
#[case(vec![MediaItem::from_bytes("application/pdf", vec![1].into(), None)])]
#[tokio::test]
async fn what_cannot_be_a_post_is_refused_before_anything_is_sent(#[case] media: Vec<MediaItem>) {
    let server = MockServer::start().await;
    let request = post(account("42", AccountKind::Profile), "Hello", media);
    let error = adapter(Platform::Twitter, &server).stage(&request, None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Validation);
    assert!(calls(&server).await.is_empty());
}

#[tokio::test]
async fn a_first_comment_is_an_answer() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/twitter/2/tweets"))
        .and(body_json(json!({"text": "More below", "reply": {"in_reply_to_tweet_id": "7"}})))
        .respond_with(ResponseTemplate::new(201).set_body_json(json!({"data": {"id": "8"}})))
        .mount(&server)
        .await;
    let account = account("42", AccountKind::Profile);
    assert_eq!(adapter(Platform::Twitter, &server).comment(&account, "7", "More below").await.unwrap(), "8");
}
