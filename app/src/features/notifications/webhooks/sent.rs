//! What was sent to a webhook lately, and how it ended.

use domain::{
    WebhookId,
    notifications::{WebhookDelivery, WebhookDeliveryStatus},
};
use leptos::{prelude::*, task::spawn_local};

use super::{super::server_fns::resend_event, Board};
use crate::ui::{Badge, Button, ButtonSize, Disclosure, RelativeTime, Table, Td, Th, Thead, Tone, Tr};

pub(super) fn sent_to(board: Board, webhook: WebhookId, enabled: bool) -> AnyView {
    let sent = Memo::new(move |_| {
        let found =
            board.hooks.read().iter().find(|view| view.webhook.id == webhook).map(|view| view.deliveries.clone());
        found.unwrap_or_default()
    });
    // A card is built anew when something on it changes; what stood open stays so.
    let open = RwSignal::new(board.opened.with_untracked(|opened| opened.contains(&webhook)));
    Effect::new(move |_| {
        let wanted = board.opened.with(|opened| opened.contains(&webhook));
        if open.get_untracked() != wanted {
            open.set(wanted);
        }
    });
    Effect::new(move |_| {
        let is_open = open.get();
        board.opened.update(|opened| {
            if is_open {
                opened.insert(webhook)
            } else {
                opened.remove(&webhook)
            };
        });
    });
    let summary = Signal::derive(move || match sent.read().first() {
        None => "Nothing yet".to_owned(),
        Some(latest) => format!("Latest: {}, {}", latest.event, word(latest.status).0.to_lowercase()),
    });
    view! {
        <div class="-mx-1 rounded-lg border border-border noscript:hidden">
            <Disclosure id=format!("sent-{webhook}") label="Recently sent" summary open>
                {move || {
                    if sent.read().is_empty() {
                        view! { <p class="text-sm text-muted">"Nothing was sent yet. Send a test to see whether it arrives."</p> }
                            .into_any()
                    } else {
                        table(board, sent, enabled)
                    }
                }}
            </Disclosure>
        </div>
    }
    .into_any()
}

const fn word(status: WebhookDeliveryStatus) -> (&'static str, Tone) {
    match status {
        WebhookDeliveryStatus::Waiting => ("Waiting", Tone::Info),
        WebhookDeliveryStatus::Delivered => ("Arrived", Tone::Success),
        WebhookDeliveryStatus::Failed => ("Given up", Tone::Danger),
    }
}

fn table(board: Board, sent: Memo<Vec<WebhookDelivery>>, enabled: bool) -> AnyView {
    view! {
        <Table label="Recently sent" min_width="min-w-[40rem]" bare=true>
            <Thead>
                <Th label="Event"/>
                <Th label="State"/>
                <Th label="Answer"/>
                <Th label="Tried"/>
                <Th label="Actions" hidden=true/>
            </Thead>
            <tbody>
                <For each=move || sent.get() key=|one| (one.id, one.status, one.attempts, one.tried_at) let:one>
                    {row(board, one, enabled)}
                </For>
            </tbody>
        </Table>
    }
    .into_any()
}

fn row(board: Board, one: WebhookDelivery, enabled: bool) -> AnyView {
    let (state, tone) = word(one.status);
    let id = one.id;
    let event = one.event.clone();
    let answer = match (one.response_status, one.took_ms) {
        (Some(status), Some(took)) => format!("{status} in {took} ms"),
        (Some(status), None) => status.to_string(),
        (None, _) if one.attempts > 0 => "None".to_owned(),
        (None, _) => "Not yet".to_owned(),
    };
    let error = one.error.filter(|_| one.status != WebhookDeliveryStatus::Delivered);
    let error = error.map(|error| view! { <p class="max-w-72 text-sm wrap-anywhere text-muted">{error}</p> });
    let tries = match one.attempts {
        0 => String::new(),
        1 => "1 attempt".to_owned(),
        n => format!("{n} attempts"),
    };
    let tried = one.tried_at.map(|at| view! { <RelativeTime at/> });
    let next = one.next_attempt_at.filter(|_| one.attempts > 0).map(|at| {
        view! { <p class="text-sm text-muted">"Again " <RelativeTime at/></p> }
    });
    let resend = move |_| {
        spawn_local(async move {
            match resend_event(id).await {
                Ok(_) => {
                    board.toasts.success("It is sent again");
                }
                Err(error) => board.refusal.run(("It was not sent again".to_owned(), error)),
            }
            board.look_for_an_answer();
        });
    };
    let again = (enabled && one.status != WebhookDeliveryStatus::Waiting).then(|| {
        view! {
            <Button size=ButtonSize::Small label=format!("Send {event} again") on_click=resend>"Send again"</Button>
        }
    });
    view! {
        <Tr>
            <Td>
                <div class="py-2">
                    <p class="font-mono text-sm">{one.event}</p>
                    <p class="text-sm text-muted"><RelativeTime at=one.created_at/></p>
                </div>
            </Td>
            <Td>
                <Badge tone with_glyph=true>{state}</Badge>
            </Td>
            <Td>
                <div class="py-2">
                    <p class="tabular-nums">{answer}</p>
                    {error}
                </div>
            </Td>
            <Td muted=true>
                <p>{tried}</p>
                <p class="text-sm">{tries}</p>
                {next}
            </Td>
            <Td>
                <div class="flex justify-end">{again}</div>
            </Td>
        </Tr>
    }
    .into_any()
}
