//! The pages that letters lead to: confirming an address, a forgotten password, a new one.
//!
//! Opening a link changes nothing: mail programs and scanners open every link before its reader does. What it is for
//! happens when its button is pressed, which is a plain form and needs no script.

use domain::identity::{
    CONFIRM_SENT, Confirmation, FORGOT_SENT, ForgotPassword, LinkState, ResetPassword, confirmation_words, reset_words,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{
    components::{AuthFrame, EntryForm, EntryNotes, ResendForm, Values},
    pages::{SUBTLE_LINK, TALL, about_the_record, text},
    server_fns::{choose_password, send_reset_link, view_confirmation, view_reset},
};
use crate::{
    layouts::load,
    session::use_session,
    ui::{Banner, Button, ButtonSize, ButtonVariant, Field, Input, PasswordInput, SkeletonRows, Tone},
};

fn query(name: &'static str) -> Option<String> {
    use_query_map().with_untracked(|query| query.get(name)).filter(|value| !value.is_empty())
}

/// The token of the link that the page at `path` is about.
fn token_at(path: &str) -> Option<String> {
    query("token").or_else(|| use_session().token_sent(path))
}

fn note(tone: Tone, title: &str) -> AnyView {
    let title = title.to_owned();
    view! { <div class="mt-6"><Banner tone title/></div> }.into_any()
}

fn way_in() -> AnyView {
    match use_session().kind() {
        Some(kind) => view! {
            <Button variant=ButtonVariant::Primary size=ButtonSize::Large class="mt-6 w-full" href=kind.dashboard()>
                "Go to your overview"
            </Button>
        }
        .into_any(),
        None => view! {
            <Button variant=ButtonVariant::Primary size=ButtonSize::Large class="mt-6 w-full" href="/login">
                "Sign in"
            </Button>
        }
        .into_any(),
    }
}

/// `/confirm`.
#[component]
pub fn ConfirmPage() -> impl IntoView {
    let (done, sent) = (query("done").is_some(), query("sent").is_some());
    let session = use_session();
    let token = token_at("/confirm");
    let refused = session.refused_form("/confirm").and_then(|form| form.message);
    let waiting = session.me().filter(|me| !me.user.email_confirmed).map(|me| me.user.email);
    let asked = token.clone();
    // Without a token there is something to fetch only for who is signed in and not confirmed.
    let fetches = token.is_some() || waiting.is_some();
    let data = fetches.then(|| Resource::new(|| (), move |()| view_confirmation(asked.clone())));
    let body = move || match data {
        _ if done => view! {
            {note(Tone::Success, "Your email is confirmed.")}
            {way_in()}
        }
        .into_any(),
        Some(data) => {
            let (token, waiting) = (token.clone(), waiting.clone());
            load(
                data,
                "this link",
                || view! { <SkeletonRows label="Looking at the link" count=2/> },
                move |confirmation| confirmation_view(token.clone(), waiting.clone(), sent, confirmation),
            )
        }
        None if session.is_signed_in() => view! {
            {note(Tone::Success, "Your email is confirmed.")}
            {way_in()}
        }
        .into_any(),
        None => view! {
            <p class="mt-6 text-muted">"Open the link in the email that we sent you when you registered."</p>
            {way_in()}
        }
        .into_any(),
    };
    view! {
        <AuthFrame
            title="Confirm your email"
            lead=ViewFn::from(|| "To activate all features")
            about=ViewFn::from(about_the_record)
        >
            <div aria-live="polite">{refused.map(|message| note(Tone::Danger, &message))}</div>
            {body()}
        </AuthFrame>
    }
    .into_any()
}

fn confirmation_view(
    token: Option<String>,
    waiting: Option<String>,
    sent: bool,
    confirmation: Confirmation,
) -> AnyView {
    let Confirmation { state, email, resends } = confirmation;
    let told = sent.then(|| note(Tone::Success, CONFIRM_SENT));
    match (token, state) {
        (Some(token), LinkState::Open) => view! {
            {told}
            <p class="mt-6 text-muted">
                "Is " <strong class="font-medium break-words text-text">{email}</strong> " your email address?"
            </p>
            <form method="post" action="/confirm" class="mt-6">
                <input type="hidden" name="token" value=token/>
                <Button submit=true variant=ButtonVariant::Primary size=ButtonSize::Large class="w-full">
                    "Confirm email address"
                </Button>
            </form>
        }
        .into_any(),
        (Some(token), state) => view! {
            {if sent { told } else { Some(note(Tone::Danger, confirmation_words(state))) }}
            {match resends {
                Some(resends) => view! { <ResendForm token resends/> }.into_any(),
                None => way_in(),
            }}
        }
        .into_any(),
        (None, _) => view! {
            {told}
            <p class="mt-6 text-muted">
                "We sent a link to " <strong class="font-medium break-words text-text">{waiting}</strong>
                ". It works for 24 hours."
            </p>
            {resends.map(|resends| view! { <ResendForm resends/> })}
        }
        .into_any(),
    }
}

/// `/forgot`.
#[component]
pub fn ForgotPage() -> impl IntoView {
    let sent = query("sent").is_some();
    let form = EntryForm::new(
        "/forgot",
        "arctiv-forgot",
        &[("email", "")],
        |values| ForgotPassword { email: text(values, "email") }.check(),
        |values| Box::pin(send_reset_link(ForgotPassword { email: text(&values, "email") })),
    );
    let body = if sent {
        view! {
            {note(Tone::Success, FORGOT_SENT)}
            <p class="mt-6 text-muted">"Nothing there after a few minutes? Look into the spam folder, or ask once more."</p>
            <Button size=ButtonSize::Large class="mt-6 w-full" href="/forgot">"Ask once more"</Button>
        }
        .into_any()
    } else {
        view! {
            <EntryNotes form/>
            <form
                node_ref=form.node
                method="post"
                action="/forgot"
                class="mt-7 grid gap-4"
                novalidate
                on:submit=move |event| form.submit(&event)
                on:focusout=move |event| form.left(&event)
                on:input=move |event| form.typed(&event)
            >
                <Field id="email" label="Email" error=form.error("email")>
                    <Input
                        name="email"
                        kind="email"
                        value=form.value("email")
                        autocomplete="username"
                        autofocus=form.starts_at("email")
                        class=TALL
                    />
                </Field>
                <Button
                    submit=true
                    variant=ButtonVariant::Primary
                    size=ButtonSize::Large
                    class="mt-2 w-full"
                    loading=form.busy()
                    loading_label="Sending…"
                >
                    "Send me a link"
                </Button>
            </form>
        }
        .into_any()
    };
    view! {
        <AuthFrame
            title="Forgotten your password?"
            lead=ViewFn::from(|| {
                view! { "You remember it? " <a href="/login" class=SUBTLE_LINK>"Sign in"</a> }
            })
            about=ViewFn::from(about_the_record)
        >
            {body}
        </AuthFrame>
    }
    .into_any()
}

/// `/reset`.
#[component]
pub fn ResetPage() -> impl IntoView {
    let token = token_at("/reset").unwrap_or_default();
    let asked = token.clone();
    let data = Resource::new(|| (), move |()| view_reset(asked.clone()));
    let form = EntryForm::new(
        "/reset",
        "arctiv-reset",
        &[],
        |values| reset_of(values).check(),
        |values| Box::pin(choose_password(reset_of(&values))),
    );
    view! {
        <AuthFrame
            title="Choose a new password"
            lead=ViewFn::from(|| "All sessions of your account end, here and elsewhere")
            about=ViewFn::from(about_the_record)
        >
            {load(
                data,
                "this link",
                || view! { <SkeletonRows label="Looking at the link" count=2/> },
                move |state| {
                    if state == LinkState::Open {
                        reset_form(form, token.clone())
                    } else {
                        view! {
                            {note(Tone::Danger, reset_words(state))}
                            <Button variant=ButtonVariant::Primary size=ButtonSize::Large class="mt-6 w-full" href="/forgot">
                                "Request a new link"
                            </Button>
                        }
                        .into_any()
                    }
                },
            )}
        </AuthFrame>
    }
    .into_any()
}

fn reset_of(values: &Values) -> ResetPassword {
    ResetPassword { token: text(values, "token"), password: text(values, "password") }
}

fn reset_form(form: EntryForm, token: String) -> AnyView {
    view! {
        <EntryNotes form/>
        <form
            node_ref=form.node
            method="post"
            action="/reset"
            class="mt-7 grid gap-4"
            novalidate
            on:submit=move |event| form.submit(&event)
            on:focusout=move |event| form.left(&event)
            on:input=move |event| form.typed(&event)
        >
            <input type="hidden" name="token" value=token/>
            <Field id="password" label="New password" hint="At least 8 characters" error=form.error("password")>
                <PasswordInput autocomplete="new-password" autofocus=form.starts_at("password") class=TALL/>
            </Field>
            <Button
                submit=true
                variant=ButtonVariant::Primary
                size=ButtonSize::Large
                class="mt-2 w-full"
                loading=form.busy()
                loading_label="Saving…"
            >
                "Save new password"
            </Button>
        </form>
    }
    .into_any()
}
