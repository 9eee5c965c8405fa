//! What is written survives: a closed tab, a crash, a lost session, a lost connection.
//!
//! It is kept twice. At once in this browser, one entry for each post that is being written, so that two tabs do not
//! overwrite each other. And, a little later and while there is a connection, on the server: as a private post that
//! saves itself, rewritten in place, which another device can open too. Coming back, a person is asked what to do with
//! what was left; nothing is put on the page, or thrown away, by itself.
//!
//! Nothing is made twice by it. The draft on the server is made under the entry's name, with the same request each time
//! until the answer is there; from then on it is changed, and saving changes it too ([`super::save`]).

use super::{
    advise::online,
    model::Draft,
    save::new_key,
    state::{Composer, Purpose},
};
use crate::{
    AppError,
    features::{
        media::server_fns::get_media,
        posts::server_fns::{create_post, delete_post, update_post},
    },
    session::use_session,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ErrorCode, PostId,
    posts::{NewPost, Post},
};
use leptos::{ev, prelude::*, task::spawn_local, web_sys::Event};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long typing pauses before it is kept in the browser.
const PAUSE: Duration = Duration::from_millis(400);
/// How long it pauses before it is kept on the server.
const LONG_PAUSE: Duration = Duration::from_secs(2);
/// How long it is put off at most, in the browser and on the server, by somebody who types without a pause.
const AT_MOST: Duration = Duration::from_secs(2);
const LONG_AT_MOST: Duration = Duration::from_secs(10);
/// Entries kept at once; the oldest makes room.
const MOST: usize = 8;

/// How the draft is kept, for a word beside the title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Nothing,
    /// In this browser.
    Device,
    /// In this browser, and there is no connection.
    Offline,
    /// On the server too.
    Server,
}

impl Kept {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Device => "Draft kept on this device",
            Self::Offline => "No connection. Draft kept on this device",
            Self::Server => "Draft saved",
        }
    }
}

/// One post that was left while it was being written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// The entry's name, and the request's that makes the post.
    pub key: String,
    pub draft: Draft,
    pub at: Option<DateTime<Utc>>,
    /// The saved post that it changes; none for a new one.
    pub changes: Option<PostId>,
    /// The draft on the server.
    pub post: Option<PostId>,
    /// What was first sent to make a post, while the answer is not there: sent again, it makes no second one.
    pub sent: Option<NewPost>,
    /// When the server last took what was written here, by its clock; none while a request is under way, or was lost.
    pub taken_at: Option<DateTime<Utc>>,
    /// Whether it is what the server has from another device, and this browser has not.
    #[serde(skip)]
    pub elsewhere: bool,
}

/// A draft on the server that this browser knows nothing of, or an older state of.
fn from_elsewhere(list: &[Entry], server: &Post) -> Option<Entry> {
    // One whose answer was lost goes by what it was made from.
    let made_of = |sent: &NewPost| sent.body == server.body;
    let known = list.iter().find(|entry| match entry.post {
        Some(post) => post == server.id,
        None => entry.sent.as_ref().is_some_and(made_of),
    });
    let newer = known.is_none_or(|entry| entry.taken_at.is_some_and(|taken| server.updated_at > taken));
    newer.then(|| Entry {
        key: known.map(|entry| entry.key.clone()).unwrap_or_default(),
        // On the server it is private, whatever is meant to become of it.
        draft: Draft { visibility: Draft::default().visibility, ..Draft::of(server) },
        at: Some(server.updated_at),
        post: Some(server.id),
        taken_at: Some(server.updated_at),
        elsewhere: true,
        ..Entry::default()
    })
}

/// The one of the two that was written last.
fn later(here: Option<Entry>, elsewhere: Option<Entry>) -> Option<Entry> {
    match (here, elsewhere) {
        (Some(here), Some(elsewhere)) => {
            // Of the same post the server's state is the newer one, or it would not be offered.
            let same = here.post.is_some() && here.post == elsewhere.post;
            Some(if same || elsewhere.at > here.at { elsewhere } else { here })
        }
        (here, elsewhere) => here.or(elsewhere),
    }
}

