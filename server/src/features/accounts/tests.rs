//! Connecting, using, renewing and giving back, against the simulated networks and a real PostgreSQL.

mod log;
mod permissions;
mod removal;
mod renewal;

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    response::Response,
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, Actor, ErrorCode, PageRequest, Platform, RequestId, ServiceError, SessionId, UserId, Via, WorkspaceId,
    accounts::{
        Account, AccountFilter, AccountStatus, Accounts, AuthorizeOptions, Callback, Connected, ConnectionEventFilter,
        ConnectionEventType, OauthProblem,
    },
    clock::{Clock, Ids},
    deliveries::MissedPolicy,
    workspaces::{Role, WorkspaceKind},
};
use platforms::{
    Adapter, ApiVersion, AuthorizeRequest, Exchange, ExchangeRequest, Finding, Http, HttpSettings, PlatformError,
    PlatformSettings, Probe, Profile, PublishRequest, Published, Registry, Staged, Traits,
};
use sandbox::{
    Config, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, PARTNER_CLIENT_ID, PARTNER_CLIENT_SECRET, Running, SECRET_MARK,
    Sandbox,
    driver::{Control, Visitor},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, Row, error::DatabaseError};
use testkit::{FrozenClock, SeqIds, TestDatabase};
use tokio::sync::Notify;
use tower::ServiceExt;
use url::Url;
use uuid::Uuid;
use vault::{Algorithm, KeyRing, Vault};

use super::{
    AccountsService, AccountsSetup, OauthFailure, TokenError, Tokens, TokensSetup, api, callback_url,
    jobs::{ConfirmAccess, RefreshToken, RevokeAccess, SweepTokens, TokenReach},
};
use crate::{
    database::{Database, DatabaseUrls, PoolSizes},
    features::{
        deliveries::Selector,
        notifications::{self, telling::Tell},
    },
    jobs::{self, Job, JobContext, run_due},
};

/// A workspace with one person and their session, the networks, and everything between.
struct Bench {
    database: TestDatabase,
    sandbox: Running,
    control: Control,
    clock: Arc<FrozenClock>,
    ids: Arc<SeqIds>,
    db: Database,
    platforms: Arc<Registry>,
    ring: KeyRing,
    accounts: Arc<dyn Accounts>,
    tokens: Tokens,
    admin: Actor,
}

fn vault(ring: &KeyRing) -> Arc<Vault> {
    let copy = KeyRing::parse(&ring.to_setting()).unwrap();
    Arc::new(Vault::new(copy, Algorithm::default()))
}

fn public_url() -> Url {
    "http://127.0.0.1:8080".parse().unwrap()
}

impl Bench {
    async fn new() -> Self {
        Self::with_client(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET).await
    }

    /// The application that LinkedIn gives refresh tokens to.
    async fn partner() -> Self {
        Self::with_client(PARTNER_CLIENT_ID, PARTNER_CLIENT_SECRET).await
    }

    async fn with_client(client_id: &str, client_secret: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = jobs::tests::database().await;
        let sandbox = Sandbox::start(Config::default()).await.unwrap();
        let control = sandbox.control().unwrap();
        let clock = Arc::new(FrozenClock::at_present());
        let ids = Arc::new(SeqIds::default());
        let db = connect(&database);
        let dyn_clock: Arc<dyn Clock> = clock.clone();
        let http = HttpSettings { allow_private_networks: true, ..HttpSettings::default() };
        let http = Arc::new(Http::new(http, dyn_clock).unwrap());
        let address: Url = sandbox.url().parse().unwrap();
        let settings = platforms::supported().map(|platform| {
            let callback = callback_url(&public_url(), platform);
            PlatformSettings::new(platform, client_id, client_secret.into(), callback).unwrap().in_sandbox(&address)
        });
        let platforms = Arc::new(Registry::new(settings, &http).unwrap());
        let ring = KeyRing::generate().unwrap();
        let accounts = Arc::new(AccountsService::new(AccountsSetup {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            platforms: Arc::clone(&platforms),
            vault: vault(&ring),
            public_url: public_url(),
            oauth_key: "a key of the server's, thirty-two bytes at least".into(),
        }));
        let mut bench = Self {
            tokens: Tokens::new(TokensSetup {
                db: db.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                platforms: Arc::clone(&platforms),
                vault: vault(&ring),
            }),
            admin: nobody(),
            database,
            sandbox,
            control,
            clock,
            ids,
            db,
            platforms,
            ring,
            accounts,
        };
        bench.admin = bench.somebody("niamh", Role::Admin).await;
        bench
    }

    /// A person with a workspace and a session of their own.
    async fn somebody(&self, name: &str, role: Role) -> Actor {
        let (workspace, user, session) = (self.ids.next(), self.ids.next(), self.ids.next());
        let now = self.clock.now();
        let mut admin = self.database.admin().await.unwrap();
        sqlx::query("insert into workspaces (id, name, slug, kind, created_at, updated_at) values ($1, $2, $2, 'client', $3, $3)")
            .bind(workspace)
            .bind(name)
            .bind(now)
            .execute(&mut admin)
            .await
            .unwrap();
        sqlx::query(
            "insert into users (id, email, password_hash, full_name, role, created_at, updated_at)
             values ($1, $2, 'none', $3, 'client', $4, $4)",
        )
        .bind(user)
        .bind(format!("{name}@example.com"))
        .bind(name)
        .bind(now)
        .execute(&mut admin)
        .await
        .unwrap();
        let mut actor = Actor {
            user_id: UserId(user),
            workspace_id: WorkspaceId(workspace),
            kind: WorkspaceKind::Client,
            role,
            via: Via::Session(SessionId(session)),
            request_id: RequestId::parse("req_test").unwrap(),
            peer: domain::Peer::default(),
        };
        actor.via = self.session(&actor).await;
        actor
    }

    /// Another session of the same person.
    async fn session(&self, actor: &Actor) -> Via {
        let session = self.ids.next();
        let hash = [session.into_bytes(), session.into_bytes()].concat();
        sqlx::query(
            "insert into sessions (id, user_id, workspace_id, token_hash, created_at, last_seen_at, expires_at)
             values ($1, $2, $3, $4, $5, $5, $5 + interval '7 days')",
        )
        .bind(session)
        .bind(actor.user_id.0)
        .bind(actor.workspace_id.0)
        .bind(hash)
        .bind(self.clock.now())
        .execute(&mut self.database.admin().await.unwrap())
        .await
        .unwrap();
        Via::Session(SessionId(session))
    }

    async fn authorize(&self, actor: &Actor, platform: Platform) -> String {
        self.accounts.authorize(actor, platform, AuthorizeOptions::default()).await.unwrap()
    }

    async fn come_back(&self, actor: &Actor, platform: Platform, url: &Url) -> Result<Connected, ServiceError> {
        self.accounts.callback(actor, platform, parse(url)).await
    }

    async fn connect_as(&self, actor: &Actor, platform: Platform, visitor: Visitor) -> Result<Connected, ServiceError> {
        let url = self.authorize(actor, platform).await;
        self.come_back(actor, platform, &visitor.authorize(&url).await.unwrap()).await
    }

    /// The one account that this consent connects.
    async fn connect(&self, platform: Platform, visitor: Visitor) -> Account {
        let mut connected = self.connect_as(&self.admin, platform, visitor).await.unwrap().accounts;
        assert_eq!(connected.len(), 1, "{connected:?}");
        connected.remove(0)
    }

    async fn connect_x(&self) -> Account {
        self.connect(Platform::Twitter, Visitor::called("northwindcoffee")).await
    }

    async fn list(&self) -> Vec<Account> {
        self.accounts.list(&self.admin, AccountFilter::default()).await.unwrap().items
    }

    async fn get(&self, id: AccountId) -> Account {
        self.accounts.get(&self.admin, id).await.unwrap()
    }

    /// The account's log, oldest first.
    async fn log(&self, id: AccountId) -> Vec<(ConnectionEventType, Option<String>, Option<u16>)> {
        let all = ConnectionEventFilter { page: PageRequest::first(100), ..ConnectionEventFilter::default() };
        let page = self.accounts.events(&self.admin, id, all).await.unwrap();
        page.items.into_iter().rev().map(|event| (event.event_type, event.message, event.status_code)).collect()
    }

    /// The newest line of the workspace's log, accounts or none.
    async fn last_line(&self, actor: &Actor) -> (String, Option<String>) {
        let row = sqlx::query(
            "select event_type::text, message from connection_events where workspace_id = $1 order by id desc limit 1",
        )
        .bind(actor.workspace_id.0)
        .fetch_one(&mut self.database.admin().await.unwrap())
        .await
        .unwrap();
        (row.get(0), row.get(1))
    }

    fn context(&self) -> JobContext {
        JobContext {
            db: self.db.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            platforms: Arc::clone(&self.platforms),
            tokens: self.tokens.clone(),
            files: jobs::tests::files(),
            audit_keep_days: 730,
            selector: Selector::new(self.ids.clone(), Arc::clone(&self.platforms), MissedPolicy::default()),
            letters: jobs::tests::letters(),
            webhooks: notifications::tests::webhooks(&(self.clock.clone() as Arc<dyn Clock>), &vault(&self.ring)),
        }
    }

