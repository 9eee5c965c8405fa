//! What creators may choose for a post, as their platform last said.

use chrono::{DateTime, Utc};
use domain::{AccountId, ServiceResult, WorkspaceId, platform::CreatorChoices};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::database::failed;

/// What is known of a creator's choices.
#[derive(Debug)]
pub struct CreatorRow {
    pub account_id: Uuid,
    pub asked_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub choices: Option<Json<CreatorChoices>>,
    pub choices_at: Option<DateTime<Utc>>,
    pub problem: Option<String>,
}

pub async fn creator(tx: &mut PgConnection, account: AccountId) -> ServiceResult<Option<CreatorRow>> {
    sqlx::query_as!(
        CreatorRow,
        r#"select account_id, asked_at, answered_at, choices as "choices: Json<CreatorChoices>", choices_at, problem
             from creator_choices where account_id = $1"#,
        account.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)
}

/// Of the whole workspace, as answered since.
pub async fn creators(tx: &mut PgConnection, since: DateTime<Utc>) -> ServiceResult<Vec<CreatorRow>> {
    sqlx::query_as!(
        CreatorRow,
        r#"select account_id, asked_at, answered_at, choices as "choices: Json<CreatorChoices>", choices_at, problem
             from creator_choices where choices_at > $1"#,
        since
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// Notes that somebody wants to know.
pub async fn ask_creator(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    account: AccountId,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "insert into creator_choices (account_id, workspace_id, asked_at, created_at, updated_at) values ($1, $2, $3, $3, $3)
         on conflict (account_id) do update set asked_at = excluded.asked_at",
        account.0,
        workspace.0,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Writes down what the platform said of a creator's choices. What it said before stands until it says something else.
pub async fn answer_creator(
    tx: &mut PgConnection,
    account: AccountId,
    answer: Result<&CreatorChoices, &str>,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    sqlx::query!(
        "update creator_choices
            set answered_at = $2, problem = $4, choices = coalesce($3, choices),
                choices_at = case when $3::jsonb is null then choices_at else $2 end
          where account_id = $1",
        account.0,
        now,
        answer.ok().map(Json) as _,
        answer.err().map(|problem| domain::text::truncate_chars(problem, 1_000))
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}
