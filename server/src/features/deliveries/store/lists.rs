//! Reading: lists, counts and attempts, as people and programs ask for them.

use chrono::{DateTime, Utc};
use domain::{
    DeliveryId, Platform, ServiceError, ServiceResult,
    deliveries::{
        DeadLetterReason, Delivery, DeliveryAttempt, DeliveryCounts, DeliveryFigures, DeliveryFilter, DeliveryStatus,
        ErrorClass, FigureStep, FirstComment, Outcome, Stage,
    },
    workspaces::LATEST,
};
use sqlx::PgConnection;

use crate::{
    cursor::TimeCursor,
    database::{failed, word},
    search,
};

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
    pub class: Option<&'static str>,
    /// What an [`Outcome`] comes to.
    pub outcome: OutcomeFilter,
    pub id: Option<uuid::Uuid>,
}

/// The columns that make an [`Outcome`].
#[derive(Debug, Default)]
pub struct OutcomeFilter {
    statuses: Option<Vec<String>>,
    stage: Option<&'static str>,
    needs_person: Option<bool>,
}

impl From<Outcome> for OutcomeFilter {
    fn from(outcome: Outcome) -> Self {
        Self {
            statuses: Some(outcome.statuses().iter().map(|status| status.as_str().to_owned()).collect()),
            stage: outcome.stage().map(Stage::as_str),
            needs_person: outcome.needs_person(),
        }
    }
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
            class: filter.error_class.map(ErrorClass::as_str),
            outcome: filter.outcome.map(OutcomeFilter::from).unwrap_or_default(),
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
        let stage: Stage = word("stage", &self.stage)?;
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
            stage,
            outcome: Outcome::of(status, stage, self.needs_person),
            attempts: u32::try_from(self.attempts).unwrap_or_default(),
            max_attempts,
            last_error: self.last_error,
            error_class: class,
            advice: class.and_then(|class| class.advice(status, self.needs_person)).map(str::to_owned),
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
        r#"with page as materialized (
              -- First which, through the index that has their order; then what is shown beside them.
              select d.* from deliveries d
              where ($1::uuid is null or d.post_id = $1)
                and ($2::uuid is null or d.account_id = $2)
                and ($3::text[] is null or d.status = any($3::text[]::delivery_status[]))
                and ($4::text is null or d.platform = $4::text::platform)
                and ($5::uuid is null or d.id = $5)
                and ($10::text is null or d.last_error ilike $10 or d.external_post_id ilike $10
                     or exists (select from posts p where p.id = d.post_id and p.title ilike $10)
                     or exists (select from post_versions v where v.id = d.post_version_id and v.body ilike $10)
                     or exists (select from accounts a where a.id = d.account_id and (a.display_name ilike $10 or a.handle ilike $10)))
                and ($6::timestamptz is null or (d.created_at, d.id) < ($6, $7::uuid))
                and ($11::text is null or d.error_class = $11::text::error_class)
                and ($12::bool is null or d.needs_person = $12)
                and ($13::text is null or d.stage = $13::text::delivery_stage)
                and ($14::text[] is null or d.status = any($14::text[]::delivery_status[]))
               order by d.created_at desc, d.id desc limit $8 offset $9
           )
           select d.id, d.post_id, d.account_id, d.platform::text as "platform!", d.status::text as "status!", d.stage::text as "stage!",
                  d.attempts, d.last_error, d.error_class::text as error_class, d.needs_person, d.external_post_id, d.external_url,
                  d.next_attempt_at, d.published_at, d.created_at, d.updated_at,
                  a.display_name, p.title, v.number, left(v.body, 600) as "body!",
                  c.body as "comment?", c.status::text as comment_status, c.last_error as comment_error,
                  c.external_id as "comment_id?"
             from page d
             left join first_comments c on c.delivery_id = d.id
             join accounts a on a.id = d.account_id
             join posts p on p.id = d.post_id
             join post_versions v on v.id = d.post_version_id
            order by d.created_at desc, d.id desc"#,
        filter.post,
        filter.account,
        filter.statuses.as_deref() as Option<&[String]>,
        filter.platform,
        filter.id,
        after.as_ref().map(|after| after.at),
        after.as_ref().map(|after| after.id),
        limit,
        offset,
        filter.pattern.as_deref(),
        filter.class,
        filter.outcome.needs_person,
        filter.outcome.stage,
        filter.outcome.statuses.as_deref() as Option<&[String]>
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
                   or exists (select from accounts a where a.id = d.account_id and (a.display_name ilike $5 or a.handle ilike $5)))
              and ($6::text is null or d.error_class = $6::text::error_class)
              and ($7::bool is null or d.needs_person = $7)
              and ($8::text is null or d.stage = $8::text::delivery_stage)
              and ($9::text[] is null or d.status = any($9::text[]::delivery_status[]))"#,
        filter.post,
        filter.account,
        filter.statuses.as_deref() as Option<&[String]>,
        filter.platform,
        filter.pattern.as_deref(),
        filter.class,
        filter.outcome.needs_person,
        filter.outcome.stage,
        filter.outcome.statuses.as_deref() as Option<&[String]>
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// The workspace's deliveries by status, and what the platforms have said of those that are not final.
pub async fn counts(tx: &mut PgConnection) -> ServiceResult<DeliveryCounts> {
    // Two looks, each through its index: few are watched, and of the others no stage is needed.
    let rows = sqlx::query!(
        r#"select status::text as "status!", null as stage, count(*) as "n!" from deliveries group by 1
            union all
           select status::text, stage::text, count(*) from deliveries
            where status in ('publishing', 'retried') and stage in ('processing', 'with_creator') group by 1, 2"#
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let mut counts = DeliveryCounts::default();
    for row in rows {
        let status: DeliveryStatus = word("delivery status", &row.status)?;
        let n = u32::try_from(row.n).unwrap_or(u32::MAX);
        match row.stage {
            None => counts.add(status, n),
            Some(stage) => counts.note(Outcome::of(status, word("stage", &stage)?, false), n),
        }
    }
    Ok(counts)
}

/// What ended between `from` and `to`, in all and in `steps` equal steps. Looks at what was made since `made_after`, so that
/// the years before cost nothing.
pub async fn figures(
    tx: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    made_after: DateTime<Utc>,
    steps: i32,
) -> ServiceResult<DeliveryFigures> {
    let rows = sqlx::query!(
        r#"with ended as (
              select case when status = 'success' then published_at else updated_at end as at, status = 'success' as is_public,
                     greatest(extract(epoch from published_at - due_at)::float8, 0) as seconds
                from deliveries where status in ('success', 'failed') and created_at > $3
           )
           select least(width_bucket(extract(epoch from at)::float8, extract(epoch from $1::timestamptz)::float8,
                                     extract(epoch from $2::timestamptz)::float8, $4), $4) as step,
                  count(*) filter (where is_public) as "published!", count(*) filter (where not is_public) as "failed!",
                  percentile_cont(0.5) within group (order by seconds) filter (where is_public) as median
             from ended where at >= $1 and at <= $2
            group by grouping sets ((1), ())"#,
        from,
        to,
        made_after,
        steps
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let length = (to - from) / steps.max(1);
    let mut figures = DeliveryFigures {
        steps: (0..steps)
            .map(|step| FigureStep { from: from + length * step, published: 0, failed: 0, median_seconds: None })
            .collect(),
        ..DeliveryFigures::default()
    };
    for row in rows {
        let (published, failed) =
            (u32::try_from(row.published).unwrap_or(u32::MAX), u32::try_from(row.failed).unwrap_or(u32::MAX));
        match row.step {
            None => {
                (figures.published, figures.failed, figures.median_seconds) = (published, failed, row.median);
            }
            Some(number) => {
                let step = usize::try_from(number - 1).ok().and_then(|index| figures.steps.get_mut(index));
                if let Some(step) = step {
                    (step.published, step.failed, step.median_seconds) = (published, failed, row.median);
                }
            }
        }
    }
    Ok(figures)
}

/// The failed ones by reason, the most frequent first.
pub async fn dead_letters(tx: &mut PgConnection) -> ServiceResult<Vec<DeadLetterReason>> {
    let rows = sqlx::query!(
        r#"select error_class::text as "class!", count(*) as "n!", count(*) filter (where needs_person) as "needing_person!",
                  array_agg(distinct platform::text) as "platforms!", max(updated_at) as "latest_at!"
             from deliveries where status = 'failed' and error_class is not null group by 1 order by 2 desc, 1"#
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            let class: ErrorClass = word("error class", &row.class)?;
            let advice = class.advice(DeliveryStatus::Failed, row.needing_person == row.n);
            Ok(DeadLetterReason {
                error_class: class,
                title: class.title().to_owned(),
                what_happened: class.what_happened().to_owned(),
                what_to_do: advice.unwrap_or_default().to_owned(),
                count: u32::try_from(row.n).unwrap_or(u32::MAX),
                needing_person: u32::try_from(row.needing_person).unwrap_or(u32::MAX),
                platforms: row
                    .platforms
                    .iter()
                    .map(|platform| word("platform", platform))
                    .collect::<ServiceResult<_>>()?,
                latest_at: row.latest_at,
            })
        })
        .collect()
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
