//! What a post will look like, platform by platform. Drawn with the words and pictures that are really sent
//! (`domain::posts::preflight::final_text`), not with what was typed.

use super::text::{post_text, shown};
use crate::{
    session::use_session,
    shared::{media::thumbnail, words::mark},
    ui::{Avatar, AvatarSize, Choice, Glyph, MarkSize, PlatformMark, SegmentedControl, cx, grouped, icon},
};
use domain::{
    AccountId, Platform,
    accounts::Account,
    media::{MediaAsset, MediaKind},
    platform::{Button, PostFormat, Preview},
    posts::{
        Content,
        preflight::{final_link, final_text, length},
    },
};
use leptos::prelude::*;
use std::borrow::Cow;

/// What is previewed.
#[derive(Clone, Debug, PartialEq)]
pub struct Previewed {
    pub content: Content,
    pub pictures: Vec<MediaAsset>,
    /// Who gets it; one preview per platform, with the first account's name, and one per account with words of its own.
    pub accounts: Vec<Account>,
}

/// One preview's facts, apart from the rest, so that typing for one platform leaves the others alone.
#[derive(Clone, Debug, PartialEq)]
struct One {
    platform: Platform,
    name: String,
    handle: Option<String>,
    avatar: Option<String>,
    text: String,
    /// The longest it may be for those that this preview stands for, as the platform counts.
    text_max: Option<usize>,
    own: bool,
    link: Option<String>,
    pictures: Vec<Shot>,
    format: PostFormat,
    first_comment: Option<String>,
    /// On TikTok: it goes to the creator's inbox.
    to_inbox: bool,
}

/// A picture, video or document as a feed shows it.
#[derive(Clone, Debug, PartialEq)]
struct Shot {
    src: String,
    alt: String,
    /// What lies over it: nothing on a picture, the length of a video, the pages of a document.
    badge: Option<String>,
    kind: MediaKind,
    /// Whether it is no picture of it but a sign of its kind.
    sign: bool,
    /// As Tailwind says it, as near to its own as Instagram allows.
    ratio: &'static str,
}

impl From<&MediaAsset> for Shot {
    fn from(asset: &MediaAsset) -> Self {
        let badge = match asset.kind {
            MediaKind::Image => None,
            MediaKind::Video => asset.video.map(|video| length(video.duration_ms)),
            MediaKind::Document => Some(match asset.pages {
                Some(1) => "PDF, 1 page".to_owned(),
                Some(pages) => format!("PDF, {pages} pages"),
                None => "PDF".to_owned(),
            }),
        };
        let ratio = ratio(asset.width.zip(asset.height));
        let alt = asset.alt_text.clone().unwrap_or_default();
        let sign = asset.thumbnail_url.is_none();
        Self { src: thumbnail(asset), alt, badge, kind: asset.kind, sign, ratio }
    }
}

/// Of Instagram's 4:5 to 1.91:1, what is nearest to a picture's own.
const fn ratio(size: Option<(u32, u32)>) -> &'static str {
    match size {
        Some((width, height)) if width * 10 > height * 15 => "aspect-[1.91/1]",
        Some((width, height)) if width * 10 > height * 9 => "aspect-square",
        _ => "aspect-[4/5]",
    }
}

impl Shot {
    /// It, filling what is around it.
    fn filling(&self) -> AnyView {
        // A sign says by itself what it stands for.
        let mark = match self.kind {
            MediaKind::Video if !self.sign => Some(Glyph::Play),
            MediaKind::Document if !self.sign => Some(Glyph::FileText),
            MediaKind::Image | MediaKind::Video | MediaKind::Document => None,
        };
        view! {
            <img src=self.src.clone() alt=self.alt.clone() class="absolute inset-0 size-full object-cover" loading="lazy"/>
            {mark
                .map(|glyph| {
                    view! {
                        <span class="absolute inset-0 grid place-items-center" aria-hidden="true">
                            <span class="grid size-11 place-items-center rounded-full bg-[#000000b8] text-[#ffffff]">
                                {icon(glyph, "size-5")}
                            </span>
                        </span>
                    }
                })}
            {self
                .badge
                .clone()
                .map(|badge| {
                    view! {
                        <span class="absolute bottom-2 left-2 rounded-sm bg-[#000000b8] px-1.5 py-0.5 text-xs text-[#ffffff] tabular-nums">
                            {badge}
                        </span>
                    }
                })}
        }
        .into_any()
    }
}

