//! Choosing: checkbox, radio, radio cards, switch, segmented control.
//!
//! A checkbox waits for a button. A switch acts at once: the page sets the new state immediately and puts it back with
//! a toast if the server says no. All of them are real inputs, so a form without script still sends them.

use super::class::cx;
use super::icon::{Glyph, icon};
use leptos::{html, prelude::*};
use tailwind_rs_macros::classes;

const BOX: &str = classes! {
    base: "peer size-4 appearance-none rounded-sm border border-field bg-surface",
    state: "checked:border-primary checked:bg-primary indeterminate:border-primary indeterminate:bg-primary disabled:border-border-strong disabled:bg-sunken",
};
const ROW: &str = "flex items-start gap-2.5 touch:min-h-12 touch:py-3";
const DOT: &str = classes! {
    base: "mt-0.5 size-4 shrink-0 appearance-none rounded-full border border-field bg-surface",
    state: "checked:border-[5px] checked:border-primary disabled:border-border-strong disabled:bg-sunken",
};

/// The dot of a card, above the label that covers the card.
const CARD_DOT: &str = classes! {
    base: "relative z-10 mt-0.5 size-4 shrink-0 appearance-none rounded-full border border-field bg-surface",
    state: "checked:border-[5px] checked:border-primary disabled:border-border-strong disabled:bg-sunken",
};

/// A checkbox with its words, or with `label_hidden` alone (in table rows).
#[component]
pub fn Checkbox(
    #[prop(into)] id: String,
    #[prop(into)] label: Signal<String>,
    #[prop(optional)] label_hidden: bool,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] name: Option<String>,
    /// What the form sends when checked; "on" without it.
    #[prop(optional, into)]
    value: Option<String>,
    /// Bound both ways.
    #[prop(optional)]
    checked: Option<RwSignal<bool>>,
    /// The first state when there is no `checked`.
    #[prop(optional)]
    initial: bool,
    /// Some but not all of what it stands for.
    #[prop(optional, into)]
    indeterminate: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] on_change: Option<Callback<bool>>,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    if let Some(checked) = checked {
        Effect::new(move |first: Option<bool>| {
            let Some(el) = node.get() else { return false };
            let wanted = checked.get();
            if el.checked() != wanted {
                if first == Some(true) {
                    el.set_checked(wanted);
                } else {
                    checked.set(el.checked());
                }
            }
            true
        });
    }
    let start = checked.map_or(initial, |checked| checked.get_untracked());
    let described_by = hint.as_ref().map(|_| format!("{id}-hint"));
    let for_id = id.clone();
    let hint = hint.map(|hint| view! { <p id=format!("{id}-hint") class="text-sm text-muted">{hint}</p> });
    let place = if label_hidden { "" } else { "mt-0.5" };
    let control = view! {
        <span class=cx(&["relative grid size-4 shrink-0 place-items-center", place])>
            <input
                node_ref=node
                id=id
                type="checkbox"
                name=name
                value=value
                class=BOX
                checked=start
                disabled=move || disabled.get()
                aria-describedby=described_by
                prop:indeterminate=move || indeterminate.get()
                on:change=move |event| {
                    let now = event_target_checked(&event);
                    if let Some(on_change) = on_change {
                        on_change.run(now);
                    }
                    if let Some(checked) = checked {
                        checked.set(now);
                    }
                }
            />
            {icon(
                Glyph::CheckBold,
                "pointer-events-none absolute hidden size-3 text-on-primary peer-checked:block peer-indeterminate:hidden peer-disabled:text-subtle",
            )}
            {icon(
                Glyph::MinusBold,
                "pointer-events-none absolute hidden size-3 text-on-primary peer-indeterminate:block peer-disabled:text-subtle",
            )}
        </span>
    };
    let word = move || if disabled.get() { "text-base text-subtle" } else { "text-base text-text" };
    if label_hidden {
        view! {
            <label data-ui="checkbox" class="relative grid size-4 place-items-center touch:size-12">
                {control}
                <span class="sr-only">{move || label.get()}</span>
            </label>
        }
        .into_any()
    } else {
        view! {
            <div data-ui="checkbox" class=ROW>
                {control}
                <div class="min-w-0">
                    <label for=for_id class=word>{move || label.get()}</label>
                    {hint}
                </div>
            </div>
        }
        .into_any()
    }
}

/// One choice of a [`RadioGroup`], [`RadioCards`] or [`SegmentedControl`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    pub label: String,
    pub hint: Option<String>,
    pub icon: Option<Glyph>,
    pub disabled: bool,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), hint: None, icon: None, disabled: false }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn icon(mut self, icon: Glyph) -> Self {
        self.icon = Some(icon);
        self
    }

    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }
}

