//! A source file as the rules see it: without comments, texts and test modules, with its lines in their places.

/// See the module.
pub struct Source {
    /// From the workspace's root, with forward slashes.
    pub path: String,
    /// The code alone.
    pub code: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), code: without_test_modules(&without_comments_and_texts(text)) }
    }

    /// Whether the whole file is a test, or there for tests only.
    pub fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        parts.clone().any(|part| matches!(part, "tests" | "testkit" | "benches" | "examples"))
            || parts.next_back().is_some_and(|name| matches!(name, "tests.rs" | "build.rs"))
    }

    /// `path:line: code` of each place where a pattern stands as a word of its own.
    pub fn places_of(&self, pattern: &str) -> Vec<String> {
        self.code
            .lines()
            .enumerate()
            .filter(|(_, line)| contains_word(line, pattern))
            .map(|(number, line)| format!("{}:{}: {}", self.path, number + 1, line.trim()))
            .collect()
    }
}

/// Where the pattern begins or ends with a letter, no further letter may follow: `query!(` is not in `my_query!(`.
fn contains_word(line: &str, pattern: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(pattern).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + pattern.len()..].chars().next();
        let joins = |edge: Option<char>, neighbour: Option<char>| {
            edge.is_some_and(is_letter) && neighbour.is_some_and(is_letter)
        };
        !joins(pattern.chars().next(), before) && !joins(pattern.chars().next_back(), after)
    })
}

/// Replaces comments and the content of string literals by blanks, so that lines keep their numbers.
fn without_comments_and_texts(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    while i < chars.len() {
        let rest = &chars[i..];
        let end = if rest.starts_with(&['/', '/']) {
            i + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
        } else if rest.starts_with(&['/', '*']) {
            i + block_comment(rest)
        } else if let Some(length) = raw_text(rest) {
            i + length
        } else if rest[0] == '"' {
            i + text_literal(rest)
        } else if let Some(length) = char_literal(rest) {
            i + length
        } else {
            out.push(chars[i]);
            i += 1;
            // A raw string begins at a word's start only.
            while chars[i - 1].is_alphanumeric() && i < chars.len() && (chars[i].is_alphanumeric() || chars[i] == '_') {
                out.push(chars[i]);
                i += 1;
            }
            continue;
        };
        out.extend(chars[i..end].iter().map(|c| blank(*c)));
        i = end;
    }
    out
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut i = 0;
    while i < rest.len() {
        if rest[i..].starts_with(&['/', '*']) {
            depth += 1;
            i += 2;
        } else if rest[i..].starts_with(&['*', '/']) {
            depth -= 1;
            i += 2;
            if depth == 0 {
                break;
            }
        } else {
            i += 1;
        }
    }
    i
}

/// Length of `r"…"`, `r#"…"#`, `br"…"` at the start.
fn raw_text(rest: &[char]) -> Option<usize> {
    let prefix = if rest.starts_with(&['b', 'r']) || rest.starts_with(&['c', 'r']) {
        2
    } else if rest.starts_with(&['r']) {
        1
    } else {
        return None;
    };
    let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
    if rest.get(prefix + hashes) != Some(&'"') {
        return None;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    let from = prefix + hashes + 1;
    let length =
        rest[from..].windows(end.len()).position(|window| window == end).map_or(rest.len(), |at| from + at + end.len());
    Some(length)
}

fn text_literal(rest: &[char]) -> usize {
    let mut i = 1;
    while i < rest.len() && rest[i] != '"' {
        i += if rest[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(rest.len())
}

/// Length of `'x'` or `'\n'` at the start; a lifetime is none.
fn char_literal(rest: &[char]) -> Option<usize> {
    if rest[0] != '\'' {
        return None;
    }
    if rest.get(1) == Some(&'\\') {
        return rest.iter().skip(3).position(|c| *c == '\'').map(|at| at + 4);
    }
    (rest.get(2) == Some(&'\'')).then_some(3)
}

/// Blanks `#[cfg(test)] mod … { … }`.
fn without_test_modules(code: &str) -> String {
    let mut out = code.to_owned();
    let mark = "#[cfg(test)]";
    let mut from = 0;
    while let Some(at) = out[from..].find(mark).map(|at| from + at) {
        let after = at + mark.len();
        let is_module = out[after..].trim_start().starts_with("mod ");
        let open = out[after..].find(['{', ';']).map(|open| after + open);
        if let (true, Some(open)) = (is_module, open)
            && out[open..].starts_with('{')
        {
            let mut depth = 0;
            let close = out[open..].char_indices().find_map(|(i, c)| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                (depth == 0).then_some(open + i + 1)
            });
            let close = close.unwrap_or(out.len());
            let blanks: String = out[at..close].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
            out.replace_range(at..close, &blanks);
            from = at + blanks.len();
        } else {
            from = after;
        }
    }
    out
}

#[test]
fn only_code_is_left() {
    let source = Source::new(
        "x.rs",
        r##"
// word in a comment
/* word /* nested word */ word */
let a = "word \" word"; let b = r#"word " word"#; let c = '"'; let d: &'static str = f('\'', word1);
fn word() {}
#[cfg(test)]
mod tests {
    fn g() { if true { word(); } }
}
fn after() { word!(1) }
"##,
    );
    let places = source.places_of("word");
    assert_eq!(places.len(), 2, "{places:?}");
    assert!(places[0].starts_with("x.rs:5: fn word"), "{places:?}");
    assert!(places[1].starts_with("x.rs:10: fn after"), "{places:?}");
    assert_eq!(source.places_of("word1").len(), 1, "{}", source.code);
}

#[test]
fn tests_are_known_by_their_place() {
    for path in
        ["server/tests/a.rs", "server/src/features/posts/tests.rs", "server/testkit/src/lib.rs", "server/build.rs"]
    {
        assert!(Source::new(path, "").is_test(), "{path}");
    }
    assert!(!Source::new("server/src/features/posts/store.rs", "").is_test());
}
