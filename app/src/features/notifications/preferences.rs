//! `/settings/notifications`: which letters somebody gets about the workspace they are in. A plain form, as on the other pages of the
//! settings.

use domain::notifications::NotificationPreference;
use leptos::prelude::*;

use super::server_fns::view_preferences;
use crate::{
    layouts::{PageFrame, load},
    session::use_session,
    shared::settings::{belongs_here, notes, refused_on},
    ui::{Banner, Button, ButtonVariant, Card, Checkbox, Section, SkeletonRows, Tone},
};

/// Where the page is, and where its form goes.
const PAGE: &str = "/settings/notifications";

/// The page.
#[component]
pub fn NotificationsPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| view_preferences());
    view! {
        <PageFrame title="Notifications" lead="Which letters you get about what happens here." narrow=true>
            <div class="grid max-w-2xl grid-cols-1 gap-8">
                {load(data, "your choices", || view! { <SkeletonRows label="Loading your choices" count=5/> }, full)}
            </div>
        </PageFrame>
    }
    .into_any()
}

fn full(preferences: Vec<NotificationPreference>) -> AnyView {
    let outcome = refused_on(PAGE);
    let me = use_session().me();
    let unconfirmed = me.as_ref().is_some_and(|me| !me.user.email_confirmed).then(|| {
        view! {
            <Banner
                tone=Tone::Warning
                title="No letters come yet."
                text="They go to confirmed addresses only. Confirm yours first."
                action=|| view! { <Button href="/confirm">"Confirm"</Button> }
            />
        }
    });
    let where_to = me.map(|me| {
        view! {
            <p class="text-sm text-muted">
                "They go to " <span class="break-words text-text">{me.user.email}</span> ", about "
                <span class="break-words text-text">{me.workspace.name}</span>
                ". In each of your workspaces you choose anew. Letters about your account and its security always come."
            </p>
        }
    });
    let choices = preferences
        .into_iter()
        .map(|NotificationPreference { event, email }| {
            view! {
                <input type="hidden" name="shown" value=event.as_str()/>
                <Checkbox
                    id=format!("email-{}", event.as_str().replace('_', "-"))
                    name="email"
                    value=event.as_str()
                    label=event.label()
                    hint=event.words()
                    initial=email
                />
            }
        })
        .collect_view();
    view! {
        {notes(&outcome)}
        {unconfirmed}
        <Section id="letters-heading" title="Letters">
            <Card class="p-4 sm:p-5">
                <form method="post" action=PAGE class="grid gap-5">
                    {belongs_here()}
                    {where_to}
                    <fieldset class="grid gap-4">
                        <legend class="sr-only">"Write to me when"</legend>
                        {choices}
                    </fieldset>
                    <div>
                        <Button submit=true variant=ButtonVariant::Primary>"Save choices"</Button>
                    </div>
                </form>
            </Card>
        </Section>
    }
    .into_any()
}