/// How long to wait from now for what has been put off for so long already. A clock that was set back starts over.
fn rest(pause: Duration, most: Duration, put_off: TimeDelta) -> Duration {
    pause.min(most.saturating_sub(put_off.to_std().unwrap_or_default()))
}

/// A list with `entry` in it, newest first, and no more of them than are kept.
fn with_entry(mut list: Vec<Entry>, entry: Entry) -> Vec<Entry> {
    list.retain(|other| other.key != entry.key);
    list.insert(0, entry);
    list.truncate(MOST);
    list
}

/// What is left of a post like this one: of the same saved post, or of a new one.
fn left_behind(list: &[Entry], changes: Option<PostId>, now: &Draft, own: &str) -> Option<Entry> {
    list.iter()
        .find(|entry| entry.key != own && entry.changes == changes && !entry.draft.is_empty() && entry.draft != *now)
        .cloned()
}

/// Drafts are a person's, in a workspace: two people at one computer do not see each other's.
fn storage_key() -> Option<String> {
    let me = use_session().me()?;
    Some(format!("arctiv.drafts.{}.{}", me.workspace.id, me.user.id))
}

/// Absent in a browser that forbids it; the composer then keeps drafts on the server alone.
fn storage() -> Option<leptos::web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn load(key: &str) -> Vec<Entry> {
    let json = storage().and_then(|storage| storage.get_item(key).ok().flatten());
    json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}

/// Whether it could be stored.
fn store(key: &str, list: &[Entry]) -> bool {
    let Some(storage) = storage() else { return false };
    if list.is_empty() {
        return storage.remove_item(key).is_ok();
    }
    serde_json::to_string(list).is_ok_and(|json| storage.set_item(key, &json).is_ok())
}

/// Keeps one composer's draft. Copy it anywhere.
#[derive(Clone, Copy)]
pub struct Keeper {
    /// Stored: it is large, and this is copied everywhere.
    composer: StoredValue<Composer>,
    pub kept: RwSignal<Kept>,
    /// What was left behind and waits for a decision.
    pub left: RwSignal<Option<Entry>>,
    state: StoredValue<State>,
}

/// Which of the server's drafts is not to be offered, and up to which state; for ever, if it was thrown away.
type Declined = (PostId, Option<DateTime<Utc>>);

fn declined(place: &str) -> Option<Declined> {
    let json = storage()?.get_item(&format!("{place}.declined")).ok()??;
    serde_json::from_str(&json).ok()
}

fn decline(place: &str, declined: Declined) {
    if let (Some(storage), Ok(json)) = (storage(), serde_json::to_string(&declined)) {
        let _full = storage.set_item(&format!("{place}.declined"), &json);
    }
}

fn is_declined(declined: Option<Declined>, server: &Post) -> bool {
    declined.is_some_and(|(id, up_to)| id == server.id && up_to.is_none_or(|at| at >= server.updated_at))
}

#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or not by itself")]
struct State {
    /// Where in the browser.
    place: Option<String>,
    entry: Entry,
    /// What the server has of it.
    on_server: Option<Draft>,
    timers: [Option<TimeoutHandle>; 2],
    /// Since when each of them is put off.
    since: [Option<DateTime<Utc>>; 2],
    /// A request to the server is under way.
    busy: bool,
    /// Being saved, or no longer ours: nothing is kept on the server by itself.
    stopped: bool,
    /// Saved: nothing is left to keep.
    done: bool,
    /// What waits for the request under way to end.
    then: Option<Callback<()>>,
    /// Until the pictures of a restored draft are back nothing is kept: it would be kept without them.
    restoring: bool,
}