/// One preview: a platform's, or that of an account with words of its own.
type Shown = (Platform, Option<AccountId>);

fn previews(previewed: &Previewed) -> Vec<Shown> {
    let varied = |account: &Account| previewed.content.variations.contains_key(&account.id);
    let mut shown: Vec<Shown> = previewed
        .accounts
        .iter()
        .map(|account| (account.platform, Some(account.id).filter(|_| varied(account))))
        .collect();
    shown.sort_unstable();
    shown.dedup();
    shown
}

fn one(previewed: &Previewed, (platform, varied): Shown) -> One {
    let has_pictures = !previewed.pictures.is_empty();
    let own = &previewed.content.variations;
    let stands_for = |account: &&Account| match varied {
        Some(id) => account.id == id,
        None => account.platform == platform && !own.contains_key(&account.id),
    };
    let account = previewed.accounts.iter().find(stands_for);
    let own_limits = previewed.accounts.iter().filter(stands_for).map(|account| account.text_max);
    let kinds = previewed.pictures.iter().map(|asset| asset.kind);
    let content = varied.map_or(Cow::Borrowed(&previewed.content), |id| previewed.content.for_account(platform, id));
    let options = content.options_for(platform);
    let rules = platform.rules();
    let most = rules.map_or(usize::MAX, |rules| rules.images_max);
    One {
        platform,
        name: account.map(|account| account.display_name.clone()).unwrap_or_default(),
        handle: account.and_then(|account| account.handle.clone()),
        avatar: account.and_then(|account| account.avatar_url.clone()),
        text: final_text(&content, platform, has_pictures),
        text_max: rules.map(|rules| rules.text_max_beside(own_limits, kinds)),
        own: content.overrides.contains_key(&platform),
        link: final_link(&content, platform, has_pictures).map(str::to_owned),
        pictures: previewed.pictures.iter().take(most).map(Shot::from).collect(),
        format: options.format,
        first_comment: options.first_comment.clone().filter(|_| options.format != PostFormat::Story),
        to_inbox: platform == Platform::Tiktok && options.tiktok.is_none(),
    }
}

/// The previews, one per platform that gets the post.
#[component]
pub fn Previews(#[prop(into)] previewed: Signal<Previewed>) -> impl IntoView {
    let width = RwSignal::new("desktop".to_owned());
    let shown = Memo::new(move |_| previews(&previewed.read()));
    view! {
        <section
            aria-labelledby="previews-h"
            class="min-w-0 border-border bg-sunken max-lg:border-t lg:border-l"
        >
            // Beside what is written, however far that is scrolled.
            <div class="px-4 py-6 lg:sticky lg:top-26 lg:max-h-[calc(100dvh-6.5rem)] lg:overflow-y-auto lg:px-6">
            <div class="mb-4 flex items-center justify-between gap-3">
                <h2 id="previews-h" class="text-base font-semibold">"Previews"</h2>
                <SegmentedControl
                    name="preview-width"
                    legend="Preview width"
                    choices=vec![
                        Choice::new("desktop", "Desktop").icon(Glyph::Monitor),
                        Choice::new("phone", "Phone").icon(Glyph::Smartphone),
                    ]
                    value=width
                    icons_only=true
                />
            </div>
            {move || {
                shown
                    .read()
                    .is_empty()
                    .then(|| view! { <p class="text-sm text-muted">"Choose an account to see how the post will look there."</p> })
            }}
            <div
                class="relative max-sm:-mx-4 max-sm:overflow-x-auto max-sm:px-4 max-sm:py-1"
                tabindex="0"
                role="region"
                aria-label="Previews per platform"
            >
                <ul class=move || {
                    cx(&[
                        "columns-1 gap-6 max-sm:flex max-sm:w-max max-sm:snap-x max-sm:items-start max-sm:gap-4",
                        if *width.read() == "phone" { "sm:*:max-w-80 sm:*:mx-auto" } else { "xl:columns-2 min-[110rem]:columns-3" },
                    ])
                }>
                    <For each=move || shown.get() key=|shown| *shown let:shown>
                        <li class="break-inside-avoid pb-6 max-sm:w-72 max-sm:shrink-0 max-sm:snap-start max-sm:pb-0">
                            {preview(Memo::new(move |_| one(&previewed.read(), shown)), shown)}
                        </li>
                    </For>
                </ul>
            </div>
            </div>
        </section>
    }
    .into_any()
}

