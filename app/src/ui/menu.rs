//! Menus and popovers, on the browser's popovers: they open without a script, lie above everything, close on Escape
//! and on a press elsewhere, and give the focus back. The script adds the arrow keys, and a place where the browser
//! cannot anchor by itself.

use super::button::{ButtonSize, ButtonVariant, button_class, icon_button_class};
use super::class::cx;
use super::icon::{Glyph, icon};
use leptos::{
    ev::{self, KeyboardEvent, MouseEvent},
    prelude::*,
    web_sys,
};
use wasm_bindgen::JsCast as _;

/// The look and the place of what floats (`.floating` in `style/base.css` anchors it to its button).
pub(super) const PANEL: &str = "floating rounded-xl bg-raised text-base text-text shadow-raised";

/// A list of actions on a thing, behind one button. Children are [`MenuItem`]s, [`MenuLink`]s and [`MenuSeparator`]s.
#[component]
pub fn Menu(
    /// Id of the menu; unique in the page.
    #[prop(into)]
    id: String,
    /// Names the button and the menu, with the thing: "Actions for Acme Corp".
    #[prop(into)]
    label: String,
    /// The drawing on the button.
    #[prop(default = Glyph::Ellipsis)]
    icon: Glyph,
    #[prop(optional)] size: ButtonSize,
    /// What stands on the button instead of the drawing (a name, an avatar).
    #[prop(optional, into)]
    trigger: Option<ViewFn>,
    /// Classes of the button with a `trigger`.
    #[prop(optional, into)]
    trigger_class: Option<String>,
    /// Above the items: who is signed in.
    #[prop(optional, into)]
    head: Option<ViewFn>,
    /// Each time it is opened: for items that are fetched when they are wanted.
    #[prop(optional, into)]
    on_open: Option<Callback<()>>,
    children: Children,
) -> impl IntoView {
    let (class, content) = match trigger {
        Some(trigger) => (trigger_class.unwrap_or_else(|| button_class(ButtonVariant::Ghost, size, "")), trigger.run()),
        None => (icon_button_class(ButtonVariant::Ghost, size, ""), self::icon(icon, "size-4")),
    };
    let name = label.clone();
    view! {
        <button
            data-ui="menu-button"
            type="button"
            class=class
            aria-label=label
            aria-haspopup="menu"
            popovertarget=id.clone()
        >
            {content}
        </button>
        <div
            data-ui="menu"
            id=id
            popover="auto"
            class=cx(&[PANEL, "min-w-56 max-w-80"])
            on:toggle=move |event| {
                if opened(&event, true) && let Some(on_open) = on_open {
                    on_open.run(());
                }
            }
            on:keydown=menu_keys
        >
            {head.map(|head| view! { <div class="border-b border-border px-3.5 py-2.5">{head.run()}</div> })}
            <div role="menu" aria-label=name class="p-1">{children()}</div>
        </div>
    }
    .into_any()
}

const ITEM: &str = "flex h-8 w-full items-center gap-2.5 rounded-lg px-2.5 text-left text-base whitespace-nowrap focus-visible:-outline-offset-2 touch:h-12";

fn item_class(danger: bool, disabled: bool) -> String {
    let look = if disabled {
        "cursor-not-allowed text-subtle"
    } else if danger {
        "text-danger hover:bg-danger-bg focus-visible:bg-danger-bg"
    } else {
        "text-text hover:bg-hover focus-visible:bg-hover"
    };
    cx(&[ITEM, look])
}

/// An action.
#[component]
pub fn MenuItem(
    #[prop(into)] label: String,
    #[prop(optional, into)] icon: Option<Glyph>,
    /// The key that does the same.
    #[prop(optional, into)]
    shortcut: Option<&'static str>,
    #[prop(optional)] danger: bool,
    #[prop(optional)] disabled: bool,
    /// Sends the form with this id (log out works without script).
    #[prop(optional, into)]
    form: Option<String>,
    /// In place of the icon: an avatar, a logo.
    #[prop(optional, into)]
    mark: Option<ViewFn>,
    /// A second line.
    #[prop(optional, into)]
    detail: Option<String>,
    /// Shown with a check: the one that is chosen.
    #[prop(optional)]
    current: bool,
    #[prop(optional, into)] on_click: Option<Callback<MouseEvent>>,
) -> impl IntoView {
    let tall = if detail.is_some() { "h-12" } else { "" };
    let glyph = icon.map(|glyph| {
        self::icon(
            glyph,
            if danger {
                "size-4"
            } else if disabled {
                "size-4 opacity-60"
            } else {
                "size-4 text-muted"
            },
        )
    });
    view! {
        <button
            type=if form.is_some() { "submit" } else { "button" }
            role="menuitem"
            class=cx(&[&item_class(danger, disabled), tall])
            form=form
            aria-current=current.then_some("true")
            aria-disabled=disabled.then_some("true")
            on:click=move |event| {
                if disabled {
                    event.prevent_default();
                    return;
                }
                close_around(&event);
                if let Some(on_click) = on_click {
                    on_click.run(event);
                }
            }
        >
            {glyph}
            {mark.map(|mark| mark.run())}
            <span class="min-w-0 flex-1">
                <span class="block truncate">{label}</span>
                {detail.map(|detail| view! { <span class="block truncate text-xs text-muted">{detail}</span> })}
            </span>
            {shortcut.map(super::misc::kbd)}
            {current.then(|| self::icon(Glyph::Check, "size-4 text-accent-strong"))}
        </button>
    }
    .into_any()
}

