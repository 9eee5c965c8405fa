//! A slot that is free again looks for the next job at once.
//!
//! The library takes one job for each signal, and knows two: its own poll, and PostgreSQL's notice of a job that was inserted.
//! A job whose time comes is neither; so of many that are due together it would take as many as it has slots, once per
//! poll. Its notices come by way of the database it is given, and there this adds one of our own, after each job.

use std::{any::Any, sync::Arc};

use futures::StreamExt;
use graphile_worker::{
    BoxFuture, Database, DatabaseDriver, DbError, DbExecutor, DbParams, DbRow, DbTransaction, Notification,
    NotificationStream,
};
use sqlx::PgPool;
use tokio::sync::Notify;

/// Wakes the slots of one worker of the library. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Wakeups(Arc<Notify>);

impl Wakeups {
    /// All free slots look for a job. Several calls before they do are one.
    pub(super) fn wake(&self) {
        self.0.notify_one();
    }

    /// The database for a worker that is also woken by PostgreSQL's notices.
    pub(super) fn beside_notices(&self, pool: &PgPool) -> Database {
        Database::new(Woken { database: pool.into(), wakeups: self.clone(), notices: true })
    }

    /// The database for a worker that does without them, and without the connection they take.
    pub(super) fn alone(&self, pool: &PgPool) -> Database {
        Database::new(Woken { database: pool.into(), wakeups: self.clone(), notices: false })
    }

    fn stream(&self) -> NotificationStream {
        let stream = futures::stream::unfold(self.clone(), |wakeups| async move {
            wakeups.0.notified().await;
            Some((Ok(Notification { channel: String::new(), payload: String::new() }), wakeups))
        });
        Box::pin(stream)
    }
}

#[derive(Debug)]
struct Woken {
    database: Database,
    wakeups: Wakeups,
    notices: bool,
}

impl DbExecutor for Woken {
    fn execute<'a>(&'a self, sql: &'a str, params: DbParams) -> BoxFuture<'a, Result<u64, DbError>> {
        self.database.execute(sql, params)
    }

    fn fetch_all<'a>(&'a self, sql: &'a str, params: DbParams) -> BoxFuture<'a, Result<Vec<DbRow>, DbError>> {
        self.database.fetch_all(sql, params)
    }
}

impl DatabaseDriver for Woken {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn begin(&self) -> BoxFuture<'_, Result<DbTransaction, DbError>> {
        Box::pin(self.database.begin())
    }

    fn listen<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Option<NotificationStream>, DbError>> {
        Box::pin(async move {
            let own = self.wakeups.stream();
            if !self.notices {
                return Ok(Some(own));
            }
            let notices = self.database.listen(channel).await?;
            // At its first failure the library would drop the whole stream, our part of it too.
            let notices = notices.map(|notices| notices.take_while(|notice| std::future::ready(notice.is_ok())));
            let stream: NotificationStream = match notices {
                Some(notices) => Box::pin(futures::stream::select(notices, own)),
                None => own,
            };
            Ok(Some(stream))
        })
    }
}
