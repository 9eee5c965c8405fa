//! How an instance counts a text and what HTML it makes of it. Written from the rules alone (`StatusLengthValidator`,
//! `TextFormatter`); it shares nothing with the product's own counter or reader.

use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::html::escape;

const LINK_LENGTH: usize = 23;

/// What a text is made of.
#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Plain(&'a str),
    Link(&'a str),
    /// Name and domain.
    Mention(&'a str, Option<&'a str>),
    Tag(&'a str),
}

/// Characters as the limit counts them: graphemes, any link as 23, mentions without their domains.
pub(super) fn length(text: &str) -> usize {
    tokens(text)
        .into_iter()
        .map(|token| match token {
            Token::Plain(plain) => plain.graphemes(true).count(),
            Token::Link(_) => LINK_LENGTH,
            Token::Mention(name, _) => 1 + name.len(),
            Token::Tag(tag) => 1 + tag.graphemes(true).count(),
        })
        .sum()
}

/// The HTML of a text. `is_known` says whether there is such an account, here or at a domain.
pub(super) fn formatted(text: &str, base: &str, is_known: impl Fn(&str, Option<&str>) -> bool) -> String {
    let mut html = String::from("<p>");
    for token in tokens(text) {
        match token {
            Token::Plain(plain) => html.push_str(&broken(plain)),
            Token::Link(link) => {
                let scheme_end = link.find("://").map_or(0, |at| at + 3);
                let (scheme, rest) = link.split_at(scheme_end);
                let shown = rest.char_indices().nth(30).map_or(rest.len(), |(at, _)| at);
                let (shown, hidden) = rest.split_at(shown);
                let cut = if hidden.is_empty() { "" } else { "ellipsis" };
                let _ = write!(
                    html,
                    "<a href=\"{}\" target=\"_blank\" rel=\"nofollow noopener\" translate=\"no\"><span \
                     class=\"invisible\">{}</span><span class=\"{cut}\">{}</span><span class=\"invisible\">{}</span></a>",
                    escape(link),
                    escape(scheme),
                    escape(shown),
                    escape(hidden)
                );
            }
            Token::Mention(name, domain) if is_known(name, domain) => {
                let host = domain.map_or_else(|| base.to_owned(), |domain| format!("https://{domain}"));
                let _ = write!(
                    html,
                    "<span class=\"h-card\" translate=\"no\"><a href=\"{}/@{name}\" class=\"u-url \
                     mention\">@<span>{name}</span></a></span>",
                    escape(&host)
                );
            }
            Token::Mention(name, domain) => {
                let _ = write!(html, "@{name}");
                if let Some(domain) = domain {
                    let _ = write!(html, "@{domain}");
                }
            }
            Token::Tag(tag) => {
                let (lower, tag) = (escape(&tag.to_lowercase()), escape(tag));
                let _ = write!(
                    html,
                    "<a href=\"{base}/tags/{lower}\" class=\"mention hashtag\" rel=\"tag\">#<span>{tag}</span></a>"
                );
            }
        }
    }
    html.push_str("</p>");
    html
}

/// Line breaks: one is `<br />`, more begin a paragraph.
fn broken(plain: &str) -> String {
    let mut out = String::new();
    let escaped = escape(&plain.replace("\r\n", "\n"));
    let mut breaks = 0;
    for c in escaped.chars() {
        if c == '\n' {
            breaks += 1;
            continue;
        }
        out.push_str(paragraph(breaks));
        breaks = 0;
        out.push(c);
    }
    out.push_str(paragraph(breaks));
    out
}

const fn paragraph(breaks: usize) -> &'static str {
    match breaks {
        0 => "",
        1 => "<br />",
        _ => "</p><p>",
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut plain_from, mut at) = (0, 0);
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let special = match c {
            'h' => link(rest).map(|length| (Token::Link(head(rest, length)), length)),
            '@' if before.is_none_or(|before| !is_word(before) && before != '/') => mention(rest),
            '#' if before.is_none_or(|before| !is_word(before) && before != '/') => tag(rest),
            _ => None,
        };
        if let Some((token, length)) = special {
            if plain_from < at {
                found.push(Token::Plain(text.get(plain_from..at).unwrap_or_default()));
            }
            found.push(token);
            at += length;
            plain_from = at;
        } else {
            at += c.len_utf8();
        }
    }
    if plain_from < text.len() {
        found.push(Token::Plain(text.get(plain_from..).unwrap_or_default()));
    }
    found
}

fn head(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or_default()
}

fn link(rest: &str) -> Option<usize> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| rest.starts_with(scheme))?;
    let end = rest.find(|c: char| c.is_whitespace() || c == '<').unwrap_or(rest.len());
    let length = head(rest, end).trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '"', '\'', '>']).len();
    (length > scheme.len()).then_some(length)
}

fn mention(rest: &str) -> Option<(Token<'_>, usize)> {
    let name = word(rest.get(1..)?, |c| c.is_ascii_alphanumeric() || c == '_');
    if name.is_empty() {
        return None;
    }
    let behind = rest.get(1 + name.len()..).unwrap_or_default();
    let domain = behind.strip_prefix('@').map(|behind| word(behind, is_word)).filter(|domain| !domain.is_empty());
    let length = 1 + name.len() + domain.map_or(0, |domain| 1 + domain.len());
    Some((Token::Mention(name, domain), length))
}

fn tag(rest: &str) -> Option<(Token<'_>, usize)> {
    let behind = rest.get(1..)?;
    let end = behind.find(|c: char| !is_word(c)).unwrap_or(behind.len());
    let tag = head(behind, end);
    // Numbers alone are none.
    tag.chars().any(|c| !c.is_numeric()).then(|| (Token::Tag(tag), 1 + tag.len()))
}

/// The word that a text begins with; dots and dashes may stand within it.
fn word(text: &str, is_part: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !is_part(c) && !matches!(c, '.' | '-')).unwrap_or(text.len());
    head(text, end).trim_end_matches(['.', '-'])
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counted_by_graphemes_links_and_names() {
        for (text, expected) in [
            ("", 0),
            ("Crème ☕ 👩‍👩‍👧‍👦", 9),
            ("https://northwind.example/a/very/long/path/to/the/winter/roast", 23),
            ("See https://a.example.", 28),
            ("@niamh@mastodon.social hi", 9),
            ("#coffee", 7),
            ("me@northwind.example", 20),
        ] {
            assert_eq!(length(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_become_html() {
        let html =
            |text: &str| formatted(text, "http://here", |name, domain| name == "niamh" && domain != Some("x.example"));
        assert_eq!(html("a < b\nc\n\nd & \"e\""), "<p>a &lt; b<br />c</p><p>d &amp; &quot;e&quot;</p>");
        assert!(html("@niamh@m.social!").contains("class=\"u-url mention\">@<span>niamh</span></a></span>!"));
        assert_eq!(html("@niamh@x.example @tomas"), "<p>@niamh@x.example @tomas</p>");
        let link = html("https://a.example/0123456789012345678901234567890?x=1&y");
        assert!(
            link.contains("<span class=\"invisible\">https://</span>") && link.contains("class=\"ellipsis\""),
            "{link}"
        );
        assert!(html("#tea #1").contains("#<span>tea</span></a> #1"));
    }
}