    /// Runs every job whose time has come by the frozen clock.
    async fn run_jobs(&self) {
        // The library looks at the database's clock, which runs on while ours stands or leaps.
        sqlx::query("update graphile_worker._private_jobs set run_at = now() where run_at <= $1 and locked_at is null")
            .bind(self.clock.now())
            .execute(self.db.worker_pool())
            .await
            .unwrap();
        run_due(&self.context(), jobs::registry::all()).await.unwrap();
        let dead: Vec<String> =
            sqlx::query_scalar("select last_error from graphile_worker._private_jobs where last_error is not null")
                .fetch_all(self.db.worker_pool())
                .await
                .unwrap();
        assert!(dead.is_empty(), "{dead:?}");
    }

    /// The times and names of the jobs that wait.
    async fn waiting(&self) -> Vec<(String, DateTime<Utc>)> {
        sqlx::query_as(
            "select t.identifier, j.run_at from graphile_worker._private_jobs j
               join graphile_worker._private_tasks t on t.id = j.task_id order by 1, 2",
        )
        .fetch_all(self.db.worker_pool())
        .await
        .unwrap()
    }

    async fn enqueue<J: Job>(&self, job: &J) {
        let mut tx = self.db.worker().await.unwrap();
        jobs::enqueue(&mut tx, job, None).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Calls of this kind that reached the networks.
    async fn calls(&self, operation: &str) -> usize {
        let requests = self.control.requests(None).await.unwrap();
        requests.iter().filter(|request| request["operation"] == operation).count()
    }

    /// How often a path that ends like this was called.
    async fn asked_of(&self, path: &str) -> usize {
        let requests = self.control.requests(None).await.unwrap();
        requests.iter().filter(|request| request["path"].as_str().is_some_and(|at| at.ends_with(path))).count()
    }

    async fn fault(&self, rule: Value) {
        self.control.fault(&rule).await.unwrap();
    }

    async fn has_tokens(&self, id: AccountId) -> bool {
        sqlx::query_scalar("select exists (select from account_credentials where account_id = $1)")
            .bind(id.0)
            .fetch_one(self.db.worker_pool())
            .await
            .unwrap()
    }

    async fn version(&self, id: AccountId) -> i64 {
        sqlx::query_scalar("select token_version from account_credentials where account_id = $1")
            .bind(id.0)
            .fetch_one(self.db.worker_pool())
            .await
            .unwrap()
    }

    /// The whole router, with somebody or nobody signed in.
    fn router(&self, actor: Option<Actor>) -> Router {
        let (router, _) = api::router::<Arc<dyn Accounts>>().split_for_parts();
        router.with_state(Arc::clone(&self.accounts)).layer(from_fn(move |mut request: Request, next: Next| {
            let actor = actor.clone();
            async move {
                if let Some(actor) = actor {
                    request.extensions_mut().insert(actor);
                }
                next.run(request).await
            }
        }))
    }
}

fn connect(database: &TestDatabase) -> Database {
    let urls = DatabaseUrls {
        owner: database.owner_url.clone().into(),
        app: database.app_url.clone().into(),
        worker: database.worker_url.clone().into(),
    };
    Database::connect(&urls, PoolSizes { app: 4, worker: 6, ..PoolSizes::default() }).unwrap()
}

fn nobody() -> Actor {
    Actor {
        user_id: UserId(Uuid::nil()),
        workspace_id: WorkspaceId(Uuid::nil()),
        kind: WorkspaceKind::Client,
        role: Role::Viewer,
        via: Via::System,
        request_id: RequestId::parse("req_nobody").unwrap(),
        peer: domain::Peer::default(),
    }
}

fn parse(url: &Url) -> Callback {
    crate::http::extract::parse_query(url.query().unwrap_or_default()).unwrap()
}

#[track_caller]
fn assert_problem(result: &Result<Connected, ServiceError>, platform: Platform, expected: OauthProblem) {
    let error = result.as_ref().unwrap_err();
    assert_eq!(OauthFailure::behind(error).map(|failure| failure.problem), Some(expected), "{error:?}");
    assert_eq!(error.code(), ErrorCode::OauthError);
    assert_eq!(error.fault.message, expected.sentence(platform));
}

#[track_caller]
fn revoked<T: std::fmt::Debug>(result: Result<T, TokenError>) -> String {
    match result.unwrap_err() {
        TokenError::Revoked { message } => message,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn retry<T: std::fmt::Debug>(result: Result<T, TokenError>) -> DateTime<Utc> {
    match result.unwrap_err() {
        TokenError::Retry { at, .. } => at,
        other => panic!("{other:?}"),
    }
}

// ------------------------------------------------------------------------------------------------------- connecting

#[tokio::test]
async fn accounts_of_three_networks_are_connected_named_and_sealed() {
    let bench = Bench::new().await;
    let x = bench.connect_x().await;
    assert_eq!(
        (x.status, x.is_active, x.handle.as_deref()),
        (AccountStatus::Connected, true, Some("@northwindcoffee"))
    );
    assert!(x.missing_scopes.is_empty());
    let left = x.token_expires_at.unwrap() - bench.clock.now();
    assert!(left > Duration::minutes(115) && left <= Duration::hours(2), "{left}");

    let pages = bench.connect_as(&bench.admin, Platform::Facebook, Visitor::called("Niamh Doyle")).await.unwrap();
    assert_eq!(pages.accounts.len(), 2);
    assert_eq!(pages.return_to, "/accounts");
    assert!(pages.accounts.iter().all(|page| page.token_expires_at.is_none()));

    let linkedin = bench.connect_as(&bench.admin, Platform::Linkedin, Visitor::called("Niamh Doyle")).await.unwrap();
    assert!(linkedin.accounts.iter().any(|account| account.display_name == "Niamh Doyle"));

    let names: Vec<String> =
        bench.list().await.into_iter().map(|account| account.display_name.to_lowercase()).collect();
    assert!(names.is_sorted(), "{names:?}");
    let counts = bench.accounts.counts(&bench.admin).await.unwrap();
    assert_eq!(usize::try_from(counts.connected).unwrap(), names.len());

    let log = bench.log(x.id).await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].0, ConnectionEventType::AuthorizationSuccess);
    assert!(log[0].1.as_ref().unwrap().contains("Northwind"));

    let open = bench.tokens.open(x.id).await.unwrap();
    assert!(open.tokens.access_token.expose_secret().contains(SECRET_MARK));
    assert!(!format!("{open:?}").contains(SECRET_MARK));
    assert_nothing_plain(&bench).await;
}

/// Looks for the networks' tokens in every column of every table, ours and the job library's.
async fn assert_nothing_plain(bench: &Bench) {
    let mut admin = bench.database.admin().await.unwrap();
    let columns = sqlx::query(
        "select format('%I.%I', table_schema, table_name), format('%I', column_name)
           from information_schema.columns join information_schema.tables using (table_schema, table_name)
          where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'
            and (data_type in ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY'))",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    let mut rows_seen = 0;
    for column in &columns {
        let (table, name): (String, String) = (column.get(0), column.get(1));
        // Bytes print as hexadecimal: the mark is looked for in both forms.
        let hex = hex::encode(SECRET_MARK);
        let sql = format!(
            "select count(*), count(*) filter (where {name}::text like '%{SECRET_MARK}%' or {name}::text like '%{hex}%') from {table}"
        );
        let (rows, found): (i64, i64) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut admin).await.unwrap();
        rows_seen += rows;
        assert_eq!(found, 0, "a token stands in {table}.{name}");
    }
    assert!(columns.len() > 40 && rows_seen > 20, "{} columns, {rows_seen} rows", columns.len());
}

#[tokio::test]
async fn saying_no_at_the_platform_connects_nothing_and_is_logged() {
    let bench = Bench::new().await;
    for platform in platforms::supported() {
        let url = bench.authorize(&bench.admin, platform).await;
        let back = Visitor::anybody().refuse(&url).await.unwrap();
        let result = bench.come_back(&bench.admin, platform, &back).await;
        assert_problem(&result, platform, OauthProblem::Refused);
        let (kind, message) = bench.last_line(&bench.admin).await;
        assert_eq!(kind, "authorization_failed");
        assert!(message.unwrap().starts_with(&OauthProblem::Refused.sentence(platform)));
        // The state went with the refusal.
        assert_problem(&bench.come_back(&bench.admin, platform, &back).await, platform, OauthProblem::StateUsed);
    }
    assert!(bench.list().await.is_empty());
}

#[tokio::test]
async fn a_state_is_good_once_for_ten_minutes_in_its_session_and_platform() {
    let bench = Bench::new().await;
    let platform = Platform::Twitter;
    let visit = async || {
        let url = bench.authorize(&bench.admin, platform).await;
        Visitor::called("harbourpine").authorize(&url).await.unwrap()
    };

    let used = visit().await;
    bench.come_back(&bench.admin, platform, &used).await.unwrap();
    assert_problem(&bench.come_back(&bench.admin, platform, &used).await, platform, OauthProblem::StateUsed);

    let late = visit().await;
    bench.clock.advance(Duration::minutes(10));
    assert_problem(&bench.come_back(&bench.admin, platform, &late).await, platform, OauthProblem::StateExpired);

    let elsewhere = visit().await;
    let mut other_session = bench.admin.clone();
    other_session.via = bench.session(&bench.admin).await;
    let result = bench.come_back(&other_session, platform, &elsewhere).await;
    assert_problem(&result, platform, OauthProblem::OtherSession);

    // Somebody else does not even learn that it exists, and cannot use it up.
    let stolen = visit().await;
    let stranger = bench.somebody("stranger", Role::Admin).await;
    assert_problem(&bench.come_back(&stranger, platform, &stolen).await, platform, OauthProblem::StateUnknown);
    let result = bench.come_back(&bench.admin, Platform::Facebook, &stolen).await;
    assert_problem(&result, Platform::Facebook, OauthProblem::StateUnknown);
    bench.come_back(&bench.admin, platform, &stolen).await.unwrap();

    for state in [None, Some("x"), Some("' or true --")] {
        let callback = Callback { code: Some("code".into()), state: state.map(str::to_owned), ..Callback::default() };
        let result = bench.accounts.callback(&bench.admin, platform, callback).await;
        assert_problem(&result, platform, OauthProblem::StateUnknown);
    }
    let (_, message) = bench.last_line(&bench.admin).await;
    assert!(message.unwrap().starts_with(&OauthProblem::StateUnknown.sentence(platform)));
}

#[tokio::test]
async fn two_callbacks_at_once_are_one() {
    let bench = Bench::new().await;
    let url = bench.authorize(&bench.admin, Platform::Twitter).await;
    let back = Visitor::called("kestrelbikes").authorize(&url).await.unwrap();
    let (one, two) = tokio::join!(
        bench.come_back(&bench.admin, Platform::Twitter, &back),
        bench.come_back(&bench.admin, Platform::Twitter, &back)
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(bench.calls("token").await, 1);
}

#[tokio::test]
async fn a_failed_exchange_says_whose_fault_it_was() {
    let bench = Bench::new().await;
    let platform = Platform::Twitter;
    let url = bench.authorize(&bench.admin, platform).await;
    let mut back = parse(&Visitor::anybody().authorize(&url).await.unwrap());
    back.code = Some("never-issued".to_owned());
    let result = bench.accounts.callback(&bench.admin, platform, back).await;
    assert_problem(&result, platform, OauthProblem::ExchangeFailed);

    bench
        .fault(json!({"platform": "twitter", "operation": "token", "fault": "status", "status": 503, "times": 9}))
        .await;
    let result = bench.connect_as(&bench.admin, platform, Visitor::anybody()).await;
    assert_problem(&result, platform, OauthProblem::PlatformDown);
    let (kind, _) = bench.last_line(&bench.admin).await;
    assert_eq!(kind, "authorization_failed");
    assert!(bench.list().await.is_empty());
    assert_nothing_plain(&bench).await;
}

#[tokio::test]
async fn what_was_unticked_is_named_with_what_it_costs() {
    let bench = Bench::new().await;
    let visitor = Visitor::called("juniperhotels").without_scope("media.write");
    let account = bench.connect(Platform::Twitter, visitor).await;
    let missing: Vec<&str> = account.missing_scopes.iter().map(|missing| missing.scope.as_str()).collect();
    assert_eq!(missing, ["media.write"]);
    assert!(account.missing_scopes[0].costs.contains("pictures") && !account.missing_scopes[0].needed_to_publish);
    assert_eq!(bench.get(account.id).await.missing_scopes, account.missing_scopes);
    assert!(bench.log(account.id).await[0].1.as_ref().unwrap().contains("pictures"));

    let visitor = Visitor::called("harbourpine").without_scope("users.read");
    let result = bench.connect_as(&bench.admin, Platform::Twitter, visitor).await;
    assert_problem(&result, Platform::Twitter, OauthProblem::MissingScopes);

    let visitor = Visitor::called("Maya Lindqvist").only_pages(Vec::<String>::new());
    let result = bench.connect_as(&bench.admin, Platform::Facebook, visitor).await;
    assert_problem(&result, Platform::Facebook, OauthProblem::NothingToConnect);
}

#[tokio::test]
async fn what_an_authorization_leaves_out_is_told_to_whoever_made_it() {
    let bench = Bench::new().await;
    let visitor = Visitor::called("tomas.okafor").without_scope("read_insights");
    let url = bench.authorize(&bench.admin, Platform::Facebook).await;
    let back = visitor.authorize(&url).await.unwrap();
    let callback = format!("{}?{}", back.path(), back.query().unwrap());
    let response = send(bench.router(Some(bench.admin.clone())), "GET", &callback, None).await;
    let landed = location(&response);
    let id = landed.split_once("&withheld=").map_or_else(|| panic!("{landed}"), |(_, id)| id.to_owned());

    let path = format!("/api/authorizations/{id}/withheld");
    let told = json_of(send(bench.router(Some(bench.admin.clone())), "GET", &path, None).await).await;
    let (permissions, left_out) = (&told["data"]["permissions"], &told["data"]["left_out"]);
    assert_eq!(permissions.as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(permissions[0]["scope"], "read_insights");
    assert_eq!(permissions[0]["accounts"], json!(["Kestrel Bikes"]));
    assert!(permissions[0]["costs"].as_str().is_some_and(|costs| costs.ends_with('.')), "{told}");
    assert_eq!((left_out.as_array().map(Vec::len), &left_out[0]["name"]), (Some(1), &json!("Meridian Dental")));
    assert!(left_out[0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{told}");

    // Nobody else's business, whatever their role.
    let mut colleague = bench.somebody("colm", Role::Admin).await;
    colleague.workspace_id = bench.admin.workspace_id;
    for who in [colleague, bench.somebody("else", Role::Admin).await] {
        assert_eq!(send(bench.router(Some(who)), "GET", &path, None).await.status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(send(bench.router(None), "GET", &path, None).await.status(), StatusCode::UNAUTHORIZED);
    // Where nothing was withheld there is nothing to tell.
    let whole = bench.connect_as(&bench.admin, Platform::Twitter, Visitor::anybody()).await.unwrap();
    assert_eq!(whole.withheld, None);
}

#[tokio::test]
async fn the_same_account_again_is_updated_and_never_doubled() {
    let bench = Bench::new().await;
    let first = bench.connect_x().await;
    bench.accounts.set_active(&bench.admin, first.id, false).await.unwrap();
    bench.clock.advance(Duration::minutes(1));
    let again = bench.connect_x().await;
    assert_eq!((again.id, again.is_active), (first.id, false));
    assert_eq!(again.connected_at, first.connected_at);
    assert_eq!(bench.version(first.id).await, 2);
    assert_eq!(bench.list().await.len(), 1);
    bench.tokens.open(first.id).await.unwrap();
}

#[tokio::test]
async fn how_much_an_account_may_write_is_known_as_of_its_last_connection_or_renewal() {
    let bench = Bench::new().await;
    let connect = async || bench.connect(Platform::Twitter, Visitor::called("kestrelbikes")).await;
    let pays = async |premium: bool| {
        let body = json!({"platform": "twitter", "account": "kestrelbikes", "premium": premium});
        bench.control.post("premium", &body).await.unwrap();
    };
    let account = connect().await;
    assert_eq!(account.text_max, Some(25_000));
    assert_eq!(bench.connect_x().await.text_max, None);
    let on_x = AccountFilter { platform: Some(Platform::Twitter), ..AccountFilter::default() };
    for listed in [bench.list().await, bench.accounts.list(&bench.admin, on_x).await.unwrap().items] {
        let known: Vec<_> = listed.iter().filter_map(|one| Some((one.id, one.text_max?))).collect();
        assert_eq!(known, [(account.id, 25_000)]);
    }

    pays(false).await;
    assert_eq!(bench.get(account.id).await.text_max, Some(25_000), "nobody has asked X since");
    let again = connect().await;
    assert_eq!((again.id, again.text_max), (account.id, None));

    pays(true).await;
    bench.accounts.refresh(&bench.admin, account.id).await.unwrap();
    bench.run_jobs().await;
    assert_eq!(bench.get(account.id).await.text_max, Some(25_000));
    pays(false).await;
    bench.accounts.refresh(&bench.admin, account.id).await.unwrap();
    bench.run_jobs().await;
    assert_eq!(bench.get(account.id).await.text_max, None);
}

#[tokio::test]
async fn an_account_belongs_to_one_workspace_at_a_time() {
    let bench = Bench::new().await;
    let other = bench.somebody("other", Role::Admin).await;
    let account = bench.connect_x().await;
    let result = bench.connect_as(&other, Platform::Twitter, Visitor::called("northwindcoffee")).await;
    assert_problem(&result, Platform::Twitter, OauthProblem::ConnectedElsewhere);
    assert!(
        bench
            .last_line(&other)
            .await
            .1
            .unwrap()
            .starts_with(&OauthProblem::ConnectedElsewhere.sentence(Platform::Twitter))
    );
    assert_eq!(bench.version(account.id).await, 1);

    // Of several pages, those that are free are connected.
    let page = Visitor::called("Niamh Doyle").only_pages(["Northwind Coffee Roasters"]);
    bench.connect(Platform::Facebook, page).await;
    let both = bench.connect_as(&other, Platform::Facebook, Visitor::called("Niamh Doyle")).await.unwrap();
    assert_eq!(both.accounts.len(), 1);
    assert!(both.accounts[0].display_name.contains("Cork"));

    bench.accounts.unlink(&bench.admin, account.id).await.unwrap();
    let moved = bench.connect_as(&other, Platform::Twitter, Visitor::called("northwindcoffee")).await.unwrap();
    assert_ne!(moved.accounts[0].id, account.id);
    // And back it cannot come while it is there.
    let result = bench.connect_as(&bench.admin, Platform::Twitter, Visitor::called("northwindcoffee")).await;
    assert_problem(&result, Platform::Twitter, OauthProblem::ConnectedElsewhere);
}

#[tokio::test]
async fn reconnecting_is_for_the_account_that_was_meant() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    let member = Actor { role: Role::Member, ..bench.admin.clone() };
    let options = || AuthorizeOptions { account_id: Some(account.id), return_to: Some("/compose?draft=1".into()) };

    let refused = bench.accounts.authorize(&member, Platform::Twitter, AuthorizeOptions::default()).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Forbidden);
    let viewer = Actor { role: Role::Viewer, ..member.clone() };
    let refused = bench.accounts.authorize(&viewer, Platform::Twitter, options()).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Forbidden);

    let url = bench.accounts.authorize(&member, Platform::Twitter, options()).await.unwrap();
    let back = Visitor::called("harbourpine").authorize(&url).await.unwrap();
    let result = bench.come_back(&member, Platform::Twitter, &back).await;
    assert_problem(&result, Platform::Twitter, OauthProblem::OtherAccount);
    assert_eq!(bench.list().await.len(), 1);
    assert_eq!(bench.version(account.id).await, 1);
    assert_eq!(bench.log(account.id).await.last().unwrap().0, ConnectionEventType::AuthorizationFailed);

    let url = bench.accounts.authorize(&member, Platform::Twitter, options()).await.unwrap();
    let back = Visitor::called("northwindcoffee").authorize(&url).await.unwrap();
    let connected = bench.come_back(&member, Platform::Twitter, &back).await.unwrap();
    assert_eq!((connected.accounts[0].id, connected.return_to.as_str()), (account.id, "/compose?draft=1"));

    // A member brings in no new page, whatever is ticked.
    let page = bench
        .connect(Platform::Facebook, Visitor::called("Niamh Doyle").only_pages(["Northwind Coffee Roasters"]))
        .await;
    let options = AuthorizeOptions { account_id: Some(page.id), return_to: None };
    let url = bench.accounts.authorize(&member, Platform::Facebook, options).await.unwrap();
    let back = Visitor::called("Niamh Doyle").authorize(&url).await.unwrap();
    let connected = bench.come_back(&member, Platform::Facebook, &back).await.unwrap();
    assert_eq!(connected.accounts.iter().map(|account| account.id).collect::<Vec<_>>(), [page.id]);

    let absent = AuthorizeOptions { account_id: Some(AccountId(Uuid::nil())), return_to: None };
    let error = bench.accounts.authorize(&member, Platform::Twitter, absent).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
    let wrong = AuthorizeOptions { account_id: Some(account.id), return_to: None };
    let error = bench.accounts.authorize(&member, Platform::Facebook, wrong).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValidationError);
}

#[tokio::test]
async fn the_browser_comes_back_to_our_own_pages_only() {
    let bench = Bench::new().await;
    for outside in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        let options = AuthorizeOptions { account_id: None, return_to: Some(outside.to_owned()) };
        let url = bench.accounts.authorize(&bench.admin, Platform::Twitter, options).await.unwrap();
        let back = Visitor::anybody().authorize(&url).await.unwrap();
        let connected = bench.come_back(&bench.admin, Platform::Twitter, &back).await.unwrap();
        assert_eq!(connected.return_to, "/accounts");
    }
}

// ---------------------------------------------------------------------------------------------- lists, toggle, unlink

#[tokio::test]
async fn lists_filter_search_and_page() {
    let bench = Bench::new().await;
    let made = bench.control.add_accounts("twitter", 7).await.unwrap();
    for one in &made {
        bench.connect(Platform::Twitter, Visitor::called(one["id"].as_str().unwrap())).await;
    }
    let page = bench
        .connect(Platform::Facebook, Visitor::called("Niamh Doyle").only_pages(["Northwind Coffee Roasters"]))
        .await;
    bench.accounts.set_active(&bench.admin, page.id, false).await.unwrap();
    let list = async |filter: AccountFilter| bench.accounts.list(&bench.admin, filter).await.unwrap();

    assert_eq!(list(AccountFilter::default()).await.total, 8);
    let facebook = AccountFilter { platform: Some(Platform::Facebook), ..AccountFilter::default() };
    assert_eq!(list(facebook).await.items[0].id, page.id);
    assert_eq!(list(AccountFilter { active: Some(false), ..AccountFilter::default() }).await.total, 1);
    let found = list(AccountFilter { q: Some("  ROAST ".into()), ..AccountFilter::default() }).await;
    assert_eq!((found.total, found.items[0].id), (1, page.id));
    for nothing in ["%", "Northwin_", "no such thing", "\\"] {
        assert_eq!(
            list(AccountFilter { q: Some(nothing.into()), ..AccountFilter::default() }).await.total,
            0,
            "{nothing}"
        );
    }
    let long = AccountFilter { q: Some("x".repeat(101)), ..AccountFilter::default() };
    assert_eq!(bench.accounts.list(&bench.admin, long).await.unwrap_err().code(), ErrorCode::ValidationError);

    let whole: Vec<AccountId> = bench.list().await.into_iter().map(|account| account.id).collect();
    let mut walked = Vec::new();
    let mut next = PageRequest::first(3);
    loop {
        let part = list(AccountFilter { page: next, ..AccountFilter::default() }).await;
        assert_eq!(part.total, 8);
        walked.extend(part.items.into_iter().map(|account| account.id));
        match part.next_cursor {
            Some(cursor) => next = PageRequest { cursor: Some(cursor), ..PageRequest::first(3) },
            None => break,
        }
    }
    assert_eq!(walked, whole);
    let beyond =
        AccountFilter { page: PageRequest { offset: Some(50), ..PageRequest::first(3) }, ..AccountFilter::default() };
    let beyond = list(beyond).await;
    assert_eq!((beyond.items.len(), beyond.total), (0, 8));

    let stranger = bench.somebody("stranger", Role::Admin).await;
    assert_eq!(bench.accounts.list(&stranger, AccountFilter::default()).await.unwrap().total, 0);
}

#[tokio::test]
async fn roles_and_workspaces_are_kept_apart() {
    let bench = Bench::new().await;
    let id = bench.connect_x().await.id;
    let stranger = bench.somebody("stranger", Role::Admin).await;
    let code = |result: Result<Account, ServiceError>| result.unwrap_err().code();
    assert_eq!(code(bench.accounts.get(&stranger, id).await), ErrorCode::NotFound);
    assert_eq!(code(bench.accounts.set_active(&stranger, id, false).await), ErrorCode::NotFound);
    assert_eq!(code(bench.accounts.refresh(&stranger, id).await), ErrorCode::NotFound);
    assert_eq!(bench.accounts.unlink(&stranger, id).await.unwrap_err().code(), ErrorCode::NotFound);
    let log = bench.accounts.events(&stranger, id, ConnectionEventFilter::default()).await;
    assert_eq!(log.unwrap_err().code(), ErrorCode::NotFound);

    let with = |role| Actor { role, ..bench.admin.clone() };
    assert_eq!(code(bench.accounts.set_active(&with(Role::Member), id, false).await), ErrorCode::Forbidden);
    assert_eq!(code(bench.accounts.refresh(&with(Role::Viewer), id).await), ErrorCode::Forbidden);
    assert_eq!(bench.accounts.unlink(&with(Role::Editor), id).await.unwrap_err().code(), ErrorCode::Forbidden);
    assert!(!bench.accounts.set_active(&with(Role::Editor), id, false).await.unwrap().is_active);
    assert!(bench.accounts.set_active(&with(Role::Editor), id, true).await.unwrap().is_active);
    assert_eq!(bench.get(id).await.status, AccountStatus::Connected);
}

#[tokio::test]
async fn the_web_can_seal_tokens_and_not_read_them() {
    let bench = Bench::new().await;
    bench.connect_x().await;
    for column in ["access_token_sealed", "refresh_token_sealed", "extra_sealed"] {
        let mut tx = bench.db.tenant(&bench.admin).await.unwrap();
        let sql = format!("select {column} from account_credentials");
        let error = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *tx).await.unwrap_err();
        assert_eq!(error.as_database_error().and_then(DatabaseError::code).as_deref(), Some("42501"));
    }
}

#[tokio::test]
async fn unlinking_gives_back_and_wipes() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    let open = bench.tokens.open(account.id).await.unwrap();
    bench.accounts.unlink(&bench.admin, account.id).await.unwrap();

    // At once: out of every list, and nothing opens it any more.
    assert!(bench.list().await.is_empty());
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Disconnected);
    assert!(matches!(bench.tokens.open(account.id).await, Err(TokenError::Gone)));
    assert!(matches!(bench.tokens.refresh_rejected(account.id, open.version).await, Err(TokenError::Gone)));
    assert!(matches!(bench.tokens.refresh_now(account.id).await, Err(TokenError::Gone)));
    assert_eq!(bench.accounts.unlink(&bench.admin, account.id).await.unwrap_err().code(), ErrorCode::NotFound);

