//! Moving about inside the page: the rules that the server keeps for page loads, kept here for the router.

use domain::identity::{Gate, gate};
use leptos::{prelude::*, web_sys};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use std::{cell::Cell, time::Duration};
use wasm_bindgen::JsCast as _;

use crate::session::use_session;

/// Keeps who may go where, and after each navigation gives the focus to the new page's heading, so that the keyboard
/// starts there and a screen reader says where it is. Once, inside the router.
#[component]
pub fn Navigation() -> impl IntoView {
    let session = use_session();
    let location = use_location();
    let navigate = use_navigate();
    Effect::new(move |_| {
        let path = location.pathname.get();
        let whole = format!("{path}{}", query(&location.search.get()));
        if let Gate::Redirect(to) = gate(&path, &whole, session.kind()) {
            navigate(&to, NavigateOptions { replace: true, ..NavigateOptions::default() });
        }
    });
    Effect::new(move |before: Option<String>| {
        let path = location.pathname.get();
        if before.is_some_and(|before| before != path) {
            // The new page is built in this same turn, as far as it has its data.
            request_animation_frame(|| {
                focus_first(&HEADINGS);
                hold_focus(LOOKS);
            });
        }
        path
    });
}

/// Where a page begins, for the keyboard.
const HEADINGS: [&str; 2] = ["main h1", "#main"];
/// How often, and how many times, a page that is still loading is looked at: three seconds in all.
const PAUSE: Duration = Duration::from_millis(100);
const LOOKS: u32 = 30;

/// A page that waits for its data changes its heading when it is there, and the focus would go with the old one, back to
/// the top of the document. Where somebody has taken it elsewhere meanwhile, it stays.
fn hold_focus(looks: u32) {
    set_timeout(
        move || {
            if document().active_element().is_none_or(|active| active.tag_name() == "BODY") {
                focus_first(&HEADINGS);
            }
            if looks > 0 {
                hold_focus(looks - 1);
            }
        },
        PAUSE,
    );
}

/// `search` with its question mark, which the router leaves out.
fn query(search: &str) -> String {
    match search.trim_start_matches('?') {
        "" => String::new(),
        search => format!("?{search}"),
    }
}

fn focus_first(selectors: &[&str]) {
    let element = selectors.iter().find_map(|selector| document().query_selector(selector).ok().flatten());
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        // Headings do not take the focus by themselves.
        let _read_only = element.set_attribute("tabindex", "-1");
        let _detached = element.focus();
    }
}

thread_local! {
    /// Whether a form is on its way whose answer says where to go.
    static GOING: Cell<bool> = const { Cell::new(false) };
}

/// A form was sent by which somebody gives up their place: what the stream of events then says of it leads nowhere.
pub fn going() {
    GOING.set(true);
}

/// Loads `path` from the server, as a click on an ordinary link would: the only way in and out of a session, because
/// the browser takes the new cookie before anything of the new page runs.
pub fn leave_for(path: &str) {
    if GOING.get() {
        return;
    }
    // Fails only for an address that is no URL; ours are paths.
    let _ours = window().location().assign(path);
}
