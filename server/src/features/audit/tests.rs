//! The record on a real PostgreSQL, under the roles of the program: written with the change or not at all, in one chain
//! under any number of writers, and torn visibly by whoever lays hands on it.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use domain::{
    Actor, ErrorCode, PageRequest, Peer, RequestId, SessionId, UserId, Via, WorkspaceId,
    audit::{Action, Audit, AuditFilter, AuditVia},
    clock::{Clock, Ids},
    workspaces::{Role, WorkspaceKind},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use testkit::{FrozenClock, SeqIds, TestDatabase};

use super::{
    AuditService, command,
    in_tx::{Entry, record},
};
use crate::{
    database::{Database, DatabaseUrls, PoolSizes},
    jobs,
};

struct Bench {
    database: TestDatabase,
    clock: FrozenClock,
    ids: SeqIds,
    db: Database,
    audit: AuditService,
    admin: Actor,
}

impl Bench {
    async fn new() -> Self {
        let database = jobs::tests::database().await;
        let urls = DatabaseUrls {
            owner: database.owner_url.clone().into(),
            app: database.app_url.clone().into(),
            worker: database.worker_url.clone().into(),
        };
        let db = Database::connect(&urls, PoolSizes { app: 8, worker: 4, ..PoolSizes::default() }).unwrap();
        let (clock, ids) = (FrozenClock::at_present(), SeqIds::default());
        let admin = somebody(&database, &ids, clock.now(), "Niamh Doyle").await;
        Self { audit: AuditService::new(db.clone()), database, clock, ids, db, admin }
    }

    async fn note(&self, actor: &Actor, action: Action) {
        let mut tx = self.db.tenant(actor).await.unwrap();
        record(&mut tx, Entry::by(actor, action, self.clock.now()).on(self.ids.next(), "Something"));
        tx.commit().await.unwrap();
    }

    /// What stands in the record under a filter, newest first.
    async fn actions(&self, filter: AuditFilter) -> Vec<String> {
        let page = self.audit.list(&self.admin, filter).await.unwrap();
        assert_eq!(page.total, i64::try_from(page.items.len()).unwrap());
        page.items.into_iter().map(|event| event.action).collect()
    }

    async fn sql(&self, sql: &str) {
        let mut admin = self.database.admin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut admin).await.unwrap();
    }
}

async fn somebody(database: &TestDatabase, ids: &SeqIds, now: DateTime<Utc>, name: &str) -> Actor {
    let (workspace, user) = (ids.next(), ids.next());
    let mut admin = database.admin().await.unwrap();
    sqlx::query(
        "with workspace as (
           insert into workspaces (id, name, slug, kind, created_at, updated_at) values ($1, $3, 'w-' || $1::text, 'client', $4, $4)
         )
         insert into users (id, email, password_hash, full_name, role, created_at, updated_at)
         values ($2, $2::text || '@example.com', '', $3, 'client', $4, $4)",
    )
    .bind(workspace)
    .bind(user)
    .bind(name)
    .bind(now)
    .execute(&mut admin)
    .await
    .unwrap();
    Actor {
        user_id: UserId(user),
        workspace_id: WorkspaceId(workspace),
        kind: WorkspaceKind::Client,
        role: Role::Admin,
        via: Via::Session(SessionId(ids.next())),
        request_id: RequestId::parse("req_test").unwrap(),
        peer: Peer { ip: Some("192.0.2.7".parse().unwrap()), user_agent: Some("Firefox".into()) },
    }
}