    bench.run_jobs().await;
    assert!(!bench.has_tokens(account.id).await);
    assert!(bench.calls("revoke").await >= 1);
    let adapter = bench.platforms.get(Platform::Twitter).unwrap();
    assert!(adapter.identify(&open.account()).await.unwrap_err().is_about_access());
    assert_eq!(bench.log(account.id).await.last().unwrap().0, ConnectionEventType::Disconnected);

    let again = bench.connect_x().await;
    assert_eq!((again.id, again.status, again.is_active), (account.id, AccountStatus::Connected, true));
}

#[tokio::test]
async fn tokens_are_wiped_although_the_platform_is_down() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    bench
        .fault(json!({"platform": "twitter", "operation": "revoke", "fault": "status", "status": 503, "times": 99}))
        .await;
    bench.accounts.unlink(&bench.admin, account.id).await.unwrap();
    bench.run_jobs().await;
    assert!(bench.has_tokens(account.id).await);
    assert_eq!(bench.waiting().await.len(), 1);
    for _ in 0..6 {
        bench.clock.advance(Duration::minutes(1));
        bench.run_jobs().await;
    }
    assert!(!bench.has_tokens(account.id).await);
    assert!(bench.waiting().await.is_empty());

    // And although the job itself is lost.
    let account = bench.connect(Platform::Twitter, Visitor::called("kestrelbikes")).await;
    bench.accounts.unlink(&bench.admin, account.id).await.unwrap();
    sqlx::query("delete from graphile_worker._private_jobs").execute(bench.db.worker_pool()).await.unwrap();
    bench.clock.advance(Duration::minutes(11));
    bench.enqueue(&SweepTokens { reach: TokenReach::Lead }).await;
    bench.run_jobs().await;
    assert!(!bench.has_tokens(account.id).await);
}