fn preview(facts: Memo<One>, (platform, varied): Shown) -> AnyView {
    let length = move || {
        let facts = facts.read();
        if facts.format == PostFormat::Story {
            return "Story".to_owned();
        }
        let count = platform.count(&facts.text) as u64;
        let own = if facts.own { "own text, " } else { "" };
        match facts.text_max {
            Some(most) => format!("{own}{} / {}", grouped(count), grouped(most as u64)),
            None => format!("{own}{}", grouped(count)),
        }
    };
    let session = use_session();
    let card = move || {
        let mut facts = facts.get();
        facts.avatar = session.picture(facts.avatar.as_deref());
        let preview = platform.descriptor().publishing.as_ref().map(|publishing| publishing.preview);
        match (preview, facts.format) {
            (Some(Preview::Page | Preview::Picture), PostFormat::Story) => story(&facts),
            (Some(Preview::Page | Preview::Picture), PostFormat::Reel) | (Some(Preview::Upright), _) => upright(&facts),
            (Some(Preview::Timeline(buttons)), _) => on_a_timeline(facts, buttons),
            (Some(Preview::Professional), _) => on_linkedin(facts),
            (Some(Preview::Picture), _) => on_instagram(facts),
            (Some(Preview::Page) | None, _) => on_facebook(facts),
        }
    };
    // An account with words of its own is named: another preview of its platform stands beside it.
    let name = move || match varied {
        Some(_) => format!("{}, {}", platform.label(), at(&facts.read())),
        None => platform.label().to_owned(),
    };
    let inbox = move || {
        facts.read().to_inbox.then(|| {
            view! {
                <p class="mt-2 flex gap-1.5 text-sm text-muted">
                    {icon(Glyph::StInfo, "mt-[3px] size-3.5")}
                    "Waits in the creator’s inbox until they publish it in TikTok."
                </p>
            }
        })
    };
    view! {
        <div data-preview=platform.as_str()>
            <div class="mb-2 flex items-center justify-between gap-3 text-sm">
                <span class="flex min-w-0 items-center gap-2">
                    <PlatformMark mark=mark(platform) size=MarkSize::Bare/>
                    <span class="truncate font-medium">{name}</span>
                </span>
                <span class="shrink-0 text-xs text-muted tabular-nums">{length}</span>
            </div>
            {card}
            {inbox}
        </div>
    }
    .into_any()
}

fn nothing() -> AnyView {
    view! { <p class="text-subtle">"Your text appears here."</p> }.into_any()
}

fn words(facts: &One) -> AnyView {
    if facts.text.is_empty() && facts.pictures.is_empty() && facts.link.is_none() {
        nothing()
    } else {
        post_text(&facts.text)
    }
}

/// How a feed folds a long text: from how many characters on, to how many lines, and what one presses to see the rest.
struct Fold {
    most: usize,
    lines: &'static str,
    more: &'static str,
}

const ON_LINKEDIN: Fold = Fold { most: 210, lines: "line-clamp-3", more: "…more" };
const ON_FACEBOOK: Fold = Fold { most: 477, lines: "line-clamp-5", more: "See more" };

/// The words as the feed shows them before anybody unfolds them.
fn folded(facts: &One, fold: &Fold) -> AnyView {
    if facts.text.chars().count() <= fold.most {
        return words(facts);
    }
    view! {
        <div class=fold.lines>{words(facts)}</div>
        <p class="text-xs text-muted">{fold.more}</p>
    }
    .into_any()
}

