//! Confirming one's email address: the banner until it is done, and asking for the letter again.

use chrono::{DateTime, Utc};
use domain::identity::{CONFIRM_BANNER, CONFIRM_SENT, Resends, TOO_MANY_RESENDS};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::hooks::use_location;

use super::super::server_fns::resend_confirmation;
use crate::{
    layouts::use_refusal,
    session::use_session,
    ui::{Banner, Button, ButtonSize, ButtonVariant, Countdown, Tone, use_clock},
};

/// Where the letter is asked for again, without a script too. The page of the link itself: where it is refused, the answer is
/// that page once more, and the browser has to find it under its own address.
const PAGE: &str = "/confirm";
/// The field that says so.
fn asks_again() -> impl IntoView {
    view! { <input type="hidden" name="resend" value="true"/> }
}

/// Above every page until the address is confirmed. It cannot be dismissed.
#[component]
pub fn ConfirmBanner() -> impl IntoView {
    let session = use_session();
    if session.me().is_none_or(|me| me.user.email_confirmed) {
        return ().into_any();
    }
    let refusal = use_refusal();
    let clock = use_clock();
    let busy = RwSignal::new(false);
    let sent = RwSignal::new(false);
    let resends = RwSignal::new(None::<Resends>);
    let path = use_location().pathname;
    // The composer has its save button at the bottom edge and its own banners at the top; this one stays small there.
    let class =
        move || if path.with(|path| path.starts_with("/compose")) { "px-4 pt-3 lg:px-6" } else { "px-4 pt-4 lg:px-6" };
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match resend_confirmation().await {
                Ok(left) => {
                    let _page_gone = resends.try_set(Some(left));
                    let _page_gone = sent.try_set(true);
                }
                Err(crate::AppError::Refused(fault)) if fault.retry_after.is_some() => {
                    clock.refresh();
                    let wait = i64::from(fault.retry_after.unwrap_or_default());
                    let next_at = clock.now().try_get_untracked().map(|now| now + chrono::TimeDelta::seconds(wait));
                    let _page_gone = resends.try_set(Some(Resends { left: 0, next_at }));
                    let _page_gone = sent.try_set(false);
                }
                Err(error) => refusal("The email was not sent", &error),
            }
            let _page_gone = busy.try_set(false);
        });
    };
    let used_up = move || resends.get().filter(|resends| resends.left == 0).and_then(|resends| resends.next_at);
    let title = move || {
        if sent.get() {
            CONFIRM_SENT
        } else if used_up().is_some() {
            TOO_MANY_RESENDS
        } else {
            CONFIRM_BANNER
        }
    };
    let action = move || {
        let until = used_up();
        view! {
            <form method="post" action=PAGE class="flex items-center gap-3" on:submit=on_submit>
                {asks_again()}
                {until
                    .map(|until| {
                        let seconds = seconds_until(until, clock.now().get_untracked());
                        view! {
                            <span class="text-sm text-muted">
                                "Again in "
                                <Countdown seconds on_end=Callback::new(move |()| resends.set(None))/>
                            </span>
                        }
                    })}
                <Button submit=true size=ButtonSize::Small loading=busy disabled=until.is_some()>"Resend email"</Button>
            </form>
        }
    };
    view! {
        <div class=class>
            {move || {
                let tone = if sent.get() { Tone::Success } else { Tone::Warning };
                view! { <Banner tone title=title() action=action/> }
            }}
        </div>
    }
    .into_any()
}

fn seconds_until(until: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
    u32::try_from((until - now).num_seconds().max(1)).unwrap_or(u32::MAX)
}

/// Asks for the letter again, on the page of a link that does not work any more.
#[component]
pub fn ResendForm(
    /// The link's token; without it the letter goes to who is signed in.
    #[prop(optional, into)]
    token: Option<String>,
    resends: Resends,
) -> impl IntoView {
    let until = RwSignal::new(resends.next_at.filter(|_| resends.left == 0));
    let clock = use_clock();
    view! {
        <form method="post" action=PAGE class="mt-6 grid gap-3">
            {asks_again()}
            {token.map(|token| view! { <input type="hidden" name="token" value=token/> })}
            {move || {
                until
                    .get()
                    .map(|at| {
                        let seconds = seconds_until(at, clock.now().get_untracked());
                        view! {
                            <p class="text-muted">
                                {TOO_MANY_RESENDS} ": "
                                <Countdown seconds on_end=Callback::new(move |()| until.set(None))/>
                            </p>
                        }
                    })
            }}
            <Button
                submit=true
                variant=ButtonVariant::Primary
                size=ButtonSize::Large
                class="w-full"
                disabled=Signal::derive(move || until.read().is_some())
            >
                "Request a new confirmation email"
            </Button>
        </form>
    }
    .into_any()
}
