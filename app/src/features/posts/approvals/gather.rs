//! What the queue shows of each post. Server only.

use crate::{
    features::posts::{
        server_fns::{WaitingPost, accounts_of},
        targets,
    },
    services::Services,
    shared::{pages::whole, query::page_request},
};
use domain::{Actor, Page, ServiceResult, posts::Review};

use super::page::PAGE;

/// A page of what waits, each with its accounts and with what has changed since it was last approved.
pub async fn waiting(services: &Services, actor: &Actor, offset: u32) -> ServiceResult<Page<WaitingPost>> {
    let reviews = services.approvals.waiting(actor, page_request(PAGE, offset)).await?;
    let accounts = whole(|page| services.accounts.list(actor, accounts_of(page))).await?;
    let Page { items, total, limit, offset, next_cursor } = reviews;
    let mut waiting = Vec::with_capacity(items.len());
    for review in items {
        let comparison = match review.approved_version {
            Some(approved) => Some(services.posts.compare(actor, review.post.id, approved, review.post.version).await?),
            None => None,
        };
        waiting.push(of(review, comparison, &accounts));
    }
    Ok(Page { items: waiting, total, limit, offset, next_cursor })
}

fn of(
    review: Review,
    comparison: Option<domain::posts::versions::Comparison>,
    accounts: &[domain::accounts::Account],
) -> WaitingPost {
    let accounts = targets(&review.post, &[], accounts.to_vec());
    WaitingPost { review, comparison, accounts }
}
