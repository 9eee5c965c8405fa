//! A whole Arctiv without a browser: a database, the real services of accounts, pictures and posts, the job queue, and
//! a clock that stands still. Also used by the tests of pictures.

use std::sync::Arc;

use axum::{Extension, extract::FromRef};
use axum_test::TestServer;
use chrono::{DateTime, Duration, Utc};
use domain::{
    AccountId, Actor, DeliveryId, MediaId, Platform, PostId, RequestId, UserId, WorkspaceId,
    accounts::Accounts,
    actor::Via,
    clock::{Clock, Ids},
    deliveries::{Deliveries, MissedPolicy},
    media::{Media, MediaAsset, Upload},
    platform::{CreatorChoices, PublishingQuota, TiktokPrivacy},
    posts::{Approvals, NewPost, Post as SavedPost, Posts, queue::Queue},
    workspaces::{Role, WorkspaceKind},
};
use object_store::memory::InMemory;
use platforms::{Http, HttpSettings, PlatformSettings};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{PgPool, postgres::PgPoolOptions};
use testkit::{FrozenClock, TestDatabase};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;
use vault::{Algorithm, KeyRing, Vault};

use crate::{
    clock::SystemIds,
    database::{Database, DatabaseUrls, PoolSizes},
    features::{
        accounts::{AccountsService, AccountsSetup, Tokens, TokensSetup},
        deliveries::{
            DeliveryService, Selector,
            jobs::{prepare_media, select_targets},
        },
        media::{self, MediaFiles, MediaLinks, MediaService},
        notifications::tests::{Post, SECRET, letters, webhooks},
        posts::{self, PostService, QueueService},
    },
    jobs::{self, JobContext, Registry},
};

/// What a workspace may keep, bytes.
pub const ROOM: u64 = 100 * 1024 * 1024;

pub struct Studio {
    pub db: Database,
    pub clock: Arc<FrozenClock>,
    pub ids: Arc<dyn Ids>,
    pub files: MediaFiles,
    pub store: Arc<InMemory>,
    pub accounts: Arc<dyn Accounts>,
    pub posts: Arc<dyn Posts>,
    pub approvals: Arc<dyn Approvals>,
    pub queue: Arc<dyn Queue>,
    pub media: Arc<dyn Media>,
    pub deliveries: Arc<dyn Deliveries>,
    pub context: JobContext,
    /// The mail server.
    pub post: Arc<Post>,
    pub vault: Arc<Vault>,
    /// The superuser, who sees everything: for arranging and looking.
    pub admin: PgPool,
    // Dropped last, when nobody is connected any more.
    _database: TestDatabase,
}

/// The state that routers of a test get their ports from.
#[derive(Clone)]
struct Ports {
    posts: Arc<dyn Posts>,
    media: Arc<dyn Media>,
}

impl FromRef<Ports> for Arc<dyn Posts> {
    fn from_ref(ports: &Ports) -> Self {
        ports.posts.clone()
    }
}

impl FromRef<Ports> for Arc<dyn Media> {
    fn from_ref(ports: &Ports) -> Self {
        ports.media.clone()
    }
}

/// A job that waits.
#[derive(Debug, PartialEq)]
pub struct Waiting {
    pub task: String,
    pub payload: Value,
    pub run_at: DateTime<Utc>,
}

