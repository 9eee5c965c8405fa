//! The adapter against a server that expects exactly TikTok's requests.

use std::{sync::Arc, time::Duration};

use domain::{
    Platform,
    deliveries::ErrorClass,
    platform::{TiktokOptions, TiktokPrivacy},
};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, method, path},
};

use crate::{
    AccountKind, Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Finding, Finds, MediaItem, PlatformError,
    PlatformSettings, Probe, Progress, PublishRequest, Registry, Standing, VideoTransfer,
    testing::{
        ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, account, assert_no_secret, calls, fetched, form, http_with, noon,
        pairs, picture, post, query, settings, video, video_bytes,
    },
};

const MIB: usize = 1024 * 1024;
const PHOTO_URL: &str = "https://arctiv.example/media/1/original?expires=1&signature=signed-for-pictures";
const VIDEO_URL: &str = "https://arctiv.example/media/2/original?expires=1&signature=signed-for-videos";

async fn on(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    let at = format!("/tiktok{at}");
    Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(server).await;
}

fn ok(data: Value) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"data": data, "error": {"code": "ok", "message": "", "log_id": "1"}}))
}

fn refusal(status: u16, word: &str) -> ResponseTemplate {
    let body = json!({"data": {}, "error": {"code": word, "message": "…", "log_id": "1"}});
    ResponseTemplate::new(status).set_body_json(body)
}

fn tiktok(server: &MockServer) -> Arc<dyn Adapter> {
    transferring(server, VideoTransfer::Upload)
}

fn pulling(server: &MockServer) -> Arc<dyn Adapter> {
    transferring(server, VideoTransfer::Pull)
}

/// The last piece of a video is sent under the usual time limit, which is very short elsewhere in these tests.
fn transferring(server: &MockServer, video_transfer: VideoTransfer) -> Arc<dyn Adapter> {
    let settings = PlatformSettings { video_transfer, ..settings(Platform::Tiktok, server) };
    let registry = Registry::new([settings], &http_with(|http| http.timeout = Duration::from_secs(20))).unwrap();
    Arc::clone(registry.get(Platform::Tiktok).unwrap())
}

async fn exchange(server: &MockServer) -> Result<Exchange, PlatformError> {
    tiktok(server).exchange(&ExchangeRequest { code: &"the-code".into(), pkce: None }).await
}

fn request(media: Vec<MediaItem>) -> PublishRequest {
    post(account("o1", AccountKind::Profile), "Hello #coffee", media)
}

/// With the creator's choices.
fn direct(media: Vec<MediaItem>) -> PublishRequest {
    let mut request = request(media);
    request.options.tiktok = Some(TiktokOptions {
        privacy: TiktokPrivacy::SelfOnly,
        allow_comments: true,
        allow_duet: true,
        allow_stitch: false,
        own_brand: false,
        paid_partnership: true,
        made_with_ai: false,
        auto_add_music: true,
    });
    request
}

fn photo() -> MediaItem {
    fetched(MediaItem { mime: "image/jpeg".into(), ..picture(10, None) }, PHOTO_URL)
}

async fn creator(server: &MockServer) {
    let info = json!({
        "creator_avatar_url": "https://cdn.example/a.png", "creator_username": "northwind", "creator_nickname": "Northwind",
        "privacy_level_options": ["FOLLOWER_OF_CREATOR", "SELF_ONLY", "SOMETHING_NEW"],
        "comment_disabled": false, "duet_disabled": true, "stitch_disabled": false, "max_video_post_duration_sec": 300,
    });
    on(server, "POST", "/v2/post/publish/creator_info/query/", ok(info)).await;
}

fn body(request: &Request) -> Value {
    assert_eq!(request.headers["authorization"], format!("Bearer {ACCESS_TOKEN}"));
    serde_json::from_slice(&request.body).unwrap()
}

