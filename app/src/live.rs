//! What changes on an open page by itself: one event stream per tab, shared by all that listen.
//!
//! A page either refetches when something of a kind has changed ([`Live::accounts`] and its sisters as part of a
//! resource's source), or patches what it shows ([`Live::on_event`]). Counters rise at most a few times a second,
//! however many events come in.
//!
//! A lost connection is taken up again: by the browser itself, which names the last event it saw, or, when the browser
//! has given up (the server was restarting, the laptop asleep), by a new stream with growing pauses. After either, all
//! counters rise once: whatever was missed is fetched. A page that leaves the screen closes its stream, so that the
//! browser can keep the page for "back"; coming back, it opens one and catches up.

use std::{cell::RefCell, time::Duration};

use domain::events::LiveEvent;
use leptos::{ev, prelude::*, web_sys};
use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{EventSource, MessageEvent};

const URL: &str = "/api/events";
const KINDS: [&str; 3] = ["account.status", "delivery.updated", "post.updated"];
/// Events closer together than this make the counters rise once.
const GATHER: Duration = Duration::from_millis(250);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The tab's event stream. Copy it anywhere.
#[derive(Clone, Copy)]
pub struct Live {
    accounts: RwSignal<u32>,
    deliveries: RwSignal<u32>,
    posts: RwSignal<u32>,
    connected: RwSignal<bool>,
}

impl Live {
    /// Rises when an account changed, and after a lost connection.
    pub fn accounts(self) -> Signal<u32> {
        self.accounts.into()
    }

    /// Rises when a delivery changed, and after a lost connection.
    pub fn deliveries(self) -> Signal<u32> {
        self.deliveries.into()
    }

    /// Rises when a post changed, and after a lost connection.
    pub fn posts(self) -> Signal<u32> {
        self.posts.into()
    }

    /// Whether the stream stands. True until the first failure, so that a page does not begin with a warning.
    pub fn connected(self) -> Signal<bool> {
        self.connected.into()
    }

    /// Calls back for each event, until the component that asked is gone. What was missed while disconnected does not
    /// come this way: refetch by the counters.
    pub fn on_event(self, listener: impl Fn(&LiveEvent) + 'static) {
        let listener = RefCell::new(Some(listener));
        Effect::new(move |_| {
            if let Some(listener) = listener.take() {
                let id = TAB.with_borrow_mut(|tab| tab.listen(Box::new(listener)));
                on_cleanup(move || TAB.with_borrow_mut(|tab| tab.listeners.retain(|(one, _)| *one != id)));
            }
        });
    }

    fn rise(self, changed: Changed) {
        let up = |counter: RwSignal<u32>, by: bool| {
            if by {
                counter.update(|n| *n = n.wrapping_add(1));
            }
        };
        up(self.accounts, changed.accounts);
        up(self.deliveries, changed.deliveries);
        up(self.posts, changed.posts);
    }
}

/// Once, at the top of the app. Connects in the browser, for who is signed in.
pub(crate) fn provide_live(signed_in: bool) -> Live {
    let live = Live {
        accounts: RwSignal::new(0),
        deliveries: RwSignal::new(0),
        posts: RwSignal::new(0),
        connected: RwSignal::new(true),
    };
    provide_context(live);
    if signed_in {
        Effect::new(move |_| {
            connect(live);
            let hide = window_event_listener(ev::Custom::<web_sys::Event>::new("pagehide"), |_| {
                TAB.with_borrow_mut(Tab::close);
            });
            let show = window_event_listener(ev::Custom::<web_sys::Event>::new("pageshow"), move |_| connect(live));
            let online = window_event_listener(ev::online, move |_| connect(live));
            on_cleanup(move || {
                hide.remove();
                show.remove();
                online.remove();
            });
        });
    }
    live
}

/// The tab's event stream.
pub fn use_live() -> Live {
    use_context().unwrap_or_else(|| provide_live(false))
}

/// Which counters are to rise.
#[derive(Clone, Copy, Default)]
struct Changed {
    accounts: bool,
    deliveries: bool,
    posts: bool,
}

impl Changed {
    const ALL: Self = Self { accounts: true, deliveries: true, posts: true };

    const fn add(&mut self, event: &LiveEvent) {
        match event {
            LiveEvent::AccountStatus { .. } => self.accounts = true,
            LiveEvent::DeliveryUpdated { .. } => self.deliveries = true,
            LiveEvent::PostUpdated { .. } => self.posts = true,
        }
    }
}

type Listener = Box<dyn Fn(&LiveEvent)>;

