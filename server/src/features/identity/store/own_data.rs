//! The SQL of what a person takes along, and of leaving.

use chrono::{DateTime, Utc};
use domain::{
    DataExportId, ServiceError, ServiceResult, UserId, WorkspaceId,
    identity::{DataExport, Leaving},
    workspaces::LAST_ADMIN,
};
use sqlx::PgConnection;

use crate::{
    database::{failed, on_constraint, word},
    features::{
        audit::in_tx::{self as audit, Entry},
        media::MediaLinks,
    },
};

/// Of whoever the transaction acts for, newest first; without those whose time is over.
pub async fn exports(tx: &mut PgConnection, links: &MediaLinks, now: DateTime<Utc>) -> ServiceResult<Vec<DataExport>> {
    let rows = sqlx::query!(
        r#"select id, created_at, ready_at, expires_at, data_export_bytes(id) as bytes
             from data_exports where expires_at > $1 order by created_at desc, id desc limit 50"#,
        now
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let export = rows.into_iter().map(|row| DataExport {
        id: row.id.into(),
        created_at: row.created_at,
        ready_at: row.ready_at,
        expires_at: row.expires_at,
        bytes: row.bytes,
        url: row.ready_at.map(|_| links.export(row.id.into())),
    });
    Ok(export.collect())
}

pub async fn insert_export(tx: &mut PgConnection, user: UserId, export: &DataExport) -> ServiceResult<()> {
    sqlx::query!(
        "insert into data_exports (id, user_id, created_at, expires_at) values ($1, $2, $3, $4)",
        export.id.0,
        user.0,
        export.created_at,
        export.expires_at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// For whoever holds a link that we have signed.
pub async fn export_content(
    tx: &mut PgConnection,
    id: DataExportId,
    now: DateTime<Utc>,
) -> ServiceResult<Option<Vec<u8>>> {
    sqlx::query_scalar!("select data_export_content($1, $2)", id.0, now).fetch_one(tx).await.map_err(failed)
}

/// Whose data is to be put together; none when it is there already, or nobody is.
#[derive(Debug)]
pub struct ExportRow {
    pub user: UserId,
    pub email: String,
    pub full_name: String,
    pub avatar: Option<String>,
}

pub async fn export_to_build(tx: &mut PgConnection, id: DataExportId) -> ServiceResult<Option<ExportRow>> {
    let row = sqlx::query!(
        "select u.id, u.email, u.full_name, p.avatar
           from data_exports e join users u on u.id = e.user_id join profiles p on p.user_id = u.id
          where e.id = $1 and e.ready_at is null and u.is_active",
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| ExportRow { user: row.id.into(), email: row.email, full_name: row.full_name, avatar: row.avatar }))
}

pub async fn finish_export(
    tx: &mut PgConnection,
    id: DataExportId,
    content: &[u8],
    now: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update data_exports set content = $2, ready_at = $3 where id = $1 and ready_at is null",
        id.0,
        content,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Everything that is this person's: never a secret, and of other people not even a name. Under the worker's role.
pub async fn gather(tx: &mut PgConnection, user: UserId) -> ServiceResult<serde_json::Value> {
    let found = sqlx::query_scalar!(
        r#"select jsonb_build_object(
             'account', (select jsonb_build_object('id', u.id, 'email', u.email, 'email_confirmed_at', u.email_confirmed_at,
                                'full_name', u.full_name, 'role', u.role, 'created_at', u.created_at)
                           from users u where u.id = $1),
             'profile', (select jsonb_build_object('headline', p.headline, 'bio', p.bio, 'specialties', p.specialties,
                                'availability', p.availability, 'agency_name', p.agency_name, 'team_size', p.team_size,
                                'listed', p.listed)
                           from profiles p where p.user_id = $1),
             'workspaces', (select coalesce(jsonb_agg(jsonb_build_object('name', w.name, 'kind', w.kind, 'role', m.role,
                                'since', m.created_at, 'disabled_at', m.disabled_at) order by m.created_at), '[]')
                              from memberships m join workspaces w on w.id = m.workspace_id where m.user_id = $1),
             'sessions', (select coalesce(jsonb_agg(jsonb_build_object('signed_in_at', s.created_at, 'last_seen_at', s.last_seen_at,
                                'ended_at', s.revoked_at, 'expires_at', s.expires_at, 'ip', host(s.ip), 'user_agent', s.user_agent)
                                order by s.created_at), '[]')
                            from sessions s where s.user_id = $1),
             'posts', (select coalesce(jsonb_agg(jsonb_build_object('workspace', w.name, 'post', v.post_id, 'version', v.number,
                                'title', v.title, 'body', v.body, 'link', v.link, 'overrides', v.overrides,
                                'written_at', v.created_at) order by v.created_at, v.id), '[]')
                         from post_versions v join workspaces w on w.id = v.workspace_id
                         join memberships m on m.workspace_id = v.workspace_id and m.user_id = $1
                        where v.created_by = $1),
             'approvals', (select coalesce(jsonb_agg(jsonb_build_object('workspace', w.name, 'post', a.post_id, 'version', a.version,
                                'step', a.step, 'note', a.note, 'at', a.created_at) order by a.created_at, a.id), '[]')
                             from approvals a join workspaces w on w.id = a.workspace_id
                             join memberships m on m.workspace_id = a.workspace_id and m.user_id = $1
                            where a.actor_id = $1),
             'media', (select coalesce(jsonb_agg(jsonb_build_object('workspace', w.name, 'file_name', f.file_name,
                                'alt_text', f.alt_text, 'added_at', f.created_at) order by f.created_at, f.id), '[]')
                         from media f join workspaces w on w.id = f.workspace_id
                         join memberships m on m.workspace_id = f.workspace_id and m.user_id = $1
                        where f.created_by = $1),
             'record', (select coalesce(jsonb_agg(jsonb_build_object('workspace', w.name, 'at', e.created_at, 'action', e.action,
                                'via', e.via, 'ip', host(e.ip), 'user_agent', e.user_agent, 'subject_kind', e.subject_kind)
                                order by e.created_at, e.seq), '[]')
                          from audit_events e join workspaces w on w.id = e.workspace_id where e.user_id = $1),
             'letters_switched_off', (select coalesce(jsonb_agg(jsonb_build_object('workspace', w.name, 'event', p.event)
                                order by w.name, p.event), '[]')
                             from notification_preferences p join workspaces w on w.id = p.workspace_id
                            where p.user_id = $1 and not p.email),
             'letters', (select coalesce(jsonb_agg(jsonb_build_object('about', l.letter->>'about', 'status', l.status,
                                'written_at', l.created_at) order by l.created_at), '[]')
                           from mails l join users u on u.email = l.recipient where u.id = $1)
           ) as "found!""#,
        user.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok(found)
}

/// What would become of each workspace of whoever the transaction acts for.
pub async fn departure(tx: &mut PgConnection) -> ServiceResult<Vec<Leaving>> {
    let rows = sqlx::query!(
        r#"select workspace_id as "id!", name as "name!", kind::text as "kind!", outcome as "outcome!" from own_departure()"#
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(Leaving {
                workspace_id: row.id.into(),
                name: row.name,
                kind: word("workspace kind", &row.kind)?,
                outcome: word("departure", &row.outcome)?,
            })
        })
        .collect()
}

/// Deletes whoever the transaction acts for. `CONFLICT` while somebody would be left without an admin.
pub async fn delete_own_account(tx: &mut PgConnection, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!("select delete_own_account($1)", at)
        .execute(tx)
        .await
        .map_err(on_constraint("memberships_last_admin", || ServiceError::conflict(LAST_ADMIN)))?;
    Ok(())
}

/// Writes a line into the record of another workspace than the transaction's.
pub async fn record_in(tx: &mut PgConnection, workspace: WorkspaceId, entry: Entry) -> ServiceResult<()> {
    sqlx::query_scalar!("select set_config('app.workspace_id', $1, true)", workspace.to_string())
        .fetch_one(&mut *tx)
        .await
        .map_err(failed)?;
    audit::write(tx, vec![entry]).await
}
