//! The embedded PostgreSQL, with real clusters: first start, restart, sharing, crashes, stale locks, lost passwords.
//!
//! As root the tests need the system user `postgres`, as the program does.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid},
};
use secrecy::{ExposeSecret, SecretString};
use server::boot::postgres::{
    EmbeddedError, EmbeddedOptions, EmbeddedPostgres, RolePasswords, RolesError, ensure_roles, prepare_external,
};
use sqlx::{Connection, PgConnection, Row};

/// A data folder that goes away with the test, and with it a server that was left running.
struct DataFolder(PathBuf);

impl DataFolder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("arctiv-embedded-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn options(&self) -> EmbeddedOptions {
        EmbeddedOptions { max_connections: 20, ..EmbeddedOptions::new(&self.0) }
    }

    async fn start(&self) -> EmbeddedPostgres {
        EmbeddedPostgres::start(&self.options()).await.unwrap()
    }

    fn lock_file(&self) -> PathBuf {
        self.0.join("postgres/cluster/postmaster.pid")
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if let Some(pid) = pid_in(&self.lock_file()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
            let start = Instant::now();
            while is_running(pid) && start.elapsed() < Duration::from_secs(5) {
                std::thread::yield_now();
            }
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pid_in(file: &Path) -> Option<i32> {
    fs::read_to_string(file).ok()?.lines().next()?.parse().ok()
}

async fn connect(url: &SecretString) -> PgConnection {
    PgConnection::connect(url.expose_secret()).await.unwrap()
}

async fn login_name(url: &SecretString) -> String {
    sqlx::query_scalar("SELECT current_user::text").fetch_one(&mut connect(url).await).await.unwrap()
}

fn is_running(pid: i32) -> bool {
    let zombie = fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "));
    kill(Pid::from_raw(pid), None).is_ok() && !zombie
}

async fn wait_for_end(pid: i32) {
    let start = Instant::now();
    while is_running(pid) {
        assert!(start.elapsed() < Duration::from_secs(20), "process {pid} goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_first_start_makes_the_roles_and_the_database_and_a_second_keeps_what_was_written() {
    let folder = DataFolder::new("first");
    let first = folder.start().await;
    let urls = first.urls();
    assert!(urls.app.expose_secret().contains("host="), "the socket is used: {}", urls.app.expose_secret());
    assert_eq!(login_name(&urls.owner).await, "arctiv_owner");
    assert_eq!(login_name(&urls.app).await, "arctiv_app");
    assert_eq!(login_name(&urls.worker).await, "arctiv_worker");
    assert_eq!(login_name(&first.tcp_urls().worker).await, "arctiv_worker");

    let mut owner = connect(&urls.owner).await;
    let rows = sqlx::query(
        "SELECT rolname::text, rolcanlogin, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication \
         FROM pg_roles WHERE rolname LIKE 'arctiv%' ORDER BY 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let roles: Vec<(String, bool, bool)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let role = |name: &str, login| (name.to_owned(), login, false);
    assert_eq!(
        roles,
        [
            role("arctiv_app", true),
            role("arctiv_owner", true),
            role("arctiv_retention", false),
            role("arctiv_worker", true)
        ]
    );
    let (encoding, collation): (String, String) = sqlx::query_as(
        "SELECT pg_encoding_to_char(encoding), lower('ÄÖÉ') FROM pg_database WHERE datname = current_database()",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!((encoding.as_str(), collation.as_str()), ("UTF8", "äöé"));
    sqlx::query("CREATE TABLE kept (word text)").execute(&mut owner).await.unwrap();
    sqlx::query("INSERT INTO kept VALUES ('here')").execute(&mut owner).await.unwrap();

    // The web role is nobody's friend: it neither owns the table nor may make one.
    let mut app = connect(&urls.app).await;
    assert!(sqlx::query("SELECT * FROM kept").execute(&mut app).await.is_err());
    assert!(sqlx::query("CREATE TABLE mine ()").execute(&mut app).await.is_err());
    assert!(sqlx::query("SET ROLE arctiv_owner").execute(&mut app).await.is_err());
    assert!(sqlx::query("SET ROLE arctiv_retention").execute(&mut app).await.is_err());
    let mut worker = connect(&urls.worker).await;
    sqlx::query("SET ROLE arctiv_retention").execute(&mut worker).await.unwrap();

    let pid = first.pid();
    first.stop().await.unwrap();
    assert!(!is_running(pid));
    assert!(!folder.lock_file().exists());

    let started = Instant::now();
    let second = folder.start().await;
    assert!(started.elapsed() < Duration::from_secs(10));
    let mut owner = connect(&second.urls().owner).await;
    let word: String = sqlx::query_scalar("SELECT word FROM kept").fetch_one(&mut owner).await.unwrap();
    assert_eq!(word, "here");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn passwords_are_needed_random_and_private() {
    let folder = DataFolder::new("passwords");
    let server = folder.start().await;
    let file = folder.0.join("postgres/passwords.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    assert!(server.urls().app.expose_secret().split([':', '@']).any(|part| part.len() == 48 && text.contains(part)));

    let wrong = server.tcp_urls().app.expose_secret().replace("arctiv_app:", "arctiv_app:0");
    let error = PgConnection::connect(&wrong).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "28P01", "{error}");

    // Roles keep a SCRAM verifier, and the log has never seen a password.
    let log = fs::read_to_string(server.log_file()).unwrap();
    let secrets: serde_json::Value = serde_json::from_str(&text).unwrap();
    for secret in secrets.as_object().unwrap().values() {
        assert!(!log.contains(secret.as_str().unwrap()));
    }
    server.stop().await.unwrap();

    // The file is lost: the next start makes new passwords and everything else is as before.
    fs::remove_file(&file).unwrap();
    let server = folder.start().await;
    assert_ne!(fs::read_to_string(&file).unwrap(), text);
    assert_eq!(login_name(&server.urls().owner).await, "arctiv_owner");
    server.stop().await.unwrap();

    fs::write(&file, "{").unwrap();
    let error = EmbeddedPostgres::start(&folder.options()).await.unwrap_err();
    assert!(error.to_string().contains("passwords.json is damaged"), "{error}");
}

#[tokio::test]
async fn processes_share_one_server_and_the_last_one_stops_it() {
    let folder = DataFolder::new("shared");
    let options = folder.options();
    let (first, second) = tokio::join!(EmbeddedPostgres::start(&options), EmbeddedPostgres::start(&options));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.pid(), second.pid());
    let pid = first.pid();

    first.stop().await.unwrap();
    assert!(is_running(pid));
    assert_eq!(login_name(&second.urls().app).await, "arctiv_app");
    second.stop().await.unwrap();
    // Whichever of the two was the parent.
    wait_for_end(pid).await;
}

#[tokio::test]
async fn a_server_whose_program_was_killed_is_used_on() {
    let folder = DataFolder::new("orphan");
    let lost = folder.start().await;
    let pid = lost.pid();
    // What kill -9 leaves: the server, and no lock.
    drop(lost);

    let next = folder.start().await;
    assert_eq!(next.pid(), pid);
    assert_eq!(login_name(&next.urls().worker).await, "arctiv_worker");
    next.stop().await.unwrap();
    wait_for_end(pid).await;
}

#[tokio::test]
async fn a_killed_server_recovers_what_was_committed() {
    let folder = DataFolder::new("killed");
    let server = folder.start().await;
    let mut owner = connect(&server.urls().owner).await;
    sqlx::query("CREATE TABLE kept AS SELECT 42 AS number").execute(&mut owner).await.unwrap();
    let pid = server.pid();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    wait_for_end(pid).await;
    drop(server);
    assert_eq!(pid_in(&folder.lock_file()), Some(pid), "the lock is stale");

    let next = folder.start().await;
    assert_ne!(next.pid(), pid);
    let mut owner = connect(&next.urls().owner).await;
    let number: i32 = sqlx::query_scalar("SELECT number FROM kept").fetch_one(&mut owner).await.unwrap();
    assert_eq!(number, 42);
    next.stop().await.unwrap();
}

#[tokio::test]
async fn a_lock_that_names_another_program_or_nothing_is_removed() {
    let folder = DataFolder::new("stale");
    folder.start().await.stop().await.unwrap();
    let cluster_owner = fs::metadata(folder.0.join("postgres/cluster")).unwrap().uid();

    // The number of the dead server now belongs to something else of the same user: PostgreSQL alone would refuse.
    let mut sleeper = std::process::Command::new("sleep");
    std::os::unix::process::CommandExt::uid(&mut sleeper, cluster_owner);
    let mut sleeper = sleeper.arg("60").stdin(Stdio::null()).spawn().unwrap();
    let cluster = folder.0.join("postgres/cluster");
    let others = format!("{}\n{}\n1763646000\n5432\n\n127.0.0.1\n1 1\nready\n", sleeper.id(), cluster.display());
    for content in [others.as_str(), "", "garbage\n"] {
        fs::write(folder.lock_file(), content).unwrap();
        std::os::unix::fs::chown(folder.lock_file(), Some(cluster_owner), None).unwrap();
        let server = folder.start().await;
        assert_eq!(login_name(&server.urls().app).await, "arctiv_app", "after {content:?}");
        server.stop().await.unwrap();
    }
    assert!(sleeper.try_wait().unwrap().is_none(), "the other program was left alone");
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[tokio::test]
async fn an_interrupted_creation_starts_over() {
    let folder = DataFolder::new("interrupted");
    let half = folder.0.join("postgres/cluster.new");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    // As the program would have made them.
    for made in [folder.0.clone(), folder.0.join("postgres")] {
        fs::set_permissions(made, fs::Permissions::from_mode(0o711)).unwrap();
    }
    let server = folder.start().await;
    assert_eq!(login_name(&server.urls().app).await, "arctiv_app");
    server.stop().await.unwrap();
    assert!(!half.exists());
}

#[tokio::test]
async fn what_cannot_work_is_said_in_one_sentence() {
    let folder = DataFolder::new("refusals");
    let start = |options: EmbeddedOptions| async move { EmbeddedPostgres::start(&options).await.unwrap_err() };

    let error = start(EmbeddedOptions { bin_dir: Some("/nowhere".into()), ..folder.options() }).await;
    assert_eq!(
        error.to_string(),
        "there is no PostgreSQL server in /nowhere: set database.postgres_bin to the folder that holds `postgres` and `initdb`"
    );

    // A data folder of a version that nobody has.
    folder.start().await.stop().await.unwrap();
    let version_file = folder.0.join("postgres/cluster/PG_VERSION");
    let version = fs::read_to_string(&version_file).unwrap();
    fs::write(&version_file, "99\n").unwrap();
    let error = start(folder.options()).await;
    assert!(matches!(error, EmbeddedError::OtherMajor { needed: 99, .. }), "{error}");
    fs::write(&version_file, version).unwrap();

    // A setting that PostgreSQL refuses: its own words come through.
    let settings = folder.0.join("postgres/cluster/postgresql.conf");
    let sound = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{sound}no_such_setting = 1\n")).unwrap();
    let error = start(folder.options()).await;
    assert!(error.to_string().contains("unrecognized configuration parameter \"no_such_setting\""), "{error}");
    fs::write(&settings, sound).unwrap();

    let file = folder.0.join("a-file");
    fs::write(&file, "").unwrap();
    let error = start(EmbeddedOptions::new(&file)).await;
    assert!(error.to_string().starts_with("could not create") && error.to_string().contains("a-file"), "{error}");

    if Uid::effective().is_root() {
        let error = start(EmbeddedOptions { run_as: "no-such-user".into(), ..folder.options() }).await;
        assert!(matches!(&error, EmbeddedError::NoSuchUser { user } if user == "no-such-user"), "{error}");
        let closed = folder.0.join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let error = start(EmbeddedOptions::new(closed.join("data"))).await;
        let EmbeddedError::NotTraversable { folder: named, .. } = &error else { panic!("{error}") };
        assert_eq!(*named, closed);
    }
}

#[tokio::test]
async fn an_outside_database_gets_its_roles_only_from_a_login_that_may_make_them() {
    let folder = DataFolder::new("roles");
    let server = folder.start().await;
    let file: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.0.join("postgres/passwords.json")).unwrap()).unwrap();
    let urls = server.tcp_urls();
    let host = urls.app.expose_secret().split_once('@').unwrap().1.strip_suffix("/arctiv").unwrap();
    let admin_url = format!("postgres://postgres:{}@{host}/postgres", file["postgres"].as_str().unwrap());
    let mut admin = PgConnection::connect(&admin_url).await.unwrap();
    // An outside database: none of what the embedded one has.
    let drop_roles = "DROP ROLE arctiv_app, arctiv_worker, arctiv_retention";
    for statement in [
        "DROP DATABASE arctiv",
        drop_roles,
        "DROP ROLE arctiv_owner",
        "CREATE ROLE plain LOGIN PASSWORD 'plain'",
        "CREATE ROLE \"The Creator\" LOGIN CREATEROLE PASSWORD 'creator'",
        "CREATE DATABASE plain OWNER plain",
        "CREATE DATABASE created OWNER \"The Creator\"",
    ] {
        sqlx::query(statement).execute(&mut admin).await.unwrap();
    }
    let plain = SecretString::from(format!("postgres://plain:plain@{host}/plain"));
    let creator = SecretString::from(format!("postgres://The%20Creator:creator@{host}/created"));

    let error = prepare_external(&plain, None, None).await.unwrap_err();
    let RolesError::MayNotCreate { login, statements } = &error else { panic!("{error}") };
    assert_eq!(login, "plain");
    // What the message asks an administrator to run is enough.
    let admin_there = format!("{}/plain", admin_url.strip_suffix("/postgres").unwrap());
    let mut admin_there = PgConnection::connect(&admin_there).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements.clone())).execute(&mut admin_there).await.unwrap();
    let error = prepare_external(&plain, None, None).await.unwrap_err();
    assert!(matches!(error, RolesError::CannotLogIn { role: "arctiv_app" }), "{error}");
    for role in ["arctiv_app", "arctiv_worker"] {
        let statement = format!("ALTER ROLE {role} PASSWORD 'mine'");
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    }
    let own = |role: &str, database: &str| SecretString::from(format!("postgres://{role}:mine@{host}/{database}"));
    let (app, worker) = (own("arctiv_app", "plain"), own("arctiv_worker", "plain"));
    let urls = prepare_external(&plain, Some(&app), Some(&worker)).await.unwrap();
    assert_eq!(login_name(&urls.owner).await, "arctiv_owner");
    let mut owner = connect(&urls.owner).await;
    sqlx::query("CREATE TABLE made (id int)").execute(&mut owner).await.unwrap();
    sqlx::query("GRANT CREATE ON DATABASE plain TO arctiv_worker").execute(&mut owner).await.unwrap();
    sqlx::query("CREATE SCHEMA jobs").execute(&mut connect(&urls.worker).await).await.unwrap();
    drop(owner);
    sqlx::query("DROP DATABASE plain WITH (FORCE)").execute(&mut admin).await.unwrap();
    sqlx::query(drop_roles).execute(&mut admin).await.unwrap();
    sqlx::query("DROP ROLE arctiv_owner").execute(&mut admin).await.unwrap();

    // Several processes at once, as in a rolling deployment.
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let url = creator.clone();
        starts.spawn(async move { prepare_external(&url, None, None).await });
    }
    while let Some(result) = starts.join_next().await {
        let urls = result.unwrap().unwrap();
        assert_eq!(login_name(&urls.owner).await, "arctiv_owner");
        assert_eq!(login_name(&urls.app).await, "arctiv_app");
        assert_eq!(login_name(&urls.worker).await, "arctiv_worker");
    }

    // URLs of one's own are used as they are, and the passwords behind them left alone.
    sqlx::query("ALTER ROLE arctiv_app PASSWORD 'mine'").execute(&mut admin).await.unwrap();
    sqlx::query("ALTER ROLE arctiv_worker PASSWORD 'mine'").execute(&mut admin).await.unwrap();
    let urls = prepare_external(&creator, Some(&own("arctiv_app", "created")), Some(&own("arctiv_worker", "created")))
        .await
        .unwrap();
    assert_eq!(login_name(&urls.app).await, "arctiv_app");
    assert_eq!(login_name(&urls.worker).await, "arctiv_worker");

    for (grant, excess, undo) in [
        ("ALTER ROLE arctiv_app BYPASSRLS", "may bypass row-level security", "ALTER ROLE arctiv_app NOBYPASSRLS"),
        ("ALTER ROLE arctiv_worker SUPERUSER", "is a superuser", "ALTER ROLE arctiv_worker NOSUPERUSER"),
        ("GRANT arctiv_owner TO arctiv_app", "may act as the owner", "REVOKE arctiv_owner FROM arctiv_app"),
    ] {
        sqlx::query(grant).execute(&mut admin).await.unwrap();
        let error = prepare_external(&creator, None, None).await.unwrap_err();
        assert!(error.to_string().contains(excess), "{grant}: {error}");
        sqlx::query(undo).execute(&mut admin).await.unwrap();
    }
    let error = ensure_roles(&mut connect(&own("arctiv_worker", "created")).await, &RolePasswords::default())
        .await
        .unwrap_err();
    assert!(matches!(error, RolesError::LoginIsProgramRole { .. }), "{error}");
    server.stop().await.unwrap();
}
