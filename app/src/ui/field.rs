//! Fields: a label above, the control, and one line below it that holds the hint or, in its place, the error.
//!
//! [`Field`] gives the control inside its id and ties the line below to it, through context; the controls work alone
//! too, with an `id` and a label of their own. The line is a polite live region, so that an error which arrives after
//! sending is heard. Every control keeps what was typed before hydration: the attribute written by the server is only
//! the start, and the first thing a hydrated control does is to read itself back.

use super::button::{ButtonSize, ButtonVariant, icon_button_class};
use super::class::cx;
use super::icon::{Glyph, icon};
use leptos::{
    ev::{FocusEvent, KeyboardEvent},
    html,
    prelude::*,
    web_sys,
};
use tailwind_rs_macros::classes;

/// What a [`Field`] tells the control inside it.
#[derive(Clone)]
pub struct FieldContext {
    /// The control's id, which the label points at.
    pub id: String,
    /// Whether the value was refused.
    pub invalid: Signal<bool>,
    /// 40 px high instead of 32.
    pub large: bool,
}

/// Label, control, hint or error.
#[component]
pub fn Field(
    /// Id of the control; also the root of `<id>-note`. Unique in the page.
    #[prop(into)]
    id: String,
    #[prop(into)] label: Signal<String>,
    /// Help below the control, until an error takes its place.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// Why the value was refused. Empty counts as none.
    #[prop(optional, into)]
    error: MaybeProp<String>,
    /// Words that an error may end with, and where they lead: ("Try logging in instead.", "/login").
    #[prop(optional, into)]
    error_link: Option<(&'static str, String)>,
    /// 40 px high instead of 32: forms that stand alone (sign in, registration).
    #[prop(optional)]
    large: bool,
    /// A doubt that does not refuse the value (a time that a clock change makes ambiguous).
    #[prop(optional, into)]
    warning: MaybeProp<String>,
    /// Id of the label itself, for a control that names itself by it.
    #[prop(optional, into)]
    label_id: Option<String>,
    /// At the right end of the label's line: a counter, "Forgot password?".
    #[prop(optional, into)]
    aside: ViewFn,
    /// Shows the label to screen readers only.
    #[prop(optional)]
    label_hidden: bool,
    #[prop(optional, into)] class: String,
    children: Children,
) -> impl IntoView {
    let note = format!("{id}-note");
    let error = Memo::new(move |_| error.get().filter(|text| !text.is_empty()));
    provide_context(FieldContext { id: id.clone(), invalid: Signal::derive(move || error.read().is_some()), large });
    let head = if label_hidden { "sr-only" } else { "mb-1.5 flex items-baseline justify-between gap-3" };
    view! {
        <div data-ui="field" class=class>
            <div class=head>
                <label for=id id=label_id class="text-sm font-medium text-text">{move || label.get()}</label>
                {aside.run()}
            </div>
            {children()}
            <div id=note aria-live="polite">
                {move || field_note(error.get(), error_link.as_ref(), warning.get(), hint.get())}
            </div>
        </div>
    }
    .into_any()
}

fn field_note(
    error: Option<String>,
    error_link: Option<&(&'static str, String)>,
    warning: Option<String>,
    hint: Option<String>,
) -> AnyView {
    if let Some(error) = error {
        let error = match error_link.and_then(|(words, href)| Some((error.strip_suffix(words)?, *words, href.clone())))
        {
            Some((start, words, href)) => view! {
                {start.to_owned()}
                <a href=href class="font-medium underline underline-offset-4">{words}</a>
            }
            .into_any(),
            None => error.into_any(),
        };
        view! {
            <p class="mt-1.5 flex items-start gap-1.5 text-sm text-danger">
                {icon(Glyph::StFailed, "mt-[3px] size-3.5 text-danger-solid")}
                <span>{error}</span>
            </p>
        }
        .into_any()
    } else if let Some(warning) = warning.filter(|text| !text.is_empty()) {
        view! {
            <p class="mt-1.5 flex items-start gap-1.5 text-sm text-warning">
                {icon(Glyph::StReconnect, "mt-[3px] size-3.5 text-warning-solid")}
                <span>{warning}</span>
            </p>
        }
        .into_any()
    } else if let Some(hint) = hint {
        view! { <p class="mt-1.5 text-sm text-muted">{hint}</p> }.into_any()
    } else {
        ().into_any()
    }
}

/// The id, the note's id and the validity that a control shows: its own, or its field's.
struct Wiring {
    id: Option<String>,
    described_by: Option<String>,
    invalid: Signal<bool>,
    height: &'static str,
}

fn wiring(id: Option<String>) -> Wiring {
    match use_context::<FieldContext>() {
        // An id of its own means that the control stands in the field without being the field's control.
        Some(field) if id.as_ref().is_none_or(|id| *id == field.id) => Wiring {
            described_by: Some(format!("{}-note", field.id)),
            id: Some(field.id),
            invalid: field.invalid,
            height: if field.large { "h-10 touch:h-12" } else { "h-8 touch:h-12" },
        },
        _ => Wiring { id, described_by: None, invalid: Signal::stored(false), height: "h-8 touch:h-12" },
    }
}

const CONTROL: &str = classes! {
    base: "w-full rounded-lg border bg-surface px-3 text-base text-text placeholder:text-subtle touch:text-md",
    state: "border-field aria-invalid:border-danger-solid disabled:cursor-not-allowed disabled:border-border disabled:bg-sunken disabled:text-subtle",
};

/// What a text control shows, what the page gave it to start with, and how to change it.
trait TextControl {
    fn shown(&self) -> String;
    fn given(&self) -> String;
    fn show(&self, text: &str);
}

impl TextControl for web_sys::HtmlInputElement {
    fn shown(&self) -> String {
        self.value()
    }
    fn given(&self) -> String {
        self.default_value()
    }
    fn show(&self, text: &str) {
        self.set_value(text);
    }
}

impl TextControl for web_sys::HtmlTextAreaElement {
    fn shown(&self) -> String {
        self.value()
    }
    fn given(&self) -> String {
        self.default_value().unwrap_or_default()
    }
    fn show(&self, text: &str) {
        self.set_value(text);
    }
}

impl TextControl for web_sys::HtmlSelectElement {
    fn shown(&self) -> String {
        self.value()
    }
    fn given(&self) -> String {
        // The option that the page marked, or the first.
        let marked = self.query_selector("option[selected]").ok().flatten();
        let option = marked.or_else(|| self.query_selector("option").ok().flatten());
        option.and_then(|option| option.get_attribute("value")).unwrap_or_default()
    }
    fn show(&self, text: &str) {
        self.set_value(text);
    }
}

/// Follows a text control both ways. What a person or the browser put in before hydration wins over the signal once.
fn follow<El>(node: NodeRef<El>, value: Option<RwSignal<String>>)
where
    El: html::ElementType + 'static,
    El::Output: TextControl + wasm_bindgen::JsCast + Clone + 'static,
{
    let Some(value) = value else { return };
    Effect::new(move |before: Option<bool>| {
        let Some(el) = node.get() else { return false };
        let wanted = value.get();
        let shown = el.shown();
        if shown != wanted {
            if before != Some(true) && shown != el.given() {
                value.set(shown);
            } else {
                el.show(&wanted);
            }
        }
        true
    });
}

/// [`follow`] for the inputs of other modules.
pub(super) fn follow_input(node: NodeRef<html::Input>, value: RwSignal<String>) {
    follow(node, Some(value));
}

/// A one-line text control.
#[component]
pub fn Input(
    /// Only outside a [`Field`].
    #[prop(optional, into)]
    id: Option<String>,
    #[prop(into)] name: String,
    /// The input's `type`: text, email, search, url, tel, number, date, time.
    #[prop(default = "text")]
    kind: &'static str,
    /// Bound both ways. Without it the form alone knows the value.
    #[prop(optional)]
    value: Option<RwSignal<String>>,
    /// The first value when there is no `value`: what the server sends back after a refused form.
    #[prop(optional, into)]
    initial: Option<String>,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional, into)] autocomplete: Option<&'static str>,
    #[prop(optional, into)] inputmode: Option<&'static str>,
    #[prop(optional)] required: bool,
    #[prop(optional)] readonly: bool,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// Inside, at the start.
    #[prop(optional, into)]
    icon: Option<Glyph>,
    /// The accessible name, only where no label stands.
    #[prop(optional, into)]
    label: Option<String>,
    #[prop(optional, into)] maxlength: Option<u32>,
    #[prop(optional, into)] min: Option<String>,
    #[prop(optional, into)] max: Option<String>,
    #[prop(optional, into)] on_input: Option<Callback<String>>,
    #[prop(optional, into)] on_blur: Option<Callback<FocusEvent>>,
    #[prop(optional, into)] on_keydown: Option<Callback<KeyboardEvent>>,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let Wiring { id, described_by, invalid, height } = wiring(id);
    let node = NodeRef::<html::Input>::new();
    follow(node, value);
    let start = value.map_or(initial, |value| Some(value.get_untracked()));
    let class = cx(&[CONTROL, height, if icon.is_some() { "pl-9" } else { "" }, &class]);
    let control = view! {
        <input
            node_ref=node
            id=id
            name=name
            type=kind
            class=class
            value=start
            placeholder=placeholder
            autocomplete=autocomplete
            inputmode=inputmode
            required=required
            readonly=readonly
            autofocus=autofocus
            maxlength=maxlength
            min=min
            max=max
            disabled=move || disabled.get()
            aria-label=label
            aria-describedby=described_by
            aria-invalid=move || invalid.get().then_some("true")
            on:input=move |event| {
                let text = event_target_value(&event);
                if let Some(on_input) = on_input {
                    on_input.run(text.clone());
                }
                if let Some(value) = value {
                    value.set(text);
                }
            }
            on:blur=move |event| {
                if let Some(on_blur) = on_blur {
                    on_blur.run(event);
                }
            }
            on:keydown=move |event| {
                if let Some(on_keydown) = on_keydown {
                    on_keydown.run(event);
                }
            }
        />
    }
    .into_any();
    match icon {
        Some(glyph) => view! {
            <div class="relative">
                <span class="pointer-events-none absolute inset-y-0 left-3 flex items-center text-muted">
                    {self::icon(glyph, "size-4")}
                </span>
                {control}
            </div>
        }
        .into_any(),
        None => control,
    }
}

