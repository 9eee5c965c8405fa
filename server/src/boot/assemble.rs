//! The services, made from settings and a database.

use std::{sync::Arc, time::Duration};

use app::services::{Services, Settings as PageSettings};
use axum::extract::FromRef;
use domain::{
    ServiceError, ServiceResult,
    accounts::{Accounts, PushEvents},
    audit::Audit,
    clock::{Clock, Ids},
    deliveries::Deliveries,
    events::Events,
    identity::{Credentials, Identity, OwnData, Passkeys, Profiles, Providers, Sessions, TwoSteps},
    media::Media,
    notifications::{Notifications, Webhooks},
    posts::{Approvals, Posts, queue::Queue},
    workspaces::{ApiKeys, Memberships, Team, WorkspaceSettings},
};
use leptos::config::LeptosOptions;
use metrics_exporter_prometheus::PrometheusHandle;
use platforms::{Http, HttpSettings, OidcProvider, OidcSettings, PlatformSettings, Registry};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use vault::{Algorithm, KeyRing, Vault};

use crate::{
    config::{Environment, Keys, Settings, TokenAlgorithm},
    database::{Database, PoolSizes},
    features::{
        accounts::{AccountsService, AccountsSetup, PushService, PushSetup, Tokens, TokensSetup, callback_url},
        audit::AuditService,
        deliveries::{self, DeliveryService, Selector, Worker, WorkerParts},
        identity::{
            IdentityService, OwnDataService, PasswordCost, ProfileService, ProviderService, ProviderSetup, RelyingParty,
        },
        media::{MediaFiles, MediaLinks, MediaService, Portraits, PublicMedia},
        notifications::{
            Folder, Letters, LiveEvents, Mailer, NotificationService, Smtp, Writer,
            webhooks::{SenderSetup, WebhookSender, WebhookService, WebhookSetup},
        },
        posts::{PostService, QueueService},
        workspaces::{ApiKeyService, SettingsService, TeamService, WorkspaceService},
    },
    http::{
        assets::Assets,
        cookie::{self, CookiePolicy},
        health::{Probe, Readiness},
        limits::Limits,
        middleware::Edge,
        pages::PageState,
        well_known::SecurityContact,
    },
    jobs::{JobContext, backlog},
    limits::PostgresLimiter,
    one_time::OneTimeTokens,
};

/// What the services are made from.
pub struct Parts {
    pub settings: Settings,
    pub keys: Keys,
    pub database: Database,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub password_cost: PasswordCost,
    pub metrics: PrometheusHandle,
    /// Ends live streams and claiming.
    pub stop: CancellationToken,
}

/// The whole program, but for its sockets.
#[derive(Clone)]
pub struct Arctiv {
    pub settings: Arc<Settings>,
    pub database: Database,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub services: Services,
    pub adapters: Arc<Registry>,
    pub tokens: Tokens,
    /// Opens what is sealed.
    pub vault: Arc<Vault>,
    pub files: MediaFiles,
    selector: Selector,
    pub letters: Letters,
    webhooks: WebhookSender,
    /// Where letters are kept, when there is no mail server.
    pub mailbox: Option<Folder>,
    public_media: Option<PublicMedia>,
    portraits: Portraits,
    push: Arc<dyn PushEvents>,
    pub cookies: CookiePolicy,
    pub metrics: PrometheusHandle,
    pub stop: CancellationToken,
    probe: Arc<dyn Probe>,
}

/// How many connections the settings give to whom.
pub fn pool_sizes(settings: &Settings) -> PoolSizes {
    PoolSizes {
        app: settings.database.pool,
        worker: settings.database.worker_pool,
        acquire: Duration::from_secs(settings.database.acquire_seconds),
    }
}