impl Keeper {
    /// Begins. `fresh`: the page began with words of another post, to which nothing that was left is an answer. `server`:
    /// what the server has of the person's unsaved drafts.
    pub fn begin(composer: Composer, fresh: bool, server: Option<Post>) -> Self {
        let changes = match composer.purpose() {
            Purpose::New => None,
            Purpose::Change(id, _) => Some(id),
        };
        let state = State { place: storage_key(), entry: Entry { changes, ..Entry::default() }, ..State::default() };
        let keeper = Self {
            composer: StoredValue::new(composer),
            kept: RwSignal::new(Kept::Nothing),
            left: RwSignal::new(None),
            state: StoredValue::new(state),
        };
        keeper.look(fresh && changes.is_none(), server.filter(|_| changes.is_none()));
        keeper.watch();
        keeper
    }

    /// Offers what was left behind. In the next turn: the fields have read back by then what was typed before the page
    /// came to life.
    fn look(self, fresh: bool, server: Option<Post>) {
        Effect::new(move |before: Option<()>| {
            if before.is_some() {
                return;
            }
            self.state.update_value(|state| state.entry.key = new_key());
            if fresh {
                return;
            }
            let server = server.clone();
            request_animation_frame(move || {
                let Some(now) = self.written() else { return };
                let Some(state) = self.state.try_get_value() else { return };
                let list = state.place.as_deref().map(load).unwrap_or_default();
                let left = left_behind(&list, state.entry.changes, &now, &state.entry.key);
                let declined = state.place.as_deref().and_then(declined);
                let elsewhere = server
                    .filter(|post| !is_declined(declined, post))
                    .and_then(|post| from_elsewhere(&list, &post))
                    .filter(|entry| !entry.draft.is_empty());
                let _page_gone = self.left.try_set(later(left, elsewhere));
            });
        });
    }

    /// Keeps what is written, whenever it rests, when the page goes, and when the connection comes back.
    fn watch(self) {
        let draft = self.composer.get_value().draft;
        Effect::new(move |before: Option<Draft>| {
            let now = draft.get();
            if before.is_some_and(|before| before != now) {
                self.wait(0, (PAUSE, AT_MOST), Self::keep_here);
                self.wait(1, (LONG_PAUSE, LONG_AT_MOST), Self::keep_there);
            }
            now
        });
        Effect::new(move |_| {
            // A tab that is closed or reloaded does not wait for the pause to end.
            let leaving = window_event_listener(ev::Custom::<Event>::new("pagehide"), move |_| {
                if self.waits(0) {
                    self.keep_here();
                }
            });
            let back = window_event_listener(ev::Custom::<Event>::new("online"), move |_| self.keep_there());
            let lost = window_event_listener(ev::Custom::<Event>::new("offline"), move |_| {
                if self.kept.try_get_untracked().is_some_and(|kept| kept != Kept::Nothing) {
                    let _page_gone = self.kept.try_set(Kept::Offline);
                }
            });
            on_cleanup(move || {
                leaving.remove();
                back.remove();
                lost.remove();
            });
        });
        on_cleanup(move || {
            for which in 0..2 {
                self.stop_waiting(which);
            }
        });
    }

    /// What is written now; `None` once the page is gone.
    fn written(self) -> Option<Draft> {
        self.composer.try_get_value()?.draft.try_get_untracked()
    }

    fn waits(self, which: usize) -> bool {
        self.state.try_with_value(|state| state.timers.get(which).is_some_and(Option::is_some)) == Some(true)
    }

    fn stop_waiting(self, which: usize) {
        let _page_gone = self.state.try_update_value(|state| {
            if let Some(timer) = state.timers.get_mut(which).and_then(Option::take) {
                timer.clear();
            }
            if let Some(since) = state.since.get_mut(which) {
                *since = None;
            }
        });
    }

