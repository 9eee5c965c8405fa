//! The OpenAPI document tells the truth: a running Arctiv is called for every operation in it, rightly and in every wrong
//! way it describes, and each answer is held against what it says. Nothing documented stays unseen, and nothing is
//! answered that is not documented. (That the router has no other routes is held in `boot::router`.)

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a walkthrough stops where it cannot go on")]

#[path = "openapi/contract.rs"]
mod contract;
mod support;

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::Contract;
use domain::clock::Clock;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, header, multipart};
use sandbox::{DEMO_CLIENT_SECRET, driver::Visitor};
use serde_json::{Value, json};
use server::clock::SystemClock;
use sha2::Sha256;
use sqlx::{AssertSqlSafe, PgConnection};
use support::{Person, Web, World, client, within};
use uuid::Uuid;

const A_DEVICE: &str =
    "takes a device and a site with a name: the tests of identity, and end2end/tests/passkeys.spec.ts";

/// What is documented and cannot be provoked from here.
const ELSEWHERE: [(&str, u16, &str); 19] = [
    ("GET /api/auth/oidc/start", 404, "takes an Arctiv without a provider: tests/provider.rs"),
    ("GET /api/auth/oidc/callback", 404, "the same"),
    ("GET /exports/{id}", 410, "takes an hour; with the clock moved, in the tests of identity"),
    ("GET /portraits/{name}", 410, "takes an hour; with the clock moved, in the tests of workspaces"),
    ("POST /api/auth/register", 503, "takes more sign-ins at once than this machine can hash"),
    ("POST /api/auth/login", 503, "takes more sign-ins at once than this machine can hash"),
    ("POST /api/auth/passkeys/begin", 200, A_DEVICE),
    ("POST /api/auth/passkeys", 201, A_DEVICE),
    ("POST /api/auth/passkeys", 409, A_DEVICE),
    ("POST /api/auth/passkeys", 410, A_DEVICE),
    ("POST /api/auth/login/passkey", 409, A_DEVICE),
    ("POST /api/auth/login/passkey/begin", 200, A_DEVICE),
    ("POST /api/auth/login/passkey/begin", 401, A_DEVICE),
    ("POST /api/auth/login/passkey", 200, A_DEVICE),
    ("POST /api/auth/login/passkey", 401, A_DEVICE),
    ("POST /api/auth/login/passkey", 410, A_DEVICE),
    ("GET /media/{id}/{variant}", 410, "takes an hour; with the clock moved, in the tests of media"),
    ("PATCH /api/media/{id}", 409, "takes a member, and a post on its way: the tests of posts"),
    ("GET /health/ready", 503, "takes a database that is away: tests/outage.rs"),
];

/// What changes nothing that would belong on the record, though it is no `GET`.
const UNRECORDED: [(&str, &str); 13] = [
    ("POST /api/webhooks/{platform}", "a platform's word; what it ends is recorded when it is carried out"),
    ("POST /api/webhooks/{platform}/data-deletion", "the same"),
    (
        "POST /api/auth/forgot-password",
        "does the same for an address that nobody has; what is changed then is by a link",
    ),
    ("POST /api/auth/passkeys/begin", "a challenge; what comes of it is recorded"),
    ("POST /api/auth/login/passkey/begin", "the same"),
    ("POST /api/auth/passkeys", A_DEVICE),
    ("POST /api/auth/login/passkey", A_DEVICE),
    ("POST /api/content/check", "looks at a post that is not saved"),
    ("OPTIONS /api/media/uploads", "says what is spoken here"),
    ("POST /api/media/uploads", "announces a file; it is recorded when it is whole and in the library"),
    ("PATCH /api/media/uploads/{id}", "a piece of a file that is not whole yet"),
    ("DELETE /api/media/uploads/{id}", "gives up a file that never was in the library"),
    (
        "POST /api/social-accounts/{id}/creator",
        "asks the platform what a creator may choose; nothing of the workspace's changes",
    ),
];
/// What does belong there, though it is a `GET`: the browser is sent there by a link.
const RECORDED_READS: [&str; 2] = ["GET /api/oauth/{platform}/authorize", "GET /api/oauth/{platform}/callback"];

