//! Who takes which row: claiming, taking over, renewing.

use chrono::{DateTime, Utc};
use domain::{AccountId, DeliveryId, Platform, PostId, PostVersionId, ServiceResult, deliveries::Stage};
use sqlx::PgPool;

use crate::database::{failed, word};

/// A row that a worker holds.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: DeliveryId,
    /// Of the claim that took it: whoever writes to the row shows it.
    pub lease: Lease,
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
    /// Since when an earlier public call, to which there was no clear answer, may have brought it out.
    pub in_doubt_since: Option<DateTime<Utc>>,
    /// The same, with this attempt's own call.
    pub commit_started_at: Option<DateTime<Utc>>,
    pub reconciliations: u32,
    pub refreshed_version: Option<i64>,
}

macro_rules! claimed {
    ($row:ident, $lease:expr) => {
        Claimed {
            id: $row.id.into(),
            lease: $lease,
            workspace: $row.workspace_id,
            post: $row.post_id.into(),
            version: $row.post_version_id.into(),
            account: $row.account_id.into(),
            platform: word("platform", &$row.platform)?,
            stage: word("stage", &$row.stage)?,
            attempt: u32::try_from($row.attempts).unwrap_or_default(),
            due_at: $row.due_at,
            state: $row.remote_state,
            in_doubt_since: $row.commit_started_at,
            commit_started_at: $row.commit_started_at,
            reconciliations: u32::try_from($row.reconciliations).unwrap_or_default(),
            refreshed_version: $row.refreshed_version,
        }
    };
}

/// By which a claim holds its rows, new with each. Not by its worker's name: a worker may claim a row that it still has in hand, when
/// the lease has run out or the database has forgotten the claim in a crash, and then the first hold must not count as the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease(pub uuid::Uuid);

/// A row in hand.
pub type Hold = (DeliveryId, Lease);

/// What one claim may take.
#[derive(Debug)]
pub struct Allowance<'a> {
    pub lease: Lease,
    pub now: DateTime<Utc>,
    pub lease_until: DateTime<Utc>,
    pub limit: i64,
    pub per_account: i64,
    pub room: &'a Room,
}

/// How many more of each platform may run in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Platforms of which some run already, and what is left of their room.
    pub platforms: Vec<String>,
    pub left: Vec<i64>,
    /// Of any other platform.
    pub otherwise: i64,
}

impl Claimed {
    pub const fn hold(&self) -> Hold {
        (self.id, self.lease)
    }
}

impl Room {
    /// Of this one.
    pub fn of(&self, platform: Platform) -> i64 {
        let at = self.platforms.iter().position(|one| one == platform.as_str());
        at.and_then(|at| self.left.get(at)).copied().unwrap_or(self.otherwise)
    }
}

/// Where a look through the accounts with waiting rows goes on; the default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    workspace: uuid::Uuid,
    account: uuid::Uuid,
}

/// Accounts with waiting rows that one look goes through.
pub const ACCOUNTS_AT_ONCE: i32 = 64;

/// An account with waiting rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub workspace: uuid::Uuid,
    pub account: AccountId,
    pub platform: Platform,
}

/// What a look brought.
#[derive(Debug, Default)]
pub struct Look {
    pub claimed: Vec<Claimed>,
    /// All accounts that have waiting rows, where one look went through them all and took something.
    pub all: Option<Vec<Waiting>>,
}

/// Takes due rows, oldest first per account and at most `per_account` of one at once over all workers: of the accounts looked
/// through, each workspace's first before any workspace's second, what it has under way counted in.
///
/// A look goes through [`ACCOUNTS_AT_ONCE`] accounts from `place` on, which it moves; where it finds nothing the next one
/// follows, at most once around. An account is one step through the index, which leads to its first row, so the cost does not
/// grow with the number of waiting rows, and an account that waits for a silent platform hides nothing.
pub async fn claim(pool: &PgPool, allowance: &Allowance<'_>, place: &mut Place) -> ServiceResult<Look> {
    let started = *place;
    let mut at_the_beginning = started == Place::default();
    loop {
        let (rows, next, walked) = claim_from(pool, allowance, *place, None).await?;
        let next = if rows.is_empty() { place_after(pool, *place, allowance.now).await? } else { next };
        let all = walked.filter(|_| *place == Place::default() && next.is_none());
        let around = match next {
            Some(next) => at_the_beginning && started != Place::default() && next >= started,
            None => at_the_beginning,
        };
        at_the_beginning |= next.is_none();
        *place = next.unwrap_or_default();
        if around || !rows.is_empty() {
            return Ok(Look { claimed: rows, all });
        }
    }
}

