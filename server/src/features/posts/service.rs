//! What happens to posts.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AccountId, Actor, MediaId, Page, PageRequest, Platform, PostId, PostVersionId, ServiceError, ServiceResult,
    WorkspaceId,
    accounts::{Account, Accounts, Creator},
    audit::Action,
    clock::{Clock, Ids},
    media::MediaAsset,
    platform::PostOptions,
    posts::{
        ApprovalStep, CheckedPost, Content, IdempotencyKey, NewPost, Post, PostFacets, PostFilter, PostPatch, PostSort,
        PostStatus, PostSummary, PostToCheck, Posts, Targets, Visibility,
        preflight::{self, Advice, excerpt},
        schedule,
        search::{Search, search as read_search},
        versions::{Comparison, PostVersion, VersionSummary},
    },
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::{
    approvals::Noted,
    plan::{self, Timing},
    policy, queue,
    store::{self, Advance, Meant, NewRow, NewVersion, PostRow, Remembered, SummaryRow, Wanted},
};
use crate::{
    cursor::{TimeCursor, cut},
    database::{Database, Tx},
    features::{
        audit::in_tx::{Entry, record},
        deliveries::{
            self, Selector, SendOff,
            jobs::{PrepareMedia, SelectTargets},
        },
        media::{self, MediaLinks},
    },
    jobs::{enqueue, enqueue_ranked},
    search,
};

/// Fulfils [`Posts`].
#[derive(Clone)]
pub struct PostService {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) accounts: Arc<dyn Accounts>,
    links: MediaLinks,
    selector: Selector,
}

impl fmt::Debug for PostService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostService")
    }
}

/// A post worked out and allowed, ready to be written.
struct Plan {
    title: Option<String>,
    content: Content,
    media: Vec<MediaId>,
    timing: Timing,
    chosen: Option<Vec<AccountId>>,
    autosaved: bool,
    /// The version that is brought back with it.
    restored_from: Option<u32>,
    /// Whether it waits for somebody's word before it goes out.
    awaits: bool,
}

impl Plan {
    const fn status(&self) -> PostStatus {
        if self.awaits { PostStatus::PendingApproval } else { self.timing.status() }
    }

    /// While it waits, the time that is asked for.
    const fn publishes_at(&self) -> Option<DateTime<Utc>> {
        match self.timing {
            Timing::At(_) if self.awaits => None,
            _ => self.timing.publishes_at(),
        }
    }
}

/// What a change is beside its words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// The version that is brought back with it.
    pub restored_from: Option<u32>,
    /// Whether it asks for approval, whoever makes it.
    pub asks: bool,
}

/// A version that leaves for its accounts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving<'a> {
    pub post: PostId,
    pub version: PostVersionId,
    pub chosen: Option<&'a [AccountId]>,
    pub content: &'a Content,
    pub has_media: bool,
    pub timing: &'a Timing,
}

/// Where a version is written.
#[derive(Clone, Copy)]
enum Place {
    /// Beside those before.
    New(u32),
    /// In the place of a draft that saved itself.
    Rewritten(PostVersionId, u32),
}

/// What there is to know about a post before it is worked out.
struct Known<'a> {
    /// Those the workspace has connected.
    accounts: &'a [Account],
    /// Those that have an earlier version of it.
    taken: &'a [AccountId],
    /// What creators may choose, where it is known.
    creators: Vec<Creator>,
    /// Whether variations were written just now.
    fresh_variations: bool,
    /// Whether the accounts were chosen just now, and not long ago in a draft, where one may have been disconnected
    /// since.
    fresh_choice: bool,
}

