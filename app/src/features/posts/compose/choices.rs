//! What is chosen for one platform beyond words and media, in signals that controls are bound to.

use domain::{
    Platform,
    platform::{Audience, PostFormat, PostOptions, TiktokOptions, TiktokPrivacy},
};
use leptos::prelude::*;

/// Nobody is chosen to see a post: it goes to the creator's inbox, who chooses there.
pub const INBOX: &str = "inbox";

fn word(options: Option<&TiktokOptions>) -> String {
    options.map_or(INBOX, |options| options.privacy.as_str()).to_owned()
}

/// The choices for one platform. Copy it anywhere.
#[derive(Clone, Copy)]
pub struct Choices {
    pub platform: Platform,
    /// A [`PostFormat`]'s word.
    pub format: RwSignal<String>,
    pub first_comment: RwSignal<String>,
    pub title: RwSignal<String>,
    /// An [`Audience`]'s word.
    pub audience: RwSignal<String>,
    /// The moment of a video that is its cover, in seconds as a number control writes them; empty while none is chosen.
    pub cover: RwSignal<String>,
    /// Instagram: whether a reel shows among the account's posts too.
    pub in_feed: RwSignal<bool>,
    pub tiktok: TiktokChoices,
}

/// TikTok's own form: nothing is chosen and every switch is off until somebody says otherwise.
#[derive(Clone, Copy)]
pub struct TiktokChoices {
    /// A [`TiktokPrivacy`]'s word, or [`INBOX`] while nobody has chosen.
    pub privacy: RwSignal<String>,
    pub comments: RwSignal<bool>,
    pub duets: RwSignal<bool>,
    pub stitches: RwSignal<bool>,
    /// "This post promotes something": then one of the next two says what.
    pub promotes: RwSignal<bool>,
    pub own_brand: RwSignal<bool>,
    pub paid_partnership: RwSignal<bool>,
    pub made_with_ai: RwSignal<bool>,
    pub music: RwSignal<bool>,
}

impl TiktokChoices {
    fn new(options: Option<&TiktokOptions>) -> Self {
        let on = |which: fn(&TiktokOptions) -> bool| RwSignal::new(options.is_some_and(which));
        Self {
            privacy: RwSignal::new(word(options)),
            comments: on(|options| options.allow_comments),
            duets: on(|options| options.allow_duet),
            stitches: on(|options| options.allow_stitch),
            promotes: on(|options| options.own_brand || options.paid_partnership),
            own_brand: on(|options| options.own_brand),
            paid_partnership: on(|options| options.paid_partnership),
            made_with_ai: on(|options| options.made_with_ai),
            music: on(|options| options.auto_add_music),
        }
    }

    /// `None` while no audience is chosen. Tracked.
    pub fn get(self) -> Option<TiktokOptions> {
        let promotes = self.promotes.get();
        // Read, whatever is chosen, so that a change of any of them is noticed.
        let (own_brand, paid_partnership) = (self.own_brand.get(), self.paid_partnership.get());
        let options = |privacy| TiktokOptions {
            privacy,
            allow_comments: self.comments.get(),
            allow_duet: self.duets.get(),
            allow_stitch: self.stitches.get(),
            own_brand: promotes && own_brand,
            paid_partnership: promotes && paid_partnership,
            made_with_ai: self.made_with_ai.get(),
            auto_add_music: self.music.get(),
        };
        TiktokPrivacy::from_word(&self.privacy.read()).map(options)
    }

    /// Whether it is said that the post promotes something, and not what. TikTok takes no such post. Tracked.
    pub fn promotes_nothing(self) -> bool {
        self.promotes.get() && !self.own_brand.get() && !self.paid_partnership.get()
    }

    fn set(self, options: Option<&TiktokOptions>) {
        let is = |which: fn(&TiktokOptions) -> bool| options.is_some_and(which);
        self.privacy.set(word(options));
        self.comments.set(is(|options| options.allow_comments));
        self.duets.set(is(|options| options.allow_duet));
        self.stitches.set(is(|options| options.allow_stitch));
        self.promotes.set(is(|options| options.own_brand || options.paid_partnership));
        self.own_brand.set(is(|options| options.own_brand));
        self.paid_partnership.set(is(|options| options.paid_partnership));
        self.made_with_ai.set(is(|options| options.made_with_ai));
        self.music.set(is(|options| options.auto_add_music));
    }
}

fn format_of(word: &str) -> PostFormat {
    PostFormat::ALL.into_iter().find(|format| format.as_str() == word).unwrap_or_default()
}

/// Everyone is what nobody has to choose.
fn audience_of(word: &str) -> Option<Audience> {
    Audience::ALL
        .into_iter()
        .find(|audience| audience.as_str() == word)
        .filter(|audience| *audience != Audience::Public)
}

fn audience_word(audience: Option<Audience>) -> String {
    audience.unwrap_or(Audience::Public).as_str().to_owned()
}

