//! The program's way into PostgreSQL: two pools under two roles, and transactions that say who acts.
//!
//! | role | pool | sees |
//! |---|---|---|
//! | `arctiv_app` | [`Database::tenant`], [`Database::person`], [`Database::public`] | one workspace, never a token |
//! | `arctiv_worker` | [`Database::worker`] | every workspace, and the sealed tokens |
//!
//! A web process has no use for the worker's pool and a worker none for the app's, but by default one process is both.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use domain::{Actor, ErrorCode, ServiceError, ServiceResult, UserId, WorkspaceId};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tracing::Instrument;

use crate::features::audit::in_tx::{self as audit, Entry};

/// The migrations, inside the binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// Where the database is, per role.
#[derive(Clone, Debug)]
pub struct DatabaseUrls {
    /// Owns the schema; used for migrations only.
    pub owner: SecretString,
    pub app: SecretString,
    pub worker: SecretString,
}

/// Sizes and patience of the pools.
#[derive(Clone, Copy, Debug)]
pub struct PoolSizes {
    pub app: u32,
    pub worker: u32,
    /// How long a request waits for a connection before it is told that the service is unavailable.
    pub acquire: Duration,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self { app: 16, worker: 12, acquire: Duration::from_secs(5) }
    }
}

/// Both pools. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    inner: Arc<Pools>,
}

#[derive(Debug)]
struct Pools {
    app: PgPool,
    worker: PgPool,
}

impl Database {
    /// Pools that connect when first used, so that a database that is still starting does not stop the program.
    pub fn connect(urls: &DatabaseUrls, sizes: PoolSizes) -> Result<Self, sqlx::Error> {
        let pool =
            |url: &SecretString, size: u32, name: &str, settings: &[(&str, &str)]| -> Result<PgPool, sqlx::Error> {
                let options: PgConnectOptions = url.expose_secret().parse()?;
                let options =
                    options.application_name(name).options([("timezone", "UTC")]).options(settings.iter().copied());
                Ok(PgPoolOptions::new()
                    .max_connections(size)
                    .min_connections(1)
                    .acquire_timeout(sizes.acquire)
                    .idle_timeout(Duration::from_mins(10))
                    // A connection is found dead by its first use anyway; a ping per checkout would double the round trips.
                    .test_before_acquire(false)
                    .connect_lazy_with(options))
            };
        Ok(Self {
            inner: Arc::new(Pools {
                app: pool(&urls.app, sizes.app, "arctiv", &[])?,
                // Each statement of background work is planned once: none asks for this under some parameters and for that under
                // others, as the lists of people do, and planning what claims and ends took as long as half of doing it.
                worker: pool(
                    &urls.worker,
                    sizes.worker,
                    "arctiv-worker",
                    &[("plan_cache_mode", "force_generic_plan")],
                )?,
            }),
        })
    }

    /// Brings the schema up to date as its owner. Several processes may try at once; one does it.
    pub async fn migrate(urls: &DatabaseUrls) -> Result<(), sqlx::Error> {
        let pool = PgPoolOptions::new().max_connections(1).connect(urls.owner.expose_secret()).await?;
        MIGRATOR.run(&pool).await?;
        // For readiness, which looks under the worker's role.
        sqlx::query("grant select on _sqlx_migrations to arctiv_worker").execute(&pool).await?;
        pool.close().await;
        Ok(())
    }

    /// A transaction in the actor's workspace, under the web's role.
    pub async fn tenant(&self, actor: &Actor) -> ServiceResult<Tx> {
        self.tenant_of(actor.user_id, actor.workspace_id).await
    }

    /// The same for ids that are not an actor's yet (registration, sign-in).
    pub async fn tenant_of(&self, user: UserId, workspace: WorkspaceId) -> ServiceResult<Tx> {
        self.begin("BEGIN", user, workspace).await
    }

    /// One round trip. Both values are UUIDs, so there is nothing to escape.
    async fn begin(&self, begin: &'static str, user: UserId, workspace: WorkspaceId) -> ServiceResult<Tx> {
        let begin = format!("{begin}; SET LOCAL app.user_id = '{user}'; SET LOCAL app.workspace_id = '{workspace}'");
        begun(&self.inner.app, Some(begin)).await
    }

    /// One view of the actor's workspace, in which nothing can be changed. It is dropped, not committed: the rollback then
    /// travels with the pool's own check of the connection, and saves a round trip.
    pub async fn read(&self, actor: &Actor) -> ServiceResult<Tx> {
        self.begin("BEGIN READ ONLY", actor.user_id, actor.workspace_id).await
    }

    /// A transaction of a person in no workspace: it sees what is their own, and no tenant row.
    pub async fn person(&self, user: UserId) -> ServiceResult<Tx> {
        let begin = format!("BEGIN; SET LOCAL app.user_id = '{user}'; SET LOCAL app.workspace_id = ''");
        begun(&self.inner.app, Some(begin)).await
    }

