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
            <Button variant=ButtonVariant::Primary href="/register">"Get started"</Button>
        }
        .into_any(),
    };
    view! {
        <SkipLink/>
        <header class="border-b border-border bg-background">
            <div class="mx-auto flex h-14 max-w-6xl items-center gap-2 px-4 lg:px-6">
                <a href="/" class="mr-auto rounded-md" aria-label="Arctiv home"><Logo/></a>
                <ThemeToggle/>
                {actions}
            </div>
        </header>
        <main id="main" tabindex="-1" class="outline-none">{children()}</main>
    }
    .into_any()
}