    /// Puts `then` off once more: for a pause, and for no longer than the most in all.
    fn wait(self, which: usize, (pause, most): (Duration, Duration), then: fn(Self)) {
        let since = self.state.try_with_value(|state| state.since.get(which).copied().flatten()).flatten();
        self.stop_waiting(which);
        let (now, since) = (now(), since.unwrap_or_else(now));
        let ended = move || {
            // It has rung: there is nothing to clear.
            let _page_gone = self.state.try_update_value(|state| {
                if let Some(timer) = state.timers.get_mut(which) {
                    *timer = None;
                }
                if let Some(since) = state.since.get_mut(which) {
                    *since = None;
                }
            });
            then(self);
        };
        let timer = set_timeout_with_handle(ended, rest(pause, most, now - since)).ok();
        let _page_gone = self.state.try_update_value(|state| {
            if let (Some(place), Some(begun)) = (state.timers.get_mut(which), state.since.get_mut(which)) {
                *place = timer;
                *begun = Some(since);
            }
        });
    }

    /// Writes the entry into the browser's store.
    fn keep_here(self) {
        let Some(draft) = self.written() else { return };
        let Some(state) = self.state.try_get_value() else { return };
        if state.restoring || state.done {
            return;
        }
        if draft.is_empty() && state.entry.post.is_none() {
            self.forget_here();
            let _page_gone = self.kept.try_set(Kept::Nothing);
            return;
        }
        self.state.update_value(|state| {
            state.entry.draft = draft;
            state.entry.at = Some(now());
        });
        let stored = self.write_entry();
        // A full store keeps nothing; then the page does not claim it either.
        let kept = match (stored, online()) {
            (true, true) => Kept::Device,
            (true, false) => Kept::Offline,
            (false, _) => Kept::Nothing,
        };
        let _page_gone = self.kept.try_set(kept);
    }

    fn write_entry(self) -> bool {
        let Some(State { place: Some(place), entry, .. }) = self.state.try_get_value() else { return false };
        store(&place, &with_entry(load(&place), entry))
    }

    fn forget_here(self) {
        let Some(State { place: Some(place), entry, .. }) = self.state.try_get_value() else { return };
        let mut list = load(&place);
        list.retain(|other| other.key != entry.key);
        store(&place, &list);
    }

    /// Brings the draft on the server up to date. Only new posts have one: a saved post is changed by saving.
    fn keep_there(self) {
        let Some(state) = self.state.try_get_value() else { return };
        let Some(draft) = self.written() else { return };
        let entry = &state.entry;
        let nothing = draft.is_empty() && entry.post.is_none() && entry.sent.is_none();
        // Somebody has pressed the button, and the answer never came: only pressing it again sends that again.
        let published = entry.sent.as_ref().is_some_and(|sent| !sent.autosave);
        let idle = !state.busy && !state.stopped && !state.done && !state.restoring;
        let wanted = entry.changes.is_none() && !nothing && !published && state.on_server.as_ref() != Some(&draft);
        if !idle || !wanted || !online() {
            return;
        }
        self.state.update_value(|state| state.busy = true);
        spawn_local(async move {
            let answer = self.bring(draft.clone()).await;
            let Some(State { then, .. }) = self.state.try_get_value() else { return };
            let _page_gone = self.state.try_update_value(|state| {
                state.busy = false;
                state.then = None;
            });
            match answer {
                Ok(()) => {
                    let _page_gone = self.state.try_update_value(|state| state.on_server = Some(draft.clone()));
                    let rests = self.written().is_none_or(|now| now == draft);
                    if rests {
                        let _page_gone = self.kept.try_set(Kept::Server);
                    } else if then.is_none() {
                        self.wait(1, (LONG_PAUSE, LONG_AT_MOST), Self::keep_there);
                    }
                }
                // The post was saved or deleted elsewhere: it is not written over from here.
                Err(AppError::Refused(fault)) if matches!(fault.code, ErrorCode::Conflict | ErrorCode::NotFound) => {
                    let gone = fault.code == ErrorCode::NotFound;
                    let _page_gone = self.state.try_update_value(|state| {
                        state.stopped = true;
                        if gone {
                            state.entry.post = None;
                            state.entry.key = new_key();
                        }
                    });
                }
                // What is half written may not be valid yet; the browser has it.
                Err(_) => {}
            }
            if let Some(then) = then {
                then.try_run(());
            }
        });
    }

