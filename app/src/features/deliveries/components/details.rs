//! One delivery laid open: what happened in plain words, what to do, and every try with what the platform answered.

use crate::{
    AppError,
    features::deliveries::server_fns::delivery_attempts,
    shared::{
        delivery::{Act, Acting},
        words::duration,
    },
    ui::{
        Button, ButtonSize, ButtonVariant, CopyButton, DescriptionList, Detail, ErrorState, Glyph, RelativeTime,
        SkeletonRows, Table, Td, Th, Thead, Tr, icon,
    },
};
use domain::deliveries::{Delivery, DeliveryAttempt, DeliveryStatus, ErrorClass};
use leptos::{prelude::*, task::spawn_local};

type Attempts = Option<Result<Vec<DeliveryAttempt>, AppError>>;

/// The open panel below a row.
pub fn details(delivery: Memo<Delivery>, acting: Acting) -> AnyView {
    let first = delivery.get_untracked();
    let id = first.id;
    let place = format!("{} on {}: {}", first.account_name, first.platform.label(), first.content_excerpt);
    let attempts = RwSignal::new(None as Attempts);
    let fetch = move || {
        spawn_local(async move {
            let answer = delivery_attempts(id).await;
            let _panel_closed = attempts.try_set(Some(answer));
        });
    };
    // Every try changes the delivery too.
    let changed = Memo::new(move |_| delivery.read().updated_at);
    Effect::new(move |_| {
        changed.get();
        fetch();
    });
    let facts = move || facts(&delivery.read());
    view! {
        <div class="overflow-hidden rounded-lg border border-border bg-surface">
            <div class="grid grid-cols-1 gap-x-8 gap-y-5 p-4 lg:grid-cols-[minmax(0,1fr)_22rem]">
                <div class="min-w-0">{move || what_happened(&delivery.read(), acting)}</div>
                <div class="min-w-0 border-border lg:border-l lg:pl-6">{facts}</div>
            </div>
            <div class="border-t border-border p-4">
                <p class="mb-2 text-sm font-semibold">"Trace"</p>
                {move || match attempts.get() {
                    None => view! { <SkeletonRows label="Loading the attempts" count=2/> }.into_any(),
                    Some(Err(error)) => {
                        view! {
                            <ErrorState
                                title="We could not load the attempts"
                                text=error.message().to_owned()
                                on_retry=move |()| fetch()
                            />
                        }
                            .into_any()
                    }
                    Some(Ok(list)) => trace(list, place.clone()),
                }}
            </div>
        </div>
    }
    .into_any()
}

/// The sentence on top, the reason, the advice, and what can be done.
fn what_happened(delivery: &Delivery, acting: Acting) -> AnyView {
    let platform = delivery.platform.label();
    let title = match delivery.status {
        DeliveryStatus::Failed if delivery.needs_person => format!("Nobody can say whether {platform} took this post"),
        DeliveryStatus::Failed => format!("{platform} could not take this post"),
        DeliveryStatus::Retried => format!("{platform} could not take this post yet"),
        DeliveryStatus::Success => format!("Published on {platform}"),
        DeliveryStatus::Publishing => format!("Publishing on {platform}"),
        DeliveryStatus::Pending => format!("Waits for {platform}"),
        DeliveryStatus::Canceled => "Canceled before it was sent".to_owned(),
    };
    let reason = delivery.last_error.clone().filter(|_| delivery.status != DeliveryStatus::Success);
    let advice = delivery
        .advice
        .clone()
        .filter(|_| !matches!(delivery.status, DeliveryStatus::Success | DeliveryStatus::Canceled));
    let id = delivery.id;
    let main = Act::of(delivery).first().copied();
    let buttons = acting.allowed.then(|| {
        Act::of(delivery)
            .iter()
            .map(|act| {
                let act = *act;
                let words = match act {
                    Act::Retry if delivery.needs_person => "It is not there, retry",
                    Act::Retry => "Retry now",
                    Act::MarkPublished => "It is there, mark as published",
                    Act::Cancel => "Cancel delivery",
                    Act::WriteComment => "Write the first comment again",
                };
                let variant = if Some(act) == main && act != Act::Cancel {
                    ButtonVariant::Primary
                } else {
                    ButtonVariant::Secondary
                };
                let busy = Signal::derive(move || acting.busy.get() == Some(id));
                view! { <Button variant loading=busy on_click=move |_| acting.act.run((id, act))>{words}</Button> }
            })
            .collect_view()
    });
    let reconnect = matches!(
        delivery.error_class,
        Some(ErrorClass::AuthExpired | ErrorClass::AuthRevoked | ErrorClass::Permission)
    )
    .then(|| {
        let href = format!("/accounts/{}", delivery.social_account_id);
        view! { <Button href>"Open the account"</Button> }
    });
    let edit =
        matches!(delivery.error_class, Some(ErrorClass::Validation | ErrorClass::MediaInvalid | ErrorClass::Duplicate))
            .then(|| {
                // A post that cannot be edited any more is offered there as a new one, for this account.
                let href = format!("/compose?post={}&account={}", delivery.content_id, delivery.social_account_id);
                view! { <Button href icon=Glyph::PenLine>"Edit and send again"</Button> }
            });
    view! {
        <p class="text-base font-semibold">{title}</p>
        {reason.map(|reason| view! { <p class="mt-1 text-muted wrap-anywhere">{reason}</p> })}
        {advice
            .map(|advice| {
                view! {
                    <p class="mt-3 flex gap-2 text-sm">
                        {icon(Glyph::StInfo, "mt-0.5 size-4 text-accent-strong")}
                        <span>{advice}</span>
                    </p>
                }
            })}
        <div class="mt-4 flex flex-wrap gap-2 empty:hidden">{buttons} {reconnect} {edit}</div>
    }
    .into_any()
}

