//! Icons, the logo and the platforms' marks.
//!
//! An icon is one empty `<span>` painted through a CSS mask (`style/icons.css`, generated from `style/icons/*.svg`).
//! The stylesheet blocks the first paint and is cached, so no icon pops in late, pages do not repeat a sprite, and
//! WASM carries class names instead of paths. To add one: drop the SVG into `style/icons`, run `npm run icons`, add
//! the variant here; a test holds the three together.

use super::class::cx;
use leptos::prelude::*;

/// Every drawing of the interface. `St…` are the status glyphs (16-px grid), the rest are Lucide's (24-px grid).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Glyph {
    Activity,
    ArrowDown,
    ArrowLeft,
    ArrowRight,
    ArrowUp,
    ArrowUpRight,
    AtSign,
    Bell,
    Bookmark,
    Briefcase,
    Building,
    Building2,
    Calendar,
    ChartLine,
    ChartNoAxesColumn,
    Check,
    CheckBold,
    CheckCheck,
    CheckMedium,
    ChevronDown,
    ChevronLeft,
    ChevronRight,
    ChevronUp,
    ChevronsUpDown,
    CircleUser,
    Clock,
    Contrast,
    Copy,
    Download,
    Ellipsis,
    ExternalLink,
    Eye,
    EyeOff,
    FileText,
    Fingerprint,
    Flag,
    Forward,
    Globe,
    GripVertical,
    Hash,
    Heart,
    History,
    Image,
    ImagePlus,
    KeyRound,
    LayoutDashboard,
    LayoutGrid,
    Link,
    Link2,
    List,
    LoaderCircle,
    Lock,
    LogOut,
    Mail,
    Megaphone,
    Menu,
    MessageCircle,
    MessageSquare,
    MessageSquareText,
    Minus,
    MinusBold,
    Monitor,
    Moon,
    Pause,
    PenLine,
    Play,
    Plug,
    Plus,
    RadioTower,
    RefreshCw,
    Repeat2,
    RotateCw,
    ScrollText,
    Search,
    Send,
    Settings,
    Shield,
    ShieldCheck,
    Smartphone,
    Sparkles,
    StBlocked,
    StCanceled,
    StConnected,
    StDisconnected,
    StDraft,
    StFailed,
    StHalf,
    StInfo,
    StMost,
    StPending,
    StPublishing,
    StReconnect,
    StRetried,
    Sun,
    ThumbsUp,
    Trash2,
    TrendingDown,
    TrendingUp,
    TriangleAlert,
    Undo2,
    Unplug,
    Upload,
    UserCheck,
    UserPlus,
    UserRound,
    Users,
    WifiOff,
    X,
}

