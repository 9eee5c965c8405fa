//! Who may what, and that nothing is left out: every REST operation of the OpenAPI document and every server function of the
//! registry stands in a table here with the least role that may, and is called as nobody, as each role too low, as that role,
//! and, where it names a thing, by an admin of another workspace, who must be told exactly what is told of a thing that does
//! not exist. Every REST operation is called by programs, too: with a key that has the scope it takes, with one that has every
//! other, and with one of another workspace. An endpoint that is in no table fails the test.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a walkthrough stops where it cannot go on")]

#[path = "authorisation/keys.rs"]
mod keys;
mod support;
#[path = "authorisation/table.rs"]
mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use keys::Takes;
use reqwest::{Method, RequestBuilder, StatusCode, header, multipart};
use sandbox::driver::Visitor;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use support::{Person, Web, World, client};
use table::{Endpoint, Least};

/// No id of anything.
const ABSENT: &str = "0199f2c4-8a31-7c5e-b1d0-4f6a00000009";

/// A workspace with somebody in every role, one of everything, and somebody else's workspace beside it.
struct Stage {
    web: Web,
    _world: World,
    /// From viewer to admin.
    people: BTreeMap<Least, Person>,
    stranger: Person,
    /// Ids of the workspace's things, by the name that tables call them.
    things: BTreeMap<&'static str, String>,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let web = world.web().await;
        let mut admin = world.database().admin().await.unwrap();
        let owner = Person::register(&web, "client").await;
        owner.connect("twitter", &Visitor::anybody()).await;
        let me = owner.get("/api/auth/me").await;
        let workspace = me["data"]["workspace"]["id"].as_str().unwrap().to_owned();
        let mut people = BTreeMap::from([(Least::Admin, owner.clone())]);
        for (role, word) in [(Least::Viewer, "viewer"), (Least::Member, "member"), (Least::Editor, "editor")] {
            let person = Person::register(&web, "client").await;
            let user = person.get("/api/auth/me").await["data"]["user"]["id"].as_str().unwrap().to_owned();
            sql(
                &mut admin,
                &format!(
                    "update memberships set role = '{word}', workspace_id = '{workspace}' where user_id = '{user}';
                     update sessions set workspace_id = '{workspace}' where user_id = '{user}'"
                ),
            )
            .await;
            people.insert(role, person);
        }
        let stranger = Person::register(&web, "client").await;
        let _worker = world.worker(None);
        let sent = owner.post("/api/content", json!({ "body": "Out", "undo_seconds": 0 })).await;
        let delivery = owner.settled(sent["data"]["id"].as_str().unwrap()).await.remove(0);
        let file = multipart::Part::bytes(png()).file_name("cups.png");
        let upload = owner.request(Method::POST, "/api/media").multipart(multipart::Form::new().part("file", file));
        let picture: Value = upload.send().await.unwrap().json().await.unwrap();
        let draft = json!({ "body": "A draft", "visibility": "private", "media_assets": [picture["data"]["id"]] });
        let post = owner.post("/api/content", draft).await;
        let account = &owner.get("/api/social-accounts").await["data"][0];
        let id = |thing: &Value| thing["id"].as_str().unwrap().to_owned();
        let mut things = BTreeMap::from([
            ("account", id(account)),
            ("post", id(&post["data"])),
            ("media", id(&picture["data"])),
            ("delivery", id(&delivery)),
        ]);
        // Only whoever has confirmed their address may invite.
        sql(&mut admin, "update users set email_confirmed_at = now()").await;
        table::furnish(&owner, &mut things).await;
        Self { web, _world: world, people, stranger, things }
    }

    fn request(&self, who: Option<&Person>, endpoint: &Endpoint<'_>, method: &Method, id: &str) -> RequestBuilder {
        let path = match endpoint.path.split_once('{') {
            Some((before, after)) => {
                let (name, rest) = after.split_once('}').unwrap();
                let value = if name == "platform" { "facebook" } else { id };
                format!("{before}{value}{rest}")
            }
            None => endpoint.path.to_owned(),
        };
        let path = path.replace("{number}", "1");
        let request = match who {
            Some(person) => person.request(method.clone(), &path),
            None => client()
                .request(method.clone(), format!("{}{path}", self.web.url))
                .header(header::ORIGIN, &self.web.url),
        };
        match &endpoint.body {
            table::Body::None => request,
            table::Body::Json(text) => {
                let body: Value = serde_json::from_str(&text.replace("$ID", id)).unwrap();
                request.json(&body)
            }
            table::Body::Pieces => table::pieces(request),
            table::Body::Picture => {
                let file = multipart::Part::bytes(png()).file_name("cups.png");
                request.multipart(multipart::Form::new().part("file", file))
            }
        }
    }

    /// Status and body, without what differs from request to request.
    async fn call(
        &self,
        who: Option<&Person>,
        endpoint: &Endpoint<'_>,
        method: &Method,
        id: &str,
    ) -> (StatusCode, Value) {
        let answer = self.request(who, endpoint, method, id).send().await.unwrap();
        let status = answer.status();
        let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("text/event-stream") {
            return (status, Value::Null);
        }
        let mut body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
        if let Some(body) = body.as_object_mut() {
            body.remove("request_id");
        }
        (status, body)
    }

    /// Calls an endpoint in every wrong way, and in the right one; what is wrong.
    async fn judge(&self, endpoint: &Endpoint<'_>, method: &Method) -> Vec<String> {
        let mut wrong = Vec::new();
        let place = format!("{method} {}", endpoint.path);
        let Some(id) = endpoint.thing.map_or(Some(ABSENT), |thing| self.things.get(thing).map(String::as_str)) else {
            return vec![format!("{place}: there is no {:?} to try it with", endpoint.thing)];
        };
        // Refused before anything is looked up, so that it does not matter what is there.
        if endpoint.least > Least::Nobody {
            let (status, body) = self.call(None, endpoint, method, ABSENT).await;
            if (status, &body["code"]) != (StatusCode::UNAUTHORIZED, &json!("UNAUTHORIZED"))
                && !redirects(endpoint, status)
            {
                wrong.push(format!("{place} to nobody: {status} {body}"));
            }
        }
        for (role, person) in &self.people {
            // What the role may not is tried on a thing that is there; what it may, on one that is not, so that the things
            // live to see the next endpoint.
            if *role < endpoint.least {
                let (status, body) = self.call(Some(person), endpoint, method, id).await;
                if (status, &body["code"]) != (StatusCode::FORBIDDEN, &json!("FORBIDDEN")) {
                    wrong.push(format!("{place} to a {role:?}: {status} {body}"));
                }
            } else if !endpoint.ends_session {
                let (status, body) = self.call(Some(person), endpoint, method, ABSENT).await;
                if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && !endpoint.may_refuse {
                    wrong.push(format!("{place} to a {role:?}, who may: {status} {body}"));
                }
            }
        }
        if endpoint.thing.is_some() {
            let theirs = self.call(Some(&self.stranger), endpoint, method, id).await;
            let absent = self.call(Some(&self.stranger), endpoint, method, ABSENT).await;
            // The id itself may stand in neither.
            if theirs != absent {
                wrong.push(format!("{place} tells a stranger that it exists: {theirs:?}, and of nothing {absent:?}"));
            }
            if theirs.0 != StatusCode::NOT_FOUND && !endpoint.answers_empty {
                wrong.push(format!("{place} to a stranger: {theirs:?}"));
            }
        }
        wrong
    }
}

