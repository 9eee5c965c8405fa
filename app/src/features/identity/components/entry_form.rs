//! A form that opens a session, alive: checked while it is filled in, sent without leaving the page, and safe from a
//! lost network.

use std::{collections::BTreeMap, future::Future, pin::Pin};

use domain::{FieldErrors, identity};
use leptos::{ev, html, prelude::*, task::spawn_local, web_sys};
use wasm_bindgen::JsCast as _;

use super::super::server_fns::Entry;
use crate::{
    error::AppError,
    layouts::leave_for,
    session::{FormOutcome, use_session},
    ui::{Banner, Button, ButtonSize, Countdown, Tone},
};

/// What is in the form, by field name.
pub type Values = BTreeMap<String, String>;
/// A server function at work.
pub type Sending = Pin<Box<dyn Future<Output = Result<Entry, AppError>>>>;

/// The state of one form. Copy it into the handlers.
#[derive(Clone, Copy)]
pub struct EntryForm {
    /// The form's own element.
    pub node: NodeRef<html::Form>,
    errors: RwSignal<FieldErrors>,
    message: RwSignal<Option<String>>,
    offline: RwSignal<bool>,
    busy: RwSignal<bool>,
    /// Seconds to wait after too many tries.
    wait: RwSignal<Option<u32>>,
    /// Whether the form was sent once: from then on an empty field is a fault too.
    sent: StoredValue<bool>,
    /// The text fields, and what stands in them.
    fields: StoredValue<Vec<(&'static str, RwSignal<String>)>>,
    /// Where a draft is kept while the network is away.
    draft_key: &'static str,
    check: fn(&Values) -> FieldErrors,
    send: fn(Values) -> Sending,
}

impl EntryForm {
    /// The form that posts to `action`; it starts as the server sent it back, if it did. `fields` are the text fields, never a password.
    pub fn new(
        action: &str,
        draft_key: &'static str,
        fields: &[(&'static str, &str)],
        check: fn(&Values) -> FieldErrors,
        send: fn(Values) -> Sending,
    ) -> Self {
        let FormOutcome { values, fields: errors, message } = use_session().refused_form(action).unwrap_or_default();
        let fields = fields
            .iter()
            .map(|(name, first)| (*name, RwSignal::new(values.get(*name).map_or(*first, String::as_str).to_owned())))
            .collect();
        let form = Self {
            node: NodeRef::new(),
            sent: StoredValue::new(!errors.is_empty()),
            errors: RwSignal::new(errors),
            message: RwSignal::new(message),
            offline: RwSignal::new(false),
            busy: RwSignal::new(false),
            wait: RwSignal::new(None),
            fields: StoredValue::new(fields),
            draft_key,
            check,
            send,
        };
        Effect::new(move |_| form.take_up_draft());
        form
    }

    /// What stands in a text field.
    pub fn value(self, name: &str) -> RwSignal<String> {
        let known =
            self.fields.with_value(|fields| fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value));
        known.unwrap_or_else(|| RwSignal::new(String::new()))
    }

    /// What is wrong with a field; empty when nothing is.
    pub fn error(self, name: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.errors.with(|errors| errors.get(name).map(str::to_owned)))
    }

    /// Whether the page was sent back for this field, and it is the first: it then takes the focus without a script.
    pub fn starts_at(self, name: &str) -> bool {
        self.errors.with_untracked(|errors| !errors.is_empty())
            && self.fields_in_order().into_iter().find(|field| self.is_wrong(field)).as_deref() == Some(name)
    }

    /// Whether the form is on its way.
    pub fn busy(self) -> Signal<bool> {
        self.busy.into()
    }

    /// Whether it has been sent too often, and has to wait.
    pub fn waiting(self) -> Signal<bool> {
        Signal::derive(move || self.wait.read().is_some())
    }

    fn is_wrong(self, name: &str) -> bool {
        self.errors.with_untracked(|errors| errors.get(name).is_some())
    }

    /// The text fields and, last, the password: the order on both pages.
    fn fields_in_order(self) -> Vec<String> {
        let mut names =
            self.fields.with_value(|fields| fields.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
        names.push("password".to_owned());
        names
    }

    /// What the browser would send. The element is asked and not the signals: what was typed before hydration, or
    /// filled in by a password manager, counts.
    fn values(self) -> Values {
        let Some(form) = self.node.get_untracked() else { return Values::new() };
        let Ok(data) = web_sys::FormData::new_with_form(&form) else { return Values::new() };
        let mut values = Values::new();
        for entry in data.entries().into_iter().flatten() {
            let pair = js_sys::Array::from(&entry);
            if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
                values.insert(name, value);
            }
        }
        values
    }

    /// `on:submit`.
    pub fn submit(self, event: &ev::SubmitEvent) {
        event.prevent_default();
        self.go();
    }

