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
/// How many posts that wait for approval an overview shows.
pub const WAITING: u32 = 4;

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
    /// What waits for approval, newest first, at most [`WAITING`]: for whoever may approve.
    #[serde(default)]
    pub waiting: Vec<PostSummary>,
    /// How many wait in all.
    #[serde(default)]
    pub waiting_total: u64,
}

/// All of an overview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    pub connections: Connections,
    pub latest: Latest,
}
