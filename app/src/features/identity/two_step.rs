//! `/settings/security/two-step`: switching two-step sign-in on and off, and its recovery codes.
//!
//! Plain forms, with a script or without: this is done once, and each step is a page of its own.

use domain::identity::{TotpSetup, TwoStep};
use leptos::prelude::*;

use super::server_fns::{TwoStepView, view_two_step};
use crate::{
    layouts::{PageFrame, load},
    session::{FormOutcome, use_session},
    ui::{
        Badge, Banner, Button, ButtonVariant, Card, CopyButton, Field, Glyph, Input, PasswordInput, RelativeTime,
        Section, SkeletonRows, Tone, icon,
    },
};

const PAGE: &str = "/settings/security/two-step";

/// Two-step sign-in.
#[component]
pub fn TwoStepPage() -> impl IntoView {
    let view = Resource::new(|| (), |()| view_two_step());
    view! {
        <PageFrame
            title="Two-step sign-in"
            lead="Besides your password, a code from an app on your phone. Whoever finds out one of the two is still outside."
            narrow=true
        >
            <div class="grid max-w-2xl grid-cols-1 gap-8">
                {load(view, "two-step sign-in", || view! { <SkeletonRows label="Loading two-step sign-in" count=2/> }, full)}
                <p>
                    <Button href="/settings/security" icon=Glyph::ArrowLeft>"Back to security"</Button>
                </p>
            </div>
        </PageFrame>
    }
    .into_any()
}

/// The part of the page about security: how it stands, and the way here.
pub fn two_step_section(view: Resource<Result<TwoStepView, crate::AppError>>) -> AnyView {
    let shown = |view: TwoStepView| {
        let on = view.state.enabled_at.is_some();
        view! {
            <Card class="p-4 sm:p-5">
                <div class="flex flex-wrap items-center justify-between gap-4">
                    <div class="min-w-0 flex-1 basis-64">
                        <p class="flex items-center gap-2 font-medium">{state_badge(on)}</p>
                        <p class="mt-1.5 text-muted">{summary(&view.state)}</p>
                    </div>
                    <Button href=PAGE variant=if on { ButtonVariant::Secondary } else { ButtonVariant::Primary }>
                        {if on { "Manage" } else { "Set up" }}
                    </Button>
                </div>
            </Card>
        }
    };
    view! {
        <Section id="two-step-heading" title="Two-step sign-in">
            {load(view, "two-step sign-in", || view! { <SkeletonRows label="Loading two-step sign-in" count=1/> }, shown)}
        </Section>
    }
    .into_any()
}

fn state_badge(on: bool) -> AnyView {
    if on {
        view! { <Badge tone=Tone::Success with_glyph=true>"On"</Badge> }.into_any()
    } else {
        view! { <Badge tone=Tone::Neutral>"Off"</Badge> }.into_any()
    }
}

fn summary(state: &TwoStep) -> String {
    match (state.enabled_at, state.recovery_codes_left) {
        (None, _) => "Your password alone opens your account.".to_owned(),
        (Some(_), 0) => "No recovery code is left: make new ones.".to_owned(),
        (Some(_), 1) => "One recovery code is left.".to_owned(),
        (Some(_), left) => format!("{left} recovery codes are left."),
    }
}

/// What became of the form that does `what`.
fn refused(what: &str) -> FormOutcome {
    use_session().refused_form(PAGE).filter(|form| form.value("do") == what).unwrap_or_default()
}

fn full(view: TwoStepView) -> AnyView {
    let codes =
        use_session().refused_form(PAGE).map(|form| form.value("recovery_codes")).filter(|codes| !codes.is_empty());
    match (codes, view.setup, view.state.enabled_at) {
        (Some(codes), _, _) => recovery_codes(&codes),
        (None, _, Some(_)) => switched_on(view.state),
        (None, Some(setup), None) => set_up(setup),
        (None, None, None) => switched_off(),
    }
}

fn note(outcome: &FormOutcome) -> AnyView {
    outcome.message.clone().map(|title| view! { <Banner tone=Tone::Danger title/> }).into_any()
}

fn password_form(what: &'static str, id: &'static str, words: &'static str, variant: ButtonVariant) -> AnyView {
    let outcome = refused(what);
    let error = outcome.fields.get("current_password").map(str::to_owned);
    let autofocus = error.is_some();
    view! {
        <form method="post" action=PAGE class="grid gap-4" novalidate>
            <input type="hidden" name="do" value=what/>
            {note(&outcome)}
            <Field id label="Present password" error=error>
                <PasswordInput name="current_password" autofocus/>
            </Field>
            <div>
                <Button submit=true variant>{words}</Button>
            </div>
        </form>
    }
    .into_any()
}

fn switched_off() -> AnyView {
    view! {
        <Section id="begin-heading" title="Set it up">
            <Card class="p-4 sm:p-5">
                <p class="mb-4 text-muted">
                    "You need an authenticator app, such as Aegis, Google Authenticator, 1Password or the one in your phone’s settings."
                </p>
                {password_form("begin", "begin-password", "Continue", ButtonVariant::Primary)}
            </Card>
        </Section>
    }
    .into_any()
}

