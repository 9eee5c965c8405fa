//! `/settings/api-keys`: the keys with which programs act in the workspace.

use domain::{
    FieldErrors,
    workspaces::{ApiKey, ApiKeyState, MadeApiKey, NewApiKey, Scope},
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::server_fns::{KeyMade, make_api_key, revoke_api_key, view_api_keys};
use crate::{
    AppError,
    layouts::{PageFrame, load, use_refusal},
    ui::{
        Badge, Banner, Button, ButtonSize, ButtonVariant, Checkbox, ConfirmDialog, CopyButton, Dialog, DialogSize,
        EmptyState, Field, Glyph, Input, RelativeTime, Select, SelectOption, SkeletonRows, Table, Tag, Td, Th, Thead,
        Toasts, Tone, Tr, use_toasts,
    },
};

/// What the page shows and does.
#[derive(Clone, Copy)]
struct Board {
    keys: RwSignal<Vec<ApiKey>>,
    /// The dialog for a new one.
    making: RwSignal<bool>,
    /// The key that was just made, while its dialog is open.
    made: RwSignal<Option<MadeApiKey>>,
    /// What the other dialog asks about.
    revoking: RwSignal<Option<ApiKey>>,
    toasts: Toasts,
    refusal: Callback<(String, AppError)>,
}

impl Board {
    fn look_again(self) {
        spawn_local(async move {
            if let Ok(keys) = view_api_keys().await {
                let _page_gone = self.keys.try_set(keys);
            }
        });
    }
}

/// The keys of the workspace.
#[component]
pub fn ApiKeysPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| view_api_keys());
    let making = RwSignal::new(false);
    view! {
        <PageFrame
            title="API keys"
            lead="For programs that publish or read in this workspace over the REST API. A key acts as whoever makes it, within the scopes it is given."
            actions=move || actions(making)
        >
            {load(data, "the API keys", || view! { <SkeletonRows label="Loading the API keys" count=3/> }, move |keys| full(keys, making))}
        </PageFrame>
    }
    .into_any()
}

fn actions(making: RwSignal<bool>) -> AnyView {
    // Without a script it does nothing.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    view! {
        <Button href="/api/docs" new_tab=true icon=Glyph::FileText>"API reference"</Button>
        {move || {
            alive
                .get()
                .then(|| {
                    view! {
                        <Button variant=ButtonVariant::Primary icon=Glyph::Plus on_click=move |_| making.set(true)>
                            "New key"
                        </Button>
                    }
                })
        }}
    }
    .into_any()
}

fn full(keys: Vec<ApiKey>, making: RwSignal<bool>) -> AnyView {
    let refusal = use_refusal();
    let board = Board {
        keys: RwSignal::new(keys),
        making,
        made: RwSignal::new(None),
        revoking: RwSignal::new(None),
        toasts: use_toasts(),
        refusal: Callback::new(move |(title, error): (String, AppError)| refusal(&title, &error)),
    };
    let is_empty = Memo::new(move |_| board.keys.read().is_empty());
    view! {
        {move || {
            if is_empty.get() {
                view! {
                    <EmptyState
                        title="No program has a key"
                        text="Make one for each program, with no more than it needs. You can revoke it at any time."
                        level=2
                    />
                }
                    .into_any()
            } else {
                table(board)
            }
        }}
        <NewKeyDialog board/>
        <RevokeDialog board/>
    }
    .into_any()
}

fn table(board: Board) -> AnyView {
    view! {
        <Table label="API keys" min_width="min-w-[48rem]">
            <Thead>
                <Th label="Key"/>
                <Th label="May"/>
                <Th label="Made"/>
                <Th label="Expires"/>
                <Th label="Last used"/>
                <Th label="Actions" hidden=true/>
            </Thead>
            <tbody>
                <For each=move || board.keys.get() key=|key| (key.id, key.state, key.last_used_at) let:key>
                    {row(board, key)}
                </For>
            </tbody>
        </Table>
    }
    .into_any()
}

