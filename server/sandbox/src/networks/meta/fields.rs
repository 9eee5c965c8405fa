//! How Graph answers: objects of the wanted fields, lists with cursors.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::GraphError;
use crate::{
    networks::with_query,
    wire::{Call, Fields},
    world::Slug,
};

/// Builds an object of the wanted fields. `read` answers `None` for a field that the type does not have and
/// `Some(Null)` for one that is empty, which Graph then leaves out.
pub(crate) fn select(
    kind: &str,
    wanted: Option<&str>,
    default: &[&str],
    read: impl Fn(&str) -> Option<Value>,
) -> Result<Value, GraphError> {
    let mut out = Map::new();
    let fields = wanted.map_or_else(|| default.iter().map(|f| (*f).to_owned()).collect(), top_fields);
    for field in fields.iter().map(String::as_str).chain(["id"]) {
        match read(field) {
            None => {
                return Err(GraphError::invalid(format!(
                    "Tried accessing nonexisting field ({field}) on node type ({kind})"
                )));
            }
            Some(Value::Null) => {}
            Some(value) => drop(out.insert(field.to_owned(), value)),
        }
    }
    Ok(Value::Object(out))
}

/// `a,b{c,d},e.limit(3)` has the fields `a`, `b` and `e`.
fn top_fields(fields: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut depth = 0_u32;
    let mut named = true;
    for c in fields.chars() {
        match c {
            '{' | '(' => (depth, named) = (depth + 1, false),
            '}' | ')' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => named = false,
            ',' if depth == 0 => {
                out.push(String::new());
                named = true;
            }
            c if named && depth == 0 && !c.is_whitespace() => {
                if let Some(last) = out.last_mut() {
                    last.push(c);
                }
            }
            _ => {}
        }
    }
    out.retain(|field| !field.is_empty());
    out
}

/// The fields wanted inside a field: of `a,b{c,d}` and `b`, that is `c,d`.
pub(crate) fn inner_fields<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    let at = fields.match_indices(name).find(|(at, _)| {
        let before = fields.get(..*at).and_then(|text| text.chars().next_back());
        let after = fields.get(at + name.len()..).and_then(|text| text.chars().next());
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_') && after == Some('{')
    });
    let (at, _) = at?;
    let rest = fields.get(at + name.len() + 1..)?;
    rest.split_once('}').map(|(inner, _)| inner)
}

fn cursor(at: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("at:{at}"))
}

/// Where a page of results begins, and how long it is.
pub(crate) fn window(params: &Fields) -> Result<(usize, usize), GraphError> {
    let from = match params.filled("after") {
        None => 0,
        Some(text) => URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.strip_prefix("at:").and_then(|at| at.parse().ok()))
            .ok_or_else(|| GraphError::invalid("Invalid cursors values After Cursor specified"))?,
    };
    let limit = match params.filled("limit") {
        None => 25,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| GraphError::invalid("Param limit must be an integer between 1 and 100"))?,
    };
    Ok((from, limit))
}

pub(crate) fn paged(call: &Call, slug: Slug, data: Vec<Value>, from: usize, total: usize) -> Value {
    let end = from + data.len();
    if data.is_empty() {
        return json!({ "data": [] });
    }
    let mut paging = json!({ "cursors": { "before": cursor(from), "after": cursor(end) } });
    if end < total {
        // As Graph does, the next page's address repeats the whole query, token included.
        let address = format!("{}/{slug}/{}", call.base, call.path.join("/"));
        let mut pairs: Vec<(&str, &str)> = call.query.iter().filter(|(name, _)| *name != "after").collect();
        let after = cursor(end);
        if call.query.get("access_token").is_none()
            && let Some(token) = call.bearer()
        {
            pairs.push(("access_token", token));
        }
        pairs.push(("after", &after));
        if let Some(map) = paging.as_object_mut() {
            map.insert("next".to_owned(), with_query(&address, pairs).into());
        }
    }
    json!({ "data": data, "paging": paging })
}

/// Seconds since 1970, or a time in RFC 3339.
pub(crate) fn moment(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_fields_count_once() {
        assert_eq!(
            top_fields("id, name,picture{url,width},posts.limit(3){id},tasks"),
            ["id", "name", "picture", "posts", "tasks"]
        );
        assert!(top_fields(",").is_empty());
        assert_eq!(inner_fields("id,picture{url,width},posts{id}", "picture"), Some("url,width"));
        assert_eq!(inner_fields("my_picture{url},picture", "picture"), None);
    }
}
