//! Posts, from the pages.
#![cfg_attr(feature = "ssr", expect(clippy::unused_async, reason = "every server function is async, this one too"))]

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use crate::{error::refuse, services::acting, shared::pages::whole};
use chrono::{DateTime, NaiveDateTime, Utc};
use domain::{
    AccountId, Page, PostId,
    accounts::{Account, Creator},
    deliveries::Delivery,
    posts::{CheckedPost, NewPost, Post, PostFilter, PostPatch, PostSummary, PostToCheck},
};
#[cfg(feature = "ssr")]
use domain::{
    accounts::AccountFilter,
    deliveries::{DeliveryFilter, DeliveryStatus},
    page::PageRequest,
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
    /// The server's time, which the undo window is counted by: the browser's clock may be minutes off.
    pub now: DateTime<Utc>,
}

/// Posts under a filter, newest first.
#[server(prefix = "/fn", endpoint = "posts/list", input = Json)]
pub async fn list_posts(filter: PostFilter) -> Result<Page<PostSummary>, AppError> {
    let (services, actor) = acting()?;
    services.posts.list(&actor, filter).await.map_err(refuse)
}

/// One post with its deliveries.
#[server(prefix = "/fn", endpoint = "posts/view", input = Json)]
pub async fn view_post(id: PostId) -> Result<PostView, AppError> {
    let (services, actor) = acting()?;
    let post = services.posts.get(&actor, id).await.map_err(refuse)?;
    let of_post = |page| DeliveryFilter { content_id: Some(id), page, ..DeliveryFilter::default() };
    let mut deliveries = whole(|page| services.deliveries.list(&actor, of_post(page))).await.map_err(refuse)?;
    // What a newer version has replaced is history.
    deliveries.retain(|one| one.version == post.version || one.status != DeliveryStatus::Canceled);
    let all = whole(|page| services.accounts.list(&actor, accounts_of(page))).await.map_err(refuse)?;
    let accounts = super::targets(&post, &deliveries, all);
    Ok(PostView { post, deliveries, accounts, now: services.clock.now() })
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
    Ok(ComposeView { accounts, source, taken })
}

#[cfg(feature = "ssr")]
fn accounts_of(page: PageRequest) -> AccountFilter {
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
