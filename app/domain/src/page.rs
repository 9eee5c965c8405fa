//! Lists: `limit` (1–100, 20 by default) with `offset` or an opaque `cursor`.

use serde::{Deserialize, Serialize};

use crate::error::{FieldErrors, ServiceError, ServiceResult};

pub const DEFAULT_LIMIT: u32 = 20;
pub const MAX_LIMIT: u32 = 100;
/// Beyond this an offset is a mistake or an attack; a cursor reaches any depth.
pub const MAX_OFFSET: u32 = 100_000;

/// Which part of a list is wanted, as it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PageRequest {
    #[serde(deserialize_with = "number_or_text")]
    pub limit: Option<u32>,
    #[serde(deserialize_with = "number_or_text")]
    pub offset: Option<u32>,
    /// The previous page's `next_cursor`.
    pub cursor: Option<String>,
}

/// Inside a flattened struct a query's values arrive as text.
fn number_or_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Raw {
        Number(u32),
        Text(String),
    }
    match Option::<Raw>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Raw::Number(n)) => Ok(Some(n)),
        Some(Raw::Text(text)) => {
            text.parse().map(Some).map_err(|_| serde::de::Error::custom("limit and offset are whole numbers"))
        }
    }
}

impl PageRequest {
    pub fn first(limit: u32) -> Self {
        Self { limit: Some(limit), ..Self::default() }
    }

    /// The limits after checking.
    pub fn window(&self) -> ServiceResult<Window> {
        let mut errors = FieldErrors::default();
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            errors.add("limit", format!("Limit must be between 1 and {MAX_LIMIT}."));
        }
        let offset = self.offset.unwrap_or(0);
        if offset > MAX_OFFSET {
            errors.add("offset", format!("Offset must be at most {MAX_OFFSET}. Use the cursor to go deeper."));
        }
        if self.offset.is_some() && self.cursor.is_some() {
            errors.add("cursor", "Use either offset or cursor, not both.");
        }
        if self.cursor.as_ref().is_some_and(|cursor| cursor.len() > 200) {
            errors.add("cursor", "This cursor is not one of ours.");
        }
        if errors.is_empty() {
            Ok(Window { limit, offset, cursor: self.cursor.clone() })
        } else {
            Err(ServiceError::validation(errors))
        }
    }
}

/// A checked [`PageRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub limit: u32,
    pub offset: u32,
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// How many there are in all under the same filter.
    pub total: i64,
    pub limit: u32,
    pub offset: u32,
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    pub fn empty(limit: u32) -> Self {
        Self { items: Vec::new(), total: 0, limit, offset: 0, next_cursor: None }
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            total: self.total,
            limit: self.limit,
            offset: self.offset,
            next_cursor: self.next_cursor,
        }
    }
}
