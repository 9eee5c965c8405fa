//! The private PostgreSQL of `arctiv serve` without `DATABASE_URL`.
//!
//! Everything lives under `<data folder>/postgres/`:
//!
//! | name | what |
//! |---|---|
//! | `cluster/` | PostgreSQL's own data folder |
//! | `run/` | its socket |
//! | `log` | what the server says |
//! | `passwords.json` | passwords of the roles, random, made once, readable by the program's user only |
//! | `lock` | held while someone starts or stops the server |
//! | `users` | held, shared, by every process that uses the server |
//!
//! **Who stops it.** Several processes may use one data folder (`serve`, a `worker`, `keys rotate` in another terminal). The
//! first starts the server, the others find it running, and the last one out turns it off. The kernel lets go of a dead
//! process's file locks, so a `kill -9` leaves nothing to clean up: the server survives its parent in a process group of
//! its own, and the next start finds it and uses it on. That is gentler than dying with the parent, which would cut off
//! other users of the server and make the next start replay the log.
//!
//! **Stale locks.** PostgreSQL itself recognises a `postmaster.pid` whose process is gone, but not one that is empty or
//! garbled after a full disk, nor one whose number now belongs to another program (usual after a restart of a container). Only
//! those are removed here, after looking at what that process is.
//!
//! **As root** PostgreSQL refuses to run, so it runs under another user, to whom `cluster` and `run` belong.

pub mod dump;
mod locate;
mod roles;
mod server;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use nix::unistd::{Uid, User};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::time::Instant;

pub use locate::{Installation, OLDEST_MAJOR, Version, locate};
pub use roles::{APP, OWNER, RETENTION, RolePasswords, RolesError, WORKER, ensure_roles, prepare_external};
use server::Server;

use crate::database::DatabaseUrls;

const SUPERUSER: &str = "postgres";
const DATABASE: &str = "arctiv";

/// How the embedded server is run. `Default` fits all but the data folder.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The data folder of the program; created if absent.
    pub data_dir: PathBuf,
    /// The folder of PostgreSQL's programs, when it is not one of the usual ones.
    pub bin_dir: Option<PathBuf>,
    /// The system user to run under when started as root.
    pub run_as: String,
    /// Connections the server takes, over all processes that share the data folder.
    pub max_connections: u16,
    /// How long the server may take to accept connections. Replaying its log after a crash counts.
    pub start_timeout: Duration,
}

impl EmbeddedOptions {
    /// The defaults, for a data folder.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bin_dir: None,
            run_as: "postgres".to_owned(),
            max_connections: 100,
            start_timeout: Duration::from_mins(2),
        }
    }
}

