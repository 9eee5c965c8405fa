//! A post as it was saved, whole: what is looked at before it is approved, and afterwards.

use super::{chosen, post_text};
use crate::{
    shared::words::mark,
    ui::{Glyph, MarkSize, PlatformMark, exact_words, icon},
};
use domain::{
    accounts::Account,
    media::MediaAsset,
    posts::{Content, Post, Visibility},
};
use leptos::prelude::*;

/// A post's name: its title, else its first line as far as it goes, in whole words.
pub fn name_of(post: &Post) -> String {
    let title = post.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    let first_line = post.body.lines().map(str::trim).find(|line| !line.is_empty());
    title
        .or(first_line)
        .or(post.link.as_deref())
        .map_or_else(|| "Post without words".to_owned(), |words| shorten(words, 70))
}

/// At most `max` characters, cut between words where there are any.
fn shorten(words: &str, max: usize) -> String {
    let cut = domain::text::truncate_chars(words, max);
    if cut.len() == words.len() {
        return words.to_owned();
    }
    let whole = cut.rsplit_once(char::is_whitespace).map_or(cut, |(whole, _)| whole);
    format!("{}…", whole.trim_end_matches([' ', ',', ';', ':', '.', '-', '–']))
}

/// The time on the wall that a post is meant for, with its zone; empty for one that has none.
pub fn time_words(post: &Post) -> String {
    match (post.visibility, post.scheduled_local, post.time_zone.as_deref()) {
        (Visibility::Scheduled, Some(local), Some(zone)) => format!("{}, {zone}", local.format("%a %-d %b %Y, %H:%M")),
        (Visibility::Scheduled, ..) => post.publishes_at.or(post.scheduled_at).map(exact_words).unwrap_or_default(),
        (Visibility::Public | Visibility::Private, ..) => String::new(),
    }
}

/// Every word, picture and choice of a version. `accounts` names those that have words of their own.
pub fn post_content(content: &Content, media: Vec<MediaAsset>, accounts: &[Account]) -> AnyView {
    let own = content
        .overrides
        .iter()
        .map(|(platform, own)| {
            view! {
                <div class="border-t border-border p-4">
                    <h3 class="mb-2 flex items-center gap-2 text-sm font-medium">
                        <PlatformMark mark=mark(*platform) size=MarkSize::Bare/>
                        {format!("Text for {}", platform.label())}
                    </h3>
                    <div class="max-w-prose">{post_text(&own.body)}</div>
                </div>
            }
        })
        .collect_view();
    let pictures = media
        .into_iter()
        .map(|asset| {
            let alt = asset.alt_text.clone().unwrap_or_default();
            view! {
                <li>
                    <img
                        src=crate::shared::media::thumbnail(&asset)
                        alt=alt
                        width="64"
                        height="80"
                        loading="lazy"
                        class="h-20 w-16 rounded-md bg-neutral-bg object-cover"
                    />
                </li>
            }
        })
        .collect_view();
    let link = content.link.clone();
    view! {
        <div class="rounded-lg border border-border bg-surface">
            <div class="grid gap-4 p-4">
                {(!content.body.is_empty()).then(|| view! { <div class="max-w-prose">{post_text(&content.body)}</div> })}
                {link
                    .map(|link| {
                        view! {
                            <p class="flex min-w-0 items-center gap-2 text-sm">
                                {icon(Glyph::Link2, "size-4 text-muted")}
                                <span class="truncate text-accent-strong" title=link.clone()>{link.clone()}</span>
                            </p>
                        }
                    })}
                <ul class="flex flex-wrap gap-2 empty:hidden" aria-label="Pictures">{pictures}</ul>
            </div>
            {own}
            {chosen(content, accounts)}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn names_are_cut_between_words() {
        assert_eq!(shorten("The Winter Roast is back", 70), "The Winter Roast is back");
        assert_eq!(shorten("Red plum, cocoa and a long finish", 16), "Red plum, cocoa…");
        assert_eq!(shorten("Red plum, cocoa and a long finish", 11), "Red plum…");
        assert_eq!(shorten("Donaudampfschiffahrt", 5), "Donau…");
    }
}
