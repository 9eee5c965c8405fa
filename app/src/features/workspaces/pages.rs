//! The public start page and the overviews.

use domain::workspaces::{ACCOUNTS_SHOWN, Role, WorkspaceKind};
use leptos::prelude::*;

use super::{
    components::{
        AccountCards, AccountRows, AttentionBanner, AttentionRows, Board, Facts, FirstRun, Hero, LatestDeliveries,
        LatestPosts, Roles, WaitingPosts, use_board,
    },
    server_fns::{FirstView, view_overview},
};
use crate::{
    layouts::{PageFrame, PrimaryAction, PublicFrame, load_page},
    session::use_session,
    shared::words::counted,
    ui::{
        Button, ButtonSize, ButtonVariant, Glyph, PageTitle, Section, Share, ShareBar, Skeleton, SkeletonCards,
        SkeletonRows, Stat, StatStrip, Tone, grouped,
    },
};

/// `/`.
#[component]
pub fn LandingPage() -> impl IntoView {
    view! {
        <PageTitle text=""/>
        <PublicFrame>
            <Hero/>
            <Roles/>
            <Facts/>
        </PublicFrame>
        <footer class="border-t border-border bg-background">
            <div class="mx-auto flex max-w-[90rem] flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 py-6 text-sm text-muted lg:px-10">
                <p>"Arctiv runs on your own server. MIT licence."</p>
                <a href="/api/docs" rel="external" class="inline-flex min-h-11 items-center hover:text-text">"API"</a>
            </div>
        </footer>
    }
    .into_any()
}

/// `/dashboard/client`: the accounts and who gets posts, and what went out.
#[component]
pub fn ClientDashboardPage() -> impl IntoView {
    overview_page(WorkspaceKind::Client)
}

/// `/dashboard/manager`: the latest work first.
#[component]
pub fn ManagerDashboardPage() -> impl IntoView {
    overview_page(WorkspaceKind::Manager)
}

/// `/dashboard/agency`: how the connections stand, in figures first.
#[component]
pub fn AgencyDashboardPage() -> impl IntoView {
    overview_page(WorkspaceKind::Agency)
}

fn overview_page(kind: WorkspaceKind) -> AnyView {
    let data = Resource::new(|| (), |()| view_overview());
    load_page(data, "Overview", "your overview", skeleton, move |first| shown(kind, first))
}

fn shown(kind: WorkspaceKind, first: FirstView) -> AnyView {
    let FirstView { overview, offers } = first;
    let board = use_board(overview);
    let is_new = board.is_new();
    let may_connect = use_session().may(Role::Admin);
    let return_to = kind.dashboard();
    (move || {
        if is_new.get() {
            return view! { <FirstRun offers=offers.clone() may_connect return_to/> }.into_any();
        }
        let content = match kind {
            WorkspaceKind::Client => client(board, return_to),
            WorkspaceKind::Manager => manager(board, return_to),
            WorkspaceKind::Agency => agency(board, return_to),
        };
        view! {
            <PageFrame title="Overview" actions=move || view! { <PrimaryAction class="md:hidden"/> }>
                {content}
            </PageFrame>
        }
        .into_any()
    })
    .into_any()
}

/// A wide column and a narrow one, one below the other until there is room.
fn columns(main: AnyView, side: AnyView) -> AnyView {
    in_columns("xl:grid-cols-[minmax(0,1fr)_22rem] min-[110rem]:grid-cols-[minmax(0,1fr)_30rem]", main, side)
}

fn in_columns(columns: &'static str, main: AnyView, side: AnyView) -> AnyView {
    view! {
        <div class=format!("grid grid-cols-1 gap-8 {columns}")>
            <div class="min-w-0">{main}</div>
            <div class="grid min-w-0 grid-cols-1 content-start gap-8">{side}</div>
        </div>
    }
    .into_any()
}

fn client(board: Board, return_to: &'static str) -> AnyView {
    let main = view! {
        <WaitingPosts board/>
        {accounts_section(board, return_to)}
    };
    view! {
        <AttentionBanner board return_to/>
        {columns(main.into_any(), view! { <LatestDeliveries board/> }.into_any())}
    }
    .into_any()
}

