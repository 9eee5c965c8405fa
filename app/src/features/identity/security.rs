//! `/settings/security`: one's password and email address, and where one is signed in.

use domain::{
    FieldErrors,
    identity::{ChangeEmail, ChangePassword, EmailChange},
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{
    devices::signed_in_on,
    passkeys::passkeys_section,
    server_fns::{Changed, replace_email, replace_password, view_passkeys, view_sessions, view_two_step},
    two_step::two_step_section,
};
use crate::{
    layouts::{PageFrame, use_refusal},
    session::use_session,
    ui::{Banner, Button, ButtonVariant, Card, Field, Input, PasswordInput, Section, Tone, use_toasts},
};

/// One form of the page: what is typed, what is wrong with it, and whether it is on its way.
#[derive(Clone, Copy)]
struct Change {
    first: RwSignal<String>,
    second: RwSignal<String>,
    errors: RwSignal<FieldErrors>,
    message: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
}

impl Change {
    fn new() -> Self {
        Self {
            first: RwSignal::new(String::new()),
            second: RwSignal::new(String::new()),
            errors: RwSignal::new(FieldErrors::default()),
            message: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    fn error(self, name: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.errors.with(|errors| errors.get(name).map(str::to_owned)))
    }

    /// Whether there is nothing to complain about before sending.
    fn begin(self, found: FieldErrors) -> bool {
        let sound = found.is_empty() && !self.busy.get_untracked();
        self.errors.set(found);
        self.message.set(None);
        if sound {
            self.busy.set(true);
        }
        sound
    }

    fn refused(self, fields: FieldErrors, message: Option<String>) {
        let _page_gone = self.errors.try_set(fields);
        let _page_gone = self.message.try_set(message);
    }

    fn done(self) {
        for value in [self.first, self.second] {
            let _page_gone = value.try_set(String::new());
        }
    }
}

fn notes(change: Change) -> impl IntoView {
    view! {
        <div aria-live="assertive" class="empty:hidden">
            {move || change.message.get().map(|message| view! { <Banner tone=Tone::Danger title=message/> })}
        </div>
    }
}

/// Password, address and sessions.
#[component]
pub fn SecurityPage() -> impl IntoView {
    let sessions = Resource::new(|| (), |()| view_sessions());
    let two_step = Resource::new(|| (), |()| view_two_step());
    let passkeys = Resource::new(|| (), |()| view_passkeys());
    view! {
        <PageFrame title="Security" lead="How you sign in to Arctiv." narrow=true>
            <div class="grid max-w-2xl grid-cols-1 gap-8">
                {password()}
                {email()}
                {two_step_section(two_step)}
                {passkeys_section(passkeys)}
                {signed_in_on(sessions)}
            </div>
        </PageFrame>
    }
    .into_any()
}

fn password() -> AnyView {
    let change = Change::new();
    let (toasts, refusal) = (use_toasts(), use_refusal());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = ChangePassword {
            current_password: change.first.get_untracked(),
            new_password: change.second.get_untracked(),
        };
        if !change.begin(form.check()) {
            return;
        }
        spawn_local(async move {
            match replace_password(form).await {
                Ok(Changed::Done { value: () }) => {
                    change.done();
                    toasts.success("Your password is changed. All your other sessions have ended.");
                }
                Ok(Changed::Refused { fields, message }) => change.refused(fields, message),
                Err(error) => refusal("Your password was not changed", &error),
            }
            let _page_gone = change.busy.try_set(false);
        });
    };
    view! {
        <Section id="password-heading" title="Password">
            <Card class="p-4 sm:p-5">
                <form method="post" class="grid gap-4" novalidate on:submit=submit>
                    {notes(change)}
                    <Field id="current-password" label="Present password" error=change.error("current_password")>
                        <PasswordInput name="current_password" value=change.first/>
                    </Field>
                    <Field
                        id="new-password"
                        label="New password"
                        hint="At least 8 characters. Your other sessions end."
                        error=change.error("new_password")
                    >
                        <PasswordInput name="new_password" autocomplete="new-password" value=change.second/>
                    </Field>
                    <div>
                        <Button submit=true variant=ButtonVariant::Primary loading=change.busy loading_label="Saving…">
                            "Change password"
                        </Button>
                    </div>
                </form>
            </Card>
        </Section>
    }
    .into_any()
}

fn email() -> AnyView {
    let present = use_session().me().map(|me| me.user.email).unwrap_or_default();
    let change = Change::new();
    let refusal = use_refusal();
    let waits = RwSignal::new(None::<EmailChange>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = ChangeEmail { email: change.first.get_untracked(), current_password: change.second.get_untracked() };
        if !change.begin(form.check()) {
            return;
        }
        spawn_local(async move {
            match replace_email(form).await {
                Ok(Changed::Done { value }) => {
                    change.done();
                    let _page_gone = waits.try_set(Some(value));
                }
                Ok(Changed::Refused { fields, message }) => change.refused(fields, message),
                Err(error) => refusal("Your email address was not changed", &error),
            }
            let _page_gone = change.busy.try_set(false);
        });
    };
    view! {
        <Section id="email-heading" title="Email address">
            <Card class="p-4 sm:p-5">
                <form method="post" class="grid gap-4" novalidate on:submit=submit>
                    <p class="text-muted">
                        "You sign in with " <strong class="font-medium break-words text-text">{present}</strong> "."
                    </p>
                    <div aria-live="polite" class="empty:hidden">
                        {move || {
                            waits
                                .get()
                                .map(|change| {
                                    let title = format!("We sent a link to {}.", change.email);
                                    view! {
                                        <Banner
                                            tone=Tone::Success
                                            title
                                            text="Your address changes once you open it, within 24 hours. Check spam folder."
                                        />
                                    }
                                })
                        }}
                    </div>
                    {notes(change)}
                    <Field id="new-email" label="New email address" error=change.error("email")>
                        <Input name="email" kind="email" autocomplete="email" value=change.first/>
                    </Field>
                    <Field
                        id="email-password"
                        label="Present password"
                        hint="So that nobody changes it at a screen you left open."
                        error=change.error("current_password")
                    >
                        <PasswordInput name="current_password" value=change.second/>
                    </Field>
                    <div>
                        <Button submit=true variant=ButtonVariant::Primary loading=change.busy loading_label="Sending…">
                            "Change email address"
                        </Button>
                    </div>
                </form>
            </Card>
        </Section>
    }
    .into_any()
}
