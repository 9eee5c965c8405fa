//! The app: what every page finds around it, and the routes.
//!
//! Pages with data render `Async`: the whole page with its data in one piece, readable without JavaScript, with the
//! right status. Which page a visitor may see is decided by `domain::identity::gate`, on the server before it renders
//! and here for navigation inside the page.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    features::{
        accounts::pages::{AccountPage, AccountsPage},
        deliveries::pages::ActivityPage,
        identity::pages::{LoginPage, RegisterPage},
        posts::{
            compose::page::ComposePage,
            pages::{PostPage, PostsPage},
        },
        workspaces::pages::{AgencyDashboardPage, ClientDashboardPage, LandingPage, ManagerDashboardPage},
    },
    layouts::{Frame, GalleryPage, Navigation, NotFoundPage},
    live::provide_live,
    session::provide_session,
    ui::{Toaster, provide_clock, provide_toasts},
};

/// Everything inside `<body>`.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let session = provide_session();
    provide_clock(session.now());
    provide_toasts();
    provide_live(session.me().as_ref());
    view! {
        <Router>
            <Navigation/>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/") view=LandingPage/>
                <Route path=path!("/login") view=LoginPage/>
                <Route path=path!("/register") view=RegisterPage/>
                <Route path=path!("/dev/gallery") view=GalleryPage/>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    // Never shown: the gate leads on to the dashboard of the workspace's kind.
                    <Route path=path!("/dashboard") view=|| ()/>
                    <Route path=path!("/dashboard/client") view=ClientDashboardPage ssr=SsrMode::Async/>
                    <Route path=path!("/dashboard/manager") view=ManagerDashboardPage ssr=SsrMode::Async/>
                    <Route path=path!("/dashboard/agency") view=AgencyDashboardPage ssr=SsrMode::Async/>
                    <Route path=path!("/accounts") view=AccountsPage ssr=SsrMode::Async/>
                    <Route path=path!("/accounts/:id") view=AccountPage ssr=SsrMode::Async/>
                    <Route path=path!("/compose") view=ComposePage ssr=SsrMode::Async/>
                    <Route path=path!("/posts") view=PostsPage ssr=SsrMode::Async/>
                    <Route path=path!("/posts/:id") view=PostPage ssr=SsrMode::Async/>
                    <Route path=path!("/activity") view=ActivityPage ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
            <Toaster/>
        </Router>
    }
}