fn manager(board: Board, return_to: &'static str) -> AnyView {
    let stats = Signal::derive(move || {
        let counts = board.delivery_counts.get();
        let under_way = counts.pending + counts.publishing + counts.retried;
        vec![
            Stat::new(grouped(counts.success.into()), "Published").tone(Tone::Success).href("/activity?status=success"),
            Stat::new(grouped(under_way.into()), "On their way")
                .tone(Tone::Info)
                .href("/activity?status=pending,publishing,retried"),
            Stat::new(grouped(counts.failed.into()), "Failed").tone(Tone::Danger).href("/activity?status=failed"),
        ]
    });
    let main = view! {
        <WaitingPosts board/>
        <StatStrip label="Deliveries" stats/>
        <div class="mt-8"><LatestPosts board/></div>
        <div class="mt-8">{accounts_section(board, return_to)}</div>
    };
    view! {
        <AttentionBanner board return_to/>
        {columns(main.into_any(), view! { <LatestDeliveries board/> }.into_any())}
    }
    .into_any()
}

fn agency(board: Board, return_to: &'static str) -> AnyView {
    let stats = Signal::derive(move || {
        let counts = board.counts.get();
        vec![
            Stat::new(grouped(counts.connected.into()), "Connected")
                .tone(Tone::Success)
                .href("/accounts?status=connected"),
            Stat::new(grouped(counts.reconnect_required.into()), "Need attention")
                .tone(Tone::Warning)
                .href("/accounts?status=reconnect_required"),
            Stat::new(grouped(counts.failed.into()), "Failed").tone(Tone::Danger).href("/accounts?status=failed"),
        ]
    });
    let shares = Signal::derive(move || {
        let counts = board.counts.get();
        vec![
            Share { count: counts.connected.into(), tone: Tone::Success },
            Share { count: counts.reconnect_required.into(), tone: Tone::Warning },
            Share { count: counts.failed.into(), tone: Tone::Danger },
        ]
    });
    let count = Signal::derive(move || Some(board.total.get()));
    let actions = move || accounts_actions(board);
    let main = view! {
        <div class="mt-8 -mb-8 empty:hidden"><WaitingPosts board/></div>
        <AttentionRows board return_to/>
        <Section id="accounts" title="Accounts" count actions class="mt-8">
            <AccountCards board return_to/>
            {the_rest(board)}
        </Section>
    };
    let side = view! { <div class="xl:mt-8"><LatestDeliveries board/></div> };
    view! {
        <StatStrip label="Connections" stats/>
        <ShareBar shares/>
        // Narrower than elsewhere, so that three cards stand beside it at 1440 px.
        {in_columns(
            "xl:grid-cols-[minmax(0,1fr)_18.5rem] min-[110rem]:grid-cols-[minmax(0,1fr)_26rem]",
            main.into_any(),
            side.into_any(),
        )}
    }
    .into_any()
}

fn accounts_section(board: Board, return_to: &'static str) -> AnyView {
    let count = Signal::derive(move || Some(board.total.get()));
    let actions = move || accounts_actions(board);
    view! {
        <Section id="accounts" title="Accounts" count actions>
            <AccountRows board return_to/>
            {the_rest(board)}
        </Section>
    }
    .into_any()
}

/// How far a new post reaches, and the way to more accounts.
fn accounts_actions(board: Board) -> AnyView {
    let reach = board.reach();
    view! {
        <span class="text-sm text-muted max-sm:hidden">
            {move || {
                let (reached, all) = reach.get();
                format!("New posts go to {reached} of {all}")
            }}
        </span>
        {connect()}
    }
    .into_any()
}

/// For who may.
fn connect() -> Option<AnyView> {
    use_session().may(Role::Admin).then(|| {
        view! {
            <Button size=ButtonSize::Small icon=Glyph::Plus href="/accounts?connect=true">"Connect account"</Button>
        }
        .into_any()
    })
}

/// The way to the accounts that did not fit.
fn the_rest(board: Board) -> impl IntoView {
    move || {
        let total = board.total.get();
        (total > u64::from(ACCOUNTS_SHOWN)).then(|| {
            view! {
                <p class="mt-3">
                    <Button variant=ButtonVariant::Link href="/accounts">
                        {format!("All {}", counted(total, "account", "accounts"))}
                    </Button>
                </p>
            }
        })
    }
}

fn skeleton() -> AnyView {
    let main = view! {
        <Skeleton class="mb-3 h-5 w-28"/>
        <SkeletonRows label="Loading accounts" count=5/>
        <div class="mt-8 sm:hidden"><SkeletonCards label="Loading more" count=1/></div>
    };
    let side = view! { <SkeletonRows label="Loading deliveries" count=4/> };
    columns(main.into_any(), side.into_any())
}
