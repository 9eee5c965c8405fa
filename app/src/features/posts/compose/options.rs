//! What is chosen per platform beyond the words: the form of the post, a first comment, TikTok's own settings.

use super::{
    advise::ask,
    choices::{Choices, INBOX, TiktokChoices},
    state::{Composer, PROMOTES},
};
use crate::{
    features::posts::components::summary,
    session::use_session,
    shared::words::{account_title, mark},
    ui::{
        Avatar, AvatarSize, Button, ButtonSize, ButtonVariant, Checkbox, Choice, Disclosure, Field, Glyph, Input,
        MarkSize, PlatformMark, RadioGroup, SegmentedControl, Spinner, Textarea, cx, grouped, icon,
    },
};
use domain::{
    AccountId, Platform,
    accounts::{Account, Creator},
    media::{MediaAsset, MediaKind},
    platform::{self, CommentRules, CreatorChoices, PostFormat, TiktokPrivacy},
    posts::preflight::length,
};
use leptos::prelude::*;

/// One part per platform that gets the post.
#[component]
pub fn Options(composer: Composer) -> impl IntoView {
    let platforms = Memo::new(move |_| {
        let targets = composer.targets();
        let of = |choices: &Choices| targets.iter().any(|account| account.platform == choices.platform);
        composer.choices().into_iter().filter(of).map(|choices| choices.platform).collect::<Vec<_>>()
    });
    let parts = move |platform: Platform| {
        composer
            .choices()
            .into_iter()
            .find(|choices| choices.platform == platform)
            .map(|choices| part(composer, choices))
    };
    view! {
        <section aria-labelledby="options-h" class:hidden=move || platforms.read().is_empty()>
            <h2 id="options-h" class="mb-3 text-base font-semibold">"Options"</h2>
            <ul class="divide-y divide-border rounded-lg border border-border bg-surface">
                <For each=move || platforms.get() key=|platform| *platform let:platform>
                    <li>{parts(platform)}</li>
                </For>
            </ul>
        </section>
    }
    .into_any()
}

fn part(composer: Composer, choices: Choices) -> AnyView {
    let platform = choices.platform;
    // TikTok wants its form to be seen; what was chosen before is seen too.
    let open = RwSignal::new(platform == Platform::Tiktok || choices.get().is_some());
    let words = Memo::new(move |_| summary(platform, choices.get().as_ref()));
    let formats = platform.rules().map(|rules| rules.formats).unwrap_or_default();
    let form = (formats.len() > 1).then(|| form(platform, formats, choices.format));
    let titled = Memo::new(move |_| titled(platform, &composer.pictures.read()));
    let title = move || titled.get().map(|(label, hint)| title(composer, choices, label, hint));
    let comment = platform.comment_rules().map(|rules| comment(composer, choices, rules));
    let audiences = platform.rules().map(|rules| rules.audiences).unwrap_or_default();
    let audience = (!audiences.is_empty()).then(|| seen_by(platform, audiences, choices.audience));
    let covered = Memo::new(move |_| covered(composer, choices));
    let cover = move || covered.get().map(|lasts| cover(composer, choices, lasts));
    let own = (platform == Platform::Tiktok).then(|| tiktok(composer, choices));
    view! {
        <Disclosure
            id=format!("options-{platform}")
            label=platform.label()
            before=move || view! { <PlatformMark mark=mark(platform) size=MarkSize::Bare/> }
            summary=words
            open
        >
            <div class="grid gap-4">{form} {cover} {title} {audience} {comment} {own}</div>
        </Disclosure>
    }
    .into_any()
}

fn form(platform: Platform, formats: &[PostFormat], value: RwSignal<String>) -> AnyView {
    let choices = formats.iter().map(|format| Choice::new(format.as_str(), format.label())).collect::<Vec<_>>();
    let hint = move || match value.read().as_str() {
        "story" => "One picture or video, gone after a day. No text is shown.",
        "reel" => "One upright video.",
        _ => "",
    };
    view! {
        <div>
            <p class="mb-1.5 text-sm font-medium" aria-hidden="true">"Appears as"</p>
            <SegmentedControl
                name=format!("format-{platform}")
                legend=format!("{} shows it as", platform.label())
                choices
                value
            />
            <p class="mt-1.5 text-sm text-muted empty:hidden" aria-live="polite">{hint}</p>
        </div>
    }
    .into_any()
}