#[tokio::test]
async fn one_page_of_a_person_is_not_given_back_at_the_others_cost() {
    let bench = Bench::new().await;
    let pages =
        bench.connect_as(&bench.admin, Platform::Facebook, Visitor::called("Niamh Doyle")).await.unwrap().accounts;
    bench.accounts.unlink(&bench.admin, pages[0].id).await.unwrap();
    bench.run_jobs().await;
    assert!(!bench.has_tokens(pages[0].id).await);
    assert_eq!(bench.calls("revoke").await, 0);
    let adapter = bench.platforms.get(Platform::Facebook).unwrap();
    let other = bench.tokens.open(pages[1].id).await.unwrap();
    adapter.identify(&other.account()).await.unwrap();

    bench.accounts.unlink(&bench.admin, pages[1].id).await.unwrap();
    bench.run_jobs().await;
    assert_eq!(bench.calls("revoke").await, 1);
    assert!(adapter.identify(&other.account()).await.unwrap_err().is_about_access());
}

#[tokio::test]
async fn connecting_again_before_the_tokens_are_given_back_keeps_the_new_ones() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    bench.accounts.unlink(&bench.admin, account.id).await.unwrap();
    let again = bench.connect_x().await;
    bench.run_jobs().await;
    assert_eq!(again.id, account.id);
    assert_eq!(bench.calls("revoke").await, 0);
    bench.tokens.open(again.id).await.unwrap();
}

