//! Which operation takes which scope of an API key. A new operation is a new line in one of the two lists: there is none that
//! nobody has thought about.

/// With the scope; without one, any key will do.
pub const TAKE: &[(&str, Option<&str>)] = &[
    ("GET /api/auth/me", None),
    ("GET /api/workspaces/current/members", Some("team:read")),
    ("PATCH /api/workspaces/current/members/{id}", Some("team:write")),
    ("DELETE /api/workspaces/current/members/{id}", Some("team:write")),
    ("GET /api/workspaces/current/invitations", Some("team:read")),
    ("POST /api/workspaces/current/invitations", Some("team:write")),
    ("DELETE /api/workspaces/current/invitations/{id}", Some("team:write")),
    ("POST /api/workspaces/current/invitations/{id}/resend", Some("team:write")),
    ("GET /api/social-accounts", Some("accounts:read")),
    ("GET /api/social-accounts/{id}", Some("accounts:read")),
    ("DELETE /api/social-accounts/{id}", Some("accounts:write")),
    ("PATCH /api/social-accounts/{id}/toggle", Some("accounts:write")),
    ("POST /api/social-accounts/{id}/refresh", Some("accounts:write")),
    ("POST /api/social-accounts/{id}/creator", Some("accounts:write")),
    ("GET /api/social-accounts/{id}/events", Some("accounts:read")),
    ("GET /api/content", Some("content:read")),
    ("POST /api/content", Some("content:write")),
    ("POST /api/content/check", Some("content:write")),
    ("GET /api/content/{id}", Some("content:read")),
    ("PATCH /api/content/{id}", Some("content:write")),
    ("DELETE /api/content/{id}", Some("content:write")),
    ("POST /api/content/{id}/undo", Some("content:write")),
    ("GET /api/content/facets", Some("content:read")),
    ("GET /api/content/{id}/versions", Some("content:read")),
    ("GET /api/content/{id}/versions/{number}", Some("content:read")),
    ("GET /api/content/{id}/versions/{number}/diff", Some("content:read")),
    ("POST /api/content/{id}/versions/{number}/restore", Some("content:write")),
    ("GET /api/content-drafts", Some("content:read")),
    ("POST /api/content-drafts", Some("content:write")),
    ("GET /api/content-drafts/{id}", Some("content:read")),
    ("PATCH /api/content-drafts/{id}", Some("content:write")),
    ("DELETE /api/content-drafts/{id}", Some("content:write")),
    ("GET /api/queue-slots", Some("content:read")),
    ("POST /api/queue-slots", Some("content:write")),
    ("GET /api/queue-slots/free", Some("content:read")),
    ("DELETE /api/queue-slots/{id}", Some("content:write")),
    ("GET /api/content/{id}/deliveries", Some("deliveries:read")),
    ("GET /api/media", Some("media:read")),
    ("POST /api/media", Some("media:write")),
    ("GET /api/media/{id}", Some("media:read")),
    ("PATCH /api/media/{id}", Some("media:write")),
    ("DELETE /api/media/{id}", Some("media:write")),
    ("POST /api/media/{id}/restore", Some("media:write")),
    ("PUT /api/media/{id}/poster", Some("media:write")),
    ("GET /api/media/{id}/posts", Some("media:read")),
    ("GET /api/media/tags", Some("media:read")),
    ("POST /api/media/uploads", Some("media:write")),
    ("GET /api/media/uploads/{id}", Some("media:read")),
    ("PATCH /api/media/uploads/{id}", Some("media:write")),
    ("DELETE /api/media/uploads/{id}", Some("media:write")),
    ("GET /api/deliveries", Some("deliveries:read")),
    ("GET /api/deliveries/{id}", Some("deliveries:read")),
    ("GET /api/deliveries/{id}/attempts", Some("deliveries:read")),
    ("POST /api/deliveries/{id}/retry", Some("deliveries:write")),
    ("POST /api/deliveries/{id}/cancel", Some("deliveries:write")),
    ("POST /api/deliveries/{id}/mark-published", Some("deliveries:write")),
    ("POST /api/deliveries/{id}/first-comment", Some("deliveries:write")),
    ("GET /api/deliveries/figures", Some("deliveries:read")),
    ("GET /api/deliveries/dead-letters", Some("deliveries:read")),
    ("POST /api/deliveries/retry-failed", Some("deliveries:write")),
    ("GET /api/audit", Some("audit:read")),
    ("GET /api/audit/people", Some("audit:read")),
    ("GET /api/audit/verification", Some("audit:read")),
];

/// Those that take none, and why. What ends with a `*` stands for all that begins so.
pub const TAKE_NONE: &[(&str, &str)] = &[
    ("GET /health", "for operators"),
    ("GET /health/ready", "for operators"),
    ("GET /metrics", "for operators"),
    ("GET /media/{id}/{variant}", "behind signed links"),
    ("GET /api/auth/*", "what proves who a person is, and where they are signed in"),
    ("POST /api/auth/*", "the same"),
    ("PATCH /api/auth/*", "the same"),
    ("DELETE /api/auth/*", "the same"),
    ("GET /api/users/*", "a person's own"),
    ("POST /api/users/*", "the same"),
    ("PATCH /api/users/*", "the same"),
    ("PUT /api/users/*", "the same"),
    ("DELETE /api/users/*", "the same"),
    ("GET /api/workspaces", "a person's own: a key belongs to one workspace"),
    ("POST /api/workspaces", "the same"),
    ("POST /api/workspaces/{id}/switch", "the same"),
    ("GET /api/workspaces/current", "settings are changed by people"),
    ("PATCH /api/workspaces/current", "the same"),
    ("PUT /api/workspaces/current/logo", "the same"),
    ("DELETE /api/workspaces/current/logo", "the same"),
    ("GET /portraits/{name}", "pictures of people"),
    ("GET /exports/{id}", "behind signed links"),
    ("GET /api/workspaces/current/api-keys", "a key that could make keys would outlive its own end"),
    ("POST /api/workspaces/current/api-keys", "the same"),
    ("DELETE /api/workspaces/current/api-keys/{id}", "the same"),
    ("GET /api/invitations/{token}", "behind links in letters"),
    ("POST /api/invitations/*", "the same"),
    ("GET /api/events", "open pages hear of changes; a stream would outlive the key"),
    ("POST /api/social-accounts", "leads a browser through the platform's consent page"),
    ("GET /api/oauth/*", "the same"),
    ("GET /api/authorizations/{id}/withheld", "the same"),
    ("POST /api/webhooks/*", "a platform's word, which is signed"),
    ("GET /api/data-deletions/{code}", "for whoever holds the code"),
    ("OPTIONS /api/media/uploads", "told to everybody"),
];

/// What is expected of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Scope(&'static str),
    AnyKey,
    NoKey,
    /// It is in no list.
    Unknown,
}

pub fn expected(operation: &str) -> Takes {
    if let Some((_, scope)) = TAKE.iter().find(|(known, _)| *known == operation) {
        return scope.map_or(Takes::AnyKey, Takes::Scope);
    }
    let none = TAKE_NONE.iter().any(|(known, _)| match known.strip_suffix('*') {
        Some(beginning) => operation.starts_with(beginning),
        None => *known == operation,
    });
    if none { Takes::NoKey } else { Takes::Unknown }
}
