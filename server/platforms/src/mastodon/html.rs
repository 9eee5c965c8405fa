//! Posts come back as the HTML the instance made of them. This reads the words out of it: tags go, paragraphs and line
//! breaks stay, and the parts of a link that are only hidden from view count, so that links come back whole.

/// The words of a post's `content`.
pub(super) fn words(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let (shown, after) = if from.starts_with('<') { tag(from) } else { entity(from) };
        // The first paragraph begins the text.
        if shown != "\n\n" || !out.is_empty() {
            out.push_str(&shown);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What stands in place of a tag, and what comes behind it.
fn tag(from: &str) -> (String, &str) {
    let Some((inside, after)) = from.get(1..).and_then(|from| from.split_once('>')) else {
        return (from.to_owned(), "");
    };
    let name = inside.split([' ', '/', '\n']).next().unwrap_or_default();
    let shown = match name {
        "br" => "\n",
        // An opening one: closing tags begin with a slash and have no name here.
        "p" => "\n\n",
        _ => "",
    };
    (shown.to_owned(), after)
}

/// A character by its name or number; what is none stays as it is.
fn entity(from: &str) -> (String, &str) {
    const LONGEST: usize = 10;
    let named = from.get(1..).and_then(|from| from.split_once(';')).filter(|(name, _)| name.len() <= LONGEST);
    let known = named.and_then(|(name, after)| {
        let character = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => '\u{a0}',
            number => {
                let number = number.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        };
        Some((character.to_string(), after))
    });
    known.unwrap_or_else(|| ("&".to_owned(), from.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("<p>Hello</p>", "Hello")]
    #[case("<p>a<br>b<br />c</p><p>d</p>", "a\nb\nc\n\nd")]
    #[case("<p>1 &lt; 2 &amp;amp; &quot;x&quot; &#39;y&#x27; &nbsp;</p>", "1 < 2 &amp; \"x\" 'y' \u{a0}")]
    #[case(
        "<p>see <a href=\"https://arctiv.example/a/long\" target=\"_blank\"><span class=\"invisible\">https://</span><span \
         class=\"ellipsis\">arctiv.example/a</span><span class=\"invisible\">/long</span></a> now</p>",
        "see https://arctiv.example/a/long now"
    )]
    #[case(
        "<p><span class=\"h-card\"><a href=\"https://e.example/@niamh\" class=\"u-url mention\">@<span>niamh</span></a></span> hi</p>",
        "@niamh hi"
    )]
    #[case("<p><a href=\"/tags/coffee\" class=\"mention hashtag\" rel=\"tag\">#<span>coffee</span></a></p>", "#coffee")]
    #[case("no markup & no <end", "no markup & no <end")]
    #[case("&bogus; &#x110000; &;", "&bogus; &#x110000; &;")]
    fn words_of(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(words(html), expected);
    }

    proptest! {
        #[test]
        fn escaped_text_comes_back(text in "[a-z<>&\"' ]{0,60}") {
            let escaped = text
                .replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;");
            prop_assert_eq!(words(&format!("<p>{escaped}</p>")), text);
        }

        #[test]
        fn never_panics(html in "\\PC{0,200}") {
            let _ = words(&html);
        }
    }
}
