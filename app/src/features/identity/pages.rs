//! Sign in and register.

use domain::{
    FieldErrors,
    identity::{Login, PasskeyStep, Register},
    workspaces::WorkspaceKind,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{
    components::{AuthFrame, EntryForm, EntryNotes, ProviderButton, ProviderNote, Values, next_of},
    passkeys::PasskeyButton,
    server_fns::{sign_in, sign_up},
};
use crate::{
    shared::query::Href,
    ui::{
        Badge, Banner, Button, ButtonSize, ButtonVariant, Choice, Field, Glyph, Input, Mark, MarkSize, PasswordInput,
        PlatformMark, RadioCards, Status, StatusBadge, Tone, icon,
    },
};

pub(super) const TALL: &str = "h-10";
pub(super) const SUBTLE_LINK: &str = "font-medium text-accent-strong underline underline-offset-4";

pub(super) fn text(values: &Values, name: &str) -> String {
    values.get(name).cloned().unwrap_or_default()
}

fn login_of(values: &Values) -> Login {
    Login { email: text(values, "email"), password: text(values, "password") }
}

fn register_of(values: &Values) -> Register {
    Register {
        email: text(values, "email"),
        password: text(values, "password"),
        role: text(values, "role"),
        full_name: text(values, "full_name"),
        agency_name: values.get("agency_name").filter(|name| !name.trim().is_empty()).cloned(),
    }
}

pub(super) fn next_field(next: Option<String>) -> impl IntoView {
    next.map(|next| view! { <input type="hidden" name="next" value=next/> })
}

/// `/login`.
#[component]
pub fn LoginPage() -> impl IntoView {
    let next = next_of("/login", use_query_map().with_untracked(|query| query.get("next")));
    let form = EntryForm::new(
        "/login",
        "arctiv-login",
        &[("email", "")],
        |values| login_of(values).check(),
        |values| Box::pin(sign_in(login_of(&values), values.get("next").cloned())),
    );
    let provider_next = next.clone();
    let register = Href::new("/register").with("next", next.clone()).build();
    let next_too = next.clone();
    let notice = use_query_map().with_untracked(|query| query.get("notice")).and_then(|notice| notice_words(&notice));
    view! {
        <AuthFrame
            title="Sign in"
            lead=ViewFn::from(move || {
                view! { "New here? " <a href=register.clone() class=SUBTLE_LINK>"Create an account"</a> }
            })
            about=ViewFn::from(about_the_record)
        >
            {notice.map(|title| view! { <div class="mt-6"><Banner tone=Tone::Success title/></div> })}
            <ProviderNote/>
            <EntryNotes form/>
            <form
                node_ref=form.node
                method="post"
                action="/login"
                class="mt-7 grid gap-4"
                novalidate
                on:submit=move |event| form.submit(&event)
                on:focusout=move |event| form.left(&event)
                on:input=move |event| form.typed(&event)
            >
                {next_field(next)}
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
                <Field id="password" label="Password" error=form.error("password")>
                    <PasswordInput autofocus=form.starts_at("password") class=TALL/>
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
            <PasskeyButton step=PasskeyStep::First next=next_too/>
            <ProviderButton next=provider_next/>
            <p class="mt-4">
                <a href="/forgot" class=format!("inline-flex min-h-11 items-center {SUBTLE_LINK}")>"Forgotten your password?"</a>
            </p>
            <p class="mt-2 text-sm text-muted">"You are signed out after 30 minutes without activity."</p>
        </AuthFrame>
    }
    .into_any()
}

/// What brought somebody to the login page.
fn notice_words(notice: &str) -> Option<&'static str> {
    match notice {
        "confirmed" => Some("Your email is confirmed. Sign in to continue."),
        "deleted" => Some("Your account is deleted. Thank you for having been here."),
        "reset" => Some("Your password is changed. Sign in with the new one."),
        _ => None,
    }
}