/// A way to a page.
#[component]
pub fn MenuLink(
    #[prop(into)] label: String,
    #[prop(into)] href: String,
    #[prop(optional, into)] icon: Option<Glyph>,
    /// Shown with a check: the workspace one is in.
    #[prop(optional)]
    current: bool,
    /// A second line.
    #[prop(optional, into)]
    detail: Option<String>,
) -> impl IntoView {
    let glyph = icon.map(|glyph| self::icon(glyph, "size-4 text-muted"));
    let tall = if detail.is_some() { "h-12" } else { "" };
    view! {
        <a
            href=href
            role="menuitem"
            class=cx(&[&item_class(false, false), tall])
            aria-current=current.then_some("true")
            on:click=move |event| close_around(&event)
        >
            {glyph}
            <span class="min-w-0 flex-1">
                <span class="block truncate">{label}</span>
                {detail.map(|detail| view! { <span class="block truncate text-xs text-muted">{detail}</span> })}
            </span>
            {current.then(|| self::icon(Glyph::Check, "size-4 text-accent-strong"))}
        </a>
    }
    .into_any()
}

/// A line between groups.
#[component]
pub fn MenuSeparator() -> impl IntoView {
    view! { <div role="separator" class="-mx-1 my-1 border-t border-border"></div> }
}

/// Anything that floats beside its button: filters, a picker, notifications.
#[component]
pub fn Popover(
    #[prop(into)] id: String,
    /// Names the panel.
    #[prop(into)]
    label: String,
    /// What stands on the button.
    #[prop(into)]
    trigger: ViewFn,
    /// Classes of the button; a small secondary one without.
    #[prop(optional, into)]
    trigger_class: Option<String>,
    /// Names the button where its content does not.
    #[prop(optional, into)]
    trigger_label: Option<String>,
    /// Classes of the panel: its width and padding.
    #[prop(default = "p-3".into(), into)]
    class: String,
    children: Children,
) -> impl IntoView {
    let trigger_class = trigger_class.unwrap_or_else(|| button_class(ButtonVariant::Secondary, ButtonSize::Small, ""));
    view! {
        <button
            data-ui="popover-button"
            type="button"
            class=trigger_class
            aria-label=trigger_label
            aria-haspopup="dialog"
            popovertarget=id.clone()
        >
            {trigger.run()}
        </button>
        <div
            data-ui="popover"
            id=id
            popover="auto"
            role="dialog"
            aria-label=label
            class=cx(&[PANEL, &class])
            on:toggle=move |event| {
                opened(&event, false);
            }
            on:submit=move |event| close_around(&event)
        >
            {children()}
        </div>
    }
    .into_any()
}

/// Places the panel where CSS cannot, and moves the focus into a menu. Whether it has opened and not closed.
pub(super) fn opened(event: &ev::Event, into_menu: bool) -> bool {
    let Some(panel) = event.current_target().and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok()) else {
        return false;
    };
    if !panel.matches(":popover-open").unwrap_or(false) {
        return false;
    }
    if !web_sys::css::supports_with_value("position-area", "bottom").unwrap_or(false) {
        place(&panel);
    }
    if into_menu && let Some(first) = items(&panel).first() {
        let _detached = first.focus();
    }
    true
}

/// Below its button, above it where there is no room, always inside the view.
fn place(panel: &web_sys::HtmlElement) {
    let Ok(Some(button)) = document().query_selector(&format!("[popovertarget=\"{}\"]", panel.id())) else { return };
    let (from, size) = (button.get_bounding_client_rect(), panel.get_bounding_client_rect());
    let width = window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or(360.0);
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(640.0);
    let left = if from.left() + size.width() > width - 8.0 { from.right() - size.width() } else { from.left() };
    let below = from.bottom() + 4.0;
    let top = if below + size.height() > height - 8.0 { from.top() - 4.0 - size.height() } else { below };
    let style = format!("inset:auto;left:{}px;top:{}px", left.max(8.0), top.max(8.0));
    let _read_only = panel.set_attribute("style", &style);
}

fn items(panel: &web_sys::Element) -> Vec<web_sys::HtmlElement> {
    let Ok(list) = panel.query_selector_all("[role=menuitem]") else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.item(i)?.dyn_into().ok()).collect()
}

/// Arrows, Home, End and first letters, as the menu pattern has them. Tab leaves and closes.
fn menu_keys(event: KeyboardEvent) {
    let Some(panel) = event.current_target().and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok()) else {
        return;
    };
    let items = items(&panel);
    let Some(last) = items.len().checked_sub(1) else { return };
    let focused = document().active_element();
    let at = items.iter().position(|item| focused.as_ref() == Some(item.as_ref()));
    let key = event.key();
    let to = match key.as_str() {
        "ArrowDown" => at.map_or(0, |at| if at == last { 0 } else { at + 1 }),
        "ArrowUp" => at.map_or(last, |at| if at == 0 { last } else { at - 1 }),
        "Home" => 0,
        "End" => last,
        "Tab" => {
            let _closed = panel.hide_popover();
            return;
        }
        letter if letter.chars().count() == 1 && letter != " " => {
            let wanted = letter.to_lowercase();
            let from = at.map_or(0, |at| at + 1);
            let found = (0..items.len()).map(|i| (from + i) % items.len()).find(|i| {
                items
                    .get(*i)
                    .and_then(|item| item.text_content())
                    .is_some_and(|text| text.trim().to_lowercase().starts_with(&wanted))
            });
            match found {
                Some(found) => found,
                None => return,
            }
        }
        _ => return,
    };
    event.prevent_default();
    if let Some(item) = items.get(to) {
        let _detached = item.focus();
    }
}

/// Closes the menu or popover that a click, or a form that is sent, happened in.
pub(super) fn close_around(event: &ev::Event) {
    let panel = event
        .current_target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .and_then(|item| item.closest("[popover]").ok().flatten())
        .and_then(|panel| panel.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(panel) = panel {
        let _closed = panel.hide_popover();
    }
}
