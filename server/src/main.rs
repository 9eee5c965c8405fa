//! `arctiv`: serve, worker, migrate, keys, audit, backup, restore, doctor, demo.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use secrecy::ExposeSecret;
use server::{
    boot::{backup, demo, doctor, run, telemetry},
    config::Settings,
    features::{identity, notifications},
};
use tokio_util::sync::CancellationToken;

/// Pages are made of thousands of small pieces of text, and the system's allocator took a third of the time they cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Social accounts without shared passwords.
#[derive(Parser)]
#[command(name = "arctiv", version, about)]
struct Cli {
    /// The settings file; `arctiv.toml` in the working folder when left out and there.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the site and the API, and do the background work.
    Serve,
    /// Do background work only; any number of workers share one database.
    Worker,
    /// Bring the database's schema up to date.
    Migrate,
    /// The keys that seal platform tokens.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// The audit log.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Put the database and the pictures into a folder, while Arctiv runs or not.
    Backup {
        /// The folder, which must not be there yet.
        folder: PathBuf,
        /// A file for the keys, to be kept apart from the folder.
        #[arg(long)]
        keys: Option<PathBuf>,
    },
    /// Bring a backup back into an empty data folder or database.
    Restore {
        /// The folder that `backup` made.
        folder: PathBuf,
        /// The file with the keys, where they are not settings.
        #[arg(long)]
        keys: Option<PathBuf>,
    },
    /// Look at everything a start needs and say what is wrong.
    Doctor,
    /// Everything at once, with simulated networks and a filled workspace.
    Demo {
        /// Where the simulated networks listen.
        #[arg(long, default_value = demo::SANDBOX)]
        sandbox: SocketAddr,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Print a new key for `ARCTIV_TOKEN_KEYS`.
    Generate,
    /// Seal every stored token anew with the first key of the ring.
    Rotate,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Make every hash of every workspace's log once more, and say where one was tampered with.
    Verify,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("TLS was set up twice");
        return ExitCode::FAILURE;
    }
    // Rendering waits on itself with a single worker thread (leptos#4647).
    let threads = std::thread::available_parallelism().map_or(4, usize::from).max(4);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(command(cli)),
        Err(error) => Err(format!("the runtime could not be started: {error}").into()),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("arctiv: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn command(cli: Cli) -> Result<ExitCode, run::Failure> {
    if let Command::Keys { command: KeysCommand::Generate } = cli.command {
        println!("{}", vault::KeyRing::generate()?.to_setting().expose_secret());
        return Ok(ExitCode::SUCCESS);
    }
    let settings = Settings::load(cli.config.as_deref())?;
    let traces = telemetry::start(&settings.log, &settings.traces)?;
    let outcome = Box::pin(carry_out(cli.command, settings)).await;
    traces.flush().await;
    outcome
}

async fn carry_out(command: Command, settings: Settings) -> Result<ExitCode, run::Failure> {
    match command {
        Command::Serve => run::serve(settings).await?,
        Command::Worker => run::worker(settings).await?,
        Command::Migrate => {
            run::Ready::prepare(&settings).await?.release().await;
            println!("The schema is up to date.");
        }
        Command::Keys { command: KeysCommand::Generate } => {}
        Command::Keys { command: KeysCommand::Rotate } => {
            let ready = run::Ready::prepare(&settings).await?;
            let arctiv = run::assemble(&settings, &ready.urls, &CancellationToken::new())?;
            let resealed = arctiv.tokens.reseal_all().await?;
            println!("{resealed}");
            let (apps, unreadable) = identity::reseal_all(&arctiv.database, &arctiv.vault).await?;
            println!("So were the secrets of {apps} authenticator apps; {unreadable} could not be opened.");
            let (secrets, unreadable) = notifications::webhooks::reseal_all(&arctiv.database, &arctiv.vault).await?;
            println!("And {secrets} secrets of webhooks; {unreadable} could not be opened.");
            arctiv.database.close().await;
            ready.release().await;
        }
        Command::Backup { folder, keys } => println!("{}", backup::backup(&settings, &folder, keys.as_deref()).await?),
        Command::Restore { folder, keys } => {
            println!("{}", backup::restore(&settings, &folder, keys.as_deref()).await?);
        }
        Command::Audit { command: AuditCommand::Verify } => {
            let verdict = run::verify_audit(&settings).await?;
            println!("{verdict}");
            return Ok(if verdict.intact() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Doctor => {
            return Ok(if doctor::doctor(&settings).await { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Demo { sandbox } => demo::demo(settings, sandbox).await?,
    }
    Ok(ExitCode::SUCCESS)
}
