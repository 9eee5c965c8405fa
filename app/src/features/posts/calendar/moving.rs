//! A post on its way to another place of the sheet: by pointer, or by keyboard (Space picks it up, arrows move it by the day and the
//! hour, Enter puts it down, Escape leaves it where it was). What happens is said in a live region. The sheet changes at once;
//! where the server says no, the post goes back and the reason is told.

use super::place::{Place, Sheet, Step, is_movable};
use crate::{
    AppError,
    features::posts::server_fns::{CalendarPost, move_post},
    ui::{Clock, Toast, Tone, use_clock, use_toasts},
};
use domain::PostId;
use leptos::{
    ev::{self, KeyboardEvent, PointerEvent},
    prelude::*,
    task::spawn_local,
    web_sys,
};
use std::collections::HashSet;
use wasm_bindgen::JsCast as _;

/// As far as a pointer goes before a press becomes a drag, pixels.
const SLACK: i32 = 5;

/// How a post is being moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Pointer,
    Keyboard,
}

/// A post that has been picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub post: PostId,
    pub by: By,
    pub from: Place,
    /// Where it would be put down; `None` beside the sheet.
    pub to: Option<Place>,
}

/// A press that may become a drag.
#[derive(Clone, Copy, Debug)]
struct Press {
    post: PostId,
    pointer: i32,
    x: i32,
    y: i32,
}

/// Moving posts about. Copy it anywhere.
#[derive(Clone, Copy)]
pub struct Moving {
    sheet: StoredValue<Sheet>,
    posts: RwSignal<Vec<CalendarPost>>,
    pub held: RwSignal<Option<Held>>,
    /// Where the pointer is while it drags.
    pub pointer: RwSignal<(i32, i32)>,
    /// What happened last, for those who do not see it.
    pub said: RwSignal<String>,
    /// Those whose new time is on its way to the server.
    pub busy: RwSignal<HashSet<PostId>>,
    press: StoredValue<Option<Press>>,
    /// A drag ends in a click, which must not open the post.
    dragged: StoredValue<bool>,
    put: Callback<(CalendarPost, Place)>,
    clock: Clock,
}

impl Moving {
    pub fn new(
        sheet: Sheet,
        posts: RwSignal<Vec<CalendarPost>>,
        reload: impl Fn() + Copy + Send + Sync + 'static,
    ) -> Self {
        let sheet = StoredValue::new(sheet);
        let said = RwSignal::new(String::new());
        let busy = RwSignal::new(HashSet::new());
        let toasts = use_toasts();
        let put = Callback::new(move |(post, to): (CalendarPost, Place)| {
            let Some(target) = sheet.with_value(|sheet| sheet.target(&post, to)) else { return };
            let id = post.post.id;
            let place = sheet.with_value(|sheet| sheet.words(to));
            replace(posts, target.shown);
            busy.update(|busy| {
                busy.insert(id);
            });
            said.set(format!("{} moved to {place}. Saving.", name(&post)));
            refocus(id);
            spawn_local(async move {
                let answer = move_post(id, post.post.version, target.at, target.local).await;
                let _page_gone = busy.try_update(|busy| busy.remove(&id));
                match answer {
                    Ok(moved) => {
                        let words = format!("{} goes out on {}.", name(&moved.post), long_words(&moved.post));
                        if let Some(note) = moved.note {
                            toasts.push(Toast::new(Tone::Warning, words.clone()).detail(note.clone()));
                            let _page_gone = said.try_set(format!("{words} {note}"));
                        } else {
                            let _page_gone = said.try_set(words);
                        }
                        try_replace(posts, moved.post);
                        refocus(id);
                    }
                    Err(error) => {
                        try_replace(posts, post.clone());
                        refocus(id);
                        toasts.error(format!("{} was not moved", name(&post)), reason(&error));
                        let _page_gone = said.try_set(format!("{} was not moved. {}", name(&post), reason(&error)));
                        // It may have changed elsewhere.
                        reload();
                    }
                }
            });
        });
        let moving = Self {
            sheet,
            posts,
            held: RwSignal::new(None),
            pointer: RwSignal::new((0, 0)),
            said,
            busy,
            press: StoredValue::new(None),
            dragged: StoredValue::new(false),
            put,
            clock: use_clock(),
        };
        moving.listen();
        moving
    }

