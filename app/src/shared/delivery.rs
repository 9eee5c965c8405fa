//! One post on its way to one account, as a row: where, how it goes, and what can be done.

use super::{
    account::{authorize_href, use_leaving},
    words::{delivery_badge, delivery_line, mark},
};
use crate::{
    session::use_session,
    ui::{
        Button, ButtonSize, ButtonVariant, Glyph, MarkSize, PlatformMark, RelativeTime, StatusBadge, TimeStyle, cx,
        icon, use_clock,
    },
};
use chrono::TimeDelta;
use domain::{
    DeliveryId,
    deliveries::{CommentStatus, Delivery, DeliveryStatus, ErrorClass, Stage},
    workspaces::Role,
};
use leptos::prelude::*;

/// What a person can do with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Start it over. Where the outcome is unknown: the person's word that it is not there.
    Retry,
    /// Stop it before it is sent.
    Cancel,
    /// Ask no more about what lies with its creator.
    StopWaiting,
    /// The person has looked, and it is there.
    MarkPublished,
    /// Write the first comment once more. Where nobody can tell: the person's word that it is not there.
    WriteComment,
}

impl Act {
    /// What makes sense for a delivery as it stands.
    pub fn of(delivery: &Delivery) -> &'static [Self] {
        match delivery.status {
            DeliveryStatus::Failed if delivery.needs_person => &[Self::MarkPublished, Self::Retry],
            DeliveryStatus::Failed => &[Self::Retry],
            DeliveryStatus::Retried if delivery.stage == Stage::WithCreator => &[Self::StopWaiting],
            // It may be out already: nothing to stop before the platform has said so.
            DeliveryStatus::Retried if delivery.stage.is_sent() => &[],
            DeliveryStatus::Pending | DeliveryStatus::Retried => &[Self::Cancel],
            DeliveryStatus::Success if comment_trouble(delivery).is_some() => &[Self::WriteComment],
            DeliveryStatus::Publishing | DeliveryStatus::Success | DeliveryStatus::Canceled => &[],
        }
    }

    /// On the button. Sending again what may be public says what it takes for granted.
    pub const fn words(self, needs_person: bool) -> &'static str {
        match self {
            Self::Retry if needs_person => "It is not there, retry",
            Self::Retry => "Retry",
            Self::Cancel => "Cancel",
            Self::StopWaiting => "Stop waiting",
            Self::MarkPublished => "It is there, mark as published",
            Self::WriteComment => "Write comment again",
        }
    }

    /// For a toast: "LinkedIn was not retried".
    pub const fn failure(self) -> &'static str {
        match self {
            Self::Retry => "was not retried",
            Self::Cancel => "was not canceled",
            Self::StopWaiting => "is still waited for",
            Self::MarkPublished => "was not marked as published",
            Self::WriteComment => "did not get its comment",
        }
    }
}

/// What became of a first comment that is not there.
fn comment_trouble(delivery: &Delivery) -> Option<&str> {
    let comment = delivery.first_comment.as_ref()?;
    matches!(comment.status, CommentStatus::Failed | CommentStatus::Unclear)
        .then(|| comment.error.as_deref().unwrap_or("The first comment was not written."))
}

/// How the first comment stands, in a line.
fn comment_line(delivery: &Delivery) -> Option<String> {
    let comment = delivery.first_comment.as_ref()?;
    Some(match (comment.status, comment_trouble(delivery)) {
        (CommentStatus::Failed, Some(why)) => format!("The first comment was not written: {why}"),
        (_, Some(why)) => format!("Nobody knows whether the first comment is there. {why}"),
        (CommentStatus::Written, _) => "First comment written".to_owned(),
        (_, None) => match &comment.error {
            Some(why) => format!("The first comment is tried again: {why}"),
            None => "The first comment is being written".to_owned(),
        },
    })
}

/// Whether it failed for want of access, which connecting the account again brings back.
pub fn wants_reconnecting(delivery: &Delivery) -> bool {
    delivery.status == DeliveryStatus::Failed
        && matches!(
            delivery.error_class,
            Some(ErrorClass::AuthExpired | ErrorClass::AuthRevoked | ErrorClass::Permission | ErrorClass::Policy)
        )
}

