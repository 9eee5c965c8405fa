//! What adapters save between the steps of staging. Every adapter names the format of its state; what another adapter,
//! or another version of this one, has written is no state at all, and staging starts anew.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

const FORMAT: &str = "format";

/// State of this format, if `saved` is.
pub(crate) fn load<T: DeserializeOwned>(format: &str, saved: &Value) -> Option<T> {
    let written = saved.get(FORMAT)?.as_str()?;
    (written == format).then(|| T::deserialize(saved).ok()).flatten()
}

/// State to save. `state` serializes to an object, as all structs do.
pub(crate) fn save<T: Serialize>(format: &str, state: &T) -> Value {
    let mut fields = match serde_json::to_value(state) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.insert(FORMAT.to_owned(), format.into());
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct State {
        ids: Vec<String>,
    }

    #[test]
    fn only_the_own_format_is_read() {
        let state = State { ids: vec!["1".into()] };
        let saved = save("x/1", &state);
        assert_eq!(saved, json!({"format": "x/1", "ids": ["1"]}));
        assert_eq!(load::<State>("x/1", &saved), Some(state));
        for other in [json!({"format": "x/2", "ids": []}), json!({"ids": []}), json!({"format": "x/1"}), json!(null)] {
            assert_eq!(load::<State>("x/1", &other), None, "{other}");
        }
    }
}
