//! Passkeys: the list on the page about security, and the button that signs in with one.

use domain::{
    FieldErrors, PasskeyId,
    identity::{NewPasskey, Passkey, PasskeyAnswer, PasskeyForm, PasskeyStep, RenamePasskey},
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{
    server_fns::{
        Changed, Entry, add_passkey, begin_passkey, begin_passkey_sign_in, name_passkey, remove_passkey,
        sign_in_with_passkey, view_passkeys,
    },
    webauthn,
};
use crate::{
    AppError,
    layouts::{leave_for, load, use_refusal},
    session::use_session,
    ui::{
        Banner, Button, ButtonSize, ButtonVariant, Card, ConfirmDialog, Field, Glyph, Input, PasswordInput,
        RelativeTime, Section, SkeletonRows, Toasts, Tone, icon, use_toasts,
    },
};

#[derive(Clone, Copy)]
struct Board {
    passkeys: RwSignal<Vec<Passkey>>,
    removing: RwSignal<Option<Passkey>>,
    /// The one whose name is being changed.
    renaming: RwSignal<Option<PasskeyId>>,
    toasts: Toasts,
    refusal: Callback<(String, AppError)>,
}

impl Board {
    fn look_again(self) {
        spawn_local(async move {
            if let Ok(passkeys) = view_passkeys().await {
                let _page_gone = self.passkeys.try_set(passkeys);
            }
        });
    }

    fn remove(self, passkey: Passkey) {
        spawn_local(async move {
            match remove_passkey(passkey.id).await {
                Ok(()) => {
                    self.toasts.success(format!("The passkey “{}” is removed", passkey.name));
                }
                Err(error) => self.refusal.run(("The passkey was not removed".to_owned(), error)),
            }
            self.look_again();
        });
    }
}

/// The section of the page about security.
pub fn passkeys_section(passkeys: Resource<Result<Vec<Passkey>, AppError>>) -> AnyView {
    let body = if use_session().passkeys() {
        load(passkeys, "your passkeys", || view! { <SkeletonRows label="Loading your passkeys" count=1/> }, full)
    } else {
        view! { <Banner tone=Tone::Neutral title=domain::identity::NO_PASSKEYS/> }.into_any()
    };
    view! {
        <Section id="passkeys-heading" title="Passkeys">
            <p class="mb-3 text-muted">
                "Sign in with your fingerprint, your face or a security key: nothing to remember, and nothing that a false page could learn."
            </p>
            {body}
        </Section>
    }
    .into_any()
}

fn full(passkeys: Vec<Passkey>) -> AnyView {
    let refusal = use_refusal();
    let board = Board {
        passkeys: RwSignal::new(passkeys),
        removing: RwSignal::new(None),
        renaming: RwSignal::new(None),
        toasts: use_toasts(),
        refusal: Callback::new(move |(title, error): (String, AppError)| refusal(&title, &error)),
    };
    view! {
        <div class="grid grid-cols-1 gap-4">
            <div hidden=move || board.passkeys.read().is_empty()>
                <Card>
                    <ul class="divide-y divide-border" aria-label="Your passkeys">
                        <For
                            each=move || board.passkeys.get()
                            key=|passkey| (passkey.id, passkey.name.clone(), passkey.last_used_at)
                            let:passkey
                        >
                            {row(board, passkey)}
                        </For>
                    </ul>
                </Card>
            </div>
            {add(board)}
        </div>
        {remove_dialog(board)}
    }
    .into_any()
}

fn row(board: Board, passkey: Passkey) -> AnyView {
    let id = passkey.id;
    let (rename, remove) = (format!("Rename {}", passkey.name), format!("Remove {}", passkey.name));
    let used = match passkey.last_used_at {
        Some(at) => view! { "last used " <RelativeTime at/> }.into_any(),
        None => "not used yet".into_any(),
    };
    let (name, created_at) = (passkey.name.clone(), passkey.created_at);
    let shown = passkey.clone();
    view! {
        <li class="flex flex-wrap items-center gap-3 px-4 py-3">
            {icon(Glyph::Fingerprint, "size-5 shrink-0 text-muted max-sm:hidden")}
            {move || {
                if board.renaming.get() == Some(id) {
                    rename_form(board, shown.clone())
                } else {
                    view! {
                        <div class="min-w-0 flex-1 basis-48">
                            <p class="font-medium break-words">{name.clone()}</p>
                        </div>
                    }
                        .into_any()
                }
            }}
            <p class="text-sm text-muted">"added " <RelativeTime at=created_at/> " · " {used}</p>
            <div class="flex gap-2">
                <Button size=ButtonSize::Small label=rename on_click=move |_| board.renaming.set(Some(id))>"Rename"</Button>
                <Button
                    size=ButtonSize::Small
                    variant=ButtonVariant::DangerQuiet
                    label=remove
                    on_click=move |_| board.removing.set(Some(passkey.clone()))
                >
                    "Remove"
                </Button>
            </div>
        </li>
    }
    .into_any()
}

fn rename_form(board: Board, passkey: Passkey) -> AnyView {
    let name = RwSignal::new(passkey.name);
    let error = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = RenamePasskey { name: name.get_untracked() };
        error.set(form.check().get("name").map(str::to_owned));
        if error.read_untracked().is_some() {
            return;
        }
        spawn_local(async move {
            match name_passkey(passkey.id, form).await {
                Ok(Changed::Done { .. }) => {
                    let _page_gone = board.renaming.try_set(None);
                    board.look_again();
                }
                Ok(Changed::Refused { fields, message }) => {
                    let _page_gone = error.try_set(fields.get("name").map(str::to_owned).or(message));
                }
                Err(refused) => board.refusal.run(("The passkey was not renamed".to_owned(), refused)),
            }
        });
    };
    view! {
        <form class="flex min-w-0 flex-1 basis-64 flex-wrap items-start gap-2" novalidate on:submit=submit>
            <div class="min-w-0 flex-1">
                <Field id=format!("rename-{}", passkey.id) label="Name" label_hidden=true error=Signal::derive(move || error.get())>
                    <Input name="name" value=name maxlength=60u32 autofocus=true/>
                </Field>
            </div>
            <Button submit=true variant=ButtonVariant::Primary>"Save"</Button>
            <Button on_click=move |_| board.renaming.set(None)>"Cancel"</Button>
        </form>
    }
    .into_any()
}

