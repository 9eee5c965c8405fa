//! Addresses that lead nowhere, and the gallery, which is one of them outside development.

use leptos::prelude::*;

use super::PublicFrame;
use crate::{
    session::use_session,
    ui::{Button, ButtonVariant, PageTitle},
};

/// Any address without a page; 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::services::set_page_status(404);
    let (href, word) = match use_session().kind() {
        Some(kind) => (kind.dashboard(), "Go to your overview"),
        None => ("/", "Go to the start page"),
    };
    view! {
        <PageTitle text="Page not found"/>
        <PublicFrame>
            <div class="mx-auto grid max-w-md justify-items-center gap-3 px-4 py-24 text-center">
                <p class="font-mono text-sm text-muted">"404"</p>
                <h1 class="text-xl font-semibold">"There is no page at this address"</h1>
                <p class="text-muted">"The link may be old, or a letter may be missing."</p>
                <div class="mt-3">
                    <Button variant=ButtonVariant::Primary href>{word}</Button>
                </div>
            </div>
        </PublicFrame>
    }
    .into_any()
}

/// Every component in every state. In development only, and left out of release builds, which it would make larger.
#[component]
pub fn GalleryPage() -> impl IntoView {
    #[cfg(debug_assertions)]
    if use_session().development() {
        return view! {
            <PageTitle text="Gallery"/>
            <crate::ui::gallery::Gallery/>
        }
        .into_any();
    }
    view! { <NotFoundPage/> }.into_any()
}