fn row(board: Board, key: ApiKey) -> AnyView {
    let asked = key.clone();
    let state = match key.state {
        ApiKeyState::Active => None,
        ApiKeyState::Expired => Some(("Expired", "It has outlived its time. Revoke it, or leave it as a reminder.")),
        ApiKeyState::Stopped => Some(("Stopped", "Whoever made it does not work here any more.")),
    };
    let state = state.map(|(word, why)| {
        view! { <span title=why><Badge tone=Tone::Warning with_glyph=true>{word}</Badge></span> }
    });
    let scopes = key.scopes.into_iter().map(|scope| view! { <li><Tag>{scope.as_str()}</Tag></li> }).collect_view();
    let by = key.created_by_name.unwrap_or_else(|| "Somebody who has left".to_owned());
    let expires = match key.expires_at {
        Some(at) => view! { <RelativeTime at/> }.into_any(),
        None => "Never".into_any(),
    };
    let used = match key.last_used_at {
        Some(at) => view! { <RelativeTime at/> }.into_any(),
        None => "Not yet".into_any(),
    };
    let (name, title, shown) = (key.name.clone(), key.name.clone(), key.name);
    let whole_by = by.clone();
    view! {
        <Tr>
            <Td>
                <div class="min-w-0 py-2">
                    <p class="flex items-center gap-2">
                        <span class="max-w-56 truncate font-medium" title=title>{shown}</span>
                        {state}
                    </p>
                    <p class="font-mono text-sm text-muted">{key.prefix} "…"</p>
                </div>
            </Td>
            <Td>
                <ul aria-label="Scopes" class="flex max-w-80 flex-wrap gap-1 py-2">{scopes}</ul>
            </Td>
            <Td muted=true>
                <p class="max-w-40 truncate" title=whole_by>{by}</p>
                <p class="text-sm"><RelativeTime at=key.created_at/></p>
            </Td>
            <Td muted=true>{expires}</Td>
            <Td muted=true>{used}</Td>
            <Td>
                <div class="flex justify-end">
                    <Button
                        size=ButtonSize::Small
                        label=format!("Revoke {name}")
                        on_click=move |_| board.revoking.set(Some(asked.clone()))
                    >
                        "Revoke"
                    </Button>
                </div>
            </Td>
        </Tr>
    }
    .into_any()
}

/// What is typed for a new key.
#[derive(Clone, Copy)]
struct Form {
    name: RwSignal<String>,
    scopes: StoredValue<Vec<(Scope, RwSignal<bool>)>>,
    days: RwSignal<String>,
    errors: RwSignal<FieldErrors>,
    message: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
}

/// Whoever chooses nothing gets a key that ends by itself.
const DAYS: &str = "90";

impl Form {
    fn new() -> Self {
        Self {
            name: RwSignal::new(String::new()),
            scopes: StoredValue::new(Scope::ALL.map(|scope| (scope, RwSignal::new(false))).into()),
            days: RwSignal::new(DAYS.to_owned()),
            errors: RwSignal::new(FieldErrors::default()),
            message: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    fn clear(self) {
        self.name.set(String::new());
        self.scopes.with_value(|scopes| scopes.iter().for_each(|(_, chosen)| chosen.set(false)));
        self.days.set(DAYS.to_owned());
        self.errors.set(FieldErrors::default());
        self.message.set(None);
    }

    fn read(self) -> NewApiKey {
        let scopes = self.scopes.with_value(|scopes| {
            scopes.iter().filter(|(_, chosen)| chosen.get_untracked()).map(|(scope, _)| *scope).collect()
        });
        let expires_in_days = self.days.with_untracked(|days| days.parse().ok());
        NewApiKey { name: self.name.get_untracked(), scopes, expires_in_days }
    }

    fn error(self, name: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.errors.with(|errors| errors.get(name).map(str::to_owned)))
    }
}

/// Asks what the key is for; then shows it, once.
#[component]
fn NewKeyDialog(board: Board) -> impl IntoView {
    let form = Form::new();
    Effect::new(move |before: Option<bool>| {
        let open = board.making.get();
        if before == Some(true) && !open {
            // The key is nowhere any more.
            board.made.set(None);
            form.clear();
        }
        open
    });
    let title = Signal::derive(move || {
        if board.made.read().is_some() { "Copy your new key" } else { "New API key" }.to_owned()
    });
    view! {
        <Dialog id="new-key" open=board.making title size=DialogSize::Large>
            {move || match board.made.get() {
                Some(made) => shown_once(board, made),
                None => new_key_form(board, form),
            }}
        </Dialog>
    }
    .into_any()
}

fn new_key_form(board: Board, form: Form) -> AnyView {
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let wanted = form.read();
        let found = wanted.check();
        let sound = found.is_empty() && !form.busy.get_untracked();
        form.errors.set(found);
        form.message.set(None);
        if !sound {
            return;
        }
        form.busy.set(true);
        spawn_local(async move {
            match make_api_key(wanted).await {
                Ok(KeyMade::Made { made }) => {
                    let _page_gone = board.made.try_set(Some(*made));
                    board.look_again();
                }
                Ok(KeyMade::Refused { fields, message }) => {
                    let _page_gone = form.errors.try_set(fields);
                    let _page_gone = form.message.try_set(message);
                }
                Err(error) => board.refusal.run(("The key was not made".to_owned(), error)),
            }
            let _page_gone = form.busy.try_set(false);
        });
    };
    let choices = form.scopes.with_value(|scopes| {
        scopes
            .iter()
            .map(|(scope, chosen)| {
                view! {
                    <Checkbox
                        id=format!("scope-{}", scope.as_str().replace(':', "-"))
                        label=scope.words()
                        hint=scope.as_str()
                        checked=*chosen
                    />
                }
            })
            .collect_view()
    });
    let lives = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "It does not expire")];
    let lives: Vec<SelectOption> = lives.map(|(days, words)| SelectOption::new(days, words)).into();
    let scopes_wrong = form.error("scopes");
    view! {
        <form method="post" class="grid gap-4" novalidate on:submit=submit>
            <div aria-live="assertive" class="empty:hidden">
                {move || form.message.get().map(|title| view! { <Banner tone=Tone::Danger title/> })}
            </div>
            <Field id="key-name" label="Name" hint="Which program it is for" error=form.error("name")>
                <Input name="name" autocomplete="off" value=form.name/>
            </Field>
            <fieldset aria-describedby="key-scopes-note">
                <legend class="mb-2 text-sm font-medium">"What it may do"</legend>
                <div class="grid gap-x-6 gap-y-3 sm:grid-cols-2">{choices}</div>
                <div id="key-scopes-note" aria-live="polite">
                    {move || scopes_wrong.get().map(|wrong| view! { <p class="mt-2 text-sm text-danger">{wrong}</p> })}
                </div>
            </fieldset>
            <Field id="key-life" label="Expires after" error=form.error("expires_in_days")>
                <Select name="expires_in_days" options=lives value=form.days/>
            </Field>
            <div class="flex flex-wrap justify-end gap-2">
                <Button on_click=move |_| board.making.set(false)>"Cancel"</Button>
                <Button submit=true variant=ButtonVariant::Primary loading=form.busy loading_label="Making…">
                    "Make key"
                </Button>
            </div>
        </form>
    }
    .into_any()
}