/// A file that is sent with its form.
#[component]
pub fn FileInput(
    #[prop(optional, into)] id: Option<String>,
    #[prop(into)] name: String,
    /// What the browser's dialog offers.
    #[prop(into)]
    accept: String,
) -> impl IntoView {
    let Wiring { id, described_by, invalid, .. } = wiring(id);
    let class = cx(&[
        "block w-full rounded-lg text-base text-muted file:mr-3 file:h-8 file:cursor-pointer file:rounded-lg file:border \
         file:border-border-strong file:bg-surface file:px-3 file:font-medium file:text-text hover:file:bg-hover \
         touch:file:h-12",
    ]);
    view! {
        <input
            id=id
            name=name
            type="file"
            accept=accept
            class=class
            aria-describedby=described_by
            aria-invalid=move || invalid.get().then_some("true")
        />
    }
    .into_any()
}

/// Looks for something. `/` in the top bar is the page's business; this is the control.
#[component]
pub fn SearchInput(
    #[prop(optional, into)] id: Option<String>,
    #[prop(default = "q".into(), into)] name: String,
    /// What is searched: "Search accounts".
    #[prop(into)]
    label: String,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional)] value: Option<RwSignal<String>>,
    #[prop(optional, into)] initial: Option<String>,
    #[prop(optional, into)] on_input: Option<Callback<String>>,
    /// The key that brings one here, shown at the end.
    #[prop(optional, into)]
    shortcut: Option<&'static str>,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    follow(node, value);
    let start = value.map_or(initial, |value| Some(value.get_untracked()));
    view! {
        <div data-ui="search" class=cx(&["relative", &class])>
            <span class="pointer-events-none absolute inset-y-0 left-3 flex items-center text-muted">
                {icon(Glyph::Search, "size-4")}
            </span>
            <input
                node_ref=node
                id=id
                name=name
                type="search"
                class=cx(&[CONTROL, "h-8 touch:h-12 pl-9", if shortcut.is_some() { "pr-10" } else { "" }])
                value=start
                placeholder=placeholder
                aria-label=label
                aria-keyshortcuts=shortcut
                autocomplete="off"
                on:input=move |event| {
                    let text = event_target_value(&event);
                    if let Some(on_input) = on_input {
                        on_input.run(text.clone());
                    }
                    if let Some(value) = value {
                        value.set(text);
                    }
                }
            />
            {shortcut
                .map(|key| {
                    view! {
                        <span class="pointer-events-none absolute inset-y-0 right-2 flex items-center touch:hidden" aria-hidden="true">
                            {super::misc::kbd(key)}
                        </span>
                    }
                })}
        </div>
    }
    .into_any()
}

