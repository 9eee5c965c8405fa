//! The SQL of the job queue. The library's own tables are not in our migrations, so nothing here can be checked while
//! compiling; the tests of this folder run all of it.

use chrono::{DateTime, Utc};
use domain::ServiceResult;
use graphile_worker::WorkerOptions;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::JobsError;
use crate::database::failed;

/// The library's schema; its default, so that its own tools find it.
pub(super) const SCHEMA: &str = "graphile_worker";

/// Any number; processes that prepare at the same time take turns under it.
const PREPARE_LOCK: i64 = 0x6172_6374_6a6f_6273;

/// The one thing the web may do with the queue. It runs as its owner, the worker, and the fixed search path keeps others
/// from slipping functions of their own under it. The form without a rank is for programs of an earlier version, which may
/// still run beside this one.
const DOOR: &str = "
    create schema if not exists arctiv_jobs;
    grant usage on schema arctiv_jobs to arctiv_app;
    create or replace function arctiv_jobs.enqueue(task text, payload jsonb, run_at timestamptz, key text, max_attempts smallint)
      returns bigint
      language sql volatile security definer set search_path = pg_catalog, pg_temp
      as $$ select (graphile_worker.add_job(task, payload::json, null, run_at, max_attempts::int, key)).id $$;
    revoke all on function arctiv_jobs.enqueue(text, jsonb, timestamptz, text, smallint) from public;
    grant execute on function arctiv_jobs.enqueue(text, jsonb, timestamptz, text, smallint) to arctiv_app;
    create or replace function arctiv_jobs.enqueue_ranked(task text, payload jsonb, run_at timestamptz, key text,
                                                          max_attempts smallint, rank smallint)
      returns bigint
      language sql volatile security definer set search_path = pg_catalog, pg_temp
      as $$ select (graphile_worker.add_job(task, payload::json, null, run_at, max_attempts::int, key, rank::int)).id $$;
    revoke all on function arctiv_jobs.enqueue_ranked(text, jsonb, timestamptz, text, smallint, smallint) from public;
    grant execute on function arctiv_jobs.enqueue_ranked(text, jsonb, timestamptz, text, smallint, smallint) to arctiv_app;
";

/// Brings the job library's schema up to date and makes `arctiv_jobs.enqueue`. Run it after the migrations, before the
/// first request. Safe from several processes at once.
///
/// `worker` is logged in as the worker's role, which then owns all of it, and has at least two connections.
pub async fn prepare(worker: &PgPool) -> Result<(), JobsError> {
    let mut guard = worker.acquire().await?.detach();
    sqlx::query("select pg_advisory_lock($1)").bind(PREPARE_LOCK).execute(&mut guard).await?;
    // Migrating is the first thing the library does; the worker it makes is not started.
    WorkerOptions::default().schema(SCHEMA).pg_pool(worker.clone()).listen_os_shutdown_signals(false).init().await?;
    sqlx::raw_sql(DOOR).execute(&mut guard).await?;
    // Closing the connection would free the lock too, only later.
    sqlx::query("select pg_advisory_unlock($1)").bind(PREPARE_LOCK).execute(&mut guard).await?;
    sqlx::Connection::close(guard).await?;
    Ok(())
}

/// When a job runs, and how often it is tried.
pub(super) struct Terms {
    pub(super) run_at: Option<DateTime<Utc>>,
    pub(super) key: Option<String>,
    pub(super) max_attempts: i16,
    /// Of those that are due, the lowest is taken first.
    pub(super) rank: i16,
}

pub(super) async fn enqueue(tx: &mut PgConnection, task: &str, payload: Value, terms: Terms) -> ServiceResult<()> {
    sqlx::query("select arctiv_jobs.enqueue_ranked($1, $2, $3, $4, $5, $6)")
        .bind(task)
        .bind(payload)
        .bind(terms.run_at)
        .bind(terms.key)
        .bind(terms.max_attempts)
        .bind(terms.rank)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// How the queue stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Backlog {
    /// Jobs that will run, now or later.
    pub waiting: i64,
    /// Jobs that a worker holds.
    pub running: i64,
    /// Jobs whose attempts are used up; they stay until a person looks at them.
    pub dead: i64,
    /// Since when the job that waits longest could have run; `None` if none is due.
    pub oldest_due: Option<DateTime<Utc>>,
}

/// Counts the queue, for metrics and health.
pub async fn backlog(worker: &PgPool) -> ServiceResult<Backlog> {
    sqlx::query_as(
        "select count(*) filter (where locked_at is null and attempts < max_attempts) as waiting,
                count(*) filter (where locked_at is not null) as running,
                count(*) filter (where locked_at is null and attempts >= max_attempts) as dead,
                min(run_at) filter (where locked_at is null and attempts < max_attempts and run_at <= now()) as oldest_due
           from graphile_worker._private_jobs",
    )
    .fetch_one(worker)
    .await
    .map_err(failed)
}

/// A table with things that outlive their use.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) table: &'static str,
    /// How long, in words.
    pub(super) rule: &'static str,
    /// Deletes one batch; `$1` is now.
    delete: &'static str,
}

