//! The SQL of the record.

use chrono::{DateTime, Utc};
use domain::{
    ServiceError, ServiceResult, WorkspaceId,
    audit::{ActionFilter, AuditEvent, AuditFilter, AuditPerson, AuditSubject},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    chain::{Head, Link},
    in_tx::Entry,
};
use crate::database::{failed, word};

/// Appends events; the database numbers them and links them into their chains.
pub async fn append(tx: &mut PgConnection, entries: &[Entry]) -> ServiceResult<()> {
    let entries = serde_json::to_value(entries).map_err(ServiceError::internal)?;
    sqlx::query!(
        "insert into audit_events (workspace_id, action, via, user_id, session_id, api_key_id, request_id, ip, user_agent,
                                   subject_kind, subject_id, subject_name, before, after, created_at)
         select workspace_id, action, via, user_id, session_id, api_key_id, request_id, ip, user_agent,
                subject_kind, subject_id, subject_name, before, after, created_at
           from jsonb_to_recordset($1) as e (workspace_id uuid, action text, via text, user_id uuid, session_id uuid, api_key_id uuid,
                request_id text, ip inet, user_agent text, subject_kind text, subject_id uuid, subject_name text, before jsonb,
                after jsonb, created_at timestamptz)",
        entries
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A filter as the queries take it.
#[derive(Debug)]
pub struct Wanted {
    workspace: Uuid,
    actor: Option<Uuid>,
    action: Option<&'static str>,
    kind: Option<&'static str>,
    subject: Option<Uuid>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
}

impl Wanted {
    pub fn new(workspace: WorkspaceId, filter: &AuditFilter) -> Self {
        let (action, kind) = match filter.action {
            None => (None, None),
            Some(ActionFilter::One(action)) => (Some(action.as_str()), None),
            Some(ActionFilter::Kind(noun)) => (None, Some(noun)),
        };
        Self {
            workspace: workspace.0,
            actor: filter.actor.map(|user| user.0),
            action,
            kind,
            subject: filter.subject,
            from: filter.from.map(domain::audit::Moment::begins),
            to: filter.to.map(domain::audit::Moment::ends),
        }
    }
}

/// Newest first, below `before`.
pub async fn list(
    tx: &mut PgConnection,
    wanted: &Wanted,
    before: Option<i64>,
    limit: i64,
    offset: i64,
) -> ServiceResult<Vec<AuditEvent>> {
    let rows = sqlx::query!(
        r#"select seq, created_at, action, via, user_id, session_id, api_key_id,
                  (select k.name from api_keys k where k.id = api_key_id) as api_key_name, request_id, host(ip) as ip, user_agent,
                  subject_kind, subject_id, subject_name, before, after, hash
             from audit_events
            where workspace_id = $1 and ($2::uuid is null or user_id = $2) and ($3::text is null or action = $3)
              and ($4::text is null or subject_kind = $4) and ($5::uuid is null or subject_id = $5)
              and ($6::timestamptz is null or created_at >= $6) and ($7::timestamptz is null or created_at < $7)
              and ($8::bigint is null or seq < $8)
            order by seq desc limit $9 offset $10"#,
        wanted.workspace,
        wanted.actor,
        wanted.action,
        wanted.kind,
        wanted.subject,
        wanted.from,
        wanted.to,
        before,
        limit,
        offset
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;
    let mut users: Vec<Uuid> = rows.iter().filter_map(|row| row.user_id).collect();
    users.sort_unstable();
    users.dedup();
    let people = people(tx, Some(&users)).await?;
    rows.into_iter()
        .map(|row| {
            let person = |id: Uuid| {
                let known = people.iter().find(|person| person.id.0 == id).cloned();
                known.unwrap_or(AuditPerson { id: id.into(), name: None, email: None })
            };
            Ok(AuditEvent {
                seq: row.seq,
                at: row.created_at,
                action: row.action,
                actor: row.user_id.map(person),
                via: word("way in", &row.via)?,
                session_id: row.session_id.map(Into::into),
                api_key_id: row.api_key_id,
                api_key_name: row.api_key_name,
                request_id: row.request_id,
                ip: row.ip,
                user_agent: row.user_agent,
                subject: AuditSubject { kind: row.subject_kind, id: row.subject_id, name: row.subject_name },
                before: row.before,
                after: row.after,
                hash: hex::encode(row.hash),
            })
        })
        .collect()
}

pub async fn count(tx: &mut PgConnection, wanted: &Wanted) -> ServiceResult<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "total!" from audit_events
            where workspace_id = $1 and ($2::uuid is null or user_id = $2) and ($3::text is null or action = $3)
              and ($4::text is null or subject_kind = $4) and ($5::uuid is null or subject_id = $5)
              and ($6::timestamptz is null or created_at >= $6) and ($7::timestamptz is null or created_at < $7)"#,
        wanted.workspace,
        wanted.actor,
        wanted.action,
        wanted.kind,
        wanted.subject,
        wanted.from,
        wanted.to
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// These people, or all who stand in the record, by name.
pub async fn people(tx: &mut PgConnection, wanted: Option<&[Uuid]>) -> ServiceResult<Vec<AuditPerson>> {
    let rows = sqlx::query!(
        r#"select user_id as "user_id!", full_name, email from audit_people($1) order by lower(full_name), user_id"#,
        wanted
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows
        .into_iter()
        .map(|row| AuditPerson { id: row.user_id.into(), name: row.full_name, email: row.email })
        .collect())
}

/// One view of everything until the transaction ends. The first statement of one.
pub async fn hold_still(tx: &mut PgConnection) -> ServiceResult<()> {
    sqlx::query!("set transaction isolation level repeatable read").execute(tx).await.map_err(failed)?;
    Ok(())
}

/// Where each chain begins and ends; as the web's role, the present workspace's only.
pub(super) async fn heads(tx: &mut PgConnection) -> ServiceResult<Vec<Head>> {
    sqlx::query_as!(
        Head,
        "select workspace_id as workspace, seq, hash, pruned_seq, pruned_hash from audit_heads order by workspace_id"
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// Workspaces with events and no head.
pub async fn headless(tx: &mut PgConnection) -> ServiceResult<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select distinct workspace_id from audit_events e
          where not exists (select from audit_heads h where h.workspace_id = e.workspace_id) order by 1"
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// The next events of a chain, as their hashes see them.
pub(super) async fn links(tx: &mut PgConnection, workspace: Uuid, after: i64, limit: i64) -> ServiceResult<Vec<Link>> {
    sqlx::query_as!(
        Link,
        r#"select workspace_id as workspace, seq, prev_hash, hash, action, via, user_id, session_id, api_key_id, request_id,
                  ip::text as ip, user_agent, subject_kind, subject_id, subject_name, before::text as before, after::text as after,
                  (extract(epoch from created_at) * 1000000)::bigint as "at!"
             from audit_events where workspace_id = $1 and seq > $2 order by seq limit $3"#,
        workspace,
        after,
        limit
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// Deletes at most `at_most` events of each chain that are older than `until`, under the role that may; how many.
pub async fn prune(tx: &mut PgConnection, until: DateTime<Utc>, at_most: i32) -> ServiceResult<i64> {
    sqlx::query!("set local role arctiv_retention").execute(&mut *tx).await.map_err(failed)?;
    let pruned = sqlx::query_scalar!(r#"select audit_prune($1, $2) as "pruned!""#, until, at_most);
    pruned.fetch_one(tx).await.map_err(failed)
}
