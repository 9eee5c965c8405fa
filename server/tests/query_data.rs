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
    // Line by line: some are put together by a macro, of parts that end where a line ends.
    let is_left = |one: &Kept| {
        let (found, missing): (Vec<&str>, Vec<&str>) = one.query.lines().partition(|line| code.contains(&plain(line)));
        missing.len() >= found.len()
    };
    let left: Vec<String> = kept().into_iter().filter(is_left).map(|one| one.file).collect();
    assert!(left.is_empty(), "these belong to no query; run scripts/sqlx-prepare: {left:?}");
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