/// What belongs to this tab and not to the reactive graph: handles of the browser, which no other thread may touch.
#[derive(Default)]
struct Tab {
    stream: Option<Stream>,
    listeners: Vec<(u32, std::rc::Rc<Listener>)>,
    next_listener: u32,
    /// Whether a stream stood before: a new one then has something to catch up with.
    stood_before: bool,
    /// `Some` while events are being gathered.
    gathered: Option<Changed>,
    pause: Duration,
    retry: Option<TimeoutHandle>,
}

thread_local! {
    static TAB: RefCell<Tab> = RefCell::default();
}

/// An open stream and the closures it calls.
struct Stream {
    source: EventSource,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_open: Closure<dyn FnMut()>,
    _on_error: Closure<dyn FnMut()>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

impl Tab {
    fn listen(&mut self, listener: Listener) -> u32 {
        let id = self.next_listener;
        self.next_listener = id.wrapping_add(1);
        self.listeners.push((id, std::rc::Rc::new(listener)));
        id
    }

    fn close(&mut self) {
        self.stream = None;
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
    }
}

/// Opens the stream unless one stands or is being opened.
fn connect(live: Live) {
    let stands = TAB.with_borrow(|tab| {
        tab.stream.as_ref().is_some_and(|stream| stream.source.ready_state() != EventSource::CLOSED)
    });
    if stands {
        return;
    }
    TAB.with_borrow_mut(Tab::close);
    let Ok(source) = EventSource::new(URL) else { return retry_later(live) };
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| receive(live, &message));
    let on_open = Closure::<dyn FnMut()>::new(move || opened(live));
    let on_error = Closure::<dyn FnMut()>::new(move || broken(live));
    for kind in KINDS {
        // Fails only for arguments that are no strings and no functions.
        let _added = source.add_event_listener_with_callback(kind, on_message.as_ref().unchecked_ref());
    }
    source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
    source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    let stream = Stream { source, _on_message: on_message, _on_open: on_open, _on_error: on_error };
    TAB.with_borrow_mut(|tab| tab.stream = Some(stream));
}

fn opened(live: Live) {
    let catch_up = TAB.with_borrow_mut(|tab| {
        tab.pause = FIRST_PAUSE;
        std::mem::replace(&mut tab.stood_before, true)
    });
    live.connected.set(true);
    if catch_up {
        gather(live, Changed::ALL);
    }
}

fn broken(live: Live) {
    live.connected.set(false);
    let given_up = TAB
        .with_borrow(|tab| tab.stream.as_ref().is_none_or(|stream| stream.source.ready_state() == EventSource::CLOSED));
    // Otherwise the browser is trying again by itself.
    if given_up {
        retry_later(live);
    }
}

fn retry_later(live: Live) {
    TAB.with_borrow_mut(|tab| {
        // What was missed while there was no stream has to be fetched, whether or not one stood before.
        tab.stood_before = true;
        let pause = tab.pause.clamp(FIRST_PAUSE, LONGEST_PAUSE);
        tab.pause = (pause * 2).min(LONGEST_PAUSE);
        // Up to half as much again, so that all tabs do not come back in the same moment after a restart.
        let pause = pause.mul_f64(1.0 + js_sys::Math::random() / 2.0);
        if let Some(earlier) = tab.retry.take() {
            earlier.clear();
        }
        tab.retry = set_timeout_with_handle(move || connect(live), pause).ok();
    });
}

fn receive(live: Live, message: &MessageEvent) {
    let event = message.data().as_string().and_then(|data| serde_json::from_str::<LiveEvent>(&data).ok());
    // A kind that a newer server knows and this page does not.
    let Some(event) = event else { return };
    let listeners: Vec<_> = TAB.with_borrow(|tab| tab.listeners.iter().map(|(_, one)| one.clone()).collect());
    for listener in listeners {
        listener(&event);
    }
    let mut changed = Changed::default();
    changed.add(&event);
    gather(live, changed);
}

fn gather(live: Live, changed: Changed) {
    let waiting = TAB.with_borrow_mut(|tab| {
        let waiting = tab.gathered.is_some();
        let gathered = tab.gathered.get_or_insert_default();
        gathered.accounts |= changed.accounts;
        gathered.deliveries |= changed.deliveries;
        gathered.posts |= changed.posts;
        waiting
    });
    if !waiting {
        set_timeout(
            move || {
                if let Some(gathered) = TAB.with_borrow_mut(|tab| tab.gathered.take()) {
                    live.rise(gathered);
                }
            },
            GATHER,
        );
    }
}
