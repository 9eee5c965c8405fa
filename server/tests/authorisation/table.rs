//! Every endpoint, and the least role that may call it. A new endpoint is a new line; one that names a thing of the workspace
//! (`.of("post")`) needs one of those, which [`furnish`] makes.

use std::collections::BTreeMap;

use super::Person;

/// Ordered: whoever is below may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Least {
    Nobody,
    Viewer,
    Member,
    Editor,
    Admin,
}
use Least::{Admin, Editor, Member, Nobody, Viewer};

#[derive(Clone, Debug)]
pub enum Body {
    None,
    /// With `$ID` for the id of the thing.
    Json(&'static str),
    /// A form with a picture.
    Picture,
    /// What the protocol of uploads in pieces wants in headers.
    Pieces,
}

#[derive(Clone, Debug)]
pub struct Endpoint<'a> {
    pub path: &'a str,
    pub least: Least,
    pub body: Body,
    /// The thing of the workspace that it names.
    pub thing: Option<&'static str>,
    /// Of things that are not there it says nothing, instead of that they are not.
    pub answers_empty: bool,
    /// Refuses for other reasons than a role: a wrong password.
    pub may_refuse: bool,
    /// Calling it rightly ends the session, which the other endpoints need.
    pub ends_session: bool,
}

const fn least(least: Least) -> Endpoint<'static> {
    Endpoint {
        path: "",
        least,
        body: Body::None,
        thing: None,
        answers_empty: false,
        may_refuse: false,
        ends_session: false,
    }
}

impl Endpoint<'static> {
    const fn json(mut self, body: &'static str) -> Self {
        self.body = Body::Json(body);
        self
    }
    const fn picture(mut self) -> Self {
        self.body = Body::Picture;
        self
    }
    const fn pieces(mut self) -> Self {
        self.body = Body::Pieces;
        self
    }
    const fn of(mut self, thing: &'static str) -> Self {
        self.thing = Some(thing);
        self
    }
    const fn answers_empty(mut self) -> Self {
        self.answers_empty = true;
        self
    }
    const fn may_refuse(mut self) -> Self {
        self.may_refuse = true;
        self
    }
    const fn ends_session(mut self) -> Self {
        self.ends_session = true;
        self
    }
}

type Line = (&'static str, Endpoint<'static>);

