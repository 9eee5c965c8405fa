//! Who may ask how often: which limits a request takes from, and what its answer says of them.
//!
//! | limit | binds | counts |
//! |---|---|---|
//! | visitor | an address | whatever somebody without a session asks of the REST API or sends in a form |
//! | user | a person | REST, in a browser |
//! | workspace | a workspace | REST, by all its people and keys together |
//! | uploads | a workspace | pieces of files, which are many by design (8 MB each, from a browser), by all its people and keys |
//! | interface | a person | pages, and the calls that pages make by themselves |
//!
//! Files, pictures behind signed links, the API's description and what operators ask are not counted, and neither are
//! pages that visitors look at: none of them costs more than a page.

use std::net::{IpAddr, Ipv6Addr};

use async_trait::async_trait;
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{Actor, ErrorCode, ServiceError, Via, Visitor};

use super::{envelope::ApiError, middleware::Edge};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// One limit, and whom it binds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// For metrics.
    pub name: &'static str,
    pub key: String,
    pub per_minute: u32,
}

/// What a limit says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub allowed: bool,
    /// Requests a minute.
    pub limit: u32,
    /// Requests left at this moment.
    pub remaining: u32,
    /// Seconds until all of them are there again.
    pub reset: u32,
    /// Seconds until one is there, when none is.
    pub retry_after: u32,
}

/// Counts requests.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Takes one from each bucket, or, if one of them is empty, from none. `None` when it cannot be told: then nobody is
    /// refused.
    async fn take(&self, buckets: &[Bucket]) -> Option<Verdict>;
}

/// The limits in force, a minute each.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub visitor: u32,
    pub user: u32,
    pub workspace: u32,
    pub uploads: u32,
    pub interface: u32,
}

/// Counts the request, and refuses it when that is one too many.
pub async fn limit(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let buckets = buckets(&request, &edge.limits);
    let verdict = if buckets.is_empty() { None } else { edge.limiter.take(&buckets).await };
    let Some(verdict) = verdict else { return next.run(request).await };
    let mut response = if verdict.allowed { next.run(request).await } else { refusal(verdict).into_response() };
    for (name, value) in [(LIMIT, verdict.limit), (REMAINING, verdict.remaining), (RESET, verdict.reset)] {
        response.headers_mut().insert(name, HeaderValue::from(value));
    }
    response
}

fn refusal(verdict: Verdict) -> ApiError {
    let seconds = verdict.retry_after;
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let message = format!("Too many requests. Please try again in {seconds} {unit}.");
    ServiceError::new(ErrorCode::RateLimited, message).retry_after(seconds).into()
}

fn buckets(request: &Request, limits: &Limits) -> Vec<Bucket> {
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let rest = path.starts_with("/api/") && !(reads && is_description(path));
    let Some(actor) = request.extensions().get::<Actor>() else {
        let ip = request.extensions().get::<Visitor>().and_then(|visitor| visitor.ip);
        return match ip {
            Some(ip) if rest || !reads => {
                vec![Bucket { name: "visitor", key: format!("visitor:{}", network(ip)), per_minute: limits.visitor }]
            }
            _ => Vec::new(),
        };
    };
    let (user, workspace) = (actor.user_id, actor.workspace_id);
    if is_piece(path) {
        return vec![Bucket { name: "uploads", key: format!("uploads:{workspace}"), per_minute: limits.uploads }];
    }
    if rest {
        let workspace =
            Bucket { name: "workspace", key: format!("workspace:{workspace}"), per_minute: limits.workspace };
        // A program is not the person whose key it has.
        if matches!(actor.via, Via::ApiKey(_)) {
            return vec![workspace];
        }
        return vec![Bucket { name: "user", key: format!("user:{user}"), per_minute: limits.user }, workspace];
    }
    if reads && (is_description(path) || is_file(path) || is_for_operators(path)) {
        return Vec::new();
    }
    vec![Bucket { name: "interface", key: format!("interface:{user}"), per_minute: limits.interface }]
}

fn is_description(path: &str) -> bool {
    path == "/api/openapi.json" || path == "/api/docs" || path.starts_with("/api/docs/")
}