fn set_up(setup: TotpSetup) -> AnyView {
    let outcome = refused("confirm");
    let error = outcome.fields.get("code").map(str::to_owned);
    let picture = format!("data:image/svg+xml,{}", encoded(&setup.qr_svg));
    let spaced = spaced(&setup.secret);
    view! {
        <Section id="scan-heading" title="1. Add Arctiv to your app">
            <Card class="p-4 sm:p-5">
                <div class="flex flex-wrap items-start gap-5">
                    <img
                        src=picture
                        alt="QR code with the key for your authenticator app; the same key stands beside it as text"
                        width="200"
                        height="200"
                        class="rounded-md border border-border"
                    />
                    <div class="grid min-w-0 flex-1 basis-64 gap-3">
                        <p>"Scan the picture with the app, or open it there by hand with this key:"</p>
                        <p class="font-mono break-words">{spaced}</p>
                        <div class="flex flex-wrap gap-2 noscript:hidden">
                            <CopyButton text=setup.secret.clone() label="Copy the key" words="Copy key"/>
                        </div>
                        <p><a href=setup.uri class="font-medium text-accent-strong underline underline-offset-4">"Open the app on this device"</a></p>
                    </div>
                </div>
            </Card>
        </Section>
        <Section id="confirm-heading" title="2. Type the code it shows">
            <Card class="p-4 sm:p-5">
                <form method="post" action=PAGE class="grid gap-4" novalidate>
                    <input type="hidden" name="do" value="confirm"/>
                    {note(&outcome)}
                    <Field
                        id="code"
                        label="Code"
                        hint="Six digits. Your other sessions end, and you get recovery codes."
                        error=error
                    >
                        <Input name="code" autocomplete="one-time-code" inputmode="numeric" autofocus=true/>
                    </Field>
                    <div>
                        <Button submit=true variant=ButtonVariant::Primary>"Switch on"</Button>
                    </div>
                </form>
            </Card>
        </Section>
    }
    .into_any()
}

fn recovery_codes(codes: &str) -> AnyView {
    let list: Vec<String> = codes.split_whitespace().map(str::to_owned).collect();
    let plain = list.join("\n");
    let file = format!("data:text/plain;charset=utf-8,{}", encoded(&format!("Recovery codes for Arctiv\n\n{plain}\n")));
    view! {
        <Section id="codes-heading" title="Your recovery codes">
            <div class="grid gap-4">
                <Banner
                    tone=Tone::Warning
                    title="Keep these now: they are not shown again."
                    text="Each opens your account once in place of a code, if your phone is lost."
                />
                <Card class="p-4 sm:p-5">
                    <ul class="grid grid-cols-1 gap-x-6 gap-y-2 font-mono sm:grid-cols-2" aria-label="Recovery codes">
                        {list.into_iter().map(|code| view! { <li>{code}</li> }).collect_view()}
                    </ul>
                    <div class="mt-5 flex flex-wrap gap-2">
                        <span class="contents noscript:hidden">
                            <CopyButton text=plain label="Copy all recovery codes" words="Copy all"/>
                        </span>
                        <a href=file download="arctiv-recovery-codes.txt" class=crate::ui::button_class(
                            ButtonVariant::Secondary,
                            crate::ui::ButtonSize::default(),
                            "",
                        )>
                            {icon(Glyph::Download, "size-4")} "Download"
                        </a>
                        // The same address, asked anew.
                        <Button href=PAGE variant=ButtonVariant::Primary attr:rel="external">"I have kept them"</Button>
                    </div>
                </Card>
            </div>
        </Section>
    }
    .into_any()
}

fn switched_on(state: TwoStep) -> AnyView {
    let since = state.enabled_at.map(|at| view! { " since " <RelativeTime at/> });
    let low = (state.recovery_codes_left <= 2).then(|| {
        let title = summary(&state);
        view! { <div class="mb-4"><Banner tone=Tone::Warning title/></div> }
    });
    let words = summary(&state);
    view! {
        <Card class="p-4 sm:p-5">
            <p class="flex flex-wrap items-center gap-2">
                {state_badge(true)} <span class="text-muted">"Switched on" {since} ". " {words}</span>
            </p>
        </Card>
        <Section id="renew-heading" title="New recovery codes">
            {low}
            <Card class="p-4 sm:p-5">
                <p class="mb-4 text-muted">"Ten new ones take the place of all you have now."</p>
                {password_form("codes", "codes-password", "Make new codes", ButtonVariant::Secondary)}
            </Card>
        </Section>
        <Section id="disable-heading" title="Switch it off">
            <Card class="p-4 sm:p-5">
                <p class="mb-4 text-muted">"From then on your password alone opens your account. You are told by a letter."</p>
                {password_form("disable", "disable-password", "Switch off", ButtonVariant::Danger)}
            </Card>
        </Section>
    }
    .into_any()
}

/// In groups of four, for typing.
fn spaced(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().collect();
    characters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Percent-encoded, for a `data:` address.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~,:;/=".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_typed_in_groups() {
        assert_eq!(spaced("ABCDEFGHIJ"), "ABCD EFGH IJ");
    }

    #[test]
    fn nothing_in_a_data_address_ends_it() {
        assert_eq!(encoded("<a \"#\n%>"), "%3Ca%20%22%23%0A%25%3E");
    }
}