/// Why there is no embedded server. Each message is a sentence for the operator, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No PostgreSQL on this machine.
    #[error(
        "PostgreSQL is not installed: install version {OLDEST_MAJOR} or newer with {}, or set DATABASE_URL to use a database \
         that runs elsewhere",
        locate::how_to_install()
    )]
    NotInstalled,
    /// Only versions that the migrations do not run on.
    #[error(
        "PostgreSQL {found} is too old: install version {OLDEST_MAJOR} or newer with {}, or set DATABASE_URL to use a \
         database that runs elsewhere",
        locate::how_to_install()
    )]
    TooOld {
        /// The newest one found.
        found: Version,
    },
    /// The data folder needs a version that is not there.
    #[error(
        "the data folder was made by PostgreSQL {needed} and only {found} is installed: install PostgreSQL {needed} beside it, \
         or take a backup on the machine that has {needed} and restore it into a new data folder"
    )]
    OtherMajor {
        /// Major version of the data folder.
        needed: u16,
        /// The newest one found.
        found: Version,
    },
    /// The setting names a folder without the programs.
    #[error("there is no PostgreSQL server in {}: set database.postgres_bin to the folder that holds `postgres` and `initdb`", folder.display())]
    BadBinDir {
        /// What the setting says.
        folder: PathBuf,
    },
    /// Started as root, and the user to run under does not exist.
    #[error(
        "PostgreSQL does not run as root, and the system has no user \"{user}\" to run it under: create one with `useradd \
         --system {user}`, or start Arctiv as an ordinary user"
    )]
    NoSuchUser {
        /// The user asked for.
        user: String,
    },
    /// Started as root, and the other user cannot get to the data folder.
    #[error(
        "the user \"{user}\", under which PostgreSQL runs, cannot enter {}: allow it with `chmod o+x {}`, or choose a data \
         folder elsewhere, such as /var/lib/arctiv",
        folder.display(), folder.display()
    )]
    NotTraversable {
        /// The user PostgreSQL runs under.
        user: String,
        /// The outermost folder that keeps it out.
        folder: PathBuf,
    },
    /// The cluster belongs to someone else.
    #[error(
        "the database in {} belongs to another user (number {owner}): start Arctiv as that user or as root, or choose another \
         data folder",
        folder.display()
    )]
    NotOurs {
        /// The cluster's folder.
        folder: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Another process holds the start lock for too long.
    #[error(
        "another Arctiv process has been starting or stopping the database in {} for over {} s: look at what it waits for, or \
         end it, then start again",
        folder.display(), waited.as_secs()
    )]
    Busy {
        /// The folder with the lock.
        folder: PathBuf,
        /// How long this process waited.
        waited: Duration,
    },
    /// `initdb` failed.
    #[error("the database could not be created in {}: {reason}", folder.display())]
    Init {
        /// Where.
        folder: PathBuf,
        /// The last lines `initdb` printed.
        reason: String,
    },
    /// The server ended instead of starting.
    #[error("PostgreSQL did not start: {reason} (all of its log is in {})", log.display())]
    Start {
        /// The last lines of the log.
        reason: String,
        /// The log file.
        log: PathBuf,
    },
    /// The server is taking too long.
    #[error(
        "PostgreSQL did not accept connections within {} s: its log {} says why. It goes on starting, so trying again later may \
         be all that is needed",
        waited.as_secs(), log.display()
    )]
    NotReady {
        /// How long this process waited.
        waited: Duration,
        /// The log file.
        log: PathBuf,
    },
    /// The server did not stop.
    #[error("PostgreSQL (process {pid}) did not stop within {} s: end it with `kill -QUIT {pid}`", waited.as_secs())]
    NotStopped {
        /// The server's process.
        pid: i32,
        /// How long this process waited.
        waited: Duration,
    },
    /// The passwords file is there, but not as it was written.
    #[error("{} is damaged: delete it, and new passwords are made at the next start", file.display())]
    Passwords {
        /// The file.
        file: PathBuf,
    },
    /// The operating system refused something.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was attempted, such as "could not create".
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The server runs and refuses us.
    #[error("the embedded database refuses the connection: {0}")]
    Database(#[from] sqlx::Error),
    /// The roles are not as they must be.
    #[error(transparent)]
    Roles(#[from] RolesError),
}

/// Attaches what was attempted on which path to an I/O error.
trait IoContext<T> {
    fn context(self, what: &'static str, path: &Path) -> Result<T, EmbeddedError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn context(self, what: &'static str, path: &Path) -> Result<T, EmbeddedError> {
        self.map_err(|source| EmbeddedError::Io { what, path: path.to_owned(), source })
    }
}

/// A running embedded server, and this process's share in it.
///
/// Dropping it without [`stop`](Self::stop) leaves the server running for the next start to find, as a crash would.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    server: Server,
    installation: Installation,
    passwords: Passwords,
    places: Places,
    /// Held shared as long as this process uses the server.
    users: File,
}

impl EmbeddedPostgres {
    /// Starts the server of a data folder, or joins it if it runs already, and brings roles and database into their places.
    /// The first start takes about two seconds more than the following ones.
    pub async fn start(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let account = Account::choose(&options.run_as)?;
        let places = Places::prepare(&options.data_dir, &account)?;
        let installation = locate(options.bin_dir.as_deref(), places.data_major()?).await?;

        let _exclusive = lock_exclusively(&places.lock, options.start_timeout).await?;
        let users = open_lock_file(&places.users)?;
        users.lock_shared().context("could not lock", &places.users)?;
        let (passwords, known) = Passwords::load_or_make(&places.passwords)?;

        if places.data_major()?.is_none() {
            tracing::info!(version = %installation.version, folder = %places.cluster.display(), "creating the database");
            server::init(&installation, &account, &places, &passwords.postgres).await?;
        } else if !known {
            // The file was deleted: the cluster still wants the old passwords. Without a running server the superuser can
            // be given a new one; the other roles follow below, as at every start.
            if let Some(running) = Server::find(&places)? {
                running.stop().await?;
            }
            server::reset_superuser_password(&installation, &account, &places, &passwords.postgres).await?;
        }

        let server = match Server::find(&places)? {
            Some(running) => {
                tracing::info!(pid = running.pid(), "the database is already running");
                running
            }
            None => Server::start(&installation, &account, &places, options).await?,
        };
        let mut embedded = Self { server, installation, passwords, places, users };
        if let Err(error) = embedded.set_up(options).await {
            if let Err(stop_error) = embedded.stop_if_last().await {
                tracing::warn!(error = %stop_error, "the database could not be stopped after a failed start");
            }
            return Err(error);
        }
        Ok(embedded)
    }