/// The same of these accounts alone, each found at once: going through all takes a step for every account, also for those that
/// are busy.
pub async fn claim_of(pool: &PgPool, allowance: &Allowance<'_>, accounts: &[Waiting]) -> ServiceResult<Vec<Claimed>> {
    Ok(claim_from(pool, allowance, Place::default(), Some(accounts)).await?.0)
}

/// One look; where the next begins if it did not come to the end, and which accounts it went through if it took something.
async fn claim_from(
    pool: &PgPool,
    allowance: &Allowance<'_>,
    from: Place,
    of: Option<&[Waiting]>,
) -> ServiceResult<(Vec<Claimed>, Option<Place>, Option<Vec<Waiting>>)> {
    let workspaces = of.map(|of| of.iter().map(|one| one.workspace).collect::<Vec<_>>());
    let accounts = of.map(|of| of.iter().map(|one| one.account.0).collect::<Vec<_>>());
    let Allowance { lease, now, lease_until, limit, per_account, room } = *allowance;
    let rows = sqlx::query!(
        r#"with recursive walked as (
              (select d.workspace_id, d.account_id, d.platform, d.next_attempt_at, d.id, 1 as n from deliveries d
                where $12::uuid[] is null
                  and d.status in ('pending', 'retried') and (d.workspace_id, d.account_id) > ($7::uuid, $8::uuid)
                order by d.workspace_id, d.account_id, d.next_attempt_at, d.id limit 1)
              union all
              select next.workspace_id, next.account_id, next.platform, next.next_attempt_at, next.id, h.n + 1
                from walked h
                cross join lateral (
                  select d.workspace_id, d.account_id, d.platform, d.next_attempt_at, d.id from deliveries d
                   where d.status in ('pending', 'retried') and (d.workspace_id, d.account_id) > (h.workspace_id, h.account_id)
                   order by d.workspace_id, d.account_id, d.next_attempt_at, d.id limit 1
                ) next
               where h.n < $9::int
            ), hops as (
              select * from walked
              union all
              select d.workspace_id, d.account_id, d.platform, d.next_attempt_at, d.id, 0
                from unnest($12::uuid[], $13::uuid[]) as of (workspace_id, account_id)
                cross join lateral (
                  select d.workspace_id, d.account_id, d.platform, d.next_attempt_at, d.id from deliveries d
                   where d.status in ('pending', 'retried') and d.workspace_id = of.workspace_id and d.account_id = of.account_id
                   order by d.next_attempt_at, d.id limit 1
                ) d
            ), busy as materialized (
              select workspace_id, account_id, count(*) as n from deliveries where status = 'publishing' group by 1, 2
            ), free as (
              select h.*, $5::bigint - coalesce(b.n, 0) as room, coalesce(r.room, $11::bigint) as of_platform
                from hops h
                left join busy b on b.account_id = h.account_id
                left join unnest($6::text[], $10::bigint[]) as r (platform, room) on r.platform = h.platform::text
               where h.next_attempt_at <= $2
            ), firsts as (
              select workspace_id, account_id, platform, of_platform, id, next_attempt_at from free where room > 0
              union all
              -- Where an account may have several at once.
              select f.workspace_id, f.account_id, f.platform, f.of_platform, d.id, d.next_attempt_at
                from free f
                cross join lateral (
                  select d.id, d.next_attempt_at from deliveries d
                   where d.workspace_id = f.workspace_id and d.account_id = f.account_id and d.status in ('pending', 'retried')
                     and d.next_attempt_at <= $2 and (d.next_attempt_at, d.id) > (f.next_attempt_at, f.id)
                   order by d.next_attempt_at, d.id limit f.room - 1
                ) d
               where f.room > 1
            ), turns as (
              select f.*,
                     row_number() over (partition by f.workspace_id order by f.next_attempt_at, f.id)
                       + coalesce((select sum(b.n) from busy b where b.workspace_id = f.workspace_id), 0) as turn
                from firsts f
            ), candidates as (
              -- More than are taken: other workers may hold some of them at this moment. Of a platform never more than may run.
              select * from (select t.*, row_number() over (partition by t.platform order by t.turn, t.next_attempt_at, t.id) as nth
                               from turns t) t
               where nth <= of_platform
               order by turn, next_attempt_at, id limit $4::bigint * 4
            ), unhurried as materialized (
              -- Nothing is lost with a claim that a crash of the database undoes: its rows wait again, and the mark before the public
              -- call, which is written through, finds them no longer held.
              select set_config('synchronous_commit', 'off', true)
            ), picked as (
              -- By all that stands in the index of waiting rows: the planner, which takes it for as empty as it mostly is, would
              -- otherwise look for each id through the whole of it.
              select d.id
                from candidates c
                cross join unhurried
                join deliveries d on (d.workspace_id, d.account_id, d.next_attempt_at, d.id)
                                   = (c.workspace_id, c.account_id, c.next_attempt_at, c.id)
               where d.status in ('pending', 'retried')
               order by c.turn, c.next_attempt_at, c.id limit $4::bigint
                 for update of d skip locked
            ), claimed as (
              update deliveries d
                 set status = 'publishing', attempts = d.attempts + 1, lease_owner = $1, lease_until = $3, next_attempt_at = null
                from picked where d.id = picked.id
              returning d.id, d.workspace_id, d.post_id, d.post_version_id, d.account_id, d.platform::text as platform,
                        d.stage::text as stage, d.attempts, d.due_at, d.remote_state, d.commit_started_at, d.reconciliations,
                        d.refreshed_version
            )
            select c.id as "id!", c.workspace_id as "workspace_id!", c.post_id as "post_id!", c.post_version_id as "post_version_id!",
                   c.account_id as "account_id!", c.platform as "platform!", c.stage as "stage!", c.attempts as "attempts!",
                   c.due_at as "due_at!", c.remote_state as "remote_state!", c.commit_started_at as "commit_started_at?",
                   c.reconciliations as "reconciliations!", c.refreshed_version as "refreshed_version?",
                   h.workspace_id as "next_workspace?", h.account_id as "next_account?",
                   w.workspaces as "walked_workspaces?", w.accounts as "walked_accounts?", w.platforms as "walked_platforms?"
              from claimed c
              left join walked h on h.n = $9::int
              -- Once is enough.
              left join (select array_agg(workspace_id) as workspaces, array_agg(account_id) as accounts,
                                array_agg(platform::text) as platforms
                           from walked) w on c.id = (select id from claimed limit 1)"#,
        lease.0,
        now,
        lease_until,
        limit,
        per_account,
        &room.platforms,
        from.workspace,
        from.account,
        ACCOUNTS_AT_ONCE,
        &room.left,
        room.otherwise,
        workspaces.as_deref(),
        accounts.as_deref()
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let mut walked = None;
    for row in &rows {
        let (Some(workspaces), Some(accounts), Some(platforms)) =
            (&row.walked_workspaces, &row.walked_accounts, &row.walked_platforms)
        else {
            continue;
        };
        let mut all = Vec::with_capacity(accounts.len());
        for ((workspace, account), platform) in workspaces.iter().zip(accounts).zip(platforms) {
            all.push(Waiting {
                workspace: *workspace,
                account: AccountId(*account),
                platform: word("platform", platform)?,
            });
        }
        walked = Some(all);
    }
    let next = rows.first().and_then(|row| Some(Place { workspace: row.next_workspace?, account: row.next_account? }));
    let rows = rows.into_iter().map(|row| Ok(claimed!(row, lease))).collect::<ServiceResult<_>>()?;
    Ok((rows, next, walked))
}

