//! LinkedIn's "little text" (platforms.md 4). Fourteen characters are reserved: written plainly, they need a backslash.
//! One that stands bare and begins no mention or hashtag ends the text, and nobody is told.

const RESERVED: &str = "\\|{}@[]()<>#*_~";

/// What is left of a commentary.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Understood {
    /// The part that LinkedIn keeps, still escaped.
    pub(super) kept: String,
    /// The same as people read it.
    pub(super) plain: String,
}

/// Reads a commentary up to the first character that does not belong there.
pub(super) fn read(commentary: &str) -> Understood {
    let mut plain = String::with_capacity(commentary.len());
    let mut rest = commentary;
    while let Some(first) = rest.chars().next() {
        let used = match first {
            '\\' => match rest.chars().nth(1).filter(|next| RESERVED.contains(*next)) {
                Some(next) => {
                    plain.push(next);
                    1 + next.len_utf8()
                }
                None => break,
            },
            '@' => match mention(rest) {
                Some((name, used)) => {
                    plain.push_str(name);
                    used
                }
                None => break,
            },
            '{' => match hashtag_template(rest) {
                Some((tag, used)) => {
                    plain.push('#');
                    plain.push_str(tag);
                    used
                }
                None => break,
            },
            '#' => match rest.get(1..).map(word_length).filter(|length| *length > 0) {
                Some(length) => {
                    plain.push_str(rest.get(..=length).unwrap_or_default());
                    1 + length
                }
                None => break,
            },
            other if RESERVED.contains(other) => break,
            other => {
                plain.push(other);
                other.len_utf8()
            }
        };
        rest = rest.get(used..).unwrap_or_default();
    }
    let kept = commentary.len() - rest.len();
    Understood { kept: commentary.get(..kept).unwrap_or_default().to_owned(), plain }
}

/// `@[Name](urn:li:organization:1)`.
fn mention(text: &str) -> Option<(&str, usize)> {
    let (name, after) = text.strip_prefix("@[")?.split_once("](")?;
    let (urn, _) = after.split_once(')')?;
    let known = ["urn:li:organization:", "urn:li:person:"].iter().any(|prefix| urn.starts_with(prefix));
    known.then_some((name, "@[]()".len() + name.len() + urn.len()))
}

/// `{hashtag|\#|word}`.
fn hashtag_template(text: &str) -> Option<(&str, usize)> {
    let after = text.strip_prefix("{hashtag|\\#|")?;
    let (tag, _) = after.split_once('}')?;
    (!tag.is_empty() && word_length(tag) == tag.len()).then_some((tag, "{hashtag|\\#|}".len() + tag.len()))
}

/// Length in bytes of the letters and digits at the beginning.
fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        read(text).plain
    }

    #[test]
    fn escaped_text_comes_through_whole() {
        assert_eq!(
            plain(r"50 % off \(today\) \#1 \@home \_x\_ \\ \~ \* \<b\> \[a\] \{c\} \|"),
            r"50 % off (today) #1 @home _x_ \ ~ * <b> [a] {c} |"
        );
    }

    #[test]
    fn a_bare_reserved_character_cuts_the_text_off() {
        let cut = read("Fresh beans (washed) are in");
        assert_eq!(cut, Understood { kept: "Fresh beans ".into(), plain: "Fresh beans ".into() });
        assert_eq!(plain("a # b"), "a ");
        assert_eq!(plain("mail me@home"), "mail me");
        assert_eq!(plain(r"ends with \"), "ends with ");
        assert_eq!(plain(r"C:\new"), "C:");
    }

    #[test]
    fn mentions_and_hashtags_are_no_mistakes() {
        let text = r"With @[Harbour & Pine](urn:li:organization:71450022), #coffee and {hashtag|\#|roast}\!";
        assert_eq!(plain(text), "With Harbour & Pine, #coffee and #roast");
        assert_eq!(plain("@[x](urn:li:share:1) y"), "");
        assert_eq!(plain("#café ok"), "#café ok");
    }
}