/// Where a token's envelope is opened and sealed.
pub fn vault(settings: &Settings, keys: &Keys) -> ServiceResult<Arc<Vault>> {
    let ring = KeyRing::parse(&keys.token_keys).map_err(ServiceError::internal)?;
    let algorithm = match settings.security.token_algorithm {
        TokenAlgorithm::XChaCha20Poly1305 => Algorithm::XChaCha20Poly1305,
        TokenAlgorithm::Aes256Gcm => Algorithm::Aes256Gcm,
    };
    Ok(Arc::new(Vault::new(ring, algorithm)))
}

/// Adapters of the platforms that have an app, or of all when the sandbox plays them.
pub fn adapters(settings: &Settings, clock: &Arc<dyn Clock>) -> ServiceResult<Registry> {
    let sandbox = settings.platforms.sandbox_url.as_ref();
    let http = HttpSettings {
        allow_private_networks: settings.platforms.allow_private_networks || sandbox.is_some(),
        // A call must end well before its lease does, or two workers could hold one delivery.
        timeout: Duration::from_secs((settings.publishing.lease_seconds / 2).clamp(1, 30)),
        ..HttpSettings::default()
    };
    let http = Arc::new(Http::new(http, Arc::clone(clock)).map_err(ServiceError::internal)?);
    let origin =
        settings.server.origin().parse().map_err(|error| ServiceError::internal(format!("public_url: {error}")))?;
    let mut apps = Vec::new();
    for platform in platforms::supported() {
        let section = settings.platforms.apps.get(&platform);
        let credentials = match (section.and_then(|app| app.client_id.clone().zip(app.client_secret.clone())), sandbox)
        {
            (Some(own), _) => own,
            (None, Some(_)) => (sandbox::DEMO_CLIENT_ID.to_owned(), SecretString::from(sandbox::DEMO_CLIENT_SECRET)),
            (None, None) => continue,
        };
        let mut app = PlatformSettings::new(platform, credentials.0, credentials.1, callback_url(&origin, platform))
            .map_err(ServiceError::internal)?;
        if let Some(login) = section.and_then(|app| app.login) {
            app = app.with_login(login).map_err(ServiceError::internal)?;
        }
        if let Some(instance) = section.and_then(|app| app.instance.as_ref()) {
            app = app.at_instance(instance).map_err(ServiceError::internal)?;
        }
        if let Some(transfer) = section.and_then(|app| app.video_transfer) {
            app.video_transfer = transfer;
        }
        if let Some(version) = section.and_then(|app| app.api_version.clone()) {
            app.api_version = Some(version);
        }
        app.api_version_ends_on = section.and_then(|app| app.api_version_ends_on);
        if let Some(base) = section.and_then(|app| app.base_url.as_ref()).or(sandbox) {
            app = app.in_sandbox(base);
        }
        apps.push(app);
    }
    Registry::new(apps, &http)
        .map_err(|faults| ServiceError::internal(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

/// The sign-in provider, if one is set up.
fn provider(
    settings: &Settings,
    keys: &Keys,
    public_url: &url::Url,
    clock: &Arc<dyn Clock>,
) -> ServiceResult<Option<ProviderSetup>> {
    let Some(set) = settings.oidc.in_force() else { return Ok(None) };
    let http = HttpSettings {
        allow_private_networks: settings.oidc.allow_private_networks,
        timeout: Duration::from_secs(10),
        ..HttpSettings::default()
    };
    let http = Arc::new(Http::new(http, Arc::clone(clock)).map_err(ServiceError::internal)?);
    let mut redirect_uri = public_url.clone();
    redirect_uri.set_path(&format!("{}/api/auth/oidc/callback", public_url.path().trim_end_matches('/')));
    let there = OidcSettings {
        issuer: set.issuer.clone(),
        client_id: set.client_id,
        client_secret: set.client_secret,
        redirect_uri,
    };
    let provider = OidcProvider::new(there, http);
    Ok(Some(ProviderSetup { provider, name: set.name, issuer: set.issuer, key: keys.jwt_secret.clone() }))
}

/// What calls webhooks, by a rule of addresses of its own.
fn webhook_http(settings: &Settings, clock: &Arc<dyn Clock>) -> ServiceResult<Arc<Http>> {
    let http = HttpSettings {
        allow_private_networks: settings.webhooks.allow_private_networks,
        timeout: settings.webhooks.timeout(),
        // Nobody reads what such an address says.
        max_response_bytes: 64 * 1024,
        ..HttpSettings::default()
    };
    Ok(Arc::new(Http::new(http, Arc::clone(clock)).map_err(ServiceError::internal)?))
}

impl Arctiv {
    /// Puts the program together. Nothing is contacted yet.
    pub fn assemble(parts: Parts) -> ServiceResult<Self> {
        let Parts { settings, keys, database, clock, ids, password_cost, metrics, stop } = parts;
        let adapters = Arc::new(adapters(&settings, &clock)?);
        adapters.warn_of_versions(clock.now().date_naive());
        let vault = vault(&settings, &keys)?;
        let public_url: url::Url =
            settings.server.origin().parse().map_err(|error| ServiceError::internal(format!("public_url: {error}")))?;
        let site = public_url.clone();
        let tokens = Tokens::new(TokensSetup {
            db: database.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            platforms: Arc::clone(&adapters),
            vault: Arc::clone(&vault),
        });
        let push = Arc::new(PushService::new(PushSetup {
            db: database.clone(),
            clock: Arc::clone(&clock),
            platforms: Arc::clone(&adapters),
            public_url: public_url.clone(),
        }));
        let provider = provider(&settings, &keys, &public_url, &clock)?;
        let accounts: Arc<dyn Accounts> = Arc::new(AccountsService::new(AccountsSetup {
            db: database.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            platforms: Arc::clone(&adapters),
            vault: Arc::clone(&vault),
            public_url,
            oauth_key: keys.jwt_secret.clone(),
        }));
        let files = media_files(&settings)?;
        let links = MediaLinks::new(&keys.jwt_secret, Arc::clone(&clock));
        // Without a public address only a sandbox beside us can fetch anything here.
        let reachable = settings.server.public_url.is_some() || settings.platforms.sandbox_url.is_some();
        let public_media = reachable.then(|| PublicMedia::new(links.clone(), settings.server.origin()));
        let media = MediaService::new(
            database.clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
            files.clone(),
            links.clone(),
            settings.media.room(),
        );
        let missed = settings.publishing.missed();
        let selector = Selector::new(Arc::clone(&ids), Arc::clone(&adapters), missed);
        let posts = PostService::new(
            database.clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
            Arc::clone(&accounts),
            links.clone(),
            selector.clone(),
        );
        let queue = QueueService::new(database.clone(), Arc::clone(&clock), Arc::clone(&ids), Arc::clone(&accounts));
        let policy = settings.publishing.policy();
        let portraits = Portraits::new(files.clone(), links.clone(), Arc::clone(&ids));
        let profiles = ProfileService::new(database.clone(), Arc::clone(&clock), links.clone(), portraits.clone());
        let workspace_settings =
            SettingsService::new(database.clone(), Arc::clone(&clock), links.clone(), portraits.clone());
        let workspaces = WorkspaceService::new(database.clone(), links, policy.max_attempts());
        let deliveries = DeliveryService::new(
            database.clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
            policy.max_attempts(),
            missed.spacing,
        );
        let (mailer, mailbox) = mailer(&settings)?;
        let letters = Letters {
            writer: Writer::new(OneTimeTokens::new(&keys.jwt_secret), settings.server.origin()),
            mailer,
            pauses: settings.mail.pauses_seconds.iter().copied().map(Duration::from_secs).collect(),
        };
        let http = webhook_http(&settings, &clock)?;
        let webhooks = WebhookSender::new(SenderSetup {
            http: Arc::clone(&http),
            vault: Arc::clone(&vault),
            pauses: settings.webhooks.pauses(),
            timeout: settings.webhooks.timeout(),
            off_after: settings.webhooks.off_after(),
        });
        let webhook_service = WebhookService::new(WebhookSetup {
            db: database.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            vault: Arc::clone(&vault),
            http,
        });
        let notifications =
            NotificationService::new(database.clone(), Arc::clone(&clock), OneTimeTokens::new(&keys.jwt_secret));
        let identity = IdentityService::new(
            database.clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
            &keys.jwt_secret,
            password_cost,
            Arc::clone(&vault),
        )?
        .with_passkeys_of(RelyingParty::of(&site));
        let approvals: Arc<dyn Approvals> = Arc::new(posts.clone());
        let (accounts_there, posts): (_, Arc<dyn Posts>) = (Arc::clone(&accounts), Arc::new(posts));
        let own_data = OwnDataService::new(identity.clone(), accounts_there, Arc::clone(&posts), portraits.clone());
        let providers = ProviderService::new(identity.clone(), provider);
        let team = TeamService::new(database.clone(), Arc::clone(&clock), Arc::clone(&ids), &keys.jwt_secret);
        let api_keys = ApiKeyService::new(database.clone(), Arc::clone(&clock), Arc::clone(&ids));
        let events = LiveEvents::start(database.clone(), stop.clone());
        let cookies = CookiePolicy { https: settings.server.is_https() };
        let services = Services {
            credentials: Arc::new(identity.clone()),
            sessions: Arc::new(identity.clone()),
            two_steps: Arc::new(identity.clone()),
            passkeys: Arc::new(identity.clone()),
            memberships: Arc::new(identity.clone()),
            own_data: Arc::new(own_data),
            profiles: Arc::new(profiles),
            workspace_settings: Arc::new(workspace_settings),
            team: Arc::new(team),
            api_keys: Arc::new(api_keys),
            identity: Arc::new(identity),
            providers: Arc::new(providers),
            accounts,
            posts,
            approvals,
            queue: Arc::new(queue),
            deliveries: Arc::new(deliveries),
            media: Arc::new(media),
            workspaces: Arc::new(workspaces),
            audit: Arc::new(AuditService::new(database.clone())),
            notifications: Arc::new(notifications),
            webhooks: Arc::new(webhook_service),
            events: Arc::new(events),
            clock: Arc::clone(&clock),
            settings: Arc::new(PageSettings {
                public_url: settings.server.origin(),
                development: settings.server.environment == Environment::Development,
                picture_origin: picture_origin(&settings),
                session_cookie: Box::new(move |token| {
                    cookie::set(cookies, token).1.to_str().unwrap_or_default().to_owned()
                }),
                sign_in_cookie: Box::new(move |token| {
                    cookie::keep_sign_in(cookies, token).1.to_str().unwrap_or_default().to_owned()
                }),
            }),
        };
        let probe = Arc::new(ReadinessProbe {
            database: database.clone(),
            clock: Arc::clone(&clock),
            adapters: Arc::clone(&adapters),
            unsent: (mailbox.is_some() && settings.server.environment == Environment::Production)
                .then_some("no mail server is set (SMTP_URL): letters are kept in a folder and reach nobody"),
        });
        Ok(Self {
            settings: Arc::new(settings),
            database,
            clock,
            ids,
            services,
            adapters,
            tokens,
            vault,
            files,
            selector,
            letters,
            webhooks,
            mailbox,
            public_media,
            portraits,
            push,
            cookies,
            metrics,
            stop,
            probe,
        })
    }

    /// What the middleware needs.
    pub fn edge(&self) -> Edge {
        Edge {
            ids: Arc::clone(&self.ids),
            identity: Arc::clone(&self.services.identity),
            keys: Arc::clone(&self.services.api_keys),
            cookies: self.cookies,
            origin: self.settings.server.origin().into(),
            trusted_proxies: self.settings.server.trusted_proxies.clone().into(),
            timeout: Duration::from_secs(self.settings.server.request_timeout_seconds),
            limiter: Arc::new(PostgresLimiter::new(self.database.clone(), Arc::clone(&self.clock))),
            limits: Limits {
                visitor: self.settings.limits.visitor_per_minute,
                user: self.settings.limits.user_per_minute,
                workspace: self.settings.limits.workspace_per_minute,
                uploads: self.settings.limits.uploads_per_minute,
                interface: self.settings.limits.interface_per_minute,
            },
        }
    }

    /// Whom to tell about a hole.
    pub fn security_contact(&self) -> SecurityContact {
        SecurityContact {
            contact: self.settings.server.security_contact().into(),
            origin: self.settings.server.origin().into(),
            clock: Arc::clone(&self.clock),
        }
    }

    /// What pages need.
    pub fn pages(&self) -> PageState {
        let options = LeptosOptions::builder()
            .output_name("arctiv")
            .site_root("target/site")
            .site_pkg_dir("pkg")
            .site_addr(self.settings.server.listen)
            .build();
        PageState {
            services: self.services.clone(),
            options,
            cookies: self.cookies,
            assets: Assets::open(self.settings.server.site_root.clone()),
            picture_origin: picture_origin(&self.settings),
        }
    }

    /// What background jobs work with.
    pub fn job_context(&self) -> JobContext {
        JobContext {
            db: self.database.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            platforms: Arc::clone(&self.adapters),
            tokens: self.tokens.clone(),
            files: self.files.clone(),
            audit_keep_days: self.settings.audit.keep_days,
            selector: self.selector.clone(),
            letters: self.letters.clone(),
            webhooks: self.webhooks.clone(),
        }
    }

    /// A publishing worker.
    pub fn worker(&self) -> Worker {
        let parts = WorkerParts {
            database: self.database.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            adapters: Arc::clone(&self.adapters),
            tokens: Arc::new(self.tokens.clone()),
            files: self.files.clone(),
            public_media: self.public_media.clone(),
            settings: self.settings.publishing.clone(),
        };
        Worker::new(parts, self.stop.clone())
    }
}

/// Where the files behind pictures are.
pub fn media_files(settings: &Settings) -> ServiceResult<MediaFiles> {
    MediaFiles::open(&settings.media, &settings.server.data_dir)
}

/// The mail server that is set, or a folder.
fn mailer(settings: &Settings) -> ServiceResult<(Arc<dyn Mailer>, Option<Folder>)> {
    let mail = &settings.mail;
    match &mail.smtp_url {
        Some(url) => Ok((Arc::new(Smtp::new(url, &mail.from, Duration::from_secs(mail.timeout_seconds))?), None)),
        None => {
            let path = mail.folder.clone().unwrap_or_else(|| settings.server.data_dir.join("mailbox"));
            let folder = Folder::new(&path);
            Ok((Arc::new(folder.clone()), Some(folder)))
        }
    }
}

/// Where simulated networks keep their people's pictures; real ones serve them over https.
fn picture_origin(settings: &Settings) -> Option<String> {
    settings.platforms.sandbox_url.as_ref().map(|url| url.origin().ascii_serialization())
}

macro_rules! part {
    ($($field:ident: $port:path),+ $(,)?) => {$(
        impl FromRef<Arctiv> for Arc<dyn $port> {
            fn from_ref(arctiv: &Arctiv) -> Self {
                Arc::clone(&arctiv.services.$field)
            }
        }
    )+};
}

part!(
    identity: Identity,
    providers: Providers,
    credentials: Credentials,
    sessions: Sessions,
    two_steps: TwoSteps,
    passkeys: Passkeys,
    memberships: Memberships,
    own_data: OwnData,
    profiles: Profiles,
    workspace_settings: WorkspaceSettings,
    team: Team,
    api_keys: ApiKeys,
    accounts: Accounts,
    posts: Posts,
    approvals: Approvals,
    queue: Queue,
    deliveries: Deliveries,
    media: Media,
    events: Events,
    audit: Audit,
    notifications: Notifications,
    webhooks: Webhooks,
);

impl FromRef<Arctiv> for Arc<dyn PushEvents> {
    fn from_ref(arctiv: &Arctiv) -> Self {
        Arc::clone(&arctiv.push)
    }
}

impl FromRef<Arctiv> for Portraits {
    fn from_ref(arctiv: &Arctiv) -> Self {
        arctiv.portraits.clone()
    }
}

impl FromRef<Arctiv> for CookiePolicy {
    fn from_ref(arctiv: &Arctiv) -> Self {
        arctiv.cookies
    }
}

impl FromRef<Arctiv> for PrometheusHandle {
    fn from_ref(arctiv: &Arctiv) -> Self {
        arctiv.metrics.clone()
    }
}

impl FromRef<Arctiv> for Arc<dyn Probe> {
    fn from_ref(arctiv: &Arctiv) -> Self {
        Arc::clone(&arctiv.probe)
    }
}

/// How long counting the queues may take.
const MEASURING: Duration = Duration::from_secs(2);

/// Looks at the database, its migrations, the queues and the calendar of API versions.
struct ReadinessProbe {
    database: Database,
    clock: Arc<dyn Clock>,
    adapters: Arc<Registry>,
    /// Why letters reach nobody.
    unsent: Option<&'static str>,
}

#[async_trait::async_trait]
impl Probe for ReadinessProbe {
    async fn readiness(&self) -> Readiness {
        let now = self.clock.now();
        let migrations = self.database.is_migrated().await;
        let lag = deliveries::queue_lag(self.database.worker_pool(), now).await;
        let (queue_lag_seconds, due) = lag.as_ref().copied().unwrap_or_default();
        let ready = migrations == Ok(true) && lag.is_ok();
        let given_up = backlog(self.database.worker_pool()).await.map(|jobs| jobs.dead).unwrap_or_default();
        let given_up = (given_up > 0).then(|| {
            format!(
                "{given_up} background jobs have failed for the last time; their errors are in the log and with the job"
            )
        });
        let versions = self.adapters.version_warnings(now.date_naive());
        let warnings = versions
            .into_iter()
            .map(|warning| warning.message)
            .chain(given_up)
            .chain(self.unsent.map(str::to_owned))
            .collect();
        Readiness {
            status: if ready { "ready" } else { "not_ready" },
            database: migrations.is_ok(),
            migrations: migrations.unwrap_or(false),
            queue_lag_seconds,
            due,
            warnings,
        }
    }

    async fn measure(&self) {
        let now = self.clock.now();
        for (platform, version, ends_on) in self.adapters.version_ends() {
            let labels = [("platform", platform.to_string()), ("version", version.version)];
            let days = (ends_on - now.date_naive()).num_days();
            let days = i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX });
            metrics::gauge!("platform_api_version_days_left", &labels).set(f64::from(days));
        }
        let pool = self.database.worker_pool();
        // Whoever collects figures does not wait for a database that is away.
        let counted = tokio::time::timeout(MEASURING, async {
            let lag = deliveries::queue_lag(pool, now).await?;
            Ok::<_, ServiceError>((lag, backlog(pool).await?))
        });
        let Ok(Ok(((lag, due), jobs))) = counted.await else {
            metrics::gauge!("database_up").set(0.0);
            return;
        };
        let waited = jobs.oldest_due.and_then(|since| (now - since).to_std().ok()).unwrap_or_default();
        metrics::gauge!("database_up").set(1.0);
        metrics::gauge!("deliveries_queue_lag_seconds").set(lag);
        metrics::gauge!("deliveries_due").set(count(due));
        metrics::gauge!("jobs_waiting").set(count(jobs.waiting));
        metrics::gauge!("jobs_running").set(count(jobs.running));
        metrics::gauge!("jobs_dead").set(count(jobs.dead));
        metrics::gauge!("jobs_lag_seconds").set(waited.as_secs_f64());
    }
}

/// A number of rows as a gauge takes it.
fn count(rows: i64) -> f64 {
    f64::from(u32::try_from(rows).unwrap_or(u32::MAX))
}