/// What the three radio components share: one input, tied to a signal that may be there.
fn radio(
    id: String,
    name: &str,
    choice: &Choice,
    class: &'static str,
    value: Option<RwSignal<String>>,
    initial: Option<&str>,
    on_change: Option<Callback<String>>,
) -> AnyView {
    let own = choice.value.clone();
    let start = value.map_or_else(|| initial == Some(own.as_str()), |value| value.get_untracked() == own);
    let described_by = choice.hint.as_ref().map(|_| format!("{id}-hint"));
    let (shown, sent) = (own.clone(), own.clone());
    let node = NodeRef::<html::Input>::new();
    if let Some(value) = value {
        Effect::new(move |first: Option<bool>| {
            let Some(el) = node.get() else { return false };
            let wanted = value.get() == shown;
            if el.checked() != wanted {
                if first == Some(true) || !el.checked() {
                    el.set_checked(wanted);
                } else {
                    value.set(shown.clone());
                }
            }
            true
        });
    }
    view! {
        <input
            node_ref=node
            id=id
            type="radio"
            name=name.to_owned()
            value=own
            class=class
            checked=start
            disabled=choice.disabled
            aria-describedby=described_by
            on:change=move |_| {
                if let Some(on_change) = on_change {
                    on_change.run(sent.clone());
                }
                if let Some(value) = value {
                    value.set(sent.clone());
                }
            }
        />
    }
    .into_any()
}

