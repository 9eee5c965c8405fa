//! LinkedIn's "little text": reserved characters must carry a backslash, or everything after them is silently lost.

const RESERVED: &str = "\\|{}@[]()<>#*_~";

/// Escapes what people typed so that LinkedIn shows it as typed. The 3,000-character limit counts the result.
pub fn escape_commentary(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if RESERVED.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The inverse, for comparing what LinkedIn shows with what we sent.
pub fn unescape_commentary(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(next)) if RESERVED.contains(*next) => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_each_reserved_character() {
        assert_eq!(escape_commentary("a (b) #c @d_e"), "a \\(b\\) \\#c \\@d\\_e");
    }

    proptest! {
        #[test]
        fn what_was_typed_comes_back(text in "\\PC{0,200}") {
            prop_assert_eq!(unescape_commentary(&escape_commentary(&text)), text);
        }
    }
}