    async fn bring(self, draft: Draft) -> Result<(), AppError> {
        let entry = self.state.with_value(|state| state.entry.clone());
        let post = match entry.post {
            Some(post) => Some(post),
            None => self.make(draft.as_autosave()).await?,
        };
        // Made just now from these very words, it needs no change.
        if let Some(post) = post {
            let _page_gone = self.state.try_update_value(|state| state.entry.taken_at = None);
            self.write_entry();
            self.taken(&update_post(post, draft.as_autosave_patch()).await?);
        }
        Ok(())
    }

    /// Makes the post, or finds the one that an earlier try has made; `None` where it was made from just these words.
    async fn make(self, wanted: NewPost) -> Result<Option<PostId>, AppError> {
        let entry = self.state.with_value(|state| state.entry.clone());
        let sent = entry.sent.unwrap_or_else(|| wanted.clone());
        self.state.update_value(|state| state.entry.sent = Some(sent.clone()));
        self.write_entry();
        let answer = create_post(sent.clone(), entry.key).await;
        match answer {
            Ok(post) => {
                self.made(post.id);
                self.taken(&post);
                Ok((sent != wanted).then_some(post.id))
            }
            Err(error) => {
                self.not_made(&error);
                Err(error)
            }
        }
    }

    /// Making the post failed. Where that is certain, the next try may be another request, and where the name stands for
    /// another post, it is made under another one.
    pub fn not_made(self, error: &AppError) {
        if !is_certain(error) {
            return;
        }
        let _page_gone = self.state.try_update_value(|state| {
            state.entry.sent = None;
            if error.code() == Some(ErrorCode::Conflict) {
                state.entry.key = new_key();
            }
        });
        self.write_entry();
    }

    /// Whether a request is under way; `then` runs once it has ended.
    pub fn is_busy(self, then: Callback<()>) -> bool {
        let busy = self.state.with_value(|state| state.busy);
        if busy {
            self.state.update_value(|state| state.then = Some(then));
        }
        busy
    }

    /// What saving needs to know: the entry as it stands. From here on nothing is kept on the server by itself.
    pub fn hand_over(self) -> Entry {
        self.stop_waiting(1);
        self.state.update_value(|state| state.stopped = true);
        self.state.with_value(|state| state.entry.clone())
    }

    /// Notes what is about to be sent, so that a lost answer makes no second post.
    pub fn about_to_send(self, post: &NewPost) {
        self.state.update_value(|state| state.entry.sent = Some(post.clone()));
        self.write_entry();
    }

    /// This post was made.
    pub fn made(self, post: PostId) {
        let _page_gone = self.state.try_update_value(|state| {
            state.entry.sent = None;
            state.entry.post = Some(post);
        });
        self.write_entry();
    }

    /// The server has what was sent, as of this moment of its clock.
    fn taken(self, post: &Post) {
        let _page_gone = self.state.try_update_value(|state| state.entry.taken_at = Some(post.updated_at));
        self.write_entry();
    }

    /// Saving came to nothing: the draft goes on being kept.
    pub fn goes_on(self) {
        let _page_gone = self.state.try_update_value(|state| state.stopped = false);
    }

    /// The post is saved: there is nothing left to keep.
    pub fn done(self) {
        for which in 0..2 {
            self.stop_waiting(which);
        }
        let _page_gone = self.state.try_update_value(|state| state.done = true);
        self.forget_here();
        let _page_gone = self.kept.try_set(Kept::Nothing);
    }

    /// Throws away what is on the page, here and on the server, and begins a new one.
    pub fn discard(self) {
        let entry = self.state.with_value(|state| state.entry.clone());
        self.done();
        self.composer.get_value().clear();
        self.throw_away(&entry);
        self.state.update_value(|state| {
            (state.stopped, state.done) = (false, false);
            state.on_server = None;
            state.entry = Entry { key: new_key(), changes: entry.changes, ..Entry::default() };
        });
    }

