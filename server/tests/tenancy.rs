//! Tenants are kept apart by the database itself, even if the code forgets: every tenant table, found in the catalogue
//! so that new ones are caught, is walked as another workspace and as none.

#![expect(clippy::unwrap_used, reason = "a walkthrough stops where it cannot go on")]

mod support;

use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use sandbox::driver::Visitor;
use secrecy::SecretString;
use serde_json::json;
use server::database::{Database, DatabaseUrls, PoolSizes};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use support::{Person, World, within};

/// Tables that carry `workspace_id`, and the tenants themselves.
async fn tenant_tables(admin: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'public' and c.relkind in ('r', 'p')
            and (c.relname = 'workspaces'
                 or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped))
          order by 1",
    )
    .fetch_all(admin)
    .await
    .unwrap()
}

async fn count(connection: &mut PgConnection, table: &str) -> Result<i64, sqlx::Error> {
    let row = sqlx::query(AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(connection).await?;
    Ok(row.get(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_shows_a_row_to_another_workspace_or_to_none() {
    let world = World::new().await;
    let web = world.web().await;
    let _worker = world.worker(None);
    let owner = Person::register(&web, "client").await;
    let stranger = Person::register(&web, "client").await;
    let webhook = json!({ "url": "https://hooks.example/arctiv", "events": ["post.published", "account.connected"] });
    owner.post("/api/workspaces/current/webhooks", webhook).await;
    let choice = json!({ "email": { "post_failed": false } });
    let (status, _) = owner.send(reqwest::Method::PATCH, "/api/notifications/preferences", Some(choice)).await;
    assert!(status.is_success());
    owner.connect("twitter", &Visitor::anybody()).await;
    let body = json!({ "body": "Seen by its owner only", "options": { "twitter": { "first_comment": "So is this" } } });
    let id = owner.post("/api/content", body).await["data"]["id"].as_str().unwrap().to_owned();
    owner.settled(&id).await;
    owner.post("/api/queue-slots", json!({ "weekday": "monday", "time": "07:30" })).await;
    owner.post("/api/content", json!({ "body": "Queued", "visibility": "scheduled", "queue": true })).await;
    // From here on nothing goes to all accounts without a picture.
    owner.connect("tiktok", &Visitor::anybody()).await;
    let accounts = owner.get("/api/social-accounts?platform=tiktok").await;
    let creator = accounts["data"][0]["id"].as_str().unwrap();
    owner.post(&format!("/api/social-accounts/{creator}/creator"), json!({})).await;
    owner.connect("instagram", &Visitor::anybody()).await;
    let accounts = owner.get("/api/social-accounts?platform=instagram").await;
    let post = json!({ "body": "Hi", "account_ids": [accounts["data"][0]["id"]] });
    assert_eq!(owner.post("/api/content/check", json!({ "post": post })).await["data"]["pending"], true);
    // One more post, which waits for approval.
    let everybody = json!({ "approval_policy": "everybody" });
    let (status, answer) = owner.send(Method::PATCH, "/api/workspaces/current", Some(everybody)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let accounts = owner.get("/api/social-accounts?platform=twitter").await;
    owner.post("/api/content", json!({ "body": "May it?", "account_ids": [accounts["data"][0]["id"]] })).await;
    let mut admin = world.database().admin().await.unwrap();
    sqlx::raw_sql("update users set email_confirmed_at = now()").execute(&mut admin).await.unwrap();
    let offer = json!({ "email": "somebody.else@walk.example", "role": "viewer" });
    owner.post("/api/workspaces/current/invitations", offer).await;
    owner.program(&["content:read"]).await;
    let stranger = stranger.get("/api/auth/me").await;
    let (user, workspace) =
        (stranger["data"]["user"]["id"].as_str().unwrap(), stranger["data"]["workspace"]["id"].as_str().unwrap());

    let tables = tenant_tables(&mut admin).await;
    assert!(tables.len() >= 15, "the catalogue was misread: {tables:?}");
    let mut app = PgConnection::connect(&world.database().app_url).await.unwrap();
    for table in &tables {
        let forced: bool = sqlx::query_scalar(
            "select relrowsecurity and relforcerowsecurity from pg_class where oid = $1::text::regclass",
        )
        .bind(table)
        .fetch_one(&mut admin)
        .await
        .unwrap();
        assert!(forced, "{table} has no forced row-level security");
        let foreign = format!(
            "select count(*) from {table} where {} <> '{workspace}'",
            if table == "workspaces" { "id" } else { "workspace_id" }
        );
        let others: i64 = sqlx::query_scalar(AssertSqlSafe(foreign.clone())).fetch_one(&mut admin).await.unwrap();
        let kept_for_owner = [
            "post_targets",
            "post_media",
            "post_skipped",
            "media",
            "media_uploads",
            "media_upload_parts",
            "media_copies",
            "idempotency_keys",
            "notices_waiting",
        ]
        .contains(&table.as_str());
        assert!(others > 0 || kept_for_owner, "{table} holds nothing to hide, so this proves nothing");

        // As nobody.
        match count(&mut app, table).await {
            Ok(n) => assert_eq!(n, 0, "{table} shows rows without a workspace"),
            Err(error) => assert!(error.to_string().contains("permission denied"), "{table}: {error}"),
        }
        // As the stranger.
        let mut tx = app.begin().await.unwrap();
        let who = format!("set local app.user_id = '{user}'; set local app.workspace_id = '{workspace}'");
        sqlx::raw_sql(AssertSqlSafe(who)).execute(&mut *tx).await.unwrap();
        match sqlx::query_scalar::<_, i64>(AssertSqlSafe(foreign)).fetch_one(&mut *tx).await {
            Ok(n) => assert_eq!(n, 0, "{table} shows another workspace's rows"),
            Err(error) => assert!(error.to_string().contains("permission denied"), "{table}: {error}"),
        }
        tx.rollback().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_role_can_neither_switch_it_off_nor_read_a_token() {
    let world = World::new().await;
    let mut app = PgConnection::connect(&world.database().app_url).await.unwrap();
    for forbidden in [
        "alter table accounts disable row level security",
        "alter table accounts no force row level security",
        "drop policy accounts_tenant on accounts",
        "create policy all_of_it on accounts using (true)",
        "set role arctiv_owner",
        "set role arctiv_worker",
        "alter role arctiv_app bypassrls",
        "alter role arctiv_app superuser",
        "truncate accounts",
        "select access_token_sealed from account_credentials",
        "select refresh_token_sealed from account_credentials",
        "select extra_sealed from account_credentials",
        "update account_credentials set access_token_sealed = access_token_sealed",
        "select password_hash from users",
        "update users set email = 'x@y.example'",
        "update users set email_confirmed_at = now()",
        "select token_hash from email_confirmations",
        "select * from password_resets",
        "select token_hash from invitations",
        "select token_hash from api_keys",
        "update api_keys set scopes = '{audit:read}'",
        "delete from api_keys",
        "select sealed from webhook_secrets",
        "update webhook_secrets set sealed = sealed",
        "update webhook_deliveries set body = ''",
        "delete from webhook_deliveries",
        "select subject_id from notices_waiting",
        "update invitations set accepted_at = now()",
        "select recipient from mails",
        "delete from connection_events",
        "update connection_events set message = ''",
        "insert into deliveries (id) values (gen_random_uuid())",
        "update deliveries set lease_owner = null",
        "create table public.mine (id int)",
    ] {
        let error = sqlx::raw_sql(forbidden).execute(&mut app).await.expect_err(forbidden);
        let code = error.as_database_error().and_then(|error| error.code().map(|code| code.to_string()));
        // 42501: insufficient privilege (also "must be owner").
        assert_eq!(code.as_deref(), Some("42501"), "{forbidden}: {error}");
    }
    // row_security = off does not hide the policies; it makes them an error.
    sqlx::raw_sql("set row_security = off").execute(&mut app).await.unwrap();
    let error = count(&mut app, "accounts").await.unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");
    let bypass: bool = sqlx::query_scalar(
        "select rolbypassrls or rolsuper or rolcreaterole from pg_roles where rolname = current_user",
    )
    .fetch_one(&mut app)
    .await
    .unwrap();
    assert!(!bypass);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_leaves_no_plain_token_anywhere() {
    let mut world = World::new().await;
    let log = world.write_down();
    let web = world.web().await;
    let _worker = world.worker(None);
    let person = Person::register(&web, "client").await;
    for platform in ["twitter", "facebook", "linkedin", "tiktok", "mastodon"] {
        person.connect(platform, &Visitor::anybody()).await;
    }
    // Renewed as well. TikTok takes no words alone.
    let mut writers = Vec::new();
    for account in person.get("/api/social-accounts").await["data"].as_array().unwrap() {
        if account["platform"] != "tiktok" {
            writers.push(account["id"].clone());
        }
        let path = format!("/api/social-accounts/{}/refresh", account["id"].as_str().unwrap());
        let (status, answer) = person.send(Method::POST, &path, None).await;
        assert!(status.is_success(), "{answer}");
    }
    let post = json!({ "body": "No token in sight", "account_ids": writers });
    let id = person.post("/api/content", post).await["data"]["id"].as_str().unwrap().to_owned();
    person.settled(&id).await;
    let mut admin = world.database().admin().await.unwrap();
    let columns = sqlx::query(
        "select table_schema::text, table_name::text, column_name::text from information_schema.columns
          where table_schema not in ('pg_catalog', 'information_schema')
            and data_type in ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    assert!(columns.len() > 50);
    for column in columns {
        let (schema, table, name): (String, String, String) = (column.get(0), column.get(1), column.get(2));
        let found = format!(
            "select count(*) from \"{schema}\".\"{table}\" where position('{mark}' in \"{name}\"::text) > 0
                or position('{hex}' in encode(\"{name}\"::text::bytea, 'hex')) > 0 or position('{hex}' in \"{name}\"::text) > 0",
            mark = sandbox::SECRET_MARK,
            hex = hex::encode(sandbox::SECRET_MARK),
        );
        let n: i64 = sqlx::query_scalar(AssertSqlSafe(found)).fetch_one(&mut admin).await.unwrap_or(0);
        assert_eq!(n, 0, "a token stands in {schema}.{table}.{name}");
    }
    // Nor in any answer.
    for path in ["/api/social-accounts", "/api/deliveries", "/api/content", "/api/auth/me"] {
        assert!(!person.get(path).await.to_string().contains(sandbox::SECRET_MARK), "{path}");
    }
    for account in person.get("/api/social-accounts").await["data"].as_array().unwrap() {
        let events = person.get(&format!("/api/social-accounts/{}/events", account["id"].as_str().unwrap())).await;
        assert!(!events.to_string().contains(sandbox::SECRET_MARK));
    }
    for delivery in person.settled(&id).await {
        let attempts = person.get(&format!("/api/deliveries/{}/attempts", delivery["id"].as_str().unwrap())).await;
        assert!(!attempts.to_string().contains(sandbox::SECRET_MARK));
    }
    for page in ["/accounts", "/dashboard/client", "/activity", "/settings/data"] {
        let page = person.request(Method::GET, page).header(header::ACCEPT, "text/html").send().await.unwrap();
        assert!(!page.text().await.unwrap().contains(sandbox::SECRET_MARK));
    }
    // Nor in what the processes had to say, all of it.
    let said = std::fs::read_to_string(log).unwrap();
    assert!(said.contains("platform call"), "calls are told of: {} bytes", said.len());
    let told = said.lines().find(|line| line.contains(sandbox::SECRET_MARK));
    assert_eq!(told, None, "a token stands in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_given_up_at_any_moment_leaves_no_transaction_to_the_next() {
    let world = World::new().await;
    let urls = &world.urls;
    let url = |url: &str| SecretString::from(url.to_owned());
    let urls = DatabaseUrls { owner: url(&urls.owner), app: url(&urls.app), worker: url(&urls.worker) };
    let database = Database::connect(&urls, PoolSizes { app: 2, ..PoolSizes::default() }).unwrap();
    let (user, workspace) = (domain::UserId(uuid::Uuid::from_u128(1)), domain::WorkspaceId(uuid::Uuid::from_u128(2)));
    database.tenant_of(user, workspace).await.unwrap();
    for round in 0..400_u64 {
        let begin = database.tenant_of(user, workspace);
        let _given_up = tokio::time::timeout(Duration::from_micros(round % 40 * 20), begin).await;
    }
    let mut admin = world.database().admin().await.unwrap();
    within(Duration::from_secs(10), "all transactions to end", async || {
        let open: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
        )
        .fetch_one(&mut admin)
        .await
        .unwrap();
        open == 0
    })
    .await;
    for _ in 0..4 {
        let told: Option<String> = sqlx::query_scalar("select nullif(current_setting('app.workspace_id', true), '')")
            .fetch_one(database.public_pool())
            .await
            .unwrap();
        assert_eq!(told, None, "a statement of nobody's ran as somebody");
    }
}
