//! A post's words as platforms show them: line breaks kept, links in their colour.

use domain::text::find_urls;
use leptos::prelude::*;

/// A piece of text, or a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Words(&'a str),
    Link(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for (start, end) in find_urls(text) {
        pieces.extend(text.get(at..start).filter(|words| !words.is_empty()).map(Piece::Words));
        pieces.extend(text.get(start..end).map(Piece::Link));
        at = end;
    }
    pieces.extend(text.get(at..).filter(|words| !words.is_empty()).map(Piece::Words));
    pieces
}

/// The text; links are not followed, this is a picture of a post.
pub fn post_text(text: &str) -> AnyView {
    let pieces = pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => words.to_owned().into_any(),
            Piece::Link(link) => view! { <span class="text-accent-strong">{shown(link).to_owned()}</span> }.into_any(),
        })
        .collect_view();
    view! { <div class="whitespace-pre-wrap wrap-anywhere">{pieces}</div> }.into_any()
}

/// A link as platforms show it, without its scheme.
pub(super) fn shown(link: &str) -> &str {
    link.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_and_nothing_is_lost() {
        let text = "Now: https://northwind.example/winter, or http://a.example/";
        assert_eq!(
            pieces(text),
            [
                Piece::Words("Now: "),
                Piece::Link("https://northwind.example/winter"),
                Piece::Words(", or "),
                Piece::Link("http://a.example/"),
            ]
        );
        assert!(pieces("").is_empty());
        assert_eq!(shown("https://northwind.example/winter"), "northwind.example/winter");
        assert_eq!(shown("http://a.example/"), "a.example");
    }
}
