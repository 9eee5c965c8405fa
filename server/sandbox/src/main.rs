//! `arctiv-sandbox`: the simulated networks as a program of their own.

use std::{io::IsTerminal as _, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use sandbox::{Client, Config, Sandbox, VersionDay};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use url::Url;

/// Simulated social networks: OAuth, publishing and faults, for tests and for trying Arctiv.
#[derive(Parser)]
#[command(version)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch on the command line")]
struct Args {
    /// Address to listen on.
    #[arg(long, env = "SANDBOX_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Address that handed-out URLs begin with, if callers reach the sandbox by another name.
    #[arg(long, env = "SANDBOX_PUBLIC_URL")]
    public_url: Option<Url>,
    /// File that keeps accounts, tokens and posts over a restart.
    #[arg(long, env = "SANDBOX_STATE")]
    state: Option<PathBuf>,
    /// A further application: `ID:SECRET`. May be repeated.
    #[arg(long = "client", value_parser = parse_client)]
    clients: Vec<Client>,
    /// Beginning of the redirect URIs that are registered for all applications, instead of any on this machine. May be
    /// repeated.
    #[arg(long = "redirect-prefix")]
    redirect_prefixes: Vec<String>,
    /// Made for load: no call limits, a short journal, few pixels kept.
    #[arg(long)]
    fast: bool,
    /// Count calls, but refuse none for being too many.
    #[arg(long)]
    no_limits: bool,
    /// Let the same post through twice.
    #[arg(long)]
    allow_duplicates: bool,
    /// Fetch media from public https addresses only, as the real networks do.
    #[arg(long)]
    public_media_only: bool,
    /// Beginning of the addresses that are verified for TikTok to take media from, instead of any on this machine. May
    /// be repeated.
    #[arg(long = "verified-prefix")]
    verified_prefixes: Vec<String>,
    /// As if TikTok had not audited the applications.
    #[arg(long)]
    unaudited: bool,
    /// Milliseconds that networks work on films and containers.
    #[arg(long)]
    processing_ms: Option<u64>,
    /// Judge API versions by today's date, not by that of this release.
    #[arg(long)]
    versions_of_today: bool,
    /// Where the applications take the networks' messages, such as <http://127.0.0.1:8080/api/webhooks>.
    #[arg(long)]
    webhooks: Option<Url>,
    /// Form of the log; `RUST_LOG` chooses what is in it.
    #[arg(long, env = "SANDBOX_LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Pretty,
    Json,
}

fn parse_client(text: &str) -> Result<Client, String> {
    match text.split_once(':') {
        Some((id, secret)) if !id.is_empty() && !secret.is_empty() => Ok(Client::new(id, secret)),
        _ => Err("expected ID:SECRET".to_owned()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Pretty => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().init(),
    }
    let listen = args.listen;
    let listener = match TcpListener::bind(listen).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!("cannot listen on {listen}: {error}. Choose another address with --listen.");
            return ExitCode::FAILURE;
        }
    };
    let state = args.state.clone();
    let served = match Sandbox::new(config(args)) {
        Ok(sandbox) => sandbox.serve(listener, stop_signal()).await,
        Err(error) => {
            let state = state.unwrap_or_default();
            tracing::error!("the state file {} cannot be read: {error}. Move it away to start anew.", state.display());
            return ExitCode::FAILURE;
        }
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the sandbox failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn config(args: Args) -> Config {
    let mut config =
        Config { public_url: args.public_url, state_file: args.state, webhooks: args.webhooks, ..Config::default() };
    config.clients.extend(args.clients);
    for client in &mut config.clients {
        client.redirect_prefixes.clone_from(&args.redirect_prefixes);
    }
    if args.versions_of_today {
        config.versions_as_of = VersionDay::Today;
    }
    if args.fast {
        config = config.fast();
    }
    config.local_media = !args.public_media_only;
    config.verified_prefixes = args.verified_prefixes;
    config.audited = !args.unaudited;
    if let Some(ms) = args.processing_ms {
        config.processing_ms = ms;
    }
    config.enforce_limits &= !args.no_limits;
    config.reject_duplicates &= !args.allow_duplicates;
    config
}

/// Interrupt from the keyboard, or the signal that a supervisor sends.
async fn stop_signal() {
    let interrupt = async { drop(tokio::signal::ctrl_c().await) };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
