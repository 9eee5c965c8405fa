//! Buttons: the one way to do something.
//!
//! One primary per view. A button with `href` is a link that looks like one; the router takes its clicks over as it
//! does for any link. While `loading` it keeps its place and its focus, says what is happening and ignores clicks.

use super::class::cx;
use super::icon::{Glyph, icon};
use leptos::{ev::MouseEvent, prelude::*};
use tailwind_rs_macros::classes;

/// What a button means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonVariant {
    /// The main action; one per view.
    Primary,
    #[default]
    Secondary,
    /// Without a ground, for what is seldom wanted.
    Ghost,
    /// Destroys or cuts off, asked for in a dialog.
    Danger,
    /// Leads to something destructive, among ordinary buttons.
    DangerQuiet,
    /// Looks like a link.
    Link,
}

/// 28, 32 or 40 px high; 44 or 48 on touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonSize {
    Small,
    #[default]
    Medium,
    Large,
}

const BASE: &str = classes! {
    base: "inline-flex items-center justify-center font-medium whitespace-nowrap select-none transition-colors duration-150",
    state: "aria-busy:cursor-progress",
};
const DISABLED: &str = classes! {
    state: "disabled:cursor-not-allowed disabled:border disabled:border-border disabled:bg-sunken disabled:text-subtle",
};

/// For those without a ground of their own.
const DISABLED_BARE: &str = classes! {
    state: "disabled:pointer-events-none disabled:text-subtle",
};

const fn variant_class(variant: ButtonVariant) -> &'static str {
    match variant {
        ButtonVariant::Primary => "bg-primary text-on-primary hover:bg-primary-hover active:bg-primary-active",
        ButtonVariant::Secondary => "border border-border-strong bg-surface text-text hover:bg-hover active:bg-sunken",
        ButtonVariant::Ghost => "text-muted hover:bg-hover hover:text-text active:bg-sunken",
        ButtonVariant::Danger => "bg-danger-solid text-on-danger hover:brightness-90 active:brightness-80",
        ButtonVariant::DangerQuiet => {
            "border border-border-strong bg-surface text-danger hover:border-danger-border hover:bg-danger-bg"
        }
        ButtonVariant::Link => "text-accent-strong underline-offset-4 hover:underline rounded-sm",
    }
}

const fn size_class(variant: ButtonVariant, size: ButtonSize) -> &'static str {
    match (variant, size) {
        (ButtonVariant::Link, ButtonSize::Small) => "text-sm gap-1 touch:min-h-11",
        (ButtonVariant::Link, _) => "text-base gap-1.5 touch:min-h-11",
        (_, ButtonSize::Small) => "h-7 gap-1.5 rounded-md px-2.5 text-sm touch:h-11 touch:px-3.5",
        (_, ButtonSize::Medium) => "h-8 gap-2 rounded-lg px-3 text-base touch:h-12 touch:px-4",
        (_, ButtonSize::Large) => "h-10 gap-2 rounded-lg px-4 text-base touch:h-12",
    }
}

/// The classes of a button, for the rare element that must look like one (a `<summary>`, a `<label>`).
pub fn button_class(variant: ButtonVariant, size: ButtonSize, extra: &str) -> String {
    let disabled = match variant {
        ButtonVariant::Link | ButtonVariant::Ghost => DISABLED_BARE,
        _ => DISABLED,
    };
    cx(&[BASE, size_class(variant, size), variant_class(variant), disabled, extra])
}

/// A button, or with `href` a link in its clothes.
#[component]
pub fn Button(
    #[prop(optional)] variant: ButtonVariant,
    #[prop(optional)] size: ButtonSize,
    /// Before the words.
    #[prop(optional, into)]
    icon: Option<Glyph>,
    /// After the words.
    #[prop(optional, into)]
    icon_after: Option<Glyph>,
    /// Makes it a link.
    #[prop(optional, into)]
    href: Option<String>,
    /// Opens in a new tab, without handing over the opener.
    #[prop(optional)]
    new_tab: bool,
    /// Sends the form it stands in.
    #[prop(optional)]
    submit: bool,
    /// The id of the form it sends, when it stands outside of it.
    #[prop(optional, into)]
    form: Option<String>,
    /// Name and value sent with the form.
    #[prop(optional, into)]
    name: Option<String>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional, into)] loading: Signal<bool>,
    /// Says what is happening ("Connecting…"); the ordinary words stay without it.
    #[prop(optional, into)]
    loading_label: Option<&'static str>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] on_click: Option<Callback<MouseEvent>>,
    /// The accessible name, where the words alone do not tell which thing is meant.
    #[prop(optional, into)]
    label: Option<String>,
    /// Id of the popover or menu it opens.
    #[prop(optional, into)]
    opens: Option<String>,
    /// Receives focus when the dialog around it opens.
    #[prop(optional)]
    autofocus: bool,
    #[prop(optional, into)] class: String,
    children: Children,
) -> impl IntoView {
    let class = button_class(variant, size, &class);
    let before = icon.map(|glyph| self::icon(glyph, "size-4"));
    let after = icon_after.map(|glyph| self::icon(glyph, "size-4"));
    if let Some(href) = href {
        let target = new_tab.then_some("_blank");
        let rel = new_tab.then_some("noopener noreferrer");
        return view! {
            <a data-ui="button" href=href class=class target=target rel=rel aria-label=label>
                {before}
                {children()}
                {after}
            </a>
        }
        .into_any();
    }
    let click = move |event: MouseEvent| {
        if loading.get_untracked() {
            event.prevent_default();
        } else if let Some(on_click) = on_click {
            on_click.run(event);
        }
    };
    let busy = move || loading.get().then_some("true");
    let words = children();
    let content = match loading_label {
        // Both wordings stay in the tree, so that server and browser agree and nothing is built twice.
        Some(loading_label) => view! {
            <span class="contents" hidden=move || loading.get()>{before}{words}{after}</span>
            <span class="contents" hidden=move || !loading.get()>
                {self::icon(Glyph::LoaderCircle, "size-4 animate-spin")}
                {loading_label}
            </span>
        }
        .into_any(),
        None => view! {
            <span class="contents" hidden=move || !loading.get()>
                {self::icon(Glyph::LoaderCircle, "size-4 animate-spin")}
            </span>
            {before.map(|before| view! { <span class="contents" hidden=move || loading.get()>{before}</span> })}
            {words}
            {after}
        }
        .into_any(),
    };
    view! {
        <button
            data-ui="button"
            type=if submit { "submit" } else { "button" }
            class=class
            form=form
            name=name
            value=value
            disabled=move || disabled.get()
            aria-busy=busy
            aria-disabled=busy
            aria-label=label
            popovertarget=opens
            autofocus=autofocus
            on:click=click
        >
            {content}
        </button>
    }
    .into_any()
}

