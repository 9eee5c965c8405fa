//! A part that opens: its head says what is in it, so that it need not be opened to be read.

use super::icon::{Glyph, icon};
use leptos::prelude::*;

/// A head that opens and closes what stands below it. What was typed below stays when it closes.
#[component]
pub fn Disclosure(
    /// Root of the ids: `<id>-head`, `<id>-name` and `<id>-body`.
    #[prop(into)]
    id: String,
    #[prop(into)] label: String,
    /// Before the label: a mark.
    #[prop(optional, into)]
    before: ViewFn,
    /// What is in it, in a few words.
    #[prop(into)]
    summary: Signal<String>,
    open: RwSignal<bool>,
    children: Children,
) -> impl IntoView {
    let (head, body, name) = (format!("{id}-head"), format!("{id}-body"), format!("{id}-name"));
    view! {
        <div data-ui="disclosure">
            <h3 class="contents">
                <button
                    type="button"
                    id=head
                    aria-expanded=move || if open.get() { "true" } else { "false" }
                    aria-controls=body.clone()
                    class="group flex w-full min-w-0 items-center gap-2.5 rounded-[7px] px-3.5 py-2.5 text-left -outline-offset-3 hover:bg-hover touch:min-h-12"
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    {before.run()}
                    <span id=name.clone() class="shrink-0 font-medium">{label}</span>
                    <span class="ml-auto min-w-0 truncate text-sm text-muted">{move || summary.get()}</span>
                    <span class="shrink-0 text-muted transition-transform duration-150 group-aria-expanded:rotate-180">
                        {icon(Glyph::ChevronDown, "size-4")}
                    </span>
                </button>
            </h3>
            <div id=body role="group" aria-labelledby=name hidden=move || !open.get() class="px-3.5 pt-1.5 pb-4">
                {children()}
            </div>
        </div>
    }
    .into_any()
}