/// Where what is in the post has a title of its own beside the words, what that is called, and what comes of it.
fn titled(platform: Platform, media: &[MediaAsset]) -> Option<(&'static str, &'static str)> {
    let has = |kind| media.iter().any(|asset| asset.content_type.kind() == kind);
    match platform {
        Platform::Facebook if has(MediaKind::Video) => Some(("Title of the video", "Optional. Shown beside it.")),
        Platform::Linkedin if has(MediaKind::Document) => {
            Some(("Title of the document", "Optional. Shown above it, in place of the file’s name."))
        }
        Platform::Tiktok if has(MediaKind::Image) => {
            Some(("Title of the pictures", "Optional. At most 90 characters."))
        }
        _ => None,
    }
}

fn title(composer: Composer, choices: Choices, label: &'static str, hint: &'static str) -> AnyView {
    let platform = choices.platform;
    view! {
        <Field id=format!("title-{platform}") label hint error=composer.error_of(format!("options.{platform}.title"))>
            <Input name=format!("options.{platform}.title") value=choices.title autocomplete="off"/>
        </Field>
    }
    .into_any()
}

/// How long the video lasts whose cover can be chosen, in milliseconds: on Instagram a reel's, and a video by itself is one
/// always; on TikTok one that does not go to the creator's inbox.
fn covered(composer: Composer, choices: Choices) -> Option<u32> {
    let chooses = match choices.platform {
        Platform::Instagram => choices.format_now() != PostFormat::Story,
        Platform::Tiktok => *choices.tiktok.privacy.read() != INBOX,
        _ => false,
    };
    let media = composer.pictures.read();
    let [only] = media.as_slice() else { return None };
    only.video.as_ref().filter(|_| chooses).map(|video| video.duration_ms)
}

/// Which picture of a video is shown before it plays, and on Instagram where a reel shows.
fn cover(composer: Composer, choices: Choices, lasts: u32) -> AnyView {
    let platform = choices.platform;
    let hint =
        format!("Optional. The moment whose picture is shown first, in seconds; the video lasts {}.", length(lasts));
    view! {
        <div class="grid gap-4">
            <Field id=format!("cover-{platform}") label="Cover" hint error=composer.error_of(format!("options.{platform}.cover_ms"))>
                <Input
                    name=format!("options.{platform}.cover_ms")
                    kind="number"
                    inputmode="decimal"
                    min="0"
                    value=choices.cover
                    autocomplete="off"
                    class="max-w-32"
                />
            </Field>
            {(platform == Platform::Instagram)
                .then(|| {
                    view! {
                        <Checkbox
                            id="instagram-feed"
                            label="Show the reel among the posts, too"
                            hint="Without it, only the tab of reels has it."
                            checked=choices.in_feed
                        />
                    }
                })}
        </div>
    }
    .into_any()
}

/// Who may see the post, where that can be chosen for each.
fn seen_by(platform: Platform, audiences: &[platform::Audience], value: RwSignal<String>) -> AnyView {
    let choices = audiences.iter().map(|audience| Choice::new(audience.as_str(), audience.label())).collect::<Vec<_>>();
    view! { <RadioGroup name=format!("audience-{platform}") legend="Who can see this post" choices value/> }.into_any()
}