/// What is deleted, and when.
pub(super) const KEPT: [Kept; 19] = [
    Kept {
        table: "rate_limits",
        rule: "until all of the limit is there again",
        delete: "delete from rate_limits where key in (select key from rate_limits where full_at < $1 limit 5000)",
    },
    Kept {
        table: "guesses",
        rule: "a day after the last one",
        delete: "delete from guesses where key in
                   (select key from guesses where last_at < $1 - interval '1 day' order by last_at limit 5000)",
    },
    Kept {
        table: "pending_sign_ins",
        rule: "a day after they expired",
        delete: "delete from pending_sign_ins where id in
                   (select id from pending_sign_ins where expires_at < $1 - interval '1 day' order by expires_at limit 5000)",
    },
    Kept {
        table: "passkey_ceremonies",
        rule: "an hour after they expired",
        delete: "delete from passkey_ceremonies where (bound_to, purpose) in
                   (select bound_to, purpose from passkey_ceremonies where expires_at < $1 - interval '1 hour' order by expires_at limit 5000)",
    },
    Kept {
        table: "known_devices",
        rule: "400 days after they were used last",
        delete: "delete from known_devices where id in
                   (select id from known_devices where last_seen_at < $1 - interval '400 days' order by last_seen_at limit 5000)",
    },
    Kept {
        table: "live_events",
        rule: "an hour",
        delete: "delete from live_events where (workspace_id, id) in
                   (select workspace_id, id from live_events where created_at < $1 - interval '1 hour' limit 5000)",
    },
    Kept {
        table: "oauth_states",
        rule: "a day after they expired",
        delete: "delete from oauth_states where id in
                   (select id from oauth_states where expires_at < $1 - interval '1 day' order by expires_at limit 5000)",
    },
    Kept {
        table: "oidc_states",
        rule: "a day after they expired",
        delete: "delete from oidc_states where id in
                   (select id from oidc_states where expires_at < $1 - interval '1 day' order by expires_at limit 5000)",
    },
    Kept {
        table: "connection_events",
        rule: "two years",
        delete: "delete from connection_events where id in
                   (select id from connection_events where created_at < $1 - interval '2 years' order by created_at limit 5000)",
    },
    Kept {
        table: "sessions",
        rule: "30 days after they expired",
        delete: "delete from sessions where id in
                   (select id from sessions where expires_at < $1 - interval '30 days' limit 5000)",
    },
    Kept {
        table: "email_confirmations",
        rule: "30 days after they expired",
        delete: "delete from email_confirmations where id in
                   (select id from email_confirmations where expires_at < $1 - interval '30 days' order by expires_at limit 5000)",
    },
    Kept {
        table: "password_resets",
        rule: "30 days after they expired",
        delete: "delete from password_resets where id in
                   (select id from password_resets where expires_at < $1 - interval '30 days' order by expires_at limit 5000)",
    },
    Kept {
        table: "invitations",
        rule: "90 days after they expired",
        delete: "delete from invitations where id in
                   (select id from invitations where expires_at < $1 - interval '90 days' order by expires_at limit 5000)",
    },
    Kept {
        table: "mails",
        rule: "30 days",
        delete: "delete from mails where id in
                   (select id from mails where created_at < $1 - interval '30 days' order by created_at limit 5000)",
    },
    Kept {
        table: "webhook_deliveries",
        rule: "30 days, or until it has arrived or is given up",
        delete: "delete from webhook_deliveries where id in
                   (select id from webhook_deliveries where created_at < $1 - interval '30 days' and status <> 'waiting'
                     order by created_at limit 5000)",
    },
    Kept {
        table: "webhook_secrets",
        rule: "until the one after it signs alone",
        delete: "delete from webhook_secrets where id in
                   (select id from webhook_secrets where expires_at < $1 order by expires_at limit 5000)",
    },
    Kept {
        table: "data_exports",
        rule: "7 days",
        delete: "delete from data_exports where id in
                   (select id from data_exports where expires_at < $1 order by expires_at limit 100)",
    },
    Kept {
        table: "workspaces",
        rule: "30 days after they were closed",
        delete: "delete from workspaces where id in
                   (select id from workspaces where closed_at < $1 - interval '30 days' order by closed_at limit 10)",
    },
    Kept {
        table: "idempotency_keys",
        rule: "24 hours",
        delete: "delete from idempotency_keys where (workspace_id, key) in
                   (select workspace_id, key from idempotency_keys where created_at < $1 - interval '24 hours' limit 5000)",
    },
];

/// Deletes one batch under the role that may; the number of rows.
pub(super) async fn delete_batch(tx: &mut PgConnection, kept: &Kept, now: DateTime<Utc>) -> ServiceResult<u64> {
    sqlx::query("set local role arctiv_retention").execute(&mut *tx).await.map_err(failed)?;
    let done = sqlx::query(kept.delete).bind(now).execute(tx).await.map_err(failed)?;
    Ok(done.rows_affected())
}
