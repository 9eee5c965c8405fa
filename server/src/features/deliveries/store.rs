//! The SQL of deliveries.

use chrono::{DateTime, Utc};
use domain::{
    AccountId, DeliveryId, Platform, PostId, PostVersionId, ServiceError, ServiceResult, WorkspaceId,
    accounts::AccountStatus,
    deliveries::{
        Delivery, DeliveryAttempt, DeliveryCounts, DeliveryFilter, DeliveryStatus, ErrorClass, FirstComment, Stage,
    },
    posts::{Content, Override, PostStatus},
    text::truncate_chars,
    workspaces::LATEST,
};
use sqlx::{PgConnection, PgPool};

use crate::{
    cursor::TimeCursor,
    database::{failed, word},
    search,
};

/// How many deliveries of a post stand where, per platform; without those that a newer version has replaced.
#[derive(Clone, Copy, Debug)]
pub struct StandingRow {
    pub post_id: PostId,
    pub platform: Platform,
    pub status: DeliveryStatus,
    pub n: u32,
}

pub async fn standing(tx: &mut PgConnection, posts: &[PostId]) -> ServiceResult<Vec<StandingRow>> {
    let ids: Vec<uuid::Uuid> = posts.iter().map(|post| post.0).collect();
    let rows = sqlx::query!(
        r#"select d.post_id, d.platform::text as "platform!", d.status::text as "status!", count(*) as "n!"
             from deliveries d
             join posts p on p.id = d.post_id
             join post_versions v on v.id = d.post_version_id
            where d.post_id = any($1) and (d.status <> 'canceled' or v.number = p.current_version)
            group by 1, 2, 3 order by 1, 2"#,
        &ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(StandingRow {
                post_id: row.post_id.into(),
                platform: word("platform", &row.platform)?,
                status: word("delivery status", &row.status)?,
                n: u32::try_from(row.n).unwrap_or(u32::MAX),
            })
        })
        .collect()
}

/// Of the current version.
pub async fn cancel_untouched(tx: &mut PgConnection, post: PostId) -> ServiceResult<u64> {
    let done = sqlx::query!(
        "update deliveries d set status = 'canceled', next_attempt_at = null
           from posts p join post_versions v on v.post_id = p.id and v.number = p.current_version
          where p.id = $1 and d.post_version_id = v.id and d.status = 'pending' and d.attempts = 0",
        post.0
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected())
}

pub async fn any_touched(tx: &mut PgConnection, post: PostId) -> ServiceResult<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from deliveries d
                            join posts p on p.id = d.post_id
                            join post_versions v on v.id = d.post_version_id and v.number = p.current_version
                           where d.post_id = $1 and d.status <> 'canceled') as "touched!""#,
        post.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    Ok(found)
}