fn comment(composer: Composer, choices: Choices, rules: &'static CommentRules) -> AnyView {
    let platform = choices.platform;
    let most = Memo::new(move |_| {
        let targets = composer.targets();
        rules.text_max_of(targets.iter().filter(|account| account.platform == platform).map(|account| account.text_max))
    });
    let text = choices.first_comment;
    let used = Memo::new(move |_| {
        let text = text.read();
        // LinkedIn escapes a post's text and not a comment's.
        if platform == Platform::Linkedin { text.chars().count() } else { platform.count(&text) }
    });
    let counter = move || {
        let colour = move || if used.get() > most.get() { "text-danger" } else { "text-muted" };
        view! {
            <span class=move || cx(&["text-xs tabular-nums", colour()])>
                {move || format!("{} / {}", grouped(used.get() as u64), grouped(most.get() as u64))}
            </span>
        }
    };
    let hint = match platform {
        Platform::Twitter => "Optional. A reply below the post; X charges for it as for a post.",
        _ => "Optional. Written below the post as soon as it is out.",
    };
    view! {
        <Field
            id=format!("first-comment-{platform}")
            label="First comment"
            hint
            error=composer.error_of(format!("options.{platform}.first_comment"))
            aside=counter
        >
            <Textarea name=format!("options.{platform}.first_comment") value=text rows=2 grow=true class="max-h-60"/>
        </Field>
    }
    .into_any()
}

/// What every one of the creators may choose; `None` while nothing is known of any.
fn common(creators: &[CreatorChoices]) -> Option<CreatorChoices> {
    let mut creators = creators.iter();
    let mut common = creators.next()?.clone();
    for other in creators {
        common.privacy.retain(|privacy| other.privacy.contains(privacy));
        common.comments &= other.comments;
        common.duets &= other.duets;
        common.stitches &= other.stitches;
    }
    Some(common)
}

fn tiktok(composer: Composer, choices: Choices) -> AnyView {
    let form = choices.tiktok;
    let accounts = Memo::new(move |_| {
        let targets = composer.targets();
        targets.into_iter().filter(|account| account.platform == Platform::Tiktok).collect::<Vec<_>>()
    });
    let allowed = Memo::new(move |_| {
        let creators = composer.creators().read();
        let known = |account: &Account| creators.get(&account.id).and_then(|creator| creator.choices.clone());
        common(&accounts.read().iter().filter_map(known).collect::<Vec<_>>())
    });
    let audiences = Memo::new(move |_| {
        let known = allowed.read().as_ref().map(|allowed| allowed.privacy.clone());
        let paid = form.promotes.get() && form.paid_partnership.get();
        audiences(known.as_deref(), &form.privacy.get_untracked(), paid)
    });
    let direct = Memo::new(move |_| *form.privacy.read() != INBOX);
    // A switch that the creator cannot use goes back by itself.
    Effect::new(move |_| {
        let Some(allowed) = allowed.get() else { return };
        for (can, on) in
            [(allowed.comments, form.comments), (allowed.duets, form.duets), (allowed.stitches, form.stitches)]
        {
            if !can && on.get_untracked() {
                on.set(false);
            }
        }
    });
    view! {
        <div class="grid gap-4">
            <ul aria-label="TikTok creators" class="grid gap-2">
                <For each=move || accounts.get() key=|account| account.id let:account>
                    <li>{creator(composer, account)}</li>
                </For>
            </ul>
            // Made anew for each list: inputs that stay while their words change would carry the choice to other words.
            <For each=move || std::iter::once(audiences.get()) key=|choices| choices.clone() let:choices>
                {audience(form, choices)}
            </For>
            {move || direct.get().then(|| direct_post(composer, choices.tiktok, allowed))}
        </div>
    }
    .into_any()
}