async fn upload_to(server: &MockServer, edge: &str) {
    let upload_url = format!("{}/tiktok/upload?upload_id=1&upload_token=very-secret-token", server.uri());
    on(server, "POST", &format!("/v2/post/publish/{edge}/"), ok(json!({"publish_id": "p1", "upload_url": upload_url})))
        .await;
}

async fn staged(adapter: &dyn Adapter, request: &PublishRequest) -> Result<Value, PlatformError> {
    let mut state = None;
    for _ in 0..30 {
        let staged = adapter.stage(request, state.as_ref()).await?;
        assert_no_secret(&staged.state.to_string());
        let traces = serde_json::to_string(&staged.traces).unwrap();
        assert_no_secret(&traces);
        assert!(!traces.contains("very-secret-token") && !traces.contains("signed-for"), "{traces}");
        state = Some(staged.state);
        if staged.progress == Progress::Ready {
            return Ok(state.unwrap());
        }
        assert_eq!(staged.progress, Progress::More);
    }
    panic!("no end to staging: {state:?}")
}

async fn status(server: &MockServer, status: Value) {
    on(server, "POST", "/v2/post/publish/status/fetch/", ok(status)).await;
}

// ---- connecting -----------------------------------------------------------------------------------------------------

#[tokio::test]
async fn the_consent_page_is_asked() {
    let server = MockServer::start().await;
    let adapter = tiktok(&server);
    let url = adapter.authorize_url(&AuthorizeRequest { state: "s", pkce: None, again: false });
    assert_eq!(url.path(), "/tiktok/v2/auth/authorize/");
    assert_eq!(
        query(&url),
        pairs(&[
            ("client_key", "client-id"),
            ("scope", "user.info.basic,user.info.profile,video.publish,video.upload"),
            ("response_type", "code"),
            ("redirect_uri", "https://arctiv.example/api/oauth/tiktok/callback"),
            ("state", "s"),
        ])
    );
    let traits = adapter.traits();
    assert!(!traits.pkce && traits.rotates && traits.pulls && !traits.comments);
    assert_eq!(traits.finds, Finds::Sometimes);
}

fn tokens(scope: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "access_token": "new-access", "expires_in": 7_200, "open_id": "o1", "refresh_token": "new-refresh",
        "refresh_expires_in": 15_552_000, "scope": scope, "token_type": "Bearer",
    }))
}

#[tokio::test]
async fn a_code_becomes_an_account() {
    let server = MockServer::start().await;
    on(&server, "POST", "/v2/oauth/token/", tokens("user.info.basic,user.info.profile,video.upload")).await;
    let user = json!({"user": {"open_id": "o1", "display_name": "Northwind", "username": "northwind", "avatar_url": "https://cdn.example/a.png"}});
    on(&server, "GET", "/v2/user/info/", ok(user)).await;
    let [grant] = exchange(&server).await.unwrap().grants.try_into().unwrap();
    assert_eq!((grant.profile.external_id.as_str(), grant.profile.kind), ("o1", AccountKind::Profile));
    assert_eq!(
        (grant.profile.display_name.as_str(), grant.profile.handle.as_deref()),
        ("Northwind", Some("@northwind"))
    );
    assert_eq!(grant.tokens.expires_at, Some(noon() + chrono::Duration::hours(2)));
    assert_eq!(grant.tokens.refresh_expires_at, Some(noon() + chrono::Duration::days(180)));
    let missing: Vec<_> =
        grant.missing_scopes.iter().map(|missing| (missing.scope.as_str(), missing.needed_to_publish)).collect();
    assert_eq!(missing, [("video.publish", true)]);
    let requests = server.received_requests().await.unwrap();
    assert_eq!(
        form(&requests[0]),
        pairs(&[
            ("client_key", "client-id"),
            ("client_secret", CLIENT_SECRET),
            ("code", "the-code"),
            ("grant_type", "authorization_code"),
            ("redirect_uri", "https://arctiv.example/api/oauth/tiktok/callback"),
        ])
    );
    assert_eq!(query(&requests[1].url), pairs(&[("fields", "open_id,display_name,avatar_url,username")]));
    assert_eq!(requests[1].headers["authorization"], "Bearer new-access");
}

