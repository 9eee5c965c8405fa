//! One delivery laid open: what happened in plain words, what to do, and every try with what the platform answered.

use super::trace::trace;
use crate::{
    AppError,
    features::deliveries::server_fns::delivery_attempts,
    shared::delivery::{Act, Acting},
    ui::{
        Button, ButtonSize, ButtonVariant, CopyButton, DescriptionList, Detail, ErrorState, Glyph, RelativeTime,
        SkeletonRows, icon,
    },
};
use domain::deliveries::{Delivery, DeliveryAttempt, DeliveryStatus, ErrorClass, Outcome};
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
        _ if delivery.outcome == Some(Outcome::Processing) => format!("{platform} is working on this post"),
        _ if delivery.outcome == Some(Outcome::WaitingForCreator) => {
            format!("{} finishes this post on {platform}", delivery.account_name)
        }
        DeliveryStatus::Failed if delivery.error_class == Some(ErrorClass::Missed) => {
            "Its time has passed, and it is held".to_owned()
        }
        DeliveryStatus::Failed if delivery.needs_person => format!("Nobody can say whether {platform} took this post"),
        DeliveryStatus::Failed => format!("{platform} could not take this post"),
        DeliveryStatus::Retried => format!("{platform} could not take this post yet"),
        DeliveryStatus::Success => format!("Published on {platform}"),
        DeliveryStatus::Publishing => format!("Publishing on {platform}"),
        DeliveryStatus::Pending => format!("Waits for {platform}"),
        DeliveryStatus::Canceled => "Canceled before it was sent".to_owned(),
    };
    let reason = match delivery.outcome {
        Some(Outcome::Processing) => Some(format!(
            "{platform} has taken it. Once it is public, or refused after all, that shows here by itself."
        )),
        Some(Outcome::WaitingForCreator) => Some(format!(
            "It lies in their inbox there and is not public yet: they open the app, add what {platform} asks for, and \
             publish it. That shows here by itself."
        )),
        Some(Outcome::Published) => None,
        _ => delivery.last_error.clone(),
    };
    let advice = delivery.advice.clone().filter(|_| !delivery.stage.is_watched());
    let id = delivery.id;
    let main = Act::of(delivery).first().copied();
    let buttons = acting.allowed.then(|| {
        Act::of(delivery)
            .iter()
            .map(|act| {
                let act = *act;
                let words = match act {
                    Act::Retry | Act::MarkPublished if delivery.needs_person => act.words(true),
                    Act::Retry if delivery.error_class == Some(ErrorClass::Missed) => "Send it now",
                    Act::Retry => "Retry now",
                    Act::Cancel => "Cancel delivery",
                    Act::WriteComment => "Write the first comment again",
                    Act::MarkPublished | Act::StopWaiting => act.words(false),
                };
                let variant = if Some(act) == main && !matches!(act, Act::Cancel | Act::StopWaiting) {
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
        Some(ErrorClass::AuthExpired | ErrorClass::AuthRevoked | ErrorClass::Permission | ErrorClass::Policy)
    )
    .then(|| {
        let href = format!("/accounts/{}", delivery.social_account_id);
        view! { <Button href>"Open the account"</Button> }
    });
    // What may be public already is not offered as a new post.
    let edit = (!delivery.needs_person
        && matches!(
            delivery.error_class,
            Some(ErrorClass::Validation | ErrorClass::MediaInvalid | ErrorClass::Duplicate | ErrorClass::Missed)
        ))
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
    let next_label = if delivery.stage.is_watched() { "Asked again" } else { "Next" };
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
            {next_at.map(|at| view! { <Detail label=next_label><RelativeTime at/></Detail> })}
        </DescriptionList>
    }
    .into_any()
}
