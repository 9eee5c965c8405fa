//! What is written stays in the browser until it is saved: a closed tab, a lost session or a crash costs nothing.

use super::{
    model::Draft,
    state::{Composer, Purpose},
};
use crate::{features::media::server_fns::get_media, session::use_session};
use leptos::{ev, prelude::*, task::spawn_local, web_sys::Event};
use std::time::Duration;

/// How long typing pauses before it is kept.
const PAUSE: Duration = Duration::from_millis(400);

/// How the draft is kept, for a word beside the title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Nothing,
    /// From an earlier visit.
    Restored,
    Now,
}

impl Kept {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Restored => "Your unsaved draft is back",
            Self::Now => "Draft kept on this device",
        }
    }
}

/// A draft is a person's, in a workspace: two people at one computer do not see each other's.
fn storage_key() -> Option<String> {
    let me = use_session().me()?;
    Some(format!("arctiv.draft.{}.{}", me.workspace.id, me.user.id))
}

/// Absent in a browser that forbids it; the composer then works without.
fn storage() -> Option<leptos::web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// Restores what was kept and keeps what is written. `fresh`: the page began with something else, which wins over what
/// was kept.
pub fn keep(composer: Composer, fresh: bool) -> (RwSignal<Kept>, Callback<()>) {
    let kept = RwSignal::new(Kept::Nothing);
    let key = StoredValue::new(storage_key().filter(|_| composer.purpose() == Purpose::New));
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let forget = Callback::new(move |()| {
        if let Some(pending) = timer.try_get_value().flatten() {
            pending.clear();
            timer.set_value(None);
        }
        if let (Some(storage), Some(key)) = (storage(), key.get_value()) {
            // Fails only where nothing could be stored either.
            let _nothing_kept = storage.remove_item(&key);
        }
        let _page_gone = kept.try_set(Kept::Nothing);
    });
    let restoring = StoredValue::new(false);
    // In the next turn: the fields have read back by then what was typed before the page came to life.
    let restore = move || {
        let found = storage()
            .zip(key.try_get_value().flatten())
            .and_then(|(storage, key)| storage.get_item(&key).ok().flatten());
        let draft = found.and_then(|json| serde_json::from_str::<Draft>(&json).ok()).filter(|draft| !draft.is_empty());
        let Some(draft) = draft else { return };
        // What was typed before the page came to life is newer.
        if !composer.draft.try_get_untracked().is_some_and(|draft| draft.is_empty()) {
            return;
        }
        let media = draft.media.clone();
        // Until its pictures are back nothing is kept: it would be kept without them.
        restoring.set_value(!media.is_empty());
        composer.take(draft);
        kept.set(Kept::Restored);
        if !media.is_empty() {
            spawn_local(async move {
                let answer = get_media(media).await;
                let _page_gone = restoring.try_set_value(false);
                // Without an answer the words are back, and the pictures can be added again.
                if let Ok(assets) = answer {
                    let _page_gone = composer.pictures.try_update(|pictures| {
                        if pictures.is_empty() {
                            *pictures = assets;
                        }
                    });
                }
            });
        }
    };
    Effect::new(move |before: Option<Draft>| {
        let now = composer.draft.get();
        if before.is_none() && !fresh {
            request_animation_frame(restore);
        } else if before.is_some_and(|before| before != now) {
            if let Some(Some(earlier)) = timer.try_get_value() {
                earlier.clear();
            }
            let draft = now.clone();
            let write = move || {
                let _page_gone = timer.try_set_value(None);
                if restoring.try_get_value() == Some(false) {
                    write(&draft, key, kept);
                }
            };
            timer.set_value(set_timeout_with_handle(write, PAUSE).ok());
        }
        now
    });
    // A tab that is closed or reloaded does not wait for the pause to end.
    Effect::new(move |_| {
        let leaving = window_event_listener(ev::Custom::<Event>::new("pagehide"), move |_| {
            if timer.try_get_value().flatten().is_some() && restoring.try_get_value() == Some(false) {
                write(&composer.draft.get_untracked(), key, kept);
            }
        });
        on_cleanup(move || leaving.remove());
    });
    on_cleanup(move || {
        if let Some(Some(timer)) = timer.try_get_value() {
            timer.clear();
        }
    });
    (kept, forget)
}

fn write(draft: &Draft, key: StoredValue<Option<String>>, kept: RwSignal<Kept>) {
    let (Some(storage), Some(key)) = (storage(), key.try_get_value().flatten()) else { return };
    if draft.is_empty() {
        let _nothing_kept = storage.remove_item(&key);
        let _page_gone = kept.try_set(Kept::Nothing);
    } else if let Ok(json) = serde_json::to_string(draft) {
        // A full store keeps nothing; then the page does not claim it either.
        let stored = storage.set_item(&key, &json).is_ok();
        let _page_gone = kept.try_set(if stored { Kept::Now } else { Kept::Nothing });
    }
}