#[rstest]
#[case("user.info.basic", Some("open_id,display_name,avatar_url"))]
#[case("video.publish", None)]
#[tokio::test]
async fn only_what_was_granted_is_asked_for(#[case] scope: &str, #[case] fields: Option<&str>) {
    let server = MockServer::start().await;
    on(&server, "POST", "/v2/oauth/token/", tokens(scope)).await;
    on(&server, "GET", "/v2/user/info/", ok(json!({"user": {"open_id": "o1"}}))).await;
    let result = exchange(&server).await;
    let requests = server.received_requests().await.unwrap();
    if let Some(fields) = fields {
        assert_eq!(result.unwrap().grants[0].profile.display_name, "TikTok creator");
        assert_eq!(query(&requests[1].url), pairs(&[("fields", fields)]));
    } else {
        let error = result.unwrap_err();
        assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Permission, Some("scope_missing")));
        assert_eq!(requests.len(), 1);
    }
}

#[tokio::test]
async fn a_refused_code_comes_with_status_200() {
    let server = MockServer::start().await;
    let refused =
        json!({"error": "invalid_grant", "error_description": "Authorization code is expired.", "log_id": "1"});
    on(&server, "POST", "/v2/oauth/token/", ResponseTemplate::new(200).set_body_json(refused)).await;
    let error = exchange(&server).await.unwrap_err();
    assert_eq!((error.class, error.http_status), (ErrorClass::Validation, Some(200)));
    assert_no_secret(&format!("{error:?} {:?}", error.trace));
}

#[tokio::test]
async fn a_refresh_brings_a_new_pair() {
    let server = MockServer::start().await;
    on(&server, "POST", "/v2/oauth/token/", tokens("user.info.basic")).await;
    let tokens = tiktok(&server).refresh(&account("o1", AccountKind::Profile)).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "new-access");
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "new-refresh");
    assert_eq!(
        form(&server.received_requests().await.unwrap()[0]),
        pairs(&[
            ("client_key", "client-id"),
            ("client_secret", CLIENT_SECRET),
            ("grant_type", "refresh_token"),
            ("refresh_token", REFRESH_TOKEN),
        ])
    );
}

#[rstest]
#[case(refusal(401, "access_token_invalid"), Some(Probe::AskByRefresh))]
#[case(refusal(401, "auth_removed"), None)]
#[tokio::test]
async fn a_refused_token_may_just_be_old(#[case] answer: ResponseTemplate, #[case] expected: Option<Probe>) {
    let server = MockServer::start().await;
    on(&server, "GET", "/v2/user/info/", answer).await;
    let probe = tiktok(&server).probe(&account("o1", AccountKind::Profile)).await.unwrap();
    match expected {
        Some(expected) => assert_eq!(probe, expected),
        None => assert!(matches!(&probe, Probe::Gone { code: Some(code), .. } if code == "auth_removed"), "{probe:?}"),
    }
}

#[tokio::test]
async fn access_is_given_back() {
    let server = MockServer::start().await;
    on(&server, "POST", "/v2/oauth/revoke/", ResponseTemplate::new(200)).await;
    tiktok(&server).revoke(&account("o1", AccountKind::Profile)).await.unwrap();
    assert_eq!(
        form(&server.received_requests().await.unwrap()[0]),
        pairs(&[("client_key", "client-id"), ("client_secret", CLIENT_SECRET), ("token", ACCESS_TOKEN)])
    );
}

// ---- publishing -----------------------------------------------------------------------------------------------------

