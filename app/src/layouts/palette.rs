//! Ctrl-K: every place and every first step of the app, and a search of its lists, from one field.

use domain::workspaces::Role;
use leptos::{ev::KeyboardEvent, prelude::*};

use super::{frame::places, page::primary_action_words};
use crate::{
    session::{Session, use_session},
    shared::query::{Href, search_words},
    ui::{CommandPalette, Glyph, PaletteGroup, PaletteItem},
};

/// The palette and its key. Once, in the frame.
#[component]
pub fn Palette() -> impl IntoView {
    let session = use_session();
    let open = RwSignal::new(false);
    let query = RwSignal::new(String::new());
    Effect::new(move |_| {
        let keys = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
            if (event.ctrl_key() || event.meta_key()) && !event.alt_key() && event.key().eq_ignore_ascii_case("k") {
                event.prevent_default();
                query.set(String::new());
                open.update(|open| *open = !*open);
            }
        });
        on_cleanup(move || keys.remove());
    });
    let groups = Signal::derive(move || groups(session, &query.read()));
    view! { <CommandPalette open query groups/> }
}

fn item(icon: Glyph, label: impl Into<String>, href: impl Into<String>) -> PaletteItem {
    PaletteItem { label: label.into(), detail: String::new(), mark: None, icon, href: href.into(), keys: Vec::new() }
}

fn groups(session: Session, typed: &str) -> Vec<PaletteGroup> {
    let words = search_words(Some(typed));
    let dashboard = session.kind().map_or("/", |kind| kind.dashboard());
    let go = places(dashboard)
        .into_iter()
        .flat_map(|(_, places)| places)
        .map(|place| item(place.icon, place.label, place.href))
        .collect();
    let mut act = Vec::new();
    if session.may(Role::Member) {
        act.push(item(Glyph::PenLine, primary_action_words(session), "/compose"));
    }
    if session.may(Role::Editor) {
        act.push(item(Glyph::Clock, "Set up the queue", "/settings/queue"));
    }
    if session.may(Role::Admin) {
        act.push(item(Glyph::Plus, "Connect account", "/accounts?connect=true"));
    }
    let find = words.as_ref().map(|words| {
        let search = |icon, what: &str, path: &str| {
            item(icon, format!("Search {what} for “{words}”"), Href::new(path).with("q", Some(words)).build())
        };
        vec![search(Glyph::FileText, "posts", "/posts"), search(Glyph::Plug, "accounts", "/accounts")]
    });
    [
        ("Go to", matching(go, words.as_deref())),
        ("Start", matching(act, words.as_deref())),
        ("Search", find.unwrap_or_default()),
    ]
    .into_iter()
    .filter(|(_, items)| !items.is_empty())
    .map(|(label, items)| PaletteGroup { label: label.to_owned(), items })
    .collect()
}

/// Those whose name holds what was typed; all, while nothing is.
fn matching(items: Vec<PaletteItem>, words: Option<&str>) -> Vec<PaletteItem> {
    let Some(words) = words.map(str::to_lowercase) else { return items };
    items.into_iter().filter(|item| item.label.to_lowercase().contains(&words)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_in_any_case_and_part() {
        let items = || vec![item(Glyph::Plug, "Accounts", "/accounts"), item(Glyph::Activity, "Activity", "/activity")];
        let found = |words| matching(items(), words).into_iter().map(|item| item.label).collect::<Vec<_>>();
        assert_eq!(found(None), ["Accounts", "Activity"]);
        assert_eq!(found(Some("ACC")), ["Accounts"]);
        assert_eq!(found(Some("zebra")), Vec::<String>::new());
    }
}