/// How a post is signed: pages go by their name, profiles by their handle.
fn signed(facts: &One) -> String {
    if matches!(facts.platform, Platform::Facebook | Platform::Linkedin) { facts.name.clone() } else { at(facts) }
}

/// How the account is called on networks of handles.
fn at(facts: &One) -> String {
    facts.handle.as_deref().map_or_else(|| facts.name.clone(), |handle| handle.trim_start_matches('@').to_owned())
}

/// The place of the first picture, where a network shows nothing without one.
fn no_picture() -> AnyView {
    view! {
        <div class="grid aspect-square place-content-center justify-items-center gap-2 bg-sunken text-sm text-muted">
            {icon(Glyph::Image, "size-5")}
            "A picture leads here."
        </div>
    }
    .into_any()
}

const fn glyph(button: Button) -> Glyph {
    match button {
        Button::Reply => Glyph::MessageCircle,
        Button::Repost => Glyph::Repeat2,
        Button::Like => Glyph::Heart,
        Button::Favourite => Glyph::Star,
        Button::Views => Glyph::ChartNoAxesColumn,
        Button::Bookmark => Glyph::Bookmark,
    }
}

fn on_a_timeline(facts: One, buttons: &[Button]) -> AnyView {
    let text = words(&facts);
    let glyphs: Vec<Glyph> = buttons.iter().copied().map(glyph).collect();
    let handle = facts.handle.clone().unwrap_or_default();
    view! {
        <div class="flex gap-3 overflow-hidden rounded-lg border border-border bg-surface p-4">
            {face(&facts, false)}
            <div class="min-w-0 flex-1">
                <p class="truncate">
                    <span class="font-semibold">{facts.name.clone()}</span>
                    <span class="text-muted">{format!(" {handle} · now")}</span>
                </p>
                <div class="mt-0.5">{text}</div>
                {(!facts.pictures.is_empty())
                    .then(|| view! { <div class="mt-3">{pictures(&facts.pictures, "rounded-xl border border-border")}</div> })}
                {linked(&facts).map(|card| view! { <div class="mt-3">{card}</div> })}
                {bar(&glyphs, &[])}
                {reply(&facts)}
            </div>
        </div>
    }
    .into_any()
}

/// Timelines show a first comment as what it is there: a reply.
fn reply(facts: &One) -> Option<AnyView> {
    let text = facts.first_comment.as_deref()?;
    let handle = facts.handle.clone().unwrap_or_default();
    let view = view! {
        <div class="mt-3 border-t border-border pt-3">
            <p class="truncate text-sm">
                <span class="font-semibold">{facts.name.clone()}</span>
                <span class="text-muted">{format!(" {handle} · now")}</span>
            </p>
            <p class="text-xs text-muted">"Replying to itself"</p>
            <div class="mt-0.5">{post_text(text)}</div>
        </div>
    };
    Some(view.into_any())
}

/// A first comment, where comments stand below a post.
fn first_comment(facts: &One) -> Option<AnyView> {
    let text = facts.first_comment.as_deref()?;
    let name = signed(facts);
    let view = view! {
        <div class="flex gap-2 border-t border-border px-4 py-3 text-sm">
            {face_of(facts, AvatarSize::Small)}
            <div class="min-w-0 rounded-lg bg-sunken px-2.5 py-1.5">
                <p class="truncate font-semibold">{name}</p>
                {post_text(text)}
            </div>
        </div>
    };
    Some(view.into_any())
}

fn on_linkedin(facts: One) -> AnyView {
    let text = folded(&facts, &ON_LINKEDIN);
    view! {
        <div class="overflow-hidden rounded-lg border border-border bg-surface">
            <div class="flex items-center gap-2.5 p-4 pb-3">
                {face(&facts, true)}
                <div class="min-w-0">
                    <p class="truncate font-semibold">{facts.name.clone()}</p>
                    <p class="flex items-center gap-1 text-xs text-muted">"Now ·" {icon(Glyph::Globe, "size-3")}</p>
                </div>
            </div>
            <div class="px-4 pb-3">{text}</div>
            {pictures(&facts.pictures, "")}
            {card(&facts)}
            {bar(
                &[Glyph::ThumbsUp, Glyph::MessageSquareText, Glyph::Repeat2, Glyph::Send],
                &["Like", "Comment", "Repost", "Send"],
            )}
            {first_comment(&facts)}
        </div>
    }
    .into_any()
}

