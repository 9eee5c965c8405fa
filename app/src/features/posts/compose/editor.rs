//! The text: one for all, and one of its own for each platform that needs it; below it the length as each platform
//! counts it; and the link.

use super::state::Composer;
use crate::{
    shared::words::{account_title, mark},
    ui::{
        Button, ButtonSize, ButtonVariant, Field, Input, LimitMeter, MarkSize, PlatformMark, Tab, TabPanel, Tabs,
        Textarea, cx,
    },
};
use domain::{Platform, accounts::Account, posts::preflight::final_text};
use leptos::prelude::*;

const ROOT: &str = "text";

/// The editor.
#[component]
pub fn Editor(composer: Composer) -> impl IntoView {
    let selected = composer.tab();
    // Tabs for the platforms that get the post, and for those that have a text already.
    let platforms = Memo::new(move |_| {
        let targets = composer.targets();
        composer
            .own_texts()
            .into_iter()
            .filter(|(platform, text)| {
                targets.iter().any(|account| account.platform == *platform) || !text.read().trim().is_empty()
            })
            .map(|(platform, _)| platform)
            .collect::<Vec<_>>()
    });
    let with_own = Memo::new(move |_| {
        composer
            .own_texts()
            .into_iter()
            .filter(|(_, text)| !text.read().trim().is_empty())
            .map(|(platform, _)| platform)
            .collect::<Vec<_>>()
    });
    // And for those of the chosen accounts that have a text of their own.
    let varied = Memo::new(move |_| {
        let variations = composer.variations().read();
        composer.targets().into_iter().filter(|account| variations.contains_key(&account.id)).collect::<Vec<_>>()
    });
    let tabs = Signal::derive(move || {
        let with_own = with_own.read();
        let own = platforms.get().into_iter().map(|platform| {
            let tab = Tab::new(platform.as_str(), platform.label()).mark(mark(platform));
            if with_own.contains(&platform) { tab.dot(", has its own text") } else { tab }
        });
        let varied = varied.get().into_iter().map(|account| {
            Tab::new(account.id.to_string(), account_title(&account))
                .mark(mark(account.platform))
                .dot(", has its own text")
        });
        std::iter::once(Tab::new("all", "All platforms")).chain(own).chain(varied).collect::<Vec<_>>()
    });
    // The tab of a platform that no longer gets the post has gone.
    Effect::new(move |_| {
        let there = |selected: &str| {
            selected == "all"
                || platforms.read().iter().any(|platform| platform.as_str() == selected)
                || varied.read().iter().any(|account| account.id.to_string() == selected)
        };
        if !there(&selected.read()) {
            selected.set("all".to_owned());
        }
    });
    let note = move || match (with_own.read().len(), varied.read().len()) {
        (0, 0) => String::new(),
        (1, 0) => "1 platform has its own text".to_owned(),
        (n, 0) => format!("{n} platforms have their own text"),
        (0, 1) => "1 account has its own text".to_owned(),
        (0, n) => format!("{n} accounts have their own text"),
        (n, m) => format!("{} have their own text", n + m),
    };
    let error = composer.error_of("body");
    view! {
        <section aria-labelledby="text-h">
            <h2 id="text-h" class="mb-3 text-base font-semibold">"Text"</h2>
            <div
                data-ui="editor"
                class="overflow-hidden rounded-lg border border-field bg-surface has-[textarea:focus-visible]:outline-3 has-[textarea:focus-visible]:outline-offset-2 has-[textarea:focus-visible]:outline-ring"
            >
                <Tabs id=ROOT label="Text per platform" tabs selected class="bg-sunken px-3"/>
                <TabPanel id=ROOT key="all" selected>
                    <Textarea
                        id="post-text"
                        name="body"
                        label="Text for all platforms"
                        placeholder="What do you want to say?"
                        value=composer.body
                        rows=7
                        grow=true
                        bare=true
                        class="min-h-42 px-3.5 py-3 text-md"
                    />
                </TabPanel>
                {composer
                    .own_texts()
                    .into_iter()
                    .map(|(platform, text)| own_panel(composer, platform, text, selected))
                    .collect_view()}
                <For each=move || varied.get() key=|account| account.id let:account>
                    {variation(composer, account, selected)}
                </For>
                <p class="min-h-6 px-3.5 pb-2 text-right text-xs text-muted" aria-live="polite">{note}</p>
            </div>
            {move || error.get().map(|error| view! { <p class="mt-1.5 text-sm text-danger">{error}</p> })}
            {move || {
                let platforms = platforms.get();
                (!platforms.is_empty())
                    .then(|| {
                        let columns = match platforms.len() {
                            ..=2 => "grid-cols-2",
                            3 => "grid-cols-3",
                            4 => "grid-cols-4",
                            _ => "grid-cols-5",
                        };
                        let meters = platforms.into_iter().map(|platform| meter(composer, platform)).collect_view();
                        view! {
                            <ul aria-label="Length per platform" class=cx(&["mt-3 grid gap-3", columns])>
                                {meters}
                            </ul>
                        }
                    })
            }}
            <div class="mt-4">
                <Field id="post-link" label="Link" hint="Optional. Platforms with link cards show one." error=composer.error_of("link")>
                    <Input
                        name="link"
                        kind="url"
                        inputmode="url"
                        placeholder="https://"
                        autocomplete="off"
                        value=composer.link
                        maxlength=2000_u32
                    />
                </Field>
            </div>
        </section>
    }
    .into_any()
}