#[tokio::test]
async fn the_creators_choices_are_theirs() {
    let server = MockServer::start().await;
    creator(&server).await;
    let choices = tiktok(&server).creator_choices(&account("o1", AccountKind::Profile)).await.unwrap().unwrap();
    assert_eq!((choices.nickname.as_str(), choices.handle.as_deref()), ("Northwind", Some("@northwind")));
    assert_eq!(choices.privacy, [TiktokPrivacy::FollowerOfCreator, TiktokPrivacy::SelfOnly]);
    assert_eq!((choices.comments, choices.duets, choices.stitches), (true, false, true));
    assert_eq!(choices.longest_video_seconds, Some(300));
}

#[tokio::test]
async fn a_video_goes_up_in_pieces_and_the_last_one_publishes() {
    let server = MockServer::start().await;
    creator(&server).await;
    upload_to(&server, "video/init").await;
    Mock::given(method("PUT"))
        .and(header("content-range", "bytes 10485760-16777315/16777316"))
        .respond_with(ResponseTemplate::new(201))
        .mount(&server)
        .await;
    on(&server, "PUT", "/upload", ResponseTemplate::new(206)).await;
    let size = 16 * MIB + 100;
    let adapter = tiktok(&server);
    let mut request = direct(vec![video(size)]);
    request.options.cover_ms = Some(2_000);
    let state = staged(adapter.as_ref(), &request).await.unwrap();
    assert_eq!(
        calls(&server).await,
        [
            "POST /v2/post/publish/creator_info/query/",
            "POST /v2/post/publish/video/init/",
            "PUT /upload",
            "PUT /upload"
        ]
    );
    // Everything but the last piece is there; a later attempt sends nothing again.
    let again = adapter.stage(&request, Some(&state)).await.unwrap();
    assert_eq!((again.progress, again.traces.len()), (Progress::Ready, 0));
    let published = adapter.commit(&request, &state).await.unwrap();
    assert_eq!((published.external_id.as_str(), &published.url), ("p1", &None));
    let Standing::Processing { state: kept, after } = published.standing else { panic!() };
    assert_eq!((kept, after), (state, Duration::from_secs(3)));
    let trace = serde_json::to_string(&published.trace).unwrap();
    assert!(!trace.contains("very-secret-token"), "{trace}");

    let requests = server.received_requests().await.unwrap();
    assert_eq!(
        body(&requests[1]),
        json!({
            "post_info": {
                "title": "Hello #coffee", "privacy_level": "SELF_ONLY", "disable_comment": false,
                // Allowed here, but the creator has switched it off.
                "disable_duet": true,
                "disable_stitch": true, "brand_content_toggle": true, "brand_organic_toggle": false, "is_aigc": false,
                "video_cover_timestamp_ms": 2_000,
            },
            "source_info": {
                "source": "FILE_UPLOAD", "video_size": size, "chunk_size": 5 * MIB, "total_chunk_count": 3,
            },
        })
    );
    let ranges = [0..5 * MIB, 5 * MIB..10 * MIB, 10 * MIB..size];
    for (sent, range) in requests[2..].iter().zip(ranges) {
        assert_eq!(sent.headers["content-range"], format!("bytes {}-{}/{size}", range.start, range.end - 1));
        assert_eq!(sent.headers["content-type"], "video/mp4");
        assert!(!sent.headers.contains_key("authorization"), "the address is the permission");
        assert!(sent.body == video_bytes(range), "other bytes");
    }
}

