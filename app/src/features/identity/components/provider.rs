//! The way in by a sign-in provider, where one is set up.

use domain::identity::ProviderProblem;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    session::use_session,
    shared::query::Href,
    ui::{Banner, ButtonSize, ButtonVariant, Glyph, Tone, button_class, icon},
};

/// Leads to the provider: below a form, behind a line. Nothing without a provider.
#[component]
pub fn ProviderButton(
    /// Where to go afterwards.
    next: Option<String>,
    /// What the first workspace of somebody new is for.
    #[prop(optional)]
    role: Option<RwSignal<String>>,
) -> impl IntoView {
    let Some(name) = use_session().sign_in_provider() else { return ().into_any() };
    let href = move || {
        let role = role.map(|role| role.get());
        Href::new("/api/auth/oidc/start").with("role", role).with("next", next.clone()).build()
    };
    view! {
        <p class="mt-6 flex items-center gap-3 text-sm text-muted before:h-px before:flex-1 before:bg-border after:h-px after:flex-1 after:bg-border">
            "or"
        </p>
        // An answer of the server, not a page: the router lets go of it.
        <a
            href=href
            rel="external"
            class=button_class(ButtonVariant::Secondary, ButtonSize::Large, "mt-6 w-full")
        >
            {icon(Glyph::KeyRound, "size-4")}
            <span class="truncate">"Continue with " {name}</span>
        </a>
    }
    .into_any()
}

/// Why somebody who came back from the provider is not signed in.
#[component]
pub fn ProviderNote() -> impl IntoView {
    let problem = use_query_map().with_untracked(|query| query.get("problem"));
    let Some(problem) = problem.as_deref().and_then(ProviderProblem::of) else { return ().into_any() };
    let (title, text) = problem.sentences();
    view! { <div class="mt-6" role="alert"><Banner tone=Tone::Danger title text/></div> }.into_any()
}