/// Who signs the post, as TikTok shows them, and how far asking has come.
fn creator(composer: Composer, account: Account) -> AnyView {
    let id = account.id;
    let known = Memo::new(move |_| composer.creators().read().get(&id).cloned());
    let session = use_session();
    let waiting = format!("Asking TikTok what {} may choose…", account_title(&account));
    let shown = move || match known.get() {
        Some(Creator { choices: Some(choices), pending, problem, .. }) => {
            let picture = session.picture(choices.avatar_url.as_deref().or(account.avatar_url.as_deref()));
            let handle = choices.handle.unwrap_or_default();
            view! {
                <div class="flex min-w-0 items-center gap-2.5">
                    <Avatar name=choices.nickname.clone() nostrip:src=picture size=AvatarSize::Medium decorative=true/>
                    <p class="min-w-0">
                        <span class="block truncate font-medium">{choices.nickname}</span>
                        <span class="block truncate text-sm text-muted">{handle}</span>
                    </p>
                    {(pending && problem.is_none()).then(|| view! { <Spinner/> })}
                </div>
                {problem.map(|problem| trouble(composer, id, problem))}
            }
            .into_any()
        }
        Some(Creator { problem: Some(problem), .. }) => trouble(composer, id, problem),
        _ => view! {
            <p class="flex items-center gap-2 text-sm text-muted" role="status">
                <Spinner/>
                {waiting.clone()}
            </p>
        }
        .into_any(),
    };
    shown.into_any()
}

fn trouble(composer: Composer, id: AccountId, problem: String) -> AnyView {
    view! {
        <p class="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-danger" role="status">
            {icon(Glyph::StFailed, "size-3.5 text-danger-solid")}
            <span class="min-w-0 flex-1 basis-48 wrap-anywhere">{problem}</span>
            <Button variant=ButtonVariant::Link size=ButtonSize::Small on_click=move |_| ask(composer, id, 20)>
                "Ask again"
            </Button>
        </p>
    }
    .into_any()
}

/// One audience to choose, and whether it cannot be.
type Audience = (TiktokPrivacy, bool);

/// Whom a post can be shown to: what the creators may choose. What was chosen before stays in sight until TikTok has
/// answered, and after, when it is refused. Branded content is not for the creator alone.
fn audiences(known: Option<&[TiktokPrivacy]>, chosen: &str, paid: bool) -> Vec<Audience> {
    TiktokPrivacy::ALL
        .into_iter()
        .filter(|privacy| known.is_some_and(|known| known.contains(privacy)) || privacy.as_str() == chosen)
        .map(|privacy| (privacy, paid && privacy == TiktokPrivacy::SelfOnly))
        .collect()
}

fn audience(form: TiktokChoices, audiences: Vec<Audience>) -> AnyView {
    let inbox = Choice::new(INBOX, "The creator chooses in TikTok")
        .hint("The post goes to the creator’s inbox, who picks the audience there and publishes it.");
    let choices = std::iter::once(inbox)
        .chain(audiences.into_iter().map(|(privacy, cannot)| {
            let choice = Choice::new(privacy.as_str(), privacy.label());
            if cannot { choice.hint("Not for branded content.").disabled() } else { choice }
        }))
        .collect::<Vec<_>>();
    view! { <RadioGroup name="tiktok-privacy" legend="Who can see this post" choices value=form.privacy/> }.into_any()
}

/// A switch's words, with why it cannot be used.
fn unless(
    words: &'static str,
    allowed: Memo<Option<CreatorChoices>>,
    can: fn(&CreatorChoices) -> bool,
) -> Signal<String> {
    Signal::derive(move || match allowed.read().as_ref() {
        Some(choices) if !can(choices) => format!("{words} (switched off at TikTok)"),
        _ => words.to_owned(),
    })
}

fn cannot(allowed: Memo<Option<CreatorChoices>>, can: fn(&CreatorChoices) -> bool) -> Signal<bool> {
    Signal::derive(move || allowed.read().as_ref().is_some_and(|choices| !can(choices)))
}