    fn post(self, id: PostId) -> Option<CalendarPost> {
        self.posts.with_untracked(|posts| posts.iter().find(|one| one.post.id == id).cloned())
    }

    /// Follows the pointer wherever it goes.
    fn listen(self) {
        Effect::new(move |_| {
            let moved = window_event_listener(ev::pointermove, move |event| self.pointer_moved(&event));
            let up = window_event_listener(ev::pointerup, move |event| self.pointer_up(&event));
            let lost = window_event_listener(ev::pointercancel, move |_| self.let_go());
            let keys = window_event_listener(ev::keydown, move |event| {
                if event.key() == "Escape" && self.held.get_untracked().is_some_and(|held| held.by == By::Pointer) {
                    event.prevent_default();
                    self.dragged.set_value(true);
                    self.let_go();
                    self.said.set("Left where it was.".to_owned());
                }
            });
            on_cleanup(move || {
                moved.remove();
                up.remove();
                lost.remove();
                keys.remove();
            });
        });
    }

    fn let_go(self) {
        self.press.set_value(None);
        self.held.set(None);
    }

    /// A button went down on a post.
    pub fn pressed(self, event: &PointerEvent, post: &CalendarPost) {
        self.dragged.set_value(false);
        let movable = is_movable(post) && !self.busy.read_untracked().contains(&post.post.id);
        if event.button() != 0 || !event.is_primary() || !movable || self.held.get_untracked().is_some() {
            return;
        }
        let press = Press { post: post.post.id, pointer: event.pointer_id(), x: event.client_x(), y: event.client_y() };
        self.press.set_value(Some(press));
    }

    fn pointer_moved(self, event: &PointerEvent) {
        let Some(press) = self.press.get_value().filter(|press| press.pointer == event.pointer_id()) else { return };
        let (x, y) = (event.client_x(), event.client_y());
        if self.held.get_untracked().is_none() {
            if (x - press.x).abs() < SLACK && (y - press.y).abs() < SLACK {
                return;
            }
            let from =
                self.post(press.post).and_then(|post| self.sheet.with_value(|sheet| sheet.place_of(post.post.at)));
            let Some(from) = from else { return self.let_go() };
            self.held.set(Some(Held { post: press.post, by: By::Pointer, from, to: Some(from) }));
        }
        self.pointer.set((x, y));
        let to = place_under(x, y).filter(|to| self.sheet.with_value(|sheet| sheet.exists(*to)));
        if self.held.get_untracked().is_some_and(|held| held.to != to) {
            self.held.update(|held| {
                if let Some(held) = held {
                    held.to = to;
                }
            });
        }
    }

    fn pointer_up(self, event: &PointerEvent) {
        if self.press.get_value().is_none_or(|press| press.pointer != event.pointer_id()) {
            return;
        }
        self.press.set_value(None);
        if let Some(held) = self.held.get_untracked().filter(|held| held.by == By::Pointer) {
            self.dragged.set_value(true);
            self.put_down(held);
        }
    }

    /// Whether the click that comes now belongs to a drag.
    pub fn swallows_click(self) -> bool {
        let dragged = self.dragged.get_value();
        self.dragged.set_value(false);
        dragged || self.held.get_untracked().is_some()
    }

    fn put_down(self, held: Held) {
        self.held.set(None);
        let Some(post) = self.post(held.post) else { return };
        match held.to {
            None => self.said.set(format!("{} stays where it was.", name(&post))),
            Some(to) if to == held.from => self.said.set(format!("{} stays where it was.", name(&post))),
            Some(to) => self.put.run((post, to)),
        }
        if held.by == By::Keyboard {
            refocus(held.post);
        }
    }