pub const REST: &[Line] = &[
    ("GET /health", least(Nobody)),
    ("GET /health/ready", least(Nobody)),
    ("GET /metrics", least(Nobody)),
    ("GET /media/{id}/{variant}", least(Nobody)),
    ("GET /portraits/{name}", least(Nobody)),
    ("GET /exports/{id}", least(Nobody)),
    ("GET /api/users/exports", least(Viewer)),
    ("POST /api/users/exports", least(Viewer)),
    ("GET /api/users/departure", least(Viewer)),
    ("POST /api/users/delete-account", least(Viewer).json(r#"{"current_password":"wrong"}"#)),
    ("GET /api/users/profile", least(Viewer)),
    ("PATCH /api/users/profile", least(Viewer).json("{}")),
    ("PUT /api/users/profile/avatar", least(Viewer)),
    ("DELETE /api/users/profile/avatar", least(Viewer)),
    ("POST /api/auth/register", least(Nobody).json("{}")),
    ("POST /api/auth/login", least(Nobody).json(r#"{"email":"a@b.example","password":"wrong horse"}"#).may_refuse()),
    ("POST /api/auth/logout", least(Viewer).ends_session()),
    ("GET /api/auth/me", least(Viewer)),
    ("GET /api/auth/oidc/start", least(Nobody)),
    ("GET /api/auth/oidc/callback", least(Nobody)),
    ("POST /api/auth/confirm-email", least(Nobody).json(r#"{"token":"x"}"#)),
    ("POST /api/auth/resend-confirmation", least(Viewer)),
    ("POST /api/auth/forgot-password", least(Nobody).json(r#"{"email":"a@b.example"}"#)),
    ("POST /api/auth/reset-password", least(Nobody).json(r#"{"token":"x","password":"long enough"}"#)),
    (
        "POST /api/auth/change-password",
        least(Viewer).json(r#"{"current_password":"wrong","new_password":"long enough"}"#),
    ),
    ("POST /api/auth/change-email", least(Viewer).json(r#"{"email":"a@b.example","current_password":"wrong"}"#)),
    ("POST /api/auth/login/second-step", least(Nobody).json(r#"{"code":"123456"}"#).may_refuse()),
    ("POST /api/auth/login/passkey/begin", least(Nobody).json("{}")),
    ("POST /api/auth/login/passkey", least(Nobody).json("{}").may_refuse()),
    ("GET /api/auth/passkeys", least(Viewer)),
    ("POST /api/auth/passkeys", least(Viewer).json(r#"{"name":"Phone","credential":{}}"#)),
    ("POST /api/auth/passkeys/begin", least(Viewer).json(r#"{"current_password":"wrong"}"#)),
    ("PATCH /api/auth/passkeys/{id}", least(Viewer).of("passkey").json(r#"{"name":"Phone"}"#)),
    ("DELETE /api/auth/passkeys/{id}", least(Viewer).of("passkey")),
    ("GET /api/auth/two-step", least(Viewer)),
    ("POST /api/auth/two-step", least(Viewer).json(r#"{"current_password":"wrong"}"#)),
    ("POST /api/auth/two-step/confirm", least(Viewer).json(r#"{"code":"123456"}"#)),
    ("POST /api/auth/two-step/recovery-codes", least(Viewer).json(r#"{"current_password":"wrong"}"#)),
    ("POST /api/auth/two-step/disable", least(Viewer).json(r#"{"current_password":"wrong"}"#)),
    ("GET /api/auth/sessions", least(Viewer)),
    ("DELETE /api/auth/sessions", least(Viewer)),
    ("DELETE /api/auth/sessions/{id}", least(Viewer).of("session")),
    ("GET /api/workspaces", least(Viewer)),
    ("POST /api/workspaces", least(Viewer).json("{}")),
    ("POST /api/workspaces/{id}/switch", least(Viewer).of("workspace")),
    ("GET /api/workspaces/current", least(Viewer)),
    ("PATCH /api/workspaces/current", least(Admin).json("{}")),
    ("PUT /api/workspaces/current/logo", least(Admin)),
    ("DELETE /api/workspaces/current/logo", least(Admin)),
    ("GET /api/workspaces/current/members", least(Viewer)),
    ("PATCH /api/workspaces/current/members/{id}", least(Admin).of("member").json(r#"{"role":"viewer"}"#)),
    ("DELETE /api/workspaces/current/members/{id}", least(Admin).of("member")),
    ("GET /api/workspaces/current/invitations", least(Admin)),
    ("POST /api/workspaces/current/invitations", least(Admin).json(r#"{"email":"a@b.example","role":"viewer"}"#)),
    ("DELETE /api/workspaces/current/invitations/{id}", least(Admin).of("invitation")),
    ("POST /api/workspaces/current/invitations/{id}/resend", least(Admin).of("invitation")),
    ("GET /api/workspaces/current/api-keys", least(Admin)),
    ("POST /api/workspaces/current/api-keys", least(Admin).json(r#"{"name":"Feed","scopes":["content:read"]}"#)),
    ("DELETE /api/workspaces/current/api-keys/{id}", least(Admin).of("api_key")),
    ("GET /api/workspaces/current/webhooks", least(Admin)),
    ("POST /api/workspaces/current/webhooks", least(Admin).json(WEBHOOK)),
    ("GET /api/workspaces/current/webhooks/{id}", least(Admin).of("webhook")),
    ("PATCH /api/workspaces/current/webhooks/{id}", least(Admin).of("webhook").json(r#"{"description":"Reports"}"#)),
    ("DELETE /api/workspaces/current/webhooks/{id}", least(Admin).of("webhook")),
    ("POST /api/workspaces/current/webhooks/{id}/secret", least(Admin).of("webhook")),
    ("POST /api/workspaces/current/webhooks/{id}/test", least(Admin).of("webhook")),
    ("GET /api/workspaces/current/webhooks/{id}/deliveries", least(Admin).of("webhook")),
    ("POST /api/workspaces/current/webhook-deliveries/{id}/resend", least(Admin).of("webhook_delivery")),
    ("GET /api/notifications/preferences", least(Viewer)),
    ("PATCH /api/notifications/preferences", least(Viewer).json(r#"{"email":{"post_failed":true}}"#)),
    ("GET /api/invitations/{token}", least(Nobody)),
    ("POST /api/invitations/accept", least(Nobody).json(r#"{"token":"x"}"#)),
    ("POST /api/invitations/decline", least(Nobody).json(r#"{"token":"x"}"#)),
    ("GET /api/events", least(Viewer)),
    ("GET /api/platforms", least(Viewer)),
    ("GET /api/social-accounts", least(Viewer)),
    ("POST /api/social-accounts", least(Admin).json(r#"{"platform":"facebook"}"#)),
    ("GET /api/social-accounts/{id}", least(Viewer).of("account")),
    ("DELETE /api/social-accounts/{id}", least(Admin).of("account")),
    ("PATCH /api/social-accounts/{id}/toggle", least(Editor).of("account").json(r#"{"is_active":true}"#)),
    ("POST /api/social-accounts/{id}/refresh", least(Member).of("account")),
    ("POST /api/social-accounts/{id}/creator", least(Member).of("account")),
    ("GET /api/social-accounts/{id}/events", least(Viewer).of("account")),
    ("GET /api/oauth/{platform}/authorize", least(Admin)),
    ("GET /api/oauth/{platform}/callback", least(Viewer)),
    ("GET /api/authorizations/{id}/withheld", least(Viewer)),
    ("POST /api/webhooks/{platform}", least(Nobody).may_refuse()),
    ("POST /api/webhooks/{platform}/data-deletion", least(Nobody).may_refuse()),
    ("GET /api/data-deletions/{code}", least(Nobody)),
    ("GET /api/content", least(Viewer)),
    ("POST /api/content", least(Member).json(r#"{"body":"Hi","visibility":"private"}"#)),
    ("POST /api/content/check", least(Member).json(r#"{"post":{"body":"Hi","visibility":"private"}}"#)),
    ("GET /api/content/{id}", least(Viewer).of("post")),
    ("PATCH /api/content/{id}", least(Member).of("post").json(r#"{"body":"Hi"}"#)),
    ("DELETE /api/content/{id}", least(Member).of("post")),
    ("POST /api/content/{id}/undo", least(Member).of("post")),
    ("GET /api/content/facets", least(Viewer)),
    ("GET /api/content/{id}/versions", least(Viewer).of("post")),
    ("GET /api/content/{id}/versions/{number}", least(Viewer).of("post")),
    ("GET /api/content/{id}/versions/{number}/diff", least(Viewer).of("post")),
    ("POST /api/content/{id}/versions/{number}/restore", least(Member).of("post")),
    ("GET /api/content-drafts", least(Viewer)),
    (
        "POST /api/content-drafts",
        least(Member).json(r#"{"social_account_id":"0199f2c4-8a31-7c5e-b1d0-4f6a00000009","body":"Hi"}"#),
    ),
    ("GET /api/content-drafts/{id}", least(Viewer).of("post")),
    ("PATCH /api/content-drafts/{id}", least(Member).of("post").json(r#"{"action":"submit"}"#)),
    ("DELETE /api/content-drafts/{id}", least(Member).of("post")),
    ("GET /api/queue-slots", least(Viewer)),
    ("POST /api/queue-slots", least(Editor).json(r#"{"weekday":"sunday","time":"23:59"}"#)),
    ("GET /api/queue-slots/free", least(Viewer)),
    ("GET /api/best-times", least(Viewer)),
    ("DELETE /api/queue-slots/{id}", least(Editor).of("queue_slot")),
    ("GET /api/content/{id}/deliveries", least(Viewer).of("post")),
    ("GET /api/media", least(Viewer)),
    ("POST /api/media", least(Member).picture()),
    ("GET /api/media/{id}", least(Viewer).of("media")),
    ("PATCH /api/media/{id}", least(Member).of("media").json(r#"{"alt_text":"Cups"}"#)),
    ("DELETE /api/media/{id}", least(Editor).of("media")),
    ("POST /api/media/{id}/restore", least(Editor).of("media")),
    ("PUT /api/media/{id}/poster", least(Member).of("media")),
    ("GET /api/media/{id}/posts", least(Viewer).of("media")),
    ("GET /api/media/tags", least(Viewer)),
    ("OPTIONS /api/media/uploads", least(Nobody)),
    ("POST /api/media/uploads", least(Member).pieces()),
    ("GET /api/media/uploads/{id}", least(Viewer).of("upload")),
    ("PATCH /api/media/uploads/{id}", least(Member).of("upload").pieces()),
    ("DELETE /api/media/uploads/{id}", least(Member).of("upload").pieces()),
    ("GET /api/deliveries", least(Viewer)),
    ("GET /api/deliveries/{id}", least(Viewer).of("delivery")),
    ("GET /api/deliveries/{id}/attempts", least(Viewer).of("delivery")),
    ("POST /api/deliveries/{id}/retry", least(Editor).of("delivery")),
    ("POST /api/deliveries/{id}/cancel", least(Editor).of("delivery")),
    ("POST /api/deliveries/{id}/mark-published", least(Editor).of("delivery")),
    ("POST /api/deliveries/{id}/first-comment", least(Editor).of("delivery")),
    ("GET /api/deliveries/figures", least(Viewer)),
    ("GET /api/deliveries/dead-letters", least(Viewer)),
    ("POST /api/deliveries/retry-failed", least(Editor)),
    ("GET /api/audit", least(Admin)),
    ("GET /api/audit/people", least(Admin)),
    ("GET /api/audit/verification", least(Admin)),
];

const WEBHOOK: &str = r#"{"url":"https://hooks.example/arctiv","events":["post.failed"]}"#;
const BY_ID: &str = r#"{"id":"$ID"}"#;

/// Server functions by what follows `/fn/`.
pub const FUNCTIONS: &[Line] = &[
    ("identity/login", least(Nobody).json(r#"{"form":{"email":"a@b.example","password":"wrong horse"}}"#)),
    (
        "identity/register",
        least(Nobody).json(r#"{"form":{"email":"","password":"","role":"client","full_name":"","agency_name":null}}"#),
    ),
    ("identity/confirmation", least(Nobody).json(r#"{"token":"x"}"#)),
    ("identity/resend-confirmation", least(Viewer).json("{}")),
    ("identity/forgot-password", least(Nobody).json(r#"{"form":{"email":"a@b.example"}}"#)),
    ("identity/reset-state", least(Nobody).json(r#"{"token":"x"}"#)),
    ("identity/reset-password", least(Nobody).json(r#"{"form":{"token":"x","password":"long enough"}}"#)),
    (
        "identity/change-password",
        least(Viewer).json(r#"{"form":{"current_password":"wrong","new_password":"long enough"}}"#),
    ),
    ("identity/change-email", least(Viewer).json(r#"{"form":{"email":"a@b.example","current_password":"wrong"}}"#)),
    ("identity/waiting", least(Nobody).json("{}")),
    ("identity/second-step", least(Nobody).json(r#"{"form":{"code":"123456"}}"#).may_refuse()),
    ("identity/passkeys", least(Viewer).json("{}")),
    ("identity/passkey/begin", least(Viewer).json(r#"{"form":{"name":"Phone","current_password":"wrong"}}"#)),
    ("identity/passkey/add", least(Viewer).json(r#"{"form":{"name":"Phone","credential":{}}}"#)),
    ("identity/passkey/rename", least(Viewer).of("passkey").json(r#"{"id":"$ID","form":{"name":"Phone"}}"#)),
    ("identity/passkey/remove", least(Viewer).of("passkey").json(BY_ID)),
    ("identity/login/passkey/begin", least(Nobody).json(r#"{"step":"first"}"#)),
    ("identity/login/passkey", least(Nobody).json(r#"{"form":{"step":"first","credential":{}}}"#).may_refuse()),
    ("identity/two-step", least(Viewer).json("{}")),
    ("identity/sessions", least(Viewer).json("{}")),
    ("identity/end-session", least(Viewer).of("session").json(BY_ID)),
    ("identity/end-other-sessions", least(Viewer).json("{}")),
    ("identity/own-data", least(Viewer).json("{}")),
    ("identity/invitation", least(Nobody).json(r#"{"token":"x"}"#)),
    ("identity/join", least(Nobody).json(r#"{"form":{"token":"x"}}"#)),
    ("workspaces/mine", least(Viewer).json("{}")),
    ("workspaces/settings", least(Viewer).json("{}")),
    ("workspaces/team", least(Viewer).json("{}")),
    ("workspaces/update-member", least(Admin).of("member").json(r#"{"member":"$ID","patch":{"role":"viewer"}}"#)),
    ("workspaces/remove-member", least(Admin).of("member").json(r#"{"member":"$ID"}"#)),
    ("workspaces/invite", least(Admin).json(r#"{"form":{"email":"a@b.example","role":"viewer"}}"#)),
    ("workspaces/resend-invitation", least(Admin).of("invitation").json(BY_ID)),
    ("workspaces/withdraw-invitation", least(Admin).of("invitation").json(BY_ID)),
    ("workspaces/api-keys", least(Admin).json("{}")),
    ("workspaces/make-api-key", least(Admin).json(r#"{"form":{"name":"Feed","scopes":["content:read"]}}"#)),
    ("workspaces/revoke-api-key", least(Admin).of("api_key").json(BY_ID)),
    ("notifications/preferences", least(Viewer).json("{}")),
    ("notifications/subscription", least(Nobody).json(r#"{"token":"x"}"#)),
    ("notifications/webhooks", least(Admin).json("{}")),
    (
        "notifications/webhook/add",
        least(Admin)
            .json(r#"{"form":{"url":"https://hooks.example/arctiv","description":"","events":["post.failed"]}}"#),
    ),
    (
        "notifications/webhook/change",
        least(Admin).of("webhook").json(r#"{"id":"$ID","patch":{"description":"Reports"}}"#),
    ),
    ("notifications/webhook/renew-secret", least(Admin).of("webhook").json(BY_ID)),
    ("notifications/webhook/remove", least(Admin).of("webhook").json(BY_ID)),
    ("notifications/webhook/test", least(Admin).of("webhook").json(BY_ID)),
    ("notifications/webhook/resend", least(Admin).of("webhook_delivery").json(BY_ID)),
    ("workspaces/overview", least(Viewer).json("{}")),
    ("workspaces/connections", least(Viewer).json("{}")),
    ("workspaces/latest", least(Viewer).json("{}")),
    ("accounts/list", least(Viewer).json(r#"{"filter":{}}"#)),
    ("accounts/counts", least(Viewer).json("{}")),
    ("accounts/get", least(Viewer).of("account").json(r#"{"id":"$ID","log":{}}"#)),
    ("accounts/set-active", least(Editor).of("account").json(r#"{"id":"$ID","active":true}"#)),
    ("accounts/refresh", least(Member).of("account").json(BY_ID)),
    ("accounts/withheld", least(Viewer).json(BY_ID)),
    ("accounts/unlink", least(Admin).of("account").json(BY_ID)),
    ("posts/list", least(Viewer).json(r#"{"filter":{}}"#)),
    ("posts/view", least(Viewer).of("post").json(BY_ID)),
    ("posts/compose", least(Viewer).of("post").json(r#"{"source":"$ID"}"#)),
    ("posts/create", least(Member).json(r#"{"post":{"body":"Hi","visibility":"private"},"key":"key-of-a-test"}"#)),
    ("posts/check", least(Member).of("post").json(r#"{"wanted":{"post":{"body":"Hi"},"content_id":"$ID"}}"#)),
    ("posts/creator", least(Member).of("account").json(r#"{"account":"$ID"}"#)),
    ("posts/update", least(Member).of("post").json(r#"{"id":"$ID","patch":{"body":"Hi"}}"#)),
    ("posts/undo", least(Member).of("post").json(BY_ID)),
    ("posts/delete", least(Member).of("post").json(BY_ID)),
    ("posts/filters", least(Viewer).json(r#"{"filter":{}}"#)),
    ("posts/restore", least(Member).of("post").json(r#"{"id":"$ID","number":1}"#)),
    ("posts/calendar", least(Viewer).json(r#"{"view":"month","date":null}"#)),
    (
        "posts/move",
        least(Member).of("post").json(r#"{"id":"$ID","version":1,"at":null,"local":"2027-03-01T07:00:00"}"#),
    ),
    ("posts/approvals", least(Viewer).json(r#"{"offset":0}"#)),
    ("posts/approvals/awaited", least(Viewer).json("{}")),
    ("posts/approvals/withdraw", least(Member).of("post").json(BY_ID)),
    ("posts/approvals/approve", least(Editor).of("post").json(r#"{"id":"$ID","version":1}"#)),
    ("posts/approvals/reject", least(Editor).of("post").json(r#"{"id":"$ID","version":1,"note":"Shorter"}"#)),
    ("posts/queue", least(Viewer).json("{}")),
    ("posts/queue/next", least(Viewer).json(r#"{"accounts":null}"#)),
    ("posts/best_times", least(Viewer).json(r#"{"accounts":["$ID"],"zone":"Europe/Dublin"}"#)),
    ("posts/queue/add", least(Editor).json(r#"{"slot":{"weekday":"sunday","time":"23:58"}}"#)),
    ("posts/queue/remove", least(Editor).of("queue_slot").json(BY_ID)),
    ("posts/when", least(Viewer).json(r#"{"local":"2027-03-01T07:00:00","zone":"UTC"}"#)),
    ("media/list", least(Viewer).json(r#"{"filter":{}}"#)),
    ("media/view", least(Viewer).of("media").json(BY_ID)),
    ("media/tags", least(Member).of("media").json(r#"{"id":"$ID","tags":["cups"]}"#)),
    ("media/remove", least(Editor).of("media").json(BY_ID)),
    ("media/restore", least(Editor).of("media").json(BY_ID)),
    ("media/get", least(Viewer).of("media").json(r#"{"ids":["$ID"]}"#).answers_empty()),
    ("media/alt-text", least(Member).of("media").json(r#"{"id":"$ID","alt_text":"Cups"}"#)),
    ("audit/list", least(Admin).json(r#"{"filter":{}}"#)),
    ("audit/verify", least(Admin).json("{}")),
    ("deliveries/list", least(Viewer).json(r#"{"filter":{}}"#)),
    ("deliveries/figures", least(Viewer).json("{}")),
    ("deliveries/attempts", least(Viewer).of("delivery").json(BY_ID)),
    ("deliveries/retry", least(Editor).of("delivery").json(BY_ID)),
    ("deliveries/retry-failed", least(Editor).json(r#"{"filter":{}}"#)),
    ("deliveries/cancel", least(Editor).of("delivery").json(BY_ID)),
    ("deliveries/first-comment", least(Editor).of("delivery").json(BY_ID)),
    ("deliveries/mark-published", least(Editor).of("delivery").json(BY_ID)),
];

/// Makes what the lines above name and [`Stage`](super::Stage) does not already have.
pub async fn furnish(owner: &Person, things: &mut BTreeMap<&'static str, String>) {
    let id = |answer: &serde_json::Value| answer["id"].as_str().unwrap().to_owned();
    // The owner themselves: everybody else may take themselves off the team.
    things.insert("workspace", id(&owner.get("/api/auth/me").await["data"]["workspace"]));
    things.insert("member", id(&owner.get("/api/auth/me").await["data"]["user"]));
    things.insert("session", id(&owner.get("/api/auth/sessions").await["data"][0]));
    let offer = serde_json::json!({ "email": "somebody.else@walk.example", "role": "viewer" });
    things.insert("invitation", id(&owner.post("/api/workspaces/current/invitations", offer).await["data"]));
    let key = serde_json::json!({ "name": "Feed", "scopes": ["content:read"] });
    things.insert("api_key", id(&owner.post("/api/workspaces/current/api-keys", key).await["data"]["api_key"]));
    let webhook = serde_json::from_str(WEBHOOK).unwrap();
    let webhook = id(&owner.post("/api/workspaces/current/webhooks", webhook).await["data"]["webhook"]);
    let test = format!("/api/workspaces/current/webhooks/{webhook}/test");
    things.insert("webhook_delivery", id(&owner.post(&test, serde_json::json!({})).await["data"]));
    things.insert("webhook", webhook);
    let slot = owner.post("/api/queue-slots", serde_json::json!({ "weekday": "monday", "time": "07:30" })).await;
    things.insert("queue_slot", slot["data"]["id"].as_str().unwrap().to_owned());
    let begin = owner.request(reqwest::Method::POST, "/api/media/uploads");
    let begun = pieces(begin).send().await.unwrap().json::<serde_json::Value>().await.unwrap();
    things.insert("upload", begun["data"]["id"].as_str().unwrap().to_owned());
}

/// The headers of [`Body::Pieces`].
pub fn pieces(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    request
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "1000")
        .header("upload-offset", "0")
        .header("content-type", "application/offset+octet-stream")
}
