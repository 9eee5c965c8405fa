//! Tabs. Those that change the address are links ([`NavTabs`]); those within a panel are tabs ([`Tabs`]).

use super::class::cx;
use super::icon::{Mark, MarkSize, platform_mark};
use super::status::Count;
use leptos::{ev::KeyboardEvent, html, prelude::*, web_sys};
use wasm_bindgen::JsCast as _;

const TAB: &str = "relative -mb-px inline-flex shrink-0 items-center border-b-2 font-medium whitespace-nowrap -outline-offset-3 touch:h-12";
const PLAIN: &str = "h-10 gap-2 text-base";
const FRAMED: &str = "h-9 gap-1.5 px-2 text-sm";
const ON: &str = "border-accent-strong text-text";
const OFF: &str = "border-transparent text-muted hover:text-text";

/// One tab of [`Tabs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// Suffix of the ids: `<root>-tab-<key>` and `<root>-panel-<key>`.
    pub key: String,
    pub label: String,
    pub mark: Option<Mark>,
    pub count: Option<u64>,
    /// A dot after the words: this one differs from the rest.
    pub dot: Option<&'static str>,
}

impl Tab {
    pub fn new(key: impl Into<String>, label: impl Into<String>) -> Self {
        Self { key: key.into(), label: label.into(), mark: None, count: None, dot: None }
    }

    #[must_use]
    pub fn mark(mut self, mark: Mark) -> Self {
        self.mark = Some(mark);
        self
    }

    #[must_use]
    pub fn count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// A dot, and what it means for screen readers.
    #[must_use]
    pub fn dot(mut self, meaning: &'static str) -> Self {
        self.dot = Some(meaning);
        self
    }
}

/// The row of tabs; each of its panels is a [`TabPanel`] with the same `id`. Arrow keys move and choose.
#[component]
pub fn Tabs(
    /// Root of the ids.
    #[prop(into)]
    id: String,
    #[prop(into)] label: String,
    #[prop(into)] tabs: Signal<Vec<Tab>>,
    /// The chosen tab's key.
    selected: RwSignal<String>,
    /// Smaller, on a sunken ground: the head of a frame (the editor's platforms).
    #[prop(optional)]
    framed: bool,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let look = if framed { "bg-sunken px-1" } else { "gap-5" };
    let keys = move |event: KeyboardEvent| {
        let tabs = tabs.read_untracked();
        let Some(end) = tabs.len().checked_sub(1) else { return };
        let at = tabs.iter().position(|tab| tab.key == *selected.read_untracked()).unwrap_or(0);
        let to = match event.key().as_str() {
            "ArrowRight" => {
                if at == end {
                    0
                } else {
                    at + 1
                }
            }
            "ArrowLeft" => {
                if at == 0 {
                    end
                } else {
                    at - 1
                }
            }
            "Home" => 0,
            "End" => end,
            _ => return,
        };
        event.prevent_default();
        let Some(tab) = tabs.get(to) else { return };
        selected.set(tab.key.clone());
        let list = event.current_target().and_then(|list| list.dyn_into::<web_sys::Element>().ok());
        let target = list
            .and_then(|list| list.query_selector_all("[role=tab]").ok())
            .and_then(|all| all.item(u32::try_from(to).ok()?))
            .and_then(|tab| tab.dyn_into::<web_sys::HtmlElement>().ok());
        if let Some(target) = target {
            let _detached = target.focus();
        }
    };
    // A tab that is chosen from elsewhere may lie beyond the edge: the row is scrolled to it, and nothing else is.
    let row = NodeRef::<html::Div>::new();
    Effect::new(move |first: Option<()>| {
        selected.track();
        if first.is_some() {
            request_animation_frame(move || {
                let Some(row) = row.try_get_untracked().flatten() else { return };
                let chosen = row.query_selector("[aria-selected=true]").ok().flatten();
                let Some(tab) = chosen.and_then(|tab| tab.dyn_into::<web_sys::HtmlElement>().ok()) else { return };
                let (start, end) = (tab.offset_left(), tab.offset_left() + tab.offset_width());
                if start < row.scroll_left() {
                    row.set_scroll_left(start);
                } else if end > row.scroll_left() + row.client_width() {
                    row.set_scroll_left(end - row.client_width());
                }
            });
        }
    });
    view! {
        <div
            node_ref=row
            data-ui="tabs"
            role="tablist"
            aria-label=label
            class=cx(&["relative flex overflow-x-auto border-b border-border", look, &class])
            on:keydown=keys
        >
            {move || tabs.get().into_iter().map(|tab| tab_button(&id, tab, selected, framed)).collect_view()}
        </div>
    }
    .into_any()
}

fn tab_button(root: &str, tab: Tab, selected: RwSignal<String>, framed: bool) -> AnyView {
    let shape = if framed { FRAMED } else { PLAIN };
    let key = tab.key.clone();
    let is_selected = Memo::new(move |_| *selected.read() == key);
    let key = tab.key.clone();
    view! {
        <button
            type="button"
            role="tab"
            id=format!("{root}-tab-{}", tab.key)
            aria-controls=format!("{root}-panel-{}", tab.key)
            aria-selected=move || if is_selected.get() { "true" } else { "false" }
            tabindex=move || if is_selected.get() { "0" } else { "-1" }
            class=move || cx(&[TAB, shape, if is_selected.get() { ON } else { OFF }])
            on:click=move |_| selected.set(key.clone())
        >
            {tab.mark.map(|mark| platform_mark(mark, if framed { MarkSize::Tiny } else { MarkSize::Bare }))}
            {tab.label}
            {tab.count.map(|count| view! { <Count count/> })}
            {tab.dot
                .map(|meaning| {
                    view! {
                        <span class="size-1.5 rounded-full bg-accent" aria-hidden="true"></span>
                        <span class="sr-only">", " {meaning}</span>
                    }
                })}
        </button>
    }
    .into_any()
}

/// What a tab shows. All panels stay in the tree, so what was typed in one is still there.
#[component]
pub fn TabPanel(
    /// The `id` of its [`Tabs`].
    #[prop(into)]
    id: String,
    #[prop(into)] key: String,
    selected: RwSignal<String>,
    #[prop(optional, into)] class: String,
    children: Children,
) -> impl IntoView {
    let own = key.clone();
    view! {
        <div
            role="tabpanel"
            id=format!("{id}-panel-{key}")
            aria-labelledby=format!("{id}-tab-{key}")
            tabindex="0"
            hidden=move || *selected.read() != own
            class=class
        >
            {children()}
        </div>
    }
    .into_any()
}

/// One address of [`NavTabs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NavTab {
    pub href: String,
    pub label: String,
    pub count: Option<u64>,
    pub current: bool,
}

/// Tabs that are addresses.
#[component]
pub fn NavTabs(#[prop(into)] label: String, #[prop(into)] tabs: Signal<Vec<NavTab>>) -> impl IntoView {
    view! {
        <nav data-ui="nav-tabs" aria-label=label class="border-b border-border">
            <ul class="relative flex gap-5 overflow-x-auto">
                {move || {
                    tabs.get()
                        .into_iter()
                        .map(|tab| {
                            view! {
                                <li class="shrink-0">
                                    <a
                                        href=tab.href
                                        aria-current=tab.current.then_some("page")
                                        class=cx(&[TAB, PLAIN, if tab.current { ON } else { OFF }])
                                    >
                                        {tab.label}
                                        {tab.count.map(|count| view! { <Count count/> })}
                                    </a>
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
        </nav>
    }
    .into_any()
}
