//! The commands that serve and work, and how they end.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use domain::clock::{Clock, Ids};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{
    assemble::{Arctiv, Parts, pool_sizes},
    postgres::{EmbeddedOptions, EmbeddedPostgres, prepare_external},
    router, telemetry,
};
use crate::{
    clock::{SystemClock, SystemIds},
    config::{Keys, Settings},
    database::{Database, DatabaseUrls},
    features::{accounts::Tokens, audit, identity::PasswordCost},
    http::pages,
    jobs::{self, Registry, Runner, RunnerOptions},
};

/// What a command fails with: one sentence, and what to do.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A database, ours or another's, with roles and schema in place.
pub struct Ready {
    pub urls: DatabaseUrls,
    embedded: Option<EmbeddedPostgres>,
}

impl Ready {
    /// Starts or reaches the database, and migrates it.
    pub async fn prepare(settings: &Settings) -> Result<Self, Failure> {
        let ready = Self::reach(settings).await?;
        Database::migrate(&ready.urls).await.map_err(|error| format!("The database could not be migrated: {error}"))?;
        let database = Database::connect(&ready.urls, pool_sizes(settings))?;
        jobs::prepare(database.worker_pool()).await?;
        database.close().await;
        Ok(ready)
    }

    /// Starts or reaches the database, without changing its schema.
    pub async fn reach(settings: &Settings) -> Result<Self, Failure> {
        if let Some(url) = &settings.database.url {
            let (app, worker) = (settings.database.app_url.as_ref(), settings.database.worker_url.as_ref());
            return Ok(Self { urls: prepare_external(url, app, worker).await?, embedded: None });
        }
        let mut options = EmbeddedOptions::new(&settings.server.data_dir);
        options.bin_dir.clone_from(&settings.database.postgres_bin);
        let embedded = EmbeddedPostgres::start(&options).await?;
        Ok(Self { urls: embedded.urls(), embedded: Some(embedded) })
    }

    /// Stops what was started.
    pub async fn release(self) {
        if let Some(embedded) = self.embedded
            && let Err(error) = embedded.stop().await
        {
            tracing::error!(%error, "the embedded database did not stop");
        }
    }
}

/// The program on a prepared database.
pub fn assemble(settings: &Settings, urls: &DatabaseUrls, stop: &CancellationToken) -> Result<Arctiv, Failure> {
    let keys = Keys::resolve(&settings.security, &settings.server.data_dir).map_err(|error| {
        format!("The development keys in {} cannot be used: {error}", settings.server.data_dir.display())
    })?;
    let parts = Parts {
        settings: settings.clone(),
        keys,
        database: Database::connect(urls, pool_sizes(settings))?,
        clock: Arc::new(SystemClock) as Arc<dyn Clock>,
        ids: Arc::new(SystemIds) as Arc<dyn Ids>,
        password_cost: PasswordCost::default(),
        metrics: telemetry::metrics()?,
        stop: stop.clone(),
    };
    Arctiv::assemble(parts).map_err(|error| match &error.cause {
        Some(cause) => format!("Arctiv could not be put together: {cause}").into(),
        None => Failure::from(error),
    })
}

/// `arctiv serve`: pages, REST and, unless told otherwise, background work.
pub async fn serve(settings: Settings) -> Result<(), Failure> {
    let listener = listen(settings.server.listen).await?;
    let stop = stop_on_signal();
    let ready = Ready::prepare(&settings).await?;
    let outcome = async {
        let arctiv = assemble(&settings, &ready.urls, &stop)?;
        serve_on(&arctiv, listener).await
    }
    .await;
    ready.release().await;
    outcome
}

/// `arctiv worker`: background work only; any number of them on one database.
pub async fn worker(settings: Settings) -> Result<(), Failure> {
    let stop = stop_on_signal();
    let ready = Ready::prepare(&settings).await?;
    let outcome = async {
        let arctiv = assemble(&settings, &ready.urls, &stop)?;
        let background = Background::start(&arctiv).await?;
        stop.cancelled().await;
        background.stop().await;
        arctiv.database.close().await;
        Ok(())
    }
    .await;
    ready.release().await;
    outcome
}

