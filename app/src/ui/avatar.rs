//! People and organisations. Initials until there is a picture; people are round, organisations square.

use super::class::cx;
use leptos::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

/// 20, 24, 32 or 40 px.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AvatarSize {
    Tiny,
    Small,
    #[default]
    Medium,
    Large,
}

impl AvatarSize {
    const fn class(self) -> &'static str {
        match self {
            Self::Tiny => "size-5 text-[0.625rem]",
            Self::Small => "size-6 text-[0.6875rem]",
            Self::Medium => "size-8 text-xs",
            Self::Large => "size-10 text-sm",
        }
    }
}

/// The first letters of the first and the last word.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    let letter =
        |word: &str| word.graphemes(true).find(|g| g.chars().any(char::is_alphanumeric)).unwrap_or("").to_uppercase();
    let first = words.next().map(letter).unwrap_or_default();
    let last = words.next_back().map(letter).unwrap_or_default();
    first + &last
}

/// One of three grounds, the same for a name everywhere; the dark one is the rarest.
fn ground(name: &str) -> &'static str {
    match name.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(241).wrapping_add(u32::from(byte))) % 5 {
        0 | 1 => "bg-accent-bg text-accent-strong",
        2 | 3 => "bg-neutral-bg text-neutral",
        _ => "bg-brand text-on-brand",
    }
}

/// A person. Named for screen readers unless `decorative` (the name stands beside it).
#[component]
pub fn Avatar(
    #[prop(into)] name: String,
    /// Address of a picture.
    #[prop(optional, into)]
    src: Option<String>,
    #[prop(optional)] size: AvatarSize,
    #[prop(optional)] decorative: bool,
) -> impl IntoView {
    avatar(&name, src, size, decorative, "")
}

fn avatar(name: &str, src: Option<String>, size: AvatarSize, decorative: bool, extra: &str) -> AnyView {
    let class = cx(&[
        "relative inline-grid shrink-0 place-items-center overflow-hidden rounded-full font-medium",
        size.class(),
        ground(name),
        extra,
    ]);
    let (role, label) = if decorative { (None, None) } else { (Some("img"), Some(name.to_owned())) };
    // The initials stay below the picture: they show until it is there, and where it never comes.
    let picture = src.map(|src| {
        view! { <img src=src alt="" class="absolute inset-0 size-full object-cover" loading="lazy" decoding="async"/> }
    });
    view! {
        <span data-ui="avatar" class=class role=role aria-label=label aria-hidden=decorative.then_some("true")>
            {initials(name)}
            {picture}
        </span>
    }
    .into_any()
}

/// Who has access, in one line: three people and how many more.
#[component]
pub fn AvatarStack(
    /// All of their names.
    names: Vec<String>,
    #[prop(default = AvatarSize::Small)] size: AvatarSize,
    #[prop(default = 3)] shown: usize,
    /// The ground behind, which parts the pictures: "ring-surface".
    #[prop(default = "ring-surface group-hover:ring-hover")]
    ring: &'static str,
) -> impl IntoView {
    let more = names.len().saturating_sub(shown);
    let first: Vec<_> = names.iter().take(shown).map(String::as_str).collect();
    let label = if more > 0 { format!("{} and {more} more", first.join(", ")) } else { first.join(", ") };
    let ring = cx(&["ring-2", ring]);
    let people = first.iter().map(|name| avatar(name, None, size, true, &ring)).collect_view();
    view! {
        <span data-ui="avatar-stack" class="isolate flex -space-x-px" role="img" aria-label=label>
            {people}
            {(more > 0)
                .then(|| {
                    let class = cx(&[
                        "inline-grid place-items-center rounded-full bg-neutral-bg font-medium text-muted",
                        size.class(),
                        &ring,
                    ]);
                    view! { <span class=class>{format!("+{more}")}</span> }
                })}
        </span>
    }
    .into_any()
}

/// A workspace or a client. Decorative: its name stands beside it.
#[component]
pub fn OrgMark(
    #[prop(into)] name: String,
    #[prop(default = AvatarSize::Medium)] size: AvatarSize,
    /// One's own workspace, on the brand's ground.
    #[prop(optional)]
    own: bool,
    /// Address of its logo.
    #[prop(optional, into)]
    src: Option<String>,
) -> impl IntoView {
    let ground = if own { "bg-brand text-on-brand" } else { "bg-neutral-bg text-neutral" };
    let class = cx(&[
        "relative inline-grid shrink-0 place-items-center overflow-hidden rounded-md font-semibold",
        size.class(),
        ground,
    ]);
    // As with people: the initials show until it is there. A logo may be see-through, and they must not show through it.
    let logo = src.map(|src| {
        view! {
            <img
                src=src
                alt=""
                class="absolute inset-0 size-full bg-surface object-contain"
                loading="lazy"
                decoding="async"
            />
        }
    });
    view! { <span data-ui="org-mark" class=class aria-hidden="true">{initials(&name)} {logo}</span> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_all_sorts_of_names() {
        assert_eq!(initials("Maya Lindqvist"), "ML");
        assert_eq!(initials("Northwind"), "N");
        assert_eq!(initials("Harbour & Pine"), "HP");
        assert_eq!(initials("Hollingsworth, Ferris and Sons"), "HS");
        assert_eq!(initials("  "), "");
        assert_eq!(initials("élodie"), "É");
        assert_eq!(initials("@northwind.coffee"), "N");
    }

    #[test]
    fn names_spread_over_the_grounds() {
        assert_eq!(ground("Maya Lindqvist"), "bg-accent-bg text-accent-strong");
        assert_eq!(ground("Tomás Okafor"), "bg-neutral-bg text-neutral");
        assert_eq!(ground("Priya Raman"), "bg-brand text-on-brand");
    }
}