#[tokio::test]
async fn an_event_says_who_what_where_and_by_which_session() {
    let bench = Bench::new().await;
    let id = bench.ids.next();
    let mut tx = bench.db.tenant(&bench.admin).await.unwrap();
    let entry = Entry::by(&bench.admin, Action::PostChanged, bench.clock.now()).on(id, "Winter Roast");
    let (before, after) =
        (json!({ "title": "Winter", "link": null }), json!({ "title": "Winter Roast", "link": null }));
    record(&mut tx, entry.changed(before, after));
    tx.commit().await.unwrap();

    let event = bench.audit.list(&bench.admin, AuditFilter::default()).await.unwrap().items.remove(0);
    assert_eq!((event.seq, event.at, event.action.as_str()), (1, bench.clock.now(), "post.changed"));
    let who = event.actor.clone().unwrap();
    assert_eq!((who.id, who.name.as_deref()), (bench.admin.user_id, Some("Niamh Doyle")));
    assert_eq!((event.via, event.session_id), (AuditVia::Session, bench.admin.session_id()));
    assert_eq!((event.ip.as_deref(), event.user_agent.as_deref()), (Some("192.0.2.7"), Some("Firefox")));
    assert_eq!(event.request_id.as_deref(), Some("req_test"));
    assert_eq!((event.subject.kind.as_str(), event.subject.id), ("post", Some(id)));
    assert_eq!(event.subject.name.as_deref(), Some("Winter Roast"));
    assert_eq!(event.before, Some(json!({ "title": "Winter" })));
    assert_eq!(event.after, Some(json!({ "title": "Winter Roast" })));
    assert_eq!(event.label(), "changed a post");
}

