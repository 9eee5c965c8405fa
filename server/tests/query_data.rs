//! `.sqlx/` tells the truth about the migrations: what it holds about each query is what PostgreSQL says now, and it holds nothing
//! that is not in the code any more. (That it holds all that *is* in the code, the compiler sees, which works from it.)
//!
//! When this fails: `scripts/sqlx-prepare`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Column, Executor, PgPool, SqlSafeStr, Statement, TypeInfo};
use testkit::TestDatabase;

struct Kept {
    file: String,
    query: String,
    describe: Value,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn kept() -> Vec<Kept> {
    let mut kept: Vec<Kept> = fs::read_dir(root().join(".sqlx"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let mut data: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            Kept {
                file: path.file_name().unwrap().to_string_lossy().into_owned(),
                query: data["query"].as_str().unwrap().to_owned(),
                describe: data["describe"].take(),
            }
        })
        .collect();
    assert!(kept.len() > 10, "only {} queries in .sqlx", kept.len());
    kept.sort_by(|a, b| a.file.cmp(&b.file));
    kept
}

/// `"Timestamptz"`, `"TextArray"` and `{"Custom": {"name": "post_status", …}}` as PostgreSQL writes them.
fn type_name(kept: &Value) -> String {
    if let Some(name) = kept["Custom"]["name"].as_str() {
        return name.to_lowercase();
    }
    let name = kept.as_str().map_or_else(|| kept.to_string(), ToOwned::to_owned);
    let name = match name.strip_suffix("Array") {
        Some(element) => format!("{element}[]"),
        None => name,
    };
    name.to_lowercase()
}

fn type_names(kept: &Value) -> Vec<String> {
    kept.as_array().map(|list| list.iter().map(type_name).collect()).unwrap_or_default()
}

#[tokio::test]
async fn what_is_kept_is_what_postgresql_says() {
    let database = TestDatabase::new("schema", |_| async { Ok::<(), std::convert::Infallible>(()) }).await.unwrap();
    let pool = PgPool::connect(&database.owner_url).await.unwrap();
    let mut wrong = Vec::new();
    for Kept { file, query, describe } in kept() {
        let statement = match pool.prepare(AssertSqlSafe(query.clone()).into_sql_str()).await {
            Ok(statement) => statement,
            Err(error) => {
                wrong.push(format!("{file}: {error}\n{query}"));
                continue;
            }
        };
        let now: Vec<(String, String)> = statement
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), column.type_info().name().to_lowercase()))
            .collect();
        let columns = describe["columns"].as_array().unwrap();
        let then: Vec<(String, String)> = columns
            .iter()
            .map(|column| (column["name"].as_str().unwrap().to_owned(), type_name(&column["type_info"])))
            .collect();
        if now != then {
            wrong.push(format!("{file}: columns were {then:?} and are {now:?}"));
        }
        let parameters: Vec<String> = statement
            .parameters()
            .and_then(sqlx::Either::left)
            .unwrap_or_default()
            .iter()
            .map(|one| one.name().to_lowercase())
            .collect();
        let kept_parameters = type_names(&describe["parameters"]["Left"]);
        if parameters != kept_parameters {
            wrong.push(format!("{file}: parameters were {kept_parameters:?} and are {parameters:?}"));
        }
        for (column, nullable) in statement.columns().iter().zip(describe["nullable"].as_array().unwrap()) {
            // The other way round may be right: an outer join makes any column nullable.
            if nullable == &Value::Bool(false) && is_nullable(&pool, column).await {
                wrong.push(format!("{file}: {} was never null and can be now", column.name()));
            }
        }
    }
    pool.close().await;
    assert!(wrong.is_empty(), "run scripts/sqlx-prepare:\n{}", wrong.join("\n"));
}

async fn is_nullable(pool: &PgPool, column: &sqlx::postgres::PgColumn) -> bool {
    let (Some(relation), Some(number)) = (column.relation_id(), column.relation_attribute_no()) else { return false };
    let not_null: Option<bool> =
        sqlx::query_scalar("SELECT attnotnull FROM pg_attribute WHERE attrelid = $1 AND attnum = $2")
            .bind(relation)
            .bind(number)
            .fetch_optional(pool)
            .await
            .unwrap();
    not_null == Some(false)
}

#[test]
fn nothing_is_kept_that_is_not_in_the_code() {
    let mut code = String::new();
    collect(&root().join("server"), &mut code);
    let code = plain(&code.replace("\\\"", "\""));
    assert!(code.contains(&plain("  SELECT attnotnull \n FROM pg_attribute")), "the walk finds this file");
    assert!(!code.contains(&plain(&format!("SELECT {}", "nothing of ours"))));
    let store = fs::read_to_string(root().join("server/src/features/posts/store.rs")).unwrap();
    let composed = composed(&store, "over_wanted");
    assert!(composed.len() >= 2, "the macro's queries were not found: {composed:?}");
    let is_there = |query: &str| {
        let query = plain(query);
        code.contains(&query) || composed.iter().any(|one| plain(one) == query)
    };
    let left: Vec<String> = kept().into_iter().filter(|one| !is_there(&one.query)).map(|one| one.file).collect();
    assert!(left.is_empty(), "these belong to no query; run scripts/sqlx-prepare: {left:?}");
    // A query that differs in one place is another one.
    for one in kept() {
        let changed = one.query.replacen("select", "select 'nothing of ours',", 1);
        assert!(changed == one.query || !is_there(&changed), "{changed}");
    }
}

/// The queries that a macro puts together of what stands before and behind its own part: each call's two texts around that.
fn composed(code: &str, name: &str) -> Vec<String> {
    fn text(code: &str) -> Option<(&str, &str)> {
        code.split_once("r#\"")?.1.split_once("\"#")
    }
    let Some((_, definition)) = code.split_once(&format!("macro_rules! {name} ")) else { return Vec::new() };
    let Some((own, _)) = text(definition) else { return Vec::new() };
    let call = format!("{name}!(");
    let calls = code.split(call.as_str()).skip(1);
    calls
        .filter_map(|call| {
            let (before, rest) = text(call)?;
            let (behind, _) = text(rest)?;
            Some(format!("{before}{own}{behind}"))
        })
        .collect()
}

#[test]
fn a_macros_queries_are_put_together_as_the_compiler_does_it() {
    let code = r##"macro_rules! over { ($a:tt) => { query!($a + r#" from t"# + $b) } }
        fn f() { over!(r#"select 1"#, r#" order by 1"#, x); over!(r#"select 2"#, r#""#) }"##;
    assert_eq!(composed(code, "over"), ["select 1 from t order by 1", "select 2 from t"]);
}

fn collect(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            code.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// Without white space and the backslashes that join the lines of a literal.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect()
}
