//! Posts, from the pages.
#![cfg_attr(feature = "ssr", expect(clippy::unused_async, reason = "every server function is async, this one too"))]

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use crate::{error::refuse, services::acting, shared::pages::whole};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use domain::{
    AccountId, Page, Platform, PostId, QueueSlotId,
    accounts::{Account, Creator},
    deliveries::Delivery,
    posts::{
        Approval, CheckedPost, NewPost, Post, PostFacets, PostFilter, PostPatch, PostSummary, PostToCheck, Review,
        best_times::BestTime,
        calendar::{CalendarDay, CalendarView},
        queue::{FreeSlot, NewSlot, QueueSlot},
        versions::{Comparison, VersionSummary},
    },
};
#[cfg(feature = "ssr")]
use domain::{
    accounts::AccountFilter,
    deliveries::{DeliveryFilter, DeliveryStatus},
    page::{MAX_LIMIT, PageRequest},
    posts::ApprovalFile,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A post as its page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostView {
    pub post: Post,
    /// All of them, newest first.
    pub deliveries: Vec<Delivery>,
    /// The accounts that it goes or went to, as far as they are still connected.
    pub accounts: Vec<Account>,
    /// What clocks do on the day it is scheduled for; none on most days.
    pub clock_note: Option<String>,
    /// What was asked and decided about its approval, newest first.
    pub approvals: Vec<Approval>,
    /// While it waits for that.
    pub review: Option<Review>,
    /// The newest versions, as many as a page of a list holds.
    pub versions: Vec<VersionSummary>,
    /// In what two of them differ, where that was asked for.
    pub comparison: Option<Comparison>,
    /// The server's time, which the undo window is counted by: the browser's clock may be minutes off.
    pub now: DateTime<Utc>,
}

/// Posts under a filter, newest first.
#[server(prefix = "/fn", endpoint = "posts/list", input = Json)]
pub async fn list_posts(filter: PostFilter) -> Result<Page<PostSummary>, AppError> {
    let (services, actor) = acting()?;
    services.posts.list(&actor, filter).await.map_err(refuse)
}

/// An account that a list can be narrowed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChoice {
    pub id: AccountId,
    pub name: String,
    pub platform: Platform,
}

impl AccountChoice {
    /// "Harbour & Pine, Facebook".
    pub fn words(&self) -> String {
        format!("{}, {}", self.name, self.platform.label())
    }

    /// Those of `accounts` that posts go to.
    #[cfg(feature = "ssr")]
    fn of(accounts: Vec<Account>) -> Vec<Self> {
        let publishing = accounts.into_iter().filter(|account| account.platform.rules().is_some());
        publishing
            .map(|account| Self { id: account.id, name: account.display_name, platform: account.platform })
            .collect()
    }
}

/// What the list of posts can be narrowed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilterView {
    pub facets: PostFacets,
    pub accounts: Vec<AccountChoice>,
}

/// How many posts there are under a filter in each state, who wrote them, and the accounts they go to.
#[server(prefix = "/fn", endpoint = "posts/filters", input = Json)]
pub async fn view_filters(filter: PostFilter) -> Result<FilterView, AppError> {
    let (services, actor) = acting()?;
    let facets = services.posts.facets(&actor, filter).await.map_err(refuse)?;
    let accounts = whole(|page| services.accounts.list(&actor, accounts_of(page))).await.map_err(refuse)?;
    Ok(FilterView { facets, accounts: AccountChoice::of(accounts) })
}

/// Makes an earlier version the newest.
#[server(prefix = "/fn", endpoint = "posts/restore", input = Json)]
pub async fn restore_version(id: PostId, number: u32) -> Result<Post, AppError> {
    let (services, actor) = acting()?;
    services.posts.restore(&actor, id, number).await.map_err(refuse)
}