// ---------------------------------------------------------------------------------------------------- a token's life

#[tokio::test]
async fn a_token_is_renewed_just_before_it_ends() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    let first = bench.tokens.open(account.id).await.unwrap();
    // A tenth of two hours is twelve minutes.
    bench.clock.advance(Duration::minutes(107));
    assert_eq!(bench.tokens.open(account.id).await.unwrap().version, first.version);
    assert_eq!(bench.calls("refresh").await, 0);
    bench.clock.advance(Duration::minutes(2));
    let second = bench.tokens.open(account.id).await.unwrap();
    assert_eq!((second.version, bench.calls("refresh").await), (first.version + 1, 1));
    assert!(second.expires_at > first.expires_at);
    let shown = bench.get(account.id).await;
    assert_eq!((shown.token_expires_at, shown.last_synced_at), (second.expires_at, Some(bench.clock.now())));
    assert_eq!(bench.log(account.id).await.last().unwrap().0, ConnectionEventType::TokenRefreshed);
    let adapter = bench.platforms.get(Platform::Twitter).unwrap();
    adapter.identify(&second.account()).await.unwrap();
    assert_nothing_plain(&bench).await;
}

#[tokio::test]
async fn eight_workers_renew_once() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    bench.clock.advance(Duration::minutes(115));
    // The answer takes its time, so that all of them arrive while one asks.
    bench
        .fault(json!({"platform": "twitter", "operation": "refresh", "fault": "slow", "slow_ms": 800, "times": 1}))
        .await;
    let mut workers = tokio::task::JoinSet::new();
    for n in 0..8 {
        // Pools of their own, as in processes of their own; only the database is common.
        let tokens = Tokens::new(TokensSetup {
            db: connect(&bench.database),
            clock: bench.clock.clone(),
            ids: Arc::new(SeqIds::after(1_000_000 * (n + 1))),
            platforms: Arc::clone(&bench.platforms),
            vault: vault(&bench.ring),
        });
        let id = account.id;
        workers.spawn(
            async move { if n % 2 == 0 { tokens.open(id).await } else { tokens.refresh_rejected(id, 1).await } },
        );
    }
    let opened: Vec<_> = workers.join_all().await.into_iter().map(Result::unwrap).collect();
    assert!(opened.iter().all(|open| open.version == 2), "{opened:?}");
    assert_eq!(bench.calls("refresh").await, 1);
    let log = bench.log(account.id).await;
    assert_eq!(log.iter().filter(|line| line.0 == ConnectionEventType::TokenRefreshed).count(), 1);
    let adapter = bench.platforms.get(Platform::Twitter).unwrap();
    adapter.identify(&opened[7].account()).await.unwrap();
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_lose_the_new_pair() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    bench
        .fault(json!({"platform": "twitter", "operation": "refresh", "fault": "slow", "slow_ms": 1500, "times": 1}))
        .await;
    let wait = tokio::time::timeout(std::time::Duration::from_millis(500), bench.tokens.refresh_now(account.id)).await;
    assert!(wait.is_err());
    bench.tokens.close().await;
    assert_eq!(bench.version(account.id).await, 2);
}

/// X, to a process that is killed when the platform has answered and nothing of it is saved.
#[derive(Debug)]
struct Dying {
    adapter: Arc<dyn Adapter>,
    answered: Arc<Notify>,
}

#[async_trait]
impl Adapter for Dying {
    fn platform(&self) -> Platform {
        self.adapter.platform()
    }

    fn traits(&self) -> Traits {
        self.adapter.traits()
    }

    fn api_version(&self) -> ApiVersion {
        self.adapter.api_version()
    }

    fn scopes(&self) -> Vec<String> {
        self.adapter.scopes()
    }

    fn authorize_url(&self, request: &AuthorizeRequest<'_>) -> Url {
        self.adapter.authorize_url(request)
    }

    async fn exchange(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        self.adapter.exchange(request).await
    }

    async fn refresh(&self, account: &platforms::Account) -> Result<platforms::Tokens, PlatformError> {
        self.adapter.refresh(account).await?;
        self.answered.notify_one();
        std::future::pending().await
    }

    async fn identify(&self, account: &platforms::Account) -> Result<Profile, PlatformError> {
        self.adapter.identify(account).await
    }

    async fn probe(&self, account: &platforms::Account) -> Result<Probe, PlatformError> {
        self.adapter.probe(account).await
    }

    async fn revoke(&self, account: &platforms::Account) -> Result<(), PlatformError> {
        self.adapter.revoke(account).await
    }

    async fn stage(&self, request: &PublishRequest, saved: Option<&Value>) -> Result<Staged, PlatformError> {
        self.adapter.stage(request, saved).await
    }

    async fn commit(&self, request: &PublishRequest, state: &Value) -> Result<Published, PlatformError> {
        self.adapter.commit(request, state).await
    }

    async fn find_published(
        &self,
        request: &PublishRequest,
        state: Option<&Value>,
        known: &[String],
    ) -> Result<Finding, PlatformError> {
        self.adapter.find_published(request, state, known).await
    }
}

