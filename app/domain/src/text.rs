//! Small rules for text that several features share.

/// Cuts to at most `max` characters, on a character boundary.
pub fn truncate_chars(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// One line of at most `max` characters for lists, with an ellipsis when cut.
pub fn excerpt(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= max {
        line
    } else {
        format!("{}…", truncate_chars(&line, max.saturating_sub(1)).trim_end())
    }
}

/// Control characters other than line breaks and tabs never belong into what people type.
pub fn has_control_chars(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// The http(s) links in a text, as `(start, end)` byte ranges, longest match up to white space, without trailing
/// punctuation. Enough for counting and previews; no network decides by it.
pub fn find_urls(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(rest) = text.get(from..) {
        let Some(at) = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min() else { break };
        let start = from + at;
        let tail = text.get(start..).unwrap_or_default();
        let len = tail.find(char::is_whitespace).unwrap_or(tail.len());
        let url = tail
            .get(..len)
            .unwrap_or_default()
            .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '"', '\'', '>']);
        let host_at = url.find("://").map_or(0, |i| i + 3);
        if url.len() > host_at {
            found.push((start, start + url.len()));
        }
        from = start + url.len().max(1).max(host_at);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_links_without_their_punctuation() {
        let text = "See https://arctiv.example/a?b=1, then (http://x.example).";
        let urls: Vec<_> = find_urls(text).into_iter().map(|(a, b)| &text[a..b]).collect();
        assert_eq!(urls, ["https://arctiv.example/a?b=1", "http://x.example"]);
    }

    #[test]
    fn a_bare_scheme_is_no_link() {
        assert!(find_urls("https:// is a scheme").is_empty());
    }

    #[test]
    fn excerpts_are_one_line() {
        assert_eq!(excerpt("a\n b   c", 10), "a b c");
        assert_eq!(excerpt("abcdefghij", 5), "abcd…");
    }
}