/// One of a few, each with its words.
#[component]
pub fn RadioGroup(
    /// Shared name of the inputs and root of their ids.
    #[prop(into)]
    name: String,
    #[prop(into)] legend: String,
    #[prop(optional)] legend_hidden: bool,
    choices: Vec<Choice>,
    #[prop(optional)] value: Option<RwSignal<String>>,
    #[prop(optional, into)] initial: Option<String>,
    #[prop(optional, into)] on_change: Option<Callback<String>>,
) -> impl IntoView {
    let rows = choices
        .into_iter()
        .map(|choice| {
            let id = format!("{name}-{}", choice.value);
            let input = radio(id.clone(), &name, &choice, DOT, value, initial.as_deref(), on_change);
            let hint =
                choice.hint.map(|hint| view! { <p id=format!("{id}-hint") class="text-sm text-muted">{hint}</p> });
            let word = if choice.disabled { "text-base text-subtle" } else { "text-base text-text" };
            view! {
                <div class=ROW>
                    {input}
                    <div>
                        <label for=id.clone() class=word>{choice.label}</label>
                        {hint}
                    </div>
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset data-ui="radio-group" class="grid gap-2.5">
            <legend class=if legend_hidden { "sr-only" } else { "mb-2 text-sm font-medium" }>{legend}</legend>
            {rows}
        </fieldset>
    }
    .into_any()
}

/// One of a few that each need a sentence: joined cards, the chosen one tinted.
#[component]
pub fn RadioCards(
    #[prop(into)] name: String,
    #[prop(into)] legend: String,
    #[prop(optional)] legend_hidden: bool,
    choices: Vec<Choice>,
    #[prop(optional)] value: Option<RwSignal<String>>,
    #[prop(optional, into)] initial: Option<String>,
    #[prop(optional, into)] on_change: Option<Callback<String>>,
    /// Beside the chosen card's words instead of its icon: called with the card's value.
    #[prop(optional, into)]
    aside: Option<Callback<String, AnyView>>,
) -> impl IntoView {
    let rows = choices
        .into_iter()
        .map(|choice| {
            let id = format!("{name}-{}", choice.value);
            let input = radio(id.clone(), &name, &choice, CARD_DOT, value, initial.as_deref(), on_change);
            let hint = choice
                .hint
                .as_ref()
                .map(|hint| view! { <span id=format!("{id}-hint") class="block text-sm text-muted">{hint.clone()}</span> });
            let end = match aside {
                Some(aside) => aside.run(choice.value.clone()),
                None => choice.icon.map_or_else(|| ().into_any(), |glyph| icon(glyph, "mt-0.5 size-4 text-muted")),
            };
            view! {
                <div class="relative flex items-start gap-3 border-t border-border px-3.5 py-3 first:rounded-t-[7px] first:border-t-0 last:rounded-b-[7px] has-checked:bg-selected has-disabled:text-subtle">
                    {input}
                    <label for=id.clone() class="min-w-0 flex-1 after:absolute after:inset-0">
                        <span class="block font-medium">{choice.label}</span>
                        {hint}
                    </label>
                    <span class="relative self-center empty:hidden">{end}</span>
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset data-ui="radio-cards" class="min-w-0">
            <legend class=if legend_hidden { "sr-only" } else { "mb-3 text-base font-semibold" }>{legend}</legend>
            <div class="rounded-lg border border-field bg-surface">{rows}</div>
        </fieldset>
    }
    .into_any()
}

/// On or off, at once. The page owns the state: `on_toggle` gets the wanted one, the page sets `checked` right away and
/// puts it back if the server says no.
#[component]
pub fn Switch(
    /// Names the thing: "Publish to Instagram".
    #[prop(into)]
    label: Signal<String>,
    #[prop(into)] checked: Signal<bool>,
    #[prop(optional, into)] on_toggle: Option<Callback<bool>>,
    /// The server has not answered yet. It can still be switched.
    #[prop(optional, into)]
    busy: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] id: Option<String>,
    #[prop(optional, into)] name: Option<String>,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let change = move |event: leptos::ev::Event| {
        let wanted = event_target_checked(&event);
        if let Some(on_toggle) = on_toggle {
            on_toggle.run(wanted);
        }
        // Where the page did not take the change over, the knob goes back.
        let target = event_target::<leptos::web_sys::HtmlInputElement>(&event);
        target.set_checked(checked.get_untracked());
    };
    view! {
        // The ring is drawn beside it while `aria-busy`.
        <label class=cx(&["switch-place i-loader-circle", &class])>
            <input
                type="checkbox"
                role="switch"
                id=id
                name=name
                aria-label=move || label.get()
                aria-busy=move || busy.get().then_some("true")
                class="switch"
                checked=checked.get_untracked()
                prop:checked=move || checked.get()
                disabled=move || disabled.get()
                on:change=change
            />
        </label>
    }
    .into_any()
}

const SEGMENT: &str = classes! {
    base: "relative inline-flex flex-1 cursor-pointer items-center justify-center gap-1.5 rounded-md px-2.5 text-sm font-medium whitespace-nowrap text-muted hover:text-text touch:h-11",
    state: "has-checked:bg-raised has-checked:text-text has-checked:shadow-[0_0_0_1px_var(--border-strong)] has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-ring",
};

/// One of two to four short words, seen at a glance: grid or list, now or later.
#[component]
pub fn SegmentedControl(
    #[prop(into)] name: String,
    #[prop(into)] legend: String,
    choices: Vec<Choice>,
    #[prop(optional)] value: Option<RwSignal<String>>,
    #[prop(optional, into)] initial: Option<String>,
    #[prop(optional, into)] on_change: Option<Callback<String>>,
    /// Drawings only; the words are for screen readers.
    #[prop(optional)]
    icons_only: bool,
    /// 24 px instead of 28.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    let height = if small || icons_only { "h-6" } else { "h-7" };
    let rows = choices
        .into_iter()
        .map(|choice| {
            let id = format!("{name}-{}", choice.value);
            let input = radio(
                id,
                &name,
                &choice,
                "absolute inset-0 cursor-pointer appearance-none rounded-md outline-none",
                value,
                initial.as_deref(),
                on_change,
            );
            let glyph = choice.icon.map(|glyph| icon(glyph, "size-3.5"));
            let word = if icons_only { "sr-only" } else { "contents" };
            let title = icons_only.then(|| choice.label.clone());
            view! {
                <label class=cx(&[SEGMENT, height]) title=title>
                    {input}
                    {glyph}
                    <span class=word>{choice.label}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset data-ui="segmented">
            <legend class="sr-only">{legend}</legend>
            <div class="inline-flex rounded-lg border border-border bg-sunken p-0.5">{rows}</div>
        </fieldset>
    }
    .into_any()
}

/// A segmented control whose choices are addresses: the list keeps its layout in the URL and works without script.
#[component]
pub fn SegmentedLinks(
    #[prop(into)] label: String,
    /// `value` is the address.
    choices: Vec<Choice>,
    /// The address that is shown.
    #[prop(into)]
    current: Signal<String>,
    #[prop(optional)] icons_only: bool,
) -> impl IntoView {
    let rows = choices
        .into_iter()
        .map(|choice| {
            let glyph = choice.icon.map(|glyph| icon(glyph, "size-3.5"));
            let word = if icons_only { "sr-only" } else { "contents" };
            let title = icons_only.then(|| choice.label.clone());
            let own = choice.value.clone();
            view! {
                <a
                    href=choice.value
                    title=title
                    class="inline-flex h-6 flex-1 items-center justify-center gap-1.5 rounded-md px-2.5 text-sm font-medium whitespace-nowrap text-muted hover:text-text touch:h-11 touch:min-w-11 aria-[current=true]:bg-raised aria-[current=true]:text-text aria-[current=true]:shadow-[0_0_0_1px_var(--border-strong)]"
                    aria-current=move || (current.get() == own).then_some("true")
                >
                    {glyph}
                    <span class=word>{choice.label}</span>
                </a>
            }
        })
        .collect_view();
    view! {
        <nav data-ui="segmented" aria-label=label>
            <div class="inline-flex rounded-lg border border-border bg-sunken p-0.5">{rows}</div>
        </nav>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::DOT;

    #[test]
    fn nothing_given_to_classes_is_lost() {
        // The macro drops what stands under a key that it does not know.
        for class in ["appearance-none", "checked:border-primary", "disabled:bg-sunken"] {
            assert!(DOT.split(' ').any(|one| one == class), "{class}");
        }
    }
}
