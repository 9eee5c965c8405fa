//! `/settings/workspace`: what is set for the workspace. An admin changes it, everybody sees it.

use domain::{
    identity::Me,
    posts::{ApprovalPolicy, MAX_UNDO_SECONDS},
    workspaces::{Role, Workspace, kind_label},
};
use leptos::prelude::*;

use super::server_fns::{SettingsView, view_settings};
use crate::{
    layouts::{PageFrame, load},
    session::{FormOutcome, use_session},
    shared::settings::{belongs_here, error_of, notes, picture_form, refused_on, start_of},
    ui::{
        AvatarSize, Banner, Button, ButtonSize, ButtonVariant, Card, Checkbox, Choice, DescriptionList, Detail, Field,
        Input, OrgMark, RadioGroup, Section, SkeletonRows, Tone,
    },
};

/// Where the page is, and where its forms go.
const PAGE: &str = "/settings/workspace";

/// The page.
#[component]
pub fn WorkspaceSettingsPage() -> impl IntoView {
    let choices = Resource::new(|| (), |()| view_settings());
    let me = use_session().me();
    let admin = use_session().may(Role::Admin);
    view! {
        <PageFrame title="Workspace" lead="What holds for everybody who works here." narrow=true>
            <div class="grid max-w-2xl grid-cols-1 gap-8">
                {load(
                    choices,
                    "the settings",
                    || view! { <SkeletonRows label="Loading the settings" count=4/> },
                    move |choices| match me.clone() {
                        Some(me) if admin => forms(me, choices),
                        Some(me) => reading(me),
                        None => ().into_any(),
                    },
                )}
            </div>
        </PageFrame>
    }
    .into_any()
}

fn undo_words(seconds: u16) -> String {
    match seconds {
        0 => "Posts go out at once".to_owned(),
        1 => "1 second".to_owned(),
        n => format!("{n} seconds"),
    }
}

fn reading(me: Me) -> AnyView {
    let Workspace { name, slug, kind, time_zone, undo_seconds, new_accounts_active, approval_policy, logo_url, .. } =
        me.workspace;
    view! {
        <Banner tone=Tone::Info title="Only an admin can change this."/>
        <Card class="flex items-start gap-4 p-4 sm:p-5">
            <OrgMark name=name.clone() own=true size=AvatarSize::Large nostrip:src=logo_url/>
            <DescriptionList columns="grid-cols-[8rem_minmax(0,1fr)]">
                <Detail label="Name"><span class="break-words">{name}</span></Detail>
                <Detail label="Short name" mono=true>{slug}</Detail>
                <Detail label="Kind">{kind_label(kind)}</Detail>
                <Detail label="Time zone">{time_zone}</Detail>
                <Detail label="Undo window">{undo_words(undo_seconds)}</Detail>
                <Detail label="New accounts">
                    {if new_accounts_active { "Take part in posts at once" } else { "Start switched off" }}
                </Detail>
                <Detail label="Approval">{policy_hint(approval_policy)}</Detail>
            </DescriptionList>
        </Card>
    }
    .into_any()
}

/// What a policy means, in a sentence.
const fn policy_hint(policy: ApprovalPolicy) -> &'static str {
    match policy {
        ApprovalPolicy::Members => "Members’ posts wait for an editor or admin. Editors and admins publish by saving.",
        ApprovalPolicy::Everybody => "Four eyes: every post waits for an editor or admin other than whoever wrote it.",
    }
}

/// What it takes for anything to go out, where that is not there: two people who may approve.
fn nobody_approves(policy: ApprovalPolicy, approvers: u64) -> Option<AnyView> {
    (policy == ApprovalPolicy::Everybody && approvers < 2).then(|| {
        view! {
            <Banner
                tone=Tone::Warning
                title="Your own posts cannot go out now."
                text="You are the only editor or admin here, and nobody approves their own posts. Make somebody else an editor, or choose “Members’ posts” again: then what waits can be approved by you."
                action=move || view! { <Button size=ButtonSize::Small href="/team">"Team"</Button> }
            />
        }
        .into_any()
    })
}

