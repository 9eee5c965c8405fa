//! The server process: making its data folder, starting, recognising and stopping it.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::Instant,
};

use super::{
    Account, EmbeddedError, EmbeddedOptions, Installation, IoContext, Places, SUPERUSER, keep_private, make_folder,
    write_private,
};

/// How long a fast shutdown may take: it writes a checkpoint, nothing else.
pub(super) const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(25);
/// Longest path of a socket that both Linux (108 bytes) and macOS (104) take, with its closing zero.
const LONGEST_SOCKET_PATH: usize = 103;

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub port: u16,
    /// Folder of the socket, if it has one.
    pub socket_dir: Option<PathBuf>,
}

/// A server that runs, or is about to.
#[derive(Debug)]
pub(super) struct Server {
    pid: i32,
    address: Address,
    /// Present if this process started it, and then has to collect it after its end.
    child: Option<Child>,
}

/// Makes the cluster in a folder beside its place and moves it there when it is whole, so that an interrupted attempt is
/// never taken for a database.
pub(super) async fn init(
    installation: &Installation,
    account: &Account,
    places: &Places,
    password: &SecretString,
) -> Result<(), EmbeddedError> {
    let draft = places.cluster.with_extension("new");
    if draft.exists() {
        fs::remove_dir_all(&draft).context("could not remove", &draft)?;
    }
    make_folder(&draft, 0o700)?;
    account.give(&draft)?;
    let password_file = places.run.join("initial-password");
    write_private(&password_file, password.expose_secret().as_bytes())?;
    account.give(&password_file)?;

    let mut command = as_account(account, &installation.program("initdb"), &places.run);
    command
        .arg("--pgdata")
        .arg(&draft)
        .arg("--pwfile")
        .arg(&password_file)
        .args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--data-checksums"])
        .args(locale_arguments(installation.version.major));
    let output = command.output().await.context("could not run initdb in", &draft);
    fs::remove_file(&password_file).context("could not remove", &password_file)?;
    let output = output?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(EmbeddedError::Init { folder: places.cluster.clone(), reason: last_lines(&said) });
    }
    // What initdb wrote is comments and values that ours replace.
    let own_settings = "# Arctiv writes arctiv.conf anew at each start. Settings of your own belong below this line.\n\
                        include 'arctiv.conf'\n";
    write_as(account, &draft.join("postgresql.conf"), own_settings)?;
    fs::rename(&draft, &places.cluster).context("could not create", &places.cluster)
}

/// Unicode text sorted by code point, the same on every machine, so that a system update cannot break an index.
fn locale_arguments(major: u16) -> &'static [&'static str] {
    if major >= 17 {
        &["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
    } else if cfg!(target_os = "linux") {
        &["--locale", "C.UTF-8"]
    } else {
        &["--locale", "C", "--lc-ctype", "UTF-8"]
    }
}

/// Gives the superuser a new password through a server that talks to its standard input only. No other may be running.
pub(super) async fn reset_superuser_password(
    installation: &Installation,
    account: &Account,
    places: &Places,
    password: &SecretString,
) -> Result<(), EmbeddedError> {
    tracing::warn!("the passwords of the database were gone; making new ones");
    // It opens no port, whatever the setting says.
    write_settings(account, places, 5432, None, 100)?;
    let mut child = as_account(account, &installation.program("postgres"), &places.run)
        .args(["--single", "-D"])
        .arg(&places.cluster)
        .arg("postgres")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log_file(&places.log)?)
        .spawn()
        .context("could not run PostgreSQL in", &places.cluster)?;
    if let Some(mut input) = child.stdin.take() {
        let statement = format!("ALTER ROLE {SUPERUSER} PASSWORD '{}'\n", password.expose_secret());
        input.write_all(statement.as_bytes()).await.context("could not write to", &places.cluster)?;
    }
    let status = child.wait().await.context("could not wait for", &places.cluster)?;
    if status.success() { Ok(()) } else { Err(failed_start(places)) }
}

