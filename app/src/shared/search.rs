//! The search field above a list: a form that works without script, and searches while one types with it.

use crate::ui::SearchInput;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use std::time::Duration;

/// How long typing pauses before the list follows.
const PAUSE: Duration = Duration::from_millis(300);

/// Searches a list by its address.
#[component]
pub fn ListSearch(
    /// What is searched: "Search accounts".
    #[prop(into)]
    label: String,
    #[prop(into)] placeholder: String,
    /// What the address searches for now.
    #[prop(into)]
    current: Signal<Option<String>>,
    /// The list's path.
    action: &'static str,
    /// The other filters of the address, which a form without script sends along.
    #[prop(into)]
    keep: Signal<Vec<(&'static str, String)>>,
    /// The address for other words.
    #[prop(into)]
    to: Callback<Option<String>, String>,
) -> impl IntoView {
    let words = RwSignal::new(current.get_untracked().unwrap_or_default());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let navigate = use_navigate();
    let at_once = navigate.clone();
    let typed = move |text: String| {
        let navigate = navigate.clone();
        if let Some(Some(earlier)) = timer.try_get_value() {
            earlier.clear();
        }
        let go = move || {
            let wanted = super::query::search_words(Some(&text));
            if current.try_get_untracked().is_some_and(|current| current != wanted) {
                let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
                navigate(&to.run(wanted), options);
            }
        };
        timer.set_value(set_timeout_with_handle(go, PAUSE).ok());
    };
    // "Clear filters" and the browser's "back" change the address; the field follows, but never while it is typed in.
    Effect::new(move |before: Option<Option<String>>| {
        let now = current.get();
        if before.is_some_and(|before| before != now)
            && super::query::search_words(Some(&words.read_untracked())) != now
        {
            words.set(now.clone().unwrap_or_default());
        }
        now
    });
    view! {
        <search class="w-full sm:w-64">
            <form
                method="get"
                action=action
                on:submit=move |event| {
                    event.prevent_default();
                    let wanted = super::query::search_words(Some(&words.read_untracked()));
                    at_once(&to.run(wanted), NavigateOptions::default());
                }
            >
                {move || {
                    keep.get()
                        .into_iter()
                        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
                        .collect_view()
                }}
                <SearchInput label placeholder value=words on_input=typed/>
            </form>
        </search>
    }
    .into_any()
}