#[tokio::test]
async fn without_choices_a_video_goes_to_the_inbox() {
    let server = MockServer::start().await;
    upload_to(&server, "inbox/video/init").await;
    on(&server, "PUT", "/upload", ResponseTemplate::new(201)).await;
    let adapter = tiktok(&server);
    let request = request(vec![video(100)]);
    let state = staged(adapter.as_ref(), &request).await.unwrap();
    adapter.commit(&request, &state).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(
        body(&requests[0]),
        json!({"source_info": {"source": "FILE_UPLOAD", "video_size": 100, "chunk_size": 100, "total_chunk_count": 1}})
    );
    status(&server, json!({"status": "SEND_TO_USER_INBOX"})).await;
    let finding = adapter.find_published(&request, Some(&state), &[]).await.unwrap();
    assert_eq!(finding, Finding::WaitingForCreator { external_id: "p1".into() });
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn pictures_are_fetched(#[case] chosen: bool) {
    let server = MockServer::start().await;
    creator(&server).await;
    on(&server, "POST", "/v2/post/publish/content/init/", ok(json!({"publish_id": "p2"}))).await;
    let adapter = tiktok(&server);
    let media = vec![photo(), photo()];
    let mut request = if chosen { direct(media) } else { request(media) };
    request.options.title = Some("Menu".into());
    let state = staged(adapter.as_ref(), &request).await.unwrap();
    let published = adapter.commit(&request, &state).await.unwrap();
    assert_eq!(published.external_id, "p2");
    let Standing::Processing { state, .. } = published.standing else { panic!() };
    assert_eq!(state["publish_id"], "p2");
    assert!(!serde_json::to_string(&published.trace).unwrap().contains("signed-for"));
    let requests = server.received_requests().await.unwrap();
    let sent = body(requests.last().unwrap());
    assert_eq!(sent["media_type"], "PHOTO");
    assert_eq!(
        sent["source_info"],
        json!({"source": "PULL_FROM_URL", "photo_images": [PHOTO_URL, PHOTO_URL], "photo_cover_index": 0})
    );
    if chosen {
        assert_eq!(sent["post_mode"], "DIRECT_POST");
        assert_eq!(
            sent["post_info"],
            json!({
                "title": "Menu", "description": "Hello #coffee", "privacy_level": "SELF_ONLY", "disable_comment": false,
                "auto_add_music": true, "brand_content_toggle": true, "brand_organic_toggle": false,
            })
        );
    } else {
        assert_eq!(sent["post_mode"], "MEDIA_UPLOAD");
        assert_eq!(sent["post_info"], json!({"title": "Menu", "description": "Hello #coffee"}));
    }
    // What has a handle is never staged over.
    let error = adapter.stage(&request, Some(&state)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::OutcomeUnknown);
}

#[tokio::test]
async fn a_video_is_fetched_where_that_is_set() {
    let server = MockServer::start().await;
    creator(&server).await;
    on(&server, "POST", "/v2/post/publish/video/init/", ok(json!({"publish_id": "p3"}))).await;
    let adapter = pulling(&server);
    let request = direct(vec![fetched(video(100), VIDEO_URL)]);
    let state = staged(adapter.as_ref(), &request).await.unwrap();
    let published = adapter.commit(&request, &state).await.unwrap();
    assert_eq!(published.external_id, "p3");
    let requests = server.received_requests().await.unwrap();
    let sent = body(requests.last().unwrap());
    assert_eq!(sent["source_info"], json!({"source": "PULL_FROM_URL", "video_url": VIDEO_URL}));
    // An answer lost there leaves nothing to ask by.
    let finding = adapter.find_published(&request, Some(&state), &[]).await.unwrap();
    assert!(matches!(finding, Finding::CannotTell { .. }), "{finding:?}");
}

#[tokio::test]
async fn a_choice_the_creator_does_not_have_is_refused() {
    let server = MockServer::start().await;
    creator(&server).await;
    let mut request = direct(vec![video(100)]);
    request.options.tiktok.as_mut().unwrap().privacy = TiktokPrivacy::PublicToEveryone;
    let error = tiktok(&server).stage(&request, None).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Validation, Some("privacy_level_option_mismatch")));
    assert_eq!(calls(&server).await.len(), 1);
}

