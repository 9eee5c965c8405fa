//! How X counts and rewrites text: weighted length after twitter-text's third configuration (platforms.md 3), addresses
//! that become `t.co`, and entities. Written from the rules alone; it shares nothing with the product's own counter.

use std::{ops::Range, sync::LazyLock};

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// What any address counts and shows as: `https://t.co/` and ten characters.
const SHORT_LENGTH: u32 = 23;

/// The text's length in the units that the limits of 280 and 25,000 are in.
pub(super) fn weighted_length(text: &str) -> u32 {
    let text: String = text.nfc().collect();
    let mut hundredths = 0;
    let mut at = 0;
    for url in urls(&text) {
        hundredths += weigh(text.get(at..url.start).unwrap_or_default());
        hundredths += SHORT_LENGTH * 100;
        at = url.end;
    }
    hundredths += weigh(text.get(at..).unwrap_or_default());
    hundredths / 100
}

fn weigh(text: &str) -> u32 {
    text.graphemes(true).map(|cluster| if is_emoji(cluster) { 200 } else { cluster.chars().map(weight).sum() }).sum()
}

fn weight(c: char) -> u32 {
    match u32::from(c) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 100,
        _ => 200,
    }
}

/// A whole emoji sequence counts two, whatever it is made of.
fn is_emoji(cluster: &str) -> bool {
    let Some(first) = cluster.chars().next() else { return false };
    let pictographic = matches!(u32::from(first),
        0x00A9 | 0x00AE | 0x203C | 0x2049 | 0x2122 | 0x2139 | 0x2190..=0x2BFF
        | 0x3030 | 0x303D | 0x3297 | 0x3299 | 0x1F000..=0x1FAFF);
    let keycap = cluster.ends_with('\u{20E3}') && matches!(first, '0'..='9' | '#' | '*');
    // The low ones are text unless a variation selector says emoji.
    keycap || (pictographic && (u32::from(first) >= 0x1F000 || cluster.contains('\u{FE0F}')))
}

/// An address found in the text, and what it is shown as.
pub(super) struct Shortened {
    pub(super) url: String,
    pub(super) expanded: String,
    /// In characters of the shown text.
    pub(super) span: Range<usize>,
}

/// The text as X keeps it: addresses replaced, `&`, `<` and `>` written as entities.
pub(super) fn shown(text: &str, mut short: impl FnMut() -> String) -> (String, Vec<Shortened>) {
    let mut out = String::with_capacity(text.len());
    let mut links = Vec::new();
    let mut at = 0;
    for url in urls(text) {
        out.push_str(&escape(text.get(at..url.start).unwrap_or_default()));
        let expanded = text.get(url.clone()).unwrap_or_default();
        let expanded = if expanded.contains("://") { expanded.to_owned() } else { format!("http://{expanded}") };
        let start = out.chars().count();
        let short = short();
        out.push_str(&short);
        let end = out.chars().count();
        links.push(Shortened { url: short, expanded, span: start..end });
        at = url.end;
    }
    out.push_str(&escape(text.get(at..).unwrap_or_default()));
    (out, links)
}

/// As many whole words as fit into `most`: what X shows of a long text where only the beginning has room. Of one endless
/// word, its beginning.
pub(super) fn beginning(text: &str, most: u32) -> &str {
    let fits = |at: &usize| text.get(..*at).is_some_and(|start| weighted_length(start) <= most);
    let gaps = text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at);
    let end = gaps.take_while(fits).last().filter(|at| *at > 0);
    let end = end.or_else(|| text.char_indices().map(|(at, _)| at).take_while(fits).last());
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// How many `$TICKER` marks there are: X takes one at most.
pub(super) fn cashtags(text: &str) -> usize {
    text.split_whitespace()
        .filter_map(|word| word.strip_prefix('$'))
        .map(|word| word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()))
        .filter(|word| (1..=6).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphabetic()))
        .count()
}

/// Top-level domains that make an address without `https://`. All two-letter ones count when a path follows.
static NAMED_DOMAINS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    "com org net edu gov mil int info biz name pro aero coop museum app dev page io ai co tv me cc xyz online site \
     store shop blog cloud tech club live news media agency studio design coffee cafe hotel hotels restaurant bar pub \
     bike dental travel events digital social marketing solutions company group world today space website link click \
     fun art photo photos gallery video film music games sport fitness health care doctor clinic school academy \
     education university science community foundation ngo eco green energy house homes properties realty finance \
     money bank insurance legal law tax works build tools run wiki zone city london paris berlin nyc tokyo irish \
     scot wales eu asia africa"
        .split_whitespace()
        .collect()
});

/// Byte ranges of the addresses in a text.
fn urls(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(range) = text.get(at..).and_then(|rest| next_url(text, at, rest)) {
        at = range.end;
        found.push(range);
    }
    found
}

/// The next address at or after `from`.
fn next_url(text: &str, from: usize, rest: &str) -> Option<Range<usize>> {
    let mut may_begin = text.get(..from).and_then(|before| before.chars().next_back()).is_none_or(begins_after);
    for (offset, c) in rest.char_indices() {
        if may_begin && (c.is_alphanumeric()) {
            let start = from + offset;
            if let Some(length) = text.get(start..).and_then(url_length) {
                return Some(start..start + length);
            }
        }
        may_begin = begins_after(c);
    }
    None
}