/// Programs of the workspace and of somebody else's.
struct Programs {
    /// By the one scope that they have.
    having: BTreeMap<&'static str, Person>,
    /// By the one scope that they have not.
    lacking: BTreeMap<&'static str, Person>,
    stranger: Person,
}

impl Programs {
    async fn of(stage: &Stage) -> Self {
        let owner = &stage.people[&Least::Admin];
        let all: BTreeSet<&str> = keys::TAKE.iter().filter_map(|(_, scope)| *scope).collect();
        let (mut having, mut lacking) = (BTreeMap::new(), BTreeMap::new());
        for scope in &all {
            let others: Vec<&str> = all.iter().copied().filter(|other| other != scope).collect();
            having.insert(*scope, owner.program(&[*scope]).await);
            lacking.insert(*scope, owner.program(&others).await);
        }
        let stranger = stage.stranger.program(&all.iter().copied().collect::<Vec<_>>()).await;
        Self { having, lacking, stranger }
    }
}

impl Stage {
    /// Calls an operation as programs with the wrong keys and the right one; what is wrong.
    async fn judge_keys(&self, programs: &Programs, endpoint: &Endpoint<'_>, method: &Method) -> Vec<String> {
        let mut wrong = Vec::new();
        let place = format!("{method} {}", endpoint.path);
        let any = programs.having.values().next().unwrap();
        let scope = match keys::expected(&place) {
            Takes::Unknown => {
                return vec![format!("{place} is in no list of tests/authorisation/keys.rs: does it take API keys?")];
            }
            Takes::NoKey => {
                // Whoever sends a key is nobody.
                let (status, body) = self.call(Some(any), endpoint, method, ABSENT).await;
                if endpoint.least > Least::Nobody && status != StatusCode::UNAUTHORIZED && !redirects(endpoint, status)
                {
                    wrong.push(format!("{place} takes a key: {status} {body}"));
                }
                return wrong;
            }
            Takes::AnyKey => {
                let (status, body) = self.call(Some(any), endpoint, method, ABSENT).await;
                if !status.is_success() {
                    wrong.push(format!("{place} with any key: {status} {body}"));
                }
                return wrong;
            }
            Takes::Scope(scope) => scope,
        };
        let id = endpoint.thing.and_then(|thing| self.things.get(thing)).map_or(ABSENT, String::as_str);
        let (status, body) = self.call(Some(&programs.lacking[scope]), endpoint, method, id).await;
        let says = body["error"].as_str().is_some_and(|text| text.contains(scope));
        if (status, &body["code"]) != (StatusCode::FORBIDDEN, &json!("FORBIDDEN")) || !says {
            wrong.push(format!("{place} with every scope but {scope}: {status} {body}"));
        }
        let (status, body) = self.call(Some(&programs.having[scope]), endpoint, method, ABSENT).await;
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && !endpoint.may_refuse {
            wrong.push(format!("{place} with {scope} alone: {status} {body}"));
        }
        if endpoint.thing.is_some() {
            let theirs = self.call(Some(&programs.stranger), endpoint, method, id).await;
            let absent = self.call(Some(&programs.stranger), endpoint, method, ABSENT).await;
            if theirs != absent || (theirs.0 != StatusCode::NOT_FOUND && !endpoint.answers_empty) {
                wrong.push(format!("{place} with another workspace's key: {theirs:?}, and of nothing {absent:?}"));
            }
        }
        wrong
    }
}