/// `arctiv audit verify`.
pub async fn verify_audit(settings: &Settings) -> Result<audit::command::Verdict, Failure> {
    let ready = Ready::prepare(settings).await?;
    let verdict = async {
        let database = Database::connect(&ready.urls, pool_sizes(settings))?;
        let verdict = audit::command::verify(&database).await;
        database.close().await;
        Ok(verdict?)
    }
    .await;
    ready.release().await;
    verdict
}

/// Takes the port before anything else, so that a taken one is known at once.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!(
                    "Port {} is taken by another program. Stop that, or set ARCTIV_LISTEN to another address.",
                    address.port()
                )
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("This user may not listen on {address}. Set ARCTIV_LISTEN to a port above 1023.")
            }
            _ => {
                format!("Arctiv cannot listen on {address} ({error}). Set ARCTIV_LISTEN to an address of this machine.")
            }
        }
        .into()
    })
}

/// Serves until told to stop; then finishes what runs and hands back the rest, within the set time.
pub async fn serve_on(arctiv: &Arctiv, listener: TcpListener) -> Result<(), Failure> {
    let app = router::router(arctiv, pages::routes());
    let background = if arctiv.settings.server.worker { Some(Background::start(arctiv).await?) } else { None };
    tracing::info!(address = %listener.local_addr()?, url = %arctiv.settings.server.origin(), "serving");
    let stop = arctiv.stop.clone();
    let serving = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(stop.clone().cancelled_owned());
    let grace = Duration::from_secs(arctiv.settings.server.shutdown_seconds);
    let mut serving = tokio::spawn(serving.into_future());
    tokio::select! {
        finished = &mut serving => finished??,
        () = stop.cancelled() => {
            tracing::info!(seconds = grace.as_secs(), "stopping: finishing what runs");
            if tokio::time::timeout(grace, &mut serving).await.is_err() {
                tracing::warn!("some requests did not finish in time");
                serving.abort();
            }
        }
    }
    stop.cancel();
    if let Some(background) = background {
        background.stop().await;
    }
    arctiv.database.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Publishing and jobs of this process.
pub struct Background {
    worker: tokio::task::JoinHandle<()>,
    runner: Runner,
    tokens: Tokens,
}

impl Background {
    pub async fn start(arctiv: &Arctiv) -> Result<Self, Failure> {
        // Database and sockets need a moment after the last delivery.
        let grace = Duration::from_secs(arctiv.settings.server.shutdown_seconds.saturating_sub(3).max(1));
        let options = RunnerOptions { grace, ..RunnerOptions::default() };
        let runner = Runner::start(arctiv.job_context(), registry(), options).await?;
        let worker = tokio::spawn(arctiv.worker().run(grace));
        Ok(Self { worker, runner, tokens: arctiv.tokens.clone() })
    }

    pub async fn stop(self) {
        let (worker, ()) = tokio::join!(self.worker, self.runner.stop());
        if let Err(error) = worker {
            tracing::error!(%error, "the publishing worker ended badly");
        }
        // Whoever asked for a renewal may be gone; the answer on its way may still hold the only tokens that work.
        if tokio::time::timeout(Duration::from_secs(2), self.tokens.close()).await.is_err() {
            tracing::warn!("a renewal of access did not end in time");
        }
    }
}

fn registry() -> Registry {
    jobs::registry::all()
}

/// A token that SIGTERM or Ctrl-C cancels. A second one ends the process at once.
pub fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            tracing::error!("signals cannot be received; stop the process with SIGKILL");
            return;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "asked twice: whoever asks does not want to wait for the graceful way"
        )]
        std::process::exit(130);
    });
    stop
}
