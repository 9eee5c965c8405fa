//! The SQL of live events.

use domain::{ServiceError, ServiceResult, events::Numbered};
use sqlx::PgConnection;

use crate::database::failed;

/// Numbers are given before commit, so a lower number may become visible after a higher one. Reading again a little
/// below the last seen number catches those; a change told twice does no harm.
const OVERLAP: i64 = 200;

/// At most `limit` changes after `last_seen`, oldest first.
pub async fn missed(tx: &mut PgConnection, last_seen: i64, limit: i64) -> ServiceResult<Vec<Numbered>> {
    let rows = sqlx::query!(
        r#"select id, event from live_events
            where id > $1::bigint - $3::bigint and (id > $1 or created_at > now() - interval '1 minute') order by id desc limit $2"#,
        last_seen,
        limit,
        OVERLAP
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .rev()
        .map(|row| {
            Ok(Numbered { id: row.id, event: serde_json::from_value(row.event).map_err(ServiceError::internal)? })
        })
        .collect()
}
