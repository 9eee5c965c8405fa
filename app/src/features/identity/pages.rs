//! Sign in and register.

use leptos::prelude::*;

use crate::{layouts::PublicFrame, ui::PageTitle};

/// `/login`.
#[component]
pub fn LoginPage() -> impl IntoView {
    view! {
        <PageTitle text="Sign in"/>
        <PublicFrame><h1>"Sign in"</h1></PublicFrame>
    }
}

/// `/register`.
#[component]
pub fn RegisterPage() -> impl IntoView {
    view! {
        <PageTitle text="Create your account"/>
        <PublicFrame><h1>"Create your account"</h1></PublicFrame>
    }
}