/// What TikTok asks of a post that goes to the profile at once.
fn direct_post(composer: Composer, form: TiktokChoices, allowed: Memo<Option<CreatorChoices>>) -> AnyView {
    let promotes = form.promotes;
    let error = composer.error_of(PROMOTES);
    let agreement = move || {
        let paid = promotes.get() && form.paid_partnership.get();
        view! {
            <p class="text-sm text-muted">
                "By posting, you agree to TikTok’s "
                {paid
                    .then(|| {
                        view! {
                            <a
                                href="https://www.tiktok.com/legal/page/global/bc-policy/en"
                                target="_blank"
                                rel="noreferrer"
                                class="underline underline-offset-4"
                            >
                                "Branded Content Policy"
                            </a>
                            " and "
                        }
                    })}
                <a
                    href="https://www.tiktok.com/legal/page/global/music-usage-confirmation/en"
                    target="_blank"
                    rel="noreferrer"
                    class="underline underline-offset-4"
                >
                    "Music Usage Confirmation"
                </a>
                "."
            </p>
        }
    };
    view! {
        <div class="grid gap-4">
            <fieldset class="grid gap-2.5">
                <legend class="mb-2 text-sm font-medium">"Allow people to"</legend>
                <Checkbox
                    id="tiktok-comments"
                    label=unless("Comment", allowed, |choices| choices.comments)
                    checked=form.comments
                    disabled=cannot(allowed, |choices| choices.comments)
                />
                <Checkbox
                    id="tiktok-duets"
                    label=unless("Duet with it, if it is a video", allowed, |choices| choices.duets)
                    checked=form.duets
                    disabled=cannot(allowed, |choices| choices.duets)
                />
                <Checkbox
                    id="tiktok-stitches"
                    label=unless("Stitch it, if it is a video", allowed, |choices| choices.stitches)
                    checked=form.stitches
                    disabled=cannot(allowed, |choices| choices.stitches)
                />
            </fieldset>
            <fieldset class="grid gap-2.5">
                <legend class="mb-2 text-sm font-medium">"Say openly"</legend>
                <Checkbox
                    id="tiktok-promotes"
                    label="This post promotes a brand, a product or a service"
                    hint="Off unless you, or somebody else, has something from it."
                    checked=promotes
                />
                {move || {
                    promotes
                        .get()
                        .then(|| {
                            view! {
                                <div class="ml-6.5 grid gap-2.5">
                                    <Checkbox
                                        id="tiktok-own-brand"
                                        label="Your brand"
                                        hint="You promote yourself or your own business. TikTok labels it “Promotional content”."
                                        checked=form.own_brand
                                    />
                                    <Checkbox
                                        id="tiktok-paid"
                                        label="Branded content"
                                        hint="You promote somebody else. TikTok labels it “Paid partnership”."
                                        checked=form.paid_partnership
                                    />
                                    {move || {
                                        error.get().map(|error| view! { <p class="text-sm text-danger" role="alert">{error}</p> })
                                    }}
                                </div>
                            }
                        })
                }}
                <Checkbox id="tiktok-ai" label="Made with AI" checked=form.made_with_ai/>
            </fieldset>
            <Checkbox
                id="tiktok-music"
                label="Let TikTok add music to pictures"
                checked=form.music
            />
            {agreement}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(privacy: &[TiktokPrivacy], comments: bool) -> CreatorChoices {
        CreatorChoices {
            nickname: "N".into(),
            handle: None,
            avatar_url: None,
            privacy: privacy.to_vec(),
            comments,
            duets: true,
            stitches: true,
            longest_video_seconds: None,
        }
    }

    #[test]
    fn several_creators_share_what_all_of_them_may_choose() {
        assert_eq!(common(&[]), None);
        let one = choices(&[TiktokPrivacy::PublicToEveryone, TiktokPrivacy::SelfOnly], true);
        let two = choices(&[TiktokPrivacy::SelfOnly, TiktokPrivacy::FollowerOfCreator], false);
        let both = common(&[one, two]).unwrap();
        assert_eq!((both.privacy, both.comments), (vec![TiktokPrivacy::SelfOnly], false));
    }

    #[test]
    fn what_was_chosen_stays_in_sight() {
        let (everyone, only_you) = (TiktokPrivacy::PublicToEveryone, TiktokPrivacy::SelfOnly);
        assert!(audiences(None, INBOX, false).is_empty(), "nothing is offered that nobody has said");
        assert_eq!(audiences(None, only_you.as_str(), false), [(only_you, false)]);
        assert_eq!(audiences(Some(&[everyone]), only_you.as_str(), true), [(everyone, false), (only_you, true)]);
    }
}
