//! The SQL of posts.

pub mod approvals;
pub mod queue;
pub mod versions;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDateTime, Utc};
use domain::{
    AccountId, MediaId, Platform, PostId, PostVersionId, ServiceError, ServiceResult, UserId, WorkspaceId,
    platform::PostOptions,
    posts::{
        AuthorCount, Content, Override, PostSort, PostStatus, Skipped, StatusCount, Visibility,
        preflight::{Neighbour, REMEMBERED_DAYS},
        search::Search,
    },
    workspaces::Person,
};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::plan::Timing;
use crate::{
    cursor::TimeCursor,
    database::{failed, one_row, word},
};

/// How long a request's name is remembered, hours.
const KEY_HOURS: i64 = 24;

/// A post with its current version.
#[derive(Clone, Debug)]
pub struct PostRow {
    pub title: Option<String>,
    pub visibility: Visibility,
    pub status: PostStatus,
    pub version: u32,
    pub version_id: PostVersionId,
    pub content: Content,
    /// Whether the current version is rewritten by the next change.
    pub autosaved: bool,
    pub chosen_accounts: bool,
    pub scheduled_at: Option<DateTime<Utc>>,
    pub scheduled_local: Option<NaiveDateTime>,
    pub time_zone: Option<String>,
    pub publishes_at: Option<DateTime<Utc>>,
    pub author: Person,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A line of the list.
#[derive(Clone, Debug)]
pub struct SummaryRow {
    pub id: PostId,
    pub title: Option<String>,
    /// The first 1,000 characters.
    pub body: String,
    pub visibility: Visibility,
    pub status: PostStatus,
    pub chosen_accounts: bool,
    pub publishes_at: Option<DateTime<Utc>>,
    /// When it goes or went out, else when it was written.
    pub at: DateTime<Utc>,
    pub scheduled_local: Option<NaiveDateTime>,
    pub time_zone: Option<String>,
    pub version: u32,
    pub media: Vec<MediaId>,
    pub author: Person,
    pub created_at: DateTime<Utc>,
}

/// Which posts; `over_wanted!` below makes a condition of it.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub workspace: WorkspaceId,
    /// Any of these; `None` for every one.
    pub statuses: Option<Vec<String>>,
    pub visibility: Option<Visibility>,
    pub platform: Option<Platform>,
    pub account: Option<AccountId>,
    pub author: Option<UserId>,
    /// From this moment, and before that one.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// A literal one is a pattern for `ilike`, already escaped.
    pub search: Option<Search>,
}

impl Wanted {
    /// All of a workspace.
    pub const fn all(workspace: WorkspaceId) -> Self {
        Self {
            workspace,
            statuses: None,
            visibility: None,
            platform: None,
            account: None,
            author: None,
            from: None,
            to: None,
            search: None,
        }
    }

    fn words(&self) -> Option<&str> {
        match &self.search {
            Some(Search::Words { words, .. }) => Some(words),
            _ => None,
        }
    }

    const fn open(&self) -> bool {
        matches!(&self.search, Some(Search::Words { open: true, .. }))
    }

    fn pattern(&self) -> Option<&str> {
        match &self.search {
            Some(Search::Literal(pattern)) => Some(pattern),
            _ => None,
        }
    }
}

/// A post to save.
#[derive(Clone, Copy, Debug)]
pub struct NewRow<'a> {
    pub id: PostId,
    pub workspace: WorkspaceId,
    pub author: UserId,
    pub title: Option<&'a str>,
    pub timing: &'a Timing,
    pub status: PostStatus,
    pub publishes_at: Option<DateTime<Utc>>,
    pub chosen_accounts: bool,
    pub at: DateTime<Utc>,
}

/// A version to save.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    pub id: PostVersionId,
    pub workspace: WorkspaceId,
    pub post: PostId,
    pub number: u32,
    pub content: &'a Content,
    pub media: &'a [MediaId],
    pub author: UserId,
    pub autosaved: bool,
    /// The version that is brought back with it.
    pub restored_from: Option<u32>,
    pub at: DateTime<Utc>,
}