    async fn set_up(&mut self, options: &EmbeddedOptions) -> Result<(), EmbeddedError> {
        self.server.wait_until_ready(&self.places, options.start_timeout).await?;
        let mut connection = self.connect_as_superuser().await?;
        roles::ensure_owner(&mut connection, &self.passwords.owner).await?;
        let passwords =
            RolePasswords { app: Some(self.passwords.app.clone()), worker: Some(self.passwords.worker.clone()) };
        roles::ensure_program_roles(&mut connection, &passwords).await?;
        roles::ensure_database(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    async fn connect_as_superuser(&self) -> Result<PgConnection, EmbeddedError> {
        let address = self.server.address();
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(address.port)
            .username(SUPERUSER)
            .password(self.passwords.postgres.expose_secret())
            .database("postgres")
            .application_name("arctiv setup");
        Ok(PgConnection::connect_with(&options).await?)
    }

    /// URLs over the server's socket where its path is short enough for one, else over loopback TCP.
    pub fn urls(&self) -> DatabaseUrls {
        self.urls_over(self.server.address().socket_dir.as_deref())
    }

    /// URLs over loopback TCP, for programs that know nothing of sockets.
    pub fn tcp_urls(&self) -> DatabaseUrls {
        self.urls_over(None)
    }

    fn urls_over(&self, socket_dir: Option<&Path>) -> DatabaseUrls {
        let port = self.server.address().port;
        // Passwords are hexadecimal and need no escaping; a folder may hold anything.
        let query = socket_dir.map_or_else(String::new, |folder| {
            let host: String = url::form_urlencoded::byte_serialize(folder.to_string_lossy().as_bytes()).collect();
            // A plus sign means a space to HTML forms only.
            format!("?host={}", host.replace('+', "%20"))
        });
        let url = |role: &str, password: &SecretString| {
            format!("postgres://{role}:{}@127.0.0.1:{port}/{DATABASE}{query}", password.expose_secret()).into()
        };
        DatabaseUrls {
            owner: url(OWNER, &self.passwords.owner),
            app: url(APP, &self.passwords.app),
            worker: url(WORKER, &self.passwords.worker),
        }
    }

    /// The superuser, whom row-level security does not bind: for backups.
    pub fn admin_url(&self) -> SecretString {
        let port = self.server.address().port;
        let password = self.passwords.postgres.expose_secret();
        format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{DATABASE}").into()
    }

    /// The programs in use, for `pg_dump` and for what `doctor` prints.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The server's process.
    pub fn pid(&self) -> i32 {
        self.server.pid()
    }

    /// The server's log file.
    pub fn log_file(&self) -> &Path {
        &self.places.log
    }

    /// Gives up this process's share. If no other process uses the server, it is shut down: running statements are rolled
    /// back, everything committed is on disk. Close connection pools first.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        let _exclusive = lock_exclusively(&self.places.lock, server::STOP_TIMEOUT).await?;
        self.stop_if_last().await
    }

    /// To be called with the start lock held.
    async fn stop_if_last(self) -> Result<(), EmbeddedError> {
        let Self { server, users, places, .. } = self;
        users.unlock().context("could not unlock", &places.users)?;
        match users.try_lock() {
            Ok(()) => {
                server.stop().await?;
                tracing::info!("the database has stopped");
                Ok(())
            }
            Err(TryLockError::WouldBlock) => {
                tracing::info!("the database goes on running for another Arctiv process");
                Ok(())
            }
            Err(TryLockError::Error(error)) => Err(error).context("could not lock", &places.users),
        }
    }
}

/// The system user that PostgreSQL runs under.
#[derive(Clone, Debug)]
enum Account {
    /// The program's own.
    Own,
    /// Another one, because the program runs as root.
    Other(User),
}

impl Account {
    fn choose(run_as: &str) -> Result<Self, EmbeddedError> {
        if !Uid::effective().is_root() {
            return Ok(Self::Own);
        }
        match User::from_name(run_as) {
            Ok(Some(user)) if !user.uid.is_root() => Ok(Self::Other(user)),
            _ => Err(EmbeddedError::NoSuchUser { user: run_as.to_owned() }),
        }
    }

    fn uid(&self) -> u32 {
        match self {
            Self::Own => Uid::effective().as_raw(),
            Self::Other(user) => user.uid.as_raw(),
        }
    }

    /// Hands a file or folder of ours to this user.
    fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        match self {
            Self::Own => Ok(()),
            Self::Other(user) => std::os::unix::fs::lchown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                .context("could not change the owner of", path),
        }
    }

    /// Checks that this user can get to a folder of ours, and names the folder that is in the way if not.
    fn check_reaches(&self, folder: &Path) -> Result<(), EmbeddedError> {
        let Self::Other(user) = self else { return Ok(()) };
        let mut ancestors: Vec<&Path> = folder.ancestors().collect();
        ancestors.reverse();
        for ancestor in ancestors {
            let metadata = fs::metadata(ancestor).context("could not look at", ancestor)?;
            let needed = if metadata.uid() == user.uid.as_raw() {
                0o100
            } else if metadata.gid() == user.gid.as_raw() {
                0o010
            } else {
                0o001
            };
            if metadata.mode() & needed == 0 {
                return Err(EmbeddedError::NotTraversable { user: user.name.clone(), folder: ancestor.to_owned() });
            }
        }
        Ok(())
    }
}