fn add(board: Board) -> AnyView {
    let (name, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let errors = RwSignal::new(FieldErrors::default());
    let message = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let error =
        move |name: &'static str| Signal::derive(move || errors.with(|errors| errors.get(name).map(str::to_owned)));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = PasskeyForm { name: name.get_untracked(), current_password: password.get_untracked() };
        let found = form.check();
        let sound = found.is_empty() && !busy.get_untracked();
        errors.set(found);
        message.set(None);
        if !sound {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match made(form).await {
                Ok(Changed::Done { value }) => {
                    board.toasts.success(format!("The passkey “{}” is added", value.name));
                    for field in [name, password] {
                        let _page_gone = field.try_set(String::new());
                    }
                    board.look_again();
                }
                Ok(Changed::Refused { fields, message: told }) => {
                    let _page_gone = errors.try_set(fields);
                    let _page_gone = message.try_set(told);
                }
                Err(refused) => board.refusal.run(("The passkey was not added".to_owned(), refused)),
            }
            let _page_gone = busy.try_set(false);
        });
    };
    view! {
        <Card class="p-4 sm:p-5 noscript:hidden">
            <form method="post" class="grid gap-4" novalidate on:submit=submit>
                <div aria-live="assertive" class="empty:hidden">
                    {move || message.get().map(|title| view! { <Banner tone=Tone::Danger title/> })}
                </div>
                <Field id="passkey-name" label="Name" hint="So that you know it again, such as “My phone”." error=error("name")>
                    <Input name="name" value=name maxlength=60u32 autocomplete="off"/>
                </Field>
                <Field id="passkey-password" label="Present password" error=error("current_password")>
                    <PasswordInput name="current_password" value=password/>
                </Field>
                <div>
                    <Button submit=true icon=Glyph::Fingerprint loading=busy loading_label="Waiting for your device…">
                        "Add a passkey"
                    </Button>
                </div>
            </form>
        </Card>
    }
    .into_any()
}

