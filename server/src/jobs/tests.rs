//! The queue on a real PostgreSQL, under the roles of the program.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration as Wait,
};

use chrono::Duration;
use domain::{ServiceError, clock::Clock, deliveries::MissedPolicy};
use platforms::Registry as Platforms;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, error::DatabaseError, postgres::PgPoolOptions};
use testkit::{FrozenClock, SeqIds, TestDatabase};
use vault::{Algorithm, KeyRing, Vault};

use super::{
    Backlog, Job, JobContext, JobsError, Lane, Registry, Runner, RunnerOptions, backlog, enqueue, prepare, registry,
    retention::SweepRetention, run_due,
};
use crate::{
    database::{Database, DatabaseUrls, PoolSizes},
    features::{
        accounts::{Tokens, TokensSetup},
        deliveries::Selector,
        media::MediaFiles,
        notifications::{self, Letters},
    },
};

/// A database as the program finds it after its migrations and [`prepare`].
pub(crate) async fn database() -> TestDatabase {
    // The tag is the library's version and that of our door beside it: with a new one the template is built anew.
    TestDatabase::new("graphile_worker 0.14.1, door 2", |worker| async move {
        let pool = PgPoolOptions::new().max_connections(3).connect(&worker).await?;
        prepare(&pool).await?;
        pool.close().await;
        Ok::<_, JobsError>(())
    })
    .await
    .unwrap()
}

/// A folder for pictures that no test here puts any into.
pub(crate) fn files() -> MediaFiles {
    MediaFiles::local(&std::env::temp_dir().join("arctiv-tests-without-pictures")).unwrap()
}

/// Letters that go nowhere.
pub(crate) fn letters() -> Letters {
    notifications::tests::letters(Arc::default())
}

struct Bench {
    database: TestDatabase,
    clock: Arc<FrozenClock>,
    context: JobContext,
}

impl Bench {
    async fn new() -> Self {
        let database = database().await;
        let urls = DatabaseUrls {
            owner: database.owner_url.clone().into(),
            app: database.app_url.clone().into(),
            worker: database.worker_url.clone().into(),
        };
        let db = Database::connect(&urls, PoolSizes { app: 3, worker: 10, ..PoolSizes::default() }).unwrap();
        let clock = Arc::new(FrozenClock::at_present());
        let ids = Arc::new(SeqIds::default());
        let platforms = Arc::new(Platforms::default());
        let vault = Arc::new(Vault::new(KeyRing::generate().unwrap(), Algorithm::default()));
        let tokens = Tokens::new(TokensSetup {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            platforms: Arc::clone(&platforms),
            vault: Arc::clone(&vault),
        });
        let webhooks = notifications::tests::webhooks(&(clock.clone() as Arc<dyn Clock>), &vault);
        Self {
            database,
            context: JobContext {
                db,
                clock: clock.clone(),
                selector: Selector::new(ids.clone(), Arc::clone(&platforms), MissedPolicy::default()),
                ids,
                platforms,
                tokens,
                files: files(),
                audit_keep_days: 730,
                letters: letters(),
                webhooks,
            },
            clock,
        }
    }

    fn pool(&self) -> &PgPool {
        self.context.db.worker_pool()
    }