/// The way to the platform's consent page, and back to the post.
fn reconnect(first: &Delivery) -> impl Fn() -> AnyView + Send + use<> {
    let leaving = use_leaving();
    let platform = first.platform;
    let href = authorize_href(platform, Some(first.social_account_id), &format!("/posts/{}", first.content_id));
    let label = format!("Reconnect {} to {}", first.account_name, platform.label());
    move || {
        view! {
            <Button
                size=ButtonSize::Small
                href=href.clone()
                label=label.clone()
                attr:rel="external"
                on:click=move |_| leaving(platform)
            >
                "Reconnect"
            </Button>
        }
        .into_any()
    }
}

/// What a row needs from its page.
#[derive(Clone, Copy)]
pub struct Acting {
    /// Whether the person may act at all.
    pub allowed: bool,
    pub act: Callback<(DeliveryId, Act)>,
    /// The one whose answer is on its way.
    pub busy: RwSignal<Option<DeliveryId>>,
}

/// The buttons of a delivery, small, for the end of a row.
#[component]
pub fn DeliveryActions(#[prop(into)] delivery: Signal<Delivery>, acting: Acting) -> impl IntoView {
    let shown = Memo::new(move |_| {
        let delivery = delivery.read();
        (Act::of(&delivery), delivery.needs_person, delivery.id, delivery.account_name.clone(), delivery.platform)
    });
    move || {
        if !acting.allowed {
            return ().into_any();
        }
        let (acts, needs_person, id, account, platform) = shown.get();
        acts.iter()
            .map(|act| {
                let act = *act;
                let busy = Signal::derive(move || acting.busy.get() == Some(id));
                let words = act.words(needs_person);
                let label = format!("{words} {account} on {}", platform.label());
                view! {
                    <Button
                        size=ButtonSize::Small
                        label
                        loading=busy
                        on_click=move |_| acting.act.run((id, act))
                    >
                        {words}
                    </Button>
                }
            })
            .collect_view()
            .into_any()
    }
}

