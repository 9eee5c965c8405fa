//! Around the pages for visitors: name, theme, and the way in.

use leptos::prelude::*;

use crate::{
    session::use_session,
    ui::{Button, ButtonVariant, Logo, SkipLink, ThemeToggle},
};

/// Top bar and `<main>` of the public pages.
#[component]
pub fn PublicFrame(children: Children) -> impl IntoView {
    let actions = match use_session().kind() {
        Some(kind) => {
            view! { <Button variant=ButtonVariant::Primary href=kind.dashboard()>"Open Arctiv"</Button> }.into_any()
        }
        None => view! {
            <Button variant=ButtonVariant::Ghost href="/login">"Sign in"</Button>
            <Button variant=ButtonVariant::Primary href="/register">"Start"</Button>
        }
        .into_any(),
    };
    let link = |href: &'static str, words: &'static str| {
        view! {
            <li>
                <a href=href class="inline-flex min-h-11 items-center text-muted hover:text-text">{words}</a>
            </li>
        }
    };
    view! {
        <SkipLink/>
        <header class="border-b border-border bg-background">
            <div class="mx-auto flex h-16 max-w-[90rem] items-center gap-8 px-4 lg:px-10">
                <a href="/" class="inline-flex min-h-11 items-center rounded-md" aria-label="Arctiv home"><Logo/></a>
                <nav aria-label="Site" class="max-md:hidden">
                    <ul class="flex gap-6">{link("/#how", "How it works")} {link("/#facts", "Security")}</ul>
                </nav>
                <div class="ml-auto flex items-center gap-2">
                    <span class="contents max-sm:hidden noscript:hidden"><ThemeToggle/></span>
                    {actions}
                </div>
            </div>
        </header>
        <main id="main" tabindex="-1" class="outline-none">{children()}</main>
    }
    .into_any()
}