/// A square button with a drawing only; `label` names it, with the thing it acts on.
#[component]
pub fn IconButton(
    icon: Glyph,
    #[prop(into)] label: Signal<String>,
    #[prop(default = ButtonVariant::Ghost)] variant: ButtonVariant,
    #[prop(optional)] size: ButtonSize,
    #[prop(optional, into)] href: Option<String>,
    #[prop(optional)] submit: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] loading: Signal<bool>,
    #[prop(optional, into)] on_click: Option<Callback<MouseEvent>>,
    /// Id of the popover or menu it opens.
    #[prop(optional, into)]
    opens: Option<String>,
    /// What kind of thing it opens ("menu", "dialog").
    #[prop(optional, into)]
    haspopup: Option<&'static str>,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let class = icon_button_class(variant, size, &class);
    let glyph = self::icon(icon, "size-4");
    if let Some(href) = href {
        return view! {
            <a data-ui="icon-button" href=href class=class aria-label=move || label.get() title=move || label.get()>
                {glyph}
            </a>
        }
        .into_any();
    }
    let click = move |event: MouseEvent| {
        if loading.get_untracked() {
            event.prevent_default();
        } else if let Some(on_click) = on_click {
            on_click.run(event);
        }
    };
    view! {
        <button
            data-ui="icon-button"
            type=if submit { "submit" } else { "button" }
            class=class
            aria-label=move || label.get()
            aria-haspopup=haspopup
            aria-busy=move || loading.get().then_some("true")
            disabled=move || disabled.get()
            popovertarget=opens
            on:click=click
        >
            <span class="contents" hidden=move || loading.get()>{glyph}</span>
            <span class="contents" hidden=move || !loading.get()>
                {self::icon(Glyph::LoaderCircle, "size-4 animate-spin")}
            </span>
        </button>
    }
    .into_any()
}

pub(super) fn icon_button_class(variant: ButtonVariant, size: ButtonSize, extra: &str) -> String {
    let dims = match size {
        ButtonSize::Small => "size-7 rounded-md touch:size-11",
        ButtonSize::Medium => "size-8 rounded-lg touch:size-12",
        ButtonSize::Large => "size-10 rounded-lg touch:size-12",
    };
    let disabled = if matches!(variant, ButtonVariant::Ghost) {
        "disabled:cursor-not-allowed disabled:bg-transparent disabled:text-subtle disabled:opacity-50"
    } else {
        DISABLED
    };
    cx(&[BASE, dims, variant_class(variant), disabled, extra])
}

/// Copies `text` and says so for two seconds, to the eye and to screen readers.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// Names the thing: "Copy request id".
    #[prop(into)]
    label: String,
    /// Shows these words beside the drawing.
    #[prop(optional, into)]
    words: Option<&'static str>,
    #[prop(optional)] size: ButtonSize,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        copy_text(&text.get_untracked());
        copied.set(true);
        set_timeout(move || copied.set(false), std::time::Duration::from_secs(2));
    };
    let class = match words {
        Some(_) => button_class(ButtonVariant::Secondary, size, ""),
        None => icon_button_class(ButtonVariant::Ghost, size, ""),
    };
    view! {
        <button data-ui="copy-button" type="button" class=class aria-label=label on:click=copy>
            <span class="contents" hidden=move || copied.get()>{self::icon(Glyph::Copy, "size-4")}</span>
            <span class="contents" hidden=move || !copied.get()>
                {self::icon(Glyph::Check, "size-4 text-success-solid")}
            </span>
            {words}
            <span role="status" class="sr-only">{move || if copied.get() { "Copied" } else { "" }}</span>
        </button>
    }
    .into_any()
}

fn copy_text(text: &str) {
    // Refused without a secure context or permission; there is nothing better to do then than nothing.
    let _promise = window().navigator().clipboard().write_text(text);
}
