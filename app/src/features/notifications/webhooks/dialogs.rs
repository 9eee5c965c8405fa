//! Adding and changing a webhook, its secret shown once, and what is asked before something ends.

use domain::{
    FieldErrors,
    notifications::{NewWebhook, RenewedSecret, Webhook, WebhookEvent, WebhookPatch},
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{
    super::server_fns::{WebhookSaved, add_webhook, change_webhook, remove_webhook, renew_secret},
    Board, Editing,
};
use crate::ui::{
    Banner, Button, ButtonVariant, Checkbox, ConfirmDialog, CopyButton, Dialog, DialogSize, Field, Input, Tone,
};

/// What is typed about a webhook.
#[derive(Clone, Copy)]
struct Form {
    url: RwSignal<String>,
    description: RwSignal<String>,
    events: StoredValue<Vec<(WebhookEvent, RwSignal<bool>)>>,
    errors: RwSignal<FieldErrors>,
    message: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
}

impl Form {
    fn new() -> Self {
        let events = WebhookEvent::ALL.iter().map(|event| (*event, RwSignal::new(false))).collect();
        Self {
            url: RwSignal::new(String::new()),
            description: RwSignal::new(String::new()),
            events: StoredValue::new(events),
            errors: RwSignal::new(FieldErrors::default()),
            message: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    /// As it begins for a new webhook, or for this one.
    fn begin(self, editing: &Editing) {
        let (url, description, chosen) = match editing {
            Editing::New => (String::new(), String::new(), Vec::new()),
            Editing::Existing(webhook) => (webhook.url.clone(), webhook.description.clone(), webhook.events.clone()),
        };
        self.url.set(url);
        self.description.set(description);
        self.events.with_value(|events| events.iter().for_each(|(event, on)| on.set(chosen.contains(event))));
        self.errors.set(FieldErrors::default());
        self.message.set(None);
    }

    fn read(self) -> NewWebhook {
        let events = self
            .events
            .with_value(|events| events.iter().filter(|(_, on)| on.get_untracked()).map(|(event, _)| *event).collect());
        NewWebhook { url: self.url.get_untracked(), description: self.description.get_untracked(), events }
    }

    fn error(self, name: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.errors.with(|errors| errors.get(name).map(str::to_owned)))
    }
}

/// A secret that has just been made, and what it is for.
#[derive(Clone)]
struct Shown {
    secret: String,
    words: String,
}

/// The form; for a new webhook then its secret, once.
#[component]
pub(super) fn WebhookDialog(board: Board) -> impl IntoView {
    let form = Form::new();
    let open = RwSignal::new(false);
    let made = RwSignal::new(None::<Shown>);
    Effect::new(move |_| {
        if let Some(editing) = board.editing.get() {
            made.set(None);
            form.begin(&editing);
            open.set(true);
        }
    });
    Effect::new(move |before: Option<bool>| {
        let is_open = open.get();
        if before == Some(true) && !is_open {
            // The secret is nowhere any more.
            made.set(None);
            board.editing.set(None);
        }
        is_open
    });
    let title = Signal::derive(move || {
        let editing = board.editing.read();
        match (made.read().is_some(), editing.as_ref()) {
            (true, _) => "Copy the webhook’s secret",
            (false, Some(Editing::Existing(_))) => "Change webhook",
            (false, _) => "Add webhook",
        }
        .to_owned()
    });
    view! {
        <Dialog id="webhook" open title size=DialogSize::Large>
            {move || match made.get() {
                Some(shown) => shown_once(open, shown),
                None => webhook_form(board, form, open, made),
            }}
        </Dialog>
    }
    .into_any()
}

fn webhook_form(board: Board, form: Form, open: RwSignal<bool>, made: RwSignal<Option<Shown>>) -> AnyView {
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let wanted = form.read();
        let found = wanted.check();
        let sound = found.is_empty() && !form.busy.get_untracked();
        form.errors.set(found);
        form.message.set(None);
        if !sound {
            return;
        }
        let editing = board.editing.get_untracked();
        form.busy.set(true);
        spawn_local(async move {
            let answer = match editing {
                Some(Editing::Existing(webhook)) => {
                    let NewWebhook { url, description, events } = wanted;
                    let patch = WebhookPatch {
                        url: Some(url),
                        description: Some(description),
                        events: Some(events),
                        enabled: None,
                    };
                    change_webhook(webhook.id, patch).await
                }
                _ => add_webhook(wanted).await,
            };
            match answer {
                Ok(WebhookSaved::Added { made: added }) => {
                    let shown = Shown {
                        secret: added.secret,
                        words: "Your program needs it to tell our requests from other people’s.".to_owned(),
                    };
                    let _page_gone = made.try_set(Some(shown));
                    board.look_again();
                }
                Ok(WebhookSaved::Changed) => {
                    let _page_gone = open.try_set(false);
                    board.toasts.success("The webhook is changed");
                    board.look_again();
                }
                Ok(WebhookSaved::Refused { fields, message }) => {
                    let _page_gone = form.errors.try_set(fields);
                    let _page_gone = form.message.try_set(message);
                }
                Err(error) => board.refusal.run(("The webhook was not saved".to_owned(), error)),
            }
            let _page_gone = form.busy.try_set(false);
        });
    };
    let choices = form.events.with_value(|events| {
        events
            .iter()
            .map(|(event, on)| {
                view! {
                    <Checkbox
                        id=format!("event-{}", event.as_str().replace(['.', '_'], "-"))
                        label=event.label()
                        hint=event.as_str()
                        checked=*on
                    />
                }
            })
            .collect_view()
    });
    let events_wrong = form.error("events");
    let words =
        if matches!(board.editing.get_untracked(), Some(Editing::Existing(_))) { "Save" } else { "Add webhook" };
    view! {
        <form method="post" class="grid gap-4" novalidate on:submit=submit>
            <div aria-live="assertive" class="empty:hidden">
                {move || form.message.get().map(|title| view! { <Banner tone=Tone::Danger title/> })}
            </div>
            <Field
                id="webhook-url"
                label="Address"
                hint="An https address on the public internet that answers with 2xx within 15 seconds"
                error=form.error("url")
            >
                <Input name="url" kind="url" inputmode="url" autocomplete="off" placeholder="https://" value=form.url/>
            </Field>
            <Field
                id="webhook-description"
                label="Description"
                hint="Optional: which program it is"
                error=form.error("description")
            >
                <Input name="description" autocomplete="off" value=form.description/>
            </Field>
            <fieldset aria-describedby="webhook-events-note">
                <legend class="mb-2 text-sm font-medium">"What it is told of"</legend>
                <div class="grid gap-x-6 gap-y-3 sm:grid-cols-2">{choices}</div>
                <div id="webhook-events-note" aria-live="polite">
                    {move || events_wrong.get().map(|wrong| view! { <p class="mt-2 text-sm text-danger">{wrong}</p> })}
                </div>
            </fieldset>
            <div class="flex flex-wrap justify-end gap-2">
                <Button on_click=move |_| open.set(false)>"Cancel"</Button>
                <Button submit=true variant=ButtonVariant::Primary loading=form.busy loading_label="Saving…">
                    {words}
                </Button>
            </div>
        </form>
    }
    .into_any()
}

fn shown_once(open: RwSignal<bool>, shown: Shown) -> AnyView {
    let copied = shown.secret.clone();
    view! {
        <Banner tone=Tone::Warning title="This is the only time the secret is shown" text=shown.words/>
        <div class="grid gap-1.5">
            <p id="made-secret-label" class="text-sm font-medium">"Signing secret"</p>
            <div class="flex flex-wrap items-center gap-2">
                <code
                    aria-labelledby="made-secret-label"
                    data-secret=""
                    class="min-w-0 flex-1 rounded-lg border border-border bg-sunken px-3 py-2 font-mono text-sm wrap-anywhere select-all"
                >
                    {shown.secret}
                </code>
                <CopyButton text=Signal::stored(copied) label="Copy secret" words="Copy"/>
            </div>
        </div>
        <p class="text-sm text-muted">
            "Check the header " <code class="font-mono">"webhook-signature"</code>
            " of each request with it: HMAC-SHA256 over id, timestamp and body, as the Standard Webhooks specification describes."
        </p>
        <div class="flex justify-end">
            <Button variant=ButtonVariant::Primary on_click=move |_| open.set(false)>"I have copied it"</Button>
        </div>
    }
    .into_any()
}

/// Asks before a webhook gets a new secret; then shows it, once.
#[component]
pub(super) fn SecretDialog(board: Board) -> impl IntoView {
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let made = RwSignal::new(None::<Shown>);
    let shows = RwSignal::new(false);
    opens_for(board.renewing, open);
    Effect::new(move |before: Option<bool>| {
        let is_open = shows.get();
        if before == Some(true) && !is_open {
            made.set(None);
        }
        is_open
    });
    let consequence = Signal::derive(|| {
        "You get a new secret at once. The present one signs as well for another 24 hours, so that your program can change over."
            .to_owned()
    });
    let confirm = move |()| {
        let Some(webhook) = board.renewing.get_untracked() else { return };
        busy.set(true);
        spawn_local(async move {
            let answer = renew_secret(webhook.id).await;
            let _page_gone = busy.try_set(false);
            let _page_gone = open.try_set(false);
            match answer {
                Ok(RenewedSecret { secret, .. }) => {
                    let words =
                        "Give it to your program within 24 hours; then the one before stops signing.".to_owned();
                    let _page_gone = made.try_set(Some(Shown { secret, words }));
                    let _page_gone = shows.try_set(true);
                }
                Err(error) => board.refusal.run(("There is no new secret".to_owned(), error)),
            }
            board.look_again();
        });
    };
    view! {
        <ConfirmDialog
            id="renew-secret"
            open
            title="Make a new secret?"
            consequence
            confirm="Make new secret"
            cancel="Keep the present one"
            variant=ButtonVariant::Primary
            busy=busy
            on_confirm=confirm
        />
        <Dialog id="renewed-secret" open=shows title="Copy the new secret" size=DialogSize::Large>
            {move || made.get().map(|shown| shown_once(shows, shown))}
        </Dialog>
    }
    .into_any()
}

/// Asks before a webhook goes.
#[component]
pub(super) fn RemoveDialog(board: Board) -> impl IntoView {
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    opens_for(board.removing, open);
    let consequence = Signal::derive(move || {
        let url = board.removing.read().as_ref().map(|webhook| webhook.url.clone()).unwrap_or_default();
        format!("Nothing is sent to {url} any more. Its secret and the list of what was sent go with it.")
    });
    let confirm = move |()| {
        let Some(webhook) = board.removing.get_untracked() else { return };
        busy.set(true);
        spawn_local(async move {
            let answer = remove_webhook(webhook.id).await;
            let _page_gone = busy.try_set(false);
            let _page_gone = open.try_set(false);
            match answer {
                Ok(()) => {
                    board.toasts.success("The webhook is removed");
                }
                Err(error) => board.refusal.run(("The webhook was not removed".to_owned(), error)),
            }
            board.look_again();
        });
    };
    view! {
        <ConfirmDialog
            id="remove-webhook"
            open
            title="Remove this webhook?"
            consequence
            confirm="Remove webhook"
            cancel="Keep it"
            busy=busy
            on_confirm=confirm
        />
    }
    .into_any()
}

/// A dialog opens when it is asked about something, and forgets it when it closes.
fn opens_for(asked: RwSignal<Option<Webhook>>, open: RwSignal<bool>) {
    Effect::new(move |_| {
        if asked.read().is_some() {
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            asked.set(None);
        }
    });
}
