//! Who gets the post.

use super::{model::is_exclusive, state::Composer};
use crate::{
    shared::{follow::one_of, words::mark},
    ui::{AccountChip, Button, ButtonSize, ButtonVariant, Glyph, icon},
};
use domain::accounts::Account;
use leptos::prelude::*;

/// The accounts as chips: pressed, not pressed, or out of reach with the reason.
#[component]
pub fn PublishTo(composer: Composer) -> impl IntoView {
    let accounts = composer.accounts;
    let possible =
        Memo::new(move |_| accounts.read().iter().filter(|account| account.platform.rules().is_some()).count());
    let chosen = move || composer.chosen.read().len();
    let is_empty = Memo::new(move |_| accounts.read().is_empty());
    let all_chosen = Memo::new(move |_| !composer.chosen.read().is_empty());
    let out = Memo::new(move |_| composer.stepping_back());
    let error = composer.error_of("account_ids");
    let list = move || {
        if is_empty.get() {
            return view! {
                <div class="flex flex-wrap items-center justify-between gap-3 rounded-lg border border-dashed border-border-strong p-4">
                    <p class="text-muted">"No account is connected yet. You can write now and connect one before you publish."</p>
                    <Button href="/accounts?connect=true" icon=Glyph::Plus>"Connect account"</Button>
                </div>
            }
            .into_any();
        }
        view! {
            <ul class="flex flex-wrap gap-2" aria-labelledby="to-h">
                <For
                    each=move || {
                        accounts.get().into_iter().filter(|account| account.platform.rules().is_some()).collect::<Vec<_>>()
                    }
                    key=|account| account.id
                    let:account
                >
                    <li class="max-w-full min-w-0">{chip(one_of(accounts, account, |one| one.id), composer)}</li>
                </For>
            </ul>
        }
        .into_any()
    };
    view! {
        <section aria-labelledby="to-h">
            <div class="mb-3 flex min-h-7 flex-wrap items-center justify-between gap-x-4 gap-y-2">
                <div class="flex items-center gap-2">
                    <h2 id="to-h" class="text-base font-semibold">"Publish to"</h2>
                    <span class="text-sm text-muted" aria-live="polite">
                        {move || match possible.get() {
                            0 => String::new(),
                            1 => format!("{} of 1 account", chosen()),
                            n => format!("{} of {n} accounts", chosen()),
                        }}
                    </span>
                </div>
                {move || {
                    (possible.get() > 1)
                        .then(|| {
                            let all = all_chosen.get();
                            view! {
                                <Button
                                    variant=ButtonVariant::Link
                                    size=ButtonSize::Small
                                    on_click=move |_| composer.choose_all(!all)
                                >
                                    {if all { "Clear all" } else { "Choose all" }}
                                </Button>
                            }
                        })
                }}
            </div>
            {list}
            <div aria-live="polite">
                {move || {
                    error
                        .get()
                        .map(|error| {
                            view! {
                                <p class="mt-2.5 flex gap-2 text-sm text-danger">
                                    {icon(Glyph::StFailed, "mt-[3px] size-3.5 text-danger-solid")}
                                    <span>{error}</span>
                                </p>
                            }
                        })
                }}
                {move || {
                    let out = out.get();
                    (!out.is_empty()).then(|| stepped_back(&out))
                }}
            </div>
        </section>
    }
    .into_any()
}

fn chip(account: Memo<Account>, composer: Composer) -> AnyView {
    let first = account.get_untracked();
    let id = first.id;
    let name = first.handle.clone().unwrap_or_else(|| first.display_name.clone());
    let reason = Memo::new(move |_| account.read().cannot_take_part());
    view! {
        <AccountChip
            mark=mark(first.platform)
            name
            checked=Signal::derive(move || composer.chosen.read().contains(&id))
            reason=Signal::derive(move || reason.get())
            on_toggle=move |on| composer.toggle(id, on)
        />
    }
    .into_any()
}

/// Why some accounts step back, and how they get the post all the same.
fn stepped_back(out: &[Account]) -> AnyView {
    let mut platforms: Vec<_> = out.iter().map(|account| account.platform).filter(|one| is_exclusive(*one)).collect();
    platforms.dedup();
    let platforms = platforms.iter().map(|platform| platform.label()).collect::<Vec<_>>().join(" and ");
    let names = out
        .iter()
        .map(|account| account.handle.clone().unwrap_or_else(|| account.display_name.clone()))
        .collect::<Vec<_>>()
        .join(", ");
    view! {
        <p class="mt-2.5 flex gap-2 text-sm text-muted">
            {icon(Glyph::StReconnect, "mt-[3px] size-3.5 text-warning-solid")}
            <span>
                {format!("{platforms} does not allow the same text on two accounts: {names} is left out. After saving, write a variation for it.")}
            </span>
        </p>
    }
    .into_any()
}
