//! Which platform to connect.

use crate::{
    shared::{
        account::{authorize_href, use_leaving},
        words::mark,
    },
    ui::{DescriptionList, Detail, Dialog, Disclosure, Glyph, MarkSize, PlatformMark, icon},
};
use domain::accounts::PlatformOffer;
use leptos::prelude::*;

/// The platforms to choose from: those that are set up, then the rest, out of reach.
#[component]
pub fn Platforms(offers: Vec<PlatformOffer>, #[prop(into)] return_to: String) -> impl IntoView {
    let leaving = use_leaving();
    let (ready, missing): (Vec<_>, Vec<_>) = offers.into_iter().partition(|offer| offer.configured);
    let nothing_ready = ready.is_empty();
    let rows = ready
        .into_iter()
        .map(|PlatformOffer { platform, .. }| {
            view! {
                <li class="border-t border-border first:border-t-0">
                    <a
                        href=authorize_href(platform, None, &return_to)
                        rel="external"
                        class="flex min-h-14 items-center gap-3 px-3.5 py-2 hover:bg-hover focus-visible:-outline-offset-3"
                        on:click=move |_| leaving(platform)
                    >
                        <PlatformMark mark=mark(platform) size=MarkSize::Medium/>
                        <span class="min-w-0 flex-1">
                            <span class="block font-medium">
                                <span class="sr-only">"Connect "</span>
                                {platform.label()}
                            </span>
                            <span class="block text-sm text-muted">{platform.descriptor().purpose}</span>
                        </span>
                        {icon(Glyph::ArrowRight, "size-4 text-muted")}
                    </a>
                </li>
            }
        })
        .collect_view();
    let rest = missing.iter().map(|offer| offer.platform.label()).collect::<Vec<_>>().join(", ");
    view! {
        <div class="grid grid-cols-1 gap-3">
            {(!nothing_ready)
                .then(|| {
                    view! {
                        <ul aria-label="Platforms" class="rounded-lg border border-border bg-surface">
                            {rows}
                        </ul>
                    }
                })}
            {(!rest.is_empty())
                .then(|| {
                    let text = if nothing_ready {
                        "No platform is set up on this Arctiv yet. Ask whoever runs it to add the platforms' apps.".to_owned()
                    } else {
                        format!("Not set up on this Arctiv: {rest}.")
                    };
                    view! { <p class="text-sm text-muted">{text}</p> }
                })}
        </div>
    }
    .into_any()
}

/// "Connect account": which platform?
#[component]
pub fn ConnectDialog(
    open: RwSignal<bool>,
    offers: Vec<PlatformOffer>,
    #[prop(into)] return_to: String,
) -> impl IntoView {
    let offers = StoredValue::new(offers);
    let return_to = StoredValue::new(return_to);
    view! {
        <Dialog id="connect" open title="Connect an account">
            <p class="text-muted">
                "You sign in on the platform's own page and choose what Arctiv may do. We never see your password, and you can take the access back at any time."
            </p>
            <Platforms offers=offers.get_value() return_to=return_to.get_value()/>
            {offers.with_value(|offers| versions(offers))}
        </Dialog>
    }
}

/// In which versions the platforms' APIs are spoken to, and until when each answers. For who looks for it: folded away.
fn versions(offers: &[PlatformOffer]) -> Option<AnyView> {
    let details = offers
        .iter()
        .filter_map(|offer| {
            let words = offer.version_words()?;
            Some(view! { <Detail label=offer.platform.label()>{words}</Detail> })
        })
        .collect_view();
    if details.is_empty() {
        return None;
    }
    let next = offers.iter().filter_map(|offer| offer.api_version_ends_on).min();
    let summary = next.map_or_else(|| "No end named".to_owned(), |day| day.format("First ends %-d %B %Y").to_string());
    let open = RwSignal::new(false);
    let view = view! {
        <div class="rounded-lg border border-border">
            <Disclosure id="connect-versions" label="API versions" summary open>
                <DescriptionList columns="grid-cols-[8rem_minmax(0,1fr)]">{details}</DescriptionList>
            </Disclosure>
        </div>
    };
    Some(view.into_any())
}
