//! `/unsubscribe`: where the link at the end of a letter leads. Nobody has to sign in for it.
//!
//! Opening it changes nothing, because mail scanners open every link; its button does, which is a plain form and needs no script.

use domain::notifications::{Subscription, UNSUBSCRIBE_PAGE};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::server_fns::view_subscription;
use crate::{
    layouts::{PublicFrame, load},
    session::use_session,
    ui::{Banner, Button, ButtonSize, ButtonVariant, Card, PageTitle, SkeletonRows, Tone},
};

/// The page.
#[component]
pub fn UnsubscribePage() -> impl IntoView {
    let token = use_query_map().with_untracked(|query| query.get("token"));
    let token = token.or_else(|| use_session().token_sent(UNSUBSCRIBE_PAGE)).unwrap_or_default();
    let asked = token.clone();
    let data = Resource::new(|| (), move |()| view_subscription(asked.clone()));
    view! {
        <PageTitle text="Letters"/>
        <PublicFrame>
            <div class="mx-auto w-full max-w-xl px-4 py-10 sm:py-16">
                <h1 class="text-xl font-semibold">"Letters from Arctiv"</h1>
                <div class="mt-6">
                    {load(
                        data,
                        "this link",
                        || view! { <SkeletonRows label="Looking at the link" count=2/> },
                        move |subscription| match subscription {
                            None => unknown(),
                            Some(found) if found.subscribed => asks(found, token.clone()),
                            Some(found) => done(found),
                        },
                    )}
                </div>
            </div>
        </PublicFrame>
    }
    .into_any()
}

fn choices() -> AnyView {
    view! { <Button size=ButtonSize::Large href="/settings/notifications">"Choose your letters"</Button> }.into_any()
}

fn unknown() -> AnyView {
    #[cfg(feature = "ssr")]
    crate::services::set_page_status(404);
    view! {
        <Card class="grid gap-5 p-5">
            <Banner
                tone=Tone::Danger
                title="This link is not one of ours, or it is incomplete."
                text="Nothing was changed. Open the link at the end of a letter once more, or sign in and choose your letters."
            />
            <div>{choices()}</div>
        </Card>
    }
    .into_any()
}

fn asks(found: Subscription, token: String) -> AnyView {
    view! {
        <Card class="grid gap-5 p-5">
            <p>
                "Do you want no more letters of this kind about "
                <strong class="font-medium break-words">{found.workspace}</strong> "?"
            </p>
            <div class="rounded-lg border border-border bg-sunken px-4 py-3">
                <p class="font-medium">{found.event.label()}</p>
                <p class="mt-1 text-sm text-muted">{found.event.words()}</p>
            </div>
            <form method="post" action=UNSUBSCRIBE_PAGE class="flex flex-wrap gap-3">
                <input type="hidden" name="token" value=token/>
                <Button submit=true variant=ButtonVariant::Primary size=ButtonSize::Large>"Stop these letters"</Button>
                {choices()}
            </form>
            <p class="text-sm text-muted">"Other letters keep coming. You can have these again at any time."</p>
        </Card>
    }
    .into_any()
}

fn done(found: Subscription) -> AnyView {
    view! {
        <Card class="grid gap-5 p-5">
            <div role="status">
                <Banner
                    tone=Tone::Success
                    title="You get no more of these letters."
                    text=format!("“{}”, about {}. Other letters keep coming.", found.event.label(), found.workspace)
                />
            </div>
            <div>{choices()}</div>
        </Card>
    }
    .into_any()
}
