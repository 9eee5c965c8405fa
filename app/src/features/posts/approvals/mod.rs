//! Posts that wait for somebody's word: the queue of them, and deciding on one.
//!
//! - `page` is the queue, `/approvals`; `card` one post in it, with what is new since it was last approved.
//! - `decide` is the pair of buttons, in the queue and on a post's own page; `log` is what was asked and decided before.

mod card;
mod decide;
#[cfg(feature = "ssr")]
pub mod gather;
mod log;
pub mod page;

pub use decide::Decide;
pub use log::ApprovalLog;

use super::server_fns::count_awaited;
use crate::{live::use_live, session::use_session, shared::follow::follow};
use domain::workspaces::Role;
use leptos::{prelude::*, task::spawn_local};

/// How many posts wait for the person, for the entry of the side rail. Asked for once the page lives: the frame waits for
/// nothing.
pub fn use_awaited() -> Signal<u64> {
    let awaited = RwSignal::new(0);
    if use_session().may(Role::Editor) {
        Effect::new(move |before: Option<()>| {
            if before.is_none() {
                spawn_local(async move {
                    if let Ok(n) = count_awaited().await {
                        let _page_gone = awaited.try_set(n);
                    }
                });
            }
        });
        follow(use_live().posts(), Signal::stored(false), count_awaited, move |n| awaited.set(n));
    }
    awaited.into()
}