    fn go(self) {
        if self.busy.get_untracked() || self.wait.read_untracked().is_some() {
            return;
        }
        self.sent.set_value(true);
        self.message.set(None);
        self.offline.set(false);
        let values = self.values();
        let errors = (self.check)(&values);
        let sound = errors.is_empty();
        self.errors.set(errors);
        if !sound {
            self.focus_first_error();
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            match (self.send)(values).await {
                Ok(Entry::Welcome { to }) => {
                    self.forget_draft();
                    // Busy until the new page is there.
                    leave_for(&to);
                    return;
                }
                Ok(Entry::Refused { fields, message }) => {
                    self.errors.set(fields);
                    self.message.set(message);
                }
                Err(AppError::Offline) => {
                    self.keep_draft();
                    self.offline.set(true);
                }
                Err(error) if error.is_rate_limited() => self.wait.set(Some(error.retry_after().unwrap_or(1))),
                Err(error) => self.message.set(Some(error.message().to_owned())),
            }
            self.busy.set(false);
            self.focus_first_error();
        });
    }

    /// `on:focusout`: a field that was filled in is checked as it is left. What is wrong already stays until it is typed
    /// away, and nothing is said on the way to the button, which says it all: the button would move from under the
    /// pointer.
    pub fn left(self, event: &ev::FocusEvent) {
        let Some(name) = field_name(event.target()) else { return };
        if self.is_wrong(&name) || is_submit(event.related_target()) {
            return;
        }
        let filled = self.values().get(&name).is_some_and(|value| !value.is_empty());
        if filled || self.sent.get_value() {
            self.check_again(&name);
        }
    }

    /// `on:input`: a complaint goes away as soon as its reason has.
    pub fn typed(self, event: &ev::Event) {
        let Some(name) = field_name(event.target()) else { return };
        if self.is_wrong(&name) {
            self.check_again(&name);
        }
    }

    fn check_again(self, name: &str) {
        let found = (self.check)(&self.values());
        self.errors.update(|errors| {
            errors.0.remove(name);
            if let Some(message) = found.get(name) {
                errors.add(name, message);
            }
        });
    }

    fn focus_first_error(self) {
        let first = self.fields_in_order().into_iter().find(|name| self.is_wrong(name));
        let Some(name) = first else { return };
        // The note below the field has to be there when the field is read out.
        request_animation_frame(move || {
            let element = self
                .node
                .get_untracked()
                .and_then(|form| form.query_selector(&format!("[name='{name}']")).ok().flatten());
            if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _detached = element.focus();
            }
        });
    }

    fn keep_draft(self) {
        let draft: BTreeMap<_, _> = self
            .fields
            .with_value(|fields| fields.iter().map(|(name, value)| (*name, value.get_untracked())).collect());
        if let (Some(storage), Ok(draft)) = (storage(), serde_json::to_string(&draft)) {
            // A full or forbidden storage keeps nothing; the page itself still does.
            let _kept = storage.set_item(self.draft_key, &draft);
        }
    }

    fn take_up_draft(self) {
        let draft = storage()
            .and_then(|storage| storage.get_item(self.draft_key).ok().flatten())
            .and_then(|draft| serde_json::from_str::<BTreeMap<String, String>>(&draft).ok());
        let Some(draft) = draft else { return };
        self.fields.with_value(|fields| {
            for (name, value) in fields {
                if let Some(kept) = draft.get(*name).filter(|kept| !kept.is_empty()) {
                    value.set(kept.clone());
                }
            }
        });
    }

    fn forget_draft(self) {
        if let Some(storage) = storage() {
            let _forgotten = storage.remove_item(self.draft_key);
        }
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

fn is_submit(target: Option<web_sys::EventTarget>) -> bool {
    target
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|element| element.matches("[type=submit]").unwrap_or(false))
}

fn field_name(target: Option<web_sys::EventTarget>) -> Option<String> {
    target
        .and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok())
        .map(|input| input.name())
        .filter(|name| !name.is_empty())
}

/// What is wrong with the whole form, above its fields.
#[component]
pub fn EntryNotes(form: EntryForm) -> impl IntoView {
    view! {
        <div aria-live="assertive" class="grid gap-3 not-empty:mt-6">
            {move || {
                form.offline
                    .get()
                    .then(|| {
                        view! {
                            <Banner
                                tone=Tone::Warning
                                title=crate::error::CONNECTION_LOST
                                action=move || {
                                    view! { <Button size=ButtonSize::Small on_click=move |_| form.go()>"Retry"</Button> }
                                }
                            />
                        }
                    })
            }}
            {move || {
                form.wait
                    .get()
                    .map(|seconds| {
                        view! {
                            <Banner
                                tone=Tone::Warning
                                title="Too many attempts"
                                text="Please wait a moment. What you typed stays here."
                                action=move || {
                                    view! {
                                        <Countdown
                                            seconds
                                            class="text-sm font-medium"
                                            on_end=move |()| form.wait.set(None)
                                        />
                                    }
                                }
                            />
                        }
                    })
            }}
            {move || {
                form.message.get().map(|message| view! { <Banner tone=Tone::Danger title=message/> })
            }}
        </div>
    }
    .into_any()
}

/// The path to go to afterwards, if the visitor was on the way somewhere.
pub fn next_of(action: &str, query: Option<String>) -> Option<String> {
    let refused = use_session().refused_form(action).and_then(|form| form.values.get("next").cloned());
    identity::safe_next(query.or(refused).as_deref()).map(str::to_owned)
}
