//! What changes on an open page by itself: one event stream, shared by all that listen.
//!
//! A page either refetches when something of a kind has changed ([`Live::accounts`] and its sisters), or patches what
//! it shows ([`Live::on_event`]). Counters rise at most a few times a second, however many events come in.
//!
//! **One stream for all tabs.** A browser opens six connections to a server that speaks HTTP/1.1, and a stream holds one
//! for as long as its page is open: with six tabs nothing would load any more. So the tabs of one person take turns (a
//! Web Lock): the one whose turn it is holds the stream and passes on what it hears (a `BroadcastChannel`); when it
//! closes, the next one takes over. Without locks (plain HTTP on another host than this one) every tab has its own.
//!
//! **Nothing is missed.** Whenever a stream opens, all counters rise once: at first, for what happened while the page
//! was on its way; later, for what happened while there was no stream. A lost connection is taken up again by the
//! browser itself or, when it has given up (the server was restarting, the laptop asleep), by us with growing pauses. A
//! page that leaves the screen lets go of everything, so that the browser can keep it for "back"; coming back it starts
//! over.

use std::{cell::RefCell, rc::Rc, time::Duration};

use domain::{events::LiveEvent, identity::Me};
use leptos::{ev, prelude::*, task::spawn_local, web_sys};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, BroadcastChannel, EventSource, MessageEvent};

const URL: &str = "/api/events";
const KINDS: [&str; 4] = ["account.status", "delivery.updated", "post.updated", "member.updated"];
/// Events closer together than this make the counters rise once.
const GATHER: Duration = Duration::from_millis(250);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Between tabs: the stream stands, the stream is broken. Everything else is an event.
const STANDS: &str = "stands";
const BROKEN: &str = "broken";

/// The tab's event stream. Copy it anywhere.
#[derive(Clone, Copy)]
pub struct Live {
    accounts: RwSignal<u32>,
    deliveries: RwSignal<u32>,
    posts: RwSignal<u32>,
    members: RwSignal<u32>,
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

    /// Rises when somebody joined, left or got another role, and after a lost connection.
    pub fn members(self) -> Signal<u32> {
        self.members.into()
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
                let id = TAB.with_borrow_mut(|tab| tab.listen(Rc::new(listener)));
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
        up(self.members, changed.members);
    }
}