/// `/register`.
#[component]
pub fn RegisterPage() -> impl IntoView {
    let query = use_query_map();
    let next = next_of("/register", query.with_untracked(|query| query.get("next")));
    // The start page's links say what for.
    let kind = query
        .with_untracked(|query| query.get("role"))
        .and_then(|role| role.parse::<WorkspaceKind>().ok())
        .unwrap_or(WorkspaceKind::Client);
    let form = EntryForm::new(
        "/register",
        "arctiv-register",
        &[("role", kind.as_str()), ("agency_name", ""), ("full_name", ""), ("email", "")],
        check_register,
        |values| Box::pin(sign_up(register_of(&values), values.get("next").cloned())),
    );
    let provider_next = next.clone();
    let login = Href::new("/login").with("next", next.clone()).build();
    let login_too = login.clone();
    view! {
        <AuthFrame
            title="Create your account"
            lead=ViewFn::from(move || view! { "Have one? " <a href=login.clone() class=SUBTLE_LINK>"Sign in"</a> })
            about=ViewFn::from(about_the_steps)
        >
            <EntryNotes form/>
            <form
                node_ref=form.node
                method="post"
                action="/register"
                class="group/entry mt-6 grid gap-4"
                novalidate
                on:submit=move |event| form.submit(&event)
                on:focusout=move |event| form.left(&event)
                on:input=move |event| form.typed(&event)
            >
                {next_field(next)}
                <div>
                    <RadioCards name="role" legend="I am a" choices=kinds() value=form.value("role")/>
                    {move || form.error("role").get().map(|error| view! { <p class="mt-1.5 text-sm text-danger">{error}</p> })}
                </div>
                // Shown for an agency by the stylesheet alone, so that it works without a script.
                <div class="hidden group-has-[#role-agency:checked]/entry:block">
                    <Field id="agency_name" label="Agency name" error=form.error("agency_name")>
                        <Input
                            name="agency_name"
                            value=form.value("agency_name")
                            autocomplete="organization"
                            autofocus=form.starts_at("agency_name")
                            class=TALL
                        />
                    </Field>
                </div>
                <Field id="full_name" label="Full name" error=form.error("full_name")>
                    <Input
                        name="full_name"
                        value=form.value("full_name")
                        autocomplete="name"
                        autofocus=form.starts_at("full_name")
                        class=TALL
                    />
                </Field>
                <Field
                    id="email"
                    label="Email"
                    error=form.error("email")
                    error_link=(EMAIL_TAKEN_LINK, login_too)
                >
                    <Input
                        name="email"
                        kind="email"
                        value=form.value("email")
                        autocomplete="email"
                        autofocus=form.starts_at("email")
                        class=TALL
                    />
                </Field>
                <Field id="password" label="Password" hint="At least 8 characters" error=form.error("password")>
                    <PasswordInput autocomplete="new-password" autofocus=form.starts_at("password") class=TALL/>
                </Field>
                <Button
                    submit=true
                    variant=ButtonVariant::Primary
                    size=ButtonSize::Large
                    class="mt-2 w-full"
                    loading=form.busy()
                    disabled=form.waiting()
                    loading_label="Creating your account…"
                >
                    "Create Account"
                </Button>
            </form>
            <ProviderButton next=provider_next role=form.value("role")/>
        </AuthFrame>
    }
    .into_any()
}

fn check_register(values: &Values) -> FieldErrors {
    register_of(values).check()
}

/// The part of [`domain::identity::EMAIL_TAKEN`] that leads to the login page.
const EMAIL_TAKEN_LINK: &str = "Try logging in instead.";

fn kinds() -> Vec<Choice> {
    vec![
        Choice::new(WorkspaceKind::Client.as_str(), "Client")
            .hint("I own social accounts and decide who works on them"),
        Choice::new(WorkspaceKind::Manager.as_str(), "Manager").hint("I write and publish for clients"),
        Choice::new(WorkspaceKind::Agency.as_str(), "Agency").hint("My team works for several clients"),
    ]
}