impl Server {
    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// The server that runs on the cluster, if any. A lock file that does not belong to one is removed where PostgreSQL
    /// itself would stumble over it. To be called with the start lock held.
    pub(super) fn find(places: &Places) -> Result<Option<Self>, EmbeddedError> {
        let file = places.cluster.join("postmaster.pid");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("could not read", &file),
        };
        match PidFile::parse(&text) {
            Some(read) if is_server_of(read.pid, &places.cluster) => {
                Ok(Some(Self { pid: read.pid, address: read.address, child: None }))
            }
            Some(read) if !process_exists(read.pid) => {
                tracing::info!(pid = read.pid, "the database was not shut down; it will recover from its log");
                Ok(None)
            }
            read => {
                let pid = read.map(|read| read.pid);
                tracing::warn!(?pid, "removing a lock file of the database that belongs to no database server");
                fs::remove_file(&file).context("could not remove", &file)?;
                Ok(None)
            }
        }
    }

    pub(super) async fn start(
        installation: &Installation,
        account: &Account,
        places: &Places,
        options: &EmbeddedOptions,
    ) -> Result<Self, EmbeddedError> {
        tracing::info!(version = %installation.version, "starting the database");
        let socket_dir = socket_dir(&places.run);
        let mut tries = 0;
        loop {
            tries += 1;
            let port = free_port().context("could not find a free port for", &places.cluster)?;
            write_settings(account, places, port, socket_dir.as_deref(), options.max_connections)?;
            let log = log_file(&places.log)?;
            let mut child = as_account(account, &installation.program("postgres"), &places.run)
                .arg("-D")
                .arg(&places.cluster)
                .stdout(log.try_clone().context("could not use", &places.log)?)
                .stderr(log)
                // Ctrl-C in the terminal is for the program, which stops the server when it has finished with it.
                .process_group(0)
                .spawn()
                .context("could not run PostgreSQL in", &places.cluster)?;
            let address = Address { port, socket_dir: socket_dir.clone() };
            // A child that was not waited for yet has an id, and none is above what `kill` takes.
            let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or_default();

            // Another process can take the port before the server does, and processes of a crashed predecessor can
            // outlive it by a moment: both pass.
            match wait_for_lock_file(&mut child, pid, places, options.start_timeout).await {
                Err(EmbeddedError::Start { reason, .. }) if tries < 10 && passes(&reason) => {
                    tokio::time::sleep(Duration::from_millis(100 * tries)).await;
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(Self { pid, address, child: Some(child) }),
            }
        }
    }

    /// Returns when the server takes connections, and tells about every five seconds that it does not yet.
    pub(super) async fn wait_until_ready(&mut self, places: &Places, patience: Duration) -> Result<(), EmbeddedError> {
        let start = Instant::now();
        let mut tell_at = Duration::from_secs(5);
        loop {
            if PidFile::read(places).is_some_and(|file| file.pid == self.pid && file.ready) {
                return Ok(());
            }
            let ended = match &mut self.child {
                Some(child) => child.try_wait().context("could not watch", &places.cluster)?.is_some(),
                None => !process_exists(self.pid),
            };
            if ended {
                return Err(failed_start(places));
            }
            let waited = start.elapsed();
            if waited > patience {
                return Err(EmbeddedError::NotReady { waited: patience, log: places.log.clone() });
            }
            if waited > tell_at {
                tracing::info!(
                    seconds = waited.as_secs(),
                    "the database is still starting; after a crash it replays its log, which can take a while"
                );
                tell_at += Duration::from_secs(5);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Shuts down: open transactions are rolled back, clients disconnected, a checkpoint written. If that takes too long,
    /// at once, which the next start repairs from the log.
    pub(super) async fn stop(mut self) -> Result<(), EmbeddedError> {
        for (signal, patience) in [(Signal::SIGINT, STOP_TIMEOUT), (Signal::SIGQUIT, Duration::from_secs(5))] {
            match kill(Pid::from_raw(self.pid), signal) {
                Ok(()) => {}
                Err(Errno::ESRCH) => return Ok(()),
                Err(error) => tracing::warn!(pid = self.pid, %error, "the database did not take the signal to stop"),
            }
            if self.ends_within(patience).await {
                return Ok(());
            }
        }
        Err(EmbeddedError::NotStopped { pid: self.pid, waited: STOP_TIMEOUT })
    }

    async fn ends_within(&mut self, patience: Duration) -> bool {
        if let Some(child) = &mut self.child {
            return tokio::time::timeout(patience, child.wait()).await.is_ok();
        }
        let start = Instant::now();
        while process_exists(self.pid) {
            if start.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }
}

/// Waits until the server has made its lock file, so that the next process to look finds it, or has ended.
async fn wait_for_lock_file(
    child: &mut Child,
    pid: i32,
    places: &Places,
    patience: Duration,
) -> Result<(), EmbeddedError> {
    let start = Instant::now();
    loop {
        if child.try_wait().context("could not watch", &places.cluster)?.is_some() {
            return Err(failed_start(places));
        }
        // The address of the socket is the last thing written before it listens.
        if PidFile::read(places).is_some_and(|file| file.pid == pid) {
            return Ok(());
        }
        if start.elapsed() > patience {
            return Err(EmbeddedError::NotReady { waited: patience, log: places.log.clone() });
        }
        tokio::time::sleep(POLL).await;
    }
}

fn passes(reason: &str) -> bool {
    ["could not bind", "Address already in use", "could not create any TCP/IP sockets", "is still in use"]
        .iter()
        .any(|sign| reason.contains(sign))
}

/// A command of PostgreSQL, under the right user, with none of our environment: `PGDATA` and the like would change what it
/// does, and it has no business with our secrets.
fn as_account(account: &Account, program: &Path, working_dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir(working_dir).stdin(Stdio::null());
    if let Account::Other(user) = account {
        // The standard library also drops root's supplementary groups here.
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn socket_dir(run: &Path) -> Option<PathBuf> {
    let longest_name = "/.s.PGSQL.65535.lock".len();
    // A comma or quote would have to be escaped in the setting, twice; TCP does as well.
    let plain = run.to_str()?.bytes().all(|byte| !matches!(byte, b',' | b'"' | b'\'' | b'\\' | b'\n'));
    (plain && run.as_os_str().len() + longest_name <= LONGEST_SOCKET_PATH).then(|| run.to_owned())
}

fn write_settings(
    account: &Account,
    places: &Places,
    port: u16,
    socket_dir: Option<&Path>,
    max_connections: u16,
) -> Result<(), EmbeddedError> {
    let text = settings(port, socket_dir, max_connections, memory_megabytes());
    write_as(account, &places.cluster.join("arctiv.conf"), &text)
}

fn write_as(account: &Account, path: &Path, text: &str) -> Result<(), EmbeddedError> {
    write_private(path, text.as_bytes())?;
    account.give(path)
}

/// What differs from PostgreSQL's defaults: those are for a machine of 2005 with a spinning disk. Durability stays at its
/// safest.
fn settings(port: u16, socket_dir: Option<&Path>, max_connections: u16, memory: u64) -> String {
    let shared_buffers = (memory / 8).clamp(64, 1024);
    let cache = (memory / 2).max(128);
    let work_mem = (memory / 512).clamp(4, 32);
    let sockets = socket_dir.map(|folder| folder.display().to_string()).unwrap_or_default();
    let prefetch = if cfg!(target_os = "linux") { "effective_io_concurrency = 200\n" } else { "" };
    format!(
        "# Written by Arctiv at each start; your own settings belong into postgresql.conf.\n\
         listen_addresses = '127.0.0.1'\n\
         port = {port}\n\
         unix_socket_directories = '{sockets}'\n\
         unix_socket_permissions = 0700\n\
         password_encryption = scram-sha-256\n\
         max_connections = {max_connections}\n\
         shared_buffers = {shared_buffers}MB\n\
         effective_cache_size = {cache}MB\n\
         work_mem = {work_mem}MB\n\
         maintenance_work_mem = {maintenance}MB\n\
         max_wal_size = 2GB\n\
         checkpoint_timeout = 15min\n\
         random_page_cost = 1.1\n\
         {prefetch}\
         # Short statements gain nothing from compilation.\n\
         jit = off\n\
         # The queue tables turn over quickly.\n\
         autovacuum_vacuum_scale_factor = 0.05\n\
         autovacuum_analyze_scale_factor = 0.05\n\
         idle_in_transaction_session_timeout = 60s\n\
         timezone = 'UTC'\n\
         log_timezone = 'UTC'\n\
         lc_messages = 'C'\n\
         log_min_duration_statement = 1s\n\
         log_lock_waits = on\n\
         # Values of parameters may be secret.\n\
         log_parameter_max_length = 0\n\
         log_parameter_max_length_on_error = 0\n",
        maintenance = shared_buffers.min(256),
    )
}

/// What this process may use, where the system tells, else 2 GB.
fn memory_megabytes() -> u64 {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse::<u64>().ok());
    let total = total.map_or(2048, |kilobytes| kilobytes / 1024);
    limit.map_or(total, |bytes| total.min(bytes / 1024 / 1024))
}

/// The server's log, begun anew when it has grown large.
fn log_file(path: &Path) -> Result<fs::File, EmbeddedError> {
    const LARGE: u64 = 10 * 1024 * 1024;
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > LARGE) {
        let old = path.with_extension("old");
        fs::rename(path, &old).context("could not rename", path)?;
        keep_private(&old, 0o600)?;
    }
    let mut file =
        OpenOptions::new().append(true).create(true).mode(0o600).open(path).context("could not open", path)?;
    // Where this start begins, for `failed_start`.
    std::io::Write::write_all(&mut file, format!("{START_MARK}\n").as_bytes()).context("could not write", path)?;
    Ok(file)
}

const START_MARK: &str = "-- Arctiv starts PostgreSQL --";

fn failed_start(places: &Places) -> EmbeddedError {
    let said = tail(&places.log).unwrap_or_default();
    let said = said.rsplit_once(START_MARK).map_or(said.as_str(), |(_, last)| last);
    EmbeddedError::Start { reason: last_lines(said), log: places.log.clone() }
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(8192)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Errors of `initdb` and the server, and what the server only logs about a setting before it gives up.
const TELLING: [&str; 9] = [
    "FATAL:",
    "PANIC:",
    "error:",
    "HINT:",
    "DETAIL:",
    "unrecognized configuration parameter",
    "invalid value for parameter",
    "outside the valid range",
    "syntax error in file",
];

/// What went wrong, from what the program printed: the errors and their hints if it printed any, else its last lines.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let telling = |line: &&&str| TELLING.iter().any(|word| line.contains(word));
    let mut picked: Vec<&str> = lines.iter().filter(telling).copied().collect();
    if picked.is_empty() {
        picked = lines;
    }
    let from = picked.len().saturating_sub(4);
    let picked: Vec<&str> = picked.into_iter().skip(from).collect();
    if picked.is_empty() { "it said nothing".to_owned() } else { picked.join("; ") }
}

/// `postmaster.pid`: process, data folder, start time, port, socket folder, listen address, memory key, state, a line each.
#[derive(Debug, PartialEq, Eq)]
struct PidFile {
    pid: i32,
    address: Address,
    ready: bool,
}

impl PidFile {
    fn read(places: &Places) -> Option<Self> {
        Self::parse(&fs::read_to_string(places.cluster.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let pid = lines.next()?.parse().ok().filter(|pid| *pid > 0)?;
        let mut lines = lines.skip(2);
        let port = lines.next()?.parse().ok()?;
        let socket_dir = lines.next().filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let ready = lines.nth(2) == Some("ready");
        Some(Self { pid, address: Address { port, socket_dir }, ready })
    }
}

fn process_exists(pid: i32) -> bool {
    // A process that has ended and was not collected yet still has its number.
    kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH) && !is_zombie(pid)
}

fn is_zombie(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| stat.rsplit_once(')').map(|(_, rest)| rest.trim_start().starts_with(['Z', 'X'])))
        .unwrap_or(false)
}

/// Whether a process is the server of this cluster, and not one that has come by its number.
fn is_server_of(pid: i32, cluster: &Path) -> bool {
    if !process_exists(pid) {
        return false;
    }
    // The server's working folder is its cluster. Where root may not look at that (a container without the right to trace),
    // its command line still names it.
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) => folder == cluster,
        Err(_) => command_line(pid)
            .is_some_and(|line| line.contains("postgres") && line.contains(&*cluster.to_string_lossy())),
    }
}

fn command_line(pid: i32) -> Option<String> {
    if let Ok(bytes) = fs::read(format!("/proc/{pid}/cmdline")) {
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    // Systems without /proc.
    let output =
        std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_is_read_line_by_line() {
        let text = "4711\n/data/postgres/cluster\n1763646000\n54321\n/data/postgres/run\n127.0.0.1\n  5432001   98304\nready   \n";
        let address = Address { port: 54321, socket_dir: Some(PathBuf::from("/data/postgres/run")) };
        assert_eq!(PidFile::parse(text), Some(PidFile { pid: 4711, address, ready: true }));

        let starting = text.replace("ready   ", "starting");
        assert!(!PidFile::parse(&starting).unwrap().ready);
        let tcp_only = text.replace("/data/postgres/run", "");
        assert_eq!(PidFile::parse(&tcp_only).unwrap().address.socket_dir, None);
        for broken in ["", "\n\n\n", "not a number\n\n\n1\n", "-1\na\nb\n1\n", "4711\n"] {
            assert_eq!(PidFile::parse(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_socket_path_that_the_system_would_refuse_is_not_used() {
        assert_eq!(socket_dir(Path::new("/srv/arctiv/run")), Some(PathBuf::from("/srv/arctiv/run")));
        assert_eq!(socket_dir(Path::new(&format!("/{}", "x".repeat(100)))), None);
        assert_eq!(socket_dir(Path::new("/srv/a,b")), None);
    }

    #[test]
    fn the_telling_lines_are_picked() {
        let log = "LOG:  starting PostgreSQL 15\nFATAL:  could not create lock file\nHINT:  Is another one running?\nLOG:  shut down\n";
        assert_eq!(last_lines(log), "FATAL:  could not create lock file; HINT:  Is another one running?");
        assert_eq!(last_lines("a\n\nb\n"), "a; b");
        assert_eq!(last_lines(""), "it said nothing");
    }

    #[test]
    fn memory_is_shared_sensibly() {
        assert!(settings(1, None, 10, 512).contains("shared_buffers = 64MB"));
        assert!(settings(1, None, 10, 4096).contains("shared_buffers = 512MB"));
        assert!(settings(1, None, 10, 1_000_000).contains("shared_buffers = 1024MB"));
    }
}