/// One post with its deliveries.
#[server(prefix = "/fn", endpoint = "posts/view", input = Json)]
pub async fn view_post(id: PostId, compared: Option<(u32, u32)>) -> Result<PostView, AppError> {
    let (services, actor) = acting()?;
    let ApprovalFile { post, approvals, review } = services.approvals.file(&actor, id).await.map_err(refuse)?;
    let of_post = |page| DeliveryFilter { content_id: Some(id), page, ..DeliveryFilter::default() };
    let mut deliveries = whole(|page| services.deliveries.list(&actor, of_post(page))).await.map_err(refuse)?;
    // What a newer version has replaced is history.
    deliveries.retain(|one| one.version == post.version || one.status != DeliveryStatus::Canceled);
    let all = whole(|page| services.accounts.list(&actor, accounts_of(page))).await.map_err(refuse)?;
    let accounts = super::targets(&post, &deliveries, all);
    let clock_note = match (post.scheduled_at, post.scheduled_local, post.time_zone.as_deref()) {
        (Some(at), Some(local), Some(zone)) => super::when::note(at, local, zone),
        _ => None,
    };
    let versions = services.posts.versions(&actor, id, PageRequest::first(MAX_LIMIT)).await.map_err(refuse)?.items;
    let comparison = match compared {
        // An address may name versions that were never there: then nothing is compared.
        Some((from, to)) => services.posts.compare(&actor, id, from, to).await.ok(),
        None => None,
    };
    let now = services.clock.now();
    Ok(PostView { post, deliveries, accounts, clock_note, approvals, review, versions, comparison, now })
}

/// What the composer starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComposeView {
    /// All accounts of the workspace, also those that cannot take part now: the composer says why.
    pub accounts: Vec<Account>,
    /// The post to change or to copy.
    pub source: Option<Post>,
    /// The accounts that have taken it already: a change does not go there.
    pub taken: Vec<AccountId>,
    /// Without a source, what the person was writing last and has not saved, on whichever device.
    pub left: Option<Post>,
}

/// The accounts that the composer offers, and the post that it changes or copies.
#[server(prefix = "/fn", endpoint = "posts/compose", input = Json)]
pub async fn view_composer(source: Option<PostId>) -> Result<ComposeView, AppError> {
    let (services, actor) = acting()?;
    let accounts = whole(|page| services.accounts.list(&actor, accounts_of(page))).await.map_err(refuse)?;
    let source = match source {
        Some(id) => Some(services.posts.get(&actor, id).await.map_err(refuse)?),
        None => None,
    };
    let left = match source {
        Some(_) => None,
        None => services.posts.left(&actor).await.map_err(refuse)?,
    };
    let taken = match &source {
        Some(post) if post.deliveries.success > 0 => {
            let taken = |page| DeliveryFilter {
                content_id: Some(post.id),
                status: DeliveryStatus::Success.into(),
                page,
                ..DeliveryFilter::default()
            };
            whole(|page| services.deliveries.list(&actor, taken(page))).await.map_err(refuse)?
        }
        _ => Vec::new(),
    };
    let taken = taken.into_iter().map(|delivery| delivery.social_account_id).collect();
    Ok(ComposeView { accounts, source, taken, left })
}

#[cfg(feature = "ssr")]
pub(super) fn accounts_of(page: PageRequest) -> AccountFilter {
    AccountFilter { page, ..AccountFilter::default() }
}

/// Saves a post, which publishes it unless it is private. `key` is made once per composed post: sent again after a
/// lost answer, it gives the same post and not a second one.
#[server(prefix = "/fn", endpoint = "posts/create", input = Json)]
pub async fn create_post(post: NewPost, key: String) -> Result<Post, AppError> {
    let (services, actor) = acting()?;
    let key = domain::posts::IdempotencyKey::parse(&key).map_err(refuse)?;
    services.posts.create(&actor, post, Some(key)).await.map_err(refuse)
}

/// Makes a new version of a post of which nothing is public.
#[server(prefix = "/fn", endpoint = "posts/update", input = Json)]
pub async fn update_post(id: PostId, patch: PostPatch) -> Result<Post, AppError> {
    let (services, actor) = acting()?;
    services.posts.update(&actor, id, patch).await.map_err(refuse)
}

