//! The last requests that came in, secrets masked, for `GET /control/requests`.

use std::collections::VecDeque;

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::Slug;
use crate::{
    config::JournalDetail,
    wire::{Body, Call, Fields},
};

/// One request as it is shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) platform: Slug,
    pub(crate) method: String,
    /// Below the platform's prefix.
    pub(crate) path: String,
    pub(crate) query: Value,
    pub(crate) headers: Value,
    pub(crate) content_type: Option<String>,
    /// Parsed JSON or form; else `{"bytes": n}`.
    pub(crate) body: Value,
    /// `None`: no answer was sent.
    pub(crate) status: Option<u16>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) operation: super::Operation,
    /// The fault that struck it.
    pub(crate) fault: Option<super::FaultKind>,
}

#[derive(Clone, Debug)]
pub(crate) struct Journal {
    pub(crate) detail: JournalDetail,
    length: usize,
    entries: VecDeque<Entry>,
}

impl Journal {
    pub(crate) fn new(detail: JournalDetail, length: usize) -> Self {
        Self { detail, length, entries: VecDeque::new() }
    }

    pub(crate) fn add(&mut self, entry: Entry) {
        if self.detail == JournalDetail::Off || self.length == 0 {
            return;
        }
        while self.entries.len() >= self.length {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

/// The parts of a request that the journal keeps, with secrets masked: query, headers, body.
pub(crate) fn keep(call: &Call, detail: JournalDetail) -> (Value, Value, Value) {
    if detail != JournalDetail::Full {
        return (Value::Null, Value::Null, Value::Null);
    }
    (fields(&call.query), headers(&call.headers), body(&call.body, call.body_len))
}

fn headers(headers: &HeaderMap) -> Value {
    let mut out = Map::new();
    for (name, value) in headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        let shown = match name.as_str() {
            "authorization" => match text.split_once(' ') {
                Some((scheme, token)) => format!("{scheme} {}", mask(token)),
                None => mask(&text),
            },
            "cookie" => mask(&text),
            _ => text.into_owned(),
        };
        out.insert(name.as_str().to_owned(), shown.into());
    }
    Value::Object(out)
}

fn fields(fields: &Fields) -> Value {
    let mut out = Map::new();
    for (name, value) in fields.iter() {
        let shown: Value = if is_secret(name) { mask(value).into() } else { value.into() };
        match out.get_mut(name) {
            None => drop(out.insert(name.to_owned(), shown)),
            Some(Value::Array(list)) => list.push(shown),
            Some(first) => *first = json!([first.take(), shown]),
        }
    }
    Value::Object(out)
}

fn body(body: &Body, length: usize) -> Value {
    match body {
        Body::Empty => Value::Null,
        Body::Json(value) => masked_json(value),
        Body::Form(form) => fields(form),
        Body::Multipart(parts) => {
            let mut out = Map::new();
            for part in parts {
                let shown = match part.text().filter(|_| !part.is_file) {
                    Some(text) if is_secret(&part.name) => mask(text).into(),
                    Some(text) => text.into(),
                    None => json!({ "bytes": part.bytes.len(), "content_type": part.content_type }),
                };
                out.insert(part.name.clone(), shown);
            }
            Value::Object(out)
        }
        Body::Broken | Body::Raw(_) => json!({ "bytes": length }),
    }
}

fn masked_json(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, inner)| match inner {
                Value::String(text) if is_secret(key) => (key.clone(), mask(text).into()),
                inner => (key.clone(), masked_json(inner)),
            })
            .collect(),
        Value::Array(list) => list.iter().map(masked_json).collect(),
        other => other.clone(),
    }
}

fn is_secret(name: &str) -> bool {
    matches!(
        name,
        "access_token"
            | "client_secret"
            | "code"
            | "code_verifier"
            | "fb_exchange_token"
            | "input_token"
            | "refresh_token"
            | "token"
            | "upload_token"
    )
}

/// Hides a secret but lets two uses of one secret be recognised.
fn mask(secret: &str) -> String {
    let digest = Sha256::digest(secret.as_bytes());
    let mark = digest.iter().take(3).fold(0_u32, |mark, byte| (mark << 8) | u32::from(*byte));
    format!("***{mark:06x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let secret = "SBXTOKabcdef";
        let mut form = Fields::default();
        form.push("client_secret", secret);
        form.push("text", "hello");
        form.push("text", "again");
        let shown = fields(&form);
        assert_eq!(shown.pointer("/text"), Some(&json!(["hello", "again"])));
        let json = masked_json(&json!({ "a": [{ "access_token": secret }], "b": "fine" }));
        let mut map = HeaderMap::new();
        map.insert("authorization", format!("Bearer {secret}").parse().unwrap());
        let all = format!("{shown} {json} {}", headers(&map));
        assert!(!all.contains(secret), "{all}");
        assert!(all.contains("hello") && all.contains("fine") && all.contains("Bearer ***"), "{all}");
    }

    #[test]
    fn the_journal_forgets_the_oldest() {
        let entry = |path: &str| Entry {
            platform: Slug("twitter"),
            method: "GET".into(),
            path: path.into(),
            query: Value::Null,
            headers: Value::Null,
            content_type: None,
            body: Value::Null,
            status: Some(200),
            at: Utc::now(),
            operation: super::super::Operation::Identity,
            fault: None,
        };
        let mut journal = Journal::new(JournalDetail::Full, 2);
        for path in ["/1", "/2", "/3"] {
            journal.add(entry(path));
        }
        assert_eq!(journal.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(), ["/2", "/3"]);
    }
}
