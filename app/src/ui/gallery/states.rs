//! Banners, the states of a list, figures, progress.

use super::{column, s, section};
use crate::ui::{
    Banner, BarChart, Button, ButtonSize, ButtonVariant, EmptyState, EmptyStep, ErrorState, Glyph, Kbd, LimitMeter,
    LineChart, LiveMark, Mark, MarkSize, PlatformMark, Progress, Ring, SegmentBar, Series, SeriesRole, Share, ShareBar,
    SkeletonCards, SkeletonRows, Sparkline, Spinner, Stat, StatStrip, StatTile, Stepper, Tone, icon,
};
use leptos::prelude::*;

pub(super) fn banners() -> AnyView {
    let small = |words: &'static str| move || view! { <Button size=ButtonSize::Small>{words}</Button> };
    section(
        "banners",
        "For what holds for the whole page. It pushes content down and never covers it.",
        view! {
            <div class="grid gap-3">
                <Banner title="Please confirm your email to activate all features" action=small("Resend link")/>
                <Banner
                    tone=Tone::Warning
                    title="This connection needs updating."
                    text="Instagram access for @northwind.coffee ended today. 2 scheduled posts wait for it."
                    action=small("Reconnect Instagram")
                    on_dismiss=|()| ()
                />
                <Banner
                    tone=Tone::Danger
                    title="Subscription inactive. Please reactivate to continue."
                    text="Your accounts stay visible and are out of reach until then."
                    action=small("Reactivate")
                />
                <Banner tone=Tone::Success title="All 4 connections work again." on_dismiss=|()| ()/>
            </div>
        }
        .into_any(),
    )
}

pub(super) fn states() -> AnyView {
    section(
        "states",
        "Every list has four designed states: these three and full. A skeleton has the shape of what comes.",
        view! {
            <div class="grid gap-4">
                <SkeletonCards label="Loading accounts" class="grid gap-3 sm:grid-cols-3"/>
                <SkeletonRows label="Loading deliveries"/>
                <div class="grid gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
                    <EmptyState
                        title="Add your first client"
                        text="You see every account they authorise here, with its status."
                        steps=vec![
                            EmptyStep::new(Glyph::Link, "Generate link", "You pick the platforms."),
                            EmptyStep::new(Glyph::ShieldCheck, "Client authorizes", "On the platform’s own page."),
                            EmptyStep::new(Glyph::CheckCheck, "Access granted", "Your team can work."),
                        ]
                        action=|| {
                            view! {
                                <Button variant=ButtonVariant::Primary size=ButtonSize::Large icon=Glyph::Plus>"Connect Client Account"</Button>
                            }
                        }
                    />
                    <ErrorState
                        title="Connection lost. Please try again"
                        text="What you typed is kept. Nothing was sent."
                        request_id="req_01JD3YB8K2W7"
                        on_retry=|()| ()
                    />
                </div>
            </div>
        }
        .into_any(),
    )
}

fn series(name: &str, role: SeriesRole, points: &[f64]) -> Series {
    Series { name: s(name), role, points: points.to_vec() }
}