#[rstest]
#[case(vec![], ErrorClass::Validation)]
#[case(vec![video(10), video(10)], ErrorClass::Validation)]
#[case(vec![video(10), photo()], ErrorClass::Validation)]
#[case(vec![photo(); 36], ErrorClass::Validation)]
#[case(vec![photo(), picture(10, None)], ErrorClass::Operator)]
#[tokio::test]
async fn what_cannot_be_a_post_is_refused_before_anything_is_sent(
    #[case] media: Vec<MediaItem>,
    #[case] expected: ErrorClass,
) {
    let server = MockServer::start().await;
    let error = tiktok(&server).stage(&request(media), None).await.unwrap_err();
    assert_eq!(error.class, expected);
    assert!(calls(&server).await.is_empty());
}

#[rstest]
#[case("spam_risk_too_many_posts", ErrorClass::QuotaDaily)]
#[case("spam_risk_user_banned_from_posting", ErrorClass::Policy)]
#[case("access_token_invalid", ErrorClass::AuthExpired)]
#[tokio::test]
async fn a_refusal_to_begin(#[case] word: &str, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    creator(&server).await;
    on(&server, "POST", "/v2/post/publish/video/init/", refusal(200, word)).await;
    let error = staged(tiktok(&server).as_ref(), &direct(vec![video(100)])).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (expected, Some(word)));
}

fn upload_state(server: &MockServer, sent: u64, began_at: &str) -> Value {
    let url = format!("{}/tiktok/upload?upload_id=1&upload_token=very-secret-token", server.uri());
    json!({"format": "tiktok/1", "creator": {"username": "northwind", "comments": true, "duets": true, "stitches": true},
        "upload": {"publish_id": "p1", "address": url, "began_at": began_at, "piece": 5 * MIB, "count": 3, "sent": sent},
        "publish_id": null})
}

#[tokio::test]
async fn an_upload_goes_on_where_it_was_saved() {
    let server = MockServer::start().await;
    on(&server, "PUT", "/upload", ResponseTemplate::new(206)).await;
    let request = direct(vec![video(16 * MIB)]);
    let saved = upload_state(&server, 1, "2026-11-20T11:30:00Z");
    let staged = tiktok(&server).stage(&request, Some(&saved)).await.unwrap();
    assert_eq!((staged.progress, &staged.state["upload"]["sent"]), (Progress::Ready, &json!(2)));
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["content-range"], format!("bytes {}-{}/{}", 5 * MIB, 10 * MIB - 1, 16 * MIB));
}

#[tokio::test]
async fn a_piece_that_had_arrived_before_a_crash_counts() {
    let server = MockServer::start().await;
    let there = format!("bytes 0-{}/{}", 10 * MIB - 1, 16 * MIB);
    let answer = ResponseTemplate::new(416).insert_header("content-range", there.as_str());
    on(&server, "PUT", "/upload", answer).await;
    let saved = upload_state(&server, 1, "2026-11-20T11:30:00Z");
    let staged = tiktok(&server).stage(&direct(vec![video(16 * MIB)]), Some(&saved)).await.unwrap();
    assert_eq!((staged.progress, &staged.state["upload"]["sent"]), (Progress::Ready, &json!(2)));
}

#[rstest]
#[case(403)]
#[case(404)]
#[case(416)]
#[tokio::test]
async fn an_upload_tiktok_no_longer_takes_is_begun_anew(#[case] code: u16) {
    let server = MockServer::start().await;
    on(&server, "PUT", "/upload", ResponseTemplate::new(code)).await;
    let saved = upload_state(&server, 0, "2026-11-20T11:30:00Z");
    let error = tiktok(&server).stage(&direct(vec![video(16 * MIB)]), Some(&saved)).await.unwrap_err();
    assert_eq!((error.class, error.stale), (ErrorClass::Transient, true));
}

#[tokio::test]
async fn an_address_about_to_end_is_not_relied_upon() {
    let server = MockServer::start().await;
    upload_to(&server, "video/init").await;
    let saved = upload_state(&server, 2, "2026-11-20T11:10:00Z");
    let staged = tiktok(&server).stage(&direct(vec![video(16 * MIB)]), Some(&saved)).await.unwrap();
    assert_eq!((staged.progress, &staged.state["upload"]["sent"]), (Progress::More, &json!(0)));
}

