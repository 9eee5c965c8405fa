//! Status, tags and counts. A status is glyph, word and colour together, never colour alone.

use super::class::cx;
use super::icon::{Glyph, icon};
use leptos::prelude::*;

/// The four meanings of colour, and the accent for information.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    #[default]
    Neutral,
    Info,
    Success,
    Warning,
    Danger,
}

impl Tone {
    /// The colour of a glyph on any ground.
    pub const fn glyph_class(self) -> &'static str {
        match self {
            Self::Neutral => "text-neutral-solid",
            Self::Info => "text-accent-strong",
            Self::Success => "text-success-solid",
            Self::Warning => "text-warning-solid",
            Self::Danger => "text-danger-solid",
        }
    }

    /// The glyph that goes with it where no status says more.
    pub const fn glyph(self) -> Glyph {
        match self {
            Self::Neutral => Glyph::StDisconnected,
            Self::Info => Glyph::StInfo,
            Self::Success => Glyph::StConnected,
            Self::Warning => Glyph::StReconnect,
            Self::Danger => Glyph::StFailed,
        }
    }

    pub(super) const fn tint(self) -> &'static str {
        match self {
            Self::Neutral => "tint-neutral",
            Self::Info => "tint-info",
            Self::Success => "tint-success",
            Self::Warning => "tint-warning",
            Self::Danger => "tint-danger",
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Neutral => "text-muted",
            Self::Info => "text-accent-strong",
            Self::Success => "text-success",
            Self::Warning => "text-warning",
            Self::Danger => "text-danger",
        }
    }
}

/// Every status the product shows: of connections, deliveries and posts. Pages map their own states to these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    Connected,
    ReconnectRequired,
    Failed,
    Disconnected,
    Pending,
    Publishing,
    Retrying,
    Published,
    Canceled,
    Draft,
    WaitingForApproval,
    Approved,
    Rejected,
    Scheduled,
    PartlyPublished,
    Private,
}

impl Status {
    /// The word, in the interface's spelling.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connected => "Connected",
            Self::ReconnectRequired => "Reconnect Required",
            Self::Failed => "Failed",
            Self::Disconnected => "Disconnected",
            Self::Pending => "Pending",
            Self::Publishing => "Publishing",
            Self::Retrying => "Retrying",
            Self::Published => "Published",
            Self::Canceled => "Canceled",
            Self::Draft => "Draft",
            Self::WaitingForApproval => "Waiting for approval",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
            Self::Scheduled => "Scheduled",
            Self::PartlyPublished => "Partly published",
            Self::Private => "Private",
        }
    }

    pub const fn tone(self) -> Tone {
        match self {
            Self::Connected | Self::Published => Tone::Success,
            Self::ReconnectRequired | Self::Retrying | Self::WaitingForApproval | Self::PartlyPublished => {
                Tone::Warning
            }
            Self::Failed | Self::Rejected => Tone::Danger,
            Self::Publishing | Self::Approved | Self::Scheduled => Tone::Info,
            Self::Disconnected | Self::Pending | Self::Canceled | Self::Draft | Self::Private => Tone::Neutral,
        }
    }

    pub const fn glyph(self) -> Glyph {
        match self {
            Self::Connected | Self::Published => Glyph::StConnected,
            Self::ReconnectRequired => Glyph::StReconnect,
            Self::Failed => Glyph::StFailed,
            Self::Disconnected => Glyph::StDisconnected,
            Self::Pending | Self::Scheduled => Glyph::StPending,
            Self::Publishing => Glyph::StPublishing,
            Self::Retrying => Glyph::StRetried,
            Self::Canceled | Self::Rejected => Glyph::StCanceled,
            Self::Draft => Glyph::StDraft,
            Self::WaitingForApproval | Self::PartlyPublished => Glyph::StHalf,
            Self::Approved => Glyph::StMost,
            Self::Private => Glyph::Lock,
        }
    }

    /// All of them, for the gallery.
    pub const ALL: &'static [Self] = &[
        Self::Connected,
        Self::ReconnectRequired,
        Self::Failed,
        Self::Disconnected,
        Self::Pending,
        Self::Publishing,
        Self::Retrying,
        Self::Published,
        Self::Canceled,
        Self::Draft,
        Self::WaitingForApproval,
        Self::Approved,
        Self::Rejected,
        Self::Scheduled,
        Self::PartlyPublished,
        Self::Private,
    ];
}

