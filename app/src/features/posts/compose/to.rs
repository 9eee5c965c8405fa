//! Who gets the post.

use super::{editor::longest, model::is_exclusive, state::Composer};
use crate::{
    shared::{
        follow::one_of,
        words::{account_title, mark},
    },
    ui::{AccountChip, Button, ButtonSize, ButtonVariant, Glyph, SearchInput, icon},
};
use domain::{Platform, accounts::Account, posts::preflight::final_text};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// More accounts than these are searched, in a box that scrolls.
const FEW: usize = 24;
/// Chips that are drawn at once; searching finds the rest.
const SHOWN: usize = 120;
/// Names in a sentence.
const NAMED: usize = 3;

/// Those that publish and whose name, handle or platform holds all of `words`.
fn found(accounts: &[Account], words: &str) -> Vec<Account> {
    let words: Vec<_> = words.split_whitespace().map(str::to_lowercase).collect();
    let fits = |account: &&Account| {
        let handle = account.handle.as_deref().unwrap_or_default();
        let text = format!("{} {handle} {}", account.display_name, account.platform.label()).to_lowercase();
        account.platform.rules().is_some() && words.iter().all(|word| text.contains(word.as_str()))
    };
    accounts.iter().filter(fits).cloned().collect()
}

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
    let words = RwSignal::new(String::new());
    let many = Memo::new(move |_| possible.get() > FEW);
    let lengths = lengths(composer);
    let fitting = Memo::new(move |_| found(&accounts.read(), &words.read()));
    let drawn = Memo::new(move |_| fitting.read().iter().take(SHOWN).cloned().collect::<Vec<_>>());
    let unseen = Memo::new(move |_| fitting.read().len().saturating_sub(SHOWN));
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
        let (frame, role, stop) = if many.get() {
            ("relative max-h-64 overflow-y-auto rounded-lg border border-border p-2", Some("region"), Some("0"))
        } else {
            ("", None, None)
        };
        view! {
            {many
                .get()
                .then(|| {
                    view! {
                        <SearchInput
                            id="to-search"
                            name="accounts"
                            label="Find accounts"
                            placeholder="Name, handle or platform"
                            value=words
                            class="mb-2"
                        />
                    }
                })}
            <div class=frame role=role tabindex=stop aria-label=role.map(|_| "Accounts to publish to")>
                <ul class="flex flex-wrap gap-2 max-sm:grid max-sm:grid-cols-2" aria-labelledby="to-h">
                    <For
                        each=move || drawn.get()
                        key=|account| account.id
                        let:account
                    >
                        <li class="max-w-full min-w-0">{chip(one_of(accounts, account, |one| one.id), composer, lengths)}</li>
                    </For>
                </ul>
                {move || {
                    let words = match (fitting.read().len(), unseen.get()) {
                        (0, _) => "No account of that name.".to_owned(),
                        (_, 0) => return None,
                        (_, more) => format!("{more} more: search to see them."),
                    };
                    Some(view! { <p class="px-1 py-2 text-sm text-muted">{words}</p> })
                }}
            </div>
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
                    (!out.is_empty()).then(|| stepped_back(composer, out))
                }}
            </div>
        </section>
    }
    .into_any()
}

/// How long the text is for those without one of their own, as their platforms count.
fn lengths(composer: Composer) -> Memo<BTreeMap<Platform, u64>> {
    let platforms = Memo::new(move |_| {
        let mut platforms: Vec<_> = composer.targets().iter().map(|account| account.platform).collect();
        platforms.sort_unstable();
        platforms.dedup();
        platforms
    });
    Memo::new(move |_| {
        let (content, has_pictures) = (composer.draft.read().content(), !composer.pictures.read().is_empty());
        let used = |platform: Platform| platform.count(&final_text(&content, platform, has_pictures)) as u64;
        platforms.get().into_iter().map(|platform| (platform, used(platform))).collect()
    })
}

