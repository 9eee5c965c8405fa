//! A PostgreSQL database per test, in a few dozen milliseconds.
//!
//! The first test of a state of the migrations builds a template: roles, migrations, and whatever the caller prepares
//! beyond them. Every test then copies it, which PostgreSQL does file by file. Processes take turns under an advisory
//! lock, so that any number of tests may run at once; what a killed run leaves behind is swept away by a later one.

use std::{fmt, future::Future, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection, PgConnection,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use url::Url;
use uuid::Uuid;

/// The product's migrations.
static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Where the tests' server is, and its superuser.
const ADMIN_VARIABLE: &str = "TEST_DATABASE_ADMIN_URL";
const ADMIN_DEFAULT: &str = "postgres://postgres@127.0.0.1:54329/postgres";

const TEMPLATE_PREFIX: &str = "arctiv_template_";
const TEST_PREFIX: &str = "arctiv_test_";
/// Any number; every process uses the same.
const LOCK: i64 = 0x6172_6374_6976_7431;

/// The roles of the product. On a server without them they are made with their own names as passwords, which a server
/// for tests may have.
const ROLES: [(&str, &str); 4] = [
    ("arctiv_owner", "login password 'arctiv_owner'"),
    ("arctiv_app", "login noinherit password 'arctiv_app'"),
    ("arctiv_worker", "login noinherit password 'arctiv_worker'"),
    ("arctiv_retention", "nologin"),
];

/// Why there is no database to test with.
#[derive(Debug, thiserror::Error)]
pub enum TestDatabaseError {
    /// No server, or one that refuses us.
    #[error("the tests need a PostgreSQL server and its superuser: start one, or name it in {ADMIN_VARIABLE} ({0})")]
    Unreachable(#[source] sqlx::Error),
    /// The server refused a statement.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A migration failed.
    #[error(transparent)]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The address cannot be read.
    #[error("{ADMIN_VARIABLE} is not an address: {0}")]
    BadUrl(#[from] url::ParseError),
    /// What the caller prepares beyond the migrations failed.
    #[error("preparing the template failed: {0}")]
    Prepare(Box<dyn std::error::Error + Send + Sync>),
}

/// A database of its own, dropped with this value.
pub struct TestDatabase {
    name: String,
    admin: Url,
    /// The schema's owner, who runs migrations.
    pub owner_url: String,
    /// The web's role.
    pub app_url: String,
    /// The role of background work.
    pub worker_url: String,
}

impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDatabase").field("name", &self.name).finish_non_exhaustive()
    }
}

impl TestDatabase {
    /// A fresh copy of the schema.
    ///
    /// `prepare` is given the worker's URL of the template when one has to be built: what the program does after its
    /// migrations, such as preparing the job library's schema. `tag` names its version; a changed tag builds anew.
    pub async fn new<F, Fut, E>(tag: &str, prepare: F) -> Result<Self, TestDatabaseError>
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let admin = admin_url()?;
        let mut connection = connect(&admin).await.map_err(TestDatabaseError::Unreachable)?;
        let template = format!("{TEMPLATE_PREFIX}{:016x}", fingerprint(tag));
        // Copying needs the template to itself against writers only, so copies go on side by side under a shared lock.
        lock(&mut connection, Hold::Shared).await?;
        if !exists(&mut connection, &template).await? {
            unlock(&mut connection, Hold::Shared).await?;
            lock(&mut connection, Hold::Alone).await?;
            if !exists(&mut connection, &template).await? {
                sweep(&mut connection).await?;
                build(&mut connection, &admin, &template, prepare).await?;
            }
            unlock(&mut connection, Hold::Alone).await?;
            lock(&mut connection, Hold::Shared).await?;
        }
        let name = format!("{TEST_PREFIX}{}", random().simple());
        // The other way writes every page into the log.
        run(
            &mut connection,
            &format!("create database {name} owner arctiv_owner template {template} strategy file_copy"),
        )
        .await?;
        run(&mut connection, &format!("grant create on database {name} to arctiv_worker")).await?;
        unlock(&mut connection, Hold::Shared).await?;
        connection.close().await?;
        Ok(Self {
            owner_url: url_of(&admin, &name, Some("arctiv_owner")),
            app_url: url_of(&admin, &name, Some("arctiv_app")),
            worker_url: url_of(&admin, &name, Some("arctiv_worker")),
            name,
            admin,
        })
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The superuser, whom row-level security does not bind: for arranging and looking, not for the code under test.
    pub fn admin_url(&self) -> String {
        url_of(&self.admin, &self.name, None)
    }

    /// A connection of the superuser.
    pub async fn admin(&self) -> Result<PgConnection, TestDatabaseError> {
        let mut admin = self.admin.clone();
        admin.set_path(&self.name);
        Ok(connect(&admin).await?)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // There may be no runtime any more, and this one cannot be blocked: another thread with its own.
        let (name, admin) = (std::mem::take(&mut self.name), self.admin.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            let dropped: Result<(), sqlx::Error> = runtime.block_on(async {
                let mut connection = connect(&admin).await?;
                run(&mut connection, &format!("drop database if exists {name} with (force)")).await?;
                connection.close().await
            });
            if let Err(error) = dropped {
                // A later run sweeps it away.
                eprintln!("the test database {name} could not be dropped: {error}");
            }
        });
        let _ = dropping.join();
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no settings of their own")]
fn admin_url() -> Result<Url, TestDatabaseError> {
    Ok(std::env::var(ADMIN_VARIABLE).unwrap_or_else(|_| ADMIN_DEFAULT.to_owned()).parse()?)
}

#[expect(clippy::disallowed_methods, reason = "the name must differ from every other process's")]
fn random() -> Uuid {
    Uuid::new_v4()
}

fn url_of(admin: &Url, database: &str, role: Option<&str>) -> String {
    let mut url = admin.clone();
    url.set_path(database);
    if let Some(role) = role {
        // Neither fails for an address with a host, which a server's is.
        let _ = url.set_username(role);
        let _ = url.set_password(Some(role));
    }
    url.into()
}

async fn connect(url: &Url) -> Result<PgConnection, sqlx::Error> {
    let options: PgConnectOptions = url.as_str().parse()?;
    PgConnection::connect_with(&options.application_name("arctiv tests")).await
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    // The names in it are ours: letters, digits and underscores.
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await?;
    Ok(())
}

#[derive(Clone, Copy)]
enum Hold {
    Alone,
    Shared,
}

async fn lock(connection: &mut PgConnection, hold: Hold) -> Result<(), sqlx::Error> {
    let sql = match hold {
        Hold::Alone => "select pg_advisory_lock($1)",
        Hold::Shared => "select pg_advisory_lock_shared($1)",
    };
    sqlx::query(sql).bind(LOCK).execute(connection).await?;
    Ok(())
}

async fn unlock(connection: &mut PgConnection, hold: Hold) -> Result<(), sqlx::Error> {
    let sql = match hold {
        Hold::Alone => "select pg_advisory_unlock($1)",
        Hold::Shared => "select pg_advisory_unlock_shared($1)",
    };
    sqlx::query(sql).bind(LOCK).execute(connection).await?;
    Ok(())
}

async fn exists(connection: &mut PgConnection, database: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(database)
        .fetch_one(connection)
        .await
}

/// Builds under another name and renames at the end, so that a template that exists is a whole one.
async fn build<F, Fut, E>(
    connection: &mut PgConnection,
    admin: &Url,
    template: &str,
    prepare: F,
) -> Result<(), TestDatabaseError>
where
    F: FnOnce(String) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let draft = format!("{template}_draft");
    for (role, options) in ROLES {
        let sql = format!(
            "do $$ begin if not exists (select from pg_roles where rolname = '{role}') then create role {role} {options}; end if; end $$"
        );
        run(connection, &sql).await?;
    }
    // As the program makes them: the worker deletes as the retention role only after saying so.
    run(connection, "alter role arctiv_worker noinherit").await?;
    run(connection, "grant arctiv_retention to arctiv_worker").await?;
    run(connection, &format!("drop database if exists {draft} with (force)")).await?;
    run(connection, &format!("create database {draft} owner arctiv_owner")).await?;
    let owner = PgPoolOptions::new().max_connections(1).connect(&url_of(admin, &draft, Some("arctiv_owner"))).await?;
    MIGRATIONS.run(&owner).await?;
    owner.close().await;
    prepare(url_of(admin, &draft, Some("arctiv_worker")))
        .await
        .map_err(|error| TestDatabaseError::Prepare(error.into()))?;
    // Nobody may be connected to what is renamed and copied; pools close their connections in their own time.
    run(connection, &format!("alter database {draft} allow_connections false")).await?;
    sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1")
        .bind(&draft)
        .execute(&mut *connection)
        .await?;
    let mut tries = 0;
    while let Err(error) = run(connection, &format!("alter database {draft} rename to {template}")).await {
        tries += 1;
        if tries == 50 {
            return Err(error.into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Drops what killed runs and earlier migrations have left: tests' databases that nobody is connected to after an hour,
/// and templates after a week.
async fn sweep(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    // A database's version file is written once, when it is made.
    let left: Vec<String> = sqlx::query_scalar(
        "select datname::text
           from (select datname, oid, (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification as made
                   from pg_database where datname like 'arctiv\\_test\\_%' or datname like 'arctiv\\_template\\_%') d
          where made < now() - case when datname like 'arctiv\\_test\\_%' then interval '1 hour' else interval '7 days' end
            and not exists (select from pg_stat_activity a where a.datid = d.oid)",
    )
    .fetch_all(&mut *connection)
    .await?;
    for database in left {
        run(connection, &format!("drop database if exists {database}")).await?;
    }
    Ok(())
}

/// Names the state of the migrations and of what the caller prepares (FNV-1a, so that it is the same everywhere).
fn fingerprint(tag: &str) -> u64 {
    let checksums = MIGRATIONS.iter().flat_map(|migration| migration.checksum.iter());
    checksums
        .chain(tag.as_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
