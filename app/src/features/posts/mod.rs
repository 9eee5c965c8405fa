//! Posts: writing them, having them approved, the list, the calendar, the queue, and one post on its way.

pub mod approvals;
pub mod calendar;
mod components;
pub mod compose;
pub mod pages;
mod query;
pub mod queue;
pub mod server_fns;
#[cfg(feature = "ssr")]
mod when;

/// The accounts among `all` that a post goes or went to: those of its deliveries, else those chosen, else whoever can
/// take part.
#[cfg(feature = "ssr")]
fn targets(
    post: &domain::posts::Post,
    deliveries: &[domain::deliveries::Delivery],
    all: Vec<domain::accounts::Account>,
) -> Vec<domain::accounts::Account> {
    all.into_iter()
        .filter(|account| {
            if !deliveries.is_empty() {
                deliveries.iter().any(|delivery| delivery.social_account_id == account.id)
            } else if let Some(chosen) = &post.account_ids {
                chosen.contains(&account.id)
            } else {
                account.cannot_take_part().is_none()
            }
        })
        .collect()
}