    /// A key went down on a post.
    pub fn key(self, event: &KeyboardEvent, post: &CalendarPost) {
        let id = post.post.id;
        let held = self.held.get_untracked().filter(|held| held.post == id && held.by == By::Keyboard);
        let key = event.key();
        let Some(held) = held else {
            if key == " " {
                event.prevent_default();
                self.pick_up(post);
            }
            return;
        };
        if let Some(step) = Step::of_key(&key) {
            event.prevent_default();
            let from = held.to.unwrap_or(held.from);
            match self.sheet.with_value(|sheet| sheet.step(from, step).map(|to| (to, sheet.words(to)))) {
                Some((to, words)) => {
                    self.held.set(Some(Held { to: Some(to), ..held }));
                    let told = if self.is_past(to) { format!("{words}, in the past.") } else { format!("{words}.") };
                    self.said.set(told);
                    scroll_to(to);
                }
                None => self.said.set("Edge of the calendar.".to_owned()),
            }
            return;
        }
        match key.as_str() {
            "Enter" | " " => {
                event.prevent_default();
                self.put_down(held);
            }
            "Escape" => {
                event.prevent_default();
                self.held.set(None);
                self.said.set(format!("Canceled. {} stays where it was.", name(post)));
            }
            "Tab" => self.held.set(None),
            _ => {}
        }
    }

    fn is_past(self, place: Place) -> bool {
        let now = self.clock.now().get_untracked();
        self.sheet.with_value(|sheet| sheet.is_past(place, now))
    }

    /// A cell in words.
    pub fn words_of(self, place: Place) -> String {
        self.sheet.with_value(|sheet| sheet.words(place))
    }

    fn pick_up(self, post: &CalendarPost) {
        if !is_movable(post) {
            self.said.set("Only a post that waits for its time can be moved.".to_owned());
            return;
        }
        if self.busy.read_untracked().contains(&post.post.id) {
            return;
        }
        let Some(from) = self.sheet.with_value(|sheet| sheet.place_of(post.post.at)) else { return };
        self.held.set(Some(Held { post: post.post.id, by: By::Keyboard, from, to: Some(from) }));
        self.said.set(format!(
            "{} picked up from {}. Arrow keys move it, Enter puts it down, Escape leaves it where it was.",
            name(post),
            long_words(post)
        ));
    }
}

/// Its first words, as it is called in announcements.
pub fn name(post: &CalendarPost) -> String {
    let words =
        post.post.title.clone().filter(|title| !title.trim().is_empty()).unwrap_or_else(|| post.post.excerpt.clone());
    if words.is_empty() {
        "Post without words".to_owned()
    } else {
        let cut = domain::text::truncate_chars(&words, 40);
        if cut.len() == words.len() { format!("“{words}”") } else { format!("“{}…”", cut.trim_end()) }
    }
}

/// "Thursday 26 November, 07:00".
pub fn long_words(post: &CalendarPost) -> String {
    format!("{}, {}", post.day.format("%A %-d %B"), post.time)
}

fn reason(error: &AppError) -> String {
    error.message().to_owned()
}

fn replace(posts: RwSignal<Vec<CalendarPost>>, changed: CalendarPost) {
    posts.update(|posts| put_in(posts, changed));
}

fn try_replace(posts: RwSignal<Vec<CalendarPost>>, changed: CalendarPost) {
    let _page_gone = posts.try_update(|posts| put_in(posts, changed));
}

/// In its place in the order of time.
fn put_in(posts: &mut Vec<CalendarPost>, changed: CalendarPost) {
    posts.retain(|one| one.post.id != changed.post.id);
    let at = posts.partition_point(|one| (one.post.at, one.post.id) < (changed.post.at, changed.post.id));
    posts.insert(at, changed);
}

/// The post is drawn anew in its new cell; the keyboard goes on there.
fn refocus(id: PostId) {
    request_animation_frame(move || {
        let link = document().query_selector(&format!("[data-sheet] [data-event='{id}'] a")).ok().flatten();
        if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _detached = link.focus();
        }
    });
}

fn scroll_to(place: Place) {
    let cell = document().query_selector(&format!("[data-place='{}']", place.key())).ok().flatten();
    if let Some(cell) = cell {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        cell.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// The cell at a point of the window.
#[expect(clippy::cast_precision_loss, reason = "coordinates of a screen fit a float")]
fn place_under(x: i32, y: i32) -> Option<Place> {
    let under = document().element_from_point(x as f32, y as f32)?;
    let cell = under.closest("[data-place]").ok().flatten()?;
    Place::parse(&cell.get_attribute("data-place")?)
}