/// Takes away what accounts have refused for certain, so that a newer version can be sent instead.
pub async fn replace_refused(tx: &mut PgConnection, post: PostId) -> ServiceResult<()> {
    sqlx::query!(
        "update deliveries set status = 'canceled' where post_id = $1 and status = 'failed' and not needs_person",
        post.0
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// A delivery that may still be accepted, or may have been.
#[derive(Debug)]
pub struct OpenRow {
    pub account_name: String,
    pub needs_person: bool,
}

/// One of a post's open deliveries; those that wait for a person first.
pub async fn any_open(tx: &mut PgConnection, post: PostId) -> ServiceResult<Option<OpenRow>> {
    sqlx::query_as!(
        OpenRow,
        "select a.display_name as account_name, d.needs_person
           from deliveries d join accounts a on a.id = d.account_id
          where d.post_id = $1 and d.status not in ('success', 'canceled')
          order by d.needs_person desc, d.id limit 1",
        post.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)
}

/// The accounts that have taken any version of a post.
pub async fn taken(tx: &mut PgConnection, post: PostId) -> ServiceResult<Vec<AccountId>> {
    let ids = sqlx::query_scalar!(
        "select distinct account_id from deliveries where post_id = $1 and status = 'success'",
        post.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(ids.into_iter().map(AccountId).collect())
}

// ---- reading ----------------------------------------------------------------------------------------------------------

/// Which deliveries, in the database's words.
#[derive(Debug, Default)]
pub struct Filter {
    pub post: Option<uuid::Uuid>,
    pub account: Option<uuid::Uuid>,
    /// Any of these; `None` for every one.
    pub statuses: Option<Vec<String>>,
    pub platform: Option<&'static str>,
    /// For `ilike`, already escaped.
    pub pattern: Option<String>,
    pub id: Option<uuid::Uuid>,
}

impl TryFrom<&DeliveryFilter> for Filter {
    type Error = ServiceError;

    fn try_from(filter: &DeliveryFilter) -> ServiceResult<Self> {
        let words = filter.status.as_slice().iter().map(|status| status.as_str().to_owned()).collect();
        Ok(Self {
            post: filter.content_id.map(Into::into),
            account: filter.social_account_id.map(Into::into),
            statuses: Some(words).filter(|_| !filter.status.is_any()),
            platform: filter.platform.map(Platform::as_str),
            pattern: filter.q.as_deref().map(search::pattern).transpose()?.flatten(),
            id: None,
        })
    }
}

/// A delivery with what is shown beside it.
struct DeliveryRow {
    id: uuid::Uuid,
    post_id: uuid::Uuid,
    account_id: uuid::Uuid,
    platform: String,
    status: String,
    stage: String,
    attempts: i32,
    last_error: Option<String>,
    error_class: Option<String>,
    needs_person: bool,
    external_post_id: Option<String>,
    external_url: Option<String>,
    next_attempt_at: Option<DateTime<Utc>>,
    published_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    display_name: String,
    title: Option<String>,
    number: i32,
    body: String,
    comment: Option<String>,
    comment_status: Option<String>,
    comment_error: Option<String>,
    comment_id: Option<String>,
}

impl DeliveryRow {
    fn delivery(self, max_attempts: u32) -> ServiceResult<Delivery> {
        let status: DeliveryStatus = word("delivery status", &self.status)?;
        let class: Option<ErrorClass> =
            self.error_class.as_deref().map(|class| word("error class", class)).transpose()?;
        Ok(Delivery {
            id: self.id.into(),
            content_id: self.post_id.into(),
            version: self.number.unsigned_abs(),
            content_excerpt: domain::posts::preflight::excerpt(self.title.as_deref(), &self.body),
            social_account_id: self.account_id.into(),
            account_name: self.display_name,
            platform: word("platform", &self.platform)?,
            status,
            stage: word("stage", &self.stage)?,
            attempts: u32::try_from(self.attempts).unwrap_or_default(),
            max_attempts,
            last_error: self.last_error,
            error_class: class,
            advice: class.filter(|_| status != DeliveryStatus::Success).map(|class| class.advice().to_owned()),
            needs_person: self.needs_person,
            external_post_id: self.external_post_id,
            external_url: self.external_url,
            first_comment: match (self.comment, self.comment_status) {
                (Some(text), Some(status)) => Some(FirstComment {
                    text,
                    status: word("comment status", &status)?,
                    error: self.comment_error,
                    external_id: self.comment_id,
                }),
                _ => None,
            },
            next_attempt_at: self.next_attempt_at,
            published_at: self.published_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Newest first; `after` continues behind a row.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
    after: Option<TimeCursor>,
    max_attempts: u32,
) -> ServiceResult<Vec<Delivery>> {
    let rows = sqlx::query_as!(
        DeliveryRow,
        r#"select d.id, d.post_id, d.account_id, d.platform::text as "platform!", d.status::text as "status!", d.stage::text as "stage!",
                  d.attempts, d.last_error, d.error_class::text as error_class, d.needs_person, d.external_post_id, d.external_url,
                  d.next_attempt_at, d.published_at, d.created_at, d.updated_at,
                  a.display_name, p.title, v.number, left(v.body, 600) as "body!",
                  c.body as "comment?", c.status::text as comment_status, c.last_error as comment_error,
                  c.external_id as "comment_id?"
             from deliveries d
             left join first_comments c on c.delivery_id = d.id
             join accounts a on a.id = d.account_id
             join posts p on p.id = d.post_id
             join post_versions v on v.id = d.post_version_id
            where ($1::uuid is null or d.post_id = $1)
              and ($2::uuid is null or d.account_id = $2)
              and ($3::text[] is null or d.status = any($3::text[]::delivery_status[]))
              and ($4::text is null or d.platform = $4::text::platform)
              and ($5::uuid is null or d.id = $5)
              and ($10::text is null or v.body ilike $10 or p.title ilike $10 or a.display_name ilike $10 or a.handle ilike $10
                   or d.last_error ilike $10 or d.external_post_id ilike $10)
              and ($6::timestamptz is null or (d.created_at, d.id) < ($6, $7::uuid))
            order by d.created_at desc, d.id desc limit $8 offset $9"#,
        filter.post,
        filter.account,
        filter.statuses.as_deref() as Option<&[String]>,
        filter.platform,
        filter.id,
        after.as_ref().map(|after| after.at),
        after.as_ref().map(|after| after.id),
        limit,
        offset,
        filter.pattern.as_deref()
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter().map(|row| row.delivery(max_attempts)).collect()
}

/// The newest [`LATEST`]. Each overview asks for them: without a parameter the database plans this join once, and not anew
/// for every page, which would take three times as long as the join itself.
pub async fn latest(tx: &mut PgConnection, max_attempts: u32) -> ServiceResult<Vec<Delivery>> {
    const { assert!(LATEST == 6, "as many as the statement asks for") };
    let rows = sqlx::query_as!(
        DeliveryRow,
        r#"select d.id, d.post_id, d.account_id, d.platform::text as "platform!", d.status::text as "status!", d.stage::text as "stage!",
                  d.attempts, d.last_error, d.error_class::text as error_class, d.needs_person, d.external_post_id, d.external_url,
                  d.next_attempt_at, d.published_at, d.created_at, d.updated_at,
                  a.display_name, p.title, v.number, left(v.body, 600) as "body!",
                  c.body as "comment?", c.status::text as comment_status, c.last_error as comment_error,
                  c.external_id as "comment_id?"
             from (select * from deliveries order by created_at desc, id desc limit 6) d
             left join first_comments c on c.delivery_id = d.id
             join accounts a on a.id = d.account_id
             join posts p on p.id = d.post_id
             join post_versions v on v.id = d.post_version_id
            order by d.created_at desc, d.id desc"#
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter().map(|row| row.delivery(max_attempts)).collect()
}

/// How many there are under the filter.
pub async fn count(tx: &mut PgConnection, filter: &Filter) -> ServiceResult<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from deliveries d
            where ($1::uuid is null or d.post_id = $1)
              and ($2::uuid is null or d.account_id = $2)
              and ($3::text[] is null or d.status = any($3::text[]::delivery_status[]))
              and ($4::text is null or d.platform = $4::text::platform)
              and ($5::text is null or d.last_error ilike $5 or d.external_post_id ilike $5
                   or exists (select from posts p where p.id = d.post_id and p.title ilike $5)
                   or exists (select from post_versions v where v.id = d.post_version_id and v.body ilike $5)
                   or exists (select from accounts a where a.id = d.account_id and (a.display_name ilike $5 or a.handle ilike $5)))"#,
        filter.post,
        filter.account,
        filter.statuses.as_deref() as Option<&[String]>,
        filter.platform,
        filter.pattern.as_deref()
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// The workspace's deliveries by status.
pub async fn counts(tx: &mut PgConnection) -> ServiceResult<DeliveryCounts> {
    let rows = sqlx::query!(r#"select status::text as "status!", count(*) as "n!" from deliveries group by 1"#)
        .fetch_all(tx)
        .await
        .map_err(failed)?;
    let mut counts = DeliveryCounts::default();
    for row in rows {
        counts.add(word("delivery status", &row.status)?, u32::try_from(row.n).unwrap_or(u32::MAX));
    }
    Ok(counts)
}

/// Oldest first.
pub async fn attempts(tx: &mut PgConnection, delivery: DeliveryId) -> ServiceResult<Vec<DeliveryAttempt>> {
    let rows = sqlx::query!(
        r#"select id, number, stage::text as "stage!", outcome, message, http_status, platform_code, trace, started_at, duration_ms
             from delivery_attempts where delivery_id = $1 order by started_at, id limit 200"#,
        delivery.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(DeliveryAttempt {
                id: row.id.into(),
                number: u32::try_from(row.number).unwrap_or_default(),
                stage: word("stage", &row.stage)?,
                outcome: row.outcome,
                message: row.message,
                http_status: row.http_status.and_then(|status| u16::try_from(status).ok()),
                platform_code: row.platform_code,
                trace: row.trace,
                started_at: row.started_at,
                duration_ms: u32::try_from(row.duration_ms).unwrap_or_default(),
            })
        })
        .collect()
}

// ---- what people change -----------------------------------------------------------------------------------------------

/// Locks the posts of these deliveries, in order, so that their status can be derived anew without a race.
async fn lock_posts(tx: &mut PgConnection, posts: &[uuid::Uuid]) -> ServiceResult<()> {
    sqlx::query!("select id from posts where id = any($1) order by id for update", posts)
        .fetch_all(tx)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Locks the post of a delivery. Whoever changes deliveries by hand does it first: changing the post takes the same lock
/// and then its deliveries, and the other way round the two would wait for each other.
pub async fn lock_post_of(tx: &mut PgConnection, delivery: DeliveryId) -> ServiceResult<()> {
    sqlx::query!(
        "select p.id from posts p where p.id = (select post_id from deliveries where id = $1) for update",
        delivery.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The posts with failed deliveries under the filter, locked.
async fn lock_refused(tx: &mut PgConnection, filter: &Filter) -> ServiceResult<Vec<uuid::Uuid>> {
    sqlx::query_scalar!(
        "select p.id from posts p
          where p.deleted_at is null and ($1::uuid is null or p.id = $1)
            and exists (select from deliveries d
                         where d.post_id = p.id and d.status = 'failed' and not d.needs_person
                           and ($2::uuid is null or d.account_id = $2)
                           and ($3::text is null or d.platform = $3::text::platform))
          order by p.id for update of p",
        filter.post,
        filter.account,
        filter.platform
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// A failed delivery starts over; `None` when it is in no state for it.
pub async fn restart(tx: &mut PgConnection, delivery: DeliveryId, at: DateTime<Utc>) -> ServiceResult<Option<PostId>> {
    let row = sqlx::query!(
        "update deliveries d set status = 'pending', stage = 'staging', attempts = 0, next_attempt_at = $2, due_at = $2, last_error = null,
                error_class = null, needs_person = false, commit_started_at = null, reconciliations = 0, refreshed_version = null
           from posts p
          where d.id = $1 and d.status = 'failed' and p.id = d.post_id and p.deleted_at is null
          returning d.post_id",
        delivery.0,
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| row.post_id.into()))
}

/// All failed deliveries under the filter start over, but those that only a person can judge; their posts.
pub async fn restart_all(tx: &mut PgConnection, filter: &Filter, at: DateTime<Utc>) -> ServiceResult<Vec<PostId>> {
    let posts = lock_refused(&mut *tx, filter).await?;
    let rows = sqlx::query!(
        "update deliveries d set status = 'pending', stage = 'staging', attempts = 0, next_attempt_at = $4, due_at = $4, last_error = null,
                error_class = null, commit_started_at = null, reconciliations = 0, refreshed_version = null
           from posts p, post_versions v, accounts a
          where d.status = 'failed' and not d.needs_person and p.id = d.post_id and v.id = d.post_version_id and a.id = d.account_id
            and p.id = any($1)
            and ($2::uuid is null or d.account_id = $2)
            and ($3::text is null or d.platform = $3::text::platform)
            and ($5::text is null or v.body ilike $5 or p.title ilike $5 or a.display_name ilike $5 or a.handle ilike $5
                 or d.last_error ilike $5 or d.external_post_id ilike $5)
          returning d.post_id",
        &posts,
        filter.account,
        filter.platform,
        at,
        filter.pattern.as_deref()
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(|row| row.post_id.into()).collect())
}

/// Stops what has not been sent and cannot have been.
pub async fn cancel(tx: &mut PgConnection, delivery: DeliveryId) -> ServiceResult<Option<PostId>> {
    let row = sqlx::query!(
        "update deliveries set status = 'canceled', next_attempt_at = null
          where id = $1 and status in ('pending', 'retried') and stage in ('staging', 'waiting') returning post_id",
        delivery.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| row.post_id.into()))
}

/// A person has seen it at the platform.
pub async fn mark_published(
    tx: &mut PgConnection,
    delivery: DeliveryId,
    at: DateTime<Utc>,
) -> ServiceResult<Option<PostId>> {
    let row = sqlx::query!(
        "update deliveries set status = 'success', stage = 'done', needs_person = false, published_at = coalesce(commit_started_at, $2),
                last_error = null, error_class = null
          where id = $1 and status = 'failed' and needs_person returning post_id",
        delivery.0,
        at
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| row.post_id.into()))
}

/// Derives each post's status from its deliveries anew; those that have another one now, with it. The posts are locked
/// first: two deliveries that end at the same moment must not each see the other as unfinished.
pub async fn derive_post_status(tx: &mut PgConnection, posts: &[PostId]) -> ServiceResult<Vec<(PostId, PostStatus)>> {
    let mut ids: Vec<uuid::Uuid> = posts.iter().map(|post| post.0).collect();
    ids.sort_unstable();
    ids.dedup();
    lock_posts(&mut *tx, &ids).await?;
    let mut counts: std::collections::HashMap<PostId, DeliveryCounts> = std::collections::HashMap::new();
    let posts: Vec<PostId> = ids.into_iter().map(PostId).collect();
    for row in standing(&mut *tx, &posts).await? {
        counts.entry(row.post_id).or_default().add(row.status, row.n);
    }
    let mut changed = Vec::new();
    for (post, counts) in counts {
        let status = PostStatus::from_counts(&counts);
        let done = sqlx::query!(
            "update posts set status = $2::text::post_status where id = $1 and status <> $2::text::post_status",
            post.0,
            status.as_str()
        )
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        if done.rows_affected() > 0 {
            changed.push((post, status));
        }
    }
    Ok(changed)
}

/// Puts every delivery that is under way or due before a person; the post of each.
pub async fn hold_due(tx: &mut PgConnection, now: DateTime<Utc>) -> ServiceResult<Vec<PostId>> {
    let rows = sqlx::query_scalar!(
        "update deliveries set status = 'failed', stage = 'outcome_unknown', needs_person = true, next_attempt_at = null,
                lease_owner = null, lease_until = null, error_class = 'outcome_unknown',
                last_error = 'Arctiv was restored from a backup, and this may have gone out since the backup was made. Look at the \
platform, then mark it as published or retry it.'
          where status in ('pending', 'retried', 'publishing') and (next_attempt_at is null or next_attempt_at <= $1)
          returning post_id",
        now
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Makes a draft of every post that is due and has no delivery yet; how many.
pub async fn take_back_due(tx: &mut PgConnection, now: DateTime<Utc>) -> ServiceResult<u64> {
    let done = sqlx::query!(
        "update posts p set status = 'draft'
          where p.status in ('publishing', 'scheduled') and p.deleted_at is null and p.publishes_at <= $1
            and not exists (select from deliveries d join post_versions v on v.id = d.post_version_id
                             where d.post_id = p.id and v.number = p.current_version)",
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected())
}

// ---- the selector -----------------------------------------------------------------------------------------------------

/// A post that is about to go out.
#[derive(Debug)]
pub struct Outgoing {
    pub workspace: WorkspaceId,
    pub chosen_accounts: bool,
    pub publishes_at: Option<DateTime<Utc>>,
    /// Accounts with a text of their own.
    pub variations: std::collections::BTreeMap<AccountId, Override>,
}

/// The post, locked, if this version of it is still meant to go out.
pub async fn outgoing(tx: &mut PgConnection, post: PostId, version: PostVersionId) -> ServiceResult<Option<Outgoing>> {
    let row = sqlx::query!(
        "select p.workspace_id, p.chosen_accounts, p.publishes_at, v.variations
           from posts p join post_versions v on v.id = $2 and v.post_id = p.id and v.number = p.current_version
          where p.id = $1 and p.deleted_at is null and p.visibility <> 'private' and p.status in ('publishing', 'scheduled')
            for update of p",
        post.0,
        version.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(Outgoing {
            workspace: row.workspace_id.into(),
            chosen_accounts: row.chosen_accounts,
            publishes_at: row.publishes_at,
            variations: serde_json::from_value(row.variations).map_err(ServiceError::internal)?,
        })
    })
    .transpose()
}

/// The chosen accounts of a post.
pub async fn chosen(tx: &mut PgConnection, post: PostId) -> ServiceResult<Vec<AccountId>> {
    let ids = sqlx::query_scalar!("select account_id from post_targets where post_id = $1", post.0)
        .fetch_all(tx)
        .await
        .map_err(failed)?;
    Ok(ids.into_iter().map(AccountId).collect())
}

/// Writes down who was left out of a version, and why; once.
pub async fn insert_skipped(
    tx: &mut PgConnection,
    outgoing: &Outgoing,
    version: PostVersionId,
    skipped: &[(AccountId, String)],
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    let accounts: Vec<uuid::Uuid> = skipped.iter().map(|(account, _)| account.0).collect();
    let reasons: Vec<String> = skipped.iter().map(|(_, reason)| truncate_chars(reason, 500).to_owned()).collect();
    sqlx::query!(
        "insert into post_skipped (post_version_id, account_id, workspace_id, reason, created_at)
         select $1, s.account_id, $2, s.reason, $5 from unnest($3::uuid[], $4::text[]) as s (account_id, reason)
         on conflict (post_version_id, account_id) do nothing",
        version.0,
        outgoing.workspace.0,
        &accounts,
        &reasons,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// One row per account; one that exists stays as it is.
pub async fn insert_deliveries(
    tx: &mut PgConnection,
    post: PostId,
    version: PostVersionId,
    outgoing: &Outgoing,
    rows: &[(DeliveryId, AccountId, Platform)],
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> ServiceResult<u64> {
    let ids: Vec<uuid::Uuid> = rows.iter().map(|row| row.0.0).collect();
    let accounts: Vec<uuid::Uuid> = rows.iter().map(|row| row.1.0).collect();
    let platforms: Vec<String> = rows.iter().map(|row| row.2.as_str().to_owned()).collect();
    let done = sqlx::query!(
        "insert into deliveries (id, workspace_id, post_id, post_version_id, account_id, platform, idempotency_key, next_attempt_at, due_at,
                                 created_at, updated_at)
         select r.id, $1, $2, $3::uuid, r.account_id, r.platform::platform, ($3::uuid)::text || ':' || r.account_id::text, $7, $7, $8, $8
           from unnest($4::uuid[], $5::uuid[], $6::text[]) as r (id, account_id, platform)
         on conflict on constraint deliveries_idempotency_key_key do nothing",
        outgoing.workspace.0,
        post.0,
        version.0,
        &ids,
        &accounts,
        &platforms,
        due,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected())
}

pub async fn set_post_status(tx: &mut PgConnection, post: PostId, status: PostStatus) -> ServiceResult<()> {
    sqlx::query!(
        "update posts set status = $2::text::post_status where id = $1 and status <> $2::text::post_status",
        post.0,
        status.as_str()
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

// ---- the worker -------------------------------------------------------------------------------------------------------

/// A row that a worker holds.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: DeliveryId,
    pub workspace: uuid::Uuid,
    pub post: PostId,
    pub version: PostVersionId,
    pub account: AccountId,
    pub platform: Platform,
    pub stage: Stage,
    /// This attempt's number, from 1.
    pub attempt: u32,
    pub due_at: DateTime<Utc>,
    pub state: serde_json::Value,
    pub commit_started_at: Option<DateTime<Utc>>,
    pub reconciliations: u32,
    pub refreshed_version: Option<i64>,
}

macro_rules! claimed {
    ($row:ident) => {
        Claimed {
            id: $row.id.into(),
            workspace: $row.workspace_id,
            post: $row.post_id.into(),
            version: $row.post_version_id.into(),
            account: $row.account_id.into(),
            platform: word("platform", &$row.platform)?,
            stage: word("stage", &$row.stage)?,
            attempt: u32::try_from($row.attempts).unwrap_or_default(),
            due_at: $row.due_at,
            state: $row.remote_state,
            commit_started_at: $row.commit_started_at,
            reconciliations: u32::try_from($row.reconciliations).unwrap_or_default(),
            refreshed_version: $row.refreshed_version,
        }
    };
}

/// What one worker may take.
#[derive(Debug)]
pub struct Allowance<'a> {
    pub worker: uuid::Uuid,
    pub now: DateTime<Utc>,
    pub lease_until: DateTime<Utc>,
    pub limit: i64,
    pub per_account: i64,
    /// Platforms at their limit in this process.
    pub full: &'a [String],
}

/// Takes due rows: each workspace's first before any workspace's second, what it has under way counted in, and at most
/// `per_account` of one account at once over all workers. Accounts that have as many are stepped over among a workspace's
/// first thousand rows, or what waits for a silent platform would hide the rest. Workspaces with waiting rows are found by
/// hopping through the index, so the cost does not grow with the number of waiting rows.
pub async fn claim(pool: &PgPool, allowance: &Allowance<'_>) -> ServiceResult<Vec<Claimed>> {
    let Allowance { worker, now, lease_until, limit, per_account, full } = *allowance;
    let rows = sqlx::query!(
        r#"with recursive spaces as (
              (select d.workspace_id from deliveries d where d.status in ('pending', 'retried') order by d.workspace_id limit 1)
              union all
              select (select d.workspace_id from deliveries d
                       where d.status in ('pending', 'retried') and d.workspace_id > s.workspace_id order by d.workspace_id limit 1)
                from spaces s where s.workspace_id is not null
            ), busy as (
              select array_agg(account_id) as accounts from (
                select account_id from deliveries where status = 'publishing' group by account_id having count(*) >= $5) full_ones
            ), due as (
              select q.id, q.next_attempt_at,
                     row_number() over (partition by q.workspace_id order by q.next_attempt_at, q.id) + r.running as turn,
                     row_number() over (partition by q.account_id order by q.next_attempt_at, q.id)
                       + (select count(*) from deliveries b where b.account_id = q.account_id and b.status = 'publishing') as account_turn
                from spaces s
                cross join lateral (
                  select count(*) as running from deliveries b where b.workspace_id = s.workspace_id and b.status = 'publishing'
                ) r
                cross join lateral (
                  select w.id, w.workspace_id, w.account_id, w.next_attempt_at from (
                    select d.id, d.workspace_id, d.account_id, d.next_attempt_at from deliveries d
                     where d.workspace_id = s.workspace_id and d.status in ('pending', 'retried') and d.next_attempt_at <= $2
                       and d.platform::text <> all($6)
                     order by d.next_attempt_at, d.id limit 1000
                  ) w
                   where w.account_id <> all(coalesce((select accounts from busy), '{}'))
                   order by w.next_attempt_at, w.id limit 64
                ) q
               where s.workspace_id is not null
            ), picked as (
              select d.id from deliveries d join due on due.id = d.id
               where d.status in ('pending', 'retried') and d.next_attempt_at <= $2 and due.account_turn <= $5
               order by due.turn, due.next_attempt_at, due.id limit $4
                 for update of d skip locked
            )
            update deliveries d
               set status = 'publishing', attempts = d.attempts + 1, lease_owner = $1, lease_until = $3, next_attempt_at = null
              from picked where d.id = picked.id
            returning d.id, d.workspace_id, d.post_id, d.post_version_id, d.account_id, d.platform::text as "platform!",
                      d.stage::text as "stage!", d.attempts, d.due_at, d.remote_state, d.commit_started_at, d.reconciliations,
                      d.refreshed_version"#,
        worker,
        now,
        lease_until,
        limit,
        per_account,
        full
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    rows.into_iter().map(|row| Ok(claimed!(row))).collect()
}

/// Takes over rows whose worker has gone silent; the interrupted attempt counts, and a new one begins.
pub async fn take_over(pool: &PgPool, allowance: &Allowance<'_>) -> ServiceResult<Vec<Claimed>> {
    let Allowance { worker, now, lease_until, limit, .. } = *allowance;
    let rows = sqlx::query!(
        r#"update deliveries d set attempts = d.attempts + 1, lease_owner = $1, lease_until = $3
            where d.id in (select id from deliveries where status = 'publishing' and lease_until < $2
                            order by lease_until limit $4 for update skip locked)
            returning d.id, d.workspace_id, d.post_id, d.post_version_id, d.account_id, d.platform::text as "platform!",
                      d.stage::text as "stage!", d.attempts, d.due_at, d.remote_state, d.commit_started_at, d.reconciliations,
                      d.refreshed_version"#,
        worker,
        now,
        lease_until,
        limit
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    rows.into_iter().map(|row| Ok(claimed!(row))).collect()
}

/// When the next row becomes due, or a lease runs out.
pub async fn next_due(pool: &PgPool) -> ServiceResult<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"select least((select min(next_attempt_at) from deliveries where status in ('pending', 'retried')),
                        (select min(lease_until) from deliveries where status = 'publishing'))"#
    )
    .fetch_one(pool)
    .await
    .map_err(failed)
}

/// How long the oldest due row has waited, seconds, and how many are due.
pub async fn queue_lag(pool: &PgPool, now: DateTime<Utc>) -> ServiceResult<(f64, i64)> {
    let row = sqlx::query!(
        r#"select coalesce(extract(epoch from $1 - min(next_attempt_at)), 0)::float8 as "lag!", count(*) as "due!"
             from deliveries where status in ('pending', 'retried') and next_attempt_at <= $1"#,
        now
    )
    .fetch_one(pool)
    .await
    .map_err(failed)?;
    Ok((row.lag.max(0.0), row.due))
}

/// Extends this worker's leases; the ids it still holds.
pub async fn renew(
    pool: &PgPool,
    worker: uuid::Uuid,
    ids: &[uuid::Uuid],
    until: DateTime<Utc>,
) -> ServiceResult<Vec<uuid::Uuid>> {
    sqlx::query_scalar!(
        "update deliveries set lease_until = $3 where id = any($2) and status = 'publishing' and lease_owner = $1 returning id",
        worker,
        ids,
        until
    )
    .fetch_all(pool)
    .await
    .map_err(failed)
}

/// All that a delivery needs to be published.
#[derive(Debug)]
pub struct Material {
    pub content: Content,
    pub account_status: AccountStatus,
    pub deleted: bool,
    pub media: Vec<MediaRow>,
}

/// A picture of the post.
#[derive(Debug)]
pub struct MediaRow {
    pub content_type: String,
    pub bytes: u64,
    pub alt_text: Option<String>,
    pub storage_key: String,
}

pub async fn material(tx: &mut PgConnection, claimed: &Claimed) -> ServiceResult<Material> {
    let row = sqlx::query!(
        r#"select v.body, v.link, v.overrides, v.options, v.variations, a.status::text as "status!",
                  p.deleted_at is not null as "deleted!"
             from deliveries d
             join post_versions v on v.id = d.post_version_id
             join posts p on p.id = d.post_id
             join accounts a on a.id = d.account_id
            where d.id = $1"#,
        claimed.id.0
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(failed)?;
    let media = sqlx::query!(
        "select m.content_type, m.bytes, m.alt_text, m.storage_key
           from post_media pm join media m on m.id = pm.media_id where pm.post_version_id = $1 order by pm.position",
        claimed.version.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(Material {
        content: Content {
            body: row.body,
            link: row.link,
            overrides: serde_json::from_value(row.overrides).map_err(ServiceError::internal)?,
            variations: serde_json::from_value(row.variations).map_err(ServiceError::internal)?,
            options: serde_json::from_value(row.options).map_err(ServiceError::internal)?,
        },
        account_status: word("account status", &row.status)?,
        deleted: row.deleted,
        media: media
            .into_iter()
            .map(|row| MediaRow {
                content_type: row.content_type,
                bytes: u64::try_from(row.bytes).unwrap_or_default(),
                alt_text: row.alt_text,
                storage_key: row.storage_key,
            })
            .collect(),
    })
}

/// Posts already known at the account, so that two with equal words are not confused.
pub async fn known_external_ids(tx: &mut PgConnection, account: AccountId) -> ServiceResult<Vec<String>> {
    sqlx::query_scalar!(
        r#"select external_post_id as "id!" from deliveries
            where account_id = $1 and external_post_id is not null order by created_at desc limit 200"#,
        account.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// Saves what has been staged; false when the row is no longer this worker's.
pub async fn save_state(
    pool: &PgPool,
    claimed: &Claimed,
    worker: uuid::Uuid,
    stage: Stage,
    saved: &serde_json::Value,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update deliveries set remote_state = $3, stage = $4::text::delivery_stage
          where id = $1 and status = 'publishing' and lease_owner = $2",
        claimed.id.0,
        worker,
        saved,
        stage.as_str()
    )
    .execute(pool)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// The last thing before the public call: from here on a worker that dies leaves an unknown outcome. False when the row
/// is no longer this worker's.
pub async fn begin_commit(
    pool: &PgPool,
    claimed: &Claimed,
    worker: uuid::Uuid,
    state: &serde_json::Value,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update deliveries set remote_state = $3, stage = 'committing', commit_started_at = coalesce(commit_started_at, $4), lease_until = $5
          where id = $1 and status = 'publishing' and lease_owner = $2 and lease_until > $4",
        claimed.id.0,
        worker,
        state,
        now,
        lease_until
    )
    .execute(pool)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// How an attempt ended, for the row.
#[derive(Debug)]
pub enum Ending<'a> {
    Success {
        external_id: &'a str,
        url: Option<&'a str>,
        at: DateTime<Utc>,
    },
    /// Tried again at `at`; `counts` says whether the attempt is used up.
    Again {
        at: DateTime<Utc>,
        stage: Stage,
        counts: bool,
        message: Option<&'a str>,
        class: Option<ErrorClass>,
        reconciliations: u32,
        refreshed_version: Option<i64>,
    },
    Failed {
        message: &'a str,
        class: ErrorClass,
        needs_person: bool,
    },
    Canceled,
}

/// Ends this worker's hold on the row. False when the row was no longer its own: then another worker decides.
pub async fn finish(
    tx: &mut PgConnection,
    claimed: &Claimed,
    worker: uuid::Uuid,
    ending: &Ending<'_>,
) -> ServiceResult<bool> {
    let done = match ending {
        Ending::Success { external_id, url, at } => {
            sqlx::query!(
                "update deliveries set status = 'success', stage = 'done', lease_owner = null, lease_until = null, external_post_id = $3,
                        external_url = $4, published_at = $5, last_error = null, error_class = null
                  where id = $1 and status = 'publishing' and lease_owner = $2",
                claimed.id.0,
                worker,
                external_id,
                *url,
                at
            )
            .execute(tx)
            .await
        }
        Ending::Again { at, stage, counts, message, class, reconciliations, refreshed_version } => {
            sqlx::query!(
                "update deliveries set status = 'retried', stage = $3::text::delivery_stage, lease_owner = null, lease_until = null,
                        next_attempt_at = $4, attempts = attempts - $5, last_error = $6, error_class = $7::text::error_class,
                        reconciliations = $8, refreshed_version = $9,
                        commit_started_at = case when $3 = 'outcome_unknown' then commit_started_at end
                  where id = $1 and status = 'publishing' and lease_owner = $2",
                claimed.id.0,
                worker,
                stage.as_str(),
                at,
                i32::from(!counts),
                *message,
                class.map(ErrorClass::as_str),
                i32::try_from(*reconciliations).unwrap_or(i32::MAX),
                *refreshed_version
            )
            .execute(tx)
            .await
        }
        Ending::Failed { message, class, needs_person } => {
            sqlx::query!(
                "update deliveries set status = 'failed', stage = case when $5 then 'outcome_unknown'::delivery_stage else 'staging' end,
                        lease_owner = null, lease_until = null, last_error = $3, error_class = $4::text::error_class, needs_person = $5
                  where id = $1 and status = 'publishing' and lease_owner = $2",
                claimed.id.0,
                worker,
                message,
                class.as_str(),
                needs_person
            )
            .execute(tx)
            .await
        }
        Ending::Canceled => {
            sqlx::query!(
                "update deliveries set status = 'canceled', lease_owner = null, lease_until = null
                  where id = $1 and status = 'publishing' and lease_owner = $2",
                claimed.id.0,
                worker
            )
            .execute(tx)
            .await
        }
    }
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// A line of the attempt log.
#[derive(Debug)]
pub struct AttemptRow<'a> {
    pub id: uuid::Uuid,
    pub stage: Stage,
    pub outcome: &'a str,
    pub message: Option<&'a str>,
    pub http_status: Option<u16>,
    pub platform_code: Option<&'a str>,
    pub trace: serde_json::Value,
    pub worker: uuid::Uuid,
    pub started_at: DateTime<Utc>,
    pub duration_ms: i32,
}

pub async fn insert_attempt(tx: &mut PgConnection, claimed: &Claimed, attempt: &AttemptRow<'_>) -> ServiceResult<()> {
    sqlx::query!(
        "insert into delivery_attempts (id, workspace_id, delivery_id, number, stage, outcome, message, http_status, platform_code, trace, worker,
                                        started_at, duration_ms, created_at)
         values ($1, $2, $3, $4, $5::text::delivery_stage, $6, $7, $8, $9, $10, $11, $12, $13, $12)",
        attempt.id,
        claimed.workspace,
        claimed.id.0,
        i32::try_from(claimed.attempt).unwrap_or(i32::MAX),
        attempt.stage.as_str(),
        attempt.outcome,
        attempt.message,
        attempt.http_status.and_then(|status| i16::try_from(status).ok()),
        attempt.platform_code,
        attempt.trace,
        attempt.worker,
        attempt.started_at,
        attempt.duration_ms
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The platform asked for a pause: nothing of this account is due before its end.
pub async fn pause_account(tx: &mut PgConnection, account: AccountId, until: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update deliveries set next_attempt_at = $2
          where account_id = $1 and status in ('pending', 'retried') and next_attempt_at < $2",
        account.0,
        until
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Spam and policy refusals stop the account, not only the post. Whether it was in use.
pub async fn stop_account(tx: &mut PgConnection, account: AccountId, reason: &str) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update accounts set status = 'failed', status_reason = $2 where id = $1 and status = 'connected'",
        account.0,
        reason
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() > 0)
}

/// The account has just answered.
pub async fn account_answered(tx: &mut PgConnection, account: AccountId, at: DateTime<Utc>) -> ServiceResult<()> {
    sqlx::query!(
        "update accounts set last_synced_at = $2 where id = $1 and (last_synced_at is null or last_synced_at < $2::timestamptz - interval '1 minute')",
        account.0,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

// ---- the first comment ------------------------------------------------------------------------------------------------

/// Notes that a comment is to be written below what has just succeeded; false when that was noted before.
pub async fn begin_comment(
    tx: &mut PgConnection,
    claimed: &Claimed,
    comment: &str,
    now: DateTime<Utc>,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "insert into first_comments (delivery_id, workspace_id, body, created_at, updated_at) values ($1, $2, $3, $4, $4)
         on conflict (delivery_id) do nothing",
        claimed.id.0,
        claimed.workspace,
        comment,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// A comment to be written.
#[derive(Debug)]
pub struct CommentRow {
    pub account: AccountId,
    pub platform: Platform,
    /// Below which post.
    pub external_id: Option<String>,
    pub text: String,
    /// This attempt's number, from 1.
    pub attempt: u32,
}

/// Takes a comment that waits, and notes that the call is about to be made: whoever dies from here on leaves a row that
/// nobody takes again. `None` when there is nothing to write.
pub async fn take_comment(
    tx: &mut PgConnection,
    delivery: DeliveryId,
    now: DateTime<Utc>,
) -> ServiceResult<Option<CommentRow>> {
    let row = sqlx::query!(
        r#"update first_comments c set status = 'writing', started_at = $2, attempts = c.attempts + 1
             from deliveries d
            where c.delivery_id = $1 and c.status = 'pending' and d.id = c.delivery_id
            returning d.account_id, d.platform::text as "platform!", d.external_post_id, c.body, c.attempts"#,
        delivery.0,
        now
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(CommentRow {
            account: row.account_id.into(),
            platform: word("platform", &row.platform)?,
            external_id: row.external_post_id,
            text: row.body,
            attempt: u32::try_from(row.attempts).unwrap_or_default(),
        })
    })
    .transpose()
}

/// How a try to write a comment ended.
#[derive(Debug)]
pub enum CommentEnding<'a> {
    Written {
        external_id: &'a str,
    },
    /// Refused for now, and surely not written.
    Again {
        message: &'a str,
        counts: bool,
    },
    Failed {
        message: &'a str,
    },
    Unclear {
        message: &'a str,
    },
}

pub async fn end_comment(
    tx: &mut PgConnection,
    delivery: DeliveryId,
    ending: &CommentEnding<'_>,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    let (status, message, external_id, given_back) = match ending {
        CommentEnding::Written { external_id } => ("written", None, Some(*external_id), 0),
        CommentEnding::Again { message, counts } => ("pending", Some(*message), None, i32::from(!counts)),
        CommentEnding::Failed { message } => ("failed", Some(*message), None, 0),
        CommentEnding::Unclear { message } => ("unclear", Some(*message), None, 0),
    };
    // One that was given up as unclear may still have its answer come in.
    sqlx::query!(
        "update first_comments
            set status = $2::text::comment_status, last_error = $3, external_id = $4, attempts = attempts - $5,
                written_at = case when $2 = 'written' then $6::timestamptz end
          where delivery_id = $1 and status in ('writing', 'unclear')",
        delivery.0,
        status,
        message,
        external_id,
        given_back,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Since when a comment is being written, by whoever has taken it.
pub async fn comment_begun(tx: &mut PgConnection, delivery: DeliveryId) -> ServiceResult<Option<DateTime<Utc>>> {
    let begun = sqlx::query_scalar!(
        "select started_at from first_comments where delivery_id = $1 and status = 'writing'",
        delivery.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(begun.flatten())
}

/// Lets a comment be written once more; false when it is in no state for it.
pub async fn restart_comment(tx: &mut PgConnection, delivery: DeliveryId) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update first_comments set status = 'pending', attempts = 0, started_at = null, last_error = null
          where delivery_id = $1 and status in ('failed', 'unclear')",
        delivery.0
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}