/// Beside the login: what the connection log keeps. An example, so it is inert.
pub(super) fn about_the_record() -> AnyView {
    let line = |time, tone: Tone, what, mark: Mark, account, detail| {
        view! {
            <li class="flex items-center gap-3 px-4 py-2.5">
                <span class="w-16 shrink-0 font-mono text-xs text-muted">{time}</span>
                {icon(tone.glyph(), &format!("size-3.5 {}", tone.glyph_class()))}
                <span class="w-40 shrink-0 truncate font-medium">{what}</span>
                <PlatformMark mark size=MarkSize::Bare/>
                <span class="min-w-0 flex-1 truncate text-muted">{account}</span>
                <span class="shrink-0 text-xs text-muted max-xl:hidden">{detail}</span>
            </li>
        }
    };
    view! {
        <h2 class="text-xl font-semibold text-balance">"Every change is on the record"</h2>
        <p class="mt-2 text-md text-pretty text-muted">
            "Who connected what, what was renewed, what broke and when: each account keeps its own log."
        </p>
        <ul class="mt-8 divide-y divide-border rounded-lg border border-border bg-surface">
            {line("10:21:04", Tone::Success, "Authorised", Mark::Facebook, "Northwind Coffee Roasters", "by Niamh Doyle")}
            {line("10:20:41", Tone::Neutral, "Authorisation started", Mark::Facebook, "Northwind Coffee Roasters", "from this browser")}
            {line("10:02:19", Tone::Success, "Access renewed", Mark::X, "@northwindcoffee", "for 2 hours")}
            {line("09:42:10", Tone::Danger, "Authorisation failed", Mark::LinkedIn, "Juniper Hotels Group", "consent refused")}
            {line("09:14:55", Tone::Warning, "Revoked at the platform", Mark::X, "@kestrelbikes", "401, twice")}
            {line("08:58:30", Tone::Success, "Access renewed", Mark::LinkedIn, "Fjord Outdoor", "for 60 days")}
        </ul>
    }
    .into_any()
}

/// Beside the registration: the main job in three steps. An example, so it is inert.
pub(super) fn about_the_steps() -> AnyView {
    let step = |number: u8, title, text, example: AnyView| {
        view! {
            <li class="group/step relative flex gap-4 pb-8 last:pb-0">
                <span class="absolute top-8 bottom-0 left-3.5 w-px bg-border-strong group-last/step:hidden" aria-hidden="true"></span>
                <span class="grid size-7 shrink-0 place-items-center rounded-full border border-border-strong text-xs font-semibold">
                    {number}
                </span>
                <div class="min-w-0 flex-1 pt-0.5">
                    <h3 class="text-md font-semibold">{title}</h3>
                    <p class="text-muted">{text}</p>
                    <div class="mt-3 flex items-center gap-3 rounded-lg border border-border bg-surface p-3.5" inert>{example}</div>
                </div>
            </li>
        }
    };
    view! {
        <h2 class="text-xl font-semibold text-balance">"One post on every account in three steps"</h2>
        <p class="mt-2 text-md text-pretty text-muted">"No password is asked for, sent or stored."</p>
        <ol class="mt-8">
            {step(
                1,
                "Connect an account",
                "You sign in on the platform’s own page.",
                view! {
                    <PlatformMark mark=Mark::Facebook size=MarkSize::Small/>
                    <span class="min-w-0 flex-1 truncate font-medium">"Northwind Coffee Roasters"</span>
                    <StatusBadge status=Status::Connected/>
                }
                .into_any(),
            )}
            {step(
                2,
                "Write once",
                "Each network’s limits are checked while you type.",
                view! {
                    <span class="min-w-0 flex-1 truncate">"The Winter Roast is back: plum, cocoa, a long finish."</span>
                    <PlatformMark mark=Mark::X size=MarkSize::Bare/>
                    <span class="font-mono text-xs text-muted">"53 / 280"</span>
                }
                .into_any(),
            )}
            {step(
                3,
                "Save",
                "Saving publishes, with a few seconds to take it back. You watch each one arrive.",
                view! {
                    {icon(Glyph::StConnected, "size-4 text-success-solid")}
                    <span class="min-w-0 flex-1 truncate font-medium">"3 of 3 published"</span>
                    <Badge tone=Tone::Neutral>"4 s"</Badge>
                }
                .into_any(),
            )}
        </ol>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_login_page_is_part_of_the_sentence() {
        use domain::identity::EMAIL_TAKEN;
        assert!(EMAIL_TAKEN.ends_with(EMAIL_TAKEN_LINK));
    }

    #[test]
    fn an_empty_agency_name_is_none() {
        let values = Values::from([("agency_name".to_owned(), "  ".to_owned())]);
        assert_eq!(register_of(&values).agency_name, None);
    }
}
