//! Prints the gallery as a page of its own, for looking at it without a server:
//! `npm run css && cargo run -p app --features ssr --example gallery > target/gallery.html`.

use app::ui::{Toaster, gallery::Gallery, provide_toasts};
use leptos::prelude::*;

fn main() {
    let page = Owner::new().with(|| {
        provide_toasts();
        view! {
            <Gallery/>
            <Toaster/>
        }
        .to_html()
    });
    println!(
        r#"<!doctype html>
<html lang="en-IE">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Component gallery · Arctiv</title>
<script src="/theme.js"></script>
<link rel="stylesheet" href="/tailwind.css">
</head>
<body class="bg-background font-sans text-base text-text antialiased">{page}</body>
</html>"#
    );
}