fn shown_once(board: Board, made: MadeApiKey) -> AnyView {
    let origin = window().location().origin().unwrap_or_default();
    let example = format!("curl {origin}/api/auth/me \\\n  -H 'Authorization: Bearer {}'", made.key);
    let (copied, copied_example) = (made.key.clone(), example.clone());
    let name = made.api_key.name;
    view! {
        <Banner
            tone=Tone::Warning
            title="This is the only time the key is shown"
            text="Keep it where the program finds its secrets. Whoever has it can do what it may do."
        />
        <div class="grid gap-1.5">
            <p id="made-key-label" class="text-sm font-medium">{name}</p>
            <div class="flex flex-wrap items-center gap-2">
                <code
                    aria-labelledby="made-key-label"
                    data-key=""
                    class="min-w-0 flex-1 rounded-lg border border-border bg-sunken px-3 py-2 font-mono text-sm wrap-anywhere select-all"
                >
                    {made.key}
                </code>
                <CopyButton text=Signal::stored(copied) label="Copy key" words="Copy"/>
            </div>
        </div>
        <div class="grid gap-1.5">
            <p class="text-sm font-medium">"Try it"</p>
            <div class="flex flex-wrap items-start gap-2">
                <pre class="min-w-0 flex-1 rounded-lg border border-border bg-sunken px-3 py-2 font-mono text-sm wrap-anywhere whitespace-pre-wrap">{example}</pre>
                <CopyButton text=Signal::stored(copied_example) label="Copy the example"/>
            </div>
        </div>
        <div class="flex justify-end">
            <Button variant=ButtonVariant::Primary on_click=move |_| board.making.set(false)>"I have copied it"</Button>
        </div>
    }
    .into_any()
}

/// Asks before a program loses its key.
#[component]
fn RevokeDialog(board: Board) -> impl IntoView {
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    Effect::new(move |_| {
        if board.revoking.read().is_some() {
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            board.revoking.set(None);
        }
    });
    let title = Signal::derive(move || {
        board.revoking.read().as_ref().map_or_else(String::new, |key| format!("Revoke “{}”?", key.name))
    });
    let consequence = Signal::derive(|| {
        "The program that uses it is refused from this moment on. A revoked key cannot be brought back.".to_owned()
    });
    let confirm = move |()| {
        let Some(key) = board.revoking.get_untracked() else { return };
        busy.set(true);
        spawn_local(async move {
            let answer = revoke_api_key(key.id).await;
            let _page_gone = busy.try_set(false);
            let _page_gone = open.try_set(false);
            match answer {
                Ok(()) => {
                    board.toasts.success(format!("“{}” is revoked", key.name));
                }
                Err(error) => board.refusal.run((format!("“{}” was not revoked", key.name), error)),
            }
            board.look_again();
        });
    };
    view! {
        <ConfirmDialog
            id="revoke-key"
            open
            title
            consequence
            confirm="Revoke key"
            cancel="Keep it"
            busy=busy
            on_confirm=confirm
        />
    }
    .into_any()
}
