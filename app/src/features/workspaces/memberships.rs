//! `/workspaces`: the workspaces one belongs to, the way into each, and making a further one.
//!
//! All of it are plain forms that post to the page itself: going to another workspace changes the session, so the browser has
//! to load a new page in any case.

use domain::workspaces::{NewWorkspace, OwnWorkspace, WorkspaceKind, kind_label, role_label, role_words};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::server_fns::own_workspaces;
use crate::{
    layouts::{PageFrame, load},
    session::{FormOutcome, use_session},
    ui::{
        Badge, Banner, Button, ButtonVariant, Card, Choice, Field, Glyph, Input, OrgMark, RadioCards, Section,
        SkeletonRows, Tone,
    },
};

/// Where the page is, and where its forms go.
pub const PAGE: &str = "/workspaces";

/// The page.
#[component]
pub fn WorkspacesPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| own_workspaces());
    let lost = use_query_map().with_untracked(|query| query.get("lost")).is_some();
    let outcome = use_session().refused_form(PAGE).unwrap_or_default();
    // What is wrong with a new workspace is said below; the rest belongs to the list.
    let refused = outcome.message.clone();
    let present = use_session().me().map(|me| me.workspace.name).unwrap_or_default();
    view! {
        <PageFrame title="Workspaces" lead="Each has its own accounts, posts, team and settings." narrow=true>
            <div class="grid max-w-2xl grid-cols-1 gap-8">
                {lost
                    .then(|| {
                        view! {
                            <Banner
                                tone=Tone::Warning
                                title="You no longer have access to the workspace you were in."
                                text=format!("What you wrote there stays there. You are in {present} now.")
                            />
                        }
                    })}
                {refused.map(|title| view! { <Banner tone=Tone::Danger title/> })}
                <Section id="own-heading" title="Your workspaces">
                    {load(
                        data,
                        "your workspaces",
                        || view! { <SkeletonRows label="Loading your workspaces" count=3/> },
                        |all| {
                            view! {
                                <ul aria-label="Your workspaces" class="divide-y divide-border rounded-lg border border-border bg-surface">
                                    {all.into_iter().map(row).collect_view()}
                                </ul>
                            }
                        },
                    )}
                </Section>
                {new_workspace(&outcome)}
            </div>
        </PageFrame>
    }
    .into_any()
}

fn row(workspace: OwnWorkspace) -> AnyView {
    let OwnWorkspace { id, name, kind, role, logo_url, current, .. } = workspace;
    let (mark, whole) = (name.clone(), name.clone());
    let way_in = if current {
        view! { <Badge tone=Tone::Success with_glyph=true>"You are here"</Badge> }.into_any()
    } else {
        view! {
            <form method="post" action=PAGE>
                <input type="hidden" name="to" value=id.to_string()/>
                <Button submit=true label=format!("Go to {name}")>"Go there"</Button>
            </form>
        }
        .into_any()
    };
    view! {
        <li class="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
            <OrgMark name=mark own=current nostrip:src=logo_url/>
            <div class="min-w-0 flex-1 basis-48">
                <p class="truncate font-medium" title=whole>{name}</p>
                <p class="text-sm text-muted">
                    {kind_label(kind)} " · " <span title=role_words(role)>{role_label(role)}</span>
                </p>
            </div>
            {way_in}
        </li>
    }
    .into_any()
}

fn new_workspace(outcome: &FormOutcome) -> AnyView {
    let form = NewWorkspace { name: outcome.value("name"), kind: outcome.value("kind") };
    let error = |name: &str| outcome.fields.get(name).map(str::to_owned);
    let (name_error, kind_error) = (error("name"), error("kind"));
    let choice =
        |kind: WorkspaceKind, hint: &str, icon| Choice::new(kind.as_str(), kind_label(kind)).hint(hint).icon(icon);
    let choices = vec![
        choice(WorkspaceKind::Client, "Owns accounts and says who may use them", Glyph::Building),
        choice(WorkspaceKind::Manager, "Works for clients with the access they give", Glyph::Briefcase),
        choice(WorkspaceKind::Agency, "Looks after many clients with a team", Glyph::Building2),
    ];
    let chosen = if form.kind().is_some() { form.kind } else { WorkspaceKind::Client.as_str().to_owned() };
    view! {
        <Section id="new" title="New workspace">
            <Card class="p-4 sm:p-5">
                <form method="post" action=PAGE class="grid gap-4" novalidate>
                    <Field
                        id="workspace-name"
                        label="Name"
                        hint="As your team and your clients know it. You become its admin."
                        error=name_error
                    >
                        <Input name="name" autocomplete="organization" initial=form.name maxlength=255u32/>
                    </Field>
                    <RadioCards name="kind" legend="What it is for" choices initial=chosen/>
                    {kind_error.map(|title| view! { <Banner tone=Tone::Danger title/> })}
                    <div>
                        <Button submit=true variant=ButtonVariant::Primary>"Make workspace"</Button>
                    </div>
                </form>
            </Card>
        </Section>
    }
    .into_any()
}