impl Glyph {
    /// The class that holds the drawing.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Activity => "i-activity",
            Self::ArrowDown => "i-arrow-down",
            Self::ArrowLeft => "i-arrow-left",
            Self::ArrowRight => "i-arrow-right",
            Self::ArrowUp => "i-arrow-up",
            Self::ArrowUpRight => "i-arrow-up-right",
            Self::AtSign => "i-at-sign",
            Self::Bell => "i-bell",
            Self::Bookmark => "i-bookmark",
            Self::Briefcase => "i-briefcase",
            Self::Building => "i-building",
            Self::Building2 => "i-building-2",
            Self::Calendar => "i-calendar",
            Self::ChartLine => "i-chart-line",
            Self::ChartNoAxesColumn => "i-chart-no-axes-column",
            Self::Check => "i-check",
            Self::CheckBold => "i-check-bold",
            Self::CheckCheck => "i-check-check",
            Self::CheckMedium => "i-check-medium",
            Self::ChevronDown => "i-chevron-down",
            Self::ChevronLeft => "i-chevron-left",
            Self::ChevronRight => "i-chevron-right",
            Self::ChevronUp => "i-chevron-up",
            Self::ChevronsUpDown => "i-chevrons-up-down",
            Self::CircleUser => "i-circle-user",
            Self::Clock => "i-clock",
            Self::Contrast => "i-contrast",
            Self::Copy => "i-copy",
            Self::Download => "i-download",
            Self::Ellipsis => "i-ellipsis",
            Self::ExternalLink => "i-external-link",
            Self::Eye => "i-eye",
            Self::EyeOff => "i-eye-off",
            Self::FileText => "i-file-text",
            Self::Fingerprint => "i-fingerprint",
            Self::Flag => "i-flag",
            Self::Forward => "i-forward",
            Self::Globe => "i-globe",
            Self::GripVertical => "i-grip-vertical",
            Self::Hash => "i-hash",
            Self::Heart => "i-heart",
            Self::History => "i-history",
            Self::Image => "i-image",
            Self::ImagePlus => "i-image-plus",
            Self::KeyRound => "i-key-round",
            Self::LayoutDashboard => "i-layout-dashboard",
            Self::LayoutGrid => "i-layout-grid",
            Self::Link => "i-link",
            Self::Link2 => "i-link-2",
            Self::List => "i-list",
            Self::LoaderCircle => "i-loader-circle",
            Self::Lock => "i-lock",
            Self::LogOut => "i-log-out",
            Self::Mail => "i-mail",
            Self::Megaphone => "i-megaphone",
            Self::Menu => "i-menu",
            Self::MessageCircle => "i-message-circle",
            Self::MessageSquare => "i-message-square",
            Self::MessageSquareText => "i-message-square-text",
            Self::Minus => "i-minus",
            Self::MinusBold => "i-minus-bold",
            Self::Monitor => "i-monitor",
            Self::Moon => "i-moon",
            Self::Pause => "i-pause",
            Self::PenLine => "i-pen-line",
            Self::Play => "i-play",
            Self::Plug => "i-plug",
            Self::Plus => "i-plus",
            Self::RadioTower => "i-radio-tower",
            Self::RefreshCw => "i-refresh-cw",
            Self::Repeat2 => "i-repeat-2",
            Self::RotateCw => "i-rotate-cw",
            Self::ScrollText => "i-scroll-text",
            Self::Search => "i-search",
            Self::Send => "i-send",
            Self::Settings => "i-settings",
            Self::Shield => "i-shield",
            Self::ShieldCheck => "i-shield-check",
            Self::Smartphone => "i-smartphone",
            Self::Sparkles => "i-sparkles",
            Self::StBlocked => "i-st-blocked",
            Self::StCanceled => "i-st-canceled",
            Self::StConnected => "i-st-connected",
            Self::StDisconnected => "i-st-disconnected",
            Self::StDraft => "i-st-draft",
            Self::StFailed => "i-st-failed",
            Self::StHalf => "i-st-half",
            Self::StInfo => "i-st-info",
            Self::StMost => "i-st-most",
            Self::StPending => "i-st-pending",
            Self::StPublishing => "i-st-publishing",
            Self::StReconnect => "i-st-reconnect",
            Self::StRetried => "i-st-retried",
            Self::Sun => "i-sun",
            Self::ThumbsUp => "i-thumbs-up",
            Self::Trash2 => "i-trash-2",
            Self::TrendingDown => "i-trending-down",
            Self::TrendingUp => "i-trending-up",
            Self::TriangleAlert => "i-triangle-alert",
            Self::Undo2 => "i-undo-2",
            Self::Unplug => "i-unplug",
            Self::Upload => "i-upload",
            Self::UserCheck => "i-user-check",
            Self::UserPlus => "i-user-plus",
            Self::UserRound => "i-user-round",
            Self::Users => "i-users",
            Self::WifiOff => "i-wifi-off",
            Self::X => "i-x",
        }
    }

    /// All of them, for the gallery and the test that every one is drawn.
    pub const ALL: &'static [Self] = &[
        Glyph::Activity,
        Glyph::ArrowDown,
        Glyph::ArrowLeft,
        Glyph::ArrowRight,
        Glyph::ArrowUp,
        Glyph::ArrowUpRight,
        Glyph::AtSign,
        Glyph::Bell,
        Glyph::Bookmark,
        Glyph::Briefcase,
        Glyph::Building,
        Glyph::Building2,
        Glyph::Calendar,
        Glyph::ChartLine,
        Glyph::ChartNoAxesColumn,
        Glyph::Check,
        Glyph::CheckBold,
        Glyph::CheckCheck,
        Glyph::CheckMedium,
        Glyph::ChevronDown,
        Glyph::ChevronLeft,
        Glyph::ChevronRight,
        Glyph::ChevronUp,
        Glyph::ChevronsUpDown,
        Glyph::CircleUser,
        Glyph::Clock,
        Glyph::Contrast,
        Glyph::Copy,
        Glyph::Download,
        Glyph::Ellipsis,
        Glyph::ExternalLink,
        Glyph::Eye,
        Glyph::EyeOff,
        Glyph::FileText,
        Glyph::Fingerprint,
        Glyph::Flag,
        Glyph::Forward,
        Glyph::Globe,
        Glyph::GripVertical,
        Glyph::Hash,
        Glyph::Heart,
        Glyph::History,
        Glyph::Image,
        Glyph::ImagePlus,
        Glyph::KeyRound,
        Glyph::LayoutDashboard,
        Glyph::LayoutGrid,
        Glyph::Link,
        Glyph::Link2,
        Glyph::List,
        Glyph::LoaderCircle,
        Glyph::Lock,
        Glyph::LogOut,
        Glyph::Mail,
        Glyph::Megaphone,
        Glyph::Menu,
        Glyph::MessageCircle,
        Glyph::MessageSquare,
        Glyph::MessageSquareText,
        Glyph::Minus,
        Glyph::MinusBold,
        Glyph::Monitor,
        Glyph::Moon,
        Glyph::Pause,
        Glyph::PenLine,
        Glyph::Play,
        Glyph::Plug,
        Glyph::Plus,
        Glyph::RadioTower,
        Glyph::RefreshCw,
        Glyph::Repeat2,
        Glyph::RotateCw,
        Glyph::ScrollText,
        Glyph::Search,
        Glyph::Send,
        Glyph::Settings,
        Glyph::Shield,
        Glyph::ShieldCheck,
        Glyph::Smartphone,
        Glyph::Sparkles,
        Glyph::StBlocked,
        Glyph::StCanceled,
        Glyph::StConnected,
        Glyph::StDisconnected,
        Glyph::StDraft,
        Glyph::StFailed,
        Glyph::StHalf,
        Glyph::StInfo,
        Glyph::StMost,
        Glyph::StPending,
        Glyph::StPublishing,
        Glyph::StReconnect,
        Glyph::StRetried,
        Glyph::Sun,
        Glyph::ThumbsUp,
        Glyph::Trash2,
        Glyph::TrendingDown,
        Glyph::TrendingUp,
        Glyph::TriangleAlert,
        Glyph::Undo2,
        Glyph::Unplug,
        Glyph::Upload,
        Glyph::UserCheck,
        Glyph::UserPlus,
        Glyph::UserRound,
        Glyph::Users,
        Glyph::WifiOff,
        Glyph::X,
    ];
}