pub(super) fn figures() -> AnyView {
    let days = (1..=20).map(|day| if day == 1 || day == 20 { format!("{day} Nov") } else { day.to_string() }).collect();
    let reach = vec![
        series(
            "Instagram",
            SeriesRole::Lead,
            &[
                140., 152., 149., 170., 182., 176., 201., 214., 196., 232., 240., 228., 260., 272., 265., 284., 301.,
                296., 322., 341.,
            ],
        ),
        series(
            "Facebook",
            SeriesRole::Second,
            &[
                90., 102., 96., 110., 128., 120., 134., 142., 138., 150., 161., 158., 172., 170., 186., 194., 190.,
                204., 212., 220.,
            ],
        ),
        series(
            "Last month",
            SeriesRole::Comparison,
            &[
                120., 130., 118., 140., 150., 160., 148., 155., 162., 170., 158., 166., 171., 180., 176., 182., 190.,
                186., 192., 196.,
            ],
        ),
    ];
    let week = ["Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"].map(s).to_vec();
    let deliveries = vec![
        series("Published", SeriesRole::Lead, &[64., 48., 132., 148., 121., 156., 128.]),
        series("Retried first", SeriesRole::Exception, &[3., 2., 6., 9., 4., 22., 5.]),
    ];
    section(
        "figures",
        "Flat lines on a quiet grid. The lead series is ice blue, exceptions amber, comparison dashed. Each chart carries a sentence and a table.",
        view! {
            <div class="grid gap-4">
                <div>
                    <StatStrip
                        label="Connection summary"
                        stats=vec![
                            Stat::new(36, "Connected").tone(Tone::Success).href("#figures"),
                            Stat::new(3, "Need attention").tone(Tone::Warning).href("#figures"),
                            Stat::new(1, "Failed").tone(Tone::Danger).href("#figures"),
                        ]
                        after=|| {
                            view! {
                                <div class="flex h-full flex-col justify-center gap-2">
                                    <p class="flex justify-between gap-3 text-sm">
                                        <span><span class="font-medium tabular-nums">"14 of 25"</span> " clients"</span>
                                        <span class="text-muted">"Pro plan"</span>
                                    </p>
                                    <Progress label="14 of 25 clients used" value=14.0 max=25.0 limit=true/>
                                </div>
                            }
                        }
                    />
                    <ShareBar shares=vec![
                        Share { count: 36, tone: Tone::Success },
                        Share { count: 3, tone: Tone::Warning },
                        Share { count: 1, tone: Tone::Danger },
                        Share { count: 2, tone: Tone::Neutral },
                    ]/>
                </div>
                <div class="grid gap-3 sm:grid-cols-2 xl:grid-cols-4">
                    <StatTile
                        label="Published, 7 days"
                        figure="797"
                        chart=|| view! { <Sparkline points=vec![67., 50., 138., 157., 125., 166., 133.]/> }
                        change="12% more than last week"
                        change_tone=Tone::Success
                        change_icon=Glyph::TrendingUp
                    />
                    <StatTile
                        label="Success"
                        figure="98.5%"
                        chart=|| view! { <Sparkline points=vec![99.1, 99.5, 98.9, 98.7, 99.3, 98.5, 97.7] tone=Tone::Success/> }
                        change="0.7 points less"
                        change_tone=Tone::Danger
                        change_icon=Glyph::TrendingDown
                    />
                    <StatTile
                        label="Median to publish"
                        figure="3.1 s"
                        chart=|| view! { <Sparkline points=vec![3.2, 3.0, 3.4, 3.1, 3.3, 3.0, 3.1]/> }
                        change="as last week"
                        change_icon=Glyph::Minus
                    />
                    <StatTile label="Dead letters" figure="2" chart=|| icon(Glyph::StFailed, "size-4 text-danger-solid") change="since 08:51"/>
                </div>
                <div class="grid gap-3 xl:grid-cols-2">
                    <LineChart
                        title="Reach per day"
                        sentence="Reach per day, 1 to 20 November: Instagram rises from 140 to 341 thousand, Facebook from 90 to 220 thousand"
                        note="Thousands of people. The same figures follow as a table for screen readers."
                        labels=days
                        series=reach
                    />
                    <BarChart
                        title="Deliveries per day"
                        sentence="Deliveries per day this week: between 50 and 178, most on Thursday, of which 22 were retried first"
                        note="Friday until 10:21."
                        labels=week
                        series=deliveries
                    />
                </div>
            </div>
        }
        .into_any(),
    )
}

pub(super) fn progress() -> AnyView {
    let meters = [(Mark::X, 133_u64, 280_u64), (Mark::LinkedIn, 2790, 3000), (Mark::Facebook, 237, 63206), (Mark::Instagram, 2214, 2200)]
        .map(|(mark, used, max)| {
            view! {
                <li class="min-w-0">
                    <LimitMeter label=mark.name() used=Signal::stored(used) max before=move || view! { <PlatformMark mark size=MarkSize::Bare/> }/>
                </li>
            }
        })
        .collect_view();
    section(
        "progress",
        "",
        view! {
            <div class="grid gap-8 md:grid-cols-2">
                {column(
                    "Bar and ring",
                    view! {
                        <div class="grid gap-4">
                            <Progress label="14 of 25 clients" value=14.0 max=25.0 limit=true/>
                            <Progress label="23 of 25 clients" value=23.0 max=25.0 limit=true/>
                            <SegmentBar segments=vec![Tone::Success, Tone::Success, Tone::Info, Tone::Info, Tone::Warning]/>
                            <div class="flex flex-wrap items-center gap-4">
                                <Ring share=0.8 figure="4"/>
                                <Ring share=0.35 small=true/>
                                <Spinner class="size-5 text-accent-strong"/>
                                <span class="text-sm text-muted">"Redirecting…"</span>
                                <LiveMark connected=true/>
                                <LiveMark connected=false/>
                            </div>
                        </div>
                    }
                        .into_any(),
                )}
                {column(
                    "Limits",
                    view! { <ul aria-label="Length per platform" class="grid grid-cols-2 gap-3 xl:grid-cols-4">{meters}</ul> }.into_any(),
                )}
                <div class="min-w-0 md:col-span-2">
                    <h3 class="mb-2.5 text-xs font-medium text-muted">"Stepper"</h3>
                    <Stepper steps=["Check who asks", "Authorise each platform", "Done"].map(s).to_vec() current=1/>
                </div>
                {column(
                    "Keyboard key",
                    view! {
                        <div class="flex flex-wrap items-center gap-3">
                            <Kbd key="/"/>
                            <span class="flex gap-1"><Kbd key="Ctrl"/> <Kbd key="K"/></span>
                            <Kbd key="Esc"/>
                            <Kbd key="↵"/>
                            <Kbd key="?"/>
                        </div>
                    }
                        .into_any(),
                )}
                {column(
                    "Focus",
                    view! {
                        <div class="flex flex-wrap items-center gap-6">
                            <Button class="outline-3 outline-offset-2 outline-ring">"Copy link"</Button>
                            <span class="inline-grid size-4 rounded-sm border border-field outline-3 outline-offset-2 outline-ring"></span>
                            <span class="rounded-sm font-medium text-accent-strong outline-3 outline-offset-2 outline-ring">"Connection log"</span>
                        </div>
                    }
                        .into_any(),
                )}
            </div>
        }
        .into_any(),
    )
}