/// The text of one platform. Empty, it stands for the common text, from which it can start.
fn own_panel(composer: Composer, platform: Platform, text: RwSignal<String>, selected: RwSignal<String>) -> AnyView {
    let name = platform.label();
    let is_empty = Memo::new(move |_| text.read().is_empty());
    let has_common = Memo::new(move |_| !composer.body.read().trim().is_empty());
    let help = move || {
        if is_empty.get() && !has_common.get() {
            ().into_any()
        } else if is_empty.get() {
            view! {
                <Button
                    variant=ButtonVariant::Link
                    size=ButtonSize::Small
                    on_click=move |_| text.set(composer.body.get_untracked())
                >
                    "Start from the common text"
                </Button>
            }
            .into_any()
        } else {
            view! {
                <Button
                    variant=ButtonVariant::Link
                    size=ButtonSize::Small
                    on_click=move |_| text.set(String::new())
                >
                    "Use the common text again"
                </Button>
            }
            .into_any()
        }
    };
    view! {
        <TabPanel id=ROOT key=platform.as_str() selected>
            <Textarea
                id=format!("post-text-{platform}")
                name=format!("overrides.{platform}")
                label=format!("Text for {name} only")
                placeholder=format!("{name} gets the text for all platforms until you write one here.")
                value=text
                rows=7
                grow=true
                bare=true
                class="min-h-42 px-3.5 py-3 text-md"
            />
            <div class="px-3.5 pb-1">{help}</div>
        </TabPanel>
    }
    .into_any()
}

/// The text of one account, with its length.
fn variation(composer: Composer, account: Account, selected: RwSignal<String>) -> AnyView {
    let (id, platform) = (account.id, account.platform);
    let name = account_title(&account);
    let Some(text) = composer.variations().read_untracked().get(&id).cloned() else { return ().into_any() };
    let text = RwSignal::from(text);
    let has_pictures = Memo::new(move |_| !composer.pictures.read().is_empty());
    let used = Memo::new(move |_| {
        let content = composer.draft.read().content();
        platform.count(&final_text(&content.for_account(platform, id), platform, has_pictures.get())) as u64
    });
    let own = account.text_max;
    let most = longest(composer, platform, move || vec![own]);
    view! {
        <TabPanel id=ROOT key=id.to_string() selected>
            <Textarea
                id=format!("post-text-{id}")
                name=format!("variations.{id}")
                label=format!("Text for {name} only")
                placeholder=format!("What {name} gets in place of the other text.")
                value=text
                rows=7
                grow=true
                bare=true
                class="min-h-42 px-3.5 py-3 text-md"
            />
            <div class="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 px-3.5 pb-1">
                <Button variant=ButtonVariant::Link size=ButtonSize::Small on_click=move |_| composer.unvary(id)>
                    "Take this text away"
                </Button>
                <div class="w-24"><LimitMeter label=name.clone() used max=most/></div>
            </div>
        </TabPanel>
    }
    .into_any()
}

/// The longest text that accounts of `platform` take beside the post's media; `own`: what each takes by itself
/// ([`Account::text_max`]).
pub(super) fn longest(
    composer: Composer,
    platform: Platform,
    own: impl Fn() -> Vec<Option<u32>> + Send + Sync + 'static,
) -> Signal<u64> {
    Memo::new(move |_| {
        let pictures = composer.pictures.read();
        let kinds = pictures.iter().map(|asset| asset.kind);
        platform.rules().map_or(0, |rules| rules.text_max_beside(own(), kinds)) as u64
    })
    .into()
}

/// The length as `platform` counts what it would really get.
fn meter(composer: Composer, platform: Platform) -> AnyView {
    let used = Memo::new(move |_| {
        let text = final_text(&composer.draft.read().content(), platform, !composer.pictures.read().is_empty());
        platform.count(&text) as u64
    });
    view! {
        <li class="min-w-0">
            <LimitMeter
                label=platform.label()
                used
                max=longest(composer, platform, move || composer.own_limits(platform))
                before=move || {
                    view! {
                        <PlatformMark mark=mark(platform) size=MarkSize::Bare/>
                        <span class="sr-only">{platform.label()} ": "</span>
                    }
                }
            />
        </li>
    }
    .into_any()
}
