//! The SQL of which letters somebody gets. Under the web's role: row-level security shows everybody their own.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{ServiceResult, UserId, WorkspaceId, notifications::NotificationEvent, workspaces::Role};
use sqlx::PgConnection;

use crate::database::failed;

/// What is chosen; an event without an entry is on.
pub async fn chosen(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> ServiceResult<BTreeMap<NotificationEvent, bool>> {
    let rows = sqlx::query!(
        "select event, email from notification_preferences where workspace_id = $1 and user_id = $2",
        workspace.0,
        user.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    // An event that only another version knows is that version's business.
    Ok(rows.into_iter().filter_map(|row| Some((row.event.parse().ok()?, row.email))).collect())
}

pub async fn choose(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
    chosen: &BTreeMap<NotificationEvent, bool>,
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    let events: Vec<String> = chosen.keys().map(|event| event.as_str().to_owned()).collect();
    let email: Vec<bool> = chosen.values().copied().collect();
    sqlx::query!(
        "insert into notification_preferences (workspace_id, user_id, event, email, created_at, updated_at)
         select $1, $2, event, email, $5, $5 from unnest($3::text[], $4::boolean[]) as c (event, email)
         on conflict on constraint notification_preferences_pkey do update set email = excluded.email",
        workspace.0,
        user.0,
        &events,
        &email,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The workspace's name, and the role of somebody who may work in it; `None` for a workspace that is not there.
pub async fn membership(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> ServiceResult<Option<(String, Option<Role>)>> {
    let row = sqlx::query!(
        r#"select w.name, m.role::text as role from workspaces w
             left join memberships m on m.workspace_id = w.id and m.user_id = $2 and m.disabled_at is null
            where w.id = $1"#,
        workspace.0,
        user.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| (row.name, row.role.and_then(|role| role.parse().ok()))))
}