    /// Puts what was left behind on the page, in place of what is there, and goes on with it.
    pub fn restore(self) {
        let Some(entry) = self.left.get_untracked() else { return };
        self.left.set(None);
        let media = entry.draft.media.clone();
        // What was written here meanwhile is left in its turn, and offered the next time.
        if self.written().is_some_and(|written| written.is_empty()) {
            self.forget_here();
        }
        self.state.update_value(|state| {
            state.restoring = !media.is_empty();
            state.stopped = false;
            state.on_server = None;
            state.entry = entry.clone();
            if state.entry.key.is_empty() {
                state.entry.key = new_key();
            }
        });
        let composer = self.composer.get_value();
        // A page that was opened for a time keeps it.
        let draft = composer.draft.with_untracked(|shown| entry.draft.timed_like(shown));
        composer.take(draft);
        composer.pictures.set(Vec::new());
        self.kept.set(Kept::Device);
        if media.is_empty() {
            return;
        }
        spawn_local(async move {
            let answer = get_media(media).await;
            let _page_gone = self.state.try_update_value(|state| state.restoring = false);
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

    /// Leaves what another device has as it is, and does not ask again unless it is written on.
    pub fn decline(self) {
        let Some(entry) = self.left.get_untracked() else { return };
        self.left.set(None);
        let place = self.state.with_value(|state| state.place.clone());
        if let (Some(place), Some(post)) = (place, entry.post) {
            decline(&place, (post, entry.at));
        }
    }

    /// Throws away what was left behind, here and on the server.
    pub fn discard_left(self) {
        let Some(entry) = self.left.get_untracked() else { return };
        self.left.set(None);
        if let Some(place) = self.state.with_value(|state| state.place.clone()) {
            let mut list = load(&place);
            list.retain(|other| other.key != entry.key);
            store(&place, &list);
        }
        self.throw_away(&entry);
    }

    /// Takes a draft off the server, if it got there. What is left of it is private in any case.
    fn throw_away(self, entry: &Entry) {
        let Some(post) = entry.post else { return };
        if let Some(place) = self.state.with_value(|state| state.place.clone()) {
            decline(&place, (post, None));
        }
        spawn_local(async move {
            let _stays_as_a_private_draft = delete_post(post).await;
        });
    }
}

/// Whether a refusal means that nothing has happened. A server that broke, or took too long, may have done it.
pub fn is_certain(error: &AppError) -> bool {
    use ErrorCode::{DatabaseError, ExternalApiError, InternalError, ServiceUnavailable, Timeout};
    error.code().is_some_and(|code| {
        !matches!(code, InternalError | DatabaseError | ExternalApiError | ServiceUnavailable | Timeout)
    })
}

fn now() -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit an i64 for 292 million years")]
    DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, body: &str, changes: Option<PostId>) -> Entry {
        Entry { key: key.into(), draft: Draft { body: body.into(), ..Draft::default() }, changes, ..Entry::default() }
    }

    #[test]
    fn each_post_that_is_written_has_an_entry_of_its_own() {
        let mut list = with_entry(Vec::new(), entry("a", "One", None));
        list = with_entry(list, entry("b", "Two", None));
        list = with_entry(list, entry("a", "One more", None));
        let shown: Vec<_> = list.iter().map(|entry| entry.draft.body.as_str()).collect();
        assert_eq!(shown, ["One more", "Two"]);
        for n in 0..20 {
            list = with_entry(list, entry(&n.to_string(), "x", None));
        }
        assert_eq!(list.len(), MOST);
    }

    #[test]
    fn what_was_left_is_offered_where_it_belongs() {
        let post = PostId(uuid::Uuid::from_u128(1));
        let list = [
            entry("own", "Mine", None),
            entry("c", "A change", Some(post)),
            entry("n", "New", None),
            entry("e", "", None),
        ];
        let nothing = Draft::default();
        let found = |changes, now: &Draft| left_behind(&list, changes, now, "own").map(|entry| entry.key);
        assert_eq!(found(None, &nothing).as_deref(), Some("n"));
        assert_eq!(found(Some(post), &nothing).as_deref(), Some("c"));
        assert_eq!(found(Some(post), &list[1].draft), None, "it was saved in just these words");
        assert_eq!(found(Some(PostId(uuid::Uuid::from_u128(2))), &nothing), None);
    }

    #[test]
    fn another_devices_draft_is_offered_where_this_browser_has_nothing_newer() {
        let at = |seconds: i64| DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap();
        let server = |seconds: i64| Post { updated_at: at(seconds), ..post("Two, longer") };
        let here =
            Entry { post: Some(post("").id), at: Some(at(500)), taken_at: Some(at(10)), ..entry("k", "Two", None) };
        assert_eq!(from_elsewhere(std::slice::from_ref(&here), &server(10)), None, "it is what this browser sent");
        let newer = from_elsewhere(std::slice::from_ref(&here), &server(20)).unwrap();
        assert_eq!((newer.key.as_str(), newer.draft.body.as_str()), ("k", "Two, longer"));
        assert_eq!(newer.draft.visibility, Draft::default().visibility, "what it is on the server says nothing");
        // By the server's clock: this browser's may be wrong.
        assert!(later(Some(here.clone()), Some(newer)).unwrap().elsewhere);
        let under_way = Entry { taken_at: None, ..here };
        assert_eq!(from_elsewhere(&[under_way], &server(20)), None);
        let lost =
            Entry { sent: Some(NewPost { body: "Two, longer".into(), ..NewPost::default() }), ..entry("l", "x", None) };
        assert_eq!(from_elsewhere(&[lost], &server(20)), None, "its answer was lost");
        let unknown = from_elsewhere(&[entry("n", "Other", None)], &server(20)).unwrap();
        assert_eq!(
            later(Some(Entry { at: Some(at(30)), ..entry("n", "Other", None) }), Some(unknown.clone())).unwrap().key,
            "n"
        );
        assert!(later(None, Some(unknown)).is_some());

        let declined = |up_to| Some((post("").id, up_to));
        assert!(is_declined(declined(Some(at(20))), &server(20)) && !is_declined(declined(Some(at(20))), &server(21)));
        assert!(is_declined(declined(None), &server(99)) && !is_declined(None, &server(1)));
    }

    fn post(body: &str) -> Post {
        Post {
            id: PostId(uuid::Uuid::from_u128(9)),
            title: None,
            body: body.into(),
            link: None,
            overrides: std::collections::BTreeMap::new(),
            variations: std::collections::BTreeMap::new(),
            options: std::collections::BTreeMap::new(),
            autosaved: true,
            media: Vec::new(),
            visibility: domain::posts::Visibility::Private,
            status: domain::posts::PostStatus::Draft,
            version: 1,
            author: domain::workspaces::Person { id: domain::UserId(uuid::Uuid::nil()), name: "N".into() },
            account_ids: None,
            publishes_at: None,
            scheduled_at: None,
            scheduled_local: None,
            time_zone: None,
            deliveries: domain::deliveries::DeliveryCounts::default(),
            skipped: Vec::new(),
            approval: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn nonstop_typing_is_kept_all_the_same() {
        for (put_off, expected) in [(0, 400), (1_500, 400), (1_700, 300), (2_000, 0), (9_000, 0), (-5_000, 400)] {
            let waits = rest(PAUSE, AT_MOST, TimeDelta::milliseconds(put_off));
            assert_eq!(waits, Duration::from_millis(expected), "put off for {put_off} ms");
        }
    }

    #[test]
    fn only_a_clear_refusal_says_that_nothing_was_made() {
        assert!(is_certain(&AppError::new(ErrorCode::ValidationError, "No.")));
        assert!(!is_certain(&AppError::new(ErrorCode::Timeout, "Late.")));
        assert!(!is_certain(&AppError::Offline));
    }

    #[test]
    fn an_older_entry_is_read() {
        let read: Entry = serde_json::from_str(r#"{"key":"k","draft":{"body":"b"},"unknown":1}"#).unwrap();
        assert_eq!((read.key.as_str(), read.draft.body.as_str(), read.post), ("k", "b", None));
    }
}