    /// A transaction that belongs to nobody: it sees no tenant row, only the sign-in functions.
    pub async fn public(&self) -> ServiceResult<Tx> {
        begun(&self.inner.app, None).await
    }

    /// A transaction of background work: every workspace.
    pub async fn worker(&self) -> ServiceResult<Tx> {
        begun(&self.inner.worker, None).await
    }

    /// A connection of background work, for reading without a transaction around it.
    pub async fn worker_connection(&self) -> ServiceResult<PoolConnection<Postgres>> {
        self.inner.worker.acquire().await.map_err(unavailable)
    }

    /// For single statements without a tenant, in one round trip.
    pub fn public_pool(&self) -> &PgPool {
        &self.inner.app
    }

    /// For `LISTEN`, the claiming statement and the job library.
    pub fn worker_pool(&self) -> &PgPool {
        &self.inner.worker
    }

    /// Whether all migrations of this binary are applied; an error when the database cannot be asked.
    pub async fn is_migrated(&self) -> Result<bool, Unreachable> {
        let newest = MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default();
        let applied: Option<i64> = sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
            .fetch_one(&self.inner.worker)
            .await
            .map_err(|_| Unreachable)?;
        Ok(applied.is_some_and(|applied| applied >= newest))
    }

    pub async fn close(&self) {
        self.inner.app.close().await;
        self.inner.worker.close().await;
    }
}

/// Begins a transaction in a task of its own. A request that is given up while its `BEGIN` is under way would otherwise hand
/// its connection back with the transaction open, as sqlx counts it only afterwards, and the next request would inherit it.
async fn begun(pool: &PgPool, begin: Option<String>) -> ServiceResult<Tx> {
    let pool = pool.clone();
    let begin = async move {
        match begin {
            Some(begin) => pool.begin_with(AssertSqlSafe(begin)).await,
            None => pool.begin().await,
        }
    };
    let transaction = tokio::spawn(begin.in_current_span()).await.map_err(ServiceError::internal)?;
    Ok(Tx { transaction: transaction.map_err(unavailable)?, record: Vec::new() })
}

/// An open transaction; dropping it rolls back. Derefs to the connection that stores take.
#[derive(Debug)]
pub struct Tx {
    transaction: Transaction<'static, Postgres>,
    record: Vec<Entry>,
}

impl Tx {
    /// Goes into the audit log with the commit.
    pub(crate) fn record(&mut self, entry: Entry) {
        self.record.push(entry);
    }

    /// Makes it so. What was recorded is written last of all, since from there to the commit everybody else who changes
    /// something in the workspace waits.
    pub async fn commit(mut self) -> ServiceResult<()> {
        if !self.record.is_empty() {
            let record = std::mem::take(&mut self.record);
            audit::write(&mut self.transaction, record).await?;
        }
        self.transaction.commit().await.map_err(failed)
    }
}

impl Deref for Tx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.transaction
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}

/// The error of a database that cannot be reached.
pub fn unavailable(error: sqlx::Error) -> ServiceError {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        // What a connection says that ends in the middle of a word.
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => ServiceError::unavailable(error).retry_after(2),
        // 57P0x: the server is starting or stopping; 53xxx: it has no room for one more; 08xxx: the connection is broken.
        sqlx::Error::Database(ref db)
            if db.code().is_some_and(|code| ["57P", "53", "08"].iter().any(|class| code.starts_with(class))) =>
        {
            ServiceError::unavailable(error).retry_after(2)
        }
        other => ServiceError::new(ErrorCode::DatabaseError, "Something went wrong on our side. Please try again.")
            .because(other),
    }
}

/// The error of a statement that failed for no reason the service foresaw.
pub fn failed(error: sqlx::Error) -> ServiceError {
    unavailable(error)
}

/// Turns a violated constraint, by its name, into what it means; everything else is [`failed`].
///
/// ```ignore
/// insert(...).await.map_err(on_constraint("users_email_key", || ServiceError::field_conflict("email", EMAIL_TAKEN)))?;
/// ```
pub fn on_constraint(name: &str, meaning: impl FnOnce() -> ServiceError) -> impl FnOnce(sqlx::Error) -> ServiceError {
    move |error| match &error {
        sqlx::Error::Database(db) if db.constraint() == Some(name) => meaning().because(error),
        _ => failed(error),
    }
}

/// A row's text that no longer means anything to this program: an enum value from a newer version.
pub fn unknown_word(what: &'static str, word: &str) -> ServiceError {
    ServiceError::internal(format!("the database holds {what} {word:?}, which this version does not know"))
}

/// Reads one of our words back from the database.
pub fn word<T: std::str::FromStr>(what: &'static str, text: &str) -> ServiceResult<T> {
    text.parse().map_err(|_| unknown_word(what, text))
}

/// An update that must touch exactly one row did not find it.
pub fn one_row(affected: u64, what: &'static str) -> ServiceResult<()> {
    if affected == 1 { Ok(()) } else { Err(ServiceError::not_found(what)) }
}

/// The database did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;