fn forms(me: Me, choices: SettingsView) -> AnyView {
    let outcome = refused_on(PAGE);
    let workspace = me.workspace;
    let mark = {
        let (name, logo) = (workspace.name.clone(), workspace.logo_url.clone());
        view! { <OrgMark name own=true size=AvatarSize::Large nostrip:src=logo/> }.into_any()
    };
    let logo = picture_form(PAGE, "workspace-logo", "Logo", workspace.logo_url.is_some(), &outcome, mark);
    view! {
        {notes(&outcome)}
        {nobody_approves(workspace.approval_policy, choices.approvers)}
        {general(&workspace, &outcome, choices)}
        <Section id="logo-heading" title="Logo">
            <Card class="p-4 sm:p-5">{logo}</Card>
        </Section>
    }
    .into_any()
}

fn general(workspace: &Workspace, outcome: &FormOutcome, choices: SettingsView) -> AnyView {
    let SettingsView { zones, approvers } = choices;
    let start = |field: &str, set: &str| start_of(outcome, field, set);
    let (name, slug) = (start("name", &workspace.name), start("slug", &workspace.slug));
    let zone = start("time_zone", &workspace.time_zone);
    let undo = start("undo_seconds", &workspace.undo_seconds.to_string());
    let policy = start("approval_policy", workspace.approval_policy.as_str());
    let policies = ApprovalPolicy::ALL
        .map(|policy| {
            let alone = policy == ApprovalPolicy::Everybody && approvers < 2;
            let alone = if alone {
                " You are the only editor or admin: your own posts would wait until there is another."
            } else {
                ""
            };
            Choice::new(policy.as_str(), policy.label()).hint(format!("{}{alone}", policy_hint(policy)))
        })
        .to_vec();
    let errors = StoredValue::new(outcome.clone());
    let error = move |field: &str| errors.with_value(|outcome| error_of(outcome, field));
    // A box that is not ticked is not sent: in a form that came back, its absence is what was chosen.
    let active = if outcome.values.contains_key("name") {
        outcome.values.contains_key("new_accounts_active")
    } else {
        workspace.new_accounts_active
    };
    view! {
        <Section id="general-heading" title="General">
            <Card class="p-4 sm:p-5">
                <form method="post" action=PAGE class="grid gap-4" novalidate>
                    {belongs_here()}
                    <Field id="name" label="Name" error=error("name")>
                        <Input name="name" autocomplete="organization" initial=name maxlength=255_u32/>
                    </Field>
                    <Field
                        id="slug"
                        label="Short name"
                        hint="Names the workspace where a whole name would not fit. Lower-case letters, digits, hyphens."
                        error=error("slug")
                    >
                        <Input name="slug" autocomplete="off" initial=slug maxlength=60_u32/>
                    </Field>
                    <Field
                        id="time-zone"
                        label="Time zone"
                        hint="Times in the calendar and in new posts are meant in it. What is scheduled already keeps its moment."
                        error=error("time_zone")
                    >
                        <Input
                            name="time_zone"
                            autocomplete="off"
                            initial=zone
                            maxlength=64_u32
                            attr:list="zones"
                        />
                    </Field>
                    <datalist id="zones">
                        {zones.into_iter().map(|name| view! { <option value=name></option> }).collect_view()}
                    </datalist>
                    <Field
                        id="undo-seconds"
                        label="Undo window, in seconds"
                        hint="How long a post waits after it was saved, so that it can be taken back. 0 to 60."
                        error=error("undo_seconds")
                    >
                        <Input
                            name="undo_seconds"
                            kind="number"
                            inputmode="numeric"
                            initial=undo
                            min="0"
                            max=MAX_UNDO_SECONDS.to_string()
                        />
                    </Field>
                    <Checkbox
                        id="new-accounts-active"
                        name="new_accounts_active"
                        value="true"
                        label="New accounts take part in posts at once"
                        hint="Otherwise they start switched off, until an editor switches them on."
                        initial=active
                    />
                    <div class="border-t border-border pt-4">
                        <RadioGroup name="approval_policy" legend="Whose posts wait for approval" choices=policies initial=policy/>
                        {error("approval_policy").map(|error| view! { <p class="mt-1.5 text-sm text-danger">{error}</p> })}
                        <p class="mt-2.5 text-sm text-muted">
                            "For what is saved from now on. What is scheduled already goes out at its time, and what waits goes on waiting until somebody decides."
                        </p>
                    </div>
                    <div>
                        <Button submit=true variant=ButtonVariant::Primary>"Save settings"</Button>
                    </div>
                </form>
            </Card>
        </Section>
    }
    .into_any()
}