/// A row of a post's deliveries: the account, what is happening in a line, the way to the published post.
#[component]
pub fn DeliveryRow(
    #[prop(into)] delivery: Signal<Delivery>,
    #[prop(optional)] acting: Option<Acting>,
    /// Leads with the post instead of the account: on an account's page.
    #[prop(optional)]
    by_post: bool,
) -> impl IntoView {
    let status = Memo::new(move |_| delivery.read().status);
    let badge = Memo::new(move |_| delivery_badge(&delivery.read()));
    let line = Memo::new(move |_| delivery_line(&delivery.read()));
    let advice = Memo::new(move |_| {
        let delivery = delivery.read();
        (delivery.status == DeliveryStatus::Failed).then(|| delivery.advice.clone()).flatten()
    });
    let comment = Memo::new(move |_| {
        let delivery = delivery.read();
        comment_line(&delivery).map(|line| (line, comment_trouble(&delivery).is_some()))
    });
    let url = Memo::new(move |_| delivery.read().external_url.clone());
    // Where something can be done with the row at all.
    let reconnectable = acting.is_some() && use_session().may(Role::Member);
    let lost = Memo::new(move |_| reconnectable && wants_reconnecting(&delivery.read()));
    let clock = use_clock();
    // Nothing to say about what leaves in a moment.
    let when = Memo::new(move |_| {
        let delivery = delivery.read();
        let soon = delivery.status == DeliveryStatus::Pending
            && delivery.next_attempt_at.is_none_or(|at| at < clock.now().get() + TimeDelta::seconds(60));
        // When a platform is asked next says nothing to anybody.
        let next = delivery.next_attempt_at.filter(|_| !delivery.stage.is_watched());
        (!soon).then(|| next.or(delivery.published_at).unwrap_or(delivery.updated_at))
    });
    let first = delivery.get_untracked();
    let platform = first.platform;
    let reconnect = reconnect(&first);
    let (account, place) = (first.account_name.clone(), format!("{} on {}", first.account_name, platform.label()));
    let head = if by_post {
        let href = format!("/posts/{}", first.content_id);
        view! {
            <a
                href=href
                title=first.content_excerpt.clone()
                class="min-w-0 truncate font-medium hover:underline touch:after:absolute touch:after:inset-0"
            >
                {first.content_excerpt.clone()}
            </a>
        }
        .into_any()
    } else {
        view! {
            <span class="font-medium">{platform.label()}</span>
            <span class="truncate text-sm text-muted" title=account.clone()>{account.clone()}</span>
        }
        .into_any()
    };
    view! {
        <li
            data-delivery=first.id.to_string()
            data-status=move || status.get().as_str()
            class="relative flex flex-wrap items-center gap-x-3 gap-y-2 px-3.5 py-3"
        >
            <PlatformMark mark=mark(platform) size=MarkSize::Medium/>
            <div class="min-w-0 flex-1 basis-48">
                <p class="flex min-w-0 flex-wrap items-center gap-x-2">{head}</p>
                <p class="text-sm text-muted wrap-anywhere">
                    {line}
                    {move || {
                        when.get()
                            .map(|at| view! { <span aria-hidden="true">" · "</span> <RelativeTime at style=TimeStyle::Long/> })
                    }}
                </p>
                {move || advice.get().map(|advice| view! { <p class="text-sm wrap-anywhere">{advice}</p> })}
                {move || {
                    comment
                        .get()
                        .map(|(line, trouble)| {
                            let colour = if trouble { "text-danger" } else { "text-muted" };
                            view! {
                                <p data-ui="first-comment" class=cx(&["flex gap-1.5 text-sm wrap-anywhere", colour])>
                                    {icon(Glyph::MessageCircle, "mt-[3px] size-3.5")}
                                    <span class="min-w-0">{line}</span>
                                </p>
                            }
                        })
                }}
            </div>
            <div class="relative z-10 flex flex-wrap items-center gap-3 max-sm:w-full max-sm:justify-between max-sm:pl-12">
                {move || lost.get().then(&reconnect)}
                {acting.map(|acting| view! { <DeliveryActions delivery acting/> })}
                {move || {
                    url.get()
                        .map(|href| {
                            view! {
                                <Button
                                    variant=ButtonVariant::Link
                                    size=ButtonSize::Small
                                    icon_after=Glyph::ArrowUpRight
                                    new_tab=true
                                    href
                                    label=format!("View the post of {place}, opens in a new tab")
                                >
                                    "View"
                                </Button>
                            }
                        })
                }}
                <span class="max-sm:order-first sm:min-w-24">
                    {move || view! { <StatusBadge status=badge.get() plain=true/> }}
                </span>
            </div>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Status;
    use domain::{AccountId, Platform, PostId, deliveries::Outcome};

    fn delivery(status: DeliveryStatus) -> Delivery {
        let nil = uuid::Uuid::nil();
        Delivery {
            id: DeliveryId(nil),
            content_id: PostId(nil),
            version: 1,
            content_excerpt: "The Winter Roast is back".into(),
            social_account_id: AccountId(nil),
            account_name: "Northwind".into(),
            platform: Platform::Linkedin,
            status,
            stage: Stage::Staging,
            outcome: None,
            attempts: 1,
            max_attempts: 5,
            last_error: Some("LinkedIn answered 503".into()),
            error_class: None,
            advice: None,
            needs_person: false,
            external_post_id: None,
            external_url: None,
            first_comment: None,
            next_attempt_at: None,
            published_at: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
            updated_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_is_public_or_under_way_cannot_be_stopped() {
        assert_eq!(Act::of(&delivery(DeliveryStatus::Pending)), [Act::Cancel]);
        assert_eq!(Act::of(&delivery(DeliveryStatus::Retried)), [Act::Cancel]);
        assert!(Act::of(&delivery(DeliveryStatus::Publishing)).is_empty());
        assert!(Act::of(&delivery(DeliveryStatus::Success)).is_empty());
        assert_eq!(Act::of(&delivery(DeliveryStatus::Failed)), [Act::Retry]);
    }

    #[test]
    fn an_unknown_outcome_asks_a_person_first() {
        let unknown = Delivery { needs_person: true, ..delivery(DeliveryStatus::Failed) };
        assert_eq!(Act::of(&unknown), [Act::MarkPublished, Act::Retry]);
        let words: Vec<_> = Act::of(&unknown).iter().map(|act| act.words(unknown.needs_person)).collect();
        assert_eq!(words, ["It is there, mark as published", "It is not there, retry"]);
        assert_eq!(Act::Retry.words(false), "Retry");
        let asking = Delivery { stage: Stage::OutcomeUnknown, ..delivery(DeliveryStatus::Retried) };
        assert!(Act::of(&asking).is_empty());
        assert_eq!(delivery_line(&asking), "LinkedIn answered 503.");
    }

    #[test]
    fn lost_access_is_connected_again() {
        let failed = |class| Delivery { error_class: Some(class), ..delivery(DeliveryStatus::Failed) };
        assert!(wants_reconnecting(&failed(ErrorClass::AuthRevoked)));
        assert!(wants_reconnecting(&failed(ErrorClass::Permission)));
        assert!(!wants_reconnecting(&failed(ErrorClass::Operator)));
        let retried = Delivery { status: DeliveryStatus::Retried, ..failed(ErrorClass::AuthExpired) };
        assert!(!wants_reconnecting(&retried));
    }

    #[test]
    fn a_comment_has_a_fate_of_its_own() {
        let with = |status, error: Option<&str>| Delivery {
            first_comment: Some(domain::deliveries::FirstComment {
                text: "Hi".into(),
                status,
                error: error.map(str::to_owned),
                external_id: None,
            }),
            ..delivery(DeliveryStatus::Success)
        };
        let refused = with(CommentStatus::Failed, Some("LinkedIn refused it."));
        assert_eq!(Act::of(&refused), [Act::WriteComment]);
        assert_eq!(comment_line(&refused).as_deref(), Some("The first comment was not written: LinkedIn refused it."));
        let again = with(CommentStatus::Pending, Some("LinkedIn answered 429."));
        assert!(Act::of(&again).is_empty());
        assert_eq!(comment_line(&again).as_deref(), Some("The first comment is tried again: LinkedIn answered 429."));
        assert_eq!(comment_line(&with(CommentStatus::Written, None)).as_deref(), Some("First comment written"));
        assert_eq!(comment_line(&delivery(DeliveryStatus::Success)), None);
    }

    #[test]
    fn what_lies_with_its_creator_is_not_shown_as_published() {
        let waiting = Delivery {
            stage: Stage::WithCreator,
            outcome: Some(Outcome::WaitingForCreator),
            last_error: None,
            platform: Platform::Tiktok,
            ..delivery(DeliveryStatus::Retried)
        };
        assert_eq!(Act::of(&waiting), [Act::StopWaiting]);
        assert_eq!(delivery_badge(&waiting), Status::WaitingForCreator);
        assert_eq!(delivery_line(&waiting), "Lies in the inbox of Northwind on TikTok, to be finished there");
        let asked = Delivery { status: DeliveryStatus::Publishing, ..waiting.clone() };
        assert_eq!((delivery_badge(&asked), Act::of(&asked)), (Status::WaitingForCreator, &[][..]));
        let given_up = Delivery { status: DeliveryStatus::Canceled, outcome: None, ..waiting };
        assert!(delivery_line(&given_up).contains("stays in the inbox"), "{}", delivery_line(&given_up));
    }

    #[test]
    fn what_a_platform_works_on_can_only_be_watched() {
        let processing = Delivery {
            stage: Stage::Processing,
            outcome: Some(Outcome::Processing),
            ..delivery(DeliveryStatus::Retried)
        };
        assert!(Act::of(&processing).is_empty());
        assert_eq!(delivery_badge(&processing), Status::Processing);
        assert!(delivery_line(&processing).contains("not public yet"));
    }

    #[test]
    fn what_may_be_out_says_so_whatever_the_last_try_came_to() {
        let refused = |class, needs_person| {
            let failed = delivery(DeliveryStatus::Failed);
            delivery_line(&Delivery {
                error_class: Some(class),
                needs_person,
                last_error: Some("LinkedIn refused it.".into()),
                ..failed
            })
        };
        assert_eq!(refused(ErrorClass::Validation, false), "LinkedIn refused it.");
        assert_eq!(refused(ErrorClass::Validation, true), "LinkedIn refused it. It may be out all the same.");
        assert_eq!(refused(ErrorClass::OutcomeUnknown, true), "LinkedIn refused it.", "says so itself");
    }

    #[test]
    fn a_waiting_retry_says_why_and_which_comes_next() {
        let line = delivery_line(&delivery(DeliveryStatus::Retried));
        assert_eq!(line, "LinkedIn answered 503. Next is attempt 2 of 5.");
    }
}
