//! The app: what every page finds around it, and the routes.
//!
//! Pages with data render `Async`: the whole page with its data in one piece, readable without JavaScript, with the
//! right status. Which page a visitor may see is decided by `domain::identity::gate`, on the server before it renders
//! and here for navigation inside the page. In the browser pages are modules, loaded when they are first shown.

use leptos::{lazy, prelude::*};
use leptos_meta::provide_meta_context;
use leptos_router::{
    Lazy, LazyRoute, SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    features::{accounts, audit, deliveries, identity, media, notifications, posts, workspaces},
    layouts::{self, Frame, Navigation, NotFoundPage},
    live::provide_live,
    session::provide_session,
    ui::{Toaster, provide_clock, provide_toasts},
};

/// A group of pages that the browser loads as one module, when the first of them is shown.
///
/// Few groups: what two of them share becomes a module as well, and a page fetches all that it needs of those.
macro_rules! pages {
    ($(#[$about:meta])* $module:ident, $preload:ident, $Module:ident { $($route:ident => $page:path;)+ }) => {
        #[derive(Clone, Copy)]
        enum $Module {
            $($route,)+
        }

        $(#[$about])*
        #[lazy]
        fn $module(page: $Module) -> AnyView {
            match page {
                $($Module::$route => $page().into_any(),)+
            }
        }

        $(
            struct $route;

            impl LazyRoute for $route {
                fn data() -> Self {
                    Self
                }

                async fn view(_: Self) -> AnyView {
                    $module($Module::$route).await
                }

                /// The router waits for it before it shows the page, and before it takes over one from the server.
                async fn preload() {
                    #[cfg(target_arch = "wasm32")]
                    $preload().await;
                }
            }
        )+
    };
}

pages! {
    /// For visitors.
    public_page, __preload_public_page, PublicPage {
        Landing => workspaces::pages::LandingPage;
        Login => identity::pages::LoginPage;
        Verify => identity::verify::VerifyPage;
        Register => identity::pages::RegisterPage;
        Confirm => identity::links::ConfirmPage;
        Forgot => identity::links::ForgotPage;
        Reset => identity::links::ResetPage;
        Invite => identity::invite::InvitePage;
        Unsubscribe => notifications::unsubscribe::UnsubscribePage;
    }
}

pages! {
    /// Where people land: small, for a quick first view.
    overview_page, __preload_overview_page, OverviewPage {
        Client => workspaces::pages::ClientDashboardPage;
        Manager => workspaces::pages::ManagerDashboardPage;
        Agency => workspaces::pages::AgencyDashboardPage;
    }
}

pages! {
    /// Where people work.
    work_page, __preload_work_page, WorkPage {
        Accounts => accounts::pages::AccountsPage;
        Account => accounts::pages::AccountPage;
        Compose => posts::compose::page::ComposePage;
        Posts => posts::pages::PostsPage;
        Post => posts::pages::PostPage;
        Approvals => posts::approvals::page::ApprovalsPage;
        Calendar => posts::calendar::page::CalendarPage;
        Queue => posts::queue::QueuePage;
        Activity => deliveries::pages::ActivityPage;
        Library => media::pages::LibraryPage;
        Media => media::pages::MediaPage;
    }
}

pages! {
    /// Oneself, and the workspace.
    settings_page, __preload_settings_page, SettingsPage {
        ApiKeys => workspaces::api_keys::ApiKeysPage;
        AuditLog => audit::pages::AuditPage;
        Notifications => notifications::preferences::NotificationsPage;
        Webhooks => notifications::webhooks::WebhooksPage;
        Security => identity::security::SecurityPage;
        TwoStep => identity::two_step::TwoStepPage;
        Team => workspaces::team::TeamPage;
        Memberships => workspaces::memberships::WorkspacesPage;
        WorkspaceSettings => workspaces::settings::WorkspaceSettingsPage;
        Profile => identity::profile::ProfilePage;
        OwnData => identity::own_data::OwnDataPage;
    }
}

pages! {
    /// For developers.
    gallery_page, __preload_gallery_page, ForDevelopers {
        Gallery => layouts::GalleryPage;
    }
}

/// The frame, with what stands above every page.
#[component]
fn SignedInFrame() -> impl IntoView {
    view! {
        <Frame
            above=|| view! { <identity::components::ConfirmBanner/> }
            switcher=|| view! { <workspaces::components::Switcher/> }
            awaited=posts::approvals::use_awaited()
        />
    }
}

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
                <Route path=path!("/") view={Lazy::<Landing>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/login") view={Lazy::<Login>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/login/verify") view={Lazy::<Verify>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/register") view={Lazy::<Register>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/confirm") view={Lazy::<Confirm>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/forgot") view={Lazy::<Forgot>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/reset") view={Lazy::<Reset>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/invite/:token") view={Lazy::<Invite>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/unsubscribe") view={Lazy::<Unsubscribe>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/dev/gallery") view={Lazy::<Gallery>::new()} ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=SignedInFrame ssr=SsrMode::Async>
                    // Never shown: the gate leads on to the dashboard of the workspace's kind.
                    <Route path=path!("/dashboard") view=|| ()/>
                    <Route path=path!("/dashboard/client") view={Lazy::<Client>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/dashboard/manager") view={Lazy::<Manager>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/dashboard/agency") view={Lazy::<Agency>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/accounts") view={Lazy::<Accounts>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/accounts/:id") view={Lazy::<Account>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/compose") view={Lazy::<Compose>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/posts") view={Lazy::<Posts>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/posts/:id") view={Lazy::<Post>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/approvals") view={Lazy::<Approvals>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/api-keys") view={Lazy::<ApiKeys>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/audit") view={Lazy::<AuditLog>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/calendar") view={Lazy::<Calendar>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/queue") view={Lazy::<Queue>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/activity") view={Lazy::<Activity>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/workspaces") view={Lazy::<Memberships>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/team") view={Lazy::<Team>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/workspace") view={Lazy::<WorkspaceSettings>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/profile") view={Lazy::<Profile>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/notifications") view={Lazy::<Notifications>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/webhooks") view={Lazy::<Webhooks>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/data") view={Lazy::<OwnData>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/security") view={Lazy::<Security>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/security/two-step") view={Lazy::<TwoStep>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/media") view={Lazy::<Library>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/media/:id") view={Lazy::<Media>::new()} ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
            <Toaster/>
        </Router>
    }
}
