//! Lists of posts, and what they can be filtered by.

use std::collections::HashMap;

use domain::{
    Actor, MediaId, Page, PageRequest, Platform, PostId, ServiceResult, WorkspaceId,
    posts::{
        PostFacets, PostFilter, PostSort, PostSummary,
        preflight::excerpt,
        schedule,
        search::{Search, search as read_search},
    },
};
use sqlx::PgConnection;

use super::{PostService, still_to_come};
use crate::{
    cursor::{TimeCursor, cut},
    database::Tx,
    features::{
        deliveries,
        media::{self, MediaLinks},
        posts::{
            policy,
            store::{self, SummaryRow, Wanted},
        },
        workspaces,
    },
    search,
};

/// As many authors as a filter offers.
const MAX_AUTHORS: i64 = 100;

impl PostService {
    pub(super) async fn list_posts(&self, actor: &Actor, filter: PostFilter) -> ServiceResult<Page<PostSummary>> {
        policy::read(actor)?;
        filter.check()?;
        let window = filter.page.window()?;
        let after = window.cursor.as_deref().map(TimeCursor::parse).transpose()?;
        let mut tx = self.database.read(actor).await?;
        let Some(wanted) = wanted(&mut tx, actor.workspace_id, &filter).await? else {
            return Ok(Page::empty(window.limit));
        };
        let limit = i64::from(window.limit) + 1;
        let mut rows = store::list(&mut tx, &wanted, filter.sort, after, limit, i64::from(window.offset)).await?;
        let counted = store::by_status(&mut tx, &wanted).await?;
        let total = counted.iter().filter(|one| filter.status.holds(one.status)).map(|one| one.posts).sum();
        let next_cursor = if cut(&mut rows, window.limit) && filter.sort == PostSort::Newest {
            rows.last().map(|row| TimeCursor { at: row.created_at, id: row.id.0 }.encode())
        } else {
            None
        };
        let items = summaries(&mut tx, &self.links, actor.workspace_id, rows).await?;
        Ok(Page { items, total, limit: window.limit, offset: window.offset, next_cursor })
    }

    pub(super) async fn count_facets(&self, actor: &Actor, filter: PostFilter) -> ServiceResult<PostFacets> {
        policy::read(actor)?;
        PostFilter { page: PageRequest::default(), ..filter.clone() }.check()?;
        let mut tx = self.database.read(actor).await?;
        let authors = store::authors(&mut tx, actor.workspace_id, MAX_AUTHORS).await?;
        let statuses = match wanted(&mut tx, actor.workspace_id, &filter).await? {
            Some(wanted) => store::by_status(&mut tx, &wanted).await?,
            None => Vec::new(),
        };
        Ok(PostFacets { total: statuses.iter().map(|one| one.posts).sum(), statuses, authors })
    }
}

/// Rows of a list with what they show of deliveries, accounts and pictures.
pub(in crate::features::posts) async fn summaries(
    tx: &mut PgConnection,
    links: &MediaLinks,
    workspace: WorkspaceId,
    rows: Vec<SummaryRow>,
) -> ServiceResult<Vec<PostSummary>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<PostId> = rows.iter().map(|row| row.id).collect();
    let mut standing = deliveries::in_tx::standing(&mut *tx, &ids).await?;
    // Where no delivery says it: those of the accounts that it would go to.
    let unsent = rows.iter().filter(|row| standing.get(&row.id).is_none_or(|standing| standing.platforms.is_empty()));
    let (to_chosen, to_all): (Vec<&SummaryRow>, Vec<&SummaryRow>) = unsent.partition(|row| row.chosen_accounts);
    let to_chosen: Vec<PostId> = to_chosen.iter().map(|row| row.id).collect();
    let mut chosen =
        if to_chosen.is_empty() { HashMap::new() } else { store::chosen_platforms(&mut *tx, &to_chosen).await? };
    let mut active = if to_all.is_empty() { Vec::new() } else { store::active_platforms(&mut *tx, workspace).await? };
    active.retain(|platform| platform.rules().is_some());
    let pictures: Vec<MediaId> = rows.iter().flat_map(|row| row.media.iter().copied()).collect();
    let assets = media::in_tx::assets(tx, links, workspace, &pictures).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let standing = standing.remove(&row.id).unwrap_or_default();
            let platforms: Vec<Platform> = match (standing.platforms.is_empty(), row.chosen_accounts) {
                (false, _) => standing.platforms,
                (true, true) => chosen.remove(&row.id).unwrap_or_default(),
                (true, false) => active.clone(),
            };
            let shown: Vec<_> = row.media.iter().filter_map(|id| assets.get(id)).collect();
            let thumbnail_url = shown.iter().find_map(|asset| asset.thumbnail_url.clone());
            PostSummary {
                id: row.id,
                excerpt: excerpt(row.title.as_deref(), &row.body),
                title: row.title,
                visibility: row.visibility,
                status: row.status,
                author: row.author,
                platforms,
                media_count: u32::try_from(shown.len()).unwrap_or(u32::MAX),
                thumbnail_url,
                publishes_at: still_to_come(row.status, row.publishes_at),
                at: row.at,
                scheduled_local: row.scheduled_local,
                time_zone: row.time_zone,
                version: row.version,
                deliveries: standing.counts,
                created_at: row.created_at,
            }
        })
        .collect())
}

/// What a filter asks the database for; `None` when nothing can fit it.
async fn wanted(tx: &mut Tx, workspace: WorkspaceId, filter: &PostFilter) -> ServiceResult<Option<Wanted>> {
    let pattern = filter.q.as_deref().map(search::pattern).transpose()?.flatten();
    let search = match filter.q.as_deref().and_then(read_search) {
        Some(Search::Literal(_)) => pattern.map(Search::Literal),
        other => other,
    };
    if filter.platform.is_some_and(|platform| platform.rules().is_none()) {
        return Ok(None);
    }
    let needs_zone = [filter.from, filter.to].into_iter().flatten().any(domain::posts::Bound::needs_zone);
    let zone = if needs_zone { workspaces::in_tx::time_zone(tx, workspace).await? } else { String::new() };
    let zone = schedule::zone(&zone).unwrap_or(chrono_tz::Tz::UTC);
    let statuses: Vec<String> = filter.status.as_slice().iter().map(|status| status.as_str().to_owned()).collect();
    Ok(Some(Wanted {
        workspace,
        statuses: (!statuses.is_empty()).then_some(statuses),
        visibility: filter.visibility,
        platform: filter.platform,
        account: filter.social_account_id,
        author: filter.author_id,
        from: filter.from.map(|from| from.first(zone)),
        to: filter.to.map(|to| to.behind(zone)),
        search,
    }))
}
