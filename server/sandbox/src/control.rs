//! The control API: what tests and demos use to look behind the networks and to make things go wrong. JSON in and out;
//! the README lists every call.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Sandbox,
    config::JournalDetail,
    networks,
    push::{self, About},
    wire::percent_encode,
    world::{Account, Ended, Fault, Kind, Post, Slug, Stage, StageState, World},
};

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/health", get(health))
        .route("/control/posts", get(posts))
        .route("/control/stages", get(stages))
        .route("/control/requests", get(requests).delete(forget_requests))
        .route("/control/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/control/expire-tokens", post(expire_tokens))
        .route("/control/revoke", post(revoke))
        .route("/control/delete-data", post(delete_data))
        .route("/control/webhooks", get(webhooks))
        .route("/control/inbox", post(inbox))
        .route("/control/premium", post(premium))
        .route("/control/reset", post(reset))
        .route("/control/accounts", get(accounts).post(add_accounts))
        .route("/control/settings", get(settings).post(change_settings))
        .route("/control/advance", post(advance))
}

/// A control call that makes no sense: 400 (or 404) and a sentence.
#[derive(Debug)]
struct Wrong(StatusCode, String);

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

type Answer = Result<Json<Value>, Wrong>;

fn wrong(message: impl Into<String>) -> Wrong {
    Wrong(StatusCode::BAD_REQUEST, message.into())
}

/// Reads a body whatever its declared type; an empty one counts as `{}`.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Wrong> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))
}

fn platform(name: Option<&str>) -> Result<Option<Slug>, Wrong> {
    match name.filter(|name| !name.is_empty()) {
        None => Ok(None),
        Some(name) => networks::find(name)
            .map(|network| Some(network.slug()))
            .ok_or_else(|| wrong(format!("no platform is called {name:?}; there are {}", networks::names()))),
    }
}

/// Ids of the accounts meant by an id, a handle or a name.
fn ids(world: &World, platform: Option<Slug>, account: Option<&str>) -> Result<Option<Vec<String>>, Wrong> {
    let Some(wanted) = account.filter(|wanted| !wanted.is_empty()) else { return Ok(None) };
    let found: Vec<String> = world
        .accounts
        .iter()
        .filter(|account| platform.is_none_or(|platform| account.platform == platform))
        .filter(|account| account.is_called(wanted))
        .map(|account| account.id.clone())
        .collect();
    if found.is_empty() {
        return Err(Wrong(StatusCode::NOT_FOUND, format!("no account is called {wanted:?}")));
    }
    Ok(Some(found))
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok", "platforms": crate::platforms() }))
}

#[derive(Deserialize)]
struct PostsQuery {
    platform: Option<String>,
    account: Option<String>,
    /// Also what is hidden or scheduled at the network.
    #[serde(default)]
    all: bool,
    /// Only the newest so many.
    limit: Option<usize>,
}

async fn posts(State(sandbox): State<Sandbox>, Query(query): Query<PostsQuery>) -> Answer {
    let world = sandbox.world();
    let platform = platform(query.platform.as_deref())?;
    let accounts = ids(&world, platform, query.account.as_deref())?;
    let now = world.now();
    let mut found: Vec<&Post> = world
        .posts
        .iter()
        .rev()
        .filter(|post| platform.is_none_or(|platform| post.platform == platform))
        .filter(|post| accounts.as_ref().is_none_or(|ids| ids.contains(&post.account)))
        .filter(|post| query.all || post.is_public(now))
        .take(query.limit.unwrap_or(usize::MAX))
        .collect();
    found.reverse();
    let list: Vec<Value> = found.into_iter().map(|post| shown(&world, post, &sandbox.base())).collect();
    Ok(Json(json!({ "posts": list })))
}

fn shown(world: &World, post: &Post, base: &str) -> Value {
    let media: Vec<Value> = post
        .media
        .iter()
        .map(|one| {
            let item = world.media.get(post.platform, &one.media);
            json!({
                "id": one.media,
                "type": item.map(|item| item.mime.as_str()),
                "bytes": item.map(|item| item.size),
                "width": item.map(|item| item.width),
                "height": item.map(|item| item.height),
                "duration_ms": item.map(|item| item.duration_ms).filter(|ms| *ms > 0),
                "alt_text": one.alt_text,
                "url": format!("{base}/media/{}/{}", post.platform, percent_encode(&one.media)),
            })
        })
        .collect();
    let link = post.link.as_ref();
    let comments: Vec<Value> = post
        .comments
        .iter()
        .map(|one| json!({ "id": one.id, "author": one.author, "text": one.text, "created_at": one.created_at }))
        .collect();
    json!({
        "platform": post.platform,
        "account": post.account,
        "account_name": world.accounts.get(post.platform, &post.account).map(|account| account.name.as_str()),
        "id": post.id,
        "text": post.text,
        "media": media,
        "link": link.map(|link| json!({ "url": link.url, "title": link.title, "description": link.description })),
        "created_at": post.created_at,
        "publish_at": post.publish_at,
        "published": post.is_public(world.now()),
        "client": post.client,
        "url": networks::of(post.platform).map(|network| network.permalink(world, base, post)),
        "extra": post.extra,
        "comments": comments,
    })
}

