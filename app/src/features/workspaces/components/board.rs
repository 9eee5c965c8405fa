//! What an overview shows, as it stands now: filled by the first view, kept up to date by live events.

use domain::{
    accounts::{Account, AccountCounts, AccountStatus},
    deliveries::{Delivery, DeliveryCounts},
    posts::PostSummary,
    workspaces::{Connections, Latest, Overview},
};
use leptos::prelude::*;

use super::super::server_fns::{view_connections, view_latest};
use crate::{
    features::accounts::actions::{AccountActions, use_account_actions},
    live::use_live,
    shared::follow::follow,
};

/// The state of an overview. Copy it into its parts.
#[derive(Clone, Copy)]
pub struct Board {
    pub accounts: RwSignal<Vec<Account>>,
    /// How many accounts there are in all.
    pub total: RwSignal<u64>,
    pub counts: RwSignal<AccountCounts>,
    pub deliveries: RwSignal<Vec<Delivery>>,
    pub posts: RwSignal<Vec<PostSummary>>,
    pub delivery_counts: RwSignal<DeliveryCounts>,
    /// What waits for approval, and how many do.
    pub waiting: RwSignal<Vec<PostSummary>>,
    pub waiting_total: RwSignal<u64>,
    pub actions: AccountActions,
}

/// A board that starts with `first` and then follows what happens.
pub fn use_board(first: Overview) -> Board {
    let Overview {
        connections: Connections { accounts, total, counts },
        latest: Latest { deliveries, posts, counts: sent, waiting, waiting_total },
    } = first;
    let accounts = RwSignal::new(accounts);
    let board = Board {
        accounts,
        total: RwSignal::new(total),
        counts: RwSignal::new(counts),
        deliveries: RwSignal::new(deliveries),
        posts: RwSignal::new(posts),
        delivery_counts: RwSignal::new(sent),
        waiting: RwSignal::new(waiting),
        waiting_total: RwSignal::new(waiting_total),
        actions: use_account_actions(accounts),
    };
    let live = use_live();
    follow(live.accounts(), Signal::stored(false), view_connections, move |now: Connections| {
        board.accounts.set(now.accounts);
        board.total.set(now.total);
        board.counts.set(now.counts);
    });
    let open = Signal::derive(move || board.deliveries.read().iter().any(|delivery| !delivery.status.is_final()));
    let sent = Signal::derive(move || live.deliveries().get().wrapping_add(live.posts().get()));
    follow(sent, open, view_latest, move |now: Latest| {
        board.deliveries.set(now.deliveries);
        board.posts.set(now.posts);
        board.delivery_counts.set(now.counts);
        board.waiting.set(now.waiting);
        board.waiting_total.set(now.waiting_total);
    });
    board
}

impl Board {
    /// Whether there is nothing to show yet: the overview then teaches the first step.
    pub fn is_new(self) -> Memo<bool> {
        Memo::new(move |_| self.total.get() == 0)
    }

    /// "New posts go to 3 of 5", as far as the accounts on the page tell.
    pub fn reach(self) -> Memo<(usize, usize)> {
        Memo::new(move |_| {
            let accounts = self.accounts.read();
            (accounts.iter().filter(|account| account.cannot_take_part().is_none()).count(), accounts.len())
        })
    }

    /// Those whose connection waits for a person.
    pub fn needy(self) -> Memo<Vec<Account>> {
        Memo::new(move |_| self.accounts.read().iter().filter(|account| is_needy(account.status)).cloned().collect())
    }
}

/// Whether a connection waits for a person.
pub const fn is_needy(status: AccountStatus) -> bool {
    matches!(status, AccountStatus::ReconnectRequired | AccountStatus::Failed)
}