/// Once, at the top of the app. Connects in the browser, for who is signed in.
pub(crate) fn provide_live(me: Option<&Me>) -> Live {
    let live = Live {
        accounts: RwSignal::new(0),
        deliveries: RwSignal::new(0),
        posts: RwSignal::new(0),
        members: RwSignal::new(0),
        connected: RwSignal::new(true),
    };
    provide_context(live);
    if let Some(me) = me {
        // Tabs share what is said to one person in one workspace, and nothing else.
        let name: Rc<str> = format!("arctiv-live/{}/{}", me.workspace.id, me.user.id).into();
        let workspace = me.workspace.id.to_string();
        Effect::new(move |_| {
            TAB.with_borrow_mut(|tab| tab.workspace.clone_from(&workspace));
            connect(live, &name);
            let hide = window_event_listener(ev::Custom::<web_sys::Event>::new("pagehide"), |_| {
                TAB.with_borrow_mut(Tab::let_go);
            });
            let shown = name.clone();
            let show =
                window_event_listener(ev::Custom::<web_sys::Event>::new("pageshow"), move |_| connect(live, &shown));
            let back = name.clone();
            let online = window_event_listener(ev::online, move |_| connect(live, &back));
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
    use_context().unwrap_or_else(|| provide_live(None))
}

/// Which counters are to rise.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each counter rises by itself")]
struct Changed {
    accounts: bool,
    deliveries: bool,
    posts: bool,
    members: bool,
}

impl Changed {
    const ALL: Self = Self { accounts: true, deliveries: true, posts: true, members: true };

    const fn of(event: &LiveEvent) -> Self {
        let mut changed = Self { accounts: false, deliveries: false, posts: false, members: false };
        match event {
            LiveEvent::AccountStatus { .. } => changed.accounts = true,
            LiveEvent::DeliveryUpdated { .. } => changed.deliveries = true,
            LiveEvent::PostUpdated { .. } => changed.posts = true,
            LiveEvent::MemberUpdated { .. } => changed.members = true,
        }
        changed
    }
}

type Listener = Rc<dyn Fn(&LiveEvent)>;

/// What belongs to this tab and not to the reactive graph: handles of the browser, which no other thread may touch.
#[derive(Default)]
struct Tab {
    /// Whose page this is.
    workspace: String,
    /// The stream, while it is this tab's turn.
    stream: Option<Stream>,
    /// This tab's place among all.
    turn: Option<Turn>,
    channel: Option<Channel>,
    listeners: Vec<(u32, Listener)>,
    next_listener: u32,
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

/// A place in the queue for the stream, or at its head.
struct Turn {
    queue: AbortController,
    /// Ends the turn once it has come.
    release: js_sys::Function,
    _granted: Closure<dyn FnMut() -> js_sys::Promise>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.queue.abort();
        let _resolved = self.release.call0(&JsValue::UNDEFINED);
    }
}

/// How the tabs talk to each other.
struct Channel {
    channel: BroadcastChannel,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

impl Tab {
    fn listen(&mut self, listener: Listener) -> u32 {
        let id = self.next_listener;
        self.next_listener = id.wrapping_add(1);
        self.listeners.push((id, listener));
        id
    }

    fn let_go(&mut self) {
        self.stream = None;
        self.turn = None;
        self.channel = None;
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
    }

    fn tell(&self, words: &str) {
        if let Some(channel) = &self.channel {
            // Fails only on a closed channel, which nobody hears any more.
            let _told = channel.channel.post_message(&JsValue::from_str(words));
        }
    }

    fn stands(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.source.ready_state() != EventSource::CLOSED)
    }
}

/// Takes this tab's place: at the stream, in the queue for it or, where there are no queues, at a stream of its own.
fn connect(live: Live, name: &str) {
    let (in_place, at_the_stream) = TAB.with_borrow(|tab| (tab.turn.is_some() || tab.stands(), tab.stream.is_some()));
    if in_place {
        // Back online: no need to wait for the next try.
        if at_the_stream && !TAB.with_borrow(Tab::stands) {
            open(live);
        }
        return;
    }
    TAB.with_borrow_mut(Tab::let_go);
    let Some(turn) = queue(live, name) else { return open(live) };
    let channel = BroadcastChannel::new(name).ok().map(|channel| {
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| overhear(live, &message));
        channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Channel { channel, _on_message: on_message }
    });
    TAB.with_borrow_mut(|tab| {
        tab.turn = Some(turn);
        tab.channel = channel;
    });
}

/// Queues for the stream with a Web Lock; `None` where the browser has none here. (Called by hand: `web_sys` counts the
/// interface as unstable.)
fn queue(live: Live, name: &str) -> Option<Turn> {
    let get = |object: &JsValue, key: &str| js_sys::Reflect::get(object, &JsValue::from_str(key)).ok();
    let locks = get(window().navigator().as_ref(), "locks").filter(|locks| !locks.is_undefined())?;
    let request: js_sys::Function = get(&locks, "request")?.dyn_into().ok()?;
    let queue = AbortController::new().ok()?;
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"signal".into(), &queue.signal()).ok()?;
    let mut release = None;
    // The lock is held for as long as this promise is open.
    let held = js_sys::Promise::new(&mut |resolve, _reject| release = Some(resolve));
    let granted = Closure::<dyn FnMut() -> js_sys::Promise>::new(move || {
        open(live);
        held.clone()
    });
    let asked = request.call3(&locks, &JsValue::from_str(name), &options, granted.as_ref()).ok()?;
    spawn_local(async move {
        // Ends with the turn, or with an error when this tab leaves the queue; neither is news.
        let _ended = JsFuture::from(js_sys::Promise::resolve(&asked)).await;
    });
    Some(Turn { queue, release: release?, _granted: granted })
}

/// What the tab at the stream passes on.
fn overhear(live: Live, message: &MessageEvent) {
    match message.data().as_string().as_deref() {
        Some(STANDS) => stands(live),
        Some(BROKEN) => live.connected.set(false),
        Some(event) => hear(live, event),
        None => {}
    }
}

fn open(live: Live) {
    if let Some(retry) = TAB.with_borrow_mut(|tab| tab.retry.take()) {
        retry.clear();
    }
    // A session that has gone to another workspace has no news for this page.
    let url = TAB.with_borrow(|tab| format!("{URL}?workspace={}", tab.workspace));
    let Ok(source) = EventSource::new(&url) else { return retry_later(live) };
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        if let Some(event) = message.data().as_string() {
            TAB.with_borrow(|tab| tab.tell(&event));
            hear(live, &event);
        }
    });
    let on_open = Closure::<dyn FnMut()>::new(move || {
        TAB.with_borrow_mut(|tab| {
            tab.pause = FIRST_PAUSE;
            tab.tell(STANDS);
        });
        stands(live);
    });
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

fn stands(live: Live) {
    live.connected.set(true);
    gather(live, Changed::ALL);
}

fn broken(live: Live) {
    live.connected.set(false);
    let given_up = TAB.with_borrow(|tab| {
        tab.tell(BROKEN);
        !tab.stands()
    });
    // Otherwise the browser is trying again by itself.
    if given_up {
        retry_later(live);
    }
}

fn retry_later(live: Live) {
    TAB.with_borrow_mut(|tab| {
        let pause = tab.pause.clamp(FIRST_PAUSE, LONGEST_PAUSE);
        tab.pause = (pause * 2).min(LONGEST_PAUSE);
        // Up to half as much again, so that all browsers do not come back in the same moment after a restart.
        let pause = pause.mul_f64(1.0 + js_sys::Math::random() / 2.0);
        if let Some(earlier) = tab.retry.take() {
            earlier.clear();
        }
        tab.retry = set_timeout_with_handle(move || open(live), pause).ok();
    });
}

fn hear(live: Live, event: &str) {
    // A kind that a newer server knows and this page does not is no news for it.
    let Ok(event) = serde_json::from_str::<LiveEvent>(event) else { return };
    let listeners: Vec<_> = TAB.with_borrow(|tab| tab.listeners.iter().map(|(_, one)| one.clone()).collect());
    for listener in listeners {
        listener(&event);
    }
    gather(live, Changed::of(&event));
}

fn gather(live: Live, changed: Changed) {
    let waiting = TAB.with_borrow_mut(|tab| {
        let waiting = tab.gathered.is_some();
        let gathered = tab.gathered.get_or_insert_default();
        gathered.accounts |= changed.accounts;
        gathered.deliveries |= changed.deliveries;
        gathered.posts |= changed.posts;
        gathered.members |= changed.members;
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
