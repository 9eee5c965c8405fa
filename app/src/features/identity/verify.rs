//! `/login/verify`: the second step of a sign-in.

use domain::identity::{PasskeyStep, SIGN_IN_AGAIN, SecondStep, StepMethod, Waiting};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{
    components::{AuthFrame, EntryForm, EntryNotes, Values, next_of},
    pages::{SUBTLE_LINK, TALL, about_the_record, next_field, text},
    passkeys::PasskeyButton,
    server_fns::{verify_sign_in, view_waiting},
};
use crate::{
    layouts::load,
    shared::query::Href,
    ui::{Banner, Button, ButtonSize, ButtonVariant, Field, Input, SkeletonRows, Tone},
};

fn step_of(values: &Values) -> SecondStep {
    SecondStep { code: text(values, "code") }
}

/// The second step.
#[component]
pub fn VerifyPage() -> impl IntoView {
    let next = next_of("/login/verify", use_query_map().with_untracked(|query| query.get("next")));
    let waiting = Resource::new(|| (), |()| view_waiting());
    let form = EntryForm::new(
        "/login/verify",
        "arctiv-verify",
        &[("code", "")],
        |values| step_of(values).check(),
        |values| Box::pin(verify_sign_in(step_of(&values), values.get("next").cloned())),
    );
    let login = Href::new("/login").with("next", next.clone()).build();
    let back = login.clone();
    view! {
        <AuthFrame
            title="One more step"
            lead=ViewFn::from(move || {
                view! { "Not you? " <a href=back.clone() class=SUBTLE_LINK>"Sign in as somebody else"</a> }
            })
            about=ViewFn::from(about_the_record)
        >
            {load(
                waiting,
                "your sign-in",
                || view! { <SkeletonRows label="Loading your sign-in" count=1/> },
                move |waiting| match waiting {
                    Some(waiting) => open(form, next.clone(), &waiting),
                    None => ended(login.clone()),
                },
            )}
        </AuthFrame>
    }
    .into_any()
}

fn ended(login: String) -> AnyView {
    view! {
        <div class="mt-6">
            <Banner
                tone=Tone::Warning
                title=SIGN_IN_AGAIN
                action=move || view! { <Button size=ButtonSize::Small href=login.clone()>"Sign in"</Button> }
            />
        </div>
    }
    .into_any()
}

fn open(form: EntryForm, next: Option<String>, waiting: &Waiting) -> AnyView {
    let passkey = waiting.methods.contains(&StepMethod::Passkey);
    let next_too = next.clone();
    view! {
        <EntryNotes form/>
        <form
            node_ref=form.node
            method="post"
            action="/login/verify"
            class="mt-7 grid gap-4"
            novalidate
            on:submit=move |event| form.submit(&event)
            on:input=move |event| form.typed(&event)
        >
            {next_field(next)}
            <Field
                id="code"
                label="Code"
                hint="Six digits from your authenticator app, or one of your recovery codes."
                error=form.error("code")
            >
                <Input
                    name="code"
                    value=form.value("code")
                    autocomplete="one-time-code"
                    autofocus=true
                    class=TALL
                />
            </Field>
            <Button
                submit=true
                variant=ButtonVariant::Primary
                size=ButtonSize::Large
                class="mt-2 w-full"
                loading=form.busy()
                disabled=form.waiting()
                loading_label="Signing in…"
            >
                "Sign in"
            </Button>
        </form>
        {passkey.then(|| view! { <PasskeyButton step=PasskeyStep::Second next=next_too/> })}
        <p class="mt-4 text-sm text-muted">
            "Lost your phone and your recovery codes? Ask an admin of your workspace, or whoever runs this Arctiv."
        </p>
    }
    .into_any()
}
