//! What silence, trouble and success of a platform become.

use std::{
    io,
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;

use chrono::{DateTime, Utc};
use domain::{Platform, deliveries::ErrorClass};
use reqwest::header::HeaderMap;
use rstest::rstest;
use serde::Deserialize;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use url::Url;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::{Answer, Call, Dialect, Notice, NoticeFailed, Operation, Part, RateState, x_headers};
use crate::{
    MediaItem, MediaSource, PlatformError,
    error::Verdict,
    testing::{ACCESS_TOKEN, CLIENT_SECRET, assert_no_secret, http_with, noon},
};

/// Refuses with whatever class the body names.
struct Plain;

impl Dialect for Plain {
    fn platform(&self) -> Platform {
        Platform::Twitter
    }

    fn rate(&self, headers: &HeaderMap, now: DateTime<Utc>) -> RateState {
        x_headers(headers, now)
    }

    fn verdict(&self, _: Operation, answer: &Answer, _: DateTime<Utc>) -> Verdict {
        let word = answer.json.as_ref().and_then(|json| json.get("class")).and_then(serde_json::Value::as_str);
        Verdict::new(word.and_then(|word| word.parse().ok()).unwrap_or(ErrorClass::Validation)).with_code("42")
    }
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(matchers::any()).respond_with(template).mount(&server).await;
    server
}

/// A server that takes a connection, reads a request's beginning, sends `answer`, and hangs up.
async fn hanging_up(answer: &'static [u8]) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer).await;
        }
    });
    url(address)
}

fn url(address: SocketAddr) -> Url {
    format!("http://{address}/post").parse().unwrap()
}

async fn failing(operation: Operation, url: Url) -> PlatformError {
    http_with(|_| ()).send(&Plain, Call::post(operation, url)).await.err().unwrap()
}

/// Operations whose failure leaves nothing open.
const REPEATABLE: [Operation; 7] = [
    Operation::Exchange,
    Operation::Refresh,
    Operation::Revoke,
    Operation::Identify,
    Operation::Probe,
    Operation::Stage,
    Operation::Find,
];

#[tokio::test]
async fn nothing_listening_is_transient_even_for_a_commit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for operation in [Operation::Stage, Operation::Commit] {
        let error = failing(operation, url(address)).await;
        assert_eq!(error.class, ErrorClass::Transient, "{operation:?}");
        let trace = error.trace.unwrap();
        assert!(trace.status.is_none() && trace.error.unwrap().contains("refused"));
    }
}

