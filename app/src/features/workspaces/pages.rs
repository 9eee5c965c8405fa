//! The public start page and the overviews.

use leptos::prelude::*;

use crate::{
    layouts::{PageFrame, PublicFrame},
    ui::PageTitle,
};

/// `/`.
#[component]
pub fn LandingPage() -> impl IntoView {
    view! {
        <PageTitle text=""/>
        <PublicFrame><h1>"Arctiv"</h1></PublicFrame>
    }
}

/// `/dashboard/client`.
#[component]
pub fn ClientDashboardPage() -> impl IntoView {
    view! { <PageFrame title="Overview">{()}</PageFrame> }
}

/// `/dashboard/manager`.
#[component]
pub fn ManagerDashboardPage() -> impl IntoView {
    view! { <PageFrame title="Overview">{()}</PageFrame> }
}

/// `/dashboard/agency`.
#[component]
pub fn AgencyDashboardPage() -> impl IntoView {
    view! { <PageFrame title="Overview">{()}</PageFrame> }
}
