//! A list on an open page follows what happens elsewhere without being built anew: it is fetched again in the
//! background, and only what differs changes on the screen. Focus, open details and scroll position stay.

use crate::{error::AppError, ui::use_clock};
use leptos::{prelude::*, task::spawn_local};
use std::{future::Future, rc::Rc, time::Duration};

/// How often a page that waits for something looks by itself, should an event have been lost on the way.
const LOOK: Duration = Duration::from_secs(10);

/// Fetches again whenever `changed` rises, and every ten seconds while `waiting`. A failure changes nothing: the next
/// event or the next look catches up. One fetch at a time; what comes in during it leads to one more.
pub fn follow<T, Fut>(
    changed: Signal<u32>,
    waiting: Signal<bool>,
    fetch: impl Fn() -> Fut + 'static,
    take: impl Fn(T) + 'static,
) where
    T: 'static,
    Fut: Future<Output = Result<T, AppError>> + 'static,
{
    let state = StoredValue::new(Progress::Idle);
    let clock = use_clock();
    // Not before the new view stands: the old one may still listen to what has gone with it.
    Effect::new(move |_| request_animation_frame(move || clock.refresh()));
    let fetch: Rc<dyn Fn() -> Fut> = Rc::new(fetch);
    let take: Rc<dyn Fn(T)> = Rc::new(move |value| {
        clock.refresh();
        take(value);
    });
    let look = move || look(state, fetch.clone(), take.clone());
    let on_look = look.clone();
    Effect::new(move |before: Option<u32>| {
        let now = changed.get();
        if before.is_some_and(|before| before != now) {
            look();
        }
        now
    });
    Effect::new(move |_| {
        if !waiting.get() {
            return;
        }
        if let Ok(timer) = set_interval_with_handle(on_look.clone(), LOOK) {
            on_cleanup(move || timer.clear());
        }
    });
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Idle,
    Fetching,
    /// Something changed while fetching.
    Again,
}

fn look<T, Fut>(state: StoredValue<Progress>, fetch: Rc<dyn Fn() -> Fut>, take: Rc<dyn Fn(T)>)
where
    T: 'static,
    Fut: Future<Output = Result<T, AppError>> + 'static,
{
    match state.try_get_value() {
        Some(Progress::Idle) => state.set_value(Progress::Fetching),
        Some(Progress::Fetching) => return state.set_value(Progress::Again),
        // Already noted, or the page is gone.
        Some(Progress::Again) | None => return,
    }
    spawn_local(async move {
        loop {
            let answer = fetch().await;
            // The page may have gone while the answer was on its way.
            let Some(progress) = state.try_get_value() else { return };
            if let Ok(value) = answer {
                take(value);
            }
            if progress != Progress::Again {
                state.set_value(Progress::Idle);
                return;
            }
            state.set_value(Progress::Fetching);
        }
    });
}

/// One thing of a list that is kept in a signal, by its id: the row stays while its content changes. Once the thing has
/// left the list its last state is kept, for the moment until the row leaves too.
pub fn one_of<T, I>(list: RwSignal<Vec<T>>, first: T, id: fn(&T) -> I) -> Memo<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
    I: PartialEq + Copy + Send + Sync + 'static,
{
    let own = id(&first);
    Memo::new(move |last: Option<&T>| {
        let found = list.read().iter().find(|one| id(one) == own).cloned();
        found.or_else(|| last.cloned()).unwrap_or_else(|| first.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_follows_its_thing_and_keeps_the_last_state() {
        let owner = Owner::new();
        owner.set();
        let list = RwSignal::new(vec![(1, 'a'), (2, 'b')]);
        let two = one_of(list, (2, 'b'), |one| one.0);
        assert_eq!(two.get_untracked(), (2, 'b'));
        list.set(vec![(2, 'c'), (1, 'a')]);
        assert_eq!(two.get_untracked(), (2, 'c'));
        list.set(vec![(1, 'a')]);
        assert_eq!(two.get_untracked(), (2, 'c'));
    }
}
