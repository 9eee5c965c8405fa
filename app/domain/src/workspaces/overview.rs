//! What the overviews show.

use serde::{Deserialize, Serialize};

use crate::{
    accounts::{Account, AccountCounts},
    deliveries::{Delivery, DeliveryCounts},
    posts::PostSummary,
};

/// How many accounts an overview shows; the rest is a link away.
pub const ACCOUNTS_SHOWN: u32 = 50;
/// How many deliveries and posts an overview shows.
pub const LATEST: u32 = 6;

/// The accounts and how they stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// By name; at most [`ACCOUNTS_SHOWN`].
    pub accounts: Vec<Account>,
    /// How many there are in all.
    pub total: u64,
    pub counts: AccountCounts,
}

/// What went out last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latest {
    /// Newest first; at most [`LATEST`].
    pub deliveries: Vec<Delivery>,
    /// For a manager, whose work they are; none for the others.
    pub posts: Vec<PostSummary>,
    /// For a manager.
    pub counts: DeliveryCounts,
}

/// All of an overview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    pub connections: Connections,
    pub latest: Latest,
}