#[tokio::test]
async fn a_process_that_dies_while_renewing_leaves_the_true_reason() {
    let bench = Bench::new().await;
    let id = bench.connect_x().await.id;
    let answered = Arc::new(Notify::new());
    let adapter = Arc::clone(bench.platforms.get(Platform::Twitter).unwrap());
    let mut platforms = Registry::default();
    platforms.insert(Arc::new(Dying { adapter, answered: Arc::clone(&answered) }));
    let (database, clock, ring) = (bench.database.worker_url.clone(), bench.clock.clone(), vault(&bench.ring));
    // Another process: a runtime of its own, torn down in the middle.
    let other = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let url = SecretString::from(database);
            let urls = DatabaseUrls { owner: url.clone(), app: url.clone(), worker: url };
            let setup = TokensSetup {
                db: Database::connect(&urls, PoolSizes::default()).unwrap(),
                clock,
                ids: Arc::new(SeqIds::after(1_000_000)),
                platforms: Arc::new(platforms),
                vault: ring,
            };
            tokio::spawn(async move { Tokens::new(setup).refresh_now(id).await });
            answered.notified().await;
        });
        runtime.shutdown_background();
    });
    tokio::task::spawn_blocking(move || other.join().unwrap()).await.unwrap();
    assert_eq!((bench.calls("refresh").await, bench.version(id).await), (1, 1));

    // While the dead one's lease runs, nobody else asks.
    bench.clock.advance(Duration::seconds(10));
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(300), bench.tokens.refresh_now(id)).await;
    assert!(waiting.is_err() && bench.calls("refresh").await == 1);
    bench.clock.advance(Duration::minutes(2));
    let message = revoked(bench.tokens.refresh_now(id).await);
    assert!(message.contains("interrupted"), "{message}");
    let shown = bench.get(id).await;
    assert_eq!((shown.status, shown.status_reason.as_ref()), (AccountStatus::ReconnectRequired, Some(&message)));
    assert_eq!(revoked(bench.tokens.open(id).await), message);
    assert_eq!(bench.log(id).await.last().unwrap().0, ConnectionEventType::RevocationDetected);

    assert_eq!(bench.connect_x().await.status, AccountStatus::Connected);
    bench.tokens.open(id).await.unwrap();
}

#[tokio::test]
async fn a_platform_that_errs_never_disconnects() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    let start = bench.clock.now();
    bench.clock.advance(Duration::minutes(110));
    bench
        .fault(json!({"platform": "twitter", "operation": "refresh", "fault": "status", "status": 503, "times": 4}))
        .await;

    // Ten minutes are left: the old token still serves, and is not asked about again before its time.
    assert_eq!(bench.tokens.open(account.id).await.unwrap().version, 1);
    assert_eq!(bench.tokens.open(account.id).await.unwrap().version, 1);
    assert_eq!(bench.calls("refresh").await, 1);
    let failure = bench.log(account.id).await.pop().unwrap();
    assert_eq!((failure.0, failure.2), (ConnectionEventType::AuthorizationFailed, Some(503)));

    bench.clock.advance(Duration::minutes(1));
    bench.tokens.open(account.id).await.unwrap();
    assert_eq!(bench.calls("refresh").await, 2);
    bench.clock.advance(Duration::minutes(4));
    bench.tokens.open(account.id).await.unwrap();
    assert_eq!(bench.calls("refresh").await, 2);

    // The token has ended; the third failure shows, and the account is not given up.
    bench.clock.set(start + Duration::minutes(121));
    let at = retry(bench.tokens.open(account.id).await);
    assert_eq!(at, bench.clock.now() + Duration::minutes(15));
    let shown = bench.get(account.id).await;
    assert_eq!(shown.status, AccountStatus::Failed);
    assert!(shown.status_reason.is_some());
    assert_eq!(retry(bench.tokens.open(account.id).await), at);

    // A person may ask at once; the fourth fails too.
    retry(bench.tokens.refresh_now(account.id).await);
    let again = bench.tokens.refresh_now(account.id).await.unwrap();
    assert_eq!((again.version, bench.get(account.id).await.status), (2, AccountStatus::Connected));
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_platform_rotated_is_explained() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    bench.fault(json!({"platform": "twitter", "operation": "refresh", "fault": "drop_after_accept", "times": 1})).await;
    retry(bench.tokens.refresh_now(account.id).await);
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected);
    bench.clock.advance(Duration::minutes(2));
    let message = revoked(bench.tokens.refresh_now(account.id).await);
    assert!(message.contains("interrupted"), "{message}");
}

#[tokio::test]
async fn access_taken_back_at_the_platform_is_noticed_by_the_next_use() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    let open = bench.tokens.open(account.id).await.unwrap();
    bench.control.post("revoke", &json!({"platform": "twitter", "account": "northwindcoffee"})).await.unwrap();
    let message = revoked(bench.tokens.refresh_rejected(account.id, open.version).await);
    assert!(message.contains('X') && !message.contains("interrupted"), "{message}");
    assert_eq!(bench.get(account.id).await.status, AccountStatus::ReconnectRequired);
    let log = bench.log(account.id).await;
    assert_eq!(log.last().unwrap().0, ConnectionEventType::RevocationDetected);
    // Said once.
    revoked(bench.tokens.refresh_rejected(account.id, open.version).await);
    assert_eq!(bench.log(account.id).await.len(), log.len());
    assert_eq!(bench.accounts.refresh(&bench.admin, account.id).await.unwrap_err().code(), ErrorCode::Conflict);
}

#[tokio::test]
async fn a_rejected_version_that_is_old_news_costs_nothing() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    let old = bench.tokens.open(account.id).await.unwrap();
    let new = bench.tokens.refresh_now(account.id).await.unwrap();
    assert_eq!(bench.tokens.refresh_rejected(account.id, old.version).await.unwrap().version, new.version);
    bench.tokens.revoked(&old, "X says no.", Some(401), true).await.unwrap();
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected);
    assert_eq!(bench.calls("refresh").await, 1);
    bench.tokens.revoked(&new, "X says no.", Some(401), true).await.unwrap();
    assert_eq!(bench.get(account.id).await.status, AccountStatus::ReconnectRequired);
    let last = bench.log(account.id).await.pop().unwrap();
    assert_eq!(
        (last.0, last.1.as_deref(), last.2),
        (ConnectionEventType::RevocationDetected, Some("X says no."), Some(401))
    );
}

#[tokio::test]
async fn one_refusal_is_confirmed_a_minute_later() {
    let bench = Bench::new().await;
    let visitor = || Visitor::called("Priya Raman").only_pages(Vec::<String>::new());
    let account = bench.connect(Platform::Linkedin, visitor()).await;
    let open = bench.tokens.open(account.id).await.unwrap();
    assert!(open.tokens.refresh_token.is_none());

    // LinkedIn answers 401 once by mistake: asked again, it says that all is well.
    retry(bench.tokens.refresh_rejected(account.id, open.version).await);
    retry(bench.tokens.refresh_rejected(account.id, open.version).await);
    let waiting = bench.waiting().await;
    assert_eq!(waiting, [(ConfirmAccess::TASK.to_owned(), bench.clock.now() + Duration::minutes(1))]);
    bench.clock.advance(Duration::minutes(1));
    bench.run_jobs().await;
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected);
    assert!(bench.waiting().await.is_empty());

    // It is down when asked: that proves nothing, and it is asked again.
    bench.tokens.revoked(&open, "LinkedIn says no.", Some(401), false).await.unwrap();
    bench
        .fault(json!({"platform": "linkedin", "operation": "identity", "fault": "status", "status": 503, "times": 1}))
        .await;
    bench.clock.advance(Duration::minutes(1));
    bench.run_jobs().await;
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected);
    assert_eq!(bench.waiting().await.len(), 1);

    // And when it is true, it shows.
    bench.control.post("revoke", &json!({"platform": "linkedin"})).await.unwrap();
    bench.clock.advance(Duration::minutes(5));
    bench.run_jobs().await;
    assert_eq!(bench.get(account.id).await.status, AccountStatus::ReconnectRequired);
    assert_eq!(bench.log(account.id).await.last().unwrap().0, ConnectionEventType::RevocationDetected);
    // Nothing but the letter, which waits for more of the same.
    let waiting: Vec<String> = bench.waiting().await.into_iter().map(|(task, _)| task).collect();
    assert_eq!(waiting, [Tell::TASK]);
}

#[tokio::test]
async fn the_sweep_renews_reminds_and_ends() {
    let bench = Bench::new().await;
    let x = bench.connect_x().await;
    let visitor = Visitor::called("Priya Raman").only_pages(Vec::<String>::new());
    let linkedin = bench.connect(Platform::Linkedin, visitor).await;
    let start = bench.clock.now();

    bench.enqueue(&SweepTokens { reach: TokenReach::Lead }).await;
    bench.run_jobs().await;
    assert_eq!(bench.calls("refresh").await, 0);
    bench.clock.advance(Duration::minutes(109));
    bench.enqueue(&SweepTokens { reach: TokenReach::Lead }).await;
    bench.run_jobs().await;
    assert_eq!((bench.calls("refresh").await, bench.version(x.id).await), (1, 2));

    // Nothing renews LinkedIn's sixty days here: a word ten days before, once, and the end.
    bench.clock.set(start + Duration::days(51));
    for _ in 0..2 {
        bench.enqueue(&SweepTokens { reach: TokenReach::Week }).await;
        bench.run_jobs().await;
    }
    let prompted = bench.log(linkedin.id).await;
    assert_eq!(prompted.iter().filter(|line| line.0 == ConnectionEventType::ReconnectionPrompted).count(), 1);
    assert_eq!(bench.get(linkedin.id).await.status, AccountStatus::Connected);
    bench.clock.set(start + Duration::days(60));
    for _ in 0..2 {
        bench.enqueue(&SweepTokens { reach: TokenReach::Lead }).await;
        bench.run_jobs().await;
    }
    assert_eq!(bench.get(linkedin.id).await.status, AccountStatus::ReconnectRequired);
    let ended = bench.log(linkedin.id).await;
    assert_eq!(ended.iter().filter(|line| line.0 == ConnectionEventType::TokenExpired).count(), 1);
    revoked(bench.tokens.open(linkedin.id).await);
}