#[tokio::test]
async fn a_failed_handshake_is_transient_even_for_a_commit() {
    let plain = hanging_up(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let secure = plain.as_str().replace("http://", "https://").parse().unwrap();
    assert_eq!(failing(Operation::Commit, secure).await.class, ErrorClass::Transient);
}

#[tokio::test]
async fn an_unknown_host_is_transient_even_for_a_commit() {
    let url = "http://nowhere.invalid/post".parse().unwrap();
    let http = http_with(|settings| settings.timeout = Duration::from_secs(20));
    let error = http.send(&Plain, Call::post(Operation::Commit, url)).await.err().unwrap();
    assert_eq!(error.class, ErrorClass::Transient);
}

#[tokio::test]
async fn a_connection_lost_after_sending_leaves_a_commit_open() {
    for operation in REPEATABLE {
        assert_eq!(failing(operation, hanging_up(b"").await).await.class, ErrorClass::Transient, "{operation:?}");
    }
    assert_eq!(failing(Operation::Commit, hanging_up(b"").await).await.class, ErrorClass::OutcomeUnknown);
}

#[tokio::test]
async fn a_success_cut_short_leaves_a_commit_open() {
    let cut = b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"data\":";
    let error = failing(Operation::Commit, hanging_up(cut).await).await;
    assert_eq!((error.class, error.http_status), (ErrorClass::OutcomeUnknown, Some(201)));
    assert_eq!(failing(Operation::Stage, hanging_up(cut).await).await.class, ErrorClass::Transient);
}

#[tokio::test]
async fn a_refusal_cut_short_is_a_refusal_but_of_a_commit() {
    let cut = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 100\r\n\r\n{\"data\":";
    let error = failing(Operation::Stage, hanging_up(cut).await).await;
    assert_eq!((error.class, error.http_status), (ErrorClass::Validation, Some(400)));
    // Meta says so to its own trouble, and others to what they have already.
    let error = failing(Operation::Commit, hanging_up(cut).await).await;
    assert_eq!((error.class, error.http_status), (ErrorClass::OutcomeUnknown, Some(400)));
    let cut = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 100\r\n\r\n{\"data\":";
    let error = failing(Operation::Commit, hanging_up(cut).await).await;
    assert_eq!((error.class, error.http_status), (ErrorClass::Validation, Some(429)), "judged by what it says and is");
}

#[tokio::test]
async fn no_answer_in_time_leaves_a_commit_open() {
    let server = answering(ResponseTemplate::new(200).set_delay(Duration::from_secs(30))).await;
    let url: Url = server.uri().parse().unwrap();
    let error = failing(Operation::Commit, url.clone()).await;
    assert_eq!(error.class, ErrorClass::OutcomeUnknown);
    assert!(error.trace.unwrap().error.unwrap().contains("timed out"));
    assert_eq!(failing(Operation::Find, url).await.class, ErrorClass::Transient);
}

#[rstest]
#[case(500, "transient", ErrorClass::OutcomeUnknown)]
#[case(502, "validation", ErrorClass::OutcomeUnknown)]
#[case(503, "rate_limited", ErrorClass::OutcomeUnknown)]
#[case(408, "validation", ErrorClass::OutcomeUnknown)]
// "An unknown error occurred" is no refusal, whatever its status.
#[case(400, "transient", ErrorClass::OutcomeUnknown)]
#[case(400, "validation", ErrorClass::Validation)]
#[case(429, "rate_limited", ErrorClass::RateLimited)]
#[case(403, "duplicate", ErrorClass::Duplicate)]
#[tokio::test]
async fn what_an_answer_to_a_commit_means(#[case] status: u16, #[case] word: &str, #[case] expected: ErrorClass) {
    let server = answering(ResponseTemplate::new(status).set_body_json(json!({"class": word}))).await;
    let url: Url = server.uri().parse().unwrap();
    let error = failing(Operation::Commit, url.clone()).await;
    assert_eq!((error.class, error.http_status, error.code.as_deref()), (expected, Some(status), Some("42")));
    // Anywhere else the platform's word stands.
    assert_eq!(failing(Operation::Stage, url).await.class.as_str(), word);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = answering(ResponseTemplate::new(200)).await;
    let server = answering(ResponseTemplate::new(307).insert_header("location", target.uri())).await;
    let error = failing(Operation::Commit, server.uri().parse().unwrap()).await;
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Operator, Some("redirect")));
    assert!(target.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn answers_have_a_longest_length() {
    let http = http_with(|settings| settings.max_response_bytes = 1_000);
    let send = async |status, length, operation| {
        let server = answering(ResponseTemplate::new(status).set_body_string("x".repeat(length))).await;
        http.send(&Plain, Call::post(operation, server.uri().parse().unwrap())).await
    };
    assert!(send(200, 1_000, Operation::Stage).await.is_ok());
    assert_eq!(send(200, 1_001, Operation::Stage).await.err().unwrap().class, ErrorClass::Transient);
    assert_eq!(send(201, 1_001, Operation::Commit).await.err().unwrap().class, ErrorClass::OutcomeUnknown);
    // What is wrong is told by the status where the text is too long to be read, but not whether a post is out.
    assert_eq!(send(422, 1_001, Operation::Stage).await.err().unwrap().class, ErrorClass::Validation);
    assert_eq!(send(422, 1_001, Operation::Commit).await.err().unwrap().class, ErrorClass::OutcomeUnknown);
}

#[tokio::test]
async fn a_success_that_cannot_be_read_leaves_a_commit_open() {
    #[derive(Debug, Deserialize)]
    struct Created {
        #[expect(dead_code, reason = "it is its absence that is tested")]
        id: String,
    }
    let token_in_the_wrong_place = json!({"id": {"access_token": ACCESS_TOKEN}});
    let server = answering(ResponseTemplate::new(201).set_body_json(token_in_the_wrong_place)).await;
    for (operation, expected) in
        [(Operation::Commit, ErrorClass::OutcomeUnknown), (Operation::Stage, ErrorClass::Transient)]
    {
        let call = Call::post(operation, server.uri().parse().unwrap());
        let reply = http_with(|_| ()).send(&Plain, call).await.ok().unwrap();
        let error = reply.parse::<Created>().unwrap_err();
        assert_eq!(error.class, expected);
        assert_no_secret(&format!("{error:?} {error} {:?}", error.trace));
    }
}

#[tokio::test]
async fn addresses_of_our_own_network_are_refused_before_anything_is_sent() {
    let server = answering(ResponseTemplate::new(200)).await;
    let closed = http_with(|settings| settings.allow_private_networks = false);
    let port = server.address().port();
    let by_number = format!("https://127.0.0.1:{port}/");
    let by_name = format!("https://localhost:{port}/");
    let mapped = format!("https://[::ffff:127.0.0.1]:{port}/");
    for url in [server.uri(), by_number, by_name, mapped, "https://169.254.169.254/latest/meta-data".into()] {
        let call = Call::post(Operation::Commit, url.parse().unwrap());
        let error = closed.send(&Plain, call).await.err().unwrap();
        assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Operator, Some("address_refused")), "{url}");
        assert!(error.trace.unwrap().status.is_none());
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_platform_says_when_to_come_back() {
    let limited = json!({"class": "rate_limited"});
    let by_header =
        answering(ResponseTemplate::new(429).insert_header("retry-after", "90").set_body_json(&limited)).await;
    let error = failing(Operation::Stage, by_header.uri().parse().unwrap()).await;
    assert_eq!(error.retry_at, Some(noon() + chrono::Duration::seconds(90)));

    let by_window = ResponseTemplate::new(429)
        .insert_header("x-rate-limit-remaining", "0")
        .insert_header("x-rate-limit-reset", "1795176600")
        .set_body_json(&limited);
    let error = failing(Operation::Stage, answering(by_window).await.uri().parse().unwrap()).await;
    assert_eq!(error.retry_at, Some("2026-11-20T12:10:00Z".parse().unwrap()));
}

#[tokio::test]
async fn a_trace_tells_what_happened_and_no_secret() {
    let body = json!({
        "class": "permission",
        "echo": format!("token {ACCESS_TOKEN} is bad"),
        "access_token": "EAAB-another-secret",
    });
    let server =
        answering(ResponseTemplate::new(403).insert_header("set-cookie", "session=EAAB").set_body_json(body)).await;
    let base: Url = server.uri().parse().unwrap();
    let calls = [
        Call::post(Operation::Stage, base.clone()).bearer(&ACCESS_TOKEN.into()),
        Call::post(Operation::Stage, base.clone())
            .basic("client-id", &CLIENT_SECRET.into())
            .hiding(&ACCESS_TOKEN.into()),
        Call::post(Operation::Stage, base.clone()).secret_query("access_token", &ACCESS_TOKEN.into()),
        Call::post(Operation::Stage, base.clone())
            .secret_field("client_secret", &CLIENT_SECRET.into())
            .hiding(&ACCESS_TOKEN.into()),
        Call::post(Operation::Stage, base.clone()).bearer(&ACCESS_TOKEN.into()).json(json!({"text": "hello"})),
        Call::post(Operation::Stage, base)
            .multipart(vec![
                Part::secret("access_token", &ACCESS_TOKEN.into()),
                Part::text("caption", "hello"),
                Part::file("source", "image/png", vec![1; 10].into()),
            ])
            .hiding(&ACCESS_TOKEN.into()),
    ];
    for call in calls {
        let error = http_with(|_| ()).send(&Plain, call).await.err().unwrap();
        let trace = error.trace.as_deref().unwrap();
        let written = serde_json::to_string(trace).unwrap();
        for shown in [&written, &format!("{trace:?}"), &format!("{error:?}")] {
            assert_no_secret(shown);
            assert!(!shown.contains("EAAB"), "{shown}");
        }
        assert_eq!((trace.status, trace.method.as_str()), (Some(403), "POST"));
        assert!(written.contains("token *** is bad"), "{written}");
    }
    // What was sent went out whole all the same.
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["authorization"], format!("Bearer {ACCESS_TOKEN}"));
    assert_eq!(requests[1].headers["authorization"], "Basic Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQtMDEyMzQ1Njc4OQ==");
    let multipart = String::from_utf8_lossy(&requests[5].body).into_owned();
    assert!(multipart.contains(ACCESS_TOKEN) && multipart.contains("filename=\"media.png\""), "{multipart}");
    assert!(multipart.contains("Content-Type: image/png"), "{multipart}");
}

/// A file that remembers the most that was ever read of it at once, and may end before it should.
struct Watched {
    ends_at: u64,
    most: AtomicU64,
}

#[async_trait]
impl MediaSource for Watched {
    async fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let length = range.end.min(self.ends_at).saturating_sub(range.start);
        self.most.fetch_max(length, Ordering::Relaxed);
        Ok(vec![7; usize::try_from(length).unwrap()].into())
    }
}

fn watched(size: u64, ends_at: u64) -> (MediaItem, Arc<Watched>) {
    let source = Arc::new(Watched { ends_at, most: AtomicU64::new(0) });
    let item = MediaItem { size, source: source.clone(), ..MediaItem::from_bytes("video/mp4", Bytes::new(), None) };
    (item, source)
}

#[tokio::test]
async fn a_large_file_is_never_in_memory_as_a_whole() {
    let server = answering(ResponseTemplate::new(200)).await;
    let (item, source) = watched(5_000_000, 5_000_000);
    let http = http_with(|_| ());
    let call = Call::post(Operation::Stage, server.uri().parse().unwrap())
        .stream(&item, 1_000..item.size)
        .timeout(http.timeout_for(item.size));
    let reply = http.send(&Plain, call).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].body.len(), 4_999_000);
    assert_eq!(requests[0].headers["content-length"], "4999000");
    assert!(source.most.load(Ordering::Relaxed) <= 256 * 1024);
    assert_eq!(reply.trace.request, json!("4999000 bytes of video/mp4, from byte 1000"));
}