/// "1.5" is 1,500 milliseconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between nothing and what fits")]
fn cover_of(seconds: &str) -> Option<u32> {
    let seconds: f64 = seconds.trim().parse().ok()?;
    (seconds >= 0.0).then(|| (seconds * 1_000.0).round().min(f64::from(u32::MAX)) as u32)
}

fn cover_word(ms: Option<u32>) -> String {
    ms.map(|ms| (f64::from(ms) / 1_000.0).to_string()).unwrap_or_default()
}

impl Choices {
    pub fn new(platform: Platform, options: Option<&PostOptions>) -> Self {
        let options = options.cloned().unwrap_or_default();
        Self {
            platform,
            format: RwSignal::new(options.format.as_str().to_owned()),
            first_comment: RwSignal::new(options.first_comment.clone().unwrap_or_default()),
            title: RwSignal::new(options.title.clone().unwrap_or_default()),
            audience: RwSignal::new(audience_word(options.audience)),
            cover: RwSignal::new(cover_word(options.cover_ms)),
            in_feed: RwSignal::new(options.share_to_feed != Some(false)),
            tiktok: TiktokChoices::new(options.tiktok.as_ref()),
        }
    }

    /// Tracked.
    pub fn format_now(self) -> PostFormat {
        format_of(&self.format.read())
    }

    /// What was chosen, `None` where all is as usual. Tracked.
    pub fn get(self) -> Option<PostOptions> {
        let options = PostOptions {
            format: self.format_now(),
            first_comment: Some(self.first_comment.get()),
            title: Some(self.title.get()),
            audience: audience_of(&self.audience.read()),
            cover_ms: cover_of(&self.cover.read()),
            // Left to Instagram, which shows it, unless somebody says otherwise.
            share_to_feed: (!self.in_feed.get()).then_some(false),
            tiktok: self.tiktok.get().filter(|_| self.platform == Platform::Tiktok),
        };
        Some(options.tidied()).filter(|options| !options.is_plain())
    }

    pub fn set(self, options: Option<&PostOptions>) {
        let options = options.cloned().unwrap_or_default();
        self.format.set(options.format.as_str().to_owned());
        self.first_comment.set(options.first_comment.clone().unwrap_or_default());
        self.title.set(options.title.clone().unwrap_or_default());
        self.audience.set(audience_word(options.audience));
        self.cover.set(cover_word(options.cover_ms));
        self.in_feed.set(options.share_to_feed != Some(false));
        self.tiktok.set(options.tiktok.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_survive_and_nothing_is_preset() {
        Owner::new().with(|| {
            let plain = Choices::new(Platform::Tiktok, None);
            assert_eq!(plain.get(), None);
            assert_eq!(plain.tiktok.privacy.get(), INBOX, "no audience is preset");
            plain.tiktok.comments.set(true);
            assert_eq!(plain.get(), None, "switches alone send nothing directly");
            plain.tiktok.privacy.set("SELF_ONLY".into());
            let options = plain.get().unwrap();
            assert!(options.tiktok.is_some_and(|tiktok| tiktok.allow_comments && !tiktok.allow_duet));
            let copy = Choices::new(Platform::Tiktok, Some(&options));
            assert_eq!(copy.get(), Some(options.clone()));
            copy.set(None);
            assert_eq!(copy.get(), None);
            copy.set(Some(&options));
            assert_eq!(copy.get(), Some(options));
        });
    }

    #[test]
    fn what_promotes_says_what() {
        Owner::new().with(|| {
            let choices = Choices::new(Platform::Tiktok, None).tiktok;
            choices.privacy.set("PUBLIC_TO_EVERYONE".into());
            choices.promotes.set(true);
            assert!(choices.promotes_nothing());
            choices.paid_partnership.set(true);
            assert!(!choices.promotes_nothing() && choices.get().is_some_and(|tiktok| tiktok.paid_partnership));
            choices.promotes.set(false);
            assert!(choices.get().is_some_and(|tiktok| !tiktok.paid_partnership), "the mark goes with its switch");
        });
    }

    #[test]
    fn a_cover_is_a_moment_in_seconds() {
        Owner::new().with(|| {
            let options = PostOptions { cover_ms: Some(1_500), share_to_feed: Some(false), ..PostOptions::default() };
            let reel = Choices::new(Platform::Instagram, Some(&options));
            assert_eq!((reel.cover.get().as_str(), reel.in_feed.get()), ("1.5", false));
            assert_eq!(reel.get(), Some(options));
            reel.set(None);
            assert_eq!((reel.cover.get().as_str(), reel.in_feed.get(), reel.get()), ("", true, None));
            for (typed, ms) in [("3", Some(3_000)), ("0", Some(0)), ("0.04", Some(40)), ("-1", None), ("soon", None)] {
                reel.cover.set(typed.into());
                assert_eq!(reel.get().and_then(|options| options.cover_ms), ms, "{typed}");
            }
        });
    }
}