#[tokio::test]
async fn sixty_days_are_renewed_in_their_last_week() {
    let bench = Bench::partner().await;
    let visitor = Visitor::called("Priya Raman").only_pages(Vec::<String>::new());
    let linkedin = bench.connect(Platform::Linkedin, visitor).await;
    let page = bench
        .connect(Platform::Facebook, Visitor::called("Niamh Doyle").only_pages(["Northwind Coffee Roasters"]))
        .await;
    let start = bench.clock.now();
    let day = async |day: i64| {
        let ahead = start + Duration::days(day) - bench.clock.now();
        bench.control.post("advance", &json!({"seconds": ahead.num_seconds()})).await.unwrap();
        bench.clock.advance(ahead);
        bench.enqueue(&SweepTokens { reach: TokenReach::Week }).await;
        bench.run_jobs().await;
        (bench.version(linkedin.id).await, bench.version(page.id).await)
    };
    assert_eq!(day(50).await, (1, 1));
    assert_eq!(day(54).await, (2, 2));
    assert_eq!(day(55).await, (2, 2));
    for id in [linkedin.id, page.id] {
        assert_eq!(bench.get(id).await.status, AccountStatus::Connected);
    }
}

#[tokio::test]
async fn a_person_asks_for_a_renewal() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    let member = Actor { role: Role::Member, ..bench.admin.clone() };
    bench.accounts.refresh(&member, account.id).await.unwrap();
    // Twice is once.
    bench.accounts.refresh(&member, account.id).await.unwrap();
    assert_eq!(bench.waiting().await.len(), 1);
    bench.run_jobs().await;
    assert_eq!((bench.version(account.id).await, bench.calls("refresh").await), (2, 1));
    // A job that comes late has nothing to do.
    bench.enqueue(&RefreshToken { account_id: account.id, version: 1, forced: true }).await;
    bench.run_jobs().await;
    assert_eq!(bench.calls("refresh").await, 1);
    bench.enqueue(&RevokeAccess { account_id: account.id }).await;
    bench.run_jobs().await;
    assert!(bench.has_tokens(account.id).await);
}

#[tokio::test]
async fn keys_are_rotated_under_way() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    let pages =
        bench.connect_as(&bench.admin, Platform::Facebook, Visitor::called("Niamh Doyle")).await.unwrap().accounts;
    let with = |ring: &KeyRing| {
        Tokens::new(TokensSetup {
            db: bench.db.clone(),
            clock: bench.clock.clone(),
            ids: bench.ids.clone(),
            platforms: Arc::clone(&bench.platforms),
            vault: vault(ring),
        })
    };
    let new = KeyRing::generate().unwrap();
    let both = new.to_setting().expose_secret().to_owned() + "," + bench.ring.to_setting().expose_secret();
    let both = KeyRing::parse(&both.into()).unwrap();

    // Without the old key nothing opens, and the rotation says so.
    assert!(
        matches!(with(&new).open(account.id).await, Err(TokenError::Internal(error)) if error.code() == ErrorCode::EncryptionError)
    );
    let blind = with(&new).reseal_all().await.unwrap();
    assert_eq!((blind.resealed, blind.unreadable), (0, 3));

    let done = with(&both).reseal_all().await.unwrap();
    assert_eq!((done.resealed, done.unreadable), (3, 0));
    assert_eq!(with(&both).reseal_all().await.unwrap().resealed, 0);
    for id in [account.id, pages[0].id, pages[1].id] {
        let open = with(&new).open(id).await.unwrap();
        assert_eq!(open.version, 1);
    }
    assert!(matches!(with(&bench.ring).open(account.id).await, Err(TokenError::Internal(_))));
    // A row's seal opens nowhere else.
    sqlx::query("update account_credentials set access_token_sealed = (select access_token_sealed from account_credentials where account_id = $1) where account_id = $2")
        .bind(pages[0].id.0)
        .bind(pages[1].id.0)
        .execute(bench.db.worker_pool())
        .await
        .unwrap();
    assert!(matches!(with(&new).open(pages[1].id).await, Err(TokenError::Internal(_))));
}

#[tokio::test]
async fn the_log_can_be_added_to_and_never_changed() {
    let bench = Bench::new().await;
    bench.connect_x().await;
    let refused = async |connection: &mut PgConnection, sql: &'static str| {
        let error = sqlx::query(sql).execute(connection).await.unwrap_err();
        error.as_database_error().and_then(|error| error.code().map(|code| code == "42501")).unwrap_or_default()
    };
    for sql in ["update connection_events set message = 'never'", "delete from connection_events"] {
        assert!(refused(&mut *bench.db.tenant(&bench.admin).await.unwrap(), sql).await);
        assert!(refused(&mut *bench.db.worker().await.unwrap(), sql).await);
    }
}

// --------------------------------------------------------------------------------------------------------------- REST

async fn send(router: Router, method: &str, uri: &str, body: Option<Value>) -> Response {
    let mut request = Request::builder().method(method).uri(uri);
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    router.oneshot(request.body(body).unwrap()).await.unwrap()
}

