//! `/invite/:token`: an offered place in a workspace, for people with and without an account.
//!
//! Opening the link changes nothing; joining and declining are plain forms that work without a script.

use domain::workspaces::{AcceptInvitation, InvitationOffer, InvitationState, role_label, role_words};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    components::{AuthFrame, EntryForm, EntryNotes, Values},
    pages::{TALL, about_the_steps, text},
    server_fns::{join_workspace, view_invitation},
};
use crate::{
    layouts::load,
    session::use_session,
    ui::{Banner, Button, ButtonSize, ButtonVariant, Field, Input, PasswordInput, SkeletonRows, Tone},
};

fn accept_of(values: &Values) -> AcceptInvitation {
    AcceptInvitation {
        token: text(values, "token"),
        full_name: text(values, "full_name"),
        password: text(values, "password"),
    }
}

/// The page.
#[component]
pub fn InvitePage() -> impl IntoView {
    let token = use_params_map().with_untracked(|params| params.get("token")).unwrap_or_default();
    let asked = token.clone();
    let data = Resource::new(|| (), move |()| view_invitation(asked.clone()));
    let action = format!("/invite/{token}");
    let form = EntryForm::new(
        &action,
        "arctiv-invite",
        &[("full_name", "")],
        // Somebody who has an account sends no name; what is wrong with a new one is said for the fields that are there.
        |values| {
            if values.contains_key("full_name") {
                accept_of(values).check_new()
            } else {
                domain::FieldErrors::default()
            }
        },
        |values| Box::pin(join_workspace(accept_of(&values))),
    );
    view! {
        <AuthFrame
            title="Invitation"
            lead=ViewFn::from(|| "To work in Arctiv together")
            about=ViewFn::from(about_the_steps)
        >
            {load(
                data,
                "this invitation",
                || view! { <SkeletonRows label="Looking at the invitation" count=2/> },
                move |offer| match offer {
                    Some(offer) if offer.state == InvitationState::Open => open(form, token.clone(), offer),
                    Some(offer) => closed(offer.state.words()),
                    None => closed("This link is not complete. Open it from the email once more"),
                },
            )}
        </AuthFrame>
    }
    .into_any()
}

fn closed(words: &'static str) -> AnyView {
    let (href, label) = match use_session().kind() {
        Some(kind) => (kind.dashboard(), "Go to your overview"),
        None => ("/login", "Sign in"),
    };
    view! {
        <div class="mt-6"><Banner tone=Tone::Warning title=words/></div>
        <Button variant=ButtonVariant::Primary size=ButtonSize::Large class="mt-6 w-full" href>{label}</Button>
    }
    .into_any()
}

fn open(form: EntryForm, token: String, offer: InvitationOffer) -> AnyView {
    let action = format!("/invite/{token}");
    let signed_in = use_session().me().map(|me| me.user.email);
    let by = offer.invited_by.clone().unwrap_or_else(|| offer.workspace.clone());
    let about = view! {
        <p class="mt-6">
            <strong class="font-medium">{by}</strong> " invites you to work in "
            <strong class="font-medium break-words">{offer.workspace.clone()}</strong> ", as "
            <strong class="font-medium">{role_label(offer.role)}</strong> "."
        </p>
        <p class="mt-1 text-sm text-muted">{role_words(offer.role)} "."</p>
    };
    let hidden = token.clone();
    let (fields, label) = match signed_in {
        Some(email) if email != offer.email => return somebody_else(about.into_any(), &email, &offer.email),
        Some(_) => (().into_any(), format!("Join {}", offer.workspace)),
        None if offer.has_account => (password_of(form, &offer.email), format!("Sign in and join {}", offer.workspace)),
        None => (somebody_new(form, &offer.email), format!("Create account and join {}", offer.workspace)),
    };
    view! {
        {about}
        <EntryNotes form/>
        <form
            node_ref=form.node
            method="post"
            action=action.clone()
            class="mt-6 grid gap-4"
            novalidate
            on:submit=move |event| form.submit(&event)
            on:focusout=move |event| form.left(&event)
            on:input=move |event| form.typed(&event)
        >
            <input type="hidden" name="token" value=hidden/>
            {fields}
            <Button
                submit=true
                variant=ButtonVariant::Primary
                size=ButtonSize::Large
                class="mt-2 w-full"
                loading=form.busy()
                loading_label="Joining…"
            >
                <span class="truncate">{label}</span>
            </Button>
        </form>
        <form method="post" action=format!("{action}/decline") class="mt-3">
            <Button submit=true variant=ButtonVariant::Ghost size=ButtonSize::Large class="w-full">"Decline"</Button>
        </form>
    }
    .into_any()
}

fn somebody_else(about: AnyView, present: &str, invited: &str) -> AnyView {
    let title = format!("This invitation is for {invited}.");
    let text = format!("You are signed in as {present}. Sign out, then open the link again.");
    view! {
        {about}
        <div class="mt-6"><Banner tone=Tone::Warning title text/></div>
        <form method="post" action="/logout" class="mt-6">
            <Button submit=true variant=ButtonVariant::Primary size=ButtonSize::Large class="w-full">"Sign out"</Button>
        </form>
    }
    .into_any()
}

fn password_of(form: EntryForm, email: &str) -> AnyView {
    let hint = format!("Of your account {email}");
    view! {
        <Field id="password" label="Password" hint error=form.error("password")>
            <PasswordInput autofocus=form.starts_at("password") class=TALL/>
        </Field>
    }
    .into_any()
}

fn somebody_new(form: EntryForm, email: &str) -> AnyView {
    let email = email.to_owned();
    view! {
        <p class="text-muted">
            "Your account will be " <strong class="font-medium break-words text-text">{email}</strong> "."
        </p>
        <Field id="full_name" label="Full name" error=form.error("full_name")>
            <Input
                name="full_name"
                value=form.value("full_name")
                autocomplete="name"
                autofocus=form.starts_at("full_name")
                class=TALL
            />
        </Field>
        <Field id="password" label="Password" hint="At least 8 characters" error=form.error("password")>
            <PasswordInput autocomplete="new-password" autofocus=form.starts_at("password") class=TALL/>
        </Field>
    }
    .into_any()
}
