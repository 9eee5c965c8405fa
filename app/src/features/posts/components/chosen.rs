//! What was chosen for a post beyond its common words: texts of single accounts, and options per platform.

use super::post_text;
use crate::{
    shared::words::{account_title, mark},
    ui::{MarkSize, PlatformMark},
};
use domain::{
    AccountId, Platform,
    accounts::Account,
    platform::{PostFormat, PostOptions},
    posts::Content,
};
use leptos::prelude::*;

/// What was chosen for a platform, in a few words.
pub fn summary(platform: Platform, options: Option<&PostOptions>) -> String {
    let plain = PostOptions::default();
    let options = options.unwrap_or(&plain);
    let mut words = Vec::new();
    if platform == Platform::Tiktok {
        words.push(options.tiktok.map_or("To the creator’s inbox".to_owned(), |tiktok| {
            format!("Seen by: {}", tiktok.privacy.label().to_lowercase())
        }));
    } else if platform.rules().is_some_and(|rules| rules.formats.len() > 1) {
        words.push(options.format.label().to_owned());
    }
    words.extend(options.audience.map(|audience| format!("Seen by: {}", audience.label().to_lowercase())));
    if options.first_comment.is_some() {
        words.push(if words.is_empty() { "First comment" } else { "first comment" }.to_owned());
    } else if words.is_empty() {
        words.push("No first comment".to_owned());
    }
    words.join(", ")
}

/// All that was chosen for a platform, one thing a line.
fn lines(platform: Platform, options: &PostOptions) -> Vec<String> {
    let mut lines = Vec::new();
    if options.format != PostFormat::Feed {
        lines.push(format!("Appears as a {}", options.format.label().to_lowercase()));
    }
    lines.extend(options.audience.map(|audience| format!("Seen by: {}", audience.label().to_lowercase())));
    lines.extend(options.title.as_ref().map(|title| format!("Title: {title}")));
    lines.extend(options.cover_ms.map(|ms| format!("Cover: the picture at {} s", f64::from(ms) / 1_000.0)));
    if options.share_to_feed == Some(false) {
        lines.push("Shows as a reel only, not among the posts".to_owned());
    }
    let Some(tiktok) = options.tiktok.filter(|_| platform == Platform::Tiktok) else { return lines };
    lines.push(format!("Seen by: {}", tiktok.privacy.label().to_lowercase()));
    let allowed = [
        (tiktok.allow_comments, "comments"),
        (tiktok.allow_duet, "duets"),
        (tiktok.allow_stitch, "stitches"),
        (tiktok.auto_add_music, "music from TikTok"),
    ];
    let allowed: Vec<_> = allowed.into_iter().filter(|(on, _)| *on).map(|(_, what)| what).collect();
    lines.push(if allowed.is_empty() {
        "Nothing is allowed".to_owned()
    } else {
        format!("Allowed: {}", allowed.join(", "))
    });
    let marked = [
        (tiktok.own_brand, "promotes the creator’s own brand"),
        (tiktok.paid_partnership, "is a paid partnership"),
        (tiktok.made_with_ai, "was made with AI"),
    ];
    lines.extend(marked.into_iter().filter(|(on, _)| *on).map(|(_, what)| format!("Says that it {what}")));
    lines
}

/// The rows below a post's words; nothing where nothing was chosen.
pub fn chosen(content: &Content, accounts: &[Account]) -> AnyView {
    let name = |id: &AccountId| accounts.iter().find(|account| account.id == *id);
    let variations = content
        .variations
        .iter()
        .map(|(id, own)| {
            let account = name(id);
            let words = account
                .map_or_else(|| "Text for one account".to_owned(), |one| format!("Text for {}", account_title(one)));
            row(account.map(|one| one.platform), words, post_text(&own.body))
        })
        .collect_view();
    let options = content
        .options
        .iter()
        .map(|(platform, options)| {
            let lines = lines(*platform, options).into_iter().map(|line| view! { <p>{line}</p> }).collect_view();
            let comment = options.first_comment.as_deref().map(|comment| {
                view! {
                    <div class="mt-1">
                        <p class="text-muted">"First comment"</p>
                        {post_text(comment)}
                    </div>
                }
            });
            let body = view! { <div class="text-sm">{lines} {comment}</div> }.into_any();
            row(Some(*platform), format!("Options for {}", platform.label()), body)
        })
        .collect_view();
    view! { {variations} {options} }.into_any()
}

fn row(platform: Option<Platform>, words: String, body: AnyView) -> AnyView {
    view! {
        <div class="border-t border-border p-4">
            <h3 class="mb-2 flex items-center gap-2 text-sm font-medium">
                {platform.map(|platform| view! { <PlatformMark mark=mark(platform) size=MarkSize::Bare/> })}
                {words}
            </h3>
            <div class="max-w-prose">{body}</div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::platform::{Audience, TiktokOptions, TiktokPrivacy};

    #[test]
    fn options_in_a_few_words() {
        let comment = PostOptions { first_comment: Some("Hi".into()), ..PostOptions::default() };
        let story = PostOptions { format: PostFormat::Story, ..PostOptions::default() };
        assert_eq!(summary(Platform::Twitter, None), "No first comment");
        assert_eq!(summary(Platform::Twitter, Some(&comment)), "First comment");
        assert_eq!(summary(Platform::Facebook, Some(&comment)), "Post, first comment");
        assert_eq!(summary(Platform::Instagram, Some(&story)), "Story");
        assert_eq!(summary(Platform::Tiktok, None), "To the creator’s inbox");
        let followers = PostOptions { audience: Some(Audience::Followers), ..PostOptions::default() };
        assert_eq!(summary(Platform::Mastodon, Some(&followers)), "Seen by: followers");
        assert_eq!(lines(Platform::Mastodon, &followers), ["Seen by: followers"]);
    }

    #[test]
    fn what_tiktok_was_told() {
        let tiktok = TiktokOptions {
            privacy: TiktokPrivacy::SelfOnly,
            allow_comments: true,
            allow_duet: false,
            allow_stitch: false,
            own_brand: false,
            paid_partnership: true,
            made_with_ai: false,
            auto_add_music: false,
        };
        let options = PostOptions { tiktok: Some(tiktok), ..PostOptions::default() };
        let lines = lines(Platform::Tiktok, &options);
        assert_eq!(lines, ["Seen by: only you", "Allowed: comments", "Says that it is a paid partnership"]);
        assert_eq!(summary(Platform::Tiktok, Some(&options)), "Seen by: only you");
    }
}
