//! What every request passes, outermost first: security headers, id and log, panics, time limit, origin, session, rate limits.

use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    ErrorCode, RequestId, ServiceError, Visitor, WorkspaceId,
    clock::Ids,
    identity::Identity,
    text::truncate_chars,
    workspaces::{ApiKeys, elsewhere},
};
use futures::FutureExt;
use ipnet::IpNet;
use sha2::{Digest as _, Sha256};
use tracing::{Instrument, field::Empty};

use super::{
    cookie::{self, CookiePolicy},
    envelope::{self, ApiError, Refusal},
    keys,
    limits::{Limiter, Limits},
    trace,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The workspace that a request is meant for, where its sender knows.
const WORKSPACE: HeaderName = HeaderName::from_static("x-arctiv-workspace");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The one style that Swagger UI writes into its page: its logo's.
const LOGO_STYLE: &str = ".logo_small_svg__cls-2{fill:#fff}.logo_small_svg__cls-3{fill:#85ea2d}";

/// The policy of the API's page. Swagger UI gives its elements styles, draws its icons from data addresses, and brings
/// [`LOGO_STYLE`], which its hash lets in and no other.
static DOCS_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let logo = STANDARD.encode(Sha256::digest(LOGO_STYLE));
    let policy = format!(
        "default-src 'self'; style-src 'self' 'sha256-{logo}'; style-src-attr 'unsafe-inline'; img-src 'self' data:; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// What the middleware needs to know.
#[derive(Clone)]
pub struct Edge {
    pub ids: Arc<dyn Ids>,
    pub identity: Arc<dyn Identity>,
    pub keys: Arc<dyn ApiKeys>,
    pub cookies: CookiePolicy,
    /// Our own origin, as browsers send it.
    pub origin: Arc<str>,
    pub trusted_proxies: Arc<[IpNet]>,
    pub timeout: Duration,
    pub limiter: Arc<dyn Limiter>,
    pub limits: Limits,
}

/// Gives the request its id, a log line and its metrics, and turns a panic into a plain 500.
pub async fn observe(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .and_then(RequestId::parse)
        .unwrap_or_else(|| RequestId::from_uuid(edge.ids.next()));
    let method = request.method().clone();
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "page".to_owned(), |path| path.as_str().to_owned());
    // The query may hold secrets (codes, states), so it is never logged; the path holds ids, except where its route says so.
    let path = if route.contains("token") { route.as_str() } else { request.uri().path() };
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        %method,
        path,
        user_id = Empty,
        otel.name = Empty,
        otel.kind = Empty
    );
    trace::begin(&span, request.headers(), &method, &route);
    let visitor = Visitor {
        ip: client_ip(&request, &edge.trusted_proxies),
        user_agent: request
            .headers()
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(|agent| truncate_chars(agent, 400).to_owned()),
        request_id: id.clone(),
        browser: cookie::browser(edge.cookies, request.headers()),
    };
    let device = visitor.browser.device.clone();
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(visitor);
    let wants_page = wants_page(&request);
    let started = Instant::now();
    let run = envelope::with_request_id(request, next);
    let mut response = AssertUnwindSafe(run).catch_unwind().instrument(span.clone()).await.unwrap_or_else(|panic| {
        let _entered = span.enter();
        let what = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        let error = ServiceError::internal(format!("panic: {}", what.unwrap_or("no message")));
        envelope::under_request_id(id.clone(), || ApiError(error).into_response())
    });
    if wants_page && response.extensions().get::<Refusal>().is_some() {
        response = envelope::page(response);
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if let Some(device) = device.filter(|_| cookie::starts_session(edge.cookies, response.headers())) {
        let (name, value) = cookie::keep_device(edge.cookies, &device);
        response.headers_mut().append(name, value);
    }
    let elapsed = started.elapsed();
    trace::end(&span, response.status());
    let status = response.status().as_u16();
    metrics::histogram!("http_request_seconds", "method" => method.to_string(), "route" => route, "status" => status.to_string())
        .record(elapsed.as_secs_f64());
    span.in_scope(|| tracing::info!(status, ms = elapsed.as_secs_f64() * 1000.0, "answered"));
    response
}

/// Whether a person looks at the answer: a browser that opens a page, not a program or a script of ours.
fn wants_page(request: &Request) -> bool {
    let path = request.uri().path();
    !path.starts_with("/api/")
        && !path.starts_with("/fn/")
        && !path.starts_with(IN_WORKSPACE)
        && request
            .headers()
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
}

/// The peer's address; behind a trusted proxy, the last address that is not one of ours.
fn client_ip(request: &Request, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical())?;
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let forwarded = request.headers().get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let chain: Vec<IpAddr> = forwarded
        .flat_map(|value| value.split(','))
        .filter_map(|ip| ip.trim().parse::<IpAddr>().ok())
        .map(|ip| ip.to_canonical())
        .collect();
    Some(chain.iter().rev().find(|ip| !is_trusted(ip)).copied().unwrap_or(peer))
}