#[rstest]
#[case(Operation::Stage, ErrorClass::Transient)]
#[case(Operation::Commit, ErrorClass::OutcomeUnknown)]
#[tokio::test]
async fn a_file_that_ends_early_is_not_taken_for_the_whole(#[case] operation: Operation, #[case] expected: ErrorClass) {
    let server = answering(ResponseTemplate::new(200)).await;
    let (item, _) = watched(2_000_000, 1_000_000);
    let http = http_with(|_| ());
    let call = Call::post(operation, server.uri().parse().unwrap())
        .stream(&item, 0..item.size)
        .timeout(http.timeout_for(item.size));
    let error = http.send(&Plain, call).await.err().unwrap();
    assert_eq!(error.class, expected);
    assert!(server.received_requests().await.unwrap().is_empty(), "half a file arrived");
}

// ---- notices to addresses that people enter ---------------------------------------------------------------------------

#[tokio::test]
async fn a_notice_arrives_as_it_is_and_its_answer_is_a_status() {
    let server = answering(ResponseTemplate::new(302).insert_header("location", "/elsewhere")).await;
    let url = format!("{}/hook?x=1", server.uri());
    let notice = Notice { url: &url, body: r#"{"b": 1,  "a":2}"#, headers: &[("webhook-id", "msg_1")] };
    assert_eq!(http_with(|_| ()).notify(notice).await, Ok(302));
    let got = server.received_requests().await.unwrap();
    assert_eq!(got.len(), 1, "a redirect is not followed");
    assert_eq!((got[0].body.as_slice(), got[0].url.query()), (notice.body.as_bytes(), Some("x=1")));
    assert_eq!(
        (&got[0].headers["webhook-id"], &got[0].headers["content-type"]),
        (&"msg_1".parse().unwrap(), &"application/json".parse().unwrap())
    );
}

#[tokio::test]
async fn an_endless_answer_is_an_answer_all_the_same() {
    let server = answering(ResponseTemplate::new(200).set_body_bytes(vec![b'a'; 1024 * 1024])).await;
    let http = http_with(|settings| settings.max_response_bytes = 1024);
    let url = server.uri();
    assert_eq!(http.notify(Notice { url: &url, body: "{}", headers: &[] }).await, Ok(200));
}

#[rstest]
#[case("https://127.0.0.1/")]
#[case("https://[::ffff:10.0.0.1]/")]
#[case("http://hooks.example/")]
#[case("https://user@hooks.example/")]
#[case("hooks.example")]
#[tokio::test]
async fn notices_go_to_the_public_internet_only(#[case] url: &str) {
    let http = http_with(|settings| settings.allow_private_networks = false);
    assert!(http.refusal(url).is_some());
    let refused = http.notify(Notice { url, body: "{}", headers: &[] }).await;
    assert!(matches!(refused, Err(NoticeFailed::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn a_name_that_leads_here_is_refused_and_a_port_where_nobody_is_is_silent() {
    let http = http_with(|settings| settings.allow_private_networks = false);
    let named = Notice { url: "https://localhost/", body: "{}", headers: &[] };
    assert_eq!(http.refusal(named.url), None, "what a name leads to is known when it is called");
    assert!(
        matches!(http.notify(named).await, Err(NoticeFailed::Refused(why)) if why.contains("not on the public internet"))
    );
    let nobody = Notice { url: "http://127.0.0.1:9/", ..named };
    assert!(matches!(http_with(|_| ()).notify(nobody).await, Err(NoticeFailed::Silent(_))));
}
