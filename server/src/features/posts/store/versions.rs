//! The SQL of a post's history.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    AccountId, MediaId, Platform, PostId, ServiceResult, WorkspaceId,
    platform::PostOptions,
    posts::{
        Content, Override,
        versions::{MeantFor, VersionPart},
    },
    workspaces::Person,
};
use sqlx::{PgConnection, types::Json};

use super::person;
use crate::database::{failed, word};

/// A line of the history.
#[derive(Clone, Debug)]
pub struct HistoryRow {
    pub number: u32,
    pub title: Option<String>,
    /// The first 1,000 characters.
    pub body: String,
    pub author: Person,
    pub changes: Vec<VersionPart>,
    pub restored_from: Option<u32>,
    pub created_at: DateTime<Utc>,
}

/// A version.
#[derive(Clone, Debug)]
pub struct VersionRow {
    pub title: Option<String>,
    pub content: Content,
    pub media: Vec<MediaId>,
    pub meant_for: Option<MeantFor>,
    pub restored_from: Option<u32>,
    pub author: Person,
    pub created_at: DateTime<Utc>,
}

/// The number of a post's current version.
pub async fn current(tx: &mut PgConnection, workspace: WorkspaceId, post: PostId) -> ServiceResult<Option<u32>> {
    let number = sqlx::query_scalar!(
        "select current_version from posts where workspace_id = $1 and id = $2 and deleted_at is null",
        workspace.0,
        post.0
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    Ok(number.map(i32::unsigned_abs))
}

/// Newest first, from below `before`. What a version is for is compared only where both tell it.
pub async fn history(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    before: Option<i32>,
    limit: i64,
    offset: i64,
) -> ServiceResult<Vec<HistoryRow>> {
    let rows = sqlx::query!(
        r#"select h.number as "number!", h.title as "title?", h.body as "body!", h.created_by as "created_by?",
                  u.full_name as "author_name?", h.created_at as "created_at!", h.restored_from as "restored_from?", h.is_first as "is_first!", h.title_changed as "title_changed!",
                  h.text_changed as "text_changed!", h.overrides_changed as "overrides_changed!", h.link_changed as "link_changed!",
                  h.media_changed as "media_changed!", h.variations_changed as "variations_changed!", h.options_changed as "options_changed!", h.schedule_changed as "schedule_changed!",
                  h.accounts_changed as "accounts_changed!"
             from (select v.number, v.title, left(v.body, 1000) as body, v.created_by, v.created_at, v.restored_from,
                          lag(v.number) over w is null as is_first,
                          known and v.title is distinct from lag(v.title) over w as title_changed,
                          v.body is distinct from lag(v.body) over w as text_changed,
                          v.overrides is distinct from lag(v.overrides) over w as overrides_changed,
                          v.link is distinct from lag(v.link) over w as link_changed,
                          v.variations is distinct from lag(v.variations) over w as variations_changed,
                          v.options is distinct from lag(v.options) over w as options_changed,
                          media is distinct from lag(media) over w as media_changed,
                          known and (v.visibility, v.scheduled_local, v.time_zone)
                            is distinct from (lag(v.visibility) over w, lag(v.scheduled_local) over w, lag(v.time_zone) over w)
                            as schedule_changed,
                          known and v.account_ids is distinct from lag(v.account_ids) over w as accounts_changed
                     from (select v.*, v.visibility is not null and lag(v.visibility) over (order by v.number) is not null as known,
                                  array(select m.media_id from post_media m where m.post_version_id = v.id order by m.position) as media
                             from post_versions v
                            where v.workspace_id = $1 and v.post_id = $2) v
                   window w as (order by v.number)) h
             left join users u on u.id = h.created_by
            where $3::integer is null or h.number < $3
            order by h.number desc limit $4 offset $5"#,
        workspace.0,
        post.0,
        before,
        limit,
        offset
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let changed = [
                (row.title_changed, VersionPart::Title),
                (row.text_changed, VersionPart::Text),
                (row.overrides_changed, VersionPart::Overrides),
                (row.variations_changed, VersionPart::Variations),
                (row.options_changed, VersionPart::Options),
                (row.link_changed, VersionPart::Link),
                (row.media_changed, VersionPart::Media),
                (row.schedule_changed, VersionPart::Schedule),
                (row.accounts_changed, VersionPart::Accounts),
            ];
            let changes = changed.into_iter().filter(|(changed, _)| *changed && !row.is_first).map(|(_, part)| part);
            HistoryRow {
                number: row.number.unsigned_abs(),
                title: row.title,
                body: row.body,
                author: person(row.created_by, row.author_name),
                changes: changes.collect(),
                restored_from: row.restored_from.map(i32::unsigned_abs),
                created_at: row.created_at,
            }
        })
        .collect())
}

/// One version of a post that is there.
pub async fn get(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    number: i32,
) -> ServiceResult<Option<VersionRow>> {
    let row = sqlx::query!(
        r#"select v.title as "title?", v.body as "body!", v.link as "link?",
                  v.overrides as "overrides!: Json<BTreeMap<Platform, Override>>",
                  v.variations as "variations!: Json<BTreeMap<AccountId, Override>>",
                  v.options as "options!: Json<BTreeMap<Platform, PostOptions>>",
                  v.visibility::text, v.scheduled_local as "scheduled_local?", v.time_zone as "time_zone?",
                  v.account_ids as "account_ids?", v.restored_from as "restored_from?", v.created_by as "created_by?",
                  u.full_name as "author_name?", v.created_at as "created_at!",
                  array(select m.media_id from post_media m where m.post_version_id = v.id order by m.position) as "media!"
             from post_versions v
             join posts p on p.id = v.post_id and p.deleted_at is null
             left join users u on u.id = v.created_by
            where v.workspace_id = $1 and v.post_id = $2 and v.number = $3"#,
        workspace.0,
        post.0,
        number
    )
    .fetch_optional(tx)
    .await
    .map_err(failed)?;
    row.map(|row| {
        let meant_for = match &row.visibility {
            None => None,
            Some(visibility) => Some(MeantFor {
                visibility: word("post visibility", visibility)?,
                scheduled_local: row.scheduled_local,
                time_zone: row.time_zone,
                account_ids: row.account_ids.map(|ids| ids.into_iter().map(AccountId).collect()),
            }),
        };
        Ok(VersionRow {
            title: row.title,
            content: Content {
                body: row.body,
                link: row.link,
                overrides: row.overrides.0,
                variations: row.variations.0,
                options: row.options.0,
            },
            media: row.media.into_iter().map(MediaId).collect(),
            meant_for,
            restored_from: row.restored_from.map(i32::unsigned_abs),
            author: person(row.created_by, row.author_name),
            created_at: row.created_at,
        })
    })
    .transpose()
}
