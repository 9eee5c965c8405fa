//! Every component in every state, on one page: `/dev/gallery`, in development builds only.
//!
//! What it shows is made of the components themselves, so that its screenshots say what pages will look like. Light,
//! dark and high contrast are chosen in its head, or with `?theme=dark` and `?contrast=high`.

mod controls;
mod floating;
mod foundations;
mod media;
mod people;
mod records;
mod states;

use super::time::Clock;
use super::{ContrastToggle, Logo, SkipLink, ThemePicker};
use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;

/// Friday 20 November 2026, 10:21 in Dublin: the moment at which the gallery stands still.
fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_170_060, 0).unwrap_or_default()
}

fn ago(minutes: i64) -> DateTime<Utc> {
    noon() - TimeDelta::minutes(minutes)
}

const SECTIONS: &[(&str, &str)] = &[
    ("colour", "Colour"),
    ("type", "Type"),
    ("icons", "Icon"),
    ("buttons", "Button"),
    ("fields", "Field"),
    ("choices", "Checkbox, radio, switch, segmented control"),
    ("badges", "Badge, status, chip"),
    ("marks", "Platform mark"),
    ("cards", "Account card"),
    ("events", "Calendar event"),
    ("table", "Table, details"),
    ("tabs", "Tabs, breadcrumb, pagination"),
    ("dialog", "Dialog"),
    ("menus", "Menu, popover, tooltip, toast"),
    ("navigation", "Navigation"),
    ("banners", "Banner"),
    ("people", "Avatar and stack"),
    ("states", "Loading, empty, error"),
    ("figures", "Summary, stat tile, charts"),
    ("progress", "Progress, stepper, keyboard key"),
    ("media", "Upload and pictures"),
    ("picker", "Date-time picker"),
    ("palette", "Command palette"),
];

/// The whole gallery, with its own head; it needs no frame around it.
#[component]
pub fn Gallery() -> impl IntoView {
    provide_context(Clock::fixed(noon()));
    let entries = SECTIONS
        .iter()
        .map(|(id, title)| {
            view! {
                <li>
                    <a
                        href=format!("#{id}")
                        class="flex min-h-8 items-center rounded-md px-2.5 py-1 text-sm text-muted hover:bg-hover hover:text-text"
                    >
                        {*title}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <div data-ui="gallery">
            <SkipLink/>
            <header class="border-b border-border bg-background">
                <div class="mx-auto flex min-h-14 max-w-[96rem] flex-wrap items-center gap-x-4 gap-y-1 px-4 py-1 lg:px-6">
                    <a href="/" class="inline-flex min-h-11 items-center rounded-md" aria-label="Arctiv">
                        <Logo/>
                    </a>
                    <span class="text-muted max-sm:hidden">"Component gallery"</span>
                    <div class="ml-auto flex flex-wrap items-center gap-2">
                        <ContrastToggle words=true/>
                        <ThemePicker/>
                    </div>
                </div>
            </header>
            <div class="bg-surface">
                <div class="mx-auto flex max-w-[96rem]">
                    <div class="hidden w-56 shrink-0 border-r border-border lg:block">
                        <nav aria-label="Components" class="sticky top-0 max-h-dvh overflow-y-auto px-3 py-6">
                            <ul class="grid gap-px">{entries}</ul>
                        </nav>
                    </div>
                    <main id="main" tabindex="-1" class="min-w-0 flex-1 px-4 py-6 outline-none lg:px-8">
                        <h1 class="mb-6 text-lg font-semibold">"Components"</h1>
                        {foundations::colour()}
                        {foundations::type_scale()}
                        {foundations::icons()}
                        {controls::buttons()}
                        {controls::fields()}
                        {controls::choices()}
                        {people::badges()}
                        {people::marks()}
                        {records::cards()}
                        {records::events()}
                        {records::table()}
                        {records::tabs()}
                        {floating::dialogs()}
                        {floating::menus()}
                        {floating::navigation()}
                        {states::banners()}
                        {people::avatars()}
                        {states::states()}
                        {states::figures()}
                        {states::progress()}
                        {media::media()}
                        {media::picker()}
                        {media::palette()}
                    </main>
                </div>
            </div>
        </div>
    }
    .into_any()
}

/// A titled part of the gallery.
fn section(id: &'static str, lead: &'static str, content: AnyView) -> AnyView {
    let title = SECTIONS.iter().find(|(key, _)| *key == id).map_or("", |(_, title)| *title);
    let heading = format!("{id}-h");
    let labelled_by = heading.clone();
    view! {
        <section
            id=id
            aria-labelledby=labelled_by
            class="scroll-mt-6 border-t border-border py-8 first-of-type:border-t-0 first-of-type:pt-0"
        >
            <div class="mb-5 max-w-prose">
                <h2 id=heading class="text-md font-semibold">{title}</h2>
                {(!lead.is_empty()).then(|| view! { <p class="mt-0.5 text-sm text-muted">{lead}</p> })}
            </div>
            {content}
        </section>
    }
    .into_any()
}

/// A column of a section, with its small heading.
fn column(title: &'static str, content: AnyView) -> AnyView {
    view! {
        <div class="min-w-0">
            <h3 class="mb-2.5 text-xs font-medium text-muted">{title}</h3>
            {content}
        </div>
    }
    .into_any()
}

/// A sample with a word below it.
fn sample(word: &'static str, content: AnyView) -> AnyView {
    view! {
        <div class="grid justify-items-start gap-2">
            {content}
            <span class="text-xs text-subtle">{word}</span>
        </div>
    }
    .into_any()
}

/// Owned words.
fn s(text: &str) -> String {
    text.to_owned()
}