/// What there is to say about a post before it is saved.
#[server(prefix = "/fn", endpoint = "posts/check", input = Json)]
pub async fn check_post(wanted: PostToCheck) -> Result<CheckedPost, AppError> {
    let (services, actor) = acting()?;
    services.posts.check(&actor, wanted).await.map_err(refuse)
}

/// What an account's creator may choose for a post, as far as it is known by now.
#[server(prefix = "/fn", endpoint = "posts/creator", input = Json)]
pub async fn ask_creator(account: AccountId) -> Result<Creator, AppError> {
    let (services, actor) = acting()?;
    services.accounts.creator(&actor, account).await.map_err(refuse)
}

/// Takes a post back inside its undo window, or before its time.
#[server(prefix = "/fn", endpoint = "posts/undo", input = Json)]
pub async fn undo_post(id: PostId) -> Result<Post, AppError> {
    let (services, actor) = acting()?;
    services.posts.undo(&actor, id).await.map_err(refuse)
}

/// A post of the queue of those that wait for approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingPost {
    pub review: Review,
    /// What changed since the version that was approved last, where there is one.
    pub comparison: Option<Comparison>,
    /// The accounts it is for.
    pub accounts: Vec<Account>,
}

/// What waits for approval, due first.
#[server(prefix = "/fn", endpoint = "posts/approvals", input = Json)]
pub async fn list_waiting(offset: u32) -> Result<Page<WaitingPost>, AppError> {
    let (services, actor) = acting()?;
    super::approvals::gather::waiting(&services, &actor, offset).await.map_err(refuse)
}

/// How many posts wait for the person.
#[server(prefix = "/fn", endpoint = "posts/approvals/awaited", input = Json)]
pub async fn count_awaited() -> Result<u64, AppError> {
    let (services, actor) = acting()?;
    services.approvals.awaited(&actor).await.map_err(refuse)
}

/// Takes a request for approval back.
#[server(prefix = "/fn", endpoint = "posts/approvals/withdraw", input = Json)]
pub async fn withdraw_post(id: PostId) -> Result<Post, AppError> {
    let (services, actor) = acting()?;
    services.approvals.withdraw(&actor, id).await.map_err(refuse)
}

/// Lets the version that was looked at go out.
#[server(prefix = "/fn", endpoint = "posts/approvals/approve", input = Json)]
pub async fn approve_post(id: PostId, version: u32) -> Result<Post, AppError> {
    let (services, actor) = acting()?;
    services.approvals.approve(&actor, id, Some(version)).await.map_err(refuse)
}

/// Gives the version that was looked at back to its author.
#[server(prefix = "/fn", endpoint = "posts/approvals/reject", input = Json)]
pub async fn reject_post(id: PostId, version: u32, note: String) -> Result<Post, AppError> {
    let (services, actor) = acting()?;
    services.approvals.reject(&actor, id, Some(version), note).await.map_err(refuse)
}

/// Takes a post out of Arctiv.
#[server(prefix = "/fn", endpoint = "posts/delete", input = Json)]
pub async fn delete_post(id: PostId) -> Result<(), AppError> {
    let (services, actor) = acting()?;
    services.posts.delete(&actor, id).await.map_err(refuse)
}

/// A wall-clock time explained: when it is, and whether a clock change gets in its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    pub at: DateTime<Utc>,
    /// "Thu 26 Nov 2026, 07:00, Europe/Dublin (GMT+0)".
    pub words: String,
    /// What a clock change makes of it, or why it cannot be taken.
    pub warning: Option<String>,
    pub refused: bool,
}

/// What a wall-clock time means in a zone; `None` for no zone that we know. Asked of the server, so that the history of
/// all time zones does not travel to every browser.
#[server(prefix = "/fn", endpoint = "posts/when", input = Json)]
pub async fn explain_when(local: NaiveDateTime, zone: String) -> Result<Option<When>, AppError> {
    let (services, _actor) = acting()?;
    Ok(super::when::explain(local, &zone, services.clock.now()))
}

/// A post of the calendar, with its day and time in the workspace's zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalendarPost {
    pub post: PostSummary,
    pub day: NaiveDate,
    /// "07:00".
    pub time: String,
}