async fn json_of(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn location(response: &Response) -> &str {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()[header::LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn a_browser_walks_from_the_button_to_the_platform_and_back() {
    let bench = Bench::new().await;
    let signed_in = || bench.router(Some(bench.admin.clone()));
    let there = send(signed_in(), "GET", "/api/oauth/facebook/authorize?return_to=/welcome", None).await;
    let back = Visitor::called("Niamh Doyle").authorize(location(&there)).await.unwrap();
    assert_eq!(back.path(), "/api/oauth/facebook/callback");
    let uri = format!("{}?{}", back.path(), back.query().unwrap());

    let stranger = send(bench.router(None), "GET", &uri, None).await;
    assert_eq!(location(&stranger), "/login?next=/accounts");
    let done = send(signed_in(), "GET", &uri, None).await;
    assert_eq!(location(&done), "/welcome?connected=2&platform=facebook");
    let twice = send(signed_in(), "GET", &uri, None).await;
    assert_eq!(location(&twice), "/accounts?oauth_error=state_used&platform=facebook");

    let answer = json_of(send(signed_in(), "GET", "/api/social-accounts?limit=1&q=Cork", None).await).await;
    assert_eq!(answer["page"]["total"], 1);
    let account = &answer["data"][0];
    for field in [
        "id",
        "platform",
        "account_type",
        "external_account_id",
        "display_name",
        "status",
        "is_active",
        "client",
        "scopes",
        "token_expires_at",
        "last_synced_at",
        "connected_at",
    ] {
        assert!(account.get(field).is_some(), "{field} is missing in {account}");
    }
    let path = format!("/api/social-accounts/{}", account["id"].as_str().unwrap());
    let toggled = send(signed_in(), "PATCH", &format!("{path}/toggle"), Some(json!({"is_active": false}))).await;
    assert_eq!(json_of(toggled).await["data"]["is_active"], false);
    let wrong = send(signed_in(), "PATCH", &format!("{path}/toggle"), Some(json!({"is_active": "no"}))).await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    assert_eq!(send(signed_in(), "POST", &format!("{path}/refresh"), None).await.status(), StatusCode::OK);
    let events = json_of(send(signed_in(), "GET", &format!("{path}/events"), None).await).await;
    assert_eq!(events["data"][0]["event_type"], "authorization_success");
    assert_eq!(json_of(send(signed_in(), "GET", &path, None).await).await["data"]["id"], account["id"]);
    assert_eq!(send(signed_in(), "DELETE", &path, None).await.status(), StatusCode::OK);
    assert_eq!(send(signed_in(), "DELETE", &path, None).await.status(), StatusCode::NOT_FOUND);
    bench.run_jobs().await;
}

#[tokio::test]
async fn a_reconnection_that_comes_to_nothing_leads_back_to_the_accounts_own_page() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    let signed_in = || bench.router(Some(bench.admin.clone()));
    let start = format!("/api/oauth/twitter/authorize?account_id={}&return_to=/compose", account.id);
    let there = async || send(signed_in(), "GET", &start, None).await;
    let back = async |from: &Url| {
        let uri = format!("{}?{}", from.path(), from.query().unwrap());
        location(&send(signed_in(), "GET", &uri, None).await).to_owned()
    };
    let page = |problem: &str| format!("/accounts/{}?oauth_error={problem}&platform=twitter", account.id);

    let no = Visitor::anybody().refuse(location(&there().await)).await.unwrap();
    assert_eq!(back(&no).await, page("refused"));
    assert_eq!(back(&no).await, page("state_used"));
    let other = Visitor::called("harbourpine").authorize(location(&there().await)).await.unwrap();
    assert_eq!(back(&other).await, page("other_account"));
    // Whoever knows nothing of it learns nothing of it.
    let stranger = bench.somebody("stranger", Role::Admin).await;
    let uri = format!("{}?{}", no.path(), no.query().unwrap());
    let lost = send(bench.router(Some(stranger)), "GET", &uri, None).await;
    assert_eq!(location(&lost), "/accounts?oauth_error=state_unknown&platform=twitter");
    // What succeeds ends where it was to end.
    let yes = Visitor::called("northwindcoffee").authorize(location(&there().await)).await.unwrap();
    assert_eq!(back(&yes).await, "/compose?connected=1&platform=twitter");
}

#[tokio::test]
async fn the_calendar_of_api_versions_is_told_to_whoever_is_signed_in() {
    let bench = Bench::new().await;
    let viewer = Actor { role: Role::Viewer, ..bench.admin.clone() };
    let told = json_of(send(bench.router(Some(viewer)), "GET", "/api/platforms", None).await).await;
    let told = told["data"].as_array().unwrap();
    assert_eq!(told.len(), platforms::supported().count());
    for (one, platform) in told.iter().zip(platforms::supported()) {
        assert_eq!((&one["platform"], &one["label"]), (&json!(platform), &json!(platform.label())));
        let version = bench.platforms.get(platform).unwrap().api_version();
        assert_eq!((&one["configured"], &one["api_version"]), (&json!(true), &json!(version.version)), "{platform}");
        assert_eq!(one["api_version_ends_on"], json!(version.ends_on), "{platform}");
    }
    assert!(told.iter().any(|one| one["api_version_ends_on"].is_string()), "{told:?}");

    // An Arctiv that is set up for no platform says nothing of versions.
    let bare = AccountsService::new(AccountsSetup {
        db: bench.db.clone(),
        clock: bench.clock.clone(),
        ids: bench.ids.clone(),
        platforms: Arc::new(Registry::default()),
        vault: vault(&bench.ring),
        public_url: public_url(),
        oauth_key: "a key of the server's, thirty-two bytes at least".into(),
    });
    for offer in bare.offers(&bench.admin).await.unwrap() {
        assert_eq!((offer.configured, offer.api_version, offer.api_version_ends_on), (false, None, None));
    }
}

#[tokio::test]
async fn rest_answers_in_its_own_form_when_it_refuses() {
    let bench = Bench::new().await;
    let id = bench.connect_x().await.id;
    let paths = [
        ("GET", "/api/platforms".to_owned()),
        ("GET", "/api/social-accounts".to_owned()),
        ("POST", "/api/social-accounts".to_owned()),
        ("GET", format!("/api/social-accounts/{id}")),
        ("PATCH", format!("/api/social-accounts/{id}/toggle")),
        ("POST", format!("/api/social-accounts/{id}/refresh")),
        ("GET", format!("/api/social-accounts/{id}/events")),
        ("DELETE", format!("/api/social-accounts/{id}")),
        ("GET", "/api/oauth/twitter/authorize".to_owned()),
        ("GET", format!("/api/authorizations/{id}/withheld")),
    ];
    for (method, path) in &paths {
        let response = send(bench.router(None), method, path, Some(json!({}))).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        let body = json_of(response).await;
        assert_eq!((body["success"].as_bool(), body["code"].as_str()), (Some(false), Some("UNAUTHORIZED")));
    }
    let signed_in = || bench.router(Some(bench.admin.clone()));
    let started = send(signed_in(), "POST", "/api/social-accounts", Some(json!({"platform": "linkedin"}))).await;
    let started = json_of(started).await;
    assert!(started["data"]["authorize_url"].as_str().unwrap().starts_with(bench.sandbox.url()));
    for (uri, field) in [
        ("/api/social-accounts?limit=0", "limit"),
        ("/api/social-accounts?cursor=nonsense", "cursor"),
        ("/api/social-accounts?offset=1&cursor=x", "cursor"),
    ] {
        let response = send(signed_in(), "GET", uri, None).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{uri}");
        assert!(json_of(response).await["details"]["fields"].get(field).is_some(), "{uri}");
    }
    for uri in ["/api/oauth/myspace/authorize", "/api/oauth/myspace/callback", "/api/social-accounts/not-an-id"] {
        assert_eq!(send(signed_in(), "GET", uri, None).await.status(), StatusCode::NOT_FOUND, "{uri}");
    }
    let unset = send(signed_in(), "GET", "/api/oauth/google_ads/authorize", None).await;
    assert_eq!(location(&unset), "/accounts?oauth_error=not_configured&platform=google_ads");
    let unset = send(signed_in(), "POST", "/api/social-accounts", Some(json!({"platform": "google_ads"}))).await;
    assert_eq!(unset.status(), StatusCode::BAD_GATEWAY);

    let request = Request::builder().uri("/api/oauth/twitter/authorize").header(header::ACCEPT, "text/html");
    let browser = bench.router(None).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(location(&browser), "/login?next=/accounts");
}

// ---- what a creator may choose ----------------------------------------------------------------------------------------

#[tokio::test]
async fn a_creators_choices_are_asked_for_by_the_worker_and_kept_a_while() {
    let bench = Bench::new().await;
    let account = bench.connect(Platform::Tiktok, Visitor::called("juniperhotels")).await;
    let first = bench.accounts.creator(&bench.admin, account.id).await.unwrap();
    assert_eq!((first.pending, first.choices), (true, None));
    let again = bench.accounts.creator(&bench.admin, account.id).await.unwrap();
    assert!(again.pending, "it is being asked already");
    assert_eq!(bench.asked_of("/creator_info/query/").await, 0, "the web asks nobody");

    bench.run_jobs().await;
    let known = bench.accounts.creator(&bench.admin, account.id).await.unwrap();
    let choices = known.choices.clone().unwrap();
    assert_eq!((known.pending, known.problem.as_deref(), choices.nickname.as_str()), (false, None, "Juniper Hotels"));
    assert!(!choices.comments && choices.duets, "its comments are switched off: {choices:?}");
    assert_eq!(choices.longest_video_seconds, Some(60));
    assert!(!choices.privacy.is_empty());
    assert_eq!(bench.asked_of("/creator_info/query/").await, 1);
    assert_eq!(bench.accounts.creators(&bench.admin).await.unwrap(), [known], "it is known without asking");

    // Each post needs a fresh answer; meanwhile the last one is shown.
    bench.clock.advance(Duration::seconds(61));
    let stale = bench.accounts.creator(&bench.admin, account.id).await.unwrap();
    assert!(stale.pending && stale.choices == Some(choices));
    bench.run_jobs().await;
    assert_eq!(bench.asked_of("/creator_info/query/").await, 2);
    bench.clock.advance(Duration::hours(2));
    assert_eq!(bench.accounts.creators(&bench.admin).await.unwrap(), [], "what is old is held against nobody");
}

#[tokio::test]
async fn why_a_creator_did_not_answer_is_told_and_not_asked_at_once_again() {
    let bench = Bench::new().await;
    let account = bench.connect(Platform::Tiktok, Visitor::called("northwindcoffee")).await;
    bench
        .fault(json!({ "platform": "tiktok", "operation": "identity", "fault": "status", "status": 500, "times": 1 }))
        .await;
    bench.accounts.creator(&bench.admin, account.id).await.unwrap();
    bench.run_jobs().await;
    let failed = bench.accounts.creator(&bench.admin, account.id).await.unwrap();
    assert!(!failed.pending && failed.problem.is_some(), "{failed:?}");
    bench.clock.advance(Duration::seconds(11));
    assert!(bench.accounts.creator(&bench.admin, account.id).await.unwrap().pending);
    bench.run_jobs().await;
    assert!(bench.accounts.creator(&bench.admin, account.id).await.unwrap().choices.is_some());
}

#[tokio::test]
async fn who_may_ask_what_a_creator_may_choose() {
    let bench = Bench::new().await;
    let account = bench.connect(Platform::Tiktok, Visitor::called("northwindcoffee")).await;
    let page = bench.connect_x().await;
    let refused = |result: Result<domain::accounts::Creator, ServiceError>| result.unwrap_err().code();
    let viewer = Actor { role: Role::Viewer, ..bench.admin.clone() };
    assert_eq!(refused(bench.accounts.creator(&viewer, account.id).await), ErrorCode::Forbidden);
    assert_eq!(refused(bench.accounts.creator(&bench.admin, page.id).await), ErrorCode::Conflict);
    let other = bench.somebody("oisin", Role::Admin).await;
    assert_eq!(refused(bench.accounts.creator(&other, account.id).await), ErrorCode::NotFound);
    assert_eq!(bench.accounts.creators(&other).await.unwrap(), []);
}

/// A platform that is added needs its word in the database's type; the order is what lists by platform go by.
#[tokio::test]
async fn the_database_knows_the_platforms_that_the_program_knows() {
    let database = jobs::tests::database().await;
    let mut admin = database.admin().await.unwrap();
    let words: Vec<String> = sqlx::query_scalar("select word::text from unnest(enum_range(null::platform)) as word")
        .fetch_all(&mut admin)
        .await
        .unwrap();
    assert_eq!(words, Platform::ALL.map(|platform| platform.as_str().to_owned()));
    let spoken: Vec<Platform> = platforms::supported().collect();
    let played = sandbox::platforms();
    assert_eq!(spoken.iter().map(|platform| platform.as_str()).collect::<Vec<_>>(), played);
}