#[rstest]
#[case(500, ErrorClass::OutcomeUnknown)]
#[case(401, ErrorClass::AuthExpired)]
#[tokio::test]
async fn a_commit_that_ends_otherwise(#[case] code: u16, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    on(&server, "PUT", "/upload", ResponseTemplate::new(code)).await;
    let state = upload_state(&server, 2, "2026-11-20T11:30:00Z");
    let error = tiktok(&server).commit(&direct(vec![video(16 * MIB)]), &state).await.unwrap_err();
    assert_eq!(error.class, expected);
    assert_eq!(calls(&server).await.len(), 1, "a commit is one request");
}

#[tokio::test]
async fn an_unfinished_upload_is_not_published() {
    let server = MockServer::start().await;
    let state = upload_state(&server, 1, "2026-11-20T11:30:00Z");
    let error = tiktok(&server).commit(&direct(vec![video(16 * MIB)]), &state).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("not_staged"));
    assert!(calls(&server).await.is_empty());
}

async fn finding(answer: Value, minutes_ago: i64) -> Finding {
    let server = MockServer::start().await;
    status(&server, answer).await;
    let mut request = direct(vec![video(16 * MIB)]);
    request.started_at = noon() - chrono::Duration::minutes(minutes_ago);
    let state = upload_state(&server, 2, "2026-11-20T11:30:00Z");
    let finding = tiktok(&server).find_published(&request, Some(&state), &[]).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(body(&requests[0]), json!({"publish_id": "p1"}));
    finding
}

#[tokio::test]
async fn the_handle_tells_what_became_of_a_post() {
    let processing = |seconds| Finding::Processing { after: Duration::from_secs(seconds) };
    let size = 16 * MIB;
    assert_eq!(finding(json!({"status": "PROCESSING_DOWNLOAD"}), 0).await, processing(3));
    assert_eq!(finding(json!({"status": "PROCESSING_UPLOAD", "uploaded_bytes": size}), 1).await, processing(10));
    // The last piece is not there.
    let lacks = json!({"status": "PROCESSING_UPLOAD", "uploaded_bytes": 10 * MIB});
    assert_eq!(finding(lacks, 0).await, Finding::NotFound);
    assert_eq!(finding(json!({"status": "PROCESSING_UPLOAD"}), 1).await, processing(10));
    assert_eq!(finding(json!({"status": "PROCESSING_UPLOAD"}), 3).await, Finding::NotFound);
    // An unknown word is no answer.
    assert_eq!(finding(json!({"status": "SOMETHING_NEW"}), 5).await, processing(30));
    let stuck = finding(json!({"status": "PROCESSING_DOWNLOAD"}), 24 * 60 + 1).await;
    assert!(matches!(stuck, Finding::CannotTell { .. }), "{stuck:?}");
    let inbox = finding(json!({"status": "SEND_TO_USER_INBOX"}), 0).await;
    assert_eq!(inbox, Finding::WaitingForCreator { external_id: "p1".into() });
    let refused = finding(json!({"status": "FAILED", "fail_reason": "frame_rate_check_failed"}), 0).await;
    assert!(matches!(&refused, Finding::Refused { class: ErrorClass::MediaInvalid, .. }), "{refused:?}");
    let unmoderated = finding(json!({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": []}), 0).await;
    assert_eq!(unmoderated, Finding::Found { external_id: "p1".into(), url: None, published_at: None });
    let public = finding(
        json!({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": [7_512_345_678_901_234_567_u64]}),
        0,
    )
    .await;
    let Finding::Found { external_id, url, .. } = public else { panic!("{public:?}") };
    assert_eq!(external_id, "7512345678901234567");
    assert!(url.unwrap().ends_with("/tiktok/@northwind/video/7512345678901234567"));
}