/// A drawing in the colour of the text around it. Decorative: the word stands beside it or in the control's label.
#[component]
pub fn Icon(
    glyph: Glyph,
    /// Size, colour and placement. 16 px without it.
    #[prop(default = "size-4")]
    class: &'static str,
) -> impl IntoView {
    icon(glyph, class)
}

/// [`Icon`] as a plain function, for components that are built of other components.
pub fn icon(glyph: Glyph, class: &str) -> AnyView {
    view! { <span class=cx(&["icon", glyph.class(), class]) aria-hidden="true"></span> }.into_any()
}

/// The turning ring of things under way.
#[component]
pub fn Spinner(#[prop(default = "size-4")] class: &'static str) -> impl IntoView {
    icon(Glyph::LoaderCircle, &cx(&["animate-spin", class]))
}

/// The sail, and the name beside it unless `compact`.
#[component]
pub fn Logo(#[prop(optional)] compact: bool) -> impl IntoView {
    view! {
        <span class="inline-flex items-center gap-2 text-text">
            <svg class="size-6 shrink-0 text-primary" viewBox="0 0 24 24" aria-hidden="true">
                <path fill="currentColor" d="M11.5 2.2 2.3 21.4c-.2.5.3 1 .8.7l8.4-5z"></path>
                <path fill="var(--accent)" d="M12.5 2.2 21.7 21.4c.2.5-.3 1-.8.7l-8.4-5z"></path>
            </svg>
            {(!compact).then(|| view! { <span class="text-md font-semibold tracking-[-0.02em]">"Arctiv"</span> })}
        </span>
    }
    .into_any()
}

/// Whose mark stands on an account. The `…Ads` variants share their network's mark and wear a megaphone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    Facebook,
    Instagram,
    X,
    LinkedIn,
    TikTok,
    FacebookAds,
    GoogleAds,
    GoogleAnalytics,
    LinkedInAds,
    TikTokAds,
}

impl Mark {
    /// The platform's identifier as the API writes it. `None`: no such platform.
    pub fn parse(platform: &str) -> Option<Self> {
        Some(match platform {
            "facebook" => Self::Facebook,
            "instagram" => Self::Instagram,
            "twitter" | "x" => Self::X,
            "linkedin" => Self::LinkedIn,
            "tiktok" => Self::TikTok,
            "facebook_ads" => Self::FacebookAds,
            "google_ads" => Self::GoogleAds,
            "google_analytics" => Self::GoogleAnalytics,
            "linkedin_ads" => Self::LinkedInAds,
            "tiktok_ads" => Self::TikTokAds,
            _ => return None,
        })
    }