/// Pieces of one upload are many by design: they have a limit of their own, and leave those of REST alone.
fn is_piece(path: &str) -> bool {
    path.starts_with("/api/media/uploads/")
}

/// Pages have no dot in their names; files have. Media have a signature instead.
fn is_file(path: &str) -> bool {
    super::middleware::is_media(path) || path.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

fn is_for_operators(path: &str) -> bool {
    path == "/metrics" || path == "/health" || path == "/health/ready"
}

/// What one party can be expected to hold: an IPv4 address, or the 64 bits of IPv6 that a line is given.
pub fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use domain::{
        ApiKeyId, Browser, Peer, RequestId, SessionId, UserId, Via, WorkspaceId,
        workspaces::{Role, WorkspaceKind},
    };
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;

    const LIMITS: Limits = Limits { visitor: 10, user: 100, workspace: 101, uploads: 1200, interface: 600 };

    fn names(method: Method, path: &str, signed_in: bool) -> Vec<&'static str> {
        buckets(&request(method, path, signed_in), &LIMITS).into_iter().map(|bucket| bucket.name).collect()
    }

    fn request(method: Method, path: &str, signed_in: bool) -> Request {
        let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let id = RequestId::parse("req_test").unwrap();
        let ip = Some("192.0.2.1".parse().unwrap());
        request.extensions_mut().insert(Visitor {
            ip,
            user_agent: None,
            request_id: id.clone(),
            browser: Browser::default(),
        });
        if signed_in {
            request.extensions_mut().insert(Actor {
                user_id: UserId(Uuid::nil()),
                workspace_id: WorkspaceId(Uuid::nil()),
                kind: WorkspaceKind::Client,
                role: Role::Viewer,
                via: Via::Session(SessionId(Uuid::nil())),
                request_id: id,
                peer: Peer::default(),
            });
        }
        request
    }

    #[rstest]
    #[case(Method::POST, "/login", &["visitor"], &["interface"])]
    #[case(Method::POST, "/fn/identity/login", &["visitor"], &["interface"])]
    #[case(Method::POST, "/api/auth/login", &["visitor"], &["user", "workspace"])]
    #[case(Method::GET, "/api/auth/me", &["visitor"], &["user", "workspace"])]
    #[case(Method::GET, "/api/no/such", &["visitor"], &["user", "workspace"])]
    #[case(Method::POST, "/api/openapi.json", &["visitor"], &["user", "workspace"])]
    #[case(Method::GET, "/api/openapi.json", &[], &[])]
    #[case(Method::GET, "/api/docs/index.html", &[], &[])]
    #[case(Method::GET, "/login", &[], &["interface"])]
    #[case(Method::GET, "/dashboard/client", &[], &["interface"])]
    #[case(Method::GET, "/pkg/arctiv.wasm", &[], &[])]
    #[case(Method::POST, "/pkg/arctiv.wasm", &["visitor"], &["interface"])]
    #[case(Method::GET, "/media/0199/original", &[], &[])]
    #[case(Method::POST, "/api/media/uploads", &["visitor"], &["user", "workspace"])]
    #[case(Method::PATCH, "/api/media/uploads/0199", &["visitor"], &["uploads"])]
    #[case(Method::HEAD, "/api/media/uploads/0199", &["visitor"], &["uploads"])]
    #[case(Method::GET, "/health/ready", &[], &[])]
    fn what_counts_where(
        #[case] method: Method,
        #[case] path: &str,
        #[case] visitor: &[&str],
        #[case] signed_in: &[&str],
    ) {
        assert_eq!(names(method.clone(), path, false), visitor);
        assert_eq!(names(method, path, true), signed_in);
    }

    #[test]
    fn a_program_takes_from_its_workspace() {
        let mut request = request(Method::POST, "/api/content", true);
        request.extensions_mut().get_mut::<Actor>().unwrap().via = Via::ApiKey(ApiKeyId(Uuid::nil()));
        let taken: Vec<&str> = buckets(&request, &LIMITS).into_iter().map(|bucket| bucket.name).collect();
        assert_eq!(taken, ["workspace"]);
    }

    #[test]
    fn a_line_of_ipv6_is_one_party() {
        let network = |ip: &str| network(ip.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("192.0.2.9"), "192.0.2.9");
    }
}