/// A callback is a browser coming back from a platform: it is led to a page that says what to do.
fn redirects(endpoint: &Endpoint<'_>, status: StatusCode) -> bool {
    endpoint.path.ends_with("/callback") && status == StatusCode::SEE_OTHER
}

async fn sql(admin: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(admin).await.unwrap();
}

fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(3, 2, image::Rgb([1, 120, 90]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rest_operation_is_for_whom_it_should_be() {
    let stage = Stage::new().await;
    let document: Value =
        client().get(format!("{}/api/openapi.json", stage.web.url)).send().await.unwrap().json().await.unwrap();
    let mut wrong = Vec::new();
    let mut known: BTreeSet<&str> = table::REST.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(known.len(), table::REST.len(), "an operation stands in the table twice");
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let operation = format!("{} {path}", method.to_uppercase());
            let Some((name, entry)) = table::REST.iter().find(|(known, _)| *known == operation) else {
                wrong.push(format!("{operation} is in no table: who may call it?"));
                continue;
            };
            known.remove(name);
            let (method, path) = name.split_once(' ').unwrap();
            wrong.extend(stage.judge(&Endpoint { path, ..entry.clone() }, &method.parse().unwrap()).await);
        }
    }
    wrong.extend(known.into_iter().map(|operation| format!("{operation} is in the table and not in the document")));
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rest_operation_takes_the_keys_it_should() {
    let stage = Stage::new().await;
    let programs = Programs::of(&stage).await;
    let document: Value =
        client().get(format!("{}/api/openapi.json", stage.web.url)).send().await.unwrap().json().await.unwrap();
    let mut wrong = Vec::new();
    let mut known: BTreeSet<&str> = keys::TAKE.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(known.len(), keys::TAKE.len(), "an operation stands in the list twice");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            let operation = format!("{} {path}", method.to_uppercase());
            known.remove(operation.as_str());
            let Some((name, entry)) = table::REST.iter().find(|(known, _)| *known == operation) else { continue };
            let (method, path) = name.split_once(' ').unwrap();
            let endpoint = Endpoint { path, ..entry.clone() };
            wrong.extend(stage.judge_keys(&programs, &endpoint, &method.parse().unwrap()).await);
            let scopes = match keys::expected(&operation) {
                Takes::Scope(scope) => json!([scope]),
                Takes::AnyKey => json!([]),
                Takes::NoKey | Takes::Unknown => Value::Null,
            };
            let documented = described["security"].as_array().into_iter().flatten().find_map(|way| way.get("api_key"));
            if documented.unwrap_or(&Value::Null) != &scopes {
                wrong.push(format!("{operation} takes {scopes} and documents {documented:?}"));
            }
        }
    }
    wrong.extend(known.into_iter().map(|operation| format!("{operation} is in the list and not in the document")));
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));

    // Neither pages nor server functions know keys.
    let program = programs.having.values().next().unwrap();
    for (name, entry) in table::FUNCTIONS.iter().filter(|(_, entry)| entry.least > Least::Nobody) {
        let path = format!("/fn/{name}");
        let (status, body) =
            stage.call(Some(program), &Endpoint { path: &path, ..entry.clone() }, &Method::POST, ABSENT).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path} takes a key: {body}");
    }
    let page = program.request(Method::GET, "/accounts").header(header::ACCEPT, "text/html").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    // What is no key opens nothing, and a cookie beside one counts for nothing.
    let owner = &stage.people[&Least::Admin];
    for key in ["arc_", "arc_nonsense", &format!("arc_{}", "a".repeat(48))] {
        let with_cookie = owner.request(Method::GET, "/api/auth/me").bearer_auth(key).send().await.unwrap();
        assert_eq!(with_cookie.status(), StatusCode::UNAUTHORIZED, "{key}");
    }
}