/// A sheet of the calendar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalendarSheet {
    pub view: CalendarView,
    pub date: NaiveDate,
    /// IANA name of the workspace's zone.
    pub zone: String,
    pub today: NaiveDate,
    pub now: DateTime<Utc>,
    pub days: Vec<CalendarDay>,
    /// In the order in which they go out.
    pub posts: Vec<CalendarPost>,
    /// Whether there are more than a sheet takes in.
    pub cut: bool,
}

/// The calendar around a date, or around today.
#[server(prefix = "/fn", endpoint = "posts/calendar", input = Json)]
pub async fn view_calendar(view: CalendarView, date: Option<NaiveDate>) -> Result<CalendarSheet, AppError> {
    let (services, actor) = acting()?;
    let zone = crate::services::workspace_zone()?;
    super::calendar::sheet::draw(&services, &actor, view, date, zone).await.map_err(refuse)
}

/// A post that was moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    pub post: CalendarPost,
    /// What a clock change made of the time that was meant.
    pub note: Option<String>,
}

/// Gives a scheduled post another time: a moment, or a wall-clock time in its own zone.
#[server(prefix = "/fn", endpoint = "posts/move", input = Json)]
pub async fn move_post(
    id: PostId,
    version: u32,
    at: Option<DateTime<Utc>>,
    local: Option<NaiveDateTime>,
) -> Result<Moved, AppError> {
    let (services, actor) = acting()?;
    let zone = crate::services::workspace_zone()?;
    super::calendar::sheet::move_to(&services, &actor, id, version, at, local, zone).await.map_err(refuse)
}

/// The queue's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueView {
    pub slots: Vec<QueueSlot>,
    pub accounts: Vec<AccountChoice>,
    /// The next ones that are free.
    pub free: Vec<FreeSlot>,
    pub zone: String,
}

/// The queue's slots, and the next free ones.
#[server(prefix = "/fn", endpoint = "posts/queue", input = Json)]
pub async fn view_queue() -> Result<QueueView, AppError> {
    let (services, actor) = acting()?;
    let zone = crate::services::workspace_zone()?.name().to_owned();
    let slots = services.queue.slots(&actor).await.map_err(refuse)?;
    let free = services.queue.free(&actor, None, 5).await.map_err(refuse)?;
    let accounts = whole(|page| services.accounts.list(&actor, accounts_of(page))).await.map_err(refuse)?;
    Ok(QueueView { slots, accounts: AccountChoice::of(accounts), free, zone })
}

/// The next free slot for a post to these accounts; `None` when there is none.
#[server(prefix = "/fn", endpoint = "posts/queue/next", input = Json)]
pub async fn next_slot(accounts: Option<Vec<AccountId>>) -> Result<Option<FreeSlot>, AppError> {
    let (services, actor) = acting()?;
    let mut free = services.queue.free(&actor, accounts, 1).await.map_err(refuse)?;
    Ok(free.pop())
}

/// Good times for a post to these accounts, by the clock of `zone`.
#[server(prefix = "/fn", endpoint = "posts/best_times", input = Json)]
pub async fn best_times(accounts: Vec<AccountId>, zone: String) -> Result<Vec<BestTime>, AppError> {
    let (services, actor) = acting()?;
    services.queue.best_times(&actor, Some(accounts), Some(zone)).await.map_err(refuse)
}

/// Adds a slot to the queue.
#[server(prefix = "/fn", endpoint = "posts/queue/add", input = Json)]
pub async fn add_slot(slot: NewSlot) -> Result<QueueSlot, AppError> {
    let (services, actor) = acting()?;
    services.queue.add(&actor, slot).await.map_err(refuse)
}

/// Removes a slot from the queue.
#[server(prefix = "/fn", endpoint = "posts/queue/remove", input = Json)]
pub async fn remove_slot(id: QueueSlotId) -> Result<(), AppError> {
    let (services, actor) = acting()?;
    services.queue.remove(&actor, id).await.map_err(refuse)
}
