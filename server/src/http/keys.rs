//! API keys at the door of REST: which operation takes which scope, and who comes in with a key.
//!
//! Pages and server functions know no keys, and neither does an operation that is not on the list here: there, whoever sends
//! one is nobody. So a new operation is closed to keys until somebody opens it.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{
    Actor, ErrorCode, ServiceError, Visitor,
    workspaces::{KEY_MARK, Scope},
};

use super::{envelope::ApiError, middleware::Edge};

/// What an operation asks of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Any key will do.
    Any,
    Scope(Scope),
    /// It takes none.
    None,
}

/// A kind of things: where they are, and the scopes for reading and changing them.
type Kind = (&'static str, Scope, Option<Scope>);

const KINDS: [Kind; 11] = [
    ("/api/content", Scope::ContentRead, Some(Scope::ContentWrite)),
    ("/api/content-drafts", Scope::ContentRead, Some(Scope::ContentWrite)),
    ("/api/queue-slots", Scope::ContentRead, Some(Scope::ContentWrite)),
    ("/api/best-times", Scope::ContentRead, None),
    ("/api/deliveries", Scope::DeliveriesRead, Some(Scope::DeliveriesWrite)),
    ("/api/media", Scope::MediaRead, Some(Scope::MediaWrite)),
    ("/api/social-accounts", Scope::AccountsRead, Some(Scope::AccountsWrite)),
    ("/api/platforms", Scope::AccountsRead, None),
    ("/api/workspaces/current/members", Scope::TeamRead, Some(Scope::TeamWrite)),
    ("/api/workspaces/current/invitations", Scope::TeamRead, Some(Scope::TeamWrite)),
    ("/api/audit", Scope::AuditRead, None),
];

/// Decides by method and path.
pub fn access(method: &Method, path: &str) -> Access {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if reads && path == "/api/auth/me" {
        return Access::Any;
    }
    // Connecting leads a browser through the platform's consent page; what may be uploaded is told to everybody.
    if *method == Method::OPTIONS || (!reads && path == "/api/social-accounts") {
        return Access::None;
    }
    let below = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    // Deliveries of a post are found below it.
    if reads && below("/api/content") && path.ends_with("/deliveries") {
        return Access::Scope(Scope::DeliveriesRead);
    }
    let kind = KINDS.iter().find(|(prefix, ..)| below(prefix));
    kind.and_then(|(_, read, write)| if reads { Some(*read) } else { *write }).map_or(Access::None, Access::Scope)
}

/// What became of the key that a request came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// Nobody's, or not any more.
    Refused,
    /// Good, and of no use here.
    NotTaken,
    /// Good, without this scope.
    Lacks(Scope),
    Taken,
}

/// The key of a REST request. Browsers send no such header by themselves, so nothing can be forged with one.
pub fn presented<'a>(path: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    let value = headers.get(header::AUTHORIZATION).filter(|_| path.starts_with("/api/"))?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    Some(key.trim()).filter(|key| scheme.eq_ignore_ascii_case("bearer") && key.starts_with(KEY_MARK))
}

/// Finds whoever holds the key, and notes what it is good for here. Nothing is refused yet: it is counted first.
pub(super) async fn identify(edge: &Edge, key: &str, request: &mut Request) -> Result<(), ServiceError> {
    let Some(visitor) = request.extensions().get::<Visitor>().cloned() else { return Ok(()) };
    let Some(holder) = edge.keys.authenticate(key, &visitor).await? else {
        request.extensions_mut().insert(Presented::Refused);
        return Ok(());
    };
    tracing::Span::current().record("user_id", tracing::field::display(holder.actor.user_id));
    let found = match access(request.method(), request.uri().path()) {
        Access::Any => Presented::Taken,
        Access::Scope(scope) if holder.scopes.contains(&scope) => Presented::Taken,
        Access::Scope(scope) => Presented::Lacks(scope),
        Access::None => Presented::NotTaken,
    };
    request.extensions_mut().insert(found);
    request.extensions_mut().insert(holder.actor);
    Ok(())
}

/// Refuses a key that is not good for what is asked, once the request has been counted.
pub async fn admit(mut request: Request, next: Next) -> Response {
    let error = match request.extensions().get::<Presented>() {
        None | Some(Presented::Taken) => return next.run(request).await,
        Some(Presented::NotTaken) => {
            request.extensions_mut().remove::<Actor>();
            return next.run(request).await;
        }
        Some(Presented::Refused) => ServiceError::new(
            ErrorCode::Unauthorized,
            "This API key is not valid: it was revoked, has expired, or never was one of ours.",
        ),
        Some(Presented::Lacks(scope)) => {
            ServiceError::forbidden(format!("This API key may not do that: it lacks the scope {scope}."))
        }
    };
    ApiError(error).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Method::GET, "/api/content", Access::Scope(Scope::ContentRead))]
    #[case(Method::HEAD, "/api/content/7/versions", Access::Scope(Scope::ContentRead))]
    #[case(Method::POST, "/api/content", Access::Scope(Scope::ContentWrite))]
    #[case(Method::GET, "/api/content/7/deliveries", Access::Scope(Scope::DeliveriesRead))]
    #[case(Method::PATCH, "/api/media/uploads/7", Access::Scope(Scope::MediaWrite))]
    #[case(Method::OPTIONS, "/api/media/uploads", Access::None)]
    #[case(Method::POST, "/api/social-accounts", Access::None)]
    #[case(Method::DELETE, "/api/social-accounts/7", Access::Scope(Scope::AccountsWrite))]
    #[case(Method::GET, "/api/platforms", Access::Scope(Scope::AccountsRead))]
    #[case(Method::GET, "/api/audit/people", Access::Scope(Scope::AuditRead))]
    #[case(Method::DELETE, "/api/audit", Access::None)]
    #[case(Method::GET, "/api/auth/me", Access::Any)]
    #[case(Method::POST, "/api/auth/change-password", Access::None)]
    #[case(Method::POST, "/api/workspaces/current/api-keys", Access::None)]
    #[case(Method::PATCH, "/api/content-drafts/7", Access::Scope(Scope::ContentWrite))]
    #[case(Method::GET, "/api/contentious", Access::None)]
    #[case(Method::GET, "/api/events", Access::None)]
    fn what_takes_what(#[case] method: Method, #[case] path: &str, #[case] expected: Access) {
        assert_eq!(access(&method, path), expected);
    }

    #[test]
    fn a_key_is_one_on_rest_only() {
        let mut headers = HeaderMap::new();
        for (value, found) in
            [("Bearer arc_x", true), ("bearer arc_x", true), ("Basic arc_x", false), ("Bearer x", false)]
        {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            assert_eq!(presented("/api/content", &headers).is_some(), found, "{value}");
            assert_eq!(presented("/fn/posts/list", &headers), None);
            assert_eq!(presented("/accounts", &headers), None);
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_passed_over(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.insert(header::AUTHORIZATION, value);
            }
            if let Some(key) = presented("/api/content", &headers) {
                prop_assert!(key.starts_with(KEY_MARK));
            }
        }
    }
}