/// The status' glyph in its colour, turning while something is under way.
pub fn status_glyph(status: Status, size: &str) -> AnyView {
    let spin = if matches!(status, Status::Publishing) { "animate-spin" } else { "" };
    icon(status.glyph(), &cx(&[size, status.tone().glyph_class(), spin]))
}

const BADGE: &str = "badge";

/// A status on cards and in lists that mix things. `plain` is the form inside tables: glyph and word, no ground.
#[component]
pub fn StatusBadge(
    status: Status,
    #[prop(optional)] plain: bool,
    /// Another word where the ordinary one is not exact ("Link sent").
    #[prop(optional, into)]
    word: Option<String>,
) -> impl IntoView {
    let word = word.map_or_else(|| status.word().into_any(), IntoAny::into_any);
    if plain {
        view! {
            <span data-ui="status" class="inline-flex items-center gap-1.5 align-middle text-sm whitespace-nowrap">
                {status_glyph(status, "size-3.5")}
                {word}
            </span>
        }
        .into_any()
    } else {
        view! {
            <span class=cx(&[BADGE, status.tone().tint()])>
                {status_glyph(status, "size-3.5")}
                {word}
            </span>
        }
        .into_any()
    }
}

/// A tinted word that is no status: "New", "Beta". With a `glyph`, or with the tone's own by `with_glyph`.
#[component]
pub fn Badge(
    #[prop(optional)] tone: Tone,
    #[prop(optional, into)] glyph: Option<Glyph>,
    #[prop(optional)] with_glyph: bool,
    children: Children,
) -> impl IntoView {
    let glyph = glyph.or(with_glyph.then(|| tone.glyph()));
    view! {
        <span data-ui="badge" class=cx(&[BADGE, tone.tint()])>
            {glyph.map(|glyph| icon(glyph, &cx(&["size-3.5", tone.glyph_class()])))}
            {children()}
        </span>
    }
    .into_any()
}

/// A small word about a thing: a scope, a role.
#[component]
pub fn Tag(children: Children) -> impl IntoView {
    view! {
        <span
            data-ui="tag"
            class="inline-flex h-5 items-center rounded-sm border border-border bg-sunken px-1.5 text-xs whitespace-nowrap text-muted"
        >
            {children()}
        </span>
    }
    .into_any()
}

/// How many. `Warning` for what waits for a person, `Info` for what is new.
#[component]
pub fn Count(#[prop(into)] count: Signal<u64>, #[prop(optional)] tone: Tone) -> impl IntoView {
    let colour = match tone {
        Tone::Neutral => "bg-neutral-bg text-muted",
        Tone::Info => "bg-accent text-on-accent",
        Tone::Success => "bg-success-bg text-success",
        Tone::Warning => "bg-warning-bg text-warning",
        Tone::Danger => "bg-danger-bg text-danger",
    };
    view! {
        <span
            data-ui="count"
            class=cx(&[
                "inline-flex h-5 min-w-5 items-center justify-center rounded-md px-1.5 text-xs font-medium tabular-nums",
                colour,
            ])
        >
            {move || grouped(count.get())}
        </span>
    }
    .into_any()
}

/// A number with thousands set apart: 63,206.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(63_206), "63,206");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn no_two_statuses_look_and_read_alike() {
        for a in Status::ALL {
            for b in Status::ALL {
                assert!(a == b || a.word() != b.word(), "{a:?} and {b:?}");
            }
        }
    }
}
