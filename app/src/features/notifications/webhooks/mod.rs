//! `/settings/webhooks`: addresses of programs that are told what happens in the workspace.

mod dialogs;
mod sent;

use std::{collections::BTreeSet, time::Duration};

use domain::{
    WebhookId,
    notifications::{MAX_WEBHOOKS, Webhook, WebhookDeliveryStatus, WebhookPatch},
};
use leptos::{prelude::*, task::spawn_local};

use self::{
    dialogs::{RemoveDialog, SecretDialog, WebhookDialog},
    sent::sent_to,
};
use super::server_fns::{WebhookSaved, WebhookView, change_webhook, test_webhook, view_webhooks};
use crate::{
    AppError,
    layouts::{PageFrame, load, use_refusal},
    shared::follow::follow,
    ui::{
        Badge, Button, ButtonSize, ButtonVariant, Card, EmptyState, Glyph, RelativeTime, SkeletonRows, Tag, Toasts,
        Tone, use_toasts,
    },
};

/// What the form is about.
#[derive(Clone, Debug, PartialEq)]
enum Editing {
    New,
    Existing(Webhook),
}

/// How soon an answer is looked for: most addresses answer within a second.
const ANSWERS: Duration = Duration::from_secs(2);

/// What the page shows and does.
#[derive(Clone, Copy)]
struct Board {
    hooks: RwSignal<Vec<WebhookView>>,
    /// Rises when it is time to look again.
    changed: RwSignal<u32>,
    /// Whose list of what was sent stands open.
    opened: RwSignal<BTreeSet<WebhookId>>,
    /// What the form is open for.
    editing: RwSignal<Option<Editing>>,
    /// What the other dialogs ask about.
    renewing: RwSignal<Option<Webhook>>,
    removing: RwSignal<Option<Webhook>>,
    toasts: Toasts,
    refusal: Callback<(String, AppError)>,
}

impl Board {
    fn look_again(self) {
        let _page_gone = self.changed.try_update(|changed| *changed += 1);
    }

    /// At once, and when there should be an answer.
    fn look_for_an_answer(self) {
        self.look_again();
        set_timeout(move || self.look_again(), ANSWERS);
    }

    fn switch(self, webhook: Webhook, on: bool) {
        spawn_local(async move {
            let patch = WebhookPatch { enabled: Some(on), ..WebhookPatch::default() };
            match change_webhook(webhook.id, patch).await {
                Ok(WebhookSaved::Refused { message, .. }) => {
                    self.toasts.error("The webhook was not switched", message.as_deref().unwrap_or_default());
                }
                Ok(_) => {
                    self.toasts.success(if on { "The webhook is on" } else { "The webhook is off" });
                }
                Err(error) => self.refusal.run(("The webhook was not switched".to_owned(), error)),
            }
            self.look_again();
        });
    }

    fn test(self, id: WebhookId) {
        spawn_local(async move {
            match test_webhook(id).await {
                Ok(_) => {
                    self.toasts.success("A test is on its way");
                    let _page_gone = self.opened.try_update(|opened| opened.insert(id));
                }
                Err(error) => self.refusal.run(("No test was sent".to_owned(), error)),
            }
            self.look_for_an_answer();
        });
    }
}

/// The page.
#[component]
pub fn WebhooksPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| view_webhooks());
    let editing = RwSignal::new(None);
    view! {
        <PageFrame
            title="Webhooks"
            lead="Addresses of your own programs that are told what happens in this workspace, signed by the Standard Webhooks specification."
            narrow=true
            actions=move || actions(editing)
        >
            {load(data, "the webhooks", || view! { <SkeletonRows label="Loading the webhooks" count=3/> }, move |hooks| full(hooks, editing))}
        </PageFrame>
    }
    .into_any()
}

fn actions(editing: RwSignal<Option<Editing>>) -> AnyView {
    // Without a script it does nothing.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    view! {
        {move || {
            alive
                .get()
                .then(|| {
                    view! {
                        <Button
                            variant=ButtonVariant::Primary
                            icon=Glyph::Plus
                            on_click=move |_| editing.set(Some(Editing::New))
                        >
                            "Add webhook"
                        </Button>
                    }
                })
        }}
    }
    .into_any()
}

