//! `/settings/data`: taking one's data along, and deleting one's account.
//!
//! Plain forms, as on the other pages of the settings; deleting asks for the password and says beforehand what goes.

use domain::identity::{DataExport, Departure, Leaving};
use leptos::prelude::*;

use super::server_fns::{OwnDataView, view_own_data};
use crate::{
    layouts::{PageFrame, going, load},
    session::FormOutcome,
    shared::{
        settings::{error_of, notes, refused_on},
        words::size,
    },
    ui::{
        Badge, Banner, Button, ButtonVariant, Card, EmptyState, Field, Glyph, PasswordInput, RelativeTime, Section,
        SkeletonRows, Tone,
    },
};

/// Where the page is, and where its forms go.
const PAGE: &str = "/settings/data";

/// The page.
#[component]
pub fn OwnDataPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| view_own_data());
    view! {
        <PageFrame title="Your data" lead="What Arctiv keeps of you: take it along, or delete it." narrow=true>
            <div class="grid max-w-2xl grid-cols-1 gap-8">
                {load(data, "your data", || view! { <SkeletonRows label="Loading your data" count=3/> }, full)}
            </div>
        </PageFrame>
    }
    .into_any()
}

fn full(view: OwnDataView) -> AnyView {
    let outcome = refused_on(PAGE);
    view! {
        {notes(&outcome)}
        {take_along(view.exports)}
        {delete(&view.leaving, &outcome)}
    }
    .into_any()
}

fn take_along(exports: Vec<DataExport>) -> AnyView {
    let waiting = exports.iter().any(|export| export.ready_at.is_none());
    let list = if exports.is_empty() {
        view! {
            <EmptyState
                title="Nothing is put together yet"
                text="Ask for it, and a letter tells you when it is ready: your account, profile, sessions, what you wrote and did, in one file that programs can read."
            />
        }
        .into_any()
    } else {
        view! {
            <ul aria-label="Files with your data" class="divide-y divide-border rounded-lg border border-border bg-surface">
                {exports.into_iter().map(export_row).collect_view()}
            </ul>
        }
        .into_any()
    };
    view! {
        <Section id="export-heading" title="Take your data along">
            <div class="grid gap-4">
                {list}
                {waiting
                    .then(|| {
                        view! {
                            <Banner
                                tone=Tone::Info
                                title="Your data is being put together."
                                text="We write to you when it is ready. You can leave this page."
                            />
                        }
                    })}
                <form method="post" action=PAGE>
                    <input type="hidden" name="export" value="true"/>
                    <Button submit=true icon=Glyph::Download disabled=waiting>"Put my data together"</Button>
                </form>
            </div>
        </Section>
    }
    .into_any()
}

fn export_row(export: DataExport) -> AnyView {
    let DataExport { created_at, expires_at, bytes, url, .. } = export;
    let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok()).map(size);
    let way = match url {
        Some(href) => {
            view! { <Button href icon=Glyph::Download attr:download="arctiv-my-data.json">"Download"</Button> }
                .into_any()
        }
        None => view! { <Badge tone=Tone::Info with_glyph=true>"Under way"</Badge> }.into_any(),
    };
    view! {
        <li class="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
            <div class="min-w-0 flex-1 basis-48">
                <p class="font-medium">"Asked for " <RelativeTime at=created_at/></p>
                <p class="text-sm text-muted">
                    {bytes.map(|bytes| format!("{bytes}, "))} "kept until " <RelativeTime at=expires_at/>
                </p>
            </div>
            {way}
        </li>
    }
    .into_any()
}

fn delete(leaving: &[Leaving], outcome: &FormOutcome) -> AnyView {
    let blocked = leaving.iter().any(|one| one.outcome == Departure::Blocks);
    let rows = leaving
        .iter()
        .map(|one| {
            let tone = match one.outcome {
                Departure::Left => Tone::Neutral,
                Departure::Closed => Tone::Warning,
                Departure::Blocks => Tone::Danger,
            };
            let word = match one.outcome {
                Departure::Left => "You leave",
                Departure::Closed => "Closed",
                Departure::Blocks => "In the way",
            };
            view! {
                <li class="grid gap-1 px-4 py-3">
                    <div class="flex flex-wrap items-center gap-2">
                        <span class="min-w-0 truncate font-medium">{one.name.clone()}</span>
                        <Badge tone with_glyph=true>{word}</Badge>
                    </div>
                    <p class="text-sm text-muted">{one.outcome.words()}</p>
                </li>
            }
        })
        .collect_view();
    let form = if blocked {
        view! {
            <Banner
                tone=Tone::Warning
                title="Your account cannot be deleted yet."
                text="Somebody else would be left without an admin. Go to that workspace, and change its team first."
                action=|| view! { <Button href="/workspaces">"Your workspaces"</Button> }
            />
        }
        .into_any()
    } else {
        view! {
            <form method="post" action=PAGE class="grid gap-4" novalidate on:submit=move |_| going()>
                <Field
                    id="current-password"
                    label="Your password"
                    hint="So that nobody does this at a screen you left open. It cannot be undone."
                    error=error_of(outcome, "current_password")
                >
                    <PasswordInput name="current_password"/>
                </Field>
                <div>
                    <Button submit=true variant=ButtonVariant::Danger>"Delete my account for good"</Button>
                </div>
            </form>
        }
        .into_any()
    };
    view! {
        <Section id="delete-heading" title="Delete your account">
            <Card class="grid gap-4 p-4 sm:p-5">
                <div class="grid gap-2 text-muted">
                    <p>
                        "At once and for good goes what is yours alone: your name and address, your profile and picture, your sessions everywhere, what you could sign in with."
                    </p>
                    <p>
                        "What you wrote in workspaces with other people stays there without your name. Their audit logs keep what was done, under a number that leads to nobody, for as long as they keep anything. What is public at a network stays there."
                    </p>
                </div>
                <ul aria-label="What becomes of your workspaces" class="divide-y divide-border rounded-lg border border-border">{rows}</ul>
                {form}
            </Card>
        </Section>
    }
    .into_any()
}