fn on_facebook(facts: One) -> AnyView {
    let text = folded(&facts, &ON_FACEBOOK);
    view! {
        <div class="overflow-hidden rounded-lg border border-border bg-surface">
            <div class="flex items-center gap-2.5 p-4 pb-3">
                {face(&facts, false)}
                <div class="min-w-0">
                    <p class="truncate font-semibold">{facts.name.clone()}</p>
                    <p class="flex items-center gap-1 text-xs text-muted">"Just now ·" {icon(Glyph::Globe, "size-3")}</p>
                </div>
            </div>
            <div class="px-4 pb-3">{text}</div>
            {pictures(&facts.pictures, "")}
            {card(&facts)}
            {bar(&[Glyph::ThumbsUp, Glyph::MessageCircle, Glyph::Forward], &["Like", "Comment", "Share"])}
            {first_comment(&facts)}
        </div>
    }
    .into_any()
}

/// One picture at a time, the words below it.
fn on_instagram(facts: One) -> AnyView {
    let name = at(&facts);
    let count = facts.pictures.len();
    let picture = match facts.pictures.first() {
        None => no_picture(),
        Some(shot) => view! {
            <div class=cx(&["relative bg-neutral-bg", shot.ratio])>
                {shot.filling()}
                {(count > 1)
                    .then(|| {
                        view! {
                            <span class="absolute top-3 right-3 rounded-full bg-[#000000b8] px-2 py-0.5 text-xs text-[#ffffff] tabular-nums">
                                {format!("1/{count}")}
                            </span>
                        }
                    })}
            </div>
        }
        .into_any(),
    };
    let dots = (count > 1).then(|| {
        (0..count)
            .map(|i| {
                let colour = if i == 0 { "bg-accent-strong" } else { "bg-border-strong" };
                view! { <span class=cx(&["size-1.5 rounded-full", colour])></span> }
            })
            .collect_view()
    });
    let caption = if facts.text.is_empty() {
        nothing()
    } else {
        view! {
            <div class="line-clamp-2 [&>div]:inline">
                <span class="font-semibold">{name.clone()}</span>
                " "
                {post_text(&facts.text)}
            </div>
        }
        .into_any()
    };
    view! {
        <div class="overflow-hidden rounded-lg border border-border bg-surface">
            <div class="flex items-center gap-2.5 p-3">
                {face_of(&facts, AvatarSize::Medium)}
                <p class="min-w-0 flex-1 truncate text-sm font-semibold">{name}</p>
                {icon(Glyph::Ellipsis, "size-4 text-muted")}
            </div>
            {picture}
            <div class="flex items-center gap-4 p-3 pb-2 text-muted" aria-hidden="true">
                {icon(Glyph::Heart, "size-5")}
                {icon(Glyph::MessageCircle, "size-5")}
                {icon(Glyph::Send, "size-5")}
                <span class="mr-auto flex gap-1">{dots}</span>
                {icon(Glyph::Bookmark, "size-5")}
            </div>
            <div class="px-3 pb-3.5 text-sm">{caption}</div>
            {first_comment(&facts)}
        </div>
    }
    .into_any()
}

/// A story: one picture, whole, and nothing but who shows it.
fn story(facts: &One) -> AnyView {
    let name = signed(facts);
    let picture = picture_of(facts, "A picture or a video fills this.");
    view! {
        <div class="dark relative mx-auto flex aspect-[9/16] w-full max-w-64 flex-col overflow-hidden rounded-lg bg-[#000000] text-[#ffffff]">
            {picture}
            <div class="absolute inset-x-0 top-0 bg-linear-to-b from-[#000000b8] to-transparent p-2.5 pb-8">
                <div class="h-0.5 rounded-full bg-[#ffffff66]" aria-hidden="true">
                    <div class="h-full w-2/5 rounded-full bg-[#ffffff]"></div>
                </div>
                <div class="mt-2.5 flex items-center gap-2 text-sm">
                    {face_of(facts, AvatarSize::Small)}
                    <p class="min-w-0 truncate font-semibold">{name}</p>
                    <span class="shrink-0 text-[#ffffffcc]">"now"</span>
                </div>
            </div>
            <div class="absolute inset-x-2.5 bottom-2.5 flex items-center gap-2.5" aria-hidden="true">
                <span class="flex-1 rounded-full border border-[#ffffffb3] bg-[#00000066] px-3 py-1.5 text-xs">"Send message"</span>
                {icon(Glyph::Heart, "size-5")}
                {icon(Glyph::Send, "size-5")}
            </div>
        </div>
    }
    .into_any()
}

