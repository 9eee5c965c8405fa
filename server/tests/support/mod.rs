//! What the walkthroughs share: a database, the sandbox, real `arctiv` processes, and a client that speaks REST.

#![allow(dead_code, clippy::allow_attributes, reason = "each walkthrough uses its own part")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a walkthrough stops where it cannot go on, and arranges the environment of its processes itself"
)]

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode, header};
use sandbox::{Running, Sandbox, driver::Visitor};
use serde_json::{Value, json};
use testkit::TestDatabase;
use tokio::sync::watch;

/// A database, by the roles that use it.
#[derive(Clone)]
pub struct Urls {
    pub owner: String,
    pub app: String,
    pub worker: String,
}

/// A database, a sandbox, and a folder for pictures and keys.
pub struct World {
    pub urls: Urls,
    pub sandbox: Running,
    pub folder: PathBuf,
    /// Goes away with the world.
    database: Option<TestDatabase>,
    wire: Option<Wire>,
    /// Where processes write their log, all that they can say, instead of warnings to the test's own.
    log: Option<PathBuf>,
}

impl World {
    /// With a database that processes reach over a wire, which can be cut.
    pub async fn behind_a_wire() -> Self {
        let mut world = Self::new().await;
        let target: url::Url = world.urls.owner.parse().unwrap();
        let target = format!("{}:{}", target.host_str().unwrap(), target.port().unwrap_or(5432));
        world.wire = Some(Wire::to(target).await);
        world
    }

    pub fn wire(&self) -> &Wire {
        self.wire.as_ref().unwrap()
    }