impl Studio {
    pub async fn new() -> Self {
        let database = TestDatabase::new("jobs", |worker| async move {
            let pool = PgPoolOptions::new().max_connections(4).connect(&worker).await?;
            jobs::prepare(&pool).await?;
            pool.close().await;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        })
        .await
        .unwrap();
        let urls = DatabaseUrls {
            owner: SecretString::from(database.owner_url.as_str()),
            app: SecretString::from(database.app_url.as_str()),
            worker: SecretString::from(database.worker_url.as_str()),
        };
        let db = Database::connect(&urls, PoolSizes::default()).unwrap();
        let admin = PgPoolOptions::new().max_connections(2).connect(&database.admin_url()).await.unwrap();

        let frozen = Arc::new(FrozenClock::at_present());
        let clock: Arc<dyn Clock> = frozen.clone();
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let secret = SecretString::from(SECRET);
        let platforms = Arc::new(registry(&clock));
        let vault = Arc::new(Vault::new(KeyRing::generate().unwrap(), Algorithm::XChaCha20Poly1305));
        let accounts: Arc<dyn Accounts> = Arc::new(AccountsService::new(AccountsSetup {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            platforms: platforms.clone(),
            vault: vault.clone(),
            public_url: "http://127.0.0.1:8080".parse().unwrap(),
            oauth_key: secret.clone(),
        }));
        let tokens = Tokens::new(TokensSetup {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            platforms: platforms.clone(),
            vault: vault.clone(),
        });
        let store = Arc::new(InMemory::new());
        let files = MediaFiles::new(store.clone());
        let links = MediaLinks::new(&secret, clock.clone());
        let media = MediaService::new(db.clone(), clock.clone(), ids.clone(), files.clone(), links.clone(), ROOM);
        let missed = MissedPolicy::default();
        let selector = Selector::new(ids.clone(), platforms.clone(), missed);
        let queue = QueueService::new(db.clone(), clock.clone(), ids.clone(), accounts.clone());
        let posts = PostService::new(db.clone(), clock.clone(), ids.clone(), accounts.clone(), links, selector.clone());
        let deliveries = DeliveryService::new(db.clone(), clock.clone(), ids.clone(), 5, missed.spacing);
        let post = Arc::new(Post::default());
        let sender = webhooks(&clock, &vault);
        let context = JobContext {
            db: db.clone(),
            clock,
            ids: ids.clone(),
            platforms,
            tokens,
            files: files.clone(),
            audit_keep_days: 730,
            selector,
            letters: letters(post.clone()),
            webhooks: sender,
        };
        Self {
            db,
            clock: frozen,
            ids,
            files,
            store,
            accounts,
            approvals: Arc::new(posts.clone()),
            posts: Arc::new(posts),
            queue: Arc::new(queue),
            media: Arc::new(media),
            deliveries: Arc::new(deliveries),
            context,
            post,
            vault,
            admin,
            _database: database,
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A new workspace in `zone`, and its admin.
    pub async fn workspace(&self, zone: &str) -> Actor {
        let workspace = WorkspaceId(self.ids.next());
        sqlx::query(
            "insert into workspaces (id, name, slug, kind, time_zone, created_at, updated_at)
             values ($1, 'Harbour & Pine', 'w-' || $1::text, 'client', $2, $3, $3)",
        )
        .bind(workspace.0)
        .bind(zone)
        .bind(self.now())
        .execute(&self.admin)
        .await
        .unwrap();
        self.person(workspace, Role::Admin).await
    }

    /// Somebody else in the actor's workspace.
    pub async fn colleague(&self, actor: &Actor, role: Role) -> Actor {
        self.person(actor.workspace_id, role).await
    }

    async fn person(&self, workspace: WorkspaceId, role: Role) -> Actor {
        let user = UserId(self.ids.next());
        sqlx::query(
            "with person as (
               insert into users (id, email, password_hash, full_name, role, created_at, updated_at)
               values ($1, $1::text || '@example.com', '', 'Maeve Byrne', 'client', $5, $5) returning id
             )
             insert into memberships (id, workspace_id, user_id, role, created_at, updated_at)
             select $2, $3, id, $4::text::member_role, $5, $5 from person",
        )
        .bind(user.0)
        .bind(self.ids.next())
        .bind(workspace.0)
        .bind(role.as_str())
        .bind(self.now())
        .execute(&self.admin)
        .await
        .unwrap();
        Actor {
            user_id: user,
            workspace_id: workspace,
            kind: WorkspaceKind::Client,
            role,
            via: Via::System,
            request_id: RequestId::from_uuid(self.ids.next()),
            peer: domain::Peer::default(),
        }
    }

    /// A connected account that is switched on.
    pub async fn account(&self, actor: &Actor, platform: Platform, name: &str) -> AccountId {
        let id = AccountId(self.ids.next());
        sqlx::query(
            "insert into accounts (id, workspace_id, platform, external_kind, external_account_id, display_name,
                                   connected_at, created_at, updated_at)
             values ($1, $2, $3::text::platform, 'member', $1::text, $4, $5, $5, $5)",
        )
        .bind(id.0)
        .bind(actor.workspace_id.0)
        .bind(platform.as_str())
        .bind(name)
        .bind(self.now())
        .execute(&self.admin)
        .await
        .unwrap();
        id
    }