/// Where a look that begins at `from` ends, unless it comes to the end, or nothing is due anywhere.
async fn place_after(pool: &PgPool, from: Place, now: DateTime<Utc>) -> ServiceResult<Option<Place>> {
    let row = sqlx::query!(
        r#"with recursive hops as (
              (select d.workspace_id, d.account_id, 1 as n from deliveries d
                where d.status in ('pending', 'retried') and (d.workspace_id, d.account_id) > ($1::uuid, $2::uuid)
                order by d.workspace_id, d.account_id limit 1)
              union all
              select next.workspace_id, next.account_id, h.n + 1
                from hops h
                cross join lateral (
                  select d.workspace_id, d.account_id from deliveries d
                   where d.status in ('pending', 'retried') and (d.workspace_id, d.account_id) > (h.workspace_id, h.account_id)
                   order by d.workspace_id, d.account_id limit 1
                ) next
               where h.n < $3::int
            )
            select workspace_id as "workspace!", account_id as "account!" from hops
             where n = $3::int
               and exists (select from deliveries d where d.status in ('pending', 'retried') and d.next_attempt_at <= $4)"#,
        from.workspace,
        from.account,
        ACCOUNTS_AT_ONCE,
        now
    )
    .fetch_optional(pool)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| Place { workspace: row.workspace, account: row.account }))
}

