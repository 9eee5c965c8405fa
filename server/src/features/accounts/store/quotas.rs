//! How much accounts may still publish, as their platforms last said.

use chrono::{DateTime, Utc};
use domain::{AccountId, ServiceResult, WorkspaceId, platform::PublishingQuota};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::database::failed;

/// What is known of one account's quota.
#[derive(Debug)]
pub struct QuotaRow {
    pub account_id: Uuid,
    pub platform: String,
    pub asked_at: Option<DateTime<Utc>>,
    pub answered_at: Option<DateTime<Utc>>,
    pub quota: Option<Json<PublishingQuota>>,
    pub quota_at: Option<DateTime<Utc>>,
}

/// Of those among `accounts` that can be asked.
pub async fn quotas(tx: &mut PgConnection, accounts: &[AccountId]) -> ServiceResult<Vec<QuotaRow>> {
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.0).collect();
    sqlx::query_as!(
        QuotaRow,
        r#"select a.id as account_id, a.platform::text as "platform!", q.asked_at as "asked_at?", q.answered_at,
                  q.quota as "quota: Json<PublishingQuota>", q.quota_at
             from accounts a left join publishing_quotas q on q.account_id = a.id
            where a.id = any($1) and a.status = 'connected'"#,
        &ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// Notes that somebody wants to know.
pub async fn ask_quotas(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    accounts: &[AccountId],
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.0).collect();
    sqlx::query!(
        "insert into publishing_quotas (account_id, workspace_id, asked_at, created_at, updated_at)
         select account_id, $2, $3, $3, $3 from unnest($1::uuid[]) account_id order by account_id
         on conflict (account_id) do update set asked_at = excluded.asked_at",
        &ids,
        workspace.0,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Writes down what the platform said, or that it said nothing: what it said before stands.
pub async fn answer_quota(
    tx: &mut PgConnection,
    account: AccountId,
    answer: Option<PublishingQuota>,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "update publishing_quotas
            set answered_at = $2, quota = coalesce($3, quota),
                quota_at = case when $3::jsonb is null then quota_at else $2 end
          where account_id = $1",
        account.0,
        now,
        answer.map(Json) as _
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
