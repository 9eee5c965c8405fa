//! Two columns: the form, and on wide screens a word about the product on the brand's ground.

use leptos::prelude::*;

use crate::ui::{Logo, PageTitle, SkipLink, ThemeToggle};

/// Around a form for visitors.
#[component]
pub fn AuthFrame(
    /// The page's name and heading.
    title: &'static str,
    /// Below the heading: the way to the other form.
    lead: ViewFn,
    /// The right column.
    about: ViewFn,
    children: Children,
) -> impl IntoView {
    view! {
        <PageTitle text=title/>
        <SkipLink/>
        <div class="grid min-h-dvh bg-surface lg:grid-cols-[minmax(28rem,5fr)_minmax(0,7fr)]">
            <div class="flex flex-col px-4 sm:px-8 lg:px-12">
                <header class="flex h-16 items-center">
                    <a href="/" class="inline-flex min-h-11 items-center rounded-md" aria-label="Arctiv home">
                        <Logo/>
                    </a>
                </header>
                <main
                    id="main"
                    tabindex="-1"
                    class="mx-auto flex w-full max-w-sm flex-1 flex-col justify-center py-8 outline-none"
                >
                    <h1 class="text-xl font-semibold">{title}</h1>
                    <p class="mt-1 text-muted">{lead.run()}</p>
                    {children()}
                </main>
                <footer class="flex h-16 items-center justify-end text-muted noscript:invisible">
                    <ThemeToggle words=true/>
                </footer>
            </div>
            <aside
                aria-label="About Arctiv"
                class="dark hidden bg-brand text-text lg:flex lg:flex-col lg:justify-center lg:px-10 xl:px-24"
            >
                <div class="w-full max-w-xl">{about.run()}</div>
            </aside>
        </div>
    }
    .into_any()
}
