//! The connection log: narrowed, turned over page by page, and taken away as a file.

use std::collections::BTreeSet;

use super::*;

impl Bench {
    /// A line of the log of some other day, written behind the program's back.
    async fn happened(&self, id: AccountId, kind: &str, at: &str, message: &str) {
        sqlx::query(
            "insert into connection_events (id, workspace_id, account_id, platform, event_type, message, created_at)
             values ($1, $2, $3, 'twitter', $4::text::connection_event_type, $5, $6::text::timestamptz)",
        )
        .bind(self.ids.next())
        .bind(self.admin.workspace_id.0)
        .bind(id.0)
        .bind(kind)
        .bind(message)
        .bind(at)
        .execute(&mut self.database.admin().await.unwrap())
        .await
        .unwrap();
    }

    async fn count_days_in(&self, zone: &str) {
        sqlx::query("update workspaces set time_zone = $2 where id = $1")
            .bind(self.admin.workspace_id.0)
            .bind(zone)
            .execute(&mut self.database.admin().await.unwrap())
            .await
            .unwrap();
    }
}

fn narrowed(kinds: &str, from: &str, to: &str) -> ConnectionEventFilter {
    let event_type = kinds.parse().unwrap();
    let bound = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    ConnectionEventFilter { event_type, from: bound(from), to: bound(to), ..ConnectionEventFilter::default() }
}

async fn text_of(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_log_is_narrowed_by_kinds_and_by_the_workspaces_days() {
    let bench = Bench::new().await;
    let id = bench.connect_x().await.id;
    // That day in Auckland began at 11:00 UTC.
    bench.count_days_in("Pacific/Auckland").await;
    bench.happened(id, "token_refreshed", "2026-03-01T10:59:59Z", "before").await;
    bench.happened(id, "token_refreshed", "2026-03-01T11:00:00Z", "first").await;
    bench.happened(id, "token_expired", "2026-03-02T10:59:59Z", "last").await;
    bench.happened(id, "revocation_detected", "2026-03-02T11:00:00Z", "behind").await;
    for (kinds, from, to, expected) in [
        ("", "2026-03-02", "2026-03-02", &["last", "first"][..]),
        ("", "", "2026-03-02", &["last", "first", "before"]),
        ("token_refreshed", "", "2026-03-03", &["first", "before"]),
        ("token_expired,revocation_detected", "", "", &["behind", "last"]),
        ("token_expired,token_refreshed", "2026-03-02", "", &["last", "first"]),
        ("disconnected", "", "", &[]),
        // A moment is not in the range that it ends.
        ("", "2026-03-01T11:00:00Z", "2026-03-02T10:59:59Z", &["first"]),
    ] {
        let page = bench.accounts.events(&bench.admin, id, narrowed(kinds, from, to)).await.unwrap();
        let messages: Vec<_> = page.items.iter().filter_map(|event| event.message.as_deref()).collect();
        assert_eq!(messages, expected, "{kinds} {from} {to}");
        assert_eq!(page.total, i64::try_from(expected.len()).unwrap(), "{kinds} {from} {to}");
    }

    let mut walked = Vec::new();
    let mut next = PageRequest::first(2);
    loop {
        let filter = ConnectionEventFilter { page: next, ..narrowed("", "", "2026-03-02") };
        let page = bench.accounts.events(&bench.admin, id, filter).await.unwrap();
        assert_eq!(page.total, 3);
        walked.extend(page.items.into_iter().filter_map(|event| event.message));
        match page.next_cursor {
            Some(cursor) => next = PageRequest { cursor: Some(cursor), ..PageRequest::first(2) },
            None => break,
        }
    }
    assert_eq!(walked, ["last", "first", "before"]);

    let backwards = bench.accounts.events(&bench.admin, id, narrowed("", "2026-03-03", "2026-03-02")).await;
    assert!(backwards.unwrap_err().fault.fields.get("to").is_some());
}

#[tokio::test]
async fn the_log_is_taken_away_whole_under_its_filter() {
    let bench = Bench::new().await;
    let id = bench.connect_x().await.id;
    // More than two portions, with several lines at each moment.
    let many = format!(
        "insert into connection_events (id, workspace_id, account_id, platform, event_type, message, created_at)
         select gen_random_uuid(), '{}', '{id}', 'twitter', 'token_refreshed', 'Renewed, ' || n,
                timestamptz '2026-03-01T00:00:00Z' + (n / 3) * interval '1 second'
           from generate_series(1, 1100) as n",
        bench.admin.workspace_id
    );
    sqlx::query(AssertSqlSafe(many)).execute(&mut bench.database.admin().await.unwrap()).await.unwrap();
    bench.happened(id, "token_expired", "2026-03-02T10:00:00Z", "=1+1").await;

    let path = format!("/api/social-accounts/{id}/events");
    let get = |actor: &Actor, query: &str| {
        let (router, uri) = (bench.router(Some(actor.clone())), format!("{path}?{query}"));
        async move { send(router, "GET", &uri, None).await }
    };
    // Whoever may read the log may take it away.
    let viewer = Actor { role: Role::Viewer, ..bench.admin.clone() };
    let narrow = "event_type=token_refreshed&from=2026-03-01&to=2026-03-01&limit=5";
    let file = get(&viewer, &format!("format=csv&{narrow}")).await;
    assert_eq!(file.status(), StatusCode::OK);
    assert_eq!(file.headers()[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert_eq!(file.headers()[header::CONTENT_DISPOSITION], "attachment; filename=\"connection-log.csv\"");
    let file = text_of(file).await;
    let lines: Vec<&str> = file.trim_end().split("\r\n").collect();
    assert_eq!(lines[0], "id,created_at,event_type,platform,account_id,status_code,message");
    assert_eq!(lines.len(), 1101);
    assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), 1101, "no line comes twice");
    let newest = lines[1];
    assert!(newest.contains(",2026-03-01T00:06:06.000000Z,token_refreshed,twitter,"), "{newest}");
    assert!(newest.contains(&format!(",{id},,\"Renewed, 1")), "{newest}");
    let page = json_of(get(&viewer, narrow).await).await;
    assert_eq!((page["page"]["total"].as_u64(), page["data"].as_array().map(Vec::len)), (Some(1100), Some(5)));

    let formula = text_of(get(&viewer, "format=csv&event_type=token_expired").await).await;
    assert!(formula.trim_end().ends_with(",'=1+1"), "{formula}");
    let empty = text_of(get(&viewer, "format=csv&event_type=disconnected").await).await;
    assert_eq!(empty.matches("\r\n").count(), 1, "{empty}");

    for (query, field) in [
        ("event_type=renewed", "event_type"),
        ("event_type=token_refreshed&event_type=token_expired", "event_type"),
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("from=2026-03-02&to=2026-03-01", "to"),
        ("format=csv&from=2026-03-02&to=2026-03-01", "to"),
        ("format=xml", "format"),
        ("limit=0", "limit"),
        ("cursor=nonsense", "cursor"),
    ] {
        let refused = get(&viewer, query).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{query}");
        let refused = json_of(refused).await;
        assert!(refused["details"]["fields"][field].is_string(), "{query}: {refused}");
    }
    let stranger = bench.somebody("stranger", Role::Admin).await;
    assert_eq!(get(&stranger, "format=csv").await.status(), StatusCode::NOT_FOUND);
    let nobody = send(bench.router(None), "GET", &format!("{path}?format=csv"), None).await;
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
}