    /// The name people know it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Facebook => "Facebook",
            Self::Instagram => "Instagram",
            Self::X => "X",
            Self::LinkedIn => "LinkedIn",
            Self::TikTok => "TikTok",
            Self::FacebookAds => "Facebook Ads",
            Self::GoogleAds => "Google Ads",
            Self::GoogleAnalytics => "Google Analytics",
            Self::LinkedInAds => "LinkedIn Ads",
            Self::TikTokAds => "TikTok Ads",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Facebook | Self::FacebookAds => "icon i-m-facebook text-mark-facebook",
            Self::Instagram => "icon i-m-instagram text-mark-instagram",
            Self::X => "icon i-m-x text-mark-x",
            Self::LinkedIn | Self::LinkedInAds => "icon i-m-linkedin text-mark-linkedin",
            Self::TikTok | Self::TikTokAds => "icon i-m-tiktok text-mark-tiktok",
            Self::GoogleAds => "icon i-m-google-ads",
            Self::GoogleAnalytics => "icon i-m-google-analytics",
        }
    }

    const fn is_ads(self) -> bool {
        matches!(self, Self::FacebookAds | Self::LinkedInAds | Self::TikTokAds)
    }

    /// All ten, in the order of the platform list.
    pub const ALL: &'static [Self] = &[
        Self::Facebook,
        Self::Instagram,
        Self::X,
        Self::LinkedIn,
        Self::TikTok,
        Self::FacebookAds,
        Self::GoogleAds,
        Self::GoogleAnalytics,
        Self::LinkedInAds,
        Self::TikTokAds,
    ];
}

/// How large a [`PlatformMark`] stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkSize {
    /// 14 px, no tile: in chips and small tabs.
    Tiny,
    /// 16 px, no tile: in running text and rows.
    Bare,
    /// 24-px tile.
    Small,
    /// 36-px tile.
    #[default]
    Medium,
    /// 44-px tile.
    Large,
}

/// A platform's official mark. Decorative: its name stands beside it or in the label.
#[component]
pub fn PlatformMark(mark: Mark, #[prop(optional)] size: MarkSize) -> impl IntoView {
    platform_mark(mark, size)
}

/// [`PlatformMark`] as a plain function.
pub fn platform_mark(mark: Mark, size: MarkSize) -> AnyView {
    let bare = |size| view! { <span class=cx(&[mark.class(), size]) aria-hidden="true"></span> }.into_any();
    let tile = match size {
        MarkSize::Tiny => return bare("size-3.5"),
        MarkSize::Bare => return bare("size-4"),
        MarkSize::Small => "mark-tile mark-small",
        MarkSize::Medium => "mark-tile mark-medium",
        MarkSize::Large => "mark-tile mark-large",
    };
    let (horn, horn_glyph) = if size == MarkSize::Small { ("size-3.5", "size-2") } else { ("size-4", "size-2.5") };
    let badge = mark.is_ads().then(|| {
        view! {
            <span class=cx(&[
                "absolute -right-1.5 -bottom-1.5 grid place-items-center rounded-full bg-text text-surface ring-2 ring-surface",
                horn,
            ])>
                {icon(Glyph::Megaphone, horn_glyph)}
            </span>
        }
    });
    view! {
        <span class=tile aria-hidden="true">
            <span class=mark.class()></span>
            {badge}
        </span>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSS: &str = include_str!("../../../style/icons.css");

    #[test]
    fn every_glyph_and_mark_is_drawn() {
        for glyph in Glyph::ALL {
            assert!(CSS.contains(&format!(".{} {{", glyph.class())), "{glyph:?} has no rule; run `npm run icons`");
        }
        for mark in Mark::ALL {
            let class = mark.class().split(' ').nth(1).unwrap();
            assert!(CSS.contains(&format!(".{class} {{")), "{mark:?} has no rule; run `npm run icons`");
        }
    }

    #[test]
    fn the_stylesheet_holds_the_drawings_as_they_are() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../style/icons");
        let mut drawings = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "svg") {
                let svg = std::fs::read_to_string(&path).unwrap();
                // As icons.mjs writes it.
                let encoded = svg
                    .trim()
                    .replace('"', "'")
                    .replace('%', "%25")
                    .replace('#', "%23")
                    .replace('<', "%3C")
                    .replace('>', "%3E");
                assert!(CSS.contains(&encoded), "{} has changed; run `npm run icons`", path.display());
                drawings += 1;
            }
        }
        assert!(drawings > 100, "{drawings} drawings in {folder}");
    }

    #[test]
    fn platform_identifiers_round_trip() {
        let ids = [
            "facebook",
            "instagram",
            "twitter",
            "linkedin",
            "tiktok",
            "facebook_ads",
            "google_ads",
            "google_analytics",
            "linkedin_ads",
            "tiktok_ads",
        ];
        let marks: Vec<_> = ids.iter().filter_map(|id| Mark::parse(id)).collect();
        assert_eq!(marks, Mark::ALL);
        assert_eq!(Mark::parse("myspace"), None);
    }
}