    pub async fn change_account(&self, id: AccountId, set: &'static str) {
        let sql = format!("update accounts set {set} where id = $1");
        let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.0).execute(&self.admin).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }

    /// What the platform has just said that an account's creator may choose.
    pub async fn creator(&self, actor: &Actor, account: AccountId, privacy: &[TiktokPrivacy]) {
        let choices = CreatorChoices {
            nickname: "Harbour & Pine".into(),
            handle: None,
            avatar_url: None,
            privacy: privacy.to_vec(),
            comments: true,
            duets: true,
            stitches: true,
            longest_video_seconds: None,
        };
        sqlx::query(
            "insert into creator_choices (account_id, workspace_id, asked_at, answered_at, choices, choices_at, created_at, updated_at)
             values ($1, $2, $3, $3, $4, $3, $3, $3)",
        )
        .bind(account.0)
        .bind(actor.workspace_id.0)
        .bind(self.now())
        .bind(sqlx::types::Json(choices))
        .execute(&self.admin)
        .await
        .unwrap();
    }

    /// What the platform has just said of an account's quota, after it was asked.
    pub async fn quota(&self, account: AccountId, used: u32, total: u32) {
        let quota = PublishingQuota { used, total, window: 86_400 };
        let sql = "update publishing_quotas set answered_at = $2, quota = $3, quota_at = $2 where account_id = $1";
        let query = sqlx::query(sql).bind(account.0).bind(self.now()).bind(sqlx::types::Json(quota));
        assert_eq!(query.execute(&self.admin).await.unwrap().rows_affected(), 1);
    }

    pub async fn picture(&self, actor: &Actor, width: u32, height: u32) -> MediaId {
        self.upload(actor, "cups.png", media::samples::png(width, height)).await.id
    }

    pub async fn upload(&self, actor: &Actor, file_name: &str, bytes: Vec<u8>) -> MediaAsset {
        let upload = Upload { file_name: file_name.to_owned(), alt_text: None, bytes };
        self.media.upload(actor, upload).await.unwrap().asset
    }

    pub async fn save(&self, actor: &Actor, post: NewPost) -> SavedPost {
        self.posts.create(actor, post, None).await.unwrap()
    }

    /// What waits in the job queue, oldest first.
    pub async fn jobs(&self) -> Vec<Waiting> {
        let rows: Vec<(String, Value, DateTime<Utc>)> = sqlx::query_as(
            "select t.identifier, j.payload::jsonb, j.run_at
               from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
              order by j.id",
        )
        .fetch_all(&self.admin)
        .await
        .unwrap();
        rows.into_iter().map(|(task, payload, run_at)| Waiting { task, payload, run_at }).collect()
    }

    /// Runs what is due: the selector for scheduled posts, and what removes files.
    pub async fn select(&self) {
        let registry = Registry::new()
            .register(select_targets)
            .register(prepare_media)
            .register(media::jobs::remove_files)
            .register(media::jobs::finish_upload);
        jobs::run_due(&self.context, registry).await.unwrap();
    }

    /// The statuses of a post's deliveries with the platforms they go to, in order.
    pub async fn deliveries(&self, post: PostId) -> Vec<(String, String)> {
        sqlx::query_as(
            "select d.platform::text, d.status::text from deliveries d join post_versions v on v.id = d.post_version_id
              where d.post_id = $1 order by v.number, d.platform, d.account_id",
        )
        .bind(post.0)
        .fetch_all(&self.admin)
        .await
        .unwrap()
    }

    /// What a worker does when it takes one of a post's deliveries.
    pub async fn pick_one_up(&self, post: PostId) {
        let done = sqlx::query(
            "update deliveries set status = 'publishing', attempts = 1, next_attempt_at = null, lease_owner = $2, lease_until = $3
              where id = (select id from deliveries where post_id = $1 and status = 'pending' order by id limit 1)",
        )
        .bind(post.0)
        .bind(Uuid::nil())
        .bind(self.now() + Duration::minutes(1))
        .execute(&self.admin)
        .await
        .unwrap();
        assert_eq!(done.rows_affected(), 1);
    }

    /// What workers leave behind when all of a post is out.
    pub async fn publish(&self, post: PostId, status: &str) {
        for sql in [
            "update deliveries set status = 'success', attempts = 1, stage = 'done', next_attempt_at = null, published_at = now()
              where post_id = $1 and status = 'pending' and $2 <> ''",
            "update posts set status = $2::text::post_status where id = $1",
        ] {
            sqlx::query(sql).bind(post.0).bind(status).execute(&self.admin).await.unwrap();
        }
    }

    /// What a worker leaves behind when a platform has answered: `success`, `failed`, or `unknown` for a failed one of
    /// which only a person can tell.
    pub async fn settle(&self, post: PostId, platform: Platform, outcome: &str) {
        let done = sqlx::query(
            "with done as (
               update deliveries
                  set status = case when $3 = 'success' then 'success' else 'failed' end::delivery_status,
                      needs_person = $3 = 'unknown', attempts = 1, next_attempt_at = null, last_error = 'It said no.',
                      published_at = case when $3 = 'success' then $4::timestamptz end
                where post_id = $1 and platform = $2::text::platform and status = 'pending' returning post_id
             )
             update posts p set status = case
                 when exists (select from deliveries d where d.post_id = p.id and d.status = 'pending'
                                 and d.platform <> $2::text::platform) then 'publishing'
                 when $3 = 'success' and not exists (select from deliveries d where d.post_id = p.id and d.status = 'failed')
                 then 'published'
                 when $3 = 'success' or exists (select from deliveries d where d.post_id = p.id and d.status = 'success')
                 then 'partly_published' else 'failed' end::post_status
               from done where p.id = done.post_id",
        )
        .bind(post.0)
        .bind(platform.as_str())
        .bind(outcome)
        .bind(self.now())
        .execute(&self.admin)
        .await
        .unwrap();
        assert_eq!(done.rows_affected(), 1, "one delivery to {platform} was pending");
    }

    /// Everything that waits is out.
    pub async fn finish_all(&self) {
        sqlx::query(
            "update deliveries set status = 'success', next_attempt_at = null, published_at = now() where status = 'pending'",
        )
        .execute(&self.admin)
        .await
        .unwrap();
    }

    /// The deliveries of one version of a post, by platform.
    pub async fn delivery_ids(&self, post: PostId, version: i32) -> Vec<DeliveryId> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "select d.id from deliveries d join post_versions v on v.id = d.post_version_id
              where d.post_id = $1 and v.number = $2 order by d.platform",
        )
        .bind(post.0)
        .bind(version)
        .fetch_all(&self.admin)
        .await
        .unwrap();
        ids.into_iter().map(DeliveryId).collect()
    }

    /// The accounts at Facebook and LinkedIn that a post went to.
    pub async fn accounts_of(&self, post: PostId) -> (AccountId, AccountId) {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "select account_id from (select distinct platform, account_id from deliveries where post_id = $1) d order by platform",
        )
        .bind(post.0)
        .fetch_all(&self.admin)
        .await
        .unwrap();
        let [facebook, linkedin] = ids[..] else { panic!("two accounts: {ids:?}") };
        (AccountId(facebook), AccountId(linkedin))
    }

    /// Runs what was scheduled: the queue goes by the database's own clock, which a test cannot move.
    pub async fn run_scheduled(&self) {
        sqlx::query("update graphile_worker._private_jobs set run_at = now()").execute(&self.admin).await.unwrap();
        self.select().await;
    }

    /// A change to the database, under the superuser.
    pub async fn sql(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.admin).await.unwrap();
    }

    /// How often something stands in the record.
    pub async fn recorded(&self, action: &str) -> i64 {
        sqlx::query_scalar("select count(*) from audit_events where action = $1")
            .bind(action)
            .fetch_one(&self.admin)
            .await
            .unwrap()
    }

    /// A number from the database, under the superuser.
    pub async fn count(&self, from_where: &'static str) -> i64 {
        let sql = format!("select count(*) from {from_where}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&self.admin).await.unwrap()
    }

    /// The routes of posts and pictures, for somebody signed in or for nobody.
    pub fn server(&self, actor: Option<&Actor>) -> TestServer {
        let ports = Ports { posts: self.posts.clone(), media: self.media.clone() };
        let (mut routes, _) =
            OpenApiRouter::new().merge(posts::api::router()).merge(media::api::router()).split_for_parts();
        if let Some(actor) = actor {
            routes = routes.layer(Extension(actor.clone()));
        }
        TestServer::new(routes.with_state(ports))
    }
}

fn registry(clock: &Arc<dyn Clock>) -> platforms::Registry {
    let http = Arc::new(Http::new(HttpSettings::default(), clock.clone()).unwrap());
    let apps = platforms::supported().map(|platform| {
        let callback = "http://127.0.0.1:8080/api/oauth/callback".parse().unwrap();
        PlatformSettings::new(platform, "client", SecretString::from("secret"), callback).unwrap()
    });
    platforms::Registry::new(apps, &http).unwrap()
}

/// A post of one line.
pub fn text(body: &str) -> NewPost {
    NewPost { body: body.to_owned(), ..NewPost::default() }
}

/// The message of a field of a refusal.
#[track_caller]
pub fn field<T: std::fmt::Debug>(result: domain::ServiceResult<T>, field: &str) -> String {
    let error = result.unwrap_err();
    match error.fault.fields.get(field) {
        Some(message) => message.to_owned(),
        None => panic!("{field} is not at fault: {error:?}"),
    }
}

/// The code of a refusal.
#[track_caller]
pub fn code<T: std::fmt::Debug>(result: domain::ServiceResult<T>) -> domain::ErrorCode {
    result.unwrap_err().code()
}