#[derive(Deserialize)]
struct StagesQuery {
    platform: Option<String>,
    account: Option<String>,
}

/// Publications in the making: containers, publish ids, upload sessions.
async fn stages(State(sandbox): State<Sandbox>, Query(query): Query<StagesQuery>) -> Answer {
    let world = sandbox.world();
    let platform = platform(query.platform.as_deref())?;
    let accounts = ids(&world, platform, query.account.as_deref())?;
    let now = world.now();
    let mut found: Vec<&Stage> = world
        .stages
        .iter()
        .filter(|stage| platform.is_none_or(|platform| stage.platform == platform))
        .filter(|stage| accounts.as_ref().is_none_or(|ids| ids.contains(&stage.owner)))
        .collect();
    found.sort_by(|a, b| (a.made_at, &a.id).cmp(&(b.made_at, &b.id)));
    let list: Vec<Value> = found
        .into_iter()
        .map(|stage| {
            let made = stage.says("post_id").map(str::to_owned);
            let (state, post, failure) = match stage.state(now) {
                StageState::Waiting => ("waiting", made, None),
                StageState::Working(..) => ("working", made, None),
                StageState::Ready if made.is_some() => ("published", made, None),
                StageState::Ready => ("ready", made, None),
                StageState::Failed(failure) => ("failed", None, Some(failure.words)),
                StageState::Published(post) => ("published", Some(post), None),
            };
            json!({
                "platform": stage.platform, "account": stage.owner, "id": stage.id, "client": stage.client,
                "kind": stage.says("kind"), "made_at": stage.made_at, "state": state, "post": post,
                "failure": failure,
            })
        })
        .collect();
    Ok(Json(json!({ "stages": list })))
}

#[derive(Deserialize)]
struct RequestsQuery {
    platform: Option<String>,
    /// Only the newest so many.
    limit: Option<usize>,
}

async fn requests(State(sandbox): State<Sandbox>, Query(query): Query<RequestsQuery>) -> Answer {
    let world = sandbox.world();
    let platform = platform(query.platform.as_deref())?;
    let wanted = |entry: &&crate::world::Entry| platform.is_none_or(|platform| entry.platform == platform);
    let found: Vec<_> = world.journal.iter().filter(wanted).collect();
    let skip = found.len().saturating_sub(query.limit.unwrap_or(usize::MAX));
    Ok(Json(json!({ "requests": found.get(skip..).unwrap_or_default() })))
}

