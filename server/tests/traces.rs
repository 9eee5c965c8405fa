//! What a collector of traces is sent: through a real server that publishes, and stops.

#![expect(clippy::unwrap_used, reason = "a walkthrough stops where it cannot go on")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value as Attribute},
    trace::v1::{Span, span::SpanKind},
};
use prost::Message as _;
use reqwest::{Method, StatusCode, header};
use sandbox::driver::Visitor;
use serde_json::json;
use support::{Person, World, client};

/// All that a span of ours may say. Whatever is added here leaves the process: ids, words and numbers only.
const SAID: [&str; 14] = [
    "request_id",
    "method",
    "path",
    "user_id",
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "delivery_id",
    "platform",
    "attempt",
    "outcome",
    "operation",
    "task",
    "job",
];

/// Takes whatever is sent to it.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Bytes>>>);

impl Collector {
    /// Its address.
    async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let take = async |State(collector): State<Self>, body: Bytes| {
            collector.0.lock().unwrap().push(body);
            [(header::CONTENT_TYPE, "application/x-protobuf")]
        };
        let app = Router::new().route("/v1/traces", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    fn bodies(&self) -> Vec<Bytes> {
        self.0.lock().unwrap().clone()
    }
}

fn words(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let word = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Attribute::StringValue(text)) => text.clone(),
        Some(Attribute::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), word(attribute))).collect()
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<(&'a Span, BTreeMap<String, String>)> {
    spans.iter().filter(|span| span.name == name).map(|span| (span, words(&span.attributes))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_is_sent_what_happened_and_nothing_secret() {
    let collector = Collector::default();
    let address = collector.listen().await;
    let world = World::new().await;
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()),
        ("OTEL_SERVICE_NAME", "arctiv-here"),
        ("ARCTIV_SERVER__WORKER", "true"),
    ];
    let mut web = world.web_with(&settings).await;
    let person = Person::register(&web, "client").await;
    let landed = person.connect("twitter", &Visitor::anybody()).await;
    assert!(landed.contains("connected=1"), "{landed}");
    let made = person.post("/api/content", json!({ "body": "Words that nobody else reads" })).await;
    let delivery = person.settled(made["data"]["id"].as_str().unwrap()).await.remove(0);
    assert_eq!(delivery["status"], "success", "{delivery:#}");
    let traced = person
        .request(Method::GET, "/api/auth/me?code=hidden-in-the-query")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .header("baggage", "who=hidden-in-the-baggage");
    assert_eq!(traced.send().await.unwrap().status(), StatusCode::OK);
    client().get(format!("{}/invite/hidden-in-the-path", web.url)).send().await.unwrap();
    // What has not been sent by now is sent at the end.
    assert_eq!(web.process.terminate().await.1, Some(0));

    let bodies = collector.bodies();
    let mut spans: Vec<Span> = Vec::new();
    for body in &bodies {
        for resource in ExportTraceServiceRequest::decode(body.clone()).unwrap().resource_spans {
            let about = words(&resource.resource.unwrap().attributes);
            assert_eq!(about["service.name"], "arctiv-here", "{about:?}");
            assert_eq!(about["service.version"], env!("CARGO_PKG_VERSION"));
            spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }

    // A request, as a part of its caller's trace.
    let requests = named(&spans, "GET /api/auth/me");
    let caller = [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];
    let (span, said) = requests.iter().find(|(span, _)| span.parent_span_id == caller).unwrap();
    assert_eq!(hex::encode(&span.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(span.kind, i32::from(SpanKind::Server));
    assert_eq!((said["http.route"].as_str(), said["http.response.status_code"].as_str()), ("/api/auth/me", "200"));
    assert!(said["request_id"].starts_with("req_") && said.contains_key("user_id"), "{said:?}");

    // An attempt, with the calls that it made.
    let attempts = named(&spans, "delivery");
    let id = delivery["id"].as_str().unwrap();
    let (attempt, said) = attempts.iter().find(|(_, said)| id.ends_with(&said["delivery_id"])).unwrap();
    assert_eq!(
        (said["platform"].as_str(), said["attempt"].as_str(), said["outcome"].as_str()),
        ("twitter", "1", "success")
    );
    let calls = named(&spans, "platform_call");
    let commit =
        calls.iter().find(|(call, said)| call.parent_span_id == attempt.span_id && said["operation"] == "commit");
    let (commit, said) = commit.unwrap();
    assert_eq!(commit.kind, i32::from(SpanKind::Client));
    assert_eq!((said["outcome"].as_str(), said["http.response.status_code"].as_str()), ("success", "201"));
    assert!(calls.iter().any(|(_, said)| said["operation"] == "exchange"), "calls made for requests are there too");

    // A job: the letter that asks to confirm an address.
    let jobs = named(&spans, "job");
    assert!(jobs.iter().any(|(_, said)| said["task"].contains("mail")), "{jobs:?}");

    let said: BTreeSet<String> = spans.iter().flat_map(|span| words(&span.attributes).into_keys()).collect();
    let unknown: Vec<_> = said.iter().filter(|key| !SAID.contains(&key.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(spans.iter().all(|span| span.events.is_empty()), "no line of the log");
    assert_eq!(named(&spans, "GET /invite/{token}")[0].1["path"], "/invite/{token}");
    let cookie =
        person.request(Method::GET, "/").build().unwrap().headers()[header::COOKIE].to_str().unwrap().to_owned();
    let cookie = cookie.split_once('=').unwrap().1.to_owned();
    for secret in [cookie.as_str(), "hidden-in-the", "Words that nobody", "walk.example", "Bearer", "access_token"] {
        let found = bodies.iter().any(|body| String::from_utf8_lossy(body).contains(secret));
        assert!(!found, "{secret}");
    }
}