    async fn enqueue<J: Job>(&self, job: &J) {
        let mut tx = self.context.db.worker().await.unwrap();
        enqueue(&mut tx, job, None).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn backlog(&self) -> Backlog {
        backlog(self.pool()).await.unwrap()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
}

impl Job for Note {
    const TASK: &'static str = "test_note";
    const MAX_ATTEMPTS: i16 = 2;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Latest {
    number: u32,
}

impl Job for Latest {
    const TASK: &'static str = "test_latest";

    fn key(&self) -> Option<String> {
        Some("latest".to_owned())
    }
}

/// What publishing would wait for.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Prompt {
    of: String,
}

impl Job for Prompt {
    const TASK: &'static str = "test_prompt";
    const LANE: Lane = Lane::Publishing;
}

fn note(text: &str) -> Note {
    Note { text: text.to_owned() }
}

/// A handler that writes down what it was given.
fn writing(seen: &Arc<Mutex<Vec<String>>>) -> Registry {
    let seen = Arc::clone(seen);
    Registry::new().register(move |_: JobContext, job: Note| {
        let seen = Arc::clone(&seen);
        async move {
            seen.lock().unwrap().push(job.text);
            Ok(())
        }
    })
}

#[tokio::test]
async fn a_job_exists_exactly_if_its_transaction_commits() {
    let bench = Bench::new().await;
    // By the web's role, which has no privilege on the library's tables.
    let mut kept = bench.context.db.public().await.unwrap();
    enqueue(&mut kept, &note("kept"), None).await.unwrap();
    kept.commit().await.unwrap();
    let mut dropped = bench.context.db.public().await.unwrap();
    enqueue(&mut dropped, &note("dropped"), None).await.unwrap();
    drop(dropped);
    let later = bench.clock.now() + Duration::hours(1);
    let mut tx = bench.context.db.worker().await.unwrap();
    enqueue(&mut tx, &note("later"), Some(later)).await.unwrap();
    tx.commit().await.unwrap();

    let seen = Arc::default();
    run_due(&bench.context, writing(&seen)).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["kept"]);
    assert_eq!(bench.backlog().await, Backlog { waiting: 1, ..Backlog::default() });
}

#[tokio::test]
async fn the_web_can_enqueue_and_nothing_else() {
    let bench = Bench::new().await;
    bench.enqueue(&note("one")).await;
    for sql in [
        "select * from graphile_worker._private_jobs",
        "delete from graphile_worker._private_jobs",
        "select graphile_worker.add_job('test_note')",
        "create schema mine",
        "create function arctiv_jobs.mine() returns int language sql as 'select 1'",
    ] {
        let mut tx = bench.context.db.public().await.unwrap();
        let error = sqlx::query(sql).execute(&mut *tx).await.unwrap_err();
        assert_eq!(error.as_database_error().and_then(DatabaseError::code).as_deref(), Some("42501"), "{sql}");
    }
    let owner: String = sqlx::query_scalar(
        "select pg_get_userbyid(proowner)::text from pg_proc where oid = 'arctiv_jobs.enqueue'::regproc",
    )
    .fetch_one(bench.pool())
    .await
    .unwrap();
    assert_eq!(owner, "arctiv_worker");
}

#[tokio::test]
async fn several_processes_may_prepare_at_once() {
    let bench = Bench::new().await;
    let pools: Vec<PgPool> = (0..4)
        .map(|_| PgPoolOptions::new().max_connections(2).connect_lazy(&bench.database.worker_url).unwrap())
        .collect();
    sqlx::query("drop schema graphile_worker cascade").execute(bench.pool()).await.unwrap();
    sqlx::query("drop schema arctiv_jobs cascade").execute(bench.pool()).await.unwrap();
    for result in futures::future::join_all(pools.iter().map(prepare)).await {
        result.unwrap();
    }
    bench.enqueue(&note("works")).await;
    assert_eq!(bench.backlog().await.waiting, 1);
}

#[tokio::test]
async fn a_later_job_of_the_same_key_replaces_an_earlier_one() {
    let bench = Bench::new().await;
    for number in 1..=3 {
        bench.enqueue(&Latest { number }).await;
    }
    let sum = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&sum);
    let registry = Registry::new().register(move |_: JobContext, job: Latest| {
        let seen = Arc::clone(&seen);
        async move {
            seen.fetch_add(job.number, Ordering::SeqCst);
            Ok(())
        }
    });
    run_due(&bench.context, registry).await.unwrap();
    assert_eq!(sum.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_failing_job_is_tried_again_and_then_stays_where_people_see_it() {
    let bench = Bench::new().await;
    bench.enqueue(&note("fails")).await;
    let failing = || {
        Registry::new()
            .register(|_: JobContext, _: Note| async { Err(ServiceError::internal("the reason, for the log only")) })
    };
    run_due(&bench.context, failing()).await.unwrap();
    assert_eq!(bench.backlog().await, Backlog { waiting: 1, ..Backlog::default() });
    let error: String = sqlx::query_scalar("select last_error from graphile_worker._private_jobs")
        .fetch_one(bench.pool())
        .await
        .unwrap();
    assert!(error.contains("the reason"), "{error}");
    sqlx::query("update graphile_worker._private_jobs set run_at = now()").execute(bench.pool()).await.unwrap();
    run_due(&bench.context, failing()).await.unwrap();
    assert_eq!(bench.backlog().await, Backlog { dead: 1, ..Backlog::default() });
}

#[tokio::test]
async fn a_panic_and_a_payload_of_another_shape_are_failures_too() {
    let bench = Bench::new().await;
    bench.enqueue(&note("panics")).await;
    run_due(&bench.context, Registry::new().register(async |_: JobContext, job: Note| panic!("{}", job.text)))
        .await
        .unwrap();
    assert_eq!(bench.backlog().await.waiting, 1);
    sqlx::query("update graphile_worker._private_jobs set run_at = now(), payload = '[1]'")
        .execute(bench.pool())
        .await
        .unwrap();
    let seen = Arc::default();
    run_due(&bench.context, writing(&seen)).await.unwrap();
    assert_eq!(bench.backlog().await.dead, 1);
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn runners_share_the_jobs_and_stop_in_good_order() {
    let bench = Bench::new().await;
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let slow = || {
        let seen = Arc::clone(&seen);
        Registry::new().register(move |_: JobContext, job: Note| {
            let seen = Arc::clone(&seen);
            async move {
                tokio::time::sleep(Wait::from_millis(40)).await;
                seen.lock().unwrap().push(job.text);
                Ok(())
            }
        })
    };
    let options = RunnerOptions {
        concurrency: 2,
        poll_interval: Wait::from_millis(100),
        schedules: false,
        ..RunnerOptions::default()
    };
    let one = Runner::start(bench.context.clone(), slow(), options).await.unwrap();
    let two = Runner::start(bench.context.clone(), slow(), options).await.unwrap();
    for number in 0..30 {
        bench.enqueue(&note(&number.to_string())).await;
    }
    tokio::time::timeout(Wait::from_secs(20), async {
        while seen.lock().unwrap().len() < 10 {
            tokio::time::sleep(Wait::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    one.stop().await;
    two.stop().await;
    // What was begun is done, and nothing is held.
    let done = seen.lock().unwrap().len();
    let left = bench.backlog().await;
    assert_eq!((usize::try_from(left.waiting).unwrap() + done, left.running, left.dead), (30, 0, 0));
    run_due(&bench.context, slow()).await.unwrap();
    let mut all = seen.lock().unwrap().clone();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), seen.lock().unwrap().len()), (30, 30));
}

/// Waits until `check` holds.
async fn within(limit: Wait, what: &str, check: impl Fn() -> bool) {
    let waiting = tokio::time::timeout(limit, async {
        while !check() {
            tokio::time::sleep(Wait::from_millis(5)).await;
        }
    });
    assert!(waiting.await.is_ok(), "waited {limit:?} for {what}");
}

/// Writes down whose jobs ran, in order.
fn prompt(registry: Registry, seen: &Arc<Mutex<Vec<String>>>) -> Registry {
    let seen = Arc::clone(seen);
    registry.register(move |_: JobContext, job: Prompt| {
        let seen = Arc::clone(&seen);
        async move {
            seen.lock().unwrap().push(job.of);
            Ok(())
        }
    })
}

#[tokio::test]
async fn jobs_that_hang_in_every_general_slot_do_not_hold_up_what_publishing_waits_for() {
    let bench = Bench::new().await;
    let hanging = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&hanging);
    let hang = Registry::new().register(move |_: JobContext, _: Note| {
        let counted = Arc::clone(&counted);
        async move {
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::pending().await
        }
    });
    let seen = Arc::default();
    let options = RunnerOptions { schedules: false, grace: Wait::from_millis(100), ..RunnerOptions::default() };
    let runner = Runner::start(bench.context.clone(), prompt(hang, &seen), options).await.unwrap();
    for number in 0..8 {
        bench.enqueue(&note(&number.to_string())).await;
    }
    within(Wait::from_secs(20), "every general slot to hang", || hanging.load(Ordering::SeqCst) == 4).await;

    let due = bench.clock.now() + Duration::seconds(1);
    let mut tx = bench.context.db.worker().await.unwrap();
    enqueue(&mut tx, &Prompt { of: "a post".to_owned() }, Some(due)).await.unwrap();
    tx.commit().await.unwrap();
    within(Wait::from_secs(4), "a post that is due in a second", || !seen.lock().unwrap().is_empty()).await;
    assert_eq!(hanging.load(Ordering::SeqCst), 4, "the others still hang");
    runner.stop().await;
}

#[tokio::test]
async fn of_many_that_are_due_together_another_ones_is_taken_between_them_and_slots_are_never_idle() {
    let bench = Bench::new().await;
    let mut tx = bench.context.db.worker().await.unwrap();
    sqlx::query(
        "select arctiv_jobs.enqueue_ranked('test_prompt', '{\"of\": \"busy\"}', now(), null, 5::smallint, n::smallint)
           from generate_series(0, 1999) n",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    enqueue(&mut tx, &Prompt { of: "quiet".to_owned() }, None).await.unwrap();
    tx.commit().await.unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let options = RunnerOptions { schedules: false, ..RunnerOptions::default() };
    let runner = Runner::start(bench.context.clone(), prompt(Registry::new(), &seen), options).await.unwrap();
    // By the poll alone it would be four minutes.
    within(Wait::from_mins(1), "all of them", || seen.lock().unwrap().len() == 2001).await;
    runner.stop().await;
    let place = seen.lock().unwrap().iter().position(|of| of == "quiet").unwrap();
    assert!(place < 8, "number {place} of 2001");
}

#[tokio::test]
async fn a_runner_outlives_its_database_connections() {
    let bench = Bench::new().await;
    let seen = Arc::default();
    let options = RunnerOptions { poll_interval: Wait::from_millis(100), ..RunnerOptions::default() };
    // With the schedules, and with handlers for them.
    let handlers = {
        let seen: Arc<Mutex<Vec<String>>> = Arc::clone(&seen);
        registry::all().register(move |_: JobContext, job: Note| {
            let seen = Arc::clone(&seen);
            async move {
                seen.lock().unwrap().push(job.text);
                Ok(())
            }
        })
    };
    let runner = Runner::start(bench.context.clone(), handlers, options).await.unwrap();
    tokio::time::sleep(Wait::from_millis(300)).await;
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
    )
    .bind(bench.database.name())
    .execute(&mut bench.database.admin().await.unwrap())
    .await
    .unwrap();
    let sent = tokio::time::timeout(Wait::from_secs(20), async {
        // Connections that were killed fail on their first use.
        loop {
            if let Ok(mut tx) = bench.context.db.worker().await
                && enqueue(&mut tx, &note("after"), None).await.is_ok()
                && tx.commit().await.is_ok()
            {
                break;
            }
        }
        while seen.lock().unwrap().is_empty() {
            tokio::time::sleep(Wait::from_millis(20)).await;
        }
    })
    .await;
    assert!(sent.is_ok(), "the job was not run");
    runner.stop().await;
}

#[tokio::test]
async fn a_faulty_registry_is_refused() {
    let bench = Bench::new().await;
    let seen = Arc::default();
    let twice = writing(&seen).register(async |_: JobContext, _: Note| Ok(()));
    let options = RunnerOptions { schedules: false, ..RunnerOptions::default() };
    let refused = Runner::start(bench.context.clone(), twice, options).await;
    assert!(matches!(refused, Err(JobsError::Twice("test_note"))));
    let refused = Runner::start(bench.context.clone(), writing(&seen), RunnerOptions::default()).await;
    assert!(matches!(refused, Err(JobsError::Unhandled(_))));
}

#[tokio::test]
async fn what_is_past_its_time_is_deleted_and_nothing_else() {
    let bench = Bench::new().await;
    let mut admin = bench.database.admin().await.unwrap();
    let now = bench.clock.now();
    sqlx::raw_sql(
        "insert into workspaces (id, name, slug, kind, created_at, updated_at)
           values ('00000000-0000-7000-8000-000000000001', 'w', 'w', 'client', now(), now());
         insert into users (id, email, password_hash, full_name, role, created_at, updated_at)
           values ('00000000-0000-7000-8000-000000000002', 'a@b.c', '-', 'A', 'client', now(), now());",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    for (n, old) in [(1_u8, true), (2, false)] {
        let ago = |days: i64, hours: i64| {
            now - if old { Duration::days(days) + Duration::hours(hours) } else { Duration::minutes(10) }
        };
        let id = uuid::Uuid::from_u128(u128::from(n) + 100);
        sqlx::query(
            "insert into sessions (id, user_id, workspace_id, token_hash, created_at, last_seen_at, expires_at)
             values ($1, '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', $2, $3, $3, $3)",
        )
        .bind(id)
        .bind(vec![n; 32])
        .bind(ago(30, 1))
        .execute(&mut admin)
        .await
        .unwrap();
        sqlx::query(
            "insert into oauth_states (id, workspace_id, user_id, session_id, platform, state_hash, redirect_uri, return_to,
                                       scopes, expires_at, created_at)
             values ($1, '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', $2, 'twitter', $3,
                     '', '/', '{}', $4, $4)",
        )
        .bind(uuid::Uuid::from_u128(u128::from(n) + 200))
        // Both hang on the session that stays.
        .bind(uuid::Uuid::from_u128(if old { 101 } else { 102 }))
        .bind(vec![n; 32])
        .bind(ago(1, 1))
        .execute(&mut admin)
        .await
        .unwrap();
        sqlx::query(
            "insert into connection_events (id, workspace_id, platform, event_type, created_at)
             values ($1, '00000000-0000-7000-8000-000000000001', 'twitter', 'authorization_initiated', $2)",
        )
        .bind(uuid::Uuid::from_u128(u128::from(n) + 300))
        .bind(ago(731, 1))
        .execute(&mut admin)
        .await
        .unwrap();
        sqlx::query(
            "insert into audit_events (workspace_id, action, via, subject_kind, created_at)
             values ('00000000-0000-7000-8000-000000000001', 'post.created', 'system', 'post', $1)",
        )
        .bind(ago(731, 1))
        .execute(&mut admin)
        .await
        .unwrap();
        sqlx::query("insert into rate_limits (key, full_at) values ($1, $2)")
            .bind(format!("user:{n}"))
            .bind(if old { now - Duration::minutes(1) } else { now + Duration::minutes(1) })
            .execute(&mut admin)
            .await
            .unwrap();
        sqlx::query("insert into live_events (workspace_id, event, created_at) values ('00000000-0000-7000-8000-000000000001', '{}', $1)")
            .bind(ago(0, 2))
            .execute(&mut admin)
            .await
            .unwrap();
    }
    bench.enqueue(&SweepRetention {}).await;
    run_due(&bench.context, registry::all()).await.unwrap();
    for table in ["sessions", "oauth_states", "connection_events", "live_events", "audit_events", "rate_limits"] {
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut admin)
            .await
            .unwrap();
        assert_eq!(left, 1, "{table}");
    }
    assert_eq!(bench.backlog().await, Backlog::default());
    // The worker itself may not delete them.
    let mut tx = bench.context.db.worker().await.unwrap();
    assert!(sqlx::query("delete from sessions").execute(&mut *tx).await.is_err());
}