fn chip(account: Memo<Account>, composer: Composer, lengths: Memo<BTreeMap<Platform, u64>>) -> AnyView {
    let first = account.get_untracked();
    let (id, platform) = (first.id, first.platform);
    let limit = longest(composer, platform, move || vec![account.read().text_max]);
    let over = Memo::new(move |_| {
        let used = if composer.variations().read().contains_key(&id) {
            let content = composer.draft.read().content();
            let own = content.for_account(platform, id);
            platform.count(&final_text(&own, platform, !composer.pictures.read().is_empty())) as u64
        } else {
            lengths.read().get(&platform).copied().unwrap_or_default()
        };
        used.saturating_sub(limit.get())
    });
    let name = account_title(&first);
    let reason = Memo::new(move |_| composer.out_of_reach(&account.read()));
    view! {
        <AccountChip
            mark=mark(first.platform)
            name
            checked=Signal::derive(move || composer.chosen.read().contains(&id))
            reason=Signal::derive(move || reason.get())
            limit
            over
            on_toggle=move |on| composer.toggle(id, on)
        />
    }
    .into_any()
}

/// Why some accounts step back, and how they get the post all the same: with words of their own.
fn stepped_back(composer: Composer, out: Vec<Account>) -> AnyView {
    let mut platforms: Vec<_> = out.iter().map(|account| account.platform).filter(|one| is_exclusive(*one)).collect();
    platforms.dedup();
    let platforms = platforms.iter().map(|platform| platform.label()).collect::<Vec<_>>().join(" and ");
    let mut names: Vec<_> = out.iter().take(NAMED).map(account_title).collect();
    if out.len() > NAMED {
        names.push(format!("and {} more", out.len() - NAMED));
    }
    let verb = if out.len() == 1 { "is" } else { "are" };
    let names = names.join(", ");
    let ways = out
        .into_iter()
        .take(NAMED)
        .map(|account| {
            let words = format!("Write a variation for {}", account_title(&account));
            view! {
                <Button variant=ButtonVariant::Link size=ButtonSize::Small on_click=move |_| composer.vary(&account)>
                    {words}
                </Button>
            }
        })
        .collect_view();
    view! {
        <div class="mt-2.5 flex gap-2 text-sm text-muted">
            {icon(Glyph::StReconnect, "mt-[3px] size-3.5 text-warning-solid")}
            <div class="min-w-0">
                <p>
                    {format!(
                        "{platforms} does not allow the same text on two accounts: {names} {verb} left out. With other words it can go there too, or choose another account.",
                    )}
                </p>
                <p class="flex flex-wrap gap-x-4">{ways}</p>
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use domain::{AccountId, Platform, accounts::AccountStatus};

    fn account(platform: Platform, name: &str, handle: Option<&str>) -> Account {
        Account {
            id: AccountId(uuid::Uuid::nil()),
            platform,
            account_type: platform.account_type(),
            external_account_id: "1".into(),
            display_name: name.into(),
            handle: handle.map(str::to_owned),
            avatar_url: None,
            text_max: None,
            status: AccountStatus::Connected,
            status_reason: None,
            is_active: true,
            client: None,
            scopes: vec![],
            missing_scopes: vec![],
            token_expires_at: None,
            last_synced_at: None,
            connected_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn accounts_are_found_by_name_handle_and_platform() {
        let accounts = [
            account(Platform::Twitter, "Northwind Coffee", Some("@nwcoffee")),
            account(Platform::Linkedin, "Northwind Coffee", None),
            account(Platform::GoogleAds, "Northwind Coffee", None),
        ];
        let names = |words| found(&accounts, words).iter().map(|one| one.platform).collect::<Vec<_>>();
        assert_eq!(names(""), [Platform::Twitter, Platform::Linkedin], "only where Arctiv publishes");
        assert_eq!(names(" COFFEE linked"), [Platform::Linkedin]);
        assert_eq!(names("@nw"), [Platform::Twitter]);
        assert!(names("acme").is_empty());
    }
}