/// Ends a request that takes too long with 504. Live events have no end by design, and the pieces of an upload take as
/// long as the line takes; there, silence counts.
pub async fn time_limit(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path == "/api/events" || (request.method() == Method::PATCH && path.starts_with("/api/media/uploads/")) {
        return next.run(request).await;
    }
    match tokio::time::timeout(edge.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            ApiError(ServiceError::new(ErrorCode::Timeout, "This took too long. Please try again.")).into_response()
        }
    }
}

/// Whether a file of the library lies there; `/media/{id}` is a page.
pub(super) fn is_media(path: &str) -> bool {
    path.strip_prefix("/media/").is_some_and(|rest| rest.contains('/'))
}

/// Headers that hold for every answer. The policy for scripts comes with each page, since it carries the page's nonce.
pub async fn security_headers(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let docs = path.starts_with("/api/docs");
    let api = path.starts_with("/api/") && !docs;
    // Behind signed links, which may stand in letters and at platforms.
    let media = is_media(path);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    if !media {
        set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    }
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    );
    if edge.cookies.https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    if api {
        set(header::CACHE_CONTROL, "no-store");
    }
    if docs {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| DOCS_POLICY.clone());
        return response;
    }
    // Pages have brought their own; nothing else is to be looked at by itself.
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    response
}

/// A browser's request that changes something must come from our own pages: the cookie alone proves nothing about
/// who made the browser send it. Requests without the session cookie have nothing to forge, except a sign-in; those with
/// an API key neither, since no page can make a browser send one, and its cookie then counts for nothing.
pub async fn same_origin(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        || keys::presented(request.uri().path(), request.headers()).is_some();
    if safe || comes_from_us(request.headers(), &edge) {
        return next.run(request).await;
    }
    let error =
        ServiceError::new(ErrorCode::CsrfRejected, "This request did not come from Arctiv itself, so it was refused.");
    ApiError(error).into_response()
}

fn comes_from_us(headers: &HeaderMap, edge: &Edge) -> bool {
    match (headers.get(FETCH_SITE).map(HeaderValue::as_bytes), headers.get(header::ORIGIN).map(HeaderValue::as_bytes)) {
        // `none`: the person's own doing (address bar, bookmark), which cannot be a forged POST.
        (Some(site), origin) => {
            matches!(site, b"same-origin" | b"none") && origin.is_none_or(|origin| origin == edge.origin.as_bytes())
        }
        (None, Some(origin)) => origin == edge.origin.as_bytes(),
        // No browser leaves out both on a POST; a program without our cookie is no browser.
        (None, None) => cookie::read(edge.cookies, headers).is_none(),
    }
}

/// Where pages call their server functions: `/in/{workspace}/fn/{name}`.
pub(super) const IN_WORKSPACE: &str = "/in/";

/// The workspace that a request says it is meant for. Tabs share a session, and a session is in one workspace: what a page
/// sends that was opened in another must not count in this one.
fn meant_for(request: &Request) -> Option<Result<WorkspaceId, ()>> {
    let in_path = request.uri().path().strip_prefix(IN_WORKSPACE).and_then(|rest| rest.split('/').next());
    let in_header = || request.headers().get(WORKSPACE).map(|value| value.to_str().unwrap_or_default());
    let named = in_path.or_else(in_header)?;
    Some(named.parse().map_err(drop))
}