fn person(id: Option<Uuid>, name: Option<String>) -> Person {
    // Rows outlive their authors, and who has left the workspace is no longer seen from it.
    Person { id: UserId(id.unwrap_or_default()), name: name.unwrap_or_else(|| "Former member".to_owned()) }
}

/// What the author wants of a post: when it goes out, or would, had it not been taken back.
#[derive(Clone, Debug)]
pub struct Meant {
    visibility: Visibility,
    scheduled_at: Option<DateTime<Utc>>,
    scheduled_local: Option<NaiveDateTime>,
    time_zone: Option<String>,
}

impl Meant {
    /// Just what happens.
    pub fn of(timing: &Timing) -> Self {
        let (scheduled_at, scheduled_local, zone) = schedule(timing);
        Self { visibility: timing.visibility(), scheduled_at, scheduled_local, time_zone: zone.map(str::to_owned) }
    }

    /// What a draft was meant for; `None` for a post that is no draft, or waits with a meaning of its own.
    pub fn kept(row: &PostRow) -> Option<Self> {
        let draft = matches!(row.status, PostStatus::Draft | PostStatus::Approved | PostStatus::Rejected);
        draft.then(|| Self {
            visibility: row.visibility,
            scheduled_at: row.scheduled_at,
            scheduled_local: row.scheduled_local,
            time_zone: row.time_zone.clone(),
        })
    }
}

/// The wall-clock columns of a [`Timing`].
fn schedule(timing: &Timing) -> (Option<DateTime<Utc>>, Option<NaiveDateTime>, Option<&str>) {
    match timing {
        Timing::Scheduled { at, local, zone } => (Some(*at), Some(*local), Some(zone)),
        Timing::Never | Timing::At(_) => (None, None, None),
    }
}

/// How many other posts of the workspace go out within the minute before `at`, or at it; counted up to 1,000.
pub async fn rank(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    at: DateTime<Utc>,
) -> ServiceResult<i16> {
    // `posts_moment_idx` has this expression.
    let others = sqlx::query_scalar!(
        r#"select count(*) as "n!" from (
             select from posts
              where workspace_id = $1 and id <> $2 and deleted_at is null
                and coalesce(publishes_at, created_at) > $3::timestamptz - interval '1 minute'
                and coalesce(publishes_at, created_at) <= $3
              limit 1000) others"#,
        workspace.0,
        post.0,
        at
    )
    .fetch_one(tx)
    .await
    .map_err(failed)?;
    i16::try_from(others).map_err(ServiceError::internal)
}

