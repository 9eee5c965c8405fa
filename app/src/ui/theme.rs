//! Light, dark, as the system; and high contrast.
//!
//! `public/theme.js` runs before the first paint, remembers the choice and answers the clicks on `data-theme-set` and
//! `data-contrast-toggle`, so these buttons need no WASM and work while it is still on its way.

use super::button::{ButtonSize, ButtonVariant, button_class, icon_button_class};
use super::icon::{Glyph, icon};
use leptos::prelude::*;

/// One button that switches between light and dark. `words`: with its name, as in the rail.
#[component]
pub fn ThemeToggle(
    #[prop(optional)] words: bool,
    /// Classes instead of the button's own, where it stands among links.
    #[prop(optional, into)]
    class: Option<String>,
) -> impl IntoView {
    let class = class.unwrap_or_else(|| {
        if words {
            button_class(ButtonVariant::Ghost, ButtonSize::Medium, "text-sm")
        } else {
            icon_button_class(ButtonVariant::Ghost, ButtonSize::Medium, "")
        }
    });
    view! {
        <button data-ui="theme-toggle" data-theme-set="toggle" type="button" class=class title="Light or dark">
            {icon(Glyph::Moon, "size-4 dark:hidden")}
            {icon(Glyph::Sun, "hidden size-4 dark:inline-block")}
            <span class=if words { "" } else { "sr-only" }>"Theme"</span>
        </button>
    }
    .into_any()
}

/// High contrast on or off.
#[component]
pub fn ContrastToggle(#[prop(optional)] words: bool) -> impl IntoView {
    let class = if words {
        button_class(ButtonVariant::Ghost, ButtonSize::Medium, "text-sm")
    } else {
        icon_button_class(ButtonVariant::Ghost, ButtonSize::Medium, "")
    };
    view! {
        <button data-ui="contrast-toggle" data-contrast-toggle="" type="button" class=class title="High contrast">
            {icon(Glyph::Contrast, "size-4")}
            <span class=if words { "" } else { "sr-only" }>"Contrast"</span>
        </button>
    }
    .into_any()
}

/// All three themes and the contrast, for the settings and the account menu.
#[component]
pub fn ThemePicker() -> impl IntoView {
    let choice = |value: &'static str, label: &'static str, glyph: Glyph| {
        view! {
            <button
                type="button"
                data-theme-set=value
                class="inline-flex h-7 flex-1 items-center justify-center gap-1.5 rounded-md px-2.5 text-sm font-medium whitespace-nowrap text-muted hover:text-text aria-pressed:bg-raised aria-pressed:text-text aria-pressed:shadow-[0_0_0_1px_var(--border-strong)] touch:h-11"
            >
                {icon(glyph, "size-3.5")}
                {label}
            </button>
        }
    };
    view! {
        <div data-ui="theme-picker" role="group" aria-label="Theme" class="inline-flex rounded-lg border border-border bg-sunken p-0.5">
            {choice("light", "Light", Glyph::Sun)}
            {choice("dark", "Dark", Glyph::Moon)}
            {choice("system", "System", Glyph::Monitor)}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    const TOKENS: &str = include_str!("../../../style/tokens.css");

    /// The tokens of the first rule after `from` whose selector is `selector`.
    fn set(from: &str, selector: &str) -> Vec<String> {
        let media = &TOKENS[TOKENS.find(from).unwrap()..];
        let rule = &media[media.find(&format!("{selector} {{")).unwrap()..];
        let body = &rule[rule.find('{').unwrap() + 1..rule.find('}').unwrap()];
        let named = |line: &&str| line.starts_with("--") || line.starts_with("color-scheme");
        body.lines().map(str::trim).filter(named).map(str::to_owned).collect()
    }

    #[test]
    fn sets_chosen_by_the_system_are_those_chosen_by_class() {
        let dark = set("\n.dark {", "\n.dark");
        assert!(dark.len() > 40, "{dark:?}");
        assert_eq!(set("@media (scripting: none)", ":root"), dark);
        assert_eq!(set("@media (prefers-contrast: more)", ":root:not(.dark)"), set("\n.contrast {", "\n.contrast"));
        assert_eq!(set("@media (prefers-contrast: more)", ".dark"), set("\n.dark.contrast,", ".contrast .dark"));
    }

    #[test]
    fn dark_names_every_colour_of_light() {
        let names = |set: Vec<String>| {
            set.into_iter().filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(names(set("\n:root {", "\n:root")), names(set("\n.dark {", "\n.dark")));
    }
}