/// Finds the session behind the cookie, makes its actor known, and hands out a newer cookie when the present one has
/// aged. A request with an API key is its holder's, whatever cookie came along.
pub async fn session(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    if let Some(key) = keys::presented(request.uri().path(), request.headers()).map(str::to_owned) {
        return match keys::identify(&edge, &key, &mut request).await {
            Ok(()) => next.run(request).await,
            Err(error) => ApiError(error).into_response(),
        };
    }
    let Some(token) = cookie::read(edge.cookies, request.headers()) else { return next.run(request).await };
    let Some(visitor) = request.extensions().get::<Visitor>().cloned() else { return next.run(request).await };
    match edge.identity.authenticate(&token, &visitor).await {
        Err(error) => ApiError(error).into_response(),
        Ok(None) => next.run(request).await,
        Ok(Some(found)) => {
            tracing::Span::current().record("user_id", tracing::field::display(found.actor.user_id));
            if meant_for(&request).is_some_and(|workspace| workspace != Ok(found.actor.workspace_id)) {
                return ApiError(elsewhere()).into_response();
            }
            request.extensions_mut().insert(found.actor);
            request.extensions_mut().insert(found.me);
            let mut response = next.run(request).await;
            // A handler that sets the cookie itself (log out) has the last word.
            if let Some(token) = found.reissued
                && !response.headers().contains_key(header::SET_COOKIE)
            {
                let (name, value) = cookie::set(edge.cookies, &token);
                response.headers_mut().append(name, value);
            }
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_style_let_into_the_apis_page_is_the_one_it_brings() {
        let config = Arc::new(utoipa_swagger_ui::Config::new(["/api/openapi.json"]));
        let script = utoipa_swagger_ui::serve("swagger-ui-standalone-preset.js", config).unwrap().unwrap();
        let script = String::from_utf8(script.bytes.into_owned()).unwrap();
        let styles: Vec<_> = script.split("createElement(\"style\",null,\"").skip(1).collect();
        assert_eq!(styles.len(), 1, "one style and no other");
        assert!(styles[0].starts_with(&format!("{LOGO_STYLE}\"")), "{}", &styles[0][..120]);
        let policy = DOCS_POLICY.to_str().unwrap();
        assert!(
            policy.contains("'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"),
            "as the browser has it: {policy}"
        );
        assert!(
            policy.starts_with("default-src 'self'; style-src 'self' 'sha256-") && !policy.contains("script"),
            "{policy}"
        );
    }

    #[test]
    fn a_request_may_say_which_workspace_it_is_meant_for() {
        let id = WorkspaceId(uuid::Uuid::from_u128(7));
        let request = |path: &str, header: Option<&str>| {
            let mut request = Request::builder().uri(path);
            if let Some(header) = header {
                request = request.header(WORKSPACE, header);
            }
            meant_for(&request.body(Body::empty()).unwrap())
        };
        assert_eq!(request("/fn/posts/list", None), None);
        assert_eq!(request(&format!("/in/{id}/fn/posts/list"), None), Some(Ok(id)));
        assert_eq!(request("/api/media", Some(&id.to_string())), Some(Ok(id)));
        assert_eq!(request("/in/nowhere/fn/posts/list", None), Some(Err(())));
        assert_eq!(request("/api/media", Some("nowhere")), Some(Err(())));
    }

    fn seen(peer: &str, forwarded: &[u8], trusted: &[IpNet]) -> Option<IpAddr> {
        let mut request = Request::new(Body::empty());
        let peer: IpAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 4000)));
        if let Ok(value) = HeaderValue::from_bytes(forwarded) {
            request.headers_mut().insert(FORWARDED_FOR, value);
        }
        client_ip(&request, trusted)
    }

    proptest! {
        #[test]
        fn a_stranger_is_who_the_connection_says_whatever_they_write(forwarded in proptest::collection::vec(any::<u8>(), 0..120)) {
            let trusted = ["10.0.0.0/8".parse().unwrap()];
            prop_assert_eq!(seen("192.0.2.7", &forwarded, &trusted), "192.0.2.7".parse().ok());
        }

        #[test]
        fn behind_a_proxy_only_what_the_proxy_wrote_last_counts(
            invented in "([0-9a-f.:, ]{0,20},)?",
            client in any::<[u8; 4]>(),
        ) {
            let client = IpAddr::from(client);
            let trusted = ["10.0.0.0/8".parse().unwrap()];
            prop_assume!(!trusted.iter().any(|net: &IpNet| net.contains(&client)));
            for forwarded in [format!("{invented}{client}"), format!("{invented} {client}, 10.1.2.3")] {
                prop_assert_eq!(seen("10.0.0.1", forwarded.as_bytes(), &trusted), Some(client));
            }
        }

        #[test]
        fn whatever_a_proxy_writes_there_is_an_address(forwarded in proptest::collection::vec(any::<u8>(), 0..120)) {
            let trusted = ["10.0.0.0/8".parse().unwrap()];
            prop_assert!(seen("10.0.0.1", &forwarded, &trusted).is_some());
        }
    }
}