impl PostService {
    pub fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        accounts: Arc<dyn Accounts>,
        links: MediaLinks,
        selector: Selector,
    ) -> Self {
        Self { database, clock, ids, accounts, links, selector }
    }

    /// What TikTok's creators may choose, if the post makes such choices. Asked before a transaction is opened, like the
    /// accounts.
    pub(super) async fn creators(&self, actor: &Actor, wanted: bool) -> ServiceResult<Vec<Creator>> {
        if wanted { self.accounts.creators(actor).await } else { Ok(Vec::new()) }
    }

    /// Works a post out, and refuses what cannot be.
    async fn plan(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: PostId,
        post: &NewPost,
        known: Known<'_>,
        now: DateTime<Utc>,
    ) -> ServiceResult<Plan> {
        post.check(now).into_result()?;
        let chosen = plan::chosen(post.account_ids.as_deref());
        let timing = if post.queue {
            queue::take(tx, actor.workspace_id, id, chosen.as_deref(), now).await?
        } else {
            let zone = match (post.visibility, &post.time_zone) {
                (Visibility::Scheduled, None) => store::time_zone(tx, actor.workspace_id).await?,
                _ => String::new(),
            };
            Timing::of(post, &zone, now)?
        };
        let content = post.content();
        let pictures = self.pictures(tx, actor, &post.media_assets).await?;
        if known.fresh_variations {
            plan::known_variations(&content, known.accounts)?;
        }
        if timing.goes_out() {
            let mut targets = plan::targets(chosen.as_deref(), known.accounts, known.taken)?;
            plan::with_creators(&mut targets, known.creators);
            plan::preflight(&content, &pictures, &targets)?;
        } else if let (Some(chosen), true) = (&chosen, known.fresh_choice) {
            // A draft may be unfinished, so no platform is asked; but it names only what is ours.
            plan::known(chosen, known.accounts)?;
        }
        let title = post.title.as_deref().map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned);
        let (media, autosaved) = (post.media_assets.clone(), post.autosave);
        Ok(Plan { title, content, media, timing, chosen, autosaved, restored_from: None, awaits: false })
    }

    /// The pictures in order, held until the transaction ends.
    pub(super) async fn pictures(&self, tx: &mut Tx, actor: &Actor, ids: &[MediaId]) -> ServiceResult<Vec<MediaAsset>> {
        let mut found = media::in_tx::hold(tx, &self.links, actor.workspace_id, ids).await?;
        ids.iter()
            .enumerate()
            .map(|(index, id)| {
                found.remove(id).ok_or_else(|| {
                    let message = format!("Picture {} is not in this workspace. Upload it again.", index + 1);
                    ServiceError::field("media_assets", message)
                })
            })
            .collect()
    }

    /// Saves a version with what hangs on it, and what sends it out, unless it waits for approval.
    async fn write_version(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        post: PostId,
        place: Place,
        plan: &Plan,
        now: DateTime<Utc>,
    ) -> ServiceResult<()> {
        let (id, number) = match place {
            Place::New(number) => (PostVersionId(self.ids.next()), number),
            Place::Rewritten(id, number) => (id, number),
        };
        let version = NewVersion {
            id,
            workspace: actor.workspace_id,
            post,
            number,
            content: &plan.content,
            media: &plan.media,
            author: actor.user_id,
            autosaved: plan.autosaved,
            restored_from: plan.restored_from,
            at: now,
        };
        store::set_targets(tx, actor.workspace_id, post, plan.chosen.as_deref().unwrap_or_default(), now).await?;
        match place {
            Place::New(_) => store::insert_version(tx, &version).await?,
            Place::Rewritten(..) => store::rewrite_version(tx, &version).await?,
        }
        if plan.awaits {
            return Ok(());
        }
        let chosen = plan.chosen.as_deref();
        let (content, has_media) = (&plan.content, !plan.media.is_empty());
        let leaving = Leaving { post, version: id, chosen, content, has_media, timing: &plan.timing };
        self.send(tx, actor, &leaving, now).await
    }

    /// What sends a version out: its deliveries at once, or a job that makes them when its time has come.
    pub(super) async fn send(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        leaving: &Leaving<'_>,
        now: DateTime<Utc>,
    ) -> ServiceResult<()> {
        if leaving.has_media && !matches!(leaving.timing, Timing::Never) {
            let prepare = PrepareMedia { workspace_id: actor.workspace_id, version_id: leaving.version };
            enqueue(tx, &prepare, None).await?;
        }
        match leaving.timing {
            Timing::Never => Ok(()),
            // They wait for the end of the undo window by themselves.
            Timing::At(at) => {
                let sent = SendOff {
                    post: leaving.post,
                    version: leaving.version,
                    workspace: actor.workspace_id,
                    chosen: leaving.chosen,
                    variations: &leaving.content.variations,
                    at: *at,
                    scheduled: false,
                };
                self.selector.send_off(tx, &sent, now).await
            }
            Timing::Scheduled { at, .. } => {
                let select = SelectTargets { post_id: leaving.post, version_id: leaving.version };
                // A workspace's hundredth post of nine o'clock comes after the first ones of all others.
                let rank = store::rank(tx, actor.workspace_id, leaving.post, *at).await?;
                enqueue_ranked(tx, &select, Some(*at), rank).await
            }
        }
    }

    /// The post made under `key` before, if there is one.
    async fn replay(&self, actor: &Actor, key: &IdempotencyKey, hash: &[u8]) -> ServiceResult<Option<Post>> {
        let mut tx = self.database.tenant(actor).await?;
        let now = self.clock.now();
        let Some(known) = store::remembered(&mut tx, actor.workspace_id, key.as_str(), now).await? else {
            return Ok(None);
        };
        if known.request_hash != hash {
            return Err(ServiceError::conflict(
                "This Idempotency-Key was used for another post. Use a new key for each post.",
            ));
        }
        let post = self.load(&mut tx, actor, known.post).await.map_err(|error| match error.code() {
            domain::ErrorCode::NotFound => {
                ServiceError::conflict("The post made with this Idempotency-Key was deleted.")
            }
            _ => error,
        })?;
        tx.commit().await?;
        Ok(Some(post))
    }

    pub(super) async fn load(&self, tx: &mut Tx, actor: &Actor, id: PostId) -> ServiceResult<Post> {
        let row = store::get(tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        let ids = store::media_of(tx, row.version_id).await?;
        let mut assets = media::in_tx::assets(tx, &self.links, actor.workspace_id, &ids).await?;
        let account_ids = if row.chosen_accounts { Some(store::targets_of(tx, id).await?) } else { None };
        let standing = deliveries::in_tx::standing(tx, &[id]).await?.remove(&id).unwrap_or_default();
        let skipped = store::skipped(tx, row.version_id).await?;
        let approval = store::approvals::of_post(tx, actor.workspace_id, id, 1).await?.pop();
        Ok(Post {
            id,
            title: row.title,
            body: row.content.body,
            link: row.content.link,
            overrides: row.content.overrides,
            variations: row.content.variations,
            options: row.content.options,
            autosaved: row.autosaved,
            // A picture removed after the post went out is shown nowhere any more.
            media: ids.iter().filter_map(|id| assets.remove(id)).collect(),
            visibility: row.visibility,
            status: row.status,
            version: row.version,
            author: row.author,
            account_ids,
            publishes_at: still_to_come(row.status, row.publishes_at),
            scheduled_at: row.scheduled_at,
            scheduled_local: row.scheduled_local,
            time_zone: row.time_zone,
            deliveries: standing.counts,
            skipped,
            approval,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    /// Makes a new version with what a patch says. It waits for approval where it would go out and whoever makes it may not
    /// publish, or where the one before waits and nothing is said about when it goes out.
    pub(super) async fn change(
        &self,
        actor: &Actor,
        id: PostId,
        patch: PostPatch,
        manner: Manner,
    ) -> ServiceResult<Post> {
        policy::draft(actor)?;
        let accounts = plan::connected(self.accounts.as_ref(), actor).await?;
        // What the post chose before may be the choice still, so nothing says that nobody need be asked.
        let creators = self.creators(actor, true).await?;
        let mut tx = self.database.tenant(actor).await?;
        let row = locked(&mut tx, actor, id).await?;
        policy::change(actor, row.author.id)?;
        if patch.autosave && !row.autosaved {
            return Err(ServiceError::conflict("This post has been saved meanwhile, so it no longer saves itself."));
        }
        if patch.version.is_some_and(|version| version != row.version) {
            return Err(ServiceError::conflict("Somebody else has changed this post meanwhile. Reload it first."));
        }
        if (PostPatch { version: None, ..patch.clone() }) == PostPatch::default() {
            return self.load(&mut tx, actor, id).await;
        }
        check_targets(&patch, row.chosen_accounts)?;
        let before = told(&self.load(&mut tx, actor, id).await?);
        let now = self.clock.now();
        match row.status {
            PostStatus::Publishing | PostStatus::Scheduled => {
                deliveries::in_tx::cancel_untouched(&mut tx, id).await?;
            }
            PostStatus::Failed | PostStatus::PartlyPublished => {
                deliveries::in_tx::replace_refused(&mut tx, id).await?;
            }
            PostStatus::Published => {
                return Err(ServiceError::conflict("This post is out, so it can no longer be changed."));
            }
            PostStatus::Draft | PostStatus::PendingApproval | PostStatus::Approved | PostStatus::Rejected => {}
        }
        let taken = deliveries::in_tx::taken(&mut tx, id).await?;
        if !taken.is_empty() && patch.visibility == Some(Visibility::Private) {
            return Err(ServiceError::field(
                "visibility",
                "A part of this post is public, so it cannot become private.",
            ));
        }
        let rules = store::approvals::policy(&mut tx, actor.workspace_id).await?;
        let waited = row.status == PostStatus::PendingApproval;
        let held_back = manner.asks || rules.holds_back(actor.role) || (waited && patch.visibility.is_none());
        let (fresh_choice, fresh_variations) = (patch.account_ids.is_some(), patch.variations.is_some());
        let kept_meaning = Meant::kept(&row).filter(|_| patch.visibility.is_none());
        let from = row.version;
        let place =
            if row.autosaved { Place::Rewritten(row.version_id, from) } else { Place::New(from.saturating_add(1)) };
        let (Place::New(number) | Place::Rewritten(_, number)) = place;
        let media = store::media_of(&mut tx, row.version_id).await?;
        let chosen = if row.chosen_accounts { Some(store::targets_of(&mut tx, id).await?) } else { None };
        let post = merge(row, media, chosen, patch);
        let known = Known { accounts: &accounts, taken: &taken, creators, fresh_variations, fresh_choice };
        let queued = post.queue;
        let mut plan = self.plan(&mut tx, actor, id, &post, known, now).await?;
        plan.restored_from = manner.restored_from;
        plan.awaits = held_back && plan.timing.goes_out();
        if !queued {
            queue::release_unless(&mut tx, actor.workspace_id, id, &plan.timing).await?;
        }
        let advance = Advance {
            from,
            version: number,
            title: plan.title.as_deref(),
            meant: kept_meaning.unwrap_or_else(|| Meant::of(&plan.timing)),
            status: plan.status(),
            publishes_at: plan.publishes_at(),
            chosen_accounts: plan.chosen.is_some(),
        };
        store::advance(&mut tx, actor.workspace_id, id, &advance).await?;
        self.write_version(&mut tx, actor, id, place, &plan, now).await?;
        let mut changed = self.load(&mut tx, actor, id).await?;
        let name = called(changed.title.as_deref(), &changed.body);
        // A draft that saves itself every few seconds is on the record when it is begun, and when somebody saves it.
        if !changed.autosaved {
            record(&mut tx, Entry::by(actor, Action::PostChanged, now).on(id, &name).changed(before, told(&changed)));
        }
        let step = match (plan.awaits, plan.timing.goes_out(), waited) {
            (true, ..) => Some((ApprovalStep::Requested, number)),
            // By somebody who may: saving is publishing.
            (false, true, true) => Some((ApprovalStep::Approved, number)),
            (false, false, true) => Some((ApprovalStep::Withdrawn, from)),
            (false, _, false) => None,
        };
        if let Some((step, version)) = step {
            self.note(&mut tx, actor, &Noted { post: id, name: &name, version, step, note: None }, now).await?;
            changed = self.load(&mut tx, actor, id).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// A version with its pictures as far as they are there, and the ids of all that it had.
    async fn load_version(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: PostId,
        number: u32,
    ) -> ServiceResult<(PostVersion, Vec<MediaId>)> {
        let current = store::versions::current(tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        let wanted = i32::try_from(number).map_err(|_| absent_version())?;
        let row = store::versions::get(tx, actor.workspace_id, id, wanted).await?.ok_or_else(absent_version)?;
        let mut assets = media::in_tx::assets(tx, &self.links, actor.workspace_id, &row.media).await?;
        let version = PostVersion {
            number,
            current: number == current,
            author: row.author,
            title: row.title,
            content: row.content,
            media: row.media.iter().filter_map(|id| assets.remove(id)).collect(),
            meant_for: row.meant_for,
            restored_from: row.restored_from,
            created_at: row.created_at,
        };
        Ok((version, row.media))
    }
}

/// Rows of a list with what they show of deliveries, accounts and pictures.
pub(super) async fn summaries(
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

#[async_trait]
impl Posts for PostService {
    async fn create(&self, actor: &Actor, post: NewPost, key: Option<IdempotencyKey>) -> ServiceResult<Post> {
        policy::draft(actor)?;
        let hash = request_hash(&post)?;
        // First of all: what was right yesterday (a time that lay ahead) need not be right now.
        if let Some(key) = &key
            && let Some(made) = self.replay(actor, key, &hash).await?
        {
            return Ok(made);
        }
        let now = self.clock.now();
        post.check(now).into_result()?;
        let accounts = match (post.visibility, &post.account_ids) {
            (Visibility::Private, None) if post.variations.is_empty() => Vec::new(),
            _ => plan::connected(self.accounts.as_ref(), actor).await?,
        };
        let creators = self.creators(actor, makes_tiktok_choices(&post.options)).await?;

        let mut tx = self.database.tenant(actor).await?;
        let known = Known { accounts: &accounts, taken: &[], creators, fresh_variations: true, fresh_choice: true };
        let id = PostId(self.ids.next());
        let mut plan = self.plan(&mut tx, actor, id, &post, known, now).await?;
        let rules = store::approvals::policy(&mut tx, actor.workspace_id).await?;
        plan.awaits = plan.timing.goes_out() && rules.holds_back(actor.role);
        let row = NewRow {
            id,
            workspace: actor.workspace_id,
            author: actor.user_id,
            title: plan.title.as_deref(),
            timing: &plan.timing,
            status: plan.status(),
            publishes_at: plan.publishes_at(),
            chosen_accounts: plan.chosen.is_some(),
            at: now,
        };
        store::insert(&mut tx, &row).await?;
        if let Some(key) = &key {
            let remembered = Remembered { post: id, request_hash: hash.to_vec() };
            if !store::remember(&mut tx, actor.workspace_id, key.as_str(), &remembered, now).await? {
                // The same request came in twice at once; the other was first, and has committed.
                drop(tx);
                return self.replay(actor, key, &hash).await?.ok_or_else(|| {
                    ServiceError::conflict("Another request with this Idempotency-Key is under way. Try again.")
                });
            }
        }
        self.write_version(&mut tx, actor, id, Place::New(1), &plan, now).await?;
        let mut made = self.load(&mut tx, actor, id).await?;
        let name = called(made.title.as_deref(), &made.body);
        record(&mut tx, Entry::by(actor, Action::PostCreated, now).on(id, &name).is(told(&made)));
        if plan.awaits {
            let step = Noted { post: id, name: &name, version: 1, step: ApprovalStep::Requested, note: None };
            self.note(&mut tx, actor, &step, now).await?;
            made = self.load(&mut tx, actor, id).await?;
        }
        tx.commit().await?;
        Ok(made)
    }

    async fn list(&self, actor: &Actor, filter: PostFilter) -> ServiceResult<Page<PostSummary>> {
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

    async fn facets(&self, actor: &Actor, filter: PostFilter) -> ServiceResult<PostFacets> {
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

    async fn get(&self, actor: &Actor, id: PostId) -> ServiceResult<Post> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let post = self.load(&mut tx, actor, id).await?;
        Ok(post)
    }

    async fn left(&self, actor: &Actor) -> ServiceResult<Option<Post>> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        match store::left(&mut tx, actor.workspace_id, actor.user_id).await? {
            Some(id) => Ok(Some(self.load(&mut tx, actor, id).await?)),
            None => Ok(None),
        }
    }

    async fn update(&self, actor: &Actor, id: PostId, patch: PostPatch) -> ServiceResult<Post> {
        self.change(actor, id, patch, Manner::default()).await
    }

    async fn versions(&self, actor: &Actor, id: PostId, page: PageRequest) -> ServiceResult<Page<VersionSummary>> {
        policy::read(actor)?;
        let window = page.window()?;
        let foreign = || ServiceError::field("cursor", "This cursor is not one of ours.");
        let before = match &window.cursor {
            Some(cursor) => Some(cursor.parse::<i32>().ok().filter(|number| *number > 0).ok_or_else(foreign)?),
            None => None,
        };
        let mut tx = self.database.read(actor).await?;
        let current = store::versions::current(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        let (limit, offset) = (i64::from(window.limit) + 1, i64::from(window.offset));
        let mut rows = store::versions::history(&mut tx, actor.workspace_id, id, before, limit, offset).await?;
        let more = cut(&mut rows, window.limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| row.number.to_string());
        let items = rows
            .into_iter()
            .map(|row| VersionSummary {
                number: row.number,
                current: row.number == current,
                author: row.author,
                changes: row.changes,
                restored_from: row.restored_from,
                excerpt: excerpt(row.title.as_deref(), &row.body),
                created_at: row.created_at,
            })
            .collect();
        // Numbers have no gaps.
        Ok(Page { items, total: i64::from(current), limit: window.limit, offset: window.offset, next_cursor })
    }

    async fn version(&self, actor: &Actor, id: PostId, number: u32) -> ServiceResult<PostVersion> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        Ok(self.load_version(&mut tx, actor, id, number).await?.0)
    }

    async fn compare(&self, actor: &Actor, id: PostId, from: u32, to: u32) -> ServiceResult<Comparison> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let (from, _) = self.load_version(&mut tx, actor, id, from).await?;
        let (to, _) = self.load_version(&mut tx, actor, id, to).await?;
        drop(tx);
        let choice = |version: &PostVersion| version.meant_for.as_ref().and_then(|meant| meant.account_ids.clone());
        let accounts = if choice(&from) == choice(&to) {
            Vec::new()
        } else {
            plan::connected(self.accounts.as_ref(), actor).await?
        };
        Ok(Comparison::of(&from, &to, |chosen| account_words(chosen, &accounts)))
    }

    async fn restore(&self, actor: &Actor, id: PostId, number: u32) -> ServiceResult<Post> {
        policy::draft(actor)?;
        let mut tx = self.database.read(actor).await?;
        let row = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        policy::change(actor, row.author.id)?;
        let (version, media) = self.load_version(&mut tx, actor, id, number).await?;
        let undo_seconds = store::undo_seconds(&mut tx, actor.workspace_id).await?;
        drop(tx);
        if version.current {
            return Err(ServiceError::conflict("This is the current version already."));
        }
        if row.status == PostStatus::Publishing {
            return Err(ServiceError::conflict(
                "This post is going out right now. Undo it first, or wait until it is out.",
            ));
        }
        if version.media.len() < media.len() {
            return Err(ServiceError::conflict(format!(
                "A picture of version {number} is not in the library any more, so it cannot be brought back as it was."
            )));
        }
        // Every part of the content is named, so that one that is added later is not forgotten here.
        let Content { body, link, overrides, variations, options } = version.content;
        let patch = PostPatch {
            title: Some(version.title.unwrap_or_default()).filter(|_| version.meant_for.is_some()),
            body: Some(body),
            link: Some(link.unwrap_or_default()),
            media_assets: Some(media),
            overrides: Some(overrides),
            variations: Some(variations),
            options: Some(options),
            undo_seconds: Some(undo_seconds),
            version: Some(row.version),
            ..PostPatch::default()
        };
        self.change(actor, id, patch, Manner { restored_from: Some(number), asks: false }).await
    }

    async fn check(&self, actor: &Actor, wanted: PostToCheck) -> ServiceResult<CheckedPost> {
        policy::draft(actor)?;
        let PostToCheck { post, content_id } = wanted;
        let now = self.clock.now();
        post.check(now).into_result()?;
        let accounts = plan::connected(self.accounts.as_ref(), actor).await?;
        let creators = self.creators(actor, makes_tiktok_choices(&post.options)).await?;
        let mut tx = self.database.tenant(actor).await?;
        let zone = store::time_zone(&mut tx, actor.workspace_id).await?;
        // A slot of the queue is taken by saving; until then the post is looked at as one of now.
        let timing = if post.queue { Timing::At(now) } else { Timing::of(&post, &zone, now)? };
        let content = post.content();
        plan::known_variations(&content, &accounts)?;
        let pictures = self.pictures(&mut tx, actor, &post.media_assets).await?;
        let taken = match content_id {
            Some(id) => {
                store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
                deliveries::in_tx::taken(&mut tx, id).await?
            }
            None => Vec::new(),
        };
        let chosen = plan::chosen(post.account_ids.as_deref());
        let mut targets = plan::targets(chosen.as_deref(), &accounts, &taken)?;
        plan::with_creators(&mut targets, creators);
        let ids: Vec<AccountId> = targets.iter().map(|target| target.account_id).collect();
        let neighbours = store::neighbours(&mut tx, actor.workspace_id, &ids, content_id, now).await?;
        drop(tx);
        let quotas = self.accounts.quotas(actor, &ids).await?;
        let pending = quotas.iter().any(|quota| quota.pending);
        let shapes: Vec<_> = pictures.iter().map(preflight::Medium::from).collect();
        let has_media = !shapes.is_empty();
        let at = timing.publishes_at().unwrap_or(now);
        let advice = Advice { content: &content, has_media, targets: &targets, at, now, quotas: &quotas };
        let mut findings = preflight::check(&content, &shapes, &targets);
        findings.extend(preflight::advise(&advice, &neighbours));
        Ok(CheckedPost { findings, x_price: preflight::x_price(&content, &shapes, &targets), pending })
    }

    async fn undo(&self, actor: &Actor, id: PostId) -> ServiceResult<Post> {
        policy::draft(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let row = locked(&mut tx, actor, id).await?;
        policy::change(actor, row.author.id)?;
        let now = self.clock.now();
        match row.status {
            // Taken back already: a second click is no mistake.
            PostStatus::Draft => {}
            PostStatus::Publishing | PostStatus::Scheduled | PostStatus::PendingApproval => {
                if row.status != PostStatus::PendingApproval {
                    deliveries::in_tx::cancel_untouched(&mut tx, id).await?;
                }
                // What some accounts have can be taken back from the others only.
                let is_out = !deliveries::in_tx::taken(&mut tx, id).await?.is_empty();
                queue::release_unless(&mut tx, actor.workspace_id, id, &Timing::Never).await?;
                let status = if is_out { PostStatus::PartlyPublished } else { PostStatus::Draft };
                store::take_back(&mut tx, actor.workspace_id, id, status).await?;
            }
            PostStatus::Published | PostStatus::PartlyPublished | PostStatus::Failed => {
                return Err(ServiceError::conflict("It has already gone out, so it can no longer be taken back."));
            }
            PostStatus::Approved | PostStatus::Rejected => {
                return Err(ServiceError::conflict("This post is not on its way, so there is nothing to take back."));
            }
        }
        if row.status == PostStatus::PendingApproval {
            let name = called(row.title.as_deref(), &row.content.body);
            let step = ApprovalStep::Withdrawn;
            let step = Noted { post: id, name: &name, version: row.version, step, note: None };
            self.note(&mut tx, actor, &step, now).await?;
        }
        let post = self.load(&mut tx, actor, id).await?;
        if post.status != row.status && row.status != PostStatus::PendingApproval {
            let entry = Entry::by(actor, Action::PostTakenBack, now);
            let entry = entry.on(id, &called(post.title.as_deref(), &post.body));
            record(&mut tx, entry.was(json!({ "status": row.status })).is(json!({ "status": post.status })));
        }
        tx.commit().await?;
        Ok(post)
    }

    async fn delete(&self, actor: &Actor, id: PostId) -> ServiceResult<()> {
        policy::draft(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let row = locked(&mut tx, actor, id).await?;
        policy::remove(actor, row.author.id, row.status)?;
        if row.status == PostStatus::Publishing {
            return Err(ServiceError::conflict("This post is going out right now. Undo it, or wait until it is out."));
        }
        let now = self.clock.now();
        queue::release_unless(&mut tx, actor.workspace_id, id, &Timing::Never).await?;
        store::mark_deleted(&mut tx, actor.workspace_id, id, now).await?;
        let name = called(row.title.as_deref(), &row.content.body);
        record(&mut tx, Entry::by(actor, Action::PostDeleted, now).on(id, &name).was(json!({ "status": row.status })));
        tx.commit().await
    }
}

/// What the record calls a post.
pub(super) fn called(title: Option<&str>, body: &str) -> String {
    excerpt(title, body)
}

/// A post as the record tells it: the beginnings of its texts, and who it is for.
fn told(post: &Post) -> Value {
    json!({
        "version": post.version,
        "title": post.title,
        "body": post.body,
        "link": post.link,
        "overrides": post.overrides,
        "variations": post.variations,
        "options": post.options,
        "media": post.media.iter().map(|asset| asset.id).collect::<Vec<_>>(),
        "visibility": post.visibility,
        "status": post.status,
        "account_ids": post.account_ids,
        "scheduled_at": post.scheduled_at,
    })
}

/// The post, locked until the transaction ends.
pub(super) async fn locked(tx: &mut Tx, actor: &Actor, id: PostId) -> ServiceResult<PostRow> {
    if !store::lock(tx, actor.workspace_id, id).await? {
        return Err(absent());
    }
    store::get(tx, actor.workspace_id, id).await?.ok_or_else(absent)
}

/// Whether what may be chosen has to be known.
fn makes_tiktok_choices(options: &BTreeMap<Platform, PostOptions>) -> bool {
    options.values().any(|options| options.tiktok.is_some())
}

pub(super) fn absent() -> ServiceError {
    ServiceError::not_found("post")
}

fn absent_version() -> ServiceError {
    ServiceError::not_found("version")
}

/// As many authors as a filter offers.
const MAX_AUTHORS: i64 = 100;

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
    let zone = if needs_zone { store::time_zone(tx, workspace).await? } else { String::new() };
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

/// A choice of accounts by their names.
fn account_words(chosen: Option<&[AccountId]>, accounts: &[Account]) -> String {
    let Some(chosen) = chosen else { return "All active accounts".to_owned() };
    let mut names: Vec<String> = accounts
        .iter()
        .filter(|account| chosen.contains(&account.id))
        .map(|account| format!("{} ({})", account.display_name, account.platform.label()))
        .collect();
    match chosen.len() - names.len().min(chosen.len()) {
        0 => {}
        1 => names.push("an account that is not connected any more".to_owned()),
        gone => names.push(format!("{gone} accounts that are not connected any more")),
    }
    names.join(", ")
}

fn still_to_come(status: PostStatus, at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    at.filter(|_| matches!(status, PostStatus::Scheduled | PostStatus::Publishing))
}

/// A change says either who gets the post or that all do, and a choice has somebody in it.
fn check_targets(patch: &PostPatch, chosen_before: bool) -> ServiceResult<()> {
    match (patch.targets, &patch.account_ids) {
        (Some(Targets::AllActive), Some(_)) => {
            Err(ServiceError::field("targets", "Give either account_ids or targets: all_active, not both."))
        }
        (Some(Targets::Chosen), None) if !chosen_before => {
            Err(ServiceError::field("account_ids", "Choose at least one account."))
        }
        _ => Ok(()),
    }
}

/// The post as it would be written anew with the change. A draft stays one until it is said otherwise; a post that is
/// going out, or that accounts have refused, goes out again with the change; one that waits for approval is for what it was for.
fn merge(row: PostRow, media: Vec<MediaId>, chosen: Option<Vec<AccountId>>, patch: PostPatch) -> NewPost {
    let visibility = patch.visibility.unwrap_or(match row.status {
        PostStatus::Scheduled => Visibility::Scheduled,
        PostStatus::PendingApproval => row.visibility,
        PostStatus::Publishing | PostStatus::Failed | PostStatus::PartlyPublished => Visibility::Public,
        _ => Visibility::Private,
    });
    let queue = patch.queue.unwrap_or_default();
    let keeps_time = visibility == Visibility::Scheduled
        && !queue
        && patch.scheduled_at.is_none()
        && patch.scheduled_local.is_none();
    // In another zone the clock on the wall shows the same, and the moment moves.
    let (kept_at, kept_local) = match (keeps_time, &patch.time_zone) {
        (false, _) => (None, None),
        (true, None) => (row.scheduled_at, None),
        (true, Some(_)) => (None, row.scheduled_local),
    };
    NewPost {
        title: patch.title.or(row.title),
        body: patch.body.unwrap_or(row.content.body),
        link: patch.link.or(row.content.link),
        media_assets: patch.media_assets.unwrap_or(media),
        visibility,
        scheduled_at: patch.scheduled_at.or(kept_at),
        scheduled_local: patch.scheduled_local.or(kept_local),
        time_zone: patch.time_zone.or(row.time_zone),
        queue,
        account_ids: match patch.targets {
            Some(Targets::AllActive) => None,
            Some(Targets::Chosen) | None => patch.account_ids.or(chosen),
        },
        overrides: patch.overrides.unwrap_or(row.content.overrides),
        variations: patch.variations.unwrap_or(row.content.variations),
        options: patch.options.unwrap_or(row.content.options),
        undo_seconds: patch.undo_seconds,
        autosave: patch.autosave,
    }
}

/// What a request says, whatever its spelling: the same post gives the same hash.
fn request_hash(post: &NewPost) -> ServiceResult<[u8; 32]> {
    let canonical = serde_json::to_vec(post).map_err(ServiceError::internal)?;
    Ok(Sha256::digest(canonical).into())
}

#[cfg(test)]
mod tests {
    use domain::{UserId, workspaces::Person};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_same_request_has_the_same_hash() {
        let spelt = |json: &str| request_hash(&serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!(spelt(r#"{"body":"a","title":null}"#), spelt(r#"{ "body": "a", "unknown": 1 }"#));
        assert_ne!(spelt(r#"{"body":"a"}"#), spelt(r#"{"body":"b"}"#));
    }

    fn row(status: PostStatus) -> PostRow {
        let at: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        let scheduled = status == PostStatus::Scheduled;
        PostRow {
            title: Some("Title".into()),
            visibility: Visibility::Public,
            status,
            version: 1,
            version_id: PostVersionId(Uuid::nil()),
            content: Content { body: "Body".into(), link: Some("https://a.example".into()), ..Content::default() },
            autosaved: false,
            chosen_accounts: false,
            scheduled_at: scheduled.then_some(at),
            scheduled_local: scheduled.then_some(at.naive_utc()),
            time_zone: scheduled.then(|| "UTC".to_owned()),
            publishes_at: None,
            author: Person { id: UserId(Uuid::nil()), name: String::new() },
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn left_out_means_unchanged() {
        let merged = merge(row(PostStatus::Scheduled), Vec::new(), None, PostPatch::default());
        assert_eq!(merged.body, "Body");
        assert_eq!(merged.title.as_deref(), Some("Title"));
        assert_eq!(merged.visibility, Visibility::Scheduled);
        assert_eq!((merged.scheduled_at.is_some(), merged.scheduled_local), (true, None));
    }

    #[test]
    fn empty_takes_away() {
        let patch = PostPatch { title: Some(String::new()), link: Some(String::new()), ..PostPatch::default() };
        let merged = merge(row(PostStatus::Draft), Vec::new(), None, patch);
        assert_eq!((merged.title.as_deref(), merged.content().link), (Some(""), None));
    }

    #[test]
    fn a_draft_stays_a_draft_and_what_is_under_way_goes_out_again() {
        let visibility = |status| merge(row(status), Vec::new(), None, PostPatch::default()).visibility;
        assert_eq!(visibility(PostStatus::Draft), Visibility::Private, "whatever it was before it was taken back");
        assert_eq!(visibility(PostStatus::Publishing), Visibility::Public);
        assert_eq!(visibility(PostStatus::Failed), Visibility::Public);
        assert_eq!(visibility(PostStatus::PartlyPublished), Visibility::Public);
    }

    #[test]
    fn a_choice_of_accounts_is_changed_kept_or_given_up() {
        let id = |n| AccountId(Uuid::from_u128(n));
        let merged = |patch: PostPatch| merge(row(PostStatus::Draft), Vec::new(), Some(vec![id(1)]), patch).account_ids;
        assert_eq!(merged(PostPatch::default()), Some(vec![id(1)]));
        let all = PostPatch { targets: Some(Targets::AllActive), ..PostPatch::default() };
        assert_eq!(merged(all.clone()), None);
        let other = PostPatch { account_ids: Some(vec![id(2)]), ..PostPatch::default() };
        assert_eq!(merged(other.clone()), Some(vec![id(2)]));
        let chosen = PostPatch { targets: Some(Targets::Chosen), ..PostPatch::default() };
        assert_eq!(merged(chosen.clone()), Some(vec![id(1)]));
        assert!(check_targets(&chosen, true).is_ok() && check_targets(&all, true).is_ok());
        assert!(check_targets(&chosen, false).unwrap_err().fault.fields.get("account_ids").is_some());
        let both = PostPatch { targets: Some(Targets::AllActive), ..other };
        assert!(check_targets(&both, true).unwrap_err().fault.fields.get("targets").is_some());
    }

    #[test]
    fn another_zone_keeps_the_clock_on_the_wall() {
        let patch = PostPatch { time_zone: Some("America/New_York".into()), ..PostPatch::default() };
        let merged = merge(row(PostStatus::Scheduled), Vec::new(), None, patch);
        assert_eq!(merged.scheduled_at, None);
        assert_eq!(merged.scheduled_local.unwrap().to_string(), "2026-11-20 12:00:00");
    }
}
