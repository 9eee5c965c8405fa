//! The HTML document around every page.

use leptos::{
    config::LeptosOptions,
    hydration::{AutoReload, HydrationScripts},
    nonce::use_nonce,
    prelude::*,
};
use leptos_meta::MetaTags;

use crate::app::App;

/// The document: theme before the first paint, styles, fonts, and the scripts that bring the page to life.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let nonce = use_nonce();
    view! {
        <!DOCTYPE html>
        <html lang="en-IE">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta
                    name="description"
                    content="Publish to every account from one place. Clients keep their passwords; managers and agencies get access that can be taken back."
                />
                // Blocking on purpose: the theme is chosen before anything is painted.
                <script src="/theme.js" nonce=nonce></script>
                <link rel="preload" href="/fonts/geist-latin-wght-normal.woff2" r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                <link rel="stylesheet" href="/pkg/arctiv.css"/>
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                <link rel="manifest" href="/site.webmanifest"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body class="bg-background font-sans text-base text-text antialiased">
                <App/>
            </body>
        </html>
    }
}
