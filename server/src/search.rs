//! What people type into a search box, as a pattern for `ilike`.

use domain::{ServiceError, ServiceResult, text::has_control_chars};

/// The longest search, characters.
pub const MAX_SEARCH: usize = 100;

/// A search as a pattern that finds it literally anywhere in a text; `None` when there is nothing to search for. A
/// validation error of `q` when it is too long or holds what no text can.
pub fn pattern(q: &str) -> ServiceResult<Option<String>> {
    let q = q.trim();
    if q.chars().count() > MAX_SEARCH {
        return Err(ServiceError::field("q", format!("Search for at most {MAX_SEARCH} characters.")));
    }
    if has_control_chars(q) {
        return Err(ServiceError::field("q", "The search contains control characters."));
    }
    let escaped = q.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Ok((!q.is_empty()).then(|| format!("%{escaped}%")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_meant_literally() {
        assert_eq!(pattern(" 100%_\\ ").unwrap().as_deref(), Some("%100\\%\\_\\\\%"));
        assert_eq!(pattern("  ").unwrap(), None);
        assert!(pattern(&"a".repeat(101)).unwrap_err().fault.fields.get("q").is_some());
        assert!(pattern("a\0b").is_err());
    }
}