pub async fn insert(tx: &mut PgConnection, new: &NewRow<'_>) -> ServiceResult<()> {
    let (scheduled_at, scheduled_local, zone) = schedule(new.timing);
    sqlx::query!(
        "insert into posts (id, workspace_id, author_id, title, visibility, status, current_version, chosen_accounts,
                            scheduled_at, scheduled_local, time_zone, publishes_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5::text::post_visibility, $6::text::post_status, 1, $7, $8, $9, $10, $11, $12, $12)",
        new.id.0,
        new.workspace.0,
        new.author.0,
        new.title,
        new.timing.visibility().as_str(),
        new.status.as_str(),
        new.chosen_accounts,
        scheduled_at,
        scheduled_local,
        zone,
        new.publishes_at,
        new.at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// What the version is for stands with the post and its targets, which are written before it.
pub async fn insert_version(tx: &mut PgConnection, new: &NewVersion<'_>) -> ServiceResult<()> {
    let number = |number: u32| i32::try_from(number).map_err(ServiceError::internal);
    sqlx::query!(
        "insert into post_versions (id, workspace_id, post_id, number, body, link, overrides, created_by, created_at, options, variations,
                                    autosaved, restored_from, title, visibility, scheduled_local, time_zone, account_ids)
         select $1, $2, p.id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, p.title, p.visibility, p.scheduled_local, p.time_zone,
                case when p.chosen_accounts
                  then array(select t.account_id from post_targets t where t.post_id = p.id order by t.account_id) end
           from posts p where p.workspace_id = $2 and p.id = $3",
        new.id.0,
        new.workspace.0,
        new.post.0,
        number(new.number)?,
        new.content.body,
        new.content.link,
        Json(&new.content.overrides) as _,
        new.author.0,
        new.at,
        Json(&new.content.options) as _,
        Json(&new.content.variations) as _,
        new.autosaved,
        new.restored_from.map(number).transpose()?
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    insert_media(tx, new).await
}

/// Writes a draft that saves itself in the place of what it was. The database refuses it for any other version.
pub async fn rewrite_version(tx: &mut PgConnection, new: &NewVersion<'_>) -> ServiceResult<()> {
    // The pictures first: once the version is a person's, they can no longer be taken away.
    sqlx::query!("delete from post_media where post_version_id = $1", new.id.0)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    let done = sqlx::query!(
        "update post_versions v
            set body = $2, link = $3, overrides = $4, options = $5, variations = $6, autosaved = $7, title = p.title,
                visibility = p.visibility, scheduled_local = p.scheduled_local, time_zone = p.time_zone,
                account_ids = case when p.chosen_accounts
                  then array(select t.account_id from post_targets t where t.post_id = p.id order by t.account_id) end
           from posts p where v.id = $1 and p.id = v.post_id",
        new.id.0,
        new.content.body,
        new.content.link,
        Json(&new.content.overrides) as _,
        Json(&new.content.options) as _,
        Json(&new.content.variations) as _,
        new.autosaved
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "version")?;
    insert_media(tx, new).await
}

async fn insert_media(tx: &mut PgConnection, new: &NewVersion<'_>) -> ServiceResult<()> {
    if new.media.is_empty() {
        return Ok(());
    }
    let media: Vec<Uuid> = new.media.iter().map(|id| id.0).collect();
    sqlx::query!(
        "insert into post_media (post_version_id, position, workspace_id, media_id, created_at)
         select $1, position - 1, $2, media_id, $4 from unnest($3::uuid[]) with ordinality as given (media_id, position)",
        new.id.0,
        new.workspace.0,
        &media,
        new.at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Makes `accounts` the chosen ones of a post.
pub async fn set_targets(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    accounts: &[AccountId],
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    let accounts: Vec<Uuid> = accounts.iter().map(|id| id.0).collect();
    sqlx::query!(
        "delete from post_targets where workspace_id = $1 and post_id = $2 and account_id <> all($3)",
        workspace.0,
        post.0,
        &accounts
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    if accounts.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into post_targets (post_id, account_id, workspace_id, created_at)
         select $1, account_id, $2, $4 from unnest($3::uuid[]) as given (account_id)
         on conflict (post_id, account_id) do nothing",
        post.0,
        workspace.0,
        &accounts,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Locks a post against the selector, the worker and other writers; false when it is not there. A statement of its
/// own: one that joined the version would judge it by what was true before the wait.
pub async fn lock(tx: &mut PgConnection, workspace: WorkspaceId, id: PostId) -> ServiceResult<bool> {
    let found = sqlx::query_scalar!(
        "select id from posts where workspace_id = $1 and id = $2 and deleted_at is null for update",
        workspace.0,
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(found.is_some())
}

pub async fn get(tx: &mut PgConnection, workspace: WorkspaceId, id: PostId) -> ServiceResult<Option<PostRow>> {
    let row = sqlx::query!(
        r#"select p.title, p.visibility::text as "visibility!", p.status::text as "status!", p.current_version,
                  p.chosen_accounts, p.scheduled_at, p.scheduled_local, p.time_zone, p.publishes_at, p.author_id,
                  u.full_name as "author_name?", p.created_at, p.updated_at, v.id as version_id, v.body, v.link,
                  v.overrides as "overrides: Json<BTreeMap<Platform, Override>>",
                  v.options as "options: Json<BTreeMap<Platform, PostOptions>>",
                  v.variations as "variations: Json<BTreeMap<AccountId, Override>>", v.autosaved
             from posts p
             join post_versions v on v.post_id = p.id and v.number = p.current_version
             left join users u on u.id = p.author_id
            where p.workspace_id = $1 and p.id = $2 and p.deleted_at is null"#,
        workspace.0,
        id.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(PostRow {
            title: row.title,
            visibility: word("post visibility", &row.visibility)?,
            status: word("post status", &row.status)?,
            version: row.current_version.unsigned_abs(),
            version_id: row.version_id.into(),
            content: Content {
                body: row.body,
                link: row.link,
                overrides: row.overrides.0,
                variations: row.variations.0,
                options: row.options.0,
            },
            autosaved: row.autosaved,
            chosen_accounts: row.chosen_accounts,
            scheduled_at: row.scheduled_at,
            scheduled_local: row.scheduled_local,
            time_zone: row.time_zone,
            publishes_at: row.publishes_at,
            author: person(row.author_id, row.author_name),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    })
    .transpose()
}

/// The draft that a person wrote last and has not saved.
pub async fn left(tx: &mut PgConnection, workspace: WorkspaceId, author: UserId) -> ServiceResult<Option<PostId>> {
    let id = sqlx::query_scalar!(
        "select p.id
           from posts p
           join post_versions v on v.post_id = p.id and v.number = p.current_version
          where p.workspace_id = $1 and p.author_id = $2 and p.status = 'draft' and p.deleted_at is null and v.autosaved
          order by p.updated_at desc, p.id desc
          limit 1",
        workspace.0,
        author.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(id.map(PostId))
}

/// The pictures of a version, in order.
pub async fn media_of(tx: &mut PgConnection, version: PostVersionId) -> ServiceResult<Vec<MediaId>> {
    let ids =
        sqlx::query_scalar!("select media_id from post_media where post_version_id = $1 order by position", version.0)
            .fetch_all(tx)
            .await
            .map_err(failed)?;
    Ok(ids.into_iter().map(MediaId).collect())
}

/// The chosen accounts of a post.
pub async fn targets_of(tx: &mut PgConnection, post: PostId) -> ServiceResult<Vec<AccountId>> {
    let ids = sqlx::query_scalar!("select account_id from post_targets where post_id = $1 order by account_id", post.0)
        .fetch_all(tx)
        .await
        .map_err(failed)?;
    Ok(ids.into_iter().map(AccountId).collect())
}

/// A post's next version, or the same one rewritten.
#[derive(Clone, Debug)]
pub struct Advance<'a> {
    /// The version it is at.
    pub from: u32,
    pub version: u32,
    pub title: Option<&'a str>,
    pub meant: Meant,
    pub status: PostStatus,
    pub publishes_at: Option<DateTime<Utc>>,
    pub chosen_accounts: bool,
}

/// Puts a post on its next version.
pub async fn advance(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    next: &Advance<'_>,
) -> ServiceResult<()> {
    let done = sqlx::query!(
        "update posts
            set current_version = $3, title = $4, visibility = $5::text::post_visibility, status = $6::text::post_status,
                chosen_accounts = $7, scheduled_at = $8, scheduled_local = $9, time_zone = $10, publishes_at = $11
          where workspace_id = $1 and id = $2 and current_version = $12 and deleted_at is null",
        workspace.0,
        id.0,
        i32::try_from(next.version).map_err(ServiceError::internal)?,
        next.title,
        next.meant.visibility.as_str(),
        next.status.as_str(),
        next.chosen_accounts,
        next.meant.scheduled_at,
        next.meant.scheduled_local,
        next.meant.time_zone,
        next.publishes_at,
        i32::try_from(next.from).map_err(ServiceError::internal)?
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "post")
}

/// How many posts of some accounts are looked at for what is near a new one.
const NEIGHBOURS: i64 = 400;

/// What the accounts have had lately or are about to get, apart from the post `but`: deliveries that were not refused,
/// and scheduled posts, which have none yet.
pub async fn neighbours(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    accounts: &[AccountId],
    but: Option<PostId>,
    now: DateTime<Utc>,
) -> ServiceResult<Vec<Neighbour>> {
    let ids: Vec<Uuid> = accounts.iter().map(|id| id.0).collect();
    let since = now - chrono::Duration::days(REMEMBERED_DAYS);
    let rows = sqlx::query!(
        r#"select d.account_id, coalesce(d.published_at, d.next_attempt_at, d.created_at) as "at!", v.body, v.link,
                  v.overrides as "overrides: Json<BTreeMap<Platform, Override>>",
                  v.options as "options: Json<BTreeMap<Platform, PostOptions>>",
                  v.variations as "variations: Json<BTreeMap<AccountId, Override>>",
                  exists (select from post_media m where m.post_version_id = v.id) as "has_media!"
             from deliveries d join post_versions v on v.id = d.post_version_id
            where d.account_id = any($1) and d.created_at > $2 and d.status not in ('failed', 'canceled')
              and ($3::uuid is null or d.post_id <> $3)
            order by d.created_at desc limit $4"#,
        &ids,
        since,
        but.map(|post| post.0),
        NEIGHBOURS
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;
    let mut found: Vec<Neighbour> = rows
        .into_iter()
        .map(|row| Neighbour {
            account_id: row.account_id.into(),
            at: row.at,
            content: Content {
                body: row.body,
                link: row.link,
                overrides: row.overrides.0,
                variations: row.variations.0,
                options: row.options.0,
            },
            has_media: row.has_media,
        })
        .collect();
    let rows = sqlx::query!(
        r#"select p.publishes_at as "at!", p.chosen_accounts, v.body, v.link,
                  v.overrides as "overrides: Json<BTreeMap<Platform, Override>>",
                  v.options as "options: Json<BTreeMap<Platform, PostOptions>>",
                  v.variations as "variations: Json<BTreeMap<AccountId, Override>>",
                  exists (select from post_media m where m.post_version_id = v.id) as "has_media!",
                  array(select t.account_id from post_targets t where t.post_id = p.id and t.account_id = any($2)) as "chosen!"
             from posts p join post_versions v on v.post_id = p.id and v.number = p.current_version
            where p.workspace_id = $1 and p.status in ('scheduled', 'pending_approval') and p.deleted_at is null
              and p.publishes_at is not null
              and ($3::uuid is null or p.id <> $3)
            order by p.created_at desc limit $4"#,
        workspace.0,
        &ids,
        but.map(|post| post.0),
        NEIGHBOURS
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    for row in rows {
        let content = Content {
            body: row.body,
            link: row.link,
            overrides: row.overrides.0,
            variations: row.variations.0,
            options: row.options.0,
        };
        for id in if row.chosen_accounts { &row.chosen } else { &ids } {
            let neighbour = Neighbour {
                account_id: AccountId(*id),
                at: row.at,
                content: content.clone(),
                has_media: row.has_media,
            };
            found.push(neighbour);
        }
    }
    Ok(found)
}

/// Takes a post back. What its author wanted of it stays.
pub async fn take_back(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    status: PostStatus,
) -> ServiceResult<()> {
    let done = sqlx::query!(
        "update posts set status = $3::text::post_status, publishes_at = null
          where workspace_id = $1 and id = $2 and deleted_at is null",
        workspace.0,
        id.0,
        status.as_str()
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "post")
}

/// Who was left out of a version when it went out, by name.
pub async fn skipped(tx: &mut PgConnection, version: PostVersionId) -> ServiceResult<Vec<Skipped>> {
    let rows = sqlx::query!(
        r#"select s.account_id, a.display_name, a.platform::text as "platform!", s.reason
             from post_skipped s join accounts a on a.id = s.account_id
            where s.post_version_id = $1 order by lower(a.display_name), a.id"#,
        version.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(Skipped {
                social_account_id: row.account_id.into(),
                account_name: row.display_name,
                platform: word("platform", &row.platform)?,
                reason: row.reason,
            })
        })
        .collect()
}

pub async fn mark_deleted(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    id: PostId,
    at: DateTime<Utc>,
) -> ServiceResult<()> {
    let done = sqlx::query!(
        "update posts set deleted_at = $3 where workspace_id = $1 and id = $2 and deleted_at is null",
        workspace.0,
        id.0,
        at
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    one_row(done.rows_affected(), "post")
}

/// A query over the posts that are wanted, so that a list and what is counted beside it cannot differ. A post goes to a platform
/// or an account when a delivery does; before there are any, when a chosen account is it, or, without a choice, when it is
/// switched on. Eleven parameters; those of `$end` follow.
macro_rules! over_wanted {
    ($select:tt, $end:tt, $wanted:expr $(, $more:expr)* $(,)?) => {
        sqlx::query!(
            $select
                + r#"
             from posts p
             join post_versions v on v.post_id = p.id and v.number = p.current_version
             left join users u on u.id = p.author_id
             left join posts_matching(search_query($9::text, $10::boolean)) m on m.version_id = v.id
            where p.workspace_id = $1 and p.deleted_at is null
              and ($2::text[] is null or p.status = any ($2::text[]::post_status[]))
              and ($3::text is null
                   or exists (select from deliveries d where d.post_id = p.id and d.platform = $3::text::platform)
                   or (not exists (select from deliveries d where d.post_id = p.id)
                       and case when p.chosen_accounts
                             then exists (select from post_targets t join accounts a on a.id = t.account_id
                                           where t.post_id = p.id and a.platform = $3::text::platform)
                             else exists (select from accounts a
                                           where a.workspace_id = $1 and a.platform = $3::text::platform
                                             and a.is_active and a.status = 'connected') end))
              and ($4::uuid is null
                   or exists (select from deliveries d where d.post_id = p.id and d.account_id = $4)
                   or (not exists (select from deliveries d where d.post_id = p.id)
                       and case when p.chosen_accounts
                             then exists (select from post_targets t where t.post_id = p.id and t.account_id = $4)
                             else exists (select from accounts a
                                           where a.workspace_id = $1 and a.id = $4
                                             and a.is_active and a.status = 'connected') end))
              and ($5::uuid is null or p.author_id = $5)
              and ($6::text is null or p.visibility = $6::text::post_visibility)
              and ($7::timestamptz is null or coalesce(p.publishes_at, p.created_at) >= $7)
              and ($8::timestamptz is null or coalesce(p.publishes_at, p.created_at) < $8)
              and ($9::text is null or m.version_id is not null)
              and ($11::text is null or v.body ilike $11 or p.title ilike $11 or v.link ilike $11)"#
                + $end,
            $wanted.workspace.0,
            $wanted.statuses.as_deref(),
            $wanted.platform.map(Platform::as_str),
            $wanted.account.map(|id| id.0),
            $wanted.author.map(|id| id.0),
            $wanted.visibility.map(Visibility::as_str),
            $wanted.from,
            $wanted.to,
            $wanted.words(),
            $wanted.open(),
            $wanted.pattern()
            $(, $more)*
        )
    };
}

/// Newest first, behind `after`; by relevance without.
pub async fn list(
    tx: &mut PgConnection,
    wanted: &Wanted,
    sort: PostSort,
    after: Option<TimeCursor>,
    limit: i64,
    offset: i64,
) -> ServiceResult<Vec<SummaryRow>> {
    let rows = over_wanted!(
        r#"select p.id as "id!", p.title as "title?", left(v.body, 1000) as "body!", p.visibility::text as "visibility!",
                  p.status::text as "status!", p.chosen_accounts as "chosen_accounts!", p.publishes_at as "publishes_at?",
                  coalesce(p.publishes_at, p.created_at) as "at!", p.scheduled_local as "scheduled_local?",
                  p.time_zone as "time_zone?", p.current_version as "current_version!", p.author_id as "author_id?",
                  u.full_name as "author_name?", p.created_at as "created_at!",
                  array(select m.media_id from post_media m where m.post_version_id = v.id order by m.position) as "media!""#,
        r#"
              and ($13::timestamptz is null or (p.created_at, p.id) < ($13, $14::uuid))
            order by case when $12::boolean then m.rank end desc nulls last, p.created_at desc, p.id desc limit $15 offset $16"#,
        wanted,
        sort == PostSort::Relevance,
        after.map(|cursor| cursor.at),
        after.map(|cursor| cursor.id),
        limit,
        offset,
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            Ok(SummaryRow {
                id: row.id.into(),
                title: row.title,
                body: row.body,
                visibility: word("post visibility", &row.visibility)?,
                status: word("post status", &row.status)?,
                chosen_accounts: row.chosen_accounts,
                publishes_at: row.publishes_at,
                at: row.at,
                scheduled_local: row.scheduled_local,
                time_zone: row.time_zone,
                version: row.current_version.unsigned_abs(),
                media: row.media.into_iter().map(MediaId).collect(),
                author: person(row.author_id, row.author_name),
                created_at: row.created_at,
            })
        })
        .collect()
}

/// How many [`list`] would find in each state, whatever states are wanted.
pub async fn by_status(tx: &mut PgConnection, wanted: &Wanted) -> ServiceResult<Vec<StatusCount>> {
    let any = Wanted { statuses: None, ..wanted.clone() };
    let rows = over_wanted!(
        r#"select p.status::text as "status!", count(*) as "posts!""#,
        r#" group by p.status order by p.status"#,
        any,
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| Ok(StatusCount { status: word("post status", &row.status)?, posts: row.posts }))
        .collect()
}

/// Who has written posts, those with most first. Who has left the workspace cannot be told from another who has.
pub async fn authors(tx: &mut PgConnection, workspace: WorkspaceId, limit: i64) -> ServiceResult<Vec<AuthorCount>> {
    let rows = sqlx::query!(
        r#"select u.id, u.full_name, count(*) as "posts!"
             from posts p join users u on u.id = p.author_id
            where p.workspace_id = $1 and p.deleted_at is null
            group by u.id, u.full_name order by count(*) desc, u.full_name, u.id limit $2"#,
        workspace.0,
        limit
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows
        .into_iter()
        .map(|row| AuthorCount { author: Person { id: row.id.into(), name: row.full_name }, posts: row.posts })
        .collect())
}

/// Seconds between saving and going out.
pub async fn undo_seconds(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<u16> {
    let seconds = sqlx::query_scalar!("select undo_seconds from workspaces where id = $1", workspace.0)
        .fetch_optional(tx)
        .await
        .map_err(failed)?
        .ok_or_else(|| ServiceError::not_found("workspace"))?;
    Ok(seconds.unsigned_abs())
}

/// The platforms of the chosen accounts, per post.
pub async fn chosen_platforms(
    tx: &mut PgConnection,
    posts: &[PostId],
) -> ServiceResult<HashMap<PostId, Vec<Platform>>> {
    let ids: Vec<Uuid> = posts.iter().map(|post| post.0).collect();
    let rows = sqlx::query!(
        r#"select t.post_id, a.platform::text as "word!"
             from post_targets t join accounts a on a.id = t.account_id
            where t.post_id = any($1) group by t.post_id, a.platform order by t.post_id, a.platform"#,
        &ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let mut platforms: HashMap<PostId, Vec<Platform>> = HashMap::new();
    for row in rows {
        platforms.entry(row.post_id.into()).or_default().push(word("platform", &row.word)?);
    }
    Ok(platforms)
}

/// The platforms of all accounts that are connected and switched on.
pub async fn active_platforms(tx: &mut PgConnection, workspace: WorkspaceId) -> ServiceResult<Vec<Platform>> {
    let words = sqlx::query_scalar!(
        r#"select platform::text as "word!" from accounts
            where workspace_id = $1 and is_active and status = 'connected' group by platform order by platform"#,
        workspace.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    words.iter().map(|name| word("platform", name)).collect()
}

/// Title and first words of a post whose current version shows the picture and is not wholly out.
pub async fn needing_picture(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    picture: MediaId,
) -> ServiceResult<Option<(Option<String>, String)>> {
    let row = sqlx::query!(
        r#"select p.title, left(v.body, 1000) as "body!"
             from post_media m
             join post_versions v on v.id = m.post_version_id
             join posts p on p.id = v.post_id and p.current_version = v.number
            where m.workspace_id = $1 and m.media_id = $2 and p.deleted_at is null and p.status <> 'published'
            order by p.created_at desc limit 1"#,
        workspace.0,
        picture.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| (row.title, row.body)))
}

/// Whether a post shows the asset that was approved, and is on its way.
pub async fn settled_with(tx: &mut PgConnection, workspace: WorkspaceId, asset: MediaId) -> ServiceResult<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from post_media m
                            join post_versions v on v.id = m.post_version_id
                            join posts p on p.id = v.post_id and p.current_version = v.number
                           where m.workspace_id = $1 and m.media_id = $2 and p.deleted_at is null
                             and p.status in ('approved', 'scheduled', 'publishing')) as "found!""#,
        workspace.0,
        asset.0
    )
    .fetch_one(tx)
    .await
    .map_err(failed)
}

/// A post that shows an asset.
#[derive(Clone, Debug)]
pub struct UseRow {
    pub post: PostId,
    pub title: Option<String>,
    pub body: String,
    pub status: PostStatus,
}

/// The posts whose current version shows the asset, newest first.
pub async fn uses(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    asset: MediaId,
    limit: i64,
) -> ServiceResult<Vec<UseRow>> {
    let rows = sqlx::query!(
        r#"select p.id, p.title, left(v.body, 1000) as "body!", p.status::text as "status!"
             from post_media m
             join post_versions v on v.id = m.post_version_id
             join posts p on p.id = v.post_id and p.current_version = v.number
            where m.workspace_id = $1 and m.media_id = $2 and p.deleted_at is null
            order by p.created_at desc, p.id desc limit $3"#,
        workspace.0,
        asset.0,
        limit
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            let status = word("post status", &row.status)?;
            Ok(UseRow { post: row.id.into(), title: row.title, body: row.body, status })
        })
        .collect()
}

/// What a request's name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub post: PostId,
    pub request_hash: Vec<u8>,
}

/// What was made under this name within the last 24 hours.
pub async fn remembered(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    key: &str,
    now: DateTime<Utc>,
) -> ServiceResult<Option<Remembered>> {
    let row = sqlx::query!(
        "select post_id, request_hash from idempotency_keys where workspace_id = $1 and key = $2 and created_at > $3",
        workspace.0,
        key,
        now - chrono::Duration::hours(KEY_HOURS)
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| Remembered { post: row.post_id.into(), request_hash: row.request_hash }))
}

/// Takes a name for a post that the same transaction has just inserted; false when it is taken. Whoever else is about
/// to take it is waited for.
pub async fn remember(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    key: &str,
    as_what: &Remembered,
    now: DateTime<Utc>,
) -> ServiceResult<bool> {
    sqlx::query!(
        "delete from idempotency_keys where workspace_id = $1 and key = $2 and created_at <= $3",
        workspace.0,
        key,
        now - chrono::Duration::hours(KEY_HOURS)
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    let done = sqlx::query!(
        "insert into idempotency_keys (workspace_id, key, request_hash, post_id, created_at) values ($1, $2, $3, $4, $5)
         on conflict (workspace_id, key) do nothing",
        workspace.0,
        key,
        as_what.request_hash,
        as_what.post.0,
        now
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}
