//! Addresses of lists: filters live in the URL, so that a list can be sent on, reloaded and gone back to.

use std::fmt::{Display, Write as _};

/// An address under construction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Href {
    text: String,
    has_query: bool,
}

impl Href {
    pub fn new(path: &str) -> Self {
        Self { text: path.to_owned(), has_query: false }
    }

    /// Adds `key=value`, or nothing.
    #[must_use]
    pub fn with(mut self, key: &str, value: Option<impl Display>) -> Self {
        if let Some(value) = value {
            self.text.push(if self.has_query { '&' } else { '?' });
            self.has_query = true;
            self.text.push_str(key);
            self.text.push('=');
            encode_into(&value.to_string(), &mut self.text);
        }
        self
    }

    pub fn build(self) -> String {
        self.text
    }
}

/// Percent-encodes everything that could end or change a query value.
fn encode_into(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// What is searched for: trimmed, at most 100 characters, `None` when nothing is left.
pub fn search_words(text: Option<&str>) -> Option<String> {
    let text = text.unwrap_or_default().trim();
    (!text.is_empty()).then(|| domain::text::truncate_chars(text, 100).to_owned())
}

/// Where a page of a list begins; anything that is no number is the start.
pub fn offset(text: Option<&str>) -> u32 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0).min(domain::page::MAX_OFFSET)
}

/// The part of a list that an offset asks for.
pub fn page_request(limit: u32, offset: u32) -> domain::PageRequest {
    domain::PageRequest { limit: Some(limit), offset: (offset > 0).then_some(offset), cursor: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_only_what_is_set() {
        assert_eq!(Href::new("/posts").with("q", None::<&str>).build(), "/posts");
        let href = Href::new("/posts").with("status", Some("failed")).with("q", Some("a&b=c d/é")).build();
        assert_eq!(href, "/posts?status=failed&q=a%26b%3Dc%20d/%C3%A9");
    }

    #[test]
    fn offsets_are_numbers_within_reach() {
        assert_eq!(offset(None), 0);
        assert_eq!(offset(Some("40")), 40);
        assert_eq!(offset(Some("-1")), 0);
        assert_eq!(offset(Some("4000000000")), domain::page::MAX_OFFSET);
        assert_eq!(page_request(20, 0).offset, None);
    }

    #[test]
    fn searches_are_trimmed_and_short() {
        assert_eq!(search_words(Some("  ")), None);
        assert_eq!(search_words(Some(" roast ")), Some("roast".to_owned()));
        assert_eq!(search_words(Some(&"ä".repeat(150))).map(|q| q.chars().count()), Some(100));
    }
}