/// A password, which can be looked at.
#[component]
pub fn PasswordInput(
    #[prop(optional, into)] id: Option<String>,
    #[prop(default = "password".into(), into)] name: String,
    #[prop(optional)] value: Option<RwSignal<String>>,
    /// "current-password" or "new-password".
    #[prop(default = "current-password")]
    autocomplete: &'static str,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] minlength: Option<u32>,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] on_input: Option<Callback<String>>,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let Wiring { id, described_by, invalid, height } = wiring(id);
    let node = NodeRef::<html::Input>::new();
    follow(node, value);
    let shown = RwSignal::new(false);
    view! {
        <div class="relative">
            <input
                node_ref=node
                id=id
                name=name
                // A password is never written into a page: no value attribute.
                type=move || if shown.get() { "text" } else { "password" }
                class=cx(&[CONTROL, height, "pr-10 touch:pr-13", &class])
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                required=required
                autofocus=autofocus
                minlength=minlength
                disabled=move || disabled.get()
                aria-describedby=described_by
                aria-invalid=move || invalid.get().then_some("true")
                on:input=move |event| {
                    let text = event_target_value(&event);
                    if let Some(on_input) = on_input {
                        on_input.run(text.clone());
                    }
                    if let Some(value) = value {
                        value.set(text);
                    }
                }
            />
            // Nothing to press without a script.
            <span class="absolute inset-y-0 right-1 flex items-center [html:not([data-hydrated])_&]:hidden">
                <button
                    data-ui="icon-button"
                    type="button"
                    class=icon_button_class(ButtonVariant::Ghost, ButtonSize::Small, "")
                    aria-label="Show password"
                    aria-pressed=move || if shown.get() { "true" } else { "false" }
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    <span class="contents" hidden=move || shown.get()>{icon(Glyph::Eye, "size-4")}</span>
                    <span class="contents" hidden=move || !shown.get()>{icon(Glyph::EyeOff, "size-4")}</span>
                </button>
            </span>
        </div>
    }
    .into_any()
}