/// Options from the server, a passkey from the device, and back.
async fn made(form: PasskeyForm) -> Result<Changed<Passkey>, AppError> {
    let name = form.name.trim().to_owned();
    let options = match begin_passkey(form).await? {
        Changed::Done { value } => value,
        Changed::Refused { fields, message } => return Ok(Changed::Refused { fields, message }),
    };
    match webauthn::create(&options.options).await {
        Ok(credential) => add_passkey(NewPasskey { name, credential }).await,
        Err(error) => Ok(Changed::Refused { fields: FieldErrors::default(), message: Some(error.words().to_owned()) }),
    }
}

fn remove_dialog(board: Board) -> AnyView {
    let open = RwSignal::new(false);
    Effect::new(move |_| {
        if board.removing.read().is_some() {
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            board.removing.set(None);
        }
    });
    let name =
        Signal::derive(move || board.removing.read().as_ref().map(|passkey| passkey.name.clone()).unwrap_or_default());
    view! {
        <ConfirmDialog
            id="remove-passkey"
            open
            title=Signal::derive(move || format!("Remove “{}”?", name.get()))
            consequence="It opens your account no more. Delete it on the device as well, where it would be offered in vain."
            confirm="Remove passkey"
            on_confirm=move |()| {
                if let Some(passkey) = board.removing.get_untracked() {
                    board.remove(passkey);
                }
                open.set(false);
            }
        />
    }
    .into_any()
}

/// Signs in with a passkey, from the login page or as the second step.
#[component]
pub fn PasskeyButton(step: PasskeyStep, next: Option<String>) -> impl IntoView {
    let message = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let next = StoredValue::new(next);
    let go = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        message.set(None);
        spawn_local(async move {
            match used(step, next.get_value()).await {
                Ok(Ok(to)) => {
                    leave_for(&to);
                    return;
                }
                Ok(Err(words)) => {
                    let _page_gone = message.try_set(Some(words));
                }
                Err(error) => {
                    let _page_gone = message.try_set(Some(error.message().to_owned()));
                }
            }
            let _page_gone = busy.try_set(false);
        });
    };
    use_session().passkeys().then(|| {
        view! {
            <div class="mt-4 grid gap-3 noscript:hidden">
                <div aria-live="assertive" class="empty:hidden">
                    {move || message.get().map(|title| view! { <Banner tone=Tone::Danger title/> })}
                </div>
                <Button
                    size=ButtonSize::Large
                    class="w-full"
                    icon=Glyph::Fingerprint
                    loading=busy
                    loading_label="Waiting for your device…"
                    on_click=go
                >
                    "Sign in with a passkey"
                </Button>
            </div>
        }
        .into_any()
    })
}

/// Where to go, or why not.
async fn used(step: PasskeyStep, next: Option<String>) -> Result<Result<String, String>, AppError> {
    let options = begin_passkey_sign_in(step).await?;
    let credential = match webauthn::get(&options.options).await {
        Ok(credential) => credential,
        Err(error) => return Ok(Err(error.words().to_owned())),
    };
    Ok(match sign_in_with_passkey(PasskeyAnswer { step, credential }, next).await? {
        Entry::Welcome { to } => Ok(to),
        Entry::Refused { fields, message } => Err(message
            .or_else(|| fields.0.into_values().next())
            .unwrap_or_else(|| webauthn::DeviceError::Failed.words().to_owned())),
    })
}
