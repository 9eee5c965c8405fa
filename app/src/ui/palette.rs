//! The command palette: one field that finds things and runs commands on them. Ctrl-K is the frame's; this is what
//! opens. The page computes the groups from `query`.

use super::class::cx;
use super::icon::{Glyph, Mark, MarkSize, icon, platform_mark};
use super::misc::kbd;
use leptos::{ev::KeyboardEvent, html, prelude::*, web_sys};
use wasm_bindgen::JsCast as _;

/// One thing that can be opened or done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaletteItem {
    pub label: String,
    /// After the label, muted.
    pub detail: String,
    pub mark: Option<Mark>,
    pub icon: Glyph,
    /// Where it leads.
    pub href: String,
    /// The keys that do the same.
    pub keys: Vec<&'static str>,
}

/// Things of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaletteGroup {
    pub label: String,
    pub items: Vec<PaletteItem>,
}

/// The palette in its dialog.
#[component]
pub fn CommandPalette(
    open: RwSignal<bool>,
    query: RwSignal<String>,
    #[prop(into)] groups: Signal<Vec<PaletteGroup>>,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    super::dialog::follow(node, open);
    view! {
        <dialog
            node_ref=node
            aria-label="Command palette"
            class="mx-auto mt-[12vh] w-full max-w-xl rounded-xl bg-raised p-0 text-base text-text shadow-raised backdrop:bg-overlay max-sm:mt-4 max-sm:max-w-[calc(100%-1.5rem)]"
            on:close=move |_| open.set(false)
            on:click=move |event| {
                if super::dialog::is_backdrop(&event) {
                    open.set(false);
                }
            }
        >
            {move || open.get().then(|| palette_body("palette", query, groups, open))}
        </dialog>
    }
    .into_any()
}

/// Field, results, keys.
pub(super) fn palette_body(
    id: &'static str,
    query: RwSignal<String>,
    groups: Signal<Vec<PaletteGroup>>,
    open: RwSignal<bool>,
) -> AnyView {
    let results_id = format!("{id}-list");
    let controls = results_id.clone();
    let at = RwSignal::new(0_usize);
    let count = Memo::new(move |_| groups.read().iter().map(|group| group.items.len()).sum::<usize>());
    Effect::new(move |_| {
        query.track();
        at.set(0);
    });
    let keys = move |event: KeyboardEvent| {
        let Some(last) = count.get_untracked().checked_sub(1) else { return };
        match event.key().as_str() {
            "ArrowDown" => at.update(|at| *at = if *at >= last { 0 } else { *at + 1 }),
            "ArrowUp" => at.update(|at| *at = if *at == 0 { last } else { *at - 1 }),
            "Home" => at.set(0),
            "End" => at.set(last),
            "Enter" => {
                // A press on the link, so that the router takes it as any other.
                let link = document().get_element_by_id(&format!("{id}-{}", at.get_untracked()));
                if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
                    link.click();
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let results = move || {
        let mut number = 0;
        groups
            .get()
            .into_iter()
            .enumerate()
            .map(|(g, group)| {
                let rows = group
                    .items
                    .into_iter()
                    .map(|item| {
                        let row = palette_row(id, number, item, at, open);
                        number += 1;
                        row
                    })
                    .collect_view();
                let pad = if g == 0 { "pt-1.5" } else { "pt-2.5" };
                let name = group.label.clone();
                view! {
                    <div role="group" aria-label=name>
                        <p class=cx(&["px-3 pb-1 text-xs font-medium text-muted", pad]) aria-hidden="true">{group.label}</p>
                        {rows}
                    </div>
                }
            })
            .collect_view()
    };
    view! {
        <div data-ui="command-palette" class="overflow-hidden rounded-xl">
            <div class="flex h-12 items-center gap-3 border-b border-border px-4 has-[input:focus-visible]:border-ring has-[input:focus-visible]:shadow-[0_2px_0_0_var(--ring)]">
                {icon(Glyph::Search, "size-4 text-muted")}
                <input
                    role="combobox"
                    aria-label="Search or run a command"
                    aria-expanded="true"
                    aria-controls=controls
                    aria-activedescendant=move || (count.get() > 0).then(|| format!("{id}-{}", at.get()))
                    autocomplete="off"
                    spellcheck="false"
                    class="h-full min-w-0 flex-1 bg-transparent text-md outline-none"
                    value=query.get_untracked()
                    prop:value=move || query.get()
                    on:input=move |event| query.set(event_target_value(&event))
                    on:keydown=keys
                />
                {kbd("Esc")}
            </div>
            <div id=results_id role="listbox" aria-label="Results" class="relative max-h-[60vh] overflow-y-auto p-1.5">
                {results}
            </div>
            <p class="px-4 pb-4 text-muted" role="status" hidden=move || { count.get() > 0 }>
                "Nothing found"
            </p>
            <p class="flex gap-4 border-t border-border px-4 py-2 text-xs text-muted">
                <span class="flex items-center gap-1.5">{kbd("↑")} {kbd("↓")} "move"</span>
                <span class="flex items-center gap-1.5">{kbd("↵")} "open"</span>
                <span class="flex items-center gap-1.5 max-sm:hidden">{kbd("Ctrl")} {kbd("K")} "anywhere"</span>
            </p>
        </div>
    }
    .into_any()
}

fn palette_row(id: &str, number: usize, item: PaletteItem, at: RwSignal<usize>, open: RwSignal<bool>) -> AnyView {
    let here = Memo::new(move |_| at.get() == number);
    let glyph = match item.mark {
        Some(mark) => platform_mark(mark, MarkSize::Bare),
        None => icon(item.icon, "size-4 text-muted"),
    };
    let keys = item.keys.into_iter().map(kbd).collect_view();
    view! {
        <a
            role="option"
            id=format!("{id}-{number}")
            href=item.href
            tabindex="-1"
            aria-selected=move || if here.get() { "true" } else { "false" }
            class="group flex h-10 items-center gap-3 rounded-lg px-3 aria-selected:bg-selected touch:h-12"
            on:pointermove=move |_| at.set(number)
            on:click=move |_| open.set(false)
        >
            {glyph}
            <span class="min-w-0 flex-1 truncate">
                {item.label} " " <span class="text-muted">{item.detail}</span>
            </span>
            <span class="flex gap-1">{keys}</span>
            <span class="hidden group-aria-selected:contents">{kbd("↵")}</span>
        </a>
    }
    .into_any()
}