/// Several lines of text. The only place that may write a `<textarea>`: Leptos 0.8 does not escape its children on the
/// server, so the text goes in escaped by hand, and afterwards as a property.
#[component]
pub fn Textarea(
    #[prop(optional, into)] id: Option<String>,
    #[prop(into)] name: String,
    #[prop(optional)] value: Option<RwSignal<String>>,
    #[prop(optional, into)] initial: Option<String>,
    #[prop(default = 3)] rows: u32,
    /// Grows with its text where the browser can, up to the height its classes allow.
    #[prop(optional)]
    grow: bool,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] maxlength: Option<u32>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] label: Option<String>,
    #[prop(optional, into)] on_input: Option<Callback<String>>,
    #[prop(optional, into)] on_blur: Option<Callback<FocusEvent>>,
    #[prop(optional, into)] on_keydown: Option<Callback<KeyboardEvent>>,
    /// Without edge and ground, inside a frame of the page's own.
    #[prop(optional)]
    bare: bool,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let Wiring { id, described_by, invalid, .. } = wiring(id);
    let node = NodeRef::<html::Textarea>::new();
    follow(node, value);
    let start = value.map_or_else(|| initial.unwrap_or_default(), |value| value.get_untracked());
    let look = if bare {
        "block w-full resize-none bg-transparent text-text placeholder:text-subtle outline-none"
    } else {
        CONTROL
    };
    view! {
        <textarea
            node_ref=node
            id=id
            name=name
            rows=rows
            class=cx(&[look, if bare { "" } else { "block py-2" }, if grow { "field-sizing-content" } else { "" }, &class])
            placeholder=placeholder
            required=required
            maxlength=maxlength
            disabled=move || disabled.get()
            aria-label=label
            aria-describedby=described_by
            aria-invalid=move || invalid.get().then_some("true")
            inner_html=textarea_html(&start)
            on:input=move |event| {
                let text = event_target_value(&event);
                if let Some(on_input) = on_input {
                    on_input.run(text.clone());
                }
                if let Some(value) = value {
                    value.set(text);
                }
            }
            on:blur=move |event| {
                if let Some(on_blur) = on_blur {
                    on_blur.run(event);
                }
            }
            on:keydown=move |event| {
                if let Some(on_keydown) = on_keydown {
                    on_keydown.run(event);
                }
            }
        ></textarea>
    }
    .into_any()
}