/// The first picture, filling what is around it.
fn picture_of(facts: &One, otherwise: &'static str) -> AnyView {
    match facts.pictures.first() {
        None => view! {
            <div class="grid flex-1 place-content-center justify-items-center gap-2 p-6 text-center text-sm">
                {icon(Glyph::Image, "size-5")}
                {otherwise}
            </div>
        }
        .into_any(),
        Some(shot) => view! { <div class="relative min-h-0 flex-1">{shot.filling()}</div> }.into_any(),
    }
}

/// Upright and on black in either theme: a reel, and everything on TikTok.
fn upright(facts: &One) -> AnyView {
    let name = signed(facts);
    let count = facts.pictures.len();
    let otherwise = if facts.format == PostFormat::Reel { "A video fills this." } else { "A picture leads here." };
    let picture = picture_of(facts, otherwise);
    let parts = (count > 1).then(|| {
        (0..count)
            .map(|i| {
                let colour = if i == 0 { "bg-[#ffffff]" } else { "bg-[#ffffff66]" };
                view! { <span class=cx(&["h-0.5 flex-1 rounded-full", colour])></span> }
            })
            .collect_view()
    });
    let caption = if facts.text.is_empty() { "Your text appears here.".into_any() } else { post_text(&facts.text) };
    view! {
        <div class="dark relative mx-auto flex aspect-[9/16] w-full max-w-64 flex-col overflow-hidden rounded-lg bg-[#000000] text-[#ffffff]">
            {picture}
            <div class="absolute right-2.5 bottom-32 grid justify-items-center gap-4 drop-shadow-[0_1px_2px_#000000b3]" aria-hidden="true">
                {face_of(facts, AvatarSize::Medium)}
                {icon(Glyph::Heart, "size-5")}
                {icon(Glyph::MessageCircle, "size-5")}
                {icon(Glyph::Bookmark, "size-5")}
                {icon(Glyph::Forward, "size-5")}
            </div>
            <div class="bg-[#000000] p-3 text-sm">
                <p class="truncate font-semibold">{name}</p>
                <div class="mt-0.5 line-clamp-2">{caption}</div>
                <div class="mt-2.5 flex gap-1 empty:hidden" aria-hidden="true">{parts}</div>
            </div>
        </div>
    }
    .into_any()
}

fn face_of(facts: &One, size: AvatarSize) -> AnyView {
    view! {
        <span class="contents *:shrink-0" aria-hidden="true">
            <Avatar name=facts.name.clone() nostrip:src=facts.avatar.clone() size decorative=true/>
        </span>
    }
    .into_any()
}

/// `square` for pages of organisations.
fn face(facts: &One, square: bool) -> AnyView {
    view! {
        <span class=if square { "contents **:data-[ui=avatar]:rounded-sm!" } else { "contents" }>
            {face_of(facts, AvatarSize::Large)}
        </span>
    }
    .into_any()
}

/// Timelines draw a card for the last link in the words, where no picture stands.
fn linked(facts: &One) -> Option<AnyView> {
    let link =
        facts.text.split_whitespace().rfind(|word| word.starts_with("https://") || word.starts_with("http://"))?;
    let shown = shown(link);
    let host = shown.split(['/', '?', '#']).next().unwrap_or(shown).to_owned();
    facts.pictures.is_empty().then(|| {
        view! {
            <div class="flex items-center gap-3 overflow-hidden rounded-xl border border-border">
                <span class="grid size-16 shrink-0 place-items-center bg-sunken text-muted" aria-hidden="true">
                    {icon(Glyph::Link, "size-5")}
                </span>
                <span class="min-w-0 pr-3">
                    <span class="block text-xs text-muted">{host}</span>
                    <span class="block truncate text-sm">{shown.to_owned()}</span>
                </span>
            </div>
        }
        .into_any()
    })
}