/// The files of the embedded server.
#[derive(Clone, Debug)]
struct Places {
    cluster: PathBuf,
    run: PathBuf,
    log: PathBuf,
    passwords: PathBuf,
    lock: PathBuf,
    users: PathBuf,
}

impl Places {
    fn prepare(data_dir: &Path, account: &Account) -> Result<Self, EmbeddedError> {
        // Others may pass through, not look around: as root, PostgreSQL's user has to get in.
        let mode = if matches!(account, Account::Own) { 0o700 } else { 0o711 };
        make_folder(data_dir, mode)?;
        let data_dir = data_dir.canonicalize().context("could not find", data_dir)?;
        let base = data_dir.join("postgres");
        make_folder(&base, mode)?;
        account.check_reaches(&base)?;

        let places = Self {
            cluster: base.join("cluster"),
            run: base.join("run"),
            log: base.join("log"),
            passwords: base.join("passwords.json"),
            lock: base.join("lock"),
            users: base.join("users"),
        };
        make_folder(&places.run, 0o700)?;
        account.give(&places.run)?;
        match fs::metadata(&places.cluster) {
            Ok(metadata) if metadata.uid() != account.uid() => {
                Err(EmbeddedError::NotOurs { folder: places.cluster, owner: metadata.uid() })
            }
            _ => Ok(places),
        }
    }

    /// The major version that made the cluster, if there is one.
    fn data_major(&self) -> Result<Option<u16>, EmbeddedError> {
        let file = self.cluster.join("PG_VERSION");
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Version::parse(&text).map(|version| version.major)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("could not read", &file),
        }
    }
}

fn make_folder(path: &Path, mode: u32) -> Result<(), EmbeddedError> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(path).context("could not create", path)
}

/// The passwords of the cluster's roles, hexadecimal.
#[derive(Clone, Debug)]
struct Passwords {
    postgres: SecretString,
    owner: SecretString,
    app: SecretString,
    worker: SecretString,
}

/// As they stand in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordsFile {
    postgres: String,
    arctiv_owner: String,
    arctiv_app: String,
    arctiv_worker: String,
}

impl Passwords {
    /// Whether the second value is true tells that they were there before.
    fn load_or_make(file: &Path) -> Result<(Self, bool), EmbeddedError> {
        match fs::read(file) {
            Ok(bytes) => {
                let read: PasswordsFile =
                    serde_json::from_slice(&bytes).map_err(|_| EmbeddedError::Passwords { file: file.to_owned() })?;
                Ok((read.into(), true))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let random = || hex::encode(rand::random::<[u8; 24]>());
                let made = PasswordsFile {
                    postgres: random(),
                    arctiv_owner: random(),
                    arctiv_app: random(),
                    arctiv_worker: random(),
                };
                let bytes =
                    serde_json::to_vec_pretty(&made).map_err(io::Error::from).context("could not write", file)?;
                write_private(file, &bytes)?;
                Ok((made.into(), false))
            }
            Err(error) => Err(error).context("could not read", file),
        }
    }
}

impl From<PasswordsFile> for Passwords {
    fn from(file: PasswordsFile) -> Self {
        Self {
            postgres: file.postgres.into(),
            owner: file.arctiv_owner.into(),
            app: file.arctiv_app.into(),
            worker: file.arctiv_worker.into(),
        }
    }
}

/// Writes a file that only its owner can read, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), EmbeddedError> {
    let draft = path.with_extension("new");
    let write = || {
        let _ = fs::remove_file(&draft);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().context("could not write", path)
}

fn open_lock_file(path: &Path) -> Result<File, EmbeddedError> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).context("could not open", path)
}

/// Waits for its turn to start or stop the server. The lock goes with the returned file.
async fn lock_exclusively(path: &Path, patience: Duration) -> Result<File, EmbeddedError> {
    let file = open_lock_file(path)?;
    let start = Instant::now();
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error).context("could not lock", path),
            Err(TryLockError::WouldBlock) if start.elapsed() > patience => {
                let folder = path.parent().unwrap_or(path).to_owned();
                return Err(EmbeddedError::Busy { folder, waited: patience });
            }
            Err(TryLockError::WouldBlock) => {
                if !told && start.elapsed() > Duration::from_secs(1) {
                    tracing::info!("waiting for another Arctiv process that is starting or stopping the database");
                    told = true;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Lets the owner of a file or folder alone read it, whatever it was.
fn keep_private(path: &Path, mode: u32) -> Result<(), EmbeddedError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).context("could not change the access to", path)
}