async fn forget_requests(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.world().journal.clear();
    Json(json!({ "requests": [] }))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

async fn add_faults(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let rules = match read(&body)? {
        OneOrMany::Many(rules) => rules,
        OneOrMany::One(rule) => vec![rule],
    };
    let rules = rules
        .into_iter()
        .map(|rule| serde_json::from_value::<Fault>(rule).map_err(|error| wrong(error.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    let mut world = sandbox.world();
    for rule in &rules {
        ids(&world, rule.platform, rule.account.as_deref())?;
        if let Some(problem) = rule.problem() {
            return Err(wrong(problem));
        }
    }
    for rule in rules {
        world.faults.add(rule);
    }
    Ok(Json(json!({ "faults": world.faults.list(), "struck": world.faults.struck() })))
}

async fn faults(State(sandbox): State<Sandbox>) -> Json<Value> {
    let world = sandbox.world();
    Json(json!({ "faults": world.faults.list(), "struck": world.faults.struck() }))
}

async fn clear_faults(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.world().faults.clear();
    Json(json!({ "faults": [], "struck": [] }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Concerned {
    platform: Option<Slug>,
    account: Option<String>,
    /// Expiry: refresh tokens too.
    #[serde(default)]
    refresh: bool,
}

async fn expire_tokens(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let wanted: Concerned = read(&body)?;
    let mut world = sandbox.world();
    let ids = ids(&world, wanted.platform, wanted.account.as_deref())?;
    let now = world.now();
    let expired = world.oauth.expire(wanted.platform, ids.as_deref(), wanted.refresh, now);
    world.changed();
    Ok(Json(json!({ "expired": expired })))
}

async fn revoke(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let wanted: Concerned = read(&body)?;
    let mut world = sandbox.world();
    let ids = ids(&world, wanted.platform, wanted.account.as_deref())?;
    let revoked = world.oauth.revoke(wanted.platform, ids.as_deref(), Ended::ByPerson);
    world.changed();
    let letters = push::letters(&world, &revoked, About::Removed);
    drop(world);
    push::send(&sandbox, letters);
    Ok(Json(json!({ "revoked": revoked.len() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forgotten {
    platform: Slug,
    account: String,
}

/// A person asks their network to have gone what applications keep of them: each is told, and its answer shown. That
/// takes the consent back, too.
async fn delete_data(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let wanted: Forgotten = read(&body)?;
    let letters = {
        let mut world = sandbox.world();
        let ids = ids(&world, Some(wanted.platform), Some(&wanted.account))?.unwrap_or_default();
        world.oauth.revoke(Some(wanted.platform), Some(&ids), Ended::ByPerson);
        world.changed();
        let grants: Vec<_> = ids.iter().flat_map(|id| world.oauth.of_person(wanted.platform, id)).collect();
        push::letters(&world, &grants, About::Deletion)
    };
    let mut answers = Vec::new();
    for letter in &letters {
        answers.push(push::deliver(&sandbox, letter).await);
    }
    Ok(Json(json!({ "answers": answers })))
}

/// Messages sent to applications.
async fn webhooks(State(sandbox): State<Sandbox>) -> Json<Value> {
    let world = sandbox.world();
    Json(json!({ "webhooks": world.outbox.iter().collect::<Vec<_>>() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inbox {
    account: Option<String>,
    /// `post` or `cancel`.
    decision: Decision,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Post,
    Cancel,
}

/// TikTok's creators open their inboxes.
async fn inbox(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let wanted: Inbox = read(&body)?;
    let mut world = sandbox.world();
    let ids = ids(&world, platform(Some("tiktok"))?, wanted.account.as_deref())?;
    let answered = networks::answer_inbox(&mut world, ids.as_deref(), wanted.decision == Decision::Post);
    Ok(Json(json!({ "answered": answered })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paying {
    platform: Slug,
    account: String,
    premium: bool,
}

/// An account pays for longer posts from now on, or no longer.
async fn premium(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let wanted: Paying = read(&body)?;
    let mut world = sandbox.world();
    let ids = ids(&world, Some(wanted.platform), Some(&wanted.account))?.unwrap_or_default();
    for id in &ids {
        if let Some(account) = world.accounts.get_mut(wanted.platform, id) {
            account.premium = wanted.premium;
        }
    }
    world.changed();
    Ok(Json(json!({ "changed": ids.len() })))
}

async fn reset(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.world().reset();
    Json(json!({ "reset": true }))
}

#[derive(Deserialize)]
struct AccountsQuery {
    platform: Option<String>,
}

async fn accounts(State(sandbox): State<Sandbox>, Query(query): Query<AccountsQuery>) -> Answer {
    let world = sandbox.world();
    let platform = platform(query.platform.as_deref())?;
    let wanted = |account: &&Account| platform.is_none_or(|platform| account.platform == platform);
    let list: Vec<Value> = world.accounts.iter().filter(wanted).map(|account| described(&world, account)).collect();
    Ok(Json(json!({ "accounts": list })))
}

fn described(world: &World, account: &Account) -> Value {
    let staff: Vec<Value> =
        account.staff.iter().map(|staff| json!({ "account": staff.person, "role": staff.role })).collect();
    let grants = world
        .oauth
        .live_grants()
        .filter(|grant| grant.platform == account.platform)
        .filter(|grant| grant.person == account.id || grant.assets.contains(&account.id))
        .count();
    json!({
        "platform": account.platform, "id": account.id, "kind": account.kind, "name": account.name,
        "handle": account.handle, "publishes": account.publishes, "run_by": staff, "grants": grants,
        "posts": world.posts.count(account.platform, &account.id),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAccounts {
    platform: Slug,
    /// How many; 1 if absent.
    count: Option<u32>,
    /// `person` or `page`; the platform's usual kind if absent.
    kind: Option<Kind>,
    /// Name, numbered if there are several.
    name: Option<String>,
}

async fn add_accounts(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    const MOST: u32 = 1_000;
    let wanted: NewAccounts = read(&body)?;
    let count = wanted.count.unwrap_or(1);
    if !(1..=MOST).contains(&count) {
        return Err(wrong(format!("count must be between 1 and {MOST}")));
    }
    let network = networks::of(wanted.platform).ok_or_else(|| wrong("no such platform"))?;
    let kind = wanted.kind.unwrap_or_else(|| network.default_kind());
    let mut world = sandbox.world();
    let mut made = Vec::new();
    for number in 1..=count {
        let serial = world.serial();
        let name = match (&wanted.name, count) {
            (Some(name), 1) => name.clone(),
            (Some(name), _) => format!("{name} {number}"),
            (None, _) => format!("{} {serial}", invented_name(serial)),
        };
        let accounts = network.invent(serial, &name, kind);
        made.extend(accounts.last().map(|account| account.id.clone()));
        for account in accounts {
            world.accounts.add(account);
        }
    }
    world.changed();
    let list: Vec<Value> = made
        .iter()
        .filter_map(|id| world.accounts.get(wanted.platform, id))
        .map(|account| described(&world, account))
        .collect();
    Ok(Json(json!({ "accounts": list })))
}

/// Believable and made up.
fn invented_name(serial: u64) -> String {
    const FIRST: [&str; 8] = ["Alder", "Birch", "Copper", "Dunmore", "Ember", "Fjord", "Granite", "Heron"];
    const SECOND: [&str; 7] = ["Bakery", "Books", "Ceramics", "Gardens", "Outdoor", "Records", "Studio"];
    let pick = |list: &[&'static str], at: u64| {
        let at = usize::try_from(at).unwrap_or_default() % list.len().max(1);
        list.get(at).copied().unwrap_or_default()
    };
    format!("{} {}", pick(&FIRST, serial), pick(&SECOND, serial / 8))
}

async fn settings(State(sandbox): State<Sandbox>) -> Json<Value> {
    let world = sandbox.world();
    let mut out = json!(world.settings);
    if let Some(map) = out.as_object_mut() {
        map.insert("journal".to_owned(), json!(world.journal.detail));
    }
    Json(out)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSettings {
    enforce_limits: Option<bool>,
    reject_duplicates: Option<bool>,
    processing_ms: Option<u64>,
    local_media: Option<bool>,
    verified_prefixes: Option<Vec<String>>,
    audited: Option<bool>,
    /// A day, or `"today"`.
    versions_as_of: Option<String>,
    /// Empty: nothing is sent any more.
    webhooks: Option<String>,
    journal: Option<JournalDetail>,
}

async fn change_settings(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let wanted: NewSettings = read(&body)?;
    let day = match wanted.versions_as_of.as_deref() {
        None => None,
        Some("today") => Some(None),
        Some(day) => Some(Some(day.parse::<NaiveDate>().map_err(|error| wrong(format!("versions_as_of: {error}")))?)),
    };
    {
        let mut world = sandbox.world();
        if let Some(enforce) = wanted.enforce_limits {
            world.settings.enforce_limits = enforce;
            world.limits.clear();
        }
        if let Some(reject) = wanted.reject_duplicates {
            world.settings.reject_duplicates = reject;
        }
        if let Some(ms) = wanted.processing_ms {
            world.settings.processing_ms = ms;
        }
        if let Some(local) = wanted.local_media {
            world.settings.local_media = local;
        }
        if let Some(prefixes) = wanted.verified_prefixes {
            world.settings.verified_prefixes = prefixes;
        }
        if let Some(audited) = wanted.audited {
            world.settings.audited = audited;
        }
        if let Some(day) = day {
            world.settings.versions_as_of = day;
        }
        if let Some(address) = wanted.webhooks {
            world.settings.webhooks = Some(address).filter(|address| !address.is_empty());
        }
        if let Some(detail) = wanted.journal {
            world.journal.detail = detail;
        }
    }
    Ok(settings(State(sandbox)).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i64,
}

async fn advance(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let wanted: Advance = read(&body)?;
    let mut world = sandbox.world();
    let by = TimeDelta::try_seconds(wanted.seconds).ok_or_else(|| wrong("too many seconds"))?;
    world.ahead = world.ahead.checked_add(&by).ok_or_else(|| wrong("too many seconds"))?;
    Ok(Json(json!({ "now": world.now() })))
}