#[tokio::test]
async fn it_is_written_with_the_change_or_not_at_all() {
    let bench = Bench::new().await;
    let mut tx = bench.db.tenant(&bench.admin).await.unwrap();
    record(&mut tx, Entry::by(&bench.admin, Action::PostCreated, bench.clock.now()));
    drop(tx);
    assert!(bench.actions(AuditFilter::default()).await.is_empty());
    // A change whose commit fails leaves no event either, and an event that cannot be written leaves no change.
    let mut tx = bench.db.tenant(&bench.admin).await.unwrap();
    sqlx::query("update workspaces set name = 'Changed' where id = $1")
        .bind(bench.admin.workspace_id.0)
        .execute(&mut *tx)
        .await
        .unwrap();
    let elsewhere = Actor { workspace_id: WorkspaceId(bench.ids.next()), ..bench.admin.clone() };
    record(&mut tx, Entry::by(&elsewhere, Action::PostCreated, bench.clock.now()));
    assert_eq!(tx.commit().await.unwrap_err().code(), ErrorCode::DatabaseError);
    let mut admin = bench.database.admin().await.unwrap();
    let names: Vec<String> = sqlx::query_scalar("select name from workspaces").fetch_all(&mut admin).await.unwrap();
    assert_eq!(names, ["Niamh Doyle"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_make_one_chain() {
    let bench = Arc::new(Bench::new().await);
    let other = somebody(&bench.database, &bench.ids, bench.clock.now(), "Conor Walsh").await;
    let writers: Vec<_> = (0..60)
        .map(|n| {
            let (bench, other) = (Arc::clone(&bench), other.clone());
            tokio::spawn(async move {
                // Two transactions that take the same chains in different orders.
                let mut tx = bench.db.worker().await.unwrap();
                let mut of =
                    [&bench.admin, &other].map(|actor| Entry::by(actor, Action::PostCreated, bench.clock.now()));
                if n % 2 == 0 {
                    of.reverse();
                }
                for entry in of {
                    record(&mut tx, entry);
                }
                tx.commit().await.unwrap();
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let verdict = command::verify(&bench.db).await.unwrap();
    assert!(verdict.intact(), "{verdict}");
    assert_eq!(verdict.to_string(), "The audit log is whole: 120 events in 2 workspaces.");
    for actor in [&bench.admin, &other] {
        let standing = bench.audit.verify(actor).await.unwrap();
        assert!(standing.intact);
        assert_eq!((standing.events, standing.first, standing.last), (60, 1, 60));
    }
}

#[tokio::test]
async fn whatever_its_owner_does_to_it_is_found() {
    let bench = Bench::new().await;
    for action in [Action::AccountConnected, Action::PostCreated, Action::PostChanged, Action::PostDeleted] {
        bench.note(&bench.admin, action).await;
    }
    let other = somebody(&bench.database, &bench.ids, bench.clock.now(), "Conor Walsh").await;
    bench.note(&other, Action::PostCreated).await;
    // The superuser, with triggers and foreign keys out of the way: nobody can do more.
    bench.sql("create table kept_events as table audit_events; create table kept_heads as table audit_heads").await;
    let own = format!("workspace_id = '{}'", bench.admin.workspace_id);
    let swap = |column: &str| {
        format!(
            "update audit_events e set {column} = o.{column} from kept_events o
              where e.{own} and o.workspace_id = e.workspace_id and (e.seq, o.seq) in ((2, 3), (3, 2))"
        )
    };
    let everything =
        "action via user_id session_id request_id ip user_agent subject_id subject_name created_at hash prev_hash";
    let mut deeds: Vec<(String, String)> = [
        ("an action", "set action = 'post.created'"),
        ("a way in", "set via = 'system'"),
        ("a person", "set user_id = gen_random_uuid()"),
        ("no person", "set user_id = null"),
        ("a session", "set session_id = gen_random_uuid()"),
        ("a key", "set api_key_id = gen_random_uuid()"),
        ("a request", "set request_id = 'req_other'"),
        ("an address", "set ip = '192.0.2.8'"),
        ("a browser", "set user_agent = 'Chrome'"),
        ("a kind", "set subject_kind = 'account'"),
        ("a thing", "set subject_id = gen_random_uuid()"),
        ("a name", "set subject_name = 'Something else'"),
        ("what was", "set before = '{}'"),
        ("what is", "set after = '{\"is_active\": true}'"),
        ("a time", "set created_at = created_at - interval '1 microsecond'"),
        ("a hash", "set hash = sha256('x')"),
        ("a link", "set prev_hash = sha256('x')"),
        ("a number", "set seq = 9"),
        ("a workspace", "set workspace_id = gen_random_uuid()"),
        // Done well: the event's own hash is right again, but the next one holds the old one.
        (
            "an action, with its hash",
            "set action = 'post.created'; update audit_events e set hash = audit_hash(e) where seq = 3",
        ),
    ]
    .into_iter()
    .map(|(what, set)| {
        let (set, then) = set.split_once(';').unwrap_or((set, ""));
        let then = if then.is_empty() { String::new() } else { format!("; {then} and {own}") };
        (what.to_owned(), format!("update audit_events {set} where {own} and seq = 3{then}"))
    })
    .collect();
    for (what, seqs) in
        [("first", "(1)"), ("middle", "(2)"), ("last", "(4)"), ("last two", "(3, 4)"), ("all", "(1, 2, 3, 4)")]
    {
        deeds.push((format!("{what} removed"), format!("delete from audit_events where {own} and seq in {seqs}")));
    }
    deeds.push((
        "middle removed and the rest moved up".to_owned(),
        format!(
            "delete from audit_events where {own} and seq = 2; update audit_events set seq = seq - 1 where {own} and seq > 2;
             update audit_heads set seq = 3 where {own}"
        ),
    ));
    deeds.push((
        "the last removed and the head moved back, but for its hash".to_owned(),
        format!("delete from audit_events where {own} and seq = 4; update audit_heads set seq = 3 where {own}"),
    ));
    deeds.push(("whole rows moved".to_owned(), everything.split(' ').map(swap).collect::<Vec<_>>().join(";")));
    deeds.push(("contents moved".to_owned(), [swap("action"), swap("created_at")].join(";")));
    deeds.push((
        "one added at the end".to_owned(),
        format!(
            "insert into audit_events select (jsonb_populate_record(e, '{{\"seq\": 5}}')).* from audit_events e where {own} and seq = 4"
        ),
    ));
    deeds.push(("the head removed".to_owned(), format!("delete from audit_heads where {own}")));
    deeds.push(("the head's hash".to_owned(), format!("update audit_heads set hash = sha256('x') where {own}")));
    deeds.push((
        "the beginning declared to have outlived its time".to_owned(),
        format!("delete from audit_events where {own} and seq < 3; update audit_heads set pruned_seq = 2 where {own}"),
    ));

    let mut admin: PgConnection = bench.database.admin().await.unwrap();
    sqlx::raw_sql("set session_replication_role = replica").execute(&mut admin).await.unwrap();
    for (what, deed) in deeds {
        let mut tx = admin.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(deed)).execute(&mut *tx).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        tx.commit().await.unwrap();
        let verdict = command::verify(&bench.db).await.unwrap();
        assert!(!verdict.intact(), "{what} was not found");
        let torn: Vec<_> = verdict.workspaces.iter().filter(|(_, standing)| !standing.intact).collect();
        assert!(torn.iter().all(|(id, _)| *id != other.workspace_id.0), "{what}: the other workspace's chain is whole");
        sqlx::raw_sql(
            "truncate audit_events, audit_heads; insert into audit_heads table kept_heads; insert into audit_events table kept_events",
        )
        .execute(&mut admin)
        .await
        .unwrap();
        assert!(command::verify(&bench.db).await.unwrap().intact(), "{what}: put back");
    }
}

#[tokio::test]
async fn nobody_changes_it_the_ordinary_way() {
    let bench = Bench::new().await;
    bench.note(&bench.admin, Action::PostCreated).await;
    for url in [&bench.database.app_url, &bench.database.worker_url] {
        let mut connection = PgConnection::connect(url).await.unwrap();
        for sql in [
            "update audit_events set action = 'post.deleted'",
            "delete from audit_events",
            "truncate audit_events",
            "update audit_heads set seq = 0",
            "insert into audit_heads (workspace_id) values (gen_random_uuid())",
            "delete from audit_heads",
            "alter table audit_events disable trigger audit_events_append",
            "select audit_prune(now() - interval '1 year', 10)",
        ] {
            let error = sqlx::raw_sql(sql).execute(&mut connection).await.expect_err(sql);
            let code = error.as_database_error().and_then(|error| error.code().map(|code| code.to_string()));
            assert_eq!(code.as_deref(), Some("42501"), "{sql}: {error}");
        }
    }
    // The owner, who could change the policies first, is stopped by them until it does.
    let mut owner = PgConnection::connect(&bench.database.owner_url).await.unwrap();
    for sql in ["update audit_events set action = 'post.deleted'", "delete from audit_events"] {
        let done = sqlx::raw_sql(sql).execute(&mut owner).await.unwrap();
        assert_eq!(done.rows_affected(), 0, "{sql}");
    }
    // What the database gives is not the caller's to choose.
    let mut tx = bench.db.tenant(&bench.admin).await.unwrap();
    sqlx::query(
        "insert into audit_events (workspace_id, seq, action, via, subject_kind, created_at, prev_hash, hash)
         values ($1, 77, 'post.created', 'system', 'post', now(), 'x', sha256('y'))",
    )
    .bind(bench.admin.workspace_id.0)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let standing = bench.audit.verify(&bench.admin).await.unwrap();
    assert!(standing.intact && standing.last == 2, "{standing:?}");
}

#[tokio::test]
async fn what_has_outlived_its_time_goes_from_the_beginning_and_the_rest_still_holds() {
    let bench = Bench::new().await;
    let other = somebody(&bench.database, &bench.ids, bench.clock.now(), "Conor Walsh").await;
    let today = bench.clock.now();
    for days in [400, 300, 200, 91, 89, 0] {
        bench.clock.set(today - Duration::days(days));
        bench.note(&bench.admin, Action::PostCreated).await;
        bench.note(&other, Action::PostCreated).await;
    }
    let mut worker = PgConnection::connect(&bench.database.worker_url).await.unwrap();
    sqlx::raw_sql("set role arctiv_retention").execute(&mut worker).await.unwrap();
    let mut prune = async |days: i32, at_most: i32| {
        let pruned = sqlx::query_scalar::<_, i64>("select audit_prune(now() - make_interval(days => $1), $2)");
        pruned.bind(days).bind(at_most).fetch_one(&mut worker).await
    };
    assert!(prune(89, 10).await.unwrap_err().to_string().contains("the record of the last 90 days is kept"));
    assert_eq!(prune(250, 1).await.unwrap(), 2, "one of each chain at a time");
    assert_eq!(prune(250, 10).await.unwrap(), 2);
    assert_eq!(prune(90, 10).await.unwrap(), 4);
    assert_eq!(prune(90, 10).await.unwrap(), 0);
    let standing = bench.audit.verify(&bench.admin).await.unwrap();
    assert!(standing.intact, "{standing:?}");
    assert_eq!((standing.events, standing.first, standing.last), (2, 5, 6));
    assert!(command::verify(&bench.db).await.unwrap().intact());
    bench.note(&bench.admin, Action::PostDeleted).await;
    assert!(bench.audit.verify(&bench.admin).await.unwrap().intact);
}

#[tokio::test]
async fn filters_pages_and_portions() {
    let bench = Bench::new().await;
    let colleague = Actor { user_id: bench.admin.user_id, ..bench.admin.clone() };
    let start = bench.clock.now();
    for action in [Action::PostCreated, Action::AccountConnected, Action::PostDeleted] {
        bench.clock.advance(Duration::hours(1));
        bench.note(&colleague, action).await;
    }
    let mut tx = bench.db.worker().await.unwrap();
    record(&mut tx, Entry::by_itself(bench.admin.workspace_id, Action::PostFailed, bench.clock.now()));
    tx.commit().await.unwrap();
    let all = AuditFilter::default();
    assert_eq!(bench.actions(all.clone()).await, ["post.failed", "post.deleted", "account.connected", "post.created"]);
    let by = |filter: AuditFilter| bench.actions(filter);
    let actor = Some(bench.admin.user_id);
    assert_eq!(by(AuditFilter { actor, ..all.clone() }).await.len(), 3);
    let action = "post".parse().ok();
    assert_eq!(by(AuditFilter { action, ..all.clone() }).await, ["post.failed", "post.deleted", "post.created"]);
    let action = "post.deleted".parse().ok();
    assert_eq!(by(AuditFilter { action, ..all.clone() }).await, ["post.deleted"]);
    let page = bench.audit.list(&bench.admin, all.clone()).await.unwrap();
    let subject = page.items[2].subject.id;
    assert_eq!(by(AuditFilter { subject, ..all.clone() }).await, ["account.connected"]);
    let from = Some(domain::audit::Moment::Time(start + Duration::hours(2)));
    let to = Some(domain::audit::Moment::Time(start + Duration::hours(3)));
    assert_eq!(by(AuditFilter { from, to, ..all.clone() }).await, ["account.connected"]);
    let error = bench.audit.list(&bench.admin, AuditFilter { from: to, to: from, ..all.clone() }).await.unwrap_err();
    assert!(error.fault.fields.get("to").is_some());

    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { limit: Some(3), cursor, ..PageRequest::default() };
        let page = bench.audit.list(&bench.admin, AuditFilter { page, ..all.clone() }).await.unwrap();
        seen.extend(page.items.iter().map(|event| event.seq));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [4, 3, 2, 1]);
    let portion = bench.audit.portion(&bench.admin, &all, Some(3)).await.unwrap();
    assert_eq!(portion.iter().map(|event| event.seq).collect::<Vec<_>>(), [2, 1]);
    assert!(bench.audit.portion(&bench.admin, &all, Some(1)).await.unwrap().is_empty());
    let people = bench.audit.people(&bench.admin).await.unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].name.as_deref(), Some("Niamh Doyle"));
}

#[tokio::test]
async fn it_is_for_admins_of_the_workspace() {
    let bench = Bench::new().await;
    bench.note(&bench.admin, Action::PostCreated).await;
    let editor = Actor { role: Role::Editor, ..bench.admin.clone() };
    assert_eq!(bench.audit.list(&editor, AuditFilter::default()).await.unwrap_err().code(), ErrorCode::Forbidden);
    let refused = bench.audit.portion(&editor, &AuditFilter::default(), None).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Forbidden);
    assert_eq!(bench.audit.people(&editor).await.unwrap_err().code(), ErrorCode::Forbidden);
    assert_eq!(bench.audit.verify(&editor).await.unwrap_err().code(), ErrorCode::Forbidden);
    let other = somebody(&bench.database, &bench.ids, bench.clock.now(), "Conor Walsh").await;
    assert!(bench.audit.list(&other, AuditFilter::default()).await.unwrap().items.is_empty());
    assert!(bench.audit.people(&other).await.unwrap().is_empty());
    let standing = bench.audit.verify(&other).await.unwrap();
    assert!(standing.intact && standing.last == 0, "{standing:?}");
}
