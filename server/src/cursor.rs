//! Cursors of lists that are newest first: the place behind the last row, as an opaque word.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::{ServiceError, ServiceResult};
use uuid::Uuid;

/// The key of a list ordered by `(created_at, id)`, descending. Rows that come or go elsewhere do not move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeCursor {
    pub at: DateTime<Utc>,
    pub id: Uuid,
}

impl TimeCursor {
    /// 24 bytes (microseconds since 1970, id) in base64url.
    pub fn encode(self) -> String {
        let mut bytes = Vec::with_capacity(24);
        bytes.extend(self.at.timestamp_micros().to_be_bytes());
        bytes.extend(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A validation error of `cursor` for anything that [`encode`](Self::encode) did not make.
    pub fn parse(text: &str) -> ServiceResult<Self> {
        Self::read(text).ok_or_else(|| ServiceError::field("cursor", "This cursor is not one of ours."))
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (micros, id) = bytes.split_first_chunk::<8>()?;
        let at = DateTime::from_timestamp_micros(i64::from_be_bytes(*micros))?;
        // Within what PostgreSQL can hold, so that an invented cursor is refused here and not there.
        let year = chrono::Datelike::year(&at);
        (1970..10_000).contains(&year).then_some(())?;
        Some(Self { at, id: Uuid::from_slice(id).ok()? })
    }
}

/// Cuts a list that was read one row too far to `limit` rows; whether there are more.
pub fn cut<T>(rows: &mut Vec<T>, limit: u32) -> bool {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    more
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trip(micros in 0i64..253_402_300_799_000_000, id in any::<u128>()) {
            let cursor = TimeCursor { at: DateTime::from_timestamp_micros(micros).unwrap(), id: Uuid::from_u128(id) };
            prop_assert_eq!(TimeCursor::parse(&cursor.encode()).unwrap(), cursor);
        }

        #[test]
        fn anything_else_is_refused_by_name(text in "\\PC{0,60}") {
            if let Err(error) = TimeCursor::parse(&text) {
                prop_assert!(error.fault.fields.get("cursor").is_some());
            }
        }
    }

    #[test]
    fn cutting_says_whether_there_is_more() {
        let mut rows = vec![1, 2, 3];
        assert!(cut(&mut rows, 2));
        assert_eq!(rows, [1, 2]);
        assert!(!cut(&mut rows, 2));
    }
}