fn facts(delivery: &Delivery) -> AnyView {
    let id = delivery.id.to_string();
    let post_id = delivery.external_post_id.clone();
    let copied = id.clone();
    let (created_at, next_at, class) = (delivery.created_at, delivery.next_attempt_at, delivery.error_class);
    let attempts = format!("{} of {}", delivery.attempts, delivery.max_attempts);
    view! {
        <DescriptionList>
            <Detail label="Delivery" mono=true>
                <span class="flex items-center gap-1">
                    <span class="truncate">{id}</span>
                    <CopyButton text=copied label="Copy delivery id" size=ButtonSize::Small/>
                </span>
            </Detail>
            {post_id
                .map(|id| {
                    let copied = id.clone();
                    view! {
                        <Detail label="Platform id" mono=true>
                            <span class="flex items-center gap-1">
                                <span class="truncate">{id}</span>
                                <CopyButton text=copied label="Copy the platform's post id" size=ButtonSize::Small/>
                            </span>
                        </Detail>
                    }
                })}
            <Detail label="Attempts">{attempts}</Detail>
            {class.map(|class| view! { <Detail label="Class" mono=true>{class.as_str()}</Detail> })}
            <Detail label="Created"><RelativeTime at=created_at/></Detail>
            {next_at.map(|at| view! { <Detail label="Next"><RelativeTime at/></Detail> })}
        </DescriptionList>
    }
    .into_any()
}

/// Every try, oldest first.
fn trace(attempts: Vec<DeliveryAttempt>, place: String) -> AnyView {
    if attempts.is_empty() {
        return view! { <p class="text-sm text-muted">"Nothing has been tried yet."</p> }.into_any();
    }
    let rows = attempts
        .into_iter()
        .map(|attempt| {
            let answer = match (attempt.http_status, attempt.platform_code) {
                (Some(status), Some(code)) => format!("{status} {code}"),
                (Some(status), None) => status.to_string(),
                (None, Some(code)) => code,
                (None, None) => "none".to_owned(),
            };
            let bad = attempt.http_status.is_some_and(|status| status >= 400);
            let raw = (!attempt.trace.is_null()).then(|| serde_json::to_string_pretty(&attempt.trace).unwrap_or_default());
            let outcome = if attempt.outcome == "success" { "Accepted".to_owned() } else { attempt.outcome.replace('_', " ") };
            view! {
                <Tr>
                    <Td numeric=false>{attempt.number}</Td>
                    <Td class="whitespace-nowrap"><RelativeTime at=attempt.started_at/></Td>
                    <Td class="font-mono text-xs">{attempt.stage.as_str()}</Td>
                    <Td class=if bad { "font-mono text-xs text-danger" } else { "font-mono text-xs" }>{answer}</Td>
                    <Td numeric=true class="whitespace-nowrap">{duration(attempt.duration_ms.into())}</Td>
                    <Td class="py-2 text-sm">
                        <p>{outcome}</p>
                        {attempt.message.map(|message| view! { <p class="text-muted wrap-anywhere">{message}</p> })}
                        {raw
                            .map(|raw| {
                                view! {
                                    <details class="mt-1">
                                        <summary class="cursor-pointer text-sm text-accent-strong touch:min-h-11">
                                            "Requests and answers"
                                        </summary>
                                        <pre
                                            tabindex="0"
                                            class="mt-1 max-h-80 overflow-auto rounded-md bg-sunken p-3 font-mono text-xs whitespace-pre-wrap wrap-anywhere"
                                        >
                                            {raw}
                                        </pre>
                                    </details>
                                }
                            })}
                    </Td>
                </Tr>
            }
        })
        .collect_view();
    view! {
        <Table label=format!("Attempts at {place}") min_width="min-w-[46rem]" bare=true>
            <Thead>
                <Th label="Attempt"/>
                <Th label="Time"/>
                <Th label="Step"/>
                <Th label="Answer"/>
                <Th label="Took" numeric=true/>
                <Th label="Outcome"/>
            </Thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}