/// Takes over rows whose worker has gone silent; the interrupted attempt counts, and a new one begins. `in_hand` are the caller's own,
/// which it has not lost: their leases may only have been renewed too late.
pub async fn take_over(
    pool: &PgPool,
    allowance: &Allowance<'_>,
    in_hand: &[DeliveryId],
) -> ServiceResult<Vec<Claimed>> {
    let in_hand: Vec<uuid::Uuid> = in_hand.iter().map(|id| id.0).collect();
    let Allowance { lease, now, lease_until, limit, room, .. } = *allowance;
    let rows = sqlx::query!(
        r#"with silent as (
              select d.id, d.lease_until, coalesce(r.room, $7::bigint) as room,
                     row_number() over (partition by d.platform order by d.lease_until, d.id) as nth
                from deliveries d left join unnest($5::text[], $6::bigint[]) as r (platform, room) on r.platform = d.platform::text
               where d.status = 'publishing' and d.lease_until < $2 and d.id <> all($8)
           )
           update deliveries d set attempts = d.attempts + 1, lease_owner = $1, lease_until = $3
            where d.id in (select h.id from silent join deliveries h using (id)
                            where nth <= room and h.status = 'publishing' and h.lease_until < $2
                            order by silent.lease_until limit $4 for update of h skip locked)
            returning d.id, d.workspace_id, d.post_id, d.post_version_id, d.account_id, d.platform::text as "platform!",
                      d.stage::text as "stage!", d.attempts, d.due_at, d.remote_state, d.commit_started_at, d.reconciliations,
                      d.refreshed_version"#,
        lease.0,
        now,
        lease_until,
        limit,
        &room.platforms,
        &room.left,
        room.otherwise,
        &in_hand
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    rows.into_iter().map(|row| Ok(claimed!(row, lease))).collect()
}

/// The database's own time.
pub async fn time(pool: &PgPool) -> ServiceResult<DateTime<Utc>> {
    sqlx::query_scalar!(r#"select clock_timestamp() as "time!""#).fetch_one(pool).await.map_err(failed)
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

/// Extends these holds; how many still are.
pub async fn renew(pool: &PgPool, holds: &[Hold], until: DateTime<Utc>) -> ServiceResult<u64> {
    let (ids, leases): (Vec<uuid::Uuid>, Vec<uuid::Uuid>) = holds.iter().map(|(id, lease)| (id.0, lease.0)).unzip();
    let done = sqlx::query!(
        "with held as materialized (
           select id from deliveries d join unnest($1::uuid[], $2::uuid[]) as h (id, lease) using (id)
            where d.status = 'publishing' and d.lease_owner = lease order by id for update of d
         )
         update deliveries d set lease_until = $3 from held where d.id = held.id",
        &ids,
        &leases,
        until
    )
    .execute(pool)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected())
}