/// How many times longer the slower of two takes, by the medians of calls that alternate.
async fn ratio(stage: &Stage, endpoint: &Endpoint<'_>, method: &Method, id: &str) -> f64 {
    const CALLS: usize = 21;
    let (mut theirs, mut absent) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        for (id, times) in [(id, &mut theirs), (ABSENT, &mut absent)] {
            let started = Instant::now();
            stage.call(Some(&stage.stranger), endpoint, method, id).await;
            times.push(started.elapsed().as_secs_f64());
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[CALLS / 2]
    };
    let (theirs, absent) = (median(&mut theirs), median(&mut absent));
    theirs.max(absent) / theirs.min(absent)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_workspaces_things_take_as_long_as_none() {
    let stage = Stage::new().await;
    let rest = table::REST.iter().map(|(name, entry)| {
        let (method, path) = name.split_once(' ').unwrap();
        (method.parse::<Method>().unwrap(), path.to_owned(), entry)
    });
    let functions = table::FUNCTIONS.iter().map(|(name, entry)| (Method::POST, format!("/fn/{name}"), entry));
    let mut slow = Vec::new();
    let mut tried = 0;
    for (method, path, entry) in rest.chain(functions) {
        let Some(id) = entry.thing.map(|thing| stage.things[thing].clone()) else { continue };
        let endpoint = Endpoint { path: &path, ..entry.clone() };
        tried += 1;
        // A busy machine may delay one series; a path of its own would delay every one.
        let mut ratios = Vec::new();
        while ratios.len() < 4 && ratios.last().is_none_or(|ratio| *ratio > 1.4) {
            ratios.push(ratio(&stage, &endpoint, &method, &id).await);
        }
        if ratios.last().is_some_and(|ratio| *ratio > 1.4) {
            slow.push(format!("{method} {path}: {ratios:.2?}"));
        }
    }
    assert!(tried > 40, "{tried}");
    assert!(slow.is_empty(), "the time tells whether it exists:\n{}", slow.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_server_function_is_for_whom_it_should_be() {
    let stage = Stage::new().await;
    let registered: BTreeMap<String, Method> = server::http::pages::server_function_list().into_iter().collect();
    assert!(registered.len() > 20, "the registry was misread: {registered:?}");
    let mut wrong = Vec::new();
    let mut known: BTreeSet<&str> = table::FUNCTIONS.iter().map(|(name, _)| *name).collect();
    for (path, method) in &registered {
        if *method != Method::POST {
            wrong.push(format!("{path} takes {method}: a link could make a browser call it"));
        }
        let Some((name, entry)) = table::FUNCTIONS.iter().find(|(name, _)| path.strip_prefix("/fn/") == Some(name))
        else {
            wrong.push(format!("{path} is in no table: who may call it?"));
            continue;
        };
        known.remove(name);
        wrong.extend(stage.judge(&Endpoint { path, ..entry.clone() }, method).await);
    }
    wrong.extend(known.into_iter().map(|name| format!("{name} is in the table and not registered")));
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}
