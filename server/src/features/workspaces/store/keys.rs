//! The SQL of API keys.

use chrono::{DateTime, Duration, Utc};
use domain::{
    ApiKeyId, ServiceResult, UserId, WorkspaceId,
    workspaces::{ApiKey, ApiKeyState, Role, Scope, WorkspaceKind},
};
use sqlx::{PgConnection, PgPool, postgres::types::PgInterval};

use crate::database::{failed, word};

/// Those that are not revoked, newest first; one of them with `only`.
pub async fn list(tx: &mut PgConnection, now: DateTime<Utc>, only: Option<ApiKeyId>) -> ServiceResult<Vec<ApiKey>> {
    let rows = sqlx::query!(
        r#"select k.id, k.name, k.prefix, k.scopes, k.created_by, u.full_name as "full_name?", k.created_at, k.expires_at,
                  k.last_used_at, m.id is not null as "works!"
             from api_keys k
             left join memberships m on m.user_id = k.created_by and m.workspace_id = k.workspace_id and m.disabled_at is null
             left join users u on u.id = k.created_by
            where k.revoked_at is null and ($1::uuid is null or k.id = $1)
            order by k.created_at desc, k.id desc"#,
        only.map(|id| id.0)
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let keys = rows.into_iter().map(|row| ApiKey {
        id: row.id.into(),
        name: row.name,
        prefix: row.prefix,
        scopes: known(&row.scopes),
        state: match row.expires_at {
            Some(at) if at <= now => ApiKeyState::Expired,
            _ if !row.works => ApiKeyState::Stopped,
            _ => ApiKeyState::Active,
        },
        created_by: row.created_by.map(Into::into),
        created_by_name: row.full_name,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    });
    Ok(keys.collect())
}

/// The scopes that this version knows; one of another version opens nothing here.
fn known(words: &[String]) -> Vec<Scope> {
    words.iter().filter_map(|word| word.parse().ok()).collect()
}

/// Until the transaction ends, the workspace's keys are counted and made one at a time.
pub async fn take_turns(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('api keys/' || $1::uuid::text, 0))", workspace.0)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// How many are not revoked.
pub async fn count(tx: &mut PgConnection) -> ServiceResult<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from api_keys where revoked_at is null"#)
        .fetch_one(tx)
        .await
        .map_err(failed)
}

/// A key to be written.
#[derive(Debug)]
pub struct NewKey<'a> {
    pub id: ApiKeyId,
    pub workspace: WorkspaceId,
    pub created_by: UserId,
    pub name: &'a str,
    pub prefix: &'a str,
    pub token_hash: [u8; 32],
    pub scopes: &'a [String],
    pub at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
}

pub async fn insert(tx: &mut PgConnection, key: &NewKey<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into api_keys (id, workspace_id, created_by, name, prefix, token_hash, scopes, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        key.id.0,
        key.workspace.0,
        key.created_by.0,
        key.name,
        key.prefix,
        &key.token_hash,
        key.scopes,
        key.at,
        key.expires_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// How many rows were changed: none, if there is no such key or it is revoked already.
pub async fn revoke(tx: &mut PgConnection, id: ApiKeyId, at: DateTime<Utc>) -> ServiceResult<u64> {
    let done = sqlx::query!("update api_keys set revoked_at = $2 where id = $1 and revoked_at is null", id.0, at)
        .execute(tx)
        .await
        .map_err(failed)?;
    Ok(done.rows_affected())
}

/// A live key.
pub struct LiveKey {
    pub id: ApiKeyId,
    pub token_hash: Vec<u8>,
    pub scopes: Vec<Scope>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub user: UserId,
    pub workspace: WorkspaceId,
    pub kind: WorkspaceKind,
    pub role: Role,
}

/// On every request with a key: one statement, without a transaction around it.
pub async fn lookup(pool: &PgPool, prefix: &str, at: DateTime<Utc>) -> ServiceResult<Option<LiveKey>> {
    let row = sqlx::query!(
        r#"select key_id as "key_id!", token_hash as "token_hash!", scopes as "scopes!", last_used_at, user_id as "user_id!",
                  workspace_id as "workspace_id!", kind::text as "kind!", role::text as "role!"
             from api_key_lookup($1, $2)"#,
        prefix,
        at
    )
    .fetch_optional(pool)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(LiveKey {
            id: row.key_id.into(),
            token_hash: row.token_hash,
            scopes: known(&row.scopes),
            last_used_at: row.last_used_at,
            user: row.user_id.into(),
            workspace: row.workspace_id.into(),
            kind: word("workspace kind", &row.kind)?,
            role: word("role", &row.role)?,
        })
    })
    .transpose()
}

/// Notes that it was used, if that is not known to within `every`.
pub async fn used(pool: &PgPool, id: ApiKeyId, at: DateTime<Utc>, every: Duration) -> ServiceResult<()> {
    let every = PgInterval { months: 0, days: 0, microseconds: every.num_microseconds().unwrap_or_default() };
    sqlx::query!("select api_key_used($1, $2, $3)", id.0, at, every).execute(pool).await.map_err(failed)?;
    Ok(())
}