/// The link card below a post, where the platform draws one. The page behind it is not looked at.
fn card(facts: &One) -> AnyView {
    let Some(link) = &facts.link else { return ().into_any() };
    let shown = shown(link);
    let host = shown.split(['/', '?', '#']).next().unwrap_or(shown).to_owned();
    view! {
        <div class="border-y border-border bg-sunken px-4 py-3">
            <p class="text-xs text-muted">{host}</p>
            <p class="truncate text-sm font-medium">{shown.to_owned()}</p>
        </div>
    }
    .into_any()
}

/// One picture wide, two side by side, three with the first tall, four and more in a square with the rest counted.
fn pictures(pictures: &[Shot], extra: &'static str) -> AnyView {
    if pictures.is_empty() {
        return ().into_any();
    }
    let count = pictures.len();
    let frame = match count {
        1 => "grid aspect-[16/11] overflow-hidden",
        2 => "grid aspect-[16/11] grid-cols-2 gap-0.5 overflow-hidden",
        _ => "grid aspect-[16/11] grid-cols-2 grid-rows-2 gap-0.5 overflow-hidden",
    };
    let more = count.saturating_sub(4);
    let shown = pictures
        .iter()
        .take(4)
        .enumerate()
        .map(|(i, shot)| {
            let tall = if count == 3 && i == 0 { "row-span-2" } else { "" };
            view! {
                <div class=cx(&["relative min-h-0 min-w-0 bg-neutral-bg", tall])>
                    {shot.filling()}
                    {(i == 3 && more > 0)
                        .then(|| {
                            view! {
                                <span class="absolute inset-0 grid place-items-center bg-overlay text-xl font-semibold text-[#ffffff]">
                                    {format!("+{more}")}
                                </span>
                            }
                        })}
                </div>
            }
        })
        .collect_view();
    view! { <div class=cx(&[frame, extra])>{shown}</div> }.into_any()
}

/// The platform's own buttons, drawn only.
fn bar(glyphs: &[Glyph], labels: &'static [&'static str]) -> AnyView {
    let items = glyphs
        .iter()
        .enumerate()
        .map(|(i, glyph)| {
            view! {
                <span class="inline-flex items-center gap-1.5">
                    {icon(*glyph, "size-4")}
                    {labels.get(i).copied()}
                </span>
            }
        })
        .collect_view();
    let class = if labels.is_empty() {
        "mt-3 flex justify-between text-muted"
    } else {
        "flex flex-wrap justify-around gap-x-2 px-2 py-2.5 text-xs text-muted"
    };
    view! { <div class=class aria-hidden="true">{items}</div> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::posts::Override;

    #[test]
    fn a_preview_shows_what_is_sent() {
        let mut content =
            Content { body: "Back in stock".into(), link: Some("https://n.example/w".into()), ..Content::default() };
        content.overrides.insert(Platform::Twitter, Override { body: "Back!".into() });
        let previewed = Previewed { content, pictures: vec![], accounts: vec![] };
        let x = one(&previewed, (Platform::Twitter, None));
        assert_eq!((x.text.as_str(), x.own, x.link), ("Back!\n\nhttps://n.example/w", true, None));
        let facebook = one(&previewed, (Platform::Facebook, None));
        assert_eq!((facebook.text.as_str(), facebook.own), ("Back in stock", false));
        assert_eq!(facebook.link.as_deref(), Some("https://n.example/w"));
    }

    #[test]
    fn what_instagram_crops_stays_near_its_own_shape() {
        let shot = |width, height| ratio(Some((width, height)));
        assert_eq!(shot(1080, 1920), "aspect-[4/5]");
        assert_eq!(shot(1080, 1350), "aspect-[4/5]");
        assert_eq!(shot(1000, 1000), "aspect-square");
        assert_eq!(shot(1910, 1000), "aspect-[1.91/1]");
    }
}