fn full(hooks: Vec<WebhookView>, editing: RwSignal<Option<Editing>>) -> AnyView {
    let refusal = use_refusal();
    let board = Board {
        hooks: RwSignal::new(hooks),
        changed: RwSignal::new(0),
        opened: RwSignal::new(BTreeSet::new()),
        editing,
        renewing: RwSignal::new(None),
        removing: RwSignal::new(None),
        toasts: use_toasts(),
        refusal: Callback::new(move |(title, error): (String, AppError)| refusal(&title, &error)),
    };
    let is_empty = Memo::new(move |_| board.hooks.read().is_empty());
    let waiting = Memo::new(move |_| {
        let hooks = board.hooks.read();
        hooks.iter().flat_map(|view| &view.deliveries).any(|sent| sent.status == WebhookDeliveryStatus::Waiting)
    });
    follow(board.changed.into(), waiting.into(), view_webhooks, move |hooks| {
        let _page_gone = board.hooks.try_set(hooks);
    });
    view! {
        {move || {
            if is_empty.get() {
                view! {
                    <EmptyState
                        title="Nothing is told to a program"
                        text="Add an address that is called when a post is out, a post has failed, or an account must be reconnected."
                        level=2
                    />
                }
                    .into_any()
            } else {
                view! {
                    <ul aria-label="Webhooks" class="grid grid-cols-1 gap-4">
                        <For each=move || board.hooks.get() key=|view| view.webhook.clone() let:view>
                            <li>{card(board, view)}</li>
                        </For>
                    </ul>
                    <p class="mt-4 text-sm text-muted">
                        {move || format!("{} of {MAX_WEBHOOKS} webhooks", board.hooks.read().len())}
                    </p>
                }
                    .into_any()
            }
        }}
        <WebhookDialog board/>
        <SecretDialog board/>
        <RemoveDialog board/>
    }
    .into_any()
}

fn badge(webhook: &Webhook) -> AnyView {
    match (webhook.enabled, webhook.failing_since) {
        (false, _) => view! { <Badge tone=Tone::Neutral with_glyph=true>"Off"</Badge> }.into_any(),
        (true, Some(_)) => view! { <Badge tone=Tone::Warning with_glyph=true>"Failing"</Badge> }.into_any(),
        (true, None) => view! { <Badge tone=Tone::Success with_glyph=true>"On"</Badge> }.into_any(),
    }
}

fn card(board: Board, view: WebhookView) -> AnyView {
    let webhook = view.webhook;
    let id = webhook.id;
    let asked = StoredValue::new(webhook.clone());
    let url = webhook.url.clone();
    let label = move |what: &str| format!("{what} {url}");
    let why = match (webhook.off_because, webhook.failing_since) {
        (Some(why), _) => Some(view! { {why.words()} }.into_any()),
        (None, Some(since)) => Some(
            view! { "Nothing has arrived there since " <RelativeTime at=since/> ". It is tried again." }.into_any(),
        ),
        (None, None) => None,
    };
    let why = why.map(|why| view! { <p class="text-sm text-muted">{why}</p> });
    let previous = webhook.previous_secret_until.map(|until| {
        view! {
            <p class="text-sm text-muted">"The secret before the present one signs as well, until " <RelativeTime at=until/> "."</p>
        }
    });
    let description = (!webhook.description.is_empty())
        .then(|| view! { <p class="text-sm wrap-anywhere text-muted">{webhook.description.clone()}</p> });
    let events = webhook.events.clone().into_iter();
    let events = events.map(|event| view! { <li title=event.label()><Tag>{event.as_str()}</Tag></li> }).collect_view();
    let enabled = webhook.enabled;
    let switch = if enabled { "Switch off" } else { "Switch on" };
    view! {
        <Card class="grid gap-4 p-4 sm:p-5" label=webhook.url.clone()>
            <div class="grid gap-2">
                <div class="flex flex-wrap items-center gap-x-3 gap-y-1">
                    <h2 class="min-w-0 font-mono text-sm font-medium wrap-anywhere">{webhook.url.clone()}</h2>
                    {badge(&webhook)}
                </div>
                {description}
                {why}
                {previous}
                <ul aria-label="Events" class="flex flex-wrap gap-1">{events}</ul>
            </div>
            <div class="flex flex-wrap gap-2 noscript:hidden">
                <Button
                    size=ButtonSize::Small
                    icon=Glyph::Send
                    disabled=!enabled
                    label=label("Send a test to")
                    on_click=move |_| board.test(id)
                >
                    "Send test"
                </Button>
                <Button
                    size=ButtonSize::Small
                    icon=Glyph::PenLine
                    label=label("Change")
                    on_click=move |_| board.editing.set(Some(Editing::Existing(asked.get_value())))
                >
                    "Change"
                </Button>
                <Button
                    size=ButtonSize::Small
                    label=label("New secret for")
                    on_click=move |_| board.renewing.set(Some(asked.get_value()))
                >
                    "New secret"
                </Button>
                <Button
                    size=ButtonSize::Small
                    label=label(switch)
                    on_click=move |_| board.switch(asked.get_value(), !enabled)
                >
                    {switch}
                </Button>
                <Button
                    size=ButtonSize::Small
                    variant=ButtonVariant::DangerQuiet
                    label=label("Remove")
                    on_click=move |_| board.removing.set(Some(asked.get_value()))
                >
                    "Remove"
                </Button>
            </div>
            {sent_to(board, id, enabled)}
        </Card>
    }
    .into_any()
}
