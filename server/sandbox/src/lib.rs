#![doc = include_str!("../README.md")]

mod config;
mod consent;
mod control;
pub mod driver;
mod film;
mod html;
mod image;
mod networks;
mod oidc;
mod push;
pub mod samples;
mod serve;
mod showcase;
mod wire;
mod world;

use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderMap, header},
    routing::post,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub use self::{
    config::{
        Client, Config, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, JournalDetail, Lives, PARTNER_CLIENT_ID,
        PARTNER_CLIENT_SECRET, VersionDay,
    },
    world::SECRET_MARK,
};
use self::{serve::Line, world::World};

/// The words of the networks that are here.
#[must_use]
pub fn platforms() -> Vec<&'static str> {
    networks::ALL.iter().map(|network| network.slug().0).collect()
}

/// The simulated networks, ready to be served. Clones share one state.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<Config>,
    world: Mutex<World>,
    oidc: Mutex<oidc::Oidc>,
    http: OnceLock<Result<reqwest::Client, String>>,
    closing: watch::Sender<bool>,
    /// Address that [`Sandbox::serve`] listens on.
    listening: OnceLock<SocketAddr>,
    /// Tells the pages of two runs apart.
    started: String,
}

impl Sandbox {
    /// A sandbox with its seeded accounts, or what the state file holds.
    ///
    /// # Errors
    /// The state file exists and cannot be read or understood.
    pub fn new(config: Config) -> io::Result<Self> {
        let config = Arc::new(config);
        let mut world = World::new(Arc::clone(&config));
        if let Some(path) = &config.state_file {
            world.load(path)?;
        }
        let inner = Inner {
            config,
            world: Mutex::new(world),
            oidc: Mutex::default(),
            http: OnceLock::new(),
            closing: watch::Sender::new(false),
            listening: OnceLock::new(),
            started: world::random(8),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// All routes. Served by anything but [`serve`](Self::serve), the fault `drop_after_accept` can only break off the
    /// body of its answer, because it does not own the connection.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(control::router())
            .merge(showcase::router())
            .merge(oidc::router())
            .route("/{platform}/consent/{id}", post(serve::consent_form))
            .layer(serve::body_limit())
            .fallback(serve::platform)
            .with_state(self.clone())
    }

    /// Serves until `shutdown` resolves, then lets running answers end. Writes the state file, if one is set.
    ///
    /// # Errors
    /// The listener has no address, or the state file cannot be written at the end.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let address = listener.local_addr()?;
        let _ = self.inner.listening.set(address);
        self.inner.closing.send_replace(false);
        tracing::info!(%address, "sandbox networks are listening");
        let state_file = self.inner.config.state_file.as_ref();
        let keeper = state_file.map(|path| tokio::spawn(serve::keep_state(self.clone(), path.clone())));
        let closing = self.inner.closing.clone();
        let service = self.router().into_make_service_with_connect_info::<Line>();
        let served = axum::serve(serve::Lines(listener), service)
            .with_graceful_shutdown(async move {
                shutdown.await;
                closing.send_replace(true);
            })
            .await;
        self.inner.closing.send_replace(true);
        if let Some(keeper) = keeper {
            keeper.await.map_err(io::Error::other)?;
        }
        if let Some(path) = state_file {
            // What the last answers changed.
            serve::save_state(self, path, None).await?;
        }
        served
    }

    /// Starts a sandbox on a free port of this machine, in the background: the short way for tests.
    ///
    /// # Errors
    /// No port is free, or the state file cannot be read.
    pub async fn start(config: Config) -> io::Result<Running> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let sandbox = Self::new(config)?;
        let (stop, stopped) = watch::channel(false);
        let serving = sandbox.clone();
        let task = tokio::spawn(async move {
            let mut stopped = stopped;
            let until = async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            serving.serve(listener, until).await
        });
        Ok(Running { sandbox, url: format!("http://{address}"), address, stop, task: Some(task) })
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // A panic in a handler is a fault of the sandbox; the state behind it is still of use to look at.
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oidc(&self) -> MutexGuard<'_, oidc::Oidc> {
        self.inner.oidc.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn started(&self) -> &str {
        &self.inner.started
    }

    /// Waits, or less if the server is about to stop; says whether it is.
    async fn unless_closing(&self, delay: Duration) -> bool {
        let mut closing = self.inner.closing.subscribe();
        let closed = async { drop(closing.wait_for(|closing| *closing).await) };
        tokio::time::timeout(delay, closed).await.is_ok()
    }

    /// The public address without a slash at its end, where no request says otherwise.
    fn base(&self) -> String {
        match (&self.inner.config.public_url, self.inner.listening.get()) {
            (Some(url), _) => url.as_str().trim_end_matches('/').to_owned(),
            (None, Some(address)) => format!("http://{address}"),
            (None, None) => "http://localhost".to_owned(),
        }
    }

    /// The public address as the caller knows it.
    fn base_for(&self, headers: &HeaderMap) -> String {
        if self.inner.config.public_url.is_some() {
            return self.base();
        }
        match headers.get(header::HOST).and_then(|host| host.to_str().ok()) {
            Some(host) => format!("http://{host}"),
            None => self.base(),
        }
    }

    fn http(&self) -> Result<reqwest::Client, String> {
        self.inner.http.get_or_init(|| driver::http_client().map_err(|error| error.to_string())).clone()
    }
}

/// A sandbox that runs in the background. Dropping it ends the server.
pub struct Running {
    sandbox: Sandbox,
    url: String,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// Base address without a slash at its end, for example `http://127.0.0.1:41234`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sandbox itself.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// A client of its control API.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn control(&self) -> Result<driver::Control, driver::DriverError> {
        driver::Control::new(&self.url)
    }

    /// Stops it and waits until it has stopped.
    ///
    /// # Errors
    /// The server had failed.
    pub async fn stop(mut self) -> io::Result<()> {
        self.stop.send_replace(true);
        match self.task.take() {
            Some(task) => task.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