struct Stage {
    world: World,
    web: Web,
    admin: PgConnection,
    contract: Contract,
    /// The owner of everything.
    person: Person,
    viewer: Person,
    /// Somebody else in the workspace.
    member: String,
    /// One that waits for an answer.
    invitation: String,
    api_key: String,
    webhook: String,
    webhook_delivery: String,
    /// Programs of the owner by what their keys may: everything but one thing, or nothing but looking at the team.
    programs: BTreeMap<&'static str, Person>,
    account: String,
    revoked: String,
    creator: String,
    picture: Value,
    /// Announced, and nothing has come of it yet.
    upload: String,
    draft: String,
    sent: String,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let web = world.web().await;
        let document: Value =
            client().get(format!("{}/api/openapi.json", web.url)).send().await.unwrap().json().await.unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let admin = world.database().admin().await.unwrap();
        let (person, viewer) = (Person::register(&web, "client").await, Person::register(&web, "client").await);
        let nothing = String::new();
        let mut stage = Self {
            contract: Contract::new(document),
            world,
            web,
            admin,
            person,
            viewer,
            member: nothing.clone(),
            invitation: nothing.clone(),
            api_key: nothing.clone(),
            webhook: nothing.clone(),
            webhook_delivery: nothing.clone(),
            programs: BTreeMap::new(),
            account: nothing.clone(),
            revoked: nothing.clone(),
            creator: nothing.clone(),
            picture: Value::Null,
            upload: nothing.clone(),
            draft: nothing.clone(),
            sent: nothing,
        };
        stage.furnish().await;
        stage
    }

    /// Accounts, a picture, a draft that shows it, and a post with deliveries; and somebody who may only read all that.
    async fn furnish(&mut self) {
        for platform in ["twitter", "facebook", "tiktok"] {
            self.person.connect(platform, &Visitor::anybody()).await;
        }
        let accounts = self.person.get("/api/social-accounts").await;
        let of = |platform: &str| {
            let found = accounts["data"].as_array().unwrap().iter().find(|one| one["platform"] == platform);
            found.unwrap()["id"].as_str().unwrap().to_owned()
        };
        (self.account, self.revoked, self.creator) = (of("facebook"), of("twitter"), of("tiktok"));
        self.sql(&format!("update accounts set status = 'reconnect_required' where id = '{}'", self.revoked)).await;
        let owner = self.person.get("/api/auth/me").await;
        let reader = self.viewer.get("/api/auth/me").await;
        let (workspace, user) = (&owner["data"]["workspace"]["id"], &reader["data"]["user"]["id"]);
        let (workspace, user) = (workspace.as_str().unwrap(), user.as_str().unwrap());
        self.sql(&format!(
            "update memberships set role = 'viewer', workspace_id = '{workspace}' where user_id = '{user}';
             update sessions set workspace_id = '{workspace}' where user_id = '{user}'"
        ))
        .await;
        let person = self.person.clone();
        let picture = self.upload(&person, png(1)).await;
        picture.expect("POST /api/media", 201);
        self.picture = picture.body["data"].clone();
        let begun = self.request(Who::Owner, "POST /api/media/uploads", "", "").send().await.unwrap();
        self.upload = id_of(&begun.json().await.unwrap());
        let draft = json!({ "body": "A draft", "visibility": "private", "media_assets": [self.picture["id"]] });
        self.draft = id_of(&self.person.post("/api/content", draft).await);
        let sent = json!({ "body": "On its way", "undo_seconds": 60, "account_ids": [self.account] });
        self.sent = id_of(&self.person.post("/api/content", sent).await);
    }

    async fn sql(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.admin).await.unwrap();
    }

    /// What follows `link` in each letter to somebody that holds one, oldest first.
    fn letters(&self, to: &str, link: &str) -> Vec<String> {
        let folder = std::fs::read_dir(self.world.folder.join("mailbox"));
        let mut names: Vec<_> = folder.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        names.retain(|name| name.extension().is_some_and(|ending| ending == "json"));
        names.sort();
        let letters = names.iter().map(|name| serde_json::from_slice::<Value>(&std::fs::read(name).unwrap()).unwrap());
        letters
            .filter(|letter| letter["to"] == to)
            .filter_map(|letter| {
                let (_, rest) = letter["text"].as_str().unwrap().split_once(link)?;
                Some(rest.split_whitespace().next().unwrap().to_owned())
            })
            .collect()
    }

    /// What follows `link` in the latest letter to somebody that holds one, once there is one.
    async fn letter(&self, to: &str, link: &str) -> String {
        within(Duration::from_secs(20), "the letter", async || !self.letters(to, link).is_empty()).await;
        self.letters(to, link).pop().unwrap()
    }

    /// The token of the invitation that is open for an address: its letters come in no particular order.
    async fn open_invitation(&self, to: &str) -> String {
        let mut open = None;
        within(Duration::from_secs(20), "an open invitation", async || {
            let token = self.letter(to, "/invite/").await;
            for token in self.letters(to, "/invite/").into_iter().chain([token]) {
                let offer = client().get(format!("{}/api/invitations/{token}", self.web.url)).send().await.unwrap();
                if offer.json::<Value>().await.unwrap()["data"]["state"] == "open" {
                    open = Some(token);
                }
            }
            open.is_some()
        })
        .await;
        open.unwrap()
    }

    async fn upload(&mut self, person: &Person, bytes: Vec<u8>) -> contract::Answer {
        let file = multipart::Part::bytes(bytes).file_name("cups.png");
        let form = multipart::Form::new().part("file", file).text("alt_text", "Cups");
        let request = person.request(Method::POST, "/api/media").multipart(form);
        self.contract.call("POST /api/media", request).await
    }

    /// Calls an operation as its path stands, with `{…}` filled in, and expects a status.
    #[track_caller]
    fn call<'a>(
        &'a mut self,
        who: Who,
        operation: &'a str,
        fill: &'a str,
        body: Option<Value>,
        status: u16,
    ) -> Called<'a> {
        Called { stage: self, who, operation, fill, query: "", body, status }
    }

    /// A request to an operation, whatever its body.
    fn request(&self, who: Who, operation: &str, fill: &str, query: &str) -> reqwest::RequestBuilder {
        let who = match who {
            Who::Owner => Some(&self.person),
            Who::Viewer => Some(&self.viewer),
            Who::Nobody => None,
        };
        self.request_by(who, operation, fill, query)
    }

    fn request_by(&self, who: Option<&Person>, operation: &str, fill: &str, query: &str) -> reqwest::RequestBuilder {
        let (method, path) = operation.split_once(' ').unwrap();
        let path = match path.split_once('{') {
            Some((before, after)) => format!("{before}{fill}{}", after.split_once('}').unwrap().1),
            None => path.to_owned(),
        };
        let path = path.replace("{number}", "1");
        let (method, path) = (method.parse().unwrap(), format!("{path}{query}"));
        let request = match who {
            Some(person) => person.request(method, &path),
            None => client().request(method, format!("{}{path}", self.web.url)),
        };
        match operation {
            "POST /api/media/uploads" => request.header("tus-resumable", "1.0.0").header("upload-length", "100000"),
            "PATCH /api/media/uploads/{id}" => request
                .header("tus-resumable", "1.0.0")
                .header("upload-offset", "0")
                .header(header::CONTENT_TYPE, "application/offset+octet-stream"),
            "DELETE /api/media/uploads/{id}" => request.header("tus-resumable", "1.0.0"),
            _ => request,
        }
    }

    /// A good body for an operation that takes one.
    fn body(operation: &str) -> Option<Value> {
        match operation {
            "POST /api/auth/register" => Some(registration("somebody.new@walk.example")),
            "POST /api/auth/login" => Some(json!({ "email": "nobody@walk.example", "password": "wrong horse" })),
            "POST /api/auth/forgot-password" => Some(json!({ "email": "nobody@walk.example" })),
            "POST /api/auth/reset-password" => {
                Some(json!({ "token": "a token that nobody was sent", "password": "correct horse" }))
            }
            "POST /api/auth/change-password" => {
                Some(json!({ "current_password": "wrong horse", "new_password": "correct horse" }))
            }
            "POST /api/auth/change-email" => {
                Some(json!({ "email": "nobody@walk.example", "current_password": "wrong horse" }))
            }
            "POST /api/auth/login/second-step" | "POST /api/auth/two-step/confirm" => Some(json!({ "code": "123456" })),
            "POST /api/auth/two-step"
            | "POST /api/auth/two-step/recovery-codes"
            | "POST /api/auth/two-step/disable"
            | "POST /api/auth/passkeys/begin"
            | "POST /api/users/delete-account" => Some(json!({ "current_password": "wrong horse" })),
            "POST /api/auth/login/passkey/begin" => Some(json!({ "step": "first" })),
            "POST /api/auth/login/passkey" => Some(json!({ "step": "first", "credential": {} })),
            "POST /api/auth/passkeys" => Some(json!({ "name": "Phone", "credential": {} })),
            "PATCH /api/auth/passkeys/{id}" => Some(json!({ "name": "My phone" })),
            "PATCH /api/workspaces/current" => Some(
                json!({ "name": "Pier", "slug": "pier-7", "time_zone": "Europe/Dublin", "undo_seconds": 9, "new_accounts_active": false,
                    "approval_policy": "members" }),
            ),
            "PATCH /api/users/profile" => {
                Some(json!({ "full_name": "Una Walsh", "headline": "Ships", "bio": "Since 2009" }))
            }
            "POST /api/workspaces" => Some(json!({ "name": "Harbour & Pine", "kind": "agency" })),
            "PATCH /api/workspaces/current/members/{id}" => Some(json!({ "role": "editor", "disabled": false })),
            "POST /api/workspaces/current/api-keys" => {
                Some(json!({ "name": "Feed", "scopes": ["content:read"], "expires_in_days": 30 }))
            }
            "POST /api/workspaces/current/webhooks" => Some(
                json!({ "url": "https://hooks.example/arctiv", "description": "Reports", "events": ["post.failed"] }),
            ),
            "PATCH /api/workspaces/current/webhooks/{id}" => Some(json!({
                "url": "https://hooks.example/arctiv", "description": "Figures", "events": ["post.published"], "enabled": true,
            })),
            "PATCH /api/notifications/preferences" => Some(json!({ "email": { "post_failed": false } })),
            "POST /api/workspaces/current/invitations" => {
                Some(json!({ "email": "somebody.else@walk.example", "role": "viewer" }))
            }
            "POST /api/invitations/accept" => Some(
                json!({ "token": "a token that nobody was sent", "full_name": "Una Walsh", "password": "correct horse" }),
            ),
            "POST /api/auth/confirm-email" | "POST /api/invitations/decline" => {
                Some(json!({ "token": "a token that nobody was sent" }))
            }
            "POST /api/social-accounts" => Some(json!({ "platform": "facebook" })),
            "PATCH /api/social-accounts/{id}/toggle" => Some(json!({ "is_active": true })),
            "POST /api/content" => Some(json!({ "body": "Hi", "visibility": "private" })),
            "POST /api/content/check" => Some(json!({ "post": { "body": "Hi", "visibility": "private" } })),
            "PATCH /api/content/{id}" => Some(json!({ "body": "Hello" })),
            "POST /api/content-drafts" => {
                Some(json!({ "social_account_id": Uuid::nil(), "title": "A draft", "body": "Hi", "media_assets": [] }))
            }
            "PATCH /api/content-drafts/{id}" => {
                Some(json!({ "action": "rejected", "version": 1, "rejection_note": "Shorter" }))
            }
            "POST /api/queue-slots" => Some(json!({ "weekday": "sunday", "time": "23:59", "time_zone": "UTC" })),
            "PATCH /api/media/{id}" => Some(json!({ "alt_text": "Two cups", "tags": ["cups"] })),
            _ => None,
        }
    }

    /// Something that is there, for the `{…}` of an operation.
    fn fill(&self, operation: &str) -> String {
        match operation.split_once(' ').unwrap().1 {
            path if path.starts_with("/api/social-accounts/") => self.account.clone(),
            path if path.starts_with("/api/workspaces/current/members/") => self.member.clone(),
            path if path.starts_with("/api/workspaces/current/invitations/") => self.invitation.clone(),
            path if path.starts_with("/api/workspaces/current/api-keys/") => self.api_key.clone(),
            path if path.starts_with("/api/workspaces/current/webhooks/") => self.webhook.clone(),
            path if path.starts_with("/api/workspaces/current/webhook-deliveries/") => self.webhook_delivery.clone(),
            path if path.starts_with("/api/media/uploads/") => self.upload.clone(),
            path if path.starts_with("/api/media/") => self.picture["id"].as_str().unwrap().to_owned(),
            path if path.starts_with("/api/oauth/") || path.starts_with("/api/webhooks/") => "facebook".to_owned(),
            path if path.starts_with("/api/content/") || path.starts_with("/api/content-drafts/") => self.draft.clone(),
            _ => Uuid::nil().to_string(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Owner,
    Viewer,
    Nobody,
}

/// A call that has been described.
struct Called<'a> {
    stage: &'a mut Stage,
    who: Who,
    operation: &'a str,
    fill: &'a str,
    query: &'a str,
    body: Option<Value>,
    status: u16,
}

impl<'a> Called<'a> {
    fn query(self, query: &'a str) -> Self {
        Self { query, ..self }
    }

    async fn send(self) -> Value {
        let mut request = self.stage.request(self.who, self.operation, self.fill, self.query);
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        let answer = self.stage.contract.call(self.operation, request).await;
        if answer.status != self.status {
            let what = format!("{} {:?} {} {}", self.operation, self.who, self.fill, self.query);
            self.stage.contract.note(format!("{what}: {} and not {}: {}", answer.status, self.status, answer.body));
        }
        answer.body
    }
}

fn id_of(answer: &Value) -> String {
    answer["data"]["id"].as_str().unwrap().to_owned()
}

fn registration(email: &str) -> Value {
    json!({ "email": email, "password": "correct horse", "role": "agency", "full_name": "Una Walsh", "agency_name": "Walsh & Co" })
}

/// A picture, another one for each `shade`.
fn png(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(3, 2, image::Rgb([shade, 120, 90]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_as_documented() {
    let mut stage = Stage::new().await;
    people(&mut stage).await;
    team(&mut stage).await;
    keys(&mut stage).await;
    notifications(&mut stage).await;
    accounts(&mut stage).await;
    content(&mut stage).await;
    drafts(&mut stage).await;
    pictures(&mut stage).await;
    uploads(&mut stage).await;
    deliveries(&mut stage).await;
    operation(&mut stage).await;
    audit(&mut stage).await;
    pushed(&mut stage).await;
    not_for_everybody(&mut stage).await;
    nothing_there(&mut stage).await;
    bad_bodies(&mut stage).await;
    bad_parameters(&mut stage).await;
    other_methods(&mut stage).await;
    last(&mut stage).await;
    on_the_record(&mut stage).await;
    let elsewhere: BTreeMap<_, _> =
        ELSEWHERE.iter().map(|(operation, status, reason)| ((*operation, *status), *reason)).collect();
    let wrong = stage.contract.verdict(&elsewhere);
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

async fn people(stage: &mut Stage) {
    let (register, login) = ("POST /api/auth/register", "POST /api/auth/login");
    stage.call(Who::Nobody, register, "", Some(registration("una@walk.example")), 201).send().await;
    stage.call(Who::Nobody, register, "", Some(registration("una@walk.example")), 409).send().await;
    let refused = stage.call(Who::Nobody, register, "", Some(registration("una")), 400).send().await;
    assert!(refused["details"]["fields"]["email"].is_string(), "{refused}");
    let with = |password: &str| Some(json!({ "email": "una@walk.example", "password": password }));
    stage.call(Who::Nobody, login, "", with("correct horse"), 200).send().await;
    stage.call(Who::Nobody, login, "", with("wrong horse"), 401).send().await;
    stage.call(Who::Owner, "GET /api/auth/me", "", None, 200).send().await;
    let guess = || Some(json!({ "email": "guessed@walk.example", "password": "wrong horse" }));
    for _ in 0..5 {
        stage.call(Who::Nobody, login, "", guess(), 401).send().await;
    }
    let slowed = stage.call(Who::Nobody, login, "", guess(), 429).send().await;
    assert!(slowed["details"]["retry_after"].as_u64().is_some_and(|seconds| (1..=10).contains(&seconds)), "{slowed}");
    sessions(stage).await;
    two_steps(stage).await;
    passkeys(stage).await;
    let (start, callback) = ("GET /api/auth/oidc/start", "GET /api/auth/oidc/callback");
    stage.call(Who::Nobody, start, "", None, 303).query("?next=/posts&role=agency").send().await;
    let refused = stage.call(Who::Nobody, start, "", None, 400).query("?role=nonsense").send().await;
    assert!(refused["details"]["fields"]["role"].is_string(), "{refused}");
    for query in ["", "?state=x&code=y&iss=z", "?error=access_denied", "?state=%00", "?state=x&state=y"] {
        stage.call(Who::Nobody, callback, "", None, 303).query(query).send().await;
    }
    credentials(stage).await;
    memberships(stage).await;
}

/// Somebody who goes from one workspace to another.
async fn memberships(stage: &mut Stage) {
    let somebody = Person::register(&stage.web, "client").await;
    let owner = std::mem::replace(&mut stage.person, somebody);
    let (list, make, switch) = ("GET /api/workspaces", "POST /api/workspaces", "POST /api/workspaces/{id}/switch");
    let first = stage.call(Who::Owner, list, "", None, 200).send().await;
    let first = first["data"][0]["id"].as_str().unwrap().to_owned();
    let made = stage.call(Who::Owner, make, "", Stage::body(make), 201).send().await;
    stage.call(Who::Owner, make, "", Some(json!({ "name": " ", "kind": "shop" })), 400).send().await;
    stage.call(Who::Owner, switch, &first, None, 200).send().await;
    let theirs = owner.get("/api/auth/me").await["data"]["workspace"]["id"].as_str().unwrap().to_owned();
    stage.call(Who::Owner, switch, &theirs, None, 404).send().await;
    let query = format!("?workspace={}", id_of(&made));
    stage.call(Who::Owner, "GET /api/events", "", None, 409).query(&query).send().await;
    let me = stage.call(Who::Owner, "GET /api/auth/me", "", None, 200).send().await;
    let user = me["data"]["user"]["id"].as_str().unwrap().to_owned();
    let user = user.as_str();
    stage
        .sql(&format!(
            "with more as (
               insert into workspaces (id, name, slug, kind, created_at, updated_at)
               select gen_random_uuid(), 'One more', 'one-more-' || n, 'client', now(), now() from generate_series(1, 48) n
               returning id)
             insert into memberships (id, workspace_id, user_id, role, created_at, updated_at)
             select gen_random_uuid(), id, '{user}', 'viewer', now(), now() from more"
        ))
        .await;
    stage.call(Who::Owner, make, "", Stage::body(make), 409).send().await;
    settings(stage, &me["data"]["workspace"]).await;
    own_data(stage, user).await;
    stage.person = owner;
}

/// Somebody who takes their data along, and goes.
async fn own_data(stage: &mut Stage, user: &str) {
    let (list, ask, open) = ("GET /api/users/exports", "POST /api/users/exports", "GET /exports/{id}");
    let asked = stage.call(Who::Owner, ask, "", None, 201).send().await;
    let worker = stage.world.worker(None);
    let person = stage.person.clone();
    within(Duration::from_secs(20), "the data", async || {
        person.get("/api/users/exports").await["data"][0]["url"].is_string()
    })
    .await;
    drop(worker);
    let all = stage.call(Who::Owner, list, "", None, 200).send().await;
    let (address, query) = all["data"][0]["url"].as_str().unwrap().split_once('?').unwrap();
    assert_eq!(address.trim_start_matches("/exports/"), id_of(&asked));
    stage.call(Who::Nobody, open, &id_of(&asked), None, 200).query(&format!("?{query}")).send().await;
    stage.call(Who::Nobody, open, &id_of(&asked), None, 404).query("").send().await;
    stage
        .sql(&format!(
            "insert into data_exports (id, user_id, created_at, expires_at, ready_at, content)
             select gen_random_uuid(), '{user}', now(), now() + interval '7 days', now(), '' from generate_series(1, 2)"
        ))
        .await;
    stage.call(Who::Owner, ask, "", None, 429).send().await;

    let (departure, delete) = ("GET /api/users/departure", "POST /api/users/delete-account");
    stage.call(Who::Owner, departure, "", None, 200).send().await;
    let with = |password: &str| Some(json!({ "current_password": password }));
    stage.call(Who::Owner, delete, "", with("wrong horse"), 400).send().await;
    // Nobody else may be left without an admin.
    let reader = stage.viewer.get("/api/auth/me").await["data"]["user"]["id"].as_str().unwrap().to_owned();
    let beside = format!(
        "memberships (id, workspace_id, user_id, role, created_at, updated_at)
         select gen_random_uuid(), workspace_id, '{reader}', 'viewer', now(), now() from memberships
          where user_id = '{user}' and role = 'admin' order by created_at limit 1"
    );
    stage.sql(&format!("insert into {beside}")).await;
    stage.call(Who::Owner, delete, "", with("correct horse"), 409).send().await;
    stage
        .sql(&format!(
            "delete from memberships m where user_id = '{reader}' and exists (
               select from memberships o where o.workspace_id = m.workspace_id and o.user_id = '{user}')"
        ))
        .await;
    stage.call(Who::Owner, delete, "", with("correct horse"), 200).send().await;
    stage.call(Who::Owner, "GET /api/auth/me", "", None, 401).send().await;
}

/// What somebody sets for their workspace and says of themselves.
async fn settings(stage: &mut Stage, workspace: &Value) {
    let (get, change) = ("GET /api/workspaces/current", "PATCH /api/workspaces/current");
    stage.call(Who::Owner, get, "", None, 200).send().await;
    stage.call(Who::Owner, change, "", Stage::body(change), 200).send().await;
    stage.call(Who::Owner, change, "", Some(json!({ "slug": "one-more-7" })), 409).send().await;
    stage.call(Who::Owner, change, "", Some(json!({ "time_zone": "Nowhere" })), 400).send().await;
    assert!(workspace["logo_url"].is_null());
    let (get, change) = ("GET /api/users/profile", "PATCH /api/users/profile");
    stage.call(Who::Owner, get, "", None, 200).send().await;
    stage.call(Who::Owner, change, "", Stage::body(change), 200).send().await;
    stage.call(Who::Owner, change, "", Some(json!({ "team_size": 3 })), 400).send().await;
    for (set, remove, url) in [
        ("PUT /api/workspaces/current/logo", "DELETE /api/workspaces/current/logo", "logo_url"),
        ("PUT /api/users/profile/avatar", "DELETE /api/users/profile/avatar", "avatar_url"),
    ] {
        for (file, status) in [(png(9), 200), (b"no picture".to_vec(), 400), (vec![0; 5 * 1024 * 1024 + 1], 413)] {
            let request = stage.request(Who::Owner, set, "", "").body(file);
            let answer = stage.contract.call(set, request).await;
            answer.expect(set, status);
            let Some(shown) = answer.body["data"][url].as_str() else { continue };
            let (name, query) = shown.trim_start_matches("/portraits/").split_once('?').unwrap();
            let open = "GET /portraits/{name}";
            stage.call(Who::Nobody, open, name, None, 200).query(&format!("?{query}")).send().await;
            stage.call(Who::Nobody, open, name, None, 404).query(&format!("?{query}x")).send().await;
        }
        stage.call(Who::Owner, remove, "", None, 200).send().await;
    }
}

/// Links by mail, and changes that ask for the password; of somebody of whom nothing else is asked.
async fn credentials(stage: &mut Stage) {
    let somebody = Person::register(&stage.web, "client").await;
    let owner = std::mem::replace(&mut stage.person, somebody);
    let me = stage.call(Who::Owner, "GET /api/auth/me", "", None, 200).send().await;
    let email = me["data"]["user"]["email"].as_str().unwrap().to_owned();
    let (confirm, resend) = ("POST /api/auth/confirm-email", "POST /api/auth/resend-confirmation");
    for left in [2, 1, 0] {
        let told = stage.call(Who::Owner, resend, "", None, 200).send().await;
        assert_eq!(told["data"]["left"], left, "{told}");
    }
    let spent = stage.call(Who::Owner, resend, "", None, 429).send().await;
    assert!(spent["details"]["retry_after"].as_u64().is_some_and(|seconds| seconds > 3500), "{spent}");

    let worker = stage.world.worker(None);
    let token = stage.letter(&email, "/confirm?token=").await;
    let with = |token: &str| Some(json!({ "token": token }));
    stage.call(Who::Nobody, confirm, "", with("nonsense"), 404).send().await;
    stage.call(Who::Nobody, confirm, "", with(&token), 200).send().await;
    stage.call(Who::Nobody, confirm, "", with(&token), 410).send().await;
    stage.call(Who::Owner, resend, "", None, 409).send().await;

    let change_email = "POST /api/auth/change-email";
    let to = |email: &str| Some(json!({ "email": email, "current_password": "correct horse" }));
    stage.call(Who::Owner, change_email, "", to("una@walk.example"), 409).send().await;
    let new = format!("new.{email}");
    stage.call(Who::Owner, change_email, "", to(&new), 200).send().await;
    let token = stage.letter(&new, "/confirm?token=").await;
    stage.call(Who::Nobody, "POST /api/auth/register", "", Some(registration(&new)), 201).send().await;
    stage.call(Who::Nobody, confirm, "", with(&token), 409).send().await;
    for n in 0..2 {
        stage.call(Who::Owner, change_email, "", to(&format!("{n}.{email}")), 200).send().await;
    }
    stage.call(Who::Owner, change_email, "", to(&format!("more.{email}")), 429).send().await;

    let change = |current: &str| Some(json!({ "current_password": current, "new_password": "another horse" }));
    let change_password = "POST /api/auth/change-password";
    let wrong = stage.call(Who::Owner, change_password, "", change("wrong horse"), 400).send().await;
    assert!(wrong["details"]["fields"]["current_password"].is_string(), "{wrong}");
    stage.call(Who::Owner, change_password, "", change("correct horse"), 200).send().await;

    let (forgot, reset) = ("POST /api/auth/forgot-password", "POST /api/auth/reset-password");
    let unknown =
        stage.call(Who::Nobody, forgot, "", Some(json!({ "email": "nobody@walk.example" })), 200).send().await;
    let known = stage.call(Who::Nobody, forgot, "", Some(json!({ "email": email })), 200).send().await;
    assert_eq!(unknown["data"], known["data"]);
    let token = stage.letter(&email, "/reset?token=").await;
    let with = |token: &str, password: &str| Some(json!({ "token": token, "password": password }));
    stage.call(Who::Nobody, reset, "", with(&token, "short"), 400).send().await;
    stage.call(Who::Nobody, reset, "", with("nonsense", "long enough"), 404).send().await;
    stage.call(Who::Nobody, reset, "", with(&token, "long enough"), 200).send().await;
    stage.call(Who::Nobody, reset, "", with(&token, "long enough"), 410).send().await;
    stage.call(Who::Owner, "GET /api/auth/me", "", None, 401).send().await;
    drop(worker);
    stage.person = owner;
}

async fn sessions(stage: &mut Stage) {
    let (list, end, others) = ("GET /api/auth/sessions", "DELETE /api/auth/sessions/{id}", "DELETE /api/auth/sessions");
    let me = stage.call(Who::Owner, "GET /api/auth/me", "", None, 200).send().await;
    let elsewhere = json!({ "email": me["data"]["user"]["email"], "password": "correct horse" });
    for _ in 0..2 {
        stage.call(Who::Nobody, "POST /api/auth/login", "", Some(elsewhere.clone()), 200).send().await;
    }
    let mine = stage.call(Who::Owner, list, "", None, 200).send().await;
    let mine = mine["data"].as_array().unwrap();
    assert!(mine.len() >= 3 && mine.iter().filter(|session| session["is_current"] == true).count() == 1, "{mine:?}");
    let other = mine.iter().find(|session| session["is_current"] == false).unwrap();
    let id = other["id"].as_str().unwrap();
    stage.call(Who::Owner, end, id, None, 200).send().await;
    stage.call(Who::Owner, end, id, None, 404).send().await;
    let ended = stage.call(Who::Owner, others, "", None, 200).send().await;
    assert!(ended["data"]["ended"].as_u64().is_some_and(|ended| ended >= 1), "{ended}");
}

/// The cookies that an answer sets, as a browser sends them back.
fn cookies(answer: &reqwest::Response) -> String {
    let set = answer.headers().get_all(header::SET_COOKIE).iter();
    set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next()).collect::<Vec<_>>().join("; ")
}

async fn two_steps(stage: &mut Stage) {
    let somebody = Person::register(&stage.web, "client").await;
    let owner = std::mem::replace(&mut stage.person, somebody);
    let (begin, confirm) = ("POST /api/auth/two-step", "POST /api/auth/two-step/confirm");
    let (renew, disable) = ("POST /api/auth/two-step/recovery-codes", "POST /api/auth/two-step/disable");
    let (login, second) = ("POST /api/auth/login", "POST /api/auth/login/second-step");
    let proof = |password: &str| Some(json!({ "current_password": password }));
    let code = |code: &str| Some(json!({ "code": code }));
    let state = stage.call(Who::Owner, "GET /api/auth/two-step", "", None, 200).send().await;
    assert_eq!(state["data"], json!({ "enabled_at": null, "recovery_codes_left": 0 }));
    for operation in [renew, disable] {
        stage.call(Who::Owner, operation, "", proof("correct horse"), 409).send().await;
    }
    stage.call(Who::Owner, confirm, "", code("123456"), 409).send().await;
    stage.call(Who::Owner, begin, "", proof("wrong horse"), 400).send().await;
    let setup = stage.call(Who::Owner, begin, "", proof("correct horse"), 200).send().await;
    let secret = totp_rs::Secret::try_from_base32(setup["data"]["secret"].as_str().unwrap()).unwrap();
    let app = totp_rs::Builder::new().with_secret(secret).with_account_name("any").build().unwrap();
    stage.call(Who::Owner, confirm, "", code("nonsense"), 400).send().await;
    let now = app.generate(u64::try_from(SystemClock.now().timestamp()).unwrap()).to_string();
    let codes = stage.call(Who::Owner, confirm, "", code(&now), 200).send().await;
    assert_eq!(codes["data"]["codes"].as_array().unwrap().len(), 10);
    stage.call(Who::Owner, begin, "", proof("correct horse"), 409).send().await;
    stage.call(Who::Owner, renew, "", proof("wrong horse"), 400).send().await;
    let codes = stage.call(Who::Owner, renew, "", proof("correct horse"), 200).send().await;

    let me = stage.call(Who::Owner, "GET /api/auth/me", "", None, 200).send().await;
    let password = json!({ "email": me["data"]["user"]["email"], "password": "correct horse" });
    let half = stage.call(Who::Nobody, login, "", Some(password.clone()), 202).send().await;
    assert_eq!(half["data"]["second_step"]["methods"], json!(["totp", "recovery_code"]));
    let half_in = cookies(&stage.request(Who::Nobody, login, "", "").json(&password).send().await.unwrap());
    assert!(half_in.starts_with("arctiv_sign_in="), "{half_in}");
    stage.call(Who::Nobody, second, "", code("123456"), 401).send().await;
    for (typed, status) in [(json!("nonsense"), 400), (codes["data"]["codes"][0].clone(), 200)] {
        let request = stage.request(Who::Nobody, second, "", "").header(header::COOKIE, &half_in);
        let answer = stage.contract.call(second, request.json(&json!({ "code": typed }))).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    stage.call(Who::Owner, disable, "", proof("wrong horse"), 400).send().await;
    stage.call(Who::Owner, disable, "", proof("correct horse"), 200).send().await;
    stage.person = owner;
}

/// As far as that goes without a device.
async fn passkeys(stage: &mut Stage) {
    let (list, one) = ("GET /api/auth/passkeys", "0199f2c4-8a31-7c5e-b1d0-4f6a00000010");
    let (rename, remove) = ("PATCH /api/auth/passkeys/{id}", "DELETE /api/auth/passkeys/{id}");
    let me = stage.call(Who::Owner, "GET /api/auth/me", "", None, 200).send().await;
    let made = format!(
        "insert into passkeys (id, user_id, credential_id, name, static_state, dynamic_state, created_at)
         values ('{one}', '{}', decode(repeat('07', 16), 'hex'), 'Phone', '\\x00', decode(repeat('00', 7), 'hex'), now())",
        me["data"]["user"]["id"].as_str().unwrap()
    );
    sqlx::raw_sql(AssertSqlSafe(made)).execute(&mut stage.admin).await.unwrap();
    let mine = stage.call(Who::Owner, list, "", None, 200).send().await;
    assert_eq!(mine["data"][0]["name"], "Phone", "{mine}");
    let name = |name: &str| Some(json!({ "name": name }));
    stage.call(Who::Owner, rename, one, name(" "), 400).send().await;
    stage.call(Who::Owner, rename, one, name("My phone"), 200).send().await;
    stage.call(Who::Owner, remove, one, None, 200).send().await;
    stage.call(Who::Owner, remove, one, None, 404).send().await;
    stage.call(Who::Owner, rename, one, name("My phone"), 404).send().await;
    // A site of numbers has none.
    let proof = json!({ "current_password": "correct horse" });
    stage.call(Who::Owner, "POST /api/auth/passkeys/begin", "", Some(proof), 409).send().await;
    stage.call(Who::Nobody, "POST /api/auth/login/passkey/begin", "", Some(json!({})), 409).send().await;
    let answer = json!({ "name": "Phone", "credential": {} });
    stage.call(Who::Owner, "POST /api/auth/passkeys", "", Some(answer), 400).send().await;
    stage.call(Who::Nobody, "POST /api/auth/login/passkey", "", Some(json!({})), 400).send().await;
}

async fn team(stage: &mut Stage) {
    let me = stage.call(Who::Owner, "GET /api/auth/me", "", None, 200).send().await;
    let (owner, email) = (me["data"]["user"]["id"].as_str().unwrap().to_owned(), me["data"]["user"]["email"].clone());
    let email = email.as_str().unwrap().to_owned();
    let (members, member) = ("GET /api/workspaces/current/members", "PATCH /api/workspaces/current/members/{id}");
    let all = stage.call(Who::Owner, members, "", None, 200).send().await;
    assert_eq!(all["data"].as_array().unwrap().len(), 2, "{all}");
    let reader = stage.call(Who::Viewer, "GET /api/auth/me", "", None, 200).send().await;
    let reader = reader["data"]["user"]["id"].as_str().unwrap().to_owned();
    stage.call(Who::Owner, member, &owner, Some(json!({ "role": "viewer" })), 409).send().await;
    stage.call(Who::Owner, member, &reader, Some(json!({ "role": "viewer", "disabled": false })), 200).send().await;

    let invite = "POST /api/workspaces/current/invitations";
    let with = |email: &str| Some(json!({ "email": email, "role": "editor" }));
    let unconfirmed = stage.call(Who::Owner, invite, "", with("first@walk.example"), 403).send().await;
    assert_eq!(unconfirmed["code"], "EMAIL_UNCONFIRMED", "{unconfirmed}");
    stage.sql(&format!("update users set email_confirmed_at = now() where id = '{owner}'")).await;
    let first = stage.call(Who::Owner, invite, "", with("first@walk.example"), 201).send().await;
    stage.call(Who::Owner, invite, "", with(&email), 409).send().await;
    stage.call(Who::Owner, invite, "", with("first"), 400).send().await;
    let list = stage.call(Who::Owner, "GET /api/workspaces/current/invitations", "", None, 200).send().await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    let resend = "POST /api/workspaces/current/invitations/{id}/resend";
    let mut id = id_of(&first);
    for _ in 0..3 {
        id = id_of(&stage.call(Who::Owner, resend, &id, None, 200).send().await);
    }
    stage.call(Who::Owner, resend, &id, None, 429).send().await;

    let worker = stage.world.worker(None);
    let (offer, accept) = ("GET /api/invitations/{token}", "POST /api/invitations/accept");
    let decline = "POST /api/invitations/decline";
    let replaced = stage.letter("first@walk.example", "/invite/").await;
    let told = stage.call(Who::Nobody, offer, &replaced, None, 200).send().await;
    assert_eq!(told["data"]["email"], "first@walk.example");
    // The latest of the four letters is the one that works.
    let token = stage.open_invitation("first@walk.example").await;
    let join =
        |token: &str, name: &str| Some(json!({ "token": token, "full_name": name, "password": "correct horse" }));
    stage.call(Who::Owner, accept, "", join(&token, ""), 409).send().await;
    stage.call(Who::Nobody, accept, "", join("nonsense", "Una"), 404).send().await;
    stage.call(Who::Nobody, accept, "", join(&token, ""), 400).send().await;
    stage.call(Who::Nobody, accept, "", join(&token, "Una Walsh"), 200).send().await;
    stage.call(Who::Nobody, accept, "", join(&token, "Una Walsh"), 410).send().await;
    stage.call(Who::Nobody, decline, "", Some(json!({ "token": token })), 410).send().await;
    stage.call(Who::Nobody, decline, "", Some(json!({ "token": "nonsense" })), 404).send().await;
    stage.call(Who::Owner, invite, "", with("second@walk.example"), 201).send().await;
    let token = stage.open_invitation("second@walk.example").await;
    stage.call(Who::Nobody, decline, "", Some(json!({ "token": token })), 200).send().await;
    drop(worker);

    let withdraw = "DELETE /api/workspaces/current/invitations/{id}";
    let third = id_of(&stage.call(Who::Owner, invite, "", with("third@walk.example"), 201).send().await);
    stage.call(Who::Owner, withdraw, &third, None, 200).send().await;
    stage.call(Who::Owner, withdraw, &third, None, 404).send().await;
    stage.invitation = id_of(&stage.call(Who::Owner, invite, "", with("fourth@walk.example"), 201).send().await);

    let remove = "DELETE /api/workspaces/current/members/{id}";
    stage.call(Who::Owner, remove, &owner, None, 409).send().await;
    let all = stage.call(Who::Owner, members, "", None, 200).send().await;
    let una = all["data"].as_array().unwrap().iter().find(|one| one["full_name"] == "Una Walsh").unwrap();
    // She stays, for whoever may not change her.
    una["id"].as_str().unwrap().clone_into(&mut stage.member);
}

async fn keys(stage: &mut Stage) {
    let (list, make) = ("GET /api/workspaces/current/api-keys", "POST /api/workspaces/current/api-keys");
    let revoke = "DELETE /api/workspaces/current/api-keys/{id}";
    let wrong = stage.call(Who::Owner, make, "", Some(json!({ "name": "", "scopes": [] })), 400).send().await;
    assert!(["name", "scopes"].iter().all(|field| wrong["details"]["fields"][field].is_string()), "{wrong}");
    let made = stage.call(Who::Owner, make, "", Stage::body(make), 201).send().await;
    assert_eq!(made["data"]["key"].as_str().map(str::len), Some(52), "{made}");
    let id = id_of(&json!({ "data": made["data"]["api_key"] }));
    let listed = stage.call(Who::Owner, list, "", None, 200).send().await;
    assert_eq!(listed["data"][0]["prefix"], made["data"]["api_key"]["prefix"], "{listed}");
    assert!(!listed.to_string().contains(made["data"]["key"].as_str().unwrap()));
    stage.call(Who::Owner, revoke, &id, None, 200).send().await;
    stage.call(Who::Owner, revoke, &id, None, 404).send().await;
    let mut begun = Vec::new();
    while begun.len() < 60 {
        let request = stage.request(Who::Owner, make, "", "").json(&Stage::body(make));
        let answer = stage.contract.call(make, request).await;
        if answer.status == 409 {
            break;
        }
        begun.push(id_of(&json!({ "data": answer.body["data"]["api_key"] })));
    }
    assert_eq!(begun.len(), 50, "there is no end to keys");
    for id in &begun[..10] {
        stage.call(Who::Owner, revoke, id, None, 200).send().await;
    }
    begun[10].clone_into(&mut stage.api_key);
    let person = stage.person.clone();
    stage.programs.insert("audit:read", person.program(&["audit:read"]).await);
    stage.programs.insert("team:read", person.program(&["team:read"]).await);
}

/// Letters that one gets, and webhooks.
async fn notifications(stage: &mut Stage) {
    let (mine, choose) = ("GET /api/notifications/preferences", "PATCH /api/notifications/preferences");
    let all = stage.call(Who::Owner, mine, "", None, 200).send().await;
    assert_eq!(all["data"][0], json!({ "event": "post_failed", "email": true }), "{all}");
    stage.call(Who::Owner, choose, "", Stage::body(choose), 200).send().await;
    stage.call(Who::Owner, choose, "", Some(json!({ "email": {} })), 400).send().await;

    let (list, add) = ("GET /api/workspaces/current/webhooks", "POST /api/workspaces/current/webhooks");
    let wrong = stage.call(Who::Owner, add, "", Some(json!({ "url": "x", "events": [] })), 400).send().await;
    assert!(["url", "events"].iter().all(|field| wrong["details"]["fields"][field].is_string()), "{wrong}");
    let ours = json!({ "url": "https://127.0.0.1/", "events": ["post.failed"] });
    let refused = stage.call(Who::Owner, add, "", Some(ours), 400).send().await;
    assert!(refused["details"]["fields"]["url"].is_string(), "{refused}");
    let mut begun = Vec::new();
    for _ in 0..10 {
        let made = stage.call(Who::Owner, add, "", Stage::body(add), 201).send().await;
        assert!(made["data"]["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{made}");
        begun.push(id_of(&json!({ "data": made["data"]["webhook"] })));
    }
    stage.call(Who::Owner, add, "", Stage::body(add), 409).send().await;
    let listed = stage.call(Who::Owner, list, "", None, 200).send().await;
    assert!(!listed.to_string().contains("whsec_"), "{listed}");
    let remove = "DELETE /api/workspaces/current/webhooks/{id}";
    for id in &begun[..8] {
        stage.call(Who::Owner, remove, id, None, 200).send().await;
    }
    let id = begun[9].clone();
    stage.call(Who::Owner, "GET /api/workspaces/current/webhooks/{id}", &id, None, 200).send().await;
    let renewed =
        stage.call(Who::Owner, "POST /api/workspaces/current/webhooks/{id}/secret", &id, None, 200).send().await;
    assert!(renewed["data"]["previous_until"].is_string(), "{renewed}");
    let test = "POST /api/workspaces/current/webhooks/{id}/test";
    let sent = stage.call(Who::Owner, test, &id, None, 200).send().await;
    stage.webhook_delivery = id_of(&sent);
    let resend = "POST /api/workspaces/current/webhook-deliveries/{id}/resend";
    let delivery = stage.webhook_delivery.clone();
    stage.call(Who::Owner, resend, &delivery, None, 409).send().await;
    stage
        .sql(
            "update webhook_deliveries set status = 'failed', next_attempt_at = null, attempts = 3, tried_at = now(), \
              response_status = 500, error = 'Answered 500.', took_ms = 12, finished_at = now()",
        )
        .await;
    let log =
        stage.call(Who::Owner, "GET /api/workspaces/current/webhooks/{id}/deliveries", &id, None, 200).send().await;
    assert_eq!(log["data"][0]["response_status"], 500, "{log}");
    stage.call(Who::Owner, resend, &delivery, None, 200).send().await;
    let change = "PATCH /api/workspaces/current/webhooks/{id}";
    stage.call(Who::Owner, change, &id, Some(json!({ "enabled": false })), 200).send().await;
    stage.call(Who::Owner, test, &id, None, 409).send().await;
    stage.call(Who::Owner, change, &id, Some(json!({ "events": [] })), 400).send().await;
    stage.call(Who::Owner, change, &id, Stage::body(change), 200).send().await;
    stage.webhook = id;
}

async fn accounts(stage: &mut Stage) {
    let (account, revoked, nobody) = (stage.account.clone(), stage.revoked.clone(), Uuid::nil().to_string());
    let offers = stage.call(Who::Owner, "GET /api/platforms", "", None, 200).send().await;
    assert!(offers["data"][0]["api_version_ends_on"].is_string(), "a day was held against its schema: {offers}");
    let list = "GET /api/social-accounts";
    let query = "?platform=facebook&status=connected&q=a&active=true&limit=5&offset=0";
    stage.call(Who::Owner, list, "", None, 200).query(query).send().await;
    stage.call(Who::Owner, "GET /api/social-accounts/{id}", &account, None, 200).send().await;
    let connect = "POST /api/social-accounts";
    stage.call(Who::Owner, connect, "", Some(json!({ "platform": "facebook" })), 200).send().await;
    stage.call(Who::Owner, connect, "", Some(json!({ "platform": "google_ads" })), 502).send().await;
    let toggle = "PATCH /api/social-accounts/{id}/toggle";
    stage.call(Who::Owner, toggle, &account, Some(json!({ "is_active": false })), 200).send().await;
    stage.call(Who::Owner, toggle, &account, Some(json!({ "is_active": true })), 200).send().await;
    let refresh = "POST /api/social-accounts/{id}/refresh";
    stage.call(Who::Owner, refresh, &account, None, 200).send().await;
    stage.call(Who::Owner, refresh, &revoked, None, 409).send().await;
    let (ask, creator) = ("POST /api/social-accounts/{id}/creator", stage.creator.clone());
    let asked = stage.call(Who::Owner, ask, &creator, None, 200).send().await;
    assert_eq!(asked["data"]["pending"], true, "{asked}");
    stage
        .sql(&format!(
            r#"update creator_choices set answered_at = now() + interval '1 hour', choices_at = now(), choices =
                 '{{"nickname":"N","handle":"@n","avatar_url":null,"privacy":["SELF_ONLY"],"comments":true,"duets":true,"stitches":false,
                    "longest_video_seconds":60}}' where account_id = '{creator}'"#
        ))
        .await;
    let known = stage.call(Who::Owner, ask, &creator, None, 200).send().await;
    assert_eq!(known["data"]["choices"]["privacy"][0], "SELF_ONLY", "{known}");
    stage.call(Who::Owner, ask, &account, None, 409).send().await;
    let events = "GET /api/social-accounts/{id}/events";
    let log = stage.call(Who::Owner, events, &account, None, 200).query("?limit=1").send().await;
    assert_eq!(log["data"].as_array().unwrap().len(), 1, "a line of the log was held against its schema: {log}");
    let narrow = "?event_type=authorization_success,disconnected&from=2020-01-01&to=2999-12-31T00:00:00Z";
    let narrowed = stage.call(Who::Owner, events, &account, None, 200).query(narrow).send().await;
    assert_eq!(narrowed["page"]["total"], 1, "{narrowed}");
    stage.call(Who::Owner, events, &account, None, 400).query("?from=2026-11-27&to=2026-11-26").send().await;
    stage.call(Who::Owner, events, &account, None, 200).query(&format!("{narrow}&format=csv")).send().await;
    let asked = stage.request(Who::Owner, events, &account, "").header(header::ACCEPT, "text/csv");
    stage.contract.call(events, asked).await.expect(events, 200);
    let authorize = "GET /api/oauth/{platform}/authorize";
    stage.call(Who::Owner, authorize, "facebook", None, 303).query("?return_to=/compose").send().await;
    let other = format!("?account_id={revoked}");
    stage.call(Who::Owner, authorize, "facebook", None, 400).query(&other).send().await;
    let absent = format!("?account_id={nobody}");
    stage.call(Who::Owner, authorize, "facebook", None, 404).query(&absent).send().await;
    stage.call(Who::Owner, authorize, "facebook", None, 400).query("?account_id=x").send().await;
    let callback = "GET /api/oauth/{platform}/callback";
    for query in ["", "?state=x&code=y", "?error=access_denied", "?state=%00&code=%00", "?state=x&state=y"] {
        stage.call(Who::Owner, callback, "facebook", None, 303).query(query).send().await;
    }
}

async fn content(stage: &mut Stage) {
    let (create, list) = ("POST /api/content", "GET /api/content");
    let (get, update, undo) = ("GET /api/content/{id}", "PATCH /api/content/{id}", "POST /api/content/{id}/undo");
    let delete = "DELETE /api/content/{id}";
    let (account, draft, sent) = (stage.account.clone(), stage.draft.clone(), stage.sent.clone());
    let narrow =
        "status=draft,scheduled&visibility=private&platform=facebook&q=draft&from=2020-01-01&to=2999-12-31T23:59:59Z";
    let query = format!("?{narrow}&social_account_id={account}&author_id={account}&sort=relevance&limit=5&offset=0");
    stage.call(Who::Owner, list, "", None, 200).query(&query).send().await;
    let query = format!("?{narrow}&social_account_id={account}");
    let counted = stage.call(Who::Owner, "GET /api/content/facets", "", None, 200).query(&query).send().await;
    assert_eq!((&counted["data"]["total"], &counted["data"]["statuses"][0]["status"]), (&json!(1), &json!("draft")));
    history(stage).await;
    queue(stage).await;
    let all = stage.call(Who::Owner, list, "", None, 200).query("?limit=1").send().await;
    let cursor = format!("?cursor={}", all["page"]["next_cursor"].as_str().unwrap());
    stage.call(Who::Owner, list, "", None, 200).query(&cursor).send().await;

    let whole = json!({
        "title": "All of it", "body": "Hi", "link": "https://harbourpine.example", "media_assets": [stage.picture["id"]],
        "visibility": "scheduled", "scheduled_local": "2027-03-01T07:00:00", "time_zone": "Europe/Dublin",
        "account_ids": [account], "overrides": { "facebook": { "body": "Hello" } }, "undo_seconds": 5,
        "variations": { account.as_str(): { "body": "Hello there" } },
        "options": {
            "facebook": { "format": "feed", "first_comment": "Come in", "title": "A film", "cover_ms": 1000 },
            "instagram": { "format": "story", "share_to_feed": true },
            "tiktok": { "tiktok": { "privacy": "SELF_ONLY", "allow_comments": true } },
        },
    });
    let scheduled = stage.call(Who::Owner, create, "", Some(whole), 201).send().await;
    let scheduled = id_of(&scheduled);
    stage.call(Who::Owner, get, &scheduled, None, 200).send().await;
    stage.call(Who::Owner, undo, &scheduled, None, 200).send().await;
    let change = json!({
        "title": "Less", "body": "Hi", "link": "", "media_assets": [], "visibility": "private", "targets": "all_active",
        "overrides": {}, "variations": {}, "options": {}, "version": 1,
    });
    stage.call(Who::Owner, update, &scheduled, Some(change.clone()), 200).send().await;
    stage.call(Who::Owner, update, &scheduled, Some(change), 409).send().await;
    stage.call(Who::Owner, delete, &scheduled, None, 200).send().await;
    stage.call(Who::Owner, create, "", Some(json!({ "body": "" })), 400).send().await;
    stage.call(Who::Owner, update, &draft, Some(json!({ "body": "" , "media_assets": [] })), 400).send().await;
    for (body, status) in [("One", 201), ("Two", 409)] {
        let request = stage
            .request(Who::Owner, create, "", "")
            .header("Idempotency-Key", "once")
            .json(&json!({ "body": body, "visibility": "private" }));
        let answer = stage.contract.call(create, request).await;
        answer.expect(create, status);
    }
    stage.call(Who::Owner, delete, &sent, None, 409).send().await;

    let check = "POST /api/content/check";
    let wanted = json!({ "post": { "body": "On its way", "account_ids": [account] }, "content_id": draft });
    let checked = stage.call(Who::Owner, check, "", Some(wanted), 200).send().await;
    assert!(checked["data"]["findings"].is_array(), "{checked}");
    let absent = json!({ "post": { "body": "Hi" }, "content_id": Uuid::nil() });
    stage.call(Who::Owner, check, "", Some(absent), 404).send().await;
    stage.call(Who::Owner, check, "", Some(json!({ "post": { "body": "" } })), 400).send().await;
}

/// A post's versions: listed, shown, compared, brought back.
async fn history(stage: &mut Stage) {
    let (create, update) = ("POST /api/content", "PATCH /api/content/{id}");
    let (list, show) = ("GET /api/content/{id}/versions", "GET /api/content/{id}/versions/{number}");
    let (compare, restore) =
        ("GET /api/content/{id}/versions/{number}/diff", "POST /api/content/{id}/versions/{number}/restore");
    // Longer than Facebook takes, which a draft may be.
    let long = json!({ "title": "Long", "body": "a ".repeat(33_000), "visibility": "private", "media_assets": [stage.picture["id"]] });
    let id = id_of(&stage.call(Who::Owner, create, "", Some(long), 201).send().await);
    stage.call(Who::Owner, restore, &id, None, 409).send().await;
    let change = json!({ "body": "Short", "media_assets": [], "overrides": { "facebook": { "body": "Shorter" } } });
    stage.call(Who::Owner, update, &id, Some(change), 200).send().await;
    let all = stage.call(Who::Owner, list, &id, None, 200).query("?limit=1&offset=0").send().await;
    let cursor = format!("?cursor={}", all["page"]["next_cursor"].as_str().unwrap());
    stage.call(Who::Owner, list, &id, None, 200).query(&cursor).send().await;
    stage.call(Who::Owner, show, &id, None, 200).send().await;
    let found = stage.call(Who::Owner, compare, &id, None, 200).query("?against=2").send().await;
    assert_eq!(found["data"]["media_added"].as_array().unwrap().len(), 1, "{found}");
    stage.call(Who::Owner, compare, &id, None, 400).query("?against=-1").send().await;
    stage.call(Who::Owner, restore, &id, None, 200).send().await;
    let change = json!({
        "body": "Short", "visibility": "scheduled", "scheduled_local": "2027-03-01T07:00:00", "account_ids": [stage.account],
    });
    stage.call(Who::Owner, update, &id, Some(change), 200).send().await;
    stage.call(Who::Owner, compare, &id, None, 200).query("?against=4").send().await;
    stage.call(Who::Owner, restore, &id, None, 400).send().await;
    stage.call(Who::Owner, "DELETE /api/content/{id}", &id, None, 200).send().await;
}

/// A draft that is written, asked for, decided on.
async fn drafts(stage: &mut Stage) {
    let (list, create, show) = ("GET /api/content-drafts", "POST /api/content-drafts", "GET /api/content-drafts/{id}");
    let (change, delete) = ("PATCH /api/content-drafts/{id}", "DELETE /api/content-drafts/{id}");
    let new = json!({ "social_account_id": stage.account, "title": "A draft", "body": "Hi", "media_assets": [] });
    let id = id_of(&stage.call(Who::Owner, create, "", Some(new), 201).send().await);
    stage
        .call(Who::Owner, create, "", Some(json!({ "social_account_id": stage.account, "body": "" })), 400)
        .send()
        .await;
    let act = |action: Value| Some(json!({ "action": action }));
    stage.call(Who::Owner, change, &id, act(json!("approved")), 409).send().await;
    stage.call(Who::Owner, change, &id, act(json!("submit")), 200).send().await;
    let waiting = stage.call(Who::Owner, list, "", None, 200).query("?limit=5&offset=0").send().await;
    assert_eq!(waiting["data"][0]["post"]["id"], json!(id), "{waiting}");
    stage.call(Who::Owner, show, &id, None, 200).send().await;
    let edit = json!({ "title": "Another", "body": "Hello", "media_assets": [], "social_account_id": stage.account, "version": 2 });
    stage.call(Who::Owner, change, &id, Some(edit), 200).send().await;
    let stale = json!({ "action": "approved", "version": 2 });
    stage.call(Who::Owner, change, &id, Some(stale), 409).send().await;
    let refused = stage.call(Who::Owner, change, &id, act(json!("rejected")), 400).send().await;
    assert!(refused["details"]["fields"]["rejection_note"].is_string(), "{refused}");
    let both = json!({ "action": "approved", "body": "Something else" });
    stage.call(Who::Owner, change, &id, Some(both), 400).send().await;
    let rejected = json!({ "action": "rejected", "version": 3, "rejection_note": "Shorter" });
    let rejected = stage.call(Who::Owner, change, &id, Some(rejected), 200).send().await;
    assert_eq!(rejected["data"]["approval"]["note"], "Shorter", "{rejected}");
    stage.call(Who::Owner, change, &id, act(json!("submit")), 200).send().await;
    stage.call(Who::Owner, change, &id, act(json!("withdraw")), 200).send().await;
    stage.call(Who::Owner, change, &id, act(json!("submit")), 200).send().await;
    let approved = stage.call(Who::Owner, change, &id, act(json!("approved")), 200).send().await;
    assert_eq!(approved["data"]["status"], "publishing", "{approved}");
    stage.call(Who::Owner, delete, &id, None, 409).send().await;
    stage.call(Who::Owner, "POST /api/content/{id}/undo", &id, None, 200).send().await;
    stage.call(Who::Owner, delete, &id, None, 200).send().await;
}

/// Slots, and a post that takes one.
async fn queue(stage: &mut Stage) {
    let (add, remove, free) = ("POST /api/queue-slots", "DELETE /api/queue-slots/{id}", "GET /api/queue-slots/free");
    let refused = stage
        .call(
            Who::Owner,
            "POST /api/content",
            "",
            Some(json!({
                "body": "Queued", "visibility": "scheduled", "queue": true, "account_ids": [stage.account],
            })),
            400,
        )
        .send()
        .await;
    assert!(refused["details"]["fields"]["queue"].is_string(), "{refused}");
    let slot = json!({ "social_account_id": stage.account, "weekday": "monday", "time": "07:30" });
    let made = stage.call(Who::Owner, add, "", Some(slot.clone()), 201).send().await;
    stage.call(Who::Owner, add, "", Some(slot), 409).send().await;
    stage.call(Who::Owner, "GET /api/queue-slots", "", None, 200).send().await;
    let query = format!("?social_account_id={}&limit=2", stage.account);
    let next = stage.call(Who::Owner, free, "", None, 200).query(&query).send().await;
    assert_eq!(next["data"].as_array().unwrap().len(), 2, "{next}");
    let times =
        stage.call(Who::Owner, "GET /api/best-times", "", None, 200).query("?time_zone=Asia/Tokyo").send().await;
    assert_eq!(times["data"][0]["time_zone"], "Asia/Tokyo", "{times}");
    stage.call(Who::Owner, "GET /api/best-times", "", None, 400).query("?time_zone=Atlantis").send().await;
    let queued = json!({ "body": "Queued", "visibility": "scheduled", "queue": true, "account_ids": [stage.account] });
    let queued = stage.call(Who::Owner, "POST /api/content", "", Some(queued), 201).send().await;
    assert_eq!(queued["data"]["scheduled_at"], next["data"][0]["at"]);
    let id = id_of(&queued);
    stage.call(Who::Owner, "PATCH /api/content/{id}", &id, Some(json!({ "queue": true })), 200).send().await;
    stage.call(Who::Owner, "DELETE /api/content/{id}", &id, None, 200).send().await;
    stage.call(Who::Owner, remove, &id_of(&made), None, 200).send().await;
}

async fn pictures(stage: &mut Stage) {
    let id = stage.picture["id"].as_str().unwrap().to_owned();
    stage.call(Who::Owner, "GET /api/media", "", None, 200).query("?limit=5&offset=0").send().await;
    stage.call(Who::Owner, "GET /api/media/{id}", &id, None, 200).send().await;
    stage.call(Who::Owner, "PATCH /api/media/{id}", &id, Some(json!({ "alt_text": "Two cups" })), 200).send().await;
    let long = json!({ "alt_text": "a".repeat(1001) });
    stage.call(Who::Owner, "PATCH /api/media/{id}", &id, Some(long), 400).send().await;
    stage.call(Who::Owner, "DELETE /api/media/{id}", &id, None, 409).send().await;
    let upload = "POST /api/media";
    let (person, viewer) = (stage.person.clone(), stage.viewer.clone());
    let none = stage.upload(&person, b"not a picture".to_vec()).await;
    none.expect(upload, 400);
    let large = stage.upload(&person, vec![0; 21 * 1024 * 1024]).await;
    large.expect(upload, 413);
    let reader = stage.upload(&viewer, png(1)).await;
    reader.expect(upload, 403);

    let open = "GET /media/{id}/{variant}";
    let url = format!("{}{}", stage.web.url, stage.picture["url"].as_str().unwrap());
    let shown = stage.contract.call(open, client().get(&url)).await;
    shown.expect(open, 200);
    let again = client().get(&url).header(header::IF_NONE_MATCH, &shown.headers[header::ETAG]);
    let again = stage.contract.call(open, again).await;
    again.expect(open, 304);
    for bad in [
        url.replace("signature=", "signature=x"),
        url.split('?').next().unwrap().to_owned(),
        url.replace("/original", "/other"),
    ] {
        let refused = stage.contract.call(open, client().get(&bad)).await;
        refused.expect(open, 404);
    }
    for (range, status) in [("bytes=0-9", 206), ("bytes=9999999-", 416)] {
        let part = stage.contract.call(open, client().get(&url).header(header::RANGE, range)).await;
        part.expect(open, status);
    }
    // Another one, which nothing needs.
    let other = stage.upload(&person, png(2)).await;
    let other = other.body["data"]["id"].as_str().unwrap().to_owned();
    let there = stage.upload(&person, png(2)).await;
    there.expect(upload, 200);
    stage.call(Who::Owner, "DELETE /api/media/{id}", &other, None, 200).send().await;
    let restore = "POST /api/media/{id}/restore";
    stage.call(Who::Owner, restore, &other, None, 200).send().await;
    stage.call(Who::Owner, "DELETE /api/media/{id}", &other, None, 200).send().await;
    let again = stage.upload(&person, png(2)).await;
    again.expect(upload, 201);
    stage.call(Who::Owner, restore, &other, None, 409).send().await;
    stage.sql(&format!("update media set deleted_at = now() - interval '31 days' where id = '{other}'")).await;
    stage.call(Who::Owner, restore, &other, None, 410).send().await;
    stage.call(Who::Owner, "GET /api/media/tags", "", None, 200).send().await;
    stage.call(Who::Owner, "GET /api/media/{id}/posts", &id, None, 200).send().await;
    stage.call(Who::Owner, "GET /api/media", "", None, 200).query("?kind=image&removed=true&tag=cups&q=c").send().await;
    // A picture needs no poster.
    let poster = "PUT /api/media/{id}/poster";
    let request = stage.request(Who::Owner, poster, &id, "").body(png(3));
    stage.contract.call(poster, request).await.expect(poster, 400);
    let request = stage.request(Who::Owner, poster, &id, "").body(vec![0; 24 * 1024 * 1024]);
    stage.contract.call(poster, request).await.expect(poster, 413);
    // A video does.
    stage
        .sql(&format!(
            "update media set content_type = 'video/mp4', duration_ms = 1000, video_codec = 'h264' where id = '{}'",
            id_of(&again.body)
        ))
        .await;
    let request = stage.request(Who::Owner, poster, &id_of(&again.body), "").body(png(3));
    stage.contract.call(poster, request).await.expect(poster, 200);
}

/// Files in pieces.
async fn uploads(stage: &mut Stage) {
    let (begin, append) = ("POST /api/media/uploads", "PATCH /api/media/uploads/{id}");
    let (get, abandon) = ("GET /api/media/uploads/{id}", "DELETE /api/media/uploads/{id}");
    stage.call(Who::Nobody, "OPTIONS /api/media/uploads", "", None, 204).send().await;
    let id = id_of(&stage.call(Who::Owner, begin, "", None, 201).send().await);
    stage.call(Who::Owner, get, &id, None, 200).send().await;
    let piece = |stage: &Stage, bytes: usize| stage.request(Who::Owner, append, &id, "").body(vec![0; bytes]);
    let request = piece(stage, 200_000);
    stage.contract.call(append, request).await.expect(append, 413);
    let request = piece(stage, 50_000);
    stage.contract.call(append, request).await.expect(append, 400);
    let request = piece(stage, 1);
    stage.contract.call(append, request).await.expect(append, 409);
    let other = id_of(&stage.call(Who::Owner, begin, "", None, 201).send().await);
    let request = stage.request(Who::Owner, append, &other, "").body(b"%PDF-1.4".to_vec());
    stage.contract.call(append, request).await.expect(append, 204);
    // Those who speak another version, or of something else.
    let whole = |path: &str| format!("/api/media/uploads{path}");
    let plain = |stage: &Stage, method: &str, path: &str| {
        stage.person.request(method.parse().unwrap(), &whole(path)).header("tus-resumable", "0.2.2")
    };
    let place = format!("/{other}");
    for (operation, method, path) in [(begin, "POST", ""), (append, "PATCH", &place), (abandon, "DELETE", &place)] {
        let request = plain(stage, method, path);
        stage.contract.call(operation, request).await.expect(operation, 412);
    }
    let request = stage.person.request(Method::PATCH, &whole(&place)).header("tus-resumable", "1.0.0");
    stage.contract.call(append, request.body("x")).await.expect(append, 415);
    for (length, status) in [("0", 400), ("5000000000", 413)] {
        let request = stage.person.request(Method::POST, &whole("")).header("tus-resumable", "1.0.0");
        stage.contract.call(begin, request.header("upload-length", length)).await.expect(begin, status);
    }
    stage.call(Who::Owner, abandon, &other, None, 204).send().await;
    let mut begun = Vec::new();
    while begun.len() < 60 {
        let request = stage.request(Who::Owner, begin, "", "");
        let answer = stage.contract.call(begin, request).await;
        if answer.status == 409 {
            break;
        }
        begun.push(id_of(&answer.body));
    }
    assert!(begun.len() < 60, "there is no end to uploads under way");
    for id in begun {
        stage.call(Who::Owner, abandon, &id, None, 204).send().await;
    }
}

async fn deliveries(stage: &mut Stage) {
    let (list, of_content) = ("GET /api/deliveries", "GET /api/content/{id}/deliveries");
    let (retry, cancel) = ("POST /api/deliveries/{id}/retry", "POST /api/deliveries/{id}/cancel");
    let (get, mark) = ("GET /api/deliveries/{id}", "POST /api/deliveries/{id}/mark-published");
    let sent = stage.sent.clone();
    let found = stage.call(Who::Owner, of_content, &sent, None, 200).query("?limit=5").send().await;
    let id = found["data"][0]["id"].as_str().unwrap().to_owned();
    let query = format!(
        "?content_id={sent}&social_account_id={}&status=pending,publishing&platform=facebook&q=way&limit=5&offset=0",
        stage.account
    );
    let narrowed = stage.call(Who::Owner, list, "", None, 200).query(&query).send().await;
    assert_eq!(narrowed["page"]["total"], 1, "{narrowed}");
    let none = stage.call(Who::Owner, list, "", None, 200).query("?error_class=missed&outcome=refused").send().await;
    assert_eq!(none["page"]["total"], 0, "{none}");
    let figures = stage.call(Who::Owner, "GET /api/deliveries/figures", "", None, 200).send().await;
    assert_eq!(figures["data"]["steps"].as_array().unwrap().len(), 12, "{figures}");
    stage.call(Who::Owner, get, &id, None, 200).send().await;
    stage.call(Who::Owner, retry, &id, None, 409).send().await;
    stage.call(Who::Owner, mark, &id, None, 409).send().await;
    let comment = "POST /api/deliveries/{id}/first-comment";
    stage.call(Who::Owner, comment, &id, None, 409).send().await;
    stage
        .sql(&format!(
            "insert into first_comments (delivery_id, workspace_id, body, status, last_error, created_at, updated_at)
             select id, workspace_id, 'Come in', 'failed', 'No.', now(), now() from deliveries where id = '{id}'"
        ))
        .await;
    let again = stage.call(Who::Owner, comment, &id, None, 200).send().await;
    assert_eq!(again["data"]["first_comment"]["status"], "pending", "{again}");
    stage.call(Who::Owner, cancel, &id, None, 200).send().await;
    stage.call(Who::Owner, cancel, &id, None, 409).send().await;

    let attempt = format!(
        "insert into delivery_attempts (id, workspace_id, delivery_id, number, stage, outcome, message, http_status, platform_code,
                                        worker, started_at, duration_ms, created_at)
         select gen_random_uuid(), workspace_id, id, 1, 'committing', 'transient', 'No.', 503, '2', id, now(), 7, now()
           from deliveries where id = '{id}'"
    );
    stage.sql(&attempt).await;
    let attempts = stage.call(Who::Owner, "GET /api/deliveries/{id}/attempts", &id, None, 200).send().await;
    assert_eq!(attempts["data"].as_array().unwrap().len(), 1);
    let fail = |person: bool| {
        format!(
            "update deliveries set status = 'failed', next_attempt_at = null, last_error = 'No.', error_class = 'transient',
                    needs_person = {person} where id = '{id}'"
        )
    };
    stage.sql(&fail(false)).await;
    stage.call(Who::Owner, retry, &id, None, 200).send().await;
    stage.sql(&fail(false)).await;
    let reasons = stage.call(Who::Owner, "GET /api/deliveries/dead-letters", "", None, 200).send().await;
    assert_eq!((&reasons["data"][0]["error_class"], &reasons["data"][0]["count"]), (&json!("transient"), &json!(1)));
    let all = "POST /api/deliveries/retry-failed";
    let of_this =
        format!("?content_id={sent}&social_account_id={}&platform=facebook&q=way&error_class=transient", stage.account);
    let retried = stage.call(Who::Owner, all, "", None, 200).query(&of_this).send().await;
    assert_eq!(retried["data"]["retried"], 1);
    stage.sql(&fail(true)).await;
    stage.call(Who::Owner, "PATCH /api/content/{id}", &sent, Some(json!({ "body": "Other" })), 409).send().await;
    stage.call(Who::Owner, mark, &id, None, 200).send().await;
    stage.call(Who::Owner, "POST /api/content/{id}/undo", &sent, None, 409).send().await;
}

async fn operation(stage: &mut Stage) {
    for operation in ["GET /health", "GET /health/ready", "GET /metrics"] {
        stage.call(Who::Nobody, operation, "", None, 200).send().await;
    }
    let request = stage.request(Who::Owner, "GET /api/events", "", "").header("Last-Event-ID", "0");
    let events = stage.contract.call("GET /api/events", request).await;
    events.expect("GET /api/events", 200);
}

async fn audit(stage: &mut Stage) {
    let list = "GET /api/audit";
    let me = stage.person.get("/api/auth/me").await;
    let me = me["data"]["user"]["id"].as_str().unwrap();
    let query = format!(
        "?actor={me}&action=account&subject={}&from=2020-01-01&to=2999-12-31T00:00:00Z&limit=5&offset=0",
        stage.account
    );
    let found = stage.call(Who::Owner, list, "", None, 200).query(&query).send().await;
    assert!(found["data"].as_array().is_some_and(|all| !all.is_empty()), "{found}");
    let first = stage.call(Who::Owner, list, "", None, 200).query("?limit=1").send().await;
    let cursor = format!("?cursor={}", first["page"]["next_cursor"].as_str().unwrap());
    stage.call(Who::Owner, list, "", None, 200).query(&cursor).send().await;
    stage.call(Who::Owner, list, "", None, 400).query("?from=2026-11-27&to=2026-11-26").send().await;
    stage.call(Who::Owner, "GET /api/audit/people", "", None, 200).send().await;
    let standing = stage.call(Who::Owner, "GET /api/audit/verification", "", None, 200).send().await;
    assert_eq!(standing["data"]["intact"], true, "{standing}");

    let total = first["page"]["total"].as_u64().unwrap();
    let csv = stage.person.request(Method::GET, "/api/audit?format=csv").send().await.unwrap();
    assert_eq!(csv.headers()[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let csv = csv.text().await.unwrap();
    assert!(csv.starts_with("seq,at,action,"), "{csv:.200}");
    assert!(csv.matches("\r\n").count() as u64 > total, "a line for the names and one for each of {total}:\n{csv}");
    let asked = stage.request(Who::Owner, list, "", "?action=post.created").header(header::ACCEPT, "text/csv");
    stage.contract.call(list, asked).await.expect(list, 200);
}

/// Every operation that changes something has left an event under its request's id.
async fn on_the_record(stage: &mut Stage) {
    let recorded: Vec<String> =
        sqlx::query_scalar("select distinct request_id from audit_events where request_id is not null")
            .fetch_all(&mut stage.admin)
            .await
            .unwrap();
    for (operation, _) in stage.contract.operations() {
        let reads = operation.starts_with("GET ") && !RECORDED_READS.contains(&operation.as_str());
        let excused = UNRECORDED.iter().any(|(known, _)| *known == operation);
        let is_recorded = stage.contract.went_well(&operation).iter().any(|id| recorded.contains(id));
        match (reads || excused, is_recorded) {
            (false, false) => stage.contract.note(format!("{operation} leaves nothing on the audit log")),
            (true, true) => stage.contract.note(format!("{operation} is on the audit log: say so here")),
            (true, false) | (false, true) => {}
        }
    }
}

/// What platforms send, which the app's secret signs.
async fn pushed(stage: &mut Stage) {
    let payload = json!({ "algorithm": "HMAC-SHA256", "issued_at": SystemClock.now().timestamp(), "user_id": "4711" });
    let good = signed_request(&payload);
    let huge = "a".repeat(2 * 1024 * 1024);
    let mut code = String::new();
    for operation in ["POST /api/webhooks/{platform}", "POST /api/webhooks/{platform}/data-deletion"] {
        for (body, status) in
            [(&good, 200), (&signed_request(&json!([])), 400), (&"signed_request=a.b".to_owned(), 401), (&huge, 413)]
        {
            let request = stage.request(Who::Nobody, operation, "facebook", "");
            let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.clone());
            let answer = stage.contract.call(operation, request).await;
            answer.expect(operation, status);
            if let Some(given) = answer.body["confirmation_code"].as_str() {
                given.clone_into(&mut code);
                assert!(answer.body["url"].as_str().is_some_and(|url| url.ends_with(given)), "{}", answer.body);
            }
        }
    }
    let kept = stage.call(Who::Nobody, "GET /api/data-deletions/{code}", &code, None, 200).send().await;
    assert_eq!((&kept["data"]["platform"], &kept["data"]["code"]), (&json!("facebook"), &json!(code)));
}

/// Signed as Meta signs.
fn signed_request(payload: &Value) -> String {
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let mac = Hmac::<Sha256>::new_from_slice(DEMO_CLIENT_SECRET.as_bytes()).unwrap().chain_update(&payload);
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("signed_request={signature}.{payload}")
}

/// Anonymously, and as somebody who may only read.
async fn not_for_everybody(stage: &mut Stage) {
    for (operation, described) in stage.contract.operations() {
        let (fill, body) = (stage.fill(&operation), Stage::body(&operation));
        // There it is about who asks for a session, not about having one.
        let is_door = operation == "POST /api/auth/login" || operation.starts_with("POST /api/auth/login/passkey");
        if described["responses"]["401"].is_object() && !is_door {
            let refused = stage.call(Who::Nobody, &operation, &fill, body.clone(), 401).send().await;
            if refused["code"] != "UNAUTHORIZED" {
                stage.contract.note(format!("{operation} to nobody: {refused}"));
            }
        }
        let refusal = described["responses"]["403"]["description"].as_str().unwrap_or_default();
        if refusal.contains("the API key lacks the scope") {
            // Nobody but a program is refused here.
            let scope = if refusal.contains("`team:read`") { "audit:read" } else { "team:read" };
            let request = stage.request_by(stage.programs.get(scope), &operation, &fill, "");
            let request = if let Some(body) = &body { request.json(body) } else { request };
            let refused = stage.contract.call(&operation, request).await;
            if (refused.status, &refused.body["code"]) != (403, &json!("FORBIDDEN")) {
                stage.contract.note(format!("{operation} with another scope: {} {}", refused.status, refused.body));
            }
        } else if described["responses"]["403"].is_object() && operation != "POST /api/media" {
            let refused = stage.call(Who::Viewer, &operation, &fill, body, 403).send().await;
            if refused["code"] != "FORBIDDEN" {
                stage.contract.note(format!("{operation} to a reader: {refused}"));
            }
        }
        let open = described["security"] == json!([{}]);
        if !open && !described["responses"]["401"].is_object() && !operation.ends_with("/callback") {
            stage.contract.note(format!("{operation} does not say what happens to whoever is not signed in"));
        }
    }
    let callback = "GET /api/oauth/{platform}/callback";
    stage.call(Who::Nobody, callback, "facebook", None, 303).query("?state=x&code=y").send().await;
}

/// Ids that nothing has, and words that are no ids.
async fn nothing_there(stage: &mut Stage) {
    for (operation, _) in stage.contract.operations() {
        if !operation.contains('{') || operation.starts_with("GET /media/") {
            continue;
        }
        let body = Stage::body(&operation);
        for fill in ["0199f2c4-8a31-7c5e-b1d0-4f6a00000009", "nonsense", "%00", "..%2f..%2fetc"] {
            // A platform that Arctiv knows is there for everybody.
            stage.call(Who::Owner, &operation, fill, body.clone(), 404).send().await;
        }
    }
}

/// Bodies that are no JSON, of another shape, of another type, too large.
async fn bad_bodies(stage: &mut Stage) {
    for (operation, described) in stage.contract.operations() {
        let Some(good) = Stage::body(&operation) else {
            let takes = &described["requestBody"]["content"]["application/json"];
            assert!(!takes.is_object(), "{operation} takes a body that this test does not know");
            continue;
        };
        let fill = stage.fill(&operation);
        let json = "application/json";
        let deep = "[".repeat(10_000);
        let nested = format!(r#"{{"body":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
        for (kind, body, status) in [
            (json, "", 400),
            (json, "{", 400),
            (json, "[]", 400),
            (json, "null", 400),
            (json, "7", 400),
            (json, "\"text\"", 400),
            (json, &deep, 400),
            (json, &nested, 400),
            (json, "{\"\u{0}\":1}", 400),
            ("text/plain", &good.to_string(), 400),
            ("application/x-www-form-urlencoded", "body=1", 400),
            (json, &format!("{good} trailing"), 400),
            (json, &format!("{{\"body\":\"{}\"}}", "a".repeat(1024 * 1024)), 413),
        ] {
            let request = stage
                .request(Who::Owner, &operation, &fill, "")
                .header(header::CONTENT_TYPE, kind)
                .body(body.to_owned());
            let answer = stage.contract.call(&operation, request).await;
            if answer.status != status {
                let shown: String = body.chars().take(40).collect();
                let finding =
                    format!("{operation} with {kind} {shown}: {} and not {status}: {}", answer.status, answer.body);
                stage.contract.note(finding);
            }
        }
        // Each field as something it is not; the answer names it.
        for (field, value) in good.as_object().unwrap() {
            let wrong = if value.is_string() { json!({ "no": "text" }) } else { json!("no such thing") };
            let mut body = good.clone();
            body[field] = wrong;
            let request = stage.request(Who::Owner, &operation, &fill, "").json(&body);
            let answer = stage.contract.call(&operation, request).await;
            let named = answer.body["details"]["fields"].as_object().cloned().unwrap_or_default();
            if answer.status != 400 || !named.keys().all(|name| name.starts_with(field.as_str())) {
                stage.contract.note(format!("{operation} with {body}: {} {}", answer.status, answer.body));
            }
        }
    }
}

/// Every query parameter as something it is not, by its name.
async fn bad_parameters(stage: &mut Stage) {
    for (operation, described) in stage.contract.operations() {
        if operation.starts_with("GET /media/")
            || operation.starts_with("GET /portraits/")
            || operation.starts_with("GET /exports/")
            || operation.contains("/oauth/")
            || operation.contains("/oidc/")
        {
            continue;
        }
        let fill = if operation.contains("/content/") { stage.sent.clone() } else { stage.fill(&operation) };
        for parameter in described["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let wrong: &[&str] = match name {
                "q" => &["%00", "a%07b"],
                "cursor" => &["nonsense", "%00", "AAAA"],
                "limit" => &["0", "101", "-1", "many", "99999999999999999999"],
                "offset" => &["-1", "100001", "some"],
                "active" | "removed" => &["perhaps"],
                "tag" => &["%00", "a,b"],
                "format" => &["xml", "%00"],
                "from" | "to" => &["yesterday", "2026-13-01", "99999-01-01", "%00"],
                _ => &["nonsense", "%00", "' or 1=1 --"],
            };
            for value in wrong {
                let query = format!("?{name}={value}");
                let answer = stage.call(Who::Owner, &operation, &fill, None, 400).query(&query).send().await;
                if !answer["details"]["fields"][name].is_string() {
                    stage.contract.note(format!("{operation}{query} names something else: {}", answer["details"]));
                }
            }
        }
        if described["responses"]["400"].is_object()
            && described["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "q"))
        {
            let long = format!("?q={}", "a".repeat(101));
            stage.call(Who::Owner, &operation, &fill, None, 400).query(&long).send().await;
        }
    }
}

/// A path takes the methods it documents and no other.
async fn other_methods(stage: &mut Stage) {
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (operation, _) in stage.contract.operations() {
        let (method, path) = operation.split_once(' ').unwrap();
        paths.entry(path.to_owned()).or_default().push(method.to_owned());
    }
    for (path, mut methods) in paths {
        let address = path
            .replace("{platform}", "facebook")
            .replace("{variant}", "original")
            .replace("{number}", "1")
            .replace("{code}", "code")
            .replace("{id}", &stage.account);
        let answer = stage.person.request(Method::from_bytes(b"BREW").unwrap(), &address).send().await.unwrap();
        if answer.status() != 405 {
            stage.contract.note(format!("{path} takes BREW: {}", answer.status()));
            continue;
        }
        let mut allowed: Vec<String> = answer.headers()[header::ALLOW]
            .to_str()
            .unwrap()
            .split(',')
            .map(|method| method.trim().to_owned())
            .collect();
        if methods.iter().any(|method| method == "GET") {
            methods.push("HEAD".to_owned());
        }
        allowed.sort();
        methods.sort();
        if allowed != methods {
            stage.contract.note(format!("{path} takes {allowed:?}, documented is {methods:?}"));
        }
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["success"], false, "{path}: {body}");
    }
    let nowhere = stage.person.request(Method::GET, "/api/no/such/path").send().await.unwrap();
    assert_eq!(nowhere.status(), 404);
    assert_eq!(nowhere.json::<Value>().await.unwrap()["code"], "NOT_FOUND");
}

/// What ends things.
async fn last(stage: &mut Stage) {
    let visitor = Visitor::called("Maya Lindqvist");
    let landed = stage.person.connect("linkedin", &visitor).await;
    let id = landed.split_once("&withheld=").map_or_else(|| panic!("{landed}"), |(_, id)| id.to_owned());
    stage.call(Who::Owner, "GET /api/authorizations/{id}/withheld", &id, None, 200).send().await;
    let account = stage.account.clone();
    stage.call(Who::Owner, "DELETE /api/social-accounts/{id}", &account, None, 200).send().await;
    stage.call(Who::Owner, "DELETE /api/social-accounts/{id}", &account, None, 404).send().await;
    let member = stage.member.clone();
    stage.call(Who::Owner, "DELETE /api/workspaces/current/members/{id}", &member, None, 200).send().await;
    stage.call(Who::Owner, "POST /api/auth/logout", "", None, 303).send().await;
    stage.call(Who::Owner, "GET /api/auth/me", "", None, 401).send().await;
}