/// An address does not begin inside a word, a name or another address.
fn begins_after(c: char) -> bool {
    !(c.is_alphanumeric() || matches!(c, '@' | '#' | '$' | '_' | '-' | '.' | '/'))
}

/// Length in bytes of the address that the text begins with.
fn url_length(text: &str) -> Option<usize> {
    let lower: String = text.chars().take(8).flat_map(char::to_lowercase).collect();
    let scheme = ["https://", "http://"].into_iter().find(|scheme| lower.starts_with(scheme)).map_or(0, str::len);
    let after = text.get(scheme..)?;
    let host_end = after.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))).unwrap_or(after.len());
    let host = after.get(..host_end)?.trim_end_matches(['.', '-', '_']);
    let mut end = scheme + host.len();
    let (labels, top) = host.rsplit_once('.')?;
    let labels_fine =
        labels.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    if !labels_fine {
        return None;
    }
    if let Some(port) = text.get(end..).and_then(|rest| rest.strip_prefix(':')) {
        let digits = port.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            end += 1 + digits;
        }
    }
    let tail = tail_length(text.get(end..)?);
    let top = top.to_lowercase();
    let two_letters = top.len() == 2 && top.bytes().all(|b| b.is_ascii_alphabetic());
    let named = NAMED_DOMAINS.contains(&top.as_str());
    let known = named || (two_letters && (scheme > 0 || tail > 0)) || (scheme > 0 && top.starts_with("xn--"));
    known.then_some(end + tail)
}

/// Path, query and fragment; a full stop or bracket at the end belongs to the sentence.
fn tail_length(text: &str) -> usize {
    if !text.starts_with(['/', '?', '#']) {
        return 0;
    }
    let stop = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\u{3000}');
    let mut tail = text.get(..text.find(stop).unwrap_or(text.len())).unwrap_or_default();
    loop {
        let shorter = tail.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '…', '*']);
        // A closing bracket stays only if it was opened inside.
        let shorter = match shorter.strip_suffix(')') {
            Some(inner) if inner.matches('(').count() <= inner.matches(')').count() => inner,
            _ => shorter,
        };
        if shorter.len() == tail.len() {
            return tail.len();
        }
        tail = shorter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_x_documents() {
        for (text, length) in [
            ("", 0),
            ("hello", 5),
            ("日本語", 6),
            ("héllo", 5),
            ("he\u{301}llo", 5),
            ("“quoted” – dash…", 17),
            ("👍", 2),
            ("👩‍👩‍👧‍👦", 2),
            ("👍🏽", 2),
            ("🇮🇪", 2),
            ("1️⃣", 2),
            ("☀️", 2),
            ("https://example.com/a/very/long/path/that/goes/on?and=on#and-on", 23),
            ("see example.com.", 4 + 23 + 1),
            ("(https://example.com/a_(b))", 25),
            ("https://nowhere.example/x", 25),
        ] {
            assert_eq!(weighted_length(text), length, "{text}");
        }
    }

    #[test]
    fn what_is_an_address() {
        for text in ["me@example.com", "#example.com", "v1.2.3", "end.Next", "a.b", "https://", "http://localhost"] {
            assert!(urls(text).is_empty(), "{text}");
        }
        for (text, url) in [
            ("go to northwind.coffee/winter, now", "northwind.coffee/winter"),
            ("https://a.co.uk:8080/x.", "https://a.co.uk:8080/x"),
            ("bbc.co.uk/news!", "bbc.co.uk/news"),
            ("HTTP://EXAMPLE.COM", "HTTP://EXAMPLE.COM"),
        ] {
            let found: Vec<&str> = urls(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, [url], "{text}");
        }
        assert_eq!(urls("a.com b.com\nhttps://c.ie").len(), 3);
    }

    #[test]
    fn shown_text_hides_addresses_and_escapes() {
        let (text, links) = shown("A & B <https://example.com/x>", || "https://t.co/abcdefghij".to_owned());
        assert_eq!(text, "A &amp; B &lt;https://t.co/abcdefghij&gt;");
        assert_eq!(links.len(), 1);
        assert_eq!(links[0].expanded, "https://example.com/x");
        assert_eq!(text.chars().skip(links[0].span.start).take(links[0].span.len()).collect::<String>(), links[0].url);
    }

    #[test]
    fn a_long_text_begins_with_whole_words() {
        assert_eq!(beginning("one two three", 12), "one two");
        assert_eq!(beginning("one two three", 7), "one two");
        assert_eq!(beginning("endless", 3), "end");
        let (link, most) = ("see https://example.com/very/long/indeed", 4 + SHORT_LENGTH);
        assert_eq!(beginning(&format!("{link} now"), most), link);
    }

    #[test]
    fn cashtags_are_letters() {
        assert_eq!(cashtags("$AAPL and $TSLA, not $100 or $toolongtag"), 2);
    }
}
