//! Who may import whom, held by looking at the source: the rules of docs/architecture.md that no compiler checks.
//!
//! Each rule brings a sample that breaks it and one that keeps it, and is tried on both, so that it cannot rot into one that
//! finds nothing. To change a rule, change docs/architecture.md with it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

#[path = "architecture/edges.rs"]
mod edges;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use rules::{RULES, Rule};
use source::Source;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file of the workspace, with its path from the root.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["app", "frontend", "server"] {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 50, "only {} source files found: is the walk broken?", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push(Source::new(&relative, &fs::read_to_string(&path).unwrap()));
        }
    }
}

fn breaches(rule: &Rule, sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(|source| rule.breaches(source)).collect()
}

#[test]
fn the_source_keeps_every_rule() {
    let sources = sources();
    let mut report = String::new();
    for rule in &RULES {
        let found = breaches(rule, &sources);
        if !found.is_empty() {
            let _ = write!(report, "\n{}\n  {}\n", rule.says, found.join("\n  "));
        }
    }
    assert!(report.is_empty(), "the source breaks rules of docs/architecture.md:\n{report}");
}

#[test]
fn every_rule_finds_its_bad_sample_and_passes_its_good_one() {
    for rule in &RULES {
        for (path, text) in rule.bad {
            assert!(
                !rule.breaches(&Source::new(path, text)).is_empty(),
                "{}\nfinds nothing in {path}:\n{text}",
                rule.says
            );
        }
        for (path, text) in rule.good {
            let found = rule.breaches(&Source::new(path, text));
            assert!(found.is_empty(), "{}\nwrongly refuses {path}: {found:?}", rule.says);
        }
        assert!(!rule.bad.is_empty() && !rule.good.is_empty(), "{} has no samples", rule.says);
    }
}

#[test]
fn every_tree_uses_the_same_nouns() {
    let mut strangers = Vec::new();
    for (tree, also) in [
        ("app/src/features", &[][..]),
        ("server/src/features", &[][..]),
        // What features share, and the words of live events.
        ("app/domain/src", &["platform", "events"][..]),
    ] {
        for entry in fs::read_dir(root().join(tree)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir()
                && !rules::NOUNS.contains(&name.as_str())
                && !also.contains(&name.as_str())
            {
                strangers.push(format!("{tree}/{name}"));
            }
        }
    }
    assert!(strangers.is_empty(), "these folders are named by none of the nouns {:?}: {strangers:?}", rules::NOUNS);
}

#[test]
fn crates_depend_on_each_other_as_drawn() {
    let found = edges::breaches(&edges::read(&root()));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_wrong_edge_between_crates_is_found() {
    for (from, to) in
        [("app", "sqlx"), ("app", "server"), ("platforms", "vault"), ("sandbox", "platforms"), ("domain", "tokio")]
    {
        let mut edges = edges::read(&root());
        edges.entry(from.to_owned()).or_default().insert(to.to_owned());
        let found = edges::breaches(&edges);
        assert!(found.iter().any(|breach| breach.contains(from) && breach.contains(to)), "{from} -> {to}: {found:?}");
    }
}

/// The lines `key = value` below a header, sorted.
fn options(text: &str, header: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(ToOwned::to_owned)
        .collect();
    lines.sort();
    lines
}

#[test]
fn both_files_give_the_site_the_same_options() {
    let header = "[[workspace.metadata.leptos]]";
    let read = |name: &str| options(&fs::read_to_string(root().join(name)).unwrap(), header);
    let (cargo, leptos) = (read("Cargo.toml"), read("Leptos.toml"));
    assert!(cargo.iter().any(|line| line.starts_with("output-name")), "the options are not found: {cargo:?}");
    assert_eq!(cargo, leptos, "Cargo.toml (for cargo-leptos) and Leptos.toml (for the program alone) differ");

    // The reading itself.
    assert_eq!(options("[a]\nx = 1\n[b]\n# no\nz = 3\n\ny = 2\n[c]\nq = 4\n", "[b]"), ["y = 2", "z = 3"]);
    assert_ne!(options("[b]\nx = 1\n", "[b]"), options("[b]\nx = 2\n", "[b]"));
}

#[test]
fn the_listed_migrations_are_named_by_time_feature_and_change() {
    let mut names: Vec<String> = fs::read_dir(root().join("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| std::path::Path::new(name).extension().is_some_and(|ending| ending == "sql"))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    let mut wrong: Vec<&String> = names.iter().filter(|name| !is_migration_name(name)).collect();
    wrong.sort();
    assert!(wrong.is_empty(), "migrations are named <utc, 14 digits>_<feature>_<change>.sql: {wrong:?}");
    assert!(is_migration_name("20261120000100_identity_users.sql"));
    for bad in ["2026_identity_users.sql", "20261120000100_users.sql", "20261120000100_things_users.sql"] {
        assert!(!is_migration_name(bad), "{bad}");
    }
}

fn is_migration_name(name: &str) -> bool {
    let Some((time, rest)) = name.strip_suffix(".sql").and_then(|name| name.split_once('_')) else { return false };
    let Some((feature, change)) = rest.split_once('_') else { return false };
    time.len() == 14
        && time.bytes().all(|byte| byte.is_ascii_digit())
        && rules::NOUNS.contains(&feature)
        && !change.is_empty()
}
