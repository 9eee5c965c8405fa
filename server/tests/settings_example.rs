//! `.env.example` tells the truth: every line of it, commented or not, is a setting, and what stands there is the default.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::{collections::HashMap, fs, path::Path};

use server::config::{ALIASES, Settings};

/// Name, value, and whether the line is in force.
fn lines() -> Vec<(String, String, bool)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.env.example");
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .filter_map(|line| {
            let name_and_value = line.strip_prefix('#').unwrap_or(line);
            let (name, value) = name_and_value.split_once('=')?;
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            is_name.then(|| (name.to_owned(), value.to_owned(), !line.starts_with('#')))
        })
        .collect()
}

#[test]
fn what_is_in_force_is_the_default() {
    let variables: HashMap<String, String> =
        lines().into_iter().filter(|(_, _, in_force)| *in_force).map(|(name, value, _)| (name, value)).collect();
    assert!(variables.len() > 15, "{variables:?}");
    let read = Settings::read(None, variables).unwrap();
    let default = Settings::read(None, HashMap::new()).unwrap();
    assert_eq!(format!("{read:?}"), format!("{default:?}"));
}

#[test]
fn every_name_is_a_setting() {
    for (name, _, _) in lines() {
        if ALIASES.iter().any(|(alias, _)| *alias == name) {
            continue;
        }
        // A setting that exists refuses nonsense or takes it; one that does not exist is refused as unknown.
        let message =
            Settings::read(None, HashMap::from([(name.clone(), "17".to_owned())])).err().map(|e| e.to_string());
        let unknown = message.is_some_and(|text| text.contains("unknown field") || text.contains("no such section"));
        assert!(!unknown, "{name} is no setting");
    }
    let unknown =
        Settings::read(None, HashMap::from([("ARCTIV_SERVER__NO_SUCH".to_owned(), "17".to_owned())])).unwrap_err();
    assert!(unknown.to_string().contains("unknown field"), "{unknown}");
}

#[test]
fn every_short_name_is_mentioned() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.env.example")).unwrap();
    for (alias, _) in ALIASES {
        assert!(text.contains(alias), "{alias} is missing in .env.example");
    }
}