/// Text as the content of a `<textarea>`.
fn textarea_html(text: &str) -> String {
    let escaped = escape(text);
    // A parser drops the first line break of a textarea in a page, but not when a fragment is set from a script.
    if cfg!(feature = "ssr") { format!("\n{escaped}") } else { escaped }
}

/// Text made safe as HTML content or inside a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// One choice of a [`Select`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectOption {
    /// What the form sends.
    pub value: String,
    pub label: String,
    pub disabled: bool,
}

impl SelectOption {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), disabled: false }
    }

    /// The same choice, out of reach.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }
}

/// One of several, by the browser's own list.
#[component]
pub fn Select(
    #[prop(optional, into)] id: Option<String>,
    #[prop(into)] name: String,
    options: Vec<SelectOption>,
    #[prop(optional)] value: Option<RwSignal<String>>,
    #[prop(optional, into)] initial: Option<String>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] label: Option<String>,
    #[prop(optional, into)] on_change: Option<Callback<String>>,
    /// 28 px high, for tool bars.
    #[prop(optional)]
    small: bool,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let Wiring { id, described_by, invalid, height } = wiring(id);
    let node = NodeRef::<html::Select>::new();
    follow(node, value);
    let start = value.map_or(initial, |value| Some(value.get_untracked()));
    let options = options
        .into_iter()
        .map(|option| {
            let selected = start.as_ref() == Some(&option.value);
            view! { <option value=option.value selected=selected disabled=option.disabled>{option.label}</option> }
        })
        .collect_view();
    let size = if small { "h-7 rounded-md text-sm touch:h-11" } else { "rounded-lg text-base" };
    let height = if small { "" } else { height };
    view! {
        <div data-ui="select" class=cx(&["relative", &class])>
            <select
                node_ref=node
                id=id
                name=name
                class=cx(&[
                    "w-full appearance-none border border-field bg-surface pr-8 pl-3 text-text touch:text-md aria-invalid:border-danger-solid disabled:cursor-not-allowed disabled:border-border disabled:bg-sunken disabled:text-subtle",
                    size,
                    height,
                ])
                required=required
                disabled=move || disabled.get()
                aria-label=label
                aria-describedby=described_by
                aria-invalid=move || invalid.get().then_some("true")
                on:change=move |event| {
                    let choice = event_target_value(&event);
                    if let Some(on_change) = on_change {
                        on_change.run(choice.clone());
                    }
                    if let Some(value) = value {
                        value.set(choice);
                    }
                }
            >
                {options}
            </select>
            {icon(Glyph::ChevronDown, "pointer-events-none absolute top-1/2 right-2.5 size-4 -translate-y-1/2 text-muted")}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn escapes_all_that_could_leave_a_textarea_or_an_attribute() {
        assert_eq!(
            escape("</textarea><script>alert('1' & \"2\")</script>"),
            "&lt;/textarea&gt;&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;"
        );
        assert_eq!(escape("Roast, 13 °C — naïve"), "Roast, 13 °C — naïve");
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn a_textarea_keeps_a_leading_line_break() {
        assert_eq!(super::textarea_html("\nfirst"), "\n\nfirst");
    }
}
