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
        let url = tail.get(..len).map(without_punctuation).unwrap_or_default();
        let host_at = url.find("://").map_or(0, |i| i + 3);
        if url.len() > host_at {
            found.push((start, start + url.len()));
        }
        from = start + url.len().max(1).max(host_at);
    }
    found
}

/// A link without the punctuation of the sentence that it ends.
fn without_punctuation(link: &str) -> &str {
    link.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '"', '\'', '>'])
}

/// Top-level domains that most often stand without `https://`, beside those of countries.
const DOMAINS: &str = "com org net edu gov mil int info biz name pro app dev page xyz online site store shop blog cloud \
tech club live news media agency studio design coffee cafe hotel restaurant bar pub bike events digital social marketing \
solutions company group world today space website link click fun art photo photos gallery video film music games sport \
fitness health care school academy education foundation ngo eco green energy house finance law tax works tools wiki zone \
city london paris berlin nyc tokyo irish scot wales africa";

/// The links in a text as twitter-text finds them: [`find_urls`], and domains without a scheme, with what follows them:
/// `example.com`, `example.co.uk/path`. A country's domain that is one word is a link only before a path, or under
/// `.co` and `.tv`: `it.is` is none. Left out are the rarer of some 1,500 domains, which X links as well, and names with
/// letters beyond ASCII.
pub fn find_links(text: &str) -> Vec<(usize, usize)> {
    let mut found = find_urls(text);
    let mut at = 0;
    while let Some((start, end)) = next_host(text, at) {
        at = end;
        let inside = found.iter().any(|(from, to)| (*from..*to).contains(&start));
        if let Some(link) = bare_link(text, start, end).filter(|_| !inside) {
            at = at.max(link);
            // What stands in its path is part of it.
            found.retain(|(from, _)| !(start..link).contains(from));
            found.push((start, link));
        }
    }
    found.sort_unstable();
    found
}

/// The next run of what a domain is made of, at or after `from`.
fn next_host(text: &str, from: usize) -> Option<(usize, usize)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let start = from + text.get(from..)?.find(is_part)?;
    let run = text.get(start..)?;
    Some((start, start + run.find(|c| !is_part(c)).unwrap_or(run.len())))
}

/// Where the link ends that begins with the run from `start` to `end`; `None` if that begins none.
fn bare_link(text: &str, start: usize, end: usize) -> Option<usize> {
    let (before, after) = (text.get(..start)?.chars().next_back(), text.get(end..)?);
    // Parts of addresses, names, tags and paths.
    if before.is_some_and(|c| matches!(c, '@' | '＠' | '$' | '#' | '＃' | '/') || ('À'..='ɏ').contains(&c)) {
        return None;
    }
    let run = text.get(start..end)?;
    let labels: Vec<&str> = run.split('.').collect();
    let last = (1..labels.len()).rev().find(|at| labels.get(*at).is_some_and(|label| is_domain(label)))?;
    let mut names = labels.get(..last)?.iter();
    let is_name = |name: &&str| name.starts_with(is_word) && name.ends_with(is_word);
    if !names.all(is_name) || labels.get(last - 1)?.contains('_') {
        return None;
    }
    let host: usize = labels.get(..=last)?.iter().map(|label| label.len() + 1).sum::<usize>() - 1;
    let rest = if host == run.len() { after } else { "" };
    if rest.starts_with(['@', '+']) {
        return None;
    }
    let path = path_length(rest);
    let country = labels.get(last)?.len() == 2;
    let shown = !country || last > 1 || rest.get(..path)?.contains('/') || is_short(labels.get(last)?);
    shown.then_some(start + host + path)
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// Any two letters stand for a country.
fn is_domain(label: &str) -> bool {
    let is_country = label.len() == 2 && label.chars().all(|c| c.is_ascii_alphabetic());
    is_country || DOMAINS.split(' ').any(|known| label.eq_ignore_ascii_case(known))
}

fn is_short(label: &str) -> bool {
    ["co", "tv"].into_iter().any(|short| label.eq_ignore_ascii_case(short))
}

/// Bytes of the port, the path and the question behind a domain.
fn path_length(rest: &str) -> usize {
    let digits =
        rest.strip_prefix(':').map_or(0, |port| port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len()));
    let port = if digits > 0 { digits + 1 } else { 0 };
    let path = rest.get(port..).unwrap_or_default();
    if !path.starts_with(['/', '?']) {
        return port;
    }
    port + without_punctuation(path.split(char::is_whitespace).next().unwrap_or_default()).len()
}

/// How many `$ABC` there are, after twitter-text: up to six letters at the beginning of a word.
pub fn cashtags(text: &str) -> usize {
    let is_one = |word: &&str| {
        let letters = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
        let after = word.get(letters..).and_then(|rest| rest.chars().next());
        (1..=6).contains(&letters) && after.is_none_or(|c| c.is_ascii_punctuation())
    };
    text.split_whitespace().filter_map(|word| word.strip_prefix('$')).filter(is_one).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

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

    #[rstest]
    #[case("example.com", &["example.com"])]
    #[case("Go to Example.COM.", &["Example.COM"])]
    #[case("(example.com/winter?a=1, now)", &["example.com/winter?a=1"])]
    #[case("shop.example.co.uk and a-b.coffee!", &["shop.example.co.uk", "a-b.coffee"])]
    #[case("example.com:8080/x example.com: x example.com?a=b", &["example.com:8080/x", "example.com", "example.com?a=b"])]
    #[case("https://a.example/x.com, then b.com", &["https://a.example/x.com", "b.com"])]
    #[case("example.com.nowhere", &["example.com"])]
    #[case("example.com/https://a.com", &["example.com/https://a.com"])]
    #[case("日本example.com", &["example.com"])]
    #[case("as it.is, northwind.ie", &[])]
    #[case("it.is/so northwind.ie/menu arctiv.co", &["it.is/so", "northwind.ie/menu", "arctiv.co"])]
    #[case("me@example.com me.name@example.com @northwind.com @a.b.com", &[])]
    #[case("john.com@example.com a.com+b@example.com", &[])]
    #[case("#example.com $example.com /example.com", &[])]
    #[case("...example.com -example.com _a.com a_b.com", &[])]
    #[case("v1.2.3, end.Nextword, a.b, 3.5, e.g. x..com", &[])]
    fn links_as_x_finds_them(#[case] text: &str, #[case] expected: &[&str]) {
        let found: Vec<_> = find_links(text).into_iter().map(|(a, b)| &text[a..b]).collect();
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case("$ABC", 1)]
    #[case("$abc, ($DEF) and $GHI.", 2)]
    #[case("$5, US$ABC, $ABCDEFG, $ABC1, $", 0)]
    #[case("$BRK.B $A-B", 2)]
    fn counts_cashtags(#[case] text: &str, #[case] expected: usize) {
        assert_eq!(cashtags(text), expected);
    }

    proptest! {
        #[test]
        fn links_follow_one_another(text in "\\PC{0,120}|[a-z.@/: -]{0,80}") {
            let mut at = 0;
            for (start, end) in find_links(&text) {
                prop_assert!(at <= start && start < end && text.get(start..end).is_some(), "{start}..{end} of {text:?}");
                at = end;
            }
        }
    }

    #[test]
    fn excerpts_are_one_line() {
        assert_eq!(excerpt("a\n b   c", 10), "a b c");
        assert_eq!(excerpt("abcdefghij", 5), "abcd…");
    }
}