    /// The address of the database as processes are told it.
    fn address(&self, url: &str) -> String {
        let Some(wire) = &self.wire else { return url.to_owned() };
        let mut url: url::Url = url.parse().unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(wire.port)).unwrap();
        url.into()
    }

    /// On a database of its own, with schema and job tables.
    pub async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = TestDatabase::new("jobs", |worker_url: String| async move {
            let pool = sqlx::PgPool::connect(&worker_url).await?;
            let prepared = server::jobs::prepare(&pool).await;
            pool.close().await;
            prepared.map_err(Box::<dyn std::error::Error + Send + Sync>::from)
        })
        .await
        .unwrap();
        let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
        let urls = Urls {
            owner: database.owner_url.clone(),
            app: database.app_url.clone(),
            worker: database.worker_url.clone(),
        };
        let mut world = Self::on(urls, sandbox);
        world.database = Some(database);
        world
    }

    /// On a database that the program prepares itself.
    pub fn on(urls: Urls, sandbox: Running) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = std::env::temp_dir().join(format!("arctiv-walk-{}-{}", std::process::id(), free_port()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { urls, sandbox, folder, database: None, wire: None, log: None }
    }

    /// From now on, processes write down all that they can say.
    pub fn write_down(&mut self) -> PathBuf {
        self.log.insert(self.folder.join("log")).clone()
    }

    /// The database that [`World::new`] made.
    pub fn database(&self) -> &TestDatabase {
        self.database.as_ref().unwrap()
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arctiv"));
        command
            .arg(what)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DATABASE_URL", self.address(&self.urls.owner))
            .env("ARCTIV_DATABASE__APP_URL", self.address(&self.urls.app))
            .env("ARCTIV_DATABASE__WORKER_URL", self.address(&self.urls.worker))
            .env("ARCTIV_DATABASE__ACQUIRE_SECONDS", "2")
            .env("ARCTIV_DATABASE__POOL", "4")
            .env("ARCTIV_DATABASE__WORKER_POOL", "6")
            .env("ARCTIV_DATA_DIR", &self.folder)
            .env("ARCTIV_SANDBOX_URL", self.sandbox.url())
            .env("ARCTIV_OIDC__ISSUER", format!("{}/oidc", self.sandbox.url()))
            .env("ARCTIV_OIDC__CLIENT_ID", sandbox::DEMO_CLIENT_ID)
            .env("ARCTIV_OIDC__CLIENT_SECRET", sandbox::DEMO_CLIENT_SECRET)
            .env("ARCTIV_OIDC__ALLOW_PRIVATE_NETWORKS", "true")
            .env("ARCTIV_PUBLISHING__LEASE_SECONDS", "3")
            .env("ARCTIV_PUBLISHING__POLL_SECONDS", "1")
            .env("ARCTIV_PUBLISHING__PAUSES_SECONDS", "1,1,1,1")
            .env("ARCTIV_PUBLISHING__WATCH_SECONDS", "1")
            .env("ARCTIV_LOG__LEVEL", "warn")
            // Whole walkthroughs come from one address within seconds; limits have tests of their own.
            .env("ARCTIV_LIMITS__VISITOR_PER_MINUTE", "100000")
            .env("ARCTIV_LIMITS__USER_PER_MINUTE", "100000")
            .env("ARCTIV_LIMITS__WORKSPACE_PER_MINUTE", "100000")
            .env("ARCTIV_LIMITS__UPLOADS_PER_MINUTE", "100000")
            .env("ARCTIV_LIMITS__INTERFACE_PER_MINUTE", "100000")
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some(log) = &self.log {
            let file = std::fs::File::options().create(true).append(true).open(log).unwrap();
            command.env("ARCTIV_LOG__LEVEL", "trace").stderr(file);
        }
        command
    }

    /// The web alone, at a free port.
    pub async fn web(&self) -> Web {
        self.web_with(&[]).await
    }

    /// The web alone, with settings of its own.
    pub async fn web_with(&self, settings: &[(&str, &str)]) -> Web {
        let port = free_port();
        let process = self
            .command("serve")
            .env("ARCTIV_LISTEN", format!("127.0.0.1:{port}"))
            .env("ARCTIV_SERVER__WORKER", "false")
            .envs(settings.iter().copied())
            .spawn()
            .unwrap();
        let mut web = Web { process: Process(process), url: format!("http://127.0.0.1:{port}") };
        let http = client();
        within(Duration::from_mins(1), "the web to be ready", async || {
            assert!(web.process.0.try_wait().is_ok_and(|ended| ended.is_none()), "the web did not start");
            http.get(format!("{}/health", web.url)).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        web
    }

    /// A worker that falls asleep at a step, once.
    pub fn stalling_worker(&self, stall_at: &str) -> Process {
        Process(self.command("worker").env("ARCTIV_PUBLISHING__STALL_AT", stall_at).spawn().unwrap())
    }

    /// A worker that tells platforms to fetch media from this web.
    pub fn worker_beside(&self, web: &Web) -> Process {
        Process(self.command("worker").env("ARCTIV_PUBLIC_URL", &web.url).spawn().unwrap())
    }

    /// A worker with settings of its own.
    pub fn worker_with(&self, settings: &[(&str, &str)]) -> Process {
        Process(self.command("worker").envs(settings.iter().copied()).spawn().unwrap())
    }

    /// A worker; `crash_at` names the step at which it dies.
    pub fn worker(&self, crash_at: Option<&str>) -> Process {
        let mut command = self.command("worker");
        if let Some(step) = crash_at {
            command.env("ARCTIV_PUBLISHING__CRASH_AT", step);
        }
        Process(command.spawn().unwrap())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A way to the database that can be cut and mended.
pub struct Wire {
    pub port: u16,
    whole: watch::Sender<bool>,
}

impl Wire {
    async fn to(target: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (whole, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (target, mut state) = (target.clone(), state.clone());
                tokio::spawn(async move {
                    if !*state.borrow_and_update() {
                        return;
                    }
                    let Ok(mut far) = tokio::net::TcpStream::connect(target).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = state.wait_for(|whole| !whole) => {}
                    }
                });
            }
        });
        Self { port, whole }
    }

    /// Ends every connection, and every new one at once.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

/// A process that never outlives its test.
pub struct Process(pub Child);

impl Process {
    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Waits until it has died by itself.
    pub async fn died(&mut self) {
        within(Duration::from_mins(1), "the worker to die at its step", async || {
            self.0.try_wait().is_ok_and(|status| status.is_some())
        })
        .await;
    }

    /// Waits until it has fallen asleep (SIGSTOP).
    pub async fn stopped(&self) {
        let stat = format!("/proc/{}/stat", self.0.id());
        within(Duration::from_mins(1), "the worker to fall asleep at its step", async || {
            // `pid (name) state …`: the name may hold anything, so the state is what follows the last bracket.
            let stat = std::fs::read_to_string(&stat).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
        })
        .await;
    }

    /// SIGCONT.
    pub fn wake(&self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGCONT).unwrap();
    }

    /// SIGTERM, and how long it took to end; its exit code.
    pub async fn terminate(&mut self) -> (Duration, Option<i32>) {
        let started = Instant::now();
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return (started.elapsed(), status.code());
            }
            assert!(started.elapsed() < Duration::from_secs(40), "it did not stop");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

pub struct Web {
    pub process: Process,
    pub url: String,
}

/// A signed-in person.
#[derive(Clone)]
pub struct Person {
    pub http: reqwest::Client,
    pub url: String,
    cookie: String,
    /// Instead of the cookie: a program.
    key: Option<String>,
}

impl Person {
    /// Registers with a fresh email.
    pub async fn register(web: &Web, role: &str) -> Self {
        let http = client();
        let form = json!({
            "email": format!("p{}@walk.example", uuid::Uuid::new_v4().simple()),
            "password": "correct horse", "role": role, "full_name": "Niamh Doyle", "agency_name": "Harbour & Pine",
        });
        let answer = http
            .post(format!("{}/api/auth/register", web.url))
            .header(header::ORIGIN, &web.url)
            .json(&form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { http, url: web.url.clone(), cookie, key: None }
    }

    /// Somebody whose cookie is known.
    pub fn with(web: &Web, cookie: &str) -> Self {
        Self { http: client(), url: web.url.clone(), cookie: cookie.to_owned(), key: None }
    }

    /// A program with an API key of this person's, that has these scopes.
    pub async fn program(&self, scopes: &[&str]) -> Self {
        let form = json!({ "name": "A program", "scopes": scopes });
        let made = self.post("/api/workspaces/current/api-keys", form).await;
        Self::with_key(&self.url, made["data"]["key"].as_str().unwrap())
    }

    /// Whoever holds a key.
    pub fn with_key(url: &str, key: &str) -> Self {
        Self { http: client(), url: url.to_owned(), cookie: String::new(), key: Some(key.to_owned()) }
    }

    /// A request as this person's browser sends it, or the program.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request.header(header::COOKIE, &self.cookie).header(header::ORIGIN, &self.url),
        }
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A `POST` that may be sent again: the key makes sure that it counts once.
    pub async fn send_once(&self, path: &str, body: &Value, key: &str) -> (StatusCode, Value) {
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .header(header::COOKIE, &self.cookie)
            .header(header::ORIGIN, &self.url)
            .header("idempotency-key", key)
            .json(body);
        match request.send().await {
            Err(error) => (StatusCode::BAD_GATEWAY, Value::String(error.to_string())),
            Ok(answer) => (answer.status(), answer.json().await.unwrap_or_default()),
        }
    }

    /// Uploads a real JPEG that every network takes; its id.
    pub async fn upload_picture(&self) -> String {
        let mut bytes = Vec::new();
        let pixels = image::RgbImage::from_pixel(1_080, 1_080, image::Rgb([40, 90, 120]));
        pixels.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Jpeg).unwrap();
        let file = reqwest::multipart::Part::bytes(bytes).file_name("harbour.jpg").mime_str("image/jpeg").unwrap();
        let form = reqwest::multipart::Form::new().part("file", file).text("alt_text", "A harbour");
        let answer = self.request(Method::POST, "/api/media").multipart(form).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{status} {body}");
        body["data"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "GET {path}: {body}");
        body
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "POST {path}: {status} {answer}");
        answer
    }

    /// Connects an account through the sandbox's consent page; where the browser ends up.
    pub async fn connect(&self, platform: &str, visitor: &Visitor) -> String {
        let answer = self.post("/api/social-accounts", json!({ "platform": platform })).await;
        let back = visitor.authorize(answer["data"]["authorize_url"].as_str().unwrap()).await.unwrap();
        self.follow(back.as_str()).await
    }

    /// Opens an address of ours as the browser would, and answers with the redirect's target.
    pub async fn follow(&self, address: &str) -> String {
        let answer = self.http.get(address).header(header::COOKIE, &self.cookie).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{address}");
        answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// Waits until a post says this of itself: it does so a moment after the last of its deliveries has ended.
    pub async fn comes_to(&self, post: &str, status: &str) {
        within(Duration::from_secs(10), status, async || {
            self.get(&format!("/api/content/{post}")).await["data"]["status"] == status
        })
        .await;
    }

    /// All deliveries of a post, once none is under way any more.
    pub async fn settled(&self, post: &str) -> Vec<Value> {
        let path = format!("/api/content/{post}/deliveries?limit=100");
        let started = Instant::now();
        loop {
            let list = self.get(&path).await["data"].as_array().unwrap().clone();
            if !list.is_empty()
                && list.iter().all(|d| ["success", "failed", "canceled"].contains(&d["status"].as_str().unwrap()))
            {
                return list;
            }
            assert!(started.elapsed() < Duration::from_mins(1), "not settled: {list:#?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A client that follows no redirects.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until `check` holds.
pub async fn within(limit: Duration, what: &str, mut check: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !check().await {
        assert!(started.elapsed() < limit, "waited {limit:?} for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
