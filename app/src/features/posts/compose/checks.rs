//! The checks before saving: what a platform would refuse, what is worth a look, and that all is well.

use super::{media::focus_description, state::Composer};
use crate::{
    shared::words::counted,
    ui::{Button, ButtonSize, ButtonVariant, Glyph, icon},
};
use domain::posts::{
    Visibility,
    preflight::{Finding, Medium, Severity, Target, XPrice, x_price},
};
use leptos::prelude::*;

/// The heading of the checks, which takes the focus when saving is refused.
pub const HEADING: &str = "checks-h";

/// The list of findings.
#[component]
pub fn Checks(composer: Composer) -> impl IntoView {
    // Nothing is missing on an empty page: it has just not been written yet.
    let shown = Memo::new(move |_| {
        let untouched = composer.draft.read().is_empty() && !composer.tried().get();
        (!untouched).then(|| composer.findings.get())
    });
    let summary = move || match shown.read().as_ref().map(|findings| findings.len() as u64) {
        None => ().into_any(),
        Some(0) => view! {
            {icon(Glyph::StConnected, "size-3.5 text-success-solid")}
            "All well"
        }
        .into_any(),
        Some(n) => view! {
            {icon(Glyph::StReconnect, "size-3.5 text-warning-solid")}
            {counted(n, "thing", "things")}
            " to look at"
        }
        .into_any(),
    };
    let rows = move || match shown.get() {
        None => view! { <li class="text-muted">"Start writing: every platform's rules are checked as you type."</li> }
            .into_any(),
        Some(findings) if findings.is_empty() => view! {
            <li class="flex gap-2 text-muted">
                {icon(Glyph::StConnected, "mt-[3px] size-3.5 text-success-solid")}
                <span>"Every chosen platform takes this post."</span>
            </li>
        }
        .into_any(),
        Some(findings) => findings.into_iter().map(row).collect_view().into_any(),
    };
    let price = Memo::new(move |_| {
        let targets: Vec<_> = composer.targets().iter().map(Target::from).collect();
        let draft = composer.draft.read();
        let goes_out = !draft.is_empty() && draft.visibility != Visibility::Private;
        let media: Vec<_> = composer.pictures_described().iter().map(Medium::from).collect();
        goes_out.then(|| x_price(&draft.content(), &media, &targets)).flatten()
    });
    view! {
        <section aria-labelledby=HEADING>
            <div class="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
                <h2 id=HEADING tabindex="-1" class="text-base font-semibold outline-none">"Checks before saving"</h2>
                <p class="inline-flex items-center gap-1.5 text-sm" role="status">{summary}</p>
            </div>
            <ul class="mt-3 grid gap-2 text-sm">{rows}</ul>
            {move || {
                price
                    .get()
                    .map(|price| {
                        view! {
                            <p class="mt-3 flex gap-2 text-sm text-muted">
                                {icon(Glyph::StInfo, "mt-[3px] size-3.5 text-accent-strong")}
                                <span>{price_words(price)}</span>
                            </p>
                        }
                    })
            }}
        </section>
    }
    .into_any()
}

/// Thousandths of a dollar: "$0.20", "$0.015".
fn dollars(thousandths: u32) -> String {
    let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
    if rest.is_multiple_of(10) { format!("${whole}.{:02}", rest / 10) } else { format!("${whole}.{rest:03}") }
}

/// What X charges, and what of it is for links and alt texts: nobody should learn that from the bill.
fn price_words(price: XPrice) -> String {
    let what = match price.posts {
        1 => "this post".to_owned(),
        n => format!("these {n} posts"),
    };
    let links = if price.posts == 1 { "the link" } else { "links" };
    let parts: Vec<_> = [(price.for_links, links), (price.for_alt_texts, "alt text")]
        .into_iter()
        .filter(|(part, _)| *part > 0)
        .map(|(part, why)| format!("{} of it because of {why}", dollars(part)))
        .collect();
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("X charges {} for {what}{parts}.", dollars(price.total))
}

fn row(finding: Finding) -> AnyView {
    let (glyph, colour, word) = match finding.severity {
        Severity::Error => (Glyph::StFailed, "mt-[3px] size-3.5 text-danger-solid", "Must be changed: "),
        Severity::Hint => (Glyph::StReconnect, "mt-[3px] size-3.5 text-warning-solid", ""),
    };
    let describe = finding.field.ends_with(".alt_text").then(|| {
        view! {
            <Button variant=ButtonVariant::Link size=ButtonSize::Small class="ml-1" on_click=move |_| focus_description()>
                "Describe it"
            </Button>
        }
    });
    view! {
        <li class="flex gap-2">
            {icon(glyph, colour)}
            <span class="wrap-anywhere">
                <span class="sr-only">{word}</span>
                {finding.message}
                {describe}
            </span>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_in_words() {
        let price = |total, for_links, for_alt_texts, posts| XPrice { total, for_links, for_alt_texts, posts };
        let words = |total, for_links, posts| price_words(price(total, for_links, 0, posts));
        assert_eq!(words(15, 0, 1), "X charges $0.015 for this post.");
        assert_eq!(words(200, 185, 1), "X charges $0.20 for this post: $0.185 of it because of the link.");
        assert_eq!(words(1_215, 185, 2), "X charges $1.215 for these 2 posts: $0.185 of it because of links.");
        assert_eq!(price_words(price(20, 0, 5, 1)), "X charges $0.02 for this post: $0.005 of it because of alt text.");
        assert_eq!(
            price_words(price(205, 185, 5, 1)),
            "X charges $0.205 for this post: $0.185 of it because of the link, $0.005 of it because of alt text."
        );
    }
}
