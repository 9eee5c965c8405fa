//! Lists as CSV (RFC 4180), for whoever takes them along as a file. Spreadsheets take a cell that begins like a formula for
//! one, and what people and platforms have written stands in these lists; such cells begin with an apostrophe.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::ServiceError;
use futures::{StreamExt, stream};
use serde::Deserialize;

/// What a list is asked for as, in the parameter `format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Json,
    Csv,
}

/// Whether a file is asked for: by the parameter, or without one by `Accept: text/csv`.
pub fn is_asked(format: Option<Format>, headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    format.map_or(accepted.starts_with("text/csv"), |format| format == Format::Csv)
}

/// One line with its end.
pub fn line(cells: &[impl AsRef<str>]) -> String {
    let line: Vec<String> = cells.iter().map(|cell| quoted(cell.as_ref())).collect();
    format!("{}\r\n", line.join(","))
}

/// A file of any length, in portions: its head, a line for each item of `first`, and then for those of each portion that
/// `more` brings from behind an item on, until there are none. `disposition` names the file.
pub fn file<T, F, More>(
    disposition: &'static str,
    head: String,
    line: fn(&T) -> String,
    first: Vec<T>,
    more: F,
) -> Response
where
    T: Send + 'static,
    F: Fn(&T) -> More + Send + 'static,
    More: Future<Output = Result<Vec<T>, ServiceError>> + Send + 'static,
{
    let rest = stream::try_unfold(first, move |portion: Vec<T>| {
        let lines: String = portion.iter().map(line).collect();
        let next = portion.last().map(&more);
        async move {
            let Some(next) = next else { return Ok(None) };
            Ok::<_, ServiceError>(Some((Bytes::from(lines), next.await?)))
        }
    });
    let file = stream::once(async { Ok::<_, ServiceError>(Bytes::from(head)) }).chain(rest);
    let mut response = Body::from_stream(file).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    response
}

fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads one line as RFC 4180 says.
    fn read(line: &str) -> Vec<String> {
        let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
        let mut rest = line.chars().peekable();
        while let Some(c) = rest.next() {
            match (quoted, c) {
                (true, '"') if rest.peek() == Some(&'"') => {
                    rest.next();
                    cell.push('"');
                }
                (true, '"') => quoted = false,
                (false, '"') => quoted = true,
                (false, ',') => cells.push(std::mem::take(&mut cell)),
                (_, c) => cell.push(c),
            }
        }
        cells.push(cell);
        cells
    }

    proptest! {
        #[test]
        fn any_texts_come_back_as_the_cells_they_were(texts in proptest::collection::vec("[ -~\\n\\r\\t=\"',äé]{0,20}", 1..6)) {
            let line: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
            let cells = read(&line.join(","));
            prop_assert_eq!(cells.len(), texts.len());
            for (cell, text) in cells.iter().zip(&texts) {
                prop_assert_eq!(cell.strip_prefix('\'').filter(|rest| rest == text).unwrap_or(cell), text);
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a formula: {:?}", cell);
            }
        }
    }

    #[test]
    fn the_parameter_says_it_before_the_header_does() {
        let mut headers = HeaderMap::new();
        assert!(is_asked(Some(Format::Csv), &headers) && !is_asked(None, &headers));
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/csv"));
        assert!(is_asked(None, &headers) && !is_asked(Some(Format::Json), &headers));
    }

    #[tokio::test]
    async fn a_file_ends_with_the_first_empty_portion() {
        let one = |n: &u32| line(&[n.to_string()]);
        let more = |last: &u32| {
            let last = *last;
            async move { Ok::<_, ServiceError>(if last < 5 { vec![last + 1, last + 2] } else { Vec::new() }) }
        };
        let response = file("attachment", line(&["n"]), one, vec![1, 2], more);
        assert_eq!(response.headers()[header::CONTENT_DISPOSITION], "attachment");
        let bytes = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        assert_eq!(bytes, "n\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n");
        let nothing = file("attachment", line(&["n"]), one, Vec::new(), more);
        assert_eq!(axum::body::to_bytes(nothing.into_body(), 1_000).await.unwrap(), "n\r\n");
    }
}
